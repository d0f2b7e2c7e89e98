"""The answer of a fit: what was asked, what is kept, which zeros are near, and how sure it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from lozenge import stability
from lozenge.explain import halves, held, rules
from lozenge.penalties.words import coded, described
from lozenge.results import Status
from lozenge.screens import outputs, response
from lozenge.screens.text import (
    FEW,
    MANY,
    WIDTH,
    Line,
    aligned,
    bar,
    cells,
    count,
    labelled,
    number,
    percent,
    plain,
    shorten,
    table,
    wrap,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from lozenge.results import CrossValidation, Forces, Path, Reason, Stability

TELLERS = 3  # features that are named as already telling what a zero says
OF = 12  # columns of a class's name
DETAILED = 200  # rows of a table whose entries are refined and whose reasons are asked for
READABLE = 8  # columns of a name that is cut
SCHEMA = 1
AT_BOUND = "at its bound"
SAME = 1e-9  # of the null model's loss: what is less is no difference


class Rows(NamedTuple):
    """Feature indices in the order in which a screen lists them."""

    kept: tuple[int, ...]
    zeros: tuple[int, ...]


def _entries(path: Path, features: Sequence[int]) -> list[str]:
    # Largest α with a non-zero weight: ~ known to the grid only, < below the grid, * left again by now.
    if path.by_size:
        return aligned([_first_size(path, j) for j in features])
    history, now = path.history, float(path.alphas[path.chosen])
    texts, never_out = [], held.always(path)
    for j in features:
        exact, entered = float(history.enters_at[j]), int(history.entered[j])
        at = exact if entered < 0 or not math.isnan(exact) else float(path.alphas[entered])
        if path.model.penalty_weights[j] == 0:
            texts.append("free")
        elif never_out[j]:
            texts.append("always")
        elif math.isnan(at):
            texts.append("<" + number(float(path.alphas[-1])))
        else:
            left = "*" if at > now and path.forces is not None and path.forces.weight[j] == 0 else ""
            texts.append(("~" if math.isnan(exact) else "") + number(at) + left)
    return aligned(texts)


def _first_size(path: Path, j: int) -> str:
    # Smallest size with a non-zero weight: > beyond the path, * in none of its own size any more.
    entered = int(path.history.entered[j])
    if path.model.penalty_weights[j] == 0:
        return "free"
    if entered < 0:
        return f">{path.axis[-1]:g}"
    return f"{path.axis[entered]:g}" + "*" * bool(entered < path.chosen and not weights(path)[j])


# -------------------------------------------------------------------------------- the fit
def weights(path: Path) -> NDArray[np.float64]:
    """(p,) weights at the chosen α, in the user's units."""
    return np.asarray(path.coefs[:, [path.chosen]].toarray()).ravel()


def _forces(path: Path) -> Forces:
    if path.forces is None:
        raise ValueError("this path holds no forces at its chosen alpha; fit it again")
    return path.forces


def shares(path: Path) -> NDArray[np.float64]:
    """(p,) of the price at the chosen α; 0 for a constant or excluded column, nan for a free one."""
    share = held.shares(_forces(path))
    share[path.model.constant] = 0.0
    return np.where(path.model.penalty_weights == 0, np.nan, share)


def rows(path: Path) -> Rows:
    """Kept features by weight per standard deviation, zeros by share of the price, largest first."""
    model, coef = path.model, weights(path)
    kept = (coef != 0) | ((model.penalty_weights == 0) & ~model.constant)
    by_weight = np.argsort(-np.abs(coef * model.scale), kind="stable")
    swaps = _forces(path).swaps
    near = np.nan_to_num(shares(path)) if swaps is None else -np.nan_to_num(swaps.rise, nan=np.inf)
    by_share = np.argsort(-near, kind="stable")
    return Rows(tuple(by_weight[kept[by_weight]].tolist()), tuple(by_share[~kept[by_share]].tolist()))


def shown(path: Path, *, everything: bool = False) -> Rows:
    """Give the rows that the screen prints: all up to 30 features, then ten of each."""
    kept, zeros = rows(path)
    return Rows(kept, zeros) if everything or len(path.feature_names) <= MANY else Rows(kept[:FEW], zeros[:FEW])


def fit(
    path: Path,
    listed: Rows,
    *,
    reasons: Sequence[Reason],
    file: str,
    summary: Mapping[str, int],
    target: str,
) -> list[Line]:
    """Screen of ``lozenge fit``: what was asked, how well it went, what was kept, and how near each zero is.

    Parameters
    ----------
    path : Path
        With ``forces`` at its chosen α.
    listed
        As `shown` gives them.
    reasons
        Of the zeros that are listed, or of the first of them; none where the loss gives what is used no exact
        split over the features that use it.
    file, summary
        Name of the table; counts of `lozenge.tables.Table.summary`.
    target
        As `target` writes it.
    """
    told = facts(path, file=file, summary=summary, target=target)
    return [
        *(line for label, text in told.items() for line in labelled(label, text)),
        Line(""),
        *_kept(path, listed.kept),
        Line(""),
        *_zeros(path, listed.zeros, reasons),
        Line(""),
        *(Line("", line) for caution in cautions(path, summary, listed) for line in wrap(caution)),
    ]


def facts(path: Path, *, file: str, summary: Mapping[str, int] | None, target: str) -> dict[str, str]:
    """What was asked and how well it went, by label; without a ``summary`` the data are counted by the model alone."""
    features = len(path.feature_names) // max(len(path.model.outputs), 1)
    counted = _columns(summary) if summary else f"{count(path.model.n, 'row')}, {features:,} features"
    label, text = _certified(path)
    return {
        file: f"{counted}; {target}" if target else counted,
        "model": _model(path),
        **({"size": _size(path)} if path.by_size else {"alpha": _alpha(path)}),
        "R squared" if response.quadratic(path.model) else "D squared": _explained(path),
        label: text,
        **({} if (found := _halves(path)) is None else {"stability": halves.summary(found)}),
    }


def _halves(path: Path) -> Stability | None:
    """What is known of halves of the rows at the chosen α."""
    return halves.at(path, float(path.alphas[path.chosen]))


def _columns(summary: Mapping[str, int]) -> str:
    text = count(summary["rows"], "row")
    if summary["rows_dropped"]:
        text += f" ({summary['rows_dropped']:,} dropped: no target)"
    numeric, factors, features = summary["numeric"], summary["factors"], summary["features"]
    if not factors and features == numeric:
        text += f", {count(features, 'numeric feature')}"
    else:
        parts = [f"{numeric:,} numeric"] * (numeric > 0) + [f"{factors:,} text"] * (factors > 0)
        text += f", {' and '.join(parts)} column{'s' * (numeric + factors > 1)} as {count(features, 'feature')}"
    if summary["columns_left_out"]:
        text += f", {count(summary['columns_left_out'], 'column')} left out"
    missing = summary["missing_cells"]
    return text + (f", {count(missing, 'missing cell')} encoded" if missing else ", no missing values")


def _model(path: Path) -> str:
    model, copies = path.model, max(len(path.model.outputs), 1)
    size = int(path.axis[path.chosen]) if path.by_size else None
    penalty = described(model.penalty, model.penalty_parameters, len(path.feature_names) // copies, size=size)
    text = f"{response.described(model)}, {penalty}"
    text += ", the weights of a feature together" if copies > 1 and "groups" in model.penalty_parameters else ""
    text += f", features {'standardised' if model.standardize else 'as they are'}"
    levels = len(response.levels(model))
    text += f", {'intercepts' if levels > 1 else 'intercept'} free" if levels else ""
    text += "" if model.fit_intercept else ", no intercept"
    free = int(np.count_nonzero((model.penalty_weights == 0) & ~model.constant))
    return text + (f", {free:,} unpenalised" if free else "")


def is_certified(path: Path) -> bool:
    """Whether every α is."""
    return all(status is Status.CERTIFIED for status in path.status)


def telling(path: Path) -> list[int]:
    """Give the largest kept feature, and the zero that says the most when it is alone."""
    kept, zeros = rows(path)
    alone = np.abs(_forces(path).marginal)
    return [*kept[:1], *sorted(zeros, key=lambda j: -float(alone[j]))[:1]]


def _at(cv: CrossValidation, alpha: float) -> int | None:
    near = int(np.argmin(np.abs(cv.alphas - alpha)))
    return near if math.isclose(float(cv.alphas[near]), alpha, rel_tol=1e-9) else None


def _alpha(path: Path) -> str:
    alpha, cv = float(path.alphas[path.chosen]), path.cv
    text = number(alpha)
    if alpha <= path.model.alpha_max:
        text += f" = {percent(alpha / path.model.alpha_max)} of alpha_max"
    else:
        text += f", above alpha_max {number(path.model.alpha_max)}"
    if path.radii is not None:
        return f"{text}, where the norm is at most {number(float(path.radii[path.chosen]))}, as asked"
    if cv is None:
        picked = rules.phrase(path, "") or ", as asked"
        return f"{text}{picked}; {count(len(path.alphas), 'alpha')}, no cross-validation"
    best = float(cv.alphas[cv.index_min])
    kept = int(path.df[int(np.argmin(np.abs(path.alphas - best)))])
    best_at = f"at alpha {number(best)} with {kept:,} kept"
    picked = rules.phrase(path, f"the best score, which is {best_at}")
    if rules.chosen_by(path) not in {"1se", "min"}:
        picked = f"{picked or ', as asked'}; the best cross-validated score is {best_at}"
    return f"{text}{picked} ({count(len(cv.alphas), 'alpha')}, {rules.dealt(path)})"


def _size(path: Path) -> str:
    cv, text = path.cv, f"{path.axis[path.chosen]:g}"
    if len(path.axis) > 1:
        text += f", of the sizes {path.axis[0]:g} to {path.axis[-1]:g}"
    if cv is None:
        return f"{text}, as asked; no cross-validation"
    best = f"the best score, which is at size {path.axis[cv.index_min]:g}"
    text += rules.phrase(path, best) or f"; {best}"
    return f"{text} ({rules.dealt(path)})"


def _explained(path: Path) -> str:
    words = " in sample" if response.quadratic(path.model) else " of the deviance explained"
    if ((path.model.penalty_weights == 0) & ~path.model.constant).any():
        words += ", beyond the unpenalised features alone"
    text = f"{round(float(path.deviance_ratio[path.chosen]), 3) + 0.0:.3f}{words}"
    cv, null = path.cv, _held_out_null(path)
    if cv is None or not (null > 0 or cv.scoring):
        return text
    # The share of the null deviance that is explained; or a score as it is.
    base, unit, what = (1.0, -null, "cross-validated")
    if cv.scoring is not None:
        base, unit, what = (0.0, 1.0, f"{cv.scoring.replace('_', ' ')} cross-validated")
    k = path.chosen if path.by_size else _at(cv, float(path.alphas[path.chosen]))
    if k is not None:
        text += f", {base + float(cv.mean[k]) / unit:.3f} +- {float(cv.se[k]) / abs(unit):.3f} {what}"
    best = f"best{'' if k is not None else f' {what}'} {base + float(cv.mean[cv.index_min]) / unit:.3f}"
    if rules.repeats(path) > 1:
        best += f", {rules.spread(path) / abs(unit):.3f} from shuffle to shuffle"
    return text + ("" if k == cv.index_min and rules.repeats(path) == 1 else f" ({best})")


def _held_out_null(path: Path) -> float:
    """The deviance that a cross-validated one is set against: the null model's; nan where it is not known."""
    loss = response.loss_of(path.model)
    if (loss is not None and loss.bound) or rules.onward(path):
        # Each fold's own null model: a row's deviance depends on how many others there are, of which a fold has fewer;
        # and what comes later is not known to the rows before.
        return math.nan if path.cv is None else path.cv.null
    return 2 * (path.model.null_loss - path.model.saturated_loss)  # a deviance is twice a loss


def _proof(path: Path) -> str:
    """Say what was proved of the chosen α, and what not."""
    if path.by_size and path.certificates[path.chosen].kind == "bound":
        return "of a lower bound {where}: proved best"
    if path.by_size:
        return "of a stationary point {where}; no exchange that the quadratic model offers helps, another subset may"
    unique = "solution unique" if path.unique[path.chosen] else "not proved unique"
    if path.certificates[path.chosen].kind != "stationary":
        return f"of the optimum {{where}}; {unique}"
    if held.convex(path):
        return f"of alpha of the conditions of the optimum {{where}}; {unique}"
    return "of a stationary point {where}; not convex: others may do as well or better"


def _certified(path: Path) -> tuple[str, str]:
    bad = [k for k, status in enumerate(path.status) if status is not Status.CERTIFIED]
    worst = max(certificate.value for certificate in path.certificates)
    axis = "size" if path.by_size else "alpha"
    total = count(len(path.axis), axis)
    if not bad:
        where = f"at all {total}" if len(path.axis) > 1 else f"at this {axis}"
        return "certified", f"within {worst:.1e} {_proof(path).format(where=where)}"
    why = dict.fromkeys(path.status[k].value.partition(": ")[2] for k in bad)
    reached = path.certificates[path.chosen].value
    near = f"within {reached:.1e}" if np.isfinite(reached) else "without any bound"
    chosen = f"the chosen one among them, {near}" if path.chosen in bad else f"the chosen one is certified, {near}"
    ends = f", {number(path.axis[bad[0]], 3)} to {number(path.axis[bad[-1]], 3)}" if len(bad) > 1 else ""
    text = f"at {len(bad):,} of {total}{ends}; {chosen}; asked {path.model.tol:.0e}."
    if path.by_size and len(path.axis) == 1:
        text = f"this subset is {near}; asked {path.model.tol:.0e}."
    return "NOT CERTIFIED", " ".join([text, *map(_sentence, why)])


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _kept(path: Path, listed: Sequence[int]) -> list[Line]:
    model, coef = path.model, weights(path)
    if (grid := outputs.by_output(path, coef, listed)) is not None:
        return grid
    everything = rows(path).kept
    per_sd = [float(coef[j] * model.scale[j]) for j in listed]
    levels = np.atleast_1d(path.intercepts[path.chosen]).tolist()
    names = [f"({name})" for name in response.levels(model)]
    numbers = [*(float(coef[j]) for j in listed), *levels[: len(names)]]
    blank = [""] * len(names)
    columns = {
        "weight": aligned([number(x, 4) for x in numbers]),
        "per SD": [*aligned([number(x) for x in per_sd]), *blank],
    }
    if (multiplied := response.multiplies(model)) is not None:
        with np.errstate(over="ignore"):
            times = [number(float(x)) for x in np.exp(per_sd)]
        columns[f"{multiplied} / SD"] = [*aligned(["x " + x for x in times]), *blank]
    if not (path.by_size and len(path.axis) == 1) and (not listed or not held.always(path)[list(listed)].all()):
        columns["enters at"] = [*_entries(path, listed), *blank]
    if (found := _halves(path)) is not None:
        columns[f"of {found.halves}"] = [*aligned([f"{found.kept[j, -1]:,}" for j in listed]), *blank]
    title = f"KEPT {len(everything):,} of {len(path.feature_names):,}"
    lines = table(title, [*(path.feature_names[j] for j in listed), *names], columns)
    if more := len(everything) - len(listed):
        first = everything[len(listed)]
        largest = number(abs(float(coef[first] * model.scale[first])))
        lines.append(Line("", f"  and {more:,} more kept, the largest {largest} per SD (--all)"))
    return lines


def _zeros(path: Path, listed: Sequence[int], reasons: Sequence[Reason]) -> list[Line]:
    everything, share = rows(path).zeros, shares(path)
    title = f"ZERO {len(everything):,} of {len(path.feature_names):,}{' weights' if path.model.outputs else ''}"
    if not everything:
        return [Line(title)]
    width = len(path.feature_names) // max(1, len(path.model.outputs))
    swaps, columns, names = _forces(path).swaps, {}, [path.feature_names[j] for j in listed]
    if path.model.outputs:
        columns["of"] = [shorten(plain(path.model.outputs[j // width]), OF) for j in listed]
        names = [outputs.feature(path, j) for j in listed]
    if swaps is None:
        columns["share of the price"] = [_standing(path, j, float(share[j])) for j in listed]
    else:
        span = path.model.null_loss - path.model.saturated_loss
        # A subset of no features has no place to give.
        rises = [math.nan if swaps.size == 0 else float(swaps.rise[j]) / span if span > 0 else 0.0 for j in listed]
        columns["it would cost"] = [_cost(path, j, rise) for j, rise in zip(listed, rises, strict=True)]
        columns["in place of"] = ["" if k < 0 else plain(path.feature_names[k]) for k in swaps.other[list(listed)]]
    if not (path.by_size and len(path.axis) == 1):
        columns["enters at"] = _entries(path, listed)
    if (found := _halves(path)) is not None:
        columns[f"of {found.halves}"] = aligned([f"{found.kept[j, -1]:,}" for j in listed])
    tellers = [[name for name, _ in (reason.used_by or ())[:TELLERS]] for reason in reasons]
    tellers += [[]] * (len(listed) - len(reasons))
    if path.model.outputs:
        own = [f"[{path.model.outputs[j // width]}]" for j in listed]
        tellers = [[name.removesuffix(end) for name in told] for told, end in zip(tellers, own, strict=True)]
    if _correlated(path):
        model, forces = path.model, _forces(path)
        spread = np.atleast_1d(np.asarray(model.y_sd))  # of every output
        each = np.repeat(spread, len(model.scale) // len(spread))
        unit = np.where(model.constant, np.inf, each * model.scale / model.penalised_unit)
        alone, left = forces.marginal / unit, forces.left / unit
        columns["alone"] = [f"{alone[j]:.3f}" for j in listed]
        columns["told"] = [f"{alone[j] - left[j]:.3f}" for j in listed]
    lines = table(title, names, columns, last="already told by" if any(tellers) else "")
    if any(tellers):
        lines[1:] = [
            Line("", f"{line.rest}   {_listed(some, WIDTH - 3 - cells(line.rest))}")
            for line, some in zip(lines[1:], tellers, strict=True)
        ]
    if (more := len(everything) - len(listed)) and path.by_size:
        lines.append(Line("", f"  and {count(more, 'more zero')}, each of which would cost more (--all)"))
    elif more:
        nearest = percent(float(share[everything[len(listed)]]))
        lines.append(Line("", f"  and {count(more, 'more zero')}, the nearest at {nearest} of the price (--all)"))
    return lines


def _cost(path: Path, j: int, share: float) -> str:
    if path.model.constant[j] or math.isinf(path.model.penalty_weights[j]):
        return _standing(path, j, 0.0)
    if math.isnan(share):
        return "-"
    if abs(share) <= SAME:
        return "0 %"
    return percent(share) if share > 0.0 else f"- {percent(-share)}"


def _correlated(path: Path) -> bool:
    # A force is a correlation where what is left is y less its mean: the null model is an intercept alone.
    model = path.model
    alone = model.fit_intercept and not ((model.penalty_weights == 0) & ~model.constant).any()
    canonical = response.words(model).canonical and not response.quadratic(model) and bool(np.all(model.y_sd))
    return bool(alone) and canonical and not model.offset


def _standing(path: Path, j: int, share: float) -> str:
    if path.model.constant[j]:
        return "constant"
    if math.isinf(path.model.penalty_weights[j]):
        return "excluded"
    return AT_BOUND if held.kind(_forces(path), j) == "bound" else bar(share)


def _listed(names: Iterable[str], room: int) -> str:
    # The longest is cut first; where a name would be cut beyond reading, the last one goes instead.
    texts = [plain(name) for name in names]
    while texts and cells(", ".join(texts)) > room:
        longest = max(texts, key=cells)
        if cells(longest) > (READABLE if len(texts) > 1 else 1):
            texts[texts.index(longest)] = shorten(longest, cells(longest) - 1)
        else:
            texts.pop()
    return ", ".join(texts)


def cautions(path: Path, summary: Mapping[str, int] | None, listed: Rows) -> list[str]:
    """What a reader must not read into the answer."""
    texts = []
    if not rows(path).kept:
        axis, other = ("size", "larger") if path.by_size else ("alpha", "smaller")
        if path.radii is not None and not path.by_size:
            axis, other = "radius", "larger"
        texts.append(
            f"Nothing is kept: at this {axis} every row gets the same prediction"
            f"{', but for its offset' if path.model.offset else ''}. A {other} one may keep some."
        )
    if any("*" in text for text in _entries(path, listed.zeros)):
        where = "a smaller size and is not in this subset" if path.by_size else "a larger alpha and has left it"
        texts.append(f"* was in the model at {where}.")
    if path.by_size and listed.zeros:
        texts.append(
            "It would cost: what the loss would rise by, as a share of the null model's, with the zero in the place "
            "that costs least, all weights refitted"
            + ("." if response.quadratic(path.model) else ", by the quadratic model.")
        )
    if any(held.kind(_forces(path), j) == "bound" for j in listed.zeros):
        texts.append(f"{AT_BOUND}: pulled to the side that a bound of 0 closes.")
    if listed.zeros and _correlated(path):
        texts.append("alone: correlation with the outcome; told: the part the model already tells.")
    if (found := _halves(path)) is not None:
        texts.append(f"of {found.halves}: halves of the rows that keep it. {halves.promise(found)}")
    if path.cv is not None and path.cv.uncertified:
        texts.append(f"In cross-validation {count(path.cv.uncertified, 'fit')} not certified to {path.model.tol:.0e}.")
    if path.cv is not None and summary and (summary["missing_cells"] or summary["factors"]):
        texts.append("Filling and encoding were learnt once, on all rows; cross-validation does not repeat them.")
    if not path.unique[path.chosen] and held.convex(path):
        texts.append("Not proved unique: other weights may fit exactly as well.")
    if path.model.penalty == "l2":
        texts.append("The ridge has no corner at zero: it shrinks every weight and removes none.")
    if not rows(path).zeros and not path.alphas[path.chosen] > 0.0:
        return texts  # least squares, or what stands for it with another loss
    shrunk = "Weights are shrunk and" if held.convex(path) else "Weights"
    texts.append(f"{shrunk} were chosen by the data: p-values do not apply.")
    return texts


# -------------------------------------------------------------------------------- for machines
def record(path: Path) -> dict[str, Any]:
    """Give what ``fit --json`` prints: plain JSON values, never an infinity."""
    coef, certificate, model = weights(path), path.certificates[path.chosen], path.model
    place: dict[str, Any] = {"alpha": finite(float(path.alphas[path.chosen]))}
    if path.by_size:
        place["size"] = int(path.axis[path.chosen])
    levels = response.levels(model)
    return {
        "schema": SCHEMA,
        "loss": response.coded_loss(model),
        "loss_parameters": model.loss_parameters,
        "penalty": coded(model.penalty, model.penalty_parameters),
        "penalty_parameters": model.penalty_parameters,
        **place,
        "rule": rules.chosen_by(path),
        "n": model.n,
        "p": len(path.feature_names),
        "kept": int(np.count_nonzero(coef)),
        "zeros": int(np.count_nonzero(coef == 0)),
        **({"outputs": list(levels)} if len(levels) > 1 else {}),
        "intercept": np.asarray(path.intercepts[path.chosen]).tolist(),
        "coefficients": dict(zip(path.feature_names, coef.tolist(), strict=True)),
        "certificate": {"kind": certificate.kind, "value": finite(certificate.value)},
        "max_gap": finite(float(np.max(path.gaps))),
        "passes": finite(path.passes),
        "deviance_ratio": finite(float(path.deviance_ratio[path.chosen])),
        "cv": _curve(path),
        "stability": _counted(path),
    }


def _curve(path: Path) -> dict[str, Any] | None:
    """The held-out score at the choice, and the best."""
    cv = path.cv
    if cv is None:
        return None
    k = path.chosen if path.by_size else _at(cv, float(path.alphas[path.chosen]))
    here = {"mean": None, "se": None} if k is None else {"mean": float(cv.mean[k]), "se": float(cv.se[k])}
    best = {"mean": float(cv.mean[cv.index_min]), "se": float(cv.se[cv.index_min])}
    place = path.axis[cv.index_min] if path.by_size else cv.alphas[cv.index_min]
    best |= {"size" if path.by_size else "alpha": float(place)}
    dealt = {"folds": cv.folds.shape[0], "seed": cv.seed, "grouped": cv.grouped, "forward": rules.onward(path)}
    record = {"of": cv.scoring or "deviance", **here, "best": best, "null": cv.null, **dealt}
    return cast("dict[str, Any]", finite(record))


def _counted(path: Path) -> dict[str, Any] | None:
    """How many halves keep each feature that any of them keeps."""
    found = stability.known(path)
    if found is None:
        return None
    counts, names = found.kept[:, -1], found.feature_names
    return {
        "halves": found.halves,
        "alpha": found.alpha,
        "kept": {names[j]: int(counts[j]) for j in np.argsort(-counts, kind="stable") if counts[j]},
        "cutoff": found.cutoff,
        "stable": [names[j] for j in found.stable],
        "errors": finite(found.errors),
        "errors_at_worst": finite(found.errors_at_worst),
    }


def finite(value: Any) -> Any:
    """Give the same JSON value with null for what is not a finite number."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
