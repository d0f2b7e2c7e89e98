"""Whole paths of the lasso and the elastic net, as arrays."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from sklearn.utils import check_array
from sklearn.utils._param_validation import Hidden, Interval, StrOptions, validate_params
from sklearn.utils.validation import check_consistent_length

from lozenge.estimators.base import DTYPES, answer, doubt, places, weights
from lozenge.estimators.objective import agreed_gram, bounded_away, followed, grid

if TYPE_CHECKING:
    from lozenge.estimators.base import Floats

SOLVER = ("tol", "max_iter", "random_state", "selection", "sample_weight", "do_screening", "X_offset", "X_scale")

CONSTRAINTS: dict[str, Any] = {
    "X": ["array-like", "sparse matrix"],
    "y": ["array-like", "sparse matrix"],
    "eps": [Interval(Real, 0, None, closed="neither")],
    "n_alphas": [Interval(Integral, 1, None, closed="left"), Hidden(StrOptions({"deprecated"}))],
    "alphas": [Interval(Integral, 1, None, closed="left"), "array-like", None, Hidden(StrOptions({"warn"}))],
    "precompute": [StrOptions({"auto"}), "boolean", "array-like"],
    "Xy": ["array-like", None],
    "copy_X": ["boolean"],
    "coef_init": ["array-like", None],
    "verbose": ["verbose"],
    "return_n_iter": ["boolean"],
    "positive": ["boolean"],
}


class _Bounds(TypedDict):
    fit_intercept: bool
    positive: bool


def asked_alphas(n_alphas: Any, alphas: Any) -> Any:
    """A number of values, or the values, from the two arguments of which one is on its way out."""
    if n_alphas != "deprecated":
        warnings.warn(
            "'n_alphas' was deprecated in 1.9 and will be removed in 1.11. Pass the number as 'alphas' in its place.",
            FutureWarning,
            stacklevel=4,
        )
    if alphas is None:
        warnings.warn(
            "'alphas=None' is deprecated and will be removed in 1.11. Pass alphas=100 for the same grid.",
            FutureWarning,
            stacklevel=4,
        )
    if alphas is None or (isinstance(alphas, str) and alphas == "warn"):
        return 100 if n_alphas == "deprecated" else n_alphas
    return alphas


@validate_params(CONSTRAINTS, prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
def lasso_path(
    X: Any,
    y: Any,
    *,
    eps: float = 1e-3,
    n_alphas: Any = "deprecated",
    alphas: Any = "warn",
    precompute: Any = "auto",
    Xy: Any = None,
    copy_X: bool = True,
    coef_init: Any = None,
    verbose: Any = False,
    return_n_iter: bool = False,
    positive: bool = False,
    **params: Any,
) -> tuple[Any, ...]:
    """Minimise  1/(2n)‖y - Xb‖² + α‖b‖₁  for a whole path of α; of several outputs the norm is Σⱼ‖wⱼ‖₂.

    As `enet_path` at ``l1_ratio=1``: the same arguments, results and errors.

    References
    ----------
    Friedman, Hastie, Tibshirani (2010), Regularization paths for generalized linear models via coordinate descent,
    JSS 33.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.estimators import lasso_path
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> alphas, coefs, gaps = lasso_path(X, X @ [3.0, 0.5], alphas=[2.0, 1.0])
    >>> coefs.round(9)
    array([[1., 2.],
           [0., 0.]])
    """
    given = {"precompute": precompute, "Xy": Xy, "copy_X": copy_X, "coef_init": coef_init, "verbose": verbose}
    own = asked_alphas(n_alphas, alphas)
    found: tuple[Any, ...] = enet_path(
        X, y, l1_ratio=1.0, eps=eps, alphas=own, return_n_iter=return_n_iter, positive=positive, **given, **params
    )
    return found


@validate_params(  # type: ignore[untyped-decorator]
    CONSTRAINTS | {"l1_ratio": [Interval(Real, 0.0, 1.0, closed="both")], "check_input": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def enet_path(
    X: Any,
    y: Any,
    *,
    l1_ratio: float = 0.5,
    eps: float = 1e-3,
    n_alphas: Any = "deprecated",
    alphas: Any = "warn",
    precompute: Any = "auto",
    Xy: Any = None,  # noqa: ARG001 - accepted: what is saved is computed in the first pass
    copy_X: bool = True,  # noqa: ARG001 - X is never written to
    coef_init: Any = None,  # noqa: ARG001 - a path starts at the null model
    verbose: Any = False,  # noqa: ARG001 - nothing to tell
    return_n_iter: bool = False,
    positive: bool = False,
    check_input: bool = True,
    **params: Any,
) -> tuple[Any, ...]:
    """Minimise  1/(2n)‖y - Xb‖² + αρ‖b‖₁ + ½α(1 - ρ)‖b‖²  for a whole path of α, without an intercept.

    Of q outputs a column enters for all or none: αρ Σⱼ‖wⱼ‖₂ takes the place of αρ‖b‖₁.  The arguments and results of
    scikit-learn's function of this name, on the engine of `lozenge.path`.

    Parameters
    ----------
    X : (n, p) array, sparse matrix or frame
    y : (n,) or (n, q)
    l1_ratio : float
        ρ in [0, 1].
    eps : float
        The smallest α over the largest, where ``alphas`` is a number.
    alphas : int or list
        How many, or which; used from large to small.
    precompute : (p, p), "auto" or bool
        Nothing is computed from it.  A matrix is compared with XᵀX.
    Xy, copy_X, coef_init, verbose
        Accepted: a path starts at the null model, and X is never written to.
    return_n_iter : bool
        Give ``n_iters`` too.
    positive : bool
        b ≥ 0; for one output only.
    check_input : bool
        False leaves out scikit-learn's looks at X and y.
    **params
        ``tol`` as `Lasso` has it, ``sample_weight``; ``max_iter``, ``random_state``, ``selection`` and
        ``do_screening`` are accepted.

    Returns
    -------
    alphas : (L,), decreasing
    coefs : (p, L) or (q, p, L)
    dual_gaps : (L,) in units of the objective
    n_iters : list of L
        Passes over X, rounded up, that all α together took: they share them.

    Raises
    ------
    ValueError
        For ``positive`` with several outputs, a grid asked for at ρ = 0, a Gram matrix of other data, other ``params``.

    References
    ----------
    Friedman, Hastie, Tibshirani (2010), Regularization paths for generalized linear models via coordinate descent,
    JSS 33.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.estimators import enet_path
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> alphas, coefs, gaps = enet_path(X, X @ [3.0, 0.5], alphas=[2.0, 1.0], l1_ratio=0.5)
    >>> coefs.round(6)
    array([[1.      , 1.666667],
           [0.      , 0.      ]])
    """
    own = asked_alphas(n_alphas, alphas)
    unknown = {name: value for name, value in params.items() if name not in SOLVER}
    if unknown:
        raise ValueError("Unexpected parameters in params", unknown.keys())
    if check_input:
        X = check_array(X, accept_sparse="csc", dtype=DTYPES, ensure_min_samples=2)
        y = check_array(y, accept_sparse="csc", ensure_2d=False)
        check_consistent_length(X, y)
    y = np.asarray(y.toarray() if hasattr(y, "toarray") else y, dtype=np.float64)
    several = y.ndim > 1
    if several and positive:
        raise ValueError("positive=True is not allowed for multi-output (y.ndim != 1)")
    if hasattr(precompute, "__array__") and check_input:
        agreed_gram(precompute, X, None, fit_intercept=False)
    Y, w, tol = y.reshape(len(y), -1), weights(params.get("sample_weight"), X), params.get("tol", 1e-4)
    q, bounds = Y.shape[1], _Bounds(fit_intercept=False, positive=positive)
    if isinstance(own, Integral):
        values = grid(X, Y, w, ratio=l1_ratio, eps=eps, count=int(own), **bounds)
    else:
        values = np.sort(np.asarray(own, dtype=np.float64))[::-1]
    solved_at = bounded_away(values, X, Y, w, **bounds)
    found = followed(X, Y, w, alphas=solved_at, ratio=l1_ratio, tol=tol, **bounds)
    at = places(found.alphas, solved_at)
    gaps = found.gaps[at] * (found.model.null_loss - found.model.saturated_loss)
    worst = int(np.argmax(found.gaps))
    doubt("enet_path", answer(found, worst, q), tol, alpha=float(found.alphas[worst]))
    coefs: Floats = found.coefs.toarray()[:, at].astype(X.dtype)
    if several:
        coefs = coefs.reshape(q, -1, len(values))
    given = values, coefs, gaps
    return (*given, [int(np.ceil(found.passes))] * len(values)) if return_n_iter else given
