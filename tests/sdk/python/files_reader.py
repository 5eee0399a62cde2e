"""Files as a warehouse reads them: `files_reader.py ndjson|parquet FOLDER`. Parquet is read by PyArrow, with the partitions of Hive.
Prints one JSON line: the files, the columns and their types, and every record."""

import gzip
import json
import pathlib
import sys

kind, folder = sys.argv[1], pathlib.Path(sys.argv[2])
files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and ".partial" not in path.parts)
columns, records = {}, []
if kind == "parquet":
    import pyarrow.dataset

    table = pyarrow.dataset.dataset(folder, format="parquet", partitioning="hive", exclude_invalid_files=False, ignore_prefixes=["."]).to_table()
    columns = {field.name: str(field.type) for field in table.schema}
    for record in table.to_pylist():
        for key in ("time", "received_at"):
            record[key] = record[key].isoformat()
        for key in ("groups", "properties", "profile", "group_profile", "context"):
            record[key] = record[key] and json.loads(record[key])
        records.append(record)
else:
    for name in files:
        path = folder / name
        text = gzip.decompress(path.read_bytes()) if name.endswith(".gz") else path.read_bytes()
        if not text.endswith(b"\n"):
            sys.exit(f"{name} ends within a line")
        records.extend(json.loads(line) for line in text.splitlines())
print(json.dumps({"files": files, "columns": columns, "records": records}))
