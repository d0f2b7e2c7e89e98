"""Losses f(y, η), one file each: what y is, and what η foretells of it.

===========================  =======================================================================================
`Squared`                    a number; η is its mean
`Huber`                      a number, with outliers; its centre
`Quantile`                   a number; its quantile
`Poisson`                    counts; log of the mean
`NegativeBinomial`           counts that spread more; log of the mean
`Gamma`                      positive amounts; log of the mean
`Tweedie`                    amounts, some of them 0; log of the mean
`Logistic`                   two classes; log-odds of the second
`SquaredHinge`               two classes; a score
`Multinomial`                several classes; logs of their probabilities, up to a constant
`Ordinal`                    classes in an order; log-odds of more than each
`Cox`                        a time, and whether the event came; log of the hazard, up to a constant
`MultiTask`                  several numbers; their means
===========================  =======================================================================================

`LOSSES` has them by their names, as `lozenge.path` takes them: ``loss="poisson"``, ``loss="quantile:0.9"``, or an
instance, ``loss=lozenge.losses.Quantile(tau=0.9)``.

Examples
--------
>>> from lozenge.losses import LOSSES
>>> [name for name in LOSSES if name.startswith("m")]
['multinomial', 'multitask']
"""

from lozenge.losses.base import Loss, Target, Words
from lozenge.losses.cox import Cox
from lozenge.losses.gamma import Gamma
from lozenge.losses.huber import Huber
from lozenge.losses.logistic import Logistic
from lozenge.losses.multinomial import Multinomial
from lozenge.losses.multitask import MultiTask
from lozenge.losses.negative_binomial import NegativeBinomial
from lozenge.losses.ordinal import Ordinal
from lozenge.losses.poisson import Poisson
from lozenge.losses.quantile import Quantile
from lozenge.losses.squared import Squared
from lozenge.losses.squared_hinge import SquaredHinge
from lozenge.losses.tweedie import Tweedie

_ALL: tuple[type[Loss], ...] = (
    Squared,
    Logistic,
    Poisson,
    Gamma,
    Tweedie,
    NegativeBinomial,
    Multinomial,
    Ordinal,
    Huber,
    Quantile,
    SquaredHinge,
    Cox,
    MultiTask,
)
LOSSES: dict[str, type[Loss]] = {loss.name: loss for loss in _ALL}

__all__ = [
    "LOSSES",
    "Cox",
    "Gamma",
    "Huber",
    "Logistic",
    "Loss",
    "MultiTask",
    "Multinomial",
    "NegativeBinomial",
    "Ordinal",
    "Poisson",
    "Quantile",
    "Squared",
    "SquaredHinge",
    "Target",
    "Tweedie",
    "Words",
]
