"""rcx report: what is in the file, and that nothing of the data can become markup. What a browser
makes of it: tests/interop/test_report_browser.py."""
import csv
import json
import re

import pytest

from cli_support import SOURCE, expect, run
from key_effects import shop_rows, write_csv

HOSTILE = '</script><script>alert("x")</script><!-- & \u202eright to left \U0001f600 "quoted", \'single\''


def parts(html):
    layout, inputs = re.findall(r'<script type="application/json" id="(?:layout|inputs)">\n(.*?)\n</script>', html, re.DOTALL)
    return json.loads(layout), json.loads(inputs)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    write_csv(folder / "shop.csv", shop_rows())
    expect("run", folder / "shop.csv", "-o", folder / "out", stdout=None, stderr=r".*",
           code=run("run", folder / "shop.csv", "-o", folder / "first").returncode)
    return folder


def test_the_page_holds_the_tables_of_the_run(shop):
    html = (shop / "out/outputs/report.html").read_text(encoding="utf-8")
    _, inputs = parts(html)
    with open(shop / "out/outputs/validation_report.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = inputs["validation"]
    assert table["rows"] == len(rows)
    for name, values in table["columns"].items():
        assert [str(v) for v in values] == [r[name] for r in rows]
    assert inputs["cleaning"] == json.loads((shop / "out/outputs/cleaning_stats.json").read_text())


def test_nothing_asks_for_the_network(shop):
    html = (shop / "out/outputs/report.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in html
    assert not re.search(r'<(?:link|img|iframe|object|embed)\b|<script[^>]+src=|@import|url\(', html.split('id="layout"')[0])
    assert len(html) < 3_000_000


def test_markup_in_the_data_stays_text(tmp_path):
    rows = [[*row[:2], HOSTILE, *row[3:7], HOSTILE] for row in shop_rows()]
    write_csv(tmp_path / "shop.csv", rows)
    run("run", tmp_path / "shop.csv", "-o", tmp_path / "out")
    table = tmp_path / "out/outputs/validation_report.csv"
    table.write_text("Check,Status,Severity,Message\n" + ",".join('"' + HOSTILE.replace('"', '""') + '"' for _ in range(4)) + "\n", encoding="utf-8")
    expect("report", "-o", tmp_path / "out", stdout=None)
    html = (tmp_path / "out/outputs/report.html").read_text(encoding="utf-8")
    _, inputs = parts(html)
    assert inputs["validation"]["columns"]["Message"] == [HOSTILE]
    assert '<script>alert' not in html


def test_every_input_is_shown_and_every_name_is_an_input():
    with open(f"{SOURCE}/cli/report/report_inputs.def", encoding="utf-8") as file:
        ids = set(re.findall(r"^(?:TABLE|JSON)\((\w+),", file.read(), re.MULTILINE))
    with open(f"{SOURCE}/cli/report/web/layout.json", encoding="utf-8") as file:
        text = file.read()
    layout = json.loads(text)
    used = set(re.findall(r"\{(\w+)[.|]", text))
    for section in layout["sections"]:
        used.update(path.split(".")[0] for path in section.get("needs", []))
        for card in section.get("cards", []):
            used.add(card["rows"]["from"].split(".")[0])
    assert used == ids
    charts = [c["id"] for s in layout["sections"] for c in s.get("cards", []) if "option" in c or "radar" in c]
    assert len(charts) == len(set(charts))


def test_same_bytes_twice(shop):
    before = (shop / "out/outputs/report.html").read_bytes()
    expect("report", "-o", shop / "out", "--html", shop / "again.html", "--threads", "1", stdout=None)
    assert (shop / "again.html").read_bytes() == before


def test_two_runs_give_the_same_page(shop):
    pages = [(shop / name / "outputs/report.html").read_bytes() for name in ("first", "out")]
    times = [json.loads((shop / name / "data/features/feature_metadata.json").read_text())["created"] for name in ("first", "out")]
    assert pages[0] == pages[1] and all(time.encode() not in pages[0] for time in times)


def test_bad_input(tmp_path):
    expect("report", "-o", tmp_path, code=3, stderr=r".*nothing to report: no file of a run is there.*rcx run DATA.*\n")
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs/cleaning_stats.json").write_text("{,")
    expect("report", "-o", tmp_path, code=4, stderr=r".*cleaning_stats\.json:1:2: not JSON.*\n")
    assert not (tmp_path / "outputs/report.html").exists()
