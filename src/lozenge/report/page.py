"""The page: what the template is filled with."""

from __future__ import annotations

import base64
import hashlib
import json
import platform
from dataclasses import dataclass
from importlib import metadata
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge import __version__, screens
from lozenge.explain import held, survey
from lozenge.explain.rules import folds
from lozenge.explain.words import not_convex
from lozenge.penalties.words import described
from lozenge.report import figures, halves
from lozenge.report.kept import LISTED, entry, kept_table

if TYPE_CHECKING:
    from lozenge.results import Model, Path, Reason, Reasons

TOLD = 60  # features of each kind whose reason is written out; of the others the numbers alone
EVERYTHING = 50_000  # features beyond which the search is over the nearest only
MEASURES = {
    "gap": "relative duality gap",
    "bound": "relative distance to a lower bound",
    "stationary": "violation of the conditions of {point}, over alpha",
}
SHOWN = 24  # digits of a fingerprint


@dataclass(frozen=True)
class Setting:
    """What the fit was made of, in words.

    Attributes
    ----------
    file, target : as the command line names them
    summary : counts of `lozenge.tables.Table.summary`; None where the data are not there
    notes : what was encoded, filled or left out
    command : that makes the fit again
    fingerprint : SHA-256 of the file
    """

    file: str = "data in memory"
    target: str = ""
    summary: dict[str, int] | None = None
    notes: tuple[str, ...] = ()
    command: str = ""
    fingerprint: str = ""


def page(path: Path, setting: Setting) -> str:
    """Write the whole page; nothing in it is loaded from elsewhere, and it is complete without its script."""
    from jinja2 import Environment, PackageLoader

    from lozenge import fit

    kept, zeros = screens.rows(path)
    path = fit.refined(path, [*kept[:TOLD], *zeros[:TOLD]])
    survey_of = survey.reasons(path)
    told = {j: path.why(j) for j in (*kept[:TOLD], *zeros[:TOLD])}
    ids = {j: f"f{j}" for j in (*kept[:LISTED], *zeros[:LISTED])}
    here = files("lozenge.report")
    script = (here / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = Environment(loader=PackageLoader("lozenge.report", "."), autoescape=True, trim_blocks=True)
    return environment.get_template("page.html").render(
        style=_safe((here / "page.css").read_text(encoding="utf-8")) + figures.style(),
        script=_safe(script),
        digest=digest,
        title=f"What explains {path.model.target or 'the target'}",
        verdict=_verdict(path, kept, zeros),
        facts=screens.facts(path, file=setting.file, summary=setting.summary, target=setting.target),
        kept=kept_table(path, survey_of, kept, told),
        zeros=[_zero_row(path, survey_of, j, told.get(j)) for j in zeros[:LISTED]],
        more=len(zeros) - LISTED,
        weights=bool(path.model.outputs),
        path_figure=figures.path_figure(path, ids),
        cv_figure=figures.cv_figure(path),
        halves=halves.counted(path, ids),
        rivals=_rivals(told),
        cautions=screens.cautions(path, setting.summary, screens.Rows(kept, zeros)),
        notes=setting.notes,
        settings=_settings(path),
        versions=_versions(),
        command=setting.command,
        fingerprint=setting.fingerprint[:SHOWN],
        everything=_safe(_everything(path, survey_of)),
        total=len(path.feature_names),
        axis="size" if path.by_size else "alpha",
        sureness=_sureness(path),
    )


def _safe(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - our own files, and JSON whose < is written as an escape


def _verdict(path: Path, kept: tuple[int, ...], zeros: tuple[int, ...]) -> list[str]:
    names, p, outputs = path.feature_names, len(path.feature_names), path.model.outputs
    explained = f"{screens.percent(float(path.deviance_ratio[path.chosen]))} of the deviance"
    what = f"{p:,} features"
    if outputs:
        each = "class" if path.model.classes else "response"
        what = f"{p:,} weights, {p // len(outputs):,} features for each {each},"
    lines = [f"Of {what} {len(kept):,} are kept and {len(zeros):,} are exactly zero; the fit explains {explained}."]
    if kept:
        largest = ", ".join(names[j] for j in kept[:3])
        lines.append(f"The largest weights per standard deviation: {largest}.")
    if zeros and not path.by_size:
        shares = screens.shares(path)
        share = float(shares[zeros[0]])
        if np.isfinite(share) and share > 0:
            lines.append(
                f"The zero nearest to entering is {names[zeros[0]]}, at {screens.percent(share)} of its price."
            )
    certainty = (
        "Every fit on the path is certified."
        if screens.is_certified(path)
        else f"NOT every {'size' if path.by_size else 'alpha'} is certified."
    )
    unique = "" if path.unique[path.chosen] else " The solution is not proved unique: other weights may fit as well."
    if path.by_size:
        unique = ""
    elif not held.convex(path):
        unique = f" {not_convex(path.model.penalty)}: each is a stationary point, and others may do as well or better."
    return [*lines, certainty + unique]


def _zero_row(path: Path, found: Reasons, j: int, reason: Reason | None) -> dict[str, Any]:
    share = float(found.share[j])
    finite = np.isfinite(share)
    bound = path.forces is not None and held.kind(path.forces, j) == "bound"
    return {
        "id": f"f{j}",
        "j": j,
        "name": path.feature_names[j],
        "state": screens.AT_BOUND if bound else _exchange(path, found, j),
        "share": f"{100 * share:.0f}" if finite and not bound else "",
        "marginal": screens.number(float(found.marginal[j])),
        "used": screens.number(float(found.marginal[j] - found.left[j])),
        "left": screens.number(float(found.left[j])),
        "enters": entry(found, j),
        "sure": "yes" if found.certified[j] else "no",
        "reason": "" if reason is None else str(reason),
    }


def _exchange(path: Path, found: Reasons, j: int) -> str:
    """What it would cost on a path by size; else its state."""
    if found.swaps is None or found.state[j] != "zero" or found.swaps.size == 0:
        return found.state[j]
    span = path.model.null_loss - path.model.saturated_loss
    rise = float(found.swaps.rise[j]) / span if span > 0 else 0.0
    other = found.swaps.other[j]
    place = f", in place of {path.feature_names[other]}" if other >= 0 else ""
    return f"{screens.percent(abs(rise))} {'less' if rise < -screens.SAME else 'more'}{place}"


def _rivals(told: dict[int, Reason]) -> list[dict[str, str]]:
    rows = []
    for reason in told.values():
        if reason.state != "zero":
            continue
        if reason.twins:
            rows.append({"name": reason.feature, "rival": ", ".join(reason.twins[:3]), "how": "the same column"})
        elif reason.rivals:
            name, partial = reason.rivals[0]
            rows.append({"name": reason.feature, "rival": name, "how": f"{partial:.2f}"})
    return rows


def _sureness(path: Path) -> str:
    kind, worst = path.certificates[path.chosen].kind, f"{_worst(path):.1e}"
    if path.by_size:
        return _sure_of_sizes(path, kind, worst)
    if not screens.is_certified(path):
        return f"Not every alpha reached the tolerance that was asked for. The largest {_measure(path)} is {worst}."
    if kind == "gap":
        return (
            "Each solution comes with a computed bound on its distance from the optimum: the relative duality gap, "
            f"at most {worst} on this path."
        )
    if held.convex(path):
        return (
            f"Each solution meets the conditions of an optimum to within {worst} of alpha. The penalty is convex, so "
            "that what meets them is an optimum; no bound on the distance from it was computed."
        )
    return (
        f"Each solution meets the conditions of a stationary point to within {worst} of alpha. The penalty is not "
        "convex, so nothing is proved of other stationary points, and one of them may be better."
    )


def _sure_of_sizes(path: Path, kind: str, worst: str) -> str:
    if kind == "bound" and screens.is_certified(path):
        return (
            "Each subset is proved best of its size: its loss is above a bound for all of them by at most "
            f"{worst} of the loss of the null model."
        )
    if kind == "bound":
        return (
            "Not every subset is proved best of its size. No exchange of features improves any of them, and the "
            f"largest distance from a lower bound is {worst} of the loss of the null model."
        )
    return (
        f"Each subset meets the conditions of a stationary point to within {worst} of the largest pull of the null "
        "model, and no exchange that the quadratic model of the loss offers improves it. Another may be better."
    )


def _measure(path: Path) -> str:
    point = "an optimum" if held.convex(path) else "a stationary point"
    return MEASURES[path.certificates[path.chosen].kind].format(point=point)


def _worst(path: Path) -> float:
    return max(certificate.value for certificate in path.certificates)


def _settings(path: Path) -> dict[str, str]:
    model = path.model
    alphas = f"{len(path.axis):,} from {path.axis[0]:.4g} to {path.axis[-1]:.4g}"
    measure = _measure(path)
    size = int(path.axis[path.chosen]) if path.by_size else None
    columns = len(path.feature_names) // max(len(model.outputs), 1)
    found = {
        "loss": screens.coded_loss(model),
        "penalty": described(model.penalty, model.penalty_parameters, columns, size=size),
        "standardised": "yes" if model.standardize else "no",
        "intercept": ", ".join(screens.levels(model)) if len(screens.levels(model)) > 1 else _intercept(model),
        "rows": f"{model.n:,}",
        **({} if model.weight_sum == model.n else {"weight of the rows": f"{model.weight_sum:,.6g} in all"}),
        **({"offset": "yes"} if model.offset else {}),
        "sizes" if path.by_size else "alphas": alphas,
        "tolerance": f"{model.tol:.0e} on the {measure}",
        f"largest {measure}": f"{_worst(path):.1e}",
        "passes over X": f"{path.passes:.1f}",
    }
    if path.cv is not None:
        found["cross-validation"] = f"{folds(path)}, seed {path.cv.seed}"
    return found


def _intercept(model: Model) -> str:
    return "free" if screens.levels(model) else "none"


def _versions() -> dict[str, str]:
    names = ("numpy", "scipy")
    return {"lozenge": __version__, "python": platform.python_version()} | {n: metadata.version(n) for n in names}


def _everything(path: Path, found: Reasons) -> str:
    """What the search looks through: [name, state, share, weight per SD, enters at] of every feature, in order."""
    rows = [
        [
            path.feature_names[j],
            found.state[j],
            _digits(float(found.share[j])),
            _digits(float(found.per_sd[j])),
            _digits(float(found.enters_at[j])),
            int(j),
        ]
        for j in found.order[:EVERYTHING]
    ]
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _digits(x: float) -> float | None:
    return float(f"{x:.3g}") if np.isfinite(x) else None
