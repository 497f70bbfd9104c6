#!/usr/bin/env python3
"""The work of `rcx churn` in Python, features and behaviour given: LightGBM, scikit-learn and shap.

    churn_python.py RUN_DIRECTORY [--threads N]

Per origin: LightGBM with early stopping on the last snapshot that may train, then LightGBM with and without
initial score, two logistic regressions, a recency rule; 1,000 bootstrap samples of AUC and log loss of all models at the
test; the refit on all labelled rows, and SHAP values of the customers of the last snapshot. Prints seconds and CPU seconds,
without imports and loading, as JSON.
"""
import argparse
import json
import os
import pathlib
import time

import lightgbm as lgb
import numpy as np
import pandas as pd
import shap
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

HORIZON, TREES = 90, dict(num_leaves=5, learning_rate=.05, min_child_samples=30, verbose=-1)
KEYS = ["customer_id", "snapshot_date"]
BEHAVIOUR = ["frequency", "recency", "T", f"p_no_purchase_{HORIZON}d", "expected_purchases_90d"]


def load(run):
    rows = pd.read_parquet(run / "data/features/customer_features.parquet")
    rows = rows.merge(pd.read_parquet(run / "data/features/customer_behaviour.parquet")[KEYS + BEHAVIOUR], on=KEYS)
    return rows.merge(pd.read_parquet(run / "outputs/churn_labels.parquet"), on=KEYS)


def logistic(train, test, inputs, target):
    logs = FunctionTransformer(lambda x: np.nan_to_num(np.sign(x) * np.log1p(np.abs(x))))
    model = make_pipeline(logs, StandardScaler(), LogisticRegression(C=.01, max_iter=1000))
    return model.fit(train[inputs], target).predict_proba(test[inputs])[:, 1]


def origin(rows, day, inputs, train_rows):
    """Probabilities of all models at one origin."""
    train, test = rows[train_rows], rows[rows.day == day]
    target = train.churn.astype(int)
    plain = [name for name in inputs if name not in BEHAVIOUR]
    last = train.day.max()
    trees = 60
    earlier, valid = train[train.day + HORIZON <= last], train[train.day == last]
    if len(earlier) >= 1000 and len(valid) >= 1000:
        stopped = lgb.LGBMClassifier(n_estimators=200, **TREES).fit(
            earlier[inputs], earlier.churn.astype(int), init_score=earlier.initial_score,
            eval_set=[(valid[inputs], valid.churn.astype(int))], eval_init_score=[valid.initial_score],
            callbacks=[lgb.early_stopping(25, verbose=False)])
        trees = min(200, max(1, round(stopped.best_iteration_ * len(train) / len(earlier))))
    offset = lgb.LGBMClassifier(n_estimators=trees, **TREES).fit(train[inputs], target, init_score=train.initial_score)
    raw = offset.predict(test[inputs], raw_score=True)
    alone = lgb.LGBMClassifier(n_estimators=trees, **TREES).fit(train[inputs], target)
    sigmoid = lambda z: 1 / (1 + np.exp(-z))
    return test.churn.to_numpy(int), {
        "behaviour": sigmoid(test.initial_score), "trees": sigmoid(test.initial_score + raw),
        "blend": sigmoid(test.initial_score + raw / 2), "trees_plain": alone.predict_proba(test[inputs])[:, 1],
        "recency": logistic(train, test, ["rfm_recency_days"], target), "logistic": logistic(train, test, plain, target),
        "logistic_btyd": logistic(train, test, inputs, target)}, trees


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    TREES["n_jobs"] = arguments.threads
    rows = load(arguments.run)
    names = rows.columns.drop([*KEYS, "observation_start_date", "observation_window_days", "churn_eligible", "churn",
                               "initial_score", "engagement_score_normalized", "txn_count_very_long_180d",
                               "revenue_very_long_180d"])
    inputs = list(names)
    rows["day"] = (pd.to_datetime(rows.snapshot_date) - pd.Timestamp("1970-01-01")).dt.days
    wall, cpu = time.perf_counter(), time.process_time()
    known = rows[rows.churn_eligible & rows.churn.notna()]
    for day in sorted(known.day.unique()):
        train_rows = known.day + HORIZON <= day
        if train_rows.sum() >= 500:
            label, said, trees = origin(known, day, inputs, train_rows)
    draw = np.random.default_rng(1)
    for _ in range(1000):
        pick = draw.integers(0, len(label), len(label))
        for p in said.values():
            values = np.asarray(p)[pick]
            roc_auc_score(label[pick], values)
            log_loss(label[pick], values)
    model = lgb.LGBMClassifier(n_estimators=trees, **TREES).fit(
        known[inputs], known.churn.astype(int), init_score=known.initial_score)
    shap.TreeExplainer(model.booster_).shap_values(rows[rows.day == rows.day.max()][inputs])
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    main()
