import type { Cluster, Redis } from 'ioredis'

/** Told whose account or sessions have changed; `undefined`: hints may have been lost, so it may be anybody's. */
export type UserChanged = (id: string | undefined) => void

/**
 * Hints over pub/sub that an account has changed, or that a session of its user has ended: who keeps something open on the word
 * of a session looks again. They are hints alone: they can be lost, and whoever may publish can invent one.
 */
export class UserChanges {
  readonly channel: string
  readonly #redis: Redis | Cluster
  readonly #watchers = new Set<UserChanged>()
  #subscriber: Redis | Cluster | undefined

  /** @param options.channel what hints are published on */
  constructor({ redis, channel }: { redis: Redis | Cluster; channel: string }) {
    this.#redis = redis
    this.channel = channel
  }

  /** Says that something of this user's has changed. Who changes an account by the store needn't. */
  async tell(id: string): Promise<void> {
    await this.#redis.publish(this.channel, id)
  }

  /**
   * Calls back at each hint, on a connection of its own that lasts as long as somebody watches.
   * @returns what ends it
   * @throws what Redis says where it is away: nobody watches then
   */
  async watch(changed: UserChanged): Promise<() => void> {
    const watcher: UserChanged = id => changed(id)
    this.#watchers.add(watcher)
    const leave = () => {
      this.#watchers.delete(watcher)
      if (this.#watchers.size > 0) return
      this.#subscriber?.disconnect()
      this.#subscriber = undefined
    }
    try {
      await this.#connection().subscribe(this.channel)
      watcher(undefined) // what was told before the connection listened
    } catch (error) {
      leave()
      throw error
    }
    return leave
  }

  #connection(): Redis | Cluster {
    if (this.#subscriber) return this.#subscriber
    const subscriber = duplicate(this.#redis)
    this.#subscriber = subscriber
    subscriber.on('error', () => {}) // it reconnects and subscribes again by itself
    subscriber.on('message', (_, id: string) => this.#told(id))
    // What was told while the connection was gone is told by nobody else.
    subscriber.on('ready', () => this.#told(undefined))
    return subscriber
  }

  #told(id: string | undefined): void {
    for (const changed of this.#watchers) changed(id)
  }
}

// Where a command may not wait for the connection, the first one would come too early.
function duplicate(redis: Redis | Cluster): Redis | Cluster {
  const options = { enableOfflineQueue: true }
  return isCluster(redis) ? redis.duplicate([], options) : redis.duplicate(options)
}

function isCluster(redis: Redis | Cluster): redis is Cluster {
  return redis.isCluster
}
