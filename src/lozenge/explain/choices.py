"""Lessons on what α and the penalty choose: how many weights, and which of two that say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lozenge.explain import outputs
from lozenge.explain.fitted import fitted
from lozenge.explain.geometry import Ball, Bowl, penalised
from lozenge.penalties import ElasticNet
from lozenge.results import Lesson, Status

if TYPE_CHECKING:
    from lozenge.results import Path

DOUBLES = (
    "Of two features that say the same, L1 keeps the one that says a little more; the elastic net tends to keep both."
)
SHOWN = ("kept", "its double", "correlation", "weight", "of the double", "share of price", "net", "net, double")
STOPS = 8  # values of α in a table
PAIRS, DOUBLE = 5, 0.5  # that are shown at most, and the correlation that all but the first must have
FREE = 500  # columns up to which the fit without a penalty is asked for
HALVINGS = 60


def unpenalised(fit: Path | None = None, *, pulls: tuple[float, ...] = (3.0, 2.0, 1.0, 0.5, 0.2)) -> Lesson:
    """No penalty, no zeros; too large a penalty, all zeros; between, fit against size.

    Parameters
    ----------
    fit : Path, optional
        Live: counted along its path, and at α = 0 where there are more rows than columns.
    pulls
        Without a fit: of orthogonal standardised columns, whose weights are sign(z)(|z| - α)₊.

    Returns
    -------
    Lesson
        ``alpha``, ``kept`` (k,) and, on data, ``explained`` and ``size``.

    Examples
    --------
    >>> import lozenge as lz
    >>> [row[1] for row in lz.lessons.unpenalised().rows]
    [5, 5, 4, 3, 2, 1, 0]
    """
    told = ""
    if fit is None:
        z = np.abs(np.array(pulls, dtype=np.float64))
        if not (len(z) and np.isfinite(z).all() and z.max() > 0):
            raise ValueError(f"finite pulls, not all 0, are needed; got {pulls}")
        alphas = np.array([0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0]) * float(z.max()) / 3.0
        weights = np.maximum(z - alphas[:, None], 0.0)
        explained = 1.0 - np.sum(np.square(np.minimum(z, alphas[:, None])), axis=1) / float(z @ z)
        on, columns = f"orthogonal columns with pulls {', '.join(f'{x:g}' for x in z)}", len(z)
        kept, size = np.count_nonzero(weights, axis=1), weights.sum(axis=1)
    else:
        found = fitted(fit)
        on, columns = found.on, len(fit.feature_names)
        k = np.unique(np.append(np.linspace(0, len(fit.alphas) - 1, STOPS).round().astype(int), fit.chosen))
        weights = np.abs(fit.coefs[:, k].toarray()) * fit.model.penalised_unit[:, None]
        alphas, kept = fit.alphas[k], fit.df[k]
        explained, size = fit.deviance_ratio[k], weights.sum(axis=0)
        few = columns <= FREE and fit.model.n > columns
        free = found.source.solve(0.0) if few and found.loss.gapped and alphas[-1] > 0 else None
        if free is not None and free.status is Status.CERTIFIED:
            alphas, kept = np.append(alphas, 0.0), np.append(kept, np.count_nonzero(free.coef))
            explained = np.append(explained, free.deviance_ratio)
            size = np.append(size, np.abs(free.coef) @ fit.model.penalised_unit)
        elif alphas[-1] > 0:
            why = "it is not certified" if few else f"{columns:,} columns, {fit.model.n:,} rows"
            told = f" (The fit at 0 is left out: {why}.)"
    rows = tuple(
        (f"{a:.4g}", int(many), columns - int(many), float(r), float(s))
        for a, many, r, s in zip(alphas, kept, explained, size, strict=True)
    )
    return Lesson(
        name="unpenalised",
        claim="Without a penalty no weight is zero; under too large a one all are.",
        on=on,
        columns=("alpha", "kept", "zeros", "deviance explained", "L1 size"),
        rows=rows,
        arrays={"alpha": alphas, "kept": kept.astype(np.float64), "explained": explained, "size": size},
        text=(
            "At alpha 0 the data alone decide, and data with noise ask for some weight on every column: an exact "
            "zero would be an accident. From the largest pull of the null model on, alpha holds every weight at "
            f"zero. Between, each alpha buys a smaller model with a worse fit to these rows.{told} The limit: these "
            "counts say nothing of which alpha predicts best; that is what held-out rows are for."
        ),
    )


def correlated(
    fit: Path | None = None, *, correlation: float = 0.99, pulls: tuple[float, float] = (1.0, 0.98), alpha: float = 0.5
) -> Lesson:
    """Two near copies: which one L1 keeps, how close the call was, and what the elastic net does with them.

    Parameters
    ----------
    fit : Path, optional
        Live: the pairs of a kept feature and another one that are most correlated.
    correlation, pulls, alpha
        Without a fit: of two standardised columns, and their pulls at the null model.

    Returns
    -------
    Lesson

    Examples
    --------
    >>> import lozenge as lz
    >>> row = lz.lessons.correlated().rows[0]
    >>> [round(x, 3) for x in row[2:6]]
    [0.99, 0.5, 0.0, 0.97]
    """
    if fit is None:
        return _two(correlation, pulls, alpha)
    found = fitted(fit)
    sd = fit.model.scale / fit.model.penalised_unit
    best: dict[tuple[int, int], float] = {}
    for j in found.kept[:50]:
        with np.errstate(invalid="ignore", divide="ignore"):
            own = outputs.beside(fit.model, int(j))
            r = np.zeros(len(sd))
            r[own] = found.source.similarity(int(j), own) / (sd[j] * sd[own])
        r[fit.model.constant] = 0.0
        r[j] = 0.0
        for k in np.argsort(-np.abs(r), kind="stable")[:PAIRS]:
            if (int(k), int(j)) not in best:
                best[int(j), int(k)] = float(np.clip(r[k], -1.0, 1.0))
    closest = sorted(best.items(), key=lambda item: -abs(item[1]))[:PAIRS]
    closest = [pair for k, pair in enumerate(closest) if k == 0 or abs(pair[1]) >= DOUBLE]
    ratio = 0.5
    net = found.source.under(ElasticNet(l1_ratio=ratio))
    level = net.at_deviance(float(fit.deviance_ratio[fit.chosen]), found.alpha).alpha
    both, forces = net.weights_at(level), found.forces
    rows = tuple(
        (
            found.names[j],
            found.names[k],
            r,
            float(forces.weight[j]),
            float(forces.weight[k]),
            float(abs(forces.left[k]) / forces.price[k]) if forces.price[k] > 0 else np.nan,
            float(both[j]),
            float(both[k]),
        )
        for (j, k), r in closest
    )
    return Lesson(
        name="correlated",
        claim=DOUBLES,
        on=found.on,
        columns=SHOWN,
        rows=rows,
        arrays={
            "correlation": np.array([row[2] for row in rows]),
            "l1": np.array([[row[3], row[4]] for row in rows]),
            "net": np.array([[row[6], row[7]] for row in rows]),
        },
        text=(
            "Weights are per standard deviation where the fit standardised. A double at 100 % of the price would be "
            "kept as well; one at 98 % lost by a hair, and another sample could have exchanged them: read 'one or "
            f"the other', not 'one and not the other'. The elastic net (l1_ratio {ratio:g}, alpha {level:.4g}, where "
            "it explains the same deviance) tends to share it, because its ridge part charges two halves less than "
            "a whole. The limit: shared weights are no more evidence of two effects than a single one is of one."
        ),
    )


def _two(correlation: float, pulls: tuple[float, float], alpha: float) -> Lesson:
    if not (-1 < correlation < 1 and alpha > 0):
        raise ValueError(f"a correlation inside (-1, 1) and a positive alpha are needed; got {correlation}, {alpha}")
    H, pull = np.array([[1.0, correlation], [correlation, 1.0]]), np.array(pulls)
    bowl = Bowl(H, np.linalg.solve(H, pull))
    b = penalised(bowl, Ball("l1"), alpha)
    left, share = bowl.pull(b), bowl.value(b)
    net, low, high = b, 0.0, 10.0 * alpha  # the net's α at the same loss
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        net = penalised(bowl, Ball("net", rho=0.5), middle)
        low, high = (middle, high) if bowl.value(net) < share else (low, middle)
    j = int(np.argmax(np.abs(b)))
    k = 1 - j
    row = ("first" if j == 0 else "second", "second" if j == 0 else "first", correlation, float(b[j]), float(b[k]))
    return Lesson(
        name="correlated",
        claim=DOUBLES,
        on=f"correlation {correlation:g}, pulls {pulls[0]:g} and {pulls[1]:g}, alpha {alpha:g}",
        columns=SHOWN,
        rows=((*row, float(abs(left[k]) / alpha), float(net[j]), float(net[k])),),
        arrays={
            "correlation": np.array([correlation]),
            "l1": np.array([[b[j], b[k]]]),
            "net": np.array([[net[j], net[k]]]),
        },
        text=(
            f"Alone they pull {pulls[0]:g} and {pulls[1]:g}. Once one of them carries {b[j]:.3g}, it has said nearly "
            f"all that the other could: what is left for that is {abs(left[k]):.3g}, "
            f"{100 * abs(left[k]) / alpha:.0f} % of the price. The elastic net at the same loss shares the weight, "
            "because its ridge part charges two halves less than a whole. The limit: which one L1 keeps is decided "
            "by a hair, so it is no finding about the other."
        ),
    )
