"""The lasso's penalty."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from lozenge.penalties.elasticnet import ElasticNet
from lozenge.penalties.separable import Separable


@dataclass(frozen=True)
class L1(ElasticNet):
    """Ω(b) = Σ vⱼ|bⱼ|, the elastic net at ρ = 1: a constant pull αvⱼ however small the weight.

    Parameters
    ----------
    lower, upper, positive
        Bounds on the weights, as `ElasticNet` has them.

    References
    ----------
    Tibshirani (1996), Regression shrinkage and selection via the lasso, JRSS B 58.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.penalties import L1
    >>> L1().with_weights(np.ones(2)).prox(np.array([3.0, -0.5]), step=1.0, alpha=1.0)
    array([2., 0.])
    """

    l1_ratio: float = field(default=1.0, init=False, repr=False)

    name: ClassVar[str] = "l1"

    def parameters(self) -> dict[str, Any]:
        """Those of the bounds."""
        return Separable.parameters(self)
