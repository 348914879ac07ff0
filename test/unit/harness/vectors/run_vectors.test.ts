// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../../../src/harness/vectors/engine.ts';
import { readVectors } from '../../../../src/harness/vectors/read_vectors.ts';
import { runVectors } from '../../../../src/harness/vectors/run_vectors.ts';
import { SoftwareEngine } from '../../../../src/harness/vectors/software_engine.ts';
import type { VectorFile } from '../../../../src/harness/vectors/vector_case.ts';
import { WYCHEPROOF } from './samples.ts';

function sample(): VectorFile {
  const path = join(mkdtempSync(join(tmpdir(), 'tagwire-vectors-')), 'sample.json');
  writeFileSync(path, JSON.stringify(WYCHEPROOF));
  return readVectors(path);
}

/** An engine that spoils what it did. */
function broken(spoil: (m: Message) => void): SoftwareEngine {
  const engine = new SoftwareEngine();
  const run = engine.run.bind(engine);
  engine.run = (messages) => {
    run(messages);
    for (const m of messages) spoil(m);
  };
  return engine;
}

function reasons(spoil: (m: Message) => void): string[] {
  return runVectors(sample(), broken(spoil)).failures.map((f) => `${f.id}: ${f.reason}`);
}

describe('running vectors', () => {
  it('counts what passed', () => {
    expect(runVectors(sample(), new SoftwareEngine())).toMatchObject({
      total: 2,
      run: 2,
      passed: 2,
      failed: 0,
      skipped: 0,
    });
  });

  it('fails a ciphertext, a tag or a plaintext that is wrong in one byte', () => {
    const flip = (want: boolean, where: 'out' | 'tag') => (m: Message) => {
      if (m.decrypt === want && !m.refused) m[where][m[where].length - 1]! ^= 1;
    };
    expect(reasons(flip(false, 'out'))).toEqual([
      'tcId 1: ciphertext differs from byte 15 of 16 on',
    ]);
    expect(reasons(flip(false, 'tag'))).toEqual(['tcId 1: tag differs from byte 15 of 16 on']);
    expect(reasons(flip(true, 'out'))).toEqual(['tcId 1: plaintext differs from byte 15 of 16 on']);
  });

  it('fails an engine that refuses the right tag, or accepts a wrong one', () => {
    const refuse = (m: Message): void => {
      m.refused = m.decrypt;
      if (m.decrypt) m.out.fill(0xa5);
    };
    expect(reasons(refuse)).toEqual(['tcId 1: the right tag was refused']);
    const accept = (m: Message): void => {
      m.refused = false;
    };
    expect(reasons(accept)).toEqual([
      'tcId 1: a wrong tag was accepted',
      'tcId 2: a wrong tag was accepted',
    ]);
  });

  it('fails an engine that releases plaintext before it refuses', () => {
    const release = (m: Message): void => {
      if (m.refused) m.out[3] = 1;
    };
    expect(reasons(release)).toHaveLength(2);
    expect(reasons(release)[0]).toContain('plaintext was released');
  });

  it('skips what an engine cannot do, with the reason', () => {
    const engine = new SoftwareEngine();
    engine.cannot = (c) => (c.result === 'valid' ? 'not today' : '');
    expect(runVectors(sample(), engine)).toMatchObject({
      run: 1,
      skipped: 1,
      skips: [{ id: 'tcId 1', reason: 'not today' }],
    });
  });
});
