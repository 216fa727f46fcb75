import type { Blog, blogJobs } from '@tidings/blog'
import type { Jobs } from '@tidings/jobs'
import { demo } from './demo.ts'
import { exportPosts } from './export-posts.ts'
import { importPosts } from './import-posts.ts'
import type { JobKind } from './job-kind.ts'

/** Every kind of job that can be started from a page, in the page's order. A new job gets its form here. */
export function jobKinds(parts: {
  jobs: Jobs
  blog: Blog
  definitions: ReturnType<typeof blogJobs>
}): JobKind[] {
  const { jobs, blog, definitions } = parts
  return [
    importPosts({ jobs, files: blog.files, definition: definitions.importPosts }),
    exportPosts({ jobs, definition: definitions.exportPosts }),
    ...(definitions.demo === undefined ? [] : [demo({ jobs, definition: definitions.demo })]),
  ]
}
