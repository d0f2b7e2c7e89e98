"""An independent oracle for certified sparse linear models.

Imports nothing from the package and shares no line with it.  Restates the problem from its definition, f from
`definitions`,

    P(b) = Σ ωᵢ f(yᵢ, ηᵢ) + α Σ vⱼ (ρ|sⱼbⱼ| + ½(1 - ρ)(sⱼbⱼ)²),   ω = w/Σw,   η = offset + b₀ + X b,

and answers in extended precision (`numpy.longdouble`, 64 bits of mantissa on x86; where it is a plain double,
`EXTENDED` is False and tests that need the range or the digits skip).

Precision.  X is read as it is given, block by block, dense or sparse; every product is formed and summed in extended
precision, so that a sum of m terms carries at most m·2⁻⁶³ of the sum of their sizes (5,574 x 8,716 sparse: below
1e-15 of it, and far less in practice since dense sums are pairwise).  Memory beyond the data: one block of 2²¹
numbers, or three arrays as long as the stored entries of a sparse X.

Constant columns have weight 0 wherever the fit has an intercept or standardises: they are excluded here.
"""

from __future__ import annotations

import warnings
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from definitions import DEFINITIONS

LD = np.longdouble
EPS = float(np.finfo(LD).eps)
EXTENDED = EPS < 1e-18
BLOCK = 1 << 21


class Certificate(NamedTuple):
    """What the oracle says of one answer; everything is a float but ``primal`` and ``dual``, which may exceed them."""

    gap: float  # (primal - dual) / (null loss - saturated loss), or inf
    primal: np.longdouble
    dual: np.longdouble
    shrink: float  # factor that made the dual point feasible; 1 if it was


class Problem:
    """One data set and one penalty; methods take (coef, intercept, α) in the user's units.

    Parameters
    ----------
    X : (n, p) dense or sparse
    y : (n,) numbers, or two labels where the loss has classes (the larger is 1)
    loss, parameters : its name and what it takes, as in `definitions`
    l1_ratio : ρ; 1 for L1, 0 for L2
    penalty_weights : v, 0 for unpenalised and inf for excluded
    """

    def __init__(
        self,
        X,
        y,
        *,
        loss="squared",
        parameters=None,
        l1_ratio=1.0,
        penalty_weights=None,
        sample_weight=None,
        offset=None,
        fit_intercept=True,
        standardize=True,
    ):
        n, p = X.shape
        self.loss, self.rho, self.fit_intercept, self.standardize = loss, LD(l1_ratio), fit_intercept, standardize
        self.f = DEFINITIONS[loss](**(parameters or {}))
        y = self.f.code(y)
        w = np.ones(n, dtype=LD) if sample_weight is None else np.asarray(sample_weight).astype(LD)
        o = np.zeros(n, dtype=LD) if offset is None else np.asarray(offset).astype(LD)
        used = w > 0
        if not used.all():  # a row of weight 0 is in no sum
            X = (X.tocsr() if sp.issparse(X) else np.asarray(X))[np.flatnonzero(used)]
            y, w, o = y[used], w[used], o[used]
        self.columns = _Sparse(X) if sp.issparse(X) else _Dense(X)
        self.n, self.p = len(y), p
        self.y, self.omega, self.offset = y, w / w.sum(), o
        self.mean, self.sd, constant = self.columns.moments(self.omega)
        # With an intercept every product is formed on centred columns, and a squared loss on a centred response: a mean
        # of 1e8 would cost eight of the nineteen digits.  η is counted from ``level``.
        self.columns.centre = self.mean if fit_intercept else np.zeros(p, dtype=LD)
        self.level = LD(0)
        if fit_intercept and loss == "squared":
            self.level = np.sum(self.omega * y)
            self.y = y - self.level
        self.scale = np.where(self.sd > 0, self.sd, LD(1)) if standardize else np.ones(p, dtype=LD)
        v = np.ones(p) if penalty_weights is None else np.asarray(penalty_weights, dtype=float)
        self.excluded = np.isinf(v) | (constant & (fit_intercept or standardize))
        self.free = (v == 0) & ~self.excluded
        self.penalised = ~self.free & ~self.excluded
        self.v = np.where(self.penalised, np.where(np.isinf(v), 1.0, v), 0.0).astype(LD)
        self._null = None

    # -- the problem ---------------------------------------------------------------------------------------------

    def eta(self, coef, intercept=0.0):
        b = np.asarray(coef).astype(LD)
        constant = LD(intercept) - self.level + self.columns.centre @ b
        return self.offset + (constant + self.columns.times(b))

    def objective(self, coef, intercept, alpha):
        """P(b), or inf where an excluded column has a weight."""
        b = np.asarray(coef).astype(LD) * self.scale
        if np.any(b[self.excluded] != 0) or not np.all(np.isfinite(b)):
            return LD(np.inf)
        return np.sum(self.omega * self._value(self.eta(coef, intercept))) + np.sum(self._omega(b, alpha))

    def _omega(self, b, alpha):
        if np.isinf(alpha):
            return np.where(self.penalised & (b != 0), LD(np.inf), LD(0))
        return LD(alpha) * self.v * (self.rho * abs(b) + (1 - self.rho) * b * b / 2)

    def _value(self, eta):
        return self.f.value(self.y, eta)

    def _slope(self, eta):
        """f'(η)."""
        return self.f.slope(self.y, eta)

    def _curve(self, eta):
        """f''(η)."""
        return self.f.curve(self.y, eta)

    # -- the null model ------------------------------------------------------------------------------------------

    @property
    def null(self):
        """η, loss and pulls of the model of intercept, offset and unpenalised columns, by damped Newton."""
        if self._null is None:
            U = self._unpenalised(self.free)
            eta = self.offset + self._level()
            value = np.sum(self.omega * self._value(eta))
            for _ in range(1000):
                # With f'' or, where that vanishes in places, a parabola above f: the one that leads further down.
                steps = [self._curve(eta), self.f.touching(self.y, eta)][: 1 + bool(self.f.kinks(self.y))]
                found = [each for d in steps if (each := self._descended(U, eta, value, d))]
                if not found:
                    break
                before = value
                eta, value = min(found, key=lambda each: each[1])
                if before - value <= EPS * np.sum(self.omega * self.f.size(self.y, eta)):
                    break
            theta = -self.omega * self._slope(eta)
            self._null = (eta, value, theta)
        return self._null

    def _descended(self, U, eta, value, d):
        """η and loss after a Newton step in the metric d, shortened until the loss falls; None if it never does."""
        Q = _orthonormal(U, self.omega * d)
        step = -(Q @ (Q.T @ (self.omega * self._slope(eta))))
        t = LD(1)
        while t > 1e-18:
            with np.errstate(over="ignore", invalid="ignore"):
                trial = np.sum(self.omega * self._value(eta + t * step))
            if trial < value:
                return eta + t * step, trial
            t /= 2
        return None

    def _level(self):
        """The constant that zeroes Σ ω f'(offset + b₀) by bisection; 0 without an intercept or without a root."""
        if self.loss == "squared" or not self.fit_intercept:
            return LD(0)
        far = np.max(abs(self.offset)) + 1000 + (np.max(abs(self.y)) if self.f.real else 0)
        low, high = -far, far

        def slope(level):
            return np.sum(self.omega * self._slope(self.offset + level))

        if not slope(low) < 0 < slope(high):
            return LD(0)
        for _ in range(100):
            middle = (low + high) / 2
            if slope(middle) > 0:
                high = middle
            else:
                low = middle
        return (low + high) / 2

    @property
    def null_loss(self):
        return self.null[1]

    @property
    def span(self):
        """Null loss less the saturated loss, by which gaps are divided."""
        return np.sum(self.omega * self.f.young(self.y, self.null[0], np.zeros_like(self.y)))

    @property
    def alpha_max(self):
        """Where the grid starts: the smallest α that zeroes every penalised weight.

        Below ρ = 1e-3: where the ridge leaves the strongest column alone an η of 1e-3 root null deviances.
        """
        if not self.penalised.any():
            return 0.0
        pull = abs(self.columns.correlate(self.omega * self._projected(self.null[0], self.free))) / self.scale
        j = self.penalised
        if self.rho >= 1e-3:
            return float(np.max(pull[j] / (self.rho * self.v[j])))
        norm = np.sqrt(self.sd**2 + (self.mean - self.columns.centre) ** 2) / self.scale
        return float(np.max(pull[j] * norm[j] / (LD(1e-3) * np.sqrt(2 * self.span) * self.v[j])))

    # -- the certificate -----------------------------------------------------------------------------------------

    def certify(self, coef, intercept, alpha):
        """Primal, dual and relative gap of an answer, at the dual point of the design."""
        nothing = Certificate(np.inf, LD(np.inf), LD(-np.inf), 0.0)
        b = np.asarray(coef).astype(LD) * self.scale
        if not (np.all(np.isfinite(b)) and np.isfinite(intercept)) or np.any(b[self.excluded] != 0):
            return nothing
        free = self.free | self.penalised if alpha == 0 else self.free
        held = self.penalised & ~free
        eta = self.eta(coef, intercept)
        u = self._projected(eta, free)
        if u is None:
            return nothing
        z = self.columns.correlate(-self.omega * u) / self.scale
        c = LD(1)
        if self.rho == 1 and held.any() and not np.isinf(alpha):
            worst = np.max(abs(z[held]) / self.v[held])
            if worst > alpha:
                c = LD(alpha) / worst
        u, z = c * u, c * z
        theta = -self.omega * u
        # The difference as a sum of terms that are each >= 0, so that nothing cancels; then the same from the two
        # definitions, which must agree: the oracle checks itself on every call.
        rows = np.sum(self.omega * self.f.young(self.y, eta, u))
        columns = np.sum((self._omega(b, alpha) - b * z)[held]) + self._conjugate(z, held, alpha)
        difference = rows + columns
        primal = self.objective(coef, intercept, alpha)
        parts = self.omega * self.f.conjugate(self.y, u) + self.offset * theta
        dual = -np.sum(parts) - self._conjugate(z, held, alpha)
        if np.isfinite(dual) and np.isfinite(primal):
            # The definition sees b₀ + x̄b, which Σθ = 0 multiplies to nothing but rounding.
            far = abs(LD(intercept) - self.level) + np.sum(
                abs(b / self.scale) * (abs(self.columns.centre) + self.sd * self.n)
            )
            sizes = self.f.size(self.y, eta) + self.f.conjugate_size(self.y, u)
            size = np.sum(self.omega * sizes) + abs(self.offset) @ abs(theta) + abs(primal)
            size = size + np.sum(abs(theta)) * far + np.sum(abs(b * z))
            slack = 64 * (self.n + self.p) * EPS * size
            if abs(primal - dual - difference) > slack:
                raise AssertionError(f"the oracle contradicts itself: {primal} - {dual} is not {difference}")
        span = self.span
        unit = np.max(abs(self.y + self.level - self.offset), initial=LD(0)) if self.f.real else LD(1)
        floor = (1000 * LD(2.0**-53) * unit) ** 2
        if span <= floor:
            # u = 0 is a dual point too, and all there is where no optimum exists.
            rows = np.sum(self.omega * self.f.young(self.y, eta, np.zeros_like(self.y)))
            difference = min(difference, rows + np.sum(self._omega(b, alpha)[held]))
            return Certificate(0.0 if difference <= floor else np.inf, primal, dual, float(c))
        return Certificate(float(difference / span), primal, dual, float(c))

    def gap(self, coef, intercept, alpha):
        """(primal - dual) / (null loss - saturated loss)."""
        return self.certify(coef, intercept, alpha).gap

    def violation(self, coef, intercept, alpha):
        """Largest distance of a pull to what the penalty can hold, in units of α; unpenalised columns included."""
        b = np.asarray(coef).astype(LD) * self.scale
        if np.any(b[self.excluded] != 0):
            return np.inf
        theta = -self.omega * self._slope(self.eta(coef, intercept))
        z = self.columns.correlate(theta) / self.scale
        flat, ridge = LD(alpha) * self.rho * self.v, LD(alpha) * (1 - self.rho) * self.v
        off = np.where(b == 0, np.maximum(abs(z) - flat, 0), abs(z - np.sign(b) * flat - ridge * b))
        off = np.where(self.excluded, 0, off)
        return float(max(np.max(off, initial=LD(0)), abs(theta.sum()) if self.fit_intercept else LD(0)))

    def _projected(self, eta, free):
        """u = f'(η), corrected where it has room until X_uᵀθ = 0, θ = -ωu; None where it cannot be.

        Not by way of θ: division by ω would take rounding beyond the edge of the domain of f*.
        """
        u = self._slope(eta)
        U = self._unpenalised(free)
        if U.shape[1] == 0:
            return u
        room = self.f.room(self.y, eta)
        Q = _orthonormal(U, self.omega * room)
        # What rounding leaves has to be as small as rounding: of these sums, or of the first residual's.
        first = abs(U).T @ (self.omega * abs(u))
        for _ in range(3):
            u = u - room * (Q @ (Q.T @ (self.omega * u)))
        if np.any(abs(U.T @ (self.omega * u)) > 1e4 * self.n * EPS * first):
            return None
        return u

    def _unpenalised(self, free):
        """Columns that no penalty holds, the constant first, each divided by its scale."""
        j = np.flatnonzero(free)
        ones = [np.ones((self.n, 1), dtype=LD)] if self.fit_intercept else []
        return np.hstack([*ones, (self.columns.take(j) - self.columns.centre[j]) / self.scale[j]])

    def _conjugate(self, z, held, alpha):
        """(αΩ)*(z) at a feasible z."""
        if self.rho == 1 or np.isinf(alpha) or not held.any():
            return LD(0)
        over = np.maximum(abs(z) - LD(alpha) * self.rho * self.v, 0)[held]
        return np.sum(over**2 / (2 * LD(alpha) * (1 - self.rho) * self.v[held]))

    # -- how far apart two certified answers can be -----------------------------------------------------------------

    def convexity(self, eta, support):
        """Smallest eigenvalue of the Hessian of the loss on the unpenalised columns and a support, in penalised units.

        The intercept is projected out first, and each remaining column has unit spread where the fit standardises.
        """
        j = np.flatnonzero(np.asarray(support) | self.free)
        if not len(j):
            return np.inf
        d = self.omega * self._curve(eta)
        Z = self.columns.take(j) / self.scale[j]
        if self.fit_intercept:
            Z = Z - (d @ Z) / d.sum()
        values = np.linalg.svd((np.sqrt(d)[:, None] * Z).astype(float), compute_uv=False)
        return float(values[-1] ** 2) if len(values) == len(j) else 0.0

    def room(self, gap, mu):
        """Largest distance of an answer with this gap to the optimum: ½μ‖δ‖² <= gap · span."""
        return float(np.sqrt(2 * LD(max(gap, 0.0)) * self.span / LD(mu))) if mu > 0 else np.inf


def _orthonormal(U, d):
    """Orthonormal basis of the columns of U under Σ d u v: Gram-Schmidt, each column swept three times."""
    basis = []
    for u in U.T:
        size = np.sqrt(np.sum(d * u * u))
        if not size > 0:
            continue
        q = u / size
        for _ in range(3):
            for e in basis:
                q = q - e * np.sum(d * e * q)
        left = np.sqrt(np.sum(d * q * q))
        if left > 1e-15:  # below this, a combination of the columns before it
            basis.append(q / left)
    return np.array(basis, dtype=LD).reshape(len(basis), len(U)).T


class _Dense:
    """Products with a dense X of any dtype and layout, block by block."""

    def __init__(self, X):
        self.X = np.asarray(X)
        n, p = self.X.shape
        self.centre = np.zeros(p, dtype=LD)
        width = max(1, BLOCK // max(n, 1))
        self.blocks = [slice(a, min(a + width, p)) for a in range(0, p, width)]
        self.kept = self.X.astype(LD) if len(self.blocks) == 1 else None

    def _block(self, s):
        return self.kept if self.kept is not None else self.X[:, s].astype(LD)

    def times(self, b):
        n = self.X.shape[0]
        j = np.flatnonzero(b)
        if len(j) < len(b) // 4:
            return (self.X[:, j].astype(LD) - self.centre[j]) @ b[j] if len(j) else np.zeros(n, dtype=LD)
        return sum(((self._block(s) - self.centre[s]) @ b[s] for s in self.blocks), np.zeros(n, dtype=LD))

    def correlate(self, r):
        if not self.blocks:
            return np.zeros(0, dtype=LD)
        return np.concatenate([r @ (self._block(s) - self.centre[s]) for s in self.blocks])

    def take(self, j):
        return self.X[:, j].astype(LD)  # as given

    def moments(self, omega):
        mean = self.correlate(omega)
        if not self.blocks:
            return mean, mean, np.zeros(0, dtype=bool)
        sd = np.concatenate([np.sqrt(omega @ (self._block(s) - mean[s]) ** 2) for s in self.blocks])
        constant = np.all(self.X[:1] == self.X, axis=0)
        return mean, np.where(constant, LD(0), sd), constant


class _Sparse:
    """Products with a sparse X: entries in extended precision, sums by column or by row."""

    def __init__(self, X):
        self.shape = X.shape
        self.centre = np.zeros(X.shape[1], dtype=LD)
        coo = X.tocoo(copy=True)
        key = np.asarray(coo.col, dtype=np.int64) * X.shape[0] + coo.row
        order = np.argsort(key, kind="stable")
        key, data = key[order], coo.data[order].astype(LD)
        first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]]) if len(key) else np.zeros(0, dtype=int)
        self.data = np.add.reduceat(data, first) if len(first) else data  # duplicate entries add
        self.col, self.row = key[first] // X.shape[0], key[first] % X.shape[0]

    def _sum(self, values, index, size):
        order = np.argsort(index, kind="stable")
        index, values = index[order], values[order]
        out = np.zeros(size, dtype=LD)
        if len(index):
            starts = np.flatnonzero(np.r_[True, index[1:] != index[:-1]])
            out[index[starts]] = np.add.reduceat(values, starts)
        return out

    def times(self, b):
        used = b[self.col] != 0
        return self._sum(self.data[used] * b[self.col[used]], self.row[used], self.shape[0]) - self.centre @ b

    def correlate(self, r):
        return self._sum(self.data * r[self.row], self.col, self.shape[1]) - self.centre * r.sum()

    def take(self, j):
        out = np.zeros((self.shape[0], len(j)), dtype=LD)
        place = np.full(self.shape[1], -1)
        place[j] = np.arange(len(j))
        used = place[self.col] >= 0
        out[self.row[used], place[self.col[used]]] = self.data[used]
        return out

    def moments(self, omega):
        n, p = self.shape
        mean = self.correlate(omega)
        stored = self._sum(omega[self.row], self.col, p)
        inside = self._sum(omega[self.row] * (self.data - mean[self.col]) ** 2, self.col, p)
        sd = np.sqrt(inside + mean**2 * np.maximum(omega.sum() - stored, 0))
        low, high = np.zeros(p, dtype=LD), np.zeros(p, dtype=LD)
        count = np.bincount(self.col, minlength=p)
        low[count == n], high[count == n] = np.inf, -np.inf
        np.minimum.at(low, self.col, self.data)
        np.maximum.at(high, self.col, self.data)
        constant = low == high
        return mean, np.where(constant, LD(0), sd), constant


# -- what a path record claims, held against the oracle ---------------------------------------------------------------


def answer(path, k):
    """(coef, intercept) of the k-th α."""
    return path.coefs[:, [k]].toarray().ravel(), float(path.intercepts[k])


def check(path, problem, *, tol=1e-6, at=None, honest=False):
    """Hold a path against the oracle; returns the oracle's gaps.

    Certified answers: the reported gap is within ``tol``, so is the oracle's, and the reported one is not below it.
    Others are accepted only with ``honest``: the status says so, the gap is above ``tol`` and not below the oracle's.
    """
    L = len(path.alphas)
    assert path.coefs.shape == (problem.p, L)
    for name in ("intercepts", "gaps", "deviance_ratio", "df", "unique", "status", "certificates"):
        assert len(getattr(path, name)) == L, name
    assert np.all(np.diff(path.alphas) < 0), "alphas descend, none twice"
    assert np.all(np.isfinite(path.coefs.data)), "finite weights"
    assert np.all(np.isfinite(path.intercepts)), "finite intercepts"
    found = {}
    for k in range(L) if at is None else sorted({a % L for a in at}):
        alpha, reported = float(path.alphas[k]), float(path.gaps[k])
        coef, intercept = answer(path, k)
        gap = found[k] = problem.gap(coef, intercept, alpha)
        where = f"alpha {alpha:.6g} (number {k}): reported gap {reported:.3g}, oracle {gap:.3g}, {path.status[k]}"
        assert path.certificates[k].kind == "gap", where
        assert path.certificates[k].value == path.gaps[k] or np.isinf(reported), where
        # At α = 0 every column is unpenalised.
        assert path.df[k] == np.count_nonzero(coef[problem.penalised]), where
        assert not coef[problem.excluded].any(), where
        if path.status[k].name == "CERTIFIED":
            assert reported <= tol, where
            assert gap <= tol * (1 + 1e-3) + 1e-12, where
        else:
            assert honest, where
            assert not reported <= tol, where
        assert not reported < gap * (1 - 1e-6) - 1e-12, where
    return found


def fingerprint(thing):
    """Everything about an input that a fit could change."""
    if sp.issparse(thing):
        named = [getattr(thing, a) for a in ("data", "indices", "indptr", "row", "col", "coords") if hasattr(thing, a)]
        return type(thing), thing.shape, [fingerprint(part) for part in named]
    if isinstance(thing, np.ndarray):
        return thing.shape, thing.dtype.str, thing.strides, thing.flags.writeable, thing.tobytes()
    if isinstance(thing, dict):
        return [(key, fingerprint(value)) for key, value in thing.items()]
    if isinstance(thing, (list, tuple)):
        return [fingerprint(value) for value in thing]
    if hasattr(thing, "columns"):
        return [str(name) for name in thing.columns], repr(thing.to_numpy().tolist())
    return repr(thing)


# -- the same in rationals, for the oracle's own test --------------------------------------------------------------


def rational_gap(X, y, coef, intercept, alpha, *, l1_ratio=1):
    """Unnormalised primal - dual of the squared loss with an intercept, unstandardised, without a rounding error.

    Every argument is taken as the exact rational that it is.
    """
    X = [[Fraction(a) for a in row] for row in X]
    y, b, alpha, rho = [Fraction(a) for a in y], [Fraction(a) for a in coef], Fraction(alpha), Fraction(l1_ratio)
    n, p = len(y), len(b)
    residual = [
        yi - Fraction(intercept) - sum(x * c for x, c in zip(row, b, strict=True)) for row, yi in zip(X, y, strict=True)
    ]
    primal = sum(r * r for r in residual) / (2 * n) + alpha * sum(rho * abs(c) + (1 - rho) * c * c / 2 for c in b)
    mean = sum(residual) / n
    theta = [(r - mean) / n for r in residual]
    z = [sum(X[i][j] * theta[i] for i in range(n)) for j in range(p)]
    if rho == 1:
        worst = max(abs(a) for a in z)
        shrink = min(Fraction(1), alpha / worst) if worst else Fraction(1)
        theta, held = [t * shrink for t in theta], Fraction(0)
    else:
        held = sum(max(abs(a) - alpha * rho, Fraction(0)) ** 2 for a in z) / (2 * alpha * (1 - rho))
    dual = sum(t * yi for t, yi in zip(theta, y, strict=True)) - n * sum(t * t for t in theta) / 2 - held
    return primal - dual


# -- solvers that are not ours --------------------------------------------------------------------------------------


def naive_lasso(X, y, alpha, *, sweeps=100_000):
    """Coordinate descent as in a textbook: standardised columns, intercept, squared loss."""
    mean, sd = X.mean(axis=0), X.std(axis=0)
    Z = (X - mean) / np.where(sd > 0, sd, 1.0)
    n, p = Z.shape
    b, r = np.zeros(p), y - y.mean()
    for _ in range(sweeps):
        before = b.copy()
        for j in range(p):
            size = Z[:, j] @ Z[:, j] / n
            if size > 0:
                pull = Z[:, j] @ r / n + size * b[j]
                new = np.sign(pull) * max(abs(pull) - alpha, 0.0) / size
                r += Z[:, j] * (b[j] - new)
                b[j] = new
        if np.max(abs(b - before), initial=0.0) <= 1e-15 * max(np.max(abs(b), initial=0.0), 1e-300):
            break
    coef = b / np.where(sd > 0, sd, 1.0)
    return coef, y.mean() - mean @ coef


def cvxpy_reference(problem, alpha):
    """Solve by CVXPY and Clarabel: (coef, intercept), or None where Clarabel gives up."""
    import cvxpy as cp

    j = np.flatnonzero(~problem.excluded)
    scale, v = problem.scale[j].astype(float), problem.v[j].astype(float)
    Z = ((problem.columns.take(j) - problem.columns.centre[j]) / problem.scale[j]).astype(float)
    y, omega, offset = (a.astype(float) for a in (problem.y, problem.omega, problem.offset))
    b, base = cp.Variable(len(j)), cp.Variable()
    eta = offset + Z @ b + (base if problem.fit_intercept else 0)
    fit = cvxpy_loss(cp, problem, y, omega, eta)
    rho = float(problem.rho)
    held = rho * (v @ cp.abs(b)) + (1 - rho) / 2 * cp.sum_squares(cp.multiply(np.sqrt(v), b))
    task = cp.Problem(cp.Minimize(fit + alpha * held))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "may be inaccurate": the oracle's gap says how inaccurate
        for tol in (1e-12, 1e-10, 1e-8):
            try:
                task.solve(solver="CLARABEL", tol_gap_abs=tol, tol_gap_rel=tol, tol_feas=tol, max_iter=200)
                break
            except cp.SolverError:
                continue
    if b.value is None:
        return None
    coef = np.zeros(problem.p)
    coef[j] = b.value / scale
    if not problem.fit_intercept:
        return coef, 0.0
    return coef, float(LD(float(base.value)) + problem.level - problem.columns.centre @ coef.astype(LD))


def cvxpy_loss(cp, problem, y, omega, eta):
    """Σ ω f(y, η) but for a constant, for CVXPY."""
    f, sign = problem.f, 2 * y - 1
    if problem.loss == "squared":
        return cp.sum_squares(cp.multiply(np.sqrt(omega), y - eta)) / 2
    if problem.loss == "huber":
        return omega @ cp.huber(y - eta, float(f.delta)) / 2
    if problem.loss == "squared_hinge":
        return omega @ cp.square(cp.pos(1 - cp.multiply(sign, eta))) / 2
    if problem.loss == "poisson":
        return omega @ (cp.exp(eta) - cp.multiply(y, eta))
    if problem.loss == "gamma":
        return omega @ (eta + cp.multiply(y, cp.exp(-eta)))
    if problem.loss == "tweedie":
        a, b = float(f.a), float(f.b)
        rise = cp.exp(b * eta) / b if b else eta
        return omega @ (rise + cp.multiply(y, cp.exp(-a * eta) / a if a else -eta))
    if problem.loss == "negative_binomial":
        theta = float(f.theta)
        return omega @ (cp.multiply(y + theta, cp.logistic(eta - np.log(theta))) - cp.multiply(y, eta))
    if problem.loss == "logistic":
        return omega @ (cp.logistic(eta) - cp.multiply(y, eta))
    raise ValueError(f"no words for {problem.loss} here")


def reference(problem, alpha, *, tol=1e-15, start=None):
    """Solve by scikit-learn's coordinate descent: (coef, intercept) in the user's units.

    The squared loss is one weighted lasso; the others a proximal Newton method whose every step is one.
    Columns outside a working set are left at 0 and join it when they violate, so that scikit-learn never sees more
    of a wide X than it needs; each lasso ends with the linear system on its support.  How good the answer is, is for
    `Problem.gap` to say.
    """
    held = problem.penalised
    coef, base = (np.zeros(problem.p), 0.0) if start is None else start
    work = held.copy()
    if problem.p > (200 if problem.rho == 1 else 400):  # with a ridge part most columns stay
        theta = -problem.omega * problem._slope(problem.eta(coef, base))
        pull = np.where(held, abs(problem.columns.correlate(theta)) / problem.scale, 0)
        work &= (coef != 0) | (pull >= np.sort(pull)[-50])
    best = (np.inf, coef, base)
    for _ in range(60):
        found = _newton(problem, alpha, coef, base, np.flatnonzero(work))
        coef, base = found
        gap = problem.gap(coef, base, alpha)
        if gap < best[0]:
            best = (gap, coef, base)
        theta = -problem.omega * problem._slope(problem.eta(coef, base))
        pull = abs(problem.columns.correlate(theta)) / problem.scale
        outside = held & ~work & (pull > LD(alpha) * problem.rho * problem.v * (1 + LD(1e-14)))
        if gap <= tol or not outside.any():
            break
        most = np.argsort(np.where(outside, pull, 0))[-max(50, work.sum() // 2) :]
        work[most] |= outside[most]
    return best[1], best[2]


def _newton(problem, alpha, coef, base, S):
    """Proximal Newton on the columns S and the unpenalised ones, the rest at 0."""
    U = problem._unpenalised(problem.free).astype(float)
    free = np.flatnonzero(problem.free)
    Z = ((problem.columns.take(S) - problem.columns.centre[S]) / problem.scale[S]).astype(float)
    v = problem.v[S].astype(float)
    omega = problem.omega.astype(float)
    k = int(problem.fit_intercept)
    polish = 0
    for _ in range(100):
        eta = problem.eta(coef, base)
        value = problem.objective(coef, base, alpha)
        g, h = problem._slope(eta).astype(float), problem._curve(eta).astype(float)
        h = np.maximum(h, float(problem.f.flat) * max(np.max(h), 1e-300))
        root = np.sqrt(omega * h)
        target = root * ((eta - problem.offset).astype(float) - g / h)
        A, M = root[:, None] * U, root[:, None] * Z
        if A.shape[1]:
            Q = np.linalg.svd(A, full_matrices=False)[0]
            Q = Q[:, : np.linalg.matrix_rank(A)]
            flat, N = target - Q @ (Q.T @ target), M - Q @ (Q.T @ M)
        else:
            flat, N = target, M
        b = _lasso(N, flat, alpha * float(problem.rho) * v, alpha * (1 - float(problem.rho)) * v)
        u = np.linalg.lstsq(A, target - M @ b, rcond=None)[0] if A.shape[1] else np.zeros(0)
        new = np.zeros(problem.p)
        new[S] = b / problem.scale[S].astype(float)
        new[free] = u[k:] / problem.scale[free].astype(float)
        new_base = float(LD(u[0]) + problem.level - problem.columns.centre @ new.astype(LD)) if k else 0.0
        if polish:  # the objective no longer sees the difference, Newton's step still does
            coef, base = new, new_base
            polish -= 1
            if not polish:
                break
            continue
        t = 1.0
        while t > 1e-10:
            trial = (coef + t * (new - coef), base + t * (new_base - base)) if t < 1 else (new, new_base)
            if problem.objective(*trial, alpha) <= value:
                break
            t /= 2
        else:
            break
        moved = value - problem.objective(*trial, alpha)
        coef, base = trial
        if problem.loss == "squared":
            break
        polish = 2 if moved <= 1e-18 * problem.span else 0
    return coef, base


def _lasso(N, t, flat, ridge):
    """Argmin ½‖t - N b‖² + Σ flat|b| + ½ Σ ridge b², by scikit-learn, then exactly on its support."""
    from sklearn.linear_model import Lasso

    m = N.shape[1]
    if m == 0:
        return np.zeros(0)
    if np.any(ridge > 0):  # a ridge is m more rows
        N, t = np.vstack([N, np.diag(np.sqrt(ridge))]), np.append(t, np.zeros(m))
    if not np.any(flat > 0):
        return np.linalg.lstsq(N, t, rcond=None)[0]
    if len(t) > 2 * m:  # what is orthogonal to every column is a constant
        Q, N = np.linalg.qr(N)
        t = Q.T @ t
    rows = len(t)
    unit = np.sqrt(t @ t)
    if unit == 0:
        return np.zeros(m)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not converged to 1e-14: the oracle's gap says how far
        cd = Lasso(alpha=1.0 / (rows * unit), fit_intercept=False, tol=1e-14, max_iter=20_000)
        b = cd.fit(np.asfortranarray(N / flat), t / unit).coef_ * unit / flat
    sign = np.sign(b)
    for _ in range(20):  # the support that descent has found, solved as a linear system
        S = np.flatnonzero(sign)
        if not len(S):
            return np.zeros(m)
        Q, R = np.linalg.qr(N[:, S])
        if len(S) > len(t) or np.min(abs(np.diag(R))) < 1e-10 * np.max(abs(np.diag(R))):
            return b
        exact = np.zeros(m)
        exact[S] = np.linalg.solve(R, Q.T @ t - np.linalg.solve(R.T, flat[S] * sign[S]))
        wrong = (exact * sign < 0) & (sign != 0)
        if not wrong.any():

            def cost(c):
                return 0.5 * np.sum((t - N @ c) ** 2) + flat @ abs(c)

            return exact if cost(exact) <= cost(b) * (1 + 1e-12) else b
        sign[wrong] = 0
    return b
