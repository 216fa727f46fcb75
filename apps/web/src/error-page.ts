import { isRedisTrouble } from './redis-trouble.ts'

/** What an error page says. */
export interface ErrorPage {
  status: number
  title: string
  /** What happened. */
  text: string
  /** What one can do. */
  advice: string
}

const PAGES = new Map<number, Omit<ErrorPage, 'status'>>([
  [
    400,
    {
      title: 'We could not read that',
      text: 'The address or the form was not one that we can read.',
      advice: 'Go back, reload the page and try again.',
    },
  ],
  [
    403,
    {
      title: 'This form is too old',
      text: 'The form was open for too long, or it did not come from this site. Nothing was changed.',
      advice: 'Go back, reload the page and try again.',
    },
  ],
  [
    404,
    {
      title: 'This page is not here',
      text: 'There is nothing at this address, or it is not yours to see.',
      advice: 'Check the address, or start from the posts.',
    },
  ],
  [
    405,
    {
      title: 'That does not work here',
      text: 'This address cannot be used in that way.',
      advice: 'Start from the posts.',
    },
  ],
  [
    408,
    {
      title: 'That took too long',
      text: 'Your request did not arrive in time. Nothing was changed.',
      advice: 'Try again.',
    },
  ],
  [
    413,
    {
      title: 'That is too large',
      text: 'What you sent is larger than we take: a file may have up to 10 MB. Nothing was stored.',
      advice: 'Go back and choose a smaller file, or split it into several.',
    },
  ],
  [
    415,
    {
      title: 'We could not read that',
      text: 'The form was sent in a way that we do not understand.',
      advice: 'Go back, reload the page and try again.',
    },
  ],
  [
    421,
    {
      title: 'Not at this address',
      text: 'This site is not served at the address that you used.',
      advice: 'Use the address that you were given for it.',
    },
  ],
  [
    429,
    {
      title: 'Too many at once',
      text: 'That was more than we can take from you at the moment. Nothing was changed.',
      advice: 'Wait a minute and try again.',
    },
  ],
  [
    500,
    {
      title: 'Something went wrong',
      text: 'The fault is ours. What you had saved before is safe.',
      advice: 'Try again in a minute. If it happens again, tell us the reference below.',
    },
  ],
  [
    503,
    {
      title: 'Please try again in a moment',
      text: 'Messages are delayed. You are still signed in, and nothing is lost.',
      advice: 'Reload this page in a few seconds.',
    },
  ],
])

// What was pressed may have arrived or not; the form's own key makes it safe to press again.
const RESEND =
  'Reload this page to send the form again, or go back and press the button again. It will not be done twice.'

/** The page for an error that ended a request. It is made of our own words only, never of the error's. */
export function errorPage(error: unknown, options: { sentForm: boolean }): ErrorPage {
  const status = statusOf(error)
  const words = PAGES.get(status) ?? PAGES.get(500)
  if (words === undefined) throw new Error('The error page 500 is missing.')
  return { status, ...words, advice: status === 503 && options.sentForm ? RESEND : words.advice }
}

function statusOf(error: unknown): number {
  if (isRedisTrouble(error)) return 503
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  if (typeof status !== 'number') return 500
  if (PAGES.has(status)) return status
  return status >= 400 && status < 500 ? 400 : 500
}
