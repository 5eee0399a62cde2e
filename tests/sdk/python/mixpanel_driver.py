"""PyPI `mixpanel` against a base URL: `mixpanel_driver.py plain|faults http://host:port/path token`."""

import base64
import datetime
import time

import mixpanel

from report import FAULT_EVENTS, PLANTED, base, called, print_report, report, token, what
from report import properties as report_properties

PlainConsumer = mixpanel.Consumer


def consumer(*_, **__):
    return PlainConsumer(
        events_url=base + "/track", people_url=base + "/engage", groups_url=base + "/groups", import_url=base + "/import"
    )


# `alias()` builds a default Consumer of its own, which would go to the vendor's host whatever was configured.
mixpanel.Consumer = consumer


def properties(n):
    encoded = base64.b64encode(PLANTED["email"].encode()).decode()
    return report_properties(n, encoded=encoded, ts=datetime.datetime(2026, 11, 21, 10, 0, 0), none=None, flag=True)


def call(name, n, start):
    numbers = called(name, n)
    try:
        start()
    except Exception as error:  # any failure of the SDK is a result here
        report["failed"].extend(numbers)
        if not numbers:
            report["elsewhere"].append(f"{name}: {type(error).__name__}")


def plain():
    user, other, organisation = PLANTED["user"], PLANTED["other_user"], PLANTED["organisation"]
    email, phone, name, secret = PLANTED["email"], PLANTED["phone"], PLANTED["name"], PLANTED["api_secret"]
    old = time.time() - 30 * 86400
    profile = {"$email": email, "$name": name, "$phone": phone, "plan": "pro", "nested": {"email": email}}
    m = mixpanel.Mixpanel(token, consumer=consumer())
    call("track", 1, lambda: m.track(user, "Report Exported", properties(1), meta={"ip": PLANTED["ip"]}))
    call("track with an unclean name", None, lambda: m.track(user, "Invited " + email, {}))
    call("import_data", 2, lambda: m.import_data(None, user, "Legacy Login", old, properties(2), api_secret=secret))
    call("alias", None, lambda: m.alias(other, user))
    call("merge", None, lambda: m.merge(None, user, other, api_secret=secret))
    call("people_set", None, lambda: m.people_set(user, profile, meta={"$ip": PLANTED["ip"], "$ignore_time": True}))
    call("people_set_once", None, lambda: m.people_set_once(user, {"first_seen": datetime.datetime(2024, 3, 1)}))
    call("people_increment", None, lambda: m.people_increment(user, {"exports": 1, "credits": -3}))
    call("people_append", None, lambda: m.people_append(user, {"emails": email}))
    call("people_union", None, lambda: m.people_union(user, {"emails": [email]}))
    call("people_remove", None, lambda: m.people_remove(user, {"emails": email}))
    call("people_unset", None, lambda: m.people_unset(user, ["legacy_id", "plan"]))
    call("people_track_charge", None, lambda: m.people_track_charge(user, 49.99, {"note": email}))
    call("people_clear_charges", None, lambda: m.people_clear_charges(user))
    call("group_set", None, lambda: m.group_set("company", organisation, {"name": name, "plan": "pro"}))
    call("group_set_once", None, lambda: m.group_set_once("company", organisation, {"since": "2019"}))
    call("group_union", None, lambda: m.group_union("company", organisation, {"products": ["api", email]}))
    call("group_remove", None, lambda: m.group_remove("company", organisation, {"products": email}))
    call("group_unset", None, lambda: m.group_unset("company", organisation, ["old"]))
    call("group_delete", None, lambda: m.group_delete("company", organisation))
    call("people_delete", None, lambda: m.people_delete(user))

    buffered = mixpanel.BufferedConsumer(
        events_url=base + "/track", people_url=base + "/engage", groups_url=base + "/groups", import_url=base + "/import"
    )
    b = mixpanel.Mixpanel(token, consumer=buffered)
    many = list(range(100, 220))

    def send_many():
        for n in many:
            b.track(f"user-{n}", "Page Viewed", properties(n))
        # This flush carries the secret with every request, also with those of /track.
        b.import_data(None, user, "Old", old, {"n": 3}, api_secret=secret)
        buffered.flush()
        b.people_set(user, profile)
        b.track(user, "Page Viewed", {"n": 4})
        buffered.flush()

    call("BufferedConsumer", many + [3, 4], send_many)


def faults():
    m = mixpanel.Mixpanel(token, consumer=consumer())
    for n in range(FAULT_EVENTS):
        call("track", n, lambda n=n: m.track(PLANTED["user"], "Page Viewed", {"n": n, "plan": "pro"}))


plain() if what == "plain" else faults()
print_report()
