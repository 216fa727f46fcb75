/** Page 1 for anything that is no page number: an address that was typed wrongly still leads to the blog. */
export function pageNumber(value: unknown): number {
  return typeof value === 'string' && /^[1-9]\d{0,8}$/.test(value) ? Number(value) : 1
}
