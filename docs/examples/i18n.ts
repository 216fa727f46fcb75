import { type MessageStore, success } from '@tidings/messages'
import { fastifyMessages } from '@tidings/messages/fastify'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import i18next, { type i18n } from 'i18next'

/** The texts of each language; yours come from files. */
export const TEXTS = {
  en: { import: { done_one: 'Imported {{count}} post.', done_other: 'Imported {{count}} posts.' } },
  de: {
    import: { done_one: '{{count}} Beitrag importiert.', done_other: '{{count}} Beiträge importiert.' },
  },
}

/** Messages in the language of whoever reads them, whatever the language of the process that wrote them. */
export async function addMessages(
  app: FastifyInstance,
  store: MessageStore,
  options: { owner(request: FastifyRequest): string | undefined; language(request: FastifyRequest): string },
): Promise<void> {
  const translations: i18n = i18next.createInstance()
  await translations.init({
    fallbackLng: 'en',
    resources: { en: { translation: TEXTS.en }, de: { translation: TEXTS.de } },
    interpolation: { escapeValue: false }, // the template escapes
  })
  await app.register(fastifyMessages, {
    store,
    owner: options.owner,
    translate: ({ i18n }, request) => {
      const lng = options.language(request)
      // What has no translation is shown as it was posted.
      if (!i18n || !translations.exists(i18n.key, { ...i18n.params, lng })) return undefined
      return translations.t(i18n.key, { ...i18n.params, lng })
    },
  })
}

/** Posted in English, as it is shown where there is no translation, with what a translator needs. */
export function tellOfImport(store: MessageStore, owner: string, count: number): Promise<void> {
  return store.post(
    owner,
    success(`Imported ${count} posts.`, { i18n: { key: 'import.done', params: { count } } }),
  )
}
