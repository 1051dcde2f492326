/** The scripts of `completion`, made from the table of verbs. They complete daemons from the output
 *  of `pitcrew @names`, and paths as the shell does. */
import type { Command, OptionSpec } from './command.ts'
import { typedNames } from './commands.ts'

type Commands = readonly Command[]

/** @param shell bash, zsh or fish. */
export function completionScript(shell: string, commands: Commands): string {
  if (shell === 'bash') return bashScript(commands)
  return shell === 'zsh' ? zshScript(commands) : fishScript(commands)
}

function typedVerbs(commands: Commands): Commands {
  return commands.filter(({ name }) => typedNames.includes(name))
}

function bashScript(commands: Commands): string {
  const verbs = typedVerbs(commands)
  const cases = verbs.flatMap((command) => [
    `    ${command.name})`,
    `      options='${allFlags(command).join(' ')}'`,
    ...bashValues(command),
    `      ${forArguments(command, commands).bash} ;;`,
  ])
  return [
    '_pitcrew() {',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it belongs to the shell.
    '  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options= words=',
    '  COMPREPLY=()',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    COMPREPLY=($(compgen -W '${names(verbs).join(' ')} --help --version' -- "$word"))`,
    '    return',
    '  fi',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it belongs to the shell.
    '  case ${COMP_WORDS[1]} in',
    ...cases,
    '  esac',
    '  case $word in -*) words=$options ;; esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$word"))',
    '}',
    'complete -F _pitcrew pitcrew',
  ].join('\n')
}

/** The cases that complete the value of an option. */
function bashValues({ options }: Command): string[] {
  const withValue = Object.entries(options).filter(([, { value }]) => value !== null)
  const paths = withValue.filter(([, { value }]) => isPath(value))
  const limited = withValue.filter(([, { choices }]) => choices !== undefined)
  const free = withValue.filter((option) => !paths.includes(option) && !limited.includes(option))
  const cases = [
    ...limited.map((option) => {
      const reply = `compgen -W '${option[1].choices?.join(' ')}' -- "$word"`
      return `${flagsOf(option).join('|')}) COMPREPLY=($(${reply})); return ;;`
    }),
    ...(paths.length === 0
      ? []
      : [`${paths.flatMap(flagsOf).join('|')}) COMPREPLY=($(compgen -f -- "$word")); return ;;`]),
    ...(free.length === 0 ? [] : [`${free.flatMap(flagsOf).join('|')}) return ;;`]),
  ]
  if (cases.length === 0) return []
  return ['      case $before in', ...cases.map((line) => `        ${line}`), '      esac']
}

function flagsOf([name, { short }]: readonly [string, OptionSpec]): string[] {
  return [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]
}

function zshScript(commands: Commands): string {
  const verbs = typedVerbs(commands)
  const cases = verbs.map((command) => {
    const options = Object.entries(command.options).flatMap(zshOption)
    const specs = [...options, "'(- *)--help[show the help page of this verb]'"]
    const all = [...specs, forArguments(command, commands).zsh].join(' ')
    return `    ${command.name}) _arguments ${all} ;;`
  })
  return [
    '#compdef pitcrew',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it belongs to the shell.
    '_pitcrew_daemons() { compadd -- ${(f)"$(pitcrew @names 2>/dev/null)"} }',
    '_pitcrew() {',
    '  local -a verbs',
    '  if (( CURRENT == 2 )); then',
    '    verbs=(',
    ...verbs.map(({ name, summary }) => `      ${shellQuote(`${name}:${summary}`)}`),
    '    )',
    "    _describe 'verb' verbs",
    '    return',
    '  fi',
    '  local verb=$words[2]',
    '  shift words',
    '  (( CURRENT-- ))',
    '  case $verb in',
    ...cases,
    '  esac',
    '}',
    'compdef _pitcrew pitcrew',
  ].join('\n')
}

function zshOption(option: readonly [string, OptionSpec]): string[] {
  const [, spec] = option
  const help = spec.help.replaceAll('[', '(').replaceAll(']', ')').replaceAll(':', ',')
  const { value, choices } = spec
  const action = choices === undefined ? (isPath(value) ? '_files' : ' ') : `(${choices.join(' ')})`
  const behind = value === null ? '' : `:${value}:${action}`
  return flagsOf(option).map((flag) => shellQuote(`${flag}[${help}]${behind}`))
}

function fishScript(commands: Commands): string {
  const verbs = typedVerbs(commands)
  const lines = verbs.flatMap((command) => {
    const begin = `complete -c pitcrew -n '__fish_seen_subcommand_from ${command.name}'`
    return [
      `complete -c pitcrew -n __fish_use_subcommand -a ${command.name} -d ${shellQuote(command.summary)}`,
      ...Object.entries(command.options).map(
        ([name, spec]) => `${begin} ${fishOption(name, spec)} -d ${shellQuote(spec.help)}`,
      ),
      ...forArguments(command, commands).fish.map((words) => `${begin} ${words}`),
    ]
  })
  return ['complete -c pitcrew -f', ...lines].join('\n')
}

function fishOption(name: string, { value, short, choices }: OptionSpec): string {
  const flags = `-l ${name}${short === undefined ? '' : ` -s ${short}`}`
  if (value === null) return flags
  if (isPath(value)) return `${flags} -r -F`
  return `${flags} -x${choices === undefined ? '' : ` -a '${choices.join(' ')}'`}`
}

interface ShellWords {
  readonly bash: string
  readonly zsh: string
  readonly fish: readonly string[]
}

/** What completes the arguments of a verb, chosen by the name of the first. */
function forArguments({ args }: Command, commands: Commands): ShellWords {
  const first = args[0]?.replaceAll(/[[\].]/g, '')
  if (first === 'NAME') return daemons
  if (first === 'BUNDLE') return paths
  if (first !== 'VERB' && first !== 'SHELL') return nothing
  const choices = first === 'SHELL' ? 'bash zsh fish' : names(typedVerbs(commands)).join(' ')
  return { bash: `words='${choices}'`, zsh: `'1:word:(${choices})'`, fish: [`-a '${choices}'`] }
}

const daemons: ShellWords = {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it belongs to the shell.
  bash: 'case $word in -*) ;; *) words=$("${COMP_WORDS[0]}" @names 2>/dev/null) ;; esac',
  zsh: "'*:daemon:_pitcrew_daemons'",
  fish: ["-a '(pitcrew @names 2>/dev/null)'"],
}

const paths: ShellWords = {
  bash: 'case $word in -*) ;; *) COMPREPLY=($(compgen -f -- "$word")); return ;; esac',
  zsh: "'*:file:_files'",
  fish: ['-F'],
}

const nothing: ShellWords = { bash: ':', zsh: "'*: : '", fish: [] }

function isPath(value: string | null): boolean {
  return value === 'FILE' || value === 'PATH'
}

function allFlags({ options }: Command): string[] {
  return [...Object.keys(options), 'help'].map((name) => `--${name}`)
}

function names(commands: Commands): string[] {
  return commands.map(({ name }) => name)
}

/** The text in single quotes, for all three shells. */
function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
