"""The questions of `cargo xtask bench ledger`, asked of the same files by DuckDB. Usage: duckdb_rows.py FOLDER-OF-ROWS"""
import json, os, statistics, sys, time

try:
    import duckdb
except ImportError:
    sys.exit("duckdb: not installed, so nothing to compare with (python3 -m pip install duckdb)")

folder = sys.argv[1]
text = open(os.path.join(folder, "manifest")).read()
manifest = json.loads(text[: text.rstrip().rfind("\n")])
product = [f for f in manifest["rows"] if f["destination"] == 0]
threads = int(os.environ.get("WEIR_THREADS", os.cpu_count()))
db = duckdb.connect(config={"threads": threads})
BEGIN = 1_735_689_600
for day in (10, 47, 100, 200, 320):
    first, last = BEGIN + day * 86_400, BEGIN + (day + 30) * 86_400
    files = [os.path.join(folder, f["name"]) for f in product if f["span"][0] < last and f["span"][1] >= first]
    where = f"from read_parquet({files!r}) where time >= {first} and time < {last}"
    began = time.perf_counter()
    whole = db.execute(f"select count(*), count(distinct subject), count(distinct organisation) {where}").fetchone()
    countries = db.execute(f"select slice, count(*), count(distinct subject) {where} group by slice").fetchall()
    took = time.perf_counter() - began
    print(f"duckdb   {took:>12.3f} s: 30 days from day {day}: {whole[0]} rows of {whole[1]} subjects, {whole[2]} organisations, {len(countries)} countries")
    began = time.perf_counter()
    db.execute(f"select field_set, count(*), count(distinct subject) {where} group by field_set").fetchall()
    db.execute(f"select time // 86400, count(*), count(distinct subject) {where} group by 1").fetchall()
    more = time.perf_counter() - began
    print(f"duckdb   {took + more:>12.3f} s with field sets and days, which an exposure has too")
files = [os.path.join(folder, f["name"]) for f in manifest["rows"]]
subjects = [row[0] for row in db.execute(f"select distinct subject from read_parquet({files[:1]!r}) limit 30").fetchall()]
times = []
for subject in subjects:
    began = time.perf_counter()
    db.execute(f"select * from read_parquet({files!r}) where subject = {subject}").fetchall()
    times.append(time.perf_counter() - began)
print(f"duckdb   {statistics.median(times) * 1e3:>12.1f} ms median, {max(times) * 1e3:.1f} ms at most, for one subject of {len(times)}")
