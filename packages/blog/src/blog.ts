import type { Redis } from 'ioredis'
import { AuditLog } from './audit-log.ts'
import { FileStore } from './file-store.ts'
import { PostStore } from './post-store.ts'
import { StaffMessageStore } from './staff-message-store.ts'
import { UserStore } from './user-store.ts'

/** The example's domain: its users, its posts, and the files that they upload and export. */
export interface Blog {
  users: UserStore
  posts: PostStore
  files: FileStore
  /** What staff have written to users, and all that they have done. */
  staffMessages: StaffMessageStore
  audit: AuditLog
}

/** What `createBlog` is given. */
export interface BlogOptions {
  /** The connection to use. The blog doesn't close it. */
  redis: Redis
  /** Begins every key. Braces keep the keys on one node of a cluster, which transactions need. `{tidings:blog}` by default. */
  prefix?: string
  /** scrypt's N for new passwords, a power of two; 2^17 by default. Tests use a low one. */
  passwordCost?: number
}

/** Makes the blog's stores on one connection. */
export function createBlog({ redis, prefix = '{tidings:blog}', passwordCost }: BlogOptions): Blog {
  return {
    users: new UserStore({ redis, prefix, passwordCost }),
    posts: new PostStore({ redis, prefix }),
    files: new FileStore({ redis, prefix }),
    staffMessages: new StaffMessageStore({ redis, prefix }),
    audit: new AuditLog({ redis, prefix }),
  }
}
