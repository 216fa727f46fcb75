import { type AnyPagedJob, type Blog, IMPORT_MAX_BYTES } from '@tidings/blog'
import type { Jobs } from '@tidings/jobs'
import { fieldsOf } from './fields.ts'
import type { FormField } from './form-field.ts'
import type { JobKind } from './job-kind.ts'
import { startable } from './startable.ts'
import { given, result } from './told.ts'

/**
 * Every kind of job, made of its definition, those with a form in the order of their page.
 * @throws TypeError for definitions of which no page can be made, naming each job and field, and what was expected
 */
export function jobKinds(parts: {
  jobs: Jobs
  files: Blog['files']
  definitions: readonly AnyPagedJob[]
}): JobKind[] {
  const { definitions, ...rest } = parts
  const faults: string[] = []
  const kinds = definitions.map(definition => {
    const fields = fieldsOrFaults(definition, faults)
    const kind: JobKind = {
      name: definition.name,
      title: definition.title,
      given: input => given(definition, fields, input),
      result: stored => result(definition, stored),
    }
    const { form = 'none' } = definition.page ?? {}
    return form === 'none' ? kind : startable(kind, { ...rest, definition, form, fields })
  })
  if (faults.length > 0)
    throw new TypeError(`There are jobs of which no form can be made:\n  ${faults.join('\n  ')}`)
  return kinds
}

function fieldsOrFaults(definition: AnyPagedJob, faults: string[]): FormField[] {
  // Whoever adds a job says whether everybody may start it by a form.
  if (definition.page === undefined) {
    const remedy =
      "withPage(definition, { form: { … } }), or { form: 'none' } for one that is started elsewhere"
    faults.push(`Job "${definition.name}": expected ${remedy}`)
    return []
  }
  if (definition.page.form === 'none') return []
  const made = fieldsOf(definition, { maxBytes: IMPORT_MAX_BYTES })
  faults.push(...(made.faults ?? []).map(fault => `Job "${definition.name}", ${fault}`))
  return made.fields ?? []
}
