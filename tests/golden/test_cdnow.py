"""Behaviour models on CDNOW: the numbers in print, and the summary made from the raw transactions.
Needs the data (RCX_DATA_DIR).

In print: Fader, Hardie, Lee 2005 (BG/NBD), Batislam et al. 2007 (MBG/NBD), Fader, Hardie, "A note on
deriving the Pareto/NBD model" and "The Gamma-Gamma model of monetary value"."""
import csv
import datetime
import json
import math
import os
import pathlib
import subprocess

import pytest

RCX = os.environ.get("RCX", "build/release/rcx")
DATA = pathlib.Path(os.environ.get("RCX_DATA_DIR", "/nowhere"))
SUMMARY = DATA / "cdnow_customers_summary.csv"
RAW = DATA / "CDNOW_sample.txt"
pytestmark = pytest.mark.skipif(not SUMMARY.exists() and os.environ.get("RCX_REQUIRE_DATA") != "1",
                                reason="skipped: no data")
CUT = datetime.date(1997, 9, 30)
# The raw rows as they are: nothing is dropped, no price is too high.
KEEP = ["--set", "cleaning.min_unit_price=0", "--set", "cleaning.drop_exact_duplicates=false",
        "--set", "cleaning.require_description=false", "--set", "cleaning.outliers.min_fit_rows=1000000",
        "--set", "features.observation_days=30", "--set", "features.windows=a: 7, b: 14, c: 21, d: 30"]


def rcx(*arguments):
    done = subprocess.run([RCX, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def raw_rows():
    for line in RAW.read_text().splitlines():
        fields = line.split()
        if len(fields) == 5 and fields[0].isdigit():
            yield fields[1], datetime.datetime.strptime(fields[2], "%Y%m%d").date(), int(fields[3]), fields[4]


@pytest.fixture(scope="module")
def summary(tmp_path_factory):
    """frequency, recency, T in whole days as the summary in print has them, and the values of the raw rows."""
    days = {}
    for customer, date, _, dollars in raw_rows():
        if date <= CUT:
            days.setdefault(customer, {}).setdefault(date, 0)
            days[customer][date] += float(dollars)
    path = tmp_path_factory.mktemp("cdnow") / "summary.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ID", "frequency", "recency", "T", "monetary_value"])
        for customer, spent in days.items():
            dates = sorted(spent)
            repeats = [spent[d] for d in dates[1:]]
            writer.writerow([customer, len(repeats), repr((dates[-1] - dates[0]).days / 7),
                             repr((CUT - dates[0]).days / 7), repr(sum(repeats) / len(repeats)) if repeats else ""])
    return path


def fit(path, model, *more):
    return json.loads(rcx("btyd", "fit", "--data", path, "--model", model, "--json", *more))["purchases"]


def test_raw_transactions_give_the_summary(summary):
    made = {row["ID"].lstrip("0"): row for row in csv.DictReader(summary.open())}
    printed = list(csv.DictReader(SUMMARY.open()))
    assert len(printed) == len(made) == 2357
    for row in printed:
        ours = made[row["ID"]]
        assert int(ours["frequency"]) == int(row["frequency"])
        assert float(ours["recency"]) == pytest.approx(float(row["recency"]), abs=0.0051)
        assert float(ours["T"]) == pytest.approx(float(row["T"]), abs=0.0051)


def test_engine_makes_the_summary(summary, tmp_path):
    """The same through ingest, cleaning and the pass over the store."""
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"])
        for number, (customer, date, _, dollars) in enumerate(raw_rows()):
            writer.writerow([number + 1, "CD", 1, date.isoformat(), dollars, int(customer)])
    rcx("run", tmp_path / "rows.csv", "-o", tmp_path / "out", "--until", "features",
        "--set", f"snapshots.dates={CUT}", "--set", "btyd.blind_days=0", *KEEP)  # days as moments, as in print
    pytest.importorskip("pyarrow")
    import pyarrow.parquet
    table = pyarrow.parquet.read_table(tmp_path / "out/data/features/customer_behaviour.parquet").to_pylist()
    want = {int(row["ID"]): row for row in csv.DictReader(summary.open())}
    assert [row["customer_id"] for row in table] == sorted(want)
    for row in table:
        expected = want[row["customer_id"]]
        assert row["frequency"] == int(expected["frequency"])
        assert row["recency"] == float(expected["recency"]) and row["T"] == float(expected["T"])
        if row["frequency"]:
            assert row["monetary_value"] == pytest.approx(float(expected["monetary_value"]), rel=1e-12)
        else:
            assert row["monetary_value"] is None
    last = json.loads((tmp_path / "out/outputs/btyd_parameters.json").read_text())["snapshots"][-1]["purchases"]
    assert last["requested"] == "auto" and last["model"] == "mbgnbd"


PRINTED = {  # parameters, each with half a unit of its last digit, and the log-likelihood
    "bgnbd": ({"r": (.2426, 5e-5), "alpha": (4.4136, 5e-5), "a": (.7929, 5e-5), "b": (2.4259, 5e-5)}, -9582.429),
    # printed .5532, 10.576, .6063, 11.671: where that optimiser stopped, not where the slope is zero
    "pareto": ({"r": (.5532, 2e-4), "alpha": (10.576, 3e-3), "s": (.6063, 2e-4), "beta": (11.671, 5e-3)}, -9594.976),
    "mbgnbd": ({"r": (.525, 5e-4), "alpha": (6.183, 5e-4), "a": (.891, 5e-4), "b": (1.614, 5e-4)}, None),
}


@pytest.mark.parametrize("model", PRINTED)
def test_parameters_in_print(summary, model):
    got = fit(summary, model)
    parameters, likelihood = PRINTED[model]
    assert got["converged"] and got["boundary"] == "none" and got["starts_agreed"] == got["starts"]
    assert got["gradient_norm"] < 1e-8
    for name, (value, tolerance) in parameters.items():
        assert got["parameters"][name] == pytest.approx(value, abs=tolerance)
    if likelihood is not None:
        assert got["log_likelihood"] >= likelihood - 5e-4


def test_standard_errors_in_print(summary):
    got = fit(summary, "pareto")["standard_errors"]
    for name, value, unit in (("r", .0476, 1e-4), ("alpha", .843, 1e-3), ("s", .187, 1e-3), ("beta", 6.21, 1e-2)):
        assert got[name] == pytest.approx(value, abs=unit / 2)


def test_gamma_gamma_in_print(summary):
    money = json.loads(rcx("btyd", "fit", "--data", summary, "--model", "bgnbd", "--json"))["money"]
    assert money["customers"] == 946 and money["left_out"] == 0
    for name, value, unit in (("p", 6.25, .01), ("q", 3.74, .01), ("v", 15.44, .01)):
        assert money["parameters"][name] == pytest.approx(value, abs=unit / 2 + 1e-9)
    assert money["log_likelihood"] >= -4055.925


def test_expectations_in_print(tmp_path):
    model = tmp_path / "model.json"
    fit(SUMMARY, "bgnbd", "-o", model)
    rcx("btyd", "predict", "--data", SUMMARY, "--fit", model, "--horizon", "39w", "-o", tmp_path / "p.csv")
    row = next(csv.DictReader((tmp_path / "p.csv").open()))
    assert (row["frequency"], row["recency"], row["T"]) == ("2", "30.43", "38.86")
    assert float(row["expected_purchases_39w"]) == pytest.approx(1.226, abs=5e-4)


def test_judging_by_the_second_half(summary, tmp_path):
    """The holdout of 39 weeks: totals by week end at the total, groups hold all customers."""
    later, by_week = {}, {}
    for customer, date, _, _ in raw_rows():
        if date > CUT and date <= CUT + datetime.timedelta(days=39 * 7):
            later.setdefault(customer, set()).add(date)
    for customer, dates in later.items():
        for date in dates:
            week = math.ceil((date - CUT).days / 7)
            by_week[customer, week] = by_week.get((customer, week), 0) + 1
    rows = list(csv.reader(summary.open()))
    data, model = tmp_path / "holdout.csv", tmp_path / "model.json"
    with data.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*rows[0], "frequency_holdout", *(f"week_{w}" for w in range(1, 40))])
        for row in rows[1:]:
            writer.writerow([*row, len(later.get(row[0], ())), *(by_week.get((row[0], w), 0) for w in range(1, 40))])
    fit(summary, "bgnbd", "-o", model)
    got = json.loads(rcx("btyd", "judge", "--data", data, "--fit", model, "--holdout", "39w", "--json"))
    assert got["actual"] == sum(len(dates) for dates in later.values())
    assert got["expected"] == pytest.approx(got["actual"], rel=.15)
    assert [row["frequency"] for row in got["by_frequency"]] == list(range(8))
    assert sum(row["customers"] for row in got["by_frequency"]) == 2357
    assert sum(row["customers"] * row["actual"] for row in got["by_frequency"]) == pytest.approx(got["actual"])
    assert len(got["by_week"]) == 39
    assert got["by_week"][-1]["actual"] == got["actual"]
    assert got["by_week"][-1]["expected"] == pytest.approx(got["expected"])
    calibration = got["calibration"]
    assert len(calibration) == 10
    assert [row["expected"] for row in calibration] == sorted(row["expected"] for row in calibration)
    assert all(abs(row["expected"] - row["actual"]) < .15 for row in calibration)
