"""Pictures: what is on the axes, and that no text leaves the figure or touches another."""

from __future__ import annotations

import io
import itertools
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from scipy.sparse import csc_array

from lozenge import plots
from lozenge.results import Certificate, CrossValidation, History, Model, Path, Status


def make(p, alphas=None, *, names=None, chosen=-1, rule=None, seed=0, standardize=True, loss="squared"):
    """Lasso path of an orthonormal design: soft-thresholded correlations."""
    c = np.sort(np.abs(np.random.default_rng(seed).normal(size=p)))[::-1] * (-1.0) ** np.arange(p)
    alphas = np.geomspace(abs(c).max(), 1e-2, 40) if alphas is None else np.asarray(alphas, float)
    L = len(alphas)
    coefs = np.sign(c)[:, None] * np.maximum(np.abs(c)[:, None] - alphas, 0.0)
    unit = np.full(p, 2.0) if standardize else np.ones(p)
    names = tuple(names or [f"x{j}" for j in range(p)])
    nothing = np.full(p, np.nan)
    model = Model(
        loss=loss,
        loss_parameters={},
        penalty="l1",
        penalty_parameters={},
        fit_intercept=True,
        standardize=standardize,
        tol=1e-6,
        n=100,
        weight_sum=100.0,
        alpha_max=1.0,
        null_loss=0.5,
        saturated_loss=0.0,
        null_intercept=0.0,
        y_mean=0.0,
        y_sd=1.0,
        scale=unit,
        center=np.zeros(p),
        penalised_unit=unit,
        penalty_weights=np.ones(p),
        constant=np.zeros(p, bool),
    )
    cv = None
    if rule:
        mean = 1 + np.linspace(-1, 0.5, L) ** 2
        cv = CrossValidation(alphas, mean, np.full(L, 0.1), mean[None], rule, 0, int(np.argmin(mean)), L // 3)
        chosen = cv.index_1se
    return Path(
        alphas=alphas,
        coefs=csc_array(coefs / unit[:, None]),
        intercepts=np.zeros(L),
        gaps=np.zeros(L),
        deviance_ratio=np.zeros(L),
        df=np.count_nonzero(coefs, axis=0),
        unique=np.ones(L, bool),
        status=(Status.CERTIFIED,) * L,
        certificates=(Certificate("gap", 0.0),) * L,
        passes=1.0,
        feature_names=names,
        model=model,
        history=History(nothing, nothing, np.full(p, -1), (), ()),
        chosen=chosen % L,
        cv=cv,
    )


def drawn(ax):
    """Every text that a drawing draws, with its box: an axis keeps labels beyond its ends and leaves them out."""
    seen = []
    draw = Text.draw

    def watch(self, *arguments, **more):
        seen.append(self)
        return draw(self, *arguments, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", watch)
        ax.figure.draw_without_rendering()
    texts = {id(text): text for text in seen if text.get_visible() and text.get_text().strip()}
    return [(text, text.get_window_extent()) for text in texts.values()]


def check_legible(ax):
    width, height = ax.figure.bbox.size
    boxes = drawn(ax)
    for text, box in boxes:
        inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1
        assert inside, (text.get_text(), box)
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        apart = a.x1 <= b.x0 + 1 or b.x1 <= a.x0 + 1 or a.y1 <= b.y0 + 1 or b.y1 <= a.y0 + 1
        assert apart, (one.get_text(), other.get_text())


def labelled(ax):
    return [line for line in ax.get_lines() if not line.get_label().startswith("_")]


def named(ax, record):
    return [text.get_text() for text in ax.texts if text.get_text() in record.feature_names]


LONG = [f"neighbourhood of the old town = district number {j}" for j in range(200)]


@pytest.mark.parametrize(
    "record",
    [
        make(5),
        make(10, rule="1se"),
        make(200, rule="min"),
        make(200, names=LONG, rule="1se"),
        make(3, [2.0, 0.0]),
        make(3, [0.0]),
        make(3, [0.5]),
        make(3, [100.0, 90.0]),
        make(4, [0.5, 0.49]),
        make(30, np.geomspace(1e6, 1e-9, 60)),
        make(12, np.append(np.geomspace(2, 1e-3, 30), 0.0)),
        make(1),
    ],
    ids=["5", "10", "200", "long", "zero", "only zero", "one", "empty", "near", "wide", "grid and zero", "p=1"],
)
def test_every_text_is_inside_the_figure_and_touches_no_other(record):
    ax = plots.path(record)
    check_legible(ax)
    assert ax.figure.get_size_inches().tolist() == [6.3, 4.2]


def test_the_axes_say_what_they_show():
    ax = plots.path(make(5))
    assert ax.get_xlabel() == "alpha (log scale)"
    assert ax.get_ylabel() == "weight per SD of the feature"
    assert plots.path(make(5, standardize=False)).get_ylabel() == "weight"
    assert ax.get_xscale() == "log"
    left, right = ax.get_xlim()
    assert left > right  # the sparse end is on the left
    (top,) = ax.child_axes
    assert top.get_xlabel() == "features kept"
    kept = [int(tick.get_text()) for tick in top.get_xticklabels()]
    assert kept == sorted(kept)
    assert kept[-1] == 5


def test_lines_are_in_the_units_that_the_penalty_sees():
    record = make(5)
    ax = plots.path(record)
    lines = {line.get_label(): line.get_ydata() for line in labelled(ax)}
    assert set(lines) == set(record.feature_names)
    penalised = record.coefs.toarray() * 2.0
    for name, row in zip(record.feature_names, penalised, strict=True):
        seen = ~np.isnan(lines[name])
        assert lines[name][seen] == pytest.approx(row[seen])
        assert not row[~seen].any()  # only zeros are left out


@pytest.mark.parametrize(("p", "expected"), [(5, 5), (10, 10), (200, 10)])
def test_the_ten_largest_are_named_and_the_rest_grey(p, expected):
    record = make(p)
    ax = plots.path(record)
    assert len(labelled(ax)) == len(named(ax, record)) == expected
    assert set(named(ax, record)) == {f"x{j}" for j in range(expected)}
    grey = sum(len(collection.get_segments()) for collection in ax.collections)
    assert grey == np.count_nonzero(record.coefs.toarray().any(axis=1)) - expected
    looks = {(line.get_color(), str(line.get_linestyle()), line._dash_pattern[1] is None) for line in labelled(ax)}
    assert len(looks) == expected


def test_names_stand_in_the_order_of_their_lines():
    ax = plots.path(make(10))
    ends = {line.get_label(): line.get_ydata()[-1] for line in labelled(ax)}
    places = {text.get_text(): box.y0 for text, box in drawn(ax) if text.get_text() in ends}
    assert sorted(ends, key=ends.get) == sorted(places, key=places.get)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (make(5, rule="1se"), "1-SE rule"),
        (make(5), "last"),
        (make(5, chosen=3), "chosen"),
        (make(5, [2, 1, 0]), "last"),
    ],
)
def test_the_chosen_alpha_is_marked_with_its_rule(record, words):
    ax = plots.path(record)
    alpha = record.alphas[record.chosen]
    (mark,) = [text for text in ax.texts if "alpha" in text.get_text()]
    assert mark.get_text() == f"{words}: alpha {alpha:.3g}"
    (line,) = [line for line in ax.get_lines() if line.get_linestyle() == "--" and line.get_label().startswith("_")]
    x = line.get_xdata()[0]
    if alpha > 0:
        assert x == alpha
    else:
        assert 0 < x < 1  # beyond the smallest positive α, where the axis says 0
        assert dict(zip(ax.get_xticks(), [t.get_text() for t in ax.get_xticklabels()], strict=True))[x] == "0"


HOSTILE = [
    "$x^2_{bad",
    r"\frac{1}{0}$$",
    "two\nlines",
    "tab\tand\x00nul",
    "x" * 10_000,
    "\u202eright to left",
    "_hidden",
    "",
    "   ",
    "特徴",
    "<b>&amp;",
    "\ud800",
]


@pytest.mark.filterwarnings("ignore:Glyph .* missing")
def test_names_are_drawn_as_text_and_short():
    record = make(len(HOSTILE), names=HOSTILE)
    ax = plots.path(record)
    check_legible(ax)
    texts = {text.get_text() for text in ax.texts}
    assert {"$x^2_{bad", "two\\nlines", "tab\\tand\\x00nul", "_hidden"} <= texts
    assert max(map(len, texts)) <= 30
    ax.legend()
    ax.figure.canvas.draw()
    for kind in ("png", "svg", "pdf"):
        ax.figure.savefig(io.BytesIO(), format=kind)


def test_names_take_their_room_from_axes_that_were_given():
    figure = Figure(figsize=(6.3, 3.5))
    one, other = figure.subplots(1, 2)
    before = other.get_position()
    assert plots.path(make(10), one) is one
    plots.path(make(200, names=LONG), other)
    assert other.get_position().x1 < before.x1
    figure.draw_without_rendering()
    for ax in (one, other):
        for text in ax.texts:
            box = text.get_window_extent()
            assert box.x1 <= figure.bbox.x1 + 1
    assert one.get_tightbbox().x1 <= other.get_window_extent().x0


def test_a_part_of_a_figure_will_do():
    figure = Figure(figsize=(8, 4), layout="constrained")
    for part in figure.subfigures(1, 2):
        plots.path(make(10), part.subplots())
    figure.savefig(io.BytesIO())


def test_low_axes_name_only_as_many_as_fit():
    ax = plots.path(make(10), Figure(figsize=(4, 1.6)).subplots())
    boxes = [box for text, box in drawn(ax) if text.get_text().startswith("x")]
    assert 2 <= len(boxes) < 10
    for a, b in itertools.combinations(boxes, 2):
        assert a.y1 <= b.y0 + 1 or b.y1 <= a.y0 + 1


@pytest.mark.parametrize("record", [make(5, rule="1se"), make(200, rule="min"), make(4, [2, 1, 0], rule="1se")])
def test_the_curve_shows_means_errors_and_both_choices(record):
    ax = plots.cv_curve(record)
    cv = record.cv
    (line,) = [line for line in ax.get_lines() if line.get_marker() == "o"]
    assert line.get_ydata() == pytest.approx(cv.mean)
    marks = [text.get_text() for text in ax.texts]
    best, within = (f"alpha {cv.alphas[k]:.3g}" for k in (cv.index_min, cv.index_1se))
    assert marks == (
        [f"best score: {best}", f"1-SE rule: {within}"] if best != within else [f"best score and 1-SE rule: {best}"]
    )
    assert ax.get_ylabel() == "mean deviance, held out"
    check_legible(ax)


def test_a_curve_of_another_grid_has_no_counts():
    record = make(5, rule="1se")
    other = replace(record, cv=replace(record.cv, alphas=record.alphas * 1.01))
    (top,) = plots.cv_curve(other).child_axes
    assert not top.get_xticks().size


def test_scores_that_are_no_numbers_are_left_out():
    record = make(5, rule="1se")
    mean, se = record.cv.mean.copy(), np.full(40, np.nan)
    mean[:3] = np.nan
    check_legible(plots.cv_curve(replace(record, cv=replace(record.cv, mean=mean, se=se))))


def test_no_curve_is_an_error_that_says_how_to_get_one():
    with pytest.raises(ValueError, match="cv=10"):
        plots.cv_curve(make(5))


def test_pyplot_is_left_alone_and_matplotlib_comes_late():
    program = (
        "import sys, lozenge; from lozenge import plots\n"
        "assert 'matplotlib' not in sys.modules\n"
        "sys.path.insert(0, sys.argv[1]); import test_plots\n"
        "plots.path(test_plots.make(5)); plots.cv_curve(test_plots.make(5, rule='1se'))\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    arguments = [sys.executable, "-c", program, str(__file__).rpartition("/")[0]]
    subprocess.run(arguments, check=True, env={"PYTHONPATH": ":".join(sys.path)})


def test_a_fitted_path_draws_itself():
    import lozenge as lz

    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 6))
    fit = lz.path(X, X[:, 0] - X[:, 1] + rng.normal(size=80), cv=5, feature_names=list("abcdef"))
    ax = fit.plot()
    check_legible(ax)
    assert {"a", "b"} <= {text.get_text() for text in ax.texts}
    check_legible(lz.plots.cv_curve(fit))


def test_weights_of_several_outputs_are_counted_as_weights():
    import lozenge as lz

    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 4))
    grade = np.array(["low", "middling", "high"])[np.digitize(X[:, 0] + rng.normal(size=90), [-0.7, 0.7])]
    names = ["concentration of the dose", "age", "$x$", "b"]
    fit = lz.path(X, grade, loss="multinomial", cv=3, feature_names=names, n_alphas=20)
    for ax in (fit.plot(), lz.plots.cv_curve(fit)):
        check_legible(ax)
        (top,) = ax.child_axes
        assert top.get_xlabel() == "weights kept"
    drawn_names = {text.get_text() for text in fit.plot().texts}
    assert any(name.startswith("concentrat") and name.endswith("[high]") for name in drawn_names)
