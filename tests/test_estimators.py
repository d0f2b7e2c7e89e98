"""scikit-learn's names: the same numbers, shapes and warnings, on this engine."""

import pickle
import warnings

import numpy as np
import pytest
import sklearn
import sklearn.linear_model as reference
from scipy.sparse import csc_array, csr_matrix
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectFromModel
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from lozenge import estimators as ours
from lozenge.estimators import joint, objective
from lozenge.results import Status
from lozenge.testing import check_penalty

SQUARED = ("Lasso", "ElasticNet", "MultiTaskLasso", "MultiTaskElasticNet")
CROSSED = ("LassoCV", "ElasticNetCV", "MultiTaskLassoCV", "MultiTaskElasticNetCV")
QUICK = {"cv": 3, "alphas": 5}
LOGISTIC = {"cv": 3, "Cs": 3, "scoring": "neg_log_loss", "use_legacy_attributes": False}

QUICKLY = [
    ours.Lasso(),
    ours.MultiTaskElasticNet(),
    ours.LassoCV(**QUICK),
    ours.LogisticRegression(l1_ratio=1, solver="saga"),
]
SLOWLY = [
    ours.ElasticNet(),
    ours.MultiTaskLasso(),
    *(getattr(ours, name)(**QUICK) for name in CROSSED if name != "LassoCV"),
    ours.LogisticRegression(),
    ours.LogisticRegression(solver="liblinear"),
    ours.LogisticRegressionCV(l1_ratios=(0.0,), **LOGISTIC),
]


def pass_check(estimator, check):
    with warnings.catch_warnings():
        # Some data of theirs separate the classes, or have fewer rows of a class than folds.
        warnings.simplefilter("ignore")
        check(estimator)


# No check is expected to fail, and scikit-learn skips one by itself: array API input, unless SciPy is told to take it.
@parametrize_with_checks(QUICKLY)
def test_scikit_learns_checks(estimator, check):
    pass_check(estimator, check)


@pytest.mark.slow
@parametrize_with_checks(SLOWLY)
def test_scikit_learns_checks_of_the_others(estimator, check):
    pass_check(estimator, check)


def test_every_estimator_is_checked():
    names = {type(each).__name__ for each in [*QUICKLY, *SLOWLY]}
    assert names == {name for name in ours.__all__ if name[0].isupper()} - {"SparseRegressor", "SparseClassifier"}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((61, 8)) * rng.uniform(0.5, 3.0, 8) + rng.standard_normal(8)
    y = X[:, :3] @ [1.0, -2.0, 0.5] + rng.standard_normal(61) + 4.0
    Y = X[:, :4] @ rng.standard_normal((4, 3)) + rng.standard_normal((61, 3)) - 1.0
    classes = np.digitize(X[:, 0] + rng.standard_normal(61), [-0.5, 1.0])
    return X, y, Y, classes, rng.uniform(0.1, 2.0, 61), rng.integers(0, 6, 61)


def alike(found, expected, names, atol=1e-6):
    for name in names:
        one, other = getattr(found, name), getattr(expected, name)
        assert np.shape(one) == np.shape(other), name
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=atol, err_msg=name)


# --- the same numbers


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "asked",
    [
        {"alpha": 0.3},
        {"alpha": 0.3, "l1_ratio": 0.2},
        {"alpha": 0.05, "l1_ratio": 0.0},
        {"alpha": 0.1, "l1_ratio": 1.0, "fit_intercept": False},
        {"alpha": 0.05, "positive": True},
        {"alpha": 1e4},
    ],
)
def test_elastic_net(rows, asked, weighted):
    X, y, *_, w, _ = rows
    given = {"sample_weight": w} if weighted else {}
    found = ours.ElasticNet(**asked).fit(X, y, **given)
    expected = reference.ElasticNet(tol=1e-12, max_iter=100_000, **asked).fit(X, y, **given)
    alike(found, expected, ["coef_", "intercept_"])
    assert 0.0 <= found.dual_gap_ <= 1e-4 * np.var(y)
    np.testing.assert_allclose(found.predict(X), expected.predict(X), rtol=1e-6)
    assert found.score(X, y) == pytest.approx(expected.score(X, y), rel=1e-6)


@pytest.mark.parametrize("kind", ["Lasso", "MultiTaskLasso"])
def test_lasso(rows, kind):
    X, y, Y, _, w, _ = rows
    target = Y if "Multi" in kind else y
    found = getattr(ours, kind)(alpha=0.2).fit(X, target, sample_weight=w)
    expected = getattr(reference, kind)(alpha=0.2, tol=1e-13, max_iter=100_000).fit(X, target, sample_weight=w)
    alike(found, expected, ["coef_", "intercept_"])


@pytest.mark.parametrize(
    "asked", [{}, {"l1_ratio": 0.0}, {"l1_ratio": 1.0}, {"fit_intercept": False}, {"l1_ratio": 0.9}]
)
@pytest.mark.parametrize("rows_used", [61, 6])
def test_multi_task_elastic_net(rows, asked, rows_used):
    X, _, Y, *_ = rows
    X, Y = X[:rows_used], Y[:rows_used]
    found = ours.MultiTaskElasticNet(alpha=0.2, **asked).fit(X, Y)
    expected = reference.MultiTaskElasticNet(alpha=0.2, tol=1e-14, max_iter=200_000, **asked).fit(X, Y)
    alike(found, expected, ["coef_", "intercept_"])
    assert found.dual_gap_ >= 0.0
    expected.set_params(tol=1e-4).fit(X, Y)
    assert found.eps_ == pytest.approx(expected.eps_)


def test_several_outputs_apart(rows):
    X, _, Y, *_ = rows
    found = ours.Lasso(alpha=0.2).fit(X, Y)
    expected = reference.Lasso(alpha=0.2, tol=1e-13).fit(X, Y)
    alike(found, expected, ["coef_", "intercept_"])
    assert np.shape(found.dual_gap_) == (3,)
    assert len(found.n_iter_) == 3
    alone = ours.Lasso(alpha=0.2).fit(X, Y[:, [0]])
    np.testing.assert_array_equal(alone.coef_, found.coef_[0])
    assert alone.intercept_.shape == (1,)
    assert found.sparse_coef_.shape == (3, 8)
    np.testing.assert_array_equal(found.sparse_coef_.toarray(), found.coef_)


@pytest.mark.parametrize("name", ["lasso_path", "enet_path"])
@pytest.mark.parametrize("several", [False, True])
def test_paths(rows, name, several):
    X, y, Y, *_ = rows
    target = Y if several else y
    found = getattr(ours, name)(X, target, alphas=20, return_n_iter=True)
    expected = getattr(reference, name)(X, target, alphas=20, tol=1e-13, max_iter=100_000, return_n_iter=True)
    for one, other in zip(found[:2], expected[:2], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)
    assert found[2].shape == (20,)
    assert (found[2] >= 0.0).all()
    assert len(found[3]) == 20


def test_paths_keep_equal_alphas_and_their_order(rows):
    X, y, *_ = rows
    alphas, coefs, _ = ours.enet_path(X, y, alphas=[0.1, 1.0, 0.1], l1_ratio=0.5)
    assert alphas.tolist() == [1.0, 0.1, 0.1]
    np.testing.assert_array_equal(coefs[:, 1], coefs[:, 2])
    with pytest.warns(FutureWarning, match="n_alphas"):
        assert len(ours.lasso_path(X, y, n_alphas=3)[0]) == 3


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "asked",
    [
        {"solver": "newton-cg", "class_weight": "balanced"},
        {"solver": "saga", "l1_ratio": 1, "C": 0.5},
        {"solver": "saga", "l1_ratio": 0.4, "C": 0.3},
        {"solver": "newton-cg", "fit_intercept": False, "class_weight": {0: 2.0, 1: 0.5}},
    ],
)
def test_logistic(rows, classes, weighted, asked):
    X, _, _, kinds, w, _ = rows
    kinds = np.minimum(kinds, classes - 1)
    if "C" not in asked and classes == 3 and isinstance(asked.get("class_weight"), dict):
        asked = asked | {"class_weight": {0: 2.0, 1: 0.5, 2: 1.0}}
    X = StandardScaler().fit_transform(X)  # for saga's sake
    given = {"sample_weight": w} if weighted else {}
    found = ours.LogisticRegression(**asked).fit(X, kinds, **given)
    with warnings.catch_warnings():  # the updates of saga stop shrinking at 1e-8
        warnings.simplefilter("ignore", ConvergenceWarning)
        expected = reference.LogisticRegression(tol=1e-9, max_iter=5000, **asked).fit(X, kinds, **given)
    alike(found, expected, ["coef_", "intercept_"], atol=2e-6)
    np.testing.assert_allclose(found.predict_proba(X), expected.predict_proba(X), atol=1e-6)
    np.testing.assert_allclose(found.predict_log_proba(X), expected.predict_log_proba(X), atol=1e-5)
    np.testing.assert_array_equal(found.predict(X), expected.predict(X))


@pytest.mark.parametrize("classes", [2, 3])
def test_logistic_unpenalised(rows, classes):
    X, _, _, kinds, w, _ = rows
    X, kinds = X[:, 1:3], np.minimum(kinds, classes - 1)
    found = ours.LogisticRegression(C=np.inf).fit(X, kinds, sample_weight=w)
    expected = reference.LogisticRegression(C=np.inf, tol=1e-10, solver="newton-cg").fit(X, kinds, sample_weight=w)
    alike(found, expected, ["coef_", "intercept_"])


@pytest.mark.parametrize("asked", [{"l1_ratio": 1, "intercept_scaling": 3.0}, {"l1_ratio": 0}])
def test_liblinear_penalises_the_intercept(rows, asked):
    X, _, _, kinds, *_ = rows
    two = kinds > 0
    found = ours.LogisticRegression(solver="liblinear", **asked).fit(X, two)
    expected = reference.LogisticRegression(solver="liblinear", tol=1e-10, max_iter=100_000, **asked).fit(X, two)
    alike(found, expected, ["coef_", "intercept_"], atol=1e-5)
    sparse = ours.LogisticRegression(solver="liblinear", **asked).fit(csr_matrix(X), two)
    alike(sparse, found, ["coef_", "intercept_"])


def test_a_class_without_weight_has_no_chance(rows):
    X, _, _, kinds, *_ = rows
    found = ours.LogisticRegression(class_weight={0: 1.0, 1: 1.0, 2: 0.0}).fit(X, kinds)
    assert found.intercept_[2] == -np.inf
    assert not found.predict_proba(X)[:, 2].any()
    rest = kinds < 2
    # Two classes with weights of their own, ±b/2, pay ½(‖b/2‖² + ‖b/2‖²): half of what one vector b does.
    twin = reference.LogisticRegression(C=2.0, tol=1e-10, max_iter=10_000).fit(X[rest], kinds[rest])
    np.testing.assert_allclose(found.predict_proba(X)[:, 1], twin.predict_proba(X)[:, 1], atol=1e-6)


# --- cross-validation


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CROSSED)
def test_the_curve_is_that_of_a_loop(rows, name, weighted):
    X, y, Y, _, w, _ = rows
    target = Y if "Multi" in name else y
    ratios = [0.3, 1.0] if "Elastic" in name else [1.0]
    w = w if weighted else np.ones(len(y))
    folds = list(KFold(4, shuffle=True, random_state=1).split(X))
    asked = {"l1_ratio": ratios} if "Elastic" in name else {}
    found = getattr(ours, name)(cv=folds, alphas=6, **asked).fit(X, target, sample_weight=w)
    alphas = np.atleast_2d(found.alphas_)
    single = reference.MultiTaskElasticNet if "Multi" in name else reference.ElasticNet
    errors = np.empty((len(ratios), 6, 4))
    for r, ratio in enumerate(ratios):
        for a, alpha in enumerate(alphas[r]):
            for k, (train, test) in enumerate(folds):
                model = single(alpha=alpha, l1_ratio=ratio, tol=1e-14, max_iter=100_000)
                model.fit(X[train], target[train], sample_weight=w[train])
                left = np.square(target[test] - model.predict(X[test])).reshape(len(test), -1).mean(axis=1)
                errors[r, a, k] = np.average(left, weights=w[test])
    np.testing.assert_allclose(found.mse_path_, np.squeeze(errors), rtol=1e-8, atol=1e-8)
    r, a = np.unravel_index(np.argmin(errors.mean(axis=2)), errors.shape[:2])
    assert found.alpha_ == alphas[r][a]
    assert getattr(found, "l1_ratio_", 1.0) == ratios[r]
    again = single(alpha=found.alpha_, l1_ratio=ratios[r], tol=1e-13, max_iter=100_000)
    alike(found, again.fit(X, target, sample_weight=w), ["coef_", "intercept_"])


@pytest.mark.parametrize("name", CROSSED)
def test_the_grid_is_scikit_learns(rows, name):
    X, y, Y, _, w, _ = rows
    target = Y if "Multi" in name else y
    found = getattr(ours, name)(cv=3).fit(X, target, sample_weight=w)
    expected = getattr(reference, name)(cv=3, tol=1e-8, max_iter=20_000).fit(X, target, sample_weight=w)
    alike(found, expected, ["alphas_", "alpha_", "mse_path_", "coef_", "intercept_"], atol=1e-5)


def test_more_columns_than_rows():
    # Where the path is led through other values of α, which must not show.
    rng = np.random.default_rng(5)
    X = rng.standard_normal((24, 200))
    y = X[:, :4].sum(axis=1) + 0.5 * rng.standard_normal(24)
    found = ours.LassoCV(cv=3, alphas=12, eps=0.01).fit(X, y)
    expected = reference.LassoCV(cv=3, alphas=12, eps=0.01, tol=1e-12, max_iter=500_000).fit(X, y)
    alike(found, expected, ["alphas_", "alpha_", "mse_path_", "coef_", "intercept_"])
    single = ours.Lasso(alpha=0.01).fit(X, y)
    alike(single, reference.Lasso(alpha=0.01, tol=1e-13, max_iter=500_000).fit(X, y), ["coef_", "intercept_"])
    path = ours.lasso_path(X, y, alphas=[1.0, 0.1, 0.1])
    assert path[0].tolist() == [1.0, 0.1, 0.1]
    np.testing.assert_allclose(path[1], reference.lasso_path(X, y, alphas=[1.0, 0.1, 0.1], tol=1e-12)[1], atol=1e-6)

    asked = {"l1_ratios": [1.0], "solver": "saga", "scoring": "neg_log_loss", "use_legacy_attributes": False}
    two = ours.LogisticRegressionCV(Cs=[0.3, 3.0], cv=3, tol=1e-6, **asked).fit(X, y > 0)
    for k, (train, _) in enumerate(StratifiedKFold(3).split(X, y > 0)):
        alone = reference.LogisticRegression(C=3.0, l1_ratio=1, solver="saga", tol=1e-9, max_iter=100_000)
        np.testing.assert_allclose(
            two.coefs_paths_[k, 0, 1, :, :-1], alone.fit(X[train], (y > 0)[train]).coef_, atol=1e-4
        )


def test_zero_and_bounds_in_one_grid(rows):
    X, y, *_ = rows
    found = ours.ElasticNetCV(alphas=[0.0, 0.1], positive=True, cv=3).fit(X, y)
    from scipy.optimize import nnls

    for k, (train, test) in enumerate(KFold(3).split(X)):
        centre, level = X[train].mean(axis=0), y[train].mean()
        b, _ = nnls(X[train] - centre, y[train] - level)
        error = np.mean(np.square(y[test] - level - (X[test] - centre) @ b))
        assert found.mse_path_[1, k] == pytest.approx(error, rel=1e-6)


def test_groups_leak_nothing(rows):
    X, y, *_, groups = rows
    with sklearn.config_context(enable_metadata_routing=True):
        found = ours.LassoCV(cv=GroupKFold(3), alphas=5).fit(X, y, groups=groups)
        splits = list(GroupKFold(3).split(X, y, groups))
        plain = ours.LassoCV(cv=splits, alphas=found.alphas_).fit(X, y)
        two = ours.LogisticRegressionCV(l1_ratios=(1,), solver="saga", **LOGISTIC | {"cv": GroupKFold(3)})
        held = two.fit(X, y > 4.0, groups=groups)
        again = clone(two).set_params(cv=splits).fit(X, y > 4.0)
        # Through a search around it, which routes on.
        outer = make_pipeline(StandardScaler(), ours.LassoCV(cv=GroupKFold(3), alphas=5)).fit(X, y, groups=groups)
    np.testing.assert_allclose(found.mse_path_, plain.mse_path_, rtol=1e-10)
    np.testing.assert_allclose(held.scores_, again.scores_, rtol=1e-6)
    assert outer[-1].mse_path_.shape == (5, 3)
    # What is held out has no part in a fold's fit: other values of y there change its errors alone.
    train, test = splits[0]
    assert not set(groups[train]) & set(groups[test])
    moved = y.copy()
    moved[test] += 100.0
    changed = ours.LassoCV(cv=splits[:1] * 2, alphas=found.alphas_).fit(X, moved)
    model = ours.Lasso(alpha=found.alphas_[2]).fit(X[train], y[train])
    error = np.mean(np.square(moved[test] - model.predict(X[test])))
    assert changed.mse_path_[2, 0] == pytest.approx(error, rel=1e-8)


def test_groups_need_routing(rows):
    X, y, *_, groups = rows
    with pytest.raises(ValueError, match="enable_metadata_routing"):
        ours.LassoCV().fit(X, y, groups=groups)


def test_a_fold_that_names_a_row_twice_is_refused(rows):
    X, y, *_ = rows
    with pytest.raises(ValueError, match="fold 1 of cv names a row more than once"):
        ours.LassoCV(cv=[(np.arange(40), np.arange(40, 61)), (np.array([0, 0, 1, 2]), np.arange(5, 9))]).fit(X, y)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("legacy", [False, True])
def test_logistic_crossed(rows, classes, weighted, legacy):
    X, _, _, kinds, w, _ = rows
    X, kinds = StandardScaler().fit_transform(X), np.array(["a", "b", "c"])[np.minimum(kinds, classes - 1)]
    # Of a C where all weights are zero scikit-learn's saga stops before the intercept is there.
    asked = {"Cs": [0.5, 2.0], "l1_ratios": [0.5, 1.0], "solver": "saga", "scoring": "neg_log_loss", "cv": 3}
    asked["use_legacy_attributes"] = legacy
    given = {"sample_weight": w} if weighted else {}
    found = ours.LogisticRegressionCV(tol=1e-8, **asked).fit(X, kinds, **given)
    expected = reference.LogisticRegressionCV(tol=1e-9, max_iter=100_000, **asked).fit(X, kinds, **given)
    alike(found, expected, ["coef_", "intercept_", "C_", "l1_ratio_", "Cs_", "l1_ratios_"], atol=1e-5)
    assert found.n_iter_.shape == expected.n_iter_.shape
    for name in ("scores_", "coefs_paths_"):
        one, other = getattr(found, name), getattr(expected, name)
        if legacy:
            assert list(one) == list(other)
            one, other = (np.array(list(each.values())) for each in (one, other))
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-5)


def test_scores_are_those_of_a_loop(rows):
    X, _, _, kinds, w, _ = rows
    folds = list(StratifiedKFold(3).split(X, kinds))
    asked = {"l1_ratios": [1.0], "solver": "saga", "scoring": "neg_log_loss", "use_legacy_attributes": False}
    found = ours.LogisticRegressionCV(Cs=[0.1, 2.0], cv=folds, tol=1e-8, **asked).fit(X, kinds, sample_weight=w)
    for k, (train, test) in enumerate(folds):
        for c, C in enumerate([0.1, 2.0]):
            model = ours.LogisticRegression(C=C, l1_ratio=1, solver="saga").fit(
                X[train], kinds[train], sample_weight=w[train]
            )
            loss = log_loss(kinds[test], model.predict_proba(X[test]), sample_weight=w[test], labels=[0, 1, 2])
            assert found.scores_[k, 0, c] == pytest.approx(-loss, rel=1e-6)
            np.testing.assert_allclose(found.coefs_paths_[k, 0, c, :, :-1], model.coef_, atol=1e-5)


def test_folds_that_lack_a_class(rows):
    X, _, _, kinds, *_ = rows
    order = np.argsort(kinds, kind="stable")
    X, kinds = X[order], kinds[order]
    folds = [(np.flatnonzero(kinds != k), np.flatnonzero(kinds == k)) for k in range(3)]
    asked = {"scoring": "neg_brier_score", "use_legacy_attributes": False, "l1_ratios": (0,)}
    found = ours.LogisticRegressionCV(Cs=[1e-6], cv=folds, **asked).fit(X, kinds)
    # A class that is not seen gets probability 0, the others next to what their shares are.
    for k, (train, _) in enumerate(folds):
        shares = np.unique(kinds[train], return_counts=True)[1] / len(train)
        assert found.scores_[k, 0, 0] == pytest.approx(-(1.0 + np.sum(np.square(shares))), rel=1e-3)


# --- what comes in and goes out


@pytest.mark.parametrize("name", [*SQUARED, *CROSSED, "LogisticRegression", "LogisticRegressionCV"])
def test_parameters_and_defaults_are_scikit_learns(name):
    mine, theirs = getattr(ours, name), getattr(reference, name)
    assert repr(mine().get_params()) == repr(theirs().get_params())
    assert sorted(mine._parameter_constraints) == sorted(theirs._parameter_constraints)


@pytest.mark.parametrize("container", [csr_matrix, csc_array])
@pytest.mark.parametrize("name", [*SQUARED, *CROSSED])
def test_sparse(rows, name, container):
    X, y, Y, *_ = rows
    X = np.where(np.abs(X) > 0.7, X, 0.0)
    target = Y if "Multi" in name else y
    asked = QUICK if name in CROSSED else {"alpha": 0.2}
    dense = getattr(ours, name)(**asked).fit(X, target)
    sparse = getattr(ours, name)(**asked).fit(container(X), target)
    alike(sparse, dense, ["coef_", "intercept_"])
    np.testing.assert_allclose(sparse.predict(container(X)), dense.predict(X), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", [*SQUARED, *CROSSED])
def test_float32_stays(rows, name):
    X, y, Y, *_ = rows
    target = Y if "Multi" in name else y
    asked = QUICK if name in CROSSED else {"alpha": 0.2}
    found = getattr(ours, name)(**asked).fit(X.astype(np.float32), target.astype(np.float32))
    wide = getattr(ours, name)(**asked).fit(X, target)
    assert found.coef_.dtype == np.float32
    assert np.asarray(found.intercept_).dtype == np.float32
    alike(found, wide, ["coef_", "intercept_"], atol=1e-4)


def test_nothing_handed_in_is_changed(rows):
    X, y, _, kinds, w, _ = rows
    before = [each.copy() for each in (X, y, kinds, w)]
    ours.Lasso(copy_X=False).fit(X, y, sample_weight=w, check_input=False)
    ours.LassoCV(copy_X=False, **QUICK).fit(X, y, sample_weight=w)
    ours.LogisticRegression(class_weight="balanced").fit(X, kinds, sample_weight=w)
    for each, was in zip((X, y, kinds, w), before, strict=True):
        np.testing.assert_array_equal(each, was)


def test_names_of_a_frame(rows):
    import pandas as pd

    X, y, *_ = rows
    frame = pd.DataFrame(X, columns=[f"c{j}" for j in range(8)])
    found = ours.LassoCV(**QUICK).fit(frame, y)
    assert found.feature_names_in_.tolist() == list(frame.columns)
    with pytest.raises(ValueError, match="feature names"):
        found.predict(frame[frame.columns[::-1]])
    chosen = SelectFromModel(ours.Lasso(alpha=0.5)).fit(frame, y)
    kept = ours.Lasso(alpha=0.5).fit(X, y).coef_ != 0
    assert chosen.get_feature_names_out().tolist() == frame.columns[kept].tolist()


def test_searched_cloned_and_pickled(rows):
    X, y, *_ = rows
    search = GridSearchCV(ours.ElasticNet(), {"alpha": [0.1, 1.0], "l1_ratio": [0.2, 1.0]}, cv=3).fit(X, y)
    expected = GridSearchCV(reference.ElasticNet(tol=1e-10), search.param_grid, cv=3).fit(X, y)
    assert search.best_params_ == expected.best_params_
    np.testing.assert_allclose(
        search.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"], rtol=1e-8
    )
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(again.predict(X), search.predict(X))
    assert clone(again).get_params() == again.get_params()


def test_the_picture_in_a_notebook_may_say_more():
    class Told(ours.Lasso):
        def _html_extra(self):
            return "<p>why</p>"

    assert Told()._repr_html_().endswith("<p>why</p>")
    assert "Lasso" in ours.Lasso()._repr_html_()
    assert "why" not in ours.Lasso()._repr_html_()


# --- accuracy, and what is said of it


def test_a_warm_start_is_kept_while_it_is_certified(rows):
    X, y, Y, *_ = rows
    for kind, target in ((ours.Lasso, y), (ours.MultiTaskElasticNet, Y), (ours.Lasso, Y)):
        model = kind(alpha=0.2, warm_start=True).fit(X, target)
        first = model.coef_.copy()
        assert np.all(np.asarray(model.n_iter_) > 0)
        model.fit(X, target)
        assert not np.any(model.n_iter_)
        np.testing.assert_array_equal(model.coef_, first)
        model.set_params(alpha=0.1).fit(X, target)
        assert np.all(np.asarray(model.n_iter_) > 0)
        alike(model, kind(alpha=0.1).fit(X, target), ["coef_", "intercept_"])


@pytest.mark.parametrize("ratio", [1.0, 0.4])
@pytest.mark.parametrize("positive", [False, True])
def test_the_gap_of_given_weights_bounds_what_is_missed(rows, ratio, positive):
    X, y, *_, w, _ = rows
    rng, share = np.random.default_rng(0), w / w.sum()

    def value(b, level):
        left = y - X @ b - level
        return 0.5 * share @ left**2 + 0.1 * (ratio * np.abs(b).sum() + 0.5 * (1 - ratio) * b @ b)

    best = ours.ElasticNet(alpha=0.1, l1_ratio=ratio, positive=positive).fit(X, y, sample_weight=w)
    optimum = value(best.coef_, best.intercept_)
    for size in (0.0, 1e-6, 1e-3, 1.0):
        b = best.coef_ + size * rng.standard_normal(8)
        b = np.maximum(b, 0.0) if positive else b
        level = share @ (y - X @ b) + size
        asked = {"alpha": 0.1, "ratio": ratio, "positive": positive, "fit_intercept": True}
        gap, relative = objective.reached(X, y[:, None], w, (b[None], np.array([level])), **asked)
        missed = value(b, level) - optimum
        assert gap >= missed - 1e-13
        assert relative == pytest.approx(gap / (0.5 * share @ (y - share @ y) ** 2))
        if size == 0.0:
            assert gap < 1e-10


def test_an_intercept_of_zero_is_no_proof(rows):
    X, y, *_ = rows
    model = ours.Lasso(alpha=0.1, fit_intercept=False, warm_start=True).fit(X, y)
    model.set_params(fit_intercept=True).fit(X, y)
    alike(model, ours.Lasso(alpha=0.1).fit(X, y), ["coef_", "intercept_"])


def test_what_is_not_certified_is_told(rows):
    X, y, *_ = rows
    with pytest.warns(ConvergenceWarning, match=r"Objective did not converge to tol=0 at alpha=0\.1.*duality gap is"):
        ours.Lasso(alpha=0.1, tol=0.0).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="tol=0 at alpha="):
        ours.LassoCV(tol=0.0, **QUICK).fit(X, y)
    separated = (X[:, 0] > 1.0).astype(int)
    with pytest.warns(ConvergenceWarning) as told:
        ours.LogisticRegressionCV(l1_ratios=(1,), solver="saga", **LOGISTIC | {"Cs": [np.inf, 1.0]}).fit(X, separated)
    assert "in 3 of the 6 solutions of the folds" in str(told[0].message)
    with pytest.warns(ConvergenceWarning, match="separates the classes"):
        ours.LogisticRegression(C=np.inf).fit(X, separated)
    with pytest.warns(ConvergenceWarning, match="max_iter=0"):
        found = ours.LogisticRegression(max_iter=0).fit(X, separated)
    assert not found.coef_.any()


def test_a_gram_matrix_of_other_data_is_refused(rows):
    X, y, *_ = rows
    centred = X - X.mean(axis=0)
    found = ours.Lasso(alpha=0.1, precompute=centred.T @ centred).fit(centred, y)
    alike(found, ours.Lasso(alpha=0.1).fit(X, y), ["coef_"])
    wrong = centred.T @ centred
    wrong[2, 5] *= 1.001
    with pytest.raises(ValueError, match=r"Gram matrix.*did not pass validation"):
        ours.Lasso(alpha=0.1, precompute=wrong).fit(centred, y)
    with pytest.raises(ValueError, match=r"Gram matrix.*did not pass validation"):
        ours.enet_path(X, y, precompute=np.eye(3))
    with pytest.warns(UserWarning, match="Gram matrix was provided but X was centered"):
        ours.Lasso(alpha=0.1, precompute=X.T @ X).fit(X, y)


def test_errors_say_what_to_use():
    X, y = np.eye(4), np.arange(4.0)
    with pytest.raises(ValueError, match="use ElasticNetCV"):
        ours.MultiTaskElasticNetCV().fit(X, y)
    with pytest.raises(ValueError, match="use MultiTaskLassoCV"):
        ours.LassoCV().fit(X, np.eye(4)[:, :2])
    with pytest.raises(ValueError, match="l1_ratio=0"):
        ours.ElasticNetCV(l1_ratio=0).fit(X, y)
    with pytest.raises(ValueError, match="only one class"):
        ours.LogisticRegression().fit(X, np.zeros(4))
    with pytest.raises(ValueError, match="Only 'saga' solver supports elasticnet"):
        ours.LogisticRegression(solver="liblinear", l1_ratio=0.5).fit(X, [0, 1, 0, 1])


def test_joint_penalty_keeps_the_laws():
    check_penalty(joint.JointElasticNet(l1_ratio=0.4))
    check_penalty(joint.JointElasticNet(groups=[0, 0, 1, 1, 1], l1_ratio=0.7))


def test_joint_form_young_is_the_definition():
    rng = np.random.default_rng(1)
    form = joint.RidgedBlocks(np.zeros(6), np.array([0, 0, 1, 1, 2, 2]), np.array([1.0, 0.5, 2.0]), 0.3)
    for _ in range(50):
        b, g = rng.standard_normal((2, 6)) * rng.uniform(0, 3, (2, 1)) * (rng.random((2, 6)) > 0.3)
        found = form.young(b, g, np.zeros(6))
        assert found.value == pytest.approx(form.cost(b) + form.conjugate(-g) + g @ b, abs=1e-12)
        slack = rng.uniform(0, 0.1, 6)
        off = g + slack * rng.uniform(-1, 1, 6)
        wide = form.young(b, g, slack).value
        assert wide >= form.cost(b) + form.conjugate(-off) + off @ b - 1e-12


def test_status_of_a_kept_start_is_certified(rows):
    X, y, *_ = rows
    model = ours.Lasso(alpha=0.2, warm_start=True).fit(X, y)
    kept = model._one(X, y[:, None], None, 0)
    assert kept.status is Status.CERTIFIED
    assert kept.passes == 0
