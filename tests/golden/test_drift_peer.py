"""PSI and KS of rcx features drift against an independent computation (numpy, scipy): on the features of
UCI Online Retail, and on those of a generated shop."""
import csv
import math
import os
import pathlib

import pytest

from feature_tables import rcx

np = pytest.importorskip("numpy")
stats = pytest.importorskip("scipy.stats")

DATA = pathlib.Path(os.environ.get("RCX_DATA_DIR", "/nonexistent")) / "online_retail.mdy.csv.zst"


def psi(reference, sample, bins=10, least=1e-4):
    """Both with NaN for no value. Written from the definition, with numpy's own quantiles."""
    known, other = reference[~np.isnan(reference)], sample[~np.isnan(sample)]
    edges = np.unique(np.quantile(known, np.arange(1, bins) / bins, method="inverted_cdf")) if len(known) else []
    cuts = np.concatenate([[-np.inf], edges, [np.inf]])

    def shares(values, rows):
        # bins are open below and closed above
        counts = [((values > a) & (values <= b)).sum() for a, b in zip(cuts[:-1], cuts[1:])]
        return np.maximum(np.array([*counts, rows - len(values)]) / rows, least)

    p, q = shares(known, len(reference)), shares(other, len(sample))
    return float(((q - p) * np.log(q / p)).sum())


def columns(path):
    """{date: {feature: values}} of a feature table as CSV."""
    tables = {}
    with open(path, newline="") as file:
        reader = csv.DictReader(file)
        names = reader.fieldnames[2:35]
        for row in reader:
            table = tables.setdefault(row["snapshot_date"], {name: [] for name in names})
            for name in names:
                table[name].append(float(row[name]) if row[name] else math.nan)
    return {date: {name: np.array(values) for name, values in table.items()} for date, table in tables.items()}


def check(store, folder, against, bins):
    rcx("features", "--store", store, "-o", folder / "f.parquet", "-q")
    rcx("features", "--store", store, "-o", folder / "f.csv", "-q")
    tables = columns(folder / "f.csv")
    dates = sorted(tables)
    reference = dates[against]
    rcx("features", "drift", folder / "f.parquet", "--against", reference, "-o", folder / "d.csv",
        "--set", f"drift.bins={bins}", "-q")
    with open(folder / "d.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 33 * (len(dates) - 1)
    for row in rows:
        a, b = tables[reference][row["feature"]], tables[row["snapshot"]][row["feature"]]
        what = (row["snapshot"], row["feature"])
        assert (int(row["reference_customers"]), int(row["customers"])) == (len(a), len(b)), what
        assert float(row["reference_null_share"]) == np.isnan(a).mean(), what
        assert float(row["null_share"]) == np.isnan(b).mean(), what
        assert float(row["psi"]) == pytest.approx(psi(a, b, bins), rel=1e-12, abs=1e-14), what
        a, b = a[~np.isnan(a)], b[~np.isnan(b)]
        if len(a) and len(b):
            assert float(row["ks"]) == pytest.approx(stats.ks_2samp(a, b).statistic, rel=1e-12, abs=1e-15), what
        else:
            assert row["ks"] == "", what


@pytest.mark.parametrize("against,bins", [(0, 10), (2, 4)])
def test_a_generated_shop(tmp_path, against, bins):
    rcx("generate", "--rows", 20000, "--customers", 1200, "--seed", 8, "-o", tmp_path / "shop.csv", "-q")
    rcx("ingest", tmp_path / "shop.csv", "--store", tmp_path / "shop", "-q")
    check(tmp_path / "shop", tmp_path, against, bins)


@pytest.mark.skipif(not DATA.exists() and os.environ.get("RCX_REQUIRE_DATA") != "1", reason="skipped: no data")
@pytest.mark.parametrize("against", [0, 5])
def test_online_retail(tmp_path, against):
    rcx("ingest", DATA, "--store", tmp_path / "shop", "-q")
    check(tmp_path / "shop", tmp_path, against, 10)
