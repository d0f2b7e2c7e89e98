"""One contestant, one problem, one tolerance, in a fresh process of the contestant's own environment.

Writes `run.json` and the coefficients into --out.  Stopped at --limit seconds a call by the kernel's alarm, which also
ends a call that never returns to Python.
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import signal
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from benchmarks import peers, problems

if TYPE_CHECKING:
    from benchmarks.peers.base import Answer, Solver

STATUS = Path("/proc/self/status")  # of Linux: sizes of this process alone
SHORT = 10.0  # seconds: a call shorter than this is repeated, and the second one counts
LONG = 60.0  # a compiling peer's second call is made unless its first took this


def main() -> None:
    """Run, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problem", required=True)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--tol", type=float, required=True)
    parser.add_argument("--limit", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()

    data = problems.load(arguments.problem)
    before = _resident_bytes()
    start = time.perf_counter()
    solver = peers.solver(arguments.peer, data.problem.kind)
    importlib.import_module(solver.module)
    solver.set_objective(data)
    prepared = time.perf_counter() - start

    warnings.simplefilter("ignore")  # what a peer says of its own convergence is not the measure here
    first, cpu = _timed(solver, arguments.tol, arguments.limit)
    # The peak is that of the first call, before its answer is copied into sparse matrices here.
    found = {"prepare_seconds": prepared, "first_seconds": first, "seconds": first, "cpu_seconds": cpu}
    found["peak_bytes"] = _peak_bytes() - before
    write(arguments.out, found, solver.get_result(), data)
    if first < (LONG if solver.compiles else SHORT):
        found["seconds"], found["cpu_seconds"] = _timed(solver, arguments.tol, arguments.limit)
        write(arguments.out, found, solver.get_result(), data)


def _timed(solver: Solver, tol: float, limit: float) -> tuple[float, float]:
    """Wall and processor seconds: where the wall exceeds the processor's, somebody else had the machine."""
    # The default action of the alarm is to end the process, also inside compiled code.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limit)
    start, cpu = time.perf_counter(), time.process_time()
    solver.run(tol)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    return seconds, cpu


def _resident_bytes() -> int:
    """What is resident now, from where on the peak is counted."""
    if not STATUS.exists():
        return _peak_bytes()
    with suppress(OSError):  # where it may not be reset, what loading took stays in the peak
        (STATUS.parent / "clear_refs").write_text("5")
    return _status("VmRSS")


def _peak_bytes() -> int:
    # The kernel's ru_maxrss begins with the size of the process that this one was forked from, which holds X as well.
    if STATUS.exists():
        return _status("VmHWM")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _status(field: str) -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


def write(out: Path, found: dict[str, float], answer: Answer, data: problems.Data) -> None:
    """`run.json`, and what run.py measures the answer by."""
    record: dict[str, Any] = found | {"passes": answer.passes, "at": answer.at}
    everything = range(data.alphas.size) if answer.at is None else answer.at
    parts = {"full": answer.coefs} | {f"fold{k}": coefs for k, coefs in enumerate(answer.folds)}
    for name, coefs in parts.items():
        expected = (data.X.shape[1] * data.problem.outputs, len(everything) if name == "full" else data.alphas.size)
        if coefs.shape != expected:
            raise ValueError(f"coefficients of {name} must be (p q, alphas) = {expected}, got {coefs.shape}")
        matrix = sp.csc_matrix(coefs)
        matrix.eliminate_zeros()
        sp.save_npz(out / f"{name}.npz", matrix, compressed=False)
    for name, dual in zip(parts, answer.duals, strict=False):
        np.save(out / f"{name}-dual.npy", dual)
    if answer.intercepts is not None:
        if answer.intercepts.size != len(everything) * data.problem.outputs:
            expected = f"{len(everything)} x {data.problem.outputs}"
            raise ValueError(f"intercepts must be {expected}, got {answer.intercepts.shape}")
        np.save(out / "full-intercepts.npy", answer.intercepts)
    if answer.curve is not None:
        np.save(out / "curve.npy", answer.curve)
    last = sp.load_npz(out / ("full.npz" if len(everything) else "fold0.npz"))
    record["nonzeros"] = int(np.diff(last.indptr)[-1])
    (out / "run.json").write_text(json.dumps(record))


if __name__ == "__main__":
    main()
