"""rcx inspect: what it tells of each kind of file, that it writes nothing, and that it looks at the beginning only."""
import gzip
import json
import os
import time

import pytest
from cli_support import expect, run
from workbook import write_workbook

HEADER = "InvoiceNo;StockCode;Description;Quantity;InvoiceDate;UnitPrice;CustomerID;Country"
ROWS = [f"{536365 + i};P{i % 7};CAF\u00c9;{1 + i % 5};{1 + i % 28}.12.2010 10:00;1,5;{12346 + i if i % 3 else ''};UK" for i in range(60)]

SHOWN = """FILE: csv, delimiter ';', Windows-1252, 3.0 kB
61 rows

column       field         empty  row 1             row 2            row 3
InvoiceNo    invoice_no        0  536365            536366           536367
StockCode    stock_code        0  P0                P1               P2
Description  description       0  CAF\u00c9              CAF\u00c9             CAF\u00c9
Quantity     quantity          0  1                 2                3
InvoiceDate  invoice_date      0  1.12.2010 10:00   2.12.2010 10:00  3.12.2010 10:00
UnitPrice    unit_price        0  1,5               1,5              1,5
CustomerID   customer_id      20                    12347            12348
Country      country           0  UK                UK               UK

dates     60 rows, 60 fit D.M.Y, 28 fit M.D.Y
numbers   60 without a mark, 60 with a decimal comma
customers 40 numbers, 0 texts, 20 rows without
headers   1 lines repeat the header and are left out
rejected  1 x not a number in 'Quantity' (FILE:63: 1;A;B;six;1.12.2010;1,5;7;UK)
read as   dates D.M.Y, decimal comma, customer ids numbers
"""


def shop(folder):
    path = folder / "shop.csv"
    path.write_bytes("\r\n".join([HEADER, *ROWS, HEADER, "1;A;B;six;1.12.2010;1,5;7;UK"]).encode("cp1252"))
    return path


def test_text(tmp_path):
    path = shop(tmp_path)
    got = expect("inspect", path)
    def squeeze(text):
        return [line.split() for line in text.splitlines()]
    assert squeeze(got.stdout) == squeeze(SHOWN.replace("FILE", str(path)))
    assert os.listdir(tmp_path) == ["shop.csv"]


def test_json_agrees_with_the_ingest(tmp_path):
    path = shop(tmp_path)
    seen = json.loads(expect("inspect", path, "--json").stdout)
    assert seen["schema"] == "rcx.inspect/1"
    assert (seen["format"], seen["delimiter"], seen["encoding"], seen["rows"], seen["whole_file"]) == ("csv", ";", "windows-1252", 61, True)
    assert [c["field"] for c in seen["columns"]][:3] == ["invoice_no", "stock_code", "description"]
    assert seen["columns"][6] == {"name": "CustomerID", "field": "customer_id", "empty": 20}
    assert seen["first_rows"][1] == ["536366", "P1", "CAF\u00c9", "2", "2.12.2010 10:00", "1,5", "12347", "UK"]
    assert seen["problem"] is None
    loaded = json.loads(expect("ingest", path, "--store", tmp_path / "s", "--set", "ingest.max_reject_share=0.1", "--json", stderr=".*").stdout)
    for key in ("date_format", "decimal_mark", "customer_id", "encoding", "rejects", "repeated_headers"):
        assert seen[key] == loaded.get(key, loaded["inputs"][0].get(key)), key


def test_compressed_and_standard_input(tmp_path):
    path = shop(tmp_path)
    packed = gzip.compress(path.read_bytes())
    for name, data in (("-", path.read_bytes()), ("-", packed)):
        seen = json.loads(expect("inspect", name, "--json", stdin=data).stdout)
        assert (seen["path"], seen["rows"], seen["compressed"]) == ("standard input", 61, data is packed)


def test_problems_are_findings_not_failures(tmp_path):
    """What an ingest would refuse is told, with exit code 0; what is no table at all is an error."""
    path = tmp_path / "a.csv"
    path.write_text("Invoice,Menge,InvoiceDate,Price,Kunde\n1,2,3/4/2010,1,7\n")
    seen = json.loads(expect("inspect", path, "--json").stdout)
    assert "no column found for quantity, customer_id" in seen["problem"]
    assert seen["first_rows"] == [["1", "2", "3/4/2010", "1", "7"]]
    assert "not loadable as it is: " in expect("inspect", path).stdout
    maps = ["--map", "quantity=Menge", "--map", "customer_id=Kunde"]
    seen = json.loads(expect("inspect", path, *maps, "--json").stdout)
    assert "can be read in 2 ways" in seen["problem"] and seen["date_format"] is None
    seen = json.loads(expect("inspect", path, *maps, "--date-format", "dmy", "--json").stdout)
    assert seen["problem"] is None and seen["date_format"] == "D/M/Y"
    path.write_bytes(b"%PDF-1.4")
    expect("inspect", path, code=3, stderr=r".*looks like a PDF.*")
    expect("inspect", tmp_path / "no", code=1, stderr=r".*cannot open.*")
    expect("inspect", path, "--map", "x=y", code=2, stderr=r".*not a field.*")


def test_workbook(tmp_path):
    path = write_workbook(tmp_path / "a.xlsx", {"Notes": [["read me"]], "Sales": [row.split(";") for row in [HEADER, *ROWS]]})
    got = expect("inspect", path).stdout
    assert "xlsx, UTF-8" in got and "sheet 'Notes': not read, has other columns\nsheet 'Sales': read\n60 rows\n" in got


def test_beginning_of_a_large_file(tmp_path):
    """A file of 10 GB, most of it a hole, answered from its beginning; --all would read it."""
    path = tmp_path / "large.csv"
    data = "\n".join([HEADER, *ROWS * 2000]).encode()
    with open(path, "wb") as file:
        file.write(data)
        file.truncate(10 * 10**9)
    begin = time.monotonic()
    seen = json.loads(expect("inspect", path, "--sample", "4MiB", "--json").stdout)
    assert time.monotonic() - begin < 20  # not a measurement; reading 10 GB takes longer
    assert seen["whole_file"] is False and 0 < seen["rows"] < 120000 and seen["file_bytes"] == 10**10
    assert "at the beginning were looked at" in expect("inspect", path, "--sample", "1MiB").stdout
    small = tmp_path / "small.csv"
    small.write_bytes(data)
    assert json.loads(expect("inspect", small, "--all", "--json").stdout)["rows"] == 120000
    assert json.loads(run("inspect", small, "--sample", "100kB", "--json").stdout)["whole_file"] is False
