"""The bridge: a power of the weight."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lozenge.penalties.jumping import Jumping

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lozenge.penalties.base import Floats

STEPS = 100  # of Newton, which is quadratic: about six are needed
ROUNDING = 1e-15  # of z: what is left of the equation where rounding is all there is


@dataclass(frozen=True)
class Lq(Jumping):
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
    Frank, Friedman (1993), A statistical view of some chemometrics regression tools, Technometrics 35. The prox at ½:
    Xu, Chang, Xu, Zhang (2012), L1/2 regularization: a thresholding representation theory, IEEE Transactions on Neural
    Networks and Learning Systems 23, eq. 11; at ⅔: Cao, Sun, Xu (2013), Fast image deconvolution using closed-form
    thresholding formulas of L_q (q = 1/2, 2/3) regularization, J. Visual Communication and Image Representation 24.

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
        super().__post_init__()
        if not 0.0 < self.q <= 2.0:
            raise ValueError(f"q must be above 0 and at most 2; got {self.q}")

    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"q": self.q} | super().parameters()

    @property
    def convex(self) -> bool:
        """From q = 1 on."""
        return self.q >= 1.0

    @property
    def gapped(self) -> bool:
        """No."""
        return False

    def named(self, names: Sequence[str]) -> Self:
        """Refuse what has a path of its own, or none."""
        if self.q >= 1.0:
            raise ValueError(
                f"a path under lq needs q below 1; got {self.q:g}. q = 1 is l1 and q = 2 twice l2: use these"
            )
        return super().named(names)

    def in_units(self, unit: float) -> Self:
        """α|ub|^q/u² = (α/u)u^(q-1)|b|^q."""
        return replace(super().in_units(unit), factor=self.factor * unit ** (self.q - 1.0))

    def least(self, alpha: float | Floats) -> Floats:
        """(2λ(1 - q)/h)^(1/(2 - q))."""
        lam = self._times(alpha * self.factor)
        found: Floats = (2.0 * lam * (1.0 - self.q) / self._h) ** (1.0 / (2.0 - self.q))
        return found

    def bend(self, B: Floats, alpha: float) -> Floats:
        """λq(q - 1)|b|^(q-2)."""
        q = self.q
        with np.errstate(divide="ignore", over="ignore"):
            found: Floats = self._times(alpha * self.factor * q * (q - 1.0)) * np.abs(B) ** (q - 2.0)
        return found

    def enters(self, size: Floats) -> Floats:
        """h/(2v(1 - q)) · (2(1 - q)|pull|/((2 - q)h))^(2 - q)."""
        q, h = self.q, self._h
        reach = 2.0 * (1.0 - q) * size / ((2.0 - q) * h)
        found: Floats = h * reach ** (2.0 - q) / (2.0 * (1.0 - q) * self._times(self.factor))
        return found

    def _costs(self, B: Floats, alpha: float) -> Floats:
        return self._times(alpha * self.factor) * np.abs(B) ** self.q

    def slope(self, B: Floats, alpha: float) -> Floats:
        """αvq|b|^(q-1) sign(b), with sign(0) = 1."""
        with np.errstate(divide="ignore"):
            return np.where(B < 0, -1.0, 1.0) * self._times(alpha * self.factor * self.q) * np.abs(B) ** (self.q - 1.0)

    def prox(self, Z: Floats, step: float | Floats, alpha: float) -> Floats:
        """The root of b + λq b^(q-1) = |z|, λ = step·αv: in closed form at q = ½ and ⅔, else by Newton's steps.

        Those come from the side on which they are monotone. For q < 1 the left side is convex where its larger root
        lies, and |z| is above that root; for 1 < q < 2 it is concave, and the start is below: each of the two terms
        takes at most half of |z|. One step takes the closed forms to full precision.
        """
        z, lam, q = np.abs(Z), self._times(step * alpha * self.factor), self.q
        if q == 1.0:
            return self._confined(np.sign(Z) * np.maximum(z - lam, 0.0) + 0.0, Z, step, alpha)
        kept = z > self._jump(lam)
        b = np.zeros_like(z)
        z, lam = z[kept], lam[kept]
        with np.errstate(under="ignore"):
            if q in CLOSED:
                x, steps = CLOSED[q](z, lam), 1
            else:
                x, steps = z if q < 1.0 else np.minimum(0.5 * z, (z / (2.0 * lam * q)) ** (1.0 / (q - 1.0))), STEPS
            for _ in range(steps):
                power = lam * q * x ** (q - 1.0)
                bend = 1.0 + (q - 1.0) * np.divide(power, x, out=np.zeros_like(x), where=x > 0)
                rest = z - x - power
                change = rest / bend
                x = np.where(np.isfinite(change), np.clip(x + change, 0.0, z), x)
                if (np.abs(rest) <= ROUNDING * z).all():
                    break
        b[kept] = x
        return self._confined(np.sign(Z) * b + 0.0, Z, step, alpha)  # + 0.0: no negative zeros

    def zero_interval(self, alpha: float, curvature: Floats) -> tuple[Floats, Floats]:
        """For q < 1 ±(2 - q)/(2(1 - q)) h (2λ(1 - q)/h)^(1/(2 - q)) with λ = αv; ±λ at q = 1; the point 0 above."""
        threshold = curvature * self._jump(self._times(alpha * self.factor) / curvature)
        return self._interval(threshold)

    def _jump(self, lam: Floats) -> Floats:
        """Largest z that the prox sends to zero."""
        q = self.q
        if q > 1.0:
            return np.zeros_like(lam)
        if q == 1.0:
            return lam
        found: Floats = (2.0 - q) / (2.0 * (1.0 - q)) * (2.0 * lam * (1.0 - q)) ** (1.0 / (2.0 - q))
        return found


def _half(z: Floats, lam: Floats) -> Floats:
    """The larger root of b + (λ/2) b^(-1/2) = z: a cubic in √b with three real roots, by its angle."""
    with np.errstate(divide="ignore", over="ignore"):
        angle = np.arccos(0.25 * (z / (3.0 * lam ** (2.0 / 3.0))) ** -1.5)
    root: Floats = 2.0 / 3.0 * z * (1.0 + np.cos(2.0 / 3.0 * (np.pi - angle)))
    return root


def _two_thirds(z: Floats, lam: Floats) -> Floats:
    """The larger root of b + (2λ/3) b^(-1/3) = z: w = b^(1/3) has w⁴ - zw + 2λ/3 = 0, and A is its real roots' sum.

    In units of λ^(3/4); from 1e13 of them on b is z.
    """
    with np.errstate(divide="ignore", over="ignore"):
        unit = lam**0.75
        far = z / unit
    near = np.minimum(far, 1e13)
    third = np.arccosh(27.0 / 16.0 * 2.0**-1.5 * np.square(near)) / 3.0
    total = 2.0**1.25 / np.sqrt(3.0) * np.sqrt(np.cosh(third))
    root = 0.5 * (total + np.sqrt(2.0 * near / total - np.square(total)))
    return np.where(far < 1e13, unit * root**3, z)


CLOSED = {1.0 / 2.0: _half, 2.0 / 3.0: _two_thirds}  # the larger root where there is one beyond the jump
