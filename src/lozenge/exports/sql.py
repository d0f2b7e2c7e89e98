"""A model as SQL: one expression for each thing that it foretells, over the columns of X or of the raw table.

η = level + Σ bⱼxⱼ is written out for the weights that are not zero, and what is foretold from it by its link:

==============  ================================================================================================
identity        η
log             EXP(η)
logit           P(second class) = 1/(1 + EXP(-η))
softmax         P(class k) = 1/(1 + Σ EXP(ηⱼ - ηₖ)), over the other classes j
cumulative      P(class k) = 1/(1 + EXP(-ηₖ₋₁)) - 1/(1 + EXP(-ηₖ))
sign            the class by the sign of η, and η
==============  ================================================================================================

Numbers are written by `repr`, which loses nothing, with an exponent, which makes them DOUBLE and not DECIMAL.
Exponents are kept within ±700, so that nothing overflows on the way to a probability.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge.exports import exported, plain
from lozenge.losses.responses import label as klass
from lozenge.results import Path
from lozenge.tables import Encoding, Factor, Missingness, Number
from lozenge.tables.cells import NUMBER_GAPS, TEXT_GAPS, as_text, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from lozenge.exports import Exported
    from lozenge.results import Floats, Solution
    from lozenge.tables.parts import Part

__all__ = ["GAPS", "expression", "expressions", "select"]

GAPS = TEXT_GAPS  # texts that a file's reader takes for missing
CHUNK = 50  # terms to a bracket: a parser nests a sum as deep as it has terms
WIDEST = 700.0  # e^700 is a number
TRUTH = {"true": 1.0, "false": 0.0}
# Texts that a database's reader takes for truth values, and what it then writes.
SAID = {
    **dict.fromkeys(("true", "t", "yes", "y", "on"), "true"),
    **dict.fromkeys(("false", "f", "no", "n", "off"), "false"),
}
DAY = 86_400.0  # seconds


# ------------------------------------------------------------------------------------------------- three ways to ask
def expressions(
    found: Path | Solution, *, encoding: Any = None, offset: str | None = None, gaps: Collection[str] = GAPS
) -> dict[str, str]:
    r"""Give an SQL expression for each thing that a model foretells, by name.

    Of a number ``prediction``; of several ``prediction_A``, …; of classes their label, ``prediction``, and a
    ``probability_A`` for each, or without probabilities the ``score``; of times to an event ``risk``, relative to a row
    of means, and ``linear_predictor``.  The names are those of ``lozenge predict``.

    Parameters
    ----------
    found : Path or Solution
        Of a path the chosen solution.
    encoding : dict or `lozenge.tables.Encoding`, optional
        How a table's columns became those of X, as ``path.encoding`` has it.  With it the expressions speak of the
        table's columns: levels of text, medians for missing numbers, marks for missing cells, days of dates, an offset
        or the log of an exposure.  That of a path is used where none is given.
    offset : str, optional
        A column that is added to η; 0 where none is named, as in `Solution.predict`.
    gaps : texts
        In a table, texts that stand for a missing cell beside NULL, unless they are levels; by default those that
        `lozenge.tables.read` takes for it.  ``()`` for NULL alone.

    Returns
    -------
    dict
        Names to SQL.  A NULL among the columns of X gives NULL.

    Raises
    ------
    ValueError
        For a loss of the user's own.

    Notes
    -----
    A date is read as a TIMESTAMP without a zone.

    Examples
    --------
    >>> import lozenge as lz
    >>> from lozenge.exports import sql
    >>> X = [[1.0, 1], [1, -1], [-1, 1], [-1, -1]]
    >>> fit = lz.path(X, [4.0, 3, -2, -3], alphas=[1.0], feature_names=["dose", 'the "age"'])
    >>> sql.expressions(fit)
    {'prediction': '0.5e0 + 2.0e0 * "dose"'}
    """
    model = exported(found)
    etas = [" ".join(terms) for terms in _etas(model, _encoding(found, encoding), offset, gaps)]
    write = FORETOLD[model.link]
    if model.link not in MIXED:
        return write(model, [f"({eta})" if _sum(eta) else eta for eta in etas])
    # Every class asks for every η: worked out once, in a subquery of its own.
    names = _names(etas)
    inner = ", ".join(f"{eta} AS {name}" for eta, name in zip(etas, names, strict=True))
    return {
        key: f'(SELECT {told} FROM (SELECT {inner}) AS "lozenge_linear")'  # noqa: S608 - names and texts are quoted
        for key, told in write(model, names).items()
    }


def expression(
    found: Path | Solution,
    name: str | None = None,
    *,
    encoding: Any = None,
    offset: str | None = None,
    gaps: Collection[str] = GAPS,
) -> str:
    """Give one of `expressions`: the number, the probability of the second of two classes, or the one that is named.

    Raises
    ------
    ValueError
        Where there are several and none is named, or none of that name.

    Examples
    --------
    >>> import lozenge as lz
    >>> from lozenge.exports import sql
    >>> X = [[1.0, 1], [1, -1], [-1, 1], [-1, -1]]
    >>> fit = lz.path(X, [4.0, 3, -2, -3], alphas=[1.0], feature_names=["dose", "age"])
    >>> sql.expression(fit)
    '0.5e0 + 2.0e0 * "dose"'
    """
    told = expressions(found, encoding=encoding, offset=offset, gaps=gaps)
    classes = found.model.classes
    usual = ["score", f"probability_{klass(classes[1])}"] if len(classes) == 2 else []
    usual += [] if classes else ["prediction", "risk"]
    asked = next((each for each in usual if each in told), None) if name is None else name
    if asked not in told:
        why = "name the one to give" if name is None else f"there is no {name!r}"
        raise ValueError(f"this model foretells {', '.join(told)}: {why}")
    return told[asked]


def select(
    found: Path | Solution,
    table: str,
    *,
    keep: Sequence[str] = (),
    encoding: Any = None,
    offset: str | None = None,
    gaps: Collection[str] = GAPS,
) -> str:
    """Give a whole SELECT over a table, which works out every η once.

    Parameters
    ----------
    table : str
        Name of the table; a dot in it is part of the name.
    keep : names
        Columns of the table to give beside what is foretold.
    encoding, offset, gaps : as in `expressions`

    Examples
    --------
    >>> import lozenge as lz
    >>> from lozenge.exports import sql
    >>> X = [[1.0, 1], [1, -1], [-1, 1], [-1, -1]]
    >>> fit = lz.path(X, [4.0, 3, -2, -3], alphas=[1.0], feature_names=["dose", "age"])
    >>> print(sql.select(fit, "visits", keep=["patient"]))
    SELECT
      "patient",
      "lozenge_eta" AS "prediction"
    FROM (
      SELECT
        "patient",
        0.5e0
          + 2.0e0 * "dose" AS "lozenge_eta"
      FROM "visits"
    ) AS "lozenge_linear"
    """
    model = exported(found)
    etas = ["\n      ".join(terms) for terms in _etas(model, _encoding(found, encoding), offset, gaps)]
    names, kept = _names(etas), [identifier(name) for name in keep]
    told = FORETOLD[model.link](model, names)
    outer = [*kept, *(f"{text} AS {identifier(name)}" for name, text in told.items())]
    inner = [*kept, *(f"{eta} AS {name}" for eta, name in zip(etas, names, strict=True))]
    return "\n".join(
        [
            "SELECT",
            "  " + ",\n  ".join(outer),
            "FROM (",
            "  SELECT",
            "    " + ",\n    ".join(inner),
            f"  FROM {'.'.join(map(identifier, _places(table)))}",
            ') AS "lozenge_linear"',
        ]
    )


# ------------------------------------------------------------------------------------------------- safe to write
def _places(table: str) -> list[str]:
    """A table's schema and name."""
    parts = str(table).split(".")
    if not all(parts):
        raise ValueError(f"name the table, or schema.table; got {table!r}")
    return parts


def identifier(name: str) -> str:
    """Quote a name; NUL, which no database takes, is refused.

    Examples
    --------
    >>> from lozenge.exports.sql import identifier
    >>> print(identifier('the "age" of it'))
    "the ""age"" of it"
    """
    if "\0" in name:
        raise ValueError("a column whose name holds a NUL character cannot be named in SQL; rename it and fit again")
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Quote a text."""
    if "\0" in value:
        raise ValueError("a level or a class with a NUL character cannot be written in SQL; mend it and fit again")
    return "'" + value.replace("'", "''") + "'"


def number(x: float) -> str:
    """Write a number of type DOUBLE."""
    shown = repr(float(x))
    return shown if "e" in shown else f"{shown}e0"


def literal(label: object) -> str:
    """Write a class."""
    value = plain(label)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    return number(value) if isinstance(value, float) else text(str(value))


# ------------------------------------------------------------------------------------------------- the linear predictor
def _encoding(found: Path | Solution, given: Any) -> Encoding | None:
    if given is None and isinstance(found, Path):
        given = found.encoding
    return given if given is None or isinstance(given, Encoding) else Encoding.from_dict(given)


def _names(etas: list[str]) -> list[str]:
    return [identifier("lozenge_eta" if len(etas) == 1 else f"lozenge_eta_{k}") for k in range(len(etas))]


def _etas(model: Exported, encoding: Encoding | None, offset: str | None, gaps: Collection[str]) -> list[list[str]]:
    """The terms of the q linear predictors."""
    if encoding is not None and encoding.feature_names != model.columns:
        raise ValueError("the encoding does not give the columns of this model; give that of its own table")
    beside = [] if offset is None else [f"+ {identifier(offset)}"]
    if encoding is not None:
        roles = encoding.roles
        beside += [] if roles.offset is None else [f"+ {_number(roles.offset, gaps)}"]
        beside += [] if roles.exposure is None else [f"+ LN({_number(roles.exposure, gaps)})"]
    found = []
    for weights, level in zip(model.weights, model.levels.tolist(), strict=True):
        terms = _plain(model.columns, weights) if encoding is None else _by_parts(encoding.parts, weights, gaps)
        found.append(_added(level, [*terms, *beside]))
    return found


def _added(level: float, terms: list[str]) -> list[str]:
    """The level and the terms, all but the first with its sign before it."""
    if len(terms) > CHUNK:
        cut = [terms[start : start + CHUNK] for start in range(0, len(terms), CHUNK)]
        terms = [f"+ ({' '.join([_unsigned(part[0]), *part[1:]])})" for part in cut]
    return [number(level), *terms] if level or not terms else [_unsigned(terms[0]), *terms[1:]]


def _unsigned(term: str) -> str:
    return term.removeprefix("+ ") if term.startswith("+ ") else f"-{term.removeprefix('- ')}"


def _sum(eta: str) -> bool:
    return " " in eta or eta.startswith("-")


def _term(weight: float, of: str) -> str:
    return f"{'-' if weight < 0 else '+'} {number(abs(weight))} * {of}"


def _plain(columns: tuple[str, ...], weights: Floats) -> list[str]:
    return [_term(float(weights[j]), identifier(columns[j])) for j in np.flatnonzero(weights)]


def _by_parts(parts: Sequence[Part], weights: Floats, gaps: Collection[str]) -> list[str]:
    terms, start = [], 0
    for part in parts:
        own = weights[start : start + len(part.names)]
        start += len(part.names)
        if own.any():
            terms.append(WRITTEN[type(part)](part, own, gaps))
    return terms


def _missing(column: str, gaps: Collection[str]) -> str:
    """Whether a cell is: NULL is put among the texts that stand for it."""
    cell, listed = identifier(column), [text(gap) for gap in gaps]
    if not listed:
        return f"{cell} IS NULL"
    return f"COALESCE(TRIM(CAST({cell} AS VARCHAR)), {listed[0]}) IN ({', '.join(listed)})"


def _number_gaps(gaps: Collection[str]) -> Collection[str]:
    """Among numbers "None" is no level."""
    return (*gaps, *(each for each in NUMBER_GAPS if each not in TEXT_GAPS)) if gaps else ()


def _number(column: str, gaps: Collection[str], *, days: bool = False, otherwise: str = "NULL") -> str:
    """A cell as a number, and what it is where it is missing."""
    cell = identifier(column)
    read = f"CAST({cell} AS DOUBLE PRECISION)"
    if days:
        read = f"EXTRACT(EPOCH FROM CAST({cell} AS TIMESTAMP)) / {number(DAY)}"
    if not _number_gaps(gaps):
        return read if otherwise == "NULL" else f"COALESCE({read}, {otherwise})"
    return f"CASE WHEN {_missing(column, _number_gaps(gaps))} THEN {otherwise} ELSE {read} END"


def _of_number(part: Number, weights: Floats, gaps: Collection[str]) -> str:
    return _term(float(weights[0]), _number(part.column, gaps, days=part.days, otherwise=number(part.median)))


def _of_missingness(part: Missingness, weights: Floats, gaps: Collection[str]) -> str:
    any_of = " OR ".join(_missing(column, _number_gaps(gaps)) for column in part.columns)
    return f"+ CASE WHEN {any_of} THEN {number(float(weights[0]))} ELSE 0e0 END"


def _of_factor(part: Factor, weights: Floats, gaps: Collection[str]) -> str:
    levels = [level for level in (*part.coded, *part.uncoded) if level is not None]
    cell = f"CAST({identifier(part.column)} AS VARCHAR)"
    if all(level == level.strip() for level in levels):  # as a file's reader gives them
        cell = f"TRIM({cell})"
    cases: list[str] = []
    for level, weight in zip(part.coded, weights.tolist(), strict=True):
        if weight and level is None:
            gap = _missing(part.column, [each for each in gaps if each not in levels])
            cases.insert(0, f"WHEN {gap} THEN {number(weight)}")
        elif weight and level is not None:
            spelt = _spellings(level, levels)
            chosen = f"= {text(spelt[0])}" if len(spelt) == 1 else f"IN ({', '.join(map(text, spelt))})"
            cases.append(f"WHEN {cell} {chosen} THEN {number(weight)}")
    return f"+ CASE {' '.join(cases)} ELSE 0e0 END"


def _spellings(level: str, levels: list[str]) -> list[str]:
    """How a database may write a level whose column it took for numbers or truth values."""
    others = []
    said = [SAID.get(each.lower()) for each in levels]
    if None not in said and said.count(SAID[level.lower()]) == 1:
        others.append(SAID[level.lower()])
    worths = Counter(TRUTH.get(each.lower(), parse(each)) for each in levels)
    worth = TRUTH.get(level.lower(), parse(level))
    if worth is not None and np.isfinite(worth) and (worths[worth] == 1 or as_text(worth) == level):
        others += [as_text(worth), repr(worth)]
    return list(dict.fromkeys([level, *(each for each in others if each not in levels)]))


WRITTEN: dict[type, Callable[[Any, Floats, Collection[str]], str]] = {
    Number: _of_number,
    Factor: _of_factor,
    Missingness: _of_missingness,
}


# ------------------------------------------------------------------------------------------------- what is foretold
def _odds(eta: str, sign: str = "-") -> str:
    """1/(1 + e^-η), or with another sign 1/(1 + e^η)."""
    return f"1e0 / (1e0 + {_exp(f'-{eta}' if sign == '-' else eta)})"


def _exp(exponent: str) -> str:
    return f"EXP(GREATEST({number(-WIDEST)}, LEAST({number(WIDEST)}, {exponent})))"


def _identity(model: Exported, etas: list[str]) -> dict[str, str]:
    outputs = model.solution.model.outputs
    named = [f"prediction_{output}" for output in outputs] if outputs else ["prediction"]
    return {name: _bared(eta) for name, eta in zip(named, etas, strict=True)}


def _log(model: Exported, etas: list[str]) -> dict[str, str]:
    bare = _bared(etas[0])
    if model.loss.words.effect == "hazard":
        return {"risk": f"EXP({bare})", "linear_predictor": bare}
    return {"prediction": f"EXP({bare})"}


def _logit(model: Exported, etas: list[str]) -> dict[str, str]:
    first, second = model.solution.model.classes
    return {
        "prediction": f"CASE WHEN {_bared(etas[0])} > 0e0 THEN {literal(second)} ELSE {literal(first)} END",
        f"probability_{klass(first)}": _odds(etas[0], "+"),
        f"probability_{klass(second)}": _odds(etas[0]),
    }


def _softmax(model: Exported, etas: list[str]) -> dict[str, str]:
    classes = model.solution.model.classes
    chances = []
    for k, eta in enumerate(etas):
        others = [_exp(f"{other} - {eta}") for j, other in enumerate(etas) if j != k]
        chances.append(f"1e0 / ({' + '.join(['1e0', *others])})")
    return {"prediction": _largest(classes, etas), **_named(classes, chances)}


def _cumulative(model: Exported, etas: list[str]) -> dict[str, str]:
    classes = model.solution.model.classes
    more = [_odds(eta) for eta in etas]
    middle = [f"{above} - {below}" for above, below in pairwise(more)]
    chances = [_odds(etas[0], "+"), *middle, more[-1]]
    return {"prediction": _largest(classes, [f"({each})" for each in chances]), **_named(classes, chances)}


def _sign(model: Exported, etas: list[str]) -> dict[str, str]:
    first, second = model.solution.model.classes
    label = f"CASE WHEN {_bared(etas[0])} > 0e0 THEN {literal(second)} ELSE {literal(first)} END"
    return {"prediction": label, "score": _bared(etas[0])}


def _bared(eta: str) -> str:
    return eta[1:-1] if eta.startswith("(") and eta.endswith(")") else eta


def _named(classes: Sequence[Any], chances: list[str]) -> dict[str, str]:
    return {f"probability_{klass(each)}": chance for each, chance in zip(classes, chances, strict=True)}


def _largest(classes: Sequence[Any], of: list[str]) -> str:
    """The class with the largest of some figures, of equals the first: what is not the largest is not asked again."""
    cases = []
    for k, each in enumerate(of[:-1]):
        ahead = " AND ".join(f"{each} >= {other}" for other in of[k + 1 :])
        cases.append(f"WHEN {ahead} THEN {literal(classes[k])}")
    return f"CASE {' '.join(cases)} ELSE {literal(classes[-1])} END"


MIXED = {"softmax", "cumulative"}  # links whose answers take several η each
FORETOLD: dict[str, Callable[[Exported, list[str]], dict[str, str]]] = {
    "identity": _identity,
    "log": _log,
    "logit": _logit,
    "softmax": _softmax,
    "cumulative": _cumulative,
    "sign": _sign,
}
