"""Groups: given in every way, whole in every answer; group MCP by literal conditions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

import lozenge as lz
from lozenge.penalties import MCP, Group, GroupMCP, SparseGroup

NAMES = ["age", "red", "green", "blue", "north", "south"]
LABELS = [0, 1, 1, 1, 2, 2]


def data(loss="squared", n=120, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 6)) * [1, 2, 2, 2, 0.5, 0.5] + 1
    eta = (X - 1) @ [1.0, 0.5, -0.4, 0.2, 0.0, 0.0] + rng.standard_normal(n)
    return X, eta if loss == "squared" else (eta > 0).astype(float)


def norms(b):
    return np.array([np.linalg.norm(b[np.array(LABELS) == g]) for g in range(3)])


@pytest.mark.parametrize(
    "groups",
    [
        LABELS,
        np.array(LABELS),
        ["a", "c", "c", "c", "r", "r"],
        {"colour": ["red", "green", "blue"], "region": ["north", "south"]},
        [["red", "blue", "green"], ("south", "north")],
    ],
)
def test_every_way_to_give_them_is_the_same(groups):
    X, y = data()
    one = lz.path(X, y, penalty=Group(groups=LABELS), feature_names=NAMES, n_alphas=8)
    other = lz.path(X, y, penalty=Group(groups=groups), feature_names=NAMES, n_alphas=8)
    np.testing.assert_array_equal(one.coefs.toarray(), other.coefs.toarray())


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_a_group_is_zero_where_its_norm_is_below_its_price_and_level_elsewhere(loss):
    X, y = data(loss)
    sd = X.std(0)
    path = lz.path(X, y, loss=loss, penalty=Group(groups=LABELS), n_alphas=15, alpha_min_ratio=1e-2, tol=1e-11)
    for k, alpha in enumerate(path.alphas):
        b = path.coefs[:, [k]].toarray()[:, 0]
        eta = path.intercepts[k] + X @ b
        pull = ((X - X.mean(0)) / sd).T @ (y - (eta if loss == "squared" else expit(eta))) / len(y)
        price = alpha * np.sqrt([1, 3, 2])
        zero = norms(b) == 0
        assert np.all(norms(pull)[zero] <= price[zero] * (1 + 1e-6))
        for g in np.flatnonzero(~zero):
            own = np.array(LABELS) == g
            level = price[g] * (b * sd)[own] / np.linalg.norm((b * sd)[own])
            np.testing.assert_allclose(pull[own], level, atol=2e-5 * price[g])
            assert np.all(b[own] != 0)


def test_weights_by_the_name_of_a_group_or_its_columns():
    X, y = data()
    colours = {"colour": ["red", "green", "blue"], "region": ["north", "south"]}
    penalty = Group(groups=colours)
    usual = lz.path(X, y, penalty=penalty, feature_names=NAMES, n_alphas=5)
    np.testing.assert_allclose(usual.model.penalty_weights, np.sqrt([1, 3, 3, 3, 2, 2]))
    free = lz.path(X, y, penalty=penalty, feature_names=NAMES, n_alphas=5, penalty_weights={"colour": 0})
    assert np.all(free.coefs.toarray()[1:4] != 0)
    gone = lz.path(X, y, penalty=penalty, feature_names=NAMES, n_alphas=5, penalty_weights={"colour": np.inf, "age": 2})
    assert not gone.coefs.toarray()[1:4].any()
    assert gone.model.penalty_weights[0] == 2
    with pytest.raises(ValueError, match="columns of one group need one penalty weight"):
        lz.path(X, y, penalty=penalty, feature_names=NAMES, penalty_weights={"red": 5})
    with pytest.raises(ValueError, match="names no feature 'color'; did you mean 'colour'"):
        lz.path(X, y, penalty=penalty, feature_names=NAMES, penalty_weights={"color": 5})


def test_sparse_groups_end_in_the_lasso_and_the_group_lasso():
    X, y = data()
    options = {"alphas": [0.3, 0.1, 0.03], "tol": 1e-12}
    for ratio, other, weights in ((1.0, "l1", None), (0.0, Group(groups=LABELS), np.sqrt([1, 3, 3, 3, 2, 2]))):
        ours = lz.path(X, y, penalty=SparseGroup(groups=LABELS, l1_ratio=ratio), **options)
        theirs = lz.path(X, y, penalty=other, penalty_weights=weights, **options)
        np.testing.assert_allclose(ours.coefs.toarray(), theirs.coefs.toarray(), atol=1e-7)
    red = X[:, 1] + 0.1 * y
    within = lz.path(X, red, penalty=SparseGroup(groups=LABELS, l1_ratio=0.9)).coefs.toarray()[1:4]
    assert set(np.count_nonzero(within, axis=0)) >= {0, 1, 3}


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("gamma", [3.0, 8.0])
def test_group_mcp_is_stationary(loss, gamma):
    X, y = data(loss, seed=3)
    sd = X.std(0)
    path = lz.path(X, y, loss=loss, penalty=GroupMCP(groups=LABELS, gamma=gamma), n_alphas=20, alpha_min_ratio=0.02)
    assert all(status is lz.Status.CERTIFIED for status in path.status)
    assert not path.coefs[:, [0]].nnz
    for k, alpha in enumerate(path.alphas):
        b = path.coefs[:, [k]].toarray()[:, 0]
        eta = path.intercepts[k] + X @ b
        pull = ((X - X.mean(0)) / sd).T @ (y - (eta if loss == "squared" else expit(eta))) / len(y)
        lam, size = alpha * np.sqrt([1, 3, 2]), norms(b * sd)
        for g in range(3):
            own = np.array(LABELS) == g
            if size[g] == 0:
                assert norms(pull)[g] <= lam[g] * (1 + 2e-6)
            else:
                slope = max(lam[g] - size[g] / gamma, 0.0)
                np.testing.assert_allclose(pull[own], slope * (b * sd)[own] / size[g], atol=2e-6 * alpha)


def test_groups_of_one_column_are_mcp():
    X, y = data()
    one = lz.path(X, y, penalty=GroupMCP(groups=range(6)), n_alphas=20)
    other = lz.path(X, y, penalty=MCP(), n_alphas=20)
    np.testing.assert_allclose(one.coefs.toarray(), other.coefs.toarray(), atol=1e-6)


def test_without_groups_every_column_is_one():
    X, y = data()
    one, other = lz.path(X, y, penalty=Group(), n_alphas=20), lz.path(X, y, n_alphas=20)
    np.testing.assert_allclose(one.coefs.toarray(), other.coefs.toarray(), atol=1e-5)


@pytest.mark.parametrize(
    ("groups", "error", "words"),
    [
        ([0, 1, 1], ValueError, "3 labels but X has 6 columns"),
        ("colour", TypeError, "one label per column"),
        ({"colour": ["red", "pink"]}, ValueError, "names no feature: 'pink'"),
        ({"colour": ["red"], "warm": ["red"]}, ValueError, "groups must not overlap"),
        ({"colour": []}, ValueError, "at least one column"),
        ({"colour": "red"}, ValueError, "must be a list"),
    ],
)
def test_bad_groups_are_refused(groups, error, words):
    X, y = data()
    with pytest.raises(error, match=words):
        lz.path(X, y, penalty=Group(groups=groups), feature_names=NAMES)


def test_bad_parameters_are_refused():
    with pytest.raises(ValueError, match="l1_ratio must lie between 0"):
        SparseGroup(groups=LABELS, l1_ratio=1.1)
    with pytest.raises(ValueError, match="gamma must be above 1"):
        GroupMCP(groups=LABELS, gamma=1.0)
