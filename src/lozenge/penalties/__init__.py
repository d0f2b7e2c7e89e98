"""The registry of penalties: one file each."""

from lozenge.penalties.base import Penalty, SoftThreshold
from lozenge.penalties.elasticnet import ElasticNet
from lozenge.penalties.l1 import L1
from lozenge.penalties.l2 import L2

PENALTIES: dict[str, type[ElasticNet]] = {penalty.name: penalty for penalty in (L1, L2, ElasticNet)}

__all__ = ["L1", "L2", "PENALTIES", "ElasticNet", "Penalty", "SoftThreshold"]
