/**
 * A message has nobody to be shown to: nobody is logged in and the browser has no session. `failSilently` hides it, and
 * nothing else. The name is Django's.
 */
export class MessageFailure extends Error {
  override readonly name = 'MessageFailure'
  readonly code = 'TIDINGS_NOBODY_TO_SHOW'

  constructor() {
    super(
      'A message needs somebody to show it to: register @fastify/session before the messages plugin, or log in first',
    )
  }
}
