import type { Cluster } from 'ioredis'

/** How long it is from one choice of a node to listen at to the next one, ms. */
const PAUSE = 500

/** What ioredis' `Cluster` listens to channels with. It is none of its public parts: where it is another one, it stays as it is. */
interface Listener {
  readonly started: boolean
  /** The connection; `null` until a node is chosen, and when there is none to choose from. */
  readonly subscriber: object | null
  selectSubscriber(): void
}

/**
 * Has a cluster's client, and what is duplicated from it, take a breath before it listens at another node. By itself it chooses
 * the next one the moment that the last one is gone: where no node answers, thousands of times a second, for all of a core.
 */
export function patient(cluster: Cluster): Cluster {
  const listener: unknown = Reflect.get(cluster, 'subscriber')
  if (isListener(listener)) slowDown(listener)
  const duplicate = cluster.duplicate.bind(cluster)
  const another = (...args: Parameters<Cluster['duplicate']>) => patient(duplicate(...args))
  return Object.assign(cluster, { duplicate: another, connect: connecting(cluster) })
}

/**
 * Connects, and is done when the client is ready. By itself it waits for ever where its first try met a cluster that was not whole,
 * such as while a replica takes over: the client tries again, and nobody tells who waits.
 */
function connecting(cluster: Cluster): () => Promise<void> {
  const connect = cluster.connect.bind(cluster)
  let settled: Promise<void> | undefined
  const whenSettled = () =>
    new Promise<void>((resolve, reject) => {
      const ready = () => {
        settled = undefined
        cluster.off('end', end)
        resolve()
      }
      const end = () => {
        settled = undefined
        cluster.off('ready', ready)
        reject(new Error('Connection is closed.'))
      }
      cluster.once('ready', ready)
      cluster.once('end', end)
    })
  return () => {
    const tried = connect()
    if (!settled) {
      settled = whenSettled()
      settled.catch(() => {}) // told to whoever waits
    }
    return Promise.race([tried, settled])
  }
}

function isListener(value: unknown): value is Listener {
  return typeof value === 'object' && value !== null && 'selectSubscriber' in value
}

function slowDown(listener: Listener): void {
  const select = listener.selectSubscriber.bind(listener)
  let chosen = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  const choose = () => {
    clearTimeout(timer)
    timer = undefined
    chosen = performance.now()
    select()
  }
  listener.selectSubscriber = () => {
    const rest = chosen + PAUSE - performance.now()
    // The first one of a connection is chosen at once: what somebody subscribes to waits for it.
    if (listener.subscriber === null || rest <= 0) return choose()
    timer ??= setTimeout(() => {
      timer = undefined
      if (listener.started) choose()
    }, rest)
    timer.unref()
  }
}
