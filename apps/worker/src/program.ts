import { printableLines } from '@tidings/runtime/printable'
import { Command, CommanderError } from 'commander'
import { addCheckCommand } from './commands/check.ts'
import { addCompletionCommand } from './commands/completion.ts'
import { addJobsCommand } from './commands/jobs.ts'
import { addMessagesCommand } from './commands/messages.ts'
import { addStatsCommand } from './commands/stats.ts'
import { addUsersCommand } from './commands/users.ts'
import { addWorkerCommand } from './commands/worker.ts'
import { EXIT } from './exit-code.ts'
import { quietWhenClosed } from './output.ts'
import { VERSION } from './version.ts'

/** The command line: every command, none of them loaded before it is asked for. */
export function buildProgram(): Command {
  const program = new Command('tidings')
    .description('Runs background jobs and tells people how they ended.')
    .version(VERSION, '-V, --version')
    .exitOverride()
    // It says what was typed, which may come from elsewhere: NAME in `tidings users disable "$NAME"`.
    .configureOutput({ writeErr: text => void process.stderr.write(printableLines(text)) })
    .showHelpAfterError('(--help shows what there is)')
  addWorkerCommand(program)
  addCheckCommand(program)
  addStatsCommand(program)
  addJobsCommand(program)
  addMessagesCommand(program)
  addUsersCommand(program)
  addCompletionCommand(program)
  return program
}

/** Runs the command line and sets the exit code. It never throws. */
export async function run(argv: readonly string[]): Promise<void> {
  quietWhenClosed()
  try {
    await buildProgram().parseAsync(idsLast(argv))
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage
    else await fail(error)
  }
}

/** A job's id, drawn by chance, may begin with "-": behind "--" it is no option. */
function idsLast(argv: readonly string[]): readonly string[] {
  if (!argv.includes('jobs') || argv.includes('--')) return argv
  const ids = argv.filter(each => JOB_ID.test(each))
  return ids.length === 0 ? argv : [...argv.filter(each => !JOB_ID.test(each)), '--', ...ids]
}

const JOB_ID = /^-[\w-]{21}$/

async function fail(error: unknown): Promise<void> {
  const [{ printFatal }, { inPlainWords }] = await Promise.all([
    import('@tidings/runtime'),
    import('./plain-words.ts'),
  ])
  printFatal(inPlainWords(error))
}
