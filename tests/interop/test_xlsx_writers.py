"""Workbooks of openpyxl, XlsxWriter and pandas: the same rows as the same table in CSV."""
import csv
import datetime
import os
import random
import subprocess

import pytest

openpyxl = pytest.importorskip("openpyxl")
xlsxwriter = pytest.importorskip("xlsxwriter")

RCX = os.environ["RCX"]
# No "_x0041_": openpyxl writes it as it is, and Excel shows an A then.
HEADER = ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country"]
TEXTS = ["HOLDER", "  caf\u00e9 <&> \"x\" ", "\u65e5\u672c \U0001f600", "a,b;c\td", "line\nfeed", "'=1", None, "0012", "x" * 300]


def table(count=3000):
    draw = random.Random(8)
    begin = datetime.datetime(2009, 12, 1)
    return [[489434 + i // 5 if i % 50 else f"C{489434 + i // 5}", f"P{i % 97:05}", draw.choice(TEXTS), draw.randrange(-9, 99) or 1,
             begin + datetime.timedelta(seconds=i * 5003), round(draw.random() * 100, draw.randrange(5)),
             None if draw.random() < 0.2 else 12346 + i % 300, "United Kingdom"] for i in range(count)]


def write_openpyxl(path, rows, write_only):
    book = openpyxl.Workbook(write_only=write_only)
    sheet = book.create_sheet("Data") if write_only else book.active
    for row in [HEADER, *rows]:
        sheet.append(row)
    book.save(path)


def write_xlsxwriter(path, rows, constant_memory, date1904):
    book = xlsxwriter.Workbook(path, {"constant_memory": constant_memory, "date_1904": date1904,
                                      "default_date_format": "dd/mm/yyyy hh:mm:ss", "strings_to_formulas": False})
    sheet = book.add_worksheet("Data")
    for r, row in enumerate([HEADER, *rows]):
        sheet.write_row(r, 0, row)
    book.close()


def write_pandas(path, rows, engine):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(rows, columns=HEADER)  # the customer ids become doubles with NaN
    frame.to_excel(path, index=False, engine=engine)


WRITERS = {
    "openpyxl": lambda path, rows: write_openpyxl(path, rows, False),
    "openpyxl write-only": lambda path, rows: write_openpyxl(path, rows, True),
    "xlsxwriter": lambda path, rows: write_xlsxwriter(path, rows, False, False),
    "xlsxwriter inline 1904": lambda path, rows: write_xlsxwriter(path, rows, True, True),
    "pandas openpyxl": lambda path, rows: write_pandas(path, rows, "openpyxl"),
    "pandas xlsxwriter": lambda path, rows: write_pandas(path, rows, "xlsxwriter"),
}


def stored(path, folder):
    for words in (["ingest", path, "--store", folder / "store", "-q"], ["export", "--store", folder / "store", "-o", folder / "rows.csv", "-q"]):
        done = subprocess.run([RCX, *map(str, words)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return (folder / "rows.csv").read_bytes()


@pytest.mark.parametrize("writer", WRITERS)
def test_same_rows_as_csv(writer, tmp_path):
    rows = table()
    (tmp_path / "csv").mkdir()
    with open(tmp_path / "a.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows])
    WRITERS[writer](tmp_path / "a.xlsx", rows)
    assert stored(tmp_path / "a.xlsx", tmp_path) == stored(tmp_path / "a.csv", tmp_path / "csv")
