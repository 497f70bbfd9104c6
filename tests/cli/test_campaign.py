"""rcx campaign on made-up predictions: the files reconcile, and bad input is refused."""

import csv
import json
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

import campaign_files
from cli_support import run

PARTS = ["cost", "expected_revenue_saved", "retained_margin", "discount_saved", "discount_loyal", "expected_value"]
TIERS = {"premium": (25, .45, .15), "standard": (10, .30, .10), "light": (2, .15, .05)}
COUNT = 3000


@pytest.fixture(scope="module")
def rows():
    return campaign_files.customers(COUNT)


@pytest.fixture(scope="module")
def planned(rows, tmp_path_factory):
    folder = campaign_files.write(tmp_path_factory.mktemp("campaign"), rows)
    metrics = campaign_files.plan(folder, "--budget", "5000")
    return folder, metrics


def read(folder, name):
    with open(folder / "outputs" / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def total(rows, name):
    return sum((Decimal(row[name]) for row in rows), Decimal(0))


def test_money_closes(planned):
    """Plan, metrics, action list, impact and segments say the same, to the last digit."""
    folder, metrics = planned
    plan = read(folder, "campaign_execution_plan.csv")
    contacts = [row for row in plan if row["group"] == "contact"]
    report = json.loads((folder / "outputs/optimization_metrics.json").read_text())
    assert report == metrics
    assert metrics["total_customers_targeted"] == len(contacts) > 100
    for key, name in [("total_campaign_cost", "cost"), ("total_expected_revenue_saved", "expected_revenue_saved"),
                      ("total_expected_net_value", "expected_value"), ("expected_customers_saved", "expected_saves"),
                      ("retained_margin", "retained_margin")]:
        assert metrics[key] == float(total(plan, name))
    for row in plan:
        value = {name: Decimal(row[name]) for name in PARTS}
        assert value["expected_value"] == (value["retained_margin"] - value["discount_saved"]
                                           - value["discount_loyal"] - value["cost"])
        if row["group"] == "control":
            assert not any(value.values()) and row["priority_rank"] == "" and row["roi"] == ""
        else:
            assert value["cost"] == TIERS[row["tier"]][0] and value["expected_value"] > 0
    for tier, numbers in metrics["by_campaign_tier"].items():
        of_tier = [row for row in contacts if row["tier"] == tier]
        assert numbers["customers"] == len(of_tier)
        assert numbers["expected_net_value"] == float(total(of_tier, "expected_value"))
    impact = read(folder, "business_reports/impact_analysis.csv")
    for dimension in ("total", "tier", "risk_level", "segment"):
        lines = [row for row in impact if row["dimension"] == dimension]
        for name in PARTS + ["expected_saves"]:
            assert total(lines, name) == total(plan, name)
        assert sum(int(row["contacts"]) for row in lines) == len(contacts)
        assert sum(int(row["controls"]) for row in lines) == len(plan) - len(contacts)
    segments = read(folder, "business_reports/segment_profiles.csv")
    assert sum(int(row["customers"]) for row in segments) == COUNT
    assert total(segments, "cost") == total(plan, "cost")
    assert total(segments, "expected_value") == total(plan, "expected_value")
    summary = json.loads((folder / "outputs/business_reports/business_summary.json").read_text())
    for key in ("total_campaign_cost", "total_expected_net_value", "portfolio_roi_pct", "total_customers_targeted"):
        assert summary[key] == metrics[key]
    assert summary["date"] == "2011-08-31" == plan[0]["plan_date"]


def test_values_are_the_formula(planned, rows):
    folder, _ = planned
    by_id = {str(row["customer_id"]): row for row in rows}
    for row in read(folder, "campaign_execution_plan.csv"):
        c = by_id[row["customer_id"]]
        cost, save, discount = TIERS[row["tier"]]
        p, a = c["churn_probability"], c["expected_order_value"]
        difference = c["value_if_active"] - c["value_if_lapsed"]
        value = p * save * (.3 * difference - discount * a) - (1 - p) * .3 * discount * a - cost
        assert row["segment"] == (c["segment"] or "") and row["reason_1"] == c["reason_1"]
        if row["group"] == "contact":
            assert float(row["expected_value"]) == pytest.approx(value, abs=1.01e-4)
            assert float(row["expected_revenue_saved"]) == pytest.approx(p * save * difference, abs=1e-4)


def test_everyone_is_listed_once(planned, rows):
    folder, metrics = planned
    actions = read(folder, "business_reports/complete_customer_action_list.csv")
    allocation = pq.read_table(folder / "outputs/optimal_campaign_allocation.parquet").to_pydict()
    ids = [str(row["customer_id"]) for row in rows]
    assert sorted(row["customer_id"] for row in actions) == sorted(ids)
    assert [str(i) for i in allocation["customer_id"]] == ids
    top = read(folder, "business_reports/top_100_customer_actions.csv")
    assert len({row["customer_id"] for row in top}) == len(top) == 100
    assert top == actions[:100]
    values = [float(row["expected_value"]) for row in top]
    assert values == sorted(values, reverse=True)
    assert [row["priority_rank"] for row in top] == [str(i + 1) for i in range(100)]
    assert metrics["customers"]["all"] == COUNT == sum(
        n for key, n in metrics["customers"].items() if key != "all")
    assert metrics["customers"]["no_prediction"] == COUNT // 50
    statuses = allocation["status"]
    assert {s: statuses.count(s) for s in set(statuses)} == {
        k: v for k, v in {"contact": metrics["customers"]["contact"], "control": metrics["customers"]["control"],
                          "budget": metrics["customers"]["not_contacted_budget"],
                          "no_gain": metrics["customers"]["not_contacted_no_gain"],
                          "no_prediction": metrics["customers"]["no_prediction"]}.items() if v}


def test_budget_binds_and_is_kept(planned):
    folder, metrics = planned
    certificate = metrics["certificate"]
    assert 4900 < metrics["total_campaign_cost"] <= 5000
    assert certificate["shadow_price"] > 0
    assert certificate["value"] <= certificate["upper_bound"]
    assert certificate["gap_pct"] < 0.01
    control = metrics["control_group"]["customers"]
    assert control == pytest.approx(.1 * (control + metrics["total_customers_targeted"]), abs=2)


def test_frontier_and_sensitivity_rise(planned):
    folder, metrics = planned
    frontier = read(folder, "budget_frontier.csv")
    assert len(frontier) > 10
    for name in ("budget", "expected_value"):
        numbers = [float(row[name]) for row in frontier]
        assert numbers == sorted(set(numbers)) and numbers[0] == 0
    sensitivity = {row["scenario"]: row for row in read(folder, "budget_sensitivity.csv")}
    assert len(sensitivity) == 9
    ordered = sorted(sensitivity.values(), key=lambda row: float(row["budget"]))
    values = [float(row["expected_value"]) for row in ordered]
    assert values == sorted(values)
    for row in ordered:
        assert float(row["cost"]) <= float(row["budget"])
        assert float(row["expected_value"]) >= float(row["ranking_value"])
    quarter = sensitivity["saturation x 0.25"]
    assert float(quarter["expected_value"]) > 1.1 * float(quarter["ranking_value"])
    assert float(sensitivity["saturation"]["expected_value"]) == float(frontier[-1]["expected_value"])


def test_assumptions_break_even(planned):
    """Campaigns whose assumption is at its break-even value bring nothing: the sheet's factor in the formula."""
    folder, metrics = planned
    sheet = read(folder, "assumption_sheet.csv")
    assert len(sheet) == 7 * 4
    whole = {row["assumption"]: row for row in sheet if row["scope"] == "plan"}
    assert float(whole["margin"]["assumed"]) == .3
    retained, net = metrics["retained_margin"], metrics["total_expected_net_value"]
    factor = float(whole["margin"]["break_even_factor"])
    assert retained * factor - retained + net == pytest.approx(0, abs=1e-6 * retained)
    assert float(whole["margin"]["break_even"]) == pytest.approx(.3 * factor)
    assert float(whole["margin"]["expected_value_minus_20_pct"]) == pytest.approx(net - .2 * retained, abs=1e-3)
    assert float(whole["cost"]["expected_value_plus_20_pct"]) == pytest.approx(
        net - .2 * metrics["total_campaign_cost"], abs=1e-3)
    for row in whole.values():
        assert float(row["expected_value"]) == net


def test_same_bytes_for_any_threads_and_dry_run_writes_nothing(rows, tmp_path):
    seen = []
    for threads in ("1", "3"):
        folder = campaign_files.write(tmp_path / threads, rows)
        before = {path for path in folder.rglob("*")}
        assert run("campaign", "-o", folder, "--dry-run", "--threads", threads).returncode == 0
        assert {path for path in folder.rglob("*")} == before
        campaign_files.plan(folder, "--threads", threads)
        seen.append({str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()})
    assert seen[0] == seen[1]
    assert len(seen[0]) == 3 + 11


def test_text_ids_and_missing_segments(tmp_path):
    rows = campaign_files.customers(300, text=True)
    folder = campaign_files.write(tmp_path, rows, leave_out=("segment_assignments", "reason_2"))
    metrics = campaign_files.plan(folder, "--budget", "300")
    plan = read(folder, "campaign_execution_plan.csv")
    assert plan[0]["customer_id"].startswith("C") and len(plan) == metrics["customers"]["contact"] + metrics["customers"]["control"]
    segments = read(folder, "business_reports/segment_profiles.csv")
    assert [row["segment"] for row in segments] == ["(none)"]


def test_tiers_from_a_file_with_capacity(planned, tmp_path, rows):
    folder = campaign_files.write(tmp_path, rows)
    tiers = tmp_path / "tiers.yaml"
    tiers.write_text("tiers:\n  call: {cost: 12.5, save_rate: 0.4, capacity: 40, action: ring up}\n"
                     "  letter:\n    cost: 1\n    save_rate: 0.1\n    discount: 0.05\n")
    metrics = campaign_files.plan(folder, "--tiers", tiers, "--budget", "1e6")
    assert set(metrics["by_campaign_tier"]) == {"call", "letter"}
    call = metrics["by_campaign_tier"]["call"]
    assert call["customers"] == 40 and call["cost"] == 500
    assert metrics["certificate"]["shadow_price_of_places"]["call"] > 0
    assert metrics["certificate"]["gap_pct"] < 0.01
    assert read(folder, "campaign_execution_plan.csv")[0]["action"] == "ring up"


def test_suppressed_customers_are_not_contacted(planned, rows, tmp_path):
    base, _ = planned
    folder = campaign_files.write(tmp_path, rows)
    wanted = [row["customer_id"] for row in read(base, "campaign_execution_plan.csv")][:7]
    path = tmp_path / "no.txt"
    path.write_text("\ufeffcustomer_id\r\n" + "\r\n".join(wanted) + '\r\n"1"\nnobody\n\n' + wanted[0] + "\n")
    got = run("campaign", "-o", folder, "--suppress", path, "--json")
    assert got.returncode == 0
    assert "2 ids are no customers" in got.stderr
    assert json.loads(got.stdout)["customers"]["suppressed"] == 7
    actions = {row["customer_id"]: row for row in read(folder, "business_reports/complete_customer_action_list.csv")}
    for customer in wanted:
        assert "suppression" in actions[customer]["action"] and actions[customer]["tier"] == ""
    assert run("campaign", "-o", folder, "--suppress", tmp_path / "none").returncode == 1


LISTS = {"fields": "Customer_ID,reason\n12003,moved\n12006;x\n", "carriage returns": "12003\r12006", "as reals": "12003.0\n12006.0\n",
         "tabs and quotes": '"12003"\tyes\n "12006"  \n\n\n'}


@pytest.mark.parametrize("content", LISTS.values(), ids=LISTS)
def test_forms_of_suppression_lists(content, rows, tmp_path):
    folder = campaign_files.write(tmp_path, rows[:40])
    (tmp_path / "no.csv").write_text(content)
    got = run("campaign", "-o", folder, "--suppress", tmp_path / "no.csv", "--json")
    assert got.returncode == 0 and got.stderr.count("no customers") == 0
    assert json.loads(got.stdout)["customers"]["suppressed"] == 2


def test_a_suppression_list_that_is_no_text_is_refused(rows, tmp_path):
    folder = campaign_files.write(tmp_path, rows[:40])
    got = run("campaign", "-o", folder, "--suppress", folder / "outputs/churn_predictions.parquet")
    assert got.returncode == 3 and "not a text" in got.stderr
    assert not (folder / "outputs/optimization_metrics.json").exists()


def test_no_budget_is_an_empty_plan_and_a_note(rows, tmp_path):
    folder = campaign_files.write(tmp_path, rows)
    got = run("campaign", "-o", folder, "--budget", "0", "--json")
    assert got.returncode == 0 and "the plan is empty" in got.stderr
    metrics = json.loads(got.stdout)
    assert metrics["total_customers_targeted"] == 0 and metrics["total_campaign_cost"] == 0
    assert metrics["portfolio_roi_pct"] is None
    assert read(folder, "campaign_execution_plan.csv") == []
    assert len(read(folder, "business_reports/complete_customer_action_list.csv")) == COUNT


def test_no_customers_at_all(tmp_path):
    folder = campaign_files.write(tmp_path, [])
    metrics = campaign_files.plan(folder)
    assert metrics["customers"]["all"] == 0


@pytest.mark.parametrize("missing, stage", [("churn_predictions", "churn"), ("clv_predictions", "clv")])
def test_a_missing_file_names_its_stage(missing, stage, tmp_path):
    folder = campaign_files.write(tmp_path, campaign_files.customers(20), leave_out=(missing,))
    got = run("campaign", "-o", folder)
    assert got.returncode == 1
    assert f"{missing}.parquet: there is no such file" in got.stderr and f"run 'rcx {stage} -o" in got.stderr


BAD_TABLES = {
    "a column is missing": (lambda rows: None, {"rename": {"value_if_active": "v1"}}, "there is no column 'value_if_active'"),
    "a probability above 1": (lambda rows: rows[3].update(churn_probability=1.5), {}, "churn_probability of customer 12009 is 1.5, expected 0 to 1"),
    "a negative order": (lambda rows: rows[3].update(expected_order_value=-1.0), {}, "expected_order_value of customer 12009 is -1"),
    "absurd money": (lambda rows: rows[3].update(value_if_lapsed=1e12), {}, "value_if_lapsed of customer 12009"),
    "a customer twice": (lambda rows: rows[3].update(customer_id=12000), {}, "customer 12000 is there twice"),
}


@pytest.mark.parametrize("change, options, message", BAD_TABLES.values(), ids=BAD_TABLES)
def test_bad_tables_are_refused(change, options, message, tmp_path):
    rows = campaign_files.customers(20)
    change(rows)
    folder = campaign_files.write(tmp_path, rows, **options)
    got = run("campaign", "-o", folder)
    assert got.returncode == 3 and message in got.stderr
    assert sorted(path.name for path in (folder / "outputs").iterdir()) == [
        "churn_predictions.parquet", "clv_predictions.parquet", "segment_assignments.parquet"]


def test_files_of_different_runs_are_refused(tmp_path):
    folder = campaign_files.write(tmp_path, campaign_files.customers(20))
    campaign_files.write(tmp_path / "other", campaign_files.customers(20, text=True))
    name = "outputs/clv_predictions.parquet"
    (folder / name).write_bytes((tmp_path / "other" / name).read_bytes())
    got = run("campaign", "-o", folder)
    assert got.returncode == 3 and "customer_id is text, but int64" in got.stderr


BAD_TIERS = {
    "a: cost=-1; save_rate=0.1": "expected a cost of 0 to 1000000",
    "a: cost=1; save_rate=1.1": "expected a save rate of 0 to 1",
    "a: cost=1; save_rate=0.1, a: cost=2; save_rate=0.2": "the tier 'a' is there twice",
    "a: cost=1": "expected cost and save_rate",
    "a: cost=1; save_rate=0.1; discount=2": "expected a discount of 0 to 1",
    "a: cost=1; save_rate=0.1; capacity=-3": "expected a capacity of 0 or more customers",
    "a: cost=1; save_rate=0.1; price=3": "expected fields cost, save_rate, discount, capacity, action",
    "/nonexistent/tiers.yaml": "cannot open",
}


@pytest.mark.parametrize("tiers, message", BAD_TIERS.items(), ids=BAD_TIERS.values())
def test_bad_tiers_are_refused(tiers, message):
    got = run("campaign", "--tiers", tiers)
    assert got.returncode == 2 and message in got.stderr


def test_damaged_tier_files_are_refused(tmp_path):
    for content in ("", "tiers: [1, 2]", "tiers: {a: {cost: [1]}}", "a: {cost: 1\n", "tiers: {a: 3}", "\0"):
        path = tmp_path / "tiers.yaml"
        path.write_text(content)
        got = run("campaign", "--tiers", path)
        assert got.returncode == 2 and "campaign.tiers" in got.stderr, content
