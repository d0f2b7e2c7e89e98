"""Constraints: a norm that may not exceed a radius, and what takes the place of a penalty's conjugate there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np

from lozenge.penalties.group import Group
from lozenge.penalties.l1 import L1
from lozenge.penalties.l2 import L2
from lozenge.penalties.whole import Whole

if TYPE_CHECKING:
    from lozenge.penalties.base import Floats, Penalty
    from lozenge.penalties.form import Bools


class Norm(Protocol):
    """What a penalty tells of its norm."""

    def norm(self, B: Floats) -> float:
        """The norm whose ball the penalty's path runs through."""
        ...

    def dual_norm(self, Z: Floats) -> float:
        """Sup of zᵀb over the unit ball."""
        ...


@dataclass(frozen=True)
class Ball(ABC):
    """A norm ≤ t, for one radius or several."""

    t: Any

    name: ClassVar[str]

    def __post_init__(self) -> None:
        radii = np.atleast_1d(np.asarray(self.t))
        if radii.dtype.kind not in "iuf" or radii.ndim > 1 or not radii.size:
            raise TypeError(f"a radius must be a number, or a list of numbers; got {str(self.t)[:60]!r}")
        wrong = ~(np.isfinite(radii) & (radii >= 0))
        if wrong.any():
            raise ValueError(f"a radius must be 0 or positive, and finite; got {radii[wrong][0]}")

    @abstractmethod
    def penalty(self) -> Penalty:
        """The penalty whose path goes through the same solutions."""

    @property
    def radii(self) -> Floats:
        """Each once, from small to large."""
        return np.unique(np.asarray(self.t, dtype=np.float64))


@dataclass(frozen=True)
class L1Ball(Ball):
    """Σ vⱼ|bⱼ| ≤ t: the lasso as Tibshirani wrote it.

    References
    ----------
    Tibshirani (1996), Regression shrinkage and selection via the lasso, JRSS B 58, eq. 1.

    Examples
    --------
    >>> import numpy as np
    >>> import lozenge as lz
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> lz.path(X, X @ [3.0, 0.5], constraint=lz.L1Ball(2.0)).coefs.toarray().round(9)
    array([[2.],
           [0.]])
    """

    name: ClassVar[str] = "l1_ball"

    def penalty(self) -> Penalty:
        """The penalty whose path goes through the same solutions."""
        return L1()


@dataclass(frozen=True)
class L2Ball(Ball):
    """(Σ vⱼbⱼ²)^½ ≤ t: the ridge; its multiplier is that of ½ Σ vⱼbⱼ² ≤ ½t².

    References
    ----------
    Hoerl, Kennard (1970), Ridge regression: biased estimation for nonorthogonal problems, Technometrics 12, section 2.

    Examples
    --------
    >>> import numpy as np
    >>> import lozenge as lz
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> lz.path(X, X @ [3.0, 4.0], constraint=lz.L2Ball(2.5)).coefs.toarray().round(6)
    array([[1.5],
           [2. ]])
    """

    name: ClassVar[str] = "l2_ball"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.radii[0] > 0.0:
            raise ValueError("the radius of an L2Ball must be above 0: no multiplier takes a ridge to zero")

    def penalty(self) -> Penalty:
        """The penalty whose path goes through the same solutions."""
        return L2()


@dataclass(frozen=True)
class GroupBall(Ball):
    """Σ_g v_g‖b_g‖₂ ≤ t, v_g = √(columns of the group) unless penalty weights are given.

    Parameters
    ----------
    t : radius or radii
    groups : as in `Group`

    References
    ----------
    Yuan, Lin (2006), Model selection and estimation in regression with grouped variables, JRSS B 68.

    Examples
    --------
    >>> import numpy as np
    >>> import lozenge as lz
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> ball = lz.GroupBall(2.5, groups=[0, 0])
    >>> lz.path(X, X @ [3.0, 4.0], constraint=ball, penalty_weights=[1, 1]).coefs.toarray().round(6)
    array([[1.5],
           [2. ]])
    """

    groups: Any = None

    name: ClassVar[str] = "group_ball"

    def penalty(self) -> Penalty:
        """The penalty whose path goes through the same solutions."""
        return Group(groups=self.groups)


def around(penalty: Penalty, t: Any) -> Ball:
    """The ball of radius t of a penalty's norm.

    Raises
    ------
    ValueError
        Where there is none: for another penalty than L1, L2 and Group, and between bounds.
    """
    if not {"lower", "upper", "positive"} & penalty.parameters().keys():
        if penalty.name == L1.name:
            return L1Ball(t)
        if penalty.name == L2.name:
            return L2Ball(t)
        if isinstance(penalty, Group) and penalty.name == Group.name:
            return GroupBall(t, groups=penalty.groups)
    raise ValueError(f"a radius goes with l1, l2 or group, without bounds; got {penalty.name}. Name an alpha instead")


@dataclass(frozen=True)
class Inside(Whole):
    """The indicator of a ball: 0 inside and inf outside, whose conjugate t·Ω°(z) is finite everywhere.

    Attributes
    ----------
    of : the penalty whose norm it is, on the penalised columns
    t : radius
    """

    of: Norm
    t: float

    name: ClassVar[str] = "inside"

    def with_weights(self, weights: Floats) -> Self:  # noqa: ARG002 - it is on its columns already
        """The same."""
        return self

    def value(self, B: Floats, alpha: float) -> float:  # noqa: ARG002 - scaled into the ball beforehand
        """0."""
        return 0.0

    def conjugate(self, Z: Floats, alpha: float) -> float:  # noqa: ARG002 - a constraint has no price
        """t·Ω°(z)."""
        return self.t * self.of.dual_norm(Z)

    def kernel(self, alpha: float) -> Inside:  # noqa: ARG002 - the same at every α
        """Itself: nothing is solved under it."""
        return self

    def certain(self, z: Floats, radius: Floats) -> Bools:
        """None."""
        return np.zeros(np.broadcast(z, radius).shape, dtype=bool)
