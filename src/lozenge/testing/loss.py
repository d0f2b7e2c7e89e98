"""The laws of a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge.losses.elementwise import Elementwise
from lozenge.losses.own import OwnLoss
from lozenge.testing import coding, derivatives, duality, entries
from lozenge.testing.response import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lozenge.losses.base import Floats

MOST = 12  # rows of a response that is given
KINDS: dict[str, NDArray[Any]] = {
    "any numbers": np.array([-2.5, -0.3, 0.0, 1e-3, 1.0, 4.0]),
    "positive numbers": np.array([0.02, 0.5, 1.0, 2.0, 7.5]),
    "numbers from zero on": np.array([0.0, 0.5, 1.0, 2.0, 7.5]),
    "counts": np.array([0, 1, 2, 5, 9]),
    "shares": np.array([0.0, 0.25, 0.5, 0.9, 1.0]),
    "0 and 1": np.array([0, 1, 1, 0]),
    "-1 and 1": np.array([-1, 1, 1, -1]),
    "two words": np.array(["no", "yes", "yes", "no"]),
    "three words": np.array(["low", "high", "mid", "low"]),
    "three columns": np.array([[0.3, -1.0, 2.0], [1.5, 0.0, -0.5], [-2.0, 4.0, 1.0]]),
}
LAWS: dict[str, Callable[[Response, np.random.Generator], bool | None]] = {
    "name": coding.name,
    "check": coding.check,
    "inputs": entries.inputs,
    "rows": entries.rows,
    "finite": entries.finite,
    "convex": derivatives.convex,
    "gradient": derivatives.gradient,
    "corner": derivatives.corner,
    "curvature": derivatives.curvature,
    "smoothness": derivatives.smoothness,
    "concordance": derivatives.concordance,
    "saturated": duality.saturated,
    "conjugate": duality.conjugate,
    "mean": entries.mean,
}


def check_loss(loss: Any, *, y: Any = None, seed: int = 0) -> tuple[str, ...]:
    """Look whether a loss keeps the laws that `lozenge.path` builds on, on several responses and random η.

    Parameters
    ----------
    loss : an object of your own, or a class or an instance of `lozenge.losses`
        One that is a sum over rows; `Cox` binds rows together, and is refused.
    y : (n,), optional
        A response of the kind that the loss is for.  Without it, every kind of a list that its ``check`` lets through:
        numbers of either sign, positive ones, counts, shares, two or three classes, several columns.
    seed : int

    Returns
    -------
    The names of the laws that it was looked at by: those of methods that it lacks are left out.

    Raises
    ------
    BrokenLaw
        An ``AssertionError`` that says which law is broken, at which y and η, by how much, and what to look at.
    TypeError, ValueError
        If it is no such loss; if ``check`` refuses ``y``, or without it every kind.

    Notes
    -----
    ======================  ============================================================================================
    name                    a text, and not that of a loss of lozenge's
    check                   one float64 per row, each from its row alone; nan, inf and text do not become numbers, two
                            columns not one (classes may be text: one code for each)
    inputs                  inputs stay as they are, answers repeat
    rows                    y (n, 1) against η (n, m) gives (n, m), each entry from its own y and η; n = 0 too
    finite                  at η = 0, where the search begins, and up to |η| = 1,000 wherever the exact value is a float
    convex                  a midpoint costs no more than the mean of the ends
    gradient                between the slopes of the value to both sides
    corner                  the gradient does not jump
    curvature               between the slopes of the gradient to both sides, and never negative
    smoothness              as far as claimed: the curvature is at most that
    concordance             as far as claimed, c: the curvature changes e^(c|d|)-fold at most over a step d
    saturated               below every value, and approached by some; 0 where there is no such method
    conjugate               f(η) + f*(u) ≥ uη, with equality at u = f'(η); never below the supremum that a search finds,
                            inf outside of its domain
    mean                    a number at every η
    ======================  ============================================================================================

    References
    ----------
    Bauschke, Combettes (2017), Convex analysis and monotone operator theory in Hilbert spaces, propositions 13.15
    (Fenchel-Young) and 17.7.  Bach (2010), Self-concordant analysis for logistic regression, Electronic Journal of
    Statistics 4, lemma 1 (concordance).

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.testing import check_loss
    >>> class Squares:
    ...     def value(self, y, eta):
    ...         return (y - eta) ** 2
    ...
    ...     def gradient(self, y, eta):
    ...         return eta - y
    ...
    ...     def curvature(self, y, eta):
    ...         return np.ones(np.broadcast_shapes(y.shape, eta.shape))
    ...
    ...     def check(self, y):
    ...         return np.asarray(y, dtype=float)
    >>> check_loss(Squares())  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    lozenge.testing.BrokenLaw: Squares breaks the law of gradient: it is ... where value rises by ...
    """
    made = loss() if isinstance(loss, type) else loss
    looked = []
    with np.errstate(all="ignore"):  # what overflows is looked at, not warned of
        responses = _responses(made, KINDS if y is None else {"the response that was given": np.asarray(y)})
        for law, look in LAWS.items():
            found = [look(response, np.random.default_rng(seed)) for response in responses]
            if any(each is not False for each in found):
                looked.append(law)
    return tuple(looked)


def _responses(loss: Any, kinds: dict[str, NDArray[Any]]) -> list[Response]:
    """The loss on each response that its check lets through."""
    ours = isinstance(loss, Elementwise) and not isinstance(loss, OwnLoss)
    given = loss.given if isinstance(loss, OwnLoss) else loss
    missing = [f"it has no method {name}" for name in OwnLoss.METHODS if not callable(getattr(given, name, None))]
    if missing or (hasattr(given, "young") and not ours):
        rest = "it has methods of its own for sums over rows, and is no lozenge.losses.elementwise.Elementwise"
        what = "its rows are bound together" if getattr(given, "bound", False) is True else [*missing, rest][0]
        raise TypeError(f"check_loss looks at losses that are sums over rows of f(y, eta); got {given!s:.60}: {what}")
    whole: Any = given if ours else OwnLoss(given)
    found, refusals = [], []
    for kind, raw in kinds.items():
        if raw.ndim > 1 and not ours and kinds is KINDS:  # an object's check gives one number per row
            continue
        try:
            target = given.check(raw.copy())
        except coding.REFUSALS as error:
            refusals.append(f"{kind}: {error}")
            continue
        except Exception:  # noqa: BLE001 - the law of check calls it again, and tells
            target = None
        made, values = (whole.on(target), target.values) if ours and target is not None else (whole, target)
        found.append(Response(made if ours else given, whole.name, made, kind, raw, _some(values, len(raw)), ours))
    if not found:
        raise ValueError(
            f"check of {whole.name} refuses every response that was tried; pass one that it is for, "
            f"check_loss(loss, y=...). {'. '.join(refusals[:3])}"
        )
    return found


def _some(values: Any, n: int) -> Floats:
    """Some of the coded rows, from the least to the largest; of what is no array of numbers zeros: `check` tells."""
    coded = np.asarray(values)
    if coded.dtype.kind not in "biuf" or len(np.atleast_1d(coded)) != n:
        return np.zeros(min(n, MOST))
    order = np.argsort(coded if coded.ndim == 1 else coded[:, 0], kind="stable")
    picked = order if n <= MOST else order[np.linspace(0, n - 1, MOST).astype(np.intp)]
    return coded[np.sort(picked)].astype(np.float64)
