import type { Command, Option } from 'commander'

/** A script with which a shell completes commands, their options, and the values of options that have a choice. */
export function completionScript(program: Command, shell: 'bash' | 'zsh'): string {
  const name = program.name()
  const cases = [...wordsByPath(program)].map(
    ([path, words]) => `    '${path}') words='${words.join(' ')}' ;;`,
  )
  const values = [...choices(program)].map(([flag, words]) => `    '${flag}') words='${words.join(' ')}' ;;`)
  const lines = [
    // What was typed so far is walked along: only commands make the path longer.
    `_${name}_words() {`,
    '  local path="" word words=""',
    '  for word in "$@"; do',
    `    case " $(_${name}_commands "$path") " in *" $word "*) path="\${path:+$path }$word" ;; esac`,
    '  done',
    '  case "$path" in',
    ...cases,
    '  esac',
    '  printf "%s" "$words"',
    '}',
    `_${name}_commands() {`,
    '  local words=""',
    '  case "$1" in',
    ...[...commandsByPath(program)].map(([path, words]) => `    '${path}') words='${words.join(' ')}' ;;`),
    '  esac',
    '  printf "%s" "$words"',
    '}',
    `_${name}_values() {`,
    '  local words=""',
    '  case "$1" in',
    ...values,
    '  esac',
    '  printf "%s" "$words"',
    '}',
  ]
  return [...lines, ...(shell === 'bash' ? bash(name) : zsh(name))].join('\n')
}

function bash(name: string): string[] {
  return [
    `_${name}_complete() {`,
    `  local current="\${COMP_WORDS[COMP_CWORD]}" words`,
    `  words="$(_${name}_values "\${COMP_WORDS[COMP_CWORD - 1]}")"`,
    `  [ -n "$words" ] || words="$(_${name}_words "\${COMP_WORDS[@]:1:COMP_CWORD-1}")"`,
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    `complete -o default -F _${name}_complete ${name}`,
  ]
}

function zsh(name: string): string[] {
  return [
    `_${name}() {`,
    '  local words_found',
    `  words_found="$(_${name}_values "\${words[CURRENT-1]}")"`,
    `  [ -n "$words_found" ] || words_found="$(_${name}_words "\${(@)words[2,CURRENT-1]}")"`,
    // "=": zsh splits no words by itself.
    `  compadd -- \${=words_found}`,
    '}',
    `compdef _${name} ${name}`,
  ]
}

function wordsByPath(program: Command): Map<string, string[]> {
  return new Map(
    everyCommand(program).map(({ path, command }) => [
      path,
      [...subcommands(command), ...command.options.flatMap(flags), '--help'],
    ]),
  )
}

function commandsByPath(program: Command): Map<string, string[]> {
  const all = everyCommand(program).map(({ path, command }) => [path, subcommands(command)] as const)
  return new Map(all.filter(([, names]) => names.length > 0))
}

function choices(program: Command): Map<string, readonly string[]> {
  const options = everyCommand(program).flatMap(({ command }) => command.options)
  return new Map(
    options.flatMap(option => {
      const { argChoices } = option
      return argChoices ? flags(option).map(flag => [flag, argChoices] as const) : []
    }),
  )
}

function everyCommand(command: Command, path = ''): { path: string; command: Command }[] {
  const below = command.commands.flatMap(each => everyCommand(each, `${path} ${each.name()}`.trim()))
  return [{ path, command }, ...below]
}

function subcommands(command: Command): string[] {
  return command.commands.map(each => each.name())
}

function flags({ short, long }: Option): string[] {
  return [short, long].flatMap(flag => flag ?? [])
}
