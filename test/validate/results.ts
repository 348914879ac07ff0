// SPDX-License-Identifier: BSD-2-Clause
import type { CaseResult, ValidateResults } from '../../src/report/validate_results.ts';
import { sumUp } from '../../src/validate/results.ts';

/** Text that is markup, a command of GitHub or an escape, if nobody takes care. */
export const NASTY = '<b>&"]]>\u0007\n%::error::\u{1f600}';

export function result(id: string, more: Partial<CaseResult> = {}): CaseResult {
  return {
    ...{ id, group: id.split('/')[0]!, title: `what ${id} is about`, checks: 'RFC 4303 §3.4.3' },
    ...{ parameters: { size: 64, mode: 'tunnel' }, seed: 7, status: 'passed' },
    ...{ digest: 'ab'.repeat(32), seconds: 0.25, cycles: 12_345, reason: '', artefacts: {} },
    ...{ repeat: `npx tagwire validate --grep '^${id}$' --seed 1`, ...more },
  };
}

/** A run with something of everything in it. */
export function mixedResults(): ValidateResults {
  const about = {
    ...{ seed: 1, versions: { tagwire: '0.1.0', node: '20.19.0' }, seconds: 12.5 },
    settings: { nic: 'rtl', ffi: 'koffi', shard: '1/1', timeoutCycles: 20_000_000 },
  };
  const packet = ['frame 3 of 9, cycle 4000: the one that is wrong', 'Ethernet 02:… > 02:…'];
  return sumUp(about, [
    result('rings/wrap-16'),
    result('rings/tx-full', { status: 'skipped', digest: '', reason: 'for a card of rtl' }),
    result('esp/tunnel', {
      ...{ status: 'failed', digest: '', reason: `bytes differ ${NASTY}`, cycle: 4321, frame: 3 },
      ...{ expected: { a: NASTY }, actual: [1, 2], packet },
      artefacts: { capture: 'failures/esp_tunnel/wire.pcapng', waves: 'failures/waves.fst' },
    }),
    result('esp/lost', { status: 'infrastructure', digest: '', reason: 'was ended by SIGKILL' }),
    result('leaks/late', { status: 'timeout', digest: '', reason: 'took longer than 5 s' }),
    result('leaks/none', { status: 'missing', digest: '', reason: 'no result came' }),
  ]);
}
