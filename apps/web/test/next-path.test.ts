import { describe, expect, it } from 'vitest'
import { nextPath } from '../src/next-path.ts'

describe('the page after the login', () => {
  it('is one of ours, with its query', () => {
    for (const path of [
      '/',
      '/jobs',
      '/jobs/a-b_c',
      '/?page=2',
      '/jobs?x=1&y=%2F',
      '/posts/%C3%A9',
      '/inbox#m1',
      '/a//b',
    ]) {
      expect(nextPath(path)).toBe(path)
    }
  })

  it('is the front page for anything that a browser could take for another site', () => {
    const hostile = [
      '//evil.example',
      '///evil.example',
      '/\\evil.example',
      '\\\\evil.example',
      '/\t/evil.example',
      '/\n/evil.example',
      '/\r/evil.example',
      '\t//evil.example',
      ' //evil.example',
      '/\u0000/evil.example',
      'https://evil.example',
      'https:evil.example',
      'HTTP://evil.example',
      'javascript:alert(1)',
      'data:text/html,x',
      '/..//evil.example',
      '/.//evil.example',
      '/%2e%2e//evil.example',
      '/a/..//evil.example',
      '/../\\evil.example',
      'evil.example',
      '',
      '?next=/',
      '#x',
      '/\u2028/evil.example',
      '/\u00a0/x',
      `/${'x'.repeat(3000)}`,
      7,
      null,
      undefined,
      ['/jobs'],
      { x: 1 },
    ]
    for (const value of hostile) expect(nextPath(value), JSON.stringify(value)).toBe('/')
  })

  it('is never the login again', () => {
    for (const path of ['/login', '/login?next=/jobs', '/logout', '/login/', '/x/../login'])
      expect(nextPath(path)).toBe('/')
    expect(nextPath('/login-help')).toBe('/login-help')
  })
})
