"""rcx measure: a plan against what its customers did, on rows whose outcome is known."""

import csv
import datetime
import json
import math
import os
import random

import pytest

import campaign_files
from cli_support import run
from key_effects import shop_rows, write_csv

PLAN_DAY = datetime.date(2011, 6, 30)
Z = 1.959963984540054
TIERS = {"premium": (25, .55), "light": (2, .20)}  # cost, true save rate


def make(folder, text=False, customers=4000, seed=3):
    """A store with rows before and after the plan, and the plan. Returns what each customer did."""
    draw = random.Random(seed)
    rows, plan, truth = [], [], {}
    invoice = 1000
    base = datetime.datetime(2011, 6, 1, 12)
    for i in range(customers):
        customer = f"K{i}" if text else str(20000 + i)
        tier = draw.choice(list(TIERS))
        control = draw.random() < .25
        rows.append([str(invoice), "A", "THING", 1, base + datetime.timedelta(minutes=i % 1000), 2.5, customer, "UK"])
        invoice += 1
        churns = draw.random() < .6 and (control or draw.random() >= TIERS[tier][1])
        revenue = 0
        if not churns:
            for _ in range(draw.randrange(1, 4)):
                day = draw.randrange(0, 90)
                price = round(draw.uniform(1, 200), 2)
                rows.append([str(invoice), "B", "THING", 2, base.replace(day=1) + datetime.timedelta(days=30 + day), price, customer, "UK"])
                revenue += round(2 * price * 100)
                invoice += 1
        elif draw.random() < .2:  # only a return: no purchase, but negative revenue
            rows.append([f"C{invoice}", "A", "THING", -1, base + datetime.timedelta(days=45), 2.5, customer, "UK"])
            revenue -= 250
            invoice += 1
        plan.append([customer, tier, "control" if control else "contact", 0 if control else TIERS[tier][0], .6])
        truth[customer] = (tier, control, churns, revenue / 100)
    rows.append(["1", "A", "THING", 1, base + datetime.timedelta(days=120), 1.0, "" , "UK"])
    write_csv(folder / "shop.csv", rows)
    got = run("ingest", folder / "shop.csv", "--store", folder / "store")
    assert got.returncode == 0, got.stderr
    with open(folder / "plan.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_id", "tier", "group", "cost", "churn_probability", "plan_date"])
        writer.writerows([*row, PLAN_DAY] for row in plan)
    return truth


def measure(folder, *options):
    got = run("measure", "--plan", folder / "plan.csv", "--store", folder / "store", "--json", *options)
    assert got.returncode == 0, got.stderr
    return json.loads(got.stdout), got.stderr


def counts(truth, control, tier=None):
    chosen = [v for v in truth.values() if v[1] == control and tier in (None, v[0])]
    return len(chosen), sum(v[2] for v in chosen), [v[3] for v in chosen]


def newcombe(x, n, y, m):
    def wilson(x, n):
        centre, half = x / n + Z * Z / 2 / n, Z * math.sqrt(x / n * (1 - x / n) / n + Z * Z / 4 / n / n)
        return (centre - half) / (1 + Z * Z / n), (centre + half) / (1 + Z * Z / n)
    (l1, u1), (l2, u2) = wilson(x, n), wilson(y, m)
    d = y / m - x / n
    return d - math.hypot(y / m - l2, u1 - x / n), d + math.hypot(u2 - y / m, x / n - l1)


@pytest.mark.parametrize("text", [False, True])
def test_counts_and_intervals(text, tmp_path):
    truth = make(tmp_path, text)
    report, _ = measure(tmp_path, "--tiers-out", tmp_path / "tiers.yaml", "-o", tmp_path / "table.csv",
                        "--set", "campaign.tiers=premium: cost=25; save_rate=0.45; discount=0.15, "
                        "light: cost=2; save_rate=0.15, other: cost=1; save_rate=0.1")
    assert report["first_day"] == "2011-07-01" and report["last_day"] == "2011-09-28" and report["complete"]
    for name in [None, *TIERS]:
        got = report["all"] if name is None else report["tiers"][name]
        n, x, revenue = counts(truth, False, name)
        m, y, others = counts(truth, True, name)
        assert (got["contacts"], got["controls"], got["churned_contacts"], got["churned_controls"]) == (n, m, x, y)
        low, high = newcombe(x, n, y, m)
        assert got["churn_reduction"]["estimate"] == pytest.approx(y / m - x / n)
        assert got["churn_reduction"]["low"] == pytest.approx(low) and got["churn_reduction"]["high"] == pytest.approx(high)
        assert got["save_rate"]["estimate"] == pytest.approx(1 - (x / n) / (y / m))
        assert got["save_rate"]["low"] < got["save_rate"]["estimate"] < got["save_rate"]["high"]
        if name:  # the planted effect lies within the interval
            assert got["save_rate"]["low"] < TIERS[name][1] < got["save_rate"]["high"]
        mean, other = sum(revenue) / n, sum(others) / m
        variance = (sum((v - mean) ** 2 for v in revenue) / (n - 1) / n + sum((v - other) ** 2 for v in others) / (m - 1) / m)
        assert got["revenue_uplift"]["estimate"] == pytest.approx(mean - other)
        assert got["revenue_uplift"]["high"] == pytest.approx(mean - other + Z * math.sqrt(variance))
        cost = sum(TIERS[v[0]][0] for v in truth.values() if not v[1] and name in (None, v[0]))
        assert got["cost"] == pytest.approx(cost)
        assert got["realised_value"]["estimate"] == pytest.approx(.3 * n * (mean - other) - cost)
    # the measured tiers go back into a plan
    campaign_files.write(tmp_path, campaign_files.customers(500))
    metrics = campaign_files.plan(tmp_path, "--tiers", tmp_path / "tiers.yaml")
    tiers = metrics["by_campaign_tier"]
    assert tiers["premium"]["save_rate"] == pytest.approx(report["tiers"]["premium"]["save_rate"]["estimate"])
    assert tiers["other"]["save_rate"] == .1
    table = (tmp_path / "table.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in table] == ["tier", "all", *report["tiers"]]


def test_intervals_cover_the_planted_effect_in_many_campaigns(tmp_path):
    """One shop, many campaigns of 300 of its customers each: the 95 % intervals hold the true save rate of each tier
    and its fall of churn in about 95 % of them, and the mean of the realised save rates is the true one."""
    campaigns, size = (400, 300) if os.environ.get("RCX_FULL") == "1" else (40, 300)
    make(tmp_path, customers=campaigns * size, seed=11)
    lines = (tmp_path / "plan.csv").read_text().splitlines()
    held, rates = [], {name: [] for name in TIERS}
    for c in range(campaigns):
        (tmp_path / "plan.csv").write_text("\n".join(lines[:1] + lines[1 + c * size:1 + (c + 1) * size]) + "\n")
        report, errors = measure(tmp_path)
        assert errors == "" and report["unknown_customers"] == 0
        for name, (_, saved) in TIERS.items():
            got = report["tiers"][name]
            held += [got["save_rate"]["low"] <= saved <= got["save_rate"]["high"],
                     got["churn_reduction"]["low"] <= .6 * saved <= got["churn_reduction"]["high"]]
            rates[name].append(got["save_rate"]["estimate"])
    share, error = sum(held) / len(held), 3 * math.sqrt(.95 * .05 / campaigns / 2)
    assert .95 - error < share <= min(1, .96 + error), share
    for name, (_, saved) in TIERS.items():
        assert sum(rates[name]) / campaigns == pytest.approx(saved, abs=.03)


def test_the_programs_own_plan_is_read(tmp_path):
    """Both files that rcx campaign writes."""
    rows = campaign_files.customers(500)
    folder = campaign_files.write(tmp_path / "run", rows)
    metrics = campaign_files.plan(folder)
    day = datetime.datetime(2011, 10, 1, 9)
    write_csv(tmp_path / "shop.csv", [[str(i), "A", "THING", 1, day, 5.0, str(row["customer_id"]), "UK"]
                                      for i, row in enumerate(rows) if i % 2])
    assert run("ingest", tmp_path / "shop.csv", "--store", tmp_path / "store").returncode == 0
    seen = []
    for name in ("campaign_execution_plan.csv", "optimal_campaign_allocation.parquet"):
        got = run("measure", "--plan", folder / "outputs" / name, "--store", tmp_path / "store", "--json")
        assert got.returncode == 0, got.stderr
        seen.append(json.loads(got.stdout))
    assert {k: v for k, v in seen[0].items() if k != "tiers"} == {k: v for k, v in seen[1].items() if k != "tiers"}
    assert seen[0]["all"]["contacts"] == metrics["customers"]["contact"]
    assert seen[0]["all"]["cost"] == metrics["total_campaign_cost"]
    assert not seen[0]["complete"] and seen[0]["last_day"] == "2011-10-01"


def test_spans(tmp_path):
    make(tmp_path, customers=300)
    report, errors = measure(tmp_path, "--days", "300")
    assert not report["complete"] and "may still buy" in errors
    report, errors = measure(tmp_path, "--from", "2011-07-10", "--days", "10")
    assert (report["first_day"], report["last_day"], report["complete"]) == ("2011-07-10", "2011-07-19", True)
    got = run("measure", "--plan", tmp_path / "plan.csv", "--store", tmp_path / "store", "--from", "2012-01-01")
    assert got.returncode == 3 and "the data end on" in got.stderr
    got = run("measure", "--plan", tmp_path / "plan.csv", "--store", tmp_path / "store")
    assert got.returncode == 0 and "interval" in got.stdout


BAD_PLANS = {
    "a,b\n1,2\n": "there is no column 'customer_id'",
    "customer_id,tier,group\n": "the plan is empty",
    "customer_id,tier,group\n20001,light,maybe\n": "group of customer 20001 is 'maybe'",
    "customer_id,tier,group\n20001,light,contact\n": "--from DATE",
    "customer_id,tier,group,plan_date\n20001,light,contact,2011-06-30\n20001,light,control,2011-06-30\n": "is there twice",
    "customer_id,tier,group,plan_date\nX1,light,contact,2011-06-30\n": "customer_id is text, but int64 in the store",
    "customer_id,tier,group,plan_date\n99,light,contact,2011-06-30\n98,light,control,2011-06-30\n": "none of its 2 customers has ever bought",
    "customer_id,tier,group,cost,plan_date\n20001,light,contact,-2,2011-06-30\n": "cost of customer 20001 is -2",
    "customer_id,tier,group,churn_probability,plan_date\n20001,light,contact,1.5,2011-06-30\n": "churn_probability of customer 20001 is 1.5",
    "customer_id,tier,group\n20001,light,\n": "column 'group' is",
    "customer_id,tier,group\n20001,1,contact\n": "column 'tier' is int64, expected text",
    "customer_id,tier,group\n,light,contact\n20001,light,contact\n": "a row has no customer_id",
    "customer_id,tier,group\n20001,light\n": "",
    "": "",
}


@pytest.mark.parametrize("content, message", BAD_PLANS.items(), ids=BAD_PLANS.values())
def test_bad_plans_are_refused(content, message, tmp_path):
    make(tmp_path, customers=20)
    (tmp_path / "plan.csv").write_text(content)
    options = ["--from", "2011-07-01"] if "maybe" in message else []
    got = run("measure", "--plan", tmp_path / "plan.csv", "--store", tmp_path / "store", *options)
    assert got.returncode == 3 and message in got.stderr, got.stderr


def test_wrong_stores_are_refused(tmp_path):
    make(tmp_path, customers=20)
    for store, code in [(tmp_path / "none", 1), (tmp_path / "plan.csv", 1), (tmp_path, 1)]:
        got = run("measure", "--plan", tmp_path / "plan.csv", "--store", store, "--tiers-out", tmp_path / "tiers.yaml")
        assert got.returncode == code and str(store) in got.stderr, got.stderr
    got = run("measure", "--plan", tmp_path / "shop.csv", "--store", tmp_path / "store", "-o", tmp_path / "table.csv")
    assert got.returncode == 3 and "there is no column 'customer_id'" in got.stderr
    assert run("measure", "--plan", tmp_path / "none.csv", "--store", tmp_path / "store").returncode == 1
    assert not (tmp_path / "tiers.yaml").exists() and not (tmp_path / "table.csv").exists()


def test_customers_who_are_not_in_the_store_are_counted(tmp_path):
    make(tmp_path, customers=20)
    with open(tmp_path / "plan.csv", "a", encoding="utf-8") as file:
        file.write("7,light,contact,2,.5,2011-06-30\n8,light,control,0,.5,2011-06-30\n")
    report, errors = measure(tmp_path)
    assert "2 of the 22 customers of the plan are not in the store" in errors
    assert report["unknown_customers"] == 2 and report["all"]["contacts"] + report["all"]["controls"] == 22


def test_no_control_group(tmp_path):
    make(tmp_path, customers=20)
    text = (tmp_path / "plan.csv").read_text().replace("control", "contact")
    (tmp_path / "plan.csv").write_text(text)
    report, errors = measure(tmp_path)
    assert report["all"]["save_rate"]["estimate"] is None and "stay as assumed" in errors


def test_outcomes_are_the_labels(tmp_path):
    """Who is silent, and the revenue, are those of the feature table's labels at the same date."""
    write_csv(tmp_path / "shop.csv", shop_rows())
    assert run("ingest", tmp_path / "shop.csv", "--store", tmp_path / "store").returncode == 0
    got = run("features", "--store", tmp_path / "store", "-o", tmp_path / "f.csv", "--labels", "--as-of", PLAN_DAY,
              "--set", "clv.horizon_days=90")
    assert got.returncode == 0, got.stderr
    with open(tmp_path / "f.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with open(tmp_path / "plan.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_id", "tier", "group", "plan_date"])
        writer.writerows([row["customer_id"], "light", "control" if i % 3 else "contact", PLAN_DAY]
                         for i, row in enumerate(rows))
    report, _ = measure(tmp_path)
    for key, chosen in [("contacts", rows[::3]), ("controls", [r for i, r in enumerate(rows) if i % 3])]:
        assert report["all"][key] == len(chosen) > 5
        assert report["all"][f"churned_{key}"] == sum(int(row["churn"]) for row in chosen)
        mean = sum(float(row["clv"]) for row in chosen) / len(chosen)
        assert report["all"][f"revenue_{key}"] == pytest.approx(mean)
