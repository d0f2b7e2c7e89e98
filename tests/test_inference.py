"""Intervals and knockoffs against least squares, inverses, naive refits, numerical minimisers and integrals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import norm
from sklearn.covariance import LedoitWolf
from sklearn.linear_model import Lasso

import lozenge as lz
from lozenge.inference import gaussian, intervals, knockoffs, selected
from lozenge.inference.knockoffs import threshold
from lozenge.inference.nodewise import nodewise
from lozenge.inference.polyhedral import _interval, log_odds


def neighbours(p, rho):
    return rho ** np.abs(np.subtract.outer(np.arange(p), np.arange(p)))


def data(seed=0, n=120, p=30, rho=0.5, loss="squared"):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) @ np.linalg.cholesky(neighbours(p, rho)).T * np.linspace(0.5, 3.0, p) + 4.0
    b = np.zeros(p)
    b[[0, p // 2, p - 1]] = [1.0, -0.6, 0.4]
    eta = X @ b - np.mean(X @ b)
    return X, eta + rng.standard_normal(n) if loss == "squared" else (rng.random(n) < expit(eta)).astype(int), b


# ---------------------------------------------------------------------------------------------- nodewise
def descended(C, j, lam, sweeps=3_000):
    """The naive twin: cyclic descent on ½γ'Cγ - C_jγ + λ|γ|, γ_j = 0."""
    gamma = np.zeros(len(C))
    for _ in range(sweeps):
        for k in range(len(C)):
            if k != j:
                pull = C[j, k] - C[k] @ gamma + C[k, k] * gamma[k]
                gamma[k] = np.sign(pull) * max(abs(pull) - lam, 0.0) / C[k, k]
    return gamma


def test_a_direction_is_that_of_a_lasso_and_its_factors_are_those_of_rows():
    X, _, _ = data(n=60, p=12, rho=0.8)
    Z = (X - X.mean(0)) / X.std(0)
    R, n, bound = Z.T @ Z / len(Z), len(Z), np.sqrt(2 * np.log(12))
    found = nodewise(R, np.arange(12), n)
    for j in range(12):
        # Zhang & Zhang's choice, from the rows.
        lam, widest, last = np.max(np.abs(np.delete(R[j], j))), None, None
        for _ in range(60):
            gamma = descended(R, j, lam, 300)
            z = Z[:, j] - Z @ gamma
            eta = np.max(np.abs(np.delete(Z, j, axis=1).T @ z)) / np.linalg.norm(z)
            tau = np.linalg.norm(z) / (z @ Z[:, j])
            if widest is None and eta <= bound:
                widest = 1.25 * tau
            if widest is not None and tau > widest:
                break
            if eta <= bound:
                last = (np.where(np.arange(12) == j, 1.0, -gamma) * n / (z @ Z[:, j]), tau, eta)
            lam *= 0.85
        np.testing.assert_allclose(found.theta[j], last[0], atol=1e-6)
        assert found.noise_factor[j] == pytest.approx(last[1], rel=1e-6)
        assert found.bias_factor[j] == pytest.approx(last[2], rel=1e-5)
        assert found.noise_factor[j] ** 2 == pytest.approx(found.theta[j] @ R @ found.theta[j] / n, rel=1e-9)


def test_the_units_of_a_column_scale_its_direction():
    C, size = neighbours(8, 0.6), np.geomspace(1e-3, 1e3, 8)
    one, other = nodewise(C, np.arange(8), 200), nodewise(C * np.outer(size, size), np.arange(8), 200)
    np.testing.assert_allclose(other.theta * np.outer(size, size), one.theta, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(other.noise_factor * size, one.noise_factor, rtol=1e-9)
    np.testing.assert_allclose(other.bias_factor, one.bias_factor, rtol=1e-9)


# ---------------------------------------------------------------------------------------------- desparsified
@pytest.mark.parametrize("intercept", [True, False])
def test_with_uncorrelated_columns_it_is_least_squares(intercept):
    rng = np.random.default_rng(3)
    X = rng.standard_normal((80, 6))
    X = np.linalg.qr(X - X.mean(0))[0] * [1.0, 10.0, 0.1, 3.0, 2.0, 5.0]
    y = X @ [5.0, 0.3, 0.0, 0.0, -1.0, 0.0] + rng.standard_normal(80) + (7.0 if intercept else 0.0)
    path = lz.path(X, y, alphas=[0.05], fit_intercept=intercept)
    found = intervals(path, sigma=2.0)
    full = np.column_stack([X, np.ones(80)]) if intercept else X
    np.testing.assert_allclose(found.weight, np.linalg.lstsq(full, y, rcond=None)[0][:6], rtol=1e-8)
    np.testing.assert_allclose(found.se, 2.0 / np.linalg.norm(X, axis=0), rtol=1e-8)
    np.testing.assert_allclose(found.high - found.low, 2 * norm.ppf(0.975) * found.se, rtol=1e-12)
    np.testing.assert_allclose(found.lasso, path.coefs.toarray()[:, 0], atol=1e-9)
    assert (found.sigma, found.noise) == (2.0, "given")


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("standardize", [True, False])
def test_the_correction_is_that_of_the_rows(loss, standardize):
    """θᵀ pull and √(θᵀCθ/n), from X and y and the nodewise θ of the centred columns."""
    X, y, _ = data(loss=loss, n=200, p=10)
    path = lz.path(X, y, loss=loss, alphas=[0.05], standardize=standardize, tol=1e-10)
    found = intervals(path, sigma=1.5 if loss == "squared" else None, level=0.9)
    fit = path.at(0.05)
    eta = X @ fit.coef + fit.intercept
    mean, w = (eta, np.ones(len(y))) if loss == "squared" else (expit(eta), expit(eta) * (1 - expit(eta)))
    centred = X - w @ X / w.sum()
    C = centred.T @ (w[:, None] * centred) / len(y)
    theta = nodewise(C, np.arange(10), len(y)).theta
    np.testing.assert_allclose(found.weight, fit.coef + theta @ X.T @ (y - mean) / len(y), atol=1e-6)
    se = np.sqrt(np.diag(theta @ C @ theta.T) / len(y)) * (1.5 if loss == "squared" else 1.0)
    np.testing.assert_allclose(found.se, se, rtol=1e-5)
    np.testing.assert_allclose(found.high - found.weight, norm.ppf(0.95) * se, rtol=1e-5)


def test_repeated_rows_are_weights_and_units_are_the_users():
    X, y, _ = data(n=100, p=8)
    w = np.random.default_rng(1).integers(0, 4, 100)
    asked = {"alphas": [0.1], "tol": 1e-10}
    weighted = intervals(lz.path(X, y, sample_weight=w, **asked))
    repeated = intervals(lz.path(np.repeat(X, w, axis=0), np.repeat(y, w), **asked))
    scaled = intervals(lz.path(X * 100.0, 1e3 * y, sample_weight=w, alphas=[100.0], tol=1e-10))
    for field in ("weight", "low", "high", "se", "lasso"):
        np.testing.assert_allclose(getattr(weighted, field), getattr(repeated, field), rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(getattr(scaled, field) / 10.0, getattr(weighted, field), rtol=1e-6, atol=1e-9)
    assert weighted.sigma == pytest.approx(repeated.sigma, rel=1e-7)


def test_some_features_have_the_intervals_that_they_have_among_all():
    X, y, _ = data()
    path = lz.path(X, y, cv=5, feature_names=[f"f{j}" for j in range(30)])
    whole, some = intervals(path), intervals(path, features=["f7", 2])
    assert some.feature_names == ("f7", "f2")
    assert intervals(path, features="f7").feature_names == intervals(path, features=7).feature_names == ("f7",)
    for field in ("weight", "low", "high", "se", "bias_factor"):
        np.testing.assert_allclose(getattr(some, field), getattr(whole, field)[[7, 2]], rtol=1e-9)
    assert whole.alpha == path.cv.alphas[path.cv.index_min] < path.alphas[path.chosen]


def test_sigma_is_that_of_the_residuals():
    X, y, _ = data()
    path = lz.path(X, y, cv=5)
    fit = path.at(float(path.cv.alphas[path.cv.index_min]))
    rest = y - X @ fit.coef - fit.intercept
    found = intervals(path, features=[0])
    assert found.sigma == pytest.approx(np.sqrt(rest @ rest / (120 - 1 - np.count_nonzero(fit.coef))), rel=1e-6)
    # Without folds: the scaled lasso, α = σ̃√(2 log p / n) with σ̃ of the fit at that α, by scikit-learn's.
    Z, sigma = (X - X.mean(0)) / X.std(0), np.std(y)
    for _ in range(50):
        lasso = Lasso(alpha=sigma * np.sqrt(2 * np.log(30) / 120), tol=1e-12, max_iter=10**6).fit(Z, y)
        sigma = np.sqrt(np.mean((y - lasso.predict(Z)) ** 2))
    expected = sigma * np.sqrt(120 / (120 - 1 - np.count_nonzero(lasso.coef_)))
    assert intervals(lz.path(X, y, alphas=[0.1]), features=[0]).sigma == pytest.approx(expected, rel=1e-4)


def test_copies_have_no_interval_that_says_anything():
    X, y, _ = data(p=10)
    found = intervals(lz.path(np.column_stack([X, X[:, 3]]), y, alphas=[0.1]))
    endless = np.isinf(found.low) & np.isinf(found.high)
    np.testing.assert_array_equal(np.flatnonzero(endless), [3, 10])
    assert "inf" in str(found)


def test_one_feature_alone_has_the_interval_of_least_squares():
    rng = np.random.default_rng(12)
    x = rng.standard_normal(50)
    y = 2.0 * x + 1.0 + rng.standard_normal(50)
    found = intervals(lz.path(x[:, None], y, alphas=[0.3]), sigma=1.0)
    assert found.weight[0] == pytest.approx(np.cov(x, y)[0, 1] / np.var(x, ddof=1), rel=1e-9)
    assert found.se[0] == pytest.approx(1.0 / (np.std(x) * np.sqrt(50)), rel=1e-9)


def test_excluded_and_constant_columns_are_left_out():
    X, y, _ = data(p=10)
    X[:, 4] = 2.0
    path = lz.path(X, y, alphas=[0.1], penalty_weights={"x1": np.inf, "x2": 0.0})
    found = intervals(path, sigma=1.0)
    assert found.feature_names == tuple(f"x{j}" for j in (0, 2, 3, 5, 6, 7, 8, 9))
    alone = intervals(lz.path(np.delete(X, [1, 4], axis=1), y, alphas=[0.1], penalty_weights={"x1": 0.0}), sigma=1.0)
    np.testing.assert_allclose(found.weight, alone.weight, rtol=1e-6, atol=1e-9)
    for name in ("x1", "x4"):
        with pytest.raises(ValueError, match="constant or excluded"):
            intervals(path, features=[name])


def test_what_intervals_refuse(tmp_path, monkeypatch):
    X, y, _ = data(p=5)
    path = lz.path(X, y, alphas=[0.1])
    path.save(tmp_path / "model.json")
    for bad, why in (
        (lz.load(tmp_path / "model.json"), "this path was loaded"),
        (lz.path(X, y, constraint=lz.L0Ball(2)), "goes by size"),
        (lz.path(X, y, penalty="elasticnet", alphas=[0.1]), "elasticnet"),
        (lz.path(X, y, penalty=lz.penalties.L1(positive=True), alphas=[0.1]), "with bounds"),
        (lz.path(X, np.abs(y), loss="poisson", alphas=[0.1]), "poisson"),
    ):
        with pytest.raises(ValueError, match=why):
            intervals(bad)
    for options, why in (
        ({"level": 95}, "level"),
        ({"sigma": -1.0}, "sigma"),
        ({"features": ["x9"]}, "no feature 'x9'"),
        ({"features": [5]}, "out of range"),
        ({"features": []}, "no feature is named"),
    ):
        with pytest.raises(ValueError, match=why):
            intervals(path, **options)
    with pytest.raises(ValueError, match="has no sigma"):
        intervals(lz.path(X, y > 0, loss="logistic", alphas=[0.1]), sigma=1.0)
    with pytest.raises(ValueError, match="neither"):
        intervals(lz.path(X, y, alphas=[0.1], standardize=False))
    monkeypatch.setattr("lozenge.inference.desparsified.MEMORY", 8 * 4**2)
    with pytest.raises(ValueError, match="leave columns out"):
        intervals(path)
    X[0, 0] += 1.0
    with pytest.raises(ValueError, match="X has changed"):
        intervals(path)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_intervals_cover(loss):
    """40 draws; the slow tests take hundreds.  The bounds are five binomial errors of 95 %."""
    rng, n, p = np.random.default_rng(11), 150 if loss == "squared" else 400, 40
    root, b = np.linalg.cholesky(neighbours(p, 0.4)), np.zeros(p)
    b[[0, 20]] = [0.8, -0.5]
    alpha = np.sqrt(2 * np.log(p) / n) * (0.8 if loss == "squared" else 0.17)
    covers = np.zeros((40, p), dtype=bool)
    for draw in covers:
        X = rng.standard_normal((n, p)) @ root.T
        y = X @ b + rng.standard_normal(n) if loss == "squared" else (rng.random(n) < expit(X @ b)).astype(int)
        found = intervals(lz.path(X, y, loss=loss, alphas=[alpha]))
        draw[:] = (found.low <= b) & (b <= found.high)
    assert abs(covers[:, b == 0].mean() - 0.95) < 5 * np.sqrt(0.95 * 0.05 / covers[:, b == 0].size)
    assert covers[:, b != 0].mean() > 0.95 - 5 * np.sqrt(0.95 * 0.05 / 80)


# ---------------------------------------------------------------------------------------------- knockoffs
def test_the_least_reconstructable_slacks_are_those_of_a_numerical_minimiser():
    R = neighbours(6, 0.7)
    found = gaussian.mvr(R)

    def cost(log_s):
        s = np.exp(log_s)
        D = 2 * R - np.diag(s)
        low = np.linalg.eigvalsh(D)[0]
        return np.trace(np.linalg.inv(D)) + np.sum(1 / s) if low > 0 else 1e9 - low

    often = {"maxiter": 40_000, "maxfev": 40_000, "xatol": 1e-9, "fatol": 1e-12, "adaptive": True}
    again = minimize(cost, np.log(0.5 * gaussian.equi(R)), method="Nelder-Mead", options=often)
    np.testing.assert_allclose(found, np.exp(again.x), rtol=1e-4)
    # The trace of the inverse of the joint correlation is what it minimises, up to a factor.
    s = np.diag(found)
    joint = np.block([[R, R - s], [R - s, R]])
    assert np.trace(np.linalg.inv(joint)) == pytest.approx(cost(np.log(found)), rel=1e-9)


@pytest.mark.parametrize("method", ["mvr", "equi"])
def test_features_and_knockoffs_have_the_joint_covariance_that_makes_them_exchangeable(method):
    rng, sd = np.random.default_rng(2), np.array([1.0, 10.0, 0.1, 2.0])
    S, mean, n = neighbours(4, 0.6) * np.outer(sd, sd), np.array([0.0, 100.0, 1.0, -3.0]), 200_000
    X = rng.multivariate_normal(mean, S, n)
    law = gaussian.law(X, S, mean)
    s = gaussian.SLACKS[method](law.correlation)
    drawn = gaussian.draw(X, law, s, rng)
    D = np.diag(s * sd**2)
    expected, size = np.block([[S, S - D], [S - D, S]]), np.tile(sd, 2)
    error = (np.cov(np.hstack([X, drawn]).T) - expected) / np.outer(size, size)
    assert np.abs(error).max() < 5 * np.sqrt(2 / n)
    assert (np.abs(drawn.mean(0) - mean) < 5 * sd / np.sqrt(n)).all()


def test_the_estimated_covariance_is_ledoit_and_wolfs():
    rng = np.random.default_rng(4)
    X = rng.standard_normal((50, 30)) @ np.linalg.cholesky(neighbours(30, 0.5)).T * np.geomspace(0.01, 100, 30) + 5.0
    Z = (X - X.mean(0)) / X.std(0)
    law = gaussian.law(X, None, None)
    np.testing.assert_allclose(law.correlation, LedoitWolf(assume_centered=True).fit(Z).covariance_, atol=1e-12)
    np.testing.assert_allclose(law.sd, X.std(0))
    assert "estimated" in law.known_from


def test_the_threshold_is_the_least_that_keeps_the_rate():
    rng = np.random.default_rng(6)
    for _ in range(300):
        W = np.round(rng.normal(rng.uniform(0, 1.5), 1.0, 30), 1)  # with ties and zeros
        for q in (0.1, 0.3):
            tried = [t for t in sorted(set(np.abs(W)) - {0.0}) if (1 + np.sum(-t >= W)) / max(1, np.sum(t <= W)) <= q]
            assert threshold(W, q) == (tried[0] if tried else np.inf)


def test_to_swap_a_feature_and_its_knockoff_turns_its_sign(monkeypatch):
    """The draw is replaced by one that is fixed; then both are exchanged for a third of the features."""
    rng, n, p = np.random.default_rng(8), 200, 15
    X, other = rng.standard_normal((2, n, p))
    y = X[:, :5].sum(1) + 0.5 * other[:, 5] + rng.standard_normal(n)
    swapped = np.arange(p) % 3 == 0
    found = []
    for swap in (np.zeros(p, dtype=bool), swapped):
        one, two = np.where(swap, other, X), np.where(swap, X, other)
        monkeypatch.setattr(gaussian, "draw", lambda *_, two=two: two)
        found.append(knockoffs(one, y, covariance=np.eye(p), mean=np.zeros(p), tol=1e-10).statistic)
    assert np.abs(found[0]).min() >= 0.0
    assert np.count_nonzero(found[0]) >= 8
    np.testing.assert_allclose(found[1], np.where(swapped, -1.0, 1.0) * found[0], atol=1e-6)


@pytest.mark.filterwarnings("ignore:the best score is at the end of the grid")
def test_a_knockoff_that_is_a_copy_wins_as_often_as_it_loses(monkeypatch):
    """Among exchangeable columns the engine keeps the first: the order must be a coin's."""
    rng, p = np.random.default_rng(9), 40
    X = rng.standard_normal((150, p))
    y = X.sum(1) + 5.0 * rng.standard_normal(150)
    monkeypatch.setattr(gaussian, "draw", lambda X, *_: X.copy())
    W = np.concatenate([knockoffs(X, y, covariance=np.eye(p), seed=seed).statistic for seed in range(3)])
    won = np.count_nonzero(W > 0)
    lost = np.count_nonzero(W < 0)
    assert won + lost > 80
    assert abs(won - lost) < 5 * np.sqrt(won + lost)


def test_rows_drawn_from_the_same_seed_are_not_drawn_again():
    X = np.random.default_rng(0).standard_normal((200, 20))
    y = X[:, :15].sum(1) + np.random.default_rng(1).standard_normal(200)
    found = knockoffs(X, y, covariance=np.eye(20), mean=np.zeros(20), seed=0)
    assert set(range(15)) <= set(found.selected.tolist())


@pytest.mark.parametrize("loss", ["logistic", "poisson", "multinomial"])
def test_every_loss_has_its_knockoffs(loss):
    rng = np.random.default_rng(5)
    X = rng.standard_normal((500, 16))
    eta = X[:, :12] @ np.full(12, 0.8)
    y = {
        "logistic": np.where(eta + rng.logistic(size=500) > 0, "yes", "no"),
        "poisson": rng.poisson(np.exp(np.minimum(0.5 * eta, 3.0))),
        "multinomial": np.digitize(eta + rng.logistic(size=500), [-1.5, 1.5]),
    }[loss]
    found = knockoffs(
        X, y, loss=loss, covariance=np.eye(16), mean=np.zeros(16), n_alphas=20, alpha_min_ratio=0.02, cv=3
    )
    assert found.loss == loss
    assert set(found.selected.tolist()) >= set(range(12))
    assert len(found.selected) <= 14


def test_frames_sparse_and_constant_columns():
    import polars as pl
    import scipy.sparse as sp

    rng = np.random.default_rng(7)
    X = np.round(rng.standard_normal((150, 14)) * (rng.random((150, 14)) < 0.7), 3) + 0.0
    X[:, 13] = 0.0
    y = X[:, :11].sum(1) + 0.3 * rng.standard_normal(150)
    dense = knockoffs(X, y)
    assert dense.statistic[13] == 0.0
    for other in (sp.csr_array(X), pl.DataFrame(X, schema=[f"c{j}" for j in range(14)])):
        found = knockoffs(other, y)
        np.testing.assert_allclose(found.statistic, dense.statistic, atol=1e-9)
    assert found.feature_names[13] == "c13"


def test_what_knockoffs_refuse():
    X, y, _ = data(p=5)
    for options, kind, why in (
        ({"fdr": 10}, ValueError, "fdr"),
        ({"method": "sdp"}, ValueError, "mvr, equi"),
        ({"penalty": "group"}, ValueError, "same price"),
        ({"penalty_weights": [1, 1, 1, 1, 1]}, TypeError, "penalty_weights"),
        ({"covariance": np.eye(4)}, ValueError, r"\(5, 5\)"),
        ({"covariance": np.ones((5, 5))}, ValueError, "not positive definite"),
        ({"covariance": np.triu(np.ones((5, 5)))}, ValueError, "symmetric"),
        ({"mean": [0.0]}, ValueError, "mean"),
    ):
        with pytest.raises(kind, match=why):
            knockoffs(X, y, **options)


# ---------------------------------------------------------------------------------------------- polyhedral
def wide(seed=0, n=50, p=20):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) @ np.linalg.cholesky(neighbours(p, 0.5)).T + 3.0
    mean = X[:, :3] @ [0.8, -0.6, 0.5]
    return X, mean, mean + rng.standard_normal(n)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_between_floor_and_ceiling_another_solver_keeps_the_same_signs(seed, intercept):
    X, _, y = wide(seed)
    Z = X / X.std(0)
    alpha = 0.2 if intercept else 0.6
    found = selected(lz.path(X, y, alphas=[alpha], fit_intercept=intercept, tol=1e-10), alpha=alpha, sigma=1.0)
    kept = [int(name[1:]) for name in found.feature_names]

    def signs(target):
        lasso = Lasso(alpha=alpha, fit_intercept=intercept, tol=1e-13, max_iter=10**6).fit(Z, target)
        return np.sign(np.where(np.abs(lasso.coef_) > 1e-8, lasso.coef_, 0.0))

    here, columns = signs(y), X[:, kept] - (X[:, kept].mean(0) if intercept else 0.0)
    np.testing.assert_array_equal(np.flatnonzero(here), kept)
    pinv = np.linalg.pinv(columns)
    np.testing.assert_allclose(found.weight, pinv @ y, rtol=1e-9)
    np.testing.assert_allclose(found.se, np.linalg.norm(pinv, axis=1), rtol=1e-9)
    for j, eta in enumerate(pinv):
        for end in (found.floor[j], found.ceiling[j]):
            room = np.clip(end - found.weight[j], -30.0, 30.0)
            for share, same in ((0.3, True), (0.999, True), (1.001, bool(np.isinf(end)))):
                moved = y + eta / (eta @ eta) * share * room
                assert np.array_equal(signs(moved), here) == same


def test_the_log_odds_are_those_of_integrals():
    for z, below, above in (
        (0.3, 0.5, 1.0),
        (-1.2, 0.1, np.inf),
        (2.0, np.inf, 0.01),
        (-0.4, 3.0, 0.2),
        (4.0, 6.0, 2.0),
    ):
        low = quad(norm.pdf, max(z - below, -40), z, epsabs=0, epsrel=1e-12)[0]
        high = quad(norm.pdf, z, min(z + above, 40), epsabs=0, epsrel=1e-12)[0]
        assert log_odds(z, below, above) == pytest.approx(np.log(low / high), rel=1e-9)


def log_mass(rate, width):
    """Log of ∫ exp(rate·s - s²/2) ds over 0 ≤ s ≤ width, by quadrature around its largest value."""
    top = min(max(rate, 0.0), width)
    reach = 60.0 / (1.0 + abs(rate - top))
    ends = max(0.0, top - reach), min(width, top + reach)
    peak = rate * top - 0.5 * top**2
    return peak + np.log(
        quad(lambda s: np.exp((rate - top) * (s - top) - 0.5 * (s - top) ** 2), *ends, epsrel=1e-12)[0]
    )


@pytest.mark.parametrize(
    ("z", "below", "above"),
    [
        (60.0, 0.05, np.inf),
        (-300.0, 1e-3, 2.0),
        (5e3, 1e-3, 1e-4),
        (8.0, 1e-9, 5.0),
        (-2e4, 7.0, 1e-4),
        (1e8, 3e-8, 2.0),
    ],
)
def test_far_out_the_log_odds_are_those_of_integrals_of_what_is_left_of_the_density(z, below, above):
    expected = log_mass(z, below) - log_mass(-z, above)
    assert log_odds(z, below, above) == pytest.approx(expected, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("below", [1e-14, 1e-8, 1e-3, 0.5, 40.0, np.inf])
@pytest.mark.parametrize("above", [1e-10, 0.1, 3.0, np.inf])
def test_ends_are_in_order_and_solve_their_equation(below, above):
    low, high = _interval(below, above, 0.95)
    assert low < high
    for z, odds in ((low, np.log(0.025 / 0.975)), (high, np.log(0.975 / 0.025))):
        assert np.isfinite(z)
        assert log_odds(z, below, above) == pytest.approx(odds, abs=1e-6)
    if np.isinf(below) and np.isinf(above):
        assert (low, high) == pytest.approx((-norm.ppf(0.975), norm.ppf(0.975)), rel=1e-9)


def test_a_feature_that_just_entered_is_kept():
    """Within the tolerance of a path it may pass for zero, and to leave it out would be a choice of its own."""
    X, _, y = wide()
    first = float(lz.path(X, y, n_alphas=2).alphas[0])
    alpha = first * (1 - 1e-7)
    path = lz.path(X, y, alphas=[alpha])
    found = selected(path, alpha=alpha, sigma=1.0)
    j = int(np.argmax(np.abs((X - X.mean(0)).T @ (y - y.mean())) / X.std(0)))
    assert found.feature_names == (f"x{j}",)
    assert 0.0 < abs(found.lasso[0]) * X[:, j].std() == pytest.approx(first - alpha, rel=1e-5)


def test_unpenalised_features_are_kept_whatever_their_sign():
    X, _, y = wide()
    path = lz.path(X, y, alphas=[0.3], penalty_weights={"x5": 0.0, "x1": 2.0}, tol=1e-10)
    found = selected(path, alpha=0.3, sigma=1.0)
    j = found.feature_names.index("x5")
    # Moving y along its direction moves other kept weights, but its own sign is free: least squares beside it.
    centred = X - X.mean(0)
    kept = [int(name[1:]) for name in found.feature_names]
    G = np.linalg.inv(centred[:, kept].T @ centred[:, kept])
    reach = [found.lasso[i] * G[j, j] / G[i, j] for i in range(len(kept)) if i != j]
    assert found.weight[j] - found.floor[j] == pytest.approx(min([r for r in reach if r > 0], default=np.inf), rel=1e-6)
    assert found.ceiling[j] - found.weight[j] == pytest.approx(
        min([-r for r in reach if r < 0], default=np.inf), rel=1e-6
    )


def test_what_selected_refuses():
    X, _, y = wide()
    path = lz.path(X, y, alphas=[0.2])
    crossed = lz.path(X, y, cv=5)
    for k in (crossed.cv.index_min, crossed.cv.index_1se):
        with pytest.raises(ValueError, match="cross-validation"):
            selected(crossed, alpha=float(crossed.cv.alphas[k]), sigma=1.0)
    assert len(selected(crossed, alpha=0.2123, sigma=1.0).weight)
    for bad, options, why in (
        (path, {"sigma": 0.0}, "sigma"),
        (path, {"level": 1.0}, "level"),
        (path, {"alpha": 0.0}, "alpha"),
        (lz.path(X, y > y.mean(), loss="logistic", alphas=[0.01]), {}, "squared loss only"),
        (lz.path(X, y, penalty="elasticnet", alphas=[0.2]), {}, "elasticnet"),
    ):
        with pytest.raises(ValueError, match=why):
            selected(bad, **({"alpha": 0.2, "sigma": 1.0} | options))
    with pytest.raises(TypeError):
        selected(path, alpha=0.2)
    doubled = lz.path(np.column_stack([X, X[:, 0]]), y, alphas=[0.2], penalty_weights={"x0": 0.0, "x20": 0.5})
    assert len(selected(doubled, alpha=0.2, sigma=1.0).weight)  # the copy of a free column is zero
    assert len(selected(path, alpha=50.0, sigma=1.0).weight) == 0


# ---------------------------------------------------------------------------------------------- what is printed
def test_no_number_is_printed_without_its_assumption():
    X, y, _ = data()
    path = lz.path(X, y, alphas=[0.2])
    told = [intervals(path), selected(path, alpha=0.2, sigma=1.0), knockoffs(X, y, fdr=0.5), knockoffs(X, y, fdr=0.01)]
    for record in told:
        text = str(record)
        assert " ".join(record.assumption.split()) in " ".join(text.split())
        assert "Assumes:" in text
        assert max(map(len, text.splitlines())) <= 80
        assert "p-value" not in text
        assert repr(record).startswith(f"<{type(record).__name__}")
    assert "known and not estimated" in " ".join(str(told[1]).split())
    assert "no proof" in " ".join(str(told[2]).split())
    assert "no threshold keeps the rate" in " ".join(str(told[3]).split())


def test_a_long_table_is_cut_and_a_name_cannot_steer_the_terminal():
    X, y, _ = data(p=40)
    names = ["red\x1b[31m", "a very long name of a feature that no table has room for", *(f"f{j}" for j in range(38))]
    text = str(intervals(lz.path(X, y, alphas=[0.2], feature_names=names), sigma=1.0))
    assert "... and 10 more" in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
