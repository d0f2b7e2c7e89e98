"""Every compiled function against a few lines of NumPy, and what it does when it is lied to or interrupted."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from lozenge import _kernel
from lozenge.penalties import MCP, SCAD

LD = np.longdouble
EPS = np.finfo(float).eps
SHAPES = [(1, 1), (2, 3), (7, 4), (8, 5), (9, 5), (511, 3), (512, 3), (513, 6), (1030, 260)]


def wide(X):
    """Columns 2 … of a wider array in row-major order: a slice whose rows do not touch."""
    out = np.empty((X.shape[0], X.shape[1] + 5), X.dtype)
    out[:, 2:-3] = X
    return out[:, 2:-3]


def tall(X):
    """The same in column-major order."""
    return wide(X.T.copy()).T


LAYOUTS = {"C": np.ascontiguousarray, "F": np.asfortranarray, "row slice": wide, "column slice": tall}
FLOATS = [np.float64, np.float32]
INTEGERS = [np.int32, np.int64]


def problem(n, p, m, *, density=1.0, seed=0):
    rng = np.random.default_rng([seed, n, p, m])
    X = rng.standard_normal((n, p)) + 2
    X[rng.random((n, p)) >= density] = 0
    X[:, p // 2] *= density == 1.0  # an empty column where X is sparse
    R = np.asfortranarray(rng.standard_normal((n, m)))
    return X, np.ldexp(1.0, rng.integers(-2, 3, p)), rng.standard_normal(p), R


def subsets(p):
    """No subset, none of the columns, and some in any order with one twice."""
    return [None, np.zeros(0, np.int64), np.array([p - 1, 0, p // 2, p - 1])]


def close(found, expected, size, n):
    """Within the rounding of sums made in blocks of 512 and eight lanes, `size` the same sums of absolute values."""
    assert found.shape == expected.shape
    np.testing.assert_array_less(abs(found - expected), (80 + n / 512) * EPS * size + 1e-300)


def correlated(X, scale, shift, R, cols, power=1):
    cols = slice(None) if cols is None else cols
    A = (X[:, cols].astype(LD) * scale[cols] - shift[cols]) ** power
    size = (abs(X[:, cols].astype(LD) * scale[cols]) + abs(shift[cols])) ** power
    return A.T @ R.astype(LD), size.T @ abs(R)


def csc(X, dtype, integer):
    A = sp.csc_matrix(X.astype(dtype))
    return A.data, A.indices.astype(integer), A.indptr.astype(integer)


# -- products -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_correlate_dense(layout, dtype):
    for n, p in SHAPES:
        for m in (1, 4, 7) if n > 600 else range(10):
            X, scale, shift, R = problem(n, p, m)
            X = LAYOUTS[layout](X.astype(dtype))
            for cols in subsets(p):
                out = np.zeros((p if cols is None else len(cols), m))
                _kernel.correlate_dense(X, scale, shift, R, cols, out)
                close(out, *correlated(X, scale, shift, R, cols), n)


@pytest.mark.parametrize("integer", INTEGERS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_correlate_csc(dtype, integer):
    for n, p in SHAPES:
        for m in (1, 4, 7, 17) if n > 600 else range(10):
            for density in (0.3, 1.0):
                X, scale, shift, R = problem(n, p, m, density=density)
                X = X.astype(dtype)
                for cols in subsets(p):
                    out = np.full((p if cols is None else len(cols), m), np.nan)  # whatever was there is overwritten
                    _kernel.correlate_csc(*csc(X, dtype, integer), scale, shift, R, cols, out)
                    close(out, *correlated(X, scale, shift, R, cols), n)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("kind", [*LAYOUTS, "int32", "int64"])
def test_moments(kind, dtype):
    for n, p in SHAPES:
        for m in (1, 4, 7):
            X, scale, shift, W = problem(n, p, m, density=0.4)
            X = X.astype(dtype)
            first, second = np.zeros((2, p, m))
            if kind in LAYOUTS:
                _kernel.moments_dense(LAYOUTS[kind](X), scale, shift, W, first, second)
            else:
                arrays = csc(X, dtype, np.dtype(kind))
                _kernel.moments_csc(*arrays, scale, shift, W, first, second)
            close(first, *correlated(X, scale, shift, W, None), n)
            close(second, *correlated(X, scale, shift, W, None, power=2), n)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_predict_dense(layout, dtype):
    for n, p in [*SHAPES, (70, 1100)]:
        for m in (1, 4, 9, 17) if n > 60 else range(10):
            X, scale, shift, _ = problem(n, p, m)
            X = LAYOUTS[layout](X.astype(dtype))
            for cols in (np.arange(p), *subsets(p)[1:]):
                B = np.asfortranarray(np.random.default_rng(n).standard_normal((len(cols), m)))
                A = X[:, cols].astype(LD) * scale[cols] - shift[cols]
                size = (abs(X[:, cols] * scale[cols]) + abs(shift[cols])) @ abs(B)
                out = np.full((n, m), np.nan, order="F")  # whatever was there is overwritten
                _kernel.predict_dense(X, scale, shift, cols, B, out)
                close(out, A @ B, size, 0)


@pytest.mark.parametrize("integer", INTEGERS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_predict_csc(dtype, integer):
    for n, p in SHAPES:
        for m in range(10):
            for density in (0.3, 1.0):
                X, scale, shift, R = problem(n, p, m, density=density)
                X = X.astype(dtype)
                for cols in subsets(p)[1:]:
                    B = np.random.default_rng(n).standard_normal((len(cols), m))
                    B[::2] = 0.0
                    A = X[:, cols].astype(LD) * scale[cols] - shift[cols]
                    size = (abs(X[:, cols] * scale[cols]) + abs(shift[cols])) @ abs(B)
                    out = np.asfortranarray(R.copy())  # it adds to what is there
                    _kernel.predict_csc(*csc(X, dtype, integer), scale, shift, cols, B, out)
                    close(out, R + A @ B, abs(R) + size, 0)


@pytest.mark.parametrize("dtype", FLOATS)
def test_gram_csc(dtype):
    for n, p in [*SHAPES, (3000, 150)]:
        for density in (0.3, 1.0):
            X, scale, shift, _ = problem(n, p, 1, density=density)
            X = X.astype(dtype)
            w = np.random.default_rng(n).random(n)
            w[::3] = 0.0
            for far in (False, True):
                moved = shift if far else 0 * shift
                # By columns: NumPy's product of long doubles is a plain loop, three times as fast along what touches.
                A = np.asfortranarray(X.astype(LD) * scale - moved)
                size = abs(X.astype(float)) * scale + abs(moved)
                exact, most = (A.T * w) @ A, (size.T * w) @ size
                some = np.arange(p)[::-2].copy()
                for left, right in (
                    (np.arange(p),) * 2,
                    (np.arange(p), some),
                    (some, np.array([0, 0])),
                    (some[:0], some),
                ):
                    for integer in INTEGERS:
                        out = np.full((len(left), len(right)), np.nan)  # whatever was there is overwritten
                        _kernel.gram_csc(*csc(X, dtype, integer), scale, moved, w, left, right, out)
                        close(out, exact[np.ix_(left, right)], most[np.ix_(left, right)], n)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_pack_dense(layout, dtype):
    for n, p in SHAPES:
        X, scale, shift, _ = problem(n, p, 1)
        X = LAYOUTS[layout](X.astype(dtype))
        for cols in subsets(p)[1:]:
            for top, bottom in ((0, n), (n // 3, n - n // 4), (n, n)):
                expected = X[top:bottom, cols].astype(float) * scale[cols] - shift[cols]
                for weights in (None, np.random.default_rng(n).random(n)):
                    out = np.full((bottom - top, len(cols)), np.nan, order="F")
                    _kernel.pack_dense(X, scale, shift, weights, cols, top, bottom, out)
                    part = 1.0 if weights is None else weights[top:bottom, None]
                    np.testing.assert_array_equal(out, expected * part)
                    if X.strides[0] > X.itemsize:  # rows that are contiguous can stay rows
                        out = np.full((bottom - top, len(cols)), np.nan)
                        _kernel.pack_dense(X, scale, shift, weights, cols, top, bottom, out)
                        np.testing.assert_array_equal(out, expected * part)


@pytest.mark.parametrize("integer", INTEGERS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_pack_csc(dtype, integer):
    for n, p in SHAPES:
        X, scale, shift, _ = problem(n, p, 1, density=0.4)
        X = X.astype(dtype)
        for cols in subsets(p)[1:]:
            for top, bottom in ((0, n), (n // 3, n - n // 4), (n, n)):
                out = np.full((bottom - top, len(cols)), np.nan, order="F")
                _kernel.pack_csc(*csc(X, dtype, integer), scale, shift, cols, n, top, bottom, out)
                np.testing.assert_array_equal(out, X[top:bottom, cols].astype(float) * scale[cols] - shift[cols])


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("kind", [*LAYOUTS, "int32", "int64"])
def test_summarise(kind, dtype):
    for n, p in SHAPES:
        X = problem(n, p, 1, density=0.4)[0].astype(dtype)
        check_summary(X, summary(X, kind))


def summary(X, kind):
    """What the kernel says of X, stored in this way."""
    n, p = X.shape
    out = np.full((p, 4), np.nan)
    if kind in LAYOUTS:
        _kernel.summarise_dense(LAYOUTS[kind](X), out)
    else:
        _kernel.summarise_csc(*csc(X, X.dtype, np.dtype(kind)), n, out)
    return out


def check_summary(X, found):
    start = X[0].astype(LD)
    apart = X - start
    spread = np.square(apart - apart.mean(axis=0)).mean(axis=0)
    mean = start + apart.mean(axis=0)
    np.testing.assert_array_equal(found[:, :2], np.column_stack([X.min(axis=0), X.max(axis=0)]))
    np.testing.assert_array_less(abs(found[:, 2] - mean), 16 * EPS * (abs(mean) + np.sqrt(spread)) + 1e-300)
    np.testing.assert_array_less(abs(found[:, 3] - spread), 40 * EPS * spread + 1e-300)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("kind", [*LAYOUTS, "int32", "int64"])
def test_the_spread_is_exact_however_far_the_mean(kind, dtype):
    rng = np.random.default_rng(6)
    for n in (3, 700, 40_000):
        x, steps = rng.standard_normal(n), np.repeat(rng.standard_normal(n // 500 + 1), 500)[:n]
        far = 1e3 if dtype is np.float32 else 1e9
        columns = [far + x, -far + 1e-3 * x, np.sort(x), 1e5 * steps + x, np.where(np.arange(n) == 0, far, x)]
        columns += [np.where(np.arange(n) < 512, far, x), np.where(np.arange(n) == n - 1, far, x), 1e10 * x + 1]
        X = np.column_stack(columns).astype(dtype)
        check_summary(X, summary(X, kind))


@pytest.mark.parametrize("kind", [*LAYOUTS, "int32", "int64"])
def test_a_constant_has_spread_zero_and_itself_for_mean(kind):
    for n in (1, 7, 512, 513, 5000):
        X = np.full((n, 9), [0.1, -1 / 3, 1e8 + 0.1, 5e-324, 0.0, -0.0, 1e308, np.pi, -1e-160])
        np.testing.assert_array_equal(summary(X, kind), np.column_stack([X[0], X[0], X[0], np.zeros(9)]))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 3, 8])
def test_summarise_shows_what_is_not_finite(row, value):
    X = np.ones((9, 3))
    X[row, 1] = value
    A = sp.csc_matrix(X)
    for fill in (
        lambda out: _kernel.summarise_dense(X, out),
        lambda out: _kernel.summarise_dense(np.asfortranarray(X), out),
        lambda out: _kernel.summarise_csc(A.data, A.indices, A.indptr, 9, out),
    ):
        out = np.zeros((3, 4))
        fill(out)
        assert np.isfinite(out[:, :3]).all(axis=1).tolist() == [True, False, True]


@pytest.mark.parametrize("kind", [*LAYOUTS, "int32", "int64"])
def test_a_mean_does_not_overflow_where_a_sum_would(kind):
    for column in (np.full(1000, 1e308), np.tile([1.7e308, -1.7e308], 700), 1e308 * np.linspace(-1.0, 1.6, 1000)):
        found = summary(column[:, None], kind)[0]
        np.testing.assert_array_equal(found[:2], [column.min(), column.max()])
        np.testing.assert_allclose(found[2], (column * 1e-8).mean() * 1e8, rtol=1e-11, atol=1e295)
        assert not 0.0 < found[3] < np.inf


# -- descent ------------------------------------------------------------------------------------------------------


def sweep(H, l1, l2, b, g):
    """One cycle over the coordinates, as in a textbook."""
    b, g, moved = b.copy(), g.copy(), 0.0
    for j in range(len(b)):
        curvature = H[j, j] + l2[j]
        if curvature > 0:
            z = H[j, j] * b[j] - g[j]
            change = np.sign(z) * max(abs(z) - l1[j], 0.0) / curvature - b[j]
            b[j] += change
            g += change * H[j]
            moved = max(moved, np.sqrt(curvature) * abs(change))
    return b, g, moved


@st.composite
def quadratics(draw):
    k = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    A = rng.standard_normal((draw(st.sampled_from([k + 5, max(1, k // 2)])), k)) / np.sqrt(k)
    A[:, rng.random(k) < 0.2] = 0.0
    l1 = rng.choice([0.0, 0.1, 1.0, np.inf], k, p=[0.1, 0.5, 0.3, 0.1])
    l2 = draw(st.sampled_from([0.0, 0.5])) * rng.random(k)
    # A weight without any curvature is never moved, so none starts away from zero.
    b = rng.standard_normal(k) * (rng.random(k) < 0.5) * np.isfinite(l1) * A.any(axis=0)
    return A.T @ A, l1, l2, b, A.T @ rng.standard_normal(len(A))


@given(quadratics())
def test_one_sweep_of_descent(case):
    H, l1, l2, start, q = case
    b, g = start.copy(), q.copy()
    sweeps, moved = _kernel.descend(H, l1, l2, b, g, 0.0, 1)
    expected, gradient, largest = sweep(H, l1, l2, start, q)
    assert sweeps == 1
    np.testing.assert_allclose(b, expected, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(g, gradient, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(moved, largest, rtol=1e-11, atol=1e-12)


@given(quadratics())
def test_descent_ends_where_nothing_moves(case):
    H, l1, l2, start, q = case
    b, g = start.copy(), q.copy()
    sweeps, moved = _kernel.descend(H, l1, l2, b, g, 1e-12, 100_000)
    assert sweeps < 100_000
    assert moved <= 1e-12
    assert np.all(b[np.isinf(l1)] == 0)
    np.testing.assert_allclose(g, q + H @ (b - start), rtol=1e-9, atol=1e-10)  # kept up to date in place
    g = q + H @ (b - start)
    assert sweep(H, l1, l2, b, g)[2] <= 1e-10
    flat = np.diagonal(H) + l2 == 0
    assert not b[flat].any()

    def cost(x):
        return q @ (x - start) + (x - start) @ H @ (x - start) / 2 + l1[x != 0] @ abs(x[x != 0]) + l2 @ x**2 / 2

    rng = np.random.default_rng(0)
    for size in (1.0, 1e-2, 1e-4):  # convex: a local minimum is the minimum
        for _ in range(5):
            other = b + size * rng.standard_normal(len(b)) * np.isfinite(l1)
            assert cost(b) <= cost(other) + 1e-11 * (1 + abs(cost(b)))


@given(quadratics(), st.integers(0, 2**32 - 1))
def test_descent_between_bounds_ends_at_the_minimum(case, seed):
    H, l1, l2, start, q = case
    rng = np.random.default_rng(seed)
    low, high = (rng.choice([0.0, 0.3, np.inf], len(l1)) for _ in range(2))
    b = np.clip(start, -low, high)
    g = q + H @ (b - start)
    _kernel.descend(H, l1, l2, b, g, 1e-12, 100_000, -low, high)
    assert np.all((b >= -low) & (b <= high))
    np.testing.assert_allclose(g, q + H @ (b - start), rtol=1e-9, atol=1e-10)
    # The twin: one exact minimisation of a coordinate between its bounds moves none of them.
    h = np.diagonal(H) + l2
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.diagonal(H) * b - g
        best = np.clip(np.sign(z) * np.maximum(abs(z) - l1, 0) / h, -low, high)
    np.testing.assert_allclose(b[h > 0], best[h > 0], atol=1e-8 * (1 + abs(q).max()))


@given(quadratics(), st.sampled_from([MCP(gamma=1.5), MCP(gamma=3.0), SCAD(gamma=2.1), SCAD(gamma=3.7)]))
def test_one_sweep_of_descent_under_a_folded_penalty(case, penalty):
    H, _, _, start, q = case
    lam = 0.5
    form = penalty.with_weights(np.ones(len(start))).folded(lam)
    b, g = start.copy(), q.copy()
    _kernel.descend_folded(H, form.l1, form.knee, form.end, b, g, 1)
    # The twin: each coordinate goes to its best place by the penalty's own prox.
    expected, gradient, one = start.copy(), q.copy(), penalty.with_weights(np.ones(1))
    for j, h in enumerate(np.diagonal(H)):
        if not h > 0 or (expected[j] == 0 and abs(gradient[j]) <= lam):
            continue
        best = one.prox(np.array([expected[j] - gradient[j] / h]), 1 / h, lam)[0]
        gradient += H[j] * (best - expected[j])
        expected[j] = best
    np.testing.assert_allclose(b, expected, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(g, gradient, rtol=1e-9, atol=1e-10)


def block_step(S, l1, price, rows, b, g):
    """Minimise over one block, the others held, by proximal steps: the literal definition."""
    own = S[np.ix_(rows, rows)]
    steep = max(np.linalg.eigvalsh(own)[-1], 1e-300)
    x = b[rows].copy()
    for _ in range(5_000):
        z = x - (g[rows] + own @ (x - b[rows])) / steep
        z = np.sign(z) * np.maximum(abs(z) - l1[rows] / steep, 0)
        before, x = x, z * max(1 - price / steep / max(np.linalg.norm(z), 1e-300), 0)
        if abs(x - before).max() <= 1e-16:
            break
    return x


@given(st.integers(0, 2**32 - 1))
def test_descent_over_blocks_ends_where_no_block_can_move(seed):
    rng = np.random.default_rng(seed)
    k, groups = 9, 4
    labels = np.sort(rng.integers(0, groups, k))
    order = rng.permutation(k)
    labels = labels[np.argsort(order)]
    X = rng.standard_normal((20, k))
    S, q = X.T @ X / 20, rng.standard_normal(k)
    l1, found = rng.choice([0.0, 0.2]) * np.ones(k), np.unique(labels)
    price = rng.choice([0.1, 0.7], len(found))
    by_block = np.argsort(labels, kind="stable")
    edges = np.append(np.searchsorted(labels[by_block], found), k)
    b, g = np.zeros(k), q.copy()
    _kernel.descend_blocks(S, l1, price, by_block, edges, b, g, 2_000)
    np.testing.assert_allclose(g, q + S @ b, rtol=1e-10, atol=1e-12)
    for label, cost in zip(found, price, strict=True):
        rows = np.flatnonzero(labels == label)
        np.testing.assert_allclose(b[rows], block_step(S, l1, cost, rows, b, g), atol=1e-8)


def ranked_cost(S, q, prices, b):
    return q @ b + 0.5 * b @ S @ b + prices @ np.sort(abs(b))[::-1]


def cluster_step(S, q, prices, b, rows, signs):
    """Best b whose rows share one magnitude, the others held: at a kink, or level between two of them."""
    kinks = np.unique(np.concatenate([[0.0], abs(np.delete(b, rows)), -abs(np.delete(b, rows))]))

    def at(z):
        moved = b.copy()
        moved[rows] = z * signs
        return moved

    bend = signs @ S[np.ix_(rows, rows)] @ signs
    places = list(kinks)
    for low, high in itertools.pairwise([kinks[0] - 1.0, *kinks, kinks[-1] + 1.0]):
        ends = [ranked_cost(S, q, prices, at(z)) for z in (low, high)]
        # A parabola of known bend through both ends.
        slope = (ends[1] - ends[0]) / (high - low)
        places.append(0.5 * (low + high) - slope / bend)
    return at(min(places, key=lambda z: ranked_cost(S, q, prices, at(z))))


@given(st.integers(0, 2**32 - 1))
def test_one_cluster_moves_to_its_best_magnitude(seed):
    rng = np.random.default_rng(seed)
    k, size = 8, rng.integers(1, 4)
    rows, signs = rng.permutation(k)[:size], rng.choice([-1.0, 1.0], size)
    prices = rng.choice([np.sort(rng.uniform(0.0, 1.0, k))[::-1], np.full(k, 0.3), np.linspace(1.0, 0.0, k)])
    b = rng.choice([-1.5, -0.5, 0.0, 0.25, 1.0, 2.0], k)
    b[rows] = rng.choice([0.0, 0.7, 1.0]) * signs
    S, q = np.zeros((k, k)), np.zeros(k)  # all others have no curvature, and stay
    # Equal pulls: the cluster does not come apart.
    S[np.ix_(rows, rows)], q[rows] = rng.choice([0.1, 1.0]) * np.outer(signs, signs), rng.normal(0.0, 2.0) * signs
    b[np.isin(np.arange(k), rows, invert=True) & (abs(b) == abs(b[rows[0]])) & (b != 0)] = 3.0  # nor does another
    found, g = b.copy(), q + S @ b
    _kernel.descend_ranked(S, prices, found, g, 1, 0)
    wanted = cluster_step(S, q, prices, b, rows, signs)
    assert ranked_cost(S, q, prices, found) <= ranked_cost(S, q, prices, wanted) + 1e-12
    joined = np.count_nonzero(abs(wanted) == abs(wanted[rows[0]])) > size and wanted[rows[0]] != 0.0
    if size == 1 and not joined:  # several may leave one by one; what joined others moves on with them
        np.testing.assert_allclose(found, wanted, atol=1e-9)
    np.testing.assert_allclose(g, q + S @ found, atol=1e-12)


@given(st.integers(0, 2**32 - 1))
def test_descent_over_clusters_never_climbs_and_ends_at_the_optimum(seed):
    rng = np.random.default_rng(seed)
    k, again = int(rng.integers(1, 16)), int(rng.choice([0, 8]))
    X = rng.standard_normal((30, k)) + rng.choice([0.0, 0.7]) * rng.standard_normal((30, 1))
    S, q = X.T @ X / 30, rng.standard_normal(k)
    prices = rng.choice([0.02, 0.2, 1.0]) * np.sort(rng.uniform(0.0, 1.0, k))[::-1]
    b = rng.choice([0.0, -1.0, 1.0, 0.5], k)  # clusters that must come apart
    g, before = q + S @ b, np.inf
    for _ in range(1_000):
        _kernel.descend_ranked(S, prices, b, g, 1, again)
        np.testing.assert_allclose(g, q + S @ b, atol=1e-11)
        after = ranked_cost(S, q, prices, b)
        assert after <= before + 1e-13 * (1 + abs(after))
        if after == before:
            break
        before = after
    # b is the prox of b - g: an isotonic regression by rank.
    order = np.argsort(-abs(b - g))
    level = isotonic_regression(abs(b - g)[order] - prices, increasing=False).x
    wanted = np.zeros(k)
    wanted[order] = np.maximum(level, 0.0)
    np.testing.assert_allclose(b, np.sign(b - g) * wanted, atol=1e-7)


def test_descent_with_equal_prices_is_that_of_the_lasso():
    rng = np.random.default_rng(2)
    X = rng.standard_normal((40, 12))
    S, q = X.T @ X / 40, rng.standard_normal(12)
    b, g = np.zeros(12), q.copy()
    _kernel.descend_ranked(S, np.full(12, 0.3), b, g, 500, 8)
    wanted, slope = np.zeros(12), q.copy()
    _kernel.descend(S, np.full(12, 0.3), np.zeros(12), wanted, slope, 1e-15, 10_000)
    np.testing.assert_allclose(b, wanted, atol=1e-12)


@given(st.integers(0, 2**32 - 1))
def test_fold_is_a_product_with_what_spreads_the_variables(seed):
    rng = np.random.default_rng(seed)
    k, size = 9, int(rng.integers(1, 6))
    rows = rng.permutation(k)[: rng.integers(0, k + 1)]
    tied, signs = np.sort(rng.integers(0, size, len(rows))), rng.choice([-1.0, 1.0], len(rows))
    X = rng.standard_normal((20, k))
    S, spread = X.T @ X, np.zeros((k, size))
    spread[rows, tied] = signs
    found = np.full((size, size), np.nan)
    _kernel.fold(S, rows, tied, signs, found)
    np.testing.assert_allclose(found, spread.T @ S @ spread, atol=1e-12)


def test_a_copy_of_a_column_in_the_model_does_not_enter_by_rounding():
    rng = np.random.default_rng(3)
    for _ in range(50):
        A = rng.standard_normal((20, 3))
        A = np.column_stack([A, A[:, 0]])
        H, q = A.T @ A, -A.T @ (3 * A[:, 0] + rng.standard_normal(20))
        b, g = np.zeros(4), q.copy()
        # Held out until the others are settled, the copy then pulls with the price and no more.
        _kernel.descend(H, np.array([1.0, 1, 1, np.inf]), np.zeros(4), b, g, 1e-16, 10_000)
        assert b[0] != 0
        g = q + H @ b
        np.testing.assert_allclose(abs(g[3]), 1.0, rtol=1e-13)
        _kernel.descend(H, np.ones(4), np.zeros(4), b, g, 1e-16, 10_000)
        assert b[3] == 0


# -- threads ------------------------------------------------------------------------------------------------------

EVERYTHING = """
import hashlib, numpy as np, scipy.sparse as sp
from lozenge import _kernel
rng = np.random.default_rng(0)
n, p, m = 3001, 403, 5
X = rng.standard_normal((n, p))
S = sp.csc_matrix(X * (rng.random((n, p)) < 0.4))
scale, shift = np.ones(p), rng.standard_normal(p)
R = np.asfortranarray(rng.standard_normal((n, m)))
cols = np.arange(p)[::-1].copy()
B = np.asfortranarray(R[:p])
digest = hashlib.sha256()
for A in (X, np.asfortranarray(X), X.astype(np.float32), np.asfortranarray(X.astype(np.float32))):
    out = np.zeros((p, m)); _kernel.correlate_dense(A, scale, shift, R, None, out); digest.update(out)
    out = np.zeros((2, p, m)); _kernel.moments_dense(A, scale, shift, R, *out); digest.update(out)
    out = np.zeros((p, 4)); _kernel.summarise_dense(A, out); digest.update(out)
    out = np.zeros((n, m), order="F"); _kernel.predict_dense(A, scale, shift, cols, B, out); digest.update(out.T)
    out = np.zeros((n, p), order="F")
    _kernel.pack_dense(A, scale, shift, R[:, 0], cols, 0, n, out); digest.update(out.T)
arrays = S.data, S.indices, S.indptr
out = np.zeros((p, m)); _kernel.correlate_csc(*arrays, scale, shift, R, None, out); digest.update(out)
out = np.zeros((2, p, m)); _kernel.moments_csc(*arrays, scale, shift, R, *out); digest.update(out)
out = np.zeros((p, 4)); _kernel.summarise_csc(*arrays, n, out); digest.update(out)
out = np.zeros((p, p)); _kernel.gram_csc(*arrays, scale, 0 * shift, abs(R[:, 0]), cols, cols, out); digest.update(out)
out = np.zeros((n, m), order="F")
_kernel.predict_csc(*arrays, scale, shift, cols, rng.standard_normal((p, m)), out); digest.update(out.T)
print(digest.hexdigest(), _kernel.isa(), _kernel.threads())
"""


def everything(**settings):
    """The digest of all results, and what the kernels say they ran on."""
    run = subprocess.run(
        [sys.executable, "-c", EVERYTHING],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return run.stdout.split()


def test_the_number_of_threads_moves_no_bit():
    found = [everything(OMP_NUM_THREADS=count) for count in ("1", "2", "3", "16")]
    assert len({digest for digest, _, _ in found}) == 1
    assert [count for _, _, count in found] == ["1", "2", "3", "16"]


def test_the_instruction_set_moves_no_bit():
    names = ["baseline", "avx2", "avx512"]
    found = [everything(LOZENGE_ISA=name) for name in names]
    assert len({digest for digest, _, _ in found}) == 1
    widest = names.index(_kernel.isa())
    assert [isa for _, isa, _ in found] == [names[min(k, widest)] for k in range(3)]


# -- Ctrl-C -------------------------------------------------------------------------------------------------------

HARD = """
import numpy as np
from lozenge import _kernel
k = 1500
H = 1.0 / (1.0 + np.add.outer(np.arange(k), np.arange(k)))  # Hilbert's matrix: descent crawls
b, g = np.zeros(k), -H @ np.random.default_rng(0).standard_normal(k)
print("started", flush=True)
try:
    _kernel.descend(H, np.full(k, 1e-12), np.zeros(k), b, g, 0.0, 10**12)
    print("finished")
except KeyboardInterrupt:
    b, g = np.zeros(1), -np.ones(1)
    _kernel.descend(np.ones((1, 1)), np.zeros(1), np.zeros(1), b, g, 1e-12, 10)
    print("interrupted", b[0])
"""


def test_ctrl_c_is_answered_within_a_second():
    child = subprocess.Popen([sys.executable, "-c", HARD], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout.readline() == "started\n"
        time.sleep(0.3)
        sent = time.monotonic()
        child.send_signal(signal.SIGINT)
        said = child.communicate(timeout=10)[0]
        waited = time.monotonic() - sent
    finally:
        child.kill()
        child.wait()
    assert said == "interrupted 1.0\n"
    assert waited < 1.0


# -- what is refused ----------------------------------------------------------------------------------------------


def calls():
    """(name, function, good arguments, {argument: bad values}) for every compiled function."""
    n, p, m = 6, 4, 2
    X = np.ones((n, p))
    A = sp.csc_matrix(X)
    ones, R, out, cols = np.ones(p), np.ones((n, m), order="F"), np.zeros((p, m)), np.array([0, 3])
    wrong = {
        "scale": [np.ones(p + 1)],
        "shift": [np.ones(p - 1)],
        "columns": [np.array([0, p]), np.array([-1, 0]), np.array([2**62, 0]), np.array([-(2**63), 0])],
    }
    dense = {"X": X, "scale": ones, "shift": ones}
    sparse = {"data": A.data, "indices": A.indices, "pointers": A.indptr, "scale": ones, "shift": ones}
    broken = {
        "data": [A.data[:-1]],
        "indices": [A.indices[:-1]],
        "pointers": [A.indptr[:-1], A.indptr[1:], A.indptr[:0], np.append(A.indptr[:-1], 99).astype(A.indptr.dtype)],
    }
    shapes = [np.zeros((3, m)), np.zeros((2, m + 1)), np.zeros((0, 0))]
    packed = [np.zeros((n, 3), order="F"), np.zeros((n + 1, 2), order="F")]
    strided = {"X": [np.ones((2 * n, 2 * p))[::2, ::2]]}
    tail = {"R": R, "columns": cols, "out": np.zeros((2, m))}
    yield (
        "correlate_dense",
        dense | tail,
        wrong | strided | {"R": [np.ones((n + 1, m), order="F")], "out": shapes},
    )
    yield "correlate_csc", sparse | tail, wrong | broken | {"out": shapes}
    every = {"first": np.zeros((p, m)), "second": np.zeros((p, m))}
    sizes = {key: [np.zeros((p + 1, m)), np.zeros((p, m + 1))] for key in every}
    few = {key: wrong[key] for key in ("scale", "shift")}
    yield "moments_dense", dense | {"W": R} | every, few | strided | sizes | {"W": [np.ones((n + 1, m), order="F")]}
    yield (
        "moments_csc",
        sparse | {"W": R} | every,
        few | broken | sizes,
    )
    yield "summarise_dense", {"X": X, "out": np.zeros((p, 4))}, strided | {"out": [out, np.zeros((p + 1, 4))]}
    B = {"columns": cols, "B": np.ones((2, m), order="F"), "out": np.zeros((n, m), order="F")}
    bad = {"B": [np.ones((3, m), order="F"), np.ones((2, 1), order="F")], "out": [np.zeros((n + 1, m), order="F")]}
    yield "predict_dense", dense | B, wrong | strided | bad
    rows = {"weights": np.ones(n), "columns": cols, "top": 0, "bottom": n, "out": np.zeros((n, 2), order="F")}
    yield (
        "pack_dense",
        dense | rows,
        wrong | strided | {"out": packed, "top": [n + 1, 1], "bottom": [n + 1, 2], "weights": [np.ones(n + 1)]},
    )
    just = {k: sparse[k] for k in ("data", "indices", "pointers")}
    yield "summarise_csc", just | {"rows": n, "out": np.zeros((p, 4))}, broken | {"out": [out]}
    G = {"w": np.ones(n), "left": cols, "right": cols, "out": np.zeros((2, 2))}
    sides = dict.fromkeys(("left", "right"), wrong["columns"])
    yield "gram_csc", sparse | G, few | broken | sides | {"out": [np.zeros((2, 3)), np.zeros((3, 2))]}
    B = {"columns": cols, "B": np.ones((2, m)), "out": np.zeros((n, m), order="F")}
    yield "predict_csc", sparse | B, wrong | broken | {"B": [np.ones((3, m)), np.ones((2, 1))]}
    yield (
        "pack_csc",
        sparse | {"columns": cols, "rows": n} | {k: rows[k] for k in ("top", "bottom", "out")},
        wrong | broken | {"out": packed, "top": [n + 1, 1], "bottom": [n + 1, 2]},
    )
    b = {"b": np.zeros(p), "gradient": np.zeros(p), "tol": 0.1, "max_sweeps": 3}
    other = [np.ones(p + 1), np.ones(p - 1), np.ones(0)]
    yield (
        "descend",
        {"H": np.eye(p), "l1": ones, "l2": ones} | b,
        {"H": [np.ones((p, p + 1)), np.ones((p + 1, p + 1))]} | dict.fromkeys(("l1", "l2", "b", "gradient"), other),
    )
    yield (
        "descend_folded",
        {"H": np.eye(p), "l1": ones, "knee": np.zeros(p), "end": ones}
        | {"b": np.zeros(p), "gradient": np.zeros(p), "sweeps": 3},
        {"H": [np.ones((p, p + 1)), np.ones((p + 1, p + 1))], "knee": [*other, ones, -ones]}
        | dict.fromkeys(("l1", "end", "b", "gradient"), other),
    )
    yield (
        "descend_blocks",
        {"S": np.eye(p), "l1": ones, "price": np.ones(2), "order": np.arange(p), "edges": np.array([0, 1, p])}
        | {"b": np.zeros(p), "gradient": np.zeros(p), "sweeps": 3},
        {"S": [np.ones((p, p + 1)), np.ones((p + 1, p + 1))]}
        | dict.fromkeys(("l1", "b", "gradient"), other)
        | {"order": [np.arange(p + 1), np.arange(p) + 1, np.arange(p) - 1], "price": [np.ones(1), np.ones(3)]}
        | {"edges": [np.array([0, p + 1, p]), np.array([1, 2, p]), np.array([0, 1, p - 1]), np.array([0, p])]},
    )
    yield (
        "descend_ranked",
        {"S": np.eye(p), "prices": ones, "b": np.zeros(p), "gradient": np.zeros(p), "sweeps": 3, "again": 2},
        {"S": [np.ones((p, p + 1)), np.ones((p + 1, p + 1))]} | dict.fromkeys(("prices", "b", "gradient"), other),
    )
    yield (
        "fold",
        {"S": np.eye(p), "rows": np.arange(p), "tied": np.arange(p) // 2, "signs": ones, "out": np.zeros((p, p))},
        {"S": [np.ones((p, p + 1)), np.eye(p - 1)], "rows": [np.arange(p) + 1, np.arange(p) - 1, np.arange(p - 1)]}
        | {"tied": [np.arange(p) + 1, np.arange(p) - 1, np.arange(p)[::-1].copy(), np.arange(p - 1)]}
        | {"signs": other, "out": [np.zeros((p, p + 1)), np.zeros((1, 1))]},
    )

    runs = [np.array(starts, np.int64) for starts in ([], [1], [0, 0], [0, 2, 1], [0, p], [0, 2**62], [-1])]
    yield (
        "pool",
        {"total": ones, "weight": ones, "starts": np.array([0, 2]), "out": np.zeros(p)},
        {"starts": runs} | dict.fromkeys(("total", "weight", "out"), other),
    )
    yield (
        "tv_prox",
        {"Z": ones, "lam": np.ones(p - 1), "out": np.zeros(p)},
        {"Z": other, "out": other, "lam": [ones, np.ones(p - 2), np.ones(0)]},
    )


@pytest.mark.parametrize(("name", "good", "bad"), [pytest.param(*case, id=case[0]) for case in calls()])
def test_wrong_sizes_and_columns_are_refused(name, good, bad):
    function = getattr(_kernel, name)
    function(*good.values())
    for argument, values in bad.items():
        for value in values:
            with pytest.raises(ValueError, match=r"\w"):
                function(*(good | {argument: value}).values())
    for argument, value in good.items():
        if isinstance(value, np.ndarray):  # nothing is converted behind the caller's back, nor read as another type
            with pytest.raises(TypeError):
                function(*(good | {argument: value.astype(np.complex128)}).values())
            with pytest.raises(TypeError):
                function(*(good | {argument: value[None]}).values())


def test_every_function_is_tested_here():
    compiled = {name for name in dir(_kernel) if callable(getattr(_kernel, name)) and not name.startswith("_")}
    elsewhere = {"isa", "threads", "Support", "multiply", "DensePanel", "SparsePanel", "Exchange", "Products"} | {
        "Leaps",
        "Tree",
    }
    assert compiled == {name for name, _, _ in calls()} | elsewhere


def test_results_are_not_written_to_what_is_read_only():
    out = np.zeros((2, 4))
    out.flags.writeable = False
    with pytest.raises(TypeError):
        _kernel.summarise_dense(np.ones((4, 2)), out)
