"""Any loss under any penalty, with α by a rule, as scikit-learn's pipelines and searches take it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from lozenge import fit as fits
from lozenge import gate
from lozenge.estimators.base import Reported, doubt, weights
from lozenge.estimators.base import answer as answered
from lozenge.estimators.rows import Seen
from lozenge.results import Status

if TYPE_CHECKING:
    from lozenge.estimators.base import Floats
    from lozenge.results import Path

NEEDS_FOLDS = {"min", "1se"}


def _gone(rule: Any) -> bool:
    """Whether a rule needs the rows, all of them at once."""
    return rule in {*NEEDS_FOLDS, "stable"} if isinstance(rule, str) else callable(rule)


def _adds_up(self: Any) -> bool:
    """Whether sums of products say all that is asked of the rows, so that more can be added; else no method."""
    loss = gate.loss(self.loss)
    if not (loss.quadratic and loss.width == 1):
        raise AttributeError(
            "partial_fit is exact where sums of products say all that the loss asks of the rows, and loss "
            f"{self.loss!r} asks every row anew at every step; fit all rows together"
        )
    if _gone(self.alpha):
        raise AttributeError(
            f"partial_fit has no rule alpha={self.alpha!r}, which needs rows that are gone; use a number, 'bic', 'aic' "
            "or 'df=12'"
        )
    return True


def _has_chances(self: Any) -> bool:
    """Whether the loss gives probabilities."""
    return self.loss == "auto" or gate.loss(self.loss).words.effect == "odds"


def _takes(loss: Any, classes: int) -> bool:
    """Whether a loss is for so many classes."""
    try:
        gate.loss(loss).check(np.arange(classes))
    except ValueError:
        return False
    return True


class _Sparse(SelectorMixin, Reported):  # type: ignore[misc]
    """What the two have in common."""

    loss: Any
    penalty: Any
    alpha: Any
    n_alphas: int
    alphas: Any
    alpha_min_ratio: float | None
    cv: Any
    scoring: Any
    repeats: int
    fit_intercept: bool
    standardize: bool
    penalty_weights: Any
    tol: float
    random_state: Any

    def _grid(self) -> dict[str, Any]:
        asked = {"alphas": self.alphas, "n_alphas": self.n_alphas, "alpha_min_ratio": self.alpha_min_ratio}
        return asked | {"penalty": self.penalty, "tol": self.tol}

    def _options(self, groups: Any) -> dict[str, Any]:
        asked = self._grid()
        if self.alpha in NEEDS_FOLDS if isinstance(self.alpha, str) else callable(self.alpha):
            seed = self.random_state
            seed = seed if isinstance(seed, int) else int(check_random_state(seed).randint(2**31 - 1))
            asked |= {"cv": self.cv, "scoring": self.scoring, "repeats": self.repeats, "groups": groups, "seed": seed}
        elif self.alphas is None and not isinstance(self.alpha, str) and gate.penalty(self.penalty).convex:
            asked |= {"alphas": [gate.alpha(self.alpha)]}  # under a concave penalty the answer depends on the way there
        columns = {"penalty_weights": self.penalty_weights, "feature_names": getattr(self, "feature_names_in_", None)}
        return asked | {"fit_intercept": self.fit_intercept, "standardize": self.standardize} | columns

    def _fitted(self, X: Any, y: Any, loss: Any, sample_weight: Any, offset: Any, groups: Any) -> None:
        found = fits.path(
            X, y, loss=loss, sample_weight=weights(sample_weight, X), offset=offset, **self._options(groups)
        )
        self._settled(fits.choose(found, self.alpha))

    def _settled(self, found: Path) -> None:
        self.path_ = found
        self.solution_ = fits.chosen(found)
        self.alpha_ = self.solution_.alpha
        self.certificate_ = self.solution_.certificate
        outputs = max(len(found.model.outputs), 1)
        coef = self.solution_.coef.reshape(outputs, -1)
        self.coef_ = coef if outputs > 1 or found.model.classes else coef[0]
        level = self.solution_.intercept
        self.intercept_ = np.atleast_1d(level) if found.model.classes else level
        if self.solution_.status is not Status.CERTIFIED:
            doubt(type(self).__name__, answered(found, found.chosen), self.tol, alpha=self.alpha_)

    def _checked(self, X: Any) -> Any:
        check_is_fitted(self)
        return validate_data(self, X, accept_sparse=["csr", "csc", "coo"], reset=False)

    def _get_support_mask(self) -> Any:
        check_is_fitted(self)
        return np.any(np.atleast_2d(self.coef_) != 0.0, axis=0)

    def score(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None) -> float:
        """D² = 1 - deviance / deviance of the best constant on these rows: R² under the squared loss."""
        X = self._checked(X)
        return float(self.solution_.score(X, y, sample_weight=weights(sample_weight, X), offset=offset))

    def __getstate__(self) -> Any:
        """Without the rows that the path was fitted on: as it would come from a file."""
        state = super().__getstate__()
        if "path_" in state:
            state = state | {"path_": replace(state["path_"], source=None)}
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.target_tags.required = True
        return tags

    def _html_extra(self) -> str:
        """The path, and why the largest weights are kept and the nearest zeros are not."""
        if not hasattr(self, "path_"):
            return ""
        from lozenge.report.notebook import picture

        return str(picture(self.path_))


class SparseRegressor(RegressorMixin, _Sparse):  # type: ignore[misc]
    """Minimise  (1/Σw) Σᵢ wᵢ f(yᵢ, ηᵢ) + α Ω(b),  η = offset + b₀ + X b,  with α by a rule.

    Parameters
    ----------
    loss, penalty : str or object
        As in `lozenge.path`: every loss of numbers, counts, amounts or event times under every penalty.
    alpha : str, float or callable
        A rule of `lozenge.Path.best`, ``"1se"``, ``"min"``, ``"aic"``, ``"bic"``, ``"ebic"``, ``"df=12"``, ``"stable"``
        or a function of the cross-validated curve; or a number.
    n_alphas, alphas, alpha_min_ratio
        The grid, as in `lozenge.path`; for a number without ``alphas`` it is that one.
    cv, scoring, repeats
        Of the rules that need a curve: folds, splitter or labels; what held-out rows are scored by; how often an int
        ``cv`` is dealt.
    fit_intercept, standardize, penalty_weights, tol
        As in `lozenge.path`.
    random_state : int, RandomState or None
        Of the folds.

    Attributes
    ----------
    coef_ : (p,), or (q, p) for q responses, in the units of X;  intercept_ : float, or (q,)
    alpha_, certificate_ : the choice, and its `Certificate`, of a convex fit the relative duality gap
    path_ : Path, with `why`, `reasons`, `plot`, `stability` and the rest
    solution_ : Solution at the choice
    n_features_in_, feature_names_in_

    Raises
    ------
    ValueError
        For what `lozenge.path` refuses, and a rule that there is not.

    Warns
    -----
    ConvergenceWarning
        Where the choice is not certified to ``tol``: how far it is.

    Examples
    --------
    >>> import numpy as np
    >>> import lozenge as lz
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> model = lz.SparseRegressor(alpha=1.0).fit(X, X @ [3.0, 0.5])
    >>> model.coef_.round(9)
    array([2., 0.])
    >>> print(model.path_.why(1).state)
    zero
    """

    def __init__(
        self,
        loss: Any = "squared",
        penalty: Any = "l1",
        alpha: Any = "1se",
        *,
        n_alphas: int = 100,
        alphas: Any = None,
        alpha_min_ratio: float | None = None,
        cv: Any = 5,
        scoring: Any = None,
        repeats: int = 1,
        fit_intercept: bool = True,
        standardize: bool = True,
        penalty_weights: Any = None,
        tol: float = 1e-6,
        random_state: Any = 0,
    ) -> None:
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.n_alphas = n_alphas
        self.alphas = alphas
        self.alpha_min_ratio = alpha_min_ratio
        self.cv = cv
        self.scoring = scoring
        self.repeats = repeats
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.penalty_weights = penalty_weights
        self.tol = tol
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None, groups: Any = None) -> SparseRegressor:
        """Fit the path and choose on it.

        Parameters
        ----------
        X : (n, p) array, frame or sparse matrix
        y : (n,), or the columns that the loss is of
        sample_weight, offset, groups : (n,), optional
            ``groups``: rows with the same label are held out together.
        """
        shown = np.asarray(y)
        if shown.dtype.names is None and (shown.ndim < 2 or shown.shape[1] == 1):
            X, y = validate_data(self, X, y, accept_sparse=["csr", "csc", "coo"], y_numeric=True, ensure_min_samples=2)
        else:
            X = validate_data(self, X, accept_sparse=["csr", "csc", "coo"], ensure_min_samples=2)
        self._fitted(X, y, self.loss, sample_weight, offset, groups)
        self._seen: Seen | None = None
        return self

    @available_if(_adds_up)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> SparseRegressor:
        """Add rows to those seen, and fit all of them: exactly what `fit` gives of them together.

        Only under the squared loss, where p + 2 rows stand for any number of them; other losses ask every row anew, and
        have no such method.  α is a number, a criterion or ``df=``: there are no folds of rows that are gone.
        """
        before: Seen | None = getattr(self, "_seen", None)
        X, y = validate_data(self, X, y, accept_sparse=["csr", "csc", "coo"], y_numeric=True, reset=before is None)
        X = X.toarray() if hasattr(X, "toarray") else np.asarray(X, dtype=np.float64)
        seen = Seen.none(X.shape[1]) if before is None else before
        seen = self._seen = seen.joined(X, np.asarray(y, dtype=np.float64), weights(sample_weight, X))
        options = self._grid()
        if self.alphas is None and not isinstance(self.alpha, str):
            options["alphas"] = [self.alpha]
        names = getattr(self, "feature_names_in_", [f"x{j}" for j in range(X.shape[1])])
        self._settled(
            seen.path(
                self.alpha,
                fit_intercept=self.fit_intercept,
                standardize=self.standardize,
                penalty_weights=self.penalty_weights,
                feature_names=["(intercept)", *names],
                **options,
            )
        )
        return self

    def predict(self, X: Any, offset: Any = None) -> Floats:
        """What is foretold: means, centres, quantiles or relative hazards, (n,) or (n, q)."""
        X = self._checked(X)
        found: Floats = self.solution_.predict(X, offset=offset)
        return found


class SparseClassifier(ClassifierMixin, _Sparse):  # type: ignore[misc]
    """Minimise  (1/Σw) Σᵢ wᵢ f(yᵢ, ηᵢ) + α Ω(b),  η = offset + b₀ + X b,  for classes, with α by a rule.

    Parameters
    ----------
    loss : str or object
        ``"auto"``: ``logistic`` for two classes, ``multinomial`` for more; also ``squared_hinge`` and ``ordinal``.
    penalty, alpha, n_alphas, alphas, alpha_min_ratio, cv, scoring, repeats
        As in `SparseRegressor`.
    fit_intercept, standardize, penalty_weights, tol, random_state
        As in `SparseRegressor`.

    Attributes
    ----------
    classes_ : (q,)
    coef_ : (1, p) for two classes, (q, p) for more, in the units of X;  intercept_ : (1,), (q,), or (q - 1,) if ordinal
    alpha_, certificate_, path_, solution_, n_features_in_, feature_names_in_
        As in `SparseRegressor`.

    Raises
    ------
    ValueError
        For one class alone, and for what `lozenge.path` refuses.

    Examples
    --------
    >>> import numpy as np
    >>> import lozenge as lz
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]] * 5)
    >>> y = np.where(X[:, 0] > 0, "yes", "no")
    >>> model = lz.SparseClassifier(alpha=0.1).fit(X, y)
    >>> model.predict(X[:3]).tolist(), model.get_support().tolist()
    (['yes', 'yes', 'no'], [True, False])
    """

    def __init__(
        self,
        loss: Any = "auto",
        penalty: Any = "l1",
        alpha: Any = "1se",
        *,
        n_alphas: int = 100,
        alphas: Any = None,
        alpha_min_ratio: float | None = None,
        cv: Any = 5,
        scoring: Any = None,
        repeats: int = 1,
        fit_intercept: bool = True,
        standardize: bool = True,
        penalty_weights: Any = None,
        tol: float = 1e-6,
        random_state: Any = 0,
    ) -> None:
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.n_alphas = n_alphas
        self.alphas = alphas
        self.alpha_min_ratio = alpha_min_ratio
        self.cv = cv
        self.scoring = scoring
        self.repeats = repeats
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.penalty_weights = penalty_weights
        self.tol = tol
        self.random_state = random_state

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, offset: Any = None, groups: Any = None
    ) -> SparseClassifier:
        """Fit the path and choose on it: see `SparseRegressor.fit`; y (n,) holds classes of any type."""
        X, y = validate_data(self, X, y, accept_sparse=["csr", "csc", "coo"], ensure_min_samples=2)
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        given = weights(sample_weight, X)
        counted = self.classes_ if given is None else np.unique(y[given > 0.0])
        if len(counted) < 2:
            raise ValueError(
                "This solver needs samples of at least 2 classes in the data, but the data contains only one class"
                + "".join(f": {label!r}" for label in counted)
            )
        if len(self.classes_) > 2 and self.loss != "auto" and not _takes(self.loss, 3):
            raise ValueError(
                f"Only binary classification is supported. The loss {self.loss!r} has two classes, and y has "
                f"{len(self.classes_)}: use loss='auto' or 'multinomial'"
            )
        usual = "logistic" if len(self.classes_) == 2 else "multinomial"
        self._fitted(X, y, usual if self.loss == "auto" else self.loss, sample_weight, offset, groups)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self.loss == "auto" or _takes(self.loss, 3)
        return tags

    def decision_function(self, X: Any, offset: Any = None) -> Floats:
        """η: (n,) for two classes, (n, q) for more."""
        X = self._checked(X)
        return fits.linear(self.solution_, X, offset=offset)

    def predict(self, X: Any, offset: Any = None) -> Any:
        """(n,) classes."""
        X = self._checked(X)
        return self.solution_.predict(X, offset=offset)

    @available_if(_has_chances)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any, offset: Any = None) -> Floats:
        """(n, q) probabilities, columns in the order of ``classes_``."""
        X = self._checked(X)
        found: Floats = self.solution_.predict_proba(X, offset=offset)
        return found
