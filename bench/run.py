#!/usr/bin/env python3
"""Measures rcx beside DuckDB, one process per measurement, in the order A B A B. See README.md.

    bench/run.py [--only NAME ...] [--rows N] [--customers N] [--data FILE] [--uci FILE] [--reps N]

Writes results/<name>.json for each measurement and results/table.md for the run.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys

import measure

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE / "peers"


class Bench:
    """The programs, the data and the scratch folder of one run."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.rcx = arguments.rcx
        self.threads = arguments.threads
        self.work = pathlib.Path(arguments.work)
        self.work.mkdir(parents=True, exist_ok=True)

    def note(self, text):
        print(text, file=sys.stderr, flush=True)

    def large(self):
        """The large CSV: --data, or generated once with a name that tells how."""
        if self.arguments.data:
            return pathlib.Path(self.arguments.data)
        rows, customers = self.arguments.rows, self.arguments.customers
        path = self.work / f"generated-{rows}-{customers}-{self.arguments.seed}.csv"
        if not path.exists():
            self.note(f"generating {path}")
            partial = path.with_suffix(".part.csv")
            measure.run([self.rcx, "generate", "--rows", str(rows), "--customers", str(customers),
                         "--seed", str(self.arguments.seed), "-o", str(partial)])
            partial.rename(path)
        return path

    def uci(self):
        """UCI Online Retail as a plain CSV, unpacked once from --uci or from RCX_DATA_DIR."""
        source = self.arguments.uci
        if not source and os.environ.get("RCX_DATA_DIR"):
            source = pathlib.Path(os.environ["RCX_DATA_DIR"]) / "online_retail.mdy.csv.zst"
        if not source:
            raise SystemExit("the UCI file is needed: --uci FILE or RCX_DATA_DIR")
        source = pathlib.Path(source)
        if source.suffix != ".zst":
            return source
        path = self.work / "uci.csv"
        if not path.exists():
            ask_python("import sys, zstandard; zstandard.ZstdDecompressor().copy_stream("
                       "open(sys.argv[1], 'rb'), open(sys.argv[2], 'wb'))", source, path)
        return path

    def run_rcx(self, *words):
        return measure.run([self.rcx, *map(str, words), "--threads", str(self.threads), "--json"])

    def run_peer(self, script, *words):
        return measure.run([sys.executable, str(PEERS / script), *map(str, words),
                            "--threads", str(self.threads)])

    def fresh(self, name):
        path = self.work / name
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        return path

    def store(self, source, name):
        """A loaded store of `source`, made once per run of this program."""
        path = self.fresh(name)
        self.run_rcx("ingest", source, "--store", path)
        return path

    def database(self, source, name):
        """The same rows in DuckDB: typed, integer-coded, sorted. Loading is not part of any measurement."""
        path = self.fresh(name)
        self.run_peer("duckdb_features.py", "load", source, path)
        return path


def ask_python(program, *words):
    """Standard output of a Python one-liner. Its packages must not be loaded here: a child's peak memory
    begins with the size of this process."""
    done = subprocess.run([sys.executable, "-c", program, *map(str, words)], capture_output=True,
                          text=True, check=True)
    return done.stdout.strip()


def packages(*names):
    return json.loads(ask_python(f"import json, {', '.join(names)}; "
                                 f"print(json.dumps({{m.__name__: m.__version__ for m in ({', '.join(names)},)}}))"))


def inner(sample):
    """A DuckDB sample without the start of Python and the import of DuckDB, in DuckDB's favour."""
    report = sample.report
    return measure.Sample(report["wall"], report["cpu"], sample.peak_kb, report)


def ingest(bench, source=None):
    source = source or bench.large()
    store, database = bench.work / "ingest.store", bench.work / "ingest.duckdb"

    def rcx():
        bench.fresh(store.name)
        return bench.run_rcx("ingest", source, "--store", store)

    def duckdb():
        bench.fresh(database.name)
        return inner(bench.run_peer("duckdb_ingest.py", source, database))

    samples = measure.alternate({"rcx": rcx, "duckdb": duckdb}, bench.arguments.reps, bench.note)
    return samples, {"bytes_csv": source.stat().st_size, "bytes_rcx": measure.tree_bytes(store),
                     "bytes_duckdb": measure.tree_bytes(database)}


def ingest_parquet(bench):
    """The same rows as zstd Parquet, typed, written by DuckDB; it reads its own file."""
    source, typed = bench.large(), bench.work / "large.parquet"
    if not typed.exists():
        columns = {"InvoiceNo": "VARCHAR", "StockCode": "VARCHAR", "Description": "VARCHAR", "Quantity": "INTEGER",
                   "InvoiceDate": "TIMESTAMP", "UnitPrice": "DOUBLE", "CustomerID": "INTEGER", "Country": "VARCHAR"}
        ask_python("import sys, duckdb; duckdb.sql(sys.argv[1])",
                   f"copy (select * from read_csv('{source}', header = true, auto_detect = false, delim = ',', "
                   f"quote = '\"', escape = '\"', timestampformat = '%m/%d/%Y %H:%M', columns = {columns})) "
                   f"to '{typed}' (format parquet, codec zstd)")
    samples, sizes = ingest(bench, typed)
    return samples, {"bytes_parquet": sizes.pop("bytes_csv"), **sizes}


def ingest_limited(bench):
    source, store = bench.large(), bench.work / "ingest.store"

    def rcx():
        bench.fresh(store.name)
        return bench.run_rcx("ingest", source, "--store", store, "--memory-limit", "256MB")

    return measure.alternate({"rcx": rcx}, bench.arguments.reps, bench.note), {
        "bytes_csv": source.stat().st_size}


def features(bench):
    source = bench.large()
    store = bench.store(source, "features.store")
    database = bench.database(source, "features.duckdb")
    table = bench.work / "features.parquet"

    def rcx():
        table.unlink(missing_ok=True)
        return bench.run_rcx("features", "--store", store, "-o", table)

    def duckdb():
        return inner(bench.run_peer("duckdb_features.py", "features", database))

    samples = measure.alternate({"rcx": rcx, "duckdb": duckdb}, bench.arguments.reps, bench.note)
    return samples, {"bytes_rcx": measure.tree_bytes(store), "bytes_table": measure.tree_bytes(table),
                     "bytes_duckdb": measure.tree_bytes(database), **same_shape(table, samples)}


def features_in_memory(bench):
    """The same without files: both sides end with the feature rows in memory."""
    source = bench.large()
    store, database = bench.store(source, "features.store"), bench.database(source, "features.duckdb")

    def rcx():
        return bench.run_rcx("features", "--store", store, "--dry-run", "-q")

    def duckdb():
        return inner(bench.run_peer("duckdb_features.py", "features", database))

    return measure.alternate({"rcx": rcx, "duckdb": duckdb}, bench.arguments.reps, bench.note), {}


def same_shape(table, samples):
    """Both sides must have made as many feature rows: a ratio of different work means nothing."""
    made = int(ask_python("import sys, duckdb; print(duckdb.execute("
                          "'select count(*) from read_parquet(?)', sys.argv[1:]).fetchone()[0])", table))
    wanted = samples["duckdb"][-1].report["feature_rows"]
    if made != wanted:
        raise measure.Failed(f"{made} feature rows from rcx, {wanted} from DuckDB")
    return {"feature_rows": made}


def one_after_the_other(samples):
    """Several processes as one measurement: times add up, the largest peak counts."""
    return measure.Sample(sum(s.wall for s in samples), sum(s.cpu for s in samples),
                          max(s.peak_kb for s in samples), {})


def clean(bench):
    """Validation, cleaning and the cleaned Parquet file, beside reading and writing that file alone."""
    store, ours, theirs = bench.store(bench.large(), "clean.store"), bench.work / "cleaned.parquet", \
        bench.work / "rewritten.parquet"
    level = ["--set", "export.codec=zstd", "--set", "export.zstd_level=3"]

    def rcx():
        ours.unlink(missing_ok=True)
        return one_after_the_other([
            bench.run_rcx("validate", "--store", store, "-o", bench.work / "validation_report.csv"),
            bench.run_rcx("clean", "--store", store, "-o", ours, *level)])

    def duckdb():
        return inner(bench.run_peer("clean_parquet.py", ours, theirs))

    samples = measure.alternate({"rcx": rcx, "duckdb": duckdb}, bench.arguments.reps, bench.note)
    return samples, {"bytes_rcx": measure.tree_bytes(ours), "bytes_duckdb": measure.tree_bytes(theirs),
                     "cleaned_rows": samples["duckdb"][-1].report["rows"]}


def beside_duckdb(bench, source, rcx):
    def duckdb():
        return bench.run_peer("duckdb_features.py", "run", source)

    samples = measure.alternate({"rcx": rcx, "duckdb": duckdb}, bench.arguments.reps, bench.note, [source])
    without_python = measure.summary([inner(sample) for sample in samples["duckdb"]])
    del without_python["samples"], without_python["inside"]
    return samples, {"bytes_csv": source.stat().st_size, "duckdb_without_python": without_python}


def uci(bench):
    """The same work on both sides: load, clean, 33 features of 12 snapshots, nothing written."""
    source = bench.uci()
    return beside_duckdb(bench, source,
                         lambda: bench.run_rcx("features", "--data", source, "--dry-run"))


def uci_run(bench):
    """With what a run does besides: a durable store, validation, behaviour models, drift, all files."""
    source, out = bench.uci(), bench.work / "uci.out"

    def rcx():
        bench.fresh(out.name)
        return bench.run_rcx("run", source, "-o", out, "--until", "features", "--set", "export.cleaned_data=false")

    return beside_duckdb(bench, source, rcx)


def size(bench):
    source = bench.uci()
    samples, extra = ingest(bench, source)
    packed = ask_python("import sys, zstandard; print(len(zstandard.ZstdCompressor(level=19).compress("
                        "open(sys.argv[1], 'rb').read())))", source)
    return samples, {**extra, "bytes_zstd_19": int(packed)}


def xlsx(bench):
    """UCI as a workbook, beside it (online_retail.xlsx): ours ends with a committed store, the readers with
    Python values."""
    folder = bench.arguments.uci or os.path.join(os.environ.get("RCX_DATA_DIR", ""), "x")
    source = pathlib.Path(folder).parent / "online_retail.xlsx"
    if not source.exists():
        raise SystemExit(f"{source} is needed: --uci FILE beside it, or RCX_DATA_DIR")
    store = bench.work / "xlsx.store"

    def rcx():
        bench.fresh(store.name)
        return bench.run_rcx("ingest", source, "--store", store, "-q")

    sides = {"rcx": rcx,
             "openpyxl": lambda: bench.run_peer("xlsx_read.py", "openpyxl", source),
             "calamine": lambda: bench.run_peer("xlsx_read.py", "calamine", source)}
    samples = measure.alternate(sides, bench.arguments.reps, bench.note)
    return samples, {"bytes_xlsx": source.stat().st_size}


def whole(bench):
    """Everything, raw CSV to the report, beside what DuckDB, LightGBM and scikit-learn are stitched together to."""
    source, out, theirs = bench.uci(), bench.work / "whole.out", bench.work / "whole.python"

    def rcx():
        bench.fresh(out.name)
        return bench.run_rcx("run", source, "-o", out)

    def python():
        bench.fresh(theirs.name)
        return bench.run_peer("whole_python.py", source, "-o", theirs)

    samples = measure.alternate({"rcx": rcx, "python": python}, bench.arguments.reps, bench.note)
    return samples, {"bytes_csv": source.stat().st_size, "bytes_store": measure.tree_bytes(out / "store"),
                     "bytes_report": measure.tree_bytes(out / "outputs/report.html"),
                     "packages": packages("lightgbm", "sklearn", "numpy", "pandas")}


def learned(bench, stage, script, *names):
    """One stage on the store and the caches of a run, beside the same in Python, features given."""
    out = bench.work / f"{stage}.out"
    if not out.exists():
        bench.run_rcx("run", bench.uci(), "-o", out, "--until", "clv")

    def python():
        return inner(bench.run_peer(script, out))

    samples = measure.alternate({"rcx": lambda: bench.run_rcx(stage, "-o", out), "python": python},
                                bench.arguments.reps, bench.note)
    return samples, {"packages": packages(*names)}


def churn(bench):
    return learned(bench, "churn", "churn_python.py", "lightgbm", "sklearn", "shap", "numpy", "pandas")


def clv(bench):
    return learned(bench, "clv", "clv_python.py", "lightgbm", "sklearn", "scipy", "numpy", "pandas")


def whole_large(bench):
    """The same of rows and customers that are many, ours alone and without a round to warm up."""
    source, out = bench.large(), bench.work / "whole.out"

    def rcx():
        bench.fresh(out.name)
        sample = bench.run_rcx("run", source, "-o", out)
        bench.note(f"  rcx: {sample.wall:.3f} s, {sample.cpu:.3f} s CPU, {sample.peak_kb / 1024:.0f} MB")
        return sample

    samples = {"rcx": [rcx() for _ in range(bench.arguments.reps)]}
    stages = {stage["stage"]: stage for stage in samples["rcx"][0].report["stages"]}
    return samples, {"bytes_csv": source.stat().st_size, "rows": stages["ingest"]["rows_out"],
                     "customers": stages["campaign"]["rows_out"], "feature_rows": stages["features"]["rows_out"]}


CASES = {
    "ingest": (ingest, "CSV to committed, sorted store"),
    "ingest-parquet": (ingest_parquet, "zstd Parquet to committed, sorted store"),
    "ingest-256mb": (ingest_limited, "the same with --memory-limit 256MB"),
    "features": (features, "33 features x 12 snapshots from the store"),
    "features-in-memory": (features_in_memory, "the same, nothing written"),
    "clean": (clean, "validation, cleaning, cleaned Parquet / read and write it"),
    "uci": (uci, "UCI, raw CSV to features in memory, whole process"),
    "uci-run": (uci_run, "UCI, rcx run --until features with all its files / features in memory, whole process"),
    "run": (whole, "UCI, raw CSV to report / the same stitched together in Python, whole process"),
    "churn": (churn, "UCI, churn: whole command / LightGBM, scikit-learn and shap, features given"),
    "clv": (clv, "UCI, value: whole command / LightGBM, scikit-learn and SciPy, features given"),
    "run-large": (whole_large, "generated rows, raw CSV to report"),
    "xlsx": (xlsx, "UCI as a workbook, to committed store / to Python values"),
    "size": (size, "UCI, CSV to store; sizes"),
}


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                  if line.startswith("model name")), platform.processor())
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
            "load_before": os.getloadavg()[0]}


def versions(rcx):
    text = subprocess.run([rcx, "--version"], capture_output=True, text=True, check=True).stdout
    duckdb = ask_python("import duckdb; print(duckdb.__version__)")
    return {"rcx": text.strip(), "duckdb": duckdb, "python": platform.python_version()}


def measure_case(bench, name, about):
    function, title = CASES[name]
    bench.note(f"{name}: {title}")
    samples, extra = function(bench)
    result = {"name": name, "title": title, "schema": 1, **about,
              "sides": {side: measure.summary(list_) for side, list_ in samples.items()}, **extra}
    for peer in {"duckdb", "python"} & samples.keys():
        ours, theirs = result["sides"]["rcx"], result["sides"][peer]
        result["ratio"] = {key: theirs[key] / ours[key] for key in ("wall", "cpu", "peak_mb")}
    return result


def megabytes(count):
    return f"{count / 1e6:.2f}"


def markdown(results):
    lines = ["| work | side | wall s (min - max) | CPU s | peak MB | peer / rcx: wall | CPU |",
             "|---|---|---|---|---|---|---|"]
    for result in results:
        for side, values in result["sides"].items():
            ratio = result.get("ratio") if side == "rcx" else None
            lines.append(
                f"| {result['title']} | {side} | {values['wall']:.3f} ({values['wall_min']:.3f} - "
                f"{values['wall_max']:.3f}) | {values['cpu']:.3f} | {values['peak_mb']:.0f} | "
                + (f"{ratio['wall']:.1f} | {ratio['cpu']:.1f} |" if ratio else "| |"))
    lines += ["", "| inside, wall seconds | side | |", "|---|---|---|"]
    for result in results:
        for side, values in result["sides"].items():
            if values["inside"]:
                stages = ", ".join(f"{stage} {seconds:.3f}" for stage, seconds in values["inside"].items())
                lines.append(f"| {result['title']} | {side} | {stages} |")
    lines += ["", "| sizes | MB |", "|---|---|"]
    for result in results:
        lines += [f"| {result['title']}: {key.removeprefix('bytes_')} | {megabytes(value)} |"
                  for key, value in result.items() if key.startswith("bytes_")]
    return "\n".join(lines) + "\n"


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=CASES, metavar="NAME",
                        help=f"one of {', '.join(CASES)}; may be given again")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=80_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", help="use this CSV in place of a generated one")
    parser.add_argument("--uci", help="UCI Online Retail, month first, .csv or .csv.zst")
    parser.add_argument("--reps", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rcx", default=str(HERE.parent / "build" / "release" / "rcx"))
    parser.add_argument("--work", default=str(HERE.parent / "build" / "bench"))
    parser.add_argument("--results", default=str(HERE / "results"))
    return parser.parse_args()


def main():
    arguments = parse()
    bench = Bench(arguments)
    about = {"date": datetime.date.today().isoformat(), "machine": machine(),
             "versions": versions(arguments.rcx), "threads": arguments.threads}
    results, failed = [], False
    folder = pathlib.Path(arguments.results)
    folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.only or CASES:
        try:
            result = measure_case(bench, name, about)
        except measure.Failed as failure:
            print(f"{name}: {failure}", file=sys.stderr)
            failed = True
            continue
        results.append(result)
        (folder / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    table = markdown(results)
    (folder / "table.md").write_text(table, encoding="utf-8")
    print(table, end="")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
