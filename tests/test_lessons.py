"""Every lesson: the numbers that can be checked by hand, and the same argument on data."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.datasets import load_breast_cancer, load_diabetes

import lozenge as lz
from lozenge import plots
from lozenge.explain import descent, geometry
from lozenge.explain.lessons import LESSONS
from lozenge.fit import choose

EXACT = {"rtol": 0, "atol": 1e-12}


@pytest.fixture(scope="module")
def linear():
    data = load_diabetes(scaled=False)
    return lz.path(data.data, data.target, feature_names=list(data.feature_names), alphas=[30.0, 10.0, 5.0, 2.0])


@pytest.fixture(scope="module")
def logistic():
    data = load_breast_cancer()
    names = [name.replace(" ", "_") for name in data.feature_names]
    return lz.path(data.data, data.target, loss="logistic", feature_names=names, alphas=[0.2, 0.1, 0.05])


@pytest.fixture(params=["linear", "logistic"])
def fit(request):
    return request.getfixturevalue(request.param)


def table(lesson):
    return {row[0]: row[1:] for row in lesson.rows}


# ---------------------------------------------------------------------------------------------- all of them
def test_the_registry_is_the_module():
    public = {name.replace("_", "-") for name in lz.lessons.__all__ if name != "LESSONS"}
    assert public == set(LESSONS)
    for name, run in LESSONS.items():
        assert getattr(lz.lessons, name.replace("-", "_")) is run
        assert run().name == name


@pytest.mark.parametrize("name", LESSONS)
def test_every_lesson_is_complete(name):
    lesson = LESSONS[name]()
    assert lesson.claim.endswith(".")
    assert "The limit" in lesson.text
    assert lesson.rows
    assert all(len(row) == len(lesson.columns) for row in lesson.rows)
    assert all(len(line) <= 80 for line in str(lesson).splitlines())
    assert repr(lesson).startswith(f"<Lesson {name} on ")


@pytest.mark.parametrize("name", LESSONS)
def test_every_lesson_runs_on_data(name, fit):
    lesson = LESSONS[name](fit)
    assert lesson.rows
    assert all(len(row) == len(lesson.columns) for row in lesson.rows)
    assert all(len(line) <= 80 for line in str(lesson).splitlines())
    assert lesson.on != LESSONS[name]().on


@pytest.mark.parametrize("name", LESSONS)
def test_every_lesson_draws(name, linear):
    for lesson in (LESSONS[name](), LESSONS[name](linear)):
        ax = lesson.plot()
        assert ax.get_xlabel()
        assert ax.get_ylabel()
        assert plots.lesson(lesson, ax) is ax


@pytest.mark.parametrize("name", LESSONS)
def test_a_loaded_path_is_refused(name, linear, tmp_path):
    linear.save(tmp_path / "model.json")
    with pytest.raises(ValueError, match="needs the data in memory"):
        LESSONS[name](lz.load(tmp_path / "model.json"))


# ---------------------------------------------------------------------------------------------- shapes
def test_slopes_at_zero():
    slopes = {name: row[0] for name, row in table(lz.lessons.penalties()).items()}
    assert slopes == {
        "l1": 1.0,
        "l2": 0.0,
        "elasticnet": 0.5,
        "l0": np.inf,
        "mcp": 1.0,
        "scad": 1.0,
        "log": 1.0,
        "capped_l1": 1.0,
        "lq:0.5": np.inf,
        "lq:1.5": 0.0,
        "huberised l1": 0.0,
    }
    corners = {name for name, row in table(lz.lessons.penalties()).items() if row[3] == "yes"}
    assert corners == {"l1", "elasticnet", "l0", "mcp", "scad", "log", "capped_l1", "lq:0.5"}


def test_cost_of_a_step():
    (large, small) = lz.lessons.step_cost().rows
    np.testing.assert_allclose(large[1:4], [15, 0.001, 0.029999], **EXACT)
    np.testing.assert_allclose(small[1:4], [0.02, 0.001, 0.000039], **EXACT)
    assert large[4] == pytest.approx(29.999, abs=1e-9)
    assert 1 / small[4] == pytest.approx(25.641, abs=1e-3)


@given(st.floats(1e-6, 1), st.floats(1e-3, 1))
def test_norms_of_any_pair(epsilon, part):
    delta = part * epsilon
    large, small = lz.lessons.norms(epsilon=epsilon, delta=delta).rows
    assert large[2] == small[2] == delta
    np.testing.assert_allclose(large[3], 2 * delta - delta**2, **EXACT)
    np.testing.assert_allclose(small[3], 2 * epsilon * delta - delta**2, **EXACT)
    # By the norms themselves.
    np.testing.assert_allclose(large[3], (1 + epsilon**2) - ((1 - delta) ** 2 + epsilon**2), **EXACT)
    np.testing.assert_allclose(small[3], (1 + epsilon**2) - (1 + (epsilon - delta) ** 2), **EXACT)


def test_corners_only_in_closed_form():
    rows = table(lz.lessons.corners_only(curvature=0.25))
    high = {name: row[1] for name, row in rows.items()}
    local = {name: row[2] for name, row in rows.items()}
    assert high["l1"] == local["l1"] == 1.0
    assert high["l2"] == high["lq:1.5"] == high["huberised l1"] == 0.0
    assert high["elasticnet"] == 0.5
    np.testing.assert_allclose(high["l0"], np.sqrt(2 * 0.25), **EXACT)
    np.testing.assert_allclose(high["lq:0.5"], 1.5 * 0.25 * 4 ** (2 / 3), **EXACT)
    np.testing.assert_allclose(high["mcp"], np.sqrt(3 * 0.25), **EXACT)
    assert local["l0"] == local["lq:0.5"] == np.inf
    for row in rows.values():
        assert (row[0] == "yes") == (row[1] > 0) == (row[2] > 0)


# ---------------------------------------------------------------------------------------------- descent
def test_each_trajectory_step_by_step():
    run = lz.lessons.descent().arrays
    np.testing.assert_allclose(run["L1 subgradient"][:12], [5, 4.5, 4, 3.5, 3, 2.5, 2, 1.5, 1, 0.5, 0, 0], **EXACT)
    np.testing.assert_allclose(run["L2 gradient"], 5 * 0.5 ** np.arange(31), **EXACT)
    assert (run["L2 gradient"] > 0).all()
    np.testing.assert_allclose(run["L2 gradient, rate 1"][:3], [5, 0, 0], **EXACT)
    off = run["L1 subgradient from 5.1"]
    np.testing.assert_allclose(off[:12], [5.1, 4.6, 4.1, 3.6, 3.1, 2.6, 2.1, 1.6, 1.1, 0.6, 0.1, -0.4], **EXACT)
    np.testing.assert_allclose(off[10:], np.resize([0.1, -0.4], 21), **EXACT)
    stays = run["L1 proximal from 5.1"]
    np.testing.assert_allclose(stays[:11], off[:11], **EXACT)
    assert (stays[11:] == 0).all()
    arrivals = {row[0]: row[3] for row in lz.lessons.descent().rows}
    assert arrivals["L1 subgradient"] == 10
    assert arrivals["L2 gradient"] is None
    assert arrivals["L2 gradient, rate 1"] == 1
    assert arrivals["L1 subgradient from 5.1"] is None
    assert arrivals["L1 proximal from 5.1"] == 11


def test_with_a_loss_each_ends_where_it_must():
    run = lz.lessons.descent().arrays
    assert run["with a loss: L1 proximal"][-1] == 0.0  # the loss pulls 0.3 there, less than 1
    np.testing.assert_allclose(run["with a loss: L2 gradient"][-1], 0.15, rtol=0, atol=1e-12)  # 0.3/(1 + 1)
    swing = run["with a loss: L1 subgradient"]
    assert (np.sign(swing[-4:-1]) == -np.sign(swing[-3:])).all()
    tamed = run["with a loss: its rate decaying"]
    assert np.abs(tamed[-5:]).max() < 0.5 * np.abs(swing[-5:]).max()
    assert np.count_nonzero(tamed[-5:]) >= 3  # it may hit zero, and leaves it


def test_the_square_halves_at_half_the_rate():
    # Under w² the slope is 2w: as ½w² with α = 2.
    half = descent.trajectory("L2 gradient", 5.0, 0.25, alpha=2.0)
    np.testing.assert_array_equal(half, descent.trajectory("L2 gradient", 5.0, 0.5, alpha=1.0))


def test_the_smallest_arrive_first():
    lesson = lz.lessons.early_zeros(weights=(3.2, -2.0, 1.1, 0.3), rate=0.1)
    assert [(row[1], row[2]) for row in lesson.rows] == [(0.3, 3), (1.1, 11), (-2.0, 20), (3.2, 32)]
    for row in lesson.rows:
        np.testing.assert_allclose(row[3], row[1] * 0.9 ** row[2], **EXACT)


def test_arrivals_on_data_are_those_of_proximal_gradient():
    data = load_diabetes()
    X = (data.data - data.data.mean(0)) / data.data.std(0)
    y = data.target - data.target.mean()
    path = choose(lz.path(X, y, alphas=[20.0, 5.0, 0.5]), 5.0)
    lesson = lz.lessons.early_zeros(path)
    start = path.at(0.5).coef
    end = path.at(5.0).coef
    rows = {row[0]: row for row in lesson.rows}
    assert set(rows) == {path.feature_names[j] for j in np.flatnonzero(start)}
    gone = {name for name, row in rows.items() if row[2] is not None}
    assert gone == {path.feature_names[j] for j in np.flatnonzero((start != 0) & (end == 0))}
    # A naive twin with the step that the lesson names.
    h = float(re.search(r"length 1/(\d+\.\d+)", lesson.text)[1])
    assert h > np.linalg.eigvalsh(X.T @ X / len(X))[-1]


# ---------------------------------------------------------------------------------------------- corner
BALLS = {ball.name: ball for ball in geometry.BALLS}
SIZES = {
    "l1": lambda b: np.abs(b).sum(),
    "l2": lambda b: b @ b / 2,
    "elasticnet:0.5": lambda b: 0.5 * np.abs(b).sum() + 0.25 * b @ b,
    "group": lambda b: np.sqrt(b @ b),
    "lq:0.5": lambda b: np.sqrt(np.abs(b)).sum(),
}


@st.composite
def bowls(draw):
    rho, angle = draw(st.floats(-0.9, 0.9)), draw(st.floats(0, 2 * np.pi))
    size = draw(st.floats(0.5, 2))
    H = np.array([[size, rho], [rho, 1 / size]])
    return geometry.Bowl(H, draw(st.floats(0.5, 3)) * np.array([np.cos(angle), np.sin(angle)]))


@pytest.mark.parametrize("name", SIZES)
@given(bowl=bowls(), share=st.floats(0.05, 0.95))
def test_the_touching_point_is_the_least_loss_in_the_ball(name, bowl, share):
    ball = BALLS[name]
    t = share * float(ball.radius(bowl.c[None])[0])
    found = geometry.touch(bowl, ball, t)
    full = SIZES[name](np.array([t, 0.0]))
    assert SIZES[name](found.b) == pytest.approx(full, rel=1e-9)
    turn = np.linspace(0, 2 * np.pi, 20_001)
    edge = np.array([np.cos(turn), np.sin(turn)])
    reach = ball.reach(t, turn)
    np.testing.assert_allclose([SIZES[name](r * e) for r, e in zip(reach[::97], edge.T[::97], strict=True)], full)
    around = reach * edge - bowl.c[:, None]
    losses = 0.5 * np.einsum("ik,ij,jk->k", around, bowl.H, around)
    assert bowl.value(found.b) <= losses.min() + 1e-9 * (1 + losses.min())
    if name != "lq:0.5":  # the map from radius to α and back
        assert found.alpha > 0
        np.testing.assert_allclose(found.fit, found.b, rtol=0, atol=1e-9)
        fit = geometry.penalised(bowl, ball, found.alpha)
        assert SIZES[name](fit) == pytest.approx(full, rel=1e-8)


TILTED = geometry.Bowl(np.array([[0.5, -0.625], [-0.625, 2.0]]), np.array([0.39062552, -1.70584633]))


@pytest.mark.parametrize("name", SIZES)
@given(bowl=bowls(), alpha=st.floats(0.05, 2))
@example(bowl=TILTED, alpha=0.05078125)  # under q < 1 it is lowest on an axis that no quadrant leads to
def test_the_penalised_fit_is_the_least_of_a_search(name, bowl, alpha):
    b = geometry.penalised(bowl, BALLS[name], alpha)

    def cost(at):
        return bowl.value(at) + alpha * SIZES[name](at)

    side = np.linspace(-4, 4, 81)
    searched = min(cost(np.array([x, y])) for x in side for y in side)
    assert cost(b) <= searched + 1e-9
    if name != "lq:0.5":
        best = minimize(cost, b + 1e-3, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13})
        assert cost(b) <= best.fun + 1e-9


def test_a_corner_by_hand():
    # H(c - b) at (0.7, 0) is (0.7, 0.65): the second pull is below the first, so the vertex holds it.
    rows = table(lz.lessons.corner())
    np.testing.assert_allclose(rows["l1"][:3], [0.7, 0.0, 0.7], **EXACT)
    assert rows["l1"][4] == 1
    for name in ("l2", "group"):
        assert rows[name][4] == 0
        assert np.hypot(*rows[name][:2]) == pytest.approx(0.7, abs=1e-12)
    np.testing.assert_allclose(rows["l2"][:2], rows["group"][:2], rtol=0, atol=1e-9)  # one disc, two prices


def test_the_diamond_of_a_fit_is_met_at_the_fit(fit):
    for others in ("held", "profiled"):
        lesson = lz.lessons.corner(fit, others=others)
        names = lesson.columns[1:3]
        forces = fit.forces
        own = [forces.weight[fit.feature_names.index(name)] for name in names]
        row = table(lesson)["l1"]
        np.testing.assert_allclose(row[:2], own, rtol=1e-6, atol=1e-6 * np.abs(own).max())
        assert row[2] == pytest.approx(forces.alpha, rel=1e-4)
        assert own[1] == 0.0 == row[1]


def test_a_disc_on_the_logistic_loss_is_met_where_scipy_meets_it(logistic):
    lesson = lz.lessons.corner(logistic)
    source, here = logistic.source, logistic.source.weights_at(float(logistic.alphas[-1]))
    pair = [logistic.feature_names.index(name) for name in lesson.columns[1:3]]
    t = lesson.arrays["t"][0]

    def loss(angle):
        at = here.copy()
        at[pair] = t * np.cos(angle[0]), t * np.sin(angle[0])
        return source.evaluate(at[:, None])[0][0]

    start = np.arctan2(*table(lesson)["l2"][1::-1])
    best = minimize(loss, [start + 0.1], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-15})
    found = table(lesson)["l2"][:2]
    np.testing.assert_allclose(found, [t * np.cos(best.x[0]), t * np.sin(best.x[0])], rtol=0, atol=1e-5 * t)


def test_a_fit_under_another_penalty_is_refused():
    data = load_diabetes()
    ridge = lz.path(data.data, data.target, penalty="l2", alphas=[1.0])
    with pytest.raises(ValueError, match="starts from an L1 fit"):
        lz.lessons.penalties(ridge)


def test_bad_views_are_refused(linear):
    with pytest.raises(ValueError, match="no feature 'height'"):
        lz.lessons.corner(linear, features=("bmi", "height"))
    with pytest.raises(ValueError, match="two different features"):
        lz.lessons.corner(linear, features=("bmi", "bmi"))
    with pytest.raises(ValueError, match="held or profiled"):
        lz.lessons.corner(linear, others="gone")
    with pytest.raises(ValueError, match="positive definite"):
        lz.lessons.corner(H=((1.0, 2.0), (2.0, 1.0)))


# ---------------------------------------------------------------------------------------------- how often
def test_shares_of_zeros_on_the_stated_design():
    lesson = lz.lessons.how_often(draws=4_000, seed=1)
    share, error = lesson.arrays["share l1"], lesson.arrays["error l1"]
    assert (np.diff(share) >= -2 * np.hypot(error[1:], error[:-1])).all()  # the radius falls along the rows
    assert share[-1] > 0.98
    for name in ("l2", "group"):
        assert (lesson.arrays[f"share {name}"] == 0).all()
    rows = table(lesson)
    assert rows["H = I, c on the diagonal"][:2] == (0.0, 0.0)
    assert rows["H = I, c on an axis"][:2] == (1.0, 1.0)  # the axis-aligned exception
    assert rows["two copies of one column"][0] == "any point of an edge"


@given(bowl=bowls(), share=st.floats(0.05, 0.95))
def test_a_zero_is_counted_where_the_touching_point_has_one(bowl, share):
    many = geometry.Bowls(bowl.H[None], bowl.c[None])
    for name in ("l1", "elasticnet:0.5"):
        ball = BALLS[name]
        t = share * float(ball.radius(bowl.c[None])[0])
        b = geometry.touch(bowl, ball, t).b
        counted = bool(geometry._zeros(many, ball, share)[0])
        assert counted == (np.abs(b).min() <= 1e-9) or np.abs(b).min() < 1e-6


# ---------------------------------------------------------------------------------------------- priors
def test_the_mode_is_the_fit_and_samples_are_not_zero():
    for estimate in (0.3, 0.9, -2.0):
        rows = table(lz.lessons.priors(estimate=estimate, alpha=0.5))
        soft = np.sign(estimate) * max(abs(estimate) - 0.5, 0)
        np.testing.assert_allclose(rows["Laplace"][1:3], [soft, soft], rtol=0, atol=1e-6)
        np.testing.assert_allclose(rows["normal"][1:3], [estimate / 1.5] * 2, rtol=0, atol=1e-6)
        assert rows["Laplace"][4] == rows["normal"][4] == 0
        assert rows["Laplace"][0] == 1.0 / (20 * 0.5)
        # e^b moves the mode of the normal case by one posterior variance, 1/(n(1 + α)), to the left.
        assert rows["normal, seen as e^b"][1] == pytest.approx(estimate / 1.5 - 1 / (20 * 1.5), abs=1e-6)


def test_on_data_each_mode_is_the_fit(fit):
    lesson = lz.lessons.priors(fit)
    size = max(abs(row[2]) for row in lesson.rows)
    for row in lesson.rows:
        assert abs(row[3] - row[2]) <= 1e-6 * size
    alpha, n = fit.forces.alpha, fit.model.n
    if fit.model.loss == "logistic":
        assert lesson.rows[0][1] == pytest.approx(1 / (n * alpha), rel=1e-12)


# ---------------------------------------------------------------------------------------------- choices
def test_counts_along_alpha():
    rows = lz.lessons.unpenalised(pulls=(3.0, 2.0, 1.0, 0.5, 0.2)).rows
    assert [row[1] for row in rows] == [5, 5, 4, 3, 2, 1, 0]
    assert rows[0][3] == 1.0
    assert rows[-1][3] == 0.0
    assert rows[-1][4] == 0.0


def test_counts_on_data(linear):
    rows = {row[0]: row for row in lz.lessons.unpenalised(linear).rows}
    assert rows["30"][1] == linear.at(30.0).df
    assert rows["2"][1] + rows["2"][2] == 10
    assert rows["0"][1:3] == (10, 0)
    data = load_diabetes(scaled=False)
    assert rows["0"][3] == pytest.approx(linear.at(0.0).score(data.data, data.target), abs=1e-9)


def test_two_near_copies_by_hand():
    (row,) = lz.lessons.correlated().rows
    # 1.00 - 0.5 = 0.5 for the first; it leaves the second 0.98 - 0.99·0.5 = 0.485 of 0.5.
    np.testing.assert_allclose(row[2:6], [0.99, 0.5, 0.0, 0.97], **EXACT)
    assert row[6] > 0 < row[7]
    # At the same loss as the lasso's point.
    H, pull = np.array([[1, 0.99], [0.99, 1]]), np.array([1.0, 0.98])
    losses = [0.5 * b @ H @ b - pull @ b for b in (np.array([0.5, 0.0]), np.array(row[6:8]))]
    assert losses[0] == pytest.approx(losses[1], abs=1e-9)


def test_the_closest_pair_of_real_data(linear):
    lesson = lz.lessons.correlated(linear)
    data = load_diabetes(scaled=False)
    r = np.corrcoef(data.data.T)
    names = list(data.feature_names)
    for row in lesson.rows:
        assert row[2] == pytest.approx(r[names.index(row[0]), names.index(row[1])], abs=1e-12)
    kept = [names.index(name) for name, w in zip(names, linear.forces.weight, strict=True) if w]
    best = max(abs(r[j, k]) for j in kept for k in range(10) if k != j)
    assert abs(lesson.rows[0][2]) == pytest.approx(best, abs=1e-12)
