import { expect, it } from 'vitest'
import { HOSTILE_TEXTS } from '../../../test/hostile-texts.ts'
import { messageEvent } from '../src/live-event.ts'

it.each(HOSTILE_TEXTS)('carries %s as one event, whole', (_, text) => {
  const message = { id: '1', level: 20, levelTag: 'info', tags: 'info', text, time: new Date(0) }
  const event = messageEvent(message, 'reader')
  // As a browser reads it: lines end in \n, \r or \r\n, and an empty one ends the event.
  const lines = event.split(/\r\n|\r|\n/)
  expect(lines.slice(0, 2)).toEqual(['id: 1', 'event: message'])
  expect(lines.slice(3)).toEqual(['', ''])
  const data = JSON.parse(lines[2]?.replace(/^data: /, '') ?? '')
  expect(data).toMatchObject({ id: '1', reader: 'reader', text })
})
