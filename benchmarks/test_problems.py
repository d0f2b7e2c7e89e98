"""What is stored stays valid: fields that came later change no key, and a block of one draws what was drawn."""

import hashlib
from dataclasses import asdict, replace

import numpy as np
import pytest

from benchmarks import losses, norms, peers, problems
from benchmarks.problems import PROBLEMS, RECIPE, SMALL, Design, Penalty, Problem, alpha_grid, draw


def plain(record):
    return hashlib.sha256((repr(record) + RECIPE).encode()).hexdigest()[:10]


def test_later_fields_do_not_change_a_key_at_their_defaults():
    for problem in PROBLEMS.values():
        if problem.penalty is None and problem.loss not in losses.NAMES:
            record = asdict(problem)
            del record["penalty"], record["intercept"]
            del record["design"]["block"], record["design"]["classes"], record["design"]["levels"]
            assert problem.key == plain(record)
    assert len({problem.key for problem in (PROBLEMS | SMALL).values()}) == len(PROBLEMS) + len(SMALL)


def test_later_fields_count_where_they_are_set():
    design = Design(20, 10, 0.5, kept=4)
    problem = Problem("small", design, 5, 0.1)
    others = [
        replace(problem, penalty=Penalty("mcp", 3.0)),
        replace(problem, penalty=Penalty("mcp", 2.0)),
        replace(problem, penalty=Penalty("scad", 3.0)),
        replace(problem, intercept=True),
        *(
            replace(problem, design=replace(design, **field))
            for field in ({"block": 2}, {"classes": 3}, {"levels": (2,)})
        ),
    ]
    assert len({problem.key, *(other.key for other in others)}) == 8
    assert len({design.key, *(other.design.key for other in others)}) == 4


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


@pytest.mark.parametrize("loss", ["poisson", "multinomial", "cox"])
def test_a_path_under_another_loss_begins_where_zero_ends(loss):
    design = Design(60, 40, 0.5, kept=10, loss=loss, seed=5, classes=3 if loss == "multinomial" else 1)
    problem = Problem("small", design, 4, 0.1, intercept=loss != "cox")
    X, y = draw(design)
    assert y.shape == ((60, 2) if loss == "cox" else (60,))
    largest = alpha_grid(problem, X, y)[0]
    assert largest == losses.largest_alpha(X, y, losses.of(problem), intercept=problem.intercept)


def test_a_sixth_of_the_columns_tell_the_level():
    levels = (2, 3)
    X, _ = draw(Design(500, 30, 0.5, kept=5, loss="claims", seed=6, levels=levels))
    assert X.flags.f_contiguous
    assert X[:, :25].mean(axis=0) == pytest.approx(0.0, abs=1e-12)
    assert X[:, :25].std(axis=0) == pytest.approx(1.0)
    assert set(np.unique(X[:, 25:])) == {0.0, 1.0}
    for first, last in ((25, 27), (27, 30)):
        assert np.all(X[:, first:last].sum(axis=1) == 1.0)


def test_losses_share_the_columns_of_the_insured(tmp_path, monkeypatch):
    monkeypatch.setenv("LOZENGE_BENCH_CACHE", str(tmp_path))
    design = Design(200, 8, 0.5, kept=3, loss="gamma", seed=7, levels=(3,))
    found = {}
    for loss in ("gamma", "tweedie"):
        problem = Problem(f"small-{loss}", replace(design, loss=loss), 1, 0.1, intercept=True)
        monkeypatch.setitem(SMALL, problem.name, problem)
        found[loss] = problems.load(problem.name)
        X, y = draw(problem.design)
        assert np.array_equal(found[loss].X, X)
        assert np.array_equal(found[loss].y, y)
    assert np.array_equal(found["gamma"].X, found["tweedie"].X)
    assert not np.array_equal(found["gamma"].y, found["tweedie"].y)
    assert len(list(tmp_path.glob("*/X.npy"))) == 1


def test_a_response_has_the_law_it_is_named_for():
    rng = np.random.default_rng(8)
    scores = rng.standard_normal((20_000, 1))
    time, event = problems.respond(rng, "cox", scores).T
    assert event.mean() == pytest.approx(0.7, abs=1e-3)
    assert 1_000 < np.unique(time).size < 19_000  # some are tied
    # Tweedie's variance is 4 μ^1.5, and the chance of no claim exp(-√μ/2).
    y = problems.respond(rng, "tweedie", 0.0 * scores)
    assert y.mean() == pytest.approx(1.0, abs=0.06)
    assert y.var() == pytest.approx(4.0, rel=0.1)
    assert np.mean(y == 0.0) == pytest.approx(np.exp(-0.5), abs=0.02)
    counts = problems.respond(rng, "claims", 0.0 * scores)
    assert counts.mean() == pytest.approx(np.exp(-2.0), abs=0.01)
