import type { Blog } from './blog.ts'
import { defineDemo } from './demo-job.ts'
import { defineExportPosts } from './export-posts.ts'
import { defineImportPosts } from './import-posts.ts'
import { definePublishPost } from './publish-post.ts'

/** The definitions of the blog's jobs; `demo` is among them only when `options.demo` is true. */
export function blogJobs(blog: Blog, options: { demo: boolean }) {
  return {
    importPosts: defineImportPosts(blog),
    exportPosts: defineExportPosts(blog),
    publishPost: definePublishPost(blog),
    ...(options.demo ? { demo: defineDemo() } : {}),
  }
}
