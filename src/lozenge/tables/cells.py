"""What one cell says: nothing, a number, a day, a level."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

TEXT_GAPS = ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL", "?", ".")
NUMBER_GAPS = (*TEXT_GAPS, "None")  # in text "None" is a level: no veneer is not a veneer nobody recorded
ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:?\d\d.*)?")
NUMBER_LIKE = re.compile(r"(?!0\d)[-+$€£]?\d[\d., '_]*%?")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86_400_000_000  # microseconds


def as_text(cell: object) -> str:
    """Spell a level; a reader may have taken the level 9 for 9.0."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def as_float(cell: Any) -> float:
    """Nearest float, infinite if there is none."""
    try:
        return float(cell)
    except OverflowError:
        return math.inf


def as_days(moment: Any) -> float:
    """Days that a timedelta lasts, or of a date since 1970-01-01 UTC."""
    if isinstance(moment, timedelta):
        return moment / timedelta(microseconds=1) / DAY
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return float((moment - EPOCH) // timedelta(microseconds=1) / DAY)


def parse(cell: str, *, days: bool = False) -> float | None:
    """Number (or days) that a text writes, if it does."""
    try:
        if days:
            return as_days(datetime.fromisoformat(cell.strip())) if ISO_DATE.fullmatch(cell.strip()) else None
        return None if "_" in cell else float(cell)  # only Python reads 1_000
    except (ValueError, OverflowError):
        return None
