"""Models in both directions between rcx and LightGBM: predictions, leaves, SHAP values, importances."""
import json

import pytest

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
lgb = pytest.importorskip("lightgbm")

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))
from cli_support import run  # noqa: E402

ROWS = 4000
OBJECTIVES = ["binary", "regression", "tweedie", "quantile", "regression_l1", "huber", "fair", "poisson",
              "gamma", "mape", "cross_entropy", "cross_entropy_lambda"]


def table(seed=1, texts=False):
    """Numbers with gaps and zeros, whole numbers, categories, a constant, and labels of every kind."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "plain": random.normal(size=ROWS),
        "gaps": np.where(random.random(ROWS) < 0.2, np.nan, random.normal(size=ROWS)),
        "zeros": np.where(random.random(ROWS) < 0.5, 0.0, random.normal(size=ROWS)),
        "both": random.choice([0.0, np.nan, 1.5, -2.5, 1e-36, 7.0], ROWS),
        "whole": random.integers(0, 12, ROWS),
        "kind": random.integers(0, 60, ROWS),
        "fixed": 1.0,
    })
    if texts:
        frame["text"] = pd.Categorical(random.choice(["a", "b b", 'c"', "d,d", "é", "f", "g"], ROWS))
    signal = (frame.plain + frame.gaps.fillna(0.7) * frame.zeros + (frame.kind % 5 - 2) * 0.6 +
              frame.both.fillna(3) * 0.2 + (frame.text.cat.codes % 3 if texts else 0) +
              random.normal(size=ROWS) * 0.5)
    return frame, signal.to_numpy()


def label_of(objective, signal):
    if objective in ("binary", "cross_entropy", "cross_entropy_lambda"):
        return (signal > np.median(signal)).astype(float)
    if objective in ("tweedie", "poisson", "gamma", "mape"):
        return np.maximum(signal, 0.01 if objective in ("gamma", "mape") else 0)
    return signal


def read(path):
    return pd.read_csv(path, float_precision="round_trip")


def rcx(tmp_path, action, frame, model, *words):
    """The table that an action writes."""
    data, output = tmp_path / "data.parquet", tmp_path / "out.parquet"
    plain = frame.copy()
    for name in plain.select_dtypes("category"):
        plain[name] = plain[name].astype(str)
    plain.to_parquet(data)
    done = run("gbdt", action, "--data", data, "-m", model, "-o", output, "-q", *words)
    assert done.returncode == 0, done.stderr
    return pd.read_parquet(output)


def agree(tmp_path, booster, frame, model):
    """Everything that both sides compute from one model file. Rows from elsewhere, too."""
    trees = booster.num_trees()
    raw = rcx(tmp_path, "predict", frame, model, "--raw").raw_score.to_numpy()
    assert np.array_equal(raw, booster.predict(frame, raw_score=True))
    ours = rcx(tmp_path, "predict", frame, model).prediction.to_numpy()
    theirs = booster.predict(frame)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)
    leaves = rcx(tmp_path, "predict", frame, model, "--leaves").to_numpy()
    assert np.array_equal(leaves, booster.predict(frame, pred_leaf=True).reshape(len(frame), trees))
    first = rcx(tmp_path, "predict", frame, model, "--raw", "--num-iteration", "2").raw_score.to_numpy()
    assert np.array_equal(first, booster.predict(frame, raw_score=True, num_iteration=2))
    shap = rcx(tmp_path, "shap", frame, model).to_numpy()
    contributions = booster.predict(frame, pred_contrib=True)
    np.testing.assert_allclose(shap, contributions, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(shap.sum(axis=1), raw, rtol=1e-9, atol=1e-9)
    for kind in ("gain", "split"):
        told = json.loads(run("gbdt", "importance", "-m", model, "--kind", kind, "--json").stdout)
        found = {row["feature"]: row["importance"] for row in told["features"]}
        for name, value in zip(booster.feature_name(), booster.feature_importance(kind)):
            assert found[name] == pytest.approx(value, rel=1e-5)


def unseen(frame, seed=9):
    """Other rows: new categories, fractions and negative ones, infinities, values between thresholds."""
    random = np.random.default_rng(seed)
    other = table(seed)[0]
    other.loc[::11, "kind"] = 1000
    other["kind"] = other.kind.astype(float)
    other.loc[::13, "kind"] = np.nan
    other.loc[::17, "kind"] = -3.0
    other.loc[::19, "kind"] = 3.7
    other.loc[::23, "plain"] = np.inf
    other.loc[::29, "zeros"] = -np.inf
    other.loc[::31, "fixed"] = random.normal()
    if "text" in frame:
        texts = random.choice(["a", "é", "new", "g"], ROWS)
        other["text"] = pd.Categorical(np.where(texts == "new", None, texts),
                                       categories=["a", "b b", 'c"', "d,d", "é", "f", "g"])
    return other


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_their_objectives(tmp_path, objective):
    frame, signal = table()
    model = tmp_path / "theirs.txt"
    booster = lgb.train({"objective": objective, "num_leaves": 15, "verbose": -1, "min_data_per_group": 10},
                        lgb.Dataset(frame, label_of(objective, signal), categorical_feature=["kind"]), 12)
    booster.save_model(model)
    agree(tmp_path, booster, frame, model)


@pytest.mark.parametrize("extra", [
    {"zero_as_missing": True}, {"use_missing": False}, {"num_leaves": 2}, {"min_data_in_leaf": ROWS},
    {"num_leaves": 255, "min_data_in_leaf": 1}, {"max_bin": 15}, {"boosting": "dart"},
    {"monotone_constraints": [1, -1, 0, 0, 0, 0, 0]}, {"boost_from_average": False},
    {"reg_sqrt": True}, {"sigmoid": 0.4, "objective": "binary"}], ids=str)
def test_their_settings(tmp_path, extra):
    frame, signal = table(2)
    model = tmp_path / "theirs.txt"
    settings = {"objective": "regression", "verbose": -1, "min_data_per_group": 10, "seed": 3} | extra
    booster = lgb.train(settings, lgb.Dataset(frame, label_of(settings["objective"], signal),
                                              categorical_feature=["kind"]), 9)
    booster.save_model(model)
    agree(tmp_path, lgb.Booster(model_file=model), frame, model)
    agree(tmp_path, lgb.Booster(model_file=model), unseen(frame), model)


def test_their_texts(tmp_path):
    """Columns of pandas categories: the file holds their texts."""
    frame, signal = table(3, texts=True)
    model = tmp_path / "theirs.txt"
    lgb.train({"objective": "regression", "verbose": -1, "min_data_per_group": 5},
              lgb.Dataset(frame, signal), 9).save_model(model)
    booster = lgb.Booster(model_file=model)
    agree(tmp_path, booster, frame, model)
    agree(tmp_path, booster, unseen(frame), model)


@pytest.mark.parametrize("objective", ["binary", "regression", "tweedie", "quantile"])
@pytest.mark.parametrize("texts", [False, True], ids=["numbers", "texts"])
def test_our_models(tmp_path, objective, texts):
    frame, signal = table(4, texts)
    data, model, again = tmp_path / "train.csv", tmp_path / "ours.txt", tmp_path / "again.txt"
    frame.assign(label=label_of(objective, signal)).to_csv(data, index=False)
    done = run("gbdt", "train", "-d", data, "-l", "label", "--objective", objective, "-m", model,
               "--categorical", "kind", "-p", "num_iterations=15", "-p", "min_data_per_group=10",
               "-p", "tweedie_variance_power=1.3", "-p", "alpha=0.3", "-p", "sigmoid=0.8")
    assert done.returncode == 0, done.stderr
    booster = lgb.Booster(model_file=model)
    assert booster.num_trees() == 15
    agree(tmp_path, booster, frame, model)
    agree(tmp_path, booster, unseen(frame), model)
    booster.save_model(again)
    agree(tmp_path, booster, frame, again)
    assert len(booster.dump_model()["tree_info"]) == 15
    assert booster.trees_to_dataframe().shape[0] > 15
    assert booster.dump_model()["feature_names"] == list(frame)


def test_our_trees_of_one_leaf(tmp_path):
    frame, signal = table(5)
    data, model = tmp_path / "train.csv", tmp_path / "ours.txt"
    frame.assign(label=signal).to_csv(data, index=False)
    done = run("gbdt", "train", "-d", data, "-l", "label", "-m", model, "-p", f"min_data_in_leaf={ROWS}")
    assert done.returncode == 0, done.stderr
    agree(tmp_path, lgb.Booster(model_file=model), frame, model)


@pytest.mark.parametrize("extra, reason", [
    ({"objective": "multiclass", "num_class": 3}, "several classes"),
    ({"linear_tree": True}, "linear tree"),
    ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "random forest")], ids=str)
def test_models_of_another_kind_are_refused_by_name(tmp_path, extra, reason):
    frame, signal = table(6)
    model, data = tmp_path / "theirs.txt", tmp_path / "data.csv"
    frame.to_csv(data, index=False)
    lgb.train({"objective": "regression", "verbose": -1} | extra,
              lgb.Dataset(frame, np.arange(ROWS) % 3), 3).save_model(model)
    done = run("gbdt", "predict", "-d", data, "-m", model)
    assert done.returncode == 3 and reason in done.stderr and str(model) in done.stderr
