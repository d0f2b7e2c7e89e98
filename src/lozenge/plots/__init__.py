"""Pictures of records: matplotlib, one function each."""

from lozenge.plots.arguments import lesson
from lozenge.plots.beside import weights
from lozenge.plots.curves import cv_curve, path, stability

__all__ = ["cv_curve", "lesson", "path", "stability", "weights"]
