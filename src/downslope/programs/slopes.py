"""The slopes of operations on elements, by each operand."""

from __future__ import annotations

from collections.abc import Container, Iterator

import numpy as np

from downslope.language.functions import FUNCTIONS
from downslope.programs.adjoints import Adjoint
from downslope.programs.arithmetic import apply, div, formula, mul, neg, sub, times, where
from downslope.programs.formulas import partial_formulas
from downslope.programs.node import ArrayNode


def contributions(
    node: ArrayNode, adjoint: Adjoint, active: Container[int]
) -> Iterator[tuple[ArrayNode, Adjoint]]:
    """What the adjoint of an operation on elements gives to each of its operands that are active."""
    operands, value = node.operands, adjoint.value
    match node.operation:
        case "where":
            parts = {1: adjoint.under(operands[0], True), 2: adjoint.under(operands[0], False)}
            yield from ((operands[k], part) for k, part in parts.items() if operands[k].index in active)
        case "max" | "min":
            yield from (part for part in _of_extreme(node, adjoint) if part[0].index in active)
        case "relu":
            yield operands[0], adjoint.under(apply("greater", operands[0], node.graph.number(0.0)), True)
        case "mul" if operands[0] is operands[1]:
            slope = times(node.graph.number(2.0), operands[0])
            yield operands[0], adjoint.changed(times(slope, value))
        case _:
            for k, operand in enumerate(operands):
                if operand.index in active:
                    part = _changed(node, k, value)
                    if part is not None:
                        yield operand, adjoint.changed(part, _is_finite(node, k))


def _is_finite(node: ArrayNode, k: int) -> bool:
    """Whether the slope by operand k is finite whatever the inputs."""
    if node.operation in ("add", "sub", "neg"):
        return True
    if node.operation == "mul" or (node.operation == "div" and k == 0):
        other = node.operands[1 - k]
        if other.operation == "number":
            return bool(np.isfinite(other.detail) and (other.detail or node.operation == "mul"))
    return False


def _of_extreme(node: ArrayNode, adjoint: Adjoint) -> Iterator[tuple[ArrayNode, Adjoint]]:
    """Of the larger or the smaller of two: where they are equal, each has half."""
    a, b = node.operands
    half = times(adjoint.value, node.graph.number(0.5))
    shared = adjoint._replace(value=where(apply("equal", a, b), half, adjoint.value))
    first, other = ("less", "greater") if node.operation == "max" else ("greater", "less")
    yield a, shared.under(apply(first, a, b), False)
    yield b, shared.under(apply(other, a, b), False)


def _slope(node: ArrayNode, k: int) -> ArrayNode | None:
    """The derivative of a function of elements by operand k; None where that is 0."""
    if node.operation == "pow":
        return _by_exponent(*node.operands) if k else _by_base(*node.operands)
    root = partial_formulas(node.operation)[k]
    slope = formula(root, dict(zip(FUNCTIONS[node.operation].arguments, node.operands, strict=True)))
    return None if slope.literal == 0 else slope


# The conventions of ``symbolic.derivatives`` at 0:


def _by_base(base: ArrayNode, exponent: ArrayNode) -> ArrayNode | None:
    if exponent.literal == 0:
        return None
    return times(exponent, apply("pow", base, sub(exponent, base.graph.number(1.0))))


def _by_exponent(base: ArrayNode, exponent: ArrayNode) -> ArrayNode:
    graph, zero = base.graph, base.graph.number(0.0)
    whole = apply("pow", base, exponent)
    if base.operation != "number":
        # 0^v is 0 for every v > 0, so its derivative in v is 0 there, where log(0) * 0 would be NaN
        vanishes = apply("and", apply("equal", base, zero), apply("greater", exponent, zero))
        return where(vanishes, zero, mul(whole, apply("log", base)))
    if base.detail == 0:
        return where(apply("greater", exponent, zero), zero, graph.number(np.nan))
    if base.detail < 0:
        return graph.number(np.nan)  # real at whole numbers only
    return times(graph.number(float(np.log(base.detail))), whole)


def tangent(node: ArrayNode, tangents: list[ArrayNode | None]) -> ArrayNode | None:
    """How the result of an operation on elements changes as its operands change so; None where it does not."""
    graph, operands = node.graph, node.operands
    zero = graph.number(0.0)
    match node.operation:
        case "where":
            if tangents[1] is None and tangents[2] is None:
                return None
            return where(operands[0], tangents[1] or zero, tangents[2] or zero)
        case "max" | "min":
            (a, b), (p, q) = operands, (t or zero for t in tangents)
            larger = "greater" if node.operation == "max" else "less"
            mean = times(graph.number(0.5), apply("add", p, q))
            return where(apply(larger, a, b), p, where(apply(larger, b, a), q, mean))
        case "relu":
            assert tangents[0] is not None
            return where(apply("greater", operands[0], zero), tangents[0], zero)
        case "mul" if operands[0] is operands[1]:
            assert tangents[0] is not None
            return times(times(graph.number(2.0), operands[0]), tangents[0])
    found: ArrayNode | None = None
    for k, change in enumerate(tangents):
        if change is not None:
            part = _changed(node, k, change)
            if part is not None:
                found = part if found is None else apply("add", found, part)
    return found


def _changed(node: ArrayNode, k: int, change: ArrayNode) -> ArrayNode | None:
    """The part of the change that operand k brings."""
    operands = node.operands
    match node.operation:
        case "add":
            return change
        case "sub":
            return neg(change) if k else change
        case "neg":
            return neg(change)
        case "mul":
            return times(change, operands[1 - k])
        case "div":
            part = times(change, div(node.graph.number(1.0), operands[1]))
            return neg(mul(part, node)) if k else part
    slope = _slope(node, k)
    return None if slope is None else times(change, slope)
