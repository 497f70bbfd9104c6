"""The SQL that rcx is measured against computes the golden values too. Slow: only with RCX_FULL=1."""

import os
import pathlib
import subprocess
import sys

import pytest

SOURCE = pathlib.Path(os.environ.get("RCX_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
NO_DATA = 77


@pytest.mark.skipif(os.environ.get("RCX_FULL") != "1", reason="slow: set RCX_FULL=1")
def test_duckdb_features_equal_golden():
    done = subprocess.run([sys.executable, str(SOURCE / "bench" / "peers" / "check_duckdb.py")],
                          capture_output=True, text=True, check=False)
    if done.returncode == NO_DATA and os.environ.get("RCX_REQUIRE_DATA") != "1":
        pytest.skip("skipped: no data")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "as measured: 7714 rows x 37 columns, 0 differences" in done.stdout
