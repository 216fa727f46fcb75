import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { z } from 'zod'

/** How OTLP numbers the kinds of spans. */
export const KIND = { internal: 1, server: 2, producer: 4, consumer: 5 } as const
/** How OTLP numbers a span's state. */
export const ERROR = 2

const value = z.union([
  z.object({ stringValue: z.string() }).transform(({ stringValue }) => stringValue),
  z.object({ intValue: z.coerce.number() }).transform(({ intValue }) => intValue),
  z.object({ doubleValue: z.number() }).transform(({ doubleValue }) => doubleValue),
  z.unknown(),
])
const attributes = z
  .array(z.object({ key: z.string(), value }))
  .default([])
  .transform(list => Object.fromEntries(list.map(({ key, value }) => [key, value])))
const spanSchema = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  attributes,
  events: z.array(z.object({ name: z.string() })).default([]),
  links: z.array(z.object({ traceId: z.string(), spanId: z.string() })).default([]),
  status: z.object({ code: z.number().default(0) }),
})
const request = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })),
    }),
  ),
})

/** A span as a collector got it. */
export type CollectedSpan = z.output<typeof spanSchema> & { readonly service: unknown }

/** Something like a collector of OpenTelemetry: it takes spans as JSON, and keeps them. */
export interface Collector {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly address: string
  readonly spans: readonly CollectedSpan[]
  /** All that was sent, as it came. */
  readonly bodies: readonly string[]
  /** How many requests came. */
  readonly requests: number
  close(): void
}

/** Opens a collector; one that `hangs` takes everything and answers nothing. */
export async function openCollector({ hangs = false } = {}): Promise<Collector> {
  const spans: CollectedSpan[] = []
  const bodies: string[] = []
  let requests = 0
  const server = createServer(async (incoming, response) => {
    requests++
    if (hangs) return
    const body = await text(incoming)
    bodies.push(body)
    for (const { resource, scopeSpans } of request.parse(JSON.parse(body)).resourceSpans)
      for (const span of scopeSpans.flatMap(scope => scope.spans))
        spans.push({ ...span, service: resource.attributes['service.name'] })
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bodies,
    get requests() {
      return requests
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
