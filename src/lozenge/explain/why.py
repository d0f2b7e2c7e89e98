"""Why a weight is what it is: marginal = used + left, and what is left against the price.

At an optimum every penalised feature obeys one law.  A zero leaves at most the price, |left| ≤ αρv; a kept
one leaves exactly the penalty's slope at its weight, of the elastic net αv(ρ sign(b) + (1 - ρ)b).  Where several are
held together, or a bound holds one, something else than |left| is set against the price (`lozenge.results.Hold`), and
`LAWS` has the words for it.  The rest is bookkeeping and English.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from lozenge.explain import effects, halves, outputs, swaps
from lozenge.explain.effects import EFFECTS, UNNAMED, column, correlation_units, loss_of
from lozenge.explain.held import always, convex, held
from lozenge.explain.rivals import MOST, rivals
from lozenge.explain.rules import chosen_by, told
from lozenge.explain.swaps import swapped
from lozenge.explain.words import LISTED, forces_at, not_convex, number, percent, position, some
from lozenge.penalties.words import bounded
from lozenge.results import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from lozenge.results import Floats, Forces, Indices, Model, Path, Source

__all__ = ["sentence", "why"]

CLOSE = 0.895  # a zero that leaves this share of the price, 90 % as it is printed, depends on the choice of α
DRIFT_HOLDS_TO = 1e-4  # a crossing where the price is below this share of the null model's largest pull is rounding
SPLIT_HOLDS_TO = 1e-6  # parts of `used` that miss its sum by more are not shown
REPEATED = 1e-9  # an eigenvalue of a correlation matrix below this is rounding
TWIN_TO = 1e-9  # |correlation| this near to 1 is the same column in other units
EXTRAPOLATED = {"price", "bound", "group"}  # laws that a line of pulls is followed to
FLAT = {"l1", "group", "sparse_group", "slope"}  # penalties that pull on every weight by the price
AT_THE_PRICE = 1e-9  # a share this near to 1 is the price itself
CONTRASTED = 20_000_000  # entries of X up to which the fit under L2 is made for the contrast
FADED = 1e-3  # share of the price that a kept weight under a concave penalty may leave and be told as nothing
NEXT_TO_NONE = 0.005  # of what a feature says alone, where it is no correlation, whose decimals would say it
ALIKE = 0.1  # partial correlation from which a rival is named
COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


class _Next(NamedTuple):
    alpha: float | None
    exact: bool


# ---------------------------------------------------------------------------------------- the reason
def why(path: Path, feature: str | int, alpha: float | None = None, *, df: int | None = None) -> Reason:
    """Say why a feature has its weight: marginal = used + left, and |left| against the price.

    Parameters
    ----------
    path : Path
    feature : str or int
        A name, or an index into ``path.feature_names``.
    alpha : float, optional
        The chosen α if none is named.  Any other needs the data in memory.
    df : int, optional
        In place of α: the last solution with at most so many kept.

    Returns
    -------
    Reason

    Raises
    ------
    ValueError
        For a feature that the path does not have, a column with a weight for each of several outputs (name one, as in
        ``"age[setosa]"``), a negative α, or an α that a loaded path cannot explain.

    Examples
    --------
    Two orthogonal standardised columns say 3 and 0.5 of y; at α = 1 the price is 1.

    >>> import numpy as np
    >>> import lozenge as lz
    >>> X = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> reason = lz.path(X, X @ [3.0, 0.5], alphas=[1.0], feature_names=["dose", "age"]).why("age")
    >>> reason.state, round(reason.left, 9), round(reason.price, 9)
    ('zero', 0.5, 1.0)
    """
    j = position(path, feature)
    forces = forces_at(path, alpha, df=df)
    model, source, loss = path.model, path.source, loss_of(path)
    own, output = outputs.beside(model, j), outputs.output(model, j)
    unit, scale = float(model.penalised_unit[j]), float(model.scale[j])
    weight, left, price = float(forces.weight[j]), float(forces.left[j]), float(forces.price[j])
    hold = held(path, forces, j)
    # What several leave together has no one unit, where their columns or their outputs have spreads of their own.
    apart = hold.more > 0 and (not model.standardize or output is not None)
    marginal = float(forces.marginal[j])
    used = marginal - left
    constant, v = bool(model.constant[j]), float(model.penalty_weights[j])
    free = v == 0 and not constant
    state: Literal["kept", "zero", "excluded", "unpenalised"] = "kept" if weight != 0 else "zero"
    if free or math.isinf(v):
        state = "unpenalised" if free else "excluded"
    kept = np.flatnonzero((forces.weight != 0) | ((model.penalty_weights == 0) & ~model.constant))

    parts: tuple[tuple[str, float], ...] | None = None if source is None else ()
    twins: tuple[str, ...] | None = None if source is None else ()
    refit, ridge, others = None, None, None
    if source is not None and not constant:
        # Columns are alike, or stand in for one another, as far as the same output goes.
        similarity = np.zeros(len(path.feature_names))
        similarity[own] = source.similarity(j, own)
        near = np.intersect1d(kept, own)
        twins = _twins(path, j, own, similarity)
        if loss.quadratic and not free:
            parts = _split(path, source, forces, j, own, similarity, used)
        others = rivals(path, source, j, near)
        # Where the inverse behind the rivals fails, kept features repeat one another.
        if state in {"kept", "unpenalised"} and (others is not None or _determined(source, near, j)):
            refit = _known(float(source.refit(kept)[np.searchsorted(kept, j)]))
        if model.n * len(path.feature_names) <= CONTRASTED and model.penalty != "l2" and forces.alpha > 0:
            ridge = _known(float(source.contrast(float(forces.alpha))[j]))

    enters, leaves = (None, None) if path.by_size else _visits(path, j)
    entry = _Next(None, exact=False)
    if state == "zero" and not constant and not path.by_size:
        entry = _next(path, forces, j, enters)
    chosen = forces is path.forces or forces.alpha == path.alphas[path.chosen]
    return Reason(
        feature=path.feature_names[j],
        alpha=float(forces.alpha),
        state=state,
        weight=weight / unit,
        per_sd=weight / unit * scale,
        marginal=marginal,
        used=used,
        used_by=parts,
        left=left,
        price=price,
        share=hold.pull / price if price > 0 else math.nan,
        slack=price - hold.pull if forces.swaps is None else math.nan,
        enters_at=enters,
        next_at=entry.alpha,
        next_exact=entry.exact,
        leaves_at=leaves,
        refit_weight=refit,
        certified=bool(forces.certified[j]),
        unique=bool(forces.unique),
        twins=twins,
        correlation_unit=0.0 if apart else float(correlation_units(model, loss)[j]),
        constant=constant,
        loss=model.loss,
        penalty=model.penalty,
        target=_target(model, output),
        last_alpha=float(path.alphas[-1]),
        kept=len(kept),
        chosen_by=chosen_by(path) if chosen else "alpha",
        rank=_rank(path, j),
        turned_at=tuple(float(path.axis[k]) for feature, k in path.history.sign_changes if feature == j),
        rivals=others,
        ridge_weight=ridge,
        convex=convex(path),
        held_by=hold.by,
        pull=hold.pull,
        held_with=hold.others,
        others_held=hold.more,
        group=hold.group,
        bounded=bounded(model.penalty_parameters),
        ridge=float(model.penalty_parameters.get("ridge", 0.0)),
        effect=loss.words.effect,
        of=loss.words.of,
        output=output,
        exact=loss.quadratic,
        halves=halves.counted(path, float(forces.alpha), j),
        **(_classes(model, forces, j) if loss.redundant else {}),
        **swapped(path, forces, j),
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _determined(source: Source, kept: Indices, j: int) -> bool:
    """Whether the kept features without j do not make up j: else no refit without a penalty is the only one."""
    if len(kept) > MOST:
        return True
    C = source.covariance(kept)
    size = np.sqrt(np.diagonal(C))
    if not (size > 0).all():
        return True
    values, vectors = np.linalg.eigh(C / np.outer(size, size))
    loose = np.square(vectors[np.searchsorted(kept, j)])[values <= REPEATED]
    return bool(loose.sum() <= REPEATED)


def _target(model: Model, output: str | None) -> str:
    """Name what is explained: the target, one of several, or the event whose odds the weights multiply."""
    if output is not None and not model.classes:
        return output
    if output is None and len(model.classes) != 2:
        return model.target or UNNAMED
    event = model.classes[1] if output is None else model.classes[model.outputs.index(output)]
    text = f"{event:g}" if isinstance(event, float) else str(event)
    if model.target:
        return f"{model.target} = {text}"
    return text if isinstance(event, str) else f"class {text}"


def _classes(model: Model, forces: Forces, j: int) -> dict[str, Any]:
    """What the weight of one class is against, where only differences between classes count."""
    copies = outputs.copies(model, j)
    weights = forces.weight[copies] / model.penalised_unit[j] * model.scale[j]
    own = copies == j
    against, elsewhere = (
        tuple(model.outputs[k] for k in np.flatnonzero(there & ~own)) for there in (weights == 0.0, weights != 0.0)
    )
    mean = 0.0 if against else float(np.mean(weights))
    return {"against": against, "elsewhere": elsewhere, "apart": float(weights[own][0]) - mean}


# ---------------------------------------------------------------------------------------- who uses it
def _twins(path: Path, j: int, own: Indices, similarity: Floats) -> tuple[str, ...]:
    model = path.model
    # Without an intercept what is alike is not centred: the root mean square takes the place of the deviation.
    size = model.scale if model.fit_intercept else np.hypot(model.scale, model.center)
    sd = size / model.penalised_unit
    same = np.abs(similarity) >= (1 - TWIN_TO) * sd[j] * sd
    same &= ~model.constant
    same[j] = False
    return tuple(path.feature_names[k] for k in own[same[own]])


def _split(
    path: Path, source: Source, forces: Forces, j: int, own: Indices, similarity: Floats, used: float
) -> tuple[tuple[str, float], ...]:
    """Parts cov(zⱼ, zₖ | unpenalised) bₖ of cov(zⱼ, ŷ - ŷ₀), where f'' = 1: ŷ is the weights' sum, output by output."""
    model = path.model
    free = own[(model.penalty_weights[own] == 0) & ~model.constant[own]]
    kept = np.setdiff1d(own[forces.weight[own] != 0], free)
    shares = similarity[kept]
    if free.size and kept.size:
        # The null model has fitted the unpenalised columns, so every part is what they leave of it.
        rows = np.array([source.similarity(int(u), np.concatenate([free, kept])) for u in free])
        among, across = rows[:, : free.size], rows[:, free.size :]
        shares = shares - similarity[free] @ np.linalg.lstsq(among, across, rcond=None)[0]
    parts = shares * forces.weight[kept]
    scale = max(abs(used), float(np.abs(parts).sum()), abs(float(forces.left[j])))
    if not abs(float(parts.sum()) - used) <= SPLIT_HOLDS_TO * scale:
        return ()
    order = np.argsort(-np.abs(parts), kind="stable")
    return tuple((path.feature_names[kept[k]], float(parts[k])) for k in order)


# ---------------------------------------------------------------------------------------- when it enters
def _rank(path: Path, j: int) -> int | None:
    entered = path.history.entered
    return int(np.count_nonzero((entered >= 0) & (entered < entered[j]))) + 1 if entered[j] >= 0 else None


def _visits(path: Path, j: int) -> tuple[float | None, float | None]:
    history = path.history
    if always(path)[j]:
        return None, None
    if not convex(path) and history.entered[j] >= 0:
        # What is kept between two values of the grid depends on the way there: the grid's own are what there is.
        gone = [int(k) for feature, k in history.exits if feature == j]
        left = gone and path.coefs[[j], [len(path.alphas) - 1]] == 0
        return float(path.alphas[history.entered[j]]), float(path.alphas[gone[-1]]) if left else None
    if path.source is not None and history.entered[j] >= 0 and np.isnan(history.enters_at[j]):
        from lozenge import fit  # not at the top: explaining a loaded model needs no engine

        history = fit.refined(path, [j]).history
    return _known(float(history.enters_at[j])), _known(float(history.leaves_at[j]))


def _next(path: Path, forces: Forces, j: int, enters: float | None) -> _Next:
    """Give the next entry below this α: refined on the grid, else along the drift past its end."""
    alpha, source = forces.alpha, path.source
    if enters is not None and enters <= alpha:
        return _Next(enters, exact=convex(path))
    row = path.coefs[[j], :].toarray().ravel()
    seen = np.flatnonzero((row != 0) & (path.alphas < alpha))
    if seen.size:
        first = int(seen[0])
        low = float(path.alphas[first])
        if source is None or not source.convex:
            return _Next(low, exact=False)
        high = min(alpha, float(path.alphas[first - 1])) if first else alpha
        from lozenge import fit

        return _Next(fit.turning(source, j, high, low), exact=True)
    if source is None or not source.convex:
        return _Next(None, exact=False)
    if forces.alpha > path.alphas[-1]:
        forces = source.forces(float(path.alphas[-1]))
    return _Next(_extrapolated(source, forces, j), exact=False)


def _extrapolated(source: Source, forces: Forces, j: int) -> float | None:
    """Largest α' < α where ‖left + (α' - α) drift‖ = price·α'/α, if nothing else happens first.

    The norm is over the columns of its group, or of it alone; a bound at zero holds against a pull of its own sign.
    """
    alpha, price = forces.alpha, float(forces.price[j])
    block, by = (-1, "price") if forces.hold is None else (int(forces.hold.block[j]), forces.hold.kind[j])
    if not (alpha > 0 and 0 < price < math.inf and by in EXTRAPOLATED):
        return None
    together = by == "group" and forces.hold is not None
    members = np.flatnonzero(forces.hold.block == block) if together and forces.hold is not None else np.array([j])
    drift = source.drift(alpha)[members]
    start = forces.left[members] - alpha * drift
    # ‖start + α' drift‖² = (price/α)² α'²
    per = price / alpha
    a, b, c = float(drift @ drift) - per * per, float(start @ drift), float(start @ start)
    root = b * b - a * c
    if root < 0 or a == 0:
        crossings = [] if a or b == 0 else [-0.5 * c / b]
    else:
        crossings = [(-b + sign * math.sqrt(root)) / a for sign in (1, -1)]
    least = DRIFT_HOLDS_TO * float(np.abs(forces.marginal).max()) / per
    below = [at for at in crossings if least < at < alpha]
    if by == "bound":
        below = [at for at in below if float(start[0] + at * drift[0]) * float(forces.left[j]) < 0]
    return max(below, default=None)


# ---------------------------------------------------------------------------------------- the sentence
def sentence(reason: Reason) -> str:
    """Say a reason in plain words: verdict, balance, what else would have to be true, caution.

    Parameters
    ----------
    reason : Reason

    Returns
    -------
    str
        Three or four sentences; every number in them is in the reason.  Forces are read as correlations where
        they are, else in the units of α.
    """
    if reason.constant:
        told = _constant(reason)
    elif reason.size is not None and reason.state in {"kept", "zero"}:
        told = _sized(reason)
    elif reason.state == "excluded":
        told = _excluded(reason)
    elif reason.state == "unpenalised":
        told = _unpenalised(reason)
    else:
        told = _kept(reason) if reason.state == "kept" else _zero(reason)
    return " ".join(part for part in [*told, _halved(reason)] if part)


def _halved(reason: Reason) -> str:
    """In how many halves of the rows it is kept."""
    if reason.halves is None or reason.state not in {"kept", "zero"} or reason.constant:
        return ""
    kept, count = reason.halves
    return f"Fitted to halves of the rows, it is kept in {kept:,} of {count:,}."


def _constant(reason: Reason) -> list[str]:
    return [
        f"{reason.feature} is constant in these data, so it can say nothing of {reason.target}.",
        "The zero is an accident of a constant column: other rows could tell.",
    ]


def _excluded(reason: Reason) -> list[str]:
    return [
        f"{reason.feature} is excluded: its penalty weight is infinite, so it is 0 at every {_axis(reason)}.",
        f"{_alone(reason)}." if reason.kept == 0 else f"{_alone(reason)}{_accounted(reason)}.",
        "It was left out before this fit, by whoever gave the weights: lz.adaptive leaves out what its first fit does.",
    ]


def _axis(reason: Reason) -> str:
    return "alpha" if reason.size is None else "size"


def _unpenalised(reason: Reason) -> list[str]:
    return [
        f"{reason.feature} is never penalised: {effects.weight(reason)}, fitted freely at every {_axis(reason)}.",
        "It pays no price, so it leaves nothing, and it is in the model whatever the data say.",
        "" if reason.size is not None else _refitted(reason),
        swaps.caution(reason) if reason.size is not None else _doubt(reason),
    ]


def _sized(reason: Reason) -> list[str]:
    kept = reason.state == "kept"
    where = f"in this subset of at most {_count(reason.size or 0)} feature{'s' * (reason.size != 1)}"
    verdict = f"{reason.feature} is kept {where}, {effects.weight(reason)}"
    if not kept:
        verdict = f"{reason.feature} is exactly 0: it is not {where}"
        if reason.size == 0:
            verdict = f"{reason.feature} is exactly 0: at size 0 no feature may be kept"
    alone = f"{_alone(reason, kept=True)}"
    if not kept:
        alone = f"{_alone(reason)}" if reason.kept == 0 else f"{_alone(reason)}{_accounted(reason)}"
    return [
        f"{verdict}.",
        f"{alone}.",
        swaps.exchange(reason),
        swaps.visits(reason),
        _twinned(reason),
        swaps.caution(reason),
        "" if kept or reason.twins else f"That it is 0 is not evidence that {reason.feature} does not matter.",
    ]


def _kept(reason: Reason) -> list[str]:
    law = LAWS[reason.held_by]
    verdict = f"{reason.feature} is kept{law.kept(reason)}, {effects.weight(reason)}."
    if reason.alpha == 0:
        return [
            verdict,
            "At alpha 0 nothing has a price: this is the fit without a penalty.",
            _doubt(reason),
        ]
    balance = f"{_alone(reason, kept=True)}; {_taken(reason)}{law.leaves(reason)}"
    if law.bare and reason.price == 0:
        return [
            verdict,
            f"{balance}, the ridge's pull on a weight of this size.",
            "The price is 0: a pull that fades with the weight makes none exactly 0; being kept says little.",
            _refitted(reason),
            _doubt(reason),
        ]
    turned = reason.weight * reason.marginal < 0
    return [
        verdict,
        f"{balance}{law.balance(reason)}.",
        "The other features have turned its sign." if turned else "",
        _refitted(reason),
        _stay(reason) if reason.price > 0 else "",
        _twinned(reason),
        "" if reason.twins else _doubt(reason),
    ]


def _zero(reason: Reason) -> list[str]:
    name, law = reason.feature, LAWS[reason.held_by]
    if reason.alpha == 0:
        return [f"{name} is 0 at alpha 0, where nothing has a price: the data alone ask for no weight."]
    if reason.price == 0 and law.bare:
        return [
            f"{name} is 0 by the data, not by the penalty, whose price is 0: nothing is left for it.",
            f"{_alone(reason)}{_accounted(reason)}.",
        ]
    close = reason.share >= CLOSE
    verdict = f"{name} is exactly 0" + (", but close" if close else "") + law.zero(reason)
    return [
        f"{verdict}.",
        f"{law.standing(reason)}.",
        _twinned(reason) or _entry(reason),
        _contrasted(reason),
        _zero_caution(reason, close=close),
    ]


def _standing(reason: Reason, who: str = "") -> str:
    """Set what a zero, or those it is held with, leave beside the price."""
    show = _shown(reason)
    standing = f"{percent(reason.share)} of {_price(reason)} {show(reason.price)} at alpha {number(reason.alpha)}"
    if who:
        balance = f"{_said(reason)}. {who}, {standing}"
    elif reason.kept == 0:
        balance = f"{_alone(reason)}, {standing}, where no feature is in the model"
    else:
        balance = f"{_said(reason)}. The {show(reason.left)} left is {standing}"
    if reason.share >= CLOSE or not reason.convex:
        return balance
    many = "any weights on them, however small, would cost more than they earn"
    return f"{balance}: {many if who else 'any weight, however small, would cost more than it earns'}"


def _said(reason: Reason) -> str:
    return _alone(reason) if reason.kept == 0 else f"{_alone(reason)}{_accounted(reason)}"


def _price(reason: Reason) -> str:
    return LAWS[reason.held_by].price(reason)


def _balanced(reason: Reason) -> str:
    """Set what a kept feature, or those it is held with, leave beside the price."""
    show, excess = _shown(reason), -reason.slack
    price, at = _price(reason), f"at alpha {number(reason.alpha)}"
    if abs(excess) <= 1e-3 * reason.price:
        return f", exactly {price} {at}"
    if reason.ridge:
        return f", the ridge's pull on a weight of this size {at}"
    if not reason.convex and reason.share < FADED:
        return (
            f", nothing of {price} {show(reason.price)} {at}: under {reason.penalty} a weight of this size is no "
            "longer pulled"
        )
    if not reason.convex and excess < 0:
        return (
            f", {percent(reason.share)} of {price} {show(reason.price)} {at}: under {reason.penalty} the pull fades "
            "with the weight, and on one of this size that much is left of it"
        )
    if reason.penalty == "elasticnet" and excess > 0:
        return f", exactly {price} {show(reason.price)} plus the ridge's pull {show(excess)} {at}"
    short = " where the optimum leaves exactly the price: this fit is not quite there"
    return f", {percent(reason.share)} of {price} {show(reason.price)}{short if reason.penalty in FLAT else f' {at}'}"


# ---------------------------------------------------------------------------------------- what holds it
class _Law(NamedTuple):
    """The words for one way to be held.

    ``kept``, ``zero``: the end of the verdict.  ``leaves``: who leaves how much, of a kept feature, and ``balance``:
    how that stands to the price.  ``standing``: what a zero is told, alone and left.  ``price``, ``entry``: what the
    price is called, and who enters.  ``bare``: that a price of 0 leaves nothing to hold a zero but the data.
    """

    kept: Callable[[Reason], str] = lambda _: ""
    zero: Callable[[Reason], str] = lambda _: ""
    leaves: Callable[[Reason], str] = lambda _: ""
    balance: Callable[[Reason], str] = _balanced
    standing: Callable[[Reason], str] = _standing
    price: Callable[[Reason], str] = lambda _: "the price"
    entry: str = "It"
    bare: bool = True


def _with_others(reason: Reason) -> str:
    """Name those that are held together with it."""
    names, more = reason.held_with[:LISTED], reason.others_held - min(LISTED, len(reason.held_with))
    return ", ".join(names) + (f" and {more:,} more" if more else "")


def _others(reason: Reason, noun: str) -> str:
    many = reason.others_held
    return f"{_count(many)} {noun}{'s' * (many > 1)} ({_with_others(reason)})"


def _own(reason: Reason) -> tuple[str, ...]:
    """The other outputs, where a group is the weights of one column."""
    name = f"{column(reason)}["
    alone = reason.output is not None and len(reason.held_with) == reason.others_held
    own = tuple(other[len(name) : -1] for other in reason.held_with if alone and other.startswith(name))
    return own if own and len(own) == reason.others_held else ()


def _group(reason: Reason) -> str:
    if own := _own(reason):
        return f"its weight{'s' * (len(own) > 1)} for {some(own)}"
    many = f"all {_count(reason.others_held + 1)} {_noun(reason)} of its group"
    return f"{many} {reason.group}" if reason.group is not None else f"{many} (with {_with_others(reason)})"


def _together(reason: Reason) -> str:
    """How much a group leaves."""
    beyond = ", beyond the price of each," if reason.held_by == "excess" else ""
    many = f"Together the {_count(reason.others_held + 1)} {_noun(reason)} of the group leave{beyond}"
    return f"{many} {_shown(reason)(reason.pull)} (root of the sum of squares)"


def _noun(reason: Reason) -> str:
    return "columns" if reason.output is None else "weights"


def _member(reason: Reason) -> str:
    names = f"its weight{'s' * (len(own) > 1)} for {some(own)}" if (own := _own(reason)) else _with_others(reason)
    group = f"the group {reason.group}" if reason.group is not None else f"a group with {names}"
    return f" in {group}" if reason.others_held else ""


def _side(reason: Reason) -> str:
    """Name the bound: that of the sign of a weight at it, or of the pull on a zero."""
    return "upper" if (reason.weight or reason.left) > 0 else "lower"


def _at_bound(reason: Reason) -> str:
    price = f"the price is {_shown(reason)(reason.price)} at alpha {number(reason.alpha)}"
    return f"; {price}, and what the penalty does not hold the bound does"


def _blocked(reason: Reason) -> str:
    """Say what the pull on a zero asks for, and whether the bound is all that stands in its way."""
    show, sign = _shown(reason), "positive" if reason.left > 0 else "negative"
    price = f"the price {show(reason.price)} at alpha {number(reason.alpha)}"
    asked = f"{_said(reason)}. The {show(reason.left)} left asks for a {sign} weight"
    if abs(reason.left) > reason.price:
        return f"{asked}, beyond {price}: without that bound it would have one"
    return f"{asked}, which {price} would hold at 0 without that bound too"


def _ranked(reason: Reason) -> str:
    if not reason.others_held:
        return _standing(reason)
    others = _others(reason, "other")
    return _standing(reason, f"On average it and {others} that hold its ranks leave {_shown(reason)(reason.pull)}")


def _ends(reason: Reason) -> str:
    return "the steps at its ends" if reason.others_held else "the steps to its neighbours"


def _steps(reason: Reason) -> str:
    if reason.price == 0:
        return f": {_ends(reason)} and the weight cost nothing at the margin"
    if abs(reason.slack) <= 1e-3 * reason.price:
        return f", exactly what {_ends(reason)} and the weight cost at the margin at alpha {number(reason.alpha)}"
    return f" where the optimum leaves {_shown(reason)(reason.price)}: this fit is not quite there"


def _stretched(reason: Reason) -> str:
    if reason.price == 0:
        return f"{_said(reason)}. This penalty prices steps between neighbours, not weights: the data put it there"
    stretch = "The stretch of the run that is pulled hardest uses" if reason.others_held else "What is left uses"
    held = f"of what holds it at zero at alpha {number(reason.alpha)}, its neighbours included"
    return f"{_said(reason)}. {stretch} {percent(reason.share)} {held}"


LAWS = {
    "price": _Law(),
    "bound": _Law(
        kept=lambda reason: f" at its {_side(reason)} bound",
        zero=lambda reason: (
            f", {'held by' if abs(reason.left) > reason.price else 'at'} its {_side(reason)} bound of 0"
        ),
        balance=_at_bound,
        standing=_blocked,
        bare=False,
    ),
    "group": _Law(
        kept=lambda reason: f" with {_group(reason)}",
        zero=lambda reason: f", with {_group(reason)}",
        leaves=lambda reason: f". {_together(reason)}",
        standing=lambda reason: _standing(reason, _together(reason)),
        price=lambda _: "the group's price",
        entry="The group",
    ),
    "excess": _Law(
        kept=_member,
        zero=lambda reason: f", with {_group(reason)}",
        leaves=lambda reason: f". {_together(reason)}",
        standing=lambda reason: _standing(reason, _together(reason)),
        price=lambda _: "the group's price",
    ),
    "rank": _Law(
        kept=lambda reason: f" with {_others(reason, 'other')} of equal size" if reason.others_held else "",
        leaves=lambda reason: (
            f". On average those of this size leave {_shown(reason)(reason.pull)}" if reason.others_held else ""
        ),
        standing=_ranked,
        price=lambda reason: "the mean price of these ranks" if reason.others_held else "the price of its rank",
    ),
    "neighbours": _Law(
        kept=lambda reason: (
            f" in a run of equal weights with {_others(reason, 'neighbour')}" if reason.others_held else ""
        ),
        zero=lambda reason: f", in a run of zeros with {_others(reason, 'neighbour')}" if reason.others_held else "",
        leaves=lambda reason: (
            f". On average the run leaves {_shown(reason)(reason.pull)}" if reason.others_held else ""
        ),
        balance=_steps,
        standing=_stretched,
        bare=False,
    ),
}


def _contrasted(reason: Reason) -> str:
    """Say what L2 makes of it, and who stands in for it."""
    said = ""
    if reason.ridge_weight is not None and reason.ridge_weight != 0.0:
        weight = number(reason.ridge_weight)
        fades = "which has no bounds here" if reason.bounded else "whose pull fades with the weight"
        said = f"Under L2, {fades}, it would weigh {weight} at the same deviance."
    if reason.rivals and not reason.twins and abs(reason.rivals[0][1]) >= ALIKE:
        name, partial = reason.rivals[0]
        said += f" Given the other kept features it is most like {name} (partial correlation {partial:.2f})."
    return said.strip()


def _zero_caution(reason: Reason, *, close: bool) -> str:
    if reason.unique and reason.share >= 1 - AT_THE_PRICE:
        return "It stands exactly at the price: any smaller alpha lets it in."
    if not reason.convex:
        return (
            f"No small weight pays here; {not_convex(reason.penalty)}, so another fit, with a larger one, may do as "
            "well or better: that is not ruled out."
        )
    if not reason.certified:
        return "This zero is not proved: at the gap reached, an optimum may still hold a small weight here."
    if close and not (reason.next_at is None and reason.enters_at is None):
        rule = told(reason.chosen_by).chose
        return "This zero depends on the choice of alpha" + (f" ({rule})." if rule else ".")
    if reason.twins:
        return ""
    if reason.held_by == "bound" and abs(reason.left) > reason.price:
        return f"That is the bound's doing: it is not evidence that {reason.feature} does not matter."
    if reason.elsewhere:
        odds = f"The odds of {reason.target} against {some(reason.elsewhere)} depend on {column(reason)} all the same"
        return f"{odds}, by its weight{'s' * (len(reason.elsewhere) > 1)} there."
    if EFFECTS[reason.effect].zero:
        return f"{EFFECTS[reason.effect].zero} here is the penalty's choice, not an estimate."
    return f"That is not evidence that {reason.feature} does not matter."


def _subject(reason: Reason) -> str:
    return "the outcome" if reason.effect == "odds" and reason.output is None else reason.target


def _alone(reason: Reason, *, kept: bool = False) -> str:
    show = _shown(reason)
    if reason.correlation_unit == 0:
        units = "in the units of alpha" if reason.size is None else "as a gradient of the mean loss"
        return f"Beyond the null model its pull is {show(reason.marginal)} {units}"
    return f"{'It' if kept else 'Alone it'} correlates {show(reason.marginal)} with {_subject(reason)}"


def _taken(reason: Reason) -> str:
    """Say what the model uses of a kept feature, and what is left."""
    show, many = _shown(reason), bool(EFFECTS[reason.effect].fitted)
    who = EFFECTS[reason.effect].fitted or "the model"
    s = "" if many else "s"
    used, left = show(reason.used), show(reason.left)
    if 0 <= reason.used * reason.marginal <= reason.marginal**2:
        verb = f"account{s} for {used}" if many else f"use{s} {used} of that"
    else:
        verb = f"account{s} for {used}"
    return f"{who} {verb} and leave{s} {left}"


def _accounted(reason: Reason) -> str:
    """Say what the kept features already account for, and which of them."""
    show = _shown(reason)
    who = EFFECTS[reason.effect].fitted or "the kept features"
    used, marginal = reason.used, reason.marginal
    if show(used) == show(0.0):
        return f"; {who} account for none of it"
    if not reason.correlation_unit and abs(used) < NEXT_TO_NONE * abs(marginal):
        return f"; {who} account for next to none of it"
    parts = ", ".join(f"{name} {show(part)}" for name, part in (reason.used_by or ())[:LISTED])
    many = len(reason.used_by or ()) > LISTED
    listed = f" ({('mostly ' if _most(reason) else 'largest: ') if many else ''}{parts})" if parts else ""
    if used * marginal < 0:
        return f"; {who} pull the other way, by {show(used)}{listed}"
    if abs(used) > abs(marginal):
        return f"; {who} account for {show(used)}{listed}, more than all of it"
    much = abs(used) >= 0.5 * abs(marginal)
    return f"{', but' if much else ';'} {who} {'already ' if much else ''}account for {show(used)}{listed}"


def _most(reason: Reason) -> bool:
    return abs(sum(part for _, part in (reason.used_by or ())[:LISTED]) - reason.used) < 0.5 * abs(reason.used)


def _refitted(reason: Reason) -> str:
    if reason.refit_weight is None:
        return ""
    noun = "features" if reason.output is None else "weights"
    which = "alone" if reason.kept == 1 else f"on the same {_count(reason.kept)} {noun}"
    bounds = " and bounds" if reason.bounded else ""
    return f"Refitted without penalty{bounds} {which} its weight would be {number(reason.refit_weight)}."


def _stay(reason: Reason) -> str:
    if reason.enters_at is None:
        return ""
    leaves = f" and is out again below {number(reason.leaves_at)}" if reason.leaves_at is not None else ""
    if not reason.convex:
        first = f"alpha {number(reason.enters_at)}, the largest of the path that keeps it"
        return f"{LAWS[reason.held_by].entry} is in the model from {first}{leaves}."
    return f"{LAWS[reason.held_by].entry} enters at alpha {number(reason.enters_at)}{leaves}."


def _entry(reason: Reason) -> str:
    past = ""
    if reason.enters_at is not None and reason.enters_at > reason.alpha:
        past = f"It was in the model from alpha {number(reason.enters_at)}"
        left = reason.leaves_at
        past += f" down to {number(left)}. " if left is not None else " and has left since. "
    if reason.next_at is None:
        if past:
            return past.strip()
        end = f"alpha {number(reason.last_alpha)}, the end of this path"
        return "" if reason.alpha <= reason.last_alpha else f"It has not entered at {end}."
    again = " again" if past else ""
    if reason.next_at >= reason.alpha * (1 - AT_THE_PRICE):
        return past.strip()  # the caution says it
    near, far = number(reason.next_at), _times(reason.alpha, reason.next_at)
    if reason.next_exact:
        return f"{past}{LAWS[reason.held_by].entry} enters{again} at alpha {near}, {far}."
    if reason.next_at >= reason.last_alpha:
        return f"{past}It is in the model{again} at alpha {near}, {far}."
    return (
        f"{past}If nothing else changed it would enter{again} near alpha {near}, {far}, "
        f"past the end of this path at {number(reason.last_alpha)}."
    )


def _twinned(reason: Reason) -> str:
    if not reason.twins:
        return ""
    others = ", ".join(reason.twins[:LISTED])
    if len(reason.twins) > LISTED:
        others += f" and {len(reason.twins) - LISTED:,} more"
    same = f"{reason.feature} and {others} are one feature: the same column in other units or sign."
    if reason.unique:
        return f"{same} The penalty, not the data, decides how they share a weight. Drop all but one."
    what = "which is zero" if reason.state == "zero" else "how they share a weight"
    return f"{same} Other splits between them fit equally well, so the data do not decide {what}. Drop all but one."


def _doubt(reason: Reason) -> str:
    if not reason.convex:
        return f"{not_convex(reason.penalty)}: this is a stationary point, and others may do as well or better."
    return "" if reason.unique else "The optimum is not proved unique: other weights may fit equally well."


# ---------------------------------------------------------------------------------------- numbers
class _shown:  # noqa: N801 - used as a function: it formats
    """Format forces: as correlations where they are, with decimals that show the price."""

    def __init__(self, reason: Reason) -> None:
        self.unit = reason.correlation_unit
        finest = reason.price if 0 < reason.price < math.inf else abs(reason.left)
        self.digits = 3
        if reason.size is None and self.unit and 0 < finest < 0.01 * self.unit:
            self.digits = min(12, 1 - math.floor(math.log10(finest / self.unit)))

    def __call__(self, force: float) -> str:
        if not self.unit:
            return number(force)
        return f"{round(force / self.unit, self.digits) + 0.0:.{self.digits}f}"


def _times(alpha: float, lower: float) -> str:
    """How far below: ``24 % lower``, ``2.3 times smaller``, ``23 times smaller``."""
    if lower == 0:
        return "below it"
    ratio = alpha / lower
    if ratio < 2:
        return f"{percent(1 - lower / alpha)} lower"
    return f"{ratio:.1f} times smaller" if ratio < 9.95 else f"{ratio:,.0f} times smaller"


def _count(n: int) -> str:
    return COUNTS[n] if n < len(COUNTS) else f"{n:,}"
