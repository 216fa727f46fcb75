import { JobFailure } from '@tidings/jobs'
import type { CsvPost } from './csv-posts.ts'
import { jsonFault } from './json-fault.ts'
import { type JsonItem, readJsonItems } from './json-items.ts'
import { postInput } from './post.ts'
import { createTextCheck } from './text-check.ts'

/** An item that is a post, or the reason why it is none; `row` and `item` both count the items from 1. */
export type JsonPost = CsvPost & { item: number }

/**
 * Reads the posts of a JSON file, good and bad ones, in the file's order: a list of objects, as an export writes it.
 * @throws JobFailure where the file itself is at fault: it is no JSON, or no list
 */
export async function* readJsonPosts(content: AsyncIterable<Uint8Array>): AsyncGenerator<JsonPost> {
  for await (const found of readJsonItems(decoded(content))) {
    const { item, line, text, reason } = found
    const post = text === undefined ? { reason } : readPost(parsed(text, found))
    yield { row: item, item, line, ...post }
  }
}

async function* decoded(content: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const check = createTextCheck('json')
  const decoder = new TextDecoder() // it takes a byte-order mark away
  for await (const chunk of content) {
    const fault = check(chunk)
    if (fault) throw new JobFailure(fault)
    yield decoder.decode(chunk, { stream: true })
  }
  const fault = check()
  if (fault) throw new JobFailure(fault)
}

function parsed(text: string, begin: JsonItem): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const { line, column } = jsonFault(text, begin)
    throw new JobFailure(
      `It is no JSON: the fault is in line ${line}, column ${column}, in item ${begin.item}. Nothing was imported.`,
    )
  }
}

function readPost(value: unknown) {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { reason: 'it is no post like {"title": "…", "body": "…"}' }
  const fields = new Map(Object.entries(value))
  const texts = {
    title: textOf(fields.get('title')),
    body: textOf(fields.get('body')),
    publishedAt: textOf(fields.get('published_at')),
    tags: textOf(fields.get('tags'), isTexts),
  }
  const odd = Object.entries(texts).find(([, text]) => text === undefined)
  if (odd) return { reason: ODD[odd[0]] ?? 'it is no post' }
  const result = postInput.safeParse(texts)
  if (result.success) return { post: result.data }
  return { reason: result.error.issues.map(issue => issue.message).join(', ') }
}

const ODD: Record<string, string> = {
  title: 'the title is no text',
  body: 'the body is no text',
  publishedAt: 'published_at is no text',
  tags: 'the tags are no list of texts',
}

/** A text, an empty one for what is missing, or undefined for what is none. */
function textOf(value: unknown, isList: (value: unknown) => value is string[] = isNone): string | undefined {
  if (value === undefined || value === null) return ''
  if (isList(value)) return value.join(',')
  return typeof value === 'string' ? value : undefined
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(each => typeof each === 'string')
}

function isNone(_: unknown): _ is string[] {
  return false
}
