"""Other libraries' own tests, on the estimators of this one."""

import importlib.util
import os

import pytest

import foreign_suites
from foreign_suites import SUITES

CELER = os.environ.get("LOZENGE_CELER")  # a folder that holds the package, where it is not installed


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, suite in SUITES.items() if suite.package == "sklearn"])
def test_scikit_learns_own_tests_pass(name):
    outcome = foreign_suites.run(SUITES[name])
    if outcome is None:
        pytest.skip("scikit-learn carries no tests here")
    assert len(outcome.passed) > 100
    assert outcome.share >= 0.9
    assert [test for test in outcome.failed if foreign_suites.reason(SUITES[name], test) is None] == []


@pytest.mark.slow
@pytest.mark.skipif(CELER is None and importlib.util.find_spec("celer") is None, reason="celer is not here")
@pytest.mark.parametrize("name", [name for name, suite in SUITES.items() if suite.package == "celer"])
def test_what_scikit_learns_class_passes_of_celers_tests_passes(name):
    ours = foreign_suites.run(SUITES[name], CELER)
    control = foreign_suites.run(SUITES[name], CELER, "sklearn.linear_model")
    assert ours.passed
    assert set(control.passed) <= set(ours.passed)
    assert [test for test in ours.failed if foreign_suites.reason(SUITES[name], test) is None] == []


def test_the_classes_stand_where_scikit_learns_did(tmp_path):
    # The plugin must bind the names before a test file imports them: a file that asks which class it got.
    asks = tmp_path / "linear_model" / "tests" / "test_asks.py"
    asks.parent.mkdir(parents=True)
    asks.write_text(
        "from sklearn.linear_model import Lasso, LassoCV, Ridge\n"
        "def test_ours(): assert Lasso.__module__.startswith('lozenge') and LassoCV.__module__.startswith('lozenge')\n"
        "def test_theirs(): assert Ridge.__module__.startswith('sklearn')\n"
        "def test_fails(): raise AssertionError\n"
        "def test_outside(): raise AssertionError\n"
    )
    (tmp_path / "__init__.py").touch()
    suite = foreign_suites.Suite("here", str(asks), outside=("test_outside",), known=(("test_fails", "it does"),))
    found = foreign_suites.run(suite, home=tmp_path)
    assert (found.passed, found.failed) == (("test_ours", "test_theirs"), ("test_fails",))
    assert foreign_suites.reason(suite, "test_fails") == "it does"
    assert foreign_suites.reason(suite, "test_ours") is None
