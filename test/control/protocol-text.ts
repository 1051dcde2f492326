/** Generates docs/PROTOCOL.md from the tables (`npx vitest run test/control/protocol --update`), with
 *  the text around them. */
import {
  clientsMax,
  lineBytesMax,
  protocolVersion,
  requestsMax,
  requestsOfDaemonsMax,
} from '../../src/control/protocol/protocol.ts'
import type { Schema } from '../../src/control/protocol/schema.ts'
import type { DaemonState } from '../../src/control/protocol/status.ts'
import { answers, items, type VerbName, verbs } from '../../src/control/protocol/verbs.ts'
import { errorCodes } from '../../src/errors.ts'

const states: Readonly<Record<DaemonState, string>> = {
  idle: 'never started',
  waiting: 'waits for a dependency',
  backoff: 'waits for the next attempt',
  starting: 'its process has not executed the command yet',
  running: 'not ready yet; of a job: at work',
  ready: 'ready, or running without `ready:` in the bundle',
  stopping: 'the stop signal was sent',
  killing: 'KILL was sent',
  stopped: 'stopped on request',
  done: 'a job that has succeeded',
  failed: 'given up',
  skipped: 'not started, because a dependency has failed',
}

export function protocolText(): string {
  const names = Object.keys(verbs) as VerbName[]
  return `# The protocol of the control socket

Made from the tables in \`src/control\` (\`npx vitest run test/control/protocol --update\`): do not edit.

A unix stream socket: \`$PITCREW_SOCKET\`, or \`NAME.sock\` in the run folder (\`$PITCREW_RUN_DIR\`,
\`/run/pitcrew\`, \`$XDG_RUNTIME_DIR/pitcrew\`, \`/dev/shm/pitcrew-UID\`), with mode 0600. A daemon with
\`control:\` in the bundle also inherits a connection of its own: descriptor \`$PITCREW_FD\`.

Both sides send JSON objects in UTF-8, one a line. The server begins with a greeting:

\`\`\`text
{"pitcrew":${protocolVersion},"version":"0.1.0","name":"agent-sidecars","pid":1,"access":"operate","daemon":null}
\`\`\`

- \`pitcrew\` is the version of the protocol. It is incremented when an older client could misread an
  answer. Ignore unknown fields of answers.
- \`access\` is what this client may do: see [Access](#access).
- \`daemon\` is the daemon that the client is a process of, or null.

A request and its answer:

\`\`\`text
> {"id":1,"verb":"restart","args":{"daemon":"web","why":"new certificate"}}
< {"id":1,"done":{"ticket":7,"verb":"restart","daemon":"web","outcome":"done",…}}
\`\`\`

The id of a request is a whole number that no other open request of the connection has. Answers carry
it, and come in any order. An answer is any number of \`item\` lines and \`progress\` lines (once a second,
if the request asks for them), then exactly one \`done\` or \`failed\` line:

\`\`\`text
{"id":1,"failed":{"code":"NO_SUCH_DAEMON","message":"cannot find daemon \\"wep\\"","hint":"did you mean \\"web\\"?"}}
\`\`\`

\`failed\` also has \`ticket\`, if the request has one, and \`lastLines\` (the last lines that the daemon
printed), if its run has failed. A line that is no request is answered with \`"id":null\`. So is a client
without any access: it gets one such line and is closed, and its input is not read.

Answers that grow with the number of daemons consist of items, which are sent in batches. Each item
shows its daemon at the time of that item. The \`cursor\` in the answer is that of the beginning: \`events\`
since this cursor has all that happened meanwhile. A client that reads nothing for ten seconds gets
LAGGED. \`cancel\` ends the rest.

After a failure inside pitcrew each client gets a line with \`"id":null\` and the code INTERNAL, which
answers all of its open requests, and is closed. \`$PITCREW_FD\` stays open: before the next answer comes
another greeting. A \`READY=1\` that was answered with \`done\` is kept through such a failure.

## Access

| client                                                           | access                                     |
| ---------------------------------------------------------------- | ------------------------------------------ |
| root, or pitcrew's own user, unless it descends from pitcrew     | operate                                    |
| a process of a daemon, with any user, and its \`$PITCREW_FD\`      | look; operate with \`control: operate\`      |
| any other process that descends from pitcrew                     | look                                       |
| any other user; a user without a name in our namespace (65534)   | none                                       |

- A process belongs to a daemon if it is in the process group of a run or descends from a run.
- A process that has left both, but has the mark of a run (a resource limit), is named as that daemon's.
  Any process can set this mark, so it gives access \`look\` only.
- A process that descends from pitcrew never counts as an operator's, whatever it did to its group,
  session, mark and parents. So approvals and guards hold even where everything runs as root.
- A process of \`docker exec\` does not descend from pitcrew: its user decides. A background process that
  it leaves behind becomes a child of PID 1 when its parent ends, and has access \`look\` from then on.

## Limits

- A line of a client has at most ${lineBytesMax / 1024} KiB. A longer one is answered with REQUEST_INVALID, and the
  client is closed.
- There are at most ${clientsMax} clients, and ${requestsMax} open requests of each.
- Processes of daemons have at most a quarter of the connections, and ${requestsOfDaemonsMax} open requests in all, so
  that operators are never locked out.
- A client that does not read while 1 MiB is queued for it, or 8 MiB for all clients, is closed. A
  reader of \`logs\` skips lines instead.

## Verbs

${names.map(verbText).join('\n\n')}

## Lines of logs

After the answer of \`logs\` the connection carries bytes, one line of a daemon each:

\`\`\`text
1763745470123 web GET / 200
1763745470124 - pitcrew: db: ready after 12ms (run 1)
1763745470125 ! skipped 1048576 bytes
1763745470126 . end
\`\`\`

Each line begins with the time at which it was read, in milliseconds since 1970, and the daemon.
Instead of a daemon:

- \`-\`: pitcrew itself
- \`!\`: a notice to this client. A follower that reads too slowly skips lines.
- \`.\`: the end, after which the connection is closed. A client that reads nothing for ten seconds is
  closed without it.

## States

${Object.entries(states)
  .map(([state, meaning]) => `- \`${state}\`: ${meaning}`)
  .join('\n')}

## Codes

Each code with the exit status of the command line:

${Object.entries(errorCodes)
  .map(([code, status]) => `- \`${code}\`: ${status}`)
  .join('\n')}
`
}

function verbText(name: VerbName): string {
  const { needs, doc, args } = verbs[name]
  const item = items[name]
  return `### ${name}

${doc} Needs: ${needs === 'self' ? 'to be a daemon' : needs}.

${fieldsText('args', args)}

${item === undefined ? '' : `${fieldsText('item', item)}\n\n`}${fieldsText('done', answers[name])}`
}

/** A list of the fields, with their own fields nested. */
function fieldsText(title: string, schema: Schema<unknown>): string {
  const lines = linesOf('', schema)
  return lines.length === 0 ? `\`${title}\`: nothing.` : [`\`${title}\`:`, '', ...lines].join('\n')
}

function linesOf(indent: string, { fields }: Schema<unknown>): string[] {
  return Object.entries(fields ?? {}).flatMap(([key, { is, doc, isOptional, ...rest }]) => {
    const words = isOptional ? `${is}; may be absent` : is
    const line = `${indent}- \`${key}\`: ${words}${doc === '' ? '' : `. ${capital(doc)}`}`
    return [line, ...linesOf(`${indent}  `, { is, doc, isOptional, ...rest })]
  })
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
