--[[
  settle: a job's end and the message that tells its owner, in one step.

  This runs behind functions that the worker puts before it: finish(KEYS, ARGV), BullMQ's moveToFinished, the one way in which a
  worker ends a job, its text unchanged; and those of deliver.lua, with the constants that they need.

  KEYS     those of moveToFinished
  ARGV     those of moveToFinished ([1] is the job's id, [7] the prefix of the queue's keys), then four of ours:
             the owner ('' where the worker can't know whose the job is),
             '1' where the job says that it was taken together with its entry in the ledger,
             '' for a job of which there is nothing more to say, else a JSON array: the batch ('' for none), the kind of
             the outcome,
             the JSON of the message ('' where none could be made)
  returns  what moveToFinished returns
]]
local owner, owed, more, json = unpack(ARGV, #ARGV - 3)
local id, prefix = ARGV[1], ARGV[7]
-- Who was told of a job before has a message that this one replaces. Of a job that is owed its entry in the ledger knows, and
-- where it has none any more, its owner was told: one that ended may be tried again, by whatever tool. Another job is marked,
-- and the mark stays with it. It is made first, for BullMQ may be told to keep nothing of a job that has ended.
-- Never on a job that is gone, which BullMQ would then take for one that is there.
local is_first = owed == '' and redis.call('EXISTS', prefix .. id) == 1 and redis.call('HSETNX', prefix .. id, 'told', '1') == 1
local result = finish(KEYS, ARGV)
-- BullMQ refused: the lock is lost or the job is gone. Whoever ends the job tells of it.
if type(result) == 'number' and result < 0 then
  if is_first then redis.call('HDEL', prefix .. id, 'told') end
  return result
end

local entry = (more ~= '' or not is_first) and redis.call('HGET', prefix .. 'owed', id)
if owed ~= '' then is_first = entry ~= false end
local how = how_to_post(entry, is_first)
if more == '' then
  if redis.call('HDEL', prefix .. 'owed', id) == 1 then redis.call('ZREM', prefix .. 'ledger', id) end
  deliver(prefix, to_owner(owner), 'job:' .. id, '', json, how)
  return result
end
local batch, kind = unpack(cjson.decode(more))
if json == '' and entry then -- the stored job can't be read: the ledger knows whose it is, and has words for it
  local known = known_of(entry)
  owner, batch, kind, json = known.owner, known.batch or '', 'failure', said_in(known.lost, id)
end
strike(prefix, id, owner, entry)
announce(prefix, batch, id, kind, to_owner(owner), { key = 'job:' .. id, window = '', json = json }, how)
return result
