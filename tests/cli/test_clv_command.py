"""rcx clv at the command line: too little data is refused with what would do; refunds and single customers are fine."""
import csv
import json
import os
import random
import subprocess
from datetime import date, timedelta

import pytest

FIRST = date(2020, 1, 6)
SMALL = ["--set", "clv.origin_rows=20", "--set", "clv.evaluation_rows=20", "--set", "clv.resamples=10",
         "--set", "cleaning.outliers.min_fit_rows=1000000"]


def rcx(*words, code=0):
    done = subprocess.run([os.environ["RCX"], *map(str, words)], capture_output=True, text=True, cwd="/",
                          env={"PATH": os.environ["PATH"]})
    assert done.returncode == code, done.stderr
    return done


def write(path, rows):
    """Rows of (customer, day, quantity, price); every row an invoice of two lines."""
    with open(path, "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID",
                      "Country"])
        for i, (customer, day, quantity, price) in enumerate(sorted(rows, key=lambda row: row[1])):
            when = (FIRST + timedelta(days=day)).isoformat() + " 10:00:00"
            number = f"{'C' if quantity < 0 else ''}{100000 + i}"
            for code in ("A1", "B2"):
                out.writerow([number, code, "A THING", quantity, when, price, customer, "France"])


def shop(customers=60, length=420, seed=1):
    dice = random.Random(seed)
    rows = []
    for customer in range(1, customers + 1):
        gap, price, day = dice.uniform(8, 60), dice.uniform(2, 40), dice.uniform(0, 60)
        while day < length - 1:
            rows.append((customer, int(day), dice.randint(1, 9), round(price, 2)))
            day += dice.expovariate(1 / gap) + 1
    return rows


def ingest(folder, rows):
    write(folder / "shop.csv", rows)
    rcx("ingest", folder / "shop.csv", "-s", folder / "run/store")
    return folder / "run"


def clv(folder, *words, code=0):
    return rcx("clv", "-o", folder, *SMALL, *words, code=code)


def test_values_and_their_files(tmp_path):
    folder = ingest(tmp_path, shop())
    said = clv(folder).stdout
    assert "delivered:" in said and "total at the test:" in said and "intervals hold" in said
    told = json.loads(clv(folder, "--json").stdout)
    assert told == json.loads((folder / "outputs/clv_model_metrics.json").read_text())
    assert told["schema"] == "rcx.clv.metrics/1"
    assert 0 <= told["intervals"]["coverage"] <= 1
    assert set(told["totals"]) >= {"test_total_error_pct", "test_total_error_pct_calibrated", "ratio_to_behaviour"}
    assert {path.name for path in (folder / "models").glob("clv*")} >= {"clv.json", "clv.model.txt", "clv_q10.model.txt"}


def test_no_complete_horizon_says_what_would_do(tmp_path):
    folder = ingest(tmp_path, shop(length=150))
    said = clv(folder, code=3).stderr
    assert "180 days" in said and "clv.horizon_days of" in said
    assert not (folder / "outputs/clv_predictions.parquet").exists()
    assert not (folder / "models/clv.json").exists()


def test_a_horizon_that_leaves_no_training(tmp_path):
    folder = ingest(tmp_path, shop(length=100))
    assert "30" in clv(folder, "--set", "clv.horizon_days=60", code=3).stderr


def test_no_revenue_after_any_snapshot(tmp_path):
    rows = [(customer, day, 3, 10) for customer in range(1, 80) for day in (0, 20, 29)] + [(999, 400, 1, 1)]
    folder = ingest(tmp_path, rows)
    assert "no revenue" in clv(folder, code=3).stderr


def test_a_single_customer(tmp_path):
    folder = ingest(tmp_path, [(1, day, 2, 10) for day in range(0, 420, 9)])
    told = json.loads(clv(folder, "--json").stdout)
    assert told["delivered_model"]["customers"] == 1
    assert told["intervals"]["coverage"] in (0, 1)


def test_returns_refunds_and_negative_targets_are_counted(tmp_path):
    rows = shop(customers=40)
    for customer in range(900, 910):  # a large purchase, and a refund of more in the horizon
        rows += [(customer, day, 2, 5) for day in range(0, 200, 20)] + [(customer, 215, -60, 5)]
    rows += [(customer, 50, -2, 9) for customer in range(950, 955)]  # returns only
    folder = ingest(tmp_path, rows)
    told = json.loads(clv(folder, "--set", "snapshots.dates=2020-03-31,2020-04-30,2020-07-31", "--set",
                          "clv.horizon_days=60", "--json").stdout)
    assert told["test"]["negative_targets"] == 10
    assert "learned as 0" in told["negative_targets"]
    assert told["intervals"]["coverage_raw"] <= told["intervals"]["coverage"]
    assert told["delivered_model"]["customers"] == 55
    assert told["delivered_model"]["scored"] < 55


@pytest.mark.parametrize("damage, message", [("document", "not what a value model has"), ("trees", "digest")])
def test_score_refuses_damaged_models(tmp_path, damage, message):
    folder = ingest(tmp_path, shop())
    clv(folder)
    settings = ["--set", "churn.origin_rows=20", "--set", "churn.choice_rows=20", "--set", "churn.resamples=10",
                "--set", "cleaning.outliers.min_fit_rows=1000000"]
    rcx("churn", "-o", folder, *settings)
    rcx("score", "-o", folder, *settings)
    path = folder / ("models/clv.json" if damage == "document" else "models/clv_q90.model.txt")
    path.write_text(path.read_text().replace("rcx.clv.model/1", "rcx.clv.model/9").replace("tree", "twig", 1))
    assert message in rcx("score", "-o", folder, *settings, code=4).stderr
    (folder / "models/clv.json").unlink()
    assert "no value model" in rcx("score", "-o", folder, *settings).stdout


def test_score_refuses_another_horizon(tmp_path):
    folder = ingest(tmp_path, shop())
    clv(folder, "--set", "clv.horizon_days=60")
    settings = ["--set", "churn.origin_rows=20", "--set", "churn.choice_rows=20", "--set", "churn.resamples=10",
                "--set", "cleaning.outliers.min_fit_rows=1000000"]
    rcx("churn", "-o", folder, *settings)
    assert "trained for clv.horizon_days 60" in rcx("score", "-o", folder, *settings, code=2).stderr
