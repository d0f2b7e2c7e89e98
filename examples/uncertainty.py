"""How often intervals cover and how many selections are false: the figures of docs/uncertainty.md.

python examples/uncertainty.py desparsified|knockoffs|polyhedral [DRAWS]
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import expit, ndtri

import lozenge as lz
from lozenge.inference import intervals, knockoffs, selected

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SEED = 0
Z = float(ndtri(0.975))


class Share(NamedTuple):
    """A mean over draws, and its Monte-Carlo error."""

    mean: float
    error: float

    def __str__(self) -> str:
        return f"{100 * self.mean:.1f} ± {100 * self.error:.1f} %"


def share(values: list[float]) -> Share:
    """Mean of one figure per draw, which are independent."""
    return Share(float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values))))


def neighbours(p: int, rho: float) -> Floats:
    """Correlations ρ^|i - j|."""
    places = np.arange(p)
    return rho ** np.abs(places[:, None] - places)


def alike(p: int, rho: float) -> Floats:
    """Correlations ρ of every pair."""
    return np.full((p, p), rho) + (1.0 - rho) * np.eye(p)


def spread(p: int, count: int, size: float) -> Floats:
    """Weights of one size and alternating signs, far from one another, and zeros."""
    b = np.zeros(p)
    b[np.linspace(0, p - 1, count).astype(int)] = size * (-1.0) ** np.arange(count)
    return b


# ------------------------------------------------------------------------------------------- desparsified
class Coverage(NamedTuple):
    """Of the weights that are not zero, and of those that are, with the mean of the median width."""

    kept: Share
    zero: Share
    width: float

    def __str__(self) -> str:
        return f"{self.kept} | {self.zero} | {self.width:.2f}"


def coverage(n: int, R: Floats, b: Floats, draws: int, *, loss: str = "squared") -> dict[str, Coverage]:
    """Of 95 % intervals around the lasso at both choices of a 5-fold cross-validation."""
    rng, root, true = np.random.default_rng(SEED), np.linalg.cholesky(R), b != 0.0
    figures: dict[str, list[tuple[float, float, float]]] = {"min": [], "1se": []}
    for _ in range(draws):
        X = rng.standard_normal((n, len(b))) @ root.T
        eta = X @ b
        y = eta + rng.standard_normal(n) if loss == "squared" else (rng.random(n) < expit(eta)).astype(int)
        path = lz.path(X, y, loss=loss, cv=5, n_alphas=30, alpha_min_ratio=0.02)
        for rule, place in (("min", path.cv.index_min), ("1se", path.cv.index_1se)):
            found = intervals(path, alpha=path.cv.alphas[place])
            covers = (found.low <= b) & (b <= found.high)
            width = float(np.median(found.high - found.low))
            figures[rule].append((float(covers[true].mean()), float(covers[~true].mean()), width))
    return {
        rule: Coverage(share([k for k, _, _ in seen]), share([z for _, z, _ in seen]), float(np.mean(seen, axis=0)[2]))
        for rule, seen in figures.items()
    }


def desparsified(draws: int) -> None:
    """Where the theory holds, and where it does not; of the last two, which take longer, a third of the draws."""
    mixed = np.zeros(100)
    mixed[[0, 17, 34, 51, 68]] = [1.0, -1.0, 0.5, 0.5, -0.5]
    wide, third = np.append(mixed, np.zeros(200)), draws // 3
    for name, n, R, b, loss, count in (
        ("linear, n = 200, p = 100, 5 not zero", 200, neighbours(100, 0.5), mixed, "squared", draws),
        ("linear, n = 200, p = 300, 5 not zero", 200, neighbours(300, 0.5), wide, "squared", draws),
        ("dense: n = 200, p = 300, 100 not zero", 200, neighbours(300, 0.5), spread(300, 100, 0.5), "squared", draws),
        ("alike: n = 60, p = 120, 10 not zero", 60, alike(120, 0.9), spread(120, 10, 1.0), "squared", third),
        ("logistic, n = 600, p = 100, 5 not zero", 600, neighbours(100, 0.3), mixed, "logistic", third),
    ):
        for rule, figures in coverage(n, R, b, count, loss=loss).items():
            print(f"| {name} | {rule} | {figures} |", flush=True)


# ------------------------------------------------------------------------------------------- knockoffs
def discoveries(
    rows: Callable[[np.random.Generator, int], Floats],
    b: Floats,
    draws: int,
    *,
    fdr: float,
    covariance: Floats | None,
    noise: Callable[[np.random.Generator, int], Floats] | None = None,
    n: int = 300,
) -> tuple[Share, Share]:
    """Shares of false ones among the selected, and of the true ones that are selected."""
    rng, false, power = np.random.default_rng(SEED), [], []
    mean = None if covariance is None else np.zeros(len(b))
    for draw in range(draws):
        X = rows(rng, n)
        y = X @ b + (rng.standard_normal(n) if noise is None else noise(rng, n)[:, 0])
        found = knockoffs(
            X, y, fdr=fdr, covariance=covariance, mean=mean, seed=draw, n_alphas=30, alpha_min_ratio=0.001
        )
        wrong = int(np.count_nonzero(b[found.selected] == 0.0))
        false.append(wrong / max(1, len(found.selected)))
        power.append((len(found.selected) - wrong) / int(np.count_nonzero(b)))
    return share(false), share(power)


def in_time(rng: np.random.Generator, n: int, columns: int) -> Floats:
    """Standard normal columns, each row 0.9 of the last one and something new."""
    X = rng.standard_normal((n, columns))
    for i in range(1, n):
        X[i] = 0.9 * X[i - 1] + np.sqrt(1.0 - 0.81) * X[i]
    return X


def selections(draws: int) -> None:
    """With the covariance known, estimated and wrong, and with rows that are not independent or not normal."""
    p = 100
    b, same = spread(p, 25, 0.3), np.abs(spread(p, 25, 0.5))
    R, strong = neighbours(p, 0.5), neighbours(p, 0.8)
    root, firm = np.linalg.cholesky(R), np.linalg.cholesky(strong)

    def normal(rng: np.random.Generator, n: int) -> Floats:
        return rng.standard_normal((n, p)) @ root.T

    def close(rng: np.random.Generator, n: int) -> Floats:
        return rng.standard_normal((n, p)) @ firm.T

    def heavy(rng: np.random.Generator, n: int) -> Floats:
        return normal(rng, n) / np.sqrt(rng.chisquare(3, n))[:, None]  # variance 1: 3/(3 - 2) over 3

    for name, told in (
        ("known covariance", discoveries(normal, b, draws, fdr=0.1, covariance=R)),
        ("known covariance, rate 0.2", discoveries(normal, b, draws, fdr=0.2, covariance=R)),
        ("estimated, n = 300", discoveries(normal, b, draws, fdr=0.1, covariance=None)),
        ("estimated, n = 120", discoveries(normal, 2.0 * b, draws, fdr=0.1, covariance=None, n=120)),
        ("rows of a t with 3 degrees of freedom", discoveries(heavy, b, draws, fdr=0.1, covariance=R)),
        ("correlation 0.8, known", discoveries(close, same, draws // 2, fdr=0.1, covariance=strong)),
        ("correlation 0.8, claimed 0", discoveries(close, same, draws // 2, fdr=0.1, covariance=np.eye(p))),
        (
            "rows that follow one another in time",
            discoveries(
                lambda rng, n: in_time(rng, n, p),
                b,
                draws // 2,
                fdr=0.1,
                covariance=np.eye(p),
                noise=lambda rng, n: in_time(rng, n, 1),
            ),
        ),
    ):
        print(f"| {name} | {told[0]} | {told[1]} |", flush=True)


# ------------------------------------------------------------------------------------------- polyhedral
def after(n: int, b: Floats, draws: int, *, sigma: float, rule: str | float) -> tuple[Share, Share, int]:
    """Coverage of the selected model's weights, of the plain intervals beside them, and in how many draws.

    σ is 1; ``sigma`` is what is claimed.  Draws where nothing is kept have nothing to cover.
    """
    rng, p = np.random.default_rng(SEED), len(b)
    X = rng.standard_normal((n, p)) @ np.linalg.cholesky(neighbours(p, 0.3)).T
    mean, exact, plain = X @ b, [], []
    for _ in range(draws):
        y = mean + rng.standard_normal(n)
        alpha = rule if isinstance(rule, float) else chosen(X, y, rule)
        found = selected(lz.path(X, y, alphas=[alpha]), alpha=alpha, sigma=sigma)
        if not len(found.weight):
            continue
        centred = X - X.mean(axis=0)
        kept = [int(name[1:]) for name in found.feature_names]
        target = np.linalg.lstsq(centred[:, kept], mean - mean.mean(), rcond=None)[0]
        exact.append(float(np.mean((found.low <= target) & (target <= found.high))))
        plain.append(float(np.mean(np.abs(found.weight - target) <= Z * found.se)))
    return share(exact), share(plain), len(exact)


def chosen(X: Floats, y: Floats, rule: str) -> float:
    """An α that y has a say in."""
    if rule == "tried":
        path = lz.path(X, y, n_alphas=20, alpha_min_ratio=0.3)
        told = [selected(path, alpha=alpha, sigma=1.0) for alpha in path.alphas[1:]]
        return min(told, key=lambda one: np.mean((one.low <= 0.0) & (one.high >= 0.0)) if len(one.low) else 2.0).alpha
    path = lz.path(X, y, cv=5, n_alphas=30, alpha_min_ratio=0.01)
    return float(path.cv.alphas[path.cv.index_min])


def polyhedral(draws: int) -> None:
    """With α and σ known, chosen by y, and wrong."""
    n, p = 100, 50
    b, nothing = spread(p, 5, 0.4), np.zeros(p)
    fixed = 0.6 * float(np.sqrt(2.0 * np.log(p) / n))
    for name, weights, sigma, rule in (
        ("alpha fixed, sigma known", b, 1.0, fixed),
        ("the same, all true weights zero", nothing, 1.0, fixed),
        ("alpha by cross-validation", b, 1.0, "min"),
        ("the same, all true weights zero", nothing, 1.0, "min"),
        ("the best looking of 19 alphas, all true weights zero", nothing, 1.0, "tried"),
        ("sigma claimed 0.8, and is 1", b, 0.8, fixed),
        ("sigma claimed 0.5, and is 1", b, 0.5, fixed),
    ):
        exact, plain, count = after(n, weights, draws, sigma=sigma, rule=rule)
        print(f"| {name} | {exact} | {plain} | {count} |", flush=True)


STUDIES = {"desparsified": desparsified, "knockoffs": selections, "polyhedral": polyhedral}

if __name__ == "__main__":
    STUDIES[sys.argv[1]](int(sys.argv[2]) if len(sys.argv) > 2 else 500)
