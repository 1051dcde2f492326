/** docs/PROTOCOL.md, made of the tables: `npx vitest run test/control/protocol --update` writes it
 *  anew. What the tables cannot say is the text around them. */
import {
  clientsMax,
  lineBytesMax,
  protocolVersion,
  requestsMax,
  requestsOfDaemonsMax,
} from '../../src/control/protocol/protocol.ts'
import type { Schema } from '../../src/control/protocol/schema.ts'
import { daemonStates } from '../../src/control/protocol/status.ts'
import { answers, items, type VerbName, verbs } from '../../src/control/protocol/verbs.ts'
import { errorCodes } from '../../src/errors.ts'

export function protocolText(): string {
  const names = Object.keys(verbs) as VerbName[]
  return `# The protocol of the control socket

Made from the tables in \`src/control\` (\`npx vitest run test/control/protocol --update\`): do not edit.

A unix stream socket: \`$PITCREW_SOCKET\`, or \`NAME.sock\` in the run folder (\`$PITCREW_RUN_DIR\`,
\`/run/pitcrew\`, \`$XDG_RUNTIME_DIR/pitcrew\`, \`/dev/shm/pitcrew-UID\`). Its mode is 0600. A daemon with
\`control:\` in the bundle has a connection of its own: descriptor \`$PITCREW_FD\`.

Each side sends JSON objects, one a line, in UTF-8. The server speaks first:

\`\`\`text
{"pitcrew":${protocolVersion},"version":"0.1.0","name":"agent-sidecars","pid":1,"access":"operate","daemon":null}
\`\`\`

\`pitcrew\` is the version of the protocol; it grows when a client of before could misread us. Unknown
fields of answers are to be ignored. \`access\` is what the caller may do, \`daemon\` the daemon that he
is, or null.

\`\`\`text
> {"id":1,"verb":"restart","args":{"daemon":"web","why":"new certificate"}}
< {"id":1,"done":{"ticket":7,"verb":"restart","daemon":"web","outcome":"done",…}}
\`\`\`

Each request has an id, a whole number that no open request of the connection has. Answers name it;
they come in any order. There may be \`item\` lines and \`progress\` lines (once a second, where the
request asks for it), and then exactly one of \`done\` and \`failed\`:

\`\`\`text
{"id":1,"failed":{"code":"NO_SUCH_DAEMON","message":"cannot find daemon \\"wep\\"","hint":"did you mean \\"web\\"?"}}
\`\`\`

What may grow with the number of daemons is items, a line each, sent a batch at a time while
everything else goes on. Each item is true of the moment in which it was sent; the \`cursor\` in the
answer is that of the beginning, so that \`events\` since then has all that happened meanwhile. A client
that reads nothing for ten seconds gets LAGGED; \`cancel\` ends the rest.

\`ticket\` stands in it where the request has one, and \`lastLines\` (what the daemon printed last) where
its run has failed. What cannot be read as a request at all is answered with \`"id":null\`. Who may
nothing gets one such line and is closed, and nothing that he sends is read.

After a failure inside pitcrew each client gets such a line with the code INTERNAL, which answers all
that it has asked, and is closed. \`$PITCREW_FD\` stays open: before the next answer comes a greeting
again. A \`READY=1\` that was answered with \`done\` is kept whatever fails then.

## Who may what

| caller                                                          | may                                     |
| --------------------------------------------------------------- | --------------------------------------- |
| root, or pitcrew's own user, where it does not descend from it   | operate                                 |
| a process of a daemon, whatever its user, and its \`$PITCREW_FD\` | look; operate under \`control: operate\`  |
| any other process that descends from pitcrew                    | look                                    |
| everybody else; a user that the kernel cannot name (uid 65534)  | nothing                                 |

A process is of a daemon when it is in the process group of a run or descends from one. What has left
both and has the mark of a run (a resource limit, which any process can set) is named as that daemon's,
and may look. What descends from pitcrew is never an operator's, whatever it did to its group, session,
mark and parents: so approvals and guards hold where everything runs as root. A process of \`docker
exec\` comes from outside, and is an operator's by its user. But a background process that it leaves
behind becomes a child of PID 1 when its parent ends, and may only look from then on.

## Limits

A line of a client has at most ${lineBytesMax / 1024} KiB; a longer one is answered with REQUEST_INVALID, and the
client is closed. There are at most ${clientsMax} clients, and ${requestsMax} open requests of each. Processes of
daemons have a quarter of the connections, and ${requestsOfDaemonsMax} open requests in all, so that operators are
never shut out. A client that does not read while 1 MiB waits for it is cut off.

## Verbs

${names.map(verbText).join('\n\n')}

## Lines of logs

Behind the answer of \`logs\` the connection carries bytes, a line of a daemon each:

\`\`\`text
1763745470123 web GET / 200
1763745470124 - pitcrew: db: ready after 12ms (run 1)
1763745470125 ! skipped 1048576 bytes
1763745470126 . end
\`\`\`

The time is that of the read, in milliseconds since 1970. In the place of the daemon \`-\` is pitcrew
itself, \`!\` a notice to this reader (a follower that reads too slowly skips; one that does not read at
all for ten seconds is cut off), and \`.\` the end: the connection is closed. Without it somebody was cut off.

## States

${daemonStates.map((state) => `\`${state}\``).join(', ')}. Without \`ready:\` in the bundle a daemon that runs is \`ready\`.

## Codes

With the exit status of a client verb:

${Object.entries(errorCodes)
  .map(([code, { exit }]) => `- \`${code}\`: ${exit}`)
  .join('\n')}
`
}

function verbText(name: VerbName): string {
  const { who, doc, args } = verbs[name]
  const item = items[name]
  return `### ${name}

${doc} Needs: ${who === 'self' ? 'to be a daemon' : who}.

${fieldsText('args', args)}

${item === undefined ? '' : `${fieldsText('item', item)}\n\n`}${fieldsText('done', answers[name])}`
}

/** Its fields, and what is inside of them. */
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
