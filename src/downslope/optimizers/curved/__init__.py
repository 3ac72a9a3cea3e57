"""Rules that need more than a value and a gradient, one a file: second derivatives, residuals, a matrix, values alone.

They see the contract in ``curvature`` and what steps are made of, ``trust``, ``marquardt`` and ``line_search``. Adding
a file here adds the rule to ``minimize``, ``maximize`` and ``fit``; what other loops say of it is in ``curvature``.
"""
