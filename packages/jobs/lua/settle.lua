--[[
  settle: a job's end and the message that tells its owner, in one step.

  This runs behind two functions that the worker puts before it, each a script whose text is unchanged:
    finish(KEYS, ARGV)  BullMQ's moveToFinished, the one way in which a job ends
    post(KEYS, ARGV)    the message store's post

  KEYS     those of moveToFinished
  ARGV     those of moveToFinished, then eight of ours:
             the owner's list and its reading, the list of what can't be delivered,
             the store's cap and time to live (ms), the message's key and window, and the message; '' where nobody is
             to be told
  returns  what moveToFinished returns
]]
local result = finish(KEYS, ARGV)
-- BullMQ refused: the lock is lost or the job is gone. Whoever ends the job tells of it.
if type(result) == 'number' and result < 0 then return result end

local list, reading, undelivered, cap, ttl, key, window, message = unpack(ARGV, #ARGV - 7)
if message ~= '' then
  -- The job has ended by now: whatever is wrong with the list must not undo that, nor swallow the message.
  local posted = pcall(post, { list, reading }, { '', cap, ttl, key, window, message })
  if not posted then
    redis.call('RPUSH', undelivered, cjson.encode({ list = list, reading = reading, key = key, window = window, message = message }))
  end
end
return result
