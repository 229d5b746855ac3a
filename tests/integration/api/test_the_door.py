"""Who gets in, how fast, and each POST at most once."""

import json
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from clients.models import Client
from practices.api_keys import revoke_api_key
from practices.models import ApiKey, AuditEntry, IdempotentAnswer
from practices.tenancy import practice_scope
from tests.racing import in_parallel

NEW = {"name": "Harbour Bakery Ltd"}


def post(program, path, body, **headers):
    return program.post(path, json.dumps(body), content_type="application/json", headers=headers)


def names(practice) -> list[str]:
    with practice_scope(practice.pk):
        return list(Client.objects.order_by("name").values_list("name", flat=True))


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer ign_", "Bearer ign_000000000000_x", "Basic YTpi"])
def test_without_a_valid_key_there_is_nothing(cast, client, token):
    answer = client.get("/api/v1/clients/", headers={"Authorization": token})
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_session_of_a_person_is_no_key(client_of):
    assert client_of("alice").get("/api/v1/clients/").status_code == 401


def test_a_revoked_key_opens_nothing(brook, program_of):
    program = program_of(brook)
    assert program.get("/api/v1/practice/").status_code == 200
    with practice_scope(brook.pk):
        revoke_api_key(ApiKey.objects.get())
    assert program.get("/api/v1/practice/").status_code == 401


def test_only_the_hash_of_a_key_is_kept(brook, key_for):
    secret = key_for(brook).rpartition("_")[2]
    assert secret not in str(ApiKey.objects.values().get())


def test_a_key_does_only_what_its_scopes_say(brook, program_of):
    reader = program_of(brook, ["clients:read"])
    assert reader.get("/api/v1/clients/").status_code == 200
    refused = post(reader, "/api/v1/clients/", NEW)
    assert (refused.status_code, refused.json()["detail"]) == (403, "This key lacks the scope clients:write.")
    assert reader.get("/api/v1/invoices/").status_code == 403
    assert names(brook) == []


def test_f89_a_key_of_one_practice_finds_nothing_of_another(brook, cedar, program_of):
    mine = post(program_of(brook), "/api/v1/clients/", NEW).json()
    stranger = program_of(cedar)
    assert stranger.get("/api/v1/clients/").json()["results"] == []
    path = f"/api/v1/clients/{mine['id']}/"
    assert stranger.get(path).status_code == 404
    assert stranger.patch(path, "{}", content_type="application/json").status_code == 404
    assert post(stranger, f"{path}archive/", {}).status_code == 404


def test_what_a_program_does_names_its_key(brook, program_of):
    post(program_of(brook), "/api/v1/clients/", NEW)
    with practice_scope(brook.pk):
        entry = AuditEntry.objects.get(action="client.added")
    assert (entry.actor, entry.data["api_key_name"]) == (None, "Test program")


def test_a_repeated_post_is_done_once_and_answered_the_same(brook, program_of):
    program = program_of(brook)
    first = post(program, "/api/v1/clients/", NEW, **{"Idempotency-Key": "one"})
    again = post(program, "/api/v1/clients/", NEW, **{"Idempotency-Key": "one"})
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert names(brook) == ["Harbour Bakery Ltd"]


def test_attack_02_another_programs_answer_is_not_repeated_to_a_key_without_its_scope(brook, program_of):
    writer, reader = program_of(brook), program_of(brook, ["invoices:read"])
    made = post(writer, "/api/v1/clients/", NEW, **{"Idempotency-Key": "one"})
    refused = post(reader, "/api/v1/clients/", NEW, **{"Idempotency-Key": "one"})
    assert (made.status_code, refused.status_code) == (201, 403)
    assert "Harbour" not in refused.content.decode()


def test_two_programs_may_name_their_requests_alike(brook, program_of):
    first, second = (
        post(program_of(brook), "/api/v1/clients/", {"name": name}, **{"Idempotency-Key": "one"})
        for name in ("Harbour Bakery Ltd", "Mill Lane Dental")
    )
    assert (first.status_code, second.status_code) == (201, 201)


def test_a_refusal_is_replayed_too(brook, program_of):
    program = program_of(brook)
    first, again = (
        post(program, "/api/v1/clients/", {"name": ""}, **{"Idempotency-Key": "one"}) for _ in range(2)
    )
    assert first.status_code == again.status_code == 400
    assert first.json() == again.json()


def test_ten_posts_of_one_key_at_once_add_one_client(brook, key_for):
    from django.test import Client as Browser

    headers = {"Authorization": f"Bearer {key_for(brook)}", "Idempotency-Key": "race"}
    answers = in_parallel(
        10, lambda: Browser(headers=headers).post("/api/v1/clients/", json.dumps(NEW), "application/json")
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert names(brook) == ["Harbour Bakery Ltd"]


def test_a_key_used_for_another_body_is_refused(brook, program_of):
    program = program_of(brook)
    post(program, "/api/v1/clients/", NEW, **{"Idempotency-Key": "one"})
    other = post(program, "/api/v1/clients/", {"name": "Mill Lane Dental"}, **{"Idempotency-Key": "one"})
    assert other.status_code == 422
    assert names(brook) == ["Harbour Bakery Ltd"]


def test_an_answer_is_kept_for_a_day(brook, program_of):
    program = program_of(brook)
    post(program, "/api/v1/clients/", NEW, **{"Idempotency-Key": "one"})
    with practice_scope(brook.pk):
        IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))
    post(program, "/api/v1/clients/", {"name": "Mill Lane Dental"}, **{"Idempotency-Key": "one"})
    assert names(brook) == ["Harbour Bakery Ltd", "Mill Lane Dental"]


def test_too_many_requests_are_told_when_to_come_back(brook, program_of, settings):
    settings.API_REQUESTS_PER_MINUTE = 2
    program = program_of(brook)
    answers = [program.get("/api/v1/practice/") for _ in range(3)]
    if [answer.status_code for answer in answers] != [200, 200, 429]:  # The minute turned in between.
        cache.clear()
        answers = [program.get("/api/v1/practice/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert 0 < int(answers[2].headers["Retry-After"]) <= 60


@pytest.mark.parametrize(
    "body", ["{", '{"name": NaN}', "[" * 100_000, '"\\ud800"', "\x00", "[]", '{"name": {"$gt": ""}}']
)
def test_a_body_that_does_not_fit_is_a_clear_refusal(brook, program_of, body):
    answer = program_of(brook).post("/api/v1/clients/", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["title"]


def test_fields_nobody_may_set_are_left_alone(brook, cedar, program_of):
    body = {**NEW, "practice": cedar.pk, "status": "archived", "id": 7}
    made = post(program_of(brook), "/api/v1/clients/", body).json()
    assert made["status"] == "lead"
    assert names(cedar) == []
