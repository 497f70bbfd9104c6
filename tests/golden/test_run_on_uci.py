"""rcx run on UCI Online Retail, with the default definitions and with config/parity.yaml: the feature
table and the cleaning accounts against the golden results, and every column of cleaned_data.parquet
recomputed by DuckDB from the raw file.
Needs the data (RCX_DATA_DIR) and the golden files (RCX_GOLDEN_DIR)."""
import json
import math
import os
import pathlib

import pytest
from feature_tables import parse, rcx
from test_golden import DATA, GOLDEN, MISSING, differences, golden_json

SOURCE = pathlib.Path(os.environ.get("RCX_SOURCE", os.getcwd()))
PARITY = SOURCE / "config" / "parity.yaml"
RUNS = {"invoice": [], "line": ["-c", PARITY]}
COLUMNS = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID",
           "Country", "is_cancellation", "is_return", "Revenue", "Year", "Month", "Day", "DayOfWeek", "Hour",
           "Quarter", "AbsQuantity", "AbsRevenue", "transaction_type",
           "is_service", "is_outlier", "matched_return", "high_return_rate"]

def module(name):
    return __import__(name) if os.environ.get("RCX_REQUIRE_DATA") == "1" else pytest.importorskip(name)


def unpacked(path):
    return module("zstandard").ZstdDecompressor().stream_reader(path.open("rb")).read()


pytestmark = pytest.mark.skipif(MISSING and os.environ.get("RCX_REQUIRE_DATA") != "1", reason="skipped: no data")


@pytest.fixture(scope="module", params=RUNS)
def made(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    done = rcx(*RUNS[request.param], "run", DATA, "-o", folder / "out", "--until", "features")
    return request.param, folder / "out", done.stderr.decode()


@pytest.fixture(scope="module")
def tables(made):
    """raw: the file; kept: cleaned_data.parquet."""
    definitions, folder, _ = made
    (folder / "raw.csv").write_bytes(unpacked(DATA))
    db = module("duckdb").connect()
    db.execute(f"""create table raw as select * replace (strptime(InvoiceDate, '%m/%d/%Y %H:%M') as InvoiceDate,
        UnitPrice::decimal(18, 4) as UnitPrice, CustomerID::double::bigint as CustomerID)
        from read_csv('{folder / 'raw.csv'}', header = true, all_varchar = false, nullstr = '', types = {{
        'InvoiceNo': 'varchar', 'StockCode': 'varchar', 'Description': 'varchar', 'Quantity': 'bigint',
        'InvoiceDate': 'varchar', 'UnitPrice': 'varchar', 'CustomerID': 'varchar', 'Country': 'varchar'}})""")
    db.execute(f"create table kept as select * from '{folder / 'data/processed/cleaned_data.parquet'}'")
    return definitions, db


def value(db, sql):
    return db.execute(sql).fetchone()[0]


def test_features(made):
    definitions, folder, _ = made
    db = module("duckdb").connect()
    db.execute(f"copy (select * from '{folder / 'data/features/customer_features.parquet'}') to "
               f"'{folder / 'features.csv'}' (header)")
    found, header = parse((folder / "features.csv").read_text(encoding="utf-8"))
    golden, golden_header = parse(unpacked(GOLDEN / f"features_{definitions}.csv.zst").decode())
    assert header == golden_header[:-3]  # a run writes labels to a file of their own
    dates = {when for when, _ in golden}
    assert [key for key in found if key[0] in dates] == list(golden)
    for key, row in golden.items():
        for name in header:
            text, expected = found[key][name], row[name]
            if text != expected:
                assert text and math.isclose(float(text), float(expected), rel_tol=1e-12, abs_tol=1e-12), (key, name)
    assert len(found) == sum(s["customers"] for s in golden_json(definitions)["snapshots"])


def test_cleaning_accounts(made):
    definitions, folder, _ = made
    expected = golden_json(definitions)
    for elsewhere in ("snapshots", "rejects", "prices_rounded", "profile"):
        expected.pop(elsewhere, None)
    assert not list(differences(json.loads((folder / "outputs/cleaning_stats.json").read_text()), expected))
    model = json.loads((folder / "models/cleaning.json").read_text())
    assert not list(differences(model["thresholds"], expected["thresholds"]))
    assert not list(differences(model["outliers_fit"], expected["outliers_fit"]))


def test_says_when_definitions_look_ahead(made):
    definitions, folder, console = made
    log = (folder / "logs/retention_system.log").read_text()
    for text in (console, log):
        assert ("look" in text and "ahead" in text) == (definitions == "line")


def test_columns(tables):
    _, db = tables
    assert [row[0] for row in db.execute("describe kept").fetchall()] == COLUMNS


@pytest.mark.parametrize("column, expression", {
    "is_return": "Quantity < 0",
    "Revenue": "Quantity * UnitPrice",
    "Year": "year(InvoiceDate)",
    "Month": "month(InvoiceDate)",
    "Day": "day(InvoiceDate)",
    "DayOfWeek": "isodow(InvoiceDate) - 1",
    "Hour": "hour(InvoiceDate)",
    "Quarter": "quarter(InvoiceDate)",
    "AbsQuantity": "abs(Quantity)",
    "AbsRevenue": "abs(Quantity * UnitPrice)",
    "transaction_type": "case when is_cancellation then 'cancellation' when Quantity < 0 then 'return' else 'purchase' end",
    "is_service": """upper(StockCode) in ('POST', 'DOT', 'D', 'M', 'C2', 'BANK CHARGES', 'AMAZONFEE', 'CRUK', 'S',
                     'B', 'PADS')""",
    "is_outlier": "false",
    "high_return_rate": "avg((Quantity < 0)::int) over (partition by CustomerID) > 0.8",
}.items())
def test_derived_column(tables, column, expression):
    _, db = tables
    assert value(db, f"""select count(*) from (select {column} as found, {expression} as wanted from kept)
                         where found is distinct from wanted""") == 0


def test_rows_are_rows_of_the_file(tables):
    """The eight fields as they are in the file, and none more often than there."""
    definitions, db = tables
    fields = ", ".join(COLUMNS[:8])
    # the store has the empty text where the file has an empty field
    raw = f"select coalesce(Description, '') as Description, * exclude Description from raw"
    assert value(db, f"""select count(*) from
        (select {fields}, count(*) as n from kept group by all) k left join
        (select {fields}, count(*) as n from ({raw}) group by all) r using ({fields})
        where r.n is null or k.n > r.n or ('{definitions}' = 'invoice' and k.n > 1)""") == 0


def test_cancellations_are_judged_over_the_rows_after_stage_1(tables):
    definitions, db = tables
    named = "regexp_full_match(InvoiceNo, '[Cc][0-9]+')" if definitions == "invoice" else "InvoiceNo ilike 'c%'"
    distinct = "distinct" if definitions == "invoice" else "all"
    net = "and sum(Quantity) < 0" if definitions == "invoice" else ""
    assert value(db, f"""with stage_1 as (select {distinct} * from raw where CustomerID is not null and
            InvoiceNo is not null and StockCode is not null and Description is not null),
        cancelled as (select CustomerID, InvoiceNo from stage_1 group by all having {named} {net})
        select count(*) from kept left join cancelled c using (CustomerID, InvoiceNo)
        where is_cancellation != (c.InvoiceNo is not null)""") == 0


def test_matched_returns_are_pairs(tables):
    definitions, db = tables
    assert value(db, """select count(*) from (select CustomerID, StockCode, abs(Quantity), sum(Quantity) as rest,
        min(InvoiceDate) filter (Quantity > 0) > max(InvoiceDate) filter (Quantity < 0) as backwards
        from kept where matched_return group by 1, 2, 3) where rest != 0 or backwards""") == 0
    pairs = golden_json(definitions)["flags"].get("matched_pairs_final")
    if pairs is not None:
        assert value(db, "select count(*) from kept where matched_return") == 2 * pairs


def test_money_of_the_rows(tables):
    definitions, db = tables
    expected = golden_json(definitions)
    net, gross, rows, customers = db.execute("""select sum(Revenue), sum(Revenue) filter (Quantity > 0), count(*),
        count(distinct CustomerID) from kept""").fetchone()
    assert (f"{net:.4f}", f"{gross:.4f}") == (expected["final_net_revenue"], expected["final_gross_revenue"])
    assert (rows, customers) == (expected["final_rows"], expected["final_customers"])


def test_order_of_the_rows(tables):
    _, db = tables
    assert value(db, """select count(*) from (select CustomerID as c, lag(CustomerID) over (order by rowid) as before,
        InvoiceDate as d, lag(InvoiceDate) over (order by rowid) as d_before from kept)
        where before > c or (before = c and d_before > d)""") == 0
