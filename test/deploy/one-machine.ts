import type { Host, Network } from '../hosts/network.ts'

/** Hosts that are all this machine, for where nobody loses anybody. */
export function oneMachine(): Network {
  const hosts = new Map<string, Host>()
  const never = () => {
    throw new Error('These hosts are one machine: they can not lose each other')
  }
  return {
    kind: 'one machine',
    host(name) {
      const host = hosts.get(name) ?? { name, address: '127.0.0.1', through: [], runs() {} }
      hosts.set(name, host)
      return host
    },
    part: never,
    cut: never,
    join: never,
    lose: never,
    end() {},
  }
}
