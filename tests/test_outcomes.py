"""Reasons under every loss, against its definition: forces, prices, drift, refits, and the figures that are told."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logsumexp

import lozenge as lz
from lozenge.explain.effects import correlation_units, loss_of, ratio
from lozenge.fit import choose
from lozenge.losses import LOSSES

NAMES = ["age", "bmi", "dose", "size"]
rng = np.random.default_rng(3)
X = rng.standard_normal((90, 4)) @ (np.eye(4) + 0.3 * np.triu(np.ones((4, 4)), 1)) * [1.0, 2.0, 0.5, 1.0] + [0, 1, 2, 0]
SIGNAL = 0.4 + (X - X.mean(0)) @ [0.6, -0.3, 0.4, 0.0]
EVENTS = np.column_stack(
    [np.round(rng.exponential(np.exp(-SIGNAL)), 2) + 0.01, (rng.random(90) < 0.7).astype(float)]  # with ties
)
COLOURS = np.array(["blue", "green", "red"])[
    np.argmax(np.column_stack([SIGNAL, -SIGNAL, 0.5 * X[:, 1]]) + rng.gumbel(size=(90, 3)), axis=1)
]
Y = {
    "squared": SIGNAL + rng.standard_normal(90),
    "logistic": np.where(SIGNAL + rng.logistic(size=90) > 0, "yes", "no"),
    "poisson": rng.poisson(np.exp(SIGNAL)).astype(float),
    "gamma": rng.gamma(2.0, 0.5 * np.exp(SIGNAL)) + 1e-3,
    "tweedie": np.where(rng.random(90) < 0.3, 0.0, rng.gamma(2.0, 0.5 * np.exp(SIGNAL))),
    "negative_binomial": rng.poisson(np.exp(SIGNAL) * rng.gamma(2.0, 0.5, 90)).astype(float),
    "multinomial": COLOURS,
    "ordinal": np.digitize(2 * SIGNAL + rng.logistic(size=90), [-0.5, 1.0, 2.0]),
    "huber": SIGNAL + rng.standard_t(2, 90),
    "squared_hinge": np.where(SIGNAL + 0.7 * rng.standard_normal(90) > 0.2, "yes", "no"),
    "cox": EVENTS,
    "multitask": np.column_stack([SIGNAL + rng.standard_normal(90), X[:, 1] + 3 * rng.standard_normal(90)]),
}
LEVELS = {"multinomial": 3, "multitask": 2, "ordinal": 3, "cox": 0}  # intercepts
COPIES = {"multinomial": 3, "multitask": 2}  # weights of every feature
LOG_LINK = {"poisson", "gamma", "tweedie", "negative_binomial", "cox"}


def ones(y):
    return (y == np.unique(y)[-1]).astype(float)


def partial_likelihood(y, eta):
    """Breslow's, of every event against those at risk."""
    at_risk = np.where(y[:, 0] >= y[y[:, 1] == 1, 0][:, None], eta[:, 0], -np.inf)
    return (logsumexp(at_risk, axis=1) - eta[y[:, 1] == 1, 0]).sum() / len(y)


def between(y, eta):
    more = np.column_stack([np.ones(len(y)), expit(eta), np.zeros(len(y))])
    rows = np.arange(len(y))
    return -np.mean(np.log(more[rows, y] - more[rows, y + 1]))


# The mean loss from its definition, at η (n, q).
DEFINED = {
    "squared": lambda y, eta: np.mean((y - eta[:, 0]) ** 2) / 2,
    "logistic": lambda y, eta: np.mean(np.logaddexp(0, eta[:, 0]) - ones(y) * eta[:, 0]),
    "poisson": lambda y, eta: np.mean(np.exp(eta[:, 0]) - y * eta[:, 0]),
    "gamma": lambda y, eta: np.mean(eta[:, 0] + y * np.exp(-eta[:, 0])),
    "tweedie": lambda y, eta: np.mean(2 * np.exp(0.5 * eta[:, 0]) + 2 * y * np.exp(-0.5 * eta[:, 0])),
    "negative_binomial": lambda y, eta: np.mean((y + 1) * np.log1p(np.exp(eta[:, 0])) - y * eta[:, 0]),
    "multinomial": lambda y, eta: np.mean(logsumexp(eta, axis=1) - (eta * (y[:, None] == np.unique(y))).sum(1)),
    "ordinal": between,
    "huber": lambda y, eta: np.mean(
        np.where((r := np.abs(y - eta[:, 0])) <= 1.345, r**2 / 2, 1.345 * r - 1.345**2 / 2)
    ),
    "squared_hinge": lambda y, eta: np.mean(np.maximum(0, 1 - (2 * ones(y) - 1) * eta[:, 0]) ** 2) / 2,
    "cox": partial_likelihood,
    "multitask": lambda y, eta: np.mean(np.sum((y - eta) ** 2, axis=1)) / 2,
}
every = pytest.mark.parametrize("name", DEFINED)


def loss_at(name, slopes, levels):
    """The mean loss at slopes per unit of X, outputs outermost, and intercepts."""
    copies = COPIES.get(name, 1)
    eta = X @ np.reshape(slopes, (copies, 4)).T
    return DEFINED[name](Y[name], eta + (0.0 if LEVELS.get(name, 1) == 0 else np.reshape(levels, (1, -1))))


def pulls(name, slopes, levels, h=1e-5):
    """Minus the slope of the mean loss in each weight per standard deviation, the columns centred."""
    copies = COPIES.get(name, 1)
    found = np.zeros(4 * copies)
    for j in range(4 * copies):
        step = np.zeros(4 * copies)
        step[j] = h / X[:, j % 4].std()
        back = np.zeros(max(LEVELS.get(name, 1), 1))
        back[j // 4 if copies > 1 else slice(None)] = -step[j] * X[:, j % 4].mean()
        ends = [loss_at(name, slopes + s * step, np.ravel(levels) + s * back) for s in (-1, 1)]
        found[j] = (ends[0] - ends[1]) / (2 * h)
    return found


def least(name, support=()):
    """Slopes and levels of least mean loss on a support, without a penalty."""
    many, copies = max(LEVELS.get(name, 1), 1), COPIES.get(name, 1)
    start = np.zeros(len(support) + many)
    if name == "ordinal":
        start[len(support) :] = [2.0, 0.0, -2.0]

    def parts(at):
        slopes = np.zeros(4 * copies)
        slopes[list(support)] = at[: len(support)] / X.std(0)[np.array(support, dtype=int) % 4]
        return slopes, at[len(support) :]

    best = minimize(lambda at: loss_at(name, *parts(at)), start, method="BFGS", options={"gtol": 1e-9})
    best = minimize(lambda at: loss_at(name, *parts(at)), best.x, method="BFGS", options={"gtol": 1e-9})
    return parts(best.x)


@pytest.fixture(scope="module")
def fits():
    known = {}

    def fit(name):
        if name not in known:
            loss = lz.losses.Tweedie(power=1.5) if name == "tweedie" else name
            path = lz.path(X, Y[name], loss=loss, feature_names=NAMES, n_alphas=12, alpha_min_ratio=1e-2, tol=1e-11)
            some = (path.df > 0) & (path.df < len(path.feature_names))
            known[name] = choose(path, float(path.alphas[np.flatnonzero(some)[-1]]))
        return known[name]

    return fit


def at_chosen(path):
    return path.coefs.toarray()[:, path.chosen], path.intercepts[path.chosen]


# ---------------------------------------------------------------------------------------------- forces and prices
def test_every_loss_but_the_quantile_is_here():
    assert set(DEFINED) == set(Y) == set(LOSSES) - {"quantile"}


@every
def test_forces_are_the_slopes_of_the_definition(name, fits):
    path = fits(name)
    slopes, levels = at_chosen(path)
    size = np.abs(path.forces.marginal).max()
    np.testing.assert_allclose(path.forces.left, pulls(name, slopes, levels), rtol=0, atol=1e-6 * size)
    np.testing.assert_allclose(path.forces.marginal, pulls(name, *least(name)), rtol=0, atol=1e-5 * size)


@every
def test_kept_weights_leave_the_price_and_zeros_at_most_that(name, fits):
    path = fits(name)
    kept = path.forces.weight != 0
    assert kept.any()
    assert not kept.all()
    left = np.abs(path.forces.left)
    np.testing.assert_allclose(left[kept], path.forces.alpha, rtol=1e-4)
    assert (left[~kept] <= path.forces.alpha * (1 + 1e-9)).all()
    for j in (int(np.flatnonzero(kept)[0]), int(np.flatnonzero(~kept)[0])):
        reason = path.why(j)
        assert reason.marginal - reason.used == pytest.approx(reason.left, rel=1e-12, abs=1e-15)
        assert reason.price == pytest.approx(path.forces.alpha)
        assert str(reason).endswith(".")


@every
def test_the_drift_is_that_of_the_implicit_function(name, fits):
    path = fits(name)
    slopes, levels = at_chosen(path)
    copies, many = COPIES.get(name, 1), LEVELS.get(name, 1)
    kept = np.flatnonzero(slopes)
    sd = np.tile(X.std(0), copies)

    def gradient(at):
        """In the weights per SD, and the levels."""
        own, base = at[: 4 * copies] / sd, at[4 * copies :]
        found = np.zeros(len(at))
        for k in range(len(at)):
            step = np.zeros(len(at))
            step[k] = 1e-4
            ends = [
                loss_at(name, own + s * step[: 4 * copies] / sd, base + s * step[4 * copies :] if many else base)
                for s in (-1, 1)
            ]
            found[k] = (ends[1] - ends[0]) / 2e-4
        return found

    here = np.append(slopes * sd, np.ravel(levels)[: max(many, 1)])
    H = np.column_stack([(gradient(here + 1e-3 * e) - gradient(here - 1e-3 * e)) / 2e-3 for e in np.eye(len(here))])
    on = np.append(kept, np.arange(4 * copies, len(here)) if many else kept[:0])
    push = np.append(np.sign(slopes[kept]), np.zeros(len(on) - len(kept)))
    # At every α the kept leave α·sign and the levels nothing: H θ' = -sign.
    way = np.linalg.lstsq(H[np.ix_(on, on)], -push, rcond=1e-8)[0]
    expected = -(H[: 4 * copies][:, on] @ way)
    drift = path.source.drift(path.forces.alpha)
    np.testing.assert_allclose(drift, expected, rtol=0, atol=2e-3)
    np.testing.assert_allclose(drift[kept], np.sign(slopes[kept]), rtol=0, atol=2e-3)


@every
def test_the_refit_is_the_least_loss_on_the_same_weights(name, fits):
    path = fits(name)
    kept = np.flatnonzero(path.forces.weight)  # of no column the weights for all classes
    slopes, _ = least(name, tuple(kept))
    found = [path.why(int(j)).refit_weight for j in kept]
    np.testing.assert_allclose(found, slopes[kept], rtol=0, atol=1e-4 * np.abs(slopes).max())


@every
def test_a_what_if_is_a_fit_without_the_column(name, fits):
    path = fits(name)
    told = path.what_if(path.feature_names[0], without="bmi")
    rest = [0, 2, 3]
    loss = loss_of(path)
    alone = lz.path(
        X[:, rest], Y[name], loss=loss, feature_names=[NAMES[j] for j in rest], alphas=[path.forces.alpha], tol=1e-11
    )
    assert told.weight_without == pytest.approx(alone.coefs.toarray()[0, 0], abs=1e-5)
    assert told.explained_without == pytest.approx(alone.deviance_ratio[0], abs=1e-8)
    assert ("weights where" in str(told) or "weight where" in str(told)) == (name in COPIES)


# ---------------------------------------------------------------------------------------------- correlations
@pytest.mark.parametrize("name", ["squared", "logistic", "poisson", "multinomial", "multitask"])
@pytest.mark.parametrize("standardize", [True, False])
def test_alone_a_force_of_a_canonical_loss_is_a_correlation(name, standardize):
    w = rng.integers(1, 4, 90).astype(float)
    path = lz.path(X, Y[name], loss=name, alphas=[0.01], sample_weight=w, standardize=standardize)
    y = Y[name]
    y = ones(y) if name == "logistic" else y[:, None] == np.unique(y) if name == "multinomial" else y
    columns = np.column_stack([X, y])
    R = np.cov(columns.T, aweights=w)
    R = R / np.sqrt(np.outer(np.diag(R), np.diag(R)))
    units = correlation_units(path.model, loss_of(path))
    for j in range(len(units)):
        assert path.forces.marginal[j] / units[j] == pytest.approx(R[j % 4, 4 + j // 4], abs=1e-9)
    for j in (0, len(units) - 1):
        reason = path.why(j)
        assert reason.marginal / reason.correlation_unit == pytest.approx(R[j % 4, 4 + j // 4], abs=1e-9)
        assert "orrelates" in str(reason)


@every
def test_elsewhere_it_is_none(name):
    options = {"loss": name, "alphas": [0.01]}
    shift = np.zeros((90, COPIES[name])) if name in COPIES else np.zeros(90)
    shift[::2] = 0.3
    odd = [lz.path(X, Y[name], penalty_weights=[1, 1, 1, 0], **options)]
    if name != "ordinal":  # without intercepts its odds would be equal
        odd.append(lz.path(X, Y[name], fit_intercept=False, **options))
        odd.append(lz.path(X, Y[name], offset=shift, **options))
    if name not in {"squared", "logistic", "poisson", "multinomial", "multitask"}:
        odd.append(lz.path(X, Y[name], **options))
    for path in odd:
        assert not correlation_units(path.model, loss_of(path)).any()
    assert "in the units of alpha" in str(odd[0].why(0))


def test_several_classes_share_no_unit_of_correlation():
    rows = lz.penalties.Group(groups=[0, 1, 2, 3])
    path = lz.path(X, COLOURS, loss="multinomial", penalty=rows, feature_names=NAMES, alphas=[0.02])
    reason = path.why("age[red]")
    assert reason.correlation_unit == 0  # what its three weights leave together is in the units of α
    assert reason.pull == pytest.approx(np.sqrt(np.sum(np.square(path.forces.left[[0, 4, 8]]))))
    assert str(reason).startswith("age[red] is kept with its weights for blue and green, weight")
    assert "Together the three weights of the group leave" in str(reason)


# ---------------------------------------------------------------------------------------------- what is told
def told_ratio(text):
    return float(re.search(r"by (\d[\d.,]*\d)[.:]", text)[1].replace(",", ""))


@pytest.mark.parametrize("name", sorted(LOG_LINK | {"logistic", "ordinal"}))
def test_a_ratio_is_that_of_predictions_one_sd_apart(name, fits):
    path = fits(name)
    j = int(np.argmax(np.abs(path.forces.weight)))
    further = X.copy()
    further[:, j] += X[:, j].std()
    if name in LOG_LINK:
        found = path.predict(further) / path.predict(X)
    else:
        solution = path.at(path.forces.alpha)
        before, after = solution.predict_proba(X), solution.predict_proba(further)
        above = 1 if name == "logistic" else 2  # more than the second class
        odds = [p[:, above:].sum(1) / p[:, :above].sum(1) for p in (before, after)]
        found = odds[1] / odds[0]
    np.testing.assert_allclose(found, found[0], rtol=1e-9)  # the same for every row
    reason = path.why(j)
    assert told_ratio(str(reason)) == pytest.approx(found[0], rel=6e-3)
    words = {
        "poisson": "one SD multiplies the expected count by",
        "negative_binomial": "one SD multiplies the expected count by",
        "gamma": "one SD multiplies the expected amount by",
        "tweedie": "one SD multiplies the expected amount by",
        "cox": "one SD multiplies the hazard by",
        "logistic": "one SD multiplies the odds of yes by",
        "ordinal": "one SD multiplies the odds of more by",
    }
    assert words[name] in str(reason)


@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_odds_of_one_class_are_against_those_without_a_weight_or_the_average(penalty):
    path = lz.path(X, COLOURS, loss="multinomial", penalty=penalty, feature_names=NAMES, alphas=[0.03])
    solution = path.at(0.03)
    classes = np.array(path.model.classes)
    for name in path.feature_names:
        reason = path.why(name)
        if reason.state == "zero":
            continue
        further = X.copy()
        further[:, NAMES.index(name.partition("[")[0])] += X[:, NAMES.index(name.partition("[")[0])].std()
        before, after = (np.log(solution.predict_proba(rows)) for rows in (X, further))
        own = list(classes).index(reason.output)
        others = [list(classes).index(c) for c in reason.against]
        base = (after - before)[:, others] if others else (after - before).mean(axis=1, keepdims=True)
        np.testing.assert_allclose((after - before)[:, [own]] - base, reason.apart, rtol=0, atol=1e-9)
        assert told_ratio(str(reason)) == pytest.approx(np.exp(reason.apart), rel=6e-3)
        against = " and ".join(reason.against) if others else "the average class (geometric mean)"
        assert f"one SD multiplies the odds of {reason.output} against {against} by" in str(reason)
        assert bool(others) == (penalty == "l1")


@pytest.mark.parametrize(("name", "words"), [("huber", "shifts the centre of the target"), ("squared_hinge", "adds")])
def test_a_shift_is_that_of_predictions_one_sd_apart(name, words, fits):
    path = fits(name)
    reason = path.why(int(np.argmax(np.abs(path.forces.weight))))
    assert f"one SD {words}" in str(reason)
    assert reason.per_sd == pytest.approx(reason.weight * X[:, NAMES.index(reason.feature)].std())
    if name == "squared_hinge":
        assert "to the score of yes." in str(reason)


@pytest.mark.parametrize(
    ("loss", "words"),
    [("quantile:0.5", "median"), ("quantile:0.9", "0.9-quantile"), (lz.losses.Quantile(tau=0.25), "0.25-quantile")],
)
def test_a_quantile_is_called_by_its_share(loss, words):
    path = lz.path(X, Y["squared"], loss=loss, feature_names=NAMES, alphas=[1e3])
    assert path.why("age").of == words
    kept = replace(path.why("age"), state="kept", weight=0.5, per_sd=0.5)
    assert f"one SD shifts the {words} of the target by 0.500" in str(kept)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("squared", "That is not evidence that"),
        ("logistic", "An odds ratio of 1 here is the penalty's choice, not an estimate."),
        ("ordinal", "An odds ratio of 1 here"),
        ("poisson", "A ratio of 1 here is the penalty's choice, not an estimate."),
        ("cox", "A hazard ratio of 1 here is the penalty's choice, not an estimate."),
        ("squared_hinge", "That is not evidence that"),
        ("multinomial", "An odds ratio of 1 here"),
    ],
)
def test_a_zero_is_no_estimate(name, words, fits):
    path = fits(name)
    reasons = [path.why(feature) for feature in path.feature_names]
    far = [replace(r, share=0.5, certified=True, elsewhere=()) for r in reasons if r.state == "zero"]
    assert far
    assert all(words in str(reason) for reason in far)


def test_a_class_without_a_weight_is_told_by_the_weights_of_the_others(fits):
    path = fits("multinomial")
    weights = path.forces.weight.reshape(3, 4)
    feature = int(np.argmax((weights != 0).sum(axis=0) * ~(weights != 0).all(axis=0)))
    zero = int(np.flatnonzero(weights[:, feature] == 0)[0])
    output, others = path.model.outputs[zero], [path.model.outputs[k] for k in np.flatnonzero(weights[:, feature])]
    reason = replace(path.why(f"{NAMES[feature]}[{output}]"), share=0.5, certified=True)
    assert list(reason.elsewhere) == others
    assert f"The odds of {output} against {' and '.join(others)} depend on {NAMES[feature]} all the same" in str(reason)


def test_ratios_near_one_keep_their_digits():
    assert [ratio(x) for x in (1.0, 1.004, 0.99941, 1.00000123, 1.3, 12.345)] == [
        "1.00", "1.0040", "0.99941", "1.0000012", "1.30", "12.3",
    ]  # fmt: skip


# ---------------------------------------------------------------------------------------------- several outputs
def test_a_column_with_several_weights_names_them(fits):
    for name in COPIES:
        path = fits(name)
        listed = ", ".join(f"'age[{output}]'" for output in path.model.outputs)
        with pytest.raises(
            ValueError, match=re.escape(f"'age' has a weight for each of {len(path.model.outputs)}")
        ) as e:
            path.why("age")
        assert listed in str(e.value)
        with pytest.raises(ValueError, match="without itself"):
            path.what_if(path.feature_names[0], without="age")
        with pytest.raises(ValueError, match="did you mean"):
            path.why("agee[red]" if name == "multinomial" else "agee[y0]")


@pytest.mark.parametrize("name", sorted(COPIES))
def test_twins_and_rivals_are_of_the_same_output(name):
    doubled = np.column_stack([X, 2.54 * X[:, 0]])
    path = lz.path(doubled, Y[name], loss=name, feature_names=[*NAMES, "inch"], alphas=[0.02])
    for feature in path.feature_names[::2]:
        reason = path.why(feature)
        own = f"[{reason.output}]"
        assert reason.twins == ({"age": (f"inch{own}",), "inch": (f"age{own}",)}.get(feature.partition("[")[0], ()))
        assert all(other.endswith(own) for other, _ in reason.rivals or ())
    # Given the kept weights of its own output alone, a partial correlation is that of residuals.
    path = lz.path(X, Y[name], loss=name, feature_names=NAMES, alphas=[0.02])
    reason = path.why(1)
    kept = [j for j in range(4) if path.forces.weight[j] and j != 1]
    for other, found in reason.rivals:
        k = NAMES.index(other.partition("[")[0])
        rest = np.column_stack([np.ones(len(X)), X[:, [m for m in kept if m != k]]])
        a, b = (v - rest @ np.linalg.lstsq(rest, v, rcond=None)[0] for v in (X[:, 1], X[:, k]))
        assert found == pytest.approx(a @ b / np.sqrt((a @ a) * (b @ b)), abs=1e-9)


def test_used_splits_exactly_within_one_output_of_several_responses():
    path = lz.path(X, Y["multitask"], loss="multitask", feature_names=NAMES, alphas=[0.05])
    weights = path.forces.weight.reshape(2, 4)
    S = np.cov(X.T, bias=True) / np.outer(X.std(0), X.std(0))
    for k, output in enumerate(path.model.outputs):
        for j, name in enumerate(NAMES):
            reason = path.why(f"{name}[{output}]")
            parts = dict(reason.used_by)
            assert parts == pytest.approx(
                {f"{NAMES[m]}[{output}]": S[j, m] * weights[k, m] for m in np.flatnonzero(weights[k])}
            )
            assert sum(parts.values()) == pytest.approx(reason.used, abs=1e-12)


@every
def test_only_a_constant_curvature_splits_what_is_used(name, fits):
    path = fits(name)
    assert any(path.why(j).used_by for j in range(len(path.feature_names))) == (name in {"squared", "multitask"})


def test_unpenalised_weights_of_classes_sum_to_zero():
    path = lz.path(
        X, COLOURS, loss="multinomial", feature_names=NAMES, penalty_weights={"age": 0.0}, alphas=[0.02, 0.0]
    )
    for k in (0, 1):
        by_class = path.coefs.toarray()[:, k].reshape(3, 4)
        free = by_class[:, 0] if k == 0 else by_class
        assert np.abs(free.sum(axis=0)).max() < 1e-12
        assert np.count_nonzero(free) == free.size
        assert abs(path.intercepts[k].sum()) < 1e-12
    states = [path.why(f"age[{c}]", 0.02).state for c in path.model.outputs]
    assert states == ["unpenalised"] * 3
    assert not any(path.why(f"age[{c}]", 0.02).certified for c in path.model.outputs)
    np.testing.assert_allclose(path.at(0.0).coef, sum_zero(least("multinomial", tuple(range(12)))[0]), atol=1e-4)


def sum_zero(slopes):
    by_class = slopes.reshape(3, 4)
    return (by_class - by_class.mean(axis=0)).ravel()


def test_a_weight_of_the_last_class_alone_is_refitted():
    path = lz.path(X, COLOURS, loss="multinomial", feature_names=NAMES, alphas=[0.02])
    found = path.source.refit(np.array([8, 9]))  # age and bmi for red
    expected, _ = least("multinomial", (8, 9))
    np.testing.assert_allclose(found, expected[[8, 9]], rtol=1e-4)


# ---------------------------------------------------------------------------------------------- a loss of one's own
class LogCosh:
    """A smooth relative of Huber's loss."""

    name, smoothness = "log_cosh", 1.0

    def value(self, y, eta):
        return np.logaddexp(eta - y, y - eta) - np.log(2.0)

    def gradient(self, y, eta):
        return np.tanh(eta - y)

    def curvature(self, y, eta):
        return 1.0 - np.tanh(eta - y) ** 2

    def check(self, y):
        return np.asarray(y, dtype=float)


def test_a_loss_of_ones_own_is_told_in_its_level():
    path = lz.path(X, Y["huber"], loss=LogCosh(), feature_names=NAMES, alphas=[0.15])
    reasons = [path.why(name) for name in NAMES]
    assert {reason.state for reason in reasons} == {"kept", "zero"}
    for reason in reasons:
        assert reason.marginal == pytest.approx(reason.used + reason.left)
        assert (reason.correlation_unit, reason.used_by) == (0.0, ())
        if reason.state == "kept":
            assert "one SD shifts the level of the target by" in str(reason)
            assert abs(reason.left) == pytest.approx(0.15, rel=1e-4)


# ---------------------------------------------------------------------------------------------- side by side
@pytest.mark.filterwarnings("ignore:the best score is at the")  # the grid is short on purpose
@pytest.mark.parametrize("name", ["poisson", "multinomial"])
def test_a_comparison_under_any_loss_is_each_path_alone(name):
    options = {"loss": name, "feature_names": NAMES, "alphas": np.geomspace(0.3, 0.03, 5), "cv": 2}
    found = lz.compare(X, Y[name], penalties=["l1", "l2"], rule="min", **options)
    for k, penalty in enumerate(found.penalties):
        alone = choose(lz.path(X, Y[name], penalty=penalty, **options), "min")
        np.testing.assert_array_equal(found.coefs[:, k], alone.coefs.toarray()[:, alone.chosen])
        np.testing.assert_array_equal(found.intercepts[k], alone.intercepts[alone.chosen])
    first = found.feature_names[0]
    assert found.contrast(first).startswith(f"{first} weighs, per SD,")
    if name == "multinomial":
        with pytest.raises(ValueError, match="has a weight for each of 3 outputs"):
            found.contrast("age")


def test_brackets_in_a_name_are_no_output():
    path = lz.path(X, Y["squared"], feature_names=["x[1]", "x[2]", "age", "y"], alphas=[0.1])
    with pytest.raises(ValueError, match=r"the path has no feature 'x'"):
        path.why("x")
