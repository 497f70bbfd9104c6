"""rcx churn, rcx score --as-of, rcx explain --customer: what they say, and what they refuse."""
import csv
import json
import re
import shutil

import pytest
from cli_support import expect, run

FEW = ["--set", "churn.resamples=20"]
INPUT, USAGE = 3, 2


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A run up to churn on a small made-up shop; the data and the run's directory."""
    folder = tmp_path_factory.mktemp("churn")
    expect("generate", "--rows", 30000, "--basket", 4, "--guests", 0, "--seed", 5, "-o", folder / "shop.csv", stderr=".*")
    expect("run", folder / "shop.csv", "-o", folder / "out", "--until", "churn", *FEW, stderr=".*")
    return folder


@pytest.fixture
def fresh(shop, tmp_path):
    """The same directory, to be written into."""
    shutil.copytree(shop / "out", tmp_path / "out")
    return tmp_path / "out"


def customer_of(shop):
    with open(shop / "shop.csv", newline="") as file:
        return next(row["CustomerID"] for row in csv.DictReader(file) if row["InvoiceDate"].startswith("12/1/2010"))


@pytest.mark.parametrize("settings, words", [
    (["snapshots.dates=2011-06-30,2011-07-31"],
     "no snapshot may train for the test at 2011-07-31: .* of 2011-05-02 or earlier, and the first one is of 2011-06-30.*shorter horizon"),
    (["snapshots.dates=2011-10-31"], "no snapshot has .* label.*earlier snapshots, or more data"),
    (["churn.min_tenure_days=3000"], "no snapshot has an eligible customer.*lower churn.min_tenure_days"),
    (["churn.horizon_days=3000"], "no snapshot has .* label.*earlier snapshots, or more data"),
])
def test_too_little_says_what_would_help(fresh, settings, words):
    before = {p: p.read_bytes() for p in sorted(fresh.glob("*/churn*"))}
    said = run("churn", "-o", fresh, *[w for s in settings for w in ("--set", s)], *FEW)
    assert said.returncode == INPUT, said.stderr

    assert re.search(words, said.stderr, re.DOTALL), said.stderr
    assert {p: p.read_bytes() for p in sorted(fresh.glob("*/churn*"))} == before


def test_one_class_says_what_would_help(tmp_path):
    """Everybody buys every week: nobody leaves."""
    with open(tmp_path / "loyal.csv", "w") as file:
        file.write("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n")
        for week in range(60):
            month, day = divmod(week * 7, 28)
            year, month = 2010 + month // 12, month % 12 + 1
            for customer in range(120):
                file.write(f"{week * 1000 + customer},A{customer % 9},thing,1,{year}-{month:02}-{day + 1:02} 10:{customer % 60:02}:00,"
                           f"2.5,{20000 + customer},France\n")
    said = run("run", tmp_path / "loyal.csv", "-o", tmp_path / "out", "--until", "campaign", "--json", *FEW)
    assert said.returncode == 0, said.stderr
    stages = {stage["stage"]: stage for stage in json.loads(said.stdout)["stages"]}
    note = stages["churn"]["note"]
    assert "no model" in note and "both classes are needed: another churn.horizon_days" in note, note
    assert {"clv", "campaign"} <= set(stages)
    assert not list((tmp_path / "out").glob("outputs/churn_*"))


def test_other_stages_go_on_and_old_predictions_go(fresh, shop):
    assert (fresh / "outputs/churn_predictions.parquet").exists()
    said = run("run", shop / "shop.csv", "-o", fresh, "--until", "clv", "--set", "churn.min_tenure_days=3000", *FEW)
    assert said.returncode == 0 and "no model" in said.stdout
    assert not (fresh / "outputs/churn_predictions.parquet").exists() and not (fresh / "models/churn.json").exists()
    assert (fresh / "outputs/clv_predictions.parquet").exists()


@pytest.mark.parametrize("command", ["score", "explain"])
def test_dates_outside_of_the_data(shop, command):
    more = ["--customer", customer_of(shop)] if command == "explain" else []
    late = run(command, "-o", shop / "out", *more, "--as-of", "2012-09-15")
    assert late.returncode == INPUT and "the data run from 2010-12-01 to 2011-12-09" in late.stderr
    assert "latest date is 2011-12-09" in late.stderr
    early = run(command, "-o", shop / "out", *more, "--as-of", "2010-12-02")
    assert early.returncode == USAGE and "earliest snapshot is 2010-12-30" in early.stderr
    wrong = run(command, "-o", shop / "out", *more, "--as-of", "yesterday")
    assert wrong.returncode == USAGE and "not a date YYYY-MM-DD" in wrong.stderr
    assert not list((shop / "out/outputs").glob("scores_201[02]*"))


def test_score_and_explain(fresh, shop):
    said = json.loads(run("score", "-o", fresh, "--as-of", "2011-09-15", "--json").stdout)
    assert said["as_of"] == "2011-09-15" and sum(said["status"].values()) == said["customers"] > 500
    assert (fresh / "outputs/scores_2011-09-15.parquet").exists()
    one = json.loads(run("explain", "-o", fresh, "--customer", customer_of(shop), "--as-of", "2011-09-15", "--json").stdout)
    assert 0 <= one["churn_probability"] <= 1 and len(one["features"]) == 33
    words = run("explain", "-o", fresh, "--customer", customer_of(shop), "--as-of", "2011-09-15")
    assert words.returncode == 0 and customer_of(shop) in words.stdout


@pytest.mark.parametrize("customer", ["999999999", "abc", ""])
def test_unknown_customers(shop, customer):
    said = run("explain", "-o", shop / "out", "--customer", customer)
    assert said.returncode in (INPUT, USAGE) and "customer" in said.stderr and said.stdout == ""


def test_models_that_do_not_fit(fresh):
    other = run("score", "-o", fresh, "--as-of", "2011-09-15", "--set", "churn.horizon_days=60")
    assert other.returncode == USAGE and "trained for churn.horizon_days 90, but the key is 60" in other.stderr
    trees = fresh / "models/churn.model.txt"
    trees.write_text(trees.read_text().replace("leaf_value=", "leaf_value= ", 1))
    mixed = run("score", "-o", fresh, "--as-of", "2011-09-15")
    assert mixed.returncode == 4 and "train it again with rcx churn" in mixed.stderr
    trees.unlink()
    gone = run("score", "-o", fresh, "--as-of", "2011-09-15")
    assert gone.returncode == INPUT and "no churn model; make one with rcx churn" in gone.stderr


def test_unknown_tier(fresh):
    expect("churn", "-o", fresh, "--set", "churn.threshold_tier=gold", code=USAGE,
           stderr=".*campaign.tiers has no tier 'gold'; there are premium, standard, light\n.*")
