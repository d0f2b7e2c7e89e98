"""What every estimator here shares: the shape of an answer, the tolerance, the warning, predictions, the picture."""

from __future__ import annotations

import numbers
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from lozenge.results import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from lozenge.results import Path

    Floats = NDArray[np.float64]
    Pairs = Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]

ALONE, ALONG, HELD = 1e-6, 1e-4, 1e-2  # of the tolerance asked for: aimed at alone, along a path, in folds that bend
FINEST = 1e-13  # what is aimed at in any case
RUNG = 100.0  # by which it aims lower where rounding is in the way
DTYPES = [np.float64, np.float32]


def certified(fit: Callable[[float], Path], tol: float, finer: float) -> Path:
    """A path that is certified as sharply as it can be, from a function of the tolerance that makes it.

    A gap of g leaves weights uncertain by a multiple of its root; a share ``finer`` of what was asked for is next to
    free once the support is known, and then two ways to one answer give the same.  Where rounding keeps the engine from
    what it is asked, it stops early: then less is asked, down to ``tol``.
    """
    aim, least = min(max(finer * tol, FINEST), 0.5), min(max(tol, RUNG * FINEST), 0.5)
    while True:
        found = fit(aim)
        short = any(status is Status.STALLED for status in found.status)
        if aim >= least or not (short or (found.cv is not None and found.cv.uncertified)):
            return found
        aim = min(RUNG * aim, least)


@dataclass(frozen=True, eq=False)
class Answer:
    """The solution at one α, in the units of X and y.

    Attributes
    ----------
    coef : (q, p)
    intercept : (q,)
    gap : duality gap in the units of the objective, inf where there is none
    relative : the same over the null model's loss
    passes : over X, rounded up
    status : how the search ended
    """

    coef: Floats
    intercept: Floats
    gap: float
    relative: float
    passes: int
    status: Status


def answer(path: Path, k: int, outputs: int = 1) -> Answer:
    """The solution at one place of a path's grid."""
    relative = float(path.gaps[k])
    return Answer(
        coef=path.coefs[:, [k]].toarray().reshape(outputs, -1),
        intercept=np.array(path.intercepts[k], dtype=np.float64).reshape(-1),
        gap=relative * (path.model.null_loss - path.model.saturated_loss),
        relative=relative,
        passes=int(np.ceil(path.passes)),
        status=path.status[k],
    )


def places(path_alphas: Floats, alphas: Floats) -> NDArray[np.intp]:
    """Where each α, of which some may be equal, stands on the decreasing grid of a path."""
    found: NDArray[np.intp] = np.searchsorted(-path_alphas, -np.asarray(alphas, dtype=np.float64))
    return found


def doubt(name: str, found: Answer, tol: float, **at: float) -> None:
    """Warn where the certificate does not reach what was asked: which problem, how far, and what to do."""
    if found.relative <= tol:
        return
    where = ", ".join(f"{what}={value:.6g}" for what, value in at.items())
    reason = (
        found.status.value
        if found.status is Status.UNBOUNDED
        else (
            "Rounding or conditioning is what is left: ask for a looser tol, measure the columns in similar units, or "
            "look for columns that are nearly copies of one another"
        )
    )
    warnings.warn(
        f"{name}: Objective did not converge to tol={tol:g} at {where}: the certified duality gap is {found.gap:.3e}, "
        f"which is {found.relative:.3e} of the null model's loss. {reason}. max_iter does not bound this fit",
        ConvergenceWarning,
        stacklevel=3,
    )


def doubt_folds(name: str, uncertified: int, solutions: int, tol: float) -> None:
    """Warn where solutions of folds are not certified."""
    if uncertified:
        warnings.warn(
            f"{name}: Objective did not converge to tol={tol:g} in {uncertified} of the {solutions} solutions of the "
            "folds, so that their scores are those of weights near the optimum. Ask for a looser tol, or leave the "
            "smallest penalties out",
            ConvergenceWarning,
            stacklevel=3,
        )


def weights(sample_weight: Any, X: Any) -> Floats | None:
    """(n,) of float64; a number weighs all rows alike, which is None."""
    if sample_weight is None or isinstance(sample_weight, numbers.Number):
        return None
    found: Floats = _check_sample_weight(sample_weight, X, dtype=np.float64)
    return found


def distinct(folds: Any) -> Pairs:
    """The folds as pairs of row numbers.

    Raises
    ------
    ValueError
        Where a fold names a row twice: it would count once.
    """
    pairs = []
    for k, (train, test) in enumerate(folds):
        rows = [np.flatnonzero(one) if np.asarray(one).dtype == bool else np.asarray(one) for one in (train, test)]
        if any(len(np.unique(each)) < len(each) for each in rows):
            raise ValueError(f"fold {k} of cv names a row more than once; give the rows sample_weight instead")
        pairs.append((rows[0], rows[1]))
    return pairs


class Reported(BaseEstimator):  # type: ignore[misc]
    """An estimator whose picture in a notebook may say more than its parameters."""

    def _html_extra(self) -> str:
        """HTML to stand below scikit-learn's own picture; none here."""
        return ""

    def _html_repr(self) -> str:
        return f"{super()._html_repr()}{self._html_extra()}"


class Linear(Reported):
    """η = b₀ + X b of a fitted ``coef_``, (p,) or (q, p), and ``intercept_``."""

    coef_: Any
    intercept_: Any

    def _eta(self, X: Any) -> Floats:
        """(n,), or (n, q) where ``coef_`` has rows."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc", "coo"], reset=False)
        coef = self.coef_.toarray() if hasattr(self.coef_, "toarray") else np.asarray(self.coef_)
        eta: Floats = X @ coef.T + self.intercept_
        return eta

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def csr(values: Any) -> Any:
    """A 2-D array as a CSR matrix, or as a CSR array where scikit-learn is configured so."""
    from scipy.sparse import csr_array, csr_matrix
    from sklearn import get_config

    kind = csr_array if get_config().get("sparse_interface") == "sparray" else csr_matrix
    return kind(np.atleast_2d(values))
