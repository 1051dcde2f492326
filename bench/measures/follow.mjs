/** The throughput that is lost while a client follows the log of a daemon at full speed. */
import { withRequester } from '../requester.mjs'
import { bundleOf, withSupervisor } from '../supervisor.mjs'

const lineBytes = 100
const followLine = '{"id":1,"verb":"logs","args":{"daemons":["d0"],"follow":true}}'

export const follow = {
  groups: ['follow'],
  cases: [1],
  keys: () => ['follow'],
  fits: (contender) => contender.speaksControl === true,

  async run(contender, _, { logBytes }) {
    const lines = Math.ceil(logBytes / lineBytes)
    const options = { lineBytes, lines, isRead: true }
    const written = (isFollowed) =>
      withSupervisor(contender, bundleOf('writer', 1), options, async (run) => {
        await run.boot()
        const write = () => run.write(lines)
        const words = ['follow', run.control.socket, followLine]
        const ms = await (isFollowed ? withRequester(words, write) : write())
        await run.stop()
        return ms
      })
    const alone = await written(false)
    const followed = await written(true)
    return { follow: 100 * (1 - alone / followed) }
  },
}
