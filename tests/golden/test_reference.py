"""The program against tests/golden/reference.py on small random shops, every column of every row."""
import datetime as dt
from fractions import Fraction

import pytest
import reference
import shops
from feature_tables import cleaning, day_text, features, ingest, parse, same_value

NOTHING = []
VARIANTS = {
    "standard": ({}, NOTHING),
    "text ids": ({}, NOTHING),
    "original": ({"original": True}, ["features.definitions=original"]),
    "windows": ({"observation_days": 240, "min_lifetime_days": 7,
                 "windows": {"week": 7, "mid": 45, "third": 120, "all": 240}},
                ["features.observation_days=240", "features.min_lifetime_days=7",
                 "features.windows=week: 7, mid: 45, third: 120, all: 240"]),
    "labels": ({"churn_days": 30, "churn_gap": 7, "min_tenure": 60, "clv_days": 45},
               ["churn.horizon_days=30", "churn.gap_days=7", "churn.min_tenure_days=60", "clv.horizon_days=45"]),
    "flag": ({"flag_outliers": True}, ["cleaning.outliers.action=flag"]),
    "no rules": ({"min_fit_rows": 10 ** 6, "drop_duplicates": False, "require_description": False, "min_rows": 4},
                 ["cleaning.outliers.min_fit_rows=1000000", "cleaning.drop_exact_duplicates=false",
                  "cleaning.require_description=false", "cleaning.customers.min_rows=4"]),
    "tight": ({"price_percentile": Fraction(90, 100), "fit_days": 120},
              ["cleaning.outliers.price_percentile=90", "cleaning.outliers.fit_days=120"]),
}


def day(year, month, of_month):
    return (dt.date(year, month, of_month) - dt.date(1970, 1, 1)).days


SNAPSHOTS = [day(2011, 5, 8), day(2011, 6, 30), day(2011, 7, 31), day(2011, 8, 5), day(2011, 10, 31),
             day(2011, 11, 27), day(2012, 1, 15)]


@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_value(variant, seed, tmp_path):
    changes, keys = VARIANTS[variant]
    options = reference.Options(**{"min_fit_rows": 50, **changes})
    text_ids = variant == "text ids"
    shops.write(shops.shop(seed, text_customers=text_ids), tmp_path / "shop.csv")
    ingest(tmp_path / "shop.csv", tmp_path / "store")
    sets = [word for key in ["cleaning.outliers.min_fit_rows=50", *keys] for word in ("--set", key)]
    text, _ = features(tmp_path / "store", tmp_path, *sets, "--snapshots", ",".join(map(day_text, SNAPSHOTS)))
    stats = cleaning(tmp_path / "store", tmp_path, *sets)

    rows = reference.read(tmp_path / "shop.csv", text_ids)
    cleaned = reference.clean(rows, options)
    counts = {rule["rule"]: rule["rows"] for rule in stats["rules"]}
    assert {k: v for k, v in counts.items() if v} == {k: v for k, v in cleaned.counts.items() if v}
    assert stats["outliers_fit"]["rows"] == cleaned.thresholds.rows or not cleaned.thresholds.applied
    assert stats["final_rows"] == len(cleaned.final)

    expected = reference.table(rows, cleaned, SNAPSHOTS, options)
    found, _ = parse(text)
    keys_expected = [(day_text(r["snapshot_date"]), str(r["customer_id"])) for r in expected]
    assert list(found) == keys_expected
    assert len(expected) > 60
    for key, row in zip(keys_expected, expected):
        wrong = {name: (found[key][name], value) for name, value in row.items()
                 if name not in ("customer_id", "snapshot_date") and not same_value(found[key][name], value)}
        assert not wrong, (key, wrong)
