"""PyPI `posthog` against a base URL: `posthog_driver.py plain|faults http://host:port/path token`."""

import datetime
import logging

from posthog import Posthog

from report import FAULT_EVENTS, PLANTED, base, called, print_report, report, token, what
from report import properties as report_properties

logging.getLogger("posthog").setLevel(logging.CRITICAL)


def failed(error, batch):
    """What the SDK tells of a batch that it gives up."""
    for event in batch:
        n = (event.get("properties") or {}).get("n")
        if n is None:
            report["elsewhere"].append(f"{event.get('event')}: {error}")
        else:
            report["failed"].append(n)


def client(**more):
    return Posthog(token, host=base, flush_interval=0.1, on_error=failed, **more)


def properties(n):
    return report_properties(n, nothing=float("nan"))


def call(name, n, start):
    called(name, n)
    start()


def calls(posthog, first):
    user, organisation, email = PLANTED["user"], PLANTED["organisation"], PLANTED["email"]

    def capture(n, event="Report Exported", distinct_id=user, **more):
        more.setdefault("properties", properties(n))
        call(event, n, lambda: posthog.capture(event, distinct_id=distinct_id, **more))

    capture(first)
    capture(first + 1, groups={"company": organisation})
    capture(first + 2, properties={**properties(first + 2), "$set": {"email": email, "plan": "pro"}, "$set_once": {"email": email}})
    capture(first + 3, timestamp=datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1))
    capture(None, event="Invited " + email)
    capture(first + 4, distinct_id=None)
    call("set", None, lambda: posthog.set(distinct_id=user, properties={"email": email, "name": PLANTED["name"], "plan": "pro"}))
    call("set_once", None, lambda: posthog.set_once(distinct_id=user, properties={"first_seen": "2024-03-01", "email": email}))
    call("alias", None, lambda: posthog.alias(PLANTED["other_user"], user))
    call("group_identify", None, lambda: posthog.group_identify("company", organisation, {"name": PLANTED["name"], "plan": "pro"}))
    try:
        local_variable = email  # noqa: F841, what a stack frame may carry along
        raise ValueError("no card for " + email)
    except ValueError as error:
        exception = error
        call("capture_exception", None, lambda: posthog.capture_exception(exception, distinct_id=user))
    capture(
        first + 5,
        event="$ai_generation",
        properties={
            "n": first + 5, "plan": "pro", "$ai_model": "gpt-4o-mini", "$ai_input_tokens": 12, "$ai_trace_id": "trace-1",
            "$ai_input": [{"role": "user", "content": "Planted prompt of " + PLANTED["name"]}],
            "$ai_output_choices": [{"role": "assistant", "content": "planted-answer"}],
        },
    )
    call("get_feature_flag", None, lambda: posthog.get_feature_flag("beta-ui", user, person_properties={"email": email}))
    call("get_all_flags", None, lambda: posthog.get_all_flags(user, groups={"company": organisation}))
    for n in range(first + 100, first + 250):
        capture(n, event="Page Viewed", distinct_id=f"user-{n}")


def plain():
    clients = [
        client(),
        client(gzip=True),
        client(capture_mode="v1", capture_compression="none"),
        client(capture_mode="v1", capture_compression="gzip"),
        client(capture_mode="v1", capture_compression="deflate"),
    ]
    for place, posthog in enumerate(clients):
        calls(posthog, 1000 * (place + 1))
    secret = client(personal_api_key="phx_planted_personal_key", poll_interval=60)
    call("load_feature_flags", None, secret.load_feature_flags)
    call("local evaluation", None, lambda: secret.get_feature_flag("beta-ui", PLANTED["user"], only_evaluate_locally=True))
    for posthog in [*clients, secret]:
        posthog.shutdown()


def faults():
    for place, mode in enumerate(["v0", "v1"]):
        posthog = client(capture_mode=mode, flush_at=4)
        for k in range(FAULT_EVENTS * 2):
            n = 1000 * place + k
            call("capture", n, lambda n=n: posthog.capture("Page Viewed", distinct_id=PLANTED["user"], properties={"n": n, "plan": "pro"}))
        posthog.shutdown()


{"plain": plain, "faults": faults}[what]()
print_report()
