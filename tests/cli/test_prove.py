"""rcx prove: that it succeeds on a shop, that it fails when a leak is planted, and the same proof once
more with real stores built from cut and poisoned files."""
import datetime
import json
import random

import pytest

from cli_support import expect, run
from key_effects import shop_rows, write_csv

SNAPSHOTS = ["2011-01-31", "2011-06-30", "2011-11-30"]
FIT = ["--set", "cleaning.outliers.min_fit_rows=20"]  # so that thresholds are learned in a small shop
DIGEST = "[0-9a-f]{32}"


def ingest(folder, name, rows):
    write_csv(folder / f"{name}.csv", rows)
    expect("ingest", folder / f"{name}.csv", "--store", folder / name, "--date-format", "ymd", stdout=None, stderr=".*")
    return folder / name


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return ingest(tmp_path_factory.mktemp("shop"), "store", shop_rows())


def features(store, date, *sets):
    path = store.parent / f"{store.name}-{date}.csv"
    expect("features", "--store", store, "-o", path, "--as-of", date, *FIT, *sets, stderr=r"(.* looks ahead: .*)?")
    return path.read_bytes()


def report_of(path):
    return json.loads(path.read_text())


# --- the command ---------------------------------------------------------------------------------

def test_prints_digests_and_checks(shop):
    got = run("prove", "--store", shop, "--threads", "2", *FIT)
    assert (got.returncode, got.stderr) == (0, "")
    lines = got.stdout.splitlines()
    assert [line.split()[0] for line in lines[9:]] == ["ok"] * 5
    for i in range(3):
        ordinary, hidden, poisoned = lines[3 * i:3 * i + 3]
        digest = ordinary.split()[2]
        assert ordinary.split()[1:] == ["ordinary", digest, "2", "threads"]
        assert hidden.split() == ["hidden", digest, "3", "threads,", "same"]
        assert poisoned.split() == ["poisoned", digest, "4", "threads,", "same"]


def test_writes_the_report(shop, tmp_path):
    path = tmp_path / "leakage_proof.json"
    expect("prove", "--store", shop, "-o", path, "--set", "prove.snapshots=2", *FIT)
    report = report_of(path)
    assert report["schema"] == "rcx.leakage_proof/1" and report["ok"] is True
    assert [s["date"] for s in report["snapshots"]] == ["2010-12-31", "2011-12-31"]
    assert all(s["same"] for s in report["snapshots"])
    early = report["snapshots"][0]
    rows = len(shop_rows())
    assert early["ordinary"]["rows_before_cutoff"] + early["ordinary"]["rows_after_cutoff"] == rows
    assert early["hidden"]["rows_after_cutoff"] == 0 < early["poisoned"]["rows_after_cutoff"]
    assert {w: early[w]["threshold_rows"] for w in ("ordinary", "hidden", "poisoned")} == dict.fromkeys(
        ("ordinary", "hidden", "poisoned"), early["ordinary"]["threshold_rows"])
    assert report["recomputation"]["customers"] > 30
    again = report["recomputation"]
    assert again["values"] == 39 * again["rows"] + 5 * again["behaviour_rows"]
    assert again["behaviour_rows"] >= again["rows"] > 0
    assert [c["check"] for c in report["checks"]] == ["digests", "recomputation", "snapshot_dates",
                                                     "observation_windows", "feature_and_label_rows"]


def test_json_is_the_report(shop, tmp_path):
    path = tmp_path / "p.json"
    shown = json.loads(expect("prove", "--store", shop, "--json", "-o", path, *FIT).stdout)
    written = report_of(path)
    assert shown.pop("schema") == "rcx.prove/1" and written.pop("schema") == "rcx.leakage_proof/1"
    assert shown.pop("output") == str(path)
    assert shown == written


def test_the_report_does_not_depend_on_threads(shop, tmp_path):
    def report(threads):
        path = tmp_path / f"{threads}.json"
        expect("prove", "--store", shop, "-o", path, "--threads", threads, *FIT)
        return path.read_bytes()
    assert report(1) == report(5)


def test_digests_are_those_of_the_feature_table(shop):
    """The same snapshot asked for alone and among others has the same digest."""
    def digests(*options):
        got = expect("prove", "--store", shop, "--json", *options, *FIT)
        return {s["date"]: s["ordinary"]["features"] for s in json.loads(got.stdout)["snapshots"]}
    together = digests("--snapshots", ",".join(SNAPSHOTS))
    assert sorted(together) == SNAPSHOTS
    for date in SNAPSHOTS:
        assert digests("--as-of", date) == {date: together[date]}


# --- leaks ---------------------------------------------------------------------------------------

def test_thresholds_from_all_rows_are_found_out(shop, tmp_path):
    path = tmp_path / "proof.json"
    got = expect("prove", "--store", shop, "-o", path, *FIT, "--set", "cleaning.outliers.fit=all", code=5,
                 stderr=r"prove: warning: .* looks ahead.*\nrcx: error: the proof of point-in-time correctness failed: "
                        rf"digests: \S+: with the future (hidden|poisoned) the features have digest {DIGEST}, "
                        rf"ordinarily {DIGEST}\n")
    assert "FAIL  digests" in got.stdout and "DIFFERENT" in got.stdout
    report = report_of(path)
    assert report["ok"] is False and not all(s["same"] for s in report["snapshots"])
    assert [c["check"] for c in report["checks"] if not c["ok"]] == ["digests"]


def test_original_definitions_look_ahead(shop):
    got = run("prove", "--store", shop, *FIT, "--set", "features.definitions=original")
    assert got.returncode == 5
    warning, error = got.stderr.splitlines()
    assert "looks ahead" in warning and "expected to fail" in warning and "digests" in error


def test_a_store_without_rows_and_one_that_is_not_there(tmp_path):
    expect("prove", "--store", tmp_path / "none", code=1, stdout="", stderr=r"rcx: error: .*no store here.*\n")
    expect("prove", "--as-of", "2011-01-31", code=2, stdout="", stderr=r".*--store.*")


# --- real stores ---------------------------------------------------------------------------------

def cutoff_of(date):
    return datetime.datetime.fromisoformat(date) + datetime.timedelta(days=1)


def poisoned(rows, date):
    """Other rows in place of those at or after the cutoff, of the same types."""
    draw = random.Random(date)
    before = [row for row in rows if row[4] < cutoff_of(date)]
    after = []
    for number in range(len(rows) - len(before) + 50):
        row = list(draw.choice(rows))
        row[4] = cutoff_of(date) + datetime.timedelta(minutes=draw.choice([0, draw.randrange(600000)]))
        kind = draw.randrange(7)
        if kind == 0:
            row[0] = str(900000 + number)
            row[6] = str(draw.choice([1, 11999, 12030, 99999]))
        elif kind == 1:
            row[1:3] = [draw.choice(["NEW", "post", "Z9"]), draw.choice(["", "NEWS"])]
        elif kind == 2:
            row[5] = draw.choice([0, -3.5, 0.001, 123456.789])
        elif kind == 3:
            row[3] = draw.choice([0, -row[3], 99999, -2000000])
        elif kind == 4:
            row[0] = "C" + str(800000 + number)
            row[3] = -abs(row[3])
        elif kind == 5:
            row[7] = "Nowhere"
        after.append(row)
    return before + after


@pytest.mark.parametrize("date", SNAPSHOTS)
def test_real_stores_of_cut_and_poisoned_files(shop, tmp_path, date):
    rows = shop_rows()
    expected = features(shop, date)
    assert expected.count(b"\n") > 10
    cut = ingest(tmp_path, "cut", [row for row in rows if row[4] < cutoff_of(date)])
    other = ingest(tmp_path, "other", poisoned(rows, date))
    assert features(cut, date) == expected
    assert features(other, date, "--threads", "3") == expected
    # and the comparison can fail
    leak = ["--set", "cleaning.outliers.fit=all"]
    assert features(cut, date, *leak) != features(shop, date, *leak)


def test_the_digest_is_that_of_a_store_of_the_past(shop, tmp_path):
    """What the views compute in memory is what a store built from the past alone gives."""
    date = SNAPSHOTS[1]
    cut = ingest(tmp_path, "cut", [row for row in shop_rows() if row[4] < cutoff_of(date)])
    def proof(store):
        return json.loads(expect("prove", "--store", store, "--as-of", date, "--json", *FIT).stdout)
    whole, past = proof(shop)["snapshots"][0], proof(cut)["snapshots"][0]
    for way in ("ordinary", "hidden", "poisoned"):
        assert past[way]["features"] == whole["ordinary"]["features"]
    assert past["ordinary"]["rows_after_cutoff"] == 0 < past["poisoned"]["rows_after_cutoff"]


def test_text_customers(tmp_path):
    rows = [[*row[:6], f"shop {row[6]} é" if row[6] else "", row[7]] for row in shop_rows()]
    store = ingest(tmp_path, "store", rows)
    report = json.loads(expect("prove", "--store", store, "--json", *FIT).stdout)
    assert report["ok"] is True and report["recomputation"]["rows"] > 50
