"""The problems: what is solved, on which data, drawn once from a seed and kept in a cache folder.

    minimise over b:  (1/n) Σ f(yᵢ, ηᵢ) + α (ρ |b|₁ + (1-ρ)/2 |b|²),   η = X b

or, with a penalty of another name, + α Ω(b) (norms.py) or + Σⱼ ω(|bⱼ|), α inside ω (concave.py).

No intercept and no standardisation by any contestant: the columns are standardised here, so that all of them solve
the same problem. For the squared loss y has mean 0 and root mean square 1: glmnet divides the ridge part by that root
mean square, and at 1 every contestant's elastic net is the same.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from scipy.signal import lfilter
from scipy.special import expit

from benchmarks import norms

HERE = Path(__file__).resolve().parent


def cache_folder() -> Path:
    """Where the data are kept: LOZENGE_BENCH_CACHE, else .cache beside this file."""
    return Path(os.environ.get("LOZENGE_BENCH_CACHE", HERE / ".cache"))


@dataclass(frozen=True)
class Penalty:
    """A penalty other than the elastic net's; each has one parameter.

    mcp, scad: γ.  group: columns a group, neighbours.  slope: q of the Benjamini-Hochberg sequence.
    """

    name: str
    parameter: float

    @property
    def convex(self) -> bool:
        """Whether an answer has a duality gap."""
        return self.name in {"group", "slope"}


@dataclass(frozen=True)
class Design:
    """Recipe of (X, y): rho is the correlation of neighbouring columns (AR(1)); None means sparse text counts."""

    n: int
    p: int
    rho: float | None
    kept: int  # non-zeros of the true coefficient vector
    loss: str = "squared"
    seed: int = 0
    block: int = 1  # the true non-zeros come in blocks of so many neighbours

    @property
    def key(self) -> str:
        """Short digest of the recipe."""
        return _digest(_without(repr(self), ", block=1") + RECIPE)


@dataclass(frozen=True)
class Problem:
    """A design and a path on it; folds > 0 asks for the path on every training set as well."""

    name: str
    design: Design
    n_alphas: int
    alpha_min_ratio: float  # with one alpha, that alpha itself over alpha_max
    l1_ratio: float = 1.0
    folds: int = 0
    penalty: Penalty | None = None  # None: the elastic net's, by l1_ratio

    @property
    def kind(self) -> str:
        """Name of the penalty, by which contestants have their files; "" for the elastic net's."""
        return "" if self.penalty is None else self.penalty.name

    @property
    def measure(self) -> str:
        """What an answer is judged by: its relative duality gap; where there is none, its violation of stationarity."""
        return "gap" if self.penalty is None or self.penalty.convex else "violation"

    @property
    def loss(self) -> str:
        """Name of f."""
        return self.design.loss

    @property
    def sparse(self) -> bool:
        """Whether X is sparse (CSC)."""
        return self.design.rho is None

    @property
    def key(self) -> str:
        """Short digest of everything that defines the problem: results of another definition do not count."""
        # Fields that came later do not count at their defaults, so that earlier results stay valid.
        return _digest(_without(repr(asdict(self)), ", 'block': 1", ", 'penalty': None") + RECIPE)


@dataclass(frozen=True)
class Data:
    """What a contestant is given: dense X in Fortran order or CSC, float64; labels is the fold of each row, or None."""

    problem: Problem
    X: np.ndarray | sp.csc_matrix
    y: np.ndarray
    alphas: np.ndarray
    labels: np.ndarray | None

    def training(self) -> list[np.ndarray]:
        """Row numbers of each fold's training set."""
        if self.labels is None:
            return []
        return [np.flatnonzero(self.labels != k) for k in range(self.problem.folds)]


RECIPE = "1"  # raised when a change below changes the numbers drawn

WIDE = Design(1_000, 10_000, 0.5, kept=100, seed=1)
WIDER = Design(500, 100_000, 0.7, kept=50, seed=2)
TALL = Design(100_000, 500, 0.9, kept=50, seed=3)
CORRELATED = Design(800, 8_000, 0.97, kept=80, seed=4)
TEXT = Design(20_000, 73_000, None, kept=300, seed=5)
LOGISTIC_WIDE = Design(1_000, 10_000, 0.5, kept=100, loss="logistic", seed=6)
LOGISTIC_TALL = Design(50_000, 300, 0.5, kept=50, loss="logistic", seed=7)
CV_TALL = Design(10_000, 1_000, 0.5, kept=50, seed=8)
CV_WIDE = Design(500, 20_000, 0.5, kept=50, seed=9)
GROUPED = Design(10_000, 1_000, 0.5, kept=100, seed=10, block=10)
SORTED = Design(1_000, 2_000, 0.5, kept=50, seed=11)

PROBLEMS = {
    problem.name: problem
    for problem in (
        Problem("lasso-wide", WIDE, 100, 0.01),
        Problem("lasso-wider", WIDER, 100, 0.05),
        Problem("lasso-tall", TALL, 100, 0.001),
        Problem("lasso-correlated", CORRELATED, 100, 0.01),
        Problem("lasso-text", TEXT, 50, 0.02),
        Problem("enet-wide", WIDE, 100, 0.01, l1_ratio=0.5),
        Problem("enet-wider", WIDER, 100, 0.05, l1_ratio=0.5),
        Problem("logistic-wide", LOGISTIC_WIDE, 30, 0.05),
        Problem("logistic-tall", LOGISTIC_TALL, 30, 0.001),
        Problem("cv-tall", CV_TALL, 100, 0.001, folds=10),
        Problem("cv-wide", CV_WIDE, 100, 0.05, folds=10),
        Problem("single-wide", WIDE, 1, 0.1),
        Problem("single-text", TEXT, 1, 0.1),
        Problem("mcp-tall", CV_TALL, 100, 0.01, penalty=Penalty("mcp", 3.0)),
        Problem("scad-tall", CV_TALL, 100, 0.01, penalty=Penalty("scad", 3.7)),
        Problem("group-tall", GROUPED, 100, 0.01, penalty=Penalty("group", 10)),
        Problem("slope", SORTED, 100, 0.05, penalty=Penalty("slope", 0.1)),
    )
}


def load(name: str) -> Data:
    """Problem `name` in RAM, drawn and cached first where the cache has it not."""
    problem = PROBLEMS[name]
    folder = cache_folder() / f"{'text' if problem.sparse else 'ar1'}-{problem.design.key}"
    if not (folder / "y.npy").exists():
        _store(folder, *draw(problem.design))
    X = sp.load_npz(folder / "X.npz") if problem.sparse else np.load(folder / "X.npy")
    y = np.load(folder / "y.npy")
    # The grid is stored too: another BLAS sums in another order, and the grid must have the same bits for all.
    grid = folder / f"alphas-{problem.key}.npy"
    if not grid.exists():
        np.save(grid, alpha_grid(problem, X, y))
    labels = None
    if problem.folds:
        labels = np.random.default_rng(problem.design.seed + 1_000).permutation(y.size) % problem.folds
    return Data(problem, X, y, np.load(grid), labels)


def alpha_grid(problem: Problem, X: np.ndarray | sp.csc_matrix, y: np.ndarray) -> np.ndarray:
    """Geometric from the smallest α at which b = 0, or the one α asked for."""
    residual = y - 0.5 if problem.loss == "logistic" else y
    pull = X.T @ residual / y.size
    if problem.penalty is not None and problem.penalty.convex:
        largest = norms.of(problem.penalty, X.shape[1]).dual(pull[:, None])[0]
    else:
        largest = np.abs(pull).max() / problem.l1_ratio
    if problem.n_alphas == 1:
        return np.array([largest * problem.alpha_min_ratio])
    return largest * np.geomspace(1.0, problem.alpha_min_ratio, problem.n_alphas)


def draw(design: Design) -> tuple[np.ndarray | sp.csc_matrix, np.ndarray]:
    """(X, y) with a sparse truth and a signal-to-noise ratio of 3."""
    rng = np.random.default_rng(design.seed)
    X = _text(rng, design.n, design.p) if design.rho is None else _ar1(rng, design.n, design.p, design.rho)
    # Columns in at least 20 rows: a truth on words that occur once would be noise.
    frequent = np.flatnonzero(np.diff(X.indptr) >= 20) if sp.issparse(X) else np.arange(design.p)
    truth = np.zeros(design.p)
    weights = rng.standard_normal(design.kept)
    blocks = rng.choice(frequent[:: design.block], design.kept // design.block, replace=False)
    truth[np.add.outer(blocks, np.arange(design.block)).ravel()] = weights
    eta = X @ truth
    eta = (eta - eta.mean()) / eta.std()
    if design.loss == "logistic":
        # The logistic distribution has variance π²/3, so a ratio of 3 is a standard deviation of π.
        return X, (rng.random(design.n) < expit(np.pi * eta)).astype(np.float64)
    y = eta + rng.standard_normal(design.n) / np.sqrt(3.0)
    y -= y.mean()
    return X, y / np.sqrt(np.mean(y**2))


def _ar1(rng: np.random.Generator, n: int, p: int, rho: float) -> np.ndarray:
    noise = rng.standard_normal((n, p))
    noise[:, 1:] *= np.sqrt(1.0 - rho**2)  # the first column starts in the stationary law
    X = np.asfortranarray(lfilter([1.0], [1.0, -rho], noise, axis=1))
    X -= X.mean(axis=0)
    X /= np.sqrt(np.mean(X**2, axis=0))
    return X


def _text(rng: np.random.Generator, n: int, p: int, words: int = 75) -> sp.csc_matrix:
    # Word k of the vocabulary has probability ∝ 1/(k + 10): Zipf with its head flattened, as after stop words are cut.
    law = np.cumsum(1.0 / (np.arange(p) + 11.0))
    cols = np.searchsorted(law / law[-1], rng.random(n * words))
    rows = np.repeat(np.arange(n), words)
    # One more token of every word, so that no column is empty.
    rows = np.concatenate([rows, rng.integers(n, size=p)])
    cols = np.concatenate([cols, np.arange(p)])
    X = sp.csc_matrix((np.ones(rows.size), (rows, cols)), shape=(n, p))
    X.sum_duplicates()
    X.data = 1.0 + np.log(X.data)
    scale = np.sqrt(np.add.reduceat(X.data**2, X.indptr[:-1]) / n)
    X.data /= np.repeat(scale, np.diff(X.indptr))
    shuffle = rng.permutation(p)  # columns by frequency would favour solvers that walk from the left
    return X[:, shuffle].tocsc()


def _store(folder: Path, X: np.ndarray | sp.csc_matrix, y: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if sp.issparse(X):
        sp.save_npz(folder / "X.npz", X, compressed=False)
    else:
        np.save(folder / "X.npy", X)
    np.save(folder / "y.npy", y)  # last: its presence says that the folder is whole


def _without(text: str, *parts: str) -> str:
    for part in parts:
        text = text.replace(part, "")
    return text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]
