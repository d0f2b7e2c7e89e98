"""What each kernel reaches: `python benchmarks/kernels.py [--quick]`.

Bytes of X a second against the bandwidth of a plain sum by as many threads, or multiplications and additions a second.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from scipy.sparse import csc_array
from threadpoolctl import threadpool_limits

from lozenge import _kernel
from lozenge.design import as_design

SMALL = "--quick" in sys.argv
SHAPES = [(1000, 4000), (20_000, 200)] if SMALL else [(1000, 50_000), (100_000, 500)]
CANDIDATES = (1, 4, 8, 16)


def seconds(work, least=0.3, most=25):
    """Best time of some calls, the first of them not counted."""
    work()
    best, spent, calls = np.inf, 0.0, 0
    while calls < 3 or (spent < least and calls < most):
        start = time.perf_counter()
        work()
        took = time.perf_counter() - start
        best, spent, calls = min(best, took), spent + took, calls + 1
    return best


def bandwidth():
    """Bytes a second of a sum over 400 MB, each thread its part."""
    x = np.ones(50_000_000)
    parts = np.array_split(x, _kernel.threads())
    with ThreadPoolExecutor(len(parts)) as pool:
        return x.nbytes / seconds(lambda: list(pool.map(np.sum, parts)))


def normal(n, p, dtype, order):
    """(n, p) normal numbers, filled in by strips, so that making them needs no more room."""
    rng = np.random.default_rng(0)
    X = np.empty((n, p), dtype, order=order)
    for start in range(0, p, 100):
        X[:, start : start + 100] = rng.standard_normal((n, min(100, p - start)))
    return X


def zipf(n=20_000, p=73_000, entries=1_500_000):
    """Columns whose counts fall like 1/rank, as words in texts."""
    rng = np.random.default_rng(0)
    share = 1.0 / np.arange(1, p + 1)
    col = rng.choice(p, size=2 * entries, p=share / share.sum())
    place = np.unique(col.astype(np.int64) * n + rng.integers(0, n, len(col)))
    place = np.sort(rng.permutation(place)[:entries])
    pointers = np.searchsorted(place, np.arange(p + 1) * n)
    return csc_array((1.0 + rng.random(len(place)), place % n, pointers), shape=(n, p))


def line(name, *cells):
    """One row of the table."""
    print(f"{name:<42}" + "".join(f"{cell:>12}" for cell in cells), flush=True)


def stream(name, nbytes, work):
    """A row of GB/s, for each number of candidates."""
    line(name, *(f"{nbytes / seconds(work(m)) / 1e9:.1f}" for m in CANDIDATES))


def dense(n, p, dtype, order):
    """The streams over one dense X."""
    rng = np.random.default_rng(1)
    X = normal(n, p, dtype, order)
    design, _ = as_design(X)
    kind = f"{n} x {p} {np.dtype(dtype).name} {order}"
    some = np.sort(rng.choice(p, min(p, 1500), replace=False))
    part = X.nbytes * len(some) // p

    def correlate(m):
        R = np.asfortranarray(rng.standard_normal((n, m)))
        return lambda: design.correlate(R)

    def moments(m):
        W = np.asfortranarray(rng.random((n, m)))
        return lambda: design.moments(W, np.zeros(p))

    def predict(m):
        B = rng.standard_normal((len(some), m))
        return lambda: design.predict(B, some)

    stream(f"correlate {kind}", X.nbytes, correlate)
    stream(f"moments   {kind}", X.nbytes, moments)
    stream(f"predict   {kind}, {len(some)} columns", part, predict)
    line(f"summary   {kind}", f"{X.nbytes / seconds(design.summary) / 1e9:.1f}")


def sparse():
    """The streams over CSC, in ms."""
    rng = np.random.default_rng(1)
    X = zipf(*((2000, 7300, 150_000) if SMALL else ()))
    design, _ = as_design(X)
    n, p = X.shape
    some = np.arange(0, p // 25, 2)
    residuals = {m: np.asfortranarray(rng.standard_normal((n, m))) for m in CANDIDATES}
    slopes = {m: rng.standard_normal((len(some), m)) for m in CANDIDATES}
    weights, centre = rng.random(n), np.zeros(p)

    def row(name, works):
        line(f"{name} {n} x {p}, {X.nnz} entries, ms", *(f"{1e3 * seconds(work):.2f}" for work in works))

    row("correlate", [lambda R=R: design.correlate(R) for R in residuals.values()])
    row("moments  ", [lambda R=R: design.moments(R, centre) for R in residuals.values()])
    row("predict  ", [lambda B=B: design.predict(B, some) for B in slopes.values()])
    row("summary  ", [design.summary])
    row(f"gram of {len(some)},", [lambda: design.gram(weights, some, some)])


def grams():
    """Weighted and plain products of columns with themselves and with others, in GFlop/s."""
    rng = np.random.default_rng(1)
    sizes = [(2000, 300), (300, 700)] if SMALL else [(100_000, 500), (1000, 1400), (1000, 300), (5000, 2000)]
    for n, k in sizes:
        for order in "FC":
            design, _ = as_design(normal(n, k, np.float64, order))
            everything, w = np.arange(k), rng.random(n)
            cells = []
            for weights, left in ((np.ones(n), everything), (w, everything), (w, np.arange(0, k, 25))):
                took = seconds(partial(design.gram, weights, left, everything), most=7)
                flops = n * k * len(left) * (1 if len(left) == k else 2)
                cells.append(f"{1e3 * took:.1f}/{flops / took / 1e9:.0f}")
            line(f"gram {n} x {k} {order}, ms/GFlop/s", *cells)


def panels():
    """Descent on the rows from zero, to a gap of 1e-9 of the loss at zero, in ms."""
    rng = np.random.default_rng(1)
    small, large = ((300, 700), (2000, 7300, 150_000)) if SMALL else ((1000, 1400), (20_000, 73_000, 1_500_000))
    for X in (normal(*small, np.float64, "F"), zipf(*large)[:, : large[1] // 7]):
        design, _ = as_design(X)
        n, k = X.shape
        panel, y = design.pack(np.arange(k)), rng.standard_normal(n)
        price = np.full(k, np.quantile(np.abs(design.correlate(y[:, None])), 0.7) / n)
        b, pull, none, loss = np.zeros(k), np.empty(k), np.zeros(k), 0.5 * y @ y / n
        start = partial(panel.descend, np.full(n, 1 / n))

        def work(start=start, y=y, n=n, price=price, b=b, pull=pull, none=none, loss=loss):
            b[:] = 0.0
            start(-y / n, none, False, price, none, b, loss, 1e-9 * loss, pull)

        took = seconds(work, most=5)
        line(f"descend on {n} x {k}, ms, kept", f"{1e3 * took:.1f}", np.count_nonzero(b))


def main():
    """Print the table."""
    print(f"{_kernel.threads()} threads, {_kernel.isa()}, a plain sum reads {bandwidth() / 1e9:.1f} GB/s")
    line("GB/s of X with candidates:", *CANDIDATES)
    for n, p in SHAPES:
        for dtype in (np.float64, np.float32):
            for order in "FC":
                dense(n, p, dtype, order)
    sparse()
    panels()
    line("", "plain", "weighted", "1/25 x all")
    with threadpool_limits(1):
        grams()


if __name__ == "__main__":
    main()
