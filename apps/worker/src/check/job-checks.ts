import type { Tools } from '../tools.ts'
import { type Finding, ok, warning } from './finding.ts'

/** Overdue for longer, somebody waits for news. */
const OVERDUE = 60_000

/** Looks at the job definitions, the scripts that end jobs, the ledger and the workers. */
export async function checkJobs({ jobs }: Tools): Promise<Finding[]> {
  await jobs.check()
  const names = [...jobs.definitions.keys()]
  const [stats, workers] = await Promise.all([jobs.stats(), jobs.workers()])
  const owed = `${stats.owed} ${stats.owed === 1 ? 'outcome is' : 'outcomes are'} owed`
  const overdue = Math.round(stats.overdue / 1000)
  return [
    ok('scripts', 'a job ends and its owner is told in one step'),
    names.length > 0
      ? ok('definitions', `${names.length} ${names.length === 1 ? 'job' : 'jobs'}: ${names.join(', ')}`)
      : warning('definitions', 'there is no job', 'Name a module that has some with --app.'),
    stats.overdue > OVERDUE
      ? warning(
          'ledger',
          `${owed}, one of them overdue for ${overdue} s`,
          'Look at tidings stats and tidings jobs list: jobs wait that no worker takes.',
        )
      : ok('ledger', owed),
    stats.undelivered > 0
      ? warning(
          'messages',
          `${stats.undelivered} ${stats.undelivered === 1 ? 'message' : 'messages'} could not be delivered yet`,
          `${stats.undelivered === 1 ? 'It is' : 'They are'} tried again every 15 s; where that lasts, the log of a worker says why.`,
        )
      : ok('messages', 'all are delivered'),
    workers.length > 0
      ? ok('workers', `${workers.length} ${workers.length === 1 ? 'lives' : 'live'}`)
      : warning('workers', 'no worker lives', 'Start one with: tidings worker'),
  ]
}
