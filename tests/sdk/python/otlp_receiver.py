"""OpenTelemetry's own classes (PyPI `opentelemetry-proto`) over requests that a stand-in has kept: one JSON object a line, `{"json": bool, "body": "base64"}`.
Prints one JSON line: the records, in the form of their JSON mapping, and the resources."""

import base64
import json
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

records, resources, unknown = [], [], 0
for line in sys.stdin:
    request = json.loads(line)
    body = base64.b64decode(request["body"])
    message = ExportLogsServiceRequest()
    if request["json"]:
        json_format.Parse(body, message)
    else:
        message.ParseFromString(body)
        # What a field of ours would be that they do not know.
        known = ExportLogsServiceRequest()
        known.CopyFrom(message)
        known.DiscardUnknownFields()
        unknown += len(message.SerializeToString()) - len(known.SerializeToString())
    said = json_format.MessageToDict(message)
    for logs in said["resourceLogs"]:
        resources.append(logs["resource"])
        for scope in logs["scopeLogs"]:
            records.extend(scope["logRecords"])
print(json.dumps({"records": records, "resources": resources, "unknown_bytes": unknown}))
