"""What the shards and the engine ask of a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from lozenge.results import Likelihood

    Floats = NDArray[np.float64]


class Target(NamedTuple):
    """A checked response.

    Attributes
    ----------
    values : float64, one entry or row per observation, as the loss reads it
    classes : the class labels in code order, if it had any
    outputs : what to call each copy of a feature's weight; empty where there is one copy
    kinds : (n,) numbers of the kinds of rows that every fold needs its share of, such as classes
    """

    values: Floats
    classes: tuple[Any, ...] = ()
    outputs: tuple[str, ...] = ()
    kinds: NDArray[np.intp] | None = None


class Words(NamedTuple):
    """How a fit is told.

    Attributes
    ----------
    title : what it is called
    effect : what a weight does to what is foretold: it adds to the ``level`` (whose name is ``of``), or e^weight
        multiplies the ``odds`` of a class, the ``mean`` or the ``hazard``, or it adds to a ``score`` of a class
    of : what is foretold
    canonical : f' is the mean less y, so that what a feature says alone is a covariance with y
    """

    title: str
    effect: Literal["level", "odds", "mean", "hazard", "score"]
    of: str
    canonical: bool = False


class Edges(NamedTuple):
    """f(y, η) = sup over lo <= u <= hi of u (y - η) - ½ γ u²."""

    lo: float
    hi: float
    gamma: float


class Loss(Protocol):
    """A convex function of η (n, m) or, with several outputs, (n, m, q): m candidates side by side.

    ``y`` comes as (n, ...), and ``w`` (n, m) are the weights of the rows in each candidate; 0 leaves a row out.

    Attributes
    ----------
    name : as in the registry
    words : how it is told
    width : q, outputs per observation
    shared : a feature has one weight for all outputs, and not one for each
    levels : intercepts that the loss can tell apart; those of the outputs behind them are zero
    redundant : the same added to every output of a row changes nothing
    smoothness : bound on the second derivative over all η, where a feature moves its outputs by 1; or inf
    concordance : c with |f'''| ≤ c f'' there; inf if there is none
    bound : rows are bound together (`bonds`)
    sharpens : it has corners, and is solved with rounded ones of a width that goes to 0 (`sharpened`)
    edges : the bounds of its slopes, where they run straight from one to the other; None where they do not
    quadratic : the second derivative is constant in η, so that one Newton step is exact
    gapped : the conjugate is known, so that a duality gap is
    """

    name: ClassVar[str]
    words: ClassVar[Words]

    @property
    def width(self) -> int:
        """Outputs per observation."""
        ...

    @property
    def shared(self) -> bool:
        """Whether a feature has one weight for all outputs."""
        ...

    @property
    def levels(self) -> int:
        """Intercepts."""
        ...

    @property
    def redundant(self) -> bool:
        """Whether the same added to every output of a row changes nothing."""
        ...

    @property
    def smoothness(self) -> float:
        """Bound on f''."""
        ...

    @property
    def concordance(self) -> float:
        """Bound on |f'''|/f''."""
        ...

    @property
    def bound(self) -> bool:
        """Whether rows are bound together."""
        ...

    @property
    def sharpens(self) -> bool:
        """Whether its corners are rounded."""
        ...

    @property
    def edges(self) -> Edges | None:
        """Bounds of the slopes."""
        ...

    @property
    def quadratic(self) -> bool:
        """Whether f'' is constant in η."""
        ...

    @property
    def gapped(self) -> bool:
        """Whether the conjugate is known."""
        ...

    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments, by name, as plain values: what a model file keeps."""
        ...

    def on(self, target: Target) -> Self:
        """The loss with what the data decide, such as the number of classes."""
        ...

    def sharpened(self, h: Floats) -> Self:
        """The same with corners of width h (m,), one for each candidate."""
        ...

    def total(self, y: Floats, w: Floats, eta: Floats) -> Floats:
        """(m,) F(η) = Σ w f."""
        ...

    def slopes(self, y: Floats, w: Floats, eta: Floats) -> Floats:
        """(n, m) or (n, m, q), ∂F/∂η."""
        ...

    def bends(self, y: Floats, w: Floats, eta: Floats) -> Floats:
        """(n, m) or (n, m, q, q), the curvature of Newton's model row by row: ∂²F/∂η², or with `bonds` above it."""
        ...

    def rooms(self, y: Floats, w: Floats, eta: Floats) -> Floats:
        """Like `bends`, R in which a dual point may move: ∂F - R d is in the domain of F* for any small d."""
        ...

    def bonds(self, y: Floats, w: Floats, eta: Floats) -> Iterator[Floats]:
        """What binds the rows of one candidate (n,) together, U of bends - UUᵀ, some columns (n, k) after the other.

        That is above ∂²F/∂η², by a small share of the bends, and vanishes along the same directions.
        """
        ...

    def along(self, y: Floats, w: Floats, eta: Floats, d: Floats) -> Floats:
        """Like `slopes`, ∂²F/∂η² d."""
        ...

    def young(self, y: Floats, w: Floats, eta: Floats, scale: Floats, shift: Floats) -> tuple[Floats, Floats]:
        """(m,) F(η) + F*(u) - uη at u = scale·(∂F - R shift), or a bound above it, and a bound on its rounding.

        R is `rooms`, or where rows are bound together ∂²F.  Of a loss that stands for another, F is that other here.
        """
        ...

    def least(self, y: Floats, w: Floats) -> Floats:
        """(m,) inf over η of F."""
        ...

    def mean(self, eta: Floats) -> Floats:
        """E[y | η], η (n,) or (n, q)."""
        ...

    def decided(self, eta: Floats) -> NDArray[np.intp]:
        """(n,) codes of the classes that η says, or ValueError."""
        ...

    def chances(self, eta: Floats) -> Floats:
        """(n, classes) their probabilities, or ValueError."""
        ...

    def start(self, y: Floats, w: Floats) -> Floats:
        """(q, m) constant η near the least F, for the null model to set out from."""
        ...

    def unit(self, y: Floats) -> float:
        """A power of two u with f(uy, uη) = u² f(y, η), chosen so that y/u is of order one; 1 if f has no such law."""
        ...

    def hazard(self, y: Floats, w: Floats, eta: Floats) -> list[tuple[float, Floats, Floats]]:
        """Of each stratum of one candidate (n,): its number, event times, and the cumulative hazard where η = 0.

        Empty where time has no part in it.
        """
        ...

    def likelihood(self, y: Floats, w: Floats) -> Likelihood | None:
        """What makes F the log-likelihood of y (n, ...), rows as often as w (n,) says; None if nothing does."""
        ...

    def check(self, y: NDArray[Any], names: tuple[str, ...] = ()) -> Target:
        """Code y, or raise ValueError that says which value is wrong; ``names`` are those of its columns."""
        ...
