/** A Content-Disposition that has the browser save a file under this name, whatever stands in it. */
export function attachment(name: string): string {
  const plain = name.replace(/[\p{Cc}\p{Cf}/\\]/gu, '_').slice(0, 150) || 'download'
  const ascii = plain.normalize('NFKD').replace(/[^\x20-\x7e]|["%]/g, '_')
  const encoded = encodeURIComponent(plain.toWellFormed()).replace(
    /['()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`
}
