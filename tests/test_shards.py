"""The seam: any number of shards gives one answer, and what crosses it is the size of columns and candidates."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
import scipy.sparse as sp

import responses
from definitions import SINGLE
from lozenge import engine, problem, shards
from lozenge.design import as_design
from lozenge.losses import LOSSES
from lozenge.penalties import L1, ElasticNet
from lozenge.results import Split
from lozenge.shards import TEST, TRAIN, Curve, Dual, Fleet, Shard, Sums, Want

N, P, FOLDS = 203, 12, 3
COUNTS = [1, 2, 7, 64]
# Losses of one output; what has nothing to do with the loss is looked at under three of them.
EVERY = [name for name in LOSSES if name in SINGLE]
FEW = ["squared", "logistic"]
WHOLE = np.arange(P + 1)  # with the constant
SPLITS = [None, *(Split(k, part) for k in range(FOLDS) for part in ("train", "test"))]
CENTRE = np.linspace(-1.0, 1.0, P)
WANTS = {
    "loss": Want(loss=True),
    "gradient": Want(gradient="all"),
    "gradient on a few": Want(gradient=np.array([P, 3, 0, 3])),
    "gram": Want(gram=(np.array([2, P, 5]), np.array([P, 1]))),
    "rooms": Want(rooms=np.array([4, P, 0])),
    "gram of one": Want(gram=(np.array([P]), np.array([P]))),
    "plain_gram": Want(plain_gram=(np.array([0, 7]), np.array([7, 3, P]))),
    "moments": Want(moments=CENTRE),
    "all at once": Want(loss=True, gradient="all", gram=(WHOLE, WHOLE), plain_gram=(WHOLE, WHOLE), moments=CENTRE),
}


def data(loss, n=N, *, sparse=False, seed=0):
    """(X, y, weights, offset, fold table) with a far, a constant and an almost empty column."""
    rng = np.random.default_rng([seed, n])
    X = rng.standard_normal((n, P)) + rng.standard_normal((n, 1))
    X[:, 1] += 1e4 * (not sparse)
    X[:, 2] = 3.0
    X[:, 4] = np.arange(n) == n // 2
    if sparse:
        X[rng.random((n, P)) < 0.6] = 0.0
    signal = X[:, [0, 5, 6]] @ [1.0, -2.0, 0.5]
    y = LOSSES[loss]().check(responses.draw(loss, signal, rng)).values
    weights = rng.integers(0, 4, n).astype(float)
    offset = 0.3 * rng.standard_normal(n)
    folds = np.where(rng.integers(0, FOLDS, n)[:, None] == np.arange(FOLDS), TEST, TRAIN).astype(np.uint8)
    folds[::9] = 0
    return X, y, weights, offset, folds


def fleet(loss, parts, count, *, sparse=False):
    """The rows dealt out in order to ``count`` shards of uneven sizes that read their columns alike."""
    X, y, weights, offset, folds = parts
    store = sp.csc_array if sparse else np.asfortranarray
    common = as_design(store(X))[0].affine
    edges = np.sort(np.random.default_rng(count).choice(np.arange(1, len(y)), count - 1, replace=False))
    shards = []
    for rows in np.split(np.arange(len(y)), edges):
        design, _ = as_design(store(X[rows]))
        design.affine = common
        shards.append(Shard(design, LOSSES[loss](), y[rows], weights[rows], offset[rows], folds[rows]))
    return Fleet(tuple(shards))


def candidates(m, seed=1):
    rng = np.random.default_rng([seed, m])
    return 0.3 * rng.standard_normal((5, m)), np.array([0, P, 3, 6, 4])


def dual(m):
    rng = np.random.default_rng(m)
    return Want(dual=Dual(rng.uniform(0.2, 0.9, m), np.array([3, P]), 0.01 * rng.standard_normal((2, m))))


def curve(m):
    directions = np.random.default_rng(m).standard_normal((3, m))
    return Want(curve=Curve(np.array([5, 0, P]), directions, np.array([2, P, 7])))


def agree(one, two, tolerance):
    """Every field the same, relative to the largest entry of its candidate; where to set out from is a guess."""
    for field in fields(Sums):
        a, b = getattr(one, field.name), getattr(two, field.name)
        assert a.shape == b.shape, field.name
        if field.name == "start":
            assert np.isfinite(a).all()
        elif a.size:
            if field.name == "fenchel":
                np.testing.assert_array_equal(np.isinf(a), np.isinf(b))
                a, b = np.where(np.isinf(a), 0, a), np.where(np.isinf(b), 0, b)
            size = np.max(abs(a), axis=tuple(range(a.ndim - 1)), keepdims=True)
            assert np.all(abs(a - b) <= tolerance * size), field.name


def same_bits(one, two):
    return all(getattr(one, f.name).tobytes() == getattr(two, f.name).tobytes() for f in fields(Sums))


@pytest.fixture(params=FEW)
def loss(request):
    return request.param


every = pytest.mark.parametrize("loss", EVERY)


@pytest.fixture(params=[False, True], ids=["dense", "csc"])
def sparse(request):
    return request.param


@pytest.fixture(params=[*WANTS, "dual", "curve"])
def want(request):
    made = {"dual": dual, "curve": curve}.get(request.param)
    return made or (lambda _: WANTS[request.param])


# -- what the sums are --------------------------------------------------------------------------------------------


@every
def test_sums_are_those_of_their_definitions(loss, sparse):
    X, y, weights, offset, folds = parts = data(loss, sparse=sparse)
    ours = fleet(loss, parts, 1, sparse=sparse)
    affine, f = ours.shards[0].design.affine, LOSSES[loss]()
    A = np.column_stack([X * affine.scale - affine.shift, np.ones(N)])
    m = len(SPLITS)
    coef, cols = candidates(m)
    whole, ask = WANTS["all at once"], dual(m)
    found = ours.evaluate(coef, cols, whole, SPLITS)
    proved = ours.evaluate(coef, cols, ask, SPLITS)
    along = curve(m).curve
    bent = ours.evaluate(coef, cols, curve(m), SPLITS)
    for c, split in enumerate(SPLITS):
        w = weights * (1.0 if split is None else folds[:, split.fold] == (TRAIN if split.part == "train" else TEST))
        eta = A[:, cols] @ coef[:, c] + offset
        slope, curved = f.gradient(y, eta), f.bend(y, eta)
        u = ask.dual.scale[c] * (slope - f.room(y, eta) * (A[:, ask.dual.cols] @ ask.dual.shift[:, c]))
        expected = {
            "weight": w.sum(),
            "slope": w @ slope,
            "loss": w @ f.value(y, eta),
            "gradient": A.T @ (w * slope),
            "gram": A.T @ (A * (w * curved)[:, None]),
            "plain_gram": A.T @ (A * w[:, None]),
            "saturated": w @ f.saturated(y),
            "start": w.sum() * f.start(y, w[:, None])[:, 0],
            "first": (A[:, :P] - CENTRE).T @ w,
            "second": w @ (A[:, :P] - CENTRE) ** 2,
            "residual": w @ slope**2,
        }
        for name, value in expected.items():
            got = getattr(found, name)[..., c]
            np.testing.assert_allclose(
                got, value, rtol=1e-11, atol=1e-11 * np.max(abs(np.atleast_1d(value))), err_msg=name
            )
        bend = w * curved * (A[:, along.along] @ along.directions[:, c])
        np.testing.assert_allclose(bent.bend[0, c], bend.sum(), rtol=1e-10, atol=1e-10 * abs(bend).sum())
        np.testing.assert_allclose(bent.curve[:, c], A[:, along.on].T @ bend, rtol=1e-10, atol=1e-10 * abs(bend).sum())
        rows = w > 0
        young = (f.value(y, eta) + f.conjugate(y, u) - u * eta)[rows]
        np.testing.assert_allclose(proved.fenchel[c], w[rows] @ young, rtol=1e-10)


def test_only_what_was_asked_for_is_there(loss):
    ours = fleet(loss, data(loss), 2)
    found = ours.evaluate(*candidates(2), Want(loss=True))
    assert found.loss.shape == found.weight.shape == (2,)
    assert all(getattr(found, f.name).size == 0 for f in fields(Sums) if f.name not in ("loss", "weight"))


# -- any number of shards -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", COUNTS[1:])
def test_any_number_of_shards_gives_the_same_sums(loss, sparse, want, count):
    parts, m = data(loss, sparse=sparse), len(SPLITS)
    coef, cols = candidates(m)
    one = fleet(loss, parts, 1, sparse=sparse).evaluate(coef, cols, want(m), SPLITS)
    many = fleet(loss, parts, count, sparse=sparse).evaluate(coef, cols, want(m), SPLITS)
    agree(one, many, 1e-10)


@every
@pytest.mark.parametrize("penalty", [L1(), ElasticNet(0.4)], ids=["l1", "elasticnet"])
def test_any_number_of_shards_gives_the_same_path(loss, sparse, penalty):
    parts = data(loss, sparse=sparse)
    answers = {}
    counts = COUNTS if loss in FEW else COUNTS[::2]
    # Of an almost empty column and a curvature that is not bounded, or has jumps, the bounds are wider.
    tol = 1e-12 if loss in {"squared", "logistic", "squared_hinge"} else 1e-11
    for count in counts:
        ours = fleet(loss, parts, count, sparse=sparse)
        (moments,) = problem.measure(ours, [None])
        v = np.ones(P)
        v[[3, 7]] = 0.0, 2.0
        task = problem.build(ours, LOSSES[loss](), penalty, moments, v)
        (null,) = engine.outcomes([(ours, engine.null(task))])
        task = problem.bent(task, null.point.bend)
        top = task.penalty.alpha_max(null.point.pull[task.penalised])
        alphas = answers[1][0] if answers else top * np.array([1.0, 0.5, 0.1, 0.01])
        np.testing.assert_allclose(top, alphas[0], rtol=1e-10)
        items = [item for _, item in engine.iterate([(ours, engine.follow(task, null, alphas, tol))])]
        steps = [item for item in items if isinstance(item, engine.Step)]
        betas = np.zeros((len(alphas), P + 1))
        for step in steps:
            betas[step.index, step.cols] = step.beta
        answers[count] = alphas, betas, [step.loss for step in steps]
        assert all(step.gap <= tol for step in steps)
    one = answers[1][1]
    assert np.count_nonzero(one[-1]) > 4
    for count in counts[1:]:
        _, betas, losses = answers[count]
        # Gaps of 1e-12 leave weights 1e-6 of freedom by theory; that both end at the exact optimum leaves 1e-10.
        np.testing.assert_allclose(betas, one, rtol=0, atol=1e-10 * np.max(abs(one)))
        np.testing.assert_array_equal(betas != 0, one != 0)
        np.testing.assert_allclose(losses, answers[1][2], rtol=1e-10)


@pytest.mark.parametrize("count", COUNTS)
def test_repeated_questions_have_the_same_bits(loss, sparse, want, count):
    parts, m = data(loss, sparse=sparse), len(SPLITS)
    coef, cols = candidates(m)
    ours = fleet(loss, parts, count, sparse=sparse)
    first = ours.evaluate(coef, cols, want(m), SPLITS)
    ours.evaluate(*candidates(3, seed=2), Want(loss=True))  # another question in between, so that nothing is remembered
    again = ours.evaluate(coef, cols, want(m), SPLITS)
    elsewhere = fleet(loss, parts, count, sparse=sparse).evaluate(coef, cols, want(m), SPLITS)
    assert same_bits(first, again)
    assert same_bits(first, elsewhere)


@pytest.mark.parametrize("count", [*COUNTS, 3, 5, 6, 13])
def test_sums_add_in_a_tree_by_shard_number(loss, count):
    ours, m = fleet(loss, data(loss), count), 3
    coef, cols = candidates(m)
    whole = WANTS["all at once"]
    # Each shard asked alone, the last one first: where and when it was computed must not matter.
    alone = {k: ours.shards[k].evaluate(coef, cols, whole) for k in reversed(range(count))}

    def tree(low, high):
        if high - low == 1:
            return alone[low]
        half = 1 << (high - low - 1).bit_length() - 1  # the largest power of two below the number of shards
        return tree(low, low + half) + tree(low + half, high)

    assert same_bits(ours.evaluate(coef, cols, whole), tree(0, count))


def test_what_crosses_does_not_grow_with_the_rows(loss, want):
    m = 9
    coef, cols = candidates(m)
    sizes = set()
    for n in (60, 6000):
        for count in (1, 7):
            found = fleet(loss, data(loss, n), count).evaluate(coef, cols, want(m))
            sizes.add(tuple(getattr(found, f.name).shape for f in fields(Sums)))
    assert len(sizes) == 1
    assert sum(np.prod(shape) for shape in sizes.pop()) <= m * (P + 2) ** 2 * 3


# -- rows and candidates ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 7])
def test_a_split_is_its_rows(loss, sparse, want, count):
    X, y, weights, offset, folds = data(loss, sparse=sparse)
    ours = fleet(loss, (X, y, weights, offset, folds), count, sparse=sparse)
    for split in SPLITS[1:]:
        rows = folds[:, split.fold] == (TRAIN if split.part == "train" else TEST)
        part, _ = as_design((sp.csc_array if sparse else np.asfortranarray)(X[rows]))
        part.affine = ours.shards[0].design.affine
        alone = Fleet((Shard(part, LOSSES[loss](), y[rows], weights[rows], offset[rows]),))
        m = 3
        coef, cols = candidates(m)
        agree(alone.evaluate(coef, cols, want(m)), ours.evaluate(coef, cols, want(m), [split] * m), 1e-11)


def test_candidates_side_by_side_are_candidates_one_at_a_time(loss, sparse, want):
    ours = fleet(loss, data(loss, sparse=sparse), 2, sparse=sparse)
    coef, cols = candidates(20)
    splits = [SPLITS[c % len(SPLITS)] for c in range(20)]
    ask = want(20)

    def asked(some):
        question = ask
        if ask.dual is not None:
            question = Want(dual=Dual(ask.dual.scale[some], ask.dual.cols, ask.dual.shift[:, some]))
        if ask.curve is not None:
            question = Want(curve=Curve(ask.curve.along, ask.curve.directions[:, some], ask.curve.on))
        return ours.evaluate(coef[:, some], cols, question, splits[some])

    alone = [asked(slice(c, c + 1)) for c in range(20)]
    for m in range(1, 21):
        together = asked(slice(0, m))
        for c in range(m):
            agree(together.take(slice(c, c + 1)), alone[c], 1e-12)


def test_one_pass_serves_many_candidates(loss):
    ours = fleet(loss, data(loss), 3)
    for m, passes in ((1, 1), (8, 1), (16, 1), (200, 1)):
        before = ours.passes
        ours.evaluate(np.zeros((0, m)), np.zeros(0, dtype=int), Want(gradient="all"))
        np.testing.assert_allclose(ours.passes - before, passes)


def test_a_long_shard_takes_candidates_in_groups(monkeypatch):
    """An array over the rows has at most SMALL entries, or GROUP columns."""
    monkeypatch.setattr(shards, "SMALL", 1)
    ours = fleet("squared", data("squared"), 3)
    coef, cols = candidates(40)
    before = ours.passes
    found = ours.evaluate(coef, cols, Want(gradient="all"))
    assert ours.passes - before > 3
    monkeypatch.undo()
    agree(found, ours.evaluate(coef, cols, Want(gradient="all")), 1e-12)


def test_folds_are_asked_of_a_shard_that_has_them():
    design, _ = as_design(np.eye(3))
    shard = Shard(design, LOSSES["squared"](), np.zeros(3), np.ones(3))
    with pytest.raises(ValueError, match="no folds"):
        shard.evaluate(np.zeros((0, 1)), np.zeros(0, dtype=int), Want(loss=True), [Split(0, "train")])


def test_rows_of_weight_zero_do_not_count_even_outside_the_domain_of_the_conjugate():
    loss = LOSSES["logistic"]()
    design, _ = as_design(np.ones((3, 1)))
    y, eta = np.array([0.0, 1, 1]), np.array([0.0, 0, -30])
    shard = Shard(design, loss, y, np.array([1.0, 1, 0]), eta)
    asked = Dual(np.array([1.5]), np.array([1]), np.zeros((1, 1)))
    # With θ scaled by 1.5 only the third row, u = -1.5, is outside the domain; it has no weight.
    assert np.isinf(loss.conjugate(y, 1.5 * loss.gradient(y, eta))).tolist() == [False, False, True]
    (found,) = shard.evaluate(np.zeros((1, 1)), np.array([1]), Want(dual=asked)).fenchel
    u = 1.5 * loss.gradient(y, eta)[:2]
    np.testing.assert_allclose(found, np.sum(loss.value(y, eta)[:2] + loss.conjugate(y[:2], u) - u * eta[:2]))


@pytest.mark.parametrize("count", [1, 7])
def test_predict_is_row_by_row(loss, sparse, count):
    X, _, _, offset, _ = parts = data(loss, sparse=sparse)
    ours = fleet(loss, parts, count, sparse=sparse)
    affine = ours.shards[0].design.affine
    coef, cols = candidates(4)
    A = np.column_stack([X * affine.scale - affine.shift, np.ones(N)])
    found = np.vstack([shard.predict(coef, cols) for shard in ours.shards])
    np.testing.assert_allclose(found, A[:, cols] @ coef + offset[:, None], rtol=1e-12, atol=1e-12)
