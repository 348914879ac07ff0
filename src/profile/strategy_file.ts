// SPDX-License-Identifier: BSD-2-Clause
import { existsSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { loadScript } from '../harness/load_script.ts';
import { MTagPool } from '../kern/m_tag.ts';
import { MbufPool } from '../kern/mbuf.ts';
import type { Carrier } from '../netipsec/pact.ts';
import type { Strategy } from './strategy.ts';

/** The methods that pact.ts asks of a carrier. */
const METHODS = [
  'request',
  'handOver',
  'take',
  'done',
  'report',
  'read',
  'accept',
  'applied',
  'accepted',
] as const satisfies readonly (keyof Carrier)[];

/** A strategy file that cannot be used, and why. */
export class StrategyError extends Error {
  override readonly name = 'StrategyError';
}

/**
 * A strategy of the user's own: a script whose default export makes a carrier, and which may export
 * `hazards`, an array of strings. Throws StrategyError.
 */
export async function loadStrategyFile(file: string): Promise<Strategy> {
  const path = resolve(file);
  if (!existsSync(path)) throw new StrategyError(`strategy file '${file}' does not exist`);
  const module = await load(path, file);
  const newCarrier = module.default;
  if (typeof newCarrier !== 'function') {
    throw new StrategyError(
      `'${file}': expected a default export (mbufs: MbufPool) => Carrier, got ${typeof newCarrier}`,
    );
  }
  const make = newCarrier as (mbufs: MbufPool) => Carrier;
  check(make, file);
  const hazards = Array.isArray(module.hazards) ? module.hazards.map(String) : [];
  const name = basename(file, extname(file));
  return { name, origin: file, offload: true, newCarrier: make, fieldBytes: 0, hazards };
}

/** Makes one carrier on a pool of its own, and looks whether it is one. */
function check(make: (mbufs: MbufPool) => Carrier, file: string): void {
  const config = { baseBytes: 0, sizeBytes: 1 << 16, frameBytes: 1514, jumboCount: 0 };
  const mbufs = new MbufPool(new Uint8Array(1 << 16), new MTagPool(16), config);
  let carrier: Partial<Record<string, unknown>>;
  try {
    carrier = make(mbufs) as unknown as Partial<Record<string, unknown>>;
  } catch (error) {
    throw new StrategyError(`'${file}': its carrier cannot be made: ${textOf(error)}`);
  }
  if (typeof carrier !== 'object' || carrier === null)
    throw new StrategyError(`'${file}': expected a Carrier, got ${typeof carrier}`);
  const missing = METHODS.filter((m) => typeof carrier[m] !== 'function');
  if (missing.length > 0) {
    throw new StrategyError(
      `'${file}': its carrier has no method ${missing.map((m) => `${m}()`).join(', ')}; ` +
        `expected the interface Carrier of src/netipsec/pact.ts`,
    );
  }
}

async function load(path: string, file: string): Promise<Record<string, unknown>> {
  try {
    return await loadScript(path);
  } catch (error) {
    throw new StrategyError(`'${file}' cannot be loaded: ${textOf(error)}`);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
