// Whether the process in this container is up: asks its health port, or the web server's own where none is set. With /readyz as
// argument, whether it can do its work.
const { HEALTH_PORT, PORT } = process.env
const [path = '/healthz'] = process.argv.slice(2)
const port = HEALTH_PORT || PORT
try {
  const { ok } = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(4000) })
  process.exitCode = ok ? 0 : 1
} catch {
  process.exitCode = 1
}
