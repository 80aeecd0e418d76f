/**
 * Other people at work while a gateway is attacked: the command line sends small studies one after the other, and one
 * of as many instances as an upload may have. The first one is sent twice, the second time before a PACS whose search
 * hangs while the upload is announced. Each has to end with a receipt.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { createAccount } from '#testing/accounts.ts';
import type { GatewayUnderTest } from '#testing/gateway-under-test.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { syntheticStudy } from '#testing/synthetic-study.ts';
import { relay } from '../chaos/command-line.ts';
import { listenAt } from '../hostile/listen.ts';
import { openDoor } from '../hostile/door.ts';
import type { WebLiar } from './liar.ts';

export type Honest = {
  readonly sent: number;
  readonly instances: number;
  /** Studies that did not end with a receipt, and what the command line said. */
  readonly unended: readonly string[];
};
export type People = {
  /** Whether a request of the gateway, by its path, is about one of their studies. */
  readonly isTheirs: (path: string) => boolean;
  start(gateway: GatewayUnderTest, pacs: WebLiar): Promise<void>;
  /** Lets them finish. */
  end(): Promise<Honest>;
};

const SMALL = { instancesPerSeries: 4, rows: 32, columns: 32 };
/** To start the command line takes a core for a second. */
const BETWEEN_MS = 30_000;
const TINY = { rows: 4, columns: 4 };

/** `instances`: of the large study. */
export function createPeople(
  folder: string,
  { seed, instances }: { readonly seed: number; readonly instances: number },
): People {
  const uids = new Set<string>();
  const unended: string[] = [];
  let sent = 0;
  let sentInstances = 0;
  let isOver = false;
  let running: Promise<unknown> = Promise.resolve();

  /** A new study of this shape in a folder. */
  async function write(
    shape: Omit<Parameters<typeof syntheticStudy>[0], 'seed'>,
  ): Promise<{ readonly files: string; readonly uid: string }> {
    const number = 70_000 + 1_000 * seed + uids.size;
    const study = syntheticStudy({ ...shape, seed: number });
    uids.add(study.studyInstanceUID);
    const files = join(folder, String(number));
    await mkdir(files, { recursive: true });
    for (const { fileName, bytes } of study.instances) await writeFile(join(files, fileName), bytes);
    sentInstances += study.instances.length;
    return { files, uid: study.studyInstanceUID };
  }

  async function begin({ api }: GatewayUnderTest, username: string, pacs: WebLiar): Promise<void> {
    const send = async (files: string): Promise<void> => {
      const account = ['--gateway', api, '--user', username, '--policy', 'identified'];
      const { code, stdout, stderr } = await relay(['upload', files, ...account, '--wait', '--json']);
      sent += 1;
      if (code !== 0 || !hasReceipts(stdout)) unended.push(`${code}: ${stderr}${stdout.slice(0, 2_000)}`);
    };
    const small = async (): Promise<void> => {
      const first = await write(SMALL);
      await send(first.files);
      const release = pacs.hangOn(first.uid);
      await send(first.files);
      release();
      while (!isOver) await send((await write(SMALL)).files).then(() => after(BETWEEN_MS));
    };
    const large = write({ ...TINY, instancesPerSeries: instances }).then(({ files }) => send(files));
    await Promise.all([small(), large]);
  }

  return {
    isTheirs: (path) => [...uids].some((uid) => path.includes(uid)),
    async start(gateway, pacs) {
      const { username } = await createAccount(gateway, 'honest', ['technician']);
      const listener = await listenAt(await openDoor('honest', gateway.api, username));
      running = begin(gateway, username, pacs).finally(() => listener.close());
      void ignoreFailure(running, 'it is waited for at the end, which fails by it');
    },
    async end() {
      isOver = true;
      await running;
      return { sent, instances: sentInstances, unended };
    },
  };
}

function hasReceipts(stdout: string): boolean {
  try {
    const { studies } = JSON.parse(stdout) as {
      readonly studies: readonly { readonly receipt: string | null }[];
    };
    return studies.length > 0 && studies.every(({ receipt }) => receipt !== null);
  } catch {
    return false;
  }
}
