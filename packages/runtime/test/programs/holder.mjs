// Joins the private Redis (or REDIS_URL) of the data directory in argv, says so, answers to lines that tests write by
// signals: SIGTERM leaves in order.
import { createLogger, openRedis, printFatal } from '../../dist/index.js'

const [dataDir, mode = 'stay', ...rest] = process.argv.slice(2)
try {
  const log = createLogger({ name: 'holder', format: 'pretty' })
  const handle = await openRedis({ url: process.env.REDIS_URL, dataDir, log })
  const redis = await handle.connect(mode === 'web' ? 'web' : 'worker')
  const pid = /process_id:(\d+)/.exec(await redis.info('server'))[1]
  console.log(`joined server=${pid} as=${handle.description}`)
  if (mode === 'count') {
    // Writes one number after the other, and says each only when Redis has acknowledged it.
    for (let n = 1; n <= 100_000; n++) console.log(`wrote ${await redis.incr('count')}`)
  }
  if (mode === 'command') console.log(`answer ${JSON.stringify(await redis.call(...rest))}`)
  if (mode === 'stay' || mode === 'web') {
    const alive = setInterval(async () => {
      const answer = await redis.incr('beats').catch(error => error.message)
      console.log(`beat ${answer}`)
    }, 50)
    await new Promise(resolve => process.once('SIGTERM', resolve))
    clearInterval(alive)
  }
  await handle.close()
  console.log('left')
} catch (error) {
  printFatal(error)
}
