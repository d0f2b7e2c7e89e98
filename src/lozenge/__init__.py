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
    "translate": ("lozenge.dialects", "translate"),
    "from_sklearn": ("lozenge.foreign", "from_sklearn"),
    **{
        name: ("lozenge.estimators", name)
        for name in (
            "ElasticNet",
            "ElasticNetCV",
            "Lasso",
            "LassoCV",
            "LogisticRegression",
            "LogisticRegressionCV",
            "MultiTaskElasticNet",
            "MultiTaskElasticNetCV",
            "MultiTaskLasso",
            "MultiTaskLassoCV",
            "SparseClassifier",
            "SparseRegressor",
            "enet_path",
            "lasso_path",
        )
    },
    "estimators": ("lozenge.estimators", None),
    "adaptive": ("lozenge.reweighted", "adaptive"),
    "Path": ("lozenge.results", "Path"),
    "Solution": ("lozenge.results", "Solution"),
    "Certificate": ("lozenge.results", "Certificate"),
    "Comparison": ("lozenge.results", "Comparison"),
    "Lesson": ("lozenge.results", "Lesson"),
    "Relaxed": ("lozenge.results", "Relaxed"),
    "Stability": ("lozenge.results", "Stability"),
    "Reason": ("lozenge.results", "Reason"),
    "Status": ("lozenge.results", "Status"),
    "ModelFileError": ("lozenge.io", "ModelFileError"),
    "inference": ("lozenge.inference", None),
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
    "ElasticNet",
    "ElasticNetCV",
    "GroupBall",
    "L0Ball",
    "L1Ball",
    "L2Ball",
    "Lasso",
    "LassoCV",
    "Lesson",
    "LogisticRegression",
    "LogisticRegressionCV",
    "ModelFileError",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "Path",
    "Reason",
    "Relaxed",
    "Solution",
    "SparseClassifier",
    "SparseRegressor",
    "Stability",
    "Status",
    "adaptive",
    "compare",
    "enet_path",
    "estimators",
    "from_sklearn",
    "inference",
    "lasso_path",
    "lessons",
    "load",
    "losses",
    "path",
    "penalties",
    "plots",
    "tables",
    "testing",
    "translate",
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
