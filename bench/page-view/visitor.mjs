import { connect } from 'node:net'

/** One connection, over which people open pages, with as little work as possible beside. */
export class Visitor {
  #socket
  #came = ''
  #waiting

  /** @param {number} port */
  constructor(port) {
    this.#socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1')
    this.#socket.on('data', piece => {
      this.#came += piece
      this.#look()
    })
    this.#socket.on('close', () =>
      this.#waiting?.reject(new Error('the web process has closed the connection')),
    )
    this.#socket.on('error', () => {})
  }

  /**
   * @param {string} user
   * @returns the session of whoever is logged in so, for `open`
   */
  async login(user) {
    const { head } = await this.#send(`POST /login/${user}`, 'Content-Length: 0\r\n')
    return `Cookie: ${/^set-cookie: ([^;]+)/im.exec(head)?.[1]}\r\n`
  }

  /** The listing's HTML, for somebody with this session or for a stranger. */
  async open(path = '/', session = '') {
    const { head, body } = await this.#send(`GET ${path}`, session)
    if (!head.startsWith('HTTP/1.1 200')) throw new Error(`no page: ${head}\n${body}`)
    return body
  }

  leave() {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #send(line, headers) {
    this.#came = ''
    this.#socket.write(`${line} HTTP/1.1\r\nHost: bench\r\nAccept: text/html\r\n${headers}\r\n`)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  #look() {
    const end = this.#came.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = this.#came.slice(0, end)
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1])
    if (this.#came.length >= end + 4 + length)
      this.#waiting?.resolve({ head, body: this.#came.slice(end + 4) })
  }
}
