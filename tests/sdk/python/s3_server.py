"""PyPI `moto` as an S3-compatible server that verifies signatures: `s3_server.py BUCKET [read]`. Prints one JSON line with its endpoint and
an access key that may put objects into the bucket and, with `read`, get and list them, and nothing else; then, for each line of input, one with every object."""

import base64
import json
import os
import sys

# Making the user, its key, its policy and the bucket; after them every request is held against the policy, signature included.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "4"

import boto3
from moto.server import ThreadedMotoServer

bucket = sys.argv[1]
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
endpoint = f"http://127.0.0.1:{port}"


def client(service, key="none", secret="none"):
    return boto3.client(service, endpoint_url=endpoint, region_name="eu-central-1", aws_access_key_id=key, aws_secret_access_key=secret)


iam = client("iam")
iam.create_user(UserName="weir")
key = iam.create_access_key(UserName="weir")["AccessKey"]
may = ["s3:PutObject", "s3:GetObject", "s3:ListBucket"] if sys.argv[2:] == ["read"] else ["s3:PutObject"]
resources = [f"arn:aws:s3:::{bucket}/*", f"arn:aws:s3:::{bucket}"]
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": may, "Resource": resources}]}
iam.put_user_policy(UserName="weir", PolicyName="put", PolicyDocument=json.dumps(policy))
client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
print(json.dumps({"endpoint": endpoint, "access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}), flush=True)

from moto.s3.models import s3_backends

for _ in sys.stdin:
    held = next(iter(s3_backends.values()))["aws"].buckets[bucket].keys
    objects = {name: base64.b64encode(held[name].value).decode() for name in held}
    print(json.dumps(objects), flush=True)
server.stop()
