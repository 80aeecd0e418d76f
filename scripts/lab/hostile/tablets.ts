/** A tablet of somebody else sends one small study after the other until it is told to end. */
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { createAccount } from '#testing/accounts.ts';
import type { GatewayUnderTest } from '#testing/gateway-under-test.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { signIn, type Door } from './door.ts';
import { sendInstances, type Instance } from './send-instance.ts';
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
  const door: Door = { who: 'honest', api: gateway.api, token: await signIn(gateway.api, username) };
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
  const sendNext = async (): Promise<void> => {
    const instances = studyOf(sent);
    const states = await sendInstances(door, instances, { name: 'identified', version: 1 });
    sent += 1;
    const isStored = states.length === instances.length && states.every((state) => state === 'stored');
    if (!isStored) others.push([...new Set(states)].join(' and '));
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
      return { sent, stored: sent - others.length, others };
    },
  };
}

const isOf = ({ studyInstanceUID }: Upload, instances: readonly Instance[]): boolean =>
  instances[0]?.studyInstanceUID === studyInstanceUID;
