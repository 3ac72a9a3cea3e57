"""scikit-learn's estimators over ``fit``: linear models descended by any rule, schedule and loss of this package.

In flow arrays or frames as scikit-learn takes them (``tables``); they become a ``FitProblem`` and are descended as by
``fit``, or, by ``partial_fit``, as a ``Stream`` that ``partial_fit_state`` keeps (``linear``); out flow ``coef_``,
``history_``. ``convergence`` says when a fit in batches is done, and warns where one is not. May import ``fit`` and
what is below it; nothing above. scikit-learn itself is imported here and nowhere else.
"""

from downslope.errors import MissingExtraError
from downslope.messages import message

try:
    from sklearn.utils.validation import validate_data as _needed  # noqa: F401 - new in scikit-learn 1.6
except ImportError as error:
    raise MissingExtraError(
        message("scikit-learn 1.6 or later is needed for this: pip install 'downslope[sklearn]'")
    ) from error

from downslope.sklearn.classifier import DescentClassifier
from downslope.sklearn.regressor import DescentRegressor

__all__ = ["DescentClassifier", "DescentRegressor"]
