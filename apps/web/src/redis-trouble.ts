const CONNECTION_CODES = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]
const CONNECTION_WORDS =
  /^(Command timed out|Connection is closed\.?|Connection is in closing state|Stream isn't writeable)/
/** A cluster's client has words of its own. */
const CLUSTER_WORDS =
  /^(Cluster isn't ready|Cluster is ended|Failed to refresh slots cache|None of startup nodes|No subscriber for the cluster|Too many Cluster redirections)/
const SERVER_WORDS =
  /^(LOADING|READONLY|MISCONF|OOM|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOREPLICAS|NOAUTH|WRONGPASS|NOPERM|EXECABORT|ERR max number of clients)\b/

/** Whether an error says that Redis is away, hung or unable for now: a matter of waiting, not of a fault in the request. */
export function isRedisTrouble(error: unknown): boolean {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1) {
    if (cause.name === 'MaxRetriesPerRequestError') return true
    if (CONNECTION_WORDS.test(cause.message) || CLUSTER_WORDS.test(cause.message)) return true
    if (cause.name === 'ReplyError' && SERVER_WORDS.test(cause.message)) return true
    if ('code' in cause && CONNECTION_CODES.includes(String(cause.code))) return true
    if ('syscall' in cause && cause.syscall === 'connect') return true
  }
  return false
}
