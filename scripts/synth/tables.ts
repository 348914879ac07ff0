// SPDX-License-Identifier: BSD-2-Clause

/**
 * Tables that are read at many places, as modules of their own: mapped once, they are put back at each
 * place. Made into multiplexers at 280 places they are more than the mapper can hold.
 */
export interface WithTables {
  /** RTLIL of the module, with an instance at each place. */
  text: string;
  /** RTLIL of the tables, and their names. */
  tables: string;
  names: string[];
}

/** RTLIL of one module in which `memory -nomap -nordff` has made cells of its memories. */
export function cutTables(text: string): WithTables {
  const tables: string[] = [];
  const names: string[] = [];
  const cut = text.replace(/^ {2}cell \$mem_v2 \S+\n[\s\S]*?^ {2}end$/gm, (cell) => {
    const number = (name: string): number =>
      Number(new RegExp(`parameter \\\\${name} (\\d+)$`, 'm').exec(cell)![1]);
    if (number('WR_PORTS') > 0) return cell;
    const [bits, width, ports] = [number('ABITS'), number('WIDTH'), number('RD_PORTS')];
    const line = (name: string): string =>
      new RegExp(`^ {4}connect \\\\${name} (.*)$`, 'm').exec(cell)![1]!;
    const name = `\\nic_table_${names.length}`;
    names.push(name);
    tables.push(moduleOf(cell, name, bits, width));
    const [addr, data] = [`\\${name.slice(1)}_addr`, `\\${name.slice(1)}_data`];
    const places = Array.from({ length: ports }, (_, i) => [
      `  cell ${name} ${name}_at_${i}`,
      `    connect \\addr ${addr} [${bits * (i + 1) - 1}:${bits * i}]`,
      `    connect \\data ${data} [${width * (i + 1) - 1}:${width * i}]`,
      '  end',
    ]);
    return [
      `  wire width ${bits * ports} ${addr}`,
      `  wire width ${width * ports} ${data}`,
      `  connect ${addr} ${line('RD_ADDR')}`,
      `  connect ${line('RD_DATA')} ${data}`,
      ...places.flat(),
    ].join('\n');
  });
  return { text: cut, tables: tables.join('\n'), names };
}

/** A table of one place: the memory with its first port alone. */
function moduleOf(cell: string, name: string, bits: number, width: number): string {
  const lines = cell
    .split('\n')
    .filter((line) => !/^ {4}connect|parameter \\RD_|^ {2}end/.test(line))
    .concat(
      ['CE_OVER_SRST', 'CLK_ENABLE', 'CLK_POLARITY', 'COLLISION_X_MASK'].map(
        (one) => `    parameter \\RD_${one} 1'0`,
      ),
      ['TRANSPARENCY_MASK', 'WIDE_CONTINUATION'].map((one) => `    parameter \\RD_${one} 1'0`),
      ['ARST', 'INIT', 'SRST'].map((one) => `    parameter \\RD_${one}_VALUE ${width}'x`),
      `    parameter \\RD_PORTS 1`,
      `    connect \\RD_ADDR \\addr`,
      `    connect \\RD_DATA \\data`,
      ...['CLK', 'ARST', 'SRST'].map((one) => `    connect \\RD_${one} 1'0`),
      `    connect \\RD_EN 1'1`,
      ...['ADDR', 'CLK', 'DATA', 'EN'].map((one) => `    connect \\WR_${one} { }`),
      '  end',
    );
  const ports = [`  wire width ${bits} input 1 \\addr`, `  wire width ${width} output 2 \\data`];
  return [`module ${name}`, ...ports, ...lines, 'end', ''].join('\n');
}
