"""Which answer is wanted of a path, and what it is chosen by."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from lozenge.tables import Table

RULES = "1se, min, aic, bic, ebic[:GAMMA], df=K, stable or an alpha above 0"


def tolerance(tol: float) -> float:
    """The tolerance, if it is one."""
    if not 0 < tol < float("inf"):
        raise typer.BadParameter(f"a number above 0; got {tol:g}", param_hint="--tol")
    return tol


def rule_of(select: str, cv: int) -> str | float:
    """The rule by which an alpha is chosen, or the alpha."""
    if cv == 1:
        raise typer.BadParameter("2 folds or more, or 0 for no cross-validation; got 1", param_hint="--cv")
    with suppress(ValueError):
        if 0 < float(select) < float("inf"):
            return float(select)

    from lozenge import selection

    try:
        select = select.strip().lower()
        name = selection.rule(select).name
    except ValueError as error:
        raise typer.BadParameter(f"{RULES}; got '{select}'", param_hint="--select") from error
    if name in selection.ON_CURVE and cv == 0:
        raise typer.BadParameter(
            f"the rule {select} needs a cross-validation: leave --cv at 10, or --select bic, aic, df=5 or an alpha",
            param_hint="--select",
        )
    return select


@dataclass(frozen=True)
class Validation:
    """A cross-validation as it was asked for, before the rows are known."""

    folds: int
    repeats: int
    scoring: str | None
    seed: int
    together: bool
    forward: bool

    def check(self) -> None:
        """Refuse what no table could mend."""
        asked = {
            "--repeats": self.repeats > 1,
            "--scoring": self.scoring is not None,
            "--together": self.together,
            "--forward": self.forward,
        }
        for option, given in asked.items():
            if given and self.folds == 0:
                raise typer.BadParameter("it goes with a cross-validation, and --cv is 0", param_hint=option)
        for option in ("--repeats", "--together"):
            if self.forward and asked[option]:
                raise typer.BadParameter("folds that go on in time are dealt once, by time alone", param_hint=option)
        if self.scoring is not None:
            from lozenge.scoring import scorer

            try:
                scorer(self.scoring)
            except ValueError as error:
                raise typer.BadParameter(str(error), param_hint="--scoring") from error

    def on(self, table: Table) -> dict[str, Any]:
        """What `lozenge.path` is told of it."""
        if not self.folds:
            return {"cv": None, "seed": self.seed}
        if table.beside.forward is not None:
            from lozenge import splits

            return {"cv": splits.forward(table.beside.forward, self.folds), "scoring": self.scoring, "seed": self.seed}
        options = {"cv": self.folds, "repeats": self.repeats, "scoring": self.scoring, "seed": self.seed}
        return options | {"groups": table.beside.together}


def check_halves(count: int | None) -> None:
    """Refuse a number of halves that does not come in pairs."""
    if count is not None and (count < 2 or count % 2):
        raise typer.BadParameter(f"an even number of halves, usually 100; got {count}", param_hint="--stability")


def grid_of(count: int | None, ratio: float | None) -> dict[str, Any]:
    """The grid, where it is not the usual one."""
    if ratio is not None and not 0.0 < ratio < 1.0:
        raise typer.BadParameter(f"it lies between 0 and 1 exclusive; got {ratio:g}", param_hint="--alpha-min-ratio")
    given = {"n_alphas": count, "alpha_min_ratio": ratio}
    return {name: value for name, value in given.items() if value is not None}


def refuse_beside_radius(ctx: typer.Context, cv: int) -> None:
    """A radius is one answer: nothing is chosen."""
    for name in ("select", "cv", "n_alphas", "alpha_min_ratio"):
        source = ctx.get_parameter_source(name)
        if source is not None and source.name != "DEFAULT" and (name != "cv" or cv):
            raise typer.BadParameter(
                "--radius asks for one answer, and leaves nothing to choose; leave one of them out",
                param_hint=f"--{name.replace('_', '-')}",
            )
