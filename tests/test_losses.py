"""Laws of every registered loss, each on every kind of response that it takes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from lozenge.losses import LOSSES

LD = np.longdouble
# f(y, η) from its definition, in extended precision.  A loss that is registered must be added here.
EXACT = {
    "squared": lambda y, eta: (y - eta) ** 2 / 2,
    "logistic": lambda y, eta: np.where(y == 1, np.logaddexp(LD(0), -eta), np.logaddexp(LD(0), eta)),
}
KINDS = {
    "real": np.array([-2.5, -0.3, 0.0, 1e-3, 1.0, 4.0]),
    "positive": np.array([0.02, 0.5, 1.0, 2.0, 7.5]),
    "counts": np.array([0, 1, 2, 5, 9]),
    "two numbers": np.array([0, 1, 1, 0]),
    "other two numbers": np.array([-1.0, 3.0, -1.0]),
    "booleans": np.array([True, False, True]),
    "words": np.array(["no", "yes", "no"]),
}


def responses(loss):
    """What ``check`` makes of each kind that it takes."""
    for name, y in KINDS.items():
        try:
            yield name, loss.check(y).values
        except ValueError:
            continue


def pairs():
    return [pytest.param(cls(), y, id=f"{name}-{kind}") for name, cls in LOSSES.items() for kind, y in responses(cls())]


every = pytest.mark.parametrize(("loss", "y"), pairs())
losses = pytest.mark.parametrize("loss", [cls() for cls in LOSSES.values()], ids=list(LOSSES))
etas = st.floats(-30, 30)


def slope(function, x, h):
    """Central difference of fourth order."""
    near, far = function(x + h) - function(x - h), function(x + 2 * h) - function(x - 2 * h)
    return (8 * near - far) / (12 * h)


# -- values and derivatives ---------------------------------------------------------------------------------------


def test_every_loss_takes_some_response_and_has_its_definition_here():
    assert set(EXACT) == set(LOSSES)
    for name, cls in LOSSES.items():
        assert list(responses(cls())), name
        assert cls.name == name


@every
@given(eta=etas)
def test_value_is_the_definition(loss, y, eta):
    expected = EXACT[loss.name](y.astype(LD), LD(eta))
    # Below the smallest normal number float64 has no fourteen digits to compare.
    tiny = np.finfo(float).tiny
    np.testing.assert_allclose(loss.value(y, np.float64(eta)), expected.astype(float), rtol=1e-14, atol=tiny)


@every
@given(eta=etas)
def test_gradient_is_the_slope_of_the_value(loss, y, eta):
    for each in y.astype(LD):  # differences of the definition, with digits to spare
        expected = slope(lambda e, each=each: EXACT[loss.name](each, e), LD(eta), LD(1e-3))
        np.testing.assert_allclose(
            loss.gradient(np.float64(each), np.float64(eta)), float(expected), rtol=1e-9, atol=1e-12
        )


@every
@given(eta=etas)
def test_curvature_is_the_slope_of_the_gradient(loss, y, eta):
    expected = slope(lambda e: loss.gradient(y, np.float64(e)), eta, 1e-3)
    size = 1e-11 * (1 + abs(loss.gradient(y, np.float64(eta))))
    np.testing.assert_array_less(abs(loss.curvature(y, np.float64(eta)) - expected), 1e-9 * abs(expected) + size)


@every
def test_curvature_lies_between_zero_and_the_smoothness(loss, y):
    grid = np.concatenate([np.linspace(-40, 40, 4001), [-1000.0, -200.0, 200.0, 1000.0]])
    curve = loss.curvature(y[:, None], grid)
    assert np.all(curve >= 0)
    assert np.all(curve <= loss.smoothness)
    if np.isfinite(loss.smoothness):
        assert curve.max() >= 0.99 * loss.smoothness  # a bound with room in it would loosen every safe zero
    assert loss.quadratic == bool(np.ptp(curve) == 0)


@every
@pytest.mark.parametrize("eta", [-1000.0, -750.0, -700.0, -36.7, 0.0, 36.7, 700.0, 750.0, 1000.0])
def test_finite_and_exact_wherever_the_exact_value_is_a_float(loss, y, eta):
    exact = EXACT[loss.name](y.astype(LD), LD(eta))
    inside = exact <= np.finfo(float).max
    for function in (loss.value, loss.gradient, loss.curvature):
        assert np.isfinite(function(y, np.full(len(y), eta)))[inside].all()
    np.testing.assert_allclose(loss.value(y, np.full(len(y), eta))[inside], exact[inside].astype(float), rtol=1e-14)


@every
def test_everything_broadcasts_and_leaves_its_arguments_alone(loss, y, unchanged):
    eta = np.linspace(-3, 3, 7)
    u = 0.5 * loss.gradient(y[:, None], eta)
    unchanged(y, eta, u)
    for function, second in ((loss.value, eta), (loss.gradient, eta), (loss.curvature, eta), (loss.conjugate, u)):
        found = function(y[:, None], second)
        assert found.shape == (len(y), 7)
        for i in range(len(y)):
            row = second if second.ndim == 1 else second[i]
            np.testing.assert_array_equal(found[i], np.broadcast_to(function(y[i : i + 1], row), 7))
    assert loss.saturated(y).shape == y.shape


# -- duality ------------------------------------------------------------------------------------------------------


@every
@given(eta=etas, at=etas, share=st.floats(-0.5, 1.5))
def test_fenchel_young(loss, y, eta, at, share):
    """f(η) + f*(u) >= uη, with equality at u = f'(η)."""
    eta = np.full(len(y), eta)
    value, own = loss.value(y, eta), loss.gradient(y, eta)
    touching = value + loss.conjugate(y, own) - own * eta
    np.testing.assert_array_less(abs(touching), 1e-13 * (1 + abs(value) + abs(own * eta) + own**2))
    other = share * loss.gradient(y, np.full(len(y), at))
    young = value + loss.conjugate(y, other) - other * eta
    assert np.all(young >= -1e-13 * (1 + abs(value) + abs(other * eta) + other**2))


@every
@given(share=st.floats(0.01, 0.99), at=st.floats(-8, 8))
def test_the_conjugate_is_a_supremum(loss, y, share, at):
    for each in y:
        u = share * float(loss.gradient(each, np.float64(at)))
        found = minimize_scalar(
            lambda e, each=each, u=u: float(loss.value(each, np.float64(e))) - u * e, bracket=(-1, 1)
        )
        conjugate = float(loss.conjugate(each, np.float64(u)))
        if np.isfinite(conjugate):
            np.testing.assert_allclose(conjugate, -found.fun, rtol=1e-9, atol=1e-9)


@every
def test_the_conjugate_is_inf_outside_its_domain_alone(loss, y):
    for sign in (-1.0, 1.0):
        near, end = (loss.gradient(y, np.full(len(y), sign * size)) for size in (500.0, 1000.0))
        bounded = np.isfinite(end) & (abs(end - near) < 1e-12)  # f' has levelled off: no slope lies beyond
        for beyond in (1e-9, 0.1, 10.0, 1e6):
            outside = loss.conjugate(y, end + sign * beyond)
            assert np.all(np.isposinf(outside[bounded]))
            assert np.all(np.isfinite(outside[~bounded & np.isfinite(end)]))
    middle = loss.gradient(y, np.zeros(len(y)))
    assert np.all(np.isfinite(loss.conjugate(y, middle)))
    assert not np.isnan(loss.conjugate(y, np.full(len(y), 1e150))).any()


@every
def test_saturated_is_the_infimum(loss, y):
    grid = np.concatenate([y, np.linspace(-50, 50, 10001), [-1000.0, 1000.0]])
    least = loss.value(y[:, None], grid).min(axis=1)
    assert np.all(least >= loss.saturated(y))
    np.testing.assert_allclose(least, loss.saturated(y), atol=1e-9)


# -- units, means, responses --------------------------------------------------------------------------------------


@losses
@given(st.data())
def test_unit_is_a_power_of_two_under_which_the_loss_is_square(loss, data):
    size = 10.0 ** data.draw(st.integers(-300, 300))
    for name, values in responses(loss):
        y = values * size if name in ("real", "positive") else values
        u = loss.unit(y)
        assert np.frexp(u)[0] == 0.5
        if u != 1.0:
            assert 0.4 <= abs(y / u).max() <= 1.0
        eta = np.array([-1.5, 0.0, 0.25, 3.0])
        inner = loss.value((y / u)[:, None], eta)
        if 1e-150 < u < 1e150:
            np.testing.assert_allclose(loss.value(y[:, None], u * eta), u**2 * inner, rtol=1e-14)
        assert np.isfinite(inner).all()


@losses
def test_unit_of_nothing_is_one(loss):
    assert loss.unit(np.zeros(3)) == 1.0


MEANS = {"squared": lambda eta: eta, "logistic": lambda eta: 1 / (1 + np.exp(-eta))}


@losses
def test_mean(loss):
    eta = np.array([-1000.0, -40.0, -1.0, 0.0, 1.0, 40.0, 1000.0])
    np.testing.assert_allclose(loss.mean(eta), MEANS[loss.name](eta.astype(LD)).astype(float), rtol=1e-14, atol=0)


def test_the_conjugate_of_the_logistic_loss_at_its_ends():
    loss = LOSSES["logistic"]()
    y = np.array([0.0, 0, 0, 1, 1, 1])
    u = np.array([0.0, 1, 0.5, 0, -1, -0.25])
    exact = np.array([0, 0, -np.log(2), 0, 0, 0.75 * np.log(0.75) + 0.25 * np.log(0.25)])
    np.testing.assert_allclose(loss.conjugate(y, u), exact, rtol=1e-15)
    outside = np.array([-1e-300, 1 + 2e-16, 2, 1e-300, -1 - 2.3e-16, -2])
    assert np.all(np.isposinf(loss.conjugate(y, outside)))


@pytest.mark.parametrize("y", [np.array(["a", "b"]), np.array(["1.5", "2"])])
def test_squared_refuses_text(y):
    with pytest.raises(ValueError, match=r"y must be numbers for the squared loss; got str_? values such as '(a|1.5)'"):
        LOSSES["squared"]().check(y)


def test_squared_takes_numbers_as_they_are():
    for y in (np.array([1, 2]), np.array([True, False]), np.array([0.1, -3], dtype=np.float32)):
        target = LOSSES["squared"]().check(y)
        assert target.classes == ()
        assert target.values.dtype == np.float64
        np.testing.assert_array_equal(target.values, y.astype(float))


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (np.zeros(3), r"two classes.*got 1 \(0\.0\)"),
        (np.array(["a", "b", "c", "d", "e"]), r"two classes.*got 5 \(a, b, c, d, …\)"),
        (np.arange(3), r"two classes.*got 3 \(0, 1, 2\)"),
    ],
)
def test_logistic_refuses_other_than_two_classes(y, said):
    with pytest.raises(ValueError, match=said):
        LOSSES["logistic"]().check(y)


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (np.array(["yes", "no", "yes"]), ("no", "yes")),
        (np.array([2, 7, 7]), (2, 7)),
        (np.array([True, False]), (False, True)),
        (np.array([0.5, -0.5]), (-0.5, 0.5)),
    ],
)
def test_logistic_codes_the_larger_label_one(y, classes):
    target = LOSSES["logistic"]().check(y)
    assert target.classes == classes
    np.testing.assert_array_equal(target.values, y == classes[1])
