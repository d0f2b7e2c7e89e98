"""Laws of every registered loss, at each of a few parameters, on every kind of response that it takes.

What a loss should be is said by `definitions`, in extended precision.  Losses without a value of each row alone are
held to what they say of their sums.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracle
import responses
from definitions import DEFINITIONS, SINGLE
from lozenge import gate
from lozenge.losses import LOSSES
from lozenge.losses.elementwise import LONG

LD = np.longdouble
EPS = float(np.finfo(float).eps)
BIG, TINY = float(np.finfo(float).max), float(np.finfo(float).tiny)
KINDS = {
    "real": np.array([-2.5, -0.3, 0.0, 1e-3, 1.0, 4.0]),
    "positive": np.array([0.02, 0.5, 1.0, 2.0, 7.5]),
    "counts": np.array([0, 1, 2, 5, 9]),
    "two numbers": np.array([0, 1, 1, 0]),
    "other two numbers": np.array([-1.0, 3.0, -1.0]),
    "booleans": np.array([True, False, True]),
    "words": np.array(["no", "yes", "no"]),
    "three words": np.array(["a", "b", "c", "a"]),
    "codes": np.array([0, 1, 2, 3]),
    "columns": np.array([[1.0, -0.5], [0.0, 2.0], [3.0, 1.0]]),
}
EXTREMES = np.array([1e-300, 1e-100, 1e-10, 1e10, 1e100, 1e300])


def kinds(name, parameters):
    """(kind, loss, y) of what a loss takes: its values of all kinds together, or those of each with several outputs."""
    found, together = [], []
    for kind, y in KINDS.items():
        loss = LOSSES[name](**parameters)
        try:
            target = loss.check(y)
        except ValueError:
            continue
        loss = loss.on(target)
        if loss.width > 1:
            found.append((f"-{kind}", loss, target.values))
        else:
            together.append(target.values)
    return [("", loss, np.unique(np.concatenate(together)))] if together else found


def has_rows(name):
    """Whether a loss has a value of each row alone."""
    return hasattr(LOSSES[name], "value")


def grid(loss, y, far=30.0):
    """Y and η that broadcast: (n, 1, ...) and (n, m) or (n, m, q)."""
    rng = np.random.default_rng(len(y))
    if loss.width == 1:
        line = np.concatenate([np.linspace(-far, far, 61), rng.normal(0, 2, 20)])
        return y[:, None], np.broadcast_to(line, (len(y), len(line)))
    eta = np.concatenate([rng.normal(0, s, (len(y), 20, loss.width)) for s in (0.3, 2.0, far / 3)], axis=1)
    # The ordinal loss is finite where its outputs fall.
    return y[:, None], -np.sort(-eta, axis=-1) - 0.3 * np.arange(loss.width)


ROWS = {
    f"{label}{kind}": (name, parameters, loss, y)
    for label, (name, parameters) in responses.MADE.items()
    if has_rows(name) and name in DEFINITIONS
    for kind, loss, y in kinds(name, parameters)
}
SINGLES = {label: case for label, case in ROWS.items() if case[0] in SINGLE}
BOUND = {label: case for label, case in responses.MADE.items() if case[0] in responses.DRAWN}


def over(cases, names):
    return pytest.mark.parametrize(names, cases.values(), ids=cases.keys())


every = over(ROWS, ("name", "parameters", "loss", "y"))
single = over(SINGLES, ("name", "parameters", "loss", "y"))
made = over(BOUND, ("name", "parameters"))


def exactly(name, parameters, y, eta):
    """(definition, y, η) in extended precision."""
    return DEFINITIONS[name](**parameters), y.astype(LD), eta.astype(LD)


def directions(loss):
    """Along which outputs move where a weight does."""
    q = loss.width
    if q == 1:
        return [LD(1)]
    return [np.ones(q, dtype=LD)] if loss.shared else list(np.eye(q, dtype=LD))


H = LD(1e-3)


ONE = LD(1)


def slope(function, x, d=ONE):
    """Central difference of fourth order along d."""
    near, far = function(x + H * d) - function(x - H * d), function(x + 2 * H * d) - function(x - 2 * H * d)
    return (8 * near - far) / (12 * H)


def smooth(f, y, eta):
    """(n, m) where no kink of f' is near."""
    found = np.ones(eta.shape[:2], dtype=bool)
    for kink in f.kinks(y):
        found &= abs(eta - kink) > 8 * H
    return found


def near(found, expected, room, what=""):
    """|found - expected| <= room, else which entry misses it by most."""
    found, expected, room = np.broadcast_arrays(found, expected, room)
    missed = abs(found - expected) > room
    if missed.any() or np.isnan(found).any():
        k = np.unravel_index(
            np.argmax(np.where(missed, abs(found - expected) / np.maximum(room, TINY), 0)), missed.shape
        )
        raise AssertionError(
            f"{what} {missed.sum()} of {missed.size}; at {k} {found[k]} is not {expected[k]} ± {room[k]}"
        )


def moved(eta, gradient, q):
    """|f'η|, to which the rounding of η itself is in proportion."""
    return abs(eta * gradient) if q == 1 else abs(eta * gradient).sum(axis=-1)


# -- values and derivatives ---------------------------------------------------------------------------------------


def test_every_loss_is_looked_at():
    """A loss that is registered must be drawn in `responses` and, where rows have values, defined in `definitions`."""
    assert set(LOSSES) <= set(responses.DRAWN)
    assert {name for name in LOSSES if has_rows(name)} <= set(DEFINITIONS) | {"quantile"}
    for name, cls in LOSSES.items():
        assert cls.name == name
    for name, parameters in responses.MADE.values():
        if has_rows(name):
            assert list(kinds(name, parameters)), name


@every
def test_value_is_the_definition(name, parameters, loss, y):
    y, eta = grid(loss, y)
    f, exact, at = exactly(name, parameters, y, eta)
    room = 8 * EPS * (f.size(exact, at) + moved(at, loss.gradient(y, eta), loss.width)) + TINY
    near(loss.value(y, eta), f.value(exact, at), room)


@every
def test_gradient_is_the_slope_of_the_definition(name, parameters, loss, y):
    y, eta = grid(loss, y)
    f, exact, at = exactly(name, parameters, y, eta)
    found = loss.gradient(y, eta)
    found = found if loss.width > 1 else found[..., None]
    far = f.size(exact, at)
    for k, d in enumerate(np.eye(loss.width, dtype=LD)):
        expected = slope(lambda e: f.value(exact, e), at, d if loss.width > 1 else LD(1))
        room = 1e-9 * abs(expected) + 1e-12 * (1 + far)
        usual = smooth(f, exact, at)
        near(found[..., k][usual], expected[usual], room[usual])


@every
def test_curvature_is_the_slope_of_the_slope(name, parameters, loss, y):
    y, eta = grid(loss, y)
    f, exact, at = exactly(name, parameters, y, eta)
    found, q = loss.curvature(y, eta), loss.width
    if found.ndim == eta.ndim and q > 1:  # the diagonal alone
        found = found[..., None] * np.eye(q)
    found = found.reshape(*eta.shape[: 2 if q > 1 else None], q, q)
    unit = np.eye(q, dtype=LD) if q > 1 else [LD(1)]
    usual = smooth(f, exact, at)
    for k in range(q):
        for j in range(q):
            expected = slope(lambda e, k=k: slope(lambda a: f.value(exact, a), e, unit[k]), at, unit[j])
            room = 1e-9 * abs(expected) + 1e-10 * (1 + f.size(exact, at))
            near(found[..., k, j][usual], expected[usual], room[usual])


@single
def test_derivatives_to_the_last_digits(name, parameters, loss, y):
    """Small ones too: what a tail is worth is not lost in a difference."""
    y, eta = grid(loss, y)
    f, exact, at = exactly(name, parameters, y, eta)
    curve = f.curve(exact, at)
    far = 1 + abs(at) + abs(np.log(np.where(exact > 0, exact, 1)))
    # f' is a difference of terms whose slopes add up to f''.
    steep = np.where(np.isin(name, ["squared", "huber", "squared_hinge"]), abs(exact) + abs(at) + 1, curve * 4)
    near(loss.gradient(y, eta), f.slope(exact, at), 4 * EPS * far * (abs(f.slope(exact, at)) + steep) + TINY)
    usual = smooth(f, exact, at)
    near(loss.curvature(y, eta)[usual], curve[usual], (8 * EPS * far * curve + TINY)[usual])


@every
def test_curvature_lies_between_zero_and_the_smoothness(name, parameters, loss, y):
    del name, parameters
    y, eta = grid(loss, y)
    if loss.width == 1:
        eta = np.concatenate([np.linspace(-40, 40, 4001), [-600.0, -200.0, 200.0, 600.0]])[None]
    curve = loss.curvature(y, eta)
    assert loss.quadratic == bool(np.ptp(curve.reshape(-1, *curve.shape[2:]), axis=0).max() == 0)
    if loss.width > 1:
        block = curve if curve.ndim > eta.ndim else curve[..., None] * np.eye(loss.width)
        curve = np.stack([np.einsum("k,...kl,l->...", *(float_(d), block, float_(d))) for d in directions(loss)], -1)
    assert np.all(curve >= -4 * EPS * np.max(abs(curve)) * (loss.width > 1))
    assert np.all(curve <= loss.smoothness * (1 + 4 * EPS))
    if np.isfinite(loss.smoothness) and loss.width == 1:
        assert curve.max() >= 0.99 * loss.smoothness  # a bound with room in it would loosen every safe zero


def float_(d):
    return d.astype(float)


@every
def test_the_third_derivative_is_bounded_by_the_second(name, parameters, loss, y):
    """|f'''| <= c f'' along every direction in which a weight moves the outputs, with no room in c."""
    if not np.isfinite(loss.concordance):
        return
    y, eta = grid(loss, y, far=12.0)
    f, exact, at = exactly(name, parameters, y, eta)
    most = 0.0
    for d in directions(loss):
        if loss.width == 1:
            second, third = f.curve(exact, at), slope(lambda e: f.curve(exact, e), at)
        else:
            second, third = (along(lambda e: f.value(exact, e), at, d, order) for order in (2, 3))
        size = 1 + f.size(exact, at) if loss.width > 1 else 0  # nested differences have fewer digits
        assert np.all(abs(third) <= loss.concordance * second * (1 + 1e-9) + 1e-8 * size)
        seen = second > 1e-3 * size
        most = max(most, float(np.max(np.where(seen, abs(third) / np.where(seen, second, 1), 0))))
    assert most >= 0.9 * loss.concordance


def along(function, x, d, order):
    """A derivative along d by nested differences."""
    return slope(function, x, d) if order == 1 else slope(lambda e: along(function, e, d, order - 1), x, d)


@single
def test_newtons_model_has_a_minimum(name, parameters, loss, y):
    """Never f'' below 0, and something wherever f'' has vanished and f' has not."""
    y, eta = grid(loss, y)
    f, exact, at = exactly(name, parameters, y, eta)
    bend = loss.bend(y, eta)
    assert np.all(bend >= 0)
    flat = (f.curve(exact, at) == 0) & (f.slope(exact, at) != 0)
    assert np.all(bend[flat] > 0)
    curved = smooth(f, exact, at) & (f.curve(exact, at) > 0)
    np.testing.assert_array_equal(bend[curved], loss.curvature(y, eta)[curved])


# -- extremes -----------------------------------------------------------------------------------------------------


def extremes(loss, y):
    """Responses of all sizes too, unless they are classes, or have a unit that is taken off."""
    return y if _has_classes(loss) or loss.unit(3.0 * y) != 1.0 else np.concatenate([y, EXTREMES])


def _has_classes(loss):
    try:
        return bool(loss.check(np.array(["a", "b"])).classes)
    except ValueError:
        return False


@single
@pytest.mark.parametrize("eta", [-1000.0, -750.0, -700.0, -36.7, -1e-300, 0.0, 1e-300, 36.7, 700.0, 750.0, 1000.0])
def test_finite_and_exact_wherever_the_exact_value_is_a_float(name, parameters, loss, y, eta):
    if not oracle.EXTENDED:
        pytest.skip("needs the range of an extended double")
    y = extremes(loss, y)
    eta = np.full(len(y), eta)
    f, exact, at = exactly(name, parameters, y, eta)
    far = 1 + abs(at) + abs(np.log(np.where(exact > 0, exact, 1)))
    with np.errstate(over="ignore"):
        wanted = {
            "value": (f.value(exact, at), f.size(exact, at)),
            "gradient": (f.slope(exact, at), abs(f.slope(exact, at)) + abs(exact)),
            "curvature": (f.curve(exact, at), f.curve(exact, at)),
            "saturated": (f.saturated(exact), abs(f.saturated(exact)) + 1),
        }
    for law, (expected, size) in wanted.items():
        found = loss.saturated(y) if law == "saturated" else getattr(loss, law)(y, eta)
        inside = abs(expected) <= BIG / 8
        assert np.isfinite(found[inside]).all(), (law, y[inside][~np.isfinite(found[inside])])
        with np.errstate(over="ignore"):
            # A factor may underflow that stands beside a large one.
            near(found[inside], expected[inside], (8 * EPS * far * size + TINY * (1 + abs(exact)))[inside], law)
        assert not np.isnan(found).any(), (law, y[np.isnan(found)])


@every
def test_everything_broadcasts_and_leaves_its_arguments_alone(name, parameters, loss, y, unchanged):
    del name, parameters
    many, eta = grid(loss, y, far=3.0)
    eta = eta.copy()
    u = 0.5 * loss.gradient(many, eta)
    unchanged(y, eta, u)
    asked = [(loss.value, eta), (loss.gradient, eta), (loss.curvature, eta), (loss.bend, eta), (loss.room, eta)]
    for function, second in [*asked, (loss.conjugate, u)]:
        found = function(many, second)
        assert found.shape[:2] == eta.shape[:2]
        for i in range(len(y)):
            np.testing.assert_array_equal(found[i], function(y[i : i + 1], second[i]), strict=True)
            np.testing.assert_allclose(found[i, 0], function(y[i], second[i, 0]), rtol=4 * EPS, atol=1e-15)
    assert loss.saturated(y).shape == y.shape[:1]


# -- duality ------------------------------------------------------------------------------------------------------


@every
def test_fenchel_young(name, parameters, loss, y):
    """f(η) + f*(u) >= uη, with equality at u = f'(η)."""
    y, eta = grid(loss, y)
    f, exact, at = exactly(name, parameters, y, eta)
    value, own = loss.value(y, eta), loss.gradient(y, eta)

    def young(u):
        product = u * eta if loss.width == 1 else (u * eta).sum(axis=-1)
        size = (abs(u) * (1 + abs(eta))) if loss.width == 1 else (abs(u) * (1 + abs(eta))).sum(axis=-1)
        dual = loss.conjugate(y, u)
        whole = abs(y) if y.ndim == product.ndim else abs(y).sum(axis=-1)
        room = 16 * EPS * (f.size(exact, at) + abs(dual) + size + whole + 1 + max(parameters.values(), default=0))
        return value + dual - product, room

    touching, room = young(own)
    near(touching, 0.0, room)
    rng = np.random.default_rng(0)
    for share in (0.0, 0.3, 0.9, 1.0):
        other, room = young(share * loss.gradient(y, eta[:, rng.permutation(eta.shape[1])]))
        assert np.all(other >= -room)


@single
def test_the_conjugate_is_a_supremum(name, parameters, loss, y):
    """By bisection of f' = u in extended precision: equal to it, and never below, but for rounding."""
    y, eta = grid(loss, extremes(loss, y), far=12.0)
    eta = eta[:, ::3]
    f, exact, _ = exactly(name, parameters, y, eta)
    for share in (0.0, 0.5, 1.0):
        u = share * loss.gradient(y, eta)
        dual, target = loss.conjugate(y, u), u.astype(LD)
        low, high = np.full_like(target, -2000), np.full_like(target, 2000)
        if f.real:
            low, high = low - abs(exact), high + abs(exact)
        for _ in range(150):
            middle = (low + high) / 2
            above = f.slope(exact, middle) > target
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        best = (low + high) / 2
        value = f.value(exact, best)
        sup = target * best - value
        size = f.conjugate_size(exact, target) + abs(target) * (1 + abs(np.log(np.where(exact > 0, exact, 1))))
        assert np.isfinite(dual).all()
        near(dual, sup, 8 * EPS * (size + abs(sup)) + 1e-18 * f.size(exact, best) + 1e-70)


@single
def test_the_conjugate_is_inf_outside_its_domain_alone(name, parameters, loss, y):
    f, exact, _ = exactly(name, parameters, y, y)
    for end, sign in zip(f.domain(exact), (-1.0, 1.0), strict=True):
        ends = np.isfinite(end)
        edge = np.where(ends, end, 0).astype(float)
        assert np.isfinite(loss.conjugate(y, edge)).all()
        for beyond in (1e-9, 0.1, 10.0, 1e6):
            found = loss.conjugate(y, edge + sign * beyond * (1 + abs(edge)))
            assert np.all(np.isposinf(found[ends]))
            assert np.all(np.isfinite(found[~ends]))
    assert not np.isnan(loss.conjugate(y, np.full(len(y), 1e150))).any()
    assert not np.isnan(loss.conjugate(y, np.full(len(y), -1e150))).any()


@single
def test_a_dual_point_may_move_where_there_is_room(name, parameters, loss, y):
    """U = f' - room·d is in the domain of f* for small d, at kinks and in the tails too."""
    f = DEFINITIONS[name](**parameters)
    y, eta = grid(loss, extremes(loss, y), far=80.0)
    kinks = [np.broadcast_to(k, y.shape).astype(float) for k in f.kinks(y.astype(LD))]
    eta = np.concatenate([eta, *kinks, *(np.nextafter(k, s * np.inf) for k in kinks for s in (-1, 1))], axis=1)
    gradient, room = loss.gradient(y, eta), loss.room(y, eta)
    assert np.all(room >= 0)
    for d in (-1e-3, -1e-12, 0.0, 1e-12, 1e-3):
        for scale in (1.0, 1 - 1e-12, 0.3, 0.0):
            with np.errstate(over="ignore", invalid="ignore"):  # far out
                u = scale * (gradient - room * d)
            usual = abs(u) < 1e290
            assert np.all(loss.conjugate(y, np.where(usual, u, 0.0)) < np.inf)


@every
def test_saturated_is_the_infimum(name, parameters, loss, y):
    many, eta = grid(loss, y)
    f, exact, _ = exactly(name, parameters, y, y)
    if loss.width == 1:
        levels = np.log(np.where(y > 0, y, 1.0))  # where e^η = y
        eta = np.concatenate([y, levels, np.linspace(-50, 50, 10001), [-1000.0, 700.0]])[None]
    elif y.shape[1:] == (loss.width,):
        eta = np.concatenate([eta, many, 1000 * many], axis=1)
    else:
        eta = np.concatenate([eta, 50 - 100.0 * (np.arange(loss.width) >= many[:, :, None])], axis=1)
    least = loss.value(many, eta).min(axis=1)
    assert np.all(least >= loss.saturated(y) - 8 * EPS * (1 + abs(loss.saturated(y))))
    np.testing.assert_allclose(least, loss.saturated(y), atol=1e-9)
    np.testing.assert_allclose(loss.saturated(y), f.saturated(exact).astype(float), rtol=1e-14, atol=1e-14)
    zero = np.zeros_like(eta[:, 0]) if loss.width > 1 else np.zeros(len(y))
    np.testing.assert_allclose(-loss.conjugate(y, zero[: len(y)]), loss.saturated(y), rtol=1e-14, atol=1e-14)


# -- sums over rows -------------------------------------------------------------------------------------------------


def rows(name, parameters, n=30, m=3, seed=0):
    """(loss, y, w, η) of m candidates: weights of all kinds, rows of weight 0 among them."""
    rng = np.random.default_rng(seed)
    target = LOSSES[name](**parameters).check(responses.draw(name, rng.normal(0, 1, n), rng, **parameters))
    loss = LOSSES[name](**parameters).on(target)
    shape = (n, m) if loss.width == 1 else (n, m, loss.width)
    eta = rng.normal(0, 1, shape)
    if loss.width > 1:
        eta = -np.sort(-eta, axis=-1)
    w = rng.choice([0.0, 0.5, 1.0, 3.0], (n, m))
    w[:4] = 1.0
    return loss, target.values, w, eta


@over({label: case for label, case in BOUND.items() if has_rows(case[0])}, ("name", "parameters"))
def test_sums_are_those_of_the_rows(name, parameters):
    loss, y, w, eta = rows(name, parameters)
    many, q = y[:, None], loss.width
    lifted = w[..., None] if q > 1 else w
    np.testing.assert_allclose(loss.total(y, w, eta), (w * loss.value(many, eta)).sum(axis=0), rtol=1e-14)
    np.testing.assert_array_equal(loss.slopes(y, w, eta), lifted * loss.gradient(many, eta))
    found = []
    for law, each in ((loss.bends, loss.bend), (loss.rooms, loss.room)):
        of_rows = each(many, eta)
        found.append(law(y, w, eta))
        np.testing.assert_array_equal(found[-1], w.reshape(w.shape + (1,) * (of_rows.ndim - 2)) * of_rows)
    d = np.random.default_rng(1).normal(size=eta.shape)
    bends, rooms = found
    product = bends * d if bends.ndim == eta.ndim else np.einsum("...kl,...l->...k", bends, d)
    np.testing.assert_allclose(loss.along(y, w, eta, d), product, rtol=1e-14, atol=1e-16)
    np.testing.assert_allclose(loss.least(y, w), loss.saturated(y) @ w, rtol=1e-14)
    scale, shift = np.array([1.0, 0.6, 0.0]), 1e-3 * d
    room = loss.room(many, eta)
    drawn = room * shift if rooms.ndim == eta.ndim else np.einsum("...kl,...l->...k", room, shift)
    u = scale.reshape(-1, *(1,) * (q > 1)) * (loss.gradient(many, eta) - drawn)
    product = u * eta if q == 1 else (u * eta).sum(axis=-1)
    primal, dual = loss.value(many, eta), loss.conjugate(many, u)
    young, rough = loss.young(y, w, eta, scale, shift)
    size = (w * (abs(primal) + abs(dual) + abs(product))).sum(axis=0)
    near(young, (w * (primal + dual - product)).sum(axis=0), 8 * EPS * size)
    assert np.all(rough >= EPS * size)
    assert np.all(rough <= 100 * EPS * size)


@over({label: case for label, case in BOUND.items() if case[0] in SINGLE}, ("name", "parameters"))
def test_the_rounding_of_young_is_within_its_bound(name, parameters):
    """Against extended precision at the same u, at the optimum of every row and elsewhere."""
    for seed in range(5):
        loss, y, w, eta = rows(name, parameters, seed=seed)
        f = DEFINITIONS[name](**parameters)
        shift = 1e-3 * np.random.default_rng(seed).normal(size=eta.shape)
        for scale in (np.ones(3), np.array([1.0, 0.6, 0.1])):
            u = scale * (loss.gradient(y[:, None], eta) - loss.room(y[:, None], eta) * shift)
            exact = (w.astype(LD) * f.young(y[:, None].astype(LD), eta.astype(LD), u.astype(LD))).sum(axis=0)
            young, rough = loss.young(y, w, eta, scale, shift)
            near(young, exact, rough)


@over({label: case for label, case in BOUND.items() if case[0] in SINGLE}, ("name", "parameters"))
def test_the_rounding_of_young_is_within_its_bound_in_every_row(name, parameters):
    """Near the saturated fit and far from it, where terms cancel to nothing and where they do not."""
    loss, f = LOSSES[name](**parameters), DEFINITIONS[name](**parameters)
    sizes = np.array([0, 1e-6, 1e-3, 0.3, 1, 2, np.e, 5, 50, 1e3, 1e5, 1e8])
    classes = _has_classes(loss)
    y = sizes[:2] > 0 if classes else sizes[(sizes > 0) | (name != "gamma" and parameters.get("power") != 2.0)]
    y = y.astype(float)
    at = y if classes or f.real else np.log(np.where(y > 0, y, 1.0))
    rng = np.random.default_rng(0)
    for each, level in zip(y, at, strict=True):
        eta = (level + np.concatenate([rng.normal(0, s, 20) for s in (1e-6, 1e-3, 0.1, 1, 5)]))[None]
        one, w = np.array([each]), np.ones_like(eta)
        for scale in (1.0, 1 - 1e-6, 0.5, 0.0):
            for shift in (0.0, 1e-3):
                u = scale * (loss.gradient(one[:, None], eta) - loss.room(one[:, None], eta) * shift)
                young, rough = loss.young(one, w, eta, np.full(eta.size, scale), np.full(eta.shape, shift))
                near(young, f.young(LD(each), eta[0].astype(LD), u[0].astype(LD)), rough, f"y {each}, scale {scale}")


@made
def test_rows_of_weight_zero_count_nothing(name, parameters):
    loss, y, w, eta = rows(name, parameters)
    wild = eta.copy()
    wild[w == 0.0] *= 1e6  # the values of many a loss overflow there
    d = np.random.default_rng(1).normal(size=eta.shape)
    used = np.flatnonzero((w > 0).any(axis=1))
    for law in ("total", "slopes", "bends", "rooms"):
        one, other = (getattr(loss, law)(y, w, e) for e in (eta, wild))
        assert np.isfinite(other).all(), law
        np.testing.assert_array_equal(other, one, err_msg=law)
    assert np.isfinite(loss.along(y, w, wild, d)).all()
    np.testing.assert_array_equal(loss.along(y, w, wild, d), loss.along(y, w, eta, d))
    if loss.gapped:
        scale, shift = np.array([1.0, 0.5, 0.0]), 1e-3 * d
        for one, other in zip(loss.young(y, w, eta, scale, shift), loss.young(y, w, wild, scale, shift), strict=True):
            assert np.isfinite(one).all()
            np.testing.assert_allclose(other, one, rtol=1e-14)
    np.testing.assert_allclose(loss.start(y[used], w[used]), loss.start(y, w), rtol=1e-14)
    np.testing.assert_allclose(loss.least(y[used], w[used]), loss.least(y, w), rtol=1e-14)


@made
def test_slopes_are_those_of_the_total(name, parameters):
    loss, y, w, eta = rows(name, parameters)
    rng, h = np.random.default_rng(2), 1e-4
    for _ in range(3):
        d = rng.normal(size=eta.shape)
        if loss.width > 1:
            d = np.broadcast_to(d[..., :1], eta.shape)  # outputs that must fall go on falling
        axes = tuple(k for k in range(eta.ndim) if k != 1)
        expected = slope_of(lambda t, d=d: loss.total(y, w, eta + t * d), h)
        found = (loss.slopes(y, w, eta) * d).sum(axis=axes)
        near(found, expected, 1e-7 * (1 + abs(expected)) + 1e-10 * abs(loss.total(y, w, eta)))


@made
def test_along_is_the_slope_of_the_slopes(name, parameters):
    """Where there is no kink; rows that are bound together give what is left of the bends."""
    loss, y, w, eta = rows(name, parameters)
    rng, h = np.random.default_rng(3), 1e-4
    d = rng.normal(size=eta.shape)
    if loss.width > 1:
        d = np.broadcast_to(d[..., :1], eta.shape).copy()
    along = loss.along(y, w, eta, d)
    assert along.shape == eta.shape
    if name not in {"huber", "squared_hinge", "quantile"}:
        expected = slope_of(lambda t: loss.slopes(y, w, eta + t * d), h)
        near(along, expected, 1e-6 * (1 + abs(expected)))
    bends = loss.bends(y, w, eta)
    for c in range(w.shape[1]):
        bonds = list(loss.bonds(y, w[:, c], eta[:, c]))
        assert bool(bonds) == loss.bound
        own = bends[:, c] * d[:, c] if bends.ndim == eta.ndim else np.einsum("ikl,il->ik", bends[:, c], d[:, c])
        curve = float(np.sum(d[:, c] * own))
        left = curve - sum(float(np.sum(np.square(U.T @ d[:, c]))) for U in bonds)
        above = left - np.sum(d[:, c] * along[:, c])
        assert -1e-11 * (1 + curve) <= above <= (0.05 * curve if bonds else 1e-11 * (1 + curve))


def slope_of(function, h):
    return (8 * (function(h) - function(-h)) - (function(2 * h) - function(-2 * h))) / (12 * h)


@made
def test_young_is_never_negative_and_vanishes_at_the_gradient(name, parameters):
    loss, y, w, eta = rows(name, parameters)
    if not loss.gapped:
        return
    nothing = np.zeros(eta.shape)
    for scale in (1.0, 0.7, 0.0):
        young, rough = loss.young(y, w, eta, np.full(3, scale), nothing)
        assert np.all(young >= -rough)
        assert np.all(rough <= 1e-11 * (1 + abs(loss.total(y, w, eta)) + abs(young)))
        if scale == 1.0 and name in DEFINITIONS:
            assert np.all(young <= rough + 1e-13)
        if scale == 0.0:  # f(η) + f*(0) = f(η) - inf f
            near(young, loss.total(y, w, eta) - loss.least(y, w), 1e-9 * (1 + abs(young)))


@made
def test_the_least_is_below_every_total_and_the_start_is_near(name, parameters):
    loss, y, w, eta = rows(name, parameters)
    assert np.all(loss.total(y, w, eta) >= loss.least(y, w))
    start = loss.start(y, w)
    assert start.shape == (loss.width, 3)
    level = np.broadcast_to(start.T[None] if loss.width > 1 else start, eta.shape)
    at_start = loss.total(y, w, level)
    assert np.isfinite(at_start).all()
    if name == "ordinal":  # whose outputs fall
        return
    assert np.all(at_start <= loss.total(y, w, np.zeros(eta.shape)) * (1 + 1e-12) + 1e-9)
    pull = loss.slopes(y, w, level).sum(axis=0)
    if name in {"poisson", "gamma", "negative_binomial", "multinomial"} or parameters.get("power"):
        near(pull, 0.0, 1e-12 * np.sum(abs(loss.slopes(y, w, level)), axis=0) + 1e-13)
    if name == "huber":
        # Half the rows lie δ above the median less δ or further, and pull that far together.
        for side in (-1, 1):
            beyond = loss.slopes(y, w, level + side * parameters["delta"]).sum(axis=0)
            assert np.all(side * beyond >= -1e-12)


@pytest.mark.parametrize("name", ["poisson", "tweedie", "negative_binomial"])
def test_the_start_of_no_counts_at_all_is_finite(name):
    assert np.isfinite(LOSSES[name]().start(np.zeros(3), np.ones((3, 2)))).all()


@made
def test_many_rows_are_the_same_as_few(name, parameters):
    """On as many threads as there are, bit for bit."""
    loss, y, w, eta = rows(name, parameters, n=1 + LONG // 3)
    if not has_rows(name):
        return
    parts = np.array_split(np.arange(len(y)), 7)
    for law in ("slopes", "bends", "rooms"):
        whole = getattr(loss, law)(y, w, eta)
        few = np.concatenate([getattr(loss, law)(y[part], w[part], eta[part]) for part in parts])
        np.testing.assert_array_equal(whole, few)


# -- units, means, responses --------------------------------------------------------------------------------------


@over(ROWS, ("name", "parameters", "loss", "y"))
@given(exponent=st.integers(-300, 300))
def test_unit_is_a_power_of_two_under_which_the_loss_is_square(name, parameters, loss, y, exponent):  # noqa: ARG001 - of `over`
    if loss.unit(3.0 * y) != 1.0:
        y = y * 10.0**exponent
    u = loss.unit(y)
    assert np.frexp(u)[0] == 0.5
    if u == 1.0:
        return
    assert 0.4 <= abs(y / u).max() <= 1.0
    many, eta = grid(loss, y / u, far=3.0)
    inner = loss.value(many, eta)
    assert np.isfinite(inner).all()
    if 1e-150 < u < 1e150:
        np.testing.assert_allclose(loss.value(u * many, u * eta), u**2 * inner, rtol=1e-14)


@made
def test_unit_of_nothing_is_one(name, parameters):
    loss, y, _, _ = rows(name, parameters)
    assert loss.unit(np.zeros_like(y)) == 1.0


def _expit(eta):
    return 1 / (1 + np.exp(-eta))


MEANS = {
    "squared": lambda eta: eta,
    "huber": lambda eta: eta,
    "logistic": _expit,
    "squared_hinge": lambda eta: eta > 0,
    "poisson": np.exp,
    "gamma": np.exp,
    "tweedie": np.exp,
    "negative_binomial": np.exp,
}


@over({label: case for label, case in BOUND.items() if case[0] in MEANS}, ("name", "parameters"))
def test_mean(name, parameters):
    eta = np.array([-1000.0, -40.0, -1.0, 0.0, 1.0, 40.0, 1000.0])
    with np.errstate(over="ignore"):  # e^1000 is no float64
        expected = np.asarray(MEANS[name](eta.astype(LD))).astype(float)
    np.testing.assert_allclose(LOSSES[name](**parameters).mean(eta), expected, rtol=1e-14, atol=0)


@made
def test_classes_and_chances_or_a_refusal(name, parameters):
    loss, y, _, eta = rows(name, parameters)
    target = LOSSES[name](**parameters).check(responses.draw(name, np.zeros(9), np.random.default_rng(0), **parameters))
    if target.classes:
        decided = loss.decided(eta[:, 0])
        assert decided.shape == (len(y),)
        assert np.isin(decided, np.arange(len(target.classes))).all()
    else:
        with pytest.raises(ValueError, match="no classes"):
            loss.decided(eta[:, 0])
    if target.classes and name != "squared_hinge":
        chances = loss.chances(eta[:, 0])
        assert chances.shape == (len(y), len(target.classes))
        assert np.all(chances >= 0)
        np.testing.assert_allclose(chances.sum(axis=1), 1.0, rtol=1e-14)
        if loss.width == 1 or not loss.shared:
            np.testing.assert_array_equal(np.argmax(chances, axis=1), loss.decided(eta[:, 0]))
    else:
        with pytest.raises(ValueError, match="probabilities need"):
            loss.chances(eta[:, 0])


def test_the_conjugate_of_the_logistic_loss_at_its_ends():
    loss = LOSSES["logistic"]()
    y = np.array([0.0, 0, 0, 1, 1, 1])
    u = np.array([0.0, 1, 0.5, 0, -1, -0.25])
    exact = np.array([0, 0, -np.log(2), 0, 0, 0.75 * np.log(0.75) + 0.25 * np.log(0.25)])
    np.testing.assert_allclose(loss.conjugate(y, u), exact, rtol=1e-15)
    outside = np.array([-1e-300, 1 + 2e-16, 2, 1e-300, -1 - 2.3e-16, -2])
    assert np.all(np.isposinf(loss.conjugate(y, outside)))


NUMBERS = [name for name in ("squared", "poisson", "gamma", "tweedie", "negative_binomial", "huber") if name in LOSSES]
CLASSES = [name for name in ("logistic", "squared_hinge") if name in LOSSES]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("y", [np.array(["a", "b"]), np.array(["1.5", "2"])])
def test_text_is_refused_where_numbers_are_meant(name, y):
    with pytest.raises(ValueError, match=rf"y must be numbers for loss='{name}'; got str_? values such as '(a|1.5)'"):
        LOSSES[name]().check(y)


@pytest.mark.parametrize("name", [*NUMBERS, *CLASSES])
def test_columns_are_refused_where_there_is_one_response(name):
    with pytest.raises(ValueError, match=rf"one-dimensional for loss='{name}'; got shape \(3, 2\)"):
        LOSSES[name]().check(np.ones((3, 2)))


@pytest.mark.parametrize("name", ["squared", "huber"])
def test_numbers_are_taken_as_they_are(name):
    for y in (np.array([1, 2]), np.array([True, False]), np.array([0.1, -3], dtype=np.float32)):
        target = LOSSES[name]().check(y)
        assert target.classes == ()
        assert target.values.dtype == np.float64
        np.testing.assert_array_equal(target.values, y.astype(float))


@pytest.mark.parametrize(
    ("name", "parameters", "y", "said"),
    [
        *(
            (name, {}, y, said)
            for name in ("poisson", "tweedie", "negative_binomial")
            for y, said in (
                ([1.0, 2.0, -1.5], r"zero or positive .*got -1\.5 in row 2: use loss='squared' or 'huber'"),
                ([-3, 2, -1], r"got -3 in row 0 \(and 1 more\)"),
            )
        ),
        ("gamma", {}, [1.0, 0.0, 2.0], r"must be positive .*got 0 in row 1: drop the row, or use loss='tweedie'"),
        ("gamma", {}, [1.0, -2.0, 0.0], r"must be positive .*got -2 in row 1 \(and 1 more\): use loss='squared'"),
        ("tweedie", {"power": 2.0}, [1.0, 0.0], r"must be positive .*got 0 in row 1"),
    ],
)
def test_a_response_of_the_wrong_sign_is_named_with_its_row(name, parameters, y, said):
    with pytest.raises(ValueError, match=said):
        LOSSES[name](**parameters).check(np.array(y))


@pytest.mark.parametrize("name", ["poisson", "tweedie", "negative_binomial"])
@pytest.mark.parametrize("y", [[0, 1], [0.0, 0.0], [True, False], [0.25, 1e300, 5e-324]])
def test_zeros_and_rates_are_taken(name, y):
    np.testing.assert_array_equal(LOSSES[name]().check(np.array(y)).values, np.array(y, dtype=float))


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize(
    ("y", "said"),
    [
        (np.zeros(3), r"two classes.*got 1 \(0\)"),
        (np.array(["a", "b", "c", "d", "e"]), r"two classes.*got 5 \(a, b, c, d, …\)"),
        (np.arange(3), r"two classes.*got 3 \(0, 1, 2\)"),
    ],
)
def test_other_than_two_classes_are_refused(name, y, said):
    with pytest.raises(ValueError, match=said):
        LOSSES[name]().check(y)


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (np.array(["yes", "no", "yes"]), ("no", "yes")),
        (np.array([2, 7, 7]), (2, 7)),
        (np.array([True, False]), (False, True)),
        (np.array([0.5, -0.5]), (-0.5, 0.5)),
    ],
)
def test_the_larger_label_is_coded_one(name, y, classes):
    target = LOSSES[name]().check(y)
    assert target.classes == classes
    np.testing.assert_array_equal(target.values, y == classes[1])


# -- parameters -----------------------------------------------------------------------------------------------------


@made
def test_parameters_build_the_same_loss_again(name, parameters):
    made = LOSSES[name](**parameters)
    kept = json.loads(json.dumps(made.parameters(), allow_nan=False))
    assert set(parameters) <= set(kept)
    assert LOSSES[name](**kept) == made
    if len(parameters) == 1:
        assert gate.loss(f"{name}:{next(iter(parameters.values()))}") == made


@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [
        *(
            ("tweedie", value, f"power must lie between 1 and 2.*got '?{value}")
            for value in (0.9, 2.1, -1.0, np.nan, np.inf)
        ),
        *(
            ("negative_binomial", value, f"theta must be positive and finite; got '?{value}")
            for value in (0.0, -1.0, np.nan, np.inf)
        ),
        *(
            ("huber", value, f"delta must be positive and finite; got '?{value}")
            for value in (0.0, -1.0, np.nan, np.inf)
        ),
    ],
)
def test_parameters_out_of_range_are_refused(name, wrong, said):
    with pytest.raises(ValueError, match=said):
        LOSSES[name](wrong)
    with pytest.raises(ValueError, match=said):
        gate.loss(f"{name}:{wrong}")


@pytest.mark.parametrize("asked", ["poisson:2", "gamma:1", "squared_hinge:0.5"])
def test_a_number_for_a_loss_that_takes_none_is_refused(asked):
    with pytest.raises(ValueError, match=r"takes no value; .*tweedie:NUMBER.* do; got"):
        gate.loss(asked)
