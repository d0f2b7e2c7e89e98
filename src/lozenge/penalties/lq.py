"""The bridge: a power of the weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lozenge.penalties.base import Separable

if TYPE_CHECKING:
    from lozenge.penalties.base import Floats

STEPS = 100  # of Newton, which is quadratic: about six are needed, more beside the jump


@dataclass(frozen=True)
class Lq(Separable):
    """Ω(b) = Σ vⱼ|bⱼ|^q: a cusp at zero for q < 1, a corner at q = 1, smooth above.

    Parameters
    ----------
    q : in (0, 2]

    Raises
    ------
    ValueError
        If ``q`` is outside (0, 2].

    References
    ----------
    Frank, Friedman (1993), A statistical view of some chemometrics regression tools, Technometrics 35.

    Examples
    --------
    At q = ½ a pull up to (3/2) α^(2/3) leaves the weight at zero; beyond it the weight jumps.

    >>> import numpy as np
    >>> from lozenge.penalties import Lq
    >>> Lq(q=0.5).with_weights(np.ones(2)).prox(np.array([1.49, 1.51]), step=1.0, alpha=1.0).round(3)
    array([0.   , 1.013])
    """

    q: float = 0.5

    name: ClassVar[str] = "lq"

    def __post_init__(self) -> None:
        if not 0.0 < self.q <= 2.0:
            raise ValueError(f"q must be above 0 and at most 2; got {self.q}")

    @property
    def convex(self) -> bool:
        """From q = 1 on."""
        return self.q >= 1.0

    def parameters(self) -> dict[str, float]:
        """The constructor's arguments."""
        return {"q": self.q}

    def value(self, B: Floats, alpha: float) -> float:
        """αΩ(b)."""
        return float(self._times(alpha) @ np.abs(B) ** self.q)

    def slope(self, B: Floats, alpha: float) -> Floats:
        """αvq|b|^(q-1) sign(b), with sign(0) = 1."""
        with np.errstate(divide="ignore"):
            return np.where(B < 0, -1.0, 1.0) * self._times(alpha * self.q) * np.abs(B) ** (self.q - 1.0)

    def prox(self, Z: Floats, step: float, alpha: float) -> Floats:
        """The root of b + λq b^(q-1) = |z|, λ = step·αv, from the side on which Newton's steps are monotone.

        For q < 1 the left side is convex where its larger root lies, and |z| is above that root; for 1 < q < 2 it is
        concave, and the start is below: each of the two terms takes at most half of |z|.
        """
        z, lam, q = np.abs(Z), self._times(step * alpha), self.q
        if q == 1.0:
            return np.sign(Z) * np.maximum(z - lam, 0.0) + 0.0
        kept = z > self._jump(lam)
        b = np.zeros_like(z)
        z, lam = z[kept], lam[kept]
        with np.errstate(under="ignore"):
            x = z.copy() if q < 1.0 else np.minimum(0.5 * z, (z / (2.0 * lam * q)) ** (1.0 / (q - 1.0)))
            for _ in range(STEPS):
                power = lam * q * x ** (q - 1.0)
                bend = 1.0 + (q - 1.0) * np.divide(power, x, out=np.zeros_like(x), where=x > 0)
                change = (z - x - power) / bend
                # At a rounding's distance of the root the step may go either way.
                moved = np.where(np.isfinite(change), np.clip(x + change, 0.0, z), x)
                if (np.abs(moved - x) <= 1e-16 * x).all():
                    break
                x = moved
        b[kept] = x
        return np.sign(Z) * b + 0.0  # + 0.0: no negative zeros

    def zero_interval(self, alpha: float, curvature: Floats) -> tuple[Floats, Floats]:
        """For q < 1 ±(2 - q)/(2(1 - q)) h (2λ(1 - q)/h)^(1/(2 - q)) with λ = αv; ±λ at q = 1; the point 0 above."""
        threshold = curvature * self._jump(self._times(alpha) / curvature)
        return -threshold, threshold

    def _jump(self, lam: Floats) -> Floats:
        """Largest z that the prox sends to zero."""
        q = self.q
        if q > 1.0:
            return np.zeros_like(lam)
        if q == 1.0:
            return lam
        found: Floats = (2.0 - q) / (2.0 * (1.0 - q)) * (2.0 * lam * (1.0 - q)) ** (1.0 / (2.0 - q))
        return found
