"""What people call: ``minimize``, ``maximize`` and ``fit``, which are names of ``downslope`` itself.

In flow whatever a person has and asks for; options are checked and put together, and out flows a ``Run`` or a ``Fit``.
One file for each: a run need not wait for what only fits need. May import everything below; only ``cli`` is above.
"""
