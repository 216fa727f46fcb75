/** The input of a job was refused by the definition's schema. */
export class InvalidInputError extends Error {
  override readonly name = 'InvalidInputError'
  /** What was wrong, field by field. */
  readonly issues: readonly { readonly path: string; readonly message: string }[]

  constructor(job: string, issues: readonly { readonly path: string; readonly message: string }[]) {
    super(
      `Input of job "${job}" was refused: ${issues.map(({ path, message }) => `${path || 'input'}: ${message}`).join('; ')}`,
    )
    this.issues = issues
  }
}
