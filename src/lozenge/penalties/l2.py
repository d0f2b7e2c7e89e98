"""The ridge's penalty."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from lozenge.penalties.elasticnet import ElasticNet
from lozenge.penalties.separable import Separable


@dataclass(frozen=True)
class L2(ElasticNet):
    """Ω(b) = ½ Σ vⱼbⱼ², the elastic net at ρ = 0: a pull αvⱼbⱼ that fades with the weight, so no weight is zero.

    Parameters
    ----------
    lower, upper, positive
        Bounds on the weights, as `ElasticNet` has them.

    References
    ----------
    Hoerl, Kennard (1970), Ridge regression: biased estimation for nonorthogonal problems, Technometrics 12.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.penalties import L2
    >>> L2().with_weights(np.ones(1)).prox(np.array([3.0]), step=1.0, alpha=0.5)
    array([2.])
    """

    l1_ratio: float = field(default=0.0, init=False, repr=False)

    name: ClassVar[str] = "l2"

    def parameters(self) -> dict[str, Any]:
        """Those of the bounds."""
        return Separable.parameters(self)
