"""Strengths of penalties in other dialects: the peers' own weights at the parameters that we name."""

from __future__ import annotations

import math

import cvxpy as cp
import numpy as np
import pytest
from glmnet import FishNet, GaussNet
from glmnet.paths.fastnet import FastNetControl
from glum import GeneralizedLinearRegressor
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LogisticRegression,
    MultiTaskLasso,
    PoissonRegressor,
    QuantileRegressor,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.svm import LinearSVC

import lozenge as lz
from lozenge.dialects import DIALECTS, translate
from lozenge.losses import LOSSES

FACTS = {"n": 60, "weight_sum": 83.0, "y_sd": 3.7, "standardize": False}


def data(seed=0, n=60, p=5):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * np.geomspace(0.5, 3.0, p)
    return rng, X, X @ np.linspace(1.0, -0.4, p)


def ours(X, y, alpha, rho=1.0, **options):
    options = {"standardize": False, "tol": 1e-12} | options
    penalty = "l1" if rho == 1 else "l2" if rho == 0 else lz.penalties.ElasticNet(rho)
    fit = lz.path(X, y, penalty=penalty, alphas=[alpha], **options)
    return fit.coefs.toarray()[:, 0], fit


def close(found, wanted, tol=1e-6):
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tol * np.abs(wanted).max())


# ------------------------------------------------------------------------------------------------ scikit-learn
@pytest.mark.parametrize("rho", [1.0, 0.3])
def test_lasso_and_elastic_net(rho):
    rng, X, eta = data()
    y, w = eta + rng.standard_normal(60), rng.uniform(0.5, 2.0, 60)
    b, _ = ours(X, y, 0.2, rho, sample_weight=w)
    theirs = ElasticNet(**translate(0.2, "sklearn:alpha", l1_ratio=rho), tol=1e-14, max_iter=100_000)
    close(b, theirs.fit(X, y, sample_weight=w).coef_)


def test_multitask_lasso():
    rng, X, eta = data()
    Y = np.column_stack([eta, -eta]) + rng.standard_normal((60, 2))
    strength = translate(0.3, "sklearn:alpha", loss="multitask")["alpha"]
    fit = lz.path(X, Y, loss="multitask", penalty="group", alphas=[0.3], standardize=False, tol=1e-12)
    theirs = MultiTaskLasso(alpha=strength, tol=1e-14, max_iter=100_000).fit(X, Y)
    close(fit.coefs.toarray().reshape(2, -1), theirs.coef_)


def test_ridge():
    rng, X, eta = data()
    y, w = eta + rng.standard_normal(60), rng.uniform(0.5, 2.0, 60)
    b, _ = ours(X, y, 0.2, 0, sample_weight=w)
    close(b, Ridge(**translate(0.2, "sklearn:ridge", l1_ratio=0, weight_sum=w.sum())).fit(X, y, w).coef_)


@pytest.mark.parametrize("rho", [1.0, 0.4, 0.0])
@pytest.mark.parametrize("classes", [2, 3])
def test_logistic_regression(rho, classes):
    rng, X, eta = data()
    y = np.digitize(eta + rng.logistic(size=60), np.quantile(eta, np.arange(1, classes) / classes))
    w = rng.uniform(0.5, 2.0, 60)
    b, _ = ours(X, y, 0.05, rho, loss="logistic" if classes == 2 else "multinomial", sample_weight=w)
    names = translate(0.05, "sklearn:C", l1_ratio=rho, weight_sum=w.sum())
    theirs = LogisticRegression(**names, solver="saga", tol=1e-10, max_iter=200_000).fit(X, y, w)
    close(b, theirs.coef_.ravel(), 1e-5)


def test_poisson_regressor():
    rng, X, eta = data()
    y, w = rng.poisson(np.exp(0.3 * eta)), rng.uniform(0.5, 2.0, 60)
    b, _ = ours(X, y, 0.1, 0, loss="poisson", sample_weight=w)
    names = translate(0.1, "sklearn:glm", l1_ratio=0)
    close(b, PoissonRegressor(**names, tol=1e-10, max_iter=10_000).fit(X, y, w).coef_)


def test_quantile_regressor_has_our_alpha():
    rng, X, eta = data()
    y = eta + rng.standard_normal(60)
    b, fit = ours(X, y, 0.05, loss="quantile", tol=1e-8)
    theirs = QuantileRegressor(alpha=0.05, solver="highs").fit(X, y)
    r = y - theirs.predict(X)
    objective = np.mean(np.maximum(0.5 * r, -0.5 * r)) + 0.05 * np.abs(theirs.coef_).sum()
    mine = y - X @ b - fit.intercepts[0]
    assert np.mean(0.5 * np.abs(mine)) + 0.05 * np.abs(b).sum() == pytest.approx(objective, rel=1e-6)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_sgd_on_its_way_to_our_weights(loss):
    # Averaged stochastic steps come near, and with another alpha, by the sum of the weights, they would not.
    rng, X, eta = data(n=400)
    w = rng.uniform(2.0, 4.0, 400)
    noisy = eta + rng.logistic(size=400)
    y = noisy if loss == "squared" else (noisy > 0).astype(float)
    b, _ = ours(X, y, 0.2, 0.0, loss=loss, sample_weight=w)
    names = translate(0.2, "sklearn:sgd", l1_ratio=0, n=400, weight_sum=w.sum())
    make = {"squared": SGDRegressor, "logistic": SGDClassifier}[loss]
    kind = {"squared": "squared_error", "logistic": "log_loss"}[loss]
    options = {"loss": kind, "penalty": "elasticnet", "tol": None, "random_state": 0, "average": 2000}
    options |= {"learning_rate": "invscaling", "eta0": 0.01, "power_t": 0.3, "max_iter": 1000}
    near = make(**names, **options).fit(X, y, sample_weight=w).coef_.ravel()
    untranslated = make(alpha=0.2, l1_ratio=0, **options).fit(X, y, sample_weight=w).coef_.ravel()
    assert np.abs(near - b).max() < 0.01 * np.abs(b).max()
    assert np.abs(untranslated - b).max() > 0.02 * np.abs(b).max()


# ------------------------------------------------------------------------------------------------ liblinear
@pytest.mark.parametrize("rho", [1.0, 0.0])
@pytest.mark.parametrize("loss", ["logistic", "squared_hinge"])
def test_liblinear(loss, rho):
    rng, X, eta = data()
    y = (eta + rng.logistic(size=60) > 0).astype(int)
    b, _ = ours(X, y, 0.05, rho, loss=loss, fit_intercept=False)
    C = translate(0.05, "liblinear", l1_ratio=rho, loss=loss, n=60)["C"]
    options = {"fit_intercept": False, "tol": 1e-10, "max_iter": 100_000}
    if loss == "logistic":
        theirs = LogisticRegression(C=C, l1_ratio=rho, solver="liblinear", **options)
    else:
        theirs = LinearSVC(C=C, penalty=f"l{2 - int(rho)}", dual=False, **options)
    close(b, theirs.fit(X, y).coef_[0], 1e-5)


# ------------------------------------------------------------------------------------------------ glmnet and Spark
CONTROL = FastNetControl(fdev=0.0, devmax=1.0, mnlam=6, thresh=1e-20, maxit=10_000_000)


@pytest.mark.parametrize("factors", [False, True])
@pytest.mark.parametrize("rho", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("standardize", [True, False])
def test_glmnet_gaussian(standardize, rho, factors):
    rng, X, eta = data()
    y = 4.0 * (eta + rng.standard_normal(60))
    v = np.array([0.0, 1.0, 2.0, 0.5, 3.0]) if factors else None
    b, fit = ours(X, y, 0.4, rho, standardize=standardize, penalty_weights=v)
    names = translate(0.4, "glmnet", l1_ratio=rho, loss="squared", y_sd=fit.model.y_sd, penalty_weights=v)
    net = GaussNet(
        alpha=names["alpha"], lambda_values=np.array([names["lambda"]]), standardize=standardize, penalty_factor=v,
        control=CONTROL,
    )  # fmt: skip
    close(b, net.fit(X, y).coefs_[0], 1e-8)


def test_glmnet_has_no_such_scale_for_counts():
    rng, X, eta = data()
    y = rng.poisson(np.exp(0.3 * eta)).astype(float)
    b, _ = ours(X, y, 0.2, 0.5, loss="poisson")
    names = translate(0.2, "glmnet", l1_ratio=0.5, loss="poisson")
    net = FishNet(
        alpha=names["alpha"], lambda_values=np.array([names["lambda"]]), standardize=False, control=CONTROL
    )  # fmt: skip
    close(b, net.fit(X, y).coefs_[0])


@pytest.mark.parametrize("rho", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("solver", ["normal", "l-bfgs"])
def test_spark_as_its_source_has_it(solver, standardize, rho):
    # y and the columns over their standard deviations, regParam over that of y; where the columns are not to be
    # standardised, a price of 1/s and 1/s² for each; weights are scaled back.
    rng, X, eta = data()
    y = 4.0 * (eta + rng.standard_normal(60))
    b, _ = ours(X, y, 0.4, rho, standardize=standardize)
    facts = {"loss": "squared", "y_sd": np.std(y), "n": 60, "standardize": standardize}
    theirs = translate(0.4, f"spark:{solver}", l1_ratio=rho, **facts)
    ddof = {"normal": 0, "l-bfgs": 1}[solver]
    s, sy = X.std(axis=0, ddof=ddof), y.std(ddof=ddof)
    Z, t = (X - X.mean(axis=0)) / s, (y - y.mean()) / sy
    reg, share = theirs["regParam"] / sy, theirs["elasticNetParam"]
    price = np.ones(5) if standardize else 1.0 / s

    g = cp.Variable(5)
    ridge = reg * (1 - share) / 2 * cp.sum_squares(cp.multiply(price, g))
    l1 = reg * share * cp.norm1(cp.multiply(price, g))
    problem = cp.Problem(cp.Minimize(cp.sum_squares(t - Z @ g) / 120 + ridge + l1))
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-13, tol_gap_rel=1e-13, tol_feas=1e-13)
    close(b, g.value * sy / s, 1e-5)


# ------------------------------------------------------------------------------------------------ others that are here
@pytest.mark.parametrize("rho", [1.0, 0.5])
@pytest.mark.parametrize("loss", ["squared", "poisson", "logistic"])
def test_statsmodels(loss, rho):
    import statsmodels.api as sm

    rng, X, eta = data()
    y = {
        "squared": eta + rng.standard_normal(60),
        "poisson": rng.poisson(np.exp(0.3 * eta)),
        "logistic": (eta + rng.logistic(size=60) > 0).astype(float),
    }[loss]
    b, _ = ours(X, y, 0.1, rho, loss=loss)
    names = translate(0.1, "statsmodels", l1_ratio=rho, loss=loss)
    family = {"poisson": sm.families.Poisson, "logistic": sm.families.Binomial}
    with_ones = sm.add_constant(X)
    model = sm.OLS(y, with_ones) if loss == "squared" else sm.GLM(y, with_ones, family=family[loss]())
    each = names["alpha"] * np.array([0.0, 1, 1, 1, 1, 1])
    found = model.fit_regularized(alpha=each, L1_wt=names["L1_wt"], maxiter=5000, cnvrg_tol=1e-12, zero_tol=1e-9)
    close(b, found.params[1:], 1e-4)


@pytest.mark.parametrize("rho", [1.0, 0.5])
def test_glum(rho):
    rng, X, eta = data()
    y, w = rng.poisson(np.exp(0.3 * eta)).astype(float), rng.uniform(0.5, 2.0, 60)
    b, _ = ours(X, y, 0.1, rho, loss="poisson", sample_weight=w)
    names = translate(0.1, "glum", l1_ratio=rho, loss="poisson")
    model = GeneralizedLinearRegressor(family="poisson", **names, gradient_tol=1e-10, max_iter=1000)
    close(b, model.fit(X, y, sample_weight=w).coef_, 1e-5)


# ------------------------------------------------------------------------------------------------ laws
@settings(max_examples=200, deadline=None)
@given(
    name=st.sampled_from(sorted(DIALECTS)),
    alpha=st.floats(1e-6, 1e6),
    share=st.floats(0.0, 1.0),
    loss=st.sampled_from(sorted(LOSSES)),
    v=st.one_of(st.none(), st.lists(st.sampled_from([0.5, 1.0, 3.0, math.inf]), min_size=2, max_size=5)),
)
def test_there_and_back(name, alpha, share, loss, v):
    dialect = DIALECTS[name]
    share = share if not dialect.ratios else dialect.ratios[int(share > 0.5) % len(dialect.ratios)]
    facts = FACTS | {"loss": loss if not dialect.losses else dialect.losses[len(loss) % len(dialect.losses)]}
    if v is not None and np.isfinite(v).any():
        facts["penalty_weights"] = v
    if name == "spark:l-bfgs":
        facts["weight_sum"] = facts["n"]
    there = translate(alpha, name, l1_ratio=share, **facts)
    assert tuple(there) == dialect.keys
    also = {} if len(dialect.keys) > 1 else {"l1_ratio": share}
    back = translate(there, "lozenge", source=name, **also, **facts)
    assert back["alpha"] == pytest.approx(alpha, rel=1e-12)
    assert back["l1_ratio"] == pytest.approx(share, rel=1e-9, abs=1e-9)


def test_no_penalty_at_all():
    assert translate(0.0, "sklearn:C", n=10) == {"C": math.inf, "l1_ratio": 1.0}
    assert translate(math.inf, "lozenge", source="sklearn:C", n=10)["alpha"] == 0.0
    assert translate(0.0, "glmnet", l1_ratio=0.5, loss="squared", y_sd=2.0) == {"lambda": 0.0, "alpha": 0.5}


def test_from_one_peer_to_another():
    lasso = Lasso(alpha=0.25)
    found = translate(lasso.alpha, "matlab", source="sklearn:alpha", loss="squared", standardize=False)
    assert found == {"Lambda": 0.25, "Alpha": 1.0}
    assert translate(4.0, "sklearn:sgd", source="sklearn:C", n=50)["alpha"] == pytest.approx(1 / 200)


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        ((0.1, "sklearn:c"), {}, "did you mean 'sklearn:C'"),
        ((0.1, "sklearn:C"), {}, r"'sklearn:C' needs n=, the number of rows"),
        ((0.1, "glmnet"), {"l1_ratio": 0.5}, "'glmnet' needs loss="),
        ((0.1, "glmnet"), {"l1_ratio": 0.5, "loss": "squared"}, "'glmnet' needs y_sd="),
        ((0.1, "glmnet"), {"loss": "gamma"}, "has no loss 'gamma'"),
        ((0.1, "sklearn:ridge"), {"n": 3}, "has an L1 share of 0 alone, and this penalty one of 1"),
        ((0.1, "liblinear"), {"n": 3, "l1_ratio": 0.5, "loss": "logistic"}, "0 alone, and this penalty one of 0.5"),
        ((0.1, "h2o"), {"standardize": True}, "give both fits columns that are standardised already"),
        ((0.1, "h2o"), {}, "needs standardize="),
        ((-0.1, "celer"), {}, "must be 0 or positive; got alpha=-0.1"),
        ((math.nan, "celer"), {}, "must be 0 or positive"),
        ((0.1, "celer"), {"l1_ratio": 2}, "between 0"),
        (({"lambda": 1.0}, "celer"), {}, "the parameters of 'lozenge' are alpha and l1_ratio; got lambda"),
        (({"alpha": 1.0, "l1_ratio": 0.5}, "celer"), {"l1_ratio": 1.0}, "give one"),
        ((0.1, "lozenge"), {"source": "celer:C", "n": 4, "l1_ratio": 0}, "has an L1 share of 1 alone; got 0"),
        ((0.1, "sklearn:C"), {"n": 0}, "n must be positive"),
        ((0.1, "spark:l-bfgs"), {"n": 5, "weight_sum": 6, "standardize": True, "loss": "squared"}, "without weights"),
    ],
)
def test_what_is_refused(arguments, options, said):
    with pytest.raises(ValueError, match=said):
        translate(*arguments, **options)


def test_every_dialect_is_told():
    told = translate.__doc__
    for name, dialect in DIALECTS.items():
        assert f"`{name}`" in told
        assert dialect.objective
        assert dialect.where
        assert set(dialect.losses) <= set(LOSSES)
