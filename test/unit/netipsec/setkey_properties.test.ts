import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IpAddr } from '../../../src/header/ip_addr.ts';
import type { SaParams } from '../../../src/netipsec/sa.ts';
import { parseSetkey } from '../../../src/netipsec/setkey.ts';
import { SetkeyError } from '../../../src/netipsec/setkey_error.ts';
import type { IpsecRequest, Policy } from '../../../src/netipsec/spd.ts';
import { AUTHS, CIPHERS } from '../../../src/opencrypto/algorithm.ts';
import { policyToSetkey, saToSetkey } from './setkey_format.ts';

const KEY20 = `0x${'ab'.repeat(20)}`;
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const keyOf = (n: number) => fc.uint8Array({ minLength: n, maxLength: n });
const mode = fc.constantFrom('transport', 'tunnel', 'any') as fc.Arbitrary<'transport' | 'tunnel'>;

/** A record that has these parts besides. */
function merge<A extends object, B extends object>(
  base: fc.Arbitrary<A>,
  parts: { [K in keyof B]: fc.Arbitrary<B[K]> },
): fc.Arbitrary<A & B> {
  return fc.tuple(base, fc.record(parts) as fc.Arbitrary<B>).map(([a, b]) => ({ ...a, ...b }));
}

const in6 = fc.uint8Array({ minLength: 16, maxLength: 16 });
/** Both ends of one family. */
const ends: fc.Arbitrary<{ src: IpAddr; dst: IpAddr }> = fc.oneof(
  fc.record({ src: u32, dst: u32 }),
  fc.record({ src: in6, dst: in6 }),
);

/** Any transform there is, with a key that fits. */
const transform: fc.Arbitrary<
  Pick<SaParams, 'proto' | 'cipher' | 'key'> & Partial<Pick<SaParams, 'auth' | 'authKey'>>
> = fc.oneof(
  fc.constantFrom(...CIPHERS.filter((c) => c.icvBytes > 0)).chain((c) =>
    fc.record({
      proto: fc.constant(50),
      cipher: fc.constant(c.name),
      key: fc.constantFrom(...c.keyBytes).chain((n) => keyOf(n + c.saltBytes)),
    }),
  ),
  fc
    .tuple(
      fc.constantFrom(...CIPHERS.filter((c) => c.icvBytes === 0)),
      fc.constantFrom(...AUTHS.filter((a) => a.kind !== 'gmac')),
    )
    .chain(([c, a]) =>
      fc.record({
        proto: fc.constant(50),
        cipher: fc.constant(c.name),
        key: fc.constantFrom(...c.keyBytes).chain((n) => keyOf(n + c.saltBytes)),
        auth: fc.constant(a.name),
        authKey: keyOf(a.keyBytes),
      }),
    ),
  fc.constantFrom(...AUTHS).chain((a) =>
    fc.record({
      proto: fc.constant(51),
      cipher: fc.constant('null'),
      key: keyOf(0),
      auth: fc.constant(a.name),
      authKey: keyOf(a.keyBytes),
    }),
  ),
);

const sa: fc.Arbitrary<SaParams> = merge(ends, {
  spi: fc.integer({ min: 256, max: 0xffffffff }),
  mode,
  reqid: fc.integer({ min: 0, max: 32767 }),
  replayPackets: fc.integer({ min: 1, max: 512 }).map((n) => n * 8),
  esn: fc.constant(true),
  hwif: fc.constantFrom('nic0', 'em1'),
}).chain((base) => transform.map((t) => ({ ...base, ...t })));

const port = fc.integer({ min: 0, max: 65535 });
const prefix = fc.integer({ min: 0, max: 32 });
const request: fc.Arbitrary<IpsecRequest> = fc.oneof(
  fc.record({
    proto: fc.constantFrom(50, 51),
    mode: fc.constant('transport' as const),
    src: fc.constant(0),
    dst: fc.constant(0),
    level: fc.constantFrom('use' as const, 'require' as const, 'unique' as const),
    reqid: fc.constant(0),
  }),
  merge(ends, {
    proto: fc.constantFrom(50, 51),
    mode: fc.constant('tunnel' as const),
    level: fc.constant('unique' as const),
    reqid: fc.integer({ min: 1, max: 32767 }),
  }),
);
const policy: fc.Arbitrary<Policy> = merge(ends, {
  direction: fc.constantFrom('in' as const, 'out' as const),
  srcPrefixLen: prefix,
  dstPrefixLen: prefix,
  proto: fc.integer({ min: 0, max: 255 }),
  sport: port,
  dport: port,
  action: fc.constant('ipsec' as const),
  requests: fc.array(request, { minLength: 1, maxLength: 3 }),
}).map((p) => (p.proto === 58 ? { ...p, sport: p.sport & 255, dport: p.dport & 255 } : p));

describe('setkey(8) files, properties', () => {
  it('an SA written and parsed again is the same', () => {
    fc.assert(
      fc.property(sa, (p) => {
        expect(parseSetkey(saToSetkey(p)).statements[0]).toMatchObject({ op: 'add', sa: p });
      }),
    );
  });

  it('a policy written and parsed again is the same', () => {
    fc.assert(
      fc.property(policy, (p) => {
        expect(parseSetkey(policyToSetkey(p)).statements[0]).toMatchObject({ policy: p });
      }),
    );
  });

  it('whatever the text is, it parses or throws SetkeyError', () => {
    const word = fc.constantFrom(
      ...[
        'add',
        'spdadd',
        'flush',
        'delete',
        '10.0.0.1',
        '10.0.0.0/8',
        'esp',
        '0x1000',
        '-m',
        '-E',
      ],
      ...[
        'tunnel',
        'aes-gcm-16',
        KEY20,
        '"0123456789abcdef"',
        ';',
        '[',
        ']',
        '21',
        '-P',
        'in',
        '#',
      ],
      ...['out', 'ipsec', 'esp/transport//require', 'esp/tunnel/1.1.1.1-2.2.2.2/use', 'none', '\n'],
      ...['any', 'udp', '-A', 'hmac-sha1', '-r', '4', '"', '-natt', '-esn', 'esp/', '/', '-', '0x'],
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.array(word, { maxLength: 40 }).map((w) => w.join(' ')),
    );
    fc.assert(
      fc.property(text, (t) => {
        try {
          parseSetkey(t);
        } catch (e) {
          expect(e).toBeInstanceOf(SetkeyError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
