"""The gallery page is what the example writes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from lozenge.explain.lessons import LESSONS

ROOT = Path(__file__).parent.parent
EXAMPLE, PAGE = ROOT / "examples" / "gallery.py", ROOT / "docs" / "why-zero.md"

pytestmark = pytest.mark.skipif(not EXAMPLE.exists(), reason="the examples are not beside the tests")


def test_the_gallery_shows_every_lesson_and_is_current(tmp_path):
    spec = importlib.util.spec_from_file_location("gallery", EXAMPLE)
    gallery = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(gallery)
    written = gallery.main(tmp_path).read_text(encoding="utf-8")
    assert set(gallery.WALK) == set(LESSONS)
    for name in LESSONS:
        assert f"`lozenge lesson {name}`" in written
        assert (tmp_path / "why-zero" / f"{name}.svg").stat().st_size > 1_000
    # Words and headings; digits may differ in the last place from machine to machine.
    here = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    assert here == [line for line in written.splitlines() if line.startswith("#")]
    pictures = {file.name for file in (tmp_path / "why-zero").iterdir()}
    assert pictures == {file.name for file in (ROOT / "docs" / "why-zero").iterdir()}
