"""CSV, Parquet and dataframes in; a matrix of numbers, and the recipe that made it, out.

The straight line is `read` → `encode` → `Encoding.apply` on the next file.  Nothing learnt here looks at the target.
Rows are counted from 1 below the header, lines of a file from 1 with it.
"""

from lozenge.tables.encoding import Encoding
from lozenge.tables.files import columns, read
from lozenge.tables.learn import Table, encode
from lozenge.tables.parts import Factor, Missingness, Number
from lozenge.tables.paths import path_frame

__all__ = ["Encoding", "Factor", "Missingness", "Number", "Table", "columns", "encode", "path_frame", "read"]
