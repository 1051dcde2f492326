/** Makes mutations of the core and lets the judges detect them: see scripts/mutate.mjs for the
 *  usage. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { changesOf, equivalents } from './equivalent.ts'
import { Job, type Verdict } from './jobs.ts'
import { type Subject, subjects } from './judge.ts'
import { type Mutation, mutationsOf } from './mutation.ts'
import { type Judged, reportOf, verdictsOf } from './report.ts'

const progressEveryMs = 10_000

interface Options {
  readonly files?: string
  readonly schedules: string
  readonly sample?: string
  readonly jobs: string
  readonly subject: string
}

/** @returns The exit status: 1 if a mutation survived that is not known to be equivalent. */
export async function mutate(root: string, worker: string, args: string[]): Promise<number> {
  const options = parse(args)
  const subject = subjects[options.subject]
  if (subject === undefined) {
    const known = Object.keys(subjects).join(', ')
    throw new Error(`cannot mutate "${options.subject}": the subjects are ${known}`)
  }
  const sources = sourcesOf(root, subject, options.files?.split(',') ?? null)
  const schedules = Number(options.schedules)
  const folder = mkdtempSync(join(root, 'build/mutation/run-'))
  const jobs = Array.from(
    { length: Number(options.jobs) },
    (_, index) => new Job(worker, { root, subject, schedules, folder: join(folder, `${index}`) }),
  )
  try {
    await Promise.all(jobs.map(checkOriginal))
    const all = await mutationsOfAll(sources)
    const mutations = sampleOf(all, Number(options.sample ?? all.length))
    const judged = await judgeAll(jobs, mutations)
    const { text, problems } = reportOf(
      judged,
      equivalents.flatMap(changesOf),
      mutations.length === all.length,
    )
    writeFileSync(join(root, `build/mutation/${options.subject}.txt`), verdictsOf(judged))
    process.stdout.write(text)
    return problems === 0 ? 0 : 1
  } finally {
    await Promise.all(jobs.map((job) => job.end()))
    rmSync(folder, { recursive: true })
  }
}

function parse(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      files: { type: 'string' },
      schedules: { type: 'string', default: '300' },
      sample: { type: 'string' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      subject: { type: 'string', default: 'core' },
    },
  })
  return values
}

function sourcesOf(
  root: string,
  { source, scope }: Subject,
  files: readonly string[] | null,
): Map<string, string> {
  const folder = join(root, source)
  const inScope = readdirSync(join(folder, scope), { recursive: true, encoding: 'utf8' })
  const names =
    files ?? inScope.filter((name) => name.endsWith('.ts')).map((name) => `${scope}/${name}`)
  const missing = names.find((name) => !existsSync(join(folder, name)))
  if (missing !== undefined) {
    throw new Error(`cannot mutate "${missing}": not in ${source}/; use --files ${scope}/FILE.ts`)
  }
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
}

/** A judge that rejects the original would reject every mutation. */
async function checkOriginal(job: Job): Promise<void> {
  const { by, how } = await job.verdictOn(null)
  if (by !== null) throw new Error(`cannot judge mutations: the original fails, ${by}: ${how}`)
}

async function mutationsOfAll(sources: ReadonlyMap<string, string>): Promise<Mutation[]> {
  const each = [...sources].map(([file, source]) => mutationsOf(file, source))
  return (await Promise.all(each)).flat()
}

/** A sample of this size, evenly spaced. */
function sampleOf(all: readonly Mutation[], size: number): Mutation[] {
  return all.filter(
    (_, index) =>
      Math.floor((index * size) / all.length) !== Math.floor(((index + 1) * size) / all.length),
  )
}

async function judgeAll(jobs: readonly Job[], mutations: readonly Mutation[]): Promise<Judged[]> {
  const verdicts = new Map<Mutation, Verdict>()
  const report = () => {
    const survived = [...verdicts.values()].filter(({ by }) => by === null).length
    const { size } = verdicts
    process.stderr.write(`${size} of ${mutations.length} mutations, ${survived} survived\n`)
  }
  const progress = setInterval(report, progressEveryMs)
  await inTurn(jobs, mutations, async (job, mutation) => {
    const verdict = await job.verdictOn(mutation)
    verdicts.set(mutation, verdict)
    const { file, inside, from, to } = mutation
    if (verdict.by === null)
      process.stderr.write(`survived: ${file}, ${inside}: ${from} -> ${to}\n`)
  }).finally(() => clearInterval(progress))
  report()
  return mutations.map((mutation) => ({ mutation, verdict: verdicts.get(mutation) as Verdict }))
}

/** Each job takes the next item when it has finished its current one. */
async function inTurn<T>(
  jobs: readonly Job[],
  all: readonly T[],
  work: (job: Job, one: T) => Promise<void>,
): Promise<void> {
  const queue = all.values()
  await Promise.all(
    jobs.map(async (job) => {
      for (const one of queue) await work(job, one)
    }),
  )
}
