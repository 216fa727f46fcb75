import type { Jobs } from '@tidings/jobs'
import { sendInvitations } from './jobs.ts'

/** Invites to each party by a job of its own; whoever invites is told once, when all of them have ended. */
export async function inviteToAll(jobs: Jobs, owner: string, parties: string[][]): Promise<string[]> {
  const batch = await jobs.enqueueBatch(
    sendInvitations,
    parties.map(addresses => ({ addresses })),
    {
      owner,
      message: {
        finished: 'The guests of all {total} parties are invited.',
        failed: 'The guests of {finished} of {total} parties are invited; {failed} lists were no good.',
      },
    },
  )
  return batch.jobs
}
