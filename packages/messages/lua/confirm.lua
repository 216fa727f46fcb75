--[[
  confirm: a page with these messages was sent; what it held and did not show is unread again.

  KEYS[1]  the list          KEYS[2]  its reading (claim.lua)
  ARGV[1]  id of the claim; '' for a page that was shown messages without one
  ARGV[2]  '1' keeps what was shown in the list, '0' removes it
  ARGV[3]  how many dropped messages the page told of
  ARGV[4]  time to live of the reading, ms
  ARGV[5…] the ids that were shown
  returns  how many of them were unread until now; repeating a confirm changes nothing
]]
local list, reading, claim = KEYS[1], KEYS[2], 'claim:' .. ARGV[1]
local state = redis.call('HMGET', reading, 'watermark', 'unread', 'dropped', claim)
local watermark, unread, told = tonumber(state[1]) or 0, state[2] or '', tonumber(ARGV[3])
local held = state[4] and string.match(state[4], '^%d+(.*)$') or ''

local shown, newest = {}, watermark
for i = 5, #ARGV do
  shown[ARGV[i]] = true
  newest = math.max(newest, tonumber(ARGV[i]))
end

local read, rest = 0, ''
for _, record in ipairs(redis.call('LRANGE', list, 0, -1)) do
  local id = string.match(record, '^(%d+)|') or '0000000000000000'
  local mine = string.find(held, id, 1, true) or string.find(unread, id, 1, true) or tonumber(id) > watermark
  if shown[id] then
    if mine then read = read + 1 end
    if ARGV[2] == '0' then redis.call('LREM', list, 1, record) end
  elseif mine and tonumber(id) <= newest then
    rest = rest .. ' ' .. id
  end
end

redis.call('HDEL', reading, claim)
if newest > 0 then redis.call('HSET', reading, 'watermark', string.format('%.0f', newest), 'unread', rest) end
-- A claim that is confirmed twice has told of what was dropped once.
if told > 0 and state[4] then redis.call('HINCRBY', reading, 'dropped', -math.min(told, tonumber(state[3]) or 0)) end
redis.call('PEXPIRE', reading, ARGV[4])
return read
