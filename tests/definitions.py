"""The losses from their definitions, in extended precision.

Imports nothing from the package and shares no line with it.  Of f(y, η), elementwise with y against η: its terms, its
derivatives, the interval on which f*(y, u) = sup over η of uη - f is finite, f* there, and

    young(y, η, u) = f(η) + f*(u) - uη >= 0

written so that nothing cancels.  With q outputs η (..., q) has them last.
"""

from __future__ import annotations

import numpy as np

LD = np.longdouble


def power_rest(t):
    """e^t - 1 - t >= 0, the Bregman divergence of e^t, by its series near 0."""
    near = abs(t) < 0.05
    s = np.where(near, t, LD(0))
    series = LD(1)
    for k in range(14, 2, -1):
        series = 1 + s / k * series
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(near, s * s / 2 * series, np.expm1(t) - t)


def xlogx(a):
    return a * np.log(np.where(a > 0, a, LD(1)))


def entropy_rest(v, log_mean):
    """v log(v/m) - v + m >= 0 with m = e^log_mean, for v >= 0."""
    some = v > 0
    v = np.where(some, v, LD(1))
    with np.errstate(over="ignore", under="ignore"):
        return np.where(some, v * power_rest(log_mean - np.log(v)), np.exp(log_mean))


def share_entropy(part, rest):
    """part log(part/(part + rest)), the ratio subtracted from 1 where it is near it."""
    safe = np.where(part > 0, part, LD(1))
    ratio = np.where(part > 0, rest, LD(0)) / safe  # log(1/(1 + rest/part))
    return -np.where(part > 0, part, LD(0)) * np.log1p(ratio)


def log_sigmoid(t):
    """log 1/(1 + e^-t)."""
    return -np.logaddexp(LD(0), -t)


def sigmoid(t):
    with np.errstate(over="ignore", under="ignore"):
        return 1 / (1 + np.exp(-t))


class Definition:
    """What they have in common.

    ``single``: one output.  ``real``: η has the unit of y.  ``flat``: the share of the largest curvature that a solver
    may lend to rows that have none.
    """

    single = True
    flat = LD(1e-12)
    real = False

    def code(self, y):
        return np.asarray(y).astype(LD)

    def value(self, y, eta):
        return sum(self.terms(y, eta))

    def size(self, y, eta):
        """What the value's digits count from."""
        return sum(abs(term) for term in self.terms(y, eta))

    def conjugate(self, y, u):
        """f*, inf outside its domain."""
        low, high = self.domain(y)
        inside = (u >= low) & (u <= high)
        nearest = np.clip(u, np.maximum(low, -np.finfo(LD).max), np.minimum(high, np.finfo(LD).max))
        return np.where(inside, sum(self.conjugate_terms(y, nearest)), LD(np.inf))

    def conjugate_size(self, y, u):
        return sum(abs(term) for term in self.conjugate_terms(y, u))

    def room(self, y, eta):
        """How far from an edge of the domain of f* f' is, up to a factor: f''."""
        return self.curve(y, eta)

    def touching(self, y, eta):
        """Curvature of a parabola that touches f at η and lies above it, where f'' vanishes; else f''."""
        return self.curve(y, eta)

    def kinks(self, y):  # noqa: ARG002
        """Where f' has one."""
        return []


class Squared(Definition):
    """½(y - η)²."""

    real = True

    def terms(self, y, eta):
        return [(y - eta) ** 2 / 2]

    def slope(self, y, eta):
        return eta - y

    def curve(self, y, eta):
        return np.ones(np.broadcast_shapes(np.shape(y), np.shape(eta)), dtype=LD)

    def domain(self, y):
        return np.full_like(y, -np.inf), np.full_like(y, np.inf)

    def conjugate_terms(self, y, u):
        return [u * u / 2, u * y]

    def young(self, y, eta, u):
        return (eta - y - u) ** 2 / 2

    def saturated(self, y):
        return np.zeros_like(y)


class Logistic(Definition):
    """log(1 + e^(-sη)), s = ±1 for the larger and the smaller label."""

    def code(self, y):
        y = np.asarray(y)
        return (y == np.unique(y)[-1]).astype(LD)

    def terms(self, y, eta):
        return [np.logaddexp(LD(0), -(2 * y - 1) * eta)]

    def slope(self, y, eta):
        s = 2 * y - 1
        return -s * sigmoid(-s * eta)

    def curve(self, y, eta):
        return sigmoid(eta + 0 * y) * sigmoid(-eta)

    def domain(self, y):
        return -y, 1 - y

    def conjugate_terms(self, y, u):
        a = (1 - 2 * y) * u  # the probability of the class not seen
        rest = np.where(a < 1, 1 - a, LD(0))
        return [xlogx(a), rest * np.log1p(-np.where(rest > 0, a, LD(0)))]  # log(1 - a) would lose a small a

    def young(self, y, eta, u):
        t, a = (2 * y - 1) * eta, (1 - 2 * y) * u
        inside = (a >= 0) & (a <= 1)
        a = np.where(inside, a, LD(0))
        young = entropy_rest(a, log_sigmoid(-t)) + entropy_rest(1 - a, log_sigmoid(t))
        return np.where(inside, young, LD(np.inf))

    def saturated(self, y):
        return np.zeros_like(y)


class Poisson(Definition):
    """e^η - yη."""

    def terms(self, y, eta):
        with np.errstate(over="ignore"):
            return [np.exp(eta + 0 * y), -y * eta]

    def slope(self, y, eta):
        return np.exp(eta) - y

    def curve(self, y, eta):
        return np.exp(eta + 0 * y)

    def domain(self, y):
        return -y, np.full_like(y, np.inf)

    def conjugate_terms(self, y, u):
        return [xlogx(y + u), -(y + u)]

    def young(self, y, eta, u):
        v = y + u
        return np.where(v >= 0, entropy_rest(np.maximum(v, 0), eta + 0 * v), LD(np.inf))

    def saturated(self, y):
        return y - xlogx(y)


class Gamma(Definition):
    """η + y e^(-η)."""

    def terms(self, y, eta):
        with np.errstate(over="ignore"):
            return [eta + 0 * y, y * np.exp(-eta)]

    def slope(self, y, eta):
        return 1 - y * np.exp(-eta)

    def curve(self, y, eta):
        return y * np.exp(-eta)

    def domain(self, y):
        return np.full_like(y, -np.inf), np.ones_like(y)

    def conjugate_terms(self, y, u):
        v = 1 - u
        return [xlogx(v), -v * np.log(y), -v]

    def young(self, y, eta, u):
        v = 1 - u
        return np.where(v >= 0, entropy_rest(np.maximum(v, 0), np.log(y) - eta), LD(np.inf))

    def saturated(self, y):
        return 1 + np.log(y)


class Tweedie(Definition):
    """Half the unit deviance with variance μ^p at μ = e^η, 1 <= p <= 2."""

    def __init__(self, power=1.5):
        self.a, self.b = LD(power) - 1, 2 - LD(power)

    def terms(self, y, eta):
        a, b = self.a, self.b
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            if a == 0:
                return [xlogx(y), -y * eta, -y, np.exp(eta + 0 * y)]
            if b == 0:
                return [y * np.exp(-eta), -np.ones_like(y + eta), eta + 0 * y, -np.log(y) + 0 * eta]
            pull = np.where(y > 0, y * np.exp(-a * eta) / a, LD(0))
            return [-(y**b) / (a * b) + 0 * eta, pull, np.exp(b * eta + 0 * y) / b]

    def slope(self, y, eta):
        return np.exp(self.b * eta) - y * np.exp(-self.a * eta)

    def curve(self, y, eta):
        return self.b * np.exp(self.b * eta) + self.a * y * np.exp(-self.a * eta)

    def domain(self, y):
        unbounded = np.full_like(y, np.inf)
        low = -y if self.a == 0 else np.where(y > 0, -unbounded, LD(0))
        return low, np.ones_like(y) if self.b == 0 else unbounded

    def where(self, y, u):
        """η at which f' = u inside the domain: e^(bδ) - e^(-aδ) = u/y^b, δ = η - log y, by Newton within a bracket."""
        some = y > 0
        y, inner = np.where(some, y, LD(1)), np.where(some, u, LD(0))
        s = inner / y**self.b
        low, high = np.zeros_like(s), np.zeros_like(s)
        if self.a > 0:
            low = -np.log1p(np.maximum(-s, 0)) / self.a
        if self.b > 0:
            high = np.log1p(np.maximum(s, 0)) / self.b
        delta = np.clip(s, low, high)
        for _ in range(200):
            missed = np.expm1(self.b * delta) - np.expm1(-self.a * delta) - s
            low, high = np.where(missed > 0, low, delta), np.where(missed > 0, delta, high)
            step = missed / (self.b * np.exp(self.b * delta) + self.a * np.exp(-self.a * delta))
            tried = delta - step
            tried = np.where((tried >= low) & (tried <= high), tried, (low + high) / 2)
            if np.all(abs(tried - delta) <= 4 * np.finfo(LD).eps * abs(delta)):
                break
            delta = tried
        positive = delta + np.log(y)
        with np.errstate(divide="ignore"):
            return np.where(some, positive, np.log(np.maximum(u, 0)) / (self.b if self.b > 0 else LD(1)))

    def conjugate_terms(self, y, u):
        if self.a == 0:
            return [*Poisson().conjugate_terms(y, u), y - xlogx(y)]
        if self.b == 0:
            return [*Gamma().conjugate_terms(y, u), 1 + np.log(y)]
        at = self.where(y, u)
        at = np.where(np.isinf(at), LD(0), at)
        value = [np.where((y > 0) | (u > 0), -term, LD(0)) for term in self.terms(y, at)]
        return [u * at, *value]

    def young(self, y, eta, u):
        if self.a == 0:
            return Poisson().young(y, eta, u)
        if self.b == 0:
            return Gamma().young(y, eta, u)
        low, _ = self.domain(y)
        inside = u >= low
        at = self.where(y, np.where(inside, u, LD(0)))
        edge = np.isinf(at)  # y = 0 and u = 0: f* = 0
        d = eta - np.where(edge, LD(0), at)
        at = np.where(edge, LD(0), at)
        with np.errstate(over="ignore", under="ignore"):
            rise = np.exp(self.b * at) * power_rest(self.b * d) / self.b
            fall = y * np.exp(-self.a * at) * power_rest(-self.a * d) / self.a
            young = np.where(edge, np.exp(self.b * eta) / self.b, rise + fall)
        return np.where(inside, young, LD(np.inf))

    def saturated(self, y):
        return np.zeros_like(y)


class NegativeBinomial(Definition):
    """(y + θ) log(1 + e^η/θ) - yη."""

    def __init__(self, theta=1.0):
        self.theta = LD(theta)

    def _odds(self, eta):
        return eta - np.log(self.theta)

    def terms(self, y, eta):
        return [(y + self.theta) * np.logaddexp(LD(0), self._odds(eta)), -y * eta]

    def slope(self, y, eta):
        t = self._odds(eta)
        return self.theta * sigmoid(t) - y * sigmoid(-t)

    def curve(self, y, eta):
        t = self._odds(eta)
        return (y + self.theta) * sigmoid(t) * sigmoid(-t)

    def domain(self, y):
        return -y, np.full_like(y, self.theta)

    def conjugate_terms(self, y, u):
        v, rest = y + u, self.theta - u
        return [v * np.log(self.theta), share_entropy(v, rest), share_entropy(rest, v)]

    def young(self, y, eta, u):
        t, whole = self._odds(eta), y + self.theta
        low, high = self.domain(y)
        inside = (u >= low) & (u <= high)
        v = np.where(inside, y + u, LD(0))
        rest = np.where(inside, self.theta - u, LD(0))
        young = entropy_rest(v / whole, log_sigmoid(t)) + entropy_rest(rest / whole, log_sigmoid(-t))
        return np.where(inside, whole * young, LD(np.inf))

    def saturated(self, y):
        return -sum(self.conjugate_terms(y, np.zeros_like(y)))


class Huber(Definition):
    """½r² up to δ, then δ|r| - ½δ², r = y - η."""

    flat = LD(1e-4)
    real = True

    def __init__(self, delta=1.345):
        self.delta = LD(delta)

    def terms(self, y, eta):
        r = abs(y - eta)
        return [np.where(r <= self.delta, r * r / 2, self.delta * (r - self.delta / 2))]

    def slope(self, y, eta):
        return np.clip(eta - y, -self.delta, self.delta)

    def curve(self, y, eta):
        return np.where(abs(eta - y) <= self.delta, LD(1), LD(0))

    def touching(self, y, eta):
        """That of the parabola through both ±r."""
        return self.delta / np.maximum(abs(eta - y), self.delta)

    def room(self, y, eta):
        """The share of δ that is left."""
        return np.maximum(1 - abs(eta - y) / self.delta, 0)

    def kinks(self, y):
        return [y - self.delta, y + self.delta]

    def domain(self, y):
        return np.full_like(y, -self.delta), np.full_like(y, self.delta)

    def conjugate_terms(self, y, u):
        return [u * u / 2, u * y]

    def young(self, y, eta, u):
        r = eta - y
        out = abs(r) > self.delta
        lean = self.delta - np.sign(r) * u  # how far u is from the edge that r is at
        beyond = lean * (abs(r) - self.delta) + lean * lean / 2
        return np.where(abs(u) <= self.delta, np.where(out, beyond, (r - u) ** 2 / 2), LD(np.inf))

    def saturated(self, y):
        return np.zeros_like(y)


class SquaredHinge(Definition):
    """½ max(0, 1 - sη)², s = ±1 for the larger and the smaller label."""

    flat = LD(1e-4)

    def code(self, y):
        return Logistic().code(y)

    def terms(self, y, eta):
        return [np.maximum(1 - (2 * y - 1) * eta, 0) ** 2 / 2]

    def slope(self, y, eta):
        s = 2 * y - 1
        return -s * np.maximum(1 - s * eta, 0)

    def curve(self, y, eta):
        return np.where((2 * y - 1) * eta < 1, LD(1), LD(0))

    def room(self, y, eta):
        """How short of 1 the margin is, if that is little."""
        return np.clip(1 - (2 * y - 1) * eta, 0, 1)

    def kinks(self, y):
        return [2 * y - 1]

    def domain(self, y):
        end = np.full_like(y, np.inf)
        return np.where(y > 0, -end, LD(0)), np.where(y > 0, LD(0), end)

    def conjugate_terms(self, y, u):
        c = (2 * y - 1) * u
        return [c, c * c / 2]

    def young(self, y, eta, u):
        s = 2 * y - 1
        short, c = 1 - s * eta, s * u
        young = np.where(short > 0, (short + c) ** 2 / 2, c * c / 2 + c * short)
        return np.where(c <= 0, young, LD(np.inf))

    def saturated(self, y):
        return np.zeros_like(y)


class MultiTask(Definition):
    """½‖y - η‖²."""

    single = False

    def terms(self, y, eta):
        return [((y - eta) ** 2).sum(axis=-1) / 2]

    def saturated(self, y):
        return np.zeros(y.shape[:-1], dtype=LD)


class Multinomial(Definition):
    """-log of the class's share of Σ e^η, y one column per class."""

    single = False

    def terms(self, y, eta):
        top = eta.max(axis=-1, keepdims=True)
        own = (y * (top - eta)).sum(axis=-1)
        first = np.arange(eta.shape[-1]) == np.argmax(eta, axis=-1)[..., None]
        return [own, np.log1p(np.where(first, 0, np.exp(eta - top)).sum(axis=-1))]

    def saturated(self, y):
        return np.zeros(y.shape[:-1], dtype=LD)


class Ordinal(Definition):
    """-log(σ(η_{y-1}) - σ(η_y)) with P(y > k) = σ(η_k): σ(b) - σ(a) = σ(b)σ(-a)(1 - e^(a-b))."""

    single = False

    def terms(self, y, eta):
        y, eta = np.broadcast_arrays(y[..., None], eta)
        ends = np.full((*eta.shape[:-1], 1), LD(np.inf))
        edges = np.concatenate([ends, eta, -ends], axis=-1)
        code = y[..., :1].astype(int)
        upper, lower = (np.take_along_axis(edges, code + k, axis=-1)[..., 0] for k in (0, 1))
        with np.errstate(invalid="ignore", divide="ignore"):
            apart = -np.log(-np.expm1(lower - upper))
        return [-log_sigmoid(upper), -log_sigmoid(-lower), np.where(upper > lower, apart, LD(np.inf))]

    def saturated(self, y):
        return np.zeros_like(y)


DEFINITIONS = {
    "squared": Squared,
    "logistic": Logistic,
    "poisson": Poisson,
    "gamma": Gamma,
    "tweedie": Tweedie,
    "negative_binomial": NegativeBinomial,
    "huber": Huber,
    "squared_hinge": SquaredHinge,
    "multitask": MultiTask,
    "multinomial": Multinomial,
    "ordinal": Ordinal,
}

# Those of one output, which `oracle.Problem` knows.
SINGLE = tuple(name for name, definition in DEFINITIONS.items() if definition.single)
