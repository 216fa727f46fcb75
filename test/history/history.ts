import { judge, type Verdict } from './verdict.ts'

/** How a job ended, as its owner reads it and as BullMQ keeps it. */
export type Ending = 'success' | 'partial' | 'failure'

/** Somebody asked for a job. `unknown`: no answer came, so nobody knows whether it was taken. */
export interface Asked {
  readonly label: string
  readonly owner: string
  /** The endings that what the job does can have. */
  readonly may: readonly Ending[]
  answer: 'none yet' | 'ok' | 'unknown'
  /** The job's id, where it was answered. */
  id?: string
}

/** A message that came out. */
export interface Told {
  readonly owner: string
  /** The message's own id. */
  readonly message: string
  /** The job that it tells of. */
  readonly job: string | undefined
  readonly ending: Ending
  /** Where it stood: on a page, or in the inbox when all was over. */
  readonly where: 'page' | 'inbox'
  /** When it came, ms. */
  readonly at: number
  /** When the page was asked for that it stood on, where that isn't the same moment, ms. */
  readonly askedAt?: number
}

/** A job as BullMQ holds it when all is over. `open`: it hasn't ended. */
export interface Final {
  readonly id: string
  readonly label: string
  readonly ending: Ending | 'open'
  /** It was given up because its worker died too often: no job does that by itself. */
  readonly stalled?: boolean
}

/** What Redis had acknowledged, and it is gone: the end of its file, or what a master never told its replica. */
export interface Cut {
  readonly text: string
  /** When it was written for the last time, ms. */
  readonly at: number
  /** When it was written at first, where that isn't the same moment, ms. */
  readonly since?: number
}

/** All that was asked for, all that came out, and how it ended. */
export class History {
  readonly asked = new Map<string, Asked>()
  readonly told: Told[] = []
  readonly finals: Final[] = []
  /** What the ends of Redis' file contained that were cut off. */
  readonly cutOff: Cut[] = []
  /** Messages whose page was sent, and nobody knows whether the confirmation arrived. */
  readonly unconfirmed = new Set<string>()

  /** Someone asks for a job. The label is theirs alone; `may`: how such a job can end. */
  invoked(label: string, owner: string, may: readonly Ending[]): void {
    if (this.asked.has(label)) throw new Error(`${label} was asked for before`)
    this.asked.set(label, { label, owner, may, answer: 'none yet' })
  }

  /** The answer came: the job was taken. */
  ok(label: string, id: string): void {
    Object.assign(this.#asked(label), { answer: 'ok', id })
  }

  /** No answer came, or one that says nothing. What was once acknowledged stays so. */
  unknown(label: string): void {
    const asked = this.#asked(label)
    if (asked.answer === 'none yet') asked.answer = 'unknown'
  }

  /** A message came out. */
  came(told: Told): void {
    this.told.push(told)
  }

  /** What BullMQ says of a job when all is over. */
  ended(final: Final): void {
    this.finals.push(final)
  }

  /** The end of Redis' file was cut off, as by a loss of power, or a master's last writes are gone with it; `at`: when that was. */
  cut(text: string, at: number, since = at): void {
    this.cutOff.push({ text, at, since })
  }

  verdict(): Verdict {
    return judge(this)
  }

  #asked(label: string): Asked {
    const asked = this.asked.get(label)
    if (!asked) throw new Error(`${label} was never asked for`)
    return asked
  }
}
