#!/usr/bin/env zx
// SPDX-License-Identifier: BSD-2-Clause
// Records the captures of test/data/linux-esp with a Linux kernel at both ends, in one QEMU guest.
// No test needs it: they read what is recorded.
//
//   zx scripts/record_linux/record_linux.mjs [--out DIR] [--only REGEXP] [--keep]
//
// Debian packages: qemu-system-x86 busybox-static cpio kmod gcc libc6-dev. The guest's kernel
// (linux-image-cloud-amd64) and its ip program (iproute2 libbpf1 libelf1 libmnl0 libbsd0 libmd0
// libcap2 zlib1g libc6) are fetched by apt-get download and only unpacked.
import { $, argv, chalk, fs, os, path } from 'zx';
import { CAPTURES } from './captures.mjs';
import { describeCapture } from './describe.mjs';
import { INIT, jobOf, MODULES } from './guest.mjs';
import { sasOf, setkeyAdd } from './sa.mjs';

const GUEST_DEBS = 'iproute2 libbpf1 libelf1 libmnl0 libbsd0 libmd0 libcap2 zlib1g libc6'.split(
  ' ',
);
const LIBRARIES = /^lib(bpf|elf|mnl|bsd|md|cap|z|c)[.-]/;
const TIMEOUT_SECONDS = 400;

const here = import.meta.dirname;
const out = path.resolve(argv.out ?? path.join(here, '../../test/data/linux-esp'));
const cache = path.join(os.homedir(), '.cache/tagwire/linux-guest');
const chosen = CAPTURES.filter((c) => new RegExp(argv.only ?? '').test(c.name));
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'tagwire-record-'));
$.verbose = false;

const kernel = await unpackGuest();
try {
  await makeInitrd();
  await runGuest();
  for (const c of chosen) await write(c);
} finally {
  if (argv.keep) console.log(work);
  else fs.rmSync(work, { recursive: true, force: true });
}

async function unpackGuest() {
  const boot = path.join(cache, 'boot');
  if (!fs.existsSync(boot)) {
    fs.mkdirSync(cache, { recursive: true });
    const depends = (await $`apt-cache depends linux-image-cloud-amd64`).stdout;
    const image = /Depends: (linux-image-\S+)/.exec(depends)[1];
    await $({ cwd: cache })`apt-get download ${[image, ...GUEST_DEBS]}`;
    for (const deb of fs.readdirSync(cache).filter((f) => f.endsWith('.deb'))) {
      await $({ cwd: cache })`dpkg -x ${deb} .`;
    }
  }
  const image = fs.readdirSync(boot).find((f) => f.startsWith('vmlinuz-'));
  await $`depmod -b ${cache} ${image.slice('vmlinuz-'.length)}`;
  return { image: path.join(boot, image), version: image.slice('vmlinuz-'.length) };
}

async function makeInitrd() {
  const root = path.join(work, 'root');
  const into = (dir) => path.join(root, dir);
  for (const dir of [
    'bin',
    'sbin',
    'lib64',
    'proc',
    'sys',
    'dev',
    'tmp',
    'out',
    'run',
    'etc',
    'jobs',
  ]) {
    fs.mkdirSync(into(dir), { recursive: true });
  }
  await $`gcc -O2 -Wall -static -o ${into('bin/peer')} ${path.join(here, 'peer.c')}`;
  fs.copySync('/bin/busybox', into('bin/busybox'));
  fs.copySync(path.join(cache, 'bin/ip'), into('sbin/ip'));
  for (const dir of ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu']) {
    fs.mkdirSync(into(dir), { recursive: true });
    const libraries = fs.readdirSync(path.join(cache, dir)).filter((f) => LIBRARIES.test(f));
    for (const f of libraries) fs.copySync(path.join(cache, dir, f), into(`${dir}/${f}`));
  }
  fs.copySync(
    path.join(cache, 'lib/x86_64-linux-gnu/ld-linux-x86-64.so.2'),
    into('lib64/ld-linux-x86-64.so.2'),
  );
  const modules = `lib/modules/${kernel.version}`;
  for (const name of MODULES) {
    const shown = await $({
      nothrow: true,
    })`modprobe -d ${cache} -S ${kernel.version} --show-depends ${name}`;
    for (const [, file] of shown.stdout.matchAll(/^insmod (\S+)/gm)) {
      fs.copySync(file, into(path.relative(cache, file)));
    }
  }
  for (const f of fs
    .readdirSync(path.join(cache, modules))
    .filter((f) => f.startsWith('modules.'))) {
    fs.copySync(path.join(cache, modules, f), into(`${modules}/${f}`));
  }
  fs.writeFileSync(
    into('etc/protocols'),
    'ip 0 IP\nicmp 1 ICMP\nudp 17 UDP\nesp 50 ESP\nah 51 AH\nipv6-icmp 58 IPv6-ICMP\n',
  );
  fs.writeFileSync(into('init'), INIT, { mode: 0o755 });
  for (const c of chosen) fs.writeFileSync(into(`jobs/${c.name}.sh`), jobOf(c));
  await $({
    cwd: root,
  })`find . | cpio --quiet -o -H newc | gzip -1 > ${path.join(work, 'initrd.gz')}`;
}

async function runGuest() {
  const archive = path.join(work, 'out.tar');
  const append = 'console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off random.trust_cpu=on';
  const since = Date.now();
  const guest = await $({
    nothrow: true,
  })`timeout ${TIMEOUT_SECONDS} nice -n 15 qemu-system-x86_64 -nodefaults -no-user-config -M q35 -accel tcg,tb-size=64 -cpu max -smp 1 -m 256 -display none -no-reboot -serial stdio -kernel ${kernel.image} -initrd ${path.join(work, 'initrd.gz')} -append ${append} -device virtio-serial-pci -chardev file,id=c0,path=${archive} -device virtserialport,chardev=c0,name=out`;
  fs.writeFileSync(path.join(work, 'console.txt'), guest.stdout);
  console.log(chalk.dim(guest.stdout));
  if (!guest.stdout.includes('RECORDED'))
    throw new Error(`the guest did not finish:\n${guest.stdout}`);
  await $({ cwd: work })`tar xf out.tar`;
  console.log(`${chosen.length} captures in ${((Date.now() - since) / 1000).toFixed(0)} s`);
}

async function write(c) {
  const sas = sasOf(c);
  const capture = fs.readFileSync(path.join(work, `${c.name}.pcap`));
  const ends = fs.readFileSync(path.join(work, `${c.name}.txt`), 'utf8');
  const text = describeCapture(c, sas, capture, ends, kernel.version);
  fs.copySync(path.join(work, `${c.name}.pcap`), path.join(out, `${c.name}.pcap`));
  fs.writeFileSync(
    path.join(out, `${c.name}.conf`),
    `# ${c.name}\n${sas.map(setkeyAdd).join('\n')}\n`,
  );
  fs.writeFileSync(path.join(out, `${c.name}.json`), text);
}
