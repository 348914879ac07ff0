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
/** What a figure is, where its name does not say so: units first. */
const meaning = (of: Schema, description: string): Schema => ({ ...of, description });

/** Every property is required, and nothing else may be there. */
const object = (properties: Readonly<Record<string, Schema>>, optional: string[] = []): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

const DESIGN = {
  allocs: meaning(least0, 'tags or objects taken from a pool, per packet'),
  frees: meaning(least0, 'tags or objects given back, per packet'),
  bytes: meaning(least0, 'bytes that carry the request, per packet'),
  steps: meaning(least0, 'tags, objects or table slots looked at, per packet'),
  handoverAllocs: meaning(
    least0,
    "allocations between ipsec's request and the driver's descriptor",
  ),
  saHolds: meaning(least0, 'references to SAs taken, per packet'),
  saReleases: meaning(least0, 'references to SAs given back, per packet'),
  inserts: meaning(least0, 'entries put into a table, per packet'),
  deletes: meaning(least0, 'entries taken out of a table, per packet'),
};

export const PROFILE_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: `tagwire profile.json, version ${PROFILE_VERSION}`,
  $defs: {
    figure: object({
      p50: meaning(number, 'of all whole batches of all rounds, each the mean of its packets'),
      p90: number,
      p99: number,
      low95: meaning(orNull('number'), 'bound of the median; null with fewer than six rounds'),
      high95: orNull('number'),
      rounds: meaning(list(number), 'the quickest batch of each round'),
    }),
    quantiles: object({ p50: least0, p90: least0, p99: least0 }),
    direction: object({
      ...DESIGN,
      tagNs: meaning(ref('figure'), 'CPU nanoseconds of tag work per packet'),
      hostNs: meaning(ref('figure'), 'CPU nanoseconds of the whole host side per packet'),
      tagShare: meaning(ref('figure'), 'tagNs as a part of hostNs, 0 to 1'),
      heapBytes: meaning(number, 'bytes left to the garbage collector per packet, steady state'),
      gcNs: meaning(least0, 'nanoseconds of garbage collection per packet'),
      stages: meaning(byName(ref('figure')), 'CPU nanoseconds per packet in each stage'),
    }),
    cosim: object({
      sizeBytes: meaning(count, 'UDP payload'),
      sent: meaning(count, 'ESP packets'),
      offloaded: meaning(count, 'those that a card encrypted'),
      splitNs: meaning(
        object({ rtl: least0, ffi: least0, stack: least0, other: least0 }),
        'wall nanoseconds per packet',
      ),
      ffiCalls: meaning(least0, 'calls into native code per packet'),
      ffiNs: meaning(least0, 'wall nanoseconds in them per packet, outside the model'),
      rtl: {
        oneOf: [
          { type: 'null' },
          object({
            cyclesPerPacket: meaning(least0, 'from one frame on the wire to the next'),
            dmaReadBeats: meaning(least0, 'per packet, both cards together'),
            dmaWriteBeats: meaning(least0, 'per packet, both cards together'),
            stages: meaning(byName(ref('quantiles')), 'cycles in each stage of the sending card'),
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
  ...object(
    {
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
          rank: meaning(object({ tx: count, rx: count }), '1 + how many are surely cheaper'),
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
          ratio: meaning(number, 'b beside a: 1.03 is 3 % more'),
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
      // What --json prints besides.
      budget: list(
        object({
          file: text,
          line: count,
          strategy: text,
          metric: text,
          max: number,
          value: number,
          broken: { type: 'boolean' },
          withinNoise: { type: 'boolean' },
        }),
      ),
      artefacts: byName(text),
    },
    ['budget', 'artefacts'],
  ),
};
