--[[
  audit: which of these owed jobs are gone, or have ended without our being told.

  KEYS[1]  the ledger
  ARGV     the prefix of the queue's keys, then the cursor of a walk through the ledger, and how many jobs to look at
  returns  { the next cursor ('0' at the end), pairs of id and 'gone', 'finished' or 'open' … }
]]
local prefix, cursor, count = unpack(ARGV)
local page = redis.call('ZSCAN', KEYS[1], cursor, 'COUNT', count)
local found = { page[1] }
for i = 1, #page[2], 2 do
  local id = page[2][i]
  local state = redis.pcall('HMGET', prefix .. id, 'finishedOn', 'name') -- an error, which has neither, where it is no hash any more
  found[#found + 1] = id
  found[#found + 1] = not state[2] and 'gone' or state[1] and 'finished' or 'open'
end
return found
