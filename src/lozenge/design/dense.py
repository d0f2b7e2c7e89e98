"""X as a NumPy array of float64 or float32, in the memory order it came in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lozenge import _kernel
from lozenge.design.base import affine_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.design.base import Floats, Indices

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
        return self._stream(R, cols, self.affine.shift, square=False)

    def sqnorms(self, W: Floats, centre: Floats) -> Floats:
        """Σ w (x̃ - centre)²."""
        return self._stream(W, None, self.affine.shift + centre, square=True)

    def _stream(self, R: Floats, cols: Indices | None, shift: Floats, *, square: bool) -> Floats:
        count = self.shape[1] if cols is None else len(cols)
        self.bytes_read += self.shape[0] * count * self.dtype.itemsize
        out = np.zeros((count, R.shape[1]))
        _kernel.correlate_dense(self.X, self.affine.scale, shift, np.asfortranarray(R), cols, out, square)
        return out

    def predict(self, coef: Floats, cols: Indices) -> Floats:
        """X̃_W B, a panel of rows at a time."""
        eta = np.empty((self.shape[0], coef.shape[1]), order="F")
        for top, bottom in self._blocks(len(cols)):
            np.matmul(self._panel(cols, top, bottom), coef, out=eta[top:bottom])
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

    def pack(self, cols: Indices) -> Floats:
        """(n, k) copy."""
        return self._panel(cols, 0, self.shape[0])

    def summary(self) -> Floats:
        """Minimum, maximum, mean per column."""
        self.bytes_read += self.nbytes
        out = np.empty((self.shape[1], 3))
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
