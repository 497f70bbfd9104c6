"""rcx segment: the files, the accounts between them, the same bytes, mistakes and what they leave."""
import csv
import datetime
import hashlib
import json
import pathlib
import random

import pyarrow.parquet as pq
import pytest

from cli_support import SOURCE, expect, run
from key_effects import write_csv

NAMES = ["Champions", "Loyal Customers", "Potential Loyalists", "New Customers", "Promising", "Need Attention",
         "About To Sleep", "At Risk", "Cannot Lose Them", "Hibernating", "Lost"]
FILES = ["outputs/segment_assignments.parquet", "outputs/segment_summary.csv", "outputs/segment_strategies.json",
         "outputs/segment_quality.csv", "outputs/segment_migration.csv", "models/segments.json"]


def features_of(folder, *options):
    """A run directory up to the features, of a made-up shop."""
    assert run("generate", "--rows", 20000, "--customers", 1500, "-o", folder / "shop.csv").returncode == 0
    made = run("run", folder / "shop.csv", "-o", folder / "run", "--until", "features", *options)
    assert made.returncode == 0, made.stderr
    return folder / "run"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    directory = features_of(tmp_path_factory.mktemp("shop"))
    expect("segment", "-o", directory, stdout=None)
    return directory


def table(directory, name):
    with open(directory / "outputs" / name, newline="") as file:
        return list(csv.DictReader(file))


def assignments(directory):
    return pq.read_table(directory / FILES[0]).to_pylist()


def digests(directory):
    return [hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in FILES]


def test_every_customer_of_every_snapshot_has_one_segment(shop):
    features = pq.read_table(shop / "data/features/customer_features.parquet").select(["customer_id", "snapshot_date"]).to_pylist()
    rows = assignments(shop)
    assert [(r["customer_id"], r["snapshot_date"]) for r in rows] == [(r["customer_id"], r["snapshot_date"]) for r in features]
    assert {r["segment"] for r in rows} <= set(NAMES)
    last = max(r["snapshot_date"] for r in rows)
    assert all(r["hindsight"] == (r["snapshot_date"] < last) for r in rows)
    assert all(r["rfm_score"] == f"{r['r_score']}{r['f_score']}{r['m_score']}" for r in rows)
    assert all(0 <= r["margin"] <= 1 for r in rows)


def test_summary_adds_up(shop):
    summary, rows = table(shop, "segment_summary.csv"), assignments(shop)
    last = max(r["snapshot_date"] for r in rows)
    latest = [r["segment"] for r in rows if r["snapshot_date"] == last]
    assert [int(s["cluster"]) for s in summary] == list(range(len(summary)))
    names = [s["segment"] for s in summary]
    assert names == sorted(set(names), key=NAMES.index)
    assert {s["segment"]: int(s["customers"]) for s in summary} == {name: latest.count(name) for name in names}
    assert abs(sum(float(s["share"]) for s in summary) - 1) < 1e-9
    assert abs(sum(float(s["revenue_share"]) for s in summary) - 1) < 1e-9
    strategies = json.loads((shop / "outputs/segment_strategies.json").read_text())
    assert [s["segment"] for s in strategies["segments"]] == names
    assert all(s["actions"] and s["goal"] and s["budget_level"] in ("none", "low", "medium", "high") for s in strategies["segments"])


def test_quality_has_every_k_and_one_choice(shop):
    quality = table(shop, "segment_quality.csv")
    assert [int(q["k"]) for q in quality] == [3, 4, 5, 6, 7, 8]
    assert [q["chosen"] for q in quality].count("1") == 1
    assert all(float(a["inertia"]) > float(b["inertia"]) for a, b in zip(quality, quality[1:]))
    assert all(-1 <= float(q["silhouette"]) <= 1 and float(q["stability_least"]) <= float(q["stability"]) <= 1 for q in quality)


def test_migration_adds_up(shop):
    rows, moves = assignments(shop), table(shop, "segment_migration.csv")
    dates = sorted({r["snapshot_date"] for r in rows})
    for before, after in zip(dates, dates[1:]):
        here = [m for m in moves if (m["from_date"], m["to_date"]) == (str(before), str(after))]
        was = {r["customer_id"]: r["segment"] for r in rows if r["snapshot_date"] == before}
        now = {r["customer_id"]: r["segment"] for r in rows if r["snapshot_date"] == after}
        expected = {}
        for customer in was.keys() | now.keys():
            pair = was.get(customer, ""), now.get(customer, "")
            expected[pair] = expected.get(pair, 0) + 1
        assert {(m["from_segment"], m["to_segment"]): int(m["customers"]) for m in here} == expected


def test_same_bytes_for_any_number_of_threads_and_instruction_set(shop, tmp_path):
    expected = digests(shop)
    for options in (["--threads", "1"], ["--threads", "3"], ["--set", "runtime.cpu=v1"], ["--set", "runtime.cpu=v3"]):
        assert run("segment", "-o", shop, *options).returncode == 0
        assert digests(shop) == expected


def test_json_and_fixed_k(shop):
    report = json.loads(run("segment", "-o", shop, "-k", 6, "--json").stdout)
    assert report["schema"] == "rcx.segment/1" and report["k"] == 6 == len(report["segments"])
    assert run("segment", "-o", shop).returncode == 0


def test_mistakes(shop, tmp_path):
    before = digests(shop)
    expect("segment", code=2, stderr=r".*--output.*")
    expect("segment", "-o", tmp_path / "none", code=1, stderr=r".*no feature table; 'rcx run DATA -o .*")
    expect("segment", "-o", shop, "-k", 12, code=2, stderr=r".*segments\.k.*")
    expect("segment", "-o", shop, "--set", "segments.k_min=7", "--set", "segments.k_max=5", code=2, stderr=r".*k_min.*above.*")
    expect("segment", "-o", shop, "--set", "segments.inputs=nothing", code=3, stderr=r".*no column of numbers 'nothing'.*")
    expect("segment", "-o", shop, "--set", "segments.inputs=interpurchase_time_cv", code=3, stderr=r".*has no value for \d+ of \d+ customers.*")
    expect("segment", "-o", shop, "--set", "segments.inputs=rfm_recency_days: sqrt", code=2, stderr=r".*none or log1p.*")
    expect("segment", "-o", shop, "--strategies", tmp_path / "none.yaml", code=1, stderr=r".*none\.yaml.*")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(pathlib.Path(SOURCE, "config/strategies.yaml").read_text().replace("priority: 2", "priority: x"))
    expect("segment", "-o", shop, "--strategies", wrong, code=2, stderr=r".*wrong\.yaml:\d+:\d+: priority: found 'x'.*")
    assert digests(shop) == before


def test_a_changed_strategies_file_runs_the_stage_again(tmp_path):
    assert run("generate", "--rows", 5000, "--customers", 300, "-o", tmp_path / "shop.csv").returncode == 0
    ours = tmp_path / "ours.yaml"
    text = pathlib.Path(SOURCE, "config/strategies.yaml").read_text()
    for goal, skipped in (("Keep", False), ("Keep", True), ("Hold", False)):
        ours.write_text(text.replace("goal: Keep", "goal: " + goal))
        got = run("run", tmp_path / "shop.csv", "-o", tmp_path / "run", "--until", "segment", "--json", "--set", f"segments.strategies={ours}")
        assert got.returncode == 0, got.stderr
        stage = {s["stage"]: s for s in json.loads(got.stdout)["stages"]}["segment"]
        assert stage["skipped"] == skipped


HEADER = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]


def shop_of(customers, path, different):
    """Customers who buy every 20 days for half a year; all the same, or each in its own way."""
    draw = random.Random(1)
    rows, begin, invoice = [], datetime.datetime(2011, 1, 1, 9), 1000
    for visit in range(10):
        for customer in range(customers):
            if different and draw.random() < 0.3 + 0.4 * (customer % 3):
                continue
            invoice += 1
            for product in "AB":
                rows.append([str(invoice), product, "THING", 1 + (draw.randrange(20) if different else 0),
                             begin + datetime.timedelta(days=20 * visit, minutes=customer), 2.5, f"K{customer}", "UK"])
    return write_csv(path, rows)


@pytest.mark.parametrize("customers, different, most", [(1, False, 1), (50, False, 1), (2, True, 2), (3, True, 3), (40, True, 8)])
def test_few_or_equal_customers(tmp_path, customers, different, most):
    shop = shop_of(customers, tmp_path / "shop.csv", different)
    got = run("run", shop, "-o", tmp_path / "run", "--until", "segment")
    assert got.returncode == 0, got.stderr
    summary = table(tmp_path / "run", "segment_summary.csv")
    assert 1 <= len(summary) <= most and len({s["segment"] for s in summary}) == len(summary)
    rows = assignments(tmp_path / "run")
    assert len(rows) == sum(int(r["customers"]) for r in summary) + sum(r["hindsight"] for r in rows)
