// SPDX-License-Identifier: BSD-2-Clause
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linesOfFrame } from '../harness/timeline.ts';
import type { WavesWindow } from '../harness/waves_window.ts';
import { readCapture } from '../header/pcap.ts';
import { CYCLES_PER_SECOND } from '../kern/clock.ts';
import { packetText } from '../report/packet_text.ts';
import type { CaseResult } from '../report/validate_results.ts';
import type { Case } from './case.ts';
import { reproOf } from './repro.ts';
import { runCase } from './run_case.ts';
import type { Instance } from './select.ts';
import type { Settings } from './settings.ts';

/** Folder, in that of the run, of what failures leave. */
export const FAILURES = 'failures';

const NS_PER_CYCLE = 1_000_000_000 / CYCLES_PER_SECOND;
/** Of a waveform: what led to the failure, and a little more. */
const BEFORE_CYCLES = 20_000;
const AFTER_CYCLES = 2_000;
/** Waveforms of a run: each is some megabytes, and the reader begins with the first. */
const MAX_WAVES = 5;

/**
 * A case that has failed runs again under the same seed, and leaves in a folder of its own: the
 * capture, of which the packet that is wrong is decoded, a timeline that joins frames, descriptors, tags and log by packet, of the RTL a waveform
 * round the failing cycle, and repro.json. One that passes this time says so: it does not follow from
 * its seed alone.
 */
export async function explain(
  c: Case,
  instance: Instance,
  settings: Settings,
  result: CaseResult,
): Promise<CaseResult> {
  if (result.status !== 'failed' || settings.explains === false) return result;
  const failures = join(settings.out, FAILURES);
  const dir = join(failures, instance.id.replaceAll(/[^\w.@-]+/g, '_'));
  mkdirSync(dir, { recursive: true });
  const repro = join(dir, 'repro.json');
  writeFileSync(repro, `${JSON.stringify(reproOf(instance, settings, result), null, 2)}\n`);
  const again = await runCase(c, instance, settings, { dir, window: window(result, settings) });
  const written = Object.entries(again.artefacts).filter(([, path]) => existsSync(path));
  const artefacts = { repro, ...Object.fromEntries(written) };
  const { timeline } = artefacts as Readonly<Record<string, string>>;
  const way =
    timeline === undefined ? [] : linesOfFrame(readFileSync(timeline, 'utf8'), again.frame);
  const packet = [...wrongPacket({ ...again, artefacts }), ...way];
  const explained = { ...result, artefacts, ...(packet.length === 0 ? {} : { packet }) };
  if (again.status === 'failed') return explained;
  return { ...explained, reason: `${result.reason} (it passed when it was run again)` };
}

/** The cycles round the failure; null: no waveform, because the card is a model or there are enough. */
function window({ cycle }: CaseResult, { nic, out }: Settings): WavesWindow | null {
  if (nic !== 'rtl' || cycle === undefined) return null;
  const failures = join(out, FAILURES);
  const written = readdirSync(failures).filter((id) => existsSync(join(failures, id, 'waves.fst')));
  if (written.length >= MAX_WAVES) return null;
  return { fromCycle: Math.max(0, cycle - BEFORE_CYCLES), toCycle: cycle + AFTER_CYCLES };
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
