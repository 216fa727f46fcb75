--[[
  owe: a job that comes into being without being enqueued, and its entry in the ledger, in one step.

  This runs behind add(KEYS, ARGV): BullMQ's addJobScheduler, updateJobScheduler (both make the next run of a schedule) or
  reprocessJob (a job is tried again by hand), its text unchanged.

  KEYS     those of BullMQ's script
  ARGV     those of BullMQ's script, then six of ours: the prefix of the queue's keys, the job's id ('' where the script
             gives it), the job's entry in the ledger (where '{run}' stands for the id; '' for a job of nobody), how
             long after its time the ledger is to look at it (ms), now (ms), and for addJobScheduler, whose
             KEYS[1] says when schedules run next, the schedule's id: the run that is replaced is owed no more
  returns  what BullMQ's script returns
]]
local prefix, id, entry, patience, now, schedule = unpack(ARGV, #ARGV - 5)
local replaced = schedule ~= '' and redis.call('ZSCORE', KEYS[1], schedule)
local result = add(KEYS, ARGV)
if type(result) == 'number' and result < 0 then return result end
if id == '' then
  id = type(result) == 'table' and result[1] or result
  if type(id) ~= 'string' then return result end
else
  redis.call('HSET', prefix .. id, 'told', '1') -- tried again: its owner was told of it (settle.lua)
  if entry ~= '' then entry = entry .. '\nagain' end
end
if replaced then
  local old = 'repeat:' .. schedule .. ':' .. string.format('%.0f', tonumber(replaced))
  if old ~= id and redis.call('EXISTS', prefix .. old) == 0 then
    redis.call('ZREM', prefix .. 'ledger', old)
    redis.call('HDEL', prefix .. 'owed', old)
  end
end
if entry == '' or redis.call('EXISTS', prefix .. id) == 0 then return result end
local delay = tonumber(redis.call('HGET', prefix .. id, 'delay')) or 0
redis.call('ZADD', prefix .. 'ledger', now + delay + patience, id)
redis.call('HSET', prefix .. 'owed', id, (string.gsub(entry, '{run}', (string.gsub(id, '%%', '%%%%')))))
return result
