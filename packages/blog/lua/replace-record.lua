--[[
  replace-record: a record is replaced, or removed with what points to it, where it is still as it was read.

  KEYS     the record, then, where it is to be removed, the keys that go with it
  ARGV     the record's text as it was read, and the new text ('' removes all the keys)
  returns  1, or 0 where it has changed meanwhile
]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', unpack(KEYS)) else redis.call('SET', KEYS[1], ARGV[2]) end
return 1
