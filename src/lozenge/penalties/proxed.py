"""The form of a penalty that is known by its value and its prox alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from lozenge import _kernel
from lozenge.penalties.byprox import WIDER, steepness
from lozenge.penalties.face import Face
from lozenge.penalties.form import TINY, scaled_young

if TYPE_CHECKING:
    from lozenge.penalties.form import Bools, Floats, Indices, Young

BETWEEN = 6  # steps from one extrapolation to the next
ROUNDS = 2  # of those for one sweep
DENSE = 1000  # coordinates up to which the derivative of the prox is taken, by that many pairs of calls
EASY = 2  # sweeps after which first-order steps alone ought to be there
NEWTONS = 10  # steps of Newton's method after the others
REACHES = (1.0, 30.0, 1000.0)  # steps of the residual that it is tried on, over the safe one
SHARES = (1.0, 0.3, 0.1)  # of a step of Newton's method
DIFFERENCE = 1e-7  # of the largest entry
EDGE = 1e-13  # relative width to which the edge of a conjugate's domain is found
STRICT = 1e-9  # by which a pull must stay inside what holds a zero, to be sure of it


class Told(Protocol):
    """What a penalty must tell for this form: in one unit, at any α."""

    @property
    def size(self) -> int:
        """Coordinates."""
        ...

    @property
    def separable(self) -> bool:
        """Whether it is a sum over coordinates."""
        ...

    @property
    def screens(self) -> bool:
        """Whether columns may be left out."""
        ...

    @property
    def bends(self) -> bool:
        """Whether it has a slope for Newton's method."""
        ...

    def take(self, cols: Indices) -> Self:
        """Give the same on some coordinates."""
        ...

    def value(self, B: Floats, alpha: float) -> float:
        """αΩ(b)."""
        ...

    def prox(self, Z: Floats, step: float, alpha: float) -> Floats:
        """Argmin over b of ½‖b - z‖² + step·αΩ(b)."""
        ...

    def slope(self, B: Floats, alpha: float) -> Floats:
        """Derivative where b ≠ 0."""
        ...

    def bend(self, B: Floats, alpha: float) -> Floats:
        """Second derivative where b ≠ 0."""
        ...

    def violation(self, B: Floats, grad: Floats, alpha: float) -> Floats:
        """How far b is from stationary."""
        ...

    def conjugate(self, Z: Floats, alpha: float) -> float:
        """(αΩ)*(z)."""
        ...

    def interval(self, alpha: float) -> tuple[Floats, Floats]:
        """Pulls between which a zero stays."""
        ...


@dataclass(frozen=True, eq=False)
class Proxed:
    """αΩ of a penalty at one α, convex or not."""

    own: Told
    alpha: float

    @property
    def smooth(self) -> bool:
        """Not that anyone knows."""
        return False

    @property
    def ridge(self) -> Floats:
        """0: none that is known."""
        return np.zeros(self.own.size)

    def take(self, cols: Indices) -> Proxed:
        """Give the same on some coordinates."""
        return Proxed(self.own.take(cols), self.alpha)

    def cost(self, b: Floats) -> float:
        """αΩ(b)."""
        return self.own.value(b, self.alpha)

    def missed(self, b: Floats, g: Floats) -> Floats:
        """The penalty's violation."""
        return self.own.violation(b, g, self.alpha)

    def conjugate(self, z: Floats) -> float:
        """The penalty's."""
        return self.own.conjugate(z, self.alpha)

    def scale(self, z: Floats) -> float:
        """By bisection: the domain of a conjugate is convex and holds 0."""
        if np.isfinite(self.conjugate(z)):
            return 1.0
        low, high = 0.0, 1.0
        while high - low > EDGE * high:
            middle = 0.5 * (low + high)
            low, high = (middle, high) if np.isfinite(self.conjugate(middle * z)) else (low, middle)
            if high < EDGE:
                return 0.0
        return low

    def pressure(self, z: Floats) -> Floats:
        """The pull over the end of the interval that it pulls to; inf where no column may be left out."""
        if not self.own.screens:
            return np.full(len(z), np.inf)
        low, high = self.own.interval(self.alpha)
        with np.errstate(over="ignore"):  # a price of 0 asks for every column that pulls at all
            return np.abs(z) / np.maximum(np.where(z > 0.0, high, -low), TINY)

    def certain(self, z: Floats, radius: Floats) -> Bools:
        """Both ends of z ± radius within the interval, and not by a hair; none where Ω is no sum."""
        if not self.own.separable:
            return np.zeros(len(z), dtype=bool)
        low, high = self.own.interval(self.alpha)
        found: Bools = (z + radius < high * (1.0 - STRICT)) & (z - radius > low * (1.0 - STRICT))
        return found

    def moving(self, b: Floats, g: Floats, share: float) -> Bools:
        """B ≠ 0, or pulled by more than a share of what holds it; all where no column may be left out."""
        found: Bools = (b != 0.0) | (self.pressure(-g) > share)
        return found

    def young(self, b: Floats, g: Floats, slack: Floats) -> Young:
        """With z scaled down to where its conjugate is finite."""
        return scaled_young(self, b, g, slack)

    def descend(self, S: Floats, b: Floats, g: Floats, sweeps: int) -> None:
        """Proximal gradient steps, none of which climbs; extrapolations and Newton steps where those fall.

        A step of 1/h falls if h is no less than the curvature along it: dᵀSd ≤ h‖d‖². Extrapolated is to the
        combination of the last steps whose residual would be least if the map of a step were linear, as it is once the
        face is found; of a penalty that is not convex too, since what does not fall is not taken.

        References
        ----------
        Mai, Johansson (2020), Anderson acceleration of proximal gradient methods, ICML, algorithm 1 and section 4.
        Xiao, Li, Wen, Zhang (2018), A regularized semi-smooth Newton method with projection steps for composite convex
        programs, J. Scientific Computing 76, eq. 3.1: Newton's method on the residual of the prox.
        """
        steep, product = steepness(S, g), np.empty(len(b))
        seen: list[tuple[Floats, Floats]] = []  # where steps led, and the steps
        for number in range(ROUNDS * BETWEEN * sweeps):
            if len(seen) == BETWEEN and number:
                self._extrapolate(S, b, g, seen, product)
                seen = []
            while True:
                new = self.own.prox(b - g / steep, 1.0 / steep, self.alpha)
                step = new - b
                _kernel.multiply(S, step, product)
                size, bent = float(step @ step), float(step @ product)
                if bent <= steep * size * (1.0 + 1e-12):
                    break
                steep = WIDER * bent / size
            if size == 0.0:
                return
            g += product
            b[:] = new
            seen.append((new, step))
        if sweeps > EASY and len(b) <= DENSE and not self.own.bends:
            for _ in range(NEWTONS):
                if not any(self._newton(S, b, g, steep, reach / steep, product) for reach in REACHES):
                    break

    def _extrapolate(self, S: Floats, b: Floats, g: Floats, seen: list[tuple[Floats, Floats]], product: Floats) -> None:
        """Go on to where the last steps lead, in place, if that is lower."""
        steps = np.array([step for _, step in seen])
        inner = steps @ steps.T
        inner[np.diag_indices(len(seen))] += 1e-12 * np.trace(inner)
        try:
            share = np.linalg.solve(inner, np.ones(len(seen)))
        except np.linalg.LinAlgError:
            return
        total = float(np.sum(share))
        if not np.isfinite(total) or total == 0.0:
            return
        far = (share / total) @ np.array([new for new, _ in seen])
        change = far - b
        _kernel.multiply(S, change, product)
        if float(change @ (g + 0.5 * product)) + self.cost(far) < self.cost(b):
            b[:] = far
            g += product

    def _newton(self, S: Floats, b: Floats, g: Floats, steep: float, step: float, product: Floats) -> bool:
        """One step on b - prox(b - step·(Sb - linear)) = 0, then one of the prox, in place; whether that is lower.

        J, the derivative of the prox, by differences: the system is I - J + step·JS.
        """
        z = b - step * g
        left = b - self.own.prox(z, step, self.alpha)
        size = float(np.max(np.abs(left)))
        if size == 0.0:
            return False
        h, k = DIFFERENCE * float(np.max(np.abs(z))), len(b)
        J = np.empty((k, k))
        for j in range(k):
            before = z[j]
            z[j] = before + h
            J[:, j] = self.own.prox(z, step, self.alpha)
            z[j] = before - h
            J[:, j] -= self.own.prox(z, step, self.alpha)
            z[j] = before
        J *= 0.5 / h
        system = step * (J @ S) - J
        system[np.diag_indices(k)] += 1.0
        try:
            direction = np.linalg.solve(system, -left)
        except np.linalg.LinAlgError:
            return False
        if not np.isfinite(direction).all():
            return False
        here = self.cost(b)
        for share in SHARES:
            far = b + share * direction
            _kernel.multiply(S, np.asarray(share * direction), product)
            far = self.own.prox(far - (g + product) / steep, 1.0 / steep, self.alpha)
            change = far - b
            _kernel.multiply(S, change, product)
            if float(change @ (g + 0.5 * product)) + self.cost(far) < here:
                b[:] = far
                g += product
                return True
        return False

    @property
    def toll(self) -> float:
        """Of the steps of one sweep, each about ten calls of NumPy."""
        return 8e-5 * ROUNDS * BETWEEN

    def work(self, b: Floats) -> int:
        """A product with the Gram for each step."""
        return ROUNDS * BETWEEN * len(b) ** 2

    def face(self, b: Floats) -> Face:
        """The coordinates that are not zero, where there is a slope; else none."""
        return Face(np.flatnonzero(b) if self.own.bends else np.zeros(0, dtype=np.intp))

    def slope(self, b: Floats) -> Floats:
        """The penalty's."""
        return self.own.slope(b, self.alpha)

    def stiffen(self, system: Floats, face: Face, b: Floats) -> None:
        """Add the penalty's second derivative."""
        system[np.diag_indices(len(face.rows))] += self.own.bend(b, self.alpha)[face.rows]

    def onto(self, b: Floats, moved: Floats) -> Floats:
        """To zero where the sign turns."""
        return np.where(b * moved < 0.0, 0.0, moved)
