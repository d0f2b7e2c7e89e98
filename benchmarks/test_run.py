"""What a contestant hands back is what run.py measures: the intercepts too."""

import numpy as np
import pytest

from benchmarks import run, worker
from benchmarks.peers.base import Answer
from benchmarks.problems import Data, Design, Penalty, Problem, alpha_grid, draw


def instance(classes):
    loss = "poisson" if classes == 1 else "multinomial"
    design = Design(80, 6, 0.5, kept=3, loss=loss, seed=1, classes=classes)
    rows = None if classes == 1 else Penalty("rows", 1.0)
    problem = Problem("small", design, 3, 0.99, penalty=rows, intercept=True)
    X, y = draw(design)
    return Data(problem, X, y, alpha_grid(problem, X, y), None)


def null_model(data):
    """(L, q) intercepts of the model without coefficients."""
    if data.problem.outputs == 1:
        return np.full((3, 1), np.log(data.y.mean()))
    return np.tile(np.log(np.bincount(data.y.astype(int)) / data.y.size), (3, 1))


@pytest.mark.parametrize("classes", [1, 3])
def test_intercepts_are_judged_with_the_coefficients(tmp_path, classes):
    data = instance(classes)
    coefs = np.zeros((6 * classes, 3))
    found = {}
    for name, intercepts in (("right", null_model(data)), ("wrong", null_model(data) + np.arange(classes) + 1.0)):
        (tmp_path / name).mkdir()
        worker.write(tmp_path / name, {}, Answer(coefs, intercepts=intercepts), data)
        found[name] = run.judged(data, tmp_path / name, None)["gap"]
    assert 0.0 < found["right"] < 0.1  # at 99 hundredths of the largest alpha
    assert found["wrong"] > 0.2


def test_what_is_missing_is_refused_or_zero(tmp_path):
    data = instance(3)
    coefs = np.zeros((18, 3))
    with pytest.raises(ValueError, match="intercepts must be 3 x 3"):
        worker.write(tmp_path, {}, Answer(coefs, intercepts=np.zeros(3)), data)
    with pytest.raises(ValueError, match="coefficients of full must be"):
        worker.write(tmp_path, {}, Answer(coefs[:6]), data)
    (tmp_path / "full-intercepts.npy").unlink(missing_ok=True)
    worker.write(tmp_path, {}, Answer(coefs), data)
    zero = run.judged(data, tmp_path, None)
    worker.write(tmp_path, {}, Answer(coefs, intercepts=np.zeros((3, 3))), data)
    assert run.judged(data, tmp_path, None) == zero
