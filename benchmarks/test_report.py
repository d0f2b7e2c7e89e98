"""report.py on lines written by hand."""

import pytest

from benchmarks import machine, report
from benchmarks.environments import Environment
from benchmarks.problems import PROBLEMS
from benchmarks.store import Store, identity

CONTESTANTS = [Environment(peer, None, "1.0") for peer in ("lozenge", "celer", "skglm", "skein-glm", "sortedl1")]


def line(name, peer, tol, seconds, **found):
    contestant = next(c for c in CONTESTANTS if c.peer == peer)
    wanted = identity(PROBLEMS[name], contestant, str(machine.describe()["cpu"]))
    shown = {"first_seconds": 2 * seconds, "peak_bytes": 2**20, "passes": None, "nonzeros": 7}
    return wanted | {"tol": tol, "limit": 300.0, "status": "ok", "seconds": seconds} | shown | found


@pytest.fixture
def summary():
    ours, theirs = [0.5] * 100, [0.5] * 100
    ours[3], ours[4], ours[5] = 0.51, 0.5 + 5e-9, 0.4
    lines = [
        line("mcp-tall", "lozenge", 1e-3, 1.0, violation=1e-4, objectives=[9.0] * 100),
        line("mcp-tall", "lozenge", 1e-6, 2.0, violation=1e-7, objectives=ours),
        line("mcp-tall", "lozenge", 1e-6, 4.0, violation=1e-7, objectives=ours),
        line("mcp-tall", "lozenge", 1e-6, 3.0, violation=1e-7, objectives=ours),
        line("mcp-tall", "skglm", 1e-4, 8.0, violation=1e-5, objectives=[1.0] * 100),
        line("mcp-tall", "skglm", 1e-8, 9.0, violation=1e-8, objectives=theirs),
        line("slope", "lozenge", 1e-3, 1.0, gap=1e-4),
        line("slope", "sortedl1", 1e-3, 5.0, gap=1e-4),
    ]
    return report.summarise(lines, CONTESTANTS)


def test_a_concave_problem_is_judged_by_violations_and_objectives(summary):
    found = summary["problems"]["mcp-tall"]
    assert found["measure"] == "violation"
    assert found["contestants"]["lozenge"]["seconds_to_violation"] == {"1e-03": 1.0, "1e-06": 3.0, "1e-09": None}
    assert found["contestants"]["skglm"]["seconds_to_violation"] == {"1e-03": 8.0, "1e-06": 9.0, "1e-09": None}
    assert found["ratios"]["1e-06"] == {"fastest_peer": "skglm", "ratio": 3.0}
    versus = found["objectives"]["skglm"]
    assert versus["at_most"] == 99
    assert versus["lower"] == 1
    assert versus["higher_at"] == [3]


def test_tables_name_their_measure(summary):
    text = report.table(summary)
    assert "| slope | 5 (sortedl1) | - | - |" in text
    assert "| mcp-tall | 8 (skglm) | 3 (skglm) | - |" in text
    assert "| skglm | 99 of 100 | 1 | 1e-01 | alpha 3: +1e-02 |" in text
    assert text.index("reached the gap:") < text.index("| slope |") < text.index("reached the violation:")
    # No contestant of another penalty has a row.
    assert "| celer |" not in text.partition("## mcp-tall")[2]


def test_a_plot_says_what_it_measures(summary, tmp_path):
    for name, measure in (("mcp-tall", "violation over alpha"), ("slope", "relative duality gap")):
        report.plot(name, summary["problems"][name], tmp_path / "plot.svg")
        assert measure in (tmp_path / "plot.svg").read_text()


def test_a_run_thrice_as_slow_for_as_small_a_violation_is_beaten(tmp_path):
    store = Store(tmp_path / "results.jsonl")
    store.append(line("mcp-tall", "lozenge", 1e-6, 1.0, violation=1e-7))
    store.append(line("mcp-tall", "skglm", 1e-6, 4.0, violation=1e-6))
    cpu = str(machine.describe()["cpu"])
    ours, theirs = (identity(PROBLEMS["mcp-tall"], c, cpu) for c in CONTESTANTS if c.peer in {"lozenge", "skglm"})
    assert store.beaten(theirs, 1e-6, [ours, theirs])
    assert not store.beaten(ours, 1e-6, [ours, theirs])


def test_a_line_says_what_is_minimised():
    wanted = {
        "lasso-wide": "lasso, 1,000 x 10,000, ",
        "poisson-tall": "Poisson regression, intercept, l1, 10,000 x 1,000, ",
        "multinomial-rows-wide": "multinomial regression, 4 classes, intercept, 1 times the norm of each column's ",
        "cox-tall": "Cox's partial likelihood, ties by Breslow, l1, 5,000 x 2,000, ",
        "insurance-tweedie": "Tweedie regression of power 1.5, log link, intercept, elastic net, l1_ratio 0.5, ",
    }
    for name, start in wanted.items():
        assert report.describe(PROBLEMS[name]).startswith(start)
    assert "40 numbers, neighbouring columns correlated 0.5, and 260 columns of 0 and 1" in report.describe(
        PROBLEMS["insurance-gamma"]
    )
