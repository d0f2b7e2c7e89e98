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
    record,
    rows,
    shares,
    shown,
    telling,
)
from lozenge.screens.board import comparison, contents, lesson, stability
from lozenge.screens.outputs import cells_of, feature
from lozenge.screens.response import (
    coded_loss,
    described,
    klass,
    levels,
    multiplies,
    probable,
    quadratic,
    target,
    words,
)
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
    "cells_of",
    "coded_loss",
    "comparison",
    "contents",
    "described",
    "facts",
    "feature",
    "finite",
    "fit",
    "is_certified",
    "klass",
    "lesson",
    "levels",
    "multiplies",
    "number",
    "percent",
    "plain",
    "probable",
    "quadratic",
    "record",
    "rows",
    "shares",
    "shorten",
    "shown",
    "stability",
    "target",
    "telling",
    "words",
    "wrap",
]
