--[[
  claim: a page takes what is unread, oldest first, from one or more lists.

  KEYS     pairs of list and reading. A reading is a hash of
             watermark  the newest id that a page has ever taken; what is past it is unread
             unread     ids behind the watermark that are unread all the same (released, or not shown)
             claim:<id> when the lease of this claim ends (ms), then the ids that its page holds
             dropped    unread messages lost to the cap, until a page has said so
             posts      tokens of the last posts (post.lua)
             hidden     ids that the reader dismissed from a list that isn't theirs alone
  ARGV[1]  id of this claim; the same claim sent again gets the same messages
  ARGV[2]  how many messages at most; -1 for all
  ARGV[3]  lease, ms: a claim that is neither confirmed nor released by then is unread again
  ARGV[4]  time to live of the reading, ms
  ARGV[5]  '-', or for a last list that everybody reads: the id behind which nothing is for a reader who has never
           looked at it ('' for none)
  returns  nil where nothing is unread (and nothing was written), else { number left behind, number that expired
           unread and were removed now, dropped of each list …, then pairs of list number and record }
]]
local claim, limit, lease, ttl = 'claim:' .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local time

local function now() -- in ms
  time = time or redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- A record that isn't ours counts as the oldest, read long ago.
local function id_of(record) return string.match(record, '^(%d+)|') or '0000000000000000' end

-- Whether a record's time has come, and whether it is over.
local function window_of(record)
  local from, til = string.match(record, '^%d+|[^|]*|(%d*):(%d*)|')
  local starts, ends = tonumber(from), tonumber(til)
  return not starts or starts <= now(), ends ~= nil and ends <= now()
end

local expired_unread = 0

-- A list's records from an id on, oldest first, with some before it. Ids grow, and by far most of an inbox was read long ago.
local function records_from(list, first)
  local records = redis.call('LRANGE', list, '-8', '-1')
  local id = records[1] and tonumber(id_of(records[1])) or 0
  -- A record that isn't ours says nothing of those before it.
  if #records < 8 or (id > 0 and id < first) then return records end
  return redis.call('LRANGE', list, '0', '-1')
end

local function read(list, reading, is_shared)
  local since = is_shared and tonumber(ARGV[5])
  local newest = redis.call('LINDEX', list, '-1')
  if not newest then return { open = {}, dropped = 0 } end
  local fields, state, claims = redis.call('HGETALL', reading), {}, {}
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 6) == 'claim:' then claims[fields[i]] = fields[i + 1] else state[fields[i]] = fields[i + 1] end
  end
  local it = { watermark = tonumber(state.watermark) or since or 0, dropped = tonumber(state.dropped) or 0, open = {}, early = {}, expired = {} }
  local unread, hidden = state.unread or '', state.hidden or ''
  for field, held in pairs(claims) do
    if field == claim or tonumber(string.match(held, '^%d+')) <= now() then
      unread = unread .. string.match(held, '^%d+(.*)$')
      it.expired[#it.expired + 1] = field
    end
  end
  it.unread = state.unread or ''
  it.stale = unread ~= '' or #it.expired > 0
  -- By far most page views end here. A last record that isn't ours says nothing of those before it.
  local last = tonumber(string.match(newest, '^(%d+)|') or '')
  if not it.stale and last and last <= it.watermark then return it end
  local first = it.watermark + 1
  for id in string.gmatch(unread, '%d+') do first = math.min(first, tonumber(id)) end
  for _, record in ipairs(records_from(list, first)) do
    local id = id_of(record)
    local is_unread = tonumber(id) > it.watermark or string.find(unread, id, 1, true)
    if is_unread and not string.find(hidden, id, 1, true) then
      local has_come, is_over = window_of(record)
      if is_over then
        local removed = redis.call('LREM', list, '1', record)
        if not is_shared then expired_unread = expired_unread + removed end
      elseif has_come then
        it.open[#it.open + 1] = { id = tonumber(id), text = id, record = record }
      else
        it.early[#it.early + 1] = { id = tonumber(id), text = id }
      end
    end
  end
  return it
end

local lists, open, unread_lists = {}, {}, 0
for i = 1, #KEYS, 2 do
  local n = (i + 1) / 2
  lists[n] = read(KEYS[i], KEYS[i + 1], ARGV[5] ~= '-' and i == #KEYS - 1)
  if #lists[n].open > 0 then unread_lists = unread_lists + 1 end
  for _, message in ipairs(lists[n].open) do
    message.list = n
    open[#open + 1] = message
  end
end
-- One list by itself is in order, however long it is.
if unread_lists > 1 then
  table.sort(open, function(a, b) return a.id < b.id or (a.id == b.id and a.list < b.list) end)
end

local take = limit < 0 and #open or math.min(limit, #open)
local reply = { #open - take, expired_unread }
for n = 1, #lists do reply[n + 2] = lists[n].dropped end
local held = {}
for i = 1, take do
  local message = open[i]
  local it = lists[message.list]
  held[message.list] = (held[message.list] or '') .. ' ' .. message.text
  if message.id > it.watermark then it.watermark = message.id end
  message.taken = true
  reply[#reply + 1] = message.list
  reply[#reply + 1] = message.record
end

for n, it in ipairs(lists) do
  local reading = KEYS[2 * n]
  if it.stale or held[n] then
    local rest = ''
    for _, message in ipairs(it.open) do
      if not message.taken and message.id <= it.watermark then rest = rest .. ' ' .. message.text end
    end
    for _, message in ipairs(it.early) do
      if message.id <= it.watermark then rest = rest .. ' ' .. message.text end
    end
    -- What only waits for its time must not make each page view a write.
    if held[n] or #it.expired > 0 or rest ~= it.unread then
      if #it.expired > 0 then redis.call('HDEL', reading, unpack(it.expired)) end
      local watermark = string.format('%.0f', it.watermark)
      if held[n] then
        local lasts = string.format('%.0f', now() + lease)
        redis.call('HSET', reading, 'watermark', watermark, 'unread', rest, claim, lasts .. held[n])
      else
        redis.call('HSET', reading, 'watermark', watermark, 'unread', rest)
      end
      redis.call('PEXPIRE', reading, ttl)
    end
  end
end
if take == 0 and expired_unread == 0 then return false end
return reply
