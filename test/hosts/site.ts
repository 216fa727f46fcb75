import { type LogLine, start, type TidingsProcess } from '../process.ts'
import type { Host } from './network.ts'

/** What runs: this clone's build, or that of another release. */
export interface Release {
  /** Its folder; this clone by default. */
  readonly root?: string
  /** The module whose jobs the workers run, in that folder; the blog's by default. */
  readonly app?: string
  /** More of the processes' environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** What a site is made of. */
export interface SiteOptions {
  /** As in `REDIS_URL`. */
  readonly redisUrl: string
  readonly shards: number
  /** A web process each. */
  readonly webs: readonly Host[]
  /** A worker each. */
  readonly workers: readonly Host[]
  readonly release?: Release
}

/** As in sysexits: it passes by itself. */
const TEMPORARY = 75
const SECRET = 'a secret that all web processes of the site share'

/** Built web processes and workers, one a host; whoever dies is started again, as by a supervisor. */
export class Site {
  readonly #options: SiteOptions
  readonly #webs = new Map<Host, TidingsProcess & { address: string }>()
  /** The last one is there, the others were. */
  readonly #workers = new Map<Host, TidingsProcess[]>()
  readonly #all: TidingsProcess[] = []
  #isOver = false
  /** Workers that died. */
  deaths = 0

  private constructor(options: SiteOptions) {
    this.#options = options
  }

  /** Starts it; ready when this returns. */
  static async open(options: SiteOptions): Promise<Site> {
    const site = new Site(options)
    await Promise.all([
      ...options.webs.map(host => site.startWeb(host)),
      ...options.workers.map(host => site.startWorker(host)),
    ])
    return site
  }

  /** Where the web processes are. */
  get addresses(): readonly string[] {
    return [...this.#webs.values()].map(({ address }) => address)
  }

  /** Where this host's is. */
  addressOf(host: Host): string {
    return this.#webs.get(host)?.address ?? ''
  }

  /** All that the workers of these hosts have logged, also those that are gone. */
  logOf(...hosts: readonly Host[]): LogLine[] {
    return hosts.flatMap(host => this.#workers.get(host) ?? []).flatMap(({ log }) => log)
  }

  /** Starts a web process on a host, beside the one that is there. */
  async startWeb(host: Host, release = this.#options.release, tries = 5): Promise<void> {
    const web = this.#start(['apps/web/dist/server.js'], host, release)
    const ready = await web
      .logged(({ ready }) => ready === true)
      .catch(async error => {
        // Redis didn't answer it in time, on a machine that is busy: whoever supervises it starts it again.
        if (tries === 1 || (await web.ended).code !== TEMPORARY) throw error
      })
    if (!ready) return this.startWeb(host, release, tries - 1)
    this.#webs.set(host, { ...web, address: String(ready.address) })
  }

  /** Starts a worker on a host, beside the one that is there. */
  async startWorker(host: Host, release = this.#options.release): Promise<void> {
    const app = release?.app === undefined ? [] : ['--app', release.app]
    const worker = this.#start(['apps/worker/dist/cli.js', 'worker', ...app], host, release)
    this.#workers.set(host, [...(this.#workers.get(host) ?? []), worker])
    void worker.ended.then(({ signal }) => {
      if (this.#isOver || signal !== 'SIGKILL') return
      this.deaths++
      // It may be killed again before it is ready, and is then started once more.
      return this.startWorker(host, release).catch(() => {})
    })
    await worker.logged(({ ready }) => ready === true)
  }

  /** Deploys another release to a host: the process there is asked to go, then the new one comes. */
  async deploy(host: Host, release: Release): Promise<void> {
    await Promise.all([this.#webs.get(host)?.end('SIGTERM'), this.#workers.get(host)?.at(-1)?.end('SIGTERM')])
    if (this.#webs.has(host)) await this.startWeb(host, release)
    if (this.#workers.has(host)) await this.startWorker(host, release)
  }

  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#all.map(process => process.end('SIGKILL')))
  }

  #start(command: string[], host: Host, { root, env }: Release = {}): TidingsProcess {
    const { redisUrl, shards } = this.#options
    const process = start(
      command,
      {
        REDIS_URL: redisUrl,
        SHARDS: String(shards),
        HOST: host.address,
        PORT: '0',
        SESSION_SECRET: SECRET,
        ...env,
      },
      { through: host.through, runs: child => host.runs(child), ...(root !== undefined && { root }) },
    )
    this.#all.push(process)
    return process
  }
}
