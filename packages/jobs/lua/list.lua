--[[
  list: the ids of an owner's jobs, newest first. What was removed, or is kept no more, is left out.

  KEYS[1]  the list of the owner's jobs
  ARGV     the prefix of the queue's keys, how many to pass over, how many at most, the name of their definition ('' for any),
             how they stand ('' for any; 'unfinished', 'completed', 'failed', 'cancelled'), and with what the reason of a
             cancelled job begins
  returns  the ids
]]
local prefix, over, most, name, state, cancelled = unpack(ARGV)
over, most = tonumber(over), tonumber(most)

local function stands(id, job)
  if not job[2] then return 'unfinished' end
  -- The reason of an attempt that failed stays when a later one succeeds.
  if not job[3] or redis.call('HEXISTS', prefix .. id, 'returnvalue') == 1 then return 'completed' end
  return string.sub(job[3], 1, #cancelled) == cancelled and 'cancelled' or 'failed'
end

local found, seen = {}, {}
local ids = redis.call('LRANGE', KEYS[1], 0, -1)
for n = #ids, 1, -1 do
  if #found == most then break end
  local id = ids[n]
  local job = redis.pcall('HMGET', prefix .. id, 'name', 'finishedOn', 'failedReason') -- an error, without a name, where it is no hash any more
  local is_repeated = seen[id] -- a key that was used again after its job was removed
  seen[id] = true
  if job[1] and not is_repeated and (name == '' or job[1] == name) and (state == '' or stands(id, job) == state) then
    if over > 0 then over = over - 1 else found[#found + 1] = id end
  end
end
return found
