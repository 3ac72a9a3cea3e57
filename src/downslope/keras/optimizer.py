"""Every update rule as a Keras optimizer: ``model.compile(optimizer=downslope.keras.Optimizer("adgd2"))``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from downslope.errors import UsageError
from downslope.keras.options import by_name, of_instance
from downslope.keras.variables import is_held, like_tensor, numbers_of, tensor, widest, word, write
from downslope.keras.xla import CompiledSteps, is_distributed
from downslope.messages import message
from downslope.optimizers import state as states
from downslope.optimizers.arithmetic import where
from downslope.optimizers.base import Optimizer as Rule
from downslope.optimizers.param_tree import ParamTree
from downslope.optimizers.registry import optimizer_from_dict
from downslope.optimizers.requirements import requirements_of
from downslope.optimizers.schedule import Schedule
from downslope.optimizers.state_dict import with_hyperparameter
from downslope.optimizers.tape import recorded
from downslope.optimizers.wrappers.scheduled import resolve_schedule, why_without_rate
from downslope.symbolic.unknown import TraceError
from downslope.tensors import plain_precision

RULE = "rule"  # where a file says of which rule the numbers are
HOME = "training_point_"  # where it has the point of the training, by the places of the variables


@keras.saving.register_keras_serializable(package="downslope", name="Optimizer")
class KerasOptimizer(keras.optimizers.Optimizer):  # type: ignore[misc]  # Keras is not type-checked here
    """Any of downslope's update rules, for ``model.compile`` and loops with Keras's ``apply``, on any backend.

    Args:
        rule: an ``Optimizer`` of ``downslope.optimizers``, or a name such as ``"adam"``; by default gradient descent.
        learning_rate: a number, a Keras schedule, or a function of no arguments, in the place of the rule's own. It is
            Keras's ``learning_rate``, which callbacks may change. Or a ``Schedule`` of ours. ``lr`` will do too.
        options: Keras's own (``clipnorm``, ``weight_decay``, ``use_ema``, ``name``, ...), and hyperparameters of a rule
            given by name, or other values than those of the rule given. A word that is both is the rule's.

    Raises:
        UsageError: the rule looks at the objective's value, which Keras does not show to optimizers.
        HyperparameterError: an option is neither Keras's nor the rule's, or a number outside its range.

    The state is in Keras variables, so that steps are compiled with the model and saved with it. Rules that mix all
    coordinates see all variables as one vector; one without a gradient, as in a frozen layer, stays where it is, and
    its gradient counts as zero. A rule that averages (schedule-free, DoG) leaves its average in the model when ``fit``
    ends, and another ``fit`` begins there; a model saved on the way is at the point of the training, and goes on there.
    Either can be had of the other, and of either's file: ``to_training_point()`` and ``to_average()``.

    >>> import numpy as np, keras
    >>> keras.utils.set_random_seed(0)
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> model.compile(optimizer=KerasOptimizer("momentum", learning_rate=0.05), loss="mse")
    >>> x = np.linspace(-1, 1, 32)[:, None]
    >>> history = model.fit(x, 3 * x + 1, epochs=60, batch_size=32, verbose=0)
    >>> bool(history.history["loss"][-1] < 1e-2)
    True
    """

    def __init__(self, rule: Any = "gradient_descent", learning_rate: Any = None, **options: Any) -> None:
        if learning_rate is None:
            learning_rate = options.pop("lr", None)
        scheduled = isinstance(learning_rate, Schedule)
        constant = learning_rate if scheduled or isinstance(learning_rate, (int, float)) else None
        if isinstance(rule, dict):  # as ``get_config`` has it, with options that are all Keras's
            rule = optimizer_from_dict(rule)
        else:
            rule, options = (
                of_instance(rule, options) if isinstance(rule, Rule) else by_name(rule, constant, options)
            )
        if scheduled:  # the rule's own, which counts steps itself
            rule, learning_rate = with_hyperparameter(rule, "learning_rate", learning_rate), None
        inner = resolve_schedule(rule)
        asks = requirements_of(inner)
        if asks.needs_value:
            raise UsageError(
                message(
                    "{kind} looks at the objective's value, which Keras does not show to optimizers. Use"
                    " downslope.minimize or downslope.Updater with it, or another rule here.",
                    kind=type(rule).__name__,
                )
            )
        path = next((p for p in inner.scalars() if p.endswith("learning_rate")), None)
        if learning_rate is None:
            learning_rate = inner.scalars()[path] if path else 1.0
        elif path is None:
            raise UsageError(
                message(
                    "{kind} takes no learning rate: it finds the lengths of its steps itself, or follows"
                    " a schedule of its own.",
                    kind=type(rule).__name__,
                )
            )
        super().__init__(learning_rate=learning_rate, **options)
        self._program: Any = None
        self._compiled = CompiledSteps(inner, self._step)
        self._mixes: bool | None = (
            None  # whether coordinates' steps depend on each other; asked when it matters
        )
        self._home: dict[
            int, Any
        ] = {}  # the point of the training by place, while the average is in the model
        self._home_step = -1  # the count of steps at which it was put there
        self._shapes: dict[int, Any] = {}  # what a state is made of, by how many numbers there are
        self.rule, self._inner, self._path, self._averages = rule, inner, path, asks.averages

    @property
    def learning_rate(self) -> Any:
        """Keras's own, which callbacks may set where the rule has one.

        Raises:
            UsageError: it is set, and the rule finds the lengths of its steps itself or has a schedule of its own.
        """
        return keras.optimizers.Optimizer.learning_rate.fget(self)

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if self._path is None:
            raise UsageError(why_without_rate(self._inner))
        keras.optimizers.Optimizer.learning_rate.fset(self, value)

    # --- variables ---------------------------------------------------------------------------------------

    def build(self, variables: Sequence[Any]) -> None:
        """Make the variables of the state, for these variables of a model."""
        if self.built:
            return
        super().build(variables)
        sizes = [int(np.prod([int(n) for n in v.shape], dtype=int)) for v in variables]
        self._beginnings = _beginnings(self._inner, sum(sizes))
        precision = widest(variables)
        vectors: dict[str, list[Any]] = {}
        scalars: dict[str, Any] = {}
        for name, (vector, first) in self._beginnings.items():
            start = keras.initializers.Constant(0.0 if first is None else first)
            letters = word(name)
            if vector:
                vectors[name] = [
                    self.add_variable_from_reference(v, name=letters, initializer=start) for v in variables
                ]
            else:
                scalars[name] = self.add_variable((), initializer=start, dtype=precision, name=letters)
        self._vectors, self._scalars, self._precision = vectors, scalars, precision

    def _state(self, rule: Rule, x: ParamTree, places: Sequence[int]) -> Any:
        """The state as the rule knows it. What depends on where the parameters begin is made at the first step."""
        begins = [name for name, (_, first) in self._beginnings.items() if first is None]
        start = keras.ops.equal(self.iterations, 0) if begins else False
        fresh = dict(states.leaves(rule.init(x))) if begins else {}

        def leaf(name: str, _: Any) -> Any:
            if self._beginnings[name][0]:
                kept = ParamTree(tensor(self._vectors[name][i]) for i in places)
            else:
                kept = tensor(self._scalars[name])
            return where(start, fresh[name], kept) if name in begins else kept

        return states.mapped(self._like(x), leaf)

    def _like(self, x: ParamTree) -> Any:
        size = min(len(x), 100)  # a memory may be shorter for very few numbers
        if size not in self._shapes:
            self._shapes[size] = self._inner.init(ParamTree([np.zeros(size)]))
        return self._shapes[size]

    # --- the step ----------------------------------------------------------------------------------------

    def _backend_update_step(
        self, grads: Sequence[Any], trainable_variables: Sequence[Any], learning_rate: Any
    ) -> None:
        """Keras's hook for all variables at once."""
        places = tuple(self._get_variable_index(v) for v in trainable_variables)
        backend = keras.backend.backend()
        distributed = backend == "tensorflow" and is_distributed()
        if distributed:
            grads = self._sums_over_replicas(grads, trainable_variables)
        x = ParamTree(map(tensor, trainable_variables))
        g = ParamTree(map(like_tensor, grads, x.parts))
        if backend == "torch":
            self._step_by_program(x, g, learning_rate, places)
            return
        rate = keras.ops.cast(learning_rate, self._precision) if self._path else None
        if backend == "tensorflow" and not distributed and self._compiled.pay(x, self._like(x)):
            self._compiled.step(places, trainable_variables, g, rate)
        else:
            self._step(places, trainable_variables, g, rate)

    def _sums_over_replicas(self, grads: Sequence[Any], variables: Sequence[Any]) -> list[Any]:
        """Of TensorFlow's strategies: by them every replica makes the same step with its own copy of the variables."""
        homes = [v.value if isinstance(v, keras.Variable) else v for v in variables]
        pairs = self._all_reduce_sum_gradients(list(zip(grads, homes, strict=True)))  # which is Keras's own
        return [total for total, _ in pairs]

    def _step(self, places: Sequence[int], variables: Sequence[Any], g: ParamTree, rate: Any) -> None:
        """The rule applied to the backend's tensors, and written into its variables."""
        seen, x, g = self._seen(places, ParamTree(map(tensor, variables)), g)
        rule = self._inner.with_scalars({self._path: rate}) if self._path else self._inner
        with plain_precision(self._precision), np.errstate(all="ignore"):
            next_x, after, _ = rule.update(x, np.nan, g, self._state(rule, x, seen))
        self._begin_others(rule, seen)
        for name, leaf in states.leaves(after):
            if isinstance(leaf, ParamTree):
                write([self._vectors[name][i] for i in seen], leaf)
            else:
                self._scalars[name].assign(keras.ops.cast(leaf, self._precision))
        write(variables, ParamTree(next_x.parts[seen.index(i)] for i in places))

    def _seen(
        self, places: Sequence[int], x: ParamTree, g: ParamTree
    ) -> tuple[Sequence[int], ParamTree, ParamTree]:
        """What the rule is shown: where it mixes coordinates, all variables, with zeros as the gradients not given."""
        every = range(len(self._trainable_variables))
        if len(places) == len(every) or not self._mixing(x):
            return places, x, g
        here, slopes = dict(zip(places, x.parts, strict=True)), dict(zip(places, g.parts, strict=True))
        for i in every:
            if i not in here:
                here[i] = keras.ops.copy(tensor(self._trainable_variables[i]))  # torch's step is in place
                slopes[i] = keras.ops.zeros_like(here[i])
        return every, ParamTree(here[i] for i in every), ParamTree(slopes[i] for i in every)

    def _mixing(self, x: ParamTree) -> bool:
        if self._mixes is None:
            try:
                self._mixes = recorded(self._inner, self._like(x)).mixes
            except TraceError:  # bounds of single coordinates, say
                self._mixes = True
        return self._mixes

    def _begin_others(self, rule: Rule, seen: Sequence[int]) -> None:
        """At the first step, begin the state of variables that are not in it, too: it may depend on where they are."""
        begins = [name for name, (vector, first) in self._beginnings.items() if vector and first is None]
        others = [i for i in range(len(self._trainable_variables)) if i not in seen]
        if begins and others:
            x = ParamTree(tensor(self._trainable_variables[i]) for i in others)
            for name, leaf in states.leaves(self._state(rule, x, others)):
                if name in begins:
                    write([self._vectors[name][i] for i in others], leaf)

    def _step_by_program(self, x: ParamTree, g: ParamTree, rate: Any, places: Sequence[int]) -> None:
        """With torch, as ``downslope.torch`` does it: fused and in place, which leaves little to write."""
        places, x, g = self._seen(places, x, g)
        named = self._inner.scalars()
        if self._path:
            named[self._path] = float(rate)
        like = self._like(x)
        if self._program is None:
            from downslope.torch.stepping import program_of  # which imports torch

            self._program = program_of(self._inner, like)
        if any(first is None for _, first in self._beginnings.values()) and int(self.iterations) == 0:
            self._begin_others(self._inner.with_scalars(named), places)
            self._begin_here(self._inner.with_scalars(named), x, places)
        before = [
            [tensor(self._vectors[name][i]) for i in places] if vector else self._scalars[name].value.item()
            for name, (vector, _) in self._beginnings.items()
        ]
        after = self._program.run((x.parts, g.parts, np.nan), list(before), named).state
        for name, old, new in zip(self._beginnings, before, after, strict=True):
            if not isinstance(old, list):
                self._scalars[name].value.detach().fill_(float(new))
            elif new is not old:
                write([self._vectors[name][i] for i in places], ParamTree(new))

    def _begin_here(self, rule: Rule, x: ParamTree, places: Sequence[int]) -> None:
        """Write what depends on where the parameters begin."""
        for name, leaf in states.leaves(rule.init(x)):
            if self._beginnings[name][1] is None and isinstance(leaf, ParamTree):
                write([self._vectors[name][i] for i in places], leaf)
            elif self._beginnings[name][1] is None:
                self._scalars[name].assign(leaf)

    def finalize_variable_values(self, var_list: Sequence[Any]) -> None:
        """Leave the average in the model, where the rule averages; Keras calls it when ``fit`` ends, or breaks off."""
        if not all(map(is_held, [*var_list, *self.variables])):
            return  # JAX's ``fit`` broke off inside a step, and its error is what is to be read
        super().finalize_variable_values(var_list)
        self._put_average([v for v in var_list if self._var_key(v) in self._trainable_variables_indices])

    # --- the average and the point of the training ---------------------------------------------------------

    def to_average(self) -> None:
        """Put the average in the model: of a rule that averages, the point to report, as when ``fit`` ends.

        >>> import keras
        >>> x = keras.Variable([1.0])
        >>> optimizer = KerasOptimizer("schedule_free_sgd", learning_rate=0.5)
        >>> for gradient in (2.0, 1.0):
        ...     optimizer.apply([keras.ops.array([gradient])], [x])
        >>> optimizer.to_average()
        >>> print(float(x[0]))
        -0.25
        """
        if self.built:
            self._put_average(list(self._trainable_variables))

    def to_training_point(self) -> None:
        """Put the point of the training back in the model, where the average is in its place since the last step.

        A file keeps both: of a model that was saved after ``fit``, this has the training go on as if it had not ended.
        """
        if self._is_away():
            for i, numbers in self._home.items():
                self._trainable_variables[i].assign(numbers)
        self._home = {}

    def _count(self) -> int:
        """How many steps were made; of TensorFlow's strategies each replica counts the same."""
        return int(keras.ops.convert_to_numpy(tensor(self.iterations)))

    def _is_away(self) -> bool:
        """Whether the average is in the model, with no step since."""
        return bool(self._home) and self.built and self._count() == self._home_step

    def _put_average(self, variables: Sequence[Any]) -> None:
        if not (self._averages and self.built and variables) or self._is_away():
            return
        places = [self._get_variable_index(v) for v in variables]
        x = ParamTree(map(tensor, variables))
        home = {i: numbers_of(v) for i, v in zip(places, variables, strict=True)}
        seen, x, _ = self._seen(places, x, x)
        point = self._inner.answer(x, self._state(self._inner, x, seen))
        write(variables, ParamTree(point.parts[seen.index(i)] for i in places))
        self._home, self._home_step = home, self._count()

    # --- saving ------------------------------------------------------------------------------------------

    def save_own_variables(self, store: Any) -> None:
        """Keras's hook: the numbers of the state, of which rule they are, and the point of the training where another
        is in the model."""
        super().save_own_variables(store)
        store[RULE] = np.frombuffer(self.rule.kind().encode(), np.uint8)
        if self._is_away():
            for i, numbers in self._home.items():
                store[f"{HOME}{i}"] = numbers

    def load_own_variables(self, store: Any) -> None:
        """Keras's hook for what ``save_own_variables`` saved.

        Raises:
            UsageError: it is of another rule.
        """
        names = list(store.keys())  # of HDF5, no dict
        home = {int(key.removeprefix(HOME)): np.array(store[key]) for key in names if key.startswith(HOME)}
        numbers = {key: store[key] for key in names if key != RULE and not key.startswith(HOME)}
        if RULE in names:
            theirs = np.asarray(store[RULE], np.uint8).tobytes().decode(errors="replace")
            if theirs != self.rule.kind():
                raise UsageError(
                    message(
                        "this is the state of {theirs}; this optimizer's rule is {ours}.",
                        theirs=theirs,
                        ours=self.rule.kind(),
                    )
                )
        super().load_own_variables(numbers)
        if self.built and len(numbers) == len(self.variables):  # else Keras has said that nothing was loaded
            self._home, self._home_step = home, self._count()

    def get_config(self) -> dict[str, Any]:
        """The rule as plain data, with Keras's own options."""
        config = {**super().get_config(), "rule": self.rule.to_dict()}
        if self._path is None:
            del config["learning_rate"]
        return config


def _beginnings(rule: Rule, size: int) -> dict[str, tuple[bool, float | None]]:
    """For each leaf of a state: whether it is a vector, and the number it begins with; None where that depends on x."""
    found: dict[str, tuple[bool, float | None]] = {}
    trials = [rule.init(ParamTree([np.full(min(size, 100), fill)])) for fill in (0.25, -3.0)]
    for (name, one), (_, two) in zip(*map(states.leaves, trials), strict=True):
        vector = isinstance(one, ParamTree)
        a, b = (np.unique(np.asarray(leaf.parts[0] if vector else leaf)) for leaf in (one, two))
        same = len(a) == len(b) == 1 and a[0] == b[0]
        found[name] = vector, float(a[0]) if same else None
    return found
