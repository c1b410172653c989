-- How often something was tried (throttle.h), for each item of a batch:
--
--   KEYS  who tries
--   ARGV  microseconds that one try takes to be forgotten
--         tries that may be at once
--         "1": one more, "-1": one less
--
-- The reply is how many milliseconds to wait; 0: it may be, and was counted. The
-- value is when everything will be forgotten, in microseconds.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])

local function keep(name, till)
    if till <= now then
        redis.call('DEL', name)
    else
        redis.call('SET', name, string.format('%.0f', till), 'PX', math.ceil((till - now) / 1000))
    end
end

local function move(name, interval, burst, by)
    local till = math.max(tonumber(redis.call('GET', name) or '0') or 0, now)
    local wait = till + interval - now - burst * interval
    if by < 0 then
        keep(name, till - interval)
        return 0
    end
    if wait > 0 then
        return math.ceil(wait / 1000)
    end
    keep(name, till + interval)
    return 0
end

local replies = {}
for i = 1, #KEYS do
    local a = 3 * (i - 1)
    local done, reply = pcall(move, KEYS[i], tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]),
                              tonumber(ARGV[a + 3]))
    replies[i] = done and reply or {err = 'ERR a key of ours holds what is not ours'}
end
return replies
