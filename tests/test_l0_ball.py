"""Best subsets by size against full enumeration; bounds, proofs, reasons, files and the command line."""

from __future__ import annotations

import itertools
import signal
import time

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from scipy.optimize import lsq_linear
from scipy.special import expit

import lozenge as lz
from lozenge import fit as fits
from lozenge.cli import main
from lozenge.penalties import L0

P = 10
SIZES = list(range(P + 1))


def data(seed, n=40, p=P, *, loss="squared"):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) + 0.8 * rng.standard_normal((n, 1)) + rng.choice([0.0, 3.0], p)
    eta = X[:, : p // 2] @ rng.standard_normal(p // 2) + rng.standard_normal(n)
    return X, eta if loss == "squared" else (eta > np.median(eta)).astype(float)


def naive(X, y, sizes, *, w=None, free=(), intercept=True, ridge=0.0, box=np.inf, standardize=True):
    """Objective and support of the best subset of every size, by least squares on each of them."""
    n, p = X.shape
    w = np.ones(n) / n if w is None else w / w.sum()
    sd = np.sqrt(w @ (X - w @ X) ** 2) if standardize else np.ones(p)
    counted = [j for j in range(p) if j not in free]
    fixed = np.column_stack([X[:, list(free)], *([np.ones(n)] if intercept else [])])
    best = {}
    for k in range(max(sizes) + 1):
        for A in itertools.combinations(counted, k):
            rows = np.column_stack([X[:, list(A)], fixed]) * np.sqrt(w)[:, None]
            penalty = np.sqrt(ridge) * np.column_stack([np.diag(sd[list(A)]), np.zeros((k, fixed.shape[1]))])
            M, t = np.vstack([rows, penalty]), np.append(np.sqrt(w) * y, np.zeros(k))
            if np.isfinite(box):
                bounds = np.append(np.full(k, box), np.full(fixed.shape[1], np.inf))
                b = lsq_linear(M, t, (-bounds, bounds), method="bvls", tol=1e-14).x
            else:
                b = np.linalg.lstsq(M, t, rcond=None)[0]
            value = 0.5 * float(np.square(M @ b - t).sum())
            if k not in best or value < best[k][0]:
                best[k] = (value, A)
    return {k: min((best[i] for i in range(min(k, len(counted)) + 1)), key=lambda each: each[0]) for k in sizes}


def objective(path, k, X, y, *, w=None, ridge=0.0, standardize=True, free=()):
    w = np.ones(len(y)) / len(y) if w is None else w / w.sum()
    b = path.coefs[:, [k]].toarray()[:, 0]
    sd = np.sqrt(w @ (X - w @ X) ** 2) if standardize else np.ones(X.shape[1])
    counted = np.setdiff1d(np.arange(X.shape[1]), list(free))
    r = y - X @ b - path.intercepts[k]
    return 0.5 * w @ r**2 + 0.5 * ridge * np.square(b * sd)[counted].sum()


CASES = [
    {},
    {"w": True},
    {"intercept": False},
    {"free": (2,)},
    {"ridge": 0.05},
    {"box": 0.6},
    {"ridge": 0.1, "w": True, "free": (0, 7)},
    {"standardize": False, "ridge": 0.1},
    {"standardize": False, "box": 0.5, "free": (1,)},
    {"ridge": 0.02, "box": 0.8, "intercept": False, "w": True},
]


@pytest.mark.parametrize("seed", range(len(CASES)))
def test_as_full_enumeration(seed):
    case = dict(CASES[seed])
    X, y = data(seed)
    w = np.random.default_rng(seed).integers(0, 4, len(y)).astype(float) if case.pop("w", False) else None
    free, box, ridge = case.get("free", ()), case.get("box"), case.get("ridge", 0.0)
    standardize = case.get("standardize", True)
    sizes = [0, 1, 2, 3] if box else SIZES
    exact = naive(
        X, y, sizes, w=w, **({} if box is None else {"box": box}) | {k: v for k, v in case.items() if k != "box"}
    )
    options = {"sample_weight": w, "fit_intercept": case.get("intercept", True), "standardize": standardize}
    v = np.ones(P)
    v[list(free)] = 0.0
    for matrix in (X, sp.csc_array(X)):
        path = lz.path(matrix, y, constraint=lz.L0Ball(sizes, ridge=ridge, bound=box), penalty_weights=v, **options)
        assert np.isnan(path.alphas).all()
        np.testing.assert_array_equal(path.radii, sizes)
        assert {c.kind for c in path.certificates} == {"bound"}
        assert all(status is lz.Status.CERTIFIED for status in path.status)
        null = objective(lz.path(X, y, alphas=[np.inf], penalty_weights=v, **options), 0, X, y, w=w)
        for k, size in enumerate(sizes):
            value, support = exact[size]
            ours = objective(path, k, X, y, w=w, ridge=ridge, standardize=standardize, free=free)
            assert ours == pytest.approx(value, rel=1e-9, abs=1e-6 * null)
            kept = np.setdiff1d(path.at(df=size).support, free)
            assert len(kept) == path.df[k] <= size
            if value < naive_second(exact, size) and box is None:
                assert tuple(kept) == support
            if box is not None:
                assert (
                    np.abs(path.coefs[:, [k]].toarray()[np.setdiff1d(np.arange(P), free)]) <= box * (1 + 1e-12)
                ).all()


def naive_second(exact, size):
    """The objective that a subset must be below to be the only best one: that of one size less."""
    return exact[size - 1][0] * (1 - 1e-6) if size - 1 in exact else np.inf


@pytest.mark.parametrize("more", [{}, {"ridge": 0.1}, {"bound": 0.7}])
@pytest.mark.parametrize("n", [8, 40])
def test_the_bound_is_below_the_optimum(n, more):
    X, y = data(3, n=n)
    box = {"box": more["bound"]} if "bound" in more else {}
    sizes = [1, 3, 5]
    exact = naive(X, y, sizes, ridge=more.get("ridge", 0.0), **box)
    path = lz.path(X, y, constraint=lz.L0Ball(sizes, prove=False, **more))
    null = 0.5 * np.var(y)
    for k, size in enumerate(sizes):
        ours = objective(path, k, X, y, ridge=more.get("ridge", 0.0))
        assert ours - path.certificates[k].value * null <= exact[size][0] + 1e-12
        assert ours >= exact[size][0] - 1e-12
        if path.status[k] is not lz.Status.CERTIFIED:
            assert path.status[k] is (lz.Status.LOCAL if more or n > P else lz.Status.LOOSE)
    np.testing.assert_array_equal(path.gaps, [c.value for c in path.certificates])


def test_proofs_on_demand():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((60, 22)) + rng.standard_normal((60, 1))
    y = X[:, :6] @ rng.standard_normal(6) + 3 * rng.standard_normal(60)
    local = lz.path(X, y, constraint=lz.L0Ball(3))
    assert local.status[0] is lz.Status.LOCAL
    proved = lz.path(X, y, constraint=lz.L0Ball(3, prove=True))
    assert proved.status[0] is lz.Status.CERTIFIED
    assert proved.certificates[0].value <= 1e-6 < local.certificates[0].value
    assert naive(X, y, [3])[3][0] == pytest.approx(objective(proved, 0, X, y), rel=1e-9)
    wide = rng.standard_normal((20, 60))
    with pytest.raises(ValueError, match="cannot be proved without a ridge or a bound"):
        lz.path(wide, wide[:, 0] + y[:20], constraint=lz.L0Ball(4, prove=True))


def hard():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 120)) + rng.standard_normal((50, 1))
    return X, X[:, :10] @ rng.standard_normal(10) + 5 * rng.standard_normal(50)


def test_a_search_that_runs_out_of_time_gives_what_it_has():
    X, y = hard()
    before = time.monotonic()
    path = lz.path(X, y, constraint=lz.L0Ball([2, 9, 12], ridge=0.01, seconds=0.5))
    assert time.monotonic() - before < 10
    assert path.status[-1] is lz.Status.STOPPED
    assert 1e-6 < path.certificates[-1].value < 1
    assert "was stopped before the proof" in path.status[-1].value
    assert "is no proof" in str(path.why(0))


def test_an_interrupted_search_gives_what_it_has():
    X, y = hard()
    told = []

    def interrupt(*each):
        told.append(each)
        if len(told) == 3:  # in the midst of the first proof
            signal.raise_signal(signal.SIGINT)

    path = lz.path(X, y, constraint=lz.L0Ball([9, 12], ridge=0.01, prove=True), progress=interrupt)
    assert set(path.status) == {lz.Status.STOPPED}
    assert all(1e-6 < certificate.value < 1 for certificate in path.certificates)
    np.testing.assert_array_equal(path.df, [9, 12])


def newton(X, y, A, ridge=0.0):
    Z = np.column_stack([X[:, list(A)], np.ones(len(y))])
    R = ridge * np.diag(np.append(np.ones(len(A)), 0.0))
    b = np.zeros(Z.shape[1])
    for _ in range(25):
        m = expit(Z @ b)
        b = b - np.linalg.solve(Z.T * (m * (1 - m)) @ Z / len(y) + R, Z.T @ (m - y) / len(y) + R @ b)
    eta = Z @ b
    return np.mean(np.logaddexp(0, eta) - y * eta) + 0.5 * b @ R @ b


@pytest.mark.parametrize("ridge", [0.0, 0.05])
def test_logistic_subsets(ridge):
    sizes, good = [1, 2, 3], 0
    for seed in range(4):
        X, y = data(seed, n=100, p=7, loss="logistic")
        y = np.where(np.random.default_rng(seed).random(len(y)) < 0.15, 1 - y, y)
        Z = (X - X.mean(0)) / X.std(0)
        path = lz.path(X, y, loss="logistic", constraint=lz.L0Ball(sizes, ridge=ridge), tol=1e-9)
        assert {c.kind for c in path.certificates} == {"stationary"}
        assert all(status is lz.Status.CERTIFIED for status in path.status)
        assert np.isinf(path.gaps).all()
        greedy: list[int] = []
        for size in range(1, 4):
            rest = [j for j in range(7) if j not in greedy]
            greedy.append(min(rest, key=lambda j: newton(Z, y, [*greedy, j], ridge)))
            if size not in sizes:
                continue
            k = sizes.index(size)
            kept = path.at(df=size).support
            ours = newton(Z, y, kept, ridge)
            b = path.coefs[:, [k]].toarray()[:, 0] * X.std(0)
            eta = X @ path.at(df=size).coef + path.intercepts[k]
            assert np.mean(np.logaddexp(0, eta) - y * eta) + 0.5 * ridge * b @ b == pytest.approx(ours, rel=1e-10)
            assert ours <= newton(Z, y, greedy, ridge) + 1e-12
            best = min(newton(Z, y, A, ridge) for A in itertools.combinations(range(7), size))
            assert ours >= best - 1e-12
            good += ours <= best + 1e-10
    assert good >= 11  # of 12: local search promises no optimum


@pytest.mark.parametrize("sparse", [False, True])
def test_logistic_weights_are_those_of_the_support_alone(sparse):
    X, y = data(1, n=120, p=9, loss="logistic")
    rng = np.random.default_rng(1)
    y = np.where(rng.random(120) < 0.2, 1 - y, y)
    options = {"sample_weight": rng.integers(0, 3, 120).astype(float), "offset": rng.standard_normal(120)}
    options |= {"loss": "logistic", "tol": 1e-9}
    v = np.ones(9)
    v[[2, 5]] = 0.0
    matrix = sp.csc_array(X) if sparse else X
    path = lz.path(matrix, y, constraint=lz.L0Ball([0, 2, 4]), penalty_weights=v, **options)
    for k in range(3):
        coef = path.coefs[:, [k]].toarray()[:, 0]
        assert coef[[2, 5]].all()
        alone = lz.path(X, y, alphas=[np.inf], penalty_weights=np.where(coef != 0, 0.0, np.inf), **options)
        np.testing.assert_allclose(coef, alone.coefs.toarray()[:, 0], rtol=1e-7, atol=1e-12)
        assert path.intercepts[k] == pytest.approx(alone.intercepts[0], rel=1e-7)
    boxed = lz.path(X, y, constraint=lz.L0Ball(3, bound=0.1), penalty_weights=v, **options)
    inside = np.delete(np.abs(boxed.coefs.toarray()[:, 0]), [2, 5])
    assert boxed.status[0] is lz.Status.CERTIFIED
    assert inside.max() == pytest.approx(0.1, rel=1e-12)


def test_separated_classes_are_told():
    X, _ = data(0, n=60, p=4, loss="logistic")
    path = lz.path(X, (X[:, 0] > X[:, 0].mean()).astype(int), loss="logistic", constraint=lz.L0Ball(1))
    assert path.status[0] is lz.Status.UNBOUNDED
    held = lz.path(X, (X[:, 0] > X[:, 0].mean()).astype(int), loss="logistic", constraint=lz.L0Ball(1, ridge=0.1))
    assert held.status[0] is lz.Status.CERTIFIED


def test_columns_that_are_out_or_alike():
    X, y = data(5)
    X[:, 3] = 2.0
    X[:, 4] = 2 * X[:, 0] - 1
    v = np.ones(P)
    v[5] = np.inf
    path = lz.path(X, y, constraint=lz.L0Ball([3, 20]), penalty_weights=v)
    for k in range(2):
        kept = path.coefs[:, [k]].toarray()[:, 0] != 0
        assert not kept[[3, 5]].any()
        assert not kept[[0, 4]].all()
    assert objective(path, 0, X, y) == pytest.approx(naive(np.delete(X, [3, 4, 5], 1), y, [3])[3][0], rel=1e-9)
    assert path.df[1] == 7
    assert path.why(5).state == "excluded"
    assert path.why(3).constant


def test_a_constant_response_keeps_nothing():
    X, _ = data(0)
    for y in (np.full(40, 3.0), np.zeros(40)):
        path = lz.path(X, y, constraint=lz.L0Ball([1, 2]))
        assert not path.coefs.nnz
        assert all(status is lz.Status.CERTIFIED for status in path.status)


def test_weights_repeat_rows_and_units_carry_over():
    X, y = data(6)
    w = np.random.default_rng(0).integers(0, 3, len(y))
    ball = lz.L0Ball([2, 5], ridge=0.01)
    one = lz.path(X, y, constraint=ball, sample_weight=w.astype(float))
    two = lz.path(np.repeat(X, w, axis=0), np.repeat(y, w), constraint=ball)
    np.testing.assert_allclose(one.coefs.toarray(), two.coefs.toarray(), atol=1e-10)
    for unit in (1e-8, 1e8):
        again = lz.path(
            unit * X, y / unit, constraint=ball, sample_weight=w.astype(float), offset=np.full(40, 1 / unit)
        )
        np.testing.assert_allclose(again.coefs.toarray() * unit**2, one.coefs.toarray(), rtol=1e-8)
    offset = np.linspace(0, 1, len(y))
    np.testing.assert_allclose(
        lz.path(X, y, constraint=ball, offset=offset).coefs.toarray(),
        lz.path(X, y - offset, constraint=ball).coefs.toarray(),
        atol=1e-10,
    )


def test_reasons_are_refits():
    X, y = data(7)
    names = [f"f{j}" for j in range(P)]
    path = lz.path(X, y, constraint=lz.L0Ball([3, 5], ridge=0.05), feature_names=names)
    sd, Z = X.std(0), (X - X.mean(0)) / X.std(0)
    r = y - y.mean()

    def value(A):
        A = list(A)
        b = np.linalg.solve(Z[:, A].T @ Z[:, A] / len(y) + 0.05 * np.eye(len(A)), Z[:, A].T @ r / len(y))
        return 0.5 * np.mean((r - Z[:, A] @ b) ** 2) + 0.025 * b @ b

    for size in (3, 5):
        kept = set(path.at(df=size).support.tolist())
        here = value(kept)
        for j, name in enumerate(names):
            reason = path.why(name, df=size)
            assert (reason.size, reason.state == "kept") == (size, j in kept)
            assert np.isnan(reason.alpha)
            if j in kept:
                assert reason.rise == pytest.approx(value(kept - {j}) - here, rel=1e-8)
                assert "Without it, the others refitted, the loss with its ridge would rise by" in str(reason)
                continue
            costs = {i: value(kept - {i} | {j}) - here for i in kept}
            least = min(costs, key=costs.get)
            assert reason.rise == pytest.approx(costs[least], rel=1e-8)
            assert reason.instead_of == names[least]
            assert reason.rise_share == pytest.approx(costs[least] / (0.5 * np.var(y)), rel=1e-8)
            assert f"that of {names[least]} costs least" in str(reason)
            assert "It is proved" in str(reason)
    frame = path.reasons(df=3)
    assert {"rise", "instead_of"} <= set(frame.columns)
    assert "price" not in frame.columns
    assert sd.all()


def test_reasons_in_a_box_are_refits():
    X, y = data(8)
    path = lz.path(X, y, constraint=lz.L0Ball(3, bound=0.3))
    kept = set(path.at(df=3).support.tolist())

    def value(A):
        M = np.column_stack([X[:, sorted(A)], np.ones(len(y))])
        bounds = np.append(np.full(len(A), 0.3), np.inf)
        found = lsq_linear(M, y, (-bounds, bounds), method="bvls", tol=1e-14)
        return found.cost / len(y)

    for j in range(P):
        expected = value(kept - {j}) if j in kept else min(value(kept - {i} | {j}) for i in kept)
        assert path.why(j).rise == pytest.approx(expected - value(kept), rel=1e-6, abs=1e-10)


def test_room_that_is_left():
    X = np.column_stack([np.eye(6), np.eye(6)[:, 0]])
    path = lz.path(X[:, [0, 1, 6]], X[:, 0] - X[:, 1], constraint=lz.L0Ball(3))
    assert path.df[0] == 2
    zero = int(np.flatnonzero(path.coefs.toarray()[:, 0] == 0)[0])
    assert "nothing is left for it to explain" in str(path.why(zero))
    empty = lz.path(X, X[:, 0], constraint=lz.L0Ball(0))
    assert "at size 0 no feature may be kept" in str(empty.why(0))


def test_cross_validation_chooses_a_size():
    X, y = data(9, n=60)
    path = lz.path(X, y, constraint=lz.L0Ball(SIZES), cv=5, seed=1)
    cv = path.cv
    labels = np.empty(60, dtype=int)
    order = np.random.default_rng(1).permutation(60)
    labels[order] = np.arange(60) % 5
    for fold in range(5):
        train, test = labels != fold, labels == fold
        for k in (0, 1, 3):
            _, A = naive(X[train], y[train], [k])[k]
            M = np.column_stack([X[:, list(A)], np.ones(60)])
            b = np.linalg.lstsq(M[train], y[train], rcond=None)[0]
            assert cv.folds[fold, k] == pytest.approx(np.mean((y[test] - M[test] @ b) ** 2), rel=1e-9)
    smallest = np.flatnonzero(cv.mean <= cv.mean.min() + cv.se[np.argmin(cv.mean)])[0]
    assert path.best("1se").radius == path.radii[smallest] == path.radii[path.chosen]
    assert path.best("min").radius == path.radii[np.argmin(cv.mean)]
    assert path.why(0).chosen_by == "1se"


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_kept_drawn_and_read_again(tmp_path, loss):
    X, y = data(2, n=80, loss=loss)
    y = y if loss == "squared" else np.where(np.arange(80) % 7 == 0, 1 - y, y)
    ball = lz.L0Ball([0, 2, 4], ridge=0.01, bound=5.0)
    for cv in (None, 4):
        path = lz.path(X, y, loss=loss, constraint=ball, cv=cv)
        path.save(tmp_path / "model.json", force=True)
        again = lz.load(tmp_path / "model.json")
        np.testing.assert_array_equal(again.coefs.toarray(), path.coefs.toarray())
        np.testing.assert_array_equal(again.radii, [0, 2, 4])
        assert (again.certificates, again.status, str(again)) == (path.certificates, path.status, str(path))
        j = int(np.flatnonzero(path.at(df=2).coef == 0)[0])
        assert again.why(j).rise == path.why(j).rise
        assert again.best("min").radius == path.best("min").radius if cv else True
        for each in (path, again):
            assert each.to_frame().columns == ["feature", "0", "2", "4"]
            assert each.plot().get_xlabel() == "features allowed"
            each.report(tmp_path / "page.html", force=True)
            page = (tmp_path / "page.html").read_text()
            assert "nan" not in page.replace("nan=", "")
            assert "features allowed" in page
            np.testing.assert_array_equal(each.predict(X), each.at(df=int(path.df[path.chosen])).predict(X))
        revived = fits.revive(again, X, y)
        if path.chosen:
            assert revived.why(j).rise == pytest.approx(path.why(j).rise, rel=1e-9)
        with pytest.raises(ValueError, match="not the rows"):
            fits.revive(again, X, y[::-1].copy())
        with pytest.raises(ValueError, match="loaded model explains its weights only at its chosen size"):
            again.why(0, df=int(path.df[0 if path.chosen else 1]))


def test_a_changed_file_is_refused(tmp_path):
    X, y = data(0)
    lz.path(X, y, constraint=lz.L0Ball([1, 2])).save(tmp_path / "model.json")
    text = (tmp_path / "model.json").read_text()
    for before, after in (
        ('"alphas": [null, null]', '"alphas": [null, 0.0]'),
        ('"radii": [1.0, 2.0]', '"radii": [2.0, 1.0]'),
        ('"radii": [1.0, 2.0]', '"radii": [1.0, 2.5]'),
        ('"size": 2', '"size": 1'),
        ('"penalty": "l0"', '"penalty": "l1"'),
    ):
        assert before in text
        (tmp_path / "bad.json").write_text(text.replace(before, after))
        with pytest.raises(lz.ModelFileError):
            lz.load(tmp_path / "bad.json")


def test_what_has_no_meaning_is_refused():
    X, y = data(0)
    for wrong, message in (
        ({"k": -1}, "k must be a whole number of features, 0 or more; got -1"),
        ({"k": 2.5}, "k must be a whole number of features, 0 or more; got 2.5"),
        ({"k": [1, np.nan]}, "got nan"),
        ({"k": 1, "ridge": -0.1}, "ridge must be 0"),
        ({"k": 1, "ridge": np.inf}, "ridge must be 0"),
        ({"k": 1, "bound": 0.0}, "bound must be above 0"),
        ({"k": 1, "bound": np.nan}, "bound must be above 0"),
        ({"k": 1, "seconds": 0}, "seconds must be above 0"),
        ({"k": 1, "exchange": 3}, "exchange must be 1 or 2"),
    ):
        with pytest.raises(ValueError, match=message):
            lz.L0Ball(**wrong)
    for wrong in (
        {"k": "2"},
        {"k": [[1]]},
        {"k": []},
        {"k": True},
        {"k": 1, "ridge": "a little"},
        {"k": 1, "bound": True},
    ):
        with pytest.raises(TypeError):
            lz.L0Ball(**wrong)
    with pytest.raises(ValueError, match=r"L0Ball\(\[1, 2, 3\]\)"):
        lz.path(X, y, constraint=lz.L0Ball(1), alphas=[0.1])
    path = lz.path(X, y, constraint=lz.L0Ball([1, 3]))
    with pytest.raises(ValueError, match=r"belong to no alpha; got alpha 0\.1"):
        path.at(0.1)
    with pytest.raises(ValueError, match="no size on this path has at most 0"):
        path.at(df=0)
    for df in (2.5, "2", -1):
        with pytest.raises(ValueError, match="df must be a whole number"):
            path.at(df=df)
    weights = np.append(2.0, np.ones(X.shape[1] - 1))
    with pytest.raises(ValueError, match="counts features, all alike"):
        lz.path(X, y, constraint=lz.L0Ball(1), penalty_weights=weights)
    lz.path(X, y, constraint=lz.L0Ball(1, ridge=0.1), penalty_weights=weights)
    for ask in (path.radius, path.curvature, path.locally_convex_to, lambda: path.alpha_for(1.0)):
        with pytest.raises(ValueError, match="goes by the number of features"):
            ask()
    with pytest.raises(ValueError, match="proved under the squared loss only; got logistic"):
        lz.path(X, y > 0, loss="logistic", constraint=lz.L0Ball(1, prove=True))
    with pytest.raises(ValueError, match="what_if compares fits at one alpha"):
        path.what_if(0, without=1)
    with pytest.raises(ValueError, match="needs a cross-validated curve"):
        path.best("min")


def test_too_many_columns_are_refused(monkeypatch):
    monkeypatch.setattr("lozenge.sizes.LARGEST", 8 * 9 * 9)
    X, y = data(0)
    with pytest.raises(ValueError, match="products of all pairs of columns: 10 columns take"):
        lz.path(X, y, constraint=lz.L0Ball(2))


def test_larger_exchanges_are_no_worse():
    for seed in range(3):
        X, y = data(seed, n=12, p=25)
        one, two = (lz.path(X, y, constraint=lz.L0Ball(4, exchange=depth)).deviance_ratio[0] for depth in (1, 2))
        assert two >= one - 1e-12


def test_progress_counts_the_sizes_of_every_fold():
    X, y = data(0)
    told = []
    lz.path(X, y, constraint=lz.L0Ball([1, 2, 3]), cv=3, progress=lambda *each: told.append(each))
    assert {total for _, total, _, _ in told} == {12}
    assert max(done for done, _, _, _ in told) <= 12
    assert np.all(np.diff([done for done, _, _, _ in told]) >= 0)


def test_l0_with_a_ridge_by_its_price():
    X, y = data(4, p=7)
    Z, r = (X - X.mean(0)) / X.std(0), y - y.mean()
    path = lz.path(X, y, penalty=L0(ridge=0.1), n_alphas=8, tol=1e-9)
    assert all(status is lz.Status.CERTIFIED for status in path.status)
    assert path.model.penalty_parameters == {"ridge": 0.1}

    def value(A):
        A = list(A)
        b = np.linalg.solve(Z[:, A].T @ Z[:, A] / len(y) + 0.1 * np.eye(len(A)), Z[:, A].T @ r / len(y))
        return 0.5 * np.mean((r - Z[:, A] @ b) ** 2) + 0.05 * b @ b

    for k, alpha in enumerate(path.alphas):
        b = path.coefs[:, [k]].toarray()[:, 0] * X.std(0)
        ours = 0.5 * np.mean((r - Z @ b) ** 2) + 0.05 * b @ b
        kept = np.flatnonzero(b)
        assert ours == pytest.approx(value(kept), rel=1e-10)
        around = [set(kept) ^ {j} for j in range(7)]
        around += [set(kept) - {i} | {j} for i in kept for j in range(7) if j not in kept]
        for other in around:
            assert ours + alpha * len(kept) <= value(other) + alpha * len(other) + 1e-12


@pytest.mark.parametrize("upper", [np.inf, 0.9])
def test_the_prox_of_l0_with_a_ridge_beats_a_grid(upper):
    rng = np.random.default_rng(0)
    penalty = L0(ridge=0.3, upper=None if np.isinf(upper) else upper).named(["x"])
    for _ in range(200):
        v, step, alpha, z = *rng.choice([0.3, 1.0, 4.0], 2), rng.choice([0.1, 1.0, 5.0]), 3 * rng.standard_normal()
        one = penalty.on(np.array([0]), np.array([v]), np.ones(1)).curved(np.array([1 / step]))
        (b,) = one.prox(np.array([z]), step, alpha)
        grid = np.concatenate([np.linspace(-9, 9, 9001), [0.0, z, b * (1 + 1e-4), b * (1 - 1e-4)]])
        grid = grid[grid <= upper]

        def cost(x, z=z, step=step, alpha=alpha, v=v):
            return (x - z) ** 2 / 2 + step * (alpha * v * (x != 0) + 0.3 * v * x**2 / 2)

        assert cost(np.array([b]))[0] <= cost(grid).min() + 1e-12
        assert one.value(np.array([b]), alpha) == pytest.approx(alpha * v * (b != 0) + 0.15 * v * b * b, rel=1e-12)
        assert (b == 0) == (abs(z) / step <= one.threshold(np.array([z]), alpha)[0])
        largest = one.alpha_max(np.array([z]))
        if z > 0:
            assert not one.prox(np.array([z * step]), step, largest * (1 + 1e-9)).any()
            assert one.prox(np.array([z * step]), step, largest * (1 - 1e-9)).all()


def test_no_alpha_of_zero_where_a_ridge_or_bounds_stay():
    X, y = data(4, p=4)
    for penalty in (L0(ridge=0.1), L0(upper=1.0)):
        with pytest.raises(ValueError, match="alpha = 0 has no certificate under"):
            lz.path(X, y, penalty=penalty, alphas=[0.1, 0.0])
        with pytest.raises(ValueError, match="alpha = 0 has no certificate under"):
            lz.path(X, y, penalty=penalty).at(0.0)
        assert not lz.path(X, np.ones(40), penalty=penalty).coefs.nnz


def run(*arguments):
    return main([*map(str, arguments)])


@pytest.fixture
def table(tmp_path):
    X, y = data(2, n=60, p=6)
    names = ["dose", "age", "size", "rate", "mass", "time"]
    frame = pl.DataFrame(dict(zip(names, X.T, strict=True))).with_columns(y=pl.Series(y))
    frame.write_csv(tmp_path / "data.csv")
    return tmp_path / "data.csv"


def test_command_line(table, tmp_path, capsys):
    model = tmp_path / "model.json"
    assert run("fit", table, "--target", "y", "--penalty", "l0", "--radius", 2, "-o", model) == 0
    screen = capsys.readouterr().out
    assert "best subset of at most 2 features" in screen
    assert "proved best" in screen
    assert "in place of" in screen
    assert "nan" not in screen
    kept = lz.load(model)
    zero = kept.feature_names[int(np.flatnonzero(kept.coefs.toarray()[:, 0] == 0)[0])]
    for more in ((), ("--data", table)):
        assert run("why", model, zero, *more) == 0
        assert "needs a place" in " ".join(capsys.readouterr().out.split())
    assert run("predict", model, table) == 0
    assert run("report", model, table, "-o", tmp_path / "page.html") == 0
    capsys.readouterr()
    assert run("fit", table, "--target", "y", "--penalty", "l0:0.1", "--radius", 2, "--prove", "--json") == 0
    record = capsys.readouterr().out
    assert '"size": 2' in record
    assert '"alpha": null' in record
    assert '"penalty_parameters": {"ridge": 0.1}' in record


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--penalty", "l0", "--radius", 2.5), "whole number of features"),
        (("--penalty", "l0", "--radius", -1), "whole number of features"),
        (("--penalty", "l0", "--radius", 2, "--positive"), "without bounds; got positive"),
        (("--penalty", "l1", "--radius", 2, "--select", "min"), "leaves nothing to choose"),
        (("--penalty", "l1", "--radius", 2, "--cv", 5), "leaves nothing to choose"),
        (
            (
                "--penalty",
                "mcp:abc",
            ),
            "gamma must be above 1 and finite; got 'abc'",
        ),
        (("--penalty", "l1", "--radius", 2, "--prove"), "best subsets are proved"),
        (("--penalty", "l0", "--prove"), "--radius FEATURES"),
    ],
)
def test_command_line_refusals(table, capsys, options, message):
    assert run("fit", table, "--target", "y", *options) == 2
    assert message in " ".join(capsys.readouterr().err.split())
