"""Cohorts of real data against pandas on the cleaned rows, and their sums against the accounts."""
import csv
import json
import os
import sys

import pytest

sys.path.insert(0, os.path.join(os.environ.get("RCX_SOURCE", os.getcwd()), "tests", "cli"))
from cli_support import expect, run  # noqa: E402

DATA = os.environ.get("RCX_DATA_DIR")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    if not DATA:
        assert os.environ.get("RCX_REQUIRE_DATA") != "1", "no data"
        pytest.skip("skipped: no data")
    folder = tmp_path_factory.mktemp("cohorts")
    source = os.path.join(DATA, "online_retail.mdy.csv.zst")
    expect("ingest", source, "--store", folder / "store", stderr=r".*")
    expect("clean", "--store", folder / "store", "-o", folder / "rows.parquet")
    expect("cohorts", "--store", folder / "store", "-o", folder / "cohorts.csv")
    return folder


def test_cells_are_those_of_pandas(shop):
    pandas = pytest.importorskip("pandas")
    rows = pandas.read_parquet(shop / "rows.parquet",
                               columns=["CustomerID", "InvoiceDate", "Quantity", "Revenue"])
    rows["month"] = rows.InvoiceDate.dt.year * 12 + rows.InvoiceDate.dt.month - 1
    rows["Revenue"] = (rows.Revenue.astype(float) * 1e4).round().astype("int64")
    bought = rows[rows.Quantity > 0]
    cohort = bought.groupby("CustomerID").month.min()
    bought = bought.assign(cohort=bought.CustomerID.map(cohort))
    rows = rows.assign(cohort=rows.CustomerID.map(cohort)).dropna(subset=["cohort"])
    rows["age"] = (rows.month - rows.cohort).clip(lower=0)
    size = cohort.value_counts()
    active = bought.groupby(["cohort", bought.month - bought.cohort]).CustomerID.nunique()
    revenue = rows.groupby(["cohort", "age"]).Revenue.sum()
    cells = list(csv.DictReader(open(shop / "cohorts.csv", newline="")))
    assert len(cells) == sum(13 - i for i in range(13))
    for cell in cells:
        year, month, _ = cell["cohort"].split("-")
        c, age = int(year) * 12 + int(month) - 1, int(cell["age_months"])
        assert int(cell["customers"]) == size[c]
        assert int(cell["active_customers"]) == active.get((c, age), 0)
        assert round(float(cell["revenue"]) * 1e4) == revenue.get((c, age), 0)
        assert float(cell["retention"]) == active.get((c, age), 0) / size[c]
        assert cell["complete"] == ("0" if c + age == 2011 * 12 + 11 else "1")


def test_cohorts_add_up_to_the_cleaned_rows(shop):
    stats = json.loads((shop / "cleaning_stats.json").read_text())
    report = json.loads(run("cohorts", "--store", shop / "store", "--json").stdout)
    customers = sum(c["customers"] for c in report["cohorts"])
    assert customers + report["customers_without_purchase"] == stats["final_customers"]
    revenue = sum(sum(c["revenue"]) for c in report["cohorts"]) + report["revenue_without_purchase"]
    assert abs(revenue - float(stats["final_net_revenue"])) < 0.005
    assert all(c["active_customers"][0] == c["customers"] for c in report["cohorts"])


def test_threads_and_levels_do_not_show(shop, tmp_path):
    want = (shop / "cohorts.csv").read_bytes()
    for threads, level in (("1", "v1"), ("3", "v3"), ("7", "v4")):
        expect("cohorts", "--store", shop / "store", "-o", tmp_path / "c.csv", "--threads", threads,
               env={"RCX_CPU": level})
        assert (tmp_path / "c.csv").read_bytes() == want
