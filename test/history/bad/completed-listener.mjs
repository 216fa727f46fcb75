// Known to be bad: the owner is told by a listener, after BullMQ has ended the job. Whoever dies in between tells nobody.
// REDIS_URL, PREFIX; DIES: the label of the job after whose completion the process is killed.
import { success } from '@tidings/messages'
import { plainWorker } from './plain-worker.mjs'

const { DIES } = process.env
const { worker, store } = await plainWorker(async () => {})
worker.on('completed', async ({ id, data: { label, owner } }) => {
  if (label === DIES) process.kill(process.pid, 'SIGKILL')
  await store.post(owner, success(`${label} ended well.`, { job: id }))
})
