/**
 * Every state on the device has a way out that time or a visible button takes: every state of an upload × every state
 * of an instance in it × every trouble, also those that no road leads to and only a fault could leave behind. Each
 * button and each answer changes something or leads to a page, and each chosen instance is in one place.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sumOf } from '../pipeline/queue/count-reasons.ts';
import type { Trouble } from '../pipeline/queue/queued-study.ts';
import { deleteParcels, interruptStudy } from '../pipeline/queue/rows/drop-study.ts';
import { instancesOf, recountReasons } from '../pipeline/queue/rows/instance-rows.ts';
import type { InstanceRow } from '../pipeline/queue/rows/local-database.ts';
import { INSTANCE_STATES, type InstanceState } from '#shared/protocol/study-state.ts';
import type { ProblemCode } from '#shared/protocol/problem-table.ts';
import { makeSealingKeys, type TestKeys } from '../testing/open-queue.ts';
import { SimulatedDevice } from './simulated-device.ts';
import { beginPacker, pack } from './simulated-packing.ts';
import { chooseAnew, press, shownOn, visibleOn, type Pressable } from './simulated-person.ts';

type Found = readonly [state: InstanceRow['state'], reason: string | null];

/** States of one instance of the study; the other one goes its way. */
const INSTANCES: readonly Found[] = [
  ...(['safe', 'sent', ...INSTANCE_STATES] as const)
    .filter((state) => state !== 'refused' && state !== 'quarantined')
    .map((state): Found => [state, null]),
  ['refused', 'pacs-refused'],
  ['refused', 'conflicting-instance'],
  ['refused', 'already-here-other-policy'],
  ['refused', 'already-here-other-boxes'],
  ['quarantined', 'pacs-lost'],
  ['quarantined', 'identity-remains'],
  ['quarantined', 'of-a-newer-gateway'],
];

interface Situation {
  readonly state: 'reading' | 'safe' | 'uploading' | 'at-gateway' | 'attention' | 'failed' | 'interrupted';
  /** A byte of it has left. */
  readonly sending: boolean;
  readonly instance: Found;
  readonly problem?: ProblemCode;
  readonly trouble?: Trouble;
  /** Another instance of it is held back on the device for this reason. */
  readonly held?: string;
}

const SENDING: readonly Pick<Situation, 'state' | 'problem'>[] = [
  { state: 'safe' },
  { state: 'uploading' },
  { state: 'at-gateway' },
  { state: 'attention' },
  { state: 'failed', problem: 'policy-withdrawn' },
  { state: 'failed', problem: 'not-allowed' },
  { state: 'interrupted' },
];
const BEFORE: readonly Pick<Situation, 'state' | 'problem'>[] = [
  { state: 'reading' },
  ...SENDING.filter(({ state }) => state === 'safe' || state === 'failed' || state === 'interrupted'),
];
const TROUBLES: readonly Trouble[] = ['receipt-faulty', 'copy-unreadable', 'unexpected'];
const HELD = [undefined, 'burned-in-annotation', 'cannot-be-deidentified'] as const;

/** Instances of a study that the gateway does not work on. */
const FEW = INSTANCES.filter(
  ([state, reason]) => ['sent', 'stored', 'left-out'].includes(state) || reason === 'pacs-lost',
);
/** After a receipt, which names the end of each instance, none of them is still to be sent. */
const isBeforeReceipt = ([state]: Found): boolean => state === 'safe' || state === 'promised';
const isFollowed = ({ state }: Pick<Situation, 'state'>): boolean =>
  state === 'uploading' || state === 'at-gateway' || state === 'attention';

function instancesIn(some: Pick<Situation, 'state'>): readonly Found[] {
  if (!isFollowed(some)) return FEW;
  return some.state === 'attention' ? INSTANCES.filter((one) => !isBeforeReceipt(one)) : INSTANCES;
}

const SITUATIONS: readonly Situation[] = [
  ...BEFORE.map((some) => ({ ...some, sending: false, instance: ['safe', null] as const })),
  ...SENDING.flatMap((some) => instancesIn(some).map((instance) => ({ ...some, sending: true, instance }))),
  ...TROUBLES.flatMap((trouble) => [
    { state: 'safe' as const, sending: false, instance: ['safe', null] as const, trouble },
    ...SENDING.map((some) => ({ ...some, sending: true, instance: ['sent', null] as const, trouble })),
  ]),
].map((some, nth) => {
  const held = HELD[nth % HELD.length];
  return held === undefined ? some : { ...some, held };
});

/** The instance's state as the gateway has it. */
function atGateway(state: InstanceRow['state']): InstanceState {
  if (state === 'safe') return 'promised';
  return state === 'sent' || state === 'posting' || state === 'posted' ? 'received' : state;
}

/** A study of two instances in that situation. */
async function place(keys: TestKeys, situation: Situation): Promise<SimulatedDevice> {
  const device = new SimulatedDevice(keys);
  await device.openTab();
  const tab = device.tabs[0]!;
  const isOpen = situation.state === 'reading' || situation.state === 'interrupted';
  await beginPacker(device, 0, 2, tab);
  const packer = tab.packers[0]!;
  await pack(device, tab, packer, { steps: isOpen ? 2 : 9, isChanged: false });
  await putRows(device, packer.id, situation);
  if (situation.state === 'interrupted') {
    tab.packers.length = 0;
    await interruptStudy(device.database, packer.id);
  }
  return device;
}

async function putRows(device: SimulatedDevice, id: string, situation: Situation): Promise<void> {
  const { database, remote, tabs } = device;
  const { state, sending, instance, problem = null, trouble = null, held } = situation;
  const study = (await database.studies.get(id))!;
  const manifest = await tabs[0]!.queue.manifestOf(id);
  const [first, second] = await instancesOf(database, id);
  if (trouble === 'copy-unreadable') await deleteParcels(database, id, new Set([first!.parcelId!]));
  if (sending) {
    remote.open(manifest);
    remote.place(first!, atGateway(instance[0]), instance[1]);
    await database.instances.update([id, first!.position], { state: instance[0], reason: instance[1] });
    await recountReasons(database, id);
  }
  if (state === 'at-gateway' || state === 'attention') {
    remote.place(second!, 'received', null);
    await database.instances.update([id, second!.position], { state: 'sent' });
  }
  await database.studies.update(id, {
    state: state === 'interrupted' ? study.state : state,
    uploadId: sending ? `upload of ${manifest.studyInstanceUID}` : null,
    ...(sending && { hasLeft: true }),
    departed: sending ? 1 : 0,
    problem,
    trouble,
    ...(held && {
      chosen: study.chosen + 1,
      held: { reasons: [{ reason: held, instances: 1 }], leftOut: 0 },
    }),
  });
}

const named = (what: Pressable): string =>
  'button' in what ? what.button : `${what.answer} to ${what.decision.cause} ${what.decision.reason ?? ''}`;

type Kept = readonly (readonly unknown[])[];

/** Everything in the database, table by table. */
const kept = ({ database }: SimulatedDevice): Promise<Kept> =>
  Promise.all(database.tables.map((table) => table.toArray() as Promise<unknown[]>));

async function putBack({ database }: SimulatedDevice, rows: Kept): Promise<void> {
  await database.transaction('rw', database.tables, async () => {
    for (const [nth, table] of database.tables.entries()) {
      await table.clear();
      await table.bulkPut([...rows[nth]!]);
    }
  });
}

/** Presses each on its own; the gateway takes every decision. */
async function eachDoesSomething(
  device: SimulatedDevice,
  visible: readonly Pressable[],
  where: string,
): Promise<void> {
  const before = await kept(device);
  const told = async () => undefined;
  const tools = { ...device.decisionsOf(device.tabs[0]!), decide: told, withdraw: told };
  for (const what of visible) {
    const page = await press(device, what, tools);
    const isChanged = JSON.stringify(await kept(device)) !== JSON.stringify(before);
    assert.ok(page !== null || isChanged, `${where}: ${named(what)} does nothing`);
    if (isChanged) await putBack(device, before);
  }
}

async function isOver(device: SimulatedDevice): Promise<boolean> {
  const studies = await shownOn(device);
  for (const { instances, track, needs } of studies) {
    const counts = Object.values(track);
    assert.ok(counts.every((count) => count >= 0));
    assert.is(
      counts.reduce((sum, count) => sum + count, 0),
      instances,
      'each instance is in one place',
    );
    assert.is(sumOf(needs), track.needsYou);
  }
  return studies.every(
    ({ state, needs }) => (state === 'done' || state === 'taken-back') && needs.length === 0,
  );
}

/** The last answer ends it, whatever stands in the way; of buttons, resuming comes before an end. */
function lastResort(visible: readonly Pressable[]): Pressable | undefined {
  const [first] = visible.filter((one) => 'decision' in one);
  return (
    visible.findLast((one) => 'decision' in one && one.decision.key === first?.decision.key) ??
    visible.find((one) => 'button' in one && one.button === 'resume')
  );
}

async function untilOver(device: SimulatedDevice, where: string): Promise<void> {
  const pressed: string[] = [];
  for (let round = 0; round < 6; round += 1) {
    await device.letTimePass();
    if (await isOver(device)) return;
    const next = lastResort(await visibleOn(device));
    assert.ok(next, `${where}, ${pressed.join(', ')}: nothing to press, and time changes nothing`);
    pressed.push(named(next));
    await press(device, next);
  }
  assert.unreachable(`${where}: no end after ${pressed.join(', ')}`);
}

test('from every state each button and each answer does something, and one of them or time leads to an end', async () => {
  const keys = await makeSealingKeys();
  let pressed = 0;
  for (const [nth, situation] of SITUATIONS.entries()) {
    const where = JSON.stringify(situation);
    const device = await place(keys, situation);
    await isOver(device);
    const visible = await visibleOn(device);
    await eachDoesSomething(device, visible, where);
    // Another one in each situation; what it left open is answered later.
    const first = visible[nth % Math.max(1, visible.length)];
    if (first && (await press(device, first)) === 'upload') await chooseAnew(device, first);
    await untilOver(device, `${where}, ${first ? named(first) : 'time'}`);
    await device.close();
    pressed += visible.length;
  }
  process.stdout.write(`${SITUATIONS.length} situations, ${pressed} buttons and answers\n`);
});

test.run();
