/** Contents of files that clients send behind a request: what becomes of one that is not taken. */
import { expect, test } from 'vitest'
import { plan } from '../core/plans.ts'
import { Plane } from './plane.ts'

const bundle = plan({ web: { config: ['/etc/web.conf'] }, db: {} })
const apply = { daemon: 'web', bytes: 5 }

test('a content that does not arrive fails its request, and the connection is closed', () => {
  const plane = new Plane(bundle)
  const client = plane.connect()
  const id = client.request('apply', apply)
  expect(plane.receiving).toEqual([client.id])
  expect(client.isOpen(id)).toBe(true)
  plane.handle({ type: 'content', client: client.id, errno: 'ETIMEDOUT' })
  expect(client.answer(id).failed).toMatchObject({
    code: 'FAILED',
    message: expect.stringContaining('cannot apply: the content did not arrive: '),
  })
  expect(client.isClosed).toBe(true)
})

test('the content of a request that was cancelled meanwhile is dropped', () => {
  const plane = new Plane(bundle)
  const client = plane.connect()
  const id = client.request('apply', apply)
  client.done('cancel', { request: id })
  expect(plane.dropped).toEqual([])
  plane.handle({ type: 'content', client: client.id, errno: null })
  expect(plane.dropped).toEqual([client.id])
  expect(client.isClosed).toBe(false)
})

test('a request that is refused takes no content', () => {
  const plane = new Plane(bundle)
  const client = plane.connect()
  const { code } = client.failed('apply', { daemon: 'db', bytes: 5 })
  expect(code).toBe('NO_SUCH_FILE')
  expect(plane.receiving).toEqual([])
  expect(client.isClosed).toBe(true)
})
