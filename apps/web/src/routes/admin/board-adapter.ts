import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type {
  AppControllerRoute,
  AppViewRoute,
  BullBoardQueues,
  ControllerHandlerReturnType,
  IServerAdapter,
  UIConfig,
} from '@bull-board/api/typings/app'

/** One of the board's questions, as it can be asked here. */
export interface BoardQuestion {
  route: string
  ask(request: {
    params: Record<string, string>
    query: Record<string, string>
  }): Promise<ControllerHandlerReturnType>
}

/**
 * Takes what @bull-board/api gives to a server, as far as it only reads: of its routes those for GET alone. @bull-board/fastify
 * would bring a second template engine, and a page with inline styles and fonts from elsewhere.
 */
export class BoardAdapter implements IServerAdapter {
  /** Where the files of its page are. */
  files = ''
  questions: BoardQuestion[] = []
  #views = ''
  #queues: BullBoardQueues = new Map()
  #config: UIConfig = {}
  #pages: string[] = []

  setQueues(queues: BullBoardQueues): this {
    this.#queues = queues
    return this
  }

  setViewsPath(path: string): this {
    this.#views = path
    return this
  }

  setStaticPath(_: string, path: string): this {
    this.files = path
    return this
  }

  setEntryRoute({ route }: AppViewRoute): this {
    this.#pages = [route].flat()
    return this
  }

  /** What fails ends as one of our own error pages. */
  setErrorHandler(): this {
    return this
  }

  setUIConfig(config: UIConfig): this {
    this.#config = config
    return this
  }

  setApiRoutes(routes: AppControllerRoute[]): this {
    this.questions = routes.flatMap(({ method, route, handler }) => {
      if (![method].flat().includes('get')) return []
      const ask: BoardQuestion['ask'] = async ({ params, query }) =>
        handler({ queues: this.#queues, uiConfig: this.#config, params, query, body: {}, headers: {} })
      return [route].flat().map(path => ({ route: path, ask }))
    })
    return this
  }

  /** The addresses of its one page. */
  get pages(): readonly string[] {
    return this.#pages
  }

  /**
   * Its page, with the scripts and stylesheets that the installed version names, and nothing inline.
   * @param more a stylesheet and a module of our own, which come last
   * @throws Error where that version's page has another form.
   */
  page(base: string, more: { style: string; script: string }): string {
    const template = readFileSync(join(this.#views, 'index.ejs'), 'utf8')
    const named = (pattern: RegExp) => [...template.matchAll(pattern)].map(([, path = '']) => path)
    const styles = named(/<link href="(static\/css\/[\w./-]+)" rel="stylesheet">/g)
    const scripts = named(/<script defer src="(static\/js\/[\w./-]+)">/g)
    if (styles.length === 0 || scripts.length === 0)
      throw new Error('The page of @bull-board/ui has no scripts or stylesheets where they are looked for')
    const config = JSON.stringify(this.#config).replaceAll('<', '\\u003c')
    return [
      '<!DOCTYPE html>',
      '<html lang="en"><head><meta charset="utf-8">',
      '<meta name="viewport" content="width=device-width, initial-scale=1">',
      `<base href="${base}"><title>Queues – Tidings</title>`,
      '<link rel="icon" type="image/svg+xml" id="fav-logo" href="static/images/logo.svg">',
      ...styles.map(path => `<link rel="stylesheet" href="${path}">`),
      `<link rel="stylesheet" href="${more.style}">`,
      '</head><body class="preload">',
      // Data, not a script: no policy forbids it.
      `<script id="__UI_CONFIG__" type="application/json">${config}</script>`,
      '<h1 class="unseen">Queues</h1><div id="root"></div><noscript><p>This dashboard needs JavaScript. The <a href="/admin/jobs">jobs of all</a> don’t.</p></noscript>',
      ...scripts.map(path => `<script defer src="${path}"></script>`),
      `<script type="module" src="${more.script}"></script>`,
      '</body></html>',
    ].join('\n')
  }
}
