"""Stability selection: halves, counts, the bound and what it promises."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lozenge as lz
from lozenge import splits, stability
from lozenge.shards import TRAIN
from lozenge.tails import heaviest


def data(n=80, p=12, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X[:, :3] @ [1.0, -0.8, 0.6] + noise * rng.normal(size=n), rng


# ------------------------------------------------------------------------------------------- halves
@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(4, 41), pairs=st.integers(1, 4), seed=st.integers(0, 9), kinds=st.booleans(), grouped=st.booleans()
)
def test_halves_come_in_pairs_without_a_row_in_common(n, pairs, seed, kinds, grouped):
    kind = np.arange(n) % 2 if kinds else None
    groups = np.arange(n) // 3 if grouped else None
    table = splits.halves(n, pairs, kind, groups, seed)
    assert table.shape == (n, 2 * pairs)
    for k in range(pairs):
        first, second = (np.flatnonzero(table[:, j] == TRAIN) for j in (2 * k, 2 * k + 1))
        assert not set(first) & set(second)
        if grouped:
            assert not set(groups[first]) & set(groups[second])
        else:
            assert len(first) == len(second) == n // 2
            if kinds:
                assert abs(kind[first].sum() - kind[second].sum()) <= 1


@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson"])
def test_counts_are_those_of_fits_to_the_halves_one_by_one(loss):
    X, eta, rng = data()
    y = {
        "squared": eta,
        "logistic": (rng.uniform(size=80) < 1 / (1 + np.exp(-2 * eta))).astype(int),
        "poisson": rng.poisson(np.exp(0.4 * eta)),
    }[loss]
    w = rng.uniform(0.5, 2.0, size=80)
    fit = lz.path(X, y, loss=loss, sample_weight=w, n_alphas=30, tol=1e-9)
    found = fit.stability(10, alpha=0.3 * fit.model.alpha_max, seed=4)
    kinds = np.unique(y, return_inverse=True)[1] if loss == "logistic" else None
    table, counts = splits.halves(80, 5, kinds, None, 4), np.zeros((12, len(found.alphas)), dtype=int)
    for column in table.T:
        on = column == TRAIN
        one = lz.path(X[on], y[on], loss=loss, sample_weight=w[on], alphas=found.alphas, tol=1e-9)
        counts += one.coefs.toarray() != 0
    np.testing.assert_array_equal(found.kept, counts)
    assert found.mean_kept == counts[:, -1].sum() / 10
    assert found.uncertified == 0


def test_tall_rows_that_are_summed_up_first_count_the_same():
    X, y, _ = data(n=4_000, p=6, noise=20.0)
    fit = lz.path(X, y)
    found = fit.stability(20, alpha=0.4)
    table, counts = splits.halves(4_000, 10, None, None, 0), np.zeros(6, dtype=int)
    for column in table.T:
        counts += lz.path(X[column == TRAIN], y[column == TRAIN], alphas=[0.4]).coefs.toarray()[:, 0] != 0
    np.testing.assert_array_equal(found.kept[:, -1], counts)


def test_a_column_that_is_never_penalised_is_not_counted():
    X, y, _ = data()
    found = lz.path(X, y, penalty_weights=[0] + [1] * 11).stability(4, alpha=0.1)
    assert found.kept[0, -1] == 0
    assert found.kept[1, -1] == 4


# ------------------------------------------------------------------------------------------- the bound
def largest_by_search(mean, count, r, t, rng):
    """The largest P(Y ≥ t) among r-concave distributions with that mean, by Nelder-Mead on f^r, which is convex."""
    from scipy.optimize import minimize

    best = 0.0
    for k in range(1, count + 1):
        i = np.arange(k + 1)

        def pmf(z, i=i, k=k):
            bend = np.concatenate([[0.0, 0.0], np.cumsum(np.cumsum(np.exp(z[2:])))])[: k + 1]
            line = np.exp(z[0]) + z[1] * i + bend
            return None if (line <= 0).any() else line ** (1 / r) / np.sum(line ** (1 / r))

        def loss(z, i=i, pmf=pmf):
            f = pmf(z)
            return 1.0 if f is None else 100.0 * max(0.0, f @ i - mean * count) - f[t:].sum()

        for _ in range(6):
            start = np.append(rng.normal(size=2), rng.normal(size=max(k - 1, 0)) - 3.0)
            best = max(best, -minimize(loss, start, method="Nelder-Mead", options={"maxfev": 4_000}).fun)
    return best


@pytest.mark.parametrize(("mean", "count", "r"), [(0.08, 5, -0.5), (0.08, 5, -0.25)])
def test_the_heaviest_tail_is_what_a_search_comes_up_to(mean, count, r):
    rng = np.random.default_rng(0)
    bound = heaviest(mean, count, r)
    for t in (2, 3, 5):
        searched = largest_by_search(mean, count, r, t, rng)
        assert searched <= bound[t] * (1 + 1e-6)
        assert searched >= 0.93 * bound[t]


@settings(max_examples=200, deadline=None)
@given(
    count=st.integers(2, 40),
    r=st.sampled_from([-0.5, -0.25]),
    a=st.floats(0.01, 50),
    bends=st.lists(st.floats(0, 3), min_size=0, max_size=40),
    end=st.integers(1, 40),
)
def test_no_r_concave_distribution_has_a_heavier_tail(count, r, a, bends, end):
    k = min(end, count)
    second = np.zeros(k + 1)
    second[: len(bends)][: k + 1] = bends[: k + 1]
    line = a + np.cumsum(np.cumsum(second)) + 0.01 * np.arange(k + 1)  # convex
    f = line ** (1 / r)
    f /= f.sum()
    mean = float(f @ np.arange(k + 1)) / count
    bound = heaviest(mean, count, r)
    tail = np.append(np.cumsum(f[::-1])[::-1], np.zeros(count - k))
    assert (tail <= np.array(bound) + 1e-9).all()


def test_the_bound_falls_with_the_cutoff_and_is_below_the_one_without_assumption():
    bounds = [stability.bound(10.0, 200, 100, tau) for tau in (0.55, 0.6, 0.7, 0.8, 0.9, 1.0)]
    assert all(a >= b for a, b in itertools.pairwise(bounds))
    assert all(b <= 100.0 / ((2 * t - 1) * 200) for b, t in zip(bounds, (0.55, 0.6, 0.7, 0.8, 0.9, 1.0), strict=True))


def test_an_assumption_never_makes_the_promise_worse():
    for mean, p, n, tau in ((6.6, 9, 50, 1.0), (6.6, 9, 50, 0.6), (1.0, 2, 2, 1.0), (3.0, 1_000, 100, 0.55)):
        worst = min(mean * mean / ((2 * tau - 1) * p), mean / tau)
        assert stability.bound(mean, p, n, tau) <= worst


def test_the_cutoff_is_the_smallest_that_keeps_the_promise():
    X, y, _ = data(p=40)
    fit = lz.path(X, y)
    found = fit.stability(20, alpha=0.2, errors=0.5)
    assert found.errors <= 0.5
    below = found.cutoff - 1 / 20
    assert below <= 0.5 or stability.bound(found.mean_kept, 40, 20, below) > 0.5
    asked = fit.stability(20, alpha=0.2, cutoff=0.75)
    assert asked.cutoff == 0.75
    np.testing.assert_array_equal(np.sort(asked.stable), np.flatnonzero(asked.share >= 0.75))


@pytest.mark.slow
@pytest.mark.parametrize("rho", [0.0, 0.7])
def test_the_expected_number_of_rarely_kept_features_among_the_stable_is_within_the_bound(rho):
    """E|stable ∩ {kept by a half with a chance of at most q/p}| over 100 draws, with the chances from these draws."""
    n, p, draws, tau = 100, 100, 100, 0.6
    chol = np.linalg.cholesky(rho ** np.abs(np.subtract.outer(np.arange(p), np.arange(p))))
    shares, selected, q = [], [], []
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(n, p)) @ chol.T
        y = X[:, ::20] @ np.array([1.0, -0.8, 0.6, 0.4, 0.2]) + rng.normal(size=n)
        found = lz.path(X, y, alphas=[0.25]).stability(50, cutoff=tau, seed=seed)
        shares.append(found.share)
        selected.append(np.isin(np.arange(p), found.stable))
        q.append(found.mean_kept)
    mean = float(np.mean(q))
    rare = np.mean(shares, axis=0) <= mean / p
    counts = np.array(selected)[:, rare].sum(axis=1)
    error = counts.std(ddof=1) / np.sqrt(draws)
    assert rare.sum() > 50
    assert counts.mean() <= stability.bound(mean, p, 50, tau) + 2 * error
    assert counts.mean() <= mean**2 / ((2 * tau - 1) * p)


# ------------------------------------------------------------------------------------------- agreement
def test_agreement_is_1_where_all_keep_the_same_and_about_0_by_chance():
    same = np.zeros((30, 1), dtype=np.intp)
    same[:7] = 40
    assert stability.agreement(same, 40, 30)[0] == 1.0
    rng = np.random.default_rng(0)
    chance = np.array([rng.permutation(30) < 7 for _ in range(4_000)]).sum(axis=0, dtype=np.intp)[:, None]
    assert abs(stability.agreement(chance, 4_000, 30)[0]) < 0.01
    assert np.isnan(stability.agreement(np.zeros((30, 1), dtype=np.intp), 40, 30)[0])


def test_agreement_is_nogueiras_formula_by_hand():
    rng = np.random.default_rng(1)
    Z = rng.uniform(size=(12, 9)) < 0.4
    M, p = Z.shape
    s2 = M / (M - 1) * Z.mean(axis=0) * (1 - Z.mean(axis=0))
    k = Z.sum(axis=1).mean()
    assert stability.agreement(Z.sum(axis=0)[:, None], M, p)[0] == pytest.approx(1 - s2.mean() / (k / p * (1 - k / p)))


def test_the_stable_rule_goes_down_as_far_as_halves_agree():
    X, y, _ = data(n=400, p=30, noise=2.0)
    fit = lz.path(X, y, n_alphas=40)
    k = stability.steady(fit)
    found = fit.stability(50, alpha=float(fit.alphas[k]))
    below = fit.stability(50, alpha=float(fit.alphas[k + 1]))
    assert found.agreement[-1] >= 0.75 > below.agreement[-1]
    assert fit.best("stable").alpha == fit.alphas[k]
    assert fit.choose("stable").rule == "stable"


def test_a_penalty_that_removes_nothing_has_no_stable_rule():
    X, y, _ = data()
    with pytest.raises(ValueError, match="as l2 does"):
        lz.path(X, y, penalty="l2").best("stable")


# ------------------------------------------------------------------------------------------- what is said
def test_features_that_stand_in_for_one_another_are_counted_together():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 6))
    X[:, 1] = X[:, 0] + 0.3 * rng.normal(size=100)
    y = X[:, 0] + X[:, 1] + 3 * rng.normal(size=100)
    names = ["left shoe", "right shoe", "c", "d", "e", "f"]
    found = lz.path(X, y, feature_names=names).stability(60, alpha=0.8)
    (pair,) = [cluster for cluster in found.clusters if "left shoe" in cluster.features]
    assert set(pair.features) == {"left shoe", "right shoe"}
    assert pair.kept > max(found.kept[:2, -1])
    assert "left shoe, right shoe" in str(found).replace("right shoe, left shoe", "left shoe, right shoe")


def test_reasons_the_file_and_the_table_say_how_often(tmp_path):
    X, y, _ = data()
    fit = lz.path(X, y, feature_names=[f"f{j}" for j in range(12)], cv=5)
    assert fit.why("f0").halves is None
    found = fit.stability(20)
    kept = int(found.kept[0, -1])
    assert fit.why("f0").halves == (kept, 20)
    assert f"Fitted to halves of the rows, it is kept in {kept} of 20." in str(fit.why("f0"))
    assert fit.why("f0", float(fit.alphas[-1])).halves is None
    frame = found.to_frame()
    assert frame.columns == ["feature", "halves", "share", "stable"]
    assert frame.height == np.count_nonzero(found.kept[:, -1])
    fit.save(tmp_path / "m.json")
    again = lz.load(tmp_path / "m.json")
    assert again.why("f0").halves == (kept, 20)
    np.testing.assert_array_equal(again.halves.kept, found.kept)
    assert repr(again.halves) == repr(found)
    assert again.halves.clusters == found.clusters


def test_the_picture_names_the_stable():
    X, y, _ = data()
    fit = lz.path(X, y, feature_names=[f"f{j}" for j in range(12)])
    found = fit.stability(20, alpha=0.2)
    texts = {text.get_text() for text in found.plot().texts}
    assert {f"f{j}" for j in found.stable} <= texts


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"n": 7}, "even whole number of halves"),
        ({"n": 0}, "even whole number of halves"),
        ({"cutoff": 0.5}, "above 0.5"),
        ({"errors": 0.0}, "errors must be above 0"),
        ({"alpha": 0.0}, "an alpha above 0"),
        ({"groups": np.zeros(80)}, "two groups or more"),
    ],
)
def test_what_cannot_be_halved_is_refused(options, said):
    X, y, _ = data()
    with pytest.raises(ValueError, match=said):
        lz.path(X, y).stability(**options)


def test_a_class_that_a_half_lacks_is_named():
    X, _, _ = data()
    y = np.array(["rare"] + ["usual"] * 79)
    with pytest.raises(ValueError, match="holds no 'rare'"):
        lz.path(X, y, loss="logistic", alphas=[0.01]).stability(4)
