"""What is said of what curvature promises; ``.single`` of one curvature alone."""

from __future__ import annotations

from collections.abc import Mapping

from downslope.messages import Template

FORECASTS: Mapping[str, Template] = {
    "steps": Template(
        "Curvatures from {smallest:.4g} to {largest:.4g} (κ = {condition:.4g}) allow learning rates below "
        "{limit:.4g}; with {rate:.4g} the gradient falls to {tolerance:.3g} in {n:,} step.",
        "Curvatures from {smallest:.4g} to {largest:.4g} (κ = {condition:.4g}) allow learning rates below "
        "{limit:.4g}; with {rate:.4g} the gradient falls to {tolerance:.3g} in {n:,} steps.",
    ),
    "steps.local": Template(
        "Near the minimum curvatures from {smallest:.4g} to {largest:.4g} (κ = {condition:.4g}) allow "
        "learning rates below {limit:.4g}; there {rate:.4g} would bring the gradient to {tolerance:.3g} in "
        "about {n:,} step.",
        "Near the minimum curvatures from {smallest:.4g} to {largest:.4g} (κ = {condition:.4g}) allow "
        "learning rates below {limit:.4g}; there {rate:.4g} would bring the gradient to {tolerance:.3g} in "
        "about {n:,} steps.",
    ),
    "diverges": Template(
        "The largest curvature {largest:.4g} allows learning rates below {limit:.4g}; with {rate:.4g} it "
        "will not converge."
    ),
    "diverges.local": Template(
        "Near the minimum the largest curvature {largest:.4g} allows learning rates below {limit:.4g}; "
        "with {rate:.4g} it will not settle there."
    ),
    "limit": Template("The largest curvature {largest:.4g} allows learning rates below {limit:.4g}."),
    "limit.local": Template(
        "Near the minimum the largest curvature {largest:.4g} allows learning rates below {limit:.4g}."
    ),
    "curvature": Template("The curvatures go from {smallest:.4g} to {largest:.4g} (κ = {condition:.4g})."),
    "curvature.local": Template(
        "Near the minimum the curvatures go from {smallest:.4g} to {largest:.4g} (κ = {condition:.4g})."
    ),
    "seen": Template(
        "At the last point the curvatures go from about {smallest:.4g} to about {largest:.4g} (κ ≈ "
        "{condition:.4g})."
    ),
    "seen.up": Template(
        "At the last point the downward curvatures go from about {smallest:.4g} to about {largest:.4g} (κ ≈ "
        "{condition:.4g})."
    ),
    "seen.limit": Template(
        "At the last point curvatures from about {smallest:.4g} to about {largest:.4g} (κ ≈ {condition:.4g}) "
        "allow learning rates below {limit:.4g}."
    ),
    "seen.limit.up": Template(
        "At the last point downward curvatures from about {smallest:.4g} to about {largest:.4g} (κ ≈ "
        "{condition:.4g}) allow learning rates below {limit:.4g}."
    ),
    "nowhere": Template("There is nothing to arrive at: the objective falls without end."),
    "nowhere.up": Template("There is nothing to arrive at: the objective rises without end."),
    "steps.up": Template(
        "Downward curvatures from {smallest:.4g} to {largest:.4g} (κ = {condition:.4g}) allow learning "
        "rates below {limit:.4g}; with {rate:.4g} the gradient falls to {tolerance:.3g} in {n:,} step.",
        "Downward curvatures from {smallest:.4g} to {largest:.4g} (κ = {condition:.4g}) allow learning "
        "rates below {limit:.4g}; with {rate:.4g} the gradient falls to {tolerance:.3g} in {n:,} steps.",
    ),
    "steps.local.up": Template(
        "Near the maximum downward curvatures from {smallest:.4g} to {largest:.4g} (κ = {condition:.4g}) "
        "allow learning rates below {limit:.4g}; there {rate:.4g} would bring the gradient to "
        "{tolerance:.3g} in about {n:,} step.",
        "Near the maximum downward curvatures from {smallest:.4g} to {largest:.4g} (κ = {condition:.4g}) "
        "allow learning rates below {limit:.4g}; there {rate:.4g} would bring the gradient to "
        "{tolerance:.3g} in about {n:,} steps.",
    ),
    "diverges.up": Template(
        "The largest downward curvature {largest:.4g} allows learning rates below {limit:.4g}; with "
        "{rate:.4g} it will not converge."
    ),
    "diverges.local.up": Template(
        "Near the maximum the largest downward curvature {largest:.4g} allows learning rates below "
        "{limit:.4g}; with {rate:.4g} it will not settle there."
    ),
    "limit.up": Template(
        "The largest downward curvature {largest:.4g} allows learning rates below {limit:.4g}."
    ),
    "limit.local.up": Template(
        "Near the maximum the largest downward curvature {largest:.4g} allows learning rates below "
        "{limit:.4g}."
    ),
    "curvature.up": Template(
        "The downward curvatures go from {smallest:.4g} to {largest:.4g} (κ = {condition:.4g})."
    ),
    "curvature.local.up": Template(
        "Near the maximum the downward curvatures go from {smallest:.4g} to {largest:.4g} (κ = "
        "{condition:.4g})."
    ),
    "steps.single": Template(
        "The curvature {largest:.4g} allows learning rates below {limit:.4g}; with {rate:.4g} the gradient "
        "falls to {tolerance:.3g} in {n:,} step.",
        "The curvature {largest:.4g} allows learning rates below {limit:.4g}; with {rate:.4g} the gradient "
        "falls to {tolerance:.3g} in {n:,} steps.",
    ),
    "steps.single.local": Template(
        "Near the minimum the curvature {largest:.4g} allows learning rates below {limit:.4g}; there "
        "{rate:.4g} would bring the gradient to {tolerance:.3g} in about {n:,} step.",
        "Near the minimum the curvature {largest:.4g} allows learning rates below {limit:.4g}; there "
        "{rate:.4g} would bring the gradient to {tolerance:.3g} in about {n:,} steps.",
    ),
    "diverges.single": Template(
        "The curvature {largest:.4g} allows learning rates below {limit:.4g}; with {rate:.4g} it will not "
        "converge."
    ),
    "diverges.single.local": Template(
        "Near the minimum the curvature {largest:.4g} allows learning rates below {limit:.4g}; with "
        "{rate:.4g} it will not settle there."
    ),
    "limit.single": Template("The curvature {largest:.4g} allows learning rates below {limit:.4g}."),
    "limit.single.local": Template(
        "Near the minimum the curvature {largest:.4g} allows learning rates below {limit:.4g}."
    ),
    "curvature.single": Template("The curvature is {largest:.4g}."),
    "curvature.single.local": Template("Near the minimum the curvature is {largest:.4g}."),
    "steps.single.up": Template(
        "The downward curvature {largest:.4g} allows learning rates below {limit:.4g}; with {rate:.4g} the "
        "gradient falls to {tolerance:.3g} in {n:,} step.",
        "The downward curvature {largest:.4g} allows learning rates below {limit:.4g}; with {rate:.4g} the "
        "gradient falls to {tolerance:.3g} in {n:,} steps.",
    ),
    "steps.single.local.up": Template(
        "Near the maximum the downward curvature {largest:.4g} allows learning rates below {limit:.4g}; "
        "there {rate:.4g} would bring the gradient to {tolerance:.3g} in about {n:,} step.",
        "Near the maximum the downward curvature {largest:.4g} allows learning rates below {limit:.4g}; "
        "there {rate:.4g} would bring the gradient to {tolerance:.3g} in about {n:,} steps.",
    ),
    "diverges.single.up": Template(
        "The downward curvature {largest:.4g} allows learning rates below {limit:.4g}; with {rate:.4g} it "
        "will not converge."
    ),
    "diverges.single.local.up": Template(
        "Near the maximum the downward curvature {largest:.4g} allows learning rates below {limit:.4g}; "
        "with {rate:.4g} it will not settle there."
    ),
    "limit.single.up": Template(
        "The downward curvature {largest:.4g} allows learning rates below {limit:.4g}."
    ),
    "limit.single.local.up": Template(
        "Near the maximum the downward curvature {largest:.4g} allows learning rates below {limit:.4g}."
    ),
    "curvature.single.up": Template("The downward curvature is {largest:.4g}."),
    "curvature.single.local.up": Template("Near the maximum the downward curvature is {largest:.4g}."),
}
