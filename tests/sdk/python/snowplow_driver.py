"""PyPI `snowplow-tracker` against a base URL: `snowplow_driver.py plain|faults http://host:port/path key`."""

import logging
import time

from snowplow_tracker import (
    Emitter,
    PagePing,
    PageView,
    ScreenView,
    SelfDescribing,
    SelfDescribingJson,
    StructuredEvent,
    Subject,
    Tracker,
)

from report import FAULT_EVENTS, PLANTED, base, called, print_report, report, token, what
from report import properties as report_properties

logging.disable(logging.INFO)
email, user, other, organisation = (PLANTED[k] for k in ("email", "user", "other_user", "organisation"))
DEVICE = "93bc0e7f-3901-4b07-aee3-87fe5437f575"
LINK = f"https://app.example.com/x?token={PLANTED['secret']}&email={email}&gclid=abc123planted"


def properties(n):
    return report_properties(n, link=LINK, company=organisation, none=None, flag=True)


def describing(n, **more):
    schema = "iglu:com.acme/report_exported/jsonschema/1-0-0"
    return SelfDescribing(SelfDescribingJson(schema, properties(n)), **more)


def tracker(base64=True, **options):
    def failed(_count, _events):
        report["elsewhere"].append("a flush failed")

    subject = Subject().set_platform("srv").set_user_id(user).set_domain_user_id(DEVICE).set_network_user_id(other)
    subject.set_domain_session_id("d2b1a3f0-3c34-4f2a-8e6f-7d1f6c3a2b11").set_ip_address(PLANTED["ip"]).set_lang("de")
    subject.set_screen_resolution(1280, 720).set_useragent("Mozilla/5.0").set_timezone("Europe/Berlin")
    emitter = Emitter(base, on_failure=failed, **options)
    return Tracker("sp", emitter, subject=subject, app_id=token, encode_base64=base64)


def call(t, calls, n, event):
    called(calls, n)
    t.track(event)


def everything(t, first):
    entities = [
        SelfDescribingJson("iglu:com.acme/account/jsonschema/1-0-0", {"owner": email, "plan": "pro"}),
        SelfDescribingJson(
            "iglu:com.snowplowanalytics.snowplow/client_session/jsonschema/1-0-2",
            {"userId": DEVICE, "sessionId": "d2b1a3f0-3c34-4f2a-8e6f-7d1f6c3a2b11", "eventIndex": 1},
        ),
    ]
    call(t, "self-describing", first, describing(first))
    call(t, "with entities", first + 1, describing(first + 1, context=entities))
    old = int((time.time() - 3600) * 1000)
    call(t, "with a true time", first + 2, describing(first + 2, true_timestamp=old))
    nobody = Subject().set_network_user_id(other)
    call(t, "of somebody else", first + 3, describing(first + 3, event_subject=nobody))
    call(t, "page view", None, PageView(page_url=LINK, page_title=f"Pricing of {PLANTED['name']}", referrer=LINK))
    call(t, "page ping", None, PagePing(page_url=LINK, min_x=0, max_x=10, min_y=0, max_y=300))
    call(t, "screen view", None, ScreenView(id_=DEVICE, name="Home"))
    call(t, "structured", None, StructuredEvent("reports", "export", label=email, property_=PLANTED["note"], value=18.5))
    call(t, "unclean", None, StructuredEvent("reports", f"Invited {email}"))
    for n in range(first + 100, first + 130):
        call(t, "many", n, describing(n))
    t.flush()


def plain():
    everything(tracker(), 1000)
    everything(tracker(base64=False, batch_size=7), 2000)
    everything(tracker(method="get"), 3000)


def faults():
    t = tracker(batch_size=3)
    for n in range(FAULT_EVENTS):
        schema = "iglu:com.acme/page_viewed/jsonschema/1-0-0"
        call(t, "self-describing", n, SelfDescribing(SelfDescribingJson(schema, {"n": n, "plan": "pro"})))
    t.flush()


faults() if what == "faults" else plain()
print_report()
