"""Forms that descent and Newton's method on a face solve: those whose corner is not a soft threshold's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from lozenge.penalties.form import Form

if TYPE_CHECKING:
    from lozenge.penalties.face import Face
    from lozenge.penalties.form import Floats


class Faced(Form, Protocol):
    """What the solver on faces needs beyond a `Form`."""

    def descend(self, S: Floats, b: Floats, g: Floats, sweeps: int) -> None:
        """Lower ½bᵀSb - linearᵀb + αΩ(b), in place, from the gradient g of its smooth part, kept up to date."""
        ...

    @property
    def toll(self) -> float:
        """Seconds of one sweep of descent that do not depend on its size."""
        ...

    def work(self, b: Floats) -> int:
        """Multiplications of one sweep of descent."""
        ...

    def face(self, b: Floats) -> Face:
        """The face on which b lies."""
        ...

    def slope(self, b: Floats) -> Floats:
        """(k,) derivative along the face; anything elsewhere."""
        ...

    def stiffen(self, system: Floats, face: Face, b: Floats) -> None:
        """Add the second derivative on a face, in place."""
        ...

    def onto(self, b: Floats, moved: Floats) -> Floats:
        """What of a step from b leaves b's face, brought back to its edge."""
        ...
