"""The code on the pages does what they say."""

from __future__ import annotations

import doctest
import re
import sys
import types
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
FENCED = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = {page.name: page for page in sorted(DOCS.glob("*.md")) if FENCED.search(page.read_text(encoding="utf-8"))}

pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="the pages are not beside the tests")


def test_there_are_pages():
    assert {"add-a-loss.md", "choose-a-loss.md"} <= set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_the_code_of_a_page_runs(name, monkeypatch):
    """Block after block in one module; what is shown after >>> is what is printed."""
    module = types.ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)  # where dataclasses look for their names
    text, names, told = PAGES[name].read_text(encoding="utf-8"), vars(module), []
    runner = doctest.DocTestRunner(verbose=False)
    for block in FENCED.finditer(text):
        code, line = block[1], text[: block.start()].count("\n") + 1
        if code.startswith(">>>"):
            example = doctest.DocTestParser().get_doctest(code, names, name, str(PAGES[name]), line)
            example.globs = names
            runner.run(example, out=told.append, clear_globs=False)
        else:
            exec(compile("\n" * line + code, str(PAGES[name]), "exec"), names)
    assert runner.summarize(verbose=False).failed == 0, "".join(told)
