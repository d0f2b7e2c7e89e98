"""Pictures of lessons, from their arrays alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge.plots.curves import BEHIND, COLOURS, GREY, RULE, SMALL, STYLES, TEXT, axes, drawable

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from lozenge.results import Lesson

MOST = 12  # rows of a bar chart
LEVELS = 9  # contours of a loss


def lesson(record: Lesson, ax: Axes | None = None) -> Axes:
    """Draw a lesson's argument.

    Parameters
    ----------
    record : Lesson
    ax : matplotlib Axes, optional
        Without it a figure is made, as wide as a page.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import lozenge as lz
    >>> lz.plots.lesson(lz.lessons.step_cost()).get_ylabel()
    'saved by the step'
    """
    ax = axes(ax)
    DRAWN[record.name](record, ax)
    ax.set_title(record.claim, fontsize=TEXT, loc="left", wrap=True)
    ax.tick_params(labelsize=SMALL)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _look(k: int) -> dict[str, Any]:
    return {"color": COLOURS[k % len(COLOURS)], "linestyle": STYLES[k // len(COLOURS) % len(STYLES)]}


def _labels(ax: Axes, x: str, y: str) -> None:
    ax.set_xlabel(x, fontsize=TEXT)
    ax.set_ylabel(y, fontsize=TEXT)


def _legend(ax: Axes, **options: Any) -> None:
    ax.legend(fontsize=SMALL, frameon=False, **options)


def _penalties(record: Lesson, ax: Axes) -> None:
    w = record.arrays["w"]
    names = [key.removeprefix("slope ") for key in record.arrays if key.startswith("slope ")]
    for k, name in enumerate(names):
        slope = record.arrays[f"slope {name}"]
        positive = w > 0
        ax.plot(w[positive], slope[positive], linewidth=1.3, label=name, **_look(k))
    ax.axvline(0.0, color=RULE, linewidth=0.6)
    ax.set_xlim(0.0, float(w[-1]))
    ax.set_ylim(-0.05, min(2.5, 1.1 * float(w[-1]) + 1.0))
    _labels(ax, "size of the weight", "slope of the penalty, at alpha 1")
    _legend(ax, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _steps(record: Lesson, ax: Axes) -> None:
    rows = np.arange(len(record.rows))
    for k, name in enumerate(("L1", "L2")):
        bars = ax.bar(rows + 0.38 * (k - 0.5), record.arrays[name], 0.34, color=COLOURS[k], label=name)
        ax.bar_label(bars, fmt="%.3g", fontsize=SMALL, padding=2)
    ax.set_yscale("log")
    ax.margins(y=0.25)
    sizes = next(iter(record.arrays.values()))
    ax.set_xticks(rows, labels=[f"{drawable(str(row[0]))}: {x:.3g}" for row, x in zip(record.rows, sizes, strict=True)])
    _labels(ax, "weight", "saved by the step")
    _legend(ax)


def _descent(record: Lesson, ax: Axes) -> None:
    for k, (name, w) in enumerate(record.arrays.items()):
        ax.plot(w, linewidth=1.1, marker=".", markersize=3, label=drawable(name, 48), **_look(k))
    ax.axhline(0.0, color=RULE, linewidth=0.6)
    _labels(ax, "updates", "weight")
    _legend(ax)


def _early(record: Lesson, ax: Axes) -> None:
    rows = record.rows[:MOST][::-1]
    arrival = record.arrays["arrival"][:MOST][::-1]
    top = 1.15 * float(np.nanmax(arrival)) if np.isfinite(arrival).any() else 1.0
    places = np.arange(len(rows))
    gone = np.isfinite(arrival)
    ax.barh(places[gone], arrival[gone], color=COLOURS[0], height=0.6)
    ax.barh(places[~gone], top, color=GREY, height=0.6)
    for y in places[~gone]:
        ax.text(0.02 * top, y, "never", va="center", fontsize=SMALL)
    names = [drawable(str(row[0])) for row in rows]
    sizes = [f"{row[1]:.3g}" for row in rows]
    ax.set_yticks(places, labels=[f"{n} ({s})" if n != s else n for n, s in zip(names, sizes, strict=True)])
    ax.set_xlim(0, top)
    _labels(ax, "steps until the weight is exactly zero under L1", "feature (weight at the start)")


def _corner(record: Lesson, ax: Axes) -> None:
    a = record.arrays
    axis = a["axis"]
    loss = a["loss"].reshape(len(axis), len(axis)).T
    levels = np.quantile(loss, np.linspace(0.02, 0.9, LEVELS))
    ax.contour(axis, axis, loss, levels=np.unique(levels), colors=GREY, linewidths=0.8)
    names = [key.removeprefix("ball ") for key in a if key.startswith("ball ")]
    for k, name in enumerate(names):
        # The last ones are drawn over the first: dashed and small, so that both are seen where they are the same.
        style = _look(k) | {"linestyle": STYLES[k * 2 // len(names)]}
        ax.plot(*a[f"ball {name}"], linewidth=1.3, label=name, **style)
        ax.plot(*a[f"touch {name}"], marker="o", markersize=9 - 1.4 * k, color=COLOURS[k % len(COLOURS)])
    ax.plot(*a["c"], marker="+", markersize=9, color=RULE)
    ax.annotate(
        "unconstrained",
        (float(a["c"][0]), float(a["c"][1])),
        xytext=(5, 5),
        textcoords="offset points",
        fontsize=SMALL,
        bbox=BEHIND,
    )
    ax.axhline(0.0, color=RULE, linewidth=0.6)
    ax.axvline(0.0, color=RULE, linewidth=0.6)
    ax.set_aspect("equal")
    _labels(ax, f"weight of {drawable(record.columns[1])}", f"weight of {drawable(record.columns[2])}")
    _legend(ax, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _how_often(record: Lesson, ax: Axes) -> None:
    a = record.arrays
    names = [key.removeprefix("share ") for key in a if key.startswith("share ")]
    for k, name in enumerate(names):
        style = _look(k) | {"linestyle": STYLES[k % len(STYLES)]}
        ax.errorbar(
            a["radius"],
            100 * a[f"share {name}"],
            200 * a[f"error {name}"],
            marker="o",
            markersize=3,
            label=name,
            **style,
        )
    ax.set_xscale("log")
    ax.invert_xaxis()
    ax.set_ylim(-4, 104)
    _labels(ax, "radius, as a share of that of the unconstrained estimate (log scale)", "exact zeros, % of the draws")
    _legend(ax)


def _intervals(record: Lesson, ax: Axes) -> None:
    high = record.arrays["high"][::-1]
    places = np.arange(len(high))
    ax.barh(places, 2 * high, left=-high, color=COLOURS[0], height=0.5)
    ax.plot(np.zeros_like(high), places, "|", color=RULE, markersize=8)
    ax.set_xlim(-1.1 * float(high.max()), 1.1 * float(high.max()))
    ax.set_yticks(places, labels=[str(row[0]) for row in record.rows[::-1]])
    _labels(ax, "pulls that leave the weight exactly zero, in the units of alpha", "penalty")


def _priors(record: Lesson, ax: Axes) -> None:
    a = record.arrays
    if "b" not in a:
        return _beside(ax, a["fit"], a["mode"], "penalised fit", "posterior mode")
    for k, name in enumerate(("Laplace", "normal")):
        density, mode = a[f"density {name}"], float(a[f"mode {name}"][0])
        shown = density > 1e-3 * density.max()
        ax.plot(a["b"][shown], density[shown], linewidth=1.3, label=f"{name} prior: mode {mode:.3g}", **_look(k))
        ax.axvline(mode, linewidth=0.8, color=COLOURS[k], linestyle=":")
    _labels(ax, "weight", "posterior density")
    _legend(ax)
    return None


def _unpenalised(record: Lesson, ax: Axes) -> None:
    a = record.arrays
    order = np.argsort(a["alpha"])
    places = np.arange(len(order))
    ax.bar(places, a["kept"][order], color=COLOURS[0], width=0.6)
    for x, explained, kept in zip(places, a["explained"][order], a["kept"][order], strict=True):
        ax.annotate(
            f"{100 * explained:.0f} %",
            (x, kept),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            fontsize=SMALL,
        )
    ax.margins(y=0.12)
    ax.set_xticks(places, labels=[f"{alpha:.3g}" for alpha in a["alpha"][order]])
    _labels(ax, "alpha", "features kept (above: deviance explained)")


def _correlated(record: Lesson, ax: Axes) -> None:
    a, places = record.arrays, np.arange(len(record.rows))[::-1]
    for k, (name, label) in enumerate((("l1", "L1"), ("net", "elastic net, same deviance"))):
        for half, (text, shade) in enumerate((("", 1.0), (", the double", 0.45))):
            y = places + 0.36 - 0.24 * (2 * k + half)
            ax.barh(y, a[name][:, half], 0.2, color=COLOURS[k], alpha=shade, label=label + text)
    ax.axvline(0.0, color=RULE, linewidth=0.6)
    ax.set_yticks(
        places, labels=[f"{drawable(str(row[0]))} /\n{drawable(str(row[1]))} ({row[2]:.3f})" for row in record.rows]
    )
    _labels(ax, "weight, per SD where the fit standardised", "pair (correlation)")
    _legend(ax)


def _beside(ax: Axes, x: Any, y: Any, across: str, up: str) -> None:
    ends = np.array([min(x.min(), y.min(), 0.0), max(x.max(), y.max(), 0.0)])
    ends += 0.05 * (ends[1] - ends[0] or 1.0) * np.array([-1.0, 1.0])
    ax.plot(ends, ends, color=GREY, linewidth=0.8)
    ax.plot(x, y, "o", color=COLOURS[0], markersize=4)
    _labels(ax, across, up)


DRAWN: dict[str, Callable[[Lesson, Axes], None]] = {
    "penalties": _penalties,
    "step-cost": _steps,
    "norms": _steps,
    "descent": _descent,
    "early-zeros": _early,
    "corner": _corner,
    "how-often": _how_often,
    "corners-only": _intervals,
    "priors": _priors,
    "unpenalised": _unpenalised,
    "correlated": _correlated,
}
