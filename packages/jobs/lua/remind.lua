--[[
  remind: an owner is told that a job takes longer than expected; it stays owed. Behind the functions of deliver.lua.

  KEYS[1]  the ledger
  ARGV     the prefix of the queue's keys, the job's id, now (ms), and the key, window and JSON of the message
  returns  1 where the owner was told now
]]
local prefix, id, now, key, window, json = unpack(ARGV)
local due = redis.call('ZSCORE', KEYS[1], id)
if not due or tonumber(due) > tonumber(now) then return 0 end
local state = redis.call('HMGET', prefix .. id, 'name', 'processedOn', 'finishedOn')
local entry = redis.call('HGET', prefix .. 'owed', id)
if not state[1] or state[2] or state[3] or not entry then return 0 end
redis.call('ZADD', KEYS[1], '+inf', id)
local known = known_of(entry)
-- A batch has one message, when all of it has ended.
if known.batch then return 0 end
redis.call('HSET', prefix .. id, 'told', '1')
deliver(prefix, to_owner(known.owner), key, window, json, how_to_post(entry, false))
-- What says that the job was taken is replaced now: the record of it goes from the ledger.
redis.call('HSET', prefix .. 'owed', id, string.match(entry, '^[^\n]*') .. '\nagain')
return 1
