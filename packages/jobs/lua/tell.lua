--[[
  tell: an owner is told of a job that ended without one of our workers. Behind the functions of deliver.lua.

  KEYS[1]  the ledger
  ARGV     the prefix of the queue's keys, the job's id, what must be true of the job: 'gone' (it was removed) or 'finished'
             (another worker has ended it); then the kind of the outcome, and the key, window and JSON of its message ('' for the words in the ledger)
  returns  1 where the owner was told now, 0 where it isn't so or the job is not owed any more
]]
local prefix, id, condition, kind, key, window, json = unpack(ARGV)
local text = redis.call('HGET', prefix .. 'owed', id)
if not text or not redis.call('ZSCORE', KEYS[1], id) then
  redis.call('ZREM', KEYS[1], id)
  redis.call('HDEL', prefix .. 'owed', id)
  return 0
end
-- Whoever writes to a job that was removed makes a hash without a name, or what is no hash at all.
local exists = redis.pcall('HEXISTS', prefix .. id, 'name') == 1
local finished = exists and redis.call('HEXISTS', prefix .. id, 'finishedOn') == 1
if condition == 'gone' and exists then return 0 end
if condition == 'finished' and not finished then return 0 end

local entry = known_of(text)
strike(prefix, id, entry.owner, text)
redis.call('SREM', prefix .. 'cancelling', id)
if exists then redis.call('HSET', prefix .. id, 'told', '1') end
if json == '' then key, window, json = 'job:' .. id, '', said_in(condition == 'gone' and entry.cancelled or entry.lost, id) end
local message = { key = key, window = window, json = json }
announce(prefix, entry.batch or '', id, kind, to_owner(entry.owner), message, how_to_post(text, false))
return 1
