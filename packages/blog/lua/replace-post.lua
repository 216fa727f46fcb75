--[[
  replace-post: puts a changed post in the place of the one that was read, unless somebody else changed it meanwhile; or a
  new one where there is none.

  KEYS     the post's record, the list of published posts, the list of its author's posts
  ARGV     the record as it was read ('' for none), the record as it is to be, the post's id, its score among the published ones ('' for
           a post that isn't), its score among its author's
  returns  1, or 0 where the record isn't the one that was read
]]
local before, after, id, published, own = unpack(ARGV)
if (redis.call('GET', KEYS[1]) or '') ~= before then return 0 end
redis.call('SET', KEYS[1], after)
redis.call('ZADD', KEYS[3], own, id)
if published == '' then redis.call('ZREM', KEYS[2], id) else redis.call('ZADD', KEYS[2], published, id) end
return 1
