--[[
  settle: a job's end and the message that tells its owner, in one step.

  This runs behind functions that the worker puts before it: finish(KEYS, ARGV), BullMQ's moveToFinished, the one way in
  which a worker ends a job, its text unchanged; and those of deliver.lua.

  KEYS     those of moveToFinished
  ARGV     those of moveToFinished ([1] is the job's id, [7] the prefix of the queue's keys), then ten of ours:
             the owner ('' where the worker can't know), the batch ('' for none) and the kind of the outcome,
             the owner's list and its reading, the store's cap and time to live (ms), and the key, window and JSON of the
             message ('' where none could be made)
  returns  what moveToFinished returns
]]
local result = finish(KEYS, ARGV)
-- BullMQ refused: the lock is lost or the job is gone. Whoever ends the job tells of it.
if type(result) == 'number' and result < 0 then return result end

local owner, batch, kind, list, reading, cap, ttl, key, window, json = unpack(ARGV, #ARGV - 9)
local id, prefix = ARGV[1], ARGV[7]
local to, message = { list = list, reading = reading, cap = cap, ttl = ttl }, { key = key, window = window, json = json }
if json == '' then -- the stored job can't be read: the ledger knows whose it is, and has words for it
  local entry = redis.call('HGET', prefix .. 'owed', id)
  entry = entry and cjson.decode(entry)
  if entry then
    owner, batch, kind, to, message = entry.owner, entry.batch or '', 'failure', entry.to, entry.lost
  end
end
strike(prefix, id, owner)
announce(prefix, batch, kind, to, message)
return result
