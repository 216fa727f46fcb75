/** @type {import('@tidings/jobs').Processor<{ text: string }, number>} */
// biome-ignore lint/style/noDefaultExport: what a sandbox runs is its module's default export
export default async function words({ input, progress }) {
  await progress(50)
  return input.text.split(/\s+/).filter(Boolean).length // however long it takes, the worker goes on
}
