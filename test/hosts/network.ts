import type { ChildProcess } from 'node:child_process'
import { mayMakeNamespaces, namespaceNetwork } from './namespace-network.ts'
import { oneMachine } from './one-machine.ts'

/** A machine in a network: what runs on it has its address alone. */
export interface Host {
  readonly name: string
  readonly address: string
  /** What stands before a command that is to run on it. */
  readonly through: readonly string[]
  /** Told of each process on it. */
  runs(child: ChildProcess): void
}

/** Machines that reach each other, and the test that reaches them all. */
export interface Network {
  /** How it is made. */
  readonly kind: string
  /** A machine of this name; the same one for the same name. */
  host(name: string): Host
  /** These reach each other and no others; the test still reaches them all, as somebody on their side would. */
  part(...hosts: readonly Host[]): void
  /** Nobody reaches this one any more, nor it anybody. */
  cut(host: Host): void
  /** All reach it again, and it all. */
  join(...hosts: readonly Host[]): void
  /** Has a share of the packets to and from it go astray; says what was done, because not every machine can. */
  lose(host: Host, share: number): string
  end(): void
}

/**
 * Opens a network: of network namespaces where that is allowed, else of processes of this machine, where a host without a
 * network is one whose processes are stopped. Says which of the two it is.
 */
export function openNetwork(): Network {
  const network = mayMakeNamespaces() ? namespaceNetwork() : oneMachine()
  console.log(`hosts: ${network.kind}`)
  return network
}
