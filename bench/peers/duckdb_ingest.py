"""CSV or Parquet into a DuckDB database file: CREATE TABLE ... AS SELECT ... FROM file ORDER BY customer, date.

    duckdb_ingest.py FILE.{csv,parquet} DATABASE [--threads N] [--unsorted] [--date-format F]

Column types, delimiter, quoting and date format are given, so nothing is sniffed. The database is
checkpointed and closed inside the measured time, as a committed store is. Prints one JSON object: wall
and CPU seconds without the start of Python and the import of DuckDB, rows, bytes, peak memory.
"""

import argparse
import json
import os
import pathlib
import time

import duckdb

import duckdb_features

COLUMNS = {
    "invoice_no": "VARCHAR", "stock_code": "VARCHAR", "description": "VARCHAR", "quantity": "INTEGER",
    "invoice_date": "TIMESTAMP", "unit_price": "DECIMAL(18,4)", "customer_id": "INTEGER",
    "country": "VARCHAR",
}


def ingest(source, database, threads, order, date_format):
    pathlib.Path(database).unlink(missing_ok=True)
    connection = duckdb_features.connect(database, threads)
    # ORDER BY is still obeyed; this only lets the unsorted scan hand over blocks as they come.
    connection.execute("set preserve_insertion_order = false")
    if source.endswith(".parquet"):
        order = order.replace("customer_id", '"CustomerID"').replace("invoice_date", '"InvoiceDate"')
        table = "read_parquet(?)"
    else:
        table = (f"read_csv(?, header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "
                 f"timestampformat = '{date_format}', columns = {COLUMNS})")
    rows = connection.execute(f"create table tx as select * from {table} {order}", [source]).fetchone()[0]
    connection.execute("checkpoint")
    connection.close()
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("database")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--unsorted", action="store_true")
    parser.add_argument("--date-format", default=duckdb_features.DATE_FORMAT)
    arguments = parser.parse_args()

    order = "" if arguments.unsorted else "order by customer_id, invoice_date"
    wall, cpu = time.perf_counter(), time.process_time()
    rows = ingest(arguments.source, arguments.database, arguments.threads, order, arguments.date_format)
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "rows": rows,
                      "bytes": os.path.getsize(arguments.database), "duckdb": duckdb.__version__,
                      "peak_kb": duckdb_features.peak_kb()}))


if __name__ == "__main__":
    main()
