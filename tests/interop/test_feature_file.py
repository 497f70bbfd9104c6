"""A feature table put together from runs of rcx features --append, read by pyarrow, DuckDB and Polars:
what they find is what the CSV of the whole says, snapshot by snapshot and customer by customer."""
import io
import json
import os
import subprocess

import pytest

pa = pytest.importorskip("pyarrow")
pacsv = pytest.importorskip("pyarrow.csv")
pq = pytest.importorskip("pyarrow.parquet")
duckdb = pytest.importorskip("duckdb")
polars = pytest.importorskip("polars")

RCX = os.environ.get("RCX", "build/dev/rcx")


def rcx(*arguments):
    done = subprocess.run([RCX, *map(str, arguments)], capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=["snappy", "zstd", "none"])
def table(request, tmp_path_factory):
    """(path of the appended table, the same rows as Arrow, from CSV)"""
    folder = tmp_path_factory.mktemp("features")
    rcx("generate", "--rows", 60000, "--customers", 3000, "--seed", 3, "-o", folder / "shop.csv", "-q")
    rcx("ingest", folder / "shop.csv", "--store", folder / "shop", "-q")
    first = json.loads(rcx("info", "--store", folder / "shop", "--json"))
    assert first["rows"] > 50000
    dates = json.loads(rcx("features", "--store", folder / "shop", "-o", folder / "x.csv", "--json"))["snapshots"]
    dates = [d["date"] for d in dates][:5]
    path = folder / "f.parquet"
    for date in [dates[2], dates[0], dates[4], dates[1], dates[3]]:
        rcx("features", "--store", folder / "shop", "-o", path, "--append", "--as-of", date, "--labels",
            "--set", f"export.codec={request.param}")
    rcx("features", "--store", folder / "shop", "-o", folder / "f.csv", "--snapshots", ",".join(dates), "--labels")
    return path, dates, folder / "f.csv"


def from_csv(path, schema):
    text = {f.name: pa.string() if f.type == pa.string() else f.type for f in schema}
    text["churn_eligible"] = pa.int32()
    read = pacsv.read_csv(path, convert_options=pacsv.ConvertOptions(column_types=text, strings_can_be_null=True))
    index = read.column_names.index("churn_eligible")
    return read.set_column(index, "churn_eligible", read["churn_eligible"].cast(pa.bool_()))


def same(a, b):
    assert a.column_names == b.column_names
    for name in a.column_names:
        x, y = a[name], b[name]
        if x.type in (pa.large_string(), pa.string_view()):
            x = x.cast(pa.string())
        assert x.type == y.type, name
        assert x.to_pylist() == y.to_pylist(), name


def test_pyarrow(table):
    path, dates, text = table
    file = pq.ParquetFile(path)
    whole = file.read()
    whole.validate(full=True)
    same(whole, from_csv(text, file.schema_arrow))
    assert file.metadata.num_row_groups == len(dates)
    for group, date in enumerate(dates):
        statistics = file.metadata.row_group(group).column(1).statistics
        assert str(statistics.min) == str(statistics.max) == date
        assert [s.column_index for s in file.metadata.row_group(group).sorting_columns] == [1, 0]
    one = pq.read_table(path, filters=[("snapshot_date", "=", __import__("datetime").date.fromisoformat(dates[3]))])
    same(one, whole.filter(pa.compute.equal(whole["snapshot_date"], one["snapshot_date"][0])))


def test_page_index_is_used(table):
    path, dates, _ = table
    file = pq.ParquetFile(path)
    for group in range(len(dates)):
        column = file.metadata.row_group(group).column(4)
        assert column.has_offset_index and column.has_column_index


def test_duckdb(table):
    path, dates, text = table
    got = duckdb.sql(f"select * from '{path}'").to_arrow_table()
    same(got, from_csv(text, pq.read_schema(path)))
    count = duckdb.sql(f"select snapshot_date::varchar, count(*) from '{path}' group by 1 order by 1").fetchall()
    assert [c[0] for c in count] == dates
    customer = got["customer_id"][0].as_py()
    history = duckdb.sql(f"select snapshot_date::varchar from '{path}' where customer_id = {customer!r}").fetchall()
    shown = rcx("features", "show", path, "--customer", customer).splitlines()
    assert [h[0] for h in history] == [line.split(",")[1] for line in shown[1:]]
    keys = dict(duckdb.sql(f"select decode(key), decode(value) from parquet_kv_metadata('{path}')").fetchall())
    lineage = json.loads(keys["rcx.lineage"])
    assert [s["date"] for s in lineage["snapshots"]] == dates


def test_polars(table):
    path, dates, text = table
    same(polars.read_parquet(path).to_arrow(), from_csv(text, pq.read_schema(path)))
    lazy = polars.scan_parquet(path).filter(polars.col("snapshot_date") == polars.lit(dates[1]).str.to_date()).collect()
    shown = polars.read_csv(io.StringIO(rcx("features", "show", path, "--snapshot", dates[1])))
    assert lazy["customer_id"].to_list() == shown["customer_id"].to_list()
    assert lazy["rfm_frequency_count"].to_list() == shown["rfm_frequency_count"].to_list()


def test_files_of_others_are_told_apart(table, tmp_path):
    """Written again by pyarrow the rows are the same, and it is not our file any more."""
    path, dates, _ = table
    pq.write_table(pq.read_table(path), tmp_path / "theirs.parquet")
    done = subprocess.run([RCX, "features", "show", tmp_path / "theirs.parquet", "--snapshot", dates[0]],
                          capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode in (3, 4) and "theirs.parquet" in done.stderr
