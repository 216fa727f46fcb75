--[[
  redeliver: tries again to deliver what could not be delivered. Behind `post`, the message store's.

  KEYS[1]  the list of what can't be delivered
  ARGV     how many at most
  returns  { how many were delivered, how many are left }
]]
local delivered = 0
for _ = 1, math.min(tonumber(ARGV[1]), redis.call('LLEN', KEYS[1])) do
  local text = redis.call('LPOP', KEYS[1])
  local known, it = pcall(cjson.decode, text)
  local posted = known and pcall(post, { it.to.list, it.to.reading }, { '', it.to.cap, it.to.ttl, it.message.key, it.message.window, it.message.json })
  if posted then delivered = delivered + 1 else redis.call('RPUSH', KEYS[1], text) end
end
return { delivered, redis.call('LLEN', KEYS[1]) }
