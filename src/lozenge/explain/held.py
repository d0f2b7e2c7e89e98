"""What holds a weight: what is set against its price, with which others, and whether the penalty is convex."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lozenge.explain import outputs
from lozenge.penalties import L2, PENALTIES
from lozenge.penalties.words import made

if TYPE_CHECKING:
    from lozenge.results import Bools, Floats, Forces, Path

NAMED = 12  # of the features that are held together with one


class Held(NamedTuple):
    """What holds one feature, as `lozenge.results.Hold` names it; with whom, at most twelve of them, and how many."""

    by: str
    pull: float
    others: tuple[str, ...]
    more: int
    group: str | None


def pulls(forces: Forces) -> Floats:
    """(p,) what is set against the price."""
    return np.abs(forces.left) if forces.hold is None else forces.hold.pull


def shares(forces: Forces) -> Floats:
    """(p,) of the price; nan where there is none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(forces.price > 0, pulls(forces) / forces.price, np.nan)


def kind(forces: Forces, j: int) -> str:
    """What holds a feature."""
    return "price" if forces.hold is None else forces.hold.kind[j]


def held(path: Path, forces: Forces, j: int) -> Held:
    """What holds a feature, in words."""
    if forces.hold is None or forces.hold.block[j] < 0:
        return Held(kind(forces, j), float(pulls(forces)[j]), (), 0, None)
    members = np.flatnonzero(forces.hold.block == forces.hold.block[j])
    others = members[members != j]
    names = tuple(path.feature_names[k] for k in others[:NAMED])
    return Held(kind(forces, j), float(forces.hold.pull[j]), names, len(others), _name(path, j))


def _name(path: Path, j: int) -> str | None:
    """The name that stands for several columns, this one among them."""
    model = path.model
    if model.penalty not in PENALTIES:
        return None
    p = outputs.columns(model)
    names = tuple(outputs.column_name(path.feature_names, model, k) for k in range(p))
    aliases = made(model.penalty, model.penalty_parameters).aliases(names)
    return next((name for name, members in aliases.items() if j % p in members), None)


def convex(path: Path) -> bool:
    """Whether there is an optimum to speak of at the chosen α: else it is a stationary point."""
    if path.certificates[path.chosen].kind == "gap":
        return True
    if path.source is not None:
        return path.source.convex
    return path.model.penalty in PENALTIES and made(path.model.penalty, path.model.penalty_parameters).convex


def always(path: Path) -> Bools:
    """(p,) penalised features that are not zero even at αmax: no α is known that holds them there."""
    found: Bools = (path.history.entered == 0) & (path.model.penalty_weights > 0)
    cornerless = path.model.penalty == L2.name
    return found & (cornerless or bool(path.alphas[0] >= path.model.alpha_max))
