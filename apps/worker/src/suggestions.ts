/** The blog's jobs: known without loading them, as a shell asks for these each time that it starts. A test compares. */
const JOBS = ['import-posts', 'export-posts', 'publish-post', 'demo']
const QUEUES = ['jobs']

/** What an option is offered that takes anything; the application of `--app` may have others. */
export function suggestedValues(flag: string): readonly string[] {
  return { '--name': JOBS, '--queue': QUEUES }[flag] ?? []
}

/** What is offered behind a command whose argument can be anything. */
export function suggestedWords(command: string): readonly string[] {
  return { 'jobs enqueue': JOBS }[command] ?? []
}
