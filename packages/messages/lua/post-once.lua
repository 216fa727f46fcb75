--[[
  post-once: writes a message that has a key, unless one with it is in the list, read or unread. Behind a function that is
  put before it, a script whose text is unchanged:
    post(KEYS, ARGV)  post.lua

  KEYS[1]  the list          KEYS[2]  its reading (both as in post.lua)
  ARGV     cap, time to live (ms), and the message's key, window and JSON (all as in post.lua)
  returns  nil where one is there; else how many unread messages the cap dropped
]]
local cap, ttl, key, window, message = unpack(ARGV)
for _, record in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  if string.match(record, '^%d+|([^|]*)|') == key then return false end
end
return post(KEYS, { 'first', cap, ttl, key, window, message })[1]
