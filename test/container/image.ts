/** Builds images from files of this machine, without a network and without a base image. */
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
  /** Programs, copied with their libraries: path in the image → path on this machine. */
  readonly programs: Readonly<Record<string, string>>
  /** Files and folders that have the same path in the image as on this machine. */
  readonly copies?: readonly string[]
  /** Path in the image → text. A text that begins with #! is executable. */
  readonly files?: Readonly<Record<string, string>>
  /** Path in the image → target of the symbolic link. */
  readonly links?: Readonly<Record<string, string>>
  /** Empty folders. */
  readonly folders?: readonly string[]
}

const entrypoint = 'ENTRYPOINT ["/pitcrew"]'

/** Builds an image with `docker build`, FROM scratch. */
export async function buildImage(tag: string, contents: Contents): Promise<void> {
  await withRoot(contents, async (folder) => {
    writeFileSync(join(folder, 'Dockerfile'), `FROM scratch\nCOPY root/ /\n${entrypoint}\n`)
    await docker(['build', '--quiet', '--tag', tag, folder])
  })
}

/** Builds an image with `docker import` from a tar archive. */
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

/** Writes the contents of an image to a folder. */
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

/** The libraries and the loader of a program; empty for a static one. */
function librariesOf(program: string): string[] {
  try {
    const text = execFileSync('ldd', [program], { encoding: 'utf8', stdio: 'pipe' })
    return [...text.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map((match) => match[1] as string)
  } catch {
    return []
  }
}
