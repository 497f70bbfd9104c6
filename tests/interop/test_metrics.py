"""The measures of ml/metrics beside scikit-learn and SciPy, weighted and not."""

import os
import pathlib
import subprocess

import pytest

np = pytest.importorskip("numpy")
sk = pytest.importorskip("sklearn.metrics")
stats = pytest.importorskip("scipy.stats")


def run(label, score, weight):
    rows = "".join(f"{y} {float(s)!r} {w}\n" for y, s, w in zip(label, score, weight))
    program = pathlib.Path(os.environ["RCX_BUILD"]) / "tests" / "print_metrics"
    out = subprocess.run([program], input=rows, capture_output=True, text=True, check=True).stdout
    return {
        (name, float(parameter), bool(int(weighted))): float(value)
        for name, parameter, weighted, value in (line.split() for line in out.splitlines())
    }


def agree(got, want):
    assert got.keys() >= want.keys()
    for key, value in want.items():
        assert got[key] == pytest.approx(value, rel=1e-10, abs=1e-12), key


def ece(label, score, weight):
    bins = np.minimum((score * 10).astype(int), 9)
    gaps = np.bincount(bins, weight * (score - label), 10)
    return np.abs(gaps).sum() / weight.sum()


@pytest.mark.parametrize("grid", [7, 100, 10**9])
def test_probabilities(grid):
    random = np.random.default_rng(grid)
    score = np.round(random.beta(1.5, 2, 3001) * grid) / grid
    label = (random.random(3001) < score).astype(int)
    weight = random.integers(0, 4, 3001)
    got = run(label, score, weight)
    for weighted in (False, True):
        w = weight if weighted else np.ones(3001)
        agree(got, {
            ("auc", 0, weighted): sk.roc_auc_score(label, score, sample_weight=w),
            ("average_precision", 0, weighted):
                sk.average_precision_score(label, score, sample_weight=w),
            ("binary_logloss", 0, weighted): sk.log_loss(label, score, sample_weight=w),
            ("brier", 0, weighted): sk.brier_score_loss(label, score, sample_weight=w),
            ("ece", 0, weighted): ece(label, score, w),
            ("gini", 0, weighted): 2 * sk.roc_auc_score(label, score, sample_weight=w) - 1,
        })


@pytest.mark.parametrize("seed", [1, 2])
def test_amounts(seed):
    random = np.random.default_rng(seed)
    label = np.round(random.gamma(1, 50, 2000), 1) + .1
    score = np.round(label * random.gamma(3, .3, 2000) + 1)
    weight = random.integers(0, 3, 2000)
    got = run(label, score, weight)
    for weighted in (False, True):
        w = weight if weighted else np.ones(2000)
        want = {
            ("l1", 0, weighted): sk.mean_absolute_error(label, score, sample_weight=w),
            ("l2", 0, weighted): sk.mean_squared_error(label, score, sample_weight=w),
            ("rmse", 0, weighted): sk.root_mean_squared_error(label, score, sample_weight=w),
            ("r2", 0, weighted): sk.r2_score(label, score, sample_weight=w),
            ("spearman", 0, weighted):
                stats.spearmanr(np.repeat(label, w.astype(int)),
                                np.repeat(score, w.astype(int))).statistic,
        }
        for alpha in (.1, .5, .9):
            want["quantile", alpha, weighted] = sk.mean_pinball_loss(
                label, score, sample_weight=w, alpha=alpha)
        for power in (1, 1.5, 1.9, 2):
            want["tweedie", power, weighted] = sk.mean_tweedie_deviance(
                label, score, sample_weight=w, power=power)
        agree(got, want)
