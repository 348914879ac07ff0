// SPDX-License-Identifier: BSD-2-Clause
// JSON Schema of profile.json; profile_report.ts has the same for people. It is written beside each
// profile.json as profile.schema.json.
import { PROFILE_VERSION } from './profile_report.ts';

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: 'string' };
const count: Schema = { type: 'integer', minimum: 0 };
const number: Schema = { type: 'number' };
const least0: Schema = { type: 'number', minimum: 0 };
const orNull = (of: string): Schema => ({ type: [of, 'null'] });
const list = (items: Schema): Schema => ({ type: 'array', items });
const byName = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });
const ref = (name: string): Schema => ({ $ref: `#/$defs/${name}` });

/** Every property is required, and nothing else may be there. */
const object = (properties: Readonly<Record<string, Schema>>, optional: string[] = []): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

const DESIGN = {
  allocs: least0,
  frees: least0,
  bytes: least0,
  steps: least0,
  handoverAllocs: least0,
  saHolds: least0,
  saReleases: least0,
  inserts: least0,
  deletes: least0,
};

export const PROFILE_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: `tagwire profile.json, version ${PROFILE_VERSION}`,
  $defs: {
    figure: object({
      p50: number,
      p90: number,
      p99: number,
      low95: orNull('number'),
      high95: orNull('number'),
      rounds: list(number),
    }),
    quantiles: object({ p50: least0, p90: least0, p99: least0 }),
    direction: object({
      ...DESIGN,
      tagNs: ref('figure'),
      hostNs: ref('figure'),
      tagShare: ref('figure'),
      heapBytes: number,
      gcNs: least0,
      stages: byName(ref('figure')),
    }),
    cosim: object({
      sizeBytes: count,
      sent: count,
      offloaded: count,
      splitNs: object({ rtl: least0, ffi: least0, stack: least0, other: least0 }),
      ffiCalls: least0,
      ffiNs: least0,
      rtl: {
        oneOf: [
          { type: 'null' },
          object({
            cyclesPerPacket: least0,
            dmaReadBeats: least0,
            dmaWriteBeats: least0,
            stages: byName(ref('quantiles')),
          }),
        ],
      },
    }),
    workload: {
      type: 'object',
      properties: { sizeBytes: count },
      required: ['sizeBytes'],
      additionalProperties: { type: ['string', 'number', 'boolean'] },
    },
    realSystem: object(
      {
        system: text,
        txAllocs: least0,
        txBytes: text,
        rxAllocs: least0,
        rxBytes: text,
        note: text,
      },
      ['note'],
    ),
  },
  ...object({
    schema: { const: 'tagwire-profile' },
    version: { const: PROFILE_VERSION },
    scenario: text,
    quick: { type: 'boolean' },
    manifest: object({
      tagwire: text,
      commit: orNull('string'),
      seed: count,
      startedAt: text,
      seconds: least0,
      machine: object({
        cpu: text,
        cores: count,
        memoryBytes: count,
        platform: text,
        loadBefore: least0,
        loadAfter: least0,
      }),
      versions: byName(text),
      calibrationNs: list(least0),
    }),
    method: object({
      rounds: count,
      packetsPerBatch: count,
      batchesPerRound: count,
      warmUpBatches: count,
      timerNs: least0,
      notes: list(text),
    }),
    figures: object({ design: list(text), implementation: list(text) }),
    base: ref('workload'),
    strategies: {
      type: 'array',
      minItems: 1,
      items: object({
        name: text,
        origin: text,
        file: orNull('string'),
        hazards: list(text),
        realSystems: list(ref('realSystem')),
        rank: object({ tx: count, rx: count }),
        tx: ref('direction'),
        rx: ref('direction'),
        cosim: list(ref('cosim')),
      }),
    },
    comparisons: list(
      object({
        direction: { enum: ['tx', 'rx'] },
        metric: { enum: ['tagNs', 'hostNs'] },
        a: text,
        b: text,
        ratio: number,
        low95: orNull('number'),
        high95: orNull('number'),
        verdict: { enum: ['less', 'more', 'no difference'] },
        note: text,
      }),
    ),
    workloads: list(
      object({
        name: text,
        workload: ref('workload'),
        strategy: text,
        tx: ref('direction'),
        rx: ref('direction'),
      }),
    ),
  }),
};
