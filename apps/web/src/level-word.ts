import { LEVELS } from '@tidings/messages'

/** The word that says a message's level, beside its colour: the same word everywhere. */
export function levelWord(level: number): string {
  if (level >= LEVELS.ERROR) return 'Failed'
  if (level >= LEVELS.WARNING) return 'Warning'
  if (level >= LEVELS.SUCCESS) return 'Done'
  if (level >= LEVELS.INFO) return 'Note'
  return 'Detail'
}
