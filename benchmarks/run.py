"""Every problem, all contestants side by side: `python -m benchmarks.run`, or `make bench`.

The first round is that of all problems, then come the second and the third: within a round contestants and tolerances
alternate, so that a machine that warms up or slows down does so for all of them.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from benchmarks import concave, environments, gap, losses, machine, norms, peers, problems, report
from benchmarks.store import Store, accuracy, identity

if TYPE_CHECKING:
    from benchmarks.environments import Environment


def main() -> int:
    """Install, run what is not known yet, report."""
    options = arguments()
    names = options.problem or list(problems.PROBLEMS)
    pythons = {"lozenge": options.lozenge_python}
    contestants = [environments.ensure(peer, pythons.get(peer)) for peer in options.peer or peers.NAMES]
    for contestant in contestants:
        say(f"{contestant.peer}: {contestant.version or contestant.trouble}")
    store = Store(options.results)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    deadline = time.monotonic() + 3600 * options.hours
    status = 0
    try:
        for attempt in range(options.rounds):
            for name in names:
                compare(problems.named(name), contestants, store, options, attempt, deadline)
                report.write(store.lines, contestants, options.output)
    except KeyboardInterrupt:
        say("stopped; the runs that were finished are kept, and the next call goes on from there")
        status = 130
    report.write(store.lines, contestants, options.output)
    print(report.table(report.summarise(store.lines, contestants)))
    return status


def arguments() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = [*problems.PROBLEMS, *problems.SMALL]
    parser.add_argument(
        "problem", nargs="*", metavar="PROBLEM", help=f"all but the small, or some of {', '.join(known)}"
    )
    parser.add_argument("--peer", action="append", choices=peers.NAMES, help="only this contestant; may be repeated")
    parser.add_argument("--hours", type=float, default=2.0, help="start no run after so many hours (default 2)")
    parser.add_argument("--rounds", type=int, default=3, help="runs whose median counts (default 3)")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds that stop a call (default 300)")
    parser.add_argument("--results", type=Path, default=problems.HERE / "results.jsonl", help="file to append to")
    parser.add_argument("--output", type=Path, default=environments.ROOT / "docs", help="folder for table and plots")
    parser.add_argument("--lozenge-python", type=Path, help="interpreter that has Lozenge, instead of installing it")
    options = parser.parse_args()
    unknown = [name for name in options.problem if name not in known]
    if unknown:
        parser.error(f"no problem is called {', '.join(unknown)}: use {', '.join(known)}")
    return options


def compare(
    problem: problems.Problem,
    contestants: list[Environment],
    store: Store,
    options: argparse.Namespace,
    attempt: int,
    deadline: float,
) -> None:
    """One round of all contestants on one problem."""
    here = machine.describe()["cpu"]
    entries: list[tuple[Environment, list[float]]] = []
    for contestant in contestants:
        if contestant.peer not in peers.FILES[problem.kind]:
            continue
        solver = peers.solver(contestant.peer, problem.kind)
        reason = contestant.trouble or solver.refuses(problem)
        if not reason:
            entries.append((contestant, solver.tolerances(problem)))
            continue
        wanted = identity(problem, contestant, here)
        if not store.of(wanted | {"note": reason}):
            status = "missing" if contestant.trouble else "refused"
            store.append(wanted | {"tol": 0.0, "status": status, "note": reason})
            say(f"{problem.name} {contestant.peer}: {reason}")

    data: problems.Data | None = None
    for level in range(max((len(grid) for _, grid in entries), default=0)):
        for contestant, grid in entries:
            if level >= len(grid):
                continue
            wanted = identity(problem, contestant, here)
            plan = store.plan(wanted, grid[level], attempt, options.limit)
            everyone = [identity(problem, other, here) for other, _ in entries]
            if not plan or (attempt and store.beaten(wanted, grid[level], everyone)):
                continue
            record = wanted | {"tol": grid[level], "limit": options.limit, "time": time.strftime("%F %T")}
            if plan != "run":
                store.append(record | {"status": "skipped", "note": plan})
                continue
            if time.monotonic() > deadline:
                say(f"{problem.name}: no time is left; the next call goes on from here")
                return
            data = data or problems.load(problem.name)
            record |= one_run(contestant, data, grid[level], options.limit)
            store.append(record)
            say(f"{problem.name} {contestant.peer} tol {grid[level]:.0e} round {attempt + 1}: {words(record)}")


def one_run(contestant: Environment, data: problems.Data, tol: float, limit: float) -> dict[str, Any]:
    """A worker's run and how good its answer is, measured here."""
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        command = ["-m", "benchmarks.worker", "--problem", data.problem.name, "--peer", contestant.peer]
        command += ["--tol", repr(tol), "--limit", repr(limit), "--out", name]
        try:
            done = environments.call(contestant.python, *command, timeout=2 * limit + 300)
        except subprocess.TimeoutExpired:  # the alarm in the worker comes first, unless the worker hangs outside a call
            return {"status": "slow", "note": f"> {limit:.0f} s"}
        if not (out / "run.json").exists():
            if done.returncode == -signal.SIGALRM:
                return {"status": "slow", "note": f"> {limit:.0f} s"}
            if done.returncode in {-signal.SIGINT, -signal.SIGTERM}:  # somebody's wish, not the contestant's failure
                raise KeyboardInterrupt
            if done.returncode < 0:
                return {"status": "failed", "note": f"ended by signal {-done.returncode}, which is memory if it is 9"}
            return {"status": "failed", "note": environments.last_line(done.stderr)}
        found: dict[str, Any] = json.loads((out / "run.json").read_text())
        found |= {"status": "ok"} | judged(data, out, found["at"])
        if data.labels is not None:
            found |= {"folds_checked": (out / "fold0.npz").exists(), "curve": curve(data, out).tolist()}
        return found


def judged(data: problems.Data, out: Path, at: list[int] | None) -> dict[str, Any]:
    """The largest gap; under a penalty that has none, the largest violation and every objective."""
    if data.problem.measure == "gap":
        return {"gap": largest_gap(data, out, at)}
    answer = data.X, data.y, sp.load_npz(out / "full.npz"), data.alphas, data.problem.penalty
    return {
        "violation": float(concave.violations(*answer).max()),
        "objectives": concave.objectives(*answer).tolist(),
    }


def largest_gap(data: problems.Data, out: Path, at: list[int] | None) -> float:
    """Over all alphas, and over all folds."""
    whole = data.alphas if at is None else data.alphas[at]
    worst = _gap(data, out, "full", slice(None), whole) if len(whole) else 0.0
    for k, rows in enumerate(data.training()):
        if (out / f"fold{k}.npz").exists():
            worst = max(worst, _gap(data, out, f"fold{k}", rows, data.alphas))
    return worst


def curve(data: problems.Data, out: Path) -> np.ndarray:
    """(K, L) mean squared errors (log losses) of held-out rows: from the coefficients where a contestant keeps them."""
    if (out / "curve.npy").exists():
        return np.load(out / "curve.npy")
    errors = []
    for k in range(data.problem.folds):
        held = data.labels == k
        y, eta = data.y[held, None], data.X[held] @ sp.load_npz(out / f"fold{k}.npz")
        loss = np.logaddexp(0.0, eta) - y * eta if data.problem.loss == "logistic" else (y - eta) ** 2
        errors.append(np.mean(loss, axis=0))
    return np.array(errors)


def _gap(data: problems.Data, out: Path, part: str, rows: np.ndarray | slice, alphas: np.ndarray) -> float:
    X, y, coefs = data.X[rows], data.y[rows], sp.load_npz(out / f"{part}.npz")
    if data.problem.loss in losses.NAMES:
        return float(_gaps_of_losses(data, coefs, alphas, out).max())
    if data.problem.penalty is not None:
        norm = norms.of(data.problem.penalty, X.shape[1])
        return float(norms.relative_gaps(X, y, coefs, alphas, norm).max())
    gaps = gap.relative_gaps(
        X,
        y,
        coefs,
        alphas,
        loss=data.problem.loss,
        l1_ratio=data.problem.l1_ratio,
        duals=np.load(out / f"{part}-dual.npy") if (out / f"{part}-dual.npy").exists() else None,
    )
    return float(gaps.max())


def _gaps_of_losses(data: problems.Data, coefs: sp.csc_matrix, alphas: np.ndarray, out: Path) -> np.ndarray:
    """Of an answer on all rows: an intercept that the problem asks for and the contestant does not give is 0."""
    problem, intercepts = data.problem, None
    if problem.intercept:
        given = out / "full-intercepts.npy"
        intercepts = np.load(given) if given.exists() else np.zeros((alphas.size, problem.outputs))
    return losses.relative_gaps(
        data.X,
        data.y,
        coefs,
        alphas,
        losses.of(problem),
        intercepts=intercepts,
        l1_ratio=problem.l1_ratio,
        rows=problem.rows,
    )


def words(record: dict[str, Any]) -> str:
    """One run in a line."""
    if record["status"] != "ok":
        return f"{record['status']}: {record['note']}"
    measure = problems.named(record["problem"]).measure
    return f"{record['seconds']:.3g} s (first call {record['first_seconds']:.3g} s), {measure} {accuracy(record):.1e}"


def say(text: str) -> None:
    """Progress goes to stderr; the table alone goes to stdout."""
    print(time.strftime("%T"), text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
