"""rcx validate: its counts against a plain recount, the figures of UCI Online Retail, --strict."""
import collections
import csv
import datetime
import json
import os
import pathlib
import re

import pytest

from cli_support import expect, run
from key_effects import HEADER, plain_rows, shop_rows, write_csv

CHECKS = ["Schema Validation", "Overall Completeness", "Data Type - Quantity", "Data Type - UnitPrice",
          "Data Type - InvoiceDate", "Value Range - UnitPrice", "Value Range - Quantity",
          "Business Rule - Cancellations", "Business Rule - Returns", "Business Rule - Revenue Distribution",
          "Business Rule - Cancellation Sign", "Duplicate Records", "Date Range Validation", "Date Completeness",
          "Date Gaps", "Customer Data", "Customer Transaction Count"]


def load(path, folder, *options):
    result = run("ingest", path, "--store", folder / "store", *options)
    assert result.returncode == 0, result.stderr
    return folder / "store"


def validate(store, *options):
    result = run("validate", "--store", store, "--json", *options)
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    return report, {c["check"]: c for c in report["checks"]}


def numbers(check):
    return [int(n.replace(",", "")) for n in re.findall(r"(?<![\d.])\d[\d,]*(?![\d.%])", check["message"])]


def recount(rows):
    """The facts, straight from the rows."""
    keys = collections.Counter((r[0], r[1], r[6]) for r in rows)
    exact = collections.Counter(tuple(r) for r in rows)
    cancelled = [r for r in rows if re.fullmatch("[Cc][0-9]+", r[0])]
    days = {r[4].date() for r in rows}
    gap, longest = 0, 0
    for i in range((max(days) - min(days)).days + 1):
        gap = 0 if min(days) + datetime.timedelta(days=i) in days else gap + 1
        longest = max(longest, gap)
    sign = [(r[3] > 0) * (r[5] > 0) + (r[3] < 0) * (r[5] < 0) - (r[3] > 0) * (r[5] < 0) - (r[3] < 0) * (r[5] > 0)
            for r in rows]
    customers = collections.Counter(r[6] for r in rows if r[6])
    return {
        "Business Rule - Cancellations": [len(cancelled)],
        "Business Rule - Returns": [sum(r[3] < 0 for r in rows)],
        "Business Rule - Revenue Distribution": [sign.count(1), sign.count(-1), sign.count(0)],
        "Business Rule - Cancellation Sign": [sum(r[3] > 0 for r in cancelled),
                                              sum(r[3] < 0 for r in rows) - sum(r[3] < 0 for r in cancelled)],
        "Duplicate Records": [sum(n - 1 for n in exact.values()), sum(n for n in keys.values() if n > 1)],
        "Value Range - UnitPrice": [sum(r[5] < 0 for r in rows), sum(r[5] == 0 for r in rows),
                                    sum(r[5] >= 0.01 for r in rows)],
        "Customer Data": [len(customers), sum(not r[6] for r in rows)],
        "Customer Transaction Count": [sum(n < 2 for n in customers.values()), 2, len(customers)],
        "Date Gaps": [longest] if longest else [],
    }


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("threads", [1, 3])
def test_counts_are_those_of_a_plain_recount(tmp_path, parts, threads):
    rows = shop_rows()
    rows += [[*r[:4], r[4] + datetime.timedelta(minutes=3), *r[5:]] for r in rows[::17]]  # invoices over two times
    store = tmp_path / "store"
    for part in range(parts):
        path = write_csv(tmp_path / f"{part}.csv", rows[part::parts])
        load(path, tmp_path)
    report, checks = validate(store, "--threads", threads)
    assert report["rows"] == len(rows)
    for name, expected in recount(rows).items():
        assert numbers(checks[name])[:len(expected)] == expected, (name, checks[name])


def test_the_order_of_checks_and_the_table(tmp_path):
    store = load(write_csv(tmp_path / "a.csv", shop_rows()), tmp_path)
    expect("validate", "--store", store, "-o", tmp_path / "report.csv", "-q")
    table = list(csv.reader((tmp_path / "report.csv").open()))
    assert table[0] == ["Check", "Status", "Severity", "Message"]
    assert [row[0] for row in table[1:] if not row[0].startswith("Completeness")] == CHECKS
    assert {row[1] for row in table[1:]} <= {"PASS", "FAIL"}
    assert {row[2] for row in table[1:]} <= {"INFO", "WARNING", "ERROR"}


def test_rejected_values_are_errors(tmp_path):
    path = write_csv(tmp_path / "a.csv", 10 * plain_rows(20) + plain_rows(1, Quantity=lambda i: "many"))
    store = load(path, tmp_path)
    report, checks = validate(store)
    assert report["has_errors"]
    assert checks["Data Type - Quantity"]["severity"] == "ERROR" and numbers(checks["Data Type - Quantity"]) == [1]
    assert checks["Data Type - UnitPrice"]["status"] == "PASS"
    result = run("validate", "--store", store, "--strict", "-o", tmp_path / "report.csv")
    assert result.returncode == 5 and "validation found errors" in result.stderr
    assert (tmp_path / "report.csv").exists()  # the report is written anyway


def test_too_many_cancellations(tmp_path):
    path = write_csv(tmp_path / "a.csv", plain_rows(60, InvoiceNo=lambda i: f"{'c' if i % 3 == 0 else ''}{i}",
                                                    Quantity=lambda i: -1 if i % 3 == 0 else 2))
    checks = validate(load(path, tmp_path))[1]
    cancellations = checks["Business Rule - Cancellations"]
    assert cancellations["status"] == "FAIL" and cancellations["severity"] == "ERROR"
    assert "cancellation_prefix" in cancellations["message"]


def test_missing_columns(tmp_path):
    keep = [0, 3, 4, 5, 6]
    path = tmp_path / "a.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([[HEADER[i] for i in keep]] + [[str(r[i]) for i in keep] for r in plain_rows()])
    schema = validate(load(path, tmp_path))[1]["Schema Validation"]
    assert schema["status"] == "FAIL" and "StockCode, Description, Country" in schema["message"]


UCI = {  # pipeline, section 2
    "Completeness - CustomerID": [135080], "Value Range - UnitPrice": [2, 2515],
    "Business Rule - Cancellations": [9288], "Business Rule - Returns": [10624],
    "Business Rule - Revenue Distribution": [530104, 9290, 2515], "Duplicate Records": [5268, 20378],
    "Customer Data": [4372, 135080], "Customer Transaction Count": [79],
}


def test_figures_of_uci(tmp_path):
    folder = os.environ.get("RCX_DATA_DIR")
    if not folder and os.environ.get("RCX_REQUIRE_DATA") != "1":
        pytest.skip("no data")
    store = load(pathlib.Path(folder) / "online_retail.mdy.csv.zst", tmp_path)
    report, checks = validate(store)
    assert report["rows"] == 541909
    for name, expected in UCI.items():
        assert numbers(checks[name])[:len(expected)] == expected, checks[name]
    assert checks["Date Range Validation"]["message"].startswith("2010-12-01 to 2011-12-09")
