--[[
  keyed: what became of the last message with a key, and, where it is wanted, its end.

  KEYS[1]  the list (post.lua)          KEYS[2]  its reading (claim.lua)
  ARGV[1]  the key
  ARGV[2]  'look', or 'remove': takes the message out where it is unread and held by no page
  returns  'unread', 'held', 'read', 'removed'; '' where there is none, or its time was over before anybody saw it
]]
local list, reading, key = KEYS[1], KEYS[2], ARGV[1]
local found
for _, record in ipairs(redis.call('LRANGE', list, 0, -1)) do
  if string.match(record, '^%d+|([^|]*)|') == key then found = record end
end
if not found then return '' end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local id = string.match(found, '^%d+')
local watermark, unread, held = 0, '', ''
local fields = redis.call('HGETALL', reading)
for i = 1, #fields, 2 do
  local name, value = fields[i], fields[i + 1]
  if name == 'watermark' then watermark = tonumber(value) end
  if name == 'unread' then unread = unread .. value end
  if string.sub(name, 1, 6) == 'claim:' then
    -- A page whose lease is over holds nothing.
    if tonumber(string.match(value, '^%d+')) > now then held = held .. string.match(value, '^%d+(.*)$')
    else unread = unread .. string.match(value, '^%d+(.*)$') end
  end
end

if string.find(held, id, 1, true) then return 'held' end
local is_open = tonumber(id) > watermark or string.find(unread, id, 1, true)
if not is_open then return 'read' end
if ARGV[2] == 'remove' then
  redis.call('LREM', list, 1, found)
  return 'removed'
end
local ends = string.match(found, '^%d+|[^|]*|%d*:(%d+)|')
return ends and tonumber(ends) <= now and '' or 'unread'
