"""A run that is killed or interrupted between and within stages: the next one skips what was finished, does the rest,
and leaves the files of a run that nothing disturbed. 4 moments; every stage with RCX_FULL=1."""
import json
import os
import signal
import subprocess
import time

import pytest

from cli_support import RCX, environment, run

STAGES = ["ingest", "validate", "clean", "features", "prove", "segment", "churn", "clv", "campaign", "report"]
MOMENTS = range(1, 9) if os.environ.get("RCX_FULL") == "1" else (1, 3, 6, 7)  # stages finished before the blow
TIMED = {"run.json", "retention_system.log", "feature_metadata.json"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    assert run("generate", "--rows", 60_000, "--customers", 900, "--seed", 4, "-o", folder / "shop.csv").returncode == 0
    assert run("run", folder / "shop.csv", "-o", folder / "whole").returncode == 0
    return folder


def finished(out):
    try:
        return [s["stage"] for s in json.loads((out / "run.json").read_text())["stages"]]
    except (FileNotFoundError, ValueError):
        return []


def strike(shop, out, stages, blow):
    """Begins a run, strikes it after so many stages; the exit code, and what was finished by then."""
    child = subprocess.Popen([RCX, "run", str(shop / "shop.csv"), "-o", str(out)], env=environment(), stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    while child.poll() is None and len(finished(out)) < stages:
        time.sleep(0.001)
    child.send_signal(blow)
    child.communicate()
    return child.returncode, finished(out)


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*")
            if p.is_file() and p.name not in TIMED and not p.name.startswith("MANIFEST")}


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
@pytest.mark.parametrize("stages", MOMENTS)
def test_goes_on_where_it_stopped(shop, tmp_path, stages, blow):
    out = tmp_path / "out"
    code, done = strike(shop, out, stages, blow)
    assert done == STAGES[:len(done)] and len(done) >= stages
    if code == 0:  # it was faster than the blow
        assert done == STAGES
    else:
        assert code == (130 if blow == signal.SIGINT else -signal.SIGKILL)
    if blow == signal.SIGINT:
        assert not [p for p in out.rglob("*") if ".tmp" in p.name]
    again = run("run", shop / "shop.csv", "-o", out, "--json")
    assert again.returncode == 0, again.stderr
    report = json.loads(again.stdout)["stages"]
    assert [s["stage"] for s in report if s["skipped"]] == done
    assert [s["stage"] for s in report] == STAGES
    assert contents(out) == contents(shop / "whole")
