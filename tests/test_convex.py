"""Convex penalties whose corner is not a soft threshold's, and bounds: paths against CVXPY, 20 problems each and loss.

The objective to 1e-8 of the null loss, weights to 1e-5 where the optimum is proved to be the only one.
"""

from __future__ import annotations

import warnings

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import norm

import lozenge as lz
from lozenge.penalties import L1, TV, ElasticNet, Group, Slope, SparseGroup

P = 12
LABELS = [0, 0, 0, 1, 1, 2, 3, 3, 3, 3, 4, 5]
V = np.sqrt(np.bincount(LABELS))[LABELS]
LOW, HIGH = np.where(np.arange(P) % 3 == 0, 0.0, -0.2), np.where(np.arange(P) % 4 == 0, 0.15, np.inf)


def norms(b):
    return cp.sum(
        [
            V[j] * cp.norm2(b[np.flatnonzero(np.array(LABELS) == LABELS[j])])
            for j in np.unique(LABELS, return_index=True)[1]
        ]
    )


# Each with αΩ for CVXPY on standardised weights b, whose user weights are u.
CASES = {
    "positive": (L1(positive=True), lambda b, u: (cp.norm1(b), [u >= 0])),
    "bounded": (L1(lower=LOW, upper=HIGH), lambda b, u: (cp.norm1(b), bounded(u))),
    "bounded net": (
        ElasticNet(l1_ratio=0.3, lower=LOW, upper=HIGH),
        lambda b, u: (0.3 * cp.norm1(b) + 0.35 * cp.sum_squares(b), bounded(u)),
    ),
    "positive ridge": (ElasticNet(l1_ratio=0.0, positive=True), lambda b, u: (cp.sum_squares(b) / 2, [u >= 0])),
    "slope": (Slope(q=0.2), lambda b, _: (ranked(b), [])),
    "tv": (TV(), lambda b, _: (cp.norm1(cp.diff(b)), [])),
    "fused": (TV(l1_ratio=0.4), lambda b, _: (0.6 * cp.norm1(cp.diff(b)) + 0.4 * cp.norm1(b), [])),
    "sparse group": (
        SparseGroup(groups=LABELS, l1_ratio=0.3),
        lambda b, _: (0.7 * norms(b) + 0.3 * cp.norm1(b), []),
    ),
    "group": (Group(groups=LABELS), lambda b, _: (norms(b), [])),
}


def ranked(b):
    """Σ λⱼ|b|₍ⱼ₎ = Σ (λⱼ - λⱼ₊₁) · (sum of the j largest)."""
    quantiles = norm.isf(0.2 * np.arange(1, P + 1) / (2 * P))
    drops = -np.diff(quantiles / quantiles[0], append=0.0)
    return cp.sum([drop * cp.sum_largest(cp.abs(b), j + 1) for j, drop in enumerate(drops)])


def bounded(u):
    return [u >= LOW, u[np.isfinite(HIGH)] <= HIGH[np.isfinite(HIGH)]]


def data(seed, loss):
    """Correlated columns of several scales; weights, no intercept, sparse X in turns."""
    rng = np.random.default_rng(seed)
    n = int(rng.choice([10, 40, 60]))
    X = rng.standard_normal((n, P))
    X[:, 1:] = 0.6 * X[:, :-1] + 0.8 * X[:, 1:]
    X = X * rng.choice([0.5, 1.0, 3.0], P) + rng.choice([0.0, 2.0], P)
    if seed % 3 == 0:
        X[rng.random(X.shape) < 0.5] = 0.0
    eta = (X - X.mean(0)) @ (rng.standard_normal(P) * (rng.random(P) < 0.6)) + rng.standard_normal(n)
    options = {"fit_intercept": seed % 4 != 1, "standardize": seed % 5 != 2}
    if seed % 2:
        options["sample_weight"] = rng.integers(1, 4, n).astype(float)
    return X, eta if loss == "squared" else (eta > 0).astype(float), options


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("name", CASES)
def test_as_cvxpy(name, loss):
    penalty, theirs = CASES[name]
    compared = 0
    for seed in range(20):
        X, y, options = data(seed, loss)
        path = lz.path(
            sp.csc_array(X) if seed % 3 == 0 else X, y, loss=loss, penalty=penalty, n_alphas=4,
            tol=1e-11 if penalty.gapped else 1e-8, alpha_min_ratio=0.05, **options,
        )  # fmt: skip
        assert all(status is lz.Status.CERTIFIED for status in path.status)
        assert not path.coefs[:, [0]].nnz or name in {"positive ridge", "tv"}
        w = options.get("sample_weight", np.ones(len(y)))
        w = w / w.sum()
        mean = w @ X if options["fit_intercept"] else np.zeros(P)
        sd = np.sqrt(w @ (X - w @ X) ** 2) if options["standardize"] else np.ones(P)
        k = 2
        alpha, found = path.alphas[k], path.coefs[:, [k]].toarray()[:, 0]

        def cost(eta, y=y, w=w):
            if loss == "squared":
                return cp.sum_squares(cp.multiply(np.sqrt(w), y - eta)) / 2
            return w @ (cp.logistic(eta) - cp.multiply(y, eta))

        u, base = cp.Variable(P), cp.Variable()
        b = cp.multiply(sd, u)
        held, limits = theirs(b, u)
        eta = (X - mean) @ u + (base if options["fit_intercept"] else 0)
        task = cp.Problem(cp.Minimize(cost(eta) + alpha * held), limits)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            task.solve(solver="CLARABEL", tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12, max_iter=200)
        assert task.status in {"optimal", "optimal_inaccurate"}
        best, weights = task.value, u.value
        u.value, base.value = found, path.intercepts[k] + mean @ found
        ours = task.objective.value
        null = cost(
            np.full(len(y), (w @ y) if loss == "squared" else np.log(w @ y / (1 - w @ y)))
            if options["fit_intercept"]
            else np.zeros(len(y))
        ).value
        assert ours <= best + 1e-8 * null
        assert all(limit.violation().max() <= 1e-12 for limit in limits)
        # Where it says that it is inaccurate, its objective is near and its weights need not be.
        if path.unique[k] and task.status == "optimal":
            compared += 1
            np.testing.assert_allclose(found * sd, weights * sd, atol=1e-5 * max(1.0, abs(weights * sd).max()))
    assert compared
