"""Pictures of a path, from its records alone.

A line is coloured and named if its weight is among the largest, at the chosen α first; the rest are grey.  Colours are
Okabe and Ito's, which most colour-blind readers can tell apart, and line styles tell the rest.  Names are drawn as
text, never as mathematics.
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lozenge.explain.rules import chosen_by, scored, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.axes._secondary_axes import SecondaryAxis
    from matplotlib.figure import Figure

    from lozenge.results import CrossValidation, Floats, Path, Stability

__all__ = ["cv_curve", "path"]

SIZE = (6.3, 4.2)  # inches: the width of a page
NAMED = 10  # lines that have a name
LETTERS = 22  # of a name
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#000000",
)  # Okabe, Ito (2008); those that can be read as text
STYLES = ("-", (0, (5, 1.5)))
GREY, RULE = "#c4c4c4", "#4d4d4d"
TEXT, SMALL = 8.5, 7.5  # points
BEHIND = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}  # keeps lines out of a text


# ---------------------------------------------------------------------------------------------- the pictures
def path(record: Path, ax: Axes | None = None) -> Axes:
    """Draw the weights against α, in the units that the penalty sees, the sparse end on the left.

    Parameters
    ----------
    record : Path
    ax : matplotlib Axes, optional
        The names stand to the right of the axes, which give up the room for them.  Without it a figure is
        made, as wide as a page.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import numpy as np
    >>> import lozenge as lz
    >>> fit = lz.path(np.array([[0.0], [1.0], [2.0]]), [1.0, 3.0, 5.0], feature_names=["dose"])
    >>> ax = lz.plots.path(fit)
    >>> ax.get_ylabel()
    'weight per SD of the feature'
    >>> [text.get_text() for text in ax.texts if text.get_text() == "dose"]
    ['dose']
    """
    from matplotlib.collections import LineCollection

    ax = axes(ax)
    places = _along(record, record.alphas)
    rows = record.coefs.tocsr()
    unit = record.model.penalised_unit
    chosen, last = (np.abs(rows[:, [k]].toarray().ravel() * unit) for k in (record.chosen, -1))
    ranked = np.lexsort((-last, -chosen))[:NAMED]  # the largest where the model is read, then those at the end
    order = [int(j) for j in ranked if chosen[j] > 0 or last[j] > 0]

    def line(j: int) -> Floats:
        # Along zero every line would lie on every other: each begins where it leaves zero.
        values = rows[[j], :].toarray().ravel() * unit[j]
        on = values != 0
        near = on.copy()
        near[1:] |= on[:-1]
        near[:-1] |= on[1:]
        return np.where(near, values, np.nan)

    ever = np.flatnonzero(np.diff(rows.indptr))
    others = [np.column_stack([places.x, line(int(j))]) for j in ever if j not in order]
    marker = "o" if len(places.x) == 1 else None
    ax.axhline(0.0, color=RULE, linewidth=0.6, zorder=1)
    if others:
        ax.add_collection(LineCollection(others, colors=GREY, linewidths=0.7, zorder=1.5))
    ends = []
    for rank, j in enumerate(order):
        colour, style = COLOURS[rank % len(COLOURS)], STYLES[rank // len(COLOURS) % len(STYLES)]
        name = drawable(record.feature_names[j])
        values = line(j)
        (drawn,) = ax.plot(places.x, values, color=colour, linestyle=style, linewidth=1.4, marker=marker, zorder=2.5)
        drawn.set_label(name.replace("$", r"\$"))  # a legend would read mathematics into it
        ends.append(_End(name, float(values[-1]), colour))
    ax.autoscale_view()
    ax.set_ylabel("weight per SD of the feature" if record.model.standardize else "weight", fontsize=TEXT)
    kept = _kept(record)
    top = _alpha_axes(ax, places, kept, _counted(record))
    _mark(ax, places, float(record.axis[record.chosen]), told(chosen_by(record)).label, "--", 0)
    _room_on_top(ax, 1)
    if not ever.size:
        _note(ax, "no feature is in the model at any alpha here")
    _name_ends(ax, ends)
    _ticked(ax, top, places, kept)  # again, in the width that the names have left
    return ax


def cv_curve(record: Path, ax: Axes | None = None) -> Axes:
    """Draw the held-out mean deviance and its standard errors against α, both choices marked.

    Parameters
    ----------
    record : Path
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        Without a cross-validation.
    """
    cv: CrossValidation | None = record.cv
    if cv is None:
        raise ValueError("this path has no cross-validated curve to draw; fit with lozenge.path(..., cv=10)")
    ax = axes(ax)
    places = _along(record, cv.alphas)
    grid = places.x if record.by_size else cv.alphas
    fine = np.isfinite(cv.mean)
    se = np.where(np.isfinite(cv.se), cv.se, 0.0)
    ax.errorbar(
        places.x[fine],
        cv.mean[fine],
        yerr=se[fine],
        color=COLOURS[0],
        ecolor=GREY,
        elinewidth=0.8,
        capsize=1.5,
        marker="o",
        markersize=2.2,
        linewidth=0.8,
        label="mean of the folds, one standard error either way",
    )
    ax.set_ylabel(scored(record), fontsize=TEXT)
    at = dict(zip(record.axis.tolist(), _kept(record), strict=True))
    _alpha_axes(ax, places, [at[place] for place in grid.tolist() if place in at], _counted(record))
    best, within = float(grid[cv.index_min]), float(grid[cv.index_1se])
    if best == within:
        _mark(ax, places, best, f"{told('min').label} and {told('1se').label}", "--", 0)
        _room_on_top(ax, 1)
    else:
        _mark(ax, places, best, told("min").label, ":", 0)
        _mark(ax, places, within, told("1se").label, "--", 1)
        _room_on_top(ax, 2)
    return ax


def stability(record: Stability, ax: Axes | None = None) -> Axes:
    """Draw the share of halves of the rows that keep each feature, at α after α down to the one asked about.

    Parameters
    ----------
    record : Stability
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import numpy as np
    >>> import lozenge as lz
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]] * 5)
    >>> fit = lz.path(X, X @ [3.0, 0.5], alphas=[1.0], feature_names=["dose", "age"])
    >>> ax = fit.stability(10).plot()
    >>> [text.get_text() for text in ax.texts if text.get_text() == "dose"]
    ['dose']
    """
    from matplotlib.collections import LineCollection

    ax = axes(ax)
    places = _places(record.alphas)
    share = record.kept / record.halves
    named = [int(j) for j in record.stable[:NAMED]]
    ever = np.flatnonzero(share.any(axis=1))
    others = [np.column_stack([places.x, share[j]]) for j in ever if j not in named]
    marker = "o" if len(places.x) == 1 else None
    if others:
        ax.add_collection(LineCollection(others, colors=GREY, linewidths=0.7, zorder=1.5))
    ends = []
    for rank, j in enumerate(named):
        colour, style = COLOURS[rank % len(COLOURS)], STYLES[rank // len(COLOURS) % len(STYLES)]
        ax.plot(places.x, share[j], color=colour, linestyle=style, linewidth=1.4, marker=marker, zorder=2.5)
        ends.append(_End(drawable(record.feature_names[j]), float(share[j, -1]), colour))
    ax.set_ylim(-0.02, 1.03)
    ax.set_ylabel(f"share of {record.halves} halves that keep it", fontsize=TEXT)
    mean = record.kept.sum(axis=0) / record.halves
    kept = [round(each) for each in mean.tolist()]
    top = _alpha_axes(ax, places, kept, "features that a half keeps")
    ax.axhline(record.cutoff, color=RULE, linestyle="--", linewidth=0.9, zorder=2)
    ax.annotate(
        f"stable from {record.cutoff:.2g}",
        (0.0, record.cutoff),
        xycoords=("axes fraction", "data"),
        xytext=(4, 3),
        textcoords="offset points",
        fontsize=SMALL,
        color=RULE,
        bbox=BEHIND,
    )
    if not ever.size:
        _note(ax, "no half keeps a feature at any alpha here")
    _name_ends(ax, ends)
    _ticked(ax, top, places, kept)  # again, in the width that the names have left
    return ax


# ---------------------------------------------------------------------------------------------- the axes
class _Places(NamedTuple):
    """Where each α stands on a logarithmic axis; α = 0 stands beyond the smallest positive one.  Sizes stand evenly."""

    x: Floats
    zero: float | None
    by_size: bool = False


class _End(NamedTuple):
    name: str
    value: float
    colour: str


def _along(record: Path, alphas: Floats) -> _Places:
    return _Places(record.axis, None, by_size=True) if record.by_size else _places(alphas)


def _places(alphas: Floats) -> _Places:
    positive = alphas[alphas > 0]
    if not positive.size:
        return _Places(np.ones_like(alphas), 1.0)
    low, high = float(positive.min()), float(positive.max())
    if positive.size == alphas.size:
        return _Places(alphas, None)
    zero = low / max(1.5, (high / low) ** 0.08)
    return _Places(np.where(alphas > 0, alphas, zero), zero)


def axes(ax: Axes | None) -> Axes:
    """The axes given, or those of a new figure as wide as a page."""
    if ax is not None:
        return ax
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def _kept(record: Path) -> list[int]:
    return [int(kept) for kept in np.diff(record.coefs.indptr)]


def _counted(record: Path) -> str:
    """What is counted: with several outputs a feature has a weight for each."""
    return "weights kept" if record.model.outputs else "features kept"


def _alpha_axes(ax: Axes, places: _Places, kept: list[int], counted: str) -> SecondaryAxis:
    """Put α below, from large to small, or the sizes from small to large, and the number that is kept above."""
    low, high = float(places.x.min()), float(places.x.max())
    if places.by_size:
        ax.set_xlim(*((low, high) if high > low else (low - 1.0, high + 1.0)))
        ax.set_xlabel("features allowed", fontsize=TEXT)
    else:
        ax.set_xscale("log")
        ax.set_xlim(*((high, low) if high > low else (high * 2, low / 2)))
        ax.set_xlabel("alpha (log scale)", fontsize=TEXT)
    ax.spines[["top", "right"]].set_visible(False)
    top = ax.secondary_xaxis("top")
    top.set_xlabel(counted, fontsize=TEXT)
    for axis in (ax, top):
        axis.tick_params(labelsize=SMALL)
    _ticked(ax, top, places, kept)
    return top


def _ticked(ax: Axes, top: SecondaryAxis, places: _Places, kept: list[int]) -> None:
    from matplotlib.ticker import NullLocator

    most = max(2, int(_extent(ax).width / 42))
    low, high = float(places.x.min()), float(places.x.max())
    if places.by_size:
        ticks = places.x[:: -(-len(places.x) // most)].tolist()
        labels = [f"{tick:g}" for tick in ticks]
    elif places.zero is None:
        ticks = _ticks(low, high, most)
        labels = [f"{tick:g}" for tick in ticks]
    else:
        gap = (high / low) ** (0.7 / most)  # no label beside that of 0
        ticks = [tick for tick in _ticks(low, high, most) if tick > places.zero * gap]
        labels = [*(f"{tick:g}" for tick in ticks), "0"]
        ticks.append(places.zero)
    ax.set_xticks(ticks, labels=labels)
    if len(kept) == len(places.x):
        # Evenly on the axis, each at the nearest place of the grid.
        logs = places.x if places.by_size else np.log(places.x)
        picked = sorted({int(np.argmin(np.abs(logs - at))) for at in np.linspace(logs.max(), logs.min(), most)})
        top.set_xticks([float(places.x[k]) for k in picked], labels=[f"{kept[k]:,}" for k in picked])
    else:
        top.set_xticks([])
    for axis in (ax, top):
        axis.xaxis.set_minor_locator(NullLocator())


def _ticks(low: float, high: float, most: int) -> list[float]:
    """At most so many round numbers from low to high: powers of ten, finer where those are too few."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    for digits in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)):
        found = [float(f"{d * 10.0**k:.3g}") for k in range(first - 1, last + 1) for d in digits]
        found = [tick for tick in found if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]
        if len(found) >= min(3, most):
            return found[:: -(-len(found) // most)]
    return sorted({float(f"{tick:.3g}") for tick in (low, high)})


def _mark(ax: Axes, places: _Places, at: float, rule: str, style: Any, row: int) -> None:
    """Stand a line at a place, its name in a row of its own above the data, on the side that has more room."""
    x = at if at > 0 or places.by_size else float(places.zero or 1.0)
    left, right = ax.get_xlim()
    share = (x - left) / (right - left) if places.by_size else math.log(left / x) / math.log(left / right)
    ax.axvline(x, color=RULE, linestyle=style, linewidth=0.9, zorder=2)
    ax.annotate(
        f"{rule}: {'size' if places.by_size else 'alpha'} {at:.3g}",
        (x, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(4 if share < 0.5 else -4, -3 - row * (SMALL + 3)),
        textcoords="offset points",
        ha="left" if share < 0.5 else "right",
        va="top",
        fontsize=SMALL,
        color=RULE,
        bbox=BEHIND,
    )


def _note(ax: Axes, text: str) -> None:
    ax.text(0.5, 0.25, text, transform=ax.transAxes, ha="center", fontsize=TEXT, bbox=BEHIND)


def _room_on_top(ax: Axes, rows: int) -> None:
    share = min(rows * (SMALL + 4) / max(_extent(ax).height, 1.0), 0.4)
    low, high = ax.get_ylim()
    ax.set_ylim(low, low + (high - low) / (1 - share))


# ---------------------------------------------------------------------------------------------- names
def drawable(name: str, letters: int = LETTERS) -> str:
    """Give a name on one line and short, cut in the middle: names differ at their ends."""
    if len(name) > 4 * letters:
        name = name[: 2 * letters] + name[-2 * letters :]
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    if len(text) <= letters:
        return text
    half = (letters - 1) // 2
    return f"{text[: letters - 1 - half]}…{text[-half:]}"


class _Extent(NamedTuple):
    """Width and height in points."""

    width: float
    height: float


def _figure(ax: Axes) -> Figure:
    return ax.figure.figure  # the axes may stand in a part of a figure


def _extent(ax: Axes) -> _Extent:
    box, points = ax.get_window_extent(), 72 / _figure(ax).dpi
    return _Extent(box.width * points, box.height * points)


def _lay_out(ax: Axes) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        _figure(ax).draw_without_rendering()


def _name_ends(ax: Axes, ends: Sequence[_End]) -> None:
    """Write each name beside the end of its line, apart from its neighbours, joined by a short stroke."""
    from matplotlib.lines import Line2D

    if not ends:
        return
    written = [
        ax.annotate(
            end.name,
            (1.0, 0.5),
            xycoords="axes fraction",
            xytext=(14, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=end.colour,
            parse_math=False,
            annotation_clip=False,
        )
        for end in ends
    ]
    _lay_out(ax)
    figure = _figure(ax)
    if figure.get_layout_engine() is None:
        # The names take their room from the axes, as a colour bar does.
        over = max(text.get_window_extent().x1 for text in written) - ax.get_window_extent().x1
        box, width = ax.get_position(), over / figure.bbox.width
        ax.set_position((box.x0, box.y0, max(box.width - width, 0.3 * box.width), box.height))
        _lay_out(ax)
    extent = _extent(ax)
    line = 1.35 * SMALL / max(extent.height, 1.0)
    fit = max(int((1 + line) / line), 1)
    for text in written[fit:]:
        text.remove()
    low, high = ax.get_ylim()
    shown = list(zip(ends, written, strict=False))[:fit]
    at = _apart(np.array([(end.value - low) / (high - low) for end, _ in shown]), line)
    for (end, text), y in zip(shown, at, strict=True):
        text.xy = (1.0, float(y))
        start = (end.value - low) / (high - low)
        stroke = Line2D([1.0, 1.0 + 12 / extent.width], [start, float(y)], transform=ax.transAxes, clip_on=False)
        stroke.set(color=end.colour, linewidth=0.6, label="_")  # no line of its own in a legend
        ax.add_artist(stroke)


def _apart(wanted: Floats, gap: float) -> Floats:
    """Nearest places to those wanted, in least squares, at least ``gap`` apart and within [0, 1]."""
    from scipy.optimize import isotonic_regression

    order = np.argsort(wanted, kind="stable")
    steps = gap * np.arange(len(wanted))
    # Less the steps, "at least a gap apart" is "does not fall".
    placed = np.clip(isotonic_regression(wanted[order] - steps).x, 0.0, max(1.0 - steps[-1], 0.0)) + steps
    found: Floats = np.empty(len(wanted))
    found[order] = placed
    return found
