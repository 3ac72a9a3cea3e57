"""What our Keras optimizer must do, on any backend. ``python keras_ways.py BACKEND`` does all of it."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any

if __name__ == "__main__":
    os.environ["KERAS_BACKEND"] = sys.argv[1]

import keras
import numpy as np
import pytest

import downslope as ds
from downslope.errors import UsageError
from downslope.keras import Optimizer
from downslope.optimizers import all_optimizers, schedules
from downslope.optimizers.requirements import requirements_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(48, 3)).astype("float32")
Y = np.sin(X.sum(1, keepdims=True)).astype("float32")
R, K = ds.optimizers, keras.optimizers


def model(optimizer: Any, **options: Any) -> Any:
    keras.utils.set_random_seed(0)
    layers = [keras.Input((3,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)]
    made = keras.Sequential(layers)
    made.compile(optimizer=optimizer, loss="mse", **options)
    return made


def weights(made: Any) -> Any:
    return np.concatenate([w.ravel() for w in made.get_weights()])


def fitted(optimizer: Any, epochs: int = 2, **options: Any) -> Any:
    made = model(optimizer, **options)
    made.fit(X, Y, batch_size=16, epochs=epochs, verbose=0, shuffle=False)
    return weights(made)


def same(ours: Any, theirs: Any, tolerance: float = 1e-5) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


# name -> (rule, Keras's own, tolerance). Keras's epsilon stands elsewhere, which 1e-12 makes harmless.
SAME: dict[str, tuple[Any, Any, float]] = {
    "sgd": (R.SGD(learning_rate=0.1), lambda: K.SGD(0.1), 1e-6),
    "momentum": (R.Momentum(learning_rate=0.1), lambda: K.SGD(0.1, momentum=0.9), 1e-5),
    "nesterov": (R.Nesterov(learning_rate=0.1), lambda: K.SGD(0.1, momentum=0.9, nesterov=True), 1e-5),
    "adam": (R.Adam(learning_rate=0.01, epsilon=1e-12), lambda: K.Adam(0.01, epsilon=1e-12), 1e-4),
    "adamw": (
        R.AdamW(learning_rate=0.01, epsilon=1e-12, weight_decay=0.1),
        lambda: K.AdamW(0.01, epsilon=1e-12, weight_decay=0.1),
        1e-4,
    ),
    "adamax": (R.AdaMax(learning_rate=0.01), lambda: K.Adamax(0.01, epsilon=1e-8), 1e-5),
    "adadelta": (R.AdaDelta(decay=0.95, epsilon=1e-7), lambda: K.Adadelta(1.0), 1e-6),
    "rmsprop": (R.RMSProp(decay=0.9, epsilon=1e-12), lambda: K.RMSprop(0.01, epsilon=1e-12), 1e-3),
    "adagrad": (
        R.AdaGrad(learning_rate=0.1, epsilon=1e-12),
        lambda: K.Adagrad(0.1, initial_accumulator_value=0.0, epsilon=1e-12),
        1e-3,
    ),
    "lion": (R.Lion(learning_rate=0.001), lambda: K.Lion(0.001), 1e-6),
}


def check_it_trains_as_keras_does() -> None:
    few = ("sgd", "adam", "adamax")  # another backend takes a second to compile each
    for name in SAME if keras.backend.backend() == "jax" else few:
        rule, theirs, tolerance = SAME[name]
        try:
            same(fitted(Optimizer(rule)), fitted(theirs()), tolerance)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error


def check_double_precision_is_keras_own_to_the_last_digits() -> None:
    """Steps of variables in float64, beside the bare rule and Keras's own.

    Without epsilon, which stands elsewhere there. With TensorFlow Keras itself rounds its hyperparameters to float32.
    """
    if keras.backend.backend() == "jax":
        return  # whose precision is that of the whole process
    zero = {"epsilon": 0.0}
    pairs = {
        **{name: SAME[name][:2] for name in ("sgd", "momentum", "nesterov", "lion")},
        "adam": (R.Adam(learning_rate=0.01, **zero), lambda: K.Adam(0.01, **zero)),
        "amsgrad": (R.AMSGrad(learning_rate=0.01, **zero), lambda: K.Adam(0.01, amsgrad=True, **zero)),
        "adamw": (R.AdamW(learning_rate=0.01, **zero), lambda: K.AdamW(0.01, weight_decay=0.01, **zero)),
        "adamax": (R.AdaMax(learning_rate=0.01, **zero), lambda: K.Adamax(0.01, **zero)),
        "rmsprop": (R.RMSProp(decay=0.9, **zero), lambda: K.RMSprop(0.01, rho=0.9, **zero)),
        "adagrad": (
            R.AdaGrad(learning_rate=0.1, **zero),
            lambda: K.Adagrad(0.1, initial_accumulator_value=0.0, **zero),
        ),
        "adadelta": (R.AdaDelta(decay=0.95, epsilon=1e-7), lambda: K.Adadelta(1.0, rho=0.95, epsilon=1e-7)),
    }
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        for name, (rule, theirs) in pairs.items():
            found = []
            for optimizer in (Optimizer(rule), theirs()):
                pair = [keras.Variable(np.array([[0.9], [-0.4]])), keras.Variable(np.array([0.2, 0.6]))]
                for k in range(30):
                    optimizer.apply([keras.ops.sinh(v) * (1 + k % 3) + 0.1 for v in pair], pair)
                found.append(np.concatenate([np.ravel(keras.ops.convert_to_numpy(v)) for v in pair]))
            x = np.array([0.9, -0.4, 0.2, 0.6])
            state = rule.init(x)
            for k in range(30):
                x, state, _ = rule.update(x, np.nan, np.sinh(x) * (1 + k % 3) + 0.1, state)
            np.testing.assert_allclose(found[0], x, rtol=1e-12, atol=1e-12, err_msg=name)
            digits = 1e-12 if keras.backend.backend() == "torch" else 5e-6
            np.testing.assert_allclose(*found, rtol=digits * 100, atol=digits, err_msg=name)
    finally:
        keras.config.set_floatx(before)


def check_every_rule_goes_its_way() -> None:
    """``apply`` on variables, beside the bare rule on one NumPy vector of the same precision."""
    for cls in all_optimizers():
        rule = cls()
        if requirements_of(rule).needs_value:
            continue
        start = np.array([0.9, -0.4, 0.2], np.float32)
        pair = [keras.Variable(start[:2].reshape(2, 1)), keras.Variable(start[2:])]
        optimizer, x, state = Optimizer(rule), start, rule.init(start)
        with np.errstate(all="ignore"):
            for k in range(4):
                gradient = np.sinh(x) * np.float32(1 + k)
                parts = [gradient[:2].reshape(2, 1), gradient[2:]]
                optimizer.apply([keras.ops.convert_to_tensor(p) for p in parts], pair)
                x, state, _ = rule.update(x, np.float32(np.nan), gradient, state)
                x = np.asarray(x, np.float32)
                found = np.concatenate([np.ravel(keras.ops.convert_to_numpy(v)) for v in pair])
                loose = 0.05 if "barzilai" in cls.name() or "adgd" in cls.name() else 1e-4
                np.testing.assert_allclose(
                    found, x, rtol=loose, atol=loose, err_msg=f"{cls.name()}, step {k}"
                )
                x = found


def check_rules_are_compiled_with_the_model() -> None:
    clipped = R.ClipByNorm(optimizer=R.Momentum(learning_rate=0.1), limit=0.2)
    bounded = R.Projected(optimizer=R.SGD(learning_rate=0.1), lower=(-0.5,) * 41, upper=(0.5,) * 41)
    scheduled = R.Adam(learning_rate=0.1 * schedules.Cosine(steps=6))
    for rule in ("dog", "prodigy", clipped, bounded, scheduled):
        found = (
            fitted(Optimizer(rule), 2, jit_compile=True)
            if keras.backend.backend() != "torch"
            else fitted(Optimizer(rule))
        )
        assert np.all(np.isfinite(found)), rule
        assert not np.allclose(found, weights(model("sgd"))), rule
        if rule is bounded:
            assert np.max(np.abs(found)) <= 0.5


def check_the_learning_rate_is_keras_own() -> None:
    decay = K.schedules.ExponentialDecay(0.1, 3, 0.5)
    same(fitted(Optimizer("sgd", decay)), fitted(K.SGD(decay)))
    follow = [keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (1 + epoch))]
    found = []
    for optimizer in (Optimizer("sgd", 0.5), K.SGD(0.5)):
        made = model(optimizer)
        made.fit(X, Y, batch_size=16, epochs=3, verbose=0, shuffle=False, callbacks=follow)
        made.optimizer.learning_rate = 0.01
        made.fit(X, Y, batch_size=16, epochs=1, verbose=0, shuffle=False)
        found.append(weights(made))
    same(*found)
    assert float(Optimizer("adam", 0.25, beta1=0.5).learning_rate) == 0.25


def check_a_schedule_of_ours_is_a_learning_rate() -> None:
    schedule = 0.1 * schedules.Cosine(steps=6)
    for given in (Optimizer("sgd", schedule), Optimizer(R.SGD(), lr=schedule)):
        assert given.rule == R.SGD(learning_rate=schedule)
        assert Optimizer.from_config(given.get_config()).rule == given.rule
    same(fitted(Optimizer("sgd", schedule)), fitted(Optimizer(R.SGD(learning_rate=schedule))))
    assert float(Optimizer("adam", lr=0.25).learning_rate) == 0.25


def check_keras_own_options_work() -> None:
    same(fitted(Optimizer("sgd", 0.1, clipnorm=0.1)), fitted(K.SGD(0.1, clipnorm=0.1)))
    same(fitted(Optimizer("sgd", 0.1, weight_decay=0.1)), fitted(K.SGD(0.1, weight_decay=0.1)))
    same(fitted(Optimizer("sgd", 0.1, use_ema=True)), fitted(K.SGD(0.1, use_ema=True)))


def check_a_rule_given_may_have_other_values() -> None:
    assert Optimizer(R.Adam(epsilon=1e-6), beta1=0.5).rule == R.Adam(epsilon=1e-6, beta1=0.5)
    clipped = R.ClipByNorm(optimizer=R.Adam(), limit=2.0)
    given = Optimizer(clipped, beta1=0.5, limit=1.0, clipnorm=3.0)
    assert given.rule == R.ClipByNorm(optimizer=R.Adam(beta1=0.5), limit=1.0)
    assert given.clipnorm == 3.0
    decayed = Optimizer(R.AdamW(), weight_decay=0.1)
    assert (decayed.rule.weight_decay, decayed.weight_decay) == (0.1, None)
    assert Optimizer.from_config(decayed.get_config()).rule == decayed.rule


def check_gradients_are_accumulated() -> None:
    same(
        fitted(Optimizer("momentum", 0.1, gradient_accumulation_steps=3)),
        fitted(K.SGD(0.1, momentum=0.9, gradient_accumulation_steps=3)),
    )


def check_callbacks_set_the_rate_or_are_refused() -> None:
    """As with Keras's own; where there is no rate to set, they are told so and nothing is left undone in silence."""

    def of_epoch(epoch: int, rate: float) -> float:
        return 0.1 / (1 + epoch)

    def plateau(logs: Any) -> Any:
        return keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=0, min_delta=1.0, factor=0.5)

    makes = (lambda _: keras.callbacks.LearningRateScheduler(of_epoch), plateau)
    for make in makes:
        found = []
        for optimizer in (Optimizer("adamax", 0.05), K.Adamax(0.05, epsilon=1e-8)):
            made = model(optimizer)
            made.fit(X, Y, batch_size=16, epochs=4, verbose=0, shuffle=False, callbacks=[make(None)])
            found.append([*weights(made), float(made.optimizer.learning_rate)])
        same(*found)
    scheduled = R.Adam(learning_rate=0.1 * schedules.Cosine(steps=6))
    for rule, words in (
        (scheduled, "the learning rate of adam follows a schedule of its own"),
        (R.ClipByNorm(optimizer=scheduled), "the learning rate of adam follows a schedule of its own"),
        ("adgd2", "adgd2 has no learning rate that could be changed"),
        ("dog", "dog has no learning rate that could be changed"),
    ):
        for make in makes:
            made = model(Optimizer(rule))
            with pytest.raises(UsageError, match=words):
                made.fit(X, Y, batch_size=16, epochs=4, verbose=0, callbacks=[make(None)])
        with pytest.raises(UsageError, match=words):
            made.optimizer.learning_rate = 0.5


class SaveInTheMiddle(keras.callbacks.Callback):
    """Saves the model after some batches."""

    def __init__(self, path: str, batch: int) -> None:
        super().__init__()
        self.path, self.batch, self.seen = path, batch, 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen += 1
        if self.seen == self.batch:
            self.model.save(self.path)


def check_a_file_saved_in_the_middle_goes_on() -> None:
    """Exactly, as the model stands at the point of the training and the average is in the state."""
    few, more = ("adam", "schedule_free_sgd"), ("dog", "prodigy", "nadam", "adgd", "rprop", "obsf")
    for name in (*few, *more) if keras.backend.backend() == "jax" else few:
        whole = model(Optimizer(name))
        with tempfile.TemporaryDirectory() as folder:
            keep = SaveInTheMiddle(f"{folder}/model.keras", 3)
            whole.fit(X, Y, batch_size=16, epochs=3, verbose=0, shuffle=False, callbacks=[keep])
            again = keras.models.load_model(f"{folder}/model.keras")
        again.fit(X, Y, batch_size=16, epochs=2, verbose=0, shuffle=False)
        np.testing.assert_array_equal(weights(whole), weights(again), err_msg=name)


def check_numbers_of_another_rule_are_refused_by_name() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for theirs, ours in (("adam", "amsgrad"), ("adamw", "adam"), ("sgd", "adgd2"), ("adam", "clipped")):
            trained = model(Optimizer(theirs))
            trained.fit(X, Y, batch_size=16, epochs=1, verbose=0)
            trained.save_weights(f"{folder}/{theirs}.weights.h5")
            rule = R.ClipByNorm(optimizer=R.Adam(), limit=1.0) if ours == "clipped" else ours
            other = model(Optimizer(rule))
            other.optimizer.build(other.trainable_variables)
            with pytest.raises(ValueError, match="could not be loaded") as caught:
                other.load_weights(f"{folder}/{theirs}.weights.h5")
            kind = "clip_by_norm(adam)" if ours == "clipped" else ours
            named = "gradient_descent" if theirs == "sgd" else theirs
            assert f"this is the state of {named}; this optimizer's rule is {kind}." in str(caught.value)
            same_rule = model(Optimizer(theirs))
            same_rule.optimizer.build(same_rule.trainable_variables)
            same_rule.load_weights(f"{folder}/{theirs}.weights.h5")
            for one, two in zip(trained.optimizer.variables, same_rule.optimizer.variables, strict=True):
                np.testing.assert_array_equal(*map(keras.ops.convert_to_numpy, (one, two)))


def check_rows_of_an_embedding_are_stepped_as_keras_does() -> None:
    """Repeated words, a tied end, frozen layers in the middle, and two losses accumulated."""
    rows = np.random.default_rng(1).integers(0, 7, size=(48, 5), dtype=np.int32)  # as JAX has them by default

    def run(optimizer: Any) -> Any:
        keras.utils.set_random_seed(0)
        words = keras.layers.Embedding(7, 4)
        inside = keras.Input((5,), dtype="int32")
        mean = keras.layers.GlobalAveragePooling1D()(words(inside))
        ends = keras.layers.Lambda(
            lambda pair: keras.ops.matmul(pair, keras.ops.transpose(words.embeddings))
        )(keras.layers.Dense(4, activation="tanh")(mean))
        made = keras.Model(inside, ends)
        made.compile(optimizer=optimizer, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        made.fit(rows, rows[:, 0], batch_size=16, epochs=3, verbose=0, shuffle=False)
        return weights(made)

    for options in ({}, {"clipnorm": 0.1}, {"global_clipnorm": 0.1}, {"gradient_accumulation_steps": 2}):
        same(run(Optimizer("momentum", 0.1, **options)), run(K.SGD(0.1, momentum=0.9, **options)))
    same(run(Optimizer("adamax", 0.01)), run(K.Adamax(0.01, epsilon=1e-8)))


def check_a_saved_model_goes_on() -> None:
    for rule in ("adam", "dog"):
        made = model(Optimizer(rule))
        made.fit(X, Y, batch_size=16, epochs=1, verbose=0, shuffle=False)
        with tempfile.TemporaryDirectory() as folder:
            made.save(f"{folder}/model.keras")
            again = keras.models.load_model(f"{folder}/model.keras")
        assert again.optimizer.rule == made.optimizer.rule
        for one in (made, again):
            one.fit(X, Y, batch_size=16, epochs=1, verbose=0, shuffle=False)
        same(weights(made), weights(again), 1e-6)


def check_it_is_rebuilt_from_its_config() -> None:
    rule = R.ClipByNorm(optimizer=R.Adam(learning_rate=0.5), limit=2.0)
    optimizer = Optimizer(rule, learning_rate=0.25, name="mine")
    again = Optimizer.from_config(optimizer.get_config())
    assert again.rule == rule
    assert float(again.learning_rate) == 0.25
    assert again.name == "mine"
    assert "learning_rate" not in Optimizer("adgd2").get_config()
    assert Optimizer.from_config(Optimizer("adgd2").get_config()).rule == R.AdGD2()


def check_the_average_is_left_in_the_model() -> None:
    """x^2 in one variable: after two steps of schedule-free SGD the average is known."""
    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    made = keras.Sequential([keras.Input((1,)), layer])
    made.compile(optimizer=Optimizer("schedule_free_sgd", 0.25), loss="mse")
    ones, zeros = np.ones((2, 1), "float32"), np.zeros((2, 1), "float32")
    made.fit(ones, zeros, batch_size=2, epochs=5, verbose=0)
    run = ds.minimize("x^2", start={"x": 1.0}, optimizer="schedule_free_sgd", learning_rate=0.25, steps=5)
    same(weights(made), run.final)
    assert abs(run.final[0] - run.history.x[-1][0]) > 1e-3


def check_a_file_has_both_points_of_a_rule_that_averages() -> None:
    """Saved after ``fit`` or in its middle: the training goes on exactly, and the average is that of the model."""

    def fit(made: Any, epochs: int, **options: Any) -> Any:
        made.fit(X, Y, batch_size=16, epochs=epochs, verbose=0, shuffle=False, **options)
        return weights(made)

    def reloaded(made: Any, folder: str) -> Any:
        made.save(f"{folder}/model.keras")
        return keras.models.load_model(f"{folder}/model.keras")

    names = [cls.name() for cls in all_optimizers() if requirements_of(cls()).averages]
    assert {"schedule_free_sgd", "schedule_free_adamw", "dog"} <= set(names)
    for name in names:
        whole, made = model(Optimizer(name)), model(Optimizer(name))
        end, average = fit(whole, 4), fit(made, 2)
        with tempfile.TemporaryDirectory() as folder:
            keep = SaveInTheMiddle(f"{folder}/middle.keras", 6)
            fit(model(Optimizer(name)), 4, callbacks=[keep])
            middle = keras.models.load_model(f"{folder}/middle.keras")
            after, twice = reloaded(made, folder), reloaded(reloaded(made, folder), folder)
            trained = weights(middle)
            for one in (made, after, twice):
                np.testing.assert_array_equal(weights(one), average, err_msg=name)
                one.optimizer.to_average()  # where it is already
                one.optimizer.to_training_point()
                np.testing.assert_array_equal(weights(one), trained, err_msg=name)
            home = reloaded(after, folder)  # saved at the point of the training
        np.testing.assert_array_equal(weights(home), trained, err_msg=name)
        for one in (middle, home):
            one.optimizer.to_average()
            np.testing.assert_array_equal(weights(one), average, err_msg=name)
            one.optimizer.to_training_point()
        for one in (made, after, twice, middle, home):
            np.testing.assert_array_equal(fit(one, 2), end, err_msg=name)
        made.optimizer.to_training_point()  # of the second fit, not of the first
        assert not np.array_equal(weights(made), trained), name
    plain = model(Optimizer("adam"))
    before = fit(plain, 1)
    plain.optimizer.to_average()
    plain.optimizer.to_training_point()
    np.testing.assert_array_equal(weights(plain), before)


def check_variables_without_gradients_stay() -> None:
    pair = [keras.Variable(np.ones(2, "float32")), keras.Variable(np.ones(3, "float32"))]
    optimizer = Optimizer("adam", 0.1)
    optimizer.build(pair)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras warns of missing gradients
        optimizer.apply([None, keras.ops.ones(3)], pair)
    assert keras.ops.convert_to_numpy(pair[0]).tolist() == [1.0, 1.0]
    same(keras.ops.convert_to_numpy(pair[1]), [0.9, 0.9, 0.9])


def check_frozen_layers_keep_to_themselves() -> None:
    """One optimizer, first for all layers, then for the middle one alone: what it leaves is that layer's own average.

    With JAX, Keras refuses that with a sentence of its own, which is what is raised.
    """
    target = X.sum(1, keepdims=True)
    for rule, rate in (("schedule_free_sgd", 0.05), ("dog", None), ("adgd2", None), ("adam", 0.01)):
        keras.utils.set_random_seed(0)
        dense = keras.layers.Dense
        made = keras.Sequential([keras.Input((3,)), dense(3), dense(3), dense(1)])
        made.compile(optimizer=Optimizer(rule, rate), loss="mse")
        made.fit(X, target, epochs=5, verbose=0)
        before, averaged = made.get_weights(), made.evaluate(X, target, verbose=0)
        made.layers[0].trainable = made.layers[2].trainable = False
        made.compile(optimizer=made.optimizer, loss="mse")
        if keras.backend.backend() == "jax":
            with pytest.raises(ValueError, match="whereas the optimizer was built with 6 variables"):
                made.fit(X, target, epochs=1, verbose=0)
            continue
        made.fit(X, target, epochs=1, verbose=0)
        moved = [float(np.max(np.abs(a - b))) for a, b in zip(before, made.get_weights(), strict=True)]
        assert moved[:2] == moved[4:] == [0.0, 0.0], rule
        assert 0 < max(moved[2:4]) < 0.1, (rule, moved)
        assert made.evaluate(X, target, verbose=0) < averaged, rule


def check_a_rule_that_mixes_sees_all_variables() -> None:
    """Momentum clipped by its norm, the second variable at times without a gradient: as if that were zero, unmoved."""
    rule = R.ClipByNorm(optimizer=R.BarzilaiBorwein(), limit=3.0)
    start = np.array([0.9, -0.4, 0.2], np.float32)
    pair = [keras.Variable(start[:2]), keras.Variable(start[2:])]
    optimizer, x, state = Optimizer(rule), start, rule.init(start)
    optimizer.build(pair)
    for k in range(5):
        gradient = np.array([4, 1, 2], np.float32) * x
        live = 1 if k in (1, 2) else 2
        gradient[live:] *= live - 1
        parts = [gradient[:2], gradient[2:]][:live]
        optimizer.apply([keras.ops.convert_to_tensor(p) for p in parts], pair[:live])
        after, state, _ = rule.update(x, np.float32(np.nan), gradient, state)
        x = np.r_[after[:2], after[2:] if live == 2 else x[2:]].astype(np.float32)
        same(np.concatenate([np.ravel(keras.ops.convert_to_numpy(v)) for v in pair]), x, 1e-4)
    bounded = Optimizer(R.Projected(optimizer=R.SGD(learning_rate=1.0), lower=(-1, -2, -3), upper=(1, 1, 1)))
    bounded.build(pair)
    bounded.apply([keras.ops.convert_to_tensor(np.array([9.0], "float32"))], pair[1:])
    assert keras.ops.convert_to_numpy(pair[1]).tolist() == [-3.0]


def check_a_variable_may_begin_later() -> None:
    """What a rule keeps from the start is where a variable is, though its first gradient comes in the second step."""
    pair = [keras.Variable(np.full(2, 5.0, "float32")), keras.Variable(np.full(2, 7.0, "float32"))]
    optimizer = Optimizer("schedule_free_sgd", 0.1)
    optimizer.build(pair)
    ones = keras.ops.ones(2)
    optimizer.apply([ones], pair[:1])
    optimizer.apply([ones, ones], pair)
    found = keras.ops.convert_to_numpy(pair[1])
    assert np.all((found < 7.0) & (found > 6.5)), found


def check_a_fit_is_recorded() -> None:
    """Rows against the same descent by hand: values, gradient norms and points of every batch."""
    layers = [keras.Input((3,)), keras.layers.Dense(1)]
    made = keras.Sequential(layers)
    made.compile(optimizer=K.SGD(0.1), loss="mse")
    made.fit(X, Y, batch_size=16, epochs=1, verbose=0, shuffle=False)  # its step is compiled before
    variables, w = len(made.optimizer.variables), weights(made).astype(np.float64)[:, None]
    with ds.record(made) as run:
        made.fit(X, Y, batch_size=16, epochs=2, verbose=0, shuffle=False)
        made.train_on_batch(X[:16], Y[:16])
    assert len(made.optimizer.variables) == variables
    assert not {"fit", "train_on_batch"} & set(vars(made))
    assert "apply" not in vars(made.optimizer)
    assert run.optimizer == R.SGD(learning_rate=0.1)
    assert run.nit == run.nfev == 7
    same(run.final, weights(made), 1e-6)
    assert np.isnan(run.fun)
    for k in range(7):
        rows = slice(16 * (k % 3), 16 * (k % 3) + 16)
        design = np.c_[X[rows], np.ones(16)]
        error = design @ w - Y[rows]
        slope = 2 * design.T @ error / 16
        same(run.history.x[k], w.ravel(), 1e-5)
        same(run.history.value[k], float(np.mean(error**2)), 1e-5)
        same(run.history.gradient_norm[k], np.linalg.norm(slope), 1e-5)
        w -= 0.1 * slope
    made.fit(X, Y, batch_size=16, epochs=1, verbose=0)
    assert run.nit == 7


def check_steps_that_loss_scaling_skips_are_left_out() -> None:
    """A scale at which 16-bit gradients overflow at first; then rows as without scaling, from where they begin."""
    for make in (lambda: K.SGD(0.1), lambda: Optimizer("sgd", 0.1)):
        keras.utils.set_random_seed(0)
        dense = keras.layers.Dense(1, dtype="mixed_float16")
        made = keras.Sequential(
            [keras.Input((3,)), dense, keras.layers.Activation("linear", dtype="float32")]
        )
        made.compile(optimizer=K.LossScaleOptimizer(make(), initial_scale=2.0**18), loss="mse")
        w = weights(made).astype(np.float64)[:, None]
        with ds.record(made) as run:
            made.fit(X, Y, batch_size=48, epochs=12, verbose=0, shuffle=False)
        skipped = run.skipped
        assert 0 < skipped < 6
        assert (run.nit, run.nfev, run.optimizer) == (12 - skipped, 12, R.SGD(learning_rate=0.1))
        assert run.message.startswith(f"The loop ended after {12 - skipped} steps. {skipped} more ")
        design = np.c_[X, np.ones(48)]
        for k in range(run.nit):
            error = design @ w - Y
            slope = 2 * design.T @ error / 48
            same(run.history.x[k], w.ravel(), 1e-2)
            same(run.history.value[k], float(np.mean(error**2)), 1e-2)
            same(run.history.gradient_norm[k], np.linalg.norm(slope), 2e-2)
            w -= 0.1 * slope
        same(run.final, weights(made), 1e-6)
    made = model(K.SGD(0.1, loss_scale_factor=8.0))
    plain = model(K.SGD(0.1))
    norms = []
    for one in (made, plain):
        with ds.record(one) as run:
            one.fit(X, Y, batch_size=48, epochs=3, verbose=0, shuffle=False)
        norms.append(run.history.gradient_norm[:-1])
    same(*norms)
    if keras.backend.backend() == "jax":
        return  # where Keras's own loss scaling does not work outside of a compiled step
    variable, scaled = keras.Variable(np.ones(2, "float32")), K.LossScaleOptimizer(K.SGD(0.5))
    with ds.record(scaled) as run:
        for slope, scale in (([np.inf, 0.0], 2.0**15), ([1.0, 0.0], 2.0**14), ([0.0, 2.0], 2.0**14)):
            run.log(float(np.sum(keras.ops.convert_to_numpy(variable))))
            scaled.apply([keras.ops.convert_to_tensor(np.array(slope, "float32") * scale)], [variable])
    assert run.history.x.tolist() == [[1.0, 1.0], [0.5, 1.0], [0.5, 0.0]]
    assert run.history.value[:2].tolist() == [2.0, 1.5]
    assert run.history.gradient_norm[:2].tolist() == [1.0, 2.0]
    with ds.record(scaled) as nothing:
        scaled.apply([keras.ops.convert_to_tensor(np.array([np.nan, 0.0], "float32"))], [variable])
    with pytest.raises(UsageError, match="Loss scaling skipped every step, 1 in all"):
        nothing.explain()


def check_a_recorded_optimizer_is_named_with_its_rate() -> None:
    decay = K.schedules.ExponentialDecay(0.1, 3, 0.5)

    def half() -> float:
        return 0.5

    for optimizer, name in (
        (K.Adam(decay), "Keras's Adam(learning_rate=ExponentialDecay)"),
        (K.SGD(half), "Keras's SGD(learning_rate=half)"),
        (K.AdamW(0.1, weight_decay=0.01), "Keras's AdamW(learning_rate=0.1, weight_decay=0.01)"),
        (K.Adam(0.1, use_ema=True, ema_momentum=0.9), "Keras's Adam(learning_rate=0.1, ema_momentum=0.9)"),
        (K.LossScaleOptimizer(K.Adam(0.1, clipnorm=2)), "Keras's Adam(learning_rate=0.1, clipnorm=2)"),
        (Optimizer("sgd", decay), "downslope's GradientDescent(learning_rate=ExponentialDecay)"),
        (Optimizer(R.SGD(), 0.25), "GradientDescent(learning_rate=0.25)"),
    ):
        variable = keras.Variable(np.ones(2, "float32"))
        with ds.record(optimizer) as run:
            if keras.backend.backend() != "jax" or not isinstance(optimizer, K.LossScaleOptimizer):
                optimizer.apply([keras.ops.ones(2)], [variable])
        named = run.optimizer if run.evaluations else run._watch.optimizer()
        assert repr(named) == name


def check_what_is_said_of_a_recorded_fit_is_so() -> None:
    """It trained, and nobody says it stood still; with a learning rate of 0 it did, and that is said."""
    for optimizer, still in (
        (K.SGD(0.05), False),
        (K.Adam(0.05), False),
        (Optimizer("adam", 0.05), False),
        (K.SGD(0.0), True),
    ):
        for kept in (None, "norms"):
            made = model(optimizer.__class__.from_config(optimizer.get_config()))
            with ds.record(made, parameters=kept) as run:
                made.fit(X, Y, batch_size=16, epochs=4, verbose=0, shuffle=False)
            moved = not np.array_equal(run.history.x[0], run.history.x[-1])
            assert moved == (not still)
            assert ("not_moving" in run.explain().codes) == still, run.explain()


def check_an_eager_loop_is_recorded() -> None:
    variable, optimizer = keras.Variable(np.array([3.0, 1.0], "float32")), K.SGD(0.25, momentum=0.5)
    with ds.record(optimizer, parameters={"w": variable}) as run:
        for _ in range(3):
            run.log(float(np.sum(keras.ops.convert_to_numpy(variable) ** 2)))
            optimizer.apply([2 * keras.ops.convert_to_tensor(variable)], [variable])
    assert run.history["w[0]"].tolist() == [3.0, 1.5, 0.0, -0.75]
    assert run.history.value[:3].tolist() == [10.0, 2.5, 0.0]
    assert run.history.evaluated == 3
    same(run.history.gradient_norm[:3], 2 * np.sqrt(run.history.value[:3]), 1e-6)
    assert run.optimizer == R.Momentum(learning_rate=0.25, momentum=0.5)


def check_keras_variables_are_a_start() -> None:
    """What they hold is descended by the backend's own framework; they themselves stay as they are."""
    variable = keras.Variable(np.zeros((3, 1), "float32"))
    run = ds.minimize(lambda w: keras.ops.sum((w - 1) ** 2), variable, learning_rate=0.1, steps=5)
    assert run.engine == "traced"
    same(keras.ops.convert_to_numpy(run.x), np.full((3, 1), 1 - 0.8**5), 1e-6)
    assert not keras.ops.convert_to_numpy(variable).any()
    made = model("sgd")

    def cost(parameters: Any) -> Any:
        return keras.ops.mean(
            (made.stateless_call(parameters, [], X)[0] - keras.ops.convert_to_tensor(Y)) ** 2
        )

    run = ds.minimize(cost, made.trainable_variables, learning_rate=0.1, steps=6)
    made.optimizer.learning_rate = 0.1
    made.fit(X, Y, batch_size=48, epochs=6, verbose=0, shuffle=False)
    same(run.final, weights(made), 1e-4)
    with pytest.raises(
        ds.errors.StartError, match=r"a Sequential, not a tensor. For a model, start with model"
    ):
        ds.minimize(cost, made)


def check_mistakes_are_sentences() -> None:
    for call, words in (
        (
            lambda: Optimizer("lbfgs"),
            "LBFGS looks at the objective's value, which Keras does not show to optimizers.",
        ),
        (
            lambda: Optimizer("adgd2", 0.1),
            "AdGD2 takes no learning rate: it finds the lengths of its steps itself",
        ),
        (
            lambda: Optimizer("adam", learning_rate=-1.0),
            "Adam: learning_rate is -1.0; it must be a finite number > 0",
        ),
        (lambda: Optimizer("adm"), "there is no optimizer 'adm'. Did you mean 'adam'"),
        (
            lambda: Optimizer("adam", beta_1=0.9),
            "Adam has no hyperparameter 'beta_1', and Keras's optimizers have no such option. Did you mean 'beta1'?"
            " Adam has: learning_rate, beta1, beta2, epsilon; Keras has: weight_decay, clipnorm,",
        ),
        (lambda: Optimizer("rmsprop", rho=0.9), "no such option. It is called decay here."),
        (lambda: Optimizer(R.Adam(), clipnrm=1.0), "no such option. Did you mean 'clipnorm' or"),
        (lambda: Optimizer(R.Adam(), beta1=2.0), "Adam: beta1 is 2.0; it must be"),
    ):
        with pytest.raises(UsageError) as caught:
            call()
        assert words in str(caught.value)


CHECKS: dict[str, Callable[[], None]] = {
    name.removeprefix("check_"): function
    for name, function in list(globals().items())
    if name.startswith("check_")
}

if __name__ == "__main__":
    assert keras.backend.backend() == sys.argv[1]
    for name, check in CHECKS.items():
        check()
        print(name)
