import type { Command } from 'commander'
import { withPlace } from './jobs.ts'

/** Adds `tidings stats`. */
export function addStatsCommand(program: Command): void {
  withPlace(program.command('stats'))
    .description('how all jobs stand, and which workers live')
    .option('--json', 'as an object')
    .action(async options => {
      const { showStats } = await import('../jobs/show-stats.ts')
      await showStats(options)
    })
}
