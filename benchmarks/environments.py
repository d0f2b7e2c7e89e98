"""One virtual environment a contestant, so that each runs with the NumPy it asks for."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import peers
from benchmarks.peers.base import THREADS
from benchmarks.problems import HERE

ROOT = HERE.parent

# Two pools of threads on two cores slow one another down, so every library that has one is told the same number.
ONE_POOL = {
    variable: str(THREADS)
    for variable in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMBA_NUM_THREADS",
        "RAYON_NUM_THREADS",
    )
}

_VERSIONS = """
import hashlib, importlib.metadata, importlib.util, json, pathlib, platform, sys
version = importlib.metadata.version(sys.argv[1])
if sys.argv[1] == "lozenge":  # a checkout changes while its version stays
    folders = importlib.util.find_spec("lozenge").submodule_search_locations  # two, where it is installed as editable
    files = [f for folder in folders for f in sorted(pathlib.Path(folder).rglob("*"))]
    files = [f for f in files if f.suffix in {".py", ".so", ".dylib"}]
    version += "+" + hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:8]
others = [importlib.metadata.version(name) for name in ("numpy", "scipy")]
print(json.dumps([version, *others, platform.python_version()]))
"""


@dataclass(frozen=True)
class Environment:
    """Interpreter and versions of a contestant, or why it has none."""

    peer: str
    python: Path
    version: str
    trouble: str = ""  # why it cannot run


def ensure(peer: str, python: Path | None = None) -> Environment:
    """Environment of `peer`, made first where there is none; `python` names an interpreter that has it."""
    folder = Path(os.environ.get("LOZENGE_BENCH_VENVS", HERE / ".venvs")) / peer
    solver = peers.any_solver(peer)
    if python is None:
        python = folder / "bin" / "python"
        # Ours is installed anew each time, because the checkout may have changed.
        if peer == "lozenge" or not (python.exists() and call(python, "-c", _VERSIONS, solver.package).returncode == 0):
            trouble = _install(folder, solver.requirements)
            if trouble:
                return Environment(peer, python, "", f"does not install: {trouble}")
    found = call(python, "-c", _VERSIONS, solver.package)
    if found.returncode:
        return Environment(peer, python, "", f"does not start: {last_line(found.stderr)}")
    version, numpy, scipy, language = json.loads(found.stdout)
    return Environment(peer, python, f"{version} (NumPy {numpy}, SciPy {scipy}, Python {language})")


def call(python: Path, *arguments: str, timeout: float | None = None) -> subprocess.CompletedProcess[str]:
    """Run `python` with the thread counts of the comparison, from the root of the checkout.

    Processes that it leaves behind end with it: workers that outlive their master would slow down the next contestant.
    """
    command = [str(python), *arguments]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | ONE_POOL, stdout=out, stderr=err, start_new_session=True
        )
        try:
            process.wait(timeout)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode(errors="replace"))
    return subprocess.CompletedProcess(command, process.returncode, *texts)


def last_line(text: str) -> str:
    """What a process said last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no message"


def _install(folder: Path, requirements: tuple[str, ...]) -> str:
    """Why it failed; empty where it did not."""
    print(f"installing {' '.join(requirements)} for {folder.name}", file=sys.stderr)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in ([sys.executable, "-m", "venv", str(folder)], [*pip, *requirements]):
        done = call(Path(command[0]), *command[1:])
        if done.returncode:
            return last_line(done.stderr)
    return ""
