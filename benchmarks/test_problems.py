"""What is stored stays valid: fields that came later change no key, and a block of one draws what was drawn."""

import hashlib
from dataclasses import asdict, replace

import numpy as np
import pytest

from benchmarks import norms, peers
from benchmarks.problems import PROBLEMS, RECIPE, Design, Penalty, Problem, alpha_grid, draw


def plain(record):
    return hashlib.sha256((repr(record) + RECIPE).encode()).hexdigest()[:10]


def test_later_fields_do_not_change_a_key_at_their_defaults():
    for problem in PROBLEMS.values():
        if problem.penalty is None:
            record = asdict(problem)
            del record["penalty"], record["design"]["block"]
            assert problem.key == plain(record)
    assert len({problem.key for problem in PROBLEMS.values()}) == len(PROBLEMS)


def test_later_fields_count_where_they_are_set():
    design = Design(20, 10, 0.5, kept=4)
    problem = Problem("small", design, 5, 0.1)
    others = [
        replace(problem, penalty=Penalty("mcp", 3.0)),
        replace(problem, penalty=Penalty("mcp", 2.0)),
        replace(problem, penalty=Penalty("scad", 3.0)),
        replace(problem, design=replace(design, block=2)),
    ]
    assert len({problem.key, *(other.key for other in others)}) == 5
    assert replace(design, block=2).key != design.key


def test_true_weights_come_in_blocks():
    # Least squares is off by 0.008 here, and ten weights share a variance of 3/4.
    X, y = draw(Design(4_000, 40, 0.0, kept=10, seed=3, block=5))
    found = np.abs(np.linalg.lstsq(X, y, rcond=None)[0]).reshape(8, 5) > 0.05
    assert np.count_nonzero(found) > 5
    assert np.count_nonzero(found.any(axis=1)) == 2


@pytest.mark.parametrize("penalty", [Penalty("group", 5), Penalty("slope", 0.1), Penalty("mcp", 3.0)])
def test_a_grid_begins_where_zero_ends(penalty):
    design = Design(60, 40, 0.5, kept=10, seed=4)
    problem = Problem("small", design, 4, 0.1, penalty=penalty)
    X, y = draw(design)
    alphas = alpha_grid(problem, X, y)
    assert alphas[-1] == pytest.approx(0.1 * alphas[0])
    pull = X.T @ y / y.size
    wanted = np.abs(pull).max() if penalty.name == "mcp" else norms.of(penalty, 40).dual(pull[:, None])[0]
    assert alphas[0] == pytest.approx(wanted, rel=1e-14)


def test_every_contestant_has_its_file_and_every_penalty_ours():
    for penalty, files in peers.FILES.items():
        assert "lozenge" in files
        for name in files:
            assert peers.path(name, penalty).exists()
            solver = peers.solver(name, penalty)
            assert solver.package == peers.any_solver(name).package
            assert solver.requirements == peers.any_solver(name).requirements
    for problem in PROBLEMS.values():
        assert problem.kind in peers.FILES
