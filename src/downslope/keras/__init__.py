"""Every update rule as a Keras optimizer: ``model.compile(optimizer=downslope.keras.Optimizer("adgd2"))``.

``optimizer`` is what Keras sees; ``options`` tells the rule's words from Keras's; ``variables`` reads and writes those
of any backend; with TensorFlow, ``xla`` compiles the steps of large models; with torch, they are those of
``downslope.torch``.
"""

from downslope.errors import MissingExtraError
from downslope.messages import message

try:
    import keras as _keras  # noqa: F401
except ImportError as error:
    if (error.name or "keras").partition(".")[0] == "keras":
        raise MissingExtraError(
            message("Keras is needed for this: pip install 'downslope[keras]'")
        ) from error
    raise MissingExtraError(
        message(
            "Keras is installed, but not the backend that it is set to: {name} is missing. Set KERAS_BACKEND to one"
            " that is there (jax, tensorflow or torch) before anything imports Keras.",
            name=error.name,
        )
    ) from error

from downslope.keras.optimizer import KerasOptimizer

Optimizer = KerasOptimizer  # the name that people write: ``downslope.keras.Optimizer``

__all__ = ["KerasOptimizer", "Optimizer"]
