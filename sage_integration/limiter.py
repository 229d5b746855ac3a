"""The budget of requests to Sage: each business by the minute and by the day, all of us by the day.

Sage counts over a moving minute, so each token of the minute's bucket comes back exactly one
minute after it was spent: never more than `per_minute` in any sixty seconds, and none wasted.
A little of every budget is kept for what a person is waiting for. Several requests can be taken together, those
among them that come back while the ones before are under way: what left one after the other is allowed again one
after the other, so a turn need not wait for the last of them.

Valkey may lose its memory. Who remembers that it knew more than it does now holds every business back for one
whole minute: by then no request that was forgotten counts at Sage any more.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, cast
from uuid import uuid4

from redis import Redis
from redis.commands.core import Script
from redis.exceptions import RedisError

_ACQUIRE = """
local minute_key, day_key, app_key, pause_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local memory_key, emptied_key = KEYS[5], KEYS[6]
local per_minute, per_day, app_per_day = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local minute, wanted, known, mark, hold = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6], ARGV[7], tonumber(ARGV[8])
local pace = tonumber(ARGV[9])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local day = math.floor(now / 86400000)
local until_tomorrow = (day + 1) * 86400000 - now

-- Since when anything is remembered here; who knew of an earlier time has seen it forgotten.
local memory = redis.call('GET', memory_key)
if not memory then
  memory = tostring(now)
  redis.call('SET', memory_key, memory)
end
if known ~= '' and known ~= memory and now - tonumber(memory) < minute then
  redis.call('SET', emptied_key, 1, 'PX', minute - (now - tonumber(memory)))
end
local function refused(wait) return {0, wait, memory, now, 0} end
for _, key in ipairs({emptied_key, pause_key}) do
  local paused = redis.call('PTTL', key)
  if paused > 0 then return refused(paused) end
end

local function spent(key)
  local counted_day, count = unpack(redis.call('HMGET', key, 'day', 'count'))
  if tonumber(counted_day) == day then return tonumber(count) end
  return 0
end
local spent_today, app_spent_today = spent(day_key), spent(app_key)
if spent_today >= per_day or app_spent_today >= app_per_day then return refused(until_tomorrow) end

local since = '(' .. (now - minute)
local used = redis.call('ZCOUNT', minute_key, since, '+inf')
if used >= per_minute then
  local oldest = redis.call('ZRANGEBYSCORE', minute_key, since, '+inf', 'WITHSCORES', 'LIMIT', used - per_minute, 1)
  return refused(tonumber(oldest[2]) + minute - now)
end

local today = math.min(per_day - spent_today, app_per_day - app_spent_today)
local free = math.min(per_minute - used, today)
-- Sent one after the other at this pace, some more are allowed by the time it is their turn.
local room, returning, replaced = free, {}, {}
if pace > 0 and free < today then
  local first = redis.call('ZRANGEBYSCORE', minute_key, since, '+inf', 'WITHSCORES', 'LIMIT', 0, 100)
  for place = 1, #first, 2 do
    local back = tonumber(first[place + 1]) + minute - now
    if room >= today or back > room * pace then break end
    room = room + 1
    returning[#returning + 1] = back
    replaced[#replaced + 1] = first[place]
  end
end
local granted = math.min(wanted, room)
if granted == 0 then return {0, 0, memory, now, room} end
redis.call('ZREMRANGEBYSCORE', minute_key, '-inf', now - minute)
for number = 1, granted do
  redis.call('ZADD', minute_key, now + hold, mark .. number)
end
redis.call('PEXPIRE', minute_key, minute + hold)
for key, count in pairs({[day_key] = spent_today + granted, [app_key] = app_spent_today + granted}) do
  redis.call('HSET', key, 'day', day, 'count', count)
  redis.call('PEXPIRE', key, until_tomorrow)
end
local answer = {granted, 0, memory, now, room - granted}
-- One that comes back is counted by what will be sent for it, so that a person's requests keep their room.
for place = 1, granted - free do
  answer[#answer + 1] = returning[place]
  redis.call('ZREM', minute_key, replaced[place])
end
return answer
"""

_PAUSE = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], 1, 'PX', ARGV[1])
end
"""

# From when each of several requests counts, in their order, and a stroke for one that does not. They come as one text:
# writing fifty values of their own into a command costs as much as everything else about it.
_SETTLE = """
local number = 0
for moment in string.gmatch(ARGV[2], '[^,]+') do
  number = number + 1
  if moment == '-' then
    redis.call('ZREM', KEYS[1], ARGV[1] .. number)
  else
    redis.call('ZADD', KEYS[1], 'XX', moment, ARGV[1] .. number)
  end
end
"""


#: Seconds for which failures in a row are remembered.
STRIKES_LAST = 3600


class Limiter:
    """Grants requests to Sage, or says how long to wait; never sleeps.

    `reserve_per_minute` requests, and `reserve_of_day` of both day budgets, are only for urgent
    ones. `minute` is Sage's minute in seconds; only a measurement against a faster Sage changes it.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        per_minute: int,
        per_day: int,
        app_per_day: int,
        reserve_per_minute: int = 3,
        reserve_of_day: float = 0.15,
        minute: float = 60.0,
        prefix: str = "sage-budget",
    ) -> None:
        if not 0 <= reserve_per_minute < per_minute or not 0 <= reserve_of_day < 1:
            raise ValueError("The reserve must leave something of the budget")
        self._per_minute, self._per_day, self._app_per_day = per_minute, per_day, app_per_day
        self._reserve_per_minute, self._reserve_of_day = reserve_per_minute, reserve_of_day
        self._minute_ms = round(minute * 1000)
        self._prefix = prefix
        self._redis = redis
        self._acquire = redis.register_script(_ACQUIRE)
        self._pause = redis.register_script(_PAUSE)
        self._settle = redis.register_script(_SETTLE)
        #: Since when Valkey remembers, as it said last.
        self._memory = ""
        #: By business: seconds from one request to the next while several were sent, last time.
        self._paces: dict[str, float] = {}

    def acquire(self, business_id: str, *, urgent: bool) -> float:
        """0 if one request may go now, which counts it; else the seconds until it is worth asking again."""
        return self._ask(business_id, 1, urgent=urgent).wait

    def room(self, business_id: str) -> "Room":
        """How many requests background work may send one after the other, or how long it has to wait."""
        told = self._ask(business_id, 0, urgent=False, pace=self._pace_of(business_id))
        return Room(told.room, told.wait)

    def hold(self, business_id: str, wanted: int, *, seconds: float) -> tuple["Held | None", float]:
        """Up to so many requests of background work, to be sent within these seconds; else the seconds to wait.

        Until it is known when each of them left, all count as sent at the end of that time.
        """
        mark, pace = uuid4().hex[:12], self._pace_of(business_id)
        told = self._ask(business_id, wanted, urgent=False, mark=mark, hold=seconds, pace=pace)
        if not told.granted:
            return None, told.wait
        held = Held(
            self._settle,
            self._key(business_id, "minute"),
            mark,
            told,
            minute_ms=self._minute_ms,
            on_pace=partial(self.note_pace, business_id),
        )
        return held, 0.0

    def note_pace(self, business_id: str, seconds: float) -> None:
        """So long it took from one request to the next when several were sent; what is held next reckons with it."""
        self._paces[business_id] = seconds

    def _pace_of(self, business_id: str) -> float:
        return self._paces.get(business_id, 0.0)

    def _ask(
        self,
        business_id: str,
        wanted: int,
        *,
        urgent: bool,
        mark: str = "",
        hold: float = 0.0,
        pace: float = 0.0,
    ) -> "_Told":
        answer = self._acquire(
            keys=[
                self._key(business_id, "minute"),
                self._key(business_id, "day"),
                f"{self._prefix}:app:day",
                self._key(business_id, "pause"),
                f"{self._prefix}:memory",
                f"{self._prefix}:emptied",
            ],
            args=[
                self._per_minute - (0 if urgent else self._reserve_per_minute),
                self._per_day if urgent else self.for_background(self._per_day),
                self._app_per_day if urgent else self.for_background(self._app_per_day),
                self._minute_ms,
                wanted,
                self._memory,
                mark or uuid4().hex[:12],
                round(hold * 1000),
                round(pace * 1000),
            ],
        )
        granted, wait, memory, at, room, *returning = cast(list[Any], answer)
        if wait == 0 or not self._memory:
            self._memory = memory.decode()
        return _Told(granted, wait / 1000, at, room, tuple(back / 1000 for back in returning))

    def pause(self, business_id: str, seconds: float) -> None:
        """Grant nothing for a while, as Sage's Retry-After asks; never shortens a pause."""
        if seconds > 0:
            self._pause(keys=[self._key(business_id, "pause")], args=[max(1, round(seconds * 1000))])

    def strike(self, business_id: str) -> int:
        """Note one more failure of a business in a row; how many there are now. An hour's quiet forgets them."""
        key = self._key(business_id, "strikes")
        with self._redis.pipeline() as together:
            together.incr(key)
            together.expire(key, STRIKES_LAST)
            return int(together.execute()[0])

    def calm(self, business_id: str) -> None:
        """The business has answered as it should: what went wrong before counts no longer."""
        self._redis.delete(self._key(business_id, "strikes"))

    def for_background(self, requests: int) -> int:
        """How many of a day's requests background work may use; the rest is for what a person waits for."""
        return int(requests * (1 - self._reserve_of_day))

    def used_today(self, business_id: str) -> int:
        """Requests granted to a business since midnight UTC."""
        count = self._redis.hget(self._key(business_id, "day"), "count")
        return int(count or 0)

    def used_of_the_day(self) -> dict[str, int]:
        """Requests granted since midnight UTC to all businesses together (under ``""``) and to each by its id."""
        today = int(self._redis.time()[0]) // 86400  # as the script above counts days
        names = {b"": f"{self._prefix}:app:day".encode()}
        for key in self._redis.scan_iter(f"{self._prefix}:{{*}}:day", count=1000):
            names[key.split(b"{", 1)[1].rsplit(b"}", 1)[0]] = key
        with self._redis.pipeline(transaction=False) as together:
            for key in names.values():
                together.hmget(key, "day", "count")
            found = together.execute()
        return {
            business.decode(): int(count)
            for business, (day, count) in zip(names, found, strict=True)
            if day and int(day) == today
        }

    def _key(self, business_id: str, budget: str) -> str:
        return f"{self._prefix}:{{{business_id}}}:{budget}"


class Room(NamedTuple):
    """What background work may send to a business from now on: so many requests, or none for so many seconds."""

    requests: int
    wait: float


class _Told(NamedTuple):
    """Requests granted, seconds to wait where none is, Valkey's clock in milliseconds, and what is left besides.

    The last of those granted are allowed only so many seconds from now.
    """

    granted: int
    wait: float
    at: int
    room: int
    returning: tuple[float, ...] = ()


class Held:
    """Requests granted together; each is spent as it leaves, and what was not needed is given back."""

    def __init__(
        self,
        settle: Script,
        key: str,
        mark: str,
        told: _Told,
        *,
        minute_ms: int,
        on_pace: Callable[[float], None],
    ) -> None:
        self._settle, self._key, self._mark = settle, key, mark
        self._granted, self._at = told.granted, told.at
        self._since, self._minute_ms = time.monotonic(), minute_ms
        #: Seconds from now until each is allowed.
        self._allowed = (0.0,) * (told.granted - len(told.returning)) + told.returning
        self._on_pace = on_pace
        self._sent: list[float] = []

    @property
    def left(self) -> int:
        """How many may still be sent, one after the other."""
        return self._granted - len(self._sent)

    @property
    def wait(self) -> float:
        """Seconds until the next of them is allowed, where what was sent went quicker than was thought; mostly 0."""
        if not self.left:
            return 0.0
        return max(0.0, self._since + self._allowed[len(self._sent)] - time.monotonic())

    def spend(self) -> None:
        """One of them leaves now."""
        self._sent.append(time.monotonic())

    def close(self) -> None:
        """Let each count from when it left, and give the others back; to the minute, the day keeps them counted."""
        if len(self._sent) > 1:
            self._on_pace((self._sent[-1] - self._sent[0]) / (len(self._sent) - 1))
        moments = [str(self._at + round((sent - self._since) * 1000)) for sent in self._sent]
        unsent = self._allowed[len(self._sent) : self._granted]
        # One that comes back stands for one that was sent a minute before it is allowed, and that still counts.
        moments += [str(self._at + round(back * 1000) - self._minute_ms) if back else "-" for back in unsent]
        self._granted = len(self._sent)
        # Unheard, they all count as sent at the end of the time they were granted for, which is safe.
        with suppress(RedisError):
            self._settle(keys=[self._key], args=[self._mark, ",".join(moments)])
