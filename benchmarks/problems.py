"""The problems: what is solved, on which data, drawn once from a seed and kept in a cache folder.

    minimise over b:  (1/n) Σ f(yᵢ, ηᵢ) + α (ρ |b|₁ + (1-ρ)/2 |b|²),   η = X b

or, with a penalty of another name, + α Ω(b) (norms.py) or + Σⱼ ω(|bⱼ|), α inside ω (concave.py).

No standardisation by any contestant: the columns are standardised here, so that all of them solve the same problem; but
those of 0 and 1 stay as they are. For the squared and the logistic loss there is no intercept, and for the squared loss
y has mean 0 and root mean square 1: glmnet divides the ridge part by that root mean square, and at 1 every contestant's
elastic net is the same. The losses of losses.py have an intercept, but for Cox's.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from scipy.signal import lfilter

from benchmarks import losses, norms
from benchmarks.responses import respond

HERE = Path(__file__).resolve().parent


def cache_folder() -> Path:
    """Where the data are kept: LOZENGE_BENCH_CACHE, else .cache beside this file."""
    return Path(os.environ.get("LOZENGE_BENCH_CACHE", HERE / ".cache"))


@dataclass(frozen=True)
class Penalty:
    """A penalty other than the elastic net's; each has one parameter.

    mcp, scad: γ.  group: columns a group, neighbours.  slope: q of the Benjamini-Hochberg sequence.
    rows: weight of |(bⱼ₁, ..., bⱼ_q)|₂, which takes the coefficients of a column for all classes together.
    """

    name: str
    parameter: float

    @property
    def convex(self) -> bool:
        """Whether an answer has a duality gap."""
        return self.name in {"group", "slope", "rows"}


@dataclass(frozen=True)
class Design:
    """Recipe of (X, y): rho is the correlation of neighbouring columns (AR(1)); None means sparse text counts.

    levels: those of the categorical variables, whose columns of 0 and 1 come after the p - Σ levels others.
    """

    n: int
    p: int
    rho: float | None
    kept: int  # non-zeros of the true coefficient vector
    loss: str = "squared"  # by which y is drawn; "claims" are rare counts, for the Poisson loss
    seed: int = 0
    block: int = 1  # the true non-zeros come in blocks of so many neighbours
    classes: int = 1  # of a multinomial y; each has a coefficient vector of its own
    levels: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """Short digest of the recipe."""
        return _digest(_without(repr(self), ", block=1", ", classes=1", ", levels=()") + RECIPE)

    @property
    def columns(self) -> Design:
        """The recipe of X alone, which designs with levels share: theirs are large."""
        return replace(self, loss="squared", kept=0) if self.levels else self


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
    intercept: bool = False

    @property
    def kind(self) -> str:
        """Names of loss and penalty, by which contestants have their files.

        "" stands for the elastic net's penalty, and for the squared and the logistic loss but with folds.
        """
        if self.loss == "logistic" and self.folds:
            return "logistic-crossed"
        names = [self.loss] if self.loss in losses.NAMES else []
        return "-".join(names + ([] if self.penalty is None else [self.penalty.name]))

    @property
    def outputs(self) -> int:
        """Predictors a row."""
        return self.design.classes

    @property
    def rows(self) -> bool:
        """Whether the penalty takes the coefficients of a column for all classes together."""
        return self.penalty is not None and self.penalty.name == "rows"

    @property
    def measure(self) -> str:
        """What an answer is judged by: its relative duality gap; where there is none, its violation of stationarity."""
        return "gap" if self.penalty is None or self.penalty.convex else "violation"

    @property
    def loss(self) -> str:
        """Name of f."""
        return "poisson" if self.design.loss == "claims" else self.design.loss

    @property
    def sparse(self) -> bool:
        """Whether X is sparse (CSC)."""
        return self.design.rho is None

    @property
    def key(self) -> str:
        """Short digest of everything that defines the problem: results of another definition do not count."""
        # Fields that came later do not count at their defaults, so that earlier results stay valid.
        later = ", 'block': 1", ", 'classes': 1", ", 'levels': ()", ", 'penalty': None", ", 'intercept': False"
        return _digest(_without(repr(asdict(self)), *later) + RECIPE)


@dataclass(frozen=True)
class Data:
    """What a contestant is given: dense X in Fortran order or CSC, float64; labels is the fold of each row, or None.

    y (n,) holds numbers, for a multinomial loss those of the classes from 0 on; (n, 2) of time and event for Cox's.
    """

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
CV_LOGISTIC_TALL = Design(5_000, 500, 0.5, kept=50, loss="logistic", seed=30)
CV_LOGISTIC_WIDE = Design(500, 10_000, 0.5, kept=50, loss="logistic", seed=31)
GROUPED = Design(10_000, 1_000, 0.5, kept=100, seed=10, block=10)
SORTED = Design(1_000, 2_000, 0.5, kept=50, seed=11)
POISSON_TALL = Design(10_000, 1_000, 0.5, kept=50, loss="poisson", seed=12)
POISSON_WIDE = Design(1_000, 10_000, 0.5, kept=50, loss="poisson", seed=13)
CLASSES_TALL = Design(10_000, 1_000, 0.5, kept=30, loss="multinomial", seed=14, classes=4)
CLASSES_WIDE = Design(1_000, 10_000, 0.5, kept=30, loss="multinomial", seed=15, classes=4)
COX_TALL = Design(5_000, 2_000, 0.5, kept=50, loss="cox", seed=16)
# Forty numbers of each insured, and thirteen categorical variables with 260 levels in all.
LEVELS = (2, 2, 3, 4, 5, 7, 9, 12, 16, 25, 35, 50, 90)
CLAIMS = Design(600_000, 300, 0.5, kept=100, loss="claims", seed=17, levels=LEVELS)
SEVERITIES = replace(CLAIMS, loss="gamma")
PREMIUMS = replace(CLAIMS, loss="tweedie")

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
        Problem("cv-logistic-tall", CV_LOGISTIC_TALL, 10, 1e-4, folds=10),
        Problem("cv-logistic-wide", CV_LOGISTIC_WIDE, 10, 1e-3, folds=10),
        Problem("single-wide", WIDE, 1, 0.1),
        Problem("single-text", TEXT, 1, 0.1),
        Problem("mcp-tall", CV_TALL, 100, 0.01, penalty=Penalty("mcp", 3.0)),
        Problem("scad-tall", CV_TALL, 100, 0.01, penalty=Penalty("scad", 3.7)),
        Problem("group-tall", GROUPED, 100, 0.01, penalty=Penalty("group", 10)),
        Problem("slope", SORTED, 100, 0.05, penalty=Penalty("slope", 0.1)),
        Problem("poisson-tall", POISSON_TALL, 100, 0.01, intercept=True),
        Problem("poisson-wide", POISSON_WIDE, 100, 0.05, intercept=True),
        Problem("multinomial-tall", CLASSES_TALL, 100, 0.03, intercept=True),
        Problem("multinomial-wide", CLASSES_WIDE, 100, 0.1, intercept=True),
        Problem("multinomial-rows-tall", CLASSES_TALL, 100, 0.1, penalty=Penalty("rows", 1.0), intercept=True),
        Problem("multinomial-rows-wide", CLASSES_WIDE, 100, 0.2, penalty=Penalty("rows", 1.0), intercept=True),
        Problem("cox-tall", COX_TALL, 100, 0.05),
        Problem("insurance-poisson", CLAIMS, 1, 0.003, l1_ratio=0.5, intercept=True),
        Problem("insurance-gamma", SEVERITIES, 1, 0.003, l1_ratio=0.5, intercept=True),
        Problem("insurance-tweedie", PREMIUMS, 1, 0.003, l1_ratio=0.5, intercept=True),
    )
}

# A tenth of the insured, for a quick look: only where they are asked for by name.
SMALL = {
    f"{name}-small": replace(problem, name=f"{name}-small", design=replace(problem.design, n=problem.design.n // 10))
    for name, problem in PROBLEMS.items()
    if problem.design.levels
}


def named(name: str) -> Problem:
    """Problem `name`, the small ones included."""
    return (PROBLEMS | SMALL)[name]


def load(name: str) -> Data:
    """Problem `name` in RAM, drawn and cached first where the cache has it not."""
    problem = named(name)
    X, y = _cached(problem.design)
    # The grid is stored too: another BLAS sums in another order, and the grid must have the same bits for all.
    grid = _folder(problem.design) / f"alphas-{problem.key}.npy"
    if not grid.exists():
        np.save(grid, alpha_grid(problem, X, y))
    labels = None
    if problem.folds:
        labels = np.random.default_rng(problem.design.seed + 1_000).permutation(y.size) % problem.folds
    return Data(problem, X, y, np.load(grid), labels)


def alpha_grid(problem: Problem, X: np.ndarray | sp.csc_matrix, y: np.ndarray) -> np.ndarray:
    """Geometric from the smallest α at which b = 0, or the one α asked for."""
    largest = _largest_alpha(problem, X, y)
    if problem.n_alphas == 1:
        return np.array([largest * problem.alpha_min_ratio])
    return largest * np.geomspace(1.0, problem.alpha_min_ratio, problem.n_alphas)


def _largest_alpha(problem: Problem, X: np.ndarray | sp.csc_matrix, y: np.ndarray) -> float:
    if problem.loss in losses.NAMES:
        form = {"intercept": problem.intercept, "l1_ratio": problem.l1_ratio, "rows": problem.rows}
        return losses.largest_alpha(X, y, losses.of(problem), **form)
    residual = y - 0.5 if problem.loss == "logistic" else y
    pull = X.T @ residual / y.size
    if problem.penalty is not None and problem.penalty.convex:
        return norms.of(problem.penalty, X.shape[1]).dual(pull[:, None])[0]
    return np.abs(pull).max() / problem.l1_ratio


def draw(design: Design) -> tuple[np.ndarray | sp.csc_matrix, np.ndarray]:
    """(X, y) with a sparse truth; for the squared and the logistic loss the signal-to-noise ratio is 3."""
    rng = np.random.default_rng(design.seed)
    if design.levels:
        X = _mixed(rng, design.n, design.p, design.rho, design.levels)
        return X, _response(_later(design), design, X)
    X = _text(rng, design.n, design.p) if design.rho is None else _ar1(rng, design.n, design.p, design.rho)
    return X, _response(rng, design, X)


def _later(design: Design) -> np.random.Generator:
    """For y where X may have been drawn before, for another y."""
    return np.random.default_rng([design.seed, 1])


def _response(rng: np.random.Generator, design: Design, X: np.ndarray | sp.csc_matrix) -> np.ndarray:
    # Columns in at least 20 rows: a truth on words that occur once would be noise.
    frequent = np.flatnonzero(np.diff(X.indptr) >= 20) if sp.issparse(X) else np.arange(design.p)
    scores = np.empty((design.n, design.classes))
    for k in range(design.classes):
        truth = np.zeros(design.p)
        weights = rng.standard_normal(design.kept)
        blocks = rng.choice(frequent[:: design.block], design.kept // design.block, replace=False)
        truth[np.add.outer(blocks, np.arange(design.block)).ravel()] = weights
        eta = X @ truth
        scores[:, k] = (eta - eta.mean()) / eta.std()
    return respond(rng, design.loss, scores)


def _ar1(rng: np.random.Generator, n: int, p: int, rho: float) -> np.ndarray:
    noise = rng.standard_normal((n, p))
    noise[:, 1:] *= np.sqrt(1.0 - rho**2)  # the first column starts in the stationary law
    X = np.asfortranarray(lfilter([1.0], [1.0, -rho], noise, axis=1))
    X -= X.mean(axis=0)
    X /= np.sqrt(np.mean(X**2, axis=0))
    return X


def _mixed(rng: np.random.Generator, n: int, p: int, rho: float, levels: tuple[int, ...]) -> np.ndarray:
    """Standardised columns, correlated as those of _ar1, and a column of 0 and 1 for each level; no copy of X."""
    X = np.zeros((n, p), order="F")
    numbers = p - sum(levels)
    latent = rng.standard_normal(n)
    for j in range(numbers):
        if j:
            latent = rho * latent + np.sqrt(1.0 - rho**2) * rng.standard_normal(n)
        X[:, j] = (latent - latent.mean()) / latent.std()
    first = numbers
    for count in levels:
        # Level k has probability ∝ 1/(k + 2): some are rare.
        law = np.cumsum(1.0 / (np.arange(count) + 2.0))
        X[np.arange(n), first + np.searchsorted(law / law[-1], rng.random(n))] = 1.0
        first += count
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


def _cached(design: Design) -> tuple[np.ndarray | sp.csc_matrix, np.ndarray]:
    folder, columns = _folder(design), _folder(design.columns)
    if not (folder / "y.npy").exists():
        if columns != folder and (columns / "X.npy").exists():
            _store_response(folder, _response(_later(design), design, np.load(columns / "X.npy")))
        else:
            X, y = draw(design)
            _store_columns(columns, X)
            _store_response(folder, y)
    X = sp.load_npz(columns / "X.npz") if design.rho is None else np.load(columns / "X.npy")
    return X, np.load(folder / "y.npy")


def _folder(design: Design) -> Path:
    kind = "mixed" if design.levels else "text" if design.rho is None else "ar1"
    return cache_folder() / f"{kind}-{design.key}"


def _store_columns(folder: Path, X: np.ndarray | sp.csc_matrix) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = "X.npz" if sp.issparse(X) else "X.npy"
    if sp.issparse(X):
        sp.save_npz(folder / f"part-{name}", X, compressed=False)
    else:
        np.save(folder / f"part-{name}", X)
    (folder / f"part-{name}").rename(folder / name)  # its presence says that it is whole


def _store_response(folder: Path, y: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "y.npy", y)  # last: its presence says that the folder is whole


def _without(text: str, *parts: str) -> str:
    for part in parts:
        text = text.replace(part, "")
    return text


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]
