"""The capped L1 penalty: what is not a law of every shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lozenge.penalties import L1, MCP, CappedL1

alphas = st.floats(0.01, 5)


def one(gamma, k=1):
    return CappedL1(gamma).with_weights(np.ones(k))


@given(alpha=alphas, gamma=st.sampled_from([0.2, 1.0, 3.0, 50.0]), step=st.sampled_from([0.3, 1.0, 2.0, 9.0]))
def test_where_the_prox_jumps_both_ends_cost_the_same(alpha, gamma, step):
    """Short of the jump the lasso's answer or zero, beyond it no shrinkage at all."""
    ours = one(gamma)

    def cost(b, z):
        return (b - z) ** 2 / 2 + step * ours.value(np.array([b]), alpha)

    low, high = 0.0, 1e3 * (1 + gamma) * alpha * (1 + step)
    for _ in range(200):
        middle = 0.5 * (low + high)
        left = ours.prox(np.array([middle]), step, alpha)[0] < middle
        low, high = (middle, high) if left else (low, middle)
    before = max(low - step * alpha, 0.0)
    assert cost(before, low) == pytest.approx(cost(high, high), rel=1e-12)
    at = ours.prox(np.array([low, -low]).reshape(2, 1)[0], step, alpha)[0]
    assert at == pytest.approx(before, abs=1e-12 * high)
    assert low == pytest.approx((gamma + step / 2) * alpha if step < 2 * gamma else alpha * np.sqrt(2 * step * gamma))


@given(alpha=alphas)
def test_a_tie_at_zero_stays_zero(alpha):
    ours = one(0.5)  # from step = 1 on the jump is from zero
    edge = ours.zero_interval(alpha, np.ones(1))[1]
    assert ours.prox(edge, 1.0, alpha)[0] == 0.0
    assert ours.prox(edge * (1 + 1e-14), 1.0, alpha)[0] > edge[0]


def test_at_the_kink_the_slope_is_that_of_the_lasso():
    ours = one(2.0, 3)
    np.testing.assert_array_equal(ours.slope(np.array([3.0, -3.0, np.nextafter(3.0, 4)]), 1.5), [1.5, -1.5, 0.0])
    np.testing.assert_array_equal(ours.tangent(np.array([3.0, 0.0, 4.0]), 1.5).l1, [1.5, 1.5, 0.0])
    np.testing.assert_array_equal(ours.bend(np.array([3.0, 0.0, 4.0]), 1.5), 0.0)


@given(b=st.lists(st.floats(-9, 9), min_size=1, max_size=5), alpha=alphas)
def test_it_lies_between_mcp_and_the_lasso(b, alpha):
    b = np.array(b)
    v = np.ones(len(b))
    mcp, ours, lasso = (each.with_weights(v).value(b, alpha) for each in (MCP(3.0), CappedL1(3.0), L1()))
    assert mcp <= ours * (1 + 1e-15)
    assert ours <= lasso * (1 + 1e-15)
    outside = abs(b) > 3 * alpha
    for each in (MCP(3.0), CappedL1(3.0)):
        assert not each.with_weights(v).slope(b, alpha)[outside].any()


@given(
    b=st.floats(-9, 9),
    alpha=alphas,
    exponent=st.integers(-300, 300),
    gamma=st.sampled_from([0.2, 1.0, 3.0]),
)
def test_the_cap_has_no_unit(b, alpha, exponent, gamma):
    u, ours, at = 2.0**exponent, one(gamma), np.array([b])
    assert ours.in_units(u).value(at, alpha / u) == pytest.approx(ours.value(u * at, alpha) / u / u, rel=1e-14)


@given(b=st.floats(-9, 9), x=st.floats(-30, 30), alpha=alphas)
def test_tangents_lie_above(b, x, alpha):
    ours = one(2.0)
    form = ours.tangent(np.array([b]), alpha)
    gap = form.l1[0] * (abs(x) - abs(b)) - ours.value(np.array([x]), alpha) + ours.value(np.array([b]), alpha)
    assert gap >= -1e-13 * (1 + alpha) * (abs(x) + abs(b))


@pytest.mark.parametrize("gamma", [0.0, -1.0, np.inf, np.nan])
def test_a_cap_is_positive_and_finite(gamma):
    with pytest.raises(ValueError, match="gamma must be above 0 and finite; got"):
        CappedL1(gamma)
