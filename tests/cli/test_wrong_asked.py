"""What cannot be done as it was asked: each command says why, with its exit code, and writes nothing. The
paths of errors that no other test walks (scripts/coverage finds them)."""
import csv
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import campaign_files
from cli_support import expect, run
from key_effects import shop_rows, write_csv


def contents(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name not in ("LOCK", "retention_system.log")}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A run, a table of numbers with a tree model of it, and a behaviour model with its table."""
    folder = tmp_path_factory.mktemp("shop")
    write_csv(folder / "shop.csv", shop_rows())
    assert run("run", folder / "shop.csv", "-o", folder / "out").returncode in (0, 5)
    draw = random.Random(4)
    table = [["a", "b", "y"]] + [[draw.random(), draw.randrange(5), draw.random()] for _ in range(400)]
    for name, rows in (("table.csv", table), ("head.csv", table[:1]), ("texts.csv", [["t"], ["x"], ["y"]]),
                       ("gaps.csv", [*table[:9], [.5, 1, ""], *table[9:]])):
        with open(folder / name, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    assert run("gbdt", "train", "--data", folder / "table.csv", "--label", "y", "--objective", "l2", "-m", folder / "model.txt").returncode == 0
    behaviour = [["customer_id", "frequency", "recency", "T", "monetary_value"]]
    behaviour += [[i, i % 6, (i % 6) * 5.0, 40.0, 10.0 * (i % 6 > 0)] for i in range(300)]
    with open(folder / "buyers.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(behaviour)
    done = run("btyd", "fit", "--data", folder / "buyers.csv", "--model", "bgnbd", "-o", folder / "btyd.json")
    assert done.returncode == 0, done.stderr
    return folder


GBDT = ["--data", "table.csv", "-m", "model.txt"]
# command (file names are in the shop's folder): exit code, what is said
ASKED = {
    "gbdt predict --raw --leaves -o new.csv": (2, r"--raw and --leaves exclude each other", GBDT),
    "gbdt predict --start y --leaves -o new.csv": (2, r"--start is added to scores; leaves have none", GBDT),
    "gbdt train --label y -m new.txt --quantiles .1,.9 --input-model model.txt": (2, r"--quantiles begins new models; .*--input-model", GBDT[:2]),
    "gbdt train --data table.csv -m new.txt": (2, r"'rcx gbdt train' needs --label COLUMN", []),
    "gbdt importance --kind permutation --label y --metric quantile": (2, r"metric quantile has a parameter that a model of objective \w+ does not tell", GBDT),
    "gbdt importance --kind permutation --label y --metric rmsee": (2, r"there is no metric 'rmsee'; did you mean 'rmse'\?", GBDT),
    "gbdt importance --kind permutation --label y --data gaps.csv": (3, r"gaps\.csv: row 9 of the data has no label", GBDT[2:]),
    "gbdt dependence --feature a --points 100000": (2, r"--points is at most \d+", GBDT),
    "gbdt dependence --feature a --data head.csv": (3, r"head\.csv: .*no .*rows", GBDT[2:]),
    "gbdt dependence --feature aa": (2, r".*no feature 'aa'; did you mean 'a'\?.*", GBDT),
    "kmeans --data texts.csv --k 2 -o new.csv": (3, r"texts\.csv: no column of numbers to cluster by", []),
    "config check": (2, r"'rcx config check' needs FILE", []),
    "features list new.csv": (2, r"'rcx features list' takes no file", []),
    "bench --reps 1000000": (2, r"--reps is 1000000; expected 1 to \d+", []),
    "bench --max-slowdown -1 --against x.json": (2, r"--max-slowdown is -1; expected a positive number", []),
    "bench --max-slowdown 2": (2, r"--max-slowdown needs --against FILE", []),
    "cohorts --store nowhere": (1, r"nowhere: no store here .*", []),
    "cohorts --store out/store --version 77": (1, r".*version.*", []),
    "cohorts --store out/store -o new.xlsx": (2, r".*xlsx.*", []),
    "vacuum --store nowhere": (1, r"nowhere: no store here.*", []),
    "segment -o out --set segments.inputs=:log1p": (2, r"segments\.inputs: ':log1p' does not begin with a name", []),
    "segment -o out --set segments.inputs=rfm_recency_days,rfm_recency_days": (2, r"segments\.inputs: 'rfm_recency_days' is there twice", []),
    "segment -o out --set segments.inputs=rfm_recency": (3, r"segments: the feature table has no column of numbers 'rfm_recency'; .*", []),
    "churn -o out --set models.exclude=rfm_recency": (2, r"models\.exclude: there is no feature 'rfm_recency'", []),
    "features --store out/store -o new.csv --set features.observation_days=181": (2, r"--set: features\.observation_days: 181 is not a multiple of 30; the nearest are 180 and 210", []),
}


@pytest.mark.parametrize("command", ASKED)
def test_asked_wrongly(shop, command):
    code, said, more = ASKED[command]
    before = contents(shop)
    expect(*command.split(), *more, cwd=shop, code=code, stderr=rf"(\w+: stage [^\n]*\n)*rcx: error: {said}\n(see 'rcx help \w+( \w+)?'\n)?")
    assert contents(shop) == before


def changed(file, change):
    """Writes the Parquet file again with what `change` makes of its columns."""
    columns = pq.read_table(file).to_pydict()
    change(columns)
    pq.write_table(pa.table(columns), file)


def put(name, values):
    return lambda columns: columns.update({name: values(columns[name])})


PREDICTIONS = {
    "without ids": (lambda c: c.pop("customer_id"), r"there is no column 'customer_id'"),
    "ids of no kind": (put("customer_id", lambda v: [i + .5 for i in v]), r"column 'customer_id' is \w+, expected whole numbers or texts"),
    "an id missing": (put("customer_id", lambda v: [None, *v[1:]]), r"a row has no customer_id"),
    "a customer twice": (put("customer_id", lambda v: [v[1], *v[1:]]), r".*twice.*"),
    "texts for numbers": (put("churn_probability", lambda v: [str(x) for x in v]), r"column 'churn_probability' is text, expected numbers"),
    "others than the values'": (put("customer_id", lambda v: [i + 10 ** 6 for i in v]), r".*none of its \d+ customers is among the \d+ of the churn predictions; make both with the same run"),
}


@pytest.mark.parametrize("name", PREDICTIONS)
def test_predictions_that_a_plan_cannot_use(name, tmp_path):
    campaign_files.write(tmp_path, campaign_files.customers(200))
    change, said = PREDICTIONS[name]
    changed(tmp_path / "outputs/churn_predictions.parquet", change)
    before = contents(tmp_path)
    expect("campaign", "-o", tmp_path, code=3, stderr=rf"rcx: error: .*\.parquet: {said}\n")
    assert contents(tmp_path) == before


def test_a_behaviour_model_and_the_wrong_table(shop, tmp_path):
    """Columns that a prediction adds may not be there before; a model that somebody edited is none."""
    predicted = tmp_path / "predicted.csv"
    ask = ["btyd", "predict", "-m", shop / "btyd.json", "--horizon", "10d"]
    expect(*ask, "--data", shop / "buyers.csv", "-o", predicted, stderr=".*")
    expect(*ask, "--data", predicted, "-o", tmp_path / "again.csv", code=3, stderr=r"rcx: error: .*has a column '\w+' already\n")
    model = json.loads((shop / "btyd.json").read_text())
    model["time_unit"] = "fortnight"
    (tmp_path / "model.json").write_text(json.dumps(model))
    expect("btyd", "predict", "-m", tmp_path / "model.json", "--horizon", "10d", "--data", shop / "buyers.csv", "-o", tmp_path / "again.csv",
           code=4, stderr=r"rcx: error: .*the digest of its content is \w+, but it says \w+\n")
    assert not (tmp_path / "again.csv").exists()


def test_cohorts_are_told_and_written(shop, tmp_path):
    """The table on the screen, JSON and the file agree."""
    told = run("cohorts", "--store", shop / "out/store")
    document = json.loads(run("cohorts", "--store", shop / "out/store", "--json").stdout)
    expect("cohorts", "--store", shop / "out/store", "-o", tmp_path / "c.csv", stderr=".*")
    with open(tmp_path / "c.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    to_screen = run("cohorts", "--store", shop / "out/store", "-o", "-", "--format", "csv")
    assert to_screen.stdout == (tmp_path / "c.csv").read_text()
    assert told.returncode == 0 and "customers of the first month may have bought before the data begin" in told.stdout
    assert len(document["cohorts"]) == len({r["cohort"] for r in rows}) > 5
    for cohort in document["cohorts"]:
        mine = [r for r in rows if r["cohort"] == cohort["cohort"]]
        assert [int(r["active_customers"]) for r in mine] == cohort["active_customers"]
        assert {int(r["customers"]) for r in mine} == {cohort["customers"]}
        assert cohort["cohort"][:7] in told.stdout
