"""Round trips of every size through every tool: no rows, one, and a million (RCX_FULL=1; else 5,000), with nulls,
extremes and texts of all planes of Unicode. Each tool writes a Parquet file that we read, and reads the
Parquet and Arrow files that we write from it; pandas and openpyxl do the same with workbooks and CSV."""

import datetime
import os
import subprocess
from pathlib import Path

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

READ = Path(os.environ.get("RCX_BUILD", "build/release")) / "tests/read_table"
FULL = os.environ.get("RCX_FULL") == "1"
SIZES = [0, 1, 2, 1_000_000 if FULL else 5_000]
SCHEMA = pa.schema({"id": pa.int64(), "whole": pa.int64(), "real": pa.float64(), "text": pa.string(), "day": pa.date32(),
                    "time": pa.timestamp("s"), "flag": pa.bool_()})
WORDS = ["a", "née", "日本語", "🧾🛒", "e\u0301", "\u202eabc", "x" * 300, 'q"uo,te', "line\nbreak", "ß\tß", "\U0010ffff", " "]
BIG = 2**63 - 1


def table_of(rows):
    gen = np.random.default_rng(rows)
    mask = gen.random((5, rows)) < 0.2

    def column(kind, values, which=None):
        return pa.array(values, kind, mask=None if which is None else mask[which])

    whole = gen.choice(np.array([BIG, -BIG - 1, 0, -1, 7]), rows)
    real = np.where(gen.random(rows) < 0.5, gen.normal(size=rows) * 1e6, gen.choice(
        np.array([0.0, -0.0, 5e-324, 1.7976931348623157e308, -1.7976931348623157e308, 0.1]), rows))
    seconds = gen.integers(-2**31, 2**32, rows)
    text = pa.array(WORDS).take(pa.array(gen.integers(0, len(WORDS), rows)))
    table = pa.table([column(pa.int64(), np.arange(rows)), column(pa.int64(), whole, 0), column(pa.float64(), real, 1),
                      pa.array(text.to_numpy(zero_copy_only=False), pa.string(), mask=mask[2]),
                      pa.array((seconds // 86400).astype("int32"), pa.int32(), mask=mask[3]).cast(pa.date32()),
                      pa.array(seconds, pa.int64(), mask=mask[4]).cast(pa.timestamp("s")),
                      column(pa.bool_(), gen.random(rows) < 0.5, 0)], schema=SCHEMA)
    return table


def canonical(table):
    """In our columns and types; nothing may be lost by the casts."""
    columns = []
    for field in SCHEMA:
        column = table[field.name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_int32(column.type) or pa.types.is_int8(column.type):
            column = column.cast(pa.int64())
        columns.append(column.cast(field.type).combine_chunks())
    return pa.table(columns, schema=SCHEMA)


def assert_same(got, want):
    got, want = canonical(got), canonical(want)
    assert got.num_rows == want.num_rows
    for name in SCHEMA.names:
        if name == "real":  # to the bit, -0.0 too
            one, other = (t[name].to_numpy(zero_copy_only=False) for t in (got, want))
            nulls = np.isnan(other)
            assert (np.isnan(one) == nulls).all()
            assert (one[~nulls].view("u8") == other[~nulls].view("u8")).all()
        else:
            assert got[name].equals(want[name]), name


def through_us(source, target, *options):
    done = subprocess.run([READ, source, target, *options], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return target


WRITERS = {
    "pyarrow": lambda table, path: pq.write_table(table, path, row_group_size=300_000),
    "duckdb": lambda rows, path: duckdb.sql(f"copy (from rows) to '{path}' (format parquet, codec zstd)"),
    "polars": lambda table, path: pl.from_arrow(table).write_parquet(path),
    "pandas": lambda table, path: table.to_pandas(types_mapper=pd.ArrowDtype).to_parquet(path, index=False),
}
READERS = {
    "pyarrow": pq.read_table,
    "duckdb": lambda path: duckdb.sql(f"from '{path}'").to_arrow_table(),
    "polars": lambda path: pl.read_parquet(path).to_arrow(),
    "pandas": lambda path: pa.Table.from_pandas(pd.read_parquet(path, dtype_backend="pyarrow"), preserve_index=False),
}
ARROW_READERS = {
    "pyarrow": lambda path: pa.ipc.open_file(path).read_all(),
    "polars": lambda path: pl.read_ipc(path).to_arrow(),
    "pandas": lambda path: pa.Table.from_pandas(pd.read_feather(path, dtype_backend="pyarrow"), preserve_index=False),
}


@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("tool", WRITERS)
def test_parquet_and_arrow(tool, rows, tmp_path):
    table = table_of(rows)
    source = tmp_path / "theirs.parquet"
    WRITERS[tool](table, source)
    ours = through_us(source, tmp_path / "ours.parquet")
    assert_same(pq.read_table(ours), table)
    assert_same(READERS[tool](ours), table)
    if tool in ARROW_READERS:
        assert_same(ARROW_READERS[tool](through_us(source, tmp_path / "ours.arrow", "--codec=zstd")), table)


@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".csv.zst"])
def test_csv(ending, rows, tmp_path):
    """Read by pyarrow, Polars, DuckDB and pandas as they write it; our own text back gives the same bytes."""
    source, path = tmp_path / "t.parquet", tmp_path / f"t{ending}"
    table = table_of(rows)
    pq.write_table(table, source)
    through_us(source, path)
    options = pacsv.ConvertOptions(column_types=SCHEMA, strings_can_be_null=True, quoted_strings_can_be_null=False)
    packed = {".gz": "gzip", ".zst": "zstd"}.get(path.suffix)
    with pa.input_stream(path, compression=packed) as stream:
        assert_same(pacsv.read_csv(stream, convert_options=options, parse_options=pacsv.ParseOptions(newlines_in_values=True)), table)
    if rows > 1:  # types are inferred from text
        assert through_us(path, tmp_path / "again.csv").read_bytes() == through_us(source, tmp_path / "plain.csv").read_bytes()
    if ending == ".csv":
        names = {"id": "bigint", "whole": "bigint", "real": "double", "text": "varchar", "day": "date", "time": "timestamp_s", "flag": "boolean"}
        assert_same(duckdb.sql(f"from read_csv('{path}', header = true, auto_detect = false, columns = {names}, delim = ',', "
                               "quote = '\"', escape = '\"', new_line = '\\n')").to_arrow_table(), table)
        frame = pd.read_csv(path, dtype={"whole": "Int64", "text": "string"}, keep_default_na=False,
                            na_values={name: [""] for name in SCHEMA.names}, float_precision="round_trip")
        assert frame["text"].fillna("-").tolist() == [v or "-" for v in table["text"].to_pylist()]
        assert [None if v is pd.NA else int(v) for v in frame["whole"]] == table["whole"].to_pylist()


@pytest.mark.parametrize("rows", [0, 1, 2, 100_000 if FULL else 500])
@pytest.mark.parametrize("tool", ["openpyxl", "pandas"])
def test_workbooks(tool, rows, tmp_path):
    """What workbooks can hold: reals of 15 digits, texts without control characters, no nulls beside empty cells."""
    path = tmp_path / "t.xlsx"
    start = datetime.datetime(2010, 12, 1, 8, 26)
    words = [w for w in WORDS if w.strip()]
    records = [(i, i * 7 - 3 if i % 5 else None, (i + 1) / 8, words[i % len(words)] if i % 7 else None,
                start + datetime.timedelta(minutes=i), i % 2 == 0) for i in range(rows)]
    names = ["id", "whole", "real", "text", "time", "flag"]
    if tool == "openpyxl":
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("S")
        sheet.append(names)
        for record in records:
            sheet.append(record)
        book.save(path)
    else:
        frame = pd.DataFrame.from_records(records, columns=names)
        frame["whole"] = frame["whole"].astype("Int64")
        frame.to_excel(path, index=False)
    after = pq.read_table(through_us(path, tmp_path / "t.parquet"))
    assert after.column_names == names and after.num_rows == rows
    got = [tuple(row.values()) for row in after.to_pylist()]
    assert got == [tuple(v for v in record) for record in records]
