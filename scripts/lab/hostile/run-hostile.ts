/**
 * Runs the recipes against a gateway of its own, with a real PACS, while tablets of other people upload. After
 * each recipe the gateway is asked how long its event loop stood still, and Linux how much memory it took.
 */
import { join } from 'node:path';
import { ADMIN, createAccount, ask, PASSWORD } from '#testing/accounts.ts';
import { createGatewayUnderTest, type GatewayUnderTest } from '#testing/gateway-under-test.ts';
import { canMeasureMemory, forgetPeak, peakResidentBytes, residentBytes } from '#testing/process-memory.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { startOrthanc } from '../../system/orthanc.ts';
import { freePort } from '../../system/ports.ts';
import { enrolDevice, signIn, type Door } from './door.ts';
import { CLEANING, RECIPES, type Recipe } from './recipes.ts';
import { sendInstances } from './send-instance.ts';

export type HostileSettings = {
  /** Empty, and removed by the caller. */
  readonly folder: string;
  readonly seed: number;
  /** 1: as large as what stopped a gateway. */
  readonly factor: number;
  readonly say: (line: string) => void;
  /** Only recipes whose names hold this. */
  readonly only?: string;
};

export type Attack = {
  readonly recipe: string;
  readonly who: string;
  readonly answers: readonly string[];
  readonly isRight: boolean;
  /** The longest block of the gateway's event loop, in milliseconds. */
  readonly blockedMs: number;
  /** Resident memory at most, above the gateway's before the first recipe, in bytes; 0 where nobody can tell. */
  readonly grownBytes: number;
};
export type HostileReport = {
  readonly attacks: readonly Attack[];
  /** Studies of the honest tablets, and those of them that ended as stored. */
  readonly honest: { readonly sent: number; readonly stored: number };
  /** The gateway's process is still the first one. */
  readonly hasSurvived: boolean;
};

export async function runHostile(settings: HostileSettings): Promise<HostileReport> {
  const { folder, seed, factor, say, only = '' } = settings;
  const orthanc = await startOrthanc({ folder: join(folder, 'pacs') });
  const gateway = createGatewayUnderTest({
    port: await freePort(),
    webPort: await freePort(),
    dataDir: join(folder, 'data'),
    adminPassword: PASSWORD,
    pacs: orthanc,
  });
  try {
    await gateway.start();
    const { pid } = gateway;
    const doors = await openDoors(gateway);
    const tablets = keepUploading(gateway, seed);
    await tablets.first;
    const idle = canMeasureMemory ? await residentBytes(pid) : 0;
    const attacks: Attack[] = [];
    for (const [at, recipe] of RECIPES.filter(({ name }) => name.includes(only)).entries())
      for (const door of doors) {
        const attack = await attackWith(recipe, door, gateway, { idle, size: { factor, seed: seed + at } });
        attacks.push(attack);
        say(describeAttack(attack));
      }
    const honest = await tablets.end();
    return { attacks, honest, hasSurvived: gateway.pid === pid && isAlive(pid) };
  } finally {
    await gateway.stop();
    await orthanc.stop();
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A technician, a technician's device, and a stranger; and the policy that cleans text. */
async function openDoors(gateway: GatewayUnderTest): Promise<readonly Door[]> {
  const { api } = gateway;
  const document = {
    ...{ name: CLEANING.name, title: 'Cleaning', deidentify: true, options: ['clean-descriptors'] },
    roles: ['technician'],
  };
  const made = await ask(gateway, ADMIN, { method: 'POST', path: '/admin/policies', body: document });
  if (!made.ok) throw new Error(await made.text());
  const { username } = await createAccount(gateway, 'hostile', ['technician']);
  const account: Door = { who: 'account', api, token: await signIn(api, username) };
  return [account, await enrolDevice(account), { who: 'stranger', api, token: null }];
}

async function attackWith(
  recipe: Recipe,
  door: Door,
  gateway: GatewayUnderTest,
  { idle, size }: { readonly idle: number; readonly size: Parameters<Recipe['run']>[1] },
): Promise<Attack> {
  await blockedMs(gateway);
  if (canMeasureMemory) await forgetPeak(gateway.pid);
  const answers = await recipe.run(door, size);
  const right = door.token === null ? /^(not-authenticated|0)$/ : recipe.right;
  const mayRefuse = door.who === 'device' ? /^not-allowed$/ : null;
  return {
    recipe: recipe.name,
    who: door.who,
    answers: [...new Set(answers)],
    isRight: answers.every((answer) => right.test(answer) || mayRefuse?.test(answer) === true),
    blockedMs: await blockedMs(gateway),
    grownBytes: canMeasureMemory ? (await peakResidentBytes(gateway.pid)) - idle : 0,
  };
}

/** The longest block of the event loop since the last question. */
async function blockedMs(gateway: GatewayUnderTest): Promise<number> {
  const text = await (await ask(gateway, ADMIN, { path: '/metrics' })).text();
  const seconds = /^relaypacs_nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1];
  if (seconds === undefined) throw new Error('the gateway does not say how long its event loop stood still');
  return Number(seconds) * 1000;
}

export const describeAttack = ({ recipe, who, answers, isRight, ...measured }: Attack): string =>
  `${isRight ? ' ' : '✘'} ${recipe.padEnd(26)} ${who.padEnd(9)} ${measured.blockedMs.toFixed(0).padStart(5)} ms ` +
  `${(measured.grownBytes / 1e6).toFixed(0).padStart(5)} MB  ${answers.join(', ')}`;

/** A tablet of somebody else sends one small study after the other until it is told to end. */
function keepUploading(gateway: GatewayUnderTest, seed: number) {
  let isOver = false;
  let sent = 0;
  let stored = 0;
  const first = Promise.withResolvers<void>();
  const run = async (): Promise<void> => {
    const { username } = await createAccount(gateway, 'honest', ['technician']);
    const door: Door = { who: 'honest', api: gateway.api, token: await signIn(gateway.api, username) };
    while (!isOver) {
      const { instances } = syntheticStudy({
        seed: 50_000 + 1_000 * seed + sent,
        instancesPerSeries: 4,
        rows: 32,
        columns: 32,
      });
      const states = await sendInstances(
        door,
        instances.map((one) => ({ ...one, ...one.identifiers })),
        { name: 'identified', version: 1 },
      );
      sent += 1;
      if (states.length === instances.length && states.every((state) => state === 'stored')) stored += 1;
      first.resolve();
    }
  };
  const running = run();
  running.catch((error: unknown) => first.reject(error));
  return {
    first: first.promise,
    async end(): Promise<HostileReport['honest']> {
      isOver = true;
      await running;
      return { sent, stored };
    },
  };
}
