"""Accuracy beside LightGBM with the same parameters, mean over seeds: within 0.001 AUC or 0.3 % of RMSE and
pinball loss, not worse on average. RCX_FULL=1: five seeds and the large tables; otherwise one seed, which
differs more from another by chance, and fewer tables."""
import os
import sys
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
lgb = pytest.importorskip("lightgbm")
datasets = pytest.importorskip("sklearn.datasets")
metrics = pytest.importorskip("sklearn.metrics")

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "cli"), str(HERE.parent.parent / "bench" / "peers")]
from cli_support import run  # noqa: E402
from gbdt_data import higgs_like  # noqa: E402

FULL = os.environ.get("RCX_FULL") == "1"
SEEDS = range(5) if FULL else range(1)
REPEATS = 5 if FULL else 2  # of small bundled tables: other cuts


def generated(function, rows=8000, **options):
    return lambda seed: function(n_samples=rows, random_state=seed, **options)


def bundled(load, target=lambda y: y):
    def make(_):
        data = load()
        return data.data, target(data.target)
    return make


CLASSES = {
    "classification": generated(datasets.make_classification, n_features=20, n_informative=8, flip_y=0.1),
    "hastie": lambda seed: tuple(part if i == 0 else (part > 0).astype(int) for i, part in enumerate(
        datasets.make_hastie_10_2(8000, random_state=seed))),
    "circles": generated(datasets.make_circles, noise=0.4, factor=0.5),
    "higgs": lambda seed: higgs_like(7_000, seed),
    "cancer": bundled(datasets.load_breast_cancer),
    "digits": bundled(datasets.load_digits, lambda y: (y % 2).astype(int)),
}
AMOUNTS = {
    "friedman1": generated(datasets.make_friedman1, noise=1.0),
    "friedman2": generated(datasets.make_friedman2, noise=30.0),
    "friedman3": generated(datasets.make_friedman3, noise=0.1),
    "diabetes": bundled(datasets.load_diabetes),
}
LARGE = {"higgs-million": lambda seed: higgs_like(1_000_000, seed)}
SMALL = {"cancer", "digits", "diabetes"}


def ours(home, objective, train, test, settings):
    for name, (x, y) in (("train", train), ("test", test)):
        pd.DataFrame(x, columns=[f"x{c}" for c in range(x.shape[1])]).assign(y=y).to_parquet(home / f"{name}.parquet")
    words = [word for key, value in settings.items() for word in ("-p", f"{key}={value}")]
    done = run("gbdt", "train", "-d", home / "train.parquet", "-l", "y", "--objective", objective, "-m",
               home / "model.txt", "-q", *words)
    assert done.returncode == 0, done.stderr
    done = run("gbdt", "predict", "-d", home / "test.parquet", "-m", home / "model.txt", "-o",
               home / "p.parquet", "-q")
    assert done.returncode == 0, done.stderr
    return pd.read_parquet(home / "p.parquet").prediction.to_numpy()


def theirs(objective, train, test, settings):
    booster = lgb.train({"objective": objective, "verbose": -1, "num_threads": 1} | settings,
                        lgb.Dataset(*train), settings["num_iterations"])
    return booster.predict(test[0])


def parts(name, make, seed):
    """Train and test rows; small tables are cut again and again, so that chance counts less."""
    for repeat in range(REPEATS if name in SMALL else 1):
        x, y = make(seed)
        order = np.random.default_rng(100 * seed + repeat).permutation(len(y))
        half = len(y) * 6 // 10
        yield (x[order[:half]], y[order[:half]]), (x[order[half:]], y[order[half:]])


def compare(home, name, make, objective, measure, settings):
    """Means of the measure for both sides."""
    found = []
    for seed in SEEDS:
        for train, test in parts(name, make, seed):
            extra = settings | {"seed": seed}
            found.append([measure(test[1], ours(home, objective, train, test, extra)),
                          measure(test[1], theirs(objective, train, test, extra))])
    mean = np.mean(found, axis=0)
    print(f"{objective} {name}: rcx {mean[0]:.5f}, LightGBM {mean[1]:.5f}")
    return mean


def settings(leaves=31, trees=100 if FULL else 50, **more):
    return {"num_leaves": leaves, "num_iterations": trees} | more


def pinball(alpha):
    return lambda y, p: float(np.mean(np.maximum(alpha * (y - p), (alpha - 1) * (y - p))))


def rmse(y, p):
    return float(np.sqrt(np.mean((y - p) ** 2)))


# Trees are LightGBM's (test_trees_are_the_same) up to a late near-tie, so that measures differ little. With few
# rows and one seed another split may still move a measure by more than the allowance.
def slack(name):
    return 4.5 if name in SMALL and not FULL else 1


def chosen(tables):
    return [item for item in tables.items() if FULL or item[0] in ("classification", "higgs", "friedman1", "diabetes")]


def test_classes(tmp_path):
    gaps = []
    for name, make in chosen(CLASSES):
        mine, other = compare(tmp_path, name, make, "binary", metrics.roc_auc_score, settings())
        assert mine > other - 0.001 * slack(name), name
        gaps.append(mine - other)
    assert np.mean(gaps) > -0.0003 * (1 if FULL else 4)


def splits_of(tree):
    found, open_ = {}, [tree["tree_structure"]]
    while open_:
        node = open_.pop()
        if "split_index" in node:
            found[node["split_index"]] = (node["split_feature"], node["threshold"], node["internal_count"])
            open_ += [node["left_child"], node["right_child"]]
    return [found[i] for i in range(len(found))]


@pytest.mark.parametrize("objective,name", [("regression", "friedman1"), ("regression", "diabetes"),
                                            ("quantile", "friedman1"), ("quantile", "friedman2"),
                                            ("binary", "classification"), ("binary", "hastie")])
def test_trees_are_the_same(tmp_path, objective, name):
    """Bins, ties, limits and leaf values are LightGBM's: so are the trees, but for rounding, which may turn a
    near-tie. (Of classes' thresholds only the rows they part: LightGBM's rounding may choose another bound
    among those that part them alike.)"""
    same = 0
    for seed in SEEDS:
        train, test = next(parts(name, (AMOUNTS | CLASSES)[name], seed))
        extra = settings(15, 60, alpha=0.8, seed=seed)
        ours(tmp_path, objective, train, test, extra)
        booster = lgb.train({"objective": objective, "verbose": -1, "num_threads": 1} | extra, lgb.Dataset(*train), 60)
        mine, other = ([splits_of(tree) for tree in model.dump_model()["tree_info"]]
                       for model in (lgb.Booster(model_file=tmp_path / "model.txt"), booster))
        assert len(mine) == len(other) == 60
        for one, two in zip(mine, other):
            if [(a[0], a[2]) for a in one] != [(b[0], b[2]) for b in two]:
                break
            if objective != "binary" and [a[1] for a in one] != pytest.approx([b[1] for b in two], rel=1e-9):
                break
            same += 1
    print(f"{objective} {name}: the first {same / len(SEEDS):.0f} of 60 trees are the same, in the mean")
    assert same >= 20 * len(SEEDS)


def test_amounts(tmp_path):
    gaps = []
    for name, make in chosen(AMOUNTS):
        mine, other = compare(tmp_path, name, make, "regression", rmse, settings(15))
        assert mine < other * (1 + 0.003 * slack(name)), name
        gaps.append(mine / other - 1)
    assert np.mean(gaps) < 0.0015 * (1 if FULL else 4)


def test_quantiles(tmp_path):
    gaps = []
    for name, make in chosen(AMOUNTS):
        mine, other = compare(tmp_path, name, make, "quantile", pinball(0.8), settings(15, 100, alpha=0.8))
        assert mine < other * (1 + 0.003 * slack(name)), name
        gaps.append(mine / other - 1)
    assert np.mean(gaps) < 0.0015 * (1 if FULL else 4)


def test_tweedie(tmp_path):
    def make(seed):
        x, y = datasets.make_friedman1(8000, noise=0.0, random_state=seed)
        random = np.random.default_rng(seed)
        return x, np.where(random.random(8000) < 0.4, 0, random.gamma(2, np.exp(y / 8)))

    mine, other = compare(tmp_path, "tweedie", make, "tweedie", rmse, settings(15))
    assert mine < other * (1 + 0.003 * slack("tweedie"))


@pytest.mark.skipif(not FULL, reason="long: RCX_FULL=1")
@pytest.mark.parametrize("leaves", [31, 255])
def test_a_million_rows(tmp_path, leaves):
    mine, other = compare(tmp_path, "million", LARGE["higgs-million"], "binary", metrics.roc_auc_score,
                          settings(leaves))
    assert mine > other - 0.001


@pytest.mark.skipif(not FULL or not os.environ.get("RCX_DATA_DIR"), reason="long: RCX_FULL=1, RCX_DATA_DIR")
def test_churn_of_a_real_shop(tmp_path):
    """The feature table of UCI Online Retail with churn labels; later snapshots are the test."""
    source = Path(os.environ["RCX_DATA_DIR"]) / "online_retail.mdy.csv.zst"
    assert run("ingest", source, "--store", tmp_path / "store", "-q").returncode == 0
    done = run("features", "--store", tmp_path / "store", "--labels", "-o", tmp_path / "f.parquet", "-q")
    assert done.returncode == 0, done.stderr
    table = pd.read_parquet(tmp_path / "f.parquet")
    table = table[table.churn.notna() & (table.churn_eligible == 1)]
    dates = sorted(table.snapshot_date.unique())
    labels = {"churn", "clv", "churn_eligible", "snapshot_date", "customer_id"}
    inputs = [name for name in table.columns if name not in labels and pd.api.types.is_numeric_dtype(table[name])]
    late = table.snapshot_date >= dates[-2]

    def cut(rows):
        return rows[inputs].to_numpy(float), rows.churn.to_numpy(float)

    gaps = []
    for seed in SEEDS:
        extra = settings(15, 60, seed=seed, bagging_fraction=0.8, bagging_freq=1, feature_fraction=0.8)
        train, test = cut(table[~late]), cut(table[late])
        gaps.append(metrics.roc_auc_score(test[1], ours(tmp_path, "binary", train, test, extra)) -
                    metrics.roc_auc_score(test[1], theirs("binary", train, test, extra)))
    print("churn: AUC of rcx less that of LightGBM", np.round(gaps, 5))
    assert np.mean(gaps) > -0.001
