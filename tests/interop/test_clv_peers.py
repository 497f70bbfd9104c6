"""The value stage beside LightGBM: split, row counts and every measure recomputed from the exported tables; the
delivered model against LightGBM's on the same rows, inputs and offset; intervals and totals on made-up shops."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
lgb = pytest.importorskip("lightgbm")
stats = pytest.importorskip("scipy.stats")

FULL = os.environ.get("RCX_FULL") == "1"
UCI = pathlib.Path(os.environ.get("RCX_DATA_DIR", "/nonexistent")) / "online_retail.mdy.csv.zst"
SIMPLE = ["mean", "last_revenue", "last_revenue_factor", "behaviour"]
CANDIDATES = [*SIMPLE, "tweedie_offset", "tweedie", "l2", "log_l2", "hurdle"]
BEHAVIOUR = {"frequency": "btyd_frequency", "recency": "btyd_recency", "T": "btyd_age",
             "p_no_purchase_90d": "btyd_p_no_purchase", "expected_purchases_90d": "btyd_expected_purchases"}
KEYS = ["customer_id", "snapshot_date"]


def rcx(*words, **environment):
    done = subprocess.run([os.environ["RCX"], *map(str, words)], capture_output=True, text=True, cwd="/",
                          env={"PATH": os.environ["PATH"], **environment})
    assert done.returncode == 0, done.stderr
    return done


def days(dates):
    return (pd.to_datetime(dates) - pd.Timestamp("1970-01-01")).dt.days.to_numpy()


class Run:
    def __init__(self, folder, data, *options):
        rcx("run", data, "-o", folder, "--until", "clv", *options)
        out = folder / "outputs"
        self.folder = folder
        self.features = pd.read_parquet(folder / "data/features/customer_features.parquet")
        self.behaviour = pd.read_parquet(folder / "data/features/customer_behaviour.parquet").rename(columns=BEHAVIOUR)
        self.targets = pd.read_parquet(out / "clv_targets.parquet")
        self.judged = pd.read_parquet(out / "clv_evaluation.parquet")
        self.predictions = pd.read_parquet(out / "clv_predictions.parquet")
        self.backtest = pd.read_csv(out / "clv_backtest.csv")
        self.deciles = pd.read_csv(out / "clv_decile_analysis.csv")
        self.metrics = json.loads((out / "clv_model_metrics.json").read_text())
        self.model = json.loads((folder / "models/clv.json").read_text())
        self.inputs = [item["name"] for item in self.model["inputs"]]
        self.horizon = self.metrics["evaluated_horizon_days"]
        self.test = self.judged[self.judged.test]
        said = json.loads((folder / "data/features/feature_metadata.json").read_text())["data"]["first"]
        self.first = days(pd.Series([said[:10]]))[0]

    def rows(self):
        """Inputs, target and value by the behaviour model of every row whose target is known, made here."""
        rows = self.targets.merge(self.features, on=KEYS, validate="1:1")
        rows = rows.merge(self.behaviour, on=KEYS, validate="1:1", suffixes=("", "_behaviour"))
        assert len(rows) == len(self.targets) == len(self.features)
        rows["day"] = days(rows.snapshot_date)
        rows["data_days"] = rows.day + 1 - self.first
        rows["window_days_covered"] = np.minimum(rows.data_days, rows.observation_window_days)
        rows["target"] = rows["clv" if self.horizon == self.metrics["horizon_days"] else f"value_{self.horizon}d"]
        purchases = {30: "expected_purchases_30d", 90: "btyd_expected_purchases", 180: "expected_purchases_180d"}
        rows["start"] = rows[purchases[self.horizon]] * rows.expected_order_value
        return rows[rows.target.notna()].sort_values(["snapshot_date", "customer_id"])


@pytest.fixture(scope="module")
def uci(tmp_path_factory):
    if not UCI.exists() and os.environ.get("RCX_REQUIRE_DATA") != "1":
        pytest.skip("skipped: no data")
    return Run(tmp_path_factory.mktemp("uci") / "run", UCI)


def make(folder, *words):
    rcx("generate", "--basket", 3, "--guests", 0, "--start", "2010-01-05", "--season", 0, "--acquisition", 1, *words,
        "-o", folder / "shop.csv")
    return Run(folder / "run", folder / "shop.csv", "--set", "clv.resamples=20")


SHOPS = [("--rows", 150000, "--days", 345, "--seed", 3),
         ("--rows", 120000, "--days", 700, "--seed", 4)]
if FULL:
    SHOPS += [("--rows", 250000, "--days", 700, "--bgnbd", "0.4,60,0.8,2.5", "--seed", 7),
              ("--rows", 250000, "--days", 700, "--bgnbd", "2,80,0.5,5.5", "--gamma-gamma", "6,4,15", "--seed", 10),
              ("--rows", 250000, "--days", 345, "--seed", 11), ("--rows", 250000, "--days", 700, "--seed", 12)]


@pytest.fixture(scope="module", params=["uci", *range(len(SHOPS))])
def shop(request, tmp_path_factory):
    """UCI Online Retail, and generated shops without season."""
    if request.param == "uci":
        return request.getfixturevalue("uci")
    return make(tmp_path_factory.mktemp("made"), *SHOPS[request.param])


def test_split_and_row_counts(uci):
    rows = uci.rows()
    sizes = rows.groupby("snapshot_date").size()
    calendar = days(pd.Series(sizes.index))
    expected = []
    for i, day in enumerate(calendar):
        train = sizes[calendar + uci.horizon <= day]
        if i == len(calendar) - 1 or train.sum() >= 500:
            expected.append((str(sizes.index[i]), len(train), train.sum(), sizes.iloc[i]))
    told = uci.backtest[uci.backtest.origin.notna() & (uci.backtest.model == "mean")]
    assert list(told[["origin", "train_snapshots", "train_rows", "rows"]].itertuples(index=False, name=None)) == expected
    judged = uci.judged.merge(rows, on=KEYS, validate="1:1", suffixes=("", "_here"))
    assert len(judged) == len(uci.judged) == told.rows.sum()
    assert (judged.target == judged.target_here).all()
    assert np.allclose(judged.behaviour, judged.start, rtol=1e-12, atol=0)
    assert (judged.window_revenue == judged.rfm_monetary_total.clip(lower=0)).all()


def gini(target, value):
    """Area between the captured revenue and the diagonal over that of the perfect order; ties in proportion."""
    def area(by):
        frame = pd.DataFrame({"by": by, "y": target}).groupby("by").y.agg(["size", "sum"])[::-1]
        x = np.r_[0, frame["size"].cumsum()] / len(target)
        y = np.r_[0, frame["sum"].cumsum()] / target.sum()
        return ((y[1:] + y[:-1]) / 2 * np.diff(x)).sum() - .5
    return area(value) / area(target)


def measures(target, value):
    error = value - target
    flat = np.ptp(value) == 0
    return {"rmse": np.sqrt((error ** 2).mean()), "mae": np.abs(error).mean(),
            "mae_over_mean": np.abs(error).mean() / target.mean(),
            "r2": 1 - (error ** 2).sum() / ((target - target.mean()) ** 2).sum(),
            "spearman": np.nan if flat else stats.spearmanr(target, value).statistic,
            "gini": 0 if flat else gini(target, value), "total_error_pct": 100 * (value.sum() / target.sum() - 1)}


def test_every_measure(shop):
    """Of every model at every origin, their means, deciles, pinball losses and coverage: to 1e-9."""
    sums = {}
    counted = set(shop.backtest[shop.backtest.counts & shop.backtest.origin.notna()].origin)
    for origin, frame in shop.judged.groupby("snapshot_date"):
        target = frame.target.to_numpy()
        for model in [*CANDIDATES, "delivered"]:
            told = shop.backtest[(shop.backtest.origin == str(origin)) & (shop.backtest.model == model)].iloc[0]
            for name, value in measures(target, frame[model].to_numpy()).items():
                assert told[name] == pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True), (origin, model, name)
                if str(origin) in counted:
                    sums.setdefault((model, name), []).append(value)
                if frame.test.all():
                    said = shop.metrics["models"][model][name]
                    assert (said["test"] if said["test"] is not None else np.nan) == \
                        pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True)
                    assert said["test_interval"][0] is None or said["test_interval"][0] <= said["test_interval"][1]
    for (model, name), values in sums.items():
        said = shop.metrics["models"][model][name]["mean_over_origins"]
        assert (said if said is not None else np.nan) == pytest.approx(np.mean(values), rel=1e-9, abs=1e-9, nan_ok=True)
    target, test, told = shop.test.target.to_numpy(), shop.test, shop.metrics["intervals"]
    for name, alpha in (("q10", .1), ("q50", .5), ("q90", .9)):
        over = target - test[name].to_numpy()
        assert told["pinball"][name] == pytest.approx(np.maximum(alpha * over, (alpha - 1) * over).mean(), rel=1e-9)
    clipped = np.maximum(target, 0)
    inside = (clipped >= test.interval_low) & (clipped <= test.interval_high)
    assert told["coverage"] == pytest.approx(inside.mean(), rel=1e-9)
    order = np.argsort(-test.delivered.to_numpy(), kind="stable")
    cuts = [len(order) * d // 10 for d in range(11)]
    for d, (a, b) in enumerate(zip(cuts, cuts[1:])):
        picks, said = order[a:b], shop.deciles.iloc[d]
        assert said.customers == b - a
        assert said.predicted == pytest.approx(test.delivered.to_numpy()[picks].sum(), rel=1e-9)
        if len(np.unique(test.delivered)) == len(test):
            assert said.actual == pytest.approx(target[picks].sum(), rel=1e-9)
            assert said.coverage == pytest.approx(inside.to_numpy()[picks].mean(), rel=1e-9)


def test_the_choice_is_the_best_or_simpler(shop):
    means = {model: shop.metrics["models"][model]["mae_over_mean"]["mean_over_origins"] for model in CANDIDATES}
    best = min(means.values())
    assert shop.metrics["delivered"] == next(m for m in CANDIDATES if means[m] <= best * 1.01)


def offset_trees(shop, train, test):
    """LightGBM from the same start, on the same rows, with the limits of the specification."""
    floor = max(train.target.mean(), 1) * 1e-3
    options = dict(objective="tweedie", tweedie_variance_power=1.5, num_leaves=6, learning_rate=.05,
                   min_data_in_leaf=30, max_bin=127, num_threads=1, verbose=-1)
    enough = train[train.data_days >= 90]
    if len(enough) < 20:
        return test.start.to_numpy()
    start = [np.log(np.maximum(part.start.to_numpy(), floor)) for part in (enough, test)]
    data = lgb.Dataset(enough[shop.inputs].to_numpy(float), enough.target.clip(lower=0), init_score=start[0])
    raw = lgb.train(options, data, 50).predict(test[shop.inputs].to_numpy(float), raw_score=True)
    return np.exp(start[1] + np.clip(raw, -2, 2))


def test_not_worse_than_theirs(shop):
    """By the metric of the choice: at most 1 % above the best baseline, and above LightGBM."""
    rows = shop.rows()
    theirs = {"offset": [], "plain": [], "alike": []}
    for origin in sorted(shop.judged.snapshot_date.unique()):
        test = rows[rows.snapshot_date == origin]
        train = rows[rows.day + shop.horizon <= test.day.iloc[0]]
        options = dict(objective="tweedie", num_leaves=6, min_child_samples=30, n_jobs=1, verbose=-1)
        said = {"offset": offset_trees(shop, train, test)}
        for name, more in (("plain", {}), ("alike", dict(n_estimators=50, learning_rate=.2, max_bin=127))):
            model = lgb.LGBMRegressor(**options, **more).fit(train[shop.inputs].to_numpy(float), train.target.clip(lower=0))
            said[name] = model.predict(test[shop.inputs].to_numpy(float))
        for name, value in said.items():
            theirs[name].append(np.abs(value - test.target).mean() / test.target.mean())
    said = shop.metrics["models"]
    delivered = said[shop.metrics["delivered"]]["mae_over_mean"]["mean_over_origins"]
    for rival in [*(said[m]["mae_over_mean"]["mean_over_origins"] for m in SIMPLE), *map(np.mean, theirs.values())]:
        assert delivered <= 1.01 * rival
    assert said["tweedie_offset"]["mae_over_mean"]["mean_over_origins"] <= 1.01 * np.mean(theirs["offset"])
    tweedie = said["tweedie"]["mae_over_mean"]["mean_over_origins"]
    assert tweedie <= 1.01 * np.mean(theirs["alike"])
    assert tweedie <= 1.03 * np.mean(theirs["plain"])  # twice as many trees, of half the step


def test_reference_figures(uci, tmp_path):
    """Test 2011-08-31, 90 days: R2 / MAE / Spearman / Gini measured with other programs, which take days for moments
    (btyd.blind_days 0); as good without that."""
    uci_by_moments = Run(tmp_path / "run", UCI, "--set", "btyd.blind_days=0")
    said, theirs = (run.metrics["models"]["behaviour"] for run in (uci, uci_by_moments))
    assert said["mae_over_mean"]["mean_over_origins"] <= theirs["mae_over_mean"]["mean_over_origins"]
    uci = uci_by_moments
    assert (uci.horizon, str(uci.test.snapshot_date.iloc[0])) == (90, "2011-08-31")
    for model, r2, mae, spearman, area in (("last_revenue_factor", .717, 576, .523, .761),
                                           ("behaviour", .484, 612, .516, .773)):
        said = {name: item["test"] for name, item in uci.metrics["models"][model].items() if isinstance(item, dict)}
        assert said["r2"] == pytest.approx(r2, abs=.002)
        assert said["mae"] == pytest.approx(mae, abs=1)
        assert said["spearman"] == pytest.approx(spearman, abs=.002)
        assert said["gini"] == pytest.approx(area, abs=.002)
    # other trees: as good by the metric of the choice, near by the others
    for model, r2, mae, spearman, area in (("tweedie_offset", .645, 571, .527, .780), ("tweedie", .531, 607, .521, .777)):
        said = {name: item["test"] for name, item in uci.metrics["models"][model].items() if isinstance(item, dict)}
        assert said["mae"] <= 1.02 * mae
        assert said["r2"] >= r2 - .05
        assert said["spearman"] >= spearman - .01 and said["gini"] >= area - .015


def test_intervals_hold_and_totals_are_right(shop, request):
    """80 % intervals hold 76 to 84 %; totals are within 5 %, and two standard errors in a small shop: of the sum, and of
    the ratio, which is known from the shop when it was smaller."""
    if request.node.callspec.params["shop"] == "uci":
        return  # one year, and the test falls into its only autumn: what it holds is told, not promised
    test = shop.test
    inside = (test.target.clip(lower=0) >= test.interval_low) & (test.target.clip(lower=0) <= test.interval_high)
    assert .76 <= inside.mean() <= .84
    assert (test.q10 <= test.q50).all() and (test.q50 <= test.q90).all()
    assert (test.interval_low <= test.q50).all() and (test.q50 <= test.interval_high).all()
    totals, rows = shop.metrics["totals"], shop.rows()
    known = rows[(rows.day + shop.horizon <= days(test.snapshot_date)[0]) & (rows.data_days >= 90)]
    variances = [part.target.var() / len(part) / part.target.mean() ** 2 for part in
                 (test, *([known[known.day == np.sort(known.day)[len(known) // 2]]] if len(known) else []))]
    noise = 100 * 2 * np.sqrt(sum(variances)) if len(test) < 10000 else 0
    assert abs(totals["test_total_error_pct_calibrated"]) <= 5 + noise
    if shop.metrics["delivered"] == "tweedie_offset":
        assert abs(shop.metrics["models"]["tweedie_offset"]["total_error_pct"]["test"]) <= 5 + noise


@pytest.mark.skipif(not FULL, reason="skipped: RCX_FULL=1 runs it")
def test_intervals_of_shops_with_seasons(tmp_path):
    """No origin of a shop's first year has seen the season that follows its test: intervals hold too many where a quiet
    time follows and too few where the autumn does. Over tests in all parts of the year they hold 76 to 84 %."""
    held = {}
    for seed, start in enumerate(["2010-01-05", "2010-04-01", "2010-06-01", "2010-09-01", "2010-12-01"], 111):
        folder = tmp_path / start
        folder.mkdir()
        test = make(folder, "--start", start, "--season", 1, "--rows", 70000, "--days", 374, "--seed", seed).test
        target = test.target.clip(lower=0)
        held[start] = ((target >= test.interval_low) & (target <= test.interval_high)).mean()
        shutil.rmtree(folder)
    assert .76 <= np.mean(list(held.values())) <= .84, held
    assert all(.6 <= share <= .96 for share in held.values()), held


def test_calibrated_total(shop):
    """Its ratio is the median over the snapshots that are complete before the test."""
    rows, test = shop.rows(), shop.test
    day = days(test.snapshot_date)[0]
    known = rows[(rows.day + shop.horizon <= day) & (rows.data_days >= 90)].groupby("day")[["target", "start"]].sum()
    ratio = (known.target / known.start).median()
    totals = shop.metrics["totals"]
    assert totals["ratio_to_behaviour_at_test"] == pytest.approx(ratio, rel=1e-9)
    error = 100 * (ratio * test.behaviour.sum() / test.target.sum() - 1)
    assert totals["test_total_error_pct_calibrated"] == pytest.approx(error, rel=1e-9, abs=1e-9)
    scored = shop.predictions[shop.predictions.status == "scored"]
    assert scored.value_calibrated.sum() == \
        pytest.approx(scored.expected_value.sum() * totals["ratio_to_behaviour"], rel=1e-9)


def test_lightgbm_reads_the_models(uci):
    scored = uci.predictions[uci.predictions.status == "scored"]
    rows = scored.merge(uci.features, on=KEYS, validate="1:1")
    rows = rows.merge(uci.behaviour, on=KEYS, validate="1:1", suffixes=("", "_b"))
    rows["window_days_covered"] = np.minimum(days(rows.snapshot_date) + 1 - uci.first, rows.observation_window_days)
    matrix = rows[uci.inputs].to_numpy(float)

    def predict(name, raw):
        return lgb.Booster(model_file=str(uci.folder / f"models/{name}.model.txt")).predict(matrix, raw_score=raw)

    active, lapsed = predict("clv_active", False), predict("clv_lapsed", False)
    assert np.allclose(rows.value_if_active, active, rtol=1e-9)
    assert np.allclose(rows.value_if_lapsed, np.minimum(active, lapsed), rtol=1e-9)
    quantiles = np.sort(np.maximum([predict(f"clv_q{q}", True) for q in (10, 50, 90)], 0), axis=0)
    assert np.allclose(rows[["value_q10", "value_q50", "value_q90"]].to_numpy().T, quantiles, rtol=1e-9, atol=1e-9)
    ratio = np.clip(predict("clv", True), -uci.model["most_log_ratio"], uci.model["most_log_ratio"])
    assert uci.model["model"] == "tweedie_offset"
    assert np.allclose(rows.value, np.maximum(rows.expected_value, uci.model["least_start"]) * np.exp(ratio), rtol=1e-9)


def test_same_bytes(uci, tmp_path):
    digests = set()
    for threads, cpu in ((1, "v4"), (3, "v1")):
        folder = tmp_path / f"{threads}{cpu}"
        folder.mkdir()
        (folder / "store").symlink_to(uci.folder / "store")
        rcx("clv", "-o", folder, "--threads", threads, "--set", "clv.resamples=20", RCX_CPU=cpu)
        digests.add(tuple((p.name, p.read_bytes()) for f in ("outputs", "models")
                          for p in sorted((folder / f).glob("*"))))
    assert len(digests) == 1


def test_score_is_the_prediction(uci):
    """rcx score at the date of the predictions gives the same values."""
    day = str(uci.predictions.snapshot_date.iloc[0])
    rcx("score", "-o", uci.folder, "--as-of", day)
    scores = pd.read_parquet(uci.folder / f"outputs/scores_{day}.parquet")
    values = [c for c in uci.predictions.columns if c not in ("customer_id", "snapshot_date", "status")]
    assert (scores.customer_id == uci.predictions.customer_id).all()
    pd.testing.assert_frame_equal(scores[values], uci.predictions[values])
