import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import type { jobForm, SentBefore } from './job-form.ts'
import { keyOf } from './job-starts.ts'
import { NoAnswerError } from './plugins/answer-limit.ts'
import { leaveSession } from './plugins/session.ts'
import { isRedisTrouble } from './redis-trouble.ts'
import { sentFields } from './sent-fields.ts'
import { SentForm } from './sent-form.ts'
import type { Views } from './views.ts'

const RETRY_AFTER_SECONDS = 5

/** The form that was sent, as it is shown once more. */
export type FormAgain<Params> = (
  params: Params,
  sent: SentBefore,
) => Omit<ReturnType<typeof jobForm>, 'about' | 'zone' | 'zoneLabel'> | undefined

/**
 * What a route that starts a job answers while Redis is away or hung, or takes too long: nobody can tell whether the job was taken. So the form comes
 * back with its key, its token and what was typed, whether or not the session could be read; with the key it can't start twice.
 */
export function unsureStart<Params>(
  views: Views,
  formAgain: FormAgain<Params>,
): RouteOptions['errorHandler'] {
  return async (error, request, reply) => {
    if (!isRedisTrouble(error) && !(error instanceof NoAnswerError)) throw error
    const page = await pageAgain(request, views, formAgain)
    if (page === undefined) throw error
    request.log.warn({ err: error, status: 503 }, 'a request was refused')
    return answer(request, reply, page)
  }
}

async function pageAgain<Params>(
  request: FastifyRequest,
  views: Views,
  formAgain: FormAgain<Params>,
): Promise<string | undefined> {
  try {
    const form = new SentForm(request.body ?? (await sentFields(request)).texts)
    const sent = { form, problems: {}, idempotencyKey: keyOf(form) }
    const again = formAgain(request.params as Params, sent)
    return again && views.unsure({ form: again, csrf: form.text('_csrf'), formMark: form.text('_for') })
  } catch {
    return undefined // a form that no page of ours sends
  }
}

function answer(request: FastifyRequest, reply: FastifyReply, page: string): FastifyReply {
  leaveSession(request)
  reply.removeHeader('set-cookie')
  return reply
    .code(503)
    .headers({ 'cache-control': 'private, no-store', 'retry-after': String(RETRY_AFTER_SECONDS) })
    .type('text/html; charset=utf-8')
    .send(page)
}
