"""The page of a fit: whole, self-contained, safe, small; and in a real browser where there is one."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

import lozenge as lz
from lozenge.explain.halves import promise
from lozenge.report import Setting, page

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "\u202eright to left",
    "</script>",
    "x" * 10_000,
]


@pytest.fixture(scope="module")
def path():
    data = load_diabetes(scaled=False)
    return lz.path(data.data, data.target, feature_names=list(data.feature_names), cv=5)


@pytest.fixture(scope="module")
def hostile():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((80, 8))
    names = [*HOSTILE, "a", "b", "c"]
    y = X[:, 0] + 0.5 * X[:, 1] + rng.standard_normal(80)
    return lz.path(X, y, feature_names=names, n_alphas=20)


@pytest.fixture(scope="module")
def wide():
    rng = np.random.default_rng(4)
    X = rng.standard_normal((100, 10_000))
    y = X[:, :5].sum(axis=1) + rng.standard_normal(100)
    return lz.path(X, y, n_alphas=30)


class Elements(HTMLParser):
    """Tags with their attributes, and the text outside of scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.text.append(data)


def test_the_page_tells_what_the_fit_says(path):
    text = page(path, Setting(file="diabetes.csv", command="lozenge fit diabetes.csv --target y", fingerprint="ab12"))
    shown = " ".join("".join(Elements(text).text).split())
    kept = int(path.df[path.chosen])
    assert f"Of 10 features {kept} are kept and {10 - kept} are exactly zero" in shown
    for name, state in path.reasons()["feature", "state"].rows():
        assert name in shown
        assert str(path.why(name)) in shown
        assert f"{path.why(name).enters_at:.3g}" in shown
        assert state in {"kept", "zero"}
    assert "Every fit on the path is certified." in shown
    assert "lozenge fit diabetes.csv --target y" in shown
    assert f"lozenge {lz.__version__}" in shown
    assert len(text) < 300_000


def test_what_halves_keep_has_a_table(path):
    found = path.stability(20)
    text = page(replace(path, halves=found), Setting())
    shown = " ".join("".join(Elements(text).text).split())
    assert "What halves of the rows keep" in shown
    assert f"{len(found.stable)} of 10 features stable" in shown
    for name, kept in found.to_frame()["feature", "halves"].rows():
        assert f"{name} {5 * kept} %{kept}" in shown
    for cluster in found.clusters:
        assert f"{', '.join(cluster.features)} {5 * cluster.kept} %{cluster.kept}" in shown
    assert " ".join(promise(found).split()) in shown
    ids = {attributes["id"] for _, attributes in Elements(text).tags if "id" in attributes}
    leads = {attributes["href"] for tag, attributes in Elements(text).tags if tag == "a"}
    assert {lead[1:] for lead in leads} <= ids
    assert "What halves of the rows keep" not in page(lz.path(*load_diabetes(return_X_y=True), n_alphas=5), Setting())


def test_nothing_is_loaded_and_only_our_script_may_run(path):
    text = page(path, Setting())
    found = Elements(text)
    policy = next(a["content"] for tag, a in found.tags if a.get("http-equiv") == "Content-Security-Policy")
    script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'")
    assert f"script-src 'sha256-{digest}'" in policy
    assert len(script) < 15_000
    for tag, attributes in found.tags:
        assert tag not in {"link", "iframe", "img", "object", "embed", "base"}
        for key, value in attributes.items():
            assert not key.startswith("on")
            if key in {"href", "src"}:
                assert value.startswith("#")
    assert "http" not in re.sub(r"http-equiv", "", text.lower())


def test_hostile_names_are_text(hostile):
    text = page(hostile, Setting(file=HOSTILE[0], notes=(HOSTILE[1],), command=HOSTILE[0]))
    found = Elements(text)
    assert sum(tag == "script" for tag, _ in found.tags) == 2
    assert not any(tag == "img" for tag, _ in found.tags)
    assert HOSTILE[0] in "".join(found.text)
    assert "\\u003c" in text  # the names within the data of the search


def test_ten_thousand_features_stay_small(wide):
    text = page(wide, Setting())
    assert len(text.encode()) < 1_500_000
    assert len(Elements(text).tags) < 5_000
    assert "and 9," in text.replace("\n", " ")


def test_a_loaded_path_has_its_page(path, tmp_path):
    path.save(tmp_path / "model.json")
    loaded = lz.load(tmp_path / "model.json")
    loaded.report(tmp_path / "page.html")
    assert "Why zero" in (tmp_path / "page.html").read_text(encoding="utf-8")
    with pytest.raises(FileExistsError, match="exists"):
        loaded.report(tmp_path / "page.html")


def test_a_classification_and_an_uncertified_fit():
    data = load_breast_cancer()
    names = [name.replace(" ", "_") for name in data.feature_names]
    found = lz.path(data.data, data.target, loss="logistic", feature_names=names, alphas=[0.1, 0.05])
    assert "odds per SD" in page(found, Setting())
    ridge = lz.path(data.data, data.target, penalty="l2", alphas=[1.0])
    assert "None: every pull exceeds its price." in page(ridge, Setting())


@pytest.fixture(scope="module")
def grades():
    rng = np.random.default_rng(5)
    X = rng.standard_normal((120, 6))
    y = np.digitize(X[:, 0] - 0.6 * X[:, 1] + 0.7 * rng.standard_normal(120), np.linspace(-1.5, 1.5, 6))
    names = [f"<b>{j}</b>" for j in range(6)]
    labels = np.array([f"<i>grade {k}</i>" for k in range(7)])
    return lz.path(X, labels[y], loss="multinomial", feature_names=names, alphas=np.geomspace(0.2, 0.02, 8))


class Cells(HTMLParser):
    """The tables of a page, as rows of texts, and the ids in it."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.ids, self.cell, self.skip = [], [], False, False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
            self.skip = "paper" in (found.get("class") or "")
        elif tag in {"td", "th"}:
            self.cell = True
            self.tables[-1][-1].append("")
        elif tag == "p":
            self.cell = False

    def handle_endtag(self, tag):
        if tag in {"td", "th"}:
            self.cell = False

    def handle_data(self, data):
        if self.cell and not self.skip:
            self.tables[-1][-1][-1] += data.strip()


def test_several_classes_have_a_column_each(grades):
    text = page(grades, Setting())
    found = Cells(text)
    kept = [row for row in found.tables[0] if len(row) > 1]
    assert kept[0] == ["feature", *grades.model.classes, "enters at"]
    weights = grades.coefs[:, [grades.chosen]].toarray().reshape(7, 6).T
    rows = {row[0]: row[1:-1] for row in kept[1:-1]}
    assert len(rows) == (weights != 0).any(axis=1).sum()
    for name, cells in rows.items():
        at = weights[int(name[3])] * grades.model.scale[int(name[3])]
        assert [cell == "0" for cell in cells] == (at == 0).tolist()
        np.testing.assert_allclose([float(cell) for cell in cells], at, atol=0.006)
    assert kept[-1][0] == "(intercept)"
    assert [float(cell) for cell in kept[-1][1:-1]] == pytest.approx(grades.intercepts[grades.chosen], rel=0.01)
    assert len(found.ids) == len(set(found.ids))
    assert {f"f{j}" for j in range(42)} <= set(found.ids)  # every weight has a place that its line leads to
    shown = " ".join("".join(Elements(text).text).split())
    assert "Of 42 weights, 6 features for each class," in shown
    assert "multinomial regression of 7 classes" in shown
    assert "weights kept" in shown
    assert not {"b", "i"} & {tag for tag, _ in Elements(text).tags}


@pytest.mark.parametrize(
    ("loss", "y", "said", "unsaid"),
    [
        ("poisson", lambda t: np.floor(np.exp(t)), ["Poisson regression", "mean per SD", "D squared"], ["R squared"]),
        ("huber:0.5", lambda t: t, ["robust regression (Huber) with delta 0.5", "per SDenters at"], ["R squared"]),
        ("ordinal", lambda t: np.digitize(t, [-0.5, 0.5]), ["(more than 0)", "(more than 1)", "odds per SD"], []),
        ("squared_hinge", lambda t: t > 0, ["support vector classification for the score of 'True'"], ["odds"]),
        ("cox", lambda t: np.column_stack([np.exp(t), t < 1]), ["hazard per SD", "interceptnone"], ["(intercept)"]),
        ("multitask", lambda t: np.column_stack([t, -t]), ["R squared", "12 weights, 6 features for each resp"], []),
    ],
)
def test_every_kind_of_response_has_its_words(loss, y, said, unsaid):
    rng = np.random.default_rng(6)
    X = rng.standard_normal((80, 6))
    found = lz.path(X, y(X[:, 0] + rng.standard_normal(80)), loss=loss, n_alphas=8, alpha_min_ratio=0.05)
    shown = " ".join("".join(Elements(page(found, Setting())).text).split())
    for text in said:
        assert text in shown
    for text in unsaid:
        assert text not in shown


@pytest.mark.parametrize("penalty", ["l1", "mcp"])
def test_how_sure_it_is_is_a_figure(penalty):
    X, y = load_diabetes(return_X_y=True)
    found = lz.path(X, y, penalty=penalty, n_alphas=20, alpha_min_ratio=0.1)
    shown = " ".join("".join(Elements(page(found, Setting())).text).split())
    worst = f"{max(certificate.value for certificate in found.certificates):.1e}"
    said = {
        "l1": f"the relative duality gap, at most {worst} on this path.",
        "mcp": f"the conditions of a stationary point to within {worst} of alpha. The penalty is not convex",
    }
    assert said[penalty] in shown


# ---------------------------------------------------------------------------------------------- in a browser
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Open a page from a file in an empty folder; complaints and requests are kept."""

    def visit(text, **options):
        file = tmp_path / "page.html"
        file.write_text(text, encoding="utf-8")
        tab = browser.new_page(**options)
        tab.complaints, tab.requests = [], []
        tab.on("console", lambda message: tab.complaints.append(message.text))
        tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.on("dialog", lambda dialog: (tab.complaints.append(dialog.message), dialog.dismiss()))
        tab.on("request", lambda request: tab.requests.append(request.url))
        tab.goto(file.as_uri())
        return tab

    return visit


def test_it_opens_and_answers(opened, path):
    tab = opened(page(path, Setting()))
    line = tab.locator("#lines .line").first
    name = line.locator("title").text_content().split(":")[0]
    line.locator("text").hover()
    line.locator("text").click()
    row = tab.locator("tr.picked")
    assert row.locator("summary").inner_text() == name
    assert row.locator("details p").is_visible()
    assert str(path.why(name)) == row.locator("details p").inner_text()
    assert tab.complaints == []
    assert len(tab.requests) == 1


def test_hostile_names_do_nothing(opened, hostile):
    tab = opened(page(hostile, Setting()))
    assert HOSTILE[0] in tab.locator("body").inner_text()
    assert tab.complaints == []
    assert len(tab.requests) == 1
    assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_search_finds_every_feature(opened, wide):
    tab = opened(page(wide, Setting()))
    name = wide.feature_names[int(wide.reasons(None).height) - 1]
    tab.fill("#find", name)
    assert tab.locator("#hits tbody tr").first.locator("td").first.inner_text().startswith(name)
    tab.fill("#find", "")
    assert not tab.locator("#hits").is_visible()
    assert tab.complaints == []


@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_the_window_and_needs_no_script(opened, path, width):
    tab = opened(page(path, Setting()), viewport={"width": width, "height": 800}, java_script_enabled=False)
    assert "Why zero" in tab.locator("body").inner_text()
    tab = opened(page(path, Setting()), viewport={"width": width, "height": 800})
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
