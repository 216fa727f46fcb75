import { print, printJson } from '../output.ts'
import { facts, table } from '../table.ts'
import { type ToolOptions, withTools } from '../tools.ts'

/** `tidings stats` */
export function showStats(options: ToolOptions & { json?: true }): Promise<void> {
  return withTools(options, async ({ jobs }) => {
    const [stats, workers] = await Promise.all([jobs.stats(), jobs.workers()])
    if (options.json) return printJson({ ...stats, workers })
    const counts = facts([
      ['waiting', stats.waiting],
      ['delayed', stats.delayed],
      ['running', stats.running],
      ['completed', stats.completed],
      ['failed', stats.failed],
      ['oldest that waits', `${inSeconds(stats.oldestWaiting)} s`],
      ['outcomes owed', stats.owed],
      ['overdue for', `${inSeconds(stats.overdue)} s`],
      ['undelivered', stats.undelivered],
      ['dropped unread', stats.dropped],
      ['workers', workers.length],
    ])
    const rows = workers.map(({ host, pid, version, since, running, concurrency, heard }) => [
      host,
      pid,
      version,
      since,
      `${running}/${concurrency}`,
      `${inSeconds(heard)} s ago`,
    ])
    print(rows.length === 0 ? counts : `${counts}\n\n${table(WORKERS, rows)}`)
  })
}

const WORKERS = ['HOST', 'PID', 'VERSION', 'SINCE', 'RUNNING', 'HEARD']

function inSeconds(ms: number): number {
  return Math.round(ms / 1000)
}
