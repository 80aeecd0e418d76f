/**
 * The state from which an interrupted run of chaos resumes: its place in the schedule, the queued studies,
 * the counts. Written whole or not at all after each step; the world's folders lie next to it.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { noteProcess, type NotedProcess } from '../../system/processes.ts';
import type { PlannedStudy } from './studies.ts';

export type Ports = {
  readonly device: number;
  readonly database: number;
  readonly pacs: number;
  readonly gateways: readonly { readonly api: number; readonly web: number }[];
};

/** One study as a device holds it. Several of them may be one study in the PACS. */
export type Queued = PlannedStudy & {
  /**
   * `chosen`: the device has not said yet that it is safe there; when it dies the same files are chosen
   * again.
   */
  state: 'chosen' | 'safe' | 'ended';
  /** How often its files were chosen. */
  chosen: number;
  uploadId: string | null;
  receiptId: string | null;
  /** Of the page: its id in the device's own list. */
  row: string | null;
  /** Of the two instances with one identifier this one came second. */
  lostConflict: boolean;
};

export type State = {
  readonly seed: number;
  readonly minutes: number;
  readonly ports: Ports;
  position: number;
  elapsedMs: number;
  /** The offset of the gateways' and devices' clocks from the true time, in seconds. */
  clockOffset: number;
  pageClockDays: number;
  readonly queued: Queued[];
  readonly faults: Record<string, number>;
  readonly skipped: Record<string, string>;
  readonly posted: Record<string, number>;
  /** `again`: bytes by why they were sent again. */
  readonly bytes: {
    up: number;
    inParcels: number;
    unique: number;
    ended: number;
    again: Record<string, number>;
  };
  /** Faults found before the end. */
  readonly wrong: string[];
  readonly processes: Record<string, NotedProcess>;
};

const stateFile = (folder: string): string => join(folder, 'state.json');

export async function readState(folder: string): Promise<State> {
  return JSON.parse(await readFile(stateFile(folder), 'utf8')) as State;
}

/** One after the other: two writers would rename each other's file. */
export function createStateWriter(folder: string, state: State) {
  let last: Promise<void> = Promise.resolve();
  const writeNow = async (): Promise<void> => {
    const beside = `${stateFile(folder)}.new`;
    await writeFile(beside, JSON.stringify(state, null, 1));
    await rename(beside, stateFile(folder));
  };
  const write = (): Promise<void> => {
    last = last.then(writeNow);
    return last;
  };
  return {
    write,
    /** Lets a resumed run end the processes that an earlier one has left behind. */
    async note(name: string, pid: number): Promise<void> {
      const noted = await noteProcess(pid);
      if (noted) state.processes[name] = noted;
      await write();
    },
  };
}
export type StateWriter = ReturnType<typeof createStateWriter>;
