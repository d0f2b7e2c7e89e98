"""The registry of losses: one file each."""

from lozenge.losses.base import Loss, Target
from lozenge.losses.logistic import Logistic
from lozenge.losses.squared import Squared

_ALL: tuple[type[Loss], ...] = (Squared, Logistic)
LOSSES: dict[str, type[Loss]] = {loss.name: loss for loss in _ALL}

__all__ = ["LOSSES", "Logistic", "Loss", "Squared", "Target"]
