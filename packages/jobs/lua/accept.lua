--[[
  accept: a job that is taken, its entry in the ledger, and what its owner is told at once, in one step.

  This runs behind two functions that the queue puts before it, each a script whose text is unchanged:
    add(KEYS, ARGV)   BullMQ's addStandardJob, addDelayedJob or addPrioritizedJob
    post(KEYS, ARGV)  the message store's post
  and behind constants: OWNED, KEEP and AGE (what comes before an owner in the name of the list of their jobs, how many of them
  it keeps, and for how long, s), and those of the message store: CAP, TTL (ms), LISTS and READINGS (what comes before an owner in
  the names of their list and its reading).

  KEYS     those of BullMQ's script
  ARGV     those of BullMQ's script (msgpacked arguments, data, msgpacked options), then seven of ours:
             the job's id, its owner,
             when the ledger is to look at the job (ms),
             the job's entry in the ledger,
             the JSON of the message that says that the job has been taken ('' for none),
             '' for a job of which there is nothing more to say, else a JSON array:
               the batch ('' for none), how many unfinished jobs the owner may have ('' for any number),
               '1' where owners take turns, the digest of the input where a key makes the job unique for a while ('' for
               none), for how long (ms), and how much later than now the job is to begin (s)
             '' where this can't have been sent before
  returns  what BullMQ's script returns, or -1001: the owner has too many unfinished jobs; -1002: the same key came with
           other input
]]
-- How many more than KEEP there may be before they are cut off.
local SLACK = 50
local DAY = 24 * 60 * 60 -- s

local id, owner, due, entry, message, more, again = unpack(ARGV, #ARGV - 6)
local prefix = string.match(KEYS[1], '^.*:')
local batch, limit, turns, digest, idempotent, later = '', '', '', '', '', ''
if more ~= '' then batch, limit, turns, digest, idempotent, later = unpack(cjson.decode(more)) end

if digest ~= '' then
  local known = redis.call('GET', prefix .. 'once:' .. id)
  if known and known ~= digest then return -1002 end
  -- The job may have been removed since: it was taken once.
  if known then return id end
end
-- An id that no key makes is new, unless this is.
local may_exist = digest ~= '' or again ~= ''
if may_exist and redis.call('EXISTS', prefix .. id) == 1 then return add(KEYS, ARGV) end
if limit ~= '' and redis.call('SCARD', prefix .. 'open:' .. owner) >= tonumber(limit) then return -1001 end

if turns == '1' then
  -- Owners take turns: a job's priority is its turn, and an owner's next one comes a turn later. The turn of the first that
  -- waits is now.
  local function turn_of_owner()
    local waiting, last = prefix .. 'prioritized', prefix .. 'turns'
    local first = redis.call('ZRANGE', waiting, 0, 0, 'WITHSCORES')
    local now = first[2] and math.floor(tonumber(first[2]) / 0x100000000) or 1
    if not first[2] then redis.call('DEL', last) end
    local turn = math.max(now, (tonumber(redis.call('HGET', last, owner)) or 0) + 1)
    if turn > 2000000 then -- BullMQ knows two million priorities: all that wait are moved to the front of them
      local back = now - 1
      local scores = redis.call('ZRANGE', waiting, 0, -1, 'WITHSCORES')
      for i = 1, #scores, 2 do redis.call('ZADD', waiting, tonumber(scores[i + 1]) - back * 0x100000000, scores[i]) end
      local turns_taken = redis.call('HGETALL', last)
      for i = 1, #turns_taken, 2 do
        if tonumber(turns_taken[i + 1]) < now then redis.call('HDEL', last, turns_taken[i])
        else redis.call('HSET', last, turns_taken[i], tonumber(turns_taken[i + 1]) - back) end
      end
      turn = math.min(turn - back, 2000000)
    end
    redis.call('HSET', last, owner, turn)
    return turn
  end

  local options = cmsgpack.unpack(ARGV[3])
  options['priority'] = turn_of_owner()
  ARGV[3] = cmsgpack.pack(options)
end

local result = add(KEYS, ARGV)
-- Refused, or another job does the same work already.
if type(result) ~= 'string' or result ~= id then return result end

if message ~= '' then
  -- A list that can't be written to must not keep a job from being taken; that it began is no outcome. An id that a key makes
  -- may have been used before.
  local key = 'job:' .. id
  clock = clock or redis.call('TIME')
  local to = { LISTS .. owner, READINGS .. owner, time = clock }
  local posted, written = pcall(post, to, { digest == '' and 'first' or '', CAP, TTL, key, '', message })
  if posted then
    entry = entry .. '\n' .. written[2] .. '|' .. key .. '||' .. message
  end
end
redis.call('HSET', prefix .. 'owed', id, entry)
redis.call('ZADD', prefix .. 'ledger', due, id)
local owned = OWNED .. owner
if redis.call('RPUSH', owned, id) > KEEP + SLACK then redis.call('LTRIM', owned, -KEEP, '-1') end
-- It stays for as long as a job that is taken now may be kept, and a day more, so that not each has to say so again.
local lasts = AGE + (tonumber(later) or 0)
if redis.call('PTTL', owned) < lasts * 1000 then redis.call('EXPIRE', owned, string.format('%d', lasts + DAY)) end
if more == '' then return result end

if digest ~= '' then redis.call('SET', prefix .. 'once:' .. id, digest, 'PX', idempotent) end
if limit ~= '' then redis.call('SADD', prefix .. 'open:' .. owner, id) end
if batch ~= '' then
  redis.call('HINCRBY', prefix .. 'batch:' .. batch, 'total', 1)
  redis.call('HINCRBY', prefix .. 'batch:' .. batch, 'left', 1)
end
return result
