// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest';
import { junitXml } from '../../src/report/junit.ts';
import { parseXml, type XmlElement } from '../lib/xml.ts';
import { mixedResults, NASTY } from './results.ts';

/** The elements of JUnit XML as CI servers read them: attributes that must be there, children that may. */
const SCHEMA: Readonly<Record<string, readonly [required: string[], children: string[]]>> = {
  testsuites: [['name', 'tests', 'failures', 'errors', 'time'], ['testsuite']],
  testsuite: [
    ['name', 'tests', 'failures', 'errors', 'skipped', 'time'],
    ['properties', 'testcase'],
  ],
  testcase: [
    ['name', 'classname', 'time'],
    ['properties', 'skipped', 'error', 'failure', 'system-out'],
  ],
  properties: [[], ['property']],
  property: [['name', 'value'], []],
  skipped: [['message'], []],
  failure: [['message', 'type'], []],
  error: [['message', 'type'], []],
  'system-out': [[], []],
};

function check({ name, attributes, children, text }: XmlElement): void {
  const [required, allowed] = SCHEMA[name]!;
  expect(Object.keys(attributes)).toEqual(expect.arrayContaining(required));
  for (const key of ['tests', 'failures', 'errors', 'skipped']) {
    if (key in attributes) expect(attributes[key]).toMatch(/^\d+$/);
  }
  if ('time' in attributes) expect(attributes.time).toMatch(/^\d+(\.\d+)?$/);
  if (allowed.length > 0) expect(text.trim()).toBe('');
  for (const child of children) {
    expect(allowed).toContain(child.name);
    check(child);
  }
}

const all = (e: XmlElement, name: string): XmlElement[] => [
  ...(e.name === name ? [e] : []),
  ...e.children.flatMap((child) => all(child, name)),
];

describe('results.xml', () => {
  const xml = junitXml(mixedResults());
  const root = parseXml(xml);

  it('is JUnit XML: its elements, their attributes and nothing else', () => {
    expect(root.name).toBe('testsuites');
    check(root);
  });

  it('counts what is in it', () => {
    expect(root.attributes).toMatchObject({ tests: '6', failures: '1', errors: '3', skipped: '1' });
    for (const suite of root.children) {
      expect(all(suite, 'testcase').length).toBe(Number(suite.attributes.tests));
      for (const [tag, key] of [
        ['failure', 'failures'],
        ['error', 'errors'],
        ['skipped', 'skipped'],
      ] as const) {
        expect(all(suite, tag).length).toBe(Number(suite.attributes[key]));
      }
    }
  });

  it('has seed, digest and versions as properties, and files as attachments', () => {
    const properties = Object.fromEntries(
      root.children[0]!.children[0]!.children.map(({ attributes }) => [
        attributes.name,
        attributes.value,
      ]),
    );
    expect(properties).toMatchObject({ seed: '1', nic: 'rtl', 'version.node': '20.19.0' });
    expect(properties.digest).toMatch(/^[0-9a-f]{64}$/);
    const [out] = all(root, 'system-out');
    expect(out!.text).toContain('[[ATTACHMENT|failures/esp_tunnel/wire.pcapng]]');
  });

  it('carries any text, but for characters that XML has no place for', () => {
    const [failure] = all(root, 'failure');
    const carried = NASTY.replace('\u0007', '');
    expect(failure!.attributes.message).toBe(`bytes differ ${carried}`);
    expect(failure!.text).toContain(carried);
    expect(failure!.text).toContain("--grep '^esp/tunnel$'");
  });
});

it('the reader of these tests refuses what is no XML', () => {
  const head = '<?xml version="1.0" encoding="UTF-8"?>\n';
  for (const bad of [
    '<a>',
    '<a></b>',
    '<a b="1" b="2"/>',
    '<a>&</a>',
    '<a>\u0001</a>',
    '<a/><b/>',
  ]) {
    expect(() => parseXml(head + bad), bad).toThrow();
  }
});
