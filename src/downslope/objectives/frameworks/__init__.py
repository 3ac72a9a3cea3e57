"""Costs written in PyTorch, TensorFlow or JAX, one file each.

In flow a function of tensors and a start made of tensors, whose type says which framework calls and differentiates the
function; out flow an ``Objective`` and a flat NumPy vector. ``tensors`` is what they share: how tensors become
numbers and numbers tensors of the same kind; ``reading`` tells whose a start is; ``programs`` reads what a framework
computes as a program on arrays or as a formula, by the operations that each file ``..._symbols`` knows. No framework is
imported before a start of its kind arrives.
May import what ``objectives`` may, and the framework of the file's name.
"""

from downslope.objectives.frameworks.reading import as_tensors, check_in_place
from downslope.objectives.frameworks.tensors import from_tensors, of_keras

__all__ = ["as_tensors", "check_in_place", "from_tensors", "of_keras"]
