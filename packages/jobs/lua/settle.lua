--[[
  settle: a job's end and the message that tells its owner, in one step.

  This runs behind functions that the worker puts before it: finish(KEYS, ARGV), BullMQ's moveToFinished, the one way in
  which a worker ends a job, its text unchanged; and those of deliver.lua.

  KEYS     those of moveToFinished
  ARGV     those of moveToFinished ([1] is the job's id, [7] the prefix of the queue's keys), then one of ours, a JSON array
             (eleven arguments would cost the worker more than the message does):
             '1' where this is the job's first run, else '', the owner ('' where the worker can't know), the batch ('' for
             none) and the kind of the outcome,
             the owner's list and its reading, the store's cap and time to live (ms), and the key, window and JSON of the
             message ('' where none could be made)
  returns  what moveToFinished returns
]]
local first, owner, batch, kind, list, reading, cap, ttl, key, window, json = unpack(cjson.decode(ARGV[#ARGV]))
local result = finish(KEYS, ARGV)
-- BullMQ refused: the lock is lost or the job is gone. Whoever ends the job tells of it.
if type(result) == 'number' and result < 0 then return result end

local id, prefix = ARGV[1], ARGV[7]
local to, message = { list = list, reading = reading, cap = cap, ttl = ttl }, { key = key, window = window, json = json }
local entry = redis.call('HGET', prefix .. 'owed', id)
if json == '' and entry then -- the stored job can't be read: the ledger knows whose it is, and has words for it
  local known = cjson.decode(entry)
  owner, batch, kind, to, message = known.owner, known.batch or '', 'failure', known.to, known.lost
end
strike(prefix, id, owner, entry)
-- Without an entry nobody knows what was told before: it may have been tried again by a tool that isn't ours.
local is_first = first == '1' and entry and not string.find(entry, '"told":true', 1, true)
announce(prefix, batch, id, kind, to, message, is_first)
return result
