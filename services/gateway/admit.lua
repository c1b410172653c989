-- Road steps 3 and 4 inside Redis: for each item look the key up in the cache
-- and move its sliding window. libs/kv hands over the items of several
-- requests at once: two KEYS and four ARGV for each.
--
--   KEYS  the cache entry (libs/store/keycache.h), the window
--   ARGV  "1": use up one admission, "0": only look
--         the oldest epoch of cache entries that may be trusted
--         a principal to use, fresh from PostgreSQL ("": the cached one)
--         how many ms to keep that principal in the cache (0: do not)
--
-- Each reply is {code, remaining, reset ms, retry ms, principal}; only the code
-- for MISS and REVOKED. The window is a list of the times (microseconds) of the
-- admissions of the last 60 s, newest first. An admission is allowed if fewer
-- than `limit` are in it, so no 60 seconds ever hold more.

local MISS, REVOKED, ADMITTED, DENIED = 0, 1, 2, 3
local WINDOW_US, WINDOW_MS = 60000000, 60000
local CLOCK_STEP_US = 1000000 -- a clock set back by more starts a new window
local POPS_MAX = 8            -- before the expired ones are searched for

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])

-- How many of the `len` entries are still inside the window.
local function count_fresh(window, len)
    local low, high = 0, len -- entries [0, low) are fresh, [high, len) are not
    while low < high do
        local middle = math.floor((low + high) / 2)
        if tonumber(redis.call('LINDEX', window, middle)) + WINDOW_US > now then
            low = middle + 1
        else
            high = middle
        end
    end
    return low
end

-- Drop what has left the window; the number that is in it.
local function shrink(window)
    for _ = 1, POPS_MAX do
        local oldest = redis.call('LINDEX', window, -1)
        if not oldest then
            return 0
        end
        if tonumber(oldest) + WINDOW_US > now then
            return redis.call('LLEN', window)
        end
        redis.call('RPOP', window)
    end
    local fresh = count_fresh(window, redis.call('LLEN', window))
    if fresh == 0 then
        redis.call('DEL', window)
    else
        redis.call('LTRIM', window, 0, fresh - 1)
    end
    return fresh
end

-- The entry to go by: nil (miss), "X" (revoked) or a principal.
local function find(name, epoch, fresh, keep_ms)
    local entry = redis.call('GET', name)
    if entry == 'X' then
        return entry
    end
    if fresh ~= '' then
        if tonumber(keep_ms) > 0 then
            redis.call('SET', name, fresh, 'PX', keep_ms)
        end
        return fresh
    end
    if entry and tonumber(string.match(entry, '^(%d+) ')) >= tonumber(epoch) then
        return entry
    end
    return nil
end

local function us_to_ms(us)
    return math.ceil(us / 1000)
end

local function admit(name, window, counted, epoch, fresh, keep_ms)
    local entry = find(name, epoch, fresh, keep_ms)
    if not entry then
        return {MISS}
    end
    if entry == 'X' then
        return {REVOKED}
    end
    local limit = tonumber(string.match(entry, '^%d+ (%d+) '))
    local newest = redis.call('LINDEX', window, 0)
    if newest and tonumber(newest) - now > CLOCK_STEP_US then
        redis.call('DEL', window)
        newest = false
    end
    local used = newest and shrink(window) or 0
    if used >= limit then
        -- The one whose leaving makes room (the limit may have been lowered).
        local gate = tonumber(redis.call('LINDEX', window, limit - 1))
        return {DENIED, 0, us_to_ms(tonumber(newest) + WINDOW_US - now),
                us_to_ms(gate + WINDOW_US - now), entry}
    end
    if counted == '1' then
        redis.call('LPUSH', window, string.format('%.0f', now))
        redis.call('PEXPIRE', window, WINDOW_MS)
        return {ADMITTED, limit - used - 1, WINDOW_MS, 0, entry}
    end
    local reset = used > 0 and us_to_ms(tonumber(newest) + WINDOW_US - now) or 0
    return {ADMITTED, limit - used, reset, 0, entry}
end

local replies = {}
for i = 1, #KEYS / 2 do
    local a = 4 * (i - 1)
    local done, reply = pcall(admit, KEYS[2 * i - 1], KEYS[2 * i], ARGV[a + 1],
                              ARGV[a + 2], ARGV[a + 3], ARGV[a + 4])
    -- One request's broken entry must not fail the others'.
    replies[i] = done and reply or {err = 'ERR a key of ours holds what is not ours'}
end
return replies
