"""X as a NumPy array of float64 or float32, in the memory order it came in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lozenge import _kernel
from lozenge.design import gram
from lozenge.design.base import Cost, Meter, affine_of
from lozenge.threads import spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.design.base import Floats, Indices, Panel

LOTS_MEMORY = 1 << 26  # bytes of partial products that jobs may hold
JOBS = 16  # most jobs that one product is cut into
GEMM, STREAM = 3.0e10, 6.0e9  # multiplications a second of a large matrix product, and of a correlation
BANDWIDTH = 2.0e10  # bytes a second
FEW = 32  # columns against which a stream over X is faster than to copy panels of it for BLAS
MODERATE = 2.0**-100  # a column on such a scale can be squared and summed without over- or underflow


class DenseDesign:
    """An (n, p) array; one of its strides is one element."""

    def __init__(self, X: NDArray[np.floating]) -> None:
        self.X = X
        self.shape: tuple[int, int] = (X.shape[0], X.shape[1])
        self.dtype = X.dtype
        self.nbytes = X.shape[0] * X.shape[1] * X.itemsize
        self.read = Meter()
        self._order: Literal["C", "F"] = "F" if X.strides[0] == X.itemsize else "C"
        self.seen = self.summary()
        self.affine = affine_of(self.seen)

    def correlate(self, R: Floats, cols: Indices | None = None) -> Floats:
        """X̃ᵀR."""
        count = self.shape[1] if cols is None else len(cols)
        self.read.add(self.shape[0] * count * self.dtype.itemsize)
        out = np.zeros((count, R.shape[1]))
        _kernel.correlate_dense(self.X, *self.affine[:2], np.asfortranarray(R), cols, out)
        return out

    def moments(self, W: Floats, centre: Floats) -> tuple[Floats, Floats]:
        """Σ w (x̃ - centre) and Σ w (x̃ - centre)²."""
        self.read.add(self.nbytes)
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
        self.read.add(self.shape[0] * len(cols) * self.dtype.itemsize)
        eta = np.empty((self.shape[0], coef.shape[1]), order="F")
        _kernel.predict_dense(self.X, *self.affine[:2], cols, B, eta)
        return eta

    def gram(self, w: Floats, left: Indices, right: Indices) -> Floats:
        """X̃_Lᵀ diag(w) X̃_R."""
        same = np.array_equal(left, right)
        self.read.add(self.shape[0] * (len(left) + (0 if same else len(right))) * self.dtype.itemsize)
        n, w = self.shape[0], np.ascontiguousarray(w)
        if not same and min(len(left), len(right)) <= FEW:
            return self._strip(w, left, right) if len(left) <= len(right) else self._strip(w, right, left).T.copy()
        L, R = self._view(left), self._view(right)
        if L is None or R is None or (w != 1.0).any():
            return gram.weighted(self._panel, self._order, n, w, left, right)
        G = gram.add_up([(L, R)], n, len(left), len(right), same=same)
        G *= self.affine.scale[left, None]
        G *= self.affine.scale[right]
        return G

    def _strip(self, w: Floats, few: Indices, many: Indices) -> Floats:
        """X̃_Fᵀ diag(w) X̃_M as the correlations of M with a few columns, which are the only ones to be copied."""
        G = np.zeros((len(many), len(few)))
        height = max(1, gram.PANEL // max(1, len(few)))
        for top in range(0, self.shape[0], height):
            rows = slice(top, min(top + height, self.shape[0]))
            R = np.empty((rows.stop - top, len(few)), order="F")
            self._panel(few, top, rows.stop, w, R)
            _kernel.correlate_dense(self.X[rows], *self.affine[:2], R, many, G)
        return G.T.copy()

    def _view(self, cols: Indices) -> Floats | None:
        """Columns that can be used where they lie; their scale, a power of two, is left out and loses nothing."""
        scale, shift = self.affine.scale[cols], self.affine.shift[cols]
        if not (len(cols) and self.dtype == np.float64 and (np.diff(cols) == 1).all()):
            return None
        if shift.any() or scale.min() < MODERATE or scale.max() > 1.0 / MODERATE:
            return None
        view: NDArray[Any] = self.X[:, cols[0] : cols[-1] + 1]
        return view

    def products(self, border: Floats, w: Floats, lots: list[NDArray[np.intp]], out: Floats) -> None:
        """[X̃ border]ᵀ diag(w) [X̃ border] per lot: cut into jobs by rows, the same ones for any number of threads."""
        size = self.shape[1] + border.shape[1]
        self.read.add(sum(len(lot) for lot in lots) * self.shape[1] * self.dtype.itemsize)
        cuts = max(1, min(JOBS, LOTS_MEMORY // (8 * size * size)) // len(lots))
        parts = [part for lot in lots for part in np.array_split(lot, cuts)]
        # The first of a lot into its place, and the others added: each may be as large as X.
        places = [out[k // cuts] if k % cuts == 0 else np.empty((size, size)) for k in range(len(parts))]
        spread([partial(self._product, border, w, *each) for each in zip(parts, places, strict=True)])
        for k, part in enumerate(places):
            if k % cuts:
                out[k // cuts] += part

    def _product(self, border: Floats, w: Floats, rows: NDArray[np.intp], out: Floats) -> None:
        p = self.shape[1]
        out[...] = 0.0
        together = len(rows) > 0 and rows[-1] - rows[0] == len(rows) - 1
        scale, shift, _ = self.affine
        # A power of two moves no bit of a product, unless it is so far out that the product overflows.
        unit = bool((w[rows] == 1.0).all())
        mild = not shift.any() and float(np.max(np.abs(np.frexp(scale)[1]))) < 100
        # As they lie they need no copy; else a few megabytes at a time.
        height = len(rows) if together and mild and self.dtype == np.float64 else max(256, 2 * gram.PANEL // p)
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
        if mild and self.dtype == np.float64 and (scale != 1.0).any():
            out[:p] *= scale[:, None]
            out[:, :p] *= scale
        out[p:, :p] = out[:p, p:].T

    def cost(self, m: int) -> Cost:
        """Bytes or multiplications, whichever binds."""
        n, p = self.shape
        return Cost(max(self.nbytes / BANDWIDTH, n * p * m / STREAM), 0.5 * n * p * p / GEMM)

    def pack(self, cols: Indices, onto: Any = None) -> Panel:
        """A few columns, copied unless they are contiguous float64."""
        self.read.add(self.shape[0] * len(cols) * self.dtype.itemsize)
        panel = _kernel.DensePanel(self.shape[0]) if onto is None else onto
        panel.append(self.X, *self.affine[:2], cols)
        return panel

    def summary(self) -> Floats:
        """Minimum, maximum, mean, spread per column."""
        self.read.add(self.nbytes)
        out = np.empty((self.shape[1], 4))
        _kernel.summarise_dense(self.X, out)
        return out

    def _panel(self, cols: Indices, top: int, bottom: int, weights: Floats | None, out: Floats) -> None:
        _kernel.pack_dense(self.X, *self.affine[:2], weights, cols, top, bottom, out)
