"""Models on disk: JSON with a schema and a version, written whole or not at all, read without running code.

`PATH` is the schema; saving and loading both walk it.  JSON has no infinity: null stands for the one value
that is no finite number and that the schema allows there, inf for a gap, a price or a penalty weight, nan for
an α at which nothing happens, for the α of a path by size and for a score.
"""

from __future__ import annotations

import errno
import json
import math
import os
import re
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from lozenge.results import (
    Certificate,
    Cluster,
    CrossValidation,
    Forces,
    History,
    Hold,
    Likelihood,
    Model,
    Path,
    Stability,
    Status,
    Swaps,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lozenge.losses import Loss

__all__ = ["ModelFileError", "load", "save", "write"]

KINDS = ("price", "bound", "group", "excess", "rank", "neighbours")  # of what holds a weight
FORMAT, VERSION = "lozenge-model", 1
LARGEST = 512 * 2**20  # bytes of a model file
DEEPEST = 32  # brackets within brackets; a model needs 6, an encoding 5
TEMPORARY = ".lozenge-tmp"  # the end of the name of a file that is not whole yet
STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[][{}]', re.DOTALL)
FOREIGN = {
    b"\x80": "a Python pickle, which can run code and is never read",
    b"\x93NUMPY": "a NumPy array",
    b"PK": "a zip archive (npz, joblib or PyTorch)",
    b"\x1f\x8b": "compressed",
    b"x\x9c": "compressed",
    b"\x89HDF": "an HDF5 file",
    b"PAR1": "a Parquet table",
}
LABELS: dict[str, type[Any]] = {
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
    **{
        f"numpy.{kind.__name__}": kind
        for kind in (
            *(np.bool, np.str_, np.float16, np.float32, np.float64),
            *(np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64),
        )
    },
}


class ModelFileError(ValueError):
    """A file that is no model, or not a whole one; the text says where in it and what to do."""


# ------------------------------------------------------------------------------------ models
def save(path: Path, file: str | os.PathLike[str], *, force: bool = False) -> None:
    """Write a path as JSON, without its data; after a crash at any instant the file is the old or the new.

    Parameters
    ----------
    path : Path
    file : str or path-like
    force : bool
        Replace an existing file.

    Raises
    ------
    OSError
        If the file exists and ``force`` is not given, or the folder is absent or cannot be written.
    ModelFileError
        If the path holds what a model file cannot, such as a loss or a penalty that is in no registry.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import lozenge as lz
    >>> fit = lz.path(np.array([[0.0], [1.0], [2.0]]), [1.0, 3.0, 5.0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fit.save(folder + "/model.json")
    ...     again = lz.load(folder + "/model.json")
    >>> bool((again.coefs.toarray() == fit.coefs.toarray()).all())
    True
    """
    from lozenge import __version__

    for what, name, known in (("loss", path.model.loss, _losses()), ("penalty", path.model.penalty, _penalties())):
        if name not in known:
            raise ModelFileError(
                f"this path cannot be saved as a model: its {what} {name!r} is an object of your own, and a model file "
                "holds names and numbers, never code. Keep path.coefs, path.intercepts and path.alphas, for instance "
                "with numpy.savez: they are all that a prediction needs"
            )
    try:
        tree = PATH.pack(path)
        PATH.unpack(tree, "", {})  # what is written can be read
        head = {"format": FORMAT, "version": VERSION, "lozenge": __version__}
        lines = [f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in (head | tree).items()]
    except (ValueError, TypeError, OverflowError) as error:
        raise ModelFileError(f"this path cannot be saved as a model: {error}") from None
    write("{\n" + ",\n".join(lines) + "\n}\n", file, force=force)


def load(file: str | os.PathLike[str]) -> Path:
    """Read what `save` wrote: every solution on the grid and the reasons at the chosen α, but not the data.

    Parameters
    ----------
    file : str or path-like

    Returns
    -------
    Path
        With ``source`` None.

    Raises
    ------
    ModelFileError
        For anything but a whole model that this version can read.
    OSError
        If there is no such file, or it cannot be read.
    """
    name = str(FilePath(file))
    try:
        return _read(FilePath(file))
    except ModelFileError as error:
        raise ModelFileError(f"{name!r}: {error}") from None


def _read(file: FilePath) -> Path:
    with file.open("rb") as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ModelFileError(f"larger than {LARGEST // 2**20} MiB, the most that a model file may have")
    for magic, kind in FOREIGN.items():
        if data.startswith(magic):
            raise ModelFileError(f"this is {kind}; a model file is JSON, written by path.save('model.json')")
    if not data.lstrip(b" \t\r\n").startswith(b"{"):
        raise ModelFileError("no JSON object; a model file is JSON, written by path.save('model.json')")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ModelFileError(f"byte {error.start:,} is not UTF-8; the file is damaged, save it again") from None
    _check_depth(text)  # before the parser, which would follow any depth
    try:
        tree = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse)
    except ModelFileError:
        raise
    except ValueError as error:
        raise ModelFileError(f"not whole JSON ({error}); the file is damaged or cut short, save it again") from None
    if tree.get("format") != FORMAT:
        raise ModelFileError(f'no Lozenge model: it does not say "format": "{FORMAT}"')
    version = tree.get("version")
    if type(version) is int and version > VERSION:
        writer = f", {_show(tree['lozenge'])} or newer" if isinstance(tree.get("lozenge"), str) else ""
        raise ModelFileError(
            f"version {version} of the format; this Lozenge reads up to {VERSION}. "
            f"Install the version that wrote it{writer}"
        )
    if type(version) is not int or version != VERSION:
        raise ModelFileError(f"version: expected {VERSION}, got {_show(version)}")
    _expect(
        isinstance(tree.get("lozenge"), str),
        "lozenge",
        "the version that wrote the file",
        tree.get("lozenge"),
    )
    found: Path = PATH.unpack({k: v for k, v in tree.items() if k not in {"format", "version", "lozenge"}}, "", {})
    return found


def _check_depth(text: str) -> None:
    depth = 0
    for token in STRING_OR_BRACKET.finditer(text):
        bracket = text[token.start()]
        if bracket in "[{":
            depth += 1
            if depth > DEEPEST:
                raise ModelFileError(
                    f"brackets nest deeper than {DEEPEST} at character {token.start():,}; this is no model"
                )
        elif bracket != '"':
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ModelFileError(f"the key {_show(key)} comes twice in one object; Lozenge did not write that")
        found[key] = value
    return found


def _refuse(constant: str) -> Any:
    raise ModelFileError(f"{constant} is not JSON; a model file has only finite numbers and null")


# ------------------------------------------------------------------------------------ the parts of a schema
class _Form(Protocol):
    """One kind of value: how it becomes JSON, and how JSON becomes it or a ModelFileError.

    ``sizes`` holds the lengths met so far, by name; the first list over a name sets it, others must agree.
    """

    def pack(self, value: Any) -> Any: ...

    def unpack(self, tree: Any, where: str, sizes: dict[str, int]) -> Any: ...


def _show(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 40 else text[:39] + "…"


def _expect(fine: bool, where: str, wanted: str, got: Any) -> None:
    if not fine:
        raise ModelFileError(f"{where or 'the model'}: expected {wanted}, got {_show(got)}")


def _size(where: str, name: str, length: int, sizes: dict[str, int]) -> None:
    if sizes.setdefault(name, length) != length:
        raise ModelFileError(f"{where}: {length:,} entries where there are {sizes[name]:,} {name}")


def _within(value: float, low: float, high: float | str, sizes: dict[str, int]) -> bool:
    return bool(low <= value < sizes[high] if isinstance(high, str) else low <= value <= high)


@dataclass(frozen=True)
class _Number:
    kind: type[int | float] = float
    low: float = -math.inf
    high: float | str = math.inf  # a name of a size is an exclusive bound
    null: float | None = None

    def pack(self, value: Any) -> Any:
        return None if self._gap(value) else self.kind(value)

    def _gap(self, value: Any) -> bool:
        if self.null is None:
            return False
        return math.isnan(value) if math.isnan(self.null) else bool(value == self.null)

    def unpack(self, tree: Any, where: str, sizes: dict[str, int]) -> Any:
        if tree is None and self.null is not None:
            return self.null
        whole = type(tree) is int and abs(tree) < 2**63
        _expect(whole or (self.kind is float and type(tree) is float), where, self._words(), tree)
        _expect(math.isfinite(tree) and _within(tree, self.low, self.high, sizes), where, self._words(), tree)
        return self.kind(tree)

    def _words(self) -> str:
        words = "a whole number" if self.kind is int else "a finite number"
        if isinstance(self.high, str):
            return f"{words} from {self.low} to below the number of {self.high}"
        return words + (f" not below {self.low}" if self.low > -math.inf else "")


@dataclass(frozen=True)
class _Flag:
    def pack(self, value: Any) -> Any:
        return bool(value)

    def unpack(self, tree: Any, where: str, sizes: dict[str, int]) -> Any:  # noqa: ARG002
        _expect(type(tree) is bool, where, "true or false", tree)
        return tree


@dataclass(frozen=True)
class _Text:
    """Text; or one of some names, and the values they stand for."""

    choices: Callable[[], dict[str, Any]] | None = None

    def pack(self, value: Any) -> Any:
        if self.choices is None:
            return str(value)
        return next((name for name, choice in self.choices().items() if choice == value), value)

    def unpack(self, tree: Any, where: str, sizes: dict[str, int]) -> Any:  # noqa: ARG002
        _expect(type(tree) is str, where, "text", tree)
        if self.choices is None:
            return tree
        _expect(tree in self.choices(), where, "one of " + ", ".join(self.choices()), tree)
        return self.choices()[tree]


@dataclass(frozen=True)
class _Label:
    """A class as the user wrote it, beside the name of its type: JSON knows no numpy.int64."""

    def pack(self, value: Any) -> Any:
        kind = next((name for name, kind in LABELS.items() if type(value) is kind), None)
        if kind is None:
            raise ValueError(f"a class is a {type(value).__name__}; give y as text, numbers or true and false")
        return [kind, value.item() if isinstance(value, np.generic) else value]

    def unpack(self, tree: Any, where: str, sizes: dict[str, int]) -> Any:
        _expect(type(tree) is list and len(tree) == 2 and type(tree[0]) is str, where, "[type, class]", tree)
        kind, plain = LABELS.get(tree[0]), tree[1]
        if kind is None:
            raise ModelFileError(f"{where}: expected one of {', '.join(LABELS)}, got {_show(tree[0])}")
        form: _Form = _Text()
        if issubclass(kind, bool | np.bool):
            form = _Flag()
        elif issubclass(kind, float | np.floating):
            limit = math.inf if kind is float else float(np.finfo(kind).max)
            form = _Number(float, -limit, limit)
        elif issubclass(kind, np.integer):
            form = _Number(int, int(np.iinfo(kind).min), int(np.iinfo(kind).max))
        elif kind is int:
            _expect(type(plain) is int, where, "a whole number", plain)
            return plain
        return kind(form.unpack(plain, where, sizes))


@dataclass(frozen=True)
class _Array:
    """A NumPy array, one name of a length per axis."""

    sizes: tuple[str, ...]
    kind: type[bool | int | float] = float
    low: float = -math.inf
    high: float | str = math.inf
    null: float | None = None

    def pack(self, value: Any) -> Any:
        array = np.asarray(value)
        if array.ndim > 1:
            return [self.pack(row) for row in array]
        values = array.tolist()
        if self.null is None:
            return values
        gap = np.isnan(array) if math.isnan(self.null) else array == self.null
        return [None if missing else number for number, missing in zip(values, gap.tolist(), strict=True)]

    def unpack(self, tree: Any, where: str, sizes: dict[str, int]) -> Any:
        if len(self.sizes) > 1:
            _expect(type(tree) is list, where, "a list of lists", tree)
            _size(where, self.sizes[0], len(tree), sizes)
            row = _Array(self.sizes[1:], self.kind, self.low, self.high, self.null)
            rows = [row.unpack(part, f"{where}[{k}]", sizes) for k, part in enumerate(tree)]
            return np.array(rows).reshape(len(tree), sizes[self.sizes[1]])
        _expect(type(tree) is list, where, "a list", tree)
        _size(where, self.sizes[0], len(tree), sizes)
        one = _Flag() if self.kind is bool else _Number(self.kind, self.low, self.high, self.null)
        dtype = {bool: np.bool, int: np.intp, float: np.float64}[self.kind]
        if set(map(type, tree)) <= {self.kind}:  # the checks of `one`, at NumPy's speed
            with suppress(OverflowError):
                array: Any = np.array(tree, dtype=dtype)
                ends = (array.min(), array.max()) if array.size and self.kind is not bool else ()
                if all(math.isfinite(end) and _within(end, self.low, self.high, sizes) for end in ends):
                    return array
        return np.array([one.unpack(v, f"{where}[{k}]", sizes) for k, v in enumerate(tree)], dtype=dtype)


@dataclass(frozen=True)
class _Tuple:
    """A tuple of one form, over a named length or of any length."""

    item: _Form
    size: str | None = None

    def pack(self, value: Any) -> Any:
        return [self.item.pack(part) for part in value]

    def unpack(self, tree: Any, where: str, sizes: dict[str, int]) -> Any:
        _expect(type(tree) is list, where, "a list", tree)
        if self.size is not None:
            _size(where, self.size, len(tree), sizes)
        return tuple(self.item.unpack(part, f"{where}[{k}]", sizes) for k, part in enumerate(tree))


@dataclass(frozen=True)
class _Pair:
    first: _Form
    second: _Form

    def pack(self, value: Any) -> Any:
        return [self.first.pack(value[0]), self.second.pack(value[1])]

    def unpack(self, tree: Any, where: str, sizes: dict[str, int]) -> Any:
        _expect(type(tree) is list and len(tree) == 2, where, "a list of two", tree)
        return (
            self.first.unpack(tree[0], f"{where}[0]", sizes),
            self.second.unpack(tree[1], f"{where}[1]", sizes),
        )


@dataclass(frozen=True)
class _Optional:
    form: _Form

    def pack(self, value: Any) -> Any:
        return None if value is None else self.form.pack(value)

    def unpack(self, tree: Any, where: str, sizes: dict[str, int]) -> Any:
        return None if tree is None else self.form.unpack(tree, where, sizes)


@dataclass(frozen=True)
class _Absent(_Optional):
    """A usual value, None if nothing else, is no key at all: files from before there was one are read as before."""

    usual: Any = None

    def pack(self, value: Any) -> Any:
        usual = value is None or (self.usual is not None and type(value) is type(self.usual) and value == self.usual)
        return None if usual else self.form.pack(value)


@dataclass(frozen=True)
class _Levels:
    """One number, or a list of one per output."""

    low: float = -math.inf

    def pack(self, value: Any) -> Any:
        return np.asarray(value, dtype=np.float64).tolist()

    def unpack(self, tree: Any, where: str, sizes: dict[str, int]) -> Any:
        form: _Form = _Array(("outputs",), low=self.low) if type(tree) is list else _Number(low=self.low)
        return form.unpack(tree, where, sizes)


@dataclass(frozen=True)
class _Intercepts:
    """One number per α, or one list per α of one per output."""

    over: str = "alphas"

    def pack(self, value: Any) -> Any:
        return np.asarray(value, dtype=np.float64).tolist()

    def unpack(self, tree: Any, where: str, sizes: dict[str, int]) -> Any:
        several = type(tree) is list and len(tree) > 0 and type(tree[0]) is list
        form = _Array((self.over, "outputs") if several else (self.over,))
        return form.unpack(tree, where, sizes)


@dataclass(frozen=True)
class _Stack:
    """An array of one form, one part after the other, over a named length."""

    item: _Form
    size: str

    def pack(self, value: Any) -> Any:
        return [self.item.pack(part) for part in value]

    def unpack(self, tree: Any, where: str, sizes: dict[str, int]) -> Any:
        parts = _Tuple(self.item, self.size).unpack(tree, where, sizes)
        if len({part.shape for part in parts}) > 1:
            raise ModelFileError(f"{where}: expected parts of one shape; the file is damaged")
        return np.array(parts)


@dataclass(frozen=True)
class _Parts:
    """The parts of rows in folds: of each fold a text of one digit per row, 0 neither, 1 train, 2 test."""

    def pack(self, value: Any) -> Any:
        return [(column + ord("0")).tobytes().decode("ascii") for column in np.asarray(value, dtype=np.uint8).T]

    def unpack(self, tree: Any, where: str, sizes: dict[str, int]) -> Any:
        texts = _Tuple(_Text(), "folds").unpack(tree, where, sizes)
        for k, text in enumerate(texts):
            at = f"{where}[{k}]"
            _expect(not set(text) - set("012"), at, "digits 0, 1 and 2", text)
            _size(at, "rows", len(text), sizes)
        columns = [np.frombuffer(text.encode("ascii"), dtype=np.uint8) - ord("0") for text in texts]
        return np.column_stack(columns) if columns else None


@dataclass(frozen=True)
class _Columns:
    """A scipy.sparse CSC matrix, features by alphas: pointers, row indices, values."""

    over: str = "alphas"

    def pack(self, value: Any) -> Any:
        from scipy.sparse import csc_array

        matrix = csc_array(value)
        if not matrix.has_canonical_format:
            matrix = matrix.copy()
            matrix.sum_duplicates()
        return {part: getattr(matrix, part).tolist() for part in ("indptr", "indices", "data")}

    def unpack(self, tree: Any, where: str, sizes: dict[str, int]) -> Any:
        from scipy.sparse import csc_array

        sizes = sizes | {"pointers": sizes[self.over] + 1}
        sizes.pop("non-zeros", None)  # each matrix has its own
        indptr, indices, data = _closed(
            {
                "indptr": _Array(("pointers",), int, 0),
                "indices": _Array(("non-zeros",), int, 0, "features"),
                "data": _Array(("non-zeros",)),
            },
            tree,
            where,
            sizes,
        ).values()
        last = len(indices)
        if indptr[0] != 0 or indptr[-1] != last or (np.diff(indptr) < 0).any():
            raise ModelFileError(f"{where}.indptr: expected pointers that rise from 0 to {last:,}; the file is damaged")
        rising = np.diff(indices) > 0
        starts = indptr[1:-1]
        rising[starts[(starts > 0) & (starts < last)] - 1] = True  # where the next column begins
        if not rising.all():
            raise ModelFileError(f"{where}.indices: expected rows that rise within each column; the file is damaged")
        kind = np.int32 if max(last, sizes["features"]) < 2**31 else np.int64  # as SciPy itself chooses
        places = indices.astype(kind), indptr.astype(kind)
        return csc_array((data, *places), shape=(sizes["features"], sizes[self.over]))


@dataclass(frozen=True)
class _Plain:
    """Any JSON value, as it is: its owner reads it with a gate of its own."""

    def pack(self, value: Any) -> Any:
        return value

    def unpack(self, tree: Any, where: str, sizes: dict[str, int]) -> Any:
        if isinstance(tree, dict):
            _expect(all(type(key) is str for key in tree), where, "keys that are text", list(tree))
            return {key: self.unpack(part, f"{where}.{_show(key)}", sizes) for key, part in tree.items()}
        if isinstance(tree, list | tuple):
            return [self.unpack(part, f"{where}[{k}]", sizes) for k, part in enumerate(tree)]
        fine = tree is None or type(tree) in {bool, int, str} or (type(tree) is float and math.isfinite(tree))
        _expect(fine, where, "text, a finite number, true, false or null", tree)
        return tree


@dataclass(frozen=True)
class _Parameters:
    """Arguments by name, each true, false, a number, or a list or an object of numbers, texts, null or lists of texts.

    What they may be to a penalty or a loss is asked of its class.
    """

    def pack(self, value: Any) -> Any:
        return dict(value)

    def unpack(self, tree: Any, where: str, sizes: dict[str, int]) -> Any:
        _expect(type(tree) is dict, where, "an object", tree)
        return {key: self._part(part, f"{where}.{_show(key)}", sizes) for key, part in tree.items()}

    def _part(self, tree: Any, where: str, sizes: dict[str, int]) -> Any:
        if type(tree) is dict:
            return {key: self._entry(part, f"{where}.{_show(key)}", sizes) for key, part in tree.items()}
        if type(tree) is list:
            return [self._entry(part, f"{where}[{k}]", sizes) for k, part in enumerate(tree)]
        return tree if type(tree) is bool else self._entry(tree, where, sizes)

    def _entry(self, tree: Any, where: str, sizes: dict[str, int]) -> Any:
        if type(tree) is list:
            return list(_Tuple(_Text()).unpack(tree, where, sizes))
        if tree is None or type(tree) is str:
            return tree
        _Number().unpack(tree, where, sizes)
        return tree


@dataclass(frozen=True)
class _Record:
    """A record of `lozenge.results`: its keys are closed, and read in this order."""

    of: type[Any]
    parts: dict[str, _Form]
    check: Callable[[Any], str | None] = lambda _: None

    def pack(self, value: Any) -> Any:
        packed = {key: form.pack(getattr(value, key)) for key, form in self.parts.items()}
        return {
            key: part for key, part in packed.items() if part is not None or not isinstance(self.parts[key], _Absent)
        }

    def unpack(self, tree: Any, where: str, sizes: dict[str, int]) -> Any:
        found = self.of(**_closed(self.parts, tree, where, sizes))
        complaint = self.check(found)
        if complaint is not None:
            raise ModelFileError(f"{where + ': ' if where else ''}{complaint}; the file is damaged")
        return found


def _closed(parts: dict[str, _Form], tree: Any, where: str, sizes: dict[str, int]) -> dict[str, Any]:
    _expect(type(tree) is dict, where, "an object", tree)
    for wrong, keys in (
        ("an unknown key", tree.keys() - parts.keys()),
        ("no key", {key for key, form in parts.items() if not isinstance(form, _Absent)} - tree.keys()),
    ):
        if keys:
            raise ModelFileError(
                f"{where or 'the model'} has {wrong} {_show(min(keys))}; the file was changed, save it again"
            )
    found = {}
    for key, form in parts.items():
        if key in tree:
            found[key] = form.unpack(tree[key], f"{where}.{key}" if where else key, sizes)
        else:
            found[key] = form.usual if isinstance(form, _Absent) else None
    return found


# ------------------------------------------------------------------------------------ the schema
def _losses() -> dict[str, Any]:
    from lozenge.losses import LOSSES

    return {name: name for name in LOSSES}


def _penalties() -> dict[str, Any]:
    from lozenge.penalties import PENALTIES

    return {name: name for name in PENALTIES}


def _model_fault(model: Model) -> str | None:
    from lozenge.losses import LOSSES
    from lozenge.penalties import PENALTIES

    asked: list[tuple[str, Any, dict[str, Any]]] = [
        (model.loss, LOSSES[model.loss], model.loss_parameters),
        (model.penalty, PENALTIES[model.penalty], model.penalty_parameters),
    ]
    for what, kind, given in asked:
        if not _takes(kind, given):
            return f"{what} does not take the parameters {_show(given)}"
        try:
            kind(**given)
        except (ValueError, TypeError) as error:
            return f"{what}: {error}"
    return _response_fault(model, cast("Loss", asked[0][1](**model.loss_parameters)))


def _response_fault(model: Model, loss: Loss) -> str | None:
    """What is amiss with classes and outputs: those that the loss would find in a response that has them."""
    from lozenge.losses import Target

    classes, outputs = model.classes, model.outputs
    if loss.words.effect in {"odds", "score"}:
        try:
            found = loss.check(np.array(classes))
        except (ValueError, TypeError) as error:
            return f"classes: {_show(classes)} are none that {model.loss} could have: {_show(str(error))}"
    else:
        found = Target(np.zeros((1, max(len(outputs), 1))), (), outputs)
    if found.classes != classes:
        return f"classes: expected {_show(list(found.classes)) if found.classes else 'none'}, got {_show(classes)}"
    if found.outputs != outputs or (len(outputs) > 0) != (loss.on(found).width > 1 and not loss.shared):
        return f"outputs: {_show(outputs)} are not those of {model.loss} with {len(classes)} classes"
    if loss.on(found).parameters() != model.loss_parameters:
        return f"loss_parameters: {_show(model.loss_parameters)} do not go with the classes and outputs"
    if np.size(model.null_intercept) != loss.width:
        return f"null_intercept: expected {loss.width}, got {np.size(model.null_intercept)}"
    return None


def _takes(kind: Any, given: dict[str, Any]) -> bool:
    """Whether a class has arguments of these names and types: of the type of the default, or any where that is None."""
    usual = {field.name: field.default for field in fields(kind) if field.init}
    return not given.keys() - usual.keys() and all(
        usual[name] is None or _alike(usual[name], value) for name, value in given.items()
    )


def _alike(usual: Any, value: Any) -> bool:
    if type(usual) is bool or type(value) is bool:
        return type(usual) is type(value)
    if type(usual) is str:
        return type(value) is str
    return type(value) is int if type(usual) is int else type(usual) is float and type(value) in {int, float}


def _penalty_fault(path: Path) -> str | None:
    """What the penalty says of the columns: groups that overlap, bounds of columns that are not there."""
    from lozenge import fit
    from lozenge.penalties.words import made

    columns = fit.columns(path)
    copies = max(len(path.model.outputs), 1)
    try:
        penalty = made(path.model.penalty, path.model.penalty_parameters)
        laid_out = penalty.named(columns)
        laid_out.usual_weights(len(columns))
        if copies > 1:
            laid_out.copied(copies)
        penalty.aliases(columns)
        if (written := penalty.parameters()) != path.model.penalty_parameters:
            return (
                f"model.penalty_parameters: {_show(path.model.penalty_parameters)} is not how {_show(written)} is kept"
            )
    except (ValueError, TypeError, KeyError) as error:
        return f"model.penalty_parameters: {_show(str(error)) if isinstance(error, KeyError) else error}"
    return None


def _weights_fault(path: Path) -> str | None:
    """What is amiss with the names of the weights, or the number of intercepts."""
    from lozenge import fit

    if len(set(path.feature_names)) < len(path.feature_names):
        return "feature_names: a name comes twice"
    outputs, names = path.model.outputs, path.feature_names
    if outputs and (len(names) % len(outputs) or fit.weight_names(fit.columns(path), outputs) != names):
        return "feature_names: expected those of the columns for each of the outputs in turn"
    wanted = np.shape(path.model.null_intercept)
    if path.intercepts.shape[1:] != wanted:
        return f"intercepts: expected {math.prod(wanted)} at each alpha, got {math.prod(path.intercepts.shape[1:])}"
    return None


def _rule_fault(path: Path) -> str | None:
    """What is amiss with the rule, and the rows of the folds."""
    from lozenge.explain.rules import told

    try:
        told(path.rule or "last")
    except ValueError:
        return f"rule: {_show(path.rule)} is none that there is"
    if path.halves is not None and path.halves.feature_names != path.feature_names:
        return "halves.feature_names: expected those of the weights"
    if path.cv is not None and path.cv.parts is not None and len(path.cv.parts) != path.model.n:
        return f"cv.parts: expected one digit for each of {path.model.n:,} rows"
    return None


def _path_fault(path: Path) -> str | None:
    for fault in (_weights_fault, _penalty_fault, _rule_fault):
        if (found := fault(path)) is not None:
            return found
    if np.isnan(path.alphas).any():
        return _size_fault(path)
    if np.isnan(path.model.alpha_max) or (path.cv is not None and np.isnan(path.cv.alphas).any()):
        return "alphas: expected numbers, in model.alpha_max and cv.alphas too"
    if (np.diff(path.alphas) > 0).any():
        return "alphas: expected from large to small"
    if path.forces is not None and path.forces.alpha != path.alphas[path.chosen]:
        return "forces.alpha is not the chosen alpha"
    if path.forces is not None and path.forces.swaps is not None:
        return "forces.swaps: expected none on a path by alpha"
    return None


def _scores_fault(cv: CrossValidation) -> str | None:
    if cv.rounds is not None and (not len(cv.rounds) or len(cv.folds) % len(cv.rounds)):
        return f"rounds: {len(cv.rounds)} of them do not go with {len(cv.folds)} folds"
    return None


def _stability_fault(found: Stability) -> str | None:
    if found.cutoff > 1.0 or (found.kept > found.halves).any() or not len(found.alphas):
        return "counts and shares do not go with the number of halves"
    if found.alphas[-1] != found.alpha:
        return "alphas: expected the last to be alpha"
    return None


def _size_fault(path: Path) -> str | None:
    """What is amiss with a path by size."""
    if path.radii is None or not np.isnan(path.alphas).all() or path.model.penalty != "l0":
        return "alphas: expected numbers, but for best subsets by their size"
    if (path.radii != np.floor(path.radii)).any() or (np.diff(path.radii) <= 0).any():
        return "radii: expected whole numbers that rise"
    forces = path.forces
    if forces is not None and (forces.swaps is None or forces.swaps.size != path.radii[path.chosen]):
        return "forces.swaps is not of the chosen size"
    if path.cv is not None and (len(path.cv.alphas) != len(path.radii) or not np.isnan(path.cv.alphas).all()):
        return "cv.alphas: expected one null per size"
    return None


_FEATURES, _ALPHAS, _SCORES = ("features",), ("alphas",), ("scores",)
LIKELIHOOD = _Record(
    Likelihood, {"remainder": _Number(), "size": _Number(low=0), "profiled": _Absent(_Flag(), usual=False)}
)
MODEL = _Record(
    Model,
    {
        "loss": _Text(_losses),
        "loss_parameters": _Parameters(),
        "penalty": _Text(_penalties),
        "penalty_parameters": _Parameters(),
        "fit_intercept": _Flag(),
        "standardize": _Flag(),
        "tol": _Number(low=0),
        "n": _Number(int, low=1),
        "weight_sum": _Number(low=0),
        "alpha_max": _Number(low=0, null=math.nan),
        "null_loss": _Number(),
        "saturated_loss": _Number(),
        "null_intercept": _Levels(),
        "y_mean": _Levels(),
        "y_sd": _Levels(low=0),
        "scale": _Array(_FEATURES, low=0),
        "center": _Array(_FEATURES),
        "penalised_unit": _Array(_FEATURES, low=math.ulp(0.0)),
        "penalty_weights": _Array(_FEATURES, low=0, null=math.inf),
        "constant": _Array(_FEATURES, bool),
        "classes": _Tuple(_Label()),
        "target": _Optional(_Text()),
        "outputs": _Absent(_Tuple(_Text()), ()),
        "offset": _Absent(_Flag(), usual=False),
        "likelihood": _Absent(LIKELIHOOD),
    },
    _model_fault,
)
HISTORY = _Record(
    History,
    {
        "enters_at": _Array(_FEATURES, low=0, null=math.nan),
        "leaves_at": _Array(_FEATURES, low=0, null=math.nan),
        "entered": _Array(_FEATURES, int, -1, "alphas"),
        "exits": _Tuple(_Pair(_Number(int, 0, "features"), _Number(int, 0, "alphas"))),
        "sign_changes": _Tuple(_Pair(_Number(int, 0, "features"), _Number(int, 0, "alphas"))),
    },
)
HOLD = _Record(
    Hold,
    {
        "kind": _Tuple(_Text(lambda: {kind: kind for kind in KINDS}), "features"),
        "pull": _Array(_FEATURES, low=0),
        "block": _Array(_FEATURES, int, -1, "features"),
    },
)
SWAPS = _Record(
    Swaps,
    {
        "size": _Number(int, 0),
        "rise": _Array(_FEATURES, null=math.nan),
        "other": _Array(_FEATURES, int, -1, "features"),
    },
)
FORCES = _Record(
    Forces,
    {
        "alpha": _Number(low=0, null=math.nan),
        "marginal": _Array(_FEATURES),
        "left": _Array(_FEATURES),
        "price": _Array(_FEATURES, low=0, null=math.inf),
        "weight": _Array(_FEATURES),
        "certified": _Array(_FEATURES, bool),
        "unique": _Flag(),
        "gap": _Number(null=math.inf),
        "hold": _Absent(HOLD),
        "swaps": _Absent(SWAPS),
    },
)
SCORES = _Record(
    CrossValidation,
    {
        "alphas": _Array(_SCORES, low=0, null=math.nan),
        "mean": _Array(_SCORES, null=math.nan),
        "se": _Array(_SCORES, low=0, null=math.nan),
        "folds": _Array(("folds", "scores"), null=math.nan),
        "rule": _Text(),
        "seed": _Number(int),
        "index_min": _Number(int, 0, "scores"),
        "index_1se": _Number(int, 0, "scores"),
        "uncertified": _Number(int, 0),
        "coefs": _Absent(_Tuple(_Columns("scores"), "folds"), ()),
        "intercepts": _Absent(_Stack(_Intercepts("scores"), "folds")),
        "scoring": _Absent(_Text()),
        "rounds": _Absent(_Array(("rounds", "scores"), null=math.nan)),
        "parts": _Absent(_Parts()),
        "grouped": _Absent(_Flag(), usual=False),
        "null": _Absent(_Number(low=0, null=math.nan), usual=math.nan),
    },
    _scores_fault,
)
CERTIFICATE = _Record(
    Certificate,
    {
        "kind": _Text(lambda: {kind: kind for kind in ("gap", "bound", "stationary")}),
        "value": _Number(null=math.inf),
    },
)
CLUSTER = _Record(Cluster, {"features": _Tuple(_Text()), "kept": _Number(int, 0)})
STABILITY = _Record(
    Stability,
    {
        "halves": _Number(int, 2),
        "alpha": _Number(low=math.ulp(0.0)),
        "alphas": _Array(("stretch",), low=math.ulp(0.0)),
        "kept": _Array(("features", "stretch"), int, 0),
        "mean_kept": _Number(low=0),
        "cutoff": _Number(low=0.5),
        "stable": _Array(("stable",), int, 0, "features"),
        "errors": _Number(low=0),
        "errors_at_worst": _Number(low=0),
        "agreement": _Array(("stretch",), null=math.nan),
        "clusters": _Tuple(CLUSTER),
        "feature_names": _Tuple(_Text(), "features"),
        "seed": _Number(int),
        "uncertified": _Number(int, 0),
    },
    _stability_fault,
)
PATH = _Record(
    Path,
    {
        "feature_names": _Tuple(_Text(), "features"),  # these two set the sizes that all others must have
        "alphas": _Array(_ALPHAS, low=0, null=math.nan),
        "chosen": _Number(int, 0, "alphas"),
        "model": MODEL,
        "encoding": _Optional(_Plain()),
        "intercepts": _Intercepts(),
        "coefs": _Columns(),
        "gaps": _Array(_ALPHAS, null=math.inf),
        "deviance_ratio": _Array(_ALPHAS, null=math.nan),
        "df": _Array(_ALPHAS, int, 0),
        "unique": _Array(_ALPHAS, bool),
        "status": _Tuple(_Text(lambda: dict(Status.__members__)), "alphas"),
        "certificates": _Tuple(CERTIFICATE, "alphas"),
        "passes": _Number(low=0),
        "history": HISTORY,
        "forces": _Optional(FORCES),
        "cv": _Optional(SCORES),
        "radii": _Absent(_Array(_ALPHAS, low=0)),
        "rule": _Absent(_Text(), ""),
        "halves": _Absent(STABILITY),
    },
    _path_fault,
)


# ------------------------------------------------------------------------------------ whole or not at all
def write(content: str | bytes, file: str | os.PathLike[str], *, force: bool = False) -> None:
    """Write a file whole or not at all, and never over an existing one unless ``force``.

    Parameters
    ----------
    content : str or bytes
        Text is written as UTF-8.
    file : str or path-like
    force : bool
        Replace an existing file; its permissions stay.

    Raises
    ------
    OSError
        If the file exists and ``force`` is not given, is a link or no plain file, or cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    target = FilePath(file)
    mode = _mode(target, force=force)
    partial = target.parent / f".{target.name[:100]}.{secrets.token_hex(8)}{TEMPORARY}"
    try:
        with _created(partial, target) as stream:
            stream.write(data)
            stream.flush()
            if mode is not None:
                os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        if force:
            partial.replace(target)
        else:
            _publish(partial, target)
    except OSError as error:
        if error.filename in {str(partial), None}:  # the name that the user knows
            raise OSError(error.errno, error.strerror, str(target)) from None
        raise
    finally:
        partial.unlink(missing_ok=True)
    with suppress(OSError):  # some file systems cannot sync a folder; the file itself is safe
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _mode(target: FilePath, *, force: bool) -> int | None:
    """Permissions of the file to be replaced; None if there is none."""
    try:
        found = target.lstat()
    except FileNotFoundError:
        if not target.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "its folder does not exist; make it first", str(target)) from None
        return None
    if not force:
        raise _taken(target)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "a link, a folder or a device is never replaced; name a plain file", str(target))
    return stat.S_IMODE(found.st_mode)


def _taken(target: FilePath) -> FileExistsError:
    remedy = "the file exists and is kept; name another, or replace it with force=True (--force)"
    return FileExistsError(errno.EEXIST, remedy, str(target))


def _created(partial: FilePath, target: FilePath) -> Any:
    try:
        return os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666), "wb")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from None


def _publish(partial: FilePath, target: FilePath) -> None:
    """Give the file its name unless the name is taken, in one step that no other writer can come between."""
    try:
        os.link(partial, target)
    except FileExistsError:
        raise _taken(target) from None
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}:
            raise
        # No hard links here (FAT, some network shares): claim the name with an empty file, then replace that.
        try:
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
        except FileExistsError:
            raise _taken(target) from None
        try:
            partial.replace(target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
