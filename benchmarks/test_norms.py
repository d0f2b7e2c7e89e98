"""norms.py against CVXPY, closed forms, and the l1 norm, of which both norms are generalisations."""

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.isotonic import isotonic_regression

from benchmarks import gap, norms
from benchmarks.norms import Group, SortedL1, relative_gaps
from benchmarks.problems import Penalty

P = 12
NORMS = {
    "group": Group(np.array([2, 0, 0, 1, 1, 1, 2, 2, 3, 2, 0, 2])),  # of 3, 3, 5 and 1 columns, not neighbours
    "slope": SortedL1(norms.benjamini_hochberg(0.1, P)),
}


def instance(seed=0, n=40):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, P)) * rng.uniform(0.5, 2.0, P)
    y = X[:, :4] @ np.array([1.0, -2.0, 0.5, 1.5]) + rng.standard_normal(n)
    return X, y


def expression(norm, b):
    """Ω as CVXPY knows it, from the definitions alone."""
    if isinstance(norm, Group):
        columns = [np.flatnonzero(norm.labels == g) for g in range(norm.labels.max() + 1)]
        return sum(np.sqrt(len(c)) * cp.norm2(b[c]) for c in columns)
    falls = norm.sequence - np.append(norm.sequence[1:], 0.0)
    return sum(fall * cp.sum_largest(cp.abs(b), k + 1) for k, fall in enumerate(falls))


def solved(X, y, alpha, norm):
    b = cp.Variable(P)
    fit = cp.sum_squares(y - X @ b) / (2 * y.size)
    problem = cp.Problem(cp.Minimize(fit + alpha * expression(norm, b)))
    problem.solve(solver="CLARABEL", tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10)
    return b.value, problem.value


def primal(X, y, b, alpha, norm):
    return 0.5 * np.mean((y - X @ b) ** 2) + alpha * expression(norm, b).value


@pytest.mark.parametrize("norm", NORMS.values(), ids=NORMS)
def test_norm_and_dual_norm_are_those_of_the_definition(norm):
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((P, 3))
    assert norm.value(Z) == pytest.approx([expression(norm, z).value for z in Z.T], rel=1e-12)
    for z, found in zip(Z.T, norm.dual(Z), strict=True):
        b = cp.Variable(P)
        wanted = cp.Problem(cp.Maximize(z @ b), [expression(norm, b) <= 1.0]).solve(solver="CLARABEL")
        assert found == pytest.approx(wanted, rel=1e-6)


def test_a_group_has_neighbours_and_the_sequence_begins_at_one():
    assert np.array_equal(norms.labels(3, 7), [0, 0, 0, 1, 1, 1, 2])
    assert np.array_equal(norms.of(Penalty("group", 3), 7).labels, norms.labels(3, 7))
    # Of p = 2 at q = 1: the quantiles of 3/4 and 1/2 of the Gaussian law.
    assert norms.benjamini_hochberg(1.0, 2) == pytest.approx([1.0, 0.0], abs=1e-15)
    # The tables' 95 % and 97.5 % quantiles.
    assert norms.benjamini_hochberg(0.1, 2) == pytest.approx([1.0, 1.6448536269514722 / 1.9599639845400545], rel=1e-14)
    with pytest.raises(ValueError, match="must be group or slope"):
        norms.of(Penalty("mcp", 3.0), 7)


@pytest.mark.parametrize("norm", NORMS.values(), ids=NORMS)
def test_zero_is_optimal_from_the_dual_norm_on(norm):
    X, y = instance()
    largest = norm.dual((X.T @ y / y.size)[:, None])[0]
    alphas = np.array([2.0, 1.0 + 1e-12, 0.9]) * largest
    gaps = relative_gaps(X, y, np.zeros((P, 3)), alphas, norm)
    assert np.all(np.abs(gaps[:2]) < 1e-15)
    assert gaps[2] > 1e-6
    b, _ = solved(X, y, 1.001 * largest, norm)
    assert np.abs(b).max() < 1e-6
    b, _ = solved(X, y, 0.99 * largest, norm)
    assert np.abs(b).max() > 1e-4


def test_orthonormal_columns_have_a_closed_form():
    rng = np.random.default_rng(1)
    X = np.linalg.qr(rng.standard_normal((80, P)))[0] * np.sqrt(80)
    y = X @ (3.0 * rng.standard_normal(P)) + rng.standard_normal(80)
    c = X.T @ y / 80
    group, slope = NORMS["group"], NORMS["slope"]

    alpha, b = 0.5 * group.dual(c[:, None])[0], np.zeros(P)
    for g in range(4):
        block = group.labels == g
        b[block] = c[block] * max(0.0, 1.0 - alpha * np.sqrt(block.sum()) / np.linalg.norm(c[block]))
    assert 0 < np.count_nonzero(b) < P
    assert relative_gaps(X, y, b[:, None], [alpha], group)[0] < 1e-14

    # Bogdan et al. (2015), eq. 2.4: an isotonic regression of the sorted |c| - αλ.
    alpha, order = 0.5 * slope.dual(c[:, None])[0], np.argsort(-np.abs(c))
    b = np.zeros(P)
    sorted_b = np.maximum(isotonic_regression(np.abs(c)[order] - alpha * slope.sequence, increasing=False), 0.0)
    b[order] = np.sign(c)[order] * sorted_b
    assert 0 < np.count_nonzero(b) < P
    assert relative_gaps(X, y, b[:, None], [alpha], slope)[0] < 1e-14
    # The next weight pushed away is no answer.
    assert relative_gaps(X, y, 1.01 * b[:, None], [alpha], slope)[0] > 1e-6


@pytest.mark.parametrize("norm", NORMS.values(), ids=NORMS)
@pytest.mark.parametrize("share", [0.5, 0.05])
def test_gap_bounds_the_true_suboptimality_and_vanishes_at_the_solution(norm, share):
    X, y = instance()
    alpha = share * norm.dual((X.T @ y / y.size)[:, None])[0]
    best, least = solved(X, y, alpha, norm)
    null = 0.5 * np.mean(y**2)
    assert relative_gaps(X, y, best[:, None], [alpha], norm)[0] < 1e-6  # as near as an interior point comes
    rng = np.random.default_rng(1)
    kept = np.abs(best) > 0.05  # to lose a smaller one costs little
    corrupted = {
        "noise": [best + 10.0**-k * rng.standard_normal(P) for k in range(6)],
        "a weight lost": [np.where(np.arange(P) == j, 0.0, best) for j in np.flatnonzero(kept)],
        "a sign turned": [np.where(np.arange(P) == j, -best, best) for j in np.flatnonzero(kept)],
        "columns shifted": [np.roll(best, 1)],
        "another alpha's": [solved(X, y, 1.1 * alpha, norm)[0]],
    }
    for name, answers in corrupted.items():
        for b in answers:
            excess = (primal(X, y, b, alpha, norm) - least) / null
            found = relative_gaps(X, y, b[:, None], [alpha], norm)[0]
            assert found >= excess - 1e-11, name
            if name != "noise":
                assert found > 1e-5, name


@pytest.mark.parametrize("norm", NORMS.values(), ids=NORMS)
def test_equals_primal_minus_dual_written_out(norm):
    X, y = instance(seed=2)
    n = y.size
    rng = np.random.default_rng(2)
    for share in (0.3, 3.0):  # a dual point that must be scaled, and one that need not
        b = np.where(rng.random(P) < 0.5, 0.1 * rng.standard_normal(P), 0.0)
        b[1] = -b[0]  # ties
        residual = y - X @ b
        alpha = share * norm.dual((X.T @ residual / n)[:, None])[0]
        theta = residual / n
        theta *= min(1.0, alpha / norm.dual((X.T @ theta)[:, None])[0])
        wanted = (primal(X, y, b, alpha, norm) - (y @ theta - 0.5 * n * theta @ theta)) / (0.5 * np.mean(y**2))
        got = relative_gaps(X, y, b[:, None], [alpha], norm)[0]
        assert wanted > 1e-6
        assert got == pytest.approx(wanted, rel=1e-9)


def test_groups_of_one_and_a_flat_sequence_are_the_l1_norm():
    X, y = instance()
    alphas = np.abs(X.T @ y / y.size).max() * np.geomspace(1.0, 0.01, 60)  # more than one block
    rng = np.random.default_rng(3)
    coefs = rng.standard_normal((P, 60)) * (rng.random((P, 60)) < 0.5)
    wanted = gap.relative_gaps(X, y, coefs, alphas)
    for norm in (Group(rng.permutation(P)), SortedL1(np.ones(P))):
        assert relative_gaps(X, y, coefs, alphas, norm) == pytest.approx(wanted, rel=1e-12)
        assert relative_gaps(X, y, sp.csc_matrix(coefs), alphas, norm) == pytest.approx(wanted, rel=1e-12)


def test_a_broken_answer_is_no_answer():
    X, y = instance()
    coefs = np.zeros((P, 1))
    coefs[0] = np.nan
    for norm in NORMS.values():
        assert relative_gaps(X, y, coefs, [1.0], norm)[0] == np.inf
    with pytest.raises(ValueError, match="coefs must be"):
        relative_gaps(X, y, coefs.T, [1.0], NORMS["slope"])
