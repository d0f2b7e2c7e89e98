"""A certificate never flatters: reported gap >= true suboptimality, whatever it is handed, and its zeros are zeros.

Candidates are put together by hand and certified by the pieces the engine uses; the truth comes from `oracle`, which
shares no line with the package.
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
import responses
from definitions import SINGLE
from lozenge import certificate, engine
from lozenge import problem as problems
from lozenge.design import as_design
from lozenge.losses import LOSSES
from lozenge.penalties import L1, L2, ElasticNet
from lozenge.shards import Fleet, Shard

TOL = 1e-6
# Losses of one output, of which `oracle` knows the truth.
LOOKED_AT = [made for made in responses.MADE.values() if made[0] in SINGLE]
SLACK = 1e-13  # of the span: what the extended-precision truth is itself worth


@dataclass
class Case:
    X: np.ndarray
    y: np.ndarray
    loss: str
    rho: float
    fit_intercept: bool = True
    standardize: bool = True
    options: dict = field(default_factory=dict)  # sample_weight, offset, penalty_weights
    parameters: dict = field(default_factory=dict)  # of the loss

    def __post_init__(self):
        n, p = self.X.shape
        given = self.options
        self.truth = oracle.Problem(
            self.X,
            self.y,
            loss=self.loss,
            parameters=self.parameters,
            l1_ratio=self.rho,
            fit_intercept=self.fit_intercept,
            standardize=self.standardize,
            **given,
        )
        loss = LOSSES[self.loss](**self.parameters)
        penalty = {1.0: L1(), 0.0: L2()}.get(self.rho) or ElasticNet(self.rho)
        weights = np.asarray(given.get("sample_weight", np.ones(n)), dtype=float)
        shard = Shard(as_design(self.X)[0], loss, loss.check(self.y).values, weights, given.get("offset"))
        self.fleet = Fleet((shard,))
        (moments,) = problems.measure(self.fleet, [None])
        self.problem = problems.build(
            self.fleet,
            loss,
            penalty,
            moments,
            np.asarray(given.get("penalty_weights", np.ones(p)), dtype=float),
            fit_intercept=self.fit_intercept,
            standardize=self.standardize,
        )
        (self.null,) = engine.outcomes([(self.fleet, engine.null(self.problem))])
        self.problem = problems.bent(self.problem, self.null.point.bend)
        self.span = self.null.point.loss - self.problem.saturated

    @property
    def alpha_max(self):
        return self.problem.grid_start(self.null.point.pull[self.problem.penalised], self.null.point.loss)

    def cols(self):
        return np.concatenate([self.problem.free, self.problem.penalised])

    def solve(self, alpha, tol=1e-12):
        """Our own answer, on `cols`."""
        run = engine.follow(self.problem, self.null, np.array([alpha]), tol)
        step = next(s for _, s in engine.iterate([(self.fleet, run)]))
        return np.array(
            [dict(zip(step.cols.tolist(), step.beta, strict=True)).get(j, 0.0) for j in self.cols().tolist()]
        ), step

    def prove(self, betas, alpha):
        """What the engine's own certification says of candidates on `cols`, as (gap, safe)."""
        work = engine.Working(self.problem)
        work.members = np.arange(len(self.problem.penalised))
        found = []
        for start in range(0, len(betas), 8):
            points = [replace(self.null.point, cols=work.cols, beta=beta) for beta in betas[start : start + 8]]
            run = engine._certify(self.problem, work.cols, np.full(len(points), alpha), points, self.span, TOL)
            with np.errstate(over="ignore", invalid="ignore"):  # made by hand, so far out that e^η is no float
                found += [step for step, _ in asked(self.fleet, run)]
        return found

    def user(self, beta):
        """(coef, intercept) in the user's units."""
        slopes, intercept = self.problem.in_user_units(beta, self.cols())
        coef = np.zeros(self.problem.p)
        coef[self.cols()[self.cols() < self.problem.p]] = slopes
        return coef, intercept

    def excess(self, beta, alpha, best):
        """(P(β) - P(best)) / span: at most the true suboptimality, and as near to it as `best` is."""
        with np.errstate(over="ignore"):
            difference = self.truth.objective(*self.user(beta), alpha) - self.truth.objective(*best, alpha)
        return float(difference / self.truth.span)


def asked(fleet, run):
    """Answer a generator's questions until it returns."""
    sums = None
    while True:
        try:
            ask = run.send(sums)
        except StopIteration as end:
            return end.value
        sums = fleet.evaluate(ask.coef, ask.cols, ask.want, [ask.split] * ask.coef.shape[1])


@st.composite
def cases(draw, rhos=(1.0, 0.5, 0.0), losses=LOOKED_AT):
    n, p = draw(st.integers(4, 30)), draw(st.integers(1, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X = rng.standard_normal((n, p)) + draw(st.sampled_from([0.0, 1.0])) * rng.standard_normal((n, 1))
    X = X * rng.choice([1e-3, 1.0, 100.0], p) + rng.choice([0.0, 3.0, 100.0], p)
    if p > 2 and draw(st.booleans()):
        X[:, 1] = X[:, 0]
    signal = (X - X.mean(axis=0)) / X.std(axis=0) @ (rng.standard_normal(p) * (rng.random(p) < 0.6))
    loss, parameters = draw(st.sampled_from(losses))
    y = responses.draw(loss, signal, rng, **parameters)
    options = {}
    if draw(st.booleans()):
        options["sample_weight"] = rng.choice([0.0, 1.0, 2.5], n)
        options["sample_weight"][:2] = 1.0
    if draw(st.booleans()):
        options["offset"] = rng.standard_normal(n)
    if draw(st.booleans()):
        v = rng.choice([0.0, 0.5, 1.0, 2.0, np.inf], p, p=[0.15, 0.2, 0.4, 0.15, 0.1])
        v[rng.integers(p)] = 1.0
        options["penalty_weights"] = v
    case = Case(X, y, loss, draw(st.sampled_from(rhos)), draw(st.booleans()), draw(st.booleans()), options, parameters)
    assume(case.null.finite and case.problem.penalised.size and case.alpha_max > 1e-6 and case.span > 1e-10)
    return case


fractions = st.sampled_from([1.2, 1.0, 0.5, 0.1, 1e-2])


def wild(case, rng, solved):
    """Candidates of every kind: far from the optimum, near to it, and none."""
    k, f = len(case.cols()), len(case.problem.free)
    size = max(np.max(abs(solved), initial=0.0), 1.0)
    yield np.zeros(k)
    yield solved
    for spread in (1e-9, 1e-5, 1e-2, 1.0):
        yield solved + spread * size * rng.standard_normal(k)
    inside = solved.copy()
    inside[f:] += 1e-3 * size * rng.standard_normal(k - f) * (inside[f:] != 0)
    yield inside
    yield 30 * size * rng.standard_normal(k)


# -- the law ------------------------------------------------------------------------------------------------------


@given(cases(), fractions, st.integers(0, 2**32 - 1))
@settings(max_examples=150)
def test_the_gap_is_never_below_the_true_suboptimality(case, fraction, seed):
    alpha = fraction * case.alpha_max
    solved, step = case.solve(alpha)
    best = case.user(solved)
    betas = list(wild(case, np.random.default_rng(seed), solved))
    proofs = case.prove(betas, alpha)
    for beta, proof in zip(betas, proofs, strict=True):
        assert not np.isnan(proof.gap)
        assert proof.gap >= case.excess(beta, alpha, best) - SLACK, (case.span, case.truth.span, proof, case.null)
    if step.gap <= 1e-12:
        assert proofs[1].gap <= 1e-11  # and it recognises an optimum when it sees one


@pytest.mark.parametrize("scale", [1.0, 100.0])
@pytest.mark.parametrize("loss", ["negative_binomial", "logistic"])
def test_where_next_to_no_curvature_is_left_the_gap_is_still_a_bound(loss, scale):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((12, 3)) * [1.0, 1.0, scale]
    y = np.array([0.0, 1, 2, 0, 5, 1, 0, 3, 1, 0, 1, 7])
    given = ({"penalty_weights": np.array([1.0, 1.0, 0.0])}, {"theta": 1.0} if loss == "negative_binomial" else {})
    case = Case(X, y if loss == "negative_binomial" else np.minimum(y, 1.0), loss, 1.0, True, False, *given)
    alpha = 1.2 * case.alpha_max
    solved, _ = case.solve(alpha)
    best = case.user(solved)
    far = [solved + 60 * rng.standard_normal(len(solved)) for _ in range(200)]
    proofs = case.prove(far, alpha)
    assert any(proof.gap < np.inf for proof in proofs)
    for beta, proof in zip(far, proofs, strict=True):
        assert proof.gap >= case.excess(beta, alpha, best) - SLACK


@given(cases(), fractions)
@settings(max_examples=150)
def test_the_gap_of_an_answer_is_never_below_its_suboptimality_against_another_solver(case, fraction):
    alpha = fraction * case.alpha_max
    theirs = oracle.reference(case.truth, alpha)
    for tol in (1e-2, 1e-6):
        solved, step = case.solve(alpha, tol)
        assert step.gap >= case.excess(solved, alpha, theirs) - SLACK
        assert step.status is lz.Status.CERTIFIED
        assert step.gap <= tol


@given(cases(), st.sampled_from([0.5, 0.1, 1e-2]), st.integers(0, 2**32 - 1))
@settings(max_examples=100)
def test_a_corrupted_answer_is_rejected(case, fraction, seed):
    """Flip, scale or negate a weight, shift the intercept, leave one out, swap two."""
    alpha = fraction * case.alpha_max
    solved, _ = case.solve(alpha)
    assume(np.count_nonzero(solved))
    rng = np.random.default_rng(seed)
    best, lies = case.user(solved), []
    for j in rng.permutation(np.flatnonzero(solved))[:4]:
        for factor in (-1.0, 0.0, 0.5, 2.0, 1.01, 1 + 1e-4):
            lie = solved.copy()
            lie[j] *= factor
            lies.append(lie)
    for _ in range(3):
        lies.append(rng.permutation(solved))
        lies.append(solved + (np.arange(len(solved)) == rng.integers(len(solved))) * 0.1 * np.max(abs(solved)))
    lies.append(-solved)
    for lie, proof in zip(lies, case.prove(lies, alpha), strict=True):
        wrong = case.excess(lie, alpha, best)
        if wrong > TOL:
            assert not proof.gap <= TOL
        assert proof.gap >= wrong - SLACK


@given(cases(), st.sampled_from([0.9, 0.3, 0.03]))
@settings(max_examples=150)
def test_safe_zeros_are_zero_in_every_optimum(case, fraction):
    """Checked twice: the reference is zero there, and letting the column move alone cannot lower its objective."""
    alpha = fraction * case.alpha_max
    coef, intercept = oracle.reference(case.truth, alpha)
    assume(case.truth.gap(coef, intercept, alpha) < 1e-11)
    penalised = case.problem.penalised
    u = case.truth._projected(case.truth.eta(coef, intercept), case.truth.free)
    z = abs(case.truth.columns.correlate(case.truth.omega * u))
    price = alpha * case.rho * case.truth.v * case.truth.scale
    for tol in (1e-1, 1e-3, 1e-9):
        _, step = case.solve(alpha, tol)
        safe = penalised[step.safe]
        assert np.all(abs(coef[safe]) <= 1e-6 * (1 + np.max(abs(coef))))
        # Strictly inside its price at the optimal dual point, hence zero in all optima, if the oracle's is one.
        assert np.all(z[safe] < price[safe] * (1 + 1e-5))
    if case.rho == 0.0:
        assert not len(safe)


def test_safe_zeros_are_found():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 30))
    case = Case(X, X[:, 0] * 3 + 0.1 * rng.standard_normal(200), "squared", 1.0)
    _, step = case.solve(0.5 * case.alpha_max)
    assert step.safe.sum() == 29
    assert not step.safe[0]


@given(cases(rhos=(1.0,)), st.sampled_from([0.5, 0.1]))
@settings(max_examples=50)
def test_one_of_two_equal_columns_is_never_called_safe_while_the_other_is_kept(case, fraction):
    X = np.column_stack([case.X, case.X])
    options = {k: np.tile(v, 2) if k == "penalty_weights" else v for k, v in case.options.items()}
    twice = Case(X, case.y, case.loss, 1.0, case.fit_intercept, case.standardize, options, case.parameters)
    _, step = twice.solve(fraction * case.alpha_max)
    safe = np.zeros(X.shape[1], dtype=bool)
    safe[twice.problem.penalised[step.safe]] = True
    p = case.X.shape[1]
    np.testing.assert_array_equal(safe[:p], safe[p:])


# -- what a candidate is made of ----------------------------------------------------------------------------------


STORES = [np.asfortranarray, np.ascontiguousarray, sp.csc_array]
# What X is stored in is no matter of the loss: two are looked at in all, the others in one.
STORED = [
    (loss, store)
    for loss in LOSSES
    if loss in SINGLE
    for store in (STORES if loss in {"squared", "logistic"} else STORES[2:])
]


@pytest.mark.parametrize(("loss", "store"), STORED)
@pytest.mark.parametrize("rho", [1.0, 0.3, 0.0])
@pytest.mark.parametrize("intercept", [True, False])
def test_offset_weights_and_unpenalised_columns_against_the_oracle(loss, rho, intercept, store):
    rng = np.random.default_rng(5)
    X = rng.standard_normal((60, 7))
    X[:, 3] = X[:, 2] + 0.1 * X[:, 3]
    y = responses.draw(loss, X[:, 0] - X[:, 3], rng)
    options = {
        "sample_weight": rng.choice([0.0, 0.5, 1.0, 3.0], 60),
        "offset": rng.standard_normal(60),
        "penalty_weights": np.array([1.0, 0.0, 2.0, 1.0, 0.0, 0.5, np.inf]),
    }
    penalty = {1.0: "l1", 0.0: "l2"}.get(rho) or lz.penalties.ElasticNet(rho)
    path = lz.path(store(X), y, loss=loss, penalty=penalty, n_alphas=12, fit_intercept=intercept, **options)
    truth = oracle.Problem(X, y, loss=loss, l1_ratio=rho, fit_intercept=intercept, **options)
    oracle.check(path, truth)
    np.testing.assert_allclose(path.model.null_loss, float(truth.null_loss), rtol=1e-12)
    np.testing.assert_allclose(path.alphas[0], truth.alpha_max, rtol=1e-10)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, -1e8, 1e-200, 1e200])
@pytest.mark.parametrize("rho", [1.0, 0.5, 0.0])
def test_a_constant_response_has_gap_zero(value, rho):
    X = np.random.default_rng(0).standard_normal((30, 4))
    penalty = {1.0: "l1", 0.0: "l2"}.get(rho) or lz.penalties.ElasticNet(rho)
    path = lz.path(X, np.full(30, value), penalty=penalty)
    assert not path.coefs.toarray().any()
    np.testing.assert_allclose(path.intercepts, value, rtol=1e-15)
    assert np.all(path.gaps == 0)
    assert all(s is lz.Status.CERTIFIED for s in path.status)


def test_relative_gap():
    inf = np.inf
    assert certificate.relative(0.5, 1.0, 2.0) == 0.25
    assert certificate.relative(inf, 1.0, 2.0) == inf
    assert certificate.relative(np.nan, 1.0, 2.0) == inf
    assert certificate.relative(0.0, 1e-30, 0.0) == 0.0
    assert certificate.relative(1e-3, 1e-3, 0.0) == inf  # y is constant, and the model is not
    assert certificate.relative(1e-3, 1e-3, 1e-30) == inf


def test_a_model_of_a_constant_response_that_is_not_constant_is_rejected():
    case = Case(np.random.default_rng(0).standard_normal((30, 2)), np.ones(30), "squared", 1.0)
    np.testing.assert_array_equal(case.cols(), [2, 0, 1])  # the constant, then the penalised
    right, shifted, kept = case.prove([np.array(b) for b in ([1.0, 0, 0], [1 + 1e-6, 0, 0], [1.0, 1e-6, 0])], 0.1)
    assert right.gap == 0.0
    assert shifted.gap == kept.gap == np.inf


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("fraction", [1.2, 0.9, 0.1])
def test_the_gap_of_the_lasso_is_that_of_its_definition(standardize, fraction):
    """Primal - dual with θ = r/n scaled to |Zᵀθ| <= α, over ½‖y‖²/n, in a few lines of NumPy."""
    rng = np.random.default_rng(7)
    X, y = rng.standard_normal((25, 6)) * [1, 10, 1, 0.1, 1, 1], rng.standard_normal(25)
    case = Case(X, y, "squared", 1.0, fit_intercept=False, standardize=standardize)
    Z = X / X.std(axis=0) if standardize else X
    alpha = fraction * np.max(abs(Z.T @ y)) / 25
    betas = list(
        rng.standard_normal((6, 6))
        * case.problem.scale[:6]
        / (1 if standardize else case.fleet.shards[0].design.affine.scale)
    )
    for beta, step in zip(betas, case.prove(betas, alpha), strict=True):
        coef, _ = case.user(beta)
        b = coef * X.std(axis=0) if standardize else coef
        r = y - Z @ b
        s = min(1.0, alpha * 25 / np.max(abs(Z.T @ r)))
        primal = r @ r / 50 + alpha * abs(b).sum()
        dual = s * (r @ y) / 25 - s**2 * (r @ r) / 50
        np.testing.assert_allclose(step.gap, (primal - dual) / (y @ y / 50), rtol=1e-9)
