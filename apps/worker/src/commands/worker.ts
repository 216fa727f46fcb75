import { type Command, Option } from 'commander'
import { queues, seconds, wholeNumber } from '../options.ts'

const DAY = 24 * 60 * 60

/** What `tidings worker` is given. */
export interface WorkerOptions {
  queue?: string[]
  concurrency: number
  /** ms */
  timeout: number
  once?: true
  stopWhenEmpty?: true
  maxJobs?: number
  /** ms */
  maxTime?: number
  healthPort?: number
  logFormat?: 'pretty' | 'json'
  logLevel?: string
  app?: string
}

/** Adds `tidings worker`. */
export function addWorkerCommand(program: Command): void {
  program
    .command('worker')
    .description('take jobs from the queue and run them until stopped')
    .option(
      '-q, --queue <name>',
      'a queue to take jobs from; again for another one (default: "jobs")',
      queues,
    )
    .option('-c, --concurrency <number>', 'jobs run side by side, in each queue', wholeNumber(1, 1000), 5)
    .addOption(
      new Option('-t, --timeout <seconds>', 'how long running jobs may take to finish after a signal')
        .argParser(seconds(0, DAY))
        .default(25_000, '25'),
    )
    .option('--once', 'run one job, if there is one, and leave')
    .option('--stop-when-empty', 'leave when no job waits any more')
    .option('--max-jobs <number>', 'leave after so many jobs', wholeNumber(1, 1_000_000_000))
    .option('--max-time <seconds>', 'leave after so many seconds', seconds(1, 365 * DAY))
    .option('--health-port <port>', 'answer health checks there (or set HEALTH_PORT)', wholeNumber(0, 65_535))
    .addOption(
      new Option(
        '--log-format <format>',
        'for people, or for machines (default: pretty on a terminal)',
      ).choices(['pretty', 'json']),
    )
    .addOption(
      new Option('--log-level <level>', 'the lowest level that is logged (or set LOG_LEVEL)').choices([
        'trace',
        'debug',
        'info',
        'warn',
        'error',
        'fatal',
        'silent',
      ]),
    )
    .option('--app <module>', 'whose jobs to run: a module that exports them (default: the blog’s)')
    .action(async (options: WorkerOptions) => {
      const { runWorker } = await import('../worker/run-worker.ts')
      process.exitCode = await runWorker(options)
    })
}
