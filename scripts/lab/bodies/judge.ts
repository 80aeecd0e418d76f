/** Holds a run against the promises, and describes it. */
import { GROUPS, type Attack } from './attack.ts';
import type { BodiesReport } from './run-bodies.ts';

export type Limits = {
  /** The longest turn in milliseconds of the processor, and that of a body that is taken. */
  readonly heldMs: number;
  readonly heldTakenMs: number;
  readonly grownBytes: number;
};

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e6 ? 1 : 0);

/** With the option that repeats it. */
const named = ({ name, caller, bytes }: Attack): string =>
  `--only '${name}' (${caller}, ${megabytes(bytes)} MB)`;

const COLUMNS = ['attacks', 'turn, ms', 'if taken', 'garbage', 'memory, MB', 'in all', 'answer, s'];
const row = (name: string, cells: readonly string[]): string =>
  name.padEnd(12) + cells.map((cell) => cell.padStart(12)).join('');

export const HEAD: string = row('', COLUMNS);

/** The most of each column. */
function rowOf(name: string, attacks: readonly Attack[]): string {
  const most = (of: (attack: Attack) => number): number =>
    attacks.reduce((all, one) => Math.max(all, of(one)), 0);
  return row(name, [
    String(attacks.length),
    most(({ heldMs, isTaken }) => (isTaken ? 0 : heldMs)).toFixed(0),
    most(({ heldMs, isTaken }) => (isTaken ? heldMs : 0)).toFixed(0),
    most(({ collectedMs }) => collectedMs).toFixed(0),
    megabytes(most(({ grownBytes }) => grownBytes)),
    megabytes(most(({ heldBytes }) => heldBytes)),
    most(({ answeredMs }) => answeredMs / 1000).toFixed(1),
  ]);
}

export const describeAttack = (attack: Attack): string =>
  `${rowOf('', [attack])}  ${attack.said.padEnd(20)} ${named(attack)}${attack.fault === null ? '' : `: ${attack.fault}`}`;

const describeBeside = ({ heldMs, during }: BodiesReport['beside']): string =>
  `${heldMs.toFixed(0)} ms${during === null ? '' : ` (once, during ${during})`}`;

export function describeReport(report: BodiesReport): readonly string[] {
  const { attacks, beside, honest, keptBytes, tookMs } = report;
  const routes = attacks.filter(({ group }) => group === 'routes');
  const count = (of: (words: readonly string[], caller: string) => readonly string[]): number =>
    new Set(routes.map(({ name, caller }) => of(name.split(' '), caller).join(' '))).size;
  return [
    `${count((words) => words.slice(0, 2))} routes, ${count((words) => words.slice(0, 3))} with their content types, ` +
      `${count((words, caller) => [...words.slice(0, 3), caller])} with their callers`,
    HEAD,
    ...GROUPS.map((group) =>
      rowOf(
        group,
        attacks.filter((one) => one.group === group),
      ),
    ),
    `It took ${[...tookMs].map(([group, ms]) => `${(ms / 1000).toFixed(0)} s (${group})`).join(', ')}.`,
    `${honest.sent} honest studies with ${honest.instances} instances, ${honest.unended.length} without a receipt; ` +
      `the longest turn of no attack took ${describeBeside(beside)}; the gateway keeps ${megabytes(Math.max(0, keptBytes))} MB`,
  ];
}

export const isHold = ({ heldMs, isTaken }: Attack, limits: Limits): boolean =>
  heldMs > (isTaken ? limits.heldTakenMs : limits.heldMs);

export function faultsOf(report: BodiesReport, limits: Limits): readonly string[] {
  const { attacks, beside, honest, hasSurvived, keptBytes } = report;
  const { heldTakenMs, grownBytes } = limits;
  /** Each fault of an attack once, at its largest size. */
  const worst = new Map<string, string>();
  const note = (kind: string, attack: Attack, fault: string): void =>
    void worst.set(`${kind} ${attack.name}`, `${named(attack)} ${fault}`);
  for (const attack of attacks) {
    if (attack.fault !== null) note('answer', attack, attack.fault);
    if (isHold(attack, limits))
      note('turn', attack, `held the event loop for ${attack.heldMs.toFixed(0)} ms`);
    if (attack.grownBytes > grownBytes) note('memory', attack, `took ${megabytes(attack.grownBytes)} MB`);
  }
  return [
    ...worst.values(),
    ...(keptBytes > grownBytes ? [`the gateway keeps ${megabytes(keptBytes)} MB once all is over`] : []),
    ...(beside.heldMs > heldTakenMs ? [`a turn of no attack took ${describeBeside(beside)}`] : []),
    ...(attacks.length > 0 ? [] : ['nothing was attacked']),
    ...(hasSurvived ? [] : ['the gateway’s process ended']),
    ...honest.unended.map((said) => `an honest study did not end with a receipt: ${said}`),
  ];
}
