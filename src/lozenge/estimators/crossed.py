"""The lasso and the elastic net, α and ρ chosen by cross-validation over folds that share their passes over X."""

from __future__ import annotations

from abc import ABC, abstractmethod
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.model_selection import check_cv
from sklearn.utils import check_consistent_length, check_scalar, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _raise_for_params,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.validation import validate_data

from lozenge.estimators.base import (
    DTYPES,
    Answer,
    Linear,
    answer,
    distinct,
    doubt,
    doubt_folds,
    places,
    weights,
)
from lozenge.estimators.objective import bounded_away, followed, grid
from lozenge.estimators.paths import enet_path, lasso_path

if TYPE_CHECKING:
    from lozenge.estimators.base import Floats, Pairs
    from lozenge.results import Path


CONSTRAINTS: dict[str, Any] = {
    "eps": [Interval(Real, 0, None, closed="neither")],
    "alphas": [Interval(Integral, 1, None, closed="left"), "array-like"],
    "fit_intercept": ["boolean"],
    "precompute": [StrOptions({"auto"}), "array-like", "boolean"],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "tol": [Interval(Real, 0, None, closed="left")],
    "copy_X": ["boolean"],
    "cv": ["cv_object"],
    "verbose": ["verbose"],
    "n_jobs": [Integral, None],
    "positive": ["boolean"],
    "random_state": ["random_state"],
    "selection": [StrOptions({"cyclic", "random"})],
}
RATIOS: dict[str, Any] = {"l1_ratio": [Interval(Real, 0, 1, closed="both"), "array-like"]}
TOGETHER = {name: kinds for name, kinds in CONSTRAINTS.items() if name not in {"precompute", "positive"}}


class Curve(NamedTuple):
    """One ρ: held-out mean squared errors (L, K), the path of all rows, and how many fold solutions are uncertified."""

    ratio: float
    alphas: Floats
    errors: Floats
    solved_at: Floats
    whole: Path

    def best(self) -> tuple[float, int]:
        """The least mean over the folds, and where."""
        mean = self.errors.mean(axis=1)
        k = int(np.argmin(mean))
        return float(mean[k]), k


class _Crossed(MultiOutputMixin, RegressorMixin, Linear, ABC):  # type: ignore[misc]
    """Fit a path for each ρ on all rows and on those of each fold, and keep the solution with the least held-out error.

    Held-out errors are weighted by ``sample_weight`` within a fold, and averaged over folds as they are.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = CONSTRAINTS

    l1_ratio: Any
    positive: bool = False

    @abstractmethod
    def __init__(
        self,
        *,
        eps: float,
        alphas: Any,
        fit_intercept: bool,
        max_iter: int,
        tol: float,
        copy_X: bool,
        cv: Any,
        verbose: Any,
        n_jobs: int | None,
        random_state: Any,
        selection: str,
    ) -> None:
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.selection = selection

    @property
    @abstractmethod
    def _together(self) -> bool:
        """Whether y has several outputs, which columns enter together."""

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, **params: Any) -> _Crossed:
        """Follow the paths, choose, and certify.

        Parameters
        ----------
        X : (n, p) array, sparse matrix or frame
        y : (n,), or (n, q) for the multi-task classes
        sample_weight : (n,), optional
            Of the fits, and of the rows held out.
        **params
            For the splitter, such as ``groups``; with ``sklearn.set_config(enable_metadata_routing=True)``.
        """
        _raise_for_params(params, self, "fit")
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
        y = self._outputs(y)
        Y, w = y.astype(np.float64).reshape(len(y), -1), weights(sample_weight, X)
        ratios = [float(ratio) for ratio in np.atleast_1d(getattr(self, "l1_ratio", 1.0))]
        grids = self._grids(X, Y, w, ratios)
        splitting = {}
        if _routing_enabled():
            splitting = process_routing(self, "fit", sample_weight=sample_weight, **params).splitter.split
        pairs = distinct(check_cv(self.cv).split(X, y, **splitting))
        curves = [self._curve(X, Y, w, pairs, each, own) for each, own in zip(ratios, grids, strict=True)]
        self._choose(curves, X.dtype, Y.shape[1])
        return self

    def _outputs(self, y: Any) -> Any:
        """The response, of the shape that the class is for."""
        name = type(self).__name__
        if self._together:
            if y.ndim == 1:
                raise ValueError(f"For mono-task outputs, use {name.removeprefix('MultiTask')}")
            return y
        if y.ndim > 1 and y.shape[1] > 1:
            raise ValueError(f"For multi-task outputs, use MultiTask{name}")
        return column_or_1d(y, warn=True)

    def _grids(self, X: Any, Y: Floats, w: Floats | None, ratios: list[float]) -> list[Floats]:
        """(L,) decreasing values of α for each ρ."""
        if isinstance(self.alphas, Integral):
            asked: dict[str, Any] = {"fit_intercept": self.fit_intercept, "positive": self.positive}
            count = int(self.alphas)
            return [grid(X, Y, w, ratio=ratio, eps=self.eps, count=count, **asked) for ratio in ratios]
        for k, alpha in enumerate(self.alphas):
            check_scalar(alpha, f"alphas[{k}]", target_type=Real, min_val=0.0, include_boundaries="left")
        return [np.sort(np.asarray(self.alphas, dtype=np.float64))[::-1]] * len(ratios)

    def _curve(self, X: Any, Y: Floats, w: Floats | None, pairs: Pairs, ratio: float, alphas: Floats) -> Curve:
        """The path of one ρ on all rows and on those of each fold."""
        q, intercept = Y.shape[1], self.fit_intercept
        solved_at = bounded_away(alphas, X, Y, w, fit_intercept=intercept, positive=self.positive)

        asked: dict[str, Any] = {"fit_intercept": intercept, "positive": self.positive, "cv": pairs}
        found = followed(X, Y, w, alphas=solved_at, ratio=ratio, tol=self.tol, **asked)
        held = found.cv
        if held is None:
            raise RuntimeError("a path with folds has their curve")
        doubt_folds(type(self).__name__, held.uncertified, len(pairs) * len(solved_at), self.tol)
        errors = held.folds.T[places(held.alphas, solved_at)] / q
        return Curve(ratio, alphas, errors, solved_at, found)

    def _choose(self, curves: list[Curve], dtype: Any, outputs: int) -> None:
        """Attributes, from the curve with the least error."""
        least = [curve.best() for curve in curves]
        best = int(np.argmin([error for error, _ in least]))
        chosen, k = curves[best], least[best][1]
        found: Answer = answer(chosen.whole, int(places(chosen.whole.alphas, chosen.solved_at[[k]])[0]), outputs)
        doubt(type(self).__name__, found, self.tol, alpha=float(chosen.alphas[k]), l1_ratio=chosen.ratio)
        self.alpha_ = float(chosen.alphas[k])
        if "l1_ratio" in self.get_params():
            self.l1_ratio_ = chosen.ratio
        self.mse_path_ = np.squeeze(np.stack([curve.errors for curve in curves]))
        several = isinstance(self.alphas, Integral) and len(curves) > 1
        self.alphas_ = np.stack([curve.alphas for curve in curves]) if several else curves[0].alphas
        level: Any = found.intercept.astype(dtype) if self.fit_intercept else 0.0
        self.coef_ = found.coef.astype(dtype) if self._together else found.coef[0].astype(dtype)
        self.intercept_ = level if self._together or not self.fit_intercept else level[0]
        self.dual_gap_ = found.gap
        self.n_iter_ = found.passes

    def predict(self, X: Any) -> Floats:
        """Give b₀ + X b, (n,) or (n, q)."""
        return self._eta(X)

    def get_metadata_routing(self) -> Any:
        """Say what is routed: ``sample_weight`` here, and what the splitter asks for to the splitter."""
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(splitter=check_cv(self.cv), method_mapping=MethodMapping().add(caller="fit", callee="split"))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.single_output = not self._together
        tags.target_tags.multi_output = self._together
        return tags


class LassoCV(_Crossed):
    """`Lasso` with α chosen by cross-validation; the folds share their passes over X with the fit on all rows.

    The names, defaults and shapes of scikit-learn's class of this name.

    Parameters
    ----------
    eps : float
        The smallest α over the largest, where ``alphas`` is a number.
    alphas : int or list
        How many, or which.
    fit_intercept, precompute, max_iter, tol, copy_X, positive, random_state, selection
        As `Lasso` has them; ``tol`` is judged in every fold.
    cv : int, splitter or pairs of row indices
        None is 5 unshuffled folds.
    verbose, n_jobs
        Accepted: nothing is told, and the fit takes the threads that there are.

    Attributes
    ----------
    alpha_ : float
        With the least mean held-out error.
    coef_, intercept_, dual_gap_, n_iter_
        At ``alpha_`` on all rows; the passes are those of the whole cross-validation.
    mse_path_ : (L, K)
        Held-out mean squared errors.
    alphas_ : (L,)
    n_features_in_, feature_names_in_

    Raises
    ------
    ValueError
        For a y of several columns, a fold that names a row twice, and whatever is refused by `lozenge.path`.

    References
    ----------
    Friedman, Hastie, Tibshirani (2010), Regularization paths for generalized linear models via coordinate descent,
    JSS 33, section 2.5.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.estimators import LassoCV
    >>> X = np.random.default_rng(0).standard_normal((60, 3))
    >>> fit = LassoCV(cv=3).fit(X, 2.0 * X[:, 0])
    >>> fit.mse_path_.shape
    (100, 3)
    >>> bool(fit.alpha_ == fit.alphas_[-1])
    True
    """

    path = staticmethod(lasso_path)

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        copy_X: bool = True,
        cv: Any = None,
        verbose: Any = False,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        super().__init__(
            eps=eps,
            alphas=alphas,
            fit_intercept=fit_intercept,
            max_iter=max_iter,
            tol=tol,
            copy_X=copy_X,
            cv=cv,
            verbose=verbose,
            n_jobs=n_jobs,
            random_state=random_state,
            selection=selection,
        )
        self.precompute = precompute
        self.positive = positive

    @property
    def _together(self) -> bool:
        return False


class ElasticNetCV(_Crossed):
    """`ElasticNet` with α and ρ chosen by cross-validation; the folds share their passes over X.

    The names, defaults and shapes of scikit-learn's class of this name.

    Parameters
    ----------
    l1_ratio : float or list
        ρ, or those to choose from.
    eps, alphas, fit_intercept, precompute, max_iter, tol, cv, copy_X, positive
    verbose, n_jobs, random_state, selection
        As `LassoCV` has them; where ``alphas`` is a number, each ρ has a grid of its own.

    Attributes
    ----------
    alpha_, l1_ratio_ : float
        With the least mean held-out error.
    coef_, intercept_, dual_gap_, n_iter_
        As `LassoCV` has them.
    mse_path_ : (L, K), or (R, L, K) for R values of ρ
    alphas_ : (L,), or (R, L)

    Raises
    ------
    ValueError
        As `LassoCV`, and for ρ = 0 without ``alphas``.

    References
    ----------
    Zou, Hastie (2005), Regularization and variable selection via the elastic net, JRSS B 67.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.estimators import ElasticNetCV
    >>> X = np.random.default_rng(0).standard_normal((60, 3))
    >>> fit = ElasticNetCV(cv=3, l1_ratio=[0.5, 1.0], alphas=10).fit(X, 2.0 * X[:, 0])
    >>> fit.mse_path_.shape, fit.l1_ratio_
    ((2, 10, 3), 1.0)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = CONSTRAINTS | RATIOS
    path = staticmethod(enet_path)

    def __init__(
        self,
        *,
        l1_ratio: Any = 0.5,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        cv: Any = None,
        copy_X: bool = True,
        verbose: Any = 0,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        super().__init__(
            eps=eps,
            alphas=alphas,
            fit_intercept=fit_intercept,
            max_iter=max_iter,
            tol=tol,
            copy_X=copy_X,
            cv=cv,
            verbose=verbose,
            n_jobs=n_jobs,
            random_state=random_state,
            selection=selection,
        )
        self.l1_ratio = l1_ratio
        self.precompute = precompute
        self.positive = positive

    @property
    def _together(self) -> bool:
        return False


class MultiTaskElasticNetCV(_Crossed):
    """`MultiTaskElasticNet` with α and ρ chosen by cross-validation; the folds share their passes over X.

    The names, defaults and shapes of scikit-learn's class of this name.

    Parameters
    ----------
    l1_ratio, eps, alphas, fit_intercept, max_iter, tol, cv, copy_X, verbose, n_jobs, random_state, selection
        As `ElasticNetCV` has them.

    Attributes
    ----------
    alpha_, l1_ratio_, mse_path_, alphas_
        As `ElasticNetCV` has them; errors are averaged over the outputs.
    coef_ : (q, p)
    intercept_ : (q,)
    dual_gap_ : float
    n_iter_ : int

    Raises
    ------
    ValueError
        As `ElasticNetCV`, and for a y without columns.

    References
    ----------
    Obozinski, Taskar, Jordan (2010), Joint covariate selection and joint subspace selection for multiple
    classification problems, Statistics and Computing 20.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.estimators import MultiTaskElasticNetCV
    >>> X = np.random.default_rng(0).standard_normal((60, 3))
    >>> fit = MultiTaskElasticNetCV(cv=3, alphas=5).fit(X, X[:, :2])
    >>> fit.coef_.shape, fit.mse_path_.shape
    ((2, 3), (5, 3))
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = TOGETHER | RATIOS
    path = staticmethod(enet_path)

    def __init__(
        self,
        *,
        l1_ratio: Any = 0.5,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        cv: Any = None,
        copy_X: bool = True,
        verbose: Any = 0,
        n_jobs: int | None = None,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        super().__init__(
            eps=eps,
            alphas=alphas,
            fit_intercept=fit_intercept,
            max_iter=max_iter,
            tol=tol,
            copy_X=copy_X,
            cv=cv,
            verbose=verbose,
            n_jobs=n_jobs,
            random_state=random_state,
            selection=selection,
        )
        self.l1_ratio = l1_ratio

    @property
    def _together(self) -> bool:
        return True


class MultiTaskLassoCV(_Crossed):
    """`MultiTaskLasso` with α chosen by cross-validation; the folds share their passes over X.

    The names, defaults and shapes of scikit-learn's class of this name.

    Parameters
    ----------
    eps, alphas, fit_intercept, max_iter, tol, copy_X, cv, verbose, n_jobs, random_state, selection
        As `LassoCV` has them.

    Attributes
    ----------
    alpha_, mse_path_, alphas_
        As `LassoCV` has them; errors are averaged over the outputs.
    coef_ : (q, p)
    intercept_ : (q,)
    dual_gap_ : float
    n_iter_ : int

    Raises
    ------
    ValueError
        As `LassoCV`, and for a y without columns.

    References
    ----------
    Obozinski, Taskar, Jordan (2010), Joint covariate selection and joint subspace selection for multiple
    classification problems, Statistics and Computing 20.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.estimators import MultiTaskLassoCV
    >>> X = np.random.default_rng(0).standard_normal((60, 3))
    >>> fit = MultiTaskLassoCV(cv=3, alphas=5).fit(X, X[:, :2])
    >>> fit.coef_.shape, fit.mse_path_.shape
    ((2, 3), (5, 3))
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = TOGETHER
    path = staticmethod(lasso_path)

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        copy_X: bool = True,
        cv: Any = None,
        verbose: Any = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        super().__init__(
            eps=eps,
            alphas=alphas,
            fit_intercept=fit_intercept,
            max_iter=max_iter,
            tol=tol,
            copy_X=copy_X,
            cv=cv,
            verbose=verbose,
            n_jobs=n_jobs,
            random_state=random_state,
            selection=selection,
        )

    @property
    def _together(self) -> bool:
        return True
