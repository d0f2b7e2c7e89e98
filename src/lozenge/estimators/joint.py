"""The penalty of the multi-task elastic net: a norm over the outputs of each column, and a ridge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from lozenge.penalties.blocks import Blocks
from lozenge.penalties.form import TINY, Young
from lozenge.penalties.group import Group

if TYPE_CHECKING:
    from lozenge.penalties.face import Face
    from lozenge.penalties.form import Bools, Floats, Indices


@dataclass(frozen=True, eq=False)
class RidgedBlocks(Blocks):
    """Σ_g price_g‖b_g‖₂ + ½ l2 ‖b‖².

    Attributes
    ----------
    l2 : float, above 0
    """

    l2: float

    @property
    def ridge(self) -> Floats:
        """l2."""
        return np.full(len(self.l1), self.l2)

    def take(self, cols: Indices) -> RidgedBlocks:
        """Give the same on whole blocks of coordinates."""
        return RidgedBlocks(self.l1[cols], self.labels[cols], self.price, self.l2)

    def cost(self, b: Floats) -> float:
        """Σ price‖b_g‖ + ½ l2 ‖b‖²."""
        return super().cost(b) + 0.5 * self.l2 * float(b @ b)

    def prox(self, z: Floats, step: float) -> Floats:
        """That of the norms, over 1 + step·l2."""
        return super().prox(z, step) / (1.0 + step * self.l2)

    def conjugate(self, z: Floats) -> float:
        """Σ_g (‖z_g‖ - price_g)₊² / (2 l2)."""
        return float(np.sum(np.square(np.maximum(self.norms(z) - self.price, 0.0)))) / (2.0 * self.l2)

    def scale(self, z: Floats) -> float:  # noqa: ARG002 - finite everywhere
        """1."""
        return 1.0

    def young(self, b: Floats, g: Floats, slack: Floats) -> Young:
        """By block with s = ‖b‖, t = ‖z‖, p = price: ps + ½ l2 s² + (t - p)₊²/(2 l2) - zᵀb, without cancellation.

        Where t > p that is (t - p - l2 s)²/(2 l2) + (ts - zᵀb); else (p - t)s + ½ l2 s² + (ts - zᵀb). Pulls that are
        only known to within ``slack`` may be off by its norm δ in a block, which moves the first by no more than
        δ|t - p - l2 s|/l2 + δ²/(2 l2) and zᵀb by δs.
        """
        size, pull, off = self.norms(b), self.norms(g), self.norms(slack)
        along = np.bincount(self.labels, weights=-g * b, minlength=len(self.price))
        turned = np.maximum(pull * size - along, 0.0)
        beyond = np.abs(pull - self.price - self.l2 * size) + off
        inside = (self.price - pull) * size + 0.5 * self.l2 * np.square(size)
        edge = np.square(np.maximum(pull + off - self.price, 0.0)) / (2.0 * self.l2)
        value = np.where(pull > self.price, np.square(beyond) / (2.0 * self.l2), inside + edge) + turned + off * size
        return Young(max(float(value.sum()), 0.0), 0.0)

    def certain(self, z: Floats, radius: Floats) -> Bools:
        """Blocks that no pull within the radius lets in."""
        found: Bools = self.pressure(np.abs(z) + radius) < 1.0
        return found

    def pressure(self, z: Floats) -> Floats:
        """‖z_g‖ / price."""
        with np.errstate(over="ignore"):
            found: Floats = (self.norms(z) / np.maximum(self.price, TINY))[self.labels]
        return found

    def descend(self, S: Floats, b: Floats, g: Floats, sweeps: int) -> None:
        """Cyclic descent over blocks, the ridge as a part of S."""
        stiff = S.copy()
        stiff[np.diag_indices(len(b))] += self.l2
        g += self.l2 * b
        super().descend(stiff, b, g, sweeps)
        g -= self.l2 * b

    def slope(self, b: Floats) -> Floats:
        """Price b/‖b_g‖ + l2 b."""
        return super().slope(b) + self.l2 * b

    def stiffen(self, system: Floats, face: Face, b: Floats) -> None:
        """Add price/‖b_g‖ (I - uuᵀ) + l2 I, u = b_g/‖b_g‖."""
        super().stiffen(system, face, b)
        system[np.diag_indices(len(face.rows))] += self.l2


@dataclass(frozen=True)
class JointElasticNet(Group):
    """Ω(W) = ρ Σⱼ‖wⱼ‖₂ + ½(1 - ρ) Σⱼ‖wⱼ‖², wⱼ the weights of column j for all outputs.

    Parameters
    ----------
    groups : None
        The columns.
    l1_ratio : ρ in (0, 1)

    References
    ----------
    Obozinski, Taskar, Jordan (2010), Joint covariate selection and joint subspace selection for multiple
    classification problems, Statistics and Computing 20, for the norm; Zou, Hastie (2005), JRSS B 67, for the ridge.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.estimators.joint import JointElasticNet
    >>> half = JointElasticNet(l1_ratio=0.5).named(("a",)).copied(2).with_weights(np.ones(2))
    >>> half.value(np.array([3.0, 4.0]), alpha=1.0)
    8.75
    """

    l1_ratio: float = 0.5
    ridge_unit: float = 1.0

    name: ClassVar[str] = "joint_elasticnet"

    def __post_init__(self) -> None:
        if not 0.0 < self.l1_ratio < 1.0:
            raise ValueError(f"l1_ratio must lie between 0 and 1 exclusive; got {self.l1_ratio}")

    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"l1_ratio": self.l1_ratio} | super().parameters()

    def in_units(self, unit: float) -> Self:
        """Ω' with αΩ(ub)/u² = (α/u)Ω'(b): the ridge takes the factor u, the norms none."""
        return replace(self, ridge_unit=unit)

    def kernel(self, alpha: float) -> RidgedBlocks:
        """The norms at αρv, the ridge at α(1 - ρ)."""
        labels = self._labels
        price = self.l1_ratio * self._prices(alpha)
        return RidgedBlocks(np.zeros(len(labels)), labels, price, alpha * (1.0 - self.l1_ratio) * self.ridge_unit)

    def tangent(self, B: Floats, alpha: float) -> RidgedBlocks:  # noqa: ARG002 - convex: the penalty itself
        """αΩ."""
        return self.kernel(alpha)

    def price(self, alpha: float) -> Floats:
        """αρv, for the norm of a column's pulls."""
        return self.l1_ratio * super().price(alpha)

    def slope(self, B: Floats, alpha: float) -> Floats:
        """αρv wⱼ/‖wⱼ‖ + α(1 - ρ)w; in a column that is zero αρv, as if the output were alone."""
        kernel = self.kernel(alpha)
        return np.where(kernel.norms(B)[self._labels] > 0.0, kernel.slope(B), self.price(alpha))

    def prox(self, Z: Floats, step: float, alpha: float) -> Floats:
        """z_j (1 - step·αρv/‖z_j‖)₊ / (1 + step·α(1 - ρ))."""
        return self.kernel(alpha).prox(Z, step)
