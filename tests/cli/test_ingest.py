"""rcx ingest: real files, every row of the table of bad inputs, refusals that leave the store as it was."""
import csv
import decimal
import fcntl
import io
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from cli_support import RCX, environment, expect, run

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
ROW = "536365,85123A,HOLDER,6,2010-12-01 08:26,2.55,17850,United Kingdom"
DATA = os.environ.get("RCX_DATA_DIR", "")


def data(name):
    path = os.path.join(DATA, name)
    if not DATA or not os.path.exists(path):
        if os.environ.get("RCX_REQUIRE_DATA") == "1":
            pytest.fail(f"no data: {path}")
        pytest.skip("skipped: no data")
    return path


def lines(*rows, header=HEADER, end="\n"):
    return (end.join([header, *rows]) + end).encode()


def write(path, content):
    path.write_bytes(content)
    return path


def good(count=200, first=0):
    return [f"{536365 + i},P{i % 7},THING {i % 7},{1 + i % 5},2010-12-{1 + i % 28:02} 08:26,{i % 9}.5,{12346 + i % 11},UK"
            for i in range(first, first + count)]


def load(path, store, *options, code=0, **more):
    result = run("ingest", path, "--store", store, *options, **more)
    assert result.returncode == code, result.stderr
    return result


def report(path, store, *options, **more):
    return json.loads(load(path, store, "--json", *options, **more).stdout)


def exported(store):
    result = subprocess.run([RCX, "export", "--store", str(store), "-o", "-"], env=environment(), capture_output=True,
                            check=True, timeout=120)
    return list(csv.reader(io.StringIO(result.stdout.decode())))[1:]


def snapshot(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "LOCK"} if folder.exists() else None


def rejects(folder):
    with open(folder / "rejects.csv", newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


# --- real data -------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def uci(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uci")
    got = report(data("online_retail.mdy.csv.zst"), folder / "store")
    assert (got["accepted"], got["rejected"], got["guests"]) == (541909, 0, 135080)
    assert (got["date_format"], got["customer_id"], got["passes"]) == ("M/D/Y", "integer", 1)
    return folder / "store"


def test_day_first_windows_1252_gives_the_same_rows(uci, tmp_path):
    got = report(data("online_retail.dmy-dash.cp1252.csv.zst"), tmp_path / "store")
    assert (got["accepted"], got["rejected"], got["date_format"]) == (541909, 0, "D-M-Y")
    assert (got["inputs"][0]["encoding"], got["windows_1252_rows"]) == ("windows-1252", 32)
    same = {name: content for name, content in snapshot(tmp_path / "store").items() if "MANIFEST" not in name}
    assert same == {name: content for name, content in snapshot(uci).items() if "MANIFEST" not in name}


def test_every_row_of_the_real_file_is_stored(uci):
    text = subprocess.run(["zstd", "-dc", data("online_retail.mdy.csv.zst")], capture_output=True, check=True).stdout
    want = []
    for row in list(csv.reader(io.StringIO(text.decode())))[1:]:
        month, day, rest = row[4].split("/")
        year, clock = rest.split(" ")
        hour, minute = clock.split(":")
        row[3] = str(int(row[3]))
        row[4] = f"{year}-{int(month):02}-{int(day):02} {int(hour):02}:{minute}:00"
        row[5] = f"{decimal.Decimal(row[5]):.4f}"
        want.append(row)
    assert sorted(exported(uci)) == sorted(want)


def test_the_same_bytes_for_any_threads_and_instruction_set(uci, tmp_path):
    path = data("online_retail.mdy.csv.zst")
    want = {k: v for k, v in snapshot(uci).items() if "MANIFEST" not in k}
    for name, options, env in (("t1", ["--threads", 1], {}), ("t3", ["--threads", 3], {}), ("t7", ["--threads", 7], {}),
                               ("v1", [], {"RCX_CPU": "v1"}), ("v3", [], {"RCX_CPU": "v3"}),
                               ("small", ["--memory-limit", "16MB"], {})):
        load(path, tmp_path / name, *options, env=env)
        assert {k: v for k, v in snapshot(tmp_path / name).items() if "MANIFEST" not in k} == want, name


def test_shuffled_rows_and_ten_ingests_give_the_same_rows(uci, tmp_path):
    text = subprocess.run(["zstd", "-dc", data("online_retail.mdy.csv.zst")], capture_output=True, check=True).stdout
    header, *rows = text.splitlines(keepends=True)
    shuffled = rows[:]
    random.Random(7).shuffle(shuffled)
    load(write(tmp_path / "shuffled.csv", header + b"".join(shuffled)), tmp_path / "shuffled")
    assert {k: v for k, v in snapshot(tmp_path / "shuffled").items() if "MANIFEST" not in k} == \
           {k: v for k, v in snapshot(uci).items() if "MANIFEST" not in k}
    for i in range(10):
        part = rows[len(rows) * i // 10:len(rows) * (i + 1) // 10]
        load(write(tmp_path / f"{i}.csv", header + b"".join(part)), tmp_path / "parts")
    assert exported(tmp_path / "parts") == exported(uci)


def test_years_of_two_widths_semicolons_and_NA(tmp_path):
    got = report(data("mixed-dates.semicolon.csv"), tmp_path / "store")
    assert (got["accepted"], got["rejected"], got["date_format"]) == (5000, 0, "M/D/Y")
    assert got["guests"] > 0


@pytest.mark.parametrize("name, first, options", [("dmy-dash-2digit-year.csv", "01-12-10 8:26", ("dmy", "mdy")),
                                                  ("mdy-2digit-year.csv", "12/1/10 8:26", ("mdy", "dmy"))])
def test_dates_that_nothing_decides_are_refused(name, first, options, tmp_path):
    path = data(name)
    result = load(path, tmp_path / "store", code=3)
    separator = first[2]
    dmy = f"{'2010-12-01' if options[0] == 'dmy' else '2010-01-12'} 08:26:00 (read as D{separator}M{separator}Y)"
    mdy = f"{'2010-12-01' if options[0] == 'mdy' else '2010-01-12'} 08:26:00 (read as M{separator}D{separator}Y)"
    assert f"'{first}' is {dmy} or {mdy}" in result.stderr
    assert "invoices go back in time" in result.stderr
    assert "--date-format dmy or --date-format mdy" in result.stderr
    assert not (tmp_path / "store").exists()
    got = report(path, tmp_path / "store", "--date-format", options[0])
    assert got["rejected"] == 0
    assert exported(tmp_path / "store")[0][4].startswith("2010-12-01")
    report(path, tmp_path / "other", "--date-format", options[1])
    assert exported(tmp_path / "other")[0][4].startswith("2010-01-12")


def test_a_cut_workbook_is_refused(tmp_path):
    result = load(data("truncated.xlsx"), tmp_path / "store", code=3)
    assert "workbook" in result.stderr and not (tmp_path / "store").exists()


# --- ways in ---------------------------------------------------------------------------------------

def test_standard_input_several_files_and_patterns(tmp_path):
    rows = good(300)
    load(write(tmp_path / "all.csv", lines(*rows)), tmp_path / "all")
    want = exported(tmp_path / "all")
    load("-", tmp_path / "stdin", stdin=lines(*rows))
    assert exported(tmp_path / "stdin") == want
    with open(tmp_path / "all.csv", "rb") as file:
        result = subprocess.run([RCX, "ingest", "-", "--store", tmp_path / "redirected"], stdin=file, env=environment(),
                                capture_output=True, timeout=60)
    assert result.returncode == 0 and exported(tmp_path / "redirected") == want
    for i in range(3):
        write(tmp_path / f"part-{i}.csv", lines(*rows[i * 100:(i + 1) * 100]))
    parts = [str(tmp_path / f"part-{i}.csv") for i in range(3)]
    assert run("ingest", *parts, "--store", tmp_path / "parts").returncode == 0
    assert exported(tmp_path / "parts") == want
    got = report(tmp_path / "part-*.csv", tmp_path / "pattern")
    assert [i["path"] for i in got["inputs"]] == parts and exported(tmp_path / "pattern") == want
    for part in reversed(parts):
        load(part, tmp_path / "later")
    assert exported(tmp_path / "later") == want
    subprocess.run(["zstd", "-q", tmp_path / "all.csv", "-o", tmp_path / "packed"], check=True)
    load(tmp_path / "packed", tmp_path / "zst")
    assert exported(tmp_path / "zst") == want
    load("-", tmp_path / "zstdin", stdin=(tmp_path / "packed").read_bytes())
    assert exported(tmp_path / "zstdin") == want


@pytest.mark.parametrize("content", [
    lines(*good(), end="\r\n"),
    b"\xef\xbb\xbf" + lines(*good()),
    lines(*good()).rstrip(b"\n"),
    lines(*good()) + b"\n\n\n",
    lines(*good()).replace(b",", b"\t"),
    lines(*good()).replace(b",", b"|"),
    lines(*good()).replace(b",", b";"),
    lines(*[",".join(f'"{f}"' for f in row.split(",")) for row in good()]),
    lines(*good(), header=" invoice ,stock-code,DESCRIPTION,Qty,Invoice Date,Price,Customer ID,country"),
])
def test_shapes_of_the_same_rows(content, tmp_path):
    load(write(tmp_path / "plain.csv", lines(*good())), tmp_path / "plain")
    load(write(tmp_path / "other.csv", content), tmp_path / "other")
    assert exported(tmp_path / "other") == exported(tmp_path / "plain")


def test_quotes_line_feeds_and_text_in_two_encodings(tmp_path):
    texts = ["a, b", 'say ""hi""', "two\nlines", "caf\u00e9", "\u00a3 5", 'plain', "tab\there", "crlf\r\ninside"]
    rows = [f'{i},S,"{text}",1,2010-12-13,1,7,UK' for i, text in enumerate(texts)]
    want = sorted(text.replace('""', '"') for text in texts)
    load(write(tmp_path / "u.csv", lines(*rows)), tmp_path / "u")
    load(write(tmp_path / "w.csv", (HEADER + "\n" + "\n".join(rows) + "\n").encode("cp1252")), tmp_path / "w")
    for store in (tmp_path / "u", tmp_path / "w"):
        assert sorted(r[2] for r in exported(store)) == want
    # one store from files in different encodings, in one command
    assert run("ingest", tmp_path / "u.csv", tmp_path / "w.csv", "--store", tmp_path / "both").returncode == 0
    assert sorted(r[2] for r in exported(tmp_path / "both")) == sorted(want * 2)


def test_map_names_the_column(tmp_path):
    header = HEADER.replace("CustomerID", "Kunde")
    path = write(tmp_path / "k.csv", lines(*good(), header=header))
    result = load(path, tmp_path / "store", code=3)
    assert "customer_id" in result.stderr and "'Kunde'" in result.stderr and "--map customer_id=COLUMN" in result.stderr
    load(path, tmp_path / "store", "--map", "customer_id=Kunde")
    load(path, tmp_path / "number", "--map", "customer_id=#7")
    assert exported(tmp_path / "store") == exported(tmp_path / "number")
    assert "no column 'Kund'" in load(path, tmp_path / "no", "--map", "customer_id=Kund", code=3).stderr
    assert "did you mean 'customer_id'" in load(path, tmp_path / "no", "--map", "custmer_id=Kunde", code=2).stderr


# --- bad input: the whole file ----------------------------------------------------------------------

REFUSED = {
    "empty": (b"", "is empty"),
    "header only": (lines(), "no rows"),
    "header without line end": (HEADER.encode(), "no rows"),
    "missing column": (lines("1,2", header="InvoiceNo,Quantity"), "--map invoice_date=COLUMN"),
    "two columns of a name": (lines(ROW, header=HEADER.replace("Country", "customer_id")), "more than one column"),
    "no format fits": (lines(*[r.replace("2010-12-", f"{i % 2 and 2010 or 13}/") for i, r in enumerate(good())]), "date"),
    "no dates at all": (lines(*[r.replace("2010-12-", "on ") for r in good()]), "not a date"),
    "ambiguous dates": (lines(*[f"1,S,D,1,{1 + i % 12}/{1 + i % 11}/2010,1,7,UK" for i in range(50)]), "--date-format"),
    "unclosed quote": (lines(ROW, ROW.replace("HOLDER", '"HOLDER'), ROW), ":3: the quoted field"),
    "unclosed quote in the header": (b'a,"b\n1,2\n', ":1: the quoted field"),
    "too many rejects": (lines(*good(100), *["x"] * 2), "ingest.max_reject_share"),
    "UTF-16": (lines(*good()).decode().encode("utf-16"), "UTF-16"),
    "cut zst": (None, "cut off"),
    "damaged zst": (None, "not a sound zstd file"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("existing", [False, True])
def test_refused_and_the_store_as_it_was(name, existing, tmp_path):
    content, message = REFUSED[name]
    if content is None:
        rng = random.Random(3)
        packed = subprocess.run(["zstd", "-qc"], input=lines(*(f"{r}{rng.random()}" for r in good(3000))),
                                capture_output=True, check=True).stdout
        content = packed[:len(packed) // 2] if name == "cut zst" else packed[:400] + b"\xff" * 9 + packed[409:]
    store = tmp_path / "store"
    if existing:
        load(write(tmp_path / "first.csv", lines(*good())), store)
    before = snapshot(store)
    result = load(write(tmp_path / "bad.csv", content), store, code=3)
    assert message in result.stderr and str(tmp_path / "bad.csv") in result.stderr.replace("rejects.csv", "bad.csv")
    assert snapshot(store) == before
    if existing:
        expect("verify", "--store", store, stderr=r"")


def test_files_that_cannot_be_opened(tmp_path):
    store = tmp_path / "store"
    assert "No such file" in load(tmp_path / "none.csv", store, code=1).stderr
    assert "directory" in load(tmp_path, store, code=1).stderr
    assert "no file matches" in load(tmp_path / "*.tsv", store, code=1).stderr


def test_a_file_without_permission():
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o777)
        secret = write(folder / "secret.csv", lines(*good()))
        secret.chmod(0)
        result = load(secret, folder / "store", code=1, preexec_fn=become_nobody)
        assert "ermission denied" in result.stderr and "secret.csv" in result.stderr
    finally:
        shutil.rmtree(folder)


def become_nobody():
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


# --- bad input: rows --------------------------------------------------------------------------------

BAD_ROWS = {
    "too few fields": ("1,2,3", ""),
    "too many fields": (ROW + ",more", ""),
    "not a number": (ROW.replace(",6,", ",six,"), "Quantity"),
    "empty": (ROW.replace(",2.55,", ",,"), "UnitPrice"),
    "number too large": (ROW.replace(",6,", ",99999999999999999999,"), "Quantity"),
    "more decimal places than ingest.quantity_decimals": (ROW.replace(",6,", ",6.5,"), "Quantity"),
    "another decimal mark than the rest of the column": (ROW.replace(",2.55,", ',"2,55",'), "UnitPrice"),
    "not a date": (ROW.replace("2010-12-01 08:26", "yesterday"), "InvoiceDate"),
    "no such day": (ROW.replace("2010-12-01", "2010-02-30"), "InvoiceDate"),
    "year out of range": (ROW.replace("2010-12-01", "2201-12-01"), "InvoiceDate"),
    "another date format than the rest of the column": (ROW.replace("2010-12-01", "13/12/2010"), "InvoiceDate"),
    "NUL byte": (ROW.replace("HOLDER", "HOL\0DER"), ""),
    "longer than ingest.max_line_bytes": (ROW.replace("HOLDER", "H" * (1 << 20)), ""),
}


@pytest.mark.parametrize("reason", BAD_ROWS)
def test_a_row_is_rejected_with_its_reason(reason, tmp_path):
    bad, column = BAD_ROWS[reason]
    content = lines(*good(), '9,P,"two\nlines",1,2010-12-13,1,7,UK', bad, *good(50, first=200))
    path = write(tmp_path / "shop.csv", content)
    got = report(path, tmp_path / "store")
    assert (got["accepted"], got["rejected"], got["rejects"]) == (251, 1, {reason: 1})
    assert rejects(tmp_path) == [[str(path), "204", column, reason, bad[:1024]]]
    assert len(exported(tmp_path / "store")) == 251
    info = json.loads(run("info", "--store", tmp_path / "store", "--json").stdout)
    assert info["rows"] == 251


def test_a_text_id_in_a_store_of_numbers(tmp_path):
    load(write(tmp_path / "a.csv", lines(*good())), tmp_path / "store")
    path = write(tmp_path / "b.csv", lines(*good(300, first=300), ROW.replace("17850", "K-17")))
    got = report(path, tmp_path / "store", "--rejects", tmp_path / "mine.csv")
    assert got["rejects"] == {"customer id is text, the store has numbers": 1}
    assert "K-17" in (tmp_path / "mine.csv").read_text()
    # and numbers in a store of text ids are texts
    load(write(tmp_path / "c.csv", lines(*good(), ROW.replace("17850", "K-17"))), tmp_path / "text")
    got = report(write(tmp_path / "d.csv", lines(*good(20, first=500))), tmp_path / "text")
    assert (got["rejected"], got["customer_id"]) == (0, "text")


def test_a_record_longer_than_a_window(tmp_path):
    huge = '1,S,"' + "x\n" * (12 << 20) + '",1,2010-12-13,1,7,UK'
    got = report(write(tmp_path / "shop.csv", lines(*good(), huge, *good(50, first=200))), tmp_path / "store")
    assert (got["accepted"], got["rejects"]) == (250, {"longer than ingest.max_line_bytes": 1})
    assert rejects(tmp_path)[0][1] == "202"
    unclosed = lines(*good(), huge.replace('",1,2010', ',1,2010'))
    got = load(write(tmp_path / "open.csv", unclosed), tmp_path / "no", code=3)
    assert ":202: the quoted field" in got.stderr


def test_rejects_are_the_same_for_any_threads(tmp_path):
    rng = random.Random(1)
    rows = [bad if rng.random() < 0.03 else row for row in good(3000) for bad in [BAD_ROWS[rng.choice(
        [r for r in BAD_ROWS if "max_line" not in r])][0]]]
    path = write(tmp_path / "shop.csv", lines(*rows))
    seen = set()
    for threads in (1, 2, 3, 7):
        got = load(path, tmp_path / f"s{threads}", "--threads", threads, "--set", "ingest.max_reject_share=0.1",
                   "--rejects", tmp_path / "r.csv", "--json")
        seen.add((tmp_path / "r.csv").read_text())
    assert len(seen) == 1 and json.loads(got.stdout)["rejected"] == seen.pop().count("shop.csv")


# --- stores -----------------------------------------------------------------------------------------

def test_a_file_is_loaded_once(tmp_path):
    path = write(tmp_path / "a.csv", lines(*good()))
    load(path, tmp_path / "store")
    before = snapshot(tmp_path / "store")
    assert "--again" in load(path, tmp_path / "store", code=3).stderr
    assert snapshot(tmp_path / "store") == before
    load(path, tmp_path / "store", "--again")
    assert len(exported(tmp_path / "store")) == 400
    twice = run("ingest", path, path, "--store", tmp_path / "new")
    assert twice.returncode == 3 and "same as" in twice.stderr


def test_decisions_are_reused(tmp_path):
    load(write(tmp_path / "a.csv", lines(*[r.replace("2010-12-", "12/").replace(" 08", "/2010 08") for r in good()])),
         tmp_path / "store")
    rows = [f"{900000 + i},S,D,1,2/{1 + i % 9}/2011,1,7,UK" for i in range(40)]
    got = report(write(tmp_path / "b.csv", lines(*rows)), tmp_path / "store")
    assert got["date_format"] == "M/D/Y"
    assert {r[4][:7] for r in exported(tmp_path / "store")} == {"2010-12", "2011-02"}


def test_another_writer_is_named(tmp_path):
    store = tmp_path / "store"
    load(write(tmp_path / "a.csv", lines(*good())), store)
    path = write(tmp_path / "b.csv", lines(*good(10, first=900)))
    with open(store / "LOCK", "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = load(path, store, code=1)
    assert "pid" in result.stderr or "process" in result.stderr


def test_damaged_and_newer_stores(tmp_path):
    store = tmp_path / "store"
    load(write(tmp_path / "a.csv", lines(*good())), store)
    path = write(tmp_path / "b.csv", lines(*good(10, first=900)))
    manifest = next(p for p in store.iterdir() if p.name.startswith("MANIFEST"))
    content = manifest.read_bytes()
    manifest.write_bytes(content[:20] + bytes([content[20] ^ 1]) + content[21:])
    load(path, store, code=4)


def test_a_full_disk_leaves_the_store_as_it_was(tmp_path):
    store = tmp_path / "store"
    load(write(tmp_path / "a.csv", lines(*good())), store)
    before = snapshot(store)
    rng = random.Random(4)
    path = write(tmp_path / "b.csv", lines(*(r.replace("THING", f"{rng.random()}") for r in good(20000, first=900))))
    result = run("ingest", path, "--store", store, preexec_fn=limit_file_size)
    assert result.returncode == 1, result.stderr
    after = snapshot(store)
    assert {k: v for k, v in after.items() if "MANIFEST" in k} == {k: v for k, v in before.items() if "MANIFEST" in k}
    assert len(exported(store)) == 200
    expect("verify", "--store", store, stderr="")
    load(path, store)
    assert len(exported(store)) == 20200


def limit_file_size():
    import resource
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))


def test_killed_at_any_moment(tmp_path):
    store = tmp_path / "store"
    load(write(tmp_path / "a.csv", lines(*good())), store)
    path = write(tmp_path / "b.csv", lines(*good(60000, first=900)))
    begin = time.monotonic()
    load(path, tmp_path / "timed")
    whole = time.monotonic() - begin
    rng = random.Random(2)
    committed = 0
    for _ in range(25):
        child = subprocess.Popen([RCX, "ingest", str(path), "--store", str(store), "--again"], env=environment(),
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.random() * whole * 1.1)
        child.kill()
        child.wait()
        rows = json.loads(run("info", "--store", store, "--json").stdout)["rows"]
        assert (rows - 200) % 60000 == 0
        committed = (rows - 200) // 60000
        expect("verify", "--store", store, stderr="")
    load(path, store, "--again")
    assert len(exported(store)) == 200 + 60000 * (committed + 1)


# --- memory -----------------------------------------------------------------------------------------

def test_runs_on_disk_give_the_same_store(tmp_path):
    path = tmp_path / "shop.csv"
    assert run("generate", "--rows", 600000, "--customers", 5000, "-o", path).returncode == 0
    whole = report(path, tmp_path / "whole", "--memory-limit", "2GB")
    tight = report(path, tmp_path / "tight", "--memory-limit", "76MB")
    assert (whole["runs_on_disk"], whole["passes"]) == (0, 1)
    assert tight["runs_on_disk"] >= 2 and tight["passes"] == 2
    assert {k: v for k, v in snapshot(tmp_path / "tight").items() if "MANIFEST" not in k} == \
           {k: v for k, v in snapshot(tmp_path / "whole").items() if "MANIFEST" not in k}
    piped = run("ingest", "-", "--store", tmp_path / "pipe", "--memory-limit", "76MB", stdin=path.read_bytes())
    assert piped.returncode == 0
    assert {k: v for k, v in snapshot(tmp_path / "pipe").items() if "MANIFEST" not in k} == \
           {k: v for k, v in snapshot(tmp_path / "whole").items() if "MANIFEST" not in k}
