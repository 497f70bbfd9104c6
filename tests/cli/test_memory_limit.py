"""Peak memory of whole processes: features of a large store, and loads and exports within
--memory-limit. 2 million generated rows; 10 million with RCX_FULL=1."""
import os
import subprocess

import pytest

from cli_support import RCX, environment, run

ROWS = 10_000_000 if os.environ.get("RCX_FULL") == "1" else 2_000_000
MB, MIB = 10**6, 1 << 20


def peak(*arguments):
    """VmHWM in bytes of a run that must succeed."""
    with subprocess.Popen([RCX, *map(str, arguments)], env=environment(), cwd="/", stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE) as child:
        message = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, message
    return usage.ru_maxrss * 1024


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("memory")
    assert run("generate", "--rows", ROWS, "--customers", ROWS // 125, "-o", folder / "shop.csv").returncode == 0
    peak("ingest", folder / "shop.csv", "--store", folder / "store", "--set", "store.sync=false")
    yield folder
    (folder / "shop.csv").unlink()


def same_rows(one, other):
    names = sorted(p.name for p in one.iterdir() if p.suffix == ".rcx")
    return names and all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


def test_ingest_within_a_limit(shop, tmp_path):
    """Two limits: with the smaller one the rows do not fit and go to disk in runs, in either tier."""
    for limit in (256, 128):
        store = tmp_path / str(limit)
        used = peak("ingest", shop / "shop.csv", "--store", store, "--memory-limit", f"{limit}MB",
                    "--set", "store.sync=false")
        assert used <= limit * MB, f"{used / MB:.0f} MB of {limit}"
        assert same_rows(shop / "store", store)


@pytest.mark.parametrize("options", [(), ("--labels",)])
def test_features(shop, tmp_path, options):
    used = peak("features", "--store", shop / "store", "-o", tmp_path / "f.parquet", *options)
    assert used <= 300 * MIB, f"{used / MIB:.0f} MiB"


def test_features_within_a_limit(shop, tmp_path):
    used = peak("features", "--store", shop / "store", "-o", tmp_path / "f.csv", "--memory-limit", "256MB")
    assert used <= 256 * MB, f"{used / MB:.0f} MB"


@pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])
def test_export_within_a_limit(shop, tmp_path, name):
    used = peak("export", "--store", shop / "store", "-o", tmp_path / name, "--memory-limit", "256MB")
    (tmp_path / name).unlink()
    assert used <= 256 * MB, f"{used / MB:.0f} MB"


def test_clean_does_not_grow_with_the_rows(shop, tmp_path):
    used = peak("clean", "--store", shop / "store", "-o", tmp_path / "rows.parquet", "--stats", tmp_path / "s.json")
    assert used <= 300 * MIB, f"{used / MIB:.0f} MiB"


def test_a_limit_that_cannot_be_kept_is_said(tmp_path):
    assert run("generate", "--rows", 1000, "--customers", 50, "-o", tmp_path / "shop.csv").returncode == 0
    for limit, said in (("20MB", True), ("1GB", False)):
        result = run("ingest", tmp_path / "shop.csv", "--store", tmp_path / limit, "--memory-limit", limit, "--threads", 2)
        assert result.returncode == 0, result.stderr
        assert ("the memory limit of 21.0 MB is kept as near as can be: loading takes about 66.0 MB with 2 threads"
                in result.stderr) == said, result.stderr
