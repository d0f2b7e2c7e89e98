"""Public data sets: every answer certified, no gap under-reported, and the weights of an independent solver.

The oracle recomputes the gaps at a few α of each path.  The reference is scikit-learn's coordinate descent at 1e-14,
inside proximal Newton for the logistic loss, finished on its support (`oracle.reference`).
"""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import brentq

import lozenge as lz
import oracle

DATA = Path(__file__).parents[2] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the folder of real data sets is not here")

# name: (target, columns to leave out)
TABLES = {
    "prostate": ("lpsa", ("train",)),
    "saheart": ("chd", ()),
    "diabetes64": ("y", ()),
    "hitters": ("Salary", ()),
    "titanic": ("Survived", ("PassengerId", "Name", "Ticket", "Cabin")),
    "ames": ("SalePrice", ("Order", "PID")),
}
ARRAYS = ("golub", "leukemia", "sms", "a9a")
BINARY = ("saheart", "titanic", *ARRAYS)

slow = pytest.mark.slow
ALL = [
    *(pytest.param(name, "squared") for name in ("prostate", "diabetes64", "hitters", "ames")),
    *(
        pytest.param(name, loss)
        for name in ("saheart", "titanic", "golub", "leukemia")
        for loss in ("squared", "logistic")
    ),
    pytest.param("sms", "squared"),
    pytest.param("a9a", "squared"),
    pytest.param("sms", "logistic", marks=slow),
    pytest.param("a9a", "logistic", marks=slow),
]


def column(name, at):
    with (DATA / f"{name}_y.csv").open(newline="") as file:
        return np.array([row[at] for row in csv.reader(file)][1:])


@lru_cache(maxsize=4)
def load(name):
    """(X, y, feature names); y of the binary sets is 0/1."""
    if name in TABLES:
        target, drop = TABLES[name]
        table = lz.tables.encode(lz.tables.read(DATA / f"{name}.csv"), target, drop=drop, drop_missing_target=True)
        assert np.all(np.isfinite(table.X))
        return table.X, np.asarray(table.y, dtype=float), table.feature_names
    y = column(name, 0)
    y = (y == np.unique(y)[-1]).astype(float)
    if name in ("sms", "a9a"):
        X = sp.load_npz(DATA / f"{name}_X.npz")
        return X, y, tuple(f"x{j}" for j in range(X.shape[1]))
    with np.load(DATA / f"{name}_X.npz") as file:
        return file["X"], y, tuple(str(a) for a in file["feature_names"])


@lru_cache(maxsize=8)
def problem_of(name, loss, rho):
    X, y, _ = load(name)
    return oracle.Problem(X, y, loss=loss, l1_ratio=rho)


def fit(name, loss, rho, **options):
    X, y, names = load(name)
    penalty = "l1" if rho == 1 else "l2" if rho == 0 else lz.penalties.ElasticNet(l1_ratio=rho)
    return lz.path(X, y, loss=loss, penalty=penalty, feature_names=names, **options)


def certified(name, loss, rho, **options):
    path = fit(name, loss, rho, **options)
    assert [status.name for status in path.status] == ["CERTIFIED"] * len(path.alphas)
    assert np.all(path.gaps <= 1e-6)
    problem = problem_of(name, loss, rho)
    oracle.check(path, problem, at=[0, 1, 25, 50, 75, 99])
    assert path.alphas[0] == pytest.approx(problem.alpha_max, rel=1e-9)
    assert path.model.null_loss == pytest.approx(float(problem.null_loss), rel=1e-9)
    np.testing.assert_allclose(path.model.scale, problem.scale.astype(float), rtol=1e-9)
    coef, intercept = oracle.answer(path, 60)
    explained = 1 - np.sum(problem.omega * problem._value(problem.eta(coef, intercept))) / problem.null_loss
    assert path.deviance_ratio[60] == pytest.approx(float(explained), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("name", "loss"), ALL)
def test_lasso_path_is_certified(name, loss):
    certified(name, loss, 1.0)


@pytest.mark.parametrize(("name", "loss"), ALL)
def test_elastic_net_path_is_certified(name, loss):
    certified(name, loss, 0.5)


@pytest.mark.parametrize(
    ("name", "loss"), [("prostate", "squared"), ("ames", "squared"), ("saheart", "logistic"), ("golub", "logistic")]
)
def test_ridge_path_is_certified(name, loss):
    certified(name, loss, 0.0)


def exact(name, loss, rho, fractions):
    problem = problem_of(name, loss, rho)
    alphas = np.array(fractions) * problem.alpha_max
    path = fit(name, loss, rho, alphas=alphas, tol=1e-12)
    oracle.check(path, problem, tol=1e-12)
    start = None
    for k, alpha in enumerate(alphas):
        ours = oracle.answer(path, k)
        start = theirs = oracle.reference(problem, alpha, start=start)
        excess = problem.objective(*ours, alpha) - problem.objective(*theirs, alpha)
        assert excess <= 1e-10 * problem.null_loss
        gap = problem.gap(*theirs, alpha)
        if gap >= 1e-12:
            continue  # the reference is not exact enough to be held against us
        eta, other = problem.eta(*ours), problem.eta(*theirs)
        spread = np.sqrt(np.sum(problem.omega * (other - np.sum(problem.omega * other)) ** 2))
        far = np.sqrt(np.sum(problem.omega * (eta - other) ** 2))
        # Logistic: flat where the classes are nearly separated, so fitted values means probabilities.
        if loss == "logistic":
            far, spread = np.max(abs(problem._slope(eta) - problem._slope(other))), 1.0
        assert far <= 1e-6 * max(spread, 1e-3 * float(np.sqrt(2 * problem.null_loss))), (alpha, float(far), gap)
        if path.unique[k]:
            scale = problem.scale.astype(float)
            largest = np.max(abs(theirs[0] * scale), initial=0.0)
            assert np.max(abs(ours[0] - theirs[0]) * scale, initial=0.0) <= 1e-6 * largest, alpha


TALL, WIDE = (0.5, 0.1, 0.02, 0.005, 0.001), (0.7, 0.4, 0.2, 0.1, 0.05)


@pytest.mark.parametrize("rho", [1.0, 0.5])
@pytest.mark.parametrize(
    ("name", "loss", "fractions"),
    [
        pytest.param("prostate", "squared", TALL),
        pytest.param("diabetes64", "squared", TALL),
        pytest.param("hitters", "squared", TALL),
        pytest.param("ames", "squared", TALL[:2]),
        pytest.param("ames", "squared", TALL, marks=slow, id="ames-whole"),
        pytest.param("saheart", "squared", TALL),
        pytest.param("saheart", "logistic", TALL),
        pytest.param("titanic", "squared", TALL),
        pytest.param("titanic", "logistic", TALL),
        pytest.param("golub", "squared", WIDE),
        pytest.param("golub", "logistic", WIDE),
        pytest.param("leukemia", "squared", WIDE[:4]),
        pytest.param("leukemia", "logistic", WIDE[:3]),
        pytest.param("leukemia", "logistic", WIDE, marks=slow, id="leukemia-logistic-whole"),
        pytest.param("sms", "squared", WIDE[:4]),
        pytest.param("sms", "logistic", WIDE[:2]),
        pytest.param("sms", "squared", WIDE, marks=slow, id="sms-squared-whole"),
        pytest.param("sms", "logistic", WIDE, marks=slow, id="sms-logistic-whole"),
        pytest.param("a9a", "squared", TALL[:2]),
        pytest.param("a9a", "squared", TALL, marks=slow, id="a9a-squared-whole"),
        pytest.param("a9a", "logistic", TALL, marks=slow),
    ],
)
def test_weights_of_an_independent_solver(name, loss, fractions, rho):
    exact(name, loss, rho, fractions)


@pytest.mark.parametrize("rho", [1.0, 0.5])
@pytest.mark.parametrize("name", ["saheart", "titanic"])
def test_weights_of_scikit_learn_as_users_call_it(name, rho):
    """LogisticRegression with saga, which leaves the intercept unpenalised (liblinear does not)."""
    from sklearn.linear_model import LogisticRegression

    X, y, _ = load(name)
    problem = problem_of(name, "logistic", rho)
    alphas = np.array([0.5, 0.1, 0.02]) * problem.alpha_max
    path = fit(name, "logistic", rho, alphas=alphas, tol=1e-12)
    scale = problem.scale.astype(float)
    Z = (X - problem.mean.astype(float)) / scale
    for k, alpha in enumerate(alphas):
        theirs = LogisticRegression(
            l1_ratio=rho, C=1 / (alpha * len(y)), solver="saga", tol=1e-12, max_iter=100_000, random_state=0
        ).fit(Z, y)
        coef = theirs.coef_[0] / scale
        gap = problem.gap(coef, theirs.intercept_[0] - problem.mean.astype(float) @ coef, alpha)
        ours = oracle.answer(path, k)[0]
        assert gap < 1e-7
        if path.unique[k]:
            mu = problem.convexity(problem.eta(*oracle.answer(path, k)), (coef != 0) | (ours != 0))
            assert np.max(abs(coef - ours) * scale) <= 1e-6 * np.max(abs(coef) * scale) + 2 * problem.room(gap, mu)


@pytest.mark.parametrize("rho", [1.0, 0.5])
@pytest.mark.parametrize("name", ["prostate", "diabetes64", "hitters"])
def test_weights_of_scikit_learn_lasso(name, rho):
    from sklearn.linear_model import ElasticNet

    X, y, _ = load(name)
    problem = problem_of(name, "squared", rho)
    alphas = np.array([0.5, 0.1, 0.02]) * problem.alpha_max
    path = fit(name, "squared", rho, alphas=alphas, tol=1e-12)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    for k, alpha in enumerate(alphas):
        theirs = ElasticNet(alpha=alpha, l1_ratio=rho, tol=1e-12, max_iter=1_000_000).fit(Z, y)
        ours = oracle.answer(path, k)[0] * X.std(axis=0)
        if path.unique[k]:
            assert np.max(abs(theirs.coef_ - ours)) <= 1e-6 * np.max(abs(ours))


def textbook():
    """Prostate as the textbook has it: columns of unit variance over all 97 rows, fitted on 67; and its Table 3.3."""
    X, y, names = load("prostate")
    train = np.array(
        [str(a).upper() in {"TRUE", "T"} for a in lz.tables.read(DATA / "prostate.csv")["train"].to_list()]
    )
    assert train.sum() == 67
    Z = (X - X.mean(0)) / X.std(0, ddof=1)
    with (DATA / "esl_table_3_3.csv").open(newline="") as file:
        return Z[train], y[train], names, list(csv.DictReader(file))


def assert_column(found, table, column, names):
    expected = {row["term"]: float(row[column] or 0.0) for row in table}
    assert found.intercept == pytest.approx(expected["intercept"], abs=0.03)
    for name, weight in zip(names, found.coef, strict=True):
        assert weight == pytest.approx(expected[name], abs=0.03), name
        assert weight == 0 or expected[name] != 0 or column == "ridge"


def test_the_textbooks_columns():
    """Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, Table 3.3: k = 2, s = 0.36 and df = 5.0."""
    Z, y, names, table = textbook()
    whole = lz.path(Z, y, alphas=[0.0], standardize=False).at(0.0)
    assert_column(whole, table, "LS", names)
    lasso = lz.path(Z, y, constraint=lz.L1Ball(0.36 * abs(whole.coef).sum()), standardize=False)
    assert lasso.gaps[0] <= 1e-6
    assert_column(lasso.at(lasso.alphas[0]), table, "lasso", names)
    subsets = lz.path(Z, y, penalty="l0", standardize=False)
    assert_column(subsets.at(df=2), table, "best_subset", names)
    assert subsets.at(df=2).df == 2
    d2 = np.linalg.svd(Z - Z.mean(0), compute_uv=False) ** 2
    lam = brentq(lambda lam: (d2 / (d2 + lam)).sum() - 5.0, 1e-3, 1e4)
    ridge = lz.path(Z, y, penalty="l2", alphas=[lam / len(y)], standardize=False)
    assert_column(ridge.at(ridge.alphas[0]), table, "ridge", names)


@pytest.mark.parametrize(("name", "tau"), [("hitters", 0.9), ("prostate", 0.5), ("diabetes64", 0.1)])
def test_quantiles_of_scikit_learn(name, tau):
    """HiGHS solves the same linear programme; the objective is theirs, and a share tau of the rows lies below."""
    from sklearn.linear_model import QuantileRegressor

    X, y = load(name)[:2]
    Z, y = (X - X.mean(axis=0)) / X.std(axis=0), np.asarray(y, dtype=float)
    for alpha in (0.02 * y.std(), 0.002 * y.std()):
        ours = lz.path(Z, y, loss=lz.losses.Quantile(tau), standardize=False, alphas=[alpha])
        theirs = QuantileRegressor(quantile=tau, alpha=alpha, solver="highs").fit(Z, y)

        def objective(b, c, alpha=alpha):
            left = y - Z @ b - c
            return np.mean(np.maximum(tau * left, (tau - 1.0) * left)) + alpha * np.abs(b).sum()

        b, c = ours.coefs.toarray()[:, 0], ours.intercepts[0]
        mine, best = objective(b, c), objective(theirs.coef_, theirs.intercept_)
        assert -1e-9 * best <= mine - best <= 1e-6 * best
        assert ours.gaps[0] <= 1e-6
        left, near = y - Z @ b - c, 1e-5 * y.std()
        assert np.mean(left < -near) <= tau <= np.mean(left < near)
