"""What the lessons read from a fit at its chosen α."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from lozenge.results import Floats, Forces, Indices, Path, Source


class Fitted(NamedTuple):
    """The chosen α of a path with its data.

    ``kept``: penalised features with a weight, largest first, in the units the penalty sees; ``zeros``: the others that
    vary, nearest their price first; ``on``: what to call it.
    """

    alpha: float
    forces: Forces
    kept: Indices
    zeros: Indices
    names: tuple[str, ...]
    source: Source
    on: str

    @property
    def weights(self) -> Floats:
        """Of the kept features, largest first."""
        return self.forces.weight[self.kept]


def fitted(path: Path, least: int = 1) -> Fitted:
    """Read the chosen α of a live path.

    Raises
    ------
    ValueError
        For a loaded path, for another penalty than L1, and where fewer features than ``least`` are kept.
    """
    if path.model.penalty != "l1":
        raise ValueError(f"a lesson starts from an L1 fit; got {path.model.penalty!r}. Fit with penalty='l1'")
    if path.source is None:
        raise ValueError("a lesson on data needs the data in memory; fit again with lozenge.path(X, y)")
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
    target = path.model.target or "y"
    on = f"{target}: {len(path.feature_names):,} features, {len(kept):,} kept at alpha {alpha:.4g}"
    return Fitted(alpha, forces, kept, zeros, path.feature_names, path.source, on)
