"""The registries of penalties: one file each."""

from lozenge.penalties.base import Penalty, Shape
from lozenge.penalties.capped_l1 import CappedL1
from lozenge.penalties.elasticnet import ElasticNet
from lozenge.penalties.group import Group
from lozenge.penalties.group_mcp import GroupMCP
from lozenge.penalties.l0 import L0
from lozenge.penalties.l1 import L1
from lozenge.penalties.l2 import L2
from lozenge.penalties.log import Log
from lozenge.penalties.lq import Lq
from lozenge.penalties.mcp import MCP
from lozenge.penalties.native import compiled
from lozenge.penalties.scad import SCAD
from lozenge.penalties.slope import Slope
from lozenge.penalties.sparse_group import SparseGroup
from lozenge.penalties.tv import TV

# With a path and a certificate.
PENALTIES: dict[str, type[Penalty]] = {
    penalty.name: penalty
    for penalty in (L1, L2, ElasticNet, Lq, L0, MCP, SCAD, Log, CappedL1, Group, SparseGroup, GroupMCP, Slope, TV)
}
# All that have a value, a slope and a prox of one coordinate: what the lessons compare.
SHAPES: dict[str, type[Shape]] = {shape.name: shape for shape in (L1, L2, ElasticNet, Lq, L0, MCP, SCAD, Log, CappedL1)}

__all__ = [
    "L0",
    "L1",
    "L2",
    "MCP",
    "PENALTIES",
    "SCAD",
    "SHAPES",
    "TV",
    "CappedL1",
    "ElasticNet",
    "Group",
    "GroupMCP",
    "Log",
    "Lq",
    "Penalty",
    "Shape",
    "Slope",
    "SparseGroup",
    "compiled",
]
