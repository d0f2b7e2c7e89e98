"""Lessons that start from a fit, under losses that are neither squared nor logistic."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize, minimize_scalar

import lozenge as lz
from lozenge.explain.fitted import fitted, null_weights
from lozenge.explain.lessons import LESSONS
from lozenge.fit import choose

NAMES = ["age", "bmi", "dose", "size", "pulse"]
rng = np.random.default_rng(5)
X = rng.standard_normal((70, 5)) @ (np.eye(5) + 0.3 * np.triu(np.ones((5, 5)), 1)) * [1.0, 2.0, 0.5, 1.0, 3.0] + 1.0
SIGNAL = 0.4 + (X - X.mean(0)) @ [0.6, -0.3, 0.4, 0.0, 0.05]
TIMES = np.round(rng.exponential(np.exp(-SIGNAL)), 2) + 0.01
Y = {
    "poisson": rng.poisson(np.exp(SIGNAL)).astype(float),
    "gamma": rng.gamma(2.0, 0.5 * np.exp(SIGNAL)) + 1e-3,
    "tweedie": np.where(rng.random(70) < 0.3, 0.0, rng.gamma(2.0, 0.5 * np.exp(SIGNAL))),
    "negative_binomial": rng.poisson(np.exp(SIGNAL) * rng.gamma(2.0, 0.5, 70)).astype(float),
    "multinomial": np.array(["a", "b", "c"])[
        np.argmax(np.column_stack([SIGNAL, -SIGNAL, 0.5 * X[:, 1]]) + rng.gumbel(size=(70, 3)), axis=1)
    ],
    "ordinal": np.digitize(2 * SIGNAL + rng.logistic(size=70), [-0.5, 1.0, 2.0]),
    "huber": SIGNAL + rng.standard_t(2, 70),
    "squared_hinge": np.where(SIGNAL + 0.7 * rng.standard_normal(70) > 0.2, "yes", "no"),
    "cox": np.column_stack([TIMES, (rng.random(70) < 0.7).astype(float)]),
    "multitask": np.column_stack([SIGNAL + rng.standard_normal(70), X[:, 1] + rng.standard_normal(70)]),
}
QUICK = {"how-often": {"draws": 40}}
every = pytest.mark.parametrize("name", Y)


@pytest.fixture(scope="module")
def fits():
    known = {}

    def fit(name):
        if name not in known:
            path = lz.path(X, Y[name], loss=name, feature_names=NAMES, n_alphas=8, alpha_min_ratio=1e-2, tol=1e-11)
            some = (path.df > 1) & (path.df < len(path.feature_names))
            known[name] = choose(path, float(path.alphas[np.flatnonzero(some)[-1]]))
        return known[name]

    return fit


@every
def test_every_lesson_runs_under_every_loss(name, fits):
    path = fits(name)
    for lesson, run in LESSONS.items():
        found = run(path, **QUICK.get(lesson, {}))
        assert found.rows
        assert all(len(row) == len(found.columns) for row in found.rows)
        assert all(len(line) <= 80 for line in str(found).splitlines())


def test_a_loss_of_straight_pieces_has_no_curvature_to_follow():
    path = choose(lz.path(X, SIGNAL, loss="quantile", feature_names=NAMES, alphas=[0.1, 0.01]), 0.1)
    for lesson in ("descent", "early-zeros", "corner", "how-often", "corners-only"):
        with pytest.raises(ValueError, match=r"needs 1 kept feature|quantile has none: it is made of straight pieces"):
            LESSONS[lesson](path)


# ---------------------------------------------------------------------------------------------- each by other means
@every
def test_the_null_model_is_where_the_levels_leave_nothing(name, fits):
    path = fits(name)
    found = fitted(path)
    null = null_weights(path, found.source)
    assert not null[: len(found.names)].any()
    assert len(found.levels) == {"multinomial": 2, "multitask": 2, "ordinal": 3, "cox": 0}.get(name, 1)
    _, pull = found.source.evaluate(null[:, None])
    np.testing.assert_allclose(pull[found.levels, 0], 0.0, atol=1e-10)
    np.testing.assert_allclose(pull[: len(found.names), 0], path.forces.marginal, rtol=0, atol=1e-10)


@every
def test_weights_that_arrive_at_zero_are_the_zeros_of_the_fit(name, fits):
    path = fits(name)
    lesson = lz.lessons.early_zeros(path)
    end = path.coefs.toarray()[:, -1]
    here = path.coefs.toarray()[:, path.chosen]
    gone = {row[0] for row in lesson.rows if row[2] is not None}
    assert {row[0] for row in lesson.rows} == {path.feature_names[j] for j in np.flatnonzero(end)}
    assert gone == {path.feature_names[j] for j in np.flatnonzero((end != 0) & (here == 0))}


@every
def test_on_data_each_mode_is_the_fit(name, fits):
    path = fits(name)
    lesson = lz.lessons.priors(path)
    size = max(abs(row[2]) for row in lesson.rows)
    assert all(abs(row[3] - row[2]) <= 1e-6 * size for row in lesson.rows)
    if name != "multitask":  # a Laplace prior of scale 1/(nα), for a loss that is minus a log likelihood
        assert lesson.rows[0][1] == pytest.approx(1 / (70 * path.forces.alpha))
    assert ("flat prior" in lesson.text) == (name != "cox")


def test_the_variance_of_several_responses_is_that_of_each(fits):
    path = fits("multitask")
    left = Y["multitask"] - path.predict(X)
    scale = np.mean(left**2) / (70 * path.forces.alpha)
    assert lz.lessons.priors(path).rows[0][1] == pytest.approx(scale, rel=1e-9)


@pytest.mark.parametrize("name", ["poisson", "cox", "huber", "multinomial"])
def test_the_disc_is_met_where_a_search_meets_it(name, fits):
    path = fits(name)
    lesson = lz.lessons.corner(path)
    source, here = path.source, path.source.weights_at(path.forces.alpha)
    pair = [path.feature_names.index(each) for each in lesson.columns[1:3]]
    t = lesson.arrays["t"][0]
    found = {row[0]: row[1:3] for row in lesson.rows}
    np.testing.assert_allclose(found["l1"], here[pair], rtol=0, atol=1e-5 * t)

    def loss(at):
        moved = here.copy()
        moved[pair] = at
        return float(source.losses(moved[:, None])[0])

    best = minimize(loss, here[pair], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14})
    if np.hypot(*best.x) > t:
        start = np.arctan2(*here[pair][::-1])
        turn = minimize_scalar(
            lambda angle: loss(t * np.array([np.cos(angle), np.sin(angle)])),
            bounds=(start - 1.0, start + 1.0),
            method="bounded",
            options={"xatol": 1e-10},
        )
        best.x = t * np.array([np.cos(turn.x), np.sin(turn.x)])
    np.testing.assert_allclose(found["l2"], best.x, rtol=0, atol=1e-4 * t)


@pytest.mark.parametrize(("name", "h"), [("poisson", Y["poisson"].mean()), ("multitask", 1.0), ("gamma", 1.0)])
def test_the_curvature_of_a_column_is_that_of_the_null_model(name, h, fits):
    # Σ w μ z²/Σw with μ = ȳ; Σ w (y/μ) z²/Σw of the gamma loss, where y/ȳ varies with the rows.
    if name == "gamma":
        Z = (X - X.mean(0)) / X.std(0)
        h = float(np.median((Y[name] / Y[name].mean()) @ Z**2 / 70))
    assert f"curvature {h:.3g}" in lz.lessons.corners_only(fits(name)).on


def test_pairs_of_columns_have_the_curvature_of_the_loss():
    from lozenge.explain.geometry import _pairs

    path = choose(lz.path(X, Y["poisson"], loss="poisson", n_alphas=5), 0.1)
    bowls, _ = _pairs(path, np.random.default_rng(0), 50)
    pulls = np.einsum("mij,mj->mi", bowls.H, bowls.c)
    Z = (X - X.mean(0)) / X.std(0)
    S, marginal = Y["poisson"].mean() * Z.T @ Z / 70, Z.T @ (Y["poisson"] - Y["poisson"].mean()) / 70
    for H, pull in zip(bowls.H, pulls, strict=True):
        i, j = (int(np.argmin(np.abs(marginal - each))) for each in pull)
        np.testing.assert_allclose(pull, marginal[[i, j]], atol=1e-9)
        np.testing.assert_allclose(H, S[np.ix_([i, j], [i, j])], atol=1e-9)


def test_doubles_are_of_the_same_output():
    twice = np.column_stack([X, X[:, 0] + 0.1 * rng.standard_normal(70)])
    path = lz.path(twice, Y["multitask"], loss="multitask", feature_names=[*NAMES, "years"], alphas=[0.2, 0.1])
    r = np.corrcoef(twice.T)
    for row in lz.lessons.correlated(path).rows:
        (one, own), (other, same) = (name.rstrip("]").split("[") for name in row[:2])
        assert own == same
        names = [*NAMES, "years"]
        assert row[2] == pytest.approx(r[names.index(one), names.index(other)], abs=1e-12)


def test_without_a_penalty_no_class_has_a_zero(fits):
    lesson = lz.lessons.unpenalised(fits("multinomial"))
    assert lesson.rows[-1][:3] == ("0", 15, 0)
    assert "5 features for 3 outputs each" in lesson.on


def test_where_there_is_no_finite_fit_the_row_is_left_out():
    apart = np.where(X[:, 0] > 1.0, "a", np.where(X[:, 0] > 0.0, "b", "c"))
    path = choose(lz.path(X, apart, loss="multinomial", alphas=[0.1, 0.05]), 0.05)
    lesson = lz.lessons.unpenalised(path)
    assert all(row[0] != "0" for row in lesson.rows)
    assert "The fit at 0 is left out: it is not certified" in lesson.text
