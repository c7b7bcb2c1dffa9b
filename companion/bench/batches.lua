-- Batches of ten records for wrk, each with an id of its own. `hostile` as argument: variants that nobody knows.
local number, hostile = math.floor(os.time() % 100000) * 100000000, false
local record = '{"variant":"NAME","model":"multiclass","executor":"cpu","outcome":"ok","latency":"le_250","size":"le_2mp","coverage":"le_50","version":"0.1.0"}'
local headers = { ["Content-Type"] = "text/plain;charset=UTF-8" }

function init(arguments)
  hostile = arguments[1] == "hostile"
end

local function records(name)
  return string.rep((record:gsub("NAME", name)) .. ",", 9) .. (record:gsub("NAME", name)) .. "]}"
end

local plain = records("multiclass")

function request()
  number = number + 1
  local rest = hostile and records("hostile-" .. number % 1000) or plain
  local body = '{"schema":1,"batch":"C' .. string.format("%020d", number) .. 'A","flag":"hair-cutout","rate":10000,"records":[' .. rest
  return wrk.format("POST", "/v1/beacons", headers, body)
end

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function done(summary)
  io.write(string.format('{"requests":%d,"us":%d,"errors":%d}\n', summary.requests, summary.duration, summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
