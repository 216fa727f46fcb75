import type { Command } from 'commander'
import { withPlace } from './jobs.ts'

/** Adds `tidings check`. */
export function addCheckCommand(program: Command): void {
  withPlace(program.command('check'))
    .description('look whether everything is set up so that nobody’s message is lost')
    .option('--json', 'one object a line')
    .action(async options => {
      const { runChecks } = await import('../check/run-checks.ts')
      process.exitCode = await runChecks(options)
    })
}
