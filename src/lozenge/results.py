"""Frozen records: what a fit found, how sure it is, and why.

Nothing here computes.  The verbs of `Path` and `Solution` delegate to the module that does, imported when called.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path as FilePath

    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray
    from scipy.sparse import csc_array

    from lozenge.inference.records import Intervals

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Indices = NDArray[np.intp]


class Status(Enum):
    """How the search ended at one α; the value is the sentence a person reads."""

    CERTIFIED = "within the tolerance, by a computed certificate"
    STALLED = (
        "not certified: rounding or conditioning kept the gap above the tolerance; the gap reached is reported. "
        "Ask for a looser tol, or look for columns that are nearly copies of one another"
    )
    UNBOUNDED = (
        "not certified: the loss has no finite minimum here (what is unpenalised separates the classes, or every count "
        "is zero). Penalise those columns, or use a larger alpha; under L0Ball give a ridge or fewer features"
    )
    LOCAL = (
        "not proved best: no exchange of features improves this subset, and the certificate says how much another one "
        "could at most. L0Ball(..., prove=True), on the command line --prove, searches on to a proof"
    )
    LOOSE = (
        "not proved best: no exchange of features improves this subset, but the only bound known is the loss of all "
        "features together. A ridge or a bound in L0Ball gives a better one"
    )
    STOPPED = (
        "not proved best: the search was stopped before the proof; this is the best subset found, with the bound "
        "reached. Give it more time, or a ridge or a bound in L0Ball"
    )


@dataclass(frozen=True)
class Likelihood:
    """What makes the total loss F = Σ w f the log-likelihood of the response.

    log L = -F - ``remainder``; where the noise has a variance of its own, ``profiled``, with that at its best,
    log L = -½N (1 + log(2π · 2F/N)) - ``remainder``.

    Attributes
    ----------
    remainder : what f leaves out, which no weight changes
    size : N, the observations that tell of the weights: Σw, times the responses; of event times, the events
    """

    remainder: float
    size: float
    profiled: bool = False


@dataclass(frozen=True)
class Certificate:
    """A kind of proof and its figure.

    ``gap``: (primal - dual) / (null loss - saturated loss), for convex penalties.  ``bound``: the same with a lower
    bound that is no dual point.  ``stationary``: the largest violation of the optimality condition, in units of α, or
    under `L0Ball`, where there is none, of the largest pull of the null model.
    """

    kind: Literal["gap", "bound", "stationary"]
    value: float


class Split(NamedTuple):
    """The rows of one fold: ``part`` is ``train`` or ``test``."""

    fold: int
    part: Literal["train", "test"]


@dataclass(frozen=True, eq=False)
class Hold:
    """What holds each weight where it is, where that is more than a price of each one's own.

    Attributes
    ----------
    kind : (p,) texts
        ``price``: |left| of the feature alone is set against its price.  ``bound``: a weight at a bound that it is
        pulled against.  ``group``: the norm of what the columns of a group leave; ``excess``: of that beyond each one's
        own price.  ``rank``: |left|, on average over the weights that hold some ranks together.  ``neighbours``: what
        a run of neighbours leaves together.
    pull : (p,)
        What is set against the price: a weight is zero while it is at most the price, and 0 against a bound at zero.
    block : (p,)
        Features with the same number are held together; -1 for one that is held alone.
    """

    kind: tuple[str, ...]
    pull: Floats
    block: Indices


@dataclass(frozen=True, eq=False)
class Swaps:
    """What another subset of at most ``size`` features would cost, all weights refitted.

    With another loss than the squared, by its quadratic model at the solution.

    Attributes
    ----------
    rise : (p,) of the objective, in units of the mean loss
        Of a kept feature: without it.  Of another: with it in the place of ``other``, or as one more where that is -1
        (then it is not above 0).  nan for a feature that is not counted.
    other : (p,) the kept feature whose place costs least
    """

    size: int
    rise: Floats
    other: Indices


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
    hold : Hold or None
        None where every feature is held by a price of its own: |left| is what is set against it.
    swaps : Swaps or None
        On a path by size, where α is nan and nothing has a price: what an exchange would cost.
    """

    alpha: float
    marginal: Floats
    left: Floats
    price: Floats
    weight: Floats
    certified: Bools
    unique: bool
    gap: float
    hold: Hold | None = None
    swaps: Swaps | None = None


class Source(Protocol):
    """The data behind a path while they are in memory; a loaded path has none."""

    @property
    def convex(self) -> bool:
        """Whether the penalty is."""
        ...

    @property
    def loss(self) -> Any:
        """The loss, which a user's own object is known by only here."""
        ...

    def solve(self, alpha: float) -> Solution:
        """Solve and certify at one α."""
        ...

    def curvature(self, alpha: float) -> float:
        """The smallest eigenvalue of the objective's Hessian on the support at α."""
        ...

    def radius(self, alpha: float) -> float:
        """The penalty's norm of the solution at α, in the units that the penalty sees."""
        ...

    def forces(self, alpha: float) -> Forces:
        """What pulls on every feature at α."""
        ...

    def similarity(self, feature: int, others: Indices) -> Floats:
        """Covariance of one feature with others, both in the units the penalty sees."""
        ...

    def covariance(self, features: Indices) -> Floats:
        """(k, k) of some features, in the units the penalty sees."""
        ...

    def contrast(self, alpha: float) -> Floats:
        """(p,) weights, in user's units, under L2 where it explains the deviance that the fit at α explains."""
        ...

    def without(self, features: Sequence[int]) -> Source:
        """The same rows with some features excluded."""
        ...

    def drift(self, alpha: float) -> Floats:
        """(p,) d left / dα on the present support, by which the next entry is predicted."""
        ...

    def hold(self, alpha: float, feature: int) -> float:
        """How firmly a feature is at zero: price - pull where it is zero, -|weight| where it is kept."""
        ...

    @property
    def seconds(self) -> float:
        """Predicted seconds of a solution off the grid."""
        ...

    def unchanged(self) -> None:
        """Raise ValueError if X is no longer what was fitted."""
        ...

    def refit(self, support: Indices) -> Floats:
        """Weights, in user's units, of the unpenalised fit on a support; nan where there is none."""
        ...

    def under(self, penalty: Any) -> Source:
        """The same rows, folds aside, under another penalty."""
        ...

    def at_deviance(self, explained: float, near: float = 1.0) -> Solution:
        """The solution that explains a share of the null deviance, searched from an α that is near."""
        ...

    def weights_at(self, alpha: float) -> Floats:
        """(p + q,) weights at one α in the units the penalty sees, and the levels of η at the mean of every column."""
        ...

    def losses(self, weights: Floats) -> Floats:
        """(m,) mean losses at any weights (p + q, m) in the units of `weights_at`."""
        ...

    def evaluate(self, weights: Floats) -> tuple[Floats, Floats]:
        """Mean loss (m,) and pulls (p + q, m) at any weights (p + q, m) in the units of `weights_at`."""
        ...

    def hessian(self, weights: Floats, features: Indices) -> Floats:
        """(k, k) of the mean loss on some features, at weights (p + q,); features from p on are the levels."""
        ...


@dataclass(frozen=True, eq=False)
class Model:
    """What was asked, and the figures of the data that are needed to read the answer.

    ``scale`` and ``center`` are each column's weighted standard deviation and mean; ``penalised_unit`` is the unit of
    the coordinate that the penalty sees (``scale`` where the fit standardised, else 1), so that the penalised
    weight is ``coef * penalised_unit``.  With weights of their own for several ``outputs`` the figures of the columns
    are repeated for each.  ``offset``: there was one.  ``y_mean`` and ``y_sd`` are those of the response as the loss
    reads it, (q,) where it has a column for each output (of classes, of their indicators), and 0 where it has other
    columns.  ``likelihood`` is None where the loss is that of no distribution.
    """

    loss: str
    loss_parameters: dict[str, Any]
    penalty: str
    penalty_parameters: dict[str, Any]
    fit_intercept: bool
    standardize: bool
    tol: float
    n: int
    weight_sum: float
    alpha_max: float
    null_loss: float
    saturated_loss: float
    null_intercept: Any
    y_mean: Any
    y_sd: Any
    scale: Floats
    center: Floats
    penalised_unit: Floats
    penalty_weights: Floats
    constant: Bools
    classes: tuple[Any, ...] = ()
    target: str | None = None
    outputs: tuple[str, ...] = ()
    offset: bool = False
    likelihood: Likelihood | None = None


@dataclass(frozen=True, eq=False)
class Baseline:
    """The cumulative hazard of a row with η = 0, in one stratum: ``hazard`` (T,) from each of ``times`` (T,) on."""

    stratum: Any
    times: Floats
    hazard: Floats


@dataclass(frozen=True, eq=False)
class Survival:
    """Survival curves: ``curves`` (n, T), the chance of each row to be without an event at each of ``times`` (T,)."""

    times: Floats
    curves: Floats


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """The cross-validated curve.

    ``alphas`` are nan on a path by size, whose scores are in the order of its sizes.  ``folds`` (K, L) is the mean
    deviance of the held-out rows, or their score if ``scoring`` names one, of which more is better; ``mean`` weights it
    by the held-out Σw; ``se`` is the weighted standard deviation of the fold means over √K.  ``rule`` names the default
    choice.  Where all rows are tested R times over, ``rounds`` (R, L) has the mean of each time, and K and ``se`` are
    those of one time.  ``parts`` (n, K) has each row's part in each fold: 0 neither, 1 train, 2 test; ``grouped`` says
    that rows of one group were kept together.  ``coefs``, K matrices (p, L), and ``intercepts`` (K, L) are the folds'
    own paths in the units of X and y.  ``null`` is the mean deviance of the held-out rows under their folds' null
    models, nan with ``scoring``.
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
    coefs: tuple[csc_array, ...] = ()
    intercepts: Floats | None = None
    scoring: str | None = None
    rounds: Floats | None = None
    parts: NDArray[np.uint8] | None = None
    grouped: bool = False
    null: float = float("nan")

    @property
    def cost(self) -> Floats:
        """(L,) what a rule makes small: the mean deviance, or minus the mean score."""
        return self.mean if self.scoring is None else -self.mean


@dataclass(frozen=True, eq=False)
class Criterion:
    """An information criterion along a path: values = -2 log-likelihood + price · df (+ 2γ log C(p, kept) of EBIC).

    Attributes
    ----------
    alphas, values, log_likelihood, df : (L,)
        ``df`` counts intercepts and unpenalised columns too.
    allowed : (L,) where it may be read: df ≤ N/2, for beyond that the likelihood is no measure of the fit
    index : the smallest value that is allowed; of several the largest α
    """

    name: str
    alphas: Floats
    values: Floats
    log_likelihood: Floats
    df: Floats
    allowed: Bools
    index: int


@dataclass(frozen=True, eq=False)
class Cluster:
    """Features that stand in for one another, and in how many halves any of them is kept."""

    features: tuple[str, ...]
    kept: int


@dataclass(frozen=True, eq=False, repr=False)
class Stability:
    """How often each feature is kept when the fit is made on halves of the rows.

    Attributes
    ----------
    halves : 2B, in B pairs without a row in common
    alpha : at which the halves were fitted
    alphas : (l,) down to it, on the path's grid
    kept : (p, l) number of halves that keep each feature at each α
    share : (p,) of the halves, at ``alpha``
    mean_kept : q, features that a half keeps there on average
    cutoff : τ, the share from which a feature is called stable
    stable : indices of these
    errors : bound on the expected number of stable features among those that a half keeps with a chance of at most q/p,
        if the share of halves that keep one has an r-concave distribution
    errors_at_worst : the same bound without that assumption
    agreement : (l,) Φ between halves at each α, 1 where all keep the same, 0 where it is as by chance; nan where none
        keeps anything
    clusters : groups of features with correlations of at least 0.7, any of which was kept, most often kept first
    uncertified : fits of halves that missed the tolerance
    """

    halves: int
    alpha: float
    alphas: Floats
    kept: Indices
    mean_kept: float
    cutoff: float
    stable: Indices
    errors: float
    errors_at_worst: float
    agreement: Floats
    clusters: tuple[Cluster, ...]
    feature_names: tuple[str, ...]
    seed: int
    uncertified: int = 0

    def __repr__(self) -> str:
        return (
            f"<Stability over {self.halves} halves at alpha {self.alpha:.6g}: {len(self.stable)} of "
            f"{len(self.feature_names)} features kept in {self.cutoff:.0%} or more of them>"
        )

    @property
    def share(self) -> Floats:
        """(p,) of the halves that keep each feature at ``alpha``."""
        found: Floats = self.kept[:, -1] / self.halves
        return found

    def __str__(self) -> str:
        from lozenge import screens

        return "\n".join(str(line) for line in screens.stability(self))

    def to_frame(self) -> Any:
        """Give one row per feature that any half keeps, most often kept first, as a polars frame."""
        from lozenge import tables

        return tables.stability_frame(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of halves that keep each feature against α."""
        from lozenge import plots

        drawn: Axes = plots.stability(self, ax)
        return drawn


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


class Portable:
    """What can be said elsewhere: as SQL, as an ONNX graph, as an estimator of scikit-learn's."""

    def to_sql(self: Any, table: str | None = None, **options: Any) -> str:
        """Give SQL that predicts: an expression, or with the name of a table a whole SELECT.

        Of a model of the command line it speaks of the columns of the raw table.  ``options``: see
        `lozenge.exports.sql.expression`.
        """
        from lozenge.exports import sql

        return sql.expression(self, **options) if table is None else sql.select(self, table, **options)

    def to_onnx(self: Any, *, dtype: Literal["float64", "float32"] = "float64") -> Any:
        """Give an ONNX model that predicts from X; needs the extra ``lozenge[onnx]``."""
        from lozenge.exports import onnx

        return onnx.model(self, dtype=dtype)

    def to_sklearn(self: Any) -> Any:
        """Give a fitted scikit-learn estimator with these weights."""
        from lozenge.exports import estimator

        return estimator.to_sklearn(self)


@dataclass(frozen=True, eq=False, repr=False)
class Solution(Portable):
    """The weights at one α, in the user's units, with their certificate.

    Attributes
    ----------
    alpha : float
        nan on a path by size.
    coef : (p,), or (p·q,) for q classes or responses with weights of their own
        Those of the first output first: ``coef.reshape(q, p)`` has a row for each.
    intercept : float, or (q,); (classes - 1,) for ``ordinal``
        For ``cox``, which has none, what makes the hazard of a row of means 1.
    feature_names : one per weight, ``age``, or ``age[setosa]`` with several outputs
    gap, deviance_ratio, df, status, certificate, unique : what `Path` has at this α
    radius : float, optional
        Under a constraint, that of this solution.
    """

    alpha: float
    coef: Floats
    intercept: Any
    gap: float
    deviance_ratio: float
    df: int
    status: Status
    certificate: Certificate
    unique: bool
    feature_names: tuple[str, ...]
    model: Model
    radius: float | None = None

    def __repr__(self) -> str:
        place, sure = f"at alpha {self.alpha:.6g}", f"gap {self.gap:.1e}"
        if math.isnan(self.alpha):
            place, sure = f"at size {self.radius:g}", f"{self.certificate.kind} {self.certificate.value:.1e}"
        return (
            f"<Solution of {self.model.loss} with {self.model.penalty} {place}: "
            f"{self.df} of {len(self.coef)} penalised weights kept, {sure}, {self.status.name.lower()}>"
        )

    @property
    def support(self) -> Indices:
        """Indices of the non-zero weights."""
        return self.coef.nonzero()[0]

    def predict(self, X: Any, *, offset: Any = None) -> Any:
        """Give what η = offset + b₀ + X b foretells; X is (n, p) in the user's units.

        (n,) means, for ``huber`` centres and for ``quantile`` quantiles, or (n, q) means for ``multitask``; class
        labels for classes; for ``cox`` hazards relative to a row of means.  Without ``offset`` it is 0.

        Raises
        ------
        ValueError
            If the columns are not the model's; for a loss of the user's own, whose mean a solution does not hold.
        """
        from lozenge import fit

        return fit.predict(self, X, offset=offset)

    def predict_proba(self, X: Any, *, offset: Any = None) -> Any:
        """(n, classes) probabilities, columns in the order of ``model.classes``.

        Raises
        ------
        ValueError
            For a loss that has none: one without classes, or ``squared_hinge``, whose η is a score.
        """
        from lozenge import fit

        return fit.predict_proba(self, X, offset=offset)

    def score(self, X: Any, y: Any, *, sample_weight: Any = None, offset: Any = None) -> float:
        """D² = 1 - Σ w (f(y, η) - least f) / Σ w (f(y, offset + c) - least f), c the best constant of these rows.

        1 is perfect, 0 no better than a constant, below 0 worse; R² for the squared loss, and nan where a constant is
        perfect.
        """
        from lozenge import fit

        return fit.score(self, X, y, sample_weight=sample_weight, offset=offset)


@dataclass(frozen=True, eq=False, repr=False)
class Relaxed(Solution):
    """γ times a solution plus 1 - γ times the unpenalised fit on the features that it keeps.

    ``gap``, ``certificate`` and ``status`` are the worse of the two, each of which is the optimum of its own problem.

    Attributes
    ----------
    gamma : γ: 0 is the refit, 1 the solution as it was
    assumes : what makes its weights worth reading
    """

    gamma: float = 0.0
    assumes: str = ""

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}; relaxed with gamma {self.gamma:g}: assumes {self.assumes}>"


@dataclass(frozen=True, eq=False, repr=False)
class Path(Portable):
    """A whole path of solutions, from the largest α to the smallest.

    Attributes
    ----------
    alphas : (L,)
    coefs : (p, L) scipy.sparse CSC, user's units
        (p·q, L) for q classes or responses with weights of their own (``multinomial``, ``multitask``): those of the
        first output first.
    intercepts : (L,), or (L, q) with several outputs, (L, classes - 1) for ``ordinal``
    feature_names : one per row of ``coefs``: ``age``, or ``age[setosa]`` with several outputs
    gaps, deviance_ratio, df, unique : (L,)
    status, certificates : (L,) tuples
    passes : float
        Bytes of X read by every product, over the size of X.
    radii : (L,), optional
        Under a constraint, the radius of each solution; under `L0Ball` the sizes, and ``alphas`` are nan.
    chosen : int
        Index of the α that verbs use when none is named: the 1-SE choice if there is a cross-validation, else the
        last.
    rule : str
        By which it was chosen: ``last``, ``alpha`` or ``radius`` (named), ``own`` (a callable), or a rule of `best`;
        empty where that is not kept.
    halves : Stability, optional
        Of a loaded path, or one that a command gave it; else ask `stability`.
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
    radii: Floats | None = None
    baseline: tuple[Baseline, ...] = ()
    rule: str = ""
    halves: Stability | None = None

    def __repr__(self) -> str:
        certified = sum(status is Status.CERTIFIED for status in self.status)
        axis = "size" if self.by_size else "alpha"
        return (
            f"<Path of {self.model.loss} with {self.model.penalty}: {len(self.feature_names)} features, "
            f"{len(self.axis)} {axis}s from {self.axis[0]:.6g} to {self.axis[-1]:.6g}, {certified} certified to "
            f"{self.model.tol:g}, {axis} {self.axis[self.chosen]:.6g} chosen with {self.df[self.chosen]} kept>"
        )

    @property
    def by_size(self) -> bool:
        """Whether its solutions are best subsets by their size, `L0Ball`, which belong to no α."""
        return self.radii is not None and math.isnan(self.alphas[0])

    @property
    def axis(self) -> Floats:
        """(L,) what tells the solutions apart: the alphas, or the sizes of a path that goes by size."""
        return self.radii if self.by_size and self.radii is not None else self.alphas

    def at(self, alpha: float | None = None, *, df: int | None = None) -> Solution:
        """Give the solution at α, or the last one with at most ``df`` non-zero penalised weights.

        Off the grid it is solved and certified while the data are in memory; a loaded path has grid points only.  A
        path by size has no α: name ``df``.
        """
        from lozenge import fit

        return fit.at(self, alpha, df=df)

    def best(self, rule: str | float | Callable[[CrossValidation], int] = "min") -> Solution:
        """Give the solution that a rule names.

        Parameters
        ----------
        rule : str, float or callable
            On the cross-validated curve ``"min"``, the α with the best score, ``"1se"``, the largest α within one
            standard error of it, or a callable that takes `cv` and gives the index of one of its alphas.  Without one
            ``"aic"``, ``"bic"``, ``"ebic"`` or ``"ebic:0.5"`` (see `criterion`); ``"df=12"``, the smallest α with at
            most so many weights; ``"stable"``, the smallest α down to which halves of the rows keep much the same (see
            `stability`); or an α.

        Raises
        ------
        ValueError
            For a rule that there is not, or one that needs a curve, a likelihood or data which are not there.

        Warns
        -----
        UserWarning
            Where the choice lies at an end of the grid, with what to do.
        """
        from lozenge import fit

        return fit.best(self, rule)

    def choose(self, rule: str | float | Callable[[CrossValidation], int]) -> Path:
        """Give the same path with what a rule of `best` names as the choice that verbs use when none is named."""
        from lozenge import fit

        return fit.choose(self, rule)

    def relaxed(self, alpha: float | None = None, gamma: float = 0.0) -> Relaxed:
        """Give γ b + (1 - γ) b', b the solution at α and b' the unpenalised fit on the features that it keeps.

        Parameters
        ----------
        alpha : the chosen one if none is named
        gamma : γ between 0, the full refit, and 1, the solution as it is

        Raises
        ------
        ValueError
            On a loaded path or one by size; where the refit has no finite optimum, or the penalty bounds weights.

        References
        ----------
        Meinshausen (2007), Relaxed lasso, CSDA 52.  Hastie, Tibshirani, Tibshirani (2020), Best subset, forward
        stepwise or lasso?, Statistical Science 35, section 2.4 (the blend).

        Examples
        --------
        Orthogonal columns: the lasso takes 1 off the weight 3 that it keeps, and the refit gives it back.

        >>> import numpy as np
        >>> import lozenge as lz
        >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
        >>> fit = lz.path(X, X @ [3.0, 0.5], alphas=[1.0])
        >>> [fit.relaxed(gamma=gamma).coef.round(6).tolist() for gamma in (0.0, 0.5, 1.0)]
        [[3.0, 0.0], [2.5, 0.0], [2.0, 0.0]]
        """
        from lozenge import relaxed

        return relaxed.relaxed(self, alpha, gamma)

    def stability(
        self,
        n: int = 100,
        *,
        alpha: float | None = None,
        cutoff: float | None = None,
        errors: float = 1.0,
        groups: Any = None,
        seed: int = 0,
        progress: Callable[[int, int, int, float], None] | None = None,
    ) -> Stability:
        """Fit n halves of the rows, in complementary pairs, and count which features they keep down to an α.

        Afterwards `why` says of a feature in how many halves it was kept, and `save` keeps it.

        Parameters
        ----------
        n : even, at least 2
        alpha : the chosen one if none is named
        cutoff : between ½ and 1, optional
            The share of halves from which a feature is called stable; without it the smallest at which the bound on
            ``errors`` holds, or 1.
        errors : above 0
            Asked bound on the expected number of stable features among those that a half keeps with a chance of at most
            q/p, q being the features that it keeps on average.
        groups : (n,) labels of rows that belong together, optional
        seed : of the halves
        progress : callable(done, total, kept, gap), optional

        Raises
        ------
        ValueError
            On a loaded path or one by size; for n, a cutoff or a bound out of range; where a half lacks a class.

        References
        ----------
        Meinshausen, Bühlmann (2010), Stability selection, JRSS B 72.  Shah, Samworth (2013), Variable selection with
        error control: another look at stability selection, JRSS B 75, theorem 1 and eq. 8.  Nogueira, Sechidis, Brown
        (2018), On the stability of feature selection algorithms, JMLR 18, eq. 4 (Φ).

        Examples
        --------
        >>> import numpy as np
        >>> import lozenge as lz
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(200, 5))
        >>> fit = lz.path(X, X[:, 0] - X[:, 1] + rng.normal(size=200), alphas=[0.3])
        >>> fit.stability(20).stable
        array([0, 1])
        """
        from lozenge import stability

        return stability.stability(
            self, n, alpha=alpha, cutoff=cutoff, errors=errors, groups=groups, seed=seed, progress=progress
        )

    def intervals(
        self,
        *,
        alpha: float | None = None,
        level: float = 0.95,
        features: Sequence[str | int] | str | int | None = None,
        sigma: float | None = None,
    ) -> Intervals:
        """Give desparsified weights with confidence intervals, and what they assume: `lozenge.inference.intervals`."""
        from lozenge import inference

        return inference.intervals(self, alpha=alpha, level=level, features=features, sigma=sigma)

    def criterion(self, name: str = "bic") -> Criterion:
        """Give -2 log-likelihood + price · df at every α: ``"aic"``, ``"bic"``, ``"ebic"`` or ``"ebic:0.5"``."""
        from lozenge import criteria
        from lozenge.selection import rule

        return criteria.criterion(self, *rule(name))

    def curvature(self, alpha: float | None = None) -> float:
        """Give the smallest eigenvalue of the objective's Hessian on the support at α, in the units the penalty sees.

        Above 0 the solution is a strict local minimum on its support; inf where nothing is kept.
        """
        from lozenge import fit

        return fit.curvature(self, float(self.alphas[self.chosen]) if alpha is None else alpha)

    def locally_convex_to(self) -> float:
        """Give the smallest α on the grid down to which every solution has a curvature above 0.

        From the next α on the objective is no longer convex around the solution, and where the path goes depends on
        how it was followed.  nan if that is so at the first α.

        References
        ----------
        Breheny, Huang (2011), Coordinate descent algorithms for nonconvex penalized regression, Annals of Applied
        Statistics 5, section 4.1.
        """
        from lozenge import fit

        return fit.locally_convex_to(self)

    def radius(self, alpha: float | None = None) -> float:
        """Give the penalty's norm at α, in the units that it sees: t of the constrained form with the same solution.

        Σv|b| for L1, (Σvb²)^½ for L2, Ω(b) for the others.  Every α from αmax on has radius 0.
        """
        from lozenge import fit

        return fit.radius(self, float(self.alphas[self.chosen]) if alpha is None else alpha)

    def alpha_for(self, t: float) -> float:
        """Give the α whose solution has norm t: αmax for 0, and 0 where t exceeds the norm of every solution.

        Between, radius and α determine each other; the data must be in memory.
        """
        from lozenge import fit

        return fit.alpha_for(self, t)

    def predict(self, X: Any, *, alpha: float | None = None, offset: Any = None) -> Any:
        """Predict at α (the chosen one if none is named): see `Solution.predict`."""
        from lozenge import fit

        return (fit.chosen(self) if alpha is None else self.at(alpha)).predict(X, offset=offset)

    def survival(
        self, X: Any, times: Any = None, *, strata: Any = None, alpha: float | None = None, offset: Any = None
    ) -> Survival:
        """Give survival curves exp(-H₀(t) e^η) of a Cox model's rows, at ``times`` or at every event time seen.

        ``strata`` (n,) names each row's stratum where the model has several.  At another α than the chosen one the data
        must be in memory.
        """
        from lozenge import fit

        return fit.survival(self, X, times, strata=strata, alpha=alpha, offset=offset)

    def why(self, feature: str | int, alpha: float | None = None, *, df: int | None = None) -> Reason:
        """Say why this feature has the weight that it has, at an α or where at most ``df`` features are kept."""
        from lozenge.explain import why

        return why.why(self, feature, alpha, df=df)

    def reasons(self, alpha: float | None = None, *, df: int | None = None) -> Any:
        """Give the forces on every feature as a polars frame: kept ones, then zeros, nearest to entering first."""
        from lozenge import tables
        from lozenge.explain import survey

        return tables.reasons_frame(survey.reasons(self, alpha, df=df))

    def what_if(
        self, feature: str | int, without: str | int | Sequence[str | int], alpha: float | None = None
    ) -> WhatIf:
        """Say what this feature would weigh, and what the fit would lose, if others were not there."""
        from lozenge.explain import rivals

        return rivals.what_if(self, feature, without, alpha)

    def to_frame(self) -> Any:
        """Give one row per feature that is ever kept and one column per α, as a polars frame."""
        from lozenge import tables

        return tables.path_frame(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the weights against α, the number kept on top, the chosen α marked."""
        from lozenge import plots

        drawn: Axes = plots.path(self, ax)
        return drawn

    def report(self, file: str | FilePath, *, force: bool = False) -> None:
        """Write one self-contained HTML page: what is kept, why the rest is zero, how sure, how to make it again."""
        from lozenge import io
        from lozenge.report import Setting, page

        io.write(page(self, Setting()), file, force=force)

    def summary(self, *, everything: bool = False) -> str:
        """Give a text in the manner of statsmodels: what was fitted, how sure it is, and the weights kept."""
        from lozenge.exports import summary

        return summary.text(self, everything=everything)

    def save(self, file: str | FilePath, *, force: bool = False) -> None:
        """Write the path as JSON, atomically, never over an existing file unless ``force``."""
        from lozenge import fit, io, stability

        io.save(replace(fit.refined(self), halves=stability.known(self)), file, force=force)


@dataclass(frozen=True)
class Reason:
    """Why one feature has the weight that it has, at one α.

    ``marginal = used + left``; zero while ``pull <= price``, where ``pull`` is ``|left|`` unless ``held_by`` says
    otherwise.  All five and ``slack = price - pull`` are gradients in the units of α; ``share = pull / price``.

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
    rank : 1 for the first feature to enter the path; features that enter at the same grid α share a rank
    turned_at : grid alphas at which the weight is first seen with the other sign
    rivals : kept features with their partial correlation with this one given the other kept ones, largest first
    ridge_weight : user's units, under L2 at the α that explains the same deviance
        (both None where only the data could tell, or where they are too dear: see `lozenge.explain.why.why`)
    convex : the penalty is, so that there is an optimum to speak of; else these are the forces at a stationary point
    held_by : what sets ``pull`` against ``price``, as `Hold` names it
    held_with, others_held : names of at most twelve features that are held together with it, and how many there are
    group : name of its group, where it has one
    bounded : whether the penalty has bounds
    size : on a path by size, the number of features that may be kept; then α is nan, and nothing has a price
    rise : what the mean loss, ridge included, would rise by: of a kept feature without it, of a zero with it in the
        place of ``instead_of``, or as one more (not above 0); all weights refitted, with another loss than the squared
        by its quadratic model.  None for a feature that is not counted
    rise_share : of the null model's loss above the least there is
    instead_of : the kept feature whose place costs least; None where none has to leave
    first_size : the smallest size of this path that keeps it
    short_by, proved : the relative distance of this subset's objective from a lower bound, and whether that proves it
    ridge : that of the constraint or the penalty
    effect, of : what the weight does to what is foretold, and what that is, as `lozenge.losses.Words` says it
    output : the one of several outputs whose weight this is
    against, elsewhere : where it is one of the classes of a multinomial fit, the others on which the same column has no
        weight, and has one; else None and empty
    apart : weight per SD less that of the classes ``against``; where there are none, less the mean over all classes
    exact : the loss is quadratic, so that an exchange costs what it is said to
    halves : how many halves of the rows keep it at this α, and of how many; None where that was not asked
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
    rank: int | None = None
    turned_at: tuple[float, ...] = ()
    rivals: tuple[tuple[str, float], ...] | None = None
    ridge_weight: float | None = None
    convex: bool = True
    held_by: str = "price"
    pull: float = math.nan
    held_with: tuple[str, ...] = ()
    others_held: int = 0
    group: str | None = None
    bounded: bool = False
    size: int | None = None
    rise: float | None = None
    rise_share: float | None = None
    instead_of: str | None = None
    first_size: int | None = None
    short_by: float | None = None
    proved: bool = False
    ridge: float = 0.0
    effect: str = "level"
    of: str = "mean"
    output: str | None = None
    against: tuple[str, ...] | None = None
    elsewhere: tuple[str, ...] = ()
    apart: float = math.nan
    exact: bool = True
    halves: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if math.isnan(self.pull):
            object.__setattr__(self, "pull", abs(self.left))

    def __str__(self) -> str:
        from lozenge.explain import why

        return why.sentence(self)

    def to_dict(self) -> dict[str, Any]:
        """Give the numbers and the sentence as plain JSON values."""
        return asdict(self) | {"sentence": str(self)}


@dataclass(frozen=True)
class WhatIf:
    """A feature's weight with and without a rival, at one α, each solved and certified.

    Attributes
    ----------
    weight, weight_without : user's units
    explained, explained_without : share of the null deviance
    kept, kept_without : non-zero weights
    several : there are weights for several outputs
    """

    feature: str
    without: str
    alpha: float
    weight: float
    weight_without: float
    explained: float
    explained_without: float
    kept: int
    kept_without: int
    gap: float
    several: bool = False

    def __str__(self) -> str:
        from lozenge.explain import rivals

        return rivals.sentence(self)


@dataclass(frozen=True, eq=False)
class Reasons:
    """The forces on every feature at one α, one entry per feature, as a table shows them.

    Attributes
    ----------
    order : (p,) features: kept ones by weight per standard deviation, then zeros by share of the price, then those that
        never could have a weight
    state : (p,) kept, zero, excluded, unpenalised or constant
    enters_at : (p,) largest grid α with a non-zero weight, or refined where the path has been; nan if there is none.
        On a path by size the smallest size with one
    swaps : what exchanges would cost, on a path by size: then nothing has a price
    """

    alpha: float
    feature_names: tuple[str, ...]
    order: Indices
    state: tuple[str, ...]
    weight: Floats
    per_sd: Floats
    marginal: Floats
    left: Floats
    price: Floats
    share: Floats
    slack: Floats
    enters_at: Floats
    certified: Bools
    swaps: Swaps | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Several penalties on the same rows, folds and rule.

    Attributes
    ----------
    penalties : names, with their parameter where it is not the default
    rule : by which each α was chosen
    alphas, kept, zeros, near, explained, deviance, se : (k,)
        ``near``: not zero, but below 1 % of the largest weight per standard deviation; ``deviance``: cross-validated,
        with its standard error, nan without a cross-validation.
    coefs : (p, k) user's units; ``per_sd``: times the standard deviation of the feature
    certified : (k,) whether the chosen α of each was
    """

    penalties: tuple[str, ...]
    rule: str
    feature_names: tuple[str, ...]
    alphas: Floats
    kept: Indices
    zeros: Indices
    near: Indices
    explained: Floats
    deviance: Floats
    se: Floats
    coefs: Floats
    per_sd: Floats
    intercepts: Floats
    gaps: Floats
    certified: Bools

    def __repr__(self) -> str:
        counted = ", ".join(f"{name} {kept}" for name, kept in zip(self.penalties, self.kept, strict=True))
        return f"<Comparison by the rule {self.rule}, kept of {len(self.feature_names)}: {counted}>"

    def contrast(self, feature: str | int) -> str:
        """Say which penalties keep a feature, and which make it exactly zero."""
        from lozenge.explain import contrast

        return contrast.contrast(self, feature)

    def __str__(self) -> str:
        from lozenge import screens

        return "\n".join(str(line) for line in screens.comparison(self))

    def to_frame(self) -> Any:
        """Give one row per feature and one column of weights per penalty, as a polars frame."""
        from lozenge import tables

        return tables.comparison_frame(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the weights side by side."""
        from lozenge import plots

        drawn: Axes = plots.weights(self, ax)
        return drawn


@dataclass(frozen=True, eq=False, repr=False)
class Lesson:
    """One argument, run on numbers.

    Attributes
    ----------
    name, claim : how it is called, and what it claims, in a sentence
    on : the numbers it was run on
    columns, rows : the table that shows it
    arrays : what the picture draws, by name
    text : the argument in words, and its limits
    """

    name: str
    claim: str
    on: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    arrays: dict[str, Floats]
    text: str

    def __repr__(self) -> str:
        return f"<Lesson {self.name} on {self.on}: {len(self.rows)} rows>"

    def __str__(self) -> str:
        from lozenge import screens

        return "\n".join(str(line) for line in screens.lesson(self))

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the argument."""
        from lozenge import plots

        drawn: Axes = plots.lesson(self, ax)
        return drawn
