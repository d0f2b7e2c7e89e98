"""The small problem against its optimality conditions, CVXPY, and what is promised of dependent columns."""

from __future__ import annotations

import warnings

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lozenge.factor import Factor
from lozenge.penalties.form import SoftThreshold
from lozenge.subproblem import Goal, Support, exchange

NOTHING = np.zeros(0, dtype=bool)


class Case:
    """minimise qᵀ(b - b₀) + ½ (b - b₀)ᵀ S (b - b₀) + Σ l1|b| + ½ l2 b², S = AᵀA/n, q its gradient at b₀."""

    def __init__(self, A, t, l1, l2, start):
        n, k = A.shape
        self.A, self.t, self.start = A / np.sqrt(n), t / np.sqrt(n), start
        self.kernel = SoftThreshold(np.broadcast_to(l1, k).astype(float), np.broadcast_to(l2, k).astype(float))
        self.S = self.A.T @ self.A
        self.q = self.A.T @ (self.A @ start - self.t)

    def copies(self):
        unit = self.A / np.maximum(np.linalg.norm(self.A, axis=0), 1e-300)
        return np.tril(abs(unit.T @ unit) > 1 - 1e-14, -1).any(axis=1)

    def solve(self, tol=1e-4, copies=None):
        copies = self.copies() if copies is None else copies
        return exchange(self.S, self.S @ self.start - self.q, self.start, self.kernel, Goal(tol), copies)[0]

    def cost(self, b):
        d = b - self.start
        return self.q @ d + d @ self.S @ d / 2 + self.kernel.l1 @ abs(b) + self.kernel.l2 @ b**2 / 2

    def violation(self, b):
        """Largest distance of the pull to what the penalty holds, over the largest pull at b = 0."""
        pull = self.A.T @ (self.t - self.A @ b) - self.kernel.l2 * b
        off = np.where(b == 0, np.maximum(abs(pull) - self.kernel.l1, 0), abs(pull - np.sign(b) * self.kernel.l1))
        return np.max(off, initial=0.0) / max(np.max(abs(self.A.T @ self.t), initial=0.0), 1e-300)

    def independent(self, b):
        """The active columns, with the ridge below them, have full rank."""
        active = np.flatnonzero(b)
        if not len(active):
            return True
        B = np.vstack([self.A[:, active], np.diag(np.sqrt(self.kernel.l2[active]))])
        return np.linalg.matrix_rank(B / np.linalg.norm(B, axis=0), tol=1e-7) == len(active)

    def reference(self):
        """The same by CVXPY and Clarabel, as least squares."""
        b = cp.Variable(len(self.start))
        fit = cp.sum_squares(self.t - self.A @ b) / 2 + self.kernel.l1 @ cp.abs(b)
        task = cp.Problem(cp.Minimize(fit + cp.sum_squares(cp.multiply(np.sqrt(self.kernel.l2), b)) / 2))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "may be inaccurate": the comparison says how inaccurate
            task.solve(solver="CLARABEL", tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
        return b.value


SHAPES = ["tall", "square", "wide", "copies", "negated copies", "sums", "rank one", "correlated", "zero column"]


def columns(shape, rng):
    k = int(rng.integers(2, 25))
    n = {"wide": k // 2 + 1, "square": k}.get(shape, k + 20)
    A = rng.standard_normal((n, k))
    half = k // 2
    if shape in ("copies", "negated copies"):
        A[:, half:] = A[:, rng.integers(0, half, k - half)] * (-1.0 if shape[0] == "n" else 1.0)
    elif shape == "sums":
        A[:, -1] = A[:, :-1].sum(axis=1)
        A[:, 0] = A[:, 1] - 2 * A[:, -2]
    elif shape == "rank one":
        A = np.outer(A[:, 0], 2.0 ** rng.integers(-2, 3, k))
    elif shape == "correlated":
        A = A @ np.linalg.cholesky(0.999 ** abs(np.subtract.outer(np.arange(k), np.arange(k)))).T
    elif shape == "zero column":
        A[:, half] = 0.0
    return A


@st.composite
def cases(draw, shapes=SHAPES, ridges=(0.0, 1e-6, 0.3)):
    shape = draw(st.sampled_from(shapes))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    A = columns(shape, rng)
    n, k = A.shape
    t = A @ (rng.standard_normal(k) * (rng.random(k) < 0.4)) + 0.5 * rng.standard_normal(n)
    top = np.max(abs(A.T @ t)) / n
    v = rng.choice([0.5, 1.0, 2.0], k) if draw(st.booleans()) else 1.0
    l1 = draw(st.sampled_from([1.5, 0.7, 0.1, 1e-3])) * top * v
    start = {
        "cold": np.zeros(k),
        "wrong": rng.standard_normal(k) * (rng.random(k) < 0.5),
        "full": 10 * rng.standard_normal(k),
    }[draw(st.sampled_from(["cold", "wrong", "full"]))]
    return Case(A, t, l1, draw(st.sampled_from(ridges)), start)


@given(cases())
@settings(max_examples=150)
def test_optimality_conditions_hold_to_ten_digits(case):
    b = case.solve()
    assert np.isfinite(b).all()
    assert case.violation(b) <= 1e-10


@given(cases())
@settings(max_examples=150)
def test_active_columns_are_independent(case):
    assert case.independent(case.solve())


@given(cases())
@settings(max_examples=20)
def test_as_good_as_cvxpy(case):
    ours, theirs = case.cost(case.solve()), case.cost(case.reference())
    scale = case.t @ case.t / 2
    assert ours <= theirs + 1e-9 * scale
    if case.violation(case.solve()) <= 1e-10:
        assert ours >= theirs - 1e-6 * scale  # Clarabel found the same problem's optimum, not another's


@given(cases(ridges=(0.3,)))
def test_the_answer_does_not_depend_on_the_first_tolerance_or_the_start(case):
    one = case.solve(tol=1e-2)
    size = np.max(abs(one), initial=1e-300)
    np.testing.assert_allclose(case.solve(tol=1e-9), one, atol=1e-9 * size)
    cold = Case(case.A, case.t, case.kernel.l1, case.kernel.l2, np.zeros(len(one)))
    cold.A, cold.t = case.A, case.t
    cold.S, cold.q = case.S, -case.A.T @ case.t
    np.testing.assert_allclose(cold.solve(), one, atol=1e-9 * size)


def with_copies(seed, sign, warm):
    """A case with six columns and a copy of some, the same without the copies, and where each column first stands."""
    rng = np.random.default_rng(seed)
    k = 6
    A = rng.standard_normal((40, k))
    owner = rng.permutation(np.append(np.arange(k), rng.integers(0, k, 6)))
    first = np.array([np.flatnonzero(owner == j)[0] for j in range(k)])
    later = np.setdiff1d(np.arange(len(owner)), first)
    signs = np.where(np.isin(np.arange(len(owner)), first), 1.0, sign)
    t = A @ rng.standard_normal(k) + rng.standard_normal(40)
    start = (
        rng.standard_normal(len(owner))
        * {"cold": 0.0, "first": ~np.isin(np.arange(len(owner)), later), "any": 1.0}[warm]
    )
    return Case(A[:, owner] * signs, t, 0.05, 0.0, start), Case(A, t, 0.05, 0.0, np.zeros(k)), first, later


def first_keeps_the_weight(case, alone, first, later):
    b = case.solve()
    assert not b[later].any()
    np.testing.assert_allclose(b[first], alone.solve(copies=np.zeros(len(first), dtype=bool)), rtol=1e-9, atol=1e-12)


@given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, -1.0]), st.sampled_from(["cold", "first"]))
def test_among_exact_copies_the_first_keeps_the_weight(seed, sign, warm):
    first_keeps_the_weight(*with_copies(seed, sign, warm))


@pytest.mark.parametrize("seed", range(8))
def test_among_exact_copies_the_first_gets_the_weight_of_the_others(seed):
    first_keeps_the_weight(*with_copies(seed, 1.0, "any"))


def test_a_copy_that_is_cheaper_takes_the_weight():
    """`copies` is a hint about where to look: it must not cost the optimum."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(30)
    A = np.column_stack([x, rng.standard_normal(30), x])
    case = Case(A, 3 * x, np.array([1.0, 1.0, 0.5]), 0.0, np.zeros(3))
    b = case.solve(copies=np.array([False, False, True]))
    assert case.violation(b) <= 1e-10
    assert b[0] == 0
    assert b[2] > 0


def test_with_a_ridge_copies_share():
    rng = np.random.default_rng(1)
    x = rng.standard_normal(30)
    case = Case(np.column_stack([x, x]), 3 * x, 0.1, 0.5, np.zeros(2))
    b = case.solve()
    np.testing.assert_allclose(b[0], b[1], rtol=1e-12)
    s = x @ x / 30
    np.testing.assert_allclose(b[0], (3 * s - 0.1) / (2 * s + 0.5), rtol=1e-12)


@pytest.mark.parametrize("l1", [0.0, 0.3, 3.0])
@pytest.mark.parametrize("l2", [0.0, 0.7])
def test_orthogonal_columns_are_soft_thresholded(l1, l2):
    n, k = 64, 8
    A = np.linalg.qr(np.random.default_rng(2).standard_normal((n, k)))[0] * np.sqrt(n)
    z = np.linspace(-2.5, 2.5, k)
    for start in (np.zeros(k), np.ones(k)):
        b = Case(A, A @ z, l1, l2, start).solve()
        np.testing.assert_allclose(b, np.sign(z) * np.maximum(abs(z) - l1, 0) / (1 + l2), atol=1e-13)


def test_no_columns_and_nothing_to_do():
    empty = np.zeros(0)
    kernel = SoftThreshold(empty, empty)
    assert exchange(np.zeros((0, 0)), empty, empty, kernel, Goal(1e-4), NOTHING)[0].shape == (0,)
    case = Case(np.ones((3, 2)), np.zeros(3), 1.0, 0.0, np.array([4.0, -1.0]))
    assert not case.solve().any()


def test_arguments_are_left_alone(unchanged):
    rng = np.random.default_rng(5)
    case = Case(rng.standard_normal((30, 8)), rng.standard_normal(30), 0.05, 0.0, rng.standard_normal(8))
    unchanged(case.S, case.q, case.start, case.kernel.l1, case.kernel.l2)
    case.solve()


@pytest.mark.parametrize("scale", [1e-100, 1e-8, 1e8, 1e100])
def test_units_do_not_matter(scale):
    rng = np.random.default_rng(6)
    A, t = rng.standard_normal((30, 8)), rng.standard_normal(30)
    one = Case(A, t, 0.1, 0.0, np.zeros(8)).solve()
    assert 2 < np.count_nonzero(one) < 8
    other = Case(A, scale * t, 0.1 * scale, 0.0, np.zeros(8)).solve(tol=1e-4 * scale)
    np.testing.assert_allclose(other, scale * one, rtol=1e-9)


# -- the factor ---------------------------------------------------------------------------------------------------


@given(st.sampled_from(SHAPES), st.integers(0, 2**32 - 1))
def test_factor_splits_rows_into_a_basis_and_the_rest(shape, seed):
    A = columns(shape, np.random.default_rng(seed))
    S = A.T @ A / len(A)
    factor = Factor.of(S)
    k = len(S)
    assert sorted([*factor.independent, *factor.dependent]) == list(range(k))
    unit = A / np.maximum(np.linalg.norm(A, axis=0), 1e-300)
    assert len(factor.independent) == np.linalg.matrix_rank(unit, tol=1e-6)
    rhs = S @ np.random.default_rng(seed).standard_normal((k, 2))  # in its range
    x = factor.solve(rhs)
    assert not x[factor.dependent].any()
    np.testing.assert_allclose(S @ x, rhs, atol=1e-9 * np.max(abs(rhs)))
    np.testing.assert_array_equal(factor.solve(rhs[:, 0]).shape, (k,))


@given(st.sampled_from(SHAPES), st.integers(0, 2**32 - 1))
def test_units_of_columns_do_not_decide_about_rank(shape, seed):
    rng = np.random.default_rng(seed)
    A = columns(shape, rng)
    S, unit = A.T @ A, 2.0 ** rng.integers(-30, 31, A.shape[1])
    one, other = Factor.of(S), Factor.of(S * np.outer(unit, unit))
    np.testing.assert_array_equal(np.sort(other.independent), np.sort(one.independent))


@given(cases(shapes=["tall", "wide", "copies", "sums", "rank one", "correlated"]))
@settings(max_examples=60)
def test_where_exchanges_went_round_one_column_at_a_time_gives_the_same(case):
    before, after = Support(), Support()
    after.goes_round = True
    linear = case.S @ case.start - case.q
    one, other = (
        exchange(case.S, linear, case.start, case.kernel, Goal(1e-4), case.copies(), each)[0]
        for each in (before, after)
    )
    assert case.violation(other) <= 1e-10
    assert case.independent(other)
    scale = max(case.t @ case.t / 2, 1e-300)
    assert abs(case.cost(one) - case.cost(other)) <= 1e-10 * scale
