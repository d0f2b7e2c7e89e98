"""Why is this weight zero?  A walk through the lessons with pictures: `python examples/gallery.py docs`."""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
from sklearn.datasets import load_diabetes

import lozenge as lz

INTRO = """# Why is this weight zero?

A linear model predicts with a weighted sum. Fitted by least squares, every weight is some number other than zero, even
that of a column of noise. Add a penalty on the sizes of the weights, the sum of |w| (L1), and many weights become
*exactly* zero. Add the sum of w² (L2) instead, and all of them shrink but none becomes zero. This page shows why, first
on numbers that fit in the head and then on a real table: 442 people with diabetes, ten measurements (age, sex, body
mass index `bmi`, blood pressure `bp`, six blood values `s1` to `s6`), and how far the disease went on in a year.

Everything here is computed when the page is made: `python examples/gallery.py docs`. On a table of yours:
`lozenge lesson NAME --data FILE --target COLUMN --plot picture.png`.

"""

# In the order in which a student may read; what leads to each.
WALK = {
    "unpenalised": "Begin with what a penalty does at all. Its strength is alpha; at 0 only the data speak.",
    "step-cost": "Now look at one weight on its way to zero. What does the next small step save?",
    "norms": "The same thought with two weights, one large and one small, and a budget for both together.",
    "penalties": "The saving per step is the slope of the penalty. So: what is that slope where the weight vanishes?",
    "descent": "Follow the slope downhill. Constant steps arrive; steps in proportion to what is left do not.",
    "early-zeros": "With many weights at once, who arrives first?",
    "corner": "The picture of the textbooks: a limit to the size, and the contours that grow until they touch it.",
    "how-often": "A picture of two invented weights proves little. Draw the contours thousands of times, and count.",
    "corners-only": "L1 is not alone. Every penalty with a corner at zero holds a weight there against some pull.",
    "priors": "Statisticians say the same in another language: a penalty is a belief held before the data.",
    "correlated": "Last, a warning. Of two columns that say nearly the same, which is zero is decided by a hair.",
}
REAL = {"unpenalised", "early-zeros", "corner", "how-often", "correlated"}  # shown on the real table too


def main(folder: Path) -> Path:
    """Write why-zero.md and its pictures; give the page's path."""
    pictures = folder / "why-zero"
    pictures.mkdir(parents=True, exist_ok=True)
    data = load_diabetes(scaled=False)
    path = lz.path(data.data, data.target, feature_names=list(data.feature_names), cv=10)
    text = INTRO
    for name, lead in WALK.items():
        run = lz.lessons.LESSONS[name]
        text += f"## {run().claim}\n\n{lead}\n\n"
        for lesson, stem in [(run(), name)] + ([(run(path), f"{name}-diabetes")] if name in REAL else []):
            draw(lesson, pictures / f"{stem}.svg")
            text += f"*On {lesson.on}*\n\n![{lesson.claim}](why-zero/{stem}.svg)\n\n{table(lesson)}\n{lesson.text}\n\n"
        text += f"`lozenge lesson {name}`\n\n"
    reason = path.why("age")
    text += "## And my feature?\n\nFor any feature of any fit, `lozenge why` puts the same argument in numbers:\n\n"
    text += f"> {reason}\n"
    page = folder / "why-zero.md"
    page.write_text(text, encoding="utf-8")
    return page


def table(lesson: lz.Lesson) -> str:
    """Markdown."""
    rows = [lesson.columns, ["---"] * len(lesson.columns)]
    rows += [[cell(value) for value in row] for row in lesson.rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def cell(value: object) -> str:
    """A number to four digits; None is never."""
    if value is None:
        return "never"
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "\\|")


def draw(lesson: lz.Lesson, file: Path) -> None:
    """The same bytes for the same numbers."""
    with mpl.rc_context({"svg.hashsalt": "lozenge", "svg.fonttype": "none"}):
        buffer = BytesIO()
        lesson.plot().figure.savefig(buffer, format="svg", metadata={"Date": None})
        file.write_bytes(buffer.getvalue())


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
