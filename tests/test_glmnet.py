"""Paths of the authors of glmnet, whose code is theirs and Fortran's heir: Poisson, multinomial and Cox.

Theirs stop by the move of a coefficient.  Where the optimum is unique both have its weights; where it is not, ours has
an objective that is no more than theirs.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from glmnet import CoxNet, FishNet, MultiClassNet
from glmnet.paths.fastnet import FastNetControl

import lozenge as lz
from test_outputs import partial_loss

PROBLEMS = (
    "plain", "elastic", "correlated", "rank-deficient", "wide", "scales", "weights", "rare", "separable", "zeros",
)  # fmt: skip


def columns(problem):
    rng = np.random.default_rng(PROBLEMS.index(problem))
    n, p = (60, 150) if problem == "wide" else (150, 12)
    X = rng.standard_normal((n, p))
    if problem == "correlated":
        X = 0.2 * X + rng.standard_normal((n, 1))
    elif problem == "rank-deficient":
        X[:, 4:] = X[:, :4] @ rng.standard_normal((4, 8))
    elif problem == "scales":
        X *= np.geomspace(0.1, 10.0, p)
    # Their weights are not divided by their sum where X is centred; rows that are repeated are weights for both.
    times = rng.integers(1, 4, n) if problem == "weights" else np.ones(n, dtype=int)
    eta = (X[:, 0] / X[:, 0].std() - 0.7 * X[:, 1] / X[:, 1].std()) * (8.0 if problem == "separable" else 1.0)
    return rng, X, eta, times


def both(net, frame, X, y, times, problem, **options):
    """Our path on weighted rows, and theirs on repeated ones, at the same α."""
    rho = 0.5 if problem == "elastic" else 1.0
    penalty = lz.penalties.ElasticNet(rho) if rho < 1.0 else "l1"
    ours = lz.path(
        X, y, penalty=penalty, sample_weight=times, standardize=False, n_alphas=6, alpha_min_ratio=0.02, tol=1e-11,
        **options,
    )  # fmt: skip
    control = FastNetControl(fdev=0.0, devmax=1.0, mnlam=6, thresh=1e-20, maxit=10_000_000)
    model = net(alpha=rho, lambda_values=ours.alphas, standardize=False, control=control)
    theirs = model.fit(np.repeat(X, times, axis=0), frame(np.repeat(y, times, axis=0)))
    return ours, theirs, rho


def as_good(problem, mine, other, b, beside):
    """Our objective is the lower one, by 1e-8 at most; and where the optimum is unique, the weights are the same."""
    assert mine <= other + 1e-12 * (1 + abs(other))
    assert other - mine <= 1e-8
    if problem != "rank-deficient":
        close(b, beside)


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6 * max(np.abs(wanted).max(), 1e-3))


def price(b, alpha, rho):
    return alpha * np.sum(rho * np.abs(b) + 0.5 * (1.0 - rho) * b * b)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_poisson(problem):
    rng, X, eta, times = columns(problem)
    y = rng.poisson(np.exp(0.5 * eta - (7.0 if problem == "rare" else 0.0))).astype(float)
    y[: {"rare": 1, "zeros": 0}.get(problem, 0)] = 1.0
    if problem == "zeros":
        y[X[:, 0] < 0.5] = 0.0
    ours, theirs, rho = both(FishNet, lambda y: y, X, y, times, problem, loss="poisson")
    assert ours.gaps.max() <= 1e-11
    for k, alpha in enumerate(ours.alphas):
        b = ours.coefs[:, [k]].toarray()[:, 0]

        def objective(b, c, alpha=alpha):
            eta = X @ b + c
            return np.average(np.exp(eta) - y * eta, weights=times) + price(b, alpha, rho)

        mine, other = objective(b, ours.intercepts[k]), objective(theirs.coefs_[k], theirs.intercepts_[k])
        as_good(problem, mine, other, b, theirs.coefs_[k])


@pytest.mark.parametrize("problem", PROBLEMS)
def test_multinomial(problem):
    rng, X, eta, times = columns(problem)
    scores = np.column_stack([eta, -eta, 0.5 * X[:, 2]]) + rng.gumbel(size=(len(X), 3)) * (problem != "separable")
    y = np.argmax(scores, axis=1)
    if problem == "rare":
        y[y == 2] = 0
        y[np.argmax(X[:, 2])] = 2
    ours, theirs, rho = both(MultiClassNet, lambda y: y, X, y, times, problem, loss="multinomial")
    assert ours.gaps.max() <= 1e-11
    Y = np.eye(3)[y]
    for k, alpha in enumerate(ours.alphas):
        b = ours.coefs[:, [k]].toarray()[:, 0].reshape(3, -1).T

        def objective(b, c, alpha=alpha):
            eta = X @ b + c
            top = eta.max(axis=1)
            each = top + np.log(np.exp(eta - top[:, None]).sum(axis=1)) - (Y * eta).sum(axis=1)
            return np.average(each, weights=times) + price(b, alpha, rho)

        mine, other = objective(b, ours.intercepts[k]), objective(theirs.coefs_[k], theirs.intercepts_[k])
        as_good(problem, mine, other, b, theirs.coefs_[k])


@pytest.mark.parametrize("problem", PROBLEMS)
def test_cox(problem):
    rng, X, eta, times = columns(problem)
    time = rng.exponential(size=len(X)) * np.exp(
        -eta if problem != "separable" else -0.3 * eta
    )  # theirs gives up on more
    time = np.ceil(10.0 * time) if problem in {"plain", "weights", "zeros"} else time  # ties
    event = rng.random(len(X)) < (0.02 if problem == "rare" else 0.7)
    event[:2] = True
    y = np.column_stack([time, event])
    ours, theirs, rho = both(
        CoxNet, lambda y: pd.DataFrame({"event": y[:, 0], "status": y[:, 1].astype(np.int32)}), X, y, times, problem,
        loss="cox",
    )  # fmt: skip
    assert ours.gaps.max() <= 1e-11
    whole = np.column_stack([y, np.full(len(y), -np.inf), np.zeros(len(y))])
    for k, alpha in enumerate(ours.alphas):
        b, other = ours.coefs[:, [k]].toarray()[:, 0], theirs.coefs_[k]
        mine, their = (
            partial_loss(whole, times, X @ each, "breslow") / times.sum() + price(each, alpha, rho)
            for each in (b, other)
        )
        as_good(problem, mine, their, b, other)
