"""Laws of every registered penalty on several coordinates at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lozenge.penalties import PENALTIES

K = 7
GROUPS = [0, 0, 1, 2, 2, 2, 3]
# Parameters with which each is looked at, by name: defaults where there are any, and others.
MADE = {
    "l1": [{}, {"positive": True}, {"lower": -0.5, "upper": [0.3, np.inf, 0.0, 1.0, 1.0, np.inf, 0.2]}],
    "l2": [{}, {"positive": True}],
    "elasticnet": [{}, {"l1_ratio": 0.9, "upper": 0.4}],
    "lq": [{}, {"q": 0.8}, {"q": 2 / 3, "upper": 0.4}],
    "l0": [{}, {"positive": True}],
    "mcp": [{}, {"positive": True}],
    "scad": [{}, {"upper": 0.7}],
    "log": [{}, {"lower": -0.2}],
    "capped_l1": [{}, {"positive": True}],
    "group": [{"groups": GROUPS}],
    "sparse_group": [{"groups": GROUPS, "l1_ratio": r} for r in (0.0, 0.3, 1.0)],
    "group_mcp": [{"groups": GROUPS}, {"groups": GROUPS, "gamma": 1.5}],
    "slope": [{}, {"lambdas": [1.0, 1.0, 0.5, 0.25, 0.25, 0.25, 0.0]}],
    "tv": [{}, {"l1_ratio": 0.3}],
}
CASES = [(name, more) for name, each in MADE.items() for more in each]
NAMES = tuple("abcdefg")


def built(name, more):
    """On K columns of weight 1, of unit scale and curvature."""
    return PENALTIES[name](**more).named(NAMES).on(np.arange(K), np.ones(K), np.ones(K)).curved(np.ones(K))


everyone = pytest.mark.parametrize(
    "penalty", [built(*case) for case in CASES], ids=[f"{name}{list(more)}" for name, more in CASES]
)
convex = pytest.mark.parametrize(
    "penalty",
    [built(*case) for case in CASES if built(*case).convex],
    ids=[f"{name}{list(more)}" for name, more in CASES if built(name, more).convex],
)
alphas = st.floats(0.05, 3)


@st.composite
def points(draw):
    """Points with zeros, ties of neighbours and of magnitudes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    b = rng.choice([0.0, 0.5, -0.5, 1.3, 2.0], K) if rng.random() < 0.5 else 2 * rng.standard_normal(K)
    return b * (rng.random(K) < 0.7)


def feasible(penalty, b):
    return b if penalty.bounds is None else np.clip(b, *penalty.bounds)


def test_every_registered_penalty_is_looked_at():
    assert set(MADE) == set(PENALTIES)
    for name, cls in PENALTIES.items():
        assert cls.name == name


@everyone
@given(z=points(), alpha=alphas, step=st.sampled_from([0.3, 1.0, 2.0]), seed=st.integers(0, 999))
def test_no_point_is_better_than_the_prox(penalty, z, alpha, step, seed):
    b = penalty.prox(z, step, alpha)
    assert penalty.allows(b)

    def cost(x):
        return np.sum((x - z) ** 2) / 2 + step * penalty.value(x, alpha)

    rng = np.random.default_rng(seed)
    others = [np.zeros(K), z, *(b + size * rng.standard_normal(K) for size in np.geomspace(1e-6, 3, 60))]
    others += [np.where(rng.random(K) < 0.5, b, 0.0) for _ in range(20)]
    for other in others:
        x = feasible(penalty, other)
        far = np.sum((x - b) ** 2) / 2 if penalty.convex else 0.0
        assert cost(b) + far <= cost(x) + 1e-12 * (1 + cost(b))
    if penalty.convex or (step == 1.0 if penalty.jumps else step < 1.0):
        assert penalty.violation(b, (b - z) / step, alpha).max() <= 1e-12 * (1 + abs(z).max())


@everyone
@given(b=points(), alpha=alphas, seed=st.integers(0, 999))
def test_a_tangent_touches_and_lies_above(penalty, b, alpha, seed):
    b = feasible(penalty, np.where(b == 0.0, 0.1, b) if penalty.jumps else b)
    if penalty.jumps and not b.all():
        return
    form, rng = penalty.tangent(b, alpha), np.random.default_rng(seed)
    touch = form.cost(b) - penalty.value(b, alpha)
    for size in (1e-3, 0.1, 1.0, 5.0):
        x = feasible(penalty, b + size * rng.standard_normal(K) * (rng.random(K) < 0.7))
        assert form.cost(x) - penalty.value(x, alpha) >= touch - 1e-12 * (1 + form.cost(x))


@convex
@given(b=points(), g=points(), alpha=alphas)
def test_the_form_says_what_the_penalty_says(penalty, b, g, alpha):
    b = feasible(penalty, b)
    form = penalty.kernel(alpha)
    np.testing.assert_allclose(form.cost(b), penalty.value(b, alpha), rtol=1e-13)
    np.testing.assert_allclose(form.missed(b, g), penalty.violation(b, g, alpha), rtol=1e-13)
    assert form.conjugate(g) == penalty.conjugate(g, alpha)
    if penalty.gapped:
        scale = form.scale(-g) * (1 - 64 * np.finfo(float).eps)
        assert 0 < scale <= 1
        conjugate = form.conjugate(-scale * g)
        assert np.isfinite(conjugate)
        young = form.young(b, g, np.zeros(K))
        assert young.value >= -1e-12 * (1 + abs(g) @ abs(b))
        assert young.value >= form.cost(b) + conjugate + scale * (g @ b) - 1e-12 * (1 + abs(g) @ abs(b) + conjugate)
        assert young.lost == pytest.approx(1 - form.scale(-g), abs=1e-12)


@convex
@given(b=points(), z=points(), alpha=alphas, seed=st.integers(0, 999))
def test_fenchel_young(penalty, b, z, alpha, seed):
    """αΩ(b) + (αΩ)*(z) ≥ zᵀb, with equality where z is a subgradient: z = (x - prox x)/1 at prox x."""
    b = feasible(penalty, b)
    room = 1e-12 * (1 + abs(z) @ abs(b))
    assert penalty.value(b, alpha) + penalty.conjugate(z, alpha) >= z @ b - room
    x = 3 * np.random.default_rng(seed).standard_normal(K)
    touching = penalty.prox(x, 1.0, alpha)
    sub = (x - touching) * (1 - 1e-11)
    if penalty.gapped:
        value = penalty.value(touching, alpha) + penalty.conjugate(sub, alpha) - sub @ touching
        assert abs(value) <= 1e-9 * (1 + abs(x) @ abs(touching))


@everyone
@given(pull=points())
def test_alpha_max_is_where_the_last_weight_vanishes(penalty, pull):
    top = penalty.alpha_max(pull)
    if top == 0.0:
        assert not penalty.prox(pull, 1e-3, 1.0).any() or penalty.name == "l2"
        return
    if np.isinf(top):
        assert penalty.prox(pull, 1.0, 1e6).any()
        return
    zero = np.zeros(K)
    assert penalty.violation(zero, -pull, top * (1 + 1e-12)).max() <= 1e-12 * abs(pull).max()
    assert penalty.violation(zero, -pull, top * (1 - 1e-6)).max() > 0
    if penalty.screens:
        pressed = penalty.kernel(top).pressure(pull)
        assert pressed.max() == pytest.approx(1.0, rel=1e-9)


@everyone
@given(b=points(), alpha=alphas, exponent=st.integers(-40, 40))
def test_in_units(penalty, b, alpha, exponent):
    """αΩ(ub)/u² = (α/u)Ω'(b)."""
    u, b = 2.0**exponent, feasible(penalty, b)
    other = penalty.in_units(u)
    np.testing.assert_allclose(other.value(b / u, alpha / u) * u, penalty.value(b, alpha) / u, rtol=1e-12)
    assert other.allows(b / u)


@everyone
@given(b=points(), alpha=alphas)
def test_what_is_left_out_is_zero(penalty, b, alpha):
    if not penalty.screens:
        return
    kept = np.isin(GROUPS, np.unique(np.array(GROUPS)[b != 0]))  # whole groups
    b = feasible(penalty, np.where(kept, b, 0.0))
    cols = np.flatnonzero(kept)[::-1]
    some = penalty.take(cols)
    np.testing.assert_allclose(some.value(b[cols], alpha), penalty.value(b, alpha), rtol=1e-13)
    np.testing.assert_allclose(
        penalty.kernel(alpha).take(cols).cost(b[cols]), penalty.kernel(alpha).cost(b), rtol=1e-13
    )


@pytest.mark.parametrize(("name", "more"), CASES, ids=[f"{name}{list(more)}" for name, more in CASES])
def test_parameters_build_the_same_penalty_again(name, more):
    import json

    made = PENALTIES[name](**more)
    kept = json.loads(json.dumps(made.parameters(), allow_nan=False))
    again = PENALTIES[name](**kept)
    assert again.parameters() == made.parameters()
    b = np.linspace(-0.1, 0.2, K)
    ones = np.ones(K)
    ours, theirs = (each.named(NAMES).on(np.arange(K), ones, ones).curved(ones) for each in (made, again))
    assert ours.value(b, 0.7) == theirs.value(b, 0.7)
    assert ours.bounds is None or all(map(np.array_equal, ours.bounds, theirs.bounds))


@everyone
def test_inputs_are_left_alone(penalty, unchanged):
    b, g = np.array([0.1, 0.0, 0.0, 0.2, 0.2, 0.0, 0.0]), np.linspace(-1, 1, K)
    unchanged(b, g)
    for act in (penalty.slope, penalty.conjugate, penalty.value, penalty.tangent):
        act(b, 0.5)
    penalty.prox(g, 1.0, 0.5)
    penalty.violation(b, g, 0.5)
    penalty.alpha_max(g)
    penalty.kernel(0.5).pressure(g)
