"""The prox of every separable shape against brute force on many random inputs, at its jumps above all."""

from __future__ import annotations

import numpy as np
import pytest

from lozenge.penalties import L0, L1, L2, MCP, SCAD, SHAPES, CappedL1, ElasticNet, Log, Lq

N = 10_000
# λΩ(b) of one coordinate b >= 0, λ = αv, from the papers' definitions.
EXACT = {
    "l1": lambda b, lam: lam * b,
    "l2": lambda b, lam: lam * b * b / 2,
    "elasticnet": lambda b, lam, l1_ratio: lam * (l1_ratio * b + (1 - l1_ratio) * b * b / 2),
    "lq": lambda b, lam, q: lam * b**q,
    "l0": lambda b, lam: lam * (b > 0),
    "mcp": lambda b, lam, gamma: np.where(b <= gamma * lam, lam * b - b * b / (2 * gamma), gamma * lam * lam / 2),
    "scad": lambda b, lam, gamma: np.where(
        b <= lam,
        lam * b,
        np.where(
            b <= gamma * lam,
            (2 * gamma * lam * b - b * b - lam * lam) / (2 * (gamma - 1)),
            lam * lam * (gamma + 1) / 2,
        ),
    ),
    "log": lambda b, lam, epsilon: lam * epsilon * np.log1p(b / epsilon),
    "capped_l1": lambda b, lam, gamma: lam * np.minimum(b, gamma * lam),
}
CASES = [
    L1(),
    L2(),
    *(ElasticNet(r) for r in (0.0, 0.05, 0.5, 1.0)),
    *(Lq(q) for q in (0.1, 0.3, 0.5, 2 / 3, 0.7, 0.9, 1.0, 1.1, 1.5, 1.9, 2.0)),
    L0(),
    *(MCP(g) for g in (1.01, 1.5, 3.0, 50.0)),
    *(SCAD(g) for g in (2.01, 2.5, 3.7, 50.0)),
    *(Log(e) for e in (1e-3, 0.1, 1.0, 30.0)),
    *(CappedL1(g) for g in (0.1, 0.5, 1.5, 3.0, 50.0)),
]
shapes = pytest.mark.parametrize("shape", CASES, ids=[f"{s.name}{list(s.parameters().values())}" for s in CASES])
STEPS = [0.05, 0.3, 1.0, 1.7, 4.0, 20.0]
ALPHAS = [0.01, 0.3, 1.0, 5.0]


def charge(shape, b, lam):
    return EXACT[shape.name](b, lam, **shape.parameters())


def inputs(rng, high, lam, step, count):
    """Half from all sizes that matter, half at the jump: on it, a few roundings and up to a thousandth either side."""
    wide = rng.standard_normal(count) * rng.choice([0.1, 1.0, 10.0], count) * np.maximum(high, step * lam)
    off = rng.choice([0.0, 1e-15, -1e-15, 1e-9, -1e-9, 1e-6, -1e-6, 1e-3, -1e-3], count)
    beside = rng.choice([-1.0, 1.0], count) * high * (1 + off)
    return np.where(rng.random(count) < 0.5, wide, beside)


def candidates(z, b, lam, shape):
    """(grid, k): from 0 to |z|, where all minimisers lie, the neighbourhood of ours, and the ends of the pieces."""
    grid = np.concatenate([np.linspace(0.0, 1.0, 161), np.geomspace(1e-9, 1e-2, 20)])[:, None] * z
    near = b * (1 + np.concatenate([-np.geomspace(1e-8, 0.1, 12), np.geomspace(1e-8, 0.1, 12)]))[:, None]
    gamma = shape.parameters().get("gamma", 1.0)
    return np.concatenate([grid, near, [lam, gamma * lam, np.nextafter(gamma * lam, np.inf)]])


def test_every_shape_is_here():
    assert {case.name for case in CASES} == set(SHAPES) == set(EXACT)


@shapes
def test_no_point_is_better_than_the_prox(shape):
    rng = np.random.default_rng(0)
    count = N // (len(STEPS) * len(ALPHAS)) + 1
    for step in STEPS:
        for alpha in ALPHAS:
            v = rng.choice([0.3, 1.0, 4.0], count)
            lam, ours = alpha * v, shape.with_weights(v)
            low, high = ours.zero_interval(alpha, np.full(count, 1 / step))
            np.testing.assert_array_equal(low, -high)
            z = inputs(rng, step * high, lam, step, count)
            found = ours.prox(z, step, alpha)
            assert np.all(found * z >= 0)
            assert np.all(abs(found) <= abs(z))
            assert not np.signbit(found[found == 0]).any()
            size, b = abs(z), abs(found)
            points = candidates(size, b, lam, shape)

            def cost(x, size=size, step=step, lam=lam):
                return (x - size) ** 2 / 2 + step * charge(shape, x, lam)

            best = cost(points).min(axis=0)
            assert np.all(cost(b) <= best + 1e-12 * np.maximum(best, 1e-300)), (step, alpha)


@shapes
def test_the_prox_is_zero_just_on_its_interval(shape):
    rng = np.random.default_rng(1)
    for step in STEPS:
        v = rng.choice([0.3, 1.0, 4.0], 50)
        alpha, ours = rng.choice(ALPHAS), shape.with_weights(v)
        edge = step * ours.zero_interval(alpha, np.full(50, 1 / step))[1]
        assert not ours.prox(edge * (1 - 1e-13), step, alpha).any()
        assert ours.prox(edge * (1 + 1e-9) + 1e-20, step, alpha).all()


# -- the closed forms of the bridge -------------------------------------------------------------------------------


@pytest.mark.parametrize("q", [1 / 2, 2 / 3])
def test_closed_forms_are_the_root_in_extended_precision(q):
    """Newton's method from |z| down, on 64 bits of mantissa where the machine has them."""
    rng = np.random.default_rng(2)
    lam = 10.0 ** rng.uniform(-6, 6, 4000)
    ours = Lq(q).with_weights(lam)
    jump = ours.zero_interval(1.0, np.ones(4000))[1]
    z = jump * (1 + 10.0 ** rng.uniform(-12, 8, 4000))
    found = ours.prox(z, 1.0, 1.0)
    x, power = z.astype(np.longdouble), np.longdouble(q)
    for _ in range(60):
        x -= (x + lam * power * x ** (power - 1) - z) / (1 + lam * power * (power - 1) * x ** (power - 2))
    np.testing.assert_allclose(found, x.astype(float), rtol=6e-16)


@pytest.mark.parametrize("q", [1 / 2, 2 / 3])
def test_closed_forms_join_their_neighbours(q):
    """The next q that is a float has none, and takes Newton's steps."""
    z = np.concatenate([np.linspace(0, 9, 400), [1e12, 1e14, 1e100, 1e200, 1e300]])
    for lam in (1e-300, 1e-100, 1e-5, 1.0, 7.0):
        v = np.full(len(z), lam)
        closed, other = (Lq(each).with_weights(v).prox(z, 1.0, 1.0) for each in (q, np.nextafter(q, 1)))
        np.testing.assert_allclose(closed, other, rtol=2e-15)


def test_newton_ends_when_it_is_there(monkeypatch):
    from lozenge.penalties import lq

    z = np.random.default_rng(3).standard_normal(2000) * 5
    for q in (0.1, 0.3, 0.7, 0.9, 1.1, 1.5, 1.9, 2.0):
        ours = Lq(q).with_weights(np.ones(2000))
        whole = ours.prox(z, 1.0, 1.0)
        with monkeypatch.context() as patched:
            patched.setattr(lq, "STEPS", 12)
            np.testing.assert_array_equal(ours.prox(z, 1.0, 1.0), whole)
