"""
Reads {document, schema} from a file: an OpenAPI 3.1 document, and OpenAPI's own JSON Schema of such documents. Prints
what Debian's python3-jsonschema thinks of it: of the document, of each schema in it, of each pattern, of each example.
"""

import json
import re
import sys

from jsonschema import Draft202012Validator, FormatChecker

METHODS = ("get", "put", "post", "patch", "delete", "head")
with open(sys.argv[1], encoding="utf-8") as file:
    asked = json.load(file)
document = asked["document"]
components = {"components": document["components"]}
said = {"schemas": 0, "patterns": 0, "examples": 0, "errors": []}


def complain(where, error):
    at = "/".join(str(part) for part in error.absolute_path)
    said["errors"].append(f"{where} {at}: {error.message[:300]}")


def patterns(schema):
    if isinstance(schema, list):
        for one in schema:
            yield from patterns(one)
    elif isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for one in schema.values():
            yield from patterns(one)


def judge(where, schema):
    said["schemas"] += 1
    for error in Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema):
        complain(where, error)
    for pattern in patterns(schema):
        said["patterns"] += 1
        try:
            re.compile(pattern)
        except re.error as error:
            said["errors"].append(f"{where}: {pattern}: {error}")


def judge_example(where, holder):
    if "example" not in holder:
        return
    said["examples"] += 1
    validator = Draft202012Validator({**components, **holder["schema"]}, format_checker=FormatChecker())
    for error in validator.iter_errors(holder["example"]):
        complain(f"{where} (example)", error)


def judge_holder(where, holder):
    if "schema" in holder:
        judge(where, holder["schema"])
        judge_example(where, holder)


for error in Draft202012Validator(asked["schema"]).iter_errors(document):
    complain("the document", error)
for name, schema in document["components"]["schemas"].items():
    judge(name, schema)
holders = [(name, response) for name, response in document["components"]["responses"].items()]
for path, operations in document["paths"].items():
    for method in METHODS:
        operation = operations.get(method, {})
        for parameter in operation.get("parameters", []):
            judge_holder(f"{method} {path} {parameter['name']}", parameter)
        holders.append((f"{method} {path}", operation.get("requestBody", {})))
        holders += [(f"{method} {path} {status}", one) for status, one in operation.get("responses", {}).items()]
for where, holder in holders:
    for media_type, content in holder.get("content", {}).items():
        judge_holder(f"{where} {media_type}", content)
json.dump(said, sys.stdout)
