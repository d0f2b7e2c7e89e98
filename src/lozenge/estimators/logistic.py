"""Logistic regression at one C, and with C and ρ chosen by cross-validation."""

from __future__ import annotations

import inspect
import warnings
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer, get_scorer_names, make_scorer
from sklearn.model_selection import check_cv
from sklearn.utils import compute_class_weight, metadata_routing
from sklearn.utils._param_validation import Hidden, Interval, StrOptions
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_method_params, _check_sample_weight, check_is_fitted, validate_data

from lozenge.estimators.base import (
    ALONE,
    DTYPES,
    HELD,
    Answer,
    Linear,
    answer,
    certified,
    csr,
    distinct,
    doubt,
    doubt_folds,
    places,
)
from lozenge.fit import path
from lozenge.penalties import ElasticNet
from lozenge.results import Status

if TYPE_CHECKING:
    from lozenge.estimators.base import Floats, Pairs
    from lozenge.results import Path

STEP, MOST_STEPS = 2.0, 1000  # between neighbouring alphas where columns are many beside the rows, and how many
FEW = 2  # different sums of weights over training rows, with which folds share a grid of α
SOLVERS = {"lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"}


CONSTRAINTS: dict[str, Any] = {
    "penalty": [StrOptions({"l1", "l2", "elasticnet"}), None, Hidden(StrOptions({"deprecated"}))],
    "C": [Interval(Real, 0, None, closed="right")],
    "l1_ratio": [Interval(Real, 0, 1, closed="both"), None],
    "dual": ["boolean"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "fit_intercept": ["boolean"],
    "intercept_scaling": [Interval(Real, 0, None, closed="neither")],
    "class_weight": [dict, StrOptions({"balanced"}), None],
    "random_state": ["random_state"],
    "solver": [StrOptions(SOLVERS)],
    "max_iter": [Interval(Integral, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "n_jobs": [None, Integral],
}
CROSSED: dict[str, Any] = {
    name: kinds for name, kinds in CONSTRAINTS.items() if name not in {"C", "warm_start", "l1_ratio"}
} | {
    "Cs": [Interval(Integral, 1, None, closed="left"), "array-like"],
    "l1_ratios": ["array-like", None, Hidden(StrOptions({"warn"}))],
    "cv": ["cv_object"],
    "scoring": [StrOptions(set(get_scorer_names())), callable, None, Hidden(StrOptions({"warn"}))],
    "refit": ["boolean"],
    "penalty": [StrOptions({"l1", "l2", "elasticnet"}), Hidden(StrOptions({"deprecated"}))],
    "use_legacy_attributes": ["boolean", Hidden(StrOptions({"warn"}))],
}


def checked(solver: str, penalty: str | None, *, dual: bool) -> None:
    """Refuse what scikit-learn's solver of that name refuses: code that runs there runs here.

    Raises
    ------
    ValueError
        For a penalty or a dual that the solver does not have.
    """
    if solver not in {"liblinear", "saga"} and penalty not in {"l2", None}:
        raise ValueError(
            f"Solver {solver} supports only 'l2' or None penalties, got {penalty} penalty. Name solver='saga', which "
            "supports all"
        )
    if solver != "liblinear" and dual:
        raise ValueError(f"Solver {solver} supports only dual=False, got dual=True")
    if penalty == "elasticnet" and solver != "saga":
        raise ValueError(f"Only 'saga' solver supports elasticnet penalty, got solver={solver}.")
    if solver == "liblinear" and penalty is None:
        raise ValueError("C=np.inf as well as penalty=None is not supported for the liblinear solver")


def stepped(alphas: Any, top: float) -> Floats:
    """The alphas, and others from where weights begin to the smallest, neighbours no more than a factor apart.

    Finding a support that differs by hundreds of columns costs more Newton steps than going there in small steps.
    """
    asked = np.asarray(alphas, dtype=np.float64)
    least = float(asked[asked > 0.0].min(initial=np.inf))
    if not least < top:
        return asked
    count = min(int(np.ceil(np.log(top / least) / np.log(STEP))) + 1, MOST_STEPS)
    return np.union1d(asked, np.geomspace(top, least, count)[:-1])


@dataclass(frozen=True, eq=False)
class Classes:
    """Rows with a class each: what a logistic or multinomial fit is made from.

    Attributes
    ----------
    X : (n, p), with the intercept's own column last where that is penalised
    code : (n,) numbers of the classes
    count : of classes
    w : (n,) weights of the rows, those of their classes included
    intercept : whether there is one that is not penalised
    tol : that was asked for
    """

    X: Any
    code: Any
    count: int
    w: Floats
    intercept: bool
    tol: float

    @property
    def outputs(self) -> int:
        """1 for two classes."""
        return 1 if self.count == 2 else self.count

    def followed(self, w: Floats, alphas: Any, ratio: float, finer: float, cv: Pairs | None = None) -> Path:
        """The path over some alphas, with other weights of the rows.

        With columns nearly as many as the rows, or more, the support changes by hundreds from one usual C to the next;
        then the path goes in smaller steps.
        """
        if ratio > 0.0 and 2 * self.X.shape[1] >= self.X.shape[0]:
            alphas = stepped(alphas, self.top(w) / ratio)
        given: dict[str, Any] = {"sample_weight": w, "fit_intercept": self.intercept, "cv": cv}
        given |= {"loss": "logistic" if self.count == 2 else "multinomial", "penalty": ElasticNet(l1_ratio=ratio)}
        return certified(
            lambda sharp: path(self.X, self.code, alphas=alphas, standardize=False, tol=sharp, **given),
            self.tol,
            finer,
        )

    def top(self, w: Floats) -> float:
        """The α of the lasso where the null model begins: the largest pull on a weight there."""
        share = w / w.sum()
        kinds = (self.code[:, None] == np.arange(self.count)).astype(np.float64)
        null = share @ kinds if self.intercept else np.full(self.count, 1.0 / self.count)
        return float(np.max(np.abs(self.X.T @ (share[:, None] * (kinds - null)))))

    def present(self, w: Floats) -> Any:
        """Numbers of the classes that have weight."""
        return np.unique(self.code[w > 0.0])

    def solved(self, w: Floats, Cs: Floats, ratio: float) -> list[Answer]:
        """The optimum for each C, where rows weigh w: C Σ w f + penalty, which is Σw times C times the mean and α.

        A class without weight has probability 0 in the limit of its intercept, -inf, and its weights are 0.
        """
        there = self.present(w)
        if self.intercept and len(there) < self.count:
            return self._without(w, Cs, ratio, there)
        alphas = 1.0 / (Cs * w.sum())
        found = self.followed(w, alphas, ratio, HELD if len(Cs) > 1 else ALONE)
        return [centred(answer(found, int(k), self.outputs)) for k in places(found.alphas, alphas)]

    def _without(self, w: Floats, Cs: Floats, ratio: float, there: Any) -> list[Answer]:
        """The optimum where some classes have no weight."""
        p, absent = self.X.shape[1], np.full(self.count, -np.inf)
        if len(there) == 1:
            absent[there] = 0.0
            level = np.array([np.inf if there[0] else -np.inf]) if self.count == 2 else absent
            return [Answer(np.zeros((self.outputs, p)), level, 0.0, 0.0, 0, Status.CERTIFIED)] * len(Cs)
        rows = np.flatnonzero(w > 0.0)
        alphas = 1.0 / (Cs * w.sum())
        given: dict[str, Any] = {"sample_weight": w[rows], "standardize": False, "loss": "multinomial"}
        found = certified(
            lambda sharp: path(
                self.X[rows], self.code[rows], alphas=alphas, penalty=ElasticNet(l1_ratio=ratio), tol=sharp, **given
            ),
            self.tol,
            HELD,
        )
        answers = []
        for k in places(found.alphas, alphas):
            own = centred(answer(found, int(k), len(there)))
            coef, level = np.zeros((self.count, p)), absent.copy()
            coef[there], level[there] = own.coef, own.intercept
            answers.append(Answer(coef, level, own.gap, own.relative, own.passes, own.status))
        return answers

    def weights(self, found: Answer, scaling: float | None) -> tuple[Floats, Floats]:
        """(q, p) and (q,); an intercept that was a column of its own is taken out of the weights."""
        if scaling is not None:
            return found.coef[:, :-1], found.coef[:, -1] * scaling
        return found.coef, found.intercept if self.intercept else np.zeros(len(found.coef))


def centred(found: Answer) -> Answer:
    """Intercepts of several classes with sum 0: a constant added to all of them changes no probability."""
    if len(found.intercept) == 1:
        return found
    level = found.intercept - found.intercept.mean()
    return Answer(found.coef, level, found.gap, found.relative, found.passes, found.status)


def with_column(X: Any, value: float) -> Any:
    """X and one more column of a constant."""
    if hasattr(X, "tocsc"):
        from scipy.sparse import csc_array, hstack

        return csc_array(hstack([X, np.full((X.shape[0], 1), value)]))
    return np.hstack([X, np.full((X.shape[0], 1), value, dtype=X.dtype)])


def row_weights(class_weight: Any, classes: Any, code: Any, w: Floats | None) -> Floats:
    """(n,) weights of the rows times those of their classes; "balanced" gives every class the same sum."""
    own = np.ones(len(code)) if w is None else w
    if class_weight is None:
        return own
    if isinstance(class_weight, str):
        sums = np.bincount(code, weights=own, minlength=len(classes))
        with np.errstate(divide="ignore"):
            each = own.sum() / (len(classes) * sums)
    else:
        each = compute_class_weight(class_weight, classes=classes, y=classes[code])
    found: Floats = own * np.asarray(each, dtype=np.float64)[code]
    return np.where(own > 0.0, found, 0.0)


class LogisticRegression(ClassifierMixin, Linear):  # type: ignore[misc]
    """Minimise  C Σᵢ wᵢ f(yᵢ, b₀ + xᵢᵀb) + ρ‖b‖₁ + ½(1 - ρ)‖b‖²,  f minus log likelihood, certified by its duality gap.

    That is `lozenge.path` at α = 1/(C Σw).  Of more than two classes each has weights of its own, and f is the
    multinomial's.  The names, defaults and shapes of scikit-learn's class of this name.

    Parameters
    ----------
    penalty : deprecated
        ``"l1"``, ``"l2"``, ``"elasticnet"`` or None; name ``l1_ratio`` and ``C``.
    C : float
        Above 0; inf leaves the weights unpenalised.
    l1_ratio : float
        ρ in [0, 1]; 0 is ridge.
    dual : bool
        Accepted where scikit-learn accepts it.
    tol : float
        The fit is certified where its duality gap is at most tol times the null model's loss; it aims at a millionth of
        that, or 1e-10.
    fit_intercept : bool
    intercept_scaling : float
        Under ``solver="liblinear"`` the intercept is the weight of a column of this value, and penalised, as there.
    class_weight : dict, "balanced" or None
    random_state, verbose, n_jobs, warm_start
        Accepted: nothing is drawn at random, told, or started from.
    solver : str
        Does not choose an algorithm: what scikit-learn's of this name refuses is refused, for code that runs there to
        run here.
    max_iter : int
        0 leaves the weights where they start; any other number does not bound the fit.

    Attributes
    ----------
    classes_ : (K,)
    coef_ : (1, p) for two classes, (K, p) for more
    intercept_ : (1,) or (K,), with sum 0
        Minus infinity for a class without weight: its probability is 0.
    n_iter_ : (1,)
        Passes over X, rounded up.
    dual_gap_ : float
        In units of the mean loss.
    n_features_in_, feature_names_in_

    Raises
    ------
    ValueError
        For one class, a penalty that the solver does not have, and whatever is refused by `lozenge.path`.

    References
    ----------
    Friedman, Hastie, Tibshirani (2010), Regularization paths for generalized linear models via coordinate descent,
    JSS 33, sections 3 and 4.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.estimators import LogisticRegression
    >>> X = np.array([[0.0, 1], [1, 0], [2, 1], [3, 0]])
    >>> fit = LogisticRegression(l1_ratio=1, solver="saga").fit(X, ["no", "no", "yes", "yes"])
    >>> fit.predict(X).tolist()
    ['no', 'no', 'yes', 'yes']
    >>> float(fit.coef_[0, 1])
    0.0
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = CONSTRAINTS

    def __init__(
        self,
        penalty: Any = "deprecated",
        *,
        C: float = 1.0,
        l1_ratio: float | None = 0.0,
        dual: bool = False,
        tol: float = 1e-4,
        fit_intercept: bool = True,
        intercept_scaling: float = 1,
        class_weight: Any = None,
        random_state: Any = None,
        solver: str = "lbfgs",
        max_iter: int = 100,
        verbose: Any = 0,
        warm_start: bool = False,
        n_jobs: int | None = None,
    ) -> None:
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.random_state = random_state
        self.solver = solver
        self.max_iter = max_iter
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_jobs = n_jobs

    def _asked(self) -> tuple[float, float]:
        """(C, ρ), from arguments of which some are on their way out."""
        ratio = self.l1_ratio
        if self.penalty == "deprecated":
            if ratio is None:
                warnings.warn(
                    "'l1_ratio=None' was deprecated in version 1.8 and will trigger an error in 1.10. Use "
                    "0<=l1_ratio<=1 instead.",
                    FutureWarning,
                    stacklevel=4,
                )
            word = None if np.inf == self.C else "l2" if not ratio else "l1" if ratio == 1 else "elasticnet"
        else:
            word = self.penalty
            warnings.warn(
                "'penalty' was deprecated in version 1.8 and will be removed in 1.10. Leave it out, and use l1_ratio=0 "
                "for 'l2', l1_ratio=1 for 'l1', a number between for 'elasticnet' and C=np.inf for None.",
                FutureWarning,
                stacklevel=4,
            )
        checked(self.solver, word, dual=self.dual)
        if word != "elasticnet" and ratio is not None and 0 < ratio < 1:
            warnings.warn(
                f"l1_ratio parameter is only used when penalty is 'elasticnet'. Got (penalty={word})", stacklevel=4
            )
        if (self.penalty == "l2" and ratio != 0) or (self.penalty == "l1" and ratio != 1):
            warnings.warn(
                f"Inconsistent values: penalty={self.penalty} with l1_ratio={ratio}. penalty is deprecated, and is "
                "what counts here. Use l1_ratio only.",
                stacklevel=4,
            )
        if word == "elasticnet" and ratio is None:
            raise ValueError("l1_ratio must be specified when penalty is elasticnet.")
        if word is None and self.penalty != "deprecated" and self.C != 1.0:
            warnings.warn("Setting penalty=None will ignore the C and l1_ratio parameters", stacklevel=4)
        if self.n_jobs is not None:
            warnings.warn(
                f"'n_jobs' has no effect since 1.8 and will be removed in 1.10. Leave it out; got {self.n_jobs}.",
                FutureWarning,
                stacklevel=4,
            )
        C = np.inf if word is None else float(self.C)
        return C, 1.0 if word == "l1" else float(ratio or 0.0) if word == "elasticnet" else 0.0

    @property
    def _scaling(self) -> float | None:
        """The value of the intercept's own column, where it is penalised."""
        return float(self.intercept_scaling) if self.solver == "liblinear" and self.fit_intercept else None

    def _posed(self, y: Any) -> Any:
        """Keep the classes; give the code of each row's.

        Raises
        ------
        ValueError
            For one class, and for more than two under liblinear.
        """
        check_classification_targets(y)
        self.classes_, code = np.unique(y, return_inverse=True)
        if self.solver == "liblinear" and len(self.classes_) > 2:
            raise ValueError(
                "The 'liblinear' solver does not support multiclass classification (n_classes >= 3): Only binary "
                f"classification is supported. The type of the target is {type_of_target(y)}. Name another solver, or "
                "wrap the estimator in a OneVsRestClassifier"
            )
        if len(self.classes_) < 2:
            raise ValueError(
                "This solver needs samples of at least 2 classes in the data, but the data contains only one class: "
                f"{self.classes_[0]!r}"
            )
        return code

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LogisticRegression:
        """Fit, and certify.

        Parameters
        ----------
        X : (n, p) array, sparse matrix or frame
        y : (n,) classes of any type
        sample_weight : (n,), optional
        """
        C, ratio = self._asked()
        X, y = validate_data(self, X, y, accept_sparse=["csc", "csr"], dtype=DTYPES)
        code = self._posed(y)
        w = None if sample_weight is None else _check_sample_weight(sample_weight, X, dtype=np.float64)
        w = row_weights(self.class_weight, self.classes_, code, w)
        scaling, dtype = self._scaling, np.float64 if self.solver == "liblinear" else X.dtype
        rows = X if scaling is None else with_column(X, scaling)
        posed = Classes(rows, code, len(self.classes_), w, self.fit_intercept and scaling is None, self.tol)
        if self.max_iter == 0:
            found = self._start(posed)
        else:
            found = posed.solved(w, np.array([C]), ratio)[0]
            doubt(type(self).__name__, found, self.tol, C=C, l1_ratio=ratio)
        coef, level = posed.weights(found, scaling)
        self.coef_ = coef.astype(dtype)
        self.intercept_ = level.astype(dtype)
        self.n_iter_ = np.array([found.passes], dtype=np.int32)
        self.dual_gap_ = found.gap
        return self

    def _start(self, posed: Classes) -> Answer:
        """Weights before the first step: 0, or those of the fit before."""
        q, p = posed.outputs, posed.X.shape[1]
        coef, level = np.zeros((q, p)), np.zeros(q)
        if self.warm_start and getattr(self, "coef_", np.empty(0)).shape == (q, p):
            coef, level = np.asarray(self.coef_, float), np.asarray(self.intercept_, float)
        warnings.warn(
            "LogisticRegression: max_iter=0 leaves the weights where they start, and nothing is certified of them. "
            "Leave max_iter out",
            ConvergenceWarning,
            stacklevel=3,
        )
        return Answer(coef, level, np.inf, np.inf, 0, Status.STALLED)

    def decision_function(self, X: Any) -> Floats:
        """Give η = b₀ + X b: (n,) of the second class's log odds, or (n, K)."""
        eta = self._eta(X)
        return eta[:, 0] if eta.shape[1] == 1 else eta

    def predict(self, X: Any) -> Any:
        """Give the likeliest class of each row."""
        eta = self.decision_function(X)
        return self.classes_[(eta > 0).astype(np.intp) if eta.ndim == 1 else np.argmax(eta, axis=1)]

    def predict_proba(self, X: Any) -> Floats:
        """Give (n, K) probabilities, columns in the order of ``classes_``."""
        from scipy.special import expit, softmax

        eta = self.decision_function(X)
        return np.column_stack([expit(-eta), expit(eta)]) if eta.ndim == 1 else np.asarray(softmax(eta, axis=1))

    def predict_log_proba(self, X: Any) -> Floats:
        """Give the logarithms of the probabilities."""
        from scipy.special import log_expit, log_softmax

        eta = self.decision_function(X)
        return (
            np.column_stack([log_expit(-eta), log_expit(eta)])
            if eta.ndim == 1
            else np.asarray(log_softmax(eta, axis=1))
        )

    def densify(self) -> LogisticRegression:
        """Make ``coef_`` an array."""
        check_is_fitted(self)
        if hasattr(self.coef_, "toarray"):
            self.coef_ = self.coef_.toarray()
        return self

    def sparsify(self) -> LogisticRegression:
        """Make ``coef_`` a sparse matrix."""
        check_is_fitted(self)
        if not hasattr(self.coef_, "toarray"):
            self.coef_ = csr(self.coef_)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if self.solver == "liblinear":
            tags.classifier_tags.multi_class = False
        return tags


class LogisticRegressionCV(LogisticRegression):
    """`LogisticRegression` with C and ρ chosen by cross-validation; the folds share their passes over X.

    The names, defaults and shapes of scikit-learn's class of this name.  C means the same for all rows and for those of
    a fold: α = 1/(C Σw), over the rows that are trained on.

    Parameters
    ----------
    Cs : int or list
        How many, between 1e-4 and 1e4, or which.
    l1_ratios : list
        Values of ρ to choose from.
    fit_intercept, dual, penalty, solver, tol, max_iter, class_weight, intercept_scaling
    n_jobs, verbose, random_state
        As `LogisticRegression` has them.
    cv : int, splitter or pairs of row indices
        None is 5 stratified unshuffled folds.
    scoring : str or callable
        None is accuracy.
    refit : bool
        False averages weights, C and ρ over the best of each fold.
    use_legacy_attributes : bool
        Shapes as before version 1.10.

    Attributes
    ----------
    classes_, coef_, intercept_, dual_gap_, n_features_in_, feature_names_in_
        As `LogisticRegression` has them.
    Cs_, l1_ratios_ : (L,), (R,)
    C_, l1_ratio_ : float, or one for each class
    scores_ : (K, R, L), or {class: (K, L, R)}
    coefs_paths_ : (K, R, L, q, p + 1), or {class: (K, L, R, p + 1)}
        The intercept last, where there is one.
    n_iter_ : (K, R, L), or (1, K, L, R)
        Passes over X, rounded up, that all folds together took.

    Raises
    ------
    ValueError
        As `LogisticRegression`, and for a fold that names a row twice.

    References
    ----------
    Friedman, Hastie, Tibshirani (2010), Regularization paths for generalized linear models via coordinate descent,
    JSS 33, sections 3 and 4.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.estimators import LogisticRegressionCV
    >>> X = np.random.default_rng(0).standard_normal((80, 3))
    >>> asked = {"scoring": "neg_log_loss", "use_legacy_attributes": False}
    >>> fit = LogisticRegressionCV(Cs=5, l1_ratios=[1.0], solver="saga", **asked).fit(X, X[:, 0] > 0.3)
    >>> fit.scores_.shape
    (5, 1, 5)
    >>> bool(fit.predict(X).any())
    True
    """

    __metadata_request__score: ClassVar[dict[str, Any]] = {"sample_weight": metadata_routing.UNUSED}

    _parameter_constraints: ClassVar[dict[str, Any]] = CROSSED

    def __init__(
        self,
        *,
        Cs: Any = 10,
        l1_ratios: Any = "warn",
        fit_intercept: bool = True,
        cv: Any = None,
        dual: bool = False,
        penalty: Any = "deprecated",
        scoring: Any = "warn",
        solver: str = "lbfgs",
        tol: float = 1e-4,
        max_iter: int = 100,
        class_weight: Any = None,
        n_jobs: int | None = None,
        verbose: Any = 0,
        refit: bool = True,
        intercept_scaling: float = 1.0,
        random_state: Any = None,
        use_legacy_attributes: Any = "warn",
    ) -> None:
        self.Cs = Cs
        self.l1_ratios = l1_ratios
        self.fit_intercept = fit_intercept
        self.cv = cv
        self.dual = dual
        self.penalty = penalty
        self.scoring = scoring
        self.tol = tol
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.solver = solver
        self.refit = refit
        self.intercept_scaling = intercept_scaling
        self.random_state = random_state
        self.use_legacy_attributes = use_legacy_attributes

    def _ratios(self) -> tuple[list[Any], list[float], bool]:
        """Values of ρ as they were given and as numbers, and whether any were; arguments on their way out are told of.

        Raises
        ------
        ValueError
            For values outside [0, 1], or none where they are needed.
        """
        given = self.l1_ratios
        if isinstance(given, str):
            given = None
            warnings.warn(
                "The default value for l1_ratios will change from None to (0.0,) in version 1.10. Set l1_ratios=(0,) "
                "for the same fit.",
                FutureWarning,
                stacklevel=4,
            )
        if self.penalty == "deprecated":
            if self.l1_ratios is None:
                warnings.warn(
                    "'l1_ratios=None' was deprecated in version 1.8 and will trigger an error in 1.10. Use values "
                    "in [0, 1].",
                    FutureWarning,
                    stacklevel=4,
                )
            values = np.zeros(1) if given is None else np.asarray(given)
            word = "l2" if np.all(values == 0) else "l1" if np.all(values == 1) else "elasticnet"
        else:
            word = self.penalty
            warnings.warn(
                "'penalty' was deprecated in version 1.8 and will be removed in 1.10. Leave it out, and use "
                "l1_ratios=(0,) for 'l2', (1,) for 'l1' and numbers between for 'elasticnet'.",
                FutureWarning,
                stacklevel=4,
            )
        checked(self.solver, word, dual=self.dual)
        if word == "elasticnet" and (
            given is None
            or len(given) == 0
            or not all(isinstance(each, Real) and 0 <= float(each) <= 1 for each in given)
        ):
            raise ValueError(f"l1_ratios must be an array-like of numbers between 0 and 1; got (l1_ratios={given!r})")
        if word != "elasticnet" and given is not None and self.penalty != "deprecated":
            warnings.warn(
                f"l1_ratios parameter is only used when penalty is 'elasticnet'. Got (penalty={word})", stacklevel=4
            )
        shown: list[Any] = [None] if given is None else list(given)
        numbers = [float(each) if word == "elasticnet" else float(word == "l1") for each in shown]
        return shown, numbers, given is not None

    def _told(self) -> tuple[Any, bool]:
        """The scoring, and whether attributes have the shapes from before; defaults on their way out are told of."""
        scoring, legacy = self.scoring, self.use_legacy_attributes
        if isinstance(scoring, str) and scoring == "warn":
            scoring = None
            warnings.warn(
                "The default value of the parameter 'scoring' will change from None, i.e. accuracy, to 'neg_log_loss' "
                "in version 1.11. Set it to either.",
                FutureWarning,
                stacklevel=4,
            )
        if legacy == "warn":
            legacy = True
            warnings.warn(
                f"The fitted attributes of {type(self).__name__} will be simplified in scikit-learn 1.10. Set "
                "`use_legacy_attributes=False` for the new shapes, or True to keep these. The default value of "
                "use_legacy_attributes will change from True to False in scikit-learn 1.10.",
                FutureWarning,
                stacklevel=4,
            )
        return scoring, legacy

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> LogisticRegressionCV:
        """Follow the paths, score the held-out rows, choose, and certify.

        Parameters
        ----------
        X : (n, p) array, sparse matrix or frame
        y : (n,) classes of any type
        sample_weight : (n,), optional
            Of the fits; of the scores where the scorer asks for it.
        **params
            For the splitter and the scorer; with ``sklearn.set_config(enable_metadata_routing=True)``.
        """
        _raise_for_params(params, self, "fit")
        shown, ratios, given = self._ratios()
        scoring, legacy = self._told()
        X, y = validate_data(self, X, y, accept_sparse=["csr", "csc"], dtype=np.float64)
        code = self._posed(y)
        splitting, score_params = self._routed(sample_weight, params)
        own = None if sample_weight is None else _check_sample_weight(sample_weight, X, dtype=np.float64)
        if isinstance(self.class_weight, dict) and not set(self.class_weight) <= set(self.classes_.tolist()):
            raise ValueError(
                "The given class_weight dict must have the class labels as keys; "
                f"classes={self.classes_} but key={self.class_weight.keys()}"
            )
        w = row_weights(self.class_weight, self.classes_, code, own)
        scaling = self._scaling
        rows = X if scaling is None else with_column(X, scaling)
        posed = Classes(rows, code, len(self.classes_), w, self.fit_intercept and scaling is None, self.tol)
        pairs = distinct(check_cv(self.cv, y, classifier=True).split(X, y, **splitting))
        self.Cs_ = np.logspace(-4, 4, self.Cs) if isinstance(self.Cs, Integral) else np.asarray(self.Cs)
        Cs = self.Cs_.astype(np.float64)

        crossings = [_Crossing.of(posed, pairs, Cs, ratio) for ratio in ratios]
        doubt_folds(
            type(self).__name__,
            sum(each.uncertified for each in crossings),
            len(pairs) * len(Cs) * len(ratios),
            self.tol,
        )
        found = [[[posed.weights(each, scaling) for each in fold] for fold in one.folds] for one in crossings]
        # Folds, values of ρ, values of C, outputs, columns and the intercept.
        paths = np.array(
            [
                [
                    [np.hstack([coef, level[:, None]]) if self.fit_intercept else coef for coef, level in found[r][k]]
                    for r in range(len(ratios))
                ]
                for k in range(len(pairs))
            ]
        )
        scorer = _Scorer(scoring, self.classes_, score_params)
        scores = np.array(
            [
                [scorer.scores(X[test], y[test], [each[k] for each in found], X, test, own)]
                for k, (_, test) in enumerate(pairs)
            ]
        )[:, 0]
        passes = np.array([[[each.passes for each in one.folds[k]] for one in crossings] for k in range(len(pairs))])
        self._choose(posed, crossings, ratios, Cs, paths, scores, scaling)
        self.l1_ratios_ = np.asarray(shown)
        self._keep(paths, scores, passes, legacy=legacy, given=given)
        return self

    def _routed(self, sample_weight: Any, params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What goes to the splitter, and to the scorer."""
        if _routing_enabled():
            routed = process_routing(self, "fit", sample_weight=sample_weight, **params)
            return routed.splitter.split, routed.scorer.score
        return {}, params if sample_weight is None else params | {"sample_weight": sample_weight}

    def _choose(
        self,
        posed: Classes,
        crossings: list[_Crossing],
        ratios: list[float],
        Cs: Floats,
        paths: Floats,
        scores: Floats,
        scaling: float | None,
    ) -> None:
        """C, ρ and the weights: those of all rows where the mean score is best, or the mean of each fold's best."""
        by_C = scores.transpose(0, 2, 1)  # (K, L, R): ties go to the first C
        if self.refit:
            c, r = np.unravel_index(np.argmax(by_C.sum(axis=0)), by_C.shape[1:])
            self._best = float(Cs[c]), ratios[r]
            found = crossings[r].whole(posed, float(Cs[c]), ratios[r])
            doubt(type(self).__name__, found, self.tol, C=float(Cs[c]), l1_ratio=ratios[r])
            self.coef_, self.intercept_ = posed.weights(found, scaling)
            self.dual_gap_ = found.gap
            return
        best = [np.unravel_index(np.argmax(fold), fold.shape) for fold in by_C]
        mean = np.mean([paths[k, r, c] for k, (c, r) in enumerate(best)], axis=0)
        self._best = float(np.mean([Cs[c] for c, _ in best])), float(np.mean([ratios[r] for _, r in best]))
        p = self.n_features_in_
        self.coef_, self.intercept_ = mean[:, :p], mean[:, -1] if self.fit_intercept else np.zeros(len(mean))

    def _keep(self, paths: Floats, scores: Floats, passes: Any, *, legacy: bool, given: bool) -> None:
        """Attributes in the shapes that were asked for."""
        C, ratio = self._best
        del self._best
        self.C_: Any = C
        self.l1_ratio_: Any = ratio
        self.coefs_paths_: Any = paths
        self.scores_: Any = scores
        self.n_iter_ = passes
        if legacy:
            q = paths.shape[3]
            names = self.classes_[1:] if q == 1 else self.classes_
            by_C = {"paths": paths.swapaxes(1, 2), "scores": scores.swapaxes(1, 2), "passes": passes.swapaxes(1, 2)}
            if not given:  # without the dimension of ρ
                by_C = {name: each[:, :, 0] for name, each in by_C.items()}
            self.C_ = np.full(q, C)
            self.l1_ratio_ = np.full(q, ratio) if given or not self.refit else np.array([None] * q)
            self.coefs_paths_ = {name: by_C["paths"][..., k, :] for k, name in enumerate(names)}
            self.scores_ = {name: by_C["scores"].copy() for name in names}
            self.n_iter_ = by_C["passes"][None]

    def score(self, X: Any, y: Any, *, sample_weight: Any = None, **score_params: Any) -> float:
        """Score predictions by ``scoring``.

        Parameters
        ----------
        X, y
        sample_weight : (n,), optional
        **score_params
            For the scorer; with ``sklearn.set_config(enable_metadata_routing=True)``.
        """
        _raise_for_params(score_params, self, "score")
        if sample_weight is not None:
            score_params["sample_weight"] = sample_weight
        if _routing_enabled():
            score_params = process_routing(self, "score", **score_params).scorer.score
        return float(self._get_scorer()(self, X, y, **score_params))

    def _get_scorer(self) -> Any:
        named = isinstance(self.scoring, str) and self.scoring == "warn"
        return get_scorer("accuracy" if named or self.scoring is None else self.scoring)

    def get_metadata_routing(self) -> Any:
        """Say what is routed: to the splitter what it asks for, to the scorer in ``fit`` and ``score`` too."""
        to_scorer = MethodMapping().add(caller="score", callee="score").add(caller="fit", callee="score")
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(splitter=self.cv, method_mapping=MethodMapping().add(caller="fit", callee="split"))
            .add(scorer=self._get_scorer(), method_mapping=to_scorer)
        )


@dataclass(frozen=True, eq=False)
class _Crossing:
    """The folds' solutions at one ρ, K lists of one for each C, and the path of all rows where they shared one."""

    folds: list[list[Answer]]
    uncertified: int
    path: Path | None

    @classmethod
    def of(cls, posed: Classes, pairs: Pairs, Cs: Floats, ratio: float) -> _Crossing:
        """Follow all folds, side by side on one grid where few sums of weights make few different values of α."""
        parts = [np.zeros_like(posed.w) for _ in pairs]
        for part, (train, _) in zip(parts, pairs, strict=True):
            part[train] = posed.w[train]
        sums = np.array([part.sum() for part in parts])
        whole = all(len(posed.present(part)) == posed.count for part in parts)
        tested = all(posed.w[test].any() for _, test in pairs)
        if not (whole and tested and len(np.unique(sums)) <= FEW and np.isfinite(Cs).all()):
            folds = [posed.solved(part, Cs, ratio) for part in parts]
            return cls(folds, sum(each.relative > posed.tol for fold in folds for each in fold), None)
        found = posed.followed(posed.w, (1.0 / (np.unique(sums)[:, None] * Cs)).ravel(), ratio, HELD, pairs)
        held = found.cv
        if held is None or held.intercepts is None:
            raise RuntimeError("a path with folds has their curve")
        folds, passes = [], int(np.ceil(found.passes))
        for k, total in enumerate(sums):
            own = held.coefs[k].toarray()
            at = places(held.alphas, 1.0 / (total * Cs))
            level = held.intercepts[k].reshape(len(held.alphas), -1)
            folds.append(
                [
                    centred(Answer(own[:, i].reshape(posed.outputs, -1), level[i], 0.0, 0.0, passes, Status.CERTIFIED))
                    for i in at
                ]
            )
        return cls(folds, held.uncertified, found)

    def whole(self, posed: Classes, C: float, ratio: float) -> Answer:
        """The solution on all rows, from their path where there is one."""
        if self.path is None:
            return posed.solved(posed.w, np.array([C]), ratio)[0]
        alpha, model = 1.0 / (C * posed.w.sum()), self.path.model
        found = self.path.at(alpha)
        return centred(
            Answer(
                coef=found.coef.reshape(posed.outputs, -1),
                intercept=np.atleast_1d(found.intercept).astype(np.float64),
                gap=found.gap * (model.null_loss - model.saturated_loss),
                relative=found.gap,
                passes=int(np.ceil(self.path.passes)),
                status=found.status,
            )
        )


@dataclass(frozen=True, eq=False)
class _Scorer:
    """Scores of held-out rows, by a scorer that knows every class, of which a fold may lack some."""

    scoring: Any
    classes: Any
    params: dict[str, Any]

    def scores(self, X: Any, y: Any, found: Any, rows: Any, test: Any, w: Floats | None) -> list[list[float]]:
        """(R, L) of one fold: ``found`` has the weights for each ρ and C."""
        model = LogisticRegression()
        model.classes_, model.n_features_in_ = self.classes, X.shape[1]
        scorer = self._knowing()
        given = {"sample_weight": None if w is None else w[test]}
        if scorer is not None:
            given = _check_method_params(X=rows, params=self.params, indices=test)
        scored: list[list[float]] = []
        for one in found:
            scored.append([])
            for coef, level in one:
                model.coef_, model.intercept_ = coef, level
                told = model.score(X, y, **given) if scorer is None else scorer(model, X, y, **given)
                scored[-1].append(told)
        return scored

    def _knowing(self) -> Any:
        if self.scoring is None:
            return None
        scorer = get_scorer(self.scoring)
        function = getattr(scorer, "_score_func", None)
        taken = inspect.signature(function).parameters if function is not None else {}
        if "labels" not in taken:
            return scorer
        more = {"pos_label": self.classes[-1]} if len(self.classes) == 2 and "pos_label" in taken else {}
        return make_scorer(
            function,
            greater_is_better=scorer._sign == 1,  # noqa: SLF001 - scikit-learn tells none of the three in public
            response_method=scorer._response_method,  # noqa: SLF001 - likewise
            **{"labels": self.classes, **more, **scorer._kwargs},  # noqa: SLF001 - likewise
        )
