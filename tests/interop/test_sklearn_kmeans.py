"""k-means, its measures, the adjusted Rand index and the quintiles beside scikit-learn, scipy and pandas."""
import csv
import json
import os
import pathlib
import subprocess

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist

sklearn = pytest.importorskip("sklearn")
from sklearn import datasets, metrics  # noqa: E402
from sklearn.cluster import KMeans  # noqa: E402

RCX = os.environ.get("RCX", "build/release/rcx")


def run(*arguments):
    result = subprocess.run([RCX, *map(str, arguments)], capture_output=True, text=True, cwd="/")
    assert result.returncode == 0, result.stderr
    return result.stdout


def uci_rfm(folder):
    """Recency, frequency and value of UCI Online Retail at the last snapshot, as rcx segment sees them."""
    data = os.environ.get("RCX_DATA_DIR")
    if not data:
        if os.environ.get("RCX_REQUIRE_DATA"):
            pytest.fail("RCX_DATA_DIR is not set")
        pytest.skip("RCX_DATA_DIR is not set")
    run("run", pathlib.Path(data) / "online_retail.mdy.csv.zst", "-o", folder / "run", "--until", "segment", "--set", "export.cleaned_data=false")
    table = pd.read_parquet(folder / "run/data/features/customer_features.parquet")
    return table[table.snapshot_date == table.snapshot_date.max()].reset_index(drop=True)


@pytest.fixture(scope="module")
def uci(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uci")
    return folder / "run", uci_rfm(folder)


def scaled(table):
    x = np.log1p(np.maximum(0, table[["rfm_recency_days", "rfm_frequency_count", "rfm_monetary_total"]].to_numpy(float)))
    return (x - x.mean(axis=0)) / x.std(axis=0)


def blobs(seed, rows, columns, centres):
    return datasets.make_blobs(rows, columns, centers=centres, cluster_std=2.0, random_state=seed)[0]


DATA = {
    "iris": (lambda: datasets.load_iris().data, 3),
    "iris 8": (lambda: datasets.load_iris().data, 8),
    "wine": (lambda: datasets.load_wine().data, 3),
    "blobs": (lambda: blobs(1, 2000, 2, 6), 6),
    "blobs wide": (lambda: blobs(2, 1500, 12, 9), 9),
    "noise": (lambda: np.random.default_rng(3).normal(size=(1000, 3)), 7),
}


def cluster(folder, data, k, *options):
    path = folder / "data.csv"
    np.savetxt(path, data, delimiter=",", fmt="%.17g", comments="", header=",".join(f"x{j}" for j in range(data.shape[1])))
    report = json.loads(run("kmeans", "--data", path, "--k", k, "-o", folder / "out.csv", "--centres", folder / "centres.csv",
                            "--quality", "--json", *options))
    return report, pd.read_csv(folder / "out.csv").cluster.to_numpy(), np.loadtxt(folder / "centres.csv", delimiter=",", skiprows=1, ndmin=2)


def check_measures(data, labels, got):
    distances = cdist(data, data)  # plain differences: scikit-learn's own lose half the digits
    assert got["silhouette"] == pytest.approx(metrics.silhouette_score(distances, labels, metric="precomputed"), abs=1e-9)
    assert got["davies_bouldin"] == pytest.approx(metrics.davies_bouldin_score(data, labels), rel=1e-9)
    assert got["calinski_harabasz"] == pytest.approx(metrics.calinski_harabasz_score(data, labels), rel=1e-9)


@pytest.mark.parametrize("name", DATA)
def test_no_worse_than_scikit_learn_and_measured_alike(name, tmp_path):
    make, k = DATA[name]
    data = make()
    report, labels, centres = cluster(tmp_path, data, k, "--swap")
    theirs = KMeans(k, n_init=10, tol=0, random_state=1).fit(data)
    assert report["inertia"] <= theirs.inertia_ * (1 + 1e-9)
    assert report["inertia"] == pytest.approx(((data - centres[labels]) ** 2).sum(), rel=1e-9)
    check_measures(data, labels, report)


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("algorithm", ["lloyd", "bounds", "screened"])
def test_from_the_same_start_to_the_same_end(name, algorithm, tmp_path):
    make, k = DATA[name]
    data = make()
    start = data[np.random.default_rng(5).choice(len(data), k, replace=False)]
    np.savetxt(tmp_path / "start.csv", start, delimiter=",", fmt="%.17g", comments="", header=",".join(f"x{j}" for j in range(data.shape[1])))
    report, labels, centres = cluster(tmp_path, data, k, "--start-file", tmp_path / "start.csv", "--algorithm", algorithm)
    theirs = KMeans(k, init=start, n_init=1, tol=0, max_iter=300).fit(data)
    assert report["inertia"] == pytest.approx(theirs.inertia_, rel=1e-9)
    assert np.array_equal(labels, theirs.labels_)
    assert np.allclose(centres, theirs.cluster_centers_, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rows, a_labels, b_labels, agree", [
    (1, 1, 1, 0), (2, 2, 2, 0), (2, 2, 1, 0), (50, 1, 4, 0), (50, 50, 50, 0), (1000, 3, 8, 0), (1000, 5, 5, .7),
    (30000, 8, 7, .95), (100000, 900, 900, .3), (100000, 2, 2, 1)])
def test_adjusted_rand_index_to_the_last_bit(rows, a_labels, b_labels, agree):
    random = np.random.default_rng(rows + a_labels)
    a = random.integers(0, a_labels, rows)
    b = np.where(random.random(rows) < agree, a % b_labels, random.integers(0, b_labels, rows))
    program = pathlib.Path(os.environ["RCX_BUILD"]) / "tests" / "print_rand"
    text = "".join(f"{x} {y}\n" for x, y in zip(a, b))
    got = float(subprocess.run([program], input=text, capture_output=True, text=True, check=True).stdout)
    assert got == metrics.adjusted_rand_score(a, b)


def quality_of(directory):
    with open(directory / "outputs/segment_quality.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_uci_choice_of_k(uci):
    directory, table = uci
    data = scaled(table)
    for row in quality_of(directory):
        theirs = KMeans(int(row["k"]), n_init=10, tol=0, random_state=0).fit(data)
        assert float(row["inertia"]) <= theirs.inertia_ * (1 + 1e-9)
    chosen = next(row for row in quality_of(directory) if row["chosen"] == "1")
    assigned = pd.read_parquet(directory / "outputs/segment_assignments.parquet")
    labels = assigned[assigned.snapshot_date == assigned.snapshot_date.max()].cluster.to_numpy()
    check_measures(data, labels, {key: float(value) for key, value in chosen.items() if value})


def test_uci_segments_make_sense(uci):
    directory, table = uci
    summary = pd.read_csv(directory / "outputs/segment_summary.csv").set_index("segment")
    assert len(summary) >= 4 and summary.share.min() >= 0.02 and summary.index.is_unique
    chosen = next(row for row in quality_of(directory) if row["chosen"] == "1")
    assert float(chosen["stability"]) > 0.7
    if "Champions" in summary.index:
        assert summary.monetary_rank.idxmax() == "Champions"
    if "Lost" in summary.index:
        assert summary.recency_mean.idxmax() == "Lost"
    for profile, feature in (("recency", "rfm_recency_days"), ("frequency", "rfm_frequency_count"), ("monetary", "rfm_monetary_total"),
                             ("basket", "avg_basket_size"), ("return_rate", "return_rate")):
        assigned = pd.read_parquet(directory / "outputs/segment_assignments.parquet")
        last = assigned[assigned.snapshot_date == assigned.snapshot_date.max()].reset_index(drop=True)
        groups = table[feature].groupby(last.segment)
        assert np.allclose(groups.mean()[summary.index], summary[profile + "_mean"], rtol=1e-9)
        assert np.allclose(groups.median()[summary.index], summary[profile + "_median"], rtol=1e-12)


def test_uci_quintiles_are_those_of_qcut(uci):
    directory, table = uci
    assigned = pd.read_parquet(directory / "outputs/segment_assignments.parquet")
    last = assigned[assigned.snapshot_date == assigned.snapshot_date.max()].reset_index(drop=True)
    for score, feature, best_first in (("r_score", "rfm_recency_days", True), ("f_score", "rfm_frequency_count", False),
                                       ("m_score", "rfm_monetary_total", False)):
        bins = pd.qcut(table[feature], 5, labels=False, duplicates="drop")
        ours = 5 - last[score] if best_first else last[score] - 1
        # coinciding edges leave scores unused, so the bins are compared and not their numbers
        assert (bins.groupby(ours).nunique() == 1).all() and (ours.groupby(bins).nunique() == 1).all()
        edges = table[feature].quantile([.2, .4, .6, .8])
        if edges.is_unique and edges.iloc[0] > table[feature].min():
            assert (ours == bins).all()


def test_uci_migration_beside_pandas(uci):
    directory, _ = uci
    assigned = pd.read_parquet(directory / "outputs/segment_assignments.parquet")
    moves = pd.read_csv(directory / "outputs/segment_migration.csv")
    dates = sorted(assigned.snapshot_date.unique())
    a, b = (assigned[assigned.snapshot_date == d].set_index("customer_id").segment for d in dates[-2:])
    both = pd.concat([a.rename("f"), b.rename("t")], axis=1)
    expected = both.fillna("-").groupby(["f", "t"]).size()
    ours = moves[moves.to_date == str(dates[-1])].fillna("-").set_index(["from_segment", "to_segment"]).customers
    assert ours.sort_index().to_dict() == expected.sort_index().to_dict()


def test_stability_is_reproduced_by_scikit_learn(uci):
    """Not the same resamples, but the same quantity: means over 20 must be near each other."""
    directory, table = uci
    data = scaled(table)
    row = next(row for row in quality_of(directory) if row["k"] == "4")
    whole = KMeans(4, n_init=10, random_state=0).fit(data).labels_
    draw = np.random.default_rng(1)
    scores = []
    for _ in range(20):
        resample = data[draw.integers(0, len(data), len(data))]
        labels = KMeans(4, n_init=3, random_state=0).fit(resample).predict(data)
        scores.append(metrics.adjusted_rand_score(whole, labels))
    assert float(row["stability"]) == pytest.approx(np.mean(scores), abs=0.1)
