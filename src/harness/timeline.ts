// SPDX-License-Identifier: BSD-2-Clause
import { writeFileSync } from 'node:fs';
import { ESP_HDR_LEN, espSeq, espSpi } from '../header/esp.ts';
import { ETHER_HDR_LEN, ETHERTYPE_IP, ETHERTYPE_IPV6, etherType } from '../header/ether.ts';
import { IPPROTO_ESP, ipHdrLen, ipProto } from '../header/ip.ts';
import { IP6_HDR_LEN, ip6Nxt } from '../header/ip6.ts';
import type { Host } from '../host.ts';
import type { Clock } from '../kern/clock.ts';
import { ipsecTagName } from '../netipsec/pact.ts';
import { tagText } from './packet_notes.ts';
import type { TapFrame } from './tap.ts';
import { fateText } from './transactions.ts';

/** What happened to a packet. */
export interface TimelineRow {
  readonly cycle: number;
  /** 'SPI 0x1001 seq 7'; '' where it is not known. */
  packet: string;
  /** 'host0 descriptor 7', 'wire frame 9', 'host1 tag', 'host1 log', … */
  readonly where: string;
  readonly text: string;
}

/** What a frame is called: by SPI and sequence number, which card and software leave in clear. */
export function packetName(v: DataView, at: number, lenBytes: number): string {
  const ip = at + ETHER_HDR_LEN;
  const type = lenBytes < ETHER_HDR_LEN ? 0 : etherType(v, at);
  let esp = -1;
  if (type === ETHERTYPE_IP && lenBytes >= ETHER_HDR_LEN + 20 && ipProto(v, ip) === IPPROTO_ESP) {
    esp = ip + ipHdrLen(v, ip);
  }
  const hasIp6 = type === ETHERTYPE_IPV6 && lenBytes >= ETHER_HDR_LEN + IP6_HDR_LEN;
  if (hasIp6 && ip6Nxt(v, ip) === IPPROTO_ESP) esp = ip + IP6_HDR_LEN;
  if (esp < 0 || esp + ESP_HDR_LEN > at + lenBytes) return '';
  return `SPI 0x${espSpi(v, esp).toString(16)} seq ${espSeq(v, esp)}`;
}

/**
 * One list of all that happens in a world, joined by packet: descriptors, frames by their number in
 * the capture, completions, changes of tags, and what was counted. For the second run of something
 * that has failed: it is slow.
 */
export class Timeline {
  readonly rows: TimelineRow[] = [];
  readonly path: string;
  readonly #clock: Clock;
  /** Of the packet that a host has in its hands. */
  #current = '';

  constructor(path: string, clock: Clock) {
    this.path = path;
    this.#clock = clock;
  }

  /** Listens to a host and its card. */
  watch(host: Host): void {
    const { mbufs, nic, counters } = host;
    const posted: string[] = [];
    let descriptors = 0;
    let seen = counters.nonZero();
    /** Counters that have moved are what the log says. */
    const log = (packet: string): void => {
      const now = counters.nonZero();
      const moved = Object.keys(now).filter((name) => now[name] !== (seen[name] ?? 0));
      seen = now;
      if (moved.length > 0) this.#row(packet, `${host.name} log`, moved.join(', '));
    };
    const transmit = nic.transmit.bind(nic);
    nic.transmit = (m) => {
      this.#current = packetName(mbufs.view, mbufs.off[m]!, mbufs.len[m]!);
      const packet = this.#current;
      const what = `${mbufs.len[m]} bytes, ${tagText(host, m)}`;
      const error = transmit(m);
      if (error === 0) posted.push(packet);
      const where = `${host.name} descriptor ${descriptors++}`;
      this.#row(packet, where, error === 0 ? what : `${what}: errno ${error}`);
      log(packet);
      return error;
    };
    let received: TimelineRow | null = null;
    const input = nic.input;
    nic.input = (m) => {
      this.#current = packetName(mbufs.view, mbufs.off[m]!, mbufs.len[m]!);
      const packet = this.#current;
      if (received !== null) received.packet = packet;
      received = null;
      this.#row(packet, `${host.name} input`, `${mbufs.len[m]} bytes, ${tagText(host, m)}`);
      input(m);
      log(packet);
    };
    nic.onCompletion = also(nic.onCompletion, (ring, lenBytes, status, saIdx) => {
      const text = `${lenBytes} bytes, status 0x${status.toString(16)}, SA ${saIdx}`;
      if (ring === 0) this.#row(posted.shift() ?? '', `${host.name} transmit completion`, text);
      else received = this.#row('', `${host.name} receive completion`, text);
      log('');
    });
    host.tags.onRelabel = also(host.tags.onRelabel, (tag, from, to) => {
      const text = `tag ${tag}: ${ipsecTagName(from)} becomes ${ipsecTagName(to)}`;
      this.#row(this.#current, `${host.name} tag`, text);
    });
  }

  frame(f: TapFrame): void {
    const v = new DataView(f.bytes.buffer, f.bytes.byteOffset, f.bytes.byteLength);
    const text = `${f.lenBytes} bytes from card ${f.card}, ${fateText(f.flags, f.flipBit, f.arrivalCycle)}`;
    const packet = packetName(v, f.offset, f.lenBytes);
    this.rows.push({ cycle: f.cycle, packet, where: `wire frame ${f.number}`, text });
  }

  /** Writes what there is, in the order of cycles, a line each: cycle, packet, where, what. */
  close(): void {
    const rows = [...this.rows].sort((a, b) => a.cycle - b.cycle);
    const lines = rows.map((r) => [r.cycle, r.packet, r.where, r.text].join('\t'));
    writeFileSync(this.path, `cycle\tpacket\twhere\twhat\n${lines.join('\n')}\n`);
  }

  #row(packet: string, where: string, text: string): TimelineRow {
    const row = { cycle: this.#clock.cycle, packet, where, text };
    this.rows.push(row);
    return row;
  }
}

/** Calls the listener that is there already, and then another. */
function also<A extends unknown[]>(
  one: ((...args: A) => void) | null,
  other: (...args: A) => void,
): (...args: A) => void {
  return (...args) => {
    one?.(...args);
    other(...args);
  };
}

/** The lines of a timeline about the packet of a frame, by its number; without one, its end. */
export function linesOfFrame(tsv: string, frame: number | undefined, most = 40): string[] {
  const rows = tsv.trimEnd().split('\n').slice(1);
  const own = rows.find((row) => row.split('\t')[2] === `wire frame ${frame}`)?.split('\t')[1];
  const about =
    own === undefined || own === '' ? rows : rows.filter((r) => r.split('\t')[1] === own);
  const shown = own === undefined || own === '' ? about.slice(-most) : about.slice(0, most);
  return shown.map((row) => {
    const [cycle, packet, where, text] = row.split('\t');
    return `cycle ${cycle}: ${packet === '' ? '' : `${packet}, `}${where}: ${text}`;
  });
}
