/** Runs every group of attacks against one world while the honest people work, and gives what each attack cost. */
import { join } from 'node:path';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { isAlive } from '#testing/is-alive.ts';
import { attackAnswers, readingTriggers } from './attack-answers.ts';
import { attackArchives } from './attack-archives.ts';
import { attackBeside } from './attack-beside.ts';
import { attackDimse } from './attack-dimse.ts';
import { attackFiles } from './attack-files.ts';
import { attackModels } from './attack-models.ts';
import { attackRoutes } from './attack-routes.ts';
import { attackSlowly } from './attack-slowly.ts';
import { Addresses } from './addresses.ts';
import type { Attack, Group, Tools } from './attack.ts';
import { createPeople, type Honest } from './honest.ts';
import { operationsOf, resolverOf, type Contract } from './operations.ts';
import { targetsOf } from './targets.ts';
import { watchGateway, type Beside, type Watch } from './watch-gateway.ts';
import { openWorld, type World } from './world.ts';

export type BodiesSettings = {
  /** Empty, and removed by the caller. */
  readonly folder: string;
  readonly seed: number;
  /** The sources of the gateway: another copy of the project. */
  readonly root?: string | undefined;
  /** How many instances the large honest study has; 0: nobody else works. */
  readonly instances: number;
  readonly groups: readonly Group[];
  readonly isChosen: (name: string) => boolean;
  readonly enoughMs: number;
  /** So little memory may be kept once all is over. */
  readonly littleBytes: number;
  readonly say: (attack: Attack) => void;
  /** Nothing is fired after this attack. */
  readonly isLast?: (attack: Attack) => boolean;
};

export type BodiesReport = {
  readonly attacks: readonly Attack[];
  readonly beside: Beside;
  readonly honest: Honest;
  /** The gateway's process is still the first one. */
  readonly hasSurvived: boolean;
  /** How long the attacks of each group took, by the clock. */
  readonly tookMs: ReadonlyMap<Group, number>;
  /** The memory that the gateway keeps of all the work. */
  readonly keptBytes: number;
};

export async function runBodies(settings: BodiesSettings): Promise<BodiesReport> {
  const { folder, seed, root, instances, say, isLast } = settings;
  const people = createPeople(join(folder, 'people'), { seed, instances });
  const world = await openWorld({ folder, seed, root, isTheirs: people.isTheirs });
  const { gateway, pacs } = world;
  try {
    const { pid } = gateway;
    // The first question makes the document, once in the life of a gateway.
    const contract = (await (await fetch(`${gateway.api}/openapi.json`)).json()) as Contract;
    const watch = await watchGateway(gateway);
    if (instances > 0) await people.start(gateway, pacs);
    const attacks: Attack[] = [];
    const tookMs = new Map<Group, number>();
    for await (const attack of attacksOn(world, settings, {
      contract,
      watch,
      isOthers: people.isTheirs,
      tookMs,
    })) {
      attacks.push(attack);
      say(attack);
      if (isLast?.(attack) || !isAlive(pid)) break;
    }
    const honest = await people.end();
    const hasSurvived = gateway.pid === pid && isAlive(pid);
    const keptBytes = hasSurvived && isLast === undefined ? await watch.kept(settings.littleBytes) : 0;
    return { attacks, tookMs, beside: watch.beside(), honest, hasSurvived, keptBytes };
  } finally {
    await world.close();
    // Without a gateway they end at once; until then they write into the folder.
    await ignoreFailure(people.end(), 'they are told of above');
  }
}

type Met = {
  readonly contract: Contract;
  readonly watch: Watch;
  readonly isOthers: (text: string) => boolean;
  readonly tookMs: Map<Group, number>;
};

async function* attacksOn(
  world: World,
  { seed, enoughMs, groups, isChosen }: BodiesSettings,
  { contract, watch, isOthers, tookMs }: Met,
): AsyncGenerator<Attack> {
  const { gateway, callers, pacs, dimsePort, triggers } = world;
  const operations = operationsOf(contract);
  const addresses = new Addresses(operations, resolverOf(contract), { ask: callers.ask, isOthers });
  const tools: Tools = { ask: callers.ask, addresses, watch, enoughMs, seed, isChosen };
  const targets = targetsOf(contract, seed);
  // Before there is anything that was sent by an attack.
  for (const { operation } of targets)
    for (const caller of operation.callers) await addresses.real(operation, caller);
  const attacks: Readonly<Record<Group, () => AsyncGenerator<Attack>>> = {
    routes: () => attackRoutes(tools, targets),
    async *slow() {
      yield* attackSlowly(tools, targets, { gateway, callers });
      yield* attackBeside(tools, targets, { operations, callers });
    },
    answers: () => attackAnswers(tools, [...readingTriggers(tools, operations, pacs), ...triggers]),
    dimse: () => attackDimse(tools, dimsePort),
    async *files() {
      yield* attackFiles(tools, callers);
      yield* attackArchives(tools, callers);
      yield* attackModels(tools, operations);
    },
  };
  for (const group of groups) {
    const began = performance.now();
    yield* attacks[group]();
    tookMs.set(group, performance.now() - began);
  }
}
