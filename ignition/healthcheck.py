"""`python -m ignition.healthcheck [beat]`: whether the process of this container does its work, by its exit code."""

import sys
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from redis import Redis
from redis.exceptions import RedisError

from ignition.environment import required

PORT = 8000
SECONDS = 3


def web_answers(port: int = PORT) -> bool:
    """Whether the web process of this machine answers `/healthz` as the proxy would ask it."""
    host = urlsplit(required("PUBLIC_URL")).netloc
    headers = {"Host": host, "X-Forwarded-Proto": "https"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/healthz", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def some_beat_has_the_turn() -> bool:
    """Whether any beat renewed its turn lately; one that waits for it is as healthy as the one that has it."""
    try:
        with Redis.from_url(required("REDIS_URL"), socket_timeout=SECONDS) as valkey:
            return bool(valkey.exists("beat:turn"))
    except RedisError:
        return False


if __name__ == "__main__":
    is_well = some_beat_has_the_turn() if sys.argv[1:] == ["beat"] else web_answers()
    sys.exit(0 if is_well else 1)
