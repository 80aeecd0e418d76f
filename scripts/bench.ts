/**
 * `npm run bench -- NAME [ROW…] [--before=FOLDER] [--json]`: measures against a peer or the wire, in the same
 * run, and prints ratios. Without a name it lists the names; `link` and `browser` also take the names of single rows,
 * and `deid` the folder of an earlier checkout, with its packages. Nothing here asserts: a figure is only as good as
 * the quiet of the machine, so the calibration is printed with the rows.
 */
import { benchAudit } from './bench/audit.ts';
import { benchBrowser, profileBrowser } from './bench/browser.ts';
import { benchDeid, benchParse } from './bench/deid.ts';
import { benchDeidMemory } from './bench/deid-memory.ts';
import { benchCases } from './bench/cases.ts';
import { benchGateway } from './bench/gateway.ts';
import { benchInference } from './bench/inference.ts';
import { benchLink } from './bench/link.ts';
import { benchMemory } from './bench/memory.ts';
import { benchResent } from './bench/resent.ts';
import type { Bench, BenchRow } from './bench/row.ts';
import { benchStow } from './bench/stow.ts';
import { calibrate, describeCalibration } from './calibration.ts';

const BENCHES: Readonly<Record<string, Bench>> = {
  audit: benchAudit,
  cases: benchCases,
  gateway: async (say) => [...(await benchGateway(say)), ...(await benchParse(say))],
  stow: benchStow,
  memory: benchMemory,
  link: (say, { rows }) => benchLink(say, rows),
  resent: benchResent,
  browser: benchBrowser,
  'browser-profile': profileBrowser,
  inference: benchInference,
  deid: async (say, options) => [...(await benchDeid(say, options)), ...(await benchDeidMemory(say))],
};

/** They measure only the rows that are named. */
const TAKES_ROWS: ReadonlySet<string> = new Set(['link', 'browser']);
const BEFORE = '--before=';

function describe(row: BenchRow): string {
  const figures = Object.entries(row).filter(([name]) => name !== 'name' && name !== 'ratio');
  return `${row.name.padEnd(40)} ${(row.ratio?.toFixed(3) ?? '').padStart(8)}   ${figures.map(([name, value]) => `${name} ${value}`).join(', ')}`;
}

async function main(args: readonly string[]): Promise<number> {
  const json = args.includes('--json');
  const words = args.filter((arg) => !arg.startsWith('--'));
  const names = words.filter((word) => word in BENCHES);
  const rowNames = words.filter((word) => !(word in BENCHES));
  const before = args.find((arg) => arg.startsWith(BEFORE))?.slice(BEFORE.length) ?? null;
  const unknown = names.some((name) => TAKES_ROWS.has(name)) ? [] : rowNames;
  if (names.length === 0 || unknown.length > 0) {
    process.stderr.write(
      `usage: npm run bench -- NAME [ROW…] [--before=FOLDER] [--json], NAME one of: ${Object.keys(BENCHES).join(', ')}\n`,
    );
    return 2;
  }
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const quiet = await calibrate();
  const rows: BenchRow[] = [];
  for (const name of names) rows.push(...(await BENCHES[name]!(say, { rows: rowNames, before })));
  const after = await calibrate();
  const calibration = after.ratio > quiet.ratio ? after : quiet;
  process.stdout.write(
    json
      ? `${JSON.stringify({ rows, calibration })}\n`
      : `${[...rows.map(describe), describeCalibration(calibration)].join('\n')}\n`,
  );
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
