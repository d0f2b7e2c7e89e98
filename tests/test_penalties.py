"""Laws of every registered penalty that is a sum over coordinates, with several parameters and weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from lozenge.penalties import L1, L2, PENALTIES, ElasticNet
from lozenge.penalties.jumping import Jumping
from lozenge.penalties.separable import Separable

# Each registered name with more parameters than its defaults.
MORE = {
    "l1": [],
    "l2": [],
    "elasticnet": [{"l1_ratio": r} for r in (0.0, 5e-4, 0.05, 0.95, 1.0)],
    "mcp": [{"gamma": g} for g in (1.01, 50.0)],
    "scad": [{"gamma": g} for g in (2.01, 50.0)],
    "log": [{"epsilon": e} for e in (1e-3, 30.0)],
    "capped_l1": [{"gamma": g} for g in (0.3, 50.0)],
}
# `test_laws` looks at all, and those that jump have shapes, whose laws `test_shapes` holds.
SUMS = {name: cls for name, cls in PENALTIES.items() if issubclass(cls, Separable) and not issubclass(cls, Jumping)}
# αΩ(b) of one coordinate of weight 1, from its definition.
EXACT = {
    "l1": lambda b, **_: abs(b),
    "l2": lambda b, **_: b * b / 2,
    "elasticnet": lambda b, l1_ratio=0.5: l1_ratio * abs(b) + (1 - l1_ratio) * b * b / 2,
}
CASES = [(name, parameters) for name in SUMS for parameters in ({}, *MORE[name])]


def over(cases):
    made = [PENALTIES[name](**more) for name, more in cases]
    return pytest.mark.parametrize("penalty", made, ids=[f"{name}{list(more.values())}" for name, more in cases])


# Value, slope, prox and zero interval of the concave ones are tested as shapes.
everyone = over(CASES)
penalties = over([(name, more) for name, more in CASES if PENALTIES[name](**more).convex])
alphas = st.floats(1e-3, 10)
reals = st.floats(-10, 10, allow_subnormal=False)
GRID = np.concatenate([np.linspace(-12, 12, 2401), [0.0], np.geomspace(1e-12, 1, 40), -np.geomspace(1e-12, 1, 40)])


@st.composite
def vectors(draw, most=6):
    """Weights v and as many points, some of them zero."""
    k = draw(st.integers(1, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    v = rng.choice([1e-3, 0.5, 1.0, 20.0], k)
    return v, 3 * rng.standard_normal(k) * (rng.random(k) < 0.7)


def one(penalty, v):
    return penalty.with_weights(np.array([v]))


def test_every_penalty_has_its_definition_here():
    assert set(MORE) == set(SUMS)
    assert set(EXACT) == {name for name, cls in SUMS.items() if cls().convex}


@penalties
@given(case=vectors(), alpha=alphas)
def test_value_is_the_definition(penalty, case, alpha):
    v, b = case
    definition = EXACT[penalty.name](b, **penalty.parameters())
    np.testing.assert_allclose(penalty.with_weights(v).value(b, alpha), alpha * (v @ definition), rtol=1e-14)


@penalties
@given(case=vectors(), alpha=alphas)
def test_kernel_is_the_value(penalty, case, alpha):
    v, b = case
    ours = penalty.with_weights(v)
    form = ours.kernel(alpha)
    assert np.all(form.l1 >= 0)
    assert np.all(form.l2 >= 0)
    np.testing.assert_allclose(form.l1 @ abs(b) + form.l2 @ b**2 / 2, ours.value(b, alpha), rtol=1e-14)
    some = np.arange(len(v))[::-2]
    np.testing.assert_array_equal(form.take(some).l1, form.l1[some])
    np.testing.assert_array_equal(form.take(some).l2, form.l2[some])


@penalties
@given(v=st.sampled_from([0.1, 1.0, 5.0]), b=reals, alpha=alphas)
def test_slope_by_differences(penalty, v, b, alpha):
    ours, h = one(penalty, v), 1e-3

    def value(x):
        return ours.value(np.array([x]), alpha)

    if abs(b) > 2 * h:
        expected = (8 * (value(b + h) - value(b - h)) - (value(b + 2 * h) - value(b - 2 * h))) / (12 * h)
        np.testing.assert_allclose(ours.slope(np.array([b]), alpha), [expected], rtol=1e-9, atol=1e-9 * alpha * v)
    right = value(1e-13) / 1e-13  # the limit from the right at 0
    np.testing.assert_allclose(ours.slope(np.zeros(1), alpha), [right], rtol=1e-9, atol=1e-12 * alpha * v)


@penalties
@given(v=st.sampled_from([1e-3, 1.0, 5.0]), z=reals, step=st.sampled_from([0.1, 1.0, 3.0]), alpha=alphas)
def test_prox_beats_every_point_of_a_grid(penalty, v, z, step, alpha):
    ours = one(penalty, v)
    (b,) = found = ours.prox(np.array([z]), step, alpha)

    def cost(x):
        return (x - z) ** 2 / 2 + step * ours.value(np.array([x]), alpha)

    room = 1e-13 * (1 + cost(0.0))
    others = (GRID - z) ** 2 / 2 + step * alpha * v * EXACT[penalty.name](GRID, **penalty.parameters())
    # A convex penalty leaves the prox's objective 1-strongly convex: what is far from the minimum costs its square.
    assert np.all(cost(b) + (GRID - b) ** 2 / 2 <= others + room)
    assert not np.signbit(found[found == 0]).any()


@penalties
@given(case=vectors(), alpha=alphas, step=st.sampled_from([0.5, 1.0, 2.0]))
def test_violation_is_zero_at_the_fixed_point_of_the_prox(penalty, case, alpha, step):
    v, z = case
    ours = penalty.with_weights(v)
    b = ours.prox(z, step, alpha)
    off = ours.violation(b, (b - z) / step, alpha)
    np.testing.assert_array_less(off, 1e-13 * (1 + abs(z) / step))
    # And nowhere else: pushing the gradient out of the subdifferential by d is seen as d.
    low, high = ours.zero_interval(alpha, np.ones(len(v)))
    slope = ours.slope(b, alpha)
    for d in (1e-3, 1.0):
        outside = np.where(b == 0, -high - d, -slope - d)
        np.testing.assert_allclose(ours.violation(b, outside, alpha), d, rtol=1e-9)
        outside = np.where(b == 0, -low + d, -slope + d)
        np.testing.assert_allclose(ours.violation(b, outside, alpha), d, rtol=1e-9)


@penalties
@given(v=st.sampled_from([1e-3, 1.0, 5.0]), b=st.one_of(st.just(0.0), reals), g=reals, alpha=alphas)
def test_violation_is_the_distance_to_the_subdifferential(penalty, v, b, g, alpha):
    """The subdifferential of a convex function of one number lies between its one-sided slopes."""
    ours = one(penalty, v)
    b = 0.0 if abs(b) < 1e-3 else b
    h = 1e-7
    here, left, right = (ours.value(np.array([x]), alpha) for x in (b, b - h, b + h))
    distance = max((here - left) / h + g, -g - (right - here) / h, 0.0)
    rounding = 4 * np.finfo(float).eps * max(left, right) / h + h * alpha * v + 1e-12  # of the quotients
    assert abs(ours.violation(np.array([b]), np.array([g]), alpha)[0] - distance) <= rounding


@penalties
@given(v=st.sampled_from([0.1, 1.0, 5.0]), z=reals, alpha=alphas)
def test_zero_interval_holds_exactly_the_pulls_that_give_zero(penalty, v, z, alpha):
    ours = one(penalty, v)
    low, high = ours.zero_interval(alpha, np.ones(1))
    assert low[0] <= 0 <= high[0]
    assert (ours.prox(np.array([z]), 1.0, alpha)[0] == 0) == (low[0] <= z <= high[0])
    for edge, out in ((low, -1.0), (high, 1.0)):
        assert ours.prox(edge, 1.0, alpha)[0] == 0
        assert ours.prox(edge + out * 1e-9 * (1 + abs(edge)), 1.0, alpha)[0] * out > 0


@everyone
@given(case=vectors(), alpha=alphas)
def test_a_tangent_touches_and_lies_above(penalty, case, alpha):
    v, b = case
    ours = penalty.with_weights(v)
    form = ours.tangent(b, alpha)

    def above(x):
        return form.l1 @ abs(x) + form.l2 @ x**2 / 2 - ours.value(x, alpha)

    touch, size = above(b), 1 + above(b) + ours.value(b, alpha)
    for scale in (0.0, 0.5, 0.99, 1.01, 2.0, -1.0, 30.0):
        assert above(scale * b) >= touch - 1e-12 * size * (1 + abs(scale)) ** 2
    slope = np.sign(b) * form.l1 + form.l2 * b
    np.testing.assert_allclose(slope[b != 0], ours.slope(b, alpha)[b != 0], rtol=1e-12, atol=1e-15)
    some = np.arange(len(v))[::-2]
    np.testing.assert_array_equal(ours.take(some).price(alpha), ours.price(alpha)[some])


@everyone
@given(v=st.sampled_from([0.1, 1.0, 5.0]), b=reals, alpha=alphas)
def test_bend_by_differences(penalty, v, b, alpha):
    ours, h = one(penalty, v), 1e-5 * abs(b)
    slopes = [ours.slope(np.array([b + d]), alpha)[0] for d in (-h, 0.0, h)]
    bends = []
    for d in (-h, 0.0, h):
        system = np.zeros((1, 1))
        ours.stiffen(system, np.zeros(1, dtype=int), np.array([b + d]), alpha)
        bends.append(system[0, 0])
    if abs(b) > 1e-3 and np.ptp(bends) <= 1e-3 * abs(bends[1]):  # no kink between them
        room = 1e-3 * abs(bends[1]) + 1e-9 * alpha * v / h
        assert abs((slopes[2] - slopes[0]) / (2 * h) - bends[1]) <= room


@everyone
@given(v=st.sampled_from([0.1, 1.0, 5.0]), b=st.one_of(st.just(0.0), reals), g=reals, alpha=alphas)
def test_violation_is_what_the_slope_leaves(penalty, v, b, g, alpha):
    ours = one(penalty, v)
    slope = ours.slope(np.array([b]), alpha)[0]
    expected = max(abs(g) - slope, 0.0) if b == 0 else abs(g + slope)
    found = ours.violation(np.array([b]), np.array([g]), alpha)[0]
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12 * (1 + alpha * v + abs(b)))


@penalties
@given(case=vectors(), alpha=alphas)
def test_fenchel_young_and_the_points_where_it_touches(penalty, case, alpha):
    v, b = case
    ours = penalty.with_weights(v)
    touching = ours.slope(b, alpha)
    size = 1e-12 * (1 + abs(touching) @ abs(b))
    young = ours.value(b, alpha) + ours.conjugate(touching * (1 - 1e-15), alpha) - touching @ b
    assert abs(young) <= size
    for scale in (0.0, 0.5, 2.0):
        z = scale * np.random.default_rng(len(v)).standard_normal(len(v)) * alpha * v
        assert ours.value(b, alpha) + ours.conjugate(z, alpha) - z @ b >= -size


@penalties
@given(v=st.sampled_from([0.1, 1.0, 5.0]), z=reals, alpha=alphas)
def test_conjugate_is_a_supremum(penalty, v, z, alpha):
    ours = one(penalty, v)
    conjugate = ours.conjugate(np.array([z]), alpha)

    def gain(b):
        return z * b - ours.value(np.array([b]), alpha)

    if np.isinf(conjugate):
        assert gain(np.sign(z) * 1e12) > 1e3 * gain(np.sign(z)) > 0  # grows for ever
        return
    far = 20 * (1 + abs(z) / max(ours.kernel(alpha).l2[0], 1e-9))
    sup = max(
        0.0,
        -minimize_scalar(
            lambda t: -gain(np.sign(z) * t), bounds=(0, far), options={"xatol": 1e-12 * far}, method="bounded"
        ).fun,
    )
    np.testing.assert_allclose(conjugate, sup, rtol=1e-9, atol=1e-10)


@everyone
@given(case=vectors())
def test_alpha_max_is_exact(penalty, case):
    v, grad = case
    ours = penalty.with_weights(v)
    top, size = ours.alpha_max(grad), np.full(len(v), 2.0)
    zero = np.zeros(len(v))
    if not grad.any():
        assert top == ours.grid_start(grad, size) == 0.0
        return
    np.testing.assert_allclose(ours.price(0.3), ours.slope(zero, 0.3), rtol=1e-15)
    if ours.price(1.0).max() < 1e-3 * v.max():
        # Next to no corner: the grid starts where the ridge leaves no weight an η above 1e-3 of the residual.
        start = ours.grid_start(grad, size)
        np.testing.assert_allclose(np.max(size * abs(grad) / (start * v)), 1e-3, rtol=1e-12)
        assert top == np.inf or ours.violation(zero, grad, top).max() <= 1e-15 * abs(grad).max()
        return
    assert top == ours.grid_start(grad, size)
    assert ours.violation(zero, grad, top).max() <= 1e-15 * abs(grad).max()
    assert ours.violation(zero, grad, top * (1 - 1e-9)).max() > 0
    assert ours.violation(zero, grad, top * (1 + 1e-9)).max() == 0


@everyone
@given(case=vectors(), alpha=alphas, exponent=st.integers(-300, 300))
def test_in_units(penalty, case, alpha, exponent):
    """αΩ(ub)/u² = (α/u)Ω'(b)."""
    v, b = case
    u = 2.0**exponent
    ours = penalty.with_weights(v)
    other = ours.in_units(u)
    np.testing.assert_allclose(other.value(b, alpha / u), ours.value(u * b, alpha) / u / u, rtol=1e-13)
    assert ours.in_units(1.0).value(b, alpha) == ours.value(b, alpha)
    np.testing.assert_array_equal(penalty.in_units(u).with_weights(v).kernel(alpha).ridge, other.kernel(alpha).ridge)


@everyone
def test_parameters_build_the_same_penalty_again(penalty):
    again = type(penalty)(**penalty.parameters())
    assert again.parameters() == penalty.parameters()
    v, b = np.array([1.0, 2.0]), np.array([-1.5, 0.25])
    assert again.with_weights(v).value(b, 0.7) == penalty.with_weights(v).value(b, 0.7)


@everyone
def test_a_penalty_is_not_changed_by_its_methods_and_needs_weights(penalty, unchanged):
    v, b = np.array([1.0, 2.0]), np.array([-1.5, 0.0])
    unchanged(v, b)
    ours = penalty.with_weights(v)
    assert penalty.weights is None
    ours.prox(b, 1.0, 0.5)
    ours.violation(b, b, 0.5)
    ours.slope(b, 0.5)
    ours.conjugate(b, 0.5)
    for act in (lambda: penalty.value(b, 1.0), lambda: penalty.prox(b, 1.0, 1.0), lambda: penalty.price(1.0)):
        with pytest.raises(ValueError, match="no weights yet"):
            act()


@everyone
def test_without_coordinates_there_is_no_price(penalty):
    ours, nothing = penalty.with_weights(np.zeros(0)), np.zeros(0)
    assert ours.value(nothing, 1.0) == ours.conjugate(nothing, 1.0) == ours.alpha_max(nothing) == 0.0
    assert ours.prox(nothing, 1.0, 1.0).shape == ours.violation(nothing, nothing, 1.0).shape == (0,)


@pytest.mark.parametrize("ratio", [-1e-9, 1.0 + 1e-9, np.nan, np.inf, -np.inf])
def test_l1_ratio_lies_between_zero_and_one(ratio):
    with pytest.raises(ValueError, match="l1_ratio must lie between 0"):
        ElasticNet(ratio)


def test_l1_and_l2_are_the_ends_of_the_elastic_net():
    v, b = np.array([1.0, 3.0]), np.array([2.0, -0.5])
    for end, ratio in ((L1(), 1.0), (L2(), 0.0)):
        form, same = end.with_weights(v).kernel(0.3), ElasticNet(ratio).with_weights(v).kernel(0.3)
        np.testing.assert_array_equal(form.l1, same.l1)
        np.testing.assert_array_equal(form.l2, same.l2)
    assert L1().with_weights(v).value(b, 2.0) == 2 * (2.0 + 1.5)
    assert L2().with_weights(v).value(b, 2.0) == 4.0 + 0.75
