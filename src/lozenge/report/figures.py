"""Pictures of a path as SVG, drawn by hand: no library, no script, a title on every line."""

from __future__ import annotations

import math
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from markupsafe import Markup

from lozenge.explain.rules import folds, is_score, scored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lozenge.results import Floats, Path

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 84, 150, 34, 46  # margins, the right one for names
LINE = 14  # height of a name
NAMED = 24  # lines with a name: as many as stand apart beside the picture
GREY_LINES = 1_000  # further lines, in one grey stroke
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#7a5c00")
DASHES = ("", "6 2", "2 2")


class Frame(NamedTuple):
    """Where data stand in the picture: α from large to small on a logarithmic axis, values upwards.

    Sizes stand evenly, from small to large.
    """

    alphas: Floats
    low: float
    high: float
    right: int
    by_size: bool = False

    @property
    def axis(self) -> str:
        """What α is called, or what stands in its place."""
        return "size" if self.by_size else "alpha"

    @property
    def across(self) -> str:
        """The words below the axis."""
        return "features allowed" if self.by_size else "alpha (log scale), the sparse end on the left"

    def x(self, alpha: Floats) -> Floats:
        """Pixels from the left; α = 0 stands at the right edge."""
        if self.by_size:
            first, last = self.alphas[0], self.alphas[-1]
            along: Floats = LEFT + (WIDTH - LEFT - self.right) * (alpha - first) / max(last - first, 1.0)
            return along
        positive = self.alphas[self.alphas > 0]
        ends = np.log(positive.max()), np.log(positive.min()) - (0.15 if positive.size < self.alphas.size else 0.0)
        width = WIDTH - LEFT - self.right
        logs = np.where(alpha > 0, np.log(np.where(alpha > 0, alpha, 1.0)), ends[1])
        across: Floats = LEFT + width * (ends[0] - logs) / max(ends[0] - ends[1], 1e-12)
        return across

    def y(self, value: Floats) -> Floats:
        """Pixels from the top."""
        tall = HEIGHT - TOP - BOTTOM
        down: Floats = TOP + tall * (self.high - value) / (self.high - self.low)
        return down


def style() -> Markup:
    """The rules that every figure is drawn by, which ask for the colours --ink, --soft, --line, --back and --bar."""
    return Markup((files("lozenge.report") / "figure.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file


def path_figure(path: Path, ids: dict[int, str]) -> Markup:
    """Weights per standard deviation along the path; lines that have an id lead to it.

    Parameters
    ----------
    ids : of the features that the page tells the reason of, by index
    """
    rows, sd = path.coefs.tocsr(), path.model.scale
    chosen = np.abs(rows[:, [path.chosen]].toarray().ravel() * sd)
    last = np.abs(rows[:, [-1]].toarray().ravel() * sd)
    ever = np.flatnonzero(np.diff(rows.indptr))
    order = ever[np.lexsort((-last[ever], -chosen[ever]))]
    named, others = order[:NAMED], order[NAMED : NAMED + GREY_LINES]
    values = {int(j): rows[[j], :].toarray().ravel() * sd[j] for j in order[: NAMED + GREY_LINES]}
    everything = np.concatenate([np.zeros(1), *values.values()])
    low, high = _room(float(everything.min()), float(everything.max()))
    frame = Frame(path.axis, low, high, RIGHT, path.by_size)
    parts = [_axes(frame, "weight per SD"), _counts(frame, path)]
    if len(others):
        strokes = " ".join(_stroke(frame, path.axis, values[int(j)]) for j in others)
        parts.append(Markup('<path class="grey" d="{}"/>').format(strokes))
    parts.append(_mark(frame, float(path.axis[path.chosen]), "chosen"))
    ends = [float(frame.y(values[int(j)][-1:])[0]) for j in named]
    for rank, (j, at) in enumerate(zip(named, _apart(ends), strict=True)):
        parts.append(_line(frame, path, int(j), values[int(j)], rank, at, ids.get(int(j))))
    kept = int(path.df[path.chosen])
    what = f"{len(ever)} weights" if path.model.outputs else f"Weights of {len(ever)} features"
    words = f"{what} along {len(path.axis)} {frame.axis}s; {kept} are kept at the chosen one."
    return _svg(words, parts)


def cv_figure(path: Path) -> Markup:
    """The held-out deviance with its standard errors, the best score and the chosen α marked."""
    cv = path.cv
    if cv is None:
        return Markup("")
    fine = np.isfinite(cv.mean) & np.isfinite(cv.se)
    grid = path.axis if path.by_size else cv.alphas
    alphas, mean, se = grid[fine], cv.mean[fine], cv.se[fine]
    if not len(alphas):
        return Markup("")
    low, high = _room(float((mean - se).min()), float((mean + se).max()))
    frame = Frame(grid, low, high, 24, path.by_size)
    x, y = frame.x(alphas), frame.y(mean)
    bars = " ".join(
        f"M{a:.1f} {b:.1f}V{c:.1f}" for a, b, c in zip(x, frame.y(mean - se), frame.y(mean + se), strict=True)
    )
    dots = " ".join(f"M{a - 2:.1f} {b:.1f}h4" for a, b in zip(x, y, strict=True))
    parts = [
        Markup('<path class="grey" d="{}"/>').format(bars),
        _axes(frame, scored(path)),
        Markup('<path class="dots" d="{}"/>').format(dots),
        Markup('<path class="curve" d="{}"/>').format(_stroke(frame, alphas, mean)),
        _mark(frame, float(grid[cv.index_min]), "best score", row=1),
        _mark(frame, float(path.axis[path.chosen]), "chosen"),
    ]
    best = f"{cv.mean[cv.index_min]:.4g} at {frame.axis} {grid[cv.index_min]:.4g}"
    words = f"{scored(path)}, over {folds(path)}; {'highest' if is_score(path) else 'lowest'} {best}."
    return _svg(words[:1].upper() + words[1:], parts)


def _svg(words: str, parts: Sequence[Markup]) -> Markup:
    head = Markup('<svg class="lozenge-figure" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
        WIDTH, HEIGHT, words
    )
    return head + Markup("").join(parts) + Markup("</svg>")


def _room(low: float, high: float) -> tuple[float, float]:
    size = high - low if high > low else max(abs(high), 1.0)
    return low - 0.04 * size, high + 0.08 * size


def _axes(frame: Frame, up: str) -> Markup:
    bottom, right = HEIGHT - BOTTOM, WIDTH - frame.right
    parts = [Markup('<path class="axis" d="M{} {}V{}H{}"/>').format(LEFT, TOP, bottom, right)]
    for alpha in _sizes(frame.alphas) if frame.by_size else _decades(frame.alphas):
        x = float(frame.x(np.array([alpha]))[0])
        parts.append(
            Markup('<path class="axis" d="M{x} {y}v5"/><text x="{x}" y="{t}" text-anchor="middle">{a}</text>').format(
                x=f"{x:.1f}", y=bottom, t=bottom + 18, a=f"{alpha:g}"
            )
        )
    for value in _round(frame.low, frame.high):
        y = float(frame.y(np.array([value]))[0])
        parts.append(
            Markup('<path class="rule{z}" d="M{l} {y}H{r}"/><text x="{t}" y="{u}" text-anchor="end">{v}</text>').format(
                z=" zero" if value == 0 else "",
                l=LEFT,
                r=right,
                t=LEFT - 8,
                y=f"{y:.1f}",
                u=f"{y + 4:.1f}",
                v=f"{value:g}",
            )
        )
    middle = (LEFT + right) / 2
    parts.append(
        Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(middle, HEIGHT - 8, frame.across)
        + Markup('<text transform="translate(14 {}) rotate(-90)" text-anchor="middle">{}</text>').format(
            (TOP + bottom) / 2, up
        )
    )
    return Markup("").join(parts)


def _counts(frame: Frame, path: Path) -> Markup:
    """Kept features above the picture, at five places."""
    places = np.unique(np.linspace(0, len(path.alphas) - 1, 5).round().astype(int))
    texts = [
        Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
            f"{float(frame.x(path.axis[[k]])[0]):.1f}", TOP - 8, f"{path.df[k]:,}"
        )
        for k in places
    ]
    what = "weights kept" if path.model.outputs else "features kept"
    label = Markup('<text x="{}" y="{}">{}</text>').format(WIDTH - RIGHT + 18, TOP - 8, what)
    return Markup("").join([*texts, label])


def _mark(frame: Frame, alpha: float, word: str, row: int = 0) -> Markup:
    x = float(frame.x(np.array([alpha]))[0])
    left = x > (LEFT + WIDTH - frame.right) / 2
    return Markup(
        '<path class="mark" d="M{x} {a}V{b}"/><text class="on" x="{t}" y="{y}" text-anchor="{s}">{w}: {n} {v}</text>'
    ).format(
        x=f"{x:.1f}",
        a=TOP + LINE * row,  # below the words of the rows above
        b=HEIGHT - BOTTOM,
        t=f"{x - 5 if left else x + 5:.1f}",
        y=TOP + 12 + LINE * row,
        s="end" if left else "start",
        w=word,
        n=frame.axis,
        v=f"{alpha:.4g}",
    )


def _stroke(frame: Frame, alphas: Floats, values: Floats) -> str:
    """One polyline; along zero it is left out but for the points where it leaves it. One point alone is a dash."""
    on = values != 0
    near = on.copy()
    near[1:] |= on[:-1]
    near[:-1] |= on[1:]
    x, y = frame.x(alphas), frame.y(values)
    text, pen = [], False
    for k in range(len(values)):
        if near[k]:
            text.append(f"{'L' if pen else 'M'}{x[k]:.1f} {y[k]:.1f}")
        pen = bool(near[k])
    return "".join(text) + ("h8" if text and len(values) == 1 else "")


def _line(frame: Frame, path: Path, j: int, values: Floats, rank: int, at: float, leads: str | None) -> Markup:
    name = path.feature_names[j]
    weight = float(values[path.chosen])
    told = (
        f"{name}: {weight:.3g} per SD at the chosen {frame.axis}"
        if weight
        else f"{name}: exactly 0 at the chosen {frame.axis}"
    )
    right = WIDTH - frame.right
    end = float(frame.y(values[-1:])[0])
    drawn = Markup(
        '<g class="line" data-j="{j}" style="--c:{c}"><title>{told}</title>'
        '<path d="{d}" stroke-dasharray="{dash}"/><path class="lead" d="M{r} {e}L{s} {a}"/>'
        '<text x="{t}" y="{u}">{n}</text></g>'
    ).format(
        j=j,
        c=COLOURS[rank % len(COLOURS)],
        told=told,
        d=_stroke(frame, path.axis, values),
        dash=DASHES[rank // len(COLOURS) % len(DASHES)],
        r=right,
        e=f"{end:.1f}",
        s=right + 12,
        a=f"{at:.1f}",
        t=right + 15,
        u=f"{at + 4:.1f}",
        n=name if len(name) <= 18 else f"{name[:9]}…{name[-8:]}",
    )
    return Markup('<a href="#{}">{}</a>').format(leads, drawn) if leads else drawn


def _apart(wanted: Sequence[float]) -> list[float]:
    """Places at least a line apart, in the order wanted, within the picture."""
    order = sorted(range(len(wanted)), key=lambda k: wanted[k])
    top, bottom = TOP + 4.0, HEIGHT - BOTTOM
    gap = min(LINE, (bottom - top) / max(len(wanted) - 1, 1))
    placed, before = [0.0] * len(wanted), top - gap
    for k in order:
        before = placed[k] = max(wanted[k], before + gap)
    after = bottom + gap
    for k in reversed(order):
        after = placed[k] = min(placed[k], after - gap)
    return placed


def _sizes(sizes: Floats) -> list[float]:
    return [float(size) for size in sizes[:: -(-len(sizes) // 12)]]


def _decades(alphas: Floats) -> list[float]:
    positive = alphas[alphas > 0]
    low, high = float(positive.min()), float(positive.max())
    for digits in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        ticks = [
            float(f"{d * 10.0**k:.3g}")
            for k in range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
            for d in digits
        ]
        found = [tick for tick in ticks if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]
        if len(found) >= 3:
            return found[:: -(-len(found) // 7)]
    return sorted({float(f"{low:.3g}"), float(f"{high:.3g}")})


def _round(low: float, high: float) -> list[float]:
    """About five round numbers, 0 among them where it is inside."""
    raw = (high - low) / 5
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * d for d in (1, 2, 5, 10) if size * d >= raw)
    return [float(f"{k * step:.6g}") + 0.0 for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
