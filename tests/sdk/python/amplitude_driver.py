"""PyPI `amplitude-analytics` against a base URL: `amplitude_driver.py plain|faults http://host:port/path token`."""

import logging
import threading
import time

from amplitude import Amplitude, BaseEvent, Config, EventOptions, Identify, Revenue

from report import FAULT_EVENTS, PLANTED, base, called, print_report, properties, report, token, what

DEVICE = "device-9f2c-planted"
lock = threading.Lock()
open_events = 0
logging.getLogger("amplitude").setLevel(logging.CRITICAL)


def answered(event, code, message=None):
    """What the SDK tells of an event, in the end."""
    global open_events
    with lock:
        open_events -= 1
        if code == 200:
            return
        n = (event.event_properties or {}).get("n")
        if n is None:
            report["elsewhere"].append(f"{event.event_type}: {code}")
        else:
            report["failed"].append(n)


def client(path, **more):
    config = Config(server_url=base + path, flush_interval_millis=100, flush_queue_size=40, callback=answered, **more)
    return Amplitude(token, config)


def call(name, n, start):
    global open_events
    called(name, n)
    with lock:
        open_events += 1
    start()


def finish(*clients):
    for each in clients:
        each.flush()
    until = time.monotonic() + 60
    while open_events > 0 and time.monotonic() < until:
        time.sleep(0.02)
    if open_events > 0:
        report["elsewhere"].append(f"{open_events} events were never answered")


def plain():
    user, organisation = PLANTED["user"], PLANTED["organisation"]
    email, phone, name = PLANTED["email"], PLANTED["phone"], PLANTED["name"]
    who = EventOptions(user_id=user, device_id=DEVICE)
    clients = []
    for i, path in enumerate(["/2/httpapi", "/batch"]):
        first = 1000 * (i + 1)
        a = client(path, min_id_length=3 if i == 0 else None)
        clients.append(a)
        call("track", first, lambda: a.track(BaseEvent(event_type="Report Exported", user_id=user, device_id=DEVICE, event_properties=properties(first))))
        call("track with everything", first + 1, lambda: a.track(BaseEvent(
            event_type="Report Exported", user_id=user, device_id=DEVICE, event_properties=properties(first + 1),
            user_properties={"plan": "pro", "email": email}, groups={"company": [organisation, organisation + "-two"]},
            ip=PLANTED["ip"], platform="Web", os_name="macOS", os_version="15.1", device_brand="Apple", device_model="MacBookPro",
            carrier="Telekom", country="Germany", region="Berlin", city="Berlin", location_lat=52.52, location_lng=13.405,
            idfa="AEBE52E7-03EE-455A-B3C4-E57283966239", idfv="BCCE52E7-03EE-321A-B3D4-E57123966239",
            adid="38400000-8cf0-11bd-b23e-10b96e40000d", android_id="9774d56d682e549c", session_id=int(time.time() * 1000),
            price=9.99, quantity=2, revenue=19.98, product_id="sku-1", revenue_type="purchase")))
        call("track with an unclean name", None, lambda: a.track(BaseEvent(event_type="Invited " + email, user_id=user)))
        ops = Identify()
        ops.set("plan", "pro").set("email", email).set("name", name).set("phone", phone).set_once("first_seen", "2024-03-01")
        ops.add("logins", 1).append("emails", email).prepend("alerts", email).pre_insert("tags", "x").post_insert("tags_two", [email])
        ops.remove("roles", email).unset("legacy_id")
        call("identify", None, lambda: a.identify(ops, who))
        clear = Identify()
        clear.clear_all()
        call("identify and clear", None, lambda: a.identify(clear, who))
        group = Identify()
        group.set("name", name).set("plan", "pro")
        call("group_identify", None, lambda: a.group_identify("company", organisation, group, who))
        call("set_group", None, lambda: a.set_group("company", [organisation], who))
        bought = Revenue(price=49.99, quantity=2, product_id="sku-1", revenue_type="purchase", properties=properties(first + 2))
        call("revenue", first + 2, lambda: a.revenue(bought, who))
        for n in range(first + 100, first + 220):
            call("track many", n, lambda: a.track(BaseEvent(event_type="Page Viewed", user_id=f"user-{n}", event_properties=properties(n))))
    finish(*clients)


def faults():
    a = client("/2/httpapi")
    for n in range(FAULT_EVENTS * 4):
        call("track", n, lambda: a.track(BaseEvent(event_type="Page Viewed", user_id=PLANTED["user"], event_properties={"n": n, "plan": "pro"})))
    finish(a)


plain() if what == "plain" else faults()
print_report()
