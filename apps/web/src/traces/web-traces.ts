import type { Jobs } from '@tidings/jobs'
import type { RedisMessageStoreOptions } from '@tidings/messages'
import type { Tracing } from '@tidings/runtime'
import type { FastifyInstance } from 'fastify'
import { followRequests } from './request-spans.ts'
import { ShownSpans } from './shown-spans.ts'
import { TracedMessageStore } from './traced-message-store.ts'

/** What a web process traces: its requests, and which of them showed the message of which job. */
export class WebTraces {
  readonly #tracing: Tracing
  readonly #shown: ShownSpans

  constructor(tracing: Tracing) {
    this.#tracing = tracing
    this.#shown = new ShownSpans(tracing.tracer)
  }

  /** A message store that says what was shown on which page. */
  store(options: RedisMessageStoreOptions): TracedMessageStore {
    return new TracedMessageStore(options, this.#shown)
  }

  /** Where the jobs are whose messages are shown. */
  lookIn(jobs: Pick<Jobs, 'find'>): void {
    this.#shown.lookIn(jobs)
  }

  /**
   * Traces an app's requests; before its routes and other hooks are added.
   * @param options.isTrusted whether a proxy of ours stands before every client: then a request may belong to its trace
   */
  follow(app: FastifyInstance, { isTrusted }: { isTrusted: boolean }): void {
    followRequests(app, this.#tracing.tracer, isTrusted)
  }
}
