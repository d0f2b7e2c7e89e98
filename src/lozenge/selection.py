"""Folds, the cross-validated curve, and the rules that choose on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge.results import CrossValidation
from lozenge.shards import TEST, TRAIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.design.base import Floats


def fold_table(cv: Any, n: int, kinds: NDArray[np.intp] | None, seed: int) -> NDArray[np.uint8]:
    """Give each row's part in each fold: (n, K) of 0 (neither), 1 (train), 2 (test).

    Parameters
    ----------
    cv : int, array of fold labels, a scikit-learn splitter, or pairs (train, test) of row indices
        An int gives that many shuffled folds, stratified by the kinds of the rows.
    kinds : (n,) such as codes of classes; a splitter gets them as y

    Raises
    ------
    ValueError
        For fewer than 2 folds or more folds than rows, labels of the wrong length, an empty part.
    """
    if isinstance(cv, (int, np.integer)) and not isinstance(cv, bool):
        if not 2 <= cv <= n:
            raise ValueError(f"cv must be between 2 and the number of rows, {n}; got {cv}")
        return _from_labels(_shuffled(n, int(cv), kinds, seed))
    if isinstance(cv, (str, bytes, bool, float, np.floating)):
        raise TypeError(
            f"cv must be a number of folds, one label per row, a splitter or pairs of row indices; got {cv!r}"
        )
    if hasattr(cv, "split"):
        return _from_pairs(cv.split(np.zeros((n, 1)), np.zeros(n) if kinds is None else kinds), n)
    if not hasattr(cv, "__array__") and not (isinstance(cv, (list, tuple)) and all(np.isscalar(one) for one in cv)):
        return _from_pairs(cv, n)
    labels = np.asarray(cv)
    if labels.ndim == 1 and labels.dtype.kind in "biufUSO":
        if len(labels) != n:
            raise ValueError(f"cv as fold labels needs one per row, {n}; got {len(labels)}")
        return _from_labels(np.unique(labels, return_inverse=True)[1])
    return _from_pairs(cv, n)


def _shuffled(n: int, count: int, kinds: NDArray[np.intp] | None, seed: int) -> NDArray[np.intp]:
    order = np.random.default_rng(seed).permutation(n)
    if kinds is not None:
        # Dealing the shuffled rows out kind by kind gives every fold its share of each.
        order = order[np.argsort(kinds[order], kind="stable")]
    folds = np.empty(n, dtype=np.intp)
    folds[order] = np.arange(n) % count
    return folds


def _from_labels(labels: NDArray[np.intp]) -> NDArray[np.uint8]:
    count = int(labels.max()) + 1
    if count < 2:
        raise ValueError("cv needs at least 2 folds; the labels given are all the same")
    table = np.full((len(labels), count), TRAIN, dtype=np.uint8)
    table[np.arange(len(labels)), labels] = TEST
    return table


def _from_pairs(pairs: Any, n: int) -> NDArray[np.uint8]:
    columns: list[NDArray[np.uint8]] = []
    for train, test in pairs:
        column = np.zeros(n, dtype=np.uint8)
        column[train] = TRAIN
        column[test] = TEST
        if not ((column == TRAIN).any() and (column == TEST).any()):
            raise ValueError(f"fold {len(columns)} of cv has no rows to train on, or none to test on")
        columns.append(column)
    if not columns:
        raise ValueError("cv gave no folds")
    return np.column_stack(columns)


def curve(alphas: Floats, folds: Floats, weights: Floats, *, seed: int, uncertified: int) -> CrossValidation:
    """Average the folds' held-out deviances (K, L), weighted by their Σw (K,).

    The standard error is the weighted standard deviation of the fold means, with K - 1 degrees of freedom, over √K.
    """
    count = len(folds)
    share = weights / weights.sum()
    mean = share @ folds
    if not np.isfinite(mean).any():
        raise ValueError(
            "the held-out deviance is no number at any alpha: values are so large or so far apart that its sum "
            "overflows; look for a wrong cell in y or X, or measure them in larger units"
        )
    spread = share @ np.square(folds - mean)
    se = np.sqrt(spread / max(count - 1, 1))
    best = int(np.argmin(mean))
    # alphas decrease, so the first within reach is the largest.
    within = int(np.flatnonzero(mean <= mean[best] + se[best])[0])
    return CrossValidation(alphas, mean, se, folds, "1se", seed, best, within, uncertified)


def choose(cv: CrossValidation | None, rule: str) -> int:
    """Give the index of the α that a named rule picks.

    Raises
    ------
    ValueError
        Without a cross-validation, or for an unknown rule.
    """
    if cv is None:
        raise ValueError(
            f"the rule {rule!r} needs a cross-validated curve and this path has none: "
            "fit with lozenge.path(..., cv=10), or name one: path.at(alpha), path.at(df=3)"
        )
    if rule == "min":
        return cv.index_min
    if rule == "1se":
        return cv.index_1se
    raise ValueError(f"unknown rule {rule!r}; use 'min' or '1se'")
