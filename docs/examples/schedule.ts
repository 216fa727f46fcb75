import type { Jobs } from '@tidings/jobs'
import { sendInvitations } from './jobs.ts'

/** Invites the regulars every Monday at nine in Berlin, summer and winter. Done again, it replaces what was there. */
export async function inviteRegulars(jobs: Jobs, owner: string, addresses: string[]): Promise<void> {
  const regulars = { owner, id: 'regulars', pattern: '0 9 * * 1', timeZone: 'Europe/Berlin' }
  await jobs.schedule(sendInvitations, { addresses }, regulars)
}

/** When each of an owner's schedules runs next. */
export async function nextRuns(jobs: Jobs, owner: string): Promise<string[]> {
  const schedules = await jobs.schedules({ owner })
  return schedules.map(({ id, next }) => `${id}: ${next?.toISOString() ?? 'never'}`)
}

export async function inviteRegularsNoMore(jobs: Jobs, owner: string): Promise<boolean> {
  return jobs.unschedule(sendInvitations, { owner, id: 'regulars' })
}
