--[[
  append-audit: an entry at the end of the audit log, from whose beginning the oldest go.

  KEYS[1]  the log: a stream of entries
  KEYS[2]  how each ended: a hash of the entries' ids
  ARGV     how many are kept, and the entry (JSON)
  returns  the entry's id
]]
local log, endings = KEYS[1], KEYS[2]
local id = redis.call('XADD', log, '*', 'entry', ARGV[2])
while redis.call('XLEN', log) > tonumber(ARGV[1]) do
  local oldest = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)[1][1]
  redis.call('XDEL', log, oldest)
  redis.call('HDEL', endings, oldest)
end
return id
