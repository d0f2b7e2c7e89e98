"""Best subsets: local search, bounds and proofs against full enumeration and naive twins."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lozenge import _kernel, branch, perspective, subset

SETTINGS = {"plain": (0.0, np.inf), "ridge": (0.1, np.inf), "box": (0.0, 0.4), "both": (0.05, 0.4)}


def problem(seed, n, p, rho=0.5, hostile=False):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * X[:, j]
    if hostile:
        X[:, p // 2] = X[:, 0]
        X[:, -1] = 0.0
        X[:, 1] *= 100.0
    y = X @ (rng.standard_normal(p) * (rng.random(p) < 0.4)) + rng.standard_normal(n)
    return X.T @ X / n, X.T @ y / n


def cost(S, linear, l2, b):
    return b @ S @ b / 2 - linear @ b + np.sum(l2 * b**2) / 2


def enumerate_supports(S, linear, l2, box):
    """Sizes and minima of every support: stacked solves, and where a box binds, projected descent on all at once."""
    p = len(linear)
    M, sizes, values = S + l2 * np.eye(p), [0], [np.zeros(1)]
    for k in range(1, p + 1):
        A = np.array(list(itertools.combinations(range(p), k)))
        stack = M[A[:, :, None], A[:, None, :]]
        x = (np.linalg.pinv(stack, rcond=1e-10, hermitian=True) @ linear[A][..., None])[..., 0]
        # In full: -linearᵀx/2 would take an error of x whole, where this takes its square.
        found = np.einsum("ni,nij,nj->n", x, stack, x) / 2 - np.sum(linear[A] * x, axis=1)
        out = np.flatnonzero((abs(x) > box).any(axis=1))
        if len(out):
            x, stack, c = np.clip(x[out], -box, box), stack[out], linear[A[out]]
            for _ in range(3000):
                old = x.copy()
                for j in range(k):
                    slope = np.einsum("ni,ni->n", stack[:, j], x) - c[:, j]
                    x[:, j] = np.clip(x[:, j] - slope / np.maximum(stack[:, j, j], 1e-300), -box, box)
                if np.max(abs(x - old)) < 1e-12:
                    break
            found[out] = np.einsum("ni,nij,nj->n", x, stack, x) / 2 - np.sum(c * x, axis=1)
        sizes += [k] * len(A)
        values.append(found)
    return np.array(sizes), np.concatenate(values)


@cache
def enumerated(seed, p, setting):
    S, linear = problem(seed, 40, p)
    l2, box = SETTINGS[setting]
    return S, linear, l2, box, *enumerate_supports(S, linear, l2, box)


def agrees(seed, p, setting):
    """Proven optima of every size and several prices are those of the enumeration."""
    S, linear, l2, box, sizes, values = enumerated(seed, p, setting)
    asked = [({"size": k}, values[sizes <= k].min()) for k in range(1, p + 1)]
    asked += [({"price": a}, (values + a * sizes).min()) for a in (0.1, 0.03, 0.01, 0.001)]
    scale = -values.min()
    for question, optimum in asked:
        *_, last = branch.branch(S, linear, l2=l2, box=box, scale=scale, **question)
        assert last.proven
        assert last.bound <= optimum + 1e-13 * scale
        assert abs(last.best.objective - optimum) <= 1e-6 * scale
        b, price = last.best.b, question.get("price", 0.0)
        np.testing.assert_allclose(
            last.best.objective, cost(S, linear, l2, b) + price * np.sum(b != 0), atol=1e-12 * scale
        )
        assert np.sum(b != 0) <= question.get("size", p)
        assert (abs(b) <= box).all()


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("seed", range(2))
def test_proven_optima_are_those_of_the_enumeration(seed, setting):
    agrees(seed, 12, setting)


@pytest.mark.slow
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("seed", range(50))
def test_proven_optima_of_fifteen_columns_are_those_of_the_enumeration(seed, setting):
    agrees(100 + seed, 15, setting)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 8),
    st.integers(2, 30),
    st.sampled_from(sorted(SETTINGS)),
    st.sampled_from([0.0, 0.9]),
    st.booleans(),
    st.booleans(),
)
@settings(max_examples=80)
def test_a_bound_is_never_above_the_optimum(seed, p, n, setting, rho, hostile, by_size):
    """The bound of the root, that of every step of a search, and the answer of one that ended; columns may repeat."""
    S, linear = problem(seed, n, p, rho, hostile and p > 2)
    l2, box = SETTINGS[setting]
    sizes, values = enumerate_supports(S, linear, l2, box)
    rng = np.random.default_rng(seed)
    k, alpha = int(rng.integers(1, p + 1)), 10 ** rng.uniform(-4, 0)
    question = {"size": k} if by_size else {"price": alpha}
    optimum = values[sizes <= k].min() if by_size else (values + alpha * sizes).min()
    scale = max(-values.min(), 1e-300)
    noise = 1e-14 * max(np.sum(abs(linear)), scale)  # of the enumeration
    found = perspective.bound(S, linear, l2=l2, box=box, **question)
    assert found.value <= optimum + noise
    steps = list(branch.branch(S, linear, l2=l2, box=box, scale=scale, **question))
    for step in steps:
        assert step.bound <= optimum + noise
        assert step.best.objective >= optimum - 1e-9 * scale - noise
    assert steps[-1].proven
    assert steps[-1].best.objective <= optimum + 1.001e-6 * scale + noise


@pytest.mark.parametrize(("setting", "source"), [("ridge", "perspective"), ("box", "perspective")])
def test_a_bound_says_where_it_comes_from(setting, source):
    S, linear = problem(0, 6, 12)  # S is singular: nothing to spare
    l2, box = SETTINGS[setting]
    assert perspective.bound(S, linear, size=2, l2=l2, box=box).source == source
    found = perspective.bound(S, linear, size=2)
    assert found.source == "unpenalised"
    everything = np.linalg.lstsq(S, linear, rcond=1e-10)[0]
    np.testing.assert_allclose(found.value, cost(S, linear, 0.0, everything), rtol=1e-8)


def test_curvature_to_spare_bounds_without_a_ridge():
    """Orthonormal columns: the relaxation of the whole diagonal is the optimum."""
    linear = np.array([3.0, 2.0, 1.0])
    found = perspective.bound(np.eye(3), linear, size=2)
    assert found.source == "perspective"
    np.testing.assert_allclose(found.value, -(9 + 4) / 2, rtol=1e-6)


def test_the_relaxation_is_that_of_an_independent_solver():
    cp = pytest.importorskip("cvxpy")
    S, linear = problem(5, 20, 10)
    for l2, box, size, price in [(0.1, 10.0, 3, 0.0), (0.02, 0.3, 4, 0.01), (0.2, 10.0, 10, 0.05)]:
        b, z, t = cp.Variable(10), cp.Variable(10), cp.Variable(10)
        # S and ridge as they come: ours may move spare curvature into the ridge, and is then at least as good.
        root = np.linalg.cholesky(S).T
        goal = cp.sum_squares(root @ b) / 2 - linear @ b + l2 / 2 * cp.sum(t) + price * cp.sum(z)
        limits = [z >= 0, z <= 1, cp.sum(z) <= size, cp.abs(b) <= box * z]
        limits += [cp.SOC(t[j] + z[j], cp.hstack([2 * b[j], t[j] - z[j]])) for j in range(10)]
        value = cp.Problem(cp.Minimize(goal), limits).solve(solver="CLARABEL")
        assert perspective.bound(S, linear, size=size, price=price, l2=l2, box=box).value >= value - 1e-7
        # With S - D for the D that leaves no curvature to spare it is the same relaxation.
        spare = np.linalg.eigvalsh(S / np.sqrt(np.outer(np.diag(S), np.diag(S))))[0]
        flat = S - spare * np.diag(np.diag(S))
        root = np.linalg.cholesky(flat + 1e-12 * np.eye(10)).T
        goal = cp.sum_squares(root @ b) / 2 - linear @ b + l2 / 2 * cp.sum(t) + price * cp.sum(z)
        value = cp.Problem(cp.Minimize(goal), limits).solve(solver="CLARABEL")
        np.testing.assert_allclose(
            perspective.bound(flat, linear, size=size, price=price, l2=l2, box=box).value, value, atol=1e-6
        )


def least(S, linear, l2, columns):
    columns = list(columns)
    return cost(
        S[np.ix_(columns, columns)],
        linear[columns],
        l2,
        np.linalg.lstsq(S[np.ix_(columns, columns)] + l2 * np.eye(len(columns)), linear[columns], rcond=1e-12)[0],
    )


def exchanges(support, p, size, depth):
    """Every support that takes out and lets in up to ``depth`` columns."""
    outside = [j for j in range(p) if j not in support]
    for out, come in itertools.product(range(depth + 1), repeat=2):
        for a, b in itertools.product(itertools.combinations(support, out), itertools.combinations(outside, come)):
            found = [j for j in support if j not in a] + list(b)
            if len(found) <= size:
                yield found


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.05]), st.sampled_from([1, 2]), st.sampled_from([0.3, 0.95]))
def test_no_exchange_improves_on_what_a_search_ends_with(seed, l2, depth, rho):
    S, linear = problem(seed, 25, 14, rho)
    scale = -least(S, linear, l2, range(14))
    for found, k in zip(subset.by_size(S, linear, 6, l2=l2, exchange=depth), range(1, 7), strict=True):
        best = min(least(S, linear, l2, A) for A in exchanges(found.support.tolist(), 14, k, depth))
        assert found.objective <= best + 1e-10 * scale
    for alpha in (0.1, 0.01):
        (found,) = subset.by_price(S, linear, [alpha], l2=l2, exchange=depth)
        best = min(least(S, linear, l2, A) + alpha * len(A) for A in exchanges(found.support.tolist(), 14, 14, depth))
        assert found.objective <= best + 1e-10 * scale


@given(st.integers(0, 2**32 - 1))
def test_no_exchange_improves_inside_a_box(seed):
    S, linear = problem(seed, 25, 7)
    _, values = enumerate_supports(S, linear, 0.0, 0.3)
    supports = [c for k in range(8) for c in itertools.combinations(range(7), k)]
    minima = dict(zip(supports, values, strict=True))
    for found, k in zip(subset.by_size(S, linear, 3, box=0.3), range(1, 4), strict=True):
        assert (abs(found.b) <= 0.3).all()
        near = [minima[tuple(sorted(A))] for A in exchanges(found.support.tolist(), 7, k, 1)]
        assert found.objective <= min(near) + 1e-9


@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_dependent_columns_are_left_out(seed, n):
    """Copies, zero columns, more columns than rows: at most rank(S) columns, and a perfect fit where they suffice."""
    S, linear = problem(seed, n, 12, hostile=True)
    everything = cost(S, linear, 0.0, np.linalg.lstsq(S, linear, rcond=1e-10)[0])
    found = subset.by_size(S, linear, 12)
    assert len(found[-1].support) <= n
    assert 11 not in found[-1].support
    np.testing.assert_allclose(found[-1].objective, everything, rtol=1e-6)
    assert np.all(np.diff([f.objective for f in found]) <= 1e-9 * abs(everything))


def test_the_weights_are_the_least_squares_of_the_support():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((60, 8)) * np.geomspace(1e-4, 1e4, 8)
    y = rng.standard_normal(60)
    found = subset.solve_on(X.T @ X / 60, X.T @ y / 60, [6, 1, 3])
    np.testing.assert_allclose(found.b[[1, 3, 6]], np.linalg.lstsq(X[:, [1, 3, 6]], y, rcond=None)[0], rtol=1e-11)
    assert found.support.tolist() == [1, 3, 6]


def test_a_newton_loop_calls_improve():
    """Sparse logistic regression by quadratic models finds the three features that made the classes."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((400, 30))
    y = (X[:, [2, 11, 17]] @ [2.0, -2.0, 1.5] + rng.logistic(size=400) > 0).astype(float)
    b = np.zeros(30)
    for _ in range(20):
        mean = 1 / (1 + np.exp(-X @ b))
        H, g = X.T @ (X * (mean * (1 - mean))[:, None]) / 400, X.T @ (mean - y) / 400
        b = subset.improve(H, H @ b - g, np.flatnonzero(b), size=3).b
    assert np.flatnonzero(b).tolist() == [2, 11, 17]
    mean = 1 / (1 + np.exp(-X @ b))
    np.testing.assert_allclose((X.T @ (mean - y))[[2, 11, 17]] / 400, 0.0, atol=1e-10)


def test_an_interrupted_search_has_a_valid_bound():
    S, linear = problem(7, 30, 60, 0.7)
    l2, size = 0.02, 6
    steps = branch.branch(S, linear, size=size, l2=l2)
    first = next(steps)
    steps.close()
    (better,) = subset.by_size(S, linear, [size], l2=l2, exchange=2)
    assert first.bound <= better.objective
    assert first.gap >= 0.0


def test_bounds_rise_and_objectives_fall():
    S, linear = problem(8, 200, 60, 0.7)
    steps = list(branch.branch(S, linear, size=6, l2=0.02))
    assert steps[-1].proven
    assert np.all(np.diff([s.bound for s in steps]) >= -1e-12)
    assert np.all(np.diff([s.best.objective for s in steps]) <= 0.0)


def test_prices_bar_and_differ():
    S, linear = problem(9, 40, 8)
    price = np.full(8, 0.01)
    price[int(np.argmax(abs(linear)))] = np.inf
    *_, last = branch.branch(S, linear, price=price, l2=0.1)
    barred = int(np.argmax(abs(linear)))
    rest = np.delete(np.arange(8), barred)
    sizes, values = enumerate_supports(S[np.ix_(rest, rest)], linear[rest], 0.1, np.inf)
    np.testing.assert_allclose(last.best.objective, (values + 0.01 * sizes).min(), rtol=1e-6)
    assert last.best.b[barred] == 0.0


def test_nothing_to_bound_the_weights_is_refused_with_words():
    S, linear = problem(0, 20, 50)
    with pytest.raises(ValueError, match=r"ridge or a box.*at most 40 columns"):
        branch.branch(S, linear, size=3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"l2": -1.0}, "l2 must hold"),
        ({"l2": np.inf}, "l2 must hold finite"),
        ({"box": np.nan}, "box must hold"),
        ({"price": [1.0, 2.0, 3.0]}, "price must be a number or have shape"),
        ({"size": 1.5}, "size must be an integer"),
        ({"tol": -1.0}, "tol must be"),
        ({"scale": 0.0}, "scale must be"),
        ({"start": [0, 0]}, "distinct columns"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        list(branch.branch(np.eye(2), np.ones(2), **({"size": 1} | arguments)))


def test_no_columns_and_no_room():
    *_, last = branch.branch(np.zeros((0, 0)), np.zeros(0))
    assert last.proven
    *_, last = branch.branch(np.eye(3), np.ones(3), size=0, l2=0.1)
    assert last.proven
    assert last.best.objective == 0.0
    assert subset.by_size(np.zeros((2, 2)), np.zeros(2), 2)[1].support.tolist() == []


def test_inputs_are_left_as_they_were(unchanged):
    S, linear = problem(2, 40, 10)
    unchanged(S, linear)
    list(branch.branch(S, linear, size=3, l2=0.1))
    subset.by_price(S, linear, [0.1, 0.01])


@pytest.mark.parametrize("kind", ["Exchange", "Leaps", "Tree"])
def test_the_kernels_refuse_wrong_sizes_and_columns(kind):
    make, rest = getattr(_kernel, kind), () if kind == "Exchange" else (2, 0.0)
    good = {"S": np.eye(3)} | {name: np.ones(3) for name in ("linear", "l2", "box", "price")}
    held = make(*good.values(), *rest)
    for name in good:
        for wrong in (np.ones(2), np.ones(4)) if name != "S" else (np.eye(4), np.ones((3, 2))):
            with pytest.raises(ValueError, match=r"disagree|rows whole"):
                make(*(good | {name: wrong}).values(), *rest)
        with pytest.raises(TypeError):
            make(*(good | {name: good[name].astype(np.complex128)}).values(), *rest)
    start = held.set if kind == "Exchange" else held.offer
    for wrong, message in [([3], "out of range"), ([-1], "out of range"), ([1, 1], "twice")]:
        with pytest.raises(ValueError, match=message):
            start(np.array(wrong, dtype=np.int64))


def test_leaps_takes_no_more_columns_than_it_has_bits():
    with pytest.raises(ValueError, match="at most 64"):
        _kernel.Leaps(np.eye(65), *(np.ones(65) for _ in range(4)), 2, 0.0)


# -- S by its columns ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "p"), [(1, 1), (3, 7), (20, 30), (50, 8)])
def test_rows_of_products(n, p):
    rng = np.random.default_rng(n)
    Z = rng.standard_normal((n, p))
    rows, out = _kernel.Products(Z), np.empty(p)
    for j in rng.permutation(p):
        rows.row(j, out)
        np.testing.assert_allclose(out, Z.T @ Z[:, j], rtol=1e-13, atol=1e-13)
    for bad in (p, p + 5):
        with pytest.raises(ValueError, match="no such row"):
            rows.row(bad, out)
    with pytest.raises(ValueError, match="no such row"):
        rows.row(0, np.empty(p + 1))


@pytest.mark.parametrize("seed", range(6))
def test_a_search_by_columns_finds_what_one_on_all_of_S_finds(seed):
    rng = np.random.default_rng(seed)
    n, p = 40, 60
    Z = rng.standard_normal((n, p))
    Z[:, 1:] += 0.7 * Z[:, :-1]
    linear = Z.T @ (Z[:, rng.choice(p, 6, replace=False)].sum(axis=1) + rng.standard_normal(n))
    S, by_columns = Z.T @ Z, subset.Columns(Z)
    for options in ({}, {"l2": 0.5, "box": 0.8}):
        whole = subset.by_size(S, linear, 8, **options)
        for one, other in zip(whole, subset.by_size(by_columns, linear, 8, **options), strict=True):
            assert one.support.tolist() == other.support.tolist()
            np.testing.assert_allclose(one.b, other.b, rtol=1e-9, atol=1e-10)
            assert one.objective == pytest.approx(other.objective, rel=1e-10)
        start = whole[3].support.tolist()
        one, other = (subset.improve(form, linear, start, size=4, price=0.01, **options) for form in (S, by_columns))
        assert one.support.tolist() == other.support.tolist()
    below = perspective.bound(by_columns, linear, size=3, l2=0.5)
    assert below.value == pytest.approx(perspective.bound(S, linear, size=3, l2=0.5).value, rel=1e-9)


def test_columns_that_hold_nan_are_refused():
    with pytest.raises(ValueError, match="must be finite"):
        subset.by_size(subset.Columns([[np.nan, 1.0]]), [1.0, 1.0], 1)
