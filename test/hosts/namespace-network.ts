import { execFileSync } from 'node:child_process'
import type { Host, Network } from './network.ts'

// The test's own leg in the network of most, and that in the network of those who were parted from it.
const LEG = 1
const SECOND_LEG = 2
const FIRST_HOST = 10
const MAC = '02:00:00:00:00:01'

let networks = 0

/** Whether this process may make network namespaces, and knows how. */
export function mayMakeNamespaces(): boolean {
  const name = `tidings-${process.pid}-try`
  try {
    ip('netns', 'add', name)
    ip('netns', 'exec', name, 'ip', 'link', 'add', 'try', 'type', 'bridge')
    return true
  } catch {
    return false
  } finally {
    quietly(() => ip('netns', 'del', name))
  }
}

/** Machines that are network namespaces, each with a cable to a switch; the switch has a second half for those who are parted. */
export function namespaceNetwork(): Network {
  const id = `td${process.pid}x${++networks}`
  const subnet = `10.${100 + Math.floor(Math.random() * 100)}.${Math.floor(Math.random() * 256)}`
  const addressOf = (number: number) => `${subnet}.${number}`
  const hosts = new Map<string, Host>()
  const ports = new Map<Host, string>()
  const center = `${id}-net`
  const inCenter = (...args: string[]) => ip('-n', center, ...args)
  const plugged = (port: string, half: 'one' | 'two') => inCenter('link', 'set', port, 'master', half, 'up')

  const end = () => {
    for (const name of [...hosts.keys()].map(host => `${id}-${host}`).concat(center))
      quietly(() => ip('netns', 'del', name))
    for (const leg of ['a', 'b']) quietly(() => ip('link', 'del', `${id}${leg}`))
    process.off('exit', end)
  }
  process.once('exit', end)

  ip('netns', 'add', center)
  for (const half of ['one', 'two'] as const) {
    inCenter('link', 'add', half, 'type', 'bridge')
    inCenter('link', 'set', half, 'up')
  }
  for (const [leg, half, number, bits] of [
    ['a', 'one', LEG, 24],
    ['b', 'two', SECOND_LEG, 32],
  ] as const) {
    ip('link', 'add', `${id}${leg}`, 'type', 'veth', 'peer', 'name', `test-${leg}`, 'netns', center)
    // One address on the wire for both: hosts that are back among the others go on with the one that they know.
    ip('link', 'set', `${id}${leg}`, 'address', MAC)
    plugged(`test-${leg}`, half)
    ip('address', 'add', `${addressOf(number)}/${bits}`, 'dev', `${id}${leg}`)
    ip('link', 'set', `${id}${leg}`, 'up')
  }

  const portOf = (host: Host) => ports.get(host) ?? ''
  return {
    kind: `network namespaces, each with an address of its own in ${subnet}.0/24`,
    host(name) {
      const known = hosts.get(name)
      if (known) return known
      const number = FIRST_HOST + hosts.size
      const space = `${id}-${name}`
      const host = {
        name,
        address: addressOf(number),
        through: ['ip', 'netns', 'exec', space],
        runs() {},
      }
      ip('netns', 'add', space)
      hosts.set(name, host)
      ports.set(host, `host-${number}`)
      inCenter('link', 'add', portOf(host), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space)
      ip('-n', space, 'address', 'add', `${host.address}/24`, 'dev', 'eth0')
      ip('-n', space, 'link', 'set', 'eth0', 'up')
      ip('-n', space, 'link', 'set', 'lo', 'up')
      plugged(portOf(host), 'one')
      return host
    },
    part(...parted) {
      for (const host of parted) {
        plugged(portOf(host), 'two')
        ip('route', 'replace', `${host.address}/32`, 'dev', `${id}b`, 'src', addressOf(SECOND_LEG))
      }
    },
    cut: host => inCenter('link', 'set', portOf(host), 'down'),
    join(...joined) {
      for (const host of joined) {
        plugged(portOf(host), 'one')
        quietly(() => ip('route', 'del', `${host.address}/32`, 'dev', `${id}b`))
      }
    },
    lose(host, share) {
      const [first = '', ...rest] = host.through
      const inHost = (...args: string[]) => execFileSync(first, [...rest, ...args], { stdio: 'pipe' })
      try {
        inHost(
          'tc',
          'qdisc',
          'replace',
          'dev',
          'eth0',
          'root',
          'netem',
          'loss',
          `${share * 100}%`,
          'delay',
          '50ms',
        )
        return `${share * 100} % of the packets lost, 50 ms later`
      } catch {
        // This kernel has no netem; its packet filter can lose packets as well, though not delay them.
      }
      const at = ['-m', 'statistic', '--mode', 'random', '--probability', String(share), '-j', 'DROP']
      try {
        for (const way of ['INPUT', 'OUTPUT']) inHost('iptables', '-A', way, ...at)
        return `${share * 100} % of the packets lost, both ways`
      } catch {
        return 'no packets lost: neither netem nor the packet filter is to be had here'
      }
    },
    end,
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' })
}

function quietly(step: () => void): void {
  try {
    step()
  } catch {
    // It was never there, or is gone.
  }
}
