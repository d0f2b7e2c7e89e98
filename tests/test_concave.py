"""Paths under penalties that are concave in |b|: stationary points, by literal definitions and by a naive twin."""

import json

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.linalg import hadamard
from scipy.special import expit

import lozenge as lz
from lozenge import cli
from lozenge.penalties import MCP, SCAD, Log

PENALTIES = [MCP(gamma=3.0), MCP(gamma=1.5), SCAD(), Log(epsilon=0.5), Log(epsilon=0.05)]
named = pytest.mark.parametrize(
    "penalty", PENALTIES, ids=lambda each: f"{each.name}:{next(iter(each.parameters().values())):g}"
)


def problem(seed=0, n=120, p=30, rho=0.5, loss="squared"):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * X[:, j]
    eta = X[:, :6] @ [3.0, -2.0, 1.5, 0.0, 1.0, -0.7]
    y = eta + rng.standard_normal(n)
    return X, (y > 0).astype(float) if loss == "logistic" else y


def standardised(X):
    return (X - X.mean(0)) / X.std(0)


def steepness(penalty, b, alpha):
    """ω'(|b|), from the definition of ω by a central difference."""
    one, h = penalty.with_weights(np.ones(1)), 1e-6
    return (one.value(np.array([abs(b) + h]), alpha) - one.value(np.array([abs(b) - h]), alpha)) / (2 * h)


def objective(penalty, Z, y, b, b0, alpha, loss="squared"):
    eta = b0 + Z @ b
    value = 0.5 * np.mean((y - eta) ** 2) if loss == "squared" else np.mean(np.logaddexp(0, eta) - y * eta)
    return value + penalty.with_weights(np.ones(len(b))).value(b, alpha)


@named
@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize(("n", "p"), [(120, 30), (60, 200)])
def test_every_answer_is_a_stationary_point(penalty, loss, n, p):
    X, y = problem(n=n, p=p, loss=loss)
    path = lz.path(X, y, loss=loss, penalty=penalty, n_alphas=20, alpha_min_ratio=0.1)
    Z = standardised(X)
    for k, alpha in enumerate(path.alphas):
        b = path.coefs[:, [k]].toarray()[:, 0] * X.std(0)
        b0 = path.intercepts[k] + X.mean(0) @ (b / X.std(0))
        mean = b0 + Z @ b if loss == "squared" else expit(b0 + Z @ b)
        pull = Z.T @ (y - mean) / n
        assert abs(np.mean(y - mean)) <= 2e-6 * alpha
        zero = b == 0
        assert np.all(abs(pull[zero]) <= alpha * (1 + 2e-6))
        for j in np.flatnonzero(~zero):
            assert pull[j] == pytest.approx(np.sign(b[j]) * steepness(penalty, b[j], alpha), abs=3e-6 * alpha)
    assert all(each.kind == "stationary" and each.value <= 1e-6 for each in path.certificates)
    assert np.isinf(path.gaps).all()
    assert all(status is lz.Status.CERTIFIED for status in path.status)


@named
def test_orthogonal_columns_have_a_closed_form(penalty):
    """There each weight is the penalty's own minimiser at its pull, or another minimum of the same function."""
    X = hadamard(16)[:, 1:8].astype(float)
    pulls = np.array([4.0, -2.5, 1.5, 0.8, -0.3, 0.1, 0.0])
    path = lz.path(X, X @ pulls, penalty=penalty, alphas=[2.0, 1.0, 0.5, 0.2])
    one = penalty.with_weights(np.ones(7))
    for k, alpha in enumerate(path.alphas):
        b = path.coefs[:, [k]].toarray()[:, 0]
        best = one.prox(pulls, 1.0, alpha)
        if penalty.name != "log":  # whose one-dimensional problem is not convex where epsilon < alpha
            np.testing.assert_allclose(b, best, atol=1e-6)
        for j in range(7):
            around = b[j] + np.array([0.0, -1e-4, 1e-4])
            alone = one.take(np.array([j]))
            cost = [0.5 * (x - pulls[j]) ** 2 + alone.value(np.array([x]), alpha) for x in around]
            assert cost[0] <= min(cost) + 1e-12


def twin(penalty, Z, y, alphas):
    """Cyclic descent with the penalty's own prox, each alpha from the last."""
    n, p = Z.shape
    one, b, found = penalty.with_weights(np.ones(1)), np.zeros(p), []
    y = y - y.mean()
    for alpha in alphas:
        for _ in range(2000):
            before = b.copy()
            for j in range(p):
                pull = Z[:, j] @ (y - Z @ b) / n + b[j]
                b[j] = one.prox(np.array([pull]), 1.0, alpha)[0]
            if abs(b - before).max() < 1e-9:
                break
        found.append(b.copy())
    return found


@pytest.mark.parametrize("penalty", [MCP(gamma=3.0), SCAD()], ids=lambda each: each.name)
@pytest.mark.parametrize("seed", range(4))
def test_the_objective_is_no_worse_than_that_of_coordinate_descent(penalty, seed):
    X, y = problem(seed, n=80, p=20)
    path = lz.path(X, y, penalty=penalty, n_alphas=20, alpha_min_ratio=0.05)
    Z = standardised(X)
    null = 0.5 * np.var(y)
    worse = []
    for k, b in enumerate(twin(penalty, Z, y, path.alphas)):
        ours = path.coefs[:, [k]].toarray()[:, 0] * X.std(0)
        difference = objective(penalty, Z, y, ours, y.mean(), path.alphas[k]) - objective(
            penalty, Z, y, b, y.mean(), path.alphas[k]
        )
        worse.append(difference > 1e-8 * null)
    assert sum(worse) <= 1


@named
def test_alpha_max_is_where_the_first_feature_comes_in(penalty):
    X, y = problem()
    path = lz.path(X, y, penalty=penalty, n_alphas=5)
    Z = standardised(X)
    assert path.alphas[0] == pytest.approx(np.max(abs(Z.T @ (y - y.mean()) / len(y))), rel=1e-12)
    assert path.df[0] == 0
    assert lz.path(X, y, penalty=penalty, alphas=[0.99 * path.alphas[0]]).df[0] >= 1


@pytest.mark.parametrize("penalty", [MCP(), SCAD()], ids=lambda each: each.name)
def test_the_unit_of_y_is_of_no_account(penalty):
    X, y = problem()
    first = lz.path(X, y, penalty=penalty, n_alphas=10, alpha_min_ratio=0.1)
    second = lz.path(X, 1000 * y, penalty=penalty, n_alphas=10, alpha_min_ratio=0.1)
    np.testing.assert_allclose(second.coefs.toarray(), 1000 * first.coefs.toarray(), rtol=1e-4, atol=1e-4)


def test_epsilon_has_the_unit_of_a_weight():
    X, y = problem()
    first = lz.path(X, y, penalty=Log(epsilon=0.3), n_alphas=10, alpha_min_ratio=0.1)
    second = lz.path(X, 1000 * y, penalty=Log(epsilon=300.0), n_alphas=10, alpha_min_ratio=0.1)
    np.testing.assert_allclose(second.coefs.toarray(), 1000 * first.coefs.toarray(), rtol=1e-4, atol=1e-4)


@named
def test_sparse_weighted_and_free_columns(penalty):
    X, y = problem(p=12)
    X[abs(X) < 0.7] = 0
    w = 1.0 + np.arange(len(y)) % 3
    v = np.ones(12)
    v[[2, 5, 7]] = 0.0, 2.0, np.inf
    options = {"penalty": penalty, "sample_weight": w, "penalty_weights": v, "n_alphas": 8, "alpha_min_ratio": 0.1}
    dense, sparse = lz.path(X, y, **options), lz.path(sp.csc_array(X), y, **options)
    repeated = lz.path(
        np.repeat(X, w.astype(int), axis=0), np.repeat(y, w.astype(int)), **options | {"sample_weight": None}
    )
    size = abs(dense.coefs).max()
    np.testing.assert_allclose(sparse.coefs.toarray(), dense.coefs.toarray(), atol=1e-5 * size)
    np.testing.assert_allclose(repeated.coefs.toarray(), dense.coefs.toarray(), atol=1e-5 * size)
    assert dense.coefs[[2]].toarray().all()
    assert not dense.coefs[[7]].toarray().any()


def test_it_shrinks_large_weights_less_than_the_lasso():
    X, y = problem(n=500)
    path, lasso = (lz.path(X, y, penalty=each, cv=5) for each in ("mcp", "l1"))
    scale = abs(path.best("min").coef[0] - 3.0)
    assert scale < abs(lasso.best("min").coef[0] - 3.0)
    assert len(path.best("min").support) <= len(lasso.best("min").support)


def test_a_saved_model_meets_its_data_again(tmp_path):
    X, y = problem()
    path = lz.path(X, y, penalty="scad", cv=3)
    path.save(tmp_path / "model.json")
    loaded = lz.load(tmp_path / "model.json")
    assert loaded.certificates[3].kind == "stationary"
    from lozenge import fit

    again = fit.revive(loaded, X, y)
    told = again.what_if("x1", without="x0")
    assert told.weight_without != told.weight


def test_the_reason_of_a_kept_and_of_a_dropped_feature():
    X, y = problem(n=500)
    path = lz.path(X, y, penalty="mcp", cv=5)
    kept = path.why("x0")
    assert kept.share <= 1e-6  # the tolerance
    assert "no longer pulled" in str(kept)
    assert "not convex" in str(kept)
    kept = lz.path(X, y, penalty=Log(epsilon=1.0), cv=5).why("x0")
    assert kept.share == pytest.approx(1 / (1 + abs(kept.per_sd)), rel=1e-4)  # ε/(ε + |b|)
    assert "fades with the weight" in str(kept)
    rows = dict(path.reasons()["feature", "enters_at"].rows())
    for name in path.feature_names[:12]:
        reason = path.why(name)
        assert reason.enters_at == (None if np.isnan(rows[name] or np.nan) else rows[name])
    zero = next(path.why(name) for name in path.reasons().filter(state="zero")["feature"])
    assert abs(zero.left) <= zero.price
    assert "not ruled out" in str(zero)


def test_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    X, y = problem(p=6)
    np.savetxt("data.csv", np.column_stack([X, y]), delimiter=",", header="a,b,c,d,e,f,y", comments="")
    assert cli.main(["fit", "data.csv", "--target", "y", "--penalty", "mcp:2.5", "--json", "--quiet"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["penalty"] == "mcp:2.5"
    again = lz.path(X, y, penalty="mcp:2.5", alphas=[found["alpha"]])
    assert again.model.penalty_parameters == {"gamma": 2.5}
    assert found["certificate"]["kind"] == "stationary"
    assert found["max_gap"] is None
    assert cli.main(["fit", "data.csv", "--target", "y", "--penalty", "mcp:0.5", "--quiet"]) == 2
    assert "above 1" in capsys.readouterr().err


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("penalty", [MCP(gamma=1.2), SCAD(gamma=2.2), Log(epsilon=0.05)])
def test_the_curvature_is_that_of_the_objective_on_the_support(penalty, loss):
    X, y = problem(n=60, p=30, loss=loss)
    path = lz.path(X, y, loss=loss, penalty=penalty, n_alphas=15, alpha_min_ratio=0.05)
    Z, sd = standardised(X), X.std(0)
    one = penalty.with_weights(np.ones(1))
    curved = []
    for k, alpha in enumerate(path.alphas):
        b = path.coefs[:, [k]].toarray()[:, 0]
        own = np.flatnonzero(b)
        mean = expit(path.intercepts[k] + X @ b)
        w = mean * (1 - mean) if loss == "logistic" else np.ones(len(y))
        A = np.column_stack([np.ones(len(y)), Z[:, own]])
        H = A.T @ (w[:, None] * A) / len(y)
        H = H[1:, 1:] - np.outer(H[1:, 0], H[0, 1:]) / H[0, 0]
        for i, j in enumerate(own):
            x, h = abs(b[j] * sd[j]), 1e-5
            H[i, i] += (one.slope(np.array([x + h]), alpha) - one.slope(np.array([x - h]), alpha))[0] / (2 * h)
        expected = np.linalg.eigvalsh(H)[0] if len(own) else np.inf
        curved.append(expected > 0)
        assert path.curvature(alpha) == pytest.approx(expected, abs=1e-3)
    last = path.alphas[np.argmin(curved) - 1] if not all(curved) else path.alphas[-1]
    assert path.locally_convex_to() == last
