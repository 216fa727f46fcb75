--[[
  together: calls of one script that came at the same moment, each with an answer of its own. Behind one(KEYS, ARGV), that script.

  KEYS     those of the first call
  ARGV     for each call: how many of its keys are others than those of the call before, and of each of them its place and
             its name; how many arguments it has, and these
  returns  for each call what its script answers, or its error
]]
local answers, keys, at = {}, {}, 1
for n = 1, #KEYS do keys[n] = KEYS[n] end
while at <= #ARGV do
  local others = tonumber(ARGV[at])
  for n = at + 1, at + 2 * others, 2 do keys[tonumber(ARGV[n])] = ARGV[n + 1] end
  at = at + 2 * others + 1
  local last = at + tonumber(ARGV[at])
  local answered, answer = pcall(one, keys, { unpack(ARGV, at + 1, last) })
  if not answered and type(answer) ~= 'table' then answer = { err = tostring(answer) } end
  -- What a script answers with nothing is null; a gap would end the answers here.
  if answer == nil then answer = false end
  answers[#answers + 1] = answer
  at = last + 1
end
return answers
