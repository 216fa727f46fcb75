import { fileURLToPath } from 'node:url'
import pug from 'pug'
import type { ErrorPage } from './error-page.ts'
import type { FormAgain } from './form-again.ts'
import type { jobOnPage } from './job-page.ts'
import { ASSETS } from './plugins/assets.ts'

/** Where the templates are. */
export const VIEWS = fileURLToPath(new URL('../views/', import.meta.url))

/** Pages that are rendered without `reply.view`, because they must work when nothing else does. */
export interface Views {
  error(model: { page: ErrorPage; reference: string; form?: FormAgain | undefined }): string
  /** A form that starts a job, when nobody can tell whether it did. */
  unsure(model: { form: object; csrf: string; formMark: string }): string
  /** The block of a job's page that changes while it runs. */
  jobState(model: { job: ReturnType<typeof jobOnPage>; usual: string | undefined; csrf: string }): string
}

/** Compiles what must not fail later. */
export function compileViews(): Views {
  const error = pug.compileFile(`${VIEWS}error.pug`)
  const jobState = pug.compileFile(`${VIEWS}job-state-alone.pug`)
  const unsure = pug.compileFile(`${VIEWS}job-unsure.pug`)
  return {
    jobState,
    unsure: model =>
      unsure({ ...model, assets: ASSETS, title: 'Please try again in a moment', isDemo: false }),
    error: model => error({ ...model, assets: ASSETS, title: model.page.title, isDemo: false }),
  }
}
