"""The laws of a penalty and of a loss, looked at one by one: which is broken, where, by how much, what to look at."""

from lozenge.testing.broken import BrokenLaw
from lozenge.testing.loss import check_loss
from lozenge.testing.penalty import check_penalty

__all__ = ["BrokenLaw", "check_loss", "check_penalty"]
