"""Which loss the values of a target call for, and which others they might."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lozenge.tables.words import quoted, show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.results import Floats
    from lozenge.tables.roles import Roles

MOST_CLASSES = 100  # different texts that pass for classes unasked
FEW_NUMBERS = 20  # different whole numbers that may be grades
SLIPS = 0.5  # share of cells that are no numbers, below which they are slips in a column of numbers
ZEROS = 0.05  # share of exact zeros from which an amount is one that may be none
SKEWED = 1.0  # third moment, over the cube of the standard deviation, of an amount that spreads as it grows


class Call(NamedTuple):
    """The loss that is taken unasked, why, and what else these values could be."""

    loss: str
    why: str
    others: str = ""


def calls_for(y: NDArray[Any], roles: Roles) -> Call:
    """Name the loss that a response calls for.

    Times and events: Cox; several targets: multitask; two values: logistic; texts: multinomial; with an exposure counts
    are Poisson and amounts gamma, or Tweedie with zeros; other numbers are squared.

    Parameters
    ----------
    y : as `lozenge.tables.encode` gives it
    roles : what its columns are

    Raises
    ------
    ValueError
        For texts that look like numbers with a slip, or are too many to be classes.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.tables import Roles, calls_for
    >>> calls_for(np.array([0.0, 2.0, 1.0]), Roles(("claims",), exposure="years")).loss
    'poisson'
    """
    if roles.time is not None:
        return Call("cox", f"is an event at '{show(roles.time)}': Cox regression of its hazard")
    if len(roles.target) > 1:
        together = "--penalty group lets a feature in for all of them or none"
        return Call("multitask", f"are {len(roles.target)} targets: linear regression of all", together)
    values, text = np.unique(y), y.dtype.kind not in "biuf"
    if roles.exposure is not None and not text:
        return _per_exposure(y)
    listed = quoted((f"{value:g}" if isinstance(value, float) else value for value in values[:4].tolist()), 4)
    listed += ", ..." * (len(values) > 4)
    if len(values) == 2:
        amounts = "" if text else "--loss squared takes them as amounts"
        return Call("logistic", f"has two values, {listed}: logistic regression for the odds of the second", amounts)
    if text:
        _check_classes(y, values)
        order = "--loss ordinal --order A,B,C if they have an order"
        return Call("multinomial", f"has {len(values):,} classes, {listed}: multinomial regression", order)
    return Call("squared", "is numeric: linear regression", _others(y, values))


def slip(y: NDArray[Any]) -> str:
    """The first text that is no number in a column of numbers; "" if it is none."""
    odd = [cell for cell in y if not _is_number(cell)]
    return str(odd[0]) if 0 < len(odd) < SLIPS * len(y) else ""


def _is_number(cell: object) -> bool:
    try:
        float(str(cell))
    except ValueError:
        return False
    return True


def _check_classes(y: NDArray[Any], values: NDArray[Any]) -> None:
    if odd := slip(y):
        raise ValueError(
            f"'{show(odd)}' makes the column text: mend that cell if it holds numbers; if these are classes, say "
            "--loss multinomial"
        )
    if len(values) > MOST_CLASSES:
        raise ValueError(
            f"it is text of {len(values):,} different values, too many to be classes: merge some, name a column of "
            "numbers, or say --loss multinomial"
        )


def _per_exposure(y: Floats) -> Call:
    whole = bool((y == np.floor(y)).all())
    if whole or (y < 0.0).any():  # which Poisson's own check refuses best
        return Call(
            "poisson", "has counts over an exposure: Poisson regression", "--loss negative_binomial if they spread"
        )
    if (y > 0.0).all():
        return Call("gamma", "has amounts over an exposure: gamma regression", "--loss tweedie takes zeros")
    return Call("tweedie", "has amounts over an exposure, some 0: Tweedie regression", "--loss tweedie:POWER, 1 to 2")


def _others(y: Floats, values: NDArray[Any]) -> str:
    if bool((y == np.floor(y)).all()) and values[0] >= 0.0:
        grades = "; of grades --loss ordinal, of classes --loss multinomial" if len(values) <= FEW_NUMBERS else ""
        return f"of counts --loss poisson{grades}"
    if values[0] == 0.0 and np.mean(y == 0.0) >= ZEROS:
        return "of amounts, some 0, --loss tweedie"
    if values[0] > 0.0 and _skew(y) > SKEWED:
        return "of amounts that spread as they grow --loss gamma"
    return "against outliers --loss huber; for a quantile --loss quantile:0.9"


def _skew(y: Floats) -> float:
    z = y / np.max(np.abs(y))
    z = z - z.mean()
    return float(np.mean(z**3) / np.mean(z**2) ** 1.5)
