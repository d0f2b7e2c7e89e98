"""What a shard asks of its data matrix: products, and nothing about what it is."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]


class Affine(NamedTuple):
    """How a column is read: x̃ = x·scale - shift, with ``scale`` a power of two.

    ``size`` is the largest |x·scale|: about 1, less for subnormal columns.
    """

    scale: Floats
    shift: Floats
    size: Floats


class Cost(NamedTuple):
    """Predicted seconds of one XᵀR and of one XᵀX, of all columns, on one core.

    From bytes and multiplications, with rates in the source (`make calibrate` prints them afresh): what is chosen by
    them is the same on every machine.
    """

    correlate: float
    products: float


class Panel(Protocol):
    """A few columns of X̃, on which descent keeps the residual and needs no Gram."""

    def __len__(self) -> int: ...

    def descend(
        self,
        v: Floats,
        rho: Floats,
        centre: Floats,
        constant: bool,
        l1: Floats,
        l2: Floats,
        b: Floats,
        loss: float,
        goal: float,
        pull: Floats,
        whole: bool,
    ) -> tuple[float, float]:
        """Minimise  Σᵢ (ρᵢtᵢ + ½vᵢtᵢ²) + Σ l1ⱼ|bⱼ| + ½ Σ l2ⱼbⱼ²  over b, and over a where there is a constant.

        t = a + Σⱼ (x̃ⱼ - centreⱼ)(bⱼ - b₀ⱼ).  b, ρ (which becomes ρ + v∘t) and the pull (minus the gradient) are
        written; returned are the duality gap that is left, and what to add to η in all rows alike.  The pull at b₀,
        about, tells which columns are looked at: unless the ``whole`` is asked for, only those, and of the others
        neither b nor the pull is written.
        """
        ...


class Meter:
    """Bytes of X that products have read so far, on any thread."""

    def __init__(self, total: int = 0) -> None:
        self.total = total
        self._lock = Lock()

    def add(self, count: int) -> None:
        """Count some more."""
        with self._lock:
            self.total += count

    def __reduce__(self) -> tuple[Any, ...]:
        """Without the lock, which stays with its process."""
        return Meter, (self.total,)


class Design(Protocol):
    """X̃ (n, p) of one shard, known only by its products.

    Attributes
    ----------
    shape : (n, p)
    nbytes : size of X as stored
    read : the bytes of X that products have read so far
    seen : (p, 4) the summary of X as it came in
    affine : how the columns are read; shards of one X share it
    """

    shape: tuple[int, int]
    dtype: np.dtype[Any]
    nbytes: int
    read: Meter
    seen: Floats
    affine: Affine

    def correlate(self, R: Floats, cols: Indices | None = None) -> Floats:
        """X̃ᵀR, (n, m) -> (p, m), or for some columns."""
        ...

    def moments(self, W: Floats, centre: Floats) -> tuple[Floats, Floats]:
        """Σ w (x̃ - centre) and Σ w (x̃ - centre)² per column, (n, m) and (p,) -> (p, m) each, in one pass."""
        ...

    def sqnorms(self, W: Floats, centre: Floats) -> Floats:
        """The second of the moments."""
        ...

    def predict(self, coef: Floats, cols: Indices) -> Floats:
        """X̃_W B, (k, m) -> (n, m), Fortran order."""
        ...

    def gram(self, w: Floats, left: Indices, right: Indices) -> Floats:
        """X̃_Lᵀ diag(w) X̃_R, (l, r)."""
        ...

    def products(self, border: Floats, w: Floats, lots: list[NDArray[np.intp]], out: Floats) -> None:
        """[X̃ border]ᵀ diag(w) [X̃ border] over the rows of each lot, (n, e), (n,) -> (lots, p + e, p + e)."""
        ...

    def cost(self, m: int) -> Cost:
        """What products cost, with m candidates to a correlation."""
        ...

    def pack(self, cols: Indices, onto: Any = None) -> Panel:
        """A few columns, each contiguous, for descent; behind those of a panel where one is given."""
        ...

    def summary(self) -> Floats:
        """(p, 4): minimum, maximum, mean and spread of each column of X as given.

        The spread is the mean squared deviation from the mean, to rounding however far the mean is from zero, and
        exactly 0 where the column is constant.  Where squares overflow it is inf or nan, where they underflow 0; the
        other three are finite for every finite column.
        """
        ...


def affine_of(summary: Floats) -> Affine:
    """Scale by the power of two of the largest entry; shift by the mean where the mean exceeds the spread.

    A centred Gram cancels when |mean| ≫ spread, a loss of (mean/spread)² digits, so such columns are shifted before
    anything is accumulated.  A sparse column holds a zero, hence |mean| <= high - low, and is never shifted.
    """
    low, high, mean = summary.T[:3]
    largest = np.maximum(np.abs(low), np.abs(high))
    scale = np.ldexp(1.0, np.clip(-np.frexp(largest)[1], -1000, 1023))
    low, high, mean = low * scale, high * scale, mean * scale
    far = np.abs(mean) > high - low
    # A constant column must read as exactly zero, and its mean is rounded: shift by the value itself.
    shift = np.where(far, np.where(low == high, low, mean), 0.0)
    return Affine(scale, shift, largest * scale)
