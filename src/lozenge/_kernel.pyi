from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Stored: TypeAlias = NDArray[np.floating]
Indices: TypeAlias = NDArray[np.int64]
Compressed: TypeAlias = NDArray[np.integer]

def correlate_dense(
    X: Stored, scale: Floats, shift: Floats, R: Floats, columns: Indices | None, out: Floats
) -> None: ...
def moments_dense(X: Stored, scale: Floats, shift: Floats, W: Floats, first: Floats, second: Floats) -> None: ...
def predict_dense(X: Stored, scale: Floats, shift: Floats, columns: Indices, B: Floats, out: Floats) -> None: ...
def summarise_dense(X: Stored, out: Floats) -> None: ...
def pack_dense(
    X: Stored,
    scale: Floats,
    shift: Floats,
    weights: Floats | None,
    columns: Indices,
    top: int,
    bottom: int,
    out: Floats,
) -> None: ...
def correlate_csc(
    data: Stored,
    indices: Compressed,
    pointers: Compressed,
    scale: Floats,
    shift: Floats,
    R: Floats,
    columns: Indices | None,
    out: Floats,
) -> None: ...
def moments_csc(
    data: Stored,
    indices: Compressed,
    pointers: Compressed,
    scale: Floats,
    shift: Floats,
    W: Floats,
    first: Floats,
    second: Floats,
) -> None: ...
def summarise_csc(data: Stored, indices: Compressed, pointers: Compressed, rows: int, out: Floats) -> None: ...
def predict_csc(
    data: Stored,
    indices: Compressed,
    pointers: Compressed,
    scale: Floats,
    shift: Floats,
    columns: Indices,
    B: Floats,
    out: Floats,
) -> None: ...
def gram_csc(
    data: Stored,
    indices: Compressed,
    pointers: Compressed,
    scale: Floats,
    shift: Floats,
    w: Floats,
    left: Indices,
    right: Indices,
    out: Floats,
) -> None: ...
def pack_csc(
    data: Stored,
    indices: Compressed,
    pointers: Compressed,
    scale: Floats,
    shift: Floats,
    columns: Indices,
    rows: int,
    top: int,
    bottom: int,
    out: Floats,
) -> None: ...
def descend(
    H: Floats,
    l1: Floats,
    l2: Floats,
    b: Floats,
    gradient: Floats,
    tol: float,
    max_sweeps: int,
    low: Floats | None = None,
    high: Floats | None = None,
) -> tuple[int, float]: ...
def descend_folded(
    H: Floats, l1: Floats, knee: Floats, end: Floats, b: Floats, gradient: Floats, sweeps: int
) -> None: ...
def descend_blocks(
    S: Floats,
    l1: Floats,
    price: Floats,
    order: Indices,
    edges: Indices,
    b: Floats,
    gradient: Floats,
    sweeps: int,
) -> None: ...
def descend_ranked(S: Floats, prices: Floats, b: Floats, gradient: Floats, sweeps: int, again: int) -> None: ...
def fold(S: Floats, rows: Indices, tied: Indices, signs: Floats, out: Floats) -> None: ...
def isa() -> str: ...
def threads() -> int: ...
def multiply(S: Floats, v: Floats, out: Floats) -> None: ...
def pool(total: Floats, weight: Floats, starts: Indices, out: Floats) -> None: ...
def tv_prox(Z: Floats, lam: Floats, out: Floats) -> None: ...

class Products:
    def __init__(self, Z: Floats) -> None: ...
    def row(self, j: int, out: Floats) -> None: ...

class Exchange:
    def __init__(self, S: Floats | Products, linear: Floats, l2: Floats, box: Floats, price: Floats) -> None: ...
    @property
    def members(self) -> list[int]: ...
    @property
    def objective(self) -> float: ...
    def set(self, columns: Indices) -> None: ...
    def grow(self) -> bool: ...
    def shrink(self) -> bool: ...
    def search(self, size: int, depth: int) -> int: ...

class Leaps:
    def __init__(
        self, S: Floats, linear: Floats, l2: Floats, box: Floats, price: Floats, size: int, slack: float
    ) -> None: ...
    @property
    def progress(self) -> tuple[int, int, float, float, bool]: ...
    @property
    def best(self) -> list[int]: ...
    def offer(self, columns: Indices) -> None: ...
    def advance(self, seconds: float) -> None: ...

class Tree:
    def __init__(
        self, S: Floats, linear: Floats, l2: Floats, box: Floats, price: Floats, size: int, slack: float
    ) -> None: ...
    @property
    def progress(self) -> tuple[int, int, float, float, bool]: ...
    @property
    def best(self) -> list[int]: ...
    @property
    def settled(self) -> list[int]: ...
    @property
    def relaxed(self) -> list[float]: ...
    def offer(self, columns: Indices) -> None: ...
    def root(self) -> float: ...
    def advance(self, seconds: float) -> None: ...

class Support:
    def pivot(
        self,
        S: Floats,
        linear: Floats,
        l1: Floats,
        l2: Floats,
        b: Floats,
        barred: NDArray[np.uint8],
        loss: float,
        goal: float,
        pull: Floats,
    ) -> int: ...
    def walk(
        self, S: Floats, linear: Floats, l1: Floats, l2: Floats, b: Floats, barred: NDArray[np.uint8], changes: int
    ) -> int: ...

class DensePanel:
    def __init__(self, rows: int) -> None: ...
    def __len__(self) -> int: ...
    def append(self, X: Stored, scale: Floats, shift: Floats, columns: Indices) -> None: ...
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
    ) -> tuple[float, float]: ...

class SparsePanel:
    def __init__(self, rows: int) -> None: ...
    def __len__(self) -> int: ...
    def append(
        self,
        data: Stored,
        indices: Compressed,
        pointers: Compressed,
        scale: Floats,
        shift: Floats,
        columns: Indices,
    ) -> None: ...
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
    ) -> tuple[float, float]: ...
