import { describe, expect, it } from 'vitest'
import { debug, error, info, MemoryMessageStore, type NewMessage, success, warning } from '../../src/index.ts'
import { assertMessages } from '../../src/testing.ts'
import { visit } from './visit.ts'

describe('Django of assertMessages', () => {
  const FIVE = [debug('One.'), info('Two.'), success('Three.'), warning('Four.'), error('Five.')]

  /** What a page is about to show of these. */
  async function shown(messages: NewMessage[]) {
    const { during, store, owner } = await visit(new MemoryMessageStore())
    await store.post(owner, messages)
    return during(page => page.view())
  }

  it('C56: passes for messages of five levels in order', async () => {
    assertMessages(await shown(FIVE), FIVE)
  })

  it('C57: passes with extra tags, and not with others', async () => {
    const tagged = [info('One.', { extraTags: 'a b' }), info('Two.')]
    assertMessages(await shown(tagged), tagged)
    const actual = await shown(tagged)
    expect(() => assertMessages(actual, [info('One.', { extraTags: 'b' }), info('Two.')])).toThrow(
      'tags "a b info"',
    )
  })

  it('C58: passes for a level of one’s own', async () => {
    const custom = { level: 42, text: 'One.' }
    assertMessages(await shown([custom]), [custom])
  })

  it('C59: another order passes only where order does not matter, and else says both', async () => {
    const actual = await shown([info('One.'), warning('Two.')])
    const other = [warning('Two.'), info('One.')]
    assertMessages(actual, other, { ordered: false })
    expect(() => assertMessages(actual, other)).toThrow(
      /in another order\..*Expected:.*"Two\.".*Came:.*"One\."/s,
    )
  })

  it('C60: a message too many is named', async () => {
    const actual = await shown([info('One.'), warning('Two.')])
    expect(() => assertMessages(actual, [info('One.')])).toThrow(/Not expected:\s+level 30, "Two\."/)
  })
})
