--[[
  confirm: a page with these messages was sent; what it held and did not show is unread again.

  KEYS[1]  the list          KEYS[2]  its reading (claim.lua)
  KEYS[3]  where there is one: a hash that counts by id who has read a message for the first time
  ARGV[1]  id of the claim; '' for a page that was shown messages without one
  ARGV[2]  what becomes of a shown message: 'keep' leaves it in the list, 'remove' takes it out, 'hide' has the reader see
           it no more while others do
  ARGV[3]  how many dropped messages the page told of
  ARGV[4]  time to live of the reading, ms
  ARGV[5]  the id behind which nothing is for a reader who has never looked at the list ('' for none)
  ARGV[6…] the ids that were shown; such as aren't in the list change nothing
  returns  { how many of them were unread until now, how many were removed or hidden now }; repeating a confirm changes
           nothing
]]
local list, reading, claim = KEYS[1], KEYS[2], 'claim:' .. ARGV[1]
local state = redis.call('HMGET', reading, 'watermark', 'unread', 'dropped', claim, 'hidden')
local watermark, unread, told = tonumber(state[1]) or tonumber(ARGV[5]) or 0, state[2] or '', tonumber(ARGV[3])
local held = state[4] and string.match(state[4], '^%d+(.*)$') or ''

local function id_of(record) return string.match(record, '^(%d+)|') or '0000000000000000' end

-- From the oldest on that was shown, is held or is unread: ids grow, and by far most of an inbox was read long ago.
local shown, first = {}, watermark + 1
for i = 6, #ARGV do
  shown[ARGV[i]] = true
  first = math.min(first, tonumber(ARGV[i]) or 0)
end
for id in string.gmatch(held .. unread, '%d+') do first = math.min(first, tonumber(id)) end
-- What is hidden may be anywhere.
if ARGV[2] == 'hide' then first = 0 end

local records = redis.call('LRANGE', list, '-8', '-1')
local oldest = records[1] and tonumber(id_of(records[1])) or 0
-- A record that isn't ours says nothing of those before it.
if #records == 8 and (oldest == 0 or oldest >= first) then records = redis.call('LRANGE', list, '0', '-1') end

local newest = watermark
for _, record in ipairs(records) do
  local id = id_of(record)
  if shown[id] then newest = math.max(newest, tonumber(id)) end
end

-- What an open page has shown, another one may hold: when that one gives it back, it isn't new again.
local fields = ARGV[1] == '' and redis.call('HGETALL', reading) or {}
for i = 1, #fields, 2 do
  if string.sub(fields[i], 1, 6) == 'claim:' then
    local others = string.gsub(fields[i + 1], ' (%d+)', function(id)
      if not shown[id] then return nil end
      held = held .. ' ' .. id
      return ''
    end)
    if others ~= fields[i + 1] then redis.call('HSET', reading, fields[i], others) end
  end
end

local read, gone, rest, hidden = 0, 0, '', ''
for _, record in ipairs(records) do
  local id = id_of(record)
  local mine = string.find(held, id, 1, true) or string.find(unread, id, 1, true) or tonumber(id) > watermark
  if shown[id] then
    if mine then
      read = read + 1
      if KEYS[3] then redis.call('HINCRBY', KEYS[3], id, '1') end
    end
    if ARGV[2] == 'remove' then gone = gone + redis.call('LREM', list, '1', record) end
    if ARGV[2] == 'hide' and not string.find(state[5] or '', id, 1, true) then gone = gone + 1 end
  elseif mine and tonumber(id) <= newest then
    rest = rest .. ' ' .. id
  end
  if shown[id] or string.find(state[5] or '', id, 1, true) then hidden = hidden .. ' ' .. id end
end

redis.call('HDEL', reading, claim)
if ARGV[2] == 'hide' then redis.call('HSET', reading, 'hidden', hidden) end
-- By what is hidden before the reader has ever looked, nothing older becomes theirs.
local has_looked = state[1] or ARGV[2] ~= 'hide'
if newest > 0 and has_looked then redis.call('HSET', reading, 'watermark', string.format('%.0f', newest), 'unread', rest) end
-- A claim that is confirmed twice has told of what was dropped once.
if told > 0 and state[4] then redis.call('HINCRBY', reading, 'dropped', -math.min(told, tonumber(state[3]) or 0)) end
redis.call('PEXPIRE', reading, ARGV[4])
return { read, gone }
