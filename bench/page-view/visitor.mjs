import { connect } from 'node:net'

/** Somebody who opens pages over one connection, with as little work as possible beside. */
export class Visitor {
  #socket
  #cookie = ''
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

  /** @param {string} user */
  async login(user) {
    const { head } = await this.#send(`POST /login/${user}`, 'Content-Length: 0\r\n')
    this.#cookie = `Cookie: ${/^set-cookie: ([^;]+)/im.exec(head)?.[1]}\r\n`
  }

  /** The listing's HTML. */
  async open(path = '/') {
    const { head, body } = await this.#send(`GET ${path}`, this.#cookie)
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
