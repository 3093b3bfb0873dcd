-- Requests from templates, each sent once. Arguments: a file of templates (raw HTTP, between record separators, the
-- number's place marked), how many there are for each turn, how many sessions take turns, the first number,
-- and for how many ms how many connections rest.
-- Request n belongs to turn (n / sessions) % turns, and to session first + block * sessions + n % sessions. The first
-- request of each connection waits: servers that accept one connection at a time would otherwise starve the last ones.
local MARK, SEPARATOR = "@@@@@@@@", "\30"
local turns, variants, sessions, first = {}, 0, 1, 0
local sent = -2 -- wrk asks for one request that it does not send
local ramp_ms, resting = 0, 0

local function split(text, mark)
  local found, from = {}, 1
  while true do
    local at = text:find(mark, from, true)
    if not at then break end
    found[#found + 1] = text:sub(from, at - 1)
    from = at + #mark
  end
  found[#found + 1] = text:sub(from)
  return found
end

function init(args)
  variants, sessions, first = tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
  ramp_ms, resting = tonumber(args[5]), tonumber(args[6])
  local file = assert(io.open(args[1], "rb"))
  for index, template in ipairs(split(file:read("*a"), SEPARATOR)) do
    local turn = math.floor((index - 1) / variants) + 1
    turns[turn] = turns[turn] or {}
    table.insert(turns[turn], split(template, MARK))
  end
  file:close()
end

function delay()
  if resting == 0 then return 0 end
  resting = resting - 1
  return ramp_ms
end

function request()
  sent = sent + 1
  local number = math.max(sent, 0)
  local round = math.floor(number / sessions)
  local session = math.floor(round / #turns) * sessions + number % sessions
  local pieces = turns[round % #turns + 1][session % variants + 1]
  return table.concat(pieces, string.format("%08d", first + session))
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"duration_us":%d,"bytes":%d,"p50_us":%d,"p99_us":%d,"most_us":%d,' ..
    '"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99), latency.max,
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
