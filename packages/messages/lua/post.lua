--[[
  post: writes messages at the end of a list.

  KEYS[1]  the list: records "<id>|<key>|<window>|<message><tokens>", oldest first; an id is Redis' time in microseconds,
           and grows; a window is "<from>:<until>" (ms, either may be missing) or ''; the list's name is also the channel
           on which a hint tells open pages that there is something new
  KEYS[2]  its reading: what of the list has been claimed and read (claim.lua says how)
  KEYS.time  what TIME has answered, from a script that runs this as a function and has asked already; else it is asked here
  ARGV[1]  token of this post, so that a post which is sent again is written once; '' if it can't be sent again. It is
           kept in the last record of the post; one that begins with "+", in the reading: for lists whose messages go
           when they were shown. 'first': it can't be sent again, and none of its keys is in the list. 'instead of ' and
           a record: the same, but for this one, of which it isn't known whether it is still there and unread
  ARGV[2]  cap: how many messages the list keeps
  ARGV[3]  time to live of the list, ms; a hundredth of it may be missing, for not each post renews it
  ARGV[4…] triples of key ('' for none), window (also "+<ms>" from now on) and message (JSON); a key replaces the unread
           message that has it
  returns  { how many unread messages the cap dropped, id of the last message }; dropped is -1 and the id '' if this token
           was written before
]]
local list, reading = KEYS[1], KEYS[2]
local token, cap, ttl = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local is_first = token == 'first'
local instead = not is_first and string.sub(token, 1, 11) == 'instead of ' and string.sub(token, 12)
if is_first or instead then token = '' end
local watermark = tonumber(redis.call('HGET', reading, 'watermark') or '') or 0

local is_new = false -- list or reading came into being just now

-- A record begins with its id, and ends with the tokens of the post that wrote it, and of those whose messages it has replaced.
-- One that isn't ours counts as the oldest, read long ago. What is after the watermark, or named as unread, is open: neither read
-- nor held by a page. (Written out where it is needed: a function is made anew by each run, at the price of a short call.)
local ID, NO_ID, TOKENS = '^(%d+)|', '0000000000000000', '}([%w_-]*)$'

if string.sub(token, 1, 1) == '+' then
  local posts = redis.call('HGET', reading, 'posts') or ''
  if string.find(posts, token, 1, true) then return { -1, '' } end
  redis.call('HSET', reading, 'posts', string.sub(posts .. token .. ' ', -8 * (#token + 1)))
  is_new = posts == ''
  token = ''
elseif token ~= '' then
  for _, record in ipairs(redis.call('LRANGE', list, '-16', '-1')) do
    if string.find(string.match(record, TOKENS) or '', token, 1, true) then return { -1, '' } end
  end
end

if instead then
  local old = string.match(instead, ID) or NO_ID
  local is_open = tonumber(old) > watermark or string.find(redis.call('HGET', reading, 'unread') or '', old, 1, true)
  -- From the end: what says that a job has begun is among the latest.
  is_first = not is_open or redis.call('LREM', list, '-1', instead) == 1
end

local time = KEYS.time or redis.call('TIME')
-- Numbers are given to Redis as text throughout: to write one down costs it more than most of what is done with it.
local newest = redis.call('LINDEX', list, '-1')
local newest_id = newest and tonumber(string.match(newest, ID)) or 0
local now = time[1] * 1000000 + time[2]
local id = math.max(now, watermark + 1, newest_id + 1)

local written, length
for i = 4, #ARGV, 3 do
  local key, window, message = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local lasts = window ~= '' and string.match(window, '^%+(%d+)$')
  if lasts then window = string.format(':%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + lasts) end
  local tokens = i + 3 > #ARGV and token or ''
  if key ~= '' and not is_first then
    local marked = '|' .. key .. '|'
    local records = redis.call('LRANGE', list, '0', '-1')
    local unread = redis.call('HGET', reading, 'unread') or ''
    for n = #records, 1, -1 do
      local old = string.find(records[n], marked, 1, true) and (string.match(records[n], ID) or NO_ID)
      local is_key = old and string.sub(records[n], #old + 1, #old + #marked) == marked
      if is_key and (tonumber(old) > watermark or string.find(unread, old, 1, true)) then
        redis.call('LREM', list, '-1', records[n])
        tokens = string.sub((string.match(records[n], TOKENS) or '') .. tokens, -32)
      end
    end
  end
  written = id == now and time[1] .. string.sub('00000' .. time[2], -6) or string.format('%.0f', id)
  length = redis.call('RPUSH', list, written .. '|' .. key .. '|' .. window .. '|' .. message .. tokens)
  id = id + 1
end

local dropped = 0
if length > cap then
  -- What was read goes first, then what is unread, and last what a page holds at this moment.
  local function drop_one()
    local first = redis.call('LINDEX', list, '0')
    if tonumber(string.match(first, ID) or NO_ID) > watermark then
      redis.call('LPOP', list)
      return 1
    end
    local unread, held = '', ''
    local fields = redis.call('HGETALL', reading)
    for n = 1, #fields, 2 do
      if fields[n] == 'unread' then unread = fields[n + 1] end
      if string.sub(fields[n], 1, 6) == 'claim:' then held = held .. ' ' .. fields[n + 1] end
    end
    local oldest_open
    for _, record in ipairs(redis.call('LRANGE', list, '0', '-1')) do
      local old = string.match(record, ID) or NO_ID
      if tonumber(old) > watermark or string.find(unread, old, 1, true) then
        oldest_open = oldest_open or record
      elseif not string.find(held, old, 1, true) then
        redis.call('LREM', list, '1', record)
        return 0
      end
    end
    redis.call('LREM', list, '1', oldest_open or first)
    return 1
  end
  for _ = 1, length - cap do dropped = dropped + drop_one() end
end
if dropped > 0 and redis.call('HINCRBY', reading, 'dropped', dropped) == dropped then is_new = true end

-- The time to live is renewed by the first post of each hundredth of it, so that most need not ask how much is left. A
-- broadcast that ends late must not go with one that ends sooner. The reading never goes before the list.
local span = ttl * 10 -- a hundredth, in microseconds
if is_new or length <= (#ARGV - 3) / 3 or math.floor(newest_id / span) < math.floor((id - 1) / span) then
  local left = redis.call('PTTL', list)
  if left < ttl then redis.call('PEXPIRE', list, ttl) end
  redis.call('PEXPIRE', reading, ttl)
end
redis.call('PUBLISH', list, written)
return { dropped, written }
