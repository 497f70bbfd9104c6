"""rcx features: the table, its description, the catalogue, every refusal. Values: tests/golden."""
import csv
import json
import os
import pathlib

import pytest

from cli_support import SOURCE, expect, run
from key_effects import shop_rows, write_csv

LEARN = ("--set", "cleaning.outliers.min_fit_rows=20")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    write_csv(folder / "shop.csv", shop_rows())
    expect("ingest", folder / "shop.csv", "--store", folder / "store", stderr=r".*")
    return folder / "store"


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_table_and_description(store, tmp_path):
    out = expect("features", "--store", store, "-o", tmp_path / "f.csv", "--labels", *LEARN).stdout
    rows = table(tmp_path / "f.csv")
    about = json.loads((tmp_path / "feature_metadata.json").read_text())
    listed = json.loads(expect("features", "list", "--json").stdout)["features"]
    names = [f["name"] for f in listed]
    assert list(rows[0]) == ["customer_id", "snapshot_date", *names, "observation_start_date",
                             "observation_window_days", "churn_eligible", "churn", "clv"]
    assert about["schema"] == "rcx.feature_metadata/1"
    assert about["rows"] == len(rows)
    assert about["customers"] == len({r["customer_id"] for r in rows})
    assert [f["name"] for f in about["features"]] == names
    dates = sorted({r["snapshot_date"] for r in rows})
    assert [s["date"] for s in about["snapshots"]] == dates
    assert out.splitlines()[-1] == f"{len(rows)} rows of {about['customers']} customers at {len(dates)} snapshots"
    order = [(r["snapshot_date"], int(r["customer_id"])) for r in rows]
    assert order == sorted(order)


def test_summaries_are_those_of_the_columns(store, tmp_path):
    expect("features", "--store", store, "-o", tmp_path / "f.csv", "--metadata", tmp_path / "m.json", "-q", *LEARN)
    rows = table(tmp_path / "f.csv")
    for feature in json.loads((tmp_path / "m.json").read_text())["features"]:
        for summary in feature["snapshots"]:
            cells = [r[feature["name"]] for r in rows if r["snapshot_date"] == summary["date"]]
            values = [float(c) for c in cells if c]
            assert summary["nulls"] == len(cells) - len(values)
            if not values:
                assert summary["min"] is summary["mean"] is summary["max"] is None
                continue
            assert (summary["min"], summary["max"]) == (min(values), max(values))
            assert summary["mean"] == pytest.approx(sum(values) / len(values), rel=1e-12, abs=1e-12)


def test_dates_on_the_command_line(store, tmp_path):
    expect("features", "--store", store, "-o", tmp_path / "a.csv", "-q", *LEARN, "--as-of", "2011-07-04")
    assert {r["snapshot_date"] for r in table(tmp_path / "a.csv")} == {"2011-07-04"}
    assert {r["observation_start_date"] for r in table(tmp_path / "a.csv")} == {"2011-01-06"}
    expect("features", "--store", store, "-o", tmp_path / "b.csv", "-q", *LEARN,
           "--snapshots", "2011-07-04,2011-03-31")
    assert [r["snapshot_date"] for r in table(tmp_path / "b.csv")][0] == "2011-03-31"
    assert [r for r in table(tmp_path / "b.csv") if r["snapshot_date"] == "2011-07-04"] == table(tmp_path / "a.csv")


def test_windows_name_the_columns(store, tmp_path):
    expect("features", "--store", store, "-o", tmp_path / "f.csv", "-q", *LEARN, "--as-of", "2011-07-04",
           "--set", "features.windows=day: 1, week: 7, mid: 45, all: 180")
    header = list(table(tmp_path / "f.csv")[0])
    assert [n for n in header if n.startswith("txn_count")] == [
        "txn_count_day_1d", "txn_count_week_7d", "txn_count_mid_45d", "txn_count_all_180d"]


def test_table_to_standard_output(store, tmp_path):
    options = ("--store", store, *LEARN, "--as-of", "2011-07-04")
    expect("features", *options, "-o", tmp_path / "f.csv", "-q")
    out = expect("features", *options, "-o", "-", "--format", "csv").stdout
    assert out == (tmp_path / "f.csv").read_text(encoding="utf-8")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["f.csv", "feature_metadata.json"]


def test_json_report(store, tmp_path):
    got = json.loads(expect("features", "--store", store, "-o", tmp_path / "f.csv", "--json", *LEARN).stdout)
    assert got["schema"] == "rcx.features/1"
    assert got["rows"] == len(table(tmp_path / "f.csv"))
    assert got["passes"] == 1


def test_catalogue(tmp_path):
    out = expect("features", "list").stdout.splitlines()
    assert out[0].split() == ["#", "name", "group", "type", "definition"]
    assert len(out) == 34
    assert out[1].split()[:4] == ["1", "rfm_recency_days", "rfm", "int"]
    document = expect("features", "list", "--markdown").stdout
    assert document == (pathlib.Path(SOURCE) / "docs" / "features.md").read_text(encoding="utf-8"), \
        "run scripts/generate"


@pytest.mark.parametrize("options, code, words", [
    ((), 2, "--store"),
    (("--store", "none"), 2, "--output"),
    (("--store", "none", "-o", "f.csv"), 1, "none"),
    (("--data", "none.csv", "-o", "f.csv"), 1, "none.csv"),
    (("--data", "none.csv"), 2, "--output"),
    (("--data", "none.csv", "--store", "none", "-o", "f.csv"), 2, "--data"),
    (("--store", "none", "--map", "price=P", "-o", "f.csv"), 2, "--map"),
    (("--data", "none.csv", "--version", "2", "-o", "f.csv"), 2, "--version"),
    (("lisst",), 2, "'list'"),
])
def test_wrong_command_lines(options, code, words, tmp_path):
    got = run("features", *options, cwd=tmp_path)
    assert got.returncode == code and words in got.stderr, got.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("options, code, words", [
    (("--as-of", "2010-12-15"), 2, ["2010-12-15", "15 days", "needs 30", "2010-12-30"]),
    (("--as-of", "2011-02-30"), 2, ["2011-02-30"]),
    (("--set", "snapshots.min_history_days=5000"), 3, ["2010-12-01", "5000 days"]),
    (("--set", "features.windows=a: 30, b: 60, c: 90, d: 200"), 2, ["200"]),
    (("--set", "features.observation_days=100"), 2, ["100", "30"]),
    (("--set", "cleaning.outliers.fit_days=90", "--as-of", "2011-02-01"), 2, ["cleaning.outliers.fit_days", "90"]),
])
def test_refused_dates_and_windows(store, options, code, words, tmp_path):
    got = run("features", "--store", store, "-o", tmp_path / "f.csv", *options)
    assert got.returncode == code, got.stderr
    assert all(word in got.stderr for word in words), got.stderr
    assert not list(tmp_path.iterdir())


def test_no_population_is_an_empty_table(store, tmp_path):
    expect("features", "--store", store, "-o", tmp_path / "f.csv", "-q", "--as-of", "2019-01-01", "--labels", *LEARN)
    assert table(tmp_path / "f.csv") == []
    about = json.loads((tmp_path / "feature_metadata.json").read_text())
    assert about["snapshots"][0]["customers"] == 0


@pytest.mark.skipif(os.geteuid() == 0 and not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_full_disk(store):
    got = run("features", "--store", store, "-o", "/dev/full", "--format", "csv", "--metadata", "/dev/null", *LEARN)
    assert got.returncode == 1 and "/dev/full" in got.stderr


def test_straight_from_files(store, tmp_path):
    """The table is that of a store, byte for byte, and the store between is gone."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    rows = shop_rows()
    write_csv(whole / "shop.csv", rows)
    write_csv(parts / "a.csv", rows[::2])
    write_csv(parts / "b.csv", rows[1::2])
    for form in ("csv", "parquet"):
        expect("features", "--store", store, "-o", tmp_path / f"f.{form}", "-q", *LEARN)
    expect("features", "--data", whole / "shop.csv", "-o", whole / "f.csv", "-q", *LEARN, stderr=".*")
    expect("features", "--data", parts / "a.csv", "--data", parts / "b.csv", "-o", parts / "f.csv", "-q", *LEARN,
           stderr=".*")
    for folder in (whole, parts):
        assert (folder / "f.csv").read_bytes() == (tmp_path / "f.csv").read_bytes()
    assert {p.name for p in whole.iterdir()} == {"shop.csv", "f.csv", "feature_metadata.json"}


def test_rejected_rows_of_files_are_listed_beside_the_table(tmp_path):
    write_csv(tmp_path / "shop.csv", shop_rows())
    with open(tmp_path / "shop.csv", "a", encoding="utf-8") as file:
        file.write("1,P1,THING,many,2011-05-05 10:00,1.5,12001,United Kingdom\n")
    got = run("features", "--data", tmp_path / "shop.csv", "-o", tmp_path / "f.csv", *LEARN)
    assert got.returncode == 0 and "1 row rejected, see" in got.stderr and "rejects.csv" in got.stderr, got.stderr
    assert (tmp_path / "rejects.csv").exists()
    (tmp_path / "rejects.csv").unlink()
    before = set(tmp_path.iterdir())
    got = run("features", "--data", tmp_path / "shop.csv", "--dry-run", "--set", f"runtime.temp_dir={tmp_path}", *LEARN)
    assert got.returncode == 0 and "1 row rejected:" in got.stderr, got.stderr
    assert set(tmp_path.iterdir()) == before


def test_nothing_is_left_of_files_that_are_refused(tmp_path):
    (tmp_path / "shop.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    got = run("features", "--data", tmp_path / "shop.csv", "-o", tmp_path / "f.csv")
    assert got.returncode == 3 and "shop.csv" in got.stderr, got.stderr
    assert {p.name for p in tmp_path.iterdir()} == {"shop.csv"}


def test_files_are_read_as_ingest_is_told(tmp_path):
    header = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "Kunde", "Country"]
    write_csv(tmp_path / "shop.csv", shop_rows(), header=header, time=lambda t: t.strftime("%d/%m/%Y %H:%M"))
    write_csv(tmp_path / "plain.csv", shop_rows())
    got = run("features", "--data", tmp_path / "shop.csv", "-o", tmp_path / "f.csv", *LEARN)
    assert got.returncode == 3 and "--map" in got.stderr, got.stderr
    expect("features", "--data", tmp_path / "shop.csv", "--map", "customer_id=Kunde", "--date-format", "dmy",
           "-o", tmp_path / "f.csv", "-q", *LEARN, stderr=".*")
    expect("features", "--data", tmp_path / "plain.csv", "-o", tmp_path / "g.csv", "-q", *LEARN, stderr=".*")
    assert (tmp_path / "f.csv").read_bytes() == (tmp_path / "g.csv").read_bytes()
