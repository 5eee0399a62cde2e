"""PyPI `segment-analytics-python` and `rudder-sdk-python` against a base URL: `segment_driver.py plain|faults|rudder|rudder-faults http://host:port/path key`."""

import datetime

from report import FAULT_EVENTS, PLANTED, base, called, print_report, report, token, what
from report import properties as report_properties

email, user, other, organisation = (PLANTED[k] for k in ("email", "user", "other_user", "organisation"))


def properties(n):
    return report_properties(n, when=datetime.datetime(2026, 11, 21, 10, 0, 0), company=organisation, none=None, flag=True)


def on_error(error, items):
    for item in items:
        n = (item.get("properties") or {}).get("n")
        report["failed"].append(n) if n is not None else report["elsewhere"].append(str(error))


def client(**options):
    if what.startswith("rudder"):
        from rudderstack.analytics.client import Client
    else:
        from segment.analytics.client import Client
    return Client(token, host=base, on_error=on_error, **options)


def call(calls, n, ok_and_message):
    called(calls, n)
    if not ok_and_message[0]:
        report["failed"].append(n)


def everything(c, first):
    context = {
        "ip": PLANTED["ip"],
        "userAgent": "Mozilla/5.0",
        "traits": {"email": email, "plan": "pro"},
        "page": {"url": f"https://app.example.com/x?token={PLANTED['secret']}&email={email}"},
        "groupId": organisation,
    }
    call("track", first, c.track(user, "Report Exported", properties(first)))
    old = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    call(
        "track with everything",
        first + 1,
        c.track(user, "Report Exported", properties(first + 1), context=context, timestamp=old, anonymous_id=other,
                integrations={"Amplitude": {"session_id": 1795255100000}, "All": True}),
    )
    call("track of a device", first + 2, c.track(None, "Report Exported", properties(first + 2), anonymous_id=other))
    call("track with an unclean name", None, c.track(user, f"Invited {email}"))
    call("page", first + 3, c.page(user, "Docs", "Pricing", {**properties(first + 3), "url": context["page"]["url"]}))
    call("screen", first + 4, c.screen(user, "Mobile", "Home", properties(first + 4)))
    call("identify", None, c.identify(user, {"email": email, "name": PLANTED["name"], "phone": PLANTED["phone"], "plan": "pro"}))
    call("identify of a device", None, c.identify(user, {"email": email, "plan": "pro"}, context=context, anonymous_id=other))
    call("group", None, c.group(user, organisation, {"name": PLANTED["name"], "plan": "pro"}))
    call("alias", None, c.alias(other, user))
    for n in range(first + 100, first + 160):
        call("track many", n, c.track(f"user-{n}", "Page Viewed", properties(n)))
    if c.consumers:
        c.flush()


def plain():
    for first, options in ((1000, {}), (2000, {"gzip": True}), (3000, {"gzip": False}), (4000, {"sync_mode": True})):
        c = client(**options)
        everything(c, first)
        # In sync mode there is no thread to be ended.
        if not options.get("sync_mode"):
            c.shutdown()


def faults():
    c = client(upload_size=3)
    for n in range(FAULT_EVENTS):
        call("track", n, c.track(user, "Page Viewed", {"n": n, "plan": "pro"}))
    c.flush()
    c.shutdown()


faults() if what.endswith("faults") else plain()
print_report()
