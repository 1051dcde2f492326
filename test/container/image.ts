/** Images from nothing but files of this machine: no network, no base image. */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { docker } from './docker.ts'

export interface Contents {
  /** Programs of this machine, which bring the libraries they need: path in the image → path here. */
  readonly programs: Readonly<Record<string, string>>
  /** Files and folders of this machine that keep their place. */
  readonly copies?: readonly string[]
  /** Path in the image → text; one that begins with #! can be executed. */
  readonly files?: Readonly<Record<string, string>>
  /** Path in the image → what it points to. */
  readonly links?: Readonly<Record<string, string>>
  /** Folders with nothing in them. */
  readonly folders?: readonly string[]
}

const entrypoint = 'ENTRYPOINT ["/pitcrew"]'

/** By `docker build`, FROM scratch. */
export async function buildImage(tag: string, contents: Contents): Promise<void> {
  await withRoot(contents, async (folder) => {
    writeFileSync(join(folder, 'Dockerfile'), `FROM scratch\nCOPY root/ /\n${entrypoint}\n`)
    await docker(['build', '--quiet', '--tag', tag, folder])
  })
}

/** By `docker import`: a tar archive is the whole image. */
export async function importImage(tag: string, contents: Contents): Promise<void> {
  await withRoot(contents, async (folder) => {
    const archive = join(folder, 'root.tar')
    execFileSync('tar', ['-C', join(folder, 'root'), '--owner=0', '--group=0', '-cf', archive, '.'])
    await docker(['import', '--change', entrypoint, archive, tag])
  })
}

async function withRoot(contents: Contents, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pitcrew-image-'))
  try {
    fill(join(folder, 'root'), contents)
    await use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Puts all of it into a folder that becomes the root of an image. */
export function fill(root: string, contents: Contents): void {
  const { programs, copies = [], files = {}, links = {}, folders = [] } = contents
  const place = (path: string): string => {
    const target = join(root, path)
    mkdirSync(dirname(target), { recursive: true })
    return target
  }
  for (const [path, source] of Object.entries(programs)) {
    copyFileSync(source, place(path))
    for (const library of librariesOf(source)) copyFileSync(library, place(library))
  }
  for (const path of copies) cpSync(path, place(path), { recursive: true, dereference: true })
  for (const [path, text] of Object.entries(files)) {
    writeFileSync(place(path), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 })
  }
  for (const [path, target] of Object.entries(links)) symlinkSync(target, place(path))
  for (const path of folders) mkdirSync(join(root, path), { recursive: true })
}

/** What the loader would load, and the loader; nothing for a static program. */
function librariesOf(program: string): string[] {
  try {
    const text = execFileSync('ldd', [program], { encoding: 'utf8', stdio: 'pipe' })
    return [...text.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map((match) => match[1] as string)
  } catch {
    return []
  }
}
