"""A DICOMweb client of a few lines: plain HTTP and pydicom. Arguments: address of /dicom-web, policy, files. The
environment has the key. It stores the files, searches for their study under the UID that the answer gives it, retrieves
it and prints what came back as JSON."""
import email
import io
import json
import os
import sys
import urllib.request

import pydicom

root, policy, *paths = sys.argv[1:]
HEADERS = {"Authorization": "Bearer " + os.environ["RELAY_KEY"]}
BOUNDARY = "a-boundary-of-python"


def ask(path, accept, body=None):
    headers = {**HEADERS, "Accept": accept}
    if body is not None:
        headers["Content-Type"] = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
    with urllib.request.urlopen(urllib.request.Request(root + path, body, headers)) as answer:
        return answer.headers["Content-Type"], answer.read()


parts = []
for path in paths:
    with open(path, "rb") as file:
        parts.append(f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode() + file.read() + b"\r\n")
_, answer = ask(f"/studies?policy={policy}", "application/dicom+json", b"".join(parts) + f"--{BOUNDARY}--".encode())
stored = json.loads(answer)
study = stored["00081190"]["Value"][0].rsplit("/", 1)[1]
_, rows = ask(f"/studies?StudyInstanceUID={study}", "application/dicom+json")
_, metadata = ask(f"/studies/{study}/metadata", "application/dicom+json")
accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
content_type, body = ask(f"/studies/{study}", accept)
message = email.message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
came = [pydicom.dcmread(io.BytesIO(part.get_payload(decode=True))) for part in message.get_payload()]
print(
    json.dumps(
        {
            "stored": len(stored["00081199"]["Value"]),
            "names": [str(pydicom.Dataset.from_json(row).PatientName) for row in json.loads(rows)],
            "metadata": len(json.loads(metadata)),
            "instances": sorted(str(one.SOPInstanceUID) for one in came),
            "pixels": [one.pixel_array.shape for one in came],
        }
    )
)
