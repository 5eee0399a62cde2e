"""What every driver of an SDK in Python has, `NAME_driver.py what http://host:port/path token`, and prints at the end: one line of JSON that
the test reads."""

import json
import pathlib
import sys

FAULT_EVENTS = 24
PLANTED = json.loads((pathlib.Path(__file__).parent.parent / "planted.json").read_text(encoding="utf-8"))
what, base, token = sys.argv[1:4]
base = base.rstrip("/")
report = {"calls": [], "sent": [], "failed": [], "elsewhere": []}


def properties(n, **more):
    """Personal data in a value, nested values, an array, a number, a key and a URL. `plan` and `format` are allowed to leave, so there only
    the detectors stand between the value and the vendor."""
    return {
        "n": n,
        "plan": "pro " + PLANTED["email"],
        "format": "csv",
        "email": PLANTED["email"],
        "contact": {"primary": {"phone": PLANTED["phone"], "all": [PLANTED["email_two"], PLANTED["ip"]]}},
        "card": int(PLANTED["card"].replace(" ", "")),
        PLANTED["email"]: "a key is data, too",
        "by_person": {PLANTED["email_two"]: 3},
        "link": "https://app.example.com/reset?email=" + PLANTED["email"] + "&token=" + PLANTED["secret"],
        "note": PLANTED["note"],
        "address": PLANTED["street"],
        **more,
    }


def called(name, n=None):
    """A call of these numbers is about to be made; which, as a list."""
    report["calls"].append(name)
    numbers = [] if n is None else n if isinstance(n, list) else [n]
    report["sent"].extend(numbers)
    return numbers


def print_report():
    print(json.dumps(report))
