import { RedisMessageStore } from '@tidings/messages'
import { describe, expect, it } from 'vitest'
import { testRedis } from '../../../test/redis.ts'
import { createJobs, type JobTelemetry } from '../src/index.ts'
import { jobThat } from './definitions.ts'
import { newOwner, untilState } from './owner.ts'

const { redis, prefix } = testRedis()
const store = new RedisMessageStore({ redis, prefix })

/** Telemetry whose context is a name, so that a test sees what is whose child. */
function remembered() {
  const spans: { name: string; in: string }[] = []
  const telemetry: JobTelemetry = {
    tracer: {
      startSpan(name, _options, context?: string) {
        const span = { name, in: context ?? '' }
        spans.push(span)
        return {
          setSpanOnContext: () => `${span.in}>${name}`,
          setAttribute() {},
          setAttributes() {},
          addEvent() {},
          recordException() {},
          end() {},
        }
      },
    },
    contextManager: {
      with: (_context, fn) => fn(),
      active: () => 'a request',
      getMetadata: context => context,
      fromMetadata: (_active, metadata) => metadata,
    },
  }
  return { telemetry, spans }
}

const flaky = jobThat(
  ({ attempt }) => {
    if (attempt === 1) throw new Error('not yet')
  },
  { attempts: 2 },
)

describe('telemetry', () => {
  it('goes with a job to its worker: each of its attempts belongs to the trace in which it was enqueued', async () => {
    const { telemetry, spans } = remembered()
    const jobs = createJobs({ redis, store, definitions: [flaky], queue: 'traced', telemetry })
    const owner = newOwner()
    const { id } = await jobs.enqueue(flaky, {}, { owner })
    const metadata = (await jobs.find(id, { owner }))?.telemetry
    expect(metadata).toMatch(/>add traced\.do-it$/)
    const worker = await jobs.work()
    await untilState(jobs, id, 'completed')
    const attempts = spans.filter(({ name }) => name === 'process traced')
    expect(attempts.map(({ in: context }) => context)).toEqual([metadata, metadata])
    await worker.close()
    await jobs.close()
  })

  it('leaves nothing with a job where there is none', async () => {
    const jobs = createJobs({ redis, store, definitions: [flaky], queue: 'untraced' })
    const owner = newOwner()
    const { id } = await jobs.enqueue(flaky, {}, { owner })
    expect(await jobs.find(id, { owner })).not.toHaveProperty('telemetry')
    expect(JSON.parse((await redis.hget(`${prefix}:untraced:${id}`, 'opts')) ?? '')).not.toHaveProperty('tm')
    await jobs.close()
  })

  it('has no schedule’s runs in the trace of whoever made the schedule', async () => {
    const { telemetry } = remembered()
    const jobs = createJobs({ redis, store, definitions: [flaky], queue: 'scheduled', telemetry })
    const owner = newOwner()
    await jobs.schedule(flaky, {}, { owner, id: 'hourly', every: 3_600_000 })
    const worker = await jobs.work()
    const [run] = (await jobs.listAll()).jobs
    expect(run).toMatchObject({ owner, name: 'do-it' })
    expect(run).not.toHaveProperty('telemetry')
    await worker.close()
    await jobs.close()
  })

  it('is refused where it isn’t of BullMQ’s form, with what is missing', () => {
    const telemetry = { tracer: {}, contextManager: { ...remembered().telemetry.contextManager, with: 1 } }
    expect(() =>
      createJobs({ redis, store, definitions: [flaky], telemetry: telemetry as unknown as JobTelemetry }),
    ).toThrow(
      'createJobs: expected the telemetry of bullmq-otel, or one of the same form; ' +
        'telemetry.tracer.startSpan: expected a function; telemetry.contextManager.with: expected a function',
    )
  })
})
