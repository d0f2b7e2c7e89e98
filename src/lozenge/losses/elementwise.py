"""Losses that are sums over rows of f(yᵢ, ηᵢ)."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import fields
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np

from lozenge.threads import spread, workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from lozenge.losses.base import Edges, Floats, Target, Words
    from lozenge.results import Likelihood

LONG = 1 << 18  # entries of η from which a loss is worth several threads
EPS = float(np.finfo(np.float64).eps)


class Elementwise:
    """F(η) = Σ w f(y, η), by f and its derivatives, which work elementwise and broadcast y against η.

    With q outputs η (..., q) has them last, the gradient too, and the curvature is (..., q, q).
    """

    name: ClassVar[str]
    words: ClassVar[Words]
    bound: ClassVar[bool] = False
    sharpens: ClassVar[bool] = False

    @property
    def width(self) -> int:
        """Outputs per observation."""
        return 1

    @property
    def shared(self) -> bool:
        """Whether a feature has one weight for all outputs."""
        return False

    @property
    def levels(self) -> int:
        """Intercepts."""
        return self.width

    @property
    def redundant(self) -> bool:
        """Whether the same added to every output changes nothing."""
        return False

    @property
    def smoothness(self) -> float:
        """Bound on f''."""
        return np.inf

    @property
    def concordance(self) -> float:
        """Bound c on |f'''|/f''."""
        return np.inf

    @property
    def edges(self) -> Edges | None:
        """None: its slopes do not run straight from one bound to another."""
        return None

    @property
    def quadratic(self) -> bool:
        """Whether f'' is constant in η."""
        return False

    @property
    def gapped(self) -> bool:
        """Whether the conjugate is known."""
        return True

    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments, by name."""
        return {each.name: getattr(self, each.name) for each in fields(cast("Any", self)) if each.init}

    def on(self, target: Target) -> Self:  # noqa: ARG002 - the protocol's signature
        """The same: the data decide nothing."""
        return self

    @abstractmethod
    def value(self, y: Floats, eta: Floats) -> Floats:
        """f(y, η)."""

    def unsmoothed(self, y: Floats, eta: Floats) -> Floats:
        """f itself, where `value` is a smooth one that stands for it: the one that the conjugate belongs to."""
        return self.value(y, eta)

    def sharpened(self, h: Floats) -> Self:  # noqa: ARG002 - the protocol's signature
        """The same: it has no corner."""
        return self

    @abstractmethod
    def gradient(self, y: Floats, eta: Floats) -> Floats:
        """∂f/∂η."""

    @abstractmethod
    def curvature(self, y: Floats, eta: Floats) -> Floats:
        """∂²f/∂η²."""

    @abstractmethod
    def conjugate(self, y: Floats, u: Floats) -> Floats:
        """f*(y, u) = sup over η of uη - f(y, η), or a bound above it to rounding; inf outside its domain."""

    @abstractmethod
    def saturated(self, y: Floats) -> Floats:
        """inf over η of f(y, η)."""

    @abstractmethod
    def mean(self, eta: Floats) -> Floats:
        """E[y | η]."""

    def decided(self, eta: Floats) -> NDArray[np.intp]:  # noqa: ARG002 - the protocol's signature
        """(n,) codes of the classes that η says, or a refusal."""
        raise ValueError(f"loss {self.name!r} has no classes")

    def chances(self, eta: Floats) -> Floats:  # noqa: ARG002 - the protocol's signature
        """(n, classes) their probabilities, or a refusal."""
        raise ValueError(f"probabilities need a response of classes and a loss that has them; this is {self.name!r}")

    def hazard(self, y: Floats, w: Floats, eta: Floats) -> list[tuple[float, Floats, Floats]]:  # noqa: ARG002 - the protocol's signature
        """None: time has no part in it."""
        return []

    def likelihood(self, y: Floats, w: Floats) -> Likelihood | None:  # noqa: ARG002 - the protocol's signature
        """None: it is that of no distribution, or of one with a parameter beside the mean that is not known."""
        return None

    @abstractmethod
    def check(self, y: NDArray[Any], names: tuple[str, ...] = ()) -> Target:
        """Code y, or raise ValueError that says which value is wrong."""

    def unit(self, y: Floats) -> float:  # noqa: ARG002 - the protocol's signature
        """1: η has a unit of its own."""
        return 1.0

    def start(self, y: Floats, w: Floats) -> Floats:  # noqa: ARG002 - the protocol's signature
        """0."""
        return np.zeros((self.width, w.shape[1]))

    def total(self, y: Floats, w: Floats, eta: Floats) -> Floats:
        """Σ w f."""
        return np.asarray(np.sum(_weighed(w, _by_rows(self.value, y[:, None], eta)), axis=0))

    def slopes(self, y: Floats, w: Floats, eta: Floats) -> Floats:
        """w f'."""
        return _weighed(w, _by_rows(self.gradient, y[:, None], eta))

    def bends(self, y: Floats, w: Floats, eta: Floats) -> Floats:
        """w f'', or `bend`."""
        return _weighed(w, _by_rows(self.bend, y[:, None], eta))

    def bend(self, y: Floats, eta: Floats) -> Floats:
        """f'', or where that vanishes and f' does not, enough for Newton's model to have a minimum."""
        return self.curvature(y, eta)

    def rooms(self, y: Floats, w: Floats, eta: Floats) -> Floats:
        """w f'': as η moves, f' moves within the domain."""
        return _weighed(w, _by_rows(self.room, y[:, None], eta))

    def room(self, y: Floats, eta: Floats) -> Floats:
        """f'', or where that ends at an edge of the domain of f*, how far off that is."""
        return self.curvature(y, eta)

    def grain(self, y: Floats, eta: Floats, slope: Floats, u: Floats) -> Floats:  # noqa: ARG002 - the protocol's signature
        """What the rounding of f(η) + f*(u) - uη counts from beyond |f|, |f*| and |uη|: terms that cancel in them."""
        return np.zeros(())

    def bonds(self, y: Floats, w: Floats, eta: Floats) -> Iterator[Floats]:  # noqa: ARG002 - the protocol's signature
        """Nothing: rows stand for themselves."""
        return iter(())

    def along(self, y: Floats, w: Floats, eta: Floats, d: Floats) -> Floats:
        """w f'' d."""
        return _times(self.bends(y, w, eta), d, eta)

    def young(self, y: Floats, w: Floats, eta: Floats, scale: Floats, shift: Floats) -> tuple[Floats, Floats]:
        """Σ w (f + f* - uη) at u = scale·(f' - R shift), summed row by row: three large sums would cancel."""
        y = y[:, None]
        many = eta.ndim - w.ndim  # 1 with several outputs
        # A candidate so far out that this overflows gets nan or inf here, and no certificate.
        with np.errstate(over="ignore", invalid="ignore"):
            slope = _by_rows(self.gradient, y, eta)
            u = scale.reshape((-1,) + (1,) * many) * (slope - _times(_by_rows(self.room, y, eta), shift, eta))
            primal, dual = self.unsmoothed(y, eta), self.conjugate(y, u)
            product = np.sum(u * eta, axis=-1) if many else u * eta
            size = np.abs(primal) + np.abs(dual) + np.abs(product) + self.grain(y, eta, slope, u)
            young = primal + dual - product
        total = np.asarray(np.sum(_weighed(w, young), axis=0))
        return total, 4.0 * EPS * np.asarray(np.sum(_weighed(w, size), axis=0))

    def least(self, y: Floats, w: Floats) -> Floats:
        """Σ w inf f."""
        return np.asarray(self.saturated(y) @ w)


def _weighed(w: Floats, each: Floats) -> Floats:
    """Times w, in the columns' order, in place where that can be; a row of weight 0 counts nothing."""
    w = w.reshape(w.shape + (1,) * (each.ndim - w.ndim))
    with np.errstate(invalid="ignore"):
        own = each.flags.f_contiguous and each.flags.owndata and each.flags.writeable
        fits = own and each.shape == np.broadcast_shapes(w.shape, each.shape)
        out = np.multiply(w, each, out=each) if fits else np.asfortranarray(w * each)
        if not np.isfinite(out.sum()):
            out[~np.isfinite(out) & (w == 0.0)] = 0.0
    return out


def _times(curvature: Floats, d: Floats, eta: Floats) -> Floats:
    """f'' d, by blocks where there are several outputs."""
    return curvature * d if curvature.ndim == eta.ndim else np.einsum("...kl,...l->...k", curvature, d)


def _by_rows(function: Callable[[Floats, Floats], Floats], y: Floats, eta: Floats) -> Floats:
    """A loss's function, on as many threads as there are where the rows are many."""
    if eta.size < LONG:
        return function(y, eta)
    out = np.empty((len(eta), *function(y[:0], eta[:0]).shape[1:]), order="F")

    def fill(rows: slice) -> None:
        out[rows] = function(y[rows], eta[rows])

    edges = np.linspace(0, len(eta), workers() + 1).astype(int).tolist()
    spread([partial(fill, slice(top, bottom)) for top, bottom in pairwise(edges)])
    return out
