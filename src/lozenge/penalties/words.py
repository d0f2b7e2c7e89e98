"""A penalty in words: for people, for a table's head, and what a name and parameters say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge.penalties import PENALTIES

if TYPE_CHECKING:
    from lozenge.penalties.base import Penalty

CALLED = {
    "l1": "lasso",
    "l2": "ridge",
    "elasticnet": "elastic net",
    "lq": "L_q",
    "l0": "L0",
    "mcp": "MCP",
    "scad": "SCAD",
    "log": "log penalty",
    "capped_l1": "capped L1",
    "group": "group lasso",
    "sparse_group": "sparse group lasso",
    "group_mcp": "group MCP",
    "slope": "SLOPE",
    "tv": "total variation",
}
BOUNDS = ("positive", "lower", "upper")
FEW = 3  # bounds by name that are listed


def made(name: str, parameters: dict[str, Any]) -> Penalty:
    """The penalty that a model was fitted with, from what is kept of it."""
    return PENALTIES[name](**parameters)


def described(name: str, parameters: dict[str, Any], columns: int = 0, *, size: int | None = None) -> str:
    """What a person reads: short, however long the parameters are; of how many columns X has.

    Examples
    --------
    >>> from lozenge.penalties.words import described
    >>> described("mcp", {"gamma": 3.0})
    'MCP (gamma 3)'
    >>> described("group", {"groups": {"arm": ["arm=a", "arm=b"], "size": ["width", "height"]}})
    'group lasso, 2 groups'
    >>> described("l1", {"positive": True})
    'lasso, weights >= 0'
    """
    numbers = [f"{key} {value:g}" for key, value in parameters.items() if _is_number(value) and key not in BOUNDS]
    called = CALLED.get(name, name) if size is None else f"best subset of at most {_counted(size, 'feature')}"
    text = called + (f" ({', '.join(numbers)})" if numbers else "")
    return ", ".join([text, *_rest(parameters, columns)])


def titled(penalty: Penalty) -> str:
    """The name with the numbers that are not the default's, as the command line takes them, and its bounds in words.

    Examples
    --------
    >>> from lozenge.penalties import L1, MCP
    >>> from lozenge.penalties.words import titled
    >>> titled(MCP(gamma=2.5)), titled(L1(positive=True))
    ('mcp:2.5', 'l1, weights >= 0')
    """
    parameters = penalty.parameters()
    usual = PENALTIES[penalty.name]().parameters() if penalty.name in PENALTIES else {}
    changed = {key: value for key, value in parameters.items() if usual.get(key) != value and key != "groups"}
    return ", ".join([coded(penalty.name, changed), *_rest(changed)])


def coded(name: str, parameters: dict[str, Any]) -> str:
    """``name:number`` as the command line takes it, of the parameters that are one number each."""
    numbers = [value for key, value in parameters.items() if _is_number(value) and key not in BOUNDS]
    return ":".join([name, *(f"{value:g}" for value in numbers)])


def bounded(parameters: dict[str, Any]) -> bool:
    """Whether there are bounds among the parameters."""
    return any(key in parameters for key in BOUNDS)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _rest(parameters: dict[str, Any], columns: int = 0) -> list[str]:
    """Parameters that are no single numbers."""
    found = []
    for key, value in parameters.items():
        if key == "groups":
            found.append(_groups(value, columns))
        elif key == "lambdas":
            found.append(_counted(len(value), "lambda") + f" from {value[0]:g} to {value[-1]:g}")
        elif key not in BOUNDS and not _is_number(value):
            found.append(f"its own {key}")
    return found + _bounds(parameters)


def _groups(value: Any, columns: int) -> str:
    if not value:
        return "every column a group"
    lists = list(value.values()) if hasattr(value, "items") else [each for each in value if isinstance(each, list)]
    if not lists and not hasattr(value, "items"):
        return _counted(len(set(value)), "group")
    alone = columns - sum(map(len, lists))
    return _counted(len(lists), "group") + (f" and {_counted(alone, 'column')} alone" if alone > 0 else "")


def _bounds(parameters: dict[str, Any]) -> list[str]:
    lower, upper = (0 if parameters.get("positive") else parameters.get("lower")), parameters.get("upper")
    if _is_number(lower) and _is_number(upper):
        return [f"weights from {lower:g} to {upper:g}"]
    return [*_bound(lower, ">=", "lower"), *_bound(upper, "<=", "upper")]


def _bound(value: Any, sign: str, side: str) -> list[str]:
    if value is None:
        return []
    if _is_number(value):
        return [f"weights {sign} {value:g}"]
    if hasattr(value, "items"):
        set_ = {name: number for name, number in value.items() if number is not None}
        if len(set_) <= FEW:
            return [f"{name} {sign} {number:g}" for name, number in set_.items()]
        return [f"{side} bounds on {_counted(len(set_), 'weight')}"]
    count = sum(number is not None and bool(np.isfinite(number)) for number in np.atleast_1d(value))
    return [f"{side} bounds on {_counted(count, 'weight')}"]


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
