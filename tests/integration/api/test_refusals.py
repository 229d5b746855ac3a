"""Whatever goes wrong at the door of the API is told in the API's own way, and nothing is done half."""

import json

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError as NoConnection

from clients.models import Client
from practices.tenancy import practice_scope

PATH = "/api/v1/clients/"
NEW = json.dumps({"name": "Harbour Bakery Ltd"})
JSON = "application/json"


@pytest.fixture
def program(brook, program_of):
    return program_of(brook)


def is_a_problem(answer, status: int, title: str) -> None:
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert (answer.json()["status"], answer.json()["title"]) == (status, title)


def test_every_kind_of_refusal_has_the_title_of_its_status(program):
    is_a_problem(program.delete(PATH), 405, "Method Not Allowed")
    is_a_problem(program.get(PATH, headers={"Accept": "application/xml"}), 406, "Not Acceptable")
    is_a_problem(program.post(PATH, "<a/>", content_type="text/xml"), 415, "Unsupported Media Type")
    is_a_problem(program.post(PATH, "{", content_type=JSON), 400, "Bad Request")


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "one"}])
def test_attack_54_too_large_a_body_is_refused_before_it_is_read(program, settings, headers):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    body = json.dumps({"name": "x" * 100})
    is_a_problem(program.post(PATH, body, content_type=JSON, headers=headers), 413, "Content Too Large")


def test_a_body_that_comes_in_pieces_is_not_taken_for_none(program):
    answer = program.post(PATH, NEW, content_type=JSON, CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")
    is_a_problem(answer, 411, "Length Required")


def test_a_post_to_an_address_without_its_last_slash_stays_a_post(program, brook):
    moved = program.post("/api/v1/clients?a=b", NEW, content_type=JSON)
    assert (moved.status_code, moved.headers["Location"]) == (308, "/api/v1/clients/?a=b")
    assert program.post("/api/v1/clients", NEW, content_type=JSON, follow=True).status_code == 201
    is_a_problem(program.get("/api/v1/nothing"), 404, "Not Found")


def test_programs_go_on_while_the_cache_is_away(program, monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise NoConnection

    monkeypatch.setattr(cache, "incr", away)
    answer = program.get(PATH)
    assert (answer.status_code, answer.json()["results"]) == (200, [])


@pytest.mark.parametrize("stated", ["*", '"other", {tag}'])
def test_a_change_may_name_any_state_or_several(program, brook, stated):
    made = program.post(PATH, NEW, content_type=JSON)
    path = f"{PATH}{made.json()['id']}/"
    headers = {"If-Match": stated.format(tag=made.headers["ETag"])}
    assert (
        program.patch(path, '{"city": "Hull"}', content_type=JSON, headers=headers).json()["city"] == "Hull"
    )


def test_no_kind_of_change_is_made_of_what_changed_meanwhile(program, brook):
    made = program.post(PATH, NEW, content_type=JSON)
    path = f"{PATH}{made.json()['id']}/"
    stale = {"If-Match": '"stale"'}
    is_a_problem(program.post(f"{path}archive/", headers=stale), 412, "Precondition Failed")
    with practice_scope(brook.pk):
        assert Client.objects.get().status == Client.Status.LEAD


@pytest.mark.parametrize("known", ["*", "W/{tag}", '"other", {tag}'])
def test_an_answer_the_caller_has_is_known_however_it_is_named(program, known):
    for path in ("/api/v1/practice/", "/api/v1/connection/", PATH):
        tag = program.get(path).headers["ETag"]
        answer = program.get(path, headers={"If-None-Match": known.format(tag=tag)})
        assert (answer.status_code, answer.content) == (304, b"")


def test_what_there_is_one_of_gives_only_the_fields_asked_for(program):
    assert program.get("/api/v1/practice/?fields=slug").json() == {"slug": "brook-co"}
    assert program.get("/api/v1/connection/?fields=status").json() == {"status": "not_connected"}
    assert program.get("/api/v1/practice/?fields=bogus").status_code == 400
