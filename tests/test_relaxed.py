"""The relaxed lasso: the refit is that of an independent solver, and the blend is between."""

import numpy as np
import pytest
import statsmodels.api as sm

import lozenge as lz


def data(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(150, 8)) * np.arange(1, 9)
    return X, X[:, :3] @ [1.0, -0.4, 0.2], rng


@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson"])
def test_the_refit_is_statsmodels_on_the_kept_columns_and_the_blend_lies_between(loss):
    X, eta, rng = data()
    y, family = {
        "squared": (eta + rng.normal(size=150), sm.families.Gaussian()),
        "logistic": ((rng.uniform(size=150) < 1 / (1 + np.exp(-eta))).astype(float), sm.families.Binomial()),
        "poisson": (rng.poisson(np.exp(0.3 * eta)).astype(float), sm.families.Poisson()),
    }[loss]
    w = rng.uniform(0.5, 2.0, size=150)
    path = lz.path(X, y, loss=loss, sample_weight=w, tol=1e-10)
    alpha = 0.3 * path.model.alpha_max
    own, free, half = (path.relaxed(alpha, gamma) for gamma in (1.0, 0.0, 0.5))
    kept = own.support
    assert 0 < len(kept) < 8
    peer = sm.GLM(y, sm.add_constant(X[:, kept]), family=family, freq_weights=w).fit(tol=1e-12)
    np.testing.assert_allclose(free.coef[kept], peer.params[1:], rtol=1e-6)
    assert free.intercept == pytest.approx(peer.params[0], rel=1e-6)
    np.testing.assert_array_equal(np.flatnonzero(free.coef), kept)
    np.testing.assert_allclose(own.coef, path.at(alpha).coef)
    np.testing.assert_allclose(half.coef, 0.5 * (own.coef + free.coef))
    assert half.intercept == pytest.approx(0.5 * (own.intercept + free.intercept))
    assert own.deviance_ratio < half.deviance_ratio < free.deviance_ratio
    for one in (own, free, half):
        assert one.deviance_ratio == pytest.approx(one.score(X, y, sample_weight=w), rel=1e-8)
        assert one.status is lz.Status.CERTIFIED
        assert "assumes that the features were chosen well" in repr(one)


def test_unpenalised_columns_stay_and_several_outputs_have_refits_of_their_own():
    X, eta, rng = data()
    y = eta + rng.normal(size=150)
    path = lz.path(X, y, penalty_weights=[1, 1, 1, 1, 1, 1, 1, 0])
    free = path.relaxed(0.5)
    kept = np.flatnonzero((path.at(0.5).coef != 0) | (np.arange(8) == 7))
    by_hand = np.linalg.lstsq(np.column_stack([np.ones(150), X[:, kept]]), y, rcond=None)[0]
    np.testing.assert_allclose(free.coef[kept], by_hand[1:], rtol=1e-6)
    both = lz.path(X, np.column_stack([y, -eta]), loss="multitask", alphas=[0.4]).relaxed()
    for k, target in enumerate((y, -eta)):
        own = both.coef.reshape(2, 8)[k]
        on = np.flatnonzero(own)
        by_hand = np.linalg.lstsq(np.column_stack([np.ones(150), X[:, on]]), target, rcond=None)[0]
        np.testing.assert_allclose(own[on], by_hand[1:], rtol=1e-6)


def test_what_cannot_be_relaxed_is_refused(tmp_path):
    X, eta, rng = data()
    y = eta + rng.normal(size=150)
    path = lz.path(X, y)
    with pytest.raises(ValueError, match="gamma must be between 0"):
        path.relaxed(gamma=1.5)
    path.save(tmp_path / "m.json")
    with pytest.raises(ValueError, match="no rows to refit on"):
        lz.load(tmp_path / "m.json").relaxed()
    with pytest.raises(ValueError, match="refits already"):
        lz.path(X, y, constraint=lz.L0Ball([2])).relaxed()
    apart = lz.path(X, (eta > 0).astype(int), loss="logistic", penalty_weights=[1] * 8, alphas=[0.001])
    with pytest.raises(ValueError, match="no finite optimum"):
        apart.relaxed()
