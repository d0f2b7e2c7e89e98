"""Constraints: a norm, or a number of weights, that may not exceed a radius."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np

from lozenge.penalties.group import Group
from lozenge.penalties.l0 import L0
from lozenge.penalties.l1 import L1
from lozenge.penalties.l2 import L2
from lozenge.penalties.whole import Whole

if TYPE_CHECKING:
    from lozenge.penalties.base import Floats, Penalty
    from lozenge.penalties.form import Bools
    from lozenge.penalties.solvable import Solvable


class Norm(Protocol):
    """What a penalty tells of its norm."""

    def norm(self, B: Floats) -> float:
        """The norm whose ball the penalty's path runs through."""
        ...

    def kernel(self, alpha: float) -> Solvable:
        """What says how hard zeros are pulled."""
        ...

    def price(self, alpha: float) -> Floats:
        """(k,) what holds each zero."""
        ...

    def dual_norm(self, Z: Floats) -> float:
        """Sup of zᵀb over the unit ball."""
        ...


class Ball(ABC):
    """What the weights may not leave, for one radius or several."""

    name: ClassVar[str]

    @property
    @abstractmethod
    def counts(self) -> bool:
        """Whether it counts weights: solutions then jump from one radius to the next, and belong to no α."""

    @property
    @abstractmethod
    def radii(self) -> Floats:
        """Each once, from small to large."""

    @abstractmethod
    def penalty(self) -> Penalty:
        """The penalty of the same norm."""


@dataclass(frozen=True)
class NormBall(Ball):
    """A norm ≤ t, whose solutions are those on the path of a penalty."""

    t: Any

    def __post_init__(self) -> None:
        radii = np.atleast_1d(np.asarray(self.t))
        if radii.dtype.kind not in "iuf" or radii.ndim > 1 or not radii.size:
            raise TypeError(f"a radius must be a number, or a list of numbers; got {str(self.t)[:60]!r}")
        wrong = ~(np.isfinite(radii) & (radii >= 0))
        if wrong.any():
            raise ValueError(f"a radius must be 0 or positive, and finite; got {radii[wrong][0]}")

    @property
    def counts(self) -> bool:
        """No."""
        return False

    @property
    def radii(self) -> Floats:
        """Each once, from small to large."""
        return np.unique(np.asarray(self.t, dtype=np.float64))


@dataclass(frozen=True)
class L1Ball(NormBall):
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
class L2Ball(NormBall):
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
class GroupBall(NormBall):
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


@dataclass(frozen=True)
class L0Ball(Ball):
    """At most k non-zero weights, ‖b‖₀ ≤ k, with a ridge and a box if asked: best subsets by their size.

        minimise over b:  (1/Σw) Σᵢ wᵢ f(yᵢ, ηᵢ) + ½ ridge Σ vⱼbⱼ²  subject to ‖b‖₀ ≤ k, |bⱼ| ≤ bound

    Subsets grow, shrink and exchange features until no exchange helps.  With squared loss every answer has a lower
    bound (certificate ``bound``), from the perspective relaxation where a ridge, a bound or columns that are not nearly
    dependent give it a hold, and branch and bound closes it to ``tol`` where a proof is asked for.  With another loss
    exchanges are those of its quadratic model at the answer (certificate ``stationary``: the largest gradient left on
    the support, over the largest of the null model).

    Columns with penalty weight 0 and the intercept are always in and not counted; those with weight inf are never in.

    Parameters
    ----------
    k : whole number >= 0, or several: one column of the path each, from small to large
    ridge : 0 or positive
        In the units that the penalty sees, as of `L2` with α = ridge.
    bound : above 0, optional
        The largest size of a counted weight, in the user's units.
    exchange : 1 or 2
        How many features an exchange may take out and let in.
    prove : bool, optional
        Whether to search on until the best subset is proved, under the squared loss; by default where at most 20
        columns are counted, or ``seconds`` are given.  Without a ridge, a bound or curvature to spare that takes at
        most 40 columns.  Ctrl-C ends the search, not the fit: what was found is given with its bound.
    seconds : above 0, optional
        Time for all proofs together; what is not proved by then is given with its bound.

    References
    ----------
    Hocking, Leslie (1967), Selection of the best subset in regression analysis, Technometrics 9.
    Bertsimas, King, Mazumder (2016), Best subset selection via a modern optimization lens, Annals of Statistics 44.
    Hazimeh, Mazumder (2020), Fast best subset selection, Operations Research 68.

    Examples
    --------
    The first column is the best one, but the best two are the others.

    >>> import numpy as np
    >>> import lozenge as lz
    >>> u, v = np.array([1.0, 1, -1, -1]), np.array([1.0, -1, 1, -1])
    >>> path = lz.path(np.column_stack([u + v + u * v / 2, u, v]), u + v, constraint=lz.L0Ball([1, 2]))
    >>> path.coefs.toarray().round(9)
    array([[0.88888889, 0.        ],
           [0.        , 1.        ],
           [0.        , 1.        ]])
    >>> path.radii, [certificate.kind for certificate in path.certificates]
    (array([1., 2.]), ['bound', 'bound'])
    """

    k: Any
    ridge: float = 0.0
    bound: float | None = None
    exchange: int = 1
    prove: bool | None = None
    seconds: float | None = None

    name: ClassVar[str] = "l0_ball"

    def __post_init__(self) -> None:
        sizes = np.atleast_1d(np.asarray(self.k))
        if sizes.dtype.kind not in "iuf" or sizes.ndim > 1 or not sizes.size:
            raise TypeError(f"k must be a whole number of features, or a list of them; got {str(self.k)[:60]!r}")
        wrong = ~(np.isfinite(sizes) & (sizes >= 0) & (sizes == np.floor(sizes)))
        if wrong.any():
            raise ValueError(
                f"k must be a whole number of features, 0 or more; got {sizes[wrong][0]}. Give sizes such as 5 or "
                "[1, 2, 3]"
            )
        for what, value in (("ridge", self.ridge), ("bound", self.bound), ("seconds", self.seconds)):
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
                raise TypeError(f"{what} must be a number; got {str(value)[:60]!r}")
            if not 0.0 <= value < np.inf or (value == 0.0 and what != "ridge"):
                allowed = "0 (none) or positive" if what == "ridge" else "above 0 (leave it out for none)"
                raise ValueError(f"{what} must be {allowed}, and finite; got {value}")
        if self.exchange not in {1, 2}:
            raise ValueError(
                f"exchange must be 1 or 2: got {self.exchange!r}. 1 is quick, 2 compares pairs of features"
            )

    @property
    def counts(self) -> bool:
        """Yes."""
        return True

    @property
    def radii(self) -> Floats:
        """The sizes, each once, from small to large."""
        return np.unique(np.asarray(self.k, dtype=np.float64))

    def penalty(self) -> L0:
        """The price of a feature, with the same ridge and bound."""
        low, high = (None, None) if self.bound is None else (-float(self.bound), float(self.bound))
        return L0(ridge=float(self.ridge), lower=low, upper=high)


def counted(penalty: Penalty, k: int = 0) -> L0Ball:
    """The ball that `L0Ball.penalty` is of."""
    parameters = penalty.parameters()
    return L0Ball(k, ridge=parameters.get("ridge", 0.0), bound=parameters.get("upper"))


def around(penalty: Penalty, t: Any) -> Ball:
    """The ball of radius t of a penalty's norm.

    Raises
    ------
    ValueError
        Where there is none: for another penalty than L1, L2, L0 and Group, and between bounds.
    """
    if bounds := {"lower", "upper", "positive"} & penalty.parameters().keys():
        raise ValueError(
            f"a radius goes with weights without bounds; got {' and '.join(sorted(bounds))}. Leave one out"
        )
    if penalty.name == L1.name:
        return L1Ball(t)
    if penalty.name == L2.name:
        return L2Ball(t)
    if isinstance(penalty, Group) and penalty.name == Group.name:
        return GroupBall(t, groups=penalty.groups)
    if penalty.name == L0.name:
        return counted(penalty, t)
    raise ValueError(
        f"a radius goes with l1, l2 or group, and with l0 as a number of features; got {penalty.name}. Use one of these"
    )


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

    def price(self, alpha: float) -> Floats:  # noqa: ARG002 - a constraint has none
        """0."""
        return self.of.price(0.0)

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
        """Those that are pulled by surely less than another: the largest pull is the price of all."""
        form, size = self.of.kernel(1.0), np.abs(z)
        if form.smooth:
            return np.zeros(np.broadcast(z, radius).shape, dtype=bool)
        price = np.max(form.pressure(np.maximum(size - radius, 0.0)), initial=0.0)
        found: Bools = form.pressure(size + radius) < price
        return found
