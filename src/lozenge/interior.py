"""A primal-dual interior point method on the rows of a loss with edges, whose penalty is met exactly at every step.

f(y, η) = sup over lo <= u <= hi of u r - ½ γ u², r = y - η: f' jumps, or f'' does, where u meets an edge.  At the
optimum of  Σ w f/Σw + αΩ(β)  a row has s, t >= 0 with

    r = γu + s - t,   s (hi - u) = 0,   t (u - lo) = 0,   and   Zᵀ(w u)/Σw is in α∂Ω(β).

Here the two products are μ, which goes to 0: with γ = 0 that is the optimum of the loss whose corners have width μ.
Linear in all of them, a step d of β moves u by  D(ρ - Zd),  D = 1/(γ + s/(hi - u) + t/(u - lo)),  so that what is left
to solve is a proximal Newton step with slopes -(u + Dρ) and curvature D.  From β alone the corners of the next width
are far off and Newton's method takes short steps to them; rows that carry their u take ten, from anywhere.

References
----------
Mehrotra (1992), On the implementation of a primal-dual interior point method, SIAM J. Optim. 2, section 4.
Portnoy, Koenker (1997), The Gaussian hare and the Laplacian tortoise, Statistical Science 12, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lozenge.subproblem import Goal

if TYPE_CHECKING:
    from collections.abc import Generator

    from lozenge.design.base import Floats
    from lozenge.losses.base import Edges
    from lozenge.penalties.solvable import Solvable
    from lozenge.problem import Indices
    from lozenge.results import Split
    from lozenge.shards import Shard, Sums
    from lozenge.working import Ask, Point, Working

STEPS = 60  # at one α; ten are usual
FIRST = 0.1  # of the mean |r|, over the width of the edges: the first μ, and how far inside of them u starts
INSIDE = 0.995  # of the way to where a product would be 0
JOINING = 0.8  # of its price: a pull that takes a column into a step
TINY = 1e-300  # a mean |r| where every residual is 0
CENTRED = 0.1  # of μ: how far from it every product may end
NEAR, CENTRINGS = 4.0, 5  # times the last μ: from where on it is aimed at; and the most such steps
PROXIMAL = 1e-9  # of a column's curvature: what holds β back, so that columns that depend on others are told apart
WITHIN = 0.01  # of what the products add up to: the gap that a small problem's answer may leave


@dataclass(frozen=True, eq=False)
class State:
    """R, u, how far it is below hi and above lo, s and t, of all rows (n,); u alone rounds to an edge."""

    r: Floats
    u: Floats
    above: Floats
    below: Floats
    s: Floats
    t: Floats


@dataclass(frozen=True, eq=False)
class Move:
    """Steps of u, s and t."""

    u: Floats
    s: Floats
    t: Floats


class Rows:
    """The rows of one split, where they are all in one place: where they are, and what is aimed at.

    Shards take it in place of the loss: its slopes and bends are those of the step's model.
    """

    def __init__(self, shard: Shard, split: Split | None, edges: Edges) -> None:
        self._shard = shard
        self._edges = edges
        self._share = shard.share(split)
        self._counted = self._share > 0.0
        self._aim: tuple[Floats | float, Floats | float] = (0.0, 0.0)

    def begin(self, coef: Floats, cols: Indices) -> None:
        """Set out from a candidate."""
        lo, hi, gamma = self._edges
        r = self._residual(coef, cols)
        size = max(float(self._share @ np.abs(r)), TINY)
        margin = FIRST * (hi - lo)
        u = np.clip(r / (gamma + size / (hi - lo)), lo + margin, hi - margin)
        above, below = hi - u, u - lo
        s = np.maximum(r - gamma * u, 0.0) + margin * size / above
        self.state = State(r, u, above, below, s, np.maximum(gamma * u - r, 0.0) + margin * size / below)

    @property
    def product(self) -> float:
        """Mean of s(hi - u) + t(u - lo), what rows still cost."""
        at = self.state
        return float(self._share @ (at.s * at.above + at.t * at.below))

    def centred(self, mu: float) -> bool:
        """Whether every product is near μ and every residual is accounted for."""
        at = self.state
        off = np.maximum(np.abs(at.s * at.above - mu), np.abs(at.t * at.below - mu))
        left = np.abs(at.r - self._edges.gamma * at.u - at.s + at.t)
        return bool((np.maximum(off, left)[self._counted] <= CENTRED * mu).all())

    def aim(self, mu: float, foreseen: Move | None = None, primal: float = 0.0, dual: float = 0.0) -> None:
        """Aim the products at μ, less what those shares of the step foreseen leave of second order.

        That is a forecast, which a product near 0 must not be left to.
        """
        self._aim = mu, mu
        if foreseen is not None:
            least, most, second = CENTRED * mu, mu + self.product, primal * dual * foreseen.u
            self._aim = np.clip(mu + foreseen.s * second, least, most), np.clip(mu - foreseen.t * second, least, most)

    def slopes(self, y: Floats, w: Floats, eta: Floats) -> Floats:  # noqa: ARG002 - a loss's signature
        """-w(u + Dρ), (n, 1)."""
        return w * -(self.state.u + self._bend() * self._missing())[:, None]

    def bends(self, y: Floats, w: Floats, eta: Floats) -> Floats:  # noqa: ARG002 - a loss's signature
        """wD, (n, 1)."""
        return w * self._bend()[:, None]

    def move(self, coef: Floats, cols: Indices) -> Move:
        """What a step of the coefficients does to u, s and t."""
        at, (over, under) = self.state, self._aim
        du = self._bend() * (self._missing() - self._shard.linear(coef, cols)[:, 0])
        return Move(du, (over + at.s * du) / at.above - at.s, (under - at.t * du) / at.below - at.t)

    def shares(self, move: Move) -> tuple[float, float]:
        """How much of a step β, s and t can take, and u; with γ they take the same."""
        at = self.state
        primal = min(self._share_of(at.s, move.s), self._share_of(at.t, move.t))
        dual = min(self._share_of(at.above, -move.u), self._share_of(at.below, move.u))
        return (min(primal, dual),) * 2 if self._edges.gamma else (primal, dual)

    def foretold(self, move: Move, primal: float, dual: float) -> float:
        """Mean of the products after those shares of a step."""
        at, du = self.state, dual * move.u
        s, t = at.s + primal * move.s, at.t + primal * move.t
        return float(self._share @ (s * (at.above - du) + t * (at.below + du)))

    def advance(self, move: Move, primal: float, dual: float, coef: Floats, cols: Indices) -> None:
        """Take those shares of a step; the coefficients are where β then is."""
        at, du, r = self.state, dual * move.u, self._residual(coef, cols)
        s, t = at.s + primal * move.s, at.t + primal * move.t
        self.state = State(r, at.u + du, at.above - du, at.below + du, s, t)

    def _residual(self, coef: Floats, cols: Indices) -> Floats:
        return np.asarray(self._shard.y - self._shard.predict(coef, cols)[:, 0])

    def _bend(self) -> Floats:
        at = self.state
        return np.asarray(1.0 / (self._edges.gamma + at.s / at.above + at.t / at.below))

    def _missing(self) -> Floats:
        """ρ."""
        at, (over, under) = self.state, self._aim
        return np.asarray(at.r - self._edges.gamma * at.u - over / at.above + under / at.below)

    def _share_of(self, x: Floats, change: Floats) -> float:
        falling = self._counted & (change < 0.0)
        return min(1.0, INSIDE * float(np.min(-x[falling] / change[falling], initial=np.inf)))


def enters(work: Working) -> bool:
    """Whether the loss has edges, its rows are in one place, and the penalty is one that a small problem meets."""
    problem = work.problem
    if problem.loss.edges is None or problem.fleet.alone is None or work.gramless or work.held is not None:
        return False
    return problem.penalty.gapped and not problem.penalty.majorised


def approach(work: Working, kernel: Solvable, point: Point, last: float) -> Generator[Ask, Sums, Floats]:
    """β on the working set where the products of all rows are near μ = ``last``, from a point on it."""
    problem, beta = work.problem, point.beta
    edges, shard = problem.loss.edges, problem.fleet.alone
    if edges is None or shard is None:
        raise TypeError("the rows of a loss with edges, all in one place, are asked for")
    rows = Rows(shard, problem.split, edges)
    rows.begin(*problem.coefficients(beta[:, None], work.cols))
    first, centring, before = rows.product, 0, beta
    work.inner = rows
    try:
        for _ in range(STEPS):
            mean = rows.product
            if not np.isfinite(mean):
                return before
            if centring == CENTRINGS or (mean <= NEAR * last and rows.centred(last)):
                break
            near = mean <= NEAR * last
            centring += near
            rows.aim(last if near else 0.0)
            at = replace(point, beta=beta, gradient=(yield from work.pulled(beta)), linear=None)
            yield from work.renew(beta, np.flatnonzero(work.moving(at, kernel, JOINING)))
            work.stiffen(PROXIMAL)
            goal = Goal(1e-4 * first, 0.0, mean, WITHIN * mean)
            change = work.newton(at, kernel, goal).beta - beta
            if not near:
                foreseen = rows.move(*problem.coefficients(change[:, None], work.cols))
                shares = rows.shares(foreseen)
                aim = 0.5 * mean * (rows.foretold(foreseen, *shares) / mean) ** 3
                rows.aim(max(aim, last), foreseen, *shares)
                at = replace(at, gradient=(yield from work.pulled(beta)))
                change = work.newton(at, kernel, goal).beta - beta
            move = rows.move(*problem.coefficients(change[:, None], work.cols))
            primal, dual = rows.shares(move)
            before, beta = beta, beta + primal * change
            rows.advance(move, primal, dual, *problem.coefficients(beta[:, None], work.cols))
    finally:
        work.inner = None
    return beta
