--[[
  workers: which workers live, by what they say of themselves from time to time. Ages are told by Redis' clock alone.

  KEYS[1]  the workers: a hash of ids, each with when it was last heard (ms since 1970), a space, and what it said (JSON)
  ARGV     the prefix of the queue's keys, for how long a worker lives that isn't heard (ms), then the worker that says
             something ('' for none) and what ('' where it leaves)
  returns  of each that lives: its id, how long ago it was heard (ms), and what it said
]]
local _, lifetime, id, facts = unpack(ARGV)
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if id ~= '' and facts ~= '' then redis.call('HSET', KEYS[1], id, string.format('%.0f', now) .. ' ' .. facts) end
if id ~= '' and facts == '' then redis.call('HDEL', KEYS[1], id) end
local alive = {}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local heard, said = string.match(all[i + 1], '^(%d+) (.*)$')
  local age = heard and math.max(0, now - tonumber(heard))
  if not age or age > tonumber(lifetime) then redis.call('HDEL', KEYS[1], all[i])
  else
    alive[#alive + 1] = all[i]
    alive[#alive + 1] = string.format('%.0f', age)
    alive[#alive + 1] = said
  end
end
return alive
