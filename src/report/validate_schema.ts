// SPDX-License-Identifier: BSD-2-Clause
// JSON Schema of results.json; validate_results.ts has the same for people.
import { RESULTS_SCHEMA } from './validate_results.ts';

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: 'string' };
const count: Schema = { type: 'integer', minimum: 0 };
const least0: Schema = { type: 'number', minimum: 0 };
const digest: Schema = { type: 'string', pattern: '^([0-9a-f]{64})?$' };
const list = (items: Schema): Schema => ({ type: 'array', items });
const byName = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });

/** Nothing else may be there, and all but the optional ones must. */
const object = (properties: Readonly<Record<string, Schema>>, optional: string[] = []): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

const counts = { cases: count, passed: count, failed: count, skipped: count };
const covered = object({ points: count, covered: count, percent: least0 });
const coverage = { line: covered, toggle: covered, user: covered };
const statuses = ['passed', 'failed', 'skipped', 'infrastructure', 'timeout', 'missing'];

export const RESULTS_JSON_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: RESULTS_SCHEMA,
  $defs: {
    result: object(
      {
        ...{ id: text, group: text, title: text, checks: text },
        parameters: byName({ type: ['string', 'number', 'boolean'] }),
        ...{ seed: count, status: { enum: statuses }, digest, seconds: least0, cycles: count },
        ...{ reason: text, expected: {}, actual: {}, cycle: count, frame: count },
        ...{ packet: list(text), artefacts: byName(text), repeat: text },
      },
      ['expected', 'actual', 'cycle', 'frame', 'packet'],
    ),
  },
  ...object(
    {
      schema: { const: RESULTS_SCHEMA },
      ...{ seed: count, digest, versions: byName(text) },
      settings: object({ nic: text, ffi: text, shard: text, timeoutCycles: count }),
      seconds: least0,
      ...counts,
      groups: list(object({ name: text, ...counts })),
      results: list({ $ref: '#/$defs/result' }),
      coverage: object({ ...coverage, files: byName(object(coverage)) }),
    },
    ['coverage'],
  ),
};
