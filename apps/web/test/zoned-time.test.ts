import { describe, expect, it } from 'vitest'
import { momentInWords, typedMoment, zoneLabel } from '../src/zoned-time.ts'

const typed = (time: string, zone: string) => {
  const { moment, problem } = typedMoment(time, zone)
  return problem ?? moment.toISOString()
}

describe('a time that is typed without its zone', () => {
  it.each([
    ['2026-11-22T10:00', '', '2026-11-22T10:00:00.000Z'],
    ['2026-11-22 10:00:30', '', '2026-11-22T10:00:30.000Z'],
    ['2026-11-22T10:00', 'UTC', '2026-11-22T10:00:00.000Z'],
    ['2026-11-22T10:00', 'Europe/Berlin', '2026-11-22T09:00:00.000Z'],
    ['2026-07-22T10:00', 'Europe/Berlin', '2026-07-22T08:00:00.000Z'],
    ['2026-11-22T00:30', 'Asia/Kolkata', '2026-11-21T19:00:00.000Z'],
    ['2026-12-31T23:59', 'Pacific/Apia', '2026-12-31T10:59:00.000Z'],
    ['2026-11-22T10:00', 'Etc/GMT+5', '2026-11-22T15:00:00.000Z'],
    // Directly before and after the clocks are changed.
    ['2027-03-28T01:59', 'Europe/Berlin', '2027-03-28T00:59:00.000Z'],
    ['2027-03-28T03:00', 'Europe/Berlin', '2027-03-28T01:00:00.000Z'],
    ['2027-10-31T01:59', 'Europe/Berlin', '2027-10-30T23:59:00.000Z'],
    ['2027-10-31T03:00', 'Europe/Berlin', '2027-10-31T02:00:00.000Z'],
    ['2027-04-04T03:00', 'Australia/Lord_Howe', '2027-04-03T16:30:00.000Z'],
  ])('%s in the zone “%s” is %s', (time, zone, moment) => expect(typed(time, zone)).toBe(moment))

  it.each([
    [
      '2027-03-28T02:30',
      'Europe/Berlin',
      'There is no 02:30 on 28 March 2027 in Europe/Berlin: the clocks are put forward then. Choose another time.',
    ],
    [
      '2027-10-31T02:30',
      'Europe/Berlin',
      '02:30 comes twice on 31 October 2027 in Europe/Berlin: the clocks are put back then. Choose a time before or after.',
    ],
    [
      '2027-11-07T01:00',
      'America/New_York',
      '01:00 comes twice on 7 November 2027 in America/New York: the clocks are put back then. Choose a time before or after.',
    ],
    ['2027-02-31T10:00', '', 'Expected a date and a time.'],
    ['2027-02-28T24:00', '', 'Expected a date and a time.'],
    ['tomorrow', 'Europe/Berlin', 'Expected a date and a time.'],
    [
      '2027-02-28T10:00',
      'Mars/Olympus',
      'Your browser’s time zone is not known here. Write the time in UTC.',
    ],
    ['2027-02-28T10:00', '"><b>', 'Your browser’s time zone is not known here. Write the time in UTC.'],
  ])('%s in the zone “%s” is answered: %s', (time, zone, words) => expect(typed(time, zone)).toBe(words))
})

it('the zone is said beside a field, and behind a moment', () => {
  expect(['', 'UTC', 'America/New_York', 'Mars/Olympus'].map(zoneLabel)).toEqual([
    'UTC',
    'UTC',
    'in America/New York',
    'UTC',
  ])
  const moment = new Date('2026-11-22T10:00Z')
  expect(['', 'Asia/Tokyo'].map(zone => momentInWords(moment, zone))).toEqual([
    '22 Nov 2026, 10:00 UTC',
    '22 Nov 2026, 19:00 in Asia/Tokyo',
  ])
})
