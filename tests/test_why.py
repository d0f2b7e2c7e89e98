"""Reasons against closed forms: a lasso on a known covariance, solved here in a dozen lines."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csc_array

from lozenge import path as path_of
from lozenge.explain.why import chosen_by, sentence
from lozenge.results import (
    Certificate,
    CrossValidation,
    Forces,
    History,
    Model,
    Path,
    Reason,
    Solution,
    Status,
)

FORBIDDEN = re.compile(r"insignificant|no effect|significan", re.IGNORECASE)


class Twin:
    """min ½ bᵀSb - cᵀb + α Σ v(ρ|b| + ½(1 - ρ)b²): squared loss on columns with covariance S and cov(x, y) = c."""

    convex = True

    def __init__(self, S, c, v, rho, model, names):
        self.S, self.c, self.v, self.rho, self.model, self.names = S, c, v, rho, model, names
        self.solved = 0

    def weights(self, alpha):
        live = np.flatnonzero(np.isfinite(self.v) & (np.diag(self.S) > 0))
        b = np.zeros(len(self.c))
        for _ in range(5000):
            before = b.copy()
            for j in live:
                z = self.c[j] - self.S[j] @ b + self.S[j, j] * b[j]
                b[j] = np.sign(z) * max(abs(z) - alpha * self.rho * self.v[j], 0.0)
                b[j] /= self.S[j, j] + alpha * (1 - self.rho) * self.v[j]
            if np.abs(b - before).max() < 1e-15:
                break
        return b

    def hold(self, alpha, feature):
        self.solved += 1
        b = self.weights(alpha)
        pull = self.c[feature] - self.S[feature] @ b
        return -abs(b[feature]) if b[feature] else max(alpha * self.rho * self.v[feature] - abs(pull), 0.0)

    def solve(self, alpha):
        self.solved += 1
        b = self.weights(alpha)
        return Solution(
            alpha=alpha,
            coef=b / self.model.penalised_unit,
            intercept=0.0,
            gap=0.0,
            deviance_ratio=0.5,
            df=int(np.count_nonzero(b)),
            status=Status.CERTIFIED,
            certificate=Certificate("gap", 0.0),
            unique=True,
            feature_names=self.names,
            model=self.model,
        )

    def forces(self, alpha):
        free = (self.v == 0) & (np.diag(self.S) > 0)
        null = np.zeros(len(self.c))
        if free.any():
            null[free] = np.linalg.solve(self.S[np.ix_(free, free)], self.c[free])
        b = self.weights(alpha)
        with np.errstate(invalid="ignore"):
            price = np.where(np.isinf(self.v), np.inf, alpha * self.rho * self.v)
        left = self.c - self.S @ b
        safe = (np.abs(left) < price * (1 - 1e-6)) | np.isinf(self.v)
        return Forces(alpha, self.c - self.S @ null, left, price, b, safe, unique=True, gap=0.0)

    def similarity(self, feature, others):
        return self.S[feature, others]

    def covariance(self, features):
        return self.S[np.ix_(features, features)]

    def contrast(self, alpha):  # noqa: ARG002 - as a source has it
        """What is told where the fit under L2 would be too dear."""
        return np.full(len(self.c), np.nan)

    def drift(self, alpha):
        h = 1e-6 * alpha
        return (self.forces(alpha).left - self.forces(alpha - h).left) / h

    def refit(self, support):
        return np.linalg.lstsq(self.S[np.ix_(support, support)], self.c[support])[0]


def entries(twin, alphas, coefs):
    """(enters_at, leaves_at), found by bisection on the twin."""
    p = coefs.shape[0]
    enters, leaves = np.full(p, np.nan), np.full(p, np.nan)
    for j in range(p):
        on = np.flatnonzero(coefs[j])
        if not on.size:
            continue
        first, last = on[0], on[-1]
        enters[j] = edge(twin, j, alphas[first - 1], alphas[first]) if first else alphas[0]
        if last < len(alphas) - 1:
            leaves[j] = edge(twin, j, alphas[last + 1], alphas[last])
    return enters, leaves


def edge(twin, j, zero, kept):
    for _ in range(40):
        middle = (zero + kept) / 2
        zero, kept = (zero, middle) if twin.weights(middle)[j] != 0 else (middle, kept)
    return kept


def make(
    S, c, alphas, *, names=None, v=None, rho=1.0, chosen=-1, units=None, y_sd=1.0, target="yield", intercept=True,
    classes=(), loss="squared",
):  # fmt: skip
    """Path on columns whose standardised covariance is S; ``units`` are their standard deviations."""
    S, c, alphas = np.asarray(S, float), np.asarray(c, float), np.asarray(alphas, float)
    p = len(c)
    v = np.ones(p) if v is None else np.asarray(v, float)
    names = tuple(names or [f"x{j}" for j in range(p)])
    units = np.ones(p) if units is None else np.asarray(units, float)
    constant = np.diag(S) == 0
    model = Model(
        loss=loss,
        loss_parameters={},
        penalty="l1" if rho == 1 else "l2" if rho == 0 else "elasticnet",
        penalty_parameters={},
        fit_intercept=intercept,
        standardize=True,
        tol=1e-6,
        n=100,
        weight_sum=100.0,
        alpha_max=float(np.abs(c).max()),
        null_loss=0.5 * y_sd**2,
        saturated_loss=0.0,
        null_intercept=0.0,
        y_mean=0.0,
        y_sd=y_sd,
        scale=np.where(constant, 0.0, units),
        center=np.zeros(p),
        penalised_unit=np.where(constant, 1.0, units),
        penalty_weights=v,
        constant=constant,
        classes=classes,
        target=target,
    )
    twin = Twin(S, c, v, rho, model, names)
    coefs = np.column_stack([twin.weights(alpha) / model.penalised_unit for alpha in alphas])
    enters, leaves = entries(twin, alphas, coefs)
    L = len(alphas)
    chosen %= L
    return Path(
        alphas=alphas,
        coefs=csc_array(coefs),
        intercepts=np.zeros(L),
        gaps=np.zeros(L),
        deviance_ratio=np.zeros(L),
        df=np.count_nonzero(coefs, axis=0),
        unique=np.ones(L, bool),
        status=(Status.CERTIFIED,) * L,
        certificates=(Certificate("gap", 0.0),) * L,
        passes=1.0,
        feature_names=names,
        model=model,
        history=History(
            enters, leaves, np.array([np.flatnonzero(row)[0] if row.any() else -1 for row in coefs]), (), ()
        ),
        chosen=chosen,
        forces=twin.forces(float(alphas[chosen])),
        source=twin,
    )


def orthonormal(**more):
    """Weights 3 - α, -2 + α, 0.5 - α: the soft-thresholded correlations."""
    return make(np.eye(3), [3.0, -2.0, 0.5], [4, 2, 1, 0.25], names=["dose", "age", "sex"], chosen=2, y_sd=4.0, **more)


# ------------------------------------------------------------------------------ the numbers
def test_the_balance_of_an_orthonormal_design_is_soft_thresholding():
    path = orthonormal()
    for j, c in enumerate([3.0, -2.0, 0.5]):
        reason = path.why(j)
        assert reason.weight == pytest.approx(np.sign(c) * max(abs(c) - 1.0, 0.0))
        assert (reason.marginal, reason.left) == pytest.approx((c, np.clip(c, -1, 1)))
        assert reason.marginal == pytest.approx(reason.used + reason.left)
        assert reason.slack == pytest.approx(reason.price - abs(reason.left))
        assert reason.share == pytest.approx(abs(reason.left) / reason.price)
        assert (reason.price, reason.correlation_unit, reason.kept) == (1.0, 4.0, 2)


def test_a_feature_is_found_by_name_or_place():
    path = orthonormal()
    assert path.why("age") == path.why(1) == path.why(np.int64(1))
    with pytest.raises(ValueError, match="did you mean 'dose'"):
        path.why("dosee")
    with pytest.raises(ValueError, match="did you mean 'sex'"):
        path.why("SEX")
    with pytest.raises(ValueError, match="qqq…'; it has 'dose', 'age', 'sex'"):
        path.why("q" * 5000)
    X = np.random.default_rng(0).standard_normal((9, 20))
    with pytest.raises(ValueError, match="feature_names lists"):
        path_of(X, X[:, 0], alphas=[0.1]).why("q")
    for wrong in (3, -1):
        with pytest.raises(ValueError, match="out of range"):
            path.why(wrong)


@pytest.mark.parametrize("alpha", [-1.0, float("nan")])
def test_an_impossible_alpha_is_refused(alpha):
    with pytest.raises(ValueError, match="zero or more"):
        orthonormal().why("age", alpha)


def test_an_infinite_alpha_is_where_the_null_model_begins():
    assert orthonormal().why("age", np.inf).alpha == 3.0


def test_any_alpha_is_explained_while_the_data_are_there_and_only_the_chosen_one_after():
    path = orthonormal()
    assert path.why("sex", 0.3).state == "kept"
    assert path.why("sex", 0.3).chosen_by == "alpha"
    loaded = replace(path, source=None)
    assert loaded.why("sex") == replace(
        path.why("sex"), next_at=loaded.why("sex").next_at, used_by=None, twins=None, rivals=None, ridge_weight=None
    )
    assert loaded.why("sex", 1.0 + 1e-12) == loaded.why("sex")
    with pytest.raises(ValueError, match=r"only at its chosen alpha, 1.0; got 0.3.*Fit again"):
        loaded.why("sex", 0.3)


def test_used_splits_exactly_over_the_kept_features():
    S = np.array([[1, 0.6, 0.5], [0.6, 1, 0.3], [0.5, 0.3, 1]])
    path = make(S, [3.0, 2.6, 1.3], [3, 0.5], names=["a", "b", "c"])
    zero = path.why("c")
    assert zero.state == "zero"
    assert [name for name, _ in zero.used_by] == ["a", "b"]
    assert sum(part for _, part in zero.used_by) == pytest.approx(zero.used, abs=1e-12)
    b = path.forces.weight
    assert dict(zero.used_by)["a"] == pytest.approx(0.5 * b[0])


def test_used_splits_beyond_the_unpenalised_features():
    S = np.array([[1, 0.6, 0.5], [0.6, 1, 0.3], [0.5, 0.3, 1]])
    path = make(S, [3.0, 2.6, 1.4], [1.0, 0.5], names=["a", "b", "c"], v=[0, 1, 1])
    for name in "bc":
        reason = path.why(name)
        assert sum(part for _, part in reason.used_by) == pytest.approx(reason.used, abs=1e-9)
        assert reason.correlation_unit == 0  # beyond other features it is no correlation
    assert path.why("a").state == "unpenalised"
    assert path.why("a").used_by == ()


def test_a_split_that_misses_its_sum_is_not_shown():
    path = make([[1, 0.5], [0.5, 1]], [3.0, 1.2], [1.0])
    path.source.similarity = lambda _, others: np.full(len(others), 0.9)
    assert path.why(1).used_by == ()


def test_refitted_weights_are_those_without_a_penalty():
    path = orthonormal(units=[2.0, 1.0, 1.0])
    assert path.why("dose").weight == pytest.approx(1.0)  # (3 - 1) per SD of 2
    assert path.why("dose").per_sd == pytest.approx(2.0)
    assert path.why("dose").refit_weight == pytest.approx(3.0)
    assert path.why("sex").refit_weight is None
    path.source.refit = lambda support: np.full(len(support), np.nan)
    assert path.why("dose").refit_weight is None


def test_twins_are_named_whatever_their_units_and_sign():
    S = np.array([[1, -1, 0.2], [-1, 1, -0.2], [0.2, -0.2, 1]])
    path = make(S, [3.0, -3.0, 0.4], [1.0], names=["cm", "inch", "other"], units=[2.54, 1.0, 3.0])
    path = replace(path, forces=replace(path.forces, unique=False))
    assert path.why("cm").twins == ("inch",)
    assert path.why("inch").twins == ("cm",)
    assert path.why("other").twins == ()
    text = str(path.why("inch"))
    assert "inch and cm are one feature" in text
    assert "Other splits between them fit equally well" in text
    assert "The penalty, not the data" in str(replace(path.why("cm"), unique=True))


# ------------------------------------------------------------------------------ entries
def test_a_zero_enters_where_its_correlation_reaches_the_price():
    reason = orthonormal().why("sex")
    assert reason.next_at == reason.enters_at == pytest.approx(0.5, rel=1e-4)
    assert reason.next_exact
    assert "It enters at alpha 0.500, 2.0 times smaller." in str(reason)


def test_past_the_end_the_entry_is_extrapolated_and_said_to_be():
    path = make(np.eye(2), [3.0, 0.5], [2.0, 1.0])
    reason = path.why(1)
    assert reason.next_at == pytest.approx(0.5)
    assert not reason.next_exact
    assert "If nothing else changed it would enter near alpha 0.500" in str(reason)
    assert "past the end of this path at 1.00" in str(reason)


def test_an_entry_that_the_drift_never_reaches_is_none():
    path = make([[1, 0.5], [0.5, 1]], [3.0, 1.5], [2.0, 1.0])  # x1 says only what x0 says
    reason = path.why(1, 2.0)
    assert reason.next_at is None
    assert "It has not entered at alpha 1.00, the end of this path." in str(reason)


def test_a_second_entry_is_refined_by_solving():
    path = make(np.eye(2), [3.0, 0.5], [2.0, 1.0, 0.25], chosen=1)
    # As if it had been in the model at a larger α as well.
    path = replace(path, history=replace(path.history, enters_at=np.array([3.0, 1.7])))
    before = path.source.solved
    reason = path.why(1)
    assert reason.next_at == pytest.approx(0.5, rel=1e-5)
    assert reason.next_exact
    assert 2 < path.source.solved - before < 25
    assert "It was in the model from alpha 1.70 and has left since. It enters again at alpha 0.500" in str(reason)
    loaded = replace(path, source=None).why(1)
    assert (loaded.next_at, loaded.next_exact) == (0.25, False)
    assert "It is in the model again at alpha 0.250" in str(loaded)


def test_a_feature_that_left_says_when():
    S = np.array([[1, 0.7, 0.7], [0.7, 1, 0], [0.7, 0, 1.0]])
    # x0 is first; x1 and x2 enter at 0.367 and have said all of it at 0.25.
    path = make(S, [2.7, 2.0, 2.0], np.geomspace(3, 0.1, 60))
    reason = path.why(0)
    assert reason.state == "zero"
    assert reason.leaves_at is not None
    assert reason.leaves_at < reason.enters_at
    assert (reason.enters_at, reason.leaves_at) == pytest.approx((2.7, 0.25), rel=1e-4)
    assert "from alpha 2.70 down to 0.250" in str(reason)
    earlier = path.why(0, 0.3)
    assert earlier.state == "kept"
    assert "and is out again below" in str(earlier)


def test_the_rule_behind_the_chosen_alpha_is_named():
    path = orthonormal()
    alphas = path.alphas
    curve = CrossValidation(alphas, alphas, alphas, alphas[None], "1se", 0, index_min=3, index_1se=2)
    assert chosen_by(path) == "alpha"
    assert chosen_by(replace(path, chosen=3)) == "last"
    assert [chosen_by(replace(path, cv=curve, chosen=k)) for k in range(4)] == [
        "alpha",
        "alpha",
        "1se",
        "min",
    ]
    assert chosen_by(replace(path, cv=replace(curve, index_1se=3, rule="min"), chosen=3)) == "min"


# ------------------------------------------------------------------------------ the words
BASE = Reason(
    feature="age",
    alpha=5.57,
    state="zero",
    weight=0.0,
    per_sd=0.0,
    marginal=14.5,
    used=13.7,
    used_by=(("s5", 5.7), ("bmi", 4.5), ("bp", 3.2), ("s3", 0.3)),
    left=0.8,
    price=5.57,
    share=0.8 / 5.57,
    slack=4.77,
    enters_at=0.242,
    next_at=0.242,
    next_exact=True,
    leaves_at=None,
    refit_weight=None,
    certified=True,
    unique=True,
    twins=(),
    correlation_unit=77.0,
    constant=False,
    loss="squared",
    penalty="l1",
    target="progression",
    last_alpha=0.0045,
    kept=5,
    chosen_by="1se",
)
KEPT = replace(
    BASE,
    feature="bmi",
    state="kept",
    weight=5.47,
    per_sd=24.14,
    marginal=45.2,
    used=39.63,
    left=5.57,
    share=1.0,
    slack=0.0,
    enters_at=45.2,
    next_at=None,
    next_exact=False,
    refit_weight=5.64,
    certified=False,
)
CASES = {
    "far": (
        BASE,
        [
            "age is exactly 0.",
            "Alone it correlates 0.188 with progression, but the kept features already",
            "account for 0.178 (mostly s5 0.074, bmi 0.058, bp 0.042).",
            "The 0.010 left is 14 % of the price 0.072",
            "would cost more than it earns",
            "It enters at alpha 0.242, 23 times smaller.",
            "not evidence that age does not matter",
        ],
    ),
    "close": (
        replace(BASE, used=9.4, left=5.1, share=0.916, used_by=()),
        ["exactly 0, but close", "92 % of the price", "depends on the choice of alpha (the one-standard-error rule"],
    ),
    "nearly all": (replace(BASE, share=0.9999), ["over 99.5 % of the price"]),
    "more than all": (
        replace(BASE, used=16.0, left=-1.5),
        ["account for 0.208", "more than all of it", "The -0.019 left"],
    ),
    "the other way": (replace(BASE, used=-2.0, left=5.0), ["pull the other way, by -0.026"]),
    "cancelling parts": (
        replace(BASE, used_by=(("s5", 30.0), ("bmi", -20.0), ("bp", 15.0), ("s3", -11.3))),
        ["(largest: s5 0.390, bmi -0.260, bp 0.195)"],
    ),
    "none of it": (replace(BASE, used=0.0, left=5.0, used_by=()), ["the kept features account for none of it"]),
    "no proof": (replace(BASE, certified=False), ["This zero is not proved"]),
    "all zero": (
        replace(BASE, alpha=50.0, price=50.0, kept=0, used=0.0, left=14.5, share=0.29, used_by=()),
        ["29 % of the price 0.649 at alpha 50.0, where no feature is in the model"],
    ),
    "kept": (
        KEPT,
        [
            "bmi is kept, weight 5.47 (24.1 per SD).",
            "It correlates 0.587 with progression; the model uses 0.515 of that and leaves 0.072, exactly the price",
            "Refitted without penalty on the same five features its weight would be 5.64.",
            "It enters at alpha 45.2.",
        ],
    ),
    "kept alone": (replace(KEPT, kept=1), ["Refitted without penalty alone"]),
    "kept, many": (replace(KEPT, kept=1234), ["on the same 1,234 features"]),
    "turned": (
        replace(KEPT, weight=-5.0, left=-5.57, used=50.8),
        ["The other features have turned its sign.", "the model accounts for 0.660 and leaves -0.072"],
    ),
    "not unique": (replace(KEPT, unique=False), ["not proved unique"]),
    "not there": (replace(KEPT, left=5.0, share=0.898, slack=0.57), ["90 % of the price 0.072", "not quite there"]),
    "elastic net": (
        replace(KEPT, penalty="elasticnet", left=6.57, price=5.57, slack=-1.0, share=1.18),
        ["leaves 0.085, exactly the price 0.072 plus the ridge's pull 0.013 at alpha 5.57"],
    ),
    "ridge": (
        replace(KEPT, penalty="l2", price=0.0, share=float("nan"), slack=-5.57),
        ["the ridge's pull on a weight of this size", "The price is 0", "makes none exactly 0"],
    ),
    "ridge zero": (
        replace(BASE, penalty="l2", price=0.0, left=0.0, share=float("nan"), slack=0.0, next_at=None),
        ["0 by the data, not by the penalty"],
    ),
    "alpha 0": (replace(KEPT, alpha=0.0, price=0.0, share=float("nan")), ["At alpha 0 nothing has a price"]),
    "zero at 0": (replace(BASE, alpha=0.0, price=0.0, share=float("nan")), ["is 0 at alpha 0"]),
    "free": (
        replace(KEPT, state="unpenalised", price=0.0, left=0.0, marginal=0.0, used=0.0),
        ["never penalised", "fitted freely at every alpha", "pays no price"],
    ),
    "excluded": (
        replace(BASE, state="excluded", price=float("inf"), share=0.0, slack=float("inf")),
        ["its penalty weight is infinite", "already account for 0.178", "It was left out before this fit"],
    ),
    "constant": (replace(BASE, constant=True, correlation_unit=0.0), ["an accident of a constant column"]),
    "forces": (
        replace(BASE, correlation_unit=0.0),
        ["Beyond the null model its pull is 14.5 in the units of alpha", "The 0.800 left is 14 % of the price 5.57"],
    ),
    "small price": (
        replace(KEPT, marginal=45.2, left=0.00557, price=0.00557, alpha=0.00557, used=45.1944),
        ["leaves 0.000072, exactly the price"],
    ),
    "odds": (
        replace(
            KEPT,
            loss="logistic",
            effect="odds",
            of="odds",
            target="malignant",
            weight=0.31,
            per_sd=1.495,
            correlation_unit=0.48,
            marginal=0.3725,
            used=0.3346,
            left=0.0379,
            price=0.0379,
            alpha=0.0379,
        ),
        [
            "weight 0.310 per unit: one SD multiplies the odds of malignant by 4.46.",
            "It correlates 0.776 with the outcome; the fitted probabilities account for 0.697 and leave 0.079",
        ],
    ),
    "odds zero": (
        replace(BASE, loss="logistic", effect="odds", of="odds", used_by=()),
        ["the fitted probabilities already account for 0.178.", "the penalty's choice, not an estimate"],
    ),
    "huge odds": (replace(KEPT, effect="odds", of="odds", per_sd=1e6), ["by inf"]),
    "count": (
        replace(KEPT, effect="mean", of="expected count", target="claims", weight=0.31, per_sd=0.2),
        [
            "weight 0.310 per unit: one SD multiplies the expected count by 1.22.",
            "It correlates 0.587 with claims; the fitted means account for 0.515 and leave 0.072",
        ],
    ),
    "no more of it": (
        replace(BASE, effect="mean", of="expected count", used_by=()),
        ["the fitted means already account for 0.178.", "A ratio of 1 here is the penalty's choice"],
    ),
    "hazard": (
        replace(KEPT, effect="hazard", of="hazard", correlation_unit=0.0, per_sd=0.2),
        [
            "one SD multiplies the hazard by 1.22.",
            "its pull is 45.2 in the units of alpha; the fitted hazards account for 39.6 and leave 5.57",
        ],
    ),
    "hazard zero": (replace(BASE, effect="hazard", of="hazard", used_by=()), ["A hazard ratio of 1 here"]),
    "median": (
        replace(KEPT, of="median", correlation_unit=0.0),
        [
            "weight 5.47 per unit: one SD shifts the median of progression by 24.1.",
            "the model uses 39.6 of that and leaves 5.57, exactly the price",
        ],
    ),
    "score": (
        replace(KEPT, effect="score", of="score", correlation_unit=0.0),
        ["one SD adds 24.1 to the score of progression.", "the fitted scores account for 39.6"],
    ),
    "more": (
        replace(KEPT, effect="odds", of="odds of more", correlation_unit=0.0, per_sd=0.2),
        ["one SD multiplies the odds of more progression by 1.22.", "the fitted probabilities account for 39.6"],
    ),
    "one class of several": (
        replace(
            KEPT,
            feature="bmi[red]",
            effect="odds",
            of="odds",
            output="red",
            target="red",
            against=("blue",),
            elsewhere=("green",),
            apart=0.2,
        ),
        [
            "bmi[red] is kept, weight 5.47 per unit: one SD multiplies the odds of red against blue by 1.22.",
            "It correlates 0.587 with red; the fitted probabilities",
            "Refitted without penalty on the same five weights its weight would be 5.64.",
        ],
    ),
    "all classes": (
        replace(KEPT, feature="bmi[red]", effect="odds", of="odds", output="red", against=(), apart=0.2),
        ["against the average class (geometric mean) by 1.22."],
    ),
    "zero of a class": (
        replace(BASE, feature="bmi[red]", effect="odds", of="odds", output="red", target="red", elsewhere=("a", "b")),
        ["The odds of red against a and b depend on bmi all the same, by its weights there."],
    ),
    "its weights": (
        replace(
            KEPT,
            feature="bmi[low]",
            output="low",
            held_by="group",
            held_with=("bmi[mid]", "bmi[top]"),
            others_held=2,
            pull=5.57,
            correlation_unit=0.0,
        ),
        [
            "bmi[low] is kept with its weights for mid and top, weight",
            "Together the three weights of the group leave 5.57 (root of the sum of squares), exactly the group's",
        ],
    ),
    "next to none": (
        replace(BASE, correlation_unit=0.0, used=0.01, left=14.49, used_by=()),
        ["its pull is 14.5 in the units of alpha; the kept features account for next to none of it."],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_every_case_has_its_words(case):
    reason, expected = CASES[case]
    text = sentence(reason)
    for words in expected:
        assert words in text
    assert not FORBIDDEN.search(text)
    assert "nan" not in re.sub(r"[a-z]*nan[a-z]+", "", text)
    assert "  " not in text
    assert text.endswith(".")


@pytest.mark.parametrize("case", CASES)
def test_every_number_in_a_sentence_is_in_the_reason(case):
    reason, _ = CASES[case]
    text = sentence(reason)
    for name in (reason.feature, reason.target, *(name for name, _ in reason.used_by)):
        text = text.replace(name, "")
    unit = reason.correlation_unit or 1.0
    forces = [
        reason.marginal,
        reason.used,
        reason.left,
        reason.price,
        reason.slack,
        *(p for _, p in reason.used_by),
    ]
    others = [reason.weight, reason.per_sd, reason.alpha, reason.enters_at, reason.next_at, reason.leaves_at]
    others += [
        reason.refit_weight,
        reason.last_alpha,
        reason.kept,
        100 * reason.share,
        np.exp(min(reason.per_sd, 700)),
        np.exp(reason.apart),
        1 + reason.others_held,
    ]
    others += [
        100 * (1 - (reason.next_at or 1) / (reason.alpha or 1)),
        (reason.alpha or 1) / (reason.next_at or 1),
    ]
    known = [abs(force) / unit for force in forces] + [abs(other) for other in others if other is not None]
    known += [0.0, 1.0, 99.5]  # "exactly 0", "an odds ratio of 1", "over 99.5 %"
    for found in re.findall(r"\d[\d,]*\.?\d*(?:e[+-]?\d+)?", text):
        value = float(found.replace(",", ""))
        decimals = len(found.partition(".")[2]) if "e" not in found else 0
        step = max(10.0**-decimals, 0.005 * value)
        assert any(abs(value - number) <= 0.51 * step for number in known), (found, text)


def test_sentences_follow_from_a_whole_path():
    S = np.array([[1, 0.6, 0], [0.6, 1, 0], [0, 0, 0.0]])
    path = make(S, [3.0, 2.6, 0.0], [2.9, 1.0], v=[1, np.inf, 1], names=["a", "b", "flat"])
    assert path.why("b").state == "excluded"
    assert path.why("b").weight == 0
    assert path.why("b").used == pytest.approx(1.2)
    assert path.why("flat").constant
    assert path.why("flat").state == "zero"
    for name in path.feature_names:
        assert str(path.why(name))
        assert path.why(name).to_dict()["sentence"] == str(path.why(name))


def test_the_elastic_net_and_the_ridge_leave_their_slope():
    for rho in (0.5, 0.0):
        path = make(np.eye(2), [3.0, 0.2], [1.0], rho=rho)
        reason = path.why(0)
        assert abs(reason.left) == pytest.approx(rho + (1 - rho) * abs(reason.weight))
        assert reason.price == rho
        assert "the ridge's pull" in str(reason)
    assert path.why(1).state == "kept"  # the ridge keeps everything
    assert np.isnan(path.why(1).share)


def test_without_an_intercept_alone_a_force_is_no_correlation():
    path = orthonormal(intercept=False)
    assert path.why("age").correlation_unit == 0
    path = orthonormal()
    shifted = replace(path, model=replace(path.model, offset=True))
    assert shifted.why("age").correlation_unit == 0


def test_an_outcome_is_named_by_its_event():
    path = orthonormal(loss="logistic")
    named = [
        (None, ("benign", "malignant"), "malignant"),
        (None, (0, 1), "class 1"),
        ("ill", (0.0, 1.0), "ill = 1"),
        ("ill", (False, True), "ill = True"),
        (None, (), "the target"),
    ]
    for target, classes, expected in named:
        model = replace(path.model, target=target, classes=classes, y_mean=0.5, y_sd=0.5, null_loss=np.log(2))
        reason = replace(path, model=model).why("dose")
        assert reason.target == expected
        assert reason.used_by == ()
        assert reason.correlation_unit == 0.5


# ------------------------------------------------------------------------------ with the engine
@pytest.fixture(scope="module")
def diabetes():
    from sklearn.datasets import load_diabetes

    import lozenge as lz

    data = load_diabetes(scaled=False)
    return lz.path(data.data, data.target, feature_names=list(data.feature_names))


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        (
            "bmi",
            [
                "bmi is kept, weight 5.47 (24.1 per SD)",
                "leaves 0.072, exactly the price at alpha 5.57",
                "on the same five features its weight would be 5.64",
                "It enters at alpha 45.2",
            ],
        ),
        (
            "age",
            [
                "age is exactly 0.",
                "correlates 0.188",
                "account for 0.178 (mostly s5 0.074, bmi 0.058, bp 0.042)",
                "The 0.010 left is 13 % of the price 0.072",
                "It enters at alpha 0.242, 23 times smaller",
            ],
        ),
        ("s6", ["s6 is exactly 0, but close", "90 % of the price", "It enters at alpha 4.22, 24 % lower"]),
        ("s4", ["61 % of the price", "It enters at alpha 0.950"]),
    ],
)
def test_the_diabetes_data_say_what_was_computed_elsewhere(diabetes, feature, words):
    text = str(diabetes.why(feature, 5.57))
    for expected in words:
        assert expected in text


def test_the_split_of_a_real_fit_is_exact(diabetes):
    for feature in diabetes.feature_names:
        reason = diabetes.why(feature, 5.57)
        assert sum(part for _, part in reason.used_by) == pytest.approx(reason.used, abs=1e-8)
        assert reason.marginal == pytest.approx(reason.used + reason.left, rel=1e-14)


def test_a_logistic_fit_speaks_of_odds():
    from sklearn.datasets import load_breast_cancer

    import lozenge as lz

    data = load_breast_cancer()
    names = [str(name) for name in data.feature_names]
    y = data.target_names[data.target]
    path = lz.path(data.data, y, loss="logistic", feature_names=names, alphas=[0.2, 0.0384, 0.004])
    text = str(path.why("worst radius", 0.0384))
    assert "one SD multiplies the odds of malignant by 4.46" in text
    assert "It correlates 0.776 with the outcome" in text
    zero = str(path.why("mean compactness", 0.0384))
    assert "correlates 0.597" in zero
    assert "60 % of the price" in zero
    assert "penalty's choice, not an estimate" in zero


def test_a_saved_path_gives_the_same_reason(diabetes, tmp_path):
    import lozenge as lz
    from lozenge import fit

    chosen = fit.choose(diabetes, 5.57)
    chosen.save(tmp_path / "model.json")
    again, before = lz.load(tmp_path / "model.json").why("age"), chosen.why("age")
    assert again.used_by is None  # only the data could tell, and they are gone
    assert again.twins is None
    assert again.enters_at == pytest.approx(before.enters_at, rel=1e-12)  # solved for twice, from different neighbours
    apart = dict.fromkeys(("used_by", "twins", "rivals", "ridge_weight", "next_at", "enters_at"))
    apart["next_exact"] = False
    assert replace(again, **apart) == replace(before, **apart)
