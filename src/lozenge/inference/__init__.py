"""Uncertainty after the lasso: intervals for all weights, for the kept ones, and selections with few false ones.

Each rests on assumptions of its own, which its record holds and prints beside its numbers.
"""

from lozenge.inference.desparsified import intervals
from lozenge.inference.knockoffs import knockoffs
from lozenge.inference.polyhedral import selected
from lozenge.inference.records import Intervals, Knockoffs, SelectedIntervals

__all__ = ["Intervals", "Knockoffs", "SelectedIntervals", "intervals", "knockoffs", "selected"]
