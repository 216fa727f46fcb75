import { expect, it } from 'vitest'
import { whyNotPosts } from '../src/index.ts'

it.each([
  ['an empty file', '', 'The file is empty.'],
  [
    'a spreadsheet or archive',
    'PK\x03\x04…',
    'It is a ZIP archive or a spreadsheet, not CSV. Save it as “CSV UTF-8”',
  ],
  [
    'an old spreadsheet',
    Buffer.from([0xd0, 0xcf, 0x11, 0xe0]),
    'It is a spreadsheet or another office document',
  ],
  ['a PDF', '%PDF-1.7\n', 'It is a PDF document'],
  ['a PNG', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d]), 'It is a picture'],
  ['a JPEG', Buffer.from([0xff, 0xd8, 0xff, 0xe0]), 'It is a picture'],
  ['a gzip', Buffer.from([0x1f, 0x8b, 8]), 'It is a compressed file'],
  ['NUL bytes', 'title,body\n\0', 'It holds binary data, so it is no CSV file.'],
  [
    'Latin-1',
    Buffer.from('café,x', 'latin1'),
    'It is not UTF-8 text. Save it as “CSV UTF-8” in your spreadsheet program',
  ],
  ['UTF-16', Buffer.from('\uFEFFtitle', 'utf16le'), 'It is UTF-16 text. Save it as “CSV UTF-8”'],
  ['UTF-16, big-endian', Buffer.from([0xfe, 0xff, 0, 0x74]), 'It is UTF-16 text.'],
])('says why %s can not be CSV', (_title, bytes, reason) => {
  expect(whyNotPosts(Buffer.from(bytes as string), 'posts.csv')).toContain(reason)
})

it.each([
  ['a header', 'title,body\n'],
  ['a byte-order mark', '\uFEFFtitle,body\n'],
  ['bytes that end in the middle of a letter', Buffer.from('title,bödy').subarray(0, 8)],
  ['any other text', 'Dear Sir or Madam'],
])('lets %s through', (_title, bytes) => {
  expect(whyNotPosts(Buffer.from(bytes as string), 'posts.csv')).toBeUndefined()
})
