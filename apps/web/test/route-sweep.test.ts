import type { LightMyRequestResponse } from 'fastify'
import { describe, expect, it } from 'vitest'
import { type Browser, testSite } from './client.ts'
import { type RegisteredRoute, withRoutes } from './registered-routes.ts'
import { ROUTES, type RouteClass, sweptObjects } from './route-classes.ts'

const { site, routes } = await withRoutes(() => testSite({ config: { LOGINS_PER_MINUTE: 10_000 } }))
const { routes: routesWithoutDemo } = await withRoutes(() => testSite({ config: { DEMO: false } }))
await site.blog.posts.saveNew([
  {
    id: '00000000-0000-4000-8000-000000000001',
    title: 'Swept',
    body: 'A post of alice.',
    tags: [],
    author: 'alice',
    authorId: site.alice.id,
    publishedAt: new Date(0),
  },
])

// Their own objects are last touched by the owner.
const ROLES = ['anonymous', 'another user', 'staff', 'former staff', 'owner'] as const
type Role = (typeof ROLES)[number]
const LOGIN = /^\/login(\?|$)/

/** A browser of this role, with a good token. */
async function browserOf(role: Role): Promise<{ browser: Browser; _csrf: string }> {
  const browser = site.browser()
  if (role === 'anonymous') return { browser, _csrf: (await browser.form('/login', '/login'))._csrf ?? '' }
  const name = {
    'another user': 'bob',
    staff: 'sweep-staff',
    'former staff': 'sweep-former',
    owner: 'alice',
  }[role]
  if (role === 'staff' || role === 'former staff') {
    const { id } = (await site.blog.users.findByName(name)) ?? (await site.user(name))
    await site.blog.users.setRole(id, 'staff')
    await browser.logIn(name)
    // They were staff when they logged in.
    if (role === 'former staff') await site.blog.users.setRole(id, 'member')
  } else await browser.logIn(name)
  return { browser, _csrf: (await browser.form('/account', '/account/sessions/end'))._csrf ?? '' }
}

const classOf = ({ method, url }: RegisteredRoute): RouteClass | undefined => {
  const shown = `${method === 'HEAD' ? 'GET' : method} ${url}`
  const key = Object.keys(ROUTES).find(each =>
    each.endsWith('*') ? shown.startsWith(each.slice(0, -1)) : each === shown,
  )
  return key === undefined ? undefined : ROUTES[key]
}

const mayCome = (kind: RouteClass, role: Role): boolean =>
  kind.for === 'anybody' ||
  (kind.for === 'users' && role !== 'anonymous') ||
  (kind.for === 'owner' && role === 'owner') ||
  (kind.for === 'staff' && role === 'staff')

/** What a role is to get, as statuses; a redirect to the login is `'login'`. */
function expected(kind: RouteClass, role: Role, { isForm, token }: { isForm: boolean; token: boolean }) {
  if (role === 'anonymous' && kind.visitors !== undefined) return [kind.visitors].flat()
  if (role === 'anonymous' && kind.for !== 'anybody') return ['login']
  if (mayCome(kind, role)) return isForm && !token ? [403] : (kind.gives ?? (isForm ? [303] : [200]))
  // Whether the token or the right is looked at first makes no difference to anybody.
  return isForm && !token ? [403, 404] : [404]
}

const outcomeOf = ({ statusCode, headers }: LightMyRequestResponse) =>
  statusCode === 303 && LOGIN.test(String(headers.location)) ? 'login' : statusCode

async function ask(
  { method, url }: RegisteredRoute,
  kind: RouteClass,
  role: Role,
  { token, headers = {} }: { token: boolean | string; headers?: Record<string, string> },
): Promise<LightMyRequestResponse> {
  const objects = await sweptObjects(site)
  const { browser, _csrf } = await browserOf(role)
  const address = kind.at?.(objects) ?? url
  if (method === 'GET' || method === 'HEAD') return browser.send({ method, url: address, headers })
  const fields = { ...kind.fields?.(objects), ...(token && { _csrf: token === true ? _csrf : token }) }
  if (kind.isJson)
    return browser.send({ method: 'POST', url: address, payload: fields, headers: { ...headers } })
  return browser.post(address, fields as Record<string, string>, headers)
}

describe('each route that is registered', () => {
  it.each([
    ['with the demonstration', routes],
    ['without it', routesWithoutDemo],
  ])('%s has its class in test/route-classes.ts', (_, registered) => {
    const unknown = registered.filter(route => !classOf(route)).map(({ method, url }) => `'${method} ${url}'`)
    const advice = `Add to ROUTES in apps/web/test/route-classes.ts who may use it, such as\n  ${unknown[0]}: { for: 'users' },\nwith \`at\` where it has parameters, and \`fields\` where its form needs some.`
    expect(unknown, advice).toEqual([])
  })

  it('is there for each class', () => {
    const known = Object.keys(ROUTES)
    const missing = known.filter(key => !routes.some(route => classOf(route) === ROUTES[key]))
    expect(missing, 'These routes are gone: take them out of apps/web/test/route-classes.ts.').toEqual([])
    for (const route of routesWithoutDemo) expect(classOf(route)?.isDemo, route.url).not.toBe(true)
  })
})

const swept = routes.flatMap(route => {
  const kind = classOf(route)
  return kind === undefined ? [] : [{ ...route, kind }]
})

describe.each(ROLES)('to %s', role => {
  it.each(swept)('$method $url gives what its class says', async ({ kind, ...route }) => {
    const isForm = route.method !== 'GET' && route.method !== 'HEAD'
    if (kind.isStream && mayCome(kind, role)) return
    for (const token of isForm ? [false, true] : [false]) {
      const response = await ask(route, kind, role, { token })
      const wanted = expected(kind, role, { isForm, token })
      const said = `${route.method} ${route.url} to ${role}, ${token ? 'with' : 'without'} a token`
      expect(wanted, `${said}: ${response.body.slice(0, 300)}`).toContain(outcomeOf(response))
      if (response.statusCode >= 400) expect(response.headers['set-cookie'], said).toBeUndefined()
    }
  })
})

describe('from another site', () => {
  const forms = swept.filter(({ method }) => method !== 'GET' && method !== 'HEAD')

  it.each(forms)('$method $url does nothing, even with a good token', async ({ kind, ...route }) => {
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]
    for (const headers of foreign) {
      const response = await ask(route, kind, 'owner', { token: true, headers })
      expect(response.statusCode, JSON.stringify(headers)).toBe(403)
    }
  })

  it('another’s token, or of another session of one’s own, does nothing anywhere', async () => {
    const tokens: Record<string, string> = {}
    for (const whose of ['anonymous', 'another user', 'staff', 'owner'] as const)
      tokens[whose] = (await browserOf(whose))._csrf
    for (const { kind, ...route } of forms)
      for (const [whose, token] of Object.entries(tokens)) {
        const said = `${route.method} ${route.url} with the token of ${whose}`
        const refused = mayCome(kind, 'owner') ? [403] : [403, 404]
        expect(refused, said).toContain((await ask(route, kind, 'owner', { token })).statusCode)
      }
  }, 120_000)
})
