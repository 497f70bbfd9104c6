"""The table of bad inputs (pipeline, section 1) as a user meets it: exit code, store as it was, and a
message that names file, line, column, what was found and what to do. test_ingest.py looks at the rows
that are rejected; here are the whole messages, and what needs another process or a full disk."""
import os
import random
import re
import subprocess

import pytest

from cli_support import RCX, environment, expect, run

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
ROW = "536365,85123A,HOLDER,6,2010-12-01 08:26,2.55,17850,United Kingdom"


def good(count=300, first=0, date="2010-12-{:02} 08:26"):
    return [f"{536365 + i},P{i % 7},THING,{1 + i % 5},{date.format(1 + i % 28)},{i % 9}.5,{12346 + i % 11},UK"
            for i in range(first, first + count)]


def write(path, *rows, header=HEADER):
    path.write_bytes(("\n".join([header, *rows]) + "\n").encode("latin-1"))
    return path


@pytest.fixture
def store(tmp_path):
    """A store with a version in it; the tests compare it with how it was."""
    path = tmp_path / "store"
    expect("ingest", write(tmp_path / "first.csv", *good()), "--store", path, stderr=".*")
    return path


def contents(store):
    return {p.name: p.read_bytes() for p in store.iterdir() if p.name != "LOCK"}


AMBIGUOUS = [row.replace("*", f"{1 + i % 12}/{1 + i * 5 % 12}/2010 09:00")
             for i, row in enumerate(good(100, date="*"))]
WHOLE_FILE = {
    "no such file": (None, 1, r"FILE: cannot open: No such file or directory"),
    "a directory": ("directory", 1, r"FILE: is a directory without files"),
    "empty file": ([], 3, r"FILE: the file is empty"),
    "header only": ([HEADER], 3, r"FILE: a header, but no rows"),
    "missing columns": (["InvoiceNo,Menge,InvoiceDate,Price,Kunde", "1,2,2010-12-13,1,7"], 3,
                        r"FILE: no column found for quantity, customer_id; the file has the columns 'InvoiceNo', "
                        r"'Menge', 'InvoiceDate', 'Price', 'Kunde'; say --map quantity=COLUMN --map customer_id=COLUMN"),
    "no header": (good(), 3,
                  r"FILE: no column found for invoice_no, quantity, invoice_date, unit_price, customer_id; no name in the "
                  r"first line is known, it must name the columns and has '536365', 'P0', .*; say --map invoice_no=COLUMN .*"),
    "lines of CR": (["\r".join([HEADER, *good()])], 3, r"FILE: lines end with CR alone; expected LF or CRLF .*"),
    "a column twice": ([HEADER + ",Customer ID", ROW + ",1"], 3,
                       r"FILE: more than one column can be customer_id; .* say --map customer_id=COLUMN"),
    "no format fits": ([HEADER, *good(date="on {}.12.")], 3,
                       r"300 of 300 rows \(100\.0 %\) cannot be read, more than ingest\.max_reject_share \(1\.0 %\): "
                       r"300 x not a date in 'InvoiceDate' \(FILE:2: 536365,P0,THING,1,on 1\.12\.,0\.5,12346,UK\), "
                       r"known are D/M/Y, .*; all are listed in .*rejects\.csv"),
    "ambiguous dates": ([HEADER, *AMBIGUOUS], 3,
                        r"FILE: the dates in 'InvoiceDate' can be read in 2 ways, and a guess could move them: all 100 "
                        r"rows fit D/M/Y and M/D/Y; '2/6/2010 09:00' is 2010-06-02 09:00:00 \(read as D/M/Y\) or "
                        r"2010-02-06 09:00:00 \(read as M/D/Y\); by invoice number \d+ of 100 invoices go back in time "
                        r"as D/M/Y, \d+ of 100 invoices go back in time as M/D/Y; say which it is: --date-format dmy or "
                        r"--date-format mdy"),
    "ambiguous dates, all of equal numbers": ([HEADER, *[row.replace("*", "5/5/2010") for row in good(20, date="*")]], 3,
                                              r"FILE: the dates .* the same dates either way, .*--date-format mdy"),
    "unclosed quote": ([HEADER, *good(), ROW.replace("HOLDER", '"HOLDER'), *good(9, 300)], 3,
                       r"FILE:302: the quoted field that begins on this line is never closed; .*double the quote.*"),
    "rejects above the share": ([HEADER, *good(), *[ROW.replace(",6,", ",six,")] * 4], 3,
                                r"4 of 304 rows \(1\.3 %\) cannot be read, more than ingest\.max_reject_share \(1\.0 %\): "
                                r"4 x not a number in 'Quantity' \(FILE:302: 536365,85123A,HOLDER,six,.*\); "
                                r"all are listed in .*rejects\.csv"),
    "currency signs": ([HEADER, *[row.replace(".5,", ".5 \xa3,") for row in good()]], 3,
                       r"300 of 300 .*300 x not a number in 'UnitPrice' \(FILE:2: .*,0\.5 [?],12346,UK\).*"),
    "not text": ([HEADER.replace("o", "\0"), ROW], 3, r"FILE: the header line has NUL bytes; expected CSV .*"),
    "half a workbook": (["PK\3\4..."], 3, r"FILE: damaged or cut off: Not a zip archive; .*"),
    "half a gzip file": (["\x1f\x8b\x08\0\0\0\0\0\0\3..."], 3, r"FILE: (not a sound gzip file: .*|the gzip file is cut off)"),
    "an old workbook": (["\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "\0" * 2000], 3,
                        r"FILE: looks like an old Excel workbook \(\.xls\); save it as \.xlsx or CSV; read are .*"),
    "an encrypted workbook": (["\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "\0" * 504 + "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0"], 3,
                              r"FILE: looks like an encrypted workbook; save it without a password; read are .*"),
    "a web page": (["<!DOCTYPE html>"], 3, r"FILE: looks like a web page; .*"),
    "an Arrow file": (["ARROW1\0\0" + "\0" * 100], 3, r"FILE: looks like an Arrow file .*save the table as Parquet or CSV; .*"),
    "JSON": (['[{"InvoiceNo": 1}]'], 3, r"FILE: looks like JSON; .*"),
    "UTF-16 without a mark": ([("\0".join(HEADER) + "\0")], 3, r"FILE: looks like UTF-16 text; .*-f UTF-16LE.*"),
    "UTF-16BE without a mark": (["\0" + "\0".join(HEADER)], 3, r"FILE: looks like UTF-16 text; .*-f UTF-16BE.*"),
    "random bytes": ([random.Random(1).randbytes(5000).decode("latin-1")], 3, r"FILE: looks like binary data, not like text; read are .*"),
    "UTF-32": (["\xff\xfe\0\0I\0\0\0"], 3, r"FILE: looks like UTF-32 text; .*"),
    "empty lines only": (["", "\r", ""], 3, r"FILE: the file is empty"),
}


@pytest.mark.parametrize("name", ["shop.parquet", "shop.XLSX"])
def test_random_bytes_under_a_name_that_promises_more(name, tmp_path):
    (tmp_path / name).write_bytes(random.Random(2).randbytes(3000))
    expect("run", tmp_path / name, "-o", tmp_path / "out", code=3,
           stderr=r".*looks like no (Parquet file|workbook), in spite of its name \(it does not begin with (PAR1|PK)\), nor like text; .*")
    assert not (tmp_path / "out").exists()


def test_controls_of_a_file_do_not_reach_the_terminal(tmp_path):
    """Names of columns are quoted in messages; a long one does not fill the screen."""
    path = tmp_path / "a.csv"
    header = "Cust\x1b[31mID,\u009b2JQty," + "long name " * 30
    path.write_text(header + ",ordinary" * 20 + "\n" + "1,2,3" + ",x" * 20 + "\n", encoding="utf-8")
    done = run("ingest", path, "--store", tmp_path / "store")
    seen = run("inspect", path)
    assert done.returncode == 3 and "'Cust?[31mID', '??2JQty'" in done.stderr
    for text in (done.stderr, seen.stdout):
        assert not any(c < " " and c != "\n" or "\x7f" <= c < "\xa0" for c in text), text
    assert max(len(line) for line in seen.stdout.split("\n\n")[1].splitlines()) < 200


def test_sheets_are_asked_of_a_text(tmp_path):
    path = write(tmp_path / "a.csv", *good())
    for command in (["ingest", path, "--store", tmp_path / "store"], ["inspect", path]):
        expect(*command, "--sheet", "May", code=3, stderr=r"rcx: error: .*a\.csv: is no workbook and has no sheet 'May' \(--sheet, ingest\.sheets\)\n")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("name", WHOLE_FILE)
def test_whole_file(name, store, tmp_path):
    lines, code, message = WHOLE_FILE[name]
    path = tmp_path / "shop of may.csv"
    if lines == "directory":
        path.mkdir()
    elif lines is not None:
        path.write_bytes("".join(line + "\n" for line in lines).encode("latin-1"))
    before = contents(store)
    targets = (store, tmp_path / "new") if "ambiguous" not in name else (tmp_path / "new",)  # `store` has decided
    for target in targets:
        expect("ingest", path, "--store", target, code=code,
               stderr=r"(read: [^\n]*\n)?rcx: error: " + message.replace("FILE", re.escape(str(path))) + r"\n")
    assert contents(store) == before
    assert not (tmp_path / "new").exists()


def test_rejected_rows_never_replace_data(store, tmp_path):
    """The shop's own file happens to be called as the list of rejected rows would be."""
    data = write(tmp_path / "rejects.csv", *good(300, 500), "x")
    before = contents(store), data.read_bytes()
    expect("ingest", data, "--store", store, code=1, stderr=r".*rejects\.csv: exists and .*--rejects FILE\n")
    assert (contents(store), data.read_bytes()) == before
    for _ in range(2):  # a list of an earlier load is replaced
        expect("ingest", data, "--store", store, "--again", "--rejects", tmp_path / "bad rows.csv", stderr=r".*")
        assert (tmp_path / "bad rows.csv").read_text().count("\n") == 2


def test_another_writer(store, tmp_path):
    """Named with its pid and since when; it is not disturbed, and readers are not either."""
    reader, writer = os.pipe()
    before = contents(store)
    slow = subprocess.Popen([RCX, "ingest", "-", "--store", str(store)], env=environment(), stdin=reader,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    os.close(reader)
    os.write(writer, (HEADER + "\n").encode())
    try:
        more = write(tmp_path / "more.csv", *good(50, 900))
        wait_for_lock(store, slow)
        for arguments in (("ingest", more), ("compact",), ("vacuum",)):
            result = run(*arguments, "--store", store)
            assert result.returncode == 1
            assert re.search(rf"store: another writer is at work \(pid {slow.pid} since \d{{4}}-\d\d-\d\d "
                             r"\d\d:\d\d:\d\d\); wait for it to end\n$", result.stderr), result.stderr
        assert contents(store) == before
        expect("verify", "--store", store, stderr="")
    finally:
        os.write(writer, ("\n".join(good(40, 2000)) + "\n").encode())
        os.close(writer)
        _, message = slow.communicate(timeout=60)
    assert slow.returncode == 0, message
    expect("ingest", more, "--store", store, stderr=".*")


def wait_for_lock(store, process):
    import fcntl
    import time
    for _ in range(1000):
        with open(store / "LOCK", "r+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
        assert process.poll() is None
        time.sleep(0.01)
    pytest.fail("the writer never took the lock")


# --- a full disk ------------------------------------------------------------------------------------

@pytest.fixture
def small_disk(tmp_path):
    """A file system of 300 kB, when the tests may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", folder], capture_output=True, check=False).returncode == 0
    if not mounted:
        pytest.skip("may not mount a file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("memory", [(), ("--memory-limit", "16MB")])
def test_full_disk(small_disk, tmp_path, memory):
    store = small_disk / "store"
    date = "12/{}/2010 08:26"  # as the generated file has them
    expect("ingest", write(tmp_path / "first.csv", *good(date=date)), "--store", store, stderr=".*")
    before = contents(store)
    big = tmp_path / "big.csv"
    assert run("generate", "--rows", 400000, "--customers", 20000, "-o", big).returncode == 0
    for target in (store, small_disk / "new"):
        result = run("ingest", big, "--store", target, *memory)
        assert result.returncode == 1
        assert re.search(r"rcx: error: .*disk.*: No space left on device\n$", result.stderr), result.stderr
    assert contents(store) == before
    assert sorted(os.listdir(small_disk)) == ["store"]  # nor is room lost
    expect("verify", "--store", store, stderr="")
    expect("ingest", write(tmp_path / "more.csv", *good(50, 900, date)), "--store", store, stderr=".*")


@pytest.mark.parametrize("command, target", [("export", "/dev/full"), ("export", "-"), ("clean", "/dev/full"),
                                             ("clean", "-"), ("features", "/dev/full"), ("features", "-"),
                                             ("validate", "-")])
def test_results_on_a_full_disk(command, target, tmp_path):
    data, store = tmp_path / "shop.csv", tmp_path / "store"
    assert run("generate", "--rows", 20000, "--customers", 500, "-o", data).returncode == 0
    expect("ingest", data, "--store", store, stderr=".*")
    options = {"clean": ["--stats", tmp_path / "s.json"], "features": ["--metadata", tmp_path / "m.json"]}
    with open("/dev/full", "wb") as full:
        result = subprocess.run([RCX, command, "--store", store, "-o", target, *options.get(command, []),
                                 *(["--format", "csv"] if command != "validate" else [])],
                                env=environment(), stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, timeout=60)
    assert result.returncode == 1
    assert re.search(rb"rcx: error: .*No space left on device\n$", result.stderr), result.stderr


# --- configuration ----------------------------------------------------------------------------------

CONFIGURATION = {
    "misspelt key": ("ingest:\n  date_fromat: dmy\n",
                     r"FILE:2:3: there is no key 'ingest\.date_fromat'; did you mean 'ingest\.date_format'\?"),
    "unknown section": ("store:\n  sync: true\ningset:\n  x: 1\n",
                        r"FILE:3:1: there is no key 'ingset'; did you mean the group 'ingest'\?"),
    "out of range": ("ingest:\n  max_reject_share: 7\n",
                     r"FILE:2:21: ingest\.max_reject_share: 7 is out of range; expected number, 0 to 1 .*"),
    "list for a number": ("ingest:\n  max_reject_share: [1, 2]\n",
                          r"FILE:2:21: ingest\.max_reject_share: found a list; expected number, 0 to 1 .*"),
    "text for a number": ("ingest:\n  max_reject_share: little\n",
                          r"FILE:2:21: ingest\.max_reject_share: 'little' does not fit; expected number, 0 to 1 .*"),
    "text for a truth": ("store:\n  sync: maybe\n", r"FILE:2:9: store\.sync: 'maybe' does not fit; expected true or false.*"),
    "value for a group": ("ingest: 5\n", r"FILE:1:9: 'ingest' is a group of keys: found a single value, .*"),
    "choice": ("ingest:\n  date_format: dmyy\n", r"FILE:2:16: .*'dmyy'.*did you mean 'dmy'\?.*"),
    "twice": ("store:\n  sync: true\n  sync: false\n", r"FILE:3:3: store\.sync is there twice; first in line 2"),
    "not YAML": ("store: {sync: true\n", r"FILE:2:1: not valid YAML: .*"),
}


@pytest.mark.parametrize("name", CONFIGURATION)
def test_configuration(name, tmp_path):
    text, message = CONFIGURATION[name]
    path = tmp_path / "my.yaml"
    path.write_text(text)
    data = write(tmp_path / "shop.csv", *good())
    expect("ingest", data, "--store", tmp_path / "store", "-c", path, code=2,
           stderr="rcx: error: " + message.replace("FILE", re.escape(str(path))) + "\n")
    assert not (tmp_path / "store").exists()


def test_key_on_the_command_line_and_in_the_environment(tmp_path):
    data = write(tmp_path / "shop.csv", *good())
    expect("ingest", data, "--store", tmp_path / "store", "--set", "ingest.max_reject_share=2", code=2,
           stderr=r"rcx: error: --set: ingest\.max_reject_share: 2 is out of range; .*\n")
    expect("ingest", data, "--store", tmp_path / "store", env={"RCX_INGEST__MAX_REJECT_SHAR": "0"}, code=2,
           stderr=r"rcx: error: environment RCX_INGEST__MAX_REJECT_SHAR: .*did you mean 'ingest\.max_reject_share'\?\n")


# --- options ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("arguments, code, message", [
    (("generate", "--rows", 0, "-o", "x.csv"), 2, r"option '--rows': '0' is not a whole number, at least 1"),
    (("generate", "--rows", "1e6", "-o", "x.csv"), 2, r"option '--rows': '1e6' is not a whole number, at least 1"),
    (("vacuum", "--keep", 0, "--store", "STORE"), 2, r"option '--keep': '0' is not a whole number, at least 1"),
    (("info", "--version", 7, "--store", "STORE"), 1, r"STORE: no version 7; the oldest is 1, the newest 1"),
    (("info", "--store", "FIRST"), 1, r"FIRST: is a file; a store is a directory"),
    (("info", "--store", "NONE"), 1, r"NONE: no store here .*; make one with 'rcx ingest FILE --store NONE'"),
    (("ingest", "FIRST", "--store", "FIRST"), 1, r"FIRST: is a file; a store is a directory"),
    (("export", "--store", "STORE", "-o", "x.xlsx"), 2, r"x\.xlsx: unknown file name extension of an output '\.xlsx'; .*"),
    (("export", "--store", "STORE", "-o", "x"), 2, r"x: no file name extension .*; expected \.csv, \.parquet or \.arrow"),
    (("export", "--store", "STORE", "-o", "NONE/x.csv"), 1, r"NONE/x\.csv: cannot create: No such file or directory"),
    (("features", "--store", "STORE", "-o", "x.csv"), 2, r"no snapshot date: the data run from 2010-12-01 to 2010-12-28 .*"),
    (("features", "--store", "STORE", "-o", "x.csv", "--as-of", "2011-02-30"), 2, r"--as-of: .*'2011-02-30' does not fit; .*"),
    (("ingest", "FIRST", "--store", "STORE", "--map", "customer=Kunde"), 2, r"'customer' is not a field.*"),
    (("ingest", "FIRST", "--store", "STORE", "--stor", "x"), 2, r"there is no option '--stor'; did you mean '--store'\?"),
])
def test_options(arguments, code, message, store, tmp_path):
    places = {"STORE": store, "FIRST": tmp_path / "first.csv", "NONE": tmp_path / "none"}

    def fill(text, form=str):
        return re.sub("STORE|FIRST|NONE", lambda word: form(places[word.group()]), text)
    if "no snapshot date" in message:
        code = 3
    expect(*[fill(str(a)) for a in arguments], cwd=tmp_path, code=code,
           stderr="rcx: error: " + fill(message, lambda path: re.escape(str(path))) + r"\n(see 'rcx help \w+'\n)?")
    assert not (tmp_path / "none").exists()


def test_a_snapshot_after_the_data_is_told(tmp_path):
    data, store = tmp_path / "shop.csv", tmp_path / "store"
    assert run("generate", "--rows", 3000, "--customers", 100, "-o", data).returncode == 0
    expect("ingest", data, "--store", store, stderr=".*")
    for date, warning in (("2012-12-31", r"features: warning: snapshot 2012-12-31 lies \d+ days after the last day of the "
                           r"data, 2011-12-\d\d\n"), ("2011-06-30", "")):
        expect("features", "--store", store, "-o", tmp_path / "f.csv", "--as-of", date, stderr=warning)
