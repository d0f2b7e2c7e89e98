"""CSV, Parquet and dataframes in; a matrix of numbers, and the recipe that made it, out.

The straight line is `read` → `encode` → `Encoding.apply` on the next file.  Nothing learnt here looks at the target.
Rows are counted from 1 below the header, lines of a file from 1 with it.
"""

from lozenge.tables.calls import Call, calls_for
from lozenge.tables.encoding import Encoding
from lozenge.tables.files import columns, read
from lozenge.tables.learn import Table, again, encode
from lozenge.tables.parts import Factor, Missingness, Number
from lozenge.tables.paths import comparison_frame, path_frame, reasons_frame, stability_frame
from lozenge.tables.roles import Roles

__all__ = [
    "Call",
    "Encoding",
    "Factor",
    "Missingness",
    "Number",
    "Roles",
    "Table",
    "again",
    "calls_for",
    "columns",
    "comparison_frame",
    "encode",
    "path_frame",
    "read",
    "reasons_frame",
    "stability_frame",
]
