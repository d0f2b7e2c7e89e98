"""Other libraries' own tests, run on the estimators of this one: nothing is copied, the tests are read where they are.

    python tests/foreign_suites.py [SUITE ...] [--celer FOLDER]

A test file of scikit-learn runs as it is installed, in a pytest of its own, after the names that it imports from
`sklearn.linear_model` have been bound to `lozenge.estimators`.  Of the tests of logistic regression those count whose
source names an L1 or elastic-net penalty or saga, and of those with a parameter ``solver`` the cases of saga.

A test file of celer runs likewise, where that package is installed or FOLDER holds it (an unpacked wheel): its classes
are told to steer their algorithm, which an adapter in the plugin below drops, and its logistic regression is L1 without
an intercept by default.  Some of its tests ask for what scikit-learn's classes do not have; to tell these apart, the
suite runs a second time on scikit-learn's own classes.

The denominator is every test that runs one of our classes: tests in ``OUTSIDE`` only call private functions of the
library that they come from, and would pass or fail whatever ours does.  Tests that reach into private internals beside
one of our classes do count, as failures.  What a suite itself skips does not count.  Every failure has a reason in
``KNOWN``; one without is new, and the script ends with 1.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

NAMES = (
    "ElasticNet",
    "ElasticNetCV",
    "Lasso",
    "LassoCV",
    "LogisticRegression",
    "LogisticRegressionCV",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "enet_path",
    "lasso_path",
)

PLUGIN = """
import importlib.util, inspect, os, re, sys, types
import sklearn.linear_model
import {ours} as ours

RULE, OUTSIDE, CELER = {rule!r}, {outside!r}, {celer!r}

if not CELER:
    for name in {names!r}:
        setattr(sklearn.linear_model, name, getattr(ours, name))

if CELER:
    # What celer's classes take beyond scikit-learn's names steers its algorithm; its logistic regression is L1 without
    # an intercept unless told otherwise.
    def adapted(kind, **defaults):
        steering = ("p0", "prune", "max_epochs", "use_PN") + (("verbose", "solver") if defaults else ("verbose",))

        def make(*args, **given):
            return kind(*args, **defaults, **{{k: v for k, v in given.items() if k not in steering or (k == "verbose"
                and kind.__name__.endswith("CV"))}})

        return make

    def absent(*args, **given):
        raise NotImplementedError("celer's own function")

    stand = types.ModuleType("celer")
    stand.__path__ = []
    dropin = types.ModuleType("celer.dropin_sklearn")
    for module in (stand, dropin):
        for name in ("Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "MultiTaskLasso", "MultiTaskLassoCV"):
            setattr(module, name, adapted(getattr(ours, name)))
        module.LogisticRegression = adapted(ours.LogisticRegression, l1_ratio=1, solver="saga", fit_intercept=False)
        module.celer_path = absent
    utils = types.ModuleType("celer.utils")
    utils.__path__ = []
    spec = importlib.util.spec_from_file_location("celer.utils.testing", os.path.join(CELER, "utils", "testing.py"))
    testing = importlib.util.module_from_spec(spec)
    sys.modules.update({{"celer": stand, "celer.dropin_sklearn": dropin, "celer.utils": utils,
                        "celer.utils.testing": testing}})
    spec.loader.exec_module(testing)


def pytest_collection_modifyitems(config, items):
    kept, dropped = [], []
    for item in items:
        name = item.name.partition("[")[0]
        inside = name not in OUTSIDE
        if RULE:
            solver = getattr(item, "callspec", None) and item.callspec.params.get("solver")
            named = re.search(RULE, inspect.getsource(item.function)) or "saga" in item.name
            inside = inside and bool(named) and solver in (None, "saga")
        (kept if inside else dropped).append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=dropped)
"""

SWEEPS = (
    "stops after max_iter sweeps and expects an unfinished fit; this engine has no sweeps, and its fit is certified"
)
INTERNALS = "private internals"
N_ALPHAS = "n_alphas, which no class of scikit-learn 1.9 takes, nor the one that it compares with"
WEIGHTS = "celer's weights of columns, which scikit-learn's class has not (lozenge.path: penalty_weights)"


@dataclass(frozen=True)
class Suite:
    """A test file: where it is, which of its tests count, and why some fail.

    Attributes
    ----------
    package, file : the installed package and the path in it
    rule : what a test's source says for it to count, of those with a parameter ``solver`` only saga; "" for all
    outside : tests that run none of our classes
    known : (pattern of the test's id, reason)
    """

    package: str
    file: str
    rule: str = ""
    outside: tuple[str, ...] = ()
    known: tuple[tuple[str, str], ...] = ()


SUITES = {
    "coordinate_descent": Suite(
        "sklearn",
        "linear_model/tests/test_coordinate_descent.py",
        outside=("test_set_order_dense", "test_set_order_sparse", "test_cython_solver_equivalence"),
        known=(
            (
                "test_enet_nonfinite_params",
                "expects X of 1e308 to be refused; it is scaled by a power of two and solved",
            ),
            ("test_lasso_dual_gap", "asks for seven digits of a gap that is rounding here: 1e-14 of the null loss"),
            ("test_multi_task_lasso_and_enet", SWEEPS),
            ("test_enet_coordinate_descent_raises_convergence", SWEEPS),
            (
                "test_warm_start_convergence_with_regularizer_decrement",
                "expects more iterations at a smaller alpha; each is solved in five passes over X",
            ),
            ("test_check_input_false", "expects X in C order to be refused; either order is read"),
            ("test_enet_copy_X_False_check_input_False", "expects X to be overwritten; it never is"),
            (
                "test_lassoCV_does_not_set_precompute",
                f"{INTERNALS}: puts a class of its own into scikit-learn's module",
            ),
        ),
    ),
    "sparse_coordinate_descent": Suite(
        "sklearn",
        "linear_model/tests/test_sparse_coordinate_descent.py",
        known=(("test_sparse_enet_coordinate_descent", SWEEPS),),
    ),
    "logistic": Suite(
        "sklearn",
        "linear_model/tests/test_logistic.py",
        rule=r"saga|l1_ratio|[\"']l1[\"']|elasticnet",
        outside=(
            "test_logistic_regression_path_coefs_multinomial",
            "test_logistic_regression_path_init_coefs",
            "test_logistic_regression_path_convergence_fail",
        ),
        known=(
            (
                r"test_logistic_cv_multinomial_score\[neg_log_loss",
                f"{INTERNALS}: compares with a path function of lbfgs, which stops at 3e-4",
            ),
            ("test_max_iter", SWEEPS),
            (r"test_warm_start\[.*-False-saga", SWEEPS),
            ("test_large_sparse_matrix", "expects 64-bit indices to be refused; they are read"),
        ),
    ),
    "celer_lasso": Suite(
        "celer",
        "tests/test_lasso.py",
        outside=(
            "test_celer_path",
            "test_celer_path_vs_lasso_path",
            "test_celer_single_alpha",
            "test_zero_column",
            "test_infinite_weights",
        ),
        known=(
            ("test_LassoCV", N_ALPHAS),
            ("test_weights_lasso", WEIGHTS),
            (
                "test_one_iteration_alpha_max",
                "expects n_iter_ 1 where all is zero; these are passes, null model included",
            ),
        ),
    ),
    "celer_enet": Suite(
        "celer",
        "tests/test_enet.py",
        outside=("test_sk_enet_path_equivalence",),
        known=(
            ("test_ElasticNetCV", N_ALPHAS),
            ("test_ElasticNet_Lasso_equivalence", WEIGHTS),
            ("test_infinite_weights", WEIGHTS),
            ("test_raise_errors_l1_ratio", "expects l1_ratio=0 to be refused, and errors from the constructor"),
        ),
    ),
    "celer_logreg": Suite(
        "celer",
        "tests/test_logreg.py",
        outside=("test_celer_path_logreg",),
        known=(
            (
                "test_multinomial",
                "one fit for each class, which scikit-learn's liblinear, compared with, has no longer",
            ),
            ("test_check_estimator", "a check of class_weight, not met without an intercept whatever the class"),
        ),
    ),
}


@dataclass(frozen=True)
class Outcome:
    """What a suite came to: ids of the tests that passed, failed and were skipped by the suite itself."""

    passed: tuple[str, ...]
    failed: tuple[str, ...]
    skipped: tuple[str, ...]

    @property
    def share(self) -> float:
        """Passed over passed and failed."""
        return len(self.passed) / max(1, len(self.passed) + len(self.failed))


def folder(package: str, celer: str | None = None) -> Path | None:
    """Where a package lies; None where it is not there."""
    if package == "celer" and celer:
        return Path(celer) / "celer"
    spec = importlib.util.find_spec(package)
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def run(
    suite: Suite, celer: str | None = None, ours: str = "lozenge.estimators", home: Path | None = None
) -> Outcome | None:
    """Run a suite in a process of its own on the classes of a module; None where its package is not there."""
    home = folder(suite.package, celer) if home is None else home
    if home is None or not (home / suite.file).exists():
        return None
    with tempfile.TemporaryDirectory() as place:
        text = PLUGIN.format(
            names=NAMES,
            ours=ours,
            rule=suite.rule,
            outside=suite.outside,
            celer=str(home) if suite.package == "celer" else "",
        )
        (Path(place) / "lozenge_in_the_place.py").write_text(text, encoding="utf-8")
        (Path(place) / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        file = home / suite.file
        if suite.package == "celer":  # beside the package it would be imported as a part of it
            target = Path(place) / file.name
            target.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
            file = target
        report = Path(place) / "report.xml"
        path = os.pathsep.join([place, *filter(None, [os.environ.get("PYTHONPATH")])])
        options = ["-q", "-p", "lozenge_in_the_place", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=short"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", str(file), "-c", "pytest.ini", f"--junitxml={report}", *options],
            cwd=place,
            env=os.environ | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        if os.environ.get("LOZENGE_SHOW"):
            print(done.stdout[-int(os.environ["LOZENGE_SHOW"]) :])
        if not report.exists():
            raise RuntimeError(f"pytest told nothing of {suite.file}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        return _read(report)


def _read(report: Path) -> Outcome:
    found: dict[str, list[str]] = {"passed": [], "failed": [], "skipped": []}
    for case in ET.parse(report).getroot().iter("testcase"):
        kinds = {child.tag for child in case}
        word = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        found[word].append(case.get("name", ""))
    return Outcome(*(tuple(found[word]) for word in ("passed", "failed", "skipped")))


def reason(suite: Suite, test: str) -> str | None:
    """Why a test fails; None for one that should not."""
    return next((why for pattern, why in suite.known if re.match(pattern, test)), None)


def main(arguments: list[str] | None = None) -> int:
    """Run suites, print their counts and every failure; 1 where one has no reason."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", help=f"of {', '.join(SUITES)}; all without any")
    parser.add_argument("--celer", help="folder that holds the package celer")
    asked = parser.parse_args(arguments)
    unexplained = 0
    for name in asked.suites or SUITES:
        suite = SUITES[name]
        outcome = run(suite, asked.celer)
        if outcome is None:
            print(f"{name}: {suite.package} is not installed, or carries no tests")
            continue
        count = len(outcome.passed) + len(outcome.failed)
        print(f"{name}: {len(outcome.passed)} of {count} passed, {outcome.share:.1%}; {len(outcome.skipped)} skipped")
        if suite.package == "celer":
            control = run(suite, asked.celer, "sklearn.linear_model")
            assert control is not None
            both = set(outcome.passed) & set(control.passed)
            print(f"  of the {len(control.passed)} that scikit-learn's own classes pass there, {len(both)} passed")
        for test in outcome.failed:
            why = reason(suite, test)
            unexplained += why is None
            print(f"  {test}: {why or 'NEW'}")
    return int(unexplained > 0)


if __name__ == "__main__":
    raise SystemExit(main())
