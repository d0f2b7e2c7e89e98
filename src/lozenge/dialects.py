"""Penalty strengths between dialects: our α, and what it is called elsewhere, both ways.

Ours minimises  (1/Σw) Σᵢ wᵢ f(yᵢ, ηᵢ) + α Σⱼ vⱼ (ρ|sⱼbⱼ| + ½(1 - ρ)(sⱼbⱼ)²).  A dialect is what another library
minimises, with the two maps between its parameters and the pair (α, ρ); `DIALECTS` has them by name, each with its
objective so that a factor can be checked by hand.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lozenge.gate import suggestion

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DIALECTS", "Dialect", "Facts", "Strength", "translate"]


class Strength(NamedTuple):
    """Strength of a penalty and the share of it that is L1."""

    strength: float
    l1_ratio: float


# What each fact is, as an error asks for it.
ASKED = {
    "n": "n=, the number of rows",
    "weight_sum": "n=, the number of rows (or weight_sum=, the sum of the sample weights)",
    "loss": "loss=, such as 'squared' or 'logistic'",
    "standardize": "standardize=, whether both fits scale the columns themselves",
    "y_sd": "y_sd=, the standard deviation of y with 1/n, as path.model.y_sd has it",
}


@dataclass(frozen=True)
class Facts:
    """What a dialect may need to know of the fit; asking for one that was not given is an error."""

    dialect: str
    n: float | None = None
    weight_sum: float | None = None
    loss: str | None = None
    standardize: bool | None = None
    y_sd: float | None = None
    penalty_weights: Any = None

    def need(self, name: str) -> Any:
        """Give one, or a refusal that says what to pass."""
        value = getattr(self, name)
        if value is None and name == "weight_sum":
            value = self.n
        if value is None:
            raise ValueError(f"{self.dialect!r} needs {ASKED[name]}")
        return value


@dataclass(frozen=True)
class Dialect:
    """How a library writes its penalty.

    Attributes
    ----------
    name : what `translate` calls it
    keys : its own names of the strength and of the L1 share; one where it has no share
    where : the functions or classes that speak it
    objective : what they minimise
    needs : the facts that the maps may ask for
    into, out : (our α and ρ, facts) to theirs, and back
    ratios : the L1 shares of ours that it can have; all where empty
    losses : the losses of ours that it is for; all where empty
    """

    name: str
    keys: tuple[str, ...]
    where: str
    objective: str
    needs: tuple[str, ...]
    into: Callable[[Strength, Facts], Strength]
    out: Callable[[Strength, Facts], Strength]
    ratios: tuple[float, ...] = ()
    losses: tuple[str, ...] = ()


def translate(
    value: float | Mapping[str, float],
    to: str,
    *,
    source: str = "lozenge",
    l1_ratio: float | None = None,
    n: float | None = None,
    weight_sum: float | None = None,
    loss: str | None = None,
    standardize: bool | None = None,
    y_sd: float | None = None,
    penalty_weights: Any = None,
) -> dict[str, float]:
    r"""Give the parameters under which another library minimises the same objective, up to a constant factor.

    ===================  ===========================================================================================
    `lozenge`            (1/Σw) Σ w f + α (ρ‖b‖₁ + ½(1 - ρ)‖b‖²);  ``alpha``, ``l1_ratio``
    `sklearn:alpha`      the same, columns as they are (Lasso, ElasticNet, MultiTaskLasso; α = ours)
    `sklearn:glm`        the same without L1 (PoissonRegressor, GammaRegressor, TweedieRegressor; α = ours)
    `sklearn:ridge`      Σ w (y - η)² + alpha ‖b‖²;  alpha = Σw α
    `sklearn:C`          C Σ w f + ρ‖b‖₁ + ½(1 - ρ)‖b‖² (LogisticRegression);  C = 1/(Σw α)
    `sklearn:sgd`        (1/n) Σ w f + alpha (ρ‖b‖₁ + ½(1 - ρ)‖b‖²) (SGDClassifier, SGDRegressor);  alpha = α Σw/n
    `liblinear`          C Σ loss + ‖b‖₁ or ½‖b‖², loss = log(1 + e^-yη), or (1 - yη)₊² and (y - η)² without a half
    `glmnet`             as ours with 1/n sd; λ of penalty factors that sum to p; the ridge of a squared loss is ÷ sd(y)
    `spark:normal`       LinearRegression by its normal equations (up to 4,096 columns): as glmnet's
    `spark:l-bfgs`       LinearRegression by its other solver: the same with 1/(n - 1) standard deviations
    `statsmodels`        -loglik/n + alpha (L1_wt ‖b‖₁ + ½(1 - L1_wt)‖b‖²), RSS/(2n) for OLS; alpha = α
    `celer`, `celer:C`   Lasso, ElasticNet: α = ours; LogisticRegression: C Σ f + ‖b‖₁
    `skglm`              mean loss + alpha (ρ‖b‖₁ + ½(1 - ρ)‖b‖²); alpha = α
    `adelie`             mean loss + lmda (alpha ‖b‖₁ + ½(1 - alpha)‖b‖²); lmda = α
    `glum`               half the mean deviance + alpha (ρ‖b‖₁ + ½(1 - ρ)‖b‖²); alpha = α
    `h2o`, `matlab`      mean loss + lambda (alpha ‖b‖₁ + ½(1 - alpha)‖b‖²), columns as they are; lambda = α
    ===================  ===========================================================================================

    A library that does not standardise has to be given columns divided by their standard deviation where ours did.
    None but liblinear, and scikit-learn's ``solver="liblinear"``, penalises the intercept: theirs is another problem
    then.  statsmodels penalises a column of ones like any other, unless ``alpha`` is 0 there.

    Parameters
    ----------
    value : float, or dict as this function returns it
        A strength in the units of ``source``, or its parameters by their names.
    to, source : str
        Names of dialects; `DIALECTS` has them with their objectives.
    l1_ratio : float in [0, 1], optional
        ρ of the source, where ``value`` does not hold it; 1, the lasso, where nobody says.
    n, weight_sum : of the rows; Σw is n where it is not given
    loss : name of ours
    standardize : whether both fits scale the columns
    y_sd : standard deviation of y, with 1/n
    penalty_weights : (p,), which glmnet rescales to sum p

    Returns
    -------
    dict
        The parameters by their names in ``to``.

    Raises
    ------
    ValueError
        For an unknown dialect, a strength that is negative, a fact that is needed and missing, a penalty or a loss that
        the other does not have.

    References
    ----------
    Friedman, Hastie, Tibshirani (2010), Regularization paths for generalized linear models via coordinate descent,
    JSS 33.  The documentation of each library.

    Examples
    --------
    >>> from lozenge.dialects import translate
    >>> translate(0.01, "sklearn:C", n=200)
    {'C': 0.5, 'l1_ratio': 1.0}
    >>> translate({"C": 0.5, "l1_ratio": 1.0}, "lozenge", source="sklearn:C", n=200)
    {'alpha': 0.01, 'l1_ratio': 1.0}
    >>> translate(0.01, "sklearn:ridge", l1_ratio=0, n=200)
    {'alpha': 2.0}

    The ridge part of glmnet's elastic net is on another scale than its L1 part, unless sd(y) is 1:

    >>> translate(0.5, "glmnet", l1_ratio=0.5, loss="squared", y_sd=3.0)
    {'lambda': 1.0, 'alpha': 0.25}
    """
    facts = Facts(
        dialect="",
        n=_positive(n, "n"),
        weight_sum=_positive(weight_sum, "weight_sum"),
        loss=loss,
        standardize=standardize,
        y_sd=_positive(y_sd, "y_sd"),
        penalty_weights=penalty_weights,
    )
    origin, goal = _known(source), _known(to)
    given = _read(origin, value, l1_ratio)
    ours = origin.out(given, _of(facts, origin))
    if not (goal.ratios == () or ours.l1_ratio in goal.ratios):
        raise ValueError(
            f"{goal.name!r} ({goal.where}) has an L1 share of {_either(goal)} alone, and this penalty one of "
            f"{ours.l1_ratio:g}; choose another dialect, or name the share with l1_ratio="
        )
    theirs = goal.into(ours, _of(facts, goal))
    return dict(zip(goal.keys, (float(each) for each in theirs), strict=False))


def _number(value: Any, name: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is a number; got {value!r}") from None


def _positive(value: Any, name: str) -> float | None:
    if value is None:
        return None
    number = _number(value, name)
    if not 0.0 < number < math.inf:
        raise ValueError(f"{name} must be positive and finite; got {value!r}")
    return number


def _known(name: str) -> Dialect:
    if name not in DIALECTS:
        raise ValueError(f"unknown dialect {name!r}; use one of {', '.join(DIALECTS)}{suggestion(name, [*DIALECTS])}")
    return DIALECTS[name]


def _of(facts: Facts, dialect: Dialect) -> Facts:
    if dialect.losses and facts.loss is not None and facts.loss not in dialect.losses:
        raise ValueError(
            f"{dialect.name!r} ({dialect.where}) has no loss {facts.loss!r}; it is for {', '.join(dialect.losses)}"
        )
    return replace(facts, dialect=dialect.name)


def _either(dialect: Dialect) -> str:
    return " or ".join(f"{each:g}" for each in dialect.ratios)


def _read(dialect: Dialect, value: float | Mapping[str, float], l1_ratio: float | None) -> Strength:
    """A strength and an L1 share, from a number or from parameters by their names."""
    given = dict(value) if isinstance(value, Mapping) else {dialect.keys[0]: value}
    strange = [key for key in given if key not in dialect.keys]
    if strange or dialect.keys[0] not in given:
        raise ValueError(
            f"the parameters of {dialect.name!r} are {' and '.join(dialect.keys)}; got {', '.join(map(str, given))}"
        )
    strength = _number(given[dialect.keys[0]], dialect.keys[0])
    share = given.get(dialect.keys[1]) if len(dialect.keys) > 1 else None
    if share is not None and l1_ratio is not None and float(share) != float(l1_ratio):
        raise ValueError(f"l1_ratio is {l1_ratio} and {dialect.keys[1]!r} of {dialect.name!r} is {share}; give one")
    only = dialect.ratios[0] if len(dialect.ratios) == 1 else 1.0
    ratio = float(share if share is not None else only if l1_ratio is None else l1_ratio)
    if not strength >= 0.0:
        raise ValueError(f"a strength must be 0 or positive; got {dialect.keys[0]}={strength}")
    if not 0.0 <= ratio <= 1.0:
        raise ValueError(f"l1_ratio must be between 0 (ridge) and 1 (lasso); got {ratio}")
    if dialect.ratios and ratio not in dialect.ratios:
        raise ValueError(f"{dialect.name!r} has an L1 share of {_either(dialect)} alone; got {ratio:g}")
    return Strength(strength, ratio)


# ------------------------------------------------------------------------------------------------- the maps
def _same(given: Strength, facts: Facts) -> Strength:  # noqa: ARG001 - the signature of a map
    return given


def _mixed(l1: float, l2: float, before: Strength) -> Strength:
    """Strength and share of l1‖b‖₁ + ½ l2‖b‖²."""
    whole = l1 + l2
    return Strength(whole, l1 / whole) if 0.0 < whole < math.inf else Strength(whole, before.l1_ratio)


def _times(factor: Callable[[Facts], float]) -> tuple[Callable[..., Strength], Callable[..., Strength]]:
    """The maps of a library whose strength is ours times a factor."""
    return (
        lambda ours, facts: ours._replace(strength=ours.strength * factor(facts)),
        lambda theirs, facts: theirs._replace(strength=theirs.strength / factor(facts)),
    )


def _inverse(factor: Callable[[Facts], float]) -> Callable[[Strength, Facts], Strength]:
    """C = 1/(factor α), its own inverse; C is inf where nothing is penalised."""

    def turned(given: Strength, facts: Facts) -> Strength:
        product = factor(facts) * given.strength
        return given._replace(strength=1.0 / product if product > 0.0 else math.inf)

    return turned


def _weight(facts: Facts) -> float:
    return float(facts.need("weight_sum"))


def _per_row(facts: Facts) -> float:
    return _weight(facts) / float(facts.need("n"))


# Of liblinear's losses over ours.
LIBLINEAR = {"logistic": 1.0, "squared_hinge": 2.0, "squared": 2.0}


def _liblinear(facts: Facts) -> float:
    return LIBLINEAR[facts.need("loss")] * _weight(facts)


def _unscaled(given: Strength, facts: Facts) -> Strength:
    if facts.need("standardize"):
        raise ValueError(
            f"how {facts.dialect!r} standardises has not been checked against ours; give both fits columns that are "
            "standardised already, with standardize=False"
        )
    return given


def _shrunk(facts: Facts) -> float:
    """mean of vⱼ: penalty factors v/mean(v) sum to p.  An excluded column counts as 1."""
    if facts.penalty_weights is None:
        return 1.0
    v = np.asarray(facts.penalty_weights, dtype=np.float64)
    if v.ndim != 1 or not len(v) or not (v >= 0.0).all() or not np.isfinite(v[v > 0]).any():
        raise ValueError("penalty_weights must be 0, positive or inf, one per column, and one of them positive")
    return float(np.where(np.isinf(v), 1.0, v).mean())


def _y_sd(facts: Facts, given: Strength) -> float:
    """What the ridge part is divided by: sd(y) under a squared loss, which is fitted to y/sd(y)."""
    if given.l1_ratio == 1.0 or facts.need("loss") != "squared":
        return 1.0
    return float(facts.need("y_sd"))


def _to_glmnet(ours: Strength, facts: Facts) -> Strength:
    # RSS/(2n s²) + (λ/s)(ρ|b|/s + ½(1 - ρ)b²/s²), times s²: λρ|b| + ½ λ(1 - ρ)/s b².
    mean, sd = _shrunk(facts), _y_sd(facts, ours)
    return _mixed(mean * ours.strength * ours.l1_ratio, mean * ours.strength * (1.0 - ours.l1_ratio) * sd, ours)


def _from_glmnet(theirs: Strength, facts: Facts) -> Strength:
    mean, sd = _shrunk(facts), _y_sd(facts, theirs)
    l1, l2 = theirs.strength * theirs.l1_ratio / mean, theirs.strength * (1.0 - theirs.l1_ratio) / (mean * sd)
    return _mixed(l1, l2, theirs)


def _sample(facts: Facts) -> float:
    """√(n/(n - 1)), the standard deviation of a sample over that of the rows."""
    n = float(facts.need("n"))
    if n <= 1.0 or (facts.weight_sum is not None and facts.weight_sum != n):
        raise ValueError(f"{facts.dialect!r} has another standard deviation of weighted rows; fit without weights")
    return math.sqrt(n / (n - 1.0))


def _spark(given: Strength, facts: Facts) -> tuple[float, float]:
    """What theirs, over l1 and l2 of ours, is multiplied by: c·s_y for y, c for each column where it is scaled."""
    c = _sample(facts)
    column = c if facts.need("standardize") else 1.0
    return 1.0 / column, c * _y_sd(facts, given) / column**2


def _to_spark(ours: Strength, facts: Facts) -> Strength:
    l1, l2 = _spark(ours, facts)
    return _mixed(l1 * ours.strength * ours.l1_ratio, l2 * ours.strength * (1.0 - ours.l1_ratio), ours)


def _from_spark(theirs: Strength, facts: Facts) -> Strength:
    l1, l2 = _spark(theirs, facts)
    return _mixed(theirs.strength * theirs.l1_ratio / l1, theirs.strength * (1.0 - theirs.l1_ratio) / l2, theirs)


ELASTIC = "ρ‖b‖₁ + ½(1 - ρ)‖b‖²"
GLMNET_LOSSES = ("squared", "logistic", "multinomial", "poisson", "cox")
_ALL = (
    Dialect("lozenge", ("alpha", "l1_ratio"), "lozenge.path", f"(1/Σw) Σ w f + alpha ({ELASTIC})", (), _same, _same),
    Dialect(
        "sklearn:alpha",
        ("alpha", "l1_ratio"),
        "Lasso, ElasticNet, MultiTaskLasso",
        f"(1/2Σw) Σ w (y - η)² + alpha ({ELASTIC})",
        (),
        _same,
        _same,
        losses=("squared", "multitask"),
    ),
    Dialect(
        "sklearn:glm",
        ("alpha",),
        "PoissonRegressor, GammaRegressor, TweedieRegressor",
        "(1/2Σw) Σ w deviance + ½ alpha ‖b‖²",
        (),
        _same,
        _same,
        ratios=(0.0,),
        losses=("poisson", "gamma", "tweedie", "squared"),
    ),
    Dialect(
        "sklearn:ridge",
        ("alpha",),
        "Ridge",
        "Σ w (y - η)² + alpha ‖b‖²",
        ("weight_sum",),
        *_times(_weight),
        ratios=(0.0,),
        losses=("squared", "multitask"),
    ),
    Dialect(
        "sklearn:C",
        ("C", "l1_ratio"),
        "LogisticRegression, but for solver='liblinear', which penalises the intercept",
        f"C Σ w f + {ELASTIC}",
        ("weight_sum",),
        _inverse(_weight),
        _inverse(_weight),
        losses=("logistic", "multinomial"),
    ),
    Dialect(
        "sklearn:sgd",
        ("alpha", "l1_ratio"),
        "SGDClassifier, SGDRegressor with penalty='elasticnet'",
        f"(1/n) Σ w f + alpha ({ELASTIC})",
        ("n", "weight_sum"),
        *_times(_per_row),
        losses=("squared", "logistic"),
    ),
    Dialect(
        "liblinear",
        ("C",),
        "train -s 0, 2, 5, 6, 11 with -c, without -B; -s 11 with -p 0",
        "C Σ loss + ‖b‖₁ or ½‖b‖²; log(1 + e^-yη), (1 - yη)₊² or (y - η)²",
        ("weight_sum", "loss"),
        _inverse(_liblinear),
        _inverse(_liblinear),
        ratios=(1.0, 0.0),
        losses=tuple(LIBLINEAR),
    ),
    Dialect(
        "glmnet",
        ("lambda", "alpha"),
        "glmnet",
        "mean loss + lambda Σ v p/Σv (alpha |b| + ½(1 - alpha) b²), of y/sd(y) under gaussian, lambda then times sd(y)",
        ("penalty_weights", "loss", "y_sd"),
        _to_glmnet,
        _from_glmnet,
        losses=GLMNET_LOSSES,
    ),
    Dialect(
        "spark:normal",
        ("regParam", "elasticNetParam"),
        "LinearRegression with solver='normal', or 'auto' up to 4,096 columns",
        "RSS/(2n) + regParam (elasticNetParam ‖b‖₁ + ½(1 - elasticNetParam)‖b‖²/sd(y)), 1/n standard deviations",
        ("loss", "y_sd"),
        _to_glmnet,
        _from_glmnet,
        losses=("squared",),
    ),
    Dialect(
        "spark:l-bfgs",
        ("regParam", "elasticNetParam"),
        "LinearRegression with solver='l-bfgs', or 'auto' beyond 4,096 columns",
        "RSS/(2n) + regParam (elasticNetParam ‖b‖₁ + ½(1 - elasticNetParam)‖b‖²/sd(y)), 1/(n - 1) standard deviations",
        ("n", "standardize", "loss", "y_sd"),
        _to_spark,
        _from_spark,
        losses=("squared",),
    ),
    Dialect(
        "statsmodels",
        ("alpha", "L1_wt"),
        "OLS and GLM, fit_regularized",
        "-loglik/n, for OLS RSS/(2n), + alpha (L1_wt ‖b‖₁ + ½(1 - L1_wt)‖b‖²)",
        (),
        _same,
        _same,
        losses=("squared", "logistic", "poisson", "gamma", "tweedie", "negative_binomial"),
    ),
    Dialect(
        "celer",
        ("alpha", "l1_ratio"),
        "Lasso, ElasticNet, MultiTaskLasso",
        f"RSS/(2n) + alpha ({ELASTIC})",
        (),
        _same,
        _same,
        losses=("squared", "multitask"),
    ),
    Dialect(
        "celer:C",
        ("C",),
        "LogisticRegression",
        "C Σ f + ‖b‖₁, without an intercept",
        ("weight_sum",),
        _inverse(_weight),
        _inverse(_weight),
        ratios=(1.0,),
        losses=("logistic",),
    ),
    Dialect(
        "skglm",
        ("alpha", "l1_ratio"),
        "Lasso, ElasticNet",
        f"mean loss + alpha ({ELASTIC})",
        (),
        _same,
        _same,
        losses=("squared", "logistic", "poisson"),
    ),
    Dialect(
        "adelie",
        ("lmda", "alpha"),
        "grpnet with groups of one column",
        "mean loss + lmda (alpha ‖b‖₁ + ½(1 - alpha)‖b‖²)",
        (),
        _same,
        _same,
        losses=("squared", "logistic", "poisson"),
    ),
    Dialect(
        "glum",
        ("alpha", "l1_ratio"),
        "GeneralizedLinearRegressor",
        f"(1/2Σw) Σ w deviance + alpha ({ELASTIC})",
        (),
        _same,
        _same,
        losses=("squared", "logistic", "poisson", "gamma", "tweedie", "negative_binomial"),
    ),
    Dialect(
        "h2o",
        ("lambda", "alpha"),
        "GLM",
        "-loglik/n + lambda (alpha ‖b‖₁ + ½(1 - alpha)‖b‖²)",
        ("standardize",),
        _unscaled,
        _unscaled,
        losses=("squared", "logistic", "poisson", "multinomial"),
    ),
    Dialect(
        "matlab",
        ("Lambda", "Alpha"),
        "lasso",
        "RSS/(2n) + Lambda (Alpha ‖b‖₁ + ½(1 - Alpha)‖b‖²)",
        ("standardize",),
        _unscaled,
        _unscaled,
        losses=("squared",),
    ),
)
DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in _ALL}
