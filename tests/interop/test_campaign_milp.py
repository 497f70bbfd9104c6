"""The campaign plan against an independent solver: scipy's HiGHS on the values that the plan itself lists.

Every instance is a command of its own. RCX_FULL=1 runs 3,000 of them instead of 100.
"""

import json
import os
import random
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
import campaign_files  # noqa: E402
from cli_support import run  # noqa: E402

INSTANCES = 3000 if os.environ.get("RCX_FULL") == "1" else 100


def random_tiers(draw):
    tiers = {}
    for k in range(draw.randrange(1, 5)):
        tiers[f"t{k}"] = {"cost": draw.choice([0, 1, 2, 2.5, 5, 10, 17.25, 25]), "save_rate": round(draw.random() * .6, 3),
                          "discount": draw.choice([0, .05, .1, .2]), "capacity": draw.choice([None, None, 0, 2, 5])}
    return tiers


def text_of(tiers):
    parts = []
    for name, tier in tiers.items():
        fields = [f"{key}={value}" for key, value in tier.items() if value is not None]
        parts.append(f"{name}: " + "; ".join(fields))
    return ", ".join(parts)


def best_value(values, tiers, budget):
    """The optimum in units of 10^-4, values as [customers][tiers] with None where there is no offer."""
    names = list(tiers)
    cells = [(i, k, v) for i, row in enumerate(values) for k, v in enumerate(row) if v is not None and v > 0]
    if not cells:
        return 0
    n = len(cells)
    rows, upper = [], []
    for i in {i for i, _, _ in cells}:
        rows.append([float(j == i) for j, _, _ in cells])
        upper.append(1)
    rows.append([tiers[names[k]]["cost"] for _, k, _ in cells])
    upper.append(budget)
    for k, name in enumerate(names):
        if tiers[name]["capacity"] is not None:
            rows.append([float(j == k) for _, j, _ in cells])
            upper.append(tiers[name]["capacity"])
    got = milp(-np.array([v for _, _, v in cells]), integrality=np.ones(n), bounds=Bounds(0, 1),
               constraints=LinearConstraint(np.array(rows), -np.inf, np.array(upper)), options={"mip_rel_gap": 0})
    assert got.status == 0
    chosen = got.x > .5
    return sum(round(v * 10000) for (_, _, v), taken in zip(cells, chosen) if taken)


@pytest.mark.parametrize("batch", range(10))
def test_plans_are_as_good_as_those_of_highs(batch, tmp_path):
    draw = random.Random(batch)
    gaps = []
    for number in range(INSTANCES // 10):
        rows = campaign_files.customers(draw.randrange(1, 60), seed=draw.randrange(10 ** 9))
        tiers = random_tiers(draw)
        budget = draw.choice([0, 3, 20, 50, 120, 400])
        folder = campaign_files.write(tmp_path, rows)
        got = run("campaign", "-o", folder, "--json", "--tiers", text_of(tiers), "--budget", budget, "--set",
                  "campaign.control_share=0", "-q")
        assert got.returncode == 0, got.stderr
        metrics = json.loads(got.stdout)
        table = pq.read_table(folder / "outputs/optimal_campaign_allocation.parquet").to_pydict()
        values = [[None if table[f"value_{name}"][i] is None else float(table[f"value_{name}"][i]) for name in tiers]
                  for i in range(len(rows))]
        optimum = best_value(values, tiers, budget)
        certificate = metrics["certificate"]
        value, bound = round(certificate["value"] * 10000), round(certificate["upper_bound"] * 10000)
        assert value <= optimum <= bound
        assert not certificate["proven_optimal"] or value == optimum
        assert metrics["total_campaign_cost"] <= budget and round(metrics["total_expected_net_value"] * 10000) == value
        for name, tier in tiers.items():
            assert tier["capacity"] is None or metrics["by_campaign_tier"][name]["customers"] <= tier["capacity"]
        gaps.append((optimum - value) / optimum if optimum else 0)
    assert np.mean(gaps) < 0.001, max(gaps)
