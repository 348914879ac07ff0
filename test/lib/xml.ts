// SPDX-License-Identifier: BSD-2-Clause

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

const NAME = '[A-Za-z_][\\w.-]*';
const TAG = new RegExp(`<(/?)(${NAME})((?:\\s+${NAME}="[^"<]*")*)\\s*(/?)>`, 'y');
const ENTITIES: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" },
};

/**
 * A strict reader of XML without namespaces, comments, CDATA and DTD: throws at the first character
 * that XML 1.0 does not allow, and for tags that do not match.
 */
export function parseXml(xml: string): XmlElement {
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
  if (!xml.startsWith(declaration)) throw new Error('an XML declaration was expected');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 §2.2
  const bad = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.exec(xml);
  if (bad !== null) throw new Error(`character ${bad[0].charCodeAt(0)} at ${bad.index}`);
  const root: XmlElement = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  for (let at = declaration.length; at < xml.length; ) {
    const top = open.at(-1)!;
    TAG.lastIndex = at;
    const tag = TAG.exec(xml);
    if (tag === null) {
      const end = xml.indexOf('<', at + (xml[at] === '<' ? 1 : 0));
      const text = xml.slice(at, end < 0 ? undefined : end);
      if (text.startsWith('<') || text.includes(']]>')) throw new Error(`not a tag at ${at}`);
      top.text += plain(text, at);
      at += text.length;
      continue;
    }
    at += tag[0].length;
    const [, slash, name, attributes, empty] = tag;
    if (slash === '/') {
      if (top.name !== name) throw new Error(`</${name}> at ${at} closes <${top.name}>`);
      open.pop();
      continue;
    }
    const element = {
      name: name!,
      attributes: readAttributes(attributes!),
      children: [],
      text: '',
    };
    top.children.push(element);
    if (empty === '') open.push(element);
  }
  if (open.length !== 1 || root.children.length !== 1 || root.text.trim() !== '') {
    throw new Error('one root element was expected, closed');
  }
  return root.children[0]!;
}

function readAttributes(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(new RegExp(`(${NAME})="([^"]*)"`, 'g'))) {
    if (name! in found) throw new Error(`attribute ${name} twice`);
    found[name!] = plain(value!, 0);
  }
  return found;
}

function plain(text: string, at: number): string {
  return text.replaceAll(/&(?:#(\d+)|(\w+))?;?/g, (whole, number, name) => {
    if (!whole.endsWith(';')) throw new Error(`a bare & near ${at}`);
    if (number !== undefined) return String.fromCodePoint(Number(number));
    const known = ENTITIES[name as string];
    if (known === undefined) throw new Error(`unknown entity ${whole}`);
    return known;
  });
}
