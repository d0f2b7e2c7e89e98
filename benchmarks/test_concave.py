"""concave.py against closed forms, quadrature and differences of the objective."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.integrate import quad

from benchmarks.concave import compared, objectives, slope, value, violations
from benchmarks.problems import Penalty

PENALTIES = {"mcp": Penalty("mcp", 3.0), "scad": Penalty("scad", 3.7)}


def derivative(t, alpha, penalty):
    """The papers' ω'(t), branch by branch."""
    gamma = penalty.parameter
    if penalty.name == "mcp":
        return alpha - t / gamma if t <= gamma * alpha else 0.0
    if t <= alpha:
        return alpha
    return (gamma * alpha - t) / (gamma - 1) if t <= gamma * alpha else 0.0


def threshold(c, alpha, penalty):
    """argmin over b of ½(b - c)² + ω(|b|): Zhang (2010) for MCP, Fan and Li (2001), eq. 2.8, for SCAD."""
    size, gamma = np.abs(c), penalty.parameter
    soft = np.sign(c) * np.maximum(size - alpha, 0.0)
    if penalty.name == "mcp":
        return np.where(size <= gamma * alpha, soft / (1 - 1 / gamma), c)
    middle = ((gamma - 1) * c - np.sign(c) * gamma * alpha) / (gamma - 2)
    return np.where(size <= 2 * alpha, soft, np.where(size <= gamma * alpha, middle, c))


def instance(seed=0, n=50, p=8):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * rng.uniform(0.5, 2.0, p)
    return X, X[:, :3] @ np.array([1.0, -2.0, 0.5]) + rng.standard_normal(n)


@pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES)
def test_value_is_the_integral_of_the_papers_slope(penalty):
    sizes = np.array([0.0, 0.2, 0.7, 1.0, 2.0, 2.6, 5.0])
    alphas = np.array([0.7, 1.3])
    B = np.stack([sizes, -sizes], axis=1)
    for l, alpha in enumerate(alphas):
        wanted = [derivative(t, alpha, penalty) for t in sizes]
        assert slope(B, alphas, penalty)[:, l] == pytest.approx(wanted, abs=1e-15)
        corners = [alpha, penalty.parameter * alpha]
        wanted = [quad(derivative, 0, t, args=(alpha, penalty), points=corners)[0] for t in sizes]
        assert value(B, alphas, penalty)[:, l] == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES)
def test_orthonormal_columns_have_a_closed_form(penalty):
    rng = np.random.default_rng(1)
    p, n = 30, 80
    X = np.linalg.qr(rng.standard_normal((n, p)))[0] * np.sqrt(n)
    y = X @ (3.0 * rng.standard_normal(p)) + rng.standard_normal(n)
    c = X.T @ y / n
    alphas = np.array([0.2, 0.8, 1.5])
    B = np.stack([threshold(c, alpha, penalty) for alpha in alphas], axis=1)
    assert np.all(violations(X, y, B, alphas, penalty) < 1e-13)
    # The objective splits into columns, and each is at its minimum: nothing on a fine grid is lower.
    best = objectives(X, y, B, alphas, penalty)
    for j in range(p):
        for moved in np.linspace(-10, 10, 81):
            other = B.copy()
            other[j] = moved
            assert np.all(objectives(X, y, other, alphas, penalty) >= best - 1e-12)
    # And it is the textbook's: the fit's excess over least squares is ½|b - c|².
    spent = np.array(
        [
            sum(quad(derivative, 0, abs(b), args=(a, penalty), limit=200)[0] for b in B[:, l])
            for l, a in enumerate(alphas)
        ]
    )
    wanted = 0.5 * np.mean((y - X @ c) ** 2) + 0.5 * np.square(B - c[:, None]).sum(axis=0) + spent
    assert best == pytest.approx(wanted / (0.5 * np.mean(y**2)), rel=1e-7)


@pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES)
def test_violation_is_how_fast_the_objective_falls_along_a_coordinate(penalty):
    X, y = instance()
    p = X.shape[1]
    rng = np.random.default_rng(2)
    step, null = 1e-6, 0.5 * np.mean(y**2)
    for alpha in (0.1, 0.5):
        for _ in range(20):
            b = np.where(rng.random(p) < 0.5, 0.0, rng.standard_normal(p))
            B = b[:, None] + step * np.hstack([np.eye(p), -np.eye(p)])
            rise = null * (objectives(X, y, B, np.full(2 * p, alpha), penalty))
            rise = (rise - null * objectives(X, y, b[:, None], [alpha], penalty)[0]) / step
            up, down = rise[:p], rise[p:]
            # At 0 both sides rise in a stationary point; elsewhere the objective is smooth, and one is minus the other.
            wanted = np.maximum(0.0, -np.minimum(up, down)).max() / alpha
            assert violations(X, y, b[:, None], [alpha], penalty)[0] == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES)
def test_a_corrupted_answer_shows(penalty):
    rng = np.random.default_rng(3)
    p, n = 10, 60
    X = np.linalg.qr(rng.standard_normal((n, p)))[0] * np.sqrt(n)
    c = np.array([5.0, -4.0, 2.0, -1.5, 0.9, -0.5, 0.2, 0.1, 0.0, -0.05])
    y = X @ c
    alpha = 0.6
    b = threshold(c, alpha, penalty)
    good = objectives(X, y, b[:, None], [alpha], penalty)[0]
    # Lost: the whole pull |c| - α is left.  Turned: what is missed is 2(|c| - slope), for g = 2c - slope·sign(c).
    for j in (0, 1, 2, 3, 4):
        lost = np.where(np.arange(p) == j, 0.0, b)
        found = violations(X, y, lost[:, None], [alpha], penalty)[0]
        assert found == pytest.approx((abs(c[j]) - alpha) / alpha, rel=1e-9)
        assert objectives(X, y, lost[:, None], [alpha], penalty)[0] > good
        turned = np.where(np.arange(p) == j, -b, b)
        found = violations(X, y, turned[:, None], [alpha], penalty)[0]
        assert found == pytest.approx(2 * abs(c[j]) / alpha, rel=1e-9)
    # A weight of 1e-9 that should be 0 is pulled back by all of α less what the column says.
    for j in (8, 9):
        extra = np.where(np.arange(p) == j, 1e-9, b)
        assert violations(X, y, extra[:, None], [alpha], penalty)[0] == pytest.approx(1.0 - c[j] / alpha, rel=1e-6)
    assert violations(X, y, b[:, None], [1.01 * alpha], penalty)[0] > 1e-3


@pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES)
def test_sparse_dense_and_blocks_agree(penalty):
    X, y = instance()
    rng = np.random.default_rng(4)
    coefs = rng.standard_normal((8, 60)) * (rng.random((8, 60)) < 0.5)
    alphas = np.geomspace(1.0, 0.01, 60)
    for measure in (objectives, violations):
        dense = measure(X, y, coefs, alphas, penalty)
        assert measure(sp.csc_matrix(X), y, sp.csc_matrix(coefs), alphas, penalty) == pytest.approx(dense, rel=1e-12)
        single = [measure(X, y, coefs[:, [k]], alphas[[k]], penalty)[0] for k in range(60)]
        assert single == pytest.approx(dense, rel=1e-12)


def test_objectives_of_zero_are_one():
    X, y = instance()
    assert objectives(X, y, np.zeros((8, 1)), [0.3], PENALTIES["mcp"])[0] == pytest.approx(1.0, rel=1e-14)


def test_a_broken_answer_is_no_answer():
    X, y = instance()
    coefs = np.zeros((8, 1))
    coefs[0] = np.nan
    assert violations(X, y, coefs, [0.3], PENALTIES["mcp"])[0] == np.inf
    assert objectives(X, y, coefs, [0.3], PENALTIES["mcp"])[0] == np.inf
    with pytest.raises(ValueError, match="coefs must be"):
        objectives(X, y, coefs.T, [0.3], PENALTIES["mcp"])
    with pytest.raises(ValueError, match="must be mcp or scad"):
        violations(X, y, np.zeros((8, 1)), [0.3], Penalty("group", 4))


def test_exceptions_are_listed():
    theirs = np.array([0.5, 0.5, 0.5, 0.5, np.inf, 0.5])
    ours = theirs + np.array([0.0, 9e-9, 2e-8, -1e-3, 0.0, 1e-3])
    ours[4] = 0.7
    found = compared(ours, theirs)
    assert found["alphas"] == 6
    assert found["at_most"] == 4
    assert found["lower"] == 2
    assert found["higher_at"] == [2, 5]
    assert found["higher_by"] == pytest.approx([2e-8, 1e-3])
    assert found["lower_by"] == pytest.approx(1e-3)
    broken = compared(np.array([np.nan, np.inf]), np.array([np.inf, np.inf]))
    assert broken["at_most"] == 0
