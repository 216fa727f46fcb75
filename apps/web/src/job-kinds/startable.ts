import type { AnyPagedJob, Blog, JobForm } from '@tidings/blog'
import type { Jobs } from '@tidings/jobs'
import { z } from 'zod'
import type { FormField } from './form-field.ts'
import type { JobKind, StartableJobKind } from './job-kind.ts'
import { typedInput } from './typed-input.ts'

const KEPT_FOR = 24 * 60 * 60_000

/** A kind of job with its form. */
export function startable(
  kind: JobKind,
  parts: {
    jobs: Jobs
    files: Blog['files']
    definition: AnyPagedJob
    form: JobForm
    fields: readonly FormField[]
  },
): StartableJobKind {
  const { jobs, files, definition, form, fields } = parts
  return {
    ...kind,
    about: form.about,
    button: form.button ?? 'Start',
    fields,
    async read(sent, { owner }) {
      const typed = await typedInput(definition, fields, sent, owner)
      if (typed.problems) return typed
      const { input, upload, digest } = typed
      return {
        async start({ idempotencyKey }) {
          if (upload) {
            const { maxBytes, content, ...file } = upload
            await files.save({ ...file, owner, content: [content], ttl: KEPT_FOR }, { maxBytes })
          }
          // What the server fills in, such as a file's id, is another each time that the form is sent.
          const sameInput = Object.keys(input).every(isField) && !upload ? undefined : digest
          return jobs.enqueue(definition, input, { owner, idempotencyKey, sameInput })
        },
      }
    },
    async again(input, { owner }) {
      const { data } = await z.safeParseAsync(definition.input, input)
      if (data === undefined) return { gone: 'What this job was given can’t be read any more.' }
      for (const { name } of fields.filter(field => field.kind === 'file')) {
        const id: unknown = Reflect.get(Object(data), name)
        if (id !== undefined && (await files.find(String(id)))?.owner !== owner) return { gone: FILE_GONE }
      }
      return { start: options => jobs.enqueue(definition, data, { owner, ...options }) }
    },
  }

  function isField(name: string): boolean {
    return fields.some(field => field.name === name)
  }
}

const FILE_GONE = 'An uploaded file is kept for a day, and that day is over. Choose the file once more.'
