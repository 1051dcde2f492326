/** Replaces the image "cli". `calls JSON` makes calls of the host, one after the other, and prints what
 *  each answers; every other word is a way to end. See verb.test.ts. */
import type { ClientSystem } from '../../../src/host/system.ts'

/** [function, ...arguments] */
export type Call = readonly [keyof ClientSystem, ...Argument[]]
/** null is Infinity; `times`, a text that is so long. */
type Argument = string | number | null | { readonly times: number }

const { pitcrewHost: host } = globalThis as unknown as { readonly pitcrewHost: ClientSystem }

async function* later(count: number): AsyncGenerator<number> {
  for (let n = 0; n < count; n++) yield await Promise.resolve(n)
}

async function fail(message: string): Promise<never> {
  await null
  throw new Error(message)
}

function givenBy(argument: Argument): string | number {
  if (argument === null) return Number.POSITIVE_INFINITY
  return typeof argument === 'object' ? 'x'.repeat(argument.times) : argument
}

async function call([name, ...words]: Call): Promise<void> {
  const args = words.map(givenBy)
  const isAwaited = name === 'receive' || name === 'receiveBytes'
  const answer = isAwaited
    ? await new Promise((done) => host[name](args[0] as number, done))
    : (host[name] as (...args: unknown[]) => unknown)(...args)
  host.write(1, `${JSON.stringify(answer) ?? ''}\n`)
}

async function main(): Promise<number> {
  const [how, text = ''] = host.args
  if (how === 'calls') for (const one of JSON.parse(text) as Call[]) await call(one)
  if (how === 'await') for await (const n of later(3)) host.write(1, `${n}\n`)
  if (how === 'catch') await fail('of no interest').catch(() => host.write(1, 'caught\n'))
  if (how === 'catch late') {
    const failing = Promise.reject(new Error('of no interest'))
    await later(3).next()
    await failing.catch(() => host.write(1, 'caught\n'))
  }
  if (how === 'throw') await fail('thrown')
  if (how === 'forget') {
    void fail('forgotten')
    await later(3).next()
  }
  if (how === 'wait forever') await new Promise(() => {})
  return 3
}

if (host.args[0] === 'throw at once') throw new Error('thrown at once')
main().then((code) => host.exit(code))
