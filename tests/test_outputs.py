"""Losses of several outputs, of bound rows and with corners, beside solvers that are not ours."""

from __future__ import annotations

from decimal import Decimal, localcontext

import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, softmax
from sklearn.linear_model import MultiTaskLasso

import lozenge as lz
from lozenge.losses import Cox, Ordinal, Quantile

EXACT = {"solver": "CLARABEL", "tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12, "tol_feas": 1e-11}
CLOSE = {"solver": "CLARABEL", "tol_gap_abs": 1e-9, "tol_gap_rel": 1e-9, "tol_feas": 1e-9}  # what cones of logs reach


def columns(seed, n, p):
    rng = np.random.default_rng(seed)
    return rng, rng.normal(1.0, 1.0, size=(n, p)) * np.linspace(0.5, 2.0, p)


def by_class(coefs, k, p):
    return coefs.toarray()[:, k].reshape(-1, p).T


# -- multinomial ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("grouped", [False, True])
def test_multinomial_is_cvxpy(seed, grouped):
    rng, X = columns(seed, 90, 6)
    if seed == 3:
        X[:, 5] = X[:, 0]  # rank-deficient
    classes = 3 + seed % 2
    y = rng.integers(0, classes, 90)
    y[X[:, 0] > 1.5] = 0
    w = rng.integers(1, 4, 90).astype(float) if seed == 2 else np.ones(90)
    fit = lz.path(
        X, y, loss="multinomial", penalty="group" if grouped else "l1", sample_weight=w, standardize=False,
        alphas=[0.05, 0.01], tol=1e-10,
    )  # fmt: skip
    Y, share = np.eye(classes)[y], w / w.sum()
    for k, alpha in enumerate(fit.alphas):
        B, c = cp.Variable((6, classes)), cp.Variable((1, classes))
        eta = X @ B + np.ones((90, 1)) @ c
        loss = share @ (cp.log_sum_exp(eta, axis=1) - cp.sum(cp.multiply(Y, eta), axis=1))
        omega = cp.sum(cp.norm(B, 2, axis=1)) if grouped else cp.sum(cp.abs(B))
        problem = cp.Problem(cp.Minimize(loss + alpha * omega))
        problem.solve(**CLOSE)
        b = by_class(fit.coefs, k, 6)
        eta = X @ b + fit.intercepts[k]
        own = share @ (np.log(np.exp(eta).sum(axis=1)) - (Y * eta).sum(axis=1))
        own += alpha * (np.linalg.norm(b, axis=1).sum() if grouped else np.abs(b).sum())
        assert -1e-6 <= own - problem.value <= 1e-8  # theirs may be the worse answer
        assert fit.gaps[k] <= 1e-10
        if seed != 3 and (grouped or classes == 3):
            np.testing.assert_allclose(b, B.value, atol=1e-4 * max(np.abs(B.value).max(), 0.1))
        assert abs(fit.intercepts[k].sum()) <= 1e-12
        np.testing.assert_allclose(fit.at(alpha).predict_proba(X), softmax(eta, axis=1), atol=1e-12)


def test_three_classes_with_strongly_correlated_scores_reach_a_gap_of_1e9():
    rng = np.random.default_rng(0)
    common = rng.normal(size=(300, 1))
    X = common + 0.02 * rng.normal(size=(300, 8))  # every column is nearly the same score
    eta = 4.0 * common @ np.array([[1.0, 0.9, -1.9]]) + rng.gumbel(size=(300, 3))
    fit = lz.path(X, np.argmax(eta, axis=1), loss="multinomial", alpha_min_ratio=1e-4, n_alphas=20, tol=1e-9)
    assert (fit.gaps <= 1e-9).all()


def test_two_classes_are_logistic_with_half_the_weights_of_a_ridge():
    # log(e^a + e^b) - a is log(1 + e^(b - a)), and ½a² + ½b² at a given a - b = t is least at a = -b = t/2: ¼t².
    rng, X = columns(0, 80, 4)
    y = (X[:, 0] + rng.normal(size=80) > 0.5).astype(int)
    both = lz.path(X, y, loss="multinomial", penalty="l2", alphas=[0.1], tol=1e-12)
    one = lz.path(X, y, loss="logistic", penalty="l2", alphas=[0.05], tol=1e-12)
    b = by_class(both.coefs, 0, 4)
    np.testing.assert_allclose(b[:, 1] - b[:, 0], one.coefs.toarray()[:, 0], rtol=1e-5)


# -- several responses ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_rows_enter_together_as_in_scikit_learn(seed):
    rng, X = columns(seed, 60, 12)
    Y = X[:, :3] @ rng.normal(size=(3, 4)) + rng.normal(size=(60, 4))
    for alpha in (0.5, 0.1):
        fit = lz.path(X, Y, loss="multitask", penalty="group", standardize=False, alphas=[alpha], tol=1e-12)
        other = MultiTaskLasso(alpha=alpha, tol=1e-14, max_iter=100_000).fit(X, Y)
        np.testing.assert_allclose(by_class(fit.coefs, 0, 12), other.coef_.T, atol=1e-6 * np.abs(other.coef_).max())
        np.testing.assert_allclose(fit.intercepts[0], other.intercept_, atol=1e-6)
        np.testing.assert_allclose(fit.predict(X), other.predict(X), atol=1e-5)


def test_under_l1_every_response_has_its_own_lasso():
    rng, X = columns(1, 60, 12)
    Y = X[:, :3] @ rng.normal(size=(3, 2)) + rng.normal(size=(60, 2))
    both = lz.path(X, Y, loss="multitask", alphas=[0.3, 0.1], tol=1e-12)
    for k in range(2):
        one = lz.path(X, Y[:, k], alphas=[0.3, 0.1], tol=1e-12)
        np.testing.assert_allclose(both.coefs.toarray()[12 * k : 12 * (k + 1)], one.coefs.toarray(), atol=1e-7)


# -- classes in an order ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_ordinal_is_a_minimum_of_its_definition(seed):
    rng, X = columns(seed, 120, 5)
    y = np.digitize(X[:, 0] - X[:, 1] + rng.logistic(size=120), [-1.0, 0.5, 2.0])
    fit = lz.path(X, y, loss="ordinal", standardize=False, alphas=[0.03], tol=1e-12)
    b, c = fit.coefs.toarray()[:, 0], fit.intercepts[0]
    assert (np.diff(c) < 0).all()

    def objective(z):
        eta = np.column_stack([np.full(120, np.inf), (X @ (z[:5] - z[5:10]))[:, None] + z[10:], np.full(120, -np.inf)])
        odds = expit(eta[np.arange(120), y]) - expit(eta[np.arange(120), y + 1])
        return -np.log(np.maximum(odds, 1e-300)).mean() + 0.03 * z[:10].sum()

    start = np.concatenate([np.maximum(b, 0), np.maximum(-b, 0), c])
    bounds = [(0, None)] * 10 + [(None, None)] * 3
    found = minimize(objective, start, bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-9})
    assert objective(start) - found.fun <= 1e-9
    assert fit.gaps[0] <= 1e-12


def test_ordinal_asks_for_an_order_and_for_more_than_two_classes():
    X = np.arange(6.0)[:, None]
    words = np.array(["low", "mid", "high"] * 2)
    with pytest.raises(ValueError, match="order of the classes is not known"):
        lz.path(X, words, loss="ordinal")
    assert lz.path(X, words, loss=Ordinal(order=["low", "mid", "high"]), n_alphas=3).model.classes[1] == "mid"
    with pytest.raises(ValueError, match="two classes"):
        lz.path(X, np.array([0, 1] * 3), loss="ordinal")


# -- time to an event -------------------------------------------------------------------------------------------------


def lives(seed, n=80, p=5):
    rng, X = columns(seed, n, p)
    time = rng.exponential(np.exp(-0.5 * X[:, 0]))
    end = rng.exponential(1.5, size=n)
    y = np.column_stack([np.ceil(8 * np.minimum(time, end)), time <= end]).astype(float)  # tied
    return rng, X, y


def partial_loss(y, w, eta, ties):
    """The definition, row by row; y has time, event, start, stratum."""
    time, event, start, stratum = y.T
    total = 0.0
    for s in np.unique(stratum):
        for t in np.unique(time[(stratum == s) & (event == 1) & (w > 0)]):
            here = (stratum == s) & (time == t) & (event == 1) & (w > 0)
            risk = (stratum == s) & (time >= t) & (start < t)
            whole, tied = w[risk] @ np.exp(eta[risk]), w[here] @ np.exp(eta[here])
            total -= w[here] @ eta[here]
            d = here.sum()
            if ties == "breslow":
                total += w[here].sum() * np.log(whole)
            else:
                total += w[here].mean() * sum(np.log(whole - k / d * tied) for k in range(d))
    return total


@pytest.mark.parametrize("ties", ["breslow", "efron"])
@pytest.mark.parametrize("seed", range(3))
def test_cox_is_its_definition_with_starts_strata_and_weights(seed, ties):
    rng, _, y = lives(seed)
    start = np.where(rng.uniform(size=80) < 0.5, 0.0, np.floor(y[:, 0] * rng.uniform(size=80)))
    loss = Cox(ties=ties)
    y = loss.check(np.column_stack([y[:, 0] + 0.5, y[:, 1], start, rng.integers(0, 3, 80)])).values
    w, eta, d = rng.integers(0, 3, 80).astype(float), rng.normal(size=80), rng.normal(size=80)
    np.testing.assert_allclose(loss.total(y, w[:, None], eta[:, None])[0], partial_loss(y, w, eta, ties), rtol=1e-12)
    slope = loss.slopes(y, w[:, None], eta[:, None])[:, 0]
    h = 1e-5
    along = (partial_loss(y, w, eta + h * d, ties) - partial_loss(y, w, eta - h * d, ties)) / (2 * h)
    np.testing.assert_allclose(slope @ d, along, rtol=1e-7, atol=1e-7)
    assert abs(slope.sum()) <= 1e-10
    bent = loss.along(y, w[:, None], eta[:, None], d[:, None])[:, 0]
    up, down = (loss.slopes(y, w[:, None], (eta + s * h * d)[:, None])[:, 0] for s in (1, -1))
    np.testing.assert_allclose(bent, (up - down) / (2 * h), atol=1e-7)
    # Newton's model is above the Hessian, by little, and as flat where that is flat: along constants of a stratum.
    U = np.hstack(list(loss.bonds(y, w, eta)))
    bends = loss.bends(y, w[:, None], eta[:, None])[:, 0]
    hessian = np.column_stack([loss.along(y, w[:, None], eta[:, None], each[:, None])[:, 0] for each in np.eye(80)])
    model = np.diag(bends) - U @ U.T
    values = np.linalg.eigvalsh(model - hessian)
    assert values.min() >= -1e-12
    assert values.max() <= 0.1 * bends.max()
    for stratum in range(3):
        np.testing.assert_allclose(model @ (y[:, 3] == stratum), 0.0, atol=1e-12)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
@pytest.mark.parametrize("seed", range(5))
def test_cox_is_a_minimum_of_its_definition(seed, ties):
    _, X, y = lives(seed)
    full = np.column_stack([y, np.full(80, -np.inf), np.zeros(80)])
    fit = lz.path(X, y, loss=Cox(ties=ties), standardize=False, alphas=[0.05], tol=1e-12)
    b = fit.coefs.toarray()[:, 0]

    def objective(z):
        return partial_loss(full, np.ones(80), X @ (z[:5] - z[5:]), ties) / 80 + 0.05 * z.sum()

    start = np.concatenate([np.maximum(b, 0), np.maximum(-b, 0)])
    found = minimize(objective, start, bounds=[(0, None)] * 10, method="L-BFGS-B", options={"ftol": 1e-15})
    assert objective(start) - found.fun <= 1e-9
    assert fit.gaps[0] <= 1e-12
    assert fit.intercepts[0] == 0.0


def test_repeated_lives_are_weights_under_breslow():
    rng, X, y = lives(1)
    w = rng.integers(1, 4, 80)
    once = lz.path(X, y, loss="cox", sample_weight=w, alphas=[0.05], tol=1e-12)
    again = lz.path(np.repeat(X, w, axis=0), np.repeat(y, w, axis=0), loss="cox", alphas=[0.05], tol=1e-12)
    np.testing.assert_allclose(once.coefs.toarray(), again.coefs.toarray(), atol=1e-8)


def test_survival_curves_are_breslow_s():
    _, X, y = lives(2)
    fit = lz.path(X, y, loss="cox", alphas=[0.02])
    score = X @ fit.coefs.toarray()[:, 0]
    times = np.unique(y[y[:, 1] == 1, 0])
    steps = [y[y[:, 0] == t, 1].sum() / np.exp(score[y[:, 0] >= t]).sum() for t in times]
    found = fit.survival(X[:4])
    np.testing.assert_array_equal(found.times, times)
    np.testing.assert_allclose(found.curves, np.exp(-np.outer(np.exp(score[:4]), np.cumsum(steps))), rtol=1e-10)
    np.testing.assert_allclose(fit.predict(X[:4]), np.exp(score[:4]), rtol=1e-12)
    np.testing.assert_allclose(fit.survival(X[:1], times=[0.0]).curves, 1.0)


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (np.ones(4), "columns time and event"),
        ([[1, 2], [1, 0], [2, 1], [3, 1]], "event must be 1 .* got 2 in row 0"),
        ([[-1, 1], [1, 0], [2, 1], [3, 1]], "time must be zero or positive.* got -1"),
        ([[1, 0], [1, 0], [2, 0], [3, 0]], "every row is censored"),
        ([[1, 1, 2], [1, 0, 0], [2, 1, 0], [3, 1, 0]], "after start"),
    ],
)
def test_bad_lives_are_refused(y, words):
    with pytest.raises(ValueError, match=words):
        lz.path(np.arange(4.0)[:, None], np.array(y, dtype=float), loss="cox")


# -- quantiles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tau", [0.5, 0.1])
@pytest.mark.parametrize("seed", range(3))
def test_quantiles_are_cvxpy_s_in_objective_with_a_true_gap(seed, tau):
    rng, X = columns(seed, 80, 5)
    y = X[:, 0] - X[:, 1] + rng.standard_t(3, size=80)
    fit = lz.path(X, y, loss=Quantile(tau=tau), standardize=False, alphas=[0.1, 0.02])
    for k, alpha in enumerate(fit.alphas):
        b, c = cp.Variable(5), cp.Variable()
        r = y - X @ b - c
        problem = cp.Problem(cp.Minimize(cp.sum(cp.maximum(tau * r, (tau - 1) * r)) / 80 + alpha * cp.norm1(b)))
        problem.solve(**EXACT)
        own = fit.coefs.toarray()[:, k]
        r = y - X @ own - fit.intercepts[k]
        above = np.maximum(tau * r, (tau - 1) * r).mean() + alpha * np.abs(own).sum() - problem.value
        span = fit.model.null_loss
        assert fit.gaps[k] <= 1e-6
        assert -1e-9 <= above <= fit.gaps[k] * span + 1e-9


def test_an_offset_moves_every_ordered_output():
    rng, X = columns(0, 60, 3)
    y = np.digitize(X[:, 0] + rng.logistic(size=60), [0.0, 2.0])
    plain = lz.path(X, y, loss="ordinal", alphas=[0.05], tol=1e-12)
    moved = lz.path(X, y, loss="ordinal", alphas=[0.05], tol=1e-12, offset=np.full(60, 3.0))
    np.testing.assert_allclose(moved.coefs.toarray(), plain.coefs.toarray(), atol=1e-7)
    np.testing.assert_allclose(moved.intercepts, plain.intercepts - 3.0, atol=1e-6)


# -- found by breaking them -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", [(1.8, -37.7), (37.7, -1.7), (300.0, -2.0), (2.0, -300.0), (40.0, -40.0), (3.0, 2.9)])
def test_the_ordinal_conjugate_of_a_slope_is_that_of_its_place(ends):
    """f + f* = uη at u = f'(η), worked out in 200 digits."""
    loss, y, eta = Ordinal(classes=3), np.ones(1), np.array([ends])
    with localcontext() as context:
        context.prec = 200
        high, low = (1 / (1 + (-Decimal(end)).exp()) for end in ends)
        value = -(high - low).ln()
        u = [-high * (1 - high) / (high - low), low * (1 - low) / (high - low)]
        wanted = sum(x * Decimal(end) for x, end in zip(u, ends, strict=True)) - value
    found = loss.conjugate(y, loss.gradient(y, eta))
    np.testing.assert_allclose(found, [float(wanted)], rtol=1e-13, atol=1e-15)


def test_separable_ordinal_classes_are_certified_down_the_path():
    X = np.random.default_rng(0).standard_normal((120, 4))
    y = np.digitize(X[:, 0], [-0.7, 0.7])
    path = lz.path(X, y, loss="ordinal", alpha_min_ratio=1e-4)
    assert path.gaps.max() <= 1e-6


@pytest.mark.parametrize(
    ("y", "loss", "said"),
    [
        (np.arange(30) % 3, Ordinal(order=[0, 1, 2, 0]), "order names '0' twice"),
        (np.append(np.ones(29), 1e300), "huber", r"at most 1e\+150 in size.*1e\+300 in row 29"),
        (np.array(["a"] * 30), "multinomial", "got 'a' alone"),
        (np.column_stack([np.arange(30.0), np.arange(30) == 29]), "cox", "at no event is another row at risk"),
        (
            np.column_stack([np.arange(30.0), np.ones(30), -np.ones(30), np.arange(30.0)]),
            "cox", "at no event is another row at risk, in 30 strata of 30 rows",
        ),
    ],
)  # fmt: skip
def test_what_has_no_answer_is_refused(y, loss, said):
    with pytest.raises(ValueError, match=said):
        lz.path(np.random.default_rng(0).standard_normal((30, 2)), y, loss=loss)


def test_a_constant_is_its_own_quantile():
    path = lz.path(np.random.default_rng(0).standard_normal((60, 4)), np.ones(60), loss="quantile")
    assert path.intercepts[0] == 1.0
    assert path.coefs.nnz == 0
    assert path.gaps[0] == 0.0
