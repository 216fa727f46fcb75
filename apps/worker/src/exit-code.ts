/** What the command line exits with; docs/operate/README.md has the same table. */
export const EXIT = {
  ok: 0,
  failure: 1,
  /** Shells use it for a mistake on the command line. */
  usage: 2,
  /** As in sysexits: what may pass by itself, such as a Redis that is away. */
  temporary: 75,
  /** As in sysexits: what somebody has to set right. */
  configuration: 78,
  interrupted: 130,
  terminated: 143,
} as const
