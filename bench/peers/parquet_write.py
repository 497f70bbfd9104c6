"""Writing Parquet: rcx against pyarrow, the same 10 M row table, in turns (A B A B), medians.

    python bench/peers/parquet_write.py build/release/bench/parquet_write [ROWS] [RUNS] [RESULT.json]

rcx holds texts as codes into a list; pyarrow gets the table both ways, with plain strings and with
dictionary arrays. Neither side syncs. Printed: seconds, CPU seconds (of all threads), rows per second,
and bytes of the file; RESULT.json gets all samples, such as bench/results/parquet-write.json."""

import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import pyarrow as pa
import pyarrow.parquet as pq


def rcx(program, rows, threads, codec, path):
    done = subprocess.run([program, str(rows), str(threads), codec, "1", path], check=True, capture_output=True)
    result = json.loads(done.stdout)
    return result["seconds"], result["cpu"], result["bytes"]


def pyarrow(table, codec, path):
    level = 3 if codec == "zstd" else None
    begin, cpu = time.perf_counter(), time.process_time()
    pq.write_table(table, path, compression=codec, compression_level=level)
    return time.perf_counter() - begin, time.process_time() - cpu, os.path.getsize(path)


def encoded(table):
    """Texts as dictionary arrays."""
    columns = [c.dictionary_encode() if pa.types.is_string(c.type) else c for c in table.columns]
    return pa.table(columns, names=table.column_names)


def main():
    program = sys.argv[1]
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000_000
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    record = {"name": "parquet-write", "title": "a table of 14 columns in memory to a Parquet file", "rows": rows,
              "date": datetime.date.today().isoformat(), "cores": os.cpu_count(), "load_before": os.getloadavg()[0],
              "kernel": platform.release(), "versions": {"pyarrow": pa.__version__, "python": platform.python_version()},
              "codecs": {}}
    with tempfile.TemporaryDirectory() as directory:
        ours, theirs = f"{directory}/rcx.parquet", f"{directory}/pyarrow.parquet"
        rcx(program, rows, 2, "snappy", ours)
        plain = pq.read_table(ours)
        tables = {"pyarrow, strings": plain, "pyarrow, dictionaries": encoded(plain)}
        print(f"{rows:,} rows, {plain.num_columns} columns, {os.cpu_count()} cpus, pyarrow {pa.__version__}")
        for codec in ("snappy", "zstd"):
            results = {}
            for _ in range(runs):
                for threads in (1, os.cpu_count()):
                    results.setdefault(f"rcx, {threads} threads", []).append(rcx(program, rows, threads, codec, ours))
                for name, table in tables.items():
                    results.setdefault(name, []).append(pyarrow(table, codec, theirs))
            record["codecs"][codec] = {name: [dict(zip(("wall", "cpu", "bytes"), run)) for run in found]
                                       for name, found in results.items()}
            for name, found in results.items():
                seconds, cpu = (statistics.median(run[i] for run in found) for i in (0, 1))
                print(f"{codec:7} {name:22} {seconds:7.3f} s {cpu:7.3f} s of CPU {rows / seconds / 1e6:7.2f} M rows/s"
                      f" {found[-1][2] / 1e6:8.1f} MB")
    if len(sys.argv) > 4:
        with open(sys.argv[4], "w", encoding="utf-8") as file:
            file.write(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
