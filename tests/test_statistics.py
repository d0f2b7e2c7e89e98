"""Rows summed up answer as the rows do, and the path that is fitted on them is the path of the rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp

import lozenge as lz
import oracle
from lozenge import statistics
from lozenge.design import as_design
from lozenge.losses import LOSSES
from lozenge.results import Split
from lozenge.shards import TEST, TRAIN, Curve, Dual, Fleet, Shard, Want

N, P = 60, 5
KINDS = ["F", "C", "float32", "csc", "far"]


def fleet(kind="F", *, shards=1, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N, P)) * [1.0, 10.0, 0.1, 1.0, 3.0]
    if kind == "csc":
        X[rng.random((N, P)) < 0.6] = 0.0
    X = X + 1e4 if kind == "far" else X
    laid = {"C": np.ascontiguousarray, "float32": np.float32, "csc": sp.csc_array}.get(kind, np.asfortranarray)(X)
    y, w, offset = rng.standard_normal(N) + 7, rng.random(N) * (rng.random(N) < 0.9), rng.standard_normal(N)
    folds = np.full((N, 3), TRAIN, dtype=np.uint8)
    folds[np.arange(N), np.arange(N) % 3] = TEST
    whole, _ = as_design(laid)
    parts = []
    for rows in np.array_split(np.arange(N), shards):
        design, _ = as_design(laid.tocsr()[rows].tocsc() if kind == "csc" else laid[rows])
        design.affine = whole.affine
        parts.append(Shard(design, LOSSES["squared"](), y[rows], w[rows], offset[rows], folds[rows]))
    return Fleet(tuple(parts))


SPLITS = [None, Split(0, "train"), Split(2, "train"), Split(1, "test")]


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_summed_rows_answer_as_the_rows_do(kind, shards):
    rng = np.random.default_rng(1)
    rows = fleet(kind, shards=shards)
    summed = statistics.summed(rows, SPLITS, 7.0)
    cols, u = np.array([3, 0, P]), np.array([P, 1])
    coef = rng.standard_normal((3, 2))
    whole = np.arange(P + 1)
    asked = Want(loss=True, gradient="all", gram=(whole, cols), plain_gram=(u, whole))
    dual = Want(dual=Dual(np.array([1.0, 0.7]), u, 0.1 * rng.standard_normal((2, 2))))
    curve = Want(curve=Curve(cols, rng.standard_normal((3, 2)), whole))
    for sums, split in zip(summed, SPLITS, strict=True):
        for want in (asked, dual, curve, Want(gradient=u)):
            found, expected = sums.evaluate(coef, cols, want), rows.evaluate(coef, cols, want, [split] * 2)
            for name in ("weight", "loss", "gradient", "slope", "gram", "plain_gram", "curve", "bend", "fenchel"):
                value = getattr(expected, name)
                if value.size:
                    got, size = getattr(found, name), max(np.max(abs(value)), 1e-3)
                    np.testing.assert_allclose(got, value, rtol=1e-10, atol=1e-10 * size, err_msg=name)
        if want.gradient is not None:  # ‖r‖² is bounded, for rounding, and not computed
            assert (found.residual >= expected.residual * (1 - 1e-9)).all()


def test_what_a_fold_holds_out_is_a_difference():
    rows = fleet()
    every, train, test = statistics.summed(rows, [None, Split(1, "train"), Split(1, "test")], 7.0)
    np.testing.assert_allclose(every.without(train).products, test.products, atol=1e-10 * np.max(abs(every.products)))


def test_one_pass_sums_up_all_folds():
    rows = fleet()
    before = rows.passes
    statistics.summed(rows, [None, *(Split(k, "train") for k in range(3))], 7.0)
    assert rows.passes - before <= 1.0 + 1e-9


def test_overlapping_folds_are_summed_up_one_by_one():
    rng = np.random.default_rng(2)
    X, y = rng.standard_normal((40, 3)), rng.standard_normal(40)
    orders = [rng.permutation(40) for _ in range(6)]
    pairs = [(order[:25], order[25:34]) for order in orders]
    found = lz.path(X, y, cv=pairs, alphas=[0.1, 0.01], tol=1e-12)
    for k, (train, test) in enumerate(pairs):
        alone = lz.path(X[train], y[train], alphas=[0.1, 0.01], tol=1e-12)
        for c, alpha in enumerate(found.alphas):
            error = np.mean((y[test] - alone.at(float(alpha)).predict(X[test])) ** 2)
            np.testing.assert_allclose(found.cv.folds[k, c], error, rtol=1e-8)


@pytest.mark.parametrize("cv", [None, 4])
def test_the_way_is_chosen_by_predicted_cost_and_changes_no_number(cv, monkeypatch):
    rng = np.random.default_rng(3)
    X = rng.standard_normal((300, 20))
    y = X[:, :4] @ [1.0, -2.0, 0.5, 0.2] + rng.standard_normal(300)
    found = []
    for summed in (True, False):
        monkeypatch.setattr(statistics, "cheaper", lambda *_, summed=summed: summed)
        found.append(lz.path(X, y, cv=cv, tol=1e-10))
    one, other = found
    assert one.passes < 8 < other.passes
    np.testing.assert_allclose(one.coefs.toarray(), other.coefs.toarray(), atol=1e-8)
    np.testing.assert_array_equal(one.df, other.df)
    oracle.check(one, oracle.Problem(X, y), tol=1e-10)
    if cv:
        np.testing.assert_allclose(one.cv.mean, other.cv.mean, rtol=1e-8)
        np.testing.assert_allclose(one.cv.se, other.cv.se, rtol=1e-6)


def test_a_tolerance_below_the_rounding_of_the_sums_is_met_on_the_rows():
    rng = np.random.default_rng(4)
    X = rng.standard_normal((400, 6))
    y = X @ rng.standard_normal(6) + 0.1 * rng.standard_normal(400)
    found = lz.path(X, y, tol=1e-13, n_alphas=10)
    assert {status.name for status in found.status} == {"CERTIFIED"}
    assert found.gaps.max() <= 1e-13


def test_tall_problems_read_x_a_handful_of_times():
    rng = np.random.default_rng(5)
    X = np.asfortranarray(rng.standard_normal((3000, 40)))
    assert lz.path(X, X[:, :5].sum(axis=1) + rng.standard_normal(3000)).passes <= 5


THREADS = """
    import json, sys
    import numpy as np, lozenge as lz
    rng = np.random.default_rng(0)
    out = []
    for n, p, loss, cv in ((200, 3000, "squared", None), (3000, 60, "squared", 4), (400, 900, "logistic", None)):
        X = np.asfortranarray(rng.standard_normal((n, p)))
        y = X[:, :8].sum(axis=1) + rng.standard_normal(n)
        path = lz.path(X, y if loss == "squared" else y > 0, loss=loss, cv=cv, n_alphas=15)
        out.append([path.coefs.toarray().ravel().tolist(), path.gaps.max()])
    print(json.dumps(out))
"""


def test_the_number_of_threads_moves_no_weight():
    import textwrap

    found = []
    for threads in ("1", "2", "3"):
        run = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(THREADS)],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"OMP_NUM_THREADS": threads},
        )
        found.append(json.loads(run.stdout))
    for other in found[1:]:
        for (one, _), (two, gap) in zip(found[0], other, strict=True):
            assert gap <= 1e-6
            np.testing.assert_array_equal(np.flatnonzero(one), np.flatnonzero(two))
            np.testing.assert_allclose(one, two, atol=1e-10)
