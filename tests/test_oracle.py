"""The oracle is itself on trial: closed forms, rationals, and a solver that is neither ours nor its own."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

import oracle
import responses
from definitions import DEFINITIONS, SINGLE

# Digits that two routes to the same number may differ by, in extended precision and where it is only double.
TIGHT = 1e-16 if oracle.EXTENDED else 1e-12


# One and more of every loss of one output: name and parameters.
MADE = {
    f"{name}{list(each.values()) or ''}": (name, each)
    for name in SINGLE
    for each in responses.PARAMETERS.get(name, [{}])
}
made = pytest.mark.parametrize(("loss", "parameters"), MADE.values(), ids=MADE.keys())


# -- the definitions ----------------------------------------------------------------------------------------------


def looked_at(loss, parameters):
    """(definition, y, η): responses of every size, against a grid of η."""
    f = DEFINITIONS[loss](**parameters)
    y = {"logistic": [0, 1], "squared_hinge": [0, 1], "gamma": [1e-6, 0.3, 1, 7, 1e6]}.get(
        loss, [0, 1e-6, 0.3, 1, 7, 1e6]
    )
    y = [each for each in y if each > 0 or parameters.get("power") != 2.0]
    return f, f.code(np.array(y))[:, None], np.linspace(-12.3, 12.1, 41).astype(oracle.LD)


@made
def test_derivatives_of_the_definitions(loss, parameters):
    f, y, eta = looked_at(loss, parameters)
    h = oracle.LD(1e-3)
    smooth = np.ones(np.broadcast_shapes(y.shape, eta.shape), dtype=bool)
    for kink in f.kinks(y):
        smooth &= abs(eta - kink) > 2 * h

    def difference(g):
        return (8 * (g(eta + h) - g(eta - h)) - (g(eta + 2 * h) - g(eta - 2 * h))) / (12 * h)

    slope, curve = f.slope(y, eta), f.curve(y, eta)
    size = f.size(y, eta) + abs(slope) + 1e-6
    miss = abs(difference(lambda e: f.value(y, e)) - slope) / size
    assert miss[smooth].max() < 1e-11
    miss = abs(difference(lambda e: f.slope(y, e)) - curve) / (abs(slope) + curve + size)
    assert miss[smooth].max() < 1e-11


@made
def test_the_conjugate_of_the_definitions(loss, parameters):
    """Equality at u = f'(η); f + f* - uη, never negative, by two routes; nothing beyond the ends of the domain."""
    f, y, eta = looked_at(loss, parameters)
    low, high = f.domain(y)
    unit = 1 + abs(y) + max(parameters.values(), default=0)  # probabilities and means are differences
    digits = 1e-17 * (1 if oracle.EXTENDED else 1e4)
    for other in (0.0, 0.4, 1.0):
        at = eta[::-1] if other else eta
        u = f.slope(y, at) * (oracle.LD(other) if other else 1)
        young = f.young(y, eta, u)
        assert np.all(young >= 0)
        size = f.size(y, eta) + f.conjugate_size(y, u) + abs(u * eta) + unit
        naive = f.value(y, eta) + f.conjugate(y, u) - u * eta
        assert np.max(abs(naive - young) / size) < digits
        if not other:
            assert np.max(young / size) < digits
    for end, sign in ((low, -1), (high, 1)):
        inside = np.isfinite(end)
        assert np.all(np.isfinite(f.conjugate(y, np.where(inside, end, 0))))
        beyond = np.where(inside, end + sign * (1e-6 + 1e-6 * abs(end)), 0)
        assert np.all(np.isposinf(f.conjugate(y, beyond)) == inside)
        assert np.all(np.isposinf(f.young(y, eta, beyond)) == inside)


@made
def test_what_the_definitions_say_at_their_ends(loss, parameters):
    f, y, eta = looked_at(loss, parameters)
    assert np.all(f.value(y, eta) >= f.saturated(y) - 1e-18 * f.size(y, eta))
    nothing = np.zeros_like(y)
    least = -f.conjugate(y, nothing)
    assert np.all(abs(least - f.saturated(y)) <= 1e-18 * (abs(least) + f.conjugate_size(y, nothing)))
    # u - d·room is inside for small d, kinks included.
    spots = np.concatenate([np.broadcast_to(eta, (len(y), len(eta))), *(k for k in f.kinks(y))], axis=1)
    for share in (-0.1, -0.01, 0.01, 0.1):
        u = f.slope(y, spots) - share * f.room(y, spots)
        low, high = f.domain(y)
        slack = 1e-18 * (1 + abs(y))
        assert np.all((u >= low - slack) & (u <= high + slack))


# -- problems -----------------------------------------------------------------------------------------------------


def orthonormal(seed, n=40, p=6):
    """Centred columns of unit spread and no correlation, so that the lasso is soft thresholding."""
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(np.column_stack([np.ones(n), rng.standard_normal((n, p))]))[0]
    X = Q[:, 1:] * np.sqrt(n)
    return X, X @ rng.standard_normal(p) + rng.standard_normal(n) + 3.0


def random_problem(seed, loss="squared", parameters=None):
    rng = np.random.default_rng(seed)
    n, p = 40, 7
    X = rng.standard_normal((n, p)) * rng.uniform(0.1, 10, p) + rng.standard_normal(p)
    eta = (X - X.mean(axis=0)) / X.std(axis=0) @ rng.standard_normal(p)
    return X, responses.draw(loss, eta, rng, **(parameters or {}))


SETTINGS = [
    pytest.param({}, id="plain"),
    pytest.param({"fit_intercept": False}, id="no-intercept"),
    pytest.param({"standardize": False}, id="raw-scale"),
    pytest.param({"sample_weight": np.linspace(0, 2, 40)}, id="weights"),
    pytest.param({"offset": np.linspace(-1, 1, 40)}, id="offset"),
    pytest.param({"penalty_weights": [0, 1, 2, np.inf, 0.5, 1, 0]}, id="penalty-weights"),
    pytest.param(
        {
            "penalty_weights": [1, 0, 2, np.inf, 0.5, 1, 1],
            "sample_weight": np.tile([0.0, 1.0, 3.0, 0.5], 10),
            "offset": np.linspace(-1, 1, 40),
            "fit_intercept": False,
        },
        id="everything",
    ),
]


@pytest.mark.parametrize("rho", [1.0, 0.7, 0.0])
def test_closed_form_on_orthonormal_columns(rho):
    for seed in range(5):
        X, y = orthonormal(seed)
        problem = oracle.Problem(X, y, l1_ratio=rho)
        pull = X.T @ (y - y.mean()) / len(y)
        for alpha in [0.01, 0.1, 0.5, 1.0, 10.0]:
            best = np.sign(pull) * np.maximum(abs(pull) - alpha * rho, 0) / (1 + alpha * (1 - rho))
            assert abs(problem.gap(best, y.mean(), alpha)) < 1e-14
            assert problem.violation(best, y.mean(), alpha) < 1e-13
            rng = np.random.default_rng(seed)
            for size in [1e-6, 1e-3, 1.0]:
                other = best + size * rng.standard_normal(len(best))
                base = y.mean() + size * rng.standard_normal()
                excess = problem.objective(other, base, alpha) - problem.objective(best, y.mean(), alpha)
                certificate = problem.certify(other, base, alpha)
                assert excess > 0
                assert certificate.gap * problem.null_loss >= excess
                assert certificate.dual <= problem.objective(best, y.mean(), alpha)


def test_alpha_max_on_orthonormal_columns():
    X, y = orthonormal(1)
    pull = np.max(abs(X.T @ (y - y.mean()))) / len(y)
    assert oracle.Problem(X, y).alpha_max == pytest.approx(pull, rel=1e-13)
    assert oracle.Problem(X, y, l1_ratio=0.5).alpha_max == pytest.approx(2 * pull, rel=1e-13)
    assert oracle.Problem(X, y, l1_ratio=0.0).alpha_max == pytest.approx(1000 * pull / y.std(), rel=1e-13)


@given(st.data())
def test_extended_precision_agrees_with_rationals(data):
    n, p = data.draw(st.integers(2, 5)), data.draw(st.integers(1, 3))
    whole = st.integers(-9, 9)
    X = np.array(data.draw(st.lists(whole, min_size=n * p, max_size=n * p)), dtype=float).reshape(n, p)
    y = np.array(data.draw(st.lists(whole, min_size=n, max_size=n)), dtype=float)
    coef = np.array(data.draw(st.lists(st.integers(-8, 8), min_size=p, max_size=p))) / 8
    coef[np.all(X[0] == X, axis=0)] = 0
    base, alpha, rho = (
        data.draw(whole) / 4,
        data.draw(st.integers(1, 20)) / 8,
        data.draw(st.sampled_from([1.0, 0.5, 0.0])),
    )
    problem = oracle.Problem(X, y, l1_ratio=rho, standardize=False)
    if problem.null_loss == 0:
        return
    exact = oracle.rational_gap(X.tolist(), y.tolist(), coef.tolist(), base, alpha, l1_ratio=rho)
    assert exact >= 0
    found = problem.gap(coef, base, alpha) * float(problem.null_loss)
    # 1e-14: the found one is handed over as a double
    assert found == pytest.approx(float(exact), rel=1e-14 * (1 if oracle.EXTENDED else 1e3), abs=1e-16)


# Every setting of two losses, of the others the first and the last.
PAIRS = [
    pytest.param(loss, setting.values[0], id=f"{loss}-{setting.id}")
    for loss in SINGLE
    for setting in (SETTINGS if loss in {"squared", "logistic"} else SETTINGS[:: len(SETTINGS) - 1])
]


@pytest.mark.parametrize("rho", [1.0, 0.6, 0.0])
@pytest.mark.parametrize(("loss", "options"), PAIRS)
def test_cvxpy_and_the_reference_agree_with_the_oracle(loss, rho, options):
    X, y = random_problem(3, loss=loss)
    problem = oracle.Problem(X, y, loss=loss, l1_ratio=rho, **options)
    alpha = problem.alpha_max * (0.2 if rho > 0 else 1e-4)
    theirs, good = oracle.cvxpy_reference(problem, alpha), oracle.reference(problem, alpha)
    # A weight is a double: where a response is that much larger than its spread, so are the digits it costs.
    outlier = float(np.max(abs(problem.y)) / np.sqrt(2 * problem.span)) if problem.f.real else 1.0
    assert problem.gap(*good, alpha) < 1e-14 * max(1.0, outlier)
    assert problem.violation(*good, alpha) < 1e-10 * alpha
    null = float(problem.span)
    # Clarabel stops at about 1e-9 on exponential cones.
    assert abs(problem.objective(*theirs, alpha) - problem.objective(*good, alpha)) < 1e-7 * null
    assert problem.objective(*theirs, alpha) >= problem.objective(*good, alpha) - 1e-15 * null
    far = np.max(abs(theirs[0] - good[0]) * problem.scale)
    assert far <= 2e-3 * max(float(np.max(abs(good[0]) * problem.scale)), 1e-3)
    # The gap is an upper bound at every point, near and far.
    rng = np.random.default_rng(0)
    for size in [1e-5, 1e-2, 1.0]:
        coef = good[0] + size * rng.standard_normal(X.shape[1]) * ~problem.excluded
        base = good[1] + size * rng.standard_normal() * problem.fit_intercept
        excess = problem.objective(coef, base, alpha) - problem.objective(*good, alpha)
        assert problem.gap(coef, base, alpha) * null >= excess * (1 - 1e-12)


@made
def test_null_model_and_alpha_max(loss, parameters):
    options = {"penalty_weights": [0, 1, 2, np.inf, 0.5, 1, 1], "offset": np.linspace(-1, 1, 40)}
    of = {"loss": loss, "parameters": parameters}
    X, y = random_problem(5, **of)
    problem = oracle.Problem(X, y, **of, **options)
    only = oracle.Problem(X[:, :1], y, **of, offset=options["offset"], penalty_weights=[0])
    null = oracle.reference(only, 1.0)
    assert float(problem.null_loss) == pytest.approx(float(only.objective(*null, 1.0)), rel=1e-15)
    saturated = np.sum(problem.omega * problem.f.saturated(problem.y))
    assert float(problem.span) == pytest.approx(float(problem.null_loss - saturated), rel=1e-15)
    coef = np.r_[null[0], np.zeros(6)]
    top = problem.alpha_max
    assert problem.gap(coef, null[1], top * (1 + 1e-12)) < 1e-20
    assert problem.violation(coef, null[1], top * (1 + 1e-9)) < 1e-12
    assert problem.violation(coef, null[1], top * 0.99) > 1e-3 * top
    assert problem.gap(coef, null[1], np.inf) < 1e-20
    assert np.count_nonzero(oracle.reference(problem, top * 1.0001)[0][1:]) == 0
    assert np.count_nonzero(oracle.reference(problem, top * 0.99)[0][1:]) >= 1


@pytest.mark.parametrize("loss", SINGLE)
def test_no_penalty_at_alpha_zero(loss):
    X, y = random_problem(6, loss=loss)
    problem, every = oracle.Problem(X, y, loss=loss), oracle.Problem(X, y, loss=loss, penalty_weights=np.zeros(7))
    best = oracle.reference(every, 1.0)
    assert problem.gap(*best, 0.0) < 1e-20
    assert problem.gap(best[0] * 1.01, best[1], 0.0) > 1e-9


@pytest.mark.parametrize("loss", SINGLE)
def test_sparse_and_blocks_give_the_same_figures(loss, monkeypatch):
    rng = np.random.default_rng(2)
    X, y = random_problem(8, loss=loss)
    X = X * (rng.random(X.shape) < 0.4)
    X[:, 2] = 0
    X[:, 4] = 2.5
    w = rng.uniform(0, 3, 40) * (rng.random(40) < 0.8)
    coef = rng.standard_normal(7)
    coef[[2, 4]] = 0
    whole = oracle.Problem(X, y, loss=loss, sample_weight=w)
    monkeypatch.setattr(oracle, "BLOCK", 80)
    cut = oracle.Problem(np.asfortranarray(X), y, loss=loss, sample_weight=w)
    doubled = sp.csc_array((np.r_[X[X != 0], X[X != 0]] / 2, np.tile(np.nonzero(X), 2)), shape=X.shape)
    for other in [
        cut,
        oracle.Problem(sp.csr_array(X), y, loss=loss, sample_weight=w),
        oracle.Problem(doubled, y, loss=loss, sample_weight=w),
    ]:
        assert other.excluded.tolist() == whole.excluded.tolist() == [False, False, True, False, True, False, False]
        np.testing.assert_allclose(other.scale.astype(float), whole.scale.astype(float), rtol=1e-15)
        assert other.gap(coef, 0.3, 0.1) == pytest.approx(whole.gap(coef, 0.3, 0.1), rel=1e-13)
        assert other.violation(coef, 0.3, 0.1) == pytest.approx(whole.violation(coef, 0.3, 0.1), rel=1e-13)
        assert other.alpha_max == pytest.approx(whole.alpha_max, rel=1e-13)


def test_zero_rows_and_repeated_rows():
    X, y = random_problem(9)
    times = np.tile([0, 1, 2, 3], 10)
    a = oracle.Problem(X, y, sample_weight=times)
    b = oracle.Problem(np.repeat(X, times, axis=0), np.repeat(y, times))
    coef = np.linspace(-1, 1, 7)
    assert a.gap(coef, 0.5, 0.2) == pytest.approx(b.gap(coef, 0.5, 0.2), rel=1e-13)


def test_naive_twin_agrees():
    X, y = random_problem(10)
    problem = oracle.Problem(X, y)
    alpha = problem.alpha_max / 10
    assert problem.gap(*oracle.naive_lasso(X, y, alpha), alpha) < 1e-13


def test_separated_classes_have_a_null_loss_and_finite_gaps():
    X, y = np.linspace(-1, 1, 20)[:, None], (np.arange(20) >= 10).astype(float)
    problem = oracle.Problem(X, y, loss="logistic")
    alpha = problem.alpha_max / 1000
    assert problem.gap(*oracle.reference(problem, alpha), alpha) < 1e-13


def test_wide_reference_uses_a_working_set():
    rng = np.random.default_rng(4)
    X = rng.standard_normal((50, 2000))
    for loss, y in [
        ("squared", X[:, 0] - X[:, 1] + rng.standard_normal(50)),
        ("logistic", (X[:, 0] > 0).astype(float)),
    ]:
        problem = oracle.Problem(X, y, loss=loss)
        alpha = problem.alpha_max * 0.3
        assert problem.gap(*oracle.reference(problem, alpha), alpha) < 1e-13


@pytest.mark.skipif(not oracle.EXTENDED, reason="needs the range of an extended double")
@pytest.mark.parametrize("power", [1e170, 1e-170])
def test_range_beyond_double(power):
    X, y = random_problem(11)
    plain, large = oracle.Problem(X, y), oracle.Problem(X, y * power)
    coef = np.linspace(-1, 1, 7)
    assert large.gap(coef * power, 0.5 * power, 0.2 * power) == pytest.approx(plain.gap(coef, 0.5, 0.2), rel=1e-13)


def test_lies_are_caught():
    X, y = random_problem(12)
    problem = oracle.Problem(X, y)
    alpha = problem.alpha_max / 10
    coef, base = oracle.reference(problem, alpha)
    assert problem.gap(coef, base, alpha) < 1e-15
    for lie in [coef * 1.01, -coef, np.roll(coef, 1), np.zeros(7), coef * np.nan]:
        assert not problem.gap(lie, base, alpha) < 1e-6
    assert not problem.gap(coef, np.nan, alpha) < 1e-6
