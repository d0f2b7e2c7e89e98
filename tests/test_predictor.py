"""The line through the last two solutions: where it leads, and that it only ever helps."""

import numpy as np
import pytest

import lozenge
from lozenge.predictor import extended


def test_a_line_goes_on_as_it_went_and_stops_at_zero():
    old = np.array([1.0, 1.0, 0.0, 2.0, 0.5, 0.0])
    new = np.array([-1.0, 2.0, 1.0, 0.5, 0.0, 0.0])
    # From 4 to 3 and on to 2: the same step again; the first weight is free to change its sign.
    line = extended([(4.0, old), (3.0, new)], 2.0, 1)
    np.testing.assert_array_equal(line, [-3.0, 3.0, 2.0, 0.0, 0.0, 0.0])


@pytest.mark.parametrize("loss", ["logistic", "poisson", "gamma", "multinomial"])
def test_a_whole_path_is_what_each_alpha_is_alone(loss):
    rng = np.random.default_rng(5)
    X = rng.standard_normal((80, 120))
    eta = X[:, :4] @ [1.0, -1.0, 0.5, 0.5]
    y = {
        "logistic": (eta + rng.logistic(size=80) > 0).astype(float),
        "poisson": rng.poisson(np.exp(0.5 * eta)).astype(float),
        "gamma": rng.gamma(2.0, np.exp(0.3 * eta)),
        "multinomial": np.digitize(eta + rng.logistic(size=80), [-1.0, 1.0]),
    }[loss]
    path = lozenge.path(X, y, loss=loss, n_alphas=30, alpha_min_ratio=0.05, tol=1e-10)
    assert path.gaps.max() <= 1e-10
    for k in (9, 19, 29):
        alone = lozenge.path(X, y, loss=loss, alphas=[path.alphas[k]], tol=1e-10).coefs[:, [0]].toarray()
        off = np.abs(path.coefs[:, [k]].toarray() - alone)
        assert off.max() <= 1e-5 * np.abs(alone).max()
