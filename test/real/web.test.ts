/** nginx 1.22, fcgiwrap 1.1 and git daemon 2.39: masters with workers that outlive them. */
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { freePort } from '../e2e/support/listeners.ts'
import { Pitcrew, sh } from '../e2e/support/pitcrew.ts'
import {
  eventually,
  isAlive,
  outsidePid,
  pidOf,
  pidsOf,
  processesUnder,
} from '../e2e/support/processes.ts'
import { describeWith, end, folderWith, isReady, path } from './debian.ts'

const long = { command: sh('echo up; exec sleep 1000') }
const signals = { USR1: { restart: ['b'] }, HUP: { forward: ['b'] } }
const interval = '20ms'
const restart = { backoff: '10ms' }

async function nginx(location: string) {
  const port = await freePort()
  const conf = `daemon off; master_process on; worker_processes 2; pid FOLDER/pid; error_log stderr notice;
    events { worker_connections 64; }
    http { access_log off; client_body_temp_path FOLDER/a; proxy_temp_path FOLDER/b; fastcgi_temp_path FOLDER/c;
      uwsgi_temp_path FOLDER/d; scgi_temp_path FOLDER/e;
      server { listen 127.0.0.1:${port}; location / { ${location} } } }`
  const url = `http://127.0.0.1:${port}/`
  const command = [path('nginx'), '-c', `${folderWith({ conf })}/conf`, '-e', 'stderr']
  const daemon = { command, ready: { http: url, interval }, stop: { signal: 'QUIT' }, restart }
  return { url, daemon }
}

async function fcgiwrap() {
  const folder = folderWith({
    script: '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\nby script"\n',
  })
  const socket = `${folder}/socket`
  // fcgiwrap does not remove the socket of its previous run.
  const command = sh(`rm -f ${socket}; exec ${path('fcgiwrap')} -c 2 -f -s unix:${socket}`)
  const daemon = { command, ready: { unix: socket, interval }, restart }
  return { daemon, socket, script: `${folder}/script` }
}

const get = (url: string): string => execFileSync(path('curl'), ['-sS', url], { encoding: 'utf8' })
const pidsNamed = (pitcrew: Pitcrew, name: string): number[] =>
  processesUnder(pitcrew).flatMap((seen) => (seen.name === name ? [seen.pid] : []))

/** Kills the leader of run 1, and waits until run 2 is ready; no process of run 1 may be left by
 *  then. */
async function killLeader(pitcrew: Pitcrew, name: string): Promise<void> {
  const old = pidsNamed(pitcrew, name)
  expect(old.length).toBeGreaterThan(1)
  process.kill(outsidePid(pitcrew, await pidOf(pitcrew, 'b')), 'SIGKILL')
  await pitcrew.line('b: died: signal KILL')
  await pidOf(pitcrew, 'b', 2)
  expect(old.filter(isAlive)).toEqual([])
  await isReady(pitcrew, 'b', 2)
  expect(pitcrew.lines.filter((line) => line.includes(': died'))).toHaveLength(1)
}

describeWith(['nginx', 'curl'], 'nginx', () => {
  test('is ready when it answers, exits with 0 on QUIT, and is restarted in place', async () => {
    const { daemon, url } = await nginx('return 200 "hello";')
    await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b: daemon } })
    for (let run = 1; run <= 3; run++) {
      await isReady(pitcrew, 'b', run)
      expect(get(url)).toBe('hello')
      if (run < 3) pitcrew.signal('SIGUSR1')
    }
    await end(pitcrew)
    await pitcrew.linesWith('b: stopped: exit code 0', 3)
    expect(pidsOf(pitcrew, 'a')).toHaveLength(1)
  })

  test('is not ready while it answers with 503', async () => {
    const folder = folderWith({})
    const { daemon } = await nginx(`if (!-e ${folder}/open) { return 503; } return 204;`)
    await using pitcrew = new Pitcrew({ daemons: { b: daemon, c: { ...long, after: ['b'] } } })
    await pidOf(pitcrew, 'b')
    await eventually('it has answered', () => {
      try {
        return get(daemon.ready.http).includes('503')
      } catch {
        return false
      }
    })
    expect(pitcrew.lines.join('\n')).not.toContain('ready')
    execFileSync('touch', [`${folder}/open`])
    await pitcrew.line('[c] up')
    await end(pitcrew)
  })

  test('reloads on a forwarded HUP: the same process, new workers', async () => {
    const { daemon, url } = await nginx('return 200 "hello";')
    await using pitcrew = new Pitcrew({ signals, daemons: { b: daemon } })
    await isReady(pitcrew, 'b')
    pitcrew.signal('SIGHUP')
    await pitcrew.line('reconfiguring')
    expect(get(url)).toBe('hello')
    expect(pidsOf(pitcrew, 'b')).toHaveLength(1)
    await end(pitcrew)
  })

  test('when its master is killed, the workers, which hold the port, are ended before the next run', async () => {
    const { daemon, url } = await nginx('return 200 "hello";')
    await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b: daemon } })
    await isReady(pitcrew, 'b')
    await eventually('its workers are running', () => pidsNamed(pitcrew, 'nginx').length === 3)
    await killLeader(pitcrew, 'nginx')
    expect(get(url)).toBe('hello')
    await end(pitcrew)
  })
})

describeWith(['fcgiwrap'], 'fcgiwrap', () => {
  test('when its master is killed, its workers are ended before the next run', async () => {
    const { daemon } = await fcgiwrap()
    await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b: daemon } })
    await isReady(pitcrew, 'b')
    await eventually('its workers are running', () => pidsNamed(pitcrew, 'fcgiwrap').length === 3)
    await killLeader(pitcrew, 'fcgiwrap')
    await eventually('no more than before', () => pidsNamed(pitcrew, 'fcgiwrap').length === 3)
    await end(pitcrew)
  })
})

describeWith(['fcgiwrap', 'nginx', 'curl'], 'fcgiwrap behind nginx', () => {
  test('is started first, and a restart of it does not restart nginx', async () => {
    const { daemon, socket, script } = await fcgiwrap()
    const web = await nginx(`fastcgi_pass unix:${socket}; fastcgi_param SCRIPT_FILENAME ${script};
      fastcgi_param REQUEST_METHOD GET;`)
    // The workers of nginx have another user, so the socket is open to all.
    const daemons = { web: { ...web.daemon, after: ['b'] }, b: { ...daemon, umask: '000' } }
    await using pitcrew = new Pitcrew({ signals, daemons })
    await isReady(pitcrew, 'web')
    expect(get(web.url)).toBe('by script')
    pitcrew.signal('SIGUSR1')
    await isReady(pitcrew, 'b', 2)
    expect(get(web.url)).toBe('by script')
    expect(pidsOf(pitcrew, 'web')).toHaveLength(1)
    await end(pitcrew)
  })
})

describeWith(['git'], 'git daemon', () => {
  async function gitDaemon() {
    const port = await freePort()
    const folder = folderWith({})
    execFileSync(path('git'), ['init', '--quiet', '--bare', `${folder}/repo.git`])
    const where = ['--listen=127.0.0.1', `--port=${port}`, `--base-path=${folder}`]
    const command = [path('git'), 'daemon', '--reuseaddr', '--export-all', ...where]
    const query = (): string =>
      execFileSync(path('git'), ['ls-remote', `git://127.0.0.1:${port}/repo.git`], {
        encoding: 'utf8',
      })
    return { daemon: { command, ready: { tcp: `127.0.0.1:${port}`, interval }, restart }, query }
  }

  test('can bind its port again after a restart, although the listener is a child of its leader', async () => {
    const { daemon, query } = await gitDaemon()
    await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b: daemon } })
    for (let run = 1; run <= 4; run++) {
      await isReady(pitcrew, 'b', run)
      expect(query()).toBe('')
      if (run < 4) pitcrew.signal('SIGUSR1')
    }
    await end(pitcrew)
    expect(pitcrew.lines.join('\n')).not.toContain('died')
  })

  test('when its leader is killed, the listener is ended before the next run', async () => {
    const { daemon, query } = await gitDaemon()
    await using pitcrew = new Pitcrew({ signals, daemons: { a: long, b: daemon } })
    await isReady(pitcrew, 'b')
    process.kill(outsidePid(pitcrew, await pidOf(pitcrew, 'b')), 'SIGKILL')
    await isReady(pitcrew, 'b', 2)
    expect(query()).toBe('')
    expect(pitcrew.lines.filter((line) => line.includes(': died'))).toHaveLength(1)
    await end(pitcrew)
  })
})
