import type { ChildProcess } from 'node:child_process'
import type { Host, Network } from './network.ts'

/**
 * Hosts that are all this machine, for where nothing better is allowed or needed. One that is cut off has its processes stopped
 * until it is joined again: nobody reaches them and they reach nobody, but they don't work meanwhile either.
 */
export function oneMachine(): Network {
  const hosts = new Map<string, Host>()
  const running = new Map<Host, Set<ChildProcess>>()
  const signal = (host: Host, name: 'SIGSTOP' | 'SIGCONT') => {
    for (const child of running.get(host) ?? []) child.kill(name)
  }
  const stop = (...stopped: readonly Host[]) => {
    for (const host of stopped) signal(host, 'SIGSTOP')
  }
  const join = (...joined: readonly Host[]) => {
    for (const host of joined) signal(host, 'SIGCONT')
  }
  return {
    kind: 'processes of this machine; a host without a network is one whose processes are stopped',
    host(name) {
      const known = hosts.get(name)
      if (known) return known
      const children = new Set<ChildProcess>()
      const host: Host = {
        name,
        address: '127.0.0.1',
        through: [],
        runs(child) {
          children.add(child)
          child.once('exit', () => children.delete(child))
        },
      }
      hosts.set(name, host)
      running.set(host, children)
      return host
    },
    part: stop,
    cut: stop,
    join,
    lose: () => 'no packets lost: that takes network namespaces',
    end: () => join(...hosts.values()),
  }
}
