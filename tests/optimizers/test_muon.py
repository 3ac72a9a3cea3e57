"""Muon against torch's, optax's orthogonalisation, and what its polynomial promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from downslope.errors import UsageError
from downslope.optimizers import Muon
from downslope.optimizers.param_tree import ParamTree
from downslope.optimizers.updater import Updater

A, B, C = 3.4445, -4.7750, 2.0315
SHAPES = pytest.mark.parametrize("shape", [(3, 3), (5, 2), (2, 5), (1, 4), (4, 1)], ids=str)


def given(shape: tuple[int, int], steps: int = 5) -> tuple[Any, list[Any]]:
    rng = np.random.default_rng(sum(shape))
    return rng.normal(size=shape), [rng.normal(size=shape) for _ in range(steps)]


def walked(rule: Muon, x: Any, gradients: list[Any]) -> Any:
    updater, held = Updater(rule), {"W": x.copy()}
    for gradient in gradients:
        held = updater.update(held, {"W": gradient})
    return held["W"]


def as_published(x: Any, gradients: list[Any], rate: float, momentum: float, decay: float) -> Any:
    """By singular values, of which the polynomial is one of numbers."""
    buffer = np.zeros_like(x)
    for g in gradients:
        buffer = momentum * buffer + g
        u, s, v = np.linalg.svd(g + momentum * buffer, full_matrices=False)
        s = s / np.linalg.norm(s)
        for _ in range(5):
            s = A * s + B * s**3 + C * s**5
        x = x * (1 - rate * decay) - rate * max(1.0, x.shape[0] / x.shape[1]) ** 0.5 * (u * s) @ v
    return x


@SHAPES
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_it_is_the_published_rule_by_singular_values(shape: tuple[int, int], decay: float) -> None:
    x, gradients = given(shape)
    rule = Muon(learning_rate=0.03, momentum=0.9, weight_decay=decay)
    np.testing.assert_allclose(
        walked(rule, x, gradients), as_published(x, gradients, 0.03, 0.9, decay), rtol=1e-10, atol=1e-12
    )


@SHAPES
def test_it_is_torchs_to_the_digits_of_bfloat16(shape: tuple[int, int]) -> None:
    torch = pytest.importorskip("torch")
    x, gradients = given(shape)
    w = torch.tensor(x, requires_grad=True)
    optimizer = torch.optim.Muon([w], lr=0.03, momentum=0.9, weight_decay=0.1)
    for gradient in gradients:
        w.grad = torch.tensor(gradient)
        optimizer.step()
    rule = Muon(learning_rate=0.03, momentum=0.9, weight_decay=0.1)
    far = np.abs(walked(rule, x, gradients) - w.detach().numpy()).max()
    assert (
        far < 0.03 * len(gradients) * 0.03
    )  # of the steps' whole length 3%, and bfloat16 has 8 bits, five times over


@SHAPES
def test_its_matrix_is_optaxs(shape: tuple[int, int]) -> None:
    muon = pytest.importorskip("optax.contrib._muon")
    jax = pytest.importorskip("jax")
    x, (gradient, *_) = given(shape)
    dimensions = muon.MuonDimensionNumbers(reduction_axis=0, output_axis=1)
    theirs = muon.orthogonalize_via_newton_schulz(
        jax.numpy.asarray(gradient, "float32"), jax.numpy.array((A, B, C)), dimension_numbers=dimensions
    )
    step = x - walked(Muon(learning_rate=1.0, momentum=0.0), x, [gradient])
    scale = max(1.0, shape[0] / shape[1]) ** 0.5
    np.testing.assert_allclose(step / scale, np.asarray(theirs), rtol=2e-4, atol=2e-5)


@SHAPES
def test_singular_values_come_into_the_band(shape: tuple[int, int]) -> None:
    x, (gradient, *_) = given(shape)
    step = x - walked(Muon(learning_rate=1.0, momentum=0.0), x, [gradient])
    values = np.linalg.svd(step, compute_uv=False) / max(1.0, shape[0] / shape[1]) ** 0.5
    before = np.linalg.svd(gradient, compute_uv=False)
    assert (before > 0.002 * np.linalg.norm(before)).all()
    assert values.min() > 0.68
    assert values.max() < 1.21


def test_the_band_holds_for_every_singular_value() -> None:
    s = np.linspace(0.002, 1, 100_001)
    for _ in range(5):
        s = A * s + B * s**3 + C * s**5
    assert 0.68 < s.min() < 0.69
    assert 1.20 < s.max() < 1.21


def test_a_step_turns_with_its_matrix() -> None:
    x, gradients = given((4, 3))
    q, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(4, 4)))
    rule = Muon(learning_rate=0.1)
    turned = walked(rule, q @ x, [q @ gradient for gradient in gradients])
    np.testing.assert_allclose(turned, q @ walked(rule, x, gradients), rtol=1e-10, atol=1e-12)


def test_a_gradient_of_zeros_moves_nothing() -> None:
    x = np.ones((2, 3))
    np.testing.assert_array_equal(walked(Muon(), x, [np.zeros((2, 3))]), x)


@pytest.mark.parametrize("shape", [(), (3,), (2, 2, 2)], ids=str)
def test_what_is_no_matrix_is_refused_with_its_shape(shape: tuple[int, ...]) -> None:
    rule, x = Muon(), ParamTree([np.ones(shape)])
    with pytest.raises(UsageError) as caught:
        rule.update(x, 0.0, x, rule.init(x))
    assert f"a parameter of shape {shape}" in str(caught.value)
