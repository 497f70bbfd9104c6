"""Running the program on data and reading its feature tables back."""
import csv
import datetime as dt
import io
import json
import os
import subprocess

RCX = os.environ.get("RCX", "build/dev/rcx")


def rcx(*arguments, env=None, code=0):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("RCX_")}
    clean.update(env or {})
    done = subprocess.run([RCX, *map(str, arguments)], capture_output=True, env=clean, timeout=600, cwd="/")
    assert done.returncode == code, f"rcx {arguments}: exit {done.returncode}\n{done.stderr.decode()}"
    return done


def ingest(data, store, *options):
    rcx("ingest", data, "--store", store, "-q", *options)


def features(store, folder, *options, env=None):
    """The text of the feature table as CSV with labels, and the metadata."""
    table, metadata = folder / "features.csv", folder / "metadata.json"
    rcx("features", "--store", store, "-o", table, "--metadata", metadata, "--labels", "-q", *options, env=env)
    return table.read_text(encoding="utf-8"), json.loads(metadata.read_text())


def cleaning(store, folder, *options):
    stats = folder / "stats.json"
    rcx("clean", "--store", store, "-o", folder / "rows.csv", "--stats", stats, "-q", *options)
    return json.loads(stats.read_text())


def parse(text):
    """{(snapshot_date, customer_id): row of texts}, in the order of the file, and the header."""
    reader = csv.reader(io.StringIO(text))
    header = next(reader)
    who, when = header.index("customer_id"), header.index("snapshot_date")
    return {(row[when], row[who]): dict(zip(header, row)) for row in reader}, header


def day_text(day):
    return str(dt.date(1970, 1, 1) + dt.timedelta(days=day))


def same_value(text, expected):
    """Whole numbers exactly, reals to a relative 1e-12 (absolute below 1), null as the empty field."""
    if expected is None:
        return text == ""
    if isinstance(expected, float):
        return text != "" and abs(float(text) - expected) <= 1e-12 * max(1.0, abs(expected))
    return text == str(expected)
