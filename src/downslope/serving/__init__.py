"""A server for one page on this machine: who may ask it, and what it answers.

In flow a page and a function that answers what the page asks; out flow its address and the answers. It knows nothing of
runs. Only the public API may import from here; Starlette and uvicorn are imported when a server is made.
"""
