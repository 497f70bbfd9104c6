"""LightGBM's own examples, binary_classification and regression: tables of their shape (7,000 rows, 28 columns of
which products tell the classes apart, a weight for each row of the first, a score to start from for each row of the
second) with the parameters of their train.conf, beside LightGBM. Its package does not bring the files. Both sample
rows and columns, each with draws of its own, so single seeds differ by chance: many seeds with RCX_FULL=1, a few
otherwise, and rows enough to measure."""
import os
import sys
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
lgb = pytest.importorskip("lightgbm")
metrics = pytest.importorskip("sklearn.metrics")

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "cli"), str(HERE.parent.parent / "bench" / "peers")]
from cli_support import run  # noqa: E402
from gbdt_data import higgs_like  # noqa: E402

SEEDS = range(40 if os.environ.get("RCX_FULL") == "1" else 3)
ROWS, TEST_ROWS = 7_000, 20_000
BINARY = {"objective": "binary", "num_iterations": 100, "learning_rate": 0.1, "num_leaves": 63, "max_bin": 255,
          "feature_fraction": 0.8, "bagging_freq": 5, "bagging_fraction": 0.8, "min_data_in_leaf": 50,
          "min_sum_hessian_in_leaf": 5.0}
REGRESSION = {"objective": "regression", "num_iterations": 100, "learning_rate": 0.05, "num_leaves": 31,
              "max_bin": 255, "feature_fraction": 0.9, "bagging_freq": 5, "bagging_fraction": 0.8,
              "min_data_in_leaf": 100, "min_sum_hessian_in_leaf": 5.0}


def example(seed):
    """Rows, labels, weights and scores to start from; the first ROWS are for training."""
    x, y = higgs_like(ROWS + TEST_ROWS, seed)
    random = np.random.default_rng(seed)
    return x, y, random.gamma(4, 0.25, len(y)) + 0.05, 0.3 + 0.1 * np.tanh(x[:, 5]) + 0.02 * random.normal(size=len(y))


def ours(home, x, y, weights, starts, settings):
    frame = pd.DataFrame(x, columns=[f"x{c}" for c in range(x.shape[1])]).assign(y=y, w=weights, start=starts)
    frame[:ROWS].to_parquet(home / "train.parquet")
    frame[ROWS:].to_parquet(home / "test.parquet")
    words = [word for key, value in settings.items() if key != "objective" for word in ("-p", f"{key}={value}")]
    binary = settings["objective"] == "binary"
    extra = ["--weight", "w", "--ignore", "start"] if binary else ["--init-score", "start", "--ignore", "w"]
    done = run("gbdt", "train", "-d", home / "train.parquet", "-l", "y", "--objective", settings["objective"], *extra,
               "-m", home / "model.txt", "-q", *words)
    assert done.returncode == 0, done.stderr
    done = run("gbdt", "predict", "-d", home / "test.parquet", "-m", home / "model.txt", "-o", home / "p.parquet",
               *([] if binary else ["--start", "start"]), "-q")
    assert done.returncode == 0, done.stderr
    return pd.read_parquet(home / "p.parquet").prediction.to_numpy()


def theirs(x, y, weights, starts, settings):
    binary = settings["objective"] == "binary"
    data = lgb.Dataset(x[:ROWS], y[:ROWS], **({"weight": weights[:ROWS]} if binary else {"init_score": starts[:ROWS]}))
    booster = lgb.train(settings | {"verbose": -1, "num_threads": 1}, data)
    return booster.predict(x[ROWS:]) + (0 if binary else starts[ROWS:])


def gaps(home, settings, better):
    """By how much rcx is better, for each seed."""
    found = []
    for seed in SEEDS:
        x, y, weights, starts = example(seed)
        given = x, y, weights, starts, settings | {"seed": seed}
        found.append(better(y[ROWS:], weights[ROWS:], ours(home, *given), theirs(*given)))
    print(f"{settings['objective']}: {np.mean(found):+.6f}, standard error {np.std(found) / len(found) ** 0.5:.6f}")
    return found


def test_binary_classification_with_weights(tmp_path):
    def better(y, weights, mine, other):
        mine, other = (metrics.roc_auc_score(y, p, sample_weight=weights) for p in (mine, other))
        assert 0.65 < mine < 0.9
        return mine - other
    found = gaps(tmp_path, BINARY, better)
    assert np.mean(found) > -0.001 * (1 if len(SEEDS) > 3 else 4)


def test_regression_from_initial_scores(tmp_path):
    def better(y, _, mine, other):
        mine, other = (float(np.sqrt(np.mean((y - p) ** 2))) for p in (mine, other))
        assert 0.3 < mine < np.std(y)
        return 1 - mine / other
    found = gaps(tmp_path, REGRESSION, better)
    assert np.mean(found) > -0.003 * (1 if len(SEEDS) > 3 else 2)
