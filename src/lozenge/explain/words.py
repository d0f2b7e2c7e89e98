"""What every explanation needs: a feature by its name, the forces at an α, numbers as people read them."""

from __future__ import annotations

import difflib
import math
from operator import index
from typing import TYPE_CHECKING

from lozenge import gate
from lozenge.penalties import PENALTIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lozenge.results import Comparison, Forces, Path

LEAST = 1e-5  # a share that is told as a number
SHOWN = 60  # characters of a name in an error
NAMED = 6  # weights that an error names
FEW_NAMES = 12  # that an error lists whole
LISTED = 3  # names in a sentence


def _listed(names: Sequence[str]) -> str:
    """What there is, or where to read it."""
    if len(names) > FEW_NAMES:
        return "path.feature_names lists those it has"
    return f"it has {', '.join(map(_quoted, names))}"


def position(path: Path | Comparison, feature: str | int) -> int:
    """Index of a feature by its name or its index."""
    names = path.feature_names
    if isinstance(feature, str):
        if feature in names:
            return names.index(feature)
        own = weights_of(names, feature)
        if own:
            shown = ", ".join(_quoted(names[j]) for j in own[:NAMED]) + (", …" if len(own) > NAMED else "")
            raise ValueError(
                f"{_quoted(feature)} has a weight for each of {len(own)} outputs; name one of them: {shown}"
            )
        folded = [name for name in names if name.casefold() == feature.casefold()]
        near = folded or difflib.get_close_matches(feature, names, n=1)
        hint = f"did you mean {_quoted(near[0])}?" if near else _listed(names)
        raise ValueError(f"the path has no feature {_quoted(feature)}; {hint}")
    j = index(feature)
    if not 0 <= j < len(names):
        raise ValueError(f"feature {j} is out of range: the path has {len(names):,}, counted from 0")
    return j


def positions(path: Path, feature: str | int) -> list[int]:
    """The same, and by the name of a column that has a weight for each of several outputs all of these."""
    names = path.feature_names
    own = weights_of(names, feature) if isinstance(feature, str) and feature not in names else []
    return own or [position(path, feature)]


def weights_of(names: tuple[str, ...], column: str) -> list[int]:
    """Indices of the weights of a column for several outputs, by its name; none where there is one output."""
    own = [j for j, name in enumerate(names) if name.startswith(f"{column}[") and name.endswith("]")]
    outputs = tuple(names[j][len(column) :] for j in own)
    return own if len(own) > 1 and all(name.endswith(outputs) for name in names) else []


def _quoted(name: str) -> str:
    return repr(name if len(name) <= SHOWN else name[: SHOWN - 1] + "…")


def forces_at(path: Path, alpha: float | None, *, df: int | None = None) -> Forces:
    """The forces at α, at the last solution with at most ``df`` kept, or at the chosen one."""
    if path.by_size:
        return _forces_of_size(path, alpha, df)
    if df is not None:
        alpha = path.at(alpha, df=df).alpha
    chosen = float(path.alphas[path.chosen])
    asked = chosen if alpha is None else gate.alpha(alpha)
    if not asked >= 0:
        raise ValueError(f"alpha must be zero or more; got {asked}")
    if math.isinf(asked):
        asked = path.model.alpha_max  # where the null model begins
    # A person types the α that a screen showed; the last digits of a float are not what was meant.
    if path.forces is not None and (asked == chosen or math.isclose(asked, chosen, rel_tol=1e-9)):
        return path.forces
    if path.source is None:
        raise ValueError(
            f"a loaded model explains its weights only at its chosen alpha, {chosen!r}; got {asked!r}. "
            "Fit again for another alpha, or ask before the data are gone"
        )
    return path.source.forces(asked)


def _forces_of_size(path: Path, alpha: float | None, df: int | None) -> Forces:
    size = float(path.axis[path.chosen])
    if alpha is not None or df is not None:
        found = path.at(alpha, df=df).radius
        size = size if found is None else found
    if path.forces is not None and path.forces.swaps is not None and path.forces.swaps.size == size:
        return path.forces
    if path.source is None:
        raise ValueError(
            f"a loaded model explains its weights only at its chosen size, {path.axis[path.chosen]:g}; got {size:g}. "
            "Fit again for another size, or ask before the data are gone"
        )
    return path.source.forces(size)


def not_convex(penalty: str) -> str:
    """Say so of a penalty: of one of a user's own nobody knows, unless it says that it is."""
    return f"{penalty} is {'not' if penalty in PENALTIES else 'not known to be'} convex"


def some(names: Sequence[str]) -> str:
    """List a few names, and how many more there are.

    Examples
    --------
    >>> from lozenge.explain.words import some
    >>> some(["a"]), some(["a", "b"]), some("abcde")
    ('a', 'a and b', 'a, b, c and 2 more')
    """
    more = len(names) - LISTED
    if more > 0:
        return f"{', '.join(names[:LISTED])} and {more:,} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def number(x: float) -> str:
    """Three significant digits, every whole digit, and no exponent from 1e-4 up to 1e7."""
    if x == 0 or not math.isfinite(x):
        return f"{x + 0.0:.0f}"
    rounded = f"{x:.2e}"
    exponent = int(rounded.partition("e")[2])
    return f"{x:,.{max(0, 2 - exponent)}f}" if -4 <= exponent < 7 else rounded


def percent(share: float) -> str:
    """Whole per cent, but never 100 for a share below 1 nor 0 for one above 0."""
    if not math.isfinite(share):
        return "no share"
    text = f"{100 * share:.0f}"
    if text == "100" and share != 1:
        return "over 99.5 %" if share < 1 else "just over 100 %"
    if 0.0 < abs(share) < LEAST:
        return f"less than {100 * LEAST:g} %"
    return f"{text} %" if text != "0" or share == 0 else f"{100 * share:.1g} %"
