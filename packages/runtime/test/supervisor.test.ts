import { describe, expect, it } from 'vitest'
import { isRunning, type Running, runProgram } from './processes.ts'

function supervisor(children: Record<string, string>, env: NodeJS.ProcessEnv = {}): Running {
  const args = Object.entries(children).map(([name, behaviour]) => `${name}=./fake-child.mjs,${behaviour}`)
  return runProgram('supervisor.mjs', args, env)
}

describe('supervise', () => {
  it('labels what its children say, in lines that nobody can forge', async () => {
    const run = supervisor({ web: 'stay', worker: 'talk' })
    await run.says(/no json/)
    await run.says(/all ready/)
    expect(run.output()).toMatch(/^web {4}│ \d\d:\d\d:\d\d at work child=\d+$/m)
    expect(run.output()).toMatch(
      /^worker │ \d\d:\d\d:\d\d typed \\u001b\[2J by a user\\nworker │ forged label="two words"$/m,
    )
    expect(run.output()).toMatch(/^worker │ no json \\u001b\[31m here$/m)
    await stop(run)
  })

  it('stops all of them in order at the first signal, once each, and ends with 0', async () => {
    const run = supervisor({ web: 'stay', worker: 'stay' })
    await run.says(/all ready/)
    // As in a terminal, where npm passes on what we had already.
    run.process.kill('SIGINT')
    run.process.kill('SIGINT')
    expect(await run.ended()).toBe(0)
    expect(run.output().match(/told to stop 1/g)).toHaveLength(2)
    expect(run.output()).not.toMatch(/told to stop 2/)
    expect(run.output()).toMatch(/Stopping…[\s\S]*released\n$/)
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('kills the rest at a second %s half a second later, and ends with %i', async (signal, code) => {
    const run = supervisor({ web: 'stay', worker: 'stubborn' })
    const pid = await childPid(run, 'worker')
    await run.says(/all ready/)
    run.process.kill('SIGTERM')
    await run.says(/Stopping…/)
    // The half second is the subject here. Once only: a signal that comes while node exits would end it by itself.
    const again = setTimeout(() => run.process.kill(signal), 600)
    expect(await run.ended()).toBe(code)
    clearTimeout(again)
    expect(isRunning(pid)).toBe(false)
  })

  it('kills what does not stop within the limit', async () => {
    const run = supervisor({ worker: 'stubborn' }, { STOP_LIMIT: '100' })
    await run.says(/all ready/)
    run.process.kill('SIGTERM')
    expect(await run.ended()).toBe(0)
    expect(run.output()).toMatch(/Not everything stopped within 0\.1 s; the rest was killed\./)
  })

  it('starts a child that dies again, later each time, and says so in words', async () => {
    const run = supervisor({ web: 'stay', worker: 'crash' })
    await run.says(/again in 0\.08 s\.[\s\S]*again in 0\.08 s\./)
    const waits = [
      ...run.output().matchAll(/The worker was killed \(SIGKILL\); starting it again in (\S+) s\./g),
    ]
    expect(waits.slice(0, 4).map(match => match[1])).toEqual(['0.02', '0.04', '0.08', '0.08'])
    expect(run.output()).toMatch(/The worker is running again\./)
    expect(run.output()).not.toMatch(/The web/)
    await stop(run)
  })

  it('starts with the first wait again after a long life', async () => {
    const run = supervisor({ worker: 'fail' }, { RESET: '1' })
    await run.says(/(ended with exit code 3; starting it again in 0\.02 s\.[\s\S]*){3}/)
    expect(run.output()).not.toMatch(/0\.04 s/)
    await stop(run)
  })

  it('ends everything with 1 when a child dies before it was ever ready, below its last words', async () => {
    const run = supervisor({ web: 'refuse', worker: 'stay' })
    expect(await run.ended()).toBe(1)
    expect(run.output()).toMatch(/web {4}│ Port 3000 is taken\. Set PORT to another\./)
    expect(run.output()).toMatch(/The web ended with exit code 78 before it was ready/)
    expect(run.output()).toMatch(/released\n$/)
    expect(run.output()).not.toMatch(/all ready|starting it again/)
  })

  it('ends everything with 1 when a child does not become ready in time', async () => {
    const run = supervisor({ web: 'stay', worker: 'never-ready' }, { READY_LIMIT: '300' })
    expect(await run.ended()).toBe(1)
    expect(run.output()).toMatch(/Not ready within 0\.3 s: worker\./)
  })

  it('goes on when nobody reads its output any more', async () => {
    const run = supervisor({ web: 'stay', worker: 'crash' })
    const pid = await childPid(run, 'web')
    await run.says(/all ready/)
    run.process.stdout?.destroy()
    run.process.kill('SIGTERM')
    expect(await run.ended()).toBe(0)
    expect(isRunning(pid)).toBe(false)
  })
})

/** As an operator does: killed, it would leave its children behind. */
async function stop(run: Running): Promise<void> {
  run.process.kill('SIGTERM')
  expect(await run.ended()).toBe(0)
}

async function childPid(run: Running, name: string): Promise<number> {
  const [, pid] = await run.says(new RegExp(`^${name} +│ .*child=(\\d+)`, 'm'))
  return Number(pid)
}
