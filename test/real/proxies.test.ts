/** privoxy 3.0, tinyproxy 1.11 and squid 5.7: their exits, and squid as a guard. */
import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { freePort, listen } from '../e2e/support/listeners.ts'
import { Pitcrew, sh } from '../e2e/support/pitcrew.ts'
import { outputOf, outsidePid, pidOf, pidsOf } from '../e2e/support/processes.ts'
import { describeWith, end, folderWith, isReady, path } from './debian.ts'

const long = { command: sh('echo up; exec sleep 1000') }
const interval = '20ms'

/** The arguments of curl that request a page, with the text "the page", through a proxy. */
async function page(proxy: number): Promise<string> {
  const port = await listen(createServer((_, response) => response.end('the page')))
  return `-sS -x http://127.0.0.1:${proxy} http://127.0.0.1:${port}/`
}

describeWith(['privoxy'], 'privoxy', () => {
  async function privoxy() {
    const port = await freePort()
    const files = {
      conf: `confdir FOLDER\nlogdir FOLDER\nlisten-address 127.0.0.1:${port}\ndebug 4096\n`,
    }
    const command = [path('privoxy'), '--no-daemon', `${folderWith(files)}/conf`]
    return { command, ready: { tcp: `127.0.0.1:${port}`, interval } }
  }

  test.each([
    [[15], 0],
    [[], 15],
  ])('exits with 15 on TERM, which with stop.success %j counts as %i', async (success, code) => {
    await using pitcrew = new Pitcrew({
      daemons: { a: long, proxy: { ...(await privoxy()), stop: { success } } },
    })
    await isReady(pitcrew, 'proxy')
    await end(pitcrew, code)
    await pitcrew.line('proxy: stopped: exit code 15')
  })

  test('is done with the policy on-failure after a TERM from outside, if 15 is in stop.success', async () => {
    const proxy = { ...(await privoxy()), stop: { success: [15] }, restart: 'on-failure' }
    await using pitcrew = new Pitcrew({ daemons: { a: long, proxy } })
    await isReady(pitcrew, 'proxy')
    process.kill(outsidePid(pitcrew, await pidOf(pitcrew, 'proxy')), 'SIGTERM')
    await pitcrew.line('proxy: done')
    await end(pitcrew)
    expect(pidsOf(pitcrew, 'proxy')).toHaveLength(1)
  })

  test('can bind its port again after a restart in place', async () => {
    const signals = { USR1: { restart: ['proxy'] } }
    const proxy = { ...(await privoxy()), stop: { success: [15] } }
    await using pitcrew = new Pitcrew({ signals, daemons: { a: long, proxy } })
    for (let run = 1; run <= 3; run++) {
      await isReady(pitcrew, 'proxy', run)
      if (run < 3) pitcrew.signal('SIGUSR1')
    }
    await end(pitcrew)
    expect(pitcrew.lines.join('\n')).not.toContain('died')
  })
})

describeWith(['tinyproxy'], 'tinyproxy', () => {
  async function tinyproxy() {
    const port = await freePort()
    const files = {
      conf: `Port ${port}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 10\nLogLevel Info\n`,
    }
    const command = [path('tinyproxy'), '-d', '-c', `${folderWith(files)}/conf`]
    return { command, ready: { tcp: `127.0.0.1:${port}`, interval }, restart: { backoff: '10ms' } }
  }

  test('dies of a forwarded HUP, and is restarted', async () => {
    const signals = { HUP: { forward: ['proxy'] }, USR1: { forward: ['proxy'] } }
    await using pitcrew = new Pitcrew({ signals, daemons: { a: long, proxy: await tinyproxy() } })
    await isReady(pitcrew, 'proxy')
    pitcrew.signal('SIGUSR1')
    await pitcrew.line('proxy: USR1 forwarded')
    pitcrew.signal('SIGHUP')
    await pitcrew.line('proxy: HUP forwarded')
    await pitcrew.line('proxy: died: ')
    await isReady(pitcrew, 'proxy', 2)
    await end(pitcrew)
  })
})

describeWith(['squid', 'curl'], 'squid', () => {
  const deadline = '9s'

  async function squid() {
    const port = await freePort()
    const conf = [
      `http_port 127.0.0.1:${port}`,
      'acl local src 127.0.0.1',
      'http_access allow local',
      'shutdown_lifetime 2 seconds',
      'cache deny all',
      'access_log none',
      'cache_log /dev/null',
      'pid_filename none',
      'coredump_dir FOLDER',
      'pinger_enable off',
      'visible_hostname proxy',
    ].join('\n')
    const command = [path('squid'), '-N', '-f', `${folderWith({ conf })}/conf`]
    return {
      port,
      daemon: {
        command,
        ready: { tcp: `127.0.0.1:${port}`, interval },
        guard: true,
        restart: { backoff: '10ms' },
      },
    }
  }

  test('as a guard: its client is stopped when squid dies, and starts again when squid is ready', async () => {
    const { port, daemon } = await squid()
    const client = {
      command: sh(
        `echo up; while :; do ${path('curl')} ${await page(port)} && echo; sleep 0.05; done`,
      ),
      after: ['proxy'],
    }
    await using pitcrew = new Pitcrew({ deadline, daemons: { client, proxy: daemon } })
    await pitcrew.line('[client] the page')
    process.kill(outsidePid(pitcrew, await pidOf(pitcrew, 'proxy')), 'SIGKILL')
    await pitcrew.line('client: stopping it until its guard proxy is ready again (run 1)')
    await isReady(pitcrew, 'proxy', 2)
    const started = await pitcrew.line(/client: started, pid \d+, run 2/)
    await pitcrew.line('[client] the page', pitcrew.lines.indexOf(started))
    // The client may have failed once or twice, but it did not continue.
    const failed = outputOf(pitcrew, 'client').filter((line) => line.startsWith('curl: '))
    expect(failed.length).toBeLessThanOrEqual(2)
    await end(pitcrew)
  })

  test('stops slowly but within the deadline, after its client', async () => {
    const { daemon } = await squid()
    const daemons = { client: { ...long, after: ['proxy'] }, proxy: daemon }
    await using pitcrew = new Pitcrew({ deadline, daemons })
    await pitcrew.line('[client] up')
    await end(pitcrew)
    const stopped = pitcrew.lines.flatMap(
      (line) => /: (\w+): stopped: (.*), pid/.exec(line)?.slice(1) ?? [],
    )
    expect(stopped).toEqual(['client', 'signal TERM', 'proxy', 'exit code 0'])
  })

  test('with an invalid configuration is restarted up to its limit, and then given up', async () => {
    const conf = `${folderWith({ conf: 'http_port nonsense' })}/conf`
    const restart = { backoff: '10ms', limit: '2 in 1m' }
    const proxy = {
      command: [path('squid'), '-N', '-f', conf],
      ready: { tcp: '1' },
      restart,
      guard: true,
    }
    await using pitcrew = new Pitcrew({
      deadline,
      daemons: { a: long, client: { ...long, after: ['proxy'] }, proxy },
    })
    await pitcrew.line('given up after 2 restarts')
    await pitcrew.line('client: not started: it needs proxy, which has failed')
    await pitcrew.line('[a] up')
    await end(pitcrew, 1)
  })
})
