"""UCI Online Retail by many ways is one result, byte by byte: the two files with the same rows, the
rows shuffled, ten ingests, a little memory, any number of threads, any instruction set.
Needs the data (RCX_DATA_DIR)."""
import hashlib
import json
import os
import pathlib
import random
import subprocess

import pytest
from feature_tables import rcx

DATA = pathlib.Path(os.environ.get("RCX_DATA_DIR", "/nonexistent"))
MONTH_FIRST = DATA / "online_retail.mdy.csv.zst"
DAY_FIRST = DATA / "online_retail.dmy-dash.cp1252.csv.zst"
MISSING = not MONTH_FIRST.exists() or not DAY_FIRST.exists()
DEFINITIONS = {"standard": [], "original": ["--set", "features.definitions=original"]}
ROWS = 541_909

pytestmark = pytest.mark.skipif(MISSING and os.environ.get("RCX_REQUIRE_DATA") != "1", reason="skipped: no data")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load(store, path, *options, rows=ROWS):
    report = json.loads(rcx("ingest", path, "--store", store, "--json", *options).stdout)
    assert (report["accepted"], report["rejected"]) == (rows, 0)
    return report


def files(store):
    """What is stored, by content: without the manifests, which name inputs and times, the lock, and thresholds,
    which come with the first command that needs them."""
    return {p.name: digest(p) for p in store.iterdir() if p.suffix == ".rcx" and not p.name.startswith("thresholds")}


def content(store):
    return json.loads(rcx("info", "--store", store, "--json").stdout)["digest"]


def exported(store):
    """Digest of the transactions as CSV."""
    path = store.with_name(store.name + ".csv")
    rcx("export", "--store", store, "-o", path, "-q")
    value = digest(path)
    path.unlink()
    return value


def tables(store, folder, definitions, *options, env=None):
    """Digests of the feature table with its labels, as CSV and as Parquet."""
    values = []
    for kind in ("csv", "parquet"):
        path = folder / f"features.{kind}"
        rcx("features", "--store", store, "-o", path, "--labels", "-q", *DEFINITIONS[definitions], *options, env=env)
        data = path.read_bytes()
        if kind == "parquet":  # without the footer, whose lineage names the store
            data = data[:-8 - int.from_bytes(data[-8:-4], "little")]
        values.append(hashlib.sha256(data).hexdigest())
    return values


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    assert not MISSING, f"RCX_REQUIRE_DATA is set and {MONTH_FIRST} or {DAY_FIRST} is not there"
    return tmp_path_factory.mktemp("same")


@pytest.fixture(scope="module")
def one(folder):
    """The store that the others are compared with."""
    load(folder / "one", MONTH_FIRST)
    return folder / "one"


@pytest.fixture(scope="module")
def expected(one, folder):
    return {"export": exported(one), **{name: tables(one, folder, name) for name in DEFINITIONS}}


@pytest.fixture(scope="module")
def lines(folder):
    """The header, and the rows in an order that has nothing to do with time or customer."""
    text = subprocess.run(["zstd", "-dc", MONTH_FIRST], capture_output=True, check=True).stdout
    header, *rows = text.splitlines(keepends=True)
    random.Random(7).shuffle(rows)
    return header, rows


def check_result(store, expected, folder):
    assert exported(store) == expected["export"]
    for definitions in DEFINITIONS:
        assert tables(store, folder, definitions) == expected[definitions], definitions


def test_day_first_in_windows_1252(one, expected, folder):
    report = load(folder / "day_first", DAY_FIRST)
    assert (report["date_format"], report["inputs"][0]["encoding"]) == ("D-M-Y", "windows-1252")
    assert files(folder / "day_first") == files(one)
    check_result(folder / "day_first", expected, folder)


def test_rows_shuffled_and_little_memory(one, expected, lines, folder):
    header, rows = lines
    path = folder / "shuffled.csv"
    path.write_bytes(header + b"".join(rows))
    load(folder / "shuffled", path)
    tight = load(folder / "tight", path, "--memory-limit", "64MB")
    assert tight["runs_on_disk"] >= 2
    for name in ("shuffled", "tight"):
        assert content(folder / name) == content(one)
        assert files(folder / name) == files(one)
    check_result(folder / "shuffled", expected, folder)


def test_ten_ingests(one, expected, lines, folder):
    """Rows in any order into ten files; ten versions; then one segment again."""
    header, rows = lines
    store = folder / "ten"
    for i in range(10):
        part = folder / "part.csv"
        part.write_bytes(header + b"".join(rows[i::10]))
        load(store, part, rows=len(rows[i::10]))
    check_result(store, expected, folder)
    rcx("compact", "--store", store, "-q")
    check_result(store, expected, folder)
    assert content(store) == content(one)
    rcx("vacuum", "--store", store, "--keep", 1, "-q")
    assert {name.replace("0000000011", "0000000001"): value for name, value in files(store).items()} == files(one)
    rcx("verify", "--store", store, "-q")


def test_months_in_order(expected, lines, folder):
    """As a shop would deliver them: a file a month, so that the customers of all files overlap."""
    header, rows = lines
    months = {}
    for row in rows:
        month, _, year = row.rsplit(b",", 4)[1].split(b" ")[0].split(b"/")
        months.setdefault((int(year), int(month)), []).append(row)
    assert len(months) == 13
    for _, part in sorted(months.items()):
        (folder / "month.csv").write_bytes(header + b"".join(part))
        load(folder / "months", folder / "month.csv", rows=len(part))
    check_result(folder / "months", expected, folder)


@pytest.mark.parametrize("definitions", DEFINITIONS)
def test_threads_and_instruction_sets(one, expected, folder, definitions):
    for threads in (1, 2, 3, 7):
        assert tables(one, folder, definitions, "--threads", threads) == expected[definitions], threads
    for level in instruction_sets():
        assert tables(one, folder, definitions, env={"RCX_CPU": level}) == expected[definitions], level


def test_ingest_with_any_threads_and_instruction_set(one, folder):
    for threads in (1, 3, 7):
        load(folder / f"threads{threads}", MONTH_FIRST, "--threads", threads)
        assert files(folder / f"threads{threads}") == files(one), threads
    for level in instruction_sets():
        rcx("ingest", DAY_FIRST, "--store", folder / level, "-q", env={"RCX_CPU": level})
        assert files(folder / level) == files(one), level


def instruction_sets():
    """Those that this machine has; asking for more is answered with what there is."""
    levels = []
    for level in ("v1", "v3", "v4"):
        version = rcx("--version", "-v", env={"RCX_CPU": level}).stdout.decode()
        if f"cpu       {level}\n" in version:
            levels.append(level)
    assert levels and levels[0] == "v1"
    return levels
