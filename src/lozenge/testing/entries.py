"""The laws of a loss's answers as arrays: entry by entry, the same each time, finite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lozenge.testing.response import FAR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lozenge.losses.base import Floats
    from lozenge.testing.response import Response

ALONE = 1e-12  # relative: a vector instruction may round otherwise than a scalar one
HUGE = 1e100  # a value that overflows was at least that just before
NO_EDGE = 350.0  # η from which on an infinite value is taken for an overflow, and not for the edge of a domain
PICKED = 12  # entries that are computed alone


def rows(subject: Response, rng: np.random.Generator) -> None:
    """One number for each y and η, from that y and η alone; none for no rows."""
    eta = subject.points(rng)
    n, m = eta.shape[:2]
    for method, table in _tables(subject, eta):
        whole = _table(subject, method, table)
        for _ in range(PICKED):
            i, j = int(rng.integers(n)), int(rng.integers(m))
            one = np.ravel(_table(subject.taking([i]), method, table[[i], j][:, None]))
            among = np.ravel(whole[i, j])
            if (np.abs(among - one) > ALONE * (1.0 + np.abs(one))).any():
                at = table[i, j]
                raise subject.broken(
                    "rows",
                    f"{method} is {among[0]:.12g} for an entry among others and {one[0]:.12g} for the same one alone",
                    f"{method}: sums, means or maxima over all entries",
                    y=subject.y[i],
                    **{"u" if method == "conjugate" else "eta": at if at.ndim else float(at)},
                )
        _table(subject.taking(slice(0, 0)), method, table[:0])
    _lines(subject, eta, rng)


def _lines(subject: Response, eta: Floats, rng: np.random.Generator) -> None:
    """The methods of y or η alone, (n,)."""
    n = len(subject.y)
    for method, whole in (("saturated", subject.y), ("mean", eta[:, 1])):
        if not subject.has(method):
            continue
        several = method == "mean" and subject.q > 1  # a mean per output, or a probability per class
        found = subject.numbers(method, [(n, subject.q), (n, subject.q + 1)] if several else [(n,)], whole)
        i = int(rng.integers(n))
        one = subject.numbers(method, [(1, *found.shape[1:])], whole[[i]])[0]
        if (np.abs(found[i] - one) > ALONE * (1.0 + np.abs(one))).any():
            raise subject.broken(
                "rows",
                f"{method} is {np.ravel(found[i])[0]:g} for a row among others and {np.ravel(one)[0]:g} for it alone",
                f"{method}: sums, means or maxima over all rows",
                row=i,
            )
        subject.numbers(method, [(0, *found.shape[1:])], whole[:0])


def _tables(subject: Response, eta: Floats) -> Iterator[tuple[str, Floats]]:
    """The methods of y (n, 1) against a table, and a table each."""
    yield from ((method, eta) for method in ("value", "gradient", "curvature"))
    if subject.dual:
        yield "conjugate", np.nan_to_num(0.5 * subject.gradient(eta), posinf=0.0, neginf=0.0)


def _table(subject: Response, method: str, table: Floats) -> Floats:
    found: Floats = getattr(subject, method)(table)
    return np.nan_to_num(found)


def inputs(subject: Response, rng: np.random.Generator) -> None:
    """That arguments are left as they are is looked at in every call; here, that answers are."""
    eta, other = subject.points(rng), subject.points(rng)
    asked = [
        (method, (subject.y[:, None], table), (subject.y[:, None], other)) for method, table in _tables(subject, eta)
    ]
    for method, first, second in asked:
        before = subject.asked(method, *first)
        kept = np.array(before)
        subject.asked(method, *second)
        if not np.array_equal(before, kept, equal_nan=True):
            raise subject.broken(
                "inputs",
                f"{method} writes its next answer over its last",
                f"{method}: give a new array each time",
                before=kept,
            )
        again = np.asarray(subject.asked(method, *first))
        if not np.array_equal(again, kept, equal_nan=True):
            raise subject.broken(
                "inputs",
                f"{method} gives two answers for one input",
                f"{method}: state that is kept between calls, or chance",
                first=kept,
                second=again,
            )


def finite(subject: Response, _: np.random.Generator) -> None:
    """Finite at 0, where the search begins, and wherever the exact value is a float."""
    if not subject.ours:
        start = np.zeros((len(subject.y), 1))
        value = subject.value(start)
        if not np.isfinite(value).all():
            raise subject.raised(
                "finite",
                "value is inf at eta = 0, where the search begins",
                f"value, or check, which lets this y through ({subject.kind})",
                ~np.isfinite(value),
                start,
            )
    eta = subject.far()
    value = subject.value(eta)
    for method in ("gradient", "curvature"):
        subject.inside(method, eta)
    if subject.q > 1 or float(np.max(np.abs(subject.centre))) > 100.0:
        return
    # From 0 outwards: exp is 1e304 before it is inf, and what was far smaller has overflowed on the way.
    steps, middle = len(FAR), len(FAR) - 1
    for way in (1, -1):
        for k in range(1, steps):
            before, at = value[:, middle + way * (k - 1)], value[:, middle + way * k]
            lost = np.isposinf(at) & (np.abs(before) < HUGE) & (FAR[k] > NO_EDGE)
            if lost.any():
                i = int(np.argmax(lost))
                raise subject.broken(
                    "finite",
                    f"value is {before[i]:g} at eta = {way * FAR[k - 1]:g} and inf at eta = {way * FAR[k]:g}",
                    "value, in a form that does not overflow: np.logaddexp(0, eta), not np.log(1 + np.exp(eta))",
                    y=float(subject.centre[i]),
                )


def mean(subject: Response, rng: np.random.Generator) -> bool:
    """A number for every η of ordinary size."""
    if not subject.has("mean"):
        return False
    eta = subject.points(rng)
    flat = eta.reshape(-1, *eta.shape[2:])
    found = np.asarray(subject.asked("mean", flat))
    bad = ~np.isfinite(found).reshape(len(flat), -1).all(axis=1)
    if bad.any():
        at = flat[int(np.argmax(bad))]
        raise subject.broken(
            "mean",
            f"it is {np.ravel(found[bad])[0]:g}",
            "mean: what is foretold at eta",
            eta=at if at.ndim else float(at),
        )
    return True
