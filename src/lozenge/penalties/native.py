"""A penalty from compiled functions: addresses, called without the interpreter's lock."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from lozenge.penalties.base import Floats

_FUNCTION: Any = ctypes.CFUNCTYPE(None).__mro__[1]  # the base of every ctypes function, which has no public name
_VECTOR, _NUMBER, _COUNT = ctypes.c_void_p, ctypes.c_double, ctypes.c_size_t
SIGNATURES = {
    "value": ctypes.CFUNCTYPE(_NUMBER, _VECTOR, _NUMBER, _COUNT),
    "conjugate": ctypes.CFUNCTYPE(_NUMBER, _VECTOR, _NUMBER, _COUNT),
    "prox": ctypes.CFUNCTYPE(None, _VECTOR, _NUMBER, _NUMBER, _VECTOR, _COUNT),
    "slope": ctypes.CFUNCTYPE(None, _VECTOR, _NUMBER, _VECTOR, _COUNT),
}


class Compiled:
    """What `compiled` gives: the methods that were handed over, under the names that a penalty's have."""

    value: Callable[[Floats, float], float]
    prox: Callable[[Floats, float, float], Floats]

    def __init__(self, name: str, *, convex: bool, separable: bool) -> None:
        self.name, self.convex, self.separable = name, convex, separable


def compiled(
    *,
    value: Any,
    prox: Any,
    slope: Any = None,
    conjugate: Any = None,
    name: str = "compiled",
    convex: bool = False,
    separable: bool = False,
    **more: Any,
) -> Compiled:
    """αΩ(b) from compiled code: an object for `lozenge.path(..., penalty=...)`.

    Parameters
    ----------
    value, conjugate : ``double f(const double *b, double alpha, size_t k)``
    prox : ``void f(const double *z, double step, double alpha, double *out, size_t k)``
    slope : ``void f(const double *b, double alpha, double *out, size_t k)``
        Each a ctypes function, a number that is its address, an object with an ``address`` (what ``numba.cfunc`` makes)
        or a ``scipy.LowLevelCallable`` of a ctypes function; or a Python callable with the arguments of the method of
        that name. Vectors are contiguous; ``out`` is written whole, and is none of the inputs.
    name, convex, separable : as an object of your own says them
    more : Python callables or values for other methods and attributes, such as ``alpha_max``

    Raises
    ------
    TypeError, ValueError
        For what is no function, or an address of 0.

    Notes
    -----
    Nothing tells a wrong signature from a right one: a function that writes outside of ``out`` takes the process down.
    `lozenge.testing.check_penalty` calls it as a fit does. ctypes lets go of the interpreter's lock during the call.

    Examples
    --------
    A library that was compiled from C is handed over as ``compiled(value=lib.value, prox=lib.prox)``, with
    ``lib = ctypes.CDLL("./mine.so")``. Here the compiled function is a callback, to have an address:

    >>> import ctypes
    >>> import numpy as np
    >>> import lozenge as lz
    >>> from lozenge.penalties import native
    >>> @native.SIGNATURES["prox"]
    ... def halve(z, step, alpha, out, k):
    ...     z, out = (np.ctypeslib.as_array(ctypes.cast(at, ctypes.POINTER(ctypes.c_double)), (k,)) for at in (z, out))
    ...     out[:] = z / (1 + step * alpha)
    >>> ridge = lz.penalties.compiled(value=lambda B, alpha: 0.5 * alpha * B @ B, prox=halve, convex=True)
    >>> ridge.prox(np.array([3.0, -1.0]), 1.0, 0.5)
    array([ 2.        , -0.66666667])
    """
    made = Compiled(name, convex=convex, separable=separable)
    given = {"value": value, "prox": prox, "slope": slope, "conjugate": conjugate}
    for method, function in given.items():
        if function is not None:
            setattr(made, method, _method(method, function))
    for attribute, what in more.items():
        setattr(made, attribute, what)
    return made


def _method(method: str, function: Any) -> Callable[..., Any]:
    address = _address(function)
    if address is None:
        if not callable(function):
            raise TypeError(f"{method} must be a compiled function, its address, or a callable; got {function!r}")
        python: Callable[..., Any] = function
        return python
    if not address:
        raise ValueError(f"{method} has the address 0; is the library loaded?")
    call = SIGNATURES[method](address)
    call.keep = function  # type: ignore[attr-defined] # a library or callback lives as long as what points into it

    if method in {"value", "conjugate"}:

        def number(vector: Floats, alpha: float) -> float:
            given = np.ascontiguousarray(vector, dtype=np.float64)
            return float(call(given.ctypes.data, alpha, len(given)))

        return number

    def filled(vector: Floats, *numbers: float) -> Floats:
        given = np.ascontiguousarray(vector, dtype=np.float64)
        out = np.empty(len(given))
        call(given.ctypes.data, *numbers, out.ctypes.data, len(given))
        return out

    return filled


def _address(function: Any) -> int | None:
    """Where a compiled function lies; None for what is not compiled."""
    if isinstance(function, int) and not isinstance(function, bool):
        return function
    inner = getattr(function, "function", function)  # of a scipy.LowLevelCallable
    if isinstance(inner, _FUNCTION):
        return ctypes.cast(inner, ctypes.c_void_p).value or 0
    address = getattr(function, "address", None)
    return address if isinstance(address, int) else None
