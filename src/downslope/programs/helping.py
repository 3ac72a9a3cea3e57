"""Threads of the house that help with the shared loops of a program while its steps are made (see ``team``)."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from downslope.parallel import cores, pool
from downslope.programs.team import OVER, TICKET, WORDS

AGAIN = 16  # slices, of which one looks whether the other way has become faster
_HELP = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64)


class _Steps(Protocol):
    """A program, whose memory is to stay where it is as long as somebody helps."""

    data: int


class HelpingThreads:
    """The memory that they meet in, and those there are.

    Args:
        address: of the function that they call; 0: there is nothing to help with.

    Attributes:
        words: see ``team``, shape (WORDS,), int64, at the beginning of a cache line.
    """

    def __init__(self, address: int) -> None:
        self._help = _HELP(address) if address else None
        whole = np.zeros(WORDS + 8, np.int64)
        self._took: list[float | None] = [None, None]  # seconds a step, alone and with help
        self._slices = 0
        self.words = whole[-(whole.ctypes.data // 8) % 8 :][:WORDS]

    @contextmanager
    def helping(self, steps: _Steps, count: int) -> Iterator[None]:
        """While so many steps are made; it is left once nobody is at work any more.

        Where other programs want the cores, threads that wait for each other are slower than one. So it is measured
        which is faster, again and again: what comes out is the same to the last bit.
        """
        if self._help is None or cores() == 1:
            yield
            return
        with_help = self._wants_help()
        began = time.perf_counter()
        if with_help:
            with self._helpers(steps):
                yield
        else:
            yield
        self._took[with_help] = (time.perf_counter() - began) / max(count, 1)

    def _wants_help(self) -> bool:
        """What was faster, or what was not measured lately."""
        self._slices += 1
        alone, helped = self._took
        if helped is None or alone is None:
            return helped is None
        return (helped <= alone) != (self._slices % AGAIN == 0)

    @contextmanager
    def _helpers(self, steps: _Steps) -> Iterator[None]:
        self.words[[TICKET, OVER]] = 0
        helpers = [pool().submit(self._call, steps) for _ in range(cores() - 1)]
        try:
            yield
        finally:
            self.words[OVER] = 1
            for helper in helpers:
                if not helper.cancel():
                    helper.result()

    def _call(self, steps: _Steps) -> None:
        assert self._help is not None
        self._help(steps.data, 0)
