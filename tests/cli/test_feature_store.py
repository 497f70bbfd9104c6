"""The feature table as a store: snapshots added, one snapshot or customer read, what may not be mixed,
drift between snapshots. (Real programs read it in tests/interop/test_feature_file.py.)"""
import csv
import io
import itertools
import json
import random
import shutil
import subprocess

import pytest

from cli_support import RCX, environment, expect, run
from key_effects import HEADER, shop_rows, write_csv

DATES = ["2011-01-31", "2011-03-31", "2011-05-31", "2011-06-30", "2011-09-30", "2011-11-30"]


def load(folder, name, rows, *options):
    path = write_csv(folder / f"{name}.csv", rows)
    expect("ingest", path, "--store", folder / name, *options, stderr=".*")
    return folder / name


def with_text_ids(rows):
    return [[*row[:6], row[6] and f"c{int(row[6]) * 7919 % 10007:x}", row[7]] for row in rows]


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shops")
    return {"numbers": load(folder, "numbers", shop_rows()), "texts": load(folder, "texts", with_text_ids(shop_rows()))}


def features(store, output, dates, *options, code=0, stderr=""):
    return expect("features", "--store", store, "-o", output, "--snapshots", ",".join(dates), *options, code=code,
                  stderr=stderr)


def metadata(path):
    document = json.loads(path.read_text())
    del document["created"]
    return document


@pytest.mark.parametrize("options", [[], ["--labels"], ["--set", "export.codec=zstd"], ["--set", "features.definitions=original"],
                                     ["--set", "export.row_group_rows=1024", "--threads", "3"]])
@pytest.mark.parametrize("ids", ["numbers", "texts"])
def test_added_in_any_order_is_computed_at_once(shops, tmp_path, ids, options):
    (tmp_path / "once").mkdir()
    (tmp_path / "added").mkdir()
    once, added = tmp_path / "once/f.parquet", tmp_path / "added/f.parquet"
    features(shops[ids], once, DATES, *options, stderr=".*")  # 'original' warns
    order = random.Random(3).sample(DATES, len(DATES))
    for dates in (order[:1], order[1:3], order[3:4], order[4:]):
        features(shops[ids], added, dates, "--append", *options, stderr=".*")
    assert added.read_bytes() == once.read_bytes()
    assert metadata(tmp_path / "added/feature_metadata.json") == metadata(tmp_path / "once/feature_metadata.json")


def test_row_groups_stay_byte_for_byte(shops, tmp_path):
    path = tmp_path / "f.parquet"
    features(shops["numbers"], path, DATES[:3])
    before = path.read_bytes()
    features(shops["numbers"], path, DATES[4:], "--append")
    begin = int.from_bytes(before[-8:-4], "little") + 8  # of the footer, from the end; the page index is before it
    pages = len(before) - begin - 3 * 37 * 60  # the page index of a column is a few dozen bytes
    assert pages > 10000
    assert path.read_bytes()[:pages] == before[:pages]


def test_what_it_says(shops, tmp_path):
    path = tmp_path / "f.parquet"
    features(shops["numbers"], path, DATES[:2])
    got = features(shops["numbers"], path, DATES[3:4], "--append")
    assert got.stdout.startswith("2011-06-30 ") and got.stdout.count("\n") == 2
    assert got.stdout.endswith(" customers at 3 snapshots, 1 of them new\n")
    report = json.loads(features(shops["numbers"], path, DATES[4:5], "--append", "--json").stdout)
    assert report["snapshots_added"] == 1 and len(report["snapshots"]) == 4


REFUSED = {
    "already there": (["2011-03-31"], [], 3, r".*snapshot 2011-03-31 is there already\n"),
    "another key": (["2011-06-30"], ["--set", "features.observation_days=210"], 2,
                    r".*other definitions.*features\.observation_days is 180 in the file and 210 now\n"),
    "other windows": (["2011-06-30"], ["--set", "features.windows=a: 7, b: 14, c: 28, d: 56"], 2,
                      r".*features\.windows is short: 30, .* in the file and a: 7, .* now\n"),
    "other cleaning": (["2011-06-30"], ["--set", "cleaning.drop_exact_duplicates=false"], 2,
                       r".*cleaning\.drop_exact_duplicates is true in the file and false now\n"),
    "labels": (["2011-06-30"], ["--labels"], 2, r".*its snapshots have no labels; leave out --labels\n.*"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(shops, tmp_path, case):
    dates, options, code, stderr = REFUSED[case]
    path = tmp_path / "f.parquet"
    features(shops["numbers"], path, DATES[:2])
    before = path.read_bytes()
    features(shops["numbers"], path, dates, "--append", *options, code=code, stderr=stderr)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["f.parquet", "feature_metadata.json"]


def test_keys_that_define_no_row_may_differ(shops, tmp_path):
    path = tmp_path / "f.parquet"
    features(shops["numbers"], path, DATES[:2])
    features(shops["numbers"], path, DATES[2:3], "--append", "--set", "export.codec=zstd", "--set", "churn.horizon_days=30",
             "--set", "snapshots.min_history_days=31")
    assert len(lineage(path)["snapshots"]) == 3


def test_other_kinds_of_ids(shops, tmp_path):
    path = tmp_path / "f.parquet"
    features(shops["numbers"], path, DATES[:2])
    features(shops["texts"], path, DATES[2:3], "--append", code=3, stderr=r".*customer ids are numbers.*texts\n")


def test_only_parquet_that_is_ours(shops, tmp_path):
    features(shops["numbers"], tmp_path / "f.csv", DATES[:1], "--append", code=2, stderr=r".*\.parquet file only\n.*")
    (tmp_path / "f.parquet").write_bytes(b"PAR1 no, it is not PAR1")
    features(shops["numbers"], tmp_path / "f.parquet", DATES[:1], "--append", code=4, stderr=r".*f\.parquet.*")
    expect("export", "--store", shops["numbers"], "-o", tmp_path / "t.parquet", "-q")
    features(shops["numbers"], tmp_path / "t.parquet", DATES[:1], "--append", code=3, stderr=r".*not a feature table.*")
    expect("features", "show", tmp_path / "t.parquet", code=3, stderr=r".*not a feature table.*")


def test_thresholds_and_first_day_must_be_the_same(tmp_path):
    """Rows that arrive late, before the first snapshot, change what was learned once."""
    rows = sorted(shop_rows(), key=lambda r: r[4])
    fit = ["--set", "cleaning.outliers.min_fit_rows=20"]
    store = load(tmp_path, "shop", rows[400:])
    features(store, tmp_path / "f.parquet", DATES[3:4], *fit)
    late = write_csv(tmp_path / "late.csv", rows[:400])
    expect("ingest", late, "--store", store, stderr=".*")
    features(store, tmp_path / "f.parquet", DATES[4:5], "--append", *fit, code=2,
             stderr=r".*first day of the data is 2011-\d\d-\d\d in the file and 2010-12-01 now\n.*")


def test_a_later_store_version_adds_its_snapshot(tmp_path):
    """The way it is meant: every month new rows, then one more snapshot."""
    rows = sorted(shop_rows(), key=lambda r: r[4])
    cut = next(i for i, r in enumerate(rows) if str(r[4]) >= "2011-07-01")
    store = load(tmp_path, "shop", rows[:cut])
    path = tmp_path / "f.parquet"
    features(store, path, DATES[:4])
    expect("ingest", write_csv(tmp_path / "later.csv", rows[cut:]), "--store", store, stderr=".*")
    features(store, path, DATES[4:5], "--append")
    versions = [(s["store_version"], s["data_end"]) for s in lineage(path)["snapshots"]]
    assert versions[:4] == [(1, versions[0][1])] * 4 and versions[0][1] < "2011-07-01"
    assert versions[4][0] == 2 and versions[4][1] > "2012-01-01"
    assert len({s["store_digest"] for s in lineage(path)["snapshots"]}) == 2
    other = tmp_path / "once.csv"
    features(store, other, DATES[:5])
    assert list(itertools.chain.from_iterable(
        shown(path, "--snapshot", date)[int(i > 0):] for i, date in enumerate(DATES[:5]))) == \
        list(csv.reader(other.open()))


@pytest.mark.parametrize("ids", ["numbers", "texts"])
def test_late_rows(tmp_path, ids):
    """Rows that came after a snapshot was computed, and belong before its date."""
    rows = sorted(shop_rows() if ids == "numbers" else with_text_ids(shop_rows()), key=lambda r: r[4])
    late = [i for i, r in enumerate(rows) if str(r[4]) >= "2011-04-01" and r[6]][0]
    store = load(tmp_path, "shop", rows[:late] + rows[late + 1:])
    path = tmp_path / "f.parquet"
    features(store, path, ["2011-03-31", "2011-04-30"])
    expect("ingest", write_csv(tmp_path / "late.csv", rows[late:late + 1]), "--store", store, stderr=".*")
    before = path.read_bytes()
    features(store, path, ["2011-06-30"], "--append", code=3,
             stderr=r".*snapshot 2011-04-30 would be another one now.*write the table anew.*")
    assert path.read_bytes() == before
    features(store, tmp_path / "g.parquet", ["2011-03-31"], "--version", 1)  # that one is as before
    features(store, tmp_path / "g.parquet", ["2011-06-30"], "--append")


def test_nothing_is_written_without_leave(shops, tmp_path):
    features(shops["numbers"], tmp_path / "f.parquet", DATES[:1], "--dry-run")
    assert not list(tmp_path.iterdir())


def test_labels_that_have_become_known(tmp_path):
    rows = sorted(shop_rows(), key=lambda r: r[4])
    cut = next(i for i, r in enumerate(rows) if str(r[4]) >= "2011-07-01")
    store = load(tmp_path, "shop", rows[:cut])
    path = tmp_path / "f.parquet"
    features(store, path, DATES[2:3], "--labels")
    expect("ingest", write_csv(tmp_path / "later.csv", rows[cut:]), "--store", store, stderr=".*")
    features(store, path, DATES[4:5], "--append", "--labels", code=3,
             stderr=r".*labels of snapshot 2011-05-31 that were open are known now; write the table anew.*")


def test_two_at_once(shops, tmp_path):
    """Whoever comes second is refused or waits its turn; no snapshot is lost."""
    path = tmp_path / "f.parquet"
    features(shops["numbers"], path, DATES[:1])
    jobs = [subprocess.Popen([RCX, "features", "--store", shops["numbers"], "-o", path, "--append", "--as-of", date,
                              "--metadata", tmp_path / f"{date}.json"], env=environment(), cwd="/",
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE) for date in DATES[1:]]
    codes = []
    for job in jobs:
        _, stderr = job.communicate()
        codes.append(job.returncode)
        assert job.returncode == 0 or b"another program is adding to it" in stderr
    there = [s["date"] for s in lineage(path)["snapshots"]]
    assert there == DATES[:1] + [date for date, code in zip(DATES[1:], codes) if code == 0]
    assert len(there) > 1


# --- reading ----------------------------------------------------------------------------------------

def shown(path, *options):
    return list(csv.reader(io.StringIO(expect("features", "show", path, *options).stdout)))


def lineage(path):
    return json.loads(expect("features", "show", path, "--json").stdout)


@pytest.fixture(scope="module")
def tables(shops, tmp_path_factory):
    """The same table as CSV (read) and Parquet (path), by kind of ids."""
    folder = tmp_path_factory.mktemp("tables")
    result = {}
    for ids, store in shops.items():
        path = folder / f"{ids}.parquet"
        features(store, path, DATES, "--labels")
        features(store, folder / "t.csv", DATES, "--labels")
        result[ids] = (list(csv.reader((folder / "t.csv").open())), path)
    return result


@pytest.mark.parametrize("ids", ["numbers", "texts"])
def test_one_snapshot(tables, ids):
    table, path = tables[ids]
    for date in DATES:
        assert shown(path, "--snapshot", date) == [table[0]] + [row for row in table[1:] if row[1] == date]


@pytest.mark.parametrize("ids", ["numbers", "texts"])
def test_one_customer(tables, ids):
    table, path = tables[ids]
    for customer in sorted({row[0] for row in table[1:]})[::7]:
        history = [row for row in table[1:] if row[0] == customer]
        assert shown(path, "--customer", customer) == [table[0]] + history
        assert shown(path, "--customer", customer, "--snapshot", history[-1][1]) == [table[0], history[-1]]


def test_into_a_file(tables, tmp_path):
    table, path = tables["numbers"]
    expect("features", "show", path, "--snapshot", DATES[1], "-o", tmp_path / "one.csv", stdout="")
    assert list(csv.reader((tmp_path / "one.csv").open())) == shown(path, "--snapshot", DATES[1])


@pytest.mark.parametrize("arguments,code,stderr", [
    (["--snapshot", "2011-04-30"], 3, r".*no snapshot 2011-04-30; there are: 2011-01-31 2011-03-31 .*\n"),
    (["--customer", "999999"], 3, r".*customer '999999' is in no snapshot\n"),
    (["--customer", "x"], 3, r".*customers are numbers, and 'x' is none\n"),
])
def test_what_is_not_there(tables, arguments, code, stderr):
    expect("features", "show", tables["numbers"][1], *arguments, stdout="", code=code, stderr=stderr)


def test_lineage(tables, shops):
    document = lineage(tables["numbers"][1])
    assert [s["date"] for s in document["snapshots"]] == DATES
    digest = json.loads(expect("info", "--store", shops["numbers"], "--json").stdout)
    assert document["snapshots"][0]["store_version"] == digest["version"]
    assert "features.observation_days: 180" in document["definitions"]
    assert "churn.horizon_days: 90" in document["definitions"]
    assert document["labels"] is True
    text = expect("features", "show", tables["numbers"][1]).stdout
    assert text.count("\n") == 1 + len(DATES)


def test_actions():
    expect("features", "shwo", "x", code=2, stderr=r".*did you mean 'show'.*")
    expect("features", "show", code=2, stderr=r".*needs the FILE.*")
    expect("features", "drift", code=2, stderr=r".*needs the FILE.*")
    expect("features", "show", "/nonexistent.parquet", code=1, stderr=r".*nonexistent.*")


# --- damage -----------------------------------------------------------------------------------------

def test_damage_is_refused(shops, tables, tmp_path):
    """Cut anywhere, or bits flipped anywhere: an error with the file's name, or the same program's reading
    goes on (values carry no checksum); never a crash, and never a file that is half one and half another."""
    draw = random.Random(11)
    data = tables["numbers"][1].read_bytes()
    path = tmp_path / "f.parquet"
    footer = int.from_bytes(data[-8:-4], "little")
    for attempt in range(60):
        damaged = bytearray(data)
        if attempt % 3 == 0:
            del damaged[draw.randrange(len(data)):]
        else:
            at = len(data) - 1 - draw.randrange(footer) if attempt % 3 == 1 else draw.randrange(len(data))
            damaged[at] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        got = run("features", "show", path, "--snapshot", DATES[2])
        assert got.returncode in (0, 3, 4), got.stderr
        added = run("features", "--store", shops["numbers"], "-o", path, "--labels", "--append", "--as-of", "2011-10-31")
        assert added.returncode in (0, 2, 3, 4), added.stderr
        if added.returncode:
            assert path.read_bytes() == damaged
        if attempt % 3 == 0:
            assert got.returncode == added.returncode == 4
            assert "f.parquet" in got.stderr


# --- drift ------------------------------------------------------------------------------------------

COLUMNS = "snapshot,reference,feature,psi,ks,null_share,reference_null_share,customers,reference_customers,drifted"


def drift_of(path, *options):
    return list(csv.DictReader(io.StringIO(expect("features", "drift", path, *options).stdout)))


def test_drift(tables, tmp_path):
    table, path = tables["numbers"]
    text = expect("features", "drift", path).stdout
    assert text.splitlines()[0] == COLUMNS
    rows = drift_of(path)
    names = table[0][2:35]
    assert [(r["snapshot"], r["feature"]) for r in rows] == [(d, n) for d in DATES[1:] for n in names]
    assert {r["reference"] for r in rows} == {DATES[0]}
    assert all(float(r["psi"]) >= 0 for r in rows)
    assert all(r["drifted"] == str(int(float(r["psi"]) > 0.25)) for r in rows)
    against = drift_of(path, "--against", DATES[3])
    assert {r["snapshot"] for r in against} == set(DATES) - {DATES[3]}
    for threads in "13":
        assert expect("features", "drift", path, "--threads", threads).stdout == text
    report = expect("features", "drift", path, "-o", tmp_path / "d.csv").stdout
    assert f"of {len(rows)} comparisons with {DATES[0]} have a stability index above 0.25" in report
    assert (tmp_path / "d.csv").read_text() == text


def test_drift_check(tables, tmp_path):
    path = tables["numbers"][1]
    expect("features", "drift", path, "--check", "--set", "drift.max_psi=1000", "-o", tmp_path / "d.csv")
    expect("features", "drift", path, "--check", "-o", tmp_path / "d.csv", code=5, stderr=r".*stability index above 0\.25.*")
    got = run("features", "drift", path, "--check", "--json")
    assert got.returncode == 5
    report = json.loads(got.stdout)
    assert report["drifted"] > 0 and report["largest_psi"] > 0.25
    expect("features", "drift", path, "--against", "2011-04-30", code=3, stderr=r".*no snapshot 2011-04-30.*")


def test_drift_of_one_snapshot(shops, tmp_path):
    features(shops["numbers"], tmp_path / "f.parquet", DATES[:1])
    assert expect("features", "drift", tmp_path / "f.parquet").stdout == COLUMNS + "\n"
    expect("features", "drift", tmp_path / "f.parquet", "--check", "-o", tmp_path / "d.csv")
