"""The Cox partial likelihood."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np

from lozenge.losses.base import Target, Words
from lozenge.results import Likelihood

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lozenge.losses.base import Floats

    Indices = NDArray[np.intp]

TIES = ("breslow", "efron")
COLUMNS = ("time", "event", "start", "strata")
EPS = float(np.finfo(np.float64).eps)
ALIKE = 0.25  # share of those at risk that come or go among terms that are taken together
FEW = 16  # bundles of terms at once
KEPT, ENTRIES = 16, 1 << 22  # weights whose risk sets are remembered, and the rows of all of them


@dataclass(frozen=True, eq=False)
class Risks:
    """One stratum's rows that count, latest time first, and its terms: one per event time, or per tied event.

    Attributes
    ----------
    rows : (n,) of the data; w : (n,) their weights
    ends : (E,) of each term the rows before this place have a time that is not earlier
    late : (E,) of each term the rows in order of start from this place on start before the time; n where none starts
        late
    starting : (n,) places of the rows, latest start first; empty where all rows are there from the beginning
    groups : (E,) number of the event time
    amount : (E,) weight of each term; tied : (E,) share of the tied events' risk that has left already
    events : (d,) places of the rows with an event, in order; owner : (d,) numbers of their event times
    total : (T,) weight of the events of each time
    """

    rows: Indices
    w: Floats
    ends: Indices
    late: Indices
    starting: Indices
    groups: Indices
    amount: Floats
    tied: Floats
    events: Indices
    owner: Indices
    total: Floats

    @cached_property
    def ties(self) -> bool:
        """Whether a part of the tied events leaves before the others."""
        return bool(self.tied.any())

    @cached_property
    def pairs(self) -> tuple[Indices, Indices]:
        """Every term with every event of its time."""
        count = np.bincount(self.owner)
        first = np.flatnonzero(np.diff(self.owner, prepend=-1))
        many = count[self.groups]
        term = np.repeat(np.arange(len(many)), many)
        within = np.arange(len(term)) - np.repeat(np.cumsum(many) - many, many)
        return term, self.events[first[self.groups[term]] + within]

    def sums(self, each: Floats) -> Floats:
        """(E, ...) Σ over the rows at risk, those with tied events in full."""
        found = np.cumsum(each, axis=0)[self.ends - 1]
        if len(self.starting):
            late = np.concatenate([np.zeros_like(each[:1]), np.cumsum(each[self.starting], axis=0)])
            found = found - late[self.late]
        return np.asarray(found)

    def tied_sums(self, each: Floats) -> Floats:
        """(E, ...) Σ over the rows with an event at the term's time."""
        found = np.zeros((len(self.total), *each.shape[1:]))
        np.add.at(found, self.owner, each[self.events])
        return np.asarray(found[self.groups])

    def back(self, each: Floats) -> Floats:
        """(n,) for each row Σ over the terms that it is at risk in, those of its own time in full."""
        at = np.zeros(len(self.rows) + 1)
        np.add.at(at, self.ends - 1, each)
        found = np.cumsum(at[::-1])[::-1][:-1]
        if len(self.starting):
            left = np.zeros(len(self.rows) + 1)
            np.add.at(left, self.late, each)
            # A row at place k of the starts is out of the terms that begin behind it.
            found = found.copy()
            found[self.starting] -= np.cumsum(left[::-1])[::-1][1:]
        return found

    def own(self, each: Floats) -> Floats:
        """(d,) for each row with an event Σ over the terms of its time."""
        return np.asarray(np.bincount(self.groups, each, minlength=len(self.total))[self.owner])


@dataclass(frozen=True)
class Cox:
    """F(η) = Σ over events i of wᵢ [log Σ over those at risk j of wⱼ e^ηⱼ - ηᵢ]: proportional hazards e^η.

    There is no intercept: the same added to every η changes nothing.

    Parameters
    ----------
    ties : how events at the same time count
        ``"breslow"``: each against all that are at risk; repeated rows equal integer weights.  ``"efron"``: of d tied
        events the l-th against those at risk less l/d of the tied ones, with the mean of their weights.

    Notes
    -----
    y has the columns time, event (1, or 0 for censored), and optionally start (a row is at risk after it) and strata.
    By terms e with weight ωₑ and laws pₑ over those at risk, F(η) + F*(u) - uη <= Σ ωₑ KL(qₑ ‖ pₑ) wherever
    u = Σ ωₑ qₑ - Σ wᵢ eᵢ: a dual point is a mixture of pₑ with the events themselves.

    References
    ----------
    Cox (1972), Regression models and life-tables, JRSS B 34; Breslow (1974), Covariance analysis of censored survival
    data, Biometrics 30; Efron (1977), The efficiency of Cox's likelihood function for censored data, JASA 72.

    Examples
    --------
    Three at risk of the first event and two of the second; all alike, the loss is log 3 + log 2:

    >>> import numpy as np
    >>> from lozenge.losses import Cox
    >>> y = Cox().check(np.array([[1.0, 1], [2, 1], [3, 0]])).values
    >>> bool(np.isclose(Cox().total(y, np.ones((3, 1)), np.zeros((3, 1)))[0], np.log(6)))
    True
    """

    ties: Literal["breslow", "efron"] = "breslow"
    _orders: list[tuple[Floats, list[Indices]]] = field(default_factory=list, init=False, repr=False, compare=False)
    _known: list[tuple[Floats, Floats, list[Risks]]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )
    _lately: dict[Any, tuple[Risks, Floats, Floats, Floats]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    name: ClassVar[str] = "cox"
    words: ClassVar[Words] = Words("Cox regression", "hazard", "hazard")
    width: ClassVar[int] = 1
    shared: ClassVar[bool] = False
    levels: ClassVar[int] = 0
    redundant: ClassVar[bool] = False
    bound: ClassVar[bool] = True
    sharpens: ClassVar[bool] = False
    edges: ClassVar[None] = None
    smoothness: ClassVar[float] = np.inf
    # E e^(sY) of a centred Y below R is at most 1 + Var(Y)(e^(sR) - 1 - sR)/R², and R is at most twice the largest |z|.
    concordance: ClassVar[float] = 2.0
    quadratic: ClassVar[bool] = False
    gapped: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.ties not in TIES:
            raise ValueError(f"ties must be 'breslow' or 'efron'; got {self.ties!r}")

    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"ties": self.ties}

    def sharpened(self, h: Floats) -> Self:  # noqa: ARG002 - the protocol's signature
        """The same: it has no corner."""
        return self

    def on(self, target: Target) -> Self:  # noqa: ARG002 - the protocol's signature
        """The same."""
        return self

    def total(self, y: Floats, w: Floats, eta: Floats) -> Floats:
        """Σ ωₑ log Σ over those at risk of w e^η, less Σ wη over the events."""
        return np.array([self._value(y, w[:, c], eta[:, c]) for c in range(eta.shape[1])])

    def slopes(self, y: Floats, w: Floats, eta: Floats) -> Floats:
        """Σ ωₑ pₑ, less w of the events."""
        return self._columns(self._slope, y, w, eta)

    def bends(self, y: Floats, w: Floats, eta: Floats) -> Floats:
        """Σ ωₑ pₑ."""
        return self._columns(self._bend, y, w, eta)

    def rooms(self, y: Floats, w: Floats, eta: Floats) -> Floats:
        """Σ ωₑ pₑ."""
        return self.bends(y, w, eta)

    def bonds(self, y: Floats, w: Floats, eta: Floats) -> Iterator[Floats]:
        """√Ω p for bundles of terms, Ω = Σ ωₑ and p = Σ ωₑpₑ/Ω: ∂²F = diag(Σ ωₑ pₑ) - Σ ωₑ pₑ pₑᵀ.

        Σ ωₑ pₑpₑᵀ is above Ω ppᵀ by what the laws of a bundle vary, so that what is left is above ∂²F.  They overlap:
        what is constant for each of them is so for all of them together.
        """
        for risks in self._risks(y, w):
            e, at_risk = self._laws(risks, eta)
            bundle = _bundles(risks, e, at_risk)
            for first in range(0, int(bundle[-1]) + 1, FEW):
                terms = slice(*np.searchsorted(bundle, (first, first + FEW)))
                own = bundle[terms] - first
                parts = _spread_apart(risks, e, risks.amount / at_risk, terms, own)
                parts /= np.sqrt(np.bincount(own, risks.amount[terms]))
                U = np.zeros((len(y), parts.shape[1]), order="F")
                U[risks.rows] = parts
                yield U

    def along(self, y: Floats, w: Floats, eta: Floats, d: Floats) -> Floats:
        """Σ ωₑ pₑ (d - mean of d over pₑ)."""
        out = np.zeros_like(eta)
        for c in range(eta.shape[1]):
            for risks in self._risks(y, w[:, c]):
                e, at_risk = self._laws(risks, eta[:, c])
                mean = _means(risks, e, at_risk, d[:, [c]])[:, 0]
                rows = risks.rows
                out[rows, c] = _spread(risks, e, at_risk) * d[rows, c] - _spread(risks, e, at_risk, mean)
        return out

    def young(self, y: Floats, w: Floats, eta: Floats, scale: Floats, shift: Floats) -> tuple[Floats, Floats]:
        """Σ ωₑ KL(qₑ ‖ pₑ), qₑ = s pₑ(1 - a) + (1 - s)rₑ, a = shift less its mean, rₑ the events by weight.

        log(1 - a) <= -a bounds what would need every pair of a row and a term.
        """
        found = [self._apart(y, w[:, c], eta[:, c], float(scale[c]), shift[:, c]) for c in range(eta.shape[1])]
        young = np.array([each for each, _ in found])
        return young, np.array([rough for _, rough in found])

    def least(self, y: Floats, w: Floats) -> Floats:
        """Σ ωₑ log of the weight that is still tied: as every event's η leaves those that come later behind."""
        found = np.zeros(w.shape[1])
        for c in range(w.shape[1]):
            for risks in self._risks(y, w[:, c]):
                found[c] += risks.amount @ np.log((1.0 - risks.tied) * risks.total[risks.groups])
        return found

    def mean(self, eta: Floats) -> Floats:
        """The hazard ratio e^η."""
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(eta))

    def decided(self, eta: Floats) -> NDArray[np.intp]:  # noqa: ARG002 - the protocol's signature
        """Refused."""
        raise ValueError("loss 'cox' has no classes")

    def chances(self, eta: Floats) -> Floats:  # noqa: ARG002 - the protocol's signature
        """Refused."""
        raise ValueError("probabilities need a response of classes; loss 'cox' has survival curves, path.survival(X)")

    def start(self, y: Floats, w: Floats) -> Floats:  # noqa: ARG002 - the protocol's signature
        """0."""
        return np.zeros((1, w.shape[1]))

    def unit(self, y: Floats) -> float:  # noqa: ARG002 - the protocol's signature
        """1."""
        return 1.0

    def hazard(self, y: Floats, w: Floats, eta: Floats) -> list[tuple[float, Floats, Floats]]:
        """Of each stratum its number, the times of its events and the cumulative hazard there where η = 0.

        Σ of the events' weight over that at risk, by the ties' rule; eta (n,).

        References
        ----------
        Breslow (1972), discussion of Cox's paper, JRSS B 34.
        """
        found = []
        for risks in self._risks(y, w):
            level = float(np.max(eta[risks.rows]))
            _, at_risk = self._laws(risks, eta)
            steps = np.bincount(risks.groups, risks.amount / at_risk, minlength=len(risks.total)) * np.exp(-level)
            times = np.empty(len(risks.total))
            times[risks.owner] = y[risks.rows[risks.events], 0]
            found.append((float(y[risks.rows[0], 3]), times[::-1], np.cumsum(steps[::-1])))
        return found

    def likelihood(self, y: Floats, w: Floats) -> Likelihood:
        """The partial likelihood, of which only events tell (Volinsky, Raftery 2000, Biometrics 56)."""
        return Likelihood(remainder=0.0, size=float(w @ y[:, 1]))

    def check(self, y: NDArray[Any], names: tuple[str, ...] = ()) -> Target:
        """(n, 4) of time, event, start and stratum; columns are known by their names, else by their order."""
        if y.ndim != 2 or not 2 <= y.shape[1] <= 4:
            raise ValueError(
                "y for loss='cox' has the columns time and event, and optionally start and strata; got shape "
                f"{y.shape}. Pass a frame with these names, or np.column_stack([time, event])"
            )
        if names and not {"time", "event"} <= set(names) <= set(COLUMNS):
            raise ValueError(f"y for loss='cox' has columns named {', '.join(COLUMNS)}; got {', '.join(names)}")
        if y.dtype.kind not in "biuf":
            raise ValueError(f"y for loss='cox' holds numbers; got dtype {y.dtype}")
        given = dict(zip(names or COLUMNS, y.astype(np.float64).T, strict=False))
        time, event = given["time"], given["event"]
        start = given.get("start", np.full(len(y), -np.inf))
        strata = given.get("strata", np.zeros(len(y)))
        for what, bad, wanted in (
            ("event", ~np.isin(event, (0.0, 1.0)), "1 for an event or 0 for censored"),
            ("time", time < 0.0 if "start" not in given else time <= start, "zero or positive, and after start"),
        ):
            if bad.any():
                row = int(np.argmax(bad))
                raise ValueError(f"{what} must be {wanted}; got {given[what][row]:g} in row {row}")
        if not event.any():
            raise ValueError("event holds no 1: every row is censored, and nothing tells who is at risk sooner")
        values = np.column_stack([time, event, start, strata])
        if not any(
            (risks.sums(np.ones(len(risks.rows))) > 1.0).any() for risks in self._risks(values, np.ones(len(y)))
        ):
            among = f", in {len(np.unique(strata)):,} strata of {len(y):,} rows" if "strata" in given else ""
            raise ValueError(
                f"at no event is another row at risk{among}: there is nothing to compare. Is it the right column of "
                f"{'strata' if among else 'times'}?"
            )
        return Target(values, kinds=event.astype(np.intp))

    def _risks(self, y: Floats, w: Floats) -> list[Risks]:
        """Of each stratum with an event; found once for the same weights."""
        for known, weights, found in list(self._known):
            if known is y and np.array_equal(weights, w):
                return found
        found = []
        for order in self._order(y):
            rows = order[w[order] > 0.0]
            if y[rows, 1].any():
                found.append(_risks(y[rows], w[rows], rows, efron=self.ties == "efron"))
        del self._known[: -max(1, min(KEPT, ENTRIES // len(y)) - 1)]
        self._known.append((y, w.copy(), found))
        return found

    def _laws(self, risks: Risks, eta: Floats) -> tuple[Floats, Floats]:
        """Those of `_laws`, which value, slope and curvature at one point ask for in turn."""
        key = (id(risks), float(eta[0]), float(eta[-1]), float(eta[len(eta) // 2]))
        known = self._lately.get(key)
        if known is not None and known[0] is risks and np.array_equal(known[1], eta):
            return known[2:]
        e, at_risk = _laws(risks, eta)
        if len(self._lately) >= max(2, min(KEPT, ENTRIES // len(eta))):
            self._lately.clear()
        self._lately[key] = (risks, eta.copy(), e, at_risk)
        return e, at_risk

    def _order(self, y: Floats) -> list[Indices]:
        """Rows of each stratum, latest first; sorted once for one y."""
        for known, order in self._orders:
            if known is y:
                return order
        rows = np.lexsort((-y[:, 1], -y[:, 0], y[:, 3]))
        found = np.split(rows, np.flatnonzero(np.diff(y[rows, 3])) + 1)
        del self._orders[:-1]
        self._orders.append((y, found))
        return found

    def _columns(self, one: Any, y: Floats, w: Floats, eta: Floats) -> Floats:
        out = np.zeros(eta.shape, order="F")
        for c in range(eta.shape[1]):
            for risks in self._risks(y, w[:, c]):
                out[risks.rows, c] = one(risks, *self._laws(risks, eta[:, c]))
        return out

    @staticmethod
    def _bend(risks: Risks, e: Floats, at_risk: Floats) -> Floats:
        return _spread(risks, e, at_risk)

    @staticmethod
    def _slope(risks: Risks, e: Floats, at_risk: Floats) -> Floats:
        slope = _spread(risks, e, at_risk)
        slope[risks.events] -= risks.w[risks.events]
        return slope

    def _value(self, y: Floats, w: Floats, eta: Floats) -> float:
        value = 0.0
        for risks in self._risks(y, w):
            level = float(np.max(eta[risks.rows]))
            _, at_risk = self._laws(risks, eta)
            events = risks.events
            with np.errstate(divide="ignore"):
                value += float(risks.amount @ np.log(at_risk))
            value -= float(risks.w[events] @ (eta[risks.rows[events]] - level))
        return value

    def _apart(self, y: Floats, w: Floats, eta: Floats, s: float, shift: Floats) -> tuple[float, float]:
        value, size = 0.0, 0.0
        for risks in self._risks(y, w):
            d = shift[risks.rows]
            if float(np.ptp(d)) > 1.0:  # a law would have negative parts
                return np.inf, 0.0
            e, at_risk = self._laws(risks, eta)
            moments = _means(risks, e, at_risk, np.column_stack([d, np.square(d)]), whole=True)
            mean, spread = moments[:, 0], np.maximum(moments[:, 1] - np.square(moments[:, 0]), 0.0)
            log = np.log(s) if s > 0.0 else 0.0
            everyone = risks.amount @ (s * (log + spread))
            # The events of each term: out with the bound, in with what they are.
            term, event = risks.pairs
            p = e[event] * (1.0 - risks.tied[term]) / at_risk[term]
            a = d[event] - mean[term]
            share = risks.w[event] / risks.total[risks.groups[term]]
            q = s * p * (1.0 - a) + (1.0 - s) * share
            with np.errstate(divide="ignore", invalid="ignore"):
                exact = np.where(q > 0.0, q * (np.log(q) - np.log(p)), 0.0)
            apart = risks.amount[term] @ (exact - s * p * ((1.0 - a) * log - a + np.square(a)))
            value += float(everyone + apart)
            size += float(risks.amount @ (1.0 + s * (abs(log) + spread)) + risks.amount[term] @ np.abs(exact))
        return value, 16.0 * EPS * size


def _risks(y: Floats, w: Floats, rows: Indices, *, efron: bool) -> Risks:
    """The terms of rows in order: latest time first, and of one time the events first."""
    time, events = y[:, 0], np.flatnonzero(y[:, 1] > 0.0)
    when = time[events]
    first = np.flatnonzero(np.diff(when, prepend=np.nan) != 0.0)
    owner = np.repeat(np.arange(len(first)), np.diff(first, append=len(events)))
    total = np.bincount(owner, w[events]).astype(np.float64)
    times = when[first]
    ends = np.searchsorted(-time, -times, side="right")
    starting = np.zeros(0, dtype=np.intp)
    late = np.zeros(len(times), dtype=np.intp)
    if np.isfinite(y[:, 2]).any():
        starting = np.argsort(-y[:, 2], kind="stable")
        late = np.searchsorted(-y[starting, 2], -times, side="right")
    count = np.bincount(owner)
    groups = np.repeat(np.arange(len(times)), count) if efron else np.arange(len(times))
    step = np.arange(len(groups)) - np.flatnonzero(np.diff(groups, prepend=-1))[groups]
    tied = np.asarray(step / count[groups] if efron else np.zeros(len(groups)))
    amount = np.asarray((total / count)[groups] if efron else total)
    return Risks(rows, w, ends[groups], late[groups], starting, groups, amount, tied, events, owner, total)


def _laws(risks: Risks, eta: Floats) -> tuple[Floats, Floats]:
    """(n,) w e^η, and (E,) its sums over those at risk; both over e^(max η)."""
    own = eta[risks.rows]
    e = risks.w * np.exp(own - np.max(own))
    at_risk = risks.sums(e)
    if risks.ties:
        at_risk = at_risk - risks.tied * risks.tied_sums(e)
    # What is at risk is no less than the event itself.
    return e, np.maximum(at_risk, np.finfo(np.float64).tiny)


def _means(risks: Risks, e: Floats, at_risk: Floats, columns: Floats, *, whole: bool = False) -> Floats:
    """(E, k) means of columns (n, k) over each term's law; ``whole``: of the stratum's rows only."""
    weighed = (columns if whole else columns[risks.rows]) * e[:, None]
    found = risks.sums(weighed)
    if risks.ties:
        found = found - risks.tied[:, None] * risks.tied_sums(weighed)
    return np.asarray(found / at_risk[:, None])


def _spread(risks: Risks, e: Floats, at_risk: Floats, each: Floats | None = None) -> Floats:
    """(n,) Σ ωₑ pₑ, times a figure of each term."""
    rate = risks.amount / at_risk if each is None else risks.amount * each / at_risk
    found = e * risks.back(rate)
    if risks.ties:
        found[risks.events] -= e[risks.events] * risks.own(rate * risks.tied)
    return found


def _bundles(risks: Risks, e: Floats, at_risk: Floats) -> Indices:
    """(E,) for each term, in order, the number of the bundle of those whose laws are nearly its own."""
    change = np.abs(np.diff(np.cumsum(e)[risks.ends - 1]))
    if len(risks.starting):
        gone = np.append(0.0, np.cumsum(e[risks.starting]))[risks.late]
        change += np.abs(np.diff(gone))
    if risks.ties:
        change += np.abs(np.diff(risks.tied * risks.tied_sums(e)))
    share = np.minimum(change / np.minimum(at_risk[1:], at_risk[:-1]), 1.0)
    moved = np.floor(np.append(0.0, np.cumsum(share)) / ALIKE)
    return np.asarray(np.cumsum(np.diff(moved, prepend=0.0) > 0.0))


def _spread_apart(risks: Risks, e: Floats, rate: Floats, terms: slice, own: Indices) -> Floats:
    """(n, k) Σ rateₑ pₑ over the terms of each bundle, the laws times those at risk; like `_spread`."""
    k = int(own[-1]) + 1
    at = np.zeros((k, len(risks.rows) + 1))
    np.add.at(at, (own, risks.ends[terms] - 1), rate[terms])
    found = np.cumsum(at[:, ::-1], axis=1)[:, :0:-1].T
    if len(risks.starting):
        left = np.zeros((k, len(risks.rows) + 1))
        np.add.at(left, (own, risks.late[terms]), rate[terms])
        found[risks.starting] -= np.cumsum(left[:, ::-1], axis=1)[:, -2::-1].T
    found *= e[:, None]
    if risks.ties:
        tied = np.zeros((k, len(risks.total)))
        np.add.at(tied, (own, risks.groups[terms]), (rate * risks.tied)[terms])
        found[risks.events] -= e[risks.events, None] * tied[:, risks.owner].T
    return found
