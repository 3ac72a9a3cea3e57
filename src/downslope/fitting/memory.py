"""How much memory this process may still use."""

from __future__ import annotations

import os
import sys
from pathlib import Path

UNKNOWN = 4 << 30  # assumed where the system does not say


def available() -> int:
    """Bytes: what is free on the machine, in this process's container and under its limit, whichever is least."""
    known = [_of_machine(), _of_container(), _of_process()]
    return max(0, min([size for size in known if size is not None], default=UNKNOWN))


def _of_machine() -> int | None:
    said = _read("/proc/meminfo")
    for line in said.splitlines():
        if line.startswith("MemAvailable:"):
            return 1024 * int(line.split()[1])
    if sys.platform == "win32":
        return None
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (ValueError, OSError):
        return None


def _of_container() -> int | None:
    most, now = _read("/sys/fs/cgroup/memory.max").strip(), _read("/sys/fs/cgroup/memory.current").strip()
    return int(most) - int(now) if most.isdigit() and now.isdigit() else None


def _of_process() -> int | None:
    """What ``ulimit -v`` leaves."""
    if sys.platform == "win32":
        return None
    import resource

    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    pages = _read("/proc/self/statm").split()
    if most == resource.RLIM_INFINITY or not pages:
        return None
    return most - int(pages[0]) * os.sysconf("SC_PAGE_SIZE")


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
