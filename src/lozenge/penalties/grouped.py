"""What penalties on groups of columns share: the groups."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from lozenge.penalties.whole import Whole
from lozenge.results import Hold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lozenge.penalties.base import Floats, Indices
    from lozenge.penalties.blocks import Blocks


@dataclass(frozen=True)
class Grouped(Whole):
    """A penalty that is a sum over groups of columns, each with a weight v_g.

    Parameters
    ----------
    groups : (p,) labels, {name of the group: names of its columns}, or [names of its columns, ...]
        Every column belongs to one group; those that a mapping or a list leaves out are groups of their own.
    """

    groups: Any = None
    weights: Floats | None = field(default=None, kw_only=True, repr=False)

    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"groups": _plain(self.groups)}

    def usual_weights(self, p: int) -> Floats:
        """√(columns of the group), the same for each of them."""
        labels = self._labels
        if len(labels) != p:
            raise ValueError(f"groups has {len(labels)} labels but X has {p} columns; every column needs one")
        return np.sqrt(np.bincount(labels).astype(np.float64))[labels]

    def named(self, names: Sequence[str]) -> Self:
        """(p,) numbers of the groups, in the order in which they first appear."""
        return replace(self, groups=_numbered(self.groups, list(names)))

    def copied(self, count: int) -> Self:
        """The copies of a group's columns belong to it: a feature enters for all outputs or none."""
        return replace(self, groups=np.tile(self._labels, count))

    def on(self, cols: Indices, weights: Floats, unit: Floats) -> Self:  # noqa: ARG002 - a norm has no unit of its own
        """Some columns, whole groups of them but for those that cannot be penalised."""
        labels = self._labels[cols]
        least, most = np.full((2, int(labels.max(initial=-1)) + 1), np.inf) * [[1.0], [-1.0]]
        np.minimum.at(least, labels, weights)
        np.maximum.at(most, labels, weights)
        for label in np.flatnonzero(least < most):
            raise ValueError(
                f"the columns of one group need one penalty weight; group {label} has {least[label]:g} and"
                f" {most[label]:g}"
            )
        return replace(self, groups=labels, weights=weights)

    def with_weights(self, weights: Floats) -> Self:
        """Give the same penalty with v, the same for all columns of a group."""
        return replace(self, weights=weights)

    @abstractmethod
    def kernel(self, alpha: float) -> Blocks:
        """αΩ as the small problem knows it; of a concave one, its tangent at zero."""

    def take(self, cols: NDArray[np.intp]) -> Self:
        """Give the same on whole groups."""
        return replace(self, groups=self._labels[cols], weights=self._v[cols])

    def pooled(self, size: Floats) -> Floats:
        """The norm of the group, for each of its columns."""
        return np.sqrt(np.bincount(self._labels, weights=np.square(size)))[self._labels]

    def hold(self, B: Floats, pull: Floats, alpha: float) -> tuple[Floats, Hold | None]:
        """The norm of what a group leaves beyond each column's own price, against the group's.

        Where the group is in and has such prices, a column of it that is zero is held by its own.  So is one that is a
        group by itself.
        """
        form = self.kernel(alpha)
        labels, size = form.labels, np.abs(pull)
        together = np.bincount(labels, minlength=len(form.price))[labels] > 1
        norm = form.norms(np.maximum(size - form.l1, 0.0))[labels]
        out = form.norms(B)[labels] == 0.0
        whole = together & (form.price[labels] > 0.0) & (out | (B != 0.0))
        alone = np.where(out | (B != 0.0), form.l1 + np.where(together, 0.0, form.price[labels]), form.l1)
        word = "excess" if form.l1.any() else "group"
        return (
            np.where(whole, form.price[labels], alone),
            Hold(
                tuple(np.where(whole, word, "price").tolist()),
                np.where(whole, norm, size),
                np.where(together, labels, -1),
            ),
        )

    def aliases(self, names: Sequence[str]) -> dict[str, list[int]]:
        """Columns of the groups that have names."""
        if hasattr(self.groups, "items"):
            places = {name: j for j, name in enumerate(names)}
            return {str(label): [places[column] for column in columns] for label, columns in self.groups.items()}
        labels = [] if self.groups is None or isinstance(self.groups, np.ndarray) else list(self.groups)
        texts = [label for label in labels if isinstance(label, str)]
        return {text: [j for j, label in enumerate(labels) if label == text] for text in dict.fromkeys(texts)}

    @property
    def _labels(self) -> NDArray[np.intp]:
        return np.asarray(self.groups, dtype=np.intp)

    @property
    def _v(self) -> Floats:
        if self.weights is None:
            raise ValueError("this penalty has no weights yet; call with_weights first")
        return self.weights

    def _prices(self, alpha: float) -> Floats:
        """(G,) αv_g."""
        labels = self._labels
        found = np.zeros(int(labels.max(initial=-1)) + 1)
        found[labels] = alpha * self._v
        return found


def _plain(groups: Any) -> Any:
    if groups is None:
        return None
    if hasattr(groups, "items"):
        return {str(name): [str(column) for column in columns] for name, columns in groups.items()}
    return [list(map(str, each)) if isinstance(each, (list, tuple)) else _scalar(each) for each in groups]


def _scalar(label: Any) -> int | str:
    return int(label) if isinstance(label, (int, np.integer)) else str(label)


def _numbered(groups: Any, names: list[str]) -> NDArray[np.intp]:
    """(p,) numbers from 0 on, from labels, or from names of columns."""
    if groups is None:
        return np.arange(len(names))
    if isinstance(groups, str) or not hasattr(groups, "__iter__"):
        raise TypeError(f"groups must be one label per column, or lists of columns' names; got {str(groups)[:60]!r}")
    named = dict(groups) if hasattr(groups, "items") else None
    if named is None and any(isinstance(each, (list, tuple)) for each in groups):
        named = dict(enumerate(groups))
    if named is None:
        labels: list[Any] = [_scalar(label) for label in groups]
        if len(labels) != len(names):
            raise ValueError(f"groups has {len(labels)} labels but X has {len(names)} columns; every column needs one")
    else:
        owner: dict[str, Any] = {}
        known = set(names)
        for label, columns in named.items():
            if isinstance(columns, str) or not len(columns):
                raise ValueError(f"group {label!r} must be a list of at least one column's name; got {columns!r}")
            for column in columns:
                if column not in known:
                    raise ValueError(f"group {label!r} names no feature: {column!r}")
                if column in owner:
                    raise ValueError(
                        f"{column!r} is in two groups, {owner[column]!r} and {label!r}; groups must not overlap. "
                        "Copy the column, one for each group, if both are meant"
                    )
                owner[column] = label
        labels = [("of", owner[name]) if name in owner else ("own", name) for name in names]
    order: dict[Any, int] = {}
    return np.array([order.setdefault(label, len(order)) for label in labels], dtype=np.intp)
