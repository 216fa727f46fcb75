import { describe, expect, it } from 'vitest'
import type { RequestMessages } from '../../src/fastify.ts'
import { LEVELS } from '../../src/index.ts'
import { stores, visit } from './visit.ts'

describe.each(stores())('Django of levels and tags: %s', (_, make) => {
  function addSix(messages: RequestMessages): number {
    messages.add(20, 'Something to know.')
    messages.add(29, 'Of a level between.')
    messages.add(10, 'For developers.', { extraTags: 'extra-tag' })
    messages.add(30, 'Take care.')
    messages.add(40, 'It broke.')
    messages.add(25, 'It worked.')
    return messages.added
  }

  it('C27: the level of a request that has added nothing is INFO', async () => {
    const { during } = await visit(make())
    expect(await during(messages => messages.level)).toBe(LEVELS.INFO)
  })

  it('C28: the level of a request that has added is INFO, unless it was set', async () => {
    const { during } = await visit(make())
    const level = await during(messages => {
      addSix(messages)
      return messages.level
    })
    expect(level).toBe(LEVELS.INFO)
  })

  it('C29: of six, INFO keeps five', async () => {
    const { during, next } = await visit(make())
    expect(await during(addSix)).toBe(5)
    expect(await next()).toHaveLength(5)
  })

  it.each([
    ['C30', 5, 6],
    ['C31', 30, 2],
  ])('%s: set to %d for the request, it is that, and keeps %d', async (_, level, kept) => {
    const { during, next } = await visit(make())
    const set = await during(messages => {
      messages.level = level
      addSix(messages)
      return messages.level
    })
    expect(set).toBe(level)
    expect(await next()).toHaveLength(kept)
    // And the next request has the plugin's own again.
    expect(await during(messages => messages.level)).toBe(LEVELS.INFO)
  })

  it('C32: the plugin told 29 keeps three', async () => {
    const { during, next } = await visit(make(), { level: 29 })
    expect(await during(addSix)).toBe(3)
    expect(await next()).toHaveLength(3)
  })

  const tagsOf = async (levelTags: Record<number, string> = {}, key: 'tags' | 'levelTag' = 'tags') => {
    const { during } = await visit(make(), { level: 0, levelTags })
    return during(async messages => {
      addSix(messages)
      messages.add(20, 'Without extra tags.', { extraTags: undefined })
      return (await messages.view()).map(message => message[key])
    })
  }

  it('C33: the tags are extra tags and the tag of the level', async () => {
    expect(await tagsOf()).toEqual(['info', '', 'extra-tag debug', 'warning', 'error', 'success', 'info'])
  })

  it('C34: the tag of the level leaves extra tags out', async () => {
    expect(await tagsOf({}, 'levelTag')).toEqual(['info', '', 'debug', 'warning', 'error', 'success', 'info'])
  })

  const CUSTOM = {
    [LEVELS.INFO]: 'info',
    [LEVELS.DEBUG]: '',
    [LEVELS.WARNING]: '',
    [LEVELS.ERROR]: 'bad',
    29: 'custom',
  }

  it('C35: tags may be replaced and added', async () => {
    expect(await tagsOf(CUSTOM)).toEqual(['info', 'custom', 'extra-tag', '', 'bad', 'success', 'info'])
  })

  it('C36: an unknown level has the empty tag', async () => {
    expect((await tagsOf())[1]).toBe('')
  })

  it('C37: an extra tag stands before the tag of the level, with one space between', async () => {
    expect((await tagsOf())[2]).toBe('extra-tag debug')
  })

  it('C38: a level whose tag is empty has the extra tag alone', async () => {
    expect((await tagsOf(CUSTOM))[2]).toBe('extra-tag')
  })

  it('C39: no extra tags leave the tag of the level alone', async () => {
    expect((await tagsOf()).at(-1)).toBe('info')
  })
})
