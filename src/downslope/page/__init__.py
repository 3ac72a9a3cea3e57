"""The page: one file of HTML in which a person sees any formula descended by any of our rules.

Here lives what the page is made of: its program in JavaScript (``program/``), the parts of it that are printed from
Python (``generate`` and what it calls), and the messages of its reader (``refusals``). In flow rules, schedules, the
records of functions, and the judge of the end; out flows text. Nothing here is imported by a run; only results, the
public API and the command line may import from here.
"""
