--[[
  names: the names of the jobs that wait, that wait for their time and that run: of those of each state that come first, so
  that it takes no longer where a million wait.

  KEYS[1]  the list of the jobs that wait
  ARGV     the prefix of the queue's keys, how many jobs of each state at most
  returns  for each of 'waiting', 'delayed' and 'running': how many there are, and the names of those that were looked at, each
           with how many it has ('' where a job is gone or has none)
]]
local prefix, limit = ARGV[1], tonumber(ARGV[2])

local function named(total, ids)
  local counts, names = {}, {}
  for _, id in ipairs(ids) do
    local name = redis.call('HGET', prefix .. id, 'name') or ''
    if not counts[name] then names[#names + 1] = name end
    counts[name] = (counts[name] or 0) + 1
  end
  local pairs_of = {}
  for _, name in ipairs(names) do
    pairs_of[#pairs_of + 1] = name
    pairs_of[#pairs_of + 1] = counts[name]
  end
  return { total, pairs_of }
end

local function first_of(key, most)
  if most <= 0 then return {} end
  return redis.call('ZRANGE', prefix .. key, 0, most - 1)
end

local waiting = redis.call('LRANGE', KEYS[1], -limit, -1)
for _, id in ipairs(first_of('prioritized', limit - #waiting)) do waiting[#waiting + 1] = id end
return {
  named(redis.call('LLEN', KEYS[1]) + redis.call('ZCARD', prefix .. 'prioritized'), waiting),
  named(redis.call('ZCARD', prefix .. 'delayed'), first_of('delayed', limit)),
  named(redis.call('LLEN', prefix .. 'active'), redis.call('LRANGE', prefix .. 'active', -limit, -1)),
}
