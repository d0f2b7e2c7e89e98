"""Paths of every loss of one output against code that is not ours, and what must not change them.

Objectives are those of `oracle`, in extended precision, in units of the null loss less the saturated loss.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

import numpy as np
import pytest
import scipy.sparse as sp

import lozenge as lz
import oracle
import responses
from definitions import SINGLE
from lozenge.losses import LOSSES
from lozenge.penalties import PENALTIES

NAMES = [name for name in LOSSES if name in SINGLE]
CLASSES = ("logistic", "squared_hinge")
COUNTS = ("poisson", "negative_binomial")
PROBLEMS = (
    "plain", "rank-deficient", "duplicates", "sparse", "weights", "offset", "unpenalised", "none", "wide", "rare",
)  # fmt: skip
over = pytest.mark.parametrize("loss", NAMES)


@dataclass
class Task:
    """One problem; ``options`` are those of `lz.path`, ``rho`` the share of L1."""

    loss: str
    X: np.ndarray
    y: np.ndarray
    rho: float
    parameters: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)

    @property
    def truth(self):
        return oracle.Problem(
            self.X, self.y, loss=self.loss, parameters=self.parameters, l1_ratio=self.rho, **self.options
        )

    def path(self, **more):
        penalty = {1.0: "l1", 0.0: "l2"}.get(self.rho) or lz.penalties.ElasticNet(l1_ratio=self.rho)
        loss = LOSSES[self.loss](**self.parameters)
        return lz.path(self.X, self.y, loss=loss, penalty=penalty, **{**self.options, **more})


def task(loss, problem, rho=None):
    """One of the ten problems of a loss."""
    k = PROBLEMS.index(problem)
    rng = np.random.default_rng([k, NAMES.index(loss)])
    n, p = {"wide": (25, 60), "rare": (2002, 5)}.get(problem, (70, 9))
    X = rng.standard_normal((n, p))
    X[:, 1:] = 0.5 * X[:, :-1] + 0.85 * X[:, 1:]
    X = X * rng.choice([0.5, 1.0, 3.0], p) + rng.choice([0.0, 1.0], p)
    if problem == "rank-deficient":
        X[:, 5] = X[:, 1] - 2 * X[:, 2]
        X[:, 7] = 3.0
    if problem == "duplicates":
        X[:, 4], X[:, 6] = X[:, 1], -X[:, 2]
    if problem == "sparse":
        X[rng.random(X.shape) < 0.7] = 0.0
    signal = (X - X.mean(0)) / np.where(X.std(0) > 0, X.std(0), 1) @ (rng.standard_normal(p) * (rng.random(p) < 0.5))
    options = {}
    if problem in {"weights", "unpenalised"}:
        options["sample_weight"] = rng.choice([0.0, 0.5, 1.0, 4.0], n)
        options["sample_weight"][:2] = 1.0
    if problem in {"offset", "unpenalised"}:
        options["offset"] = 0.5 * rng.standard_normal(n)
    if problem == "unpenalised":
        options["penalty_weights"] = np.array([0.0, 1.0, 2.0, np.inf, 1.0, 0.0, 0.5, 1.0, 1.0])
    if problem == "none":
        options |= {"fit_intercept": False, "standardize": False}
    given = responses.PARAMETERS.get(loss, [{}])
    parameters = given[k % len(given)]
    y = responses.draw(loss, signal, rng, **parameters)
    if problem == "rare":
        rare = np.argsort(-(signal + rng.gumbel(size=n)))[:2]  # two of 2,002
        if loss in CLASSES:
            y = np.isin(np.arange(n), rare).astype(float)
        elif loss in COUNTS or (loss == "tweedie" and parameters["power"] < 2):
            y = np.where(np.isin(np.arange(n), rare), np.maximum(y, 1.0), 0.0)
    if problem == "none" and loss in COUNTS:
        y = np.zeros(n)
    if problem == "sparse":
        X = sp.csc_array(X)
    rho = (1.0, 0.5, 0.0)[k % 3] if rho is None else rho
    return Task(loss, X, y, rho, parameters, options)


def tight(loss):
    """A tolerance that every α reaches: Newton's model of Huber's loss lends curvature to outliers."""
    return 1e-9 if loss == "huber" else 1e-11


def certified(path):
    return all(status is lz.Status.CERTIFIED for status in path.status)


def excess(truth, ours, theirs, alpha):
    """How much lower their objective is, over the span."""
    return float((truth.objective(*ours, alpha) - truth.objective(*theirs, alpha)) / truth.span)


# -- against other solvers ------------------------------------------------------------------------------------------


@over
@pytest.mark.parametrize("problem", PROBLEMS)
def test_as_cvxpy(loss, problem):
    """Objectives to 1e-8 of the span, weights to 1e-5 of the largest and what is left of CVXPY's own excess."""
    each = task(loss, problem)
    path, truth = each.path(n_alphas=3, alpha_min_ratio=0.02, tol=tight(loss)), each.truth
    assert certified(path)
    oracle.check(path, truth, tol=tight(loss))
    alpha, ours = float(path.alphas[1]), oracle.answer(path, 1)
    assert np.count_nonzero(ours[0])
    # Clarabel gives up on two of 2,002 classes.
    theirs = oracle.cvxpy_reference(truth, alpha) or oracle.reference(truth, alpha)
    over = excess(truth, theirs, ours, alpha)
    assert -1e-8 <= over <= 1e-8
    if path.unique[1]:
        mu = truth.convexity(truth.eta(*ours), ours[0] != 0) + (alpha * (1 - each.rho))
        far = np.max(abs(ours[0] - theirs[0]) * truth.scale)
        assert far <= 1e-5 * np.max(abs(ours[0]) * truth.scale) + 2 * truth.room(max(over, 0.0), mu)


def plain(loss, problem, rho):
    """A problem as others take it: X dense and as given, no offset, no weights of columns."""
    each = task(loss, problem, rho)
    each.options = {k: v for k, v in each.options.items() if k in {"sample_weight", "fit_intercept"}}
    each.options["standardize"] = False
    dense = each.X.toarray() if sp.issparse(each.X) else each.X
    w = each.options.get("sample_weight", np.ones(len(dense)))
    return each, dense, w


def without_constants(each, coef, intercept):
    """Their answer with what a constant column adds moved to the intercept, where there is one."""
    truth, coef = each.truth, np.array(coef, dtype=float)
    if truth.fit_intercept:
        constant = truth.sd == 0
        intercept = intercept + float(truth.mean[constant] @ coef[constant])
        coef[constant] = 0.0
    return coef, float(intercept)


def same_weights(each, path, coef, intercept, alpha):
    """To 1e-6 of the largest where there is one optimum, else in objective."""
    ours, theirs = oracle.answer(path, 0), without_constants(each, coef, intercept)
    truth = each.truth
    assert certified(path)
    assert abs(excess(truth, ours, theirs, alpha)) <= 1e-8
    if path.unique[0]:
        far = np.max(abs(ours[0] - theirs[0]) * truth.sd.astype(float))
        assert far <= 1e-6 * max(np.max(abs(ours[0]) * truth.sd.astype(float)), 1e-12), far


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("loss", [name for name in ("poisson", "gamma", "tweedie", "logistic") if name in NAMES])
def test_as_scikit_learn_under_a_ridge(loss, problem):
    from sklearn.linear_model import GammaRegressor, LogisticRegression, PoissonRegressor, TweedieRegressor

    each, dense, w = plain(loss, problem, 0.0)
    alpha = 0.05
    usual = {
        "solver": "newton-cholesky",
        "tol": 1e-12,
        "max_iter": 1000,
        "fit_intercept": each.options.get("fit_intercept", True),
    }
    theirs = {
        "poisson": lambda: PoissonRegressor(alpha=alpha, **usual),
        "gamma": lambda: GammaRegressor(alpha=alpha, **usual),
        "tweedie": lambda: TweedieRegressor(alpha=alpha, link="log", **each.parameters, **usual),
        "logistic": lambda: LogisticRegression(C=1 / (alpha * w.sum()), **usual),
    }[loss]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its line search ends below rounding: the comparison says how near
        theirs.fit(dense, each.y, sample_weight=w)
    same_weights(
        each, each.path(alphas=[alpha], tol=1e-12), theirs.coef_.ravel(), np.ravel(theirs.intercept_)[0], alpha
    )


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_squared_hinge_as_liblinear(problem):
    """Without an intercept, which liblinear penalises."""
    from sklearn.svm import LinearSVC

    each, dense, w = plain("squared_hinge", problem, 0.0)
    each.options["fit_intercept"] = False
    alpha = 0.02
    theirs = LinearSVC(C=1 / (2 * alpha * w.sum()), dual=False, fit_intercept=False, tol=1e-12, max_iter=10_000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(dense, each.y, sample_weight=w)
    same_weights(each, each.path(alphas=[alpha], tol=1e-12), theirs.coef_.ravel(), 0.0, alpha)


def family(loss, parameters):
    """Statsmodels' family of a loss."""
    from statsmodels.genmod import families
    from statsmodels.genmod.families import links

    return {
        "squared": families.Gaussian,
        "logistic": families.Binomial,
        "poisson": families.Poisson,
        "gamma": lambda: families.Gamma(links.Log()),
        "tweedie": lambda: families.Tweedie(links.Log(), var_power=parameters["power"]),
        "negative_binomial": lambda: families.NegativeBinomial(links.Log(), alpha=1 / parameters["theta"]),
    }[loss]()


@pytest.mark.parametrize("problem", [name for name in PROBLEMS if name not in {"wide", "rare"}])
@pytest.mark.parametrize(
    "loss", [n for n in ("squared", "logistic", "poisson", "gamma", "tweedie", "negative_binomial") if n in NAMES]
)
def test_as_statsmodels_without_a_penalty(loss, problem):
    import statsmodels.api as sm

    each = task(loss, problem)
    each.options.pop("penalty_weights", None)
    if problem == "none" and loss in COUNTS:
        each.y[:] = np.arange(len(each.y)) % 3  # no counts at all have no optimum without a price
    dense = each.X.toarray() if sp.issparse(each.X) else each.X
    used = np.flatnonzero(each.options.get("sample_weight", np.ones(len(dense))))
    w = each.options.get("sample_weight", np.ones(len(dense)))[used]
    columns = (
        sm.add_constant(dense, prepend=False, has_constant="add") if each.options.get("fit_intercept", True) else dense
    )
    offset = each.options.get("offset", np.zeros(len(dense)))[used]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on a family's link, or singular columns
        model = sm.GLM(each.y[used], columns[used], family=family(loss, each.parameters), offset=offset, var_weights=w)
        theirs = model.fit(tol=1e-14, tol_criterion="params", maxiter=1000)
        if not (theirs.converged or problem in {"rank-deficient", "duplicates"}):  # its steps go to and fro
            theirs = model.fit(method="newton", tol=1e-14, maxiter=300)
    p = dense.shape[1]
    found = without_constants(each, theirs.params[:p], theirs.params[p] if len(theirs.params) > p else 0.0)
    path, truth = each.path(alphas=[0.0], tol=1e-11), each.truth
    assert certified(path)
    ours = oracle.answer(path, 0)
    over = excess(truth, ours, found, 0.0)
    assert over <= 1e-8
    assert bool(path.unique[0]) == (problem not in {"rank-deficient", "duplicates"})
    if path.unique[0]:
        sd = truth.sd.astype(float)
        assert over >= -1e-8
        assert np.max(abs(ours[0] - found[0]) * sd) <= 1e-6 * np.max(abs(ours[0]) * sd)


@pytest.mark.parametrize("problem", [name for name in PROBLEMS if name not in {"wide", "rare"}])
def test_huber_as_scipy_without_a_penalty(problem):
    """SciPy's least squares with a loss: ½Σ ρ(r²), ρ Huber's."""
    from scipy.optimize import least_squares

    each, dense, w = plain("huber", problem, 1.0)
    intercept = each.options.get("fit_intercept", True)
    A = np.column_stack([dense, np.ones(len(dense))]) if intercept else dense
    used = w > 0
    # A weight is a repetition, which here is a row of its own.
    times = np.round(2 * w[used]).astype(int)
    A, y = np.repeat(A[used], times, axis=0), np.repeat(each.y[used], times)
    found = least_squares(
        lambda b: A @ b - y, np.zeros(A.shape[1]), jac=lambda _: A, loss="huber", f_scale=each.parameters["delta"],
        method="trf", xtol=1e-15, ftol=1e-15, gtol=1e-14, x_scale="jac", max_nfev=2000,
    ).x  # fmt: skip
    path = each.path(alphas=[0.0], tol=1e-9)
    assert certified(path)
    ours, theirs = oracle.answer(path, 0), (found[:9], found[9] if intercept else 0.0)
    truth = each.truth
    truth.excluded[:] = False  # SciPy may share the intercept with a constant column
    assert abs(excess(truth, ours, theirs, 0.0)) <= 1e-8


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize(
    "loss", [n for n in ("squared", "logistic", "poisson", "gamma", "tweedie", "negative_binomial") if n in NAMES]
)
def test_as_glum_under_an_elastic_net(loss, problem):
    import glum

    each = task(loss, problem, 0.5)
    each.options["standardize"] = False
    truth = each.truth
    alpha = 0.1 * truth.alpha_max
    dense = each.X.toarray() if sp.issparse(each.X) else each.X
    v = each.options.get("penalty_weights", np.ones(dense.shape[1]))
    keep = ~truth.excluded
    family = {
        "squared": lambda: "normal",
        "logistic": lambda: "binomial",
        "poisson": lambda: "poisson",
        "gamma": lambda: "gamma",
        "tweedie": lambda: glum.TweedieDistribution(each.parameters["power"]),
        "negative_binomial": lambda: glum.NegativeBinomialDistribution(1 / each.parameters["theta"]),
    }[loss]()
    theirs = glum.GeneralizedLinearRegressor(
        family=family, link="identity" if loss == "squared" else "logit" if loss == "logistic" else "log",
        alpha=alpha, l1_ratio=0.5, P1=v[keep], P2=v[keep], gradient_tol=1e-11, max_iter=2000, scale_predictors=False,
        fit_intercept=each.options.get("fit_intercept", True),
    )  # fmt: skip
    weights = each.options.get("sample_weight")
    used = np.arange(len(dense)) if weights is None else np.flatnonzero(weights)
    offset = each.options.get("offset")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(
            dense[np.ix_(used, keep)], each.y[used], sample_weight=None if weights is None else weights[used],
            offset=None if offset is None else offset[used],
        )  # fmt: skip
    coef = np.zeros(dense.shape[1])
    coef[keep] = theirs.coef_
    same_weights(each, each.path(alphas=[alpha], tol=1e-12), coef, theirs.intercept_, alpha)


# -- what must not change the answer, and what must change it in a known way ------------------------------------------


def agree(one, two, translate=lambda coef, intercept: (coef, intercept), floor=1e-6):
    """Two (task, path): the same weights in the units of the first, to 1e-6 of the largest where they are unique."""
    (task, path), (_, other) = one, two
    truth = task.truth
    assert certified(path)
    assert certified(other)
    for k, alpha in enumerate(path.alphas):
        ours, theirs = oracle.answer(path, k), translate(*oracle.answer(other, k))
        assert abs(excess(truth, ours, theirs, float(alpha))) <= 1e-8
        if path.unique[k] and other.unique[k]:
            scale = truth.scale.astype(float)
            largest = np.max(abs(ours[0]) * scale, initial=0.0)
            assert np.max(abs(ours[0] - theirs[0]) * scale) <= floor * max(largest, 1e-9)
            assert abs(ours[1] - theirs[1]) <= floor * max(1.0, abs(ours[1]))


def two_alphas(each):
    return np.array([0.3, 0.03]) * each.truth.alpha_max * (1.0 if each.rho else 1e-3)


settings = pytest.mark.parametrize("problem", ["plain", "unpenalised", "wide"])


@over
@settings
def test_integer_weights_are_repeated_rows(loss, problem):
    each = task(loss, problem)
    rng = np.random.default_rng(0)
    times = rng.integers(0, 4, len(each.y))
    times[:3] = 2  # every class
    index = np.repeat(np.arange(len(times)), times)
    rest = {k: v for k, v in each.options.items() if k != "sample_weight"}
    weighted = Task(loss, each.X, each.y, each.rho, each.parameters, {**rest, "sample_weight": times.astype(float)})
    rows = {k: v[index] if k == "offset" else v for k, v in rest.items()}
    repeated = Task(loss, each.X[index], each.y[index], each.rho, each.parameters, rows)
    alphas = two_alphas(weighted)
    agree(*((t, t.path(alphas=alphas, tol=tight(loss))) for t in (weighted, repeated)))


@over
@settings
def test_an_offset_is_a_shift_of_eta(loss, problem):
    """Along an unpenalised column and the constant it is taken off their weights."""
    each = task(loss, problem)
    v = np.array(each.options.get("penalty_weights", np.ones(each.X.shape[1])))
    v[0] = 0.0
    offset = each.options.get("offset", np.zeros(len(each.y)))
    by, base = 0.1, -0.7
    one = Task(
        loss, each.X, each.y, each.rho, each.parameters, {**each.options, "penalty_weights": v, "offset": offset}
    )
    moved = {**one.options, "offset": offset + by * each.X[:, 0] + base}
    two = Task(loss, each.X, each.y, each.rho, each.parameters, moved)
    alphas = two_alphas(one)
    step = by * (np.arange(each.X.shape[1]) == 0)
    paths = [(t, t.path(alphas=alphas, tol=tight(loss))) for t in (one, two)]
    agree(*paths, lambda coef, intercept: (coef + step, intercept + base))


@over
@settings
def test_units_of_columns(loss, problem):
    each = task(loss, problem)
    factors = np.where(np.arange(each.X.shape[1]) % 2, 8.0, 1e-3)
    other = Task(loss, each.X * factors, each.y, each.rho, each.parameters, each.options)
    alphas = two_alphas(each)
    paths = [(t, t.path(alphas=alphas, tol=tight(loss))) for t in (each, other)]
    agree(*paths, lambda coef, intercept: (coef * factors, intercept))


@over
def test_sparse_is_dense(loss):
    each = task(loss, "sparse")
    dense = Task(loss, each.X.toarray(), each.y, each.rho, each.parameters, each.options)
    alphas = two_alphas(each)
    agree(*((t, t.path(alphas=alphas, tol=tight(loss))) for t in (each, dense)))


def test_an_exposure_is_an_offset_or_the_weight_of_the_rate():
    """Poisson: Σ e^(η + log t) - y(η + log t) and Σ t(e^η - (y/t)η) differ by a constant."""
    each = task("poisson", "plain")
    t = np.random.default_rng(0).uniform(0.1, 5.0, len(each.y))
    options = {"standardize": False}
    offset = Task("poisson", each.X, each.y, 1.0, {}, {**options, "offset": np.log(t)})
    rate = Task("poisson", each.X, each.y / t, 1.0, {}, {**options, "sample_weight": t})
    alphas = np.array([0.1, 0.01])
    one, two = offset.path(alphas=alphas, tol=1e-12), rate.path(alphas=alphas * len(t) / t.sum(), tol=1e-12)
    assert certified(one)
    assert certified(two)
    assert one.coefs.nnz
    np.testing.assert_allclose(one.coefs.toarray(), two.coefs.toarray(), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(one.intercepts, two.intercepts, rtol=1e-6)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("tweedie", {"power": 1.0}), ("poisson", {})),
        (("tweedie", {"power": 2.0}), ("gamma", {})),
        (("huber", {"delta": 1e3}), ("squared", {})),
    ],
)
def test_losses_that_are_one_another_at_an_end(one, two):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 6))
    y = responses.draw(two[0], X[:, 0] - X[:, 1], rng)
    tasks = [Task(name, X, y, 0.5, parameters) for name, parameters in (one, two)]
    alphas = two_alphas(tasks[1])
    agree(*((t, t.path(alphas=alphas, tol=1e-9)) for t in tasks))


def test_the_negative_binomial_becomes_the_poisson_loss():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 6))
    y = responses.draw("poisson", X[:, 0] - X[:, 1], rng)
    alphas = [0.1, 0.01]
    loss = LOSSES["negative_binomial"](theta=1e7)
    one, two = (lz.path(X, y, loss=each, alphas=alphas, tol=1e-9) for each in (loss, "poisson"))
    assert certified(one)
    np.testing.assert_allclose(one.coefs.toarray(), two.coefs.toarray(), atol=1e-5)


# -- where there is no optimum ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["poisson", "negative_binomial", "tweedie"])
@pytest.mark.parametrize("penalty", ["l1", "elasticnet", "l2"])
def test_no_counts_at_all_have_no_intercept(loss, penalty):
    """The intercept that fits zeros best is minus infinity, whatever the weights are."""
    X = np.random.default_rng(0).standard_normal((40, 3))
    for more in ({"n_alphas": 5}, {"alphas": [1.0, 0.01, 0.0]}):
        path = lz.path(X, np.zeros(40), loss=loss, penalty=penalty, **more)
        assert all(status is lz.Status.UNBOUNDED for status in path.status)
        assert np.all(np.isinf(path.gaps))
    path = lz.path(X, np.zeros(40), loss=loss, penalty=penalty, n_alphas=5, fit_intercept=False)
    assert certified(path)
    oracle.check(path, oracle.Problem(
        X, np.zeros(40), loss=loss, parameters={} if loss != "tweedie" else {"power": 1.5}, fit_intercept=False,
        l1_ratio={"l1": 1.0, "elasticnet": 0.5, "l2": 0.0}[penalty],
    ))  # fmt: skip


@pytest.mark.parametrize("more", [{"alphas": [0.1, 0.0]}, {"n_alphas": 3, "penalty_weights": [0.0, 1.0, 1.0]}])
def test_separable_classes_without_a_price(more):
    X = np.random.default_rng(0).standard_normal((40, 3))
    y = (X[:, 0] > 0).astype(float)
    path = lz.path(X, y, loss="logistic", **more)
    assert path.status[-1] is lz.Status.UNBOUNDED
    assert np.isinf(path.gaps[-1])
    # Where a margin is all that is asked for there are optima, and more than one.
    path = lz.path(X, y, loss="squared_hinge", **more)
    assert certified(path)
    if "alphas" in more:
        assert not path.unique[-1]
        assert path.model.null_loss > 0


@pytest.mark.parametrize("loss", ["poisson", "negative_binomial", "tweedie", "logistic"])
def test_a_group_without_any_count_has_no_free_weight(loss):
    """Never certified further above the infimum, which no weight reaches, than the tolerance.

    With the free weight of the group at minus infinity its rows cost nothing; the others are a problem of their own.
    """
    rng = np.random.default_rng(0)
    X = np.column_stack([np.arange(40) < 8, rng.standard_normal((40, 2))]).astype(float)
    y = responses.draw(loss, X[:, 1], rng)
    y[:8], y[-1] = 0.0, 1.0
    parameters = {"power": 1.5} if loss == "tweedie" else {}
    options = {"loss": loss, "parameters": parameters, "standardize": False}
    path = lz.path(X, y, loss=loss, alphas=[0.1, 0.01, 0.0], penalty_weights=[0, 1, 1], standardize=False)
    whole = oracle.Problem(X, y, penalty_weights=[0, 1, 1], **options)
    rest = oracle.Problem(X[8:, 1:], y[8:], **options)
    span = 0.8 * (rest.null_loss - np.sum(rest.omega * rest.f.saturated(rest.y)))
    for k, alpha in enumerate(path.alphas / 0.8):
        best = oracle.reference(rest, alpha) if alpha else oracle.reference(
            oracle.Problem(X[8:, 1:], y[8:], penalty_weights=[0, 0], **options), 1.0
        )  # fmt: skip
        infimum = 0.8 * rest.objective(*best, alpha)
        found = whole.objective(*oracle.answer(path, k), float(path.alphas[k]))
        assert found >= infimum - 1e-14
        if path.status[k] is lz.Status.CERTIFIED:
            assert found - infimum <= 1e-6 * span
        else:
            assert not path.gaps[k] <= 1e-6


# -- every loss with every penalty ---------------------------------------------------------------------------------


def penalty_of(name, p):
    """With groups where it needs them."""
    groups = {"groups": np.arange(p) // 2} if name in {"group", "sparse_group", "group_mcp"} else {}
    return PENALTIES[name](**groups)


# A jump needs a bend to say where; neighbours are of one list of weights.
REFUSED = {("quantile", "lq"), ("quantile", "l0"), ("multinomial", "tv"), ("multitask", "tv")}
PRODUCT = [(loss, penalty) for loss in LOSSES if loss in responses.DRAWN for penalty in PENALTIES]


@pytest.mark.parametrize(("loss", "penalty"), sorted(REFUSED))
def test_what_has_no_answer_is_refused_with_what_to_do(loss, penalty):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20, 3))
    y = responses.draw(loss, X[:, 0], rng)
    with pytest.raises(ValueError, match=f"^{penalty} .*; use "):
        lz.path(X, y, loss=loss, penalty=penalty)


@pytest.mark.parametrize(("loss", "penalty"), [pair for pair in PRODUCT if pair not in REFUSED])
def test_every_loss_with_every_penalty(loss, penalty):
    """A short path ends without a complaint, each answer certified or its status told; the last one is of use."""
    rng = np.random.default_rng(list(PENALTIES).index(penalty))
    n, p = 40, 6
    X = rng.standard_normal((n, p))
    y = responses.draw(loss, X[:, 0] - 0.8 * X[:, 2], rng)
    made = penalty_of(penalty, p)
    path = lz.path(X, y, loss=loss, penalty=made, n_alphas=4, alpha_min_ratio=0.05)
    assert len(path.alphas) == 4
    assert np.isfinite(path.coefs.data).all()
    assert np.isfinite(path.intercepts).all()
    for status, certificate in zip(path.status, path.certificates, strict=True):
        assert certificate.kind == ("gap" if made.gapped else "stationary")
        assert (status is lz.Status.CERTIFIED) == (certificate.value <= 1e-6)
    assert certified(path) or not made.convex
    assert path.coefs[:, [3]].nnz
    assert np.all(path.deviance_ratio <= 1.0 + 1e-9)
    assert path.deviance_ratio[-1] > path.deviance_ratio[0] - 1e-9
