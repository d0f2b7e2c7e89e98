"""The command line with every loss: what is asked, checked, remembered, foretold and shown."""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csc_array

import lozenge as lz
from lozenge import cli, screens, tables
from lozenge.losses import LOSSES

N = 60
ASKED = {
    "squared": ["--target", "real", "--offset", "shift", "--weight", "times"],
    "logistic": ["--target", "two", "--offset", "shift"],
    "poisson": ["--target", "count", "--exposure", "years"],
    "gamma": ["--target", "amount", "--weight", "times"],
    "tweedie:1.3": ["--target", "some", "--exposure", "years", "--offset", "shift"],
    "negative_binomial:2": ["--target", "count", "--exposure", "years", "--weight", "times"],
    "multinomial": ["--target", "three", "--weight", "times"],
    "ordinal": ["--target", "three", "--order", "low,mid,top", "--offset", "shift"],
    "huber:1": ["--target", "real", "--offset", "shift"],
    "squared_hinge": ["--target", "two"],
    "cox": ["--time", "week", "--event", "event", "--strata", "site", "--offset", "shift", "--weight", "times"],
    "multitask": ["--target", "real", "--target", "also"],
}
SURVIVAL = ("--time", "week", "--event", "event")


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command in an empty folder with the table in it: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    write()

    def call(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def columns():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N, 3)).round(3)
    eta, years = X @ [1.0, -0.7, 0.0], rng.uniform(0.5, 2.0, N).round(2)
    return {
        "x0": X[:, 0],
        "x1": X[:, 1],
        "x2": X[:, 2],
        "arm": np.array(list("abc"))[rng.integers(0, 3, N)],
        "real": eta + rng.standard_normal(N),
        "also": 2 * X[:, 0] + rng.standard_normal(N),
        "count": rng.poisson(np.exp(eta) * years),
        "amount": rng.gamma(2, np.exp(eta) / 2),
        "some": rng.gamma(2, np.exp(eta) * years / 2) * (rng.random(N) > 0.3),
        "two": np.where(eta + rng.standard_normal(N) > 0, "yes", "no"),
        "three": np.array(["low", "mid", "top"])[np.digitize(eta + rng.standard_normal(N), [-0.7, 0.7])],
        "week": rng.exponential(np.exp(-eta)).round(2) + 0.01,
        "event": rng.integers(0, 4, N) > 0,
        "since": np.zeros(N),
        "years": years,
        "shift": rng.normal(0, 0.1, N).round(3),
        "times": rng.integers(1, 4, N),
        "site": np.array(["u", "v"])[rng.integers(0, 2, N)],
    }


FEATURES = ("x0", "x1", "x2", "arm")


def write(name="data.csv", *, rows=slice(None), **changed):
    table = {key: np.asarray(values)[rows] for key, values in (columns() | changed).items() if values is not None}
    with Path(name).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))


def fit(*asked, file="data.csv"):
    """Arguments of a fit on the four features alone."""
    named = set(asked)
    drop = [part for name in columns() if name not in {*FEATURES, *named} for part in ("--drop", name)]
    return ("fit", file, *asked, *drop)


def at(alpha, *asked):
    return (*fit(*asked), "--cv", "0", "--select", alpha, "--json", "--quiet")


def table_of(text):
    return list(csv.DictReader(io.StringIO(text)))


class Words(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.words, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):  # noqa: ARG002 - the parser's signature
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.words.append(data)


# -------------------------------------------------------------------------------- every loss, every verb
def test_every_loss_is_asked_for_here():
    assert {name.partition(":")[0] for name in ASKED} | {"quantile"} == set(LOSSES)


@pytest.mark.parametrize("loss", ASKED)
def test_every_verb_knows_every_loss(run, loss):
    asked = ("--loss", loss, *ASKED[loss])
    code, out, err = run(*fit(*asked), "--cv", "3", "-o", "model.json", "--plot", "path.png", "--report", "page.html")
    assert (code, "Traceback" in err) == (0, False)
    assert all(screens.cells(line) <= screens.WIDTH for line in out.splitlines())
    words = LOSSES[loss.partition(":")[0]].words
    assert words.title in " ".join(out.split())
    assert ("R squared" in out) == (loss in {"squared", "multitask"})
    assert ("D squared" in out) != ("R squared" in out)
    page = " ".join("".join(Words(Path("page.html").read_text()).words).split())
    assert words.title in page
    for text in ("nan", "inf", "None", "array("):
        assert f" {text} " not in f"{out} {page}"

    name = next(name for name in lz.load("model.json").feature_names if name.startswith("x0"))
    for data in ((), ("--data", "data.csv")):
        code, said, err = run("why", "model.json", name, *data)
        assert (code, err) == (0, "")
        assert said.startswith(f"{name} is ")
    assert run("report", "model.json", "data.csv", "-o", "again.html", "--quiet")[0] == 0
    again = " ".join("".join(Words(Path("again.html").read_text()).words).split())
    assert (
        again.partition(" Kept ")[2].partition(" Why zero ")[0]
        == page.partition(" Kept ")[2].partition(" Why zero ")[0]
    )

    code, out, err = run("predict", "model.json", "data.csv")
    assert (code, err, len(table_of(out))) == (0, "", N)


@pytest.mark.parametrize("loss", ASKED)
def test_json_agrees_with_the_library(run, loss):
    record = json.loads(run(*at(0.05, "--loss", loss, *ASKED[loss]))[1])
    given = columns()
    weight = given["times"] if "times" in ASKED[loss] else None
    offset = given["shift"] * ("shift" in ASKED[loss]) + np.log(given["years"]) * ("years" in ASKED[loss])
    named = [ASKED[loss][k + 1] for k, word in enumerate(ASKED[loss]) if word == "--target"]
    y = given[named[0]] if len(named) == 1 else np.column_stack([given[name] for name in named or ("week", "event")])
    if not named:
        y = np.column_stack([y, np.zeros(N), given["site"] == "v"])
    made = lz.losses.Ordinal(order=["low", "mid", "top"]) if loss == "ordinal" else loss
    X, names = encoded()
    found = lz.path(X, y, loss=made, sample_weight=weight, offset=offset if offset.any() else None, feature_names=names)
    there = found.at(0.05)
    assert record["loss"] == loss
    assert record["loss_parameters"] == found.model.loss_parameters
    assert list(record["coefficients"].values()) == pytest.approx(there.coef.tolist(), abs=1e-5)
    assert np.ravel(record["intercept"]) == pytest.approx(np.ravel(there.intercept), abs=1e-5)
    assert len(record.get("outputs", [0])) == np.size(record["intercept"])


def encoded():
    given = columns()
    arms = [(f"arm={level}", given["arm"] == level) for level in "abc"]
    named = [(name, given[name]) for name in FEATURES[:3]] + arms
    return np.column_stack([values for _, values in named]).astype(float), [name for name, _ in named]


# -------------------------------------------------------------------------------- which loss
@pytest.mark.parametrize(
    ("asked", "loss", "said"),
    [
        (["--target", "real"], "squared", "is numeric: linear regression (against outliers --loss huber"),
        (["--target", "count"], "squared", "linear regression (of counts --loss poisson; of grades --loss ordinal"),
        (["--target", "amount"], "squared", "of amounts that spread as they grow --loss gamma"),
        (["--target", "some"], "squared", "of amounts, some 0, --loss tweedie"),
        (
            ["--target", "two"],
            "logistic",
            "has two values, 'no', 'yes': logistic regression for the odds of the second",
        ),
        (["--target", "three"], "multinomial", "has 3 classes, 'low', 'mid', 'top': multinomial regression (--loss"),
        (["--target", "real", "--target", "also"], "multitask", "'real, also' are 2 targets: linear regression of all"),
        (["--target", "count", "--exposure", "years"], "poisson", "has counts over an exposure: Poisson regression"),
        (["--target", "amount", "--exposure", "years"], "gamma", "has amounts over an exposure: gamma regression"),
        (["--target", "some", "--exposure", "years"], "tweedie:1.5", "over an exposure, some 0: Tweedie regression"),
        ([*SURVIVAL], "cox", "'event' is an event at 'week': Cox regression of its hazard"),
        ([*SURVIVAL, "--ties", "efron"], "cox", ""),
    ],
)
def test_the_loss_follows_the_target_and_says_what_else_it_may_be(run, asked, loss, said):
    code, out, err = run(*fit(*asked), "--cv", "0", "--select", "0.1", "--json")
    assert code == 0
    assert json.loads(out)["loss"] == loss
    assert said in err


def test_codes_are_classes_and_many_texts_are_not(run):
    write(three=[f"{k % 3:02d}" for k in range(N)])
    assert json.loads(run(*at(0.1, "--target", "three"))[1])["loss"] == "multinomial"
    write(three=[f"t{k}" for k in range(3 * N)], **{k: np.tile(v, 3) for k, v in columns().items() if k != "three"})
    code, out, err = run(*at(0.1, "--target", "three"))
    assert (code, out) == (1, "")
    assert "the target 'three': it is text of 180 different values, too many to be classes: merge some" in err


@pytest.mark.parametrize(
    ("asked", "option", "said"),
    [
        (["--target", "count", "--loss", "poison"], "--loss", "did you mean 'poisson'?"),
        (["--target", "count", "--loss", "poisson:2"], "--loss", "poisson takes no value; tweedie:NUMBER"),
        (["--target", "some", "--loss", "tweedie:3"], "--loss", "power must lie between 1 and 2"),
        (["--target", "real", "--loss", "quantile:1"], "--loss", "tau must lie between 0 and 1, exclusive; got 1"),
        (["--target", "real", "--loss", "quantile:half"], "--loss", "tau must lie between 0 and 1, exclusive; got"),
        (["--target", "real", "--loss", "huber:0"], "--loss", "delta must be positive"),
        (["--target", "week", "--loss", "cox"], "--loss", "--time COLUMN and --event COLUMN"),
        ([], "--target", "name the column to predict; for times to an event --time and --event"),
        (["--time", "week"], "--time", "it goes with --event COLUMN"),
        (["--target", "two", "--event", "event"], "--event", "it goes with --time COLUMN"),
        (["--target", "real", "--start", "since"], "--start", "it goes with --time COLUMN"),
        (["--target", "real", "--strata", "site"], "--strata", "it goes with --time COLUMN"),
        ([*SURVIVAL, "--target", "real"], "--target", "leave it out"),
        ([*SURVIVAL, "--loss", "gamma"], "--loss", "--time and --event are for --loss cox"),
        (["--target", "real", "--exposure", "years", "--loss", "squared"], "--exposure", "poisson, gamma, tweedie, "),
        (["--target", "two", "--exposure", "years"], "--exposure", "got --loss logistic, for which there is --offset"),
        ([*SURVIVAL, "--exposure", "years"], "--exposure", "got --loss cox"),
        (["--target", "three", "--offset", "shift"], "--offset", "multinomial has 3 linear predictors"),
        (["--target", "three", "--order", "low,mid,top"], "--order", "it goes with --loss ordinal"),
        (
            ["--target", "three", "--loss", "multinomial", "--order", "a,b"],
            "--order",
            "multinomial takes none; ordinal",
        ),
        (["--target", "real", "--ties", "efron", "--loss", "huber"], "--ties", "huber takes none; cox does"),
        (["--target", "real", "--status", "event"], "--status", "--status is --event in Lozenge"),
    ],
)
def test_what_no_table_could_mend_is_wrong_usage(run, asked, option, said):
    for verb in (fit(*asked), ("compare", *fit(*asked)[1:])):
        code, out, err = run(*verb)
        assert (code, out) == (2, "")
        told = " ".join(err.replace("│", " ").split())
        assert option in told
        assert said in told


# -------------------------------------------------------------------------------- columns that are no features
def cell(name, row, value):
    values = (columns()[name] * 1).astype(object)
    values[row - 1] = value
    return {name: values}


@pytest.mark.parametrize(
    ("changed", "asked", "said"),
    [
        (
            cell("years", 3, 0),
            ["--target", "count", "--exposure", "years"],
            "column 'years', row 3: '0' instead of an exp",
        ),
        (
            cell("years", 9, ""),
            ["--target", "count", "--exposure", "years"],
            "column 'years', row 9: '' instead of an exp",
        ),
        (
            cell("years", 9, "long"),
            ["--target", "count", "--exposure", "years"],
            "row 9: 'long' instead of an exposure above 0",
        ),
        (cell("shift", 2, "inf"), ["--target", "real", "--offset", "shift"], "row 2: 'inf' instead of a finite number"),
        (cell("shift", 2, "NA"), ["--target", "real", "--offset", "shift"], "row 2: '' instead of a number, which is"),
        (
            cell("times", 5, -1),
            ["--target", "real", "--weight", "times"],
            "'times', row 5: '-1' instead of a weight, zero",
        ),
        ({"times": np.zeros(N)}, ["--target", "real", "--weight", "times"], "the weight 'times' is 0 in every row"),
        (cell("week", 4, -2), [*SURVIVAL], "column 'week', row 4: '-2' instead of a time, zero or positive"),
        (cell("event", 7, 2), [*SURVIVAL], "column 'event', row 7: '2' instead of 1 for an event or 0 for none"),
        ({"event": np.zeros(N)}, [*SURVIVAL], "event holds no 1: every row is censored"),
        (cell("since", 8, 99), [*SURVIVAL, "--start", "since"], "column 'week', row 8: '"),
        ({"site": np.arange(2000)[:N]}, ["--target", "real", "--weight", "wait"], "no column 'wait' in the table"),
        ({}, ["--target", "real", "--weight", "real"], "'real' is named as target and as weight; a column can be one"),
        ({}, [*SURVIVAL, "--strata", "week"], "'week' is named as time and as strata"),
        ({}, ["--target", "real", "--weight", "times", "--drop", "times"], "'times' is the weight: it can be neither"),
        (
            {},
            ["--target", "real", "--target", "arm"],
            "the target 'arm' is text, and several targets are fitted together",
        ),
        ({}, ["--target", "real", "--loss", "multitask"], "must have one column per response for --loss multitask"),
        ({}, ["--target", "real", "--target", "also", "--loss", "gamma"], "or together with --loss multitask"),
        (cell("week", 4, ""), [*SURVIVAL], "the time 'week' is missing in 1 of 60 rows; --drop-missing-target"),
        ({"real": np.ones(N)}, ["--target", "also", "--target", "real"], "the target 'real' is '1' in every row"),
    ],
)
def test_a_cell_that_cannot_be_is_named_with_what_to_do(run, changed, asked, said):
    write(**changed)
    for verb in (fit(*asked), ("compare", *fit(*asked)[1:])):
        code, out, err = run(*verb, "--quiet")
        assert (code, out) == (1, "")
        assert said in err
        assert len(err.splitlines()) == 1


def test_rows_without_a_time_are_dropped_when_asked(run):
    write(**cell("week", 4, ""))
    code, out, err = run(*fit(*SURVIVAL), "--cv", "3", "--drop-missing-target")
    assert code == 0
    assert "59 rows (1 dropped: no target)" in out
    assert "1 row without 'week', 'event' dropped" in err


def test_rows_count_from_the_top_of_the_table_whatever_was_dropped(run):
    counts = columns()["count"].astype(object)
    counts[[1, 2, 7]] = "", "", -3
    write(count=counts)
    err = run(*fit("--target", "count", "--loss", "poisson"), "--drop-missing-target", "--quiet")[2]
    assert "the target 'count' must be zero or positive for --loss poisson; got -3 in row 8" in err


@pytest.mark.parametrize("order", ["5,6,7", "7.0, 6.0, 5.0"])
def test_an_order_of_numbers_is_that_of_the_numbers(run, order):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(60)
    grade = 6 + np.digitize(x + rng.standard_normal(60), [-0.7, 0.7]) - 1
    with Path("grades.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["grade", "x"], *zip(grade.tolist(), x.tolist(), strict=True)])
    asked = ("fit", "grades.csv", "--target", "grade", "--loss", "ordinal", "--cv", "0", "--select", "0.02", "--json")
    code, out, _ = run(*asked, "--order", order, "--quiet")
    assert code == 0
    assert (json.loads(out)["coefficients"]["x"] > 0) == order.startswith("5")
    code, _, err = run(*asked, "--order", "low,high", "--quiet")
    assert code == 1
    assert "the target 'grade' holds '5', which is not in order=['low', 'high']" in err


def test_two_events_are_enough_for_folds_and_one_is_not(run):
    for events, said in ((1, "one row only has an event, and a cross-validation needs two"), (2, "")):
        write(event=np.arange(N) < events)
        code, _, err = run(*fit(*SURVIVAL), "--cv", "2", "--quiet")
        assert (code == 0) == (said == "")
        assert said in err
    write(event=np.arange(N) > 0)  # one row without
    assert run(*fit(*SURVIVAL), "--cv", "3", "--quiet")[0] == 0


def test_weights_are_repeated_rows(run):
    times = columns()["times"]
    whole = json.loads(run(*at(0.05, "--target", "count", "--loss", "poisson", "--weight", "times"))[1])
    write(rows=np.repeat(np.arange(N), times))
    again = json.loads(run(*at(0.05, "--target", "count", "--loss", "poisson"))[1])
    assert again["n"] == times.sum()
    assert list(again["coefficients"].values()) == pytest.approx(list(whole["coefficients"].values()), abs=1e-5)


def test_an_exposure_is_the_log_of_an_offset(run):
    one = json.loads(run(*at(0.05, "--target", "count", "--loss", "poisson", "--exposure", "years"))[1])
    write(shift=np.log(columns()["years"]))
    other = json.loads(run(*at(0.05, "--target", "count", "--loss", "poisson", "--offset", "shift"))[1])
    assert list(one["coefficients"].values()) == pytest.approx(list(other["coefficients"].values()), abs=1e-6)
    assert one["intercept"] == pytest.approx(other["intercept"], abs=1e-6)


@pytest.mark.parametrize("size", [1e300, 1e-300])
def test_the_unit_of_an_exposure_or_a_weight_changes_no_weight(run, size):
    given = columns()
    asked = at(0.05, "--target", "count", "--exposure", "years", "--weight", "times")
    usual = json.loads(run(*asked)[1])
    write(years=given["years"] * size, times=given["times"] * size)
    code, out, _ = run(*asked)
    found = json.loads(out)
    assert code == 0
    assert list(found["coefficients"].values()) == pytest.approx(list(usual["coefficients"].values()), abs=1e-5)
    assert found["intercept"] == pytest.approx(usual["intercept"] - np.log(size), abs=1e-5)


def test_a_new_table_is_asked_for_the_offset_that_the_model_has(run):
    assert run(*fit("--target", "count", "--exposure", "years"), "--cv", "3", "-o", "model.json")[0] == 0
    rates = run("predict", "model.json", "data.csv")[1]
    write("new.csv", years=np.ones(N), count=None)
    per_year = run("predict", "model.json", "new.csv")[1]
    years = columns()["years"]
    np.testing.assert_allclose(numbers(rates), numbers(per_year) * years, rtol=1e-12)
    write("new.csv", years=None)
    code, out, err = run("predict", "model.json", "new.csv")
    assert (code, out) == (1, "")
    assert "no column 'years' in the table, which the model takes as its exposure; add it, or a column of 1" in err
    for verb in (("why", "model.json", "x0", "--data", "new.csv"), ("report", "model.json", "new.csv", "-o", "p.html")):
        code, out, err = run(*verb)
        assert (code, out) == (1, "")
        assert "no column 'years' in the table, the exposure of the fit" in err
    write("new.csv", **cell("years", 2, -1))
    assert "column 'years', row 2: '-1' instead of an exposure above 0" in run("predict", "model.json", "new.csv")[2]
    assert run("why", "model.json", "years")[2].startswith("lozenge: error: 'years' is the exposure; features: 'x0'")


def test_other_weights_are_other_rows(run):
    assert run(*fit("--target", "real", "--weight", "times"), "--cv", "3", "-o", "model.json")[0] == 0
    assert run("why", "model.json", "x0", "--data", "data.csv")[0] == 0
    write("new.csv", times=columns()["times"][::-1])
    code, _, err = run("why", "model.json", "x0", "--data", "new.csv")
    assert code == 1
    assert "these are not the rows of the model" in err


def test_a_model_from_before_there_were_roles_still_answers(run):
    assert run(*fit("--target", "real"), "--cv", "3", "-o", "model.json")[0] == 0
    tree = json.loads(Path("model.json").read_text())
    del tree["encoding"]["roles"]
    assert {"outputs", "offset"}.isdisjoint(tree["model"])
    Path("old.json").write_text(json.dumps(tree))
    for verb in (("why", "{}", "x0", "--data", "data.csv"), ("predict", "{}", "data.csv")):
        new, old = (run(*(part.format(name) for part in verb)) for name in ("model.json", "old.json"))
        assert new == old
        assert new[0] == 0
    assert "'real' is the target" in run("why", "old.json", "real")[2]


# -------------------------------------------------------------------------------- what is foretold
def numbers(text):
    return np.array([float(row["prediction"]) for row in table_of(text)])


def model_and_rows():
    path = lz.load("model.json")
    X, _ = encoded()
    coef = path.coefs[:, [path.chosen]].toarray()[:, 0]
    levels = np.atleast_1d(path.intercepts[path.chosen])
    return path, X @ coef.reshape(-1, X.shape[1]).T + levels


@pytest.mark.parametrize("loss", ["poisson", "gamma", "tweedie"])
def test_means_are_predicted(run, loss):
    run(*fit("--loss", loss, "--target", "amount", "--offset", "shift"), "--cv", "3", "-o", "model.json")
    _, eta = model_and_rows()
    expected = np.exp(eta[:, 0] + columns()["shift"])
    np.testing.assert_allclose(numbers(run("predict", "model.json", "data.csv")[1]), expected, rtol=1e-9)


def test_classes_are_predicted_with_their_probabilities(run):
    run(*fit("--target", "three"), "--cv", "3", "-o", "model.json")
    _, eta = model_and_rows()
    p = np.exp(eta) / np.exp(eta).sum(axis=1, keepdims=True)
    found = table_of(run("predict", "model.json", "data.csv")[1])
    assert list(found[0]) == ["prediction", "probability_low", "probability_mid", "probability_top"]
    told = np.array([[float(row[f"probability_{name}"]) for name in ("low", "mid", "top")] for row in found])
    np.testing.assert_allclose(told, p, rtol=1e-9)
    assert [row["prediction"] for row in found] == np.array(["low", "mid", "top"])[p.argmax(axis=1)].tolist()


def test_grades_are_predicted_in_their_order(run):
    run(*fit("--target", "three", "--loss", "ordinal", "--order", "top, mid, low"), "--cv", "3", "-o", "model.json")
    path, _ = model_and_rows()
    assert path.model.classes == ("top", "mid", "low")
    X, _ = encoded()
    eta = (X @ path.coefs[:, [path.chosen]].toarray())[:, 0]
    more = 1 / (1 + np.exp(-eta[:, None] - path.intercepts[path.chosen]))
    found = table_of(run("predict", "model.json", "data.csv")[1])
    assert list(found[0]) == ["prediction", "probability_top", "probability_mid", "probability_low"]
    told = np.array([[float(row[f"probability_{name}"]) for name in ("top", "mid", "low")] for row in found])
    np.testing.assert_allclose(told, np.column_stack([1 - more[:, 0], more[:, 0] - more[:, 1], more[:, 1]]), atol=1e-12)


def test_a_hinge_has_a_score_and_no_probability(run):
    run(*fit("--target", "two", "--loss", "squared_hinge"), "--cv", "3", "-o", "model.json")
    _, eta = model_and_rows()
    found = table_of(run("predict", "model.json", "data.csv")[1])
    assert list(found[0]) == ["prediction", "score"]
    np.testing.assert_allclose([float(row["score"]) for row in found], eta[:, 0], rtol=1e-9)
    assert [row["prediction"] for row in found] == np.where(eta[:, 0] > 0, "yes", "no").tolist()


def test_a_hazard_is_told_with_its_logarithm(run):
    run(*fit(*SURVIVAL, "--strata", "site"), "--cv", "3", "-o", "model.json")
    _, eta = model_and_rows()
    found = table_of(run("predict", "model.json", "data.csv")[1])
    assert list(found[0]) == ["risk", "linear_predictor"]
    np.testing.assert_allclose([float(row["linear_predictor"]) for row in found], eta[:, 0], atol=1e-12)
    np.testing.assert_allclose([float(row["risk"]) for row in found], np.exp(eta[:, 0]), rtol=1e-9)


def test_every_target_has_a_prediction(run):
    run(*fit("--target", "real", "--target", "also"), "--cv", "3", "-o", "model.json")
    _, eta = model_and_rows()
    found = table_of(run("predict", "model.json", "data.csv")[1])
    assert list(found[0]) == ["prediction_real", "prediction_also"]
    np.testing.assert_allclose([[float(x) for x in row.values()] for row in found], eta, rtol=1e-9)


# -------------------------------------------------------------------------------- several outputs
def test_a_feature_of_several_classes_is_asked_for_by_its_weights(run):
    run(*fit("--target", "three"), "--cv", "3", "-o", "model.json")
    code, _, err = run("why", "model.json", "x0")
    assert code == 1
    assert "the feature 'x0' has the weights 'x0[low]', 'x0[mid]', 'x0[top]'; ask for one of these" in err
    assert (
        "the column 'arm' became 'arm=a[low]', 'arm=b[low]', 'arm=c[low]', 'arm=a[mid]'"
        in run(*("why", "model.json", "arm"))[2]
    )
    code, out, _ = run("why", "model.json", "x1[top]", "--data", "data.csv", "--without", "x0", "--json")
    assert code == 0
    assert json.loads(out)["what_if"]["without"] == "x0[low] and x0[mid] and x0[top]"


@pytest.mark.parametrize("asked", [["--target", "three"], ["--target", "real", "--target", "also"]])
def test_under_groups_a_feature_enters_for_all_outputs_or_none(run, asked):
    for alpha in (0.05, 0.15, 0.3):
        given = at(alpha, *asked, "--penalty", "group", "--drop", "arm")
        weights = json.loads(run(*given)[1])["coefficients"]
        by_feature = {}
        for name, weight in weights.items():
            by_feature.setdefault(name.partition("[")[0], set()).add(weight != 0)
        assert all(len(kept) == 1 for kept in by_feature.values())
    assert (
        "0 groups of columns enter or leave whole, 3 columns alone, each for all outputs or none"
        in run(*[part for part in given if part != "--quiet"])[2]
    )


def test_compare_knows_outputs_and_what_goes_beside(run):
    given = ("--cv", "2", "--penalty", "l1", "--penalty", "elasticnet:0.9", "--feature", "x0")
    code, out, err = run("compare", *fit("--target", "three", "--weight", "times")[1:], *given)
    assert code == 0
    assert "has 3 classes" in err
    assert all(name in " ".join(out.split()) for name in ("x0[low]", "x0[mid]", "x0[top]"))
    code, out, _ = run("compare", *fit(*SURVIVAL, "--strata", "site")[1:], *given)
    assert code == 0
    assert "x0" in out


def several(outputs, coef, names):
    """A path of several outputs, one α, whose figures only have to look right."""
    X = np.random.default_rng(0).standard_normal((40, len(names)))
    Y = X[:, [0]] + np.random.default_rng(1).standard_normal((40, len(outputs)))
    path = lz.path(X, Y, loss="multitask", alphas=[0.1])
    model = replace(path.model, outputs=tuple(outputs), scale=np.ones(coef.size))
    weights = tuple(f"{name}[{output}]" for output in outputs for name in names)
    return replace(path, model=model, feature_names=weights, coefs=csc_array(coef.T.reshape(-1, 1)))


def lines_of(path, *, everything=False):
    listed = screens.shown(path, everything=everything)
    told = screens.fit(path, listed, reasons=[], file="t.csv", summary=SUMMARY, target="")
    return [str(line) for line in told]


SUMMARY = dict.fromkeys(("rows", "rows_dropped", "columns", "features", "numeric", "factors"), 5)
SUMMARY |= {"factors": 0, "columns_left_out": 0, "missing_cells": 0, "rows_dropped": 0}


@pytest.mark.parametrize("q", [2, 3, 7, 10])
def test_a_class_has_a_column_of_the_screen(q):
    coef = np.zeros((4, q))
    coef[0] = np.linspace(-1.5, 1.2, q)
    coef[2, 0] = 0.0004
    lines = lines_of(several([f"class {k}" for k in range(q)], coef, ["dose", "age", "weight at birth", "b"]))
    start = next(k for k, line in enumerate(lines) if line.startswith("KEPT"))
    assert lines[start] == f"KEPT {np.count_nonzero(coef)} of {4 * q} weights, in 2 of 4 features"
    first, second = lines[start + 2 : start + 4]
    cells = first.split()[1:]
    assert [float(cell) if cell != "." else 0.0 for cell in cells] == pytest.approx(coef[0], abs=0.06)
    assert [cell == "." for cell in cells] == (coef[0] == 0).tolist()
    assert second.split()[3:][1:] == ["."] * (q - 1)
    assert lines[start + 4].startswith("  (intercept)")
    assert all(screens.cells(line) <= screens.WIDTH for line in lines)


def test_more_classes_than_columns_are_a_list():
    coef = np.zeros((3, 30))
    coef[0] = 1.0
    lines = lines_of(several([f"class {k}" for k in range(30)], coef, ["dose", "age", "b"]))
    assert any(line.startswith("KEPT 30 of 90") for line in lines)
    assert any(line.startswith("  dose[class 0]") for line in lines)
    assert any("and 20 more kept" in line for line in lines)


@given(
    outputs=st.lists(st.text(min_size=1, max_size=40), min_size=2, max_size=12, unique=True),
    names=st.lists(st.text(min_size=1, max_size=60), min_size=2, max_size=4, unique=True),
    scale=st.floats(1e-300, 1e300),
)
def test_no_class_leaves_eighty_columns_or_steers_the_terminal(outputs, names, scale):
    coef = np.zeros((len(names), len(outputs)))
    coef[0] = scale
    coef[-1, -1] = -1 / scale
    lines = lines_of(several(outputs, coef, names))
    assert all(screens.cells(line) <= screens.WIDTH for line in lines)
    assert all(line.isprintable() for line in lines)


def test_the_score_of_several_responses_is_that_of_all_together():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 3))
    Y = np.column_stack([X[:, 0], rng.standard_normal(40)])
    path = lz.path(X, Y, loss="multitask", alphas=[0.1])
    left = np.square(Y - path.predict(X)).sum() / np.square(Y - Y.mean(axis=0)).sum()
    assert path.at(0.1).score(X, Y) == pytest.approx(1 - left, rel=1e-9)


def test_an_offset_of_grades_shifts_every_odds_alike():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 2))
    y = np.digitize(X[:, 0] + rng.standard_normal(60), [-0.7, 0.7])
    plain, moved = (
        lz.path(X, y, loss="ordinal", alphas=[0.05], offset=offset, tol=1e-10) for offset in (None, np.full(60, 0.7))
    )
    np.testing.assert_allclose(moved.coefs.toarray(), plain.coefs.toarray(), atol=1e-7)
    np.testing.assert_allclose(moved.intercepts, plain.intercepts - 0.7, atol=1e-7)


def test_a_loss_of_your_own_is_told_by_its_name(tmp_path):
    class LogCosh:
        name = "log_cosh"

        def value(self, y, eta):
            return np.logaddexp(eta - y, y - eta) - np.log(2.0)

        def gradient(self, y, eta):
            return np.tanh(eta - y)

        def curvature(self, y, eta):
            return 1.0 - np.tanh(eta - y) ** 2

        def check(self, y):
            return np.asarray(y, dtype=float)

    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 3))
    path = lz.path(X, X[:, 0] + rng.standard_normal(50), loss=LogCosh(), n_alphas=8)
    path.report(tmp_path / "page.html")
    page = " ".join("".join(Words((tmp_path / "page.html").read_text()).words).split())
    assert "log_cosh, a loss of your own, lasso, features standardised" in page
    assert "D squared" in page
    assert screens.record(path)["loss"] == "log_cosh"
    assert path.plot().get_ylabel() == "weight per SD of the feature"


def test_held_out_risk_is_set_against_the_folds_own_null_model():
    """A fold has fewer at risk, so that a row's deviance is smaller there without any feature."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((120, 4))
    y = np.column_stack([rng.exponential(size=120), np.ones(120)])  # nothing to find
    path = lz.path(X, y, loss="cox", cv=4)
    text = screens.facts(path, file="t.csv", summary=None, target="")["D squared"]
    share = float(text.partition("explained, ")[2].split()[0])
    assert abs(share) < 0.02


# -------------------------------------------------------------------------------- real tables
def test_claims_with_their_exposure(run, data):
    """A ridge is scikit-learn's on rates weighted by exposure; a lasso obeys its conditions."""
    from sklearn.linear_model import PoissonRegressor

    with gzip.open(data / "french_motor.csv.gz", "rt") as file:
        Path("claims.csv").write_text("".join(file.readline() for _ in range(5_001)))
    asked = ("fit", "claims.csv", "--target", "ClaimNb", "--exposure", "Exposure", "--drop", "IDpol", "--cv", "0")
    asked += ("--tol", "1e-10", "--json", "--quiet")
    roles = tables.Roles(("ClaimNb",), exposure="Exposure")
    table = tables.encode(tables.read("claims.csv"), roles, drop=["IDpol"])
    X, y, t = table.X, table.y, np.exp(table.offset)
    Z = (X - X.mean(axis=0)) / np.where(X.std(axis=0) > 0, X.std(axis=0), 1.0)
    alpha = 0.05

    ridge = json.loads(run(*asked, "--penalty", "l2", "--select", alpha)[1])
    assert ridge["loss"] == "poisson"
    peer = PoissonRegressor(alpha=alpha * len(y) / t.sum(), solver="newton-cholesky", tol=1e-12, max_iter=1_000)
    peer.fit(Z, y / t, sample_weight=t)
    found = np.array(list(ridge["coefficients"].values())) * X.std(axis=0)
    np.testing.assert_allclose(found, peer.coef_, atol=1e-6 * np.abs(peer.coef_).max())

    lasso = json.loads(run(*asked, "--select", alpha)[1])
    weights = np.array(list(lasso["coefficients"].values()))
    mean = t * np.exp(lasso["intercept"] + X @ weights)
    assert mean.sum() == pytest.approx(y.sum(), rel=1e-6)
    left = Z.T @ (y - mean) / len(y)
    assert 0 < lasso["kept"] < lasso["p"]
    assert (np.abs(left) <= alpha * (1 + 1e-5)).all()
    np.testing.assert_allclose(left[weights != 0], alpha * np.sign(weights[weights != 0]), rtol=1e-5)


# Fox, Weisberg (2018), Cox proportional-hazards regression for survival data in R, section 3: Efron's ties.
ROSSI = {
    "fin": -0.37942,
    "age": -0.05744,
    "race": 0.31390,
    "wexp": -0.14980,
    "mar": -0.43370,
    "paro": -0.08487,
    "prio": 0.09150,
}


def test_rearrests_are_those_of_the_textbook(run, data):
    asked = ("fit", data / "rossi.csv", "--time", "week", "--event", "arrest", "--ties", "efron")
    free = [part for name in ROSSI for part in ("--unpenalised", name)]
    record = json.loads(run(*asked, *free, "--cv", "0", "--select", "1", "--tol", "1e-10", "--json", "--quiet")[1])
    assert record["coefficients"] == pytest.approx(ROSSI, abs=2e-5)
    code, out, _ = run(*asked, "--cv", "5", "-o", "model.json")
    assert code == 0
    assert "arrest in 114 of 432 rows, week 1 to 52" in " ".join(out.split())
    assert "Cox regression with ties efron" in out
    assert "hazard / SD" in out
    assert run("why", "model.json", "prio", "--data", data / "rossi.csv")[0] == 0


@pytest.mark.parametrize(
    ("file", "more"),
    [
        ("gbsg2.csv", ["--event", "cens", "--strata", "menostat"]),
        ("lung_va.csv", ["--event", "status"]),
    ],
)
def test_survival_tables_come_in(run, data, file, more):
    code, out, _ = run("fit", data / file, "--time", "time", *more, "--cv", "3", "-o", "model.json", "--quiet")
    assert code == 0
    assert all(screens.cells(line) <= screens.WIDTH for line in out.splitlines())
    risk = [float(row["risk"]) for row in table_of(run("predict", "model.json", data / file)[1])]
    assert len(risk) == len(tables.read(data / file))
    assert np.isfinite(risk).all()
    assert np.std(risk) > 0


def test_wines_have_a_class_each(run, data):
    """A ridge is scikit-learn's; the path's table has a column for each of seven classes."""
    from sklearn.linear_model import LogisticRegression

    tables.read(data / "wine.csv").gather_every(12).write_csv("wine.csv")
    table = tables.encode(tables.read("wine.csv"), "quality")
    classes, counts = np.unique(table.y, return_counts=True)
    X, alpha = table.X, 0.1
    asked = ("fit", "wine.csv", "--target", "quality", "--loss", "multinomial", "--cv", "0", "--quiet")
    record = json.loads(run(*asked, "--penalty", "l2", "--select", alpha, "--tol", "1e-9", "--json")[1])
    assert record["outputs"] == [f"{label:g}" for label in classes]
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    peer = LogisticRegression(C=1 / (alpha * len(Z)), tol=1e-10, max_iter=10_000).fit(Z, table.y)
    found = np.array(list(record["coefficients"].values())).reshape(len(classes), -1) * X.std(axis=0)
    np.testing.assert_allclose(found, peer.coef_, atol=2e-5)

    code, out, _ = run(*asked, "--select", "0.02", "-o", "model.json")
    assert code == 0
    assert all(screens.cells(line) <= screens.WIDTH for line in out.splitlines())
    told = " ".join(out.split())
    assert all(f"'{label:g}' {count:,}" in told for label, count in zip(classes, counts, strict=True))
    assert "multinomial regression of 7 classes" in told
    head = next(k for k, line in enumerate(out.splitlines()) if line.startswith("KEPT"))
    assert out.splitlines()[head + 1].split() == [f"{label:g}" for label in classes]
    row = table_of(run("predict", "model.json", "wine.csv")[1])[0]
    assert sum(float(row[f"probability_{label:g}"]) for label in classes) == pytest.approx(1)


def test_house_prices_resist_outliers(run, data):
    """A lasso with Huber's loss obeys its conditions: what is left of each pull is its price where it is kept."""
    alpha, delta = 2_000.0, 20_000.0
    asked = ("fit", data / "ames.csv", "--target", "SalePrice", "--loss", f"huber:{delta:g}", "--cv", "0")
    code, out, _ = run(*asked, "--select", alpha, "--tol", "1e-9", "--json", "--quiet")
    record = json.loads(out)
    assert code == 0
    table = tables.encode(tables.read(data / "ames.csv"), "SalePrice")
    X, weights = table.X, np.array(list(record["coefficients"].values()))
    spread = np.where(X.std(axis=0) > 0, X.std(axis=0), 1.0)
    psi = np.clip(table.y - record["intercept"] - X @ weights, -delta, delta)
    left = ((X - X.mean(axis=0)) / spread).T @ psi / len(psi)
    assert 0 < record["kept"] < record["p"]
    assert abs(psi.mean()) <= 1e-3 * alpha
    assert (np.abs(left) <= alpha * (1 + 1e-3)).all()
    np.testing.assert_allclose(left[weights != 0], alpha * np.sign(weights[weights != 0]), rtol=1e-3)


def test_a_score_is_against_a_constant_beside_the_offset():
    """On the rows of the fit it is the share of the deviance that the path says, whose null model has the offset."""
    rng = np.random.default_rng(5)
    n = 400
    X, exposure = rng.standard_normal((n, 4)), rng.uniform(0.05, 4.0, n)
    y = rng.poisson(exposure * np.exp(0.3 * X[:, 0] - 1.0))
    w = rng.uniform(0.5, 2.0, n)
    fits = {
        "poisson": (y, np.log(exposure)),
        "quantile:0.8": (X[:, 1] + rng.standard_t(2, n) + 10.0 * exposure, 10.0 * exposure),
        "huber:0.5": (X[:, 1] + rng.standard_t(2, n) + 10.0 * exposure, 10.0 * exposure),
        "logistic": ((X[:, 0] + rng.logistic(size=n) + 2.0 * exposure > 4.0).astype(int), 2.0 * exposure - 4.0),
    }
    for loss, (target, offset) in fits.items():
        path = lz.path(X, target, loss=loss, offset=offset, sample_weight=w, alphas=[0.02], tol=1e-9)
        score = path.at(0.02).score(X, target, sample_weight=w, offset=offset)
        assert score == pytest.approx(path.deviance_ratio[0], abs=1e-8), loss


def test_a_lesson_runs_on_any_response(run):
    write()
    for asked in (SURVIVAL, ("--target", "count", "--loss", "poisson", "--exposure", "years")):
        code, out, _ = run("lesson", "corner", "--data", "data.csv", *asked, "--select", "0.05")
        assert code == 0
        assert "corner" in out
    code, _, err = run("lesson", "corner", *SURVIVAL)
    assert code == 2
    assert "--data FILE goes with --target COLUMN, or with --time and --event" in " ".join(err.split())


def test_a_share_that_is_not_whole_is_never_a_hundred():
    assert [screens.percent(share) for share in (1.0, 0.9999, 0.996, 0.994)] == ["100 %", "99.9 %", "99.6 %", "99 %"]
