// SPDX-License-Identifier: BSD-2-Clause
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

describe('tagwire run: Ctrl-C', () => {
  it('ends with 130 and leaves a capture that can be read', async () => {
    const dir = temporaryDir('interrupt');
    const child = startTagwire(['run', '--nic', 'model', '--packets', '100000000', '--out', dir]);
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    await new Promise((resolve) => setTimeout(resolve, 4000));
    child.kill('SIGINT');
    const status = await new Promise((resolve) => child.on('exit', resolve));
    expect(status).toBe(130);
    expect(said).toMatch(/interrupted/);
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
      'scenario seed digest packets compared mismatches plaintextLeaks tags rtl time ffi notOffloaded drops violations artefacts'.split(
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
