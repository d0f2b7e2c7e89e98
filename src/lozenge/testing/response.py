"""A loss on a sample of a response: what its methods give, and where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from lozenge.testing.broken import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lozenge.losses.base import Floats
    from lozenge.losses.elementwise import Elementwise
    from lozenge.results import Bools
    from lozenge.testing.broken import BrokenLaw

DUE = {  # what a method must work for, and what its arguments are called
    "saturated": ("y (n,)", ("y",)),
    "mean": ("eta (n,)", ("eta",)),
    "conjugate": ("y (n, 1) against u (n, m)", ("y", "u")),
}
ELSE = ("y (n, 1) against eta (n, m)", ("y", "eta"))
FAR = (0.0, 1.0, 30.0, 100.0, 300.0, 350.0, 500.0, 700.0, 745.0, 800.0, 1000.0)
FARTHEST = 1e6  # where the supremum of uη - f is looked for
HALVINGS = 64  # of a bracket of that size, to rounding


@dataclass(frozen=True)
class Response(Asked):
    """A loss, and a response that its ``check`` lets through.

    Attributes
    ----------
    given : where its methods are looked up
    whole : the loss as it is fitted
    kind : what the response is, in words
    raw, y : as it was given, and as ``check`` codes it, (n,) or (n, q)
    ours : it is a loss of lozenge's, and not an object of the user's
    """

    whole: Elementwise
    kind: str
    raw: NDArray[Any]
    y: Floats
    ours: bool

    @property
    def q(self) -> int:
        """Outputs."""
        return self.whole.width

    @property
    def dual(self) -> bool:
        """Whether it has a conjugate."""
        return self.whole.gapped

    def taking(self, rows: Any) -> Self:
        """Some of the coded rows."""
        return replace(self, y=self.y[rows])

    @property
    def centre(self) -> Floats:
        """(n,) numbers of the response's own size."""
        return self.y if self.y.ndim == 1 else self.y[:, 0]

    @property
    def spread(self) -> float:
        """How far they are apart."""
        return float(np.ptp(self.centre)) or 1.0

    def coded(self, y: NDArray[Any]) -> Any:
        """What ``check`` makes of a response."""
        return self.whole.check(y).values if self.ours else self.given.check(y)

    def raised(self, law: str, what: str, look: str, found: Bools, eta: Floats, **more: Any) -> BrokenLaw:
        """What is raised where an entry of a table (n, m) is marked: y and η of the first one."""
        i, j = (int(place[0]) for place in np.nonzero(found))
        y, at = self.y[i], eta[i, j]
        where = {"y": y if y.ndim else float(y), "eta": at if at.ndim else float(at)}
        where |= {name: float(value[i, j]) for name, value in more.items()}
        return self.broken(law, what, look, **where)

    def asked(self, method: str, *arguments: Any) -> Any:
        """What a method gives, as it is."""
        due, names = DUE.get(method, ELSE)
        return self.ask("rows", method, *arguments, due=due, names=names)

    def numbers(self, method: str, shapes: list[tuple[int, ...]], *arguments: Any) -> Floats:
        """Float64 of one of some shapes, that may hold inf and nan."""
        found, (due, names) = np.asarray(self.asked(method, *arguments)), DUE.get(method, ELSE)
        wrong = None
        if found.shape not in shapes:
            wrong = f"shape {found.shape}, where {shapes[0]} is due"
        elif found.dtype.kind not in "iuf":
            wrong = f"dtype {found.dtype}"
        elif found.dtype.kind == "f" and found.dtype.itemsize < 8:
            wrong = f"dtype {found.dtype}, which holds {np.finfo(found.dtype).precision} of 15 digits"
        if wrong:
            raise self.broken(
                "rows",
                f"{method} gives {wrong}",
                f"{method}, which must work for {due}: one number for each entry that they broadcast to",
                **dict(zip(names, arguments, strict=False)),
            )
        return found.astype(np.float64)

    def value(self, eta: Floats) -> Floats:
        """(n, m) f, which may be inf but not nan."""
        found = self.numbers("value", [self._shape(eta)], self.y[:, None], eta)
        return self.known("value", found, eta, np.isnan(found))

    def gradient(self, eta: Floats) -> Floats:
        """Like η, ∂f/∂η."""
        return self.numbers("gradient", [eta.shape], self.y[:, None], eta)

    def curvature(self, eta: Floats) -> Floats:
        """Like η, ∂²f/∂η², with another axis where outputs bend one another."""
        blocks = [(*eta.shape, self.q)] if self.q > 1 else []
        return self.numbers("curvature", [eta.shape, *blocks], self.y[:, None], eta)

    def conjugate(self, u: Floats) -> Floats:
        """(n, m) f*, which may be inf but not nan."""
        found = self.numbers("conjugate", [self._shape(u)], self.y[:, None], u)
        bad = np.isnan(found)
        if bad.any():
            i, j = (int(place[0]) for place in np.nonzero(bad))
            raise self.broken(
                "conjugate",
                "it is nan",
                "conjugate: a number inside its domain, inf outside; 0 log 0 is 0, as scipy.special.xlogy has it",
                y=self.y[i] if self.y.ndim > 1 else float(self.y[i]),
                u=u[i, j] if u.ndim > 2 else float(u[i, j]),
            )
        return found

    def known(self, method: str, found: Floats, eta: Floats, bad: Bools, what: str = "nan") -> Floats:
        """What was found, or that it is not to be."""
        if bad.any():
            raise self.raised(
                "finite",
                f"{method} is {what}",
                f"{method}, in a form that does not overflow, such as np.logaddexp; or check, which lets this y "
                f"through ({self.kind})",
                bad,
                eta,
            )
        return found

    def inside(self, method: str, eta: Floats) -> tuple[Floats, Bools]:
        """What a method gives, and where the value is finite; there it must be too."""
        within, found = np.isfinite(self.value(eta)), getattr(self, method)(eta)
        bad = ~np.isfinite(found).reshape(*within.shape, -1).all(axis=2)
        self.known(method, found, eta, bad & within, "nan or inf where value is finite")
        return found, within

    def directions(self, rng: np.random.Generator) -> Iterator[Floats]:
        """(q,) along which derivatives are looked at."""
        yield from np.eye(self.q)
        if self.q > 1:
            yield rng.standard_normal(self.q)

    def moves(self) -> Iterator[Floats]:
        """(q,) along which a feature moves its outputs."""
        yield from np.ones((1, self.q)) if self.whole.shared else np.eye(self.q)

    def points(self, rng: np.random.Generator) -> Floats:
        """(n, m) or (n, m, q) η of ordinary size."""
        n, q = len(self.y), self.q
        free = np.repeat([1.0, 4.0], 8)[:, None] * rng.standard_normal((n, 16, q))
        if q > 1:
            # Some losses are finite where outputs fall.
            return np.concatenate([free, -np.sort(-free, axis=2)], axis=1)
        near = self.centre[:, None] + self.spread * rng.standard_normal((n, 8))
        return np.concatenate([free[..., 0], near], axis=1)

    def far(self) -> Floats:
        """Like `points`, η up to 1,000."""
        steps = np.concatenate([-np.array(FAR[:0:-1]), FAR])
        if self.q == 1:
            return np.tile(steps, (len(self.y), 1))
        ways = np.concatenate([np.eye(self.q), np.linspace(1.0, -1.0, self.q)[None]])
        return np.tile((steps[:, None, None] * ways).reshape(-1, self.q), (len(self.y), 1, 1))

    def grid(self) -> Floats:
        """(n, m) fine η around 0 and around y; of one output."""
        around = np.linspace(-12.0, 12.0, 301)
        both = [np.tile(around, (len(self.y), 1)), self.centre[:, None] + self.spread / 4.0 * around]
        return np.sort(np.concatenate(both, axis=1), axis=1)

    def level(self, u: Floats) -> Floats:
        """(n, m) η between ±1e6 where f' crosses u (n, m); of one output."""
        low, high = np.full(u.shape, -FARTHEST), np.full(u.shape, FARTHEST)
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            slope = self.gradient(middle)
            above = np.where(np.isnan(slope), middle > 0.0, slope > u)  # nan: so far out that it overflows
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return np.asarray(0.5 * (low + high))

    def _shape(self, eta: Floats) -> tuple[int, ...]:
        return eta.shape if self.q == 1 else eta.shape[:-1]
