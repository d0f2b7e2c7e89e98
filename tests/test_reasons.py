"""Reasons against other means: refits, regressions of residuals, closed forms, LARS, bisection."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import lars_path

import lozenge as lz
from lozenge import contest, fit
from lozenge.fit import choose, refined
from lozenge.results import CrossValidation

DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="module")
def data():
    found = load_diabetes(scaled=False)
    return found.data, found.target, list(found.feature_names)


@pytest.fixture(scope="module")
def path(data):
    X, y, names = data
    return choose(lz.path(X, y, feature_names=names), 5.0)


@pytest.fixture(scope="module")
def logistic():
    found = load_breast_cancer()
    names = [name.replace(" ", "_") for name in found.feature_names]
    return lz.path(found.data, found.target, loss="logistic", feature_names=names, alphas=[0.1, 0.05])


# ---------------------------------------------------------------------------------------------- the table
@pytest.mark.parametrize("which", ["path", "logistic"])
def test_the_table_says_what_each_reason_says(which, request):
    found = request.getfixturevalue(which)
    frame = found.reasons()
    assert frame["feature"].to_list() != list(found.feature_names)  # sorted
    for row in frame.iter_rows(named=True):
        reason = found.why(row["feature"])
        assert (row["state"], row["proved_zero"]) == (reason.state, reason.certified)
        for key in ("weight", "per_sd", "marginal", "used", "left", "price", "share", "slack"):
            assert row[key] == pytest.approx(getattr(reason, key), rel=1e-9, abs=1e-12)
    states = frame["state"].to_list()
    kept = states.count("kept")
    assert states == ["kept"] * kept + ["zero"] * (len(states) - kept)
    sizes = np.abs(frame["per_sd"].to_numpy()[:kept])
    assert (np.diff(sizes) <= 0).all()
    assert (np.diff(frame["share"].to_numpy()[kept:]) <= 0).all()


def test_states_of_columns_without_a_choice(data):
    X, y, names = data
    X = np.column_stack([X, np.ones(len(y))])
    weights = {"age": 0.0, "sex": np.inf}
    found = lz.path(X, y, feature_names=[*names, "one"], penalty_weights=weights, alphas=[20.0])
    states = dict(found.reasons()["feature", "state"].rows())
    assert (states["age"], states["sex"], states["one"]) == ("unpenalised", "excluded", "constant")
    assert set(found.reasons()["feature"].to_list()[-2:]) == {"sex", "one"}


# ---------------------------------------------------------------------------------------------- who instead
def test_partial_correlations_are_those_of_residuals(path, data):
    X, _, names = data
    kept = [names.index(name) for name, state in path.reasons()["feature", "state"].rows() if state == "kept"]
    for j in range(10):
        reason = path.why(j)
        others = [k for k in kept if k != j]
        for name, found in reason.rivals:
            k = names.index(name)
            rest = np.column_stack([np.ones(len(X)), X[:, [m for m in others if m != k]]])
            a, b = (v - rest @ np.linalg.lstsq(rest, v, rcond=None)[0] for v in (X[:, j], X[:, k]))
            assert found == pytest.approx(a @ b / np.sqrt((a @ a) * (b @ b)), abs=1e-9)
        assert len(reason.rivals) == min(3, len(others))
        assert np.all(np.diff([abs(r) for _, r in reason.rivals]) <= 0)


@pytest.mark.parametrize("which", ["path", "logistic"])
def test_a_what_if_is_a_refit_without_the_rival(which, request):
    found = request.getfixturevalue(which)
    names = list(found.feature_names)
    raw = load_diabetes(scaled=False) if which == "path" else load_breast_cancer()
    frame = found.reasons()
    first, zero = frame["feature"][0], frame["feature"][int((frame["state"] == "kept").sum())]
    told = found.what_if(zero, without=first)
    rest = [k for k, name in enumerate(names) if name != first]
    again = lz.path(
        raw.data[:, rest],
        raw.target,
        loss=found.model.loss,
        alphas=[told.alpha],
        feature_names=[names[k] for k in rest],
        tol=1e-10,
    )
    solution = again.at(told.alpha)
    scale = np.abs(solution.coef * raw.data[:, rest].std(0)).max() / raw.data[:, names.index(zero)].std()
    here = solution.coef[[names[k] for k in rest].index(zero)]
    assert told.weight_without == pytest.approx(here, abs=1e-6 * scale)
    assert told.explained_without == pytest.approx(solution.deviance_ratio, abs=1e-9)
    assert told.kept_without == np.count_nonzero(solution.coef)
    assert told.explained > told.explained_without
    assert f"Without {first}" in str(told)


def test_a_what_if_without_several_is_a_refit_that_excludes_them(path, data):
    X, y, names = data
    told = path.what_if("s1", without=["bmi", names.index("s5")])
    again = lz.path(
        X, y, feature_names=names, alphas=[told.alpha], penalty_weights={"bmi": np.inf, "s5": np.inf}, tol=1e-10
    )
    assert told.weight_without == pytest.approx(again.coefs.toarray()[names.index("s1"), 0], abs=1e-6)
    assert told.explained_without == pytest.approx(again.deviance_ratio[0], abs=1e-9)
    assert str(told).startswith("Without bmi and s5")
    with pytest.raises(ValueError, match="names no feature"):
        path.what_if("s1", without=[])


def test_a_what_if_without_an_unpenalised_rival_is_of_the_same_deviance(data):
    X, y, names = data
    found = lz.path(X, y, feature_names=names, penalty_weights={"bmi": 0.0}, alphas=[10.0])
    told = found.what_if("s5", without="bmi")
    assert told.explained > told.explained_without
    j = names.index("bmi")
    rest = [k for k in range(10) if k != j]
    again = lz.path(X[:, rest], y, alphas=[10.0])
    slope = np.polyfit(X[:, j], y, 1)
    null = np.mean((y - np.polyval(slope, X[:, j])) ** 2)  # what the fit with bmi free starts from
    left = np.mean((y - again.predict(X[:, rest])) ** 2)
    assert told.explained_without == pytest.approx(1 - left / null, abs=1e-6)


def test_a_what_if_without_a_zero_changes_nothing(path):
    zeros = path.reasons()["feature"].to_list()[-2:]
    assert str(path.what_if("bmi", without=zeros[0])).startswith(f"Without {zeros[0]} nothing changes")


def test_a_what_if_needs_two_features_and_data(path, tmp_path):
    with pytest.raises(ValueError, match="without itself"):
        path.what_if("bmi", without="bmi")
    path.save(tmp_path / "model.json")
    with pytest.raises(ValueError, match="no data to fit again"):
        lz.load(tmp_path / "model.json").what_if("bmi", without="s5")


# ---------------------------------------------------------------------------------------------- the contrast
def test_the_contrast_is_the_ridge_at_equal_deviance(path, data):
    X, y, _ = data
    Z = (X - X.mean(0)) / X.std(0)
    centred = y - y.mean()
    weights = np.array([path.why(j).ridge_weight for j in range(10)]) * X.std(0)
    # On the ridge's own curve: (ZᵀZ/n + aI)b = Zᵀy/n for one a.
    pull = Z.T @ (centred - Z @ weights) / len(y)
    a = float(pull @ weights / (weights @ weights))
    exact = np.linalg.solve(Z.T @ Z / len(y) + a * np.eye(10), Z.T @ centred / len(y))
    np.testing.assert_allclose(weights, exact, rtol=1e-6, atol=1e-6 * np.abs(exact).max())
    explained = 1 - np.sum((centred - Z @ weights) ** 2) / (centred @ centred)
    assert explained == pytest.approx(path.deviance_ratio[path.chosen], abs=2e-6)
    assert (weights != 0).all()


def test_the_contrast_of_a_classification(logistic):
    found = [logistic.why(j).ridge_weight for j in range(5)]
    source = logistic.source
    alpha = source._ridge.at_deviance(float(logistic.deviance_ratio[-1])).alpha
    raw = load_breast_cancer()
    ridge = lz.path(raw.data, raw.target, loss="logistic", penalty="l2", alphas=[alpha], tol=1e-10)
    np.testing.assert_allclose(found, ridge.coefs.toarray()[:5, 0], rtol=1e-4)


def test_nothing_to_contrast_at_the_null_model(data):
    X, y, names = data
    found = lz.path(X, y, feature_names=names, alphas=[1e4])
    assert found.why("bmi").ridge_weight is None


# ---------------------------------------------------------------------------------------------- when
def test_ranks_and_turns(path):
    ranks = {name: path.why(name).rank for name in path.feature_names}
    enters = {name: path.why(name).enters_at for name in path.feature_names}
    order = sorted(enters, key=lambda name: -enters[name])
    assert ranks[order[0]] == 1
    assert all(ranks[a] <= ranks[b] for a, b in pairwise(order))
    for name in path.feature_names:
        row = path.coefs[[path.feature_names.index(name)], :].toarray().ravel()
        signs = np.sign(row)
        turned = [float(path.alphas[k]) for k in range(1, len(row)) if signs[k] * signs[k - 1] < 0]
        assert list(path.why(name).turned_at) == turned


def standard(name):
    table = {"prostate": ("lpsa", ["train"]), "diabetes64": ("y", []), "saheart": ("chd", [])}
    if name == "golub":
        with np.load(DATA / "golub_X.npz") as file:
            X = file["X"]
        y = np.genfromtxt(DATA / "golub_y.csv", dtype=str, skip_header=1, delimiter=",")
        y = y[:, 0] if y.ndim == 2 else y
        return X, (y == np.unique(y)[-1]).astype(float)
    target, drop = table[name]
    found = lz.tables.encode(lz.tables.read(DATA / f"{name}.csv"), target, drop=drop)
    return found.X, np.asarray(found.y, dtype=float)


@pytest.mark.skipif(not DATA.is_dir(), reason="the folder of real data sets is not here")
@pytest.mark.parametrize("name", ["prostate", "diabetes64", "golub"])
def test_every_entry_is_that_of_lars(name):
    X, y = standard(name)
    found = lz.path(X, y, n_alphas=60)
    entered = np.flatnonzero(found.history.entered >= 0)
    found = refined(found, entered)
    varies = X.std(0) > 0
    Z = np.zeros_like(X, dtype=float)
    Z[:, varies] = (X[:, varies] - X[:, varies].mean(0)) / X[:, varies].std(0)
    alphas, _, coefs = lars_path(Z, y - y.mean(), method="lasso", alpha_min=0.5 * found.alphas[-1])
    for j in entered:
        first = int(np.flatnonzero(coefs[j])[0]) - 1  # the knot at which it starts to move
        if len(np.flatnonzero(np.diff((coefs[j] != 0).astype(int)) == -1)) and found.alphas[0] < alphas[first]:
            continue
        assert found.history.enters_at[j] == pytest.approx(alphas[first], rel=1e-4)


@pytest.mark.skipif(not DATA.is_dir(), reason="the folder of real data sets is not here")
def test_every_entry_is_that_of_a_bisection():
    X, y = standard("saheart")
    found = lz.path(X, y, loss="logistic", n_alphas=40)
    entered = np.flatnonzero(found.history.entered >= 0)
    found = refined(found, entered)

    def kept(j, alpha):
        return lz.path(X, y, loss="logistic", alphas=[alpha], tol=1e-12).coefs[[j], [0]][0] != 0

    for j in entered:
        k = int(found.history.entered[j])
        high = float(found.alphas[k - 1]) if k else found.model.alpha_max * (1 + 1e-9)
        low = float(found.alphas[k])
        while high - low > 2e-5 * high:
            middle = 0.5 * (low + high)
            low, high = (middle, high) if kept(j, middle) else (low, middle)
        assert found.history.enters_at[j] == pytest.approx(low, rel=1e-4)


@pytest.mark.skipif(not DATA.is_dir(), reason="the folder of real data sets is not here")
@pytest.mark.parametrize("name", ["prostate", "diabetes64", "golub"])
def test_certified_zeros_are_zero_at_a_tiny_gap(name):
    X, y = standard(name)
    found = lz.path(X, y, n_alphas=30)
    for alpha in found.alphas[[5, 15, 29]]:
        forces = found.source.forces(float(alpha))
        exact = lz.path(X, y, alphas=[float(alpha)], tol=1e-12)
        assert (exact.coefs.toarray()[forces.certified, 0] == 0).all()
        assert forces.certified.any() or (exact.coefs.toarray() != 0).all()


# ---------------------------------------------------------------------------------------------- saved models
def test_a_saved_model_meets_its_data_again(path, data, tmp_path):
    X, y, _ = data
    path.save(tmp_path / "model.json")
    loaded = fit.revive(lz.load(tmp_path / "model.json"), X, y)
    for name in ("bmi", "age", "s6"):
        before, after = path.why(name), loaded.why(name)
        assert str(after) == str(before)
        assert after.used_by == pytest.approx(dict(before.used_by)) if isinstance(after.used_by, dict) else True
    assert loaded.what_if("s1", without="s5").weight_without == pytest.approx(
        path.what_if("s1", without="s5").weight_without, rel=1e-9
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda X, y: (X[:-1], y[:-1]), "it was fitted on 442, here are 441"),
        (lambda X, y: (X, y + 1.0), "the mean of the target was"),
        (lambda X, y: (X, y[::-1]), "what 'age' says of the target is another"),
        (lambda X, y: (np.column_stack([X[:, :9], X[::-1, 9]]), y), "says of the target is another"),
        (lambda X, y: (X * 1.001, y), "the mean of 'age' was"),
        (lambda X, y: (np.column_stack([X[:, :1].mean() + 2 * (X[:, 0] - X[:, 0].mean()), X[:, 1:]]), y), "deviation"),
    ],
)
def test_other_rows_are_refused(path, data, change, words):
    X, y, _ = data
    with pytest.raises(ValueError, match=words):
        fit.revive(replace(path, source=None), *change(X, y))


# ---------------------------------------------------------------------------------------------- compare
@pytest.mark.filterwarnings("ignore:the best score is at the")  # the grid is short on purpose
def test_a_comparison_is_each_path_alone(data):
    X, y, names = data
    options = {"feature_names": names, "cv": 5, "seed": 3, "alphas": np.geomspace(45, 0.02, 40)}
    found = lz.compare(X, y, rule="min", **options)
    assert found.penalties == contest.USUAL
    for k, name in enumerate(found.penalties):
        alone = choose(lz.path(X, y, penalty=name, **options), "min")
        coef = alone.coefs.toarray()[:, alone.chosen]
        np.testing.assert_array_equal(found.coefs[:, k], coef)
        assert found.alphas[k] == alone.alphas[alone.chosen]
        assert found.deviance[k] == alone.cv.mean[alone.cv.index_min]
        assert found.se[k] == alone.cv.se[alone.cv.index_min]
        assert found.zeros[k] == np.count_nonzero(coef == 0)
        size = np.abs(coef) * X.std(0)
        assert found.near[k] == np.count_nonzero((size > 0) & (size < 0.01 * size.max()))
    assert found.zeros[1] == 0
    assert all(len(line) <= 80 for line in str(found).splitlines())
    assert found.to_frame().shape == (10, 1 + len(found.penalties))
    assert found.plot().get_xlabel()
    for j, name in enumerate(names):
        said = found.contrast(name)
        gone = [each for k, each in enumerate(found.penalties) if found.coefs[j, k] == 0]
        assert ("exactly 0 under" in said) == bool(gone)
        assert all(each in said.partition("exactly 0")[2] for each in gone)
        assert all(f" under {each}" in said for each in set(found.penalties) - set(gone))
    with pytest.raises(ValueError, match="did you mean 'bmi'"):
        found.contrast("bm")


@pytest.mark.parametrize("unit", [0.01, 1.0, 100.0])
def test_a_comparison_is_fair_in_any_unit_of_y(data, unit):
    X, y, _ = data
    found = lz.compare(X, unit * y, penalties=["l1", "l2"], cv=5, rule="min")
    lasso, ridge = found.deviance / unit**2
    assert ridge == pytest.approx(lasso, rel=0.02)  # on these data they predict alike


@pytest.mark.parametrize(("fall", "goes_on"), [(0.0, False), (0.01, False), (2.0, True)])
def test_a_grid_goes_on_only_where_the_score_still_falls(fall, goes_on):
    # Over each decade the score falls by half as much of its standard error.
    alphas = np.geomspace(1.0, 1e-4, 41)
    mean = 10.0 - 0.25 * fall * np.log10(1.0 / alphas) - 1e-9 * np.arange(41)
    curve = CrossValidation(alphas, mean, np.full(41, 0.5), np.zeros((3, 41)), "min", 0, 40, 0)
    assert contest._falls(curve) == goes_on
    assert not contest._falls(replace(curve, index_min=30))
    assert not contest._falls(None)


def test_comparisons_that_cannot_be_made(data):
    X, y, _ = data
    with pytest.raises(ValueError, match="named twice: l1, l1"):
        lz.compare(X, y, penalties=["l1", lz.penalties.L1()])
    with pytest.raises(ValueError, match="no penalty is named"):
        lz.compare(X, y, penalties=[])
    found = lz.compare(X, y, penalties=["l1", lz.penalties.ElasticNet(0.9)], cv=None, rule=5.0)
    assert found.penalties == ("l1", "elasticnet:0.9")
    assert np.isnan(found.deviance).all()
    assert (found.alphas == 5.0).all()


def test_every_penalty_sees_the_same_random_folds(data):
    from sklearn.model_selection import ShuffleSplit

    X, y, _ = data
    anew = np.random.RandomState(1)  # each split draws other rows from it
    found = lz.compare(
        X, y, penalties=["l1", lz.penalties.ElasticNet(l1_ratio=1.0)], cv=ShuffleSplit(4, random_state=anew)
    )
    np.testing.assert_allclose(found.deviance[0], found.deviance[1], rtol=1e-6)
