"""What must not change the answer, and what must change it in a known way.

Two answers are compared through the oracle: ½μ‖δ‖² <= gap · null loss, with μ the curvature on the joint support,
bounds how far each may lie from the optimum.  The tolerance is that room plus a floor for rounding, so a test fails
when the two fits solved different problems and not when the data are ill-conditioned.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import lozenge as lz
import oracle

LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "float32": lambda X: X.astype(np.float32),
    "csc": sp.csc_matrix,
    "csr": sp.csr_matrix,
    "csc_array": sp.csc_array,
    "coo": sp.coo_array,
}
ROWS = ("sample_weight", "offset")


@dataclass(frozen=True)
class Case:
    X: np.ndarray
    y: np.ndarray
    loss: str
    rho: float
    fit_intercept: bool
    standardize: bool
    options: dict = field(default_factory=dict)

    def problem(self):
        return oracle.Problem(
            self.X,
            self.y,
            loss=self.loss,
            l1_ratio=self.rho,
            fit_intercept=self.fit_intercept,
            standardize=self.standardize,
            **self.options,
        )

    def fit(self, alphas, layout="C"):
        penalty = {1.0: "l1", 0.0: "l2"}.get(self.rho) or lz.penalties.ElasticNet(l1_ratio=self.rho)
        return lz.path(
            LAYOUTS[layout](self.X),
            self.y,
            loss=self.loss,
            penalty=penalty,
            alphas=alphas,
            fit_intercept=self.fit_intercept,
            standardize=self.standardize,
            tol=1e-12,
            **self.options,
        )

    def rows(self, index):
        """The same with rows chosen, repeated or permuted."""
        options = {name: value[index] if name in ROWS else value for name, value in self.options.items()}
        return replace(self, X=self.X[index], y=self.y[index], options=options)

    def using(self, **more):
        return replace(self, options={**self.options, **more})


@st.composite
def cases(draw, losses=("squared", "logistic"), rhos=(1.0, 0.5, 0.0), most=12, weights=None):
    """Small problems whose X holds multiples of 1/64: exact in float32, and exact after a shift by a few units."""
    n, p = draw(st.integers(3, 30)), draw(st.integers(1, most))
    loss, rho = draw(st.sampled_from(losses)), draw(st.sampled_from(rhos))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X = rng.standard_normal((n, p)) + draw(st.sampled_from([0.0, 0.0, 1.0])) * rng.standard_normal((n, 1))
    X = X * rng.choice([0.5, 1.0, 4.0], p) + rng.choice([0.0, 0.0, 3.0], p)
    X[rng.random((n, p)) < draw(st.sampled_from([0.0, 0.6]))] = 0.0
    X = np.round(X * 64) / 64
    signal = X @ (rng.standard_normal(p) * (rng.random(p) < 0.6))
    if loss == "squared":
        y = signal + rng.standard_normal(n) + 2.0
    else:
        y = (rng.random(n) < 1 / (1 + np.exp(-signal))).astype(float)
        y[:2] = [0.0, 1.0]
    options = {}
    if draw(st.booleans()) if weights is None else weights:
        options["sample_weight"] = rng.integers(0, 4, n).astype(float)
        options["sample_weight"][:3] = [1.0, 2.0, 1.0]
    if draw(st.booleans()):
        options["offset"] = np.round(rng.standard_normal(n) * 64) / 64
    return Case(X, y, loss, rho, draw(st.booleans()), draw(st.booleans()), options)


layouts = st.sampled_from(sorted(LAYOUTS))


def grid(problem):
    """Two values of α inside the path; none where every column is constant or y is."""
    top = problem.alpha_max
    if not top > 1e-8 * float(np.sqrt(problem.null_loss)):
        assume(condition=False)
    return np.array([0.5, 0.05]) * top * (1.0 if problem.rho > 0 else 1e-3)


def agree(problem, one, two, alpha, *, floor=1e-8, weights=True):
    """Two (coef, intercept) of the same problem in the same units: same fitted values, and same weights.

    The weights are compared where they are determined: skipped where the curvature on the joint support is below 1e-6
    of unit columns (rounding of the data alone then moves them by more than the floor).
    """
    gaps = [problem.gap(*each, alpha) for each in (one, two)]
    assert max(gaps) < 1e-9
    etas = [problem.eta(*each) for each in (one, two)]
    # Fitted values: the loss alone has curvature min f'' between the two (each f'' is at least half of that at the
    # ends when they are this close).
    curve = float(min(np.min(problem._curve(eta)) for eta in etas)) / 2
    far = float(np.sqrt(np.sum(problem.omega * (etas[0] - etas[1]) ** 2)))
    size = float(np.sqrt(np.sum(problem.omega * (etas[0] - problem.offset) ** 2)))
    unit = float(np.sqrt(2 * problem.null_loss))
    assert far <= floor * (size + unit) + sum(problem.room(gap, curve) for gap in gaps), (far, gaps)
    a, b = (np.asarray(each[0]) * problem.scale.astype(float) for each in (one, two))
    ridge = alpha * (1 - float(problem.rho)) * float(np.min(problem.v[problem.penalised], initial=np.inf))
    ridge = 0.0 if problem.free.any() or not np.isfinite(ridge) else ridge
    mu = problem.convexity(etas[0], (a != 0) | (b != 0)) / 2 + ridge
    if weights and mu > 1e-6:
        far = np.max(abs(a - b), initial=0.0)
        largest = max(np.max(abs(a), initial=0.0), unit)
        assert far <= floor * largest + sum(problem.room(gap, mu) for gap in gaps), (far, gaps, mu)


def compare(case, path, other, translate, *, floor=1e-8):
    """``translate`` takes the other path's (coef, intercept) to this case's units."""
    problem = case.problem()
    for k, alpha in enumerate(path.alphas):
        two = translate(*oracle.answer(other, k))
        # Where the optimum is not unique, only what every optimum shares is the same: the fitted values.
        unique = bool(path.unique[k] and other.unique[k])
        agree(problem, oracle.answer(path, k), two, float(alpha), floor=floor, weights=unique)


def same(coef, intercept):
    return coef, intercept


@given(cases(), layouts)
def test_certified_and_as_the_reference(case, layout):
    problem = case.problem()
    alphas = grid(problem)
    path = case.fit(alphas, layout)
    np.testing.assert_allclose(path.alphas, alphas, rtol=1e-15)
    oracle.check(path, problem, tol=1e-12)
    for k, alpha in enumerate(alphas):
        good = oracle.reference(problem, alpha)
        if problem.gap(*good, alpha) < 1e-12:
            agree(problem, oracle.answer(path, k), good, alpha, weights=bool(path.unique[k]))


@settings(max_examples=10)
@given(cases(most=6))
def test_as_cvxpy(case):
    problem = case.problem()
    alphas = grid(problem)
    path = case.fit(alphas)
    for k, alpha in enumerate(alphas):
        theirs = oracle.cvxpy_reference(problem, alpha)
        if theirs is not None:
            ours = problem.objective(*oracle.answer(path, k), alpha)
            assert ours <= problem.objective(*theirs, alpha) + 1e-12 * problem.null_loss


@given(cases())
@settings(max_examples=30)
def test_the_grid_starts_at_alpha_max(case):
    problem = case.problem()
    top = grid(problem)[0]
    path = case.fit(None)
    assert path.alphas[0] == pytest.approx(problem.alpha_max, rel=1e-9)
    assert path.model.alpha_max == pytest.approx(problem.alpha_max, rel=1e-9)
    assert len(path.alphas) == 100
    assert path.alphas[-1] / path.alphas[0] == pytest.approx(1e-4 if problem.n > problem.p else 1e-2, rel=1e-9)
    np.testing.assert_allclose(np.diff(np.log(path.alphas)), np.log(path.alphas[-1] / path.alphas[0]) / 99, rtol=1e-6)
    np.testing.assert_allclose(path.model.penalised_unit, problem.scale.astype(float), rtol=1e-9)
    if case.rho > 0:
        assert not path.coefs[:, [0]].toarray().any()
        assert case.fit([top * 1.99]).df[0] >= 1


@given(cases(weights=True), layouts)
def test_integer_weights_are_repeated_rows(case, layout):
    times = case.options["sample_weight"].astype(int)
    alphas = grid(case.problem())
    repeated = case.rows(np.repeat(np.arange(len(times)), times))
    repeated.options.pop("sample_weight")
    compare(case, case.fit(alphas, layout), repeated.fit(alphas, layout), same)


@given(cases(), st.sampled_from([1e-30, 0.3, 1e30]))
def test_only_the_ratios_of_weights_matter(case, factor):
    w = case.options.get("sample_weight", np.ones(len(case.y)))
    alphas = grid(case.problem())
    compare(case, case.using(sample_weight=w).fit(alphas), case.using(sample_weight=w * factor).fit(alphas), same)


@given(cases(), layouts, st.randoms(use_true_random=False))
def test_order_of_columns(case, layout, random):
    alphas = grid(case.problem())
    order = list(range(case.X.shape[1]))
    random.shuffle(order)
    back = np.argsort(order)
    other = replace(case, X=case.X[:, order])
    compare(case, case.fit(alphas, layout), other.fit(alphas, layout), lambda c, a: (c[back], a))


@given(cases(), layouts, st.randoms(use_true_random=False))
def test_order_of_rows(case, layout, random):
    alphas = grid(case.problem())
    order = list(range(len(case.y)))
    random.shuffle(order)
    compare(case, case.fit(alphas, layout), case.rows(order).fit(alphas, layout), same)


@given(cases(), st.sampled_from([1e-6, 0.3, 8.0, 1e5]))
def test_units_of_columns(case, factor):
    case = replace(case, standardize=True)
    alphas = grid(case.problem())
    factors = np.where(np.arange(case.X.shape[1]) % 2 == 0, factor, 1.0)
    other = replace(case, X=case.X * factors)
    compare(case, case.fit(alphas), other.fit(alphas), lambda c, a: (c * factors, a))


@given(cases(losses=("squared",), rhos=(1.0, 0.0)), st.sampled_from([-1.0, 1e-6, 0.3, 8.0, 1e5]))
def test_units_of_the_response(case, factor):
    # The lasso's α has the unit of y, the ridge's has none; a mixture of the two scales by no single factor.
    alphas = grid(case.problem())
    options = dict(case.options)
    if "offset" in options:
        options["offset"] = options["offset"] * factor
    other = replace(case, y=case.y * factor, options=options)
    path = other.fit(alphas * (abs(factor) if case.rho == 1 else 1.0))
    compare(case, case.fit(alphas), path, lambda c, a: (c / factor, a / factor))


@given(cases(losses=("logistic",)))
def test_swapped_classes_change_every_sign(case):
    if "offset" in case.options:
        flipped = replace(case, y=1 - case.y, options={**case.options, "offset": -case.options["offset"]})
    else:
        flipped = replace(case, y=1 - case.y)
    alphas = grid(case.problem())
    compare(case, case.fit(alphas), flipped.fit(alphas), lambda c, a: (-c, -a))


@given(cases(), layouts)
def test_a_shift_of_columns_moves_only_the_intercept(case, layout):
    case = replace(case, fit_intercept=True)
    alphas = grid(case.problem())
    shift = np.where(np.arange(case.X.shape[1]) % 3 == 0, 16.0, -2.0)
    other = replace(case, X=case.X + shift)
    path, shifted = case.fit(alphas, layout), other.fit(alphas, layout)
    compare(case, path, shifted, lambda c, a: (c, a + shift @ c))


@given(cases(), st.sampled_from(["F", "float32", "csc", "csr", "csc_array", "coo"]))
def test_dense_is_sparse(case, layout):
    alphas = grid(case.problem())
    compare(case, case.fit(alphas), case.fit(alphas, layout), same, floor=1e-10)


def test_sparse_with_intercept_and_sample_weights():
    """scikit-learn#15438: centring ignored the weights where X was sparse."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 8)) * (rng.random((60, 8)) < 0.3) + np.r_[1.0, np.zeros(7)]
    y, w = X @ rng.standard_normal(8) + 5 + rng.standard_normal(60), rng.integers(1, 10, 60).astype(float)
    for standardize in (True, False):
        case = Case(X, y, "squared", 1.0, fit_intercept=True, standardize=standardize, options={"sample_weight": w})
        alphas = grid(case.problem())
        oracle.check(case.fit(alphas, "csc"), case.problem(), tol=1e-12)
        compare(case, case.fit(alphas), case.fit(alphas, "csc"), same, floor=1e-10)


@given(cases(losses=("squared",)), layouts)
def test_an_offset_is_subtracted_from_the_response(case, layout):
    rng = np.random.default_rng(0)
    offset = rng.standard_normal(len(case.y))
    with_it = case.using(offset=offset)
    options = {name: value for name, value in case.options.items() if name != "offset"}
    without = replace(case, y=case.y - offset, options=options)
    alphas = grid(with_it.problem())
    compare(with_it, with_it.fit(alphas, layout), without.fit(alphas, layout), same)


@given(cases(), st.sampled_from([1.0, -1.0, 2.0]), layouts)
def test_twins_are_certified_and_not_unique(case, factor, layout):
    case = replace(case, X=np.column_stack([case.X, factor * case.X[:, 0]]))
    if not case.standardize:
        factor = np.sign(factor)
        case.X[:, -1] = factor * case.X[:, 0]
    problem = case.problem()
    path = case.fit(grid(problem), layout)
    oracle.check(path, problem, tol=1e-12)
    for k in range(2):
        coef = oracle.answer(path, k)[0] * problem.scale.astype(float)
        twins = coef[[0, -1]]
        if case.rho < 1:
            # A ridge part makes the optimum unique and shares the weight equally.
            assert twins[0] == pytest.approx(np.sign(factor) * twins[1], abs=1e-5 * (abs(coef).max() + 1e-300))
        elif twins.any():
            assert not path.unique[k]


@given(cases(), st.sampled_from([0.0, 1.0, 1e8, -0.1]), layouts)
def test_a_constant_column_has_weight_zero(case, value, layout):
    case = replace(case, fit_intercept=True)
    wider = replace(case, X=np.column_stack([case.X, np.full(len(case.y), value)]))
    alphas = grid(case.problem())
    path = wider.fit(alphas, layout)
    assert not path.coefs.toarray()[-1].any()
    assert path.model.constant[-1]
    compare(case, case.fit(alphas, layout), path, lambda c, a: (c[:-1], a))


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_one_row_is_refused(loss):
    with pytest.raises(ValueError, match=r"row|class"):
        lz.path(np.ones((1, 2)), np.ones(1), loss=loss)


@settings(max_examples=10)
@given(cases(most=5), layouts)
def test_weight_zero_is_unpenalised(case, layout):
    """celer#188: a zero penalty weight is free, and not out."""
    n, p = case.X.shape
    assume(n >= p + 3)
    free = np.ones(p)
    free[0] = 0.0
    case = case.using(penalty_weights=free)
    problem = case.problem()
    # A free column that separates the classes has no finite optimum.
    assume(problem.loss == "squared" or np.max(abs(problem.null[0])) < 15)
    if not problem.penalised.any():
        path = case.fit([1.0], layout)
        assert oracle.check(path, problem, tol=1e-12)
        return
    alphas = grid(problem)
    path = case.fit(alphas, layout)
    oracle.check(path, problem, tol=1e-12)
    for k, alpha in enumerate(alphas):
        ours = oracle.answer(path, k)
        theirs = oracle.cvxpy_reference(problem, alpha)
        if theirs is not None:
            assert problem.objective(*ours, alpha) <= problem.objective(*theirs, alpha) + 1e-12 * problem.null_loss
        agree(problem, ours, oracle.reference(problem, alpha), alpha, weights=bool(path.unique[k]))


@given(cases(), layouts)
def test_weight_infinity_drops_the_column(case, layout):
    p = case.X.shape[1]
    assume(p >= 2)
    out = np.ones(p)
    out[p // 2] = np.inf
    kept = np.isfinite(out)
    narrow = replace(case, X=case.X[:, kept])
    alphas = grid(narrow.problem())
    path = case.using(penalty_weights=out).fit(alphas, layout)
    assert not path.coefs.toarray()[p // 2].any()
    compare(narrow, narrow.fit(alphas, layout), path, lambda c, a: (c[kept], a))


@given(cases(rhos=(1.0,)), st.sampled_from([0.5, 2.0]))
def test_a_penalty_weight_is_a_unit_of_its_column(case, factor):
    case = replace(case, standardize=False)
    v = np.ones(case.X.shape[1])
    v[0] = factor
    heavy = case.using(penalty_weights=v)
    scaled = replace(case, X=case.X / v)
    alphas = grid(heavy.problem())
    compare(heavy, heavy.fit(alphas), scaled.fit(alphas), lambda c, a: (c / v, a))


@given(cases(), st.integers(0, 3))
def test_answers_do_not_depend_on_the_rest_of_the_grid(case, extra):
    alphas = grid(case.problem())
    full = np.unique(np.r_[alphas, np.geomspace(alphas[0] * 2, alphas[1] / 2, 3 + 7 * extra)])[::-1]
    path = case.fit(full)
    at = [int(np.argmin(abs(path.alphas - alpha))) for alpha in alphas]
    alone = case.fit(alphas)
    problem = case.problem()
    for k, i in enumerate(at):
        agree(
            problem,
            oracle.answer(alone, k),
            oracle.answer(path, i),
            float(alphas[k]),
            weights=bool(alone.unique[k]),
        )
