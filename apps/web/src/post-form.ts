import {
  checkPostText,
  type Post,
  type PostText,
  versionOf,
  type When,
  WRITTEN_BODY_MAX,
} from '@tidings/blog'
import { z } from 'zod'
import { formText } from './form-text.ts'
import { PageError } from './page-error.ts'
import { shownTime } from './shown-time.ts'
import { isZone, momentInWords, typedMoment, zoneLabel } from './zoned-time.ts'

/** What may be sent with a field: far more than it takes, so that a text that is too long can be given back. */
const MAX_TYPED = 1_500_000
const MINUTE = 60_000
// "At ten" still means ten when it takes a moment to write the title.
const LATE = 5 * MINUTE
const YEAR = 365 * 24 * 60 * MINUTE

const FIELDS = ['title', 'body', 'tags', 'when', 'at', 'zone'] as const
const LABELS = {
  title: 'Title',
  body: 'Text',
  tags: 'Tags',
  when: 'When',
  at: 'Date and time',
  zone: 'Zone',
} as const

type Field = (typeof FIELDS)[number]

/** What a form is sent with besides what is typed. */
export interface SentPost extends PostValues {
  /** It makes one post of the form, however often it is sent. */
  key: string | undefined
  /** The version that was edited; `''` in a form that has none. */
  version: string
}

/** What stands in the form. */
export type PostValues = Record<Field, string>

/** A form that can be accepted, or what is wrong with it by field. */
export type CheckedForm =
  | { text: PostText; when: When; problems?: undefined }
  | { problems: Partial<PostValues>; text?: undefined }

/** The form that was sent. */
export function sentPost(body: unknown): SentPost {
  const key = formText(body, 'idempotencyKey', { max: 100 })
  if (key !== '' && !/^[\w-]+$/.test(key)) throw new PageError(400, 'the idempotencyKey is none of ours')
  const [title, text, tags, when, at, zone] = FIELDS.map(field => formText(body, field, { max: MAX_TYPED }))
  return {
    key: key === '' ? undefined : key,
    version: formText(body, 'version', { max: 100 }),
    title: title ?? '',
    body: text ?? '',
    tags: tags ?? '',
    when: when ?? '',
    at: at ?? '',
    zone: zone ?? '',
  }
}

/** What a form for this post begins with; without one, what a new one does. */
export function postValues(post?: Post): PostValues {
  if (!post) return { title: '', body: '', tags: '', when: 'now', at: '', zone: '' }
  const { title, body, tags, schedule } = post
  const at = schedule && !post.publishedAt ? typedTime(schedule.at) : ''
  return { title, body, tags: tags.join(', '), when: at === '' ? 'draft' : 'at', at, zone: '' }
}

/** Checks what was typed. A post that is published keeps its time, and one that is longer than a form takes its length. */
export function checkPost(values: PostValues, { post }: { post?: Post | undefined } = {}): CheckedForm {
  const longest = Math.max(WRITTEN_BODY_MAX, post ? Array.from(post.body).length : 0)
  const { text, problems = {} } = checkPostText(values, { longest })
  const timing = post?.publishedAt ? { when: 'now' as const } : readWhen(values)
  if (text && 'when' in timing) return { text, when: timing.when }
  return { problems: { ...problems, ...('when' in timing ? {} : timing.problems) } }
}

/** The form as its page shows it. */
export function formOnPage(form: {
  values: PostValues
  key?: string
  post?: Post | undefined
  problems?: Partial<PostValues>
  /** What is wrong with the form as a whole. */
  problem?: string | undefined
  /** The version that is edited, where it isn't the post's own. */
  version?: string | undefined
  /** The post was changed since then: it is shown beside the form. */
  isChanged?: boolean | undefined
}) {
  const { values, key, post, problems = {}, problem, isChanged } = form
  return {
    action: post ? `/posts/${encodeURIComponent(post.id)}` : '/posts',
    idempotencyKey: key,
    version: form.version ?? (post && versionOf(post)),
    newer: isChanged && post ? newerOnPage(post, values) : undefined,
    isPublished: post?.publishedAt !== undefined,
    // Of a zone that isn't known here: the time is to be written in UTC.
    values: isZone(values.zone) ? values : { ...values, zone: 'UTC' },
    zone: zoneLabel(values.zone),
    problems,
    problem,
    faults: FIELDS.filter(field => problems[field] !== undefined).map(field => ({
      href: `#${field}`,
      text: `${LABELS[field]}: ${problems[field]}`,
    })),
    longest: WRITTEN_BODY_MAX.toLocaleString('en'),
    now: momentInWords(new Date(), values.zone),
  }
}

/** What differs in the newer version, for who has edited an older one. */
function newerOnPage(post: Post, values: PostValues) {
  const { title, body, tags, schedule, publishedAt } = post
  const time = publishedAt ?? schedule?.at
  const isSame = (field: 'title' | 'body' | 'tags') =>
    postValues(post)[field].trim() === values[field].replace(/\r\n?/g, '\n').trim()
  return {
    ...(!isSame('title') && { title }),
    ...(!isSame('body') && { body }),
    ...(!isSame('tags') && { tags: tags.join(', ') || 'none' }),
    standing: publishedAt ? 'Published' : schedule ? 'To be published' : 'A draft',
    time: time && shownTime(time),
  }
}

const typed = z.iso.datetime({ local: true })

function readWhen({ when, at, zone }: PostValues): { when: When } | { problems: Partial<PostValues> } {
  if (when === 'now' || when === 'draft') return { when }
  if (when !== 'at') return { problems: { when: 'Choose when it is published.' } }
  const written = at.trim().replace(' ', 'T')
  if (written === '') return { problems: { at: 'Choose a date and a time.' } }
  if (!typed.safeParse(written).success)
    return {
      problems: { at: `Write it like 2026-11-22 10:00, ${zone === '' ? 'in UTC' : zoneLabel(zone)}.` },
    }
  const isUtc = /Z$/i.test(written)
  const { moment: time, problem } = typedMoment(isUtc ? written.slice(0, -1) : written, isUtc ? '' : zone)
  if (time === undefined) return { problems: { at: problem } }
  const ahead = time.getTime() - Date.now()
  if (ahead < -LATE)
    return { problems: { at: `Choose a time to come: it is ${momentInWords(new Date(), zone)} now.` } }
  if (ahead > YEAR) return { problems: { at: 'Choose a time within a year.' } }
  return { when: time }
}

// As a field of this kind holds it: without a zone, which is UTC here, and with seconds only where there are some.
function typedTime(date: Date): string {
  return date.toISOString().replace(/(:00)?(\.000)?Z$/, '')
}
