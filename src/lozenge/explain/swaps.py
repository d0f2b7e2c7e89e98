"""Why a feature is in a best subset or not: what the subset without it, or with it, would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge.explain.words import number, percent
from lozenge.results import Status

if TYPE_CHECKING:
    from lozenge.results import Forces, Path, Reason

SAME = 1e-9  # of the null model's loss: what is less is no difference


def swapped(path: Path, forces: Forces, j: int) -> dict[str, Any]:
    """The fields of a `Reason` that only a path by size has."""
    swaps = forces.swaps
    if swaps is None:
        return {}
    place = int(np.flatnonzero(path.axis == swaps.size)[0])
    first, span = int(path.history.entered[j]), path.model.null_loss - path.model.saturated_loss
    rise: float | None = float(swaps.rise[j])
    if swaps.size == 0 or np.isnan(swaps.rise[j]) or path.model.constant[j]:
        rise = None
    certificate = path.certificates[place]
    return {
        "size": swaps.size,
        "rise": rise,
        "rise_share": rise / span if rise is not None and span > 0 else None,
        "instead_of": path.feature_names[swaps.other[j]] if swaps.other[j] >= 0 else None,
        "first_size": int(path.axis[first]) if first >= 0 else None,
        "short_by": min(certificate.value, 1.0) if certificate.kind == "bound" else None,
        "proved": certificate.kind == "bound" and path.status[place] is Status.CERTIFIED,
    }


def exchange(reason: Reason) -> str:
    """Say what it would cost to be without it, or to have it."""
    if reason.rise is None:
        return ""
    amount, same = _amount(reason), abs(reason.rise_share or 0.0) <= SAME
    loss = "loss with its ridge" if reason.ridge else "loss"
    rest = "the others refitted" if reason.state == "kept" else "all weights refitted"
    if reason.state == "kept":
        if same:
            return f"Without it, {rest}, the {loss} would be the same: the others tell what it tells."
        return f"Without it, {rest}, the {loss} would rise by {amount}."
    if reason.instead_of is None:
        if same:
            return "There is room for it in this subset, but nothing is left for it to explain."
        return f"As one more, {rest}, it would lower the {loss} by {amount}."
    full = f"The subset is full, so it needs a place; that of {reason.instead_of} costs least"
    if same:
        return f"{full}: in it, {rest}, the {loss} would be the same, so that the data do not decide between the two."
    if reason.rise < 0:
        return f"{full}: in it, {rest}, the {loss} would fall by {amount}."
    other = ", and in any other by more or as much" if reason.exact else ""
    return f"{full}: in it, {rest}, the {loss} would rise by {amount}{other}."


def visits(reason: Reason) -> str:
    """Say in which sizes of the path it is."""
    first, size = reason.first_size, reason.size
    if first is None or size is None:
        return ""
    if first > size:
        return f"It is kept at size {first:,}."
    if reason.state == "zero":
        return f"It is kept at size {first:,}, and not here: best subsets need not be nested."
    return f"The smallest subset of this path that keeps it has size {first:,}." if first < size else ""


def caution(reason: Reason) -> str:
    """Say what was proved of the subset."""
    if reason.size == 0:
        return ""
    if reason.proved:
        within = f", to within {reason.short_by:.0e} of the null model's loss," if reason.short_by else ""
        return f"It is proved{within} that no subset of at most {_many(reason)} does better."
    if reason.short_by is None:
        return (
            "Exchanges are judged by the quadratic model of the loss at these weights; another subset may do better: "
            "that is not ruled out."
        )
    most = f", by at most {percent(reason.short_by)} of the null model's loss" if reason.short_by < 1.0 else ""
    return f"That no exchange helps is no proof: another subset may have a lower loss{most}."


def _many(reason: Reason) -> str:
    beside = reason.size is not None and reason.kept > reason.size
    return f"{reason.size:,} feature{'s' * (reason.size != 1)}" + " besides the unpenalised" * beside


def _amount(reason: Reason) -> str:
    rise = abs(reason.rise or 0.0)
    share = "" if reason.rise_share is None else f", {percent(abs(reason.rise_share))} of the null model's"
    about = "" if reason.exact else "about "
    return f"{about}{number(rise)}{share}"
