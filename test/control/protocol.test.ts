/** docs/PROTOCOL.md matches the tables. */
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { protocolText } from './protocol-text.ts'

const root = resolve(import.meta.dirname, '../..')

test('docs/PROTOCOL.md is generated from the tables', async () => {
  await expect(protocolText()).toMatchFileSnapshot(join(root, 'docs/PROTOCOL.md'))
})
