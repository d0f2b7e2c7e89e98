"""The forms that the small problem can be solved under."""

from typing import TypeAlias

from lozenge.penalties.faced import Faced
from lozenge.penalties.form import SoftThreshold
from lozenge.penalties.jumping import Jump

Solvable: TypeAlias = SoftThreshold | Faced | Jump
