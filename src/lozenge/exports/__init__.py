"""A fitted model elsewhere: as SQL, as an ONNX graph, as a scikit-learn estimator, as a page of text.

Each works on a path, of which it takes the chosen solution, loaded or live, and on a solution.

===================  ========================================================================
`sql`                expressions over the columns of X, or of the table that it was made from
`onnx`               a graph of X, for ONNX runtimes
`estimator`          a fitted estimator of scikit-learn's
`summary`            text as statisticians lay it out
===================  ========================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lozenge import fit
from lozenge.results import Path, Solution

if TYPE_CHECKING:
    from lozenge.losses import Loss
    from lozenge.results import Floats

__all__ = ["LINKS", "Exported", "exported", "plain"]

# What η says, by what a weight does (`losses.Words.effect`), whether there are several η, and whether these share their
# weights.
LINKS = {
    ("level", False, False): "identity",
    ("level", True, False): "identity",
    ("mean", False, False): "log",
    ("hazard", False, False): "log",
    ("odds", False, False): "logit",
    ("odds", True, False): "softmax",
    ("odds", True, True): "cumulative",
    ("score", False, False): "sign",
}


class Exported(NamedTuple):
    """One solution, laid out by outputs.

    Attributes
    ----------
    solution, loss : as they are
    link : from `LINKS`, how what is foretold comes from η
    columns : (p,) names of the columns of X
    weights : (q, p); where the outputs share their weights the same row q times
    levels : (q,) intercepts
    """

    solution: Solution
    loss: Loss
    link: str
    columns: tuple[str, ...]
    weights: Floats
    levels: Floats


def exported(found: Path | Solution) -> Exported:
    """Lay out the chosen solution of a path, or a solution.

    Raises
    ------
    TypeError
        For anything else.
    ValueError
        For a loss of the user's own, whose mean a model does not hold, or one whose link is not known here.
    """
    if not isinstance(found, Path | Solution):
        raise TypeError(f"a path or a solution can be exported; got {type(found).__name__}")
    solution = fit.chosen(found) if isinstance(found, Path) else found
    loss = fit.loss_of(solution.model)
    link = LINKS.get((loss.words.effect, loss.width > 1, loss.shared))
    if link is None:
        raise ValueError(f"no export knows what the linear predictor of loss {loss.name!r} says; use path.predict")
    columns = fit.columns(solution)
    rows = solution.coef.reshape(-1, len(columns))
    weights = np.broadcast_to(rows, (loss.width, len(columns)))
    levels = np.broadcast_to(np.atleast_1d(np.asarray(solution.intercept, dtype=np.float64)), (loss.width,))
    return Exported(solution, loss, link, columns, weights, levels)


def plain(label: object) -> object:
    """A class as a plain value of Python: 1 and not 1.0, for a class is no measurement."""
    value = label.item() if isinstance(label, np.generic) else label
    return int(value) if isinstance(value, float) and value.is_integer() else value
