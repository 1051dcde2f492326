/** `docker exec` in the container of a running pitcrew, and the processes that it leaves behind. */
import { expect, test } from 'vitest'
import { sh } from '../e2e/support/pitcrew.ts'
import { eventually, processesUnder } from '../e2e/support/processes.ts'
import { Container, describeInDocker } from './container.ts'

const bundle = { daemons: { a: { command: sh('echo up; exec sleep 1000') } } }

describeInDocker('docker exec', () => {
  test('runs the same binary as a client, also in an image that contains only pitcrew', async () => {
    const daemons = {
      reporter: { command: ['/bin/reports-group-signals'], stop: { signal: 'QUIT' } },
    }
    await using container = new Container({ daemons }, { image: 'bare' })
    await container.line('[reporter] 1 ready')
    const version = await container.exec(['/pitcrew', '--version'])
    expect(version).toMatchObject({ code: 0, err: '' })
    expect(version.out).toMatch(/^pitcrew \d+\.\d+\.\d+\n$/)
    const valid = await container.exec(['/pitcrew', 'validate', '/etc/pitcrew/bundle.json'])
    expect(valid.code).toBe(0)
    const one = await container.exec(['/pitcrew', '--', '/pitcrew', '--version'])
    expect(one.out).toBe(version.out)
    await container.stop()
    expect(await container.exitCode()).toBe(42)
  })

  test('may leave a process running, which pitcrew reaps at its end; no daemon is affected', async () => {
    await using container = new Container(bundle)
    await container.line('[a] up')
    const left = await container.exec(sh('sleep 1000 < /dev/null > /dev/null 2>&1 & echo $!'))
    const first = { pid: await container.hostPid() }
    await eventually('it is a child of pitcrew', () => processesUnder(first).length === 2)
    await container.exec(['kill', '-KILL', left.out.trim()])
    await eventually('it is reaped', () => processesUnder(first).length === 1)
    await container.stop()
    expect(await container.exitCode()).toBe(0)
    expect(container.lines.filter((line) => line.includes('died'))).toEqual([])
  })

  test('can send pitcrew every signal but KILL, which the kernel discards', async () => {
    await using container = new Container(bundle)
    await container.line('[a] up')
    await container.exec(['kill', '-KILL', '1'])
    await container.exec(['kill', '-HUP', '1'])
    await container.line('pitcrew: HUP ignored: not in "signals:"')
    await container.exec(['kill', '-TERM', '1'])
    expect(await container.exitCode()).toBe(0)
  })
})
