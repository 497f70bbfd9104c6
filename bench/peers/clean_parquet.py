"""Reading a Parquet file and writing all of it again with DuckDB: the yardstick for cleaned_data.parquet.

    clean_parquet.py IN.parquet OUT.parquet [--threads N] [--keep-order]

zstd level 3, as rcx writes it in the same measurement. DuckDB need not keep the order of the rows unless
--keep-order says so. Nothing is cleaned or checked: it only moves the columns. Prints one JSON object: wall
and CPU seconds without the start of Python and the import of DuckDB, rows, bytes, peak memory.
"""

import argparse
import json
import os
import pathlib
import time

import duckdb

import duckdb_features


def rewrite(connection, source, target):
    pathlib.Path(target).unlink(missing_ok=True)
    return connection.execute(f"copy (select * from read_parquet('{source}')) to '{target}' "
                              "(format parquet, codec 'zstd', compression_level 3)").fetchone()[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--keep-order", action="store_true")
    arguments = parser.parse_args()

    wall, cpu = time.perf_counter(), time.process_time()
    connection = duckdb_features.connect(":memory:", arguments.threads)
    connection.execute(f"set preserve_insertion_order = {str(arguments.keep_order).lower()}")
    rows = rewrite(connection, arguments.source, arguments.target)
    connection.close()
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "rows": rows,
                      "bytes": os.path.getsize(arguments.target), "duckdb": duckdb.__version__,
                      "peak_kb": duckdb_features.peak_kb()}))


if __name__ == "__main__":
    main()
