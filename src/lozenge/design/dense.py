"""X as a NumPy array of float64 or float32, in the memory order it came in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from lozenge import _kernel
from lozenge.design.base import Cost, affine_of
from lozenge.threads import spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.design.base import Floats, Indices

LOTS_MEMORY = 1 << 26  # bytes of partial products that jobs may hold
JOBS = 16  # most jobs that one product is cut into
GEMM, STREAM = 1.2e10, 3.0e9  # multiplications a second of a large matrix product, and of a correlation
BANDWIDTH = 1.2e10  # bytes a second
PANEL = 1 << 19  # float64 entries of a packed panel: 4 MB, so that no product needs memory of the size of X


class DenseDesign:
    """An (n, p) array; one of its strides is one element."""

    def __init__(self, X: NDArray[np.floating]) -> None:
        self.X = X
        self.shape: tuple[int, int] = (X.shape[0], X.shape[1])
        self.dtype = X.dtype
        self.nbytes = X.shape[0] * X.shape[1] * X.itemsize
        self.bytes_read = 0
        self.seen = self.summary()
        self.affine = affine_of(self.seen)

    def correlate(self, R: Floats, cols: Indices | None = None) -> Floats:
        """X̃ᵀR."""
        count = self.shape[1] if cols is None else len(cols)
        self.bytes_read += self.shape[0] * count * self.dtype.itemsize
        out = np.zeros((count, R.shape[1]))
        _kernel.correlate_dense(self.X, *self.affine[:2], np.asfortranarray(R), cols, out)
        return out

    def moments(self, W: Floats, centre: Floats) -> tuple[Floats, Floats]:
        """Σ w (x̃ - centre) and Σ w (x̃ - centre)²."""
        self.bytes_read += self.nbytes
        first, second = np.zeros((2, self.shape[1], W.shape[1]))
        shift = self.affine.shift + centre
        _kernel.moments_dense(self.X, self.affine.scale, shift, np.asfortranarray(W), first, second)
        return first, second

    def sqnorms(self, W: Floats, centre: Floats) -> Floats:
        """Σ w (x̃ - centre)²."""
        return self.moments(W, centre)[1]

    def predict(self, coef: Floats, cols: Indices) -> Floats:
        """X̃_W B."""
        used = np.flatnonzero(coef.any(axis=1))
        cols, B = cols[used], np.asfortranarray(coef[used])
        self.bytes_read += self.shape[0] * len(cols) * self.dtype.itemsize
        eta = np.empty((self.shape[0], coef.shape[1]), order="F")
        _kernel.predict_dense(self.X, *self.affine[:2], cols, B, eta)
        return eta

    def gram(self, w: Floats, left: Indices, right: Indices) -> Floats:
        """X̃_Lᵀ diag(w) X̃_R, a panel of rows at a time."""
        G = np.zeros((len(left), len(right)))
        same = np.array_equal(left, right)
        for top, bottom in self._blocks(len(left) + len(right)):
            L = self._panel(left, top, bottom)
            R = L if same else self._panel(right, top, bottom)
            G += L.T @ (w[top:bottom, None] * R)
        return G

    def products(self, border: Floats, w: Floats, lots: list[NDArray[np.intp]]) -> Floats:
        """[X̃ border]ᵀ diag(w) [X̃ border] per lot: cut into jobs by rows, the same ones for any number of threads."""
        size = self.shape[1] + border.shape[1]
        self.bytes_read += sum(len(lot) for lot in lots) * self.shape[1] * self.dtype.itemsize
        cuts = max(1, min(JOBS, LOTS_MEMORY // (8 * size * size)) // len(lots))
        parts = [part for lot in lots for part in np.array_split(lot, cuts)]
        found = spread([partial(self._product, border, w, part) for part in parts])
        return np.stack([sum(found[k * cuts + 1 : (k + 1) * cuts], found[k * cuts]) for k in range(len(lots))])

    def _product(self, border: Floats, w: Floats, rows: NDArray[np.intp]) -> Floats:
        p = self.shape[1]
        out = np.zeros((p + border.shape[1],) * 2)
        together = len(rows) > 0 and rows[-1] - rows[0] == len(rows) - 1
        scale, shift, _ = self.affine
        # A power of two moves no bit of a product, unless it is so far out that the product overflows.
        unit = bool((w[rows] == 1.0).all())
        mild = not shift.any() and float(np.max(np.abs(np.frexp(scale)[1]))) < 100
        # As they lie they need no copy; else a few megabytes at a time.
        height = len(rows) if together and mild and self.dtype == np.float64 else max(256, 4 * PANEL // p)
        for top in range(0, len(rows), max(1, height)):
            chosen = rows[top : top + height]
            chunk = slice(chosen[0], chosen[-1] + 1) if together else chosen
            # Rows of column-major storage are taken along its columns.
            X = self.X[chunk] if together or not self.X.flags.f_contiguous else self.X.T.take(chosen, axis=1).T
            B, v = border[chunk], w[chunk]
            if not mild or X.dtype != np.float64:
                X = X * scale - shift
            if not unit:
                X, B = X * np.sqrt(v)[:, None], B * np.sqrt(v)[:, None]
            out[:p, :p] += X.T @ X
            out[:p, p:] += X.T @ B
            out[p:, p:] += B.T @ B
        if mild and self.dtype == np.float64:
            out[:p] *= scale[:, None]
            out[:, :p] *= scale
        out[p:, :p] = out[:p, p:].T
        return out

    def cost(self, m: int) -> Cost:
        """Bytes or multiplications, whichever binds."""
        n, p = self.shape
        return Cost(max(self.nbytes / BANDWIDTH, n * p * m / STREAM), 0.5 * n * p * p / GEMM)

    def pack(self, cols: Indices) -> Floats:
        """(n, k) copy."""
        return self._panel(cols, 0, self.shape[0])

    def summary(self) -> Floats:
        """Minimum, maximum, mean, spread per column."""
        self.bytes_read += self.nbytes
        out = np.empty((self.shape[1], 4))
        _kernel.summarise_dense(self.X, out)
        return out

    def _blocks(self, width: int) -> list[tuple[int, int]]:
        rows = max(1, PANEL // max(1, width))
        return [(top, min(top + rows, self.shape[0])) for top in range(0, self.shape[0], rows)]

    def _panel(self, cols: Indices, top: int, bottom: int) -> Floats:
        self.bytes_read += (bottom - top) * len(cols) * self.dtype.itemsize
        out = np.empty((bottom - top, len(cols)), order="F")
        _kernel.pack_dense(self.X, *self.affine[:2], cols, top, bottom, out)
        return out
