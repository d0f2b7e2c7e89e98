"""Table, JSON and plots from the results."""

from __future__ import annotations

import json
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import machine, peers
from benchmarks.concave import SLACK, compared
from benchmarks.losses import POWER
from benchmarks.peers.base import THREADS
from benchmarks.problems import PROBLEMS, SMALL, Problem
from benchmarks.store import accuracy, identity

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.environments import Environment

GAPS = (1e-3, 1e-6, 1e-9)
OURS = "lozenge"
LEGEND = (
    "Seconds until every answer of the path (and of every fold's path) has a relative duality gap of at most 1e-3, "
    "1e-6, 1e-9, measured by `benchmarks/gap.py`, `norms.py` and `losses.py`, which belong to no solver: the median of "
    "the runs at the fastest tolerance that reached it; a run that took over three times as long as another "
    "contestant's to as small a gap is made once. A second call in the same process counts where there is one, and the "
    "first call is shown beside it. Gap, first call, non-zeros (at the last alpha), peak memory beyond X (imports and "
    "compilation included) and passes over X (where the contestant counts them) belong to the most accurate answer. No "
    "standardisation, and an intercept where it is said: all solve the same problem."
)
CONCAVE = (
    "Under a concave penalty an answer has no gap. In its place stands the largest violation of the conditions of a "
    "stationary point, over all coefficients and alphas, divided by alpha (`benchmarks/concave.py`). Stationary points "
    "differ in their objective, so the most accurate answers are compared at each alpha: ours is called at most theirs "
    f"where it exceeds theirs by no more than {SLACK:.0e} of the null loss. Exceptions name the alpha, 0 the largest."
)
MEASURES = {"gap": "relative duality gap", "violation": "violation over alpha"}


def write(lines: list[dict[str, Any]], contestants: list[Environment], folder: Path) -> None:
    """benchmarks.json, benchmarks.md and a plot a problem under `folder`."""
    summary = summarise(lines, contestants)
    (folder / "benchmarks").mkdir(parents=True, exist_ok=True)
    (folder / "benchmarks.json").write_text(json.dumps(summary, indent=1) + "\n")
    (folder / "benchmarks.md").write_text(table(summary, plots=True))
    for name, found in summary["problems"].items():
        if any(row["points"] for row in found["contestants"].values()):
            plot(name, found, folder / "benchmarks" / f"{name}.svg")


def summarise(lines: list[dict[str, Any]], contestants: list[Environment]) -> dict[str, Any]:
    """Everything the table and the plots show, of these versions on this machine."""
    here = machine.describe()
    found: dict[str, Any] = {}
    for name, problem in (PROBLEMS | SMALL).items():
        rows, objectives = {}, {}
        reference = _reference([line for line in lines if line.get("definition") == problem.key])
        for contestant in contestants:
            if contestant.peer not in peers.FILES[problem.kind]:
                continue
            wanted = identity(problem, contestant, str(here["cpu"]))
            own = [line for line in lines if all(line.get(key) == value for key, value in wanted.items())]
            if own:
                rows[contestant.peer] = _contestant(own, reference, problem.measure)
                objectives |= _objectives(contestant.peer, own)
        if rows:
            found[name] = {
                "form": describe(problem),
                "measure": problem.measure,
                "contestants": rows,
                "ratios": _ratios(rows, problem.measure),
                "objectives": _versus(objectives),
            }
    return {
        "machine": here,
        "threads": THREADS,
        "versions": {c.peer: c.version or c.trouble for c in contestants},
        "problems": found,
    }


PENALTIES = {
    "mcp": "MCP with γ = {:g}",
    "scad": "SCAD with γ = {:g}",
    "group": "group lasso, {:g} neighbouring columns a group, weight the root of their number",
    "slope": "SLOPE with the Benjamini-Hochberg sequence of q = {:g} over its first entry",
    "rows": "{:g} times the norm of each column's coefficients for all classes together",
}
MODELS = {
    "poisson": "Poisson regression",
    "gamma": "gamma regression, log link",
    "tweedie": f"Tweedie regression of power {POWER:g}, log link",
    "multinomial": "multinomial regression, {} classes",
    "cox": "Cox's partial likelihood, ties by Breslow",
}


def describe(problem: Problem) -> str:
    """One problem in a line."""
    design = problem.design
    kind = "lasso" if problem.l1_ratio == 1 else f"elastic net, l1_ratio {problem.l1_ratio}"
    kind = "l1 logistic regression" if problem.loss == "logistic" else kind
    kind = kind if problem.penalty is None else PENALTIES[problem.penalty.name].format(problem.penalty.parameter)
    if problem.loss in MODELS:
        model = MODELS[problem.loss].format(design.classes)
        kind = f"{model}{', intercept' if problem.intercept else ''}, {kind.replace('lasso', 'l1')}"
    columns = "sparse text counts" if problem.sparse else f"neighbouring columns correlated {design.rho}"
    if design.levels:
        columns = f"{design.p - sum(design.levels)} numbers, {columns}, and {sum(design.levels)} columns of 0 and 1"
    grid = f"{problem.n_alphas} alphas to {problem.alpha_min_ratio:g} of the largest"
    grid = f"one alpha, {problem.alpha_min_ratio:g} of the largest" if problem.n_alphas == 1 else grid
    folds = f", {problem.folds}-fold cross-validation" if problem.folds else ""
    return f"{kind}, {design.n:,} x {design.p:,}, {columns}, {grid}{folds}"


def _reference(lines: list[dict[str, Any]]) -> np.ndarray | None:
    """Held-out errors of the folds' paths with the smallest gap that any contestant gave."""
    exact = [line for line in lines if line.get("folds_checked")]
    return np.array(min(exact, key=lambda line: line["gap"])["curve"]) if exact else None


def _curve_error(line: dict[str, Any], reference: np.ndarray | None) -> float | None:
    """Largest difference of a held-out mean squared error, in units of y's, which is 1."""
    if reference is None or "curve" not in line:
        return None
    return float(np.abs(np.array(line["curve"]) - reference).max())


def _reached(point: dict[str, Any], wanted: float) -> bool:
    """Whether a point is an answer to a gap or violation; without the folds' coefficients, their errors must agree.

    A gap of g allows fitted values, and so errors, to differ by √g.
    """
    if accuracy(point) > wanted:
        return False
    if point["folds_checked"] is not False:
        return True
    return point["curve_error"] is not None and point["curve_error"] <= wanted**0.5


def _objectives(peer: str, own: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """The objectives of the most accurate answers, where they are kept."""
    kept = [line for line in own if "objectives" in line]
    return {peer: np.array(min(kept, key=accuracy)["objectives"])} if kept else {}


def _versus(objectives: dict[str, np.ndarray]) -> dict[str, Any]:
    """Our objectives against each peer's."""
    if OURS not in objectives:
        return {}
    ours = objectives[OURS]
    return {peer: compared(ours, theirs) for peer, theirs in objectives.items() if peer != OURS}


def _contestant(own: list[dict[str, Any]], reference: np.ndarray | None, measure: str) -> dict[str, Any]:
    done = [line for line in own if line["status"] == "ok"]
    points = []
    for tol in sorted({line["tol"] for line in done}, reverse=True):
        same = [line for line in done if line["tol"] == tol]
        points.append(
            {
                "tol": tol,
                measure: max(accuracy(line) for line in same),
                "seconds": median(line["seconds"] for line in same),
                "first_seconds": median(line["first_seconds"] for line in same),
                "peak_mb": _peak_mb(same),
                "passes": same[-1]["passes"],
                "nonzeros": same[-1]["nonzeros"],
                "folds_checked": same[-1].get("folds_checked"),
                "curve_error": _curve_error(same[-1], reference),
                "runs": len(same),
            }
        )
    # A limit reached counts until the same tolerance is answered within a longer one.
    slow = [x for x in own if x["status"] == "slow" and not any(p["tol"] == x["tol"] for p in points)]
    notes = dict.fromkeys(line["note"] for line in own if line["status"] in {"failed", "refused", "missing"})
    skipped = [
        f"{x['tol']:.0e}" for x in own if x["status"] == "skipped" and not any(p["tol"] == x["tol"] for p in points)
    ]
    if slow:
        stopped = dict.fromkeys(f"{line['tol']:.0e}" for line in slow)
        notes[f"stopped: tol {', '.join(stopped)}"] = None
    if skipped:
        notes[f"not tried after a longer run: tol {', '.join(dict.fromkeys(skipped))}"] = None
    times = {}
    for wanted in GAPS:
        reached = [point for point in points if _reached(point, wanted)]
        times[f"{wanted:.0e}"] = min((point["seconds"] for point in reached), default=None)
    return {
        f"seconds_to_{measure}": times,
        "points": points,
        "limit": max((line["limit"] for line in slow), default=None),
        "notes": list(notes),
    }


def _peak_mb(same: list[dict[str, Any]]) -> int | None:
    """Median peak; a run whose peak was not obtained says 0."""
    peaks = [line["peak_bytes"] for line in same if line["peak_bytes"] > 0]
    return round(median(peaks) / 2**20) if peaks else None


def _ratios(rows: dict[str, Any], measure: str) -> dict[str, Any]:
    """Seconds of the fastest peer that reached the gap or violation over ours."""
    ratios: dict[str, Any] = {}
    for wanted in (f"{g:.0e}" for g in GAPS):
        rivals = {name: row[f"seconds_to_{measure}"][wanted] for name, row in rows.items() if name != OURS}
        rivals = {name: seconds for name, seconds in rivals.items() if seconds is not None}
        fastest = min(rivals, key=lambda name: rivals[name], default=None)
        ours = rows[OURS][f"seconds_to_{measure}"][wanted] if OURS in rows else None
        ratio = rivals[fastest] / ours if ours and fastest else None
        ratios[wanted] = {"fastest_peer": fastest, "ratio": ratio}
    return ratios


def table(summary: dict[str, Any], *, plots: bool = False) -> str:
    """Markdown."""
    here = summary["machine"]
    where = f"{here['cpu']}, {here['cores']} cores, {here['memory_gb']} GB, {here['system']}"
    text = [
        "# Benchmarks",
        "",
        f"{where}; {summary['threads']} threads for every contestant; {_effort(summary)}.",
        "",
        LEGEND,
        "",
        "| contestant | version |",
        "|---|---|",
        *(f"| {name} | {version} |" for name, version in summary["versions"].items()),
    ]
    for measure in MEASURES:
        chosen = {name: found for name, found in summary["problems"].items() if found["measure"] == measure}
        text += _faster(measure, chosen)
    for name, found in summary["problems"].items():
        measure = found["measure"]
        text += [
            "",
            f"## {name}",
            "",
            found["form"] + ".",
            "",
            f"| contestant | 1e-3 | 1e-6 | 1e-9 | best {measure} | first call | non-zeros | peak MB | passes | |",
            "|---|---|---|---|---|---|---|---|---|---|",
            *(_row(peer, row, measure) for peer, row in found["contestants"].items()),
            *_objective_rows(found["objectives"]),
        ]
        if plots:
            text += ["", f"![Time against {measure}](benchmarks/{name}.svg)"]
    return "\n".join(text) + "\n"


def _faster(measure: str, chosen: dict[str, Any]) -> list[str]:
    """The table of ratios of the problems with one measure."""
    if not chosen:
        return []
    text = ["", *([CONCAVE, ""] if measure == "violation" else [])]
    text += [
        f"How many times faster than the fastest peer that reached the {measure}:",
        "",
        "| problem | 1e-3 | 1e-6 | 1e-9 |",
        "|---|---|---|---|",
    ]
    for name, found in chosen.items():
        cells = [_ratio(found["ratios"][f"{g:.0e}"]) for g in GAPS]
        text.append(f"| {name} | {' | '.join(cells)} |")
    return text


def _objective_rows(versus: dict[str, Any]) -> list[str]:
    """The table of objectives; exceptions are the alphas, numbered from 0, at which ours is higher, and by how much."""
    if not versus:
        return []
    text = [
        "",
        "| our objective against | at most theirs | lower | lower by up to | exceptions |",
        "|---|---|---|---|---|",
    ]
    for peer, found in versus.items():
        worse = zip(found["higher_at"], found["higher_by"], strict=True)
        exceptions = ", ".join(f"alpha {k}: +{by:.0e}" for k, by in worse) or "none"
        at_most = f"{found['at_most']} of {found['alphas']}"
        text.append(f"| {peer} | {at_most} | {found['lower']} | {found['lower_by']:.0e} | {exceptions} |")
    return text


def _effort(summary: dict[str, Any]) -> str:
    """How often each was run, and when it was stopped."""
    rows = [row for found in summary["problems"].values() for row in found["contestants"].values()]
    runs = max((point["runs"] for row in rows for point in row["points"]), default=0)
    limits = {f"{row['limit']:.0f} s" for row in rows if row["limit"]}
    stopped = f", calls stopped at {', '.join(sorted(limits))}" if limits else ""
    return f"up to {runs} runs of each that may be the fastest{stopped}"


def _ratio(entry: dict[str, Any]) -> str:
    if entry["ratio"] is not None:
        return f"{entry['ratio']:.2g} ({entry['fastest_peer']})"
    return f"- ({entry['fastest_peer']})" if entry["fastest_peer"] else "-"


def _row(peer: str, row: dict[str, Any], measure: str) -> str:
    beyond = f"> {row['limit']:.0f}" if row["limit"] else "-"
    cells = [_seconds(seconds, beyond) for seconds in row[f"seconds_to_{measure}"].values()]
    notes = "; ".join(row["notes"] + _folds(row["points"]))
    if not row["points"]:
        return f"| {peer} | {' | '.join(cells)} | | | | | | {notes} |"
    best = min(row["points"], key=accuracy)
    passes = "-" if best["passes"] is None else f"{best['passes']:.0f}"
    cells += [
        f"{accuracy(best):.0e}",
        _seconds(best["first_seconds"], "-"),
        str(best["nonzeros"]),
        "-" if best["peak_mb"] is None else str(best["peak_mb"]),
        passes,
    ]
    return f"| {peer} | {' | '.join(cells)} | {notes} |"


def _folds(points: list[dict[str, Any]]) -> list[str]:
    """What was checked of a cross-validation."""
    best = min(points, key=accuracy, default=None)
    if best is None or best["folds_checked"] is None:
        return []
    error = "unknown" if best["curve_error"] is None else f"{best['curve_error']:.0e}"
    checked = "every fold's path" if best["folds_checked"] else "the fit on all rows"
    return [f"gap of {checked}; held-out errors off by {error}"]


def _seconds(seconds: float | None, otherwise: str) -> str:
    return otherwise if seconds is None else f"{seconds:.3g}"


def plot(name: str, found: dict[str, Any], path: Path) -> None:
    """Time against gap or violation, both logarithmic, a line a contestant."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import FormatStrFormatter, LogLocator, NullLocator

    # The same results give the same bytes.
    with mpl.rc_context({"svg.hashsalt": name}):
        figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
        for number, (peer, row) in enumerate(found["contestants"].items()):
            points = sorted((accuracy(point), point["seconds"]) for point in row["points"])
            if points:
                gaps, seconds = zip(*points, strict=True)
                style = {"linewidth": 2.5, "color": "black", "zorder": 3} if peer == OURS else {"color": f"C{number}"}
                axes.plot(seconds, gaps, marker="o", label=peer, **style)
        axes.set(
            xscale="log", yscale="log", xlabel="seconds", ylabel=f"largest {MEASURES[found['measure']]}", title=name
        )
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)
