"""SparseRegressor and SparseClassifier: any loss under any penalty in scikit-learn's world."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn import set_config
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectFromModel
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import lozenge as lz
from lozenge.losses import LOSSES


def data(n=150, p=8, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.arange(1, p + 1) + 3.0
    return X, (X[:, :2] - 3.0) @ [1.0, -0.5] + rng.normal(size=n), rng


@pytest.mark.filterwarnings("ignore:the best score is at the")  # of data made to be small
@pytest.mark.filterwarnings("ignore:No features were selected")
@parametrize_with_checks(
    [
        lz.SparseRegressor(),
        lz.SparseRegressor(alpha="bic"),
        lz.SparseRegressor(alpha=0.1, loss="huber"),
        lz.SparseRegressor(alpha=0.1, penalty="elasticnet", standardize=False),
        lz.SparseClassifier(),
        lz.SparseClassifier(alpha=0.01),
        lz.SparseClassifier(alpha=0.01, loss="squared_hinge"),
    ]
)
def test_it_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


@pytest.mark.parametrize("rule", ["1se", "min", "aic", "bic", "ebic", "df=2", "stable", 0.3, lambda cv: cv.index_min])
def test_it_is_the_path_with_its_rule(rule):
    X, y, _ = data()
    model = lz.SparseRegressor(alpha=rule, n_alphas=30).fit(X, y)
    found = lz.path(X, y, n_alphas=30, cv=5)
    alone = found.best(rule)
    assert model.alpha_ == pytest.approx(alone.alpha, rel=1e-12)
    np.testing.assert_allclose(model.coef_, alone.coef, atol=1e-5)
    np.testing.assert_allclose(model.predict(X), alone.predict(X), atol=1e-4)
    assert model.score(X, y) == pytest.approx(alone.score(X, y), rel=1e-5)
    assert model.certificate_.value <= 1e-6


@pytest.mark.parametrize("loss", sorted(set(LOSSES) - {"multinomial", "logistic", "squared_hinge", "ordinal"}))
def test_every_loss_of_numbers_counts_or_times_fits_and_predicts(loss):
    X, eta, rng = data()
    y = {
        "poisson": rng.poisson(np.exp(0.1 * eta)),
        "negative_binomial": rng.poisson(np.exp(0.1 * eta)),
        "gamma": np.exp(0.1 * eta),
        "tweedie": np.maximum(eta, 0.0),
        "cox": np.column_stack([rng.exponential(size=150), rng.uniform(size=150) < 0.7]),
        "multitask": np.column_stack([eta, -eta]),
    }.get(loss, eta)
    penalty = "group" if loss == "multitask" else "l1"
    model = clone(lz.SparseRegressor(loss=loss, penalty=penalty, alpha=0.05)).fit(X, y)
    found = lz.path(X, y, loss=loss, penalty=penalty, alphas=[0.05])
    np.testing.assert_allclose(model.predict(X), found.predict(X))
    assert model.coef_.shape == ((2, 8) if loss == "multitask" else (8,))


@pytest.mark.parametrize("classes", [2, 3])
def test_classes_of_text_have_probabilities_and_weights_of_their_own(classes):
    X, eta, _ = data()
    y = np.array(["low", "middle", "top"])[np.digitize(eta, [0.0] if classes == 2 else [-1.0, 1.0])]
    model = lz.SparseClassifier(alpha=0.02).fit(X, y)
    assert model.coef_.shape == ((1, 8) if classes == 2 else (3, 8))
    chances = model.predict_proba(X)
    np.testing.assert_allclose(chances.sum(axis=1), 1.0)
    np.testing.assert_array_equal(model.classes_[chances.argmax(axis=1)], model.predict(X))
    assert model.decision_function(X).shape == ((150,) if classes == 2 else (150, 3))
    assert not hasattr(lz.SparseClassifier(loss="squared_hinge"), "predict_proba")


def test_rows_come_in_parts_and_give_what_all_of_them_give():
    X, y, rng = data(n=300)
    X[:, 3] += 1e6  # a mean that a matrix of products would lose the spread to
    w = rng.uniform(0.5, 2.0, size=300)
    for options in (
        {"alpha": 0.05},
        {"alpha": "bic", "n_alphas": 25},
        {"alpha": 0.05, "standardize": False},
        {"alpha": 0.05, "penalty": "elasticnet", "penalty_weights": [0, 1, 1, 2, np.inf, 1, 1, 1]},
    ):
        parts, whole = lz.SparseRegressor(**options), lz.SparseRegressor(**options)
        for rows in np.array_split(np.arange(300), [7, 8, 120, 290]):
            parts.partial_fit(X[rows], y[rows], sample_weight=w[rows])
        whole.fit(X, y, sample_weight=w)
        assert parts.alpha_ == pytest.approx(whole.alpha_, rel=1e-6)
        np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-5, atol=1e-9)
        assert parts.intercept_ == pytest.approx(whole.intercept_, rel=1e-5)
        assert parts.path_.model.n == 300
        for j in range(8):
            mine, theirs = parts.path_.why(j), whole.path_.why(j)
            assert mine.state == theirs.state
            assert mine.marginal == pytest.approx(theirs.marginal, rel=1e-6, abs=1e-9)
            assert mine.left == pytest.approx(theirs.left, rel=1e-4, abs=1e-7)


def test_parts_without_an_intercept_and_a_constant_column():
    X, y, _ = data(n=60)
    X[:, 5] = 2.0
    for intercept in (True, False):
        parts = lz.SparseRegressor(alpha=0.1, fit_intercept=intercept)
        for rows in np.array_split(np.arange(60), 4):
            parts.partial_fit(X[rows], y[rows])
        whole = lz.SparseRegressor(alpha=0.1, fit_intercept=intercept).fit(X, y)
        np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-5, atol=1e-9)


def test_only_where_it_is_exact_is_there_a_partial_fit():
    assert hasattr(lz.SparseRegressor(alpha=0.1), "partial_fit")
    assert not hasattr(lz.SparseRegressor(alpha=0.1, loss="poisson"), "partial_fit")
    assert not hasattr(lz.SparseRegressor(alpha="1se"), "partial_fit")
    with pytest.raises(AttributeError) as found:
        lz.SparseRegressor(alpha=0.1, loss="huber").partial_fit  # noqa: B018
    assert "asks every row anew" in str(found.value.__cause__)


def test_names_pipelines_searches_and_selection():
    X, y, _ = data()
    frame = pd.DataFrame(X, columns=[f"f{j}" for j in range(8)])
    model = lz.SparseRegressor(alpha=0.3).set_output(transform="pandas").fit(frame, y)
    kept = [f"f{j}" for j in np.flatnonzero(model.coef_)]
    assert model.get_feature_names_out().tolist() == kept
    assert model.transform(frame).columns.tolist() == kept
    assert model.path_.why("f0").feature == "f0"
    chosen = SelectFromModel(lz.SparseRegressor(alpha=0.3)).fit(frame, y)
    assert chosen.get_feature_names_out().tolist() == kept
    search = GridSearchCV(
        make_pipeline(StandardScaler(), lz.SparseRegressor(alpha=0.1)),
        {"sparseregressor__penalty": ["l1", "mcp"], "sparseregressor__alpha": [0.05, 0.5]},
    ).fit(X, y)
    assert search.best_params_["sparseregressor__alpha"] == 0.05
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(frame), model.predict(frame))
    assert str(again.path_.why("f7")).startswith("f7 is exactly 0")
    assert "f0 is kept" in model._repr_html_()
    np.testing.assert_allclose(lz.SparseRegressor(alpha=0.3).fit(sp.csr_array(X), y).coef_, model.coef_, atol=1e-9)


def test_the_notebook_picture_brings_its_style_along():
    X, y, _ = data()
    html = lz.SparseRegressor(alpha="bic").fit(X, y)._repr_html_()
    (style,) = re.findall(r"<style>(\.lozenge-figure.*?)</style>", html, re.DOTALL)
    svg = html[html.index('<svg class="lozenge-figure"') :]
    assert ".lozenge-figure path { fill: none; }" in style
    drawn = {name for names in re.findall(r'<(?:path|g|text) class="([^"]+)"', svg) for name in names.split()}
    assert {"axis", "rule", "mark", "line", "lead", "on"} <= drawn
    assert all(f".{name} " in style for name in drawn)
    asked = set(re.findall(r"var\((--\w+)\)", style))
    assert asked - {"--c"} <= set(
        re.findall(r"(--\w+):", html[: html.index("<style>.lozenge-figure")].split("<div")[-1])
    )
    assert "--c" in svg


def test_weights_and_groups_are_routed():
    X, y, rng = data()
    groups = rng.integers(0, 12, size=150)
    set_config(enable_metadata_routing=True)
    try:
        model = lz.SparseRegressor(n_alphas=10).set_fit_request(sample_weight=True, groups=True)
        model = model.set_score_request(sample_weight=True)
        found = cross_validate(
            model,
            X,
            y,
            cv=GroupKFold(3),
            params={"sample_weight": np.ones(150), "groups": groups},
            return_estimator=True,
        )
    finally:
        set_config(enable_metadata_routing=False)
    for estimator, train in zip(
        found["estimator"], (train for train, _ in GroupKFold(3).split(X, y, groups)), strict=True
    ):
        for column in estimator.path_.cv.parts.T:
            assert not set(groups[train][column == 1]) & set(groups[train][column == 2])


def test_what_is_not_certified_is_warned_of_with_its_gap():
    X, y, _ = data(n=40)
    X[:, 1] = X[:, 0] * (1 + 1e-9)
    with pytest.warns(ConvergenceWarning, match=r"alpha=1e-09: the certified duality gap is"):
        lz.SparseClassifier(alpha=1e-9, tol=1e-15).fit(X * 1e7, (y > 0).astype(int))


def test_the_offset_is_added_in_fits_and_predictions():
    X, eta, rng = data()
    exposure = rng.uniform(0.5, 3.0, size=150)
    y = rng.poisson(exposure * np.exp(0.1 * eta))
    model = lz.SparseRegressor(loss="poisson", alpha=0.02).fit(X, y, offset=np.log(exposure))
    found = lz.path(X, y, loss="poisson", alphas=[0.02], offset=np.log(exposure))
    np.testing.assert_allclose(model.coef_, found.coefs.toarray()[:, 0])
    np.testing.assert_allclose(model.predict(X, offset=np.log(exposure)), exposure * model.predict(X))
