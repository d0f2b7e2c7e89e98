"""What forms share that are known by their prox: descent by proximal gradient steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from lozenge import _kernel
from lozenge.penalties.form import Young

if TYPE_CHECKING:
    from lozenge.penalties.form import Bools, Floats

STEPS = 8  # of the proximal gradient method for one sweep
POWERS = 3  # products in the estimate of the largest eigenvalue
WIDER = 1.05  # than what such an estimate, which comes from below, says


class ByProx(ABC):
    """A convex form without curvature of its own, whose coordinates depend on one another."""

    @property
    def smooth(self) -> bool:
        """Never."""
        return False

    @abstractmethod
    def prox(self, z: Floats, step: float) -> Floats:
        """Argmin over b of ½‖b - z‖² + step·αΩ(b)."""

    @abstractmethod
    def cost(self, b: Floats) -> float:
        """αΩ(b)."""

    @abstractmethod
    def conjugate(self, z: Floats) -> float:
        """(αΩ)*(z)."""

    @abstractmethod
    def scale(self, z: Floats) -> float:
        """The largest s up to 1 with a finite conjugate at sz."""

    def certain(self, z: Floats, radius: Floats) -> Bools:
        """None: whether one is zero depends on all the others."""
        return np.zeros(np.broadcast(z, radius).shape, dtype=bool)

    def young(self, b: Floats, g: Floats, slack: Floats) -> Young:
        """With z scaled down to where it is feasible."""
        scale = self.scale(np.copysign(np.abs(g) + slack, -g))
        value = self.cost(b) + scale * float(g @ b) + float(slack @ np.abs(b))
        return Young(max(value, 0.0), 1.0 - scale)

    @property
    def toll(self) -> float:
        """Of the steps of one sweep, each about ten calls of NumPy."""
        return 8e-5 * STEPS

    def work(self, b: Floats) -> int:
        """A product with the Gram for each step."""
        return STEPS * len(b) ** 2

    def descend(self, S: Floats, b: Floats, g: Floats, sweeps: int) -> None:
        """Accelerated proximal gradient steps, begun anew where they would climb.

        References
        ----------
        Beck, Teboulle (2009), A fast iterative shrinkage-thresholding algorithm for linear inverse problems, SIAM J.
        Imaging Sciences 2, eq. 4.1-4.3. O'Donoghue, Candès (2015), Adaptive restart for accelerated gradient schemes,
        Foundations of Computational Mathematics 15, section 3.2.
        """
        steep, product = steepness(S, g), np.empty(len(b))
        ahead, slope, momentum = b.copy(), g.copy(), 1.0
        for _ in range(STEPS * sweeps):
            while True:
                new = self.prox(ahead - slope / steep, 1.0 / steep)
                step = new - ahead
                _kernel.multiply(S, step, product)
                size = float(step @ step)
                bent = float(step @ product)
                if bent <= steep * size * (1.0 + 1e-12):
                    break
                steep = WIDER * bent / size
            gradient, moved = slope + product, new - b
            if float((ahead - new) @ moved) > 0.0:
                momentum = 1.0
            after = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum * momentum))
            weight, momentum = (momentum - 1.0) / after, after
            ahead, slope = new + weight * moved, gradient + weight * (gradient - g)
            b[:], g[:] = new, gradient
            if size == 0.0 and not moved.any():
                break


def steepness(S: Floats, toward: Floats) -> float:
    """The largest eigenvalue of S, nearly, and from below: what powers of S make of a vector."""
    v, product = toward if toward.any() else np.ones(len(S)), np.empty(len(S))
    v = v / float(np.linalg.norm(v))
    found = 0.0
    for _ in range(POWERS):
        _kernel.multiply(S, v, product)
        found = float(np.linalg.norm(product))
        if found == 0.0:
            return max(float(np.trace(S)), 1e-300)
        v = product / found
    return WIDER * found
