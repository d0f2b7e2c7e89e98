"""Laws of every shape that the lessons compare: value, slope, prox and the pulls that leave a weight at zero."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lozenge.explain.shapes import Huberised
from lozenge.penalties import L0, L1, L2, MCP, SCAD, SHAPES, CappedL1, ElasticNet, Log, Lq


def scad(b, lam, gamma):
    middle = (2 * gamma * lam * b - b * b - lam * lam) / (2 * (gamma - 1))
    return np.where(b <= lam, lam * b, np.where(b <= gamma * lam, middle, lam * lam * (gamma + 1) / 2))


# Ω_α(b) of one coordinate b >= 0 with λ = αv, from the papers' definitions.
EXACT = {
    "l1": lambda b, lam: lam * b,
    "l2": lambda b, lam: lam * b * b / 2,
    "elasticnet": lambda b, lam, l1_ratio: lam * (l1_ratio * b + (1 - l1_ratio) * b * b / 2),
    "lq": lambda b, lam, q: lam * b**q,
    "l0": lambda b, lam: lam * (b > 0),
    "mcp": lambda b, lam, gamma: np.where(b <= gamma * lam, lam * b - b * b / (2 * gamma), gamma * lam * lam / 2),
    "scad": scad,
    "log": lambda b, lam, epsilon: lam * epsilon * np.log1p(b / epsilon),
    "capped_l1": lambda b, lam, gamma: lam * np.minimum(b, gamma * lam),
    "huberised": lambda b, lam, width: lam * np.where(b <= width, b * b / (2 * width), b - width / 2),
}
CASES = [
    L1(),
    L2(),
    ElasticNet(0.5),
    *(Lq(q) for q in (0.1, 0.5, 2 / 3, 0.95, 1.0, 1.2, 1.5, 2.0)),
    L0(),
    *(MCP(g) for g in (1.01, 1.5, 3.0, 50.0)),
    *(SCAD(g) for g in (2.01, 2.5, 3.7, 50.0)),
    *(Log(e) for e in (1e-3, 0.1, 1.0, 30.0)),
    *(CappedL1(g) for g in (0.3, 1.5, 3.0, 50.0)),
    Huberised(0.5),
]
shapes = pytest.mark.parametrize("shape", CASES, ids=[f"{s.name}{list(s.parameters().values())}" for s in CASES])
alphas = st.floats(0.01, 5)
reals = st.floats(-8, 8, allow_subnormal=False)
weights = st.sampled_from([0.3, 1.0, 4.0])
GRID = np.concatenate([np.linspace(0, 12, 4801), np.geomspace(1e-9, 1, 60)])


def one(shape, v):
    return shape.with_weights(np.array([v]))


def charge(shape, b, lam):
    return EXACT[shape.name](abs(b), lam, **shape.parameters())


def test_every_shape_is_here():
    assert {case.name for case in CASES} == set(SHAPES) | {"huberised"} == set(EXACT)
    for name, cls in SHAPES.items():
        assert cls.name == name
        assert cls(**cls().parameters()) == cls()


@shapes
@given(b=reals, v=weights, alpha=alphas)
def test_value_is_the_definition(shape, b, v, alpha):
    found = one(shape, v).value(np.array([b]), alpha)
    np.testing.assert_allclose(found, charge(shape, b, alpha * v), rtol=1e-12, atol=1e-300)


@shapes
@given(b=reals, v=weights, alpha=alphas)
def test_slope_by_differences(shape, b, v, alpha):
    ours, lam = one(shape, v), alpha * v
    h = 1e-5 * abs(b)  # of b, which may stand beside a cusp
    kinks = [0.0, lam, *(g * lam for g in [shape.parameters().get("gamma", 1.0)]), shape.parameters().get("width", 0.0)]
    if min(abs(abs(b) - kink) for kink in kinks) > 3 * h:
        expected = (charge(shape, b + h, lam) - charge(shape, b - h, lam)) / (2 * h)
        np.testing.assert_allclose(ours.slope(np.array([b]), alpha), [expected], rtol=1e-4, atol=1e-6 * lam)
    at_zero = float(ours.slope(np.zeros(1), alpha)[0])
    right = charge(shape, 1e-150, lam) / 1e-150
    if np.isinf(at_zero):
        assert right > 1e6 * charge(shape, 1e-3, lam) / 1e-3
    else:
        assert at_zero == pytest.approx(right, rel=1e-4, abs=1e-12 * lam)


@shapes
@given(z=reals, v=weights, step=st.sampled_from([0.1, 1.0, 3.0, 7.0]), alpha=alphas)
def test_prox_beats_every_point_of_a_grid(shape, z, v, step, alpha):
    found = one(shape, v).prox(np.array([z]), step, alpha)
    (b,) = found

    def cost(x):
        return (x - abs(z)) ** 2 / 2 + step * charge(shape, x, alpha * v)

    assert b * z >= 0
    others = np.concatenate([GRID, abs(b) * (1 + np.linspace(-1e-3, 1e-3, 21)), [abs(z)]])
    assert cost(np.array([abs(b)]))[0] <= cost(others).min() + 1e-12 * (1 + z * z)
    assert not np.signbit(found[found == 0]).any()


@shapes
@given(v=weights, alpha=alphas, h=st.sampled_from([0.05, 0.2, 0.37, 0.5, 1.0, 4.0]))
def test_zero_interval_is_where_no_other_weight_is_better(shape, v, alpha, h):
    low, high = one(shape, v).zero_interval(alpha, np.array([h]))
    assert low[0] == -high[0] <= 0
    lam = alpha * v
    if shape.name == "lq" and shape.q > 1.0:
        assert high[0] == 0.0 == one(shape, v).slope(np.zeros(1), alpha)[0]
        return
    # ½hb² - pb + Ω(b) < 0 for some b > 0 just where p > inf over b of (½hb² + Ω(b))/b.
    b = np.geomspace(1e-9, 1e4, 8_001)
    worth = h * b / 2 + charge(shape, b, lam) / b
    assert high[0] == pytest.approx(worth.min(), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Lq(0.0), "q must be above 0 and at most 2; got 0.0"),
        (lambda: Lq(2.5), "q must be above 0 and at most 2; got 2.5"),
        (lambda: Lq(float("nan")), "q must be above 0"),
        (lambda: MCP(1.0), "gamma must be above 1 and finite; got 1.0"),
        (lambda: SCAD(2.0), "gamma must be above 2 and finite; got 2.0"),
        (lambda: CappedL1(0.0), "gamma must be above 0 and finite; got 0.0"),
        (lambda: Log(0.0), "epsilon must be above 0 and finite; got 0.0"),
    ],
)
def test_bad_parameters_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize("cls", list(SHAPES.values()), ids=list(SHAPES))
def test_without_weights_it_says_what_to_do(cls):
    with pytest.raises(ValueError, match="call with_weights first"):
        cls().value(np.ones(1), 1.0)


# Xu, Chang, Xu, Zhang (2012), L1/2 regularization: a thresholding representation theory, eq. 11, at λ = 2.
@pytest.mark.parametrize("z", [1.6, 2.0, 3.0, 10.0])
def test_half_thresholding(z):
    angle = np.arccos(0.25 * (z / 3) ** -1.5)
    expected = 2 * z / 3 * (1 + np.cos(2 * np.pi / 3 - 2 * angle / 3))
    np.testing.assert_allclose(one(Lq(0.5), 1.0).prox(np.array([z]), 1.0, 1.0), [expected], rtol=1e-14)


def test_thresholds_in_closed_form():
    assert one(Lq(0.5), 1.0).zero_interval(1.0, np.ones(1))[1][0] == pytest.approx(1.5, rel=1e-15)
    assert one(L0(), 1.0).zero_interval(0.5, np.ones(1))[1][0] == 1.0
    assert one(MCP(3.0), 1.0).zero_interval(2.0, np.ones(1))[1][0] == 2.0
    assert one(Lq(1.5), 1.0).zero_interval(2.0, np.ones(1))[1][0] == 0.0
