/**
 * The built-in viewer on the disk, in `<data>/viewer`: the folder of its version once it is installed, and beside it a
 * file that marks the viewer as on. Several gateways may share the folder. What a killed gateway left behind is removed
 * an hour later.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuiltInViewer } from '#shared/protocol/viewer.ts';
import { describeError, type Log } from '../observability/log.ts';
import { DRAFT, installViewer, NotInstalled, type InstallTools } from './install-viewer.ts';
import type { ViewerPackage } from './viewer-package.ts';

export type ViewerFiles = {
  /** The folder that is served; null: the viewer is not on. */
  served(): string | null;
  state(): BuiltInViewer;
  /** Returns at once. What is not installed yet is fetched in the background. */
  turnOn(): Promise<void>;
  /** Gives up a fetch in progress, and turns the viewer off. */
  turnOff(): Promise<void>;
  /** Turns the viewer off as `turnOff` does, and deletes the files. */
  remove(): Promise<void>;
  /** Removes unfinished drafts of earlier gateways, and other versions. */
  sweep(): Promise<void>;
  /** Gives up a fetch in progress. */
  close(): Promise<void>;
};

type ViewerFilesTools = {
  readonly folder: string;
  readonly package: ViewerPackage;
  readonly fetch: InstallTools['fetch'];
  /** Whether `fetch` goes through a proxy. */
  readonly hasProxy: boolean;
  readonly log: Log;
  readonly now: () => Date;
};

/** A draft of this age has been abandoned: any line transfers 50 MB in an hour. */
const DRAFT_AGE_MS = 3_600_000;

type Fetching = { readonly ended: Promise<void>; readonly abort: AbortController; bytes: number };
/** `home`: the folder of the version. `mark`: the file that marks the viewer as on. */
type Places = { readonly home: string; readonly mark: string };
/** Called with the reason why the installation failed; nulls: it succeeded, or was given up. */
type Ended = (because: Pick<BuiltInViewer, 'problem' | 'code'>) => void;
const NO_PROBLEM = { problem: null, code: null };

/** Fetches what is missing, and turns the viewer on. */
function startFetching(tools: ViewerFilesTools, { home, mark }: Places, ended: Ended): Fetching {
  const abort = new AbortController();
  const { signal } = abort;
  const fetching = { abort, bytes: 0, ended: Promise.resolve() };
  const onBytes = (bytes: number): void => {
    fetching.bytes = bytes;
  };
  const work = async (): Promise<void> => {
    try {
      await installViewer(tools.package, home, { fetch: tools.fetch, signal, onBytes });
      signal.throwIfAborted();
      await writeFile(mark, '');
      ended(NO_PROBLEM);
    } catch (error) {
      if (signal.aborted) return ended(NO_PROBLEM);
      const { why, code } =
        error instanceof NotInstalled ? error : { why: 'disk-error' as const, code: null };
      tools.log({ event: 'viewer-not-installed', why, ...describeError(error) });
      ended({ problem: why, code });
    }
  };
  return Object.assign(fetching, { ended: work() });
}

export function openViewerFiles(tools: ViewerFilesTools): ViewerFiles {
  const { folder, package: from, hasProxy } = tools;
  const host = new URL(from.address).host || null;
  const home = join(folder, `ohif-${from.version}`);
  const mark = `${home}.on`;
  let fetching: Fetching | null = null;
  let wrong: Pick<BuiltInViewer, 'problem' | 'code'> = NO_PROBLEM;
  const isOn = (): boolean => existsSync(mark) && existsSync(home);
  const ended: Ended = (because) => {
    wrong = because;
    fetching = null;
  };
  const giveUp = async (): Promise<void> => {
    fetching?.abort.abort();
    await fetching?.ended;
  };
  const turnOff = async (): Promise<void> => {
    await giveUp();
    wrong = NO_PROBLEM;
    await rm(mark, { force: true });
  };
  return {
    served: () => (isOn() ? home : null),
    state() {
      const { version, bytes: size } = from;
      const state = fetching ? 'fetching' : isOn() ? 'on' : existsSync(home) ? 'off' : 'absent';
      return { state, version, size, fetched: fetching?.bytes ?? 0, ...wrong, host, hasProxy };
    },
    async turnOn() {
      wrong = NO_PROBLEM;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      if (existsSync(home)) await writeFile(mark, '');
      else fetching ??= startFetching(tools, { home, mark }, ended);
    },
    turnOff,
    async remove() {
      await turnOff();
      // Requests in progress find either all of it or nothing.
      const gone = `${home}.gone${DRAFT}`;
      await rm(gone, { recursive: true, force: true });
      if (existsSync(home)) await rename(home, gone);
      await rm(gone, { recursive: true, force: true });
    },
    sweep: () => sweep(tools, home),
    close: giveUp,
  };
}

async function sweep({ folder, now }: ViewerFilesTools, home: string): Promise<void> {
  if (!existsSync(folder)) return;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const isOwn = path === home || path === `${home}.on`;
    const isDraft = name.endsWith(DRAFT);
    const age = isDraft ? now().getTime() - (await stat(path)).mtimeMs : Number.POSITIVE_INFINITY;
    if (!isOwn && age > DRAFT_AGE_MS) await rm(path, { recursive: true, force: true });
  }
}
