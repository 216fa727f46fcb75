import { LOOKS } from './looks.ts'
import type { Scene } from './scene.ts'
import type { Web } from './site.ts'

/** Something that happens to messages on their way to a page. Whether it went well, only the history says. */
export interface Case {
  readonly title: string
  play(scene: Scene): Promise<void>
}

/** How many users of how many messages take part where many are needed. */
export interface Crowd {
  readonly users: number
  readonly messages: number
}

/** Pages are opened at the same instant by both processes, while messages are posted through both. */
export function twoTabs({ users, messages }: Crowd): Case {
  return {
    title: `two tabs at the same instant, ${users * messages} messages of ${users} users`,
    async play(scene) {
      await atOnce(20, users, async () => {
        const user = scene.user()
        for (let first = 0; first < messages; first += BATCH) {
          const texts = numbered(Math.min(BATCH, messages - first), first)
          const posted = Promise.all([
            scene.post(user, texts.slice(0, BATCH / 2), scene.webs[0]),
            scene.post(user, texts.slice(BATCH / 2), scene.webs[1]),
          ])
          // By turns: tabs that open when all is posted, and tabs that open meanwhile.
          if ((first / BATCH) % 2 === 0) await posted
          await Promise.all(scene.webs.map(web => scene.read(user, { web })))
          await posted
        }
      })
    },
  }
}

const BATCH = 10

/** Each is played for messages of its own, and then all that waits is shown. */
export const CASES: readonly Case[] = [
  {
    title: 'two tabs, the second opened while the first is being rendered',
    async play(scene) {
      const [one, other] = scene.webs
      const user = scene.user()
      await scene.post(user, numbered(5))
      const first = await stopped(one, 'slow', gate => scene.read(user, { web: one, path: `/slow/${gate}` }))
      await scene.read(user, { web: other })
      await first.goOn()
    },
  },
  {
    title: 'a message posted between claim and render',
    async play(scene) {
      const [one, other] = scene.webs
      const user = scene.user()
      await scene.post(user, numbered(3))
      await one.hold(`claim:${user}`)
      const page = scene.read(user, { web: one })
      await one.atGate(`claim:${user}`)
      await scene.post(user, ['posted in between'], other)
      await one.openGate(`claim:${user}`)
      await page
    },
  },
  {
    title: 'a message posted between render and send',
    async play(scene) {
      const [one, other] = scene.webs
      const user = scene.user()
      await scene.post(user, numbered(3))
      const page = await stopped(one, 'slow', gate => scene.read(user, { web: one, path: `/slow/${gate}` }))
      await scene.post(user, ['posted in between'], other)
      await page.goOn()
    },
  },
  {
    title: 'messages posted by both processes at once',
    async play(scene) {
      await atOnce(10, 10, async () => {
        const user = scene.user()
        const posts = numbered(20).map((text, i) => scene.post(user, [text], scene.webs[i % 2]))
        await Promise.all(posts)
      })
    },
  },
  {
    title: 'a client that goes away before anything was sent (0 %)',
    async play(scene) {
      const [one] = scene.webs
      await atOnce(10, 20, async i => {
        const user = scene.user()
        await scene.post(user, numbered(3))
        const gate = `nothing-${i}`
        await one.hold(gate)
        await one.leave(user, `/slow/${gate}`, { cue: one.atGate(gate) })
        await one.hasLeft(gate)
        await one.openGate(gate)
      })
    },
  },
  {
    title: 'a client that goes away in the middle of the body (50 %)',
    async play(scene) {
      const [one] = scene.webs
      await atOnce(10, 20, async i => {
        const user = scene.user()
        await scene.post(user, numbered(3))
        const gate = `half-${i}`
        await one.hold(gate)
        await one.leave(user, `/half/${gate}`, { part: 0.5 })
        await one.hasLeft(gate)
        await one.openGate(gate)
      })
    },
  },
  {
    title: 'a client that goes away when it has the whole body (100 %)',
    async play(scene) {
      const [one] = scene.webs
      await atOnce(10, 20, async () => {
        const user = scene.user()
        const texts = numbered(3)
        await scene.post(user, texts)
        await one.leave(user, '/page', { part: 1 })
        scene.history.shown(user, texts)
      })
    },
  },
  {
    title: 'a template that throws',
    play: scene => lookAway(scene, (web, user) => web.open(user, '/broken')),
  },
  {
    title: 'a handler that times out',
    async play(scene) {
      const [one] = scene.webs
      const user = scene.user()
      await scene.post(user, numbered(3))
      await one.hold('late')
      await one.open(user, '/times-out/late')
      await one.openGate('late')
    },
  },
  {
    title: 'a handler that times out while the store is asked',
    async play(scene) {
      const [one] = scene.webs
      const user = scene.user()
      await scene.post(user, numbered(3))
      await one.hold(`claim:${user}`)
      await one.open(user, '/times-out/nowhere')
      await one.openGate(`claim:${user}`)
    },
  },
  {
    title: 'a chain of redirects after a form',
    async play(scene) {
      const user = scene.user()
      scene.history.posted(user, ['Saved.'])
      const headers = { cookie: `user=${user}` }
      let { headers: answer } = await scene.webs[0].send('/save', { text: 'Saved.' }, headers)
      const session = String(answer['set-cookie'] ?? '').split(';', 1)[0]
      const cookie = `user=${user}; ${session}`
      for (let hop = 1; answer.location; hop++) {
        const page = await (hop % 2 ? scene.webs[1] : scene.webs[0]).open(user, answer.location, { cookie })
        answer = page.headers
        scene.history.shown(user, page.texts)
      }
    },
  },
  ...LOOKS.map(
    ({ what, path = '/page', headers, isHead }): Case => ({
      title: `${what} consumes nothing`,
      play: scene =>
        lookAway(scene, (web, user) => (isHead ? web.head(user, path) : web.open(user, path, headers))),
    }),
  ),
]

/** A request whose answer nobody reads as a page: what was on it must still come. */
async function lookAway(scene: Scene, look: (web: Web, user: string) => Promise<unknown>): Promise<void> {
  for (const web of scene.webs) {
    const user = scene.user()
    await scene.post(user, numbered(3))
    await look(web, user)
  }
}

/** A request that stands at a gate of its handler. */
async function stopped(web: Web, name: string, send: (gate: string) => Promise<unknown>) {
  const gate = `${name}-${++gates}`
  await web.hold(gate)
  const answer = send(gate)
  await web.atGate(gate)
  return {
    async goOn() {
      await web.openGate(gate)
      await answer
    },
  }
}

let gates = 0

function numbered(count: number, first = 0): string[] {
  return Array.from({ length: count }, (_, i) => `message ${first + i}`)
}

/** Does something `count` times, at most `width` of them at once. */
async function atOnce(width: number, count: number, action: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < count) await action(next++)
  }
  await Promise.all(Array.from({ length: width }, lane))
}
