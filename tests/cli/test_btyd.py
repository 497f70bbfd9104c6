"""rcx btyd fit, predict, judge: what they print and write, durations, exit codes, odd files."""
import csv
import json
import random

import pytest

from cli_support import expect


def write(path, rows, names=("frequency", "recency", "T", "monetary_value")):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    return path


def shop(count=3000):
    """Customers who buy at their own rates and leave after a purchase with their own probabilities."""
    draw = random.Random(7)
    for _ in range(count):
        rate, leave, age = draw.gammavariate(.9, 1 / 7), draw.betavariate(.9, 3), draw.uniform(30, 60)
        time, x, last = draw.expovariate(rate), 0, 0.0
        while time < age:
            x, last = x + 1, time
            if draw.random() < leave:
                break
            time += draw.expovariate(rate)
        yield x, last, age, draw.gammavariate(5 * x, 8) / x if x else ""


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("btyd")
    data = write(folder / "shop.csv", shop())
    report = json.loads(expect("btyd", "fit", "--data", data, "--model", "bgnbd", "-o", folder / "model.json", "--json").stdout)
    return folder, data, folder / "model.json", report


def test_fit_tells_what_it_found(fitted):
    folder, data, model, report = fitted
    assert report["schema"] == "rcx.btyd.fit/1" and report["time_unit"] == "week"
    text = expect("btyd", "fit", "--data", data, "--model", "bgnbd", "-o", folder / "again.json").stdout
    assert text.startswith("BG/NBD: 3,000 customers, ") and "log-likelihood" in text and "Gamma-Gamma" in text
    assert (folder / "again.json").read_bytes() == model.read_bytes()


def predicted(fitted, *words, name="p.csv"):
    folder, data, model, _ = fitted
    out = folder / name
    stdout = expect("btyd", "predict", "--data", data, "--fit", model, "-o", out, *words).stdout
    with out.open(newline="") as file:
        return stdout, list(csv.DictReader(file))


def test_predict_adds_columns(fitted):
    stdout, rows = predicted(fitted, "--horizon", "0d", "--horizon", "90d", "--counts", "3")
    assert stdout.startswith("3,000 customers, ") and "columns added" in stdout
    for row in rows:
        assert float(row["p_no_purchase_0d"]) == pytest.approx(1) and float(row["expected_purchases_0d"]) == 0
        assert 0 <= float(row["p_alive"]) <= 1 and 0 <= float(row["p_no_purchase_90d"]) <= 1
        assert float(row["expected_value_90d"]) >= float(row["discounted_value_90d"]) >= 0
    assert [row["frequency"] for row in rows] == [str(x) for x, *_ in shop()]


def test_units_of_durations_agree(fitted):
    weeks, days = (predicted(fitted, "--horizon", h, name=h + ".csv")[1] for h in ("13w", "91d"))
    for a, b in zip(weeks, days):
        assert float(a["expected_purchases_13w"]) == pytest.approx(float(b["expected_purchases_91d"]), rel=1e-12)


@pytest.mark.parametrize("horizon", ["5", "-3d", "5x", "inf", "12h", "", "d", "1e400d"])
def test_durations_need_a_unit(fitted, horizon):
    folder, data, model, _ = fitted
    out = folder / "refused.csv"
    expect("btyd", "predict", "--data", data, "--fit", model, "-o", out, "--horizon=" + horizon, code=2, stdout="",
           stderr=r".*(expected a duration with its unit|90d).*")
    assert not out.exists()


def test_judge_counts_all_customers(fitted):
    folder, _, model, _ = fitted
    data = write(folder / "later.csv", [(x, last, age, i % 3) for i, (x, last, age, _) in enumerate(shop())],
                 ("frequency", "recency", "T", "frequency_holdout"))
    report = json.loads(expect("btyd", "judge", "--data", data, "--fit", model, "--holdout", "26w", "--json").stdout)
    text = expect("btyd", "judge", "--data", data, "--fit", model, "--holdout", "26w").stdout
    assert report["schema"].startswith("rcx.btyd.judge/") and "expected" in text
    expect("btyd", "judge", "--data", fitted[1], "--fit", model, "--holdout", "26w", code=3, stdout="",
           stderr=r".*frequency_holdout.*")


@pytest.mark.parametrize("names, rows, says", [
    (("frequency", "recency", "T"), [(2, 50, 38)], "recency 50 and T 38"),
    (("frequency", "recency", "T"), [(2.5, 5, 38)], "frequency 2.5"),
    (("frequency", "recency", "T"), [(-1, 0, 38)], "frequency -1"),
    (("frequency", "recency", "T"), [(2, "", 38)], "recency nan"),
    (("frequency", "recency", "T"), [(2, "x", 38)], "recency"),
    (("frequency", "recency", "T"), [(0, 3, 38)], "recency 3"),
    (("frequency", "recency", "T"), [], "nothing to learn from"),
    (("frequency", "recency", "T"), [(0, 0, 38), (0, 0, 3)], "0 of them with a repeat purchase"),
    (("frequency", "recency"), [(2, 5)], "no column 'T'"),
])
def test_odd_tables_are_refused(names, rows, says, tmp_path):
    out = tmp_path / "model.json"
    expect("btyd", "fit", "--data", write(tmp_path / "odd.csv", rows, names), "-o", out, code=3, stdout="",
           stderr=f"rcx: error: .*{says}.*")
    assert not out.exists()


def test_a_changed_model_is_refused(fitted):
    folder, data, model, _ = fitted
    text = model.read_text()
    for name, changed in (("cut", text[:len(text) // 2]), ("digit", text.replace("0.", "1.", 1)), ("empty", ""), ("list", "[]")):
        bad = folder / f"{name}.json"
        bad.write_text(changed)
        expect("btyd", "predict", "--data", data, "--fit", bad, "-o", folder / "no.csv", code=4, stdout="",
               stderr=rf"rcx: error: .*{name}\.json.*")
        assert not (folder / "no.csv").exists()


def test_usage(tmp_path):
    expect("btyd", code=2, stdout="", stderr=r".*needs an action: fit, predict or judge.*")
    expect("btyd", "fit", "--data", tmp_path / "none.csv", code=1, stdout="", stderr=r".*cannot open.*")
    expect("btyd", "fit", "--data", tmp_path / "none.csv", "--model", "bgnbdd", code=2, stderr=r".*did you mean 'bgnbd'.*")
    expect("btyd", "fit", "--data", tmp_path / "none.csv", "--time-unit", "month", code=2, stderr=r".*month.*")
