"""The report in a real browser, Debian's chromium (CHROMIUM names another one): no message on the console, no
request, every picture drawn, no text over another or outside of its picture, every number shown the one of its
file, hostile texts as texts, and the page of runs that stopped early."""
import csv
import json
import os
import pathlib
import random
import re
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from cli_support import SOURCE, run  # noqa: E402
from key_effects import shop_rows, write_csv  # noqa: E402

REQUIRED = os.environ.get("RCX_REQUIRE_DATA") == "1"
HOSTILE = '</script><script>window.hostile = 1</script><img src=x onerror="window.hostile = 2"> &amp; "q" \u202eleft \U0001f600'
WIDTHS = {"desk": (1280, 900), "phone": (390, 844)}


def module(name):
    return __import__(name, fromlist=["x"]) if REQUIRED else pytest.importorskip(name)


def find_browser():
    """CHROMIUM, or what is installed. Ubuntu's chromium is a snap, which a test cannot drive."""
    names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    found = [os.environ.get("CHROMIUM")] + [shutil.which(n) for n in names]
    return next((f for f in found if f and "/snap/" not in os.path.realpath(f)), None)


@pytest.fixture(scope="module")
def browser():
    program = find_browser()
    if not program:
        release = pathlib.Path("/etc/os-release")
        debian = release.exists() and re.search(r"^ID=debian$", release.read_text(), re.MULTILINE)
        assert not (debian and REQUIRED), "no browser: scripts/setup --tests installs chromium"
        pytest.skip("skipped: no browser (CHROMIUM)")
    with module("playwright.sync_api").sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


class Page:
    """A page and what it complained about."""

    def __init__(self, browser, html, width="desk", scheme="light"):
        size = WIDTHS[width]
        self.html, self.trouble = html, []
        self.page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
        self.page.set_default_timeout(120_000)  # ms; a test does not fail on a busy machine
        self.page.on("console", lambda m: self.trouble.append(m.text))
        self.page.on("pageerror", lambda e: self.trouble.append(str(e)))
        self.page.on("dialog", lambda d: (self.trouble.append(d.message), d.dismiss()))
        self.page.on("request", lambda r: None if r.url == html.as_uri() else self.trouble.append(r.url))
        self.page.goto(html.as_uri())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.page.close()

    def ask(self, script, argument=None):
        return self.page.evaluate(script, argument)


def predict_values(outputs):
    """Values for a campaign, made up, where the run has none."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    churn = pq.read_table(outputs / "churn_predictions.parquet", columns=["customer_id", "churn_probability"]).to_pydict()
    draw = random.Random(1)
    values = [draw.lognormvariate(5.5, 1.2) for _ in churn["customer_id"]]
    pq.write_table(pa.table({
        "customer_id": churn["customer_id"],
        "value": [v * (1 - (p or 0)) for v, p in zip(values, churn["churn_probability"])],
        "value_if_active": values, "value_if_lapsed": [v * draw.uniform(0, 0.5) for v in values],
        "expected_order_value": [v / draw.uniform(2, 8) for v in values]}), outputs / "clv_predictions.parquet")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A run with everything in it: UCI Online Retail, or a generated shop where the data are missing."""
    module("pyarrow")
    folder = tmp_path_factory.mktemp("report")
    source = pathlib.Path(os.environ.get("RCX_DATA_DIR", "/nowhere")) / "online_retail.mdy.csv.zst"
    if not source.exists():
        assert not REQUIRED, f"{source} is missing"
        source = folder / "shop.csv"
        assert run("generate", "--rows", "200000", "--customers", "2000", "--seed", "3", "-o", source).returncode == 0
    out = folder / "out"
    done = run("run", source, "-o", out)
    assert done.returncode == 0, done.stderr
    if not (out / "outputs/optimization_metrics.json").exists():
        predict_values(out / "outputs")
        assert run("campaign", "-o", out).returncode == 0
        assert run("report", "-o", out).returncode == 0
    return out


def report(out):
    return out / "outputs/report.html"


def source_of(out):
    return json.loads((out / "run.json").read_text())["inputs"]


def layout_of(out):
    text = report(out).read_text(encoding="utf-8")
    return json.loads(re.search(r'id="layout">\n(.*?)\n</script>', text, re.DOTALL)[1])


def cards_of(layout):
    return [c for s in layout["sections"] for c in s.get("cards", [])]


def there(out, card):
    """Whether the run has rows for the card."""
    return (out / sources()[card["rows"]["from"].split(".")[0]]).exists() and len(expected_rows(out, card["rows"])) > 0


def pictures(out):
    """The pictures of sections that have what they need: those that must be drawn, and those of which the page
    must say why not."""
    present = [s for s in layout_of(out)["sections"] if all((out / sources()[n.split(".")[0]]).exists() for n in s.get("needs", []))]
    declared = [c for c in cards_of({"sections": present}) if "option" in c or "radar" in c]
    drawn = {c["id"] for c in declared if there(out, c)}
    return drawn, {c["id"] for c in declared} - drawn


TEXTS = """() => [...document.querySelectorAll('.chart svg')].map(svg => {
    const box = svg.getBoundingClientRect();
    return { id: svg.closest('.chart').dataset.chart, width: box.width, height: box.height,
        texts: [...svg.querySelectorAll('text')].filter(t => t.textContent.trim()).map(t => {
            const b = t.getBoundingClientRect();
            return { text: t.textContent, turned: /matrix\\((?!1,0,0,1)|rotate/.test(t.getAttribute('transform') || ''), x0: b.left - box.left, x1: b.right - box.left, y0: b.top - box.top, y1: b.bottom - box.top };
        }) };
})"""


def overlaps(a, b):
    """Whether two level texts share more than the white around letters."""
    return min(a["x1"], b["x1"]) - max(a["x0"], b["x0"]) > 2 and min(a["y1"], b["y1"]) - max(a["y0"], b["y0"]) > 4


def check_texts(page):
    for chart in page.ask(TEXTS):
        texts = chart["texts"]
        assert len(texts) > 1, chart["id"]
        for i, t in enumerate(texts):
            inside = t["x0"] > -2 and t["y0"] > -3 and t["x1"] < chart["width"] + 2 and t["y1"] < chart["height"] + 3
            assert inside, (chart["id"], t, chart["width"], chart["height"])
            for other in texts[:i]:
                assert t["turned"] or other["turned"] or not overlaps(t, other), (chart["id"], t, other)


# Marks: shapes that are filled or stroked and have a size, in the colours of the series or of the scale.
DRAWN = """() => window.rcxReport.charts.map(c => ({ id: c.chart.id, points: c.rows.length,
    series: c.view.getModel().getSeries().map(s => { const d = s.getData(); return d ? d.count() : 0; }),
    marks: [...c.place.querySelectorAll('svg path, svg rect, svg circle')].filter(e => {
        const b = e.getBoundingClientRect(); return b.width + b.height > 2; }).length }))"""


ABSENT = """() => Object.fromEntries([...document.querySelectorAll('[data-absent]')].map(card =>
    [card.dataset.absent, [card.querySelector('h3').innerText, card.querySelector('.absent').innerText]]))"""


def check_pictures(page, out):
    """Every declared picture is drawn, or its place says why not; returns those that are not."""
    wanted, missing = pictures(out)
    drawn, absent = page.ask(DRAWN), page.ask(ABSENT)
    assert {d["id"] for d in drawn} == wanted
    for d in drawn:
        assert min(d["series"]) > 0 and d["marks"] > len(d["series"]) + 2, d
    assert set(absent) == missing
    for title, why in absent.values():
        assert title and why.endswith(".") and len(why.split()) > 4, (title, why)
    check_texts(page)
    return missing


@pytest.fixture(scope="module")
def quiet_shop(tmp_path_factory):
    """A generated shop of which the behaviour model alone is delivered, of churn and of value."""
    out = tmp_path_factory.mktemp("demo") / "out"
    assert run("demo", "-q", "-o", out, "--set", "churn.model=behaviour", "--set", "clv.model=behaviour").returncode == 0
    return out


@pytest.mark.parametrize("width", WIDTHS)
def test_a_shop_whose_trees_weigh_nothing(browser, quiet_shop, width):
    with Page(browser, report(quiet_shop), width) as page:
        assert check_pictures(page, quiet_shop) == {"churn-importance", "churn-shap", "value-importance"}
        absent = page.ask(ABSENT)
        assert all("behaviour model" in why for _, why in absent.values()), absent
        assert "behaviour model" in page.page.inner_text("[data-chart=churn-start]")
        assert page.trouble == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_picture_is_drawn_and_nothing_overlaps(browser, shop, width, scheme):
    with Page(browser, report(shop), width, scheme) as page:
        assert page.ask("document.documentElement.dataset.theme") == scheme
        missing = check_pictures(page, shop)
        assert missing == set() or "online_retail" not in str(source_of(shop)), missing
        over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.ask(over) == 0
        page.page.click("#theme")
        assert page.ask("document.documentElement.dataset.theme") != scheme
        page.page.emulate_media(media="print")
        assert page.ask(over) <= 0 or width == "phone"
        assert page.trouble == []


# --- the numbers -----------------------------------------------------------------------------------

def sources():
    text = pathlib.Path(SOURCE, "cli/report/report_inputs.def").read_text()
    return {m[1]: m[2] for m in re.finditer(r'^(?:TABLE|JSON)\((\w+), "([^"]+)"', text, re.MULTILINE)}


def plain(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def at(path, value):
    for key in path.split("."):
        value = value[int(key)] if isinstance(value, list) else value.get(key) if isinstance(value, dict) else None
    return value


COMPARE = {">": lambda a, b: a is not None and float(a) > b, "=": lambda a, b: a == b, "!=": lambda a, b: a != b}


def expected_rows(out, spec):
    """The rows of a card, from the file itself."""
    name, *path = spec["from"].split(".")
    file = out / sources()[name]
    if file.suffix == ".csv":
        with open(file, newline="", encoding="utf-8") as opened:
            rows = [{k: plain(v) for k, v in r.items()} for r in csv.DictReader(opened)]
    else:
        rows = json.loads(file.read_text(encoding="utf-8"))
        for key in path:
            rows = rows[key]
        if isinstance(rows, dict):
            rows = [{"key": k, **v} for k, v in rows.items()]
    for column, operator, value in spec.get("where", []):
        rows = [r for r in rows if COMPARE[operator](None if r[column] == "" else r[column], value)]
    if "some" in spec and not any(float(r[spec["some"]] or 0) for r in rows):
        rows = []
    if "latest" in spec:
        last = max((r[spec["latest"]] for r in rows), default=None)
        rows = [r for r in rows if r[spec["latest"]] == last]
    if "sort" in spec:
        key = spec["sort"].lstrip("-")
        rows = sorted(rows, key=lambda r: float(r[key]) if plain(r[key]) != "" else 0, reverse=spec["sort"][0] == "-")
    for column, value in spec.get("fill", {}).items():
        rows = [{**r, column: r[column] or value} for r in rows]
    for column, (a, operator, b) in spec.get("derive", {}).items():
        calculate = {"-": lambda x, y: x - y, "/": lambda x, y: x / y, "of": lambda x, y: x / (x + y)}[operator]
        rows = [{**r, column: calculate(float(r[a]), float(r[b]))} for r in rows]
    return rows[:spec.get("limit", len(rows))]


FACTOR = {"percent": 100, "percent0": 100, "gap": 100}
NUMERIC = {"count", "money", "cents", "percent", "percent0", "points", "ratio", "number", "times"}


def shown_equals(text, value, form):
    """Whether a cell shows the value, to the last of its digits."""
    if value is None or value == "":
        return text == "–"
    if form not in NUMERIC:
        return True if form else text == (f"{value:.0f}" if isinstance(value, float) else str(value))
    digits = re.sub(r"[^0-9.-]", "", text)
    places = len(digits.split(".")[1]) if "." in digits else 0
    return abs(float(digits) - float(value) * FACTOR.get(form, 1)) <= 0.5000001 * 10 ** -places + 1e-9 * abs(float(value))


TABLES = """() => { document.querySelectorAll('details').forEach(d => { d.open = true; d.dispatchEvent(new Event('toggle')); });
    return [...document.querySelectorAll('.card')].map(card => { const table = card.querySelector('table');
        return table && { title: card.closest('section').id + ': ' + card.querySelector('h3').textContent,
            rows: [...table.querySelectorAll('tbody tr')].map(r => [...r.cells].map(c => c.textContent)) }; }).filter(t => t); }"""


def test_every_table_shows_the_numbers_of_its_file(browser, shop):
    cards = {f"{s['id']}: {c['title']}": c for s in layout_of(shop)["sections"] for c in s.get("cards", [])
             if "columns" in c and there(shop, c)}
    with Page(browser, report(shop)) as page:
        tables = page.ask(TABLES)
        assert page.trouble == []
    assert {t["title"] for t in tables} == set(cards)
    for table in tables:
        card = cards[table["title"]]
        expected = expected_rows(shop, card["rows"])
        assert len(table["rows"]) == len(expected) > 0, table["title"]
        for shown, row in zip(table["rows"], expected):
            for text, column in zip(shown, card["columns"], strict=True):
                assert shown_equals(text, at(column["key"], row), column.get("format")), (table["title"], column, text, row)


def test_the_first_screen_tells_the_run(browser, shop):
    cleaning = json.loads((shop / "outputs/cleaning_stats.json").read_text())
    plan = json.loads((shop / "outputs/optimization_metrics.json").read_text())
    business = json.loads((shop / "outputs/business_reports/business_summary.json").read_text())
    with Page(browser, report(shop)) as page:
        words = page.page.inner_text("#overview")
    for number in (cleaning["final_customers"], float(cleaning["final_net_revenue"]), business["value_at_risk"],
                   business["expected_churners"], plan["total_customers_targeted"], plan["total_expected_net_value"]):
        assert f"{number:,.0f}" in words, (number, words)
    assert report(shop).stat().st_size < 3_000_000


# --- awkward runs ----------------------------------------------------------------------------------

def poisoned(node):
    """A document in which every text is hostile."""
    if isinstance(node, dict):
        return {k: poisoned(v) for k, v in node.items()}
    if isinstance(node, list):
        return [poisoned(v) for v in node]
    return HOSTILE if isinstance(node, str) and not re.fullmatch(r"-?[0-9.]+|\d{4}-\d\d-\d\d.*", node) else node


def poison(out, name):
    file = out / name
    if file.suffix == ".json":
        file.write_text(json.dumps(poisoned(json.loads(file.read_text()))), encoding="utf-8")
        return
    with open(file, newline="", encoding="utf-8") as opened:
        head, *rows = csv.reader(opened)
    with open(file, "w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows([head] + [[poisoned(v) if v else v for v in r] for r in rows])


def test_texts_of_the_data_stay_texts(browser, shop, tmp_path):
    """Hostile texts wherever a file of the run holds a text, then from a source with them in every column."""
    out = tmp_path / "out"
    for name in filter(lambda n: (shop / n).exists(), sources().values()):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(shop / name, out / name)
        poison(out, name)
    assert run("report", "-o", out).returncode == 0
    for width in WIDTHS:
        with Page(browser, report(out), width) as page:
            page.ask(TABLES)
            assert HOSTILE in page.ask("document.body.textContent")
            assert page.ask("[document.images.length, document.querySelectorAll('script').length, window.hostile === undefined]") == [0, 4, True]
            assert page.ask("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
            assert page.trouble == []


def test_a_source_with_hostile_columns(browser, tmp_path):
    rows = [[HOSTILE + r[0], HOSTILE + r[1], HOSTILE, *r[3:6], r[6] and HOSTILE + r[6], HOSTILE] for r in shop_rows()]
    write_csv(tmp_path / "shop.csv", rows)
    done = run("run", tmp_path / "shop.csv", "-o", tmp_path / "out")
    assert done.returncode in (0, 5), done.stderr
    with Page(browser, report(tmp_path / "out")) as page:
        assert page.ask("window.hostile") is None
        assert page.trouble == []


# Of every row of an ordinary shop: customer and quantity.
ODD_SHOPS = {"one customer": lambda i, q: (17850, q), "returns only": lambda i, q: (17850 + i % 90, -q),
             "guests only": lambda i, q: ("", q), "nobody twice": lambda i, q: (10000 + i, q)}


@pytest.mark.parametrize("name", ODD_SHOPS)
def test_odd_shops_have_a_report(browser, tmp_path, name):
    """What cannot be learned of them is said; no stage fails for it."""
    rows = [[*row[:3], ODD_SHOPS[name](i, i % 7 + 1)[1], *row[4:6], ODD_SHOPS[name](i, 1)[0], row[7]] for i, row in enumerate(shop_rows())]
    write_csv(tmp_path / "shop.csv", rows)
    done = run("run", tmp_path / "shop.csv", "-o", tmp_path / "out")
    assert done.returncode == 0 and "nan" not in done.stdout, done.stderr
    with Page(browser, report(tmp_path / "out")) as page:
        assert name == "nobody twice" or "could not be learned" in page.page.inner_text("#overview")
        assert not re.search(r"\b1 (customers|rows|checks|dates|groups)\b", page.ask("[...document.querySelectorAll('.words li, .tile')].map(e => e.innerText).join()"))
    if name in ("returns only", "guests only"):
        assert "no groups: segments: nobody to group: no customer bought in the" in done.stdout
        assert not (tmp_path / "out/models/segments.json").exists()
    with Page(browser, report(tmp_path / "out"), "phone") as page:
        check_pictures(page, tmp_path / "out")
        assert not re.search(r"undefined|NaN|\[object|\{\w+\.", page.page.inner_text("body"))
        assert page.trouble == []


PARTS = {"validation": ["validation_report"], "cleaning": ["cleaning_stats"], "cohorts": ["cohorts"], "segments": ["segment_"],
         "churn": ["churn_"], "value": ["clv_"], "plan": ["optimization_", "budget_", "assumption_", "campaign_", "business_"], "proof": ["leakage_"]}


@pytest.mark.parametrize("missing", [[p] for p in PARTS] + [[p for p in PARTS if p != "cleaning"]], ids="-".join)
def test_runs_that_lack_a_part(browser, shop, tmp_path, missing):
    gone = [prefix for part in missing for prefix in PARTS[part]]
    for name in sources().values():
        if any(prefix in name for prefix in gone) or not (shop / name).exists():
            continue
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(shop / name, tmp_path / name)
    assert run("report", "-o", tmp_path).returncode == 0
    with Page(browser, report(tmp_path)) as page:
        words = page.page.inner_text("body")
        assert not re.search(r"undefined|NaN|\[object|\{\w+\.", words)
        assert page.trouble == []
        if missing == ["segments"]:
            assert "Not grouped in this run" in words


def test_one_group_only(browser, shop, tmp_path):
    for name in filter(lambda n: (shop / n).exists(), sources().values()):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(shop / name, tmp_path / name)
    strategies = tmp_path / "outputs/segment_strategies.json"
    document = json.loads(strategies.read_text())
    document.update(k=1, segments=document["segments"][:1])
    strategies.write_text(json.dumps(document))
    for name, rows in (("summary", 1), ("quality", 0), ("migration", 1)):
        file = tmp_path / f"outputs/segment_{name}.csv"
        file.write_text("".join(file.read_text().splitlines(keepends=True)[:rows + 1]))
    assert run("report", "-o", tmp_path).returncode == 0
    with Page(browser, report(tmp_path), "phone") as page:
        assert "in one group" in page.page.inner_text("#segments")
        check_texts(page)
        assert page.trouble == []
