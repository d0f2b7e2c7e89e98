"""What holds a weight, against brute force, refits and other libraries; and that the sentences say so."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import Lasso

import lozenge as lz
from lozenge import fit
from lozenge.explain import held
from lozenge.penalties import PENALTIES, TV, Slope
from lozenge.penalties.words import described, titled
from lozenge.report import Setting, page

K = 7
NAMES = tuple("abcdefg")
GROUPS = [0, 0, 1, 2, 2, 2, 3]
MADE = [
    ("l1", {}),
    ("l1", {"positive": True}),
    ("l1", {"lower": -0.5, "upper": [0.3, np.inf, 0.0, 1.0, 1.0, np.inf, 0.2]}),
    ("group", {"groups": GROUPS}),
    ("sparse_group", {"groups": GROUPS, "l1_ratio": 0.4}),
    ("sparse_group", {"groups": GROUPS, "l1_ratio": 1.0}),
    ("slope", {}),
    ("tv", {}),
    ("tv", {"l1_ratio": 0.3}),
]


@pytest.fixture(scope="module")
def raw():
    found = load_diabetes(scaled=False)
    return found.data, found.target, list(found.feature_names)


def standardised(X):
    return (X - X.mean(0)) / X.std(0)


def left_over(path, X, y):
    """Gradients of the squared loss at the chosen α, from the weights alone."""
    k = path.chosen
    residual = y - X @ path.coefs[:, [k]].toarray()[:, 0] - path.intercepts[k]
    return standardised(X).T @ residual / len(y)


def chosen(X, y, penalty, alpha, **options):
    return fit.choose(lz.path(X, y, penalty=penalty, alphas=[2 * alpha, alpha], tol=1e-10, **options), alpha)


# ------------------------------------------------------------------------------------ the law
@pytest.mark.parametrize(("name", "more"), MADE, ids=[f"{name}{list(more)}" for name, more in MADE])
def test_an_optimum_is_held(name, more):
    """Where b = prox(z), z - b is a subgradient at b: zeros stay up to their price, what is kept meets its own."""
    rng = np.random.default_rng(0)
    penalty = PENALTIES[name](**more).named(NAMES).on(np.arange(K), np.ones(K), np.ones(K))
    seen = set()
    for _ in range(200):
        z, alpha = rng.normal(size=K) * rng.choice([0.5, 2.0]), rng.uniform(0.1, 1.5)
        b = penalty.prox(z, 1.0, alpha)
        price, hold = penalty.hold(b, z - b, alpha)
        pull = np.abs(z - b) if hold is None else hold.pull
        kind = np.array(["price"] * K if hold is None else hold.kind)
        assert (pull[b == 0] <= price[b == 0] * (1 + 1e-9) + 1e-12).all()
        exact = (b != 0) & (kind != "bound")
        np.testing.assert_allclose(pull[exact], price[exact], rtol=1e-9, atol=1e-9)
        seen |= set(kind.tolist())
        blocked = (b == 0) & (kind == "bound")
        if blocked.any():
            low, high = penalty.zero_interval(alpha, np.ones(K))
            assert np.isinf(np.where(z > 0, high, low)[blocked]).all()
    assert ("bound" in seen) == bool({"positive", "upper"} & set(more))


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.9])
def test_a_run_of_zeros_is_strained_as_its_worst_stretch_is(ratio):
    """Over all stretches: |Σ pull| / (ρα·length + (1 - ρ)α·inner ends), which is what lifting it off would cost."""
    rng = np.random.default_rng(1)
    penalty = TV(l1_ratio=ratio).with_weights(np.ones(K))
    for _ in range(100):
        pull = rng.normal(size=K)
        price, hold = penalty.hold(np.zeros(K), pull, 1.0)
        worst = max(
            abs(pull[i:j].sum()) / (ratio * (j - i) + (1 - ratio) * ((i > 0) + (j < K)))
            for i in range(K)
            for j in range(i + 1, K + 1)
        )
        np.testing.assert_allclose(hold.pull / price, worst, rtol=1e-9)
        assert hold.block.tolist() == [0] * K


def test_zeros_under_slope_are_strained_as_their_dual_norm_is():
    rng = np.random.default_rng(2)
    penalty = Slope(q=0.2).with_weights(np.ones(K))
    prices = norm.isf(np.arange(1, K + 1) * 0.2 / (2 * K))
    prices /= prices[0]
    for _ in range(100):
        pull = rng.normal(size=K)
        price, hold = penalty.hold(np.zeros(K), pull, 1.0)
        size = np.sort(np.abs(pull))[::-1]
        assert np.max(hold.pull / price) == pytest.approx(np.max(np.cumsum(size) / np.cumsum(prices)))
        for label in set(hold.block.tolist()) - {-1}:
            members = hold.block == label
            assert hold.pull[members][0] == pytest.approx(np.abs(pull[members]).mean())


# ------------------------------------------------------------------------------------ bounds
def test_a_bound_that_holds_a_zero_is_named_and_is_what_holds_it(raw):
    X, y, names = raw
    alpha = 1.0
    path = chosen(X, y, lz.penalties.L1(positive=True), alpha, feature_names=names)
    peer = Lasso(alpha=alpha, positive=True, tol=1e-12, max_iter=100_000).fit(standardised(X), y)
    np.testing.assert_allclose(path.coefs[:, [path.chosen]].toarray()[:, 0] * X.std(0), peer.coef_, atol=1e-6)
    left = standardised(X).T @ (y - peer.predict(standardised(X))) / len(y)
    blocked = 0
    for j, name in enumerate(names):
        reason = path.why(name)
        assert reason.left == pytest.approx(left[j], abs=1e-6)
        if peer.coef_[j]:
            assert reason.held_by == "price"
            continue
        assert reason.held_by == ("bound" if left[j] < 0 else "price")
        assert reason.share == pytest.approx(max(left[j], 0) / alpha, abs=1e-6)
        if left[j] < -alpha:
            blocked += 1
            said = str(reason)
            assert "is exactly 0, held by its lower bound of 0." in said
            assert "asks for a negative weight, beyond the price" in said
            assert "the bound's doing" in said
            rest = {each: 0.0 for each in names if each != name}
            free = lz.path(X, y, penalty=lz.penalties.L1(lower=rest), alphas=[alpha], feature_names=names)
            assert free.coefs.toarray()[j, 0] < 0  # as the sentence says
        elif left[j] < 0:
            assert "at its lower bound of 0." in str(reason)
            assert "would hold at 0 without that bound too" in str(reason)
    assert blocked
    frame = path.reasons()
    np.testing.assert_allclose(frame["slack"].to_numpy(), (frame["price"] * (1 - frame["share"])).to_numpy(), atol=1e-9)


def test_a_weight_at_its_bound_says_so(raw):
    X, y, names = raw
    path = chosen(X, y, lz.penalties.L1(upper={"bmi": 3.0}), 1.0, feature_names=names)
    reason = path.why("bmi")
    assert (reason.held_by, reason.bounded) == ("bound", True)
    assert reason.weight == pytest.approx(3.0)
    assert reason.left > reason.price
    assert str(reason).startswith("bmi is kept at its upper bound, weight 3.00")
    assert "what the penalty does not hold the bound does" in str(reason)
    assert "Refitted without penalty and bounds" in str(reason)
    assert path.why("s5").held_by == "price"


def test_when_a_bounded_zero_enters(raw):
    X, y, names = raw
    path = lz.path(X, y, penalty=lz.penalties.L1(positive=True), feature_names=names)
    path = fit.choose(path, 30.0)
    for name in names:
        at = path.why(name).enters_at
        if at is not None and at < path.model.alpha_max:
            j = names.index(name)
            assert path.at(at * (1 + 1e-4)).coef[j] == 0
            assert path.at(at * (1 - 1e-4)).coef[j] > 0


# ------------------------------------------------------------------------------------ groups
def test_a_group_is_told_as_one(raw):
    X, y, names = raw
    groups = {"body": ["age", "sex", "bmi"], "blood": ["s1", "s2", "s3", "s4"]}
    path = chosen(X, y, lz.penalties.Group(groups=groups), 15.0, feature_names=names)
    left = left_over(path, X, y)
    weights = path.coefs[:, [path.chosen]].toarray()[:, 0]
    states = set()
    for label, members in groups.items():
        at = [names.index(name) for name in members]
        size, price = np.sqrt(np.sum(left[at] ** 2)), 15.0 * np.sqrt(len(at))
        assert (weights[at] != 0).all() or (weights[at] == 0).all()
        for name in members:
            reason = path.why(name)
            states.add(reason.state)
            assert (reason.held_by, reason.group) == ("group", label)
            assert (reason.pull, reason.price) == pytest.approx((size, price), rel=1e-6)
            assert set(reason.held_with) == set(members) - {name}
            assert reason.others_held == len(members) - 1
            assert reason.marginal == pytest.approx(reason.used + reason.left)
            assert f"columns of its group {label}" in str(reason)
            assert "(root of the sum of squares)" in str(reason)
    assert states == {"kept", "zero"}
    alone = path.why("bp")
    assert (alone.held_by, alone.group) == ("price", None)
    assert abs(alone.left) == pytest.approx(alone.price, rel=1e-6)


def test_a_group_enters_whole_where_it_is_said_to(raw):
    X, y, names = raw
    groups = {"body": ["age", "sex", "bmi"], "blood": ["s1", "s2", "s3", "s4"]}
    path = lz.path(X, y, penalty=lz.penalties.Group(groups=groups), feature_names=names)
    path = fit.choose(path, float(path.alphas[5]))
    at = path.why("s1").enters_at
    members = [names.index(name) for name in groups["blood"]]
    assert (path.at(at * (1 + 1e-4)).coef[members] == 0).all()
    assert (path.at(at * (1 - 1e-4)).coef[members] != 0).all()
    assert "The group enters at alpha" in str(path.why("s1"))
    # The norm of the group follows the line of its pulls past the end of a path, too.
    short = lz.path(X, y, penalty=lz.penalties.Group(groups=groups), feature_names=names, alphas=[1.3 * at, 1.001 * at])
    told = short.why("s3").next_at
    assert told == pytest.approx(at, rel=1e-3)


def test_a_group_without_a_name_lists_its_columns(raw):
    X, y, names = raw
    path = chosen(X, y, lz.penalties.Group(groups=[["age", "sex"], ["s1", "s2"]]), 20.0, feature_names=names)
    assert "all two columns of its group (with sex)" in str(path.why("age"))


def test_group_names_come_back_from_labels(raw):
    X, y, names = raw
    labels = ["body"] * 3 + ["bp"] + ["blood"] * 6
    path = chosen(X, y, lz.penalties.Group(groups=np.array(labels)), 5.0, feature_names=names)
    assert path.why("s1").group == "blood"


def test_a_faded_group_is_told_as_faded(raw):
    X, y, names = raw
    penalty = lz.penalties.GroupMCP(groups={"blood": ["s1", "s2", "s5"]})
    path = chosen(X, y, penalty, 3.0, feature_names=names)
    assert not path.why("bmi").convex
    assert "group_mcp is not convex" in str(path.why("bmi"))
    assert path.why("s5").share < 1


def test_a_sparse_group_has_both_prices(raw):
    X, y, names = raw
    groups = {"body": ["age", "sex", "bmi"], "blood": ["s1", "s2", "s3", "s4", "s5", "s6"]}
    path = chosen(X, y, lz.penalties.SparseGroup(groups=groups, l1_ratio=0.5), 8.0, feature_names=names)
    left = left_over(path, X, y)
    kinds = set()
    for name in groups["blood"]:
        reason, j = path.why(name), names.index(name)
        kinds.add((reason.state, reason.held_by))
        at = [names.index(each) for each in groups["blood"]]
        beyond = np.sqrt(np.sum(np.maximum(np.abs(left[at]) - 4.0, 0) ** 2))
        if reason.held_by == "excess":
            assert (reason.pull, reason.price) == pytest.approx((beyond, 4.0 * np.sqrt(6)), rel=1e-5)
        else:
            assert reason.price == pytest.approx(4.0)
            assert reason.pull == pytest.approx(abs(left[j]), rel=1e-5)
    assert kinds == {("kept", "excess"), ("zero", "price")}


def test_no_refit_where_the_kept_columns_repeat_one_another():
    """All levels of a factor beside an intercept: their weights without a penalty are anything."""
    rng = np.random.default_rng(0)
    level = rng.integers(0, 3, 90)
    X = np.column_stack([level == k for k in range(3)] + [rng.normal(size=90)]).astype(float)
    y = X @ [1.0, -1.0, 0.5, 2.0] + 0.1 * rng.normal(size=90)
    path = chosen(X, y, lz.penalties.Group(groups={"arm": ["x0", "x1", "x2"]}), 0.05)
    assert path.why("x0").refit_weight is None
    assert path.why("x3").refit_weight == pytest.approx(np.linalg.lstsq(X, y, rcond=None)[0][3], rel=1e-6)


# ------------------------------------------------------------------------------------ ranks
def test_weights_of_one_size_share_the_prices_of_their_ranks(raw):
    X, y, names = raw
    lambdas = np.linspace(1.0, 0.2, 10)
    alpha = 12.0
    path = chosen(X, y, lz.penalties.Slope(lambdas=lambdas), alpha, feature_names=names)
    left = left_over(path, X, y)
    per_sd = path.coefs[:, [path.chosen]].toarray()[:, 0] * X.std(0)
    order = np.argsort(-np.abs(per_sd), kind="stable")
    levels = np.abs(per_sd[order]).round(9)
    clusters = 0
    for level in np.unique(levels[levels > 0]):
        ranks = np.flatnonzero(levels == level)
        members = order[ranks]
        for j in members:
            reason = path.why(int(j))
            assert reason.held_by == "rank"
            assert reason.others_held == len(members) - 1
            assert reason.price == pytest.approx(alpha * lambdas[ranks].mean())
            assert reason.pull == pytest.approx(np.mean(np.sign(per_sd[members]) * left[members]), rel=1e-6)
            assert reason.pull == pytest.approx(reason.price, rel=1e-4)
            assert ("of equal size" in str(reason)) == (len(members) > 1)
        clusters += len(members) > 1
    assert clusters
    for j in np.flatnonzero(per_sd == 0):
        reason = path.why(int(j))
        assert reason.share <= 1
        assert "rank" in str(reason)
        assert reason.price >= alpha * lambdas[-1] * (1 - 1e-12)


# ------------------------------------------------------------------------------------ neighbours
@pytest.mark.parametrize("ratio", [0.0, 0.6])
def test_a_run_of_neighbours_is_told_as_one(ratio):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(200, 12))
    y = X @ np.repeat([0.0, 2.0, 0.0, -1.0], 3) + rng.normal(size=200)
    path = chosen(X, y, lz.penalties.TV(l1_ratio=ratio), 0.4, standardize=False)
    b = path.coefs[:, [path.chosen]].toarray()[:, 0]
    left = (X - X.mean(0)).T @ (y - X @ b - path.intercepts[path.chosen]) / 200
    edges = [0, *(np.flatnonzero(np.diff(b)) + 1), 12]
    assert any(end - start > 1 for start, end in pairwise(edges))
    for start, end in pairwise(edges):
        for j in range(start, end):
            reason = path.why(j)
            assert reason.held_by == "neighbours"
            assert reason.others_held == end - start - 1
            assert reason.correlation_unit == 0 or end - start == 1  # no norm over columns in other units
            if b[j] != 0:
                steps = (1 - ratio) * 0.4 * (np.sign(b[start] - b[start - 1]) if start else 0)
                steps += (1 - ratio) * 0.4 * (np.sign(b[start] - b[end]) if end < 12 else 0)
                slope = steps / (end - start) + ratio * 0.4 * np.sign(b[j])
                assert reason.pull == pytest.approx(abs(left[start:end].mean()), abs=1e-9)
                assert reason.price == pytest.approx(abs(slope), abs=1e-12)
                assert reason.pull == pytest.approx(reason.price, abs=1e-6)
                assert ("in a run of equal weights with" in str(reason)) == (end - start > 1)
            else:
                assert reason.share <= 1
                assert ("in a run of zeros with" in str(reason)) == (end - start > 1)
            if ratio == 0:
                assert reason.enters_at is None  # no α of the path holds it at zero
                assert "enters at" not in str(reason)
    assert path.why(0).convex


# ------------------------------------------------------------------------------------ files, tables, pages
PENALISED = [
    lz.penalties.L1(positive=True),
    lz.penalties.L1(lower=[-1.0] * 9 + [-np.inf], upper={"bmi": 3.0}),
    lz.penalties.MCP(gamma=2.5, upper=2.0),
    lz.penalties.Lq(q=0.4),
    lz.penalties.L0(positive=True),
    lz.penalties.CappedL1(gamma=2.0),
    lz.penalties.Group(groups={"body": ["age", "sex", "bmi"]}),
    lz.penalties.Group(groups=[0, 0, 1, 1, 2, 2, 3, 3, 4, 4]),
    lz.penalties.Group(groups=[["age", "sex"], ["s1", "s2"]]),
    lz.penalties.SparseGroup(groups={"body": ["age", "sex", "bmi"]}),
    lz.penalties.GroupMCP(groups={"body": ["age", "sex", "bmi"]}),
    lz.penalties.Slope(q=0.2),
    lz.penalties.Slope(lambdas=np.linspace(1, 0.1, 10)),
    lz.penalties.TV(),
    lz.penalties.TV(l1_ratio=0.5),
]


@pytest.mark.parametrize("penalty", PENALISED, ids=titled)
def test_every_penalty_survives_its_file_and_has_a_page(raw, penalty, tmp_path):
    X, y, names = raw
    path = lz.path(X, y, penalty=penalty, feature_names=names, n_alphas=8, alpha_min_ratio=0.05)
    path = fit.choose(path, float(path.alphas[6]))
    path.save(tmp_path / "model.json")
    again = lz.load(tmp_path / "model.json")
    assert again.model.penalty_parameters == path.model.penalty_parameters
    assert held.convex(again) == held.convex(path) == penalty.convex
    live = fit.revive(again, X, y)
    for name in names:
        before, after, alive = path.why(name), again.why(name), live.why(name)
        for key in ("held_by", "pull", "price", "share", "held_with", "others_held", "group", "bounded", "convex"):
            assert getattr(after, key) == pytest.approx(getattr(before, key), nan_ok=True)
        assert (alive.held_by, alive.state) == (before.held_by, before.state)
        assert "nan" not in str(after)
    text = page(path, Setting())
    assert ("not convex" in text) == (not penalty.convex)
    assert described(penalty.name, path.model.penalty_parameters, 10).replace(">", "&gt;").replace("<", "&lt;") in text
    shown = described(penalty.name, path.model.penalty_parameters, 10)
    assert len(shown) < 100


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("l1", {}, "lasso"),
        ("mcp", {"gamma": 3.0}, "MCP (gamma 3)"),
        ("slope", {"q": 0.1}, "SLOPE (q 0.1)"),
        ("slope", {"lambdas": [1.0] * 10_000 + [0.5]}, "SLOPE, 10,001 lambdas from 1 to 0.5"),
        ("group", {"groups": list(range(10_000))}, "group lasso, 10,000 groups"),
        ("group", {"groups": {"a": ["x", "y"]}}, "group lasso, 1 group and 3 columns alone"),
        ("l1", {"positive": True, "upper": 2.0}, "lasso, weights from 0 to 2"),
        ("l2", {"lower": {"age": 0.0, "sex": None}}, "ridge, age >= 0"),
        ("l1", {"upper": [1.0] * 4_999 + [None]}, "lasso, upper bounds on 4,999 weights"),
        ("l1", {"lower": dict.fromkeys("abcdefg", 0.0)}, "lasso, lower bounds on 7 weights"),
    ],
)
def test_a_penalty_in_words_is_short(name, parameters, said):
    assert described(name, parameters, 5) == said


def test_comparisons_name_penalties_by_what_differs(raw):
    X, y, names = raw
    penalties = ["l1", lz.penalties.L1(positive=True), lz.penalties.Group(groups={"blood": ["s1", "s2", "s3"]})]
    found = lz.compare(X, y, penalties=penalties, cv=None, rule=2.0, feature_names=names)
    assert found.penalties == ("l1", "l1, weights >= 0", "group")
    assert all(len(line) <= 80 for line in str(found).splitlines())


def test_odds_are_held_as_amounts_are():
    found = load_breast_cancer()
    X, y = found.data[:, :6], found.target
    path = lz.path(X, y, loss="logistic", penalty=lz.penalties.L1(positive=True), alphas=[0.05])
    reasons = [path.why(j) for j in range(6)]
    assert all(reason.held_by == "bound" for reason in reasons if reason.left < 0)
    assert any("held by its lower bound" in str(reason) for reason in reasons)
