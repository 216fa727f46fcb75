import type { JobDefinition } from '@tidings/jobs'

/** Its input has another form since version 2. */
export function changed(version: 1 | 2): JobDefinition

/** The release before doesn't know it. */
export const added: JobDefinition
