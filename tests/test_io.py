"""Model files: the same bits back, whole or not at all, and nothing but a model or a ModelFileError."""

from __future__ import annotations

import errno
import json
import math
import os
import pickle
import random
import signal
import subprocess
import sys
import time
from dataclasses import fields, is_dataclass, replace
from pathlib import Path as FilePath

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csc_array

from lozenge import io
from lozenge.io import ModelFileError, load, save, write
from lozenge.results import (
    Certificate,
    CrossValidation,
    Forces,
    History,
    Hold,
    Model,
    Path,
    Status,
)

ROOT = os.geteuid() == 0


def make(p=4, L=3, *, seed=0, classes=(), target=None, encoding=None, loss="squared"):
    """Path with numbers of every awkward kind: it need not be a fit."""
    rng = np.random.default_rng(seed)
    coefs = np.zeros((p, L))
    coefs[:, 1:] = rng.normal(size=(p, L - 1)) * 10.0 ** rng.integers(-300, 300, size=(p, L - 1))
    coefs[1:, 1] = 0.0
    alphas = np.sort(rng.exponential(size=L))[::-1]
    v = np.ones(p)
    v[-1] = np.inf
    model = Model(
        loss=loss,
        loss_parameters={},
        penalty="elasticnet",
        penalty_parameters={"l1_ratio": 1 / 3},
        fit_intercept=True,
        standardize=False,
        tol=1e-6,
        n=100,
        weight_sum=0.1 + 0.2,
        alpha_max=5e-324,
        null_loss=1.7976931348623157e308,
        saturated_loss=0.0,
        null_intercept=-0.0,
        y_mean=math.pi,
        y_sd=1e-200,
        scale=np.abs(rng.normal(size=p)),
        center=rng.normal(size=p),
        penalised_unit=np.ones(p),
        penalty_weights=v,
        constant=rng.random(p) < 0.5,
        classes=classes,
        target=target,
    )
    gaps = np.full(L, 1e-7)
    gaps[-1] = np.inf
    price = np.full(p, alphas[1])
    price[-1] = np.inf
    return Path(
        alphas=alphas,
        coefs=csc_array(coefs),
        intercepts=rng.normal(size=L),
        gaps=gaps,
        deviance_ratio=np.linspace(0, 1, L),
        df=np.count_nonzero(coefs, axis=0),
        unique=rng.random(L) < 0.5,
        status=(Status.CERTIFIED,) * (L - 1) + (Status.STALLED,),
        certificates=tuple(Certificate("gap", float(gap)) for gap in gaps),
        passes=12.25,
        feature_names=tuple(f"näme \u2028 <{j}> \x00 \"$'\n" for j in range(p)),
        model=model,
        history=History(
            np.array([np.nan, *np.full(p - 1, 0.1)]), np.full(p, np.nan), np.full(p, -1), ((0, 2),), ((1, 1), (0, 0))
        ),
        chosen=1,
        forces=Forces(
            float(alphas[1]),
            rng.normal(size=p),
            rng.normal(size=p),
            price,
            rng.normal(size=p),
            rng.random(p) < 0.5,
            unique=False,
            gap=np.inf,
        ),
        cv=CrossValidation(
            alphas, rng.normal(size=L), np.full(L, np.nan), rng.normal(size=(5, L)), "1se", 0, index_min=2, index_1se=1
        ),
        encoding=encoding,
    )


def several():
    """A path of three classes: two columns, six weights, three intercepts."""
    path = make(p=6, classes=("a", "b", "c"), loss="multinomial")
    outputs = ("a", "b", "c")
    model = replace(
        path.model,
        loss_parameters={"classes": 3},
        penalty="l1",
        penalty_parameters={},
        null_intercept=np.array([0.5, -0.25, -0.25]),
        y_mean=np.array([0.5, 0.25, 0.25]),
        y_sd=np.array([0.5, 0.4, 0.4]),
        outputs=outputs,
        offset=True,
    )
    names = tuple(f"x{j}[{output}]" for output in outputs for j in range(2))
    return replace(path, model=model, intercepts=np.arange(9.0).reshape(3, 3) / 7, feature_names=names)


def same(a, b, where="path"):
    """Equal in type and in every bit; a source is never stored."""
    if is_dataclass(a) and not isinstance(a, type):
        assert type(a) is type(b), where
        for field in fields(a):
            if field.name != "source":
                same(getattr(a, field.name), getattr(b, field.name), f"{where}.{field.name}")
    elif isinstance(a, csc_array):
        assert a.shape == b.shape
        for part in ("indptr", "indices", "data"):
            same(getattr(a, part), getattr(b, part), f"{where}.{part}")
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype, where
        assert a.shape == b.shape, where
        assert a.tobytes() == b.tobytes(), where
    elif isinstance(a, tuple | list):
        assert type(a) is type(b), where
        assert len(a) == len(b), where
        for k, (one, other) in enumerate(zip(a, b, strict=True)):
            same(one, other, f"{where}[{k}]")
    elif isinstance(a, float) and not isinstance(a, np.generic):
        assert type(a) is type(b), where
        assert np.float64(a).tobytes() == np.float64(b).tobytes(), where
    else:
        assert type(a) is type(b), where
        assert a == b, where


@pytest.fixture
def file(tmp_path):
    return tmp_path / "model.json"


def tree_of(file, path=None):
    save(path or make(), file, force=True)
    return json.loads(file.read_text())


def names(folder):
    return sorted(found.name for found in folder.iterdir())


def leftovers(folder):
    return [name for name in names(folder) if name.endswith(io.TEMPORARY)]


# ------------------------------------------------------------------------------ the same bits back
@pytest.mark.parametrize("seed", range(5))
def test_a_path_comes_back_bit_for_bit(file, seed):
    encoding = {"parts": [{"kind": "number", "fill": 1.5, "levels": ["a", None, True], "n": 10**30}]}
    path = make(p=6, L=5, seed=seed, target="yield", encoding=encoding)
    save(path, file)
    again = load(file)
    same(path, again)
    assert again.source is None
    first = file.read_bytes()
    save(again, file, force=True)
    assert file.read_bytes() == first


def test_the_optional_parts_may_be_absent(file):
    path = replace(make(), forces=None, cv=None)
    save(path, file)
    same(path, load(file))


@pytest.mark.parametrize(
    "classes",
    [
        ("no", "yes"),
        (0, 1),
        (-(10**30), 2**70),
        (0.1, 0.2),
        (False, True),
        (np.int8(-1), np.int8(1)),
        (np.uint64(0), np.uint64(2**63 - 1)),
        (np.float32(0.1), np.float32(0.2)),
        (np.float16(1), np.float16(2)),
        (np.float64(0.1), np.float64(1e300)),
        (np.False_, np.True_),
        (np.str_("a"), np.str_("b")),
    ],
)
def test_classes_come_back_as_what_they_were(file, classes):
    save(make(classes=classes, loss="logistic"), file)
    again = load(file).model.classes
    assert again == classes
    assert [type(label) for label in again] == [type(label) for label in classes]


def test_a_matrix_in_odd_order_is_stored_in_order(file):
    path = make()
    odd = csc_array((np.array([1.0, 2, 3]), np.array([2, 0, 0]), np.array([0, 2, 3, 3])), shape=(4, 3))
    save(replace(path, coefs=odd), file)
    assert (load(file).coefs.toarray() == odd.toarray()).all()
    assert odd.indices.tolist() == [2, 0, 0]


def test_json_holds_no_infinity(file):
    def refuse(text):
        raise AssertionError(text)

    save(make(), file)
    json.loads(file.read_text(), parse_constant=refuse)
    assert file.read_bytes().isascii()


@pytest.mark.parametrize(
    "broken",
    [
        lambda path: replace(path, model=replace(path.model, loss="mine")),
        lambda path: replace(path, model=replace(path.model, penalty_parameters={"l1_ratio": 2.0})),
        lambda path: replace(path, model=replace(path.model, classes=(object(), object()))),
        lambda path: replace(path, intercepts=np.array([np.nan, 0, 0])),
        lambda path: replace(path, encoding={"a": math.inf}),
        lambda path: replace(path, encoding={"a": {1: 2}}),
        lambda path: replace(path, encoding={"a": object()}),
        lambda path: replace(path, feature_names=("a", "a", "b", "c")),
    ],
)
def test_what_could_not_be_read_again_is_not_written(file, broken):
    with pytest.raises(ModelFileError, match="cannot be saved"):
        save(broken(make()), file)
    assert not file.exists()


# ------------------------------------------------------------------------------ nothing but a model
def put(tree, file, **changes):
    file.write_text(json.dumps(tree | changes))


HOSTILE = {
    "unknown key": (lambda t: t.update(extra=1), "unknown key 'extra'"),
    "no key": (lambda t: t.pop("gaps"), "no key 'gaps'"),
    "deep unknown key": (lambda t: t["model"].update(__class__="os.system"), "model has an unknown key '__class__'"),
    "unknown loss": (lambda t: t["model"].update(loss="os.system"), "model.loss: expected one of squared"),
    "unknown penalty": (lambda t: t["model"].update(penalty="../l1"), "model.penalty: expected one of"),
    "parameter": (lambda t: t["model"].update(penalty_parameters={"__init__": 1.0}), "does not take"),
    "parameter's value": (lambda t: t["model"].update(penalty_parameters={"l1_ratio": 7.0}), "between 0"),
    "parameter's type": (lambda t: t["model"].update(penalty_parameters={"l1_ratio": [1]}), "does not take"),
    "length": (lambda t: t["gaps"].append(1.0), "gaps: 4 entries where there are 3 alphas"),
    "length of features": (lambda t: t["model"]["scale"].pop(), "model.scale: 3 entries where there are 4 features"),
    "text for a number": (lambda t: t["intercepts"].__setitem__(1, "0"), r"intercepts\[1\]: expected a finite number"),
    "true for a number": (lambda t: t["intercepts"].__setitem__(1, True), r"intercepts\[1\]"),
    "null where none is": (lambda t: t["intercepts"].__setitem__(1, None), r"intercepts\[1\]"),
    "huge integer": (lambda t: t["intercepts"].__setitem__(1, 10**400), r"intercepts\[1\]"),
    "index": (lambda t: t["coefs"]["indices"].__setitem__(0, 99), r"coefs.indices\[0\]: expected a whole number"),
    "negative index": (lambda t: t["coefs"]["indices"].__setitem__(0, -1), r"coefs.indices\[0\]"),
    "huge index": (lambda t: t["coefs"]["indices"].__setitem__(0, 10**30), r"coefs.indices\[0\]"),
    "pointers": (lambda t: t["coefs"]["indptr"].__setitem__(1, 10**9), "coefs.indptr: expected pointers that rise"),
    "falling pointers": (lambda t: t["coefs"]["indptr"].__setitem__(1, 3), "coefs.indptr"),
    "order": (
        lambda t: t["coefs"]["indices"].__setitem__(slice(1, 3), [1, 0]),
        "coefs.indices: expected rows that rise",
    ),
    "chosen": (lambda t: t.update(chosen=3), "chosen: expected a whole number from 0"),
    "status": (lambda t: t["status"].__setitem__(0, "FINE"), r"status\[0\]: expected one of CERTIFIED"),
    "certificate": (lambda t: t["certificates"][0].update(kind="oath"), r"certificates\[0\].kind"),
    "rising alphas": (lambda t: t["alphas"].reverse(), "alphas: expected from large to small"),
    "other forces": (lambda t: t["forces"].update(alpha=0.5), "forces.alpha is not the chosen alpha"),
    "names twice": (lambda t: t.update(feature_names=["a"] * 4), "a name comes twice"),
    "name": (lambda t: t["feature_names"].__setitem__(0, 1), r"feature_names\[0\]: expected text"),
    "class type": (lambda t: t["model"].update(classes=[["os", "x"], ["int", 1]]), r"model.classes\[0\]"),
    "class range": (lambda t: t["model"].update(classes=[["numpy.int8", 300], ["int", 1]]), r"model.classes\[0\]"),
    "one class": (lambda t: t["model"].update(classes=[["int", 1]]), "classes: expected none, got"),
    "exit": (lambda t: t["history"].update(exits=[[0, 1, 2]]), r"history.exits\[0\]: expected a list of two"),
    "unit": (lambda t: t["model"]["penalised_unit"].__setitem__(0, 0.0), r"model.penalised_unit\[0\]"),
    "a list for the model": (lambda t: t.update(model=[]), "model: expected an object"),
    "text for a list": (lambda t: t.update(alphas="abc"), "alphas: expected a list"),
    "fold": (lambda t: t["cv"]["folds"][2].pop(), r"cv.folds\[2\]: 2 entries where there are 3 scores"),
    "newer": (lambda t: t.update(version=2, lozenge="9.1"), "version 2 of the format.*'9.1' or newer"),
    "newer, with new keys": (lambda t: t.update(version=3, more={}), "version 3"),
    "older": (lambda t: t.update(version=0), "version: expected 1, got 0"),
    "odd version": (lambda t: t.update(version=True), "version: expected 1, got True"),
    "no version": (lambda t: t.pop("version"), "version: expected 1, got None"),
    "other format": (lambda t: t.update(format="onnx"), "no Lozenge model"),
    "no writer": (lambda t: t.update(lozenge=1), "lozenge: expected the version"),
}


def penalised(penalty, parameters):
    path = make()
    return replace(path, model=replace(path.model, penalty=penalty, penalty_parameters=parameters))


def short(p=4):
    """Names that a person could type."""
    return tuple("abcdefgh"[:p])


@pytest.mark.parametrize(
    ("penalty", "parameters"),
    [
        ("l1", {}),
        ("l1", {"positive": True}),
        ("l2", {"lower": -1.5, "upper": 2.0}),
        ("elasticnet", {"l1_ratio": 1 / 3, "upper": [1.0, None, 0.0, 2.5]}),
        ("mcp", {"gamma": 3.0, "lower": {"a": -1.0, "d": None}}),
        ("group", {"groups": {"one": ["a", "c"], "two": ["b"]}}),
        ("group", {"groups": {}}),
        ("group", {"groups": [["a", "b"], ["c"]]}),
        ("group", {"groups": [0, 0, 1, 1]}),
        ("group", {"groups": ["u", "v", "u", 2]}),
        ("sparse_group", {"l1_ratio": 0.5, "groups": [0, 0, 1, 1]}),
        ("lq", {"q": 0.3}),
        ("l0", {"upper": 1.0}),
        ("slope", {"q": 0.1}),
        ("slope", {"lambdas": [2.0, 1.0, 0.5, 0.25, 0.0]}),
        ("tv", {"l1_ratio": 0.5}),
    ],
)
def test_parameters_of_any_shape_come_back(file, penalty, parameters):
    path = replace(penalised(penalty, parameters), feature_names=short())
    save(path, file)
    again = load(file).model.penalty_parameters
    assert again == parameters
    assert list(again) == list(parameters)
    json.loads(file.read_text())


@pytest.mark.parametrize(
    ("penalty", "parameters", "message"),
    [
        ("l1", {"weights": [1.0, 1.0, 1.0, 1.0]}, "is not how|does not take"),
        ("elasticnet", {"l1_ratio": 0.5, "ridge_unit": 2.0}, "is not how"),
        ("elasticnet", {"l1_ratio": True}, "does not take"),
        ("l1", {"l1_ratio": 0.5}, "does not take"),
        ("l1", {"positive": 1}, "does not take"),
        ("l1", {"positive": "yes"}, "does not take"),
        ("l1", {"positive": False}, "is not how"),
        ("l1", {"positive": None}, "does not take"),
        ("l1", {"lower": 1.0}, "at most 0"),
        ("l1", {"lower": "0"}, "must be a number|does not take"),
        ("l1", {"lower": {"a": [1]}}, "expected text"),
        ("l1", {"lower": {"a": {"b": 1}}}, "finite number"),
        ("l1", {"lower": {"z": 0.0}}, "no feature 'z'"),
        ("l1", {"lower": [0.0, 0.0]}, "one per column"),
        ("l1", {"upper": [[1.0], None, None, None]}, "expected text"),
        ("l1", {"upper": [True, 1, 1, 1]}, "finite number"),
        ("mcp", {"gamma": [3.0]}, "does not take"),
        ("mcp", {"gamma": 1.0}, "above 1"),
        ("group", {}, "is not how"),
        ("group", {"groups": [0, 1]}, "2 labels but X has 4"),
        ("group", {"groups": {"one": ["a", "z"]}}, "names no feature"),
        ("group", {"groups": {"one": ["a"], "two": ["a", "b"]}}, "in two groups"),
        ("group", {"groups": {"one": "ab"}}, "must be a list"),
        ("group", {"groups": {"one": [["a"]]}}, "expected text"),
        ("group", {"groups": [0.5, 0.5, 1, 1]}, "is not how"),
        ("group", {"groups": [None] * 4}, "is not how"),
        ("group", {"groups": 3}, "must be one label per column"),
        ("slope", {"lambdas": [0.5, 1.0, 1.0, 1.0]}, "must not increase"),
        ("slope", {"lambdas": [["a"]]}, "slope"),
        ("slope", {"q": 0.1, "sequence": [1.0]}, "is not how"),
        ("tv", {"l1_ratio": 1.0}, "below 1"),
    ],
)
def test_parameters_that_no_penalty_writes_are_refused(file, penalty, parameters, message):
    tree = tree_of(file, replace(make(), feature_names=short()))
    tree["model"].update(penalty=penalty, penalty_parameters=parameters)
    put(tree, file)
    with pytest.raises(ModelFileError, match=message) as caught:
        load(file)
    assert len(str(caught.value)) < 400
    with pytest.raises(ModelFileError, match="cannot be saved"):
        save(replace(penalised(penalty, parameters), feature_names=short()), file, force=True)


HOLD = Hold(("price", "bound", "group", "group"), np.array([0.5, 0.0, 0.1, 0.1]), np.array([-1, -1, 0, 0]))


def test_what_holds_a_weight_comes_back_and_may_be_absent(file):
    path = make()
    path = replace(path, forces=replace(path.forces, hold=HOLD))
    tree = tree_of(file, path)
    same(path, load(file))
    assert "hold" in tree["forces"]
    assert "hold" not in tree_of(file)["forces"]  # as files were before there was one
    assert load(file).forces.hold is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: h.update(kind=["price"] * 3), "3 entries where there are 4 features"),
        (lambda h: h["kind"].__setitem__(0, "glue"), r"forces.hold.kind\[0\]: expected one of price"),
        (lambda h: h["pull"].__setitem__(0, -1.0), r"forces.hold.pull\[0\]"),
        (lambda h: h["block"].__setitem__(0, 4), r"forces.hold.block\[0\]"),
        (lambda h: h.update(more=1), "forces.hold has an unknown key 'more'"),
        (lambda h: h.pop("block"), "forces.hold has no key 'block'"),
    ],
)
def test_a_changed_hold_is_refused(file, change, message):
    path = make()
    tree = tree_of(file, replace(path, forces=replace(path.forces, hold=HOLD)))
    change(tree["forces"]["hold"])
    put(tree, file)
    with pytest.raises(ModelFileError, match=message):
        load(file)


@pytest.mark.parametrize("case", HOSTILE)
def test_a_changed_model_is_refused_with_its_place(file, case):
    change, message = HOSTILE[case]
    tree = tree_of(file)
    change(tree)
    put(tree, file)
    with pytest.raises(ModelFileError, match=message) as caught:
        load(file)
    assert "model.json" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no JSON object"),
        (b"[]", "no JSON object"),
        (b"{}", "no Lozenge model"),
        (b"\xef\xbb\xbf{}", "no JSON object"),
        (pickle.dumps({"a": 1}), "a Python pickle, which can run code and is never read"),
        (pickle.dumps({"a": 1}, protocol=0), "no JSON object"),
        (b"\x93NUMPY\x01\x00", "a NumPy array"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\x1f\x8b\x08", "compressed"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": -Infinity}', "-Infinity is not JSON"),
        (b'{"a": 1, "a": 1}', "the key 'a' comes twice"),
        (b'{"a": {"b": 1, "b": 1}}', "the key 'b' comes twice"),
        (b'{"a": "\xff"}', "byte 7 is not UTF-8"),
        (b'{"a": ' + b"[" * 1_000_000, "nest deeper than 32 at character"),
        (b'{"a": ' + b'{"a": ' * 1_000_000, "nest deeper than 32"),
        (b'{"a": ' + b"1" * 100_000 + b"}", "not whole JSON"),
        (b'{"a": "' + b'\\"' * 1_000_000, "not whole JSON"),
        (b'{"' + b"[" * 1000 + b'": 1}', "no Lozenge model"),
        (b'{"a": 1}{', "not whole JSON"),
        (b'{"a": 1', "not whole JSON"),
        (b'{"a": \x00}', "not whole JSON"),
    ],
)
def test_what_is_no_model_is_refused(file, data, message):
    file.write_bytes(data)
    start = time.process_time()
    with pytest.raises(ModelFileError, match=message):
        load(file)
    assert time.process_time() - start < 5


def test_an_overflowing_number_is_refused_wherever_it_stands(file):
    text = json.dumps(tree_of(file, make(encoding={"a": 1234.5})))
    for number in ("1234.5", "12.25"):
        file.write_text(text.replace(number, "1e999", 1))
        with pytest.raises(ModelFileError, match="got inf"):
            load(file)


def test_a_file_over_the_limit_is_refused(file, monkeypatch):
    save(make(), file)
    monkeypatch.setattr(io, "LARGEST", 1000)
    with pytest.raises(ModelFileError, match="larger than"):
        load(file)


def test_no_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "absent.json")
    with pytest.raises(IsADirectoryError):
        load(tmp_path)


WHOLE = {}


def whole(folder, data):
    """The text of a model: one of two classes, and one of three outputs."""
    kind = data.draw(st.sampled_from(["logistic", "multinomial"]))
    if not WHOLE:
        two = make(classes=("a", "b"), loss="logistic", encoding={"parts": [1]})
        for name, path in (("logistic", two), ("multinomial", several())):
            save(path, folder / "whole.json", force=True)
            WHOLE[name] = (folder / "whole.json").read_bytes()
    return WHOLE[kind]


def is_model_or_error(file, data):
    file.write_bytes(data)
    try:
        found = load(file)
    except ModelFileError:
        return
    assert isinstance(found, Path)
    assert found.coefs.shape == (len(found.feature_names), len(found.alphas))


@given(st.data())
def test_a_cut_file_is_a_model_or_an_error(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    text = whole(folder, data)
    is_model_or_error(folder / "cut.json", text[: data.draw(st.integers(0, len(text) - 3))])


@given(st.data())
def test_flipped_bits_give_a_model_or_an_error(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    text = bytearray(whole(folder, data))
    for place in data.draw(st.lists(st.integers(0, 8 * len(text) - 1), min_size=1, max_size=4)):
        text[place // 8] ^= 1 << place % 8
    is_model_or_error(folder / "flipped.json", bytes(text))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=5), part, max_size=3),
    max_leaves=6,
)


@given(st.data())
def test_any_value_anywhere_gives_a_model_or_an_error(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    tree = json.loads(whole(folder, data))
    node = tree
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if isinstance(node[key], dict | list) and data.draw(st.booleans()):
            node = node[key]
        else:
            node[key] = data.draw(JSON_VALUES)
            break
    is_model_or_error(folder / "changed.json", json.dumps(tree).encode())


# ------------------------------------------------------------------------------ whole or not at all
def test_an_existing_file_is_kept_unless_forced(file):
    file.write_text("precious")
    with pytest.raises(FileExistsError, match=r"replace it with force=True \(--force\)") as caught:
        save(make(), file)
    assert caught.value.filename == str(file)
    assert file.read_text() == "precious"
    save(make(), file, force=True)
    same(make(), load(file))
    assert names(file.parent) == ["model.json"]


def test_a_file_that_appears_meanwhile_is_kept(file, monkeypatch):
    def late(*arguments, **more):
        file.write_text("precious")
        return link(*arguments, **more)

    link = os.link
    monkeypatch.setattr(os, "link", late)
    with pytest.raises(FileExistsError, match="force"):
        write("new", file)
    assert file.read_text() == "precious"
    assert not leftovers(file.parent)


@pytest.mark.parametrize("appears", [False, True])
def test_where_there_are_no_hard_links_nothing_is_replaced_either(file, monkeypatch, appears):
    def refuse(*_):
        if appears:
            file.write_text("precious")
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    if appears:
        with pytest.raises(FileExistsError):
            write(b"new", file)
        assert file.read_text() == "precious"
    else:
        write(b"new", file)
        assert file.read_text() == "new"
    assert not leftovers(file.parent)


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), MemoryError()]
)
@pytest.mark.parametrize("call", ["fsync", "link", "fchmod", "replace"])
def test_a_failure_leaves_the_old_file_and_no_other(file, monkeypatch, error, call):
    def fail(*_, **__):
        raise error

    forced = call in {"fchmod", "replace"}
    if forced:
        file.write_text("precious")
    monkeypatch.setattr(FilePath if call == "replace" else os, call, fail)
    with pytest.raises(type(error)) as caught:
        write("new", file, force=forced)
    monkeypatch.undo()
    if isinstance(error, OSError):
        assert caught.value.filename == str(file)
        assert caught.value.strerror == "No space left on device"
    assert names(file.parent) == (["model.json"] if forced else [])
    if forced:
        assert file.read_text() == "precious"


def test_a_folder_that_is_absent_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="its folder does not exist"):
        write("new", tmp_path / "absent" / "model.json")


@pytest.mark.skipif(ROOT, reason="root may write anywhere")
def test_a_read_only_folder_is_an_error(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError) as caught:
            write("new", tmp_path / "model.json")
        assert caught.value.filename == str(tmp_path / "model.json")
    finally:
        tmp_path.chmod(0o700)
    assert not names(tmp_path)


def test_a_file_that_cannot_be_made_is_named_as_the_user_named_it(file, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PermissionError) as caught:
        write("new", file)
    assert caught.value.filename == str(file)


def test_links_folders_and_devices_are_never_replaced(tmp_path):
    (tmp_path / "target").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "dangling", "folder", "pipe"):
        with pytest.raises(FileExistsError):
            write("new", tmp_path / name)
        with pytest.raises(OSError, match="never replaced"):
            write("new", tmp_path / name, force=True)
    assert (tmp_path / "target").read_text() == "precious"
    assert not leftovers(tmp_path)


def test_permissions_are_those_of_the_user_or_of_the_old_file(file):
    mask = os.umask(0o027)
    try:
        write("new", file)
        assert file.stat().st_mode & 0o777 == 0o640
        file.chmod(0o600)
        write("newer", file, force=True)
        assert file.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(mask)


def test_long_names_and_plain_strings_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("new", "x" * 250)
    assert names(tmp_path) == ["x" * 250]


SAVER = """
import os, sys
sys.path.insert(0, {tests!r})
from test_io import make, save
paths = [make(p=3000, L=20, seed=0), make(p=3000, L=20, seed=1)]
for _ in sys.stdin:  # one saver a line: a fork starts at once, a new Python takes a second
    saver = os.fork()
    while saver == 0:
        for path in paths:
            save(path, {file!r}, force=True)
    print(saver, flush=True)
    os.waitpid(saver, 0)
    print("dead", flush=True)
"""


def test_a_killed_save_leaves_the_old_file_or_the_new_one(file):
    one, other = make(p=3000, L=20, seed=0), make(p=3000, L=20, seed=1)
    save(one, file)
    program = SAVER.format(tests=str(FilePath(__file__).parent), file=str(file))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    times = random.Random(0)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=pipe, stdout=pipe, env=environment, text=True
    ) as parent:
        for _ in range(20):
            print(file=parent.stdin, flush=True)
            saver = int(parent.stdout.readline())
            time.sleep(times.uniform(0.0, 0.15))
            os.kill(saver, signal.SIGKILL)
            assert parent.stdout.readline() == "dead\n"
            found = load(file)
            same(one if (found.alphas == one.alphas).all() else other, found)
            assert len(leftovers(file.parent)) <= 1
            for name in leftovers(file.parent):
                (file.parent / name).unlink()


def test_a_save_killed_between_any_two_calls_leaves_the_old_file_or_the_new_one(file):
    """Stop dead before and after every call that touches the disk."""
    calls = ["os.open", "os.fchmod", "os.fsync", "FilePath.replace", "FilePath.unlink"]
    program = """
import os, sys
from pathlib import Path as FilePath
from lozenge import io
name, when = sys.argv[1].split(".")[1], sys.argv[2]
home = os if sys.argv[1].startswith("os") else FilePath
before = getattr(home, name)
def deadly(*arguments, **more):
    if when == "before":
        os._exit(9)
    before(*arguments, **more)
    os._exit(9)
setattr(home, name, deadly)
io.write("new" * 100_000, sys.argv[3], force=True)
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    for call in calls:
        for when in ("before", "after"):
            file.write_text("old")
            arguments = [sys.executable, "-c", program, call, when, str(file)]
            assert subprocess.run(arguments, env=environment, check=False).returncode == 9
            assert file.read_text() in {"old", "new" * 100_000}, (call, when)
            assert len(leftovers(file.parent)) <= 1
            for name in leftovers(file.parent):
                (file.parent / name).unlink()


def test_the_module_knows_no_pickle():
    source = FilePath(io.__file__).read_text()
    for word in ("import pickle", "joblib.load", "setattr(", "eval(", "exec(", "__import__", "import_module"):
        assert word not in source
    assert "getattr(value, key)" in source  # on our own records, by our own table


# ------------------------------------------------------------------------------ several outputs
def test_several_outputs_come_back_bit_for_bit(file):
    tree = tree_of(file, several())
    same(several(), load(file))
    assert tree["model"]["outputs"] == ["a", "b", "c"]
    assert tree["model"]["offset"] is True
    assert len(tree["intercepts"][0]) == len(tree["model"]["null_intercept"]) == 3


def test_a_file_from_before_there_were_outputs_is_read(file):
    tree = tree_of(file)
    assert {"outputs", "offset"}.isdisjoint(tree["model"])
    again = load(file)
    assert again.model.outputs == ()
    assert again.model.offset is False


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t["model"].update(outputs=["a", "b"]), "outputs: |entries where there are"),
        (lambda t: t["model"].update(outputs=["a", "b", "d"]), "outputs: "),
        (lambda t: t["model"].update(outputs=["a", "a", "a"]), "outputs: "),
        (lambda t: t["model"].update(outputs=[]), "outputs: "),
        (lambda t: t["model"].update(outputs="abc"), "model.outputs: expected a list"),
        (lambda t: t["model"].pop("outputs"), "outputs: "),
        (lambda t: t["model"].update(classes=[]), "classes: "),
        (lambda t: t["model"].update(classes=[["str", "b"], ["str", "a"], ["str", "c"]]), "classes: expected"),
        (lambda t: t["model"].update(classes=[["str", "a"], ["str", "b"], ["int", 1]]), "classes: expected"),
        (lambda t: t["model"].update(classes=[["str", "a"], ["str", "b"]]), "outputs: "),
        (lambda t: t["model"].update(loss="logistic", loss_parameters={}), "classes: .*two classes"),
        (lambda t: t["model"].update(loss="squared", loss_parameters={}), "classes: expected none"),
        (lambda t: t["model"].update(loss="ordinal"), "classes: .*the order of the classes"),
        (lambda t: t["model"].update(loss_parameters={}), "loss_parameters: "),
        (lambda t: t["model"].update(loss_parameters={"classes": 4}), "loss_parameters: "),
        (lambda t: t["model"].update(loss_parameters={"classes": 10**12}), "loss_parameters: "),
        (lambda t: t["model"].update(loss_parameters={"classes": 3.0}), "does not take the parameters"),
        (lambda t: t["model"].update(loss_parameters={"classes": True}), "does not take the parameters"),
        (lambda t: t["model"].update(loss_parameters={"classes": 3, "tau": 0.5}), "does not take the parameters"),
        (lambda t: t["model"].update(null_intercept=0.5), "null_intercept: expected 3, got 1"),
        (lambda t: t["model"].update(null_intercept=[0.5, 1.0]), "entries where there are"),
        (lambda t: t["model"].update(null_intercept=["a", "b", "c"]), r"null_intercept\[0\]"),
        (lambda t: t["model"].update(y_sd=[-1.0, 1.0, 1.0]), r"y_sd\[0\]"),
        (lambda t: t["model"].update(offset="yes"), "model.offset: expected true or false"),
        (lambda t: t.update(intercepts=[0.0, 0.0, 0.0]), "intercepts: expected 3 at each alpha, got 1"),
        (lambda t: t["intercepts"].__setitem__(1, [0.0, 0.0]), r"intercepts\[1\]: 2 entries where there are 3"),
        (lambda t: t["intercepts"].__setitem__(1, 0.0), r"intercepts\[1\]: expected a list"),
        (lambda t: t["intercepts"][1].__setitem__(1, None), r"intercepts\[1\]\[1\]: expected a finite number"),
        (lambda t: t["feature_names"].__setitem__(1, "y[a]"), "feature_names: expected those of the columns"),
        (lambda t: t["feature_names"].reverse(), "feature_names: expected those of the columns"),
    ],
)
def test_outputs_that_do_not_fit_together_are_refused(file, change, message):
    tree = tree_of(file, several())
    change(tree)
    put(tree, file)
    with pytest.raises(ModelFileError, match=message) as caught:
        load(file)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("loss", "parameters", "message"),
    [
        ("quantile", {"tau": 1.5}, "between 0 and 1"),
        ("quantile", {}, "do not go with"),
        ("quantile", {"tau": [0.5]}, "does not take"),
        ("tweedie", {"power": 3.0}, "between 1 and 2"),
        ("huber", {"delta": -1.0}, "positive"),
        ("negative_binomial", {"theta": 0.0}, "positive"),
        ("cox", {"ties": "random"}, "breslow"),
        ("cox", {"ties": 1.0}, "does not take"),
        ("cox", {"ties": "breslow", "_orders": []}, "does not take"),
        ("multitask", {"tasks": 2}, "loss_parameters"),
        ("multitask", {"tasks": -1}, "loss_parameters|outputs"),
        ("ordinal", {"classes": 3, "order": ["a", "b", "c"]}, "classes"),
        ("squared", {"classes": 3}, "does not take"),
    ],
)
def test_parameters_that_no_loss_writes_are_refused(file, loss, parameters, message):
    tree = tree_of(file)
    tree["model"].update(loss=loss, loss_parameters=parameters)
    put(tree, file)
    with pytest.raises(ModelFileError, match=message):
        load(file)


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (None, "is not known"),
        (["low", "mid"], "not in order"),
        (["top", "mid", "low"], "classes: expected"),
        ("low", "not in order|loss_parameters"),
        ({"low": 1, "mid": 2, "top": 3}, "finite number|loss_parameters"),
        (["low", "low", "mid", "top"], "classes"),
    ],
)
def test_an_order_that_is_none_is_refused(file, order, message):
    import lozenge as lz

    rng = np.random.default_rng(0)
    X, grade = rng.normal(size=(30, 2)), np.array(["low", "mid", "top"])[np.arange(30) % 3]
    path = lz.path(X, grade, loss=lz.losses.Ordinal(order=["low", "mid", "top"]), n_alphas=5)
    tree = tree_of(file, path)
    assert load(file).predict(X).tolist() == path.predict(X).tolist()
    tree["model"]["loss_parameters"]["order"] = order
    put(tree, file)
    with pytest.raises(ModelFileError, match=message):
        load(file)


# ------------------------------------------------------------------------------ with the engine
def responses():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    eta = X @ [1.0, -0.5, 0.0]
    grade = np.digitize(eta + rng.normal(size=40), [-0.5, 0.5])
    counts = rng.poisson(np.exp(eta)).astype(float)
    found = {
        "squared": eta,
        "logistic": grade > 0,
        "poisson": counts,
        "gamma": np.exp(eta),
        "tweedie": counts,
        "negative_binomial": counts,
        "multinomial": np.array(["a", "b", "c"])[grade],
        "ordinal": grade,
        "huber": eta + rng.normal(size=40),
        "squared_hinge": np.array(["no", "yes"])[(grade > 0) * 1],
        "cox": np.column_stack([np.exp(-eta), rng.integers(0, 2, 40)]),
        "multitask": np.column_stack([eta, counts]),
    }
    return X, found


@pytest.mark.parametrize("loss", responses()[1])
def test_a_fit_with_every_loss_comes_back_and_predicts_the_same(file, loss):
    import lozenge as lz

    X, found = responses()
    path = lz.path(X, found[loss], loss=loss, n_alphas=5, feature_names=["x", "y[0]", "z"])
    path.save(file)
    again = lz.load(file)
    same(path.model, again.model)
    np.testing.assert_array_equal(again.coefs.toarray(), path.coefs.toarray())
    np.testing.assert_array_equal(again.intercepts, path.intercepts)
    np.testing.assert_array_equal(again.predict(X), path.predict(X))
    solution = again.at(float(again.alphas[-1]))
    assert solution.score(X, found[loss]) == path.at(float(path.alphas[-1])).score(X, found[loss])
    first = file.read_bytes()
    save(again, file, force=True)
    assert file.read_bytes() == first


def test_a_loss_of_your_own_is_not_saved(file):
    import lozenge as lz

    class Halved:
        name = "halved"

        def value(self, y, eta):
            return 0.25 * (y - eta) ** 2

        def gradient(self, y, eta):
            return 0.5 * (eta - y)

        def curvature(self, y, eta):
            return np.full(np.broadcast_shapes(y.shape, eta.shape), 0.5)

        def check(self, y):
            return np.asarray(y, float)

    X, found = responses()
    with pytest.raises(ModelFileError, match=r"its loss 'halved' is an object of your own.*numpy\.savez"):
        lz.path(X, found["squared"], loss=Halved(), alphas=[0.1]).save(file)
    assert not file.exists()
    Halved.name = "huber"
    with pytest.raises(TypeError, match="'huber' is the name of a loss of lozenge's"):
        lz.path(X, found["squared"], loss=Halved(), alphas=[0.1])


def test_a_real_fit_comes_back_and_predicts_the_same(file):
    import lozenge as lz

    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 5))
    y = np.where(X[:, 0] + 0.5 * rng.normal(size=60) > 0, "yes", "no")
    path = lz.path(X, y, loss="logistic", penalty="elasticnet", cv=3, n_alphas=20, penalty_weights=[1, 0, 1, 1, np.inf])
    path.save(file)
    again = lz.load(file)
    assert (again.predict(X) == path.predict(X)).all()
    assert again.predict(X).dtype == path.predict(X).dtype
    assert (again.coefs.toarray() == path.coefs.toarray()).all()
    assert again.why(0) == replace(
        path.why(0), refit_weight=None, used_by=None, twins=None, rivals=None, ridge_weight=None
    )  # what needs the data is not there
