#!/usr/bin/env python3
"""The work of `rcx clv` in Python, features, behaviour and targets given: LightGBM, scikit-learn and SciPy.

    clv_python.py RUN_DIRECTORY [--threads N]

Per origin: the simple candidates, tweedie trees with and without the start at the behaviour model, squares, squares of
logarithms, a hurdle of two, three quantiles; MAE, RMSE, R2, Spearman and Gini of all; 200 bootstrap samples of MAE and total at the
test; then the delivered model, three quantiles and the two groups on all rows with a target, and the customers of the last
snapshot. Prints seconds and CPU seconds, without imports and loading, as JSON.
"""
import argparse
import json
import os
import pathlib
import time

import lightgbm as lgb
import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

KEYS = ["customer_id", "snapshot_date"]
EVALUATED, ASKED, CHURN, LEAST_DAYS, CLIP = 90, 180, 90, 90, 2
BEHAVIOUR = ["frequency", "recency", "T", f"p_no_purchase_{CHURN}d", "expected_purchases_90d"]


def load(run):
    features = pd.read_parquet(run / "data/features/customer_features.parquet")
    behaviour = pd.read_parquet(run / "data/features/customer_behaviour.parquet")
    behaviour = behaviour[KEYS + BEHAVIOUR + ["expected_purchases_180d", "expected_order_value"]]
    rows = features.merge(behaviour, on=KEYS).merge(pd.read_parquet(run / "outputs/clv_targets.parquet"), on=KEYS)
    meta = json.loads((run / "data/features/feature_metadata.json").read_text())
    rows["day"] = (pd.to_datetime(rows.snapshot_date) - pd.Timestamp("1970-01-01")).dt.days
    rows["data_days"] = rows.day + 1 - (pd.Timestamp(meta["data"]["first"][:10]) - pd.Timestamp("1970-01-01")).days
    rows["start_90"] = rows.expected_purchases_90d * rows.expected_order_value
    rows["start_180"] = rows.expected_purchases_180d * rows.expected_order_value
    rows["window_days_covered"] = np.minimum(rows.data_days, rows.observation_window_days)
    dropped = [*KEYS, "observation_start_date", "observation_window_days", "engagement_score_normalized", "churn_eligible",
               "txn_count_very_long_180d", "revenue_very_long_180d", "data_days", "day", "start_90", "start_180",
               "expected_purchases_180d", "expected_order_value", "churn", "clv", "expected_value", "last_revenue"]
    dropped += [name for name in rows.columns if name.startswith("value_")]
    return rows, [name for name in rows.columns if name not in dropped]


def gini(target, value):
    order = np.argsort(-value, kind="stable")
    perfect = np.sort(target)[::-1]
    area = lambda y: (np.cumsum(y) / y.sum()).mean() - .5
    return area(target[order]) / area(perfect)


class Trees:
    def __init__(self, inputs, threads):
        self.inputs, self.threads = inputs, threads

    def fit(self, rows, target, objective, count=50, rate=.2, **more):
        model = lgb.LGBMClassifier if objective == "binary" else lgb.LGBMRegressor
        start = more.pop("start", None)
        return model(objective=objective, n_estimators=count, num_leaves=6, learning_rate=rate, min_child_samples=30,
                     max_bin=127, verbose=-1, n_jobs=self.threads, **more).fit(rows[self.inputs], target, init_score=start)

    def offset(self, rows, target, start, test, test_start):
        some = rows.data_days >= LEAST_DAYS
        least = start[some].mean() / 1000
        if not some.any():
            return test_start.to_numpy()
        log = lambda values: np.log(np.maximum(values.to_numpy(), least))
        model = self.fit(rows[some], target[some], "tweedie", rate=.05, start=log(start[some]))
        raw = model.predict(test[self.inputs], raw_score=True)
        return np.exp(log(test_start) + np.clip(raw, -CLIP, CLIP))

    def quantiles(self, rows, target, test):
        return [self.fit(rows, target, "quantile", 40, .1, alpha=a).predict(test[self.inputs]) for a in (.1, .5, .9)]


def origin(trees, train, test):
    target, x = train[f"value_{EVALUATED}d"].clip(lower=0), test[trees.inputs]
    logs = trees.fit(train, np.log1p(target), "l2")
    smear = target.sum() / np.expm1(logs.predict(train[trees.inputs])).sum()
    some = target > 0
    chance, given = trees.fit(train, some.astype(int), "binary"), trees.fit(train[some], target[some], "tweedie")
    last = test.last_revenue.to_numpy()
    return {"mean": np.full(len(test), target.mean()), "last_revenue": last,
            "last_revenue_factor": last * target.sum() / train.last_revenue.sum(), "behaviour": test.start_90.to_numpy(),
            "tweedie_offset": trees.offset(train, target, train.start_90, test, test.start_90),
            "tweedie": trees.fit(train, target, "tweedie").predict(x), "l2": trees.fit(train, target, "l2").predict(x),
            "log_l2": np.expm1(logs.predict(x)) * smear,
            "hurdle": chance.predict_proba(x)[:, 1] * given.predict(x)}, trees.quantiles(train, target, test)


def measure(label, value):
    return (mean_absolute_error(label, value) / label.mean(), mean_squared_error(label, value), r2_score(label, value),
            spearmanr(label, value).statistic if value.std() > 0 else 0, gini(label, value))


def deliver(trees, rows):
    known, scored = rows[rows.clv.notna()], rows[rows.day == rows.day.max()]
    target = known.clv.clip(lower=0)
    said = [trees.offset(known, target, known.start_180, scored, scored.start_180), *trees.quantiles(known, target, scored)]
    for group in (0, 1):
        some = known.churn == group
        said.append(trees.fit(known[some], target[some], "tweedie").predict(scored[trees.inputs]))
    return said


def work(rows, inputs, threads):
    trees = Trees(inputs, threads)
    known, means = rows[rows[f"value_{EVALUATED}d"].notna()], {}
    for day in sorted(known.day.unique()):
        train, test = known[known.day + EVALUATED <= day], known[known.day == day]
        if len(train) < 500:
            continue
        said, _ = origin(trees, train, test)
        label = test[f"value_{EVALUATED}d"].to_numpy()
        for name, value in said.items():
            means.setdefault(name, []).append(measure(label, value))
    draw = np.random.default_rng(1)
    for _ in range(200):
        pick = draw.integers(0, len(label), len(label))
        for value in said.values():
            _ = np.abs(label[pick] - value[pick]).mean() / label[pick].mean(), value[pick].sum() / label[pick].sum()
    deliver(trees, rows)
    return {name: float(np.mean(values, axis=0)[0]) for name, values in means.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    rows, inputs = load(arguments.run)
    wall, cpu = time.perf_counter(), time.process_time()
    means = work(rows, inputs, arguments.threads)
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "mae_over_mean": means}))


if __name__ == "__main__":
    main()
