"""The arguments of a fit, checked: what leaves here is finite, of the right length, and of one type."""

from __future__ import annotations

import difflib
from dataclasses import fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from lozenge.losses import LOSSES
from lozenge.losses.own import OwnLoss
from lozenge.penalties import PENALTIES, SHAPES
from lozenge.penalties.balls import Ball
from lozenge.penalties.own import Own
from lozenge.scoring import scorer
from lozenge.shards import TEST, TRAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from lozenge.design.base import Floats
    from lozenge.losses import Loss, Target
    from lozenge.penalties import Penalty

MOST_ALPHAS = 100_000


class Weights(NamedTuple):
    """Row weights over a power of two, so that their sums neither overflow nor vanish, and their sum as given."""

    values: Floats
    total: float

    @property
    def given(self) -> Floats:
        """As they were given, to rounding."""
        return np.asarray(self.values * (self.total / self.values.sum()))


def suggestion(name: str, known: Sequence[str]) -> str:
    """'; did you mean ...?' if something known is near."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def loss(asked: str | Loss) -> Loss:
    """Look a loss up by name or by ``name:number``, pass one through, or make one of an object of the user's own."""
    if not isinstance(asked, str):
        if not hasattr(asked, "young"):
            _require(asked, "loss", OwnLoss.METHODS)
            asked = cast("Loss", OwnLoss(asked))
        if asked.name in LOSSES and type(asked) is not LOSSES[asked.name]:
            raise TypeError(
                f"{asked.name!r} is the name of a loss of lozenge's, which a saved model would be read with; give an "
                "object of yours another name"
            )
        return asked
    name, colon, text = asked.partition(":")
    if name not in LOSSES:
        raise ValueError(f"unknown loss {asked!r}; use one of {', '.join(LOSSES)}{suggestion(name, list(LOSSES))}")
    kind: Callable[..., Loss] = LOSSES[name]
    return kind(**_number(kind(), text, asked, {each: LOSSES[each] for each in LOSSES})) if colon else kind()


def penalty(asked: str | Penalty | Any) -> Penalty:
    """Look a penalty up by name or by ``name:number``, pass one through, or make one of an object of the user's own."""
    if not isinstance(asked, str):
        _require(asked, "penalty", Own.METHODS)
        if all(hasattr(asked, name) for name in ("on", "in_units", "tangent", "kernel", "gapped")):
            return cast("Penalty", asked)
        own = Own(asked)
        if own.name in {**PENALTIES, **SHAPES}:
            raise TypeError(
                f"{own.name!r} is the name of a penalty of lozenge's, and this object has no path of its own; give an "
                "object of yours another name"
            )
        return cast("Penalty", own)
    name, colon, text = asked.partition(":")
    if name not in PENALTIES:
        near = suggestion(name, list(PENALTIES))
        raise ValueError(f"unknown penalty {asked!r}; use one of {', '.join(PENALTIES)}{near}")
    kind: Callable[..., Penalty] = PENALTIES[name]
    if not colon:
        return kind()
    return kind(**_number(kind(), text, asked, PENALTIES))


def _number(made: Any, text: str, asked: str, known: Mapping[str, Callable[..., Any]]) -> dict[str, float]:
    """The parameter that is one number, from text; refused as the class refuses it."""
    parameters = _numbers(made)
    if not parameters:
        taken = ", ".join(f"{each}:NUMBER" for each in known if _numbers(known[each]()))
        raise ValueError(f"{made.name} takes no value; {taken} do; got {asked!r}")
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    try:
        type(made)(**{parameters[0]: number})
    except ValueError as error:
        raise ValueError(str(error).replace("got nan", f"got {text!r}")) from None
    return {parameters[0]: number}


def _numbers(made: Any) -> list[str]:
    """Parameters that are one number each."""
    positional = [each for each in fields(made) if each.init and not each.kw_only]
    return [each.name for each in positional if isinstance(each.default, float)]


def _require(asked: object, what: str, methods: tuple[str, ...]) -> None:
    if isinstance(asked, type) or any(not hasattr(asked, name) for name in methods):
        raise TypeError(f"{what} must be a name or an instance of a {what}; got {str(asked)[:60]!r}")


def unconstrained(ball: Any, alphas: Any, cv: Any) -> None:
    """Refuse what has no meaning beside a constraint."""
    if not isinstance(ball, Ball):
        raise TypeError(f"constraint must be a ball such as lz.L1Ball(2.0); got {str(ball)[:60]!r}")
    if alphas is not None:
        put = "L0Ball([1, 2, 3])" if ball.counts else "L1Ball([1.0, 2.0])"
        raise ValueError(f"a constraint has radii in place of alphas: put them into the ball, {put}")
    if cv is not None and not ball.counts:
        raise ValueError(
            "cross-validation goes over alphas; give penalty= in place of constraint=, and read the radius of its "
            "choice with path.radius(path.best().alpha)"
        )


def response(y: Any, n: int) -> tuple[NDArray[Any], tuple[str, ...]]:
    """(n,) of one type, or (n, columns) of numbers, without missing values; and the names of the columns."""
    if np.ma.isMaskedArray(y):
        raise TypeError("y is a masked array; its mask would be lost. Drop the masked rows first")
    columns = tuple(map(str, y.columns)) if hasattr(y, "columns") and not isinstance(y, np.ndarray) else ()
    values = np.asarray(y)
    if values.dtype.names is not None:
        columns = values.dtype.names
        values = np.column_stack([values[name] for name in columns])
    if values.ndim == 2 and values.shape[1] == 1:
        values, columns = values[:, 0], ()
    if values.ndim not in {1, 2}:
        raise ValueError(f"y must have one value, or one row of values, per row of X; got shape {values.shape}")
    if len(values) != n:
        raise ValueError(f"X has {n} rows but y has {len(values)} values; they must agree")
    if n < 2:
        raise ValueError("a fit needs at least two rows; got one")
    if values.dtype.kind in "cmM":
        raise TypeError(f"y must hold numbers or class labels; got dtype {values.dtype}")
    if values.dtype.kind == "O":
        values = _one_type(values) if values.ndim == 1 else _columns(values)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        bad = np.unique(np.nonzero(~np.isfinite(values))[0])
        raise ValueError(
            f"y holds {len(bad)} values that are nan or infinite, the first at row {bad[0]} (counted from 0). "
            "Drop those rows first"
        )
    return values, columns


def _columns(values: NDArray[Any]) -> NDArray[Any]:
    """Columns of a frame: numbers, with the labels of a column of text numbered in their order."""
    found = []
    for column in values.T:
        one = _one_type(column)
        found.append(np.unique(one, return_inverse=True)[1] if one.dtype.kind == "U" else one)
    return np.column_stack(found).astype(np.float64)


def _one_type(values: NDArray[Any]) -> NDArray[Any]:
    missing = [i for i, value in enumerate(values) if value is None or value != value]  # noqa: PLR0124 - nan of any type
    if missing:
        raise ValueError(f"y holds {len(missing)} missing values, the first at row {missing[0]}. Drop those rows first")
    kinds = {str if isinstance(value, str) else type(value) for value in values}
    if kinds == {str}:
        return values.astype(str)
    if all(issubclass(kind, (int, float, np.number)) for kind in kinds):
        return values.astype(np.float64)
    shown = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise TypeError(f"y mixes types ({shown}); make it all numbers or all text")


def _floats(values: Any, name: str) -> Floats:
    if np.ma.isMaskedArray(values):
        raise TypeError(f"{name} is a masked array; its mask would be lost. Fill it first")
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must hold numbers; got dtype {array.dtype}")
    return array.astype(np.float64)


def _column(values: Any, n: int, name: str) -> Floats:
    array = _floats(values, name)
    if array.shape != (n,):
        raise ValueError(f"{name} must have one value per row, shape ({n},); got shape {array.shape}")
    if not np.isfinite(array).all():
        bad = np.flatnonzero(~np.isfinite(array))
        raise ValueError(f"{name} holds {len(bad)} values that are nan or infinite, the first at row {bad[0]}")
    return array


def weights(sample_weight: Any, n: int) -> Weights:
    """Non-negative, some positive."""
    if sample_weight is None:
        return Weights(np.ones(n), float(n))
    w = _column(sample_weight, n, "sample_weight")
    if (w < 0).any():
        first = int(np.flatnonzero(w < 0)[0])
        raise ValueError(f"sample_weight must not be negative; row {first} has {w[first]}")
    if not w.any():
        raise ValueError("sample_weight is all zero; at least one row must count")
    scaled = w * np.ldexp(1.0, int(np.clip(-np.frexp(w.max())[1], -1000, 1000)))
    return Weights(scaled, float(w.sum()))


def offset(values: Any, n: int, loss: Loss) -> Floats | None:
    """(n,), or (n, q) for q outputs, of which those that share their weights share a column too; finite, or None."""
    if values is None:
        return None
    q = 1 if loss.shared else loss.width
    if q == 1:
        column = _column(values, n, "offset")
        return column if loss.width == 1 else np.tile(column[:, None], loss.width)
    array = _floats(values, "offset")
    if array.shape != (n, q):
        raise ValueError(f"offset must have one value per row and output, shape ({n}, {q}); got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("offset holds values that are nan or infinite")
    return array


@lru_cache(maxsize=4)
def _numbered(p: int) -> tuple[str, ...]:
    return tuple(map("x{}".format, range(p)))


def names(asked: Sequence[str] | None, own: tuple[str, ...] | None, p: int) -> tuple[str, ...]:
    """One distinct name per column: as asked, else the frame's own, else x0, x1, …."""
    if asked is None and own is None:
        return _numbered(p)
    if asked is None:
        chosen = own or ()
    elif isinstance(asked, str) or not hasattr(asked, "__iter__"):
        raise TypeError(f"feature_names must be a list of names; got {str(asked)[:60]!r}")
    else:
        chosen = tuple(str(name) if isinstance(name, np.str_) else name for name in asked)
        if any(not isinstance(name, str) for name in chosen):
            raise TypeError("feature_names must be text")
    if len(chosen) != p:
        raise ValueError(f"X has {p} columns but feature_names has {len(chosen)}; they must agree")
    if len(set(chosen)) < p:
        twice = next(name for k, name in enumerate(chosen) if name in chosen[:k])
        raise ValueError(f"feature names must be distinct; {twice!r} stands more than once")
    return chosen


def penalty_weights(values: Any, known: tuple[str, ...], penalty: Penalty, aliases: Mapping[str, list[int]]) -> Floats:
    """(p,) v >= 0, inf allowed; by position, or by the names of columns or of several of them (``aliases``)."""
    v = penalty.usual_weights(len(known))
    if values is not None and hasattr(values, "items"):
        named: Mapping[str, Any] = values
        places = {**aliases, **{name: [j] for j, name in enumerate(known)}}
        for name, value in named.items():
            if name not in places:
                raise ValueError(f"penalty_weights names no feature {name!r}{suggestion(str(name), list(places))}")
            v[places[name]] = float(value)
    elif values is not None:
        v = _floats(values, "penalty_weights")
        if v.shape != (len(known),):
            raise ValueError(f"penalty_weights needs one value per column, shape ({len(known)},); got shape {v.shape}")
    if not (v >= 0).all():
        bad = int(np.flatnonzero(~(v >= 0))[0])
        raise ValueError(
            f"penalty_weights must be 0 (never penalised), positive, or inf (excluded); {known[bad]!r} has {v[bad]}"
        )
    return v


def agreed(loss: Loss, penalty: Penalty) -> None:
    """Refuse a penalty that jumps beside a loss with corners: neither bends, so that nothing says where to jump."""
    if loss.sharpens and penalty.jumps:
        raise ValueError(
            f"{penalty.name} makes weights jump to where the loss bends them, and {loss.name} has corners in place of "
            "bends; use l1, mcp or scad with it, or loss='huber'"
        )


def bounds(penalty: Penalty, v: Floats, known: tuple[str, ...]) -> None:
    """Refuse bounds of columns that are never penalised."""
    if penalty.bounds is not None:
        low, high = penalty.bounds
        free = np.flatnonzero((v == 0.0) & (np.isfinite(low) | np.isfinite(high)))
        if len(free):
            raise ValueError(
                f"{known[free[0]]!r} has penalty weight 0 and a bound; columns that are never penalised cannot be "
                "bounded. Give it a small weight, such as 1e-3"
            )


def tolerance(tol: Any) -> float:
    """0 < tol < 1."""
    if not _is_number(tol) or not 0 < float(tol) < 1:
        raise ValueError(f"tol is a relative duality gap, between 0 and 1 exclusive; got {tol}")
    return float(tol)


def switch(value: Any, name: str) -> bool:
    """True or False; a word such as 'no' would count as True."""
    if not isinstance(value, (bool, np.bool_)) and not (_is_number(value) and value in (0, 1)):
        raise TypeError(f"{name} must be True or False; got {value!r}")
    return bool(value)


def number(value: Any) -> float:
    """A number, or nan for what is none: for a comparison, which nan fails."""
    return float(value) if _is_number(value) else float("nan")


def seed(value: Any) -> int:
    """A whole number from 0 on."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 0:
        raise ValueError(f"seed must be a whole number, 0 or more; got {value!r}")
    return int(value)


def alpha(value: Any) -> float:
    """A number; which ones will do is for whoever asks."""
    if not _is_number(value):
        raise ValueError(
            f"alpha is a number; got {value!r}. That of a rule is in path.best, as in path.best('bic').alpha"
        )
    return float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def start(alpha_max: float, alphas: Any, penalty: str) -> float:
    """αmax, or where there is none the largest α asked for."""
    if alpha_max < np.inf:
        return alpha_max
    finite: Any = [] if alphas is None else np.ravel(alphas)[np.isfinite(np.ravel(alphas))]
    if not len(finite):
        raise ValueError(
            f"under {penalty} no alpha makes every weight zero, so that there is no usual grid; give alphas=[...], "
            "finite numbers"
        )
    return float(np.max(finite))


def at_zero(penalty: Penalty) -> None:
    """Refuse α = 0 where more than a price is on the weights: what is solved there is the fit on all columns."""
    held = "bounds" if penalty.bounds is not None else "a ridge" if penalty.parameters().get("ridge") else None
    if held is not None:
        raise ValueError(f"alpha = 0 has no certificate under {held}; use a small alpha, such as 1e-6 times alpha_max")


def grid(alphas: Any, alpha_max: float, n_alphas: int, ratio: float | None, penalty: Penalty, *, tall: bool) -> Floats:
    """The decreasing grid of α: as asked, each once, or geometric from αmax."""
    if alphas is not None and not np.all(np.asarray(alphas)):
        at_zero(penalty)
    if alphas is not None:
        asked = _floats(alphas, "alphas")
        if asked.ndim > 1 or asked.size == 0:
            raise ValueError(f"alphas must be one list of at least one number; got shape {asked.shape}")
        asked = asked.reshape(-1)
        if len(asked) > MOST_ALPHAS:
            raise ValueError(f"at most {MOST_ALPHAS} alphas; got {len(asked)}")
        if not (asked >= 0).all():
            raise ValueError(f"alphas must be 0 or positive; got {asked[~(asked >= 0)][0]}")
        return np.unique(np.where(np.isinf(asked), alpha_max, asked))[::-1]
    if not _is_number(n_alphas) or not 1 <= n_alphas <= MOST_ALPHAS or int(n_alphas) != n_alphas:
        raise ValueError(f"n_alphas must be a whole number from 1 to {MOST_ALPHAS}; got {n_alphas}")
    ratio = (1e-4 if tall else 1e-2) if ratio is None else ratio
    if not _is_number(ratio) or not 0 < ratio < 1:
        raise ValueError(f"alpha_min_ratio must lie between 0 and 1 exclusive; got {ratio}")
    if alpha_max == 0.0:
        return np.zeros(1)
    steps = np.geomspace(1.0, ratio, int(n_alphas))
    steps[0] = 1.0
    return alpha_max * steps


def choosing(cv: Any, groups: Any, repeats: Any, scoring: Any) -> None:
    """Refuse what goes with a cross-validation where there is none, and a score that there is not."""
    for what, given in (("groups", groups is not None), ("repeats", repeats != 1), ("scoring", scoring is not None)):
        if cv is None and given:
            raise ValueError(f"{what} goes with a cross-validation; name its folds too, cv=10")
    if scoring is not None:
        scorer(scoring)


def folds(table: NDArray[np.uint8] | None, target: Target, w: Floats) -> None:
    """Refuse a fold that has no weight on a side, or a training part that lacks a class, or any event."""
    if table is None:
        return
    for k, column in enumerate(table.T):
        for code, part in ((TRAIN, "training"), (TEST, "held-out")):
            if not w[column == code].any():
                raise ValueError(f"the {part} rows of fold {k} have no weight; use fewer folds or other labels")
        if target.kinds is None:
            continue
        trained = np.unique(target.kinds[(column == TRAIN) & (w > 0)])
        for code in np.setdiff1d(target.kinds, trained)[:1]:
            if not target.classes and code == 0:  # rows without an event need not be there
                continue
            absent = repr(target.classes[code]) if target.classes else "event"
            if np.sum((target.kinds == code) & (w > 0)) == 1:
                raise ValueError(
                    f"one row alone has {absent}, and the fold that holds it out has none to train on; leave the row "
                    "out, or choose alpha without folds"
                )
            raise ValueError(
                f"the training rows of fold {k} hold no {absent}; use fewer folds, or stratified ones (an int cv)"
            )
