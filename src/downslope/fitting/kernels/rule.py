# mypy: disallow-untyped-decorators=False
"""A step of the rule, at the end of a batch."""

from __future__ import annotations

import math

import numpy as np

from downslope.fitting.kernels.calls import call
from downslope.fitting.kernels.records import Floats, Rule
from downslope.symbolic.kernel_cache import compiled


@compiled()
def step(rule: Rule, inputs: Floats, outputs: Floats, part: float) -> None:
    """Finish a batch's gradient with the l2 penalty, and take the rule's step.

    ``inputs`` is [hyperparameters | part | x | state | gradient | value], ``outputs`` [x | state].
    """
    address, data, head, p, root, l2, read, written = rule
    last = inputs.size - 1
    if root:
        mean = math.sqrt(inputs[last] / part)
        inputs[last] = part * mean
        for j in range(last - p, last):
            inputs[j] = inputs[j] / (2.0 * mean) if mean > 0.0 else 0.0
    for j in range(l2.size):
        x = inputs[head + j]
        inputs[last - p + j] += 2.0 * part * l2[j] * x
        inputs[last] += part * l2[j] * x * x
    inputs[head - 1] = part
    if read.size:
        one_in, one_out = np.empty(len(read)), np.empty(len(written))
        for j in range(p):
            for k in range(one_in.size):
                one_in[k] = inputs[read[k, 0] + j * read[k, 1]]
            call((address, data), one_out, one_in)
            for k in range(one_out.size):
                outputs[written[k, 0] + j * written[k, 1]] = one_out[k]
    else:
        call((address, data), outputs, inputs)
    for j in range(outputs.size):
        inputs[head + j] = outputs[j]
