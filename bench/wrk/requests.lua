-- SPDX-License-Identifier: Apache-2.0
-- What wrk sends in the REST benchmarks: requests that lie ready in a file, in random order, and at the end one line of figures.

-- wrk ... -- FILE: a line per request: method, path, token, and for a POST its body, tab-separated. CLIENT_ID in a body stands for
-- a new version 4 UUID each time.
local thread_count = 0

function setup(thread)
    thread:set("number", thread_count)
    thread_count = thread_count + 1
end

function init(args)
    -- Threads that are seeded alike would send the same.
    math.randomseed(os.time() * 16 + number)
    requests, heads, tails = {}, {}, {}
    for line in io.lines(args[1]) do
        local method, path, token, body = line:match("^(%S+)\t(%S+)\t(%S+)\t?(.*)$")
        local headers = { ["Authorization"] = "Bearer " .. token, ["Host"] = wrk.headers["Host"] }
        if body == "" then
            requests[#requests + 1] = wrk.format(method, path, headers)
        else
            headers["Content-Type"] = "application/json"
            body = body:gsub("CLIENT_ID", "00000000-0000-4000-8000-000000000000", 1)
            local text = wrk.format(method, path, headers, body)
            local from, to = text:find("00000000-0000-4000-8000-000000000000", 1, true)
            heads[#heads + 1], tails[#tails + 1] = text:sub(1, from - 1), text:sub(to + 1)
        end
    end
end

function request()
    local random = math.random
    if #requests > 0 then
        return requests[random(#requests)]
    end
    local i = random(#heads)
    return heads[i] .. string.format("%04x%04x-%04x-4%03x-8%03x-%06x%06x", random(0, 65535), random(0, 65535), random(0, 65535),
        random(0, 4095), random(0, 4095), random(0, 16777215), random(0, 16777215)) .. tails[i]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format("figures %d %d %d %d %d %d\n", summary.requests, summary.duration,
        errors.connect + errors.read + errors.write + errors.timeout, errors.status, latency:percentile(50), latency:percentile(99)))
end
