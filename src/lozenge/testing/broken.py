"""A broken law told in words, and what is asked for it to be found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

ROUNDING = 1e-10  # relative, of a value
SHOWN = 8  # entries of a vector in a message


class BrokenLaw(AssertionError):  # noqa: N818 - what is broken is the law
    """A penalty or a loss breaks a law: ``law`` is its name."""

    def __init__(self, law: str, text: str) -> None:
        super().__init__(text)
        self.law = law


BrokenLaw.__module__ = "lozenge.testing"  # where it is imported from


@dataclass(frozen=True)
class Asked:
    """What is looked at: an object with methods, and what it is called."""

    given: Any
    name: str

    def has(self, method: str) -> bool:
        """Whether there is such a method."""
        return callable(getattr(self.given, method, None))

    def broken(self, law: str, what: str, look: str, **where: Any) -> BrokenLaw:
        """What is raised."""
        at = ", ".join(f"{name} = {shown(value)}" for name, value in where.items())
        return BrokenLaw(law, f"{self.name} breaks the law of {law}: {what}.\n  At {at}.\n  Look at: {look}.")

    def ask(self, law: str, method: str, *arguments: Any, due: str, names: tuple[str, ...] = ("input",)) -> Any:
        """Call a method on copies, which it must leave as they are; ``due`` says what it must work for."""
        given = [np.array(each) if isinstance(each, np.ndarray) else each for each in arguments]
        try:
            found = getattr(self.given, method)(*given)
        except Exception as error:
            raise self.broken(
                law,
                f"{method} raises {type(error).__name__}: {error}",
                f"{method}, which must work for {due}",
                **dict(zip(names, arguments, strict=False)),
            ) from error
        for before, after in zip(arguments, given, strict=True):
            if isinstance(before, np.ndarray) and before.tobytes() != after.tobytes():
                raise self.broken(
                    "inputs",
                    f"{method} changes its input",
                    f"{method}: work on a copy, such as Z = Z.copy()",
                    before=before,
                    after=after,
                )
        return found


def shown(value: Any) -> str:
    """A few figures of it."""
    if isinstance(value, np.ndarray):
        text = ", ".join(_figure(each) for each in np.ravel(value)[:SHOWN].tolist())
        return f"[{text}{', …' if value.size > SHOWN else ''}]"
    return f"{value:g}" if isinstance(value, (int, float)) else repr(value)[:60]


def _figure(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, (int, float)) else repr(value)[:20]
