"""Fixtures that more than one test file uses."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# `--import-mode=importlib` puts no folder on the path, and the tests share their oracle.
sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("oracle")

# Before NumPy is loaded: its threads spin while they wait, and of processes side by side each would hold up the other.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

settings.register_profile("dev", max_examples=25, deadline=None)
settings.register_profile("ci", max_examples=25, deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def data():
    """Folder of the real data sets; the test is skipped where it is absent."""
    if not DATA.is_dir():
        pytest.skip("the folder of real data sets is not here")
    return DATA


@pytest.fixture
def unchanged():
    """Register inputs; after the test, every byte of them must be what it was."""
    from oracle import fingerprint

    seen = []

    def watch(*things):
        seen.extend((thing, fingerprint(thing)) for thing in things)

    yield watch
    for thing, before in seen:
        assert fingerprint(thing) == before, "a fit changed its input"
