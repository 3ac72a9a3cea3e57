"""Runs, fits and records whose cause of trouble is known beforehand, and healthy ones, one file for each family.

Every number that is expected was worked out by hand or by a few lines of NumPy (``arithmetic``), never copied from
what the program says. ``why`` says how it is known.
"""
