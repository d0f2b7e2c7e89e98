"""The import table of the house: a module imports only what stands above it."""

import ast
from pathlib import Path

import pytest

import lozenge

HOUSE = Path(lozenge.__file__).parent

# From the ground up.  Modules on one line import none of each other.
FLOORS = [
    ["_kernel"],
    ["results", "tails", "threads"],
    ["design", "losses", "penalties"],
    ["shards", "testing"],
    ["problem", "statistics"],
    ["factor"],
    ["faces", "subset"],
    ["jumps"],
    ["subproblem"],
    ["perspective", "swaps"],
    ["branch"],
    ["certificate", "working"],
    ["interior", "measures"],
    ["predictor"],
    ["newton"],
    ["foresight"],
    ["engine"],
    ["scoring", "sizes", "splits"],
    ["selection"],
    ["folds"],
    ["gate"],
    ["source"],
    ["criteria", "radii", "sized", "stability"],
    ["fit"],
    ["contest", "dialects", "explain", "inference", "relaxed", "reweighted"],
    ["tables"],
    ["io"],
    ["plots"],
    ["screens"],
    ["report"],
    ["exports", "foreign"],
    ["estimators"],
    ["cli"],
]
LEVEL = {name: floor for floor, names in enumerate(FLOORS) for name in names}

# `results` holds data only; its verbs delegate, importing when called.  `__init__` and `__main__` are doors.
DOORS = {"__init__", "__main__"}
DELEGATES = {"results"}

# Heavy modules that a room may load at its door, since it is itself imported only where used.
LOADED = {"tables": {"narwhals"}, "estimators": {"sklearn"}}

# (what, where it may stand): each is one idea kept in one room.
ROOMS = {
    "scipy.sparse": {"design", "estimators", "fit", "io"},
    "matplotlib": {"plots"},
    "polars": {"tables", "cli"},
    "sklearn": {"cli", "estimators", "exports", "foreign", "scoring"},
    "onnx": {"exports"},
}


def room(file: Path) -> str:
    """Top-level module or package a file belongs to."""
    first = file.relative_to(HOUSE).parts[0]
    return first.removesuffix(".py")


def imports(tree: ast.Module):
    """(module, node is at module level) of each import; type-checking imports name types and load nothing."""
    skipped = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            skipped.update(id(child) for child in ast.walk(node))
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, id(node) in top
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if node.module == "lozenge":
                for name in node.names:
                    yield f"lozenge.{name.name}", id(node) in top
            else:
                yield node.module, id(node) in top


def violations(source: str, file: Path) -> list[str]:
    """What a file does against the table."""
    here, found = room(file), []
    tree = ast.parse(source)
    for module, at_top in imports(tree):
        parts = module.split(".")
        if parts[0] == "lozenge" and len(parts) > 1:
            there = parts[1]
            if here in DOORS or there == here or (here in DELEGATES and not at_top):
                continue
            if there == "__version__":
                continue
            if there not in LEVEL:
                found.append(f"{here} imports {there}, which the table does not know")
            elif LEVEL[there] >= LEVEL[here]:
                found.append(f"{here} imports {there}, which does not stand above it")
        for what, rooms in ROOMS.items():
            if (module == what or module.startswith(what + ".")) and here not in rooms:
                found.append(f"{here} imports {module}; that belongs in {', '.join(sorted(rooms))}")
        if at_top and parts[0] in {"matplotlib", "narwhals", "polars", "sklearn"} - LOADED.get(here, set()):
            found.append(f"{here} imports {module} at module level")
        if parts[0] == "pickle":
            found.append(f"{here} imports pickle")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "print" and here != "cli":
                found.append(f"{here} prints")
            if node.func.id == "open" and here not in {"io", "tables"}:
                found.append(f"{here} opens a file")
            if node.func.id == "isinstance" and here in {
                "shards",
                "problem",
                "certificate",
                "subproblem",
                "fit",
                "source",
            }:
                asked = ast.unparse(node.args[1])
                if any(word in asked for word in ("ndarray", "sparse", "Design")):
                    found.append(f"{here} asks what X is")
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name.endswith("_sparse"):
            found.append(f"{here} has a twin for sparse data: {node.name}")
    return found


FILES = sorted(HOUSE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(HOUSE)))
def test_file_obeys_the_table(file):
    assert violations(file.read_text(encoding="utf-8"), file) == []


@pytest.mark.parametrize(
    ("planted", "where"),
    [
        ("from lozenge import fit", "engine.py"),
        ("from lozenge.engine import follow", "losses/squared.py"),
        ("def f():\n    from lozenge.cli import main", "plots.py"),
        ("import scipy.sparse", "engine.py"),
        ("import matplotlib", "plots.py"),
        ("import pickle", "io.py"),
        ("print(1)", "fit.py"),
        ("open('x')", "fit.py"),
        ("isinstance(X, np.ndarray)", "shards.py"),
        ("def gram_sparse(): pass", "shards.py"),
        ("from lozenge import fit", "results.py"),
        ("from lozenge.losses import Squared", "penalties/l1.py"),
    ],
)
def test_a_planted_violation_is_found(planted, where):
    assert violations(planted, HOUSE / where)


def test_every_module_is_on_a_floor():
    rooms = {room(f) for f in FILES} - DOORS
    assert rooms <= set(LEVEL), rooms - set(LEVEL)
    assert "utils" not in rooms
