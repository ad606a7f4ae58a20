"""The document at `/openapi.json` is valid, covers every route, and its examples are what it says they are."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from invy.web.problem import MEDIA_TYPE
from tests.web.asgi import Client
from tests.web.stand import Stand
from tests.web.test_api_access import GUARDED

OPEN = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/whatsapp/webhook"), ("POST", "/whatsapp/webhook")}


@pytest.fixture
async def document(sqlite_stand: Stand) -> Any:
    answered = await sqlite_stand.client.get("/openapi.json")
    assert answered.status == 200
    return answered.json


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def nodes(part: Any) -> Iterator[Any]:
    yield part
    children = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    for child in children:
        yield from nodes(child)


def test_it_is_openapi_3_1_with_a_name_for_every_operation(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"]
    assert document["info"]["version"]
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    for method, path, operation in operations(document):
        assert operation["summary"], (method, path)
        assert operation["responses"], (method, path)
        named = set(re.findall(r"{(\w+)}", path))
        given = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert named == given, (method, path)


def test_every_reference_leads_somewhere(document: Any) -> None:
    for node in nodes(document):
        if isinstance(node, dict) and isinstance(reference := node.get("$ref"), str):
            target = document
            for step in reference.removeprefix("#/").split("/"):
                target = target[step]


def test_every_schema_is_valid_and_every_example_fits_it(document: Any) -> None:
    schemas = document["components"]["schemas"]
    examples = 0
    for name, schema in schemas.items():
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
        whole = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        for example in schema.get("examples", []):
            Draft202012Validator(whole).validate(example)
            examples += 1
        for field in schema.get("properties", {}).values():
            for example in field.get("examples", []):
                Draft202012Validator(field | {"components": document["components"]}).validate(example)
                examples += 1
    assert examples >= 10


def test_every_route_is_in_it_and_says_whether_it_needs_a_token(document: Any) -> None:
    documented = {(method, re.sub(r"{\w+}", "{}", path)) for method, path, _ in operations(document)}
    guarded = {(method, re.sub("wedding|wamid.A|reminder", "{}", path)) for method, path in GUARDED}

    assert documented == guarded | OPEN | {("GET", "/metrics")}
    for method, path, operation in operations(document):
        assert bool(operation.get("security")) == ((method, path) not in OPEN), (method, path)
    (scheme,) = document["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


def test_every_error_of_the_api_is_a_problem_document(document: Any) -> None:
    for method, path, operation in operations(document):
        if not path.startswith("/api/"):
            continue
        errors = {status: shown for status, shown in operation["responses"].items() if status >= "400"}
        assert {"401", "422", "503"} <= set(errors), (method, path)
        for status, shown in errors.items():
            assert set(shown["content"]) == {MEDIA_TYPE}, (method, path, status)


async def test_it_has_no_pages_that_load_scripts_from_elsewhere(sqlite_stand: Stand) -> None:
    client: Client = sqlite_stand.client

    assert [(await client.get(path)).status for path in ("/docs", "/redoc")] == [404, 404]
