"""Starts with dicts and lists in dicts and lists: called as given, answered as given, by every kind of function."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import downslope as ds
from downslope.errors import ObjectiveError, StartError, UsageError

RNG = np.random.default_rng(3)
X = RNG.standard_normal((12, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.25
START: dict[str, Any] = {"layers": [{"w": np.zeros(3)}, {"b": 0.0}], "scale": (np.array([1.0]),)}
FLAT = {"w": np.zeros(3), "b": 0.0, "s": np.array([1.0])}


def of_parts(w: Any, b: Any, s: Any) -> Any:
    return ((X @ w + b - Y) ** 2).mean() + (s[0] - 2) ** 2


def nested(p: Any) -> Any:
    return of_parts(p["layers"][0]["w"], p["layers"][1]["b"], p["scale"][0])


def test_it_goes_the_way_of_the_flat_one_and_comes_back_as_it_was() -> None:
    flat = ds.minimize(of_parts, FLAT, learning_rate=0.1, steps=20)
    run = ds.minimize(nested, START, learning_rate=0.1, steps=20)
    np.testing.assert_allclose(run.history.x, flat.history.x, rtol=1e-12, atol=1e-13)
    assert run.history.coordinates[:4] == ("layers.0.w[0]", "layers.0.w[1]", "layers.0.w[2]", "layers.1.b")
    assert isinstance(run.x["scale"], tuple)
    np.testing.assert_allclose(run.x["layers"][0]["w"], flat.x["w"], rtol=1e-12)
    assert run.x["layers"][1]["b"] == pytest.approx(flat.x["b"], rel=1e-12)
    assert not START["layers"][0]["w"].any()


def test_each_key_may_be_an_argument() -> None:
    run = ds.minimize(
        lambda layers, scale: nested({"layers": layers, "scale": scale}), START, learning_rate=0.1, steps=5
    )
    whole = ds.minimize(nested, START, learning_rate=0.1, steps=5)
    np.testing.assert_array_equal(run.history.x, whole.history.x)
    with pytest.raises(StartError, match="names 'scale', but the parameters are: layers"):
        ds.minimize(lambda layers: 1.0, {**START, "layers": START["layers"]})


def test_a_list_of_dicts() -> None:
    run = ds.minimize(
        lambda p: (p[0]["a"] - 1) ** 2 + ((p[1][0] - 2) ** 2).sum(),
        [{"a": 0.0}, [np.zeros(2)]],
        learning_rate=0.5,
    )
    assert run.x[0]["a"] == pytest.approx(1)
    np.testing.assert_allclose(run.x[1][0], 2)


def test_a_gradient_is_built_as_the_start_is() -> None:
    def gradient(p: Any) -> Any:
        r = X @ p["layers"][0]["w"] + p["layers"][1]["b"] - Y
        return {
            "layers": [{"w": 2 * X.T @ r / len(Y)}, {"b": 2 * r.mean()}],
            "scale": [2 * (p["scale"][0] - 2)],
        }

    run = ds.minimize(nested, START, gradient=gradient, learning_rate=0.1, steps=20)
    whole = ds.minimize(nested, START, learning_rate=0.1, steps=20)
    np.testing.assert_allclose(run.history.x, whole.history.x, rtol=1e-12, atol=1e-13)
    with pytest.raises(UsageError, match=r"there is no gradient for layers\.0\.w"):
        ds.minimize(nested, START, gradient=lambda p: {"layers": [{}, {"b": 1.0}], "scale": [1.0]})


def test_what_stands_there_is_named_by_its_place() -> None:
    with pytest.raises(StartError, match=r"the start for layers\.0\.w is 'u'"):
        ds.minimize(nested, {"layers": [{"w": "u"}]})
    with pytest.raises(StartError, match=r"two places called 'a\.b'"):
        ds.minimize(nested, {"a": {"b": 1.0}, "a.b": 2.0})
    with pytest.raises(ObjectiveError, match="takes no argument"):
        ds.minimize(lambda: 1.0, START)


def test_lists_of_numbers_stay_vectors() -> None:
    run = ds.minimize(lambda w, b: (np.asarray(w) ** 2).sum() + b**2, {"w": [1.0, 2.0], "b": 1.0}, steps=1)
    assert run.history.coordinates == ("w[0]", "w[1]", "b")


def test_an_iterator_is_refused() -> None:
    with pytest.raises(StartError, match="can be read only once"):
        ds.minimize(nested, iter([1.0, 2.0]))


def test_lists_of_numbers_stay_vectors_beside_containers() -> None:
    def cost(p: Any) -> Any:
        return np.sum((p["v"] * 2 - 1) ** 2) + np.sum((p["l"]["w"] - 3) ** 2)

    run = ds.minimize(cost, {"l": {"w": [[0.0, 1.0]]}, "v": [0.0, 0.0]}, learning_rate=0.1, steps=3)
    assert run.history.coordinates == ("l.w[0,0]", "l.w[0,1]", "v[0]", "v[1]")
    assert run.x["l"]["w"].shape == (1, 2)


class Layer(NamedTuple):
    w: Any
    b: Any


def of_layer(p: Any) -> Any:
    return (p.w**2).sum() + (p.b - 1) ** 2


def kinds() -> list[tuple[str, Any]]:
    import jax.numpy as jnp
    import tensorflow as tf
    import torch

    return [("numpy", np.array), ("torch", torch.tensor), ("jax", jnp.array), ("tensorflow", tf.constant)]


@pytest.mark.parametrize("library", ["numpy", "torch", "jax", "tensorflow"])
def test_tuples_stay_tuples(library: str) -> None:
    make = dict(kinds())[library]
    start = Layer(make([1.0, 2.0]), make(3.0))
    named = ds.minimize(
        lambda p: of_layer(p) if library != "tensorflow" else _of_tensors(p), start, optimizer="sgd", steps=3
    )
    assert type(named.x) is Layer
    assert named.history.coordinates == ("w[0]", "w[1]", "b")
    assert isinstance(named.x.w, type(start.w))
    plain = ds.minimize(
        lambda p: of_layer(Layer(*p)) if library != "tensorflow" else _of_tensors(Layer(*p)),
        tuple(start),
        optimizer="sgd",
        steps=3,
    )
    assert type(plain.x) is tuple
    np.testing.assert_allclose(plain.history.x, named.history.x, rtol=1e-6)
    assert type(ds.minimize(lambda p: p[1] ** 2 + p[0] @ p[0], [np.ones(2), 1.0], steps=1).x) is list


def _of_tensors(p: Any) -> Any:
    import tensorflow as tf

    return tf.reduce_sum(p.w**2) + (p.b - 1) ** 2


def test_a_named_tuple_names_the_arguments_of_anything() -> None:
    expected = {"w": 0.5 - 1e-9, "b": 1.0}
    for f in (
        "w^2 - w + (b - 1)^2",
        lambda w, b: w**2 - w + (b - 1) ** 2,
        lambda p: p.w**2 - p.w + (p.b - 1) ** 2,
    ):
        run = ds.minimize(f, Layer(3.0, 0.0))
        assert type(run.x) is Layer
        assert run.x._asdict() == pytest.approx(expected, abs=1e-6)


def test_keys_that_are_no_texts_are_kept() -> None:
    run = ds.minimize(
        lambda p: (p[0] ** 2).sum() + (p["b"] - 1) ** 2, {0: np.ones(2), "b": 0.0}, optimizer="sgd", steps=3
    )
    assert list(run.x) == [0, "b"]
    with pytest.raises(StartError, match=r"two places called '1'.* 1 and '1' are written alike"):
        ds.minimize(lambda p: p[1] ** 2, {1: 1.0, "1": 2.0})


def test_arguments_that_have_a_place_only() -> None:
    def cost(x: Any, /, y: Any) -> Any:
        return (x - 1) ** 2 + 2 * (y + 1) ** 2

    run = ds.minimize(cost, {"y": 0.0, "x": 0.0})
    assert run.x == pytest.approx({"y": -1.0, "x": 1.0}, abs=1e-6)
    assert ds.minimize(lambda x, y, /: x**2 + y**2, {"y": 1.0, "x": 2.0}, steps=1).nfev == 2


def test_the_build_is_saved(tmp_path: Path) -> None:
    start = {"layers": [Layer(np.ones(2), 0.5), {"b": 0.0}], 3: (np.array([1.0]),)}

    def cost(p: Any) -> Any:
        return of_layer(p["layers"][0]) + (p["layers"][1]["b"] - 2) ** 2 + (p[3][0] ** 2).sum()

    run = ds.minimize(cost, start, optimizer="sgd", steps=4)
    run.save(tmp_path / "run.json")
    loaded = ds.load(tmp_path / "run.json")
    assert loaded.history == run.history
    assert loaded.x["layers"][0]["b"] == run.x["layers"][0].b
    np.testing.assert_array_equal(loaded.x["3"][0], run.x[3][0])
    loaded.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == (tmp_path / "run.json").read_text()
