-- Lists of random users, for wrk: RECSYS_USERS names a file of ids, RECSYS_QUERY what is asked. Prints one line of JSON.
local users = {}
for id in io.lines(os.getenv("RECSYS_USERS")) do users[#users + 1] = id end
local query = os.getenv("RECSYS_QUERY")
math.randomseed(20261123)

function request()
  return wrk.format("GET", "/v1/users/" .. users[math.random(#users)] .. "/recommendations?" .. query)
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.3f, "failed": %d, "p50": %.3f, "p95": %.3f, "p99": %.3f, "max": %.3f}\n',
    summary.requests, summary.duration / 1e6, e.status + e.connect + e.read + e.write + e.timeout,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
