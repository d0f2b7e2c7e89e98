"""Scores of held-out rows by scikit-learn's names, or by a scorer of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from lozenge.design.base import Floats
    from lozenge.losses import Loss

    Scorer = Callable[..., float]


def scorer(asked: str | Scorer) -> Scorer:
    """Give the scorer of a name, or one that was given.

    Raises
    ------
    ValueError
        For a name that scikit-learn does not have.
    """
    from sklearn.metrics import get_scorer, get_scorer_names

    if not isinstance(asked, str) and callable(asked):
        return asked
    if asked not in get_scorer_names():
        raise ValueError(
            f"scoring must be one of scikit-learn's names or a callable(estimator, X, y); got {asked!r}. "
            "sklearn.metrics.get_scorer_names() lists them; None is the deviance"
        )
    found: Scorer = get_scorer(asked)
    return found


def name(asked: str | Scorer) -> str:
    """What to call it."""
    return asked if isinstance(asked, str) else str(getattr(asked, "__name__", type(asked).__name__))


@dataclass(frozen=True, eq=False)
class Judge:
    """What scores held-out rows, and what it must know of all rows.

    Attributes
    ----------
    asked : one of scikit-learn's names, or a callable(estimator, X, y), whose X (m, 1) holds the numbers of the rows
    y, weights : of all rows, as they were given; no weights where there were none
    """

    asked: str | Scorer
    y: NDArray[Any]
    classes: tuple[Any, ...]
    weights: Floats | None


def held_out(judge: Judge, loss: Loss, etas: Iterator[tuple[NDArray[np.intp], Floats]]) -> Floats:
    """(K, L) score of every fold's held-out rows (m,) with η (m, L) or (m, L, q) at every α; greater is better."""
    score, found = scorer(judge.asked), []
    for rows, eta in etas:
        X, y = rows[:, None], judge.y[rows]
        given = {} if judge.weights is None else {"sample_weight": judge.weights[rows]}
        try:
            each = [score(_fitted(loss, judge.classes, eta[:, k]), X, y, **given) for k in range(eta.shape[1])]
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError(
                f"scoring={name(judge.asked)!r} cannot score held-out rows of loss {loss.name!r}: {error}"
            ) from error
        found.append(np.array(each, dtype=np.float64))
    return np.array(found)


def _fitted(loss: Loss, classes: tuple[Any, ...], eta: Floats) -> Any:
    """A fitted estimator as scorers see it, whose answers about some rows are known."""
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

    class Model(ClassifierMixin if classes else RegressorMixin, BaseEstimator):  # type: ignore[misc]
        """Answers for the rows that η was computed for, whatever X it is shown."""

        classes_ = np.array(classes)

        def __sklearn_is_fitted__(self) -> bool:
            return True

        def predict(self, X: Any) -> Any:  # noqa: ARG002
            return self.classes_[loss.decided(eta)] if classes else loss.mean(eta)

        if classes:

            def decision_function(self, X: Any) -> Floats:  # noqa: ARG002
                return eta

            def predict_proba(self, X: Any) -> Floats:  # noqa: ARG002
                return loss.chances(eta)

    return Model()
