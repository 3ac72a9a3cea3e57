"""What is said of a gradient that was written by hand."""

from __future__ import annotations

from collections.abc import Mapping

from downslope.messages import Template

GRADIENTS: Mapping[str, Template] = {
    "none": Template("The gradient is the derivative of its cost."),
    "sign": Template("The gradient has the wrong sign: it is minus the derivative of its cost."),
    "factor_two": Template(
        "The gradient is 2 times the derivative of its cost: is there a 1/2 in the cost, or a 2 too many?"
    ),
    "half": Template(
        "The gradient is half the derivative of its cost: is a factor 2 missing, or a 1/2 in the cost?"
    ),
    "sum_for_mean": Template(
        "The gradient is {ratio:.6g} times the derivative of its cost, which is n/2 for n = {n}: the sum "
        "of (Wx-y)x where the cost's derivative is 2·mean of it."
    ),
    "sum": Template(
        "The gradient is {ratio:.6g} times the derivative of its cost, which is n for n = {n}: a sum over "
        "the data where the cost has their mean."
    ),
    "mean": Template(
        "The gradient is {ratio:.6g} times the derivative of its cost, which is 1/n for n = {n}: a mean "
        "over the data where the cost has their sum."
    ),
    "mean_for_sum": Template(
        "The gradient is {ratio:.6g} times the derivative of its cost, which is 2/n for n = {n}: a mean "
        "with a factor 2 where the cost has half the sum."
    ),
    "zero": Template(
        "The gradient has nothing of the derivative in it: where {coordinate} should have {derivative:.6g} "
        "it has {supplied:.6g}."
    ),
    "constant": Template(
        "The gradient is {ratio:.6g} times the derivative of its cost everywhere: the right direction, the "
        "wrong length. A sum where the cost has a mean gives n, or n/2 without the factor 2."
    ),
    "one_coordinate": Template(
        "The gradient for {coordinate} is {supplied:.6g} where the derivative is {derivative:.6g}; the "
        "other coordinates are right."
    ),
    "one_coordinate.sign": Template(
        "The gradient for {coordinate} has the wrong sign: {supplied:.6g} where the derivative is "
        "{derivative:.6g}; the other coordinates are right."
    ),
    "one_coordinate.factor_two": Template(
        "The gradient for {coordinate} is 2 times the derivative: {supplied:.6g} instead of "
        "{derivative:.6g}; the other coordinates are right."
    ),
    "one_coordinate.half": Template(
        "The gradient for {coordinate} is half the derivative: {supplied:.6g} instead of {derivative:.6g}; "
        "is a factor 2 missing? The other coordinates are right."
    ),
    "permuted": Template("The gradient has the right numbers in the wrong order of coordinates."),
    "transposed": Template("The gradient is the derivative transposed."),
    "different": Template(
        "The gradient is not the derivative of its cost in {wrong}: for {coordinate} it is {supplied:.6g} "
        "where the derivative is {derivative:.6g}."
    ),
}
