"""rcx run on UCI Online Retail from the raw file to the report, once with one thread and twice with two: every file
of the specification is there, all three runs give the same bytes, and the accounts of all stages close.
Needs the data (RCX_DATA_DIR)."""
import json
import os
import pathlib
import re

import pytest
from feature_tables import rcx
from test_golden import DATA, MISSING

pytestmark = pytest.mark.skipif(MISSING and os.environ.get("RCX_REQUIRE_DATA") != "1", reason="skipped: no data")

STAGES = ["ingest", "validate", "clean", "features", "prove", "segment", "churn", "clv", "campaign", "report"]
FILES = """
    data/processed/cleaned_data.parquet data/features/customer_features.parquet data/features/feature_metadata.json
    models/churn.model.txt models/clv.model.txt models/clv_q10.model.txt models/clv_q50.model.txt models/clv_q90.model.txt
    models/btyd.json models/segments.json models/cleaning.json
    outputs/validation_report.csv outputs/cleaning_stats.json outputs/leakage_proof.json outputs/segment_assignments.parquet
    outputs/segment_summary.csv outputs/segment_strategies.json outputs/segment_quality.csv outputs/segment_migration.csv
    outputs/churn_labels.parquet outputs/churn_label_statistics.csv outputs/churn_model_metrics.json
    outputs/churn_predictions.parquet outputs/churn_feature_importance.csv outputs/churn_backtest.csv
    outputs/churn_threshold.csv outputs/clv_targets.parquet outputs/clv_model_metrics.json outputs/clv_predictions.parquet
    outputs/clv_decile_analysis.csv outputs/clv_feature_importance.csv outputs/btyd_parameters.json
    outputs/campaign_execution_plan.csv outputs/optimal_campaign_allocation.parquet outputs/optimization_metrics.json
    outputs/budget_frontier.csv outputs/budget_sensitivity.csv outputs/assumption_sheet.csv
    outputs/business_reports/complete_customer_action_list.csv outputs/business_reports/top_100_customer_actions.csv
    outputs/business_reports/segment_profiles.csv outputs/business_reports/impact_analysis.csv
    outputs/business_reports/business_summary.json outputs/cohorts.csv outputs/feature_drift.csv outputs/report.html
    logs/retention_system.log run.json""".split()
TIMED = {"run.json", "logs/retention_system.log"}
RUNS = {"one": 1, "two": 2, "again": 2}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uci")
    for name, threads in RUNS.items():
        rcx("run", DATA, "-o", folder / name, "--threads", threads, "-q")
    return folder


@pytest.fixture(scope="module")
def db():
    module = __import__("duckdb") if os.environ.get("RCX_REQUIRE_DATA") == "1" else pytest.importorskip("duckdb")
    return module.connect()


def files(folder):
    return {str(p.relative_to(folder)): p for p in sorted(pathlib.Path(folder).rglob("*")) if p.is_file()}


def manifest(folder):
    return json.loads((folder / "run.json").read_text())


def test_every_file_of_the_specification(runs):
    found = files(runs / "two")
    assert [name for name in FILES if name not in found or found[name].stat().st_size == 0] == []
    assert not [name for name in found if ".tmp" in name]
    named = {o["path"]: o["bytes"] for s in manifest(runs / "two")["stages"] for o in s["outputs"]}
    for name, size in named.items():
        assert name == "store" or found[name].stat().st_size == size, name
    # what no digest holds: what tells times, and the rejects, of which there are none
    unnamed = {n for n in found if not n.startswith("store/")} - set(named) - TIMED
    assert unnamed <= {"data/features/feature_metadata.json", "outputs/rejects.csv"}


def timeless(name, data):
    """Without the time of creation."""
    return re.sub(rb'"created": "[^"]*"', b"", data) if name == "data/features/feature_metadata.json" else data


@pytest.mark.parametrize("other", ["one", "again"])
def test_the_same_bytes(runs, other):
    left, right = files(runs / "two"), files(runs / other)
    assert set(left) == set(right)
    differing = [name for name in left if name not in TIMED and not name.startswith("store/MANIFEST")
                 and timeless(name, left[name].read_bytes()) != timeless(name, right[name].read_bytes())]
    assert differing == []
    outputs = [{o["path"]: o["digest"] for s in manifest(runs / n)["stages"] for o in s["outputs"]} for n in ("two", other)]
    assert outputs[0] == outputs[1] and len(outputs[0]) > 40


def test_accounts(runs, db):
    folder = runs / "two"
    stages = {s["stage"]: s for s in manifest(folder)["stages"]}
    assert list(stages) == STAGES and not any(s["failed"] for s in stages.values())

    def rows(name, what="count(*)"):
        return db.execute(f"select {what} from '{folder / name}'").fetchone()[0]

    assert stages["ingest"]["rows_in"] == stages["ingest"]["rows_out"] == 541_909
    for name in ("validate", "prove"):
        assert stages[name]["rows_in"] == stages[name]["rows_out"] == 541_909
    stats = json.loads((folder / "outputs/cleaning_stats.json").read_text())
    left = stats["initial_rows"]
    for rule in stats["rules"]:
        left -= rule["rows"]
        assert rule["rows_left"] == left, rule
    assert left == stats["final_rows"] == stages["clean"]["rows_out"] == rows("data/processed/cleaned_data.parquet")
    features = rows("data/features/customer_features.parquet")
    assert features == stages["features"]["rows_out"] == stages["segment"]["rows_in"] == stages["segment"]["rows_out"]
    keys = "count(distinct (customer_id, snapshot_date))"
    for name in ("data/features/customer_features.parquet", "outputs/segment_assignments.parquet",
                 "outputs/churn_labels.parquet", "outputs/clv_targets.parquet"):
        assert rows(name) == rows(name, keys) == features, name
    known = rows("outputs/churn_predictions.parquet")
    assert known == stages["churn"]["rows_out"] == stages["clv"]["rows_out"] == stages["campaign"]["rows_out"]
    for name in ("churn_predictions.parquet", "clv_predictions.parquet", "optimal_campaign_allocation.parquet",
                 "business_reports/complete_customer_action_list.csv"):
        assert rows(f"outputs/{name}") == rows(f"outputs/{name}", "count(distinct customer_id)") == known, name
    assert rows("outputs/business_reports/top_100_customer_actions.csv", "count(distinct customer_id)") == 100


def test_account_of_the_plan(runs, db):
    plan = json.loads((runs / "two/outputs/optimization_metrics.json").read_text())
    file = runs / "two/outputs/campaign_execution_plan.csv"
    rows, customers = db.execute(f"select count(*), count(distinct customer_id) from '{file}'").fetchone()
    contacts, cost, value = db.execute(
        f"""select count(*), sum(cost), sum(expected_value) from '{file}' where "group" = 'contact'""").fetchone()
    assert rows == customers == contacts + plan["control_group"]["customers"]
    assert contacts == plan["total_customers_targeted"] and cost == plan["total_campaign_cost"] <= plan["budget"]
    assert abs(value - plan["total_expected_net_value"]) < 0.01


def test_again_in_the_same_place(runs):
    before = {n: p.read_bytes() for n, p in files(runs / "two").items()}
    rcx("run", DATA, "-o", runs / "two", "-q")
    assert all(s["skipped"] for s in manifest(runs / "two")["stages"])
    assert all(p.read_bytes() == before[n] for n, p in files(runs / "two").items() if n not in TIMED)
