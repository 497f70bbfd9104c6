#!/usr/bin/env python3
"""Measures the tree learner beside LightGBM, one process per measurement, in the order A B A B. See README.md.

    bench/gbdt.py [--only NAME ...] [--mode MODE ...] [--reps N] [--threads N] [--more]

Times are taken inside of both programs, without loading. Training is compared with the best of LightGBM's
settings: default, force_row_wise, force_col_wise, use_quantized_grad. Writes results/gbdt-<name>.json; with --more
the samples of that file are kept and new ones added, so that long rows can be measured one mode after the other.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

import measure

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE / "peers"
MODES = ("default", "row-wise", "col-wise", "quantised")


class Bench:
    def __init__(self, given):
        self.given = given
        self.work = pathlib.Path(given.work)
        self.work.mkdir(parents=True, exist_ok=True)

    def data(self, name):
        path = self.work / f"trees-{name}.parquet"
        if not path.exists():
            partial = path.with_suffix(".part")
            measure.run([sys.executable, PEERS / "gbdt_data.py", name, partial])
            partial.rename(path)
        return path

    def model(self, name):
        return self.work / f"trees-{name}.model.txt"

    def rcx(self, action, *words):
        return measure.run([self.given.rcx, "gbdt", action, *map(str, words), "--json", "-q",
                            "--threads", str(self.given.threads)])

    def lightgbm(self, action, *words):
        return measure.run([sys.executable, str(PEERS / "lightgbm_trees.py"), action, *map(str, words),
                            "--threads", str(self.given.threads)])


def training(data, trees, leaves):
    """Sides of a training: rcx and every mode of LightGBM, or those that were asked for."""
    def sides(bench):
        table = bench.data(data)

        def rcx():
            return bench.rcx("train", "--data", table, "--label", "y", "--objective", "binary", "-m",
                             bench.model("rcx"), "-p", f"num_iterations={trees}", "-p", f"num_leaves={leaves}")

        def lightgbm(mode):
            return lambda: bench.lightgbm("train", table, bench.model("lightgbm"), "--mode", mode, "--trees",
                                          trees, "--leaves", leaves)

        return {"rcx": rcx} | {mode: lightgbm(mode) for mode in bench.given.mode or MODES}
    return sides


def disturbed(sides_of):
    """The same while another process keeps one of the cores busy."""
    def sides(bench):
        def beside(side):
            def run():
                with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
                    try:
                        return side()
                    finally:
                        busy.kill()
            return run
        return {name: beside(side) for name, side in sides_of(bench).items()}
    return sides


def applying(action, rows=None):
    """Prediction or SHAP values with one model of 100 trees of 255 leaves, which LightGBM has trained."""
    def sides(bench):
        table, model = bench.data("million"), bench.model("applied")
        if not model.exists():
            bench.lightgbm("train", table, model, "--leaves", 255)
        part = bench.work / f"trees-first-{rows}.parquet"
        if rows and not part.exists():
            code = ("import sys, pyarrow.parquet as p; "
                    "p.write_table(p.read_table(sys.argv[1]).slice(0, int(sys.argv[3])), sys.argv[2])")
            measure.run([sys.executable, "-c", code, table, part, str(rows)])
        return {"rcx": lambda: bench.rcx(action, "--data", part if rows else table, "-m", model, "-o",
                                         "/dev/null", "--format", "parquet"),
                "lightgbm": lambda: bench.lightgbm(action, table, model,
                                                   *(["--rows", rows] if rows else []))}
    return sides


CASES = {
    "26k-31": (training("wide", 200, 31), "train_seconds", "26,000 x 33, 200 trees, 31 leaves"),
    "7k-63": (training("small", 100, 63), "train_seconds", "7,000 x 28, 100 trees, 63 leaves"),
    "1m-31": (training("million", 100, 31), "train_seconds", "1 M x 28, 100 trees, 31 leaves"),
    "1m-255": (training("million", 100, 255), "train_seconds", "1 M x 28, 100 trees, 255 leaves"),
    "bins": (training("million", 1, 2), "bin_seconds", "binning 1 M x 28"),
    "predict": (applying("predict"), "predict_seconds", "predicting 1 M rows, 100 x 255"),
    "shap": (applying("shap", 5000), "predict_seconds", "SHAP values of 5,000 rows, 100 x 255"),
    "26k-31-busy": (disturbed(training("wide", 200, 31)), "train_seconds",
                    "26,000 x 33, 200 trees, 31 leaves, one core busy with another process"),
}


def seconds(samples, key, before):
    """Of all samples, those of the result `before` ({} when there is none) first."""
    times = before.get("samples", []) + [sample.report[key] for sample in samples]
    peaks = [sample.peak_kb / 1024 for sample in samples]
    return {"median": statistics.median(times), "min": min(times), "max": max(times), "samples": times,
            "peak_mb": max([before.get("peak_mb", 0), statistics.median(peaks)])}


def measure_case(bench, name, before):
    sides, key, title = CASES[name]
    print(f"{name}: {title}", file=sys.stderr)
    samples = measure.alternate(sides(bench), bench.given.reps,
                                lambda text: print(text, file=sys.stderr, flush=True))
    earlier = before.get("sides", {})
    result = earlier | {side: seconds(list_, key, earlier.get(side, {})) for side, list_ in samples.items()}
    best = min((side for side in result if side != "rcx"), key=lambda side: result[side]["median"])
    version = next(list_[-1].report["version"] for side, list_ in samples.items() if side != "rcx")
    return {"name": name, "title": title, "what": key, "sides": result, "best_of_lightgbm": best,
            "ratio": result[best]["median"] / result["rcx"]["median"],
            "versions": {"lightgbm": version, "python": platform.python_version()},
            "threads": bench.given.threads, "cores": os.cpu_count(), "load_before": os.getloadavg()[0],
            "date": datetime.date.today().isoformat()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=CASES, metavar="NAME",
                        help=f"one of {', '.join(CASES)}; may be given again")
    parser.add_argument("--mode", action="append", choices=MODES, help="only this mode of LightGBM")
    parser.add_argument("--more", action="store_true", help="add to the samples of the result there is")
    parser.add_argument("--reps", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rcx", default=str(HERE.parent / "build" / "release" / "rcx"))
    parser.add_argument("--work", default=str(HERE.parent / "build" / "bench"))
    parser.add_argument("--results", default=str(HERE / "results"))
    bench = Bench(parser.parse_args())
    folder = pathlib.Path(bench.given.results)
    folder.mkdir(parents=True, exist_ok=True)
    print("| work | rcx s (min - max) | LightGBM's best s (min - max) | its setting | LightGBM / rcx |\n"
          "|---|---|---|---|---|")
    for name in bench.given.only or CASES:
        path = folder / f"gbdt-{name}.json"
        before = json.loads(path.read_text(encoding="utf-8")) if bench.given.more and path.exists() else {}
        result = measure_case(bench, name, before)
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        best = result["best_of_lightgbm"]
        cells = [f"{side['median']:.3f} ({side['min']:.3f} - {side['max']:.3f})"
                 for side in (result["sides"]["rcx"], result["sides"][best])]
        print(f"| {result['title']} | {cells[0]} | {cells[1]} | {best} | {result['ratio']:.2f} |", flush=True)


if __name__ == "__main__":
    main()
