"""Rows that were seen, as few as there are columns: all that the squared loss says of them, exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge import fit
from lozenge.results import Likelihood

if TYPE_CHECKING:
    from lozenge.estimators.base import Floats
    from lozenge.results import Path
    from lozenge.selection import Rule

CONSTANT = "(intercept)"


@dataclass(frozen=True, eq=False)
class Seen:
    """The triangular factor of the rows so far: RᵀR = Σ w [1 x y]ᵀ[1 x y], (p + 2, p + 2).

    Any weights leave Rows·b and R·b of the same length, so that R stands for the rows under the squared loss; what a
    product of columns would round, a factor made by reflections does not (Golub, Van Loan, Matrix Computations, 5.3).

    Attributes
    ----------
    factor : (p + 2, p + 2) upper triangular
    n, weight : rows seen, and Σw
    """

    factor: Floats
    n: int
    weight: float

    @staticmethod
    def none(p: int) -> Seen:
        """Before the first row."""
        return Seen(np.zeros((p + 2, p + 2)), 0, 0.0)

    def joined(self, X: Floats, y: Floats, w: Floats | None) -> Seen:
        """With more rows."""
        given = np.ones(len(y)) if w is None else w
        rows = np.column_stack([np.ones(len(y)), X, y]) * np.sqrt(given)[:, None]
        factor = np.asarray(np.linalg.qr(np.vstack([self.factor, rows]), mode="r"))
        return Seen(factor, self.n + len(y), self.weight + float(given.sum()))

    def path(self, rule: Rule, *, fit_intercept: bool, standardize: bool, penalty_weights: Any, **options: Any) -> Path:
        """The path of all rows seen: that of the factor's rows, with the constant as a column that is free."""
        size = len(self.factor)
        # (1/Σw) of them all is (1/m) of m rows that are longer by √(m/Σw).
        scaled = self.factor * np.sqrt(size / self.weight)
        ones, X, y = scaled[:, 0], scaled[:, 1:-1], scaled[:, -1]
        share = ones / (ones @ ones)
        mean, level = share @ X, share @ y
        centred = X - np.outer(ones, mean)
        sd = np.sqrt(np.sum(np.square(centred), axis=0) / size)
        sd[sd <= 1e-14 * np.max(np.abs(X), axis=0, initial=0.0)] = 0.0
        unit = np.where(sd > 0.0, sd, 1.0) if standardize else np.ones(len(sd))
        v = np.ones(len(sd)) if penalty_weights is None else np.asarray(penalty_weights, dtype=np.float64)
        weights = np.append(0.0 if fit_intercept else np.inf, np.where(sd > 0.0, v, np.inf))
        made = fit.path(
            np.column_stack([ones, (centred if fit_intercept else X) / unit]),
            y,
            fit_intercept=False,
            standardize=False,
            penalty_weights=weights,
            **options,
        )
        known = replace(
            made.model,
            n=self.n,
            weight_sum=self.weight,
            likelihood=Likelihood(remainder=0.0, size=self.weight, profiled=True),
        )
        chosen = fit.choose(replace(made, model=known), rule)
        return _in_columns(chosen, mean if fit_intercept else np.zeros(len(sd)), level, sd, unit, v)


def _in_columns(found: Path, mean: Floats, level: float, sd: Floats, unit: Floats, v: Floats) -> Path:
    """The path in the columns as they were, the constant being the intercept; without the rows behind it."""
    from scipy.sparse import csc_array

    model, forces, history = found.model, found.forces, found.history
    coefs = csc_array(found.coefs[1:] / unit[:, None])
    intercepts = found.coefs[[0]].toarray()[0] - mean @ coefs.toarray()

    def own(values: Any) -> Any:
        return values[1:]

    told = replace(
        model,
        fit_intercept=model.penalty_weights[0] == 0.0,
        standardize=bool((unit != 1.0).any()),
        null_intercept=float(level) if model.penalty_weights[0] == 0.0 else 0.0,
        y_mean=float(level),
        y_sd=float(np.sqrt(max(2.0 * (model.null_loss - model.saturated_loss), 0.0))),
        scale=sd,
        center=mean,
        penalised_unit=unit,
        penalty_weights=v,
        constant=sd == 0.0,
    )
    if forces is not None:
        parts = ("marginal", "left", "price", "weight", "certified")
        forces = replace(forces, **{part: own(getattr(forces, part)) for part in parts})
    return replace(
        found,
        coefs=coefs,
        intercepts=np.asarray(intercepts),
        feature_names=own(found.feature_names),
        model=told,
        history=replace(
            history,
            enters_at=own(history.enters_at),
            leaves_at=own(history.leaves_at),
            entered=own(history.entered),
            exits=tuple((j - 1, k) for j, k in history.exits if j),
            sign_changes=tuple((j - 1, k) for j, k in history.sign_changes if j),
        ),
        forces=forces,
        source=None,
    )
