// SPDX-License-Identifier: BSD-2-Clause
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import * as tagwire from '../../src/index.ts';

const scratch = mkdtempSync(join(tmpdir(), 'tagwire-api-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const linux = 'test/data/linux-esp/02-gcm256-tunnel-v4';

it('a script replays a capture, and reads what came of it', async () => {
  const sim = await tagwire.openLoneCard({ nic: 'model' });
  const capture = `${linux}.pcap`;
  const report = await tagwire.replay({ capture, sa: `${linux}.conf`, out: scratch, sim });
  sim.close();
  expect(report).toMatchObject({ esp: 66, decrypted: 66, offloaded: 66 });
  expect([...tagwire.readCapture(report.artefacts.decrypted)]).toHaveLength(66);
});
