"""Best subsets: how many true supports local search finds beside abess, and how long a proof takes.

`OMP_NUM_THREADS=1 python -m benchmarks.subset [--seeds N] [--abess PYTHON]`

Columns are AR(1) with correlation ρ, k = 10 true weights of ±1 at random places, noise for a signal-to-noise ratio SNR
(variance of the signal over that of the noise).  Ours is timed from X and y: centring and search.  The proofs are
with a ridge l2 of a tenth of the mean diagonal of the Gram, to a gap of 1e-6 of the null objective.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks.environments import ONE_POOL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TRUE = 10
RIDGE = 0.1
LIMIT = 120.0

_ABESS = """
import json, sys, time
import numpy as np, abess
from pathlib import Path
found = []
for file in json.load(sys.stdin):
    data = np.load(file)
    X, y = data["X"], data["y"]
    for _ in range(2):  # the second call counts
        start = time.perf_counter()
        model = abess.LinearRegression(support_size=10, thread=1).fit(X, y)
        seconds = time.perf_counter() - start
    found.append([np.flatnonzero(model.coef_).tolist(), seconds])
print(json.dumps(found))
"""


class Sample(NamedTuple):
    """X (n, p), y (n,) and the columns that made it."""

    X: Floats
    y: Floats
    truth: list[int]


class Found(NamedTuple):
    """A support and the seconds that it took."""

    support: list[int]
    seconds: float


def sample(seed: int, n: int, p: int, rho: float, snr: float) -> Sample:
    """AR(1) columns and a response of ten of them."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * X[:, j]
    truth = np.sort(rng.choice(p, TRUE, replace=False))
    signal = X[:, truth] @ rng.choice([-1.0, 1.0], TRUE)
    y = signal + rng.standard_normal(n) * np.sqrt(np.var(signal) / snr)
    return Sample(X, y, truth.tolist())


def main() -> None:
    """Print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--abess", type=Path, help="an interpreter that has abess; else one is made")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent / ".cache" / "subset")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for snr in (5.0, 50.0):
        print(_recovery(options, snr))
    for rho in (0.0, 0.5):
        for line in _proofs(min(options.seeds, 10), rho):
            print(line, flush=True)


def _recovery(options: argparse.Namespace, snr: float) -> str:
    samples = [sample(seed, 100, 1000, 0.9, snr) for seed in range(options.seeds)]
    files = []
    for seed, drawn in enumerate(samples):
        files.append(str(options.folder / f"{seed}-{snr:g}.npz"))
        np.savez(files[-1], X=drawn.X, y=drawn.y)
    title = f"recovery, n 100, p 1,000, rho 0.9, SNR {snr:g}, {options.seeds} seeds"
    return (
        f"{title}\n  ours   {_told([_ours(s) for s in samples], samples)}\n  abess  {_theirs(options, files, samples)}"
    )


def _ours(drawn: Sample) -> Found:
    from lozenge import subset

    for _ in range(2):
        start = time.perf_counter()
        X, y = drawn.X - drawn.X.mean(axis=0), drawn.y - drawn.y.mean()
        (found,) = subset.by_size(subset.Columns(X), X.T @ y, [TRUE])
        seconds = time.perf_counter() - start
    return Found(found.support.tolist(), seconds)


def _theirs(options: argparse.Namespace, files: list[str], samples: list[Sample]) -> str:
    folder = options.folder / "abess"
    python = options.abess or folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "abess"], check=False)
    done = subprocess.run(
        [str(python), "-c", _ABESS],
        input=json.dumps(files),
        env=os.environ | ONE_POOL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return f"failed: {done.stderr.strip().splitlines()[-1]}"
    return _told([Found(*found) for found in json.loads(done.stdout)], samples)


def _told(found: list[Found], samples: list[Sample]) -> str:
    exact = sum(sorted(f.support) == s.truth for f, s in zip(found, samples, strict=True))
    shared = sum(len(set(f.support) & set(s.truth)) for f, s in zip(found, samples, strict=True))
    left = median(_unexplained(f.support, s) for f, s in zip(found, samples, strict=True))
    return (
        f"true supports {exact}, true features {shared} of {TRUE * len(samples)}, unexplained share of the variance "
        f"{left:.4f}, {1e3 * median(f.seconds for f in found):.1f} ms"
    )


def _unexplained(support: list[int], drawn: Sample) -> float:
    X, y = drawn.X[:, support] - drawn.X[:, support].mean(axis=0), drawn.y - drawn.y.mean()
    residual = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    return float(residual @ residual / (y @ y))


def _proofs(seeds: int, rho: float) -> list[str]:
    from lozenge import branch

    lines = [f"proofs, n 500, p 1,000, rho {rho:g}, SNR 5, ridge {RIDGE:g} of the mean diagonal, gap 1e-6"]
    for seed in range(seeds):
        drawn = sample(seed, 500, 1000, rho, 5.0)
        X, y = drawn.X - drawn.X.mean(axis=0), drawn.y - drawn.y.mean()
        S, linear, null = X.T @ X / len(y), X.T @ y / len(y), float(y @ y) / (2 * len(y))
        start = time.perf_counter()
        for found in branch.branch(S, linear, size=TRUE, l2=RIDGE * float(np.mean(np.diagonal(S))), scale=null):
            step = found
            if time.perf_counter() - start > LIMIT:
                break
        seconds = time.perf_counter() - start
        word = "proven" if step.proven else "not proven"
        right = "the true support" if step.best.support.tolist() == drawn.truth else "another support"
        lines.append(f"  seed {seed}: {word}, gap {step.gap:.1e}, {step.nodes} nodes, {seconds:.2f} s, {right}")
    return lines


if __name__ == "__main__":
    main()
