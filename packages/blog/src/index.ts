export { atMost, TooBusyError } from './at-most.ts'
export { type AuditEntry, AuditLog, type NewAuditEntry } from './audit-log.ts'
export { type Blog, type BlogOptions, createBlog } from './blog.ts'
export { blogJobs } from './blog-jobs.ts'
export { type DeletedUser, deleteUser, type UserTraces } from './delete-user.ts'
export { DEMO_PASSWORD, seedDemo } from './demo-data.ts'
export { DEMO_OUTCOMES } from './demo-job.ts'
export { EXPORT_MAX_BYTES } from './export-posts.ts'
export { FileGoneError, FileStore, FileTooLargeError, type NewFile, type StoredFile } from './file-store.ts'
export { IMPORT_MAX_BYTES, IMPORT_MAX_ROWS } from './import-posts.ts'
export type { ImportResult, SkippedRow } from './import-result.ts'
export {
  type AnyPagedJob,
  type FieldExtras,
  type JobFact,
  type JobForm,
  type JobPage,
  type JobResult,
  type JobStart,
  type PagedJob,
  type UploadField,
  withPage,
} from './job-page.ts'
export { CommonPasswordError, passwordFault } from './new-password.ts'
export type { Post, PublishedPost } from './post.ts'
export { type PostPage, PostStore } from './post-store.ts'
export { checkPostText, type PostText, type TypedPost, WRITTEN_BODY_MAX } from './post-text.ts'
export { PostChangedError, versionOf } from './post-version.ts'
export { PostExistsError, type PostState, PostWriter, type When } from './post-writer.ts'
export {
  endOf,
  type Sightings,
  type StaffMessage,
  type StaffMessageState,
  StaffMessageStore,
  type Withdrawal,
} from './staff-message-store.ts'
export { formatOf, type PostFormat, whyNotPosts } from './text-check.ts'
export { type Role, type User, UsernameTakenError } from './user.ts'
export { type UserChanged, UserChanges } from './user-changes.ts'
export { UserStore } from './user-store.ts'
