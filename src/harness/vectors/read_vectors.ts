// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { readCavp } from './cavp.ts';
import { readEspPackets } from './esp_packets.ts';
import { isObject, parseJson, type VectorFile, VectorsError } from './vector_case.ts';
import { readWycheproof } from './wycheproof.ts';

const EXPECTED = 'Wycheproof JSON, CAVP .rsp or ESP packets in JSON were expected';

/** Reads a vectors file, of whichever kind its content shows. Throws VectorsError. */
export function readVectors(file: string): VectorFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new VectorsError(file, 0, `cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (/^\s*$/.test(text)) throw new VectorsError(file, 1, `the file is empty: ${EXPECTED}`);
  if (/^\s*(\{|\[\s*[{\]"\d])/.test(text)) {
    const json = parseJson(file, text);
    if (Array.isArray(json)) return readEspPackets(file, text, json);
    if (isObject(json)) return readWycheproof(file, text, json);
  }
  if (!/^\s*(#|\[\s*\w+\s*=)/.test(text)) throw new VectorsError(file, 1, EXPECTED);
  return readCavp(file, text);
}
