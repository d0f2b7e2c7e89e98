"""Total variation: the prox, its dual and the dual norm against bounded least squares, CVXPY and linear programming."""

from __future__ import annotations

import time

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog, lsq_linear

from lozenge import _kernel
from lozenge.penalties import L1, TV

CLOSE = {"solver": "CLARABEL", "tol_gap_abs": 1e-13, "tol_gap_rel": 1e-13, "tol_feas": 1e-13}
RATIOS = [0.0, 1e-3, 0.3, 0.9]
ratios = pytest.mark.parametrize("ratio", RATIOS)


def bound(k, ratio=0.0):
    return TV(l1_ratio=ratio).with_weights(np.ones(k))


def differences(k):
    return np.diff(np.eye(k), axis=0)


def exact(b, alpha, ratio):
    return alpha * sum((1 - ratio) * abs(b[j + 1] - b[j]) for j in range(len(b) - 1)) + alpha * ratio * sum(abs(b))


@st.composite
def cases(draw, most=12):
    k = draw(st.integers(1, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return k, rng


def steps(rng, k):
    """(k,) runs of equal neighbours, some of them zero."""
    return np.repeat(rng.choice([-1.5, -1.0, 0.0, 0.0, 1.0, 2.0], k), rng.integers(1, 4, k))[:k]


def dual(z, lam):
    """What the box |u| ≤ lam leaves of z: z - Dᵀu, by a bounded least-squares solver."""
    k, open_ = len(z), np.flatnonzero(lam > 0)
    if not len(open_):
        return z
    D = differences(k)[open_]
    found = lsq_linear(D.T, z, (-lam[open_], lam[open_]), method="bvls", tol=1e-15, max_iter=10_000)
    return z - D.T @ found.x


# -- the kernel ---------------------------------------------------------------------------------------------------


@given(case=cases(most=30), size=st.sampled_from([1e-3, 0.3, 3.0, 100.0]))
def test_kernel_solves_the_dual(case, size):
    k, rng = case
    z = np.round(3 * rng.standard_normal(k)) if rng.random() < 0.5 else rng.standard_normal(k)
    lam = size * rng.choice([0.0, 0.2, 1.0, 1.0, 2.0], max(k - 1, 0))
    out = np.empty(k)
    _kernel.tv_prox(z, lam, out)
    np.testing.assert_allclose(out, dual(z, lam), atol=1e-9)
    # And to rounding by its own law: sums from the left are within their box, and at its side where neighbours differ.
    u, jump = np.cumsum(z - out), np.diff(out)
    room = 1e-14 * k * (1 + abs(z).max() + size)
    assert abs(u[-1]) <= room
    assert np.all(abs(u[:-1]) <= lam + room)
    np.testing.assert_allclose((u[:-1] + lam * np.sign(jump))[jump != 0], 0.0, atol=room)


def test_kernel_is_quick_where_the_direct_method_is_quadratic():
    """A ramp, one run from end to end, and noise."""
    k = 1_000_000
    rng = np.random.default_rng(0)
    for z, lam in (
        (np.linspace(-1, 1, k), 1e6),
        (rng.standard_normal(k), 1e4),
        (rng.standard_normal(k), 0.5),
        (np.arange(k) % 2 - 0.5, 1e-9),
    ):
        out = np.empty(k)
        began = time.process_time()  # of this process: another at work on the machine is not told as slowness
        _kernel.tv_prox(z, np.full(k - 1, lam), out)
        assert time.process_time() - began < 2.0
        u = np.cumsum((z - out).astype(np.longdouble))[:-1]
        assert abs(u).max() <= lam + 1e-9


def test_kernel_survives_what_is_not_a_number():
    for bad in (np.nan, np.inf, -np.inf):
        for at in range(4):
            z = np.where(np.arange(4) == at, bad, 1.0)
            _kernel.tv_prox(z, np.ones(3), np.empty(4))
            _kernel.tv_prox(np.ones(4), np.where(np.arange(3) == at, bad, 1.0), np.empty(4))


@pytest.mark.parametrize("tiny", [0.0, 5e-324, 1e-300, 1e-20, 1e-16])
def test_next_to_no_price_leaves_what_is_there(tiny):
    z = np.random.default_rng(1).standard_normal(1000)
    out = np.empty(1000)
    _kernel.tv_prox(z, np.full(999, tiny), out)
    np.testing.assert_allclose(out, z, rtol=0, atol=4e-16)


def test_a_large_mean_costs_no_precision():
    rng = np.random.default_rng(2)
    z = np.round(rng.standard_normal(300) * 2**20) / 2**20
    out, other = np.empty(300), np.empty(300)
    _kernel.tv_prox(z, np.full(299, 2.0), out)
    _kernel.tv_prox(z + 2.0**20, np.full(299, 2.0), other)
    np.testing.assert_allclose(other - 2.0**20, out, atol=3e-10)


# -- value, slope and prox ----------------------------------------------------------------------------------------


@ratios
@given(case=cases(), alpha=st.floats(0.01, 3), v=st.sampled_from([0.5, 1.0, 3.0]))
def test_value_is_the_definition(ratio, case, alpha, v):
    k, rng = case
    b = steps(rng, k)
    ours = TV(ratio).with_weights(np.full(k, v))
    np.testing.assert_allclose(ours.value(b, alpha), exact(b, alpha * v, ratio), rtol=1e-13)


@ratios
@pytest.mark.parametrize("seed", range(4))
def test_prox_is_that_of_cvxpy(ratio, seed):
    rng = np.random.default_rng(seed)
    k, alpha, step = 9, 0.4, 0.5 + seed
    z = 2 * rng.standard_normal(k)
    b = cp.Variable(k)
    price = (1 - ratio) * cp.norm1(differences(k) @ b) + ratio * cp.norm1(b)
    cp.Problem(cp.Minimize(0.5 * cp.sum_squares(b - z) + step * alpha * price)).solve(**CLOSE)
    np.testing.assert_allclose(bound(k, ratio).prox(z, step, alpha), b.value, atol=1e-6)


@ratios
@given(case=cases(), alpha=st.floats(0.01, 3), step=st.sampled_from([0.3, 1.0, 2.0]))
def test_moreau(ratio, case, alpha, step):
    """z = prox + step·u, u in the dual set and uᵀprox = αΩ(prox)."""
    k, rng = case
    z, ours = 2 * rng.standard_normal(k), bound(k, ratio)
    b = ours.prox(z, step, alpha)
    u = (z - b) / step
    size = 1 + abs(z).max() / step + alpha
    assert u @ b == pytest.approx(ours.value(b, alpha), abs=1e-13 * k * size**2)
    np.testing.assert_array_less(ours.violation(b, -u, alpha), 1e-13 * size)
    assert not np.signbit(b[b == 0]).any()
    if ratio > 0:
        assert ours.alpha_max(u) <= alpha * (1 + 1e-13 * size / alpha / ratio)


@ratios
@given(case=cases(), alpha=st.floats(0.1, 3))
def test_slope_is_the_derivative_along_a_run(ratio, case, alpha):
    k, rng = case
    b, ours, h = steps(rng, k), bound(k, ratio), 1e-6
    slope, labels = ours.slope(b, alpha), np.cumsum(np.diff(b, prepend=np.inf) != 0)
    for label in np.unique(labels):
        run = (labels == label).astype(float)
        up = (ours.value(b + h * run, alpha) - ours.value(b, alpha)) / h
        down = (ours.value(b, alpha) - ours.value(b - h * run, alpha)) / h
        assert slope @ run == pytest.approx(up, rel=1e-6, abs=1e-7)
        if b[run == 1][0] != 0:
            assert up == pytest.approx(down, rel=1e-6, abs=1e-7)
        assert np.ptp(slope[run == 1]) == 0.0
    np.testing.assert_array_less(ours.violation(b, -slope, alpha), 1e-13 * (1 + alpha))


# -- the subdifferential and the dual norm ------------------------------------------------------------------------


def residual(b, g, alpha, ratio):
    """|g less its projection on ∂αΩ(b)|, each member Dᵀu + s written out."""
    k = len(b)
    fused, sparse = alpha * (1 - ratio), alpha * ratio
    u, s = cp.Variable(max(k - 1, 1)), cp.Variable(k)
    rules = [cp.abs(u) <= fused, cp.abs(s) <= sparse]
    rules += [u[j] == fused * np.sign(b[j + 1] - b[j]) for j in range(k - 1) if b[j + 1] != b[j]]
    rules += [s[j] == sparse * np.sign(b[j]) for j in range(k) if b[j] != 0]
    member = (differences(k).T @ u if k > 1 else 0.0) + s
    cp.Problem(cp.Minimize(cp.sum_squares(g - member)), rules).solve(**CLOSE)
    return abs(g - member.value)


@ratios
@pytest.mark.parametrize("seed", range(5))
def test_violation_is_the_residual_of_the_projection(ratio, seed):
    rng = np.random.default_rng(seed)
    k = 7
    b, grad, alpha = steps(rng, k), 2 * rng.standard_normal(k), 0.6
    found = bound(k, ratio).violation(b, grad, alpha)
    np.testing.assert_allclose(found, residual(b, -grad, alpha, ratio), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found), np.linalg.norm(residual(b, -grad, alpha, ratio)), atol=1e-6)


def gauge(z, ratio):
    """Least α with z = Dᵀu + s, |u| ≤ α(1 - ρ), |s| ≤ αρ: a linear program."""
    k = len(z)
    m = k - 1
    # Variables: α, u (m), s (k).
    A_eq = np.hstack([np.zeros((k, 1)), differences(k).T if m else np.zeros((k, 0)), np.eye(k)])
    box = np.vstack([np.eye(m + k), -np.eye(m + k)])
    reach = -np.concatenate([np.full(m, 1 - ratio), np.full(k, ratio)] * 2)[:, None]
    found = linprog(
        np.eye(1 + m + k)[0],
        A_ub=np.hstack([reach, box]),
        b_ub=np.zeros(2 * (m + k)),
        A_eq=A_eq,
        b_eq=z,
        bounds=[(0, None)] + [(None, None)] * (m + k),
        method="highs",
    )
    return found.fun if found.status == 0 else np.inf


@pytest.mark.parametrize("ratio", [1e-3, 0.05, 0.3, 0.9])
@pytest.mark.parametrize("k", [1, 2, 5, 30])
def test_alpha_max_is_the_dual_norm(ratio, k):
    for seed in range(5):
        grad = np.random.default_rng([seed, k]).standard_normal(k) + seed % 2
        ours = bound(k, ratio)
        top = ours.alpha_max(grad)
        assert top == pytest.approx(gauge(grad, ratio), rel=1e-8)
        assert not ours.prox(grad, 1.0, top * (1 + 1e-12)).any()
        assert ours.prox(grad, 1.0, top * (1 - 1e-12)).any()
        assert ours.violation(np.zeros(k), grad, top).max() <= 1e-13 * abs(grad).max()
        weighted = TV(ratio).with_weights(np.full(k, 4.0))
        assert weighted.alpha_max(grad) == pytest.approx(top / 4, rel=1e-14)


def test_alpha_max_of_many_columns():
    rng = np.random.default_rng(5)
    grad = rng.standard_normal(200_000)
    for ratio in (1e-3, 0.5):
        ours = bound(len(grad), ratio)
        top = ours.alpha_max(grad)
        assert not ours.prox(grad, 1.0, top * (1 + 1e-11)).any()
        assert ours.prox(grad, 1.0, top * (1 - 1e-11)).any()


@given(case=cases())
def test_differences_alone_leave_the_level_free(case):
    k, rng = case
    grad, ours = rng.integers(-4, 5, k).astype(float), bound(k)
    if grad.sum() != 0:
        assert ours.alpha_max(grad) == np.inf
        assert ours.conjugate(grad, 1e9) == np.inf
        grad[-1] -= grad.sum()
    top = ours.alpha_max(grad)
    assert top == abs(np.cumsum(grad)).max()
    if grad.any():
        assert top == pytest.approx(gauge(grad, 0.0), rel=1e-9)
        assert ours.conjugate(grad, top) == 0.0
        assert ours.conjugate(grad, top * (1 - 1e-15)) == np.inf
        np.testing.assert_allclose(ours.prox(grad, 1.0, top * (1 + 1e-12)), 0.0, atol=1e-13)
        assert abs(ours.prox(grad, 1.0, top * (1 - 1e-6))).max() > 0
    tilted = grad + 1e-15 * rng.standard_normal(k)
    if grad.any():
        assert ours.alpha_max(tilted) == pytest.approx(top, rel=1e-12)
    # b from which the level was taken is priced alike.
    b = rng.standard_normal(k)
    assert ours.value(b + 3.0, 1.0) == pytest.approx(ours.value(b, 1.0), abs=1e-13)


@ratios
@given(case=cases(), alpha=st.floats(0.1, 3))
def test_fenchel_young(ratio, case, alpha):
    k, rng = case
    b, ours = steps(rng, k), bound(k, ratio)
    touching = ours.slope(b, alpha) * (1 - 1e-12)
    assert ours.conjugate(touching, alpha) == 0.0
    assert touching @ b == pytest.approx(ours.value(b, alpha), rel=1e-11, abs=1e-12)
    z = rng.standard_normal(k)
    assert ours.value(b, alpha) + ours.conjugate(z, alpha) >= z @ b - 1e-12


@pytest.mark.parametrize("ratio", [0.01, 0.3, 0.9])
@given(case=cases())
def test_conjugate_is_zero_inside_the_dual_ball_alone(ratio, case):
    """By intervals: after entry j, the sums from the left that keep every |s| ≤ αρ and |u| ≤ α(1 - ρ)."""
    k, rng = case
    z, ours = rng.standard_normal(k), bound(k, ratio)
    top = ours.alpha_max(z)
    for alpha in (0.2, 1.0, top * (1 - 1e-9), top * (1 + 1e-9), 3 * top):
        low = high = 0.0
        for j in range(k):
            low, high = low - z[j] - alpha * ratio, high - z[j] + alpha * ratio
            reach = alpha * (1 - ratio) if j < k - 1 else 0.0
            low, high = max(low, -reach), min(high, reach)
            if low > high:
                break
        assert ours.conjugate(z, alpha) == (np.inf if low > high else 0.0)


@ratios
def test_zero_interval_holds_for_one_weight(ratio):
    """The pulls at which it stays, along its own axis: p·b ≤ Ω(b e_j)."""
    for k in (1, 2, 5):
        ours = bound(k, ratio)
        low, high = ours.zero_interval(0.7, np.ones(k))
        for j in range(k):
            assert high[j] == -low[j] == pytest.approx(ours.value(np.eye(k)[j], 0.7), rel=1e-15)


@ratios
def test_clusters_are_runs(ratio):
    ours = bound(8, ratio)
    b = np.array([0.0, 0.0, 1.0, 1.0, -1.0, 0.0, 2.0, 2.0])
    expected = [0, 0, 1, 1, 2, 0, 3, 3] if ratio > 0 else [1, 1, 2, 2, 3, 4, 5, 5]
    np.testing.assert_array_equal(ours.clusters(b), expected)


# -- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: TV(-0.1), "l1_ratio must be at least 0 and below 1"),
        (lambda: TV(1.0), "got 1.0"),
        (lambda: TV(float("nan")), "got nan"),
        (lambda: TV().with_weights(np.array([1.0, 2.0])), "no penalty weights that differ; got 1 to 2"),
        (lambda: TV().value(np.ones(2), 1.0), "call with_weights first"),
        (lambda: TV().prox(np.ones(2), 1.0, 1.0), "call with_weights first"),
        (lambda: TV().take(np.arange(2)), "call with_weights first"),
        (lambda: bound(3).take(np.array([0, 1])), "take all 3 in order, not 2"),
        (lambda: bound(3).take(np.array([0, 2, 1])), "take all 3 in order"),
    ],
)
def test_what_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_all_columns_in_order_are_the_same_penalty():
    ours = bound(3)
    assert ours.take(np.arange(3)) is ours
    assert TV(**TV(0.25).parameters()) == TV(0.25) != TV()


def test_nearly_all_of_the_ratio_is_nearly_the_lasso():
    z = np.random.default_rng(0).standard_normal(6)
    ours, lasso = bound(6, 1 - 1e-12), L1().with_weights(np.ones(6))
    np.testing.assert_allclose(ours.prox(z, 1.0, 0.5), lasso.prox(z, 1.0, 0.5), atol=1e-11)
    np.testing.assert_allclose(bound(1).prox(z[:1], 1.0, 0.5), z[:1])


@pytest.mark.parametrize("exponent", [-300, -3, 0, 300])
def test_in_units(exponent):
    u, ours = 2.0**exponent, bound(3, 0.3)
    b = np.array([1.5, -3.0, 0.25])
    assert ours.in_units(u).value(b, 0.3 / u) == pytest.approx(ours.value(u * b, 0.3) / u / u, rel=1e-14)


@ratios
def test_without_coordinates_there_is_no_price(ratio):
    ours, nothing = TV(ratio).with_weights(np.zeros(0)), np.zeros(0)
    assert ours.value(nothing, 1.0) == ours.conjugate(nothing, 1.0) == ours.alpha_max(nothing) == 0.0
    for found in (
        ours.prox(nothing, 1.0, 1.0),
        ours.violation(nothing, nothing, 1.0),
        ours.slope(nothing, 1.0),
        ours.clusters(nothing),
        ours.zero_interval(1.0, nothing)[0],
    ):
        assert found.shape == (0,)


def test_inputs_are_left_alone(unchanged):
    b = np.array([1.0, -1.0, 0.0])
    unchanged(b)
    ours = bound(3, 0.2)
    for act in (ours.value, ours.slope, ours.conjugate):
        act(b, 0.5)
    ours.prox(b, 1.0, 0.5)
    ours.prox(np.array([1.0, 9.0, -1.0, 9.0, 0.0])[::2], 1.0, 0.5)
    ours.violation(b, b, 0.5)
    ours.alpha_max(b)
