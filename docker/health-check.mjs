// Whether the process in this container is up: asks its health port, or the web server's own where none is set.
const { HEALTH_PORT, PORT } = process.env
const port = HEALTH_PORT || PORT
try {
  const { ok } = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(4000) })
  process.exitCode = ok ? 0 : 1
} catch {
  process.exitCode = 1
}
