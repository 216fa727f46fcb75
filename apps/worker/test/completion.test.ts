import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { tidings } from './tidings.ts'

let script: string
beforeAll(async () => {
  script = (await tidings(['completion', 'bash'], {})).out
})

/** What bash offers after these words, the last of which is being typed. */
async function offered(...words: string[]): Promise<string[]> {
  const quoted = words.map(word => `'${word}'`).join(' ')
  const asking = `${script}
COMP_WORDS=(tidings ${quoted})
COMP_CWORD=${words.length}
_tidings_complete
printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-euc', asking])
  return stdout.split('\n').filter(Boolean)
}

describe('completion in bash', () => {
  it('offers the commands, and those below them', async () => {
    expect(await offered('')).toEqual(
      expect.arrayContaining(['worker', 'check', 'jobs', 'messages', 'users', 'stats']),
    )
    expect(await offered('jo')).toEqual(['jobs'])
    expect(await offered('jobs', '')).toEqual(
      expect.arrayContaining(['list', 'show', 'retry', 'cancel', 'enqueue']),
    )
  })

  it('offers the options of the command, wherever others were given before', async () => {
    expect(await offered('jobs', 'list', '--st')).toEqual(['--state'])
    expect(await offered('worker', '-c', '3', '--sto')).toEqual(['--stop-when-empty'])
  })

  it('offers the values of an option that has a choice', async () => {
    expect(await offered('worker', '--log-format', '')).toEqual(['pretty', 'json'])
    expect(await offered('messages', 'send', '--level', 'w')).toEqual(['warning'])
  })

  it('can be switched on by a bash that knows nothing of it', async () => {
    const { stdout } = await promisify(execFile)('bash', ['--norc', '-euc', `${script}\ncomplete -p tidings`])
    expect(stdout).toBe('complete -o default -F _tidings_complete tidings\n')
  })
})

it('there is one for zsh, and none for another shell', async () => {
  expect((await tidings(['completion', 'zsh'], {})).out).toContain('compdef _tidings tidings')
  expect(await tidings(['completion', 'fish'], {})).toMatchObject({
    code: 2,
    err: expect.stringMatching(/Allowed choices are bash, zsh/),
  })
})
