/**
 * `relay sample`: sample data for people who want to look around, on the road of everything else: studies by STOW-RS
 * into the PACS, models, cases, notes, readings. Run again it continues where it stopped. `--remove` takes all of it
 * away, and says what it could not. By an administrator.
 */
import { setTimeout as after } from 'node:timers/promises';
import {
  SAMPLE_STUDIES,
  sampleRemovalSchema,
  sampleSchema,
  type SampleLeft,
  type SampleRemoval,
} from '#shared/protocol/sample.ts';
import { parseArguments, printable, UsageError, type Arguments } from './arguments.ts';
import type { Surroundings } from './command.ts';
import { connect, CONNECTION_OPTIONS, type Connection } from './connect.ts';
import { createProgressLine } from './progress-line.ts';
import { openCases } from './sample/open-cases.ts';
import { sampleCases } from './sample/sample-cases.ts';
import { openPeople } from './sample/sample-people.ts';
import { sampleStudies } from './sample/sample-studies.ts';
import { awaitReceipts, runModels, sendStudies, type Tell } from './sample/send-studies.ts';

/** So long something may still be on its road when it is to be removed. */
const ROAD_MS = 60_000;
const LOOK_MS = 1_000;

export async function sample(args: readonly string[], around: Surroundings): Promise<number> {
  const options = parseArguments(args, {
    values: [...CONNECTION_OPTIONS, 'studies'],
    flags: ['remove', 'anyway', 'json'],
  });
  if (options.rest.length > 0) throw new UsageError('sample takes no file');
  const count = studiesIn(options);
  const connection = await connect(options, around);
  const progress = createProgressLine(!options.flag('json'));
  const work = { connection, options, around, tell: progress.show };
  const code = options.flag('remove') ? await remove(work) : await add(work, count);
  progress.clear();
  return code;
}

type Work = {
  readonly connection: Connection;
  readonly options: Arguments;
  readonly around: Surroundings;
  readonly tell: Tell;
};

function studiesIn(options: Arguments): number {
  const text = options.value('studies') ?? String(SAMPLE_STUDIES);
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > SAMPLE_STUDIES)
    throw new UsageError(`--studies is a number from 1 to ${SAMPLE_STUDIES}`);
  return count;
}

async function add({ connection, options, around, tell }: Work, count: number): Promise<number> {
  const { signal } = around;
  const path = '/admin/sample?destinations=1';
  const keepers = (await connection.api.json(path, sampleSchema, { signal })).keepers ?? [];
  if (keepers.length > 0 && !options.flag('anyway')) {
    const names = keepers.map(printable).join(', ');
    around.say(
      `The gateway cannot delete in ${names}: sample studies would stay there until a person deletes them. With --anyway they are sent all the same.`,
    );
    return 1;
  }
  const people = await openPeople(connection, signal);
  // Where a person has to delete them, they have to find them by their Patient IDs.
  const wanted = sampleStudies(count).map((study) => ({
    ...study,
    isDeidentified: study.isDeidentified && keepers.length === 0,
  }));
  const { studies, sent } = await sendStudies(people, wanted, tell);
  await awaitReceipts(people, studies, tell);
  const seen = await runModels(people, studies, tell);
  const cases = sampleCases(studies);
  const opened = await openCases(people, { cases, today: new Date() }, tell);
  const done = { studies: { of: studies.length, sent }, cases: { of: cases.length, opened }, films: seen };
  if (options.flag('json')) around.print(JSON.stringify(done, null, 2));
  else
    for (const line of [
      `${studies.length} sample studies are in the PACS (${sent} sent now), and ${cases.length} cases (${opened} opened now).`,
      seen === null ? 'No model looked at them: there is none.' : `A model answered for ${seen} films.`,
      'Search for SAMPLE. To sign in as sample-radiologist, set a password: relay user password sample-radiologist',
      'Remove everything before you export for research, with: relay sample --remove',
    ])
      around.print(line);
  return 0;
}

async function remove(work: Work): Promise<number> {
  const { options, around, tell } = work;
  const removed = { accounts: 0, studies: 0, cases: 0 };
  let left: SampleRemoval['left'] = [];
  const giveUpAt = performance.now() + ROAD_MS;
  do {
    left = await removeOnce(work, (step) => {
      for (const what of ['accounts', 'studies', 'cases'] as const) removed[what] += step.removed[what];
      tell(`removed ${removed.studies} studies`);
    });
    if (!left.some(({ because }) => because === 'on-the-road')) break;
    tell('waiting for what is still on its way');
    await after(LOOK_MS, undefined, { signal: around.signal });
  } while (performance.now() < giveUpAt);
  if (options.flag('json')) around.print(JSON.stringify({ removed, left }, null, 2));
  else
    around.print(
      `Removed: ${removed.studies} studies, ${removed.cases} cases, ${removed.accounts} accounts.`,
    );
  for (const one of left) around.say(lineOf(one));
  return left.length === 0 ? 0 : 1;
}

async function removeOnce(
  { connection: { api }, around }: Work,
  note: (step: SampleRemoval) => void,
): Promise<SampleRemoval['left']> {
  const left: SampleRemoval['left'] = [];
  for (let next: string | null = ''; next !== null; ) {
    const step: SampleRemoval = await api.json(`/admin/sample?after=${next}`, sampleRemovalSchema, {
      method: 'DELETE',
      signal: around.signal,
    });
    note(step);
    left.push(...step.left);
    next = step.next;
  }
  return left;
}

const WHY: Readonly<Record<SampleLeft, (name: string) => string>> = {
  'on-the-road': () => 'still on the way to the PACS. Wait, and run this again.',
  'no-deletion': (name) =>
    `in ${name}, where the gateway cannot delete. Delete the patients SAMPLE-… there, and run this again.`,
  'other-patient': (name) =>
    `in ${name} under a Patient ID that does not begin with SAMPLE-. Look there, delete it by hand, and run this again.`,
  'pacs-unreachable': (name) => `in ${name}, which does not answer or refuses. Run this again once it works.`,
  'named-elsewhere': (name) =>
    name === ''
      ? 'also sent by somebody else, and stays.'
      : `the account ${name}: something that a person made names it. It is disabled, and stays.`,
};

const lineOf = ({ because, name, count }: SampleRemoval['left'][number]): string =>
  `Not removed (${count}): ${WHY[because](printable(name ?? ''))}`;
