import { expect, it } from 'vitest'
import { readCsvRows } from '../src/csv-rows.ts'

async function rows(
  text: string | Buffer,
  chunkBytes = 1_000_000,
): Promise<[line: number, ...cells: string[]][]> {
  const bytes = Buffer.from(text as string)
  async function* chunks() {
    for (let start = 0; start < bytes.length; start += chunkBytes)
      yield bytes.subarray(start, start + chunkBytes)
  }
  const read: [number, ...string[]][] = []
  for await (const { line, cells } of readCsvRows(chunks())) read.push([line, ...cells])
  return read
}

const CASES: [title: string, text: string | Buffer, rows: unknown[]][] = [
  [
    'plain rows',
    'a,b\nc,d\n',
    [
      [1, 'a', 'b'],
      [2, 'c', 'd'],
    ],
  ],
  [
    'a last row without a line end',
    'a,b\nc,d',
    [
      [1, 'a', 'b'],
      [2, 'c', 'd'],
    ],
  ],
  [
    'CRLF',
    'a,b\r\nc,d\r\n',
    [
      [1, 'a', 'b'],
      [2, 'c', 'd'],
    ],
  ],
  [
    'a lone CR',
    'a,b\rc,d\r',
    [
      [1, 'a', 'b'],
      [2, 'c', 'd'],
    ],
  ],
  [
    'mixed line ends',
    'a\r\nb\nc\rd',
    [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
      [4, 'd'],
    ],
  ],
  ['quoted commas', '"a,1",b\n', [[1, 'a,1', 'b']]],
  ['quoted quotes', '"say ""hi""",""""\n', [[1, 'say "hi"', '"']]],
  ['an empty quoted cell', '"",b\n', [[1, '', 'b']]],
  [
    'quoted line feeds',
    '"a\n\nb",c\nd,e',
    [
      [1, 'a\n\nb', 'c'],
      [4, 'd', 'e'],
    ],
  ],
  [
    'quoted CRLFs',
    '"a\r\n\r\nb",c\r\nd,e\r\n',
    [
      [1, 'a\r\n\r\nb', 'c'],
      [4, 'd', 'e'],
    ],
  ],
  [
    'quoted CRs',
    '"a\r\rb",c\rd,e',
    [
      [1, 'a\r\rb', 'c'],
      [4, 'd', 'e'],
    ],
  ],
  [
    'a quoted line end of every kind',
    '"\n\r\n\r",c\nd',
    [
      [1, '\n\r\n\r', 'c'],
      [5, 'd'],
    ],
  ],
  [
    'empty lines',
    '\n\na\n\n\r\nb\n\n',
    [
      [3, 'a'],
      [6, 'b'],
    ],
  ],
  [
    'lines of spaces and of commas alone',
    '  \na\n , ,\n,,,\nb',
    [
      [2, 'a'],
      [5, 'b'],
    ],
  ],
  [
    'a byte-order mark',
    '\uFEFFa,b\nc,d',
    [
      [1, 'a', 'b'],
      [2, 'c', 'd'],
    ],
  ],
  [
    'a byte-order mark before a quote',
    '\uFEFF"a\nb",c\nd',
    [
      [1, 'a\nb', 'c'],
      [3, 'd'],
    ],
  ],
  ['spaces around cells and around quotes', ' a , "b, c" ,\t"d"\n', [[1, 'a', 'b, c', 'd']]],
  ['spaces inside quotes, which stay', '" a ",b\n', [[1, ' a ', 'b']]],
  [
    'short and long rows',
    'a,b\nc\nd,e,f\n',
    [
      [1, 'a', 'b'],
      [2, 'c'],
      [3, 'd', 'e', 'f'],
    ],
  ],
  [
    'letters beyond ASCII',
    'ä,日本,👩‍👧\n"é\u2028",ß',
    [
      [1, 'ä', '日本', '👩‍👧'],
      [2, 'é\u2028', 'ß'],
    ],
  ],
  ['nothing', '', []],
  ['a byte-order mark alone', '\uFEFF', []],
  [
    'a row of 300,000 characters',
    `a\n"${'x'.repeat(300_000)}"\nb`,
    [
      [1, 'a'],
      [2, 'x'.repeat(300_000)],
      [3, 'b'],
    ],
  ],
]

it.each(CASES)('reads %s', async (_title, text, expected) => {
  expect(await rows(text)).toEqual(expected)
})

it.each(CASES.filter(([, text]) => text.length < 1000))(
  'reads %s in chunks of any size',
  async (_title, text, expected) => {
    for (const size of [1, 2, 3, 5, 7]) expect(await rows(text, size)).toEqual(expected)
  },
)

it.each([
  ['never closed', 'a,b\n"c,d\ne,f\n', 2, 'has a quote (") that is never closed'],
  [
    'never closed, after quoted line breaks',
    'a\r\n"b\r\nc"\r\n"d\r\ne',
    4,
    'has a quote (") that is never closed',
  ],
  ['closed too early', 'a,b\n"c" d,e\n', 2, 'has a quote (") in a place where none may be'],
  ['opened too late', 'a,b\nc,d "e"\n', 2, 'has a quote (") in a place where none may be'],
  ['closed by the next row', 'a,b\n"c,d\n"e",f\n', 2, 'has a quote (") in a place where none may be'],
])('says in which line a row starts whose quote is %s', async (_title, text, line, what) => {
  for (const size of [1, 4, 1_000_000])
    await expect(rows(text, size)).rejects.toThrow(`The row that starts in line ${line} ${what}`)
})

it.each([
  ['Latin-1', Buffer.from('title,body\ncaf\u00e9,x\n', 'latin1'), 'It is not UTF-8 text.'],
  ['a file cut in the middle of a letter', Buffer.from('a,é').subarray(0, 3), 'It is not UTF-8 text.'],
  ['UTF-16', Buffer.from('\uFEFFtitle,body\n', 'utf16le'), 'It is UTF-16 text. Save it as “CSV UTF-8”'],
  ['UTF-16 without a mark', Buffer.from('title,body\n', 'utf16le'), 'It holds binary data'],
  ['NUL bytes', Buffer.from('a,b\n\0,c\n'), 'It holds binary data'],
])('refuses %s in plain words', async (_title, bytes, text) => {
  for (const size of [3, 1_000_000]) await expect(rows(bytes, size)).rejects.toThrow(text)
})

it('finds the line of every row of a large random file', async () => {
  const random = seeded(42)
  const pick = (from: string[]) => from[Math.floor(random() * from.length)] ?? ''
  let text = ''
  let line = 1
  const expected: number[] = []
  for (let row = 0; row < 3000; row += 1) {
    if (random() < 0.2) {
      text += pick(['\n', '\r\n', '  \n', ',,\n'])
      line += 1
    }
    expected.push(line)
    const breaks = Array.from({ length: Math.floor(random() * 4) }, () =>
      pick(['\n', '\r\n', 'x\r\n', 'é\n', 'x\ry']),
    )
    text += `r${row},"${breaks.join('')}"${pick(['\n', '\r\n'])}`
    line += breaks.length + 1
  }
  for (const size of [777, 65_536]) expect((await rows(text, size)).map(([start]) => start)).toEqual(expected)
})

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}
