"""X as compressed sparse columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge import _kernel
from lozenge.design import gram
from lozenge.design.base import Cost, Meter, affine_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.design.base import Floats, Indices, Panel

STREAM, SPGEMM = 5.0e8, 1.0e8  # multiplications a second of a correlation, and of a sparse product
DENSE = 1 / 16  # share of the products of entries above which BLAS on dense panels, sixteen times as fast, is faster


class SparseDesign:
    """An (n, p) CSC matrix in canonical form (no entry twice)."""

    def __init__(self, X: Any) -> None:
        self.arrays = (X.data, X.indices, X.indptr)
        self.shape: tuple[int, int] = (int(X.shape[0]), int(X.shape[1]))
        self.dtype = X.dtype
        self._entry = X.data.itemsize + X.indices.itemsize
        self.nbytes = max(1, X.data.size * self._entry)
        self.read = Meter()
        self.seen = self.summary()
        self.affine = affine_of(self.seen)

    def correlate(self, R: Floats, cols: Indices | None = None) -> Floats:
        """X̃ᵀR."""
        self._count(cols)
        out = np.empty((self.shape[1] if cols is None else len(cols), R.shape[1]))
        _kernel.correlate_csc(*self.arrays, *self.affine[:2], np.asfortranarray(R), cols, out)
        return out

    def moments(self, W: Floats, centre: Floats) -> tuple[Floats, Floats]:
        """Σ w (x̃ - centre) and Σ w (x̃ - centre)²."""
        self._count(None)
        first, second = np.empty((2, self.shape[1], W.shape[1]))
        shift = self.affine.shift + centre
        _kernel.moments_csc(*self.arrays, self.affine.scale, shift, np.asfortranarray(W), first, second)
        return first, second

    def sqnorms(self, W: Floats, centre: Floats) -> Floats:
        """Σ w (x̃ - centre)²."""
        return self.moments(W, centre)[1]

    def predict(self, coef: Floats, cols: Indices) -> Floats:
        """X̃_W B."""
        used = np.flatnonzero(coef.any(axis=1))
        coef, cols = coef[used], cols[used]
        self._count(cols)
        eta = np.zeros((self.shape[0], coef.shape[1]), order="F")
        _kernel.predict_csc(*self.arrays, *self.affine[:2], cols, np.ascontiguousarray(coef), eta)
        return eta

    def gram(self, w: Floats, left: Indices, right: Indices) -> Floats:
        """X̃_Lᵀ diag(w) X̃_R, row by row of the entries that are there, or dense where that is more than a few."""
        self._count(left if np.array_equal(left, right) else np.append(left, right))
        w = np.ascontiguousarray(w)
        if self._entries(left) * self._entries(right) > DENSE * len(left) * len(right) * self.shape[0] ** 2:
            return gram.weighted(self._panel, "F", self.shape[0], w, left, right)
        G = np.empty((len(left), len(right)))
        _kernel.gram_csc(*self.arrays, *self.affine[:2], w, left, right, G)
        return G

    def products(self, border: Floats, w: Floats, lots: list[NDArray[np.intp]], out: Floats) -> None:
        """[X̃ border]ᵀ diag(w) [X̃ border] per lot."""
        p = self.shape[1]
        everything = np.arange(p)
        for G, lot in zip(out, lots, strict=True):
            v = np.zeros(len(w))
            v[lot] = w[lot]
            G[:p, :p] = self.gram(v, everything, everything)
            G[:p, p:] = self.correlate(v[:, None] * border)
            G[p:, :p] = G[:p, p:].T
            G[p:, p:] = border.T @ (v[:, None] * border)

    def cost(self, m: int) -> Cost:
        """Multiplications, by entries: a row of z entries has z² products."""
        entries = self.arrays[0].size
        return Cost(entries * m / STREAM, entries * entries / max(1, self.shape[0]) / SPGEMM)

    def pack(self, cols: Indices, onto: Any = None) -> Panel:
        """A copy of the entries of a few columns."""
        self._count(cols)
        panel = _kernel.SparsePanel(self.shape[0]) if onto is None else onto
        panel.append(*self.arrays, *self.affine[:2], cols)
        return panel

    def summary(self) -> Floats:
        """Minimum, maximum, mean, spread per column."""
        self.read.add(self.nbytes)
        out = np.empty((self.shape[1], 4))
        _kernel.summarise_csc(*self.arrays, self.shape[0], out)
        return out

    def _panel(self, cols: Indices, top: int, bottom: int, weights: Floats | None, out: Floats) -> None:
        _kernel.pack_csc(*self.arrays, *self.affine[:2], cols, self.shape[0], top, bottom, out)
        if weights is not None:
            out *= weights[top:bottom, None]

    def _entries(self, cols: Indices | None) -> int:
        pointers = self.arrays[2]
        return int(pointers[-1] if cols is None else np.sum(pointers[cols + 1] - pointers[cols]))

    def _count(self, cols: Indices | None) -> None:
        self.read.add(self._entries(cols) * self._entry)
