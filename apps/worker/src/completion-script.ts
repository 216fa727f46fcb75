import type { Command, Option } from 'commander'
import { suggestedValues, suggestedWords } from './suggestions.ts'

/**
 * A script with which a shell completes commands, what may follow them, their options, and the values of options: those that
 * have a choice, and those that are suggested. Where a value can be anything, the shell offers files.
 */
export function completionScript(program: Command, shell: 'bash' | 'zsh'): string {
  const name = program.name()
  const all = everyCommand(program)
  const lines = [
    `# What may stand behind these words, the last of which is being typed: of the command, and of the option before it.`,
    `_${name}_words() {`,
    '  local at="" word words="" flags="" current="$1"',
    '  shift',
    // What was typed so far is walked along: only commands lead further.
    '  for word in "$@"; do',
    `    case " $(_${name}_commands "$at") " in *" $word "*) at="\${at:+$at }$word" ;; esac`,
    '  done',
    '  case "$at" in',
    ...all.map(
      ({ path, command }) =>
        `    '${path}') words='${wordsOf(path, command).join(' ')}'; flags='${flagsOf(command).join(' ')}' ;;`,
    ),
    '  esac',
    // Flags are offered where somebody begins one, or nothing else can come.
    '  case "$current" in -*) words="" ;; esac',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shells’ own braces
    '  printf "%s" "${words:-$flags}"',
    '}',
    `_${name}_commands() {`,
    '  case "$1" in',
    ...all
      .filter(({ command }) => command.commands.length > 0)
      .map(({ path, command }) => `    '${path}') printf "%s" '${subcommands(command).join(' ')}' ;;`),
    '  esac',
    '}',
    `# The values of an option; it fails where this is none that takes one.`,
    `_${name}_values() {`,
    '  case "$1" in',
    ...[...values(all)].map(([flag, words]) => `    '${flag}') printf "%s" '${words.join(' ')}' ;;`),
    '    *) return 1 ;;',
    '  esac',
    '}',
  ]
  return [...lines, ...(shell === 'bash' ? bash(name) : zsh(name))].join('\n')
}

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: the shells' own braces
function bash(name: string): string[] {
  return [
    `_${name}_complete() {`,
    '  local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD - 1]}" words',
    // bash takes --flag=value for three words.
    '  if [ "$current" = "=" ]; then current=""',
    '  elif [ "$before" = "=" ]; then before="${COMP_WORDS[COMP_CWORD - 2]}"; fi',
    `  words="$(_${name}_values "$before")" ||`,
    `    words="$(_${name}_words "$current" "\${COMP_WORDS[@]:1:COMP_CWORD-1}")"`,
    '  COMPREPLY=($(compgen -W "$words" -- "$current")) || true',
    '}',
    `complete -o default -F _${name}_complete ${name}`,
  ]
}

function zsh(name: string): string[] {
  return [
    `_${name}() {`,
    '  local current="${words[CURRENT]}" before="${words[CURRENT-1]}" found',
    '  case "$current" in --*=*) before="${current%%=*}"; compset -P "*=" ;; esac',
    `  found="$(_${name}_values "$before")" ||`,
    `    found="$(_${name}_words "$current" "\${(@)words[2,CURRENT-1]}")"`,
    // "=": zsh splits no words by itself.
    '  if [ -n "$found" ]; then compadd -- ${=found}; else _files; fi',
    '}',
    '(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -u }',
    `compdef _${name} ${name}`,
  ]
}

// biome-ignore-end lint/suspicious/noTemplateCurlyInString: the shells' own braces

interface Place {
  /** Such as `jobs list`; '' for the program itself. */
  path: string
  command: Command
}

function everyCommand(command: Command, path = ''): Place[] {
  const below = command.commands.flatMap(each => everyCommand(each, `${path} ${each.name()}`.trim()))
  return [{ path, command }, ...below]
}

function wordsOf(path: string, command: Command): readonly string[] {
  const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? [])
  return [...subcommands(command), ...choices, ...suggestedWords(path)]
}

function flagsOf(command: Command): string[] {
  const version = command.parent ? [] : ['--version']
  return [...command.options.flatMap(flags).filter(flag => flag !== '--version'), ...version, '--help']
}

function values(all: readonly Place[]): Map<string, readonly string[]> {
  const options = all.flatMap(({ command }) => command.options).filter(each => each.required || each.optional)
  return new Map(
    options.flatMap(option =>
      flags(option).map(flag => [flag, option.argChoices ?? suggestedValues(option.long ?? flag)] as const),
    ),
  )
}

function subcommands(command: Command): string[] {
  return command.commands.map(each => each.name())
}

function flags({ short, long }: Option): string[] {
  return [short, long].flatMap(flag => flag ?? [])
}
