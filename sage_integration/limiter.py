"""The budget of requests to Sage: each business by the minute and by the day, all of us by the day.

Sage counts over a moving minute, so each token of the minute's bucket comes back exactly one
minute after it was spent: never more than `per_minute` in any sixty seconds, and none wasted.
A little of every budget is kept for what a person is waiting for.
"""

from typing import cast

from redis import Redis

_ACQUIRE = """
local minute_key, day_key, app_key, pause_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local per_minute, per_day, app_per_day = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local minute = tonumber(ARGV[4])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local day = math.floor(now / 86400000)
local until_tomorrow = (day + 1) * 86400000 - now

local paused = redis.call('PTTL', pause_key)
if paused > 0 then return paused end

local function spent(key)
  local counted_day, count = unpack(redis.call('HMGET', key, 'day', 'count'))
  if tonumber(counted_day) == day then return tonumber(count) end
  return 0
end
local spent_today, app_spent_today = spent(day_key), spent(app_key)
if spent_today >= per_day or app_spent_today >= app_per_day then return until_tomorrow end

-- Newest first: the entry at per_minute - 1 is the one whose return makes room.
local oldest = redis.call('LINDEX', minute_key, per_minute - 1)
if oldest then
  local wait = tonumber(oldest) + minute - now
  if wait > 0 then return wait end
end

if ARGV[6] == 'look' then return 0 end
redis.call('LPUSH', minute_key, now)
redis.call('LTRIM', minute_key, 0, tonumber(ARGV[5]) - 1)
redis.call('PEXPIRE', minute_key, minute)
for key, count in pairs({[day_key] = spent_today + 1, [app_key] = app_spent_today + 1}) do
  redis.call('HSET', key, 'day', day, 'count', count)
  redis.call('PEXPIRE', key, until_tomorrow)
end
return 0
"""

_PAUSE = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], 1, 'PX', ARGV[1])
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

    def acquire(self, business_id: str, *, urgent: bool) -> float:
        """0 if one request may go now, which counts it; else the seconds until it is worth asking again."""
        return self._ask(business_id, "take", urgent=urgent)

    def wait(self, business_id: str) -> float:
        """Seconds until background work may send its next request; counts nothing."""
        return self._ask(business_id, "look", urgent=False)

    def _ask(self, business_id: str, how: str, *, urgent: bool) -> float:
        wait = self._acquire(
            keys=[
                self._key(business_id, "minute"),
                self._key(business_id, "day"),
                f"{self._prefix}:app:day",
                self._key(business_id, "pause"),
            ],
            args=[
                self._per_minute - (0 if urgent else self._reserve_per_minute),
                self._per_day if urgent else self.for_background(self._per_day),
                self._app_per_day if urgent else self.for_background(self._app_per_day),
                self._minute_ms,
                self._per_minute,
                how,
            ],
        )
        return int(cast(int, wait)) / 1000

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

    def _key(self, business_id: str, budget: str) -> str:
        return f"{self._prefix}:{{{business_id}}}:{budget}"
