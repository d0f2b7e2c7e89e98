"""Tables in, numbers out: every rule of the encoding, and every way a file can be wrong."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import math
import re
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.sparse import csc_array

from lozenge import tables

CITIES = ["Ulm", "Bonn", "Aachen"]


def read(text, **kw):
    return tables.read("-", stdin=io.BytesIO(text if isinstance(text, bytes) else text.encode()), **kw)


def encode(columns, target="y", **kw):
    n = len(next(iter(columns.values())))
    frame = pl.DataFrame({"y": np.sin(np.arange(n)), **columns}, strict=False)
    return tables.encode(frame, target, **kw)


def column(table, name):
    return table.X[:, table.feature_names.index(name)].tolist()


def about(notes, name):
    found = [note for note in notes if name in note]
    assert found, f"no note about {name} in {notes}"
    return " ".join(found)


# ---------------------------------------------------------------------------------- real files
@pytest.mark.parametrize(
    ("file", "target", "n", "left_out"),
    [
        ("titanic.csv", "Survived", 891, {"PassengerId", "Name", "Ticket", "Cabin"}),
        ("ames.csv", "SalePrice", 2930, {"Order", "PID"}),
        ("hitters.csv", "Salary", 263, set()),
        ("saheart.csv", "chd", 462, set()),
        ("gbsg2.csv", "time", 686, set()),
        ("wine.csv", "color", 6497, set()),
        ("prostate.csv", "lpsa", 97, set()),
        ("rossi.csv", "week", 432, set()),
    ],
)
def test_real_files_come_in_and_come_again(data, file, target, n, left_out):
    frame = tables.read(data / file)
    assert tables.columns(data / file) == frame.columns
    table = tables.encode(frame, target, drop_missing_target=True)
    assert table.X.shape == (n, len(table.feature_names))
    assert table.X.flags.f_contiguous
    assert np.isfinite(table.X).all()
    assert set(table.left_out) == left_out
    for name in left_out:
        assert f"--keep {name}" in about(table.notes, name)
    X, _ = table.encoding.apply(frame.filter(pl.col(target).is_not_null()))
    np.testing.assert_array_equal(X, table.X)


def test_titanic_in_detail(data):
    table = tables.encode(tables.read(data / "titanic.csv"), "Survived")
    assert set(table.y) == {0.0, 1.0}
    assert np.mean(column(table, "Sex=male")) == pytest.approx(577 / 891)
    assert sum(column(table, "Embarked=(missing)")) == 2
    assert sum(column(table, "Age is missing")) == 177
    ages = np.array(column(table, "Age"))
    assert set(ages[np.array(column(table, "Age is missing")) == 1]) == {28.0}


def test_ames_codes_stay_codes_and_a_house_without_veneer_is_no_gap(data):
    frame = tables.read(data / "ames.csv")
    assert frame["PID"][0] == "0526301100"
    table = tables.encode(frame, "SalePrice")
    assert "MS SubClass=020" in table.feature_names
    assert sum(column(table, "Mas Vnr Type=(missing)")) == 23
    assert "Garage Cars, Garage Area is missing" in table.feature_names
    assert [table.encoding.sources.count(c) for c in ("Alley", "Central Air", "Lot Area")] == [3, 1, 1]


def test_hitters_missing_salaries_are_refused_until_dropped(data):
    frame = tables.read(data / "hitters.csv")
    with pytest.raises(ValueError, match=r"missing in 59 of 322 rows.*--drop-missing-target"):
        tables.encode(frame, "Salary")
    table = tables.encode(frame, "Salary", drop_missing_target=True)
    assert (table.summary["rows"], table.summary["rows_dropped"]) == (263, 59)
    assert "59 rows" in about(table.notes, "Salary")


def test_french_motor_head_keeps_its_numbers(data):
    with gzip.open(data / "french_motor.csv.gz") as file:
        frame = read(b"".join(file.readline() for _ in range(2001)))
    table = tables.encode(frame, "ClaimNb")
    assert "IDpol" in table.feature_names
    assert "--drop IDpol" in about(table.notes, "IDpol")
    assert "VehGas=Regular" in table.feature_names


# ---------------------------------------------------------------------------------- reading
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"\xef\xbb\xbfa,b\r\n1,x\r\n2,y\r\n", {"a": [1, 2], "b": ["x", "y"]}),
        (b"a,b\n1,x\n2,y", {"a": [1, 2], "b": ["x", "y"]}),
        (b"a,b\r1,x\r2,y\r", {"a": [1, 2], "b": ["x", "y"]}),
        (b"a;b\n1,5;x\n2;y\n", {"a": [1.5, 2.0], "b": ["x", "y"]}),
        (b"a\tb\n1\tx,y\n", {"a": [1], "b": ["x,y"]}),
        (b'a,b\n"1,5",x\n', {"a": ["1,5"], "b": ["x"]}),
        (b'"a, with; marks",b\n1,"two\r\nlines"\n', {"a, with; marks": [1], "b": ["two\r\nlines"]}),
        (b'a,"b\nc"\n1,2\n', {"a": [1], "b\nc": [2]}),
        (b"a,b\n1, x \n 2 ,?\n", {"a": [1, 2], "b": ["x", None]}),
        (b"a , b\n1,2\n\n3,4\n  \n,\n", {"a": [1, 3], "b": [2, 4]}),
        (b"a,b\nNA,NA\n1,None\n.,x\n", {"a": [None, 1, None], "b": [None, "None", "x"]}),
        (b"a,b\nNone,1e3\n2,-.5\n", {"a": [None, 2], "b": [1000.0, -0.5]}),
        (b"a,b\n020,0.5\n120,0\n", {"a": ["020", "120"], "b": [0.5, 0.0]}),
        (b"a,b\nTRUE,false\nFalse,\n", {"a": [True, False], "b": [False, None]}),
        (b"a\n1\n\n3\n", {"a": [1, None, 3]}),
        (b"a,b\n1,abc\n1 234,5\n", {"a": ["1", "1 234"], "b": ["abc", "5"]}),
    ],
)
def test_text_is_typed_by_all_of_its_cells(text, expected):
    assert read(text).to_dict(as_series=False) == expected


def test_a_fraction_after_many_integers_is_seen():
    frame = read("a\n" + "1\n" * 12_000 + "2.5\n")
    assert frame["a"].dtype == pl.Float64
    assert frame["a"].sum() == 12_002.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"a,b\n", "empty table: 2 columns and no rows"),
        (b"a,b\n1,2\n3,4,5\n", "line 3: 3 cells where the header has 2"),
        (b"a,b\n1,2\n3\n4,5\n", "line 3: 1 cell where the header has 2"),
        (b'a,b\n"x\ny",2\n3\n', "line 4: 1 cell"),
        (b"a,b\n1,2\n3,\0\n", "line 3: a NUL byte"),
        (b'a,b\n1,"2\n3,4\n', "is a quote left open"),
        (b"a,b,a\n1,2,3\n", "several columns named 'a'"),
        (b"a,,b\n1,2,3\n", "column 2 of standard input has no name"),
        (b"PAR1 and then nonsense", "cannot be read"),
        (b"ARROW1 and then nonsense", "cannot be read"),
        (b"\x1f\x8b\x08nonsense", "cannot read"),
        (b"PK\x03\x04\0\0", "NUL byte"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*not UTF-8")
def test_damaged_files_are_refused_in_one_line(text, message):
    with pytest.raises(ValueError, match=message) as caught:
        read(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_latin_1_is_read_and_said():
    with pytest.warns(UserWarning, match="line 3: not UTF-8, read as Windows-1252"):
        frame = read("stadt,x\nUlm,1\nKöln,2\n".encode("latin-1"))
    assert frame["stadt"].to_list() == ["Ulm", "Köln"]


@pytest.mark.parametrize("form", ["csv", "tsv", "csv.gz", "parquet", "feather"])
def test_every_format_gives_the_same_table(tmp_path, form):
    frame = pl.DataFrame({"a": [1, None, 3], "b": ["x", "y", None], "c": [True, False, True]})
    path = tmp_path / f"table.{form}"
    if form in {"csv", "tsv"}:
        frame.write_csv(path, separator="," if form == "csv" else "\t")
    elif form == "csv.gz":
        path.write_bytes(gzip.compress(frame.write_csv().encode()))
    elif form == "parquet":
        frame.write_parquet(path)
    else:
        frame.write_ipc(path)
    assert tables.read(path).to_dict(as_series=False) == frame.to_dict(as_series=False)
    assert tables.read("-", stdin=io.BytesIO(path.read_bytes())).equals(tables.read(str(path)))
    assert tables.columns(path) == frame.columns


def test_an_absent_file_is_named_with_its_neighbour(tmp_path):
    (tmp_path / "prostate.csv").write_text("a\n1\n")
    for look in (tables.read, tables.columns):
        with pytest.raises(ValueError, match=r"no file .*did you mean 'prostate.csv'"):
            look(tmp_path / "prostrate.csv")
        with pytest.raises(ValueError, match="cannot read"):
            look(tmp_path)
    with pytest.raises(ValueError, match="standard input"):
        tables.columns("-")


def test_a_header_alone_names_the_columns(tmp_path):
    path = tmp_path / "header.csv"
    path.write_bytes(b'\xef\xbb\xbf"a;b";c\r\n')
    assert tables.columns(path) == ["a;b", "c"]
    path.write_bytes("größe,x\n".encode("latin-1"))
    assert tables.columns(path) == ["größe", "x"]


# ---------------------------------------------------------------------------------- encoding
def test_levels_become_columns_and_none_is_dropped():
    table = encode({"city": [*CITIES, "Ulm"]})
    assert table.feature_names == ("city=Aachen", "city=Bonn", "city=Ulm")
    assert table.X.tolist() == [[0, 0, 1], [0, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert table.encoding.sources == ("city",) * 3


def test_two_levels_become_one_column_named_for_the_second():
    table = encode({"sex": ["m", "f", "m"], "flag": [True, False, True]})
    assert table.feature_names == ("sex=m", "flag")
    assert table.X.tolist() == [[1, 1], [0, 0], [1, 1]]


def test_missing_is_a_level():
    table = encode({"sex": ["m", "f", None], "only": ["x", None, "x"], "flag": [True, None, False]})
    assert table.feature_names[:3] == ("sex=f", "sex=m", "sex=(missing)")
    assert column(table, "sex=(missing)") == [0, 0, 1]
    assert column(table, "only=x") == [1, 0, 1]
    assert table.feature_names[4:] == ("flag=False", "flag=True", "flag=(missing)")


def test_a_level_called_missing_keeps_its_name():
    table = encode({"a": ["(missing)", None, "x"]})
    assert table.feature_names == ("a=(missing)", "a=x", "a=((missing))")
    assert column(table, "a=((missing))") == [0, 1, 0]


def test_derived_names_never_clash():
    table = encode({"a": ["x", "z", "y"], "a=x": [1.0, None, 2.0], "a=x is missing": [5.0, 6.0, 7.0]})
    assert len(set(table.feature_names)) == len(table.feature_names) == 6
    assert column(table, "a=x is missing") == [5, 6, 7]
    assert column(table, "a=x") == [1, 1.5, 2]


def test_missing_numbers_become_the_median_and_a_mark_shared_where_equal():
    nan = math.nan
    table = encode({"a": [1.0, nan, 3.0, 10.0], "b": [None, None, 3, 4], "c": [5, None, 7, 8]})
    assert table.feature_names == ("a", "b", "c", "a, c is missing", "b is missing")
    assert column(table, "a") == [1, 3, 3, 10]
    assert column(table, "b") == [3.5, 3.5, 3, 4]
    assert column(table, "a, c is missing") == [0, 1, 0, 0]
    assert table.encoding.sources[-2:] == ("a", "b")
    assert table.summary["missing_cells"] == 4
    assert "same rows" in about(table.notes, "'a', 'c'")


def test_the_median_of_huge_numbers_is_finite():
    assert column(encode({"a": [1.5e308, 1.7e308, None]}), "a")[2] == pytest.approx(1.6e308)


def test_columns_missing_everywhere_are_left_out_even_under_keep():
    table = encode({"a": [None, None], "t": pl.Series([None, None], dtype=pl.String), "b": [1, 2]}, keep=["a"])
    assert table.feature_names == ("b",)
    assert table.left_out == {"a": "empty", "t": "empty"}


def test_identifiers_are_left_out_and_brought_in():
    n = 30
    columns = {
        "id": list(range(1000, 1000 + n)),
        "name": [f"person {i}" for i in range(n)],
        "odd": [i * i for i in range(n)],
        "x": [i % 4 for i in range(n)],
    }
    table = encode(columns)
    assert table.feature_names == ("odd", "x")
    assert table.left_out == {"id": "identifier", "name": "identifier"}
    assert "--keep id " in about(table.notes, "id left out")
    assert "--drop odd" in about(table.notes, "odd")
    kept = encode(columns, keep=["id", "name"])
    assert column(kept, "id") == columns["id"]
    assert not any("--drop id" in note for note in kept.notes)
    assert column(kept, "name=person 7")[7] == 1
    assert kept.left_out == {}


def test_small_tables_have_no_identifiers():
    n = 20
    table = encode({"row": list(range(n)), "name": [f"p{i}" for i in range(n)]})
    assert table.left_out == {}
    assert len(table.feature_names) == n + 1


def test_prose_and_many_levels_are_left_out():
    n = 500
    columns = {
        "review": [f"it was day {i} and all was well" for i in range(n)],
        "zip": [f"z{i % 101}" for i in range(n)],
        "shop": [f"s{i % 100}" for i in range(n)],
    }
    table = encode(columns)
    assert table.left_out == {"review": "free text", "zip": "many levels"}
    assert set(table.encoding.sources) == {"shop"}
    assert encode(columns, keep="zip").summary["features"] == 201


def test_keep_has_a_cap_of_its_own():
    with pytest.raises(ValueError, match=r"10,001 levels, over the cap of 10,000"):
        encode({"a": [f"v{i}" for i in range(10_001)], "x": [1] * 10_001}, keep=["a"])


DAYS = [dt.date(1970, 1, 2), None, dt.date(2000, 1, 1)]


@pytest.mark.parametrize(
    "values",
    [
        pl.Series(DAYS),
        pl.Series(DAYS).cast(pl.Datetime("ms")),
        ["1970-01-02", None, "2000-01-01"],
        ["1970-01-02T00:00:00Z", None, "2000-01-01 01:00:00+01:00"],
        pl.Series([dt.timedelta(days=1), None, dt.timedelta(days=10957)]),
    ],
)
def test_dates_are_left_out_and_kept_as_days(values):
    frame = pl.DataFrame({"y": [1.0, 2.0, 4.0], "when": values, "x": [1, 2, 2]})
    assert tables.encode(frame, "y").left_out == {"when": "date"}
    table = tables.encode(frame, "y", keep=["when"])
    assert column(table, "when") == [1.0, 5479.0, 10957.0]
    assert column(table, "when is missing") == [0, 1, 0]
    np.testing.assert_array_equal(table.encoding.apply(frame)[0], table.X)


def test_values_without_an_encoding_are_left_out_and_cannot_be_kept():
    columns = {"l": [[1], [2]], "s": [{"a": 1}, {"a": 2}], "t": [dt.time(1), dt.time(2)], "x": [1, 2]}
    assert encode(columns).left_out == dict.fromkeys("lst", "no encoding")
    with pytest.raises(ValueError, match="cannot keep 'l': it holds List"):
        encode(columns, keep=["l"])


def test_constant_columns_stay():
    table = encode({"one": [3, 3, 3], "word": ["a", "a", "a"]})
    assert table.feature_names == ("one", "word=a")
    assert table.X.tolist() == [[3, 1]] * 3


def test_text_that_looks_like_numbers_is_pointed_out():
    table = tables.encode(read('y,a,b\n1,"1,234",020\n2,7,030\n4,8,040\n'), "y")
    assert "'1,234'" in about(table.notes, "a looks like numbers")
    assert not any("b looks like" in note for note in table.notes)


def test_targets_of_every_kind():
    assert encode({"x": [1, 2, 4]}).y.dtype == np.float64
    assert encode({"x": [1.0, 2.0], "t": [True, False]}, "t").y.tolist() == [1.0, 0.0]
    classes = encode({"x": [1, 2], "t": ["b", "a"]}, "t").y
    assert classes.dtype == object
    assert classes.tolist() == ["b", "a"]
    assert encode({"x": [1, 2], "t": pl.Series(["b", "a"], dtype=pl.Categorical)}, "t").y.tolist() == [
        "b",
        "a",
    ]
    with pytest.raises(ValueError, match="target 't' holds Date"):
        encode({"x": [1, 2], "t": [dt.date(2020, 1, 1)] * 2}, "t")


def test_rows_without_a_target_teach_nothing():
    frame = pl.DataFrame({"y": [1.0, None, 3.0], "x": [1.0, 99.0, None], "c": ["a", "b", "a"]})
    table = tables.encode(frame, "y", drop_missing_target=True)
    assert table.feature_names == ("x", "c=a", "x is missing")
    assert table.X.tolist() == [[1, 1, 0], [1, 1, 1]]
    with pytest.raises(ValueError, match="missing in every row"):
        tables.encode(frame.with_columns(y=pl.lit(None, dtype=pl.Float64)), "y", drop_missing_target=True)


def test_nothing_learnt_depends_on_the_target():
    columns = {"a": [1.0, None, 3.0, 9.0], "c": ["x", "y", "z", None]}
    one, other = encode(columns), encode({**columns, "y": [8.0, 1.0, -3.0, 0.5]})
    assert one.encoding == other.encoding


@pytest.mark.parametrize(
    ("target", "columns", "suspects"),
    [
        ([1.0, 5.0, 2.0, 7.0], {"twice": [2.0, 10.0, 4.0, 14.0], "x": [1.0, 2.0, 2.0, 1.0]}, {"twice"}),
        ([1.0, 5.0, 2.0, 7.0], {"down": [-1e9, -5e9, -2e9, -7e9], "x": [1.0, 2.0, 2.0, 5.0]}, {"down"}),
        (["no", "yes", "no", "yes"], {"code": ["N", "Y", "N", "Y"], "x": [1.0, 2.0, 3.0, 4.0]}, {"code=Y"}),
        (["a", "b", "c", "b"], {"code": ["A", "B", "C", "B"]}, {"code=A", "code=B", "code=C"}),
        ([1.0, 5.0, 2.0, 7.0], {"near": [1.0, 5.0, 2.0, 7.001], "flat": [0.1, 0.1, 0.1, 0.1]}, set()),
    ],
)
def test_features_that_are_the_target_get_a_warning(target, columns, suspects):
    notes = [note for note in encode({"y": target, **columns}).notes if note.startswith("Warning")]
    assert {note.split("'")[1] for note in notes} == suspects
    assert all("--drop" in note for note in notes)


# ---------------------------------------------------------------------------------- refusals
FRAME = pl.DataFrame({"target": [1.0, 2.0], "age": [3, 4], "sex": ["m", "f"]})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"target": "taget"},
            r"no column 'taget' in the table; did you mean 'target'\? Columns: 'target', 'age', 'sex'",
        ),
        ({"target": "Age"}, "did you mean 'age'"),
        ({"target": "target", "drop": ["agee"]}, "did you mean 'age'"),
        ({"target": "target", "keep": ["xyz"]}, "no column 'xyz'"),
        ({"target": "target", "drop": ["target"]}, "is the target"),
        ({"target": "target", "keep": ["target"]}, "is the target"),
        ({"target": "target", "keep": ["age"], "drop": ["age"]}, "both to drop and to keep 'age'"),
        ({"target": "target", "drop": ["age", "sex"]}, "no columns beside the target 'target'"),
    ],
)
def test_requests_that_make_no_sense(arguments, message):
    with pytest.raises(ValueError, match=message):
        tables.encode(FRAME, **arguments)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pl.DataFrame({"y": [], "x": []}), "no rows"),
        (pl.DataFrame({"y": [1.0, 2.0]}), "no columns beside"),
        (pl.DataFrame({"y": [1, 2], "": [1, 2]}), "column 2 of the table has no name"),
        (pd.DataFrame([[1, 2]], columns=["y", "y"]), "several columns named 'y'"),
        (pd.DataFrame([[1, 2]], columns=["y", 7]), "column 2 of the table is named 7"),
        (pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("y", "a"), ("y", "b")])), "is named"),
        (pa.table([[1], [2]], names=["y", "y"]), "several columns"),
        (
            pl.DataFrame({"y": [1, 2], "x": [1.0, math.inf]}),
            "column 'x', row 2: 'inf' instead of a finite number",
        ),
        (pl.DataFrame({"y": [1.0, -math.inf], "x": [1.0, 2.0]}), "column 'y', row 2"),
        (
            pd.DataFrame({"y": [1, 2, 3], "x": [None, 5, "five"]}),
            r"'x' mixes number \(row 2: '5'\) and text \(row 3",
        ),
        (pd.DataFrame({"y": [1, 2], "x": pd.Series([10**400, 1], dtype=object)}), "column 'x', row 1"),
        (pl.DataFrame({"y": [1, 2], "x": [None, None]}), "every column is left out"),
        (pl.LazyFrame({"y": [1], "x": [1]}), "held in memory, got LazyFrame"),
        (np.ones((2, 2)), "got ndarray"),
    ],
)
def test_tables_that_are_refused(frame, message):
    with pytest.raises(ValueError, match=message):
        tables.encode(frame, "y")


def test_infinity_in_a_file_is_refused():
    with pytest.raises(ValueError, match="column 'a', row 2: 'inf'"):
        tables.encode(read("y,a\n1,1\n2,1e400\n"), "y")


def test_one_row_is_encoded():
    assert encode({"x": [2.0], "c": ["a"]}).X.tolist() == [[2.0, 1.0]]


@pytest.mark.parametrize("name", ["a" * 100_000, "\x1b[31mred", "two\nlines", "\u202eright to left"])
def test_hostile_names_are_shown_short_and_escaped(name):
    table = encode({name: [f"t{i}" for i in range(30)], "x": list(range(0, 60, 2))})
    texts = list(table.notes)
    with pytest.raises(ValueError) as caught:
        encode({name: [1.0, math.inf]})
    with pytest.raises(ValueError) as other:
        encode({"x": [1]}, target=name)
    for text in (*texts, str(caught.value), str(other.value)):
        assert text.isprintable()
        assert len(text) < 500


# ---------------------------------------------------------------------------------- the next file
def fitted(**kw):
    n = 6
    return encode(
        {
            "age": [30, None, 50, 40, 20, 60],
            "size": [1.5, 2.5, 3.5, 4.5, 5.5, 6.0],
            "ok": [True, False, True, True, False, True],
            "city": CITIES * 2,
            "sex": ["m", "f"] * 3,
            "code": ["020", "120", "A"] * 2,
        },
        **kw,
    ), n


def new(**changes):
    row = {"age": [35], "size": [1.0], "ok": [True], "city": ["Bonn"], "sex": ["m"], "code": ["020"]}
    return pl.DataFrame({**row, **changes}, strict=False)


def applied(frame):
    table, _ = fitted()
    X, notes = table.encoding.apply(frame)
    return dict(zip(table.feature_names, X[0].tolist(), strict=True)), notes


def test_columns_go_by_name():
    expected, notes = applied(new())
    assert notes == ()
    frame = new().with_columns(extra=pl.lit("z"))
    assert applied(frame.select(reversed(frame.columns)))[0] == expected


def test_an_absent_column_is_named():
    with pytest.raises(ValueError, match="no column 'size'"):
        applied(new().drop("size"))


@pytest.mark.parametrize(("name", "level"), [("city", "Paris"), ("sex", "x"), ("city", None)])
def test_an_unseen_level_is_zero_everywhere_and_said(name, level):
    row, notes = applied(new(**{name: pl.Series([level], dtype=pl.String)}))
    assert [value for feature, value in row.items() if feature.startswith(name)] == [0.0] * (3 if name == "city" else 1)
    assert f"1 row with a level not seen in fitting ('{level or '(missing)'}')" in about(notes, name)


def test_a_missing_number_is_the_median_of_fitting():
    row, notes = applied(new(age=[None], size=[None]))
    assert (row["age"], row["age is missing"], row["size"]) == (40.0, 1.0, 4.0)
    assert "median, 4" in about(notes, "size")


def test_merged_marks_say_where_they_differ():
    table = encode({"a": [1.0, None, 3.0], "b": [1.0, None, 4.0]})
    X, notes = table.encoding.apply(pl.DataFrame({"a": [1.0, 2.0], "b": [None, 1.0]}))
    assert X[:, 2].tolist() == [1, 0]
    assert "1 row where not all are missing" in about(notes, "a, b is missing")


@pytest.mark.parametrize("size", [["abc"], ["1_000"], ["inf"], [dt.date(2020, 1, 1)]])
def test_text_instead_of_a_number_is_refused_with_its_place(size):
    with pytest.raises(ValueError, match=r"column 'size', row 1: .* instead of a (finite )?number"):
        applied(new(size=size))


def test_numbers_that_another_reader_left_as_text():
    assert applied(new(size=["007.5"]))[0]["size"] == 7.5
    row, _ = applied(new(size=["None"]))
    assert row["size"] == 4.0


@pytest.mark.parametrize(("code", "feature"), [(["020"], "020"), ([20], "020"), ([20.0], "020"), ([120], "120")])
def test_codes_that_another_reader_took_for_numbers(code, feature):
    assert applied(new(code=code))[0][f"code={feature}"] == 1.0


def test_codes_that_could_be_either_are_not_guessed():
    table = encode({"code": ["020", "0020", "1", "01"], "x": [1, 2, 3, 5]})
    X, notes = table.encoding.apply(pl.DataFrame({"code": [20, 1], "x": [1, 1]}))
    assert X[0, :4].tolist() == [0, 0, 0, 0]
    assert X[1, table.feature_names.index("code=1")] == 1
    assert "('20')" in about(notes, "code")


def test_truth_values_match_their_text():
    table = encode({"flag": ["TRUE", "FALSE", "unknown"]})
    X, notes = table.encoding.apply(pl.DataFrame({"flag": [True, False]}))
    assert X.tolist() == [[0, 1, 0], [1, 0, 0]]
    assert notes == ()


def test_an_empty_table_is_an_empty_matrix():
    X, notes = fitted()[0].encoding.apply(new().clear())
    assert X.shape == (0, len(fitted()[0].feature_names))
    assert notes == ()


# ---------------------------------------------------------------------------------- the written recipe
def test_the_recipe_is_plain_json():
    table, _ = fitted()
    text = json.dumps(table.encoding.to_dict(), allow_nan=False)
    assert tables.Encoding.from_dict(json.loads(text)) == table.encoding


def recipe():
    return json.loads(json.dumps(fitted()[0].encoding.to_dict()))


def change(path, value):
    d = recipe()
    place = d
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return d


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [],
        {},
        {"parts": []},
        {"parts": {}},
        {**recipe(), "more": 1},
        change(["parts", 0], 7),
        change(["parts", 0, "kind"], "__import__"),
        change(["parts", 0, "kind"], ["number"]),
        change(["parts", 0, "extra"], 1),
        change(["parts", 0, "median"], math.nan),
        change(["parts", 0, "median"], math.inf),
        change(["parts", 0, "median"], 10**400),
        change(["parts", 0, "median"], "40"),
        change(["parts", 0, "median"], True),
        change(["parts", 0, "days"], 1),
        change(["parts", 0, "column"], "size"),
        change(["parts", 3, "names"], []),
        change(["parts", 3, "names"], ["a"]),
        change(["parts", 3, "names", 0], 5),
        change(["parts", 3, "names", 0], "age"),
        change(["parts", 3, "coded", 0], "Ulm"),
        change(["parts", 3, "coded", 0], 1),
        change(["parts", 3, "uncoded"], None),
        change(["parts", 3, "uncoded"], ["Ulm"]),
        change(["parts", -1, "columns"], ["city"]),
        change(["parts", -1, "columns"], []),
        change(["roles"], []),
        change(["roles", "target"], "y"),
        change(["roles", "target"], [1]),
        change(["roles", "target"], ["y", "y"]),
        change(["roles", "target"], ["age"]),
        change(["roles", "time"], "week"),
        change(["roles"], {"time": "week"}),
        change(["roles"], {"event": "arrest", "weight": "w"}),
        change(["roles"], {"weight": "w"}),
        change(["roles", "weight"], 7),
        change(["roles", "weight"], "y"),
        change(["roles", "__class__"], "os"),
    ],
)
def test_a_recipe_that_was_tampered_with_is_refused(bad):
    with pytest.raises(ValueError, match="encoding: "):
        tables.Encoding.from_dict(bad)


def test_a_recipe_from_before_there_were_roles_is_read():
    d = recipe()
    assert d.pop("roles") == {"target": ["y"]}
    old = tables.Encoding.from_dict(d)
    assert old.roles == tables.Roles()
    assert old.parts == fitted()[0].encoding.parts


# ---------------------------------------------------------------------------------- columns that are no features
def lifetimes(**changed):
    columns = {
        "week": [3, 1, 4, 2],
        "done": [True, False, True, True],
        "from": [0.0, 0.0, 1.0, 0.5],
        "ward": ["b", "a", "b", "a"],
        "days": [1.0, 2.0, 0.5, 4.0],
        "more": [0.1, 0.0, -0.1, 0.2],
        "n": [1, 2, 0, 1],
        "x": [1.0, 2.0, 4.0, 8.0],
    }
    return pl.DataFrame(columns | changed, strict=False)


ALL = tables.Roles(time="week", event="done", start="from", strata="ward", offset="more", exposure="days", weight="n")


def test_columns_with_a_role_are_no_features():
    table = tables.encode(lifetimes(), ALL)
    assert table.feature_names == ("x",)
    assert set(table.y.dtype.names) == {"time", "event", "start", "strata"}
    assert table.y["time"].tolist() == [3, 1, 4, 2]
    assert table.y["event"].tolist() == [1, 0, 1, 1]
    assert table.y["start"].tolist() == [0, 0, 1, 0.5]
    assert table.y["strata"].tolist() == [1, 0, 1, 0]
    np.testing.assert_allclose(table.offset, [0.1, np.log(2), np.log(0.5) - 0.1, np.log(4) + 0.2])
    assert table.weight.tolist() == [1, 2, 0, 1]
    assert table.rows.tolist() == [1, 2, 3, 4]
    assert table.summary["columns"] == 1
    again = tables.again(lifetimes(), tables.Encoding.from_dict(table.encoding.to_dict()))
    for part in ("X", "y", "offset", "weight"):
        np.testing.assert_array_equal(getattr(again, part), getattr(table, part))
    np.testing.assert_allclose(table.encoding.offset(lifetimes().drop("week", "done")), table.offset)
    assert tables.encode(lifetimes(), "x").encoding.offset(lifetimes()) is None


def test_several_targets_stand_side_by_side():
    table = tables.encode(lifetimes(), tables.Roles(("week", "days"), weight="n"), drop=["done"])
    assert table.y.dtype.names == ("week", "days")
    assert table.y["days"].tolist() == [1, 2, 0.5, 4]
    assert "week" not in table.feature_names
    assert table.encoding.roles.title == "week, days"


def test_rows_keep_their_places_and_their_weights():
    frame = lifetimes(week=[3, None, 4, 2], done=[None, True, True, False])
    table = tables.encode(frame, ALL, drop_missing_target=True)
    assert table.rows.tolist() == [3, 4]
    assert table.weight.tolist() == [0, 1]
    assert "2 rows" in about(table.notes, "'week', 'done'")


@pytest.mark.parametrize(
    ("changed", "roles", "message"),
    [
        ({"days": [1, 0, 1, 1]}, ALL, "column 'days', row 2: '0' instead of an exposure above 0"),
        ({"days": [1, None, 1, 1]}, ALL, "column 'days', row 2: '' instead of an exposure above 0"),
        ({"days": ["1", "x", "1", "1"]}, ALL, "column 'days', row 2: 'x' instead of an exposure"),
        ({"more": [0, 0, None, 0]}, ALL, "column 'more', row 3: '' instead of a number"),
        ({"n": [1, 1, 1, -0.5]}, ALL, "column 'n', row 4: '-0.5' instead of a weight"),
        ({"n": [0, 0, 0, 0]}, ALL, "the weight 'n' is 0 in every row"),
        ({"done": [1, 2, 0, 1]}, ALL, "column 'done', row 2: '2' instead of 1 for an event"),
        ({"done": ["dead", "alive", "dead", "dead"]}, ALL, "column 'done', row 1: 'dead' instead of 1 for an event"),
        ({"week": [3, 1, 1, 2]}, ALL, "column 'week', row 3: '1' instead of a time after the start 'from'"),
        ({"week": [3, -1, 4, 2]}, tables.Roles(time="week", event="done"), "row 2: '-1' instead of a time, zero or"),
        ({"week": [None] * 4}, ALL, "the time 'week' is missing in every row"),
        ({"done": [True, None, True, True]}, ALL, "the event 'done' is missing in 1 of 4 rows; --drop-missing-target"),
        ({"week": [dt.date(2020, 1, 1)] * 4}, ALL, "the time 'week' holds Date"),
        ({}, tables.Roles(time="week"), "name what is explained"),
        ({}, tables.Roles(("x",), time="week", event="done"), "name what is explained"),
        ({}, tables.Roles(weight="n"), "name what is explained"),
        ({}, tables.Roles(("x",), weight="x"), "'x' is named as target and as weight"),
        ({}, tables.Roles(("x", "x")), "'x' is named twice as target"),
        ({}, tables.Roles(("x",), weight="N"), "no column 'N' in the table; did you mean 'n'"),
        ({}, tables.Roles(("x", "ward")), "the target 'ward' is text, and several targets"),
        ({"week": [None, None, 4, 2], "done": [True, True, None, None]}, ALL, "no row has all of 'week', 'done'"),
    ],
)
def test_cells_that_cannot_play_their_role_are_named(changed, roles, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        tables.encode(lifetimes(**changed), roles, drop_missing_target="no row" in message)


def test_strata_are_groups_of_rows():
    n = 1_001
    frame = pl.DataFrame({"t": range(n), "e": [1] * n, "s": [f"s{k}" for k in range(n)], "x": range(n)})
    with pytest.raises(ValueError, match="the strata 's' has 1,001 values"):
        tables.encode(frame, tables.Roles(time="t", event="e", strata="s"))


@pytest.mark.parametrize(
    ("y", "roles", "loss"),
    [
        ([0, 1, 1], {}, "logistic"),
        ([0.5, 1, 2], {}, "squared"),
        (["a", "b", "a"], {}, "logistic"),
        (["a", "b", "c"], {}, "multinomial"),
        (["01", "02", "03"], {}, "multinomial"),
        ([0, 1, 1], {"exposure": "t"}, "poisson"),
        ([0, 1, -1], {"exposure": "t"}, "poisson"),
        ([0.5, 1, 2], {"exposure": "t"}, "gamma"),
        ([0, 0.5, 2], {"exposure": "t"}, "tweedie"),
    ],
)
def test_values_call_for_a_loss(y, roles, loss):
    values = np.array(y, dtype=object if isinstance(y[0], str) else float)
    found = tables.calls_for(values, tables.Roles(("y",), **roles))
    assert found.loss == loss
    assert found.why


def test_a_slip_among_numbers_and_too_many_texts_call_for_none():
    for y, message in (
        (["1", "2", "3", "4 kg"], "'4 kg' makes the column text: mend that cell"),
        ([f"name {k}" for k in range(101)], "text of 101 different values, too many to be classes"),
    ):
        with pytest.raises(ValueError, match=message):
            tables.calls_for(np.array(y, dtype=object), tables.Roles(("y",)))


# ---------------------------------------------------------------------------------- a path as a frame
def weights_along(alphas, rows):
    rows = np.array(rows, dtype=float)
    coefs = csc_array(rows)
    names = tuple(f"x{j}" for j in range(len(rows)))
    return SimpleNamespace(axis=np.array(alphas, dtype=float), coefs=coefs, feature_names=names)


def test_a_path_is_a_frame_of_the_features_ever_kept():
    path = weights_along([1, 1 / 3, 0], [[0, 0, 0], [0, 2, 3], [0, 5, 0], [0, 0, -1]])
    path.coefs.data[path.coefs.data == -1] = 0.0  # stored, yet zero
    frame = tables.path_frame(path)
    assert frame.schema == {"feature": pl.String, "1": pl.Float64, "0.333333": pl.Float64, "0": pl.Float64}
    assert frame.rows() == [("x1", 0.0, 2.0, 3.0), ("x2", 0.0, 5.0, 0.0)]
    empty = tables.path_frame(weights_along([1], [[0], [0]]))
    assert (empty.shape, empty.columns) == ((0, 2), ["feature", "1"])


def test_alphas_that_are_nearly_equal_have_columns_of_their_own():
    frame = tables.path_frame(weights_along([0.5, 0.49999999, 0.1, 0.1, 0.1], [[1, 2, 3, 4, 5]]))
    assert frame.columns == ["feature", "0.5", "0.49999999", "0.1", "0.1'", "0.1''"]
    assert frame.row(0) == ("x0", 1.0, 2.0, 3.0, 4.0, 5.0)


# ---------------------------------------------------------------------------------- dataframes
def test_pandas_dtypes():
    frame = pd.DataFrame(
        {
            "y": [1.0, 2.0, 4.0],
            "int": pd.array([1, None, 3], dtype="Int64"),
            "bool": pd.array([True, False, True], dtype="boolean"),
            "gap": pd.array([True, None, False], dtype="boolean"),
            "object": pd.Series(["a", None, "b"], dtype=object),
            "string": pd.Series(["u", "v", "u"], dtype="string"),
            "category": pd.Categorical(["a", "b", "a"], categories=["z", "b", "a"]),
            "codes": pd.Categorical([10.0, 9.0, 10.0]),
            "bins": pd.cut(pd.Series([1, 2, 3]), [0, 2, 3]),
            "money": pd.Series([Decimal("1.5"), None, Decimal(2)], dtype=object),
            "when": pd.to_datetime(["2020-01-01", None, "2020-01-03"]),
            "took": pd.to_timedelta([1, 2, 3], unit="D"),
            "day": pd.Series([dt.date(1970, 1, 2), None, dt.date(1970, 1, 4)], dtype=object),
            "sparse": pd.arrays.SparseArray([0.0, 0.0, 2.0]),
        }
    )
    table = tables.encode(frame, "y", keep=["when", "took", "day"])
    assert table.left_out == {}
    assert column(table, "int") == [1, 2, 3]
    assert column(table, "bool") == [1, 0, 1]
    assert column(table, "gap=(missing)") == [0, 1, 0]
    assert column(table, "object=(missing)") == [0, 1, 0]
    assert column(table, "string=v") == [0, 1, 0]
    assert column(table, "category=b") == [0, 1, 0]
    assert not any("z" in name for name in table.feature_names if name.startswith("category"))
    assert column(table, "codes=9") == [0, 1, 0]
    assert column(table, "bins=(2, 3]") == [0, 0, 1]
    assert column(table, "money") == [1.5, 1.75, 2]
    assert column(table, "when") == [18262, 18263, 18264]
    assert column(table, "took") == [1, 2, 3]
    assert column(table, "day") == [1, 2, 3]
    assert column(table, "sparse") == [0, 0, 2]
    np.testing.assert_array_equal(table.encoding.apply(frame)[0], table.X)


def test_polars_and_arrow_dtypes():
    text = pl.Series(["b", "a", "b"])
    frame = pl.DataFrame(
        {
            "y": [1.0, 2.0, 4.0],
            "cat": text.cast(pl.Categorical),
            "enum": text.cast(pl.Enum(["b", "a", "unused"])),
            "money": pl.Series([Decimal("1.5"), None, Decimal(2)]),
            "small": pl.Series([1, 2, 3], dtype=pl.UInt8),
        }
    )
    for native in (frame, frame.to_arrow()):
        table = tables.encode(native, "y")
        assert table.feature_names == ("cat=b", "enum=b", "money", "small", "money is missing")
        assert table.X.tolist() == [[1, 1, 1.5, 1, 0], [0, 0, 1.75, 2, 1], [1, 1, 2, 3, 0]]


def test_inputs_are_left_as_they_were():
    frame = pd.DataFrame({"y": [1.0, 2.0, 4.0], "a": [1.0, np.nan, 3.0], "c": ["x", None, "y"]})
    before = frame.copy(deep=True)
    table = tables.encode(frame, "y")
    table.X[:], table.y[:] = -1.0, -1.0
    pd.testing.assert_frame_equal(frame, before)


TEXTS = st.one_of(st.none(), st.sampled_from(["a", "b", "(missing)", "", "Ä", "020", "1", "x=y"]), st.text(max_size=3))
NUMBERS = st.one_of(st.none(), st.floats(-1e300, 1e300, allow_nan=False), st.integers(-3, 3).map(float))


@st.composite
def frames(draw):
    n = draw(st.integers(1, 12))
    column = st.one_of(
        st.lists(TEXTS, min_size=n, max_size=n).map(lambda v: pl.Series(v, dtype=pl.String)),
        st.lists(NUMBERS, min_size=n, max_size=n).map(lambda v: pl.Series(v, dtype=pl.Float64)),
        st.lists(st.none() | st.integers(-5, 5), min_size=n, max_size=n).map(lambda v: pl.Series(v, dtype=pl.Int64)),
        st.lists(st.none() | st.booleans(), min_size=n, max_size=n).map(lambda v: pl.Series(v, dtype=pl.Boolean)),
    )
    letters = st.characters(exclude_characters="\0", codec="utf-8")  # polars cannot hand NUL to Arrow
    names = st.text(letters, min_size=1, max_size=4).filter(lambda name: name.strip() and name != "y")
    columns = draw(st.dictionaries(names, column, min_size=1, max_size=5))
    assume(any(not values.is_null().all() for values in columns.values()))
    return pl.DataFrame({"y": np.sin(np.arange(n)), **columns})


@given(frames())
def test_the_written_recipe_gives_the_same_matrix(frame):
    table = tables.encode(frame, "y")
    again = tables.Encoding.from_dict(json.loads(json.dumps(table.encoding.to_dict(), allow_nan=False)))
    X, notes = again.apply(frame)
    np.testing.assert_array_equal(X, table.X)
    assert again.feature_names == table.feature_names
    assert len(set(table.feature_names)) == table.X.shape[1] == len(again.sources)
    assert np.isfinite(X).all()
    assert not any("not seen" in note for note in notes)


@given(frames())
def test_pandas_polars_and_arrow_agree(frame):
    expected = tables.encode(frame, "y")
    for native in (frame.to_pandas(), frame.to_arrow(), frame.to_pandas(use_pyarrow_extension_array=True)):
        table = tables.encode(native, "y")
        assert table.feature_names == expected.feature_names
        assert table.encoding == expected.encoding
        np.testing.assert_array_equal(table.X, expected.X)


@given(frames(), st.randoms(use_true_random=False))
def test_permuted_rows_permute_the_matrix(frame, random):
    order = random.sample(range(len(frame)), len(frame))
    table, shuffled = tables.encode(frame, "y"), tables.encode(frame[order], "y")
    assert shuffled.encoding.parts[: len(table.encoding.parts)] == table.encoding.parts
    np.testing.assert_array_equal(shuffled.X, table.X[order])


@given(frames())
def test_every_factor_row_has_exactly_one_level(frame):
    table = tables.encode(frame, "y")
    start = 0
    for part in table.encoding.parts:
        block = table.X[:, start : start + len(part.names)]
        start += len(part.names)
        if isinstance(part, tables.Factor) and not part.uncoded:
            assert (block.sum(axis=1) == 1).all()


@given(st.binary(max_size=200))
@pytest.mark.filterwarnings("ignore:.*not UTF-8")
def test_any_bytes_are_a_table_or_one_clear_error(raw):
    message = ""
    try:
        frame = tables.read("-", stdin=io.BytesIO(raw))
    except ValueError as error:
        message = str(error)
    assert message.isprintable()
    assert message or frame.height > 0


@given(st.text(alphabet='ab,;"\n\r1 .\té', max_size=60))
def test_any_text_is_a_table_or_one_clear_error(text):
    test_any_bytes_are_a_table_or_one_clear_error.hypothesis.inner_test(text.encode())


def test_a_column_that_carries_no_weight_may_be_absent():
    frame = pl.DataFrame({"a": [1.0, 2.0, None], "b": [3.0, 1.0, 2.0], "c": ["x", "y", "x"], "y": [1, 2, 3]})
    encoding = tables.encode(frame, "y").encoding
    whole, _ = encoding.apply(frame)
    for gone, features in {"a": ["a", "a is missing"], "b": ["b"], "c": ["c=y"]}.items():
        used = set(encoding.feature_names) - set(features)
        X, notes = encoding.apply(frame.drop(gone), used=used)
        expected = whole * [name in used for name in encoding.feature_names]
        np.testing.assert_array_equal(X, expected)
        assert any(f"{gone} is absent" in note for note in notes)
        with pytest.raises(ValueError, match=gone):
            encoding.apply(frame.drop(gone), used=features)
        with pytest.raises(ValueError, match=gone):
            encoding.apply(frame.drop(gone))
