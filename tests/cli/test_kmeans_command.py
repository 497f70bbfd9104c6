"""rcx kmeans on tables: what it writes, what it refuses."""
import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cli_support import expect, run


def write(path, columns):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values()))
    return path


@pytest.fixture
def blobs(tmp_path):
    draw = np.random.default_rng(1)
    middle = np.repeat([[0, 0], [10, 0], [0, 10]], 40, axis=0)
    points = middle + draw.normal(size=middle.shape)
    return write(tmp_path / "blobs.csv", {"name": [f"n{i}" for i in range(120)], "x": points[:, 0], "y": points[:, 1]})


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_rows_get_their_cluster(blobs, tmp_path):
    expect("kmeans", "--data", blobs, "--k", 3, "-o", tmp_path / "out.csv", "--centres", tmp_path / "c.csv")
    rows, centres = read(tmp_path / "out.csv"), read(tmp_path / "c.csv")
    assert list(rows[0]) == ["name", "x", "y", "cluster", "distance"] and list(centres[0]) == ["x", "y"]
    groups = [{r["cluster"] for r in rows[i:i + 40]} for i in (0, 40, 80)]
    assert all(len(g) == 1 for g in groups) and len(set.union(*groups)) == 3
    for row in rows:
        centre = centres[int(row["cluster"])]
        distance = np.hypot(float(row["x"]) - float(centre["x"]), float(row["y"]) - float(centre["y"]))
        assert abs(distance - float(row["distance"])) < 1e-9


def test_the_same_from_parquet_and_for_any_number_of_threads(blobs, tmp_path):
    rows = read(blobs)
    pq.write_table(pa.table({"x": [float(r["x"]) for r in rows], "y": [float(r["y"]) for r in rows]}), tmp_path / "blobs.parquet")
    reports = []
    for data in (blobs, tmp_path / "blobs.parquet"):
        for threads in "13":
            report = json.loads(run("kmeans", "--data", data, "--k", 4, "--threads", threads, "--json", "--quality").stdout)
            del report["fit_seconds"]
            reports.append(report)
    assert all(report == reports[0] for report in reports)


def test_weights_and_scaling(tmp_path):
    data = write(tmp_path / "w.csv", {"x": [0, 0, 1, 1], "y": [0, 1000, 0, 1000], "w": [1, 1, 5, 5]})
    report = json.loads(run("kmeans", "--data", data, "--k", 1, "--weights", "w", "--json", "--centres", tmp_path / "c.csv").stdout)
    assert report["columns"] == 2 and float(read(tmp_path / "c.csv")[0]["x"]) == pytest.approx(10 / 12)
    report = json.loads(run("kmeans", "--data", data, "--k", 1, "--columns", "x,y", "--standardize", "--json").stdout)
    assert report["inertia"] == pytest.approx(8)


def test_a_start_that_is_given(blobs, tmp_path):
    start = write(tmp_path / "start.csv", {"x": [1, 9, 1], "y": [1, 1, 9]})
    found = {a: json.loads(run("kmeans", "--data", blobs, "--k", 3, "--start-file", start, "--algorithm", a, "--json").stdout)
             for a in ("lloyd", "bounds", "screened")}
    assert found["lloyd"]["inertia"] == found["bounds"]["inertia"] == found["screened"]["inertia"] and found["lloyd"]["sizes"] == [40, 40, 40]
    expect("kmeans", "--data", blobs, "--k", 4, "--start-file", start, code=3, stderr=r".*3 rows, expected k = 4 centres.*")


@pytest.mark.parametrize("options, code, pattern", [
    (["--k", "121"], 3, "120 rows for k = 121"),
    (["--k", "0"], 2, "--k"),
    (["--k", "70000"], 2, "k is 70000"),
    (["--k", "2", "--columns", "x,z"], 3, "'z'"),
    (["--k", "2", "--columns", "name"], 3, "column 'name' is text"),
    (["--k", "2", "--algorithm", "loyd"], 2, "did you mean 'lloyd'"),
    (["--k", "2", "--start", "random"], 2, "no start 'random'"),
    (["--k", "2", "--tolerance", "-1"], 2, "--tolerance"),
    (["--k", "2", "--weights", "y", "--columns", "x"], 3, "weight of row"),
])
def test_refused(blobs, options, code, pattern):
    got = run("kmeans", "--data", blobs, *options)
    assert got.returncode == code and pattern in got.stderr, got.stderr


@pytest.mark.parametrize("value", ["", "nan", "inf", "1e300"])
def test_a_cell_that_is_no_number(tmp_path, value):
    data = write(tmp_path / "bad.csv", {"x": [1.5, 2, 3], "y": [1.5, value, 2]})
    got = run("kmeans", "--data", data, "--k", 2, "-o", tmp_path / "out.csv")
    assert got.returncode == 3 and "'y', row 2" in got.stderr, got.stderr
    assert not (tmp_path / "out.csv").exists()


def test_constant_columns_and_names_taken(tmp_path):
    data = write(tmp_path / "c.csv", {"x": [7, 7, 7, 7], "y": [1, 2, 10, 11]})
    for scaled in ([], ["--standardize"]):
        report = json.loads(run("kmeans", "--data", data, "--k", 2, "--json", *scaled).stdout)
        assert report["sizes"] == [2, 2]
    taken = write(tmp_path / "t.csv", {"cluster": [1, 2, 3]})
    expect("kmeans", "--data", taken, "--k", 2, "-o", tmp_path / "o.csv", code=2, stderr=r".*has a column 'cluster'.*")
