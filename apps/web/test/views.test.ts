import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { VIEWS } from '../src/views.ts'

describe('the templates', () => {
  it('escape everything that they print, and quote every attribute', async () => {
    const files = await readdir(VIEWS)
    expect(files).toContain('layout.pug')
    for (const file of files) {
      // Pages load files of our own; nothing stands in a page itself.
      const loads = /script\(type='module' src=(src|assets\.\w+)\)/g
      const text = (await readFile(VIEWS + file, 'utf8')).replaceAll(loads, '')
      expect(text.match(/!=(?!=)|!\{|&attributes|\bscript\b|\bstyle=/g), file).toBeNull()
    }
  })
})
