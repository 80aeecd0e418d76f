/** The second person of a simulated device: an administrator who takes over, and a stranger who tries to. */
import { takeOver } from '../pipeline/queue/rows/take-over.ts';
import { claimNobodys, tellOwnerMissing } from '../pipeline/queue/rows/waiting-accounts.ts';
import { queueOver } from '../testing/open-queue.ts';
import type { Act } from './device-steps.ts';
import type { GatewayMemory } from './gateway-memory.ts';
import type { Tab } from './simulated-packing.ts';

/** The parts of the device that change hands. */
interface Around {
  readonly remote: GatewayMemory;
  /** A promise that only its step can look at. */
  readonly broken: string[];
}

/** The account of the sequence, and the other one at the device. */
const OWNER = 'a';
const OTHER = 'b';

class NotAllowed extends Error {}

export async function takeOverBy(
  around: Around,
  by: Extract<Act, { do: 'take-over' }>['by'],
  tab: Tab,
): Promise<void> {
  const { database } = tab.device;
  await tellOwnerMissing(database, OWNER, true);
  if (by === 'stranger') await tryInVain(around, tab);
  else {
    await handOver(around, tab, OTHER);
    if ((await queueOver(tab.device, { account: OTHER }).pending()).some(({ uploadId }) => uploadId !== null))
      around.broken.push('what was taken over is announced again before anything is sent');
    await giveBack(around, tab);
  }
  await tellOwnerMissing(database, OWNER, false);
}

/** Everything that another account at this device may try: nothing of the owner's moves. */
async function tryInVain({ broken }: Around, { device }: Tab): Promise<void> {
  const { database } = device;
  const look = async () =>
    JSON.stringify([await database.studies.toArray(), await database.parcels.toArray()]);
  const before = await look();
  const refuse = () => Promise.reject(new NotAllowed());
  const tools = { database, wake: () => undefined, noteTakeOver: refuse };
  await takeOver(tools, OTHER, () => true).catch((error: unknown) => {
    if (!(error instanceof NotAllowed)) throw error;
  });
  await claimNobodys(database, OTHER);
  if ((await queueOver(device, { account: OTHER }).pending()).length > 0)
    broken.push('a stranger sends nothing of another’s');
  if ((await look()) !== before) broken.push('a stranger changes nothing of another’s');
}

async function handOver({ remote }: Around, { device: { database } }: Tab, to: string): Promise<void> {
  const noteTakeOver = async () => {
    // Once for an account, and before anything of it moves.
    remote.changeAccount();
  };
  await takeOver({ database, wake: () => undefined, noteTakeOver }, to, ({ account }) => account !== to);
}

/** The studies that the administrator has, to the account of the sequence. */
export async function giveBack(around: Around, tab: Tab): Promise<void> {
  await tellOwnerMissing(tab.device.database, OTHER, true);
  await handOver(around, tab, OWNER);
}
