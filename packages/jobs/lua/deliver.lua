--[[
  deliver: functions that put an outcome where its owner finds it, for the scripts by which a job ends. Behind `post`, the
  message store's, and constants of the store's: CAP, TTL (ms), LISTS and READINGS (what comes before an owner in the names of
  their list and its reading).

    to_owner(owner)               gives where they are told: { list =, reading =, cap =, ttl = }
    deliver(prefix, to, key, window, json, how)
                                  posts, and counts in <prefix>counts what the cap dropped for it; or leaves the message in
                                  <prefix>undelivered; `how` is what post.lua is told of
                                  earlier messages with this key, '' where nothing is known
    how_to_post(entry, is_first)  gives it: entry is what the ledger holds of a job, false for nothing; is_first is true where
                                  nothing earlier can be there but what the entry says
    announce(prefix, batch, id, kind, to, message, how)
                                  counts an outcome into its batch, the last of which posts the batch's message; or delivers
      message   { key =, window =, json = }
    end_batch(prefix, batch)      posts it, if all of the batch has ended
    known_of(entry)               what an entry of the ledger says: it is JSON behind the number of its form, and behind a line's
                                  end comes the record of the message that says that the job was taken, or 'again' where its
                                  owner was told something else of it
    said_in(said, id)             gives the JSON of a message of an entry's about the job
    strike(prefix, id, owner, entry)
                                  takes a job out of the ledger; entry is what the ledger holds of it, false for nothing

  KEYS, ARGV  none: those of the script behind these functions
  returns     nothing: that script goes on
]]
local function to_owner(owner) return { list = LISTS .. owner, reading = READINGS .. owner, cap = CAP, ttl = TTL } end

local function deliver(prefix, to, key, window, json, how)
  clock = clock or redis.call('TIME')
  -- The job has ended by now: whatever is wrong with the list must not undo that, nor swallow the message.
  local lists = { to.list, to.reading, time = clock }
  local posted, written = pcall(post, lists, { how or '', to.cap, to.ttl, key, window, json })
  if posted then
    -- No process knows of these but this script.
    if written[1] > 0 then redis.pcall('HINCRBY', prefix .. 'counts', 'dropped', written[1]) end
    return
  end
  local message = { key = key, window = window, json = json }
  redis.call('RPUSH', prefix .. 'undelivered', cjson.encode({ to = to, message = message }))
end

local function how_to_post(entry, is_first)
  local at = entry and string.find(entry, '\n', 1, true)
  if not at then return is_first and 'first' or '' end
  local before = string.sub(entry, at + 1)
  return before ~= 'again' and 'instead of ' .. before or ''
end

local function known_of(entry) return cjson.decode((string.match(entry, '^2?([^\n]*)'))) end

local function said_in(said, id)
  if type(said) == 'table' then return said.json end
  return cjson.encode({ job = id, level = 40, text = said })
end

-- A batch ends when all its jobs have been enqueued and all of them have ended.
local function end_batch(prefix, batch)
  local name = prefix .. 'batch:' .. batch
  local b = {}
  local fields = redis.call('HGETALL', name)
  for i = 1, #fields, 2 do b[fields[i]] = fields[i + 1] end
  if b.sealed ~= '1' or b.left ~= '0' or b.told then return end
  local failed = (tonumber(b.failure) or 0) + (tonumber(b.cancelled) or 0)
  local counts = {
    total = b.total,
    finished = string.format('%.0f', tonumber(b.total) - failed),
    failed = string.format('%.0f', failed),
    partial = b.partial or '0',
    cancelled = b.cancelled or '0',
  }
  local message = cjson.decode(b.message)
  message.text = string.gsub(failed > 0 and b.failed_text or b.finished_text, '{(%a+)}', counts)
  message.level = failed > 0 and 40 or (tonumber(b.partial) or 0) > 0 and 30 or 25
  redis.call('HSET', name, 'told', 1)
  redis.call('EXPIRE', name, b.age)
  deliver(prefix, cjson.decode(b.to), 'batch:' .. batch, '', cjson.encode(message))
end

local function count_in(prefix, batch, id, kind)
  local name = prefix .. 'batch:' .. batch
  local left = redis.call('HMGET', name, 'left', 'told')
  if not left[1] or left[2] then return false end
  -- One that is tried again before all have ended counts as it ends last.
  local before = redis.call('HGET', name, 'job:' .. id)
  redis.call('HSET', name, 'job:' .. id, kind)
  redis.call('HINCRBY', name, kind, 1)
  if before then redis.call('HINCRBY', name, before, -1) else redis.call('HINCRBY', name, 'left', -1) end
  end_batch(prefix, batch)
  return true
end

-- A job of a batch of which was told already was tried again by hand: it has a message of its own.
local function announce(prefix, batch, id, kind, to, message, how)
  if batch ~= '' and count_in(prefix, batch, id, kind) then return end
  if message.json == '' then return end
  deliver(prefix, to, message.key, message.window, message.json, how)
end

local function strike(prefix, id, owner, entry)
  if not entry then return end
  redis.call('ZREM', prefix .. 'ledger', id)
  redis.call('HDEL', prefix .. 'owed', id)
  if string.find(entry, '"counted":true', 1, true) then redis.call('SREM', prefix .. 'open:' .. owner, id) end
end
