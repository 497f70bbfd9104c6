"""Times the SQL that was tried and not taken, beside what was: why duckdb_*.sql look as they do.

    alternatives.py DATABASE [--reps N] [-o FILE.json]

DATABASE is one made by `duckdb_features.py load`. Each statement runs N times (3), the least CPU counts.
Alternatives of a step make the same result, which is checked, or a step towards it as named.
"""

import argparse
import json
import os
import time

import duckdb
import duckdb_features as peer

STAGE_1 = ("customer is not null and invoice is not null and stock is not null "
           "and description is not null")
BOUGHT = ("clean semi join (select customer, invoice from invoice_day where bought) "
          "using (customer, invoice)")
PRODUCTS = f"from {BOUGHT} join day_snapshot using (day) where stock not in (from service)"
UNPACK = "((case s // 4 when 0 then p0 when 1 then p1 else p2 end)::bigint >> (13 * (s % 4))) & 8191"
FROM_COUNTS = ("select customer, s, sum(c - 1) as surplus, sum(c * c - c) as square_surplus "
               "from ({counts}) where c > 1 group by customer, s")
PACKS = "sum(p0) as p0, sum(p1) as p1, sum(p2) as p2"
MASKS = "(select day, sum(1 << s)::integer as mask from day_snapshot group by day)"


def statement(name, table):
    """The statement of an SQL file that makes temp table `table`."""
    return next(text for text in peer.statements(name, {}) if f"temp table {table} " in text)


def query(name, table):
    return statement(name, table).split(" as\n", 1)[1]


def packed(rows):
    counts = (f"select customer, s, {UNPACK} as c from (select customer, stock, {PACKS} from {rows} "
              "group by customer, stock having count(*) > 1), snapshot")
    return [FROM_COUNTS.format(counts=counts)]


def steps():
    """{step: {alternative: statements}}; the last statement makes the result that is compared."""
    masks = ", ".join(f"sum(((mask >> {s}) & 1)::double) as c{s}" for s in range(12))
    pick = " ".join(f"when {s} then c{s}" for s in range(12))
    plain = f"select customer, s, stock, count(*) as c {PRODUCTS} group by all"
    by_filter = (f"select customer, s, case s {pick} end as c from (select customer, stock, {masks} "
                 f"from {BOUGHT} join {MASKS} using (day) where stock not in (from service) "
                 "group by customer, stock having count(*) > 1), snapshot")
    packed_rows = f"(select * from {BOUGHT} join day_pack using (day) where stock not in (from service))"
    repeats = (f"create or replace temp table repeats as select customer, stock from {BOUGHT} "
               "where stock not in (from service) group by customer, stock having count(*) > 1")
    repeat_rows = (f"(select * from {BOUGHT} semi join repeats using (customer, stock) "
                   "join day_pack using (day))")
    of_stage_2 = "price >= 100 and quantity <> 0 and abs(quantity) <= 100000"
    return {
        "duplicates and stage 2": {
            "streaming lag() over the sorted table (taken)": [query("duckdb_clean.sql", "stage2")],
            "distinct": ["select customer, day, tod, invoice, stock, quantity, price from "
                         f"(select distinct * from tx where {STAGE_1}) where {of_stage_2}"],
            "lag() finds the rows, anti join drops them": [
                "create or replace temp table duplicate_row as select id from (select rowid as id, "
                + " and ".join(f"{name} is not distinct from lag({name}) over ()" for name in
                               ("stock", "invoice", "quantity", "tod", "day", "customer", "price",
                                "description", "country"))
                + f" as repeated from tx where {STAGE_1}) where repeated",
                f"select customer, day, tod, invoice, stock, quantity, price from tx where {STAGE_1} "
                f"and {of_stage_2} and rowid not in (from duplicate_row)"],
        },
        "products": {
            "sorted words, repeats, packed counters (taken)": [
                statement("duckdb_features.sql", "product_row"),
                statement("duckdb_features.sql", "repeat_row"),
                query("duckdb_features.sql", "repeated")],
            "repeats by hash, packed counters": [repeats, *packed(repeat_rows)],
            "packed counters for every product": packed(packed_rows),
            "twelve counters for every product": [FROM_COUNTS.format(counts=by_filter)],
            "rows multiplied by snapshots": [FROM_COUNTS.format(counts=plain)],
        },
    }


def run(connection, statements, repetitions):
    """Least CPU and wall seconds of `statements`, the last materialised, and a digest of its result."""
    best = None
    for _ in range(repetitions):
        wall, cpu = time.perf_counter(), time.process_time()
        for text in statements[:-1]:
            connection.execute(text)
        connection.execute(f"create or replace temp table result as {statements[-1]}")
        times = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
        best = times if best is None or times["cpu"] < best["cpu"] else best
    names = [row[0] for row in connection.execute("describe result").fetchall()]
    sums = ", ".join(f"sum({name}::hugeint)" for name in names)
    return best, connection.execute(f"select count(*), {sums} from result").fetchone()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("database")
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("-o", "--output")
    arguments = parser.parse_args()

    connection = peer.connect(arguments.database, arguments.threads, read_only=True)
    peer.features(connection)
    result = {"duckdb": duckdb.__version__, "threads": arguments.threads,
              "rows": connection.execute("select count(*) from tx").fetchone()[0], "steps": {}}
    for step, alternatives in steps().items():
        digests = set()
        for name, texts in alternatives.items():
            times, digest = run(connection, texts, arguments.reps)
            digests.add(digest)
            result["steps"].setdefault(step, {})[name] = times
            print(f"{step:24s} {name:48s} {times['cpu']:6.2f} s CPU {times['wall']:6.2f} s", flush=True)
        if len(digests) != 1:
            raise SystemExit(f"{step}: the alternatives do not agree: {digests}")
    if arguments.output:
        with open(arguments.output, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
