"""The ordinal loss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.special import expit, xlogy

from lozenge.losses import responses
from lozenge.losses.base import Target, Words
from lozenge.losses.elementwise import Elementwise
from lozenge.results import Likelihood

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lozenge.losses.base import Floats


@dataclass(frozen=True)
class Ordinal(Elementwise):
    """f(y, η) = -log(σ(η_{y-1}) - σ(η_y)), for classes in an order: the proportional odds model.

    P(y > k) = σ(ηₖ), k = 0, …, K - 2, with ηₖ = cₖ + Xb: one weight per feature, which shifts all the odds of more
    against less alike, and K - 1 falling intercepts.  η_{-1} = ∞ and η_{K-1} = -∞.

    Parameters
    ----------
    classes : their number, found in y where it is 0
    order : labels from least to most; needed unless y holds numbers

    References
    ----------
    McCullagh (1980), Regression models for ordinal data, JRSS B 42, eq. 2.3.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.losses import Ordinal
    >>> value = Ordinal(classes=3).value(np.array(1.0), np.log([2.0, 0.5]))  # P(y > 0) = 2/3, P(y > 1) = 1/3
    >>> bool(np.isclose(value, np.log(3)))
    True
    """

    classes: int = 0
    order: Sequence[Any] | None = None

    name: ClassVar[str] = "ordinal"
    words: ClassVar[Words] = Words("ordinal regression", "odds", "odds of more")
    shared: ClassVar[bool] = True
    # Where all outputs move by 1, f'' is σ(1 - σ) at the upper and at the lower one.
    smoothness: ClassVar[float] = 0.5

    @property
    def width(self) -> int:
        """One output per step from a class to the next."""
        return self.classes - 1

    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"classes": self.classes} | ({} if self.order is None else {"order": list(self.order)})

    def on(self, target: Target) -> Self:
        """With the classes of the response."""
        return replace(self, classes=len(target.classes))

    def value(self, y: Floats, eta: Floats) -> Floats:
        """log(1 + e^(-a)) + log(1 + e^b) - log(1 - e^(b-a)), a = η_{y-1}, b = η_y; inf unless a > b."""
        a, b, gap = self._ends(y, eta)
        with np.errstate(divide="ignore", invalid="ignore"):
            close = -np.log(-np.expm1(-np.minimum(gap, np.log(2.0))))
            between = np.where(gap > 0.0, np.where(gap < np.log(2.0), close, -np.log1p(-np.exp(-gap))), np.inf)
        return np.logaddexp(0.0, -a) + np.logaddexp(0.0, b) + between

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        """-σ(-a) - 1/(e^(a-b) - 1) and σ(b) + 1/(e^(a-b) - 1)."""
        a, b, gap = self._ends(y, eta)
        with np.errstate(divide="ignore", over="ignore"):
            push = 1.0 / np.expm1(gap)
        above, below = self._sides(y, eta)
        return np.where(above, -(expit(-a) + push)[..., None], 0.0) + np.where(below, (expit(b) + push)[..., None], 0.0)

    def curvature(self, y: Floats, eta: Floats) -> Floats:
        """σ(1 - σ) of each, and e^(a-b)/(e^(a-b) - 1)² of their difference."""
        a, b, gap = self._ends(y, eta)
        with np.errstate(divide="ignore", over="ignore"):
            stiff = 0.25 / np.square(np.sinh(0.5 * gap))
        above, below = (np.where(side, 1.0, 0.0) for side in self._sides(y, eta))
        apart = above - below
        inner = (expit(a) * expit(-a))[..., None] * above + (expit(b) * expit(-b))[..., None] * below
        found = stiff[..., None, None] * apart[..., :, None] * apart[..., None, :]
        for k in range(eta.shape[-1]):
            found[..., k, k] += inner[..., k]
        return np.asarray(found)

    def conjugate(self, y: Floats, u: Floats) -> Floats:
        """u_a a + u_b b + log π where σ(a) + σ(b) = S = 1 + u_a + u_b and σ(a) - σ(b) = π; inf outside.

        π = S(2 - S)/(u_b - u_a + √((u_b - u_a)² + S(2 - S))), from u_a = -σ(a)σ(-a)/π and u_b = σ(b)σ(-b)/π.
        """
        above, below = self._sides(y, u)
        ua, ub = (np.sum(np.where(side, u, 0.0), axis=-1) for side in (above, below))
        first, last = ~above.any(axis=-1), ~below.any(axis=-1)
        total = np.where(first | last, 1.0, 1.0 + ua + ub)  # the ends have the entropy of a Bernoulli law
        inside = (ua <= 0.0) & (ub >= 0.0) & (total >= 0.0) & (total <= 2.0)
        inside &= ~(first & (ub > 1.0)) & ~(last & (ua < -1.0))
        inside &= np.all(np.where(above | below, True, u == 0.0), axis=-1)
        v = np.clip(np.where(first, ub, -ua), 0.0, 1.0)
        ends = xlogy(v, v) + xlogy(1.0 - v, 1.0 - v)
        product = np.clip(total * (2.0 - total), 0.0, 1.0)
        apart = np.maximum(ub - ua, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            pi = product / (apart + np.sqrt(np.square(apart) + product))
            # a = log(A/(1 - A)) with A = (S + π)/2, b = log(B/(1 - B)) with B = (S - π)/2
            high = np.log(0.5 * (total + pi)) - np.log(_share(0.5 * (2.0 - total - pi), -ua * pi))
            low = np.log(_share(0.5 * (total - pi), ub * pi)) - np.log(0.5 * (2.0 - total + pi))
            middle = np.where(ua < 0.0, ua * high, 0.0) + np.where(ub > 0.0, ub * low, 0.0) + np.log(pi)
        return np.where(inside, np.where(first | last, ends, middle), np.inf)

    def saturated(self, y: Floats) -> Floats:
        """0, as η_{y-1} → ∞ and η_y → -∞."""
        return np.zeros_like(y)

    def mean(self, eta: Floats) -> Floats:
        """(n, classes) probabilities."""
        return self.chances(eta)

    def chances(self, eta: Floats) -> Floats:
        """(n, classes) σ(η_{k-1}) - σ(ηₖ)."""
        more = expit(eta)
        edges = np.ones((*eta.shape[:-1], 1))
        return -np.diff(np.concatenate([edges, more, 0.0 * edges], axis=-1), axis=-1)

    def decided(self, eta: Floats) -> NDArray[np.intp]:
        """The class of largest probability."""
        return np.asarray(np.argmax(self.chances(eta), axis=-1))

    def start(self, y: Floats, w: Floats) -> Floats:
        """The log-odds of more than k."""
        more = np.stack([(y > k) @ w for k in range(self.width)])
        rest = np.sum(w, axis=0) - more
        return np.log(np.where(more > 0.0, more, 1.0)) - np.log(np.where(rest > 0.0, rest, 1.0))

    def likelihood(self, y: Floats, w: Floats) -> Likelihood:  # noqa: ARG002 - the protocol's signature
        """F is minus the log-likelihood."""
        return Likelihood(remainder=0.0, size=float(np.sum(w)))

    def check(self, y: NDArray[Any], names: tuple[str, ...] = ()) -> Target:  # noqa: ARG002 - the protocol's signature
        """Code the labels 0, 1, … in their order."""
        classes = responses.some_classes(y, self.name)
        if self.order is not None:
            known = np.array(list(self.order))
            twice = [each for k, each in enumerate(known) if each in known[:k]]
            if twice:
                raise ValueError(f"order names {responses.label(twice[0])!r} twice; got {list(self.order)}")
            unknown = np.setdiff1d(classes, known)
            if len(unknown):
                shown = responses.label(unknown[0])[:40]
                raise ValueError(f"y holds {shown!r}, which is not in order={list(self.order)}")
            classes = known[np.isin(known, classes)]
        elif classes.dtype.kind not in "biuf":
            shown = ", ".join(str(each)[:20] for each in classes[:4])
            raise ValueError(
                f"the order of the classes is not known ({shown}): name it from least to most, "
                "lz.losses.Ordinal(order=['low', 'medium', 'high']), or give y as numbers"
            )
        if len(classes) == 2:
            raise ValueError(
                f"y holds two classes, {responses.label(classes[0])} and {responses.label(classes[1])}, and "
                f"loss={self.name!r} takes more; use 'logistic'"
            )
        codes = np.argmax(y[:, None] == classes, axis=1)
        return Target(codes.astype(np.float64), tuple(classes.tolist()), kinds=codes)

    def _sides(self, y: Floats, eta: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """(..., q) which output is a, which is b."""
        outputs = np.arange(eta.shape[-1])
        shape = np.broadcast_shapes(y[..., None].shape, eta.shape)
        above, below = (np.broadcast_to(y[..., None] - step == outputs, shape) for step in (1.0, 0.0))
        return above, below

    def _ends(self, y: Floats, eta: Floats) -> tuple[Floats, Floats, Floats]:
        """A, b and a - b; ∞ and -∞ beyond the first and the last class."""
        above, below = self._sides(y, eta)
        a = np.where(above.any(axis=-1), np.sum(np.where(above, eta, 0.0), axis=-1), np.inf)
        b = np.where(below.any(axis=-1), np.sum(np.where(below, eta, 0.0), axis=-1), -np.inf)
        return a, b, a - b


def _share(near: Floats, product: Floats) -> Floats:
    """B in [0, 1] of a known B(1 - B), which tells it where a difference of numbers near 1 has lost it."""
    small = 2.0 * product / (1.0 + np.sqrt(np.maximum(1.0 - 4.0 * product, 0.0)))
    return np.where(near < 0.25, small, np.maximum(near, 0.0))
