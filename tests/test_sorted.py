"""SLOPE: the sorted L1 norm against CVXPY, isotonic regression of scikit-learn, and enumeration."""

from __future__ import annotations

from itertools import permutations

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.stats import norm
from sklearn.isotonic import IsotonicRegression

from lozenge import _kernel
from lozenge.penalties import L1, Slope

CLOSE = {"solver": "CLARABEL", "tol_gap_abs": 1e-13, "tol_gap_rel": 1e-13, "tol_feas": 1e-13}
EPS = np.finfo(float).eps


def bound(lambdas):
    return Slope(lambdas=lambdas).with_weights(np.ones(len(lambdas)))


@st.composite
def cases(draw, most=8):
    """A sequence λ with λ₁ = 1 that may have ties and zeros, and a generator of numbers."""
    k = draw(st.integers(1, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lam = np.sort(rng.choice([0.0, 0.25, 0.5, 0.7, 1.0, *rng.random(3)], k))[::-1]
    lam[0] = 1.0
    return lam, rng


def numbers(rng, k):
    """(k,) with ties in magnitude and zeros."""
    free = 2 * rng.standard_normal(k)
    coarse = np.round(free)
    return np.where(rng.random(k) < 0.5, coarse, free) + 0.0


def clustered(rng, k):
    return rng.choice([-2.0, -1.0, 0.0, 0.0, 1.0, 2.0], k)


def isotonic(y, weight=None):
    return IsotonicRegression(increasing=False).fit_transform(np.arange(len(y)), y, sample_weight=weight)


def ranked_price(b, lam):
    """Σ λⱼ|b|₍ⱼ₎ as the largest sum over all ways to hand out the prices: the rearrangement inequality."""
    return max(abs(b) @ np.array(order) for order in permutations(lam))


# -- the kernel ---------------------------------------------------------------------------------------------------


@given(k=st.integers(1, 60), seed=st.integers(0, 2**32 - 1))
def test_pool_is_isotonic_regression(k, seed):
    rng = np.random.default_rng(seed)
    weight = rng.choice([0.5, 1.0, 3.0], k)
    y = np.round(3 * rng.standard_normal(k)) if seed % 2 else rng.standard_normal(k)
    starts = np.unique(np.concatenate([[0], rng.integers(0, k, k // 5)]))
    out = np.empty(k)
    _kernel.pool(y * weight, weight, starts, out)
    for begin, end in zip(starts, [*starts[1:], k], strict=True):
        np.testing.assert_allclose(out[begin:end], isotonic(y[begin:end], weight[begin:end]), rtol=1e-13, atol=1e-14)


def test_pool_takes_what_has_no_weight_to_what_lies_before():
    out = np.empty(4)
    _kernel.pool(np.array([4.0, 1.0, 2.0, 0.0]), np.array([2.0, 1.0, 0.0, 0.0]), np.zeros(1, np.int64), out)
    np.testing.assert_array_equal(out, 7 / 3)
    _kernel.pool(np.array([np.nan, 1.0, 2.0, np.inf]), np.ones(4), np.zeros(1, np.int64), out)  # it comes back


# -- the sequence -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 7, 1000])
@pytest.mark.parametrize("q", [0.01, 0.1, 0.5])
def test_the_sequence_is_that_of_benjamini_and_hochberg(k, q):
    j = np.arange(1, k + 1)
    expected = norm.ppf(1 - j * q / (2 * k))
    ours = Slope(q=q).with_weights(np.full(k, 3.0))
    np.testing.assert_allclose(ours.sequence, 3 * expected / expected[0], rtol=1e-11)
    some = ours.take(np.arange(k)[: k // 2])
    np.testing.assert_array_equal(some.sequence, ours.sequence[: k // 2])


def test_lambdas_are_divided_by_the_first_and_may_be_longer():
    ours = Slope(lambdas=np.array([4.0, 2.0, 1.0, 0.0])).with_weights(np.ones(3))
    np.testing.assert_array_equal(ours.sequence, [1.0, 0.5, 0.25])
    assert ours.parameters() == {"lambdas": [4.0, 2.0, 1.0, 0.0]}
    assert Slope(**ours.parameters()) == Slope(lambdas=(4, 2, 1, 0)) != Slope()
    assert Slope(q=0.2).parameters() == {"q": 0.2}
    assert Slope(**Slope(q=0.2).parameters()) == Slope(q=0.2)
    assert hash(Slope()) == hash(Slope(0.1))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Slope(0.0), "q must be above 0 and below 1; got 0.0"),
        (lambda: Slope(float("nan")), "q must be above 0 and below 1"),
        (lambda: Slope(lambdas=[]), "lambdas must be a list of numbers"),
        (lambda: Slope(lambdas=[[1.0]]), "lambdas must be a list of numbers"),
        (lambda: Slope(lambdas=[1.0, -1.0]), "at least 0"),
        (lambda: Slope(lambdas=[0.0, 0.0]), "the first above 0"),
        (lambda: Slope(lambdas=[np.inf, 0.0]), "finite"),
        (lambda: Slope(lambdas=[1.0, 0.5, 0.7]), r"0.7 after 0.5 at position 2 .* Sort them"),
        (lambda: Slope(lambdas=[1.0]).with_weights(np.ones(2)), "1 entries for 2 penalised columns"),
        (lambda: Slope().with_weights(np.array([1.0, 2.0])), "no penalty weights that differ; got 1 to 2"),
        (lambda: Slope().value(np.ones(1), 1.0), "call with_weights first"),
        (lambda: Slope().prox(np.ones(1), 1.0, 1.0), "call with_weights first"),
        (lambda: Slope().take(np.zeros(1, np.intp)), "call with_weights first"),
    ],
)
def test_what_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


# -- value and prox -----------------------------------------------------------------------------------------------


@given(case=cases(most=6), alpha=st.floats(0.01, 3))
def test_value_is_the_dearest_way_to_hand_out_the_prices(case, alpha):
    lam, rng = case
    b = numbers(rng, len(lam))
    np.testing.assert_allclose(bound(lam).value(b, alpha), alpha * ranked_price(b, lam), rtol=1e-13)


def test_equal_prices_are_the_lasso():
    b = np.array([3.0, -1.0, 0.2, 0.0])
    ours, lasso = Slope(lambdas=np.ones(4)), L1()
    for v in (np.ones(4), np.full(4, 2.5)):
        one, other = ours.with_weights(v), lasso.with_weights(v)
        assert one.value(b, 0.5) == pytest.approx(other.value(b, 0.5), rel=1e-15)
        np.testing.assert_allclose(one.prox(b, 0.5, 0.6), other.prox(b, 0.5, 0.6), rtol=1e-15)
        np.testing.assert_allclose(one.slope(b, 0.5), other.slope(b, 0.5), rtol=1e-15)
        np.testing.assert_allclose(one.violation(b, -b, 0.5), other.violation(b, -b, 0.5), atol=1e-15)
        np.testing.assert_allclose(one.kernel(0.5).pressure(b), abs(b) / (0.5 * v), rtol=1e-15)
        np.testing.assert_array_equal(one.zero_interval(0.5, np.ones(4)), other.zero_interval(0.5, np.ones(4)))
        assert one.alpha_max(b) == pytest.approx(other.alpha_max(b), rel=1e-15)


@given(case=cases(most=40), alpha=st.floats(0.01, 3), step=st.sampled_from([0.3, 1.0, 2.0]))
def test_prox_is_isotonic_regression_of_the_sorted(case, alpha, step):
    lam, rng = case
    z = numbers(rng, len(lam))
    order = np.argsort(-abs(z))
    expected = np.empty(len(z))
    expected[order] = np.maximum(isotonic(abs(z)[order] - step * alpha * lam), 0.0)
    found = bound(lam).prox(z, step, alpha)
    np.testing.assert_allclose(found, np.sign(z) * expected, rtol=1e-12, atol=1e-14)
    assert not np.signbit(found[found == 0]).any()
    np.testing.assert_array_equal(bound(lam).prox(-z, step, alpha), -found + 0.0)


@pytest.mark.parametrize("seed", range(6))
def test_prox_is_that_of_cvxpy(seed):
    rng = np.random.default_rng(seed)
    k = 7
    lam = np.sort(np.append(rng.random(k - 1), 1.0))[::-1]
    z, alpha = 2 * rng.standard_normal(k), 0.3 + 0.2 * seed
    b = cp.Variable(k)
    price = sum((lam[j] - (lam[j + 1] if j + 1 < k else 0.0)) * cp.sum_largest(cp.abs(b), j + 1) for j in range(k))
    cp.Problem(cp.Minimize(0.5 * cp.sum_squares(b - z) + alpha * price)).solve(**CLOSE)
    np.testing.assert_allclose(bound(lam).prox(z, 1.0, alpha), b.value, atol=1e-6)


@given(case=cases(), alpha=st.floats(0.05, 3), step=st.sampled_from([0.3, 1.0, 2.0]))
def test_moreau(case, alpha, step):
    """z = prox + step·u with u in the dual ball, zᵀprox telling the value: the two projections are orthogonal."""
    lam, rng = case
    z, ours = numbers(rng, len(lam)), bound(lam)
    b = ours.prox(z, step, alpha)
    u = (z - b) / step
    size = 1 + abs(z).max() / step
    assert ours.alpha_max(u) <= alpha * (1 + 1e-14 * size / alpha)
    assert u @ b == pytest.approx(ours.value(b, alpha), rel=1e-12, abs=1e-13 * size**2)
    np.testing.assert_array_less(ours.violation(b, -u, alpha), 1e-13 * size)


def test_a_tie_ends_in_one_cluster():
    z = np.array([2.0, -2.0, 2.0, 0.0, 0.5])
    b = bound([1.0, 0.6, 0.2, 0.1, 0.1]).prox(z, 1.0, 1.0)
    assert b[0] == -b[1] == b[2] == pytest.approx(1.4, rel=1e-15)
    assert b[3] == 0.0


def test_a_million_entries_meet_their_conditions():
    rng = np.random.default_rng(0)
    k = 1_000_000
    z = rng.standard_normal(k)
    ours = Slope().with_weights(np.ones(k))
    b = ours.prox(z, 1.0, 2.0)
    off = ours.violation(b, b - z, 2.0)
    assert b.any()
    assert off.max() <= 1e-12


# -- the subdifferential ------------------------------------------------------------------------------------------


def distance(b, lam, g):
    """‖residual‖ and the residual of g's projection on ∂Ω(b) by a quadratic program over its defining inequalities."""
    k = len(b)
    u = cp.Variable(k)
    rules = [u @ b == ranked_price(b, lam)]
    for pattern in np.array(np.meshgrid(*[[-1, 0, 1]] * k)).reshape(k, -1).T:
        if pattern.any():  # uᵀs <= Ω(s) over these is the whole dual ball
            rules.append(u @ pattern <= lam[: np.count_nonzero(pattern)].sum())
    cp.Problem(cp.Minimize(cp.sum_squares(u - g)), rules).solve(**CLOSE)
    return abs(g - u.value)


@pytest.mark.parametrize("seed", range(12))
def test_violation_is_the_residual_of_the_projection(seed):
    rng = np.random.default_rng(seed)
    k = 4
    lam = np.sort(np.append(rng.choice([0.0, 0.3, 0.6, 1.0], k - 1), 1.0))[::-1]
    b, grad, alpha = clustered(rng, k), 2 * rng.standard_normal(k), 0.7
    found = bound(lam).violation(b, grad, alpha)
    np.testing.assert_allclose(found, distance(b, alpha * lam, -grad), atol=1e-6)


@given(case=cases(), alpha=st.floats(0.1, 3))
def test_slope_is_the_derivative_along_a_cluster(case, alpha):
    lam, rng = case
    b, ours, h = clustered(rng, len(lam)), bound(lam), 1e-6
    slope = ours.slope(b, alpha)
    for size in np.unique(abs(b[b != 0])):
        move = np.where(abs(b) == size, np.sign(b), 0.0)
        change = (ours.value(b + h * move, alpha) - ours.value(b - h * move, alpha)) / (2 * h)
        assert slope @ move == pytest.approx(change, rel=1e-7, abs=1e-8)
        assert np.ptp((slope * move)[move != 0]) == 0.0
    up = h * (b == 0)
    assert slope @ up == pytest.approx(ours.value(b + up, alpha) - ours.value(b, alpha), rel=1e-7, abs=1e-13)
    np.testing.assert_array_less(ours.violation(b, -slope, alpha), 1e-13 * (1 + alpha))


@given(case=cases(), alpha=st.floats(0.1, 3))
def test_fenchel_young(case, alpha):
    lam, rng = case
    b, ours = clustered(rng, len(lam)), bound(lam)
    touching = ours.slope(b, alpha) * (1 - 1e-15)
    assert ours.conjugate(touching, alpha) == 0.0
    assert touching @ b == pytest.approx(ours.value(b, alpha), rel=1e-13, abs=1e-300)
    z = rng.standard_normal(len(b))
    assert ours.value(b, alpha) + ours.conjugate(z, alpha) >= z @ b - 1e-13


@given(case=cases(most=6), alpha=st.floats(0.1, 3))
def test_conjugate_is_zero_just_inside_the_dual_ball(case, alpha):
    lam, rng = case
    z, ours = numbers(rng, len(lam)), bound(lam)
    if not z.any():
        assert ours.conjugate(z, alpha) == 0.0
        return
    # The unit ball's corners are sign patterns, divided by their price.
    gauge = max(
        abs(np.where(chosen, z, 0)).sum() / lam[: sum(chosen)].sum()
        for chosen in np.array(np.meshgrid(*[[0, 1]] * len(z))).reshape(len(z), -1).T.astype(bool)
        if chosen.any()
    )
    assert ours.alpha_max(z) == pytest.approx(gauge, rel=1e-14)
    edge = z * (alpha / gauge)
    assert ours.conjugate(edge * (1 - 1e-14), alpha) == 0.0
    assert ours.conjugate(edge * (1 + 1e-15), alpha) == np.inf


@given(case=cases())
def test_alpha_max_is_where_the_first_weight_leaves_zero(case):
    lam, rng = case
    grad, ours = numbers(rng, len(lam)), bound(lam)
    top, zero = ours.alpha_max(grad), np.zeros(len(lam))
    if not grad.any():
        assert top == ours.grid_start(grad, zero) == 0.0
        return
    assert ours.violation(zero, grad, top).max() <= 4 * EPS * abs(grad).max()
    assert ours.violation(zero, grad, top * (1 + 1e-12)).max() == 0.0
    assert ours.violation(zero, grad, top * (1 - 1e-12)).max() > 0.0
    assert ours.prox(grad, 1.0, top * (1 - 1e-9)).any()


# -- what may be non-zero -----------------------------------------------------------------------------------------


def screened(c, lam):
    """Algorithm 1 of the screening rule, with > for its ≥: pulls that meet their price exactly stay out."""
    order, kept, batch = np.argsort(-abs(c), kind="stable"), [], []
    for rank, j in enumerate(order):
        batch.append((j, abs(c[j]) - lam[rank]))
        if sum(excess for _, excess in batch) > 0:
            kept += [j for j, _ in batch]
            batch = []
    return np.isin(np.arange(len(c)), kept)


@given(case=cases(most=12), alpha=st.floats(0.1, 3))
def test_pressure_is_above_one_where_the_screening_rule_keeps(case, alpha):
    lam, rng = case
    pull, ours = 2 * rng.standard_normal(len(lam)), bound(lam)
    pressure = ours.kernel(alpha).pressure(pull)
    np.testing.assert_array_equal(pressure > 1, screened(pull, alpha * lam))
    np.testing.assert_array_equal(pressure > 1, ours.prox(pull, 1.0, alpha) != 0)
    assert pressure.max() * alpha == pytest.approx(ours.alpha_max(pull), rel=1e-13)
    np.testing.assert_allclose(ours.kernel(2 * alpha).pressure(pull), pressure / 2, rtol=1e-15)
    order = np.argsort(-abs(pull))
    assert np.all(np.diff(pressure[order]) <= 0)


def test_pressure_at_the_price_is_one():
    ours = bound([1.0, 0.5, 0.25, 0.0])
    np.testing.assert_array_equal(ours.kernel(1.0).pressure(np.array([-1.0, 0.5, 0.25, 0.0])), 1.0)
    np.testing.assert_array_equal(ours.kernel(1.0).pressure(np.zeros(4)), 0.0)


def test_clusters_are_told_by_magnitude():
    ours = bound([1.0, 0.5, 0.25, 0.1, 0.0])
    np.testing.assert_array_equal(ours.clusters(np.array([0.5, -2.0, 0.0, 2.0, -0.5])), [2, 1, 0, 1, 2])
    np.testing.assert_array_equal(ours.clusters(np.array([1.0, -2.0, 3.0, 4.0, -5.0])), [5, 4, 3, 2, 1])


def test_one_weight_alone_is_the_lasso_at_the_first_price():
    ours = Slope().with_weights(np.full(1, 2.0))
    low, high = ours.zero_interval(0.7, np.ones(1))
    assert high[0] == -low[0] == 1.4
    np.testing.assert_allclose(ours.prox(np.array([2.0]), 1.0, 0.7), [0.6], rtol=1e-15)


def test_zero_interval_holds_for_one_weight_whatever_the_columns():
    ours = bound([1.0, 0.5, 0.25])
    low, high = ours.zero_interval(0.8, np.ones(3))
    for j in range(3):
        for pull, zero in ((high[j], True), (low[j], True), (high[j] * (1 + 1e-9), False)):
            z = np.where(np.arange(3) == j, pull, 0.0)
            assert (not ours.prox(z, 1.0, 0.8).any()) == zero


@pytest.mark.parametrize("exponent", [-300, -3, 0, 300])
def test_in_units(exponent):
    u, ours = 2.0**exponent, bound([1.0, 0.5])
    b = np.array([1.5, -3.0])
    assert ours.in_units(u).value(b, 0.3 / u) == pytest.approx(ours.value(u * b, 0.3) / u / u, rel=1e-14)


def test_without_coordinates_there_is_no_price():
    ours, nothing = Slope().with_weights(np.zeros(0)), np.zeros(0)
    assert ours.value(nothing, 1.0) == ours.conjugate(nothing, 1.0) == ours.alpha_max(nothing) == 0.0
    for found in (
        ours.prox(nothing, 1.0, 1.0),
        ours.violation(nothing, nothing, 1.0),
        ours.slope(nothing, 1.0),
        ours.kernel(1.0).pressure(nothing),
        ours.clusters(nothing),
        ours.zero_interval(1.0, nothing)[0],
    ):
        assert found.shape == (0,)


def test_inputs_are_left_alone(unchanged):
    lam, b = np.array([1.0, 0.5, 0.5]), np.array([1.0, -1.0, 0.0])
    unchanged(lam, b)
    ours = bound(lam)
    for act in (ours.value, ours.slope, ours.conjugate):
        act(b, 0.5)
    ours.prox(b, 1.0, 0.5)
    ours.violation(b, b, 0.5)


def test_a_problem_of_columns_by_linear_programming():
    """The dual ball's support function is the norm: max uᵀb over the ball, by enumeration of its inequalities."""
    rng = np.random.default_rng(3)
    lam = np.array([1.0, 0.7, 0.2, 0.0])
    patterns = np.array(np.meshgrid(*[[-1, 0, 1]] * 4)).reshape(4, -1).T
    patterns = patterns[patterns.any(axis=1)]
    room = [lam[: np.count_nonzero(s)].sum() for s in patterns]
    for _ in range(5):
        b = rng.standard_normal(4)
        best = linprog(-b, A_ub=patterns, b_ub=room, bounds=[(None, None)] * 4)
        assert bound(lam).value(b, 1.0) == pytest.approx(-best.fun, rel=1e-9)
