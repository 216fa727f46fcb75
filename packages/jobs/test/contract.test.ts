/*
 * What this package knows of BullMQ's inside. After an upgrade this test is the first to look at: each failure names the file
 * that depends on what has changed. To look at another version before it is installed:
 *   CONTRACT_BULLMQ=/some/folder/node_modules/bullmq npm test -- packages/jobs/test/contract.test.ts
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { RedisMessageStore } from '@tidings/messages'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { testRedis } from '../../../test/redis.ts'
import { createJobs, defineJob, UnwrappableError } from '../src/index.ts'
import { bullmq, type Call, folder, installed, type Life, recordLife, shipped } from './bullmq-life.ts'

const { redis, prefix, url } = testRedis()
const is = `BullMQ ${installed.version}`

/** Each script that is wrapped: how many keys it has, the text that was reviewed, and who wraps it. */
const WRAPPED = {
  moveToFinished: { keys: 14, reviewed: '8e744ec5d65d', by: 'src/settle.ts and lua/settle.lua' },
  addStandardJob: { keys: 9, reviewed: '2eee45c9ffc5', by: 'src/accept.ts and lua/accept.lua' },
  addDelayedJob: { keys: 6, reviewed: 'e47c0db3c46b', by: 'src/accept.ts and lua/accept.lua' },
  addPrioritizedJob: { keys: 9, reviewed: 'd4652d1be004', by: 'src/accept.ts and lua/accept.lua' },
  addJobScheduler: { keys: 11, reviewed: '2c3c3856f30d', by: 'src/accept.ts, src/owe.ts and lua/owe.lua' },
  updateJobScheduler: { keys: 12, reviewed: '8c71d358aa62', by: 'src/settle.ts, src/owe.ts and lua/owe.lua' },
  reprocessJob: { keys: 9, reviewed: '4ea1093385a8', by: 'src/accept.ts, src/owe.ts and lua/owe.lua' },
} as const
type Wrapped = keyof typeof WRAPPED
const wrapped = Object.keys(WRAPPED) as Wrapped[]

let fault: unknown
const life = await recordLife(redis, prefix).catch(error => {
  fault = error
  return undefined
})
// Where nothing could be seen, one failure says so, and not forty.
const describeLife = describe.runIf(life)

function lived(): Life {
  if (life) return life
  throw new Error('nothing was seen')
}

/** The calls of a script; those that were refused apart. */
function callsOf(name: Wrapped): { accepted: Call[]; refused: Call[] } {
  const calls = lived().calls.filter(call => call.name === name)
  const isRefused = ({ reply }: Call) => typeof reply === 'number' && reply < 0
  const accepted = calls.filter(call => !isRefused(call))
  const { by } = WRAPPED[name]
  expect(
    accepted.length,
    `${is} doesn't run ${name} by its backend's execCommand any more: ${by} would not be asked. Find what it runs instead.`,
  ).toBeGreaterThan(0)
  return { accepted, refused: calls.filter(isRefused) }
}

/** An argument behind the keys, counted as in Lua. */
function argv(name: Wrapped, call: Call, index: number): string {
  const { keys } = WRAPPED[name]
  const value = call.args[keys + index - 1]
  return String(value)
}

async function unpacked(name: Wrapped, call: Call, index: number): Promise<unknown> {
  const packed = Buffer.from(call.args[WRAPPED[name].keys + index - 1] as Buffer)
  return JSON.parse(String(await redis.eval('return cjson.encode(cmsgpack.unpack(ARGV[1]))', 0, packed)))
}

describe('BullMQ', () => {
  it('is the one version that package.json pins', async () => {
    const file = new URL('../package.json', import.meta.url)
    const { dependencies } = JSON.parse(await readFile(file, 'utf8'))
    expect(
      dependencies.bullmq,
      'packages/jobs/package.json must name one version of bullmq, without ^ or ~: its scripts are wrapped',
    ).toMatch(/^\d+\.\d+\.\d+$/)
    expect(
      installed.version,
      `packages/jobs/package.json pins bullmq ${dependencies.bullmq}, and ${installed.version} is there. Install the pinned one; or, for an upgrade, ` +
        'change the pin and see to each failure of this test',
    ).toBe(dependencies.bullmq)
  })

  it.each([
    [
      'createRedisBackend',
      'src/settle.ts and src/accept.ts: Queue and Worker are given a backend of our making',
    ],
    ['RedisQueueBackend', 'src/wrapped-scripts.ts'],
    ['Queue', 'src/job-queue.ts'],
    ['Worker', 'src/tolerant-worker.ts'],
    ['UnrecoverableError', 'src/attempt-error.ts'],
    ['DelayedError', 'src/queue-worker.ts: a job is put back'],
    ['WaitingError', 'src/queue-worker.ts: a job is handed back'],
  ] as const)('exports %s', (name, needs) => {
    expect(typeof bullmq[name], `${is} doesn't export ${name}, which is needed by ${needs}`).toBe('function')
  })
})

it('can be given a backend of ours, and does all that is done with it here', () => {
  expect(
    String(fault ?? 'no fault'),
    `${is} can't be used in the way of src/accept.ts and src/settle.ts. Nothing more can be said before it can: see to the other failures first`,
  ).toBe('no fault')
})

it('is refused by this package in words where it has no backend to begin with, as those before 6', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(import.meta.dirname, 'older-bullmq.mjs'),
    url,
  ])
  expect(stdout).toMatch(/^UnwrappableError: BullMQ .*it has no createRedisBackend.*Install/)
})

it('is refused by this package where a script has another number of keys', async () => {
  const script = createRequire(import.meta.url)('bullmq/dist/cjs/scripts').reprocessJob
  const connection = redis.duplicate()
  script.keys--
  try {
    const store = new RedisMessageStore({ redis: connection, prefix })
    const one = defineJob({
      name: 'one',
      input: z.object({}),
      run: async () => {},
      messages: { success: () => 'Done.' },
    })
    const jobs = createJobs({ redis: connection, store, definitions: [one], sweepEvery: 0 })
    const refused = await jobs.enqueue(one, {}, { owner: 'alice' }).catch(error => error)
    expect(refused).toBeInstanceOf(UnwrappableError)
    expect(refused.message).toMatch(/its script reprocessJob has 8 keys.*Install/)
    await jobs.close()
  } finally {
    script.keys++
    connection.disconnect()
  }
})

describe('a wrapped script', () => {
  it.each(wrapped)('%s is there, with its keys', name => {
    const { keys, by } = WRAPPED[name]
    expect(shipped[name]?.name, `${is} ships no script ${name}, which ${by} wrap`).toBe(name)
    expect(
      shipped[name]?.keys,
      `${is} gives ${name} another number of keys than ${keys}: all its arguments have moved. Check the positions in ${by}`,
    ).toBe(keys)
  })

  it.each(wrapped)('%s has the text that was reviewed', name => {
    const { reviewed, by } = WRAPPED[name]
    const digest = createHash('sha256')
      .update(shipped[name]?.content ?? '')
      .digest('hex')
      .slice(0, 12)
    expect(
      digest,
      `${is} has another text of ${name} than the one that was reviewed. That need not break anything: compare dist/esm/commands/${name}-*.lua and what it includes ` +
        `with that of the version before, hold it against ${by}, and then note ${digest} here`,
    ).toBe(reviewed)
  })

  it('alone puts jobs among the completed and failed ones', () => {
    const sets = /HM?SET"[^\n]*finishedOn|ZADD"[^\n]*(completed|failed|targetSet|KEYS\[11\])/i
    const all = Object.entries(shipped).filter(([, script]) => sets.test(script?.content ?? ''))
    expect(
      all.map(([name]) => name),
      `${is} ends jobs by another script than moveToFinished, too: that one would have to be wrapped by src/settle.ts as well`,
    ).toEqual(['moveToFinished'])
  })
})

describeLife('the backend', () => {
  it.each(wrapped)('has a client that knows %s under its name and version', name => {
    const script = lived().client.scriptsSet?.[`${name}:${lived().backend.version}`]
    expect(
      [typeof script?.lua, script?.numberOfKeys],
      `the client of ${is} has no script "${name}:<version>" with its text: src/wrapped-scripts.ts looks it up there (scriptsSet) and would refuse to start`,
    ).toEqual(['string', WRAPPED[name].keys])
  })

  it.each([
    ['execCommand', "wrapScripts() puts our scripts in the place of BullMQ's there"],
    ['moveToFinishedArgs', 'settle.ts appends what is announced to its arguments'],
    ['addStandardJobArgs', 'accept.ts appends what is owed to its arguments'],
    ['addDelayedJobArgs', 'accept.ts appends what is owed to its arguments'],
    ['addPrioritizedJobArgs', 'accept.ts appends what is owed to its arguments'],
    ['toKey', 'owe.ts asks it for the prefix'],
  ])('has %s', (name, needs) => {
    expect(
      typeof lived().backend[name],
      `the backend of ${is} has no ${name}: src/wrapped-scripts.ts needs it (${needs})`,
    ).toBe('function')
  })

  it('knows its version', () => {
    expect(
      lived().backend.version,
      "the backend must have BullMQ's version: src/wrapped-scripts.ts names the scripts by it",
    ).toBe(installed.version)
  })

  it('keeps all keys of a queue under <prefix>:<queue>:', () => {
    const { backend, key } = lived()
    expect(
      (backend.toKey as (name: string) => string)('x'),
      `${is} builds its keys in another way: src/job-queue.ts, key()`,
    ).toBe(key('x'))
  })

  it('hands a refusal of ours on with its code', () => {
    expect(
      lived().refusal,
      `what lua/accept.lua refuses (-1001, -1002) must come out of Queue.add as an error with that code: src/jobs.ts makes it a TooManyJobsError`,
    ).toBe(-1001)
  })
})

describeLife('the arguments', () => {
  it.each(['addStandardJob', 'addDelayedJob', 'addPrioritizedJob'] as const)('of %s', async name => {
    const [call] = callsOf(name).accepted
    if (!call) return
    const { key } = lived()
    const facts = (await unpacked(name, call, 1)) as unknown[]
    const id = {
      addStandardJob: 'job-standard',
      addDelayedJob: 'job-delayed',
      addPrioritizedJob: 'job-prioritized',
    }[name]
    const needs = `${is}: lua/accept.lua takes`
    expect(facts[0], `${needs} the prefix from [1] of ${name}'s first argument`).toBe(key(''))
    expect(facts[1], `${needs} the job's id from [2] of ${name}'s first argument`).toBe(id)
    expect(facts[3], `${needs} the time from [4] of ${name}'s first argument`).toBeTypeOf('number')
    expect(argv(name, call, 2), `${needs} the second argument of ${name} for the job's data`).toContain(
      'alice',
    )
    const options = await unpacked(name, call, 3)
    if (name === 'addPrioritizedJob')
      expect(
        options,
        `${needs} the options from the third argument of ${name}, to set the priority`,
      ).toMatchObject({
        priority: 7,
      })
    expect(
      call.args.length - WRAPPED[name].keys,
      `${is}: ${name} takes more arguments than three. lua/accept.lua counts ours from the end, so it may be well: check it`,
    ).toBe(3)
    expect(
      call.reply,
      `${is}: lua/accept.lua takes an answer of ${name} that isn't the job's id for "not added"`,
    ).toBe(id)
  })

  it('of moveToFinished', () => {
    const call = callsOf('moveToFinished').accepted.find(
      one => argv('moveToFinished', one, 1) === 'job-standard',
    )
    const needs = `${is}: lua/settle.lua takes`
    expect(call, `${needs} the job's id from ARGV[1] of moveToFinished, and finds none`).toBeDefined()
    if (!call) return
    expect(argv('moveToFinished', call, 7), `${needs} the prefix from ARGV[7] of moveToFinished`).toBe(
      lived().key(''),
    )
    expect(
      argv('moveToFinished', call, 5),
      `src/settle.ts takes the fifth parameter of moveToFinishedArgs for 'completed' or 'failed'`,
    ).toBe('completed')
  })

  it('of addJobScheduler, updateJobScheduler and reprocessJob', () => {
    const [add] = callsOf('addJobScheduler').accepted
    const [update] = callsOf('updateJobScheduler').accepted
    const [again] = callsOf('reprocessJob').accepted
    if (!add || !update || !again) return
    expect(
      argv('addJobScheduler', add, 4),
      'src/accept.ts takes the data from ARGV[4] of addJobScheduler',
    ).toContain('alice')
    expect(
      argv('updateJobScheduler', update, 3),
      'src/settle.ts takes the data from ARGV[3] of updateJobScheduler',
    ).toContain('alice')
    expect(
      argv('reprocessJob', again, 1),
      'src/accept.ts takes the id from ARGV[1] of reprocessJob: args[9]',
    ).toBe('job-failing')
  })
})

describeLife('the answers', () => {
  it('of moveToFinished and reprocessJob are negative where they refuse', () => {
    const stolen = callsOf('moveToFinished').refused.filter(
      call => argv('moveToFinished', call, 1) === 'job-stolen',
    )
    expect(
      stolen.length,
      `${is}: lua/settle.lua posts nothing where moveToFinished answers a negative number. For a job whose lock another worker has, it answers none`,
    ).toBeGreaterThan(0)
    expect(
      callsOf('reprocessJob').refused.length,
      `${is}: lua/owe.lua owes nothing where reprocessJob answers a negative number. For a job that hasn't failed, it answers none`,
    ).toBe(1)
  })

  it('of the schedulers name the next run', () => {
    const id = /^repeat:clock:\d+$/
    expect(
      callsOf('addJobScheduler').accepted[0]?.reply,
      `${is}: lua/owe.lua takes the id of the next run from [1] of addJobScheduler's answer`,
    ).toEqual([expect.stringMatching(id), expect.anything()])
    expect(
      callsOf('updateJobScheduler').accepted[0]?.reply,
      `${is}: lua/owe.lua takes updateJobScheduler's answer for the id of the next run; src/jobs.ts (JOB_ID) knows the form repeat:<schedule>:<ms>`,
    ).toMatch(id)
  })

  it('of moveToActive hold the stored job', () => {
    const reply = lived().calls.find(
      ({ name, reply: r }) => name === 'moveToActive' && Array.isArray(r) && r[0],
    )?.reply
    const [fields] = (reply ?? []) as unknown[]
    expect(
      fields,
      `${is}: mendOptions() in src/settle.ts takes the first part of moveToActive's answer for fields and values, and mends "opts"`,
    ).toEqual(expect.arrayContaining(['name', 'data', 'opts']))
  })
})

describeLife('a stored job', () => {
  const looks = 'look.lua, audit.lua and tell.lua'
  it.each([
    ['name', 'named', looks],
    ['data', expect.stringContaining('alice'), 'src/stored-job.ts'],
    ['opts', expect.any(String), 'src/settle.ts (mendOptions)'],
    ['delay', '0', 'lua/owe.lua'],
    ['timestamp', expect.any(String), 'src/job-view.ts'],
  ])('has %s from its beginning', (field, value, by) => {
    expect(
      lived().waiting['job-standard']?.[field],
      `${is} keeps no "${field}" in a job's hash, or something else in it: ${by} reads it`,
    ).toEqual(value)
  })

  it('has processedOn and ats since it was taken, and not before', () => {
    const { waiting, active } = lived()
    const says = `${is}: look.lua and remind.lua tell by "processedOn" whether a job was begun, src/queue-worker.ts counts "ats"`
    expect(waiting['job-standard'], says).not.toHaveProperty('processedOn')
    expect(active, says).toMatchObject({ processedOn: expect.any(String), ats: '1' })
  })

  it('has finishedOn since it ended, and not before', () => {
    const { active, ended } = lived()
    const says = `${is}: ${looks} and cancel.lua tell by "finishedOn" whether a job has ended; src/job-view.ts shows "failedReason" and "returnvalue"`
    expect(active, says).not.toHaveProperty('finishedOn')
    expect(ended['job-standard'], says).toMatchObject({
      finishedOn: expect.any(String),
      returnvalue: '"result"',
    })
    expect(ended['job-failing'], says).toMatchObject({ finishedOn: expect.any(String), failedReason: 'told' })
  })

  it('names its unique key and its schedule', () => {
    const { waiting, unique } = lived()
    expect(
      [waiting['job-unique']?.deid, unique],
      `${is}: lua/cancel.lua frees the unique key of a cancelled job: <prefix>de:<deid>, which holds the job's id`,
    ).toEqual(['one', 'job-unique'])
    expect(
      waiting.scheduled?.rjk,
      `${is}: lua/cancel.lua tells by "rjk" that a job is the next run of a schedule`,
    ).toBe('clock')
  })

  it('that was stalled too often says so in the words that are looked for', () => {
    expect(
      shipped.moveStalledJobsToWait?.content,
      `${is}: src/failed-reason.ts knows by "job stalled" that a job was given up because its workers died`,
    ).toContain('"job stalled')
  })
})

describeLife('the keys', () => {
  it.each([
    ['job-standard', 'wait'],
    ['job-prioritized', 'prioritized'],
    ['job-delayed', 'delayed'],
    ['running', 'active'],
  ])('where %s is', (id, place) => {
    expect(
      lived().places[id],
      `${is} keeps ${id} elsewhere than in <prefix>${place}: lua/look.lua counts it there, and lua/cancel.lua takes it away`,
    ).toEqual([place])
  })

  it('of the failed and of the events', async () => {
    const { key } = lived()
    const says = `${is}: lua/cancel.lua writes to`
    // The failing job was tried again: it waits.
    expect(
      await redis.zscore(key('completed'), 'job-standard'),
      `${says} <prefix>failed, beside <prefix>completed`,
    ).not.toBeNull()
    expect(await redis.type(key('events')), `${says} <prefix>events, a stream`).toBe('stream')
  })
})

describe('the worker', () => {
  it.each(['isPaused', 'pause', 'cancelJob', 'waitUntilReady', 'run', 'close'] as const)('has %s', name => {
    expect(
      typeof bullmq.Worker?.prototype[name],
      `the Worker of ${is} has no ${name}: src/queue-worker.ts and src/tolerant-worker.ts call it`,
    ).toBe('function')
  })
})

describe('the worker and its memory', () => {
  it('keeps what it runs in a queue whose parts can be put in order', () => {
    const { AsyncFifoQueue } = createRequire(import.meta.url)(`${folder}/dist/cjs/classes/async-fifo-queue`)
    const queue = new AsyncFifoQueue()
    expect(
      [queue.pending instanceof Set, typeof queue.queue?.shift],
      `${is}: src/let-go.ts has its "pending" and its "queue" let go of jobs that are over. Without that nothing is wrong but the CPU and memory of a worker`,
    ).toEqual([true, 'function'])
    expect(
      bullmq.Worker?.toString(),
      `${is}: src/let-go.ts finds the queue where the Worker puts it, in "mainLoopQueue"`,
    ).toContain('this.mainLoopQueue = asyncFifoQueue')
  })
})

describeLife('the worker at work', () => {
  it('makes jobs by createJob(data, id), where broken data can be mended', () => {
    const [data, id] = lived().created.find(([, jobId]) => jobId === 'job-standard') ?? []
    expect(
      [typeof (data as { data?: unknown } | undefined)?.data, id],
      `${is}: src/tolerant-worker.ts overrides Worker.createJob(data, id), in which data.data is JSON`,
    ).toEqual(['string', 'job-standard'])
  })

  it('takes jobs by moveToActive, which can be kept from it', () => {
    expect(
      lived().fetched,
      `${is}: src/tolerant-worker.ts overrides Worker.moveToActive, so that a paused worker takes nothing`,
    ).toBeGreaterThan(0)
  })
})
