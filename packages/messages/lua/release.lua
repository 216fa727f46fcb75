--[[
  release: a page was not sent; all that it held is unread again.

  KEYS[1]  the reading of a list (claim.lua)
  ARGV[1]  id of the claim
  returns  how many messages it held, 0 where there is no such claim (any more)
]]
local claim = 'claim:' .. ARGV[1]
local held = redis.call('HGET', KEYS[1], claim)
if not held then return 0 end
local unread = redis.call('HGET', KEYS[1], 'unread') or ''
redis.call('HDEL', KEYS[1], claim)
redis.call('HSET', KEYS[1], 'unread', unread .. string.match(held, '^%d+(.*)$'))
local _, count = string.gsub(held, ' %d+', '')
return count
