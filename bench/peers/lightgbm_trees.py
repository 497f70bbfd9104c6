"""LightGBM's side: train, predict or explain, timed inside the process; prints one JSON object.

    lightgbm_trees.py train DATA MODEL --mode quantised --trees 100 --leaves 31 --threads 2
    lightgbm_trees.py predict DATA MODEL --threads 2
    lightgbm_trees.py shap DATA MODEL --rows 20000 --threads 2
"""

import argparse
import json
import resource
import time

import gbdt_data
import lightgbm

MODES = {"default": {}, "row-wise": {"force_row_wise": True}, "col-wise": {"force_col_wise": True},
         "quantised": {"use_quantized_grad": True}}


def train(given, x, y):
    # Python's table of doubles by row is what most callers have.
    settings = {"objective": "binary", "num_leaves": given.leaves, "num_threads": given.threads,
                "verbose": -1, "seed": 1} | MODES[given.mode]
    names = [f"x{c}" for c in range(x.shape[1])]
    begin = time.perf_counter()
    data = lightgbm.Dataset(x, y, params=settings, feature_name=names).construct()
    binned = time.perf_counter()
    booster = lightgbm.train(settings, data, given.trees)
    trained = time.perf_counter()
    booster.save_model(given.model)
    return {"bin_seconds": binned - begin, "train_seconds": trained - binned}


def predict(given, x, _):
    booster = lightgbm.Booster(model_file=given.model)
    begin = time.perf_counter()
    booster.predict(x, num_threads=given.threads, pred_contrib=given.action == "shap")
    return {"predict_seconds": time.perf_counter() - begin}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=["train", "predict", "shap"])
    parser.add_argument("data")
    parser.add_argument("model")
    parser.add_argument("--mode", choices=MODES, default="default")
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--leaves", type=int, default=31)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rows", type=int)
    given = parser.parse_args()
    x, y = gbdt_data.read(given.data)
    x, y = x[:given.rows], y[:given.rows]
    report = (train if given.action == "train" else predict)(given, x, y)
    report["version"] = lightgbm.__version__
    report["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(report))


if __name__ == "__main__":
    main()
