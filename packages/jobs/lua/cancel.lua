--[[
  cancel: a job that no worker runs ends at once, and its owner is told; one that runs is marked. Behind the functions of
  deliver.lua.

  KEYS     the job, and of the queue: wait, paused, prioritized, delayed, failed, events
  ARGV     the prefix of the queue's keys, the job's id, now (ms), the reason that BullMQ keeps, and the key, window and
             JSON of the message ('' for the words in the ledger)
  returns  'cancelled', 'cancelling' (a worker runs it and is to stop), 'ended' (too late), 'scheduled' (the next run of a
           schedule, which would end with it) or 'unknown'
]]
local prefix, id, now, reason, key, window, json = unpack(ARGV)
if redis.call('EXISTS', KEYS[1]) == 0 then return 'unknown' end
if redis.call('HEXISTS', KEYS[1], 'finishedOn') == 1 then return 'ended' end
-- BullMQ makes the next run of a schedule when this one begins: without it, the schedule would end.
local is_next = redis.call('HEXISTS', KEYS[1], 'rjk') == 1 and redis.call('HEXISTS', KEYS[1], 'processedOn') == 0
if is_next then return 'scheduled' end
local taken = redis.call('LREM', KEYS[2], -1, id) + redis.call('LREM', KEYS[3], -1, id)
  + redis.call('ZREM', KEYS[4], id) + redis.call('ZREM', KEYS[5], id)
if taken == 0 then
  redis.call('SADD', prefix .. 'cancelling', id)
  return 'cancelling'
end
redis.call('HSET', KEYS[1], 'failedReason', reason, 'finishedOn', now, 'told', '1')
redis.call('ZADD', KEYS[6], now, id)
redis.call('XADD', KEYS[7], 'MAXLEN', '~', 10000, '*', 'event', 'failed', 'jobId', id, 'failedReason', reason, 'prev', 'waiting')
local unique = redis.call('HGET', KEYS[1], 'deid')
if unique and redis.call('GET', prefix .. 'de:' .. unique) == id then redis.call('DEL', prefix .. 'de:' .. unique) end

redis.call('SREM', prefix .. 'cancelling', id)
local entry = redis.call('HGET', prefix .. 'owed', id)
if not entry then return 'cancelled' end
local text = entry
entry = known_of(text)
strike(prefix, id, entry.owner, text)
if json == '' then key, window, json = 'job:' .. id, '', said_in(entry.cancelled, id) end
local message = { key = key, window = window, json = json }
announce(prefix, entry.batch or '', id, 'cancelled', to_owner(entry.owner), message, how_to_post(text, false))
return 'cancelled'
