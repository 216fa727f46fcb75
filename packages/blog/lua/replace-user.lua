--[[
  replace-user: an account is replaced where it is still as it was read, and whoever watches is told.

  KEYS     the record
  ARGV     the record's text as it was read, the new text, the channel, and what is said there
  returns  1, or 0 where it has changed meanwhile
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1
