"""`lz.path` against solvers that are not ours, and its cross-validation against fits made one by one."""

from __future__ import annotations

import signal
from contextlib import contextmanager

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

import lozenge as lz
import oracle

PENALTIES = {1.0: "l1", 0.0: "l2"}
LAYOUTS = {"F": np.asfortranarray, "C": np.ascontiguousarray, "csc": sp.csc_array}


def penalty(rho):
    return PENALTIES.get(rho) or lz.penalties.ElasticNet(rho)


def regression(n=80, p=12, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * 2.0 ** rng.integers(-2, 3, p) + rng.integers(-2, 3, p)
    return X, X[:, :4] @ [1.0, -2.0, 0.5, 1.0] + 2 * rng.standard_normal(n) + 3


def classes(n=120, p=8, seed=0):
    X, y = regression(n, p, seed)
    return X, y > np.median(y)


def weights(n, seed=1):
    return np.random.default_rng(seed).choice([0.0, 0.5, 1.0, 3.0], n)


# -- scikit-learn -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("rho", [1.0, 0.7, 0.2])
def test_lasso_and_elastic_net_of_scikit_learn(rho, intercept, weighted):
    from sklearn.linear_model import ElasticNet

    X, y = regression()
    w = weights(len(y)) if weighted else None
    path = lz.path(
        X,
        y,
        penalty=penalty(rho),
        n_alphas=6,
        alpha_min_ratio=1e-3,
        standardize=False,
        fit_intercept=intercept,
        sample_weight=w,
        tol=1e-12,
    )
    for k, alpha in enumerate(path.alphas):
        theirs = ElasticNet(alpha=alpha, l1_ratio=rho, fit_intercept=intercept, tol=1e-14, max_iter=1_000_000)
        theirs.fit(X, y, sample_weight=w)
        np.testing.assert_allclose(path.coefs[:, [k]].toarray()[:, 0], theirs.coef_, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(path.intercepts[k], theirs.intercept_, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n", [80, 10])
def test_ridge_of_scikit_learn(n, weighted):
    from sklearn.linear_model import Ridge

    X, y = regression(n)
    w = weights(n) if weighted else np.ones(n)
    alphas = np.array([10.0, 0.3, 1e-3])
    path = lz.path(X, y, penalty="l2", alphas=alphas, standardize=False, sample_weight=w, tol=1e-13)
    for k, alpha in enumerate(alphas):
        theirs = Ridge(alpha=alpha * w.sum(), solver="svd").fit(X, y, sample_weight=w)  # theirs is a sum, ours a mean
        np.testing.assert_allclose(path.coefs[:, [k]].toarray()[:, 0], theirs.coef_, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(path.intercepts[k], theirs.intercept_, rtol=1e-6)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("rho", [1.0, 0.5, 0.0])
def test_logistic_regression_of_scikit_learn(rho, intercept):
    from sklearn.linear_model import LogisticRegression

    X, y = classes(60, 5)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    path = lz.path(
        X,
        y,
        loss="logistic",
        penalty=penalty(rho),
        alphas=[0.1, 0.02],
        standardize=False,
        fit_intercept=intercept,
        tol=1e-13,
    )
    for k, alpha in enumerate(path.alphas):
        theirs = LogisticRegression(
            C=1 / (alpha * len(y)),
            l1_ratio=rho,
            fit_intercept=intercept,
            solver="newton-cg" if rho == 0 else "saga",
            tol=1e-12,
            max_iter=100_000,
        ).fit(X, y)
        np.testing.assert_allclose(path.coefs[:, [k]].toarray()[:, 0], theirs.coef_[0], rtol=1e-5, atol=1e-7)
        if intercept:
            np.testing.assert_allclose(path.intercepts[k], theirs.intercept_[0], rtol=1e-5, atol=1e-7)


def test_ordinary_least_squares_at_alpha_zero():
    X, y = regression()
    v = np.ones(12)
    v[3] = np.inf
    path = lz.path(X, y, alphas=[0.1, 0.0], tol=1e-12, penalty_weights=v)
    A = np.column_stack([np.ones(80), np.delete(X, 3, axis=1)])
    exact = np.linalg.lstsq(A, y, rcond=None)[0]
    np.testing.assert_allclose(np.insert(exact[1:], 3, 0.0), path.coefs[:, [1]].toarray()[:, 0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(path.intercepts[1], exact[0], rtol=1e-9)
    assert path.status[1] is lz.Status.CERTIFIED
    assert path.at(0.0).alpha == 0.0


# -- CVXPY and the oracle -----------------------------------------------------------------------------------------


def close(found, k, problem, alpha):
    """As good as Clarabel's by the oracle, and the same fitted values within what its gap leaves open."""
    coef, intercept = oracle.answer(found, k)
    theirs = oracle.cvxpy_reference(problem, alpha)
    assume(theirs is not None)
    gap = problem.gap(*theirs, alpha)
    assume(gap < 1e-5)  # else Clarabel says nothing
    assert float(problem.objective(coef, intercept, alpha)) <= float(problem.objective(*theirs, alpha)) + 1e-11
    apart = problem.eta(coef, intercept) - problem.eta(*theirs)
    curve = min(float(np.min(problem._curve(eta))) for eta in (problem.eta(coef, intercept), problem.eta(*theirs))) / 2
    rooms = problem.room(gap, curve) + problem.room(problem.gap(coef, intercept, alpha), curve)
    assert float(np.sqrt(problem.omega @ apart**2)) <= rooms + 1e-8


@given(st.data())
@settings(max_examples=40)
def test_as_cvxpy_with_every_option(data):
    n, p = data.draw(st.integers(8, 40)), data.draw(st.integers(1, 10))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    X = rng.standard_normal((n, p)) * rng.choice([0.1, 1.0, 10.0], p) + rng.choice([0.0, 2.0], p)
    loss, rho = data.draw(st.sampled_from(["squared", "logistic"])), data.draw(st.sampled_from([1.0, 0.5, 0.0]))
    y = X @ (rng.standard_normal(p) * (rng.random(p) < 0.5)) / 5 + rng.standard_normal(n)
    y = y > np.median(y) if loss == "logistic" else y
    options = {"fit_intercept": data.draw(st.booleans()), "standardize": data.draw(st.booleans())}
    if data.draw(st.booleans()):
        options["sample_weight"] = rng.random(n) + 0.1
    if data.draw(st.booleans()):
        options["offset"] = rng.standard_normal(n)
    if p > 2 and data.draw(st.booleans()):
        options["penalty_weights"] = np.concatenate([[0.0, np.inf], rng.uniform(0.5, 2, p - 2)])
    problem = oracle.Problem(X, y, loss=loss, l1_ratio=rho, **options)
    alphas = np.array([0.3, 0.03]) * problem.alpha_max * (1.0 if rho else 1e-3)
    layout = LAYOUTS[data.draw(st.sampled_from(sorted(LAYOUTS)))]
    found = lz.path(layout(X), y, loss=loss, penalty=penalty(rho), alphas=alphas, tol=1e-10, **options)
    assume("UNBOUNDED" not in {status.name for status in found.status})  # the free column may separate a few rows
    oracle.check(found, problem, tol=1e-10)
    for k, alpha in enumerate(found.alphas):
        close(found, k, problem, float(alpha))


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("rho", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("wide", [False, True])
def test_the_default_grid_is_certified_down_to_its_end(loss, rho, wide):
    X, y = (regression if loss == "squared" else classes)(30 if wide else 150, 60 if wide else 10)
    found = lz.path(X, y, loss=loss, penalty=penalty(rho))
    oracle.check(found, oracle.Problem(X, y, loss=loss, l1_ratio=rho), at=[0, 1, 30, 60, -1])
    assert len(found.alphas) == 100
    np.testing.assert_allclose(found.alphas[-1] / found.alphas[0], 1e-2 if wide else 1e-4)
    ratios = found.alphas[1:] / found.alphas[:-1]
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-10)
    assert np.all(np.diff(found.deviance_ratio) > -1e-6)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("rho", [1.0, 0.5, 1e-3])
@pytest.mark.parametrize("options", [{}, {"fit_intercept": False}, {"standardize": False}, {"w": True}], ids=str)
def test_alpha_max_is_exact(loss, rho, options):
    X, y = (regression if loss == "squared" else classes)()
    if options.pop("w", False):
        options = {
            "sample_weight": weights(len(y)),
            "offset": np.linspace(0, 1, len(y)),
            "penalty_weights": [0.0, *np.ones(X.shape[1] - 1)],
        }
    found = lz.path(X, y, loss=loss, penalty=penalty(rho), n_alphas=3, **options)
    top = found.alphas[0]
    free = "sample_weight" in options
    assert not found.coefs[free:, [0]].toarray().any()
    assert found.model.alpha_max == top
    assert not found.at(top * (1 + 1e-9)).coef[free:].any()
    assert found.at(0.999 * top).coef[free:].any()
    assert not found.at(top * 1e6).coef[free:].any()


# -- off the grid, by count, by rule ------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("rho", [1.0, 0.5, 0.0])
def test_off_the_grid_is_as_from_a_cold_start(loss, rho):
    X, y = (regression if loss == "squared" else classes)()
    found = lz.path(X, y, loss=loss, penalty=penalty(rho), n_alphas=12, tol=1e-13)
    for share in (0.93, 0.31, 0.011, 3e-4):
        alpha = float(share * found.alphas[0])
        assert alpha not in found.alphas
        warm = found.at(alpha)
        cold = lz.path(X, y, loss=loss, penalty=penalty(rho), alphas=[alpha], tol=1e-13)
        assert warm.alpha == alpha == cold.alphas[0]
        assert warm.gap <= 1e-13
        size = max(1.0, np.max(abs(warm.coef)))
        np.testing.assert_allclose(warm.coef, cold.coefs.toarray()[:, 0], rtol=1e-8, atol=1e-8 * size)
        np.testing.assert_array_equal(warm.support, np.flatnonzero(cold.coefs.toarray()[:, 0]))
        np.testing.assert_allclose(warm.intercept, cold.intercepts[0], rtol=1e-8, atol=1e-8 * size)
        np.testing.assert_allclose(warm.deviance_ratio, cold.deviance_ratio[0], rtol=1e-8, atol=1e-10)


def test_at_by_alpha_and_by_count():
    X, y = regression()
    found = lz.path(X, y)
    for k in (0, 17, 99):
        solution = found.at(float(found.alphas[k]))
        np.testing.assert_array_equal(solution.coef, found.coefs[:, [k]].toarray()[:, 0])
        assert (solution.intercept, solution.gap, solution.df) == (found.intercepts[k], found.gaps[k], found.df[k])
        assert solution.certificate == lz.Certificate("gap", solution.gap)
    for df in range(int(found.df.max()) + 1):
        solution = found.at(df=df)
        assert solution.df <= df
        below = found.alphas < solution.alpha
        assert np.all(found.df[below] > df)  # the smallest such α
        assert solution.df == np.count_nonzero(solution.coef) == len(solution.support)


def test_at_refuses():
    X, y = regression()
    found = lz.path(X, y, n_alphas=5, penalty_weights=np.where(np.arange(12) < 2, 0.0, 1.0))
    for arguments in ({}, {"alpha": 0.1, "df": 3}):
        with pytest.raises(ValueError, match="either alpha or df"):
            found.at(**arguments)
    for alpha in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="alpha must be 0 or positive"):
            found.at(alpha)
    with pytest.raises(ValueError, match="df must be a whole number"):
        found.at(df=-1)


def test_best_and_choose_need_a_curve():
    from lozenge import fit

    X, y = regression()
    found = lz.path(X, y, n_alphas=5)
    for ask in (found.best, lambda: found.best("1se"), lambda: fit.choose(found, "min")):
        with pytest.raises(ValueError, match=r"needs a cross-validated curve.*cv=10"):
            ask()
    curved = lz.path(X, y, n_alphas=5, cv=3)
    with pytest.raises(ValueError, match="unknown rule 'max'"):
        curved.best("max")


def test_choose_marks_an_alpha_and_puts_it_on_the_grid():
    from lozenge import fit

    X, y = regression()
    found = lz.path(X, y, n_alphas=6, cv=4, tol=1e-12)
    assert found.chosen == found.cv.index_1se
    assert fit.choose(found, "min").chosen == found.cv.index_min
    between = float(np.sqrt(found.alphas[2] * found.alphas[3]))
    wider = fit.choose(found, between)
    assert wider.alphas[wider.chosen] == between
    np.testing.assert_array_equal(np.delete(wider.alphas, wider.chosen), found.alphas)
    np.testing.assert_array_equal(wider.coefs[:, [wider.chosen]].toarray()[:, 0], found.at(between).coef)
    np.testing.assert_array_equal(np.delete(wider.coefs.toarray(), wider.chosen, axis=1), found.coefs.toarray())
    assert wider.best("min").alpha == found.best("min").alpha
    assert wider.forces.alpha == between


# -- cross-validation ---------------------------------------------------------------------------------------------


def one_by_one(X, y, labels, alphas, loss="squared", rho=1.0, w=None, offset=None):
    """Held-out mean deviance of separate fits, (K, L), the held-out weights, and the fits."""
    w = np.ones(len(y)) if w is None else w
    o = np.zeros(len(y)) if offset is None else offset
    rows, held, fits = [], [], []
    for fold in np.unique(labels):
        train, test = labels != fold, labels == fold
        one = lz.path(
            X[train],
            y[train],
            loss=loss,
            penalty=penalty(rho),
            alphas=alphas,
            tol=1e-12,
            sample_weight=w[train],
            offset=o[train],
        )
        eta = X[test] @ one.coefs.toarray() + one.intercepts + o[test][:, None]
        t = y[test][:, None]
        deviance = (t - eta) ** 2 if loss == "squared" else 2 * np.logaddexp(0, (1 - 2.0 * t) * eta)
        rows.append(w[test] @ deviance / w[test].sum())
        held.append(w[test].sum())
        fits.append(one)
    return np.array(rows), np.array(held), fits


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rho", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("layout", ["F", "csc"])
def test_every_fold_is_a_fit_on_its_rows(layout, loss, rho, weighted):
    X, y = (regression if loss == "squared" else classes)()
    n = len(y)
    rng = np.random.default_rng(5)
    X[:, 2] = np.where(np.arange(n) % 4 == 1, X[:, 2], 1.5)  # constant on most rows
    labels = rng.integers(0, 4, n)
    w = weights(n) if weighted else None
    offset = 0.3 * rng.standard_normal(n) if weighted else None
    found = lz.path(
        LAYOUTS[layout](X),
        y,
        loss=loss,
        penalty=penalty(rho),
        n_alphas=15,
        alpha_min_ratio=1e-2,
        cv=labels,
        tol=1e-12,
        sample_weight=w,
        offset=offset,
    )
    folds, held, fits = one_by_one(X, y, labels, found.alphas, loss, rho, w, offset)
    for k, fit in enumerate(fits):
        size = abs(fit.coefs).max()
        np.testing.assert_allclose(found.cv.coefs[k].toarray(), fit.coefs.toarray(), rtol=0, atol=1e-6 * size)
        np.testing.assert_allclose(found.cv.intercepts[k], fit.intercepts, rtol=0, atol=1e-5 * size)
    np.testing.assert_allclose(found.cv.folds, folds, rtol=1e-8)
    np.testing.assert_array_equal(found.cv.alphas, found.alphas)
    # Mean weighted by held-out Σw; se = weighted standard deviation of the fold means over √K, K - 1 df.
    share = held / held.sum()
    mean = (share[:, None] * folds).sum(axis=0)
    se = np.sqrt((share[:, None] * (folds - mean) ** 2).sum(axis=0) / 3)
    np.testing.assert_allclose(found.cv.mean, mean, rtol=1e-8)
    np.testing.assert_allclose(found.cv.se, se, rtol=1e-6)
    best = int(np.argmin(mean))
    largest = min(k for k in range(15) if mean[k] <= mean[best] + se[best])
    assert (found.cv.index_min, found.cv.index_1se) == (best, largest)
    assert found.cv.uncertified == 0


def test_the_equal_fold_formula_is_the_textbook_standard_error():
    X, y = regression()
    cv = lz.path(X, y, n_alphas=8, cv=np.arange(80) % 5).cv
    np.testing.assert_allclose(cv.mean, cv.folds.mean(axis=0))
    np.testing.assert_allclose(cv.se, cv.folds.std(axis=0, ddof=1) / np.sqrt(5))


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_one_standard_error_is_the_sparser_choice(loss):
    X, y = (regression if loss == "squared" else classes)()
    found = lz.path(X, y, loss=loss, cv=5)
    one, least = found.best("1se"), found.best("min")
    assert found.best().alpha == least.alpha
    assert one.alpha >= least.alpha
    assert one.df <= least.df
    assert found.cv.mean[found.cv.index_1se] <= found.cv.mean[found.cv.index_min] + found.cv.se[found.cv.index_min]
    np.testing.assert_array_equal(found.predict(X), one.predict(X))


def test_labels_splitters_and_pairs_say_the_same():
    from sklearn.model_selection import GroupKFold, KFold, LeaveOneOut, PredefinedSplit

    X, y = regression(30)
    labels = np.arange(30) // 10
    splitter = KFold(3)
    folds = [
        lz.path(X, y, n_alphas=5, cv=cv).cv.folds
        for cv in (
            labels,
            labels.astype(str),
            splitter,
            PredefinedSplit(labels),
            list(splitter.split(X)),
            tuple(splitter.split(X)),
        )
    ]
    for other in folds[1:]:
        np.testing.assert_array_equal(other, folds[0])
    assert lz.path(X, y, n_alphas=3, cv=LeaveOneOut()).cv.folds.shape == (30, 3)
    groups = list(GroupKFold(3).split(X, y, np.arange(30) % 6))
    assert lz.path(X, y, n_alphas=3, cv=groups).cv.folds.shape == (3, 3)


def test_pairs_may_leave_rows_out_of_both_parts():
    X, y = regression(40)
    pairs = [(np.arange(20), np.arange(25, 40)), (np.arange(15, 40), np.arange(10))]
    found = lz.path(X, y, n_alphas=6, cv=pairs, tol=1e-12)
    for k, (train, test) in enumerate(pairs):
        one = lz.path(X[train], y[train], alphas=found.alphas, tol=1e-12)
        residual = y[test][:, None] - X[test] @ one.coefs.toarray() - one.intercepts
        np.testing.assert_allclose(found.cv.folds[k], (residual**2).mean(axis=0), rtol=1e-8)


def test_an_int_shuffles_by_the_seed_and_stratifies_classes():
    from lozenge import splits

    X, y = regression()
    folds = [lz.path(X, y, n_alphas=4, cv=5, seed=seed).cv.folds for seed in (0, 0, 1)]
    np.testing.assert_array_equal(folds[0], folds[1])
    assert not np.array_equal(folds[0], folds[2])
    t = (np.arange(53) < 17).astype(int)
    table = splits.table(5, t, t, 0)
    assert table.shape == (53, 5)
    assert np.all((table == 2).sum(axis=1) == 1)
    assert np.ptp((table == 2).sum(axis=0)) <= 1
    assert np.ptp((table == 2)[t == 1].sum(axis=0)) <= 1
    assert not np.array_equal(table, np.sort(table, axis=0))


def test_cross_validation_leaves_the_path_itself_alone():
    X, y = regression()
    plain, curved = lz.path(X, y, tol=1e-12), lz.path(X, y, tol=1e-12, cv=4)
    np.testing.assert_allclose(plain.alphas, curved.alphas, rtol=1e-14)  # folds may be summed up apart
    np.testing.assert_allclose(plain.coefs.toarray(), curved.coefs.toarray(), rtol=1e-9, atol=1e-10)
    assert plain.cv is None


# -- predictions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
def test_predict_and_score_of_a_regression(layout):
    from sklearn.metrics import r2_score

    X, y = regression()
    o, w = np.linspace(-1, 1, 80), weights(80)
    found = lz.path(LAYOUTS[layout](X), y, offset=o, sample_weight=w, n_alphas=10)
    solution = found.at(float(found.alphas[5]))
    other = regression(33, seed=9)[0]
    eta = other @ solution.coef + solution.intercept
    np.testing.assert_allclose(solution.predict(LAYOUTS[layout](other)), eta, rtol=1e-12)
    np.testing.assert_allclose(solution.predict(other, offset=o[:33]), eta + o[:33], rtol=1e-12)
    np.testing.assert_allclose(found.predict(other, alpha=solution.alpha), eta, rtol=1e-12)
    np.testing.assert_allclose(
        found.predict(other[:1]), found.at(float(found.alphas[-1])).predict(other)[:1], rtol=1e-12
    )
    np.testing.assert_allclose(
        solution.score(X, y, sample_weight=w), r2_score(y, X @ solution.coef + solution.intercept, sample_weight=w)
    )
    with pytest.raises(ValueError, match="probabilities need a response of classes"):
        solution.predict_proba(X)
    with pytest.raises(ValueError, match="X has 11 columns but the model was fitted on 12"):
        solution.predict(X[:, :11])


def test_predictions_of_classes_named_by_words():
    from sklearn.metrics import d2_log_loss_score

    X, y = classes()
    words = np.where(y, "yes", "no")
    found = lz.path(X, words, loss="logistic", n_alphas=10)
    coded = lz.path(X, y, loss="logistic", n_alphas=10)
    np.testing.assert_array_equal(found.coefs.toarray(), coded.coefs.toarray())
    assert found.model.classes == ("no", "yes")
    solution = found.at(float(found.alphas[-1]))
    p = 1 / (1 + np.exp(-(X @ solution.coef + solution.intercept)))
    np.testing.assert_allclose(solution.predict_proba(X), np.column_stack([1 - p, p]), rtol=1e-10, atol=1e-15)
    np.testing.assert_array_equal(solution.predict(X), np.where(p > 0.5, "yes", "no"))
    np.testing.assert_allclose(solution.score(X, words), d2_log_loss_score(y, p), rtol=1e-10)
    assert np.isnan(solution.score(X[y], words[y]))  # one class: the null deviance is 0
    np.testing.assert_allclose(found.deviance_ratio[-1], solution.score(X, words), rtol=1e-8)


def test_the_deviance_ratio_is_the_score_on_the_training_rows():
    X, y = regression()
    found = lz.path(X, y, n_alphas=10)
    for k, alpha in enumerate(found.alphas):
        np.testing.assert_allclose(found.deviance_ratio[k], found.at(float(alpha)).score(X, y), rtol=1e-9, atol=1e-12)


# -- awkward, and still answered ----------------------------------------------------------------------------------


@contextmanager
def within(seconds):
    """Fail what takes longer: a loop without an end must not hold up the suite."""

    def stop(*_):
        raise AssertionError(f"no answer within {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_more_unpenalised_columns_than_rows_end():
    X = np.array([[181.4, 10000.77], [18.45, 10002.26], [-47.89, 9999.96], [33.68, 10000.14]])
    y = np.array([1.6, 0.6, -0.2, -0.8])
    for w in ([1.0, 1, 0, 1], [1.0, 1, 1, 1], [0.0, 1, 1, 0]):
        with within(5):
            found = lz.path(X, y, penalty_weights=[0, 0], sample_weight=w)
        oracle.check(found, oracle.Problem(X, y, penalty_weights=np.zeros(2), sample_weight=w), honest=True)


@pytest.mark.parametrize("rho", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("far", [0.0, 100.0, 1e4, 1e7])
def test_a_penalised_copy_of_an_unpenalised_column_ends(rho, intercept, far):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 20))
    X = np.column_stack([x, x]) + far
    with within(5):
        found = lz.path(
            X, y, penalty=penalty(rho), fit_intercept=intercept, penalty_weights=[0.0, 1.0], alphas=[0.1, 0.01]
        )
    assert not np.isnan(found.coefs.toarray()).any()
    if far < 1e7 or intercept:
        assert all(status is lz.Status.CERTIFIED for status in found.status)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=100, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # a seed does not shrink
def test_small_dependent_problems_end_without_a_warning(seed):
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(3, 12)), int(rng.integers(2, 6))
    X = rng.standard_normal((n, p)) * rng.choice([1e-3, 1.0, 100.0], p) + rng.choice([0.0, 3.0, 100.0, 1e4], p)
    X = np.column_stack([X, X]) if rng.random() < 0.6 else X
    loss, rho = ["squared", "logistic"][int(rng.integers(2))], [1.0, 0.5, 0.0][int(rng.integers(3))]
    y = rng.standard_normal(n)
    y = y > np.median(y) if loss == "logistic" else y
    v = rng.choice([0.0, 0.5, 1.0, 2.0, np.inf], X.shape[1], p=[0.2, 0.2, 0.4, 0.1, 0.1])
    options = {"fit_intercept": bool(rng.random() < 0.5), "standardize": bool(rng.random() < 0.5), "penalty_weights": v}
    with within(5):
        lz.path(X, y, loss=loss, penalty=penalty(rho), n_alphas=4, **options)


@pytest.mark.parametrize("c", [-3.0, 20.0, 40.0, -200.0, 1000.0])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_a_constant_offset_is_the_intercept(loss, c):
    X, y = (regression if loss == "squared" else classes)()
    plain = lz.path(X, y, loss=loss, n_alphas=8, tol=1e-10)
    moved = lz.path(X, y, loss=loss, n_alphas=8, tol=1e-10, offset=np.full(len(y), c))
    np.testing.assert_allclose(moved.alphas, plain.alphas, rtol=1e-9)
    np.testing.assert_allclose(moved.intercepts + c, plain.intercepts, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(moved.coefs.toarray(), plain.coefs.toarray(), atol=1e-4)
    assert all(status is lz.Status.CERTIFIED for status in moved.status)


# -- what is read, and what is left alone -------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1000, 40), (60, 2000)])
def test_passes_are_counted_and_fewer_than_one_per_alpha(shape):
    X, y = regression(*shape)
    for store in LAYOUTS.values():
        found = lz.path(store(X), y)
        assert 2 <= found.passes < len(found.alphas) == 100


@pytest.mark.parametrize("layout", LAYOUTS)
def test_nothing_that_is_handed_in_changes(layout, unchanged):
    X, y = regression()
    X = LAYOUTS[layout](X)
    w, o, v, a = weights(80), np.ones(80), np.ones(12), np.array([0.1, 1.0, 0.5])
    labels = np.arange(80) % 3
    unchanged(X, y, w, o, v, a, labels)
    found = lz.path(X, y, sample_weight=w, offset=o, penalty_weights=v, alphas=a, cv=labels)
    np.testing.assert_array_equal(found.alphas, [1.0, 0.5, 0.1])
    found.at(0.3).predict(X, offset=o)


def test_the_same_call_gives_the_same_bits():
    X, y = classes()
    one, two = (lz.path(X, y, loss="logistic", cv=3) for _ in range(2))
    assert one.coefs.toarray().tobytes() == two.coefs.toarray().tobytes()
    assert one.intercepts.tobytes() == two.intercepts.tobytes()
    assert one.gaps.tobytes() == two.gaps.tobytes()
    assert one.cv.folds.tobytes() == two.cv.folds.tobytes()


def test_progress_is_told_of_every_alpha_of_every_fold():
    X, y = regression()
    told = []
    lz.path(X, y, n_alphas=7, cv=3, progress=lambda *news: told.append(news))
    assert [done for done, *_ in told] == list(range(1, 29))
    assert {total for _, total, *_ in told} == {28}
    assert all(0 <= kept <= 12 and gap <= 1e-6 for *_, kept, gap in told)


def test_to_frame_has_a_row_per_feature_ever_kept():
    X, y = regression()
    found = lz.path(X, y, alphas=[0.5, 0.1])
    frame = found.to_frame()
    ever = np.flatnonzero(found.coefs.toarray().any(axis=1))
    assert frame["feature"].to_list() == [found.feature_names[j] for j in ever]
    np.testing.assert_array_equal(frame.drop("feature").to_numpy(), found.coefs.toarray()[ever])
