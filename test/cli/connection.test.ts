/** DESIGN §5 and §7: a single socket is found without an option; exit statuses 2, 6 and 7. */
import { describe, expect, test } from 'vitest'
import { cli, runSystem, runWith } from './cli.ts'
import { FakeServer, statusAnswer } from './fake-server.ts'
import { FakeSystem } from './fake-system.ts'

function shop(name = 'shop'): FakeServer {
  return new FakeServer({ status: () => [{ done: statusAnswer([], { name }) }] })
}

/** Runs `status` with these sockets. */
async function status(
  sockets: Readonly<Record<string, FakeServer | string>>,
  change: (system: FakeSystem) => void = () => {},
  ...args: readonly string[]
): Promise<string> {
  const system = new FakeSystem(['status', ...args])
  for (const [path, server] of Object.entries(sockets)) system.sockets.set(path, server)
  change(system)
  const text = await runSystem(system)
  return text.split(': 0 daemons')[0] ?? ''
}

describe('finding the socket', () => {
  test.each(['/run/pitcrew/shop.sock', '/dev/shm/pitcrew-0/shop.sock'])(
    'a single socket at %s is found',
    async (path) => {
      expect(await status({ [path]: shop() })).toBe('exit 0\nshop')
    },
  )

  test('the socket in the session folder of a user is found', async () => {
    const found = await status({ '/run/user/5/pitcrew/shop.sock': shop() }, (system) => {
      system.uid = 5
      system.environment.set('XDG_RUNTIME_DIR', '/run/user/5')
    })
    expect(found).toBe('exit 0\nshop')
  })

  test('only one connection is made', async () => {
    const server = shop()
    await status({ '/run/pitcrew/shop.sock': server })
    expect(server.connections).toBe(1)
  })

  test('a socket left behind by a killed pitcrew is ignored', async () => {
    const found = await status({
      '/run/pitcrew/a.sock': 'ECONNREFUSED',
      '/run/pitcrew/b.sock': shop('b'),
      '/run/pitcrew/c.sock': 'ECONNREFUSED',
    })
    expect(found).toBe('exit 0\nb')
  })

  test('if several pitcrews answer, all are named', async () => {
    const found = await status({
      '/run/pitcrew/a.sock': shop('a'),
      '/run/pitcrew/b.sock': shop('b'),
      '/run/pitcrew/c.sock': 'ECONNREFUSED',
    })
    expect(found).toMatchInlineSnapshot(`
      "exit 2
      stderr: pitcrew: several pitcrews answer: /run/pitcrew/a.sock, /run/pitcrew/b.sock; choose one with --socket PATH"
    `)
  })

  test('--socket and PITCREW_SOCKET choose one', async () => {
    const sockets = { '/run/pitcrew/a.sock': shop('a'), '/run/pitcrew/b.sock': shop('b') }
    expect(await status(sockets, () => {}, '--socket', '/run/pitcrew/b.sock')).toBe('exit 0\nb')
    const byName = await status(sockets, ({ environment }) => {
      environment.set('PITCREW_SOCKET', '/run/pitcrew/a.sock')
    })
    expect(byName).toBe('exit 0\na')
  })

  test('with PITCREW_RUN_DIR no other folder is searched', async () => {
    const sockets = { '/run/pitcrew/a.sock': shop('a'), '/here/b.sock': shop('b') }
    const found = await status(sockets, ({ environment }) =>
      environment.set('PITCREW_RUN_DIR', '/here'),
    )
    expect(found).toBe('exit 0\nb')
  })

  test('root finds the socket of another user if no other answers', async () => {
    const foreign = { '/dev/shm/pitcrew-1000/shop.sock': shop() }
    expect(await status(foreign)).toBe('exit 0\nshop')
    expect(await status({ ...foreign, '/run/pitcrew/a.sock': shop('a') })).toBe('exit 0\na')
    const asOther = await status(foreign, (system) => {
      system.uid = 5
    })
    expect(asOther).toContain('exit 7')
  })
})

describe('no usable socket', () => {
  test('no socket: status 7', async () => {
    expect(await cli(['status'])).toMatchInlineSnapshot(`
      "exit 7
      stderr: pitcrew: no pitcrew answers: no socket in /run/pitcrew, /dev/shm/pitcrew-0; is it running? --socket PATH names a socket elsewhere"
    `)
  })

  test.each(['ECONNREFUSED', 'ETIMEDOUT', 'ENOENT'])('no pitcrew listens: %s', async (errno) => {
    expect(await status({ '/run/pitcrew/a.sock': errno })).toMatchSnapshot()
  })

  test('permission denied: status 6', async () => {
    expect(await status({ '/run/pitcrew/a.sock': 'EACCES' })).toMatchInlineSnapshot(`
      "exit 6
      stderr: pitcrew: cannot connect to /run/pitcrew/a.sock: permission denied (EACCES); run as root or as pitcrew's user"
    `)
  })

  test('a server that refuses access gives the reason', async () => {
    const server = shop()
    server.greeting =
      '{"id":null,"failed":{"code":"NOT_PERMITTED","message":"uid 5 is not welcome","hint":"x"}}'
    expect(await status({ '/run/pitcrew/a.sock': server })).toMatchInlineSnapshot(`
      "exit 6
      stderr: pitcrew: uid 5 is not welcome; x"
    `)
  })

  test('a stopped pitcrew times out', async () => {
    const server = new FakeServer({ status: () => [] })
    expect(await runWith(server, 'status')).toMatchInlineSnapshot(`
      "exit 7
      stderr: pitcrew: pitcrew at /run/pitcrew/shop.sock has not answered for 10 s; it may be stopped (SIGSTOP) or starved of CPU time"
    `)
  })

  test('a pitcrew that ends before it answers: status 7', async () => {
    const server = new FakeServer({ status: () => [null] })
    expect(await runWith(server, 'status')).toMatchInlineSnapshot(`
      "exit 7
      stderr: pitcrew: pitcrew has closed the connection; pitcrew has ended; otherwise see its log"
    `)
  })
})
