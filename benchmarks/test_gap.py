"""gap.py against closed forms, and against a solver too plain to be wrong."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import expit

from benchmarks.gap import objective, relative_gaps


def instance(loss, seed=0, n=60, p=25):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * rng.uniform(0.5, 2.0, p)
    eta = X[:, :4] @ np.array([1.0, -2.0, 0.5, 1.5])
    y = (rng.random(n) < expit(eta)).astype(float) if loss == "logistic" else eta + rng.standard_normal(n)
    gradient = X.T @ (y - (0.5 if loss == "logistic" else 0.0)) / n
    return X, y, np.abs(gradient).max()


def proximal_gradient(X, y, alpha, loss, l1_ratio, steps):
    """Fixed steps of 1 over the Lipschitz constant: slow, and it cannot go up."""
    n = y.size
    curve = 0.25 if loss == "logistic" else 1.0
    step = 1.0 / (curve * np.linalg.norm(X, 2) ** 2 / n + alpha * (1 - l1_ratio))
    b = np.zeros(X.shape[1])
    for _ in range(steps):
        eta = X @ b
        gradient = X.T @ ((expit(eta) if loss == "logistic" else eta) - y) / n + alpha * (1 - l1_ratio) * b
        z = b - step * gradient
        b = np.sign(z) * np.maximum(np.abs(z) - step * alpha * l1_ratio, 0.0)
    return b


def null(X, y, loss):
    return objective(X, y, np.zeros(X.shape[1]), 1.0, loss=loss, l1_ratio=1.0)


@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_orthonormal_columns_have_a_closed_form(l1_ratio):
    rng = np.random.default_rng(0)
    X = np.linalg.qr(rng.standard_normal((80, 20)))[0] * np.sqrt(80)
    y = rng.standard_normal(80)
    c = X.T @ y / 80
    alpha = 0.3 * np.abs(c).max() / l1_ratio
    b = np.sign(c) * np.maximum(np.abs(c) - alpha * l1_ratio, 0.0) / (1 + alpha * (1 - l1_ratio))
    assert abs(relative_gaps(X, y, b[:, None], [alpha], l1_ratio=l1_ratio)[0]) < 1e-14
    # Away from it the primal is known in closed form too: its excess is a quadratic on the support.
    moved = b + 0.1 * (b != 0)
    excess = objective(X, y, moved, alpha, loss="squared", l1_ratio=l1_ratio)
    excess -= objective(X, y, b, alpha, loss="squared", l1_ratio=l1_ratio)
    assert relative_gaps(X, y, moved[:, None], [alpha], l1_ratio=l1_ratio)[0] >= excess / null(X, y, "squared")


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_zero_is_optimal_from_alpha_max_on(loss, l1_ratio):
    X, y, largest = instance(loss)
    alphas = np.array([2.0, 1.0 + 1e-12, 0.9]) * largest / l1_ratio
    gaps = relative_gaps(X, y, np.zeros((X.shape[1], 3)), alphas, loss=loss, l1_ratio=l1_ratio)
    assert np.all(np.abs(gaps[:2]) < 1e-15)
    assert gaps[2] > 1e-6


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_gap_bounds_the_true_suboptimality_and_vanishes_at_the_solution(loss, l1_ratio):
    X, y, largest = instance(loss)
    alpha = 0.1 * largest
    best = proximal_gradient(X, y, alpha, loss, l1_ratio, 20_000)
    form = {"loss": loss, "l1_ratio": l1_ratio}
    assert abs(relative_gaps(X, y, best[:, None], [alpha], **form)[0]) < 1e-12
    rng = np.random.default_rng(1)
    early = [proximal_gradient(X, y, alpha, loss, l1_ratio, steps) for steps in (0, 1, 10, 100)]
    for b in [*early, *(best + 10.0**-k * rng.standard_normal(best.size) for k in range(6))]:
        excess = objective(X, y, b, alpha, **form) - objective(X, y, best, alpha, **form)
        assert relative_gaps(X, y, b[:, None], [alpha], **form)[0] >= excess / null(X, y, loss) - 1e-12


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_equals_primal_minus_dual_written_out(loss, l1_ratio):
    X, y, largest = instance(loss, seed=2)
    n, alpha = y.size, 0.2 * largest
    b = proximal_gradient(X, y, alpha, loss, l1_ratio, 20)
    residual = y - (expit(X @ b) if loss == "logistic" else X @ b)
    theta = residual / n
    if l1_ratio == 1.0:
        theta *= min(1.0, alpha / np.abs(X.T @ theta).max())
    if loss == "logistic":
        v = y - n * theta
        dual = -np.mean(v * np.log(v) + (1 - v) * np.log(1 - v))
    else:
        dual = y @ theta - 0.5 * n * theta @ theta
    if l1_ratio < 1.0:
        beyond = np.maximum(np.abs(X.T @ theta) - alpha * l1_ratio, 0.0)
        dual -= (beyond**2).sum() / (2 * alpha * (1 - l1_ratio))
    wanted = (objective(X, y, b, alpha, loss=loss, l1_ratio=l1_ratio) - dual) / null(X, y, loss)
    got = relative_gaps(X, y, b[:, None], [alpha], loss=loss, l1_ratio=l1_ratio)[0]
    assert wanted > 1e-6
    assert got == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_a_better_dual_point_tightens_the_gap_and_a_worse_one_does_not_loosen_it(loss, l1_ratio):
    X, y, largest = instance(loss)
    alpha, form = 0.1 * largest, {"loss": loss, "l1_ratio": l1_ratio}
    best = proximal_gradient(X, y, alpha, loss, l1_ratio, 20_000)
    early = proximal_gradient(X, y, alpha, loss, l1_ratio, 30)
    theta = (y - (expit(X @ best) if loss == "logistic" else X @ best)) / y.size
    excess = objective(X, y, early, alpha, **form) - objective(X, y, best, alpha, **form)
    plain = relative_gaps(X, y, early[:, None], [alpha], **form)[0]
    helped = relative_gaps(X, y, early[:, None], [alpha], **form, duals=theta[:, None])[0]
    assert helped < plain
    assert helped == pytest.approx(excess / null(X, y, loss), rel=1e-6)
    for bad in (0 * theta, -theta, 1e3 * theta, np.full_like(theta, np.nan)):
        assert excess / null(X, y, loss) <= relative_gaps(X, y, early[:, None], [alpha], **form, duals=bad[:, None])[0]
        assert relative_gaps(X, y, early[:, None], [alpha], **form, duals=bad[:, None])[0] <= plain


def test_sparse_dense_and_blocks_agree():
    X, y, largest = instance("squared")
    X[np.abs(X) < 0.5] = 0.0
    alphas = largest * np.geomspace(1.0, 0.01, 60)  # more than one block
    rng = np.random.default_rng(3)
    coefs = rng.standard_normal((X.shape[1], 60)) * (rng.random((X.shape[1], 60)) < 0.2)
    dense = relative_gaps(X, y, coefs, alphas)
    assert relative_gaps(sp.csc_matrix(X), y, sp.csc_matrix(coefs), alphas) == pytest.approx(dense, rel=1e-12)
    single = [relative_gaps(X, y, coefs[:, [k]], alphas[[k]])[0] for k in range(60)]
    assert np.array(single) == pytest.approx(dense, rel=1e-12)


def test_extreme_predictors_stay_finite():
    X = np.array([[1.0, 0.0], [0.0, 1.0]])
    y = np.array([1.0, 0.0])
    gaps = relative_gaps(X, y, np.array([[2_000.0], [-2_000.0]]), [0.1], loss="logistic")
    assert np.isfinite(gaps).all()
    # P(b) is α·4000 to the last digit, and D ≥ 0.
    assert gaps[0] == pytest.approx(400.0 / np.log(2.0), rel=1e-3)


def test_a_broken_answer_is_no_answer():
    X, y, largest = instance("squared")
    coefs = np.zeros((X.shape[1], 1))
    coefs[0] = np.nan
    assert relative_gaps(X, y, coefs, [largest])[0] == np.inf
    with pytest.raises(ValueError, match="coefs must be"):
        relative_gaps(X, y, coefs.T, [largest])
