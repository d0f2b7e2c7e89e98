"""Frozen records: what a fit found, how sure it is, and why.

Nothing here computes.  The verbs of `Path` and `Solution` delegate to the module that does, imported when called.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from pathlib import Path as FilePath

    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray
    from scipy.sparse import csc_array

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Indices = NDArray[np.intp]


class Status(Enum):
    """How the search ended at one α; the value is the sentence a person reads."""

    CERTIFIED = "within the tolerance of the optimum, by a computed certificate"
    STALLED = (
        "not certified: rounding or conditioning kept the gap above the tolerance; the gap reached is reported. "
        "Ask for a looser tol, or look for columns that are nearly copies of one another"
    )
    UNBOUNDED = (
        "not certified: the loss has no finite minimum here (unpenalised columns separate the classes). "
        "Penalise those columns, or use a larger alpha"
    )


@dataclass(frozen=True)
class Certificate:
    """A kind of proof and its figure.

    ``gap``: (primal - dual) / (null loss - saturated loss), for convex penalties.  ``bound``: the same with a lower
    bound that is no dual point.  ``stationary``: the largest violation of the optimality condition, in units of α.
    """

    kind: Literal["gap", "bound", "stationary"]
    value: float


class Split(NamedTuple):
    """The rows of one fold: ``part`` is ``train`` or ``test``."""

    fold: int
    part: Literal["train", "test"]


@dataclass(frozen=True, eq=False)
class Forces:
    """What pulls on every feature at one α, in the units of α.

    Per feature ``marginal = used + left``: what the feature says of y beyond the null model, the part that the model
    already uses, the part that is left.  ``price`` is the size of pull that the penalty can hold at zero.

    Attributes
    ----------
    marginal, left, price : (p,)
        Gradients of the mean loss, sign turned so that a positive pull asks for a positive weight.
    weight : (p,)
        Weights in the units the penalty sees (per standard deviation where the fit standardised).
    certified : (p,)
        True where the weight is zero in every optimum (gap-safe).
    unique : bool
        True where the optimum is proved to be the only one.
    """

    alpha: float
    marginal: Floats
    left: Floats
    price: Floats
    weight: Floats
    certified: Bools
    unique: bool
    gap: float


class Source(Protocol):
    """The data behind a path while they are in memory; a loaded path has none."""

    def solve(self, alpha: float) -> Solution:
        """Solve and certify at one α."""
        ...

    def forces(self, alpha: float) -> Forces:
        """What pulls on every feature at α."""
        ...

    def similarity(self, feature: int, others: Indices) -> Floats:
        """Covariance of one feature with others, both in the units the penalty sees."""
        ...

    def drift(self, alpha: float) -> Floats:
        """(p,) d left / dα on the present support, by which the next entry is predicted."""
        ...

    def hold(self, alpha: float, feature: int) -> float:
        """How firmly a feature is at zero: price - |left| where it is zero, -|weight| where it is kept."""
        ...

    def unchanged(self) -> None:
        """Raise ValueError if X is no longer what was fitted."""
        ...

    def refit(self, support: Indices) -> Floats:
        """Weights, in user's units, of the unpenalised fit on a support; nan where there is none."""
        ...


@dataclass(frozen=True, eq=False)
class Model:
    """What was asked, and the figures of the data that are needed to read the answer.

    ``scale`` and ``center`` are each column's weighted standard deviation and mean; ``penalised_unit`` is the unit of
    the coordinate that the penalty sees (``scale`` where the fit standardised, else 1), so that the penalised
    weight is ``coef * penalised_unit``.
    """

    loss: str
    loss_parameters: dict[str, float]
    penalty: str
    penalty_parameters: dict[str, float]
    fit_intercept: bool
    standardize: bool
    tol: float
    n: int
    weight_sum: float
    alpha_max: float
    null_loss: float
    saturated_loss: float
    null_intercept: float
    y_mean: float
    y_sd: float
    scale: Floats
    center: Floats
    penalised_unit: Floats
    penalty_weights: Floats
    constant: Bools
    classes: tuple[Any, ...] = ()
    target: str | None = None


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """The cross-validated curve.

    ``folds`` (K, L) is the mean deviance of the held-out rows; ``mean`` weights it by the held-out Σw; ``se`` is the
    weighted standard deviation of the fold means over √K.  ``rule`` names the default choice.
    """

    alphas: Floats
    mean: Floats
    se: Floats
    folds: Floats
    rule: str
    seed: int
    index_min: int
    index_1se: int
    uncertified: int = 0


@dataclass(frozen=True, eq=False)
class History:
    """When each feature is in the model, along the path from the largest α down.

    Attributes
    ----------
    enters_at, leaves_at : (p,)
        Largest α with a non-zero weight and, for a feature that is zero again at the last α, the α of its last
        exit; refined to 1e-5 relative.  nan: never, or not yet refined.
    entered : (p,)
        Index of the first grid α with a non-zero weight; -1 if there is none.
    exits, sign_changes : tuple of (feature, index of the grid α at which it is seen)
    """

    enters_at: Floats
    leaves_at: Floats
    entered: Indices
    exits: tuple[tuple[int, int], ...]
    sign_changes: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False, repr=False)
class Solution:
    """The weights at one α, in the user's units, with their certificate."""

    alpha: float
    coef: Floats
    intercept: float
    gap: float
    deviance_ratio: float
    df: int
    status: Status
    certificate: Certificate
    unique: bool
    feature_names: tuple[str, ...]
    model: Model

    def __repr__(self) -> str:
        return (
            f"<Solution of {self.model.loss} with {self.model.penalty} at alpha {self.alpha:.6g}: "
            f"{self.df} of {len(self.coef)} penalised weights kept, gap {self.gap:.1e}, {self.status.name.lower()}>"
        )

    @property
    def support(self) -> Indices:
        """Indices of the non-zero weights."""
        return self.coef.nonzero()[0]

    def predict(self, X: Any, *, offset: Any = None) -> Any:
        """Means for a regression, class labels for a classification; X is (n, p) in the user's units."""
        from lozenge import fit

        return fit.predict(self, X, offset=offset)

    def predict_proba(self, X: Any, *, offset: Any = None) -> Any:
        """(n, classes) probabilities, columns in the order of ``model.classes``."""
        from lozenge import fit

        return fit.predict_proba(self, X, offset=offset)

    def score(self, X: Any, y: Any, *, sample_weight: Any = None, offset: Any = None) -> float:
        """D² = 1 - deviance / null deviance, on these rows; R² for the squared loss."""
        from lozenge import fit

        return fit.score(self, X, y, sample_weight=sample_weight, offset=offset)


@dataclass(frozen=True, eq=False, repr=False)
class Path:
    """A whole path of solutions, from the largest α to the smallest.

    Attributes
    ----------
    alphas : (L,)
    coefs : (p, L) scipy.sparse CSC, user's units
    intercepts, gaps, deviance_ratio, df, unique : (L,)
    status, certificates : (L,) tuples
    passes : float
        Bytes of X read by every product, over the size of X.
    chosen : int
        Index of the α that verbs use when none is named: the 1-SE choice if there is a cross-validation, else the
        last.
    """

    alphas: Floats
    coefs: csc_array
    intercepts: Floats
    gaps: Floats
    deviance_ratio: Floats
    df: Indices
    unique: Bools
    status: tuple[Status, ...]
    certificates: tuple[Certificate, ...]
    passes: float
    feature_names: tuple[str, ...]
    model: Model
    history: History
    chosen: int
    forces: Forces | None = None
    cv: CrossValidation | None = None
    encoding: dict[str, Any] | None = None
    source: Source | None = None

    def __repr__(self) -> str:
        certified = sum(status is Status.CERTIFIED for status in self.status)
        return (
            f"<Path of {self.model.loss} with {self.model.penalty}: {len(self.feature_names)} features, "
            f"{len(self.alphas)} alphas from {self.alphas[0]:.6g} to {self.alphas[-1]:.6g}, {certified} certified to "
            f"{self.model.tol:g}, alpha {self.alphas[self.chosen]:.6g} chosen with {self.df[self.chosen]} kept>"
        )

    def at(self, alpha: float | None = None, *, df: int | None = None) -> Solution:
        """Give the solution at α, or at the smallest α with at most ``df`` non-zero penalised weights.

        Off the grid it is solved and certified while the data are in memory; a loaded path has grid points only.
        """
        from lozenge import fit

        return fit.at(self, alpha, df=df)

    def best(self, rule: str = "min") -> Solution:
        """Give the solution by a named rule on the cross-validated curve: ``"min"`` or ``"1se"``."""
        from lozenge import selection

        return self.at(float(self.alphas[selection.choose(self.cv, rule)]))

    def predict(self, X: Any, *, alpha: float | None = None, offset: Any = None) -> Any:
        """Predict at α (the chosen one if none is named)."""
        return self.at(float(self.alphas[self.chosen]) if alpha is None else alpha).predict(X, offset=offset)

    def why(self, feature: str | int, alpha: float | None = None) -> Reason:
        """Say why this feature has the weight that it has."""
        from lozenge.explain import why

        return why.why(self, feature, alpha)

    def to_frame(self) -> Any:
        """Give one row per feature that is ever kept and one column per α, as a polars frame."""
        from lozenge import tables

        return tables.path_frame(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the weights against α, the number kept on top, the chosen α marked."""
        from lozenge import plots

        drawn: Axes = plots.path(self, ax)
        return drawn

    def save(self, file: str | FilePath, *, force: bool = False) -> None:
        """Write the path as JSON, atomically, never over an existing file unless ``force``."""
        from lozenge import fit, io

        io.save(fit.refined(self), file, force=force)


@dataclass(frozen=True)
class Reason:
    """Why one feature has the weight that it has, at one α.

    ``marginal = used + left``; zero while ``|left| <= price``.  All four and ``slack = price - |left|`` are gradients
    in the units of α; ``share = |left| / price``.

    Attributes
    ----------
    state : kept, zero, excluded or unpenalised
    weight, per_sd : user's units; the same times the feature's standard deviation
    used_by : (name, part) pairs, largest first, that add up to ``used``; empty where the split is not exact
    enters_at : largest α with a non-zero weight; None if it is zero down to the last α
    leaves_at : for a feature zero again at the last α, where it left; else None
    next_at, next_exact : for a zero, the next entry below this α, and whether it is exact or extrapolated
    refit_weight : weight of the unpenalised fit on the same features; None where there is none
    certified : zero in every optimum
    unique : the optimum is proved to be the only one
    twins : names of features that carry the same information (|correlation| = 1 to rounding)
        (``used_by`` and ``twins`` are None where only the data could tell: a loaded path)
    correlation_unit : divide a force by this to read it as a correlation; 0 for a constant column
    """

    feature: str
    alpha: float
    state: Literal["kept", "zero", "excluded", "unpenalised"]
    weight: float
    per_sd: float
    marginal: float
    used: float
    used_by: tuple[tuple[str, float], ...] | None
    left: float
    price: float
    share: float
    slack: float
    enters_at: float | None
    next_at: float | None
    next_exact: bool
    leaves_at: float | None
    refit_weight: float | None
    certified: bool
    unique: bool
    twins: tuple[str, ...] | None
    correlation_unit: float
    constant: bool
    loss: str
    penalty: str
    target: str
    last_alpha: float
    kept: int
    chosen_by: str

    def __str__(self) -> str:
        from lozenge.explain import why

        return why.sentence(self)

    def to_dict(self) -> dict[str, Any]:
        """Give the numbers and the sentence as plain JSON values."""
        return asdict(self) | {"sentence": str(self)}
