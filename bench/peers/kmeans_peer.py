"""k-means of rcx beside scikit-learn: same rows, same starts, same threads, one process after the other.

    RCX=build/release/rcx bench/peers/kmeans_peer.py [NAME...] [--threads 2] [--reps 5] [--json FILE]

scikit-learn is timed around KMeans(...).fit of float64 rows in memory, the better of lloyd and elkan
counts; rcx by the fit_seconds of its report, reading the file is left out on both sides. Where there are
several restarts both choose their own starts (greedy k-means++); with one start both get the same one.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

RCX = os.environ.get("RCX", "build/release/rcx")

#         rows        columns  k  restarts
WORK = {
    "small": (28_000, 3, 5, 10),
    "wide": (1_000_000, 8, 16, 1),
    "large": (10_000_000, 3, 8, 1),
}


def rows_of(rows, columns, seed=1):
    """Skewed and correlated like customers, without clear clusters: the hard case."""
    draw = np.random.default_rng(seed)
    common = draw.normal(size=(rows, 1))
    data = 0.6 * common + draw.normal(size=(rows, columns))
    data[:, 0] = np.round(np.exp(data[:, 0]), 1)
    return np.ascontiguousarray(data / data.std(axis=0))


def time_sklearn(data, k, restarts, start, algorithm, threads, tolerance):
    init = start if start is not None else "k-means++"
    model = KMeans(k, init=init, n_init=restarts, algorithm=algorithm, random_state=1, max_iter=300, tol=tolerance)
    with threadpool_limits(threads):
        begin = time.perf_counter()
        model.fit(data)
        return time.perf_counter() - begin, model


def time_rcx(path, k, restarts, start_file, threads, tolerance, algorithm):
    command = [RCX, "kmeans", "--data", path, "--k", str(k), "--restarts", str(restarts), "--tolerance", str(tolerance),
               "--threads", str(threads), "--algorithm", algorithm, "--json"]
    if start_file:
        command += ["--start-file", start_file]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return report["fit_seconds"], report


def compare(name, threads, reps, folder):
    rows, columns, k, restarts = WORK[name]
    data = rows_of(rows, columns)
    names = [f"x{j}" for j in range(columns)]
    path, start_file, start = folder / f"{name}.parquet", None, None
    pq.write_table(pa.table(dict(zip(names, data.T))), path)
    if restarts == 1:
        start = data[np.random.default_rng(2).choice(rows, k, replace=False)]
        start_file = folder / "start.csv"
        np.savetxt(start_file, start, delimiter=",", header=",".join(names), comments="", fmt="%.17g")
    tolerance = 1e-4
    times = {side: [] for side in ("rcx", "sklearn lloyd", "sklearn elkan")}
    for rep in range(reps + 1):  # the first warms up
        seconds, report = time_rcx(path, k, restarts, start_file, threads, tolerance, "auto")
        times["rcx"].append(seconds)
        for algorithm in ("lloyd", "elkan"):
            if rows > 500_000 and algorithm == "elkan":
                continue
            seconds, model = time_sklearn(data, k, restarts, start, algorithm, threads, tolerance)
            times[f"sklearn {algorithm}"].append(seconds)
    medians = {side: statistics.median(samples[1:]) for side, samples in times.items() if samples}
    best = min(value for side, value in medians.items() if side != "rcx")
    result = {
        "name": name, "rows": rows, "columns": columns, "k": k, "restarts": restarts, "threads": threads,
        "seconds": medians, "samples": times, "faster": best / medians["rcx"],
        "inertia": {"rcx": report["inertia"], "sklearn": model.inertia_},
        "iterations": {"rcx": report["iterations"], "sklearn": int(model.n_iter_)},
        "gigabytes_per_second": rows * columns * 8 * report["iterations"] / medians["rcx"] / 1e9,
    }
    print(f"{name}: rcx {medians['rcx']:.4f} s, " + ", ".join(f"{s} {v:.4f} s" for s, v in medians.items() if s != "rcx")
          + f": {result['faster']:.1f}x; inertia {report['inertia']:.6g} / {model.inertia_:.6g},"
          f" iterations {report['iterations']} / {model.n_iter_}, {result['gigabytes_per_second']:.1f} GB/s of rows")
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", default=[])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--reps", type=int, default=5)
    parser.add_argument("--json")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = [compare(name, given.threads, given.reps, Path(folder)) for name in given.names or WORK]
    if given.json:
        Path(given.json).write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
