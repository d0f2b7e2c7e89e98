"""Which rows train and which test in every fold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge.shards import TEST, TRAIN

if TYPE_CHECKING:
    from numpy.typing import NDArray


def table(
    cv: Any,
    y: NDArray[Any],
    kinds: NDArray[np.intp] | None,
    seed: int,
    *,
    groups: Any = None,
    repeats: int = 1,
) -> NDArray[np.uint8]:
    """Give each row's part in each fold: (n, K) of 0 (neither), 1 (train), 2 (test).

    Parameters
    ----------
    cv : int, array of fold labels, a scikit-learn splitter, or pairs (train, test) of row indices
        An int gives that many shuffled folds, stratified by the kinds of the rows, or of whole groups.
    y : (n, ...), for splitters
    kinds : (n,) such as codes of classes; a splitter gets them in the place of y
    groups : (n,) labels, optional
        Rows with the same label are never parted.
    repeats : int
        So many times that many folds, each time shuffled anew.

    Raises
    ------
    ValueError
        For fewer than 2 folds or more folds than rows or groups, labels of the wrong length, an empty part.
    """
    n = len(y)
    labels = None if groups is None else _labels(groups, n, "groups")
    if repeats != 1 and not (_is_whole(repeats) and repeats >= 1 and _is_whole(cv)):
        raise ValueError(
            f"repeats must be a whole number from 1 on, of a number of folds; got repeats={repeats!r} with cv={cv!r}. "
            "Of a splitter use scikit-learn's RepeatedKFold"
        )
    if _is_whole(cv):
        what, most = ("rows", n) if labels is None else ("groups", int(labels.max()) + 1)
        if not 2 <= cv <= most:
            raise ValueError(f"cv, the number of folds, must be between 2 and the number of {what}, {most}; got {cv}")
        rng = np.random.default_rng(seed)
        deals = [_dealt(n, int(cv), kinds, labels, rng) for _ in range(repeats)]
        return np.hstack([_from_labels(deal) for deal in deals])
    if isinstance(cv, (str, bytes, bool, float, np.floating)):
        raise TypeError(
            f"cv must be a number of folds, one label per row, a splitter or pairs of row indices; got {cv!r}"
        )
    if hasattr(cv, "split"):
        return _from_pairs(cv.split(np.zeros((n, 1)), y if kinds is None else kinds, labels), n)
    if labels is not None:
        raise ValueError("groups go with a number of folds or a splitter; cv already says which rows are together")
    if not hasattr(cv, "__array__") and not (isinstance(cv, (list, tuple)) and all(np.isscalar(one) for one in cv)):
        return _from_pairs(cv, n)
    given = np.asarray(cv)
    if given.ndim == 1 and given.dtype.kind in "biufUSO":
        return _from_labels(_labels(given, n, "cv as fold labels"))
    return _from_pairs(cv, n)


def forward(when: NDArray[np.float64], count: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Pairs of rows to train and to test on, that go on in time: each fold is tested on what comes next.

    The rows, in the order of ``when`` (n,), make count + 1 blocks of about the same size, none of which ends within
    one time; fold k trains on the first k + 1 and is tested on the one after.

    Raises
    ------
    ValueError
        For fewer different times than blocks.
    """
    times, code, rows = np.unique(when, return_inverse=True, return_counts=True)
    if len(times) < count + 1:
        raise ValueError(
            f"{count} folds forward in time need {count + 1} different times or more; got {len(times)}: use fewer folds"
        )
    # A time is in the block in which the middle of its rows is; blocks that would be empty push the next ones on.
    middle = np.cumsum(rows) - 0.5 * rows
    block = np.minimum((middle * (count + 1) / len(when)).astype(np.intp), count)
    for k in range(len(block)):
        block[k] = min(block[k], block[k - 1] + 1) if k else 0
    for k in range(len(block) - 1, -1, -1):
        block[k] = max(block[k], count - (len(block) - 1 - k))
    own = block[code]
    return [(np.flatnonzero(own <= k), np.flatnonzero(own == k + 1)) for k in range(count)]


def halves(n: int, pairs: int, kinds: NDArray[np.intp] | None, groups: Any, seed: int) -> NDArray[np.uint8]:
    """Give each row's part in complementary halves, (n, 2·pairs): the second of a pair trains on what the first left.

    Each half has its share of every kind of row.  Of an odd number, each time another row is in neither.  With groups,
    halves are of whole groups, as even as these allow.
    """
    rng = np.random.default_rng(seed)
    labels = None if groups is None else _labels(groups, n, "groups")
    if labels is not None and not labels.any():
        raise ValueError("halves of whole groups need two groups or more; the labels given are all the same")
    parts = np.zeros((n, 2 * pairs), dtype=np.uint8)
    for k in range(pairs):
        side = _dealt(n, 2, kinds, labels, rng)
        first, second = np.flatnonzero(side == 0), np.flatnonzero(side == 1)
        if labels is None and len(first) > len(second):
            first = np.delete(first, rng.integers(len(first)))
        parts[first, 2 * k] = parts[second, 2 * k + 1] = TRAIN
    return parts


def rounds(parts: NDArray[np.uint8]) -> int:
    """How many times over all rows are tested: runs of as many folds each, that test the same rows once; else 1."""
    tested = parts == TEST
    folds = tested.shape[1]
    for count in range(2, folds + 1):
        runs = tested.reshape(len(parts), -1, folds // count).sum(axis=2) if folds % count == 0 else None
        if runs is not None and folds // count > 1 and (runs.max() <= 1) and (runs == runs[:, :1]).all():
            return count
    return 1


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _labels(values: Any, n: int, what: str) -> NDArray[np.intp]:
    """(n,) codes from 0 on."""
    given = np.asarray(values)
    if given.shape != (n,):
        raise ValueError(f"{what} need one label per row, {n}; got shape {given.shape}")
    lacking = np.array([one is None or one != one for one in given.tolist()])  # noqa: PLR0124 - nan alone is not itself
    if lacking.any():
        raise ValueError(
            f"{what} need a label in every row; {lacking.sum()} have none, the first row {np.argmax(lacking)}. Give "
            "them one of their own each, or leave the rows out"
        )
    return np.unique(given, return_inverse=True)[1]


def _dealt(
    n: int, count: int, kinds: NDArray[np.intp] | None, groups: NDArray[np.intp] | None, rng: np.random.Generator
) -> NDArray[np.intp]:
    """(n,) folds of shuffled rows, or groups."""
    if groups is not None:
        return _whole_groups(groups, count, kinds, rng)
    order = rng.permutation(n)
    if kinds is not None:
        # Dealing the shuffled rows out kind by kind gives every fold its share of each.
        order = order[np.argsort(kinds[order], kind="stable")]
    folds = np.empty(n, dtype=np.intp)
    folds[order] = np.arange(n) % count
    return folds


def _whole_groups(
    groups: NDArray[np.intp], count: int, kinds: NDArray[np.intp] | None, rng: np.random.Generator
) -> NDArray[np.intp]:
    """(n,) folds of whole groups: from the largest down, each to the fold that is then most even.

    Even in rows of every kind: the fold in which the sum of squares of the shares of all kinds grows least.
    """
    kinds = np.zeros(len(groups), dtype=np.intp) if kinds is None else kinds
    size = int(groups.max()) + 1
    has = np.zeros((size, int(kinds.max()) + 1))
    np.add.at(has, (groups, kinds), 1.0)
    share = has / has.sum(axis=0)
    order = rng.permutation(size)
    order = order[np.argsort(-has.sum(axis=1)[order], kind="stable")]
    filled, fold = np.zeros((count, has.shape[1])), np.empty(size, dtype=np.intp)
    for group in order:
        # |f + s|² - |f|² = 2 f's + |s|²; of several folds the emptiest, so that none stays empty.
        fold[group] = np.lexsort((filled.sum(axis=1), filled @ share[group]))[0]
        filled[fold[group]] += share[group]
    return fold[groups]


def _from_labels(labels: NDArray[np.intp]) -> NDArray[np.uint8]:
    count = int(labels.max()) + 1
    if count < 2:
        raise ValueError("cv needs at least 2 folds; the labels given are all the same")
    parts = np.full((len(labels), count), TRAIN, dtype=np.uint8)
    parts[np.arange(len(labels)), labels] = TEST
    return parts


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
