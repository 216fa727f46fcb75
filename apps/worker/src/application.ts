import { pathToFileURL } from 'node:url'
import { type Blog, blogJobs, createBlog, type UserStore } from '@tidings/blog'
import type { AnyJobDefinition, Log } from '@tidings/jobs'
import type { RedisMessageStore } from '@tidings/messages'
import { printable } from '@tidings/runtime'
import type { Redis } from 'ioredis'
import { SetUpError } from './plain-words.ts'

/** Whose jobs the command line runs, and whom it tells. */
export interface Application {
  readonly definitions: readonly AnyJobDefinition[]
  /** The accounts; only the blog's are known here. */
  readonly users?: UserStore
  /** Where it is the blog. */
  readonly blog?: Blog
}

/** How long a module may take to be loaded, and its function to answer, ms. */
const LOAD_LIMIT = 10_000

/** What a module that exports a function gives it. */
export interface ApplicationContext {
  redis: Redis
  store: RedisMessageStore
  log: Log
}

/** The blog, or the application in the module that `--app` names. */
export async function openApplication(
  module: string | undefined,
  context: ApplicationContext & { demo: boolean },
): Promise<Application> {
  if (module !== undefined) return { definitions: await definitionsIn(module, context) }
  const blog = createBlog({ redis: context.redis })
  return { definitions: Object.values(blogJobs(blog, { demo: context.demo })), users: blog.users, blog }
}

/**
 * The job definitions that a module exports: as `definitions`, or as its default; each a list, an object whose values they are,
 * or a function that is given `{ redis, store, log }` and answers one of these.
 * @throws SetUpError where there is no such module, it can't be loaded, or what it exports are no job definitions.
 */
async function definitionsIn(
  module: string,
  { redis, store, log }: ApplicationContext,
): Promise<AnyJobDefinition[]> {
  const name = `--app ${printable(module)}`
  const loading: Promise<Record<string, unknown>> = import(pathToFileURL(module).href).catch(error => {
    throw new SetUpError(`${name}: ${whyNotLoaded(error)}`, { cause: error })
  })
  const exported = await inTime(loading, `${name}: the module isn't loaded yet`)
  const given = exported.definitions ?? exported.default
  if (given === undefined)
    throw new SetUpError(
      `${name}: expected an export "definitions" or a default export with the job definitions; the module exports ${names(exported)}.`,
    )
  const answer: unknown = isFunction(given) ? await called(name, given, { redis, store, log }) : given
  const list: unknown[] = typeof answer === 'object' && answer !== null ? Object.values(answer) : [answer]
  const wrong = list.find(each => !isDefinition(each))
  if (list.length === 0 || wrong !== undefined || typeof answer !== 'object')
    throw new SetUpError(
      `${name}: expected job definitions, as defineJob makes them; got ${list.length === 0 ? 'none' : shown(wrong)}.`,
    )
  return list.filter(isDefinition)
}

function isFunction(value: unknown): value is (context: unknown) => unknown {
  return typeof value === 'function'
}

async function called(name: string, make: (context: unknown) => unknown, context: unknown): Promise<unknown> {
  try {
    return await inTime(Promise.resolve(make(context)), `${name}: its function hasn't answered`)
  } catch (error) {
    if (error instanceof SetUpError) throw error
    throw new SetUpError(`${name}: its function failed: ${told(error)}`, { cause: error })
  }
}

/** A module that waits for something that never comes must not keep a worker that can't be stopped. */
async function inTime<T>(answer: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const words = `${what} after ${LOAD_LIMIT / 1000} s. Does it wait for something that never comes?`
    timer = setTimeout(() => reject(new SetUpError(words)), LOAD_LIMIT)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

// The module's own copy of @tidings/jobs may have made it, so its form decides, and no class.
function isDefinition(value: unknown): value is AnyJobDefinition {
  if (typeof value !== 'object' || value === null) return false
  const { name, run, messages, input } = value as Partial<Record<keyof AnyJobDefinition, unknown>>
  return (
    typeof name === 'string' &&
    typeof run === 'function' &&
    typeof messages === 'object' &&
    input !== undefined
  )
}

function whyNotLoaded(error: unknown): string {
  const { code, url } = error as { code?: unknown; url?: unknown }
  if (code === 'ERR_MODULE_NOT_FOUND' && url === undefined) return `a package is missing. ${told(error)}`
  if (code === 'ERR_MODULE_NOT_FOUND') return 'there is no such module. Name a file, such as ./dist/jobs.js.'
  return `the module can't be loaded: ${told(error)}`
}

/** With the place, which only the author of the module knows. */
function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const lines = error.stack?.split('\n').map(line => line.trim()) ?? []
  const place = lines.find(line => /^(at )?.*file:/.test(line))?.replace(/^at /, '')
  return `${error.message}${place === undefined ? '' : ` (${place})`}`
}

function names(exported: object): string {
  const all = Object.keys(exported)
  return all.length === 0 ? 'nothing' : all.join(', ')
}

function shown(value: unknown): string {
  return typeof value === 'object' && value !== null
    ? `an object with ${names(value)}`
    : printable(`${typeof value} ${String(value)}`.slice(0, 60))
}
