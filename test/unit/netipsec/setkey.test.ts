// SPDX-License-Identifier: BSD-2-Clause
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { applySetkey, parseSetkey } from '../../../src/netipsec/setkey.ts';
import { SetkeyError } from '../../../src/netipsec/setkey_error.ts';
import { CIPHERS } from '../../../src/opencrypto/algorithm.ts';
import { createIpsecRig } from './ipsec_rig.ts';

const KEY20 = `0x${'ab'.repeat(20)}`;

function error(text: string): SetkeyError {
  try {
    parseSetkey(text, 'x.conf');
  } catch (e) {
    if (e instanceof SetkeyError) return e;
    throw e;
  }
  throw new Error(`no error in ${text}`);
}

describe('setkey(8) files', () => {
  it('understands every statement and extension of the manual page', () => {
    const { statements, notes } = parseSetkey(`
# comment ; with a semicolon
flush; spdflush;
add -4 10.0.0.1 10.0.0.2 esp 0x1000 # to the end of the line
  -m tunnel -r 4 -u 17 -f seq-pad -f nocyclic-seq -lh 3600 -ls 3000 -hwif nic0
  -E aes-gcm-16 ${KEY20};
add 10.0.0.1 10.0.0.2 esp 4097 -E aes-cbc "0123456789abcdef" -A hmac-sha2-256
  "0123456789abcdef0123456789abcdef" ;
add 10.0.0.2 10.0.0.1 esp 4098 -esn -r 8 -E rijndael-cbc "0123456789abcdef" -A hmac-sha1
  "0123456789abcdef0123";
add 10.0.0.2 10.0.0.1 esp 4099 -E null -A hmac-sha2-512 0x${'00'.repeat(64)};
get 10.0.0.1 10.0.0.2 esp 0x1000;
delete 10.0.0.1 10.0.0.2 esp 0x1000;
deleteall 10.0.0.1 10.0.0.2 esp;
dump esp; spddump;
spdadd 10.0.11.41/32[21] 10.0.11.33/32[any] any
  -P out ipsec esp/tunnel/192.168.0.1-192.168.1.2/require ;
spdadd 10.0.0.0/8 0.0.0.0/0 udp -P in none;
spdadd 10.0.0.1 10.0.0.2[53] 6 -P out discard;
spdadd 10.0.0.1 10.0.0.2 icmp -P out ipsec esp/transport//unique:7 esp/tunnel/1.1.1.1-2.2.2.2/use;
spddelete 10.0.0.0/8 0.0.0.0/0 udp -P in;`);
    expect(statements.map((s) => s.op)).toEqual([
      ...['flush', 'spdflush', 'add', 'add', 'add', 'add', 'get', 'delete', 'deleteall', 'dump'],
      ...['spddump', 'spdadd', 'spdadd', 'spdadd', 'spdadd', 'spddelete'],
    ]);
    const [, , first] = statements;
    expect(first).toMatchObject({
      at: { line: 4, column: 30 },
      sa: { spi: 0x1000, mode: 'tunnel', reqid: 17, hwif: 'nic0', cipher: 'aes-gcm-16' },
    });
    expect(statements[11]).toMatchObject({
      policy: { src: 0x0a000b29, sport: 21, dport: 0, proto: 0, action: 'ipsec', direction: 'out' },
    });
    expect(statements[14]).toMatchObject({
      policy: {
        requests: [
          { mode: 'transport', level: 'unique', reqid: 7 },
          { mode: 'tunnel', src: 0x01010101, dst: 0x02020202, level: 'use' },
        ],
      },
    });
    expect(notes.map((n) => n.text.split(':')[0])).toEqual(['get', 'dump', 'spddump']);
  });

  it('notes a policy that another one comes before, which says the contrary', () => {
    const shadow = `spdadd 10.0.0.0/8 0.0.0.0/0 any -P out none;
spdadd 10.1.0.0/16 10.2.0.0/16 udp -P out ipsec esp/transport//require;
spdadd 10.1.0.0/16 10.2.0.0/16 udp -P in ipsec esp/transport//require;`;
    expect(parseSetkey(shadow).notes).toEqual([
      { line: 2, column: 1, text: expect.stringMatching(/^line 1 says "none" to all these/) },
    ]);
  });

  it('counts -r in bytes of the bitmap, as FreeBSD does', () => {
    const [s] = parseSetkey(`add 1.1.1.1 2.2.2.2 esp 256 -r 4 -E aes-gcm-16 ${KEY20};`).statements;
    expect(s).toMatchObject({ sa: { replayPackets: 32 } });
  });

  it('takes the salt from the end of an AES-GCM key', () => {
    const rig = createIpsecRig();
    const key = `0x${'11'.repeat(32)}aabbccdd`;
    rig.setkey(`add 10.0.0.1 10.0.0.2 esp 256 -E aes-gcm-16 ${key};`);
    const sa = rig.ipsecA.sadb.find(0x0a000002, 256)!;
    expect(Buffer.from(sa.salt).toString('hex')).toBe('aabbccdd');
    expect(sa.key.length).toBe(32);
  });

  it.each([
    [
      'add 10.0.0.1 10.0.0.2 esp 256 -E aes-gcm-16 0x0011;',
      1,
      45,
      'a key of 20, 28, 36 bytes',
      '2 bytes',
    ],
    [
      'add 10.0.0.1 10.0.0.2 esp 256\n -E des-cbc "12345678";',
      2,
      5,
      'encryption algorithm',
      'DES MUST NOT be used: its key has 56 bits (RFC 8221 §5)',
    ],
    [`add 10.0.0.1 10.0.0.2 esp 255 -E aes-gcm-16 ${KEY20};`, 1, 27, 'SPI from 256', '"255"'],
    [`add 10.0.0.1 10.0.0.2 ipcomp 256 -C deflate;`, 1, 23, 'protocol "esp" or "ah"', '"ipcomp"'],
    [`add 10.0.0.1 10.0.0.2 ah 256 -E aes-gcm-16 ${KEY20};`, 1, 30, 'an SA', 'AH does not encrypt'],
    [`add 10.0.0.1 10.0.0.2 ah 256 -A null -E null;`, 1, 30, 'an SA', 'AH without an auth'],
    [
      `add 10.0.0.1 10.0.0.2 esp 256 -E null -A aes-128-gmac ${KEY20};`,
      1,
      31,
      'an SA that can be',
      'aes-128-gmac is for AH',
    ],
    [`add ::1 10.0.0.2 esp 256 -E aes-gcm-16 ${KEY20};`, 1, 9, 'IPv6 address', '"10.0.0.2"'],
    [`add -4 ::1 ::2 esp 256 -E aes-gcm-16 ${KEY20};`, 1, 8, 'IPv4 address', '"::1"'],
    ['spdadd ::/0 10.0.0.0/8 any -P in none;', 1, 13, 'range of IPv6', '"10.0.0.0/8"'],
    ['spdadd ::/129 ::/0 any -P in none;', 1, 11, '0 to 128', '"129"'],
    ['spdadd ::/0 ::/0 icmp6 135,999 -P out none;', 1, 24, 'an ICMPv6 type', '"999"'],
    [
      'spdadd 1.1.1.1 2.2.2.2 any -P in ipsec esp/tunnel/::1-1.2.3.4/use;',
      1,
      55,
      'IPv6',
      '"1.2.3.4"',
    ],
    [`add 10.0.0.1 10.0.0.2 esp 256 -m sideways;`, 1, 34, 'transport, tunnel or any', '"sideways"'],
    [
      `add 10.0.0.1 10.0.0.2 esp 256 -E aes-cbc "0123456789abcdef";`,
      1,
      31,
      'SA that can be',
      'RFC 8221',
    ],
    [`add 10.0.0.1 10.0.0.2 esp 256 -natt 1.1.1.1 4500 2.2.2.2 4500;`, 1, 45, 'address', '"4500"'],
    [
      'spdadd ::/0 ::/0 any -P out none;\nspdadd ::1/0 ::/0 any -P out discard;',
      ...([2, 1, 'other packets than line 1', '"discard" where that says "none"'] as const),
    ],
    ['add 10.0.0.1 10.0.0.2 esp 256 -lh 0;', 1, 35, 'above 0', '"0"'],
    [
      `add 10.0.0.1 10.0.0.2 esp 256 -ls 9 -lh 5 -E aes-gcm-16 ${KEY20};`,
      ...([1, 31, 'SA that can be', 'beyond the hard one'] as const),
    ],
    [
      `add ::1 ::2 ah 256 -natt ::1[4500] ::2[4500] -A hmac-sha1 ${KEY20};`,
      ...([1, 20, 'SA that can be', 'RFC 3948'] as const),
    ],
    [`add 10.0.0.1 10.0.0.2 esp 256;`, 1, 30, 'an algorithm', '";"'],
    [`add 10.0.0.1 10.0.0.2 esp 256 -E aes-gcm-16 "abc`, 1, 45, 'closing quote', 'end of the file'],
    [
      `add 10.0.0.1 10.0.0.2 esp 256 -E aes-gcm-16 ${KEY20}`,
      1,
      87,
      'an extension',
      'end of the file',
    ],
    ['frobnicate;', 1, 1, 'add, update, get, delete', '"frobnicate"'],
    ['flush\n\n  now;', 3, 3, 'protocol "esp"', '"now"'],
    ['spdadd 10.0.0.0/33 0.0.0.0/0 any -P in none;', 1, 17, 'prefix length', '"33"'],
    ['spdadd 10.0.0.1[70000] 0.0.0.0/0 any -P in none;', 1, 17, 'a port', '"70000"'],
    ['spdadd 10.0.0.1[1 0.0.0.0/0 any -P in none;', 1, 19, '"]"', '"0.0.0.0/0"'],
    ['spdadd 1.1.1.1 2.2.2.2 quux -P in none;', 1, 24, 'upper protocol', '"quux"'],
    ['spdadd 1.1.1.1 2.2.2.2 any -P fwd none;', 1, 31, '"in" or "out"', '"fwd"'],
    ['spdadd 1.1.1.1 2.2.2.2 any none;', 1, 28, '"-P"', '"none"'],
    [
      'spdadd 1.1.1.1 2.2.2.2 any -P in ipsec ipcomp/transport//use;',
      1,
      40,
      '"esp" or "ah"',
      '"ipcomp"',
    ],
    ['spdadd 1.1.1.1 2.2.2.2 any -P in ipsec esp/tunnel//use;', 1, 51, "tunnel's ends", '""'],
    ['spdadd 1.1.1.1 2.2.2.2 any -P in ipsec esp/tunnel/1.1.1.1-x/use;', 1, 59, 'address', '"x"'],
    ['spdadd 1.1.1.1 2.2.2.2 any -P in ipsec esp/transport//maybe;', 1, 55, 'a level', '"maybe"'],
    [
      `add 1.1.1.1 2.2.2.2 esp 300 -E aes-gcm-16 ${KEY20};\nadd 3.3.3.3 2.2.2.2 esp 300 -E aes-gcm-16 ${KEY20};`,
      ...([2, 25, 'does not have yet', 'line 1'] as const),
    ],
  ])('names the place of a mistake: %s', (text, line, column, expected, found) => {
    const e = error(text);
    expect([e.file, e.line, e.column]).toEqual(['x.conf', line, column]);
    expect(e.expected).toContain(expected);
    expect(e.found).toContain(found);
    expect(e.message).toMatch(/^x\.conf:\d+:\d+: expected .*, found /s);
  });

  it('remarks on two SAs with one AES-GCM key', () => {
    const add = (spi: number) => `add 1.1.1.1 2.2.2.2 esp ${spi} -E aes-gcm-16 ${KEY20};\n`;
    expect(parseSetkey(add(300) + add(301)).notes).toEqual([
      { line: 2, column: 25, text: expect.stringContaining('the key of line 1') },
    ]);
  });

  it('repeats no key material in an error', () => {
    const e = error(`add 1.1.1.1 2.2.2.2 esp 300 -E aes-gcm-16 0xdeadbeefdeadbee;`);
    expect(e.message).not.toContain('deadbeef');
  });

  it.each([
    ['no algorithm before it', '-E 0xdeadbeefdeadbeefdeadbeefdeadbeef'],
    ['no algorithm before it, and no 0x', '-A deadbeefdeadbeefdeadbeefdeadbeef'],
    ['a second one', `-E aes-gcm-16 ${KEY20} 0xdeadbeefdeadbeefdeadbeefdeadbeef`],
    ['a second one in quotes', `-E aes-gcm-16 ${KEY20} "deadbeef"`],
    ['in the place of an SPI', '; add 1.1.1.1 2.2.2.2 esp 0xdeadbeefdeadbeefdeadbeefdeadbeef'],
  ])('repeats no key that stands in the wrong place: %s', (_where, rest) => {
    const e = error(`add 1.1.1.1 2.2.2.2 esp 300 -E aes-gcm-16 ${KEY20} ${rest};`);
    expect(e.message).not.toContain('deadbeef');
  });

  it('names the SPI that is in the SADB already, and deletes only what is there', () => {
    const rig = createIpsecRig();
    const add = parseSetkey(`add 1.1.1.1 2.2.2.2 esp 300 -E aes-gcm-16 ${KEY20};`, 'a.conf');
    applySetkey(rig.ipsecA, add);
    expect(() => applySetkey(rig.ipsecA, add)).toThrow(/^a\.conf:1:25: .*SPI 300/);
    const del = parseSetkey('delete 1.1.1.1 2.2.2.2 esp 300; delete 1.1.1.1 2.2.2.2 esp 300;');
    expect(() => applySetkey(rig.ipsecA, del)).toThrow(SetkeyError);
    expect(rig.ipsecA.sadb.list()).toEqual([]);
  });

  it('reads the files that go with the Linux captures', () => {
    const dir = new URL('../../data/linux-esp/', import.meta.url);
    for (const name of ['01-gcm128-transport-v4', '04-cbc128-sha256-transport-v4']) {
      const text = readFileSync(new URL(`${name}.conf`, dir), 'utf8');
      expect(parseSetkey(text).statements.length).toBe(2);
    }
  });
});

describe('algorithms by the names of setkey(8)', () => {
  const key = (n: number) => `0x${'5a'.repeat(n)}`;
  const parsed = (algorithm: string) => {
    const [s] = parseSetkey(`add 10.0.0.1 10.0.0.2 esp 256 ${algorithm};`).statements;
    if (s?.op !== 'add') throw new Error('not an SA');
    return s.sa;
  };

  it.each(CIPHERS.filter((c) => c.icvBytes > 0).map((c) => [c.name, c] as const))(
    '-E %s, with each length of key and the salt behind it',
    (name, alg) => {
      for (const n of alg.keyBytes) {
        const sa = parsed(`-E ${name} ${key(n + alg.saltBytes)}`);
        expect([sa.cipher, sa.key.length, sa.auth]).toEqual([name, n + alg.saltBytes, undefined]);
      }
    },
  );

  it.each([
    ['rijndael-cbc', 16, 'hmac-sha1', 20, 'aes-cbc', 'hmac-sha1'],
    ['aes-cbc', 32, 'hmac-sha256', 32, 'aes-cbc', 'hmac-sha2-256'],
    ['aes-ctr', 20, 'hmac-sha2-384', 48, 'aes-ctr', 'hmac-sha2-384'],
    ['aes-ctr', 36, 'hmac-sha2-512', 64, 'aes-ctr', 'hmac-sha2-512'],
    ['aes-cbc', 24, 'aes-xcbc-mac', 16, 'aes-cbc', 'aes-xcbc-mac'],
  ])('-E %s of %i bytes -A %s', (cipher, cipherKey, auth, authKey, cipherRow, authRow) => {
    const sa = parsed(`-E ${cipher} ${key(cipherKey)} -A ${auth} ${key(authKey)}`);
    expect([sa.cipher, sa.auth]).toEqual([cipherRow, authRow]);
  });

  it('-E null takes no key, and needs -A', () => {
    expect(parsed(`-E null -A hmac-sha1 ${key(20)}`).cipher).toBe('null');
    expect(() => parsed('-E null')).toThrow(/RFC 8221 §4/);
  });

  it.each([
    ['-E des-cbc', /DES MUST NOT be used.*RFC 8221 §5/],
    ['-E 3des-cbc', /triple DES SHOULD NOT be used.*RFC 8221 §5/],
    ['-E blowfish-cbc', /Blowfish MUST NOT be used.*RFC 8221 §5/],
    [`-E null -A hmac-md5`, /HMAC-MD5 MUST NOT be used.*RFC 8221 §6/],
    [`-E null -A keyed-md5`, /keyed MD5 MUST NOT be used.*RFC 8221 §6/],
    [`-E aes-cbc ${key(16)}`, /without an authentication algorithm.*RFC 8221 §4/],
  ])('%s is refused with the reason', (algorithm, reason) => {
    expect(() => parsed(algorithm)).toThrow(reason);
  });
});
