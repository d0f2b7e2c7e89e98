"""The laws of a loss's conjugate and of its least value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lozenge.testing.broken import ROUNDING
from lozenge.testing.response import FARTHEST

if TYPE_CHECKING:
    from lozenge.losses.base import Floats
    from lozenge.results import Bools
    from lozenge.testing.response import Response

APPROACHED = 1e-5  # relative: how near the least value found comes to what is said
TOUCHING = 1e-9  # relative, of f + f* - uη at u = f'
BELOW = 1e-11  # relative, by which a bound may miss what it bounds through rounding
SHARES = (1.0, 0.9, 0.5, 0.0, 1.2, -0.5)  # of a slope, at which the conjugate is looked at
WAYS = (0.5, 1.0, 2.0, 10.0, 100.0, 1e3, 1e4)  # steps against the gradient, where there are several outputs


def saturated(subject: Response, rng: np.random.Generator) -> None:
    """Below every value, and the least found comes near it; 0 where the loss has no such method."""
    says = "saturated says"
    if subject.has("saturated"):
        least = subject.numbers("saturated", [subject.y.shape[:1]], subject.y)
    else:
        least, says = np.zeros(len(subject.y)), "saturated is left out, which says"
    eta = _low(subject, rng)
    value = subject.value(eta)
    best = np.argmin(value, axis=1)
    found = value[np.arange(len(value)), best]
    marked = np.zeros(value.shape, dtype=bool)
    for wrong, words in (
        (~np.isfinite(least), "which is no number"),
        (found < least - ROUNDING * (1.0 + np.abs(least)), "and value is less"),
        (found > least + APPROACHED * (1.0 + np.abs(least)), "and no value near that is found"),
    ):
        if wrong.any():
            i = int(np.argmax(wrong))
            marked[i, best[i]] = True
            raise subject.raised(
                "saturated",
                f"{says} {least[i]:g}, {words}: {found[i]:g} is the least found",
                f"saturated(y) = inf over eta of f; or check, which lets this y through ({subject.kind})",
                marked,
                eta,
            )


def conjugate(subject: Response, rng: np.random.Generator) -> bool:
    """f*(u) ≥ uη - f(η) everywhere, with equality at u = f'(η), and where a search finds the supremum."""
    if not subject.dual:
        return False
    eta = subject.points(rng)
    value = subject.value(eta)
    slopes = np.where(_wide(subject, np.isfinite(value)), subject.gradient(eta), 0.0)
    _touches(subject, eta, value, slopes)
    pairs = 0.5 * (slopes + slopes[:, ::-1])
    u = np.concatenate([share * (slopes if share < 1.0 else pairs) for share in SHARES], axis=1)
    found = subject.conjugate(u)
    _bounds(subject, u, found, _anywhere(subject, eta))
    if subject.q == 1:
        _searched(subject, u, found)
    return True


def _touches(subject: Response, eta: Floats, value: Floats, slopes: Floats) -> None:
    """Fenchel and Young's inequality is an equality at u = f'(η)."""
    found, product = subject.conjugate(slopes), _product(subject, slopes, eta)
    size = 1.0 + np.abs(value) + np.abs(product)
    over = np.isfinite(value) & ~(value + found <= product + TOUCHING * size)
    if over.any():
        i, j = (int(place[0]) for place in np.nonzero(over))
        what = "it is too large" if np.isfinite(found[i, j]) else "it is inf at a slope of the loss itself"
        raise subject.raised(
            "conjugate",
            f"{what}: f(eta) + f*(u) is {value[i, j] + found[i, j]:g} and u·eta is {product[i, j]:g} at u = f'(eta), "
            "where both must be equal",
            "conjugate: sup over eta of u·eta - f(eta); the sign of u, and constants that f leaves out",
            over,
            eta,
            **({"u": slopes} if subject.q == 1 else {}),
        )


def _bounds(subject: Response, u: Floats, found: Floats, eta: Floats) -> None:
    """No η does better than the conjugate says."""
    value = subject.value(eta)
    for j in range(eta.shape[1]):
        at = np.broadcast_to(eta[:, [j]], u.shape)
        product, cost = _product(subject, u, at), value[:, [j]]
        over = np.isfinite(cost) & (found < product - cost - BELOW * (1.0 + np.abs(product) + np.abs(cost)))
        if over.any():
            _too_small(subject, u, found, product - cost, over, at)


def _searched(subject: Response, u: Floats, found: Floats) -> None:
    """The supremum, where f' crosses u."""
    eta = subject.level(u)
    value, slope = subject.value(eta), subject.gradient(eta)
    product = u * eta
    size = 1.0 + np.abs(product) + np.abs(value)
    over = np.isfinite(value) & (found < product - value - BELOW * size)
    # By convexity it is the supremum where f' is u.
    there = np.isfinite(value) & (np.abs(slope - u) <= TOUCHING * (1.0 + np.abs(u))) & (np.abs(eta) < FARTHEST / 2)
    above = there & (found > product - value + APPROACHED * size)
    if over.any():
        _too_small(subject, u, found, product - value, over, eta)
    if above.any():
        i, j = (int(place[0]) for place in np.nonzero(above))
        raise subject.raised(
            "conjugate",
            f"it is too large: {found[i, j]:g}, where u·eta - f(eta) is {(product - value)[i, j]:g} at most",
            "conjugate: sup over eta of u·eta - f(eta), and where its domain ends",
            above,
            eta,
            u=u,
        )


def _too_small(subject: Response, u: Floats, found: Floats, sup: Floats, over: Bools, eta: Floats) -> None:
    i, j = (int(place[0]) for place in np.nonzero(over))
    far = float(np.max(np.abs(eta[i, j]))) > 100.0
    due = "inf outside its domain, where u·eta - f(eta) has no bound" if far else "sup over eta of u·eta - f(eta)"
    raise subject.raised(
        "conjugate",
        f"it is too small, which would certify what is not optimal: {found[i, j]:g}, where u·eta - f(eta) is "
        f"{sup[i, j]:g}",
        f"conjugate: {due}",
        over,
        eta,
        **({"u": u} if subject.q == 1 else {}),
    )


def _low(subject: Response, rng: np.random.Generator) -> Floats:
    """η where f may be least."""
    points = subject.points(rng)
    if subject.q == 1:
        level = subject.level(np.zeros((len(subject.y), 1)))
        ends = np.tile([-FARTHEST, -1e3, 1e3, FARTHEST], (len(subject.y), 1))
        return np.concatenate([points, level, ends], axis=1)
    inside = _wide(subject, np.isfinite(subject.value(points)))
    down = np.where(inside, -subject.gradient(points), 0.0)
    return np.concatenate([points, *(points + way * down for way in WAYS)], axis=1)


def _anywhere(subject: Response, eta: Floats) -> Floats:
    """η far and near: where u is outside the domain, the farthest tell most."""
    if subject.q > 1:
        return np.concatenate([subject.far(), eta], axis=1)
    ends = np.tile([-FARTHEST, FARTHEST], (len(subject.y), 1))
    return np.concatenate([ends, subject.far(), eta], axis=1)


def _wide(subject: Response, marked: Bools) -> Bools:
    return marked if subject.q == 1 else marked[..., None]


def _product(subject: Response, u: Floats, eta: Floats) -> Floats:
    return u * eta if subject.q == 1 else np.asarray(np.sum(u * eta, axis=-1))
