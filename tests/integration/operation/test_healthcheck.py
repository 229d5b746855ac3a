"""What containers ask themselves."""

from django.conf import settings
from redis import Redis

from ignition import beat, healthcheck


def test_a_beat_is_well_while_any_has_the_turn(db, monkeypatch):
    monkeypatch.setenv("REDIS_URL", settings.REDIS_URL)
    assert not healthcheck.some_beat_has_the_turn()
    with Redis.from_url(settings.REDIS_URL) as valkey:
        valkey.set(beat.KEY, "somebody", ex=beat.TURN_SECONDS)
    assert healthcheck.some_beat_has_the_turn()


def test_a_container_finds_its_settings_in_files_as_the_application_does(db, monkeypatch, tmp_path):
    for name, value in (("REDIS_URL", settings.REDIS_URL), ("PUBLIC_URL", "https://practice.example")):
        (tmp_path / name).write_text(f"{value}\n")
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    with Redis.from_url(settings.REDIS_URL) as valkey:
        valkey.set(beat.KEY, "somebody", ex=beat.TURN_SECONDS)
    assert healthcheck.some_beat_has_the_turn()
    assert not healthcheck.web_answers(port=1)


def test_a_web_process_that_does_not_answer_is_not_well(monkeypatch):
    monkeypatch.setenv("PUBLIC_URL", "https://practice.example")
    assert not healthcheck.web_answers(port=1)
