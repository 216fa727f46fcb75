import { describe, expect, it } from 'vitest'
import { createLogger, NoRedisError } from '../src/index.ts'

function logged(format: 'json' | 'pretty', level = 'info') {
  const lines: string[] = []
  const log = createLogger({ name: 'test', level, format, destination: { write: line => lines.push(line) } })
  return { log, text: () => lines.join('') }
}

describe('createLogger', () => {
  it.each(['json', 'pretty'] as const)('hides secrets in the %s form, wherever they stand', format => {
    const { log, text } = logged(format)
    log.info(
      {
        password: 'geheim1',
        req: { method: 'GET', url: '/', headers: { cookie: 'geheim2', authorization: 'geheim3' } },
      },
      'a',
    )
    log.info(
      { user: { token: 'geheim4' }, config: { SESSION_SECRET: 'geheim5' } },
      'no answer from redis://me:geheim6@host',
    )
    log.error({ err: new Error('rediss://:geheim7@host is down') }, 'b')
    expect(text()).not.toMatch(/geheim/)
    expect(text()).toContain('redis://***@host')
  })

  it('keeps what users typed on its line, and the terminal as it is', () => {
    const { log, text } = logged('pretty')
    const typed = 'x\u001b[2J\u009b31m\r\n12:00:00 ERROR forged\u2028\u202e\u0007'
    log.info({ label: typed, nested: { label: typed }, err: new Error(typed) }, typed)
    const lines = text().trimEnd().split('\n')
    for (const line of lines.slice(1)) expect(line).toMatch(/^ {4}at /)
    expect(text().replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028\u202e]/u)
    expect(lines[0]).toContain('\\u001b[2J')
  })

  it('writes local time, the level unless it is info, the message and the fields', () => {
    const { log, text } = logged('pretty')
    log.info({ jobId: '7', label: 'two words' }, 'job started')
    log.warn({ attempt: 1 }, 'attempt failed')
    expect(text()).toMatch(
      /^\d\d:\d\d:\d\d job started jobId=7 label="two words"\n\d\d:\d\d:\d\d WARN attempt failed attempt=1\n$/,
    )
  })

  it('tells a plain error without its stack', () => {
    const { log, text } = logged('pretty')
    log.error({ err: new NoRedisError('No Redis to use.') }, 'stopped')
    expect(text()).toMatch(/ERROR stopped err="No Redis to use\."\n$/)
  })
})
