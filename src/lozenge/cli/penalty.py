"""A penalty as it was asked for, and on the columns of a table."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, cast

import typer

from lozenge.cli.naming import meaning, unpriced
from lozenge.cli.telling import tell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lozenge.penalties import Penalty
    from lozenge.penalties.balls import Ball
    from lozenge.tables import Table

LARGEST_GROUPS = 16 * 2**20  # bytes of a file of groups


def ball(penalty: Penalty, radius: float, *, prove: bool) -> Ball:
    """The set of a size around zero that stands in place of an alpha."""
    from lozenge.penalties.balls import around

    try:
        found = around(penalty, radius)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--radius") from None
    if prove and not found.counts:
        raise typer.BadParameter(f"best subsets are proved, --penalty l0; got {penalty.name}", param_hint="--prove")
    return cast("Ball", replace(cast("Any", found), prove=True)) if prove else found


def penalty_of(text: str) -> Penalty:
    """The penalty that is asked for."""
    from lozenge import gate

    try:
        return gate.penalty(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--penalty") from None


def numbers(texts: Iterable[str], option: str) -> dict[str, float]:
    """Numbers by name; "" stands for all."""
    found: dict[str, float] = {}
    for text in texts:
        name, _, digits = text.rpartition("=")
        try:
            number = float(digits)
        except ValueError:
            raise typer.BadParameter(f"NUMBER or NAME=NUMBER; got '{text}'", param_hint=option) from None
        if name in found:
            raise typer.BadParameter(f"'{name or text}' is bounded twice", param_hint=option)
        found[name] = number
    return found


@dataclass(frozen=True)
class Asked:
    """A penalty as it was asked for, before the columns are known that its bounds and groups are of."""

    penalty: Penalty
    positive: bool = False
    lower: dict[str, float] = field(default_factory=dict)
    upper: dict[str, float] = field(default_factory=dict)
    groups: str | None = None

    def check(self) -> None:
        """Refuse what no table could mend."""
        if self._bounds and not self._takes("lower"):
            raise typer.BadParameter(
                f"{self.penalty.name} takes no bounds; l1, l2, elasticnet, lq, l0, mcp, scad, log and capped_l1 do",
                param_hint=next(iter(self._bounds)),
            )
        if self.positive and self.lower:
            raise typer.BadParameter("it is --lower 0; leave one of them out", param_hint="--positive")
        for option, numbers in (("lower", self.lower), ("upper", self.upper)):
            if numbers:
                _made(self.penalty, f"--{option}", **{option: list(numbers.values())})
        if self.groups is not None and not self._takes("groups"):
            raise typer.BadParameter(
                f"{self.penalty.name} takes no groups; group, sparse_group and group_mcp do", param_hint="--groups"
            )

    def on(self, table: Table, free: Sequence[str] = (), *, several: bool = False, quiet: bool = False) -> Penalty:
        """The penalty on the columns of a table; groups are its factors unless a file says otherwise."""
        found, names = self.penalty, table.feature_names
        if self.positive:
            found = _made(self.penalty, "--positive", positive=True)
        for option, numbers in (("lower", self.lower), ("upper", self.upper)):
            if numbers:
                found = _made(found, f"--{option}", **{option: _spread(numbers, table, f"--{option}")})
        if self._bounds:
            self._check_free(found, unpriced(table.encoding, free), names)
        blocks: dict[str, list[str]] | None = None
        if self._takes("groups"):
            blocks = table.encoding.blocks if self.groups is None else _grouped(self.groups, table)
            found = _made(found, "--groups", groups=blocks)
        try:
            found.named(names)
        except ValueError as error:
            hint = "--groups" if self.groups is not None else "--penalty"
            raise typer.BadParameter(str(error), param_hint=hint) from None
        if blocks is not None and not quiet:
            alone = len(names) - sum(map(len, blocks.values()))
            many = "group of columns enters or leaves" if len(blocks) == 1 else "groups of columns enter or leave"
            text = f"{len(blocks):,} {many} whole, {alone:,} column{'s' * (alone != 1)} alone"
            tell("note", text + (", each for all outputs or none" if several else ""))
        return found

    @property
    def _bounds(self) -> dict[str, Any]:
        given = {"--positive": self.positive, "--lower": self.lower, "--upper": self.upper}
        return {option: value for option, value in given.items() if value}

    def _takes(self, parameter: str) -> bool:
        return hasattr(self.penalty, parameter)

    def _check_free(self, found: Penalty, free: Iterable[str], names: Sequence[str]) -> None:
        low, high = found.named(names).bounds or ((), ())
        inside = {name for name, a, b in zip(names, low, high, strict=False) if a > -math.inf or b < math.inf}
        for name in free:
            if name in inside:
                raise typer.BadParameter(
                    f"'{name}' is never penalised, so it cannot be bounded; bound the others by name, --lower NAME=0",
                    param_hint=next(iter(self._bounds)),
                )


def _made(penalty: Any, option: str, **changes: Any) -> Penalty:
    try:
        return cast("Penalty", replace(penalty, **changes))
    except (ValueError, TypeError) as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _spread(numbers: dict[str, float], table: Table, option: str) -> dict[str, float]:
    """Numbers by feature: one for all, and those of the columns and features that are named."""
    found = dict.fromkeys(table.feature_names, numbers[""]) if "" in numbers else {}
    for name, number in numbers.items():
        if name:
            found |= dict.fromkeys(_named(table, name, option), number)
    return found


def _named(table: Table, name: str, option: str) -> list[str]:
    try:
        return meaning(table, name)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _grouped(file: str, table: Table) -> dict[str, list[str]]:
    """Groups of features from a file; the factors that it does not name stay whole."""
    if FilePath(file).stat().st_size > LARGEST_GROUPS:
        raise ValueError(f"'{file}' is larger than {LARGEST_GROUPS // 2**20} MiB; groups are a JSON object of lists")
    try:
        tree = json.loads(FilePath(file).read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise ValueError(f'\'{file}\' is no JSON; groups are {{"name": ["column", ...], ...}}') from None
    if not isinstance(tree, dict) or not all(
        isinstance(columns, list) and columns and all(isinstance(each, str) for each in columns)
        for columns in tree.values()
    ):
        raise typer.BadParameter(f'\'{file}\' must hold {{"name": ["column", ...], ...}}', param_hint="--groups")
    found = {
        name: [feature for column in columns for feature in _named(table, column, "--groups")]
        for name, columns in tree.items()
    }
    taken = {feature for features in found.values() for feature in features}
    for column, features in table.encoding.blocks.items():
        rest = [feature for feature in features if feature not in taken]
        if len(rest) > 1:
            found[column if column not in found else f"{column} (rest)"] = rest
    return found
