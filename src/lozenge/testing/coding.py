"""The laws of a loss's name and of the check that codes a response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge.losses import LOSSES
from lozenge.testing.broken import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.testing.response import Response

REFUSALS = (ValueError, TypeError)


def name(subject: Response, _: np.random.Generator) -> bool:
    """A name of its own: `load` and `predict` look names up."""
    if subject.ours:
        return False
    asked = getattr(subject.given, "name", type(subject.given).__name__)
    if not isinstance(asked, str) or asked in LOSSES:
        what = f"its name is {shown(asked)}, " + ("a loss of lozenge's" if asked in LOSSES else "and no text")
        raise subject.broken("name", what, "name: a text of your own", name=asked)
    return True


def check(subject: Response, _: np.random.Generator) -> None:
    """Each row is coded for itself, as float64; what is no response is refused."""
    raw, n = subject.raw, len(subject.raw)
    first = _coded(subject, raw, subject.kind)
    if not isinstance(first, np.ndarray) or first.dtype != np.float64:
        got = f"dtype {first.dtype}" if isinstance(first, np.ndarray) else type(first).__name__
        raise _wrong(subject, f"it gives {got}, where an array of float64 is due", raw, "np.asarray(y, dtype=float)")
    if len(first) != n or (not subject.ours and first.ndim != 1):
        raise _wrong(subject, f"it gives shape {first.shape} for {n} rows", raw, "one number for each row")
    if not np.isfinite(first).all():
        raise _wrong(
            subject, "it gives nan or inf", raw, "finite numbers, or a ValueError that says which row is wrong"
        )
    for order in (np.arange(n)[::-1], np.append(np.arange(n), [0, n - 1])):
        again = np.asarray(_coded(subject, raw[order], subject.kind))
        if again.shape != first[order].shape or not np.allclose(again, first[order], rtol=1e-12, atol=0.0):
            raise _wrong(
                subject,
                f"rows are coded by those beside them: {shown(first)}, and in another order or with some repeated "
                f"{shown(again)}",
                raw[order],
                "each row for itself: no sorting, and no mean or spread of y, which folds and new rows do not share",
            )
    _refuses(subject)


def _refuses(subject: Response) -> None:
    """What is no response of this kind."""
    raw = subject.raw
    if raw.dtype.kind in "biuf":
        for odd in (np.nan, np.inf):
            given = raw.astype(np.float64)
            given[0] = odd
            found = _coded(subject, given, f"{odd} among numbers")
            if found is not None and np.isfinite(np.asarray(found, dtype=np.float64)).all():
                raise _wrong(
                    subject,
                    f"{odd} becomes the number {shown(float(np.ravel(found)[0]))}",
                    given,
                    "a ValueError for what is not finite",
                )
        words = np.array([f"word {k % 3}" for k in range(len(raw))])
        found = _coded(subject, words, "text")
        if found is not None:
            _told_apart(subject, words, found)
    if raw.ndim == 1 and not subject.ours:
        twice = np.column_stack([raw, raw[::-1]])
        found = _coded(subject, twice, "two columns")
        if found is not None and np.shape(found) == raw.shape:
            raise _wrong(subject, "of two columns it takes one", twice, "a ValueError unless y.ndim is 1")


def _told_apart(subject: Response, words: NDArray[Any], found: Any) -> None:
    """Words that are taken are classes: one code each."""
    codes = np.asarray(found)
    if codes.dtype.kind not in "biuf":
        raise _wrong(subject, f"text is let through as dtype {codes.dtype}", words, "a ValueError for text")
    same = words[:, None] == words
    alike = (codes[:, None] == codes).reshape(len(words), len(words), -1).all(axis=2)
    if (same != alike).any():
        raise _wrong(
            subject,
            f"of three different words it makes {shown(codes)}",
            words,
            "a ValueError for text, or one code for each label",
        )


def _coded(subject: Response, y: NDArray[Any], kind: str) -> Any:
    """What check makes of it; None where it refuses."""
    given = y.copy()
    try:
        found = subject.coded(given)
    except REFUSALS:
        return None
    except Exception as error:
        raise _wrong(
            subject,
            f"for {kind} it raises {type(error).__name__}: {error}",
            y,
            "a ValueError that says which value is wrong",
        ) from error
    if given.tobytes() != y.tobytes():
        raise subject.broken("inputs", "check changes its input", "check: work on a copy", before=y, after=given)
    return found


def _wrong(subject: Response, what: str, y: NDArray[Any], due: str) -> Exception:
    return subject.broken("check", what, f"check, which has to give {due}", y=y)
