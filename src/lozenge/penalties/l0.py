"""The number of weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lozenge.penalties.jumping import Jumping

if TYPE_CHECKING:
    from lozenge.penalties.base import Floats


@dataclass(frozen=True)
class L0(Jumping):
    """Ω(b) = Σ vⱼ[bⱼ ≠ 0]: a price of entry, the same for every size.

    References
    ----------
    Hocking, Leslie (1967), Selection of the best subset in regression analysis, Technometrics 9.

    Examples
    --------
    A weight is worth its price where ½z² > α.

    >>> import numpy as np
    >>> from lozenge.penalties import L0
    >>> L0().with_weights(np.ones(3)).prox(np.array([1.0, 1.5, -3.0]), step=1.0, alpha=1.0)
    array([ 0. ,  1.5, -3. ])
    """

    name: ClassVar[str] = "l0"
    convex: ClassVar[bool] = False

    def parameters(self) -> dict[str, Any]:
        """Those of the bounds."""
        return super().parameters()

    def in_units(self, unit: float) -> Self:
        """α/u² = (α/u)/u."""
        return replace(super().in_units(unit), factor=self.factor / unit)

    def least(self, alpha: float | Floats) -> Floats:
        """√(2λ/h)."""
        found: Floats = np.sqrt(self._times(2.0 * alpha * self.factor) / self._h)
        return found

    def bend(self, B: Floats, alpha: float) -> Floats:  # noqa: ARG002 - flat but for the step
        """0."""
        return np.zeros(len(B))

    def prices(self, alpha: float) -> Floats | None:
        """λ; None between bounds."""
        return None if self.bounded else np.array(self._times(alpha * self.factor))

    def enters(self, size: Floats) -> Floats:
        """pull²/(2hv)."""
        found: Floats = np.square(size) / (2.0 * self._h * self._times(self.factor))
        return found

    def _costs(self, B: Floats, alpha: float) -> Floats:
        found: Floats = self._times(alpha * self.factor) * (B != 0.0)
        return found

    def slope(self, B: Floats, alpha: float) -> Floats:  # noqa: ARG002 - a step has the same slope at every height
        """0, and inf at b = 0, where the value jumps."""
        return np.where(B == 0.0, np.inf, 0.0)

    def prox(self, Z: Floats, step: float | Floats, alpha: float) -> Floats:
        """z where |z| > √(2 step·αv), else 0."""
        return self._confined(
            np.where(np.abs(Z) > np.sqrt(self._times(2.0 * step * alpha * self.factor)), Z, 0.0), Z, step, alpha
        )

    def zero_interval(self, alpha: float, curvature: Floats) -> tuple[Floats, Floats]:
        """±√(2αvh)."""
        threshold = np.sqrt(self._times(2.0 * alpha * self.factor) * curvature)
        return self._interval(threshold)
