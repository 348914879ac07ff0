// SPDX-License-Identifier: BSD-2-Clause
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT, temporaryDir } from '../lib/cli.ts';

/** The action's shell steps, run here as the runner of GitHub Actions runs them. */

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}
interface Action {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

const FOLDER = join(ROOT, '.github/actions/validate');
const action = parse(readFileSync(join(FOLDER, 'action.yml'), 'utf8')) as Action;
const { steps } = action.runs;

/** What ${{ … }} stands for. An expression that is not known here throws. */
function filledIn(text: string, known: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{\{ (.+?) \}\}/g, (_, expression: string) => {
    const value = known[expression];
    if (value === undefined) throw new Error(`nobody knows what ${expression} is`);
    return value;
  });
}

/** Runs the shell steps with these inputs, up to the first that fails. */
function runAction(inputs: Readonly<Record<string, string>>) {
  const dir = temporaryDir('action');
  const file = (name: string): string => join(dir, name);
  for (const name of ['output', 'summary']) writeFileSync(file(name), '');
  const all = Object.entries(action.inputs).map(([k, v]) => [
    `inputs.${k}`,
    inputs[k] ?? v.default,
  ]);
  const known = { ...Object.fromEntries(all), 'runner.temp': dir };
  let status: number | null = 0;
  let log = '';
  for (const step of steps.filter(({ run }) => run !== undefined)) {
    const entries = Object.entries(step.env ?? {});
    const env = Object.fromEntries(entries.map(([k, v]) => [k, filledIn(v, known)]));
    // The shell of `shell: bash`.
    const r = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run!], {
      cwd: ROOT,
      encoding: 'utf8',
      env: {
        ...process.env,
        GITHUB_ACTIONS: 'true',
        GITHUB_ACTION_PATH: FOLDER,
        GITHUB_OUTPUT: file('output'),
        GITHUB_STEP_SUMMARY: file('summary'),
        ...env,
      },
    });
    log += r.stdout + r.stderr;
    status = r.status;
    if (status !== 0) break;
  }
  const read = (name: string): string => readFileSync(file(name), 'utf8');
  const reports = /^reports=(.*)$/m.exec(read('output'))?.[1] ?? '';
  return { status, log, summary: read('summary'), reports };
}

describe('the action for CI', () => {
  it('passes where the suite passes: a summary, the reports in a folder, no annotation', () => {
    const r = runAction({ args: '--nic model --grep ^registers/' });
    expect(r.status, r.log).toBe(0);
    expect(r.summary).toMatch(/### tagwire validate: pass/);
    for (const name of ['results.json', 'results.xml', 'report.html'])
      expect(existsSync(join(r.reports, name)), name).toBe(true);
    expect(r.log).not.toMatch(/^::error/m);
  });

  it('fails where a case fails: an annotation each, and what failures leave is in the folder', () => {
    const r = runAction({
      args: '--nic model --grep ^rings/wrap-16$ --timeout-cycles 1000',
      artifact: 'other-name',
    });
    expect(r.status, r.log).toBe(1);
    expect(r.summary).toMatch(/1 of 1 failed/);
    expect(r.log).toMatch(/^::error title=rings\/wrap-16::/m);
    expect(r.reports).toMatch(/other-name$/);
    expect(existsSync(join(r.reports, 'failures'))).toBe(true);
  });

  it('gives words to validate, not patterns of files; what is no option ends with 2', () => {
    const r = runAction({ args: '--nic model --grep *' });
    expect(r.status).toBe(2);
    expect(r.log).toMatch(/--grep/);
  });

  it('keeps the folder when validate failed, and by no other step', () => {
    const upload = steps.find(({ uses }) => uses?.startsWith('actions/upload-artifact@'))!;
    expect(upload.if).toContain("steps.validate.outcome == 'failure'");
    expect(upload.with!.path).toContain('steps.validate.outputs.reports');
    expect(steps.at(-1)).toBe(upload);
  });

  it('is what the workflow in the README calls, with inputs that it has', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const [, yaml] = /<!-- workflow -->\n```yaml\n([\s\S]*?)```/.exec(readme)!;
    const workflow = parse(yaml!) as { jobs: Record<string, { steps: Step[] }> };
    const all = Object.values(workflow.jobs).flatMap((job) => job.steps);
    const call = all.find(({ uses }) => uses?.includes('/.github/'))!;
    const [, path] = /^OWNER\/tagwire\/(.+)@main$/.exec(call.uses!)!;
    expect(existsSync(join(ROOT, path!, 'action.yml'))).toBe(true);
    expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(call.with!)));
  });
});
