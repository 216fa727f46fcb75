import { randomBytes } from 'node:crypto'
import { Command } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { IS_AGAIN, packed, ScriptCommand } from '../src/script-command.ts'

const SHA = 'f'.repeat(40)

describe('a script command', () => {
  it.each([
    ['plain words', ['key', 'value', 12, 0]],
    ['words of other letters', ['größe', '日本', '👍🏽', 'ok']],
    ['bytes between words', ['key', randomBytes(300), 'value', randomBytes(3), '']],
    ['bytes between words of other letters', ['ключ', randomBytes(200), '値', Buffer.from([]), 'é']],
    ['what is missing', ['key', undefined, '']],
    ['many kilobytes', ['x'.repeat(100_000), 'ü'.repeat(100_000), randomBytes(100_000)]],
  ])('is the same to Redis as one of ioredis: %s', (_, args) => {
    const theirs = new Command('evalsha', [SHA, '1', ...(args as string[])]).toWritable({})
    expect(new ScriptCommand(SHA, 1, args).toWritable()).toEqual(Buffer.from(theirs))
  })

  it('knows its keys, by which a cluster sends it to where they are', () => {
    expect(new ScriptCommand(SHA, 2, ['{a}:one', '{a}:two', 'three']).getKeys()).toEqual([
      '{a}:one',
      '{a}:two',
    ])
  })

  it('says that it is sent again when it is', () => {
    const command = new ScriptCommand(SHA, 0, ['one', IS_AGAIN])
    const [first, second, third] = [command.toWritable(), command.toWritable(), command.toWritable()]
    expect(first.toString()).toMatch(/one\r\n\$0\r\n\r\n$/)
    expect(second.toString()).toMatch(/one\r\n\$1\r\n1\r\n$/)
    expect(third).toEqual(second)
  })

  it('is packed with the length of each word in bytes', () => {
    expect(packed(['get', 'ä']).toString()).toBe('*2\r\n$3\r\nget\r\n$2\r\nä\r\n')
  })
})
