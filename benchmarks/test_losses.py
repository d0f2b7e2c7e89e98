"""losses.py against CVXPY, brute force and closed forms, and against solvers too plain to be wrong."""

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax, xlogy

from benchmarks import gap
from benchmarks.losses import Cox, Gamma, Multinomial, Poisson, Tweedie, largest_alpha, objective, relative_gaps

N, P, CLASSES = 40, 6, 3
LOSSES = {
    "poisson": Poisson(),
    "gamma": Gamma(),
    "tweedie": Tweedie(1.5),
    "tweedie-1.2": Tweedie(1.2),
    "multinomial": Multinomial(CLASSES),
    "cox": Cox(),
}
SINGLE = [name for name in LOSSES if name not in {"multinomial", "cox"}]
FORMS = [
    pytest.param(name, form, id=f"{name}-{label}")
    for name in LOSSES
    for label, form in {
        "l1": {"l1_ratio": 1.0},
        "elastic net": {"l1_ratio": 0.5},
        "rows": {"rows": True},
    }.items()
    if label != "rows" or name == "multinomial"
]


def instance(name, seed=0, n=N, p=P):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * rng.uniform(0.5, 2.0, p)
    eta = X[:, :3] @ np.array([0.4, -0.6, 0.3])
    match name.partition("-")[0]:
        case "poisson":
            y = rng.poisson(np.exp(0.3 + eta)).astype(float)
        case "gamma":
            y = np.exp(eta) * rng.gamma(2.0, 0.5, n)
        case "tweedie":
            y = np.exp(eta) * rng.gamma(2.0, 0.5, n) * (rng.random(n) < 0.6)
        case "multinomial":
            y = (np.outer(eta, [2.0, 0.0, -1.0]) + rng.gumbel(size=(n, CLASSES))).argmax(axis=1).astype(float)
        case "cox":  # a dozen times, most of them of several rows
            y = np.column_stack([np.ceil(4.0 * rng.exponential(size=n) / np.exp(eta)), rng.random(n) < 0.7])
    return X, y


def at_risk(y):
    """(events, n): whether row j is at risk when event i happens."""
    return y[:, 0] >= y[y[:, 1] == 1.0, 0][:, None]


def unpenalised(name, y, eta):
    """(F, n times its gradient), written out again; eta (n, q)."""
    power = LOSSES[name].power if name.startswith("tweedie") else None
    if name == "multinomial":
        rows = np.arange(y.size), y.astype(int)
        gradient = np.exp(eta)
        sums = gradient.sum(axis=1)
        gradient /= sums[:, None]
        gradient[rows] -= 1.0
        return np.mean(np.log(sums) - eta[rows]), gradient
    e = eta[:, 0]
    if name == "poisson":
        return np.mean(np.exp(e) - y * e), (np.exp(e) - y)[:, None]
    if name == "gamma":
        return np.mean(e + y * np.exp(-e)), (1.0 - y * np.exp(-e))[:, None]
    if name == "cox":
        R, event = at_risk(y), y[:, 1] == 1.0
        weights = R * np.exp(e)
        sums = weights.sum(axis=1)
        return np.sum(np.log(sums) - e[event]) / e.size, ((weights / sums[:, None]).sum(axis=0) - y[:, 1])[:, None]
    mean = np.exp(e)
    value = -y * mean ** (1 - power) / (1 - power) + mean ** (2 - power) / (2 - power)
    return np.mean(value), (mean ** (1 - power) * (mean - y))[:, None]


def infimum(name, y):
    """Of F over all predictors."""
    if name == "poisson":
        return np.mean(y - xlogy(y, y))
    if name == "gamma":
        return np.mean(1.0 + np.log(y))
    if name == "multinomial":
        return 0.0
    if name == "cox":
        deaths = np.unique(y[y[:, 1] == 1.0, 0], return_counts=True)[1]
        return np.sum(deaths * np.log(deaths)) / y.shape[0]
    p = LOSSES[name].power
    return np.mean(y ** (2 - p) * (1 / (p - 1) + 1 / (2 - p)))


def expression(name, y, eta):
    """F for CVXPY, from the definitions alone; eta (n, q)."""
    n = y.shape[0]
    if name == "multinomial":
        return (cp.sum(cp.log_sum_exp(eta, axis=1)) - cp.sum(cp.multiply(np.eye(CLASSES)[y.astype(int)], eta))) / n
    e = eta[:, 0]
    if name == "poisson":
        return cp.sum(cp.exp(e) - cp.multiply(y, e)) / n
    if name == "gamma":
        return cp.sum(e + cp.multiply(y, cp.exp(-e))) / n
    if name == "cox":
        events = np.flatnonzero(y[:, 1])
        return sum(cp.log_sum_exp(e[np.flatnonzero(y[:, 0] >= y[i, 0])]) - e[int(i)] for i in events) / n
    p = LOSSES[name].power
    return cp.sum(cp.multiply(y, cp.exp(-(p - 1) * e)) / (p - 1) + cp.exp((2 - p) * e) / (2 - p)) / n


def by_cvxpy(name, X, y, alpha, *, l1_ratio=1.0, rows=False):
    """The least P less the infimum of F."""
    q = LOSSES[name].outputs
    B, free = cp.Variable((X.shape[1], q)), cp.Variable((1, q))
    eta = X @ B + (np.ones((y.shape[0], 1)) @ free if name != "cox" else 0.0)
    size = l1_ratio * cp.sum(cp.abs(B)) + 0.5 * (1 - l1_ratio) * cp.sum_squares(B)
    size = cp.sum(cp.norm(B, 2, axis=1)) if rows else size
    problem = cp.Problem(cp.Minimize(expression(name, y, eta) + alpha * size))
    return problem.solve(solver="CLARABEL") - infimum(name, y)


def proximal_gradient(name, X, y, alpha, steps, *, l1_ratio=1.0, rows=False):
    """Steps that are halved until F is below its bound: slow, and it cannot go up."""
    q = LOSSES[name].outputs
    design = np.column_stack([X, np.full(y.shape[0], name != "cox")])
    B, step = np.zeros((design.shape[1], q)), 1.0
    for _ in range(steps):
        value, gradient = unpenalised(name, y, design @ B)
        gradient = design.T @ gradient / y.shape[0]
        while True:
            Z = B - step * gradient
            if rows:
                length = np.linalg.norm(Z, axis=1, keepdims=True)
                new = Z * np.maximum(1.0 - step * alpha / np.maximum(length, 1e-300), 0.0)
            else:
                new = np.sign(Z) * np.maximum(np.abs(Z) - step * alpha * l1_ratio, 0.0)
                new /= 1.0 + step * alpha * (1.0 - l1_ratio)
            new[-1] = Z[-1]
            move = new - B
            bound = value + (gradient * move).sum() + (move**2).sum() / (2 * step)
            if unpenalised(name, y, design @ new)[0] <= bound + 1e-15 * abs(value):
                break
            step /= 2.0
        B = new
        if np.abs(move).max() < 1e-15:
            break
    return B[:-1].T.ravel(), None if name == "cox" else B[-1]


def measured(name, X, y, alpha, b, free, **form):
    intercepts = None if free is None else free[None]
    return relative_gaps(X, y, b[:, None], [alpha], LOSSES[name], intercepts=intercepts, **form)[0]


def scatter(name, X, y):
    """The null loss less the infimum, which is where the gap is relative to."""
    b, free = proximal_gradient(name, X, y, 1e6, 400)
    return objective(X, y, b, 0.0, LOSSES[name], intercept=free)


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_gap_bounds_the_true_suboptimality_and_vanishes_at_the_solution(name, form):
    X, y = instance(name)
    loss = LOSSES[name]
    alpha = 0.1 * largest_alpha(X, y, loss, intercept=name != "cox", **form)
    best, free = proximal_gradient(name, X, y, alpha, 4_000, **form)
    assert abs(measured(name, X, y, alpha, best, free, **form)) < 1e-12
    least = objective(X, y, best, alpha, loss, intercept=free, **form)
    assert least == pytest.approx(by_cvxpy(name, X, y, alpha, **form), rel=1e-6)
    whole, rng = scatter(name, X, y), np.random.default_rng(1)
    early = [proximal_gradient(name, X, y, alpha, steps, **form) for steps in (0, 1, 10, 100)]
    for k in range(6):
        moved = None if free is None else free + 10.0**-k * rng.standard_normal(free.size)
        early.append((best + 10.0**-k * rng.standard_normal(best.size), moved))
    for b, at in early:
        excess = objective(X, y, b, alpha, loss, intercept=at, **form) - least
        assert measured(name, X, y, alpha, b, at, **form) >= excess / whole - 1e-12


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_zero_is_optimal_from_the_largest_alpha_on(name, form):
    X, y = instance(name)
    loss, free = LOSSES[name], name != "cox"
    alphas = np.array([2.0, 1.0 + 1e-12, 0.9]) * largest_alpha(X, y, loss, intercept=free, **form)
    zero = np.zeros((X.shape[1] * loss.outputs, 3))
    fitted = loss.shift(y, np.zeros((N, 3, loss.outputs))) if free else None
    gaps = relative_gaps(X, y, zero, alphas, loss, intercepts=fitted, **form)
    assert np.all(np.abs(gaps[:2]) < 1e-14)
    assert gaps[2] > 1e-6


@pytest.mark.parametrize("name", LOSSES)
def test_objective_is_the_loss_less_its_infimum(name):
    X, y = instance(name)
    rng = np.random.default_rng(2)
    q = LOSSES[name].outputs
    B, free = rng.standard_normal((P, q)), rng.standard_normal(q)
    value = unpenalised(name, y, X @ B + free)[0] - infimum(name, y)
    found = objective(X, y, B.T.ravel(), 0.3, LOSSES[name], intercept=free, l1_ratio=0.4)
    assert found == pytest.approx(value + 0.3 * (0.4 * np.abs(B).sum() + 0.3 * (B**2).sum()), rel=1e-12)
    together = objective(X, y, B.T.ravel(), 0.3, LOSSES[name], intercept=free, rows=True)
    assert together == pytest.approx(value + 0.3 * np.sqrt((B**2).sum(axis=1)).sum(), rel=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_residuals_are_slopes_and_a_shift_makes_them_sum_to_zero(name):
    _, y = instance(name)
    loss, rng = LOSSES[name], np.random.default_rng(3)
    eta = rng.standard_normal((N, 2, loss.outputs))
    found = loss.residual(y, eta)
    for k in range(2):
        assert found[:, k] == pytest.approx(-unpenalised(name, y, eta[:, k])[1], rel=1e-11, abs=1e-13)
    sums = loss.residual(y, eta + loss.shift(y, eta)).sum(axis=0)
    assert np.abs(sums).max() < 1e-11


@pytest.mark.parametrize("s", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("name", SINGLE)
def test_slack_is_that_of_fenchel_and_young(name, s):
    """f* by a search over all predictors."""
    _, y = instance(name)
    loss, rng = LOSSES[name], np.random.default_rng(4)
    eta = rng.standard_normal((N, 1, 1))
    at = eta + 0.3
    u = s * unpenalised(name, y, at[:, 0])[1][:, 0]

    def conjugate(number, slope):
        def height(x):
            return unpenalised(name, np.array([number]), np.array([[x]]))[0] - slope * x

        return -minimize_scalar(height, bounds=(-40.0, 10.0), method="bounded", options={"xatol": 1e-10}).fun

    wanted = [unpenalised(name, y[[i]], eta[[i], 0])[0] + conjugate(y[i], u[i]) - eta[i, 0, 0] * u[i] for i in range(N)]
    assert loss.slack(y, eta, at, np.array([s]))[0] == pytest.approx(np.mean(wanted), rel=1e-9)


@pytest.mark.parametrize("s", [0.0, 0.3, 1.0])
def test_the_conjugate_of_tweedie_three_halves_has_a_closed_form(s):
    """f'(ζ) = t - y/t with t = e^(ζ/2), a quadratic in t."""
    _, y = instance("tweedie")
    rng = np.random.default_rng(5)
    eta, at = rng.standard_normal((2, N, 1, 1))
    u = s * (np.exp(at / 2) - y[:, None, None] * np.exp(-at / 2))[:, 0, 0]
    t = (u + np.sqrt(u**2 + 4 * y)) / 2
    conjugate = np.where(t > 0, 2 * xlogy(u, t) - 2 * y / np.where(t > 0, t, 1.0) - 2 * t, 0.0)
    eta = eta[:, 0, 0]
    wanted = np.mean(2 * y * np.exp(-eta / 2) + 2 * np.exp(eta / 2) + conjugate - eta * u)
    assert Tweedie(1.5).slack(y, eta[:, None, None], at, np.array([s]))[0] == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("s", [0.0, 0.3, 1.0])
def test_slack_of_cox_is_the_entropies_written_out(s):
    _, y = instance("cox")
    eta = np.random.default_rng(6).standard_normal(N)
    event, wanted, u = np.flatnonzero(y[:, 1]), 0.0, -y[:, 1]
    for i in event:
        R = np.flatnonzero(y[:, 0] >= y[i, 0])
        tied = np.flatnonzero((y[:, 0] == y[i, 0]) & (y[:, 1] == 1.0))
        q = s * softmax(eta[R]) + (1 - s) * np.isin(R, tied) / tied.size
        u[R] += q
        wanted += logsumexp(eta[R]) - eta[i] + xlogy(q, q).sum()
    wanted = (wanted - eta @ u) / N
    assert u.sum() == pytest.approx(0.0, abs=1e-12)
    assert u == pytest.approx(-s * Cox().residual(y, eta[:, None, None])[:, 0, 0], abs=1e-12)
    found = Cox().slack(y, eta[:, None, None], eta[:, None, None], np.array([s]))[0]
    assert found == pytest.approx(wanted, rel=1e-11, abs=1e-14)


def test_two_classes_are_logistic_regression():
    """Half of b for one class and -b/2 for the other: as large a norm, and the same differences."""
    X, y = instance("poisson")
    y = (y > 1).astype(float)
    b = np.random.default_rng(7).standard_normal(P)
    both = relative_gaps(X, y, np.concatenate([-b / 2, b / 2])[:, None], [0.05], Multinomial(2))
    assert both == pytest.approx(gap.relative_gaps(X, y, b[:, None], [0.05], loss="logistic"), rel=1e-12)


def test_sparse_dense_blocks_and_single_answers_agree():
    X, y = instance("multinomial")
    X[np.abs(X) < 0.5] = 0.0
    loss, rng = Multinomial(CLASSES), np.random.default_rng(8)
    alphas = np.geomspace(0.1, 0.001, 60)  # more than one block
    coefs = rng.standard_normal((P * CLASSES, 60)) * (rng.random((P * CLASSES, 60)) < 0.3)
    free = rng.standard_normal((60, CLASSES))
    dense = relative_gaps(X, y, coefs, alphas, loss, intercepts=free)
    sparse = relative_gaps(sp.csc_matrix(X), y, sp.csc_matrix(coefs), alphas, loss, intercepts=free)
    assert sparse == pytest.approx(dense, rel=1e-12)
    single = [
        relative_gaps(X, y, coefs[:, [k]], alphas[[k]], loss, intercepts=free[[k]])[0] for k in range(alphas.size)
    ]
    assert np.array(single) == pytest.approx(dense, rel=1e-10)


def test_times_count_by_their_order_alone():
    X, y = instance("cox")
    b = np.random.default_rng(9).standard_normal((P, 1))
    later = np.column_stack([np.exp(y[:, 0]), y[:, 1]])
    shuffled = np.random.default_rng(10).permutation(N)
    gaps = [relative_gaps(A, z, b, [0.05], Cox())[0] for A, z in ((X, y), (X, later), (X[shuffled], y[shuffled]))]
    assert gaps == pytest.approx([gaps[0]] * 3, rel=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_a_broken_answer_is_no_answer(name):
    X, y = instance(name)
    loss = LOSSES[name]
    size = P * loss.outputs
    free = None if name == "cox" else np.zeros((2, loss.outputs))
    coefs = np.zeros((size, 2))
    coefs[0, 0] = np.nan
    gaps = relative_gaps(X, y, coefs, [0.1, 0.1], loss, intercepts=free)
    assert gaps[0] == np.inf
    assert np.isfinite(gaps[1])
    with pytest.raises(ValueError, match="coefs must be"):
        relative_gaps(X, y, coefs.T, [0.1, 0.1], loss)
