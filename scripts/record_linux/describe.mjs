// SPDX-License-Identifier: BSD-2-Clause
// The .json of a capture: what each frame is, what was inside, and what came of it.
import { checkAh, openEsp } from './open.mjs';
import { Fragments, l4ChecksumOk, parseIp, without } from './packet.mjs';
import { trafficEnds } from './sa.mjs';

const ESP = 50;
const AH = 51;
const UDP = 17;
const WINDOW = 32;

/** Text of the .json; throws when the capture is not what it should be. */
export function describeCapture(c, sas, capture, ends, kernelVersion) {
  const states = sas.map((sa) => ({ sa, seen: new Set(), top: 0 }));
  const fragments = new Fragments();
  const frames = [];
  for (let at = 24; at < capture.length; ) {
    const length = capture.readUInt32LE(at + 8);
    const bytes = capture.subarray(at + 16, at + 16 + length);
    frames.push({ index: frames.length, ...describeFrame(bytes, states, fragments) });
    at += 16 + length;
  }
  const count = (test) => frames.filter(test).length;
  const checks = {
    ipsec: count((f) => f.outcome !== undefined),
    decrypted: count((f) => f.outcome === 'decrypted'),
    authFailed: count((f) => f.outcome === 'authFailed'),
    replayed: count((f) => f.outcome === 'replayed'),
    dummy: count((f) => f.outcome === 'dummy'),
    l4ChecksumBad: count((f) => f.l4ChecksumOk === false),
    udpPatternOk: count((f) => f.udpPatternOk === true),
    udpPatternBad: count((f) => f.udpPatternOk === false),
    kinds: Object.fromEntries(
      [...new Set(frames.map((f) => f.kind))].map((kind) => [kind, count((f) => f.kind === kind)]),
    ),
    ends: ends.trim().split('\n'),
  };
  // The kernel at the other end saw the same: it counts dummy packets as of an unknown protocol.
  const kernel = (name) =>
    checks.ends.reduce((sum, line) => sum + Number(line.split(`.${name}=`)[1] ?? 0), 0);
  const agrees =
    kernel('XfrmInStateProtoError') === checks.authFailed + checks.dummy &&
    kernel('XfrmInStateSeqError') === checks.replayed;
  if (!agrees || checks.l4ChecksumBad + checks.udpPatternBad > 0 || checks.decrypted < 8) {
    throw new Error(`${c.name}: ${JSON.stringify(checks)}`);
  }
  const head = {
    name: c.name,
    pcap: `${c.name}.pcap`,
    linktype: 1,
    producer: `Linux ${kernelVersion} XFRM, two network namespaces joined by scripts/record_linux/peer.c`,
    mode: c.mode,
    outerFamily: c.outer,
    innerFamily: c.inner,
    between: trafficEnds(c),
    mtu: 1500,
    sas: sas.map(describeSa),
    checks,
  };
  const list = frames.map((f) => `  ${JSON.stringify(f)}`).join(',\n');
  return `${JSON.stringify(head, null, 1).slice(0, -2)},\n "frames": [\n${list}\n ]\n}\n`;
}

function describeSa(sa) {
  const { src, dst, proto, spi, mode, cipher, auth, esn, tfcpad, encap, start } = sa;
  return {
    src,
    dst,
    proto,
    spi: `0x${spi.toString(16)}`,
    mode,
    alg: cipher?.linux ?? null,
    auth: auth?.linux ?? null,
    icvBits: 8 * (cipher?.icvBytes ?? auth.icvBytes),
    esn,
    replayWindow: WINDOW,
    tfcpad,
    encap,
    lastSeqBeforeCapture: start,
  };
}

function describeFrame(frame, states, fragments) {
  const type = frame.readUInt16BE(12);
  if (type === 0x0806) return { kind: 'arp' };
  const isV4 = type === 0x0800;
  const end = 14 + (isV4 ? frame.readUInt16BE(16) : 40 + frame.readUInt16BE(18));
  let packet = Buffer.from(frame.subarray(14, end));
  let ip = parseIp(packet);
  if (ip.fragment !== 0) {
    packet = fragments.add(packet, ip);
    if (packet === null) return { kind: 'fragment' };
    ip = parseIp(packet);
  }
  const isUdp =
    ip.proto === UDP && [packet.readUInt16BE(ip.at), packet.readUInt16BE(ip.at + 2)].includes(4500);
  if (isUdp) {
    const body = packet.subarray(ip.at + 8);
    if (body.length === 1) return { kind: 'natt-keepalive' };
    if (body.readUInt32BE(0) === 0) return { kind: 'ike' };
    packet = without(packet, ip, ip.at, ip.at + 8, ESP);
    ip = parseIp(packet);
  }
  if (ip.proto !== ESP && ip.proto !== AH)
    return { kind: ip.proto === 58 ? 'ipv6-nd' : `ip-${ip.proto}` };
  return describeIpsec(packet, ip, states);
}

function describeIpsec(outer, outerIp, states) {
  const kind = outerIp.proto === ESP ? 'esp' : 'ah';
  const layers = [];
  let packet = outer;
  for (let ip = outerIp; ip.proto === ESP || ip.proto === AH; ip = parseIp(packet)) {
    const one = unwrap(packet, ip, states);
    layers.push(one.layer);
    if (one.packet === null)
      return { kind, ...layers[0], outcome: one.outcome, layers: layers.length };
    packet = one.packet;
  }
  const inner = parseIp(packet);
  return {
    kind,
    ...layers[0],
    outcome: 'decrypted',
    layers: layers.length,
    inner: packet.toString('hex'),
    innerProto: inner.proto,
    l4ChecksumOk: l4ChecksumOk(packet),
    udpPatternOk: udpPatternOk(packet, inner),
  };
}

/** Takes one ESP or AH off. */
function unwrap(packet, ip, states) {
  const spi = packet.readUInt32BE(ip.at + (ip.proto === ESP ? 0 : 4));
  const lo = packet.readUInt32BE(ip.at + (ip.proto === ESP ? 4 : 8));
  const index = states.findIndex(({ sa }) => sa.spi === spi && sa.dst === ip.dst);
  if (index < 0) throw new Error(`SPI ${spi.toString(16)} to ${ip.dst}`);
  const state = states[index];
  const { sa } = state;
  // A capture is short: the half changes at most once in it.
  const hi = sa.esn && lo < 0x80000000 ? sa.start.hi + 1 : sa.start.hi;
  const layer = {
    sa: index,
    spi: `0x${spi.toString(16)}`,
    seq: lo,
    ...(sa.esn ? { seqHi: hi } : {}),
  };
  const fails = (outcome) => ({ layer, outcome, packet: null });
  const seq = hi * 2 ** 32 + lo;
  if (state.seen.has(seq) || seq <= state.top - WINDOW) return fails('replayed');
  let next;
  let bodyAt = ip.at;
  let body = packet;
  if (ip.proto === ESP) {
    const text = openEsp(sa, packet.subarray(ip.at), hi);
    if (text === null) return fails('authFailed');
    const padLen = text.at(-2);
    next = text.at(-1);
    body = Buffer.concat([packet.subarray(0, ip.at), text.subarray(0, text.length - 2 - padLen)]);
  } else {
    if (!checkAh(sa, packet, ip.at, hi)) return fails('authFailed');
    next = packet[ip.at];
    bodyAt = ip.at + 4 * (packet[ip.at + 1] + 2);
  }
  state.seen.add(seq);
  state.top = Math.max(state.top, seq);
  if (next === 59) return fails('dummy');
  if (sa.mode === 'transport') return { layer, packet: without(body, ip, ip.at, bodyAt, next) };
  const inside = body.subarray(bodyAt);
  // RFC 4303 §2.7: what lies behind the inner packet is padding that hides its length.
  const length = next === 4 ? inside.readUInt16BE(2) : 40 + inside.readUInt16BE(4);
  return { layer, packet: Buffer.from(inside.subarray(0, length)) };
}

/** Echoed datagrams say by their length what they hold: see peer.c. */
function udpPatternOk(packet, ip) {
  if (ip.proto !== UDP || ip.fragment !== 0) return undefined;
  const body = packet.subarray(ip.at + 8, ip.at + packet.readUInt16BE(ip.at + 4));
  return body.every((byte, i) => byte === ((body.length + 7 * i) & 255));
}
