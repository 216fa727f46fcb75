import type { FastifyReply } from 'fastify'

/**
 * Has the views that a reply renders find more in their templates.
 * @param names the methods of the reply that render, such as those that @fastify/view adds
 * @param locals never rejects: a page is rendered whatever becomes of what is added to it
 */
export function giveToViews(
  reply: FastifyReply,
  names: readonly string[],
  locals: () => Promise<{ levels: object; messages: object }>,
): void {
  const views = reply as unknown as Record<string, ((...args: unknown[]) => Promise<unknown>) | undefined>
  const withLocals = reply as { locals?: object | null }
  for (const name of names) {
    const render = views[name]
    if (typeof render !== 'function') continue
    views[name] = async (...args) => {
      const { levels, messages } = await locals()
      // An application may have levels of another kind.
      withLocals.locals = { levels, ...withLocals.locals, messages }
      return render.apply(reply, args)
    }
  }
}
