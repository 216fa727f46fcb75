import { inspect, isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { error, info, LEVELS, MemoryMessageStore } from '../../src/index.ts'
import { visit } from './visit.ts'

describe('Django of a message', () => {
  it('C50: messages are equal when level, text and tags are', () => {
    expect(isDeepStrictEqual(info('A text.'), info('A text.'))).toBe(true)
    // Django leaves tags out of the comparison; here they count.
    expect(isDeepStrictEqual(info('A text.'), info('A text.', { extraTags: 'tag' }))).toBe(false)
    expect(info('A text.')).toEqual(expect.anything())
  })

  it('C51: messages are not equal with another text or another level', () => {
    expect(isDeepStrictEqual(info('A text.'), info('Another.'))).toBe(false)
    expect(isDeepStrictEqual(info('A text.'), error('A text.'))).toBe(false)
  })

  it('C52: inspecting one says level and text, and extra tags where there are any', () => {
    expect(inspect(info('A text.'))).toBe("{ level: 20, text: 'A text.' }")
    expect(inspect(info('A text.', { extraTags: 'one two' }))).toContain("extraTags: 'one two'")
    expect(inspect({ level: 42, text: 'A text.' })).toContain('level: 42')
  })
})

describe('Django of tags that change', () => {
  async function tagsAfter(change: (levelTags: Record<number, string>) => void, times = 1) {
    const levelTags: Record<number, string> = { [LEVELS.INFO]: 'first' }
    const { during } = await visit(new MemoryMessageStore(), { levelTags })
    const tagOfOne = () =>
      during(async messages => {
        messages.info('One.')
        return (await messages.view()).at(-1)?.tags
      })
    const seen = [await tagOfOne()]
    for (let time = 0; time < times; time++) {
      change(levelTags)
      seen.push(await tagOfOne())
    }
    return seen
  }

  it('C53: an overridden tag takes effect at run time', async () => {
    const seen = await tagsAfter(levelTags => {
      levelTags[LEVELS.INFO] = 'second'
    })
    expect(seen).toEqual(['first', 'second'])
  })

  it('C54: tags are looked up when they are needed', async () => {
    const seen = await tagsAfter(levelTags => {
      delete levelTags[LEVELS.INFO]
    })
    expect(seen).toEqual(['first', 'info'])
  })

  it('C55: tags change again after they were changed', async () => {
    let time = 0
    const seen = await tagsAfter(levelTags => {
      levelTags[LEVELS.INFO] = `change-${++time}`
    }, 2)
    expect(seen).toEqual(['first', 'change-1', 'change-2'])
  })
})
