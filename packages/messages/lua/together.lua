--[[
  together: steps that several owners' pages ask for at the same moment. Behind functions that are put before it, scripts
  whose texts are unchanged:
    claim(KEYS, ARGV), confirm(KEYS, ARGV), release(KEYS, ARGV)

  KEYS     the keys of all steps, one step after the other
  ARGV     for each step one text: its name, how many keys it has, and its arguments, each ended by a line feed
  returns  for each step its answer; an error in place of it where the step has failed, which concerns no other step
]]
local steps, answers, last = { claim = claim, confirm = confirm, release = release }, {}, 0

for i, text in ipairs(ARGV) do
  local words = {}
  for word in string.gmatch(text, '([^\n]*)\n') do words[#words + 1] = word end
  local step, count, keys = steps[table.remove(words, 1)], tonumber(table.remove(words, 1)), {}
  for n = 1, count do keys[n] = KEYS[last + n] end
  last = last + count
  local is_done, answer = pcall(step, keys, words)
  if not is_done then answer = { err = 'ERR this step has failed' } end
  answers[i] = answer
end
return answers
