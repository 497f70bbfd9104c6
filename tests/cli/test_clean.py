"""rcx clean: cleaned rows, statistics, the summary, every refusal."""
import csv
import datetime
import json

import pytest

from cli_support import expect, run
from key_effects import shop_rows, write_csv

LEARN = ("--set", "cleaning.outliers.min_fit_rows=20")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    write_csv(folder / "shop.csv", shop_rows())
    expect("ingest", folder / "shop.csv", "--store", folder / "store", stderr=r".*")
    return folder / "store"


def stats_of(store, folder, *options):
    expect("clean", "--store", store, "-o", folder / "rows.csv", *LEARN, *options)
    return json.loads((folder / "cleaning_stats.json").read_text())


def test_accounts_close(store, tmp_path):
    stats = stats_of(store, tmp_path)
    left = stats["initial_rows"]
    for rule in stats["rules"]:
        left -= rule["rows"]
        assert rule["rows_left"] == left
    assert stats["final_rows"] == left
    assert stats["rows_removed"] == stats["initial_rows"] - left
    assert stats["initial_rows"] == len(shop_rows())
    assert sum(rule["rows"] > 0 for rule in stats["rules"]) >= 6
    months = stats["stage_3_removed_per_month"]
    assert sum(m["rows"] for m in months.values()) == stats["stage_2"]["rows"]
    stage_3 = sum(rule["rows"] for rule in stats["rules"] if rule["stage"] == 3)
    assert sum(m["removed"] for m in months.values()) == stage_3


def test_rows_are_those_that_are_counted(store, tmp_path):
    stats = stats_of(store, tmp_path)
    with open(tmp_path / "rows.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == stats["final_rows"]
    assert len({r["CustomerID"] for r in rows}) == stats["final_customers"]
    assert sum(r["is_return"] == "1" for r in rows) == stats["flags"]["return_rows_final"]
    assert sum(r["is_service"] == "1" for r in rows) == stats["flags"]["service_rows_final"]
    assert sum(r["matched_return"] == "1" for r in rows) == 2 * stats["flags"]["matched_pairs_final"]
    for r in rows:
        date, time = r["InvoiceDate"].split(" ")
        assert date.split("-") == [r["Year"], r["Month"].zfill(2), r["Day"].zfill(2)]
        assert int(time[:2]) == int(r["Hour"])
        assert int(r["Quarter"]) == (int(r["Month"]) + 2) // 3
        assert round(float(r["Revenue"]), 4) == round(int(r["Quantity"]) * float(r["UnitPrice"]), 4)
        kind = "cancellation" if r["is_cancellation"] == "1" else "return" if r["is_return"] == "1" else "purchase"
        assert r["transaction_type"] == kind
        assert r["is_outlier"] == "0"
    order = [(int(r["CustomerID"]), r["InvoiceDate"], r["InvoiceNo"], r["StockCode"]) for r in rows]
    assert order == sorted(order)


def test_outliers_can_be_flagged(store, tmp_path):
    removed = stats_of(store, tmp_path)
    flagged = stats_of(store, tmp_path, "--set", "cleaning.outliers.action=flag")
    outliers = {r["rule"]: r["rows"] for r in removed["rules"] if r["stage"] == 3}
    assert not any(r["stage"] == 3 for r in flagged["rules"])
    assert flagged["flags"]["outlier_rows_final"] >= outliers["price_outlier"] + outliers["quantity_outlier"] - 2
    with open(tmp_path / "rows.csv", newline="", encoding="utf-8") as file:
        assert sum(r["is_outlier"] == "1" for r in csv.DictReader(file)) == flagged["flags"]["outlier_rows_final"]


def test_summary_tells_rows_and_money(store):
    out = expect("clean", "--store", store, *LEARN).stdout
    assert out.splitlines()[0].split() == ["rule", "rows", "customers", "of", "them", "all", "gross", "revenue",
                                           "net", "revenue", "rows", "left"]
    assert "thresholds: unit price up to " in out and " rows before 2010-12-31\n" in out
    assert "money removed: " in out
    assert out.splitlines()[-1].startswith("kept ")
    few = expect("clean", "--store", store, "--set", "cleaning.outliers.min_fit_rows=100000").stdout
    assert "no outlier rule: " in few


def test_json_is_the_statistics(store, tmp_path):
    stats = stats_of(store, tmp_path)
    assert json.loads(expect("clean", "--store", store, "--json", *LEARN).stdout) == stats
    assert stats["schema"] == "rcx.cleaning_stats/1"


def test_rows_to_standard_output(store, tmp_path):
    stats_of(store, tmp_path)
    out = expect("clean", "--store", store, "-o", "-", "--format", "csv", *LEARN).stdout
    assert out == (tmp_path / "rows.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_same_bytes_for_any_threads(store, tmp_path, threads):
    stats_of(store, tmp_path, "--threads", 2)
    first = (tmp_path / "rows.csv").read_bytes(), (tmp_path / "cleaning_stats.json").read_bytes()
    stats_of(store, tmp_path, "--threads", threads)
    assert ((tmp_path / "rows.csv").read_bytes(), (tmp_path / "cleaning_stats.json").read_bytes()) == first


def test_a_store_without_customers(tmp_path):
    rows = [[*row[:6], "", row[7]] for row in shop_rows()[:50]]
    write_csv(tmp_path / "shop.csv", rows)
    expect("ingest", tmp_path / "shop.csv", "--store", tmp_path / "store", stderr=r".*")
    expect("clean", "--store", tmp_path / "store", "-o", tmp_path / "rows.csv")
    stats = json.loads((tmp_path / "cleaning_stats.json").read_text())
    assert (stats["final_rows"], stats["initial_customers"]) == (0, 0)
    assert (tmp_path / "rows.csv").read_text().startswith("InvoiceNo,")


def test_refusals_leave_nothing(store, tmp_path):
    expect("clean", "--store", tmp_path / "none", code=1, stderr=r"rcx: error: .*none.*\n")
    expect("clean", code=2, stderr=r".*--store.*")
    got = run("clean", "--store", store, "-o", tmp_path / "rows.xyz")
    assert got.returncode == 2 and "xyz" in got.stderr
    got = run("clean", "--store", store, "-o", tmp_path / "no" / "rows.csv")
    assert got.returncode == 1 and "no/" in got.stderr
    assert not list(tmp_path.iterdir())


def test_no_customer_in_the_first_days(tmp_path):
    """Thresholds are learned from no row at all when only guests buy in the first days."""
    rows = shop_rows()
    late = rows[0][4] + datetime.timedelta(days=40)
    rows = [[*row[:6], row[6] if row[4] >= late else "", row[7]] for row in rows]
    write_csv(tmp_path / "shop.csv", rows)
    expect("ingest", tmp_path / "shop.csv", "--store", tmp_path / "store", stderr=r".*")
    stats = stats_of(tmp_path / "store", tmp_path)
    assert stats["final_rows"] > 0
    assert all(rule["rows"] == 0 for rule in stats["rules"] if rule["stage"] == 3)
