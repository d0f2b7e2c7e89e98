"""The multinomial loss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.special import xlogy

from lozenge.losses import responses
from lozenge.losses.base import Target, Words
from lozenge.losses.elementwise import Elementwise
from lozenge.results import Likelihood

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.losses.base import Floats

WHOLE = 1e-9  # by which probabilities may miss 1 in sum through rounding


@dataclass(frozen=True)
class Multinomial(Elementwise):
    """f(y, η) = log Σₖ e^ηₖ - η_y, for classes with probabilities in proportion to e^ηₖ.

    Every class has weights of its own (the symmetric parametrisation).  The same added to those of all classes changes
    nothing in f: what is penalised is determined by its price, and intercepts and unpenalised weights are given with
    sum zero.

    Parameters
    ----------
    classes : their number, found in y where it is 0

    References
    ----------
    Friedman, Hastie, Tibshirani (2010), Regularization paths for generalized linear models via coordinate descent,
    JSS 33, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.losses import Multinomial
    >>> value = Multinomial(classes=3).value(np.array([0.0, 1.0, 0.0]), np.zeros(3))
    >>> bool(np.isclose(value, np.log(3)))
    True
    """

    classes: int = 0

    name: ClassVar[str] = "multinomial"
    words: ClassVar[Words] = Words("multinomial regression", "odds", "odds", canonical=True)
    redundant: ClassVar[bool] = True
    smoothness: ClassVar[float] = 0.25
    concordance: ClassVar[float] = 1.0

    @property
    def width(self) -> int:
        """One output per class."""
        return self.classes

    @property
    def levels(self) -> int:
        """All but one: that of the last class is 0 before they are centred."""
        return self.classes - 1

    def on(self, target: Target) -> Self:
        """With the classes of the response."""
        return replace(self, classes=len(target.classes))

    def value(self, y: Floats, eta: Floats) -> Floats:
        """log Σ e^(ηₖ - η_y), from the largest of them on, and from 1 on where that is the class itself."""
        ahead = eta - np.sum(y * eta, axis=-1)[..., None]
        top = np.maximum(np.max(ahead, axis=-1), 0.0)
        others = np.sum(np.where(y > 0.0, 0.0, np.exp(ahead - top[..., None])), axis=-1)
        return np.asarray(top + np.where(top > 0.0, np.log(np.exp(-top) + others), np.log1p(others)))

    def gradient(self, y: Floats, eta: Floats) -> Floats:
        """Probabilities less y; that of the class itself as minus the sum of the others'."""
        p = softmax(eta)
        others = np.sum(np.where(y > 0.0, 0.0, p), axis=-1)
        return np.where(y > 0.0, -others[..., None], p)

    def curvature(self, y: Floats, eta: Floats) -> Floats:  # noqa: ARG002 - the protocol's signature
        """diag(p) - ppᵀ, its diagonal as p times the sum of the others."""
        p = softmax(eta)
        q = eta.shape[-1]
        found = np.zeros((*eta.shape, q), order="F")
        for k in range(q):
            for each in range(k):
                shared = p[..., k] * p[..., each]
                found[..., k, each] = found[..., each, k] = -shared
                found[..., k, k] += shared
                found[..., each, each] += shared
        return found

    def conjugate(self, y: Floats, u: Floats) -> Floats:
        """Σ v log v with v = y + u ≥ 0 and Σ v = 1; inf outside."""
        v = y + u
        inside = (v >= 0.0).all(axis=-1) & (np.abs(np.sum(u, axis=-1)) <= WHOLE)
        return np.where(inside, np.sum(xlogy(v, np.maximum(v, 0.0)), axis=-1, where=v > 0.0), np.inf)

    def saturated(self, y: Floats) -> Floats:
        """0, as η_y → ∞."""
        return np.zeros(y.shape[:-1])

    def mean(self, eta: Floats) -> Floats:
        """(n, classes) probabilities."""
        return softmax(eta)

    def chances(self, eta: Floats) -> Floats:
        """(n, classes) probabilities."""
        return softmax(eta)

    def decided(self, eta: Floats) -> NDArray[np.intp]:
        """The class of largest η."""
        return np.asarray(np.argmax(eta, axis=-1))

    def start(self, y: Floats, w: Floats) -> Floats:
        """The logs of the classes' shares."""
        count = y.T @ w
        return np.asarray(np.log(np.where(count > 0.0, count, 1.0) / np.sum(w, axis=0)))

    def likelihood(self, y: Floats, w: Floats) -> Likelihood:  # noqa: ARG002 - the protocol's signature
        """F is minus the log-likelihood."""
        return Likelihood(remainder=0.0, size=float(np.sum(w)))

    def check(self, y: NDArray[Any], names: tuple[str, ...] = ()) -> Target:  # noqa: ARG002 - the protocol's signature
        """One column per label, in sorted order, 1 where y is it."""
        classes = responses.some_classes(y, self.name)
        coded = (y[:, None] == classes).astype(np.float64)
        labels = classes.tolist()
        return Target(coded, tuple(labels), tuple(map(responses.label, labels)), np.argmax(coded, axis=1))


def softmax(eta: Floats) -> Floats:
    """e^η over their sum."""
    e = np.exp(eta - np.max(eta, axis=-1, keepdims=True))
    e /= np.sum(e, axis=-1, keepdims=True)
    return np.asarray(e)
