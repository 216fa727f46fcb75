import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { VIEWS } from '../src/views.ts'

describe('the templates', () => {
  it('escape everything that they print, and quote every attribute', async () => {
    const files = await readdir(VIEWS)
    expect(files).toContain('layout.pug')
    for (const file of files) {
      // The layout loads files of our own; nothing stands in a page itself.
      const text = (await readFile(VIEWS + file, 'utf8')).replace("script(type='module' src=src)", '')
      expect(text.match(/!=(?!=)|!\{|&attributes|\bscript\b|\bstyle=/g), file).toBeNull()
    }
  })
})
