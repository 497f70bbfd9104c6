"""rcx run: all files of the stages, the same bytes again, what is skipped, what a mistake leaves behind."""
import hashlib
import json

import pytest

from cli_support import expect, run
from key_effects import plain_rows, shop_rows, write_csv

FILES = ["data/features/customer_features.parquet", "data/features/feature_metadata.json",
         "data/processed/cleaned_data.parquet", "logs/retention_system.log", "outputs/cleaning_stats.json",
         "outputs/validation_report.csv", "run.json"]
DIGESTED = [name for name in FILES if name.endswith((".parquet", ".csv", "stats.json"))]


@pytest.fixture
def shop(tmp_path):
    return write_csv(tmp_path / "shop.csv", shop_rows())


def stages_of(folder, *arguments):
    result = run("run", *arguments, "-o", folder, "--json")
    assert result.returncode == 0, result.stderr
    return {s["stage"]: s for s in json.loads(result.stdout)["stages"]}


def digests(folder):
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in DIGESTED}


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
    assert [s["stage"] for s in json.loads(result.stdout)["stages"]][-1] == "features"
    assert (tmp_path / "demo/shop.csv").exists()
