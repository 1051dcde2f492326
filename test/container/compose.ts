/** Translates a service of a compose file to options of `docker run`, so that the file itself is
 *  tested without compose. Unknown keys are refused. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

export interface Given {
  /** The folder that is mounted for each source of a volume. */
  readonly folders: Readonly<Record<string, string>>
  /** The variables of the shell that starts compose. */
  readonly env: Readonly<Record<string, string>>
}

export interface Service {
  /** Seconds. */
  readonly stop_grace_period: string
  readonly image: string
  readonly [key: string]: unknown
}

export function readService(path: string, name: string): Service {
  return parse(readFileSync(path, 'utf8')).services[name]
}

export function dockerOptions(service: Service, given: Given): string[] {
  return Object.entries(service).flatMap(([key, value]) => {
    const option = options[key]
    if (option === undefined) throw new Error(`cannot test "${key}" of the compose file`)
    return option(value as never, given)
  })
}

type Option = (value: never, given: Given) => string[]

const options: Readonly<Record<string, Option>> = {
  // The test sets these itself.
  build: () => [],
  image: () => [],
  networks: () => [],
  init: (wanted: boolean) => (wanted ? ['--init'] : []),
  read_only: (wanted: boolean) => (wanted ? ['--read-only'] : []),
  stop_grace_period: (text: string) => ['--stop-timeout', String(Number.parseInt(text, 10))],
  cap_drop: repeated('--cap-drop'),
  cap_add: repeated('--cap-add'),
  security_opt: repeated('--security-opt'),
  tmpfs: repeated('--tmpfs'),
  volumes: (volumes: string[], { folders }) => volumes.flatMap((text) => volume(text, folders)),
  environment: (names: string[], { env }) => names.flatMap((name) => variable(name, env)),
}

function repeated(option: string): (values: string[]) => string[] {
  return (values) => values.flatMap((value) => [option, value])
}

function volume(text: string, folders: Given['folders']): string[] {
  const [source = '', ...rest] = text.split(':')
  const folder = folders[source]
  if (folder === undefined) throw new Error(`cannot test the volume "${text}": no folder for it`)
  return ['--volume', [folder, ...rest].join(':')]
}

function variable(name: string, env: Given['env']): string[] {
  const value = env[name]
  return value === undefined ? [] : ['--env', `${name}=${value}`]
}
