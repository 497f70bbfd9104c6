"""Arrow IPC files (Feather V2) as pyarrow, Polars, DuckDB and pandas read them."""
import os
import subprocess
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from test_table_source import READ, expected, table_of

CODECS = ["none", "lz4", "zstd", "snappy"]
FULL = bool(os.environ.get("RCX_FULL"))


def write(table, tmp_path, codec, **options):
    """The table through the table source into .arrow; and what the source holds of it."""
    source, out, plain = tmp_path / "t.parquet", tmp_path / "t.arrow", tmp_path / "plain.parquet"
    pq.write_table(table, source, **options)
    for target in (out, plain):
        extra = [f"--codec={codec}"] if target == out else []
        done = subprocess.run([READ, source, target, *extra], capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
    return out, pq.read_table(plain)


def check(after, before):
    assert after.column_names == before.column_names
    for name in before.column_names:
        kind = "time" if pa.types.is_timestamp(before[name].type) else "other"
        column = after[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(pa.string())
        assert expected(column, kind) == expected(before[name], kind), name


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("rows", [0, 1, 7, 3000, 70000])
def test_pyarrow(codec, rows, tmp_path):
    out, before = write(table_of(rows, seed=rows).drop_columns(["many"] if rows > 3000 else []), tmp_path, codec)
    with pa.ipc.open_file(out) as file:
        after = file.read_all()
        assert file.num_record_batches == (rows + 65535) // 65536
    after.validate(full=True)
    check(after, before)
    assert pa.types.is_dictionary(after["text"].type) and after["us"].type == pa.timestamp("s")
    assert feather.read_table(out).equals(after)


@pytest.mark.parametrize("codec", CODECS)
def test_polars_pandas_duckdb(codec, tmp_path):
    out, before = write(table_of(5000).drop_columns(["d9", "d18", "d38"]), tmp_path, codec)
    frame = pl.read_ipc(out)
    assert frame["text"].cast(pl.String).to_list() == before["text"].to_pylist()
    assert frame["i64"].to_list() == before["i64"].to_pylist()
    assert frame["date"].to_list() == before["date"].to_pylist()
    assert [None if v is None else v.hex() for v in frame["f64"].to_list()] == \
        [None if v is None else v.hex() for v in before["f64"].to_pylist()]
    assert pd.read_feather(out)["many"].tolist() == before["many"].to_pylist()
    after_table = pa.ipc.open_file(out).read_all()
    assert after_table.num_rows == 5000
    assert duckdb.sql("select count(distinct text) n, sum(steps) s from after_table").fetchall() == \
        duckdb.sql("select count(distinct text) n, sum(steps) s from before").fetchall()


@pytest.mark.parametrize("rows", [1000000] if FULL else [150000])
def test_large_and_same_for_any_threads(rows, tmp_path):
    out, before = write(table_of(rows).select(["i64", "f64", "text", "date"]), tmp_path, "lz4", row_group_size=40000)
    check(pa.ipc.open_file(out).read_all(), before)


def test_metadata_of_the_feature_table(tmp_path):
    rcx = os.environ["RCX"]
    shop, store, out = tmp_path / "shop.csv", tmp_path / "store", tmp_path / "f.arrow"
    for words in (["generate", "--rows", "20000", "--customers", "500", "-o", shop, "-q"], ["ingest", shop, "--store", store],
                  ["features", "--store", store, "-o", out], ["features", "--store", store, "-o", tmp_path / "f.parquet"],
                  ["export", "--store", store, "-o", tmp_path / "e.arrow"], ["export", "--store", store, "-o", tmp_path / "e.parquet"],
                  ["features", "--store", store, "-o", tmp_path / "f2.arrow", "--threads", "1"]):
        done = subprocess.run([rcx, *words], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
    for name in ("f", "e"):
        check(pa.ipc.open_file(tmp_path / f"{name}.arrow").read_all(), pq.read_table(tmp_path / f"{name}.parquet"))
    assert pa.ipc.open_file(out).read_all().drop_columns([]).equals(pa.ipc.open_file(tmp_path / "f2.arrow").read_all())
    assert pa.ipc.open_file(out).schema.metadata


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_compressed_csv(ending, tmp_path):
    source, plain, packed = tmp_path / "t.parquet", tmp_path / "t.csv", tmp_path / f"t.csv{ending}"
    pq.write_table(table_of(20000), source)
    for out in (plain, packed):
        assert subprocess.run([READ, source, out], timeout=120).returncode == 0
    assert packed.stat().st_size < plain.stat().st_size
    with pa.input_stream(packed, compression="gzip" if ending == ".gz" else "zstd") as stream:
        assert stream.read() == plain.read_bytes()
    again = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for text, out in zip((plain, packed), again):
        assert subprocess.run([READ, text, out], timeout=120).returncode == 0
    assert again[0].read_bytes() == again[1].read_bytes()
    refused = subprocess.run([READ, source, tmp_path / f"t.parquet{ending}"], capture_output=True, text=True, timeout=120)
    assert refused.returncode == 1 and "compressed inside" in refused.stderr
