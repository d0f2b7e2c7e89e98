"""One self-contained page of a fit: what was kept, why the rest is zero, and how sure that is."""

from lozenge.report.page import Setting, page

__all__ = ["Setting", "page"]
