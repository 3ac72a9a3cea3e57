"""A table of six partitions that are only counted, and a look at one of which something happens."""

import os

from downslope.fitting import pages
from downslope.fitting.partitions.engine import PassCounts


class Cut:
    """Six partitions."""

    partitions = tuple(pages.Partition(i, 0, "t.parquet", None, i * 10, 10) for i in range(6))

    def elsewhere(self, held):
        return self


class At:
    """Something happens at one of the partitions, as often as is said; a file is left for each time."""

    def __init__(self, at, folder, times):
        self.at, self.folder, self.times = at, str(folder), times

    def happen(self):
        """In the worker."""

    def of(self, table, number):
        if number == self.at:
            done = len(os.listdir(self.folder))
            if done < self.times:
                open(os.path.join(self.folder, str(done)), "w").close()
                self.happen()
        return (number,), PassCounts()

    def merge(self, first, second):
        return first + second
