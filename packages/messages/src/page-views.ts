import type { FastifyReply } from 'fastify'

type Render = (this: FastifyReply, ...args: unknown[]) => unknown

/** What a view finds besides what it is given. */
interface Gift {
  readonly levels: object
  readonly messages: object
}

const kIsGiving = Symbol('tidings.giving')

/**
 * Has the views that replies render find more in their templates. Once for all replies of the same part of the application,
 * rather than for each request anew.
 * @param reply one of them
 * @param names the methods of a reply that render, such as those that @fastify/view adds
 * @param prepare what has to be waited for, if anything, before `give`; neither of the two throws or rejects: a page is
 *   rendered whatever becomes of what is added to it
 * @param give what a view of this reply finds
 */
export function giveToViews(
  reply: FastifyReply,
  names: readonly string[],
  prepare: (reply: FastifyReply) => Promise<void> | undefined,
  give: (reply: FastifyReply) => Gift,
): void {
  const replies = Object.getPrototypeOf(reply) as Record<string | symbol, Render | true | undefined>
  if (Object.hasOwn(replies, kIsGiving)) return
  replies[kIsGiving] = true
  for (const name of names) {
    const render = replies[name]
    if (typeof render !== 'function' || kIsGiving in render) continue
    const giving: Render = function (...args) {
      const show = () => {
        addToLocals(this, give(this))
        return render.apply(this, args)
      }
      const preparing = prepare(this)
      return preparing === undefined ? show() : preparing.then(show)
    }
    replies[name] = Object.assign(giving, { [kIsGiving]: true })
  }
}

function addToLocals(reply: FastifyReply & { locals?: object | null }, { levels, messages }: Gift): void {
  // An application may have levels of another kind.
  reply.locals = reply.locals ? { levels, ...reply.locals, messages } : { levels, messages }
}
