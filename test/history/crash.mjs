// Ends this process by SIGKILL at a chosen step of its talk with Redis. Imported before anything connects.
// CRASH, JSON: { script, when: 'before' | 'after', nth?: 1, reply?: a pattern of replies that count }: at the nth time that this
// script of BullMQ's (such as moveToFinished) is about to be sent, or its reply has come and nobody has seen it yet.
// KILL_AT_REPLY: the probability, for each reply, that the process dies at the instant at which it arrives; SEED decides when.
import { Redis } from 'ioredis'

const { CRASH, KILL_AT_REPLY = '0', SEED = '1' } = process.env
const crash = CRASH ? JSON.parse(CRASH) : undefined
const probability = Number(KILL_AT_REPLY)
const random = mulberry(Number(SEED))
let times = 0

const send = Redis.prototype.sendCommand
Redis.prototype.sendCommand = function (command, stream) {
  const isStep = crash !== undefined && runsScript(this, command, crash.script)
  if (isStep && crash.when === 'before' && isTheTime()) die()
  // Before anybody else learns of the reply: Redis has done it, and nobody here knows.
  command.promise.then(
    reply => {
      if (isStep && crash.when === 'after' && counts(reply) && isTheTime()) die()
      if (probability > 0 && random() < probability) die()
    },
    () => {},
  )
  return send.call(this, command, stream)
}

/** Ends this process as the kernel would for want of memory. */
export function die() {
  process.kill(process.pid, 'SIGKILL')
}

function isTheTime() {
  return ++times === (crash.nth ?? 1)
}

function counts(reply) {
  return crash.reply === undefined || new RegExp(crash.reply).test(JSON.stringify(reply) ?? '')
}

/** Whether it runs this script: BullMQ's own, or ours around it. A command is sent by a script's text or by its hash. */
function runsScript(redis, { name, args }, script) {
  if (name !== 'evalsha' && name !== 'eval') return false
  return Object.entries(redis.scriptsSet ?? {}).some(
    ([command, { sha, lua }]) => (sha === args[0] || lua === args[0]) && command.split(':').includes(script),
  )
}

function mulberry(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
