"""The laws of a penalty."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge.penalties.form import SoftThreshold
from lozenge.penalties.own import Own
from lozenge.penalties.separable import Separable
from lozenge.testing.broken import ROUNDING, Asked, BrokenLaw, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lozenge.penalties.base import Floats

ALPHAS, STEPS = (0.25, 1.5), (0.5, 1.0, 1.75)
SIZES = (1e-6, 1e6)  # of inputs: a prox that stops at an absolute tolerance is wrong at the small ones
TRIALS = 6  # random inputs for each of those
LOOSE = 1e-7  # relative, of what is computed by differences of values
INSIDE, OUTSIDE = 1.0 - 1e-6, 1.0 + 1e-6
LOCAL = 1e-6  # a step at which the prox of a penalty that is not convex sees only what is near


@dataclass(frozen=True)
class Subject(Asked):
    """A penalty on k columns of weight 1, with what it says of itself."""

    whole: Any
    k: int
    convex: bool
    separable: bool
    ours: bool

    def feasible(self, b: Floats) -> Floats:
        """The nearest point between the bounds that it names, if any."""
        bounds = getattr(self.given, "bounds", None)
        return b if bounds is None else np.clip(b, *bounds)

    def called(self, law: str, method: str, *arguments: Any) -> Any:
        """What a method gives."""
        return self.ask(law, method, *arguments, due=f"float64 vectors of {self.k} entries")

    def number(self, law: str, method: str, *arguments: Any) -> float:
        """A method that gives one number, not nan."""
        found = self.called(law, method, *arguments)
        if np.ndim(found) or np.isnan(np.asarray(found, dtype=np.float64)):
            raise self.broken(
                law, f"{method} gives {shown(found)}", f"{method}, which gives one number", input=arguments[0]
            )
        return float(found)

    def vector(self, law: str, method: str, k: int, *arguments: Any) -> Floats:
        """A method that gives (k,) numbers, not nan."""
        raw = self.called(law, method, *arguments)
        found = np.asarray(raw)
        wrong = None
        if found.shape != (k,):
            wrong = f"shape {found.shape} where ({k},) is due"
        elif found.dtype.kind not in "iuf":
            wrong = f"dtype {found.dtype}"
        elif np.isnan(found).any():
            wrong = "nan"
        if wrong:
            raise self.broken(
                law, f"{method} gives {wrong}", f"{method}, which gives one number per entry", input=arguments[0]
            )
        return np.array(found, dtype=np.float64)

    def value(self, b: Floats, alpha: float, law: str = "value") -> float:
        """αΩ(b)."""
        return self.number(law, "value", b, alpha)

    def prox(self, z: Floats, step: float, alpha: float, law: str = "prox") -> Floats:
        """The prox."""
        return self.vector(law, "prox", len(z), z, step, alpha)


def check_penalty(penalty: Any, *, columns: int = 5, seed: int = 0) -> tuple[str, ...]:
    """Look whether a penalty keeps the laws that `lozenge.path` builds on, on random inputs.

    Parameters
    ----------
    penalty : an object of your own, or one of `lozenge.penalties`
    columns : int
        On how many columns; the object's own ``columns`` take precedence.
    seed : int

    Returns
    -------
    The names of the laws that it was looked at by: those of methods that it lacks are left out.

    Raises
    ------
    BrokenLaw
        An ``AssertionError`` that says which law is broken, at which input, by how much, and what to look at.

    Notes
    -----
    ======================  ============================================================================================
    value, alpha            αΩ(0) = 0 ≤ αΩ(b), and it does not fall as α grows
    prox, units             no point has a smaller ½‖b - z‖² + step·αΩ(b); at small and at large inputs too
    inputs, length          inputs stay as they are, answers repeat, any number of columns is served
    convex                  as far as claimed: midpoints cost no more than the mean, and the prox brings points no
                            further apart
    separable               as far as claimed: values add up and coordinates do not see one another
    slope                   agrees with differences of the value
    violation               0 just where a prox leads back, and no less than the residual of the prox
    zero_interval           agrees with the prox
    alpha_max               the prox of the pulls is zero there, and not below
    conjugate               αΩ(b) + (αΩ)*(z) ≥ zᵀb, with equality at b = prox(x), z = x - b
    kernel, weights         αΩ(b) = Σ l1|b| + ½Σ l2 b²; value and prox agree under penalty weights
    ======================  ============================================================================================

    References
    ----------
    Bauschke, Combettes (2017), Convex analysis and monotone operator theory in Hilbert spaces, propositions 12.28
    (prox), 13.15 (Fenchel-Young) and 16.44.

    Examples
    --------
    >>> import numpy as np
    >>> from lozenge.testing import check_penalty
    >>> class Lasso:
    ...     def value(self, B, alpha):
    ...         return alpha * np.abs(B).sum()
    ...
    ...     def prox(self, Z, step, alpha):
    ...         return np.sign(Z) * np.maximum(np.abs(Z) - alpha, 0)
    >>> check_penalty(Lasso())  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    lozenge.testing.BrokenLaw: Lasso breaks the law of prox: ... prox gives the same for every step...
    """
    subject = _subject(penalty, columns)
    looked = []
    for law, look in LAWS.items():
        if look(subject, np.random.default_rng(seed)) is not False:
            looked.append(law)
    return tuple(looked)


def _subject(penalty: Any, columns: int) -> Subject:
    ours = hasattr(penalty, "in_units") or isinstance(penalty, Separable)
    if isinstance(penalty, Own):
        penalty, ours = penalty.given, False
    k = int(getattr(penalty, "columns", None) or columns)
    if not ours:
        whole: Any = Own(penalty)
        return Subject(
            whole.with_weights(np.ones(k)).bound, whole.name, whole, k, whole.convex, whole.separable, ours=False
        )
    names = tuple(f"x{j}" for j in range(k))
    if hasattr(penalty, "named"):
        made = penalty.named(names).on(np.arange(k), np.ones(k), np.ones(k))
    else:
        made = penalty.with_weights(np.ones(k))
    return Subject(made, penalty.name, penalty, k, bool(made.convex), isinstance(made, Separable), ours=True)


def _vectors(rng: np.random.Generator, k: int, count: int = TRIALS) -> Iterator[Floats]:
    """Points of order one: with zeros, with ties, and with neither."""
    for trial in range(count):
        b = rng.choice([0.5, -0.5, 1.25, 2.0], k) if trial % 3 == 1 else 2.0 * rng.standard_normal(k)
        yield b * (rng.random(k) < 0.6) if trial % 3 == 2 else b


def _value(subject: Subject, rng: np.random.Generator) -> None:
    for alpha in ALPHAS:
        zero = subject.value(np.zeros(subject.k), alpha)
        if zero != 0.0:
            raise subject.broken(
                "value",
                f"value(0) is {zero:g}, not 0",
                "value: subtract its constant",
                B=np.zeros(subject.k),
                alpha=alpha,
            )
        for b in map(subject.feasible, _vectors(rng, subject.k)):
            found = subject.value(b, alpha)
            if found < 0.0:
                raise subject.broken(
                    "value",
                    f"value is negative, {found:g}",
                    "value: a penalty is least at 0, where it is 0",
                    B=b,
                    alpha=alpha,
                )


def _alpha(subject: Subject, rng: np.random.Generator) -> None:
    for b in map(subject.feasible, _vectors(rng, subject.k)):
        less, more = (subject.value(b, alpha, "alpha") for alpha in (0.5, 1.0))
        if more < less * (1.0 - ROUNDING):
            raise subject.broken(
                "alpha",
                f"value falls from {less:g} at alpha 0.5 to {more:g} at alpha 1",
                "value, which includes alpha: usually alpha times what is priced",
                B=b,
            )


def _others(rng: np.random.Generator, z: Floats, b: Floats, size: float) -> Iterator[Floats]:
    """What may be better than the prox of z."""
    k = len(z)
    yield np.zeros(k)
    yield z
    yield -b
    for share in (0.25, 0.5, 0.75, 0.9, 1.1):
        yield share * z
        yield share * b
    for far in np.geomspace(1e-6, 3.0, 9) * size:
        for j in range(k):
            for sign in (-far, far):
                moved = b.copy()
                moved[j] += sign
                yield moved
        yield b + far * rng.standard_normal(k)
    for j in range(k):
        for instead in (0.0, z[j]):
            moved = b.copy()
            moved[j] = instead
            yield moved
    for _ in range(8):
        yield np.where(rng.random(k) < 0.5, b, 0.0)


def _better(
    subject: Subject, rng: np.random.Generator, z: Floats, step: float, alpha: float, b: Floats, law: str
) -> tuple[Floats, float] | None:
    """A point that costs less than b, and by how much; None if none is found."""
    size = float(np.max(np.abs(z), initial=0.0)) or 1.0

    def cost(x: Floats) -> float:
        return 0.5 * float(np.sum(np.square(x - z))) + step * subject.value(x, alpha, law)

    here = cost(b)
    room = ROUNDING * (size * size + (abs(here) if np.isfinite(here) else 0.0))
    best: tuple[Floats, float] | None = None
    for other in _others(rng, z, b, size):
        x = subject.feasible(other)
        less = here - cost(x) if np.isfinite(here) else (np.inf if np.isfinite(cost(x)) else 0.0)
        if less > (room if best is None else best[1]):
            best = x, less
    return best


def _no_better(
    subject: Subject, rng: np.random.Generator, law: str, size: float, steps: tuple[float, ...] = STEPS[:1]
) -> None:
    for alpha in ALPHAS:
        for step in steps:
            for scaled in _vectors(rng, subject.k):
                z, price = size * scaled, size * alpha
                b = subject.prox(z, step, price, law)
                if not np.isfinite(b).all():
                    raise subject.broken(
                        law, "prox gives an infinite weight", "prox", Z=z, step=step, alpha=price, prox=b
                    )
                found = _better(subject, rng, z, step, price, b, law)
                if found is None:
                    continue
                x, less = found
                hint = _hint(subject, rng, z, step, price, b)
                raise subject.broken(
                    law,
                    f"a point costs less than the prox: {less:.3g} less in ½‖b - z‖² + step·αΩ(b)"
                    + (f"; {hint[0]}" if hint else ""),
                    hint[1] if hint else "prox and value: one of them is another penalty's",
                    Z=z,
                    step=step,
                    alpha=price,
                    prox=b,
                    better=x,
                )


def _hint(
    subject: Subject, rng: np.random.Generator, z: Floats, step: float, alpha: float, b: Floats
) -> tuple[str, str] | None:
    """What may be wrong with a prox."""
    if b.any() and _better(subject, rng, z, step, alpha, -b, "prox") is None:
        return "its sign is wrong, minus the prox is right", "the sign in prox"
    if not np.isfinite(subject.value(b, alpha)):
        return "its value is infinite", "prox, which must lie where value is finite"
    several = [np.array(each) for each in _vectors(np.random.default_rng(1), subject.k)]

    def same(steps: tuple[float, float], alphas: tuple[float, float]) -> bool:
        return all(
            np.array_equal(subject.prox(each, steps[0], alphas[0]), subject.prox(each, steps[1], alphas[1]))
            for each in several
        )

    if same((0.25, 4.0), (alpha, alpha)) and not same((1.0, 1.0), (0.01, 100.0)):
        return "prox gives the same for every step", "prox, which must use step: thresholds are step * alpha"
    if same((1.0, 1.0), (0.01, 100.0)):
        return "prox gives the same for every alpha", "prox, which must use alpha: thresholds are step * alpha"
    for words, other in (
        ("1/step", 1.0 / step),
        ("step²", step * step),
        ("2·step", 2.0 * step),
        ("step/2", 0.5 * step),
    ):
        tried = subject.prox(z, other, alpha)
        if other != step and _better(subject, rng, z, step, alpha, tried, "prox") is None:
            return f"it is right with {words} in place of step", "how prox uses step, and a factor ½ or 2 in value"
    return None


def _prox(subject: Subject, rng: np.random.Generator) -> None:
    for step in STEPS:
        zero = subject.prox(np.zeros(subject.k), step, 1.0)
        if zero.any():
            raise subject.broken("prox", "prox(0) is not 0", "prox", step=step, alpha=1.0, prox=zero)
    _no_better(subject, rng, "prox", 1.0, STEPS)


def _units(subject: Subject, rng: np.random.Generator) -> None:
    for size in SIZES:
        _no_better(subject, rng, "units", size)
    if not hasattr(subject.given, "tangent"):  # it has no path, and is asked in one unit only
        return
    for b in map(subject.feasible, _vectors(rng, subject.k)):
        for unit in (2.0**-20, 8.0):
            one = subject.given.in_units(unit).value(b / unit, 1.5 / unit) * unit
            other = subject.value(b, 1.5, "units") / unit
            if abs(one - other) > ROUNDING * abs(other):
                raise subject.broken(
                    "units", f"αΩ(ub)/u² is {other:g} and (α/u)Ω'(b) is {one:g}", "in_units", B=b, u=unit
                )


def _inputs(subject: Subject, rng: np.random.Generator) -> None:
    """That inputs are left alone is looked at in every call."""
    for z in _vectors(rng, subject.k):
        subject.prox(z, 1.0, 1.0)
        first = subject.called("inputs", "prox", z, 1.0, 1.0)
        kept = np.array(first)
        subject.called("inputs", "prox", z + 1.0, 1.0, 1.0)
        if not np.array_equal(first, kept):
            raise subject.broken(
                "inputs", "prox writes its next answer over its last", "prox: give a new vector each time", Z=z
            )
        again = subject.prox(z, 1.0, 1.0, "inputs")
        if not np.array_equal(again, kept):
            raise subject.broken(
                "inputs",
                f"prox gives two answers for one input, {np.max(np.abs(again - kept)):.3g} apart",
                "prox: state that is kept between calls, or chance",
                Z=z,
                first=kept,
                second=again,
            )


def _length(subject: Subject, rng: np.random.Generator) -> bool:
    if subject.ours or getattr(subject.whole.given, "columns", None) is not None:
        return False
    for k in (1, 2, subject.k + 3):
        try:
            made = replace(subject, given=subject.whole.with_weights(np.ones(k)).bound, k=k)
        except Exception as error:
            raise subject.broken(
                "length",
                f"with_weights or take raises {type(error).__name__}: {error}",
                "these methods, or say columns = k",
                columns=k,
            ) from error
        z = rng.standard_normal(k)
        try:
            made.prox(z, 1.0, 1.0, "length")
            made.value(z, 1.0, "length")
        except BrokenLaw as error:
            raise BrokenLaw(
                "length", f"{error}\n  Columns may be dropped. If only {subject.k} will do, say columns = {subject.k}"
            ) from error
    return True


def _convex(subject: Subject, rng: np.random.Generator) -> bool:
    if not subject.convex:
        return False
    for x, y in zip(_vectors(rng, subject.k, 30), _vectors(rng, subject.k, 30), strict=True):
        for size in (0.1, 1.0, 5.0):
            left, right = subject.feasible(size * x), subject.feasible(size * y)
            mean = 0.5 * (subject.value(left, 1.0) + subject.value(right, 1.0))
            middle = subject.value(0.5 * (left + right), 1.0)
            if middle > mean + ROUNDING * (1.0 + abs(mean)):
                raise subject.broken(
                    "convex",
                    f"the midpoint costs {middle:g}, more than the mean of the ends, {mean:g}",
                    "convex: say False, or value",
                    one=left,
                    other=right,
                )
            p, q = subject.prox(left, 1.0, 1.0), subject.prox(right, 1.0, 1.0)
            together = float((left - right) @ (p - q) - np.sum(np.square(p - q)))
            if together < -ROUNDING * (1.0 + size * size):
                raise subject.broken(
                    "convex",
                    "the prox brings two points further apart than a convex penalty's may: (x - y)ᵀ(p - q) - ‖p - q‖² "
                    f"is {together:.3g}",
                    "convex: say False, or prox",
                    x=left,
                    y=right,
                    p=p,
                    q=q,
                )
    return True


def _separable(subject: Subject, rng: np.random.Generator) -> bool:
    if not subject.separable or subject.k < 2:
        return False
    for b in map(subject.feasible, _vectors(rng, subject.k)):
        each = np.diag(b)
        total, parts = subject.value(b, 1.0), sum(subject.value(one, 1.0) for one in each)
        if abs(total - parts) > ROUNDING * (1.0 + abs(total)):
            raise subject.broken(
                "separable",
                f"value is {total:g} and its coordinates alone add up to {parts:g}",
                "separable: leave it out, or value",
                B=b,
                alpha=1.0,
            )
        p = subject.prox(b, 1.0, 0.5)
        alone = np.array([subject.prox(one, 1.0, 0.5)[j] for j, one in enumerate(each)])
        if (np.abs(p - alone) > ROUNDING * (1.0 + np.abs(p))).any():
            raise subject.broken(
                "separable",
                "a coordinate of the prox changes with the others",
                "separable: leave it out, or prox",
                Z=b,
                prox=p,
                alone=alone,
            )
        if not subject.ours and subject.whole.screens:
            cols = np.array([subject.k - 1])
            fewer = subject.whole.with_weights(np.ones(subject.k)).take(cols).prox(b[cols], 1.0, 0.5)
            if abs(fewer[0] - p[-1]) > ROUNDING * (1.0 + abs(p[-1])):
                raise subject.broken(
                    "separable",
                    f"the prox of the last column is {p[-1]:g} beside the others and {fewer[0]:g} without them",
                    "take(cols): what differs between columns must go with them",
                    Z=b,
                )
    return True


def _slope(subject: Subject, rng: np.random.Generator) -> bool:
    if not subject.has("slope"):
        return False
    bounds = getattr(subject.given, "bounds", None)
    for alpha in ALPHAS:
        for _ in range(TRIALS):
            b = subject.feasible(2.0 * rng.standard_normal(subject.k))
            slope = subject.vector("slope", "slope", subject.k, b, alpha)
            for j in np.flatnonzero(b):
                h = 1e-6 * abs(b[j])
                if bounds is not None and not bounds[0][j] < b[j] - 2 * h < b[j] + 2 * h < bounds[1][j]:
                    continue
                side = np.zeros(subject.k)
                side[j] = h
                before, here, after = (subject.value(b + t * side, alpha) for t in (-1.0, 0.0, 1.0))
                if not np.isfinite(before + here + after):
                    continue
                room = 1e-4 * (1.0 + abs((after - before) / (2.0 * h)))
                if abs((after - here) - (here - before)) > room * h:  # a kink lies between
                    continue
                if abs(slope[j] - (after - before) / (2.0 * h)) > room:
                    raise subject.broken(
                        "slope",
                        f"slope is {slope[j]:g} where the value rises by {(after - before) / (2.0 * h):g} per unit of "
                        f"coordinate {j}",
                        "slope: it includes alpha and the sign of b",
                        B=b,
                        alpha=alpha,
                    )
    return True


def _at(subject: Subject, step: float) -> Subject:
    """Where a penalty that jumps knows the curvature that its prox of this step is at."""
    if not getattr(subject.given, "jumps", False):
        return subject
    return replace(subject, given=subject.given.curved(np.full(subject.k, 1.0 / step)))


def _violation(subject: Subject, rng: np.random.Generator) -> bool:
    if not subject.has("violation"):
        return False
    k, whole = subject.k, subject
    for alpha in ALPHAS:
        for z in _vectors(rng, k):
            for step in STEPS:
                subject = _at(whole, step)
                b = subject.prox(z, step, alpha)
                grad = (b - z) / step
                found = subject.vector("violation", "violation", k, b, grad, alpha)
                if (found < 0.0).any() or float(np.max(found)) > LOOSE * (1.0 + float(np.max(np.abs(z)))):
                    raise subject.broken(
                        "violation",
                        f"it is {shown(found)} where it must be 0: b = prox(z) and grad = (b - z)/step",
                        "violation: the distance of -grad, not of grad, to the subdifferential of αΩ",
                        B=b,
                        grad=grad,
                        alpha=alpha,
                    )
        for b, grad in zip(_vectors(rng, k), _vectors(rng, k), strict=True):
            x, step = subject.feasible(b), 1.0 if subject.convex else LOCAL
            subject = _at(whole, step)
            left = (x - subject.prox(x - step * grad, step, alpha)) / step
            residual = float(np.linalg.norm(left))
            found = subject.vector("violation", "violation", k, x, grad, alpha)
            size = float(np.linalg.norm(found))
            if residual > 1e-3 and size < (0.999 if subject.convex else 0.5) * residual:
                raise subject.broken(
                    "violation",
                    f"its norm is {size:g} where the residual of the prox, which is no larger than the distance to the "
                    f"subdifferential, is {residual:g}",
                    "violation: too small, it would certify what is not stationary",
                    B=x,
                    grad=grad,
                    alpha=alpha,
                )
    return True


def _zero_interval(subject: Subject, _: np.random.Generator) -> bool:
    if not subject.has("zero_interval"):
        return False
    k = subject.k
    for alpha in ALPHAS:
        for curvature in (0.5, 1.0, 2.0):
            low, high = (
                np.array(np.broadcast_to(end, k), dtype=np.float64)
                for end in subject.called("zero_interval", "zero_interval", alpha, np.full(k, curvature))
            )
            if (low > 0.0).any() or (high < 0.0).any() or np.isnan(low + high).any():
                raise subject.broken(
                    "zero_interval",
                    "it does not hold 0",
                    "zero_interval: (low, high), low ≤ 0 ≤ high",
                    low=low,
                    high=high,
                )
            for end, words in ((low, "lower"), (high, "upper")):
                for j in range(k):
                    pull = np.zeros(k)
                    pull[j] = end[j]
                    if subject.separable:
                        pull[j] = np.clip(INSIDE * end[j], -1e6, 1e6)
                        moved = subject.prox(pull / curvature, 1.0 / curvature, alpha)
                        if moved[j] != 0.0:
                            raise _disagree(
                                subject, f"just inside its {words} end the prox is {moved[j]:g}, not 0", pull
                            )
                    # A bound can hold a zero against more than that.
                    if np.isfinite(end[j]) and end[j] != 0.0 and getattr(subject.given, "bounds", None) is None:
                        pull[j] = OUTSIDE * end[j]
                        if not subject.prox(pull / curvature, 1.0 / curvature, alpha).any():
                            raise _disagree(subject, f"just outside its {words} end the prox is still 0", pull)
    return True


def _disagree(subject: Subject, what: str, pull: Floats) -> BrokenLaw:
    return subject.broken(
        "zero_interval",
        what,
        "zero_interval(alpha, curvature): the pulls p for which 0 is an argmin of ½hb² - pb + αΩ(b)",
        pull=pull,
    )


def _alpha_max(subject: Subject, rng: np.random.Generator) -> bool:
    if not subject.has("alpha_max"):
        return False
    step = 1.0 if subject.convex else LOCAL
    subject = _at(subject, step)
    for pull in _vectors(rng, subject.k):
        top = subject.number("alpha_max", "alpha_max", pull)
        if top < 0.0:
            raise subject.broken("alpha_max", f"it is negative, {top:g}", "alpha_max", pull=pull)
        if np.isinf(top):
            if not subject.prox(step * pull, step, 1e6).any():
                raise subject.broken(
                    "alpha_max", "it is inf, and at alpha 1e6 the prox of the pulls is 0", "alpha_max", pull=pull
                )
            continue
        above = subject.prox(step * pull, step, top * (1.0 + 1e-9) or 1e-9)
        if above.any():
            raise subject.broken(
                "alpha_max",
                f"at {top:g}, where every weight should be zero, the prox of the pulls is not",
                "alpha_max: too small",
                pull=pull,
                prox=above,
            )
        if subject.convex and top > 0.0 and not subject.prox(pull, 1.0, INSIDE * top).any():
            raise subject.broken(
                "alpha_max",
                f"below {top:g}, where a weight should move, the prox of the pulls is still 0",
                "alpha_max: too large",
                pull=pull,
            )
    return True


def _conjugate(subject: Subject, rng: np.random.Generator) -> bool:
    if not (subject.has("conjugate") and subject.convex and getattr(subject.given, "gapped", True)):
        return False
    zero = subject.number("conjugate", "conjugate", np.zeros(subject.k), 1.0)
    if zero != 0.0:
        raise subject.broken("conjugate", f"at 0 it is {zero:g}, not 0", "conjugate", Z=np.zeros(subject.k), alpha=1.0)
    for alpha in ALPHAS:
        for x in _vectors(rng, subject.k):
            b = subject.prox(x, 1.0, alpha)
            for share in (1.0 - 1e-9, 0.5, 2.0):
                z = share * (x - b)
                conjugate = subject.number("conjugate", "conjugate", z, alpha)
                for reach in (1.0, 0.1, 10.0):
                    y = subject.feasible(reach * b)
                    value, product = subject.value(y, alpha), float(z @ y)
                    size = 1.0 + abs(product) + (value if np.isfinite(value) else 0.0)
                    if value + conjugate < product - LOOSE * size:
                        raise subject.broken(
                            "conjugate",
                            f"it is too small: αΩ(b) + (αΩ)*(z) is {value + conjugate:g}, less than zᵀb = {product:g}",
                            "conjugate: sup over b of zᵀb - αΩ(b), inf where that is unbounded",
                            B=y,
                            Z=z,
                            alpha=alpha,
                        )
                    touching = share > 0.9 and share < 1.0 and reach == 1.0
                    if touching and value + conjugate > product + LOOSE * size:
                        raise subject.broken(
                            "conjugate",
                            f"it is too large: at b = prox(x), z = x - b, αΩ(b) + (αΩ)*(z) is {value + conjugate:g} "
                            f"and zᵀb is {product:g}, where both must be equal",
                            "conjugate, and whether value is convex",
                            B=b,
                            Z=z,
                            alpha=alpha,
                        )
    return True


def _kernel(subject: Subject, rng: np.random.Generator) -> bool:
    if not subject.has("kernel") or (subject.ours and not subject.convex):
        return False
    for alpha in ALPHAS:
        for b in map(subject.feasible, _vectors(rng, subject.k)):
            if subject.ours:
                cost = float(subject.given.kernel(alpha).cost(b))
            else:
                l1, l2 = (np.broadcast_to(part, subject.k) for part in subject.given.kernel(alpha))
                if (l1 < 0.0).any() or (l2 < 0.0).any():
                    raise subject.broken("kernel", "l1 or l2 is negative", "kernel", l1=l1, l2=l2)
                cost = SoftThreshold(np.asarray(l1), np.asarray(l2)).cost(b)
            value = subject.value(b, alpha)
            if abs(cost - value) > ROUNDING * (1.0 + abs(value)):
                raise subject.broken(
                    "kernel",
                    f"it says that αΩ(b) is {cost:g}, value says {value:g}",
                    "kernel(alpha): (l1, l2) with αΩ(b) = Σ l1|b| + ½Σ l2 b²",
                    B=b,
                    alpha=alpha,
                )
    return True


def _weights(subject: Subject, rng: np.random.Generator) -> bool:
    if not (subject.separable if subject.ours else callable(getattr(subject.whole.given, "with_weights", None))):
        return False
    v = rng.uniform(0.5, 2.0, subject.k)
    given = subject.given.with_weights(v) if subject.ours else subject.whole.with_weights(v).bound
    _no_better(replace(subject, given=given), rng, "weights", 1.0)
    return True


LAWS: dict[str, Callable[[Subject, np.random.Generator], bool | None]] = {
    "value": _value,
    "alpha": _alpha,
    "inputs": _inputs,
    "length": _length,
    "prox": _prox,
    "units": _units,
    "convex": _convex,
    "separable": _separable,
    "slope": _slope,
    "violation": _violation,
    "zero_interval": _zero_interval,
    "alpha_max": _alpha_max,
    "conjugate": _conjugate,
    "kernel": _kernel,
    "weights": _weights,
}
