"""Records in, plain lines out: what the command line says, at most 80 columns wide.

Nothing here reads, writes, fits or knows of colour; a `Line` only says which part of it is its head.
"""

from lozenge.screens.answer import (
    AT_BOUND,
    DETAILED,
    SAME,
    Rows,
    cautions,
    facts,
    finite,
    fit,
    is_certified,
    klass,
    record,
    rows,
    shares,
    shown,
    target,
    telling,
)
from lozenge.screens.board import comparison, contents, lesson
from lozenge.screens.text import WIDTH, Line, cells, number, percent, plain, shorten, wrap

__all__ = [
    "AT_BOUND",
    "DETAILED",
    "SAME",
    "WIDTH",
    "Line",
    "Rows",
    "cautions",
    "cells",
    "comparison",
    "contents",
    "facts",
    "finite",
    "fit",
    "is_certified",
    "klass",
    "lesson",
    "number",
    "percent",
    "plain",
    "record",
    "rows",
    "shares",
    "shorten",
    "shown",
    "target",
    "telling",
    "wrap",
]
