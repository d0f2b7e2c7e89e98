"""The path by its other axis: the α at which a norm has a given value, and the solutions within balls.

A norm of the solutions falls as α grows: from its largest value, at α → 0, to 0, at αmax.  Between, it is strictly
monotone, so that every radius belongs to one α; all α from αmax on have radius 0, and all radii from the largest on
belong to α = 0, where the constraint does not bind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lozenge.results import Status

if TYPE_CHECKING:
    from lozenge.engine import Step
    from lozenge.source import Source

CLOSE = 1e-12  # of t: how near the norm comes to it
LOWEST = 1e-10  # of αmax: below it only α = 0 is tried
DECADE = 0.1
HALVINGS = 200


def alpha_for(source: Source, t: float, *, near: float | None = None) -> float:
    """The smallest α at which the norm is at most t, to 1e-12 of t; 0 where t is out of every α's reach.

    ``near`` is an α from which the search starts.
    """
    top = source.model.alpha_max
    if t == 0.0 or top == 0.0:
        return top
    if source.radius(top) > t:  # a ridge, which no α takes to zero
        low, high = top, top / DECADE
        while source.radius(high) > t:
            low, high = high, high / DECADE
        return _root(source, t, low, high)
    high, low = top, min(top, near or top) * DECADE
    while (reached := source.radius(low)) < t:
        high, low = low, low * DECADE
        if low < LOWEST * top:
            return _root(source, t, 0.0, high) if _free(source) > t else 0.0
    return low if reached == t else _root(source, t, low, high)


def _free(source: Source) -> float:
    """The norm at α = 0; 0 where there is no certified solution."""
    certified = source.solve(0.0).status is Status.CERTIFIED
    return source.radius(0.0) if certified else 0.0


def _root(source: Source, t: float, low: float, high: float) -> float:
    """Where the norm is t, between an α with a larger one and an α with a smaller one: ITP without its truncation.

    The secant is exact where the norm is linear in α, as the lasso's is between events.
    """
    over, under = source.radius(low) - t, source.radius(high) - t
    side = 0
    for _ in range(HALVINGS):
        guess = low + (high - low) * over / (over - under)
        if not low < guess < high:
            guess = 0.5 * (low + high)
        rest = source.radius(guess) - t
        if abs(rest) <= CLOSE * t or high - low <= CLOSE * high:
            return guess
        # The Illinois variant: the end that stays twice has its value halved, so that both ends close in.
        if rest > 0.0:
            low, over, under, side = guess, rest, 0.5 * under if side == 1 else under, 1
        else:
            high, under, over, side = guess, rest, 0.5 * over if side == -1 else over, -1
    return guess


def within(source: Source, radii: list[float]) -> list[tuple[float, Step]]:
    """(multiplier, certified step) of each radius, from small to large."""
    found: list[tuple[float, Step]] = []
    for t in radii:
        near = found[-1][0] if found else None
        alpha = alpha_for(source, t, near=near)
        found.append((alpha, source.confined(alpha, t)))
    return found
