import type { Blog, blogJobs } from '@tidings/blog'
import type { Jobs } from '@tidings/jobs'
import { demo } from './demo.ts'
import { exportPosts } from './export-posts.ts'
import { importPosts } from './import-posts.ts'
import type { JobKind } from './job-kind.ts'
import { publishPost } from './publish-post.ts'

/** Every kind of job, those with a form in the order of their page. A new job gets its form, or at least its words, here. */
export function jobKinds(parts: {
  jobs: Jobs
  blog: Blog
  definitions: ReturnType<typeof blogJobs>
}): JobKind[] {
  const { jobs, blog, definitions } = parts
  return [
    importPosts({ jobs, files: blog.files, definition: definitions.importPosts }),
    exportPosts({ jobs, definition: definitions.exportPosts }),
    publishPost({ definition: definitions.publishPost }),
    ...(definitions.demo === undefined ? [] : [demo({ jobs, definition: definitions.demo })]),
  ]
}
