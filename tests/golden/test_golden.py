"""UCI Online Retail against the golden results of an independent program: cleaning counts, every
value of the feature and label tables, the counts of all snapshots, both definitions.
Needs the data (RCX_DATA_DIR) and the golden files (RCX_GOLDEN_DIR)."""
import json
import os
import pathlib
from collections import Counter

import pytest
from feature_tables import cleaning, features, ingest, parse, rcx

zstandard = pytest.importorskip("zstandard") if os.environ.get("RCX_REQUIRE_DATA") != "1" else __import__("zstandard")

DATA = pathlib.Path(os.environ.get("RCX_DATA_DIR", "/nonexistent")) / "online_retail.mdy.csv.zst"
GOLDEN = pathlib.Path(os.environ.get("RCX_GOLDEN_DIR", "/nonexistent"))
GOLDEN = GOLDEN / "uci" if (GOLDEN / "uci").is_dir() else GOLDEN
MISSING = not DATA.exists() or not (GOLDEN / "cleaning_invoice.json").exists()
DEFINITIONS = {"invoice": [], "line": ["--set", "features.definitions=original"]}

pytestmark = pytest.mark.skipif(MISSING and os.environ.get("RCX_REQUIRE_DATA") != "1", reason="skipped: no data")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    assert DATA.exists(), f"RCX_REQUIRE_DATA is set and {DATA} is not there"
    path = tmp_path_factory.mktemp("golden") / "store"
    ingest(DATA, path)
    return path


@pytest.fixture(scope="module", params=DEFINITIONS)
def definitions(request):
    return request.param


@pytest.fixture(scope="module")
def result(store, definitions, tmp_path_factory):
    text, metadata = features(store, tmp_path_factory.mktemp(definitions), *DEFINITIONS[definitions])
    return parse(text), metadata


def golden_json(definitions):
    return json.loads((GOLDEN / f"cleaning_{definitions}.json").read_text())


def differences(found, expected, path=""):
    if isinstance(expected, dict):
        for key, value in expected.items():
            yield from differences(found.get(key, "missing"), value, f"{path}.{key}")
    elif isinstance(expected, list):
        if len(found) != len(expected):
            yield path, len(found), len(expected)
        for i, (a, b) in enumerate(zip(found, expected)):
            yield from differences(a, b, f"{path}[{i}]")
    elif isinstance(expected, float):
        if abs(found - expected) > 1e-12 * max(1.0, abs(expected)):
            yield path, found, expected
    elif found != expected:
        yield path, found, expected


def test_cleaning(store, definitions, tmp_path):
    expected = golden_json(definitions)
    for elsewhere in ("snapshots", "rejects", "prices_rounded", "profile"):
        expected.pop(elsewhere, None)
    found = cleaning(store, tmp_path, *DEFINITIONS[definitions])
    assert not list(differences(found, expected))
    with open(tmp_path / "rows.csv", encoding="utf-8") as rows:
        assert sum(1 for _ in rows) == expected["final_rows"] + 1


def test_counts_of_every_snapshot(result, definitions):
    _, metadata = result
    expected = golden_json(definitions).get("snapshots")
    if expected is None:
        pytest.fail("the golden file counts no snapshots")
    if definitions == "line":
        for snapshot in expected:
            snapshot.pop("trend_buckets", None)  # months with rows: each customer has its own
    assert not list(differences(metadata["snapshots"], expected))
    assert metadata["rows"] == sum(s["customers"] for s in expected)


def test_every_value(result, definitions):
    packed = (GOLDEN / f"features_{definitions}.csv.zst").open("rb")
    golden, golden_header = parse(zstandard.ZstdDecompressor().stream_reader(packed).read().decode())
    (found, header), _ = result
    assert header == golden_header
    dates = {when for when, _ in golden}
    assert [key for key in found if key[0] in dates] == list(golden)
    wrong = Counter()
    example = {}
    for key, row in golden.items():
        for name, value in row.items():
            text = found[key][name]
            if text == value:
                continue
            exact = "." not in value and "e" not in value
            if exact or text == "" or abs(float(text) - float(value)) > 1e-12 * max(1.0, abs(float(value))):
                wrong[name] += 1
                example.setdefault(name, (key, text, value))
    assert not wrong, (wrong, example)


def test_several_passes_give_the_same_table(store, tmp_path):
    one, _ = features(store, tmp_path)
    small = rcx("features", "--store", store, "-o", tmp_path / "small.csv", "--labels", "--json",
                "--memory-limit", "16MiB")
    assert json.loads(small.stdout)["passes"] > 1
    assert (tmp_path / "small.csv").read_text(encoding="utf-8") == one


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_give_the_same_table(store, threads, tmp_path):
    one, _ = features(store, tmp_path, "--threads", "1")
    assert features(store, tmp_path, "--threads", threads)[0] == one
