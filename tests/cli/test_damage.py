"""Damaged stores at the command line: exit code 4 and the damaged file, or the result as it was; never
a crash, never other numbers. (tests/storage/test_store_damage.c goes through every byte.)"""
import csv
import os
import random
import shutil

import pytest

from cli_support import expect, run

FLIPS = 100 if os.environ.get("RCX_FULL") == "1" else 8  # of each file
COMMANDS = {
    "info": ("info",),
    "verify": ("verify",),
    "export": ("export", "-o", "-"),
    "clean": ("clean", "-o", "rows.csv"),
    "features": ("features", "-o", "table.csv", "--labels"),
    "validate": ("validate", "-o", "report.csv"),
}
READS_ALL = ("verify", "export")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A store of two versions with text ids, and what the commands say and write."""
    folder = tmp_path_factory.mktemp("sound")
    for part in range(2):
        assert run("generate", "--rows", 6000, "--customers", 300, "--seed", part, "-o", folder / "raw.csv").returncode == 0
        with open(folder / "raw.csv", newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        who = header.index("CustomerID")
        for row in rows:
            row[who] = row[who] and f"K{part}-{row[who]}"
        with open(folder / "shop.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
        expect("ingest", folder / "shop.csv", "--store", folder / "store", stderr=".*")
    return folder / "store", {name: result_of(name, folder / "store", folder) for name in COMMANDS}


def result_of(name, store, folder):
    """Exit code, standard output, the table; and standard error."""
    command, *options = COMMANDS[name]
    result = run(command, "--store", store, *options, cwd=folder)
    table = folder / options[1] if options and options[1] != "-" else None
    text = table.read_text() if table and table.exists() else ""
    if table:
        table.unlink(missing_ok=True)
    return result.returncode, result.stdout.replace(str(store), "STORE"), text, result.stderr


def files(store):
    return sorted(p.name for p in store.iterdir() if p.name != "LOCK")


def check(damaged, folder, expected, file, commands=COMMANDS):
    """Every command fails with code 4 and names the file, or does as if nothing were. Those that failed."""
    failed = set()
    for name in commands:
        code, stdout, table, message = result_of(name, damaged, folder)
        if code == 0:
            assert (stdout, table) == expected[name][1:3], name
            continue
        assert code == 4, (name, code, message)
        assert message.startswith("rcx: error: ") or "\nrcx: error: " in message, message
        assert file in message, (name, message)
        assert table == ""
        failed.add(name)
    return failed


def needed(store):
    """All but the manifest of the version before, and what is kept for speed only."""
    return [name for name in files(store) if name != "MANIFEST-0000000001" and not name.startswith("thresholds-")]


@pytest.fixture
def damaged(sound, tmp_path):
    shutil.copytree(sound[0], tmp_path / "store")
    return tmp_path / "store"


def test_files_of_the_store(sound):
    store, _ = sound
    kinds = {name.split("-")[0] for name in needed(store)}
    assert kinds == {"MANIFEST", "segment", "dictionary"}
    assert sum(name.startswith("dictionary-customer") for name in files(store)) == 2


def test_flipped_bits(sound, damaged, tmp_path):
    rng = random.Random(11)
    for file in needed(damaged):
        path = damaged / file
        good = path.read_bytes()
        for _ in range(FLIPS):
            bad = bytearray(good)
            bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
            path.write_bytes(bad)
            assert "verify" in check(damaged, tmp_path, sound[1], file)
        path.write_bytes(good)


def test_cut_and_grown_files(sound, damaged, tmp_path):
    for file in needed(damaged):
        path = damaged / file
        good = path.read_bytes()
        for bad in (b"", good[:1], good[:len(good) // 2], good[:-1], good + b"\0", good + good):
            path.write_bytes(bad)
            assert check(damaged, tmp_path, sound[1], file) == set(COMMANDS), (file, len(bad))
        path.write_bytes(good)


def test_damaged_thresholds_are_learned_again(sound, damaged, tmp_path):
    rng = random.Random(12)
    path = next(damaged / name for name in files(damaged) if name.startswith("thresholds-"))
    good = path.read_bytes()
    for cut in [b"", good[:-1], good + b"\0"] + [None] * FLIPS:
        bad = bytearray(good)
        bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
        path.write_bytes(bad if cut is None else cut)
        assert check(damaged, tmp_path, sound[1], "none") == set()
        assert path.read_bytes() == good
    path.unlink()
    path.mkdir()
    assert check(damaged, tmp_path, sound[1], "none") == set()


def test_missing_and_swapped_files(sound, damaged, tmp_path):
    for file in needed(damaged):
        if file.startswith("MANIFEST"):
            continue  # without it the version before is the newest
        path = damaged / file
        good = path.read_bytes()
        path.unlink()
        assert check(damaged, tmp_path, sound[1], file) == set(COMMANDS)
        path.mkdir()
        assert check(damaged, tmp_path, sound[1], file) == set(COMMANDS)
        path.rmdir()
        other = file.replace("0000000001", "x").replace("0000000002", "0000000001").replace("x", "0000000002")
        if other in files(damaged):
            path.write_bytes((damaged / other).read_bytes())
            assert check(damaged, tmp_path, sound[1], file) == set(COMMANDS)
        path.write_bytes(good)


def test_damaged_values_are_named_with_column_and_chunk(sound, damaged, tmp_path):
    """Zeros in the middle of a segment: bytes of a column chunk, which only who reads them can notice."""
    path = damaged / "segment-0000000002.rcx"
    good = path.read_bytes()
    named = set()
    for at in range(20, len(good) - 400, 2000):
        path.write_bytes(good[:at] + bytes(64) + good[at + 64:])
        for name in READS_ALL:
            code, _, _, message = result_of(name, damaged, tmp_path)
            assert code == 4
            expected = rf"{path}: column '"
            assert expected in message and " chunk " in message, message
            named.add(message.split("column '")[1].split("'")[0])
    assert len(named) >= 3


def test_a_damaged_manifest_names_the_last_good_version(sound, damaged, tmp_path):
    path = damaged / "MANIFEST-0000000002"
    good = path.read_bytes()
    path.write_bytes(good[:40] + b"\xff" + good[41:])
    for name in COMMANDS:
        code, stdout, table, message = result_of(name, damaged, tmp_path)
        assert (code, table) == (4, "")
        assert str(path) in message and "open it with --version 1" in message, message
    first = run("info", "--store", damaged, "--version", 1, "--json")
    assert first.returncode == 0 and '"rows": 6000' in first.stdout
    before = {name: (damaged / name).read_bytes() for name in files(damaged)}
    for command in (("ingest", tmp_path / "more.csv"), ("compact",)):
        (tmp_path / "more.csv").write_text("InvoiceNo,Quantity,InvoiceDate,UnitPrice,CustomerID\n1,2,12/13/2010,1,K7\n")
        expect(*command, "--store", damaged, code=4, stderr=".*MANIFEST-0000000002: .*")
    assert {name: (damaged / name).read_bytes() for name in files(damaged)} == before


def test_a_store_of_a_newer_format(sound, damaged, tmp_path):
    """The format number of a segment stands before everything that a new format may change."""
    path = damaged / "segment-0000000001.rcx"
    content = bytearray(path.read_bytes())
    content[8] += 1
    path.write_bytes(content)
    for name in COMMANDS:
        code, _, _, message = result_of(name, damaged, tmp_path)
        assert code == 4
        assert message.endswith(f"{path}: segment format {content[8]}, this program reads up to {content[8] - 1}: "
                                "use a newer rcx\n"), message


def test_links_and_strangers_do_no_harm(sound, damaged, tmp_path):
    (damaged / "notes.txt").write_text("mine")
    (damaged / "MANIFEST-").write_text("not a number")
    (damaged / "MANIFEST-0000000003.tmp-1-1").write_text("half")
    assert check(damaged, tmp_path, sound[1], "none") == set()
