"""Lessons on the shape of a penalty: its slope where the weight vanishes, and what that saves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lozenge.explain.fitted import fitted, null_weights, straight
from lozenge.penalties import SHAPES, Lq
from lozenge.penalties.separable import Separable
from lozenge.results import Lesson

if TYPE_CHECKING:
    from lozenge.explain.fitted import Fitted
    from lozenge.penalties import Shape
    from lozenge.results import Floats, Path

ONE = np.ones(1)
FEATURES = 100  # of a fit whose curvature is asked for


@dataclass(frozen=True)
class Huberised(Separable):
    """L1 with its corner rounded off: b²/(2δ) up to |b| = δ, |b| - δ/2 beyond.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.explain.shapes import Huberised
    >>> Huberised(width=0.5).with_weights(np.ones(2)).prox(np.array([0.3, 2.0]), step=1.0, alpha=1.0)
    array([0.1, 1. ])
    """

    width: float = 0.5

    name: ClassVar[str] = "huberised"
    convex: ClassVar[bool] = True

    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"width": self.width}

    def _costs(self, B: Floats, alpha: float) -> Floats:
        size = np.abs(B)
        each = np.where(size <= self.width, np.square(size) / (2.0 * self.width), size - 0.5 * self.width)
        return self._times(alpha) * each

    def slope(self, B: Floats, alpha: float) -> Floats:
        """αv b/max(δ, |b|)."""
        return self._times(alpha) * B / np.maximum(np.abs(B), self.width)

    def prox(self, Z: Floats, step: float, alpha: float) -> Floats:
        """z/(1 + λ/δ) up to |z| = δ + λ, z - λ sign(z) beyond, λ = step·αv: never zero unless z is."""
        lam = self._times(step * alpha)
        near = np.abs(Z) <= self.width + lam
        return np.where(near, Z / (1.0 + lam / self.width), Z - lam * np.sign(Z)) + 0.0

    def price(self, alpha: float) -> Floats:  # noqa: ARG002 - no corner at any
        """0."""
        return self._times(0.0)

    def zero_interval(self, alpha: float, curvature: Floats) -> tuple[Floats, Floats]:  # noqa: ARG002 - one point at any
        """The point 0."""
        return np.zeros_like(curvature), np.zeros_like(curvature)


def family() -> dict[str, Shape]:
    """The shapes that lessons set side by side, by the name they are shown under, at α = 1 and weight 1."""
    shapes: dict[str, Shape] = {name: shape() for name, shape in SHAPES.items() if name != "lq"}
    shapes |= {"lq:0.5": Lq(0.5), "lq:1.5": Lq(1.5), "huberised l1": Huberised()}
    return {name: shape.with_weights(ONE) for name, shape in shapes.items()}


def penalties(fit: Path | None = None) -> Lesson:
    """Slope of every penalty at zero and away from it: a corner is a slope at 0⁺ that is not 0.

    Parameters
    ----------
    fit : Path, optional
        Live; its smallest and largest kept weights are then where the slopes are read.

    Returns
    -------
    Lesson
        ``w`` (k,), and ``value NAME`` and ``slope NAME`` (k,) for every penalty at α = 1.

    Examples
    --------
    >>> import lozenge as lz
    >>> {row[0]: row[1] for row in lz.lessons.penalties().rows if row[0] in ("l1", "l2", "l0")}
    {'l1': 1.0, 'l2': 0.0, 'l0': inf}
    """
    small, large, on = 0.02, 2.0, "weights 0.02 and 2"
    if fit is not None:
        found = fitted(fit)
        small, large, on = float(np.abs(found.weights[-1])), float(np.abs(found.weights[0])), found.on
    w = np.linspace(-1.2 * large, 1.2 * large, 481)  # 0 is among them
    arrays, rows = {"w": w}, []
    for name, shape in family().items():
        at_zero, at_small, at_large = (float(shape.slope(np.array([b]), 1.0)[0]) for b in (0.0, small, large))
        arrays[f"value {name}"] = np.array([shape.value(np.array([b]), 1.0) for b in w])
        arrays[f"slope {name}"] = np.array([shape.slope(np.array([b]), 1.0)[0] for b in w])
        rows.append(
            (name, at_zero, at_small, at_large, "yes" if at_zero > 0 else "no", "yes" if shape.convex else "no")
        )
    return Lesson(
        name="penalties",
        claim="L1 pulls with the same force all the way down to zero; L2's pull fades with the weight.",
        on=on,
        columns=("penalty", "slope at 0+", f"at {small:.3g}", f"at {large:.3g}", "corner", "convex"),
        rows=tuple(rows),
        arrays=arrays,
        text=(
            "A weight stays at zero while the data pull on it less than the penalty's slope at 0+. L1's slope is 1 up "
            "to zero, so any pull below alpha is held. L2's slope is the weight itself: at zero it holds nothing. "
            "L0, and L_q below 1, have an infinite slope at zero; MCP, SCAD and the logarithm have L1's corner and a "
            "pull that fades on large weights. Rounded off, L1 makes no zeros. "
            "The limit of the argument: a corner makes zeros possible; whether there are any, the data decide."
        ),
    )


def step_cost(
    fit: Path | None = None, *, weights: tuple[float, float] = (15.0, 0.02), epsilon: float = 0.001
) -> Lesson:
    """What shrinking a weight w by ε saves: ε under |w|, ε(2w - ε) under w².

    Parameters
    ----------
    fit : Path, optional
        Live; its largest and smallest kept weights take the place of ``weights``, and ε is at most a tenth of the
        smallest.

    Raises
    ------
    ValueError
        If ε is not positive, or above a weight.

    Examples
    --------
    >>> import lozenge as lz
    >>> [tuple(round(x, 9) for x in row[1:4]) for row in lz.lessons.step_cost().rows]
    [(15.0, 0.001, 0.029999), (0.02, 0.001, 3.9e-05)]
    """
    labels, on = ["large", "small"], f"weights {weights[0]:g} and {weights[1]:g}"
    if fit is not None:
        found = fitted(fit, least=2)
        ends = found.kept[[0, -1]]
        labels, on = [found.names[j] for j in ends], found.on
        weights = tuple(np.abs(found.forces.weight[ends]).tolist())
        epsilon = min(epsilon, 0.1 * min(weights))
    if not 0 < epsilon <= min(weights):
        raise ValueError(f"epsilon must be above 0 and at most the smaller weight, {min(weights):g}; got {epsilon:g}")
    rows = []
    for label, w in zip(labels, weights, strict=True):
        squared = epsilon * (2.0 * w - epsilon)
        rows.append((label, w, epsilon, squared, squared / epsilon))
    return Lesson(
        name="step-cost",
        claim="The last step to zero saves as much under L1 as any other; under L2 it saves next to nothing.",
        on=on,
        columns=("weight", "w", "L1 saves", "L2 saves", "ratio"),
        rows=tuple(rows),
        arrays={"w": np.array(weights), "L1": np.full(2, epsilon), "L2": np.array([row[3] for row in rows])},
        text=(
            f"Shrinking a weight by {epsilon:g} saves {epsilon:g} of |w|, whatever its size. Of w² it saves "
            f"{epsilon:g}·(2w - {epsilon:g}): {rows[0][4]:.3g} times as much as L1 for the large weight, "
            f"{rows[1][4]:.2g} times for the small one. So L2 spends its effort on large weights and leaves small ones "
            "alone; L1 finds the small ones as worth removing as the large. With ½w², which the ridge here uses, every "
            "L2 figure halves. The limit: this counts savings only. The loss pays for each step, and a zero needs the "
            "payment to be below the saving."
        ),
    )


def norms(fit: Path | None = None, *, epsilon: float = 0.1, delta: float = 0.05) -> Lesson:
    """Take δ off either coordinate of x = (1, ε): ‖x‖₁ falls by δ, ‖x‖₂² by 2δ - δ² or by 2εδ - δ².

    Raises
    ------
    ValueError
        Unless 0 < δ ≤ ε ≤ 1.

    Examples
    --------
    >>> import lozenge as lz
    >>> [tuple(round(x, 12) for x in row[1:]) for row in lz.lessons.norms().rows]
    [(1.0, 0.05, 0.0975), (0.1, 0.05, 0.0075)]
    """
    labels, on = ["large", "small"], f"x = (1, {epsilon:g})"
    if fit is not None:
        found = fitted(fit, least=2)
        ends = found.kept[[0, -1]]
        labels, on = [found.names[j] for j in ends], found.on
        large, small = np.abs(found.forces.weight[ends])
        epsilon, delta = float(small / large), 0.5 * float(small / large)
    if not 0 < delta <= epsilon <= 1:
        raise ValueError(f"0 < delta <= epsilon <= 1 is needed; got delta {delta:g} and epsilon {epsilon:g}")
    rows = tuple((label, x, delta, 2.0 * x * delta - delta**2) for label, x in zip(labels, (1.0, epsilon), strict=True))
    return Lesson(
        name="norms",
        claim="The L1 norm does not care which coordinate shrinks; the L2 norm wants the large one to.",
        on=on,
        columns=("coordinate", "x", f"L1 norm falls, by {delta:g} off", "squared L2 norm falls"),
        rows=rows,
        arrays={"x": np.array([1.0, epsilon]), "L1": np.full(2, delta), "L2": np.array([row[3] for row in rows])},
        text=(
            f"In units of the larger weight, x = (1, {epsilon:.3g}). Taking {delta:.3g} off either coordinate lowers "
            f"‖x‖₁ by {delta:.3g}. It lowers ‖x‖₂² by 2δ - δ² = {rows[0][3]:.3g} on the large one and by 2εδ - δ² = "
            f"{rows[1][3]:.3g} on the small one. Under an L2 budget the small coordinate is nearly free to keep; under "
            "an L1 budget it costs as much per unit as the large. The limit: this is the budget's side alone; which "
            "coordinate the loss can spare is the data's."
        ),
    )


def corners_only(fit: Path | None = None, *, curvature: float | None = None) -> Lesson:
    """The pulls that leave a weight exactly zero, for every penalty at α = 1 or at a fit's.

    The weight minimises ½h b² - p b + αΩ(b).  ``here`` is the largest pull for which 0 is the best of all b; ``local``
    that for which it is the best of its neighbourhood, the slope at 0⁺.

    Parameters
    ----------
    fit : Path, optional
        Live: α is then that of the fit, and the last column counts the features whose pull at the null model is held.
    curvature : h
        1 if not named; on data the median over the features, at the null model.

    Examples
    --------
    >>> import lozenge as lz
    >>> {row[0]: round(row[2], 9) for row in lz.lessons.corners_only().rows if row[0] in ("l1", "l2", "l0", "lq:1.5")}
    {'l1': 1.0, 'l2': 0.0, 'l0': 1.414213562, 'lq:1.5': 0.0}
    """
    if curvature is not None and not 0 < curvature < np.inf:
        raise ValueError(f"the curvature must be positive and finite; got {curvature:g}")
    h, alpha, pulls = 1.0 if curvature is None else curvature, 1.0, None
    on = f"alpha 1, curvature {h:g}"
    columns: tuple[str, ...] = ("penalty", "corner", "zero up to a pull of", "local minimum up to")
    if fit is not None:
        found = fitted(fit, curved=curvature is None)
        h = _curvature(fit, found) if curvature is None else curvature
        alpha, pulls = found.alpha, np.abs(found.forces.marginal[found.forces.price > 0])
        on = f"{found.on}, curvature {h:.3g}"
        columns += (f"held alone, of {len(pulls):,}",)
    rows: list[tuple[Any, ...]] = []
    for name, shape in family().items():
        high = float(shape.zero_interval(alpha, np.array([h]))[1][0])
        local = float(shape.slope(np.zeros(1), alpha)[0])
        row = (name, "yes" if local > 0 else "no", high, local)
        rows.append(row if pulls is None else (*row, int(np.count_nonzero(pulls <= high))))
    return Lesson(
        name="corners-only",
        claim="A penalty makes exact zeros if it has a corner at zero, and only then.",
        on=on,
        columns=columns,
        rows=tuple(rows),
        arrays={
            "high": np.array([row[2] for row in rows]),
            "local": np.array([row[3] for row in rows]),
            "corner": np.array([row[1] == "yes" for row in rows], dtype=np.float64),
        },
        text=(
            "A weight is exactly zero for a whole interval of pulls where the penalty has a corner there, and for a "
            "single pull, 0, where it is smooth: that pull has probability 0. For a convex penalty the interval's "
            "width is the jump of the slope at zero, 2 alpha for L1. For the others zero can be a local minimum "
            "where it is not the best: L0 prices entry at alpha, which is worth it from a pull of √(2·alpha·h) = "
            f"{np.sqrt(2 * alpha * h):.4g} on, though 0 is always a local minimum. The limit: one weight at "
            "a time, the others held."
        ),
    )


def _curvature(fit: Path, found: Fitted) -> float:
    """The median over some features, kept ones and those nearest their price, at the null model."""
    some = np.concatenate([found.kept, found.zeros])[:FEATURES]
    h = float(np.median(np.diagonal(found.source.hessian(null_weights(fit, found.source), some))))
    if not h > 0.0:
        raise straight(found.loss)
    return h
