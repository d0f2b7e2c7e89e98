"""The constrained form against CVXPY; the map between radius and alpha; adaptive weights."""

from __future__ import annotations

import warnings

import cvxpy as cp
import numpy as np
import pytest
from sklearn.linear_model import Lasso, LinearRegression

import lozenge as lz
from lozenge.penalties import MCP, Group

P, LABELS = 8, [0, 0, 0, 1, 1, 2, 3, 3]
V = np.sqrt(np.bincount(LABELS))[LABELS]
NORMS = {
    "l1": (lz.L1Ball, {}, cp.norm1),
    "l2": (lz.L2Ball, {}, cp.norm2),
    "group": (
        lz.GroupBall,
        {"groups": LABELS},
        lambda b: cp.sum(
            [np.sqrt(LABELS.count(g)) * cp.norm2(b[[j for j in range(P) if LABELS[j] == g]]) for g in range(4)]
        ),
    ),
}


def data(seed, loss="squared"):
    rng = np.random.default_rng(seed)
    n = int(rng.choice([6, 30, 50]))
    X = rng.standard_normal((n, P)) * rng.choice([0.5, 2.0], P) + rng.choice([0.0, 1.0], P)
    y = (X - X.mean(0)) @ rng.standard_normal(P) + rng.standard_normal(n)
    options = {"fit_intercept": seed % 3 != 1}
    if seed % 2:
        options["sample_weight"] = rng.integers(1, 4, n).astype(float)
    return X, y if loss == "squared" else (y > np.median(y)).astype(float), options


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("name", NORMS)
def test_as_cvxpy(name, loss):
    make, more, norm = NORMS[name]
    for seed in range(8):
        X, y, options = data(seed, loss)
        radii = [0.2, 0.7, 1.9]
        grid = {} if seed == 0 else {"n_alphas": 10}  # where the search for the radii starts, not where it ends
        path = lz.path(X, y, loss=loss, constraint=make(radii, **more), tol=1e-9, **grid, **options)
        assert all(status is lz.Status.CERTIFIED for status in path.status)
        assert {certificate.kind for certificate in path.certificates} == {"gap"}
        np.testing.assert_array_equal(path.radii, radii)
        w = options.get("sample_weight", np.ones(len(y)))
        w = w / w.sum()
        sd = np.sqrt(w @ (X - w @ X) ** 2)
        for k, t in enumerate(radii):
            b, base = cp.Variable(P), cp.Variable()
            eta = (X / sd) @ b + (base if options["fit_intercept"] else 0)
            fit = cp.sum_squares(cp.multiply(np.sqrt(w), y - eta)) / 2
            if loss == "logistic":
                fit = w @ (cp.logistic(eta) - cp.multiply(y, eta))
            task = cp.Problem(cp.Minimize(fit), [norm(b) <= t])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                task.solve(solver="CLARABEL", tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
            best, theirs = task.value, b.value
            ours = path.coefs[:, [k]].toarray()[:, 0] * sd
            b.value, base.value = ours, path.intercepts[k]
            assert fit.value <= best + 1e-8 * max(1.0, best)
            assert norm(b).value <= t * (1 + 1e-10)
            if len(y) > 2 * P:
                np.testing.assert_allclose(ours, theirs, atol=2e-5)


@pytest.mark.parametrize("penalty", ["l1", "l2", Group(groups=LABELS)])
def test_radius_and_alpha_determine_each_other(penalty):
    X, y, _ = data(3)
    path = lz.path(X, y, penalty=penalty, tol=1e-10, n_alphas=20, alpha_min_ratio=1e-3)
    radii = [path.radius(alpha) for alpha in path.alphas]
    assert np.all(np.diff(radii) > 0)
    b = path.coefs.toarray() * X.std(0)[:, None]
    expected = {"l1": abs(b).sum(0), "l2": np.sqrt((b**2).sum(0))}.get(str(penalty))
    if expected is not None:
        np.testing.assert_allclose(radii, expected, rtol=1e-5, atol=1e-9)
    for alpha in path.alphas[1::5]:
        assert path.alpha_for(path.radius(alpha)) == pytest.approx(alpha, rel=1e-5)


def test_the_ends_of_the_map():
    X, y, _ = data(1)  # 50 rows
    path = lz.path(X, y)
    assert path.radius(path.alphas[0] * 2) == 0.0
    assert path.alpha_for(0.0) == path.alphas[0]
    whole = abs(LinearRegression().fit(X, y).coef_ * X.std(0)).sum()
    assert path.alpha_for(1.01 * whole) == 0.0
    assert path.alpha_for(0.99 * whole) > 0.0
    loose = lz.path(X, y, constraint=lz.L1Ball([0.0, 10 * whole]))
    assert not loose.coefs[:, [0]].nnz
    np.testing.assert_allclose(loose.coefs[:, [1]].toarray()[:, 0], LinearRegression().fit(X, y).coef_, rtol=1e-7)
    np.testing.assert_array_equal(loose.alphas, [path.alphas[0], 0.0])


def test_more_columns_than_rows_have_a_largest_radius_without_a_fit():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((10, 40))
    y = X[:, 0] - X[:, 1] + 0.1 * rng.standard_normal(10)
    path = lz.path(X, y, constraint=lz.L1Ball([0.5, 5.0, 500.0]))
    assert all(status is lz.Status.CERTIFIED for status in path.status)
    assert path.deviance_ratio[-1] == pytest.approx(1.0, abs=1e-6)


def test_what_has_no_meaning_is_refused(tmp_path):
    X, y, _ = data(0)
    with pytest.raises(ValueError, match="a radius must be 0 or positive"):
        lz.L1Ball(-1.0)
    with pytest.raises(ValueError, match="a radius must be 0 or positive, and finite; got nan"):
        lz.L1Ball([1.0, np.nan])
    with pytest.raises(TypeError, match="a radius must be a number"):
        lz.L1Ball("2")
    with pytest.raises(ValueError, match="must be above 0"):
        lz.L2Ball(0.0)
    with pytest.raises(TypeError, match="constraint must be a ball"):
        lz.path(X, y, constraint=2.0)
    with pytest.raises(ValueError, match="radii in place of alphas"):
        lz.path(X, y, constraint=lz.L1Ball(1.0), alphas=[1.0])
    with pytest.raises(ValueError, match=r"path\.radius"):
        lz.path(X, y, constraint=lz.L1Ball(1.0), cv=3)
    with pytest.raises(ValueError, match="under mcp the solutions jump"):
        lz.path(X, y, penalty=MCP()).radius(0.1)
    path = lz.path(X, y)
    with pytest.raises(ValueError, match="a radius must be 0 or positive"):
        path.alpha_for(-1.0)
    path.save(tmp_path / "model.json")
    with pytest.raises(ValueError, match="fit again to ask for radii"):
        lz.load(tmp_path / "model.json").radius(0.1)


def test_radii_stay_with_the_model(tmp_path):
    X, y, _ = data(1)
    path = lz.path(X, y, constraint=lz.L1Ball([0.5, 1.0]))
    path.save(tmp_path / "model.json")
    np.testing.assert_array_equal(lz.load(tmp_path / "model.json").radii, [0.5, 1.0])
    lz.path(X, y).save(tmp_path / "other.json")
    assert lz.load(tmp_path / "other.json").radii is None


def test_reasons_under_a_constraint():
    X, y, _ = data(1)
    path = lz.path(X, y, constraint=lz.L1Ball(1.0))
    for name in path.feature_names:
        reason = path.why(name)
        assert (reason.state == "zero") == (path.coefs[[int(name[1:])], [0]] == 0)
        assert abs(reason.left) <= reason.price * (1 + 1e-6)


@pytest.mark.parametrize("seed", [1, 3, 5])
def test_zeros_in_a_ball_are_proved_as_they_are_under_its_multiplier(seed):
    X, y, options = data(seed)
    if len(X) <= P:
        pytest.skip("solutions may not be unique")
    path = lz.path(X, y, constraint=lz.L1Ball(0.5), tol=1e-9, **options)
    other = lz.path(X, y, alphas=[float(path.alphas[0])], tol=1e-9, **options)
    proved = {name for name in path.feature_names if path.why(name).state == "zero" and path.why(name).certified}
    assert proved
    assert proved == {f for f in other.feature_names if other.why(f).state == "zero" and other.why(f).certified}
    assert "not proved" not in str(path.why(proved.pop()))
    free = lz.path(X, y, constraint=lz.L1Ball(1e3), **options)  # where the ball does not bind nothing is zero
    assert not free.reasons()["proved_zero"].any()


def test_adaptive_weights_are_the_reweighted_lasso():
    X, y, _ = data(1)
    sd, first = X.std(0), LinearRegression().fit(X, y).coef_
    found = lz.adaptive(X, y, initial=first, gamma=1.0, alphas=[0.05], tol=1e-12)
    size = abs(first * sd)
    Z = (X - X.mean(0)) / sd * size  # the adaptive lasso is the lasso of rescaled columns
    theirs = Lasso(alpha=0.05, tol=1e-12, max_iter=100_000).fit(Z, y)
    np.testing.assert_allclose(found.coefs.toarray()[:, 0] * sd, theirs.coef_ * size, atol=1e-7)
    by_path = lz.adaptive(X, y, initial=lz.path(X, y, alphas=[0.0]), alphas=[0.05], tol=1e-12)
    np.testing.assert_allclose(by_path.coefs.toarray(), found.coefs.toarray(), atol=1e-7)


def test_adaptive_excludes_zeros_and_pools_groups():
    X, y, _ = data(1)
    first = np.array([1.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 3.0])
    found = lz.adaptive(X, y, initial=first, alphas=[1e-3])
    assert not found.coefs.toarray()[first == 0].any()
    grouped = lz.adaptive(X, y, initial=first, penalty=Group(groups=LABELS), alphas=[1e-3])
    kept = grouped.coefs.toarray()[:, 0] != 0
    np.testing.assert_array_equal(kept, [1, 1, 1, 0, 0, 1, 1, 1])
    assert lz.adaptive(X, y, cv=3).cv is not None
    with pytest.raises(ValueError, match="gamma must be above 0"):
        lz.adaptive(X, y, gamma=0.0)
    with pytest.raises(ValueError, match="initial must hold 8 finite weights"):
        lz.adaptive(X, y, initial=[1.0, 2.0])
