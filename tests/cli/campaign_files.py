"""Made-up predictions: the three files of a run directory that rcx campaign reads."""

import datetime
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq

from cli_support import run

DAY = datetime.date(2011, 8, 31)
SEGMENTS = ["Champions", "At Risk", "Lost", None]
RISKS = [(0.3, "Low"), (0.5, "Medium"), (0.7, "High"), (2, "Very High")]


def customers(count, seed=1, text=False):
    """Rows as dicts. Values are skewed as in a shop; some are worth nothing, one in 50 has no value."""
    draw = random.Random(seed)
    rows = []
    for i in range(count):
        p = draw.random() ** 1.5
        v1 = draw.lognormvariate(5.5, 1.2)
        rows.append({"customer_id": f"C{i:05}" if text else 12000 + 3 * i, "churn_probability": p,
                     "risk_level": next(name for most, name in RISKS if p < most),
                     "reason_1": f"no purchase for {draw.randrange(200)} days", "reason_2": "rare orders",
                     "reason_3": None, "value": v1 * (1 - p), "value_if_active": v1 if i % 50 else None,
                     "value_if_lapsed": v1 * draw.uniform(0, 0.5), "expected_order_value": v1 / draw.uniform(2, 8),
                     "segment": draw.choice(SEGMENTS)})
    return rows


def column(rows, name):
    values = [row[name] for row in rows]
    if name.startswith(("reason", "risk", "segment")):
        return pa.array(values, pa.string())
    if name == "customer_id":
        return pa.array(values, None if values else pa.int64())
    return pa.array(values, pa.float64())


def write(folder, rows, seed=1, leave_out=(), rename=None):
    """Writes the files below folder/outputs, each in an order of its own. Returns the folder."""
    outputs = folder / "outputs"
    outputs.mkdir(parents=True, exist_ok=True)
    shuffled = random.Random(seed).sample(rows, len(rows))
    files = {
        "churn_predictions": (rows, ["customer_id", "churn_probability", "risk_level", "reason_1", "reason_2", "reason_3"]),
        "clv_predictions": (shuffled, ["customer_id", "value", "value_if_active", "value_if_lapsed", "expected_order_value"]),
        "segment_assignments": ([r for r in shuffled if r["segment"]], ["customer_id", "segment"]),
    }
    for name, (content, names) in files.items():
        if name in leave_out:
            continue
        table = pa.table({(rename or {}).get(n, n): column(content, n) for n in names if n not in leave_out})
        if name != "clv_predictions":
            table = table.append_column("snapshot_date", pa.array([DAY] * len(content), pa.date32()))
        with pq.ParquetWriter(outputs / f"{name}.parquet", table.schema) as writer:
            if content:  # else no row group at all
                writer.write_table(table)
    return folder


def plan(folder, *options):
    """Runs rcx campaign; returns the metrics."""
    got = run("campaign", "-o", folder, "--json", *options)
    assert got.returncode == 0, got.stderr
    return json.loads(got.stdout)
