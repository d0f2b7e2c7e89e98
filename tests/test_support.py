"""The exact minimiser on a factor that columns enter and leave, against optimality conditions and a NumPy twin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lozenge import _kernel

SETTLED = 0


def pivot(support, S, linear, l1, l2, b, *, loss=0.0, goal=0.0):
    k = len(b)
    answer, pull, barred = b.copy(), np.empty(k), np.zeros(k, dtype=np.uint8)
    found = support.pivot(S, linear, np.full(k, l1), np.full(k, l2), answer, barred, loss, goal, pull)
    return found, answer, pull


def violation(S, linear, l1, l2, b):
    pull = linear - S @ b - l2 * b
    off = np.where(b == 0, np.maximum(abs(pull) - l1, 0), abs(pull - np.sign(b) * l1))
    return np.max(off) / np.max(abs(linear))


def gram(rng, n, k, rho=0.5):
    A = rng.standard_normal((n, k)) @ np.linalg.cholesky(rho ** abs(np.subtract.outer(np.arange(k), np.arange(k)))).T
    A /= np.sqrt(np.mean(A**2, axis=0))
    return A.T @ A / n, A.T @ (A @ (rng.standard_normal(k) * (rng.random(k) < 0.3)) + rng.standard_normal(n)) / n


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.sampled_from([0.0, 0.5, 0.95]), st.sampled_from([0.0, 0.1]))
@settings(max_examples=60)
def test_one_support_follows_a_path_down_and_up(seed, k, rho, ridge):
    """The factor is carried from α to α: columns enter, leave and come back, and every answer is optimal."""
    rng = np.random.default_rng(seed)
    S, linear = gram(rng, 2 * k + 5, k, rho)
    top = np.max(abs(linear))
    support, b = _kernel.Support(), np.zeros(k)
    down = np.geomspace(0.9, 0.01, 12)
    for share in (*down, *down[::-1], *down[::3]):
        found, b, pull = pivot(support, S, linear, share * top, ridge * share * top, b)
        assert found == SETTLED
        assert violation(S, linear, share * top, ridge * share * top, b) <= 1e-11
        np.testing.assert_allclose(pull, linear - S @ b, atol=1e-12 * top)


@given(st.integers(0, 2**32 - 1))
def test_a_support_of_the_first_columns_goes_on_when_more_join(seed):
    rng = np.random.default_rng(seed)
    S, linear = gram(rng, 100, 40)
    l1 = 0.1 * np.max(abs(linear))
    support, b = _kernel.Support(), np.zeros(0)
    for k in (5, 12, 40):
        b = np.append(b, np.zeros(k - len(b)))
        found, b, _ = pivot(
            support, S[:k, :k], linear[:k], l1, 0.0, b
        )  # rows that lie further apart than they are long
        assert found == SETTLED
        assert violation(S[:k, :k], linear[:k], l1, 0.0, b) <= 1e-11


@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-1, 1e-2, 1e-4]))
def test_a_rough_answer_is_within_its_goal(seed, goal):
    """The gap that the kernel stops at bounds what the answer is short of, and the next answer goes on from there."""
    rng = np.random.default_rng(seed)
    S, linear = gram(rng, 80, 30, 0.8)
    loss = float(linear @ np.linalg.solve(S, linear)) / 2

    def cost(b, l1):
        return b @ S @ b / 2 - linear @ b + l1 * np.sum(abs(b)) + loss

    rough, exact, b, best = _kernel.Support(), _kernel.Support(), np.zeros(30), np.zeros(30)
    for share in np.geomspace(0.9, 0.01, 15):
        l1 = share * np.max(abs(linear))
        found, b, pull = pivot(rough, S, linear, l1, 0.0, b, loss=loss, goal=goal * loss)
        assert found == SETTLED
        np.testing.assert_allclose(pull, linear - S @ b, atol=1e-12)
        _, best, _ = pivot(exact, S, linear, l1, 0.0, best)
        assert cost(b, l1) - cost(best, l1) <= goal * loss + 1e-12


def test_a_dependent_support_is_said_to_be_one():
    x = np.random.default_rng(0).standard_normal((30, 2))
    A = np.column_stack([x, x.sum(axis=1)])
    S, linear = A.T @ A / 30, np.array([1.0, 1.0, 2.0])
    found, b, _ = pivot(_kernel.Support(), S, linear, 1e-3, 0.0, np.zeros(3))
    assert found != SETTLED
    # What the others come to without it, for another method to go on from.
    np.testing.assert_allclose(b, [*np.linalg.solve(S[:2, :2], linear[:2] - 1e-3), 0.0], rtol=1e-9)


@given(st.integers(0, 2**32 - 1))
def test_walking_makes_room_for_a_column_that_the_support_spans(seed):
    """More columns than rows: at the end of the path every entry is an exchange."""
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((8, 20))
    S, linear = A.T @ A / 8, A.T @ rng.standard_normal(8) / 8
    support, b, barred = _kernel.Support(), np.zeros(20), np.zeros(20, dtype=np.uint8)
    for share in np.geomspace(0.9, 1e-3, 12):
        l1 = np.full(20, share * np.max(abs(linear)))
        assert support.walk(S, linear, l1, np.zeros(20), b, barred, 1000) == SETTLED
        assert violation(S, linear, l1, 0.0, b) <= 1e-9
        assert np.count_nonzero(b) <= 8


@pytest.mark.parametrize("k", [0, 1, 3, 4, 9, 70])
def test_multiply(k):
    rng = np.random.default_rng(k)
    S, v = rng.standard_normal((k, k + 5))[:, :k], rng.standard_normal(k) * (rng.random(k) < 0.6)
    S = np.triu(S) + np.triu(S, 1).T
    out = np.full(k, np.nan)
    _kernel.multiply(np.ascontiguousarray(S), v, out)
    np.testing.assert_allclose(out, S @ v, atol=1e-13)


def test_sizes_that_disagree_are_refused():
    v, flags = np.zeros(3), np.zeros(3, dtype=np.uint8)
    with pytest.raises(ValueError, match="disagree"):
        _kernel.Support().pivot(np.eye(2), v, v, v, v, flags, 0.0, 0.0, v)
    with pytest.raises(ValueError, match="pull"):
        _kernel.Support().pivot(np.eye(3), v, v, v, v, flags, 0.0, 0.0, np.zeros(2))
    with pytest.raises(ValueError, match="disagree"):
        _kernel.multiply(np.eye(3), v, np.zeros(2))
    with pytest.raises(ValueError, match="whole"):
        _kernel.multiply(np.eye(6)[:3, ::2], v, v)
