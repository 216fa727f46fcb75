import { spawn } from 'node:child_process'
import { performJob } from '@tidings/jobs/testing'
import { LEVELS } from '@tidings/messages'
import { afterEach, expect, it, vi } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { defineDemo } from '../src/demo-job.ts'
import { blogJobs, createBlog } from '../src/index.ts'
import { jobContext } from './helper.ts'

const { redis } = testRedis()
const { demo } = blogJobs(createBlog({ redis }), { demo: true })
if (!demo) throw new Error('The demo job is missing.')
afterEach(() => vi.restoreAllMocks())

const LABEL = '  <b>“Tom & Jerry”</b>  '

it('is there only when it is asked for', () => {
  expect(blogJobs(createBlog({ redis }), { demo: false })).not.toHaveProperty('demo')
})

it.each([
  ['succeed', LEVELS.SUCCESS, `The demo job “${LABEL}” succeeded.`],
  ['partial', LEVELS.WARNING, `The demo job “${LABEL}” succeeded in part.`],
  ['fail', LEVELS.ERROR, `The demo job “${LABEL}” failed. It was told to fail.`],
] as const)('ends as told: %s, with its label as it was typed', async (outcome, level, text) => {
  const { message } = await performJob(demo, { label: LABEL, outcome, seconds: 0 })
  expect(message).toMatchObject({ level, text })
})

it('says its label also when it waits for long, and when it is cancelled', () => {
  const facts = {
    input: { label: LABEL, outcome: 'succeed' as const, seconds: 0 },
    owner: 'alice',
    jobId: 'a',
    reason: '',
  }
  expect(demo.messages.overdue?.(facts)).toBe(`The demo job “${LABEL}” is taking longer than expected.`)
  expect(demo.messages.cancelled?.(facts)).toBe(`The demo job “${LABEL}” was cancelled.`)
})

it('fails once when it is flaky, with an error that nobody is shown, and then succeeds', async () => {
  const input = { label: LABEL, outcome: 'flaky', seconds: 0 } as const
  const first = await performJob(demo, input, { attempt: 1 })
  expect(first.outcome).toBe('failure')
  expect(first.message.text).not.toContain('told to fail once')
  expect(await performJob(demo, input, { attempt: 2 })).toMatchObject({ outcome: 'success' })
  expect(demo).toMatchObject({ attempts: 3, backoff: { type: 'fixed', delay: 1000 } })
})

it('takes its fields as a form sends them, each with a default', async () => {
  const validate = (input: unknown) => demo.input['~standard'].validate(input)
  expect(await validate({ label: 'x', outcome: 'crash', seconds: '1.5' })).toEqual({
    value: { label: 'x', outcome: 'crash', seconds: 1.5 },
  })
  expect(await validate({})).toEqual({ value: { label: '', outcome: 'succeed', seconds: 0 } })
  expect(await validate({ label: '🎈'.repeat(200), seconds: '3600' })).toHaveProperty('value')
  const refused = [
    { label: 'x'.repeat(201) },
    { seconds: '-1' },
    { seconds: '3600.1' },
    { seconds: 'soon' },
    { seconds: 'Infinity' },
    { outcome: 'explode' },
  ]
  for (const input of refused) expect(await validate(input)).toHaveProperty('issues')
})

it('works for as long as it was told and says how far it is', async () => {
  const reports: [number, string | undefined][] = []
  const started = performance.now()
  const progress = async (fraction: number, text?: string) => void reports.push([fraction, text])
  await demo.run(jobContext({ label: '', outcome: 'succeed', seconds: 1.2 } as const, { progress }))
  expect(performance.now() - started).toBeGreaterThanOrEqual(1190)
  expect(reports[0]).toEqual([0, '0 of 1.2 seconds'])
  expect(reports[1]?.[1]).toBe('1 of 1.2 seconds')
})

it.each([
  ['while it works', { outcome: 'succeed', seconds: 3600 }],
  ['while it hangs', { outcome: 'hang', seconds: 0 }],
] as const)('stops at once when it is told to %s', async (_title, fields) => {
  const stop = new AbortController()
  const running = demo.run(jobContext({ label: '', ...fields }, { signal: stop.signal }))
  stop.abort()
  await expect(running).rejects.toThrow('aborted')
})

it('gives itself up when it has hung for long enough, a minute by default', async () => {
  const impatient = defineDemo({ hangsFor: 20 })
  const { message } = await performJob(impatient, { label: LABEL, outcome: 'hang', seconds: 0 })
  expect(message).toMatchObject({
    level: LEVELS.ERROR,
    text: `The demo job “${LABEL}” failed. It did nothing for 0.02 seconds.`,
  })
  expect(demo.timeLimit).toBeGreaterThan(3_660_000)
})

it('kills its worker when it is told to crash', async () => {
  const victim = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  const kill = vi.spyOn(process, 'kill').mockImplementation(() => victim.kill('SIGKILL') as true)
  const died = new Promise(resolve => victim.on('exit', (_code, signal) => resolve(signal)))
  await expect(demo.run(jobContext({ label: '', outcome: 'crash', seconds: 0 } as const))).rejects.toThrow(
    'could not kill',
  )
  expect(await died).toBe('SIGKILL')
  expect(kill.mock.calls).toEqual([[process.pid, 'SIGKILL']])
})
