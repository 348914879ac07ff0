// SPDX-License-Identifier: BSD-2-Clause
import { beforeAll, describe, expect, test } from 'vitest';
import { buildGcmLibrary, GcmEngine } from './gcm_engine.ts';
import { makeCase, random } from './gcm_messages.ts';

let library: string;
beforeAll(async () => {
  library = await buildGcmLibrary('tagwire_gcm_mute', { sources: ['test/rtl/gcm_mute.sv'] });
});

const message = (textBytes: number) =>
  makeCase({ keyBytes: 16, aadBytes: 8, textBytes, direction: 'encrypt' }, random(1)).message;

describe('an engine that fails', () => {
  test('its $fatal comes back as an error with text and cycle, now and ever after', () => {
    const engine = new GcmEngine(library);
    expect(() => engine.run([message(13)])).toThrow(/^cycle 0: .*gcm_mute\.sv.*thirteen/s);
    expect(() => engine.run([message(12)])).toThrow(/thirteen/);
    expect(() => engine.idle(1)).toThrow(/thirteen/);
    engine.close();
  });

  test('its silence comes back as an error', () => {
    const engine = new GcmEngine(library);
    expect(() => engine.run([message(12)])).toThrow(/^cycle \d+: no progress at message 0$/);
    engine.close();
  });
});
