--[[
  delete-user: an account and its name are gone, where the record is still as it was read, and whoever watches is told.

  KEYS     the record, the key of the name, and how many accounts there are
  ARGV     the record's text as it was read, the channel, and what is said there
  returns  1, or 0 where it has changed meanwhile
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('INCRBY', KEYS[3], -1)
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1
