"""One pool of threads at work at a time."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")


def workers() -> int:
    """How many threads may work: OMP_NUM_THREADS, else the processors."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdigit() and int(asked) > 0 else os.cpu_count() or 1


def spread(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """Run jobs that let go of the interpreter, on as many threads; the answers in the order of the jobs.

    A job must not spread jobs of its own: it would wait for the thread that it is on.
    """
    if len(jobs) < 2 or workers() == 1:
        return [job() for job in jobs]
    return list(_pool(workers()).map(lambda job: job(), jobs))


@cache
def _pool(count: int) -> ThreadPoolExecutor:
    """Threads that stay: to start and join them costs as much as a small product."""
    return ThreadPoolExecutor(count)


if hasattr(os, "register_at_fork"):  # a child has no threads of its parent's
    os.register_at_fork(after_in_child=_pool.cache_clear)


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
