--[[
  seal: no more jobs come to a batch. Behind the functions of deliver.lua.

  KEYS[1]  the batch: a hash of
             total, left, success, partial, failure, cancelled  how many jobs it has, have not ended, and ended how
             job:<id>         how each of its jobs has ended
             sealed, told     '1' when no more come, and when its owner was told
             to, message      where, and the message without its level and text (JSON)
             finished_text, failed_text  the texts, with {total}, {finished}, {failed}, {partial} and {cancelled}
             age              how long it is kept then, s
  KEYS[2]  batches that are not sealed yet, by when the sweep seals them
  ARGV     the prefix of the queue's keys, and the batch's id
  returns  1, or 0 where there is no such batch, or nothing in it
]]
local prefix, batch = unpack(ARGV)
redis.call('ZREM', KEYS[2], batch)
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
-- Each of its jobs was done by another one already, of which its owner is told by itself.
if redis.call('HGET', KEYS[1], 'total') == '0' then
  redis.call('DEL', KEYS[1])
  return 0
end
redis.call('HSET', KEYS[1], 'sealed', 1)
end_batch(prefix, batch)
return 1
