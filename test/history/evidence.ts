import type { Cut, History, Told } from './history.ts'

/**
 * What a history holds of a job, in the order of time: for whoever looks for the cause of a fault.
 * @param began ms; times are counted from it
 */
export function evidence(history: History, label: string, began: number): string[] {
  const asked = history.asked.get(label)
  const final = history.finals.find(final => final.label === label)
  const id = asked?.id ?? final?.id
  const time = (at: number) => `${((at - began) / 1000).toFixed(3)} s`
  const span = (from: number, to: number) => (from === to ? time(to) : `${time(from)} to ${time(to)}`)
  const sayTold = ({ owner, message, ending, where, at, askedAt = at }: Told) =>
    `${span(askedAt, at)}: ${where} of ${owner}, ${ending} (message ${message})`
  const sayCut = ({ text, at, since = at }: Cut) => {
    const names = [id, `reading:user:${asked?.owner}\r`].filter(name => name && text.includes(name))
    return `${span(since, at)}: lost ${text.length} bytes with ${names.join(' and ').trim() || 'nothing of this job'}`
  }
  const told = history.told.filter(({ job }) => job !== undefined && job === id)
  const then = [
    ...told.map(each => ({ at: each.at, text: sayTold(each) })),
    ...history.cutOff.map(cut => ({ at: cut.at, text: sayCut(cut) })),
  ].sort((a, b) => a.at - b.at)
  return [
    `${label} (${id}) of ${asked?.owner}: asked for with the answer "${asked?.answer}", may be ${asked?.may.join(' or ')}, is ${final?.ending ?? 'not in BullMQ'}`,
    ...then.map(({ text }) => `  ${text}`),
  ]
}
