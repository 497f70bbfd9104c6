"""The campaign plan of rcx beside numpy and HiGHS: same customers, same tiers, one process after the other.

    RCX=build/release/rcx bench/peers/campaign_peer.py [NAME...] [--threads 2] [--reps 3] [--json FILE]

numpy is what a good engineer writes in an afternoon: bisection on the price of money with the best tier of every
customer at each price, then the rest of the budget by falling value per cost; no capacities. HiGHS solves the linear
relaxation (scipy.optimize.linprog, the faster of its simplex and its interior point method), capacities included; its
plan takes every tier that is chosen wholly. Both start from arrays in memory. rcx is timed as a whole process that
reads the predictions from Parquet files, plans and prints its metrics (--dry-run).
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
from scipy.optimize import linprog
from scipy.sparse import coo_array, vstack

RCX = os.environ.get("RCX", "build/release/rcx")
TIERS = {"light": (2, .15, .05), "standard": (10, .30, .10), "premium": (25, .45, .15)}
COSTS = np.array([cost for cost, _, _ in TIERS.values()], float)
MARGIN, REDEMPTION = .30, .30

#         customers    places of a tier as shares of the customers   peers
WORK = {
    "100k": (100_000, None, ["numpy", "highs-ds", "highs-ipm"]),
    "100k-places": (100_000, (None, .02, .01), ["highs-ds", "highs-ipm"]),
    "1m": (1_000_000, None, ["numpy"]),
    "10m": (10_000_000, None, ["numpy"]),
}


def make(customers, folder, seed=1):
    """Predictions as 'rcx campaign' reads them. Returns what each tier is worth, [customers, tiers]."""
    draw = np.random.default_rng(seed)
    p = draw.random(customers)
    v1 = draw.lognormal(5.5, 1.2, customers)
    v0, a = v1 * draw.random(customers) / 2, v1 / 4
    (folder / "outputs").mkdir(parents=True)
    ids = np.arange(customers)
    pq.write_table(pa.table({"customer_id": ids, "churn_probability": p}), folder / "outputs/churn_predictions.parquet")
    pq.write_table(pa.table({"customer_id": ids, "value": v1 * (1 - p), "value_if_active": v1, "value_if_lapsed": v0,
                             "expected_order_value": a}), folder / "outputs/clv_predictions.parquet")
    return np.stack([p * s * (MARGIN * (v1 - v0) - d * a) - (1 - p) * REDEMPTION * d * a - c for c, s, d in TIERS.values()], 1)


def by_numpy(values, budget):
    """Value and cost of the plan, and the bound of the last price."""
    best_at = lambda price: np.argmax(np.hstack([np.zeros((len(values), 1)), values - price * COSTS]), 1)
    costs = np.concatenate([[0], COSTS])
    padded = np.hstack([np.zeros((len(values), 1)), values])
    low, high = 0.0, float(np.max(values / COSTS)) + 1
    chosen = best_at(low)
    if costs[chosen].sum() > budget:
        for _ in range(40):
            middle = (low + high) / 2
            if costs[best_at(middle)].sum() > budget:
                low = middle
            else:
                high = middle
        chosen = best_at(high)
    cost = costs[chosen].sum()
    rows = np.arange(len(values))
    bound = high * budget + np.maximum(0, (values - high * COSTS).max(1)).sum() if low > 0 else padded[rows, chosen].sum()
    gain = padded - padded[rows, chosen][:, None]
    more = costs[None, :] - costs[chosen][:, None]
    ratio = np.where((gain > 0) & (more > 0), gain / np.maximum(more, 1e-9), 0)
    option = ratio.argmax(1)
    for i in np.argsort(-ratio[rows, option])[:1000]:  # who comes next while the money lasts
        if ratio[i, option[i]] > 0 and cost + more[i, option[i]] <= budget:
            cost += more[i, option[i]]
            chosen[i] = option[i]
    return padded[rows, chosen].sum(), cost, bound


def by_highs(values, budget, places, method):
    offered = np.argwhere(values > 0)
    gains, cells = values[offered[:, 0], offered[:, 1]], np.arange(len(offered))
    rows = [coo_array((np.ones(len(gains)), (offered[:, 0], cells)), shape=(len(values), len(gains))),
            coo_array(COSTS[offered[:, 1]][None, :])]
    upper = [*np.ones(len(values)), budget]
    for k, share in enumerate(places or []):
        if share is not None:
            rows.append(coo_array((offered[:, 1] == k)[None, :].astype(float)))
            upper.append(int(share * len(values)))
    found = linprog(-gains, A_ub=vstack(rows).tocsr(), b_ub=upper, bounds=(0, 1), method=method)
    whole = found.x > 1 - 1e-6
    return gains[whole].sum(), COSTS[offered[whole, 1]].sum(), -found.fun


def by_rcx(folder, budget, places, customers, threads):
    tiers = ", ".join(f"{name}: cost={c}; save_rate={s}; discount={d}"
                      + (f"; capacity={int(places[k] * customers)}" if places and places[k] is not None else "")
                      for k, (name, (c, s, d)) in enumerate(TIERS.items()))
    command = [RCX, "campaign", "-o", folder, "--dry-run", "--json", "-q", "--tiers", tiers, "--budget", str(budget),
               "--threads", str(threads), "--set", "campaign.control_share=0"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return report["certificate"]["value"], report["total_campaign_cost"], report["certificate"]["upper_bound"]


def compare(name, threads, reps, folder):
    customers, places, peers = WORK[name]
    folder = folder / name
    values = make(customers, folder)
    budget = customers  # one for each customer: it binds
    sides = {"rcx": lambda: by_rcx(folder, budget, places, customers, threads)}
    for peer in peers:
        sides[peer] = (lambda: by_numpy(values, budget)) if peer == "numpy" else (
            lambda method=peer: by_highs(values, budget, places, method))
    samples, answers = {side: [] for side in sides}, {}
    for _ in range(reps + 1):  # the first warms up
        for side, solve in sides.items():
            begin = time.perf_counter()
            value, cost, bound = solve()
            samples[side].append(time.perf_counter() - begin)
            assert cost <= budget * (1 + 1e-9), (side, cost)
            answers[side] = {"value": float(value), "cost": float(cost), "bound": float(bound),
                             "gap_pct": 100 * float(bound - value) / float(bound)}
    seconds = {side: statistics.median(s[1:]) for side, s in samples.items()}
    bounds = [answer["bound"] for answer in answers.values()]
    assert all(answer["value"] <= min(bounds) * (1 + 1e-6) for answer in answers.values())
    best = min(value for side, value in seconds.items() if side != "rcx")
    print(f"{name}: " + "; ".join(f"{side} {seconds[side]:.3f} s, value {a['value']:.2f}, gap {a['gap_pct']:.1e} %"
                                  for side, a in answers.items()) + f": {best / seconds['rcx']:.1f}x")
    return {"name": name, "customers": customers, "tiers": len(TIERS), "places": places, "budget": budget, "threads": threads,
            "seconds": seconds, "samples": samples, "answers": answers, "faster": best / seconds["rcx"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", default=[])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--json", help="results are added to those that are there under other names")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = [compare(name, given.threads, given.reps, Path(folder)) for name in given.names or WORK]
    if given.json:
        path = Path(given.json)
        kept = [r for r in json.loads(path.read_text()) if r["name"] not in {r["name"] for r in results}] if path.exists() else []
        path.write_text(json.dumps(kept + results, indent=1) + "\n")


if __name__ == "__main__":
    main()
