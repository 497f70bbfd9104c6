"""rcx export: a store's rows as CSV and Parquet, and back."""
import csv
import decimal
import json
import os
import subprocess

import pytest

from cli_support import RCX, environment, expect, run
from key_effects import HEADER, shop_rows, write_csv


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    write_csv(folder / "shop.csv", shop_rows())
    expect("ingest", folder / "shop.csv", "--store", folder / "store", stderr=r".*")
    return folder


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def plain(row):
    """A row of shop_rows as the text that export writes."""
    number, code, text, quantity, time, price, customer, country = row
    exact = decimal.Decimal(str(price)).quantize(decimal.Decimal("0.0001"))
    return [number, code, text, str(quantity), f"{time:%Y-%m-%d %H:%M:%S}", str(exact), customer, country]


def test_csv_holds_the_rows_in_the_stores_order(shop, tmp_path):
    expect("export", "--store", shop / "store", "-o", tmp_path / "t.csv", stdout="", stderr=r".*export: [\d,]+ rows.*")
    got = rows_of(tmp_path / "t.csv")
    assert got[0] == HEADER
    want = [plain(row) for row in shop_rows()]
    assert sorted(got[1:]) == sorted(want)
    order = [(r[6] == "", int(r[6] or 0), r[4], r[0], r[1], int(r[3]), decimal.Decimal(r[5]), r[2], r[7]) for r in got[1:]]
    assert order == sorted(order)


def test_what_is_exported_loads_as_the_same_rows(shop, tmp_path):
    for suffix in (".csv", ".again.csv"):
        source = shop / "store" if suffix == ".csv" else tmp_path / "store"
        expect("export", "--store", source, "-o", tmp_path / f"t{suffix}", stderr=r".*")
        if suffix == ".csv":
            expect("ingest", tmp_path / "t.csv", "--store", tmp_path / "store", stderr=r".*")
    assert (tmp_path / "t.csv").read_bytes() == (tmp_path / "t.again.csv").read_bytes()
    infos = [json.loads(run("info", "--store", s, "--json").stdout) for s in (shop / "store", tmp_path / "store")]
    for key in ("rows", "guest_rows", "customers", "first_time", "last_time", "price_decimals", "quantity_decimals",
                "receipts"):
        assert infos[0][key] == infos[1][key]


def test_parquet_holds_what_the_csv_holds(shop, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    import pyarrow as pa
    expect("export", "--store", shop / "store", "-o", tmp_path / "t.csv", stderr=r".*")
    expect("export", "--store", shop / "store", "-o", tmp_path / "t.parquet", "--codec", "zstd", stderr=r".*")
    table = pq.read_table(tmp_path / "t.parquet")
    assert [str(t) for t in table.schema.types] == [
        "string", "string", "string", "int64", "timestamp[us]", "decimal128(18, 4)", "int64", "string"]
    assert [f.nullable for f in table.schema] == [True, True, True, False, False, False, True, True]
    got = [["" if v is None else f"{v:%Y-%m-%d %H:%M:%S}" if pa.types.is_timestamp(t) else str(v)
            for v, t in zip(row, table.schema.types)] for row in zip(*(c.to_pylist() for c in table.columns))]
    assert got == rows_of(tmp_path / "t.csv")[1:]
    meta = pq.read_metadata(tmp_path / "t.parquet")
    assert meta.row_group(0).column(0).compression == "ZSTD"
    info = json.loads(run("info", "--store", shop / "store", "--json").stdout)
    assert meta.metadata[b"rcx.store_digest"].decode() == info["digest"]
    assert meta.metadata[b"rcx.store_version"].decode() == str(info["version"])
    assert [s.column_index for s in meta.row_group(0).sorting_columns] == [6, 4]


UCI = os.path.join(os.environ.get("RCX_DATA_DIR", "/nonexistent"), "online_retail.mdy.csv.zst")


@pytest.mark.skipif(not os.path.exists(UCI) and os.environ.get("RCX_REQUIRE_DATA") != "1", reason="skipped: no data")
def test_online_retail_comes_back(tmp_path):
    expect("ingest", UCI, "--store", tmp_path / "first", stderr=r".*")
    expect("export", "--store", tmp_path / "first", "-o", tmp_path / "first.csv", stderr=r".*")
    expect("ingest", tmp_path / "first.csv", "--store", tmp_path / "second", stderr=r".*")
    expect("export", "--store", tmp_path / "second", "-o", tmp_path / "second.csv", stderr=r".*")
    text = (tmp_path / "first.csv").read_bytes()
    assert text == (tmp_path / "second.csv").read_bytes()
    assert text.count(b"\n") == 541909 + 1


def test_threads_do_not_show(shop, tmp_path):
    for suffix in ("csv", "parquet"):
        files = []
        for threads in (1, 2, 3, 7):
            path = tmp_path / f"t{threads}.{suffix}"
            expect("export", "--store", shop / "store", "-o", path, "--threads", threads,
                   "--set", "export.row_group_rows=1024", stderr=r".*")
            files.append(path.read_bytes())
        assert len(set(files)) == 1


def test_quantities_with_decimals_are_exact(tmp_path):
    rows = shop_rows()[:50]
    for i, row in enumerate(rows):
        row[3] = f"{row[3]}.{i % 8}25"
    write_csv(tmp_path / "t.csv", rows)
    expect("ingest", tmp_path / "t.csv", "--store", tmp_path / "s", "--set", "ingest.quantity_decimals=3", stderr=r".*")
    expect("export", "--store", tmp_path / "s", "-o", tmp_path / "out.csv", stderr=r".*")
    assert sorted(r[3] for r in rows_of(tmp_path / "out.csv")[1:]) == sorted(row[3] for row in rows)


def test_a_memory_limit_makes_smaller_blocks_of_the_same_rows(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    expect("generate", "--rows", 200000, "-o", tmp_path / "g.csv", "-q")
    expect("ingest", tmp_path / "g.csv", "--store", tmp_path / "s", stderr=r".*")
    tables, groups = [], []
    for name, options in (("a", []), ("b", ["--memory-limit", "16MB"])):
        path = tmp_path / f"{name}.parquet"
        expect("export", "--store", tmp_path / "s", "-o", path, *options, stderr=r".*")
        tables.append(pq.read_table(path))
        groups.append(pq.read_metadata(path).num_row_groups)
    assert tables[0].equals(tables[1])
    assert groups == [1, -(-200000 // 65536)]


def test_standard_output(shop, tmp_path):
    expect("export", "--store", shop / "store", "-o", tmp_path / "t.csv", stderr=r".*")
    expect("export", "--store", shop / "store", "-o", "-", stdout=(tmp_path / "t.csv").read_bytes().decode(), stderr=r".*")
    got = subprocess.run([RCX, "export", "--store", shop / "store", "-o", "-", "--format", "parquet"],
                         env=environment(), capture_output=True, check=True, timeout=120)
    assert got.stdout[:4] == got.stdout[-4:] == b"PAR1"
    expect("export", "--store", shop / "store", "-o", "-", "--json", code=2, stdout="",
           stderr=r".*the rows go to standard output, so the report \(--json\) cannot\n.*")


def test_the_report_is_json_when_asked(shop, tmp_path):
    got = expect("export", "--store", shop / "store", "-o", tmp_path / "t.csv", "--json", stderr=r".*")
    report = json.loads(got.stdout)
    assert report["schema"] == "rcx.export/1"
    assert report["rows"] == len(shop_rows())
    assert report["guest_rows"] == sum(row[6] == "" for row in shop_rows())


def test_mistakes(shop, tmp_path):
    store = shop / "store"
    expect("export", "--store", store, "-o", tmp_path / "t.parqet", code=2, stdout="",
           stderr=r".*t\.parqet: unknown file name extension of an output '\.parqet'; did you mean '\.parquet'\?\n.*")
    expect("export", "--store", store, "-o", tmp_path / "t.csv", "--format", "cvs", code=2, stdout="",
           stderr=r".*unknown output format 'cvs'; did you mean 'csv'\?\n.*")
    expect("export", "--store", store, "-o", tmp_path / "t.parquet", "--codec", "sappy", code=2, stdout="",
           stderr=r".*sappy.*snappy.*")
    expect("export", "--store", tmp_path / "none", "-o", tmp_path / "t.csv", code=1, stdout="", stderr=r".*none.*")
    expect("export", "--store", store, "-o", tmp_path / "missing" / "t.csv", code=1, stdout="", stderr=r".*missing.*")
    expect("export", "--store", store, code=2, stdout="", stderr=r".*--output.*")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_a_full_disk(shop, name):
    with open("/dev/full", "wb") as full:
        got = subprocess.run([RCX, "export", "--store", shop / "store", "-o", "-", "--format", name],
                             env=environment(), stdout=full, stderr=subprocess.PIPE, timeout=120)
    assert got.returncode == 1
    assert b"No space left on device" in got.stderr
