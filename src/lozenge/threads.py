"""One pool of threads at work at a time."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@cache
def _controller() -> Any:
    # NumPy and SciPy each bring a BLAS of their own: both must be loaded before they can be limited.
    import scipy.linalg  # noqa: F401 - loads its BLAS
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def one_pool() -> Iterator[None]:
    """Keep BLAS to one thread inside: the kernels thread over columns, and BLAS gets small matrices.

    Two pools that wait for each other spin, and slowed factorisations of 600 x 600 thirtyfold on two busy cores.  One
    BLAS thread also sums in one order, so that the number of threads moves no weight.
    """
    with _controller().limit(limits=1, user_api="blas"):
        yield
