"""Lessons on two weights: where the contours of a loss first touch a ball, and how often that is at a corner.

The loss is ½(b - c)ᵀH(b - c) with H positive definite, or is taken as such around a point.  A ball is
{b : Σ size(bⱼ) ≤ size(t)}: each meets the axes at ±t, so that radii compare.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from lozenge.explain import outputs
from lozenge.explain.fitted import fitted, null_weights, profiled
from lozenge.explain.words import position
from lozenge.penalties import Lq
from lozenge.results import Lesson

if TYPE_CHECKING:
    from collections.abc import Callable

    from lozenge.results import Bools, Floats, Path

ON_AXIS = 1e-15
ANGLES = 4_001  # of a boundary that is searched
AT_ONCE = 250  # candidates of a fit's own loss
FEATURES = 100  # of a fit whose pairs are drawn
NEWTON = 50
FINE = 61  # points each way of a picture's grid
SIGNS = (-1.0, 0.0, 1.0)
FLAT = 1e-12  # of the curvatures' sum: a smaller one is rounding
HALVINGS = 40  # of a step
ROUNDING = 1e-13  # of the loss


class Bowl(NamedTuple):
    """½(b - c)ᵀH(b - c)."""

    H: Floats
    c: Floats

    def pull(self, b: Floats) -> Floats:
        """Minus the gradient, H(c - b)."""
        return self.H @ (self.c - b)

    def value(self, b: Floats) -> float:
        """The loss at b."""
        return 0.5 * float((b - self.c) @ self.H @ (b - self.c))


class Touch(NamedTuple):
    """Where the contours first touch a ball.

    ``alpha``: of the penalised fit with the same answer; nan where there is none.  ``fit``: that penalised fit.
    """

    b: Floats
    alpha: float
    fit: Floats


class Ball(NamedTuple):
    """Σ ρ|b|^q + ½(1 - ρ)b², or the length of b where ``length``."""

    name: str
    q: float = 1.0
    rho: float = 1.0
    length: bool = False

    def size(self, b: Floats) -> float:
        """What the penalty charges for b; t stands for its size on an axis."""
        if self.length:
            return float(np.hypot(*b))
        return float(np.sum(self.rho * np.abs(b) ** self.q + 0.5 * (1.0 - self.rho) * np.square(b)))

    def slope(self, size: Floats) -> Floats:
        """Derivative of the charge for one weight of that size, not 0."""
        return self.rho * self.q * size ** (self.q - 1.0) + (1.0 - self.rho) * size

    def radius(self, b: Floats) -> Floats:
        """The t of the ball on whose boundary b (m, 2) lies."""
        if self.length or self.rho == 0.0:
            return np.hypot(b[:, 0], b[:, 1])
        if self.rho == 1.0:
            powered: Floats = np.sum(np.abs(b) ** self.q, axis=1) ** (1.0 / self.q)
            return powered
        charge, rest = np.array([self.size(each) for each in b]), 1.0 - self.rho
        found: Floats = 2.0 * charge / (self.rho + np.sqrt(self.rho**2 + 2.0 * rest * charge))
        return found

    def reach(self, t: float | Floats, angle: Floats) -> Floats:
        """How far the ball of radius t goes in a direction."""
        # A quarter turn is an axis, of which the cosine misses by a rounding that a small q would blow up.
        x, y = (np.where(part < ON_AXIS, 0.0, part) for part in (np.abs(np.cos(angle)), np.abs(np.sin(angle))))
        if self.length or self.rho == 0.0:
            return t + np.zeros_like(angle)
        if self.rho == 1.0:
            return t / (x**self.q + y**self.q) ** (1.0 / self.q)
        # ρ r(x + y) + ½(1 - ρ) r² = ρt + ½(1 - ρ)t²
        linear, square = self.rho * (x + y), 0.5 * (1.0 - self.rho)
        full = self.rho * t + square * t * t
        found: Floats = 2.0 * full / (linear + np.sqrt(linear**2 + 4.0 * square * full))
        return found


BALLS = (
    Ball("l1"),
    Ball("l2", rho=0.0),
    Ball("elasticnet:0.5", rho=0.5),
    Ball("lq:0.5", q=0.5),
    Ball("group", length=True),
)


def penalised(bowl: Bowl, ball: Ball, alpha: float) -> Floats:
    """Minimise loss + α size(b): by signs for corners, by the secular equation for the group, by search for q < 1.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.explain.geometry import BALLS, Bowl, penalised
    >>> penalised(Bowl(np.eye(2), np.array([3.0, 0.5])), BALLS[0], 1.0)
    array([2., 0.])
    """
    if ball.length:
        return _group(bowl, alpha)
    if ball.q < 1.0:
        return _bridge(bowl, ball.q, alpha)
    H = bowl.H + alpha * (1.0 - ball.rho) * np.eye(2)
    pull, price = bowl.H @ bowl.c, alpha * ball.rho
    best, lowest = np.zeros(2), np.inf
    for signs in product(SIGNS, repeat=2):
        s = np.array(signs)
        on = s != 0.0
        b = np.zeros(2)
        if on.any():
            b[on] = np.linalg.solve(H[np.ix_(on, on)], pull[on] - price * s[on])
        if (b * s < 0.0).any():
            continue
        cost = bowl.value(b) + alpha * ball.size(b)
        if cost < lowest:
            best, lowest = b, cost
    return best


def _group(bowl: Bowl, alpha: float) -> Floats:
    from scipy.optimize import brentq  # half a second to load, where a root is asked for

    pull = bowl.H @ bowl.c
    if alpha >= (1.0 - 1e-15) * np.hypot(*pull):
        return np.zeros(2)
    if alpha == 0.0:
        return bowl.c.copy()

    def at(r: float) -> Floats:
        return np.asarray(np.linalg.solve(bowl.H + alpha / r * np.eye(2), pull), dtype=np.float64)

    # ‖b(r)‖/r falls from above 1 to below 1.
    high = 2.0 * float(np.linalg.norm(bowl.c)) * float(np.linalg.cond(bowl.H)) + 1.0

    def excess(r: float) -> float:
        return float(np.linalg.norm(at(r))) / r - 1.0

    low = 1e-14 * high
    return at(brentq(excess, low, high, xtol=1e-300, rtol=1e-15)) if excess(low) > 0 else np.zeros(2)


def _bridge(bowl: Bowl, q: float, alpha: float) -> Floats:
    """The best of zero, of the axes, and of what descent by coordinates finds from every quadrant."""
    shape, h, pull = Lq(q).with_weights(np.ones(1)), np.diagonal(bowl.H), bowl.H @ bowl.c
    starts = [np.zeros(2), bowl.c, *np.diag(pull / h)]
    starts += [np.abs(bowl.c).max() * np.array(s) for s in product((-1.0, 1.0), repeat=2)]
    found = []
    for start in starts:
        b = start.copy()
        for _ in range(2_000):
            before = b.copy()
            for j in (0, 1):
                rest = pull[j] - bowl.H[j, 1 - j] * b[1 - j]
                b[j] = shape.prox(np.array([rest / h[j]]), 1.0 / h[j], alpha)[0]
            if np.abs(b - before).max() <= 1e-16 * (1.0 + np.abs(b).max()):
                break
        found.append(b)
    ball = Ball("", q=q)
    return min(found, key=lambda b: bowl.value(b) + alpha * ball.size(b))


def touch(bowl: Bowl, ball: Ball, t: float) -> Touch:
    """Minimise the loss within the ball of radius t, and find the α at which the penalised fit is the same.

    A convex ball is met at the fit whose size is the ball's, which falls with α.  For q < 1 the boundary is searched,
    and the α that would balance the forces there is tried: the penalised fit may prefer another point.
    """
    if ball.size(bowl.c) <= ball.size(np.array([t, 0.0])):
        return Touch(bowl.c.copy(), 0.0, bowl.c.copy())
    if ball.q >= 1.0:
        return _by_alpha(bowl, ball, t)
    b = _by_search(bowl, ball, t)
    j = int(np.argmax(np.abs(b)))
    alpha = max(float(bowl.pull(b)[j] * np.sign(b[j]) / ball.slope(np.abs(b[j]))), 0.0)
    fit = penalised(bowl, ball, alpha)
    same = bool(np.abs(fit - b).max() <= 1e-6 * np.abs(b).max())
    return Touch(b, alpha if same else np.nan, fit)


def _by_alpha(bowl: Bowl, ball: Ball, t: float) -> Touch:
    from scipy.optimize import brentq

    full = ball.size(np.array([t, 0.0]))
    if ball.name == "l1":
        return _diamond(bowl, ball, t)
    high = float(np.abs(bowl.H @ bowl.c).max())
    while ball.size(penalised(bowl, ball, high)) > full:
        high *= 2.0
    alpha = brentq(lambda a: ball.size(penalised(bowl, ball, a)) - full, 0.0, high, xtol=1e-300, rtol=1e-15)
    b = penalised(bowl, ball, alpha)
    return Touch(b, alpha, b)


def _diamond(bowl: Bowl, ball: Ball, t: float) -> Touch:
    """The vertex that holds the other weight's pull, else the edge on which the balance has the edge's signs."""
    for j, s in product((0, 1), (-1.0, 1.0)):
        b = np.zeros(2)
        b[j] = s * t
        pull = bowl.pull(b)
        if s * pull[j] >= abs(pull[1 - j]):
            alpha = float(s * pull[j])
            return Touch(b, alpha, penalised(bowl, ball, alpha))
    edges = []
    for signs in product((-1.0, 1.0), repeat=2):
        side = np.array(signs)
        across = np.linalg.solve(bowl.H, side)
        alpha = float((side @ bowl.c - t) / (side @ across))
        b = bowl.c - alpha * across
        if alpha >= 0 and (b * side > 0).all():
            edges.append(Touch(b, alpha, penalised(bowl, ball, alpha)))
    return min(edges, key=lambda found: bowl.value(found.b))


def _by_search(bowl: Bowl, ball: Ball, t: float) -> Floats:
    from scipy.optimize import minimize_scalar

    def point(angle: float) -> Floats:
        b = ball.reach(t, np.array([angle]))[0] * np.array([np.cos(angle), np.sin(angle)])
        return np.where(np.abs(b) < ON_AXIS * t, 0.0, b)

    angles = np.linspace(0.0, 2.0 * np.pi, ANGLES)  # multiples of a quarter turn are among them
    loss = np.array([bowl.value(point(angle)) for angle in angles])
    k = int(np.argmin(loss))
    step = angles[1]
    near = minimize_scalar(
        lambda angle: bowl.value(point(angle)),
        bounds=(angles[k] - step, angles[k] + step),
        method="bounded",
        options={"xatol": 1e-12},
    )
    return point(float(near.x)) if near.fun < loss[k] else point(float(angles[k]))


def corner(
    fit: Path | None = None,
    *,
    H: tuple[tuple[float, float], tuple[float, float]] = ((1.0, 0.5), (0.5, 1.0)),
    c: tuple[float, float] = (1.2, 0.4),
    t: float = 0.7,
    features: tuple[str, str] | None = None,
    others: Literal["held", "profiled"] = "held",
) -> Lesson:
    """Where the contours of the loss around the unconstrained estimate c first touch each ball of radius t.

    Parameters
    ----------
    fit : Path, optional
        Live: two of its features, the largest kept one and the zero that is nearest its price, or ``features``; t is
        the L1 size of their weights, so that the diamond is met at the fit itself.
    others : held or profiled
        The other weights stay where the fit has them, or move with these two, the kept ones at their signs.

    Returns
    -------
    Lesson
        ``c``, ``H``, ``t``; ``ball NAME`` (2, k) and ``touch NAME`` (2,); ``loss`` on the grid ``axis`` x ``axis``.

    Raises
    ------
    ValueError
        If H is not positive definite, t is not positive, or the features are not two of the fit's.

    Examples
    --------
    >>> import lozenge as lz
    >>> row = lz.lessons.corner().rows[0]
    >>> row[0], [round(x, 9) for x in row[1:4]]
    ('l1', [0.7, 0.0, 0.7])
    """
    if fit is None:
        bowl, names, on = Bowl(np.array(H), np.array(c)), ("b1", "b2"), f"c = {c}, H = {H}, t = {t:g}"
        if not (np.linalg.eigvalsh(bowl.H)[0] > 0 and 0 < t < np.inf):
            raise ValueError(f"H must be positive definite and t positive; got H {H} and t {t:g}")
        settle: Callable[[Ball], Touch] = partial(touch, bowl, t=t)
    else:
        view = _View(fit, features, others)
        bowl, names, t = view.bowl(view.start), view.names, float(np.abs(view.start).sum())
        on = f"{view.on}; {names[0]} and {names[1]}, the others {others}"
        settle = partial(view.touch, t=t)
    rows, arrays = [], {"H": bowl.H, "c": bowl.c, "t": np.array([t])}
    turn = np.linspace(0.0, 2.0 * np.pi, 721)
    for ball in BALLS:
        found = settle(ball)
        same = bool(np.isfinite(found.alpha))
        zeros = int(np.count_nonzero(found.b == 0.0))
        rows.append((ball.name, *found.b.tolist(), found.alpha if same else None, "yes" if same else "no", zeros))
        arrays[f"touch {ball.name}"] = found.b
        arrays[f"ball {ball.name}"] = ball.reach(t, turn) * np.array([np.cos(turn), np.sin(turn)])
    wide = 1.3 * max(t, float(np.abs(bowl.c).max()))
    axis = np.linspace(-wide, wide, FINE)
    grid = np.array([[x, y] for x in axis for y in axis])
    arrays |= {"axis": axis, "loss": (view.losses(grid) if fit else np.array([bowl.value(b) for b in grid]))}
    lost = [row[0] for row in rows if row[4] == "no"]
    told = f" Here no alpha gives the touching point of {', '.join(lost)}." if lost else ""
    return Lesson(
        name="corner",
        claim="Contours tend to meet a ball with corners at a corner, and a corner on an axis is a zero.",
        on=on,
        columns=("ball", names[0], names[1], "alpha", "same as penalised", "zeros"),
        rows=tuple(rows),
        arrays=arrays,
        text=(
            "Least loss within a ball is where the growing contours around the unconstrained estimate first touch "
            "it. The diamond sticks out along the axes, so they often meet it there, and one weight is zero; a disc "
            "has no such points. For a convex ball each radius t has an alpha, the pull at the touching point, and "
            "the penalised fit at that alpha is the same point. A ball with q < 1 is hollow, and the penalised fit "
            f"may jump over the touching point.{told} One group of two is a disc: it zeroes both weights or none. "
            "The limit: why should the contours lie so? See how-often."
        ),
    )


class _View:
    """The loss of a fit as a function of two of its weights."""

    def __init__(self, fit: Path, features: tuple[str, str] | None, others: str) -> None:
        if others not in {"held", "profiled"}:
            raise ValueError(f"others must be held or profiled; got {others!r}")
        found = fitted(fit, curved=True)
        self.source, self.on = found.source, found.on
        self.here = found.source.weights_at(found.alpha)
        if features is None:
            own = outputs.beside(fit.model, int(found.kept[0]))
            zeros, kept = (each[np.isin(each, own)] for each in (found.pulled, found.kept))
            second = [*zeros[:1], *kept[1:][-1:]][:1]
            if not second:
                raise ValueError("this lesson needs two features; one is in the model and there is no other")
            self.pair = np.array([kept[0], *second])
        else:
            self.pair = np.array([position(fit, name) for name in features])
            if self.pair[0] == self.pair[1]:
                raise ValueError(f"two different features are needed; got {features[0]!r} twice")
        self.names = tuple(fit.feature_names[j] for j in self.pair)
        self.start = self.here[self.pair]
        rest = [int(j) for j in found.kept if j not in self.pair]
        free = np.flatnonzero((fit.model.penalty_weights == 0) & ~fit.model.constant).tolist()
        if found.loss.redundant:
            # With all weights of a column moving along the loss would be flat: the others are what the pair is against.
            held = np.concatenate([outputs.copies(fit.model, int(j)) for j in self.pair])
            rest, free = [j for j in rest if j not in held], [j for j in free if j not in held]
        moving = [*rest, *(j for j in free if j not in self.pair), *found.levels]
        self.rest = np.array(moving if others == "profiled" else [])

    def bowl(self, b: Floats) -> Bowl:
        """The loss around a point, to second order."""
        at = self._at(b)
        _, pull = self.source.evaluate(at[:, None])
        every = np.append(self.pair, self.rest).astype(np.int64)
        H = profiled(self.source.hessian(at, every), 2)  # along the way on which the others stay balanced
        if not np.linalg.eigvalsh(H)[0] > FLAT * np.trace(H):
            raise ValueError(f"the loss is flat along {self.names[0]} and {self.names[1]}; name two other features")
        return Bowl(H, b + np.linalg.solve(H, pull[self.pair, 0]))

    def touch(self, ball: Ball, t: float) -> Touch:
        """Newton's method: the touching point of the loss to second order, until it stays.

        A step within a convex ball is halved while the loss rises.
        """
        b, found = self.start, touch(self.bowl(self.start), ball, t)
        for _ in range(NEWTON):
            if len(self.rest) or np.abs(found.b - b).max() <= 1e-12 * max(t, 1e-300):
                break
            step, before = found.b - b, self._loss(b)
            for _ in range(HALVINGS if ball.q >= 1.0 else 0):
                if self._loss(b + step) <= before + ROUNDING * abs(before):
                    break
                step = 0.5 * step
            b = b + step
            found = touch(self.bowl(b), ball, t)
        return found

    def losses(self, points: Floats) -> Floats:
        """The loss at each point, less that at the fit; to second order where the others move."""
        if len(self.rest):
            bowl = self.bowl(self.start)
            return np.array([bowl.value(b) - bowl.value(self.start) for b in points])
        at = np.column_stack([self._at(b) for b in points])
        parts = [self.source.losses(at[:, k : k + AT_ONCE]) for k in range(0, len(points), AT_ONCE)]
        found: Floats = np.concatenate(parts) - self.source.losses(self.here[:, None])
        return found

    def _loss(self, b: Floats) -> float:
        return float(self.source.losses(self._at(b)[:, None])[0])

    def _at(self, b: Floats) -> Floats:
        at = self.here.copy()
        at[self.pair] = b
        return at


SHARES = (0.9, 0.7, 0.5, 0.3, 0.1, 0.01)  # of the radius at which c itself lies on the ball


class Bowls(NamedTuple):
    """m bowls: H (m, 2, 2) and c (m, 2)."""

    H: Floats
    c: Floats


def how_often(fit: Path | None = None, *, draws: int = 2_000, seed: int = 0) -> Lesson:
    """Share of random contours that meet each ball at an exact zero, as the radius falls.

    The design: c at a random angle, H with correlation uniform in (-0.95, 0.95), and its axes stretched by a factor
    log-uniform in (¼, 4); the radius is a share of that at which c lies on the ball.

    Parameters
    ----------
    fit : Path, optional
        Live: random pairs of its features instead, H the curvature of the loss at the null model (of the squared loss
        their covariance) and c their own fit there, without the others.

    Returns
    -------
    Lesson
        ``radius`` (k,), and per ball ``share NAME`` (k,) with its Monte-Carlo ``error NAME``.

    Examples
    --------
    >>> import lozenge as lz
    >>> lesson = lz.lessons.how_often(draws=200)
    >>> float(lesson.arrays["share l2"].max()), bool(lesson.arrays["share l1"][-1] > 0.95)
    (0.0, True)
    """
    if draws < 2:
        raise ValueError(f"two draws or more are needed; got {draws}")
    rng = np.random.default_rng(seed)
    bowls, on = _drawn(rng, draws) if fit is None else _pairs(fit, rng, draws)
    rows: list[tuple[object, ...]] = []
    arrays = {"radius": np.array(SHARES)}
    for ball in BALLS:
        found = np.array([np.mean(_zeros(bowls, ball, share)) for share in SHARES])
        arrays[f"share {ball.name}"] = found
        arrays[f"error {ball.name}"] = np.sqrt(found * (1.0 - found) / len(bowls.c))
    for k, share in enumerate(SHARES):
        rows.append((f"{share:g} of that of c", *(float(arrays[f"share {ball.name}"][k]) for ball in BALLS)))
    for name, c in (("H = I, c on the diagonal", (1.0, 1.0)), ("H = I, c on an axis", (1.0, 0.0))):
        special = Bowls(np.eye(2)[None], np.array([c]))
        rows.append((name, *(float(_zeros(special, ball, 0.5)[0]) for ball in BALLS)))
    rows.append(("two copies of one column", *(_copies(ball) for ball in BALLS)))
    return Lesson(
        name="how-often",
        claim="L1 gives an exact zero for a share of all contours that grows to 1 as the ball shrinks; L2 for none.",
        on=f"{on}, seed {seed}",
        columns=("radius", *(ball.name for ball in BALLS)),
        rows=tuple(rows),
        arrays=arrays,
        text=(
            "Nothing forces the contours to lie so that they meet a corner. Drawn at random they do so for a share "
            "of cases, which grows as the ball shrinks: near zero only the larger of the two pulls counts, and the "
            "other weight waits. With contours that are circles around a point of the diagonal L1 gives no zero. L2 "
            "gives one with probability 0: only where the contours' axes and c lie along an axis. Two copies of one "
            "column have straight contours along an edge of the diamond: every point of it is optimal, so the data "
            "decide nothing between them. The limit: shares depend on the design that is drawn from."
        ),
    )


def _drawn(rng: np.random.Generator, draws: int) -> tuple[Bowls, str]:
    angle, rho = rng.uniform(0.0, 2.0 * np.pi, draws), rng.uniform(-0.95, 0.95, draws)
    size = np.exp(np.log(2.0) * rng.uniform(-1.0, 1.0, draws)[:, None] * np.array([1.0, -1.0]))
    H = size[:, :, None] * size[:, None, :]
    H[:, [0, 1], [1, 0]] *= rho[:, None]
    return Bowls(H, np.column_stack([np.cos(angle), np.sin(angle)])), f"{draws:,} random bowls"


def _pairs(fit: Path, rng: np.random.Generator, draws: int) -> tuple[Bowls, str]:
    found = fitted(fit, curved=True)
    live = np.flatnonzero((found.forces.price > 0) & np.isfinite(found.forces.price) & ~fit.model.constant)
    if len(live) < 2:
        raise ValueError("this lesson needs two features that vary")
    few = rng.permutation(live)[:FEATURES]
    free = np.flatnonzero((fit.model.penalty_weights == 0) & ~fit.model.constant)
    around = np.concatenate([few, free, found.levels])
    G = profiled(found.source.hessian(null_weights(fit, found.source), around), len(few))
    i = rng.integers(0, len(few), draws)
    j = (i + rng.integers(1, len(few), draws)) % len(few)
    H = np.moveaxis(np.array([[G[i, i], G[i, j]], [G[j, i], G[j, j]]]), 2, 0)
    apart = H[:, 0, 1] ** 2 < (1.0 - 1e-9) * H[:, 0, 0] * H[:, 1, 1]
    if not apart.any():
        raise ValueError("every pair of features that was drawn is two copies of one column")
    H, pull = H[apart], found.forces.marginal[few[np.column_stack([i, j])[apart]]]
    return Bowls(H, np.linalg.solve(H, pull[:, :, None])[:, :, 0]), f"{len(H):,} random pairs of {len(live):,} features"


def _zeros(bowls: Bowls, ball: Ball, share: float) -> Bools:
    """Whether each bowl touches the ball on an axis, at a share of the radius at which its c lies on it."""
    t = share * ball.radius(bowls.c)
    hit = np.zeros(len(t), dtype=bool)
    if ball.q < 1.0:
        angles = np.linspace(0.0, 2.0 * np.pi, 401)
        points = ball.reach(t[:, None], angles)[:, None] * np.array([np.cos(angles), np.sin(angles)])
        apart = points - bowls.c[:, :, None]
        loss = np.einsum("mik,mij,mjk->mk", apart, bowls.H, apart, optimize=True)
        return np.asarray(np.argmin(loss, axis=1) % 100 == 0)  # every hundredth angle is an axis
    for j, s in product((0, 1), (-1.0, 1.0)):
        b = np.zeros_like(bowls.c)
        b[:, j] = s * t
        pull = np.einsum("mij,mj->mi", bowls.H, bowls.c - b)
        # The corner holds a pull across it up to the L1 part of what balances the pull along the axis.
        held = 0.0 if ball.length else np.maximum(s * pull[:, j], 0.0) / ball.slope(t) * ball.rho
        hit |= (s * pull[:, j] >= 0.0) & (np.abs(pull[:, 1 - j]) <= held)
    return hit


def _copies(ball: Ball) -> str | float:
    """What the loss (b1 + b2 - 2)² leaves to the ball of radius ½."""
    angles = np.linspace(0.0, 0.5 * np.pi, 101)
    points = ball.reach(0.5, angles) * np.array([np.cos(angles), np.sin(angles)])
    total = points.sum(axis=0)
    best = np.flatnonzero(total >= total.max() - 1e-12)
    if len(best) > 2:
        return "any point of an edge"
    return 1.0 if best[0] % 100 == 0 else 0.0
