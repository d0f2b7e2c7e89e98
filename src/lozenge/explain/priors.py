"""The lesson on priors: a penalised fit is the mode of a posterior."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from lozenge.explain.fitted import fitted
from lozenge.penalties import L1, L2
from lozenge.results import Lesson

if TYPE_CHECKING:
    from collections.abc import Callable

    from lozenge.results import Floats, Path

SAMPLES = 10_000
FINE = 20_001  # points of the density
CHECKED = 5, 3  # kept features, largest first, and zeros, nearest their price first
CLAIM = "L1 is a Laplace prior and L2 a normal one: the fit is the posterior's mode, and only the mode is sparse."


def priors(
    fit: Path | None = None,
    *,
    n: int = 20,
    estimate: float = 0.3,
    alpha: float = 0.5,
    variance: float = 1.0,
    seed: int = 0,
) -> Lesson:
    """Posterior of one weight, exp(-(n/σ²)(½(b - c)² + αΩ(b))), with its mode, mean and samples.

    α is a prior's scale: of the Laplace distribution σ²/(nα), of the normal its variance σ²/(nα); 1/(nα) for logistic
    regression; n stands for Σw.  σ² is fixed, and the intercept has a flat prior.

    Parameters
    ----------
    fit : Path, optional
        Live: each weight in turn moves along the posterior, the others at the fit, and its mode is searched for.
    n, estimate, alpha, variance
        n rows of a standardised column, whose least-squares weight c is ``estimate``; σ².

    Examples
    --------
    >>> import lozenge as lz
    >>> [(row[0], round(row[2], 6) + 0.0, round(row[3], 6), row[5]) for row in lz.lessons.priors().rows[:2]]
    [('Laplace', 0.0, 0.0, 0), ('normal', 0.2, 0.2, 0)]
    """
    if fit is not None:
        return _on_data(fit)
    if not (n > 0 and alpha > 0 and variance > 0 and np.isfinite([estimate, alpha, variance]).all()):
        raise ValueError(f"n, alpha and variance must be positive; got {n}, {alpha:g}, {variance:g}")
    rng, spread = np.random.default_rng(seed), np.sqrt(variance / n)
    b = np.linspace(estimate - 12.0 * spread - 1.0, estimate + 12.0 * spread + 1.0, FINE)
    rows, arrays, scale = [], {"b": b}, variance / (n * alpha)
    for prior, penalty in (("Laplace", L1()), ("normal", L2())):
        shape = penalty.with_weights(np.ones(1))

        def energy(at: float, shape: L1 | L2 = shape) -> float:
            return n / variance * (0.5 * (at - estimate) ** 2 + shape.value(np.array([at]), alpha))

        form = shape.kernel(alpha)
        log = -n / variance * (0.5 * (b - estimate) ** 2 + form.l1 * np.abs(b) + 0.5 * form.l2 * b**2)
        density = np.exp(log - log.max())
        density /= np.trapezoid(density, b)
        cumulative = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(b))])
        drawn = np.interp(rng.random(SAMPLES), cumulative / cumulative[-1], b)
        mode, exact = _lowest(energy, b[0], b[-1]), float(shape.prox(np.array([estimate]), 1.0, alpha)[0])
        mean = float(np.trapezoid(b * density, b))
        rows.append((prior, scale, mode, exact, mean, int(np.count_nonzero(drawn == 0.0))))
        # The density of e^b at e^b is that of b over e^b.
        other = _lowest(partial(_stretched, energy), b[0], b[-1])
        rows.append((f"{prior}, seen as e^b", scale, other, exact, mean, int(np.count_nonzero(drawn == 0.0))))
        arrays[f"density {prior}"] = density
        arrays[f"mode {prior}"] = np.array([exact])
    rows = [rows[0], rows[2], rows[1], rows[3]]
    return Lesson(
        name="priors",
        claim=CLAIM,
        on=f"n = {n}, least squares {estimate:g}, alpha {alpha:g}, variance {variance:g}",
        columns=("prior", "scale or variance", "mode", "penalised fit", "mean", f"zeros in {SAMPLES:,} samples"),
        rows=tuple(rows),
        arrays=arrays,
        text=(
            "Up to a constant the log posterior is -(n/σ²) times loss + penalty, so its mode is the penalised fit, "
            f"with alpha a prior's scale: σ²/(n·alpha) = {scale:.4g} for the Laplace distribution, the same figure "
            "as a variance for the normal one; 1/(n·alpha) in logistic regression. The Laplace prior puts no mass "
            "on zero, no sample is ever zero, and the posterior's mean is not: only its highest point is, because "
            "the density has a corner there. And the mode depends on how the weight is written: of e^b it is "
            "elsewhere, since densities are stretched and the fit is not. The limit: the lasso is not the answer of "
            "somebody who believes in a Laplace prior."
        ),
    )


def _stretched(energy: Callable[[float], float], at: float) -> float:
    return energy(at) + at


def _lowest(energy: Callable[[float], float], low: float, high: float) -> float:
    """Where a convex function of one weight is lowest, to about 1e-9 of its range; 0 where that is as low."""
    from scipy.optimize import minimize_scalar  # half a second to load: not for the other lessons

    found = minimize_scalar(energy, bounds=(float(low), float(high)), method="bounded", options={"xatol": 1e-12})
    return 0.0 if low < 0.0 < high and energy(0.0) <= found.fun else float(found.x)


def _around(energy: Callable[[float], float], at: float, *, h: float, price: float) -> tuple[float, float]:
    """Between what the mode is searched: where the energy is above that of the fit on both sides."""
    wide, here = abs(at) + (4.0 * price / h if h > 0.0 else 1.0), energy(at)
    while min(energy(-wide), energy(wide)) <= here:
        wide *= 2.0
    return -wide, wide


def _on_data(fit: Path) -> Lesson:
    found = fitted(fit)
    source, forces, model = found.source, found.forces, fit.model
    here = source.weights_at(found.alpha)
    loss = found.loss
    # Twice the mean loss left, of each response, is the residual variance of a regression; other losses have no such
    # figure.
    variance = 2.0 * float(source.losses(here[:, None])[0]) / loss.width if loss.quadratic else 1.0
    rows = []
    for j in [*found.kept[: CHECKED[0]], *found.zeros[: CHECKED[1]]]:
        price, fixed = float(forces.price[j]), float(here[j])

        def energy(b: float, j: int = int(j), price: float = price) -> float:
            at = here.copy()
            at[j] = b
            return float(source.losses(at[:, None])[0]) + price * abs(b)

        mode = _lowest(energy, *_around(energy, fixed, h=float(source.hessian(here, np.array([j]))[0, 0]), price=price))
        rows.append((found.names[j], variance / (model.weight_sum * price), fixed, mode, mode - fixed))
    worst = max(abs(row[4]) for row in rows)
    sizes: Floats = np.array([abs(row[2]) for row in rows])
    return Lesson(
        name="priors",
        claim=CLAIM,
        on=found.on,
        columns=("feature", "Laplace scale", "penalised fit", "posterior mode", "apart by"),
        rows=tuple(rows),
        arrays={"fit": np.array([row[2] for row in rows]), "mode": np.array([row[3] for row in rows])},
        text=(
            "Each weight in turn moves along the posterior with the others at the fit, and the highest point is "
            f"searched for without the gradient: the largest distance from the fit is {worst:.1e}, where the largest "
            f"weight is {sizes.max():.3g}. "
            + (
                f"The noise variance is taken as {variance:.4g}, the mean squared residual; another one changes the "
                "scale of the prior that alpha stands for and not the mode. "
                if loss.quadratic
                else "The loss of a row is taken as minus its log likelihood; a dispersion other than 1 changes the "
                "scale of the prior and not the mode. "
            )
            + ("" if not len(found.levels) else "The intercept has a flat prior. ")
            + "The limit: a sample of this posterior is never exactly zero, though its mode is."
        ),
    )
