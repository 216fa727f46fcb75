#!/usr/bin/env node
import { printFatal } from '@tidings/runtime'
import { stopRequests } from '@tidings/runtime/supervisor'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { VERSION } from './version.ts'
import { runWorker } from './worker-command.ts'

/** How a mistake on the command line is answered, as in sysexits' neighbours: shells use 2 for it. */
const USAGE = 2

const program = new Command('tidings')
  .description('Runs background jobs and tells people how they ended.')
  .version(VERSION, '-V, --version')
  .exitOverride()
  .showHelpAfterError('(--help shows what there is)')

program
  .command('worker')
  .description('take jobs from the queue and run them until stopped')
  .option('-c, --concurrency <number>', 'jobs run side by side', concurrency, 5)
  .action(async (options: { concurrency: number }) => {
    const stop = stopRequests()
    process.exitCode = await runWorker({ ...options, stop })
  })

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : USAGE
  else printFatal(error)
}
// Whatever a library still holds open must not keep a finished process alive.
setTimeout(() => process.exit(), 500).unref()

function concurrency(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= 1000) return number
  throw new InvalidArgumentError('Expected a whole number from 1 to 1000.')
}
