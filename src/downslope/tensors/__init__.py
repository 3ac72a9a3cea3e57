"""What the arrays of a library are to an update rule, and to the person whose parameters they are: one file a library.

In flow numbers of any library; out flow its own functions of them, parts of a tree of parameters that keep their
precision and device, and parameters read, fitted and written back. A library is imported once numbers of it arrive.
May import ``errors`` and ``messages``, and the library of the file's name.
"""

from downslope.tensors.library import ArrayLibrary, plain_precision
from downslope.tensors.lookup import library_of, library_of_parameter, root_of

__all__ = ["ArrayLibrary", "library_of", "library_of_parameter", "plain_precision", "root_of"]
