"""Every update rule as a ``torch.optim.Optimizer``: ``downslope.torch.Optimizer(model.parameters(), "adgd2")``.

In flow parameters and a rule; ``optimizer`` is what torch sees. A rule is written down once (``optimizers.tape``),
``fusing`` makes few operations of it, ``calls`` says each as a call on lists of tensors, and ``program`` runs them in
place. Imports torch; nothing else in downslope may import this package but the recorder and the Keras optimizer.
"""

from downslope.errors import MissingExtraError
from downslope.messages import message

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise MissingExtraError(message("torch is needed for this: pip install 'downslope[torch]'")) from error

from downslope.torch.optimizer import TorchOptimizer

Optimizer = TorchOptimizer  # the name that people write: ``downslope.torch.Optimizer``

__all__ = ["Optimizer", "TorchOptimizer"]
