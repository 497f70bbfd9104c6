"""Parquet and CSV files of write_tables, read back by pyarrow, DuckDB and Polars.

The expected values are computed here from the same formulas as in table_cases.c."""

import csv
import io
import math
import os
import pathlib
import struct
import subprocess

import pytest

np = pytest.importorskip("numpy")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
pc = pytest.importorskip("pyarrow.compute")
duckdb = pytest.importorskip("duckdb")
polars = pytest.importorskip("polars")

TYPES = ["bool", "int8", "int32", "int64", "real", "decimal", "date", "time", "text"]
STORAGE = {"bool": pa.bool_(), "int8": pa.int8(), "int32": pa.int32(), "int64": pa.int64(), "real": pa.float64(),
           "decimal": pa.decimal128(18, 4), "date": pa.date32(), "time": pa.timestamp("us"), "text": pa.string()}
EXTREMES = {"bool": (0, 1), "int8": (-128, 127), "int32": (-2**31, 2**31 - 1), "int64": (-2**63, 2**63 - 1),
            "decimal": (-(10**18 - 1), 10**18 - 1), "date": (-719162, 2932896),
            "time": (-62135596800, 253402300799)}
CODECS = {"none": "UNCOMPRESSED", "snappy": "SNAPPY", "zstd": "ZSTD"}
ROWS = {"types": 1003, "nulls": 1003, "empty": 0, "one": 1, "all_null": 300, "million": 1000000}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tables")
    subprocess.run([pathlib.Path(os.environ["RCX_BUILD"]) / "tests" / "write_tables", directory], check=True)
    return directory


# --- expected values ------------------------------------------------------------------------------


def random(stream, rows):
    """SplitMix64 of (stream, row)."""
    row = rows if isinstance(rows, np.ndarray) else np.arange(rows, dtype=np.uint64)
    with np.errstate(over="ignore"):
        z = np.uint64((stream << 40) & (2**64 - 1)) + row * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def nulls_of(column, rows, one_in, start):
    mask = random(100 + column, rows) % np.uint64(one_in) == 0
    mask[:start] = False
    return mask


def stored(name, rows):
    """The integers behind a column of the all-types tables (reals: the reals)."""
    r = random(TYPES.index(name), rows)
    if name == "real":
        return (r.view(np.int64) >> 11).astype(np.float64) / 1048576
    if name == "text":
        return (r % np.uint64(1000)).astype(np.int64)
    if name == "bool":
        values = (r & np.uint64(1)).astype(np.int64)
    elif name == "decimal":
        values = (r % np.uint64(1999999999999999999)).astype(np.int64) - 999999999999999999
    elif name == "date":
        values = (r % np.uint64(200000)).astype(np.int64) - 100000
    elif name == "time":
        values = (r % np.uint64(20000000000)).astype(np.int64) - 10000000000
    else:
        values = r.view(np.int64).astype({"int8": np.int8, "int32": np.int32, "int64": np.int64}[name]).astype(np.int64)
    values[:2] = EXTREMES[name][:rows]
    return values


def decimals(values):
    """int64 values times 10^-4 as a decimal array without going through text."""
    low = values.astype(np.int64)
    pairs = np.empty((len(low), 2), dtype=np.int64)
    pairs[:, 0], pairs[:, 1] = low, low >> 63
    return pa.Array.from_buffers(pa.decimal128(18, 4), len(low), [None, pa.py_buffer(pairs.tobytes())])


def with_nulls(array, mask):
    return array if mask is None else pc.if_else(pa.array(~mask), array, pa.scalar(None, array.type))


def all_types(rows, one_in=None, start=0):
    columns = {}
    for index, name in enumerate(TYPES):
        values = stored(name, rows)
        mask = nulls_of(index, rows, one_in, start) if one_in else None
        if name == "bool":
            array = pa.array(values.astype(bool))
        elif name == "decimal":
            array = decimals(values)
        elif name == "date":
            array = pa.array(values.astype(np.int32)).view(pa.date32())
        elif name == "time":
            array = pa.array(values * 1000000).view(pa.timestamp("us"))
        elif name == "text":
            array = pa.array([f"t{v}" for v in range(1000)]).take(pa.array(values))
        else:
            array = pa.array(values, type=STORAGE[name])
        columns[name] = with_nulls(array, mask)
    return pa.table(columns)


def reals(rows=340):
    listed = [0.0, -0.0, 1.0, -1.0, 0.1, 1e300, -1e300, 5e-324, 1e16, 1e15, 123456.5, 1e-5, math.inf, -math.inf,
              2.5e-7, 1.0 / 3, None]
    return pa.table({"mixed": pa.array([listed[i % 17] for i in range(rows)], pa.float64()),
                     "zeros": pa.array([0.0] * rows), "negative_zero": pa.array([-0.0] * rows),
                     "infinite": pa.array([math.inf if i % 2 else -math.inf for i in range(rows)])})


ODD_TEXTS = ["", "plain", "with,comma", 'with "quotes"', "two\nlines", "cr\rlf\r\n", "Straße", "日本", "🛒 cart",
             " padded ", "'single'", "tab\tinside", "NULL", "nan", "1e5", "\ufeffbom", ";"]


def texts(rows=200):
    values = [None if i >= 5 and (i - 5) % 11 == 0 else ODD_TEXTS[i % len(ODD_TEXTS)] for i in range(rows)]
    return pa.table({'a,"name"': pa.array(values), "number": pa.array(range(rows), pa.int32())})


def long_texts(rows=400):
    r = random(400, rows)
    lengths = [3000000 if i == 7 else int(r[i]) % (300000 if i % 10 == 0 else 100) for i in range(rows)]
    return pa.table({"text": pa.array([chr(97 + i % 26) * n for i, n in enumerate(lengths)])})


def repeated_texts(rows=200000):
    codes = (random(500, rows) % np.uint64(200)).astype(np.int64)
    return pa.table({"text": pa.array([f"repeated {i:03}" for i in range(200)]).take(pa.array(codes))})


def distributions(rows=1000000):
    row = np.arange(rows, dtype=np.uint64)
    u = np.uint64
    r = [random(200 + d, rows) for d in range(7)]
    values = [np.full(rows, 42, dtype=np.uint64), r[1] % u(13) * u(1000003), r[2] % u(60000) * u(1000003),
              r[3] >> u(1), random(300, row // u(50) + r[4] % u(97) // u(90)) % u(500000), row * u(7),
              np.where(row // u(100000) % u(2) > 0, r[6] % u(5), r[6] % u(100000))]
    columns = {}
    for name, value in zip(["constant", "few", "many", "distinct", "runs", "sorted", "striped"], values):
        for kind in ("int", "real"):
            index = len(columns)
            array = pa.array(value.astype(np.int64)) if kind == "int" else pa.array(value.astype(np.float64) / 8)
            mask = (row // u(1000) % u(7) == u(index % 7)) if index % 3 == 0 else None
            columns[f"{name}_{kind}"] = with_nulls(array, mask)
    return pa.table(columns)


EXPECTED = {
    "types": lambda: all_types(1003), "nulls": lambda: all_types(1003, 5, 2), "empty": lambda: all_types(0),
    "one": lambda: all_types(1), "all_null": lambda: all_types(300, 1, 0), "reals": reals, "texts": texts,
    "long_texts": long_texts, "repeated_texts": repeated_texts, "million": lambda: all_types(1000000, 5, 2),
    "distributions": distributions,
}
_cache = {}


def expected(case):
    if case not in _cache:
        _cache[case] = EXPECTED[case]()
    return _cache[case]


def bits(column):
    """Floats as bits, so that the zeros differ and a NaN would show."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return pc.if_else(column.is_valid(), pa.array(column.to_numpy(zero_copy_only=False).view(np.int64)),
                      pa.scalar(None, pa.int64())) if column.type == pa.float64() else column


def assert_same(got, want):
    assert got.column_names == want.column_names
    assert got.num_rows == want.num_rows
    for name in want.column_names:
        a, b = got[name], want[name]
        assert a.type == b.type, name
        assert a.null_count == b.null_count, name
        if b.type == pa.float64():
            a, b = bits(a), bits(b)
            assert pa.chunked_array([a]).equals(pa.chunked_array([b])), name
        else:
            assert a.equals(pa.chunked_array(b) if isinstance(b, pa.Array) else b), name


def plain_types(table):
    """Polars' and DuckDB's Arrow types that mean the same as ours."""
    columns = []
    for column in table.columns:
        if column.type in (pa.large_string(), pa.string_view()):
            column = column.cast(pa.string())
        columns.append(column)
    return pa.table(columns, names=table.column_names)


# --- the readers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("case", EXPECTED)
def test_pyarrow(files, case, codec):
    table = pq.read_table(files / f"{case}.{codec}.parquet")
    assert_same(table, expected(case))
    table.validate(full=True)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("case", EXPECTED)
def test_duckdb(files, case, codec):
    table = duckdb.sql(f"select * from '{files}/{case}.{codec}.parquet'").to_arrow_table()
    assert_same(plain_types(table), expected(case))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("case", EXPECTED)
def test_polars(files, case, codec):
    frame = polars.read_parquet(files / f"{case}.{codec}.parquet")
    table = plain_types(frame.to_arrow())
    want = expected(case)
    assert [str(t) for t in table.schema.types] == [str(t) for t in want.schema.types]
    assert_same(table, want)


def test_pushed_down_filters_agree(files):
    """Readers skip pages and row groups by our statistics: what is left must be what a scan finds."""
    want = expected("distributions")
    path = files / "distributions.zstd.parquet"
    for column, low, high in (("sorted_int", 3_500_000, 3_500_700), ("striped_int", 99_990, 100_000),
                              ("many_int", 5_000_015, 5_000_015), ("sorted_real", 100.0, 200.0)):
        mask = pc.and_(pc.greater_equal(want[column], low), pc.less_equal(want[column], high))
        count = want.filter(mask).num_rows
        assert count > 0
        assert pq.read_table(path, filters=[(column, ">=", low), (column, "<=", high)]).num_rows == count
        assert duckdb.sql(f"select count(*) from '{path}' where {column} between {low} and {high}").fetchall()[0][0] == count
        lazy = polars.scan_parquet(path).filter(polars.col(column).is_between(low, high))
        assert lazy.select(polars.len()).collect().item() == count


# --- metadata -------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("case", EXPECTED)
def test_statistics(files, case, codec):
    meta = pq.read_metadata(files / f"{case}.{codec}.parquet")
    want = expected(case)
    assert meta.num_rows == want.num_rows
    assert meta.created_by.startswith("rcx version ")
    assert meta.num_row_groups == (1 if want.num_rows else 0)
    for c, name in enumerate(want.column_names):
        column = want[name]
        for g in range(meta.num_row_groups):
            chunk = meta.row_group(g).column(c)
            assert chunk.path_in_schema == name
            assert chunk.compression == CODECS[codec]
            assert chunk.num_values == want.num_rows
            assert chunk.has_offset_index
            assert chunk.has_column_index == (column.type != pa.string())
            assert chunk.statistics.null_count == column.null_count
            if column.null_count == len(column):
                assert not chunk.statistics.has_min_max
                continue
            check_bounds(chunk.statistics, column)


def check_bounds(statistics, column):
    assert statistics.has_min_max
    if column.type == pa.string():
        values = [v.encode() for v in pc.unique(column).drop_null().to_pylist()]
        low, high = min(values), max(values)
        got_low, got_high = statistics.min.encode(), statistics.max.encode()
        assert got_low <= low and got_high >= high
        assert len(got_low) <= 64 and len(got_high) <= 64
        assert (got_low == low) == (len(low) <= 64) and (got_high == high) == (len(high) <= 64)
        return
    both = pc.min_max(column)
    assert statistics.min == both["min"].as_py() and statistics.max == both["max"].as_py()
    if column.type == pa.float64() and statistics.min == 0:
        assert math.copysign(1, statistics.min) == -1
    if column.type == pa.float64() and statistics.max == 0:
        assert math.copysign(1, statistics.max) == 1


def test_encodings_are_chosen_by_size(files):
    meta = pq.read_metadata(files / "distributions.none.parquet")
    used = {meta.row_group(0).column(c).path_in_schema: set(meta.row_group(0).column(c).encodings)
            for c in range(meta.num_columns)}
    for name in ("constant", "few", "many", "runs", "striped"):
        for kind in ("int", "real"):
            assert "RLE_DICTIONARY" in used[f"{name}_{kind}"], name
    for name in ("distinct", "sorted"):
        for kind in ("int", "real"):
            assert used[f"{name}_{kind}"] == {"PLAIN", "RLE"}, name
    meta = pq.read_metadata(files / "repeated_texts.none.parquet")
    assert "RLE_DICTIONARY" in meta.row_group(0).column(0).encodings


@pytest.mark.parametrize("case", ["million", "distributions", "repeated_texts", "nulls"])
@pytest.mark.parametrize("codec", ["snappy", "zstd"])
def test_no_larger_than_pyarrow(files, tmp_path, case, codec):
    level = 3 if codec == "zstd" else None
    pq.write_table(expected(case), tmp_path / "t.parquet", compression=codec, compression_level=level)
    ours = (files / f"{case}.{codec}.parquet").stat().st_size
    theirs = (tmp_path / "t.parquet").stat().st_size
    assert ours <= theirs * 1.005


def test_schema(files):
    schema = pq.ParquetFile(files / "nulls.snappy.parquet").schema
    logical = {schema.column(c).name: (schema.column(c).physical_type, str(schema.column(c).logical_type))
               for c in range(len(schema))}
    assert logical == {
        "bool": ("BOOLEAN", "None"), "int8": ("INT32", "Int(bitWidth=8, isSigned=true)"),
        "int32": ("INT32", "Int(bitWidth=32, isSigned=true)"), "int64": ("INT64", "Int(bitWidth=64, isSigned=true)"),
        "real": ("DOUBLE", "None"), "decimal": ("INT64", "Decimal(precision=18, scale=4)"), "date": ("INT32", "Date"),
        "time": ("INT64", "Timestamp(isAdjustedToUTC=false, timeUnit=microseconds, is_from_converted_type=false, "
                          "force_set_converted_type=false)"),
        "text": ("BYTE_ARRAY", "String")}
    # Only columns that can hold null are optional; a real can always (NaN).
    assert all(schema.column(c).max_definition_level == 1 for c in range(len(schema)))
    schema = pq.ParquetFile(files / "types.snappy.parquet").schema
    assert [schema.column(c).name for c in range(len(schema)) if schema.column(c).max_definition_level] == ["real"]


def test_stream_of_row_groups(files):
    """Calls of 136 rows in row groups of at most 100; metadata replaced and added at the end."""
    path = files / "stream.parquet"
    assert_same(pq.read_table(path), expected("nulls"))
    meta = pq.read_metadata(path)
    sizes = [meta.row_group(g).num_rows for g in range(meta.num_row_groups)]
    assert sizes == [100, 36] * 7 + [51]
    assert meta.metadata == {b"case": b"interop", b"empty": b"replaced", b"last": b"at the end"}
    assert [s.column_index for s in meta.row_group(3).sorting_columns] == [2, 8]
    assert not any(s.descending or s.nulls_first for s in meta.row_group(3).sorting_columns)
    assert duckdb.sql(f"select count(*) from parquet_kv_metadata('{path}')").fetchall()[0][0] == 3


def test_small_calls_are_gathered(files):
    path = files / "gathered.parquet"
    assert_same(pq.read_table(path), expected("nulls"))
    assert pq.read_metadata(path).num_row_groups == 1


def test_file_ends_with_its_footer(files):
    data = (files / "types.snappy.parquet").read_bytes()
    assert data[:4] == data[-4:] == b"PAR1"
    assert struct.unpack("<I", data[-8:-4])[0] < len(data) - 12


# --- CSV ------------------------------------------------------------------------------------------


def csv_cell(value, kind, alone):
    if value is None:
        return '""' if alone else ""
    if kind == pa.bool_():
        return "1" if value else "0"
    if kind == pa.float64():
        return repr(value)
    if kind == pa.timestamp("us"):
        return f"{value.year:04}-{value:%m-%d %H:%M:%S}"
    if kind == pa.date32():
        return value.isoformat()
    text = str(value)
    if text == "" or any(c in text for c in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


@pytest.mark.parametrize("case", ["types", "nulls", "empty", "one", "all_null", "reals", "texts", "long_texts"])
def test_csv_text(files, case):
    want = expected(case)
    alone = want.num_columns == 1
    lines = [",".join(csv_cell(n, pa.string(), alone) for n in want.column_names)]
    columns = [c.to_pylist() for c in want.columns]
    for row in zip(*columns):
        lines.append(",".join(csv_cell(v, t, alone) for v, t in zip(row, want.schema.types)))
    assert (files / f"{case}.csv").read_bytes().decode() == "\n".join(lines) + "\n"


def test_csv_is_read_by_others(files):
    text = (files / "texts.csv").read_bytes().decode()
    rows = list(csv.reader(io.StringIO(text, newline="")))
    want = texts()
    assert rows[0] == want.column_names
    assert [r[0] for r in rows[1:]] == [v or "" for v in want[0].to_pylist()]
    got = duckdb.sql(f"select * from read_csv('{files}/million.csv', all_varchar = false)").to_arrow_table()
    million = expected("million")
    for name in ("int8", "int32", "int64", "real", "text"):
        assert got[name].null_count == million[name].null_count
        assert got[name].cast(million[name].type).equals(million[name]), name
