"""What is explained, in words: the loss, its classes and outputs, and the column that holds them."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge.losses import LOSSES
from lozenge.losses.own import OwnLoss
from lozenge.penalties.words import coded
from lozenge.screens.text import count, trimmed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lozenge.losses import Loss, Words
    from lozenge.results import Model, Path
    from lozenge.tables import Table

CLASSES = 12  # that are listed with their counts
MULTIPLIED = ("odds", "mean", "hazard")  # what e^weight multiplies


def loss_of(model: Model) -> Loss | None:
    """The loss of a model; None for one of the user's own, which is not known by its name."""
    kind: Any = LOSSES.get(model.loss)
    found: Loss | None = None if kind is None else kind(**model.loss_parameters)
    return found


def words(model: Model) -> Words:
    """How a fit is told."""
    loss = loss_of(model)
    return OwnLoss.words._replace(title=f"{model.loss}, a loss of your own") if loss is None else loss.words


def quadratic(model: Model) -> bool:
    """Whether what is explained is a share of a sum of squares, R²."""
    loss = loss_of(model)
    return loss is not None and loss.quadratic


def multiplies(model: Model) -> str | None:
    """What e^weight multiplies, where it does."""
    effect = words(model).effect
    return effect if effect in MULTIPLIED else None


def probable(model: Model) -> bool:
    """Whether classes have probabilities, and not scores alone."""
    return bool(model.classes) and words(model).effect == "odds"


def coded_loss(model: Model) -> str:
    """``name:number``, as the command line takes it."""
    return coded(model.loss, _numbers(model))


def described(model: Model) -> str:
    """The title with its parameters, and whose odds, classes or responses these are.

    Examples
    --------
    >>> import lozenge as lz
    >>> from lozenge.screens.response import described
    >>> X = [[1.0, 1], [1, -1], [-1, 1], [-1, -1]]
    >>> described(lz.path(X, ["a", "b", "b", "b"], loss="logistic").model)
    "logistic regression for the odds of 'b'"
    >>> described(lz.path(X, [1, 2, 3, 9], loss="huber:2").model)
    'robust regression (Huber) with delta 2'
    """
    loss, told = loss_of(model), words(model)
    given = [f"{key} {value:g}" for key, value in _numbers(model).items()]
    given += [f"{key} {value}" for key, value in model.loss_parameters.items() if isinstance(value, str)]
    text = told.title + (f" with {', '.join(given)}" if given else "")
    if loss is not None and loss.shared:
        return f"{text} for the {told.of}, {len(model.classes):,} classes"
    if model.outputs:
        return f"{text} of {len(model.outputs):,} {'classes' if model.classes else 'responses'}"
    return text + (f" for the {told.of} of '{klass(model.classes[1])}'" if len(model.classes) == 2 else "")


def levels(model: Model) -> tuple[str, ...]:
    """What the intercepts are called; none where there are none."""
    loss = loss_of(model)
    if not model.fit_intercept or (loss is not None and not loss.levels):
        return ()
    if model.outputs:
        return model.outputs
    if loss is not None and loss.width > 1:
        return tuple(f"more than {klass(label)}" for label in model.classes[:-1])
    return ("intercept",)


def target(path: Path, table: Table) -> str:
    """What is explained in a table: a range, classes with their counts, or events; and what goes beside it."""
    roles, model = table.encoding.roles, path.model
    return "; ".join([_explained(model, roles.target, table), *_beside(table)])


def _explained(model: Model, names: Sequence[str], table: Table) -> str:
    y = table.y
    if model.classes:
        shown = model.classes[:CLASSES]
        counts = [f"'{klass(label)}' {np.count_nonzero(y == label):,}" for label in shown]
        rest = len(model.classes) - len(shown)
        return f"{model.target} {', '.join(counts)}" + (f" and {rest:,} more" if rest else "")
    if y.dtype.names is None:
        return _range(str(model.target), y)
    if names:
        ranges = ", ".join(_range(name, y[name]) for name in names[:CLASSES])
        return ranges + (f" and {len(names) - CLASSES:,} more" if len(names) > CLASSES else "")
    roles = table.encoding.roles
    text = f"{roles.event} in {int(y['event'].sum()):,} of {count(len(y), 'row')}"
    start = f" from {roles.start}" if roles.start else ""
    strata = f", {len(np.unique(y['strata'])):,} strata of {roles.strata}" if roles.strata else ""
    return f"{text}, {_range(str(roles.time), y['time'])}{start}{strata}"


def _beside(table: Table) -> list[str]:
    roles = table.encoding.roles
    found = [f"offset {roles.offset}"] if roles.offset else []
    found += [f"exposure {roles.exposure}"] if roles.exposure else []
    if table.weight is not None:
        found.append(f"weight {roles.weight}, {trimmed(float(table.weight.sum()))} in all")
    return found


def _range(name: str, y: NDArray[Any]) -> str:
    return f"{name} {trimmed(float(np.min(y)))} to {trimmed(float(np.max(y)))}"


def klass(label: object) -> str:
    """Name of a class: 0 and 1 rather than 0.0 and 1.0."""
    return f"{label:g}" if isinstance(label, float) else str(label)


def _numbers(model: Model) -> dict[str, float]:
    """Parameters that are chosen, one number each; counts of classes are found in the data."""
    usual: Any = loss_of(model)
    known = set() if usual is None else {each.name for each in fields(usual) if isinstance(each.default, float)}
    return {key: value for key, value in model.loss_parameters.items() if key in known}
