"""Sparse linear models that are exact, fast, and able to say why a weight is zero."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "path": ("lozenge.fit", "path"),
    "compare": ("lozenge.contest", "compare"),
    "load": ("lozenge.io", "load"),
    "L0Ball": ("lozenge.penalties.balls", "L0Ball"),
    "L1Ball": ("lozenge.penalties.balls", "L1Ball"),
    "L2Ball": ("lozenge.penalties.balls", "L2Ball"),
    "GroupBall": ("lozenge.penalties.balls", "GroupBall"),
    "adaptive": ("lozenge.reweighted", "adaptive"),
    "Path": ("lozenge.results", "Path"),
    "Solution": ("lozenge.results", "Solution"),
    "Certificate": ("lozenge.results", "Certificate"),
    "Comparison": ("lozenge.results", "Comparison"),
    "Lesson": ("lozenge.results", "Lesson"),
    "Reason": ("lozenge.results", "Reason"),
    "Status": ("lozenge.results", "Status"),
    "ModelFileError": ("lozenge.io", "ModelFileError"),
    "lessons": ("lozenge.explain.lessons", None),
    "losses": ("lozenge.losses", None),
    "penalties": ("lozenge.penalties", None),
    "tables": ("lozenge.tables", None),
    "plots": ("lozenge.plots", None),
    "testing": ("lozenge.testing", None),
}

__all__ = [
    "Certificate",
    "Comparison",
    "GroupBall",
    "L0Ball",
    "L1Ball",
    "L2Ball",
    "Lesson",
    "ModelFileError",
    "Path",
    "Reason",
    "Solution",
    "Status",
    "adaptive",
    "compare",
    "lessons",
    "load",
    "losses",
    "path",
    "penalties",
    "plots",
    "tables",
    "testing",
]


def __getattr__(name: str) -> Any:
    # Everything but the kernel and NumPy is imported when first named (SPEC 1): `import lozenge` stays quick.
    if name not in _HOMES:
        raise AttributeError(f"module 'lozenge' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    home = importlib.import_module(module)
    return home if attribute is None else getattr(home, attribute)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
