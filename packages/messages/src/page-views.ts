import type { FastifyReply } from 'fastify'

type Render = (this: FastifyReply, ...args: unknown[]) => Promise<unknown>

const kIsGiving = Symbol('tidings.giving')

/**
 * Has the views that replies render find more in their templates. Once for all replies of the same part of the application,
 * rather than for each request anew.
 * @param reply one of them
 * @param names the methods of a reply that render, such as those that @fastify/view adds
 * @param give what a view of this reply finds; never rejects: a page is rendered whatever becomes of what is added to it
 */
export function giveToViews(
  reply: FastifyReply,
  names: readonly string[],
  give: (reply: FastifyReply) => Promise<{ levels: object; messages: object }>,
): void {
  const replies = Object.getPrototypeOf(reply) as Record<string | symbol, Render | true | undefined>
  if (Object.hasOwn(replies, kIsGiving)) return
  replies[kIsGiving] = true
  for (const name of names) {
    const render = replies[name]
    if (typeof render !== 'function' || kIsGiving in render) continue
    const giving: Render = async function (...args) {
      const { levels, messages } = await give(this)
      // An application may have levels of another kind.
      const withLocals = this as { locals?: object | null }
      withLocals.locals = { levels, ...withLocals.locals, messages }
      return render.apply(this, args)
    }
    replies[name] = Object.assign(giving, { [kIsGiving]: true })
  }
}
