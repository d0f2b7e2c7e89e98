"""y drawn from predictors: scores (n, q) of mean 0 and standard deviation 1 in, what each loss expects out."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from benchmarks.losses import POWER

TICK = 1e-4  # times are rounded up to it: some are tied
CENSORED = 0.3  # share of the rows without an event


def respond(rng: np.random.Generator, loss: str, scores: np.ndarray) -> np.ndarray:
    """y of (n,): numbers, or class numbers from 0 on; (n, 2) of times and events for cox."""
    if loss == "multinomial":
        return _classes(rng, 1.5 * scores)
    return RESPONSES[loss](rng, scores[:, 0])


def _squared(rng: np.random.Generator, eta: np.ndarray) -> np.ndarray:
    """Signal-to-noise ratio 3, mean 0 and root mean square 1."""
    y = eta + rng.standard_normal(eta.size) / np.sqrt(3.0)
    y -= y.mean()
    return y / np.sqrt(np.mean(y**2))


def _logistic(rng: np.random.Generator, eta: np.ndarray) -> np.ndarray:
    # The logistic distribution has variance π²/3, so a ratio of 3 is a standard deviation of π.
    return (rng.random(eta.size) < expit(np.pi * eta)).astype(np.float64)


def _poisson(rng: np.random.Generator, eta: np.ndarray) -> np.ndarray:
    """Counts with mean 2.3, a third of them 0."""
    return rng.poisson(np.exp(0.5 + 0.8 * eta)).astype(np.float64)


def _classes(rng: np.random.Generator, eta: np.ndarray) -> np.ndarray:
    """The largest of the predictors with Gumbel noise has the law of their softmax."""
    return (eta + rng.gumbel(size=eta.shape)).argmax(axis=1).astype(np.float64)


def _cox(rng: np.random.Generator, eta: np.ndarray) -> np.ndarray:
    """Hazard e^η; times of censoring are exponential too, with the rate that leaves so many events."""
    time = rng.exponential(size=eta.size) / np.exp(eta)
    waits = rng.exponential(size=eta.size)
    # A row is censored where its wait over the rate is below its time.
    limit = waits / np.quantile(waits / time, CENSORED)
    event = time <= limit
    return np.column_stack([np.ceil(np.minimum(time, limit) / TICK) * TICK, event])


def _claims(rng: np.random.Generator, eta: np.ndarray) -> np.ndarray:
    """Counts of claims, one in seven rows has any."""
    return rng.poisson(np.exp(-2.0 + 0.6 * eta)).astype(np.float64)


def _severities(rng: np.random.Generator, eta: np.ndarray) -> np.ndarray:
    """Gamma of shape 2."""
    return np.exp(0.6 * eta) * rng.gamma(2.0, 0.5, size=eta.size)


def _pure_premiums(rng: np.random.Generator, eta: np.ndarray) -> np.ndarray:
    """A Poisson number of gamma claims is Tweedie's law: Jørgensen (1987), JRSS B 49, sec. 4. Two thirds are 0."""
    mean, dispersion = np.exp(0.6 * eta), 4.0
    claims = rng.poisson(mean ** (2.0 - POWER) / (dispersion * (2.0 - POWER)))
    scale = dispersion * (POWER - 1.0) * mean ** (POWER - 1.0)
    y = np.zeros(eta.size)
    some = claims > 0
    y[some] = rng.gamma(claims[some] * (2.0 - POWER) / (POWER - 1.0)) * scale[some]
    return y


RESPONSES = {
    "squared": _squared,
    "logistic": _logistic,
    "poisson": _poisson,
    "cox": _cox,
    "claims": _claims,
    "gamma": _severities,
    "tweedie": _pure_premiums,
}
