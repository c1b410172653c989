-- The nginx peer's handler: key -> SHA-256 -> one EVALSHA -> headers and a
-- small JSON answer. The Lua script in Redis is the gateway's own admit.lua.
local redis = require "nginx.redis"
local sha256 = require "nginx.sha256"
local text = require "nginx.string"

redis.add_commands("evalsha")

local M = {}
local host, port, number, sha, prefix

function M.open(h, p, n, s, k)
    host, port, number, sha, prefix = h, p, n, s, k
end

function M.handle()
    local key = ngx.var.http_x_api_key
    if not key or #key ~= 59 or key:sub(1, 10) ~= "porter_sk_" then
        ngx.status = 401
        return ngx.exit(401)
    end
    local digest = sha256:new()
    digest:update(key)
    local hash = text.to_hex(digest:final())
    local r = redis:new()
    r:set_timeout(1000)
    local ok, problem = r:connect(host, port)
    if not ok then
        ngx.log(ngx.ERR, problem)
        return ngx.exit(503)
    end
    if r:get_reused_times() == 0 then
        r:select(number)
    end
    local answer, fault = r:evalsha(sha, 2, prefix .. hash, "w:" .. hash, "1", "0", "", "0")
    r:set_keepalive(10000, 64)
    if not answer then
        ngx.log(ngx.ERR, fault)
        return ngx.exit(503)
    end
    local item = answer[1]
    if item[1] ~= 2 then
        return ngx.exit(item[1] == 3 and 429 or 401)
    end
    local headers = ngx.header
    headers["Content-Type"] = "application/problem+json"
    headers["RateLimit-Limit"] = item[5]:match("^%d+ (%d+) ")
    headers["RateLimit-Remaining"] = item[2]
    headers["RateLimit-Reset"] = math.ceil(item[3] / 1000)
    headers["X-Request-Id"] = ngx.var.request_id
    ngx.status = 404
    ngx.print('{"type":"/docs/errors/not-found","title":"Not found","status":404,',
              '"detail":"There is no such visitor in your organization.",',
              '"instance":"', ngx.var.request_id, '"}')
end

return M
