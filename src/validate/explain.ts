// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readCapture } from '../header/pcap.ts';
import { CYCLES_PER_SECOND } from '../kern/clock.ts';
import { packetText } from '../report/packet_text.ts';
import type { CaseResult } from '../report/validate_results.ts';
import type { Case } from './case.ts';
import { runCase } from './run_case.ts';
import type { Instance } from './select.ts';
import type { Settings } from './settings.ts';

/** Folder, in that of the run, of what failures leave. */
export const FAILURES = 'failures';

const NS_PER_CYCLE = 1_000_000_000 / CYCLES_PER_SECOND;

/**
 * A case that has failed runs again under the same seed, with its capture written into a folder of
 * its own; the packet that is wrong is decoded. One that passes this time says so: it does not follow
 * from its seed alone.
 */
export async function explain(
  c: Case,
  instance: Instance,
  settings: Settings,
  result: CaseResult,
): Promise<CaseResult> {
  if (result.status !== 'failed') return result;
  const dir = join(settings.out, FAILURES, instance.id.replaceAll(/[^\w.@-]+/g, '_'));
  mkdirSync(dir, { recursive: true });
  const again = await runCase(c, instance, settings, dir);
  const { artefacts } = again;
  const packet = wrongPacket(again);
  const explained = { ...result, artefacts, ...(packet.length === 0 ? {} : { packet }) };
  if (again.status === 'failed') return explained;
  return { ...explained, reason: `${result.reason} (it passed when it was run again)` };
}

/** The frame that the failure names, or the last one before it. */
function wrongPacket({ artefacts, frame, cycle }: CaseResult): string[] {
  const path = artefacts.capture;
  if (path === undefined || !existsSync(path)) return [];
  const frames = [...readCapture(path)];
  const isBefore = (timeNs: bigint): boolean =>
    cycle === undefined || Number(timeNs) <= cycle * NS_PER_CYCLE;
  const number = frame ?? frames.findLastIndex(({ timeNs }) => isBefore(timeNs)) + 1;
  const found = frames[number - 1];
  if (found === undefined) return [];
  const which = frame === undefined ? 'the last one before the failure' : 'the one that is wrong';
  const at = Math.round(Number(found.timeNs) / NS_PER_CYCLE);
  return [`frame ${number} of ${frames.length}, cycle ${at}: ${which}`, ...packetText(found.bytes)];
}
