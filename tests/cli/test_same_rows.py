"""The order and the cut of the input enter no result: a generated shop with text ids, its rows
shuffled into ten ingests. (tests/golden/test_same_bytes.py does it with real data.)"""
import csv
import random

import pytest

from cli_support import expect, run

PARTS = 10


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """One ingest of all rows, ten of a tenth each, and those ten compacted."""
    folder = tmp_path_factory.mktemp("same_rows")
    assert run("generate", "--rows", 30000, "--customers", 1500, "--dirty", 0.002, "--seed", 4,
               "-o", folder / "all.csv", "-q").returncode == 0
    with open(folder / "all.csv", newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    who = header.index("CustomerID")
    rows = [[*row[:who], row[who] and f"{int(row[who]) * 7919 % 1000003:x}-shop", *row[who + 1:]]
            for row in rows if len(row) == len(header)]
    load(folder / "one", header, rows)
    random.Random(2).shuffle(rows)
    for part in range(PARTS):
        load(folder / "ten", header, rows[part::PARTS])
        load(folder / "compacted", header, rows[part::PARTS])
    expect("compact", "--store", folder / "compacted", stderr=".*")
    return folder


def load(store, header, rows):
    path = store.with_suffix(".csv")
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    expect("ingest", path, "--store", store, "--set", "ingest.max_reject_share=0.1", stderr=r".*")


def rows_of(data):
    """A file without what names the store: of Parquet all but the footer, which holds the lineage."""
    if data[:4] != b"PAR1":
        return data
    return data[:-8 - int.from_bytes(data[-8:-4], "little")]


COMMANDS = {
    "features": ("features", "--labels"),
    "features in Parquet": ("features", "--labels", "--format", "parquet"),
    "original features": ("features", "--set", "features.definitions=original"),
    "cleaned rows": ("clean",),
    "rows": ("export",),
    "validation": ("validate",),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_same_bytes(stores, name):
    command, *options = COMMANDS[name]
    tables = []
    for store in ("one", "ten", "compacted"):
        path = stores / f"{store}.table.csv"
        expect(command, "--store", stores / store, "-o", path, *options, stderr=".*")
        tables.append(rows_of(path.read_bytes()))
    assert len(tables[0]) > 1000
    assert tables[1:] == tables[:1] * 2
