import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const text = readFileSync(join(root, 'docs/security.md'), 'utf8')

it('docs/security.md answers each row of the checklist, once', () => {
  const rows = [...text.matchAll(/^\| (S\d\d) \|/gm)].map(([, row]) => row)
  expect(rows).toEqual(Array.from({ length: 40 }, (_, n) => `S${String(n + 1).padStart(2, '0')}`))
})

it('docs/security.md names only files that there are', () => {
  const files = [...text.matchAll(/(?:apps|packages|test|docker)\/[\w./-]*\w/g)].map(([file]) => file)
  expect(files.length).toBeGreaterThan(30)
  expect(files.filter(file => !existsSync(join(root, file)))).toEqual([])
})
