/**
 * `npm run bench -- NAME [--json]`: measures against a peer or the wire, in the same run, and prints ratios (DESIGN §6). Without a name it
 * lists the names. A figure is only as good as the quiet of the machine: nothing here asserts.
 */
import { benchDeid, benchParse } from './bench/deid.ts';
import { benchGateway } from './bench/gateway.ts';
import { benchMemory } from './bench/memory.ts';

/** One line of the result. `ratio` is ours ÷ the peer's, or as the name says; the other numbers explain it. */
export type BenchRow = { readonly name: string; readonly ratio: number; readonly [figure: string]: number | string };

const BENCHES: Readonly<Record<string, (say: (line: string) => void) => Promise<readonly BenchRow[]>>> = {
  gateway: async (say) => [...(await benchGateway(say)), ...(await benchParse(say))],
  memory: benchMemory,
  deid: benchDeid,
};

function describe(row: BenchRow): string {
  const figures = Object.entries(row).filter(([name]) => name !== 'name' && name !== 'ratio');
  return `${row.name.padEnd(24)} ${row.ratio.toFixed(2).padStart(8)}   ${figures.map(([name, value]) => `${name} ${value}`).join(', ')}`;
}

async function main(args: readonly string[]): Promise<number> {
  const json = args.includes('--json');
  const names = args.filter((arg) => !arg.startsWith('--'));
  const unknown = names.filter((name) => !(name in BENCHES));
  if (names.length === 0 || unknown.length > 0) {
    process.stderr.write(`usage: npm run bench -- NAME [--json], NAME one of: ${Object.keys(BENCHES).join(', ')}\n`);
    return 2;
  }
  const rows: BenchRow[] = [];
  for (const name of names) rows.push(...(await BENCHES[name]!((line) => void process.stderr.write(`${line}\n`))));
  process.stdout.write(json ? `${JSON.stringify({ rows })}\n` : `${rows.map(describe).join('\n')}\n`);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
