"""Models of scikit-learn's, explained: their gaps beside the oracle's, which shares no line with the package."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import (
    ElasticNet,
    ElasticNetCV,
    GammaRegressor,
    HuberRegressor,
    Lasso,
    LassoCV,
    LassoLars,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    MultiTaskLasso,
    PoissonRegressor,
    Ridge,
    RidgeCV,
    TweedieRegressor,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import LinearSVC

import lozenge as lz
import oracle
from lozenge.foreign import from_sklearn
from lozenge.results import Status

DATA = Path(__file__).parents[2] / "shared" / "data"


def rows(seed=0, n=100, p=8):
    rng = np.random.default_rng(seed)
    X = (rng.standard_normal((n, p)) + 0.7 * rng.standard_normal((n, 1))) * np.geomspace(0.3, 3.0, p)
    return rng, X, X @ np.r_[2.0, -1.0, 1.0, 0.5, np.zeros(p - 4)]


def gaps_of(problem, coef, intercept, alpha):
    """The oracle's gaps of these weights: at their own dual point, and at that of their slopes with the best level."""
    own = problem.gap(coef, intercept, alpha)
    if not problem.fit_intercept or alpha == 0:
        return own, own
    b = np.asarray(coef)
    level = minimize_scalar(
        lambda c: float(problem.objective(b, c, alpha)), bracket=(intercept, intercept + 0.1), tol=1e-11
    ).x  # fmt: skip
    gained = problem.objective(b, intercept, alpha) - problem.objective(b, level, alpha)
    return own, problem.gap(b, level, alpha) + max(float(gained / problem.span), 0.0)


def agrees(found, gaps):
    """Ours is no smaller than what the oracle can prove, and no larger than at the better level; rounding aside."""
    own, levelled = gaps
    return min(own, levelled) * (1 - 1e-6) - 1e-12 <= found.gap <= levelled * (1 + 1e-6) + 1e-11


def fitted(model, X, y, *weights):
    """Fitted, and quiet about what it did not reach."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, *weights)


RNG, X, ETA = rows()
Y = ETA + RNG.standard_normal(100)
C = np.where(Y > 0, "yes", "no")
COUNTS = RNG.poisson(np.exp(0.2 * ETA)).astype(float)
W = RNG.uniform(0.5, 2.0, 100)

# estimator, its y and weights, and the same problem in the oracle's words: loss, parameters, α, ρ, weights
CASES = {
    "lasso": (Lasso(alpha=0.1), Y, None, ("squared", {}, 0.1, 1.0, None)),
    "lasso, 2 sweeps": (Lasso(alpha=0.05, max_iter=2), Y, None, ("squared", {}, 0.05, 1.0, None)),
    "lasso, weights": (Lasso(alpha=0.1, max_iter=4), Y, W, ("squared", {}, 0.1, 1.0, W)),
    "no intercept": (Lasso(alpha=0.1, fit_intercept=False, max_iter=4), Y, None, ("squared", {}, 0.1, 1.0, None)),
    "lars": (LassoLars(alpha=0.1), Y, None, ("squared", {}, 0.1, 1.0, None)),
    "elastic net": (ElasticNet(alpha=0.1, l1_ratio=0.3), Y, None, ("squared", {}, 0.1, 0.3, None)),
    "ridge": (Ridge(alpha=7.0), Y, W, ("squared", {}, 7.0 / W.sum(), 0.0, W)),
    "ridge, 3 steps": (Ridge(alpha=7.0, solver="sag", max_iter=3, random_state=0), Y, None,
                       ("squared", {}, 0.07, 0.0, None)),
    "poisson": (PoissonRegressor(alpha=0.3, max_iter=4), COUNTS, W, ("poisson", {}, 0.3, 0.0, W)),
    "gamma": (GammaRegressor(alpha=0.3, max_iter=5), COUNTS + 1.0, None, ("gamma", {}, 0.3, 0.0, None)),
    "tweedie": (TweedieRegressor(alpha=0.3, power=1.5), COUNTS, None, ("tweedie", {"power": 1.5}, 0.3, 0.0, None)),
    "identity": (TweedieRegressor(alpha=0.3, power=0), Y, None, ("squared", {}, 0.3, 0.0, None)),
    "logistic l1": (LogisticRegression(C=0.4, l1_ratio=1, solver="saga", random_state=0), C, None,
                    ("logistic", {}, 1 / 40, 1.0, None)),
    "logistic l1, 5": (LogisticRegression(C=0.4, l1_ratio=1, solver="saga", max_iter=5, random_state=0), C, None,
                       ("logistic", {}, 1 / 40, 1.0, None)),
    "logistic mixed": (LogisticRegression(C=0.4, l1_ratio=0.5, solver="saga", random_state=0), C, W,
                       ("logistic", {}, 1 / (0.4 * W.sum()), 0.5, W)),
    "logistic l2": (LogisticRegression(C=0.4, max_iter=7), C, None, ("logistic", {}, 1 / 40, 0.0, None)),
    "no penalty": (LogisticRegression(C=np.inf, max_iter=9), C, None, ("logistic", {}, 0.0, 1.0, None)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_gap_is_the_oracles(name):
    model, y, w, (loss, parameters, alpha, rho, weights) = CASES[name]
    model = fitted(model, X, y, *([] if w is None else [w]))
    found = from_sklearn(model, X, y, sample_weight=w)
    problem = oracle.Problem(
        X, y, loss=loss, parameters=parameters, l1_ratio=rho, sample_weight=weights, standardize=False,
        fit_intercept=model.fit_intercept,
    )  # fmt: skip
    coef, intercept = np.ravel(model.coef_), float(np.ravel(model.intercept_)[0])
    assert found.alpha == pytest.approx(alpha, rel=1e-12)
    assert agrees(found, gaps_of(problem, coef, intercept, alpha))
    assert (found.status is Status.CERTIFIED) == (found.gap <= 1e-6)
    best = found.path
    optimum = problem.objective(best.coefs.toarray()[:, 0], best.intercepts[0], alpha)
    above = float((problem.objective(coef, intercept, alpha) - optimum) / problem.span)
    assert found.above == pytest.approx(above, rel=1e-6, abs=1e-13)
    assert found.above <= found.gap
    assert best.gaps[0] <= 1e-6


def test_what_is_said_of_one_that_stopped_early():
    model = fitted(Lasso(alpha=0.05, max_iter=3), X, Y)
    found = from_sklearn(model, X, Y)
    gap = oracle.Problem(X, Y, standardize=False).gap(model.coef_, model.intercept_, 0.05)
    said = str(found)
    assert said.startswith("Lasso(alpha=0.05, max_iter=3) by scikit-learn, alpha 0.0500 in our units: ")
    assert f"Its relative duality gap is {gap:.1e}, above the 1e-06 asked: it stopped early (n_iter_ 3 of " in said
    assert found.stopped_early
    kept, optimum = model.coef_ != 0, found.path.coefs.toarray()[:, 0] != 0
    assert found.kept_only == tuple(f"x{j}" for j in np.flatnonzero(kept & ~optimum))
    assert found.lacking == tuple(f"x{j}" for j in np.flatnonzero(~kept & optimum))
    apart = np.abs(model.coef_ - found.path.coefs.toarray()[:, 0]) * X.std(axis=0)
    assert (found.apart, found.furthest) == (pytest.approx(apart.max()), f"x{apart.argmax()}")


def test_what_is_said_of_one_that_is_there():
    found = from_sklearn(Lasso(alpha=0.1, tol=1e-14).fit(X, Y), X, Y)
    assert "within the 1e-06 asked. At the optimum, solved to" in str(found)
    assert "the same are kept." in str(found)
    assert not found.stopped_early
    assert found.certificate.kind == "gap"
    assert repr(found).endswith("certified>")


def test_reasons_are_those_of_its_own_weights():
    model = fitted(Lasso(alpha=0.05, max_iter=2), X, Y)
    found = from_sklearn(model, X, Y)
    residual = Y - model.predict(X)
    centred = X - X.mean(axis=0)
    for j in range(8):
        reason = found.why(j)
        assert reason.weight == pytest.approx(model.coef_[j], rel=1e-9, abs=1e-15)
        assert reason.left == pytest.approx(centred[:, j] @ residual / 100, rel=1e-9, abs=1e-12)
        assert reason.marginal == pytest.approx(centred[:, j] @ Y / 100, rel=1e-9, abs=1e-12)
        assert reason.price == pytest.approx(0.05)
        entered = found.path.why(j).enters_at
        assert reason.enters_at is entered or reason.enters_at == pytest.approx(entered, rel=1e-9)
    frame = found.reasons()
    assert set(frame["feature"]) == {f"x{j}" for j in range(8)}
    assert "not quite there" in str(found.why(0))


def test_a_pipeline_is_told_in_the_units_of_x():
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    model = fitted(make_pipeline(StandardScaler(), Lasso(alpha=0.1, max_iter=3)), frame, Y)
    found = from_sklearn(model, frame, Y)
    scaler, lasso = model
    coef = lasso.coef_ / scaler.scale_
    intercept = lasso.intercept_ - coef @ scaler.mean_
    problem = oracle.Problem(X, Y, standardize=True)
    assert found.gap == pytest.approx(problem.gap(coef, intercept, 0.1), rel=1e-3)
    np.testing.assert_allclose(found.theirs.coefs.toarray()[:, 0], coef, rtol=1e-12)
    assert found.theirs.intercepts[0] == pytest.approx(intercept)
    assert found.path.feature_names == tuple("abcdefgh")
    assert found.why("a").per_sd == pytest.approx(lasso.coef_[0])
    np.testing.assert_allclose(found.theirs.predict(frame), model.predict(frame))


def test_after_other_steps_it_is_told_in_what_they_make():
    frame = pd.DataFrame(X[:, :3], columns=list("abc"))
    model = fitted(make_pipeline(PolynomialFeatures(2, include_bias=False), Lasso(alpha=0.3, max_iter=9)), frame, Y)
    found = from_sklearn(model, frame, Y)
    assert "a b" in found.path.feature_names
    problem = oracle.Problem(model[0].transform(frame), Y, standardize=False)
    assert found.gap == pytest.approx(problem.gap(model[1].coef_, model[1].intercept_, 0.3), rel=1e-3)


def test_a_scaler_of_other_rows_is_refused():
    model = make_pipeline(StandardScaler(), Lasso(alpha=0.1)).fit(X, Y)
    with pytest.raises(ValueError, match="the StandardScaler was fitted on other rows"):
        from_sklearn(model, X[:50], Y[:50])
    with pytest.raises(ValueError, match="without these weights"):
        from_sklearn(model, X, Y, sample_weight=W)


@pytest.mark.parametrize("rho", [0.0, 1.0])
@pytest.mark.parametrize("scaled", [1.0, 5.0])
def test_liblinear_is_certified_with_the_intercept_it_penalises(rho, scaled):
    model = LogisticRegression(
        C=0.1, l1_ratio=rho, solver="liblinear", tol=1e-10, intercept_scaling=scaled, max_iter=10_000
    ).fit(pd.DataFrame(X, columns=list("abcdefgh")), C)
    found = from_sklearn(model, pd.DataFrame(X, columns=list("abcdefgh")), C)
    assert found.path.feature_names == ("(intercept)", *"abcdefgh")
    assert "liblinear penalises the intercept" in str(found)
    ones = np.column_stack([np.full(100, scaled), X])
    problem = oracle.Problem(ones, C, loss="logistic", l1_ratio=rho, standardize=False, fit_intercept=False)
    coef = np.r_[model.intercept_ / scaled, model.coef_[0]]
    assert problem.gap(coef, 0.0, 0.1) <= found.gap + 1e-12
    assert found.gap <= 1e-7
    assert found.status is Status.CERTIFIED
    # Of the problem whose intercept is free these weights are no optimum.
    free = oracle.Problem(X, C, loss="logistic", l1_ratio=rho, standardize=False)
    assert free.gap(model.coef_[0], model.intercept_[0], 0.1) > 1e-5


def test_linear_svc():
    model = LinearSVC(C=0.05, tol=1e-10, max_iter=100_000, fit_intercept=False).fit(X, C)
    found = from_sklearn(model, X, C)
    assert found.alpha == pytest.approx(1 / (2 * 0.05 * 100))
    assert found.status is Status.CERTIFIED
    assert found.notes == ()


@pytest.mark.parametrize("steps", [4, 20_000])
@pytest.mark.parametrize("rho", [0.0, 0.5, 1.0])
def test_several_classes(rho, steps):
    y = np.digitize(Y, [-1.0, 1.0])
    model = fitted(
        LogisticRegression(C=0.3, l1_ratio=rho, solver="saga", max_iter=steps, tol=1e-9, random_state=0), X, y
    )
    found = from_sklearn(model, X, y)

    def objective(B, c):
        eta = X @ B.T + c
        loss = np.mean(np.log(np.exp(eta).sum(axis=1)) - eta[np.arange(100), y])
        return loss + (rho * np.abs(B).sum() + (1 - rho) / 2 * np.sum(B**2)) / 30

    best = found.path
    optimum = objective(best.coefs.toarray().reshape(3, -1), best.intercepts[0])
    shares = np.bincount(y) / 100
    above = (objective(model.coef_, model.intercept_) - optimum) / -(shares @ np.log(shares))
    assert found.above == pytest.approx(above, rel=1e-6, abs=1e-12)
    assert above <= found.gap
    assert (found.gap <= 1e-6) == (steps > 4)
    np.testing.assert_allclose(found.theirs.at(found.alpha).predict_proba(X), model.predict_proba(X), rtol=1e-9)


def test_several_responses():
    both = np.column_stack([Y, ETA])
    model = fitted(MultiTaskLasso(alpha=0.1, max_iter=4), X, both)
    found = from_sklearn(model, X, both)

    def objective(B, c):
        return np.sum((both - X @ B.T - c) ** 2) / 200 + 0.1 * np.linalg.norm(B, axis=0).sum()

    best = found.path
    optimum = objective(best.coefs.toarray().reshape(2, -1), best.intercepts[0])
    span = np.sum(both.var(axis=0)) / 2
    assert found.above == pytest.approx((objective(model.coef_, model.intercept_) - optimum) / span, rel=1e-6)
    assert found.above <= found.gap
    found = from_sklearn(Lasso(alpha=0.1, tol=1e-12).fit(X, both), X, both)  # each by itself
    assert found.status is Status.CERTIFIED


@pytest.mark.parametrize("weights", [None, W])
@pytest.mark.parametrize("by_class", ["balanced", {"yes": 3.0, "no": 0.5}])
def test_class_weights(by_class, weights):
    model = LogisticRegression(C=0.4, class_weight=by_class, tol=1e-10, max_iter=10_000).fit(X, C, weights)
    assert from_sklearn(model, X, C, sample_weight=weights).gap <= 1e-6
    model.coef_ = model.coef_ + 0.1
    assert from_sklearn(model, X, C, sample_weight=weights).gap > 1e-4


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (LassoCV(cv=3), Y),
        (ElasticNetCV(cv=3, l1_ratio=[0.2, 0.9]), Y),
        (RidgeCV(), Y),
        (LogisticRegressionCV(Cs=2, cv=3, l1_ratios=(0.0, 0.5), solver="saga", max_iter=100, scoring="accuracy",
                              use_legacy_attributes=False), C),
    ],
)  # fmt: skip
def test_what_a_cross_validation_chose(model, y):
    model = fitted(model, X, y)
    found = from_sklearn(model, X, y)
    chosen = model.alpha_ if hasattr(model, "alpha_") else 1 / (100 * np.ravel(model.C_)[0])
    chosen = chosen / 100 if isinstance(model, RidgeCV) else chosen
    assert found.alpha == pytest.approx(chosen)
    assert 0 <= found.above + 1e-12 <= found.gap + 1e-12
    assert np.isfinite(found.gap)


def test_positive_weights():
    model = Lasso(alpha=0.05, positive=True, tol=1e-12).fit(X, Y)
    found = from_sklearn(model, X, Y)
    assert found.gap <= 1e-6
    assert (found.path.coefs.toarray() >= 0).all()
    assert found.path.coefs.toarray()[1] == 0


def test_sparse_columns():
    Z = sp.random_array((100, 30), density=0.2, random_state=np.random.default_rng(0), format="csr")
    y = Z @ np.r_[np.ones(5), np.zeros(25)] + 0.1 * RNG.standard_normal(100)
    model = fitted(Lasso(alpha=0.003, max_iter=5), sp.csc_matrix(Z), y)
    problem = oracle.Problem(sp.csr_matrix(Z), y, standardize=False)
    gap = problem.gap(model.coef_, model.intercept_, 0.003)
    assert from_sklearn(model, Z, y).gap == pytest.approx(gap, rel=1e-3, abs=1e-8)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), noise=st.floats(0.0, 1.0), alpha=st.floats(0.01, 1.0))
def test_any_weights_are_certified_as_they_are(seed, noise, alpha):
    rng, Z, eta = rows(seed, n=40, p=5)
    y = eta + rng.standard_normal(40)
    model = Lasso(alpha=alpha, tol=1e-10).fit(Z, y)
    model.coef_ = model.coef_ * (1 + noise * rng.standard_normal(5))
    model.intercept_ += noise
    found = from_sklearn(model, Z, y)
    assert agrees(found, gaps_of(oracle.Problem(Z, y, standardize=False), model.coef_, model.intercept_, alpha))
    assert found.above <= found.gap + 1e-15


def test_it_can_be_drawn():
    import matplotlib as mpl

    mpl.use("Agg")
    ax = from_sklearn(Lasso(alpha=0.1).fit(X, Y), X, Y).plot()
    assert len(ax.lines) >= 4


@pytest.mark.parametrize(
    ("model", "y", "kind", "said"),
    [
        (LinearRegression(), Y, TypeError, r"explains scikit-learn's Lasso, .*; got LinearRegression"),
        (HuberRegressor(), Y, TypeError, "got HuberRegressor"),
        (GridSearchCV(Ridge(), {"alpha": [1.0]}), Y, TypeError, "got GridSearchCV: give its best_estimator_"),
        (TweedieRegressor(power=3), COUNTS + 1, ValueError, r"power 3 with link 'auto' has no counterpart"),
        (LinearSVC(loss="hinge"), C, ValueError, "the squared hinge of two classes"),
        (Ridge(alpha=[1.0, 2.0]), np.column_stack([Y, ETA]), ValueError, "has several values of alpha"),
    ],
)
def test_what_is_refused(model, y, kind, said):
    with pytest.raises(kind, match=said):
        from_sklearn(fitted(model, X, y), X, y)


def test_other_rows_are_refused():
    with pytest.raises(ValueError, match="is not fitted"):
        from_sklearn(Lasso(), X, Y)
    model = Lasso(alpha=0.1).fit(X, Y)
    with pytest.raises(ValueError, match="has 8 weights, and these X and y give 7"):
        from_sklearn(model, X[:, :7], Y)
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    model = Lasso(alpha=0.1).fit(frame, Y)
    with pytest.raises(ValueError, match="the columns of X are not those of the fit"):
        from_sklearn(model, frame[list("hgfedcba")], Y)
    classes = LogisticRegression().fit(X, C)
    with pytest.raises(ValueError, match="the model knows the classes"):
        from_sklearn(classes, X, np.where(Y > 0, "b", "a"))
    still = np.column_stack([X, np.ones(100)])
    model = Lasso(alpha=0.1).fit(still, Y)
    model.coef_[8] = 0.5
    with pytest.raises(ValueError, match=r"'x8' is constant and has a weight of 0\.5"):
        from_sklearn(model, still, Y)


@pytest.mark.skipif(not DATA.is_dir(), reason="the folder of real data sets is not here")
def test_on_a_real_table():
    table = lz.tables.encode(lz.tables.read(DATA / "prostate.csv"), "lpsa", drop=["train"])
    model = fitted(make_pipeline(StandardScaler(), Lasso(alpha=0.02, max_iter=2)), table.X, table.y)
    found = from_sklearn(model, table.X, table.y)
    scaler, lasso = model
    coef = lasso.coef_ / scaler.scale_
    problem = oracle.Problem(table.X, table.y)
    gap = problem.gap(coef, lasso.intercept_ - coef @ scaler.mean_, 0.02)
    assert found.gap == pytest.approx(gap, rel=1e-3)
    assert found.gap > 1e-6
    assert found.stopped_early


def test_rows_in_another_order_are_asked_about():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    y = X @ [2.0, -1.0, 0.5] + 0.1 * rng.normal(size=80)
    model = Lasso(alpha=0.01).fit(X, y)
    assert "in one order?" not in str(lz.from_sklearn(model, X, y))
    assert "in one order?" in str(lz.from_sklearn(model, X[rng.permutation(80)], y))
