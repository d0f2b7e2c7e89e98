"""What a notebook shows of a fit: the path, and the reasons of the weights nearest the border."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from lozenge import screens
from lozenge.report import figures

if TYPE_CHECKING:
    from lozenge.results import Path

TOLD = 3  # reasons of each kind
# The notebook's own colour of text, full or faint, so that every theme of it is right.
COLOURS = (
    "--ink: currentColor; --soft: color-mix(in srgb, currentColor 65%, transparent); "
    "--line: color-mix(in srgb, currentColor 25%, transparent); --back: transparent; --bar: #0072B2"
)


def picture(path: Path) -> Markup:
    """HTML with a style of its own, for it stands among what others wrote."""
    kept, zeros = screens.rows(path)
    told = [Markup("<li>{}</li>").format(str(path.why(j))) for j in (*kept[:TOLD], *zeros[:TOLD])]
    return Markup('<div style="max-width: 56rem; {}"><style>{}</style>{}<ul>{}</ul></div>').format(
        COLOURS, figures.style(), figures.path_figure(path, {}), Markup("").join(told)
    )
