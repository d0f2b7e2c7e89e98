"""What penalties share that are norms of all coordinates, or of groups of them: no bounds, no units."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lozenge.penalties.base import Floats, Indices
    from lozenge.penalties.form import Bools
    from lozenge.results import Hold


class Whole(ABC):
    """A convex penalty with Ω(ub) = uΩ(b) that looks at several coordinates at once."""

    convex: ClassVar[bool] = True

    @property
    def screens(self) -> bool:
        """Whether columns that are surely zero may be left out of the small problem."""
        return True

    @property
    def gapped(self) -> bool:
        """Whether its conjugate gives a duality gap."""
        return True

    @property
    def bounds(self) -> None:
        """None."""
        return

    @property
    def jumps(self) -> bool:
        """No."""
        return False

    @property
    def majorised(self) -> bool:
        """No."""
        return False

    def yardstick(self, alpha: float) -> float:
        """The pull in units of which a violation is told: α."""
        return alpha

    def curved(self, curvature: Floats) -> Self:  # noqa: ARG002 - asked by those that jump
        """The same."""
        return self

    def usual_weights(self, p: int) -> Floats:
        """1."""
        return np.ones(p)

    def named(self, names: Sequence[str]) -> Self:  # noqa: ARG002 - nothing is given by name
        """The same."""
        return self

    def copied(self, count: int) -> Self:  # noqa: ARG002 - nothing is laid out yet
        """The same, over all copies together."""
        return self

    def on(self, cols: Indices, weights: Floats, unit: Floats) -> Self:  # noqa: ARG002 - nothing has a unit
        """With the weights of some columns."""
        return self.with_weights(weights)

    @abstractmethod
    def with_weights(self, weights: Floats) -> Self:
        """Give the same penalty with v."""

    @abstractmethod
    def price(self, alpha: float) -> Floats:
        """(k,) what holds a zero where all others are zero too."""

    def hold(self, B: Floats, pull: Floats, alpha: float) -> tuple[Floats, Hold | None]:  # noqa: ARG002 - asked by penalties that hold several together
        """Prices of each alone."""
        return self.price(alpha), None

    def in_units(self, unit: float) -> Self:  # noqa: ARG002 - homogeneous: αΩ(ub)/u² = (α/u)Ω(b)
        """The same."""
        return self

    @abstractmethod
    def value(self, B: Floats, alpha: float) -> float:
        """αΩ(b)."""

    def norm(self, B: Floats) -> float:
        """Ω(b)."""
        return self.value(B, 1.0)

    def within(self, B: Floats) -> Bools:
        """All."""
        return np.ones(len(B), dtype=bool)

    def pooled(self, size: Floats) -> Floats:
        """What adaptive weights are taken from: the sizes themselves."""
        return size

    def allows(self, B: Floats) -> bool:  # noqa: ARG002 - whatever it is
        """Always."""
        return True

    def aliases(self, names: Sequence[str]) -> dict[str, list[int]]:  # noqa: ARG002 - columns have no other names
        """None."""
        return {}
