"""What each configuration key changes: for every key a value other than its default and a run of rcx
whose outcome must differ. test_key_effects.py runs them.

To add a key: one row in EFFECTS: the changed value, how to look, and what else must be set (`given`)
or which data are needed for the change to show.
"""
import atexit
import csv
import datetime
import functools
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field

import campaign_files
from cli_support import RCX, SOURCE, environment, run
from workbook import write_workbook

HEADER = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]


# --- data ------------------------------------------------------------------------------------------

def shop_rows():
    """A small shop of 14 months: returns, cancelled mistakes, guests, duplicates, services, outliers."""
    draw = random.Random(5)
    begin = datetime.datetime(2010, 12, 1, 8, 0)
    rows = []
    for number in range(700):
        time = begin + datetime.timedelta(minutes=865 * number + draw.randrange(60))
        customer = "" if draw.random() < 0.1 else str(12000 + int(60 * draw.random() ** 2))
        invoice = str(536365 + number)
        drift = 1 + number / 350
        for _ in range(draw.randrange(1, 7)):
            product = int(40 * draw.random() ** 2)
            quantity = draw.choice([1, 1, 2, 2, 3, 4, 6, 12, 24, 96])
            price = round((0.5 + product * 0.25) * drift, 3)
            rows.append([invoice, f"P{product:03}", f"THING {product}", quantity, time, price, customer, "United Kingdom"])
            if draw.random() < 0.03:
                rows.append(list(rows[-1]))
            if draw.random() < 0.06:
                later = time + datetime.timedelta(hours=5)
                rows.append(["C" + invoice, rows[-1][1], rows[-1][2], -quantity, later, price, customer, "United Kingdom"])
        if number % 40 == 7:
            rows.append([invoice, "POST", "POSTAGE", 1, time, 15.0, customer, "France"])
            rows.append([invoice, "P001", "", 1, time, 0.0, customer, "France"])
        if number % 90 == 20:
            rows.append([invoice, "P002", "THING 2", 9000, time, 1.0, customer or "12001", "France"])
            rows.append(["C" + invoice, "P002", "THING 2", -9000, time + datetime.timedelta(minutes=12), 1.0,
                         customer or "12001", "France"])
    return rows


def write_csv(path, rows, header=HEADER, separator=",", time=lambda t: t.strftime("%Y-%m-%d %H:%M"),
              encoding="utf-8", number=str):
    with open(path, "w", newline="", encoding=encoding) as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(header)
        for row in rows:
            writer.writerow([*row[:3], number(row[3]), time(row[4]), number(row[5]), *row[6:]])
    return path


def plain_rows(count=40, **change):
    """Rows without anything special but what `change` says: {column index: function of the row number}."""
    rows = []
    for i in range(count):
        row = [str(1000 + i), "A", "THING", 1 + i % 3, datetime.datetime(2011, 1, 1 + i % 12, 9, i), 1.25, str(50 + i % 4), "UK"]
        for column, function in change.items():
            row[HEADER.index(column)] = function(i)
        rows.append(row)
    return rows


# --- ways to look ----------------------------------------------------------------------------------
# Each takes (folder, sets): an empty directory and the --set values, and returns what is compared.

def sets_of(sets):
    return [word for one in sets for word in ("--set", one)]


def loaded(make_file, *options):
    """Ingest a file, then export the store: (exit code, the rows)."""
    def look(folder, sets):
        path = make_file(folder / "data.csv")
        got = run("ingest", path, "--store", folder / "store", *options, *sets_of(sets))
        if got.returncode != 0:
            return got.returncode, None
        out = run("export", "--store", folder / "store", "-o", folder / "rows.csv")
        assert out.returncode == 0, out.stderr
        return 0, (folder / "rows.csv").read_bytes()
    return look


def shop_store(folder):
    path = write_csv(folder / "shop.csv", shop_rows())
    got = run("ingest", path, "--store", folder / "store")
    assert got.returncode == 0, got.stderr
    return folder / "store"


def report_of_ingest(name, view=lambda value: value):
    """One number of the report about loading 300,000 rows; the exit code when it fails."""
    def look(folder, sets):
        made = run("generate", "--rows", 300000, "-o", folder / "shop.csv")
        assert made.returncode == 0, made.stderr
        got = run("ingest", folder / "shop.csv", "--store", folder / "store", "--json", *sets_of(sets))
        return view(json.loads(got.stdout)[name]) if got.returncode == 0 else ("exit", got.returncode)
    return look


def output_of(command, *options, suffix=".csv"):
    """The exit code, the file and the report of a command on the shop's store."""
    def look(folder, sets):
        store = shop_store(folder)
        path = folder / ("out" + suffix)
        got = run(command, "--store", store, "-o", path, "--json", *options, *sets_of(sets))
        report = json.loads(got.stdout.replace(str(folder), "")) if got.returncode == 0 else None
        return got.returncode, path.read_bytes() if path.exists() else None, without_times(report)
    return look


def validated(make_file):
    """What validation says of a file."""
    def look(folder, sets):
        run("ingest", make_file(folder / "data.csv"), "--store", folder / "store")
        return run("validate", "--store", folder / "store", *sets_of(sets)).stdout
    return look


def without_times(value):
    """A report without what differs from run to run."""
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items()
                if not any(word in k for word in ("second", "created"))}
    return [without_times(v) for v in value] if isinstance(value, list) else value


def errors_of(*arguments):
    """What a command on nothing says on standard error."""
    def look(folder, sets):
        return run(*arguments, *sets_of(sets), cwd=folder).stderr
    return look


def files_of_a_run(folder, sets):
    """The names of all files that a run makes."""
    path = write_csv(folder / "shop.csv", shop_rows())
    got = run("run", path, "-o", folder / "run", *sets_of(sets))
    assert got.returncode == 0, got.stderr
    return sorted(str(f.relative_to(folder)) for f in folder.rglob("*"))


def generated(folder, sets):
    """The rows of a shop that is made up."""
    return run("generate", "--rows", 500, "-o", "-", *sets_of(sets)).stdout


def progress_drawn(folder, sets):
    """Whether a bar is drawn on a standard error that is no terminal."""
    return "\r" in run("generate", "--rows", 2000000, "-o", folder / "shop.csv", *sets_of(sets)).stderr


def threads_used(folder, sets):
    """Most threads seen while a shop is made up."""
    process = subprocess.Popen([RCX, "generate", "--rows", "1000000", "-o", folder / "shop.csv", *sets_of(sets)],
                               env=environment(), cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    most = 0
    while process.poll() is None:
        try:
            most = max(most, len(os.listdir(f"/proc/{process.pid}/task")))
        except FileNotFoundError:
            break
        time.sleep(0.002)
    process.communicate()
    assert process.returncode == 0
    return most


def log_file(folder, sets):
    """The log file of a failing command, without times; None when there is none."""
    run("info", "--store", folder / "none", *sets_of([s.replace("FOLDER", str(folder)) for s in sets]))
    path = folder / "rcx.log"
    if not path.exists():
        return None
    return [json.loads(line)["level"] for line in path.read_text().splitlines()]


# --- the keys --------------------------------------------------------------------------------------

@dataclass
class Effect:
    value: str
    look: object
    given: list = field(default_factory=list)  # in both runs


def renamed(column):
    return loaded(lambda path: write_csv(path, plain_rows(), header=["Spalte" if h == column else h for h in HEADER]))


def drift(folder, sets):
    """The drift between the snapshots of the shop's feature table, and whether it is too much."""
    table = folder / "features.parquet"
    made = run("features", "--store", shop_store(folder), "-o", table)
    assert made.returncode == 0, made.stderr
    got = run("features", "drift", table, "--check", *sets_of(sets))
    return got.returncode, got.stdout


def campaign(folder, sets):
    """All files of the campaign stage on made-up predictions."""
    campaign_files.write(folder, campaign_files.customers(400))
    (folder / "suppressed.txt").write_text("12003\n12006\n12009\n")
    got = run("campaign", "-o", folder, *sets_of([s.replace("FOLDER", str(folder)) for s in sets]))
    assert got.returncode == 0, got.stderr
    return got.stdout, {p.name: p.read_bytes() for p in (folder / "outputs").rglob("*") if p.is_file()}
def segments(folder, sets):
    """All files about the segments of a made-up shop."""
    if not (folder / "run").exists():
        run("generate", "--rows", 9000, "--customers", 500, "-o", folder / "shop.csv")
        made = run("run", folder / "shop.csv", "-o", folder / "run", "--until", "features")
        assert made.returncode == 0, made.stderr
    built_in = pathlib.Path(SOURCE, "config/strategies.yaml").read_text()
    (folder / "ours.yaml").write_text(built_in.replace("goal: ", "goal: Please "))
    got = run("segment", "-o", folder / "run", *sets_of([s.replace("FOLDER", str(folder)) for s in sets]))
    assert got.returncode == 0, got.stderr
    return [path.read_bytes() for path in sorted((folder / "run/outputs").glob("segment_*"))]


def behaviour(folder, sets):
    """The behaviour table of a run on the shop."""
    path = write_csv(folder / "shop.csv", shop_rows())
    got = run("run", path, "-o", folder / "run", "--until", "features", *sets_of(sets))
    assert got.returncode == 0, got.stderr
    table = folder / "run/data/features/customer_behaviour.parquet"
    return table.read_bytes()


@functools.cache
def leaving_shop():
    """A shop of 700 customers whose churn can be learned, as a store."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rcx-churn-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = run("generate", "--rows", 12000, "--basket", 3, "--guests", 0, "--seed", 3, "-o", folder / "shop.csv")
    assert made.returncode == 0, made.stderr
    got = run("ingest", folder / "shop.csv", "--store", folder / "store")
    assert got.returncode == 0, got.stderr
    return folder / "store"


def stage(command):
    def files(folder, sets):
        """All files of the stage, and its exit code."""
        shutil.copytree(leaving_shop(), folder / "store")
        got = run(command, "-o", folder, *sets_of(sets))
        return got.returncode, {p.name: p.read_bytes() for f in ("outputs", "models") for p in (folder / f).glob("*")}

    return files


churn = stage("churn")
clv = stage("clv")


# few rows will do, and few resamples
CHURN = ["churn.origin_rows=50", "churn.choice_rows=100", "churn.resamples=20"]
FIXED = ["churn.origin_rows=50", "churn.choice_rows=1000000", "churn.resamples=20"]
CLV = ["clv.horizon_days=60", "clv.origin_rows=50", "clv.evaluation_rows=100", "clv.resamples=20"]

FIT = ["cleaning.outliers.min_fit_rows=20"]
CLEAN = output_of("clean")
FEATURES = output_of("features")
LABELS = output_of("features", "--labels")
PROOF = output_of("prove", suffix=".json")
VALIDATE = output_of("validate")
PARQUET = output_of("export", suffix=".parquet")

EFFECTS = {
    **{f"ingest.columns.{key}": Effect("Spalte", renamed(column))
       for key, column in zip(["invoice_no", "stock_code", "description", "quantity", "invoice_date", "unit_price",
                               "customer_id", "country"], HEADER)},
    "ingest.missing_customers": Effect("7", loaded(lambda p: write_csv(p, plain_rows(CustomerID=lambda i: str(6 + i % 3))))),
    "ingest.price_decimals": Effect("1", loaded(lambda p: write_csv(p, plain_rows(UnitPrice=lambda i: 1.25 + i)))),
    "ingest.quantity_decimals": Effect("1", loaded(lambda p: write_csv(p, plain_rows(Quantity=lambda i: i + 0.5)))),
    "ingest.utc_offset": Effect("+02:00", loaded(lambda p: write_csv(p, plain_rows(), time=lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ")))),
    "ingest.date_format": Effect("dmy", loaded(lambda p: write_csv(p, plain_rows(InvoiceNo=lambda i: "1"), time=lambda t: t.strftime("%d/%m/%Y %H:%M")))),
    "ingest.date_evidence": Effect("0.9", loaded(lambda p: write_csv(p, plain_rows(
        InvoiceDate=lambda i: datetime.datetime(2011, 1 + i // 12, 1 + i % 12)), time=lambda t: t.strftime("%d/%m/%Y")))),
    "ingest.decimal_mark": Effect("point", loaded(lambda p: write_csv(p, plain_rows(), number=lambda n: "1,234"))),
    "ingest.delimiter": Effect("semicolon", loaded(lambda p: write_csv(p, plain_rows()))),
    "ingest.sheets": Effect("May", loaded(lambda p: write_workbook(p, {"April": [HEADER, *plain_rows()], "May": [HEADER, *plain_rows(50)]}))),
    "ingest.encoding": Effect("windows-1252", loaded(lambda p: write_csv(p, plain_rows(Description=lambda i: "CAF\u00c9")))),
    "ingest.max_reject_share": Effect("0.5", loaded(lambda p: write_csv(p, plain_rows(Quantity=lambda i: "x" if i == 3 else 1)))),
    "ingest.max_line_bytes": Effect("64", loaded(lambda p: write_csv(p, plain_rows(Description=lambda i: "LONG " * 20)))),
    "ingest.min_year": Effect("2012", loaded(lambda p: write_csv(p, plain_rows()))),
    "ingest.max_year": Effect("2010", loaded(lambda p: write_csv(p, plain_rows()))),
    "store.zstd_level": Effect("19", report_of_ingest("segment_bytes")),
    "store.sync": Effect("false", report_of_ingest("sync_seconds", lambda seconds: seconds > 0)),
    "validation.max_missing_share": Effect("0.5", VALIDATE),
    "validation.max_cancellation_share": Effect("0.001", VALIDATE),
    "validation.min_unit_price": Effect("1", VALIDATE),
    "validation.max_abs_quantity": Effect("50", VALIDATE),
    "validation.max_gap_days": Effect("0", validated(lambda p: write_csv(p, [
        [*row[:4], row[4].replace(day=1 + 3 * (i % 4)), *row[5:]] for i, row in enumerate(plain_rows())]))),
    "validation.min_customer_rows": Effect("60", VALIDATE),
    "cleaning.require_description": Effect("false", CLEAN, ["cleaning.min_unit_price=0"]),
    "cleaning.drop_exact_duplicates": Effect("false", CLEAN),
    "cleaning.min_unit_price": Effect("1", CLEAN),
    "cleaning.max_abs_quantity": Effect("20", CLEAN),
    "cleaning.outliers.price_percentile": Effect("60", CLEAN, FIT),
    "cleaning.outliers.quantity_iqr": Effect("0.5", CLEAN, FIT),
    "cleaning.outliers.quantity_scale": Effect("linear", CLEAN, FIT),
    "cleaning.outliers.matched_cancellations": Effect("false", CLEAN, FIT),
    "cleaning.outliers.fit": Effect("all", CLEAN, FIT),
    "cleaning.outliers.fit_days": Effect("200", CLEAN, FIT),
    "cleaning.outliers.min_fit_rows": Effect("20", CLEAN),
    "cleaning.outliers.action": Effect("flag", CLEAN, FIT),
    "cleaning.customers.min_rows": Effect("60", CLEAN),
    "cleaning.customers.high_return_rate": Effect("0.05", CLEAN),
    "cleaning.service_codes": Effect("P001", CLEAN),
    "cleaning.cancellation_prefix": Effect("X", CLEAN),
    "snapshots.every": Effect("week", FEATURES),
    "snapshots.first": Effect("2011-06-30", FEATURES),
    "snapshots.last": Effect("2011-06-30", FEATURES),
    "snapshots.dates": Effect("2011-05-20", FEATURES),
    "snapshots.min_history_days": Effect("150", FEATURES),
    "features.definitions": Effect("original", FEATURES),
    "features.observation_days": Effect("210", FEATURES),
    "features.min_lifetime_days": Effect("90", FEATURES),
    "features.windows": Effect("a: 7, b: 14, c: 28, d: 56", FEATURES),
    "prove.snapshots": Effect("2", PROOF),
    "prove.customers": Effect("7", PROOF),
    "drift.against": Effect("2011-05-31", drift),
    "drift.bins": Effect("3", drift),
    "drift.min_share": Effect("0.01", drift),
    "drift.max_psi": Effect("1000", drift),
    "segments.inputs": Effect("rfm_monetary_avg: none, rfm_recency_days: log1p", segments),
    "segments.k": Effect("5", segments),
    "segments.k_min": Effect("4", segments),
    "segments.k_max": Effect("7", segments),
    "segments.k_least": Effect("7", segments),
    "segments.silhouette_slack": Effect("0", segments),
    "segments.min_share": Effect("0.2", segments),
    "segments.restarts": Effect("1", segments),
    "segments.max_iterations": Effect("2", segments),
    "segments.bootstraps": Effect("0", segments),
    "segments.bootstrap_restarts": Effect("1", segments),
    "segments.sample_rows": Effect("100", segments),
    "segments.strategies": Effect("FOLDER/ours.yaml", segments),
    "churn.horizon_days": Effect("30", LABELS),
    "churn.gap_days": Effect("20", LABELS),
    "churn.min_tenure_days": Effect("100", LABELS),
    "models.exclude": Effect("return_rate", churn, CHURN),
    "churn.model": Effect("logistic", churn, CHURN),
    "churn.offset": Effect("none", churn, CHURN),
    "churn.use_btyd": Effect("false", churn, CHURN),
    "churn.trees": Effect("7", churn, FIXED),
    "churn.most_trees": Effect("3", churn, CHURN),
    "churn.leaves": Effect("2", churn, CHURN),
    "churn.learning_rate": Effect("0.2", churn, FIXED),
    "churn.min_leaf_rows": Effect("200", churn, FIXED),
    "churn.weights": Effect("fixed", churn, CHURN),
    "churn.blend": Effect("0.9", churn, [*CHURN, "churn.weights=fixed"]),
    "churn.ridge": Effect("1", churn, CHURN),
    "churn.imbalance": Effect("scale_pos_weight", churn, CHURN),
    "churn.calibration": Effect("platt", churn, CHURN),
    "churn.origin_rows": Effect("300", churn, ["churn.choice_rows=100", "churn.resamples=20"]),
    "churn.choice_rows": Effect("100", churn, ["churn.origin_rows=50", "churn.resamples=20"]),
    "churn.threshold_tier": Effect("premium", churn, CHURN),
    "churn.threshold": Effect("0.3", churn, FIXED),
    "churn.resamples": Effect("30", churn, ["churn.origin_rows=50"]),
    "churn.risk_medium": Effect("0.9", churn, CHURN),
    "churn.risk_high": Effect("0.95", churn, CHURN),
    "churn.risk_very_high": Effect("0.97", churn, CHURN),
    "btyd.model": Effect("pareto", behaviour),
    "btyd.intervals": Effect("true", behaviour),
    "btyd.blind_days": Effect("0", behaviour),
    "clv.annual_discount_rate": Effect("0.5", behaviour),
    "clv.horizon_days": Effect("60", LABELS),
    "clv.model": Effect("hurdle", clv, CLV),
    "clv.tolerance": Effect("1", clv, CLV),
    "clv.trees": Effect("7", clv, CLV),
    "clv.leaves": Effect("2", clv, CLV),
    "clv.learning_rate": Effect("0.2", clv, CLV),
    "clv.plain_trees": Effect("7", clv, CLV),
    "clv.plain_learning_rate": Effect("0.3", clv, CLV),
    "clv.min_leaf_rows": Effect("100", clv, CLV),
    "clv.bins": Effect("7", clv, CLV),
    "clv.tweedie_power": Effect("1.2", clv, CLV),
    "clv.min_data_days": Effect("150", clv, CLV),
    "clv.most_log_ratio": Effect("0.05", clv, CLV),
    "clv.origin_rows": Effect("1000", clv, ["clv.horizon_days=60", "clv.resamples=20"]),
    "clv.evaluation_rows": Effect("100000", clv, ["clv.horizon_days=60", "clv.resamples=20"]),
    "clv.coverage": Effect("0.6", clv, CLV),
    "clv.interval_trees": Effect("5", clv, CLV),
    "clv.interval_learning_rate": Effect("0.3", clv, CLV),
    "clv.resamples": Effect("30", clv, ["clv.horizon_days=60", "clv.origin_rows=50", "clv.evaluation_rows=100"]),
    "campaign.budget": Effect("200", campaign),
    "campaign.tiers": Effect("call: cost=3; save_rate=0.2", campaign),
    "campaign.margin": Effect("0.4", campaign),
    "campaign.redemption": Effect("0.5", campaign),
    "campaign.min_roi": Effect("5", campaign),
    "campaign.suppression": Effect("FOLDER/suppressed.txt", campaign),
    "campaign.control_share": Effect("0.3", campaign),
    "campaign.confidence": Effect("0.9", campaign),
    "campaign.power": Effect("0.9", campaign),
    "campaign.frontier_points": Effect("5", campaign),
    "export.codec": Effect("zstd", PARQUET),
    "export.zstd_level": Effect("19", PARQUET, ["export.codec=zstd"]),
    "export.also": Effect("arrow", files_of_a_run),
    "export.cleaned_data": Effect("false", files_of_a_run),
    "export.row_group_rows": Effect("1024", PARQUET),
    "runtime.threads": Effect("3", threads_used, ["runtime.threads=1"]),
    "runtime.cpu": Effect("v1", errors_of("info", "--store", "none", "-v")),
    "runtime.memory_limit": Effect("16MB", report_of_ingest("runs_on_disk")),
    "runtime.temp_dir": Effect("/nonexistent", report_of_ingest("runs_on_disk"), ["runtime.memory_limit=16MB"]),
    "runtime.seed": Effect("2", generated),
    "log.level": Effect("off", errors_of("info", "--store", "none")),
    "log.file": Effect("FOLDER/rcx.log", log_file),
    "log.file_level": Effect("error", log_file, ["log.file=FOLDER/rcx.log"]),
    "log.progress": Effect("always", progress_drawn),
    "log.color": Effect("always", errors_of("info", "--store", "none")),
}
