"""The one door for data: whatever the user hands over leaves as a `Design`, checked, or is refused.

Nothing outside this folder asks what X is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge.design.base import Affine, Design
from lozenge.design.dense import DenseDesign
from lozenge.design.sparse import SparseDesign

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Affine", "DenseDesign", "Design", "SparseDesign", "as_design"]

_STORED = (np.float64, np.float32)


def as_design(X: Any) -> tuple[Design, tuple[str, ...] | None]:
    """Check X and wrap it; second, its column names if it has any.

    float64 and float32 arrays in either memory order and CSC matrices are used where they lie; anything else that
    holds real numbers is copied once.

    Raises
    ------
    ValueError
        For nan or inf (with count and first position), an empty matrix, a broken sparse structure.
    TypeError
        For masked, complex, text, date or object data.
    """
    names = None
    if _is_frame(X):
        X, names = _from_frame(X)
    design = _from_compressed(X) if hasattr(X, "tocsc") else _from_array(X)
    return design, names


def _is_frame(X: Any) -> bool:
    return not hasattr(X, "tocsc") and not isinstance(X, np.ndarray) and hasattr(X, "columns")


def _from_frame(frame: Any) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    import narwhals.stable.v2 as nw

    try:
        columns = list(nw.from_native(frame, eager_only=True).iter_columns())
    except (TypeError, ValueError, nw.exceptions.NarwhalsError) as error:
        raise ValueError(f"X is a frame that cannot be read: {error}. Rename its columns, or pass an array") from error
    if any(not isinstance(column.name, (str, int)) for column in columns):
        raise ValueError("X is a frame with column names that are neither text nor numbers; rename its columns")
    names = tuple(str(column.name) for column in columns)
    out = np.empty((len(frame), len(names)), order="F")
    for j, (name, column) in enumerate(zip(names, columns, strict=True)):
        if not (column.dtype.is_numeric() or column.dtype == nw.Boolean):
            raise TypeError(
                f"column {name!r} of X holds {column.dtype}, not numbers. Encode the table first: "
                "lozenge.tables.encode(frame, target)"
            )
        out[:, j] = column.cast(nw.Float64).to_numpy()
    return out, names


def _check_shape(shape: tuple[int, ...]) -> None:
    if len(shape) != 2:
        raise ValueError(f"X must be two-dimensional, rows by features; got shape {shape}")
    if 0 in shape:
        raise ValueError(f"X is empty: it has {shape[0]} rows and {shape[1]} columns; both must be at least 1")


def _refuse_kind(dtype: np.dtype[Any]) -> None:
    if dtype.kind == "c":
        raise TypeError("X is complex; only real numbers can be fitted. Pass its real and imaginary parts as columns")
    if dtype.kind not in "biuf":
        raise TypeError(f"X must hold numbers; got dtype {dtype}. Encode text and dates first: lozenge.tables.encode")


def _stored(dtype: np.dtype[Any]) -> np.dtype[Any]:
    native = dtype.newbyteorder("=")
    return native if native in _STORED else np.dtype(np.float64)


def _from_array(X: Any) -> DenseDesign:
    if np.ma.isMaskedArray(X):
        raise TypeError("X is a masked array; its mask would be lost. Fill or drop the masked entries first")
    X = np.asarray(X)
    _check_shape(X.shape)
    _refuse_kind(X.dtype)
    with np.errstate(over="ignore"):  # an overflow here becomes inf, which is refused below with its position
        X = X.astype(_stored(X.dtype), copy=False)
    step = X.itemsize
    walkable = X.flags.aligned and min(X.strides) > 0 and step in X.strides and not any(s % step for s in X.strides)
    X = X if walkable else X.copy(order="F")
    design = DenseDesign(X)
    if not np.isfinite(design.seen[:, :3]).all():
        _refuse_nonfinite(*np.nonzero(~np.isfinite(X)))
    return design


def _refuse_nonfinite(rows: NDArray[np.intp], cols: NDArray[np.intp]) -> None:
    first = np.lexsort((cols, rows))[0]
    raise ValueError(
        f"X holds {len(rows)} values that are nan or infinite, the first at row {rows[first]}, column {cols[first]} "
        "(counted from 0). Impute or drop them first"
    )


def _from_compressed(X: Any) -> SparseDesign:
    import scipy.sparse as sp

    _check_shape(X.shape)
    _refuse_kind(X.dtype)
    try:
        if X.format in ("csc", "csr"):
            # The structure is copied and the copy checked: an index that changes later behind the door cannot lead a
            # kernel astray.  The values stay where they are.
            kind = sp.csc_array if X.format == "csc" else sp.csr_array
            X = kind((X.data, X.indices.copy(), X.indptr.copy()), shape=X.shape)
            X.check_format(full_check=True)
        else:
            X = sp.coo_array(X)  # checks every index
    except ValueError as error:
        raise ValueError(f"X is a broken {X.format.upper()} matrix: {error}. Rebuild it from its entries") from error
    X = sp.csc_array(X)  # a CSC matrix is wrapped, not copied
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    if X.dtype != _stored(X.dtype):
        X = X.astype(_stored(X.dtype))
    design = SparseDesign(X)
    if not np.isfinite(design.seen[:, :3]).all():
        entries = sp.coo_array(X)
        bad = ~np.isfinite(entries.data)
        _refuse_nonfinite(entries.row[bad], entries.col[bad])
    return design
