import { lossyWorker, lostWeb, lostWorker, partMaster } from './faults.ts'
import { clusterOnHosts, oneRedis, sentinelOnHosts } from './redis-on-hosts.ts'
import type { Scene, TrialOptions } from './trial.ts'

/** What a trial is, but for how much of it. */
export type PlannedTrial = Pick<TrialOptions, 'title' | 'redis' | 'shards' | 'faults'>

/** A worker and a web host lose their network and come back, and all the while packets get lost on the way to another worker. */
export function oneRedisTrial(rounds = 1): PlannedTrial {
  return {
    title: 'one Redis',
    redis: oneRedis,
    async faults(scene) {
      lossyWorker(scene)
      for (let round = 0; round < rounds; round++) await Promise.all([lostWorker(scene), lostWeb(scene)])
    },
  }
}

/**
 * A web and a worker host are left alone with the old master, which goes on for them as long as it may.
 * @param minReplicas how many replicas a master must hear of to take writes
 */
export function sentinelTrial(minReplicas: 0 | 1): PlannedTrial {
  return {
    title: `Sentinel, min-replicas-to-write ${minReplicas}`,
    redis: network => sentinelOnHosts(network, minReplicas),
    faults: scene => partMaster(scene, scene.webs[1], scene.workers[2]),
  }
}

/** One of three hosts of a cluster, with a web and a worker host beside it, loses the others. */
export function clusterTrial(shards: number, withPeople = true): PlannedTrial {
  const beside = ({ webs, workers }: Scene) => (withPeople ? [webs[1], workers[2]] : [])
  return {
    title: `Cluster, ${shards} ${shards === 1 ? 'shard' : 'shards'}`,
    redis: clusterOnHosts,
    shards,
    faults: scene => partMaster(scene, ...beside(scene)),
  }
}
