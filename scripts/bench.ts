/**
 * `npm run bench -- NAME [ROW…] [--before=FOLDER] [--json]`: measures against a peer or the wire, in the same
 * run, and prints ratios. Without a name it lists the names; `link` and `browser` also take the names of single rows,
 * `deid` and `offline` the folder of an earlier checkout, with its packages. Nothing here asserts: a figure is only as
 * good as the quiet of the machine, so the calibration is printed with the rows.
 */
import type { Bench, BenchRow } from './bench/row.ts';
import { calibrate, describeCalibration } from './calibration.ts';

/** Loaded by name: in a process that has loaded all of them, a client that sends 262 MB takes twice the processor. */
const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  audit: async () => (await import('./bench/audit.ts')).benchAudit,
  cases: async () => (await import('./bench/cases.ts')).benchCases,
  async gateway() {
    const { benchGateway } = await import('./bench/gateway.ts');
    const { benchParse } = await import('./bench/deid.ts');
    return async (say) => [...(await benchGateway(say)), ...(await benchParse(say))];
  },
  stow: async () => (await import('./bench/stow.ts')).benchStow,
  memory: async () => (await import('./bench/memory.ts')).benchMemory,
  async link() {
    const { benchLink } = await import('./bench/link.ts');
    return (say, { rows }) => benchLink(say, rows);
  },
  resent: async () => (await import('./bench/resent.ts')).benchResent,
  browser: async () => (await import('./bench/browser.ts')).benchBrowser,
  pages: async () => (await import('./bench/pages.ts')).benchPages,
  offline: async () => (await import('./bench/offline.ts')).benchOffline,
  inference: async () => (await import('./bench/inference.ts')).benchInference,
  deid: async () => (await import('./bench/deid.ts')).benchDeid,
};

/** Benches that measure only the rows that are named. */
const TAKE_ROWS = ['link', 'browser'];
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
  const unknown = names.some((name) => TAKE_ROWS.includes(name)) ? [] : rowNames;
  if (names.length === 0 || unknown.length > 0) {
    process.stderr.write(
      `usage: npm run bench -- NAME [ROW…] [--before=FOLDER] [--json], NAME one of: ${Object.keys(BENCHES).join(', ')}\n`,
    );
    return 2;
  }
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const quiet = await calibrate();
  const rows: BenchRow[] = [];
  for (const name of names) {
    const bench = await BENCHES[name]!();
    rows.push(...(await bench(say, { rows: rowNames, before })));
  }
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
