"""Sums over the partitions of a table in files: in this process, in several, or on a cluster.

What flows in is a ``PagedTable``, which says where the partitions lie and how their rows are understood, and a
``Look``: what is asked of each partition, and how two answers become one. What flows out is one answer. Answers are
merged in a tree that the number of partitions fixes (``tree``), so the bits do not depend on the engine, the number of
workers, the order in which they finish or how often one had to be replaced. Workers keep nothing that could not be
lost: at most the rows that they have read. ``engine`` has the one loop that gives out partitions and takes back
answers; ``processes`` and ``ray_tasks`` only start a task and say that it is done.

Nothing here knows what is fitted: hypotheses, losses and descents must not be imported.
"""

from __future__ import annotations
