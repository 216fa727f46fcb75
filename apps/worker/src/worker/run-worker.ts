import { setTimeout as pause } from 'node:timers/promises'
import type { JobEnd } from '@tidings/jobs'
import {
  type HealthServer,
  loadConfig,
  loadEnvFile,
  openTracing,
  preflight,
  serveHealth,
  type Tracing,
} from '@tidings/runtime'
import { stopRequests } from '@tidings/runtime/supervisor'
import type { WorkerOptions } from '../commands/worker.ts'
import { workerVariables } from '../config.ts'
import { EXIT } from '../exit-code.ts'
import { VERSION } from '../version.ts'
import { openConsole } from './console.ts'
import type { Crew } from './crew.ts'
import type { Reason } from './leaving.ts'
import type { WorkerMetrics } from './metrics.ts'
import { connectPatiently } from './patient-connection.ts'
import { Readiness } from './readiness.ts'
import { Tally } from './tally.ts'

const LOOK_EVERY = 200

/**
 * Runs jobs until it is asked to stop, or has done what it should; then finishes what runs.
 * @returns the exit code.
 */
export async function runWorker(options: WorkerOptions): Promise<number> {
  const began = Date.now()
  const stop = stopRequests()
  loadEnvFile()
  const config = loadConfig(workerVariables, process.env)
  const { logFormat: format, logLevel: level = config.LOG_LEVEL } = options
  let tracing: Tracing | undefined
  const console = openConsole({ level, facts: () => tracing?.facts(), ...(format && { format }) })
  const { log } = console
  log.info({}, `Tidings worker ${VERSION} starts as process ${process.pid}`)
  const readiness = new Readiness()
  const port = options.healthPort ?? config.HEALTH_PORT
  const metrics = port === undefined ? undefined : new (await import('./metrics.ts')).WorkerMetrics()
  const health = await openHealth(port, config.HOST, readiness, metrics)
  if (health) log.debug({ health: health.address }, 'answering health checks')
  tracing = await openTracing({ service: 'tidings-worker', log })
  try {
    const isBrief = options.once === true || options.stopWhenEmpty === true
    const { REDIS_URL: url, DATA_DIR: dataDir } = config
    // After the first line, and while Redis is asked.
    const loading = Promise.all([import('./crew.ts'), import('./leaving.ts')])
    loading.catch(() => {}) // told where it is awaited
    const found = await connectPatiently({ url, dataDir, log, isBrief, stopped: stop.first })
    if (!found) return EXIT.ok
    const { redis, handle } = found
    try {
      await preflight(redis, handle.description, log)
      const [{ startCrew }, { leave }] = await loading
      const { queue: queues = ['jobs'], concurrency, timeout: grace } = options
      const tally = new Tally()
      const maxJobs = options.once ? 1 : options.maxJobs
      const { SHARDS: shards, DEMO: demo } = config
      const { app } = options
      const onEnded = (end: JobEnd) => {
        tracing?.ended(end.outcome)
        tally.count(end.outcome)
        metrics?.ended(end)
      }
      const telemetry = tracing?.telemetry
      const crew = await startCrew({
        redis,
        shards,
        app,
        demo,
        queues,
        concurrency,
        maxJobs,
        log,
        telemetry,
        onEnded,
      })
      try {
        readiness.working(crew.workers)
        metrics?.follow(() => crew.measured(readiness.lastContact))
        const where = {
          redis: handle.description,
          queue: queues.join(', '),
          concurrency,
          grace: grace / 1000,
        }
        const answers = health && { health: health.address }
        const took = ((Date.now() - began) / 1000).toFixed(1)
        log.info(
          { ...where, ...answers, ready: true },
          `Tidings worker ${VERSION} takes jobs, after ${took} s; Ctrl-C stops it`,
        )
        console.follow(() => tally.line(crew.running))
        const reason = await untilDone(options, crew, stop.first)
        readiness.stopping()
        return await leave(reason, { workers: crew.workers, stop, log, grace })
      } finally {
        await crew.close()
      }
    } finally {
      await handle.close()
    }
  } finally {
    await tracing?.close()
    await health?.close()
    console.close()
  }
}

function openHealth(
  port: number | undefined,
  host: string,
  readiness: Readiness,
  metrics: WorkerMetrics | undefined,
): Promise<HealthServer | undefined> {
  if (port === undefined) return Promise.resolve(undefined)
  return serveHealth({
    host,
    port,
    whyNotReady: () => readiness.whyNot(),
    ...(metrics && { metrics: () => metrics.read() }),
  })
}

async function untilDone(options: WorkerOptions, crew: Crew, stopped: Promise<unknown>): Promise<Reason> {
  const timer = new AbortController()
  const done = [stopped.then((): Reason => 'signal'), crew.spent.then((): Reason => 'spent')]
  if (options.maxTime !== undefined) done.push(pause(options.maxTime, 'time', { signal: timer.signal }))
  if (options.once || options.stopWhenEmpty) done.push(untilEmpty(crew, timer.signal))
  // What is over later is of no interest any more.
  for (const each of done) each.catch(() => {})
  try {
    return await Promise.race(done)
  } finally {
    timer.abort()
  }
}

/** Jobs that wait for their time, or for their next attempt, aren't waited for. */
async function untilEmpty(crew: Crew, signal: AbortSignal): Promise<Reason> {
  for (;;) {
    const stats = await Promise.all(crew.jobs.map(jobs => jobs.stats()))
    if (crew.running === 0 && stats.every(({ waiting }) => waiting === 0)) return 'empty'
    await pause(LOOK_EVERY, undefined, { signal })
  }
}
