"""Cleaning and the 33 features in DuckDB: CSV into a database, features of it, or both.

    duckdb_features.py load FILE.csv DATABASE     typed, integer-coded, sorted tables
    duckdb_features.py features DATABASE          cleaning + 33 features x 12 snapshots from them
    duckdb_features.py run FILE.csv               both, in memory; nothing is written unless -o

Prints one JSON object: seconds of wall clock and of CPU (user + system, this process) for each SQL
file, without the start of Python and the import of DuckDB, rows, and the peak memory of the process.
"""

import argparse
import json
import os
import pathlib
import time

import duckdb

HERE = pathlib.Path(__file__).resolve().parent
DATE_FORMAT = "%m/%d/%Y %H:%M"
FEATURE_FILES = ("duckdb_clean.sql", "duckdb_snapshots.sql", "duckdb_features.sql",
                 "duckdb_features_spanning.sql", "duckdb_features_table.sql")


def peak_kb():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def connect(database, threads, read_only=False):
    connection = duckdb.connect(database, read_only=read_only)
    connection.execute(f"set threads = {threads}")
    return connection


def statements(name, replace):
    """The statements of an SQL file, comments removed, {placeholders} of `replace` filled in."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    text = "\n".join(line.split("--")[0] for line in lines)
    for key, value in replace.items():
        text = text.replace("{" + key + "}", value)
    return [part.strip() for part in text.split(";") if part.strip()]


def run_file(connection, name, **replace):
    """Executes one SQL file; returns its wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    for statement in statements(name, replace):
        connection.execute(statement)
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def load(connection, source, date_format=DATE_FORMAT):
    return {"duckdb_load.sql": run_file(connection, "duckdb_load.sql", source=str(source),
                                        format=date_format)}


def features(connection, general=False):
    """Makes temp table feature. `general` sends every customer the way of the spanning ones."""
    times = {}
    for name in FEATURE_FILES:
        if name == "duckdb_features.sql" and general:
            times[name] = run_general(connection)
            continue
        times[name] = run_file(connection, name)
        if name == "duckdb_snapshots.sql":
            count = connection.execute("select count(*) from snapshot").fetchone()[0]
            if not 1 <= count <= 12:
                raise SystemExit(f"{count} snapshots; the SQL is written for 1 to 12")
    return times


def run_general(connection):
    wall, cpu = time.perf_counter(), time.process_time()
    for statement in statements("duckdb_features.sql", {}):
        if "temp table spanning " in statement:
            statement = "create or replace temp table spanning as select distinct customer from clean"
        connection.execute(statement)
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=("load", "features", "run"))
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("-o", "--output", help="also write the table (.parquet or .csv)")
    arguments = parser.parse_args()

    paths = arguments.paths
    if len(paths) != (2 if arguments.command == "load" else 1):
        parser.error("load takes FILE.csv DATABASE, features DATABASE, run FILE.csv")
    times = {}
    if arguments.command == "load":
        pathlib.Path(paths[1]).unlink(missing_ok=True)
        connection = connect(paths[1], arguments.threads)
        times |= load(connection, paths[0])
    elif arguments.command == "features":
        connection = connect(paths[0], arguments.threads, read_only=True)
        times |= features(connection)
    else:
        connection = connect(":memory:", arguments.threads)
        times |= load(connection, paths[0])
        times |= features(connection)

    result = {"stages": times, "wall": sum(t["wall"] for t in times.values()),
              "cpu": sum(t["cpu"] for t in times.values()), "duckdb": duckdb.__version__,
              "rows": connection.execute("select count(*) from tx").fetchone()[0]}
    if arguments.command != "load":
        result["feature_rows"] = connection.execute("select count(*) from feature").fetchone()[0]
        result["snapshots"] = connection.execute("select count(*) from snapshot").fetchone()[0]
        result["spanning_customers"] = connection.execute("select count(*) from spanning").fetchone()[0]
        if arguments.output:
            connection.execute(f"copy feature to '{arguments.output}'")
    connection.close()
    result["peak_kb"] = peak_kb()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
