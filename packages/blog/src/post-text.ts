import { characters } from './plain-text.ts'
import { type Post, postInput } from './post.ts'

/** The most characters of a body that is written in a form. An import takes longer ones. */
export const WRITTEN_BODY_MAX = 20_000

/** What an author writes: cleaned and checked by {@link checkPostText}. */
export type PostText = Pick<Post, 'title' | 'body' | 'tags'>

/** The fields of a form in which a post is written, as they were typed. */
export type TypedPost = Record<'title' | 'body' | 'tags', string>

const schema = postInput.pick({ title: true, body: true, tags: true })

/**
 * Checks what was typed as a post.
 * @param options.longest the most characters of the body: a long post that was imported may stay as long as it is
 * @returns the text, or what is wrong with it, by field, in a sentence for its author
 */
export function checkPostText(
  typed: TypedPost,
  { longest = WRITTEN_BODY_MAX }: { longest?: number } = {},
): { text: PostText; problems?: undefined } | { text?: undefined; problems: Partial<TypedPost> } {
  const problems: Partial<TypedPost> = {}
  const { data, error } = schema.safeParse(typed)
  for (const { path, message } of error?.issues ?? []) {
    const [field] = path
    if (field === 'title' || field === 'body' || field === 'tags') problems[field] ??= sentence(message)
  }
  const length = data ? characters(data.body) : 0
  if (length > longest) {
    const [has, most] = [length, longest].map(count => count.toLocaleString('en'))
    problems.body = `The body has ${has} characters; ${most} is the most.`
  }
  return data && length <= longest ? { text: data } : { problems }
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
