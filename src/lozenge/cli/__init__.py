"""The command line.  Answers go to stdout, everything else to stderr.

Only typer is imported at the top: ``lozenge --help`` loads neither NumPy nor any other module of the library.
"""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

from lozenge.cli.commands import app
from lozenge.cli.telling import INTERRUPTED, USAGE, tell

if TYPE_CHECKING:
    from collections.abc import Sequence

# What other programs call things.
ELSEWHERE = {
    "--lambda": "--select ALPHA",
    "--alpha": "--select ALPHA",
    "--family": "--loss",
    "--nfolds": "--cv",
    "--exposures": "--exposure",
    "--weights": "--weight",
    "--sample-weight": "--weight",
    "--status": "--event",
    "--stratum": "--strata",
    "--folds": "--cv",
    "--l1-ratio": "--penalty elasticnet:RATIO",
    "--label": "--target",
    "--unpenalized": "--unpenalised",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.  ``--debug``, anywhere among them, shows the traceback of an error.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    asked = [argument for argument in given if argument != "--debug"]
    debug = len(asked) < len(given)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A letter that the terminal lacks is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings():
            if not debug:
                warnings.simplefilter("ignore")
                warnings.simplefilter("always", UserWarning)
                warnings.showwarning = lambda message, *_, **__: tell("warning", str(message))
            app(args=asked, prog_name="lozenge", obj=asked)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:
        if debug:
            raise
        tell("error", _said(error))
        return 1
    if code == INTERRUPTED:
        tell("error", "interrupted")
    for argument in asked if code == USAGE else ():
        if (name := argument.partition("=")[0]) in ELSEWHERE:
            tell("error", f"{name} is {ELSEWHERE[name]} in Lozenge")
    return code


def _said(error: Exception) -> str:
    if isinstance(error, (ValueError, TypeError)):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"'{error.filename}': {error.strerror}"
    if isinstance(error, MemoryError):
        return f"out of memory; take fewer rows or columns (--drop). {error}"
    return f"{type(error).__name__}: {error}; this is a fault in Lozenge, and --debug shows where"
