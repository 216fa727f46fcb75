// Known to be bad: the processor tells the owner, and then returns. Whoever dies in between tells it again.
// REDIS_URL, PREFIX; DIES: the label of the job between whose message and return the process is killed, the first time;
// THEN=fails: the second time it fails.
import { error, success } from '@tidings/messages'
import { plainWorker } from './plain-worker.mjs'

const { PREFIX, DIES, THEN } = process.env
await plainWorker(async ({ id, data: { label, owner } }, { store, redis }) => {
  const isFirst = label !== DIES || (await redis.set(`${PREFIX}:died`, '1', 'NX')) === 'OK'
  if (!isFirst && THEN === 'fails') {
    await store.post(owner, error(`${label} failed.`, { job: id }))
    throw new Error('it was to fail')
  }
  await store.post(owner, success(`${label} ended well.`, { job: id }))
  if (isFirst && label === DIES) process.kill(process.pid, 'SIGKILL')
})
