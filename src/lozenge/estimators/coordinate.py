"""The lasso and the elastic net at one α, for one response, for several apart, and for several together."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.utils import check_array, check_consistent_length, metadata_routing
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import validate_data

from lozenge.estimators.base import DTYPES, Answer, Linear, csr, doubt, weights
from lozenge.estimators.objective import agreed_gram, reached, solved
from lozenge.estimators.paths import enet_path
from lozenge.results import Status

if TYPE_CHECKING:
    from lozenge.estimators.base import Floats


CONSTRAINTS: dict[str, Any] = {
    "alpha": [Interval(Real, 0, None, closed="left")],
    "l1_ratio": [Interval(Real, 0, 1, closed="both")],
    "fit_intercept": ["boolean"],
    "precompute": ["boolean", "array-like"],
    "max_iter": [Interval(Integral, 1, None, closed="left"), None],
    "copy_X": ["boolean"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "warm_start": ["boolean"],
    "positive": ["boolean"],
    "random_state": ["random_state"],
    "selection": [StrOptions({"cyclic", "random"})],
}


def without(*names: str) -> dict[str, Any]:
    """Constraints on the other parameters."""
    return {name: kinds for name, kinds in CONSTRAINTS.items() if name not in names}


class ElasticNet(MultiOutputMixin, RegressorMixin, Linear):  # type: ignore[misc]
    """Minimise  1/(2Σw) Σᵢ wᵢ (yᵢ - b₀ - xᵢᵀb)² + αρ‖b‖₁ + ½α(1 - ρ)‖b‖²,  certified by its duality gap.

    The names, defaults and shapes of scikit-learn's class of this name, on the engine of `lozenge.path`.

    Parameters
    ----------
    alpha : float
        α ≥ 0; 0 is least squares.
    l1_ratio : float
        ρ in [0, 1]; 1 is the lasso, 0 ridge regression.
    fit_intercept : bool
    precompute : bool or (p, p)
        Nothing is computed from it.  A matrix is compared with XᵀX.
    max_iter : int
        Accepted, and does not bound the fit: it ends where the gap is certified, or where rounding lets it fall no
        further, which is warned of.
    copy_X : bool
        Accepted: X is never written to, and float64 and float32 are not copied.
    tol : float
        The fit is certified where its duality gap is at most tol times the null model's loss, half of what
        scikit-learn's tol allows.  It aims at a millionth of that, or 1e-10.
    warm_start : bool
        Weights of the fit before that are still within tol on these data are kept, with ``n_iter_`` 0.
    positive : bool
        b ≥ 0.
    random_state, selection
        Accepted: nothing is drawn at random.

    Attributes
    ----------
    coef_ : (p,), or (q, p) for a y of q columns, each fitted alone
    intercept_ : float, or (q,)
    dual_gap_ : float, or (q,)
        In units of the objective.
    n_iter_ : int, or list of q
        Passes over X, rounded up.
    n_features_in_, feature_names_in_

    Raises
    ------
    ValueError
        For fewer than two rows, and whatever is refused by `lozenge.path`.

    References
    ----------
    Zou, Hastie (2005), Regularization and variable selection via the elastic net, JRSS B 67.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.estimators import ElasticNet
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> ElasticNet(alpha=1.0, l1_ratio=0.5).fit(X, X @ [3.0, 0.5]).coef_.round(6)
    array([1.666667, 0.      ])
    """

    __metadata_request__fit: ClassVar[dict[str, Any]] = {"check_input": metadata_routing.UNUSED}

    _parameter_constraints: ClassVar[dict[str, Any]] = CONSTRAINTS

    path = staticmethod(enet_path)

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        precompute: Any = False,
        max_iter: int | None = 1000,
        copy_X: bool = True,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, check_input: bool = True) -> ElasticNet:
        """Fit, and certify.

        Parameters
        ----------
        X : (n, p) array, sparse matrix or frame
        y : (n,) or (n, q)
        sample_weight : (n,), optional
            Only their shares matter.
        check_input : bool
            False leaves out scikit-learn's looks at X and y; those of `lozenge.path` stay.
        """
        if self.alpha == 0:
            warnings.warn(
                "With alpha=0, this algorithm does not converge well. You are advised to use the LinearRegression "
                "estimator",
                stacklevel=2,
            )
        if check_input:
            X, y = validate_data(
                self,
                X,
                y,
                accept_sparse="csc",
                dtype=DTYPES,
                multi_output=True,
                y_numeric=True,
                ensure_min_samples=2,
            )
        y = np.asarray(y, dtype=np.float64)
        w = weights(sample_weight, X)
        if hasattr(self.precompute, "__array__"):
            agreed_gram(self.precompute, X, w, fit_intercept=self.fit_intercept)
        columns = y.reshape(len(y), -1)
        found = [self._one(X, columns[:, [k]], w, k) for k in range(columns.shape[1])]
        self._keep(found, X.dtype)
        if y.ndim > 1 and self.fit_intercept:
            self.intercept_ = np.atleast_1d(self.intercept_)
        return self

    def _one(self, X: Any, y: Floats, w: Floats | None, k: int) -> Answer:
        """The fit of one column of y."""
        asked: dict[str, Any] = {"alpha": float(self.alpha), "ratio": float(self.l1_ratio), "positive": self.positive}
        if self.warm_start and hasattr(self, "coef_"):
            coef = np.asarray(self.coef_, dtype=np.float64).reshape(-1, X.shape[1])
            level = np.ravel(getattr(self, "intercept_", 0.0))
            if k < len(coef):
                kept = self._kept(X, y, w, (coef[[k]], np.asarray([level[min(k, len(level) - 1)]], dtype=float)), asked)
                if kept is not None:
                    return kept
        found = solved(X, y, w, fit_intercept=self.fit_intercept, tol=self.tol, **asked)
        doubt(type(self).__name__, found, self.tol, alpha=self.alpha)
        return found

    def _kept(
        self, X: Any, y: Floats, w: Floats | None, before: tuple[Floats, Floats], asked: dict[str, Any]
    ) -> Answer | None:
        """Weights that are still within the tolerance."""
        if bool(np.any(before[1])) and not self.fit_intercept:
            return None
        gap, relative = reached(X, y, w, before, fit_intercept=self.fit_intercept, **asked)
        return Answer(*before, gap, relative, 0, Status.CERTIFIED) if relative <= self.tol else None

    def _keep(self, found: list[Answer], dtype: Any) -> None:
        """Attributes, in the type of X."""
        one = len(found) == 1
        coef = np.vstack([each.coef for each in found]).astype(dtype)
        level = np.concatenate([each.intercept for each in found]).astype(dtype)
        gaps = np.array([each.gap for each in found])
        self.coef_ = coef[0] if one else coef
        self.intercept_: Any = (level[0] if one else level) if self.fit_intercept else 0.0
        self.dual_gap_: Any = gaps[0] if one else gaps
        self.n_iter_: Any = found[0].passes if one else [each.passes for each in found]

    def predict(self, X: Any) -> Floats:
        """Give b₀ + X b, (n,) or (n, q)."""
        return self._eta(X)

    @property
    def sparse_coef_(self) -> Any:
        """``coef_`` as a sparse matrix with a row for each output."""
        return csr(self.coef_)


class Lasso(ElasticNet):
    """Minimise  1/(2Σw) Σᵢ wᵢ (yᵢ - b₀ - xᵢᵀb)² + α‖b‖₁,  certified by its duality gap.

    The names, defaults and shapes of scikit-learn's class of this name, on the engine of `lozenge.path`.

    Parameters
    ----------
    alpha, fit_intercept, precompute, copy_X, max_iter, tol, warm_start, positive, random_state, selection
        As `ElasticNet` has them.

    Attributes
    ----------
    coef_, intercept_, dual_gap_, n_iter_, n_features_in_, feature_names_in_
        As `ElasticNet` has them.

    References
    ----------
    Tibshirani (1996), Regression shrinkage and selection via the lasso, JRSS B 58.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.estimators import Lasso
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> Lasso(alpha=1.0).fit(X, X @ [3.0, 0.5]).coef_.round(9)
    array([2., 0.])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = without("l1_ratio")

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        precompute: Any = False,
        copy_X: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        super().__init__(
            alpha,
            l1_ratio=1.0,
            fit_intercept=fit_intercept,
            precompute=precompute,
            max_iter=max_iter,
            copy_X=copy_X,
            tol=tol,
            warm_start=warm_start,
            positive=positive,
            random_state=random_state,
            selection=selection,
        )


class MultiTaskElasticNet(ElasticNet):
    """Minimise  1/(2Σw) Σᵢ wᵢ ‖yᵢ - b₀ - Wxᵢ‖² + αρ Σⱼ‖wⱼ‖₂ + ½α(1 - ρ)‖W‖²,  wⱼ the weights of column j.

    A column enters for all outputs or none.  The names, defaults and shapes of scikit-learn's class of this name.

    Parameters
    ----------
    alpha, l1_ratio, fit_intercept, copy_X, max_iter, tol, warm_start, random_state, selection
        As `ElasticNet` has them.

    Attributes
    ----------
    coef_ : (q, p)
    intercept_ : (q,)
    dual_gap_ : float
    n_iter_ : int
        Passes over X, rounded up.
    eps_ : float
        tol times Σ‖yᵢ - ȳ‖², as scikit-learn scales it.

    References
    ----------
    Obozinski, Taskar, Jordan (2010), Joint covariate selection and joint subspace selection for multiple
    classification problems, Statistics and Computing 20.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.estimators import MultiTaskElasticNet
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> Y = X @ np.array([[3.0, 4.0], [0.3, 0.4]])
    >>> MultiTaskElasticNet(alpha=1.0, l1_ratio=0.5).fit(X, Y).coef_.round(6)
    array([[1.8, 0. ],
           [2.4, 0. ]])
    """

    __metadata_request__fit: ClassVar[dict[str, Any]] = {}
    _parameter_constraints: ClassVar[dict[str, Any]] = without("precompute", "positive")
    positive = False
    precompute = False

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.selection = selection

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MultiTaskElasticNet:
        """Fit all outputs together, and certify.

        Parameters
        ----------
        X : (n, p) array, sparse matrix or frame
        y : (n, q)
        sample_weight : (n,), optional
            Only their shares matter.
        """
        X, y = validate_data(
            self,
            X,
            y,
            validate_separately=(
                {"accept_sparse": "csc", "dtype": DTYPES, "ensure_min_samples": 2},
                {"dtype": DTYPES, "ensure_2d": False},
            ),
        )
        check_consistent_length(X, y)
        if y.ndim == 1:
            raise ValueError(f"For mono-task outputs, use {type(self).__name__.removeprefix('MultiTask')}")
        y = check_array(y, dtype=np.float64)
        w = weights(sample_weight, X)
        asked: dict[str, Any] = {"alpha": float(self.alpha), "ratio": float(self.l1_ratio), "positive": False}
        found = None
        if self.warm_start and getattr(self, "coef_", np.empty(0)).shape == (y.shape[1], X.shape[1]):
            before = np.asarray(self.coef_, float), np.zeros(y.shape[1]) + getattr(self, "intercept_", 0.0)
            found = self._kept(X, y, w, before, asked)
        if found is None:
            found = solved(X, y, w, fit_intercept=self.fit_intercept, tol=self.tol, **asked)
            doubt(type(self).__name__, found, self.tol, alpha=self.alpha)
        self.coef_ = found.coef.astype(X.dtype)
        self.intercept_ = found.intercept.astype(X.dtype) if self.fit_intercept else 0.0
        self.dual_gap_ = found.gap
        self.n_iter_ = found.passes
        share = np.ones(len(y)) if w is None else w * (len(w) / w.sum())
        about = y - np.average(y, axis=0, weights=share) if self.fit_intercept else y
        self.eps_ = self.tol * float(np.sum(share @ np.square(about)))
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        return tags


class MultiTaskLasso(MultiTaskElasticNet):
    """Minimise  1/(2Σw) Σᵢ wᵢ ‖yᵢ - b₀ - Wxᵢ‖² + α Σⱼ‖wⱼ‖₂,  wⱼ the weights of column j.

    A column enters for all outputs or none.  The names, defaults and shapes of scikit-learn's class of this name.

    Parameters
    ----------
    alpha, fit_intercept, copy_X, max_iter, tol, warm_start, random_state, selection
        As `ElasticNet` has them.

    Attributes
    ----------
    coef_, intercept_, dual_gap_, n_iter_, eps_
        As `MultiTaskElasticNet` has them.

    References
    ----------
    Obozinski, Taskar, Jordan (2010), Joint covariate selection and joint subspace selection for multiple
    classification problems, Statistics and Computing 20.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.estimators import MultiTaskLasso
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> Y = X @ np.array([[3.0, 4.0], [0.3, 0.4]])
    >>> MultiTaskLasso(alpha=1.0).fit(X, Y).coef_.round(6)
    array([[2.4, 0. ],
           [3.2, 0. ]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = without("l1_ratio", "precompute", "positive")

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        super().__init__(
            alpha,
            l1_ratio=1.0,
            fit_intercept=fit_intercept,
            max_iter=max_iter,
            copy_X=copy_X,
            tol=tol,
            warm_start=warm_start,
            random_state=random_state,
            selection=selection,
        )
