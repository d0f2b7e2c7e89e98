"""Descent on the rows: the kernel against a naive twin, and whole fits by it against fits by Grams."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

import lozenge as lz
from lozenge import working
from lozenge.design import as_design
from lozenge.shards import Fleet

LAYOUTS = ["F", "C", "float32", "far", "csc"]


def matrix(layout, n=60, p=12, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * np.geomspace(0.1, 10, p)
    if layout == "far":
        return np.asfortranarray(X + 1e4)
    if layout == "csc":
        X *= rng.random((n, p)) < 0.3
        X[:, 1] = 3.0  # stored whole, and read with a shift
        X[:, 2] = 100.0 + rng.random(n)
        return sp.csc_array(X)
    return np.asarray(X, dtype=np.float32 if layout == "float32" else np.float64, order="C" if layout == "C" else "F")


def twin(Z, v, rho, l1, l2, b0, start, *, constant, sweeps=20_000):
    """Coordinate descent on t = a + Z(b - b0), one coordinate at a time."""
    b, t = start.copy(), Z @ (start - b0)
    for _ in range(sweeps):
        before = b.copy()
        if constant:
            t -= (rho + v * t).sum() / v.sum()
        for j in range(len(b)):
            h = v @ Z[:, j] ** 2
            if h == 0.0:
                continue
            z = h * b[j] - Z[:, j] @ (rho + v * t)
            new = np.sign(z) * max(abs(z) - l1[j], 0.0) / (h + l2[j])
            t += Z[:, j] * (new - b[j])
            b[j] = new
        if np.abs(b - before).max() <= 1e-15 * np.abs(b).max():
            break
    return b, t


def cost(v, rho, l1, l2, b, t):
    return rho @ t + 0.5 * v @ t**2 + l1 @ np.abs(b) + 0.5 * l2 @ b**2


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("ridge", [0.0, 0.3])
@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("guess", [0.0, 1.0], ids=["no idea of the pulls", "pulls known"])
def test_descent_agrees_with_a_naive_twin(layout, even, ridge, constant, guess):
    X = matrix(layout)
    design, _ = as_design(X)
    rng = np.random.default_rng(1)
    n, p = X.shape
    chosen = rng.permutation(p)[:9].astype(np.int64)
    panel = design.pack(chosen[:4])
    panel = design.pack(chosen[4:], panel)
    assert len(panel) == 9
    scale, shift = (part[chosen] for part in design.affine[:2])
    dense = X.toarray() if sp.issparse(X) else np.asarray(X, dtype=np.float64)
    read = dense[:, chosen] * scale - shift
    v = np.full(n, 1 / n) if even else rng.random(n) / n
    rho = rng.standard_normal(n) / n
    centre = np.zeros(9) if constant else 0.1 * rng.standard_normal(9)
    Z = read - centre
    l1 = 0.3 * np.abs(Z.T @ rho) * rng.uniform(0.5, 1.5, 9)
    l1[0] = 0.0  # a free column
    l2 = np.full(9, ridge * (v @ Z**2).mean())
    l2[0] = 0.0
    b0 = np.where(rng.random(9) < 0.5, 0.0, 0.1 * rng.standard_normal(9))
    b, pull, out = b0.copy(), guess * (-(Z.T @ rho)), rho.copy()
    # The loss only scales what a violated price costs.
    left, level = panel.descend(v, out, centre, constant, l1, l2, b, 1.0, 1e-14, pull, True)
    naive, t = twin(Z, v, rho, l1, l2, b0, b0, constant=constant)
    moved = read @ (b - b0) + level
    ours, theirs = cost(v, rho, l1, l2, b, moved), cost(v, rho, l1, l2, naive, t)
    assert ours <= theirs + 1e-12
    assert left <= 1e-12
    np.testing.assert_allclose(b * np.sqrt(v @ Z**2), naive * np.sqrt(v @ Z**2), atol=1e-6)
    np.testing.assert_allclose(out, rho + v * moved, atol=1e-12)
    now = rho + v * moved
    centred = Z - (v @ Z) / v.sum() if constant else Z
    np.testing.assert_allclose(pull, -(centred.T @ now), atol=1e-11)
    if constant:
        assert abs(now.sum()) <= 1e-12


def test_unless_the_whole_is_asked_for_only_columns_near_their_price_are_looked_at():
    rng = np.random.default_rng(5)
    design, _ = as_design(np.asfortranarray(rng.standard_normal((50, 8))))
    panel, v = design.pack(np.arange(8)), np.full(50, 1 / 50)
    Z = design.predict(np.eye(8), np.arange(8))
    rho = rng.standard_normal(50) / 50
    exact = -(Z.T @ rho)
    l1 = np.abs(exact) / np.where(np.arange(8) < 4, 0.5, 2.0)  # four far below their price, four beyond it
    b, pull, none = np.zeros(8), exact.copy(), np.zeros(8)
    panel.descend(v, rho.copy(), none, False, l1, none, b, 1.0, 1e-14, pull, False)
    alone, _ = twin(Z[:, 4:], v, rho, l1[4:], none[4:], none[4:], none[4:], constant=False)
    np.testing.assert_allclose(b, np.r_[np.zeros(4), alone], atol=1e-7)
    np.testing.assert_array_equal(pull[:4], exact[:4])
    pull = np.where(np.arange(8) < 7, 0.0, exact)  # what is pulled is not known
    b = np.zeros(8)
    left, _ = panel.descend(v, rho.copy(), none, False, l1, none, b, 1.0, 1e-14, pull, True)
    everything, _ = twin(Z, v, rho, l1, none, none, none, constant=False)
    np.testing.assert_allclose(b, everything, atol=1e-7)
    assert left <= 1e-14


def test_a_copy_stays_at_zero_and_a_column_without_spread_is_left_alone():
    rng = np.random.default_rng(2)
    x = rng.standard_normal(40)
    X = np.asfortranarray(np.column_stack([x, x, np.zeros(40)]))
    design, _ = as_design(X)
    panel = design.pack(np.arange(3))
    b, pull = np.zeros(3), np.zeros(3)
    rho = -(x + 0.1 * rng.standard_normal(40)) / 40
    panel.descend(np.full(40, 1 / 40), rho, np.zeros(3), False, np.full(3, 0.1), np.zeros(3), b, 1.0, 1e-13, pull, True)
    assert b[0] > 0
    assert b[1] == b[2] == 0.0


@pytest.fixture
def by_rows(monkeypatch):
    """Descent on the rows, whatever it is predicted to cost."""
    monkeypatch.setattr(working, "_rowwise", lambda *_: True)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("penalty", ["l1", lz.penalties.ElasticNet(l1_ratio=0.5)])
@pytest.mark.parametrize("layout", ["F", "C", "csc"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.usefixtures("by_rows")
def test_fits_by_rows_agree_with_fits_by_grams(monkeypatch, loss, penalty, layout, fit_intercept):
    X = matrix(layout, n=80, p=120, seed=3)
    rng = np.random.default_rng(4)
    eta = np.asarray(X @ (rng.standard_normal(120) * (np.arange(120) % 9 == 0))).ravel()
    y = eta + 0.5 * eta.std() * rng.standard_normal(80)
    y = (y > np.median(y)).astype(float) if loss == "logistic" else y
    arguments = {
        "loss": loss,
        "penalty": penalty,
        "fit_intercept": fit_intercept,
        "n_alphas": 20,
        "alpha_min_ratio": 0.05,
        "sample_weight": rng.integers(1, 3, 80),
        "penalty_weights": {"x5": 0.0, "x7": 2.0, "x9": np.inf},
        "tol": 1e-9,
    }
    found = lz.path(X, y, **arguments)
    assert found.gaps.max() <= 1e-9
    monkeypatch.undo()
    other = lz.path(X, y, **arguments)
    np.testing.assert_allclose(found.alphas, other.alphas, rtol=1e-12)
    sd = found.model.penalised_unit[:, None]
    size = np.abs(other.coefs.toarray() * sd).max()
    np.testing.assert_allclose(found.coefs.toarray() * sd, other.coefs.toarray() * sd, atol=2e-4 * size)
    # At a gap of 1e-9 weights are sure to about √gap, and so is the loss without the penalty.
    np.testing.assert_allclose(found.deviance_ratio, other.deviance_ratio, atol=1e-5)
    assert not found.coefs[[9]].nnz


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.usefixtures("by_rows")
def test_folds_by_rows_agree_with_folds_by_grams(monkeypatch, loss):
    X = matrix("csc", n=90, p=150, seed=5)
    rng = np.random.default_rng(6)
    y = np.asarray(X[:, [3, 30, 90]].sum(axis=1)).ravel() + rng.standard_normal(90)
    y = (y > 0).astype(float) if loss == "logistic" else y
    found = lz.path(X, y, loss=loss, cv=3, n_alphas=12, alpha_min_ratio=0.1, tol=1e-9)
    monkeypatch.undo()
    other = lz.path(X, y, loss=loss, cv=3, n_alphas=12, alpha_min_ratio=0.1, tol=1e-9)
    np.testing.assert_allclose(found.cv.folds, other.cv.folds, rtol=1e-5)


def test_a_large_sparse_support_is_solved_on_its_rows():
    """Thousands of kept columns: by a Gram of theirs this would take minutes."""
    rng = np.random.default_rng(7)
    n, p = 4_000, 15_000
    X = sp.csc_array(sp.random_array((n, p), density=8 / n, rng=rng, format="csc"))
    y = X @ (rng.standard_normal(p) * (rng.random(p) < 0.02)) + 0.5 * rng.standard_normal(n)
    found = lz.path(X, y, n_alphas=20, alpha_min_ratio=0.05, tol=1e-7)
    assert found.df[-1] > 2_000
    assert found.gaps.max() <= 1e-7


@pytest.mark.usefixtures("by_rows")
def test_rows_that_are_not_in_one_place_keep_their_gram(monkeypatch):
    """Descent on the rows is wished for and cannot be had: what is known of the Hessian stays, through many growths."""
    monkeypatch.setattr(Fleet, "hold", lambda _: None)
    X = matrix("F", n=80, p=120, seed=8)
    y = X[:, ::20].sum(axis=1) + np.random.default_rng(9).standard_normal(80)
    for loss, target in (("squared", y), ("logistic", (y > 0).astype(float))):
        found = lz.path(X, target, loss=loss, n_alphas=20, alpha_min_ratio=0.05, tol=1e-9)
        assert found.df[-1] > 10
        assert found.gaps.max() <= 1e-9
