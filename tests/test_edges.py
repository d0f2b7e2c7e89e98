"""Losses with edges: rounded ones are smooth and dual feasible, and the interior reaches what an LP solver finds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import QuantileRegressor

import lozenge as lz
from lozenge.losses import Huber, Quantile

EDGED = {"median": Quantile(), "quantile": Quantile(0.9), "huber": Huber(), "narrow": Huber(1e-3), "wide": Huber(100.0)}


@pytest.mark.parametrize("name", EDGED)
@given(r=st.floats(-1e4, 1e4), h=st.floats(-8, 2), y=st.floats(-10, 10))
def test_a_rounded_slope_solves_its_condition(name, r, h, y):
    """r = γu + h/(hi - u) - h/(u - lo), solved by bisection in the distance from the nearer edge."""
    loss, h = EDGED[name], 10.0**h
    lo, hi, gamma = loss.edges
    smooth = loss.sharpened(np.array([h]))
    eta = np.array([[y - r]])
    r = y - eta[0, 0]
    low, high = lo, hi
    for _ in range(200):
        u = 0.5 * (low + high)
        if u in (low, high) or gamma * u + h / (hi - u) - h / (u - lo) < r:
            low = u
        else:
            high = u
    assert -smooth.gradient(np.array([[y]]), eta)[0, 0] == pytest.approx(u, abs=4e-15 * (hi - lo))


@pytest.mark.parametrize("name", EDGED)
@pytest.mark.parametrize("h", [1e-3, 0.1, 10.0])
def test_a_rounded_loss_has_the_derivatives_it_says(name, h):
    smooth = EDGED[name].sharpened(np.array([h]))
    y, eta, step = np.zeros((41, 1)), np.linspace(-3.0, 3.0, 41)[:, None], 1e-6 * min(1.0, h)
    for above, below in ((smooth.value, smooth.gradient), (smooth.gradient, smooth.curvature)):
        difference = (above(y, eta + step) - above(y, eta - step)) / (2.0 * step)
        exact = below(y, eta)
        np.testing.assert_allclose(difference, exact, atol=2e-5 * max(1.0, np.abs(exact).max()))


@pytest.mark.parametrize("name", EDGED)
def test_without_a_width_it_is_the_loss(name):
    y, eta = np.zeros((7, 1)), np.array([[-200.0, -1.0, -1e-4, 0.0, 1e-4, 1.0, 200.0]]).T
    for verb in ("value", "gradient", "curvature"):
        sharp = getattr(EDGED[name], verb)(y, eta)
        mixed = getattr(EDGED[name].sharpened(np.array([0.0, 1.0])), verb)(y, np.repeat(eta, 2, axis=1))
        np.testing.assert_array_equal(mixed[:, :1], sharp)


def houses(n=300, p=12, seed=3):
    """Prices in round thousands, with ties, columns of counts, rare 0/1 columns, and one that the others span."""
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [rng.integers(0, 5, (n, p)), rng.random((n, p)) < 0.03, rng.lognormal(0.0, 1.0, (n, 3))]
    ).astype(float)
    X = np.column_stack([X, X[:, 0] + X[:, 1]])
    price = np.exp(11.5 + 0.1 * X[:, :6].sum(axis=1) + 0.4 * rng.standard_t(2, n))
    return X, np.round(price, -3)


@pytest.mark.parametrize("unit", [1.0, 1e-3, 1e6])
@pytest.mark.parametrize("tau", [0.1, 0.5, 0.95])
def test_quantiles_of_round_prices_are_certified_in_any_unit(tau, unit):
    """The grid to λ/1000, each α certified; three of its objectives beside HiGHS's."""
    X, y = houses()
    path = lz.path(X, unit * y, loss=Quantile(tau), n_alphas=12)
    assert {str(status) for status in path.status} == {"Status.CERTIFIED"}
    sd = X.std(axis=0)
    for k in (2, 6, 11):
        alpha = path.alphas[k]
        other = QuantileRegressor(quantile=tau, alpha=alpha, solver="highs").fit((X - X.mean(axis=0)) / sd, unit * y)

        def objective(weights, level, alpha=alpha):
            r = unit * y - level - X @ weights
            return np.mean(np.maximum(tau * r, (tau - 1.0) * r)) + alpha * np.sum(sd * np.abs(weights))

        weights = other.coef_ / sd
        best = objective(weights, other.intercept_ - X.mean(axis=0) @ weights)
        null = np.mean(np.maximum(tau * (z := unit * y - np.quantile(unit * y, tau)), (tau - 1.0) * z))
        fit = path.at(path.alphas[k])
        ours = objective(fit.coef, fit.intercept)
        assert -1e-9 * null <= ours - best <= 1.1e-6 * null


@pytest.mark.parametrize("delta", [1.345, 1e3, 1e5])
def test_huber_of_prices_is_certified_at_any_delta(delta):
    X, y = houses()
    path = lz.path(X, y, loss=Huber(delta), n_alphas=12, tol=1e-8)
    assert max(path.gaps) <= 1e-8


def test_folds_of_a_quantile():
    X, y = houses()
    path = lz.path(X, y, loss=Quantile(0.9), n_alphas=8, cv=3)
    assert {str(status) for status in path.status} == {"Status.CERTIFIED"}
    assert np.isfinite(path.cv.mean).all()
