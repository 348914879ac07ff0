// SPDX-License-Identifier: BSD-2-Clause
import {
  type Carrier,
  NO_REQUEST,
  newOffloadRequest,
  type OffloadRequest,
  REQ_CARD_SA,
  REQ_DST,
  REQ_ESN_HI,
  REQ_ESP,
  REQ_ESP_OFFSET_MASK,
  REQ_GENERATION,
  REQ_IF_INDEX,
  REQ_PACKET,
  REQ_PROTO,
  REQ_SA_HANDLE,
  REQ_SPI,
} from './pact.ts';

/** A request, unpacked: for tests and for people, since it is garbage. */
export interface RequestFields {
  spi: number;
  proto: number;
  family: number;
  saHandle: number;
  generation: number;
  ifIndex: number;
  espOffset: number;
  trailerLen: number;
  /** Packet offload: next header of ESP; else -1. */
  next: number;
  esnHi: number;
  cardSa: number;
  dst0: number;
  dst1: number;
  dst2: number;
  dst3: number;
}

const NOTHING: RequestFields = {
  ...{ spi: 0, proto: 50, family: 4, saHandle: -1, generation: 0, ifIndex: -1, espOffset: 0 },
  ...{ trailerLen: 0, next: -1, esnHi: 0, cardSa: -1, dst0: 0, dst1: 0, dst2: 0, dst3: 0 },
};

export function requestOf(fields: Partial<RequestFields> = {}): OffloadRequest {
  const f = { ...NOTHING, ...fields };
  const r = newOffloadRequest();
  r[REQ_SPI] = f.spi;
  r[REQ_PROTO] = f.proto | (f.family << 8);
  r[REQ_SA_HANDLE] = f.saHandle;
  r[REQ_GENERATION] = f.generation;
  r[REQ_IF_INDEX] = f.ifIndex;
  r[REQ_ESP] =
    f.next < 0 ? f.espOffset | (f.trailerLen << 16) : f.espOffset | REQ_PACKET | (f.next << 16);
  r[REQ_ESN_HI] = f.esnHi;
  r[REQ_CARD_SA] = f.cardSa;
  r.set([f.dst0, f.dst1, f.dst2, f.dst3], REQ_DST);
  return r;
}

/** What a carrier answered, read where it said. */
export function fieldsAt({ words }: Pick<Carrier, 'words'>, at: number): RequestFields {
  if (at === NO_REQUEST) throw new Error('there is no such request');
  const word = (i: number): number => words[at + i]!;
  const family = (word(REQ_PROTO) >>> 8) & 0xff;
  const isPacket = (word(REQ_ESP) & REQ_PACKET) !== 0;
  const rest = (i: number): number => (family === 4 ? 0 : word(REQ_DST + i));
  return {
    spi: word(REQ_SPI),
    proto: word(REQ_PROTO) & 0xff,
    family,
    saHandle: word(REQ_SA_HANDLE) | 0,
    generation: word(REQ_GENERATION),
    ifIndex: word(REQ_IF_INDEX) | 0,
    espOffset: word(REQ_ESP) & REQ_ESP_OFFSET_MASK,
    trailerLen: isPacket ? 0 : word(REQ_ESP) >>> 16,
    next: isPacket ? word(REQ_ESP) >>> 16 : -1,
    esnHi: word(REQ_ESN_HI),
    cardSa: word(REQ_CARD_SA) | 0,
    dst0: word(REQ_DST),
    dst1: rest(1),
    dst2: rest(2),
    dst3: rest(3),
  };
}

/** All that applied() or accepted() list. */
export function listOf(carrier: Carrier, ask: (i: number) => number): RequestFields[] {
  const all: RequestFields[] = [];
  for (let at = ask(0); at !== NO_REQUEST; at = ask(all.length)) all.push(fieldsAt(carrier, at));
  return all;
}
