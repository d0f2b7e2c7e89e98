"""The recipe: applied to the next file, written as plain data, and checked when read back."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge.tables.column import column, open_frame
from lozenge.tables.parts import Factor, Missingness, Number, Part, matrix
from lozenge.tables.roles import Roles, offset
from lozenge.tables.words import check_known, quoted, show

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from lozenge.results import Floats

# What JSON may hold in a field, by the field's annotation.  bool is an int to Python, and NaN compares false.
FITS: dict[Any, Callable[[Any], bool]] = {
    "str": lambda v: type(v) is str,
    "bool": lambda v: type(v) is bool,
    "float": lambda v: type(v) in {int, float} and abs(v) <= sys.float_info.max,
    "tuple[str, ...]": lambda v: type(v) is list and len(v) > 0 and all(type(t) is str for t in v),
    "tuple[str | None, ...]": lambda v: type(v) is list and all(t is None or type(t) is str for t in v),
}
PARTS: dict[Any, Any] = {"number": Number, "factor": Factor, "missingness": Missingness}


@dataclass(frozen=True)
class Encoding:
    r"""Recipe from raw columns to X, learnt by `encode`: plain data, safe to read from a stranger.

    X has the columns of each part in turn: `Number`, `Factor`, and last `Missingness`.  ``roles`` are the columns that
    are no features.

    Examples
    --------
    >>> import polars as pl
    >>> from lozenge import tables
    >>> frame = pl.DataFrame({"dose": [1.0, None, 4.0], "arm": ["a", "b", "a"], "y": [1, 2, 3]})
    >>> encoding = tables.encode(frame, "y").encoding
    >>> X, notes = encoding.apply(pl.DataFrame({"arm": ["b", "c"], "dose": [2.0, None]}))
    >>> X.tolist()
    [[2.0, 1.0, 0.0], [2.5, 0.0, 1.0]]
    >>> print(*notes, sep="\n")
    dose: 1 missing cell filled with the median, 2.5.
    arm: 1 row with a level not seen in fitting ('c'); its 0/1 columns are 0 there.
    """

    parts: tuple[Part, ...]
    roles: Roles = field(default_factory=Roles)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the columns of X."""
        return tuple(name for part in self.parts for name in part.names)

    @property
    def sources(self) -> tuple[str, ...]:
        """Raw column that each column of X comes from; of several, the first."""
        return tuple(part.column for part in self.parts for _ in part.names)

    @property
    def blocks(self) -> dict[str, list[str]]:
        """Columns of X by the raw column that became several of them."""
        return {part.column: list(part.names) for part in self.parts if len(part.names) > 1}

    def apply(self, frame: Any, *, used: Collection[str] | None = None) -> tuple[Floats, tuple[str, ...]]:
        """X of other rows, and notes on what had to be done to get it.

        Columns go by name; their order and further columns do not matter.  A level not seen in fitting has 0 in all
        columns of its factor, and so has a missing value where none was seen; a missing number becomes the median of
        fitting.

        Parameters
        ----------
        frame : pandas, polars or pyarrow table
        used : features that matter, all if None
            A raw column that is absent and gives none of them is no loss: its features are 0.

        Raises
        ------
        ValueError
            A raw column that is needed is absent, has text instead of numbers, or an infinite number.
        """
        table = open_frame(frame)
        here = [
            used is None or bool(set(part.names) & set(used)) or part.column in table.columns for part in self.parts
        ]
        parts = [part for part, there in zip(self.parts, here, strict=True) if there]
        wanted = list(dict.fromkeys(name for part in parts for name in _sources(part)))
        check_known(wanted, table.columns)
        found, notes = matrix(parts, {name: column(table[name]) for name in wanted}, len(table))
        X = np.zeros((len(table), len(self.feature_names)), order="F")
        X[:, [there for part, there in zip(self.parts, here, strict=True) for _ in part.names]] = found
        absent = dict.fromkeys(part.column for part, there in zip(self.parts, here, strict=True) if not there)
        return X, (*notes, *(f"{show(name)} is absent; its weights are 0, so nothing is lost." for name in absent))

    def offset(self, frame: Any) -> Floats | None:
        """What is added to η in other rows: the offset and the log of the exposure; None without either.

        Raises
        ------
        ValueError
            A column is absent, or a cell of it is missing or holds what it cannot.
        """
        table = open_frame(frame)
        return offset(table, self.roles, np.ones(len(table), dtype=bool))

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as dicts, lists, text, finite numbers and None: what JSON can hold."""
        records = [{"kind": type(part).__name__.lower(), **asdict(part)} for part in self.parts]
        found = {"parts": [{k: list(v) if isinstance(v, tuple) else v for k, v in r.items()} for r in records]}
        return {**found, "roles": self.roles.to_dict()}

    @classmethod
    def from_dict(cls, d: Any) -> Encoding:
        """Recipe from what `to_dict` wrote; anything else is refused.

        Raises
        ------
        ValueError
            An unknown or absent key, a value of another type, a number that is not finite, a name used twice.
        """
        if not isinstance(d, dict) or not {"parts"} <= set(d) <= {"parts", "roles"}:
            raise ValueError(f"encoding: expected {{'parts': [...], 'roles': {{...}}}}, got {show(repr(d))}")
        if type(d["parts"]) is not list or not d["parts"]:
            raise ValueError(f"encoding: expected a list of parts, got {show(repr(d['parts']))}")
        # Files from before there were roles have none.
        encoding = cls(tuple(_part(item) for item in d["parts"]), Roles.from_dict(d.get("roles", {})))
        raw = [part.column for part in encoding.parts if not isinstance(part, Missingness)]
        numbers = {part.column for part in encoding.parts if isinstance(part, Number)}
        levels = []
        for part in encoding.parts:
            if isinstance(part, Missingness) and not numbers.issuperset(part.columns):
                raise ValueError(f"encoding: {show(part.name)} names a column that is no number")
            if isinstance(part, Factor):
                levels.append([*part.coded, *part.uncoded])
                if len(part.names) != len(part.coded):
                    raise ValueError(f"encoding: '{show(part.column)}' needs a name for each coded level")
        for names in (encoding.feature_names, (*raw, *encoding.roles.columns), *levels):
            if max(Counter(names).values()) > 1:
                raise ValueError("encoding: a feature, a column or a level comes twice")
        return encoding


def _sources(part: Part) -> tuple[str, ...]:
    return part.columns if isinstance(part, Missingness) else (part.column,)


def _part(item: Any) -> Part:
    kind = item.get("kind") if isinstance(item, dict) else None
    if type(kind) is not str or kind not in PARTS:
        raise ValueError(f"encoding: a part is one of {', '.join(PARTS)}, not {show(repr(item))}")
    shape = {each.name: each.type for each in fields(PARTS[kind])}
    if set(item) != {"kind", *shape}:
        raise ValueError(f"encoding: a {kind} has the keys {', '.join(shape)}, not {quoted(item)}")
    for key, form in shape.items():
        if not FITS[form](item[key]):
            raise ValueError(f"encoding: the {key} of a {kind} cannot be {show(repr(item[key]))}")
    part: Part = PARTS[kind](**{k: tuple(item[k]) if type(item[k]) is list else item[k] for k in shape})
    return part
