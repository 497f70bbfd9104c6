"""rcx bench: every benchmark, the results as a table and as JSON, saving and comparing, refusals."""
import json
import os
import pathlib
import re

import pytest

from cli_support import SOURCE, expect, run

SMALL = ("--rows", "5000", "--reps", "2")


@pytest.fixture(scope="module")
def listed():
    return json.loads(expect("bench", "--list", "--json").stdout)["benchmarks"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "saved.json"
    out = expect("bench", *SMALL, "--json", "--save", path).stdout
    return path, json.loads(out)


def test_every_benchmark_is_measured(listed, saved):
    report = saved[1]
    assert report["schema"] == "rcx.bench/1"
    assert [b["name"] for b in report["benchmarks"]] == [b["name"] for b in listed]
    assert len({b["name"] for b in listed}) == len(listed) > 10
    machine = report["machine"]
    assert machine["cpu"] and machine["cores"] >= 1 and machine["isa"] in ("v1", "v3", "v4")
    assert (report["rows"], report["repetitions"]) == (5000, 2)
    for b in report["benchmarks"]:
        assert len(b["samples"]) == 2 and b["items"] > 0, b
        assert b["min_seconds"] <= b["median_seconds"] <= b["max_seconds"], b
        assert b["median_seconds"] == pytest.approx(sum(b["samples"]) / 2)
        assert b["ns_per_item"] == pytest.approx(1e9 * b["median_seconds"] / b["items"])
        assert b["items_per_second"] == pytest.approx(b["items"] / b["median_seconds"])
        assert (b["gb_per_second"] is None) == (b["bytes"] == 0)
        assert b["peak_memory_bytes"] == 0 or b["peak_memory_bytes"] > 10**6


def test_the_same_is_saved(saved):
    path, report = saved
    assert json.loads(path.read_text()) == report


def test_names_choose(saved):
    def names(*words):
        return [b["name"] for b in json.loads(expect("bench", *SMALL, "--json", *words).stdout)["benchmarks"]]
    assert names("scan") == ["scan-receipts", "scan-values", "scan-all"]
    assert names("hash", "radix-sort") == ["hash", "radix-sort"]
    expect("bench", "scam", code=2, stdout="", stderr=r".*no benchmark 'scam'.*--list.*")
    expect("bench", "radix-sirt", code=2, stderr=r".*did you mean 'radix-sort'\?.*")
    expect("bench", "sca", code=2, stderr=r".*no benchmark 'sca'.*")


def test_the_table(listed):
    lines = expect("bench", "hash", *SMALL).stdout.splitlines()
    assert lines[0].split()[:3] == ["benchmark", "items", "unit"] and "against" not in lines[0]
    assert lines[1].startswith("hash ")
    assert re.match(r"5,000 rows, \d+ threads, medians of 2 runs; .*, kernels of v\d", lines[-1])
    assert [line.split()[0] for line in expect("bench", "--list").stdout.splitlines()] == [b["name"] for b in listed]


def slower(path, factor, folder):
    """A saved run as if the machine had been faster by the factor then."""
    report = json.loads(path.read_text())
    for b in report["benchmarks"]:
        b["ns_per_item"] /= factor
    changed = folder / "then.json"
    changed.write_text(json.dumps(report))
    return changed


def test_compared_with_a_saved_run(saved, tmp_path):
    much_faster_then = slower(saved[0], 1e6, tmp_path)
    report = json.loads(expect("bench", "hash", *SMALL, "--json", "--against", much_faster_then).stdout)
    assert report["benchmarks"][0]["slowdown"] > 1000 and report["difference"] == ""
    lines = expect("bench", "hash", *SMALL, "--against", much_faster_then).stdout.splitlines()
    assert lines[0].split()[-1] == "against"
    got = expect("bench", "hash", *SMALL, "--against", much_faster_then, "--max-slowdown", "1.2", code=5,
                 stderr=r"rcx: error: hash takes \d.* times as long as in the saved run \(--max-slowdown 1\.2\)\n")
    assert got.stdout.splitlines()[1].startswith("hash ")
    much_slower_then = slower(saved[0], 1e-6, tmp_path)
    expect("bench", "hash", *SMALL, "--against", much_slower_then, "--max-slowdown", "1.2")


def test_what_cannot_be_compared_is_told(saved):
    got = run("bench", "hash", "--rows", "6000", "--reps", "1", "--threads", "3", "--against", saved[0])
    assert got.returncode == 0 and "of 5000 rows" in got.stderr


def test_refusals(tmp_path):
    expect("bench", "--rows", "10", code=2, stderr=r".*--rows is 10.*")
    expect("bench", "--reps", "0", code=2, stderr=r".*'--reps': '0' is not a whole number, at least 1.*")
    expect("bench", "--max-slowdown", "2", code=2, stderr=r".*--against.*")
    expect("bench", "--against", tmp_path / "none.json", code=1, stderr=r".*none\.json.*")
    (tmp_path / "other.json").write_text("{}")
    expect("bench", "--against", tmp_path / "other.json", code=4, stderr=r".*no run saved by rcx bench.*")
    expect("bench", "hash", *SMALL, "--work", tmp_path / "none", "--save", "/nonexistent/x.json", code=1,
           stdout=None, stderr=r".*nonexistent.*")


def test_leaves_nothing_behind(tmp_path):
    expect("bench", "ingest", "parquet", *SMALL, "--work", tmp_path)
    expect("bench", "csv-scan", *SMALL, "--set", f"runtime.temp_dir={tmp_path}")
    assert os.listdir(tmp_path) == []


def test_the_readme_names_all(listed):
    text = (pathlib.Path(SOURCE) / "bench/README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \|", text.split("## rcx bench")[1].split("\n## ")[0], re.MULTILINE)
    assert rows == [b["name"] for b in listed]
