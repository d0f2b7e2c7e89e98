"""Which answer is wanted of a path."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from lozenge.results import Path


def tolerance(tol: float) -> float:
    """The tolerance, if it is one."""
    if not 0 < tol < float("inf"):
        raise typer.BadParameter(f"a number above 0; got {tol:g}", param_hint="--tol")
    return tol


def rule_of(select: str, cv: int) -> str | float:
    """The rule by which an alpha is chosen, or the alpha."""
    if cv == 1:
        raise typer.BadParameter("2 folds or more, or 0 for no cross-validation; got 1", param_hint="--cv")
    if select in {"1se", "min"}:
        if cv == 0:
            raise typer.BadParameter(
                f"the rule {select} needs a cross-validation: leave --cv at 10, or name an alpha",
                param_hint="--select",
            )
        return select
    with suppress(ValueError):
        if 0 < float(select) < float("inf"):
            return float(select)
    raise typer.BadParameter(f"1se, min or an alpha above 0; got '{select}'", param_hint="--select")


def refuse_beside_radius(ctx: typer.Context, cv: int) -> None:
    """A radius is one answer: nothing is chosen."""
    for name in ("select", "cv"):
        source = ctx.get_parameter_source(name)
        if source is not None and source.name != "DEFAULT" and (name == "select" or cv):
            raise typer.BadParameter(
                "--radius asks for one answer, and leaves nothing to choose; leave one of them out",
                param_hint=f"--{name}",
            )


def rule_name(rule: str | float) -> str:
    """The rule in words."""
    return rule if isinstance(rule, str) else "alpha"


def rule_behind(path: Path) -> str:
    """The rule by which the alpha of a saved path was chosen."""
    from lozenge.explain.why import chosen_by

    rule = chosen_by(path)
    return "alpha" if rule == "last" else rule
