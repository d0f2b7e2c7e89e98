"""Which weights belong together where there are several outputs: those of one output, and those of one column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lozenge.results import Indices, Model


def columns(model: Model) -> int:
    """Of X: weights there are as many times over as outputs with weights of their own."""
    return len(model.scale) // max(len(model.outputs), 1)


def output(model: Model, j: int) -> str | None:
    """The output that a weight is of; None where there is one."""
    return model.outputs[j // columns(model)] if model.outputs else None


def beside(model: Model, j: int) -> Indices:
    """Weights of the same output, this one among them."""
    p = columns(model)
    return np.arange(p) + j // p * p


def copies(model: Model, j: int) -> Indices:
    """Weights of the same column, this one among them."""
    return np.arange(j % columns(model), len(model.scale), columns(model))


def column_name(names: tuple[str, ...], model: Model, j: int) -> str:
    """The column of X whose weight it is."""
    own = output(model, j)
    return names[j] if own is None else names[j].removesuffix(f"[{own}]")
