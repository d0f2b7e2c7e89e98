"""A loss as it was asked for, and on the values that it is to explain."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import typer

from lozenge.cli.naming import quoted
from lozenge.cli.telling import tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lozenge.losses import Loss, Target
    from lozenge.tables import Roles, Table


def _number(label: str) -> float | None:
    """The number that a label is; none in ``01``, which a table keeps as text."""
    try:
        value = float(label)
    except ValueError:
        return None
    return value if label in {f"{value:g}", str(value)} else None


def loss_of(text: str, order: str | None, ties: str | None) -> Loss | None:
    """The loss that is asked for; None where the target decides."""
    from lozenge import gate

    if text == "auto":
        if order is not None:
            raise typer.BadParameter("it goes with --loss ordinal", param_hint="--order")
        return None if ties is None else _with("cox", "--ties", ties=ties)
    try:
        found = gate.loss(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--loss") from None
    if order is not None:
        labels = [label.strip() for label in order.split(",")]
        numbers = [_number(label) for label in labels]
        return _with(found, "--order", order=labels if None in numbers else numbers)
    return found if ties is None else _with(found, "--ties", ties=ties)


def _with(loss: Any, option: str, **changes: Any) -> Loss:
    """A loss with a parameter that only one of them has."""
    from lozenge.losses import LOSSES

    found = LOSSES[loss]() if isinstance(loss, str) else loss
    (name,) = changes
    if not hasattr(found, name):
        takes = ", ".join(each for each in LOSSES if hasattr(LOSSES[each](), name))
        raise typer.BadParameter(f"{found.name} takes none; {takes} does", param_hint=option)
    return cast("Loss", replace(cast("Any", found), **changes))


def roles_of(
    target: Sequence[str] | None,
    time: str | None,
    event: str | None,
    start: str | None,
    strata: str | None,
    offset: str | None,
    exposure: str | None,
    weight: str | None,
    together: str | None = None,
    forward: str | None = None,
) -> Roles:
    """What the columns that are named are for."""
    from lozenge.tables import Roles

    return Roles(tuple(target or ()), time, event, start, strata, offset, exposure, weight, together, forward)


@dataclass(frozen=True)
class Response:
    """A loss as it was asked for, None for auto, and the columns that it is of, before their values are known."""

    loss: Loss | None
    roles: Roles

    def check(self) -> None:
        """Refuse what no table could mend."""
        roles, survival = self.roles, self.loss is not None and self.loss.words.effect == "hazard"
        if survival and roles.time is None:
            raise typer.BadParameter("cox is of --time COLUMN and --event COLUMN", param_hint="--loss")
        for option, name in (("--event", roles.event), ("--start", roles.start), ("--strata", roles.strata)):
            if name is not None and roles.time is None:
                raise typer.BadParameter("it goes with --time COLUMN", param_hint=option)
        if roles.time is not None and roles.event is None:
            raise typer.BadParameter("it goes with --event COLUMN, 1 where it came and 0 else", param_hint="--time")
        if roles.time is not None and roles.target:
            raise typer.BadParameter("--time and --event say what is explained: leave it out", param_hint="--target")
        if roles.time is not None and self.loss is not None and not survival:
            raise typer.BadParameter("--time and --event are for --loss cox", param_hint="--loss")
        if not roles.explained:
            raise typer.BadParameter(
                "name the column to predict; for times to an event --time and --event", param_hint="--target"
            )

    def on(self, table: Table, cv: int, *, quiet: bool) -> tuple[Loss, Target]:
        """The loss, and what it reads in the table; or a refusal that says why it cannot take these values."""
        from lozenge import gate, tables
        from lozenge.screens import klass

        roles, y = self.roles, table.y
        if len(y) < 2:
            raise ValueError("one row is not enough to fit; got a table with 1 row")
        for name in roles.target:
            each = y if y.dtype.names is None else y[name]
            if (each == each[0]).all():
                raise ValueError(f"the target '{name}' is '{klass(each[0])}' in every row: there is nothing to explain")
        loss = self.loss
        if loss is None:
            try:
                call = tables.calls_for(y, roles)
            except ValueError as error:
                raise ValueError(f"the target '{roles.title}': {error}") from None
            loss = gate.loss(call.loss)
            if not quiet:
                tell("note", f"'{roles.title}' {call.why}" + (f" ({call.others})" if call.others else ""))
        try:
            target = loss.check(*gate.response(y, len(y)))
        except ValueError as error:
            raise ValueError(_in_options(str(error), table)) from None
        loss = loss.on(target)
        self._check_beside(loss)
        _check_rows(table, target, cv)
        return loss, target

    def _check_beside(self, loss: Loss) -> None:
        """Refuse an exposure or an offset that this loss has no place for."""
        from lozenge.losses import LOSSES

        if self.roles.exposure is not None and loss.words.effect != "mean":
            takes = ", ".join(name for name, kind in LOSSES.items() if kind.words.effect == "mean")
            raise typer.BadParameter(
                f"counts and amounts are in proportion to it: {takes}; got --loss {loss.name}, for which there is"
                " --offset",
                param_hint="--exposure",
            )
        if self.roles.offset is not None and loss.width > 1 and not loss.shared:
            raise typer.BadParameter(
                f"{loss.name} has {loss.width} linear predictors, and one column says nothing of which",
                param_hint="--offset",
            )


def _in_options(said: str, table: Table) -> str:
    """What a loss says of y, in the words of the command line, which counts rows from 1 in the table as it was read."""
    from lozenge.tables.calls import slip

    text = re.sub(r"loss='(\w+)'", r"--loss \1", said)
    text = re.sub(r"\brow (\d+)", lambda found: f"row {table.rows[int(found[1])]}", text)
    text = re.sub(r"lz\.losses\.Ordinal\(.*?\)", "--order low,medium,high", text).replace("str_ values", "text")
    if text.startswith("y "):
        text = f"the target '{table.encoding.roles.title}' {text.removeprefix('y ')}"
    if odd := slip(table.y) if table.y.dtype == object else "":
        text += f". '{odd}' makes the column text: mend that cell if it holds numbers"
    return text


def _check_rows(table: Table, target: Target, cv: int) -> None:
    import numpy as np

    if (table.X[0] == table.X).all():
        raise ValueError(f"every feature is constant: {quoted(table.feature_names)}; there is nothing to learn from")
    if cv > len(table.y):
        raise ValueError(f"--cv {cv} needs {cv} rows; the table has {len(table.y)}. Take fewer folds")
    if not cv or target.kinds is None:
        return
    from lozenge.losses.responses import label

    instead = "name an alpha without one: --cv 0 --select ALPHA"
    kinds, counts = np.unique(target.kinds, return_counts=True)
    if target.classes and counts.min() < 2:
        few = quoted([label(target.classes[k]) for k in kinds[counts < 2]])
        raise ValueError(f"one row only is {few}, and a cross-validation needs two of each class; {instead}")
    if not target.classes and np.count_nonzero(target.kinds) < 2:
        raise ValueError(f"one row only has an event, and a cross-validation needs two; {instead}")
