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
local known = cjson.decode(entry)
-- A batch has one message, when all of it has ended.
if known.batch then return 0 end
if not known.told then redis.call('HSET', prefix .. 'owed', id, '{"told":true,' .. string.sub(entry, 2)) end
deliver(prefix, known.to, { key = key, window = window, json = json })
return 1
