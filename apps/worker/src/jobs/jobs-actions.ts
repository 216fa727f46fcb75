import { randomUUID } from 'node:crypto'
import {
  InvalidInputError,
  type JobFilter,
  type JobState,
  type JobView,
  KeyReusedError,
  TooManyJobsError,
} from '@tidings/jobs'
import { PlainError, printable } from '@tidings/runtime'
import { changing } from '../changing.ts'
import { EXIT } from '../exit-code.ts'
import { print, printJson, tell, tellUntried } from '../output.ts'
import { namesOf, personNamed } from '../people.ts'
import { readInput } from '../stdin.ts'
import { facts, table } from '../table.ts'
import { type ToolOptions, type Tools, withTools, withWritingTools } from '../tools.ts'
import { UsageError } from '../usage-error.ts'

const PAGE = 200

interface ListOptions extends ToolOptions {
  state?: JobState
  name?: string
  owner?: string
  limit: number
  json?: true
}

/** `tidings jobs list` */
export function listJobs(options: ListOptions): Promise<void> {
  return withTools(options, async tools => {
    const { application } = tools
    const owner = options.owner === undefined ? undefined : (await personNamed(options.owner, application)).id
    const { state, name, limit } = options
    const jobs = await someJobs(tools, { state, name, owner }, limit)
    if (options.json) return printJson(jobs)
    const names = await namesOf(
      jobs.map(job => job.owner),
      application,
    )
    const rows = jobs.map(job => [
      job.id,
      job.name,
      names.get(job.owner),
      job.outcome ?? job.state,
      `${job.attempt}/${job.attempts}`,
      job.createdAt,
      job.reason ?? job.progress?.text ?? '',
    ])
    if (rows.length === 0) tell('There are none.')
    else print(table(['ID', 'JOB', 'OWNER', 'STATE', 'ATTEMPT', 'ENQUEUED', 'NOTE'], rows))
  })
}

/** `tidings jobs show` */
export function showJob(id: string, options: ToolOptions & { json?: true }): Promise<void> {
  return withTools(options, async ({ jobs, application }) => {
    const job = await jobs.find(id, {})
    if (!job) throw new PlainError(`There is no job ${printable(id)}.`)
    if (options.json) return printJson(job)
    const names = await namesOf([job.owner], application)
    print(
      facts([
        ['id', job.id],
        ['job', `${job.name} (${job.title})`],
        ['owner', names.get(job.owner) === job.owner ? job.owner : `${names.get(job.owner)} (${job.owner})`],
        ['state', job.outcome ? `${job.state}: ${job.outcome}` : job.state],
        [
          'progress',
          job.progress && `${Math.round(job.progress.fraction * 100)} % ${job.progress.text ?? ''}`,
        ],
        ['attempt', `${job.attempt} of ${job.attempts}`],
        ['enqueued', job.createdAt],
        ['started', job.startedAt],
        ['ended', job.finishedAt],
        ['next attempt', job.nextAttemptAt],
        ['input', job.input],
        ['result', job.result],
        ['reason', job.reason],
        ['trace', /[\da-f]{32}/.exec(job.telemetry ?? '')?.[0]],
      ]),
    )
  })
}

/** `tidings jobs retry` */
export function retryJobs(ids: readonly string[], options: ToolOptions): Promise<void> {
  return withEach(ids, options, async ({ jobs }, id) => {
    if (await changing(() => jobs.retry(id, {}), unknownOf(id))) return { text: `${id} is tried again.` }
    const job = await jobs.find(id, {})
    return { fault: job ? `${id} has not failed: it is ${job.state}.` : `There is no job ${id}.` }
  })
}

/** `tidings jobs cancel` */
export function cancelJobs(ids: readonly string[], options: ToolOptions): Promise<void> {
  return withEach(ids, options, async ({ jobs }, id) => {
    const done = await changing(() => jobs.cancel(id, {}), unknownOf(id))
    if (done === 'cancelled') return { text: `${id} is cancelled.` }
    if (done === 'cancelling') return { text: `${id} runs; its worker is told to stop it.` }
    // Also by this very command, when it was sent a second time.
    if (done === 'ended' && (await jobs.find(id, {}))?.outcome === 'cancelled')
      return { text: `${id} is cancelled, and has ended.` }
    if (done === 'ended') return { fault: `${id} has ended already.` }
    if (done === 'scheduled') return { fault: `${id} is the next run of a schedule: end the schedule.` }
    return { fault: `There is no job ${id}.` }
  })
}

interface EnqueueOptions extends ToolOptions {
  owner: string
  idempotencyKey?: string
  /** ms */
  delay?: number
  json?: true
}

/** `tidings jobs enqueue` */
export function enqueueJob(name: string, input: string | undefined, options: EnqueueOptions): Promise<void> {
  return withWritingTools(options, async ({ jobs, application }) => {
    const definition = jobs.definitions.get(name)
    if (!definition)
      throw new UsageError(
        `There is no job ${printable(name)}. There are: ${[...jobs.definitions.keys()].join(', ')}.`,
      )
    const given = parsed(input === '-' ? await readInput('JSON') : (input ?? '{}'))
    const { id: owner } = await personNamed(options.owner, application)
    const { idempotencyKey = randomUUID(), delay } = options
    try {
      const { id } = await changing(
        () =>
          jobs.enqueue(definition, given, { owner, idempotencyKey, ...(delay !== undefined && { delay }) }),
        `The job may or may not be enqueued. The same command with --idempotency-key ${printable(idempotencyKey)} enqueues it once, and prints its id.`,
      )
      if (options.json) printJson({ id })
      else print(id)
    } catch (error) {
      throw refusal(error)
    }
  })
}

function unknownOf(id: string): string {
  return `It is not known what became of ${printable(id)}: see tidings jobs show; asking again does no harm.`
}

function refusal(error: unknown): unknown {
  if (error instanceof InvalidInputError || error instanceof TypeError)
    return new UsageError(error.message, { cause: error })
  return error instanceof KeyReusedError || error instanceof TooManyJobsError
    ? new PlainError(`${error.message}.`, { cause: error })
    : error
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : ''
    throw new UsageError(`The input is no JSON: ${printable(reason)}. Quote it: '{"label": "x"}'`)
  }
}

async function someJobs({ jobs }: Tools, filter: JobFilter, limit: number): Promise<JobView[]> {
  const found: JobView[] = []
  let cursor: string | undefined
  do {
    const page = await jobs.listAll({ ...filter, cursor, limit: Math.min(PAGE, limit - found.length) })
    found.push(...page.jobs)
    cursor = page.next
  } while (cursor !== undefined && found.length < limit)
  return found
}

function withEach(
  ids: readonly string[],
  options: ToolOptions,
  act: (tools: Tools, id: string) => Promise<{ text?: string; fault?: string }>,
): Promise<void> {
  return withWritingTools(options, async tools => {
    for (const [i, id] of ids.entries()) {
      const { text, fault } = await act(tools, id).catch(error => {
        tellUntried(ids.slice(i + 1))
        throw error
      })
      tell(printable(text ?? fault ?? ''))
      if (fault !== undefined) process.exitCode = EXIT.failure
    }
  })
}
