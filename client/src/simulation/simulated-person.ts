/**
 * A person in front of the simulated device: sees the buttons of each study and the answers to each decision, as the
 * pages list them, and presses one. The real queue does what the button says.
 */
import { signal } from '@preact/signals';
import { NO_DISC } from '../pipeline/ingest/choose/disc-view.ts';
import { carryOut, type Stores } from '../studies/carry-out.ts';
import { listDecisions, type Answer, type Decision } from '../studies/list-decisions.ts';
import { rowButtons, sendingButtons, type StudyButton } from '../pipeline/queue/list-buttons.ts';
import { listNeeds } from '../pipeline/queue/list-needs.ts';
import { createLostStudies } from '../pipeline/queue/lost-studies.ts';
import type { QueuedStudy } from '../pipeline/queue/queued-study.ts';
import { createRate } from '../pipeline/queue/rate.ts';
import { createDecisions } from '../pipeline/queue/rows/decide-study.ts';
import { instancesOf } from '../pipeline/queue/rows/instance-rows.ts';
import { createOrdering } from '../pipeline/queue/rows/order-studies.ts';
import { compareForSending } from '../pipeline/queue/sending-order.ts';
import { showStudy } from '../pipeline/queue/show-study.ts';
import { chooseAgain } from './simulated-packing.ts';
import type { SimulatedDevice } from './simulated-device.ts';

export type Pressable =
  | { readonly answer: Answer; readonly decision: Decision }
  | { readonly button: StudyButton; readonly study: QueuedStudy };

export async function shownOn({ database }: SimulatedDevice): Promise<readonly QueuedStudy[]> {
  const rows = (await database.studies.toArray()).filter(({ account }) => account === 'a');
  const at = { title: null, label: null, heldStudy: null, rate: createRate(), at: 1 };
  return rows.sort(compareForSending).map((row) => showStudy(row, at));
}

/** The answers come first, each decision's own after each other, the main one first. */
export async function visibleOn(device: SimulatedDevice): Promise<readonly Pressable[]> {
  const studies = await shownOn(device);
  const { lost } = (await device.lookAtRecord()).after;
  const needs = listNeeds({ studies, lost, foreign: 0, found: [], noRoom: 0 });
  const decisions = listDecisions(needs, { reopenable: () => false, policiesFor: () => null }).flatMap(
    (group) => group.decisions,
  );
  return [
    ...decisions.flatMap((decision) => decision.answers.map((answer) => ({ answer, decision }))),
    ...studies.flatMap((study) =>
      [...new Set([...rowButtons(study), ...sendingButtons(study)])].map((button) => ({ button, study })),
    ),
  ];
}

/** The page to which it leads; null: done here. `tools`: the gateway that is told. */
export async function press(
  device: SimulatedDevice,
  what: Pressable,
  tools = device.decisionsOf(device.tabs[0]!),
): Promise<'study' | 'upload' | null> {
  const { database } = device;
  const decisions = createDecisions(tools);
  if ('button' in what) {
    const { button, study } = what;
    if (button === 'decide') return 'study';
    if (button === 'chooseAgain') return 'upload';
    const ordering = createOrdering({ database, wake: () => undefined, account: () => 'a' });
    await { ...decisions, ...ordering }[button](study.id);
    return null;
  }
  const lost = createLostStudies({ place: device.place, account: signal('a'), uploads: async () => [] });
  const queue = {
    ...decisions,
    instancesOf: (id: string) => instancesOf(database, id),
    forgetLost: lost.forget,
    deleteForeign: async () => undefined,
  };
  const ingest = {
    reopen: async () => null,
    toggle: () => undefined,
    choosePolicy: () => undefined,
    settlePatients: async () => undefined,
    leaveOutPatients: async () => undefined,
    leaveOut: async () => undefined,
    inspection: { seriesOf: () => [] } as unknown as Stores['ingest']['inspection'],
    policy: signal(null),
    released: signal(new Map()),
    heldBack: signal([]),
    leftOut: signal(new Map()),
    mixed: signal(new Map()),
    disc: signal(NO_DISC),
    studies: signal([]),
  };
  const page = await carryOut({ ingest, queue }, what.decision, what.answer);
  return page === null ? null : 'upload';
}

/** On the page to which an answer led: the same study is chosen once more, and made safe. */
export async function chooseAnew(device: SimulatedDevice, what: Pressable): Promise<void> {
  const study = 'button' in what ? what.study : (what.decision.study ?? what.decision.lost);
  if (study) await chooseAgain(device, device.tabs[0]!, study);
}
