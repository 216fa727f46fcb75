import { error, type NewMessage } from '@tidings/messages'

const WEEK = 7 * 24 * 60 * 60 * 1000

/** All that a message may say. */
export function cardRefused(order: string, job: string): NewMessage {
  return error(`Your card was refused for order ${order}.`, {
    extraTags: 'payment urgent', // tags: "payment urgent error"
    key: `card:${order}`, // the next one about this order takes its place
    link: { href: '/account', text: 'Change it' },
    job,
    i18n: { key: 'card.refused', params: { order } },
    expiresIn: WEEK,
    data: { order },
  })
}
