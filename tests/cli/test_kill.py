"""An ingest that is killed or interrupted at any moment: the store is the previous version or the new
one, and sound; the next ingest works; nothing piles up. 40 kills; 300 with RCX_FULL=1."""
import json
import os
import random
import shutil
import signal
import subprocess
import time

import pytest

from cli_support import RCX, environment, expect, run

KILLS = 75 if os.environ.get("RCX_FULL") == "1" else 10  # of each of the four kinds
MEMORY = {"in memory": (), "spilling": ("--memory-limit", "16MB")}


class Shop:
    """Files to load, the stores that complete loads make, and how long those take."""

    def __init__(self, folder):
        self.folder = folder
        self.files = []
        for part, rows in enumerate((20_000, 350_000)):
            path = folder / f"part{part}.csv"
            assert run("generate", "--rows", rows, "--customers", 3000, "--seed", part, "-o", path).returncode == 0
            self.files.append(path)
        self.digests = {0: None}
        self.ingest(0, folder / "base", ())
        self.digests[1] = digest(folder / "base")
        self.seconds, self.names = {}, {}
        for version in (1, 2):
            for memory, options in MEMORY.items():
                store = folder / f"complete {version} {memory}"
                self.prepare(store, version)
                begin = time.monotonic()
                report = self.ingest(1, store, options)
                self.seconds[version, memory] = time.monotonic() - begin
                assert (report["runs_on_disk"] > 0) == (memory == "spilling")
                self.names[version] = names(store)
        self.new = {version: digest(folder / f"complete {version} in memory") for version in (1, 2)}

    def ingest(self, part, store, options):
        result = run("ingest", self.files[part], "--store", store, "--json", *options)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def prepare(self, store, version):
        """The store before `version` is loaded."""
        shutil.rmtree(store, ignore_errors=True)
        if version == 2:
            shutil.copytree(self.folder / "base", store)

    def start(self, store, options):
        return subprocess.Popen([RCX, "ingest", str(self.files[1]), "--store", str(store), *options],
                                env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return Shop(tmp_path_factory.mktemp("kill"))


def names(store):
    return sorted(p.name for p in store.iterdir()) if store.exists() else []


def temporaries(store):
    return [name for name in names(store) if ".tmp" in name]


def digest(store):
    """Of the newest version; None when there is none."""
    result = run("info", "--store", store, "--json")
    if result.returncode == 0:
        return json.loads(result.stdout)["digest"]
    assert result.returncode == 1 and "no store here" in result.stderr, result.stderr
    return None


def check(shop, store, version):
    """Old or new, and sound; whether it is the new one."""
    found = digest(store)
    old = shop.digests[version - 1]
    assert found in (old, shop.new[version])
    if found is not None:
        expect("verify", "--store", store, stderr="")
    return found == shop.new[version]


def moments(rng, seconds, count):
    """Random moments of a run, spread over all of it and a little beyond."""
    return [seconds * 1.1 * (i + rng.random()) / count for i in range(count)]


@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize("version", [1, 2])
def test_killed(shop, version, memory, tmp_path):
    store = tmp_path / "store"
    shop.prepare(store, version)
    order = moments(random.Random(version), shop.seconds[version, memory], KILLS)
    random.Random(3).shuffle(order)
    killed = 0
    for moment in order:
        child = shop.start(store, MEMORY[memory])
        time.sleep(moment)
        child.kill()
        child.communicate()
        killed += child.returncode == -signal.SIGKILL
        assert len(temporaries(store)) <= 1  # those of earlier kills are gone
        assert names(tmp_path) in ([], ["store"])
        if check(shop, store, version):
            shop.prepare(store, version)
    assert killed >= KILLS // 3
    shop.ingest(1, store, MEMORY[memory])
    assert digest(store) == shop.new[version]
    expect("verify", "--store", store, stderr="")
    expect("vacuum", "--store", store, stderr="")
    assert names(store) == shop.names[version]


@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_interrupted(shop, version, memory, number, tmp_path):
    """Exit code 130, and not even a leftover: the directory is as it was."""
    store = tmp_path / "store"
    shop.prepare(store, version)
    before = {p.name: p.read_bytes() for p in store.iterdir() if p.name != "LOCK"} if version == 2 else None
    draw, interrupted, tries = random.Random(int(number)), 0, 0
    while interrupted < 2 and tries < 60:  # a machine may be faster now than when the time was taken
        tries += 1
        moment = moments(draw, shop.seconds[version, memory] * 0.93 ** tries, 1)[0]
        child = shop.start(store, MEMORY[memory])
        time.sleep(moment)
        child.send_signal(number)
        _, message = child.communicate()
        assert child.returncode in (0, 130, -number), message  # the last: before main began
        if child.returncode == 0:
            assert check(shop, store, version)
            shop.prepare(store, version)
            continue
        if child.returncode == 130:
            interrupted += 1
            assert message.decode().endswith("rcx: error: interrupted\n")
        after = {p.name: p.read_bytes() for p in store.iterdir() if p.name != "LOCK"} if store.exists() else None
        assert after == before
        assert names(tmp_path) in ([], ["store"])
    assert interrupted > 0
    shop.ingest(1, store, ())
    assert digest(store) == shop.new[version]


def test_leftovers_of_a_killed_writer_are_removed(shop, tmp_path):
    """Temporary files at once, by the next writer; complete files that no version names by vacuum."""
    store = tmp_path / "store"
    shop.prepare(store, 2)
    for name in ("segment-0000000002.rcx.tmp-4-1", "dictionary-country-0000000002.rcx.tmp-5-0",
                 "MANIFEST-0000000002.tmp-5-9", "segment-0000000009.rcx", "mine.tmp-5-9"):
        (store / name).write_bytes(b"half")
    assert digest(store) == shop.digests[1]
    shop.ingest(1, store, ())
    assert set(names(store)) - set(shop.names[2]) == {"segment-0000000009.rcx", "mine.tmp-5-9"}
    expect("vacuum", "--store", store, stderr="")
    assert set(names(store)) - set(shop.names[2]) == {"mine.tmp-5-9"}
