"""Responses that each loss takes, drawn around a linear predictor, and the parameters with which each is looked at.

A loss that is registered joins the tests that loop over the registry when it is added to `DRAWN` here; where it has
parameters, to `PARAMETERS` too.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from lozenge.losses import LOSSES

PARAMETERS = {
    "tweedie": [{"power": power} for power in (1.0, 1.2, 1.5, 1.9, 2.0)],
    "negative_binomial": [{"theta": theta} for theta in (0.3, 1.0, 50.0)],
    "huber": [{"delta": delta} for delta in (0.5, 2.0)],
}
# (name, parameters) of every loss that is looked at, by what to call it.
MADE = {
    f"{name}{''.join(f':{value:g}' for value in each.values())}": (name, each)
    for name in LOSSES
    for each in PARAMETERS.get(name, [{}])
}


def draw(name, eta, rng, **parameters):
    """A response of a loss, as a user hands it in: (n,) or (n, columns); the first rows hold every class."""
    return DRAWN[name](np.asarray(eta, dtype=float), rng, **parameters)


def _mean(eta):
    """e^η of a predictor that is held to a few units: counts and amounts of all sizes, none of them absurd."""
    return np.exp(np.clip(eta / max(1.0, float(np.std(eta))), -3.0, 3.0))


def _real(eta, rng):
    return eta + rng.standard_normal(len(eta)) + 2.0


def _outliers(eta, rng, **_):
    return eta + rng.standard_t(1.5, len(eta)) + 2.0


def _two(eta, rng):
    y = (rng.random(len(eta)) < expit(eta)).astype(float)
    y[:2] = 0.0, 1.0
    return y


def _counts(eta, rng):
    y = rng.poisson(_mean(eta)).astype(float)
    y[0] += 1.0
    return y


def _spread_counts(eta, rng, theta=1.0):
    y = rng.negative_binomial(theta, theta / (theta + _mean(eta))).astype(float)
    y[0] += 1.0
    return y


def _amounts(eta, rng):
    return _mean(eta) * rng.gamma(2.0, 0.5, len(eta)) + 1e-3


def _some_amounts(eta, rng, power=1.5):
    y = _amounts(eta, rng) * (rng.random(len(eta)) < (0.6 if power < 2.0 else 1.0))
    y[0] += 1.0
    return y


def _several(eta, rng):
    shared = rng.standard_normal(len(eta))
    return np.column_stack([eta + shared, 0.5 * eta - shared]) + rng.standard_normal((len(eta), 2))


def _words(eta, rng):
    noisy = np.column_stack([eta, -eta, np.zeros(len(eta))]) + rng.gumbel(size=(len(eta), 3))
    codes = np.argmax(noisy, axis=1)
    codes[:3] = range(len(codes[:3]))
    return np.array(["high", "low", "middle"])[codes]


def _ordered(eta, rng):
    codes = np.digitize(eta + rng.logistic(size=len(eta)), [-1.0, 0.5, 2.0])
    codes[:4] = range(len(codes[:4]))
    return codes.astype(float)


def _survival(eta, rng):
    time = rng.exponential(size=len(eta)) / _mean(eta)
    censored = rng.exponential(2.0, len(eta))
    event = time <= censored
    event[:2] = True
    return np.column_stack([np.ceil(10.0 * np.minimum(time, censored)) / 10.0, event])


DRAWN = {
    "squared": _real,
    "logistic": _two,
    "poisson": _counts,
    "gamma": _amounts,
    "tweedie": _some_amounts,
    "negative_binomial": _spread_counts,
    "multinomial": _words,
    "ordinal": _ordered,
    "huber": _outliers,
    "quantile": _outliers,
    "squared_hinge": _two,
    "cox": _survival,
    "multitask": _several,
}
