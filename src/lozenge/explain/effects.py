"""What a weight does to what a loss foretells, in words, and where a force is a correlation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from lozenge.explain.words import number, some
from lozenge.losses import LOSSES
from lozenge.losses.own import OwnLoss

if TYPE_CHECKING:
    from lozenge.losses import Loss
    from lozenge.results import Floats, Model, Path, Reason

NEAR_ONE = 0.005  # a ratio nearer to 1 than this is told with two digits of what is more or less
LARGEST = 700.0  # e to a larger power is no float
UNNAMED = "the target"


class Effect(NamedTuple):
    """The words for one effect.

    Attributes
    ----------
    fitted : what of the fit is set against y; empty where that is the features themselves
    zero : what a weight of zero says, if it were taken for an estimate
    """

    fitted: str = ""
    zero: str = ""


EFFECTS = {
    "level": Effect(),
    "odds": Effect("the fitted probabilities", "An odds ratio of 1"),
    "mean": Effect("the fitted means", "A ratio of 1"),
    "hazard": Effect("the fitted hazards", "A hazard ratio of 1"),
    "score": Effect("the fitted scores"),
}


def loss_of(path: Path) -> Loss:
    """The loss of a path: by its name, else as the data know it."""
    kind: Any = LOSSES.get(path.model.loss)
    if kind is not None:
        return cast("Loss", kind(**path.model.loss_parameters))
    return cast("Loss", OwnLoss(None) if path.source is None else path.source.loss)


def correlation_units(model: Model, loss: Loss) -> Floats:
    """(p,) divide a force by this to read it as a correlation; 0 where it is none.

    With f' = mean - y and a null model that is an intercept alone, the pull of a feature at the null model is
    Σ w (y - ȳ) x / Σw, its covariance with y, and so with each output's own column of y: the unit is sd(y) sd(x).
    """
    beyond = (model.penalty_weights == 0) & ~model.constant
    if not (loss.words.canonical and model.fit_intercept) or model.offset or beyond.any():
        return np.zeros(len(model.scale))
    spread = np.atleast_1d(np.asarray(model.y_sd, dtype=np.float64))
    own = np.repeat(spread, len(model.scale) // len(spread))
    return np.where(model.constant, 0.0, own * model.scale / model.penalised_unit)


def weight(reason: Reason) -> str:
    """Say what the weight is, and what it does."""
    per_unit = f"weight {number(reason.weight)}"
    if reason.effect == "level" and reason.of == "mean":
        return f"{per_unit} ({number(reason.per_sd)} per SD)"
    return f"{per_unit} per unit: one SD {_does(reason)}"


def _does(reason: Reason) -> str:
    size = number(reason.per_sd)
    if reason.effect == "level":
        return f"shifts the {reason.of} of {reason.target} by {size}"
    if reason.effect == "score":
        return f"adds {size} to the score of {reason.target}"
    power = reason.per_sd if reason.against is None else reason.apart
    times = ratio(math.exp(power) if power < LARGEST else math.inf)
    return f"multiplies the {_odds(reason) if reason.effect == 'odds' else reason.of} by {times}"


def _odds(reason: Reason) -> str:
    """Say of what: of a class, of several against some or the average of them, or of more of an amount."""
    if reason.of == "odds":
        against = some(reason.against) if reason.against else "the average class (geometric mean)"
        return f"odds of {reason.target}" + (f" against {against}" if reason.against is not None else "")
    return reason.of if reason.target == UNNAMED else f"{reason.of} {reason.target}"


def column(reason: Reason) -> str:
    """The name of the column of X, whichever output the weight is of."""
    return reason.feature if reason.output is None else reason.feature.removesuffix(f"[{reason.output}]")


def ratio(times: float) -> str:
    """A factor, with more digits the nearer it is to 1.

    Examples
    --------
    >>> from lozenge.explain.effects import ratio
    >>> ratio(4.463), ratio(1.000412)
    ('4.46', '1.00041')
    """
    more = abs(times - 1.0)
    return f"{times:.{1 - math.floor(math.log10(more))}f}" if 1e-12 < more < NEAR_ONE else number(times)
