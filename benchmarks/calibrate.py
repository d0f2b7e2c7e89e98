"""Rates of the cost model on this machine, beside those in the source: `make calibrate`.

The source keeps its constants until somebody changes them: what is chosen by them is the same everywhere.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from lozenge import statistics
from lozenge.design import as_design, dense, sparse
from lozenge.threads import one_pool

if TYPE_CHECKING:
    from collections.abc import Callable


def seconds(work: Callable[[], object]) -> float:
    """Median of five, after one to warm up."""
    work()
    times = []
    for _ in range(5):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def rates() -> dict[str, tuple[float, float]]:
    """(in the source, measured here) of each constant."""
    rng = np.random.default_rng(0)
    X = np.asfortranarray(rng.standard_normal((20_000, 1_000)))
    n, p = X.shape
    tall, _ = as_design(X)
    one, many = rng.standard_normal((n, 1)), rng.standard_normal((n, 16))
    border, ones = rng.standard_normal((n, 2)), np.ones(n)
    text, _ = as_design(sp.random_array((20_000, 2_000), density=0.01, format="csc", rng=rng))
    entries = text.arrays[0].size
    M, V = rng.standard_normal((p, p)), rng.standard_normal((p, 16))
    return {
        "dense.BANDWIDTH": (dense.BANDWIDTH, tall.nbytes / seconds(lambda: tall.correlate(one))),
        "dense.STREAM": (dense.STREAM, n * p * 16 / seconds(lambda: tall.correlate(many))),
        "dense.GEMM": (dense.GEMM, 0.5 * n * p * p / seconds(lambda: tall.products(border, ones, [np.arange(n)]))),
        "sparse.STREAM": (sparse.STREAM, entries * 16 / seconds(lambda: text.correlate(many))),
        "sparse.SPGEMM": (
            sparse.SPGEMM,
            entries**2 / n / seconds(lambda: text.gram(ones, np.arange(2_000), np.arange(2_000))),
        ),
        "statistics.SLICE": (statistics.SLICE, p * p * 16 / seconds(lambda: M @ V)),
    }


if __name__ == "__main__":
    with one_pool():
        print(f"{'constant':20} {'source':>10} {'here':>10}")
        for name, (source, here) in rates().items():
            print(f"{name:20} {source:10.2g} {here:10.2g}")
