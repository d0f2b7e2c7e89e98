"""The registry of losses: one file each."""

from lozenge.losses.base import Loss, Target
from lozenge.losses.logistic import Logistic
from lozenge.losses.squared import Squared

LOSSES: dict[str, type[Loss]] = {loss.name: loss for loss in (Squared, Logistic)}

__all__ = ["LOSSES", "Logistic", "Loss", "Squared", "Target"]
