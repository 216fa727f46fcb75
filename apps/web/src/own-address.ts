const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']
const ANY = ['0.0.0.0', '::', '[::]']

/** Which Host and Origin are this site's own. */
export interface OwnAddress {
  /** Whether a request with this Host is meant for this site. */
  isOwnHost(host: string): boolean
  /** Whether a page of this origin is one of this site's. */
  isOwnOrigin(origin: string): boolean
}

/**
 * Decides by the public address alone where one is set; else this machine's own names are accepted, with the port that the
 * site listens on.
 */
export function ownAddress(options: {
  publicUrl: string | undefined
  host: string
  port: () => number
}): OwnAddress {
  const { publicUrl, host, port } = options
  const scheme = publicUrl === undefined ? 'http:' : new URL(publicUrl).protocol
  const hosts = (): string[] => {
    if (publicUrl !== undefined) return [new URL(publicUrl).host]
    const names = ANY.includes(host) ? LOOPBACK : [...LOOPBACK, host.includes(':') ? `[${host}]` : host]
    return names.map(name => hostOf(scheme, `${name}:${port()}`) ?? '')
  }
  const isOwnHost = (value: string): boolean => {
    const asked = hostOf(scheme, value)
    return asked !== undefined && hosts().includes(asked)
  }
  return {
    isOwnHost,
    isOwnOrigin: origin => {
      if (!URL.canParse(origin)) return false
      const url = new URL(origin)
      return url.origin === origin && url.protocol === scheme && isOwnHost(url.host)
    },
  }
}

// The host as a browser writes it: in lower case, without the scheme's own port.
function hostOf(scheme: string, host: string): string | undefined {
  if (!/^[\w.[\]:-]{1,255}$/.test(host) || !URL.canParse(`${scheme}//${host}`)) return undefined
  return new URL(`${scheme}//${host}`).host || undefined
}
