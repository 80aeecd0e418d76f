/** One case as its page shows it, and what a person does with it. */
import { signal, type ReadonlySignal } from '@preact/signals';
import {
  type Case,
  caseNotesSchema,
  casePatientsSchema,
  caseSchema,
  type CaseChange,
  type CaseNotes,
  type CasePatients,
} from '#shared/protocol/cases.ts';
import { ApiProblem, type ApiClient } from '../net/api-client.ts';
import { troubleOf, type CaseTrouble } from './case-trouble.ts';

/** The fields that change; the version is the one that is shown. */
export type Change = Omit<CaseChange, 'version'>;

export interface CaseStore {
  /** Null until loaded, and where it is missing. */
  readonly case: ReadonlySignal<Case | null>;
  readonly isMissing: ReadonlySignal<boolean>;
  readonly notes: ReadonlySignal<CaseNotes['notes'] | null>;
  /** From the PACS; null: not asked, or not answered yet. */
  readonly patients: ReadonlySignal<CasePatients['studies'] | 'failed' | null>;
  readonly trouble: ReadonlySignal<CaseTrouble | null>;
  readonly isBusy: ReadonlySignal<boolean>;
  load(isAnonymous: boolean): Promise<void>;
  askPatients(): Promise<void>;
  /** Each returns whether it was done; if not, `trouble` says why. */
  change(change: Change): Promise<boolean>;
  end(reason: string): Promise<boolean>;
  reopen(reason: string): Promise<boolean>;
  note(text: string): Promise<boolean>;
  remove(): Promise<boolean>;
  close(): void;
}

export function createCaseStore(api: Pick<ApiClient, 'json' | 'text'>, id: string): CaseStore {
  const shown = signal<Case | null>(null);
  const isMissing = signal(false);
  const notes = signal<CaseNotes['notes'] | null>(null);
  const patients = signal<CasePatients['studies'] | 'failed' | null>(null);
  const trouble = signal<CaseTrouble | null>(null);
  const isBusy = signal(false);
  const closed = new AbortController();
  const { signal: until } = closed;
  const path = `/cases/${id}`;

  const tried = async (work: () => Promise<void>): Promise<boolean> => {
    trouble.value = null;
    isBusy.value = true;
    try {
      await work();
      return true;
    } catch (error) {
      if (until.aborted) return false;
      if (error instanceof ApiProblem && error.anyCode === 'not-found') isMissing.value = true;
      else trouble.value = troubleOf(error);
      return false;
    } finally {
      isBusy.value = false;
    }
  };
  const askPatients = async (): Promise<void> => {
    patients.value = null;
    try {
      patients.value = (await api.json(`${path}/patients`, casePatientsSchema, { signal: until })).studies;
    } catch {
      if (!until.aborted) patients.value = 'failed';
    }
  };
  const readNotes = async (): Promise<void> => {
    notes.value = (await api.json(`${path}/notes`, caseNotesSchema, { signal: until })).notes;
  };
  let isAnonymous = false;
  const read = (): Promise<Case> =>
    api.json(isAnonymous ? `${path}?anonymise=1` : path, caseSchema, { signal: until });
  /** The answer to a change names everything: behind the switch it is not looked at. */
  const send = async (
    to: string,
    request: { readonly method: string; readonly body: unknown },
  ): Promise<void> => {
    const answer = await api.json(to, caseSchema, { ...request, signal: until });
    shown.value = isAnonymous ? await read() : answer;
  };
  const version = (): number => shown.peek()?.version ?? 1;
  /** Closing and opening again write a note too. */
  const step = (name: 'close' | 'reopen', reason: string): Promise<boolean> =>
    tried(async () => {
      const body = { version: version(), ...(reason !== '' && { reason }) };
      await send(`${path}/${name}`, { method: 'POST', body });
      if (notes.peek() !== null) await readNotes();
    });
  return {
    case: shown,
    isMissing,
    notes,
    patients,
    trouble,
    isBusy,
    async load(anonymous) {
      isAnonymous = anonymous;
      // Nothing that was shown with names stays behind the switch.
      shown.value = null;
      notes.value = null;
      patients.value = null;
      await tried(async () => {
        const of = await read();
        shown.value = of;
        if (!of.withheld.includes('patient')) void askPatients();
        if (!of.withheld.includes('notes')) await readNotes();
      });
    },
    askPatients,
    change: (change) => tried(() => send(path, { method: 'PATCH', body: { ...change, version: version() } })),
    end: (reason) => step('close', reason),
    reopen: (reason) => step('reopen', reason),
    note: (text) =>
      tried(async () => {
        const request = { method: 'POST', body: { text }, signal: until };
        notes.value = (await api.json(`${path}/notes`, caseNotesSchema, request)).notes;
      }),
    remove: () =>
      tried(async () => {
        await api.text(`${path}?version=${version()}`, { method: 'DELETE', signal: until });
      }),
    close: () => closed.abort(),
  };
}
