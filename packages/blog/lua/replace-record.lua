--[[
  replace-record: a record is replaced where it is still as it was read.

  KEYS     the record
  ARGV     the record's text as it was read, and the new text
  returns  1, or 0 where it has changed meanwhile
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
