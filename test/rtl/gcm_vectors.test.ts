// SPDX-License-Identifier: BSD-2-Clause
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LANES } from '../../src/harness/library.ts';
import { vectorFile } from '../lib/vector_file.ts';
import { GcmEngine, gcmLibrary } from './gcm_engine.ts';
import { expectCases } from './gcm_messages.ts';
import { VECTOR_FILES } from './gcm_vector_files.ts';

describe.each(LANES)('lanes: %i', (lanes) => {
  let engine: GcmEngine;
  beforeAll(async () => {
    engine = new GcmEngine(await gcmLibrary(lanes));
  }, 600_000);
  afterAll(() => engine?.close());

  for (const { name, source, total, refused, cases } of VECTOR_FILES) {
    test(`${source}, ${name}: all ${total} cases that suit, ${refused} refused`, (context) => {
      const all = cases(vectorFile(name, context));
      const oneEach = all.filter(({ message }) => name.endsWith('.rsp') || message.decrypt);
      expect([oneEach.length, all.filter((c) => !c.ok).length]).toEqual([total, refused]);
      expectCases(engine, all);
    });
  }
});
