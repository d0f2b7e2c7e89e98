"""What a person waits for: every lesson with its picture, and the page of 10,000 features in Chromium.

`python -m benchmarks.screens`
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

CALLS = 3
FEATURES = 10_000


def main() -> None:
    """Print a line for each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        from lozenge.explain.lessons import LESSONS

        for lesson in LESSONS:
            command = [sys.executable, "-m", "lozenge.cli", "lesson", lesson, "--force", "--plot"]
            seconds = median(_seconds([*command, str(folder / "lesson.png")]) for _ in range(CALLS))
            print(f"lesson {lesson}: {seconds:.2f} s")
        print(_page(folder))


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def _page(folder: Path) -> str:
    """From a file to the layout: the size of the page, and the median time to open it."""
    import lozenge

    rng = np.random.default_rng(4)
    X = rng.standard_normal((100, FEATURES))
    path = lozenge.path(X, X[:, :5].sum(axis=1) + rng.standard_normal(100), n_alphas=30)
    file = folder / "page.html"
    path.report(file)
    told = f"page of {FEATURES:,} features: {file.stat().st_size / 1e6:.2f} MB"
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return f"{told}; Playwright is not installed, so it was not opened"
    if chromium is None:
        return f"{told}; Chromium is not installed, so it was not opened"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page()
        opened = []
        for _ in range(2 * CALLS + 1):
            start = time.perf_counter()
            tab.goto(file.as_uri())
            tab.evaluate("document.body.getBoundingClientRect().height")
            opened.append(time.perf_counter() - start)
        browser.close()
    return f"{told}, opened in {median(opened):.2f} s"


if __name__ == "__main__":
    main()
