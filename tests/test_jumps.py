"""Paths under penalties that jump: no weight can gain alone, by brute force; a naive twin; bounds, losses and units."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.linalg import hadamard
from scipy.special import expit

import lozenge as lz
from lozenge.penalties import L0, Lq

PENALTIES = [Lq(0.5), Lq(2 / 3), Lq(0.9), L0(), L0(positive=True), Lq(0.5, upper=0.4)]
named = pytest.mark.parametrize("penalty", PENALTIES, ids=lambda each: f"{each.name}{list(each.parameters().values())}")
GRID = np.concatenate([[0.0], np.geomspace(1e-6, 20, 4_000)])


def data(seed=0, n=80, p=20, loss="squared"):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    X[:, 1:] = 0.6 * X[:, :-1] + 0.8 * X[:, 1:]
    eta = X[:, :5] @ [3.0, -2.0, 1.5, 0.0, 1.0] + rng.standard_normal(n)
    return X, eta if loss == "squared" else (eta > 0).astype(float)


def power(penalty):
    return getattr(penalty, "q", 0.0)


def cost(penalty, b, alpha):
    q = power(penalty)
    return alpha * np.where(b == 0, 0.0, np.abs(b) ** q if q else 1.0)


def reach(penalty):
    more = penalty.parameters()
    return (0.0 if "positive" in more else -np.inf), more.get("upper", np.inf)


@named
@pytest.mark.parametrize("sparse", [False, True])
def test_no_weight_is_better_elsewhere(penalty, sparse):
    X, y = data()
    path = lz.path(sp.csc_array(X) if sparse else X, y, penalty=penalty, n_alphas=12, alpha_min_ratio=1e-3, tol=1e-8)
    assert all(status is lz.Status.CERTIFIED for status in path.status)
    assert {certificate.kind for certificate in path.certificates} == {"stationary"}
    assert np.isinf(path.gaps).all()
    assert not path.coefs[:, [0]].nnz
    sd, (low, high) = X.std(0), reach(penalty)
    Z = (X - X.mean(0)) / sd
    for k, alpha in enumerate(path.alphas):
        b = path.coefs[:, [k]].toarray()[:, 0] * sd
        r = (y - y.mean()) - Z @ b
        for j in range(len(b)):
            assert low * sd[j] <= b[j] <= high * sd[j] + 1e-12
            other = np.concatenate([-GRID, GRID, b[j] * (1 + np.linspace(-1e-3, 1e-3, 21))])
            other = np.append(other, [v for v in (low * sd[j], high * sd[j]) if np.isfinite(v)])
            other = other[(other >= low * sd[j]) & (other <= high * sd[j])]
            pull = Z[:, j] @ r / len(y)
            gain = pull * (other - b[j]) - (other - b[j]) ** 2 / 2 - cost(penalty, other, alpha)
            assert gain.max() <= -cost(penalty, b[j], alpha) + 1e-9


@pytest.mark.parametrize("penalty", PENALTIES[:5])
def test_orthogonal_columns_are_thresholded(penalty):
    X = hadamard(16).astype(float)[:, 1:9]
    z = np.array([3.0, -2.0, 1.2, 0.8, -0.5, 0.3, 0.1, 0.0])
    y = X @ z + 5
    for alpha in (0.02, 0.2, 0.7):
        found = lz.path(X, y, penalty=penalty, alphas=[alpha], tol=1e-10).coefs.toarray()[:, 0]
        expected = penalty.with_weights(np.ones(8)).prox(
            np.maximum(z, 0) if "positive" in penalty.parameters() else z, 1.0, alpha
        )
        np.testing.assert_allclose(found, expected, atol=1e-7)


def descent(Z, y, penalty, alpha, b, sweeps=2_000):
    """The naive twin: cyclic descent by the prox of one coordinate."""
    one, n = penalty.with_weights(np.ones(1)), len(y)
    r = y - y.mean() - Z @ b
    for _ in range(sweeps):
        before = b.copy()
        for j in range(len(b)):
            new = one.prox(np.array([b[j] + Z[:, j] @ r / n]), 1.0, alpha)[0]
            r += Z[:, j] * (b[j] - new)
            b[j] = new
        if abs(b - before).max() <= 1e-12:
            break
    return b


@pytest.mark.slow
@pytest.mark.parametrize("penalty", [Lq(0.5), Lq(0.8), L0()])
def test_objectives_beside_a_naive_twin(penalty):
    better, count = 0, 0
    for seed in range(6):
        X, y = data(seed)
        path = lz.path(X, y, penalty=penalty, n_alphas=15, alpha_min_ratio=3e-3, tol=1e-9)
        Z, b = (X - X.mean(0)) / X.std(0), np.zeros(X.shape[1])
        for k, alpha in enumerate(path.alphas):
            b = descent(Z, y, penalty, alpha, b)
            ours = path.coefs[:, [k]].toarray()[:, 0] * X.std(0)
            worth = [np.mean((y - y.mean() - Z @ x) ** 2) / 2 + cost(penalty, x, alpha).sum() for x in (ours, b)]
            better += worth[0] <= worth[1] * (1 + 1e-9)
            count += 1
    assert better >= 0.9 * count


@pytest.mark.parametrize("penalty", [Lq(0.5), Lq(0.8), L0(), L0(positive=True)])
def test_logistic_paths_are_level_on_their_support(penalty):
    X, y = data(loss="logistic", n=150)
    path = lz.path(X, y, loss="logistic", penalty=penalty, n_alphas=15, alpha_min_ratio=1e-2)
    assert all(status is lz.Status.CERTIFIED for status in path.status)
    sd = X.std(0)
    Z = (X - X.mean(0)) / sd
    for k, alpha in enumerate(path.alphas):
        b = path.coefs[:, [k]].toarray()[:, 0]
        pull = Z.T @ (y - expit(path.intercepts[k] + X @ b)) / len(y)
        kept = b != 0
        # A quadratic that bends by ¼ lies above the loss: under it, too, zero is the best place.
        placed = penalty.named(path.feature_names).on(np.arange(len(b)), np.ones(len(b)), np.ones(len(b)))
        low, high = placed.zero_interval(alpha, np.full(len(b), 0.25))
        room = 1e-6 * high.min()
        slope = alpha * power(penalty) * np.abs(b[kept] * sd[kept]) ** (power(penalty) - 1) * np.sign(b[kept])
        np.testing.assert_allclose(pull[kept], slope, atol=room)
        assert np.all((pull[~kept] >= low[~kept] - room) & (pull[~kept] <= high[~kept] + room))


@pytest.mark.parametrize(("penalty", "power"), [(L0(), 0.0), (Lq(0.5), 0.5)])
def test_the_unit_of_y_is_taken_up_by_alpha(penalty, power):
    X, y = data()
    one = lz.path(X, y, penalty=penalty, n_alphas=10, alpha_min_ratio=1e-2, tol=1e-9)
    for unit in (1e3, 1e-5):
        other = lz.path(X, unit * y, penalty=penalty, alphas=one.alphas * unit ** (2 - power), tol=1e-9)
        np.testing.assert_allclose(other.coefs.toarray() / unit, one.coefs.toarray(), rtol=1e-6, atol=1e-7)
        full = lz.path(X, unit * y, penalty=penalty, n_alphas=10, alpha_min_ratio=1e-2)
        np.testing.assert_allclose(full.alphas, one.alphas * unit ** (2 - power), rtol=1e-9)


def test_folds_files_and_questions(tmp_path):
    X, y = data()
    path = lz.path(X, y, penalty=Lq(0.5), cv=5, n_alphas=20, alpha_min_ratio=1e-2)
    assert path.cv is not None
    assert str(path.why("x0"))
    assert str(path.why("x7"))
    path.save(tmp_path / "model.json")
    again = lz.load(tmp_path / "model.json")
    np.testing.assert_array_equal(again.coefs.toarray(), path.coefs.toarray())
    assert path.at(float(np.sqrt(path.alphas[3] * path.alphas[4]))).certificate.value <= 1e-6


def test_powers_of_one_and_more_are_other_penalties():
    X, y = data()
    with pytest.raises(ValueError, match="needs q below 1; got 1"):
        lz.path(X, y, penalty=Lq(1.0))
    with pytest.raises(ValueError, match="q must be above 0"):
        Lq(0.0)
