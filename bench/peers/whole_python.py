#!/usr/bin/env python3
"""The work of `rcx run` as a good engineer would stitch it together: DuckDB, LightGBM, scikit-learn, NumPy.

    whole_python.py FILE.csv -o DIR [--threads N]

Loads and cleans the CSV and makes 33 features at 12 snapshots (duckdb_features.py), labels of churn (90 days) and
value (180), segments with a choice of k and their stability, churn and value judged at rolling origins with the same
embargo and trained again on all of it, SHAP values, quantiles, a plan for a budget with its frontier, and the tables
as files. Left out, in its favour: a store, validation, the proof, behaviour models and what starts from them, drift,
cohorts, control group, sensitivities, the report. Prints one JSON object with the seconds of the stages.
"""
import argparse
import json
import os
import pathlib
import time

import duckdb_features
import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (adjusted_rand_score, calinski_harabasz_score, davies_bouldin_score, log_loss,
                             mean_absolute_error, roc_auc_score, silhouette_score)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

HORIZON, VALUE_DAYS, TEST_DAYS = 90, 180, 90
KEYS = ["customer_id", "snapshot_date"]
OUT = ["observation_start_date", "observation_window_days", "engagement_score_normalized", "txn_count_very_long_180d",
       "revenue_very_long_180d"]
LABELS = """
    select f.customer_id, f.snapshot_date,
           if(last_day >= sday + 90, if(coalesce(n_90, 0) > 0, 0, 1), null) as churn,
           if(last_day >= sday + 90, coalesce(net_90, 0), null) as value_90,
           if(last_day >= sday + 180, coalesce(net_180, 0), null) as value_180
    from (select customer_id, snapshot_date, snapshot_date - date '1970-01-01' as sday,
                 (select max(day) from tx) as last_day from feature) f
    left join (select customer, s.day as at,
                      count(*) filter (items > 0 and i.day <= s.day + 90) as n_90,
                      sum(revenue) filter (i.day <= s.day + 90) / 1e4 as net_90, sum(revenue) / 1e4 as net_180
               from invoice_all i join snapshot s on i.day > s.day and i.day <= s.day + 180 group by all) l
    on l.customer = f.customer_id and l.at = f.sday"""


def features(source, threads):
    connection = duckdb_features.connect(":memory:", threads)
    duckdb_features.load(connection, source)
    duckdb_features.features(connection)
    rows = connection.execute("select * from feature order by snapshot_date, customer_id").df()
    rows = rows.merge(connection.execute(LABELS).df(), on=KEYS)
    rows["day"] = (pd.to_datetime(rows.snapshot_date) - pd.Timestamp("1970-01-01")).dt.days
    return rows, connection


def segments(rows):
    """k from 3 to 8: measures and the stability of 20 resamples; the whole history gets the last snapshot's."""
    def inputs(table):
        return np.log1p(table[["rfm_recency_days", "rfm_frequency_count", "rfm_monetary_total"]].clip(lower=0).to_numpy())
    scale = StandardScaler().fit(inputs(rows[rows.day == rows.day.max()]))
    last, draw, quality = scale.transform(inputs(rows[rows.day == rows.day.max()])), np.random.default_rng(1), []
    for k in range(3, 9):
        model = KMeans(k, n_init=10, random_state=1).fit(last)
        stable = []
        for _ in range(20):
            pick = draw.integers(0, len(last), len(last))
            stable.append(adjusted_rand_score(model.labels_, KMeans(k, n_init=1, random_state=1).fit(last[pick]).predict(last)))
        quality.append({"k": k, "silhouette": silhouette_score(last, model.labels_), "stability": np.mean(stable), "model": model,
                        "davies_bouldin": davies_bouldin_score(last, model.labels_),
                        "calinski_harabasz": calinski_harabasz_score(last, model.labels_)})
    best = max(q["silhouette"] for q in quality)
    chosen = next(q for q in quality if q["k"] >= 4 and q["silhouette"] >= best - .02)
    rows["segment"] = chosen["model"].predict(scale.transform(inputs(rows)))
    return pd.DataFrame(quality).drop(columns="model")


def logistic():
    logs = FunctionTransformer(lambda x: np.nan_to_num(np.sign(x) * np.log1p(np.abs(x))))
    return make_pipeline(logs, StandardScaler(), LogisticRegression(C=.01, max_iter=1000))


def bootstrap(label, said, measures, samples=1000):
    draw = np.random.default_rng(1)
    return [[measure(label[pick], p[pick]) for p in said for measure in measures]
            for pick in (draw.integers(0, len(label), len(label)) for _ in range(samples))]


def churn(rows, inputs, threads):
    """Each origin: early stopping on the snapshot before, LightGBM, a logistic regression; then all of it."""
    trees = dict(num_leaves=5, learning_rate=.05, min_child_samples=30, verbose=-1, n_jobs=threads)
    known, backtest = rows[rows.churn.notna()], []
    for day in sorted(known.day.unique()):
        train, test = known[known.day + HORIZON <= day], known[known.day == day]
        if len(train) < 500:
            continue
        last, count = train.day.max(), 60
        earlier, valid = train[train.day + HORIZON <= last], train[train.day == last]
        if min(len(earlier), len(valid)) >= 1000:
            stopped = lgb.LGBMClassifier(n_estimators=200, **trees).fit(
                earlier[inputs], earlier.churn.astype(int), eval_set=[(valid[inputs], valid.churn.astype(int))],
                callbacks=[lgb.early_stopping(25, verbose=False)])
            count = stopped.best_iteration_ or count
        model = lgb.LGBMClassifier(n_estimators=count, **trees).fit(train[inputs], train.churn.astype(int))
        said = [model.predict_proba(test[inputs])[:, 1],
                logistic().fit(train[inputs], train.churn.astype(int)).predict_proba(test[inputs])[:, 1]]
        label = test.churn.to_numpy(int)
        backtest.append([day, *(f(label, p) for p in said for f in (roc_auc_score, log_loss))])
    bootstrap(label, said, (roc_auc_score, log_loss))
    model = lgb.LGBMClassifier(n_estimators=count, **trees).fit(known[inputs], known.churn.astype(int))
    scored = rows[rows.day == rows.day.max()]
    effects = model.predict(scored[inputs], pred_contrib=True)  # exact TreeSHAP
    top = np.argsort(-np.abs(effects[:, :-1]), axis=1)[:, :3]
    return model.predict_proba(scored[inputs])[:, 1], top, pd.DataFrame(backtest)


def value(rows, inputs, threads):
    """Tweedie, squares and a factor at each origin; then the value, three quantiles, and given leaving or staying."""
    def trees(objective, **more):
        return lgb.LGBMRegressor(objective=objective, n_estimators=60, num_leaves=8, learning_rate=.05,
                                 min_child_samples=30, verbose=-1, n_jobs=threads, **more)
    known, backtest = rows[rows.value_90.notna()], []
    for day in sorted(known.day.unique()):
        train, test = known[known.day + TEST_DAYS <= day], known[known.day == day]
        if len(train) < 500:
            continue
        target = train.value_90.clip(lower=0)
        said = [trees("tweedie").fit(train[inputs], target).predict(test[inputs]),
                trees("l2").fit(train[inputs], target).predict(test[inputs]),
                test.rfm_monetary_total.to_numpy() * target.sum() / train.rfm_monetary_total.sum()]
        label = test.value_90.to_numpy()
        backtest.append([day, *(mean_absolute_error(label, p) / label.mean() for p in said)])
    bootstrap(label, said, (lambda a, b: np.abs(a - b).mean(),))
    full, scored = rows[rows.value_180.notna()], rows[rows.day == rows.day.max()]
    target = full.value_180.clip(lower=0)
    quantiles = [trees("quantile", alpha=a).fit(full[inputs], target).predict(scored[inputs]) for a in (.1, .5, .9)]
    groups = [trees("tweedie").fit(full.loc[g, inputs], target[g]).predict(scored[inputs])
              for g in (full.churn == 0, full.churn == 1) if target[g].sum() > 0]
    return trees("tweedie").fit(full[inputs], target).predict(scored[inputs]), quantiles, groups, pd.DataFrame(backtest)


def plan(p, stay, leave, order, budget=10_000, margin=.3, redemption=.3):
    """At most one tier a customer: greedy by efficiency over each customer's hull; 20 budgets of the frontier."""
    tiers = np.array([(2, .15, .05), (10, .30, .10), (25, .45, .15)])
    gain = np.stack([p * s * (margin * (stay - leave) - d * order) - (1 - p) * redemption * d * order - c for c, s, d in tiers], 1)
    steps = []
    for i, g in enumerate(gain):
        cost, worth = 0, 0
        hull = []
        for t in np.argsort(tiers[:, 0]):
            while hull and (g[t] - (gain[i, hull[-2]] if len(hull) > 1 else 0)) / (tiers[t, 0] - (tiers[hull[-2], 0] if len(hull) > 1 else 0)) >= \
                    (g[hull[-1]] - (gain[i, hull[-2]] if len(hull) > 1 else 0)) / (tiers[hull[-1], 0] - (tiers[hull[-2], 0] if len(hull) > 1 else 0)):
                hull.pop()
            if g[t] > (g[hull[-1]] if hull else 0):
                hull.append(t)
        for t in hull:
            steps.append(((g[t] - worth) / (tiers[t, 0] - cost), tiers[t, 0] - cost, g[t] - worth, i, t))
            cost, worth = tiers[t, 0], g[t]
    steps.sort(reverse=True)
    spent, brought = np.cumsum([s[1] for s in steps]), np.cumsum([s[2] for s in steps])
    chosen = {s[3]: s[4] for s, total in zip(steps, spent) if total <= budget}
    frontier = [(b, brought[max(0, np.searchsorted(spent, b, "right") - 1)]) for b in np.linspace(spent[-1] / 20, spent[-1], 20)]
    return chosen, frontier


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    out = pathlib.Path(arguments.output)
    out.mkdir(parents=True, exist_ok=True)
    begin, stages = [time.perf_counter()], {}

    def stage(name):
        now = time.perf_counter()
        stages[name], begin[0] = {"wall": now - begin[0]}, now

    rows, connection = features(arguments.source, arguments.threads)
    inputs = [c for c in rows.columns if c not in [*KEYS, *OUT, "churn", "value_90", "value_180", "day"]]
    stage("features")
    quality = segments(rows)
    stage("segment")
    p, top, churn_backtest = churn(rows, inputs, arguments.threads)
    stage("churn")
    worth, quantiles, groups, value_backtest = value(rows, inputs, arguments.threads)
    stage("clv")
    scored = rows[rows.day == rows.day.max()]
    stay, leave = groups if len(groups) == 2 else (groups[0], np.zeros(len(p)))
    chosen, frontier = plan(p, stay, leave, scored.rfm_monetary_avg.fillna(0).to_numpy())
    stage("campaign")
    connection.execute(f"copy (select * from clean) to '{out / 'cleaned.parquet'}'")
    rows.to_parquet(out / "features.parquet")
    result = scored[KEYS + ["segment"]].assign(churn=p, value=worth, low=quantiles[0], high=quantiles[2])
    result["tier"] = [chosen.get(i) for i in range(len(result))]
    for r in range(3):
        result[f"reason_{r + 1}"] = [inputs[i] for i in top[:, r]]
    result.to_parquet(out / "predictions.parquet")
    for name, table in (("quality", quality), ("churn_backtest", churn_backtest), ("value_backtest", value_backtest),
                        ("frontier", pd.DataFrame(frontier))):
        table.to_csv(out / f"{name}.csv", index=False)
    stage("files")
    print(json.dumps({"stages": stages, "feature_rows": len(rows), "contacts": len(chosen)}))


if __name__ == "__main__":
    main()
