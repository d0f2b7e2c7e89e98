"""How often intervals cover and how many discoveries are false, over hundreds of draws with stated seeds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import kstest

import lozenge as lz
from lozenge.inference import intervals, knockoffs, selected
from lozenge.inference.polyhedral import log_odds

pytestmark = pytest.mark.slow


def neighbours(p, rho):
    return rho ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))


def mean_and_error(values):
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))


# ---------------------------------------------------------------------------------------------- desparsified
@pytest.mark.parametrize(
    ("loss", "n", "p", "rho", "factor", "draws", "seed"),
    [
        ("squared", 200, 100, 0.5, 0.7, 400, 1),
        ("squared", 200, 300, 0.5, 0.7, 150, 2),
        ("logistic", 600, 100, 0.3, 0.17, 250, 3),
    ],
)
def test_desparsified_intervals_cover(loss, n, p, rho, factor, draws, seed):
    """Between 93 and 97 %, to two Monte-Carlo errors, of the weights that are zero and of those that are not."""
    rng, root, b = np.random.default_rng(seed), np.linalg.cholesky(neighbours(p, rho)), np.zeros(p)
    b[[0, 17, 34, 51, 68]] = [1.0, -1.0, 0.5, 0.5, -0.5]
    alpha, kept, zero = factor * np.sqrt(2 * np.log(p) / n), [], []
    for _ in range(draws):
        X = rng.standard_normal((n, p)) @ root.T
        y = X @ b + rng.standard_normal(n) if loss == "squared" else (rng.random(n) < expit(X @ b)).astype(int)
        path = lz.path(X, y, loss=loss, alphas=[alpha])
        found = intervals(path, sigma=1.0 if loss == "squared" else None)
        covers = (found.low <= b) & (b <= found.high)
        kept.append(covers[b != 0].mean())
        zero.append(covers[b == 0].mean())
    for values in (kept, zero):
        mean, error = mean_and_error(values)
        assert error < 0.012
        assert 0.93 - 2 * error <= mean <= 0.97 + 2 * error, (mean, error)


def test_with_sigma_from_the_cross_validation_they_cover_too():
    rng, n, p = np.random.default_rng(4), 200, 100
    root, b = np.linalg.cholesky(neighbours(p, 0.5)), np.zeros(p)
    b[[0, 17, 34, 51, 68]] = [1.0, -1.0, 0.5, 0.5, -0.5]
    kept, zero = [], []
    for _ in range(250):
        X = rng.standard_normal((n, p)) @ root.T
        path = lz.path(X, X @ b + rng.standard_normal(n), cv=5, n_alphas=30, alpha_min_ratio=0.02)
        found = intervals(path)
        covers = (found.low <= b) & (b <= found.high)
        kept.append(covers[b != 0].mean())
        zero.append(covers[b == 0].mean())
    for values in (kept, zero):
        mean, error = mean_and_error(values)
        assert 0.93 - 2 * error <= mean <= 0.97 + 2 * error, (mean, error)


def test_where_the_truth_is_dense_they_do_not():
    """100 of 300 weights are not zero, with 200 rows: what the page on uncertainty says of it."""
    rng, n, p, covers = np.random.default_rng(5), 200, 300, []
    root, b = np.linalg.cholesky(neighbours(p, 0.5)), np.zeros(p)
    b[::3] = 0.5 * (-1.0) ** np.arange(100)
    for _ in range(30):
        X = rng.standard_normal((n, p)) @ root.T
        path = lz.path(X, X @ b + rng.standard_normal(n), alphas=[0.7 * np.sqrt(2 * np.log(p) / n)])
        found = intervals(path, sigma=1.0)
        covers.append(((found.low <= b) & (b <= found.high))[b != 0].mean())
    mean, error = mean_and_error(covers)
    assert mean + 4 * error < 0.9


# ---------------------------------------------------------------------------------------------- knockoffs
def discoveries(rng, draws, *, fdr, p=60, n=200, count=20, covariance="known", loss="squared", method="mvr"):
    R, b, false, power = neighbours(p, 0.5), np.zeros(p), [], []
    b[rng.permutation(p)[:count]] = 0.35 * (-1.0) ** np.arange(count)
    root = np.linalg.cholesky(R)
    for seed in range(draws):
        X = rng.standard_normal((n, p)) @ root.T
        y = X @ b + rng.standard_normal(n)
        if loss == "logistic":
            y = (rng.random(n) < expit(2.0 * X @ b)).astype(int)
        given = {"covariance": R, "mean": np.zeros(p)} if covariance == "known" else {}
        given |= {"n_alphas": 30, "alpha_min_ratio": 1e-3, "cv": 4, "loss": loss, "method": method, "seed": seed}
        chosen = knockoffs(X, y, fdr=fdr, **given).selected
        wrong = np.count_nonzero(b[chosen] == 0)
        false.append(wrong / max(1, len(chosen)))
        power.append((len(chosen) - wrong) / count)
    return mean_and_error(false), float(np.mean(power))


@pytest.mark.filterwarnings("ignore:the best score is at the end of the grid")  # of the power, not of the rate
@pytest.mark.parametrize(("fdr", "method", "seed"), [(0.1, "mvr", 6), (0.2, "mvr", 7), (0.2, "equi", 8)])
def test_with_a_known_covariance_the_rate_is_kept(fdr, method, seed):
    """500 draws: the mean share of false ones is at most the rate and two Monte-Carlo errors; and it selects."""
    (mean, error), power = discoveries(np.random.default_rng(seed), 500, fdr=fdr, method=method)
    assert error < 0.01
    assert mean <= fdr + 2 * error, (mean, error)
    assert power > 0.3


@pytest.mark.filterwarnings("ignore:the best score is at the end of the grid")
def test_of_the_logistic_loss_too():
    (mean, error), power = discoveries(np.random.default_rng(9), 150, fdr=0.2, p=40, n=300, count=15, loss="logistic")
    assert mean <= 0.2 + 2 * error, (mean, error)
    assert power > 0.3


@pytest.mark.filterwarnings("ignore:the best score is at the end of the grid")
def test_a_wrong_covariance_does_not_keep_it():
    """Neighbours of correlation 0.8 are claimed to have none."""
    rng, p, n, false = np.random.default_rng(10), 60, 200, []
    root, b = np.linalg.cholesky(neighbours(p, 0.8)), np.zeros(p)
    b[::4] = 0.5
    for seed in range(40):
        X = rng.standard_normal((n, p)) @ root.T
        y = X @ b + rng.standard_normal(n)
        given = {"covariance": np.eye(p), "mean": np.zeros(p), "n_alphas": 30, "alpha_min_ratio": 1e-3, "seed": seed}
        chosen = knockoffs(X, y, fdr=0.1, **given).selected
        false.append(np.count_nonzero(b[chosen] == 0) / max(1, len(chosen)))
    mean, error = mean_and_error(false)
    assert mean - 4 * error > 0.1


# ---------------------------------------------------------------------------------------------- polyhedral
def draws_of(seed, n, p, b, count, sigma, claimed, factor):
    """(covers, pivot of the first kept feature) of each draw that keeps something, X fixed."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) @ np.linalg.cholesky(neighbours(p, 0.3)).T
    mean, alpha = X @ b, factor * sigma * np.sqrt(2 * np.log(p) / n)
    centred, covers, pivots = X - X.mean(0), [], []
    for _ in range(count):
        y = mean + sigma * rng.standard_normal(n)
        found = selected(lz.path(X, y, alphas=[alpha]), alpha=alpha, sigma=claimed)
        if not len(found.weight):
            continue
        kept = [int(name[1:]) for name in found.feature_names]
        target = np.linalg.lstsq(centred[:, kept], mean - mean.mean(), rcond=None)[0]
        covers.append(np.mean((found.low <= target) & (target <= found.high)))
        z = (found.weight[0] - target[0]) / found.se[0]
        room = (found.weight[0] - found.floor[0]) / found.se[0], (found.ceiling[0] - found.weight[0]) / found.se[0]
        pivots.append(expit(log_odds(z, *room)))
    return covers, pivots


@pytest.mark.parametrize(
    ("seed", "n", "p", "size", "sigma", "factor"),
    [(11, 100, 50, 0.4, 1.0, 0.6), (12, 60, 120, 0.6, 2.0, 0.7), (13, 100, 50, 0.0, 1.0, 0.7)],
)
def test_selected_intervals_cover_and_their_pivots_are_uniform(seed, n, p, size, sigma, factor):
    b = np.zeros(p)
    b[:: p // 5] = size * sigma
    covers, pivots = draws_of(seed, n, p, b, 1200, sigma, sigma, factor)
    assert len(covers) > 800
    mean, error = mean_and_error(covers)
    assert abs(mean - 0.95) <= 2 * error, (mean, error)
    # One pivot a draw, so that they are independent; a test at 1 %, of three.
    assert kstest(pivots, "uniform").pvalue > 0.01 / 3


def test_with_a_wrong_sigma_they_do_not():
    b = np.zeros(50)
    b[::10] = 0.4
    covers, pivots = draws_of(14, 100, 50, b, 300, 1.0, 0.5, 0.6)
    mean, error = mean_and_error(covers)
    assert mean + 4 * error < 0.9
    assert kstest(pivots, "uniform").pvalue < 1e-3
    assert np.isfinite(logit(np.clip(pivots, 1e-12, 1 - 1e-12))).all()
