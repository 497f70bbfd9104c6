"""Checks the DuckDB side against the golden files: every feature value and the cleaning counts.

    RCX_DATA_DIR=... RCX_GOLDEN_DIR=... check_duckdb.py

Integers, dates and nulls exactly, reals to 1e-9 relative (absolute below 1). Three ways are checked:
the SQL as measured, the general way for all customers, and, on data with invoices that span days, one
against the other. Exit 0 when all agree, 1 when not, 77 when there are no data.
"""

import csv
import io
import json
import math
import os
import pathlib
import sys
import tempfile

import zstandard

import duckdb_features as peer

REAL_TOLERANCE = 1e-9


def golden_rows(path):
    with open(path, "rb") as packed:
        text = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(packed), encoding="utf-8")
        return list(csv.DictReader(text))


def table_rows(connection):
    cursor = connection.execute("select * from feature order by snapshot_date, customer_id")
    names = [column[0] for column in cursor.description]
    return names, [dict(zip(names, row)) for row in cursor.fetchall()]


def same(expected, value):
    """`expected` is CSV text or a value; dates and integers must agree as text, reals within tolerance."""
    if expected in ("", None) or value is None:
        return expected in ("", None) and value is None
    if isinstance(value, float):
        number = float(expected)
        return math.isclose(number, value, rel_tol=REAL_TOLERANCE, abs_tol=REAL_TOLERANCE)
    return str(expected) == str(value)


def compare(label, columns, expected, actual):
    """Compares two lists of dicts that must hold the same keys; returns the number of differences."""
    if len(expected) != len(actual):
        print(f"{label}: {len(expected)} rows expected, {len(actual)} found")
        return 1
    differences = 0
    for want, have in zip(expected, actual):
        for name in columns:
            if not same(want[name], have[name]):
                differences += 1
                if differences <= 10:
                    print(f"{label}: customer {want['customer_id']} at {want['snapshot_date']}: "
                          f"{name} is {have[name]!r}, expected {want[name]!r}")
    print(f"{label}: {len(expected)} rows x {len(columns)} columns, {differences} differences")
    return differences


def check_cleaning(connection, golden):
    counts = {rule["rule"]: rule["rows_left"] for rule in golden["rules"]}
    thresholds = golden["thresholds"]
    found = connection.execute("select fit_rows, price_max, quantity_max from threshold").fetchone()
    clean = connection.execute("select count(*), round(sum(revenue)) from clean").fetchone()
    stage2 = connection.execute("select count(*) from stage2").fetchone()[0]
    checks = [
        ("rows after stage 2", golden["stage_2"]["rows"], stage2),
        ("rows that thresholds are learned from", golden["outliers_fit"]["rows"], found[0]),
        ("price threshold", thresholds["price_max"] * 1e4, found[1]),
        ("quantity threshold", int(thresholds["quantity_max"]), found[2]),
        ("rows after stage 3", counts["matched_cancellation"], clean[0]),
    ]
    bad = [check for check in checks if check[1] != check[2]]
    for name, want, have in bad:
        print(f"cleaning: {name}: {have}, expected {want}")
    print(f"cleaning: {len(checks)} counts, {len(bad)} differences")
    return len(bad)


def check_snapshots(connection, golden):
    found = connection.execute("select snapshot_date::varchar, count(*) from feature "
                               "group by all order by all").fetchall()
    wanted = [(item["date"], item["customers"]) for item in golden["snapshots"]]
    print(f"snapshots: {len(found)}, {'as' if found == wanted else 'NOT as'} golden")
    return int(found != wanted)


def compare_golden(label, connection, golden):
    dates = sorted({row["snapshot_date"] for row in golden})
    names, rows = table_rows(connection)
    rows = [row for row in rows if str(row["snapshot_date"]) in dates]
    missing = [name for name in list(golden[0])[:37] if name not in names]
    if missing or names != list(golden[0])[:37]:
        print(f"{label}: columns differ from the catalogue {missing}")
        return 1
    return compare(label, names, golden, rows)


def check_spanning(connection):
    """Moves part of the rows of some invoices to other days, and computes both ways."""
    connection.execute("""
        create or replace table tx as
        select * replace ((if(hash(invoice) % 5 = 0 and hash(stock) % 3 = 0,
                              greatest(day - hash(invoice, 1) % 40, 14944), day))::integer as day)
        from tx order by all nulls last""")
    peer.features(connection)
    spanning = connection.execute("select count(*) from spanning").fetchone()[0]
    names, mixed = table_rows(connection)
    peer.features(connection, general=True)
    _, general = table_rows(connection)
    differences = compare(f"general way against both ways ({spanning} customers span)", names,
                          general, mixed)
    return differences + int(spanning == 0)


def main():
    data, golden_dir = os.environ.get("RCX_DATA_DIR"), os.environ.get("RCX_GOLDEN_DIR")
    if not data or not golden_dir:
        print("skipped: no data (RCX_DATA_DIR, RCX_GOLDEN_DIR)")
        return 77
    golden_dir = pathlib.Path(golden_dir)
    golden_dir = golden_dir / "uci" if (golden_dir / "uci").is_dir() else golden_dir
    cleaning = json.loads((golden_dir / "cleaning_invoice.json").read_text(encoding="utf-8"))
    golden = golden_rows(golden_dir / "features_invoice.csv.zst")

    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "uci.csv"
        with open(pathlib.Path(data) / "online_retail.mdy.csv.zst", "rb") as packed:
            source.write_bytes(zstandard.ZstdDecompressor().stream_reader(packed).read())
        connection = peer.connect(":memory:", os.cpu_count())
        peer.load(connection, source)
    peer.features(connection)
    bad = check_cleaning(connection, cleaning)
    bad += check_snapshots(connection, cleaning)
    bad += compare_golden("as measured", connection, golden)
    peer.features(connection, general=True)
    bad += compare_golden("general way", connection, golden)
    bad += check_spanning(connection)
    return int(bad != 0)


if __name__ == "__main__":
    sys.exit(main())
