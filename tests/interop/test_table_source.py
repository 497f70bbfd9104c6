"""Parquet files of pyarrow, DuckDB and Polars through the table source: every physical and logical
type, encoding, codec and page version that docs/tables.md names, and refusals by name."""

import datetime
import decimal
import os
import random
import subprocess
from pathlib import Path

import duckdb
import numpy as np
import openpyxl
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

BUILD = Path(os.environ.get("RCX_BUILD", "build/release"))
READ = BUILD / "tests/read_table"
CODECS = ["NONE", "SNAPPY", "GZIP", "ZSTD", "LZ4"]  # pyarrow's LZ4 is LZ4_RAW
FULL = bool(os.environ.get("RCX_FULL"))


def read(path, tmp_path, *columns):
    """What the table source makes of the file, and the types it found."""
    out = tmp_path / "out.parquet"
    done = subprocess.run([READ, path, out, *columns], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return pq.read_table(out), done.stdout.split()


def refused(path, tmp_path, *columns):
    done = subprocess.run([READ, path, tmp_path / "no.parquet", *columns], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stdout
    assert not (tmp_path / "no.parquet").exists()
    return done.stderr


def texts(rng, rows, distinct):
    words = ["", "a", "née", "日本語", "x" * 300, "quote\"", "line\nbreak"] + [f"word-{i:05d}" for i in range(distinct)]
    return [rng.choice(words) for _ in range(rows)]


def table_of(rows, seed=1, nulls=True):
    rng = random.Random(seed)
    gen = np.random.default_rng(seed)
    big = 2**63 - 1

    def some(values):
        return [None if nulls and rng.random() < 0.2 else v for v in values]

    seconds = [rng.randrange(-2**31, 2**32) for _ in range(rows)]
    reals = [rng.choice([0.0, -0.0, 1.5, float("inf"), -float("inf"), 5e-324, 1.7e308, rng.gauss(0, 1)]) for _ in range(rows)]
    singles = [np.float32(v) if abs(v) < 1e38 else v for v in reals]
    return pa.table({
        "bool": pa.array(some([rng.random() < 0.7 for _ in range(rows)]), pa.bool_()),
        "i8": pa.array(some([rng.choice([-128, 127, 0, 5]) for _ in range(rows)]), pa.int8()),
        "i16": pa.array(some([rng.choice([-2**15, 2**15 - 1, 7]) for _ in range(rows)]), pa.int16()),
        "i32": pa.array(some([rng.choice([-2**31, 2**31 - 1, rng.randrange(1000)]) for _ in range(rows)]), pa.int32()),
        "i64": pa.array(some([rng.choice([-big - 1, big, rng.randrange(10**6)]) for _ in range(rows)]), pa.int64()),
        "steps": pa.array(np.cumsum(gen.integers(-3, 9, rows)), pa.int64()),
        "u8": pa.array(some([rng.randrange(256) for _ in range(rows)]), pa.uint8()),
        "u16": pa.array(some([rng.randrange(65536) for _ in range(rows)]), pa.uint16()),
        "u32": pa.array(some([rng.choice([0, 2**32 - 1, 9]) for _ in range(rows)]), pa.uint32()),
        "u64": pa.array(some([rng.choice([0, big, 9]) for _ in range(rows)]), pa.uint64()),
        "f32": pa.array(some(singles), pa.float32()),
        "f64": pa.array(some(reals), pa.float64()),
        "text": pa.array(some(texts(rng, rows, 50)), pa.string()),
        "many": pa.array([f"key-{rng.randrange(10**9)}" for _ in range(rows)], pa.string()),
        "date": pa.array(some([datetime.date.fromordinal(rng.randrange(1, 3000000)) for _ in range(rows)]), pa.date32()),
        "ms": pa.array(some([s * 1000 for s in seconds]), pa.timestamp("ms")),
        "us": pa.array(some([s * 10**6 for s in seconds]), pa.timestamp("us")),
        "ns": pa.array(some([s * 10**9 for s in seconds]), pa.timestamp("ns")),
        "utc": pa.array(some([s * 10**6 for s in seconds]), pa.timestamp("us", "UTC")),
        "d9": pa.array(some([decimal.Decimal(rng.randrange(-10**9 + 1, 10**9)).scaleb(-2) for _ in range(rows)]), pa.decimal128(9, 2)),
        "d18": pa.array(some([decimal.Decimal(rng.randrange(-10**18 + 1, 10**18)).scaleb(-4) for _ in range(rows)]), pa.decimal128(18, 4)),
        "d38": pa.array(some([decimal.Decimal(rng.randrange(-10**17, 10**17)).scaleb(-6) for _ in range(rows)]), pa.decimal128(38, 6)),
    })


TYPES = {"bool": "bool", "i8": "int8", "i16": "int32", "i32": "int32", "i64": "int64", "steps": "int64", "u8": "int32", "u16": "int32",
         "u32": "int64", "u64": "int64", "f32": "real", "f64": "real", "text": "text", "many": "text", "date": "date", "ms": "time",
         "us": "time", "ns": "time", "utc": "time", "d9": "decimal", "d18": "decimal", "d38": "decimal"}


def expected(column, kind):
    """The column as our types hold it."""
    if kind == "real":
        values = np.array([np.nan if v is None else float(v) for v in column.to_pylist()])
        return [None if np.isnan(v) else v for v in values]
    if kind == "time":
        unit = {"s": 1, "ms": 1000, "us": 10**6, "ns": 10**9}[column.type.unit]
        return [None if v is None else v // unit for v in column.cast(pa.int64()).to_pylist()]
    return column.to_pylist()


def check(path, tmp_path, kinds=TYPES):
    before = pq.read_table(path)
    after, found = read(path, tmp_path)
    assert after.column_names == before.column_names
    assert found == [kinds[name] for name in before.column_names]
    for name, kind in zip(before.column_names, found):
        got = expected(after[name], kind)
        want = expected(before[name], kind)
        if kind == "real":
            assert [None if v is None else v.hex() for v in got] == [None if v is None else v.hex() for v in want], name
        else:
            assert got == want, name


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("nulls", [False, True])
def test_pyarrow(codec, version, nulls, tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(table_of(3000, nulls=nulls), path, compression=codec, data_page_version=version, row_group_size=700,
                   data_page_size=2048, write_page_checksum=nulls)
    check(path, tmp_path)


ENCODINGS = {
    "plain": {name: "PLAIN" for name in TYPES},
    "delta": {**{name: "DELTA_BINARY_PACKED" for name in ("i8", "i16", "i32", "i64", "steps", "u8", "u16", "u32", "u64", "date", "ms", "us", "ns", "utc")},
              "text": "DELTA_BYTE_ARRAY", "many": "DELTA_LENGTH_BYTE_ARRAY", "bool": "RLE", "d9": "DELTA_BYTE_ARRAY", "d38": "DELTA_BYTE_ARRAY"},
    "delta texts": {"text": "DELTA_LENGTH_BYTE_ARRAY", "many": "DELTA_BYTE_ARRAY"},
    "split": {name: "BYTE_STREAM_SPLIT" for name in ("f32", "f64", "i32", "i64", "date", "us", "d9", "d18", "d38")},
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("rows", [0, 1, 2, 127, 128, 129, 5000])
def test_encodings(encoding, version, rows, tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(table_of(rows, seed=rows, nulls=rows % 2 == 1), path, compression="SNAPPY", use_dictionary=False,
                   column_encoding=ENCODINGS[encoding], data_page_version=version, data_page_size=4096)
    check(path, tmp_path)


def test_int96_and_bare_bytes(tmp_path):
    table = pa.table({"ns": table_of(500)["ns"], "text": table_of(500)["text"].cast(pa.binary())})
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, use_deprecated_int96_timestamps=True)
    after, found = read(path, tmp_path)
    assert found == ["time", "text"]
    assert expected(after["ns"], "time") == expected(pq.read_table(path)["ns"], "time")
    assert after["text"].to_pylist() == [None if v is None else v.decode() for v in table["text"].to_pylist()]


def test_parts_of_a_second_are_cut_off(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"t": pa.array([1500, -1500, 999, -1], pa.timestamp("ms"))}), path)
    assert expected(read(path, tmp_path)[0]["t"], "time") == [1, -2, 0, -1]


@pytest.mark.parametrize("codec", ["uncompressed", "snappy", "gzip", "zstd", "lz4_raw"])
def test_duckdb(codec, tmp_path):
    source, path = tmp_path / "source.parquet", tmp_path / "t.parquet"
    pq.write_table(table_of(4000).drop_columns(["f32", "f64", "u64"]), source)
    for version in ("V1", "V2"):
        duckdb.sql(f"COPY (FROM '{source}') TO '{path}' (FORMAT parquet, CODEC '{codec}', ROW_GROUP_SIZE 2048, PARQUET_VERSION {version})")
        # Compared with the source: pyarrow cannot read all that DuckDB writes as V2.
        before, (after, _) = pq.read_table(source), read(path, tmp_path)
        for name in before.column_names:
            kind = TYPES[name] if TYPES[name] == "time" else "other"
            assert expected(after[name], kind) == expected(before[name], kind), (name, version)


@pytest.mark.parametrize("codec", ["uncompressed", "snappy", "gzip", "zstd", "lz4"])
def test_polars(codec, tmp_path):
    path = tmp_path / "t.parquet"
    frame = pl.from_arrow(table_of(4000).drop_columns(["d38", "d9", "d18"]))
    frame.write_parquet(path, compression=codec, row_group_size=1000, data_page_size=1000)
    before, (after, found) = pq.read_table(path), read(path, tmp_path)
    for name, kind in zip(before.column_names, found):
        assert expected(after[name], kind) == expected(before[name], kind), name


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_row_groups_without_rows_and_columns_of_the_null_type(codec, version, tmp_path):
    path = tmp_path / "t.parquet"
    table = pa.table({"a": [1, 2], "b": ["x", None], "none": pa.nulls(2)})
    with pq.ParquetWriter(path, table.schema, compression=codec, data_page_version=version) as writer:
        for part in (table.slice(0, 0), table, table.slice(0, 0), table, table.slice(0, 0)):
            writer.write_table(part)
    assert [pq.ParquetFile(path).metadata.row_group(i).num_rows for i in range(5)] == [0, 2, 0, 2, 0]
    after, found = read(path, tmp_path)
    assert found == ["int64", "text", "real"]
    assert after.to_pydict() == {"a": [1, 2, 1, 2], "b": ["x", None, "x", None], "none": [None] * 4}


def test_null_columns_of_the_others(tmp_path):
    path = tmp_path / "t.parquet"
    for write in (lambda: pl.DataFrame({"a": [1, 2], "n": [None, None]}).write_parquet(path),
                  lambda: duckdb.sql(f"copy (select unnest([1, 2]) a, null n) to '{path}' (format parquet)"),
                  lambda: pl.DataFrame({"a": [1, 2], "n": [None, None]}).with_columns(n=pl.col("n").cast(pl.Categorical)).write_parquet(path)):
        write()
        after, _ = read(path, tmp_path)
        assert after.to_pydict() == {"a": [1, 2], "n": [None, None]}


def test_a_workbook(tmp_path):
    path = tmp_path / "t.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["id", "x", "t", "flag", "note"])
    rows = [(f"{i:03d}", i * 1.5, datetime.datetime(2020, 1, 1 + i, 3, 4), i % 2 == 0, None if i else 'q"x,y\nz') for i in range(20)]
    for row in rows:
        sheet.append(row)
    book.save(path)
    after, found = read(path, tmp_path)
    assert found == ["text", "real", "time", "bool", "text"]
    assert [tuple(row.values()) for row in after.to_pylist()] == rows
    assert read(path, tmp_path, "note", "x")[0].column_names == ["note", "x"]


@pytest.mark.skipif(not os.environ.get("RCX_DATA_DIR"), reason="needs the real data")
def test_the_real_workbook(tmp_path):
    after, found = read(Path(os.environ["RCX_DATA_DIR"]) / "online_retail.xlsx", tmp_path)
    assert found == ["text", "text", "text", "int64", "time", "real", "int64", "text"]
    assert after.num_rows == 541909 and after["CustomerID"].null_count == 135080
    assert pc.sum(after["Quantity"]).as_py() == 5176450
    assert pc.min(after["InvoiceDate"]).as_py() == datetime.datetime(2010, 12, 1, 8, 26)


@pytest.mark.parametrize("command", [
    ["gbdt", "train", "--label", "a", "--objective", "l2", "-m", "OUT", "--data"], ["kmeans", "--k", "2", "-o", "OUT", "--data"],
    ["btyd", "fit", "--model", "bgnbd", "-o", "OUT", "--data"]])
def test_a_damaged_file_is_exit_3_in_every_command(command, tmp_path):
    path = tmp_path / "t.parquet"
    gen = np.random.default_rng(1)
    pq.write_table(pa.table({name: gen.random(5000) + 1 for name in ("a", "frequency", "recency", "T")}), path,
                   compression="NONE", use_dictionary=False, write_page_checksum=True)
    whole = path.read_bytes()
    bad = bytearray(whole)
    bad[len(bad) // 2] ^= 4
    for data in (whole[:-30], bytes(bad), whole[:-8] + b"\xff\xff\xff\x7fPAR1"):
        path.write_bytes(data)
        words = [str(tmp_path / "out.csv") if w == "OUT" else w for w in command]
        done = subprocess.run([os.environ["RCX"], *words, path], capture_output=True, text=True, timeout=60)
        assert done.returncode == 3 and "t.parquet" in done.stderr, done.stderr
        assert not (tmp_path / "out.csv").exists()


def test_columns_by_name(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(table_of(100), path)
    after, found = read(path, tmp_path, "text", "i8")
    assert after.column_names == ["text", "i8"] and found == ["text", "int8"]
    assert "no column 'i9'; did you mean" in refused(path, tmp_path, "i9").replace(" (did", "; did")


@pytest.mark.parametrize("rows", [1000000 if FULL else 200000])
def test_large(rows, tmp_path):
    path = tmp_path / "t.parquet"
    gen = np.random.default_rng(5)
    table = pa.table({"k": pa.array(np.sort(gen.integers(0, rows, rows))), "x": pa.array(gen.normal(size=rows)),
                      "t": pa.array([f"t{v}" for v in gen.integers(0, 5000, rows)])})
    pq.write_table(table, path, row_group_size=rows // 7, compression="ZSTD")
    after, _ = read(path, tmp_path)
    assert after.select(["k", "x", "t"]).equals(table.cast(after.schema))


@pytest.mark.parametrize("name, array, part", [
    ("nested", pa.array([[1, 2], [3]]), "nested"),
    ("struct", pa.array([{"a": 1}, {"a": 2}]), "nested"),
    ("clock", pa.array([1, 2], pa.time64("us")), "time of day"),
    ("wide", pa.array([2**64 - 1, 1], pa.uint64()), "9,223,372,036,854,775,807"),
    ("bytes", pa.array([b"\xff\xfe", b"a"], pa.binary()), "UTF-8"),
    ("decimal", pa.array([decimal.Decimal(10) ** 30], pa.decimal128(38, 0)), "18 digits"),
    ("half", pa.array(np.float16([1.5, 2.0]), pa.float16()), "half"),
])
def test_refused_by_name(name, array, part, tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({name: array}), path)
    message = refused(path, tmp_path)
    assert part in message and f"'{name}'" in message


def test_brotli_is_refused_by_name(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [1, 2]}), path, compression="BROTLI")
    assert "Brotli" in refused(path, tmp_path)


def test_a_flipped_bit_is_seen(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": np.arange(10000)}), path, compression="NONE", use_dictionary=False, write_page_checksum=True)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    assert "checksum" in refused(path, tmp_path)


def test_csv_of_pandas(tmp_path):
    table = table_of(3000).select(["i64", "f64", "many", "date", "us"]).to_pandas()
    path = tmp_path / "t.csv"
    table["us"] = table["us"].dt.strftime("%Y-%m-%d %H:%M:%S")
    table.to_csv(path, index=False)
    after, found = read(path, tmp_path)
    assert found[1:] == ["real", "text", "date", "time"]
    got, want = after["f64"].to_pylist(), table["f64"].tolist()
    assert all((g is None and np.isnan(w)) or g == w for g, w in zip(got, want))
