"""A workbook's first sheet into Python values, with openpyxl (read-only) or python-calamine.

    xlsx_read.py READER FILE.xlsx [--threads N]

The readers use one thread whatever is asked for. Prints one JSON object: seconds without the start of
Python and the import of the reader, and rows.
"""
import argparse
import json
import time


def openpyxl_rows(path):
    import openpyxl
    begin = time.perf_counter(), time.process_time()
    sheet = openpyxl.load_workbook(path, read_only=True).worksheets[0]
    return begin, sum(1 for _ in sheet.iter_rows(values_only=True))


def calamine_rows(path):
    import python_calamine
    begin = time.perf_counter(), time.process_time()
    return begin, len(python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("reader", choices=["openpyxl", "calamine"])
    parser.add_argument("file")
    parser.add_argument("--threads")
    given = parser.parse_args()
    (wall, cpu), rows = {"openpyxl": openpyxl_rows, "calamine": calamine_rows}[given.reader](given.file)
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "rows": rows}))


if __name__ == "__main__":
    main()
