import { describe, expect, it } from 'vitest'
import { MemoryMessageStore } from '../src/memory-message-store.ts'
import { error, info, success } from '../src/message.ts'
import { assertMessages, messagesIn } from '../src/testing.ts'

describe('assertMessages', () => {
  const sent = [info('one'), success('two', { extraTags: 'big' }), error('three', { data: { rows: 3 } })]

  it('passes for the same messages in the same order: posted, claimed or from an inbox', async () => {
    const store = new MemoryMessageStore()
    await store.post('alice', sent)
    assertMessages(sent, sent)
    assertMessages((await store.claim({ owner: 'alice' }, { limit: 10 }))?.messages ?? [], sent)
    assertMessages((await store.inbox('alice')).reverse(), sent)
    assertMessages([], [])
  })

  it('passes for another order only where that is asked for', () => {
    expect(() => assertMessages([...sent].reverse(), sent)).toThrow(/in another order/)
    assertMessages([...sent].reverse(), sent, { ordered: false })
  })

  it('compares as often as each comes, also without an order', () => {
    expect(() => assertMessages([info('a'), info('a')], [info('a'), info('b')], { ordered: false })).toThrow(
      'Missing:\n  level 20, "b", tags "info"\nNot expected:\n  level 20, "a", tags "info"\nAs expected:\n  level 20, "a", tags "info"',
    )
  })

  it.each([
    ['level', error('x'), info('x', { extraTags: '' })],
    ['text', info('x'), info('y')],
    ['tags', info('x', { extraTags: 'big' }), info('x')],
    ['data', info('x', { data: { a: { b: 1 } } }), info('x', { data: { a: { b: 2 } } })],
    ['data that are not there', info('x', { data: {} }), info('x')],
  ])('fails for another %s', (_, actual, expected) => {
    expect(() => assertMessages([actual], [expected])).toThrow(/Missing:[\s\S]*Not expected:/)
    expect(() => assertMessages([actual], [expected], { ordered: false })).toThrow()
  })

  it('says which message is too many or too few', () => {
    expect(() => assertMessages([...sent, info('extra')], sent)).toThrow(
      /^Expected 3 messages, got 4 messages\.\nNot expected:\n {2}level 20, "extra"/,
    )
    expect(() => assertMessages([], [info('only', { data: { n: 1 } })])).toThrow(
      'Expected 1 message, got 0 messages.\nMissing:\n  level 20, "only", tags "info", data {"n":1}',
    )
  })

  it('takes tags as they are given, for an application with levels of its own', () => {
    assertMessages(
      [{ level: 42, text: 'x', tags: 'mine custom' }],
      [{ level: 42, text: 'x', tags: 'mine custom' }],
    )
    expect(() =>
      assertMessages([{ level: 42, text: 'x', tags: 'custom' }], [{ level: 42, text: 'x' }]),
    ).toThrow()
  })
})

describe('messagesIn', () => {
  it('finds the messages of a page, with id, tags, text and links', () => {
    const html = `<!doctype html><html><head><title>ul class="messages"</title></head><body>
      <ul><li>no message</li></ul>
      <ul id=list class='wide messages'>
        <li class="big success" data-message-id="1"><strong>Success</strong>
          <p>2 &lt; 3 &amp; &#39;more&#39; &#x1F389; <br> <a href="/jobs/1?a=1&amp;b=2">Look</a></p></li>
        <li class=info data-message-id=2>plain</li>
      </ul>after</body></html>`
    expect(messagesIn(html)).toEqual([
      { id: '1', tags: 'big success', text: "Success 2 < 3 & 'more' 🎉 Look", links: ['/jobs/1?a=1&b=2'] },
      { id: '2', tags: 'info', text: 'plain', links: [] },
    ])
  })

  it('finds nothing where there is nothing', () => {
    expect(messagesIn('')).toEqual([])
    expect(messagesIn('<p>messages</p><ul class="messages-old"><li>x</li></ul>')).toEqual([])
    expect(messagesIn('<!-- <ul class="messages"><li>x</li></ul> -->')).toEqual([])
    expect(messagesIn('<script>"<ul class=messages><li>x</li></ul>"</script>')).toEqual([])
    expect(messagesIn('<div class="messages"><li>x</li></div><ol class="messages"><li>y</li></ol>')).toEqual(
      [],
    )
  })

  it('takes only items of the list itself, and lets them end as HTML does', () => {
    expect(
      messagesIn('<UL CLASS="messages"><LI>one<ul><li>inner</ul><li data-x=">">two<img src=x>').map(
        m => m.text,
      ),
    ).toEqual(['oneinner', 'two'])
  })

  it('does not take escaped text for elements', () => {
    const [message] = messagesIn(
      '<ul class=messages><li>&lt;li class="x"&gt;&amp;amp; &bogus; &#99999999;</li></ul>',
    )
    expect(message?.text).toBe('<li class="x">&amp; &bogus; &#99999999;')
  })
})
