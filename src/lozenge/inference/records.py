"""What was inferred, each with its assumption, and the tables that show both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lozenge.results import Floats, Indices

WIDTH, NAME = 80, 28  # of a line, and the most of a name
MANY = 30  # features that a table shows


@dataclass(frozen=True, eq=False, repr=False)
class Intervals:
    """Desparsified weights with confidence intervals, one for each of k features.

    Attributes
    ----------
    weight, low, high, se, lasso : (k,) user's units
        The desparsified weight, its interval, its standard error, and the lasso's weight that it sets out from.  A
        feature whose column is too much like the others has an interval from -inf to inf and a standard error of inf.
    bias_factor : (k,)
        η: bias over standard error is at most η·‖b̂ - b‖₁/σ, the lasso's weights against the true ones, both per
        standard deviation of their features.
    alpha, level : of the lasso, and of the intervals
    sigma, noise : standard deviation of the noise, and where that is known from; None for the logistic loss
    assumption : what must hold for the intervals to cover at their level
    """

    feature_names: tuple[str, ...]
    weight: Floats
    low: Floats
    high: Floats
    se: Floats
    lasso: Floats
    bias_factor: Floats
    alpha: float
    level: float
    sigma: float | None
    noise: str
    loss: str
    assumption: str

    def __repr__(self) -> str:
        clear = sum(_clear(self.low, self.high))
        return (
            f"<Intervals of {self.loss}: {len(self.weight)} weights at level {self.level:g}, {clear} without 0, "
            f"alpha {self.alpha:.6g}>"
        )

    def __str__(self) -> str:
        noise = "" if self.sigma is None else f", sigma {self.sigma:.4g} ({self.noise})"
        title = f"Desparsified weights, {100 * self.level:g} % intervals, alpha {self.alpha:.4g}{noise}"
        columns = {"weight": self.weight, "low": self.low, "high": self.high, "lasso": self.lasso}
        clear = _clear(self.low, self.high)
        order = sorted(range(len(clear)), key=lambda j: (not clear[j], self.lasso[j] == 0.0))
        return "\n".join(
            [*wrap(title, WIDTH), *_table(self.feature_names, columns, order), *wrap(self.assumption, WIDTH)]
        )


@dataclass(frozen=True, eq=False, repr=False)
class SelectedIntervals:
    """Intervals for the weights of the model that the lasso selected at a fixed α, given that it did.

    Attributes
    ----------
    feature_names : of the k kept features
    weight, low, high, se, lasso : (k,) user's units
        Least squares on the kept features, its interval, its standard error before selection, and the lasso's weight.
        An end may be infinite.
    floor, ceiling : (k,)
        Between these the least-squares weight can lie with the same features kept with the same signs, all that is
        independent of it held fixed.
    alpha, level, sigma : as they were given
    assumption : what must hold for the intervals to cover at their level
    """

    feature_names: tuple[str, ...]
    weight: Floats
    low: Floats
    high: Floats
    se: Floats
    lasso: Floats
    floor: Floats
    ceiling: Floats
    alpha: float
    level: float
    sigma: float
    assumption: str

    def __repr__(self) -> str:
        clear = sum(_clear(self.low, self.high))
        return (
            f"<SelectedIntervals: {len(self.weight)} kept weights at level {self.level:g}, {clear} without 0, "
            f"alpha {self.alpha:.6g}, sigma {self.sigma:.4g}>"
        )

    def __str__(self) -> str:
        title = (
            f"Weights of the selected model, {100 * self.level:g} % intervals, alpha {self.alpha:.4g}, "
            f"sigma {self.sigma:.4g}"
        )
        columns = {"weight": self.weight, "low": self.low, "high": self.high, "lasso": self.lasso}
        order = range(len(self.weight))
        return "\n".join(
            [*wrap(title, WIDTH), *_table(self.feature_names, columns, order), *wrap(self.assumption, WIDTH)]
        )


@dataclass(frozen=True, eq=False, repr=False)
class Knockoffs:
    """Features that beat their knockoffs, by more than chance would have it.

    Attributes
    ----------
    selected : indices of the selected features
    statistic : (p,)
        W: by how much a feature's weight per standard deviation exceeds that of its knockoff.
    threshold : the least W that is selected; inf where nothing is
    fdr : what the expected share of false features among the selected is to stay below
    estimated_fdp : (1 + #{W ≤ -threshold}) / #{W ≥ threshold}; 0 where nothing is selected
    alpha : at which the statistic was read, with the smallest cross-validated deviance
    slack : (p,) s: how far each knockoff is from its feature, as a share of its variance; 0 is a copy
    method, covariance : how s was found, and where the covariance is known from
    assumption : what must hold for the rate to be kept
    """

    feature_names: tuple[str, ...]
    selected: Indices
    statistic: Floats
    threshold: float
    fdr: float
    estimated_fdp: float
    alpha: float
    slack: Floats
    method: str
    covariance: str
    loss: str
    assumption: str

    def __repr__(self) -> str:
        return (
            f"<Knockoffs of {self.loss}: {len(self.selected)} of {len(self.statistic)} features selected at a false "
            f"discovery rate of {self.fdr:g}, covariance {self.covariance}>"
        )

    def __str__(self) -> str:
        count = len(self.selected)
        told = f"estimated share of false ones {self.estimated_fdp:.3g}" if count else "no threshold keeps the rate"
        title = (
            f"Knockoff+ at a false discovery rate of {self.fdr:g}: {count} of {len(self.statistic)} features selected, "
            f"{told}"
        )
        order = sorted(self.selected.tolist(), key=lambda j: -self.statistic[j])
        rows = _table(self.feature_names, {"W": self.statistic}, order) if count else []
        return "\n".join([*wrap(title, WIDTH), *rows, *wrap(self.assumption, WIDTH)])


def _clear(low: Floats, high: Floats) -> list[bool]:
    """Which intervals are without 0."""
    return [bool(a > 0.0 or b < 0.0) for a, b in zip(low, high, strict=True)]


def _table(names: Sequence[str], columns: dict[str, Floats], order: Sequence[int]) -> list[str]:
    """Names and columns of numbers, of as many features as a person reads."""
    shown = list(order)[:MANY]
    texts = [_short("".join(c if c.isprintable() else "?" for c in names[j])) for j in shown]
    width = max([len("feature"), *map(len, texts)])
    lines = ["  ".join(["feature".ljust(width), *(header.rjust(10) for header in columns)])]
    lines += [
        "  ".join([text.ljust(width), *(f"{values[j]:.4g}".rjust(10) for values in columns.values())])
        for text, j in zip(texts, shown, strict=True)
    ]
    rest = len(order) - len(shown)
    return lines if rest <= 0 else [*lines, f"... and {rest:,} more, in the arrays of this record"]


def _short(name: str) -> str:
    return name if len(name) <= NAME else f"{name[: math.ceil(NAME / 2) - 1]}…{name[-(NAME // 2) :]}"
