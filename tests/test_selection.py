"""Rules that choose an alpha, the folds behind them, and the criteria."""

import warnings
from itertools import combinations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression as Peer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, RepeatedKFold, StratifiedKFold, TimeSeriesSplit

import lozenge as lz
from lozenge import selection, splits
from lozenge.explain import rules
from lozenge.shards import TEST, TRAIN


def data(n=120, p=12, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X[:, :3] @ [1.0, -0.5, 0.8], rng


# ------------------------------------------------------------------------------------------- the curve
def test_the_curve_is_that_of_a_loop_by_hand():
    X, eta, rng = data()
    y = eta + rng.normal(size=len(eta))
    pairs = list(RepeatedKFold(n_splits=5, n_repeats=3, random_state=1).split(X))
    found = lz.path(X, y, cv=pairs, n_alphas=20, tol=1e-12).cv
    by_hand = np.empty((15, 20))
    for k, (train, test) in enumerate(pairs):
        one = lz.path(X[train], y[train], alphas=found.alphas, tol=1e-12)
        by_hand[k] = [np.mean((y[test] - one.at(alpha).predict(X[test])) ** 2) for alpha in found.alphas]
    np.testing.assert_allclose(found.folds, by_hand, rtol=1e-8)
    means = [np.average(by_hand[r : r + 5], axis=0, weights=[len(t) for _, t in pairs[:5]]) for r in (0, 5, 10)]
    np.testing.assert_allclose(found.rounds, means, rtol=1e-8)
    np.testing.assert_allclose(found.mean, np.mean(means, axis=0), rtol=1e-8)
    # The error is that of five folds, not of fifteen: more shuffles of the same rows are no more rows.
    once = [np.sqrt(np.mean((by_hand[r : r + 5] - m) ** 2, axis=0) / 4) for r, m in zip((0, 5, 10), means, strict=True)]
    np.testing.assert_allclose(found.se, np.sqrt(np.mean(np.square(once), axis=0)), rtol=1e-8)


@pytest.mark.parametrize("scoring", ["roc_auc", "accuracy", "neg_log_loss"])
def test_scores_are_scikit_learns_of_the_folds(scoring):
    from sklearn.metrics import get_scorer

    X, eta, rng = data()
    y = np.where(rng.uniform(size=len(eta)) < 1 / (1 + np.exp(-eta)), "yes", "no")
    pairs = list(StratifiedKFold(4, shuffle=True, random_state=0).split(X, y))
    found = lz.path(X, y, loss="logistic", cv=pairs, n_alphas=5, tol=1e-12, scoring=scoring, standardize=False).cv
    for k, (train, test) in enumerate(pairs):
        for i, alpha in enumerate(found.alphas[1:], start=1):
            peer = Peer(l1_ratio=1.0, C=1 / (alpha * len(train)), solver="saga", tol=1e-10, max_iter=100_000)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                peer.fit(X[train], y[train])
            assert found.folds[k, i] == pytest.approx(get_scorer(scoring)(peer, X[test], y[test]), abs=1e-6)
    assert found.scoring == scoring
    assert found.index_min == np.argmax(found.mean)


def test_a_scorer_of_ones_own_sees_the_numbers_of_the_rows_and_weights():
    X, eta, rng = data()
    y = eta + rng.normal(size=len(eta))
    seen = []

    def largest(estimator, rows, target, sample_weight):
        seen.append((rows[:, 0], sample_weight))
        np.testing.assert_array_equal(target, y[rows[:, 0]])
        return -np.max(np.abs(target - estimator.predict(rows)))

    w = rng.uniform(1, 2, size=len(y))
    found = lz.path(X, y, cv=3, n_alphas=4, scoring=largest, sample_weight=w)
    assert found.cv.scoring == "largest"
    assert np.array_equal(np.sort(np.concatenate([rows for rows, _ in seen[::4]])), np.arange(len(y)))
    np.testing.assert_array_equal(seen[0][1], w[seen[0][0]])
    best = found.at(float(found.cv.alphas[found.cv.index_min]))
    assert found.best("min").alpha == best.alpha


def test_auc_by_name_is_that_of_the_ranks():
    X, eta, rng = data()
    y = (rng.uniform(size=len(eta)) < 1 / (1 + np.exp(-eta))).astype(int)
    pairs = list(StratifiedKFold(3).split(X, y))
    found = lz.path(X, y, loss="logistic", cv=pairs, n_alphas=4, scoring="roc_auc").cv
    train, test = pairs[0]
    one = lz.path(X[train], y[train], loss="logistic", alphas=found.alphas)
    assert found.folds[0, 3] == pytest.approx(roc_auc_score(y[test], X[test] @ one.coefs[:, [3]].toarray()[:, 0]))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cv": 3, "scoring": "auc"}, "scikit-learn's names"),
        ({"scoring": "r2"}, "scoring goes with a cross-validation"),
        ({"groups": np.zeros(120)}, "groups goes with a cross-validation"),
        ({"repeats": 2}, "repeats goes with a cross-validation"),
        ({"cv": 3, "repeats": 0}, "repeats must be a whole number"),
        ({"cv": GroupKFold(3), "repeats": 2, "groups": np.arange(120) % 7}, "RepeatedKFold"),
        ({"cv": 8, "groups": np.arange(120) % 7}, "between 2 and the number of groups, 7"),
        ({"cv": 3, "groups": np.zeros(5)}, "groups need one label per row, 120"),
        ({"cv": [([0], [1])], "groups": np.arange(120)}, "already says which rows are together"),
        ({"cv": 3, "scoring": "roc_auc"}, "cannot score held-out rows of loss 'squared'"),
    ],
)
def test_what_does_not_go_together_is_refused(options, said):
    X, eta, rng = data()
    with pytest.raises(ValueError, match=said):
        lz.path(X, eta + rng.normal(size=len(eta)), **options)


# ------------------------------------------------------------------------------------------- folds
@settings(max_examples=60, deadline=None)
@given(
    labels=st.lists(st.integers(0, 9), min_size=12, max_size=60),
    count=st.integers(2, 4),
    repeats=st.integers(1, 3),
    seed=st.integers(0, 5),
    kinds=st.booleans(),
)
def test_folds_of_groups_never_part_one_and_leave_none_empty(labels, count, repeats, seed, kinds):
    groups = np.array(labels)
    known = len(np.unique(groups))
    kind = np.arange(len(groups)) % 2 if kinds else None
    if known < count:
        with pytest.raises(ValueError, match="number of groups"):
            splits.table(count, groups, kind, seed, groups=groups, repeats=repeats)
        return
    table = splits.table(count, groups, kind, seed, groups=groups, repeats=repeats)
    assert table.shape == (len(groups), count * repeats)
    for column in table.T:
        assert not set(groups[column == TRAIN]) & set(groups[column == TEST])
        assert (column == TRAIN).any()
        assert (column == TEST).any()
    tested = (table == TEST).reshape(len(groups), repeats, count).sum(axis=2)
    assert (tested == 1).all()
    assert splits.rounds(table) == repeats


def test_folds_of_groups_are_even_and_share_out_the_classes():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), rng.integers(1, 9, size=60))
    kind = (rng.uniform(size=60) < 0.3).astype(int)[groups]
    table = splits.table(5, groups, kind, 0, groups=groups)
    sizes = (table == TEST).sum(axis=0)
    shares = [(kind[column == TEST]).mean() for column in table.T]
    assert np.ptp(sizes) <= 0.2 * sizes.mean()
    assert np.ptp(shares) <= 0.1


def test_grouped_folds_leak_nothing():
    # Each group has a mean of its own, which only its label tells: folds that part groups find it, whole ones cannot.
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 6)
    X = (groups[:, None] == np.arange(20)).astype(float)
    y = 3.0 * rng.normal(size=20)[groups] + rng.normal(size=120)
    parted = lz.path(X, y, cv=5, n_alphas=30).cv
    whole = lz.path(X, y, cv=5, groups=groups, n_alphas=30).cv
    ours = lz.path(X, y, cv=GroupKFold(5), groups=groups, n_alphas=30).cv
    assert parted.mean.min() < 0.3 * np.var(y)
    for curve in (whole, ours):
        assert curve.mean.min() > 0.9 * np.var(y)


@settings(max_examples=60, deadline=None)
@given(when=st.lists(st.integers(0, 30), min_size=8, max_size=60), count=st.integers(1, 5))
def test_folds_forward_in_time_test_only_what_came_after(when, count):
    times = np.array(when, dtype=float)
    if len(np.unique(times)) <= count:
        with pytest.raises(ValueError, match="different times"):
            splits.forward(times, count)
        return
    pairs = splits.forward(times, count)
    assert len(pairs) == count
    for train, test in pairs:
        assert len(train)
        assert len(test)
        assert times[train].max() < times[test].min()
    assert len(np.unique(np.concatenate([test for _, test in pairs]))) == sum(len(test) for _, test in pairs)


def test_splitters_get_the_groups_and_time_goes_forward():
    X, eta, rng = data()
    y = eta + rng.normal(size=len(eta))
    found = lz.path(X, y, cv=TimeSeriesSplit(4), n_alphas=5).cv
    assert found.parts.shape == (120, 4)
    for column in found.parts.T:
        assert np.flatnonzero(column == TRAIN).max() < np.flatnonzero(column == TEST).min()
    groups = rng.integers(0, 12, size=120)
    found = lz.path(X, y, cv=GroupKFold(3), groups=groups, n_alphas=5).cv
    for column in found.parts.T:
        assert not set(groups[column == TRAIN]) & set(groups[column == TEST])


# ------------------------------------------------------------------------------------------- the rules
def test_the_1se_rule_goes_towards_the_larger_alpha_and_no_farther():
    for seed in range(5):
        X, eta, rng = data(seed=seed)
        found = lz.path(X, eta + 2 * rng.normal(size=len(eta)), cv=8, seed=seed)
        cv = found.cv
        k, best = cv.index_1se, int(np.argmin(cv.mean))
        assert cv.alphas[k] >= cv.alphas[best]
        assert cv.mean[k] <= cv.mean[best] + cv.se[best]
        assert not (cv.mean[:k] <= cv.mean[best] + cv.se[best]).any()
        assert found.best("1se").alpha == cv.alphas[k]
        assert found.best("min").alpha == cv.alphas[best]


def test_every_rule_is_kept_with_the_path_and_in_its_file(tmp_path):
    X, eta, rng = data()
    found = lz.path(X, eta + rng.normal(size=len(eta)), cv=RepeatedKFold(n_splits=4, n_repeats=2, random_state=0))
    for rule, name in (
        ("min", "min"),
        ("bic", "bic"),
        ("ebic:0.5", "ebic:0.5"),
        ("df=3", "df=3"),
        (0.123, "alpha"),
        (lambda _: 7, "own"),
    ):
        made = found.choose(rule)
        assert made.rule == name
        assert made.alphas[made.chosen] == found.best(rule).alpha
        file = tmp_path / f"{name.replace(':', '')}.json"
        made.save(file)
        again = lz.load(file)
        assert again.rule == name
        assert again.chosen == made.chosen
        for part in ("alphas", "mean", "se", "folds", "rounds", "parts", "intercepts"):
            np.testing.assert_array_equal(getattr(again.cv, part), getattr(found.cv, part))
        assert all((a != b).nnz == 0 for a, b in zip(again.cv.coefs, found.cv.coefs, strict=True))
        assert (again.cv.seed, again.model.likelihood) == (found.cv.seed, found.model.likelihood)


@pytest.mark.parametrize("rule", ["best", "df", "df=-1", "df=1.5", "ebic:2", "aic:1", "min:3", ""])
def test_an_unknown_rule_is_refused_with_those_there_are(rule):
    X, eta, _ = data()
    with pytest.raises(ValueError, match="use an alpha, 'min', '1se', 'aic', 'bic', 'ebic', 'stable'"):
        lz.path(X, eta, cv=3, n_alphas=4).best(rule)


@pytest.mark.parametrize("given", [-1, 5, 1.0, None, True])
def test_a_rule_of_ones_own_names_a_place(given):
    X, eta, _ = data()
    with pytest.raises(ValueError, match="gives the index of one of its 5 alphas"):
        lz.path(X, eta, cv=3, n_alphas=5).best(lambda _: given)


def test_a_choice_at_the_end_of_the_grid_is_pointed_out_with_the_remedy():
    X, eta, rng = data()
    y = eta + 0.1 * rng.normal(size=len(eta))
    short = lz.path(X, y, cv=4, alpha_min_ratio=0.5, n_alphas=10)
    for rule in ("min", "bic"):
        with pytest.warns(UserWarning, match=r"at the end of the grid, alpha .* alpha_min_ratio=0.005"):
            short.best(rule)
    late = lz.path(X, rng.normal(size=len(y)), cv=4, alphas=[0.05, 0.01, 0.001])
    with pytest.warns(UserWarning, match="at the start of the grid"):
        late.best("min")
    # alpha_max is where the path begins, and 0 is where it ends: no edge of a grid.
    whole = lz.path(X, rng.normal(size=len(y)), cv=4)
    assert whole.best("bic").df == 0
    falling = np.array([3.0, 2.0, 1.0])
    assert selection.edge(np.array([1.0, 0.1, 0.0]), 1.0, 2, falling) is None
    assert selection.edge(np.array([1.0, 0.1, 0.01]), 1.0, 2, falling) is not None
    # A curve that is flat there gains nothing by going on.
    assert selection.edge(np.array([1.0, 0.1, 0.01]), 1.0, 2, np.array([3.0, 1.0001, 1.0])) is None


# ------------------------------------------------------------------------------------------- criteria
FAMILIES = {
    "squared": None,
    "logistic": sm.families.Binomial(),
    "poisson": sm.families.Poisson(),
    "negative_binomial:2": sm.families.NegativeBinomial(alpha=0.5),
}


@pytest.mark.parametrize("loss", FAMILIES)
def test_criteria_of_a_full_fit_are_statsmodels(loss):
    X, eta, rng = data()
    y = {
        "squared": eta + rng.normal(size=len(eta)),
        "logistic": (rng.uniform(size=len(eta)) < 1 / (1 + np.exp(-eta))).astype(float),
    }.get(loss, rng.poisson(np.exp(0.3 * eta + 1)).astype(float))
    A, family = sm.add_constant(X), FAMILIES[loss]
    peer = (sm.OLS(y, A) if family is None else sm.GLM(y, A, family=family)).fit()
    found = lz.path(X, y, loss=loss, alphas=[0.1, 0.01, 0.0], tol=1e-10)
    assert found.criterion("aic").log_likelihood[-1] == pytest.approx(peer.llf, rel=1e-9)
    assert found.criterion("aic").values[-1] == pytest.approx(peer.aic, rel=1e-9)
    assert found.criterion("bic").values[-1] == pytest.approx(-2 * peer.llf + np.log(len(y)) * 13, rel=1e-9)


def test_criteria_of_a_multinomial_and_a_cox_fit_are_statsmodels():
    X, eta, rng = data(n=300, p=3)
    t = rng.integers(0, 3, size=300)
    found = lz.path(X, t, loss="multinomial", alphas=[0.1, 0.0], tol=1e-10).criterion("aic")
    peer = sm.MNLogit(t, sm.add_constant(X)).fit(disp=0)
    assert (found.df[-1], found.values[-1]) == (8, pytest.approx(peer.aic, rel=1e-9))
    time, event = rng.exponential(np.exp(-0.3 * eta)), (rng.uniform(size=300) < 0.7).astype(float)
    fit = lz.path(X, np.column_stack([time, event]), loss="cox", alphas=[0.1, 0.0], tol=1e-10)
    peer = sm.PHReg(time, X, status=event).fit()
    assert fit.criterion("aic").values[-1] == pytest.approx(-2 * peer.llf + 6, rel=1e-9)
    assert fit.criterion("bic").values[-1] == pytest.approx(-2 * peer.llf + 3 * np.log(event.sum()), rel=1e-9)


def test_repeated_rows_and_integer_weights_have_the_same_criteria():
    X, eta, rng = data(n=60)
    y, w = eta + rng.normal(size=60), rng.integers(1, 4, size=60)
    weighted = lz.path(X, y, sample_weight=w, alphas=[0.2, 0.05], tol=1e-11)
    repeated = lz.path(np.repeat(X, w, axis=0), np.repeat(y, w), alphas=[0.2, 0.05], tol=1e-11)
    for name in ("aic", "bic", "ebic"):
        np.testing.assert_allclose(weighted.criterion(name).values, repeated.criterion(name).values, rtol=1e-9)


def test_df_of_the_ridge_part_is_the_trace_by_hand():
    X, eta, rng = data()
    y, n = eta + rng.normal(size=len(eta)), len(eta)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    for penalty, rho in ((lz.penalties.ElasticNet(l1_ratio=0.6), 0.6), ("l2", 0.0)):
        fit = lz.path(X, y, penalty=penalty, alphas=[0.3, 0.05], tol=1e-12)
        for k, alpha in enumerate(fit.alphas):
            A = np.flatnonzero(fit.coefs[:, [k]].toarray())
            G = Z[:, A].T @ Z[:, A] / n
            trace = np.trace(np.linalg.solve(G + alpha * (1 - rho) * np.eye(len(A)), G))
            assert fit.criterion("aic").df[k] == pytest.approx(1 + trace, rel=1e-9)


def test_df_of_a_group_lasso_is_the_divergence_by_differences():
    # df = Σ ∂ŷᵢ/∂yᵢ (Stein): what the formula stands for, with nothing of the formula.
    X, eta, rng = data(n=25, p=6)
    y = eta + rng.normal(size=25)
    made = lz.penalties.Group(groups=[0, 0, 0, 1, 1, 1])

    def fitted(t):
        return lz.path(X, t, penalty=made, alphas=[0.2], tol=1e-13).predict(X)

    h = 1e-5
    by_hand = sum((fitted(y + h * e)[i] - fitted(y - h * e)[i]) / (2 * h) for i, e in enumerate(np.eye(25)))
    fit = lz.path(X, y, penalty=made, alphas=[0.2], tol=1e-13)
    assert fit.criterion("aic").df[0] == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize("penalty", ["slope", "tv", lz.penalties.SparseGroup(groups=[0, 0, 0, 1, 1, 1]), "l1"])
def test_df_of_every_convex_penalty_is_the_divergence_by_differences(penalty):
    X, eta, rng = data(n=25, p=6)
    y = eta + rng.normal(size=25)

    def fitted(t):
        return lz.path(X, t, penalty=penalty, alphas=[0.15], tol=1e-13).predict(X)

    h = 1e-5
    by_hand = sum((fitted(y + h * e)[i] - fitted(y - h * e)[i]) / (2 * h) for i, e in enumerate(np.eye(25)))
    fit = lz.path(X, y, penalty=penalty, alphas=[0.15], tol=1e-13)
    assert fit.criterion("aic").df[0] == pytest.approx(by_hand, rel=1e-4)


def test_df_is_the_rank_where_columns_repeat():
    X, eta, rng = data(n=40, p=4)
    twin = np.column_stack([X, X[:, 0] + X[:, 1]])
    fit = lz.path(twin, eta + rng.normal(size=40), penalty_weights=[0, 0, 1, 1, 0], alphas=[0.01])
    # The intercept, two of three unpenalised columns, and two that are kept.
    assert fit.criterion("bic").df[0] == 5


def test_ebic_counts_the_models_of_its_size():
    X, eta, rng = data(n=50, p=7)
    fit = lz.path(X, eta + rng.normal(size=50), n_alphas=20)
    found, plain = fit.criterion("ebic:0.5"), fit.criterion("bic")
    models = [sum(1 for _ in combinations(range(7), int(k))) for k in fit.df]
    np.testing.assert_allclose(found.values, plain.values + np.log(models), rtol=1e-10)


def test_with_as_many_features_as_rows_only_small_models_are_compared():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 60))
    fit = lz.path(X, X[:, 0] + rng.normal(size=30))
    found = fit.criterion("bic")
    assert not found.allowed[-1]
    assert (found.df[found.allowed] <= 15).all()
    assert found.df[found.index] <= 15
    with pytest.raises(ValueError, match="only an alpha with df <= 15"):
        lz.path(X, X[:, 0] + rng.normal(size=30), alphas=[0.001]).criterion("bic")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"penalty": "mcp"}, "under mcp they are not known"),
        ({"loss": "huber"}, "loss 'huber' is that of no distribution"),
        ({"constraint": lz.L0Ball([1, 2])}, "of a search over subsets"),
    ],
)
def test_a_criterion_that_has_no_meaning_is_refused(options, said):
    X, eta, rng = data()
    with pytest.raises(ValueError, match=said):
        lz.path(X, eta + rng.normal(size=len(eta)), **options).best("bic")


def test_a_loaded_path_says_that_a_criterion_needs_its_rows(tmp_path):
    X, eta, rng = data()
    lz.path(X, eta + rng.normal(size=len(eta))).save(tmp_path / "m.json")
    with pytest.raises(ValueError, match="fit again to ask for AIC"):
        lz.load(tmp_path / "m.json").best("aic")


# ------------------------------------------------------------------------------------------- in words
def test_capitals_do_not_count_in_a_rule():
    X, eta, rng = data()
    found = lz.path(X, eta + rng.normal(size=len(eta)), cv=5)
    for loud, plain in ((" 1SE ", "1se"), ("BIC", "bic"), ("DF=3", "df=3"), ("EBIC:0.5", "ebic:0.5")):
        assert found.choose(loud).rule == plain
        assert found.best(loud).alpha == found.best(plain).alpha


@pytest.mark.parametrize("asked", [None, True, "bic", [0.1]])
def test_an_alpha_is_a_number(asked):
    X, eta, rng = data()
    found = lz.path(X, eta + rng.normal(size=len(eta)), n_alphas=5)
    verbs = [found.best] if asked in (None, True) else [found.at, found.relaxed, lambda a: found.why(0, alpha=a)]
    for verb in verbs:
        with pytest.raises(ValueError, match="alpha is a number; got"):
            verb(asked)


def test_how_rows_were_dealt_is_told_and_kept(tmp_path):
    X, eta, rng = data()
    y = eta + rng.normal(size=len(eta))
    said = {
        "5 folds": lz.path(X, y, cv=5),
        "5 folds of whole groups": lz.path(X, y, cv=5, groups=np.arange(len(y)) // 4),
        "5 folds, each after the rows that train it": lz.path(X, y, cv=splits.forward(np.arange(len(y)), 5)),
        "4 folds, each after the rows that train it": lz.path(X, y, cv=TimeSeriesSplit(4)),
        "3 folds, 2 times over": lz.path(X, y, cv=3, repeats=2),
    }
    for words, found in said.items():
        found.save(tmp_path / "m.json", force=True)
        again = lz.load(tmp_path / "m.json")
        assert again.cv.grouped == found.cv.grouped == ("groups" in words)
        for each in (found, again):
            assert rules.folds(each) == words


# ------------------------------------------------------------------------------- what is refused or pointed out
def test_the_null_of_folds_is_the_mean_of_their_training_rows():
    X, eta, rng = data()
    y = eta + rng.normal(size=120) + np.linspace(0.0, 3.0, 120)
    for pairs in (
        splits.forward(np.arange(120.0), 4),
        list(RepeatedKFold(n_splits=3, n_repeats=2, random_state=0).split(X)),
    ):
        path = lz.path(X, y, cv=pairs)
        squares = sum(((y[test] - y[train].mean()) ** 2).sum() for train, test in pairs)
        assert path.cv.null == pytest.approx(squares / sum(len(test) for _, test in pairs), rel=1e-12)
    table = (rng.uniform(size=120) < 1 / (1 + np.exp(-eta))).astype(float)
    own = lz.path(X, table, loss="logistic", cv=pairs)
    losses = [
        -np.log(np.where(table[test] == 1, table[train].mean(), 1 - table[train].mean())) for train, test in pairs
    ]
    assert own.cv.null == pytest.approx(2 * np.concatenate(losses).mean(), rel=1e-9)
    assert np.isnan(lz.path(X, table, loss="logistic", cv=3, scoring="roc_auc").cv.null)


def test_forward_folds_are_set_against_what_the_rows_before_foretell():
    from lozenge.screens import answer

    X, eta, rng = data()
    y = eta + rng.normal(size=120) + np.linspace(0.0, 3.0, 120)
    onward = lz.path(X, y, cv=splits.forward(np.arange(120.0), 4))
    assert f"{1 - onward.cv.mean[onward.chosen] / onward.cv.null:.3f} +- " in answer._explained(onward)
    assert "seed" not in rules.dealt(onward)
    shuffled = lz.path(X, y, cv=4, seed=3)
    assert f"{1 - shuffled.cv.mean[shuffled.chosen] / np.var(y):.3f} +- " in answer._explained(shuffled)
    assert rules.dealt(shuffled) == "4 folds, seed 3"
    named = shuffled.choose(float(shuffled.alphas[3:5].mean()))
    assert "(best cross-validated " in answer._explained(named)


def test_weights_that_are_shares_are_pointed_out():
    X, eta, rng = data()
    y = eta + rng.normal(size=120)
    shares = lz.path(X, y, sample_weight=np.full(120, 1 / 120))
    with pytest.warns(
        UserWarning, match="BIC takes a sample weight as a number of rows, and these add to 1 in 120 rows"
    ):
        shares.best("bic")
    with pytest.raises(ValueError, match="an interval takes a sample weight as a number of rows"):
        shares.intervals()
    with pytest.raises(ValueError, match="an interval takes"):
        lz.inference.selected(shares, alpha=0.3, sigma=1.0)
    counts = lz.path(X, y, sample_weight=rng.integers(1, 4, 120))
    assert counts.best("bic").df > 0
    assert len(counts.intervals().low) == 12


def test_arguments_that_are_none_are_named():
    X, eta, rng = data()
    y = eta + rng.normal(size=120)
    path = lz.path(X, y)
    for name in ("standardize", "fit_intercept"):
        with pytest.raises(TypeError, match=f"{name} must be True or False; got 'no'"):
            lz.path(X, y, **{name: "no"})
    for seed in ("a", -1, 0.5):
        for ask in (lambda s: lz.path(X, y, cv=3, seed=s), lambda s: path.stability(4, seed=s)):
            with pytest.raises(ValueError, match="seed must be a whole number, 0 or more"):
                ask(seed)
        with pytest.raises(ValueError, match="seed must be"):
            lz.inference.knockoffs(X, y, seed=seed)
    for n in ("a", 3, 10.5):
        with pytest.raises(ValueError, match="n must be an even whole number"):
            path.stability(n)
    assert path.stability(10.0).halves == 10
    for gamma in ("a", None, 2.0):
        with pytest.raises(ValueError, match="gamma must be between 0"):
            path.relaxed(gamma=gamma)
    with pytest.raises(ValueError, match="gamma must be above 0"):
        lz.adaptive(X, y, gamma="a")
    with pytest.raises(ValueError, match="keeps nothing"):
        lz.adaptive(X, y, initial=np.zeros(12))
    with pytest.raises(ValueError, match="needs folds for that"):
        lz.inference.knockoffs(X, y, cv=None)
    with pytest.raises(ValueError, match="'dose'; it has 'x0', 'x1'"):
        path.why("dose")
    for alpha in (None, [0.1]):
        with pytest.raises(ValueError, match="alpha is a number"):
            lz.SparseRegressor(alpha=alpha).fit(X, y)


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_groups_without_a_label_are_refused(nothing):
    X, eta, _ = data()
    groups = np.arange(120).astype(object) // 10
    groups[7:9] = nothing
    with pytest.raises(ValueError, match="groups need a label in every row; 2 have none, the first row 7"):
        lz.path(X, eta, cv=3, groups=groups)


def test_a_class_with_one_row_has_no_fold_to_hold_it_out():
    X, *_ = data()
    y = np.where(np.arange(120) == 5, "sick", "well")
    with pytest.raises(ValueError, match="one row alone has 'sick', and the fold that holds it out"):
        lz.SparseClassifier().fit(X, y)


def test_the_first_fit_of_the_adaptive_lasso_is_quiet():
    X, eta, rng = data()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert lz.adaptive(0.01 * X, eta + 0.01 * rng.normal(size=120)).df.max() > 0
