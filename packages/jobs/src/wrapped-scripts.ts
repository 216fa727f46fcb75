import { createHash } from 'node:crypto'
import type { RedisQueueBackend } from 'bullmq'
import type { Redis } from 'ioredis'
import { asFunction, commandName, luaText } from './script.ts'
import { type Argument, ScriptCommand, sentAgain } from './script-command.ts'
import { SharedCalls } from './shared-calls.ts'
import { holdWrites } from './written-together.ts'

/** This version of BullMQ can't be made to take or end a job and tell its owner in one step. */
export class UnwrappableError extends Error {
  override readonly name = 'UnwrappableError'

  constructor(version: string, missing: string) {
    super(
      `BullMQ ${version} can't be made to take or end a job and tell its owner in one step: ${missing}. ` +
        'Install the version of bullmq that @tidings/jobs names in its package.json.',
    )
  }
}

// Where a version of BullMQ has more keys or fewer, every argument has moved, and what our texts take from theirs is another.
const KEY_COUNTS: Readonly<Record<string, number>> = {
  addStandardJob: 9,
  addDelayedJob: 6,
  addPrioritizedJob: 9,
  addJobScheduler: 11,
  updateJobScheduler: 12,
  reprocessJob: 9,
  moveToFinished: 14,
}

/** What is put around one script of BullMQ's. */
export interface Wrapping {
  /** The name under which our text calls BullMQ's. */
  readonly as: 'add' | 'finish'
  /** Our functions, and our text that is run. */
  readonly before: string
  readonly text: string
  /** What our text is given after BullMQ's arguments, where no {@link appendArguments} says it. */
  more?(args: readonly Argument[]): readonly Argument[]
}

/**
 * Has a backend run scripts of BullMQ inside of ours, their texts unchanged. They are commands of our own beside BullMQ's, so that
 * other queues on the same connection notice nothing.
 * @throws UnwrappableError where this version of BullMQ doesn't have what must be wrapped.
 */
export async function wrapScripts(
  backend: RedisQueueBackend,
  wrappings: Readonly<Record<string, Wrapping>>,
): Promise<void> {
  const { version } = innards(backend)
  const client = (await backend.client) as unknown as ScriptedClient
  const commands = new Map<string, WrappedScript>()
  for (const [name, { as, before, text }] of Object.entries(wrappings)) {
    const script = client.scriptsSet?.[`${name}:${version}`]
    if (!script?.lua || !script.numberOfKeys)
      throw new UnwrappableError(version, `its client has no script ${name}:${version}`)
    if (script.numberOfKeys !== KEY_COUNTS[name])
      throw new UnwrappableError(version, `its script ${name} has ${script.numberOfKeys} keys`)
    const lua = `${asFunction(as, script.lua)}${before}${text}`
    const { numberOfKeys } = script
    const together = `${asFunction(as, script.lua)}${before}${asFunction('one', text)}${luaText('together')}`
    const alone = defined(client, name, lua, numberOfKeys)
    commands.set(name, {
      alone,
      together: defined(client, `${name}s`, together, numberOfKeys),
      shared: new WeakMap(),
    })
  }
  const inner = innards(backend)
  const execute = inner.execCommand
  if (typeof execute !== 'function') throw new UnwrappableError(version, 'its backend has no execCommand')
  inner.execCommand = function (runner, name, args) {
    const script = commands.get(name)
    if (script === undefined) return execute.call(this, runner, name, args)
    const more = wrappings[name]?.more?.(args)
    return run(runner, script, more ? [...args, ...more] : args)
  }
}

function shaOf(lua: string): string {
  return createHash('sha1').update(lua).digest('hex')
}

/** A script of ours, and the one that runs several calls of it. */
interface WrappedScript {
  readonly alone: DefinedScript
  readonly together: DefinedScript
  /** By connection. */
  readonly shared: WeakMap<Runner, SharedCalls>
}

interface DefinedScript {
  readonly command: string
  readonly sha: string
  readonly numberOfKeys: number
}

function defined(client: ScriptedClient, name: string, lua: string, numberOfKeys: number): DefinedScript {
  const command = commandName(name, lua)
  if (!client.scriptsSet?.[command]) client.defineCommand(command, { numberOfKeys, lua })
  return { command, sha: shaOf(lua), numberOfKeys }
}

function run(runner: Runner, { alone, together, shared }: WrappedScript, args: Arguments): Promise<unknown> {
  if (runner.isPipeline) return runner.runCommand(alone.command, args.map(sentAgain))
  // While a slot of a cluster is on its way to another node, a command is answered where all of its keys are: each by itself.
  if (runner.isCluster) return send(runner, alone, args)
  let calls = shared.get(runner)
  if (!calls) {
    calls = new SharedCalls({
      numberOfKeys: alone.numberOfKeys,
      alone: args => send(runner, alone, args),
      together: args => send(runner, together, args),
    })
    shared.set(runner, calls)
  }
  return calls.run(args)
}

/** By its digest, and where the server doesn't know it yet, by its text. */
function send(
  runner: Runner,
  { command, sha, numberOfKeys }: DefinedScript,
  args: readonly Argument[],
): Promise<unknown> {
  holdWrites(runner)
  return runner.sendCommand(new ScriptCommand(sha, numberOfKeys, args)).catch((error: unknown) => {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return runner.runCommand(command, args.map(sentAgain))
  })
}

/** Looks at what a script of BullMQ's has answered before the backend does; may change it in place. */
export function onReply(
  backend: RedisQueueBackend,
  names: readonly string[],
  look: (reply: unknown) => void,
): void {
  const inner = innards(backend)
  const execute = inner.execCommand
  inner.execCommand = function (runner, name, args) {
    const answer = execute.call(this, runner, name, args)
    if (!names.includes(name)) return answer
    return answer.then(reply => {
      look(reply)
      return reply
    })
  }
}

type Arguments = Argument[]

/** A connection of BullMQ's, or several commands in one. */
interface Runner {
  readonly isPipeline?: boolean
  readonly isCluster?: boolean
  readonly stream?: Redis['stream']
  runCommand(name: string, args: Arguments): Promise<unknown>
  sendCommand(command: ScriptCommand): Promise<unknown>
}

/** The names of BullMQ that aren't public, all in one place. */
interface Innards {
  readonly version: string
  execCommand(runner: Runner, name: string, args: Arguments): Promise<unknown>
  moveToFinishedArgs(
    job: unknown,
    value: unknown,
    property: string,
    remove: unknown,
    target: string,
    ...rest: unknown[]
  ): Arguments
  addStandardJobArgs(job: { id?: string }, ...rest: unknown[]): Arguments
  addDelayedJobArgs(job: { id?: string }, ...rest: unknown[]): Arguments
  addPrioritizedJobArgs(job: { id?: string }, ...rest: unknown[]): Arguments
}

interface ScriptedClient {
  scriptsSet?: Record<string, { lua?: string; numberOfKeys?: number } | undefined>
  defineCommand(name: string, definition: { numberOfKeys: number; lua: string }): void
}

/** The version of BullMQ. */
export function versionOf(backend: RedisQueueBackend): string {
  return innards(backend).version
}

/** The backend with what TypeScript is not told of it. */
function innards(backend: RedisQueueBackend): Innards {
  return backend as unknown as Innards
}

/**
 * Appends arguments of ours to those that the backend makes for one of its scripts.
 * @throws UnwrappableError where the backend has no such method.
 */
export function appendArguments<Name extends ArgumentMethod>(
  backend: RedisQueueBackend,
  name: Name,
  more: (...args: Parameters<Innards[Name]>) => readonly Argument[],
): void {
  const inner = innards(backend)
  const original = inner[name] as ((...args: unknown[]) => Arguments) | undefined
  if (typeof original !== 'function') throw new UnwrappableError(inner.version, `its backend has no ${name}`)
  const appended = function (this: unknown, ...args: Parameters<Innards[Name]>): Arguments {
    return [...original.apply(this, args), ...more(...args)]
  }
  Object.assign(inner, { [name]: appended })
}

type ArgumentMethod =
  | 'moveToFinishedArgs'
  | 'addStandardJobArgs'
  | 'addDelayedJobArgs'
  | 'addPrioritizedJobArgs'
