import { KeyReusedError } from '../refused-error.ts'

/** Idempotency keys, and what was enqueued under each. */
export class MemoryKeys {
  readonly #known = new Map<string, { readonly id: string; readonly input: string }>()

  /**
   * What was enqueued under this key; `undefined` the first time, and where there is no key.
   * @throws KeyReusedError where it was with other input.
   */
  find(key: readonly (string | undefined)[], input: unknown): string | undefined {
    const known = this.#known.get(JSON.stringify(key))
    if (known && known.input !== JSON.stringify(input)) throw new KeyReusedError()
    return known?.id
  }

  keep(key: readonly (string | undefined)[], input: unknown, id: string): void {
    if (key.at(-1) !== undefined) this.#known.set(JSON.stringify(key), { id, input: JSON.stringify(input) })
  }
}
