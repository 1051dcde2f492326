/** `npm run vm`: runs test/vm/contract.sh in a virtual machine (Debian 12 with its own kernel,
 *  systemd, Docker and podman) in qemu. Not part of `npm test`, because emulation is slow.
 *
 *  usage: npm run vm [-- OPTION ...]      as root
 *    --fresh        rebuilds the image
 *    --minutes N    the time limit of the machine (default: 10)
 *
 *  Needs qemu-system-x86, mmdebstrap and e2fsprogs; uses the apt sources of this machine. The tree
 *  of mmdebstrap and the image are cached in build/vm. The cloud kernel has neither 9p nor
 *  virtiofs, so files are exchanged as tar archives on separate drives. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = join(root, 'build/vm')
const { values: options } = parseArgs({
  options: {
    fresh: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '10' },
  },
})
const limitMs = Number(options.minutes) * 60_000

const packages = [
  ...['linux-image-cloud-amd64', 'initramfs-tools', 'systemd-sysv', 'dbus-user-session'],
  // Docker refuses to start containers without apparmor.
  ...['libpam-systemd', 'udev', 'apparmor', 'docker.io', 'podman', 'crun', 'runc', 'uidmap'],
  ...['fuse-overlayfs', 'slirp4netns', 'catatonit', 'busybox-static', 'procps', 'iproute2'],
]

/** Unpacks the second drive, runs the contract, and packs its output onto the third drive. */
const script = `mkdir -p /in
tar -xf /dev/vdb -C /in
{ sh /in/contract.sh; echo $? > /in/status; } 2>&1 | tee /in/out > /dev/ttyS0
tar -cf /dev/vdc -C /in out status
sync
systemctl poweroff -ff
`
const unit = `[Unit]
After=multi-user.target docker.service
[Service]
Type=oneshot
ExecStart=/bin/sh /etc/contract
[Install]
WantedBy=default.target
`

function run(program, ...args) {
  execFileSync('nice', ['-n', '10', program, ...args], { stdio: 'inherit' })
}

function needs(program, debian) {
  if (spawnSync('sh', ['-c', `command -v ${program}`]).status === 0) return
  throw new Error(`cannot make a VM without ${program}: apt-get install ${debian}`)
}

function aptSources() {
  const places = ['/etc/apt/sources.list', '/etc/apt/sources.list.d/debian.sources']
  return places.filter((path) => existsSync(path))
}

function makeTree(tree) {
  if (existsSync(tree)) return
  console.log('installing Debian 12 …')
  const include = `--include=${packages.join(',')}`
  run('mmdebstrap', '--variant=important', include, 'bookworm', `${tree}.new`, ...aptSources())
  execFileSync('mv', [`${tree}.new`, tree])
}

function makeImage(tree, image) {
  if (existsSync(image)) return
  console.log('making the image …')
  const files = join(folder, 'root')
  rmSync(files, { recursive: true, force: true })
  mkdirSync(files, { recursive: true })
  run('tar', '-xf', tree, '-C', files)
  writeFileSync(join(files, 'etc/systemd/system/contract.service'), unit)
  writeFileSync(join(files, 'etc/contract'), script)
  run('chroot', files, 'systemctl', 'enable', 'contract.service')
  run('chroot', files, 'systemctl', 'set-default', 'multi-user.target')
  run('chroot', files, 'useradd', '--create-home', '--uid', '1000', '--shell', '/bin/sh', 'user')
  mkdirSync(join(files, 'var/lib/systemd/linger'), { recursive: true })
  writeFileSync(join(files, 'var/lib/systemd/linger/user'), '')
  const boot = readdirSync(join(files, 'boot'))
  for (const name of ['vmlinuz', 'initrd.img']) {
    const found = boot.find((file) => file.startsWith(name))
    cpSync(join(files, 'boot', found), join(folder, name))
  }
  run('truncate', '-s', '4G', `${image}.new`)
  run('mke2fs', '-q', '-F', '-t', 'ext4', '-d', files, `${image}.new`)
  rmSync(files, { recursive: true, force: true })
  execFileSync('mv', [`${image}.new`, image])
}

/** Packs the binary and the contract onto the input drive. */
function pack() {
  const input = join(folder, 'in')
  rmSync(input, { recursive: true, force: true })
  mkdirSync(input)
  run('node', join(root, 'scripts/build.mjs'), '--musl', '--out', join(input, 'pitcrew'))
  cpSync(join(root, 'test/vm/contract.sh'), join(input, 'contract.sh'))
  run('tar', '-cf', join(folder, 'in.tar'), '-C', input, '.')
  // A drive consists of whole sectors.
  run('truncate', '-s', '%1M', join(folder, 'in.tar'))
  rmSync(join(folder, 'out.tar'), { force: true })
  run('truncate', '-s', '16M', join(folder, 'out.tar'))
}

/** Runs the machine until it powers off. */
function boot(image) {
  const drive = (file, more = '') => ['-drive', `file=${file},format=raw,if=virtio${more}`]
  const args = [
    ...['-accel', 'tcg,thread=multi,tb-size=1024', '-cpu', 'max', '-smp', '2', '-m', '2560'],
    ...['-nic', 'none', '-no-reboot', '-display', 'none', '-serial', `file:${folder}/console`],
    ...['-kernel', join(folder, 'vmlinuz'), '-initrd', join(folder, 'initrd.img')],
    ...['-append', 'root=/dev/vda rw console=ttyS0 quiet'],
    ...drive(image, ',snapshot=on'),
    ...drive(join(folder, 'in.tar'), ',readonly=on'),
    ...drive(join(folder, 'out.tar')),
  ]
  return new Promise((done) => {
    const vm = spawn('nice', ['-n', '10', 'qemu-system-x86_64', ...args], { stdio: 'inherit' })
    const timer = setTimeout(() => vm.kill('SIGKILL'), limitMs)
    vm.on('exit', () => {
      clearTimeout(timer)
      done()
    })
  })
}

function result() {
  const output = join(folder, 'out')
  rmSync(output, { recursive: true, force: true })
  mkdirSync(output)
  const packed = spawnSync('tar', ['-xf', join(folder, 'out.tar'), '-C', output])
  if (packed.status !== 0 || !existsSync(join(output, 'status'))) {
    console.error(`the VM did not finish within ${limitMs / 60_000} minutes: see build/vm/console`)
    return 1
  }
  process.stdout.write(readFileSync(join(output, 'out'), 'utf8'))
  return Number(readFileSync(join(output, 'status'), 'utf8')) === 0 ? 0 : 1
}

needs('qemu-system-x86_64', 'qemu-system-x86')
needs('mmdebstrap', 'mmdebstrap')
needs('mke2fs', 'e2fsprogs')
if (process.getuid() !== 0)
  throw new Error('cannot make a VM: it needs root, for the owners of files')
if (options.fresh) rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
const tree = join(folder, 'tree.tar')
const image = join(folder, 'root.img')
makeTree(tree)
makeImage(tree, image)
pack()
await boot(image)
process.exitCode = result()
