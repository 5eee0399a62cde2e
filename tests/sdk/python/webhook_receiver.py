"""PyPI `standardwebhooks` over requests that a stand-in has kept: one JSON object a line, `{"headers": {…}, "body": "base64", "secret": "whsec_…"}`.
Prints one JSON line: how many it verified, and how often it refused the same request with another byte."""

import base64
import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

verified, refused, records = 0, 0, 0
for line in sys.stdin:
    request = json.loads(line)
    receiver = Webhook(request["secret"])
    body = base64.b64decode(request["body"])
    records += len(receiver.verify(body, request["headers"]))
    verified += 1
    try:
        receiver.verify(body[:-1] + b" ]", request["headers"])
    except WebhookVerificationError:
        refused += 1
print(json.dumps({"verified": verified, "refused": refused, "records": records}))
