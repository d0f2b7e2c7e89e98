"""The standard deviation of the noise of a linear model, from the lasso's residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from lozenge.results import Path, Source

ROUNDS = 100  # of the scaled lasso
SETTLED = 1e-6  # relative change of σ


class Noise(NamedTuple):
    """σ, None where the loss has none, and where it is known from."""

    sigma: float | None
    known_from: str


def level(path: Path, source: Source) -> Noise:
    """σ̂ = √(‖y - η̂‖²/(n - k)), k the weights that are not zero and the intercept.

    Of a path with a cross-validation at the α of its minimum, else at the α of the scaled lasso, α = σ̃√(2 log p / n)
    with σ̃ = ‖y - η̂‖/√n of the fit at that same α.

    Raises
    ------
    ValueError
        Where there are not more rows than weights, nothing is left, or the scaled lasso has no α: name sigma.

    References
    ----------
    Reid, Tibshirani, Friedman (2016), A study of error variance estimation in lasso regression, Statistica Sinica 26,
    eq. 2.3.  Sun, Zhang (2012), Scaled sparse linear regression, Biometrika 99, eq. 4.
    """
    n = path.model.weight_sum
    if path.cv is not None:
        alpha, known_from = float(path.cv.alphas[path.cv.index_min]), "residuals at the cross-validated minimum"
    else:
        alpha, known_from = _scaled(path, source), "residuals of the scaled lasso"
    weights = source.weights_at(alpha)
    square = 2.0 * float(source.losses(weights[:, None])[0]) * n
    spent = int(np.count_nonzero(weights[: len(path.feature_names)])) + path.model.fit_intercept
    if not n > spent:
        raise ValueError(
            f"sigma cannot be told from {n:g} rows by a fit with {spent} weights; fit with cv=10, or name sigma"
        )
    if not square > 0.0:
        raise ValueError("sigma cannot be told from residuals that are all 0; name sigma")
    return Noise(float(np.sqrt(square / (n - spent))), known_from)


def _scaled(path: Path, source: Source) -> float:
    """α of the scaled lasso, by going to and fro between α and σ̃ from the null model on."""
    model = path.model
    if not model.standardize:
        raise ValueError(
            "sigma is told from a cross-validation, or by the scaled lasso from standardised columns, and this path "
            "has neither; fit with cv=10, with standardize=True, or name sigma"
        )
    priced = int(np.count_nonzero(~model.constant & (model.penalty_weights > 0) & np.isfinite(model.penalty_weights)))
    price = float(np.sqrt(2.0 * np.log(max(priced, 2)) / model.weight_sum))
    sigma = float(np.sqrt(2.0 * model.null_loss))
    for _ in range(ROUNDS):
        again = float(np.sqrt(2.0 * source.losses(source.weights_at(price * sigma)[:, None])[0]))
        if abs(again - sigma) <= SETTLED * sigma:
            break
        sigma = again
    return price * sigma
