"""Tables for the tree learners: generated ones, scikit-learn's, and the features of UCI Online Retail.

    gbdt_data.py NAME FILE [SEED]      writes a Parquet table with the label in column y
"""

import sys

import numpy as np


def higgs_like(rows, seed=1, columns=28):
    """Classes that differ in low-level quantities and in products of them, some noise: AUC about .8."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, columns))
    x[:, 5::7] = random.exponential(size=x[:, 5::7].shape)
    x[:, 6::7] = np.round(x[:, 6::7] * 2)
    score = (x[:, 0] * x[:, 1] + np.abs(x[:, 2]) - 0.8 + 0.5 * x[:, 3] * (x[:, 4] > 0) + 0.4 * x[:, 5] - 0.4
             + 0.3 * np.sin(3 * x[:, 7]) + 0.2 * x[:, 8:12].sum(axis=1))
    return x, (score + random.logistic(size=rows) > 0).astype(float)


GENERATED = {
    "small": lambda seed: higgs_like(7_000, seed),
    "wide": lambda seed: higgs_like(26_000, seed, 33),
    "million": lambda seed: higgs_like(1_000_000, seed),
}


def write(path, x, y):
    import pyarrow
    import pyarrow.parquet

    columns = {f"x{c}": x[:, c] for c in range(x.shape[1])}
    pyarrow.parquet.write_table(pyarrow.table({**columns, "y": y}), path, compression="zstd")


def read(path):
    """Features and label as arrays in memory."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path)
    names = [name for name in table.column_names if name != "y"]
    x = np.column_stack([table[name].to_numpy().astype(np.float64) for name in names])
    return x, table["y"].to_numpy().astype(np.float64)


if __name__ == "__main__":
    write(sys.argv[2], *GENERATED[sys.argv[1]](int(sys.argv[3]) if len(sys.argv) > 3 else 1))
