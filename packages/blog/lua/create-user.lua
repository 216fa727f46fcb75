--[[
  create-user: an account, unless its name is taken.

  KEYS     the record, the key of the name, and how many accounts there are
  ARGV     the id, and the record's text
  returns  1, or 0 where somebody has the name
]]
if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('SET', KEYS[2], ARGV[1])
redis.call('INCR', KEYS[3])
return 1
