import type { Blog, StaffMessage } from '@tidings/blog'
import type { RedisMessageStore } from '@tidings/messages'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { formText } from '../../form-text.ts'
import type { LoginThrottle } from '../../login-throttle.ts'
import { renderPage } from '../../page.ts'
import { notFound } from '../../page-error.ts'
import { userOf } from '../../plugins/access.ts'
import { againWords } from '../../plugins/typed-again.ts'
import { shownTime } from '../../shown-time.ts'
import { isZone, zoneLabel } from '../../zoned-time.ts'
import { type CheckedForm, checkForm, isSame } from './message-draft.ts'
import { type MessageForm, newForm, sentForm } from './message-form.ts'
import {
  LEVEL_OPTIONS,
  messageInList,
  messageOnPage,
  messagePath,
  people,
  previewOf,
  toWhom,
  withdrawnWords,
} from './message-page.ts'
import { needsPassword, passwordProblem } from './password-again.ts'
import { staffAction } from './staff-action.ts'
import { StaffMessages } from './staff-messages.ts'

const PAGE = 20
/** A thousand people are told, and a password may have to wait for its turn. */
const SEND_LIMIT = 60_000
const COUNT_EVERY = 30_000

const USED =
  'This form has sent a message already, and another one than it holds now. Look it through and send it again, if you want a second message.'

const FORM_ACTIONS = ['/admin/messages/preview', '/admin/messages']

/** What the routes are built of. */
export interface StaffMessageOptions {
  blog: Blog
  store: RedisMessageStore
  throttle: LoginThrottle
}

/**
 * `GET /admin/messages`: a form, and what was sent; `POST /admin/messages/preview`: the message as it will be seen, and by how many;
 * `POST /admin/messages`: sends it; `GET /admin/messages/:id`: how far it got; `POST …/send`: goes on with one that broke off;
 * `POST …/withdraw`: takes it back.
 */
export const staffMessageRoutes: FastifyPluginAsync<StaffMessageOptions> = async (
  app,
  { blog: { users, staffMessages, audit }, store, throttle },
) => {
  const messages = new StaffMessages(store, staffMessages)
  countBeforeTheEnd(app, messages)

  app.get('/admin/messages', async (request, reply) => {
    const typed = await request.typedBefore(action => FORM_ACTIONS.includes(action))
    if (typed === undefined) return formPage(request, reply, newForm())
    const problems = { '': againWords(typed) }
    return formPage(request, reply, sentForm(typed.texts), { problems, unknown: [], status: 200 })
  })

  // The preview is the only list of messages on its page.
  const alone = { config: { messages: false, formPage: () => '/admin/messages' } } as const
  app.post('/admin/messages/preview', alone, async (request, reply) => {
    const form = sentForm(request.body)
    if (formText(request.body, 'change', { max: 5 }) !== '') return formPage(request, reply, form)
    const checked = await checkForm(form, userOf(request), users)
    if (checked.draft === undefined) return formPage(request, reply, form, checked)
    return previewPage(request, reply, form, checked.draft)
  })

  app.post(
    '/admin/messages',
    { config: { ...alone.config, answersWithin: SEND_LIMIT } },
    async (request, reply) => {
      const form = sentForm(request.body)
      const checked = await checkForm(form, userOf(request), users)
      const { draft } = checked
      // Sent before, and perhaps over by now, so that it would be refused.
      const before = await staffMessages.find(form.id)
      if (before && (draft === undefined || isSame(before.message, draft)))
        return reply.redirect(messagePath(form.id), 303)
      if (before)
        return formPage(request, reply, { ...form, id: newForm().id }, { ...checked, problems: { '': USED } })
      if (draft === undefined) return formPage(request, reply, form, checked)
      const problems = await confirmationProblems(request, draft)
      if (Object.keys(problems).length > 0) return previewPage(request, reply, form, draft, problems)
      await send(request, draft)
      return reply.redirect(messagePath(form.id), 303)
    },
  )

  app.get<{ Params: { id: string } }>('/admin/messages/:id', async (request, reply) => {
    const found = await findMessage(request.params.id)
    const report = await messages.report(found.message, found.state)
    const model = { href: messagePath(found.message.id), message: messageOnPage(found, report) }
    return renderPage(request, reply, 'admin-message', model, { title: 'A message from staff' })
  })

  const slow = { config: { answersWithin: SEND_LIMIT } }
  app.post<{ Params: { id: string } }>('/admin/messages/:id/send', slow, async (request, reply) => {
    const { message, state } = await findMessage(request.params.id)
    if (state.withdrawal) request.messages.warning('The message was taken back: it is sent to nobody else.')
    else if (!state.isSent) await send(request, message)
    return reply.redirect(messagePath(message.id), 303)
  })

  app.post<{ Params: { id: string } }>('/admin/messages/:id/withdraw', slow, async (request, reply) => {
    const { message, state } = await findMessage(request.params.id)
    if (state.withdrawal) request.messages.info('The message had been taken back before.')
    else {
      const action = {
        action: 'message.withdraw',
        to: toWhom(message),
        count: message.recipients,
        text: message.text,
      }
      const words = await staffAction(request, audit, action, async () => {
        const { id, username } = userOf(request)
        const how = await messages.takeBack(message, state)
        await staffMessages.markWithdrawn(message.id, { ...how, by: { id, username }, at: new Date() })
        const note = withdrawnWords(how.seen, how.takenBack)
        return { result: note, note }
      })
      request.messages.success(words)
    }
    return reply.redirect(messagePath(message.id), 303)
  })

  async function send(request: FastifyRequest, draft: StaffMessage): Promise<void> {
    const action = { action: 'message.send', to: toWhom(draft), count: draft.recipients, text: draft.text }
    await staffAction(request, audit, action, async () => {
      // Sent by two requests at once, the first one's words count, and everybody gets them once.
      await messages.send(await staffMessages.keep(draft))
      return { result: undefined, note: `Message ${draft.id}` }
    })
    request.messages.success(`The message was sent to ${people(draft.recipients)}.`)
  }

  async function confirmationProblems(
    request: FastifyRequest,
    { to }: StaffMessage,
  ): Promise<Record<string, string>> {
    if (to !== 'everyone') return {}
    const word = formText(request.body, 'word', { max: 100 }).trim().toLowerCase()
    if (word !== 'everyone') return { word: 'Type the word everyone, to say that you mean it.' }
    const problem = await passwordProblem(request, { users, throttle })
    return problem === undefined ? {} : { password: problem }
  }

  async function findMessage(id: string) {
    const found = await staffMessages.find(id)
    if (found === undefined) throw notFound()
    return found
  }

  async function formPage(
    request: FastifyRequest,
    reply: FastifyReply,
    form: MessageForm,
    refused: Pick<CheckedForm, 'problems' | 'unknown'> & { status?: number } = { problems: {}, unknown: [] },
  ): Promise<FastifyReply> {
    const { problems, unknown } = refused
    const { page: wanted } = pageSchema.parse(request.query)
    const { messages: sent, total } = await staffMessages.page(wanted, PAGE)
    const model = {
      // Of a zone that isn't known here: the times are to be written in UTC.
      form: isZone(form.zone) ? form : { ...form, zone: 'UTC' },
      zone: zoneLabel(form.zone),
      problems,
      unknown,
      levels: LEVEL_OPTIONS,
      everybody: people(await users.count()),
      sent: sent.map(messageInList),
      page: { number: wanted, of: Math.max(1, Math.ceil(total / PAGE)) },
    }
    const status = refused.status ?? (Object.keys(problems).length > 0 ? 422 : 200)
    return renderPage(request, reply, 'admin-messages', model, {
      title: 'Messages from staff',
      status,
    })
  }

  async function previewPage(
    request: FastifyRequest,
    reply: FastifyReply,
    form: MessageForm,
    draft: StaffMessage,
    problems: Readonly<Record<string, string>> = {},
  ): Promise<FastifyReply> {
    const isToAll = draft.to === 'everyone'
    const model = {
      fields: Object.entries(form),
      preview: [previewOf(draft)],
      toWhom: toWhom(draft),
      button: `Send to ${people(draft.recipients)}`,
      from: draft.from && shownTime(draft.from),
      until: draft.until && shownTime(draft.until),
      isToAll,
      asksPassword: isToAll && needsPassword(request),
      problems,
    }
    return renderPage(request, reply, 'admin-message-preview', model, {
      title: 'Look before you send',
      status: Object.keys(problems).length > 0 ? 422 : 200,
    })
  }
}

/** Once a message is over nobody can count any more who has seen it: what ends soon is counted every half a minute. */
function countBeforeTheEnd(app: FastifyInstance, messages: StaffMessages): void {
  const count = () =>
    messages
      .countEnding(2 * COUNT_EVERY)
      .catch((err: unknown) => app.log.debug({ err }, 'messages of staff could not be counted'))
  let timer: NodeJS.Timeout | undefined
  app.addHook('onReady', async () => {
    timer = setInterval(count, COUNT_EVERY).unref()
  })
  app.addHook('onClose', async () => clearInterval(timer))
}

const pageSchema = z.object({ page: z.coerce.number().int().min(1).max(1000).catch(1) })
