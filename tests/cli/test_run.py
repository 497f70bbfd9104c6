"""rcx run: all files of the stages, the same bytes again, what is skipped, what a mistake leaves behind."""
import hashlib
import json
import os
import re
import subprocess

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from cli_support import RCX, environment, expect, run
from key_effects import plain_rows, shop_rows, write_csv

FILES = ["data/features/customer_behaviour.parquet", "data/features/customer_features.parquet",
         "data/features/feature_metadata.json",
         "data/processed/cleaned_data.parquet", "logs/retention_system.log", "models/btyd.json", "models/cleaning.json",
         "outputs/btyd_parameters.json", "outputs/cleaning_stats.json", "outputs/feature_drift.csv", "outputs/leakage_proof.json",
         "outputs/segment_assignments.parquet", "outputs/segment_migration.csv", "outputs/segment_quality.csv",
         "outputs/segment_strategies.json", "outputs/segment_summary.csv", "models/segments.json",
         "outputs/churn_backtest.csv", "outputs/churn_evaluation.parquet", "outputs/churn_feature_importance.csv",
         "outputs/churn_label_statistics.csv", "outputs/churn_labels.parquet", "outputs/churn_model_metrics.json",
         "outputs/churn_predictions.parquet", "outputs/churn_shap_summary.csv", "outputs/churn_threshold.csv", "models/churn.json", "models/churn.model.txt",
         "outputs/clv_backtest.csv", "outputs/clv_behaviour_holdout.csv", "outputs/clv_decile_analysis.csv",
         "outputs/clv_evaluation.parquet", "outputs/clv_feature_importance.csv", "outputs/clv_model_metrics.json",
         "outputs/clv_predictions.parquet", "outputs/clv_targets.parquet", "models/clv.json", "models/clv.model.txt",
         "models/clv_active.model.txt", "models/clv_lapsed.model.txt", "models/clv_q10.model.txt", "models/clv_q50.model.txt",
         "models/clv_q90.model.txt",
         "outputs/validation_report.csv", "run.json"]
DIGESTED = [name for name in FILES if name.endswith((".parquet", ".csv", "stats.json", "cleaning.json", "proof.json", "btyd.json", "parameters.json",
                                                            "strategies.json", "segments.json", "metrics.json", "churn.json", "clv.json",
                                                            "model.txt"))]


@pytest.fixture
def shop(tmp_path):
    return write_csv(tmp_path / "shop.csv", shop_rows())


def stages_of(folder, *arguments):
    result = run("run", *arguments, "-o", folder, "--json")
    assert result.returncode == 0, result.stderr
    return {s["stage"]: s for s in json.loads(result.stdout)["stages"]}


def digests(folder):
    return {name: hashlib.sha256(without_lineage((folder / name).read_bytes())).hexdigest() for name in DIGESTED}


def without_lineage(data):
    """A Parquet file without its footer, which for features names version and digest of the store."""
    return data[:-8 - int.from_bytes(data[-8:-4], "little")] if data[:4] == b"PAR1" else data


def skipped(stages):
    return [name for name, stage in stages.items() if stage["skipped"]]


def test_files_and_accounts(shop, tmp_path):
    stages = stages_of(tmp_path / "out", shop)
    for name in FILES:
        assert (tmp_path / "out" / name).stat().st_size > 0, name
    assert skipped(stages) == []
    assert stages["ingest"]["rows_out"] == stages["clean"]["rows_in"]
    manifest = json.loads((tmp_path / "out/run.json").read_text())
    assert [s["stage"] for s in manifest["stages"]] == list(stages)
    assert manifest["inputs"][0]["path"] == str(shop)
    assert manifest["configuration"]["features.observation_days"] == {"value": 180, "origin": "default"}
    outputs = {o["path"] for s in manifest["stages"] for o in s["outputs"]}
    assert set(DIGESTED) <= outputs and "store" in outputs
    for line in (tmp_path / "out/logs/retention_system.log").read_text().splitlines():
        assert {"time", "level", "where", "message"} == set(json.loads(line))


def test_same_bytes_for_any_number_of_threads(shop, tmp_path):
    for threads in "123":
        stages_of(tmp_path / threads, shop, "--threads", threads)
    assert digests(tmp_path / "1") == digests(tmp_path / "2") == digests(tmp_path / "3")


READERS = {"csv": pacsv.read_csv, "parquet": pq.read_table, "arrow": lambda path: pa.ipc.open_file(path).read_all()}


def values_of(path):
    """Rows as text that no longer tells the formats apart."""
    table = READERS[path.suffix[1:]](path)
    return table.column_names, [["" if v is None or v != v else f"{v:.10g}" if isinstance(v, (int, float)) else str(v).removesuffix(" 00:00:00")
                                 for v in column.to_pylist()] for column in (decoded(c) for c in table.columns)]


def decoded(column):
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.cast(pa.float64()) if pa.types.is_decimal(column.type) or pa.types.is_boolean(column.type) else column


@pytest.mark.parametrize("name", ["csv", "parquet", "arrow"])
def test_every_table_in_a_second_format(name, shop, tmp_path):
    stages_of(tmp_path / "plain", shop)
    stages_of(tmp_path / "out", shop, "--format", name)
    assert digests(tmp_path / "out") == digests(tmp_path / "plain")
    manifest = json.loads((tmp_path / "out/run.json").read_text())
    outputs = {o["path"] for s in manifest["stages"] for o in s["outputs"]}
    tables = [f for f in FILES + ["outputs/cohorts.csv"] if f.endswith((".csv", ".parquet"))]
    assert len(tables) > 10
    for table in tables:
        copy = table.rpartition(".")[0] + "." + name
        assert copy in outputs
        if copy != table:
            assert values_of(tmp_path / "out" / copy) == values_of(tmp_path / "out" / table), table
    # What changed its format later leaves no table of an earlier run behind.
    stages_of(tmp_path / "out", shop)
    assert {f.name for f in (tmp_path / "out").rglob("*")} == {f.name for f in (tmp_path / "plain").rglob("*")}


def test_progress(shop, tmp_path):
    """Bars that are gone at the end on a terminal, plain lines elsewhere, nothing with -q."""
    arguments = ["run", shop, "-o", tmp_path / "out", "--until", "features", "--force"]
    reading, writing = os.openpty()
    done = subprocess.run([RCX, *map(str, arguments)], env=environment(), stdout=subprocess.PIPE, stderr=writing, timeout=60)
    os.close(writing)
    shown = b""
    try:
        while piece := os.read(reading, 65536):
            shown += piece
    except OSError:  # all is read
        pass
    os.close(reading)
    assert done.returncode == 0
    assert b"\r[............" in shown and b"] stage 1 of 4: ingest\x1b[K" in shown
    assert b"\r[##################......] stage 4 of 4: features\x1b[K" in shown and shown.endswith(b"\r\x1b[K")
    plain = run(*arguments).stderr
    assert "\r" not in plain and [line for line in plain.splitlines() if "stage" in line] == [
        f"{name}: stage {i + 1} of 4" for i, name in enumerate(["ingest", "validate", "clean", "features"])]
    assert run(*arguments, "-q").stderr == ""


def test_until(shop, tmp_path):
    assert list(stages_of(tmp_path / "out", shop, "--until", "clean")) == ["ingest", "validate", "clean"]
    assert not (tmp_path / "out/data/features").exists()


def test_unknown_stage(shop, tmp_path):
    expect("run", shop, "-o", tmp_path / "out", "--until", "feature", code=2,
           stderr=r".*no stage 'feature'; did you mean 'features'\?.*")
    assert not (tmp_path / "out" / "store").exists()


def test_nothing_changed(shop, tmp_path):
    first = stages_of(tmp_path / "out", shop)
    before = digests(tmp_path / "out")
    again = stages_of(tmp_path / "out", shop)
    assert skipped(again) == list(first)
    assert digests(tmp_path / "out") == before
    assert skipped(stages_of(tmp_path / "out", shop, "--force")) == []


def test_a_key_changed(shop, tmp_path):
    stages_of(tmp_path / "out", shop)
    stages = stages_of(tmp_path / "out", shop, "--set", "snapshots.every=week")
    assert {"ingest", "validate", "clean"} <= set(skipped(stages)) and "features" not in skipped(stages)


def test_the_input_changed(shop, tmp_path):
    stages_of(tmp_path / "out", shop)
    write_csv(shop, shop_rows()[:-5])
    assert skipped(stages_of(tmp_path / "out", shop)) == []
    assert stages_of(tmp_path / "fresh", shop) and digests(tmp_path / "fresh") == digests(tmp_path / "out")


def test_input_renamed_is_not_a_change(shop, tmp_path):
    first = stages_of(tmp_path / "out", shop)
    other = shop.rename(tmp_path / "same rows.csv")
    assert skipped(stages_of(tmp_path / "out", other)) == list(first)


@pytest.mark.parametrize("name", DIGESTED)
def test_a_missing_or_changed_file_is_made_again(shop, tmp_path, name):
    stages_of(tmp_path / "out", shop)
    before = digests(tmp_path / "out")
    path = tmp_path / "out" / name
    path.write_bytes(path.read_bytes()[:-1])
    stages = stages_of(tmp_path / "out", shop)
    assert 0 < len(skipped(stages)) < len(stages)
    path.unlink()
    stages_of(tmp_path / "out", shop)
    assert digests(tmp_path / "out") == before


def test_a_damaged_manifest_only_means_that_nothing_is_skipped(shop, tmp_path):
    stages_of(tmp_path / "out", shop)
    (tmp_path / "out/run.json").write_text("{")
    assert skipped(stages_of(tmp_path / "out", shop)) == []


def test_goes_on_after_a_stage_failed(tmp_path):
    """Ten days of data are too few for a snapshot: the stages before stay, and are not done twice."""
    shop = write_csv(tmp_path / "short.csv", plain_rows())
    result = run("run", shop, "-o", tmp_path / "out")
    assert result.returncode == 3 and "2011-01-01" in result.stderr, result.stderr
    stages = stages_of(tmp_path / "out", shop, "--set", "cleaning.outliers.fit_days=1", "--set",
                       "snapshots.min_history_days=5", "--set", "snapshots.every=3")
    assert "ingest" in skipped(stages)


def test_standard_input_and_several_files(tmp_path):
    rows = shop_rows()
    whole = write_csv(tmp_path / "whole.csv", rows)
    parts = [write_csv(tmp_path / "a.csv", rows[::2]), write_csv(tmp_path / "b.csv", rows[1::2])]
    stages_of(tmp_path / "whole", whole)
    stages_of(tmp_path / "parts", *parts)
    result = run("run", "-", "-o", tmp_path / "stdin", stdin=whole.read_bytes())
    assert result.returncode == 0, result.stderr
    assert digests(tmp_path / "whole") == digests(tmp_path / "parts") == digests(tmp_path / "stdin")


def test_no_such_file(tmp_path):
    expect("run", tmp_path / "none.csv", "-o", tmp_path / "out", code=1, stderr=r".*none\.csv.*")


def test_demo(tmp_path):
    result = run("demo", "-o", tmp_path / "demo", "--json")
    assert result.returncode == 0, result.stderr
    assert [s["stage"] for s in json.loads(result.stdout)["stages"]][-5:] == ["segment", "churn", "clv", "campaign", "report"]
    assert (tmp_path / "demo/shop.csv").exists()


def test_a_failed_proof_ends_the_run_with_exit_5(shop, tmp_path):
    leak = ("--set", "cleaning.outliers.min_fit_rows=20", "--set", "cleaning.outliers.fit=all")
    for again in range(2):  # it is no result that a second run would skip
        result = run("run", shop, "-o", tmp_path / "out", "--json", *leak)
        assert result.returncode == 5 and "point-in-time" in result.stderr, result.stderr
        stages = {s["stage"]: s for s in json.loads(result.stdout)["stages"]}
        assert [name for name, stage in stages.items() if stage["failed"]] == ["prove"]
        assert stages["features"]["skipped"] == (again == 1) and not stages["prove"]["skipped"]
        assert list(stages) == [s["stage"] for s in json.loads((tmp_path / "out/run.json").read_text())["stages"]]
    report = json.loads((tmp_path / "out/outputs/leakage_proof.json").read_text())
    assert report["ok"] is False
    assert re.search(r"prove .*FAILED: \d of 3 snapshots", run("run", shop, "-o", tmp_path / "out", *leak).stdout)
    stages = stages_of(tmp_path / "out", shop, *leak[:2])
    assert not stages["prove"]["skipped"] and not stages["prove"]["failed"]


def test_another_seed_is_another_proof(shop, tmp_path):
    stages = stages_of(tmp_path / "out", shop)
    again = stages_of(tmp_path / "out", shop, "--seed", "2")
    assert skipped(again) == [name for name in stages if name not in ("prove", "segment", "churn", "clv", "campaign", "report")]


# --- the thresholds of cleaning ----------------------------------------------------------------------

LEARN = ("--set", "cleaning.outliers.min_fit_rows=20")


def first_days(rows):
    begin = min(row[4] for row in rows).date()
    return [row for row in rows if (row[4].date() - begin).days < 30]


def thresholds_of(folder):
    model = json.loads((folder / "models/cleaning.json").read_text())
    stats = json.loads((folder / "outputs/cleaning_stats.json").read_text())
    assert model["thresholds"] == stats["thresholds"] and model["outliers_fit"] == stats["outliers_fit"]
    assert model["store_digest"] == stats["store_digest"]
    return model["thresholds"], model["outliers_fit"], stats.get("thresholds_changed")


def test_later_rows_leave_the_thresholds_alone(tmp_path):
    rows = shop_rows()
    found = []
    for share in (1, 2, 4):
        shop = write_csv(tmp_path / "shop.csv", first_days(rows) + rows[:len(rows) * share // 4])
        stages_of(tmp_path / "out", shop, "--until", "clean", *LEARN)
        found.append(thresholds_of(tmp_path / "out"))
    assert found[0][0] is not None and found[0][1]["applied"] and found[0][2] is None
    assert found[0] == found[1] == found[2]


def test_rows_that_arrive_late_in_the_first_days_are_told(tmp_path):
    rows = shop_rows()
    early = first_days(rows)
    shop = write_csv(tmp_path / "shop.csv", [row for row in rows if row not in early[60:100]])
    stages_of(tmp_path / "out", shop, "--until", "clean", *LEARN)
    before = thresholds_of(tmp_path / "out")
    write_csv(shop, rows)
    stages = stages_of(tmp_path / "out", shop, "--until", "clean", *LEARN)
    after = thresholds_of(tmp_path / "out")
    assert after[1]["rows"] > before[1]["rows"] and after[2].startswith("other rows before 2010-12-31: ")
    assert str(after[1]["rows"]) in after[2] and str(before[1]["rows"]) in after[2]
    assert stages["clean"]["note"].endswith("; thresholds learned anew")
    assert "learned anew" in (tmp_path / "out/logs/retention_system.log").read_text()
    early_bird = list(rows[0])
    early_bird[4] = early_bird[4].replace(month=11)
    write_csv(shop, [early_bird] + rows)
    stages_of(tmp_path / "out", shop, "--until", "clean", *LEARN)
    assert "before 2010-12-31 in the run before" in thresholds_of(tmp_path / "out")[2]


def test_other_keys_are_no_surprise(shop, tmp_path):
    stages_of(tmp_path / "out", shop, *LEARN)
    stages_of(tmp_path / "out", shop, *LEARN, "--set", "cleaning.outliers.price_percentile=95")
    assert thresholds_of(tmp_path / "out")[2] is None


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"schema": "rcx.cleaning_model/1"}'])
def test_a_damaged_threshold_file_is_written_again(shop, tmp_path, damage):
    stages_of(tmp_path / "out", shop, *LEARN)
    before = (tmp_path / "out/models/cleaning.json").read_bytes()
    (tmp_path / "out/models/cleaning.json").write_text(damage)
    stages_of(tmp_path / "out", shop, *LEARN)
    assert (tmp_path / "out/models/cleaning.json").read_bytes() == before
    assert thresholds_of(tmp_path / "out")[2] is None


@pytest.mark.parametrize("key, told", [("features.definitions=original", True), ("cleaning.outliers.fit=all", True),
                                       ("cleaning.outliers.fit=first_days", False)])
def test_says_when_definitions_look_ahead(shop, tmp_path, key, told):
    result = run("run", shop, "-o", tmp_path / "out", "--until", "features", "--set", key)
    assert result.returncode == 0 and ("look" in result.stderr and "ahead" in result.stderr) == told
    assert ("ahead" in (tmp_path / "out/logs/retention_system.log").read_text()) == told
    result = run("features", "--store", tmp_path / "out/store", "-o", tmp_path / "f.csv", "--set", key)
    assert result.returncode == 0 and ("ahead" in result.stderr) == told


def test_a_refused_run_leaves_nothing(tmp_path):
    """No log of a run that never began, no empty folders; what was there stays, and so does the list of rejects."""
    header = tmp_path / "header.csv"
    header.write_text("InvoiceNo,Quantity,InvoiceDate,UnitPrice,CustomerID\n")
    for data, code in ((header, 3), (tmp_path / "no.csv", 1)):
        expect("run", data, "-o", tmp_path / "new" / "er" / "out", "-q", code=code, stderr=r"rcx: error: .*\n")
        assert not (tmp_path / "new").exists()
        (tmp_path / "old" / "mine").mkdir(parents=True, exist_ok=True)
        expect("run", data, "-o", tmp_path / "old", "-q", code=code, stderr=r"rcx: error: .*\n")
        assert [p.name for p in (tmp_path / "old").iterdir()] == ["mine"]
    header.write_text(header.read_text() + "1,six,2010-12-13,1,7\n")
    expect("run", header, "-o", tmp_path / "out", "-q", code=3, stderr=r"rcx: error: .*\n")
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"outputs", "logs"}
    assert [p.name for p in (tmp_path / "out" / "outputs").iterdir()] == ["rejects.csv"]
