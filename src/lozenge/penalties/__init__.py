"""The registries of penalties: one file each."""

from lozenge.penalties.base import Penalty, Shape, SoftThreshold
from lozenge.penalties.elasticnet import ElasticNet
from lozenge.penalties.l0 import L0
from lozenge.penalties.l1 import L1
from lozenge.penalties.l2 import L2
from lozenge.penalties.log import Log
from lozenge.penalties.lq import Lq
from lozenge.penalties.mcp import MCP
from lozenge.penalties.scad import SCAD

# With a path and a certificate.
PENALTIES: dict[str, type[Penalty]] = {penalty.name: penalty for penalty in (L1, L2, ElasticNet, MCP, SCAD, Log)}
# All that have a value, a slope and a prox: what the lessons compare.
SHAPES: dict[str, type[Shape]] = {shape.name: shape for shape in (L1, L2, ElasticNet, Lq, L0, MCP, SCAD, Log)}

__all__ = [
    "L0",
    "L1",
    "L2",
    "MCP",
    "PENALTIES",
    "SCAD",
    "SHAPES",
    "ElasticNet",
    "Log",
    "Lq",
    "Penalty",
    "Shape",
    "SoftThreshold",
]
