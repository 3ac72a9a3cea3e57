"""Rules of ours beside the optimizers of torch that are the same method."""

from __future__ import annotations

import torch

import downslope as ds

R, T = ds.optimizers, torch.optim
SAME = {
    "SGD": (R.SGD(learning_rate=0.1), lambda p, **o: T.SGD(p, lr=0.1, **o)),
    "momentum": (R.Momentum(learning_rate=0.05), lambda p, **o: T.SGD(p, lr=0.05, momentum=0.9, **o)),
    "Nesterov": (
        R.Nesterov(learning_rate=0.05),
        lambda p, **o: T.SGD(p, lr=0.05, momentum=0.9, nesterov=True, **o),
    ),
    "Adam": (R.Adam(learning_rate=0.01), lambda p, **o: T.Adam(p, lr=0.01, **o)),
    "AMSGrad": (R.AMSGrad(learning_rate=0.01), lambda p, **o: T.Adam(p, lr=0.01, amsgrad=True, **o)),
    "AdamW": (R.AdamW(learning_rate=0.01), lambda p, **o: T.AdamW(p, lr=0.01, **o)),
    "NAdam": (R.NAdam(learning_rate=0.01), lambda p, **o: T.NAdam(p, lr=0.01, **o)),
    "RAdam": (R.RAdam(learning_rate=0.01), lambda p, **o: T.RAdam(p, lr=0.01, **o)),
    "AdaMax": (R.AdaMax(learning_rate=0.01), lambda p, **o: T.Adamax(p, lr=0.01, **o)),
    "RMSprop": (R.RMSProp(learning_rate=0.01), lambda p, **o: T.RMSprop(p, lr=0.01, **o)),
    "RMSprop, centred": (
        R.CentredRMSProp(learning_rate=0.01),
        lambda p, **o: T.RMSprop(p, lr=0.01, centered=True, **o),
    ),
    "Adagrad": (R.AdaGrad(learning_rate=0.1), lambda p, **o: T.Adagrad(p, lr=0.1, **o)),
    "Adadelta": (R.AdaDelta(), lambda p, **o: T.Adadelta(p, **o)),
    "Rprop": (R.Rprop(), lambda p, **o: T.Rprop(p, **o)),
    "weight decay": (
        R.WeightDecay(optimizer=R.Momentum(learning_rate=0.05), rate=0.1),
        lambda p, **o: T.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.1, **o),
    ),
}
