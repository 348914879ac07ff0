// SPDX-License-Identifier: BSD-2-Clause
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../src/header/pcap.ts';
import { ROOT, startTagwire, tagwire, temporaryDir } from '../lib/cli.ts';

describe('tagwire run: bad input', () => {
  it.each([
    [['run', 'tunel'], /unknown scenario 'tunel'.*tunnel/],
    [['run', '--alg', 'des-56'], /--alg.*des-56.*aes-gcm-128/],
    [['run', '--packtes', '5'], /unknown option '--packtes'.*--packets/],
    [['run', '--size', '0'], /--size: expected 1\.\.65507 or imix, got '0'/],
    [['run', '--loss', '101'], /--loss/],
    [['run', 'nowhere.ts'], /'nowhere.ts' does not exist/],
  ])('%j ends with exit code 2 and says what was expected', (args, message) => {
    const r = tagwire(args);
    expect(r.status).toBe(2);
    expect(r.stderr).toMatch(message);
    expect(r.stdout).toBe('');
  });

  it('with --json the error is the one object on stdout', () => {
    const r = tagwire(['run', 'tunel', '--json']);
    expect(r.status).toBe(2);
    expect(JSON.parse(r.stdout)).toMatchObject({ exitCode: 2 });
  });

  it('a script without a scenario is told what is expected', () => {
    const file = join(temporaryDir('scenario'), 'empty.ts');
    writeFileSync(file, 'export const x = 1;\n');
    const r = tagwire(['run', file]);
    expect(r.status).toBe(2);
    expect(r.stderr).toMatch(/default export made by defineScenario/);
  });

  it.each([
    ['cannot be parsed', 'export default { run() { let a = ; } };', /cannot be loaded: .*"/s],
    [
      'lacks what it imports',
      "import './no.ts';\nexport default {};",
      /cannot be loaded: .*no\.ts/,
    ],
    [
      'asks for a world that there is not',
      'export default { world: { mtu: 90000 }, run() {} };',
      /'.*script.ts': "mtu" expected 576..9000, got 90000/,
    ],
  ])('a script that %s ends with exit code 2', (_what, text, message) => {
    const file = join(temporaryDir('scenario'), 'script.ts');
    writeFileSync(file, text);
    const r = tagwire(['run', file, '--nic', 'model']);
    expect(r.status).toBe(2);
    expect(r.stderr).toMatch(message);
  });

  it('a script that throws ends with exit code 1, and is told where', () => {
    const dir = temporaryDir('scenario');
    const file = join(dir, 'late.ts');
    writeFileSync(
      file,
      "interface Unused {}\nexport default {\n  run() {\n    throw new Error('too late');\n  },\n};\n",
    );
    const r = tagwire(['run', file, '--nic', 'model', '--json', '--out', dir]);
    expect(r.status).toBe(1);
    expect(r.stderr).toContain('the scenario failed: too late (late.ts:4:11)');
    expect(JSON.parse(r.stdout)).toEqual({ error: 'too late (late.ts:4:11)', exitCode: 1 });
  });

  it('rings are named as they are', () => {
    const dir = temporaryDir('scenario');
    const file = join(dir, 'small.ts');
    writeFileSync(file, 'export default { world: { card: { log2Tx: 5 } }, run() {} };\n');
    const r = tagwire(['run', file, '--nic', 'model', '--out', dir]);
    expect(r.stderr).toContain('rings of 32 and 1024,');
    expect(r.status).toBe(0);
  });

  it('a setkey(8) file with a mistake: file, line, column and what was expected', () => {
    const file = join(temporaryDir('scenario'), 'bad_key.ts');
    const bad = 'add 10.0.0.1 10.0.0.2 esp 0x1001\n  -E aes-gcm-16 0x1234;\n';
    writeFileSync(
      file,
      `export default { summary: '', world: { setkey: [${JSON.stringify(bad)}, ''] }, run() {} };\n`,
    );
    const r = tagwire(['run', file, '--nic', 'model']);
    expect(r.status).toBe(2);
    expect(r.stderr).toMatch(/host 0.*:2:\d+: expected/);
  });

  it('an --out that cannot be made', () => {
    const file = join(temporaryDir('out'), 'file');
    writeFileSync(file, '');
    chmodSync(file, 0o444);
    const r = tagwire(['run', '--nic', 'model', '--out', join(file, 'deeper')]);
    expect(r.status).toBe(2);
    expect(r.stderr).toMatch(/--out/);
  });
});

describe('tagwire run: what the wire oracle saw', () => {
  const script = `import { addressOf, defineScenario, INNER } from 'tagwire';
export default defineScenario({
  summary: 'a datagram from an address that no policy names; ICMP answers it',
  world: { mode: 'tunnel' },
  async run(world) {
    world.hosts[0].udp().sendTo(new Uint8Array(9), addressOf(INNER[1]), 9);
    await world.flow(0, { packets: 3, size: 64 });
  },
});
`;
  it.each([
    ['on', /wire +5 frames, 3 ESP packets decrypted apart +none leaked/],
    ['off', /wire +not watched/],
  ])('with --oracles %s', (oracles, line) => {
    const dir = temporaryDir('wire');
    const file = join(dir, 'clear.ts');
    writeFileSync(file, script.replace("'tagwire'", JSON.stringify(join(ROOT, 'src/index.ts'))));
    const r = tagwire(['run', file, '--nic', 'model', '--oracles', oracles, '--out', dir]);
    expect(r.stderr + r.stdout).toMatch(line);
    expect(r.status).toBe(0);
  });
});

describe('tagwire run: what the scenario and the command line say', () => {
  const script = (name: string, text: string): string => {
    const file = join(temporaryDir('scenario'), name);
    writeFileSync(file, `export default { summary: '', ${text} };\n`);
    return file;
  };
  const json = (...args: string[]) => {
    const r = tagwire(['run', ...args, '--packets', '5', '--json', '--out', temporaryDir('said')]);
    return { status: r.status, ...JSON.parse(r.stdout) };
  };
  const run = 'run: async (w, p) => void (await w.flow(0, p))';

  it("a scenario's own card, seed and oracles stand, until the command line says otherwise", () => {
    const file = script('own.ts', `world: { nic: 'model', seed: 77, oracles: false }, ${run}`);
    expect(json(file)).toMatchObject({ status: 0, seed: 77, ffi: { binding: 'none' } });
    expect(json(file, '--seed', '3')).toMatchObject({ seed: 3, ffi: { binding: 'none' } });
  });

  it('a value that no world can have', () => {
    const r = json(script('alg.ts', `world: { alg: 'des' }, ${run}`));
    expect(r).toMatchObject({
      status: 2,
      error: expect.stringMatching(/"alg" expected aes-gcm-128/),
    });
  });

  it('a card whose registers fall silent: exit code 1 and the cycle, in one object', () => {
    const silent = 'run: async (w, p) => { w.sim.fault(0, 2, 1); await w.flow(0, p); }';
    const r = json(script('mute.ts', `world: { nic: 'model' }, ${silent}`));
    expect(r).toMatchObject({ status: 1, exitCode: 1, cycle: expect.any(Number) });
    expect(r.error).toMatch(/the card failed: .*not answered in time/);
  });

  it('a card that keeps frames to itself: not all that is missing has a name', () => {
    const silent = 'run: async (w) => { w.sim.fault(1, 1, 1); await w.flow(0, FLOW); }';
    const flow = silent.replace('FLOW', '{ packets: 3000, size: 100 }');
    const r = json(script('keeps.ts', `world: { nic: 'model', mode: 'transport' }, ${flow}`));
    expect(r.status).toBe(1);
    expect(r.violations[0]).toMatchObject({ oracle: 'accounting' });
  });

  it('good frames that a card refuses are no mere drops', () => {
    // The receiver's card counts what it refuses under this name.
    const liar =
      'w.hosts[1].nic.input = (m) => { w.hosts[1].mbufs.free(m); w.hosts[1].counters.n[N]++; };';
    const find = `
      const names = (h) => Object.keys(h.counters.nonZero());
      let N = 0;
      for (; ; N++) {
        const before = w.hosts[1].counters.n[N];
        w.hosts[1].counters.n[N] = before + 1;
        const is = names(w.hosts[1]).includes('nic.rxAuthFail');
        w.hosts[1].counters.n[N] = before;
        if (is) break;
      }`;
    const file = script(
      'liar.js',
      `world: { nic: 'model' }, run: async (w, p) => { ${find} ${liar} await w.flow(0, p); }`,
    );
    const r = json(file);
    expect(r.status).toBe(1);
    expect(r.violations[0].text).toMatch(/5 ESP packets were refused by their ICV/);
  });
});

describe('tagwire run: a full disk', () => {
  it.for([
    ['a capture', ['--packets', '500']],
    ['a waveform', ['--packets', '5', '--waves', 'fst']],
  ] as const)('%s that finds no room ends with 5 and names the place', ([, args], context) => {
    const tiny = temporaryDir('full');
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', tiny]).status !== 0) {
      context.skip('a full disk takes the right to mount a small tmpfs');
    }
    try {
      const r = tagwire(['run', ...args, '--out', tiny]);
      expect(r.status, r.stderr).toBe(5);
      expect(r.stderr).toContain(tiny);
    } finally {
      spawnSync('umount', [tiny]);
    }
  });
});

describe('tagwire run: Ctrl-C', () => {
  it('ends with 130 and leaves a capture that can be read', async () => {
    const dir = temporaryDir('interrupt');
    const endless = ['--packets', '100000000', '--out', dir, '--json'];
    const child = startTagwire(['run', '--nic', 'model', ...endless]);
    let said = '';
    let printed = '';
    child.stdout.on('data', (text) => {
      printed += text;
    });
    child.stderr.on('data', (text) => {
      said += text;
    });
    await new Promise((resolve) => setTimeout(resolve, 4000));
    child.kill('SIGINT');
    const status = await new Promise((resolve) => child.on('exit', resolve));
    expect(status).toBe(130);
    expect(said).toMatch(/interrupted/);
    expect(JSON.parse(printed)).toEqual({ error: 'interrupted', exitCode: 130 });
    expect([...readCapture(join(dir, 'wire.pcapng'))].length).toBeGreaterThan(10);
  });
});

describe('tagwire run: what it prints', () => {
  it('--json prints one object with every field, and nothing else', () => {
    const dir = temporaryDir('json');
    const r = tagwire(['run', '--nic', 'model', '--packets', '20', '--json', '--out', dir]);
    expect(r.status).toBe(0);
    const report = JSON.parse(r.stdout);
    expect(Object.keys(report)).toEqual(
      'scenario seed digest packets compared mismatches plaintextLeaks tags rtl time ffi notOffloaded notes drops violations artefacts'.split(
        ' ',
      ),
    );
    expect(readFileSync(report.artefacts.espSa, 'utf8')).toMatch(/AES-GCM with 16 octet ICV/);
    expect([...readCapture(report.artefacts.capture)]).toHaveLength(20);
  });

  it('keys are in no output but the esp_sa file', () => {
    const dir = temporaryDir('keys');
    const r = tagwire(['run', '--nic', 'model', '--packets', '5', '--out', dir]);
    const keys = readFileSync(join(dir, 'esp_sa'), 'utf8').match(/0x[0-9a-f]{40}/g)!;
    expect(keys).toHaveLength(2);
    for (const key of keys) expect(r.stdout + r.stderr).not.toContain(key.slice(2, 34));
  });
});
