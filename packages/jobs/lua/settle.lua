--[[
  settle: a job's end and the message that tells its owner, in one step.

  This runs behind two constants of the store's, CAP and TTL (ms), and behind functions that the worker puts before it:
  finish(KEYS, ARGV), BullMQ's moveToFinished, the one way in which a worker ends a job, its text unchanged; and those of
  deliver.lua.

  KEYS     those of moveToFinished
  ARGV     those of moveToFinished ([1] is the job's id, [7] the prefix of the queue's keys), then four of ours:
             the owner's list and its reading ('' where the worker can't know whose the job is),
             '' for a job of which there is nothing more to say, else a JSON array: the owner, the batch ('' for none),
             the kind of the outcome,
             the JSON of the message ('' where none could be made)
  returns  what moveToFinished returns
]]
local list, reading, more, json = unpack(ARGV, #ARGV - 3)
local id, prefix = ARGV[1], ARGV[7]
-- The mark stays with the job: one that is tried again, by whatever tool, was told of before. It is made first, for BullMQ may
-- be told to keep nothing of a job that has ended.
-- Never on a job that is gone, which BullMQ would then take for one that is there.
local is_first = redis.call('EXISTS', prefix .. id) == 1 and redis.call('HSETNX', prefix .. id, 'told', '1') == 1
local result = finish(KEYS, ARGV)
-- BullMQ refused: the lock is lost or the job is gone. Whoever ends the job tells of it.
if type(result) == 'number' and result < 0 then
  if is_first then redis.call('HDEL', prefix .. id, 'told') end
  return result
end

local entry = (more ~= '' or not is_first) and redis.call('HGET', prefix .. 'owed', id)
if more == '' then
  if redis.call('HDEL', prefix .. 'owed', id) == 1 then redis.call('ZREM', prefix .. 'ledger', id) end
  deliver(prefix, list, reading, CAP, TTL, 'job:' .. id, '', json, how_to_post(is_first, entry))
  return result
end
local owner, batch, kind = unpack(cjson.decode(more))
local to = { list = list, reading = reading, cap = CAP, ttl = TTL }
local message = { key = 'job:' .. id, window = '', json = json }
if json == '' and entry then -- the stored job can't be read: the ledger knows whose it is, and has words for it
  local known = known_of(entry)
  owner, batch, kind, to, message = known.owner, known.batch or '', 'failure', known.to, known.lost
end
strike(prefix, id, owner, entry)
announce(prefix, batch, id, kind, to, message, how_to_post(is_first, entry))
return result
