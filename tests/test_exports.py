"""Exports: the same answers from DuckDB, ONNX Runtime and scikit-learn, and the page of text."""

from __future__ import annotations

import pickle
from functools import lru_cache
from pathlib import Path

import duckdb
import numpy as np
import onnxruntime
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, MultiTaskLasso, Ridge

import lozenge as lz
from lozenge import tables
from lozenge.cli.solving import solve
from lozenge.exports import exported, onnx, sql, summary
from lozenge.exports.estimator import CARRIERS, to_sklearn
from lozenge.losses import LOSSES

DATA = Path(__file__).parents[2] / "shared" / "data"
real = pytest.mark.skipif(not DATA.is_dir(), reason="the folder of real data sets is not here")
NAMES = ["age", 'the "odd" one', "x; DROP TABLE t", "größe"]


def rows():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((150, 4)) * [1.0, 2.0, 0.5, 1.0]
    return rng, X, X @ [1.0, -0.5, 1.0, 0.0]


@lru_cache
def responses():
    rng, _, eta = rows()
    noisy = eta + rng.logistic(size=150)
    counts = rng.poisson(np.exp(0.4 * eta))
    return {
        "squared": noisy + 2.0,
        "huber": noisy + 2.0,
        "quantile": noisy + 2.0,
        "poisson": counts,
        "negative_binomial": counts,
        "gamma": np.exp(0.3 * noisy),
        "tweedie": counts * 1.5,
        "logistic": np.where(noisy > 0.5, "it's", "no"),
        "squared_hinge": noisy > 0.5,
        "multinomial": np.array(["a", "b'", "ü"])[np.digitize(noisy, [-1.0, 1.0])],
        "ordinal": np.digitize(noisy, [-1.0, 1.0, 2.0]),
        "cox": np.column_stack([np.exp(-0.3 * noisy), rng.random(150) < 0.7]),
        "multitask": np.column_stack([noisy, -eta]),
    }


@lru_cache
def fitted(loss, penalty="l1"):
    return lz.path(rows()[1], responses()[loss], loss=loss, penalty=penalty, alphas=[0.03], feature_names=NAMES)


def wide(times=1.0):
    """The rows, and rows far out, where exponentials overflow."""
    X = rows()[1]
    return np.vstack([X, times * X[:20]])


def frame_of(X, names):
    return pl.DataFrame({name: X[:, j] for j, name in enumerate(names)} | {"rid": np.arange(len(X))})


def told_by(con, query):
    return pl.from_pandas(con.execute(query).fetchdf())


def answers(found, X, **options):
    """What DuckDB says, by expressions and by the whole statement, which have to agree."""
    with duckdb.connect() as con:
        con.register("rows", frame_of(X, exported(found).columns))
        con.execute("CREATE TABLE t AS SELECT * FROM rows")
        told = sql.expressions(found, **options)
        listed = ", ".join(f"{each} AS {sql.identifier(name)}" for name, each in told.items())
        one = told_by(con, f"SELECT {listed} FROM t ORDER BY rid")
        two = told_by(con, f"SELECT * FROM ({sql.select(found, 't', keep=['rid'], **options)}) ORDER BY rid")
    assert two.columns == ["rid", *one.columns]
    for name in one.columns:
        same(one[name].to_numpy(), two[name].to_numpy(), 1e-12)
    return one


def same(found, wanted, tol):
    if np.asarray(wanted).dtype.kind == "f":
        np.testing.assert_allclose(found, wanted, rtol=tol, atol=1e-300)
    else:
        assert np.array_equal(found, wanted)


def probable(loss):
    return LOSSES[loss].words.effect == "odds"


# ------------------------------------------------------------------------------------------------ SQL
@pytest.mark.parametrize("loss", LOSSES)
def test_sql_says_what_we_say(loss):
    fit = fitted(loss)
    X = wide()
    got, solution = answers(fit, X), fit.at(0.03)
    predicted = solution.predict(X)
    if fit.model.outputs and not fit.model.classes:
        same(got.to_numpy(), predicted, 1e-9)
        assert got.columns == ["prediction_y0", "prediction_y1"]
    elif loss == "cox":
        same(got["risk"].to_numpy(), predicted, 1e-9)
        same(np.exp(got["linear_predictor"].to_numpy()), predicted, 1e-9)
    else:
        same(got["prediction"].to_numpy(), predicted, 1e-9)
    if probable(loss):
        found = got.select(pl.selectors.starts_with("probability_")).to_numpy()
        np.testing.assert_allclose(found, solution.predict_proba(X), rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-14)


@pytest.mark.parametrize("loss", ["logistic", "multinomial", "ordinal", "squared_hinge"])
def test_sql_is_safe_far_out(loss):
    fit = fitted(loss)
    X = wide(1e4)
    got, solution = answers(fit, X), fit.at(0.03)
    same(got["prediction"].to_numpy(), solution.predict(X), 0)
    if probable(loss):
        found = got.select(pl.selectors.starts_with("probability_")).to_numpy()
        assert np.isfinite(found).all()
        np.testing.assert_allclose(found, solution.predict_proba(X), rtol=1e-9, atol=1e-12)


def test_one_expression():
    assert sql.expression(fitted("logistic")) == sql.expressions(fitted("logistic"))["probability_no"]
    assert sql.expression(fitted("squared_hinge")) == sql.expressions(fitted("squared_hinge"))["score"]
    assert sql.expression(fitted("cox")).startswith("EXP(")
    assert sql.expression(fitted("multinomial"), "probability_ü").startswith("(SELECT 1e0 / (")
    with pytest.raises(ValueError, match=r"foretells prediction, probability_a, .*: name the one to give"):
        sql.expression(fitted("multinomial"))
    with pytest.raises(ValueError, match="there is no 'odds'"):
        sql.expression(fitted("logistic"), "odds")


def test_only_what_has_a_weight_is_written():
    text = sql.expression(lz.path(rows()[1], rows()[2], alphas=[0.4], feature_names=list("abcd")))
    assert '"a"' in text
    assert '"d"' not in text
    nothing = lz.path(rows()[1], rows()[2], alphas=[np.inf], feature_names=list("abcd"))
    assert '"' not in sql.expression(nothing)
    same(answers(nothing, rows()[1])["prediction"].to_numpy(), nothing.predict(rows()[1]), 1e-12)


def test_a_loaded_path_and_a_solution(tmp_path):
    fit = fitted("logistic")
    fit.save(tmp_path / "model.json")
    loaded = lz.load(tmp_path / "model.json")
    assert sql.expressions(loaded) == sql.expressions(fit) == sql.expressions(fit.at(0.03))
    with pytest.raises(TypeError, match="a path or a solution can be exported; got dict"):
        sql.expressions({})


def test_whole_numbers_and_decimals_stay_exact():
    # A constant without an exponent is a DECIMAL to DuckDB, whose products overflow.
    fit = lz.path(rows()[1], rows()[2] * 1e5, alphas=[1.0], feature_names=list("abcd"))
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t AS SELECT 9007199254740993 a, 0.1::DECIMAL(38, 20) b, 3::UTINYINT c, 1::HUGEINT d")
        (found,) = con.execute(f"SELECT {sql.expression(fit)} FROM t").fetchone()
    assert found == pytest.approx(float(fit.predict([[9007199254740993.0, 0.1, 3.0, 1.0]])[0]), rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_lose_nothing(x):
    with duckdb.connect() as con:
        assert con.execute(f"SELECT {sql.number(x)}, typeof({sql.number(x)})").fetchone() == (x, "DOUBLE")


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1).filter(lambda text: "\0" not in text and text.isprintable()))
def test_names_and_texts_stay_what_they_are(text):
    with duckdb.connect() as con:
        row = con.execute(f"SELECT {sql.text(text)} AS {sql.identifier(text)}")
        assert row.fetchall() == [(text,)]
        assert row.description[0][0] == text


def test_nul_is_refused():
    with pytest.raises(ValueError, match="NUL"):
        sql.identifier("a\0b")
    with pytest.raises(ValueError, match="NUL"):
        sql.text("a\0b")


def test_thousands_of_terms_are_no_deep_nest():
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((40, 2500))
    fit = lz.path(Z, rng.standard_normal(40), penalty="l2", alphas=[1.0])
    np.testing.assert_allclose(answers(fit, Z)["prediction"].to_numpy(), fit.predict(Z), rtol=1e-9, atol=1e-12)


def test_an_offset_is_a_column():
    rng, X, eta = rows()
    exposure = rng.uniform(0.5, 2.0, 150)
    y = rng.poisson(exposure * np.exp(0.3 * eta))
    fit = lz.path(X, y, loss="poisson", alphas=[0.05], offset=np.log(exposure), feature_names=list("abcd"))
    with duckdb.connect() as con:
        con.register("t", frame_of(X, "abcd").with_columns(pl.Series("log exposure", np.log(exposure))))
        got = con.execute(f"SELECT {sql.expression(fit, offset='log exposure')} FROM t").fetchnumpy()
    same(next(iter(got.values())), fit.predict(X, offset=np.log(exposure)), 1e-9)


# ------------------------------------------------------------------------------------------------ raw tables
TABLES = [
    ("ames.csv", "SalePrice", {"loss": "squared"}, 300.0),
    ("titanic.csv", "Survived", {"loss": "logistic"}, 0.003),
    ("saheart.csv", "chd", {"loss": "logistic"}, 0.003),
    ("prostate.csv", "lpsa", {"loss": "squared"}, 0.01),
    ("wine.csv", "quality", {"loss": "multinomial"}, 0.01),
    ("wine.csv", "quality", {"loss": "ordinal"}, 0.01),
    ("wine.csv", "color", {"loss": "squared_hinge"}, 0.01),
    ("hitters.csv", "Salary", {"loss": "huber"}, 0.01),
    ("gbsg2.csv", tables.Roles(time="time", event="cens"), {"loss": "cox"}, 0.003),
    pytest.param("french_motor.csv.gz", tables.Roles(target=("ClaimNb",), exposure="Exposure"), {"loss": "poisson"},
                 1e-3, marks=pytest.mark.slow),
]  # fmt: skip


def raw_answers(path, source, table="t"):
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE {table} AS SELECT row_number() OVER () AS rid, * FROM {source}")
        return told_by(con, f"SELECT * FROM ({sql.select(path, table, keep=['rid'])}) ORDER BY rid")


@real
@pytest.mark.parametrize(("file", "target", "options", "alpha"), TABLES)
@pytest.mark.parametrize("as_text", [False, True])
def test_raw_tables_in_duckdb(file, target, options, alpha, as_text):
    frame = tables.read(DATA / file)
    table = tables.encode(frame, target, drop_missing_target=True)
    path = solve(table, alpha, quiet=True, n_alphas=5, **options)
    reader = f"read_csv('{DATA / file}'{', all_varchar = true' if as_text else ''})"
    got = raw_answers(path, reader)
    X, _ = table.encoding.apply(frame)
    offset = table.encoding.offset(frame)
    solution = path.at(path.alphas[path.chosen])
    predicted = solution.predict(X, offset=offset)
    name = "risk" if options["loss"] == "cox" else "prediction"
    same(got[name].to_numpy(), predicted, 1e-9)
    assert solution.df > 2
    if probable(options["loss"]):
        found = got.select(pl.selectors.starts_with("probability_")).to_numpy()
        np.testing.assert_allclose(found, solution.predict_proba(X), rtol=1e-9, atol=1e-13)


ODD = pl.DataFrame(
    {
        "code": ["007", "020", "020", None, "NA", "007", "1 000", "020"] * 3,
        "flag": [True, None, False, True, False, None, True, False] * 3,
        "yes or no": ["yes", "no", "yes", "no", "no", "yes", "yes", "no"] * 3,
        "level": ["a", "b'", None, "NA", "?", "a", "b'", "C"] * 3,
        "dose": [1.5, None, 4.0, 2.0, None, 0.1, 7.0, 3.0] * 3,
        "size": [1, 2, 3, 4, 5, 6, 7, 9] * 3,
        "day": ["2024-02-29", "2024-03-01", None, "1969-12-31", "2000-01-01", "2024-01-05", "2010-10-10", "2011-01-01"]
        * 3,
        "y": np.arange(24) * 1.7 % 5,
    }
)


@pytest.mark.parametrize("way", ["file", "typed", "text"])
def test_every_kind_of_column(tmp_path, way):
    file = tmp_path / "odd.csv"
    ODD.write_csv(file, null_value="")
    frame = tables.read(file)
    table = tables.encode(frame, "y", keep=["day", "code"])
    kinds = {type(part).__name__ for part in table.encoding.parts}
    assert kinds == {"Number", "Factor", "Missingness"}
    path = solve(table, 1e-4, quiet=True, n_alphas=3, loss="squared")
    X, _ = table.encoding.apply(frame)
    if way == "typed":
        with duckdb.connect() as con:
            con.register("typed", frame.with_columns(pl.col("day").str.to_date()))
            con.execute("CREATE TABLE t AS SELECT *, row_number() OVER () AS rid FROM typed")
            got = told_by(con, f"SELECT * FROM ({sql.select(path, 't', keep=['rid'], gaps=())}) ORDER BY rid")
    else:
        got = raw_answers(path, f"read_csv('{file}'{', all_varchar = true' if way == 'text' else ''})")
    np.testing.assert_allclose(got["prediction"].to_numpy(), path.predict(X), rtol=1e-9, atol=1e-12)


def test_levels_not_seen_are_none_of_the_known(tmp_path):
    frame = ODD.select("level", "size", "y")
    table = tables.encode(frame, "y")
    path = solve(table, 1e-4, quiet=True, n_alphas=3, loss="squared")
    other = frame.with_columns(pl.lit("never seen").alias("level"))
    file = tmp_path / "other.csv"
    other.write_csv(file)
    X, _ = table.encoding.apply(other)
    got = raw_answers(path, f"read_csv('{file}')")
    np.testing.assert_allclose(got["prediction"].to_numpy(), path.predict(X), rtol=1e-9)


def test_text_where_a_number_belongs_is_an_error(tmp_path):
    table = tables.encode(ODD.select("dose", "size", "y"), "y")
    path = solve(table, 1e-4, quiet=True, n_alphas=3, loss="squared")
    file = tmp_path / "bad.csv"
    file.write_text("dose,size\nmuch,1\n")
    with pytest.raises(duckdb.ConversionException, match="much"):
        raw_answers(path, f"read_csv('{file}')")


def test_a_solution_speaks_of_x_unless_told_of_the_table():
    table = tables.encode(ODD.select("level", "size", "y"), "y")
    path = solve(table, 1e-4, quiet=True, n_alphas=3, loss="squared")
    solution = path.at(path.alphas[path.chosen])
    assert '"level=C"' in sql.expression(solution)
    assert sql.expression(solution, encoding=path.encoding) == sql.expression(path)
    other = tables.encode(ODD.select("size", "y"), "y").encoding
    with pytest.raises(ValueError, match="give that of its own table"):
        sql.expression(solution, encoding=other)


# ------------------------------------------------------------------------------------------------ ONNX
def run(made, X, dtype):
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]
    return dict(zip(names, session.run(None, {"X": np.asarray(X, dtype=dtype)}), strict=True))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("loss", LOSSES)
def test_onnx_says_what_we_say(loss, dtype):
    fit, tol = fitted(loss), {"float64": 1e-12, "float32": 1e-5}[dtype]
    X = wide().astype(dtype).astype(float)
    got, solution = run(onnx.model(fit, dtype=dtype), X, dtype), fit.at(0.03)
    predicted = solution.predict(X)
    if not fit.model.classes:
        assert list(got) == ["variable"]
        assert got["variable"].dtype == np.dtype(dtype)
        np.testing.assert_allclose(got["variable"].reshape(predicted.shape), predicted, rtol=tol, atol=tol)
        return
    assert list(got) == ["label", "probabilities" if probable(loss) else "scores"]
    assert got["label"].shape == (len(X),)
    assert np.mean(got["label"] != predicted) <= (0 if dtype == "float64" else 0.01)
    if probable(loss):
        np.testing.assert_allclose(got["probabilities"], solution.predict_proba(X), rtol=0, atol=tol)


def test_onnx_leaves_columns_out():
    Z = np.random.default_rng(0).standard_normal((60, 50))
    fit = lz.path(Z, Z[:, 3] - Z[:, 40], alphas=[0.3])
    made = onnx.model(fit)
    assert [node.op_type for node in made.graph.node] == ["Gather", "Gemm"]
    np.testing.assert_allclose(run(made, Z, "float64")["variable"][:, 0], fit.predict(Z), rtol=1e-12)
    nothing = lz.path(Z, Z[:, 3], alphas=[np.inf])
    np.testing.assert_allclose(run(onnx.model(nothing), Z, "float64")["variable"][:, 0], nothing.predict(Z))


def test_onnx_is_safe_far_out():
    for loss in ("logistic", "multinomial", "ordinal"):
        fit, X = fitted(loss), wide(1e4)
        got = run(onnx.model(fit), X, "float64")["probabilities"]
        np.testing.assert_allclose(got, fit.at(0.03).predict_proba(X), rtol=0, atol=1e-12)


def test_onnx_labels_keep_their_type():
    _, X, eta = rows()
    for y, kind in ((eta > 0, bool), ((eta > 0) * 1.0, np.int64), (np.where(eta > 0, "b", "a"), object)):
        fit = lz.path(X, y, loss="logistic", alphas=[0.05])
        label = run(onnx.model(fit), X, "float64")["label"]
        assert label.dtype == kind
        assert np.array_equal(label, fit.predict(X).astype(label.dtype))


def test_onnx_refuses_other_types():
    with pytest.raises(ValueError, match="dtype must be 'float64' or 'float32'; got 'int8'"):
        onnx.model(fitted("squared"), dtype="int8")


# ------------------------------------------------------------------------------------------------ scikit-learn
@pytest.mark.parametrize("loss", CARRIERS)
def test_estimators_say_what_we_say(loss):
    import pandas as pd

    fit = fitted(loss)
    X = pd.DataFrame(wide(), columns=NAMES)
    made = to_sklearn(fit)
    back = pickle.loads(pickle.dumps(made))
    for each in (made, back):
        assert each.n_features_in_ == 4
        assert list(each.feature_names_in_) == NAMES
        predicted = each.predict(X)
        solution = fit.at(0.03)
        same(predicted, solution.predict(X), 1e-9)
        if probable(loss):
            np.testing.assert_allclose(each.predict_proba(X), solution.predict_proba(X), rtol=1e-9, atol=1e-12)
            assert list(each.classes_) == list(fit.model.classes)
    assert clone(made).get_params() == made.get_params()
    assert not hasattr(clone(made), "coef_")
    score = made.score(X[:150], responses()[loss])
    assert 0 < score <= 1


@pytest.mark.parametrize("loss", ["negative_binomial", "ordinal", "cox"])
def test_what_scikit_learn_has_not(loss):
    with pytest.raises(ValueError, match=f"scikit-learn has no estimator with the loss '{loss}'"):
        to_sklearn(fitted(loss))


def refitted(made, X, y, weights=None):
    again = clone(made)
    if "tol" in again.get_params():
        again.set_params(tol=1e-10, max_iter=100_000)
    return again.fit(X, y, weights)


@pytest.mark.parametrize("penalty", ["l1", "l2", "elasticnet:0.4"])
@pytest.mark.parametrize("loss", ["squared", "logistic", "multinomial"])
def test_an_estimator_that_names_its_penalty_finds_the_weights_again(loss, penalty):
    rng, X, _ = rows()
    w, y = rng.uniform(0.5, 2.0, 150), responses()[loss]
    fit = lz.path(X, y, loss=loss, penalty=penalty, alphas=[0.05], standardize=False, sample_weight=w, tol=1e-10)
    made = to_sklearn(fit)
    assert type(made) in {Lasso, Ridge, ElasticNet, LogisticRegression}
    assert np.isfinite(getattr(made, "C", 1.0))
    again = refitted(made, X, y, w)
    np.testing.assert_allclose(again.coef_, made.coef_, atol=1e-4)


def test_an_estimator_claims_no_penalty_that_it_cannot_have():
    assert type(to_sklearn(fitted("squared"))) is LinearRegression  # standardised
    assert np.inf == to_sklearn(fitted("logistic")).C
    options = {"alphas": [0.05], "standardize": False}
    X, y = rows()[1:]
    assert type(to_sklearn(lz.path(X, y, penalty="mcp", **options))) is LinearRegression
    assert type(to_sklearn(lz.path(X, y, penalty_weights=[1, 2, 1, 1], **options))) is LinearRegression
    assert type(to_sklearn(lz.path(X, y, penalty=lz.penalties.L1(positive=True), **options))) is LinearRegression
    assert type(to_sklearn(lz.path(X, y, constraint=lz.L1Ball(1.0), standardize=False))) is LinearRegression
    both = lz.path(X, np.column_stack([y, -y]), loss="multitask", penalty="group", **options)
    assert type(to_sklearn(both)) is MultiTaskLasso
    assert not hasattr(to_sklearn(lz.path(X, y, **options)), "feature_names_in_")


@pytest.mark.filterwarnings(f"ignore::{ConvergenceWarning.__module__}.{ConvergenceWarning.__name__}")
def test_two_classes_of_a_multinomial_fit():
    X, y = rows()[1], responses()["logistic"]
    fit = lz.path(X, y, loss="multinomial", alphas=[0.02])
    made = to_sklearn(fit)
    assert made.coef_.shape == (1, 4)
    np.testing.assert_allclose(made.predict_proba(X), fit.at(0.02).predict_proba(X), rtol=1e-9)


# ------------------------------------------------------------------------------------------------ the page of text
@pytest.mark.parametrize("loss", LOSSES)
def test_the_page_holds_its_figures(loss):
    fit = fitted(loss)
    text = summary.text(fit)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 79
    assert lines[-1].startswith("No standard errors or p-values")
    assert f"{fit.deviance_ratio[0]:.4f}" in text
    assert f"{fit.df[0]} of " in text
    coef = fit.coefs.toarray()[:, 0]
    for name, weight in zip(fit.feature_names, coef, strict=True):
        (row, *_), kept = [line for line in lines if line.startswith(name)] or [""], weight != 0
        assert bool(row) == kept
        if kept:
            assert float(row[26:].split()[0]) == pytest.approx(weight, rel=1e-4)


def test_the_page_of_a_loaded_path_has_no_refit(tmp_path):
    fit = fitted("squared")
    live = summary.text(fit)
    fit.save(tmp_path / "model.json")
    loaded = summary.text(lz.load(tmp_path / "model.json"))
    assert "refit" in live
    assert "refit" not in loaded
    X, y = rows()[1], responses()["squared"]
    kept = np.flatnonzero(fit.coefs.toarray()[:, 0])
    plain = LinearRegression().fit(X[:, kept], y).coef_
    for j, weight in zip(kept, plain, strict=True):
        (row,) = [line for line in live.splitlines() if line.startswith(NAMES[j])]
        assert float(row[26:].split()[2]) == pytest.approx(weight, rel=1e-3)


def test_the_page_of_other_paths():
    X, y = rows()[1:]
    crossed = summary.text(lz.path(X, y + 0.1, cv=5, alphas=[0.5, 0.2, 0.1], feature_names=["a" * 60, "b", "c", "d"]))
    assert "folds:" in crossed
    assert "CV deviance:" in crossed
    assert "a…a" in crossed
    assert max(map(len, crossed.splitlines())) <= 79
    assert "first size" in summary.text(lz.path(X, y, constraint=lz.L0Ball([1, 2])))
    assert "largest violation" in summary.text(lz.path(X, y, penalty="mcp", alphas=[0.1]))
    assert "(kept):" in summary.text(lz.path(X, y, alphas=[np.inf]))
    Z = np.random.default_rng(0).standard_normal((80, 70))
    many = lz.path(Z, Z.sum(axis=1), alphas=[1e-3])
    assert "and 20 more, smaller ones" in summary.text(many)
    assert "more, smaller" not in summary.text(many, everything=True)
