"""Time of a path against rows, columns and threads, the support held at a few dozen columns: `make scaling`.

Fifty columns carry the signal and the grid stops above the noise, so that what grows is X and not the answer.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.environments import ROOT
from benchmarks.problems import Design, draw

ROWS = [500, 1_000, 2_000, 4_000, 8_000]
COLUMNS = [4_000, 8_000, 16_000, 32_000, 64_000]
FIXED_ROWS, FIXED_COLUMNS = 1_000, 8_000
ALPHAS = np.geomspace(1.0, 0.35, 50)
CALLS = 5
TOL = 1e-6


@dataclass(frozen=True)
class Point:
    """The median of some calls."""

    rows: int
    columns: int
    threads: int
    seconds: float
    passes: float
    kept: int
    gap: float


def main() -> int:
    """Measure, and write table, JSON and plot under docs/benchmarks."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "benchmarks"
    threads = [1]
    while 2 * threads[-1] <= (os.cpu_count() or 1):
        threads.append(2 * threads[-1])
    series = {
        "rows": [point for n in ROWS for point in measured(n, FIXED_COLUMNS, threads)],
        "columns": [point for p in COLUMNS for point in measured(FIXED_ROWS, p, threads)],
    }
    folder.mkdir(parents=True, exist_ok=True)
    found = {name: [vars(point) for point in points] for name, points in series.items()}
    (folder / "scaling.json").write_text(json.dumps({"machine": machine.describe(), **found}, indent=1) + "\n")
    (folder / "scaling.md").write_text(page(series))
    plot(series, folder / "scaling.svg")
    print(page(series))
    return 0


def measured(n: int, p: int, threads: list[int]) -> list[Point]:
    """One X, on each number of threads; the numbers alternate from call to call."""
    import lozenge

    X, y = draw(Design(n, p, 0.5, kept=50, seed=11))
    alphas = ALPHAS * np.abs(X.T @ y).max() / n
    seconds: dict[int, list[float]] = {count: [] for count in threads}
    for call in range(CALLS + 1):
        for count in threads:
            os.environ["OMP_NUM_THREADS"] = str(count)
            start = time.perf_counter()
            path = lozenge.path(X, y, alphas=alphas, fit_intercept=False, standardize=False, tol=TOL)
            if call:  # the first one warms up
                seconds[count].append(time.perf_counter() - start)
    kept, gap = int(path.df[-1]), float(path.gaps.max())
    print(f"{n} x {p}: {[round(float(np.median(each)), 3) for each in seconds.values()]}", file=sys.stderr)
    return [
        Point(n, p, count, float(np.median(each)), float(path.passes), kept, gap) for count, each in seconds.items()
    ]


def slope(points: list[Point], size: str) -> float:
    """Least squares of log seconds on log size: 1 is linear."""
    x = np.log([getattr(point, size) for point in points])
    return float(np.polyfit(x, np.log([point.seconds for point in points]), 1)[0])


def page(series: dict[str, list[Point]]) -> str:
    """Markdown."""
    here = machine.describe()
    what = (
        f"{here['cpu']}, {here['cores']} cores. A lasso path of {len(ALPHAS)} alphas to {ALPHAS[-1]:g} of the largest, "
        f"every gap at most {TOL:.0e}; dense float64, neighbours correlated 0.5, 50 columns carry the signal. "
        f"Median of {CALLS} calls; `make scaling`."
    )
    text = ["# Scaling", "", what]
    for size, points in series.items():
        text += [
            "",
            f"## Against {size}",
            "",
            "| rows | columns | threads | seconds | passes | kept |",
            "|---|---|---|---|---|---|",
        ]
        text += [
            f"| {x.rows:,} | {x.columns:,} | {x.threads} | {x.seconds:.3g} | {x.passes:.1f} | {x.kept} |"
            for x in points
        ]
        text += ["", *_slopes(points, size)]
    return "\n".join([*text, "", "![Time against rows and columns](scaling.svg)", ""])


def _slopes(points: list[Point], size: str) -> list[str]:
    counts = sorted({point.threads for point in points})
    return [
        f"On {count} thread{'s' if count > 1 else ''} seconds grow as {size} to the power "
        f"{slope([x for x in points if x.threads == count], size):.2f}.  "
        for count in counts
    ]


def plot(series: dict[str, list[Point]], path: Path) -> None:
    """Seconds against rows, and against columns; a line for each number of threads."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    with mpl.rc_context({"svg.hashsalt": "scaling"}):
        figure, panels = plt.subplots(1, 2, figsize=(9, 4), layout="constrained", sharey=True)
        for axes, (size, points) in zip(panels, series.items(), strict=True):
            for count in sorted({point.threads for point in points}):
                own = [point for point in points if point.threads == count]
                sizes = [getattr(point, size) for point in own]
                label = f"{count} thread{'s' if count > 1 else ''}, slope {slope(own, size):.2f}"
                axes.plot(sizes, [point.seconds for point in own], marker="o", label=label)
            other: Any = {"rows": f"{FIXED_COLUMNS:,} columns", "columns": f"{FIXED_ROWS:,} rows"}[size]
            axes.set(xscale="log", yscale="log", xlabel=size, title=other)
            axes.set_xticks(sizes, [f"{value:,}" for value in sizes])
            axes.minorticks_off()
            axes.grid(alpha=0.3)
            axes.legend(fontsize="small", loc="upper left")
        every = [point.seconds for points in series.values() for point in points]
        ticks = [c * 10.0**e for e in range(-3, 4) for c in (1, 2, 5) if min(every) / 2 < c * 10.0**e < 2 * max(every)]
        panels[0].set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        panels[0].minorticks_off()
        panels[0].set_ylabel("seconds for a path")
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
