import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { JobFailure } from '@tidings/jobs'
import { CsvError, parse } from 'csv-parse'
import { LineCounter } from './line-counter.ts'
import { createTextCheck } from './text-check.ts'

/** One row of a CSV file: its cells, and the line of the file in which it starts (from 1, as an editor counts). */
export interface CsvRow {
  line: number
  cells: string[]
}

/**
 * Reads CSV (RFC 4180, in UTF-8) as it arrives, row by row, the header row too. A byte-order mark, any mix of line
 * ends and spaces around cells are fine; rows with nothing in any cell are passed over.
 * @throws JobFailure where it is no UTF-8 text or its quoting is broken, saying in which line and what to do
 */
export async function* readCsvRows(content: AsyncIterable<Uint8Array>): AsyncGenerator<CsvRow> {
  const lines = new LineCounter()
  let rowStart = 0
  const parser = parse({
    bom: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true, // who knows the columns says what a short or long row means
    max_record_size: 0, // the file's size is bounded, and a cell that is too long is a fault of its row alone
    trim: true,
    // csv-parse counts a \r\n inside quotes as two lines, so we count by the bytes that it has consumed. It wants
    // cells back: the line goes in front of them.
    on_record: (cells: string[], { bytes }) => {
      const line = lines.lineAt(rowStart)
      rowStart = bytes
      return [String(line), ...cells]
    },
  })
  const reading = pipeline(Readable.from(watched(content, lines)), parser)
  reading.catch(() => undefined) // the loop below throws the same error
  try {
    for await (const [line, ...cells] of parser as AsyncIterable<string[]>) {
      if (cells.some(cell => cell !== '')) yield { line: Number(line), cells }
    }
  } catch (error) {
    if (error instanceof CsvError) throw new JobFailure(quotingFault(error, lines.lineAt(rowStart)))
    throw error
  }
}

async function* watched(content: AsyncIterable<Uint8Array>, lines: LineCounter) {
  const check = createTextCheck()
  for await (const chunk of content) {
    const fault = check(chunk)
    if (fault) throw new JobFailure(fault)
    lines.add(chunk)
    yield chunk
  }
  const fault = check()
  if (fault) throw new JobFailure(fault)
}

function quotingFault(error: CsvError, line: number): string {
  const what =
    error.code === 'CSV_QUOTE_NOT_CLOSED'
      ? 'has a quote (") that is never closed'
      : 'has a quote (") in a place where none may be'
  return `The row that starts in line ${line} ${what}: text with quotes in it is written "like ""this""". Nothing was imported.`
}
