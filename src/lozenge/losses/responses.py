"""What a response must be, checked: each refusal names the value and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lozenge.losses.base import Target

MOST_CLASSES = 1_000
LARGEST = 1e150  # whose square is a number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lozenge.losses.base import Floats


def column(y: NDArray[Any], loss: str) -> NDArray[Any]:
    """(n,), or a refusal of several columns."""
    if y.ndim != 1:
        raise ValueError(
            f"y must be one-dimensional for loss={loss!r}; got shape {y.shape}. Fit its columns one at a time, or "
            "together with loss='multitask'"
        )
    return y


def numbers(y: NDArray[Any], loss: str) -> Floats:
    """(n,) float64, or a refusal of what is no number."""
    if column(y, loss).dtype.kind not in "biuf":
        example = y.flat[0]
        raise ValueError(
            f"y must be numbers for loss={loss!r}; got {type(example).__name__} values such as {str(example)[:40]!r}. "
            "Use loss='logistic' if there are two classes, 'multinomial' if there are more"
        )
    return y.astype(np.float64)


def squarable(y: NDArray[Any], loss: str) -> Floats:
    """(n,) numbers whose squares are numbers."""
    values = numbers(y, loss)
    far = np.flatnonzero(np.abs(values) > LARGEST)
    if len(far):
        raise ValueError(
            f"y must be at most {LARGEST:g} in size for loss={loss!r}, or its square is no number; got "
            f"{values[far[0]]:g} in row {far[0]}: mend that value, or measure y in a larger unit"
        )
    return values


def at_least(y: NDArray[Any], loss: str, *, positive: bool = False) -> Floats:
    """(n,) numbers that are not negative, or all positive."""
    values = numbers(y, loss)
    bad = np.flatnonzero(values <= 0.0 if positive else values < 0.0)
    if len(bad):
        wanted = "positive" if positive else "zero or positive"
        remedy = "drop the row, or use loss='tweedie', which takes zeros" if positive and values[bad[0]] == 0.0 else ""
        remedy = remedy or "use loss='squared' or 'huber' for amounts that may be negative"
        more = f" (and {len(bad) - 1:,} more)" if len(bad) > 1 else ""
        raise ValueError(
            f"y must be {wanted} for loss={loss!r}; got {values[bad[0]]:g} in row {bad[0]}{more}: {remedy}"
        )
    return values


def two_classes(y: NDArray[Any], loss: str) -> Target:
    """The smaller of two labels coded 0 and the larger 1."""
    classes = np.unique(column(y, loss))
    if len(classes) != 2:
        shown = ", ".join(label(c)[:20] for c in classes[:4]) + (", …" if len(classes) > 4 else "")
        remedy = "for more classes use loss='multinomial', for a number loss='squared'"
        remedy = "one class cannot be told from another" if len(classes) < 2 else remedy
        raise ValueError(f"y must hold two classes for the {loss} loss; got {len(classes)} ({shown}): {remedy}")
    second = y == classes[1]
    return Target(second.astype(np.float64), tuple(classes.tolist()), kinds=second.astype(np.intp))


def some_classes(y: NDArray[Any], loss: str) -> NDArray[Any]:
    """The distinct labels in sorted order; two or more, and far fewer than rows."""
    classes = np.unique(column(y, loss))
    if len(classes) < 2:
        alone = f"{label(classes[0])!r} alone" if len(classes) else "none"
        raise ValueError(f"y must hold two classes or more for the {loss} loss; got {alone}")
    if len(classes) > MOST_CLASSES or (classes.dtype.kind == "f" and (classes % 1.0 != 0.0).any()):
        shown = ", ".join(str(each)[:20] for each in classes[:4])
        raise ValueError(
            f"y has {len(classes):,} different values ({shown}, …), too many or too fine for classes of the {loss} "
            "loss; for a number use loss='squared'"
        )
    return classes


def label(value: Any) -> str:
    """What to call a class."""
    return f"{value:g}" if isinstance(value, float) else str(value)
