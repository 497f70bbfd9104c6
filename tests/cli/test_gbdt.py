"""rcx gbdt: what it writes, its errors, the same model for any number of threads and instruction set."""
import csv
import hashlib
import json
import math
import random

import pytest

from cli_support import expect, run

ROWS = 3000


def rows(seed=1, count=ROWS):
    """id, two numbers with gaps, a text, a label of two classes that depends on them."""
    draw = random.Random(seed)
    for i in range(count):
        a, b = draw.gauss(0, 1), draw.gauss(0, 1)
        kind = draw.choice(["red", "green", "blue", ""])
        y = a + (b > 0.3) + (kind == "red") + draw.gauss(0, 0.5) > 0.5
        yield {"id": i, "a": a, "b": "" if i % 7 == 0 else b, "kind": kind, "y": int(y), "z": a * 2 + abs(b),
               "w": 1 + i % 3, "empty": "", "same": 4}


def write(path, table):
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = list(table)
        writer = csv.DictWriter(file, table[0])
        writer.writeheader()
        writer.writerows(table)
    return path


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    home = tmp_path_factory.mktemp("gbdt")
    write(home / "train.csv", rows())
    write(home / "valid.csv", rows(2, 800))
    done = run("gbdt", "train", "-d", "train.csv", "-l", "y", "--objective", "binary", "--ignore", "id",
               "--ignore", "z", "--ignore", "w", "-m", "model.txt", "--valid", "valid.csv", "-p", "metric=auc",
               "--json", cwd=home)
    assert done.returncode == 0, done.stderr
    (home / "train.json").write_text(done.stdout)
    return home


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_train_reports(shop):
    told = json.loads((shop / "train.json").read_text())
    assert told["schema"] == "rcx.gbdt.train/1"
    assert (told["rows"], told["features"], told["text_features"], told["trees"]) == (ROWS, 5, 1, 100)
    assert told["constant_features"] == 2  # empty, same
    assert 0.8 < told["valid"][0]["auc"] < 1
    for stage in ("load", "bin", "train"):
        assert told[f"{stage}_seconds"] >= 0


def test_train_says_one_line_of_progress(shop):
    done = run("gbdt", "train", "-d", "train.csv", "-l", "y", "--objective", "binary", "-m", "other.txt", cwd=shop)
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 1 and "100 trees" in done.stderr


def test_one_digest_for_all_threads_and_instruction_sets(shop):
    digests = set()
    for threads in (1, 2, 3, 7):
        for cpu in ("v1", "v3", "v4"):
            run("gbdt", "train", "-d", "train.csv", "-l", "y", "--objective", "binary", "-m", "same.txt", "-p",
                "num_iterations=20", "-p", "bagging_freq=1", "-p", "bagging_fraction=.7", "-p",
                "feature_fraction=.8", "--threads", threads, cwd=shop, env={"RCX_CPU": cpu})
            digests.add(digest(shop / "same.txt"))
    assert len(digests) == 1


def test_predictions_are_the_same_everywhere(shop):
    for action in (["predict"], ["predict", "--raw"], ["predict", "--leaves"], ["shap"]):
        digests = set()
        for threads, cpu in ((1, "v1"), (3, "v3"), (7, "v4")):
            expect("gbdt", *action, "-d", "valid.csv", "-m", "model.txt", "-o", "p.csv", "-q", "--threads", threads,
                   cwd=shop, env={"RCX_CPU": cpu})
            digests.add(digest(shop / "p.csv"))
        assert len(digests) == 1


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_columns_in_another_order_and_further_ones(shop):
    expect("gbdt", "predict", "-d", "valid.csv", "-m", "model.txt", "--keep", "id", "--keep", "kind", "-o", "p.csv",
           "-q", cwd=shop)
    table = list(rows(2, 800))
    write(shop / "turned.csv", ({key: row[key] for key in ("kind", "same", "b", "extra", "empty", "a")}
                                for row in ({**row, "extra": 1} for row in table)))
    expect("gbdt", "predict", "-d", "turned.csv", "-m", "model.txt", "-o", "q.csv", cwd=shop,
           stderr=r"gbdt: 1 column of the data is not in the model, ignored\n")
    first, second = read(shop / "p.csv"), read(shop / "q.csv")
    assert [row["prediction"] for row in first] == [row["prediction"] for row in second]
    assert [row["kind"] for row in first] == [row["kind"] for row in table]
    assert list(first[0]) == ["id", "kind", "prediction"]


def test_raw_scores_start_and_sum(shop):
    write(shop / "start.csv", ({**row, "s": row["id"] / 8} for row in rows(2, 800)))
    for words, name in ((["--raw"], "raw"), (["--raw", "--start", "s"], "from"), ([], "plain")):
        expect("gbdt", "predict", "-d", "start.csv", "-m", "model.txt", "-o", f"{name}.csv", "-q", *words, cwd=shop)
    expect("gbdt", "shap", "-d", "start.csv", "-m", "model.txt", "-o", "shap.csv", "-q", cwd=shop)
    raw = [float(row["raw_score"]) for row in read(shop / "raw.csv")]
    started = [float(row["raw_score"]) for row in read(shop / "from.csv")]
    plain = [float(row["prediction"]) for row in read(shop / "plain.csv")]
    sums = [sum(map(float, row.values())) for row in read(shop / "shap.csv")]
    for i, score in enumerate(raw):
        assert started[i] == score + i / 8
        assert plain[i] == pytest.approx(1 / (1 + math.exp(-score)), rel=1e-14)
        assert sums[i] == pytest.approx(score, abs=1e-12)


def test_importances(shop):
    for kind in ("gain", "split", "permutation"):
        words = ["-d", "valid.csv", "-l", "y"] if kind == "permutation" else []
        told = json.loads(expect("gbdt", "importance", "-m", "model.txt", "--kind", kind, *words, "--json",
                                 cwd=shop).stdout)
        found = [row["feature"] for row in told["features"]]
        assert sorted(found) == ["a", "b", "empty", "kind", "same"]
        assert found[0] == "a" or (kind == "split" and found[0] == "b")
        assert set(found[3:]) == {"empty", "same"}
    assert told["metric"] == "auc" and told["metric_value"] > 0.8
    out = expect("gbdt", "importance", "-m", "model.txt", cwd=shop).stdout.splitlines()
    assert out[0].split() == ["feature", "gain"] and len(out) == 6


def test_dependence(shop):
    told = json.loads(expect("gbdt", "dependence", "-m", "model.txt", "-d", "valid.csv", "-f", "kind", "--json",
                             cwd=shop).stdout)
    means = {point["value"]: point["mean"] for point in told["points"]}
    assert set(means) == {"red", "green", "blue", "missing"}
    assert means["red"] > means["green"] + 0.1
    lines = expect("gbdt", "dependence", "-m", "model.txt", "-d", "valid.csv", "-f", "a", "--points", 5,
                   cwd=shop).stdout.splitlines()
    values = [float(line.split()[1]) for line in lines]
    assert len(values) == 5 and values[-1] > values[0] + 0.3


def test_quantiles_never_cross(shop):
    expect("gbdt", "train", "-d", "train.csv", "-l", "z", "--ignore", "id", "--quantiles", ".1,.5,.9", "-m", "q.v1.txt",
           "-p", "num_iterations=30", "-q", cwd=shop)
    columns = []
    for q in (10, 50, 90):
        expect("gbdt", "predict", "-d", "valid.csv", "-m", f"q_q{q}.v1.txt", "-o", "p.csv", "-q", cwd=shop)
        columns.append([float(row["prediction"]) for row in read(shop / "p.csv")])
    assert all(low <= middle <= high for low, middle, high in zip(*columns))


def test_continued_training(shop):
    words = ["-d", "train.csv", "-l", "y", "--objective", "binary", "--ignore", "z", "-q"]
    expect("gbdt", "train", *words, "-m", "begin.txt", "-p", "num_iterations=10", cwd=shop)
    expect("gbdt", "train", *words, "-m", "more.txt", "-p", "num_iterations=5", "--input-model", "begin.txt", cwd=shop)
    expect("gbdt", "predict", "-d", "valid.csv", "-m", "begin.txt", "-o", "p.csv", "-q", cwd=shop)
    expect("gbdt", "predict", "-d", "valid.csv", "-m", "more.txt", "-o", "q.csv", "-q", "--num-iteration", 10, cwd=shop)
    assert digest(shop / "p.csv") == digest(shop / "q.csv")
    out = expect("gbdt", "predict", "-d", "valid.csv", "-m", "more.txt", "--leaves", cwd=shop, stderr=".*").stdout
    assert out.splitlines()[0].split(",")[-1] == "leaf_14"


def test_parameter_files(shop):
    (shop / "p.yaml").write_text("num_leaves: 4\nn_estimators: 3 # few\n")
    expect("gbdt", "train", "-d", "train.csv", "-l", "y", "--params", "p.yaml", "-m", "few.txt", "-q", cwd=shop)
    text = (shop / "few.txt").read_text()
    assert text.count("Tree=") == 3 and "[num_leaves: 4]" in text
    out = expect("gbdt", "train", "--list-params", cwd=shop).stdout
    assert "num_leaves: most leaves of a tree" in out


TRAIN = ("gbdt", "train", "-d", "train.csv", "-m", "never.txt", "-q")


@pytest.mark.parametrize("words, code, message", [
    ((*TRAIN,), 2, r"'rcx gbdt train' needs --label COLUMN"),
    ((*TRAIN, "-l", "yy"), 3, r"train\.csv: .*'yy'.*"),
    ((*TRAIN, "-l", "kind"), 3, r"train\.csv: label column 'kind' is text, expected numbers"),
    ((*TRAIN, "-l", "same", "--objective", "binary"), 3, r"train.*label.*"),
    ((*TRAIN, "-l", "b"), 3, r"train\.csv: .*label of row 1 .*"),
    ((*TRAIN, "-l", "z", "--objective", "binary"), 3, r".*label.*"),
    ((*TRAIN, "-l", "y", "--objective", "binnary"), 2, r".*binnary.*binary.*"),
    ((*TRAIN, "-l", "y", "-p", "num_leafs=3"), 2, r".*'num_leafs'.*num_lea.*"),
    ((*TRAIN, "-l", "y", "-p", "num_leaves=1"), 2, r".*num_leaves.*"),
    ((*TRAIN, "-l", "y", "--params", "missing.yaml"), 1, r".*missing\.yaml.*"),
    ((*TRAIN, "-l", "y", "--ignore", "nothing"), 3, r"train\.csv: .*'nothing'.*"),
    ((*TRAIN, "-l", "y", "--categorical", "nothing"), 3, r"train\.csv: .*'nothing'.*"),
    ((*TRAIN, "-l", "y", "--weight", "id"), 3, r"train\.csv: .*weight.*row 1.*"),
    ((*TRAIN, "-l", "y", "--quantiles", ".5,.1"), 2, r"--quantiles: '\.1'.*"),
    ((*TRAIN, "-l", "y", "-p", "early_stopping_round=5"), 2, r".*early.*"),
    (("gbdt", "predict", "-d", "train.csv", "-m", "train.csv"), 4, r"train\.csv:1: this is no model.*"),
    (("gbdt", "predict", "-d", "few.csv", "-m", "model.txt"), 3,
     r"few\.csv: the data lack 4 of the 5 columns that the model takes: 'b', 'kind', 'empty', 'same'; there is 1: a"),
    (("gbdt", "predict", "-d", "texts.csv", "-m", "model.txt"), 3, r"texts\.csv: column 'a' is text.*"),
    (("gbdt", "predict", "-q", "-d", "train.csv", "-m", "model.txt", "--keep", "no"), 3, r".*'no'.*"),
    (("gbdt", "predict", "-d", "train.csv", "-m", "damaged.txt"), 4, r"damaged\.txt:\d+: .*"),
    (("gbdt", "importance", "-m", "model.txt", "--kind", "gian"), 2, r".*'gian'; did you mean 'gain'.*"),
    (("gbdt", "importance", "-m", "model.txt", "--kind", "permutation"), 2, r".*needs --data and --label"),
    (("gbdt", "dependence", "-m", "model.txt", "-d", "train.csv", "-f", "knid"), 2, r".*'knid'; did you mean 'kind'.*"),
    (("gbdt", "trian"), 2, r"there is no action 'trian'; did you mean 'train'\?.*"),
    (("gbdt",), 2, r"'rcx gbdt' needs an action: train, predict, shap, importance or dependence"),
], ids=lambda value: " ".join(value[1:2] + value[-2:]) if isinstance(value, tuple) else None)
def test_bad_input(shop, words, code, message):
    (shop / "few.csv").write_text("a\n1\n")
    write(shop / "texts.csv", ({**row, "a": "x"} for row in rows(3, 5)))
    (shop / "damaged.txt").write_text((shop / "model.txt").read_text().replace("leaf_value=", "leaf_value=1", 1))
    expect(*words, code=code, stdout="", cwd=shop, stderr=rf"rcx: error: {message}\n(see 'rcx help[^\n]*'\n)?")
    assert not (shop / "never.txt").exists()


def test_help_and_completion_know_the_actions(shop):
    out = expect("help", "gbdt").stdout
    for action in ("train", "predict", "shap", "importance", "dependence"):
        assert f"\n  {action} " in out
        assert f"usage: rcx gbdt {action}" in expect("help", "gbdt", action).stdout
        assert f"usage: rcx gbdt {action}" in expect("gbdt", action, "-h").stdout
        for shell in ("bash", "fish"):
            assert action in expect("completion", shell).stdout
    expect("help", "gbdt", "shp", code=2, stderr=r".*did you mean 'shap'.*")
    expect("help", "info", "shap", code=2, stderr=r".*has no actions.*")
