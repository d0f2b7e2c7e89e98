"""The command line: what goes to which stream, with which exit code, and what is left on the disk."""

import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csc_array

import lozenge as lz
from lozenge import cli, screens
from lozenge.cli import telling
from lozenge.results import Certificate, CrossValidation, Forces, History, Model, Reason, Status
from lozenge.results import Path as Record

DATA = Path(__file__).parents[2] / "shared" / "data"
KEYS = [
    "schema",
    "loss",
    "loss_parameters",
    "penalty",
    "penalty_parameters",
    "alpha",
    "rule",
    "n",
    "p",
    "kept",
    "zeros",
    "intercept",
    "coefficients",
    "certificate",
    "max_gap",
    "passes",
    "deviance_ratio",
    "cv",
    "stability",
]
REASON_KEYS = {
    "feature",
    "weight",
    "state",
    "marginal",
    "used",
    "used_by",
    "left",
    "price",
    "share",
    "enters_at",
    "leaves_at",
    "refit_weight",
    "certified",
    "unique",
    "twins",
    "sentence",
}


# -------------------------------------------------------------------------------- by hand
def handmade(names, *, coef, left, price=1.0, free=(), classes=(), uncertified=(), cv=True, unique=True):
    """A path of three α, the middle one chosen, whose figures only have to look right."""
    p, alphas = len(names), np.array([2.0, 1.0, 0.5])
    coef, left = np.asarray(coef, float), np.asarray(left, float)
    penalty_weights = np.array([0.0 if j in free else 1.0 for j in range(p)])
    inside = coef != 0
    model = Model(
        loss="logistic" if classes else "squared",
        loss_parameters={},
        penalty="l1",
        penalty_parameters={},
        fit_intercept=True,
        standardize=True,
        tol=1e-6,
        n=50,
        weight_sum=50.0,
        alpha_max=2.0,
        null_loss=2.0,
        saturated_loss=0.0,
        null_intercept=1.0,
        y_mean=1.0,
        y_sd=2.0,
        scale=np.ones(p),
        center=np.zeros(p),
        penalised_unit=np.ones(p),
        penalty_weights=penalty_weights,
        constant=np.zeros(p, bool),
        classes=classes,
        target="y",
    )
    status = [Status.STALLED if k in uncertified else Status.CERTIFIED for k in range(3)]
    gaps = np.array([1e-3 if k in uncertified else 1e-9 for k in range(3)])
    curve = CrossValidation(
        alphas, np.array([4.0, 2.0, 1.0]), np.ones(3), np.ones((5, 3)), "1se", 0, index_min=2, index_1se=1
    )
    return Record(
        alphas=alphas,
        coefs=csc_array(np.column_stack([np.zeros(p), coef, coef])),
        intercepts=np.array([1.0, 0.5, 0.25]),
        gaps=gaps,
        deviance_ratio=np.array([0.0, 0.5, 0.75]),
        df=np.array([0, inside.sum(), inside.sum()]),
        unique=np.full(3, unique),
        status=tuple(status),
        certificates=tuple(Certificate("gap", float(gap)) for gap in gaps),
        passes=3.0,
        feature_names=tuple(names),
        model=model,
        history=History(
            np.where(inside, 1.5, np.nan),
            np.full(p, np.nan),
            np.where(inside, 1, -1),
            exits=(),
            sign_changes=(),
        ),
        chosen=1,
        forces=Forces(1.0, left, left, np.where(penalty_weights == 0, 0.0, price), coef, ~inside, unique, 1e-9),
        cv=curve if cv else None,
    )


def reason(path, j, used_by=()):
    """Only what a screen reads of a reason has to be right."""
    left = float(path.forces.left[j])
    return Reason(
        feature=path.feature_names[j],
        alpha=1.0,
        state="zero",
        weight=0.0,
        per_sd=0.0,
        marginal=left + 0.5,
        used=0.5,
        used_by=tuple((name, 0.1) for name in used_by),
        left=left,
        price=1.0,
        share=abs(left),
        slack=1 - abs(left),
        enters_at=None,
        next_at=None,
        next_exact=False,
        leaves_at=None,
        refit_weight=None,
        certified=True,
        unique=True,
        twins=(),
        correlation_unit=2.0,
        constant=False,
        loss=path.model.loss,
        penalty="l1",
        target="y",
        last_alpha=0.5,
        kept=1,
        chosen_by="1se",
    )


SUMMARY = {
    "rows": 50,
    "rows_dropped": 0,
    "columns": 3,
    "features": 3,
    "numeric": 3,
    "factors": 0,
    "columns_left_out": 0,
    "missing_cells": 0,
}


def screen(path, *, used_by=(), everything=False, file="t.csv", **summary):
    listed = screens.shown(path, everything=everything)
    lines = screens.fit(
        path,
        listed,
        reasons=[reason(path, j, used_by) for j in listed.zeros],
        file=file,
        summary=SUMMARY | {"features": len(path.feature_names), "numeric": len(path.feature_names)} | summary,
        target="y 1 to 2",
    )
    return [str(line) for line in lines]


def test_screen_says_what_was_kept_and_how_near_each_zero_is():
    path = handmade(["dose", "age", "bmi"], coef=[1.25, 0, 0], left=[1, 0.14, -0.9])
    assert screen(path, used_by=["dose"]) == [
        "t.csv         50 rows, 3 numeric features, no missing values; y 1 to 2",
        "model         linear regression, lasso, features standardised, intercept free",
        "alpha         1.00 = 50 % of alpha_max, by the 1se rule: the largest within one",
        "              standard error of the best score, which is at alpha 0.500 with 1",
        "              kept (3 alphas, 5 folds, seed 0)",
        "R squared     0.500 in sample, 0.500 +- 0.250 cross-validated (best 0.750)",
        "certified     within 1.0e-09 of the optimum at all 3 alphas; solution unique",
        "",
        "KEPT 1 of 3     weight   per SD   enters at",
        "  dose          1.250      1.25        1.50",
        "  (intercept)   0.5000",
        "",
        "ZERO 2 of 3    share of the price   enters at   already told by",
        "  bmi           =========-   90 %      <0.500   dose",
        "  age           =---------   14 %      <0.500   dose",
        "",
        "Weights are shrunk and were chosen by the data: p-values do not apply.",
    ]


def test_screen_of_a_classification_shows_odds_and_correlations():
    path = handmade(["dose", "age"], coef=[1, 0], left=[1, 0.5], classes=(0.0, 1.0))
    text = "\n".join(screen(path))
    assert "logistic regression for the odds of '1'" in text
    assert "x 2.72" in text
    assert "D squared     0.500 of the deviance explained, 0.500 +- 0.250 cross-validated" in text
    assert "0.500   0.250" in text  # (0.5 + 0.5)/2 and 0.5/2


def test_long_tables_show_ten_rows_each_and_say_what_is_left_out():
    coef = np.r_[np.linspace(3, 1, 12), np.zeros(28)]
    left = np.r_[np.ones(12), np.linspace(0.95, 0.1, 28)]
    path = handmade([f"x{j}" for j in range(40)], coef=coef, left=left)
    lines = screen(path)
    kept, zero = lines.index("", 0) + 1, lines.index("", 10) + 1
    assert lines[kept].startswith("KEPT 12 of 40")
    assert lines[kept + 12] == "  and 2 more kept, the largest 1.18 per SD (--all)"
    assert lines[zero].startswith("ZERO 28 of 40")
    assert lines[zero + 11] == "  and 18 more zeros, the nearest at 64 % of the price (--all)"
    everything = screen(path, everything=True)
    assert not any("more" in line for line in everything)
    assert sum(line.startswith("  x") for line in everything) == 40


def test_what_is_not_certified_says_so_with_the_status():
    path = handmade(["a", "b"], coef=[1, 0], left=[1, 0.5], uncertified=[2], unique=False)
    text = " ".join(" ".join(screen(path)).split())
    assert "NOT CERTIFIED at 1 of 3 alphas; the chosen one is certified, within 1.0e-09; asked 1e-06. Rounding" in text
    assert "Not proved unique" in text
    assert not screens.is_certified(path)
    assert screens.record(path)["max_gap"] == 1e-3
    infinite = replace(path, gaps=np.array([0, 0, np.inf]))
    assert screens.record(infinite)["max_gap"] is None


def test_an_unpenalised_feature_is_kept_and_free():
    lines = screen(handmade(["a", "b"], coef=[0, 0], left=[0, 0.5], free=[0], cv=False))
    assert any(line.split() == ["a", "0", "0", "free"] for line in lines)
    assert "1 unpenalised" in " ".join(" ".join(lines).split())
    assert "no cross-validation" in " ".join(" ".join(lines).split())


def test_a_zero_that_has_left_is_marked():
    path = handmade(["a", "b"], coef=[1, 0], left=[1, 0.5])
    path = replace(path, history=replace(path.history, enters_at=np.array([1.5, 1.75]), entered=np.array([1, 1])))
    lines = screen(path)
    assert any("1.75*" in line for line in lines)
    assert "* was in the model at a larger alpha and has left it." in lines


def test_what_was_learnt_on_all_rows_is_said():
    path = handmade(["a", "b"], coef=[1, 0], left=[1, 0.5])
    text = "\n".join(
        screen(path, missing_cells=3, factors=1, numeric=2, features=7, columns_left_out=1, rows_dropped=4)
    )
    joined = " ".join(text.split())
    assert "learnt once, on all rows; cross-validation does not repeat them" in joined
    assert "50 rows (4 dropped: no target), 2 numeric and 1 text columns as 7 features, 1 column left out, 3" in joined
    assert "learnt once" not in "\n".join(screen(path))


def test_an_empty_model_says_what_it_means():
    lines = screen(handmade(["a", "b"], coef=[0, 0], left=[0.2, 0.5]))
    assert "KEPT 0 of 2     weight   per SD   enters at" in lines
    assert any(line.startswith("Nothing is kept") for line in lines)


@given(
    names=st.lists(st.text(min_size=1, max_size=120), min_size=4, max_size=6, unique=True),
    scale=st.floats(1e-300, 1e300),
    file=st.text(max_size=200),
)
def test_no_name_or_number_leaves_eighty_columns_or_steers_the_terminal(names, scale, file):
    coef = np.zeros(len(names))
    coef[:2] = scale, -1 / scale
    path = handmade(names, coef=coef, left=np.linspace(1, 0.1, len(names)))
    lines = screen(path, used_by=names[:3], file=file) + screens.wrap(" ".join(names))
    assert all(screens.cells(line) <= screens.WIDTH for line in lines)
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize(
    ("text", "width"),
    [("age", 3), ("年齢", 4), ("e\u0301", 1), ("", 0), ("ａ", 2)],
    ids=["ascii", "wide", "mark", "empty", "full"],
)
def test_cells_counts_what_a_terminal_shows(text, width):
    assert screens.cells(text) == width


def test_shorten_keeps_both_ends():
    assert screens.shorten("x" * 40 + "end", 10) == "xxxxx…xend"
    assert screens.cells(screens.shorten("年" * 40, 11)) <= 11


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0"),
        (5.5678, "5.57"),
        (0.99996, "1.00"),
        (-123456.7, "-123457"),
        (1e6, "1.00e+06"),
        (9.99e-5, "9.99e-05"),
        (1e-4, "0.000100"),
    ],
)
def test_numbers(x, text):
    assert screens.number(x) == text


# -------------------------------------------------------------------------------- end to end
@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def run(here, capsys):
    """Run a command in this process, in ``here``: exit code, stdout, stderr."""
    assert not list(here.iterdir())

    def call(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def files(here):
    """What is in the working directory."""
    return lambda: sorted(path.name for path in here.iterdir())


def write(name="data.csv", *, rows=60, **columns):
    """A table with y made of the first two of five columns, and further columns."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, 5)).round(4)
    y = (3 * X[:, 0] - 2 * X[:, 1] + rng.standard_normal(rows)).round(4)
    table = {f"x{j}": X[:, j].tolist() for j in range(5)} | {"y": y.tolist()} | columns
    with Path(name).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))
    return y


FIT = ("fit", "data.csv", "--target", "y", "--cv", "3")
ALONE = (*FIT[:-1], "0", "--select", "0.1")  # without folds, where they say nothing of the matter


def test_fit_prints_the_screen_and_keeps_chatter_out_of_it(run, files):
    write()
    code, out, err = run(*FIT)
    assert code == 0
    assert out.startswith("data.csv      60 rows, 5 numeric features")
    assert "KEPT" in out
    assert "ZERO" in out
    assert "\x1b" not in out + err
    assert all(line.startswith("lozenge: ") for line in err.splitlines())
    assert "linear regression" in err
    assert files() == ["data.csv"]


def test_quiet_has_nothing_on_stderr(run):
    write()
    assert run(*FIT, "--quiet", "-o", "model.json")[2] == ""


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["fit", "data.csv", "--target"], ["x0", "x1", "x2", "x3", "x4", "y"]),
        (["fit", "data.csv", "--target", "y", "--drop"], ["x0", "x1", "x2", "x3", "x4", "y"]),
        (["fit", "none.csv", "--target"], []),
        (["fit", "--target"], []),
        (["why", "model.json"], ["x0", "x1", "x2", "x3", "x4"]),
        (["why", "data.csv"], []),
        (["why"], []),
    ],
)
def test_the_shell_completes_columns_and_features(run, monkeypatch, words, offered):
    write()
    if "model.json" in words:
        run(*ALONE, "-o", "model.json")
    monkeypatch.setenv("_LOZENGE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", " ".join(["lozenge", *words, ""]))
    monkeypatch.setenv("COMP_CWORD", str(len(words) + 1))
    code, out, err = run()
    assert (code, out.split(), err) == (0, offered, "")


def test_json_is_one_object_with_exactly_these_keys(run):
    write()
    code, out, _ = run(*FIT, "--json", "--penalty", "elasticnet:0.7")
    record = json.loads(out)
    assert code == 0
    assert list(record) == KEYS
    assert record["penalty"] == "elasticnet:0.7"
    assert record["penalty_parameters"] == {"l1_ratio": 0.7}
    assert record["kept"] + record["zeros"] == record["p"] == len(record["coefficients"]) == 5
    assert record["certificate"].keys() == {"kind", "value"}
    assert record["max_gap"] <= 1e-6
    assert out.count("\n") == 1


def test_json_agrees_with_the_library(run):
    import lozenge as lz
    from lozenge import tables

    write()
    record = json.loads(run(*FIT, "--json", "--select", "min")[1])
    table = tables.encode(tables.read("data.csv"), "y")
    best = lz.path(table.X, table.y, cv=3, feature_names=table.feature_names).best("min")
    assert record["rule"] == "min"
    assert record["alpha"] == best.alpha
    assert list(record["coefficients"].values()) == best.coef.tolist()


def test_a_named_alpha_needs_no_cross_validation(run):
    write()
    code, out, _ = run("fit", "data.csv", "--target", "y", "--select", "0.3", "--cv", "0", "--json")
    record = json.loads(out)
    assert (code, record["alpha"], record["rule"]) == (0, 0.3, "alpha")


def test_standard_input(run, monkeypatch):
    write()
    text = Path("data.csv").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    code, out, _ = run("fit", "-", "--target", "y", "--cv", "3")
    assert code == 0
    assert out.startswith("standard input\n")


@pytest.mark.parametrize("command", [("fit", "-", "--target", "y"), ("predict", "model.json", "-")])
def test_a_terminal_on_standard_input_gets_help(run, monkeypatch, command):
    monkeypatch.setattr(sys, "stdin", type("Terminal", (), {"isatty": lambda _: True})())
    code, out, err = run(*command)
    assert (code, out) == (2, "")
    assert "Usage:" in err
    assert "standard input is a terminal" in err


@pytest.mark.parametrize(
    ("values", "asked", "loss", "said"),
    [
        (["no", "yes"], "auto", "logistic", "'no', 'yes': logistic regression for the odds of the second"),
        (["true", "false"], "auto", "logistic", "--loss squared takes them as amounts"),
        ([0, 1], "auto", "logistic", "'0', '1': logistic"),
        ([1, 2], "auto", "logistic", "'1', '2': logistic"),
        ([1, 2], "squared", "squared", ""),
        ([1, 2, 3], "auto", "squared", "is numeric: linear regression"),
    ],
)
def test_the_loss_follows_the_target_and_says_so(run, values, asked, loss, said):
    y = write()
    write(y=[values[k] for k in np.digitize(y, np.quantile(y, np.linspace(0, 1, len(values) + 1)[1:-1]))])
    code, out, err = run(*ALONE, "--json", "--loss", asked)
    assert code == 0
    assert json.loads(out)["loss"] == loss
    assert said in err


def test_unpenalised_frees_a_feature_or_every_level_of_a_column(run):
    write(arm=["a", "b", "c"] * 20)
    code, out, _ = run(*FIT, "--unpenalised", "arm", "--unpenalised", "x4")
    assert code == 0
    assert sum(line.endswith("free") for line in out.splitlines()) == 4
    assert "4 unpenalised" in " ".join(out.split())
    assert "learnt once, on all rows" in out


def test_leaks_are_warned_of_even_when_quiet(run):
    y = write()
    write(copy=(2 * y).tolist())
    _, _, err = run(*FIT, "--quiet")
    assert err.startswith("lozenge: warning: 'copy' determines the target exactly")


def test_many_notes_are_capped(run):
    write(**{f"day{j}": [f"2020-01-{1 + k % 28:02d}" for k in range(60)] for j in range(20)})
    _, _, err = run(*FIT)
    assert err.count("left out (date)") == telling.NOTES
    assert "and 12 more notes" in err
    assert run(*FIT, "--all")[2].count("left out (date)") == 20


def test_the_end_of_the_grid_is_pointed_out(run, monkeypatch):
    from lozenge import fit as fits

    write()
    whole = fits.path

    def edge(*args, **kwargs):
        path = whole(*args, **kwargs)
        count = len(path.cv.alphas)
        return replace(path, cv=replace(path.cv, index_min=count - 1, mean=np.linspace(2.0, 1.0, count)))

    monkeypatch.setattr(fits, "path", edge)
    assert "the best score is at the end of the grid" in run(*FIT)[2]


def test_what_is_not_certified_is_printed_and_written_with_exit_code_3(run, files, monkeypatch):
    from lozenge import fit as fits

    write()
    whole = fits.path

    def stalled(*args, **kwargs):
        path = whole(*args, **kwargs)
        return replace(path, status=(Status.STALLED, *path.status[1:]))

    monkeypatch.setattr(fits, "path", stalled)
    code, out, _ = run(*FIT, "-o", "model.json")
    assert code == 3
    assert "NOT CERTIFIED" in out
    assert "Rounding or conditioning" in out
    assert files() == ["data.csv", "model.json"]


def test_colour_is_asked_for_or_absent(run, monkeypatch):
    write()
    assert "\x1b[1mKEPT" in run(*FIT, "--color", "always")[1]
    assert "\x1b" not in run(*FIT, "--color", "never")[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" in run(*FIT)[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run(*FIT)[1]


def test_model_plot_why_and_predict(run, files):
    y = write()
    code, _, err = run(*FIT, "-o", "model.json", "--plot", "path.svg")
    assert code == 0
    assert "wrote model.json" in err
    assert "wrote path.svg" in err
    assert files() == ["data.csv", "model.json", "path.svg"]
    assert "<svg" in Path("path.svg").read_text()

    code, out, err = run("why", "model.json", "x3")
    assert (code, err) == (0, "")
    assert out.startswith("x3 is exactly 0")
    assert all(len(line) <= 80 for line in out.splitlines())
    code, out, _ = run("why", "model.json", "x0", "--json")
    said = json.loads(out, parse_constant=pytest.fail)
    assert said.keys() >= REASON_KEYS
    assert said["state"] == "kept"

    code, out, err = run("predict", "model.json", "data.csv")
    assert (code, err) == (0, "")
    assert out.startswith("prediction\n")
    assert np.corrcoef(np.loadtxt(io.StringIO(out), skiprows=1), y)[0, 1] > 0.9
    assert files() == ["data.csv", "model.json", "path.svg"]


def test_predict_gives_the_class_and_a_probability_of_each(run):
    y = write()
    write(y=np.where(y > 0, "ill, maybe", "well").tolist())
    assert run(*FIT, "-o", "model.json")[0] == 0
    code, out, _ = run("predict", "model.json", "data.csv")
    table = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert list(table[0]) == ["prediction", "probability_ill, maybe", "probability_well"]
    assert {row["prediction"] for row in table} == {"ill, maybe", "well"}
    for row in table:
        first, second = float(row["probability_ill, maybe"]), float(row["probability_well"])
        assert first + second == pytest.approx(1)
        assert row["prediction"] == ("ill, maybe" if first > second else "well")


def test_predict_notes_what_it_had_to_fill_on_stderr(run):
    write(arm=["a", "b"] * 30)
    run(*FIT, "-o", "model.json")
    write("new.csv", arm=["a", "z"] * 30)
    code, out, err = run("predict", "model.json", "new.csv")
    assert code == 0
    assert len(out.splitlines()) == 61
    assert "not seen in fitting ('z')" in err


def test_force_overwrites(run):
    write()
    Path("model.json").write_text("mine")
    assert run(*FIT, "-o", "model.json", "--force")[0] == 0
    assert json.loads(Path("model.json").read_text())


# -------------------------------------------------------------------------------- refusals
def bad_file(name, content):
    return lambda: Path(name).write_bytes(content)


def with_target(values):
    return lambda: write(y=[values[k % len(values)] for k in range(60)])


@pytest.mark.parametrize(
    ("prepare", "arguments", "said"),
    [
        (write, ["dat.csv"], "no file 'dat.csv'; did you mean 'data.csv'?"),
        (lambda: Path("data.csv").mkdir(), [], "cannot read 'data.csv'"),
        (bad_file("data.csv", b"\x1f\x8bnothing"), [], "cannot read 'data.csv'"),
        (bad_file("data.csv", b"PAR1nothing"), [], "Parquet"),
        (bad_file("data.csv", b""), [], "is empty"),
        (bad_file("data.csv", b"x,y\n"), [], "is an empty table"),
        (bad_file("data.csv", b"x,y\n1,2\n"), [], "1 row"),
        (bad_file("data.csv", b"x,x,y\n1,2,3\n2,3,4\n"), [], "columns named 'x'"),
        (bad_file("data.csv", b"x,y\n1,2\n1,2,3\n"), [], "line 3: 3 cells where the header has 2"),
        (bad_file("data.csv", b"x,y\n1,2\n3,\n4,5\n"), [], "--drop-missing-target"),
        (write, ["--target", "Y"], "no column 'Y' in the table; did you mean 'y'?"),
        (write, ["--drop", "x9"], "no column 'x9'"),
        (write, ["--unpenalised", "X1"], "no feature 'X1'; did you mean 'x1'?"),
        (with_target([7]), [], "the target 'y' is '7' in every row"),
        (with_target(["a"]), [], "the target 'y' is 'a' in every row"),
        (
            with_target(["a", "b"]),
            ["--loss", "squared"],
            "the target 'y' must be numbers for --loss squared; got text such as 'a'. Use --loss logistic",
        ),
        (
            with_target(["a", "b", "c"]),
            ["--loss", "logistic"],
            "must hold two classes for the logistic loss; got 3 (a, b, c): for more classes use --loss multinomial",
        ),
        (with_target([1, 2, 3]), ["--loss", "logistic"], "for a number --loss squared"),
        (with_target([1, 2, 3, "4 kg"]), [], "'4 kg' makes the column text: mend that cell"),
        (with_target([1, 2, 3, "4 kg"]), ["--loss", "poisson"], "'4 kg' makes the column text: mend that cell"),
        (with_target([1, 2, 0, -1]), ["--loss", "poisson"], "zero or positive for --loss poisson; got -1 in row 4"),
        (
            with_target([1, 2, 0]),
            ["--loss", "gamma"],
            "got 0 in row 3 (and 19 more): drop the row, or use --loss tweedie",
        ),
        (with_target(["a", "b", "c"]), ["--loss", "ordinal"], "the order of the classes is not known"),
        (with_target(["a", "b", "c"]), ["--loss", "ordinal", "--order", "a,c"], "holds 'b', which is not in order"),
        (write, ["--cv", "61"], "--cv 61 needs 61 rows; the table has 60"),
        (bad_file("data.csv", b"x,y\n1,2\n1,3\n1,5\n"), [], "every feature is constant: 'x'"),
        (bad_file("data.csv", b"x,y\n1,a\n2,b\n3,a\n"), ["--cv", "2"], "one row only is 'b'"),
        (write, ["-o", "missing/model.json"], "no folder 'missing'"),
        (write, ["-o", "data.csv", "--force"], "is the table itself"),
        (write, ["-o", "a.png", "--plot", "a.png"], "-o and --plot both name 'a.png'"),
        (write, ["-o", "."], "is a folder"),
    ],
)
def test_a_bad_table_or_file_is_one_line_and_leaves_nothing(run, files, prepare, arguments, said):
    prepare()
    before = files()
    file = [] if arguments and arguments[0].endswith(".csv") else ["data.csv"]
    target = [] if "--target" in arguments else ["--target", "y"]
    model = [] if "-o" in arguments else ["-o", "model.json"]
    code, out, err = run("fit", "--quiet", *file, *arguments, *target, *model)
    assert (code, out) == (1, "")
    assert err.startswith("lozenge: error: ")
    assert said in err
    assert len(err.splitlines()) == 1
    assert files() == before


@pytest.mark.parametrize("option", ["-o", "--plot"])
def test_an_existing_file_is_refused_before_any_work(run, monkeypatch, option):
    from lozenge import tables

    monkeypatch.setattr(tables, "read", pytest.fail)
    Path("mine.svg").write_text("mine")
    code, out, err = run(*FIT, option, "mine.svg")
    assert (code, out) == (1, "")
    assert "'mine.svg' exists" in err
    assert "--force" in err
    assert Path("mine.svg").read_text() == "mine"


def test_a_column_of_numbers_with_a_slip_is_pointed_out(run):
    write(dose=[*range(59), "12 mg"])
    code, _, err = run(*FIT, "--keep", "dose")
    assert code == 0
    assert "dose looks like numbers but is text" in err


def test_rows_without_a_target_are_dropped_when_asked(run):
    y = write()
    write(y=["", *y[1:].tolist()])
    code, out, err = run(*FIT, "--drop-missing-target")
    assert code == 0
    assert "59 rows (1 dropped: no target)" in out
    assert "1 row without 'y' dropped" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--cv", "0"], "--cv at 10, or --select bic, aic, df=5 or an alpha"),
        (["--cv", "0", "--select", "min"], "needs a cross-validation"),
        (["--cv", "1"], "2 folds or more"),
        (["--cv", "-1"], "--cv"),
        (["--select", "best"], "df=K, stable or an alpha above 0; got 'best'"),
        (["--select", "-1"], "above 0"),
        (["--select", "inf"], "above 0"),
        (["--tol", "0"], "a number above 0"),
        (["--tol", "nan"], "a number above 0"),
        (["--penalty", "elasticnett"], "did you mean 'elasticnet'?"),
        (["--penalty", "l1:0.5"], "l1 takes no value"),
        (["--penalty", "elasticnet:2"], "between 0 (ridge) and 1 (lasso)"),
        (["--penalty", "elasticnet:half"], "between 0 (ridge) and 1 (lasso)"),
        (["--penalty", "lq:1.5"], "needs q below 1"),
        (["--penalty", "mcp:1"], "gamma must be above 1"),
        (["--penalty", "slope:2"], "q must be above 0 and below 1"),
        (["--penalty", "tv:1"], "below 1"),
        (["--penalty", "group:2"], "group takes no value"),
        (["--penalty", "slope", "--positive"], "slope takes no bounds; l1, l2"),
        (["--lower", "1"], "lower must be at most 0"),
        (["--upper", "x0=-1"], "upper must be at least 0"),
        (["--upper", "x0"], "NUMBER or NAME=NUMBER; got 'x0'"),
        (["--upper", "x0=nan"], "upper must be at least 0"),
        (["--lower", "z=0"], "no feature 'z'"),
        (["--lower", "x0=0", "--lower", "x0=-1"], "'x0' is bounded twice"),
        (["--lower", "0", "--positive"], "leave one of them out"),
        (["--positive", "--unpenalised", "x1"], "'x1' is never penalised, so it cannot be bounded"),
        (["--groups", "g.json"], "l1 takes no groups; group"),
        (["--plot", "path.txt"], ".png, .pdf, .svg"),
        (["--loss", "hinge"], "hinge"),
        (["--lambda", "0.1"], "--lambda is --select ALPHA in Lozenge"),
        (["--family=binomial"], "--family is --loss in Lozenge"),
    ],
)
def test_wrong_usage_is_exit_code_2(run, files, arguments, said):
    write()
    code, out, err = run("fit", "data.csv", "--target", "y", "-o", "model.json", *arguments)
    assert (code, out) == (2, "")
    assert said in " ".join(err.split())
    assert "Usage: lozenge fit" in err
    assert files() == ["data.csv"]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ('{"a": ["x0", "x1"], "b": ["x1"]}', 2, "'x1' is in two groups, 'a' and 'b'; groups must not overlap"),
        ('{"a": ["x0", "x1", "x0"]}', 2, "'x0' is in two groups"),
        ('{"a": ["x1", "x00"]}', 2, "no feature 'x00'; did you mean 'x0'?"),
        ('{"a": []}', 2, 'must hold {"name": ["column", ...], ...}'),
        ('{"a": "x0"}', 2, "must hold"),
        ("[]", 2, "must hold"),
        ("{", 1, "is no JSON"),
        ("[" * 100_000, 1, "is no JSON"),
        (None, 1, "No such file"),
    ],
)
def test_groups_that_cannot_be(run, files, text, code, said):
    write()
    if text is not None:
        Path("g.json").write_text(text)
    before = files()
    found, out, err = run(*FIT, "--penalty", "group", "--groups", "g.json", "-o", "model.json")
    assert (found, out) == (code, "")
    assert said in " ".join(err.split())
    assert "Traceback" not in err
    assert files() == before


def weights_of(out):
    return json.loads(out)["coefficients"]


@pytest.mark.parametrize("penalty", ["l1", "l2", "group"])
def test_a_radius_takes_the_place_of_an_alpha(run, here, penalty):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 4))
    y = X @ [2.0, -1.0, 0.3, 0.0] + rng.standard_normal(60)
    rows = (",".join(map(str, [*row, t])) for row, t in zip(X, y, strict=True))
    (here / "norm.csv").write_text("a,b,c,d,y\n" + "\n".join(rows))
    asked = ("fit", "norm.csv", "--target", "y", "--penalty", penalty, "--radius", "0.8")
    code, out, _ = run(*asked, "--json")
    assert code == 0
    told = json.loads(out)["coefficients"]
    weights = np.array([told.get(name, 0.0) for name in "abcd"]) * X.std(0)
    norm = np.sqrt((weights**2).sum()) if penalty == "l2" else abs(weights).sum()
    assert norm == pytest.approx(0.8, rel=1e-6)
    assert "where the norm is at most 0.800, as asked" in " ".join(run(*asked)[1].split())
    for more, words in (
        (("--radius", "-1"), "0 or positive"),
        (("--radius", "1", "--penalty", "mcp"), "goes with l1, l2 or group"),
        (("--radius", "1", "--penalty", "l1", "--positive"), "without bounds"),
    ):
        code, _, err = run(*asked, *more)
        assert code == 2
        assert words in " ".join(err.split())


@pytest.mark.parametrize(
    "penalty",
    [
        "lq:0.5",
        "l0",
        "mcp",
        "scad:4",
        "log",
        "capped_l1:2",
        "group",
        "sparse_group",
        "group_mcp",
        "slope",
        "tv:0.5",
        "tv",
    ],
)
def test_every_penalty_can_be_asked_for(run, penalty):
    write(arm=["a", "b", "c"] * 20)
    code, out, _ = run(*FIT, "--penalty", penalty, "-o", "model.json", "--report", "page.html", "--quiet")
    assert code == 0
    assert all(screens.cells(line) <= 80 for line in out.splitlines())
    record = json.loads(run(*ALONE, "--penalty", penalty, "--json")[1])
    assert record["penalty"].split(":")[0] == penalty.split(":")[0]
    for name in ("x0", "x3", "arm=b"):
        code, said, _ = run("why", "model.json", name, "--data", "data.csv")
        assert code == 0
        assert said.startswith(f"{name} is ")
        assert "nan" not in said
    assert run("report", "model.json", "data.csv", "-o", "again.html")[0] == 0
    assert run("predict", "model.json", "data.csv")[0] == 0


def test_bounds_by_name_and_for_all(run):
    write(arm=["a", "b", "c"] * 20)
    fit = ("fit", "data.csv", "--target", "y", "--cv", "0", "--select", "0.01", "--json", "--quiet")
    free = weights_of(run(*fit)[1])
    assert free["x1"] < 0
    found = weights_of(run(*fit, "--positive")[1])
    assert min(found.values()) >= 0
    assert found == weights_of(run(*fit, "--lower", "0")[1])
    found = weights_of(run(*fit, "--upper", "x0=1", "--lower", "x1=-0.5")[1])
    assert (found["x0"], found["x1"]) == pytest.approx((1.0, -0.5))
    found = weights_of(run(*fit, "--upper", "1", "--upper", "x0=2", "--upper", "arm=0")[1])
    assert found["x0"] == pytest.approx(2.0)
    assert max(found[f"arm={level}"] for level in "abc") <= 0
    record = json.loads(run(*fit, "--upper", "x0=1")[1])
    assert record["penalty_parameters"] == {"upper": {"x0": 1.0}}


def test_factors_enter_whole_and_groups_may_be_named(run):
    write(arm=["a", "b", "c"] * 20, site=["u", "v", "w", "z"] * 15)
    Path("g.json").write_text(json.dumps({"pair": ["x0", "x3"], "part": ["site=u", "site=v"]}))
    fit = ("fit", "data.csv", "--target", "y", "--cv", "0", "--quiet", "--json", "--penalty", "group")
    for alpha in np.geomspace(0.005, 2, 5):
        found = weights_of(run(*fit, "--select", f"{alpha:g}")[1])
        for column, levels in (("arm", "abc"), ("site", "uvwz")):
            assert len({found[f"{column}={level}"] != 0 for level in levels}) == 1
        code, out, _ = run(*fit, "--select", f"{alpha:g}", "--groups", "g.json")
        named = weights_of(out)
        assert code == 0
        assert (named["x0"] != 0) == (named["x3"] != 0)
        assert (named["site=u"] != 0) == (named["site=v"] != 0)
        assert (named["site=w"] != 0) == (named["site=z"] != 0)
    assert json.loads(out)["penalty_parameters"]["groups"] == {
        "pair": ["x0", "x3"],
        "part": ["site=u", "site=v"],
        "arm": ["arm=a", "arm=b", "arm=c"],
        "site": ["site=w", "site=z"],
    }
    err = run(*[each for each in fit if each != "--quiet"], "--select", "0.1")[2]
    assert "2 groups of columns enter or leave whole, 5 columns alone" in err


def test_unpenalised_leaves_the_weights_of_groups_as_they_are(run):
    import lozenge as lz
    from lozenge import tables

    write(arm=["a", "b", "c"] * 20)
    fit = (
        "fit",
        "data.csv",
        "--target",
        "y",
        "--cv",
        "0",
        "--select",
        "0.05",
        "--quiet",
        "--json",
        "--penalty",
        "group",
    )
    found = weights_of(run(*fit, "--unpenalised", "x4")[1])
    table = tables.encode(tables.read("data.csv"), "y")
    v = [0.0 if name == "x4" else 3**0.5 if name.startswith("arm") else 1.0 for name in table.feature_names]
    penalty = lz.penalties.Group(groups=table.encoding.blocks)
    alone = lz.path(
        table.X, table.y, penalty=penalty, penalty_weights=v, alphas=[0.05], feature_names=table.feature_names
    )
    np.testing.assert_allclose(list(found.values()), alone.coefs.toarray()[:, 0], atol=1e-4)


def test_compare_takes_groups_from_the_factors(run):
    write(arm=["a", "b", "c"] * 20)
    code, out, err = run("compare", "data.csv", "--target", "y", "--cv", "3", "--penalty", "l1", "--penalty", "group")
    assert code == 0
    assert "1 group of columns enters or leaves whole" in err
    assert "group" in out.splitlines()[3]
    assert all(screens.cells(line) <= 80 for line in out.splitlines())


@pytest.mark.parametrize("arguments", [["fit"], ["fit", "data.csv"], ["why", "m.json"], ["fitt"], ["--nonsense"], []])
def test_missing_words_are_usage_errors(run, arguments):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "Usage:" in err


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text[:-200], "model.json"),
        (lambda _: "[]", "model.json"),
        (lambda _: "", "model.json"),
        (lambda text: text.replace('"x3"', '"x2"', 1), ""),
    ],
)
@pytest.mark.parametrize("command", [("why", "model.json", "x3"), ("predict", "model.json", "data.csv")])
def test_a_corrupt_model_is_one_line(run, files, command, spoil, said):
    write()
    run(*ALONE, "-o", "model.json")
    Path("model.json").write_text(spoil(Path("model.json").read_text()))
    code, out, err = run(*command)
    assert (code, out) == (1, "")
    assert said in err
    assert len(err.splitlines()) == 1
    assert files() == ["data.csv", "model.json"]


def test_a_newer_model_says_what_to_do(run):
    write()
    run(*FIT, "-o", "model.json")
    model = json.loads(Path("model.json").read_text())
    (version,) = [key for key in model if "version" in key or key == "schema"][:1]
    model[version] = 10**6
    Path("model.json").write_text(json.dumps(model))
    code, out, err = run("why", "model.json", "x3")
    assert (code, out) == (1, "")
    assert "newer" in err


def test_no_model_file(run):
    code, out, err = run("why", "model.json", "x3")
    assert (code, out) == (1, "")
    assert "model.json" in err
    assert len(err.splitlines()) == 1


def test_why_helps_with_names(run):
    write(arm=["a", "b", "c"] * 20)
    run(*FIT, "-o", "model.json")
    assert "did you mean 'x3'?" in run("why", "model.json", "X3")[2]
    assert "became 'arm=a', 'arm=b', 'arm=c'; ask for one of these" in run("why", "model.json", "arm")[2]
    assert "is the target" in run("why", "model.json", "y")[2]
    assert run(*FIT, "--forward", "x0", "-o", "model.json", "--force")[0] == 0
    assert "'x0' is the order of the folds; features: " in run("why", "model.json", "x0")[2]


def test_a_factor_is_left_out_whole(run):
    write(arm=["a", "b", "c"] * 20)
    run(*FIT, "-o", "model.json")
    code, out, _ = run("why", "model.json", "x1", "--data", "data.csv", "--without", "arm", "--json")
    assert code == 0
    assert json.loads(out)["what_if"]["without"] == "arm=a and arm=b and arm=c"
    assert "did you mean 'arm=a'?" in run("why", "model.json", "x1", "--data", "data.csv", "--without", "arm=A")[2]


def test_predict_needs_the_columns_of_the_fit(run):
    import lozenge as lz

    write()
    run(*FIT, "-o", "model.json")
    kept = lz.load("model.json").best("1se").support
    gone = lz.load("model.json").feature_names[kept[0]]
    rest = [name for name in ("x0", "x1", "x2") if name != gone]
    Path("new.csv").write_text(",".join(rest) + "\n1,2\n")
    code, out, err = run("predict", "model.json", "new.csv")
    assert (code, out) == (1, "")
    assert gone in err


def test_a_model_saved_from_python_cannot_predict_tables(run):
    import lozenge as lz

    X = np.random.default_rng(0).standard_normal((20, 2))
    lz.path(X, X[:, 0]).save("model.json")
    code, _, err = run("predict", "model.json", "data.csv")
    assert code == 1
    assert "without the recipe of a table" in err


def test_interruption_is_one_line_and_leaves_nothing(run, files, monkeypatch):
    from lozenge import fit as fits

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    write()
    monkeypatch.setattr(fits, "path", interrupted)
    code, out, err = run(*FIT, "--quiet", "-o", "model.json")
    assert (code, out, err) == (130, "", "lozenge: error: interrupted\n")
    assert files() == ["data.csv"]


def test_a_fault_of_ours_shows_no_traceback_unless_asked(run, monkeypatch):
    from lozenge import fit as fits

    def broken(*_, **__):
        raise ZeroDivisionError("by zero")

    write()
    monkeypatch.setattr(fits, "path", broken)
    code, _, err = run(*FIT, "--quiet")
    assert code == 1
    assert err == "lozenge: error: ZeroDivisionError: by zero; this is a fault in Lozenge, and --debug shows where\n"
    with pytest.raises(ZeroDivisionError):
        run(*FIT, "--quiet", "--debug")


def test_a_model_that_cannot_be_written_still_shows_the_answer(run, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device", "model.json")

    write()
    monkeypatch.setattr(Record, "save", full)
    code, out, err = run(*FIT, "--quiet", "-o", "model.json")
    assert code == 1
    assert "KEPT" in out
    assert err == "lozenge: error: 'model.json': No space left on device\n"


def test_hostile_names_stay_inside_the_screen(run):
    names = [
        "\x1b[31mred\x1b[0m",
        "[bold]markup[/bold]",
        "long " * 60,
        "右から左\u202e" * 20,
        "=cmd|' /C calc'!A0",
    ]
    write(**{name: (np.random.default_rng(j).standard_normal(60)).tolist() for j, name in enumerate(names)})
    code, out, err = run(*FIT)
    assert code == 0
    assert "\x1b" not in out + err
    assert "\u202e" not in out + err
    assert "[bold]markup[/bold]" in out
    assert all(screens.cells(line) <= 80 for line in out.splitlines())


def test_the_bar_shows_on_a_terminal_after_a_while_and_is_gone_at_the_end(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with telling.Bar(quiet=False) as bar:
        bar(1, 100, 3, 1e-7)
    assert terminal.getvalue() == ""
    monkeypatch.setattr(telling, "BEFORE_BAR", 0.0)
    with telling.Bar(quiet=False) as bar:
        bar(1, 100, 3, 1e-7)
        bar(2, 100, 3, 1e-7)
    assert "alpha 2/100" in terminal.getvalue()
    assert terminal.getvalue().rstrip().endswith("\x1b[2K")
    with telling.Bar(quiet=True) as bar:
        bar(1, 100, 3, 1e-7)


# -------------------------------------------------------------------------------- processes
def process(*arguments, **options):
    command = [sys.executable, "-m", "lozenge.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, **options)


def test_version_and_help_load_no_numpy():
    for asked in ("--version", "--help"):
        program = (
            f"import sys; from lozenge.cli import main; main([{asked!r}]);"
            " print({'numpy', 'polars', 'rich'} & set(sys.modules))"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=300)
        assert done.stdout.endswith("set()\n")
        assert done.stderr == ""
    assert process("--version").stdout.startswith("lozenge ")


@pytest.mark.usefixtures("here")
def test_a_reader_that_leaves_early_is_no_error():
    write()
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "lozenge.cli", *FIT, "--quiet"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False, timeout=300)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.usefixtures("here")
def test_a_full_disk_behind_stdout_is_said():
    write()
    command = [sys.executable, "-m", "lozenge.cli", *FIT, "--quiet"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=300)
    assert done.returncode == 1
    assert done.stderr.startswith("lozenge: error: cannot write to standard output")
    assert len(done.stderr.splitlines()) == 1


def test_demo_writes_nothing_and_fits_the_screen(run, files):
    code, out, err = run("demo", "--quiet")
    assert code == 0
    assert files() == []
    assert out.count("$ lozenge fit") == 2
    assert out.count(">>> print(path.why(") == 4
    assert "is kept" in out
    assert "is exactly 0" in out
    assert "Traceback" not in err
    assert all(len(line) <= 80 for line in out.splitlines())


# -------------------------------------------------------------------------------- real tables
@pytest.mark.skipif(not DATA.exists(), reason="the shared data sets are not here")
@pytest.mark.parametrize(
    ("name", "target", "more"),
    [
        ("diabetes64.csv", "y", []),
        ("prostate.csv", "lpsa", ["--drop", "train"]),
        ("saheart.csv", "chd", []),
        ("hitters.csv", "Salary", ["--drop-missing-target"]),
        ("titanic.csv", "Survived", []),
    ],
)
def test_real_tables(run, name, target, more):
    code, out, err = run("fit", DATA / name, "--target", target, *more, "--cv", "3", "-o", "model.json")
    assert code == 0
    assert all(screens.cells(line) <= 80 for line in out.splitlines())
    assert "\x1b" not in out + err
    zero = out.partition("\nZERO ")[2].splitlines()[1].strip().split("   ")[0]
    code, said, _ = run("why", "model.json", zero)
    assert code == 0
    assert "exactly 0" in said
    code, table, _ = run("predict", "model.json", DATA / name)
    assert code == 0
    with (DATA / name).open(newline="") as file:
        assert len(table.splitlines()) == len(list(csv.reader(file)))


def test_real_factors_enter_and_leave_whole(run, data):
    """Every factor of the Titanic's and of the hitters' tables, at many α."""
    import lozenge as lz
    from lozenge import tables

    for name, target, drop in (
        ("titanic.csv", "Survived", ("PassengerId", "Name", "Ticket", "Cabin")),
        ("hitters.csv", "Salary", ()),
    ):
        table = tables.encode(tables.read(data / name), target, drop=drop, drop_missing_target=True)
        blocks = table.encoding.blocks or {"counts": ["AtBat", "Hits", "HmRun"]}
        path = lz.path(
            table.X,
            table.y,
            loss="logistic" if target == "Survived" else "squared",
            penalty=lz.penalties.Group(groups=blocks),
            feature_names=table.feature_names,
            n_alphas=30,
        )
        weights = path.coefs.toarray()
        for features in blocks.values():
            rows = weights[[table.feature_names.index(feature) for feature in features]] != 0
            assert (rows.all(axis=0) == rows.any(axis=0)).all()
            assert rows.any()
            assert not rows.all()
    code, out, _ = run(
        *("fit", data / "titanic.csv", "--target", "Survived", "--drop", "Name", "--drop", "Ticket", "--drop", "Cabin"),
        *("--penalty", "group", "--cv", "3", "-o", "model.json", "--select", "0.04"),
    )
    assert code == 0
    assert "group lasso, 1 group and 7 columns alone" in " ".join(out.split())
    code, said, _ = run("why", "model.json", "Embarked=S")
    assert code == 0
    assert "is exactly 0, with all four columns of its group Embarked" in " ".join(said.split())


def test_a_positive_fit_is_that_of_scikit_learn(run, data):
    from sklearn.linear_model import Lasso

    from lozenge import tables

    code, out, _ = run(
        *("fit", data / "prostate.csv", "--target", "lpsa", "--drop", "train", "--positive", "--tol", "1e-10"),
        *("--cv", "0", "--select", "0.02", "--json", "-o", "model.json"),
    )
    assert code == 0
    table = tables.encode(tables.read(data / "prostate.csv"), "lpsa", drop=["train"])
    Z = (table.X - table.X.mean(0)) / table.X.std(0)
    peer = Lasso(alpha=0.02, positive=True, tol=1e-12, max_iter=100_000).fit(Z, table.y)
    np.testing.assert_allclose(list(weights_of(out).values()), peer.coef_ / table.X.std(0), atol=1e-6)
    left = Z.T @ (table.y - peer.predict(Z)) / len(table.y)
    for name, pull in zip(table.feature_names, left, strict=True):
        if pull < -0.02:
            said = " ".join(run("why", "model.json", name)[1].split())
            assert f"{name} is exactly 0, held by its lower bound of 0." in said


def test_a_delta_far_below_the_residuals_is_told(run, tmp_path):
    """The bound that it names is 1.345 · 1.4826 times the median residual."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(200)
    price = 1e5 + 2e4 * x + 1e4 * rng.standard_normal(200)
    lines = ["size,price", *(f"{a},{b}" for a, b in zip(x, price, strict=True))]
    (tmp_path / "houses.csv").write_text("\n".join(lines))
    fit = ("fit", tmp_path / "houses.csv", "--target", "price", "--cv", "3", "--loss")
    told = " ".join(run(*fit, "huber")[2].split())
    assert "farther than delta = 1.345" in told
    named = told.split("--loss huber:")[1].split()[0]
    assert 1.0e4 < float(named) < 1.8e4
    assert "farther than" not in run(*fit, f"huber:{named}")[2]


def test_a_model_is_said_in_sql_as_a_summary_and_in_onnx(run):
    write()
    run(*FIT, "-o", "model.json")
    code, out, _ = run("export", "model.json", "sql")
    assert code == 0
    assert '"x0"' in out
    assert out == lz.load("model.json").to_sql() + "\n"
    assert 'FROM "people"' in run("export", "model.json", "sql", "--table", "people")[1]
    assert run("export", "model.json", "summary")[1] == lz.load("model.json").summary().rstrip("\n") + "\n"
    assert run("export", "model.json", "onnx", "-o", "model.onnx")[0] == 0
    assert Path("model.onnx").read_bytes() == lz.load("model.json").to_onnx().SerializeToString()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["onnx"], "onnx is written to a file"),
        (["sql", "-o", "m.sql"], "sql and summary go to stdout"),
        (["summary", "--table", "t"], "it goes with sql"),
        (["pmml"], "pmml"),
    ],
)
def test_an_export_that_there_is_not_is_refused(run, arguments, said):
    write()
    run(*FIT, "-o", "model.json")
    code, out, err = run("export", "model.json", *arguments)
    assert (code, out) == (2, "")
    assert said in " ".join(err.split())


def test_stability_scores_and_rules_of_the_command_line(run):
    write()
    code, out, _ = run(
        *FIT, "--stability", "20", "--repeats", "2", "--scoring", "r2", "--select", "min", "-o", "m.json"
    )
    assert code == 0
    text = " ".join(out.split())
    assert "of 20 halves of the rows" in text
    assert "2 times over" in text
    assert "r2 cross-validated" in text
    path = lz.load("m.json")
    assert path.halves.halves == 20
    assert (path.cv.scoring, path.rule, len(path.cv.rounds)) == ("r2", "min", 2)
    assert "Fitted to halves of the rows" in run("why", "m.json", path.feature_names[0])[1]
    for rule in ("bic", "df=1", "stable", "ebic:0.5"):
        assert run(*FIT, "--cv", "0", "--select", rule, "--json")[0] == 0
        assert json.loads(run(*FIT, "--cv", "0", "--select", rule, "--json")[1])["rule"] == rule


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--stability", "7"], "an even number of halves"),
        (["--cv", "0", "--repeats", "3", "--select", "0.1"], "--cv is 0"),
        (["--scoring", "auc"], "scikit-learn's names"),
        (["--forward", "x0", "--together", "x1"], "dealt once, by time alone"),
        (["--cv", "0", "--select", "min"], "needs a cross-validation"),
    ],
)
def test_a_choice_that_cannot_be_made_is_refused(run, arguments, said):
    write()
    code, out, err = run(*FIT, *arguments)
    assert (code, out) == (2, "")
    assert said in " ".join(err.split())


def test_rows_that_belong_together_and_rows_in_time(run):
    write(house=[f"h{k // 4}" for k in range(60)], day=[f"2020-01-{1 + k // 3:02d}" for k in range(60)])
    assert run(*FIT, "--together", "house", "--cv", "5", "-o", "m.json")[0] == 0
    path = lz.load("m.json")
    assert "house" not in " ".join(path.feature_names)
    for column in path.cv.parts.T:
        assert {k // 4 for k in np.flatnonzero(column == 1)}.isdisjoint(k // 4 for k in np.flatnonzero(column == 2))
    assert run(*FIT, "--forward", "x0", "--cv", "3")[0] == 0
    assert run(*FIT, "--forward", "house", "--cv", "3")[2].count("a number, or a date (YYYY-MM-DD)") == 1
    assert run(*FIT, "--forward", "day", "--cv", "4", "-o", "n.json")[0] == 0
    for column in lz.load("n.json").cv.parts.T:
        assert np.flatnonzero(column == 1).max() // 3 < np.flatnonzero(column == 2).min() // 3


def test_json_has_the_scores_and_the_halves(run):
    write()
    record = json.loads(run(*FIT, "--json", "--stability", "6", "--quiet")[1])
    assert record["cv"]["of"] == "deviance"
    assert record["cv"]["best"]["mean"] <= record["cv"]["mean"] <= record["cv"]["null"]
    assert record["stability"]["halves"] == 6
    assert set(record["stability"]["stable"]) <= set(record["stability"]["kept"])
    assert max(record["stability"]["kept"].values()) <= 6
    plain = json.loads(run(*FIT, "--json", "--cv", "0", "--select", "df=1", "--quiet")[1])
    assert plain["cv"] is plain["stability"] is None
    assert 0 < plain["deviance_ratio"] < 1


def test_the_grid_is_as_long_as_asked(run):
    write()
    assert run(*FIT, "--n-alphas", "7", "--alpha-min-ratio", "0.25", "-o", "grid.json")[0] == 0
    alphas = lz.load("grid.json").alphas
    assert len(alphas) == 7
    assert alphas[-1] / alphas[0] == pytest.approx(0.25)
    code, _, err = run(*FIT, "--alpha-min-ratio", "3")
    assert (code, "it lies between 0 and 1 exclusive; got 3" in err) == (2, True)
    code, _, err = run("fit", "data.csv", "--target", "y", "--radius", "1", "--n-alphas", "3")
    assert (code, "--n-alphas" in err) == (2, True)
