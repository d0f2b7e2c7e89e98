"""Lessons on the way to zero: which steps arrive, which swing, and which halve for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lozenge.explain.fitted import Fitted, fitted, null_weights, straight
from lozenge.results import Lesson

if TYPE_CHECKING:
    from collections.abc import Callable

    from lozenge.results import Bools, Floats, Indices, Path

UPDATES = 30  # that are run and drawn
MANY = 2_000  # of the proximal gradient on data
HALVINGS = 40  # of its steps
ROUNDING = 1e-12  # of the objective


class Bowl(NamedTuple):
    """A loss ½h(w - c)² of one weight; h = 0 is no loss."""

    curvature: float = 0.0
    centre: float = 0.0

    def slope(self, w: float) -> float:
        """h(w - c)."""
        return self.curvature * (w - self.centre)


NO_LOSS = Bowl()


def subgradient(w: float, bowl: Bowl, alpha: float, rate: float) -> float:
    """One step down the slope of loss + α|w|, whose slope at 0 is taken as 0."""
    return w - rate * (bowl.slope(w) + alpha * float(np.sign(w)))


def proximal(w: float, bowl: Bowl, alpha: float, rate: float) -> float:
    """One step down the loss, then towards zero by α·rate, but not past it."""
    moved = w - rate * bowl.slope(w)
    return float(np.sign(moved)) * max(abs(moved) - rate * alpha, 0.0)


def ridge(w: float, bowl: Bowl, alpha: float, rate: float) -> float:
    """One step down the slope of loss + ½αw²."""
    return w - rate * (bowl.slope(w) + alpha * w)


STEPS: dict[str, Callable[[float, Bowl, float, float], float]] = {
    "L1 subgradient": subgradient,
    "L1 proximal": proximal,
    "L2 gradient": ridge,
}


def trajectory(
    method: str,
    start: float,
    rate: float,
    *,
    bowl: Bowl = NO_LOSS,
    alpha: float = 1.0,
    decay: bool = False,
    updates: int = UPDATES,
) -> Floats:
    """(updates + 1,) weights from a start; with ``decay`` the k-th step has rate/k.

    Examples
    --------
    >>> from lozenge.explain.descent import trajectory
    >>> trajectory("L1 subgradient", 5.0, 0.5, updates=11).tolist()
    [5.0, 4.5, 4.0, 3.5, 3.0, 2.5, 2.0, 1.5, 1.0, 0.5, 0.0, 0.0]
    """
    path = [start]
    for k in range(1, updates + 1):
        path.append(STEPS[method](path[-1], bowl, alpha, rate / k if decay else rate))
    return np.array(path)


def descent(fit: Path | None = None, *, start: float = 5.0, rate: float = 0.5) -> Lesson:
    """Gradient descent on |w| and on ½w²: the first arrives at zero, the second approaches it for ever.

    Parameters
    ----------
    fit : Path, optional
        Live: one feature that is zero, nearest its price, and one that is kept, each descended on with the others held,
        on the loss's own curvature.
    start, rate : float

    Returns
    -------
    Lesson
        One trajectory (updates + 1,) per row, by the row's first entry.

    Examples
    --------
    >>> import lozenge as lz
    >>> [(row[0], row[3]) for row in lz.lessons.descent().rows[:2]]
    [('L1 subgradient', 10), ('L2 gradient', None)]
    """
    if not (np.isfinite(start) and 0 < rate < np.inf):
        raise ValueError(f"a finite start and a positive rate are needed; got start {start:g}, rate {rate:g}")
    inside = Bowl(1.0, 0.3)
    off = start + 0.2 * rate  # no whole number of steps from zero
    runs: dict[str, tuple[Floats, float]] = {
        "L1 subgradient": (trajectory("L1 subgradient", start, rate), rate),
        "L2 gradient": (trajectory("L2 gradient", start, rate), rate),
        "L2 gradient, rate 1": (trajectory("L2 gradient", start, 1.0), 1.0),
        f"L1 subgradient from {off:g}": (trajectory("L1 subgradient", off, rate), rate),
        f"L1 proximal from {off:g}": (trajectory("L1 proximal", off, rate), rate),
        "with a loss: L1 subgradient": (trajectory("L1 subgradient", start, rate, bowl=inside), rate),
        "with a loss: its rate decaying": (trajectory("L1 subgradient", start, 1.0, bowl=inside, decay=True), 1.0),
        "with a loss: L1 proximal": (trajectory("L1 proximal", start, rate, bowl=inside), rate),
        "with a loss: L2 gradient": (trajectory("L2 gradient", start, rate, bowl=inside), rate),
    }
    on, told = (
        f"start {start:g}, rate {rate:g}, alpha 1",
        "The loss here is ½(w - 0.3)²: its pull at zero, 0.3, is below 1.",
    )
    if fit is not None:
        runs, on, told = _on_data(fit)
    rows = tuple((name, float(w[0]), eta, _arrival(w), float(w[-1])) for name, (w, eta) in runs.items())
    return Lesson(
        name="descent",
        claim="Under L1 every step has the same length, so it reaches zero; under L2 steps shrink with the weight.",
        on=on,
        columns=("descent", "from", "rate", "at zero after", f"after {UPDATES} updates"),
        rows=rows,
        arrays={name: w for name, (w, _) in runs.items()},
        text=(
            "On |w| alone each update takes rate·1 off, so a start that is a whole number of steps away arrives at "
            "exactly zero. On ½w² it takes off a share, the rate, of what is left: halves for ever at rate ½, and "
            "lands at once at rate 1. On w², whose slope is 2w, the same happens at half the rate. A start in "
            f"between makes the subgradient step swing across zero for ever; the proximal step stops there. {told} "
            "The subgradient still swings, in a band that a decaying rate narrows, and where it hits zero it does "
            "not stay; the proximal step is exactly at zero; L2 ends near, not at it. The limit: where descent ends "
            "is the penalty's doing; how it gets there is the method's."
        ),
    )


def _on_data(fit: Path) -> tuple[dict[str, tuple[Floats, float]], str, str]:
    found = fitted(fit, curved=True)
    forces, alpha = found.forces, found.alpha
    chosen = [int(j) for j in (*found.kept[:1], *found.pulled[:1])]
    here = found.source.weights_at(alpha)
    runs: dict[str, tuple[Floats, float]] = {}
    for j in chosen:
        h = float(found.source.hessian(here, np.array([j]))[0, 0])
        if not h > 0.0:
            raise straight(found.loss)
        bowl = Bowl(h, float(forces.weight[j] + forces.left[j] / h))
        price = float(forces.price[j])
        # The ridge's step must not exceed 2/(h + α), or it runs away.
        rate, start, name = 0.9 / (h + price), 1.5 * bowl.centre, found.names[j]
        for method in STEPS:
            run = trajectory(method, start, rate, bowl=bowl, alpha=price)
            runs[f"{name}: {method}"] = run, rate
    told = f"{found.names[chosen[0]]} is kept"
    if len(chosen) > 1:
        told += f"; {found.names[chosen[1]]} is the zero that is nearest its price"
    near = "" if found.loss.quadratic else ", to second order"
    return runs, found.on, f"Here the loss is the data's{near}, seen from one weight with the others held: {told}."


def _arrival(w: Floats) -> int | None:
    """The update from which on the weight is exactly zero; None if there is none."""
    away = np.flatnonzero(w)
    first = int(away[-1]) + 1 if len(away) else 0
    return first if first < len(w) else None


def early_zeros(
    fit: Path | None = None, *, weights: tuple[float, ...] = (3.2, 2.0, 1.1, 0.3), rate: float = 0.1
) -> Lesson:
    """L1 takes a constant off every weight at each step: the smallest arrive first, and stay.

    Parameters
    ----------
    fit : Path, optional
        Live: proximal gradient from the fit at the smallest α of the path, at the chosen α; the order in which weights
        arrive at zero beside the order in which the path lets them in.
    weights, rate
        Without a fit: descent on the penalty alone.

    Returns
    -------
    Lesson
        ``arrival`` per row (nan: never).

    Examples
    --------
    >>> import lozenge as lz
    >>> [row[2] for row in lz.lessons.early_zeros().rows]
    [3, 11, 20, 32]
    """
    if fit is not None:
        return _arrivals(fit)
    if not (0 < rate < 1 and all(np.isfinite(weights)) and all(weights)):
        raise ValueError(f"weights that are not 0 and a rate between 0 and 1 are needed; got {weights}, rate {rate:g}")
    rows, arrays = [], {}
    for w in sorted(weights, key=abs):
        steps = int(np.ceil(abs(w) / rate - 1e-9)) + 1
        run = trajectory("L1 proximal", w, rate, updates=steps)
        # Taken one by one, tenths leave a rounding: what is below it is where the sum of the steps arrives.
        run[np.abs(run) < 1e-12] = 0.0
        arrival = _arrival(run)
        faded = trajectory("L2 gradient", w, rate, updates=steps)
        arrays[f"w {w:g}"], arrays[f"L2 {w:g}"] = run, faded
        rows.append((f"{w:g}", w, arrival, float(faded[-2]), None))
    return Lesson(
        name="early-zeros",
        claim="A constant step brings the smallest weights to zero first; a proportional one brings none.",
        on=f"weights {', '.join(f'{w:g}' for w in weights)}, rate {rate:g}, the penalty alone",
        columns=("weight", "w", "L1: zero after", "L2: by then", "L2: zero after"),
        rows=tuple(rows),
        arrays=arrays | {"arrival": np.array([np.nan if row[2] is None else row[2] for row in rows])},
        text=(
            "Under L1 every weight loses the same amount at each step, so a weight w arrives after |w|/rate of "
            "them, the smallest first, and stays. Under L2 each keeps the share 1 - rate: their order never "
            "changes, and none arrives. The limit: this is the penalty alone. With data, weights are pulled back, "
            "each by its own pull, and the order can differ from that of their sizes."
        ),
    )


def _arrivals(fit: Path) -> Lesson:
    """Proximal gradient on all weights at once, from the end of the path, at the chosen α."""
    found = fitted(fit, curved=True)
    start = found.source.weights_at(float(fit.alphas[-1]))
    moves = np.zeros(len(start), dtype=bool)
    moves[: len(found.names)] = np.isfinite(found.forces.price) & ~fit.model.constant
    moves[found.levels] = True
    null = null_weights(fit, found.source)
    h = _steepest(fit, found, moves, null)
    for _ in range(HALVINGS):
        run = _proximal(found, start, moves, h)
        if run is not None:
            break
        h *= 2.0  # the loss bends more than at the null model somewhere on the way
    else:
        raise ValueError(
            f"no step is short enough for the loss {found.loss.name} on these data; scale the columns of X"
        )
    w, last, done = run
    start, w = start[: len(found.names)], w[: len(found.names)]
    entered = fit.history.entered
    shown = np.flatnonzero(start)
    gone = w == 0
    order = sorted(shown, key=lambda j: (last[j] + 1 if gone[j] else np.inf, abs(start[j])))
    rows = tuple(
        (found.names[j], float(start[j]), int(last[j] + 1) if gone[j] else None, float(fit.alphas[entered[j]]))
        for j in order
    )
    arrived = [j for j in order if gone[j]]
    agree = _agreement(np.array([last[j] for j in arrived]), np.array([-entered[j] for j in arrived]))
    told = "" if agree is None else f" Of the pairs of zeros, {100 * agree:.0f} % went in the reverse order of entry."
    return Lesson(
        name="early-zeros",
        claim="A constant step brings the smallest weights to zero first; a proportional one brings none.",
        on=found.on,
        columns=("feature", "weight at the start", "L1: zero after", "enters the grid at"),
        rows=rows,
        arrays={
            "start": np.array([row[1] for row in rows]),
            "arrival": np.array([np.nan if row[2] is None else row[2] for row in rows], dtype=np.float64),
            "enters": np.array([row[3] for row in rows]),
        },
        text=(
            f"Proximal gradient at alpha {found.alpha:.4g}, from the weights at alpha {fit.alphas[-1]:.4g}, the end "
            f"of the path: {done:,} steps of length 1/{h:.3g}. {len(arrived):,} of {len(shown):,} weights arrive at "
            f"zero and stay.{told} The limit: with data, each weight is also pulled by its own feature, so arrival "
            "follows the size of the weight only roughly, and a weight that came to zero early may leave it again."
        ),
    )


def _proximal(found: Fitted, start: Floats, moves: Bools, h: float) -> tuple[Floats, Indices, int] | None:
    """Steps of length 1/h: where they end, the last step at which each weight is not zero, and how many they are.

    None if the objective rises: h does not bound the curvature there.
    """
    price = np.zeros(len(start))
    price[: len(found.names)] = np.where(moves[: len(found.names)], found.forces.price, 0.0)
    w, last, before = start, np.zeros(len(start), dtype=int), np.inf
    done = 0
    for done in range(1, MANY + 1):
        loss, pull = found.source.evaluate(w[:, None])
        cost = float(loss[0]) + float(price @ np.abs(w))
        if not cost <= before + ROUNDING * abs(before):
            return None
        moved = w + np.where(moves, pull[:, 0], 0.0) / h
        new = np.sign(moved) * np.maximum(np.abs(moved) - price / h, 0.0)
        last[new != 0] = done
        change, w, before = float(np.max(np.abs(new - w), initial=0.0)), new, cost
        if change <= 1e-9 * float(np.max(np.abs(w), initial=0.0)):
            break
    return w, last, done


def _steepest(fit: Path, found: Fitted, moves: Bools, null: Floats) -> float:
    """The largest curvature along any direction at the null model, by power steps, 10 % above what they reach."""
    source, model = found.source, fit.model
    _, here = source.evaluate(null[:, None])
    direction = moves.astype(np.float64)
    hair = 1e-4 * max(1.0, float(np.max(model.y_sd))) / max(1.0, float(np.max(model.scale / model.penalised_unit)))
    size = 0.0
    for _ in range(30):
        direction /= float(np.linalg.norm(direction))
        _, moved = source.evaluate((null + hair * direction)[:, None])
        bent = (here - moved)[:, 0] / hair * moves
        size = float(np.linalg.norm(bent))
        if size == 0.0:
            break
        direction = bent
    return 1.1 * max(size, 1e-12)


def _agreement(first: Floats, second: Floats) -> float | None:
    """Share of pairs that both put in the same order; None without pairs."""
    one, other = np.triu_indices(len(first), 1)
    a, b = np.sign(first[one] - first[other]), np.sign(second[one] - second[other])
    counted = (a != 0) & (b != 0)
    return float(np.mean(a[counted] == b[counted])) if counted.any() else None
