"""The laws of a loss as a function of η: convex, without corners, with the derivatives that it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge.testing.broken import ROUNDING, shown

if TYPE_CHECKING:
    from lozenge.losses.base import Floats
    from lozenge.testing.response import Response

STEP, WIDE = 1e-6, 1e-5  # of differences of f and of f', relative to η
LOOSE = 1e-6  # relative, of what is computed by differences
DIGITS = 1e-13  # relative, of a user's own arithmetic
HALVINGS = 45  # of a cell of the grid, to rounding
JUMP = 1e-4  # of a gradient, relative: over a cell that is as narrow as rounding lets it be


def convex(subject: Response, rng: np.random.Generator) -> None:
    """A midpoint costs no more than the mean of the ends."""
    for _ in range(4):
        left, right = subject.points(rng), subject.points(rng)
        middle = 0.5 * (left + right)
        one, other, value = (subject.value(eta) for eta in (left, right, middle))
        room = ROUNDING * (1.0 + np.abs(one) + np.abs(other))
        both = np.isfinite(one) & np.isfinite(other)
        over = both & ~(value <= 0.5 * (one + other) + room)
        if over.any():
            i, j = (int(place[0]) for place in np.nonzero(over))
            raise subject.raised(
                "convex",
                f"value is {value[i, j]:g} at a midpoint and {0.5 * (one + other)[i, j]:g} in the mean of its ends",
                "value: lozenge minimises convex losses; another link may make it one",
                over,
                middle,
                **({"from_eta": left, "to_eta": right} if subject.q == 1 else {}),
            )


def gradient(subject: Response, rng: np.random.Generator) -> None:
    """Between the slopes of f to both sides, which hold f' even at a corner."""
    eta = subject.points(rng)
    value = subject.value(eta)
    found, _ = subject.inside("gradient", eta)
    h = STEP * _size(subject, eta)
    for d in subject.directions(rng):
        move = _along(subject, h, d)
        after, before = subject.value(eta + move), subject.value(eta - move)
        low, high = (value - before) / h, (after - value) / h
        inside = np.isfinite(low) & np.isfinite(high)
        slope = _dot(subject, found, d)
        room = LOOSE * (1.0 + np.abs(slope)) + DIGITS * (1.0 + np.abs(value)) / h

        def missed(g: Floats, low: Floats = low, high: Floats = high, room: Floats = room, inside: Any = inside) -> Any:
            return inside & ~((low - room <= g) & (g <= high + room))

        _compare(subject, "gradient", "value rises by", missed, slope, 0.5 * (low + high), eta)


def corner(subject: Response, rng: np.random.Generator) -> bool:  # noqa: ARG001 - as every law
    """f' does not jump: Newton's method follows it by f''."""
    if subject.q > 1 or subject.whole.sharpens:
        return False
    eta = subject.grid()
    low, high = eta[:, :-1], eta[:, 1:]
    below, above = subject.gradient(low), subject.gradient(high)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        at = subject.gradient(middle)
        right = np.abs(above - at) > np.abs(at - below)
        low, below = np.where(right, middle, low), np.where(right, at, below)
        high, above = np.where(right, high, middle), np.where(right, above, at)
    jump = np.abs(above - below) > JUMP * (1.0 + np.abs(below))
    if jump.any():
        i, j = (int(place[0]) for place in np.nonzero(jump))
        raise subject.raised(
            "corner",
            f"gradient jumps from {below[i, j]:g} to {above[i, j]:g}",
            "the loss: round its corner off, over a width that matters to nobody",
            jump,
            high,
        )
    return True


def curvature(subject: Response, rng: np.random.Generator) -> None:
    """Never negative, and between the slopes of f' to both sides."""
    eta = subject.points(rng)
    found, inside = subject.inside("curvature", eta)
    here = subject.gradient(eta)
    h = WIDE * _size(subject, eta)
    for d in subject.directions(rng):
        move = _along(subject, h, d)
        ahead, behind = eta + move, eta - move
        within = inside & np.isfinite(subject.value(ahead)) & np.isfinite(subject.value(behind))
        one, other = (
            _dot(subject, step, d) / h for step in (here - subject.gradient(behind), subject.gradient(ahead) - here)
        )
        bend = _bend(subject, found, d)
        slope = _dot(subject, here, d)
        room = LOOSE * (1.0 + np.abs(bend)) + DIGITS * (1.0 + np.abs(slope)) / h
        low, high = np.minimum(one, other), np.maximum(one, other)

        def missed(c: Floats, low: Floats = low, high: Floats = high, room: Floats = room, within: Any = within) -> Any:
            return within & ~((low - room <= c) & (c <= high + room))

        _compare(subject, "curvature", "gradient rises by", missed, bend, 0.5 * (one + other), eta)
    _never_negative(subject, rng)


def _never_negative(subject: Response, rng: np.random.Generator) -> None:
    for eta in (subject.points(rng), subject.far()):
        inside = np.isfinite(subject.value(eta))
        for d in subject.directions(rng):
            bend = _bend(subject, subject.curvature(eta), d)
            size = ROUNDING * np.abs(bend).max(initial=0.0, where=inside) if subject.q > 1 else 0.0
            low = inside & (bend < -size)
            if low.any():
                raise subject.raised(
                    "curvature",
                    f"it is {bend[low][0]:.3g}, and that of a convex loss is never negative",
                    "curvature: where differences cancel write a product, such as p * (1 - p), or np.maximum(..., 0)",
                    low,
                    eta,
                )


def smoothness(subject: Response, rng: np.random.Generator) -> bool:
    """f'' is at most that, and f' rises by no more per unit of η."""
    bound = _claim(subject, "smoothness", "above 0")
    if np.isinf(bound):
        return False
    for eta in (subject.points(rng), subject.far(), *([subject.grid()] if subject.q == 1 else [])):
        inside = np.isfinite(subject.value(eta))
        found = subject.curvature(eta)
        for d in subject.moves():
            bend = _bend(subject, found, d)
            over = inside & (bend > bound * (1.0 + LOOSE))
            if over.any():
                raise subject.raised(
                    "smoothness",
                    f"curvature is {np.max(bend[over]):g}, more than smoothness = {bound:g}",
                    "smoothness: a bound on f'' over all eta and y, or leave it out",
                    inside & (bend == np.max(bend[over])),
                    eta,
                )
    return True


def concordance(subject: Response, rng: np.random.Generator) -> bool:
    """f'' grows by e^(c|d|) at most over a step d: what |f'''| ≤ c f'' adds up to."""
    c = _claim(subject, "concordance", "at least 0")
    if np.isinf(c):
        return False
    eta = subject.points(rng)
    inside = np.isfinite(subject.value(eta))
    before = subject.curvature(eta)
    for d in subject.moves():
        here = _bend(subject, before, d)
        tiny = DIGITS * (1.0 + np.max(here, axis=1, keepdims=True, where=inside, initial=0.0))
        for step in (-2.0, -0.5, -0.1, 0.1, 0.5, 2.0):
            moved = eta + (step if subject.q == 1 else step * d)
            within = inside & np.isfinite(subject.value(moved))
            there = _bend(subject, subject.curvature(moved), d)
            over = within & (there > np.exp(c * abs(step)) * (1.0 + LOOSE) * (here + tiny))
            if over.any():
                i, j = (int(place[0]) for place in np.nonzero(over))
                raise subject.raised(
                    "concordance",
                    f"curvature goes from {here[i, j]:g} to {there[i, j]:g} over a step of {step:g}, more than "
                    f"e^({c:g}·{abs(step):g})-fold",
                    "concordance: c with |f'''| <= c f'' at all eta and y, or leave it out",
                    over,
                    eta,
                )
    return True


def _claim(subject: Response, what: str, due: str) -> float:
    """A bound that the loss claims; inf if it does not."""
    claimed = getattr(subject.given, what, np.inf)
    least = np.nextafter(0.0, 1.0) if what == "smoothness" else 0.0
    if not isinstance(claimed, (int, float, np.integer, np.floating)) or not claimed >= least:
        raise subject.broken(what, f"it is {shown(claimed)}", f"{what}: a number {due}", **{what: claimed})
    return float(claimed)


def _compare(subject: Response, law: str, words: str, missed: Any, found: Floats, slope: Floats, eta: Floats) -> None:
    """Raise where a derivative misses the differences, with what would be right."""
    bad = missed(found)
    if not bad.any():
        return
    i, j = (int(place[0]) for place in np.nonzero(bad))
    hint = f"{law} and {words.partition(' ')[0]}: one of them is another loss's"
    for told, factor in (
        ("its sign; minus it is right", -1.0),
        ("a factor 2; half of it is right", 0.5),
        ("a factor 2; twice it is right", 2.0),
    ):
        if not missed(factor * found).any():
            hint = f"{law}: {told}"
    raise subject.raised(law, f"it is {found[i, j]:g} where {words} {slope[i, j]:g} per unit of eta", hint, bad, eta)


def _size(subject: Response, eta: Floats) -> Floats:
    """(n, m) that of η, at least 1."""
    return np.maximum(1.0, np.abs(eta) if subject.q == 1 else np.max(np.abs(eta), axis=-1))


def _along(subject: Response, h: Floats, d: Floats) -> Floats:
    return h if subject.q == 1 else h[..., None] * d


def _dot(subject: Response, each: Floats, d: Floats) -> Floats:
    return each if subject.q == 1 else each @ d


def _bend(subject: Response, curvature: Floats, d: Floats) -> Floats:
    """dᵀf''d."""
    if subject.q == 1:
        return curvature
    return np.asarray(curvature @ d @ d if curvature.ndim == 4 else curvature @ np.square(d))
