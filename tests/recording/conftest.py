"""One thread for torch: on a busy machine its threads wait for each other at every small operation."""

import contextlib

with contextlib.suppress(ImportError):
    import torch

    torch.set_num_threads(1)
