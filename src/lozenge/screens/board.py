"""What is told in a table and a few words: a lesson, a comparison."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge.explain import halves
from lozenge.screens.text import (
    FEW,
    MANY,
    WIDTH,
    Line,
    aligned,
    cells,
    count,
    labelled,
    number,
    plain,
    shorten,
    trimmed,
    wrap,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lozenge.results import Comparison, Lesson, Stability

GAP = 2  # columns between two of a table
LEAST = 8  # columns that a name keeps
NAMED = 4  # features of a cluster
DIGITS = (6, 5, 4, 3)  # the most that leave the names room


def lesson(record: Lesson) -> list[Line]:
    """Give the lines of a lesson."""
    lines = [Line(part) for part in wrap(record.claim)]
    lines += [Line(""), *labelled("On", record.on), Line("")]
    lines += [*_table(record.columns, record.rows), Line("")]
    return [*lines, *(Line("", part) for part in wrap(record.text))]


def comparison(record: Comparison, *, everything: bool = False) -> list[Line]:
    """Give the penalties side by side, then the weights per standard deviation of the features that count most."""
    counts = zip(
        record.penalties,
        record.alphas.tolist(),
        record.kept.tolist(),
        record.zeros.tolist(),
        record.near.tolist(),
        record.explained.tolist(),
        *(["-" if math.isnan(x) else x for x in each.tolist()] for each in (record.deviance, record.se)),
        strict=True,
    )
    columns = ("penalty", "alpha", "kept", "exact zeros", "near zeros", "explained", "held-out deviance", "its SE")
    lines = _table(columns, tuple(tuple(map(_short, row)) for row in counts))
    order = np.argsort(-np.abs(record.per_sd).max(axis=1), kind="stable")
    listed = order if everything or len(order) <= MANY else order[:FEW]
    rows = tuple((record.feature_names[j], *(_weight(w) for w in record.per_sd[j].tolist())) for j in listed)
    lines += [Line(""), *_table(("weight per SD", *record.penalties), rows)]
    if more := len(order) - len(listed):
        lines.append(Line("", f"and {count(more, 'more feature')} (--all)"))
    lines += [Line(""), *(Line("", part) for part in wrap(_told(record)))]
    return lines


def stability(record: Stability, *, everything: bool = False) -> list[Line]:
    """Give what is stable, the features kept in most halves, and those that stand in for one another."""
    lines = [*labelled("stability", halves.summary(record)), Line("")]
    share = record.share
    order = np.argsort(-share, kind="stable")
    order = order[: int(np.count_nonzero(share))]
    listed = order if everything or len(order) <= MANY else order[: max(FEW, len(record.stable))]
    stable = set(record.stable.tolist())
    rows = tuple(
        (record.feature_names[j], int(record.kept[j, -1]), "stable" if j in stable else "") for j in listed.tolist()
    )
    if rows:
        lines += _table(("feature", f"of {record.halves} halves", ""), rows)
    if more := len(order) - len(listed):
        lines.append(Line("", f"and {count(more, 'more feature')} kept in fewer"))
    together = [
        (", ".join(cluster.features[:NAMED]) + ", ..." * (len(cluster.features) > NAMED), cluster.kept)
        for cluster in record.clusters[:FEW]
    ]
    if together:
        lines += [Line(""), *_table(("any of several alike", f"of {record.halves} halves"), together)]
    return [*lines, Line(""), *(Line("", part) for part in wrap(halves.promise(record)))]


def _told(record: Comparison) -> str:
    text = "Same rows, same folds, "
    text += "the same alpha. " if record.rule == "alpha" else f"each at the alpha of the rule {record.rule}. "
    text += "Near zero: not zero, but below 1 % of the largest weight per SD. 0 is an exact zero."
    bad = [name for name, sure in zip(record.penalties, record.certified, strict=True) if not sure]
    return text + (f" NOT CERTIFIED: {', '.join(bad)}." if bad else "")


def _weight(w: float) -> str:
    return "0" if w == 0 else number(w, 3)


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) and math.isfinite(value) else value


def contents(claims: Mapping[str, str]) -> list[Line]:
    """Name every lesson with what it claims."""
    return [line for name, claim in claims.items() for line in labelled(name, claim)]


def _table(columns: Sequence[str], records: Sequence[Sequence[Any]]) -> list[Line]:
    """Numbers keep their width, headers are broken at their spaces, and words share what is left."""
    for digits in DIGITS:
        blocks = [_block(header, [row[c] for row in records], digits) for c, header in enumerate(columns)]
        widths = [max(map(cells, [*head, *texts])) for head, texts, _ in blocks]
        room = WIDTH - GAP * (len(widths) - 1)
        if (
            sum(min(width, LEAST) if word else width for width, (_, _, word) in zip(widths, blocks, strict=True))
            <= room
        ):
            break
    while sum(widths) > room:
        longest = max((c for c, block in enumerate(blocks) if block[2]), key=lambda c: widths[c], default=None)
        if longest is None or widths[longest] <= LEAST:
            break
        widths[longest] -= 1
    high = max(len(head) for head, _, _ in blocks)
    rows = [[([""] * (high - len(head)) + head)[k] for head, _, _ in blocks] for k in range(high)]
    rows += [[texts[k] for _, texts, _ in blocks] for k in range(len(records))]
    lines = []
    for row in rows:
        parts = []
        for c, (text, width, (_, _, word)) in enumerate(zip(row, widths, blocks, strict=True)):
            cut = shorten(text, width)
            pad = " " * (width - cells(cut))
            parts.append(cut + pad if word and c == 0 else pad + cut)
        lines.append((" " * GAP).join(parts))
    return [*(Line(line) for line in lines[:high]), *(Line("", line) for line in lines[high:])]


def _block(header: str, values: list[Any], digits: int) -> tuple[list[str], list[str], bool]:
    """Lines of a header, cells below it, and whether these are words."""
    texts = [_cell(value, digits) for value in values]
    return _broken(header), aligned(texts) if _numbers(values) else texts, not _numbers(values)


def _numbers(values: list[Any]) -> bool:
    return all(isinstance(value, int | float) or value is None for value in values)


def _cell(value: Any, digits: int) -> str:
    if value is None:
        return "never"
    if isinstance(value, float):
        return trimmed(value, digits) if math.isfinite(value) else str(value)
    return f"{value:,}" if isinstance(value, int) else plain(value)


def _broken(header: str) -> list[str]:
    """A header in lines of about equal length, at most three."""
    words = plain(header).split(" ")
    width = max(*(cells(word) for word in words), -(-cells(header) // 3))
    lines = [words[0]]
    for word in words[1:]:
        if cells(lines[-1]) + 1 + cells(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
