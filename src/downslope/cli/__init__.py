"""The command line: arguments in, the public API in the middle, a report out. No mathematics.

``main`` is the entry point and turns every error into one message and an exit code; ``arguments`` reads what
was typed, ``options`` and ``fit_options`` declare it; ``descend`` holds ``minimize`` and ``maximize``, ``fit`` and
``predict`` are their own; ``report`` and ``table`` write runs, ``fit_report`` fits; ``catalogue`` lists optimizers and
problems; ``completion`` teaches the shell. Data go to standard output; notes, progress and errors to standard error.

May import everything below it, but nothing heavy at module level: ``downslope --help`` is to be instant.
"""
