"""What the lessons read from a fit at its chosen α."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lozenge.explain import outputs
from lozenge.explain.effects import loss_of

if TYPE_CHECKING:
    from lozenge.losses import Loss
    from lozenge.results import Floats, Forces, Indices, Path, Source

NOTHING = 1e-6  # of the price


class Fitted(NamedTuple):
    """The chosen α of a path with its data.

    ``kept``: penalised features with a weight, largest first, in the units the penalty sees; ``zeros``: the others that
    vary, nearest their price first; ``levels``: places of the intercepts behind the features, those that the loss can
    tell apart; ``on``: what to call it.
    """

    alpha: float
    forces: Forces
    kept: Indices
    zeros: Indices
    names: tuple[str, ...]
    source: Source
    loss: Loss
    levels: Indices
    on: str

    @property
    def weights(self) -> Floats:
        """Of the kept features, largest first."""
        return self.forces.weight[self.kept]

    @property
    def pulled(self) -> Indices:
        """The zeros that anything pulls on: of the classes of a multinomial fit one may be what the others balance."""
        left, price = np.abs(self.forces.left[self.zeros]), self.forces.price[self.zeros]
        return self.zeros[left > NOTHING * price]


def fitted(path: Path, least: int = 1, *, curved: bool = False) -> Fitted:
    """Read the chosen α of a live path.

    Raises
    ------
    ValueError
        For a loaded path, for another penalty than L1, where fewer features than ``least`` are kept, and of a loss made
        of straight pieces where a curved one is needed.
    """
    if path.model.penalty != "l1":
        raise ValueError(f"a lesson starts from an L1 fit; got {path.model.penalty!r}. Fit with penalty='l1'")
    if path.source is None:
        raise ValueError("a lesson on data needs the data in memory; fit again with lozenge.path(X, y)")
    loss = loss_of(path)
    if curved and loss.sharpens:
        raise straight(loss)
    alpha = float(path.alphas[path.chosen])
    forces = path.source.forces(alpha)
    penalised = (forces.price > 0) & np.isfinite(forces.price)
    kept = np.flatnonzero((forces.weight != 0) & penalised)
    kept = kept[np.argsort(-np.abs(forces.weight[kept]), kind="stable")]
    zeros = np.flatnonzero((forces.weight == 0) & penalised & ~path.model.constant)
    zeros = zeros[np.argsort(-np.abs(forces.left[zeros]) / forces.price[zeros], kind="stable")]
    if len(kept) < least:
        raise ValueError(
            f"this lesson needs {least} kept feature{'s' * (least > 1)}; {len(kept)} kept at alpha {alpha:.4g}. "
            "Choose a smaller alpha"
        )
    levels = len(path.feature_names) + np.arange(loss.levels if path.model.fit_intercept else 0)
    target, columns = path.model.target or "y", outputs.columns(path.model)
    times = f" for {len(path.model.outputs)} outputs each" if path.model.outputs else ""
    on = f"{target}: {columns:,} features{times}, {len(kept):,} kept at alpha {alpha:.4g}"
    return Fitted(alpha, forces, kept, zeros, path.feature_names, path.source, loss, levels, on)


def straight(loss: Loss) -> ValueError:
    """What is said where a curvature is needed and there is none."""
    return ValueError(
        f"this lesson follows the curvature of the loss, and {loss.name} has none: it is made of straight pieces. Fit "
        "with a curved loss, such as loss='huber'"
    )


def null_weights(path: Path, source: Source) -> Floats:
    """(p + q,) weights of the null model in the units of `Source.weights_at`."""
    return source.weights_at(max(path.model.alpha_max, float(path.alphas[0])))


def profiled(H: Floats, first: int) -> Floats:
    """The Hessian of the first coordinates where the others move along, each to where the loss is least."""
    across = H[:first, first:]
    return H[:first, :first] - across @ np.linalg.lstsq(H[first:, first:], across.T, rcond=None)[0]
