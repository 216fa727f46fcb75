import type { Cluster, Redis } from 'ioredis'

/**
 * Has all that is sent over this connection go out by one write when what runs now is over: under load many pages ask at the
 * same moment, and writing to a socket is the dearest part of a command.
 */
export function writeTogether(redis: Redis | Cluster): void {
  // A cluster's client has a connection for each node. Before it is ready, commands wait for their turn anyway.
  if (!('stream' in redis) || redis.status !== 'ready') return
  const { stream } = redis
  if (stream.writableCorked > 0) return
  stream.cork()
  process.nextTick(uncork, stream)
}

function uncork(stream: Redis['stream']): void {
  stream.uncork()
}
