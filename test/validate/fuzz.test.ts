// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judge } from '../../src/validate/fuzz/fuzz.ts';
import {
  FUZZ_SCHEMA,
  type FuzzCase,
  FuzzFileError,
  isLossless,
  packetsOf,
  readFuzzFile,
} from '../../src/validate/fuzz/fuzz_case.ts';
import { generate } from '../../src/validate/fuzz/generate.ts';
import { play } from '../../src/validate/fuzz/play.ts';
import { shrink } from '../../src/validate/fuzz/shrink.ts';
import { tagwire } from '../lib/cli.ts';

const dir = mkdtempSync(join(tmpdir(), 'tagwire-fuzz-'));

const quiet: FuzzCase = {
  schema: FUZZ_SCHEMA,
  seed: 5,
  world: { seed: 5, mode: 'transport', mtu: 1500, wire: {}, memory: {} },
  size: 200,
  events: [
    { do: 'send', from: 0, packets: 5 },
    { do: 'rekey', from: 0 },
    { do: 'again', host: 1, nth: 2 },
    { do: 'send', from: 1, packets: 3 },
    { do: 'send', from: 0, packets: 2 },
  ],
};

describe('a fuzz case', () => {
  it('follows from its seed alone, and plays the same every time', async () => {
    expect(generate(8)).toEqual(generate(8));
    expect(generate(9)).not.toEqual(generate(8));
    const [one, two] = [await play(quiet, 'model'), await play(quiet, 'model')];
    expect(one).toMatchObject({ reason: '', sent: 10, delivered: [7, 3] });
    expect(two.digest).toBe(one.digest);
  });

  it('model and software agree where nothing is lost', async () => {
    expect(isLossless(quiet)).toBe(true);
    expect(await judge(quiet, ['model', 'software'])).toBe('');
    expect(await judge(quiet, ['rtl', 'model'])).toBe('');
  }, 300_000);

  it('what is lost without a reason is found: here there is no SA to send under', async () => {
    const policy = (d: string) =>
      `spdadd 10.0.0.1 10.0.0.2 udp -P ${d} ipsec esp/transport//require;\n`;
    const setkey = [policy('out'), policy('in')] as const;
    const reason = await judge({ ...quiet, world: { ...quiet.world, setkey } }, ['model']);
    expect(reason).toMatch(/^model: .*(lost|missing)/);
  });
});

describe('shrinking', () => {
  it('leaves the events, packets and faults without which it does not fail', async () => {
    const one = generate(3);
    const big: FuzzCase = {
      ...one,
      events: [
        ...one.events,
        { do: 'noTag', host: 1, times: 5 },
        ...one.events,
        { do: 'send', from: 0, packets: 16 },
      ],
    };
    let tries = 0;
    const small = await shrink(big, async ({ events }) => {
      tries++;
      const at = events.findIndex((e) => e.do === 'noTag' && e.times >= 2);
      return at >= 0 && events.slice(at).some((e) => e.do === 'send' && e.from === 0);
    });
    expect(small.events).toEqual([
      { do: 'noTag', host: 1, times: 2 },
      { do: 'send', from: 0, packets: 1 },
    ]);
    expect(packetsOf(small)).toBe(1);
    expect(tries).toBeLessThanOrEqual(200);
  });
});

describe('tagwire fuzz', () => {
  it('worlds of a seed on model and software: nothing is found', () => {
    const r = tagwire(['fuzz', '--nic', 'model', '--packets', '150', '--json', '--out', dir]);
    expect(r.stderr).toBe('');
    expect(JSON.parse(r.stdout)).toMatchObject({ seed: 1, finds: [] });
    expect(r.status).toBe(0);
  });

  it('replays a file of a corpus', () => {
    const file = join(dir, 'quiet.json');
    writeFileSync(file, JSON.stringify(quiet));
    expect(readFuzzFile(file)).toEqual(quiet);
    expect(readFileSync(file, 'utf8')).toContain(FUZZ_SCHEMA);
    const r = tagwire(['fuzz', file, '--nic', 'model', '--json', '--out', dir]);
    expect(JSON.parse(r.stdout)).toMatchObject({ seed: 5, passed: true });
    expect(r.status).toBe(0);
  });

  it.each([
    ['nowhere.json', undefined, /no such file/],
    ['text.json', 'hello', /JSON/],
    [
      'old.json',
      JSON.stringify({ ...quiet, schema: 'tagwire-fuzz/0' }),
      /'tagwire-fuzz\/1'.*'tagwire-fuzz\/0'/,
    ],
    ['half.json', JSON.stringify({ schema: FUZZ_SCHEMA }), /expected a seed and events/],
  ])('%s is refused with exit code 2', (name, text, message) => {
    const file = join(dir, name);
    if (text !== undefined) writeFileSync(file, text);
    expect(() => readFuzzFile(file)).toThrow(FuzzFileError);
    const r = tagwire(['fuzz', file, '--nic', 'model']);
    expect(r.stderr).toMatch(message);
    expect(r.status).toBe(2);
  });
});
