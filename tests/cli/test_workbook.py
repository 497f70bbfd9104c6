"""Workbooks: what is in their cells, which sheets are read, what is refused. The parts are made by hand."""
import csv
import datetime
import gzip
import io
import json
import os
import random
import re
import zipfile
from collections import Counter

import pytest
from cli_support import expect, run
from workbook import MAIN, STRICT, XML, Strings, parts_of, sheet_part, with_prefix, write_parts, write_workbook

HEADER = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "Customer ID", "Country"]
START = datetime.datetime(2010, 12, 1, 8, 26)


def row(i, **change):
    values = [536365 + i, f"85{i:03}A", "HOLDER", 6, START + datetime.timedelta(minutes=i), 2.55, 17850, "UK"]
    for name, value in change.items():
        values[HEADER.index(name)] = value
    return values


def rows(count=20, begin=0):
    return [row(begin + i) for i in range(count)]


def stored(path, folder, *options, code=0, stderr=r".*"):
    """The rows of the store as dictionaries, in the order of the invoices."""
    expect("ingest", path, "--store", folder / "store", *options, code=code, stderr=stderr)
    text = run("export", "--store", folder / "store", "-o", "-", "-q").stdout
    return sorted(csv.DictReader(io.StringIO(text)), key=lambda r: r["InvoiceNo"])


def one(path, folder, column, *options):
    return [r[column] for r in stored(path, folder, *options)]


def test_values(tmp_path):
    """Numbers as their shortest digits, ids without .0, dates by number format, texts as they are."""
    table = [
        row(0, UnitPrice="<c r=\"@\"><v>2.5499999999999998</v></c>"),
        row(1, StockCode=71053.0, UnitPrice="<c r=\"@\"><v>1.125</v></c>"),
        row(2, StockCode="<c r=\"@\" t=\"str\"><v>71 &amp; 2</v></c>", UnitPrice="<c r=\"@\"><v>1E-2</v></c>"),
        row(3, StockCode="<c r=\"@\"><f>A1*2</f><v>1.2345678E7</v></c>", UnitPrice="<c r=\"@\"><v>1e3</v></c>"),
        row(4, StockCode=True, Description='"quoted" text', UnitPrice=0),
        row(5, StockCode="<c r=\"@\" t=\"e\"><v>#N/A</v></c>", Description="two\nlines, and a comma"),
        row(6, StockCode="a_x0041_b_x005F_c", Description="  spaces  ", **{"Customer ID": None}),
        row(7, StockCode="<c r=\"@\" t=\"inlineStr\"><is><r><t>rich</t></r><r><t xml:space=\"preserve\"> text</t></r><rPh sb=\"0\" eb=\"1\"><t>no</t></rPh></is></c>",
            InvoiceDate="<c r=\"@\" t=\"d\"><v>2010-12-01T08:33:00</v></c>"),
        row(8, StockCode="<c r=\"@\" t=\"s\"><v></v></c>", Description="<c r=\"@\"><f>CONCAT(A1)</f></c>"),
    ]
    got = stored(write_workbook(tmp_path / "a.xlsx", {"S": [HEADER, *table]}), tmp_path)
    assert [r["UnitPrice"] for r in got] == ["2.5500", "1.1250", "0.0100", "1000.0000", "0.0000"] + ["2.5500"] * 4
    assert [r["StockCode"] for r in got] == ["85000A", "71053", "71 & 2", "12345678", "TRUE", "#N/A", "aAb_c", "rich text", ""]
    assert [r["Description"] for r in got][4:7] == ['"quoted" text', "two\nlines, and a comma", "  spaces  "]
    assert got[8]["Description"] == "=CONCAT(A1)"
    assert [r["InvoiceDate"] for r in got] == [str(START + datetime.timedelta(minutes=i)) for i in range(9)][:7] + \
        ["2010-12-01 08:33:00", "2010-12-01 08:34:00"]
    assert [r["CustomerID"] for r in got] == ["17850"] * 6 + [""] + ["17850"] * 2


@pytest.mark.parametrize("date1904", [False, True])
def test_both_date_systems(date1904, tmp_path):
    table = [HEADER, *rows(), row(20, InvoiceDate=datetime.datetime(2012, 2, 29, 23, 59, 59)),
             row(21, InvoiceDate=datetime.datetime(1904, 3, 1))]
    got = one(write_workbook(tmp_path / "a.xlsx", {"S": table}, date1904=date1904), tmp_path, "InvoiceDate")
    assert got == [str(r[4]) for r in table[1:]]


@pytest.mark.parametrize("code, date", [
    ("yyyy-mm-dd", True), ("[$-409]m/d/yy h:mm AM/PM;@", True), ("d. mmmm yyyy", True), ("mm:ss.0", True),
    ("General", False), ("0.00E+00", False), ('#,##0 "days"', False), ("[Red]0", False), ("0_d", False), (r"0\d", False),
    ("[h]:mm", False), ("@", False)])
def test_what_is_a_date_format(code, date, tmp_path):
    """A number under a format that is none is an Excel serial; the report of the judge tells which it was."""
    path = write_workbook(tmp_path / "a.xlsx", {"S": [HEADER, *rows()]}, formats=("General", code))
    report = json.loads(expect("ingest", path, "--store", tmp_path / "store", "--json", stderr=r".*").stdout)
    assert report["date_format"] == ("Y-M-D" if date else "Excel serial")


def test_sheets(tmp_path):
    """Those with the header of the first usable one; covers, other tables and hidden sheets are left."""
    book = {"Cover": [["Sales of our shop"], [], ["2010"]], "2010": [HEADER, *rows()], "Codes": [["StockCode", "Name"], ["A", "B"]],
            "Old": [HEADER, *rows(3, 100)], "Empty": [], "2011": [[], [], HEADER, *rows(5, 40)]}
    path = write_workbook(tmp_path / "a.xlsx", book, hidden=["Old"])
    assert len(stored(path, tmp_path)) == 25
    seen = json.loads(run("inspect", path, "--json").stdout)
    assert {s["name"]: s["skipped"] for s in seen["sheets"]} == {
        "Cover": "has other columns", "2010": None, "Codes": "has other columns", "Old": "hidden", "Empty": "is empty",
        "2011": None}
    for chosen, count in (("2011", 5), ("Old", 3), ("2010,Old", 23)):
        folder = tmp_path / chosen
        folder.mkdir()
        assert len(stored(path, folder, "--sheet", chosen)) == count
    for chosen, code, message in (("2012", 3, r".*has no sheet '2012'; there is 'Cover', '2010', .*"),
                                  ("2010,Codes", 3, r".*sheet 'Codes' has not the columns of the others .*"),
                                  ("Empty", 3, r".*no such sheet has a row\n"),
                                  ("Codes", 3, r".*no column found for invoice_no, .*'StockCode', 'Name'.*")):
        expect("ingest", path, "--store", tmp_path / "no", "--sheet", chosen, code=code, stderr=message)


def test_rejects_name_sheet_and_row(tmp_path):
    """The row number is the one that the spreadsheet shows, also with rows missing and line feeds in cells."""
    parts = parts_of({"A": [HEADER, *rows(200)], "B": [HEADER, *rows(200, 300)]})
    bad = sheet_part([row(0, Description="two\nlines"), row(1, Quantity="six")], Strings(), first_row=5000, inline=True)
    extra = re.search(r"<sheetData>(.*)</sheetData>", bad, re.S).group(1)
    parts["xl/worksheets/sheet2.xml"] = parts["xl/worksheets/sheet2.xml"].replace("</sheetData>", extra + "</sheetData>")
    path = write_parts(tmp_path / "a.xlsx", parts)
    assert len(stored(path, tmp_path)) == 401
    with open(tmp_path / "rejects.csv", newline="") as file:
        (reject,) = csv.DictReader(file)
    assert (reject["file"], reject["line"], reject["column"], reject["reason"]) == (f"{path}: B", "5001", "Quantity", "not a number")
    assert "six" in reject["raw_text"]


def test_sparse_shifted_and_wide(tmp_path):
    """A table that begins at C7, with gaps, blank rows, cells beyond its header and a mark in its first name."""
    header = ["\ufeff InvoiceNo\u00a0"] + HEADER[1:]
    table = [header, [], row(0), [], ["", "", ""], row(1, Description=None, Country=None) + ["beyond", "the header"]]
    got = stored(write_workbook(tmp_path / "a.xlsx", {"S": table}, first_row=7, first_column=2), tmp_path)
    assert [(r["InvoiceNo"], r["Description"], r["Country"]) for r in got] == [("536365", "HOLDER", "UK"), ("536366", "", "")]


def variants():
    """Name -> parts: what other programs write. All mean the same rows."""
    plain = parts_of({"S": [HEADER, *rows()]})
    sheet = "xl/worksheets/sheet1.xml"

    inline = parts_of({"S": [HEADER, *rows()]}, inline=True)
    text = plain[sheet]
    yield "plain", plain
    yield "inline strings", inline
    yield "prefix", {name: with_prefix(part) if name == sheet or name == "xl/sharedStrings.xml" else part for name, part in plain.items()}
    yield "strict", {name: part.replace(MAIN, STRICT) for name, part in plain.items()}
    yield "utf-16", {**plain, sheet: text.replace("UTF-8", "UTF-16").encode("utf-16")}
    yield "byte order mark", {**plain, sheet: b"\xef\xbb\xbf" + text.encode()}
    yield "pretty", {**plain, sheet: re.sub(r">\s*<(?!/v|/t)", ">\n  <", text)}
    yield "single quotes", {**plain, sheet: text.replace('"', "'")}
    yield "comments", {**plain, sheet: text.replace("</row>", "<!-- <row> --></row>", 3)}
    yield "no references", {**plain, sheet: re.sub(r' r="[A-Z]*\d+"', "", text)}
    yield "unknown attributes", {**plain, sheet: text.replace("<row ", '<row foo="1" ')}
    yield "extensions", {**plain, sheet: text.replace("<worksheet ", '<worksheet xmlns:x14ac="urn:x" ').replace("<row ", '<row spans="1:8" x14ac:dyDescent="0.3" ')
                         .replace("</sheetData>", '</sheetData><mergeCells count="1"><mergeCell ref="A1:B1"/></mergeCells>')}
    yield "absolute targets", {**plain, "xl/_rels/workbook.xml.rels": plain["xl/_rels/workbook.xml.rels"].replace('Target="', 'Target="/xl/')}
    yield "character references", {**plain, sheet: text.replace("536365", "53636&#53;")}
    yield "sections", {**inline, sheet: inline[sheet].replace("<t>HOLDER</t>", "<t><![CDATA[HOLDER]]></t>")}


@pytest.mark.parametrize("name", [name for name, _ in variants()])
def test_what_others_write(name, tmp_path):
    want = stored(write_workbook(tmp_path / "want.xlsx", {"S": [HEADER, *rows()]}), tmp_path)
    folder = tmp_path / "other"
    folder.mkdir()
    assert stored(write_parts(folder / "a.xlsx", dict(variants())[name]), folder) == want


def damaged():
    plain = parts_of({"S": [HEADER, *rows()]})
    sheet = "xl/worksheets/sheet1.xml"
    text = plain[sheet]
    laughs = ('<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>')
    yield "a document type", {**plain, sheet: text.replace("<worksheet", laughs + "<worksheet")}, "has a document type declaration"
    yield "entities in strings", {**plain, "xl/sharedStrings.xml": plain["xl/sharedStrings.xml"].replace("<sst", laughs + "<sst")}, "document type"
    yield "a string that is not there", {**plain, sheet: text.replace('t="s"><v>0<', 't="s"><v>999<')}, "shared string '999'"
    yield "cut XML", {**plain, sheet: text[:-200]}, "damaged XML"
    yield "an unclosed row", {**plain, sheet: text.replace("</row>", "", 1)}, "damaged XML"
    yield "a wrong tail", {**plain, sheet: text.replace("</worksheet>", "</worksheets>")}, "damaged XML"
    yield "bytes that are not UTF-8", {**plain, sheet: text.encode().replace(b"<v>17850", b"<v>\xff17850")}, "damaged XML"
    yield "cells that go back", {**plain, sheet: text.replace('r="B3"', 'r="A3"')}, "is not where cells can be"
    yield "no rows", {**plain, sheet: f'{XML}<worksheet xmlns="{MAIN}"><sheetData/></worksheet>'}, "no visible sheet has a row"
    yield "no workbook", {"a.csv": "x"}, "is a zip file without a workbook"
    yield "OpenDocument", {"mimetype": "x", "content.xml": "x"}, "is an OpenDocument file"
    yield "a binary workbook", {"xl/workbook.bin": "x"}, "is a binary workbook"
    yield "a Word document", {"_rels/.rels": plain["_rels/.rels"].replace("xl/workbook", "word/document"), "word/document.xml": "x"}, "is a Word document"
    yield "a missing sheet", {name: part for name, part in plain.items() if name != sheet}, "has no part 'xl/worksheets/sheet1.xml'"


@pytest.mark.parametrize("name, parts, message", list(damaged()), ids=[name for name, _, _ in damaged()])
def test_refused(name, parts, message, tmp_path):
    path = write_parts(tmp_path / "a.xlsx", parts)
    expect("ingest", path, "--store", tmp_path / "store", code=3, stderr=r"(read: [^\n]*\n)?rcx: error: .*" + re.escape(message) + ".*")
    assert not (tmp_path / "store").exists()


def test_zip_bomb(tmp_path):
    """Hundreds of megabytes of nothing in a few hundred kilobytes."""
    parts = parts_of({"S": [HEADER, *rows()]})
    sheet = "xl/worksheets/sheet1.xml"
    before, after = parts.pop(sheet).split("</sheetData>")
    path = write_parts(tmp_path / "a.xlsx", parts)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open(sheet, "w") as file:
        file.write(before.encode())
        for _ in range(100):
            file.write(b" " * (1 << 20))
        file.write(f"</sheetData>{after}".encode())
    expect("ingest", path, "--store", tmp_path / "store", code=3, stderr=r".*refused as a zip bomb\n")


def test_damaged_zip(tmp_path):
    """Truncations and flipped bits end with a message or the same rows, never otherwise."""
    path = write_workbook(tmp_path / "a.xlsx", {"S": [HEADER, *rows()]})
    whole = path.read_bytes()
    draw = random.Random(3)
    for i in range(60):
        data = bytearray(whole)
        if i % 2:
            data = data[:draw.randrange(4, len(data))]
        else:
            data[draw.randrange(4, len(data))] ^= 1 << draw.randrange(8)
        (tmp_path / "b.xlsx").write_bytes(data)
        got = run("ingest", tmp_path / "b.xlsx", "--store", tmp_path / f"s{i}")
        assert got.returncode in (0, 3), got.stderr


@pytest.mark.parametrize("inline", [False, True])
def test_same_rows_for_any_threads(inline, tmp_path):
    """Large enough for several pieces of two sheets."""
    book = {"A": [HEADER, *rows(12000)], "B": [HEADER, *rows(8000, 12000)]}
    path = write_workbook(tmp_path / "a.xlsx", book, inline=inline)
    seen = set()
    for threads in (1, 2, 3):
        got = expect("ingest", path, "--store", tmp_path / f"s{threads}", "--threads", threads, "--json", stderr=r".*")
        assert json.loads(got.stdout)["accepted"] == 20000
        seen.add(json.loads(run("info", "--store", tmp_path / f"s{threads}", "--json").stdout)["digest"])
    assert len(seen) == 1


def test_same_rows_in_little_memory(tmp_path):
    """More rows than memory holds: the sheets are read on from a mark in the second of them."""
    book = {"A": [HEADER, *rows(100000)], "B": [HEADER, *rows(90000, 100000)]}
    path = write_workbook(tmp_path / "a.xlsx", book)
    seen = set()
    for i, options in enumerate(([], ["--memory-limit", "16MB"])):
        got = expect("ingest", path, "--store", tmp_path / f"s{i}", "--json", *options, stderr=r".*")
        assert json.loads(got.stdout)["accepted"] == 190000
        assert (json.loads(got.stdout)["runs_on_disk"] > 0) == (i == 1)
        seen.add(json.loads(run("info", "--store", tmp_path / f"s{i}", "--json").stdout)["digest"])
    assert len(seen) == 1


def test_from_a_pipe_and_packed(tmp_path):
    path = write_workbook(tmp_path / "a.xlsx", {"S": [HEADER, *rows()]})
    want = stored(path, tmp_path)
    (tmp_path / "b.xlsx.gz").write_bytes(gzip.compress(path.read_bytes()))
    for name, stdin in (("-", path.read_bytes()), (tmp_path / "b.xlsx.gz", b"")):
        folder = tmp_path / f"t{len(stdin)}"
        folder.mkdir()
        expect("ingest", name, "--store", folder / "store", stdin=stdin, stderr=".*")
        text = run("export", "--store", folder / "store", "-o", "-", "-q").stdout
        assert sorted(csv.DictReader(io.StringIO(text)), key=lambda r: r["InvoiceNo"]) == want


def test_real_data(tmp_path):
    folder = os.environ.get("RCX_DATA_DIR", "")
    if not os.path.exists(os.path.join(folder, "online_retail.xlsx")):
        if os.environ.get("RCX_REQUIRE_DATA") == "1":
            pytest.fail("no data")
        pytest.skip("skipped: no data")
    digests = {}
    for name in ("online_retail.xlsx", "online_retail.mdy.csv.zst", "online_retail.dmy-dash.cp1252.csv.zst"):
        expect("ingest", os.path.join(folder, name), "--store", tmp_path / name, stderr=".*")
        expect("export", "--store", tmp_path / name, "-o", tmp_path / f"{name}.csv", stderr=".*")
        digests[name] = (tmp_path / f"{name}.csv").read_bytes()
    assert len(set(digests.values())) == 1
    first = expect("ingest", os.path.join(folder, "online_retail_first50k.excel.xlsx"), "--store", tmp_path / "first", "--json", stderr=".*")
    assert json.loads(first.stdout)["accepted"] == 49999
    expect("export", "--store", tmp_path / "first", "-o", tmp_path / "first.csv", stderr=".*")
    some = Counter((tmp_path / "first.csv").read_bytes().splitlines())
    assert not some - Counter(digests["online_retail.xlsx"].splitlines())
    expect("ingest", os.path.join(folder, "truncated.xlsx"), "--store", tmp_path / "no", code=3, stderr=r".*damaged or cut off.*")
