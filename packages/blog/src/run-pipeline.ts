import type { ChainableCommander } from 'ioredis'

/** Sends a pipeline or transaction and returns its replies in order. Throws the first error among them. */
export async function runPipeline(pipeline: ChainableCommander): Promise<unknown[]> {
  const replies = await pipeline.exec()
  if (!replies) throw new Error('Redis did not run the transaction.')
  return replies.map(([error, reply]) => {
    if (error) throw error
    return reply
  })
}
