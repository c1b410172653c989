-- wrk: every request with the next of many keys, so that no key meets its
-- limit. From the environment: KEYS, a file with one key a line; REQUEST_PATH,
-- or PATHS, a file with one path a line; METHOD; BODY.
local keys = {}
for line in io.lines(os.getenv("KEYS")) do keys[#keys + 1] = line end
local path = os.getenv("REQUEST_PATH")
local paths = {}
if os.getenv("PATHS") then
    for line in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = line end
end
local requests = {}
local n = 0

local thread_count = 0
function setup(thread)
    thread:set("first", thread_count * 7919)
    thread_count = thread_count + 1
end

function init()
    n = first or 0
    local method = os.getenv("METHOD") or "GET"
    local body = os.getenv("BODY")
    local count = math.max(#keys, #paths)
    for i = 1, count do
        local headers = { ["X-API-Key"] = keys[(i - 1) % #keys + 1] }
        if body then headers["Content-Type"] = "application/json" end
        requests[i] = wrk.format(method, #paths > 0 and paths[(i - 1) % #paths + 1] or path,
                                 headers, body)
    end
end

function request()
    n = n + 1
    return requests[n % #requests + 1]
end
