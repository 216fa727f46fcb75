--[[
  owe: a job that comes into being without being enqueued, and its entry in the ledger, in one step.

  This runs behind add(KEYS, ARGV): BullMQ's addJobScheduler, updateJobScheduler (both make the next run of a schedule) or
  reprocessJob (a job is tried again by hand), its text unchanged.

  KEYS     those of BullMQ's script
  ARGV     those of BullMQ's script, then five of ours: the prefix of the queue's keys, the job's id ('' where the script
             gives it), the job's entry in the ledger (JSON, where '{run}' stands for the id; '' for a job of nobody), how
             long after its time the ledger is to look at it (ms), and now (ms)
  returns  what BullMQ's script returns
]]
local result = add(KEYS, ARGV)
local prefix, id, entry, patience, now = unpack(ARGV, #ARGV - 4)
if type(result) == 'number' and result < 0 then return result end
if id == '' then
  id = type(result) == 'table' and result[1] or result
  if type(id) ~= 'string' then return result end
end
if entry == '' or redis.call('EXISTS', prefix .. id) == 0 then return result end
local delay = tonumber(redis.call('HGET', prefix .. id, 'delay')) or 0
redis.call('ZADD', prefix .. 'ledger', now + delay + patience, id)
redis.call('HSET', prefix .. 'owed', id, (string.gsub(entry, '{run}', (string.gsub(id, '%%', '%%%%')))))
return result
