"""Features by the names that users give them: their own, or that of the column they came from."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lozenge.results import Path
    from lozenge.tables import Encoding, Table


def unpriced(encoding: Encoding, names: Iterable[str]) -> dict[str, float]:
    """Weight 0 for every named feature, and for every feature of a named column."""
    sources = dict(zip(encoding.feature_names, encoding.sources, strict=True))
    free: dict[str, float] = {}
    for name in names:
        found = [feature for feature, source in sources.items() if name in {feature, source}]
        if not found:
            raise ValueError(f"--unpenalised: {_no_feature(name, dict.fromkeys([*sources.values(), *sources]))}")
        free |= dict.fromkeys(found, 0.0)
    return free


def _levels(encoding: Encoding | None, column: str) -> list[str]:
    """Features that a column of the table became."""
    if encoding is None:
        return []
    sources = zip(encoding.feature_names, encoding.sources, strict=True)
    return [feature for feature, source in sources if source == column]


def encoding_of(path: Path) -> Encoding | None:
    """The recipe of a model's table; of a file from before it had roles, the model knows the target."""
    from lozenge import tables

    if path.encoding is None:
        return None
    found = tables.Encoding.from_dict(path.encoding)
    if not found.roles.explained and path.model.target is not None:
        found = replace(found, roles=tables.Roles((path.model.target,)))
    return found


def meaning(table: Table, name: str, outputs: tuple[str, ...] = ()) -> list[str]:
    """One feature of a table, or all that a column of it became; of several outputs, its weight for each."""
    from lozenge.fit import weight_names

    every = weight_names(table.feature_names, outputs)
    levels = [name] if name in table.feature_names else _levels(table.encoding, name)
    found = [name] if name in every else list(weight_names(tuple(levels), outputs))
    if not found:
        raise ValueError(_no_feature(name, table.feature_names))
    return found


def rivals_of(path: Path, name: str) -> list[str]:
    """One weight of a model, or all that a feature, or a column of its table, became."""
    found = [name] if name in path.feature_names else _became(path, name)
    if not found:
        check_feature(path, name)
    return found


def _became(path: Path, name: str) -> list[str]:
    """The weights of a feature, or of those that a column became."""
    from lozenge import fit as fits

    features = [name] if name in fits.columns(path) else _levels(encoding_of(path), name)
    return list(fits.weight_names(tuple(features), path.model.outputs))


def check_feature(path: Path, name: str) -> None:
    """Refuse what is no weight of a model; say what is."""
    if name in path.feature_names:
        return
    if found := _became(path, name):
        what = "feature" if path.model.outputs and f"{name}[{path.model.outputs[0]}]" in found else "column"
        became = "has the weights" if what == "feature" else "became"
        raise ValueError(f"the {what} '{name}' {became} {quoted(found)}; ask for one of these")
    encoding = encoding_of(path)
    if encoding is not None and name in encoding.roles.columns:
        raise ValueError(f"'{name}' is the {encoding.roles.role(name)}; features: {quoted(path.feature_names)}")
    raise ValueError(_no_feature(name, path.feature_names))


def _no_feature(name: str, names: Iterable[str]) -> str:
    return f"no feature '{name}'{meant(name, names) or '.'} Features: {quoted(names)}"


def meant(name: str, names: Iterable[str]) -> str:
    """The name that was probably meant, in words; empty if none is near."""
    folded = {each.casefold(): each for each in names}
    near = difflib.get_close_matches(name.casefold(), folded, n=1)
    return f"; did you mean '{folded[near[0]]}'?" if near else ""


def quoted(names: Iterable[str], limit: int = 12) -> str:
    """Names in quotes, so many of them."""
    quoted = [f"'{name}'" for name in names]
    return ", ".join(quoted[:limit]) + (f" and {len(quoted) - limit:,} more" if len(quoted) > limit else "")
