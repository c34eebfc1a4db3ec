"""A program of another language that writes contacts by SQL, and waits until Salesforce has them.

Reads commands, one JSON array a line: ["sql", statement, values] and ["wait", query, values, seconds], which asks until
the query has a row; answers each with a line of JSON.
"""
import json
import sqlite3
import sys
import time

db = sqlite3.connect(sys.argv[1], timeout=15, isolation_level=None)
print(json.dumps({"sqlite": sqlite3.sqlite_version}), flush=True)
for line in sys.stdin:
    verb, sql, values, *seconds = json.loads(line)
    began = time.monotonic()
    try:
        rows = db.execute(sql, values).fetchall()
        while verb == "wait" and not rows and time.monotonic() - began < seconds[0]:
            time.sleep(0.02)
            rows = db.execute(sql, values).fetchall()
        answer = {"rows": rows, "ms": round((time.monotonic() - began) * 1000)}
    except sqlite3.Error as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
