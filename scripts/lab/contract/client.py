"""
Sends a study to a gateway, knowing nothing of it but /openapi.json: python3 client.py FILE, where FILE is JSON with
`api`, `username`, `password`, and the `instances` to send, each with its `file` and its UIDs. The first one goes by
STOW-RS too. Finds operations by their ids, fills in their examples, and holds what it sends and gets against their
schemas. Needs jsonschema.
"""

import base64
import copy
import hashlib
import json
import secrets
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

from jsonschema import Draft202012Validator, FormatChecker

JSON = "application/json"
OCTETS = "application/offset+octet-stream"
METHODS = ("get", "put", "post", "patch", "delete", "head")
WAIT_SECONDS = 300


def base64_of(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


class Contract:
    def __init__(self, api):
        self.api, self.token, self.calls, self.status = api, None, 0, None
        with urllib.request.urlopen(f"{api}/openapi.json") as answer:
            self.document = json.load(answer)
        self.operations = {
            operation["operationId"]: (method, path, operation)
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
            if method in METHODS
        }

    def validate(self, what, schema, value):
        whole = {**schema, "components": self.document["components"]}
        errors = list(Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(value))
        if errors:
            raise SystemExit(f"{what}: {errors[0].message} at {list(errors[0].absolute_path)}")

    def example(self, name):
        return copy.deepcopy(self.operations[name][2]["requestBody"]["content"][JSON]["example"])

    def schema_of(self, name):
        return {"$ref": f"#/components/schemas/{name}"}

    def address(self, name, given):
        """The address with its parameters; the headers that the operation names."""
        _, path, operation = self.operations[name]
        query, headers, left = {}, {}, dict(given)
        for parameter in operation.get("parameters", []):
            key = parameter["name"]
            if key not in left:
                if parameter.get("required"):
                    raise SystemExit(f"{name}: {key} is needed")
                continue
            value = left.pop(key)
            self.validate(f"{name} {key}", parameter["schema"], value)
            if parameter["in"] == "path":
                path = path.replace("{" + key + "}", urllib.parse.quote(str(value), safe=""))
            else:
                (query if parameter["in"] == "query" else headers)[key] = str(value)
        if left:
            raise SystemExit(f"{name} knows no {list(left)}")
        return self.api + path + ("?" + urllib.parse.urlencode(query) if query else ""), headers

    def call(self, name, expected, given=None, body=None, media_type=JSON):
        """The answer's body, parsed where it is JSON, and its headers. Several statuses may be expected."""
        method, _, operation = self.operations[name]
        url, headers = self.address(name, given or {})
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        data = body
        if body is not None:
            kinds = operation["requestBody"]["content"]
            kind = next(kind for kind in kinds if media_type.startswith(kind))
            headers["Content-Type"] = media_type
            if not isinstance(body, bytes):
                self.validate(f"{name} (request)", kinds[kind]["schema"], body)
                data = json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, headers=headers, method=method.upper())
        try:
            with urllib.request.urlopen(request) as answer:
                return self.read(name, expected, answer)
        except urllib.error.HTTPError as answer:
            return self.read(name, expected, answer)

    def read(self, name, expected, answer):
        method, _, operation = self.operations[name]
        raw, status = answer.read(), str(answer.status)
        if answer.status not in (expected if isinstance(expected, tuple) else (expected,)):
            raise SystemExit(f"{name}: {status} {raw.decode()}")
        self.calls, self.status = self.calls + 1, answer.status
        response = operation["responses"][status]
        if "$ref" in response:
            response = self.document["components"]["responses"][response["$ref"].split("/")[-1]]
        for header in response.get("headers", {}):
            if header == "Location" and answer.headers[header] is None:
                raise SystemExit(f"{name}: no {header}")
        contents = response.get("content", {})
        if not contents or method == "head":
            return None, answer.headers
        media_type = answer.headers.get_content_type()
        body = json.loads(raw) if media_type.endswith("json") else raw.decode()
        self.validate(f"{name} (answer)", contents[media_type]["schema"], body)
        return body, answer.headers


def parcel_of(instances):
    """As the request body of createParcel describes it."""
    boundary = secrets.token_hex(16)
    lines = []
    for one in instances:
        digest = base64_of(hashlib.sha256(one["bytes"]).digest())
        headers = [
            f"--{boundary}",
            f"Content-Type: application/dicom; transfer-syntax={one['transferSyntaxUID']}",
            f"Content-Location: {one['sopInstanceUID']}",
            f"Content-Length: {len(one['bytes'])}",
            f"Unencoded-Digest: sha-256=:{digest}:",
        ]
        lines += [*(header.encode() for header in headers), b"", one["bytes"]]
    return b"\r\n".join([*lines, f"--{boundary}--".encode(), b""])


def manifest_of(example, study, instances):
    template = example["instances"][0]
    example["studyInstanceUID"] = study
    example["instances"] = [
        {
            **template,
            **{key: one[key] for key in ("sopInstanceUID", "seriesInstanceUID", "sopClassUID", "transferSyntaxUID")},
            "bytes": len(one["bytes"]),
            "digest": hashlib.sha256(one["bytes"]).hexdigest(),
        }
        for one in instances
    ]
    return example


def send_parcel(contract, upload_id, parcel):
    metadata = f"upload {base64_of(upload_id)},parcel {base64_of(str(uuid.uuid4()))}"
    tus = {"Tus-Resumable": "1.0.0"}
    announced = {**tus, "Upload-Length": len(parcel), "Upload-Metadata": metadata}
    half = len(parcel) // 2
    _, headers = contract.call("createParcel", 201, announced, parcel[:half], OCTETS)
    at = {**tus, "id": headers["Location"].split("/")[-1]}
    _, headers = contract.call("getOffset", 200, at)
    offset = int(headers["Upload-Offset"])
    _, headers = contract.call("sendPiece", 204, {**at, "Upload-Offset": offset}, parcel[offset:], OCTETS)
    assert int(headers["Upload-Offset"]) == len(parcel)


def wait_until_closed(contract, upload_id):
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        status, _ = contract.call("getUploadStatus", 200, {"id": upload_id})
        if status["state"] == "closed":
            return
        time.sleep(0.2)
    raise SystemExit(f"not in the PACS after {WAIT_SECONDS} s: {status}")


def store(contract, instance):
    """By STOW-RS, until the PACS has confirmed it."""
    boundary = secrets.token_hex(16)
    part = [f"--{boundary}".encode(), b"Content-Type: application/dicom", b"", instance["bytes"]]
    body = b"\r\n".join([*part, f"--{boundary}--".encode(), b""])
    media_type = f'multipart/related; type="application/dicom"; boundary={boundary}'
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        answer, _ = contract.call("storeInstances", (200, 202), {"policy": "identified"}, body, media_type)
        if contract.status == 200:
            return [item["00081155"]["Value"][0] for item in answer["00081199"]["Value"]]
    raise SystemExit(f"not in the PACS by STOW-RS after {WAIT_SECONDS} s")


def read_receipt(contract, upload_id):
    """The payload of the JWS, after a look at the names of its key and at its form."""
    jws, _ = contract.call("getUploadReceipt", 200, {"id": upload_id})
    header, payload = (
        json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in jws.split(".")[:2]
    )
    keys, _ = contract.call("getJwks", 200)
    assert header["kid"] in [key["kid"] for key in keys["keys"]]
    contract.validate("the receipt", contract.schema_of("Receipt"), payload)
    return payload


def main(path):
    with open(path, encoding="utf-8") as file:
        task = json.load(file)
    instances = task["instances"]
    for one in instances:
        with open(one["file"], "rb") as file:
            one["bytes"] = file.read()
    contract = Contract(task["api"])
    login = {**contract.example("signIn"), "username": task["username"]}
    refusal, _ = contract.call("signIn", 401, body={**login, "password": "a guess"})
    assert refusal["code"] == "wrong-credentials"
    session, _ = contract.call("signIn", 200, body={**login, "password": task["password"]})
    contract.token = session["accessToken"]
    manifest = manifest_of(contract.example("initUpload"), instances[0]["studyInstanceUID"], instances)
    answer, _ = contract.call("initUpload", 200, body=manifest)
    needed = {(one["sopInstanceUID"], one["digest"]) for one in answer["need"]}
    assert len(needed) == len(instances)
    for series in sorted({one["seriesInstanceUID"] for one in instances}):
        of_series = [one for one in instances if one["seriesInstanceUID"] == series]
        send_parcel(contract, answer["uploadId"], parcel_of(of_series))
    contract.call("completeUpload", 200, {"id": answer["uploadId"]})
    wait_until_closed(contract, answer["uploadId"])
    receipt = read_receipt(contract, answer["uploadId"])
    stored = [one for one in receipt["instances"] if one["state"] == "stored"]
    assert {(one["sopInstanceUID"], one["digest"]) for one in stored} == needed
    assert store(contract, instances[0]) == [instances[0]["sopInstanceUID"]]
    print(f"{contract.calls} calls by the contract, {len(stored)} instances in the receipt, and one by STOW-RS")


main(sys.argv[1])
