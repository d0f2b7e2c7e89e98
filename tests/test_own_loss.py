"""Losses of the user's own, and the laws that they are looked at by."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.special import expit, xlog1py, xlogy

import lozenge as lz
from lozenge.losses import LOSSES
from lozenge.losses.elementwise import Elementwise
from lozenge.testing import BrokenLaw, check_loss


def numbers(y):
    if y.ndim != 1 or y.dtype.kind not in "biuf" or not np.isfinite(y).all():
        raise ValueError("y must be one column of finite numbers")
    return np.asarray(y, dtype=float)


class LogCosh:
    smoothness, concordance = 1.0, 2.0

    def value(self, y, eta):
        return np.logaddexp(eta - y, y - eta) - np.log(2.0)

    def gradient(self, y, eta):
        return np.tanh(eta - y)

    def curvature(self, y, eta):
        return 1.0 - np.tanh(eta - y) ** 2

    def check(self, y):
        return numbers(y)


class Gapped(LogCosh):
    def conjugate(self, y, u):
        inside = np.abs(u) <= 1.0
        v = np.where(inside, u, 0.0)
        return np.where(inside, 0.5 * (xlog1py(1.0 + v, v) + xlog1py(1.0 - v, -v)) + v * y, np.inf)


class Squares:
    smoothness, concordance = 1.0, 0.0

    def value(self, y, eta):
        return 0.5 * (eta - y) ** 2

    def gradient(self, y, eta):
        return eta - y

    def curvature(self, y, eta):
        return np.ones(np.broadcast_shapes(y.shape, eta.shape))

    def conjugate(self, y, u):
        return 0.5 * u**2 + u * y

    def saturated(self, y):
        return np.zeros(len(y))

    def check(self, y):
        return numbers(y)


class Counts:
    """Poisson's."""

    concordance = 1.0

    def value(self, y, eta):
        return np.exp(eta) - y * eta

    def gradient(self, y, eta):
        return np.exp(eta) - y

    def curvature(self, y, eta):
        return np.exp(eta) + 0.0 * y

    def conjugate(self, y, u):
        return np.where(y + u >= 0.0, xlogy(y + u, np.maximum(y + u, 0.0)) - y - u, np.inf)

    def saturated(self, y):
        return y - xlogy(y, y)

    def mean(self, eta):
        return np.exp(eta)

    def check(self, y):
        if (numbers(y) < 0.0).any():
            raise ValueError("y must be 0 or more")
        return numbers(y)


class Labels:
    """Logistic, of two labels of any type."""

    smoothness, concordance = 0.25, 1.0

    def value(self, y, eta):
        return np.logaddexp(0.0, eta) - y * eta

    def gradient(self, y, eta):
        return expit(eta) - y

    def curvature(self, y, eta):
        return expit(eta) * expit(-eta) + 0.0 * y

    def mean(self, eta):
        return expit(eta)

    def check(self, y):
        labels = np.unique(y)
        if y.ndim != 1 or len(labels) != 2:
            raise ValueError("y must hold two labels")
        return (y == labels[1]).astype(float)


class Expectile:
    """Squares, nine times as dear below."""

    smoothness = 0.9

    def side(self, y, eta):
        return np.where(y > eta, 0.9, 0.1)

    def value(self, y, eta):
        return 0.5 * self.side(y, eta) * (y - eta) ** 2

    def gradient(self, y, eta):
        return self.side(y, eta) * (eta - y)

    def curvature(self, y, eta):
        return self.side(y, eta)

    def check(self, y):
        return numbers(y)


GOOD = [LogCosh, Gapped, Squares, Counts, Labels, Expectile]


def table(seed=0, n=150, p=6):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    return X, X @ np.array([1.0, -0.5, 0.3, 0, 0, 0][:p])


# ------------------------------------------------------------------------------------ the path
@pytest.mark.parametrize("penalty", ["l1", "elasticnet", "group", "mcp"])
@pytest.mark.parametrize(("made", "ours"), [(Squares, "squared"), (Counts, "poisson"), (Labels, "logistic")], ids=str)
def test_an_own_loss_is_ours(made, ours, penalty):
    X, eta = table()
    rng = np.random.default_rng(1)
    y = {"squared": eta + rng.standard_normal(150), "poisson": rng.poisson(np.exp(eta))}.get(
        ours, np.where(eta + rng.logistic(size=150) > 0, "yes", "no")
    )
    own = lz.path(X, y, loss=made(), penalty=penalty, n_alphas=6, alpha_min_ratio=0.01, tol=1e-12)
    known = lz.path(X, y, loss=ours, penalty=penalty, alphas=own.alphas, tol=1e-12)
    assert {c.kind for c in own.certificates} == {"gap" if penalty != "mcp" and made is not Labels else "stationary"}
    np.testing.assert_allclose(own.coefs.toarray(), known.coefs.toarray(), atol=2e-5)
    np.testing.assert_allclose(own.deviance_ratio, known.deviance_ratio, atol=1e-8)


def test_a_name_of_ours_is_refused():
    with pytest.raises(TypeError, match="'squared' is the name of a loss of lozenge's"):
        lz.path(*table(), loss=changed(Squares, name="squared"))


def test_what_is_foretold_is_the_users_to_compute():
    X, eta = table()
    found = lz.path(X, eta, loss=LogCosh(), alphas=[0.1])
    for asked in (found.predict, lambda X: found.at(0.1).score(X, eta)):
        with pytest.raises(ValueError, match="a loss of your own, 'LogCosh': apply its mean"):
            asked(X)


def test_several_responses_are_scored_together():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 4))
    Y = X[:, :3] + rng.standard_normal((60, 3))
    best = lz.path(X, Y, loss="multitask", alphas=[0.2]).at(0.2)
    left = np.sum((Y - X @ best.coef.reshape(3, 4).T - best.intercept) ** 2)
    assert best.score(X, Y) == pytest.approx(1.0 - left / np.sum((Y - Y.mean(axis=0)) ** 2), rel=1e-12)


# ------------------------------------------------------------------------------------ the laws
@pytest.mark.parametrize("made", GOOD)
def test_good_ones_keep_the_laws(made):
    looked = check_loss(made)
    assert looked == check_loss(made())
    assert {"name", "check", "rows", "inputs", "finite", "convex", "gradient", "corner", "curvature"} <= set(looked)
    assert "saturated" in looked
    for law in ("conjugate", "smoothness", "concordance", "mean"):
        assert (law in looked) == hasattr(made, law)


MORE = {
    "tweedie": [{"power": power} for power in (1.0, 1.1, 1.9, 2.0)],
    "negative_binomial": [{"theta": 0.1}, {"theta": 1e4}],
    "huber": [{"delta": 0.01}],
    "quantile": [{"tau": 0.9}],
    "ordinal": [{"order": [0, 2, 1]}],
}


@pytest.mark.parametrize("name", [name for name, cls in LOSSES.items() if issubclass(cls, Elementwise)])
def test_ours_keep_the_laws(name):
    y = [2, 0, 1, 1, 2, 0] if name == "ordinal" else None
    for more in [{}, *MORE.get(name, [])]:
        looked = check_loss(LOSSES[name](**more), y=y)
        assert {"check", "gradient", "curvature", "saturated", "conjugate", "mean"} <= set(looked)


def test_a_response_may_be_given():
    class Any(Counts):
        check = LogCosh.check

    with pytest.raises(BrokenLaw, match=re.escape("lets this y through (any numbers)")):
        check_loss(Any())
    assert "conjugate" in check_loss(Any(), y=[3.0])
    assert "conjugate" in check_loss(Any(), y=np.random.default_rng(0).poisson(3.0, 500))


def changed(base, **methods):
    return type(base.__name__, (base,), methods)()


def in_place(_, y, eta):
    eta -= y
    return eta


def counted(_, y, eta, calls=[]):  # noqa: B006 - the state is the fault
    calls.append(1)
    return eta - y + 1e-9 * len(calls)


def buffered(_, y, eta, buffers={}):  # noqa: B006 - likewise
    shape = np.broadcast_shapes(y.shape, eta.shape)
    out = buffers.setdefault(shape, np.empty(shape))
    out[...] = eta - y
    return out


def sorted_rows(_, y):
    return np.sort(numbers(y))


def student(_, y, eta):
    return np.log1p((y - eta) ** 2)


def coded(_, y):
    return np.array([{"no": 0.0, "yes": 1.0}[each] for each in y]) if y.dtype.kind == "U" else numbers(y)


def absolute(**more):
    methods = {
        "value": lambda _, y, eta: np.abs(eta - y),
        "gradient": lambda _, y, eta: np.sign(eta - y),
        "curvature": lambda _, y, eta: np.zeros(np.broadcast_shapes(y.shape, eta.shape)),
        "conjugate": lambda _, y, u: np.where(np.abs(u) <= 1.0, u * y, np.inf),
    }
    return changed(Squares, **(methods | more))


BROKEN = {
    "our name": (changed(Squares, name="squared"), "name", "'squared', a loss of lozenge's"),
    "no name": (changed(Squares, name=3), "name", "and no text"),
    "whole numbers": (
        changed(Labels, check=lambda _, y: y == y.max()),
        "check",
        "dtype bool, where an array of float64",
    ),
    "a list": (changed(Squares, check=lambda _, y: numbers(y).tolist()), "check", "it gives list"),
    "one value": (changed(Squares, check=lambda _, y: numbers(y)[:1]), "check", r"shape \(1,\) for 6 rows"),
    "logs of anything": (changed(Squares, check=lambda _, y: np.log(numbers(y))), "check", "it gives nan or inf"),
    "nan is 0": (
        changed(Squares, check=lambda _, y: numbers(np.nan_to_num(y))),
        "check",
        "nan becomes the number 0",
    ),
    "inf is large": (
        changed(Squares, check=lambda _, y: numbers(np.where(np.isposinf(y), 1e9, y))),
        "check",
        r"inf becomes the number 1e\+09",
    ),
    "text is 0": (
        changed(Squares, check=lambda _, y: np.zeros(len(y)) if y.dtype.kind == "U" else numbers(y)),
        "check",
        "of three different words it makes",
    ),
    "text stays text": (
        changed(Squares, check=lambda _, y: y if y.dtype.kind == "U" else numbers(y)),
        "check",
        "text is let through as dtype <U",
    ),
    "a text unknown": (changed(Squares, check=coded), "check", "for text it raises KeyError"),
    "two columns are one": (
        changed(Squares, check=lambda _, y: numbers(y if y.ndim == 1 else y[:, 0])),
        "check",
        "of two columns it takes one",
    ),
    "sorted": (changed(Squares, check=sorted_rows), "check", "rows are coded by those beside them"),
    "standardised": (
        changed(Squares, check=lambda _, y: numbers(y) - numbers(y).mean()),
        "check",
        "no mean or spread of y",
    ),
    "check writes": (
        changed(Squares, check=lambda _, y: np.subtract(y, 1, out=y) + 0.0),
        "inputs",
        "check changes its input",
    ),
    "a sum": (
        changed(Squares, value=lambda _, y, eta: np.sum((eta - y) ** 2)),
        "rows",
        r"value gives shape \(\), where",
    ),
    "one per row": (
        changed(Squares, value=lambda _, y, eta: (eta - y)[:, 0]),
        "rows",
        r"shape \(6,\), where \(6, 24\) is due",
    ),
    "no broadcasting": (
        changed(Squares, gradient=lambda _, y, eta: np.dot(y, eta)),
        "rows",
        "gradient raises ValueError",
    ),
    "seven digits": (
        changed(Squares, value=lambda _, y, eta: (0.5 * (eta - y) ** 2).astype(np.float32)),
        "rows",
        "dtype float32, which holds 6 of 15 digits",
    ),
    "true or false": (changed(Expectile, curvature=lambda _, y, eta: y > eta), "rows", "curvature gives dtype bool"),
    "beside others": (
        changed(Squares, gradient=lambda _, y, eta: eta - np.mean(y) + 0 * y),
        "rows",
        "for an entry among others and .* for the same one alone",
    ),
    "no rows": (
        changed(Squares, value=lambda _, y, eta: 0.5 * (eta - y) ** 2 + 0 * np.max(y)),
        "rows",
        "value raises ValueError: zero-size array",
    ),
    "saturated is one number": (changed(Squares, saturated=lambda *_: 0.0), "rows", r"saturated gives shape \(\)"),
    "a mean of all": (
        changed(Squares, mean=lambda _, eta: eta - eta.mean()),
        "rows",
        "mean is .* for a row among others",
    ),
    "writes into eta": (changed(Squares, gradient=in_place), "inputs", "gradient changes its input"),
    "counts its calls": (changed(Squares, gradient=counted), "inputs", "two answers for one input"),
    "one buffer": (changed(Squares, gradient=buffered), "inputs", "gradient writes its next answer over its last"),
    "overflows to inf": (
        changed(Labels, value=lambda _, y, eta: np.log(1.0 + np.exp(eta)) - y * eta),
        "finite",
        "value is 700 at eta = 700 and inf at eta = 745.*np.logaddexp",
    ),
    "overflows to nan": (
        changed(Labels, gradient=lambda _, y, eta: np.exp(eta) / (1.0 + np.exp(eta)) - y),
        "finite",
        "gradient is nan or inf where value is finite",
    ),
    "nan": (changed(Squares, value=lambda _, y, eta: np.sqrt(eta - y)), "finite", "value is nan"),
    "infinite at 0": (
        changed(Counts, value=lambda _, y, eta: np.where(eta > 0, eta - y * np.log(np.maximum(eta, 1e-300)), np.inf)),
        "finite",
        "value is inf at eta = 0, where the search begins",
    ),
    "not convex": (changed(Squares, value=student), "convex", "value is .* at a midpoint and"),
    "minus the gradient": (
        changed(Squares, gradient=lambda _, y, eta: y - eta),
        "gradient",
        "its sign; minus it is right",
    ),
    "twice the gradient": (
        changed(Squares, gradient=lambda _, y, eta: 2 * (eta - y)),
        "gradient",
        "a factor 2; half of it is right",
    ),
    "another's gradient": (changed(Squares, gradient=LogCosh.gradient), "gradient", "it is .* where value rises by"),
    "a corner": (absolute(), "corner", "gradient jumps from -1 to"),
    "minus the curvature": (
        changed(Squares, curvature=lambda _, y, eta: -Squares().curvature(y, eta)),
        "curvature",
        "minus it is right",
    ),
    "half the curvature": (
        changed(Squares, curvature=lambda _, y, eta: 0.5 * Squares().curvature(y, eta)),
        "curvature",
        "it is 0.5 where gradient rises by 1.*twice it is right",
    ),
    "another's curvature": (
        changed(LogCosh, curvature=Squares.curvature),
        "curvature",
        "one of them is another loss's",
    ),
    "negative by rounding": (
        changed(LogCosh, curvature=lambda _, y, eta: 1.0 - 1e-16 - np.tanh(eta - y) ** 2 - 2e-16),
        "curvature",
        "never negative",
    ),
    "bends more": (changed(Squares, smoothness=0.5), "smoothness", r"curvature is 1, more than smoothness = 0\.5"),
    "smoothness in words": (changed(Squares, smoothness="1"), "smoothness", "it is '1'"),
    "no smoothness at all": (changed(Squares, smoothness=0.0), "smoothness", "it is 0"),
    "changes faster": (changed(LogCosh, concordance=1.0), "concordance", "curvature goes from .* over a step of"),
    "negative concordance": (changed(LogCosh, concordance=-1.0), "concordance", "it is -1"),
    "Huber's is none": (changed(Expectile, concordance=3.0), "concordance", "curvature goes from"),
    "above the least": (
        changed(Squares, saturated=lambda _, y: 0.1 + 0 * y),
        "saturated",
        "says 0.1, and value is less",
    ),
    "below the least": (changed(Squares, saturated=lambda _, y: 0 * y - 1), "saturated", "no value near that is found"),
    "left out": (
        changed(
            Squares,
            value=lambda _, y, eta: 0.5 * eta * eta - y * eta,
            conjugate=lambda _, y, u: 0.5 * (u + y) ** 2,
            saturated=None,
        ),
        "saturated",
        "saturated is left out, which says 0, and value is less",
    ),
    "0 log 0": (changed(Counts, saturated=lambda _, y: y - y * np.log(y)), "saturated", "nan, which is no number"),
    "too small": (
        changed(Squares, conjugate=lambda _, y, u: 0.4 * u**2 + u * y),
        "conjugate",
        "would certify what is not",
    ),
    "too large": (changed(Squares, conjugate=lambda _, y, u: u**2 + u * y), "conjugate", "it is too large: f"),
    "the sign of u": (changed(Squares, conjugate=lambda _, y, u: 0.5 * u**2 - u * y), "conjugate", "too (large|small)"),
    "its own slopes are outside": (
        changed(Gapped, conjugate=lambda _, y, u: np.where(np.abs(u) < 0.5, Gapped().conjugate(y, u), np.inf)),
        "conjugate",
        "it is inf at a slope of the loss itself",
    ),
    "finite outside": (
        changed(
            Gapped, conjugate=lambda _, y, u: Gapped().conjugate(y, np.clip(u, -1, 1)) + (u - np.clip(u, -1, 1)) * y
        ),
        "conjugate",
        "inf outside its domain",
    ),
    "too large between": (
        changed(Squares, conjugate=lambda _, y, u: 0.5 * u**2 + u * y + 0.1 * (np.abs(u) < 1e-3)),
        "conjugate",
        "it is too large",
    ),
    "nan in the conjugate": (
        changed(Counts, conjugate=lambda _, y, u: (y + u) * np.log(y + u) - (y + u)),
        "conjugate",
        "it is nan",
    ),
    "no mean": (changed(Counts, mean=np.log), "mean", "it is nan"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_one_is_caught(name):
    loss, law, words = BROKEN[name]
    with pytest.raises(BrokenLaw, match=f"(?s){words}") as caught:
        check_loss(loss)
    assert caught.value.law == law
    assert f"breaks the law of {caught.value.law}" in str(caught.value)
    assert "Look at" in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (object(), TypeError, "it has no method value"),
        (lz.losses.Cox, TypeError, "its rows are bound together"),
        (changed(Squares, young=None), TypeError, "has methods of its own for sums over rows"),
        (changed(Squares, check=lambda _, y: numbers(y[:, None])), ValueError, "refuses every response that was tried"),
    ],
)
def test_what_cannot_be_looked_at(wrong, error, words):
    with pytest.raises(error, match=words):
        check_loss(wrong)


def test_the_shortest_check_will_do():
    class Plain(Squares):
        def check(self, y):
            return np.asarray(y, dtype=float)

    assert "check" in check_loss(Plain)


def test_a_response_that_is_refused_is_told():
    with pytest.raises(ValueError, match="the response that was given: y must be 0 or more"):
        check_loss(Counts(), y=[-1.0, 2.0])
