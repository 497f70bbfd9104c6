"""Features of data that UCI Online Retail is too tidy for, against independent SQL.

In the golden file no cleaned invoice lies on two days, none mixes purchases and returns, and no invoice
number belongs to two customers, so it cannot tell how those are treated. Here a generated shop is made
to hold all three, and every value is compared with the SQL of bench/peers, which makes invoices anew in
every window."""

import csv
import datetime
import os
import pathlib
import random
import subprocess
import sys

import pytest

pytest.importorskip("duckdb")
pytest.importorskip("zstandard")

SOURCE = pathlib.Path(os.environ.get("RCX_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
RCX = os.environ["RCX"]
sys.path.insert(0, str(SOURCE / "bench" / "peers"))
import check_duckdb  # pylint: disable=import-error,wrong-import-position
import duckdb_features as peer  # pylint: disable=import-error,wrong-import-position

DATE_FORMAT = "%m/%d/%Y %H:%M"
SHIFTS_MINUTES = (-1, 1, 720, 1440, -1440, 14400, 50000, -50000)
INVOICE, STOCK, QUANTITY, DATE = 0, 1, 3, 4


def rcx(*words):
    subprocess.run([RCX, *map(str, words)], check=True, capture_output=True)


def make_awkward(row, first, last, randomness):
    """Changes one row in place; what happens to an invoice depends on its number, so rows differ in it."""
    number = sum(map(ord, row[INVOICE]))
    if number % 5 == 0 and randomness.random() < 0.3:
        moment = datetime.datetime.strptime(row[DATE], DATE_FORMAT)
        moment += datetime.timedelta(minutes=randomness.choice(SHIFTS_MINUTES))
        moment = min(max(moment, first), last)
        row[DATE] = f"{moment.month}/{moment.day}/{moment.year} {moment.hour}:{moment.minute:02d}"
    if number % 7 == 0 and randomness.random() < 0.2:
        row[QUANTITY] = str(-int(row[QUANTITY]))
    if number % 11 == 0:
        row[INVOICE] = row[INVOICE][:-2] + "00"
    if randomness.random() < 0.002:
        row[STOCK] = randomness.choice(["post", "Dot", "m", "BANK CHARGES"])


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """The feature tables of the awkward shop: as text from rcx, as values from DuckDB."""
    folder = tmp_path_factory.mktemp("awkward")
    rcx("generate", "--rows", 120000, "--customers", 2500, "--seed", 11, "-o", folder / "tidy.csv")
    with open(folder / "tidy.csv", encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    moments = [datetime.datetime.strptime(row[DATE], DATE_FORMAT) for row in rows]
    first, last = min(moments), max(moments)
    randomness = random.Random(5)
    for row in rows:
        make_awkward(row, first, last, randomness)
    with open(folder / "awkward.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)

    rcx("ingest", folder / "awkward.csv", "--store", folder / "store")
    rcx("features", "--store", folder / "store", "-o", folder / "features.csv")
    with open(folder / "features.csv", encoding="utf-8", newline="") as file:
        ours = list(csv.DictReader(file))

    connection = peer.connect(":memory:", 2)
    peer.load(connection, folder / "awkward.csv")
    peer.features(connection)
    return ours, connection


def test_the_shop_is_awkward(tables):
    _, connection = tables
    spanning = connection.execute("select count(*) from spanning").fetchone()[0]
    mixed = connection.execute("select count(*) from (select 1 from clean group by customer, invoice "
                               "having min(quantity) < 0 and max(quantity) > 0)").fetchone()[0]
    shared = connection.execute("select count(*) from (select 1 from clean group by invoice "
                                "having count(distinct customer) > 1)").fetchone()[0]
    matched = connection.execute("select count(*) from matched_return").fetchone()[0]
    assert min(spanning, mixed, shared) > 50
    assert matched > 0


def test_every_feature_equals_the_sql(tables):
    ours, connection = tables
    names, theirs = check_duckdb.table_rows(connection)
    assert list(ours[0]) == names
    assert len({row["snapshot_date"] for row in ours}) == 12
    assert check_duckdb.compare("rcx against SQL", names, ours, theirs) == 0
