/**
 * Runs the recipes against a gateway of its own, with a real PACS, while a tablet of somebody else uploads. After
 * each recipe: how long the gateway's event loop stood still, how much memory it took, and whether one account
 * sees what the other has brought.
 */
import { ADMIN, createAccount, ask } from '#testing/accounts.ts';
import { openGatewayAndPacs } from '#testing/gateway-and-pacs.ts';
import type { GatewayUnderTest, LogLine } from '#testing/gateway-under-test.ts';
import { isAlive } from '#testing/is-alive.ts';
import { canMeasureMemory, forgetPeak, peakResidentBytes, residentBytes } from '#testing/process-memory.ts';
import { askAt, enrolDevice, openDoor, type Door, type KeptDoor } from './door.ts';
import { listenAt, type Listener } from './listen.ts';
import { CLEANING, type Recipe, type Size } from './recipe.ts';
import { RECIPES } from './recipes.ts';
import { startTablet, type Honest, type Tablet } from './tablets.ts';
import { broughtBy, seenOf, takeBackAll } from './visibility.ts';

/** Loaded into the gateway. */
const WATCH_LOOP = new URL('./watch-loop.ts', import.meta.url).href;

export type HostileSettings = {
  readonly seed: number;
  /** 1: as large as what stopped a gateway. */
  readonly factor: number;
  readonly say: (line: string) => void;
  /** Only recipes whose names hold one of these. */
  readonly only?: readonly string[];
  /** Only by these; by all by default. */
  readonly by?: readonly string[];
  /** The sources of the gateway: another copy of the project. */
  readonly root?: string;
};

export type Attack = {
  readonly recipe: string;
  readonly who: string;
  readonly answers: readonly string[];
  readonly isRight: boolean;
  /** The longest time that the gateway's event loop stood still, in milliseconds. */
  readonly blockedMs: number;
  /** The most that its thread was at work in one such time, in milliseconds; the rest the machine was busy. */
  readonly atWorkMs: number;
  /** Resident memory at most, above the gateway's before the first recipe, in bytes; 0 where nobody can tell. */
  readonly grownBytes: number;
};
export type HostileReport = {
  readonly attacks: readonly Attack[];
  readonly honest: Honest;
  /** A line for each thing of another account that one account saw. */
  readonly visible: readonly string[];
  /** The gateway's process is still the first one. */
  readonly hasSurvived: boolean;
};

export async function runHostile(settings: HostileSettings): Promise<HostileReport> {
  const { seed, factor, say, only = [''], by } = settings;
  const { gateway, close } = await openGatewayAndPacs('hostile', {
    env: { NODE_OPTIONS: `--import=${WATCH_LOOP}` },
    ...(settings.root === undefined ? {} : { root: settings.root }),
  });
  try {
    const { pid } = gateway;
    const doors = await openDoors(gateway);
    const tablet = await startTablet(gateway, seed);
    const heard = { tablet: await listenAt(tablet.door), account: await listenAt(doors[0]) };
    const ground = { gateway, tablet, doors, heard, idle: canMeasureMemory ? await residentBytes(pid) : 0 };
    const attacks: Attack[] = [];
    const visible: string[] = [];
    const chosen = RECIPES.filter(({ name }) => only.some((part) => name.includes(part)));
    const attackers = doors.filter(({ who }) => by?.includes(who) ?? true);
    for (const [at, recipe] of chosen.entries())
      for (const door of attackers) {
        await doors[0].renew();
        await doors[1].renew();
        const attack = await attackWith(recipe, door, ground, { factor, seed: seed + at });
        attacks.push(attack);
        say(describeAttack(attack));
        // A short run looks once for each recipe.
        if (factor === 1 || door === attackers.at(-1)) visible.push(...(await seenAfter(ground)));
      }
    const honest = await tablet.end();
    for (const listener of Object.values(heard)) listener.close();
    return { attacks, honest, visible, hasSurvived: gateway.pid === pid && isAlive(pid) };
  } finally {
    await close();
  }
}

/** A technician, a technician's device, and a stranger; and the policy that cleans text. */
async function openDoors(gateway: GatewayUnderTest): Promise<Doors> {
  const { api } = gateway;
  const document = {
    ...{ name: CLEANING.name, title: 'Cleaning', deidentify: true, options: ['clean-descriptors'] },
    roles: ['technician'],
  };
  const made = await ask(gateway, ADMIN, { method: 'POST', path: '/admin/policies', body: document });
  if (!made.ok) throw new Error(await made.text());
  const { username } = await createAccount(gateway, 'hostile', ['technician']);
  const account = await openDoor('account', api, username);
  return [account, await enrolDevice(account), { who: 'stranger', api, token: null }];
}

type Doors = readonly [KeptDoor, KeptDoor, Door];

type Ground = {
  readonly gateway: GatewayUnderTest;
  readonly tablet: Tablet;
  readonly doors: Doors;
  readonly heard: { readonly tablet: Listener; readonly account: Listener };
  /** Resident before the first recipe, in bytes. */
  readonly idle: number;
};

async function attackWith(
  recipe: Recipe,
  door: Door,
  { gateway, tablet, idle }: Ground,
  size: Size,
): Promise<Attack> {
  const before = gateway.lines.length;
  if (canMeasureMemory) await forgetPeak(gateway.pid);
  const answers = await recipe.run(door, size, tablet.victim);
  // The watcher has its turn after the block, and its line comes by another way than an answer.
  for (let turn = 0; turn < 2; turn += 1) await askAt({ ...door, token: null }, '/health/live');
  const blocks = gateway.lines.slice(before).filter(isBlock);
  const right = door.token === null ? (recipe.strangers ?? /^(not-authenticated|0)$/) : recipe.right;
  // A refusal that ends the connection before the body is read may be lost with it (RFC 9112 §9.6), as a stranger's.
  const mayRefuse = door.who === 'device' ? /^(not-allowed|0)$/ : null;
  return {
    recipe: recipe.name,
    who: door.who,
    answers: [...new Set(answers)],
    isRight: answers.every((answer) => right.test(answer) || mayRefuse?.test(answer) === true),
    blockedMs: Math.max(0, ...blocks.map((block) => block.blockedMs)),
    atWorkMs: Math.max(0, ...blocks.map((block) => block.atWorkMs)),
    grownBytes: canMeasureMemory ? (await peakResidentBytes(gateway.pid)) - idle : 0,
  };
}

/** A line of watch-loop.ts. */
type Block = LogLine & { readonly blockedMs: number; readonly atWorkMs: number };
const isBlock = (line: LogLine): line is Block => line.event === 'loop-blocked';

/**
 * The tablet looks for the hostile account's studies, and everybody for the tablet's. In between the hostile account
 * takes back what it only promised: its own lists name what it has named itself.
 */
async function seenAfter({ tablet, doors, heard }: Ground): Promise<readonly string[]> {
  const [account] = doors;
  const honest = await broughtBy(tablet.door);
  const hostile = await broughtBy(account);
  const foreign = hostile.filter(({ upload }) => !tablet.has(upload.studyInstanceUID));
  const seen = [...(await seenOf(tablet.door, foreign, heard.tablet.heard()))];
  await takeBackAll(account);
  for (const door of doors) seen.push(...(await seenOf(door, honest, heard.account.heard())));
  return seen;
}

export const describeAttack = ({ recipe, who, answers, isRight, ...measured }: Attack): string =>
  `${isRight ? ' ' : '✘'} ${recipe.padEnd(26)} ${who.padEnd(9)} ${measured.atWorkMs.toFixed(0).padStart(5)} of ` +
  `${measured.blockedMs.toFixed(0).padStart(5)} ms ${(measured.grownBytes / 1e6).toFixed(0).padStart(5)} MB  ` +
  answers.join(', ');
