import { type Command, Option } from 'commander'
import { queues, seconds, wholeNumber, words } from '../options.ts'

const STATES = ['waiting', 'delayed', 'active', 'completed', 'failed']
const YEAR = 365 * 24 * 60 * 60

/** Adds `tidings jobs …`. */
export function addJobsCommand(program: Command): void {
  const jobs = program.command('jobs').description('look after jobs')
  const load = () => import('../jobs/jobs-actions.ts')

  withPlace(jobs.command('list'))
    .description('the jobs of everybody, those that run first, then newest first')
    .addOption(new Option('--state <state>', 'only those').choices(STATES))
    .option('--name <job>', 'only those of this definition')
    .option('--owner <user>', 'only those of this user')
    .option('--limit <number>', 'how many at most', wholeNumber(1, 100_000), 50)
    .option('--json', 'one object a line')
    .action(async options => (await load()).listJobs(options))
  withPlace(jobs.command('show <id>'))
    .description('all that is known of a job')
    .option('--json', 'as an object')
    .action(async (id, options) => (await load()).showJob(id, options))
  withPlace(jobs.command('retry <id...>'))
    .description('try failed jobs again')
    .action(async (ids, options) => (await load()).retryJobs(ids, options))
  withPlace(jobs.command('cancel <id...>'))
    .description('cancel jobs that have not ended')
    .action(async (ids, options) => (await load()).cancelJobs(ids, options))
  withPlace(jobs.command('enqueue <name> [input]'))
    .description('start a job for somebody; its input as JSON, or - to read that from standard input')
    .requiredOption('--owner <user>', 'whose job it is')
    .option('--idempotency-key <key>', 'the same key starts one job, however often it is asked for', words)
    .option('--delay <seconds>', 'not before so many seconds are over', seconds(0, YEAR))
    .option('--json', 'as an object')
    .action(async (name, input, options) => (await load()).enqueueJob(name, input, options))
}

/** The options that say which application, and which queue. */
export function withPlace(command: Command): Command {
  return command
    .option('-q, --queue <name>', 'the queue (default: "jobs")', text => queues(text)[0])
    .option('--app <module>', 'whose jobs: a module that exports them (default: the blog’s)')
}
