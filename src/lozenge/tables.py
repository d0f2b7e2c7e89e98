"""Stands in until the editable install is refreshed: its map of modules still points here.  Delete, then reinstall."""

from pathlib import Path

__path__ = [str(Path(__file__).with_name("tables"))]

exec((Path(__file__).with_name("tables") / "__init__.py").read_text(encoding="utf-8"))  # noqa: S102
