/** The attributes of a daemon's process: identity, session, limits, descriptors. Other users
 *  need root. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fixtures, Pitcrew, sh } from '../support/pitcrew.ts'
import { outputOf } from '../support/processes.ts'

const isRoot = process.getuid?.() === 0
const printsAttributes = { command: ['/bin/sh', `${fixtures}/scripts/prints-attributes.sh`] }

/** The output of a daemon that ends by itself. */
async function printed(daemon: object, wrap: readonly string[] = [], env = {}): Promise<string[]> {
  const a = { ...daemon, restart: 'never' }
  await using pitcrew = new Pitcrew({ daemons: { a } }, { wrap, env })
  await pitcrew.exitCode()
  const lines = outputOf(pitcrew, 'a')
  if (lines.length === 0) throw new Error(`no output: ${pitcrew.lines.join('\n')}`)
  return lines
}

test('a daemon has a session and a group of its own, and no terminal', async () => {
  expect(await printed(printsAttributes)).toContain('own session 1 group 1 terminal 0')
})

test('a daemon has stdin from /dev/null, its output in a pipe, and no other descriptor', async () => {
  const lines = await printed({ command: ['ls', '-l', '/proc/self/fd'] })
  const links = lines.flatMap((line) => / (\d+ -> .*)$/.exec(line)?.[1] ?? [])
  const [stdin, stdout, stderr, own, ...more] = links
  expect(stdin).toBe('0 -> /dev/null')
  expect(stdout).toMatch(/^1 -> pipe:/)
  expect(stderr?.slice(5)).toBe(stdout?.slice(5))
  expect(own).toMatch(/^3 -> \/proc\/\d+\/fd$/) // The folder that ls reads.
  expect(more).toEqual([])
})

test('a daemon does not inherit descriptors that pitcrew was started with', async () => {
  const wrap = ['/bin/sh', '-c', 'exec "$@" 5< /etc/passwd 9> /dev/null', 'sh']
  const links = (await printed({ command: ['ls', '/proc/self/fd'] }, wrap)).join(' ')
  expect(links).toBe('0 1 2 3')
})

test('a daemon has the cwd, umask and limits of the bundle', async () => {
  const daemon = {
    ...printsAttributes,
    cwd: '/usr',
    umask: '027',
    limits: { nofile: { soft: 100, hard: 200 }, core: 0 },
  }
  const lines = await printed(daemon)
  expect(lines).toContain('cwd /usr')
  expect(lines).toContain('umask 0027')
  expect(lines).toContain('nofile 100 200')
  expect(lines).toContain('core 0 0')
})

test('by default a daemon has the cwd, umask and limits of pitcrew', async () => {
  const wrap = [
    '/bin/sh',
    '-c',
    'umask 011; cd /var; ulimit -Sn 222; ulimit -Hn 333; exec "$@"',
    'sh',
  ]
  const lines = await printed(printsAttributes, wrap)
  expect(lines).toContain('cwd /var')
  expect(lines).toContain('umask 0011')
  expect(lines).toContain('nofile 222 333')
})

test('an onDeath command has the umask and limits of its daemon', async () => {
  const daemon = {
    command: sh('exit 3'),
    umask: '027',
    limits: { nofile: { soft: 100, hard: 200 } },
    onDeath: { command: ['/bin/sh', `${fixtures}/scripts/prints-attributes.sh`] },
    restart: 'never',
  }
  await using pitcrew = new Pitcrew({ daemons: { a: daemon } })
  await pitcrew.exitCode()
  const lines = outputOf(pitcrew, 'a:death')
  expect(lines).toContain('umask 0027')
  expect(lines).toContain('nofile 100 200')
})

test('17 000 arguments and 17 000 variables are passed', async () => {
  const words = Array.from({ length: 17_000 }, (_, n) => `w${n}`)
  expect(await printed({ command: [...sh('echo $#'), ...words] })).toEqual(['16999'])
  const env = Object.fromEntries(words.map((word) => [`VARIABLE_${word}`, word]))
  expect(await printed({ command: sh('env | grep -c ^VARIABLE_') }, [], env)).toEqual(['17000'])
})

test.skipIf(!isRoot)('`user:` with a name sets uid, groups, HOME, USER and LOGNAME', async () => {
  const [, , uid, gid] = (
    /^nobody:.*$/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[0] ?? ''
  ).split(':')
  const lines = await printed({ ...printsAttributes, user: 'nobody' })
  expect(lines).toContain(`id ${uid}:${gid} groups ${gid}`)
  expect(lines).toContain('home /nonexistent user nobody logname nobody')
  expect(lines).toContain('shown') // Through /dev/stdout, which that user may open.
})

test.skipIf(!isRoot)('a daemon that changes its user itself can open /dev/stdout', async () => {
  const dropsPrivileges = [
    'setpriv',
    '--reuid',
    '65534',
    '--clear-groups',
    ...sh('echo shown > /dev/stdout'),
  ]
  await using pitcrew = new Pitcrew({
    daemons: { drops: { command: dropsPrivileges, restart: 'never' } },
  })
  expect(await pitcrew.exitCode()).toBe(0)
  expect(pitcrew.lines).toContain('[drops] shown')
})

test.skipIf(!isRoot)(
  '`user:` and `group:` accept numbers without an entry, and no group of root is kept',
  async () => {
    const lines = await printed({ ...printsAttributes, user: '54321', group: '54322' })
    expect(lines).toContain('id 54321:54322 groups 54322')
    expect(lines).toContain('shown')
    const wrap = ['perl', '-e', '$) = "0 5 6"; exec @ARGV']
    expect(await printed({ ...printsAttributes, user: 'nobody' }, wrap)).toContain(
      'id 65534:65534 groups 65534',
    )
    const named = await printed({ ...printsAttributes, user: 'nobody', group: 'daemon' })
    expect(named.find((line) => line.startsWith('id '))).toMatch(/^id 65534:1 groups 1$/)
  },
)

test.skipIf(!isRoot)('`group:` alone changes only the group', async () => {
  expect(
    (await printed({ ...printsAttributes, group: 'daemon' })).find((line) =>
      line.startsWith('id '),
    ),
  ).toMatch(/^id 0:1 /)
})

test.skipIf(!isRoot)(
  'variables set by the bundle take precedence over HOME and USER of the user',
  async () => {
    const daemon = { ...printsAttributes, user: 'nobody', env: { set: { HOME: '/tmp' } } }
    expect(await printed(daemon)).toContain('home /tmp user nobody logname nobody')
  },
)

test.skipIf(!isRoot)('a daemon of another user has no capability', async () => {
  const lines = await printed({ command: ['grep', 'CapEff', '/proc/self/status'], user: 'nobody' })
  expect(lines).toEqual(['CapEff:\t0000000000000000'])
})

test('a command is searched in the PATH of the daemon, and is not a shell command line', async () => {
  expect(await printed({ command: ['echo', '$HOME', '*', 'a  b', ''] })).toEqual(['$HOME * a  b '])
  const daemon = {
    command: ['prints-attributes.sh'],
    env: { set: { PATH: `${fixtures}/scripts:/usr/bin:/bin` } },
  }
  expect(await printed(daemon)).toContain('shown')
})
