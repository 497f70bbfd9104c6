"""What must not change a feature table: later rows, threads, instruction sets, passes, and the number
of snapshots that are computed together."""
import datetime as dt
import random

import pytest
import shops
from feature_tables import features, ingest, parse, rcx

START = dt.datetime(2011, 1, 3)
SNAPSHOTS = "2011-05-31,2011-06-30,2011-08-14"
KEYS = ["--set", "cleaning.outliers.min_fit_rows=50", "--snapshots", SNAPSHOTS]


@pytest.fixture(scope="module")
def rows():
    return shops.shop(11, customers=60)


@pytest.fixture(scope="module")
def store(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    shops.write(rows, folder / "shop.csv")
    ingest(folder / "shop.csv", folder / "store")
    return folder / "store"


@pytest.fixture(scope="module")
def table(store, tmp_path_factory):
    return features(store, tmp_path_factory.mktemp("table"), *KEYS)[0]


def feature_columns(text):
    found, header = parse(text)
    hidden = ("churn_eligible", "churn", "clv")
    assert all(name in header for name in hidden)
    return {key: {n: v for n, v in row.items() if n not in hidden} for key, row in found.items()}


def absurd(rng, rows, cutoff):
    """Rows after the cutoff: known and new customers, new products, absurd values, copies of old rows."""
    out = []
    for _ in range(len(rows) // 2):
        row = list(rng.choice(rows))
        row[4] = cutoff + dt.timedelta(seconds=rng.randrange(200 * 86400))
        if rng.random() < 0.5:
            row[1], row[2] = f"NEW{rng.randrange(9)}", "NEW THING"
            row[3] = rng.choice([1, -1, 99999, -5, 7])
            row[5] = rng.choice(["0.01", "99999", "3.3333"])
        if rng.random() < 0.2:
            row[6] = str(90000 + rng.randrange(20))
        if rng.random() < 0.3:
            row[0] = f"C{800000 + rng.randrange(1000)}"
        out.append(row)
    return out


@pytest.mark.parametrize("future", ["none", "absurd"])
def test_later_rows_change_nothing(rows, table, future, tmp_path):
    cutoff = dt.datetime(2011, 8, 15)
    changed = [r for r in rows if r[4] < cutoff]
    assert len(changed) < len(rows)
    if future == "absurd":
        changed += absurd(random.Random(5), rows, cutoff)
    shops.write(changed, tmp_path / "shop.csv")
    ingest(tmp_path / "shop.csv", tmp_path / "store")
    assert feature_columns(features(tmp_path / "store", tmp_path, *KEYS)[0]) == feature_columns(table)


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_threads(store, table, threads, tmp_path):
    assert features(store, tmp_path, *KEYS, "--threads", threads)[0] == table


@pytest.mark.parametrize("level", ["v1", "v3", "v4"])
def test_instruction_sets(store, table, level, tmp_path):
    """A level above what the machine has is lowered to it."""
    assert features(store, tmp_path, *KEYS, "--set", f"runtime.cpu={level}")[0] == table


def test_snapshots_on_their_own(store, table, tmp_path):
    found, _ = parse(table)
    for date in SNAPSHOTS.split(","):
        alone, _ = parse(features(store, tmp_path, *KEYS[:2], "--as-of", date)[0])
        assert alone == {key: row for key, row in found.items() if key[0] == date}


def test_labels_only_add_columns(store, table, tmp_path):
    rcx("features", "--store", store, "-o", tmp_path / "plain.csv", "-q", *KEYS)
    plain, header = parse((tmp_path / "plain.csv").read_text(encoding="utf-8"))
    assert header[-1] == "observation_window_days"
    assert plain == feature_columns(table)


def test_parts_in_any_order(rows, table, tmp_path):
    """Ten ingests of shuffled parts give the table of one."""
    shuffled = list(rows)
    random.Random(7).shuffle(shuffled)
    for part in range(10):
        shops.write(shuffled[part::10], tmp_path / f"{part}.csv")
        ingest(tmp_path / f"{part}.csv", tmp_path / "store")
    assert features(tmp_path / "store", tmp_path, *KEYS)[0] == table
