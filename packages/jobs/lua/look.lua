--[[
  look: what in the ledger wants attention, and whether it still agrees with the queue.

  KEYS[1]  the ledger
  ARGV     the prefix of the queue's keys, now (ms), how many jobs at most
  returns  { the jobs that are due, as triples of id, entry and 'waiting', 'begun', 'finished' or 'gone'; how many jobs are
             owed, how many the queue holds that haven't ended, how many messages can't be delivered,
             when the oldest owed job is due }
           A job that was begun is not looked at again: whoever runs it ends it.
]]
local prefix, now, limit = unpack(ARGV)
local due = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, limit)) do
  local state = redis.pcall('HMGET', prefix .. id, 'processedOn', 'finishedOn', 'name') -- an error, which has none, where it is no hash any more
  local is = not state[3] and 'gone' or state[2] and 'finished' or state[1] and 'begun' or 'waiting'
  if is == 'begun' then redis.call('ZADD', KEYS[1], '+inf', id)
  else
    due[#due + 1] = id
    due[#due + 1] = redis.call('HGET', prefix .. 'owed', id) or ''
    due[#due + 1] = is
  end
end
local pending = redis.call('LLEN', prefix .. 'wait') + redis.call('LLEN', prefix .. 'paused') + redis.call('LLEN', prefix .. 'active')
  + redis.call('ZCARD', prefix .. 'prioritized') + redis.call('ZCARD', prefix .. 'delayed') + redis.call('ZCARD', prefix .. 'waiting-children')
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return { due, redis.call('ZCARD', KEYS[1]), pending, redis.call('LLEN', prefix .. 'undelivered'), oldest[2] or '' }
