"""Clients, sessions and threads of a process that works on: what is dear to make is made once."""

import sys

import pytest
from django.core.cache import cache
from django.db import connections
from kombu.transport import get_transport_cls

from ignition.broker import Transport
from ignition.celery import SESSION_SECONDS, SWITCH_SECONDS, app, settle_in


def test_the_cache_is_asked_over_one_client():
    cache.set("kept", 1)
    assert cache.get("kept") == 1
    client = cache._cache.get_client("kept")
    assert cache._cache.get_client("another", write=True) is client


def test_messages_are_sent_over_one_client():
    with app.connection_for_write() as broker:
        channel = broker.default_channel
        with channel.conn_or_acquire() as first, channel.conn_or_acquire() as second:
            assert first is second
            assert first.ping()
        assert channel.client is not first, "what waits for messages has its connection to itself"


def test_a_channel_whose_connections_were_ended_gets_another_client():
    with app.connection_for_write() as broker:
        channel = broker.default_channel
        with channel.conn_or_acquire() as before:
            assert before.ping()
        channel._disconnect_pools()
        with channel.conn_or_acquire() as after:
            assert after is not before
            assert after.ping()


def test_messages_over_tls_take_the_same_way():
    assert get_transport_cls("redis") is get_transport_cls("rediss") is Transport


def test_threads_of_a_worker_keep_their_sessions_and_leave_one_another_alone(monkeypatch):
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 60)
    before = sys.getswitchinterval()
    try:
        settle_in()
        assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)
    finally:
        sys.setswitchinterval(before)
    assert connections.settings["default"]["CONN_MAX_AGE"] == SESSION_SECONDS
