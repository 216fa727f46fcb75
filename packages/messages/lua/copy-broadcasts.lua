--[[
  copy-broadcasts: writes into one shard what it hasn't got yet of everybody's list, as the first shard has it.

  KEYS[1]  the shard's list (post.lua)
  KEYS[2]  a hash: `newest` is the id of the last record that was ever copied, so that what was withdrawn since stays away
  ARGV[1]  cap: how many messages the list keeps
  ARGV[2]  time to live of the list, ms
  ARGV[3…] all records of the first shard's list, oldest first
  returns  how many were new; repeating it writes nothing
]]
local list, state, ttl = KEYS[1], KEYS[2], tonumber(ARGV[2])

local function id_of(record) return tonumber(string.match(record or '', '^(%d+)|')) or 0 end
local function key_of(record) return string.match(record, '^%d+|([^|]*)|') or '' end

local newest = math.max(tonumber(redis.call('HGET', state, 'newest')) or 0, id_of(redis.call('LINDEX', list, -1) or ''))
local copied, last = 0, nil
for i = 3, #ARGV do
  local record = ARGV[i]
  if id_of(record) > newest then
    local key = key_of(record)
    if key ~= '' then
      for _, old in ipairs(redis.call('LRANGE', list, 0, -1)) do
        if key_of(old) == key then redis.call('LREM', list, 1, old) end
      end
    end
    redis.call('RPUSH', list, record)
    newest, last, copied = id_of(record), string.match(record, '^%d+'), copied + 1
  end
end
if copied == 0 then return 0 end
redis.call('LTRIM', list, -tonumber(ARGV[1]), -1)
redis.call('HSET', state, 'newest', last)
for _, key in ipairs(KEYS) do
  if redis.call('PTTL', key) < ttl then redis.call('PEXPIRE', key, ttl) end
end
redis.call('PUBLISH', list, last)
return copied
