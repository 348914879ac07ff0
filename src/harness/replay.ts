// SPDX-License-Identifier: BSD-2-Clause
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SimWorld } from '../dev/nic/nic_bus.ts';
import type { Frame } from '../header/capture.ts';
import { asEthernet } from '../header/link_type.ts';
import { readCapture } from '../header/pcap.ts';
import { LINKTYPE_RAW, PcapngWriter } from '../header/pcapng.ts';
import { applySetkey, parseSetkey, type SetkeyFile, setkeyNotes } from '../netipsec/setkey.ts';
import { Spd } from '../netipsec/spd.ts';
import { ReplayCard } from './replay_card.ts';
import type { ReplayFigures } from './replay_input.ts';

export interface ReplayOptions {
  /** pcap or pcapng, of a link type that header/link_type.ts knows. */
  readonly capture: string;
  /** setkey(8) file; each of its SAs is one to receive with. */
  readonly sa: string;
  /** An existing directory for decrypted.pcapng. */
  readonly out: string;
  /** A one-card world made with loneConfig(), or null: node:crypto does it all. */
  readonly sim: SimWorld | null;
  readonly onProgress?: (frames: number) => void;
  /** Ends the replay early, with the file closed. */
  readonly signal?: AbortSignal;
}

export interface ReplayReport extends ReplayFigures {
  /** ESP packets that the card decrypted. */
  readonly offloaded: number;
  readonly notOffloadedReasons: readonly { readonly reason: string; readonly count: number }[];
  /** What the setkey(8) file asks for and does not get, or says against itself. */
  readonly notes: readonly string[];
  readonly cycles: number;
  readonly artefacts: { readonly decrypted: string };
}

/** Frames between two looks at signals. */
const YIELD_FRAMES = 64;

/**
 * Feeds a capture to a card and writes what was inside its ESP packets. Throws CaptureError,
 * SetkeyError, CaptureWriteError, BusError, and the errors of node:fs; what was decrypted until then
 * is in the file.
 */
export async function replay(options: ReplayOptions): Promise<ReplayReport> {
  const { sim } = options;
  const statements = parseSetkey(readFileSync(options.sa, 'utf8'), options.sa);
  const path = join(options.out, 'decrypted.pcapng');
  const fd = openSync(path, 'w');
  try {
    const writer = new PcapngWriter(fd, path);
    const out = writer.addInterface('decrypted', LINKTYPE_RAW);
    const card = new ReplayCard(sim);
    const { input } = card;
    // Policies are about what a host sends and lets in; here every packet is let in.
    applySetkey({ sadb: input.ipsec.sadb, spd: new Spd() }, forReceiving(statements));
    input.holdBackEsn();
    card.ready();
    input.onDecrypted = (data, at, lenBytes) =>
      writer.packetAt(out, card.timeNs, data, at, lenBytes);
    try {
      await feed(options, card);
    } finally {
      writer.flush();
    }
    const offloaded = input.ipsec.sadb.list().reduce((sum, sa) => sum + sa.hwPackets, 0);
    card.finish();
    return {
      ...input.figures,
      offloaded,
      notOffloadedReasons: input.reasons(),
      notes: setkeyNotes(statements),
      cycles: sim?.cycle ?? 0,
      artefacts: { decrypted: path },
    };
  } finally {
    closeSync(fd);
  }
}

/**
 * SAs as a capture wants them: their lifetime was the ends' to watch, and UDP encapsulation is taken
 * off wherever it is.
 */
function forReceiving(file: SetkeyFile): SetkeyFile {
  const statements = file.statements.map((s) => {
    if (s.op !== 'add') return s;
    const { lifetime: _lifetime, natt: _natt, ...sa } = s.sa;
    return { ...s, sa };
  });
  return { ...file, statements };
}

async function feed(options: ReplayOptions, card: ReplayCard): Promise<void> {
  let frames = 0;
  for (const frame of framesOf(options.capture, card)) {
    const bytes = asEthernet(frame.bytes, frame.linkType);
    card.feed(bytes, frame.bytes.length < frame.originalLen, frame.timeNs);
    if (++frames % YIELD_FRAMES !== 0) continue;
    options.onProgress?.(frames);
    await new Promise((resolve) => setImmediate(resolve));
    if (options.signal?.aborted) break;
  }
  card.drain();
  options.onProgress?.(frames);
}

/** Frames of the capture; when it breaks off, the card finishes those that it has. */
function* framesOf(capture: string, card: ReplayCard): Generator<Frame> {
  try {
    yield* readCapture(capture);
  } catch (error) {
    card.drain();
    throw error;
  }
}
