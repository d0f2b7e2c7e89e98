"""Penalties of the user's own, the laws they are looked at by, and compiled ones."""

from __future__ import annotations

import ctypes
import runpy
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

import lozenge as lz
from lozenge.penalties import PENALTIES, SHAPES
from lozenge.penalties.own import Own
from lozenge.testing import BrokenLaw, check_penalty


class Lasso:
    convex = True

    def value(self, B, alpha):
        return alpha * np.abs(B).sum()

    def prox(self, Z, step, alpha):
        return np.sign(Z) * np.maximum(np.abs(Z) - step * alpha, 0.0)


class Gapped(Lasso):
    def conjugate(self, Z, alpha):
        return 0.0 if np.max(np.abs(Z)) <= alpha else np.inf


class Bent(Lasso):
    separable = True

    def slope(self, B, alpha):
        return np.where(B < 0, -alpha, alpha)


class Weighted(Lasso):
    separable = True

    def __init__(self, v=1.0):
        self.v = v

    def with_weights(self, v):
        return Weighted(v)

    def value(self, B, alpha):
        return alpha * np.sum(self.v * np.abs(B))

    def prox(self, Z, step, alpha):
        return np.sign(Z) * np.maximum(np.abs(Z) - step * alpha * self.v, 0.0)


class Kernelled(Weighted):
    def with_weights(self, v):
        return Kernelled(v)

    def kernel(self, alpha):
        return alpha * self.v, 0.0


class Largest:
    """α max |b|."""

    convex = True
    name = "largest"

    def value(self, B, alpha):
        return alpha * np.max(np.abs(B), initial=0.0)

    def prox(self, Z, step, alpha):
        size, radius = np.sort(np.abs(Z))[::-1], step * alpha
        if size.sum() <= radius:
            return np.zeros_like(Z)
        level = ((np.cumsum(size) - radius) / np.arange(1, len(Z) + 1)).max()
        return np.clip(Z, -level, level)


class LargestGapped(Largest):
    def conjugate(self, Z, alpha):
        return 0.0 if np.abs(Z).sum() <= alpha else np.inf

    def alpha_max(self, pull):
        return np.abs(pull).sum()


class Matrix:
    """Nuclear norm of the weights as a 3 x 2 matrix."""

    convex, columns = True, 6

    def value(self, B, alpha):
        return alpha * np.linalg.svd(B.reshape(3, 2), compute_uv=False).sum()

    def prox(self, Z, step, alpha):
        U, s, V = np.linalg.svd(Z.reshape(3, 2), full_matrices=False)
        return ((U * np.maximum(s - step * alpha, 0.0)) @ V).ravel()


class Minimax:
    """MCP with γ = 3."""

    separable = True

    def value(self, B, alpha):
        size = np.abs(B)
        return np.sum(np.where(size <= 3 * alpha, alpha * size - size**2 / 6, 1.5 * alpha**2))

    def prox(self, Z, step, alpha):
        size = np.abs(Z)
        if step >= 3:
            return np.where(size > np.sqrt(3 * step) * alpha, Z, 0.0)
        inner = np.maximum(size - step * alpha, 0.0) / (1 - step / 3)
        return np.sign(Z) * np.where(size <= 3 * alpha, inner, size)


class Ridge:
    convex = True

    def value(self, B, alpha):
        return 0.5 * alpha * (B @ B)

    def prox(self, Z, step, alpha):
        return Z / (1 + step * alpha)


class Boxed(Lasso):
    """The lasso of weights in [0, 0.3]."""

    separable = True

    def value(self, B, alpha):
        return alpha * B.sum() if ((B >= 0) & (B <= 0.3)).all() else np.inf

    def prox(self, Z, step, alpha):
        return np.clip(Z - step * alpha, 0, 0.3)


GOOD = [Lasso, Gapped, Bent, Weighted, Kernelled, Largest, LargestGapped, Matrix, Minimax, Ridge, Boxed]


def table(seed=0, n=120, p=12):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) @ (np.eye(p) + 0.2 * rng.standard_normal((p, p)))
    y = X @ np.where(rng.random(p) < 0.5, rng.standard_normal(p), 0.0) + 0.5 * rng.standard_normal(n)
    return X * rng.choice([0.2, 1.0, 5.0], p), 40 * y + 7


def spread(X, w=None):
    mean = np.average(X, axis=0, weights=w)
    return np.sqrt(np.average((X - mean) ** 2, axis=0, weights=w))


def targets(y):
    return {"squared": y, "logistic": (y > np.median(y)).astype(int)}


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("made", [Lasso, Gapped, Bent, Weighted, Kernelled])
def test_an_own_lasso_is_the_lasso(made, loss):
    X, y = table()
    y = targets(y)[loss]
    ours = lz.path(X, y, loss=loss, n_alphas=8, alpha_min_ratio=0.01, tol=1e-11)
    own = lz.path(X, y, loss=loss, penalty=made(), n_alphas=8, alpha_min_ratio=0.01, tol=1e-8)
    np.testing.assert_allclose(own.alphas, ours.alphas, rtol=1e-12)
    scale = spread(X)[:, None]
    size = np.abs(ours.coefs.toarray() * scale).max()
    room = 1e-6 if made is not Gapped else 1e-4  # a gap of 1e-8 says so much of the weights
    assert np.abs((own.coefs - ours.coefs).toarray() * scale).max() <= room * size
    assert set(own.status) == {lz.Status.CERTIFIED}
    kind = "gap" if made in {Gapped, Kernelled} else "stationary"
    assert {c.kind for c in own.certificates} == {kind}
    assert not own.coefs[:, [0]].nnz


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("made", [Largest, LargestGapped])
def test_one_that_is_no_sum_against_cvxpy(made, loss, standardize, sparse):
    X, y = table(1, n=80, p=8)
    w = np.random.default_rng(2).integers(1, 4, len(y))
    y = targets(y / 40)[loss]
    found = lz.path(
        sp.csc_array(X) if sparse else X,
        y,
        loss=loss,
        penalty=made(),
        n_alphas=4,
        alpha_min_ratio=0.05,
        sample_weight=w,
        standardize=standardize,
        tol=1e-8,
    )
    assert set(found.status) == {lz.Status.CERTIFIED}
    alpha, scale = found.alphas[2], spread(X, w) if standardize else np.ones(8)
    b, level = cp.Variable(8), cp.Variable()
    eta = (X / scale) @ b + level
    each = cp.square(y - eta) / 2 if loss == "squared" else cp.logistic(eta) - cp.multiply(y, eta)
    objective = cp.sum(cp.multiply(w / w.sum(), each)) + alpha * cp.norm_inf(b)
    problem = cp.Problem(cp.Minimize(objective))
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11)
    ours, intercept = found.coefs[:, [2]].toarray()[:, 0], found.intercepts[2]
    value = problem.value
    b.value, level.value = ours * scale, intercept
    assert objective.value <= value + 1e-8 * max(1.0, abs(value))


def test_a_matrix_norm_against_cvxpy():
    X, y = table(3, p=6)
    found = lz.path(X, y, penalty=Matrix(), n_alphas=4, alpha_min_ratio=0.1, tol=1e-9)
    b, level = cp.Variable((3, 2)), cp.Variable()
    eta = (X / spread(X)) @ cp.vec(b, order="C") + level
    objective = cp.sum_squares(y - eta) / (2 * len(y)) + found.alphas[2] * cp.normNuc(b)
    problem = cp.Problem(cp.Minimize(objective))
    problem.solve(solver=cp.CLARABEL)
    value = problem.value
    ours = found.coefs[:, [2]].toarray()[:, 0] * spread(X)
    b.value, level.value = ours.reshape(3, 2), found.intercepts[2]
    assert objective.value <= value * (1 + 1e-8)
    first = found.coefs[:, [1]].toarray()[:, 0] * spread(X)
    assert np.linalg.matrix_rank(first.reshape(3, 2), tol=1e-6) == 1


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_one_that_is_not_convex_is_stationary(loss):
    X, y = table(4)
    y = targets(y + 100 * np.random.default_rng(5).standard_normal(len(y)))[loss]
    found = lz.path(X, y, loss=loss, penalty=Minimax(), n_alphas=12, alpha_min_ratio=0.02)
    assert set(found.status) == {lz.Status.CERTIFIED}
    assert {c.kind for c in found.certificates} == {"stationary"}
    assert not found.unique.any()
    scale = spread(X)
    Z = (X - X.mean(axis=0)) / scale
    for alpha, b0, column in zip(found.alphas, found.intercepts, found.coefs.toarray().T, strict=True):
        b = column * scale
        eta = X @ column + b0
        pull = Z.T @ (y - (eta if loss == "squared" else 1 / (1 + np.exp(-eta)))) / len(y)
        size = np.abs(b)
        held = np.where(
            b != 0, np.abs(pull - np.sign(b) * np.maximum(alpha - size / 3, 0)), np.maximum(abs(pull) - alpha, 0)
        )
        assert held.max() <= 3e-6 * alpha


def test_bounds_by_an_infinite_value():
    X, y = table(5)
    y = y / 100
    ours = lz.path(X, y, penalty=lz.penalties.L1(lower=0.0, upper=0.3), standardize=False, n_alphas=6, tol=1e-10)
    own = lz.path(X, y, penalty=Boxed(), standardize=False, alphas=ours.alphas, tol=1e-8)
    np.testing.assert_allclose(own.coefs.toarray(), ours.coefs.toarray(), atol=1e-6)


def test_penalty_weights():
    X, y = table(6)
    v = np.array([0, 1, np.inf] + [1] * 9, dtype=float)
    ours = lz.path(X, y, penalty_weights=v, n_alphas=5, tol=1e-11)
    own = lz.path(X, y, penalty=Lasso(), penalty_weights=v, n_alphas=5, tol=1e-8)
    np.testing.assert_allclose(own.coefs.toarray(), ours.coefs.toarray(), atol=1e-6 * np.abs(ours.coefs).max())
    v[1] = 2.5
    with pytest.raises(ValueError, match=r"Lasso has no method with_weights.*got 2\.5"):
        lz.path(X, y, penalty=Lasso(), penalty_weights=v)
    ours = lz.path(X, y, penalty_weights=v, n_alphas=5, tol=1e-11)
    own = lz.path(X, y, penalty=Weighted(), penalty_weights=v, n_alphas=5, tol=1e-8)
    np.testing.assert_allclose(own.coefs.toarray(), ours.coefs.toarray(), atol=1e-6 * np.abs(ours.coefs).max())


def test_a_number_of_columns_is_kept_to():
    X, y = table(7, p=6)
    X[:, 2] = 4.0
    with pytest.raises(ValueError, match=r"Matrix works for 6 columns \(its attribute columns\) and 5 are penalised"):
        lz.path(X, y, penalty=Matrix())


def test_no_penalty_at_alpha_zero():
    X, y = table(7, p=6)
    found = lz.path(X, y, penalty=Matrix(), alphas=[1.0, 0.0])
    fitted = np.linalg.lstsq(np.column_stack([X, np.ones(len(y))]), y)[0]
    np.testing.assert_allclose(found.coefs[:, [1]].toarray()[:, 0], fitted[:-1], rtol=1e-8)


def test_a_smooth_one_needs_alphas():
    X, y = table(8)
    with pytest.raises(ValueError, match=r"under Ridge no alpha makes every weight zero.*give alphas="):
        lz.path(X, y, penalty=Ridge())
    ours = lz.path(X, y, penalty="l2", alphas=[3.0, 0.5], tol=1e-11)
    own = lz.path(X, y, penalty=Ridge(), alphas=[3.0, 0.5], tol=1e-8)
    np.testing.assert_allclose(own.coefs.toarray(), ours.coefs.toarray(), rtol=1e-5)
    assert own.model.alpha_max == 3.0


@given(st.integers(-30, 30), st.sampled_from(GOOD))
def test_in_units(exponent, made):
    """αΩ(ub)/u² = (α/u)Ω'(b), its prox, its violation and its conjugate."""
    u, rng = 2.0**exponent, np.random.default_rng(0)
    plain = Own(made()).with_weights(np.ones(6)).curved(np.ones(6))
    other = plain.in_units(u)
    b, z, alpha = 0.25 * rng.random(6), rng.standard_normal(6), 0.4
    np.testing.assert_allclose(other.value(b / u, alpha / u) * u * u, plain.value(b, alpha), rtol=1e-12)
    np.testing.assert_allclose(other.prox(z / u, 0.7, alpha / u) * u, plain.prox(z, 0.7, alpha), rtol=1e-12)
    np.testing.assert_allclose(
        other.violation(b / u, z / u, alpha / u) * u, plain.violation(b, z, alpha), rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(other.conjugate(0.1 * z / u, alpha / u), plain.conjugate(0.1 * z, alpha) / u / u)
    np.testing.assert_allclose(other.alpha_max(z / u) * u, plain.alpha_max(z), rtol=1e-12)
    if made is not Ridge:  # which holds no weight at zero: what is left is that of a finite difference
        for one, two in zip(other.interval(alpha / u), plain.interval(alpha), strict=True):
            np.testing.assert_allclose(one * u, two, rtol=1e-12)


def test_the_response_may_have_any_unit():
    X, y = table(9)
    one = lz.path(X, y, penalty=Largest(), alphas=[20.0, 5.0])
    other = lz.path(X, 1e-3 * y, penalty=Largest(), alphas=[0.02, 0.005])
    np.testing.assert_allclose(1e3 * other.coefs.toarray(), one.coefs.toarray(), rtol=1e-5)


def test_price_and_alpha_max_by_the_prox():
    own = Own(Lasso()).with_weights(np.ones(4)).curved(np.ones(4))
    pull = np.array([0.3, -0.7, 0.0, 0.1])
    assert own.alpha_max(pull) == pytest.approx(0.7, rel=1e-14)
    np.testing.assert_allclose(own.price(0.2), 0.2, rtol=1e-12)
    np.testing.assert_allclose(Own(Bent()).with_weights(np.ones(3)).price(0.2), 0.2, rtol=1e-12)
    assert Own(Ridge()).with_weights(np.ones(2)).alpha_max(np.ones(2)) == np.inf
    low, high = Own(Boxed()).with_weights(np.ones(2)).interval(0.2)
    assert np.isinf(low).all()
    np.testing.assert_allclose(high, 0.2, rtol=1e-12)


@pytest.mark.parametrize("made", [Lasso, Bent, Gapped, Largest, Minimax])
def test_a_path_can_be_asked_as_any_other(made, tmp_path):
    X, y = table(10)
    found = lz.path(X, y, penalty=made(), n_alphas=6, cv=3)
    assert found.model.penalty == getattr(made, "name", made.__name__)
    assert str(found.why("x3"))
    assert isinstance(found.at(0.7 * found.alphas[2]), lz.Solution)
    assert found.predict(X).shape == y.shape
    page = tmp_path / "page.html"
    found.report(page)
    assert page.stat().st_size > 1000
    with pytest.raises(lz.ModelFileError, match=r"an object of your own.*numpy\.savez"):
        found.save(tmp_path / "model.json")
    assert not (tmp_path / "model.json").exists()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (SimpleNamespace(value=abs), "must be a name or an instance of a penalty"),
        (Lasso, "must be a name or an instance"),
        (SimpleNamespace(value=abs, prox=abs, kernel=abs), "say convex = True"),
        (SimpleNamespace(value=abs, prox=abs, name="l1"), "'l1' is the name of a penalty of lozenge's"),
        (SimpleNamespace(value=abs, prox=3), "is an instance with value"),
    ],
)
def test_what_is_no_penalty_is_refused(wrong, words):
    X, y = table()
    with pytest.raises(TypeError, match=words):
        lz.path(X, y, penalty=wrong)


@pytest.mark.parametrize(
    ("method", "given", "words"),
    [
        ("prox", lambda *_: np.zeros(3), r"prox of Odd must give shape \(12,\), like its input; got \(3,\)"),
        ("prox", lambda Z, *_: Z * np.nan, "prox of Odd must give finite numbers; got nan"),
        ("value", lambda *_: -1.0, "value of Odd must be a number, at least 0; got -1"),
        ("conjugate", lambda *_: np.nan, "conjugate of Odd is nan"),
    ],
)
def test_nonsense_is_told_during_a_fit(method, given, words):
    odd = type("Odd", (Gapped,), {method: staticmethod(given)})()
    with pytest.raises(ValueError, match=words):
        lz.path(*table(), penalty=odd, n_alphas=3)


def test_a_prox_that_is_not_the_values_is_refused():
    # Stationary to its own prox, such an answer would be certified.
    class Twice:
        def value(self, B, alpha):
            return alpha * np.abs(B).sum()

        def prox(self, Z, step, alpha):
            return np.sign(Z) * np.maximum(np.abs(Z) - 2 * step * alpha, 0.0)

    with pytest.raises(ValueError, match=r"prox of Twice is not that of its value: at step 1 and alpha 0\.5"):
        lz.path(*table(), penalty=Twice(), n_alphas=3)


# ------------------------------------------------------------------------------------ the laws
@pytest.mark.parametrize("made", GOOD)
def test_good_ones_keep_the_laws(made):
    looked = check_penalty(made())
    assert {"value", "prox", "units"} <= set(looked)
    assert ("convex" in looked) == getattr(made, "convex", False)
    for law in ("conjugate", "slope", "kernel", "alpha_max"):
        assert (law in looked) == hasattr(made, law)


MORE = {
    "l1": [{"positive": True}, {"lower": -0.5, "upper": [0.3, np.inf, 0.0, 1.0, 1.0]}],
    "elasticnet": [{"l1_ratio": 0.9, "upper": 0.4}],
    "scad": [{"upper": 0.7}],
    "log": [{"lower": -0.2}],
    "group": [{"groups": [0, 0, 1, 2, 2]}],
    "sparse_group": [{"groups": [0, 0, 1, 2, 2]}],
    "group_mcp": [{"groups": [0, 0, 1, 2, 2]}],
    "slope": [{}, {"lambdas": [1.0, 1.0, 0.5, 0.25, 0.0]}],
    "tv": [{}, {"l1_ratio": 0.3}],
}


@pytest.mark.parametrize("name", sorted({**PENALTIES, **SHAPES}))
def test_ours_keep_the_laws(name):
    for more in MORE.get(name, [{}]):
        looked = check_penalty({**SHAPES, **PENALTIES}[name](**more))
        assert {"prox", "slope", "zero_interval"} <= set(looked)


def changed(base, **methods):
    return type(base.__name__, (base,), methods)()


def noisy(_, Z, step, alpha, rng=np.random.default_rng(0)):  # noqa: B008 - the state is the fault
    return Lasso().prox(Z, step, alpha) + 1e-4 * rng.random(len(Z))


def in_place(_, Z, *_more):
    Z *= 0.5
    return Z


OUT = np.zeros(5)


def reused(_, Z, step, alpha):
    OUT[:] = Lasso().prox(Z, step, alpha) if len(Z) == 5 else 0.0
    return OUT


BROKEN = {
    "wrong sign": (
        changed(Lasso, prox=lambda _, Z, step, alpha: -Lasso().prox(Z, step, alpha)),
        "prox",
        "its sign is wrong",
    ),
    "forgets step": (
        changed(Lasso, prox=lambda _, Z, _step, alpha: Lasso().prox(Z, 1.0, alpha)),
        "prox",
        "prox gives the same for every step",
    ),
    "forgets alpha": (
        changed(Lasso, prox=lambda _, Z, step, _alpha: Lasso().prox(Z, step, 1.0)),
        "prox",
        "prox gives the same for every alpha",
    ),
    "step inverted": (
        changed(Lasso, prox=lambda _, Z, step, alpha: Lasso().prox(Z, 1 / step, alpha)),
        "prox",
        "it is right with 1/step in place of step",
    ),
    "factor two": (changed(Ridge, value=lambda _, B, alpha: alpha * (B @ B)), "prox", "right with 2·step in place"),
    "another's prox": (changed(Lasso, prox=Ridge.prox), "prox", "a point costs less than the prox"),
    "negative": (changed(Lasso, value=lambda _, B, alpha: -alpha * np.abs(B).sum()), "value", "value is negative"),
    "constant": (
        changed(Lasso, value=lambda _, B, alpha: 1 + alpha * abs(B).sum()),
        "value",
        r"value\(0\) is 1, not 0",
    ),
    "a vector": (changed(Lasso, value=lambda _, B, alpha: alpha * np.abs(B)), "value", "gives one number"),
    "inverse alpha": (changed(Lasso, value=lambda _, B, alpha: abs(B).sum() / alpha), "alpha", "value falls from"),
    "nan": (changed(Lasso, prox=lambda _, Z, *_more: Z * np.nan), "prox", "prox gives nan"),
    "raises": (changed(Lasso, prox=lambda _, Z, *_more: Z[9]), "prox", "prox raises IndexError"),
    "shape": (changed(Lasso, prox=lambda _, Z, *_more: Z[:1]), "prox", r"shape \(1,\) where \(5,\) is due"),
    "in place": (changed(Lasso, prox=in_place), "inputs", "prox changes its input"),
    "one buffer": (changed(Lasso, prox=reused), "inputs", "prox writes its next answer over its last"),
    "chance": (changed(Lasso, prox=noisy), "inputs", "two answers for one input"),
    "five only": (
        changed(Lasso, value=lambda _, B, alpha: alpha * np.abs(B) @ np.ones(5)),
        "length",
        "If only 5 will do, say columns = 5",
    ),
    "absolute tolerance": (
        changed(Lasso, prox=lambda _, Z, step, alpha: np.round(Lasso().prox(Z, step, alpha), 9)),
        "units",
        "a point costs less",
    ),
    "not convex": (changed(Minimax, convex=True), "convex", "the midpoint costs"),
    "not separable": (changed(Largest, separable=True), "separable", "its coordinates alone add up to"),
    "slope without sign": (changed(Bent, slope=lambda _, B, alpha: alpha + 0 * B), "slope", "where the value rises by"),
    "violation of +grad": (
        changed(Ridge, violation=lambda _, B, grad, alpha: np.abs(alpha * B - grad)),
        "violation",
        "where it must be 0",
    ),
    "violation too small": (
        changed(Ridge, violation=lambda _, B, grad, alpha: 1e-3 * np.abs(alpha * B + grad)),
        "violation",
        "would certify what is not stationary",
    ),
    "interval too wide": (
        changed(Bent, zero_interval=lambda _, alpha, h: (-2 * alpha + 0 * h, 2 * alpha + 0 * h)),
        "zero_interval",
        "just inside its lower end",
    ),
    "interval too narrow": (
        changed(Bent, zero_interval=lambda _, alpha, h: (-alpha + 0 * h, 0.5 * alpha + 0 * h)),
        "zero_interval",
        "just outside its upper end",
    ),
    "alpha_max too small": (changed(Lasso, alpha_max=lambda _, pull: 0.9 * abs(pull).max()), "alpha_max", "too small"),
    "alpha_max too large": (changed(Lasso, alpha_max=lambda _, pull: 1.1 * abs(pull).max()), "alpha_max", "too large"),
    "conjugate too small": (changed(Lasso, conjugate=lambda *_: 0.0), "conjugate", "it is too small"),
    "conjugate too large": (
        changed(Ridge, conjugate=lambda _, Z, alpha: (Z @ Z) / alpha),
        "conjugate",
        "it is too large",
    ),
    "kernel": (
        changed(Kernelled, with_weights=lambda self, _v: self, kernel=lambda _, alpha: (2 * alpha, 0)),
        "kernel",
        "it says",
    ),
    "weights": (
        changed(Weighted, with_weights=lambda _, v: SimpleNamespace(value=Weighted(v).value, prox=Lasso().prox)),
        "weights",
        "a point costs less than the prox",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_one_is_caught(name):
    penalty, law, words = BROKEN[name]
    with pytest.raises(BrokenLaw, match=words) as caught:
        check_penalty(penalty)
    assert caught.value.law == law
    assert isinstance(caught.value, AssertionError)
    assert f"{getattr(penalty, 'name', type(penalty).__name__)} breaks the law of" in str(caught.value)
    assert "Look at" in str(caught.value)


# ------------------------------------------------------------------------------------ compiled
SOURCE = """
#include <math.h>
#include <stddef.h>
double value(const double *b, double alpha, size_t k) {
    double total = 0;
    for (size_t j = 0; j < k; ++j) total += fabs(b[j]);
    return alpha * total;
}
void prox(const double *z, double step, double alpha, double *out, size_t k) {
    for (size_t j = 0; j < k; ++j) out[j] = copysign(fmax(fabs(z[j]) - step * alpha, 0), z[j]);
}
void slope(const double *b, double alpha, double *out, size_t k) {
    for (size_t j = 0; j < k; ++j) out[j] = copysign(alpha, b[j]);
}
double conjugate(const double *z, double alpha, size_t k) {
    for (size_t j = 0; j < k; ++j) if (fabs(z[j]) > alpha) return INFINITY;
    return 0;
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    folder = tmp_path_factory.mktemp("compiled")
    (folder / "mine.c").write_text(SOURCE)
    subprocess.run(
        [compiler, "-O2", "-shared", "-fPIC", "-o", folder / "mine.so", folder / "mine.c", "-lm"], check=True
    )
    return ctypes.CDLL(str(folder / "mine.so"))


def test_a_compiled_penalty(library):
    X, y = table(11)
    mine = lz.penalties.compiled(
        value=library.value, prox=library.prox, slope=library.slope, name="mine", convex=True, separable=True
    )
    assert {"prox", "slope", "separable", "convex"} <= set(check_penalty(mine))
    ours = lz.path(X, y, n_alphas=6, tol=1e-11)
    own = lz.path(X, y, penalty=mine, n_alphas=6, tol=1e-8)
    np.testing.assert_allclose(own.coefs.toarray(), ours.coefs.toarray(), atol=1e-6 * np.abs(ours.coefs).max())
    assert own.model.penalty == "mine"


def test_a_compiled_conjugate_gives_a_gap(library):
    X, y = table(11)
    address, other = (ctypes.cast(each, ctypes.c_void_p).value for each in (library.prox, library.conjugate))
    mine = lz.penalties.compiled(
        value=Lasso().value,
        prox=address,
        conjugate=SimpleNamespace(address=other),
        convex=True,
        alpha_max=lambda pull: np.max(np.abs(pull)),
    )
    assert "conjugate" in check_penalty(mine)
    found = lz.path(X, y, penalty=mine, n_alphas=4)
    assert {c.kind for c in found.certificates} == {"gap"}


def test_a_low_level_callable(library):
    from scipy import LowLevelCallable

    library.prox.restype = None
    library.prox.argtypes = [
        ctypes.POINTER(ctypes.c_double),
        *[ctypes.c_double] * 2,
        ctypes.POINTER(ctypes.c_double),
        ctypes.c_size_t,
    ]
    mine = lz.penalties.compiled(value=Lasso().value, prox=LowLevelCallable(library.prox))
    np.testing.assert_array_equal(mine.prox(np.array([2.0, -0.5]), 1.0, 1.0), [1.0, 0.0])


@pytest.mark.parametrize(("given", "error"), [(0, ValueError), ("prox", TypeError)])
def test_what_is_no_function_is_refused(given, error):
    with pytest.raises(error, match="prox"):
        lz.penalties.compiled(value=Lasso().value, prox=given)


def test_the_example_runs(capsys):
    example = Path(__file__).parents[1] / "examples" / "own_penalty.py"
    if not example.exists():
        pytest.skip("the examples are not beside the tests")
    runpy.run_path(str(example), run_name="__main__")
    assert "10 kept, Certificate(kind='gap'" in capsys.readouterr().out
