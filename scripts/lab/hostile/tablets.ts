/** A tablet of somebody else sends one small study after the other until it is told to end. */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { createAccount } from '#testing/accounts.ts';
import type { GatewayUnderTest } from '#testing/gateway-under-test.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { openDoor, type Door } from './door.ts';
import { endsOf, NOT_SETTLED, sendAll, type Instance } from './send-instance.ts';
import type { Upload, Victim } from './victim.ts';
import { broughtBy } from './visibility.ts';

/** Studies of the tablet, and those of them that ended as stored; `others`: how the others ended. */
export type Honest = { readonly sent: number; readonly stored: number; readonly others: readonly string[] };

/** A study that a recipe names is this many away: it is not announced before the recipe has run. */
const AHEAD = 2;

export type Tablet = {
  readonly door: Door;
  /** Whether it is a study that the tablet has sent, or will send because a recipe has named it. */
  has(studyInstanceUID: string): boolean;
  readonly victim: Victim;
  /** Ends when everything that a recipe has named was sent. Throws what the tablet did not expect. */
  end(): Promise<Honest>;
};

/** Resolves when its first study is stored. */
export async function startTablet(gateway: GatewayUnderTest, seed: number): Promise<Tablet> {
  const { username } = await createAccount(gateway, 'honest', ['technician']);
  const door = await openDoor('honest', gateway.api, username);
  const own = new Set<string>();
  const studyOf = (number: number): readonly Instance[] => {
    const shape = { instancesPerSeries: 4, rows: 32, columns: 32 };
    const { instances } = syntheticStudy({ seed: 50_000 + 1_000 * seed + number, ...shape });
    own.add(instances[0]!.identifiers.studyInstanceUID);
    return instances.map((one) => ({ ...one, ...one.identifiers }));
  };
  let isOver = false;
  let sent = 0;
  let named = 0;
  let latest: ReturnType<Victim['latest']> | null = null;
  const others: string[] = [];
  /** Uploads that took longer than anybody waits, and must have ended when the run does. */
  const late: { readonly uploadId: string; readonly instances: readonly Instance[] }[] = [];
  const judge = (instances: readonly Instance[], states: readonly string[]): boolean => {
    if (!areStored(instances, states)) others.push([...new Set(states)].join(' and '));
    return areStored(instances, states);
  };
  const sendNext = async (): Promise<void> => {
    await door.renew();
    const instances = studyOf(sent);
    const told = await sendAll(door, instances, { name: 'identified', version: 1 });
    const states = 'refused' in told ? [told.refused] : await endsOf(door, told.uploadId);
    sent += 1;
    if ('uploadId' in told && states.includes(NOT_SETTLED))
      return void late.push({ uploadId: told.uploadId, instances });
    const isStored = judge(instances, states);
    const newest = (await broughtBy(door)).find(({ upload }) => isOf(upload, instances));
    if (isStored && newest !== undefined) latest = { upload: newest.upload, instances };
  };
  await sendNext();
  const running = (async () => {
    while (!isOver || sent <= named) await sendNext();
  })();
  void ignoreFailure(running, 'it is waited for at the end, which fails by it');
  return {
    door,
    has: (studyInstanceUID) => own.has(studyInstanceUID),
    victim: {
      latest() {
        if (latest === null) throw new Error('no honest study was stored');
        return latest;
      },
      upcoming() {
        named = sent + AHEAD;
        return studyOf(named);
      },
    },
    async end() {
      isOver = true;
      await running;
      for (const { uploadId, instances } of late) judge(instances, await endsOf(door, uploadId));
      return { sent, stored: sent - others.length, others };
    },
  };
}

const areStored = (instances: readonly Instance[], states: readonly string[]): boolean =>
  states.length === instances.length && states.every((state) => state === 'stored');

const isOf = ({ studyInstanceUID }: Upload, instances: readonly Instance[]): boolean =>
  instances[0]?.studyInstanceUID === studyInstanceUID;
