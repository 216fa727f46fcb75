import type { Cluster, Redis } from 'ioredis'

/**
 * Hints that something may be new in a list, over pub/sub: one connection for all that watch, opened when the first one
 * does and closed when the last one has gone.
 */
export class RedisHints {
  readonly #redis: Redis | Cluster
  readonly #watchers = new Map<string, Set<() => void>>()
  #subscriber: Redis | Cluster | undefined

  constructor(redis: Redis | Cluster) {
    this.#redis = redis
  }

  /** Calls `hint` for each of these channels' hints, and when the connection was gone and is back. */
  async watch(channels: readonly string[], hint: () => void): Promise<() => Promise<void>> {
    const subscriber = this.#connection()
    const watcher = () => hint() // the same function may watch twice, and leaves twice
    for (const channel of channels) this.#watchersOf(channel).add(watcher)
    try {
      // Again for channels that others watch: theirs may still be on its way.
      if (channels.length > 0) await subscriber.subscribe(...channels)
    } catch (error) {
      await this.#leave(channels, watcher).catch(() => {})
      throw error
    }
    return () => this.#leave(channels, watcher)
  }

  async #leave(channels: readonly string[], hint: () => void): Promise<void> {
    const empty = channels.filter(channel => {
      const watchers = this.#watchers.get(channel)
      watchers?.delete(hint)
      return watchers?.size === 0 && this.#watchers.delete(channel)
    })
    if (this.#watchers.size === 0) {
      this.#subscriber?.disconnect()
      this.#subscriber = undefined
    } else if (empty.length > 0) await this.#subscriber?.unsubscribe(...empty)
  }

  #connection(): Redis | Cluster {
    if (this.#subscriber) return this.#subscriber
    const subscriber = duplicate(this.#redis)
    this.#subscriber = subscriber
    subscriber.on('error', () => {}) // it reconnects and subscribes again by itself
    subscriber.on('message', (channel: string) => this.#tell(this.#watchers.get(channel)))
    // What was posted while the connection was gone is told by nobody else.
    subscriber.on('ready', () => {
      for (const watchers of this.#watchers.values()) this.#tell(watchers)
    })
    // A cluster's client listens at one of the nodes, and at another when that is gone: it doesn't say so, and what was posted
    // between is met when a page looks again.
    return subscriber
  }

  #watchersOf(channel: string): Set<() => void> {
    const watchers = this.#watchers.get(channel) ?? new Set()
    this.#watchers.set(channel, watchers)
    return watchers
  }

  #tell(watchers: Iterable<() => void> = []): void {
    for (const hint of watchers) hint()
  }
}

function isCluster(redis: Redis | Cluster): redis is Cluster {
  return redis.isCluster
}

// Where a command may not wait for the connection, the first one would come too early.
function duplicate(redis: Redis | Cluster): Redis | Cluster {
  return isCluster(redis)
    ? redis.duplicate([], { enableOfflineQueue: true })
    : redis.duplicate({ enableOfflineQueue: true })
}
